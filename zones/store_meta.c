#include "lib/name.h"
#include "zones/store_internal.h"

#include <string.h>

/* A row's key: a prefix that ends in NUL, and what follows it. */
struct row_key {
	size_t len;
	uint8_t octets[16 + NAME_WIRE_MAX];
};

static struct row_key
row_key(const char *prefix, size_t prefix_len, const void *rest, size_t len)
{
	struct row_key k = {.len = prefix_len + len};

	must(k.len <= sizeof(k.octets));
	memcpy(k.octets, prefix, prefix_len);
	memcpy(k.octets + prefix_len, rest, len);
	return k;
}

#define ROW_KEY(prefix, rest, len) \
	row_key(prefix, sizeof(prefix) - 1, rest, len)
#define HAS_PREFIX(value, prefix)             \
	((value).len >= sizeof(prefix) - 1 && \
	 memcmp((value).octets, prefix, sizeof(prefix) - 1) == 0)

/* --- zone ids ------------------------------------------------------------- */

enum err
store_new_zone_id(struct store_txn *t, uint32_t *id)
{
	static const char key[] = STORE_META_NEXT_ID;
	struct store_value value;
	uint8_t next[4];
	enum err e =
		store_get(&t->view, STORE_META, key, sizeof(key) - 1, &value);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	if (e == ERR_OK && value.len != sizeof(next))
		return ERR_CORRUPT;
	*id = e == ERR_OK ? get32(value.octets) : 1;
	if (*id == 0)
		return ERR_CORRUPT;
	if (*id == UINT32_MAX)
		return ERR_FULL;
	put32(next, *id + 1);
	return store_put(t, STORE_META, key, sizeof(key) - 1, next,
			 sizeof(next));
}

/* --- key tags ------------------------------------------------------------- */

/* The highest tag given so far; 0 if none. */
static enum err
key_tag_last(struct store_view *v, uint16_t *tag)
{
	static const uint8_t end[2] = {0xff, 0xff};
	struct row_key k = ROW_KEY(STORE_META_KEY_TAG, end, sizeof(end));
	struct store_value key, value;
	enum err e;

	*tag = 0;
	e = store_get(v, STORE_META, k.octets, k.len, &value);
	if (e == ERR_OK) {
		*tag = 0xffff;
		return ERR_OK;
	}
	e = store_seek(v, STORE_META, k.octets, k.len, &key, &value);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	e = store_prev(v, STORE_META, &key, &value);
	if (e == ERR_NOTFOUND)
		return ERR_OK;
	if (e == ERR_OK && HAS_PREFIX(key, STORE_META_KEY_TAG) &&
	    key.len == k.len)
		*tag = get16(key.octets + key.len - 2);
	return e;
}

enum err
store_key_tag(struct store_txn *t, const uint8_t *key_name, uint16_t *tag)
{
	uint8_t name[NAME_WIRE_MAX], number[2];
	size_t len = name_lower(name, key_name);
	struct row_key by_name = ROW_KEY(STORE_META_KEY_NAME, name, len);
	struct row_key by_tag;
	struct store_value value;
	enum err e = store_get(&t->view, STORE_META, by_name.octets,
			       by_name.len, &value);

	if (e == ERR_OK) {
		if (value.len != sizeof(number))
			return ERR_CORRUPT;
		*tag = get16(value.octets);
		return ERR_OK;
	}
	if (e != ERR_NOTFOUND)
		return e;
	e = key_tag_last(&t->view, tag);
	if (e != ERR_OK)
		return e;
	if (*tag == 0xffff)
		return ERR_FULL;
	put16(number, ++*tag);
	by_tag = ROW_KEY(STORE_META_KEY_TAG, number, sizeof(number));
	e = store_put(t, STORE_META, by_tag.octets, by_tag.len, name, len);
	if (e != ERR_OK)
		return e;
	return store_put(t, STORE_META, by_name.octets, by_name.len, number,
			 sizeof(number));
}

bool
store_key_name(struct store_view *v, uint16_t tag, uint8_t *key_name)
{
	struct store_value value;
	struct row_key k;
	uint8_t number[2];
	size_t used;

	key_name[0] = 0;
	put16(number, tag);
	k = ROW_KEY(STORE_META_KEY_TAG, number, sizeof(number));
	if (tag == 0 ||
	    store_get(v, STORE_META, k.octets, k.len, &value) != ERR_OK ||
	    !name_valid(value.octets, value.len, &used) || used != value.len)
		return false;
	name_copy(key_name, value.octets);
	return true;
}

/* --- the erase list ------------------------------------------------------- */

enum err
store_erase_later(struct store_txn *t, uint32_t id)
{
	struct row_key k;
	uint8_t number[4];

	put32(number, id);
	k = ROW_KEY(STORE_META_ERASE, number, sizeof(number));
	return store_put(t, STORE_META, k.octets, k.len, "", 0);
}

enum err
store_erase_cancel(struct store_txn *t, uint32_t id)
{
	struct row_key k;
	uint8_t number[4];

	put32(number, id);
	k = ROW_KEY(STORE_META_ERASE, number, sizeof(number));
	return store_delete(t, STORE_META, k.octets, k.len);
}

/* The lowest id on the list; ERR_NOTFOUND if it is empty. */
static enum err
erase_first(struct store_view *v, uint32_t *id)
{
	struct row_key k = ROW_KEY(STORE_META_ERASE, "", 0);
	struct store_value key, value;
	enum err e = store_seek(v, STORE_META, k.octets, k.len, &key, &value);

	if (e != ERR_OK)
		return e;
	if (!HAS_PREFIX(key, STORE_META_ERASE))
		return ERR_NOTFOUND;
	if (key.len != k.len + 4)
		return ERR_CORRUPT;
	*id = get32(key.octets + k.len);
	return ERR_OK;
}

/* Erases entries of the id, at most *max, which goes down; ERR_NOTFOUND when
 * none is left. */
static enum err
erase_entries(struct store_txn *t, enum store_table table, uint32_t id,
	      unsigned *max)
{
	struct store_value key, value;
	uint8_t prefix[4];
	enum err e;

	put32(prefix, id);
	for (; *max > 0; --*max) {
		e = store_seek(&t->view, table, prefix, sizeof(prefix), &key,
			       &value);
		if (e != ERR_OK)
			return e;
		if (key.len < sizeof(prefix) ||
		    memcmp(key.octets, prefix, sizeof(prefix)) != 0)
			return ERR_NOTFOUND;
		e = store_err(mdb_cursor_del(t->view.cursor[table], 0));
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
store_erase_slice(struct store_txn *t, unsigned max, bool *more)
{
	uint32_t id;
	enum err e = erase_first(&t->view, &id);

	*more = false;
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	*more = true;
	e = erase_entries(t, STORE_NODES, id, &max);
	if (e == ERR_NOTFOUND)
		e = erase_entries(t, STORE_JOURNAL, id, &max);
	if (e == ERR_NOTFOUND)
		e = erase_entries(t, STORE_CELLS, id, &max);
	if (e != ERR_NOTFOUND)
		return e;
	e = store_erase_cancel(t, id);
	if (e != ERR_OK)
		return e;
	e = erase_first(&t->view, &id);
	*more = e == ERR_OK;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}
