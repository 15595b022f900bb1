/*
 * Points. A disc or box of ordinary size is a few ranges of cells, read from
 * end to end. Where that would be too much, because the region is large or
 * nothing is known of it, cells are looked into one after the other, the
 * nearest first, and cut into four as long as they hold many points: what is
 * behind the last hit is never looked at.
 *
 * For the k nearest, the points before and after the spot along the curve tell
 * how far away k of them are at most: that is the radius of a disc.
 */
#include "zones/search_internal.h"

#include <math.h>

#define MM 1000.0 /* a metre */

/* Who wants all of a disc pays more for the hits than for points beside it, and
 * most for each range; of the k nearest many points are looked at in vain. */
#define DISC_CELLS 4
#define NEAREST_CELLS 6
#define BOX_CELLS 12

_Static_assert(DISC_CELLS <= SEARCH_AHEAD_MAX, "a disc can be foreseen");

/* Points that a disc or a box may hold before it is too much, and more for
 * each hit that is looked for. */
#define BUDGET 256u
#define BUDGET_A_HIT 16u

/* --- one point ------------------------------------------------------------ */

/* The filters that cost a look into the store. */
static enum err
passes(struct finding *f, const struct places_point *p, bool *pass)
{
	const struct space_question *q = f->q;
	uint8_t level[2];
	enum err e;

	e = finding_occluded(f, p->owner, p->owner_len, pass);
	*pass = !*pass;
	if (e != ERR_OK || !*pass || !q->has_level)
		return e;
	put16(level, (uint16_t)q->level);
	return point_on_levels(f, p, level, 1, pass);
}

/* Takes a point of the index in, if it lies within the bound and passes the
 * question's filters; under the name of an instance, if that is given. */
static enum err
near_consider(struct finding *f, const struct store_value *value,
	      const struct instance *instance)
{
	struct place_spot spot;
	struct candidate c;
	struct places_point p;
	bool pass;
	enum err e;

	if (value->len < PLACES_POINT_MIN)
		return ERR_CORRUPT;
	spot = places_point_spot(value);
	if (!place_reach_has(&f->reach, spot))
		return ERR_OK;
	if (f->q->kind == SPACE_BOX &&
	    !place_box_has(f->q->spot, f->q->far, spot))
		return ERR_OK;
	if (!places_point_open(&p, value))
		return ERR_CORRUPT;
	if (!finding_in_scope(f, p.owner, p.owner_len))
		return ERR_OK;
	c = (struct candidate){
		.at = p.at,
		.has_place = true,
		.several = p.several || instance != NULL || f->again,
		.order = finding_distance(f, &p.at),
		.owner = instance != NULL ? instance->owner : p.owner,
		.owner_len =
			instance != NULL ? instance->owner_len : p.owner_len,
		.written = instance != NULL ? instance->written : NULL,
	};
	if (instance == NULL)
		c.point = *value;
	if (c.order > f->bound ||
	    (!finding_wants(f, &c) && (f->dropped || !f->all)))
		return ERR_OK;
	e = passes(f, &p, &pass);
	if (e == ERR_OK && pass)
		finding_keep(f, &c);
	return e;
}

static enum err
take_point(struct finding *f, const struct store_value *value, void *context)
{
	(void)context;
	return near_consider(f, value, NULL);
}

/* --- ranges --------------------------------------------------------------- */

/* The first point at or behind that leaf. ERR_NOTFOUND: there is none. */
static enum err
point_seek(struct finding *f, uint64_t leaf, struct store_value *key,
	   struct store_value *value)
{
	uint8_t octets[PLACES_KEY_LEN];

	places_key(octets, f->zone_id, PLACES_POINT, leaf, 0);
	return store_seek_within(f->s->view, STORE_CELLS, octets,
				 sizeof(octets), PLACES_KIND_LEN, key, value);
}

static enum err
point_next(struct finding *f, struct store_value *key,
	   struct store_value *value)
{
	uint8_t prefix[PLACES_KIND_LEN];

	put32(prefix, f->zone_id);
	prefix[4] = PLACES_POINT;
	return store_next_within(f->s->view, STORE_CELLS, prefix,
				 sizeof(prefix), key, value);
}

static enum err
point_prev(struct finding *f, struct store_value *key,
	   struct store_value *value)
{
	uint8_t prefix[PLACES_KIND_LEN];

	put32(prefix, f->zone_id);
	prefix[4] = PLACES_POINT;
	return store_prev_within(f->s->view, STORE_CELLS, prefix,
				 sizeof(prefix), key, value);
}

/* Ranges without what was seen between the first and last leaf of f->seen. */
static unsigned
ranges_unseen(const struct finding *f, struct cell_range *out,
	      const struct cell_range *range, unsigned n)
{
	const struct cell_range *seen = &f->seen;
	unsigned made = 0;

	for (unsigned i = 0; i < n; i++) {
		struct cell_range before = range[i], after = range[i];

		if (seen->first >= range[i].last ||
		    seen->last <= range[i].first) {
			out[made++] = range[i];
			continue;
		}
		before.last = seen->first;
		after.first = seen->last;
		if (before.first <= before.last)
			out[made++] = before;
		if (after.first <= after.last)
			out[made++] = after;
	}
	return made;
}

/* From where a run stands to the leaf `last`. */
static enum err
range_scan(struct finding *f, struct store_run *run, uint64_t last,
	   unsigned *budget, point_take *take, void *context)
{
	struct store_value key, value;
	uint64_t at;
	enum err e;

	for (;;) {
		e = store_run_next(f->s->view, STORE_CELLS, run, &key, &value);
		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		at = places_key_cell(&key);
		if (at == CELL_NONE)
			return ERR_CORRUPT;
		if (at > last)
			return ERR_OK;
		if ((*budget)-- == 0 || !finding_may_scan(f))
			return ERR_FULL;
		f->again = at == f->seen.first || at == f->seen.last;
		e = take(f, &value, context);
		f->again = false;
		if (e != ERR_OK)
			return e;
	}
}

static void
run_make(struct store_run *run, uint8_t key[PLACES_KEY_LEN], uint32_t zone_id,
	 uint64_t first)
{
	places_key(key, zone_id, PLACES_POINT, first, 0);
	run->key = key;
	run->key_len = PLACES_KEY_LEN;
	run->prefix_len = PLACES_KIND_LEN;
}

enum err
points_scan(struct finding *f, const uint64_t *cells, unsigned n,
	    unsigned budget, point_take *take, void *context)
{
	struct cell_range all[CELL_COVER_MAX], range[CELL_COVER_MAX + 1];
	uint8_t keys[CELL_COVER_MAX + 1][PLACES_KEY_LEN];
	struct store_run runs[CELL_COVER_MAX + 1];
	enum err e = ERR_OK;

	n = cell_ranges(all, cells, n);
	n = ranges_unseen(f, range, all, n);
	for (unsigned i = 0; i < n; i++)
		run_make(&runs[i], keys[i], f->zone_id, range[i].first);
	store_runs_start(f->s->view, STORE_CELLS, runs, n);
	for (unsigned i = 0; e == ERR_OK && i < n; i++)
		e = range_scan(f, &runs[i], range[i].last, &budget, take,
			       context);
	return e;
}

/* --- the nearest cells first ---------------------------------------------- */

#define QUEUE_MAX 128
#define CELL_POINTS 16 /* of a cell that is not cut */
#define SLACK 0.05     /* metres, and more of what is on the other side */
#define SLACK_FAR 2e-7 /* of the distance */

struct branch {
	double least; /* metres to what is nearest in it, or less */
	uint64_t id;
};

struct queue {
	struct cell_spot from;
	struct branch branch[QUEUE_MAX];
	unsigned count;
};

static void
queue_push(struct finding *f, struct queue *q, uint64_t id)
{
	double least = cell_distance(id, &q->from) * (180 / M_PI) *
		       PLACE_METRES_A_DEGREE;

	least -= SLACK + SLACK_FAR * least;
	if (least > f->bound)
		return;
	must(q->count < QUEUE_MAX);
	q->branch[q->count++] = (struct branch){least, id};
}

static struct branch
queue_pop(struct queue *q)
{
	unsigned nearest = 0;
	struct branch b;

	for (unsigned i = 1; i < q->count; i++)
		if (q->branch[i].least < q->branch[nearest].least)
			nearest = i;
	b = q->branch[nearest];
	q->branch[nearest] = q->branch[--q->count];
	return b;
}

/* The smallest cell with both leaves, which are of one face. */
static uint64_t
common_cell(uint64_t a, uint64_t b)
{
	int bit = 63 - __builtin_clzll(a ^ b);

	return cell_parent(a, CELL_LEVEL_MAX - (bit + 1) / 2);
}

/* The points of a cell, as long as there is room for them. ERR_FULL: there are
 * more. */
static enum err
cell_collect(struct finding *f, uint64_t id, uint64_t *first,
	     struct store_value values[CELL_POINTS], unsigned *count)
{
	struct store_value key, value;
	enum err e = point_seek(f, cell_first(id), &key, &value);

	*count = 0;
	*first = e == ERR_OK ? places_key_cell(&key) : CELL_NONE;
	while (e == ERR_OK && places_key_cell(&key) <= cell_last(id)) {
		if (places_key_cell(&key) == CELL_NONE)
			return ERR_CORRUPT;
		if (*count == CELL_POINTS)
			return ERR_FULL;
		values[(*count)++] = value;
		e = point_next(f, &key, &value);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* In place of a cell of many points the four that they lie in. */
static enum err
cell_cut(struct finding *f, struct queue *q, uint64_t id, uint64_t first)
{
	struct store_value key, value;
	uint64_t last;
	enum err e = point_seek(f, cell_last(id) + 1, &key, &value);

	if (e == ERR_OK || e == ERR_NOTFOUND)
		e = point_prev(f, &key, &value);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
	last = places_key_cell(&key);
	if (first < cell_first(id) || last < first || last > cell_last(id))
		return ERR_CORRUPT;
	if (first == last || q->count + 4 > QUEUE_MAX)
		return points_scan(f, &id, 1, UINT32_MAX, take_point, NULL);
	id = common_cell(first, last);
	if (cell_level(id) == CELL_LEVEL_MAX)
		return ERR_CORRUPT;
	for (unsigned place = 0; place < 4; place++)
		queue_push(f, q, cell_child(id, place));
	return ERR_OK;
}

static enum err
cell_visit(struct finding *f, struct queue *q, uint64_t id)
{
	struct store_value values[CELL_POINTS];
	unsigned count;
	uint64_t first;
	enum err e = cell_collect(f, id, &first, values, &count);

	f->scanned += count;
	if (f->scanned >= f->scan_max)
		return e == ERR_OK || e == ERR_FULL ? ERR_FULL : e;
	if (e == ERR_FULL)
		return cell_cut(f, q, id, first);
	for (unsigned i = 0; e == ERR_OK && i < count; i++)
		e = near_consider(f, &values[i], NULL);
	return e;
}

static enum err
nearest_first(struct finding *f)
{
	struct queue q = {.count = 0};
	struct branch b;
	enum err e = ERR_OK;

	finding_start(f, f->limit);
	f->seen = (struct cell_range){0, 0};
	cell_spot_make(&q.from, place_angle_degrees(f->from.spot.lat),
		       place_angle_degrees(f->from.spot.lon));
	for (unsigned face = 0; face < 6; face++)
		queue_push(f, &q, (uint64_t)face << 61 | (uint64_t)1 << 60);
	while (e == ERR_OK && q.count > 0) {
		b = queue_pop(&q);
		if (b.least > f->bound)
			break;
		f->scanned++; /* a seek at least */
		e = cell_visit(f, &q, b.id);
	}
	return e;
}

/* --- names instead of cells ----------------------------------------------- */

enum err
near_consider_node(struct finding *f, const struct store_value *key,
		   const struct node *node, const struct instance *instance)
{
	struct arena before = *f->s->arena;
	struct store_value *points;
	size_t count;
	enum err e = places_of(f->s->view, key->octets, key->len, node,
			       PLACES_POINTS, f->s->arena, &points, &count);

	for (size_t i = 0; e == ERR_OK && i < count; i++)
		e = near_consider(f, &points[i], instance);
	*f->s->arena = before;
	return e;
}

/* Where the scope is narrow and far away, or lost among others, its names are
 * fewer than the points around. */
static enum err
names_of_scope(struct finding *f)
{
	struct store_value key, value;
	struct instance instance;
	struct node node;
	enum err e;

	finding_start(f, f->limit);
	f->scanned = 0;
	e = store_seek_within(f->s->view, STORE_NODES, f->scope.octets,
			      f->scope.len, f->scope.len, &key, &value);
	while (e == ERR_OK) {
		if (!finding_may_scan(f))
			return ERR_FULL;
		if (!node_open(&node, value.octets, value.len))
			return ERR_CORRUPT;
		instance = (struct instance){
			.owner = key.octets + KEY_ID_LEN,
			.owner_len = key.len - KEY_ID_LEN,
		};
		e = near_consider_node(f, &key, &node, &instance);
		if (e == ERR_OK)
			e = store_next_within(f->s->view, STORE_NODES,
					      f->scope.octets, f->scope.len,
					      &key, &value);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* What is left to do when there are too many points. */
static enum err
the_long_way(struct finding *f)
{
	enum err e = nearest_first(f);

	if (e == ERR_FULL && f->scope.labels > 0)
		e = names_of_scope(f);
	return e;
}

/* --- near ----------------------------------------------------------------- */

static unsigned
budget_of(const struct finding *f)
{
	return BUDGET +
	       BUDGET_A_HIT * (f->room < UINT16_MAX ? f->room : UINT16_MAX);
}

static unsigned
disc_cells(uint64_t *cells, unsigned max, struct place_spot spot, double metres)
{
	return cell_cover_disc(cells, max, place_angle_degrees(spot.lat),
			       place_angle_degrees(spot.lon), metres + 0.02);
}

static enum err
disc(struct finding *f, double metres, unsigned max)
{
	uint64_t cells[NEAREST_CELLS];
	unsigned n = disc_cells(cells, max, f->from.spot, metres);

	return points_scan(f, cells, n, budget_of(f), take_point, NULL);
}

/* So many points back along the curve from the spot, or as many as there are.
 * ERR_NOTFOUND: key is the first of all. */
static enum err
back_along(struct finding *f, uint8_t key[PLACES_KEY_LEN], unsigned *back)
{
	struct store_value found, value;
	enum err e = point_seek(f, places_cell(f->from.spot), &found, &value);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	e = ERR_OK;
	for (*back = 0; e == ERR_OK && *back < f->room; *back += e == ERR_OK)
		e = point_prev(f, &found, &value);
	if (e == ERR_NOTFOUND)
		places_key(key, f->zone_id, PLACES_POINT, 0, 0);
	else if (e == ERR_OK && found.len != PLACES_KEY_LEN)
		e = ERR_CORRUPT;
	else if (e == ERR_OK)
		memcpy(key, found.octets, PLACES_KEY_LEN);
	return e;
}

/*
 * Goes back from the spot along the curve by as many points as there are hits
 * to be found, and then forward by twice as many, and some more if filters want
 * it. *complete: these are all points that there are.
 */
static enum err
along_the_curve(struct finding *f, bool *complete)
{
	uint8_t from[PLACES_KEY_LEN];
	struct store_run run = {
		.key = from,
		.key_len = PLACES_KEY_LEN,
		.prefix_len = PLACES_KIND_LEN,
	};
	struct store_value key, value;
	unsigned back, seen = 0;
	enum err e = back_along(f, from, &back);

	*complete = e == ERR_NOTFOUND;
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	store_runs_start(f->s->view, STORE_CELLS, &run, 1);
	while ((e = store_run_next(f->s->view, STORE_CELLS, &run, &key,
				   &value)) == ERR_OK) {
		if (seen >= back + f->room &&
		    (finding_full(f) || isfinite(f->limit) ||
		     seen >= 2 * f->room + BUDGET)) {
			*complete = false;
			return ERR_OK;
		}
		f->seen.last = places_key_cell(&key);
		if (seen++ == 0)
			f->seen.first = f->seen.last;
		if (!finding_may_scan(f))
			return ERR_FULL;
		e = near_consider(f, &value, NULL);
		if (e != ERR_OK)
			return e;
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
nearest(struct finding *f)
{
	bool complete;
	enum err e = along_the_curve(f, &complete);

	if (e != ERR_OK || complete)
		return e;
	/* also a k that was capped: are there more at all? */
	if (!isfinite(f->bound))
		return the_long_way(f);
	e = disc(f, f->bound, NEAREST_CELLS);
	return e == ERR_FULL ? the_long_way(f) : e;
}

/* mm */
static uint64_t
radius_of(const struct search_limits *l, const struct space_question *q)
{
	return q->radius < l->radius_max ? q->radius : l->radius_max;
}

void
near_prepare(struct finding *f)
{
	const struct search_limits *l = f->s->limits;
	const struct space_question *q = f->q;
	uint64_t radius = radius_of(l, q);
	unsigned k = q->k != 0 ? q->k : l->k;

	if (k > l->k_max)
		k = l->k_max;
	if (q->has_radius && q->k == 0)
		k = f->s->room;
	f->room = k < f->s->room ? k : f->s->room;
	if (f->room == 0)
		f->room = 1;
	f->all = (q->has_radius && q->k == 0) || q->k > f->room;
	f->short_radius = q->has_radius && q->radius > radius;
	f->nearest = true;
	finding_start(f, q->has_radius ? (double)radius / MM : INFINITY);
}

/* All in a disc: no point tells how far to look. */
static bool
is_disc(const struct space_question *q)
{
	return q->kind == SPACE_NEAR && q->has_radius && q->k == 0;
}

void
search_ahead_plan(struct search_ahead *a, uint32_t zone_id,
		  const struct search_limits *limits,
		  const struct space_question *q)
{
	uint64_t cells[DISC_CELLS];
	unsigned n;

	a->count = 0;
	if (!is_disc(q) || q->service != NULL)
		return;
	n = disc_cells(cells, DISC_CELLS, q->spot,
		       (double)radius_of(limits, q) / MM);
	a->count = cell_ranges(a->range, cells, n);
	for (unsigned i = 0; i < a->count; i++)
		run_make(&a->run[i], a->key[i], zone_id, a->range[i].first);
}

/* So many plans as have room in one go. */
static unsigned
start_some(struct store_view *v, struct search_ahead *const *all, unsigned n)
{
	struct store_run runs[STORE_MANY_MAX];
	unsigned count = 0, taken = 0;

	for (; taken < n && count + all[taken]->count <= STORE_MANY_MAX;
	     taken++)
		for (unsigned i = 0; i < all[taken]->count; i++)
			runs[count++] = all[taken]->run[i];
	store_runs_start(v, STORE_CELLS, runs, count);
	count = 0;
	for (unsigned k = 0; k < taken; k++)
		for (unsigned i = 0; i < all[k]->count; i++)
			all[k]->run[i] = runs[count++];
	return taken;
}

void
search_ahead_start(struct store_view *v, struct search_ahead *const *all,
		   unsigned n)
{
	for (unsigned done = 0; done < n;)
		done += start_some(v, all + done, n - done);
}

static enum err
disc_ahead(struct finding *f, const struct search_ahead *a)
{
	unsigned budget = budget_of(f);
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < a->count; i++) {
		struct store_run run = a->run[i];

		e = range_scan(f, &run, a->range[i].last, &budget, take_point,
			       NULL);
	}
	return e;
}

enum err
search_near(struct finding *f)
{
	enum err e;

	near_prepare(f);
	if (!is_disc(f->q))
		return nearest(f);
	e = f->s->ahead != NULL && f->s->ahead->count > 0
		    ? disc_ahead(f, f->s->ahead)
		    : disc(f, f->limit, DISC_CELLS);
	if (e == ERR_FULL)
		e = the_long_way(f);
	return e;
}

/* --- box ------------------------------------------------------------------ */

/* Metres from the middle to the farthest corner, for boxes whose corners are
 * what is farthest. */
static double
box_reach(const struct finding *f, int64_t width)
{
	const struct space_question *q = f->q;
	double most = 0;

	if (width > 10 * PLACE_DEGREE ||
	    q->far.lat - q->spot.lat > 10 * PLACE_DEGREE)
		return INFINITY;
	for (unsigned i = 0; i < 4; i++) {
		struct place_spot corner = {
			i & 1 ? q->far.lat : q->spot.lat,
			i & 2 ? q->far.lon : q->spot.lon,
		};

		most = fmax(most, place_distance(f->from.spot, corner));
	}
	return 1.01 * most + 0.1;
}

void
box_prepare(struct finding *f)
{
	const struct space_question *q = f->q;
	int64_t width = (int64_t)q->far.lon - q->spot.lon;
	int64_t lon;

	if (width < 0)
		width += 2 * (int64_t)PLACE_LON_MAX;
	lon = q->spot.lon + width / 2;
	if (lon > PLACE_LON_MAX)
		lon -= 2 * (int64_t)PLACE_LON_MAX;
	finding_from(f,
		     (struct place_point){
			     .spot = {.lat = (int32_t)(((int64_t)q->spot.lat +
							q->far.lat) /
						       2),
				      .lon = (int32_t)lon},
			     .alt = f->from.alt,
		     });
	f->nearest = true;
	finding_start(f, box_reach(f, width));
}

enum err
search_box(struct finding *f)
{
	const struct space_question *q = f->q;
	uint64_t cells[BOX_CELLS];
	unsigned n;
	enum err e;

	box_prepare(f);
	n = cell_cover_box(cells, BOX_CELLS, place_angle_degrees(q->spot.lat),
			   place_angle_degrees(q->spot.lon),
			   place_angle_degrees(q->far.lat),
			   place_angle_degrees(q->far.lon));
	e = points_scan(f, cells, n, budget_of(f), take_point, NULL);
	return e == ERR_FULL ? the_long_way(f) : e;
}
