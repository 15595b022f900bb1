#include "resolver/io_net.h"

#include "lib/net_ask.h"
#include "lib/net_stream.h"
#include "resolver/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>

#define RANDOM_AT_ONCE 256 /* octets drawn by one call of the kernel */
#define STREAM_CONNECT_MS 4000
#define STREAM_IDLE_MS 10000 /* RFC 7766 section 6.2.3: seconds */
#define STREAM_BACKLOG (256 * 1024)
#define TLS_SERVERS_MAX 32 /* whose sessions are kept */

/* What is still on a stream that is idle was given up by whoever asked. */
_Static_assert(STREAM_IDLE_MS > RESOLVE_DEADLINE_MS,
	       "an idle stream owes nobody anything");

struct io_exchange {
	LIST_ENTRY(io_exchange) link;
	struct io_net *net;
	struct net_ask *ask;
	io_udp_fn *fn;
	void *arg;
};

/* A server of TLS, kept when no stream goes there: the next resumes. */
struct server {
	TAILQ_ENTRY(server) link;
	struct net_addr to;
	char *name;
	struct net_tls_peer *peer;
	unsigned streams;
};
TAILQ_HEAD(server_list, server);

struct io_stream {
	struct net_stream *stream;
	struct server *server; /* NULL: TCP */
	io_stream_fn *fn;
	void *arg;
};

struct io_net {
	struct resolver_io face;
	struct event_loop *loop;
	struct net_tls *tls;
	struct net_asker *asker;
	LIST_HEAD(io_exchanges, io_exchange) exchanges;
	struct io_exchange *told;   /* whose fn runs; NULL: it has ended it */
	struct server_list servers; /* the latest used first */
	unsigned server_count;
	uint8_t random[RANDOM_AT_ONCE];
	size_t random_left;
};

/* --- clocks, randomness, timers --------------------------------------------
 */

static uint64_t
io_now_ms(void *ctx)
{
	(void)ctx;
	return event_now_ms();
}

static uint32_t
io_now(void *ctx)
{
	(void)ctx;
	return (uint32_t)time(NULL);
}

/* At most 256 octets at once, which the kernel gives whole (getrandom(2)). */
static void
random_draw(uint8_t *dst, size_t len)
{
	ssize_t n;

	do
		n = getrandom(dst, len, 0);
	while (n < 0 && errno == EINTR);
	must(n == (ssize_t)len);
}

static void
io_random(void *ctx, void *dst, size_t len)
{
	struct io_net *n = ctx;
	uint8_t *to = dst;

	for (; len > RANDOM_AT_ONCE;
	     to += RANDOM_AT_ONCE, len -= RANDOM_AT_ONCE)
		random_draw(to, RANDOM_AT_ONCE);
	if (n->random_left < len) {
		random_draw(n->random, sizeof(n->random));
		n->random_left = sizeof(n->random);
	}
	n->random_left -= len;
	memcpy(to, n->random + n->random_left, len);
	/* what was given is nobody's to read again */
	memset(n->random + n->random_left, 0, len);
}

/* A timer is a watch by another name. */
static struct io_timer *
io_timer_set(void *ctx, unsigned ms, io_timer_fn *fn, void *arg)
{
	struct io_net *n = ctx;

	return (struct io_timer *)event_timer(n->loop, ms, false, fn, arg);
}

static void
io_timer_clear(void *ctx, struct io_timer *t)
{
	(void)ctx;
	event_unwatch((struct event_watch *)t);
}

/* --- datagrams -------------------------------------------------------------
 */

static void
exchange_free(struct io_exchange *x)
{
	LIST_REMOVE(x, link);
	free(x);
}

/* Its fn may end the exchange by itself, whatever it returns. */
static bool
exchange_reply(struct io_exchange *x, const uint8_t *octets, size_t len)
{
	/* cppcheck-suppress nullPointerRedundantCheck */
	struct io_net *n = x->net;
	bool taken;

	n->told = x;
	taken = x->fn(x->arg, IO_MESSAGE, octets, len, NULL);
	if (taken && n->told != NULL)
		exchange_free(x);
	n->told = NULL;
	return taken;
}

static bool
exchange_told(void *arg, enum net_ask_event ev, const uint8_t *octets,
	      size_t len, int err)
{
	struct io_exchange *x = arg;
	io_udp_fn *fn = x->fn;
	void *fn_arg = x->arg;
	const char *text = strerrordesc_np(err);

	if (ev == NET_ASK_REPLY)
		return exchange_reply(x, octets, len);
	exchange_free(x);
	fn(fn_arg, IO_ERROR, NULL, 0, text != NULL ? text : "error");
	return true;
}

static struct io_exchange *
io_udp_ask(void *ctx, const struct net_addr *to, const uint8_t *msg, size_t len,
	   io_udp_fn *fn, void *arg)
{
	struct io_net *n = ctx;
	struct io_exchange *x = malloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	x->net = n;
	x->fn = fn;
	x->arg = arg;
	x->ask = net_ask(n->asker, to, msg, len, exchange_told, x);
	if (x->ask == NULL) {
		free(x); /* errno stays (free(3)) */
		return NULL;
	}
	LIST_INSERT_HEAD(&n->exchanges, x, link);
	return x;
}

static void
io_udp_end(void *ctx, struct io_exchange *x)
{
	struct io_net *n = ctx;

	if (n->told == x)
		n->told = NULL;
	net_ask_end(n->asker, x->ask);
	exchange_free(x);
}

/* --- streams ---------------------------------------------------------------
 */

static void
server_free(struct io_net *n, struct server *v)
{
	TAILQ_REMOVE(&n->servers, v, link);
	n->server_count--;
	net_tls_peer_free(v->peer);
	free(v->name);
	free(v);
}

/* Those used least recently, as far as no stream goes there. */
static void
servers_trim(struct io_net *n, unsigned most)
{
	struct server *v = TAILQ_LAST(&n->servers, server_list), *before;

	for (; v != NULL && n->server_count > most; v = before) {
		before = TAILQ_PREV(v, server_list, link);
		if (v->streams == 0)
			server_free(n, v);
	}
}

static struct server *
server_new(struct io_net *n, const struct net_addr *to, const char *name)
{
	struct server *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->to = *to;
	v->name = strdup(name);
	v->peer = net_tls_peer_new(n->tls, name);
	TAILQ_INSERT_HEAD(&n->servers, v, link);
	n->server_count++;
	if (v->name != NULL && v->peer != NULL)
		return v;
	server_free(n, v);
	return NULL;
}

/* One more stream goes there. */
static struct server *
server_take(struct io_net *n, const struct net_addr *to, const char *name)
{
	struct server *v;

	TAILQ_FOREACH(v, &n->servers, link)
	if (net_addr_equal(&v->to, to) && strcmp(v->name, name) == 0)
		break;
	if (v == NULL) {
		servers_trim(n, TLS_SERVERS_MAX - 1);
		v = server_new(n, to, name);
	}
	if (v == NULL)
		return NULL;
	TAILQ_REMOVE(&n->servers, v, link);
	TAILQ_INSERT_HEAD(&n->servers, v, link);
	v->streams++;
	return v;
}

static void
stream_told(void *arg, enum net_stream_event ev, const uint8_t *octets,
	    size_t len, const char *text)
{
	struct io_stream *s = arg;

	s->fn(s->arg, ev == NET_STREAM_MESSAGE ? IO_MESSAGE : IO_ERROR, octets,
	      len, text);
}

static void
io_stream_close(void *ctx, struct io_stream *s)
{
	(void)ctx;
	net_stream_free(s->stream);
	if (s->server != NULL)
		s->server->streams--;
	free(s);
}

static struct io_stream *
io_stream_open(void *ctx, const struct net_addr *to, const char *tls_name,
	       io_stream_fn *fn, void *arg)
{
	struct io_net *n = ctx;
	struct net_stream_options o = {
		.to = *to,
		.connect_ms = STREAM_CONNECT_MS,
		.idle_ms = STREAM_IDLE_MS,
		.backlog = STREAM_BACKLOG,
	};
	struct io_stream *s;

	if (tls_name != NULL && n->tls == NULL) {
		errno = ENOTSUP; /* never in the clear instead */
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->fn = fn;
	s->arg = arg;
	if (tls_name != NULL)
		s->server = server_take(n, to, tls_name);
	if (s->server != NULL)
		o.peer = s->server->peer;
	if (s->server != NULL || tls_name == NULL)
		s->stream = net_stream_new(n->loop, &o, stream_told, s);
	if (s->stream != NULL)
		return s;
	io_stream_close(n, s);
	return NULL;
}

static bool
io_stream_send(void *ctx, struct io_stream *s, const uint8_t *msg, size_t len)
{
	(void)ctx;
	return net_stream_send(s->stream, msg, len);
}

/* --- life ------------------------------------------------------------------
 */

struct io_net *
io_net_new(struct event_loop *loop, struct net_tls *tls)
{
	struct io_net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->face = (struct resolver_io){
		.ctx = n,
		.now_ms = io_now_ms,
		.now = io_now,
		.random = io_random,
		.udp_ask = io_udp_ask,
		.udp_end = io_udp_end,
		.stream_open = io_stream_open,
		.stream_send = io_stream_send,
		.stream_close = io_stream_close,
		.timer_set = io_timer_set,
		.timer_clear = io_timer_clear,
	};
	n->loop = loop;
	n->tls = tls;
	LIST_INIT(&n->exchanges);
	TAILQ_INIT(&n->servers);
	n->asker = net_asker_new(loop);
	if (n->asker == NULL) {
		free(n);
		return NULL;
	}
	return n;
}

void
io_net_free(struct io_net *n)
{
	struct io_exchange *x, *next;

	if (n == NULL)
		return;
	net_asker_free(n->asker);
	for (x = LIST_FIRST(&n->exchanges); x != NULL; x = next) {
		next = LIST_NEXT(x, link);
		free(x);
	}
	servers_trim(n, 0);
	must(n->server_count == 0);
	free(n);
}

const struct resolver_io *
io_net_face(const struct io_net *n)
{
	return &n->face;
}
