/* The values of the index: how they are read, and what a place's nodes make of
 * them. */
#include "zones/key.h"
#include "zones/places_internal.h"

#include <stdlib.h>

#define MANY_FLAG 0x80 /* of a point's first octet: several */
#define HEIGHTS_FLAG 0x80
#define LEVELS_MASK 0x7f
#define EQUATOR 0x80000000u
#define SHAPE_MIN 49 /* octets before the levels */

/* Within a point: its LOC as in a node, behind its length. */
#define POINT_LOC 1
#define POINT_TTL (POINT_LOC + 2 + PLACE_LOC_LEN)
#define POINT_RIDERS (POINT_TTL + 4)
#define RIDERS_MAX 1000 /* octets; more would not stay on a page */
#define RIDERS_ELSEWHERE 0xffff

/* --- reading --------------------------------------------------------------
 */

static struct place_spot
spot_read(const uint8_t *p)
{
	return (struct place_spot){(int32_t)(get32(p) - EQUATOR),
				   (int32_t)(get32(p + 4) - EQUATOR)};
}

/* Of a LOC whose version is not there. */
static struct place_point
loc_read(const uint8_t *p)
{
	return (struct place_point){
		.size = p[1],
		.hp = p[2],
		.vp = p[3],
		.spot = spot_read(p + 4),
		.alt = (int64_t)get32(p + 12) + PLACE_ALT_MIN,
	};
}

bool
places_point_open(struct places_point *p, const struct store_value *value)
{
	const uint8_t *o = value->octets;
	size_t at;

	if (value->len < PLACES_POINT_MIN)
		return false;
	p->at = loc_read(o + POINT_LOC + 2);
	p->loc = (struct rrset){
		.type = RR_LOC,
		.count = 1,
		.ttl = get32(o + POINT_TTL),
		.rdatas = o + POINT_LOC,
		.len = 2 + PLACE_LOC_LEN,
	};
	p->several = (o[0] & MANY_FLAG) != 0;
	p->levels = o[0] & LEVELS_MASK;
	p->level = o + PLACES_POINT_MIN;
	at = PLACES_POINT_MIN + 2 * (size_t)p->levels;
	p->riders = o + at;
	p->riders_len = get16(o + POINT_RIDERS);
	p->has_riders = p->riders_len != RIDERS_ELSEWHERE;
	if (!p->has_riders)
		p->riders_len = 0;
	at += p->riders_len;
	if (at > value->len)
		return false;
	p->owner = o + at;
	p->owner_len = value->len - at;
	return true;
}

bool
places_shape_open(struct places_shape *s, const struct store_value *value)
{
	const uint8_t *o = value->octets;
	size_t at = SHAPE_MIN;

	if (value->len < SHAPE_MIN)
		return false;
	s->at = loc_read(o);
	s->has_heights = (o[0] & HEIGHTS_FLAG) != 0;
	s->levels = o[0] & LEVELS_MASK;
	s->sw = spot_read(o + 16);
	s->ne = spot_read(o + 24);
	s->area = get64(o + 32);
	s->heights.low = (int32_t)get32(o + 40);
	s->heights.high = (int32_t)get32(o + 44);
	s->rings = o[48];
	s->level = o + at;
	at += 2 * (size_t)s->levels;
	s->corners = o + at;
	for (unsigned i = 0; i < s->rings; i++) {
		if (at + 2 > value->len)
			return false;
		at += 2 + 8 * (size_t)get16(o + at);
	}
	if (at > value->len)
		return false;
	s->owner = o + at;
	s->owner_len = value->len - at;
	return true;
}

enum err
places_shape_contains(bool *inside, const struct places_shape *s,
		      struct place_spot spot, struct arena *a)
{
	size_t corners = (size_t)(s->owner - s->corners) / 8;
	struct place_ring ring[UINT8_MAX];
	const uint8_t *p = s->corners;
	struct place_spot *corner;
	struct arena before = *a;

	*inside = false;
	if (!place_box_has(s->sw, s->ne, spot))
		return ERR_OK;
	corner = arena_alloc(a, corners * sizeof(*corner));
	if (corner == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; i < s->rings; i++) {
		ring[i] = (struct place_ring){corner, get16(p)};
		p += 2;
		for (unsigned n = 0; n < ring[i].count; n++, p += 8)
			*corner++ = spot_read(p);
	}
	*inside = place_rings_contain(ring, s->rings, spot);
	if (a->fixed != NULL)
		*a = before;
	return ERR_OK;
}

/* --- where a node stands -------------------------------------------------- */

bool
places_where(const struct node *n, struct place_point *at)
{
	const uint8_t *rdata;
	struct rrset loc;
	uint16_t rdlen;
	size_t pos = 0;

	if (!node_find(n, RR_LOC, &loc))
		return false;
	while (rrset_next(&loc, &pos, &rdata, &rdlen))
		if (place_from_loc(at, rdata, rdlen, NULL) == ERR_OK)
			return true;
	return false;
}

/* --- entries --------------------------------------------------------------
 */

static enum err
items_add(struct places_items *l, unsigned kind, uint64_t cell,
	  const uint8_t *value, size_t len)
{
	struct places_item *grown;

	if (l->count == l->room) {
		size_t room = l->room == 0 ? 8 : 2 * l->room;

		grown = arena_alloc(l->arena, room * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		if (l->count > 0)
			memcpy(grown, l->item, l->count * sizeof(*grown));
		l->item = grown;
		l->room = room;
	}
	l->item[l->count++] = (struct places_item){kind, cell, value, len};
	return ERR_OK;
}

int
places_item_order(const void *a, const void *b)
{
	const struct places_item *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->value, y->value, x->len);
}

static uint8_t *
put_levels(uint8_t *p, const int16_t *level, unsigned levels)
{
	for (unsigned i = 0; i < levels; i++, p += 2)
		put16(p, (uint16_t)level[i]);
	return p;
}

static void
put_spot(uint8_t *p, struct place_spot spot)
{
	put32(p, EQUATOR + (uint32_t)spot.lat);
	put32(p + 4, EQUATOR + (uint32_t)spot.lon);
}

/* --- points ---------------------------------------------------------------
 */

/* RIDERS_ELSEWHERE: they do not fit, or what would come along with one point is
 * not all that there is of the name. */
static size_t
riders_len(const struct places_items *l, const struct places_source *s,
	   bool several)
{
	size_t len;

	if (l->what != PLACES_ALL || several)
		return RIDERS_ELSEWHERE;
	len = places_riders_put(NULL, s->nodes);
	return len <= RIDERS_MAX ? len : RIDERS_ELSEWHERE;
}

/* loc: the set, and one of its RRs. levels: a footprint of which nothing else
 * need be set. */
static enum err
point_add(struct places_items *l, const struct places_source *s,
	  const struct rrset *loc, const uint8_t *rdata,
	  const struct place_footprint *levels)
{
	bool several = loc->count > 1;
	size_t owner_len = s->key_len - KEY_ID_LEN;
	size_t riders = riders_len(l, s, several);
	size_t len = PLACES_POINT_MIN + 2 * (size_t)levels->levels + owner_len +
		     (riders != RIDERS_ELSEWHERE ? riders : 0);
	uint8_t *value = arena_alloc(l->arena, len), *p;

	if (value == NULL)
		return ERR_NOMEM;
	value[0] = (uint8_t)(levels->levels | (several ? MANY_FLAG : 0));
	put16(value + POINT_LOC, PLACE_LOC_LEN);
	memcpy(value + POINT_LOC + 2, rdata, PLACE_LOC_LEN);
	put32(value + POINT_TTL, loc->ttl);
	put16(value + POINT_RIDERS, (uint16_t)riders);
	p = put_levels(value + PLACES_POINT_MIN, levels->level, levels->levels);
	if (riders != RIDERS_ELSEWHERE)
		p += places_riders_put(p, s->nodes);
	memcpy(p, s->key + KEY_ID_LEN, owner_len);
	return items_add(l, PLACES_POINT,
			 places_cell(places_point_spot(
				 &(struct store_value){value, len})),
			 value, len);
}

/* --- shapes ---------------------------------------------------------------
 */

static uint8_t *
shape_value(struct arena *a, const struct places_source *s,
	    const struct place_footprint *fp, size_t *len)
{
	size_t owner_len = s->key_len - KEY_ID_LEN;
	uint8_t *value, *p;

	*len = SHAPE_MIN + 2 * (size_t)fp->levels + owner_len;
	for (unsigned i = 0; i < fp->rings; i++)
		*len += 2 + 8 * (size_t)fp->ring[i].count;
	value = arena_alloc(a, *len);
	if (value == NULL)
		return NULL;
	place_to_loc(value, &fp->at);
	value[0] = (uint8_t)(fp->levels | (fp->has_heights ? HEIGHTS_FLAG : 0));
	put_spot(value + 16, fp->sw);
	put_spot(value + 24, fp->ne);
	put64(value + 32, fp->area);
	put32(value + 40, (uint32_t)fp->heights.low);
	put32(value + 44, (uint32_t)fp->heights.high);
	value[48] = (uint8_t)fp->rings;
	p = put_levels(value + SHAPE_MIN, fp->level, fp->levels);
	for (unsigned i = 0; i < fp->rings; i++) {
		put16(p, (uint16_t)fp->ring[i].count);
		p += 2;
		for (unsigned n = 0; n < fp->ring[i].count; n++, p += 8)
			put_spot(p, fp->ring[i].corner[n]);
	}
	memcpy(p, s->key + KEY_ID_LEN, owner_len);
	return value;
}

static enum err
shape_add(struct places_items *l, const struct places_source *s,
	  const struct place_footprint *fp)
{
	unsigned corners = fp->ring[0].count, cells;
	uint64_t cell[PLACES_COVER_MAX];
	double(*degrees)[2];
	uint8_t *value;
	size_t len;
	enum err e = ERR_OK;

	value = shape_value(l->arena, s, fp, &len);
	if (value == NULL)
		return ERR_NOMEM;
	if (l->what == PLACES_SHAPES)
		return items_add(l, PLACES_SHAPE, CELL_NONE, value, len);
	degrees = arena_alloc(l->arena, corners * sizeof(*degrees));
	if (degrees == NULL)
		return ERR_NOMEM;
	corners = place_footprint_degrees(fp, 0, degrees, corners);
	cells = cell_cover_polygon(cell, PLACES_COVER_MAX,
				   (const double(*)[2])degrees, corners);
	for (unsigned i = 0; e == ERR_OK && i < cells; i++)
		e = items_add(l, PLACES_SHAPE + (unsigned)cell_level(cell[i]),
			      cell[i], value, len);
	return e;
}

/* Levels of the point from the TXTs of its `_geo`, and its shapes; what does
 * not parse says nothing. */
static enum err
geo_add(struct places_items *l, const struct places_source *s,
	const struct place_point *at, struct place_footprint *levels)
{
	struct place_footprint fp;
	const uint8_t *rdata;
	struct rrset txt;
	uint16_t rdlen;
	size_t pos = 0;
	enum err e;

	levels->levels = 0;
	if (!node_find(&s->nodes->part[PLACES_GEO], RR_TXT, &txt))
		return ERR_OK;
	while (rrset_next(&txt, &pos, &rdata, &rdlen)) {
		e = place_footprint_parse(&fp, rdata, rdlen, at, l->arena,
					  NULL);
		if (e == ERR_NOMEM)
			return e;
		if (e != ERR_OK && e != ERR_NOTFOUND)
			continue;
		if (levels->levels == 0)
			*levels = fp;
		if (e == ERR_OK && l->what != PLACES_POINTS)
			e = shape_add(l, s, &fp);
		if (e == ERR_NOMEM)
			return e;
	}
	return ERR_OK;
}

enum err
places_items_make(struct places_items *l, const struct places_source *s)
{
	struct place_footprint levels;
	struct place_point at;
	const uint8_t *rdata;
	struct rrset loc;
	uint16_t rdlen;
	size_t pos = 0;
	bool first = true;
	enum err e = ERR_OK;

	if (!node_find(&s->nodes->part[PLACES_ITSELF], RR_LOC, &loc) ||
	    key_has_wildcard(s->key, s->key_len))
		return ERR_OK;
	while (e == ERR_OK && rrset_next(&loc, &pos, &rdata, &rdlen)) {
		if (place_from_loc(&at, rdata, rdlen, NULL) != ERR_OK)
			continue;
		if (first)
			e = geo_add(l, s, &at, &levels);
		first = false;
		if (e == ERR_OK && l->what != PLACES_SHAPES)
			e = point_add(l, s, &loc, rdata, &levels);
	}
	if (l->count > 1)
		qsort(l->item, l->count, sizeof(*l->item), places_item_order);
	return e;
}
