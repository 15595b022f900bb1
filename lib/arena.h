/*
 * An arena: memory that is taken piece by piece and given back all at once.
 *
 * A fixed arena works in a block that the caller owns and never calls malloc;
 * a query owns one, and what overflows it gets SERVFAIL. A growing arena takes
 * further blocks from malloc; edits and imports use it.
 */
#ifndef PLACED_LIB_ARENA_H
#define PLACED_LIB_ARENA_H

#include "lib/base.h"

struct arena_block;

struct arena {
	uint8_t *at;		    /* next free octet, aligned to 8 */
	uint8_t *end;		    /* end of the current block */
	uint8_t *fixed;		    /* a fixed arena's block, else NULL */
	struct arena_block *blocks; /* a growing arena's blocks, newest first */
};

/* block must outlive the arena; len in octets. */
void arena_init_fixed(struct arena *a, void *block, size_t len);
void arena_init_growing(struct arena *a);

/* len octets aligned to 8, not cleared; NULL when there is no room. */
void *arena_alloc(struct arena *a, size_t len);

/* A copy of len octets; NULL when there is no room. */
void *arena_copy(struct arena *a, const void *from, size_t len);

/* Forgets everything; a growing arena keeps one block for the next round. */
void arena_reset(struct arena *a);

/* Frees a growing arena's blocks; a fixed one is only forgotten. */
void arena_free(struct arena *a);

#endif
