#include "zones/places_internal.h"

#include "zones/key.h"

#define COUNTS_LEN (4 * PLACES_LEVELS)

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

/* --- what is stored -------------------------------------------------------
 */

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
items_read(struct places_items *l, struct store_view *v, const uint8_t *key,
	   size_t key_len, const struct node *node)
{
	struct places_nodes nodes = {.part[PLACES_ITSELF] = *node};
	struct places_source s = {
		.key = key, .key_len = key_len, .nodes = &nodes};
	struct rrset loc;
	enum err e;

	if (!node_find(node, RR_LOC, &loc))
		return ERR_OK;
	e = nodes_get(v, key, key_len, l->what, &nodes);
	return e == ERR_OK ? places_items_make(l, &s) : e;
}

enum err
places_of(struct store_view *v, const uint8_t *key, size_t key_len,
	  const struct node *node, enum places_what what, struct arena *a,
	  struct store_value **values, size_t *count)
{
	struct places_items items = {.arena = a, .what = what};
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
item_find(struct store_txn *t, uint32_t zone_id, const struct places_item *item,
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
item_put(struct store_txn *t, uint32_t zone_id, const struct places_item *item)
{
	uint8_t key[PLACES_KEY_LEN];
	enum err e = item_find(t, zone_id, item, key);

	if (e != ERR_NOTFOUND)
		return e;
	return store_put(t, STORE_CELLS, key, sizeof(key), item->value,
			 item->len);
}

static enum err
item_delete(struct store_txn *t, uint32_t zone_id,
	    const struct places_item *item)
{
	uint8_t key[PLACES_KEY_LEN];
	enum err e = item_find(t, zone_id, item, key);

	if (e == ERR_NOTFOUND)
		return ERR_OK;
	return e == ERR_OK ? store_delete(t, STORE_CELLS, key, sizeof(key)) : e;
}

static void
count_item(int32_t change[PLACES_LEVELS], bool *any,
	   const struct places_item *item, int32_t sign)
{
	if (item->kind == PLACES_POINT)
		return;
	change[item->kind - PLACES_SHAPE] += sign;
	*any = true;
}

/* Both in order. What is in both stays as it is. */
static enum err
items_write(struct store_txn *t, uint32_t zone_id,
	    const struct places_items *old, const struct places_items *new)
{
	int32_t change[PLACES_LEVELS] = {0};
	size_t i = 0, n = 0;
	bool any = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && (i < old->count || n < new->count)) {
		int order = i == old->count ? 1
			    : n == new->count
				    ? -1
				    : places_item_order(&old->item[i],
							&new->item[n]);

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

enum err
places_check(const struct places_change *c, struct arena *a, struct diag *d)
{
	const struct node *before = &c->before->part[PLACES_GEO];
	const struct node *after = &c->after->part[PLACES_GEO];
	struct place_point at = {0}; /* without LOC it counts from anywhere */
	struct place_footprint fp;
	struct rrset txt, old;
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t pos = 0;
	bool had;
	enum err e;

	if (!node_find(after, RR_TXT, &txt))
		return ERR_OK;
	(void)places_where(&c->after->part[PLACES_ITSELF], &at);
	had = node_find(before, RR_TXT, &old);
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
	const struct places_source was = {c->key, c->key_len, c->before};
	const struct places_source is = {c->key, c->key_len, c->after};
	struct places_items old = {.arena = a}, new = {.arena = a};
	enum err e = places_items_make(&old, &was);

	if (e == ERR_OK)
		e = places_items_make(&new, &is);
	return e == ERR_OK ? items_write(t, get32(c->key), &old, &new) : e;
}

/* --- a store without an index ---------------------------------------------
 */

static enum err
fill_place(struct store_txn *t, const uint8_t *key, size_t key_len,
	   const struct node *node, struct arena *a)
{
	struct places_items none = {.arena = a}, items = {.arena = a};
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
