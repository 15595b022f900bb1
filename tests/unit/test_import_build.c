/*
 * Imports that are built beside the zone, slice by slice, while edits go on.
 */
#include "tests/unit/import_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(import_build, .init = open_empty, .fini = close_store);

/* --- words ---------------------------------------------------------------- */

static struct import_build *
build_begin(const struct import_set *s, bool replace)
{
	struct import_build *b = import_build_new(s, replace, &limits);
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(import_build_begin(b, t, &diag), ERR_OK, "%s", diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	return b;
}

static enum err
build_slice(struct import_build *b, bool *more, bool commit)
{
	struct store_txn *t;
	enum err e;

	diag.text[0] = '\0';
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	e = import_build_slice(b, t, more, &diag);
	if (commit)
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	else
		store_txn_abort(t);
	return e;
}

static enum err
build_finish(struct import_build *b)
{
	struct store_txn *t;
	enum err e;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	e = import_build_finish(b, t, 1764000000, "file big", &result);
	cr_assert_not(result.spoilt);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	kept = import_build_kept(b);
	return e;
}

/* Slices to the end, edits of the caller's between them. */
static void
build_slices(struct import_build *b, void (*between)(unsigned slice))
{
	bool more = true;

	for (unsigned i = 0; more; i++) {
		cr_assert_eq(build_slice(b, &more, true), ERR_OK, "%s",
			     diag.text);
		if (between)
			between(i);
	}
}

static void
build(const char *text, bool replace, void (*between)(unsigned slice))
{
	struct import_set s = set_of(text);
	struct import_build *b = build_begin(&s, replace);

	build_slices(b, between);
	cr_assert_eq(build_finish(b), ERR_OK, "%s", result.diag.text);
	import_build_free(b);
	import_set_free(&s);
}

/* Entries under any zone id, and erase and build marks. */
static unsigned
store_entries(enum store_table table, const char *prefix)
{
	struct store_view *v = store_reader_new(store);
	struct store_value key, value;
	size_t len = strlen(prefix);
	unsigned n = 0;
	enum err e;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	e = store_seek(v, table, len ? prefix : "\0", len ? len : 1, &key,
		       &value);
	for (; e == ERR_OK; e = store_next(v, table, &key, &value))
		n += key.len >= len && memcmp(key.octets, prefix, len) == 0;
	store_reader_free(v);
	return n;
}

static unsigned
store_entries_of(uint32_t id)
{
	struct store_view *v = store_reader_new(store);
	struct store_value key;
	unsigned n = 0;
	uint8_t from[4];
	enum err e;

	put32(from, id);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	e = store_seek(v, STORE_NODES, from, sizeof(from), &key, NULL);
	for (; e == ERR_OK && get32(key.octets) == id; n++)
		e = store_next(v, STORE_NODES, &key, NULL);
	store_reader_free(v);
	return n;
}

static void
erase_all(void)
{
	struct store_txn *t;
	bool more = true;

	while (more) {
		cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
		cr_assert_eq(store_erase_slice(t, 1000, &more), ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
}

/* A file with `count` hosts from `first` on. */
static char *
many(unsigned first, unsigned count)
{
	char *text, *p;

	p = text = malloc(256 + count * 40u);
	p += sprintf(p, APEX "*.w TXT x\ncut NS ns1\nd DNAME cut\n");
	for (unsigned i = first; i < first + count; i++)
		p += sprintf(p, "h%05u A 10.%u.%u.%u\n", i, i >> 16,
			     i >> 8 & 255, i & 255);
	return text;
}

Test(import_build, equals_a_direct_import)
{
	char *first = many(0, 5000), *second = many(2500, 5000);
	char *direct, *built;
	struct zone_record z, y;
	struct edit_result r;
	size_t direct_kept;

	import(first);
	update(add("h00001", 60, RR_A, "9"), add("h06000", 5, RR_TXT, "x"));
	import(second);
	direct = whole(true);
	direct_kept = kept;
	z = record_now();
	r = result;
	close_store();

	open_empty();
	build(first, false, NULL);
	cr_assert_eq(result.serial, 7);
	cr_assert_eq(result.added, 5005);
	update(add("h00001", 60, RR_A, "9"), add("h06000", 5, RR_TXT, "x"));
	build(second, false, NULL);
	built = whole(true);
	y = record_now();
	cr_assert_str_eq(built, direct);
	cr_assert_eq(kept, direct_kept);
	cr_assert_eq(result.added, r.added);
	cr_assert_eq(result.removed, r.removed);
	cr_assert_eq(result.serial, r.serial);
	cr_assert_eq(y.serial, z.serial);
	cr_assert_eq(y.records, z.records);
	cr_assert_eq(y.nodes, z.nodes);
	cr_assert_eq(y.cuts, z.cuts);
	cr_assert_eq(y.dnames, z.dnames);
	cr_assert_eq(y.wildcards, z.wildcards);
	cr_assert_eq(y.journal_first, y.version);
	free(direct);
	free(built);
	free(first);
	free(second);
}

Test(import_build, leaves_nothing_of_the_old_id)
{
	import(APEX "a A 10.0.0.1\nb A 10.0.0.2\n");
	build(APEX "a A 10.0.0.1\n", false, NULL);
	erase_all();
	cr_assert_eq(store_entries(STORE_NODES, ""), 2);
	/* one entry tells of the import */
	cr_assert_eq(store_entries(STORE_JOURNAL, ""), 1);
	cr_assert_eq(store_entries(STORE_META, "build"), 0);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\na 60 A 1 F\n");
	update(add("a", 60, RR_A, "2"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\na 60 A 1 F\na 60 A 2 U\n");
}

/* NS and SOA of the apex stand first; the number of edits differs. */
static const char *
after_soa(const char *text)
{
	return strchr(strchr(text, '\n') + 1, '\n') + 1;
}

static void
counts_are_right(void)
{
	char *text = whole(false);
	size_t records = 0;

	for (const char *p = text; *p; p++)
		records += *p == '\n';
	cr_assert_eq(record_now().records, records);
	cr_assert_eq(record_now().nodes, store_entries_of(record_now().id));
	free(text);
}

/* After the first slice h00000 to h01990 or so are built. */
static void
edit_between(unsigned slice)
{
	if (slice == 0) {
		update(add("h00001", 60, RR_TXT, "built"),
		       add("h04000", 60, RR_TXT, "not yet"),
		       add("a", 60, RR_TXT, "new before"),
		       add("z", 60, RR_TXT, "new after"));
		update(add("h00002", 60, RR_TXT, "x"));
	}
	if (slice == 1) {
		update(del_set("h00002", RR_TXT), add("z", 60, RR_TXT, "two"));
		update(del_set("old", RR_TXT), add("@", 60, RR_TXT, "apex"));
	}
}

Test(import_build, edits_between_slices_are_not_lost)
{
	char *first = many(0, 5000), *second = many(0, 4999);
	char *direct, *built;

	import(first);
	update(add("old", 60, RR_TXT, "x"));
	import(second);
	edit_between(0);
	edit_between(1);
	update(add("@", 60, RR_A, "1"));
	direct = whole(true);
	close_store();

	open_empty();
	import(first);
	update(add("old", 60, RR_TXT, "x"));
	build(second, false, edit_between);
	update(add("@", 60, RR_A, "1"));
	built = whole(true);
	cr_assert_str_eq(after_soa(built), after_soa(direct));
	counts_are_right();
	free(direct);
	free(built);
	free(first);
	free(second);
}

static void
change_ttl_between(unsigned slice)
{
	if (slice == 0)
		update(add("a", 30, RR_A, "3"));
}

Test(import_build, a_new_ttl_does_not_bring_back_what_the_file_dropped)
{
	char *text = many(0, 3000);

	import(APEX "a A 10.0.0.1\na A 10.0.0.2\n");
	strcat(text, "a A 10.0.0.2\n");
	build(text, false, change_ttl_between);
	cr_assert_not_null(strstr(zone_text(), "a 30 A 2 F\na 30 A 3 U\ncut"));
	free(text);
}

static void
register_last(unsigned slice)
{
	(void)slice;
	update(add("z", 60, RR_A, "9"), add("@", 60, RR_TXT, "x"));
}

Test(import_build, an_edit_behind_the_last_owner_is_not_lost_at_the_end)
{
	import(APEX);
	build(APEX "a A 10.0.0.1\n", false, register_last);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n@ 60 TXT x U\na 60 A 1 F\n"
		"z 60 A 9 U\n");
	counts_are_right();
}

static void
take_over_between(unsigned slice)
{
	if (slice == 0)
		update(add("a", 60, RR_A, "1"));
}

/* As if the import had come first and the device after it. */
Test(import_build, what_is_registered_meanwhile_stays_though_the_file_lacks_it)
{
	char *text = many(0, 3000);

	import(APEX "a A 10.0.0.1\n");
	build(text, false, take_over_between);
	cr_assert_not_null(strstr(zone_text(), "\na 60 A 1 U\n"));
	counts_are_right();
	free(text);
}

static uint16_t
key_tag_of(const char *owner, uint16_t type)
{
	struct store_view *v = store_reader_new(store);
	struct rrset set;
	struct node n;
	uint16_t tag;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(lookup_node(v, record_now().id, apex, name_of(owner), &n),
		     ERR_OK);
	cr_assert(node_find(&n, type, &set));
	tag = rrset_meta(&set, 0).key_tag;
	store_reader_free(v);
	return tag;
}

Test(import_build, a_new_ttl_meanwhile_does_not_change_whose_an_rr_is)
{
	char *text = many(0, 3000);

	import(APEX "a A 10.0.0.2\n");
	strcat(text, "a A 10.0.0.2\n");
	build(text, false, change_ttl_between);
	cr_assert_not_null(strstr(zone_text(), "a 30 A 2 F\na 30 A 3 U\ncut"));
	cr_assert_eq(key_tag_of("a", RR_A), 0);
	free(text);
}

static void
contradict_between(unsigned slice)
{
	if (slice == 0)
		update(add("a", 60, RR_TXT, "registered"));
}

Test(import_build, an_edit_that_contradicts_the_file_fails_the_import)
{
	char *text = many(0, 3000);
	struct import_set s;
	struct import_build *b;
	struct store_txn *t;
	bool more;

	strcat(text, "a CNAME b\n");
	s = set_of(text);
	import(APEX "a A 10.0.0.1\n");
	b = build_begin(&s, false);
	cr_assert_eq(build_slice(b, &more, true), ERR_OK);
	contradict_between(0);
	cr_assert_eq(build_slice(b, &more, true), ERR_RULE);
	cr_assert_not_null(strstr(diag.text, "a.house."), "%s", diag.text);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(import_build_abandon(b, t), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	import_build_free(b);
	import_set_free(&s);
	erase_all();
	cr_assert_eq(store_entries(STORE_NODES, ""), 2);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\na 60 A 1 F\n"
		"a 60 TXT registered U\n");
	free(text);
}

Test(import_build, an_aborted_slice_is_repeated)
{
	char *text = many(0, 5000), *direct, *built;
	struct import_set s = set_of(text);
	struct import_build *b;
	bool more = true;

	import(text);
	direct = whole(true);
	close_store();
	open_empty();
	b = build_begin(&s, false);
	for (unsigned i = 0; more; i++) {
		cr_assert_eq(build_slice(b, &more, false), ERR_OK);
		import_build_undo(b);
		more = true;
		cr_assert_eq(build_slice(b, &more, true), ERR_OK);
	}
	cr_assert_eq(build_finish(b), ERR_OK);
	built = whole(true);
	cr_assert_str_eq(built, direct);
	counts_are_right();
	cr_assert_eq(result.added, 5005);
	import_build_free(b);
	import_set_free(&s);
	free(text);
	free(direct);
	free(built);
}

Test(import_build, a_journal_that_lost_entries_makes_it_begin_anew)
{
	char *text = many(0, 3000);
	struct import_set s = set_of(text);
	struct import_build *b;
	bool more;

	import(APEX);
	limits.journal_limit = 1;
	b = build_begin(&s, false);
	cr_assert_eq(build_slice(b, &more, true), ERR_OK);
	update(add("a", 60, RR_A, "1"));
	update(add("a", 60, RR_A, "2"));
	cr_assert_eq(build_slice(b, &more, true), ERR_BUSY);
	import_build_free(b);
	import_set_free(&s);
	free(text);
}

Test(import_build, what_a_killed_process_left_is_erased)
{
	char *text = many(0, 3000);
	struct import_set s = set_of(text);
	struct import_build *b;
	struct store_txn *t;
	bool more;

	import(APEX);
	b = build_begin(&s, false);
	cr_assert_eq(build_slice(b, &more, true), ERR_OK);
	import_build_free(b); /* and the process is gone */
	erase_all();
	cr_assert_gt(store_entries(STORE_NODES, ""), 1000);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(import_build_recover(t), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	erase_all();
	cr_assert_eq(store_entries(STORE_NODES, ""), 1);
	cr_assert_eq(store_entries(STORE_META, "build"), 0);
	import_set_free(&s);
	free(text);
}

Test(import_build, what_was_registered_stays_unless_replaced)
{
	import(APEX "a A 10.0.0.1\n");
	update(add("a", 60, RR_A, "2"), add("b", 60, RR_A, "3"));
	build(APEX "c A 10.0.0.4\n", false, NULL);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\na 60 A 2 U\nb 60 A 3 U\n"
		"c 60 A 4 F\n");
	cr_assert_eq(kept, 2);
	build(APEX "c A 10.0.0.4\n", true, NULL);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\nc 60 A 4 F\n");
}

/* Registered RRs come and go at random while the zone is built. */
static unsigned seed, edits;

static void
random_edits(unsigned slice)
{
	(void)slice;
	edits++;
	for (int i = 0; i < 40; i++) {
		char owner[16], value[8];

		snprintf(owner, sizeof(owner), "h%05d", rand_r(&seed) % 6000);
		snprintf(value, sizeof(value), "%d", rand_r(&seed) % 3);
		pool_reset();
		if (rand_r(&seed) % 3)
			update(add(owner, 60, RR_TXT, value));
		else
			update(del_set(owner, RR_TXT));
	}
}

Test(import_build, random_edits_meanwhile_all_hold)
{
	char *first = many(0, 3000), *second = many(1500, 4500);
	char *direct, *built;
	unsigned all;

	for (unsigned round = 1; round <= 3; round++) {
		seed = round;
		edits = 0;
		import(first);
		random_edits(0);
		build(second, false, random_edits);
		all = edits;
		cr_assert_gt(all, 3);
		built = whole(true);
		counts_are_right();
		close_store();

		open_empty();
		seed = round;
		import(first);
		random_edits(0);
		import(second);
		for (unsigned n = 1; n < all; n++)
			random_edits(0);
		direct = whole(true);
		cr_assert_str_eq(after_soa(built), after_soa(direct));
		free(direct);
		free(built);
		close_store();
		open_empty();
	}
	free(first);
	free(second);
}
