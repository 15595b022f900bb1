#include "server/recursion.h"

#include "resolver/io_net.h"
#include "resolver/reach.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is renewed takes a moment to be seen in the cache, and is never seen
 * there if it cannot be written: each hit until then would ask again. */
#define RENEWALS 256
#define RENEWAL_MS 2000

struct renewal {
	uint64_t hash;
	uint64_t at; /* event_now_ms() */
};

struct recursion {
	struct query_recursion face;
	struct event_loop *loop;
	struct io_net *io;
	struct resolver *resolver;
	struct resolver_stats stats;
	struct waiting_room *room;
	struct renewal renewals[RENEWALS]; /* the last ones */
	bool closing;			   /* nobody is let in any more */
	void (*serve)(void *arg, struct waiting *w);
	void *arg;
};

/* --- waiting ----------------------------------------------------------------
 */

/* Whatever is still asked for it is not waited for any longer. */
static void
recursion_serve(struct recursion *r, struct waiting *w)
{
	struct waiting_ask *a;

	while ((a = w->asks) != NULL) {
		resolver_cancel(r->resolver, a->handle);
		waiting_ask_free(a);
	}
	event_unwatch(w->deadline);
	w->deadline = NULL;
	r->serve(r->arg, w);
}

static void
recursion_done(void *arg, const struct resolve_result *result)
{
	struct waiting_ask *a = arg;
	struct waiting *w = a->waiting;

	if (!waiting_give(w, a->qname, a->qtype, result))
		w->given_full = true;
	waiting_ask_free(a);
	if (w->asks == NULL)
		recursion_serve(w->owner, w);
}

static void
recursion_deadline(void *arg)
{
	struct waiting *w = arg;

	w->hurried = true;
	recursion_serve(w->owner, w);
}

/* False: not asked, and never will be. */
static bool
recursion_ask_one(struct recursion *r, struct waiting *w,
		  const struct resolve_question *ask)
{
	struct waiting_ask *a = waiting_ask_new(w, ask->qname, ask->qtype);

	if (a == NULL)
		return false;
	a->handle = resolver_ask(r->resolver, ask, recursion_done, a);
	if (a->handle == NULL)
		waiting_ask_free(a);
	return a->handle != NULL;
}

static struct waiting *
recursion_let_in(struct recursion *r, const struct net_peer *peer,
		 const struct msg *m)
{
	struct waiting *w = waiting_enter(r->room, peer, m->wire, m->len);

	if (w == NULL)
		return NULL;
	w->owner = r;
	w->since = (uint64_t)time(NULL);
	if (r->face.store != NULL)
		w->flushes = cache_generation(r->face.store);
	return w;
}

/* Of several, those that cannot be asked are as if they had missed the
 * deadline. A question that is served for the second time has its place. */
static bool
recursion_ask(void *arg, const struct net_peer *peer, const struct msg *m,
	      const struct resolve_question *asks, unsigned count,
	      unsigned deadline_ms)
{
	struct recursion *r = arg;
	struct waiting *w = r->face.waiting;
	bool fresh = w == NULL, asked;

	if (r->closing)
		return false;
	if (fresh)
		w = recursion_let_in(r, peer, m);
	if (w == NULL || w->given_full)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!recursion_ask_one(r, w, &asks[i]))
			w->hurried = true;
	if (w->asks != NULL && deadline_ms > 0)
		w->deadline = event_timer(r->loop, deadline_ms, false,
					  recursion_deadline, w);
	asked = w->asks != NULL;
	if (!asked && fresh)
		waiting_leave(w);
	return asked;
}

static bool
renewed_just_now(struct recursion *r, const struct resolve_question *ask)
{
	uint64_t hash = (name_hash(ask->qname) ^ ask->variant) + ask->qtype;
	struct renewal *n = &r->renewals[(hash ^ hash >> 32) % RENEWALS];
	uint64_t now = event_now_ms();

	if (n->hash == hash && now < n->at + RENEWAL_MS)
		return true;
	n->hash = hash;
	n->at = now;
	return false;
}

/* While the uplink is down, the resolver itself knows when it is to be tried.
 */
static void
recursion_prefetch(void *arg, const struct resolve_question *ask)
{
	struct recursion *r = arg;

	if (resolver_is_down(r->resolver) || !renewed_just_now(r, ask))
		resolver_prefetch(r->resolver, ask);
}

static bool
recursion_is_down(void *arg)
{
	struct recursion *r = arg;

	return resolver_is_down(r->resolver);
}

/* --- life -------------------------------------------------------------------
 */

static bool
recursion_open(struct recursion *r, struct event_loop *loop,
	       const struct recursion_shared *shared, const struct conf *conf)
{
	struct resolver_options o = {
		.conf = conf,
		.cache = shared->cache,
		.stats = &r->stats,
	};

	r->face.store = shared->cache;
	r->io = io_net_new(loop, shared->tls);
	r->room = waiting_room_new(conf->uplink.waiting_per_client);
	r->face.reach = reach_new(conf);
	if (shared->cache != NULL)
		r->face.cache = cache_view_new(shared->cache);
	if (r->io == NULL || r->room == NULL || r->face.reach == NULL ||
	    (shared->cache != NULL && r->face.cache == NULL))
		return false;
	o.io = io_net_face(r->io);
	r->resolver = resolver_new(&o);
	return r->resolver != NULL;
}

struct recursion *
recursion_new(struct event_loop *loop, const struct recursion_shared *shared,
	      const struct conf *conf,
	      void (*serve)(void *arg, struct waiting *w), void *arg)
{
	struct recursion *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->loop = loop;
	r->serve = serve;
	r->arg = arg;
	r->face.blocked = shared->blocked;
	r->face.ask = recursion_ask;
	r->face.prefetch = recursion_prefetch;
	r->face.is_down = recursion_is_down;
	r->face.arg = r;
	if (recursion_open(r, loop, shared, conf))
		return r;
	recursion_free(r);
	return NULL;
}

void
recursion_free(struct recursion *r)
{
	if (r == NULL)
		return;
	r->closing = true;
	resolver_free(r->resolver); /* tells whoever waits */
	waiting_room_free(r->room);
	reach_free(r->face.reach);
	if (r->face.cache != NULL)
		cache_view_free(r->face.cache);
	io_net_free(r->io);
	free(r);
}

struct query_recursion *
recursion_face(struct recursion *r)
{
	return &r->face;
}

bool
recursion_reconfigure(struct recursion *r, const struct conf *conf)
{
	struct reach *reach = reach_new(conf);

	if (reach == NULL)
		return false;
	reach_free(r->face.reach);
	r->face.reach = reach;
	r->face.generation++;
	waiting_room_limit(r->room, conf->uplink.waiting_per_client);
	resolver_reconfigure(r->resolver, conf);
	return true;
}

void
recursion_batch_end(struct recursion *r)
{
	if (r->face.cache_begun)
		cache_view_end(r->face.cache);
	r->face.cache_begun = false;
}

const struct resolver_stats *
recursion_stats(const struct recursion *r)
{
	return &r->stats;
}

unsigned
recursion_forwarders(const struct recursion *r, struct resolver_forwarder *f,
		     unsigned max)
{
	unsigned n = 0;

	while (n < max && resolver_forwarder(r->resolver, n, &f[n]))
		n++;
	return n;
}
