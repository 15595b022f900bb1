/* The store: reading, writing, ids, tags, erasing. */
#include "tests/unit/store_fixture.h"

TestSuite(store, .init = set_up, .fini = tear_down);

/* --- reading -------------------------------------------------------------- */

Test(store, reader_sees_the_snapshot_it_began_with)
{
	struct store_view *v;
	struct store_value value;
	uint64_t number;

	open_plain();
	put_committed("lamp", "on");
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	number = store_view_number(v);
	put_committed("lamp", "off");
	cr_assert_eq(store_get(v, STORE_NODES, "lamp", 4, &value), ERR_OK);
	cr_assert(is(value, "on"));
	cr_assert_eq(store_view_number(v), number);
	store_reader_end(v);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_get(v, STORE_NODES, "lamp", 4, &value), ERR_OK);
	cr_assert(is(value, "off"));
	cr_assert_neq(store_view_number(v), number);
	store_reader_end(v);
	store_reader_free(v);
}

Test(store, snapshot_without_a_commit_between_has_the_same_number)
{
	struct store_view *v;
	struct store_txn *t;
	uint64_t number;

	open_plain();
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	number = store_view_number(v);
	cr_assert_neq(number, 0);
	store_reader_end(v);
	t = begin();
	put(t, "lamp", "on");
	store_txn_abort(t);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_view_number(v), number);
	store_reader_end(v);
	store_reader_free(v);
}

Test(store, write_view_sees_what_was_written_and_has_no_number)
{
	struct store_txn *t;
	struct store_value key, value;
	struct store_view *v;

	open_plain();
	t = begin();
	v = store_txn_view(t);
	put(t, "lamp", "on");
	cr_assert_eq(store_view_number(v), 0);
	cr_assert_eq(store_get(v, STORE_NODES, "lamp", 4, &value), ERR_OK);
	cr_assert(is(value, "on"));
	cr_assert_str_eq(committed("lamp"), "");
	put(t, "light", "off");
	cr_assert_eq(store_seek(v, STORE_NODES, "lb", 2, &key, &value), ERR_OK);
	cr_assert(is(key, "light"));
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_str_eq(committed("light"), "off");
}

Test(store, aborted_leaves_no_trace)
{
	struct store_txn *t;

	open_plain();
	put_committed("lamp", "on");
	t = begin();
	put(t, "lamp", "off");
	cr_assert_eq(store_delete(t, STORE_NODES, "lamp", 4), ERR_OK);
	store_txn_abort(t);
	cr_assert_str_eq(committed("lamp"), "on");
}

Test(store, seek_finds_the_key_or_its_successor_and_moves_both_ways)
{
	struct store_view *v;
	struct store_value k, val;

	open_plain();
	put_committed("b", "1");
	put_committed("d", "2");
	put_committed("f", "3");
	v = store_reader_new(s);
	for (int round = 0; round < 2; round++) { /* cursors are renewed */
		cr_assert_eq(store_reader_begin(v), ERR_OK);
		cr_assert_eq(store_seek(v, STORE_NODES, "d", 1, &k, &val),
			     ERR_OK);
		cr_assert(is(k, "d") && is(val, "2"));
		cr_assert_eq(store_seek(v, STORE_NODES, "c", 1, &k, NULL),
			     ERR_OK);
		cr_assert(is(k, "d"));
		cr_assert_eq(store_prev(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert(is(k, "b"));
		cr_assert_eq(store_prev(v, STORE_NODES, &k, NULL),
			     ERR_NOTFOUND);
		cr_assert_eq(store_prev(v, STORE_NODES, &k, NULL),
			     ERR_NOTFOUND);
		cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert(is(k, "b"));
		cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert(is(k, "f"));
		cr_assert_eq(store_next(v, STORE_NODES, &k, NULL),
			     ERR_NOTFOUND);
		cr_assert_eq(store_next(v, STORE_NODES, &k, NULL),
			     ERR_NOTFOUND);
		cr_assert_eq(store_prev(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert(is(k, "f"));
		cr_assert_eq(store_seek(v, STORE_NODES, "g", 1, &k, NULL),
			     ERR_NOTFOUND);
		cr_assert_eq(store_prev(v, STORE_NODES, &k, NULL), ERR_OK);
		cr_assert(is(k, "f"));
		cr_assert_eq(store_seek(v, STORE_NODES, "", 0, &k, NULL),
			     ERR_OK);
		cr_assert(is(k, "b"));
		store_reader_end(v);
	}
	store_reader_free(v);
}

Test(store, cursor_follows_its_reader_to_the_next_snapshot)
{
	struct store_view *v;
	struct store_value k;

	open_plain();
	put_committed("b", "1");
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_seek(v, STORE_NODES, "b", 1, &k, NULL), ERR_OK);
	cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_NOTFOUND);
	store_reader_end(v);
	put_committed("c", "2");
	put_committed("a", "0");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_OK);
	cr_assert(is(k, "a"));
	store_reader_end(v);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_seek(v, STORE_NODES, "bb", 2, &k, NULL), ERR_OK);
	cr_assert(is(k, "c"));
	store_reader_free(v);
}

Test(store, get_leaves_the_cursor_where_it_is)
{
	struct store_view *v;
	struct store_value k, val;

	open_plain();
	put_committed("b", "1");
	put_committed("d", "2");
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_seek(v, STORE_NODES, "b", 1, &k, NULL), ERR_OK);
	cr_assert_eq(store_get(v, STORE_NODES, "d", 1, &val), ERR_OK);
	cr_assert_eq(store_get(v, STORE_NODES, "x", 1, &val), ERR_NOTFOUND);
	cr_assert_eq(store_next(v, STORE_NODES, &k, NULL), ERR_OK);
	cr_assert(is(k, "d"));
	store_reader_free(v);
}

/* --- the file ------------------------------------------------------------- */

static off_t
file_size(void)
{
	struct stat st;

	cr_assert_eq(stat(file, &st), 0);
	return st.st_size;
}

Test(store, file_grows_in_steps_and_ends_without_what_it_does_not_use)
{
	static uint8_t value[1000];
	struct store_usage usage;
	unsigned steps = 0;
	off_t size, before;

	open_plain();
	before = file_size();
	for (uint64_t i = 0; i < 400; i++) {
		struct store_txn *t = begin();

		cr_assert_eq(store_put(t, STORE_NODES, &i, sizeof(i), value,
				       sizeof(value)),
			     ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
		size = file_size();
		steps += size != before;
		before = size;
	}
	cr_assert_gt(steps, 0);
	cr_assert_lt(steps, 5, "400 kB in %u steps", steps);
	cr_assert_eq(store_usage(s, &usage), ERR_OK);
	cr_assert_gt((uint64_t)file_size(), usage.file_octets);
	store_close(s);
	cr_assert_eq((uint64_t)file_size(), usage.file_octets);
	open_plain();
}

/* --- many at once --------------------------------------------------------- */

#define MANY 3000

/* Keys of every length that begin alike; every 50th value is a large one. */
static size_t
many_key(uint8_t *key, unsigned i)
{
	size_t len = 4 + i * 7 % 90;

	memset(key, 'k', len);
	key[len - 4] = (uint8_t)(i * 37);
	key[len - 3] = (uint8_t)(i >> 8);
	key[len - 2] = (uint8_t)i;
	key[len - 1] = 0;
	return len;
}

static void
many_put(struct store_txn *t, unsigned i, const char *text)
{
	static uint8_t value[9000];
	uint8_t key[100];

	memset(value, (int)i, sizeof(value));
	strcpy((char *)value, text);
	cr_assert_eq(store_put(t, STORE_NODES, key, many_key(key, i), value,
			       i % 50 == 0 ? sizeof(value) : 20 + i % 200),
		     ERR_OK);
}

/* Of n keys from `first` on, those that store_get_many() found; each is what
 * get() finds, too. */
static unsigned
many_found(struct store_view *v, unsigned first, unsigned n)
{
	static uint8_t keys[STORE_MANY_MAX][100];
	struct store_wanted wanted[STORE_MANY_MAX];
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		wanted[i] = (struct store_wanted){
			.key = keys[i],
			.key_len = many_key(keys[i], first + i),
		};
	store_get_many(v, wanted, n);
	for (unsigned i = 0; i < n; i++) {
		struct store_value value;

		if (wanted[i].value.octets == NULL)
			continue;
		found++;
		cr_assert_eq(store_get(v, STORE_NODES, keys[i],
				       wanted[i].key_len, &value),
			     ERR_OK);
		cr_assert_eq(wanted[i].value.octets, value.octets);
		cr_assert_eq(wanted[i].value.len, value.len);
	}
	return found;
}

Test(store, many_keys_at_once_are_found_as_one_by_one)
{
	struct store_view *v;
	struct store_txn *t;
	unsigned found = 0;

	open_plain();
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(many_found(v, 0, 3), 0, "an empty table");
	store_reader_end(v);
	t = begin();
	for (unsigned i = 0; i < MANY; i++)
		many_put(t, i, "first");
	cr_assert_eq(many_found(store_txn_view(t), 1, 1), 0,
		     "not while it is being written");
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	for (unsigned i = 0; i < MANY; i += 60)
		found += many_found(v, i, 60);
	/* all but the large values, which stand on pages of their own */
	cr_assert_eq(found, MANY - MANY / 50);
	cr_assert_eq(many_found(v, MANY, STORE_MANY_MAX), 0);
	cr_assert_eq(many_found(v, MANY - 1, 2), 1);
	cr_assert_eq(many_found(v, 0, 0), 0);
	store_reader_end(v);
	store_reader_free(v);
}

/* All that a run from that key on gives, against store_seek() and _next(). */
static unsigned
run_read(struct store_view *v, struct store_run *run)
{
	struct store_value key, value, key_one, value_one;
	enum err e = store_seek_within(v, STORE_NODES, run->key, run->key_len,
				       run->prefix_len, &key_one, &value_one);
	unsigned n = 0;

	while (store_run_next(v, STORE_NODES, run, &key, &value) == ERR_OK) {
		cr_assert_eq(e, ERR_OK);
		cr_assert_eq(key.octets, key_one.octets);
		cr_assert_eq(key.len, key_one.len);
		cr_assert_eq(value.octets, value_one.octets);
		cr_assert_eq(value.len, value_one.len);
		n++;
		/* the run may have moved the cursor */
		cr_assert_eq(store_seek(v, STORE_NODES, key.octets, key.len,
					&key_one, &value_one),
			     ERR_OK);
		e = store_next_within(v, STORE_NODES, run->key, run->prefix_len,
				      &key_one, &value_one);
	}
	cr_assert_eq(e, ERR_NOTFOUND);
	cr_assert_eq(store_run_next(v, STORE_NODES, run, &key, &value),
		     ERR_NOTFOUND, "and so it stays");
	return n;
}

static void
runs_read(struct store_view *v)
{
	static uint8_t keys[STORE_MANY_MAX][100];
	struct store_run runs[STORE_MANY_MAX];

	for (unsigned i = 0; i < MANY; i += 300) {
		for (unsigned k = 0; k < 3; k++) {
			runs[k].key = keys[k];
			runs[k].key_len = many_key(keys[k], i + k);
			/* to the end of the table, of a page, of itself */
			runs[k].prefix_len = 1 + (runs[k].key_len - 1) * k / 2;
		}
		store_runs_start(v, STORE_NODES, runs, 3);
		for (unsigned k = 0; k < 3; k++)
			cr_assert_gt(run_read(v, &runs[k]), 0);
	}
	/* from one on that is not there: before, between and behind all */
	for (unsigned k = 0; k < 3; k++) {
		runs[k].key = (const uint8_t *)"\0k\377" + k;
		runs[k].key_len = 1;
		runs[k].prefix_len = 0;
	}
	store_runs_start(v, STORE_NODES, runs, 3);
	cr_assert_eq(run_read(v, &runs[0]), MANY);
	cr_assert_gt(run_read(v, &runs[1]), 0);
	cr_assert_eq(run_read(v, &runs[2]), 0);
	store_runs_start(v, STORE_NODES, NULL, 0);
}

Test(store, runs_give_what_one_step_after_the_other_gives)
{
	struct store_view *v;
	struct store_txn *t;
	struct store_run run = {.key = (const uint8_t *)"k", .key_len = 1};

	open_plain();
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	store_runs_start(v, STORE_NODES, &run, 1);
	cr_assert_eq(run_read(v, &run), 0, "an empty table");
	store_reader_end(v);
	t = begin();
	for (unsigned i = 0; i < MANY; i++)
		many_put(t, i, "first");
	runs_read(store_txn_view(t));
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	runs_read(v);
	store_reader_end(v);
	store_reader_free(v);
}

Test(store, of_many_keys_it_is_told_which_have_nothing_below)
{
	static const struct {
		const char *key;
		size_t len;
		bool barren;
	} all[] = {
		{"\0\0\0\1a", 6, false},       {"\0\0\0\1a\0b", 8, false},
		{"\0\0\0\1a\0b\0c", 10, true}, {"\0\0\0\1ab", 7, true},
		{"\0\0\0\1b", 6, true},	       {"\0\0\0\1c", 6, false},
		{"\0\0\0\1c\0_x", 9, false}, /* nothing behind it */
	};
	struct store_wanted wanted[ARRAY_LEN(all)];
	struct store_view *v;
	struct store_txn *t;

	open_plain();
	t = begin();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		wanted[i] = (struct store_wanted){
			.key = (const uint8_t *)all[i].key,
			.key_len = all[i].len,
		};
		cr_assert_eq(store_put(t, STORE_NODES, all[i].key, all[i].len,
				       "v", 1),
			     ERR_OK);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	store_get_many(v, wanted, ARRAY_LEN(all));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		cr_assert_not_null(wanted[i].value.octets);
		cr_assert_eq(wanted[i].barren, all[i].barren, "%zu", i);
	}
	store_reader_end(v);
	store_reader_free(v);
}

Test(store, many_keys_at_once_are_those_of_the_readers_snapshot)
{
	struct store_wanted wanted;
	struct store_view *v, *after;
	struct store_txn *t;
	uint8_t key[100];

	open_plain();
	t = begin();
	for (unsigned i = 0; i < MANY; i++)
		many_put(t, i, "first");
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	v = store_reader_new(s);
	after = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	wanted.key = key;
	for (unsigned i = 1; i < MANY; i += 101) {
		wanted.key_len = many_key(key, i);
		t = begin();
		many_put(t, i, "second");
		cr_assert_eq(store_txn_commit(t), ERR_OK);
		store_get_many(v, &wanted, 1);
		cr_assert_str_eq((const char *)wanted.value.octets, "first");
		cr_assert_eq(store_reader_begin(after), ERR_OK);
		store_get_many(after, &wanted, 1);
		cr_assert_str_eq((const char *)wanted.value.octets, "second");
		store_reader_end(after);
	}
	store_reader_end(v);
	store_reader_free(v);
	store_reader_free(after);
}

Test(store, prev_in_an_empty_table_finds_nothing)
{
	struct store_view *v;
	struct store_value k;

	open_plain();
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_seek(v, STORE_JOURNAL, "b", 1, &k, NULL),
		     ERR_NOTFOUND);
	cr_assert_eq(store_prev(v, STORE_JOURNAL, &k, NULL), ERR_NOTFOUND);
	store_reader_free(v);
}

Test(store, gives_no_more_readers_than_were_asked_for)
{
	struct store_view *v[5];

	open_plain();
	for (int i = 0; i < 4; i++)
		cr_assert_not_null(v[i] = store_reader_new(s));
	cr_assert_null(store_reader_new(s));
	store_reader_free(v[0]);
	cr_assert_not_null(v[0] = store_reader_new(s));
	for (int i = 0; i < 4; i++)
		store_reader_free(v[i]);
}

/* --- writing -------------------------------------------------------------- */

Test(store, delete_tells_what_is_not_there_and_goes_on)
{
	struct store_txn *t;

	open_plain();
	put_committed("lamp", "on");
	t = begin();
	cr_assert_eq(store_delete(t, STORE_NODES, "light", 5), ERR_NOTFOUND);
	cr_assert_eq(store_delete(t, STORE_NODES, "lamp", 4), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_str_eq(committed("lamp"), "");
}

Test(store, put_new_leaves_what_is_there_and_tells_it)
{
	struct store_txn *t;
	struct store_value old;

	open_plain();
	put_committed("lamp", "on");
	t = begin();
	cr_assert_eq(store_put_new(t, STORE_NODES, "lamp", 4, "off", 3, &old),
		     ERR_EXISTS);
	cr_assert_eq(old.len, 2);
	cr_assert_arr_eq(old.octets, "on", 2);
	cr_assert_eq(store_put_new(t, STORE_NODES, "light", 5, "off", 3, &old),
		     ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_str_eq(committed("lamp"), "on");
	cr_assert_str_eq(committed("light"), "off");
}

Test(store, append_takes_keys_in_any_order)
{
	static const char *const keys[] = {"b", "d", "c", "d", "a", "e"};
	struct store_txn *t;

	open_plain();
	t = begin();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		cr_assert_eq(store_append(t, STORE_NODES, keys[i], 1,
					  i == 3 ? "new" : keys[i],
					  i == 3 ? 3 : 1),
			     ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_str_eq(committed("a"), "a");
	cr_assert_str_eq(committed("c"), "c");
	cr_assert_str_eq(committed("d"), "new");
	cr_assert_str_eq(committed("e"), "e");
}

/* --- ids and tags --------------------------------------------------------- */

Test(store, zone_id_is_never_given_twice)
{
	uint32_t id, last = 0;

	for (int round = 0; round < 5; round++) {
		struct store_txn *t;

		open_plain();
		t = begin();
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(store_new_zone_id(t, &id), ERR_OK);
			cr_assert_gt(id, last);
			last = id;
		}
		cr_assert_eq(store_erase_later(t, id), ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
		for (bool more = true; more;) {
			t = begin();
			cr_assert_eq(store_erase_slice(t, 10, &more), ERR_OK);
			cr_assert_eq(store_txn_commit(t), ERR_OK);
		}
		close_store();
	}
}

Test(store, key_tag_is_the_same_for_the_same_name_in_any_case)
{
	static const uint8_t room[] = "\010room-key", upper[] = "\010ROOM-Key";
	static const uint8_t other[] = "\5other";
	uint8_t name[NAME_WIRE_MAX];
	struct store_txn *t;
	struct store_view *v;
	uint16_t a, b, c;

	open_plain();
	t = begin();
	cr_assert_eq(store_key_tag(t, room, &a), ERR_OK);
	cr_assert_eq(store_key_tag(t, other, &b), ERR_OK);
	cr_assert_eq(store_key_tag(t, upper, &c), ERR_OK);
	cr_assert_neq(a, 0);
	cr_assert_neq(b, 0);
	cr_assert_neq(a, b);
	cr_assert_eq(a, c);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	close_store();
	open_plain();
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert(store_key_name(v, a, name));
	cr_assert(name_equal(name, room));
	cr_assert(store_key_name(v, b, name));
	cr_assert(name_equal(name, other));
	cr_assert_not(store_key_name(v, 77, name));
	cr_assert(name_is_root(name));
	cr_assert_not(store_key_name(v, 0, name));
	store_reader_free(v);
}

Test(store, key_tags_run_out_with_a_clear_end)
{
	struct store_txn *t;
	uint16_t tag;
	uint8_t name[NAME_WIRE_MAX];
	char text[16];

	open_plain();
	t = begin();
	for (unsigned i = 1; i <= 65536; i++) {
		snprintf(text, sizeof(text), "%u.", i);
		cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
		if (i > 65535)
			break;
		cr_assert_eq(store_key_tag(t, name, &tag), ERR_OK);
		cr_assert_eq(tag, i);
	}
	cr_assert_eq(store_key_tag(t, name, &tag), ERR_FULL);
	store_txn_abort(t);
}

/* --- erasing -------------------------------------------------------------- */

Test(store, erases_an_id_in_slices_and_nothing_else)
{
	struct store_txn *t;
	unsigned slices = 0;
	bool more = true;

	open_plain();
	t = begin();
	for (uint32_t id = 1; id <= 3; id++) {
		put_entries(t, STORE_NODES, id, 25);
		put_entries(t, STORE_JOURNAL, id, 12);
	}
	cr_assert_eq(store_erase_later(t, 2), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);

	while (more) {
		unsigned before = count_entries(STORE_NODES, 2) +
				  count_entries(STORE_JOURNAL, 2);
		unsigned after;

		t = begin();
		cr_assert_eq(store_erase_slice(t, 10, &more), ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
		after = count_entries(STORE_NODES, 2) +
			count_entries(STORE_JOURNAL, 2);
		cr_assert_leq(before - after, 10);
		cr_assert_lt(++slices, 10);
		close_store(); /* the list survives */
		open_plain();
	}
	cr_assert_eq(slices, 4);
	cr_assert_eq(count_entries(STORE_NODES, 2), 0);
	cr_assert_eq(count_entries(STORE_JOURNAL, 2), 0);
	cr_assert_eq(count_entries(STORE_NODES, 1), 25);
	cr_assert_eq(count_entries(STORE_NODES, 3), 25);
	cr_assert_eq(count_entries(STORE_JOURNAL, 1), 12);
	cr_assert_eq(count_entries(STORE_JOURNAL, 3), 12);
}

Test(store, erases_one_id_after_the_other)
{
	struct store_txn *t;
	bool more = true;

	open_plain();
	t = begin();
	put_entries(t, STORE_NODES, 1, 5);
	put_entries(t, STORE_NODES, 2, 5);
	cr_assert_eq(store_erase_later(t, 1), ERR_OK);
	cr_assert_eq(store_erase_later(t, 2), ERR_OK);
	cr_assert_eq(store_erase_slice(t, 1000, &more), ERR_OK);
	cr_assert(more);
	cr_assert_eq(store_erase_slice(t, 1000, &more), ERR_OK);
	cr_assert_not(more);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(count_entries(STORE_NODES, 1), 0);
	cr_assert_eq(count_entries(STORE_NODES, 2), 0);
}

Test(store, does_not_erase_what_was_cancelled)
{
	struct store_txn *t;
	bool more = true;

	open_plain();
	t = begin();
	put_entries(t, STORE_NODES, 1, 5);
	cr_assert_eq(store_erase_later(t, 1), ERR_OK);
	cr_assert_eq(store_erase_cancel(t, 1), ERR_OK);
	cr_assert_eq(store_erase_cancel(t, 1), ERR_NOTFOUND);
	cr_assert_eq(store_erase_slice(t, 1000, &more), ERR_OK);
	cr_assert_not(more);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(count_entries(STORE_NODES, 1), 5);
}

Test(store, a_seek_within_a_prefix_hands_out_nothing_beyond_it)
{
	struct store_value key;
	struct store_view *v;

	open_plain();
	put_committed("a1", "x");
	put_committed("b1", "x");
	put_committed("b3", "x");
	put_committed("c1", "x");
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_seek_within(v, STORE_NODES, "b2", 2, 1, &key, NULL),
		     ERR_OK);
	cr_assert(is(key, "b3"));
	cr_assert_eq(store_prev_within(v, STORE_NODES, "b", 1, &key, NULL),
		     ERR_OK);
	cr_assert(is(key, "b1"));
	cr_assert_eq(store_prev_within(v, STORE_NODES, "b", 1, &key, NULL),
		     ERR_NOTFOUND);
	cr_assert_eq(store_seek_within(v, STORE_NODES, "b4", 2, 1, &key, NULL),
		     ERR_NOTFOUND);
	cr_assert_eq(store_prev_within(v, STORE_NODES, "b", 1, &key, NULL),
		     ERR_OK, "the cursor stands behind the prefix");
	cr_assert(is(key, "b3"));
	store_reader_free(v);
}
