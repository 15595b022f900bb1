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
