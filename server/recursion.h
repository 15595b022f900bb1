/*
 * A worker's share of recursion: its resolver, its view of the cache, what is
 * in reach, and the clients that wait. query.c and recurse.c use what is in
 * struct query_recursion and know nothing else of it.
 *
 *   recurse_step ─ RECURSE_LATER → query_serve → recursion ask()
 *       → waiting_enter, resolver_ask                   … the loop goes on …
 *       → done: waiting_give, the worker's serve() → query_serve once more
 */
#ifndef PLACED_SERVER_RECURSION_H
#define PLACED_SERVER_RECURSION_H

#include "lib/event.h"
#include "server/query.h"
#include "server/waiting.h"

struct net_tls;
struct blocked;

/* What all workers share; what it points to outlives them. */
struct recursion_shared {
	struct cache *cache;	 /* NULL: none */
	struct blocked *blocked; /* what tried to leave */
	struct net_tls *tls;	 /* NULL: no forwarder speaks TLS */
};

struct recursion;

/* serve(arg, w): serves the question again, and, when that gives a reply,
 * sends it and lets the client leave. NULL: memory, descriptors. */
struct recursion *recursion_new(struct event_loop *loop,
				const struct recursion_shared *shared,
				const struct conf *conf,
				void (*serve)(void *arg, struct waiting *w),
				void *arg);
/* Whoever waits is told that there is no answer; before the sockets end. */
void recursion_free(struct recursion *r); /* NULL is fine */

/* For env->recursion. */
struct query_recursion *recursion_face(struct recursion *r);

/* Another configuration, which lives until the next one. False: memory; the
 * old one stays. */
bool recursion_reconfigure(struct recursion *r, const struct conf *conf);

/* End of a batch: gives back the cache's snapshot. */
void recursion_batch_end(struct recursion *r);

/* Counters; any thread. */
const struct resolver_stats *recursion_stats(const struct recursion *r);

/* What is known of the forwarders, at most max. On the worker's thread. */
unsigned recursion_forwarders(const struct recursion *r,
			      struct resolver_forwarder *f, unsigned max);

#endif
