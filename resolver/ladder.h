/*
 * The ladder: what becomes of a name that no zone served here answers for this
 * client. The rungs in the order in which they are tried (DESIGN, Boundary):
 *
 *   zones served here        answered before anybody comes here
 *   LADDER_CHILD             delegated from a space the client is inside of
 *   LADDER_SPECIAL           the Internet must not be asked (RFC 6761, …)
 *   LADDER_REACH             opted in: cache, then uplink
 *   LADDER_BLOCKED           REFUSED, EDE 15, counted; causes no packet
 *
 * LADDER_CLOSED is not a rung: outsiders, and questions that do not ask for
 * recursion, never climb. A function of its arguments alone, so that a plain
 * model can be held against it.
 */
#ifndef PLACED_RESOLVER_LADDER_H
#define PLACED_RESOLVER_LADDER_H

#include "resolver/reach.h"
#include "resolver/special.h"

enum ladder_step {
	LADDER_CLOSED,
	LADDER_CHILD,
	LADDER_SPECIAL,
	LADDER_REACH,
	LADDER_BLOCKED,
};

struct ladder_client {
	bool recursive;	 /* RD was set */
	bool inside_any; /* of at least one space */
	/* whether the client is inside zone (index in conf->zones) */
	bool (*inside)(const void *arg, uint32_t zone);
	const void *arg;
};

struct ladder {
	enum ladder_step step;
	struct special special; /* SPECIAL; also what reach has beaten */
	const uint8_t *entry;	/* REACH: the covering entry, a tail of name */
	uint32_t zone;		/* whose it is, or REACH_CONF */
};

/* child: name is at or below a zone cut of a space the client is inside of. */
void ladder_climb(struct ladder *l, const struct ladder_client *c,
		  const struct reach *r, const uint8_t *name, bool child);

#endif
