#include "lib/log.h"
#include "lib/net.h"
#include "lib/net_internal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>

#define TCP_MESSAGE 65535 /* octets; what the length before it can say */
#define TCP_TURN 16    /* messages of one connection, then the others' turn */
#define TCP_ACCEPTS 16 /* new connections, likewise */
#define TCP_ACCEPT_REST \
	100 /* ms without accepting when descriptors are short */
#define TCP_BUCKETS_MAX 65536
#define FRAME_MAX (2 + TCP_MESSAGE)
#define FRAME_STRIDE                                            \
	NET_BLOCK_STRIDE(65600) /* FRAME_MAX, whole cache lines \
				 */

/* How many connections one client has: an IPv4 address, an IPv6 /64. */
struct client {
	LIST_ENTRY(client) link;
	uint64_t net; /* the address's first octets */
	uint8_t family;
	unsigned open;
};
LIST_HEAD(client_list, client);

/*
 * A connection stands in two or three lists: its hash bucket, by_age, and
 * `turns` while it has work that had to wait.
 */
struct conn {
	LIST_ENTRY(conn) bucket;
	TAILQ_ENTRY(conn) age;
	TAILQ_ENTRY(conn) turn;
	struct net_peer peer;
	struct client *client;
	struct bufferevent *bev;
	struct evbuffer_cb_entry *drained;
	uint64_t since; /* ms; the last step forward, see conn_touch() */
	unsigned owed;	/* replies to come by net_reply() */
	bool queued;	/* in `turns` */
	bool paused;	/* not read from: too much owed or unread */
	bool eof;	/* the client has said all it wants to say */
	bool broken;	/* to be closed: bad framing, no memory */
};
LIST_HEAD(conn_bucket, conn);
TAILQ_HEAD(conn_list, conn);

struct net_tcp {
	int fd;
	bool wildcard;
	struct event_base *base;
	struct event *acceptable; /* fd */
	struct event *rested;	  /* time to accept again */
	struct event *idle;	  /* the oldest in by_age is due */
	struct event *turn;	  /* at once, for `turns` */
	struct net_service service;
	struct net_tcp_limits limits;
	struct net_addr local;
	struct log_limit short_log;
	uint64_t last_conn; /* number given last */
	uint64_t seed;
	_Atomic unsigned open;	 /* counted here, read by anybody */
	struct conn_list by_age; /* longest without a step forward first */
	struct conn_list turns;
	size_t buckets; /* a power of 2 */
	struct conn_bucket *conns;
	struct client_list *clients;
	uint8_t *out; /* TCP_TURN frames, FRAME_STRIDE apart */
};

static void
timer_set(struct event *e, uint64_t ms)
{
	struct timeval after = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	event_add(e, &after);
}

/* --- clients ---------------------------------------------------------------
 */

/* Clients choose their addresses; the seed keeps them from choosing one
 * bucket. */
static size_t
client_bucket(const struct net_tcp *t, uint64_t net)
{
	uint64_t h = net ^ t->seed;

	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9;
	h = (h ^ h >> 27) * 0x94d049bb133111eb;
	return (size_t)(h ^ h >> 31) & (t->buckets - 1);
}

static uint64_t
client_net(const struct net_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr);
	return get64(a->in6.sin6_addr.s6_addr);
}

/* Finds or makes it; NULL: memory. */
static struct client *
client_get(struct net_tcp *t, const struct net_addr *from)
{
	uint64_t net = client_net(from);
	struct client_list *list = &t->clients[client_bucket(t, net)];
	uint8_t family = (uint8_t)from->sa.sa_family;
	struct client *k;

	LIST_FOREACH(k, list, link)
	if (k->net == net && k->family == family)
		return k;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return NULL;
	k->net = net;
	k->family = family;
	LIST_INSERT_HEAD(list, k, link);
	return k;
}

/* Forgets a client that has nothing open. */
static void
client_put(struct client *k)
{
	if (k->open != 0)
		return;
	LIST_REMOVE(k, link);
	free(k);
}

/* --- one connection --------------------------------------------------------
 */

static struct evbuffer *
conn_input(const struct conn *c)
{
	return bufferevent_get_input(c->bev);
}

static struct evbuffer *
conn_output(const struct conn *c)
{
	return bufferevent_get_output(c->bev);
}

static size_t
conn_unread(const struct conn *c)
{
	return evbuffer_get_length(conn_output(c));
}

static struct conn *
conn_find(const struct net_tcp *t, uint64_t number)
{
	struct conn *c;

	LIST_FOREACH(c, &t->conns[number & (t->buckets - 1)], bucket)
	if (c->peer.conn == number)
		return c;
	return NULL;
}

/*
 * A step forward: a whole message has come, a reply was made after a wait, or
 * the client has taken octets of a reply. A part of a message is none, so a
 * client that sends octet by octet is timed out like a silent one.
 */
static void
conn_touch(struct conn *c)
{
	struct net_tcp *t = c->peer.tcp;

	c->since = event_now_ms();
	TAILQ_REMOVE(&t->by_age, c, age);
	TAILQ_INSERT_TAIL(&t->by_age, c, age);
}

/* Has it work for the next turn of the loop? */
static void
conn_queue(struct conn *c)
{
	struct net_tcp *t = c->peer.tcp;

	if (c->queued)
		return;
	c->queued = true;
	if (TAILQ_EMPTY(&t->turns))
		timer_set(t->turn, 0);
	TAILQ_INSERT_TAIL(&t->turns, c, turn);
}

static void
conn_close(struct conn *c)
{
	struct net_tcp *t = c->peer.tcp;
	int fd = bufferevent_getfd(c->bev);

	if (c->queued)
		TAILQ_REMOVE(&t->turns, c, turn);
	TAILQ_REMOVE(&t->by_age, c, age);
	LIST_REMOVE(c, bucket);
	t->open--;
	c->client->open--;
	client_put(c->client);
	evbuffer_remove_cb_entry(conn_output(c), c->drained);
	/* libevent may free it later (we may be in its callback), but once it
	 * is disabled the descriptor is ours again. */
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	bufferevent_free(c->bev);
	close(fd);
	free(c);
}

/* What the socket takes at once, for a loop that will not run again. */
static void
conn_flush(struct conn *c)
{
	/* A bufferevent allows nobody else to take from its output. */
	evbuffer_unfreeze(conn_output(c), 1);
	evbuffer_write(conn_output(c), bufferevent_getfd(c->bev));
	evbuffer_freeze(conn_output(c), 1);
}

/* Neither owed anything nor with anything to take or to be served. */
static bool
conn_is_idle(const struct conn *c)
{
	return c->owed == 0 && !c->queued && conn_unread(c) == 0;
}

/* May one more message be served, with `pending` octets of replies made but
 * not added yet? */
static bool
conn_may_serve(const struct conn *c, size_t pending)
{
	const struct net_tcp_limits *l = &c->peer.tcp->limits;

	return !c->broken && c->owed < l->pipeline &&
	       conn_unread(c) + pending < l->write_backlog;
}

/* The length of the message there if it has come whole, else 0. */
static size_t
message_at(const uint8_t *octets, size_t have)
{
	size_t len = have >= 2 ? get16(octets) : 0;

	return len > 0 && len + 2 <= have ? len : 0;
}

/* Whether there is a whole message. */
static bool
conn_has_next(struct conn *c)
{
	struct evbuffer *in = conn_input(c);
	uint8_t prefix[2];

	if (evbuffer_copyout(in, prefix, 2) != 2)
		return false;
	if (get16(prefix) == 0)
		c->broken = true; /* no DNS message is empty */
	return message_at(prefix, evbuffer_get_length(in)) > 0;
}

/* The messages that have come whole, at most TCP_TURN, where they lie: in one
 * piece from now on, which is not worth the while for a part of one. */
static unsigned
conn_gather(struct conn *c, struct net_message batch[TCP_TURN])
{
	struct evbuffer *in = conn_input(c);
	size_t have = evbuffer_get_length(in), at = 0, len;
	const uint8_t *octets;
	unsigned n = 0;

	if (!conn_has_next(c))
		return 0;
	octets = evbuffer_pullup(in, -1);
	if (octets == NULL) {
		c->broken = true;
		return 0;
	}
	while (n < TCP_TURN && (len = message_at(octets + at, have - at)) > 0) {
		batch[n++] = (struct net_message){
			.peer = &c->peer,
			.in = octets + at + 2,
			.in_len = len,
			.cap = TCP_MESSAGE,
		};
		at += 2 + len;
	}
	return n;
}

/* Serves a message, and makes the reply's frame. Returns the frame's length, 0
 * if there is nothing to send now. */
static size_t
conn_serve(struct conn *c, const struct net_message *m, uint8_t *frame)
{
	const struct net_service *s = &c->peer.tcp->service;
	size_t reply;

	c->owed++; /* before, should the service use net_reply() at once */
	reply = s->serve(s->ctx, m->peer, m->in, m->in_len, frame + 2, m->cap);
	if (reply == NET_LATER)
		return 0;
	c->owed--;
	if (reply == 0)
		return 0;
	must(reply <= TCP_MESSAGE);
	put16(frame, (uint16_t)reply);
	return 2 + reply;
}

/* Serves the messages of a batch, as many as may be: how many, and the lengths
 * of their replies' frames. */
static unsigned
conn_serve_batch(struct conn *c, const struct net_message *batch, unsigned n,
		 size_t frames[TCP_TURN])
{
	struct net_tcp *t = c->peer.tcp;
	size_t pending = 0;
	unsigned served = 0;

	t->service.begin(t->service.ctx);
	if (t->service.foresee != NULL)
		t->service.foresee(t->service.ctx, batch, n);
	for (; served < n && conn_may_serve(c, pending); served++) {
		frames[served] = conn_serve(c, &batch[served],
					    t->out + served * FRAME_STRIDE);
		pending += frames[served];
	}
	t->service.end(t->service.ctx);
	return served;
}

/* Serves what has come whole, at most TCP_TURN messages. */
static void
conn_serve_some(struct conn *c)
{
	struct net_message batch[TCP_TURN];
	size_t frames[TCP_TURN], drained = 0;
	unsigned n = conn_may_serve(c, 0) ? conn_gather(c, batch) : 0;

	if (n == 0)
		return;
	n = conn_serve_batch(c, batch, n, frames);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = c->peer.tcp->out + i * FRAME_STRIDE;

		drained += 2 + batch[i].in_len;
		if (frames[i] > 0 &&
		    evbuffer_add(conn_output(c), frame, frames[i]) != 0)
			c->broken = true;
	}
	evbuffer_drain(conn_input(c), drained);
	conn_touch(c);
}

/* Draws the consequences of whatever has changed. c may be gone after. */
static void
conn_settle(struct conn *c)
{
	bool may_serve = conn_may_serve(c, 0);
	bool more = conn_has_next(c);

	if (c->broken ||
	    (c->eof && !more && c->owed == 0 && conn_unread(c) == 0)) {
		conn_close(c);
		return;
	}
	if (more && may_serve)
		conn_queue(c);
	if (may_serve != c->paused)
		return;
	c->paused = !may_serve;
	if (c->paused)
		bufferevent_disable(c->bev, EV_READ);
	else if (!c->eof)
		bufferevent_enable(c->bev, EV_READ);
}

static void
conn_work(struct conn *c)
{
	conn_serve_some(c);
	conn_settle(c);
}

static void
conn_readable(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (!c->queued) /* else it has had its share of this turn */
		conn_work(c);
}

static void
conn_written(struct bufferevent *bev, void *arg)
{
	(void)bev;
	conn_settle(arg);
}

static void
conn_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if ((what & (BEV_EVENT_ERROR | BEV_EVENT_WRITING)) != 0) {
		conn_close(c);
		return;
	}
	if ((what & BEV_EVENT_EOF) != 0)
		c->eof = true;
	conn_settle(c);
}

static void
conn_drained(struct evbuffer *output, const struct evbuffer_cb_info *info,
	     void *arg)
{
	(void)output;
	if (info->n_deleted > 0)
		conn_touch(arg);
}

/* Makes libevent's half of it. */
static bool
conn_attach(struct conn *c, int fd)
{
	const struct net_tcp *t = c->peer.tcp;

	c->bev = bufferevent_socket_new(t->base, fd, 0);
	if (c->bev == NULL)
		return false;
	c->drained = evbuffer_add_cb(conn_output(c), conn_drained, c);
	if (c->drained == NULL) {
		bufferevent_free(c->bev);
		return false;
	}
	bufferevent_setcb(c->bev, conn_readable, conn_written, conn_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, FRAME_MAX);
	bufferevent_setwatermark(c->bev, EV_WRITE, t->limits.write_backlog / 2,
				 0);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return true;
}

/* Takes over fd. False: memory; then fd is still the caller's. */
static bool
conn_new(struct net_tcp *t, int fd, const struct net_addr *from,
	 struct client *client)
{
	struct conn *c = calloc(1, sizeof(*c));
	int on = 1;

	if (c == NULL)
		return false;
	c->peer.tcp = t;
	if (!conn_attach(c, fd)) {
		free(c);
		return false;
	}
	c->peer.from = *from;
	c->peer.local = t->local;
	if (t->wildcard)
		net_local_addr(&c->peer.local, fd);
	c->peer.conn = ++t->last_conn;
	c->client = client;
	client->open++;
	t->open++;
	LIST_INSERT_HEAD(&t->conns[c->peer.conn & (t->buckets - 1)], c, bucket);
	c->since = event_now_ms();
	TAILQ_INSERT_TAIL(&t->by_age, c, age);
	if (!event_pending(t->idle, EV_TIMEOUT, NULL))
		timer_set(t->idle, t->limits.idle_ms);
	/* Replies are whole messages: nothing to gain from waiting for more. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return true;
}

/* --- the listener ----------------------------------------------------------
 */

static void
tcp_turn(evutil_socket_t fd, short what, void *arg)
{
	struct net_tcp *t = arg;
	struct conn *last = TAILQ_LAST(&t->turns, conn_list);
	bool was_last = last == NULL;

	(void)fd;
	(void)what;
	/* Who is queued again meanwhile comes after `last`, and waits. */
	while (!was_last) {
		struct conn *c = TAILQ_FIRST(&t->turns);

		TAILQ_REMOVE(&t->turns, c, turn);
		c->queued = false;
		was_last = c == last;
		conn_work(c);
	}
	if (!TAILQ_EMPTY(&t->turns))
		timer_set(t->turn, 0);
}

/* Who waits for a reply of ours, with nothing to take yet, is not idle. */
static void
conn_expire(struct conn *c)
{
	if (c->owed > 0 && conn_unread(c) == 0)
		conn_touch(c);
	else
		conn_close(c);
}

static void
tcp_idle(evutil_socket_t fd, short what, void *arg)
{
	struct net_tcp *t = arg;
	uint64_t now = event_now_ms();
	struct conn *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&t->by_age)) != NULL &&
	       c->since + t->limits.idle_ms <= now)
		conn_expire(c);
	if (c != NULL)
		timer_set(t->idle, c->since + t->limits.idle_ms - now);
}

static bool
tcp_evict_oldest_idle(struct net_tcp *t)
{
	struct conn *c = TAILQ_FIRST(&t->by_age);

	while (c != NULL && !conn_is_idle(c))
		c = TAILQ_NEXT(c, age);
	if (c == NULL)
		return false;
	conn_close(c);
	return true;
}

/* Takes over fd, or refuses it. */
static bool
tcp_admit(struct net_tcp *t, int fd, const struct net_addr *from)
{
	struct client *client = client_get(t, from);
	bool in;

	if (client == NULL)
		return false;
	/* Counted from here, so that an eviction cannot forget the client. */
	client->open++;
	in = client->open <= t->limits.per_address &&
	     (t->open < t->limits.connections || tcp_evict_oldest_idle(t)) &&
	     conn_new(t, fd, from, client);
	client->open--;
	client_put(client);
	return in;
}

/*
 * Descriptors or memory are short: as at the cap, the oldest idle connection
 * gives way. Without one the listener stays readable, and looking again at
 * once would only turn the loop. True: accept() may be tried again.
 */
static bool
tcp_make_room(struct net_tcp *t, int error)
{
	bool made = tcp_evict_oldest_idle(t);
	unsigned held;

	if (!made) {
		event_del(t->acceptable);
		timer_set(t->rested, TCP_ACCEPT_REST);
	}
	if (log_limit_pass(&t->short_log, event_now_ms() / 1000, &held))
		log_warning("cannot accept TCP connections: %s (%u more)",
			    strerrordesc_np(error), held);
	return made;
}

static void
tcp_rested(evutil_socket_t fd, short what, void *arg)
{
	struct net_tcp *t = arg;

	(void)fd;
	(void)what;
	event_add(t->acceptable, NULL);
}

static void
tcp_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct net_tcp *t = arg;
	bool was_short = false;

	(void)what;
	for (unsigned i = 0; i < TCP_ACCEPTS; i++) {
		struct net_addr from = {.len = sizeof(from.in6)};
		int got = accept4(fd, &from.sa, &from.len,
				  SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got >= 0) {
			if (!tcp_admit(t, got, &from))
				close(got);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			if (was_short || !tcp_make_room(t, errno))
				return;
			/* For one: accept() says the same when nobody waits,
			 * and the next to go would be who has just come. */
			was_short = true;
			i = TCP_ACCEPTS - 2;
			break;
		default: /* that client's trouble; the next may have none */
			break;
		}
	}
}

static bool
tcp_init_tables(struct net_tcp *t)
{
	t->buckets = 16;
	while (t->buckets < t->limits.connections &&
	       t->buckets < TCP_BUCKETS_MAX)
		t->buckets *= 2;
	t->conns = calloc(t->buckets, sizeof(*t->conns));
	t->clients = calloc(t->buckets, sizeof(*t->clients));
	t->out = net_blocks_new(TCP_TURN, FRAME_STRIDE);
	if (getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed))
		t->seed = event_now_ms();
	return t->conns != NULL && t->clients != NULL && t->out != NULL;
}

static bool
tcp_init_events(struct net_tcp *t, int fd)
{
	t->acceptable =
		event_new(t->base, fd, EV_READ | EV_PERSIST, tcp_acceptable, t);
	t->rested = event_new(t->base, -1, 0, tcp_rested, t);
	t->idle = event_new(t->base, -1, 0, tcp_idle, t);
	t->turn = event_new(t->base, -1, 0, tcp_turn, t);
	return t->acceptable != NULL && t->rested != NULL && t->idle != NULL &&
	       t->turn != NULL && event_add(t->acceptable, NULL) == 0;
}

struct net_tcp *
net_tcp_new(struct event_loop *loop, int fd, const struct net_addr *local,
	    const struct net_service *service,
	    const struct net_tcp_limits *limits)
{
	struct net_tcp *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	/* writev(2), as libevent uses it, has no flag for this. */
	signal(SIGPIPE, SIG_IGN);
	t->fd = -1; /* the caller's until nothing can fail any more */
	t->base = event_loop_base(loop);
	t->service = *service;
	t->limits = *limits;
	if (t->limits.idle_ms == 0)
		t->limits.idle_ms = 1;
	t->short_log.burst = 1;
	t->local = *local;
	net_local_addr(&t->local, fd); /* the port, if it was left open */
	t->wildcard = net_addr_is_wildcard(&t->local);
	TAILQ_INIT(&t->by_age);
	TAILQ_INIT(&t->turns);
	if (!tcp_init_tables(t) || !tcp_init_events(t, fd)) {
		net_tcp_free(t);
		return NULL;
	}
	t->fd = fd;
	return t;
}

static void
free_event(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

void
net_tcp_free(struct net_tcp *t)
{
	struct conn *c;

	if (t == NULL)
		return;
	while ((c = TAILQ_FIRST(&t->by_age)) != NULL) {
		/* The analyzer does not see conn_close() take it out. */
		conn_flush(c); /* NOLINT(clang-analyzer-unix.Malloc) */
		conn_close(c);
	}
	free_event(t->acceptable);
	free_event(t->rested);
	free_event(t->idle);
	free_event(t->turn);
	free(t->conns);
	free(t->clients);
	net_blocks_free(t->out, TCP_TURN, FRAME_STRIDE);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

void
net_tcp_reply(const struct net_peer *peer, const uint8_t *msg, size_t len)
{
	struct conn *c = conn_find(peer->tcp, peer->conn);
	struct evbuffer *out;
	uint8_t prefix[2];

	if (c == NULL)
		return;
	must(c->owed > 0 && len <= TCP_MESSAGE);
	c->owed--;
	out = conn_output(c);
	if (evbuffer_get_length(out) == 0)
		conn_touch(c);
	put16(prefix, (uint16_t)len);
	if (len > 0 && (evbuffer_add(out, prefix, 2) != 0 ||
			evbuffer_add(out, msg, len) != 0))
		c->broken = true;
	/* Not settled here: that may close it, under the feet of a serve(). */
	if (c->paused || c->eof || c->broken)
		conn_queue(c);
}

unsigned
net_tcp_open(const struct net_tcp *t)
{
	return t->open;
}
