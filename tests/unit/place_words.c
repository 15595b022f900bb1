#include "tests/unit/place_words.h"

#include "zones/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search_limits asked_limits = {.k = 3,
				     .k_max = 100,
				     .radius_max = SPACE_RADIUS_MAX,
				     .scan_max = 10000};
unsigned asked_room = 50;

/* --- the table ------------------------------------------------------------ */

struct entry {
	uint8_t key[PLACES_KEY_LEN];
	uint8_t *value;
	size_t len;
};

struct entries {
	struct entry *entry;
	size_t count, room;
};

/* Numbers of values with one hash go by who came first. */
static int
entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = memcmp(x->key, y->key, PLACES_KEY_LEN - 2);

	if (order == 0)
		order = (x->len > y->len) - (x->len < y->len);
	return order != 0 ? order : memcmp(x->value, y->value, x->len);
}

static void
entries_read(struct entries *l, struct store_view *v)
{
	struct store_value key, value;
	enum err e = store_seek(v, STORE_CELLS, "", 0, &key, &value);

	memset(l, 0, sizeof(*l));
	for (; e == ERR_OK; e = store_next(v, STORE_CELLS, &key, &value)) {
		struct entry *n;

		if (l->count == l->room) {
			l->room = 2 * l->room + 64;
			l->entry =
				realloc(l->entry, l->room * sizeof(*l->entry));
		}
		n = &l->entry[l->count++];
		cr_assert_eq(key.len, PLACES_KEY_LEN);
		memcpy(n->key, key.octets, key.len);
		n->len = value.len;
		n->value = malloc(value.len + 1);
		memcpy(n->value, value.octets, value.len);
	}
	cr_assert_eq(e, ERR_NOTFOUND);
	if (l->count > 0)
		qsort(l->entry, l->count, sizeof(*l->entry), entry_order);
}

static void
entries_free(struct entries *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->entry[i].value);
	free(l->entry);
}

/* What a count of 0 says is said by none, too. */
static bool
counts_nothing(const struct entry *n)
{
	if (n->key[4] != PLACES_COUNTS)
		return false;
	for (size_t i = 0; i < n->len; i++)
		if (n->value[i] != 0)
			return false;
	return true;
}

static void
entries_prune(struct entries *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (counts_nothing(&l->entry[i]))
			free(l->entry[i].value);
		else
			l->entry[kept++] = l->entry[i];
	l->count = kept;
}

size_t
cells_are_true(void)
{
	struct entries is, should;
	struct store_txn *t;
	size_t count;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	entries_read(&is, store_txn_view(t));
	for (size_t i = 0; i < is.count; i++)
		cr_assert_eq(store_delete(t, STORE_CELLS, is.entry[i].key,
					  PLACES_KEY_LEN),
			     ERR_OK);
	cr_assert_eq(places_fill(t), ERR_OK);
	entries_read(&should, store_txn_view(t));
	store_txn_abort(t);
	entries_prune(&is);
	cr_assert_eq(is.count, should.count, "%zu entries, not %zu", is.count,
		     should.count);
	for (size_t i = 0; i < is.count; i++)
		cr_assert_eq(entry_order(&is.entry[i], &should.entry[i]), 0,
			     "entry %zu", i);
	count = is.count;
	entries_free(&is);
	entries_free(&should);
	return count;
}

size_t
cells_count(void)
{
	struct entries is;
	struct store_txn *t;
	size_t count;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	entries_read(&is, store_txn_view(t));
	store_txn_abort(t);
	count = is.count;
	entries_free(&is);
	return count;
}

/* --- questions ------------------------------------------------------------ */

/* Without the apex and the final dots. */
static void
show_name(char *to, const uint8_t *name)
{
	char *end;

	name_to_text(to, name);
	end = strstr(to, ".house.");
	if (end != NULL)
		*end = '\0';
}

static const char *
ask(const char *question, bool outside)
{
	static uint8_t space[1 << 16];
	static char text[1 << 14];
	static struct search_hit hits[1000];
	struct store_view *v = store_reader_new(store);
	struct zone_facts facts = {.outside = outside};
	char why[SPACE_WHY_MAX], shown[NAME_TEXT_MAX];
	struct space_question q;
	struct arena arena;
	struct search s = {.view = v,
			   .zone = &facts,
			   .limits = &asked_limits,
			   .arena = &arena,
			   .names = &arena,
			   .hits = hits,
			   .room = asked_room};
	size_t n = 0;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&facts, v, apex), ERR_OK);
	cr_assert_eq(space_question_parse(&q, name_of(question), apex, why),
		     SPACE_VALID, "%s", why);
	store_view_watch(v, facts.record.id);
	arena_init_fixed(&arena, space, sizeof(space));
	cr_assert_eq(search_run(&s, &q), ERR_OK);
	cr_assert_eq(store_view_strayed(v), 0, "another zone's entries");
	cr_assert_leq(s.scanned, asked_limits.scan_max);
	text[0] = '\0';
	for (unsigned i = 0; i < s.count; i++) {
		show_name(shown, s.hits[i].name);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %.2f\n",
				      shown, (double)s.hits[i].distance / 1000);
	}
	if (s.more)
		snprintf(text + n, sizeof(text) - n, "...\n");
	store_reader_end(v);
	store_reader_free(v);
	return text;
}

const char *
asked(const char *question)
{
	return ask(question, false);
}

const char *
asked_outside(const char *question)
{
	return ask(question, true);
}
