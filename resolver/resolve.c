#include "resolver/resolve.h"

#include "resolver/fetch.h"

#include <stdlib.h>
#include <string.h>

/* --- the timer ------------------------------------------------------------ */

static void timer_fired(void *arg);

/* One that fires too early does no harm, and is cheaper than setting it anew
 * with each question. False: memory. */
static bool
timer_arm(struct resolver *r)
{
	const struct wakeup *first = wakeups_first(&r->wakeups);
	uint64_t now, ms;

	if (first == NULL || r->running ||
	    (r->timer != NULL && r->timer_at <= first->at))
		return true;
	now = resolver_now(r);
	ms = first->at > now ? first->at - now : 0;
	r->io->timer_clear(r->io->ctx, r->timer);
	r->timer = r->io->timer_set(r->io->ctx, (unsigned)ms, timer_fired, r);
	r->timer_at = first->at;
	return r->timer != NULL;
}

static void
timer_fired(void *arg)
{
	struct resolver *r = arg;
	uint64_t now = resolver_now(r);
	struct wakeup *w;

	r->io->timer_clear(r->io->ctx, r->timer);
	r->timer = NULL;
	r->running = true;
	while ((w = wakeups_first(&r->wakeups)) != NULL && w->at <= now)
		fetch_wake((struct fetch *)w, now);
	r->running = false;
	uplink_reap(&r->uplink);
	(void)timer_arm(r);
}

void
resolver_wake_at(struct resolver *r, struct fetch *f, uint64_t at)
{
	wakeup_set(&r->wakeups, &f->wake, at);
	(void)timer_arm(r);
}

void
resolver_fell(struct resolver *r)
{
	struct wakeups *h = &r->wakeups;
	uint64_t now = resolver_now(r);

	/* Times only get earlier: putting each in its place from the top down
	 * is a heap again. */
	for (unsigned i = 1; i <= h->count; i++)
		wakeup_set(h, h->heap[i],
			   fetch_grace((struct fetch *)h->heap[i], now));
	(void)timer_arm(r);
}

/* --- randomness ----------------------------------------------------------- */

uint64_t
resolver_random(struct resolver *r)
{
	uint64_t v;

	r->io->random(r->io->ctx, &v, sizeof(v));
	return v;
}

/* --- flights -------------------------------------------------------------- */

static struct fetch **
bucket_of(struct resolver *r, uint64_t hash)
{
	return &r->flights[(hash ^ hash >> 32) % RESOLVE_BUCKETS];
}

static struct fetch *
flight_find(struct resolver *r, const uint8_t *key, size_t len, uint64_t hash)
{
	struct fetch *f = *bucket_of(r, hash);

	while (f != NULL && (f->hash != hash || f->key_len != len ||
			     memcmp(f->key, key, len) != 0))
		f = f->next;
	return f;
}

static void
flight_leave(struct resolver *r, struct fetch *f)
{
	struct fetch **p = bucket_of(r, f->hash);

	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	f->flying = false;
}

static struct fetch *
flight_new(struct resolver *r)
{
	struct fetch *f = r->fetch_pool;

	if (r->fetches >= RESOLVE_FLIGHTS_MAX)
		return NULL;
	if (f != NULL)
		r->fetch_pool = f->next;
	else
		f = malloc(sizeof(*f));
	if (f != NULL)
		r->fetches++;
	return f;
}

void
resolver_retire(struct resolver *r, struct fetch *f)
{
	wakeup_clear(&r->wakeups, &f->wake);
	fetch_clear(f);
	f->next = r->fetch_pool;
	r->fetch_pool = f;
	r->fetches--;
}

/* --- waiters -------------------------------------------------------------- */

static struct resolve_waiter *
waiter_new(struct resolver *r)
{
	struct resolve_waiter *w = r->waiter_pool;

	if (w != NULL)
		r->waiter_pool = w->next;
	else
		w = malloc(sizeof(*w));
	return w;
}

static void
waiter_enter(struct resolve_waiter *w, struct fetch *f, resolve_done *done,
	     void *arg)
{
	w->fetch = f;
	w->done = done;
	w->arg = arg;
	w->next = f->waiters;
	w->link = &f->waiters;
	if (w->next != NULL)
		w->next->link = &w->next;
	f->waiters = w;
	f->waiter_count++;
}

static void
waiter_leave(struct resolver *r, struct resolve_waiter *w)
{
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->fetch->waiter_count--;
	w->next = r->waiter_pool;
	r->waiter_pool = w;
}

void
resolver_cancel(struct resolver *r, struct resolve_waiter *w)
{
	waiter_leave(r, w);
}

/* Whoever is told may ask and cancel: each leaves before it is called. */
void
resolver_land(struct resolver *r, struct fetch *f,
	      const struct resolve_result *result)
{
	struct resolve_waiter *w;

	if (f->flying)
		flight_leave(r, f);
	f->landed = true;
	while ((w = f->waiters) != NULL) {
		resolve_done *done = w->done;
		void *arg = w->arg;

		waiter_leave(r, w);
		done(arg, result);
	}
}

/* --- asking --------------------------------------------------------------- */

uint8_t
resolve_cache_variant(uint8_t variant, bool private_ok, bool child)
{
	return (uint8_t)(variant | (private_ok ? CACHE_PRIVATE : 0) |
			 (child ? CACHE_CHILD : 0));
}

/* A question whose fate is known already: no message is sent for it. */
static bool
flight_is_doomed(struct resolver *r, const struct resolve_question *q,
		 const struct failed_key *key, int *ede, char *text)
{
	uint64_t now = resolver_now(r);
	const struct upstream_set *s = r->uplink.forwarders;

	if (failed_find(r->failed, key, now, ede, text))
		return true;
	if ((q->servers != NULL && q->servers->count > 0) || s->count == 0 ||
	    uplink_ready(s, now))
		return false;
	*ede = MSG_EDE_NO_REACHABLE;
	strcpy(text, "the uplink does not answer");
	return true;
}

/* The question takes off, or is known to fail. NULL: caps, memory. */
static struct fetch *
flight_begin(struct resolver *r, const struct resolve_question *q,
	     const struct failed_key *key)
{
	struct fetch *f = flight_new(r);
	struct fetch **bucket = bucket_of(r, key->hash);
	char text[FAILED_TEXT_MAX];
	int ede;

	if (f == NULL)
		return NULL;
	fetch_init(f, r, q, key->octets, key->len, key->hash);
	f->next = *bucket;
	*bucket = f;
	f->flying = true;
	if (flight_is_doomed(r, q, key, &ede, text)) {
		f->brief = true; /* is remembered, or need not be */
		fetch_fail(f, ede, text);
	} else if (!fetch_start(f, q->servers)) {
		flight_leave(r, f);
		resolver_retire(r, f);
		return NULL;
	}
	return f;
}

/*
 * While the uplink is down one question at a time may try it. Were that always
 * the one that happens to come, a client who asks nothing but what the uplink
 * is silent on would keep it down for all. So every other time it is one that
 * was answered before.
 */
static void
resolver_knock(struct resolver *r)
{
	const struct resolve_question q = {
		.qname = r->known.qname,
		.qtype = r->known.qtype,
		.variant = r->known.variant,
		.private_ok = r->known.private_ok,
	};

	if (r->known.set && ++r->knocks % 2 == 0)
		resolver_prefetch(r, &q);
}

struct resolve_waiter *
resolver_ask(struct resolver *r, const struct resolve_question *q,
	     resolve_done *done, void *arg)
{
	uint8_t octets[FETCH_KEY_MAX];
	struct failed_key key = {.octets = octets};
	struct resolve_waiter *w;
	struct fetch *f;

	resolver_count(&r->stats->asked);
	if (resolver_is_down(r))
		resolver_knock(r);
	key.len = fetch_key(octets, q, &key.hash);
	w = r->closing ? NULL : waiter_new(r);
	if (w == NULL)
		goto busy;
	f = flight_find(r, octets, key.len, key.hash);
	if (f != NULL && f->waiter_count >= RESOLVE_WAITERS_MAX)
		goto full;
	if (f != NULL)
		resolver_count(&r->stats->coalesced);
	else
		f = flight_begin(r, q, &key);
	if (f == NULL)
		goto full;
	waiter_enter(w, f, done, arg);
	return w;
full:
	w->next = r->waiter_pool;
	r->waiter_pool = w;
busy:
	resolver_count(&r->stats->busy);
	return NULL;
}

void
resolver_prefetch(struct resolver *r, const struct resolve_question *q)
{
	uint8_t octets[FETCH_KEY_MAX];
	struct failed_key key = {.octets = octets};
	char text[FAILED_TEXT_MAX];
	int ede;

	key.len = fetch_key(octets, q, &key.hash);
	if (r->closing || flight_find(r, octets, key.len, key.hash) != NULL ||
	    flight_is_doomed(r, q, &key, &ede, text))
		return;
	(void)flight_begin(r, q, &key);
}

bool
resolver_is_down(const struct resolver *r)
{
	return uplink_down(r->uplink.forwarders);
}

bool
resolver_forwarder(const struct resolver *r, unsigned i,
		   struct resolver_forwarder *f)
{
	const struct upstream_set *s = r->uplink.forwarders;
	const struct upstream *u;

	if (i >= s->count)
		return false;
	u = s->list[i];
	*f = (struct resolver_forwarder){
		.addr = u->addr,
		.tls = u->tls_name != NULL,
		.up = u->up,
		.srtt_ms = u->srtt8 / 8,
		.sent = u->sent,
		.answers = u->answers,
		.failures = u->failures,
	};
	return true;
}

/* --- begin and end -------------------------------------------------------- */

struct resolver *
resolver_new(const struct resolver_options *o)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->conf = o->conf;
	r->cache = o->cache;
	r->io = o->io;
	r->stats = o->stats != NULL ? o->stats : &r->own_stats;
	arena_init_growing(&r->scratch);
	r->failed = failed_new();
	if (r->failed == NULL ||
	    wakeups_init(&r->wakeups, RESOLVE_FLIGHTS_MAX) != ERR_OK ||
	    uplink_init(&r->uplink, &o->conf->uplink) != ERR_OK) {
		resolver_free(r);
		return NULL;
	}
	return r;
}

void
resolver_reconfigure(struct resolver *r, const struct conf *conf)
{
	r->conf = conf;
	/* Without memory the old forwarders stay: still better than none. */
	(void)uplink_reconfigure(&r->uplink, &conf->uplink);
	failed_clear(r->failed);
	(void)timer_arm(r);
}

static void
pools_free(struct resolver *r)
{
	struct resolve_waiter *w;
	struct fetch *f;

	while ((f = r->fetch_pool) != NULL) {
		r->fetch_pool = f->next;
		free(f);
	}
	while ((w = r->waiter_pool) != NULL) {
		r->waiter_pool = w->next;
		free(w);
	}
}

void
resolver_free(struct resolver *r)
{
	struct resolve_result result = {.outcome = RESOLVE_FAILED,
					.ede = MSG_EDE_NOT_READY};
	struct wakeup *w;

	if (r == NULL)
		return;
	r->closing = true;
	strcpy(result.text, "the resolver is going down");
	while ((w = wakeups_first(&r->wakeups)) != NULL) {
		struct fetch *f = (struct fetch *)w;

		if (!f->landed)
			resolver_land(r, f, &result);
		resolver_retire(r, f);
	}
	r->io->timer_clear(r->io->ctx, r->timer);
	if (r->uplink.forwarders != NULL)
		uplink_free(&r->uplink);
	wakeups_free(&r->wakeups);
	failed_free(r->failed);
	arena_free(&r->scratch);
	pools_free(r);
	free(r);
}
