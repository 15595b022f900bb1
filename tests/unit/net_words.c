#include "tests/unit/net_words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct net_tcp_limits net_easy_limits = {
	.idle_ms = 6 * PATIENCE_MS,
	.connections = 100,
	.per_address = 100,
	.pipeline = 100,
	.write_backlog = 1 << 20,
};

static void
service_begin(void *ctx)
{
	struct net_server *s = ctx;

	pthread_mutex_lock(&s->mutex);
	s->disorder = s->disorder || s->begun;
	s->begun = true;
	s->in_batch = 0;
	s->batches++;
	pthread_mutex_unlock(&s->mutex);
}

static void
service_foresee(void *ctx, const struct net_message *batch, unsigned n)
{
	struct net_server *s = ctx;

	pthread_mutex_lock(&s->mutex);
	s->disorder = s->disorder || !s->begun || s->in_batch > 0 || n == 0 ||
		      n > NET_UDP_BATCH;
	s->foreseen_count = n;
	for (unsigned i = 0; i < n && i < NET_UDP_BATCH; i++)
		s->foreseen[i] = batch[i];
	pthread_mutex_unlock(&s->mutex);
}

/* The next of those foreseen, where it lay then. */
static bool
was_foreseen(const struct net_server *s, const struct net_peer *peer,
	     const uint8_t *in, size_t in_len, size_t cap)
{
	const struct net_message *m = &s->foreseen[s->in_batch];

	return s->in_batch < s->foreseen_count && m->peer == peer &&
	       m->in == in && m->in_len == in_len && m->cap == cap;
}

static void
service_end(void *ctx)
{
	struct net_server *s = ctx;

	pthread_mutex_lock(&s->mutex);
	s->disorder = s->disorder || !s->begun || s->in_batch == 0;
	s->disorder = s->disorder ||
		      (s->udp != NULL && s->in_batch < s->foreseen_count);
	s->foreseen_count = 0;
	s->begun = false;
	if (s->in_batch > s->most_in_batch)
		s->most_in_batch = s->in_batch;
	pthread_mutex_unlock(&s->mutex);
}

static void
hold(struct net_server *s, const struct net_peer *peer, const uint8_t *in,
     size_t len)
{
	struct held *h = &s->held[s->held_count++];

	cr_assert(s->held_count <= HELD_MAX && len <= sizeof(h->msg));
	h->peer = *peer;
	h->len = len;
	memcpy(h->msg, in, len);
}

static unsigned
release(struct net_server *s, bool silent)
{
	unsigned n = s->held_count;

	while (s->held_count > 0) {
		struct held *h = &s->held[--s->held_count];

		net_reply(&h->peer, h->msg, silent ? 0 : h->len);
	}
	return n;
}

static size_t
act(struct net_server *s, const struct net_peer *peer, const uint8_t *in,
    size_t len, uint8_t *out)
{
	switch (len > 0 ? in[0] : 'n') {
	case 'e':
		memcpy(out, in, len);
		return len;
	case 'b':
		memset(out, 'b', BIG);
		return BIG;
	case 'n':
		put32(out, (uint32_t)len);
		return 4;
	case 'a':
		net_addr_to_text((char *)out, &peer->local);
		return strlen((char *)out) + 1;
	case 'L':
		hold(s, peer, in, len);
		return NET_LATER;
	case 'r':
	case 'z':
		out[0] = (uint8_t)release(s, in[0] == 'z');
		return 1;
	}
	return 0;
}

static void
ask_myself(const struct net_server *s)
{
	int fd = socket(s->at.sa.sa_family, SOCK_DGRAM, 0);

	sendto(fd, "s", 1, 0, &s->at.sa, s->at.len);
	close(fd);
}

static size_t
service_serve(void *ctx, const struct net_peer *peer, const uint8_t *in,
	      size_t in_len, uint8_t *out, size_t cap)
{
	struct net_server *s = ctx;
	size_t reply;

	pthread_mutex_lock(&s->mutex);
	s->disorder = s->disorder || !s->begun;
	s->disorder = s->disorder || (peer->udp != NULL) != (peer->conn == 0);
	s->disorder = s->disorder ||
		      cap != (peer->udp != NULL ? NET_UDP_REPLY_MAX : 65535);
	s->disorder = s->disorder || !was_foreseen(s, peer, in, in_len, cap);
	reply = act(s, peer, in, in_len, out);
	s->served++;
	s->in_batch++;
	pthread_cond_broadcast(&s->served_one);
	pthread_mutex_unlock(&s->mutex);
	if (s->talks_to_itself)
		ask_myself(s);
	return reply;
}

static void *
server_main(void *arg)
{
	struct net_server *s = arg;

	event_run(s->loop);
	return NULL;
}

void
net_server_open(struct net_server *s, const char *host, int type,
		const struct net_tcp_limits *limits)
{
	const struct net_service service = {
		.ctx = s,
		.begin = service_begin,
		.foresee = service_foresee,
		.serve = service_serve,
		.end = service_end,
	};
	struct diag d = {""};
	int fd;

	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->served_one, NULL);
	s->loop = event_loop_new();
	cr_assert_not_null(s->loop);
	cr_assert_eq(net_addr_from_text(&s->at, host, 0, &d), ERR_OK);
	cr_assert_eq(net_bind(&fd, &s->at, type, &d), ERR_OK, "%s", d.text);
	if (type == SOCK_DGRAM)
		s->udp = net_udp_new(s->loop, fd, &s->at, &service);
	else
		s->tcp = net_tcp_new(s->loop, fd, &s->at, &service, limits);
	cr_assert(s->udp != NULL || s->tcp != NULL);
	cr_assert_eq(getsockname(fd, &s->at.sa, &s->at.len), 0);
}

void
net_server_run(struct net_server *s)
{
	cr_assert_eq(pthread_create(&s->thread, NULL, server_main, s), 0);
}

void
net_server_start_tcp(struct net_server *s, const struct net_tcp_limits *limits)
{
	net_server_open(s, "127.0.0.1", SOCK_STREAM, limits);
	net_server_run(s);
}

void
net_server_close(struct net_server *s)
{
	event_stop(s->loop);
	pthread_join(s->thread, NULL);
	net_udp_free(s->udp);
	net_tcp_free(s->tcp);
	event_loop_free(s->loop);
	cr_assert_not(s->disorder);
	pthread_mutex_destroy(&s->mutex);
	pthread_cond_destroy(&s->served_one);
}

unsigned
net_server_served(struct net_server *s, unsigned n)
{
	struct timespec until;
	unsigned held;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&s->mutex);
	while (s->served < n)
		if (pthread_cond_timedwait(&s->served_one, &s->mutex, &until))
			break;
	cr_assert_geq(s->served, n);
	held = s->held_count;
	pthread_mutex_unlock(&s->mutex);
	return held;
}

int
client_open(const struct net_addr *to, int type)
{
	int fd = socket(to->sa.sa_family, type, 0);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	cr_assert_eq(connect(fd, &to->sa, to->len), 0);
	return fd;
}

void
write_all(int fd, const void *octets, size_t len)
{
	cr_assert_eq(send(fd, octets, len, MSG_NOSIGNAL), (ssize_t)len);
}

void
udp_ask(int fd, const char *text)
{
	write_all(fd, text, strlen(text));
}

size_t
udp_take(int fd, char *dst, size_t cap)
{
	ssize_t n = recv(fd, dst, cap - 1, 0);

	cr_assert_geq(n, 0, "no reply");
	dst[n] = '\0';
	return (size_t)n;
}

size_t
tcp_frame(uint8_t *dst, const char *text)
{
	put16(dst, (uint16_t)strlen(text));
	memcpy(dst + 2, text, strlen(text));
	return 2 + strlen(text);
}

void
tcp_ask(int fd, const char *text)
{
	uint8_t buf[256];

	write_all(fd, buf, tcp_frame(buf, text));
}

void
read_all(int fd, uint8_t *dst, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = recv(fd, dst + have, len - have, 0);

		cr_assert_gt(n, 0, "connection ended (%zd) after %zu octets", n,
			     have);
		have += (size_t)n;
	}
}

const char *
tcp_take(int fd, char dst[64])
{
	uint8_t prefix[2];
	size_t len;

	read_all(fd, prefix, 2);
	len = get16(prefix);
	cr_assert_lt(len, 64);
	read_all(fd, (uint8_t *)dst, len);
	dst[len] = '\0';
	return dst;
}

void
tcp_expect(int fd, const char *expected)
{
	char got[64];

	cr_assert_str_eq(tcp_take(fd, got), expected);
}

unsigned
tcp_release(int fd)
{
	char got[64];

	tcp_ask(fd, "r");
	return (uint8_t)tcp_take(fd, got)[0];
}

bool
tcp_ends(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

struct net_addr
address(const char *text)
{
	struct net_addr a;

	cr_assert_eq(net_addr_from_text(&a, text, 0, NULL), ERR_OK);
	return a;
}
