/*
 * The search: what is near, what a spot is in, what is in a box, what is here.
 * It reads the spatial index (zones/places.h) of one zone, or of one outside,
 * and nothing of another.
 *
 *     near   points within the radius, the k nearest ones, or both
 *     box    points in the box, its edges included
 *     in     footprints that the spot is inside of, edges half-open
 *     here   names below the scope, and points inside the scope's footprint
 *            unless their own footprint is larger
 *
 * Only names at or below the scope are hits. For `here` the scope may be of
 * another zone, `home`: then the points are this zone's, the footprint is that
 * one's, and no name here is below the scope. What is occluded by a zone cut or
 * a DNAME is none, nor is a wildcard, nor what is at or below `_cover` (which
 * tells of zones elsewhere). A name is one hit, however many LOCs it has: by
 * its nearest, if it is near.
 *
 * Distances go along the great circle; where the question has an altitude, they
 * go through the air (place_distance_3d()), and so does the radius. A footprint
 * is as far away as its LOC.
 *
 *     near   the nearest first          a name's order decides between equals,
 *     box    the nearest to its middle  here and everywhere: the canonical one
 *     in     the smallest area first
 *     here   by name
 *
 * A level asks of a footprint whether it is one of its own, or it has none. A
 * point is on the levels at its own `_geo`; without these, on those of the
 * smallest footprint with levels that it stands in (by its altitude, too, where
 * that has heights); and where there is none, on every level. For `here` a
 * footprint's heights, if it has any, decide about a point without own levels.
 *
 * A service in front of the question (zones/space_question.h) asks for its
 * instances: those that the PTR RRset `SERVICE.<scope>` names, or, if there is
 * none, `SERVICE.<apex>`. An instance stands at its own LOC or else at that of
 * its SRV target; only LOCs of this zone count, and the scope is asked of the
 * name that has the LOC. `in` then asks which of them stand in the smallest of
 * the footprints, or are named below its name; so does `here` for the scope's.
 *
 * No search costs more than its limits. Where one of them cut it short, `more`
 * is set: there are more hits than are given, or may be. Hits are then still
 * the first of those that were found.
 */
#ifndef PLACED_ZONES_SEARCH_H
#define PLACED_ZONES_SEARCH_H

#include "lib/arena.h"
#include "lib/base.h"
#include "zones/place.h"
#include "zones/places.h"
#include "zones/space_question.h"
#include "zones/store.h"
#include "zones/zone.h"

struct search_hit {
	const uint8_t *name;  /* in `names`; lower case, but of an instance as
				 its PTR has it */
	const uint8_t *owner; /* its key behind the zone id (zones/key.h), in
				 the view's snapshot */
	uint16_t owner_len;
	struct store_value point; /* that of the index (zones/places.h), if it
				     was found there */
	bool has_place;		  /* of `here`: not all names have a LOC */
	struct place_point at;
	uint64_t distance; /* mm; from the spot, the box's middle, or the LOC
			      of the scope; 0 without a place */
	uint64_t area;	   /* of `in`: cm2 */

	/* the search's own */
	double order; /* metres or cm2 */
	const uint8_t *written;
};

struct search_limits {
	unsigned k;	     /* hits of `near` without k and radius */
	unsigned k_max;	     /* of a k that was asked for */
	uint64_t radius_max; /* mm */
	unsigned scan_max;   /* entries of the store that are looked at */
};

/*
 * Where a search will read, found out before it is made: what a batch of
 * questions needs from memory is asked for at once, and waited for together.
 */
#define SEARCH_AHEAD_MAX 4 /* ranges of the index */

struct search_ahead {
	unsigned count; /* 0: it cannot be told */
	struct cell_range range[SEARCH_AHEAD_MAX];
	struct store_run run[SEARCH_AHEAD_MAX];
	uint8_t key[SEARCH_AHEAD_MAX][PLACES_KEY_LEN];
};

/* The ranges of a search for q in the zone with that id. */
void search_ahead_plan(struct search_ahead *a, uint32_t zone_id,
		       const struct search_limits *limits,
		       const struct space_question *q);

/* Begins to read them, of all n plans side by side; they hold as long as v's
 * snapshot does. */
void search_ahead_start(struct store_view *v, struct search_ahead *const *all,
			unsigned n);

struct search {
	/* set by the caller */
	struct store_view *view;
	const struct zone_facts *zone;
	const struct zone_facts *home; /* of `here`: the zone that holds the
					  scope, if it is another; else NULL */
	const struct search_limits *limits;
	const struct search_ahead *ahead; /* of this very search; or NULL */
	struct arena *arena;		  /* a fixed one: scratch */
	struct arena *names;		  /* where the hits' names go */
	struct search_hit *hits;	  /* the caller's memory */
	unsigned room;			  /* hits it holds, at least 1 */
	/* the result */
	unsigned count;
	bool more;
	unsigned scanned;
};

/*
 * Searches the zone for q, whose scope is at or below its (or the home's) apex;
 * that the scope exists is for the caller to know. All is found in one
 * snapshot. ERR_NOMEM: the arena is used up; ERR_CORRUPT, ERR_IO: the store.
 */
enum err search_run(struct search *s, const struct space_question *q);

#endif
