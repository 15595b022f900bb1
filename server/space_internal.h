/*
 * What the files of space share; beside them only control_space.c includes
 * this.
 *
 *   space.c           a step of an answer: what comes of a question
 *   space_search.c    the zones that are searched, merged
 *   space_children.c  delegated children, and what of the region they cover
 *   space_gather.c    their answers
 *   space_answer.c    hits as RRsets
 */
#ifndef PLACED_SERVER_SPACE_INTERNAL_H
#define PLACED_SERVER_SPACE_INTERNAL_H

#include "lib/conf.h"
#include "server/served.h"
#include "server/space.h"
#include "zones/export.h"
#include "zones/lookup.h"
#include "zones/search.h"

/* What the memory of one question is for. */
#define SPACE_TEMP_LEN (SPACE_SCRATCH_LEN / 2) /* one zone's search */
#define SPACE_ZONE_COST 4 /* entries that a zone counts as */
#define SPACE_CHILDREN_MAX 64
#define SPACE_COVERS_MAX 256 /* nodes of covers looked at, a zone */

/* What came along with a child's answer, in its entry's MSG_AR. */
struct space_riders {
	struct entry entry;
	uint32_t ttl; /* seconds for which it holds */
};

struct space_hit {
	const uint8_t *name;
	struct zone_facts *facts; /* whose it is; NULL: a child's elsewhere, */
	const struct space_riders *riders; /* and this goes with it, or NULL */
	const uint8_t *owner; /* its key behind the zone id (zones/key.h), in
				 the store, if it has facts */
	uint16_t owner_len;
	struct store_value point; /* of the index, or nothing */
	bool has_distance;
	bool has_place;
	struct place_point at;
	uint64_t distance; /* mm */
	uint64_t area;	   /* cm2 */
	double order;	   /* of near and box metres, of in cm2 */
};

/* A question, and what was found of it. */
struct space_search {
	/* set by the caller */
	struct store_view *view;
	const struct served *served;
	const struct space_question *q;
	int zone;		  /* the zone that holds the scope, */
	struct zone_facts *facts; /* as it is to be searched */
	/* The facts of another zone as they are to be searched; NULL: it is
	 * not. */
	struct zone_facts *(*open)(void *arg, int zone);
	void *arg;
	void *scratch;			  /* SPACE_SCRATCH_LEN octets */
	const struct search_ahead *ahead; /* of `facts`; or NULL */
	/* the result, in order */
	struct arena arena; /* lives as long as the scratch */
	struct space_hit *hits;
	unsigned count;
	bool more; /* there are others, or may be */
	/* its own */
	struct search_limits limits;
	struct place_point from; /* of here: the scope's LOC */
	bool has_from;
	unsigned room, cap;
	struct space_hit *spare;
	struct search_hit *found;
	unsigned budget;
};

/* --- space_search.c ------------------------------------------------------- */

/* ERR_CORRUPT, ERR_IO: the store. What the memory does not hold is `more`. */
enum err space_search(struct space_search *s);

/* The zones that are searched, in turn: start with *at = 0; NULL at the end.
 */
struct zone_facts *space_zone_next(const struct space_search *s, size_t *at);

/* Hits in order among those there are. */
void space_merge(struct space_search *s, const struct space_hit *hits,
		 unsigned count);

/* --- space_children.c ----------------------------------------------------- */

struct space_child {
	const uint8_t *apex;	  /* in the arena */
	struct zone_facts *facts; /* of the zone with the cut */
	struct lookup cut;
	struct place_point at;
	bool has_footprint;
	struct place_footprint footprint;
	bool whole; /* the question's region lies within it */
};

/* Those at or below the scope, not served here, that may have hits, to
 * children (SPACE_CHILDREN_MAX), after space_search(). */
enum err space_children(struct space_search *s, struct space_child *children,
			unsigned *count);

/* Of `in`: the child's area, cm2. */
double space_child_area(const struct space_child *c);

/* --- space_gather.c ------------------------------------------------------- */

/* What becomes of the children. SPACE_DONE: their hits are merged, and *on
 * (SPACE_CHILDREN_MAX) holds the names where the question goes on; ttl gets the
 * seconds for which it all holds, if they are fewer. SPACE_LATER. */
enum space_result space_gather(struct query *q, struct space_search *s,
			       const uint8_t *name,
			       const struct space_child *children,
			       unsigned count, const uint8_t **on,
			       unsigned *on_count, uint32_t *ttl);

/* Whether the client is one for whom children are asked. */
bool space_may_gather(const struct query *q, struct view view);

/* --- space_answer.c ------------------------------------------------------- */

/* The answer section and, of the nearest hits, the additional one. */
enum space_result space_answer(struct query *q, struct space_search *s,
			       const uint8_t *name, uint16_t type,
			       const uint8_t *const *on, unsigned on_count,
			       uint32_t ttl);

/* Octets of a line of text, "1 2.35 lamp.house.", with its end. */
#define SPACE_LINE_MAX (NAME_TEXT_MAX + 48)

#endif
