/*
 * What tried to leave: names that insiders asked for and that are not in reach,
 * with how often, when last, and by whom last. Bounded; the least recent goes
 * first. Shared by all workers; a worker notes one in O(1) under a lock that is
 * held for a moment, and at most so many a second (the rest is only counted),
 * so that a flood costs nothing.
 */
#ifndef PLACED_RESOLVER_BLOCKED_H
#define PLACED_RESOLVER_BLOCKED_H

#include "lib/base.h"
#include "lib/name.h"
#include "lib/net_addr.h"

#define BLOCKED_NAMES_MAX 4096

struct blocked;

struct blocked_name {
	uint8_t name[NAME_WIRE_MAX]; /* lower case */
	uint16_t qtype;		     /* of the last question */
	uint64_t count, first, last; /* seconds since the epoch */
	struct net_addr from;	     /* the last client */
};

struct blocked *blocked_new(void); /* NULL: memory */
void blocked_free(struct blocked *b);
void blocked_note(struct blocked *b, uint64_t now, const uint8_t *name,
		  uint16_t qtype, const struct net_addr *from);
/* A copy of all, most frequent first; *count of them; to be freed with free().
 * NULL: memory, or none. */
struct blocked_name *blocked_list(struct blocked *b, size_t *count);
/* Questions refused in all. */
uint64_t blocked_total(const struct blocked *b);
void blocked_clear(struct blocked *b);
#endif
