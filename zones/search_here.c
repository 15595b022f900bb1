/* What is here: named below the scope, or inside its footprint. */
#include "zones/search_internal.h"

#define COVER_CELLS 12

enum err
here_node(const struct finding *f, const uint8_t *key, size_t len,
	  struct node *n)
{
	enum err e = lookup_key(f->s->view, key, len, n);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* --- names below ---------------------------------------------------------- */

/* A thing's or a place's, not a service's or what only describes one: no label
 * below the scope begins with an underscore, none is a wildcard. */
static bool
name_is_plain(const struct finding *f, const struct store_value *key)
{
	for (size_t i = f->scope.len; i < key->len; i++)
		if (key->octets[i] == '_' &&
		    (i == f->scope.len || key->octets[i - 1] == 0))
			return false;
	return !key_has_wildcard(key->octets, key->len);
}

/* The first LOC that can be read. */
static enum err
take_name(struct finding *f, const struct store_value *key,
	  const struct store_value *value)
{
	struct candidate c = {
		.owner = key->octets + KEY_ID_LEN,
		.owner_len = key->len - KEY_ID_LEN,
	};
	struct node node;
	bool occluded;
	enum err e;

	if (key->len == f->scope.len || !name_is_plain(f, key))
		return ERR_OK;
	if (!node_open(&node, value->octets, value->len))
		return ERR_CORRUPT;
	e = finding_occluded(f, c.owner, c.owner_len, &occluded);
	if (e != ERR_OK || occluded)
		return e;
	c.has_place = places_where(&node, &c.at);
	finding_keep(f, &c);
	return ERR_OK;
}

/* In canonical order, so that the first that finds no room is the last. */
static enum err
names_below(struct finding *f)
{
	struct store_value key, value;
	enum err e =
		store_seek_within(f->s->view, STORE_NODES, f->scope.octets,
				  f->scope.len, f->scope.len, &key, &value);

	while (e == ERR_OK && !f->dropped) {
		if (!finding_may_scan(f))
			return ERR_FULL;
		e = take_name(f, &key, &value);
		if (e == ERR_OK)
			e = store_next_within(f->s->view, STORE_NODES,
					      f->scope.octets, f->scope.len,
					      &key, &value);
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* --- inside the footprint ------------------------------------------------- */

/* A house whose LOC is in the hall does not stand in the hall. */
static enum err
is_larger(struct finding *f, const struct places_point *p,
	  const struct places_shape *s, bool *larger)
{
	struct arena before = *f->s->arena;
	uint8_t key[KEY_MAX + 1];
	struct store_value *values;
	struct places_shape own;
	struct node node;
	size_t count = 0;
	enum err e;

	*larger = false;
	if (p->owner_len > KEY_MAX - KEY_ID_LEN)
		return ERR_CORRUPT;
	put32(key, f->zone_id);
	memcpy(key + KEY_ID_LEN, p->owner, p->owner_len);
	e = here_node(f, key, KEY_ID_LEN + p->owner_len, &node);
	if (e == ERR_OK)
		e = places_of(f->s->view, key, KEY_ID_LEN + p->owner_len, &node,
			      PLACES_SHAPES, f->s->arena, &values, &count);
	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		if (!places_shape_open(&own, &values[i]))
			e = ERR_CORRUPT;
		else if (own.area > s->area)
			*larger = true;
	}
	*f->s->arena = before;
	return e;
}

static enum err
take_inside(struct finding *f, const struct store_value *value, void *context)
{
	const struct places_shape *s = context;
	struct places_point p;
	struct candidate c;
	bool yes;
	enum err e;

	if (!places_point_open(&p, value))
		return ERR_CORRUPT;
	/* the scope itself, and what names_below() has seen */
	if (finding_in_scope(f, p.owner, p.owner_len))
		return ERR_OK;
	e = point_stands_in(f, &p, s, &yes);
	if (e != ERR_OK || !yes)
		return e;
	e = finding_occluded(f, p.owner, p.owner_len, &yes);
	if (e == ERR_OK && !yes)
		e = is_larger(f, &p, s, &yes);
	if (e != ERR_OK || yes)
		return e;
	c = (struct candidate){
		.at = p.at,
		.point = *value,
		.has_place = true,
		.several = true,
		.owner = p.owner,
		.owner_len = p.owner_len,
	};
	finding_keep(f, &c);
	return ERR_OK;
}

static enum err
points_inside(struct finding *f, const struct places_shape *s, void *context)
{
	uint64_t cells[COVER_CELLS];
	unsigned n;

	n = cell_cover_box(cells, COVER_CELLS, place_angle_degrees(s->sw.lat),
			   place_angle_degrees(s->sw.lon),
			   place_angle_degrees(s->ne.lat),
			   place_angle_degrees(s->ne.lon));
	(void)context;
	return points_scan(f, cells, n, UINT32_MAX, take_inside,
			   (void *)(uintptr_t)s);
}

enum err
here_shapes(struct finding *f, shape_take *take, void *context)
{
	struct store_value *values;
	struct places_shape s;
	struct place_point at;
	struct node node;
	size_t count = 0;
	enum err e = here_node(f, f->scope.octets, f->scope.len, &node);

	f->has_from = e == ERR_OK && places_where(&node, &at);
	if (f->has_from) {
		finding_from(f, at);
		e = places_of(f->s->view, f->scope.octets, f->scope.len, &node,
			      PLACES_SHAPES, f->s->arena, &values, &count);
	}
	for (size_t i = 0; e == ERR_OK && i < count; i++)
		e = places_shape_open(&s, &values[i]) ? take(f, &s, context)
						      : ERR_CORRUPT;
	return e;
}

enum err
search_here(struct finding *f)
{
	enum err e = f->elsewhere ? ERR_OK : names_below(f);
	enum err scan;

	/* one that was cut short spoils nothing of the other */
	if (e != ERR_OK && e != ERR_FULL)
		return e;
	scan = here_shapes(f, points_inside, NULL);
	return scan == ERR_OK ? e : scan;
}
