/* Footprints: what a spot is in, and on which level it is by that. */
#include "zones/search_internal.h"

/* --- shapes around a spot ------------------------------------------------- */

/* All with an entry in that cell. */
static enum err
shapes_in_cell(struct finding *f, struct store_run *run, struct place_spot spot,
	       shape_take *take, void *context)
{
	struct store_value key, value;
	struct places_shape s;
	bool inside;
	enum err e;

	for (;;) {
		e = store_run_next(f->s->view, STORE_CELLS, run, &key, &value);
		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		if (!finding_may_scan(f))
			return ERR_FULL;
		if (!places_shape_open(&s, &value))
			return ERR_CORRUPT;
		e = places_shape_contains(&inside, &s, spot, f->s->arena);
		if (e == ERR_OK && inside)
			e = take(f, &s, context);
		if (e != ERR_OK)
			return e;
	}
}

/* Each footprint that has the spot inside, to `take`. */
static enum err
shapes_at(struct finding *f, struct place_spot spot, shape_take *take,
	  void *context)
{
	uint8_t keys[PLACES_LEVELS][PLACES_KEY_LEN];
	struct store_run runs[PLACES_LEVELS];
	uint64_t leaf = places_cell(spot);
	unsigned n = 0;
	uint32_t levels;
	enum err e = places_shape_levels(f->s->view, f->zone_id, &levels);

	for (; e == ERR_OK && levels != 0; levels &= levels - 1, n++) {
		int level = __builtin_ctz(levels);

		places_key(keys[n], f->zone_id, PLACES_SHAPE + (unsigned)level,
			   cell_parent(leaf, level), 0);
		runs[n].key = keys[n];
		runs[n].key_len = PLACES_KEY_LEN;
		runs[n].prefix_len = PLACES_CELL_LEN;
	}
	store_runs_start(f->s->view, STORE_CELLS, runs, n);
	for (unsigned i = 0; e == ERR_OK && i < n; i++)
		e = shapes_in_cell(f, &runs[i], spot, take, context);
	return e;
}

static bool
shape_at_altitude(const struct places_shape *s, int64_t alt)
{
	return !s->has_heights || (alt - s->at.alt >= s->heights.low &&
				   alt - s->at.alt < s->heights.high);
}

/* --- in ------------------------------------------------------------------- */

/* What the question asks of a footprint with the spot inside. */
static enum err
shape_passes(struct finding *f, const struct places_shape *s, bool *pass)
{
	const struct space_question *q = f->q;
	enum err e;

	*pass = false;
	if (!finding_in_scope(f, s->owner, s->owner_len) ||
	    (q->has_level && s->levels > 0 &&
	     !places_has_level(s->level, s->levels, q->level)) ||
	    (q->has_altitude && !shape_at_altitude(s, q->altitude)))
		return ERR_OK;
	e = finding_occluded(f, s->owner, s->owner_len, pass);
	*pass = !*pass;
	return e;
}

static enum err
take_hit(struct finding *f, const struct places_shape *s, void *context)
{
	const struct candidate c = {
		.at = s->at,
		.has_place = true,
		.several = true,
		.order = (double)s->area,
		.area = s->area,
		.owner = s->owner,
		.owner_len = s->owner_len,
	};
	bool pass;
	enum err e = shape_passes(f, s, &pass);

	(void)context;
	if (e == ERR_OK && pass)
		finding_keep(f, &c);
	return e;
}

enum err
search_in(struct finding *f)
{
	return shapes_at(f, f->q->spot, take_hit, NULL);
}

/* True if a comes before b: the smaller one, then by name. */
static bool
shape_before(const struct places_shape *a, const struct places_shape *b)
{
	if (b->owner == NULL || a->area != b->area)
		return b->owner == NULL || a->area < b->area;
	return owner_cmp(a->owner, a->owner_len, b->owner, b->owner_len) < 0;
}

static enum err
take_innermost(struct finding *f, const struct places_shape *s, void *context)
{
	struct places_shape *best = context;
	bool pass;
	enum err e = shape_passes(f, s, &pass);

	if (e == ERR_OK && pass && shape_before(s, best))
		*best = *s;
	return e;
}

enum err
shape_innermost(struct finding *f, struct places_shape *s)
{
	s->owner = NULL;
	return shapes_at(f, f->q->spot, take_innermost, s);
}

/* --- levels --------------------------------------------------------------- */

struct around {
	int64_t alt;
	struct places_shape best; /* owner NULL: none yet */
};

static enum err
take_with_levels(struct finding *f, const struct places_shape *s, void *context)
{
	struct around *a = context;

	(void)f;
	if (s->levels > 0 && !owner_is_cover(s->owner, s->owner_len) &&
	    shape_at_altitude(s, a->alt) && shape_before(s, &a->best))
		a->best = *s;
	return ERR_OK;
}

static bool
levels_share(const uint8_t *a, unsigned a_levels, const uint8_t *b,
	     unsigned b_levels)
{
	for (unsigned i = 0; i < a_levels; i++)
		if (places_has_level(b, b_levels, places_level(a, i)))
			return true;
	return false;
}

enum err
point_on_levels(struct finding *f, const struct places_point *p,
		const uint8_t *level, unsigned levels, bool *on)
{
	struct around a = {.alt = p->at.alt};
	enum err e;

	*on = true;
	if (p->levels > 0) {
		*on = levels_share(p->level, p->levels, level, levels);
		return ERR_OK;
	}
	e = shapes_at(f, p->at.spot, take_with_levels, &a);
	if (e == ERR_OK && a.best.owner != NULL)
		*on = levels_share(a.best.level, a.best.levels, level, levels);
	return e;
}

enum err
point_stands_in(struct finding *f, const struct places_point *p,
		const struct places_shape *s, bool *stands)
{
	enum err e = places_shape_contains(stands, s, p->at.spot, f->s->arena);

	if (e != ERR_OK || !*stands)
		return e;
	if (p->levels > 0 && s->levels > 0) {
		*stands =
			levels_share(p->level, p->levels, s->level, s->levels);
		return ERR_OK;
	}
	if (s->has_heights) {
		*stands = shape_at_altitude(s, p->at.alt);
		return ERR_OK;
	}
	return s->levels == 0
		       ? ERR_OK
		       : point_on_levels(f, p, s->level, s->levels, stands);
}
