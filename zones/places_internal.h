/*
 * What the files of the spatial index share; nobody else includes this.
 *
 *   places.c         the index: what an edit makes of it
 *   places_value.c   its values, read and made
 *   places_part.c    the nodes of a place, and what rides along with it
 */
#ifndef PLACED_ZONES_PLACES_INTERNAL_H
#define PLACED_ZONES_PLACES_INTERNAL_H

#include "zones/places.h"

struct places_item {
	unsigned kind;
	uint64_t cell;
	const uint8_t *value;
	size_t len;
};

/* The entries of one place. */
struct places_items {
	struct arena *arena;
	enum places_what what;
	struct places_item *item;
	size_t count, room;
};

/* What a place is made from. */
struct places_source {
	const uint8_t *key; /* with the zone id */
	size_t key_len;
	const struct places_nodes *nodes;
};

/* All entries of a place, in order, from its nodes. What an edit makes of the
 * index is the difference of two of these: whoever has them come out otherwise
 * for the same nodes, the coverings of footprints too, makes another schema
 * (zones/store_migrate.c), or what is stored is never found again. */
enum err places_items_make(struct places_items *l,
			   const struct places_source *s);

/* For qsort(). */
int places_item_order(const void *a, const void *b);

/* Octets of all riders of a place, which go to p unless it is NULL. */
size_t places_riders_put(uint8_t *p, const struct places_nodes *nodes);

#endif
