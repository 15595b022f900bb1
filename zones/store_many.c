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
#include "zones/key.h"
#include "zones/store_internal.h"

#include <string.h>
#include <unistd.h>

#define PAGE_LINES 4	/* asked for when a page is entered */
#define ENTRIES_AHEAD 4 /* likewise, of a leaf, where a run begins */
#define KEY_HEAD 12	/* octets of a key that are compared as numbers */

struct descent {
	const uint8_t *key;
	size_t key_len;
	const uint8_t *page;  /* NULL: left to LMDB */
	const uint8_t *right; /* the lowest branch with an entry behind ours,
				 right_at; NULL: none */
	uint64_t head;	      /* see `id` */
	unsigned right_at;
	uint32_t id; /* the key's first octets, and in `head` those up to
			KEY_HEAD, */
	unsigned low, count; /* entries not ruled out yet: from low, so many */
	unsigned entries;
	bool numbers;	    /* if it has so many */
	bool branch, found; /* found: at low */
};

static bool
tree_read(struct store_tree *t, struct store_view *v, enum store_table table)
{
	struct store *s = v->store;
	const char *name = store_table_name(table);
	MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;
	struct file_tree tree;
	struct file_page page;
	MDB_envinfo info;
	MDB_stat stat;
	const uint8_t *at;

	if (mdb_stat(v->txn, s->dbi[table], &stat) != 0 ||
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
	t->page_size = stat.ms_psize;
	t->pages = info.me_last_pgno + 1;
	t->map = at - page.number * t->page_size;
	t->root = tree.root;
	return t->root < t->pages;
}

/* NULL: no tree to be read here. */
static const struct store_tree *
view_tree(struct store_view *v, enum store_table table)
{
	struct store_tree *t = &v->tree[table];
	uint64_t number = store_view_number(v);

	if (number == 0 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return NULL;
	if (t->of != number) {
		t->of = number;
		t->known = tree_read(t, v, table);
	}
	return t->known ? t : NULL;
}

/* --- pages ---------------------------------------------------------------- */

static const uint8_t *
entry_at(const uint8_t *page, unsigned i)
{
	uint16_t offset;

	memcpy(&offset, page + sizeof(struct file_page) + 2 * (size_t)i,
	       sizeof(offset));
	return page + offset;
}

/* False: it would not lie within the page. */
static bool
entry_read(const struct store_tree *t, const uint8_t *page, unsigned i,
	   struct file_node *node, const uint8_t **key)
{
	const uint8_t *entry = entry_at(page, i);
	const uint8_t *end = page + t->page_size;

	if (entry + sizeof(*node) > end)
		return false;
	memcpy(node, entry, sizeof(*node));
	*key = entry + sizeof(*node);
	return *key + node->key_len <= end;
}

/* The page below the entry of a branch; NULL: there cannot be one. */
static const uint8_t *
page_below(const struct store_tree *t, const uint8_t *page, unsigned i)
{
	struct file_node node;
	const uint8_t *key;
	size_t number;

	if (!entry_read(t, page, i, &node, &key))
		return NULL;
	number = (size_t)node.low | (size_t)node.high << 16 |
		 (size_t)node.flags << 32;
	return number < t->pages ? t->map + number * t->page_size : NULL;
}

/* An entry of a leaf. False: it is left to LMDB. */
static bool
leaf_read(const struct store_tree *t, const uint8_t *page, unsigned i,
	  struct store_value *key, struct store_value *value)
{
	struct file_node node;

	if (!entry_read(t, page, i, &node, &key->octets) || node.flags != 0)
		return false;
	key->len = node.key_len;
	value->octets = key->octets + key->len;
	value->len = (size_t)node.low | (size_t)node.high << 16;
	return value->len <= (size_t)(page + t->page_size - value->octets);
}

/* --- descents ------------------------------------------------------------- */

/* As memcmp, the shorter one first. */
static int
key_order(const struct descent *d, const uint8_t *b, size_t b_len)
{
	size_t a_len = d->key_len, both = a_len < b_len ? a_len : b_len;
	int order = memcmp(d->key, b, both);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Asks for what the step after the next one may look at: the middles of both
 * halves. Branches are few and near. */
static void
descent_ahead(const struct descent *d)
{
	unsigned half = d->count / 2, rest = d->count - half;

	if (d->branch) {
		if (d->count > 0)
			__builtin_prefetch(entry_at(d->page, d->low + half));
		return;
	}
	if (half > 0)
		__builtin_prefetch(entry_at(d->page, d->low + half / 2));
	if (rest > 1)
		__builtin_prefetch(
			entry_at(d->page, d->low + half + 1 + (rest - 1) / 2));
}

/* In a branch, entry 0 has no key: it is below all. False: nothing is there to
 * be looked at. */
static bool
descent_enter(const struct store_tree *t, struct descent *d)
{
	struct file_page page;

	if (d->page == NULL)
		return false;
	memcpy(&page, d->page, sizeof(page));
	d->branch = (page.flags & FILE_BRANCH) != 0;
	d->low = d->branch;
	d->found = false;
	d->entries = 0;
	if (page.lower >= sizeof(page) && page.lower <= t->page_size)
		d->entries = (page.lower - (unsigned)sizeof(page)) / 2;
	if (d->entries <= d->low) {
		d->page = NULL;
		return false;
	}
	d->count = d->entries - d->low;
	if (!d->branch)
		__builtin_prefetch(entry_at(d->page, d->low + d->count / 2));
	descent_ahead(d);
	return true;
}

/* Whether what is looked for is behind the entry, or is it; false as well if
 * the entry is odd: then there is no page any more. */
static bool
descent_reaches(const struct store_tree *t, struct descent *d, unsigned i)
{
	struct file_node node;
	const uint8_t *key;
	int order;

	if (!entry_read(t, d->page, i, &node, &key)) {
		d->page = NULL;
		return false;
	}
	order = key_order(d, key, node.key_len);
	d->found = order == 0 && !d->branch;
	return order >= 0;
}

/* The same by the first octets alone. Most keys of a table are of one zone,
 * whose number they begin with, and the octets behind it tell them apart. False
 * if these do not. */
static bool
heads_differ(const struct store_tree *t, const struct descent *d,
	     const uint8_t *entry, bool *reaches)
{
	const uint8_t *key = entry + sizeof(struct file_node);
	struct file_node node;
	uint64_t other;
	uint32_t id;

	if (!d->numbers || key + KEY_HEAD > d->page + t->page_size)
		return false;
	memcpy(&node, entry, sizeof(node));
	memcpy(&id, key, sizeof(id));
	other = get64(key + sizeof(id));
	*reaches = d->head > other;
	return id == d->id && node.key_len >= KEY_HEAD && other != d->head;
}

/* Halves what is left; false if nothing is. */
static bool
descent_step(const struct store_tree *t, struct descent *d)
{
	unsigned half = d->count / 2, at = d->low + half;
	bool reaches;

	if (!heads_differ(t, d, entry_at(d->page, at), &reaches)) {
		reaches = descent_reaches(t, d, at);
		if (d->page == NULL)
			return false;
		if (d->found) {
			d->low = at;
			return false;
		}
	}
	/* a guess which half it is would be wrong every other time */
	d->low = reaches ? at + 1 : d->low;
	d->count = reaches ? d->count - half - 1 : half;
	descent_ahead(d);
	return d->count > 0;
}

/* From a branch to the page below, which holds what is before entry `low`. The
 * header is read next, and then where the entries of a page are. */
static void
descent_down(const struct store_tree *t, struct descent *d)
{
	if (d->page == NULL || !d->branch)
		return;
	if (d->low < d->entries) {
		d->right = d->page;
		d->right_at = d->low;
	}
	d->page = page_below(t, d->page, d->low - 1);
	for (unsigned i = 0; d->page != NULL && i < PAGE_LINES; i++)
		__builtin_prefetch(d->page + 64 * (size_t)i);
}

/* Whether the next entry is on this page, and its key does not begin with what
 * was looked for. */
static bool
descent_barren(const struct store_tree *t, const struct descent *d)
{
	struct file_node node;
	const uint8_t *key;

	return d->low + 1 < d->entries &&
	       entry_read(t, d->page, d->low + 1, &node, &key) &&
	       (node.key_len < d->key_len ||
		memcmp(key, d->key, d->key_len) != 0);
}

/* All descents through one level of the tree; false: the leaves are done. */
static bool
level_walk(const struct store_tree *t, struct descent *all, unsigned n)
{
	struct descent *going[STORE_MANY_MAX];
	unsigned left = 0;
	bool branch = false;

	for (unsigned i = 0; i < n; i++) {
		going[left] = &all[i];
		left += descent_enter(t, &all[i]);
	}
	while (left > 0) {
		unsigned before = left;

		left = 0;
		for (unsigned i = 0; i < before; i++) {
			going[left] = going[i];
			left += descent_step(t, going[i]);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		branch = branch || (all[i].page != NULL && all[i].branch);
		descent_down(t, &all[i]);
	}
	return branch;
}

/* Side by side, from the root to the leaves; false: the tree is broken. */
static bool
descend(const struct store_tree *t, struct descent *all, unsigned n)
{
	unsigned depth = 0;

	must(n <= STORE_MANY_MAX);
	for (unsigned i = 0; i < n; i++) {
		all[i].numbers = all[i].key_len >= KEY_HEAD;
		if (all[i].numbers) {
			memcpy(&all[i].id, all[i].key, sizeof(all[i].id));
			all[i].head = get64(all[i].key + sizeof(all[i].id));
		}
		all[i].page = t->map + t->root * t->page_size;
		all[i].right = NULL;
	}
	while (level_walk(t, all, n))
		if (++depth == FILE_DEPTH_MAX)
			return false;
	return true;
}

/* --- keys ----------------------------------------------------------------- */

static void
wanted_take(const struct store_tree *t, const struct descent *d,
	    struct store_wanted *wanted)
{
	struct store_value key, value;

	if (d->page == NULL || d->branch || !d->found ||
	    !leaf_read(t, d->page, d->low, &key, &value))
		return;
	wanted->value = value;
	wanted->barren = descent_barren(t, d);
	for (size_t at = 0; at < value.len; at += 64)
		__builtin_prefetch(value.octets + at);
}

void
store_get_many(struct store_view *v, struct store_wanted *wanted, unsigned n)
{
	struct descent all[STORE_MANY_MAX];
	const struct store_tree *t;

	for (unsigned i = 0; i < n; i++) {
		wanted[i].value = (struct store_value){0};
		wanted[i].barren = false;
		all[i].key = wanted[i].key;
		all[i].key_len = wanted[i].key_len;
	}
	t = n > 0 ? view_tree(v, STORE_NODES) : NULL;
	if (t == NULL || !descend(t, all, n))
		return;
	for (unsigned i = 0; i < n; i++)
		wanted_take(t, &all[i], &wanted[i]);
	for (unsigned i = 0; i < n; i++)
		if (wanted[i].value.octets != NULL)
			view_hands_out(v, STORE_NODES, wanted[i].key,
				       wanted[i].key_len);
}

/* --- runs ----------------------------------------------------------------- */

/* To the leaf behind the one that a descent led to. */
static void
leaf_behind(const struct store_tree *t, struct descent *d)
{
	unsigned below = d->right_at;

	d->page = d->right;
	for (unsigned depth = 0; d->page != NULL; depth++) {
		d->page = depth < FILE_DEPTH_MAX ? page_below(t, d->page, below)
						 : NULL;
		descent_enter(t, d);
		if (!d->branch)
			break;
		below = 0;
	}
	d->low = 0;
}

/* Whether all that is left of the run's page belongs to it: if what begins the
 * next page does. */
static bool
page_is_within(const struct store_tree *t, const struct store_run *r,
	       const struct descent *d)
{
	struct file_node node;
	const uint8_t *key;

	return d->right != NULL &&
	       entry_read(t, d->right, d->right_at, &node, &key) &&
	       key_has_prefix(key, node.key_len, r->key, r->prefix_len);
}

/* Where a run stands after a descent to its key, or to the one it gave last. */
static void
run_place(const struct store_tree *t, struct store_run *r, struct descent *d)
{
	r->sure = 0;
	if (d->branch)
		d->page = NULL;
	if (d->page != NULL) {
		d->low += r->last != NULL && d->found;
		if (d->low == d->entries && d->right == NULL)
			r->ended = true;
		else if (d->low == d->entries)
			leaf_behind(t, d);
		else if (page_is_within(t, r, d))
			r->sure = d->entries;
	}
	r->page = d->page;
	r->at = d->low;
	r->entries = d->entries;
}

/* Asks for the k-th entry from now. */
static void
run_ahead(const struct store_run *r, unsigned k)
{
	if (r->page != NULL && r->at + k < r->entries)
		__builtin_prefetch(entry_at(r->page, r->at + k));
}

void
store_runs_start(struct store_view *v, enum store_table table,
		 struct store_run *runs, unsigned n)
{
	struct descent all[STORE_MANY_MAX];
	const struct store_tree *t = n > 0 ? view_tree(v, table) : NULL;

	for (unsigned i = 0; i < n; i++) {
		must(runs[i].prefix_len <= runs[i].key_len);
		runs[i].page = runs[i].last = NULL;
		runs[i].sure = runs[i].at = 0;
		runs[i].ended = false;
		all[i].key = runs[i].key;
		all[i].key_len = runs[i].key_len;
	}
	if (t == NULL || !descend(t, all, n))
		return;
	for (unsigned i = 0; i < n; i++) {
		run_place(t, &runs[i], &all[i]);
		for (unsigned k = 0; k < ENTRIES_AHEAD; k++)
			run_ahead(&runs[i], k);
	}
}

/* On to the next leaf. False: left to LMDB. */
static bool
run_turn(const struct store_tree *t, struct store_run *r)
{
	struct descent d = {.key = r->last, .key_len = r->last_len};

	if (!descend(t, &d, 1))
		return false;
	run_place(t, r, &d);
	return r->page != NULL;
}

/* As store_next_within(), but from any place. */
static enum err
run_seek(struct store_view *v, enum store_table table, struct store_run *r,
	 struct store_value *key, struct store_value *value)
{
	enum err e;

	if (r->last == NULL)
		return store_seek_within(v, table, r->key, r->key_len,
					 r->prefix_len, key, value);
	e = store_seek_within(v, table, r->last, r->last_len, r->prefix_len,
			      key, value);
	if (e == ERR_OK && key->len == r->last_len &&
	    memcmp(key->octets, r->last, r->last_len) == 0)
		e = store_next_within(v, table, r->key, r->prefix_len, key,
				      value);
	return e;
}

/* An entry that may be on another page, or none of the run's. */
static enum err
run_on(struct store_view *v, enum store_table table, struct store_run *r,
       struct store_value *key, struct store_value *value)
{
	const struct store_tree *t = &v->tree[table];

	if (!r->ended && r->page != NULL && r->at == r->entries &&
	    !run_turn(t, r))
		r->page = NULL;
	if (r->ended)
		return ERR_NOTFOUND;
	if (r->page == NULL || !leaf_read(t, r->page, r->at++, key, value)) {
		enum err e = run_seek(v, table, r, key, value);

		if (e != ERR_OK)
			return e;
	}
	if (!key_has_prefix(key->octets, key->len, r->key, r->prefix_len)) {
		r->ended = true;
		return ERR_NOTFOUND;
	}
	return ERR_OK;
}

enum err
store_run_next(struct store_view *v, enum store_table table,
	       struct store_run *r, struct store_value *found_key,
	       struct store_value *value)
{
	if (r->at < r->sure &&
	    leaf_read(&v->tree[table], r->page, r->at, found_key, value)) {
		r->at++;
		run_ahead(r, ENTRIES_AHEAD);
	} else {
		enum err e = run_on(v, table, r, found_key, value);

		if (e != ERR_OK)
			return e;
	}
	view_hands_out(v, table, found_key->octets, found_key->len);
	r->last = found_key->octets;
	r->last_len = found_key->len;
	return ERR_OK;
}
