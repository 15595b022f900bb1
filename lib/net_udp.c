#include "lib/net.h"
#include "lib/net_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP_ROUNDS 8 /* batches before TCP and timers get their turn */
#define UDP_BUSY 3   /* batches in a row that make a socket a busy one */
#define UDP_RETRY_MS 10
#define UDP_MESSAGE 65536 /* octets; no UDP message is longer */
#define UDP_SEND_WAITS                                                         \
	3		   /* for room in a full socket, then replies are lost \
			    */
#define UDP_SEND_WAIT_MS 1 /* each */

#define IN_STRIDE NET_BLOCK_STRIDE(UDP_MESSAGE)
#define OUT_STRIDE NET_BLOCK_STRIDE(NET_UDP_REPLY_MAX)

/* Room for one PKTINFO of either family, aligned as a cmsghdr must be. */
union control {
	struct cmsghdr align;
	char octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/*
 * Entry i of peers and in_* belongs to message i that came, entry i of out and
 * out_control to message i of `batch`; out_msgs and out_iov are packed, because
 * not every message has a reply.
 */
struct net_udp {
	int fd;
	bool wildcard;
	bool watched;		/* readable is added */
	struct event *readable; /* fd */
	struct event *turn;	/* while it is not watched: a timer */
	struct event *held;	/* active while replies stand in held_out */
	struct net_service service;
	uint8_t *in;	   /* NET_UDP_BATCH blocks, IN_STRIDE apart */
	uint8_t *out;	   /* as many, OUT_STRIDE apart */
	uint8_t *held_out; /* likewise: replies that were put off */
	unsigned held_count;
	unsigned to_arm; /* headers that the last recvmmsg has written to */
	struct net_peer peers[NET_UDP_BATCH];
	struct net_peer held_peers[NET_UDP_BATCH];
	size_t held_len[NET_UDP_BATCH];
	struct net_message batch[NET_UDP_BATCH]; /* to be served; packed */
	struct mmsghdr in_msgs[NET_UDP_BATCH];
	struct mmsghdr out_msgs[NET_UDP_BATCH];
	struct iovec in_iov[NET_UDP_BATCH];
	struct iovec out_iov[NET_UDP_BATCH];
	union control in_control[NET_UDP_BATCH];
	union control out_control[NET_UDP_BATCH];
};

/* What was asked at a multicast address cannot be answered from it. */
static bool
is_multicast(const struct net_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return IN_MULTICAST(ntohl(a->in.sin_addr.s_addr));
	return IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
}

/* On a wildcard address: where this message was sent to. */
static void
peer_set_local(struct net_peer *peer, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	peer->ifindex = 0;
	for (; c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			peer->local.in.sin_addr = info.ipi_spec_dst;
			peer->ifindex = (uint32_t)info.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			peer->local.in6.sin6_addr = info.ipi6_addr;
			peer->ifindex = info.ipi6_ifindex;
		}
	}
}

/*
 * The message that makes a reply leave from the address that was asked. The
 * interface is left to the routing table, but for link-local addresses, which
 * mean nothing without one.
 */
static void
set_source(struct msghdr *m, union control *control,
	   const struct net_peer *peer)
{
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	if (peer->local.sa.sa_family == AF_INET) {
		struct in_pktinfo info = {
			.ipi_spec_dst = peer->local.in.sin_addr,
		};

		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		m->msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {
			.ipi6_addr = peer->local.in6.sin6_addr,
		};

		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = peer->ifindex;
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		m->msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* Fills m so that `iov` goes back to peer. */
static void
set_reply(struct msghdr *m, struct iovec *iov, union control *control,
	  const struct net_peer *peer)
{
	/* sendmsg() only reads the name. */
	m->msg_name = (void *)(uintptr_t)&peer->from.sa;
	m->msg_namelen = peer->from.len;
	m->msg_iov = iov;
	m->msg_iovlen = 1;
	m->msg_control = NULL;
	m->msg_controllen = 0;
	if (peer->ifindex != 0 && !is_multicast(&peer->local))
		set_source(m, control, peer);
}

/* How many messages came; 0: an error of one of them, -1: none is waiting. */
static int
udp_receive(struct net_udp *u)
{
	int n;

	for (unsigned i = 0; i < u->to_arm; i++) {
		struct msghdr *m = &u->in_msgs[i].msg_hdr;

		m->msg_namelen = sizeof(u->peers[i].from.in6);
		m->msg_controllen = u->wildcard ? sizeof(union control) : 0;
	}
	n = recvmmsg(u->fd, u->in_msgs, NET_UDP_BATCH, 0, NULL);
	u->to_arm = n > 0 ? (unsigned)n : 0;
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
}

/* Port 0 cannot be answered: nobody asks from there but to make trouble. */
static bool
can_be_answered(const struct net_peer *peer)
{
	return (peer->from.sa.sa_family == AF_INET
			? peer->from.in.sin_port
			: peer->from.in6.sin6_port) != 0;
}

/* Of n messages that came, those to be served, into u->batch; how many. */
static unsigned
udp_sort_out(struct net_udp *u, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++) {
		struct net_peer *peer = &u->peers[i];
		struct msghdr *m = &u->in_msgs[i].msg_hdr;

		peer->from.len = m->msg_namelen;
		if (u->wildcard)
			peer_set_local(peer, m);
		if ((m->msg_flags & MSG_TRUNC) != 0 || !can_be_answered(peer))
			continue;
		u->batch[count++] = (struct net_message){
			.peer = peer,
			.in = u->in_iov[i].iov_base,
			.in_len = u->in_msgs[i].msg_len,
			.cap = NET_UDP_REPLY_MAX,
		};
	}
	return count;
}

/* Serves n messages; returns how many replies stand in out_msgs. */
static unsigned
udp_serve(struct net_udp *u, unsigned n)
{
	const struct net_service *s = &u->service;
	unsigned replies = 0;

	n = udp_sort_out(u, n);
	s->begin(s->ctx);
	if (s->foresee != NULL)
		s->foresee(s->ctx, u->batch, n);
	for (unsigned i = 0; i < n; i++) {
		const struct net_message *m = &u->batch[i];
		uint8_t *out = u->out + i * OUT_STRIDE;
		size_t len = s->serve(s->ctx, m->peer, m->in, m->in_len, out,
				      m->cap);

		if (len == 0 || len == NET_LATER)
			continue;
		must(len <= NET_UDP_REPLY_MAX);
		u->out_iov[replies].iov_base = out;
		u->out_iov[replies].iov_len = len;
		set_reply(&u->out_msgs[replies].msg_hdr, &u->out_iov[replies],
			  &u->out_control[i], m->peer);
		replies++;
	}
	s->end(s->ctx);
	return replies;
}

/* True if a send that failed with errno is worth another try. */
static bool
wait_for_room(int fd, unsigned *waits)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	if (errno == EINTR)
		return true;
	if ((errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) ||
	    *waits == 0)
		return false;
	(*waits)--;
	poll(&p, 1, UDP_SEND_WAIT_MS);
	return true;
}

static void
udp_send(int fd, struct mmsghdr *msgs, unsigned n)
{
	unsigned waits = UDP_SEND_WAITS;
	unsigned done = 0;

	while (done < n) {
		int sent = sendmmsg(fd, msgs + done, n - done, 0);

		if (sent > 0)
			done += (unsigned)sent;
		else if (!wait_for_room(fd, &waits))
			done++; /* lost; the client asks again */
	}
}

static void
udp_later(struct net_udp *u, unsigned ms)
{
	struct timeval after = {.tv_usec = (suseconds_t)ms * 1000};

	event_add(u->turn, &after);
}

static void
udp_send_held(struct net_udp *u)
{
	struct mmsghdr msgs[NET_UDP_BATCH];
	struct iovec iov[NET_UDP_BATCH];
	union control control[NET_UDP_BATCH];
	unsigned n = u->held_count;

	for (unsigned i = 0; i < n; i++) {
		iov[i].iov_base = u->held_out + i * OUT_STRIDE;
		iov[i].iov_len = u->held_len[i];
		msgs[i].msg_hdr.msg_flags = 0;
		set_reply(&msgs[i].msg_hdr, &iov[i], &control[i],
			  &u->held_peers[i]);
	}
	u->held_count = 0;
	udp_send(u->fd, msgs, n);
}

static void
udp_answer(struct net_udp *u, unsigned n)
{
	unsigned replies = udp_serve(u, n);

	/* What was put off has waited longer. */
	if (u->held_count > 0)
		udp_send_held(u);
	udp_send(u->fd, u->out_msgs, replies);
}

/*
 * A socket that epoll watches wakes it for each message that comes and again
 * for each that has left, which is a tenth of what a message costs. A busy
 * socket is asked in every turn of the loop anyway, so it is not watched until
 * it has nothing to say.
 */
static void
udp_watch(struct net_udp *u, bool watch)
{
	if (watch == u->watched)
		return;
	if (!watch)
		event_del(u->readable);
	else if (event_add(u->readable, NULL) != 0) {
		udp_later(u, UDP_RETRY_MS);
		return;
	}
	u->watched = watch;
}

static void
udp_work(evutil_socket_t fd, short what, void *arg)
{
	struct net_udp *u = arg;

	(void)fd;
	(void)what;
	for (unsigned round = 0; round < UDP_ROUNDS; round++) {
		int n = udp_receive(u);

		if (n < 0) {
			udp_watch(u, true);
			return;
		}
		if (n > 0)
			udp_answer(u, (unsigned)n);
		if (round == UDP_BUSY)
			udp_watch(u, false);
	}
	udp_later(u, 0);
}

static void
udp_held(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	udp_send_held(arg);
}

/*
 * What one turn of the loop brings is answered together, at its end: a client,
 * or a forwarder of many, is woken once for all of it. `held` runs behind
 * whatever is active already.
 */
void
net_udp_reply(const struct net_peer *peer, const uint8_t *msg, size_t len)
{
	struct net_udp *u = peer->udp;
	unsigned i;

	if (len == 0)
		return;
	must(len <= NET_UDP_REPLY_MAX);
	if (u->held_count == NET_UDP_BATCH)
		udp_send_held(u);
	i = u->held_count++;
	u->held_peers[i] = *peer;
	u->held_len[i] = len;
	memcpy(u->held_out + i * OUT_STRIDE, msg, len);
	if (i == 0)
		event_active(u->held, 0, 0);
}

static void
udp_init_batch(struct net_udp *u, const struct net_addr *local)
{
	u->to_arm = NET_UDP_BATCH;
	for (unsigned i = 0; i < NET_UDP_BATCH; i++) {
		struct msghdr *m = &u->in_msgs[i].msg_hdr;

		u->peers[i].udp = u;
		u->peers[i].local = *local;
		u->in_iov[i].iov_base = u->in + i * IN_STRIDE;
		u->in_iov[i].iov_len = UDP_MESSAGE;
		m->msg_name = &u->peers[i].from.sa;
		m->msg_iov = &u->in_iov[i];
		m->msg_iovlen = 1;
		m->msg_control = u->wildcard ? &u->in_control[i] : NULL;
	}
}

struct net_udp *
net_udp_new(struct event_loop *loop, int fd, const struct net_addr *local,
	    const struct net_service *service)
{
	struct net_udp *u = calloc(1, sizeof(*u));
	struct net_addr bound = *local;

	if (u == NULL)
		return NULL;
	net_local_addr(&bound, fd); /* the port, if it was left open */
	u->fd = -1; /* the caller's until nothing can fail any more */
	u->service = *service;
	u->wildcard = net_addr_is_wildcard(&bound);
	u->in = net_blocks_new(NET_UDP_BATCH, IN_STRIDE);
	u->out = net_blocks_new(NET_UDP_BATCH, OUT_STRIDE);
	u->held_out = net_blocks_new(NET_UDP_BATCH, OUT_STRIDE);
	u->readable = event_new(event_loop_base(loop), fd, EV_READ | EV_PERSIST,
				udp_work, u);
	u->turn = event_new(event_loop_base(loop), -1, 0, udp_work, u);
	u->held = event_new(event_loop_base(loop), -1, 0, udp_held, u);
	if (u->in == NULL || u->out == NULL || u->held_out == NULL ||
	    u->readable == NULL || u->turn == NULL || u->held == NULL ||
	    event_add(u->readable, NULL) != 0) {
		net_udp_free(u);
		return NULL;
	}
	u->watched = true;
	u->fd = fd;
	udp_init_batch(u, &bound);
	return u;
}

void
net_udp_free(struct net_udp *u)
{
	if (u == NULL)
		return;
	if (u->readable != NULL)
		event_free(u->readable);
	if (u->turn != NULL)
		event_free(u->turn);
	if (u->held != NULL)
		event_free(u->held);
	if (u->held_count > 0)
		udp_send_held(u);
	net_blocks_free(u->in, NET_UDP_BATCH, IN_STRIDE);
	net_blocks_free(u->out, NET_UDP_BATCH, OUT_STRIDE);
	net_blocks_free(u->held_out, NET_UDP_BATCH, OUT_STRIDE);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}
