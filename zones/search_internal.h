/*
 * What the files of the search share; nobody else includes this.
 *
 *   search.c          hits: which are kept, and in which order
 *   search_near.c     points: discs, boxes, the nearest of all
 *   search_in.c       footprints, levels
 *   search_here.c     what is below a name, and in its footprint
 *   search_service.c  instances of a service
 */
#ifndef PLACED_ZONES_SEARCH_INTERNAL_H
#define PLACED_ZONES_SEARCH_INTERNAL_H

#include "zones/key.h"
#include "zones/lookup.h"
#include "zones/places.h"
#include "zones/search.h"

struct finding {
	struct search *s;
	const struct space_question *q;
	uint32_t zone_id;
	struct key scope;	 /* in the home's zone, if there is one */
	bool elsewhere;		 /* there is: nothing here is in scope */
	struct place_point from; /* finding_from() */
	struct place_origin origin;
	bool has_from;
	bool in_the_air; /* distances of three dimensions */

	/* No more than `room` hits, and a heap of their numbers, with that of
	 * the last one on top. */
	unsigned room, count;
	uint16_t *heap;
	bool nearest;	   /* their order is metres */
	bool all;	   /* whether there was room for all is asked, too */
	bool dropped;	   /* there was not */
	bool short_radius; /* than was asked for */
	/* Metres beyond which nothing is a hit; how far there is any use in
	 * looking; and the same as a reach, which is brought up to date now
	 * and then. */
	double limit, bound;
	struct place_reach reach;
	double reach_bound;

	/* Leaves whose points were all looked at, the first and last of them
	 * perhaps not all: a scan leaves out what lies between. */
	struct cell_range seen;
	bool again; /* the point may be among the hits already */

	unsigned scanned, scan_max;
};

/* A point or the like that may become a hit. */
struct candidate {
	struct place_point at;
	struct store_value point; /* of the index, if it was found there */
	bool has_place;
	bool several; /* its owner may be among the hits already */
	double order;
	uint64_t area;
	const uint8_t *owner; /* outlives the search */
	size_t owner_len;
	const uint8_t *written; /* the name with its letters; NULL: lower case
				 */
};

/* --- search.c ------------------------------------------------------------- */

/* Where the question stands. */
static inline void
finding_from(struct finding *f, struct place_point from)
{
	f->from = from;
	f->origin = place_origin(from.spot);
	f->has_from = true;
}

/* Forgets the hits; only what is within so many metres is one from now on. */
void finding_start(struct finding *f, double limit);

static inline bool
finding_full(const struct finding *f)
{
	return f->count == f->room;
}

/* Of the hits that there are, of which there must be one. */
static inline const struct search_hit *
finding_last(const struct finding *f)
{
	return &f->s->hits[f->heap[0]];
}

/* No more than scan_max entries: false if this one was too many. */
static inline bool
finding_may_scan(struct finding *f)
{
	return ++f->scanned <= f->scan_max;
}

/* Whether the owner's octets are those of the scope or of a name below it. */
static inline bool
finding_in_scope(const struct finding *f, const uint8_t *owner, size_t len)
{
	return !f->elsewhere &&
	       key_has_prefix(owner, len, f->scope.octets + KEY_ID_LEN,
			      f->scope.len - KEY_ID_LEN);
}

/* A cover tells of a child elsewhere, it is no place of this zone. */
static inline bool
owner_is_cover(const uint8_t *owner, size_t len)
{
	static const uint8_t covers[] = "_cover"; /* with the label's end */

	return key_has_prefix(owner, len, covers, sizeof(covers));
}

/* Canonical order of two owners as they stand in a key. */
int owner_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Whether c would be kept, as far as its order goes. */
bool finding_wants(const struct finding *f, const struct candidate *c);

/* Keeps c, if it is wanted, in place of the last one if there is no room. */
void finding_keep(struct finding *f, const struct candidate *c);

/* Whether a cut or DNAME at the owner or above it hides what is there, or it is
 * a cover. */
enum err finding_occluded(const struct finding *f, const uint8_t *owner,
			  size_t len, bool *occluded);

/* Metres from where the question stands. */
double finding_distance(const struct finding *f, const struct place_point *at);

/* --- search_near.c -------------------------------------------------------- */

/* An instance of a service, under whose name a place is a hit. */
struct instance {
	const uint8_t *owner; /* outlives the search */
	size_t owner_len;
	const uint8_t *written; /* as the PTR has it */
};

/* Takes the points of a node in, if they lie within the bound and pass the
 * question's filters; under the name of the instance. key outlives the search.
 */
enum err near_consider_node(struct finding *f, const struct store_value *key,
			    const struct node *node,
			    const struct instance *instance);

/* How many hits and how far away the question asks for; finding_start(). */
void near_prepare(struct finding *f);
void box_prepare(struct finding *f);

enum err search_near(struct finding *f);
enum err search_box(struct finding *f);

/* All points in the cells, in order, to `take`, whose error ends it. ERR_FULL:
 * they are more than `budget`. */
typedef enum err point_take(struct finding *f, const struct store_value *value,
			    void *context);
enum err points_scan(struct finding *f, const uint64_t *cells, unsigned n,
		     unsigned budget, point_take *take, void *context);

/* --- search_in.c ---------------------------------------------------------- */

enum err search_in(struct finding *f);

/* What is done with a footprint. */
typedef enum err shape_take(struct finding *f, const struct places_shape *s,
			    void *context);

/* The smallest one that answers the question; owner NULL: there is none. */
enum err shape_innermost(struct finding *f, struct places_shape *s);

/* Whether a point is on one of these levels. */
enum err point_on_levels(struct finding *f, const struct places_point *p,
			 const uint8_t *level, unsigned levels, bool *on);

/* Whether a point stands in the footprint, on its levels or at its height. */
enum err point_stands_in(struct finding *f, const struct places_point *p,
			 const struct places_shape *s, bool *stands);

/* --- search_here.c -------------------------------------------------------- */

enum err search_here(struct finding *f);

/* The node with that key in the searched zone; octets NULL: there is none. */
enum err here_node(const struct finding *f, const uint8_t *key, size_t len,
		   struct node *n);

/* The scope's footprints, each to `take`; its LOC is where f is from then. */
enum err here_shapes(struct finding *f, shape_take *take, void *context);

/* --- search_service.c ----------------------------------------------------- */

enum err search_service(struct finding *f);

#endif
