/*
 * A question that no zone here answers, from a client who is inside: up the
 * ladder (resolver/ladder.h), to the cache, to the resolver. Called by
 * answer.c for each name of a chain, so local CNAMEs may lead out and foreign
 * ones back in.
 *
 *   answer_step ─ no zone, or a zone cut ─→ recurse_step
 *       child        ask the child's servers    ┐ given before? cached and
 *       reach        ask the uplink             ┘ fresh? else RECURSE_LATER
 *       special-use  built-in answer
 *       blocked      REFUSED, EDE 15 (in a chain: NOERROR as far as it goes)
 *
 * What was foreign in an answer lies in the cache's snapshot or in the waiting
 * room (waiting.h); nothing is copied.
 */
#ifndef PLACED_SERVER_RECURSE_H
#define PLACED_SERVER_RECURSE_H

#include "server/query.h"

enum recurse_result {
	RECURSE_CLOSED, /* not for this client: answer as if there were none */
	RECURSE_DONE,	/* items, rcode, ede are set */
	RECURSE_FOLLOW, /* the chain goes on at *next */
	RECURSE_LATER,	/* q->asks holds what the resolver must be asked */
};

#define RECURSE_STALE_TTL 30 /* seconds; RFC 8767 section 4 */

/* cut: the referral that lookup found in the zone `facts`, or NULL if no zone
 * here holds name. hops: names of the chain before this one. */
enum recurse_result recurse_step(struct query *q, const uint8_t *name,
				 uint16_t type, unsigned hops,
				 const struct lookup *cut,
				 const struct zone_facts *facts,
				 const uint8_t **next);

/*
 * One of several questions to delegated children, all at once: the answer that
 * came or is cached; or the question is put among q->asks, and the caller sets
 * q->ask_deadline; or there will be none in time, or there is no server whose
 * address is known. Only for a client who is offered recursion and wants it.
 */
enum recurse_gather {
	RECURSE_GATHERED,
	RECURSE_ASKED,
	RECURSE_MISSED,
	RECURSE_NOBODY,
};

struct recurse_child {
	const uint8_t *name; /* what is asked */
	uint16_t type;
	bool riders;		  /* additional data is wanted (CACHE_SPACE) */
	const struct lookup *cut; /* the referral */
	const struct zone_facts *facts; /* of the zone that has it */
};

struct recurse_gathered {
	struct entry entry;
	uint32_t ttl; /* seconds for which it holds */
};

enum recurse_gather recurse_gather(struct query *q,
				   const struct recurse_child *child,
				   struct recurse_gathered *g);

/* A number that changes with what is in reach, with settings, and when the
 * cache is flushed: what was made from foreign answers does not outlive it.
 * False: it cannot be told. The second: what it was for the foreign answers of
 * the question that is being served, which may be older than the last flush. */
bool recurse_generation(struct query_env *env, uint64_t *generation);
bool recurse_generation_made(struct query_env *env, uint64_t *generation);

/* True if the uplink's answers about name may hold private addresses. */
bool recurse_private_ok(const struct conf *conf, const uint8_t *name);

/* True if the client may have recursion here: RA. */
bool recurse_offered(const struct query *q);

#endif
