/*
 * What of a zone the outside may have, worked out by somebody who has read
 * zones/export.h and none of its code: lists are read word by word, addresses
 * are compared digit by digit, positions are rounded with floating point. All
 * of it is slow and plain.
 */
#ifndef PLACED_TESTS_LEAK_MODEL_H
#define PLACED_TESTS_LEAK_MODEL_H

#include "lib/arena.h"
#include "zones/edit.h"

#define LEAK_RRS_MAX 2048

/* All memory is the arena's. */
struct leak_model {
	struct edit_change rrs[LEAK_RRS_MAX]; /* additions */
	unsigned count;
	bool exports;		/* there is an outside */
	const char *spaces[64]; /* entries of searches, as they were written */
	unsigned space_count;
};

/* Of the zone as it is in v: all of it, or what its list lets out with
 * positions on a grid of so many metres; an SOA gets this serial (0: as it is).
 * A zone that is not there exports nothing. */
void leak_model_make(struct leak_model *m, struct arena *memory,
		     struct store_view *v, const uint8_t *apex, bool whole,
		     uint32_t metres, uint32_t serial);

/* Takes out what is at or below name, a space that is hidden. True if there
 * was something. */
bool leak_model_hide(struct leak_model *m, const uint8_t *name);

#endif
