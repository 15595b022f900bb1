#include "tests/replay/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct io_exchange {
	struct world *world;
	struct world_sent *sent;
	io_udp_fn *fn;
	void *arg;
};

struct io_stream {
	struct world *world;
	struct net_addr to;
	bool tls;
	io_stream_fn *fn;
	void *arg;
};

struct io_timer {
	struct io_timer *next;
	uint64_t at;
	bool fired;
	io_timer_fn *fn;
	void *arg;
};

/* --- what the resolver sees ------------------------------------------------
 */

static uint64_t
world_now_ms(void *ctx)
{
	return ((struct world *)ctx)->ms;
}

static uint32_t
world_now(void *ctx)
{
	return (uint32_t)(WORLD_BEGIN + ((struct world *)ctx)->ms / 1000);
}

/* splitmix64: the same in every run. */
static void
world_random(void *ctx, void *dst, size_t len)
{
	struct world *w = ctx;
	uint8_t *p = dst;

	for (size_t i = 0; i < len; i++) {
		uint64_t z = w->seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		p[i] = (uint8_t)(z ^ z >> 31);
	}
}

static struct world_sent *
sent_new(struct world *w, const uint8_t *msg, size_t len)
{
	struct world_sent *s = calloc(1, sizeof(*s)), **p = &w->sent;

	must(s != NULL && len <= sizeof(s->octets));
	memcpy(s->octets, msg, len);
	s->len = len;
	must(msg_parse(&s->msg, s->octets, len) == MSG_OK);
	while (*p != NULL)
		p = &(*p)->next;
	*p = s;
	return s;
}

static struct io_exchange *
world_udp_ask(void *ctx, const struct net_addr *to, const uint8_t *msg,
	      size_t len, io_udp_fn *fn, void *arg)
{
	struct world *w = ctx;
	struct io_exchange *x;

	if (w->udp_errno != 0) {
		errno = w->udp_errno;
		return NULL;
	}
	x = calloc(1, sizeof(*x));
	must(x != NULL);
	*x = (struct io_exchange){.world = w, .fn = fn, .arg = arg};
	x->sent = sent_new(w, msg, len);
	x->sent->way = WORLD_UDP;
	x->sent->to = *to;
	x->sent->exchange = x;
	w->exchanges++;
	return x;
}

static void
world_udp_end(void *ctx, struct io_exchange *x)
{
	((struct world *)ctx)->exchanges--;
	x->sent->exchange = NULL;
	free(x);
}

static struct io_stream *
world_stream_open(void *ctx, const struct net_addr *to, const char *tls_name,
		  io_stream_fn *fn, void *arg)
{
	struct world *w = ctx;
	struct io_stream *s;

	if (w->streams_fail)
		return NULL;
	s = calloc(1, sizeof(*s));
	must(s != NULL);
	*s = (struct io_stream){.world = w,
				.to = *to,
				.tls = tls_name != NULL,
				.fn = fn,
				.arg = arg};
	w->streams++;
	return s;
}

static bool
world_stream_send(void *ctx, struct io_stream *stream, const uint8_t *msg,
		  size_t len)
{
	struct world *w = ctx;
	struct world_sent *s;

	if (w->streams_fail)
		return false;
	s = sent_new(w, msg, len);
	s->way = stream->tls ? WORLD_TLS : WORLD_TCP;
	s->to = stream->to;
	s->stream = stream;
	return true;
}

static void
world_stream_close(void *ctx, struct io_stream *stream)
{
	struct world *w = ctx;
	struct world_sent *s;

	w->streams--;
	for (s = w->sent; s != NULL; s = s->next)
		if (s->stream == stream)
			s->stream = NULL;
	for (s = w->taken; s != NULL; s = s->next)
		if (s->stream == stream)
			s->stream = NULL;
	free(stream);
}

static struct io_timer *
world_timer_set(void *ctx, unsigned ms, io_timer_fn *fn, void *arg)
{
	struct world *w = ctx;
	struct io_timer *t = calloc(1, sizeof(*t));

	must(t != NULL);
	*t = (struct io_timer){
		.next = w->timers, .at = w->ms + ms, .fn = fn, .arg = arg};
	w->timers = t;
	w->timer_count++;
	return t;
}

static void
world_timer_clear(void *ctx, struct io_timer *t)
{
	struct world *w = ctx;
	struct io_timer **p = &w->timers;

	if (t == NULL)
		return;
	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	w->timer_count--;
	free(t);
}

/* --- what the test does ----------------------------------------------------
 */

struct conf *
world_conf(const char *uplink)
{
	char text[4096];
	struct conf *c;
	struct diag d;
	size_t len;

	len = (size_t)snprintf(text, sizeof(text),
			       "store: /nowhere\nuplink:\n");
	while (*uplink != '\0') {
		size_t line = strcspn(uplink, "\n");

		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"  %.*s\n", (int)line, uplink);
		must(len < sizeof(text));
		uplink += line + (uplink[line] == '\n');
	}
	c = conf_read_string(text, "world.yaml", &d);
	if (c == NULL)
		fprintf(stderr, "%s\n", d.text);
	must(c != NULL);
	return c;
}

struct world *
world_new(const char *uplink)
{
	struct world *w = calloc(1, sizeof(*w));

	must(w != NULL);
	w->ms = 1000;
	w->seed = 7;
	w->conf = world_conf(uplink);
	w->io = (struct resolver_io){
		.ctx = w,
		.now_ms = world_now_ms,
		.now = world_now,
		.random = world_random,
		.udp_ask = world_udp_ask,
		.udp_end = world_udp_end,
		.stream_open = world_stream_open,
		.stream_send = world_stream_send,
		.stream_close = world_stream_close,
		.timer_set = world_timer_set,
		.timer_clear = world_timer_clear,
	};
	w->resolver = resolver_new(&(struct resolver_options){
		.conf = w->conf, .io = &w->io, .stats = &w->stats});
	must(w->resolver != NULL);
	return w;
}

static void
sents_free(struct world_sent *s)
{
	struct world_sent *next;

	for (; s != NULL; s = next) {
		next = s->next;
		free(s);
	}
}

void
world_free(struct world *w)
{
	resolver_free(w->resolver);
	must(w->exchanges == 0 && w->streams == 0 && w->timer_count == 0);
	for (unsigned i = 0; i < w->ask_count; i++) {
		must(w->asks[i]->waiter == NULL);
		free(w->asks[i]->octets);
		free(w->asks[i]);
	}
	sents_free(w->sent);
	sents_free(w->taken);
	conf_free(w->conf);
	free(w);
}

static void
world_done(void *arg, const struct resolve_result *result)
{
	struct world_ask *a = arg;
	struct world *w = a->world;

	a->waiter = NULL;
	a->ended++;
	a->result = *result;
	if (result->outcome == RESOLVE_ANSWER) {
		const struct entry *e = &result->entry;

		a->octets = malloc(e->len);
		must(a->octets != NULL);
		memcpy(a->octets, e->octets, e->len);
		/* What is handed out is as sound as what comes from disk. */
		must(entry_open(&a->result.entry, a->octets, e->len));
	}
	if (w->on_done != NULL)
		w->on_done(a, result);
}

unsigned
world_ask(struct world *w, const struct resolve_question *q)
{
	struct world_ask *a = calloc(1, sizeof(*a));

	must(a != NULL && w->ask_count < WORLD_ASKS);
	w->asks[w->ask_count] = a;
	a->world = w;
	a->waiter = resolver_ask(w->resolver, q, world_done, a);
	must(a->ended == 0); /* never from within */
	if (a->waiter == NULL)
		a->result.outcome = RESOLVE_BUSY;
	return w->ask_count++;
}

unsigned
world_ask_name(struct world *w, const char *name, uint16_t type)
{
	uint8_t wire[NAME_WIRE_MAX];

	must(name_from_text(wire, name, NULL, NULL) == ERR_OK);
	return world_ask(
		w, &(struct resolve_question){.qname = wire, .qtype = type});
}

void
world_cancel(struct world *w, unsigned ask)
{
	struct world_ask *a = w->asks[ask];

	must(a->waiter != NULL);
	resolver_cancel(w->resolver, a->waiter);
	a->waiter = NULL;
}

struct world_sent *
world_take(struct world *w)
{
	struct world_sent *s = w->sent;

	if (s == NULL)
		return NULL;
	w->sent = s->next;
	s->next = w->taken;
	w->taken = s;
	return s;
}

static bool
world_tell(struct world *w, struct world_sent *s, enum io_event ev,
	   const uint8_t *octets, size_t len, const char *text)
{
	/* A copy of its exact length, so that whoever reads on is found out. */
	uint8_t *copy = calloc(1, len + 1);

	must(copy != NULL);
	if (len > 0)
		memcpy(copy + 1, octets, len);
	if (s->exchange == NULL && s->stream == NULL) {
		free(copy);
		return false;
	}
	if (s->stream != NULL) {
		s->stream->fn(s->stream->arg, ev, copy + 1, len, text);
	} else {
		struct io_exchange *x = s->exchange;

		if (x->fn(x->arg, ev, copy + 1, len, text) || ev == IO_ERROR)
			world_udp_end(w, x);
	}
	free(copy);
	return true;
}

bool
world_reply(struct world *w, struct world_sent *s, const uint8_t *octets,
	    size_t len)
{
	return world_tell(w, s, IO_MESSAGE, octets, len, NULL);
}

bool
world_error(struct world *w, struct world_sent *s, const char *text)
{
	return world_tell(w, s, IO_ERROR, NULL, 0, text);
}

static struct io_timer *
timer_first(struct world *w, uint64_t until)
{
	struct io_timer *t, *first = NULL;

	for (t = w->timers; t != NULL; t = t->next)
		if (!t->fired && t->at <= until &&
		    (first == NULL || t->at < first->at))
			first = t;
	return first;
}

void
world_pass(struct world *w, uint64_t ms)
{
	uint64_t until = w->ms + ms;
	struct io_timer *t;
	unsigned rounds = 0;

	while ((t = timer_first(w, until)) != NULL) {
		must(++rounds < 100000); /* it does not spin */
		if (t->at > w->ms)
			w->ms = t->at;
		t->fired = true;
		t->fn(t->arg);
	}
	w->ms = until;
}
