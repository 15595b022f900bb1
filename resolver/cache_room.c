#include "resolver/cache_internal.h"

#include <string.h>

#define RESERVE_MIN (1u << 20) /* or half the limit */
#define PAGE 4096u

/* What an entry takes beside its octets: node headers, and a share of pages
 * that are not full. */
#define ROW_OVERHEAD 64

#define COUNTS_KEY "counts"
#define COUNTS_LEN (8 * (2 * CACHE_CLASSES + 1))

static uint64_t
bounded(uint64_t n, uint64_t least, uint64_t most)
{
	return n < least ? least : n > most ? most : n;
}

/*
 * The limit, as what is in use grows:
 *
 *   0 ……………………………………… high ……… full ……… hard ……… limit
 *              evict as much    thrice     give the
 *              as comes in      as much    transaction up
 *
 * Beyond `hard` there must be room to write what evicts.
 */
void
cache_room_init(struct cache *c)
{
	uint64_t limit = c->options.limit;
	uint64_t least = limit / 2 < RESERVE_MIN ? limit / 2 : RESERVE_MIN;
	uint64_t reserve = limit / 8 < least ? least : limit / 8;

	c->high = limit - reserve;
	c->full = limit - reserve / 2;
	c->hard = limit - reserve / 4;
	/* A transaction copies a page or two for each entry. */
	c->batch_items = (unsigned)bounded(limit / PAGE / 64, 4, 1024);
	c->batch_octets = (size_t)bounded(limit / 32, 0, CACHE_QUEUE_OCTETS);
}

/* --- rows ----------------------------------------------------------------- */

void
cache_key_make(struct key *k, const uint8_t *qname, uint16_t qtype,
	       uint8_t variant)
{
	uint8_t *tail;

	key_make(k, 0, qname, name_root);
	tail = k->octets + k->len;
	must(k->len + CACHE_TAIL_LEN <= sizeof(k->octets));
	tail[0] = 0;
	put16(tail + 1, qtype);
	tail[3] = variant;
	k->len += CACHE_TAIL_LEN;
}

static uint64_t
mix(uint64_t h, const uint8_t *octets, size_t len)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t word;

	for (; len >= sizeof(word); octets += 8, len -= 8) {
		memcpy(&word, octets, sizeof(word));
		h = (h ^ word) * odd;
		h ^= h >> 32;
	}
	word = len; /* what is left, with how much it is */
	memcpy((uint8_t *)&word + 1, octets, len);
	h = (h ^ word) * odd;
	return h ^ h >> 29;
}

/* Of key, key in order, and entry. */
static uint32_t
row_check(const uint8_t *key, size_t key_len, const uint8_t *rest, size_t len)
{
	uint64_t h = mix(mix(len, key, key_len), rest, len);

	return (uint32_t)(h ^ h >> 32);
}

bool
cache_row_open(struct cache_row *r, const uint8_t *key, size_t key_len,
	       const struct store_value *value)
{
	if (value->len < CACHE_ROW_HEAD + ENTRY_HEAD_LEN ||
	    get32(value->octets) !=
		    row_check(key, key_len, value->octets + 4, value->len - 4))
		return false;
	r->order = value->octets + 4;
	r->entry = value->octets + CACHE_ROW_HEAD;
	r->len = value->len - CACHE_ROW_HEAD;
	return true;
}

static uint64_t
row_octets(size_t key_len, size_t entry_len)
{
	return 2 * (key_len + CACHE_ORDER_LEN) + entry_len + ROW_OVERHEAD;
}

static enum cache_class
order_class(const uint8_t *order)
{
	return order[0] == CACHE_NEW ? CACHE_NEW : CACHE_KEPT;
}

static void
count_out(struct cache *c, const uint8_t *order, uint64_t octets)
{
	enum cache_class class = order_class(order);
	uint64_t *n = &c->counts.entries[class], *o = &c->counts.octets[class];

	*n -= *n > 0;
	*o -= octets < *o ? octets : *o;
}

/* ERR_NOTFOUND harms nothing here. */
static enum err
gone(enum err e)
{
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The row of an entry, with the next number, in c->row; its length. */
static size_t
row_make(struct cache *c, const uint8_t *key, size_t key_len,
	 const struct entry *e, enum cache_class class)
{
	uint8_t *order = c->row + 4;
	size_t len = CACHE_ROW_HEAD + e->len;

	order[0] = (uint8_t) class;
	put64(order + 1, ++c->counts.number);
	memmove(c->row + CACHE_ROW_HEAD, e->octets, e->len);
	put32(c->row, row_check(key, key_len, order, len - 4));
	return len;
}

/* The row in order of the one that was made, and written. */
static enum err
order_write(struct cache *c, struct store_txn *t, const uint8_t *key,
	    size_t key_len, size_t len, enum cache_class class)
{
	c->counts.entries[class]++;
	c->counts.octets[class] += row_octets(key_len, len - CACHE_ROW_HEAD);
	return store_put(t, STORE_ORDER, c->row + 4, CACHE_ORDER_LEN, key,
			 key_len);
}

/* Both rows of an entry, the first in place of whatever is there. */
static enum err
row_write(struct cache *c, struct store_txn *t, const uint8_t *key,
	  size_t key_len, const struct entry *e, enum cache_class class)
{
	size_t len = row_make(c, key, key_len, e, class);
	enum err err = store_put(t, STORE_ANSWERS, key, key_len, c->row, len);

	if (err != ERR_OK)
		return err;
	return order_write(c, t, key, key_len, len, class);
}

/* Removes the row of order that r's entry has. */
static enum err
order_remove(struct cache *c, struct store_txn *t, size_t key_len,
	     const struct cache_row *r)
{
	uint8_t order[CACHE_ORDER_LEN]; /* r points into what changes */
	size_t len = r->len;

	memcpy(order, r->order, sizeof(order));
	count_out(c, order, row_octets(key_len, len));
	return gone(store_delete(t, STORE_ORDER, order, sizeof(order)));
}

enum err
cache_row_put(struct cache *c, struct store_txn *t, const uint8_t *key,
	      size_t key_len, const uint8_t *entry, size_t len)
{
	enum cache_class class = CACHE_NEW; /* until it is renewed */
	struct store_value old;
	struct cache_row r;
	struct entry e;
	size_t row_len;
	enum err err;

	/* Most are new: one descent of the tree. */
	entry_view(&e, entry, len);
	row_len = row_make(c, key, key_len, &e, class);
	err = store_put_new(t, STORE_ANSWERS, key, key_len, c->row, row_len,
			    &old);
	if (err == ERR_OK)
		return order_write(c, t, key, key_len, row_len, class);
	if (err != ERR_EXISTS)
		return err;
	if (cache_row_open(&r, key, key_len, &old)) {
		class = CACHE_KEPT;
		err = order_remove(c, t, key_len, &r);
		if (err != ERR_OK)
			return err;
	}
	return row_write(c, t, key, key_len, &e, class);
}

enum err
cache_row_remove(struct cache *c, struct store_txn *t, const uint8_t *key,
		 size_t key_len)
{
	struct store_value old;
	struct cache_row r;
	enum err e =
		store_get(store_txn_view(t), STORE_ANSWERS, key, key_len, &old);

	if (e != ERR_OK)
		return gone(e);
	if (cache_row_open(&r, key, key_len, &old))
		e = order_remove(c, t, key_len, &r);
	if (e != ERR_OK)
		return e;
	return gone(store_delete(t, STORE_ANSWERS, key, key_len));
}

/* --- order ---------------------------------------------------------------- */

/* A row of order, copied: it changes under us. */
struct place {
	uint8_t order[CACHE_ORDER_LEN];
	uint8_t key[KEY_MAX];
	size_t key_len;
};

static bool
place_copy(struct place *p, const struct store_value *order,
	   const struct store_value *key)
{
	if (order->len != CACHE_ORDER_LEN || key->len > sizeof(p->key))
		return false;
	memcpy(p->order, order->octets, CACHE_ORDER_LEN);
	memcpy(p->key, key->octets, key->len);
	p->key_len = key->len;
	return true;
}

/* The first row of a class; ERR_NOTFOUND if there is none. */
static enum err
place_first(struct place *p, struct store_txn *t, enum cache_class class)
{
	const uint8_t from = (uint8_t) class;
	struct store_value order, key;
	enum err e = store_seek(store_txn_view(t), STORE_ORDER, &from, 1,
				&order, &key);

	if (e != ERR_OK)
		return e;
	if (!place_copy(p, &order, &key))
		return ERR_CORRUPT;
	return p->order[0] == from ? ERR_OK : ERR_NOTFOUND;
}

/* Opens the entry that the place is of; false: it has another one by now. */
static bool
place_row(struct store_txn *t, const struct place *p, struct cache_row *r)
{
	struct store_value value;

	return store_get(store_txn_view(t), STORE_ANSWERS, p->key, p->key_len,
			 &value) == ERR_OK &&
	       cache_row_open(r, p->key, p->key_len, &value) &&
	       memcmp(r->order, p->order, CACHE_ORDER_LEN) == 0;
}

static enum err
place_evict(struct cache *c, struct store_txn *t, const struct place *p,
	    uint64_t *octets)
{
	struct cache_row r;
	enum err e;

	*octets = 0;
	if (place_row(t, p, &r)) {
		*octets = row_octets(p->key_len, r.len);
		count_out(c, p->order, *octets);
		e = store_delete(t, STORE_ANSWERS, p->key, p->key_len);
		if (gone(e) != ERR_OK)
			return e;
		c->counts.evicted++;
	}
	return gone(store_delete(t, STORE_ORDER, p->order, CACHE_ORDER_LEN));
}

/* Not even as a stale answer. */
static bool
place_is_useless(const struct cache *c, struct store_txn *t,
		 const struct place *p)
{
	struct cache_row r;
	struct entry e;

	if (!place_row(t, p, &r))
		return true;
	entry_view(&e, r.entry, r.len);
	return (uint64_t)e.made + e.ttl + c->options.stale_max < cache_now(c);
}

/* Which one is the next to go; ERR_NOTFOUND if all are gone. */
static enum err
place_choose(struct cache *c, struct store_txn *t, struct place *p)
{
	const struct cache_counts *n = &c->counts;
	uint64_t all = n->octets[CACHE_NEW] + n->octets[CACHE_KEPT];
	struct place first_new;
	enum err e = place_first(p, t, CACHE_KEPT), fresh;

	if (e == ERR_OK &&
	    (n->octets[CACHE_KEPT] > all / 4 * 3 || place_is_useless(c, t, p)))
		return ERR_OK;
	fresh = place_first(&first_new, t, CACHE_NEW);
	if (fresh == ERR_OK)
		*p = first_new;
	return fresh == ERR_NOTFOUND ? e : fresh;
}

enum err
cache_evict(struct cache *c, struct store_txn *t, unsigned count)
{
	struct place p;
	uint64_t octets;
	enum err e = ERR_OK;

	for (; count > 0 && e == ERR_OK; count--) {
		e = place_choose(c, t, &p);
		if (e == ERR_OK)
			e = place_evict(c, t, &p, &octets);
	}
	return gone(e);
}

enum err
cache_make_room(struct cache *c, struct store_txn *t, uint64_t incoming)
{
	uint64_t used = store_txn_used(t), octets;
	uint64_t want = used >= c->full ? 3 * incoming : incoming * 5 / 4;
	struct place p;
	enum err e = ERR_OK;

	if (used < c->high)
		return ERR_OK;
	while (want > 0 && e == ERR_OK) {
		e = place_choose(c, t, &p);
		if (e == ERR_OK)
			e = place_evict(c, t, &p, &octets);
		if (e == ERR_OK)
			want -= octets < want ? octets : want;
	}
	return gone(e);
}

enum err
cache_row_keep(struct cache *c, struct store_txn *t, const uint8_t *order)
{
	struct store_value value,
		key = {.octets = order, .len = CACHE_ORDER_LEN};
	uint8_t *copy = c->row + CACHE_ROW_HEAD;
	struct cache_row r;
	struct place p;
	struct entry e;
	enum err err = store_get(store_txn_view(t), STORE_ORDER, order,
				 CACHE_ORDER_LEN, &value);

	if (err != ERR_OK)
		return gone(err);
	if (!place_copy(&p, &key, &value) || !place_row(t, &p, &r) ||
	    r.len > ENTRY_MAX)
		return ERR_OK;
	memcpy(copy, r.entry, r.len);
	entry_view(&e, copy, r.len);
	err = order_remove(c, t, p.key_len, &r);
	if (err != ERR_OK)
		return err;
	return row_write(c, t, p.key, p.key_len, &e, CACHE_KEPT);
}

/* --- counts --------------------------------------------------------------- */

enum err
cache_counts_read(struct cache *c, struct store_view *v)
{
	struct store_value value;
	enum err e = store_get(v, STORE_META, COUNTS_KEY,
			       sizeof(COUNTS_KEY) - 1, &value);

	if (e != ERR_OK)
		return gone(e);
	if (value.len != COUNTS_LEN)
		return ERR_CORRUPT;
	for (unsigned i = 0; i < CACHE_CLASSES; i++) {
		c->counts.entries[i] = get64(value.octets + 16 * i);
		c->counts.octets[i] = get64(value.octets + 16 * i + 8);
	}
	c->counts.number = get64(value.octets + COUNTS_LEN - 8);
	return ERR_OK;
}

enum err
cache_counts_write(struct cache *c, struct store_txn *t)
{
	uint8_t value[COUNTS_LEN];

	for (unsigned i = 0; i < CACHE_CLASSES; i++) {
		put64(value + 16 * i, c->counts.entries[i]);
		put64(value + 16 * i + 8, c->counts.octets[i]);
	}
	put64(value + COUNTS_LEN - 8, c->counts.number);
	return store_put(t, STORE_META, COUNTS_KEY, sizeof(COUNTS_KEY) - 1,
			 value, sizeof(value));
}
