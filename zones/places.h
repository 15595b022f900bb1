/*
 * The spatial index: what the nodes of a zone say about places, in the order of
 * cells (zones/cell.h), so that a search reads a few ranges of it
 * (zones/search.h). Whoever writes a node writes its share here, in the same
 * transaction; nobody else does.
 *
 *   key      zone id (4)  kind (1)         cell (8)       number (8)
 *
 *   counts   id           0                0              0
 *   shape    id           1 + cell level   of a covering  by its value
 *   point    id           40               a leaf         by its value
 *
 * A name with LOC is a point for each of them. A name with LOC and a footprint
 * at `_geo` below it (zones/place.h) is also a shape: an entry for each cell of
 * a covering, 8 at most. Of several LOCs the first in canonical order is where
 * the footprint counts from; several footprints are a shape each. `_geo`
 * without LOC and LOC at a wildcard are not places. The counts, one number of
 * entries (4) for each level, tell which levels are worth a look.
 *
 *   point    levels or'ed with 80 if the name has other points
 *            10 (2), LOC (16), its TTL (4), octets of all riders (2)
 *            level (2) * levels, riders, owner
 *   rider    part (1), type (2), TTL (4), RRs (2), octets (2), rdatas
 *   shape    levels or'ed with 80 if it has heights
 *            LOC (15), south-west, north-east (8 each), area in cm2 (8),
 *            low, high (4 each), rings (1), level (2) * levels,
 *            { corners (2), { lat, lon (4 each) } * corners } * rings, owner
 *
 * Integers are big-endian. The owner is the rest of the value, as it stands in
 * a key (zones/key.h) behind the zone id: whether a place is below another is
 * a comparison of octets, and so is canonical order. All that the exact test
 * needs is in the value: reading LOC and TXT from their nodes instead would
 * cost ten times as much. Levels of a point are those at its own `_geo`.
 *
 * Riders are the RRsets that come along with a hit as additional data, copied
 * from the place's nodes: a hit's node need not be looked for, which is most of
 * what an answer would cost. ffff in place of their octets: there are more than
 * would stay on a page, or the name has several LOCs; then the nodes tell.
 *
 * The number is a hash of the value with its last two octets counting up from
 * 0, for values that have the same.
 */
#ifndef PLACED_ZONES_PLACES_H
#define PLACED_ZONES_PLACES_H

#include "lib/arena.h"
#include "lib/base.h"
#include "zones/cell.h"
#include "zones/node.h"
#include "zones/place.h"
#include "zones/store.h"

#include <string.h>

#define PLACES_KEY_LEN 21
#define PLACES_COVER_MAX 8 /* cells of a shape */
#define PLACES_LEVELS (CELL_LEVEL_MAX + 1)

enum places_kind {
	PLACES_COUNTS = 0,
	PLACES_SHAPE = 1, /* plus the cell's level */
	PLACES_POINT = 0x40,
};

/* Octets of a key that all entries of a zone and kind begin with; and those
 * in one cell. */
#define PLACES_KIND_LEN 5
#define PLACES_CELL_LEN 13

void places_key(uint8_t key[PLACES_KEY_LEN], uint32_t zone_id, unsigned kind,
		uint64_t cell, uint64_t number);

/* CELL_NONE if it is no key of that form (a broken store). */
static inline uint64_t
places_key_cell(const struct store_value *key)
{
	return key->len == PLACES_KEY_LEN ? get64(key->octets + PLACES_KIND_LEN)
					  : CELL_NONE;
}

/* The leaf that a position is in. */
uint64_t places_cell(struct place_spot spot);

/* Where a node stands: by its first LOC that can be read; false: nowhere. */
bool places_where(const struct node *n, struct place_point *at);

/* --- parts ----------------------------------------------------------------
 */

/* A place is several nodes: the one with LOC, and others right below it. Their
 * numbers are in the store. */
enum places_part {
	PLACES_ITSELF,
	PLACES_GEO, /* its footprint and levels (zones/place.h) */
	PLACES_BLE, /* and addresses beyond IP */
	PLACES_ZIGBEE,
	PLACES_LORA,
	PLACES_WIFI,
	PLACES_DTMF,
	PLACES_PARTS,
};

/* The label below the place, its length first; of the place itself the root's.
 */
extern const uint8_t *const places_part_label[PLACES_PARTS];

/* Without octets where there is none. */
struct places_nodes {
	struct node part[PLACES_PARTS];
};

/* Which part of another place the key is, whose key is then its first
 * *place_len octets. PLACES_ITSELF: none. */
enum places_part places_part_of(const uint8_t *key, size_t key_len,
				size_t *place_len);

/* What a set tells of a hit, as additional data: first where all hits are, then
 * how to talk to them, then what else is said of them; a datagram may end in
 * between. */
enum places_told {
	PLACES_WHERE,
	PLACES_ADDRESS,
	PLACES_MORE,
	PLACES_UNTOLD, /* it does not come along */
};

enum places_told places_told(enum places_part part, uint16_t type);

/* Whether there is a difference in what the index is made from. Either may have
 * no octets. */
bool places_part_differs(enum places_part part, const struct node *before,
			 const struct node *after);

/* The part of the place with that key as it is stored; without octets if there
 * is none. */
enum err places_part_get(struct store_view *v, const uint8_t *key,
			 size_t key_len, enum places_part part, struct node *n);

/* Whether there may be any part below the place: one look instead of several.
 * It moves the cursor of the nodes. */
enum err places_parts_there(struct store_view *v, const uint8_t *key,
			    size_t key_len, bool *there);

/* --- reading --------------------------------------------------------------
 */

/* Pointers point into the value. */
struct places_point {
	struct place_point at;
	bool several;	 /* the owner has other points */
	unsigned levels; /* 0: its `_geo` says nothing of levels */
	const uint8_t *level;
	struct rrset loc; /* the name's, unless it is one of several */
	bool has_riders;  /* else look into the nodes */
	const uint8_t *riders;
	size_t riders_len;
	const uint8_t *owner;
	size_t owner_len;
};

struct places_rider {
	enum places_part part;
	struct rrset set; /* without meta */
};

struct places_shape {
	struct place_point at;
	struct place_spot sw, ne;
	uint64_t area; /* cm2 */
	bool has_heights;
	struct place_heights heights;
	unsigned rings;
	unsigned levels;
	const uint8_t *level;
	const uint8_t *corners; /* of all rings, each with its count */
	const uint8_t *owner;
	size_t owner_len;
};

/* Where a point is, before all the rest is looked at. value->len must be at
 * least PLACES_POINT_MIN. */
#define PLACES_POINT_MIN 25

static inline struct place_spot
places_point_spot(const struct store_value *value)
{
	return (struct place_spot){
		.lat = (int32_t)(get32(value->octets + 7) - 0x80000000u),
		.lon = (int32_t)(get32(value->octets + 11) - 0x80000000u),
	};
}

/* False if the octets break the format (a broken store). */
bool places_point_open(struct places_point *p, const struct store_value *value);
bool places_shape_open(struct places_shape *s, const struct store_value *value);

/* The riders of a point, by part and type; start with *at = 0. False at the
 * end, and where they break the format. */
bool places_rider_next(const struct places_point *p, size_t *at,
		       struct places_rider *rider);

/* The i-th of them. */
static inline int
places_level(const uint8_t *level, unsigned i)
{
	return (int16_t)get16(level + 2 * (size_t)i);
}

static inline bool
places_has_level(const uint8_t *level, unsigned levels, int wanted)
{
	for (unsigned i = 0; i < levels; i++)
		if (places_level(level, i) == wanted)
			return true;
	return false;
}

/* True if inside, edges half-open (place_rings_contain()). Corners are copied
 * to the arena and forgotten; ERR_NOMEM if they do not fit. */
enum err places_shape_contains(bool *inside, const struct places_shape *s,
			       struct place_spot spot, struct arena *a);

/* The levels of cells that the zone has shapes at: bit n for level n. */
enum err places_shape_levels(struct store_view *v, uint32_t zone_id,
			     uint32_t *levels);

/*
 * The values that the index has for one name, its points or its shapes, made
 * anew from its node and those below it. Memory, theirs too, is taken from a
 * and not given back. What it needs for a footprint is about 30 octets a
 * corner. Points by themselves have no riders.
 */
enum places_what {
	PLACES_ALL, /* for the index itself */
	PLACES_POINTS,
	PLACES_SHAPES,
};
enum err places_of(struct store_view *v, const uint8_t *key, size_t key_len,
		   const struct node *node, enum places_what what,
		   struct arena *a, struct store_value **values, size_t *count);

/* --- writing --------------------------------------------------------------
 */

/* One place and what an edit makes of it. */
struct places_change {
	const uint8_t *key; /* of the place, with the zone id */
	size_t key_len;
	const struct places_nodes *before, *after;
};

/*
 * ERR_RULE, with the reason, if `_geo` gets a footprint that does not parse.
 * One that was there before is let be. Memory is taken from a, of any kind, and
 * not given back.
 */
enum err places_check(const struct places_change *c, struct arena *a,
		      struct diag *d);

/* Writes what the change makes of the index; none of it before all of it is
 * known. ERR_FULL, ERR_IO, ERR_CORRUPT: abort the transaction. */
enum err places_update(struct store_txn *t, const struct places_change *c,
		       struct arena *a);

/* Makes the index of all zones from their nodes, for a store that has none. */
enum err places_fill(struct store_txn *t);

#endif
