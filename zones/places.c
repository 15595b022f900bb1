#include "zones/places.h"

#include "zones/key.h"
#include "zones/lookup.h"

#include <stdlib.h>

#define MANY_FLAG 0x80 /* of a point's first octet: several */
#define HEIGHTS_FLAG 0x80
#define LEVELS_MASK 0x7f
#define EQUATOR 0x80000000u
#define SHAPE_MIN 49 /* octets before the levels */
#define COUNTS_LEN (4 * PLACES_LEVELS)

/* Within a point: its LOC as in a node, behind its length. */
#define POINT_LOC 1
#define POINT_TTL (POINT_LOC + 2 + PLACE_LOC_LEN)
#define POINT_RIDERS (POINT_TTL + 4)
#define RIDERS_MAX 1000 /* octets; more would not stay on a page */
#define RIDERS_ELSEWHERE 0xffff

void
places_key(uint8_t key[PLACES_KEY_LEN], uint32_t zone_id, unsigned kind,
	   uint64_t cell, uint64_t number)
{
	put32(key, zone_id);
	key[4] = (uint8_t)kind;
	put64(key + PLACES_KIND_LEN, cell);
	put64(key + PLACES_CELL_LEN, number);
}

uint64_t
places_cell(struct place_spot spot)
{
	return cell_from_degrees(place_angle_degrees(spot.lat),
				 place_angle_degrees(spot.lon));
}

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

/* --- counts ---------------------------------------------------------------
 */

static enum err
counts_get(struct store_view *v, uint32_t zone_id, uint8_t counts[COUNTS_LEN])
{
	uint8_t key[PLACES_KEY_LEN];
	struct store_value value;
	enum err e;

	places_key(key, zone_id, PLACES_COUNTS, 0, 0);
	e = store_get(v, STORE_CELLS, key, sizeof(key), &value);
	if (e == ERR_NOTFOUND) {
		memset(counts, 0, COUNTS_LEN);
		return ERR_OK;
	}
	if (e == ERR_OK && value.len != COUNTS_LEN)
		return ERR_CORRUPT;
	if (e == ERR_OK)
		memcpy(counts, value.octets, COUNTS_LEN);
	return e;
}

enum err
places_shape_levels(struct store_view *v, uint32_t zone_id, uint32_t *levels)
{
	uint8_t counts[COUNTS_LEN];
	enum err e = counts_get(v, zone_id, counts);

	*levels = 0;
	for (unsigned i = 0; e == ERR_OK && i < PLACES_LEVELS; i++)
		if (get32(counts + 4 * (size_t)i) != 0)
			*levels |= 1u << i;
	return e;
}

static enum err
counts_put(struct store_txn *t, uint32_t zone_id,
	   const int32_t change[PLACES_LEVELS])
{
	uint8_t key[PLACES_KEY_LEN], counts[COUNTS_LEN];
	enum err e = counts_get(store_txn_view(t), zone_id, counts);

	if (e != ERR_OK)
		return e;
	for (unsigned i = 0; i < PLACES_LEVELS; i++) {
		uint8_t *p = counts + 4 * (size_t)i;

		put32(p, get32(p) + (uint32_t)change[i]);
	}
	places_key(key, zone_id, PLACES_COUNTS, 0, 0);
	return store_put(t, STORE_CELLS, key, sizeof(key), counts,
			 sizeof(counts));
}

/* --- entries --------------------------------------------------------------
 */

struct item {
	unsigned kind;
	uint64_t cell;
	const uint8_t *value;
	size_t len;
};

/* The entries of one place. */
struct items {
	struct arena *arena;
	enum places_what what;
	struct item *item;
	size_t count, room;
};

/* What a place is made from. */
struct source {
	const uint8_t *key; /* with the zone id */
	size_t key_len;
	const struct places_nodes *nodes;
};

static enum err
items_add(struct items *l, unsigned kind, uint64_t cell, const uint8_t *value,
	  size_t len)
{
	struct item *grown;

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
	l->item[l->count++] = (struct item){kind, cell, value, len};
	return ERR_OK;
}

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->value, y->value, x->len);
}

static bool
set_find(const struct node *n, uint16_t type, struct rrset *set)
{
	return n != NULL && n->octets != NULL && node_find(n, type, set);
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
riders_len(const struct items *l, const struct source *s, bool several)
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
point_add(struct items *l, const struct source *s, const struct rrset *loc,
	  const uint8_t *rdata, const struct place_footprint *levels)
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
shape_value(struct arena *a, const struct source *s,
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
shape_add(struct items *l, const struct source *s,
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
geo_add(struct items *l, const struct source *s, const struct place_point *at,
	struct place_footprint *levels)
{
	struct place_footprint fp;
	const uint8_t *rdata;
	struct rrset txt;
	uint16_t rdlen;
	size_t pos = 0;
	enum err e;

	levels->levels = 0;
	if (!set_find(&s->nodes->part[PLACES_GEO], RR_TXT, &txt))
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

/* All entries of a place, in order. */
static enum err
items_make(struct items *l, const struct source *s)
{
	struct place_footprint levels;
	struct place_point at;
	const uint8_t *rdata;
	struct rrset loc;
	uint16_t rdlen;
	size_t pos = 0;
	bool first = true;
	enum err e = ERR_OK;

	if (!set_find(&s->nodes->part[PLACES_ITSELF], RR_LOC, &loc) ||
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
		qsort(l->item, l->count, sizeof(*l->item), item_order);
	return e;
}

/* --- what is stored -------------------------------------------------------
 */

enum err
places_part_get(struct store_view *v, const uint8_t *key, size_t key_len,
		enum places_part part, struct node *n)
{
	const uint8_t *label = places_part_label[part];
	uint8_t part_key[KEY_MAX + 1];
	size_t len = key_len;
	enum err e;

	memset(n, 0, sizeof(*n));
	if (key_len + label[0] + 1 > KEY_MAX)
		return ERR_OK;
	memcpy(part_key, key, key_len);
	memcpy(part_key + key_len, label + 1, label[0]);
	len += label[0];
	if (part != PLACES_ITSELF)
		part_key[len++] = 0;
	e = lookup_key(v, part_key, len, n);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
places_parts_there(struct store_view *v, const uint8_t *key, size_t key_len,
		   bool *there)
{
	struct store_value found, value;
	uint8_t below[KEY_MAX + 1];
	enum err e;

	*there = false;
	if (key_len + 1 > KEY_MAX)
		return ERR_OK;
	memcpy(below, key, key_len);
	below[key_len] = '_';
	e = store_seek_within(v, STORE_NODES, below, key_len + 1, key_len + 1,
			      &found, &value);
	*there = e == ERR_OK;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* Of what is below the place only that which `what` is made from. */
static enum err
nodes_get(struct store_view *v, const uint8_t *key, size_t key_len,
	  enum places_what what, struct places_nodes *nodes)
{
	enum err e = ERR_OK;
	bool there;

	if (what != PLACES_ALL)
		return places_part_get(v, key, key_len, PLACES_GEO,
				       &nodes->part[PLACES_GEO]);
	e = places_parts_there(v, key, key_len, &there);
	for (enum places_part part = PLACES_GEO;
	     e == ERR_OK && there && part < PLACES_PARTS; part++)
		e = places_part_get(v, key, key_len, part, &nodes->part[part]);
	return e;
}

/* What is stored of one place. */
static enum err
items_read(struct items *l, struct store_view *v, const uint8_t *key,
	   size_t key_len, const struct node *node)
{
	struct places_nodes nodes = {.part[PLACES_ITSELF] = *node};
	struct source s = {.key = key, .key_len = key_len, .nodes = &nodes};
	struct rrset loc;
	enum err e;

	if (!set_find(node, RR_LOC, &loc))
		return ERR_OK;
	e = nodes_get(v, key, key_len, l->what, &nodes);
	return e == ERR_OK ? items_make(l, &s) : e;
}

enum err
places_of(struct store_view *v, const uint8_t *key, size_t key_len,
	  const struct node *node, enum places_what what, struct arena *a,
	  struct store_value **values, size_t *count)
{
	struct items items = {.arena = a, .what = what};
	enum err e = items_read(&items, v, key, key_len, node);

	*count = 0;
	if (e != ERR_OK || items.count == 0)
		return e;
	*values = arena_alloc(a, items.count * sizeof(**values));
	if (*values == NULL)
		return ERR_NOMEM;
	for (; *count < items.count; ++*count)
		(*values)[*count] = (struct store_value){
			items.item[*count].value, items.item[*count].len};
	return ERR_OK;
}

/* --- the index ------------------------------------------------------------
 */

/* Good enough to spread; values with one hash are told apart by the rest of
 * the number. */
static uint64_t
value_hash(const uint8_t *octets, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ len;

	for (size_t i = 0; i < len; i++) {
		h = (h ^ octets[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h & ~(uint64_t)UINT16_MAX;
}

/* The key that the item has, or ERR_NOTFOUND and the first that is free. */
static enum err
item_find(struct store_txn *t, uint32_t zone_id, const struct item *item,
	  uint8_t key[PLACES_KEY_LEN])
{
	uint64_t hash = value_hash(item->value, item->len), n;
	struct store_value found, value;
	uint64_t vacant = UINT16_MAX + 1u;
	enum err e;

	places_key(key, zone_id, item->kind, item->cell, hash);
	e = store_seek(store_txn_view(t), STORE_CELLS, key, PLACES_KEY_LEN,
		       &found, &value);
	for (n = 0; e == ERR_OK && found.len == PLACES_KEY_LEN &&
		    memcmp(found.octets, key, PLACES_KEY_LEN - 2) == 0;
	     n++) {
		if (vacant > UINT16_MAX &&
		    get16(found.octets + PLACES_KEY_LEN - 2) != n)
			vacant = n;
		if (value.len == item->len &&
		    memcmp(value.octets, item->value, item->len) == 0) {
			memcpy(key, found.octets, PLACES_KEY_LEN);
			return ERR_OK;
		}
		e = store_next(store_txn_view(t), STORE_CELLS, &found, &value);
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if (vacant > UINT16_MAX)
		vacant = n;
	if (vacant > UINT16_MAX)
		return ERR_FULL;
	put16(key + PLACES_KEY_LEN - 2, (uint16_t)vacant);
	return ERR_NOTFOUND;
}

static enum err
item_put(struct store_txn *t, uint32_t zone_id, const struct item *item)
{
	uint8_t key[PLACES_KEY_LEN];
	enum err e = item_find(t, zone_id, item, key);

	if (e != ERR_NOTFOUND)
		return e;
	return store_put(t, STORE_CELLS, key, sizeof(key), item->value,
			 item->len);
}

static enum err
item_delete(struct store_txn *t, uint32_t zone_id, const struct item *item)
{
	uint8_t key[PLACES_KEY_LEN];
	enum err e = item_find(t, zone_id, item, key);

	if (e == ERR_NOTFOUND)
		return ERR_OK;
	return e == ERR_OK ? store_delete(t, STORE_CELLS, key, sizeof(key)) : e;
}

static void
count_item(int32_t change[PLACES_LEVELS], bool *any, const struct item *item,
	   int32_t sign)
{
	if (item->kind == PLACES_POINT)
		return;
	change[item->kind - PLACES_SHAPE] += sign;
	*any = true;
}

/* Both in order. What is in both stays as it is. */
static enum err
items_write(struct store_txn *t, uint32_t zone_id, const struct items *old,
	    const struct items *new)
{
	int32_t change[PLACES_LEVELS] = {0};
	size_t i = 0, n = 0;
	bool any = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && (i < old->count || n < new->count)) {
		int order = i == old->count ? 1
			    : n == new->count
				    ? -1
				    : item_order(&old->item[i], &new->item[n]);

		if (order < 0) {
			count_item(change, &any, &old->item[i], -1);
			e = item_delete(t, zone_id, &old->item[i]);
		} else if (order > 0) {
			count_item(change, &any, &new->item[n], 1);
			e = item_put(t, zone_id, &new->item[n]);
		}
		i += order <= 0;
		n += order >= 0;
	}
	return e == ERR_OK && any ? counts_put(t, zone_id, change) : e;
}

/* --- edits ----------------------------------------------------------------
 */

static bool
set_has(const struct rrset *set, const uint8_t *rdata, uint16_t rdlen)
{
	const uint8_t *other;
	uint16_t len;
	size_t pos = 0;

	while (rrset_next(set, &pos, &other, &len))
		if (len == rdlen && memcmp(other, rdata, len) == 0)
			return true;
	return false;
}

/* Where the footprint counts from; anywhere, if there is no LOC. */
static struct place_point
footprint_origin(const struct node *n)
{
	struct place_point at = {0};
	const uint8_t *rdata;
	struct rrset loc;
	uint16_t rdlen;
	size_t pos = 0;

	if (!set_find(n, RR_LOC, &loc))
		return at;
	while (rrset_next(&loc, &pos, &rdata, &rdlen))
		if (place_from_loc(&at, rdata, rdlen, NULL) == ERR_OK)
			return at;
	return (struct place_point){0};
}

enum err
places_check(const struct places_change *c, struct arena *a, struct diag *d)
{
	const struct node *before = &c->before->part[PLACES_GEO];
	const struct node *after = &c->after->part[PLACES_GEO];
	struct place_point at =
		footprint_origin(&c->after->part[PLACES_ITSELF]);
	struct place_footprint fp;
	struct rrset txt, old;
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t pos = 0;
	bool had;
	enum err e;

	if (!set_find(after, RR_TXT, &txt))
		return ERR_OK;
	had = set_find(before, RR_TXT, &old);
	while (rrset_next(&txt, &pos, &rdata, &rdlen)) {
		if (had && set_has(&old, rdata, rdlen))
			continue;
		e = place_footprint_parse(&fp, rdata, rdlen, &at, a, d);
		if (e == ERR_NOMEM)
			return e;
		if (e != ERR_OK && e != ERR_NOTFOUND)
			return ERR_RULE;
	}
	return ERR_OK;
}

enum err
places_update(struct store_txn *t, const struct places_change *c,
	      struct arena *a)
{
	const struct source was = {c->key, c->key_len, c->before};
	const struct source is = {c->key, c->key_len, c->after};
	struct items old = {.arena = a}, new = {.arena = a};
	enum err e = items_make(&old, &was);

	if (e == ERR_OK)
		e = items_make(&new, &is);
	return e == ERR_OK ? items_write(t, get32(c->key), &old, &new) : e;
}

/* --- a store without an index ---------------------------------------------
 */

static enum err
fill_place(struct store_txn *t, const uint8_t *key, size_t key_len,
	   const struct node *node, struct arena *a)
{
	struct items none = {.arena = a}, items = {.arena = a};
	enum err e = items_read(&items, store_txn_view(t), key, key_len, node);

	return e == ERR_OK ? items_write(t, get32(key), &none, &items) : e;
}

enum err
places_fill(struct store_txn *t)
{
	struct store_value found, value;
	struct node node;
	struct arena a;
	uint8_t key[KEY_MAX];
	size_t key_len = 0;
	enum err e = ERR_OK;

	arena_init_growing(&a);
	for (;;) {
		arena_reset(&a);
		/* behind the last one, to which the cursor goes back from what
		 * it was asked meanwhile */
		e = store_seek(store_txn_view(t), STORE_NODES, key, key_len,
			       &found, &value);
		if (e == ERR_OK && key_len > 0)
			e = store_next(store_txn_view(t), STORE_NODES, &found,
				       &value);
		if (e != ERR_OK)
			break;
		key_len = found.len;
		if (key_len < KEY_ID_LEN || key_len > KEY_MAX ||
		    !node_open(&node, value.octets, value.len)) {
			e = ERR_CORRUPT;
			break;
		}
		memcpy(key, found.octets, key_len);
		e = fill_place(t, key, key_len, &node, &a);
		if (e != ERR_OK)
			break;
	}
	arena_free(&a);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}
