/*
 * A descent of the tree is a chain of loads: which octets are next is known
 * when those before have come, and each wait for memory is longer than the
 * work in between. Descents side by side wait together: a step asks the
 * processor for what its next one will read, and the other keys get their
 * turn meanwhile.
 *
 * LMDB has no call for that, so pages are read here by their layout. What is
 * found stands in this snapshot's tree under this very key; whatever looks odd
 * is left to LMDB.
 */
#include "zones/store_internal.h"

#include <string.h>
#include <unistd.h>

struct descent {
	const struct store_wanted *wanted;
	const uint8_t *page; /* NULL: left to LMDB */
	unsigned low, count; /* entries not ruled out yet: from low, so many */
	unsigned entries;
	bool branch, found; /* found: at low */
};

static bool
view_root_read(struct store_view *v)
{
	struct store *s = v->store;
	const char *name = store_table_name(STORE_NODES);
	MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;
	struct file_tree tree;
	struct file_page page;
	MDB_envinfo info;
	MDB_stat stat;
	const uint8_t *at;

	if (mdb_stat(v->txn, s->dbi[STORE_NODES], &stat) != 0 ||
	    mdb_env_info(s->env, &info) != 0 ||
	    mdb_get(v->txn, s->tables, &key, &value) != 0)
		return false;
	/* What LMDB maps begins where a page of the system does. */
	if (stat.ms_psize > (unsigned long)sysconf(_SC_PAGESIZE) ||
	    value.mv_size != sizeof(tree))
		return false;
	memcpy(&tree, value.mv_data, sizeof(tree));
	at = value.mv_data;
	at -= (uintptr_t)at & (stat.ms_psize - 1);
	memcpy(&page, at, sizeof(page));
	if ((page.flags & FILE_LEAF) == 0 || page.number > info.me_last_pgno)
		return false;
	v->page_size = stat.ms_psize;
	v->pages = info.me_last_pgno + 1;
	v->map = at - page.number * v->page_size;
	v->root = tree.root;
	return true;
}

/* False: no tree to be read here. */
static bool
view_root(struct store_view *v)
{
	uint64_t number = store_view_number(v);

	if (number == 0 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	if (v->root_of != number) {
		v->root_of = number;
		v->has_root = view_root_read(v);
	}
	return v->has_root;
}

/* As memcmp, the shorter one first, but in words: keys share long beginnings
 * and are short. */
static int
key_order(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t both = a_len < b_len ? a_len : b_len, at = 0;

	for (; at + 8 <= both; at += 8) {
		uint64_t x = get64(a + at), y = get64(b + at);

		if (x != y)
			return x < y ? -1 : 1;
	}
	for (; at < both; at++)
		if (a[at] != b[at])
			return a[at] < b[at] ? -1 : 1;
	return (a_len > b_len) - (a_len < b_len);
}

static const uint8_t *
entry_at(const struct descent *d, unsigned i)
{
	uint16_t offset;

	memcpy(&offset, d->page + sizeof(struct file_page) + 2 * (size_t)i,
	       sizeof(offset));
	return d->page + offset;
}

/* False: it would not lie within the page. */
static bool
entry_read(const struct store_view *v, const struct descent *d, unsigned i,
	   struct file_node *node, const uint8_t **key)
{
	const uint8_t *entry = entry_at(d, i);
	const uint8_t *end = d->page + v->page_size;

	if (entry + sizeof(*node) > end)
		return false;
	memcpy(node, entry, sizeof(*node));
	*key = entry + sizeof(*node);
	return *key + node->key_len <= end;
}

/* Asks for the entry that descent_step() will look at. */
static void
descent_ahead(const struct descent *d)
{
	if (d->count > 0)
		__builtin_prefetch(entry_at(d, d->low + d->count / 2));
}

/* In a branch, entry 0 has no key: it is below all. */
static void
descent_enter(const struct store_view *v, struct descent *d)
{
	struct file_page page;

	if (d->page == NULL)
		return;
	memcpy(&page, d->page, sizeof(page));
	d->branch = (page.flags & FILE_BRANCH) != 0;
	d->low = d->branch;
	d->found = false;
	d->entries = 0;
	if (page.lower >= sizeof(page) && page.lower <= v->page_size)
		d->entries = (page.lower - (unsigned)sizeof(page)) / 2;
	if (d->entries <= d->low) {
		d->page = NULL;
		return;
	}
	d->count = d->entries - d->low;
	descent_ahead(d);
}

/* Halves what is left; false if nothing is. */
static bool
descent_step(const struct store_view *v, struct descent *d)
{
	unsigned half = d->count / 2;
	struct file_node node;
	const uint8_t *key;
	int order;

	if (d->page == NULL || d->count == 0)
		return false;
	if (!entry_read(v, d, d->low + half, &node, &key)) {
		d->page = NULL;
		return false;
	}
	order = key_order(d->wanted->key, d->wanted->key_len, key,
			  node.key_len);
	if (order == 0 && !d->branch) {
		d->low += half;
		d->count = 0;
		d->found = true;
		return false;
	}
	if (order >= 0) {
		d->low += half + 1;
		d->count -= half + 1;
	} else {
		d->count = half;
	}
	descent_ahead(d);
	return d->count > 0;
}

/* From a branch to the page below, which holds what is before entry `low`. */
static void
descent_down(const struct store_view *v, struct descent *d)
{
	struct file_node node;
	const uint8_t *key;
	size_t number;

	if (d->page == NULL || !d->branch)
		return;
	if (!entry_read(v, d, d->low - 1, &node, &key)) {
		d->page = NULL;
		return;
	}
	number = (size_t)node.low | (size_t)node.high << 16 |
		 (size_t)node.flags << 32;
	d->page = number < v->pages ? v->map + number * v->page_size : NULL;
	__builtin_prefetch(d->page);
}

/* Whether the next entry is on this page, and its key does not begin with what
 * was looked for. */
static bool
descent_barren(const struct store_view *v, const struct descent *d)
{
	const struct store_wanted *w = d->wanted;
	struct file_node node;
	const uint8_t *key;

	return d->low + 1 < d->entries &&
	       entry_read(v, d, d->low + 1, &node, &key) &&
	       (node.key_len < w->key_len ||
		memcmp(key, w->key, w->key_len) != 0);
}

static void
descent_result(const struct store_view *v, const struct descent *d,
	       struct store_wanted *wanted)
{
	struct file_node node;
	const uint8_t *key;
	size_t len;

	if (d->page == NULL || d->branch || !d->found ||
	    !entry_read(v, d, d->low, &node, &key) || node.flags != 0)
		return;
	len = (size_t)node.low | (size_t)node.high << 16;
	key += node.key_len;
	if (len > (size_t)(d->page + v->page_size - key))
		return;
	wanted->value = (struct store_value){.octets = key, .len = len};
	wanted->barren = descent_barren(v, d);
	for (size_t at = 0; at < len; at += 64)
		__builtin_prefetch(key + at);
}

/* All descents through one level of the tree; false: the leaves are done. */
static bool
level_walk(const struct store_view *v, struct descent *all, unsigned n)
{
	struct descent *going[STORE_MANY_MAX];
	unsigned left = n;
	bool branch = false;

	for (unsigned i = 0; i < n; i++) {
		descent_enter(v, &all[i]);
		going[i] = &all[i];
	}
	while (left > 0) {
		unsigned before = left;

		left = 0;
		for (unsigned i = 0; i < before; i++) {
			going[left] = going[i];
			left += descent_step(v, going[i]);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		branch = branch || (all[i].page != NULL && all[i].branch);
		descent_down(v, &all[i]);
	}
	return branch;
}

void
store_get_many(struct store_view *v, struct store_wanted *wanted, unsigned n)
{
	struct descent all[STORE_MANY_MAX];
	unsigned depth = 0;

	must(n <= STORE_MANY_MAX);
	for (unsigned i = 0; i < n; i++) {
		wanted[i].value = (struct store_value){0};
		wanted[i].barren = false;
	}
	if (n == 0 || !view_root(v) || v->root >= v->pages)
		return;
	for (unsigned i = 0; i < n; i++)
		all[i] = (struct descent){
			.wanted = &wanted[i],
			.page = v->map + v->root * v->page_size,
		};
	while (level_walk(v, all, n))
		if (++depth == FILE_DEPTH_MAX)
			return;
	for (unsigned i = 0; i < n; i++)
		descent_result(v, &all[i], &wanted[i]);
	for (unsigned i = 0; i < n; i++)
		if (wanted[i].value.octets != NULL)
			view_hands_out(v, STORE_NODES, wanted[i].key,
				       wanted[i].key_len);
}
