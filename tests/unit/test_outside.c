/* The outside that an edit keeps: what is in it, and when it moves. */
#include "tests/unit/outside_words.h"

#include "zones/import.h"

#include <string.h>

TestSuite(outside, .init = open_zone, .fini = close_store);
TestSuite(outside_new_zone, .init = open_store, .fini = close_store);

#define APEX(serial) "@ NS ns1.house.\n@ SOA " #serial "\n"

/* --- what is in it -------------------------------------------------------- */

Test(outside, is_not_there_without_an_export)
{
	inside("+ speaker A 203.0.113.7\n");
	outside_is("");
	cr_assert_eq(record_now().outside_id, 0);
	cr_assert_eq(outside_record().journal_first, 0, "no record either");
}

Test(outside, has_the_exported_types_of_exported_names)
{
	inside("+ speaker A 203.0.113.7\n"
	       "+ speaker AAAA 2001:db8::7\n"
	       "+ speaker TXT \"loud\"\n"
	       "+ desk A 203.0.113.8\n"
	       "+ _export TXT \"speaker A TXT\"\n");
	outside_is(APEX(1) "speaker A 203.0.113.7\nspeaker TXT \"loud\"\n");
	inside("+ _export TXT \"desk A\"\n");
	outside_is("@ NS ns1.house.\n@ SOA 2\ndesk A 203.0.113.8\n"
		   "speaker A 203.0.113.7\nspeaker TXT \"loud\"\n");
	inside("- _export TXT \"speaker A TXT\"\n");
	outside_is(APEX(3) "desk A 203.0.113.8\n");
}

Test(outside, follows_each_edit_of_the_inside)
{
	inside("+ _export TXT \"speaker A\"\n");
	outside_is(APEX(1));
	inside("+ speaker A 203.0.113.7\n");
	outside_is(APEX(2) "speaker A 203.0.113.7\n");
	inside("+ speaker A 203.0.113.8\n- speaker A 203.0.113.7\n");
	outside_is(APEX(3) "speaker A 203.0.113.8\n");
	inside("! speaker\n");
	outside_is(APEX(4));
}

Test(outside, does_not_move_when_nothing_exported_changes)
{
	struct zone_record before;

	inside("+ speaker A 203.0.113.7\n+ _export TXT \"speaker A\"\n");
	before = outside_record();
	inside("+ speaker AAAA 2001:db8::7\n");
	inside("+ desk A 203.0.113.8\n");
	inside("+ @ TXT \"hidden\"\n");
	inside("+ _export TXT \"speaker A private\"\n");
	inside("+ _reach TXT \"cam.ac.uk\"\n");
	cr_assert_eq(record_now().serial, 13);
	cr_assert_eq(outside_record().serial, before.serial);
	cr_assert_eq(outside_record().version, before.version);
	outside_is(APEX(1) "speaker A 203.0.113.7\n");
}

Test(outside, does_not_tell_whose_an_rr_is)
{
	inside("+ _export TXT \"speaker A\"\n");
	strict(from_file(add("speaker", 60, RR_A, "1")),
	       from_file(add("_export", 60, RR_TXT, "speaker A private")));
	outside_is(APEX(2) "speaker A 10.0.0.1\n");
	update(add("speaker", 60, RR_A, "1"));
	outside_is(APEX(2) "speaker A 10.0.0.1\n");
}

Test(outside, follows_a_ttl)
{
	inside("+ _export TXT \"lamp TXT\"\n");
	update(add("lamp", 30, RR_TXT, "on"));
	update(add("lamp", 90, RR_TXT, "on"));
	cr_assert_eq(outside_record().serial, 3);
}

Test(outside, has_what_the_apex_exports_besides_soa_and_ns)
{
	inside("+ @ TXT \"a house\"\n+ @ A 203.0.113.1\n"
	       "+ _export TXT \"@ TXT\"\n");
	outside_is("@ NS ns1.house.\n@ SOA 1\n@ TXT \"a house\"\n");
	inside("- @ TXT \"a house\"\n");
	outside_is(APEX(2));
	inside("+ @ NS ns2\n");
	outside_is("@ NS ns1.house.\n@ NS ns2.house.\n@ SOA 3\n");
}

Test(outside, follows_the_fields_of_the_soa_and_keeps_its_serial)
{
	inside("+ _export TXT \"@ TXT\"\n");
	inside("+ @ SOA ns1 root 900 1 2 3 4\n");
	cr_assert_eq(record_now().serial, 900);
	outside_is(APEX(2));
	inside("+ @ SOA ns1 root 901 1 2 3 4\n");
	outside_is(APEX(2));
}

Test(outside, has_wildcards_cnames_and_cuts_as_records)
{
	inside("+ *.desk A 203.0.113.8\n+ www CNAME speaker\n"
	       "+ room NS ns.room\n+ old DNAME new\n"
	       "+ _export TXT \"*.desk A\" \"www CNAME\" \"room NS\" "
	       "\"old DNAME\"\n");
	outside_is("*.desk A 203.0.113.8\n" APEX(
		1) "old DNAME new.house.\nroom NS ns.room.house.\n"
		   "www CNAME speaker.house.\n");
	cr_assert_eq(outside_record().wildcards, 1);
	cr_assert_eq(outside_record().cuts, 1);
	cr_assert_eq(outside_record().dnames, 1);
}

Test(outside, leaves_private_addresses_out_rr_by_rr)
{
	inside("+ speaker A 192.168.1.7\n+ speaker A 203.0.113.7\n"
	       "+ speaker AAAA fd00::7\n+ speaker HTTPS 1 . "
	       "ipv4hint=10.0.0.1\n"
	       "+ _export TXT \"speaker A AAAA HTTPS\"\n");
	outside_is(APEX(1) "speaker A 203.0.113.7\n");
	inside("+ _export TXT \"speaker AAAA private\"\n");
	outside_is(APEX(2) "speaker A 203.0.113.7\nspeaker AAAA fd00::7\n");
}

Test(outside, leaves_radios_out)
{
	inside("+ tag EUI48 c0-ff-ee-00-11-22\n"
	       "+ _ble.tag TXT \"addr=c0:ff:ee:00:11:22\"\n"
	       "+ _export TXT \"tag EUI48\" \"_ble.tag TXT\"\n");
	outside_is(APEX(1));
	inside("+ _export TXT \"tag EUI48 private\" \"_ble.tag TXT "
	       "private\"\n");
	outside_is(APEX(2) "_ble.tag TXT \"addr=c0:ff:ee:00:11:22\"\n"
			   "tag EUI48 c0-ff-ee-00-11-22\n");
}

Test(outside, has_no_list_and_no_cover)
{
	inside("+ _reach TXT \"cam.ac.uk\"\n+ room._cover TXT \"fp=\"\n"
	       "+ @ TXT \"shown\"\n"
	       "+ _export TXT \"@ TXT\"\n");
	outside_is("@ NS ns1.house.\n@ SOA 1\n@ TXT \"shown\"\n");
}

Test(outside, an_owner_in_capitals_is_the_same_owner)
{
	inside("+ Speaker A 203.0.113.7\n+ _EXPORT TXT \"SPEAKER.house. A\"\n");
	outside_is(APEX(1) "speaker A 203.0.113.7\n");
	inside("+ SPEAKER A 203.0.113.8\n");
	outside_is(APEX(2) "speaker A 203.0.113.7\nspeaker A 203.0.113.8\n");
}

Test(outside, many_changes_at_once_are_found_among_many_entries)
{
	inside("+ _export TXT \"n3 TXT\" \"n5 TXT\" \"n99 TXT\"\n");
	inside("+ n1 TXT \"1\"\n+ n2 TXT \"2\"\n+ n3 TXT \"3\"\n"
	       "+ n4 TXT \"4\"\n+ n5 TXT \"5\"\n+ n6 TXT \"6\"\n"
	       "+ n7 TXT \"7\"\n+ n8 TXT \"8\"\n+ n9 TXT \"9\"\n");
	outside_is(APEX(2) "n3 TXT \"3\"\nn5 TXT \"5\"\n");
}

/* --- its life ------------------------------------------------------------- */

Test(outside, ends_with_the_last_export_and_never_goes_back)
{
	struct zone_record first, ended, again;
	struct store_txn *t;
	bool more = true;
	uint8_t key[4];

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	inside("+ lamp TXT \"off\"\n");
	first = outside_record();
	cr_assert_eq(first.serial, 2);
	inside("! _export\n");
	outside_is("");
	ended = outside_record();
	cr_assert_eq(ended.id, 0);
	cr_assert_eq(ended.serial, 2);
	cr_assert_gt(ended.version, first.version);
	inside("+ _export TXT \"lamp TXT\"\n");
	again = outside_record();
	outside_is(APEX(3) "lamp TXT \"off\"\nlamp TXT \"on\"\n");
	cr_assert_gt(again.version, ended.version);
	cr_assert_neq(again.id, first.id);
	cr_assert_eq(again.journal_first, again.version);

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	while (more)
		cr_assert_eq(store_erase_slice(t, 100, &more), ERR_OK);
	put32(key, first.id);
	cr_assert_eq(store_seek_within(store_txn_view(t), STORE_NODES, key, 4,
				       4, NULL, NULL),
		     ERR_NOTFOUND, "what was there is erased");
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	outside_is(APEX(3) "lamp TXT \"off\"\nlamp TXT \"on\"\n");
}

Test(outside, is_not_met_among_the_zones)
{
	struct store_view *v = store_reader_new(store);
	uint8_t found[NAME_WIRE_MAX] = {0};
	struct zone_record z;
	bool first = true;

	inside("+ _export TXT \"lamp TXT\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_record_next(v, &first, found, &z), ERR_OK);
	cr_assert(name_equal(found, apex));
	cr_assert_eq(zone_record_next(v, &first, found, &z), ERR_NOTFOUND);
	store_reader_free(v);
}

Test(outside, goes_with_the_zone)
{
	uint32_t id;
	struct store_txn *t;
	bool more = true;
	uint8_t key[4];

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	id = outside_record().id;
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_OK);
	while (more)
		cr_assert_eq(store_erase_slice(t, 100, &more), ERR_OK);
	put32(key, id);
	cr_assert_eq(store_seek_within(store_txn_view(t), STORE_NODES, key, 4,
				       4, NULL, NULL),
		     ERR_NOTFOUND);
	cr_assert_eq(store_seek_within(store_txn_view(t), STORE_JOURNAL, key, 4,
				       4, NULL, NULL),
		     ERR_NOTFOUND);
	cr_assert_eq(edit_zone_create(t, apex, NULL), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(outside_record().version, 0);
	outside_is("");
}

Test(outside, keeps_a_journal_of_its_own_by_the_same_hand)
{
	struct store_view *v = store_reader_new(store);
	uint8_t who[NAME_WIRE_MAX];
	struct zone_record z;
	struct journal_entry e;
	struct journal_rr rr;
	size_t at = 0;

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	inside("- lamp TXT \"on\"\n+ lamp TXT \"off\"\n+ desk TXT \"x\"\n");
	z = outside_record();
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(journal_read(v, z.id, z.version, &e), ERR_OK);
	cr_assert_eq(e.serial_before, 1);
	cr_assert_eq(e.serial_after, 2);
	cr_assert_eq(e.time, 1764000000);
	cr_assert_str_eq(e.who, "192.168.1.7");
	cr_assert(store_key_name(v, e.key_tag, who));
	cr_assert(name_equal(who, key_name));
	cr_assert_eq(e.removed, 2);
	cr_assert_eq(e.added, 2);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert(journal_next_rr(&e, &at, &rr));
		cr_assert_eq(rr.rr.type, i % 2 == 0 ? RR_SOA : RR_TXT);
	}
	cr_assert_not(journal_next_rr(&e, &at, &rr));
	store_reader_free(v);
}

/* --- searches ------------------------------------------------------------- */

Test(outside, notes_searches_that_are_exported)
{
	inside("+ _export TXT \"_near PTR TXT\" \"_here PTR\"\n");
	outside_is(APEX(1));
	cr_assert_eq(outside_record().export_spaces,
		     EXPORT_NEAR | EXPORT_NEAR << EXPORT_TXT | EXPORT_HERE);
	inside("! _export\n");
	cr_assert_eq(outside_record().export_spaces, 0);
}

Test(outside, a_search_that_comes_or_goes_is_seen_in_the_facts)
{
	struct store_view *v = store_reader_new(store);
	struct zone_facts f = {.outside = true};
	uint64_t since;

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&f, v, apex), ERR_OK);
	cr_assert_eq(f.record.export_spaces, 0);
	since = f.since;
	store_reader_end(v);
	inside("+ _export TXT \"_near PTR\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&f, v, apex), ERR_OK);
	cr_assert_eq(f.record.export_spaces, EXPORT_NEAR);
	cr_assert_gt(f.since, since);
	store_reader_free(v);
}

/* --- facts ---------------------------------------------------------------- */

Test(outside, facts_are_the_outsides)
{
	struct store_view *v = store_reader_new(store);
	struct zone_facts in = {0}, out = {.outside = true};
	uint64_t since;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&out, v, apex), ERR_OK);
	cr_assert_not(out.exists);
	store_reader_end(v);
	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&in, v, apex), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&out, v, apex), ERR_OK);
	cr_assert(in.exists && out.exists && out.outside);
	cr_assert_eq(in.record.serial, 8);
	cr_assert_eq(out.record.serial, 1);
	cr_assert_eq(in.record.outside_id, out.record.id);
	cr_assert_eq(get32(out.soa.rdatas + out.soa.len - 20), 1);
	since = out.since;
	store_reader_end(v);
	inside("+ desk TXT \"x\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&in, v, apex), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&out, v, apex), ERR_OK);
	cr_assert_gt(in.since, since);
	cr_assert_eq(out.since, since, "what was answered outside still holds");
	store_reader_end(v);
	inside("! _export\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&out, v, apex), ERR_OK);
	cr_assert_not(out.exists);
	store_reader_free(v);
}

static enum lookup_result
lookup_outside(struct store_view *v, const struct zone_facts *f,
	       const char *name, uint16_t type)
{
	struct lookup l;

	lookup(&l, v, f, name_of(name), type);
	return l.result;
}

Test(outside, no_page_of_the_inside_is_handed_out_for_it)
{
	struct store_view *v = store_reader_new(store);
	struct zone_facts f = {.outside = true};

	inside("+ a TXT \"x\"\n+ lamp TXT \"on\"\n+ b.lamp TXT \"x\"\n"
	       "+ z TXT \"x\"\n+ *.w TXT \"x\"\n+ x.w TXT \"x\"\n"
	       "+ _export TXT \"lamp TXT\" \"*.w TXT\"\n");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&f, v, apex), ERR_OK);
	store_view_watch(v, f.record.id);
	cr_assert_eq(lookup_outside(v, &f, "@", RR_SOA), LOOKUP_ANSWER);
	cr_assert_eq(lookup_outside(v, &f, "lamp", RR_TXT), LOOKUP_ANSWER);
	cr_assert_eq(lookup_outside(v, &f, "lamp", RR_A), LOOKUP_NODATA);
	cr_assert_eq(lookup_outside(v, &f, "a", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(lookup_outside(v, &f, "!", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(lookup_outside(v, &f, "b.lamp", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(lookup_outside(v, &f, "z", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(lookup_outside(v, &f, "zz.z", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(lookup_outside(v, &f, "w", RR_TXT), LOOKUP_NODATA);
	cr_assert_eq(lookup_outside(v, &f, "x.w", RR_TXT), LOOKUP_ANSWER);
	cr_assert_eq(lookup_outside(v, &f, "_export", RR_TXT), LOOKUP_NXDOMAIN);
	cr_assert_eq(store_view_strayed(v), 0);
	store_view_watch(v, record_now().id);
	lookup_outside(v, &f, "lamp", RR_TXT);
	cr_assert_eq(store_view_strayed(v), 1, "the watch does watch");
	store_reader_free(v);
}

/* --- refusals ------------------------------------------------------------- */

Test(outside, a_malformed_entry_is_refused_in_any_mode)
{
	inside("+ _export TXT \"lamp TXT\"\n");
	for (int rules = EDIT_UPDATE; rules <= EDIT_STRICT; rules++) {
		cr_assert_eq(edit_lines((enum edit_rules)rules,
					"+ _export TXT \"lamp TEXT\"\n"),
			     ERR_RULE);
		cr_assert_str_eq(
			result.diag.text,
			"_export.house. TXT: \"TEXT\" is no type; write AAAA, "
			"SRV, TXT, TYPE65280, or `private` at the end");
		cr_assert_eq(edit_lines((enum edit_rules)rules,
					"+ _reach TXT \".\"\n"),
			     ERR_RULE);
		cr_assert_eq(edit_lines((enum edit_rules)rules,
					"+ _export A 203.0.113.7\n"),
			     ERR_RULE);
		cr_assert_str_eq(result.diag.text,
				 "_export.house. A: a list holds TXT alone");
		cr_assert_eq(edit_lines((enum edit_rules)rules,
					"+ x._reach TXT \"a.b\"\n"),
			     ERR_RULE);
	}
	outside_is(APEX(1));
}

Test(outside, an_edit_that_fails_leaves_it_alone)
{
	struct zone_record before;

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	before = outside_record();
	cr_assert_eq(edit_lines(EDIT_STRICT, "+ lamp TXT \"off\"\n"
					     "+ lamp CNAME desk\n"),
		     ERR_RULE);
	outside_is(APEX(1) "lamp TXT \"on\"\n");
	cr_assert_eq(outside_record().version, before.version);
}

Test(outside, limits_do_not_apply_to_it)
{
	inside("+ lamp TXT \"a\"\n+ lamp TXT \"b\"\n+ lamp A 203.0.113.1\n"
	       "+ _export TXT \"lamp TXT A\"\n");
	limits.rrset_limit = 1;
	limits.types_limit = 1;
	inside("! _export\n");
	inside("+ _export TXT \"lamp TXT A\"\n");
	outside_is(APEX(2) "lamp A 203.0.113.1\nlamp TXT \"a\"\n"
			   "lamp TXT \"b\"\n");
}

/* --- policy --------------------------------------------------------------- */

#define EXACT "41 39 35.624 N 91 32 14.718 W 216m 6m 0.10m 0.10m"

Test(outside, loc_is_rounded_by_policy_and_the_footprint_goes)
{
	inside("+ rm LOC " EXACT "\n+ _geo.rm TXT \"fp=0,0 9,0 9,9\"\n"
	       "+ _export TXT \"rm LOC\" \"_geo.rm TXT\"\n");
	outside_is(APEX(1) "_geo.rm TXT \"fp=0,0 9,0 9,9\"\nrm LOC 41 39 "
			   "35.624 N 91 32 14.718 W 216.00m 6m 0.1m 0.1m\n");
	set_policy(100);
	outside_is(APEX(2) "rm LOC 41 39 34.446 N 91 32 15.690 W 200.00m 100m "
			   "200m 100m\n");
	inside("~ rm LOC\n+ rm LOC 41 39 36 N 91 32 15 W 216m 6m 1m 1m\n");
	cr_assert_eq(outside_record().serial, 2,
		     "a step within the cell is not seen");
	set_policy(100);
	cr_assert_eq(outside_record().serial, 2);
	set_policy(0);
	outside_is(APEX(3) "_geo.rm TXT \"fp=0,0 9,0 9,9\"\nrm LOC 41 39 "
			   "36.000 N 91 32 15.000 W 216.00m 6m 1m 1m\n");
}

Test(outside, policy_without_export_waits_for_one)
{
	set_policy(0);
	cr_assert_eq(outside_record().journal_first, 0, "nothing to keep");
	set_policy(100);
	outside_is("");
	inside("+ rm LOC " EXACT "\n+ _export TXT \"rm LOC\"\n");
	outside_is(APEX(1) "rm LOC 41 39 34.446 N 91 32 15.690 W 200.00m 100m "
			   "200m 100m\n");
	cr_assert_eq(outside_record().loc_metres, 100);
}

Test(outside, policy_may_come_before_the_zone)
{
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	set_policy(100);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_create(t, apex, NULL), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	inside("+ @ SOA ns1 root 7 0 0 0 0\n+ @ NS ns1\n"
	       "+ rm LOC " EXACT "\n+ _export TXT \"rm LOC\"\n");
	outside_is(APEX(1) "rm LOC 41 39 34.446 N 91 32 15.690 W 200.00m 100m "
			   "200m 100m\n");
}

Test(outside, two_positions_of_one_cell_are_one)
{
	set_policy(1000);
	inside("+ rm LOC " EXACT "\n"
	       "+ rm LOC 41 39 36 N 91 32 15 W 216m 6m 0.10m 0.10m\n"
	       "+ _export TXT \"rm LOC\"\n");
	cr_assert_eq(outside_record().records, 3);
}

/* --- stores from before --------------------------------------------------- */

/* As if the edit had never known of outsides and lists. */
static void
put_raw_list(const char *strings, size_t len)
{
	struct zone_record z = record_now();
	struct node_draft draft;
	const uint8_t *octets;
	struct arena arena;
	struct store_txn *t;
	struct key k;
	size_t n;

	arena_init_growing(&arena);
	node_draft_from(&draft, &arena, NULL);
	node_draft_add(&draft, RR_TXT, 60, (const uint8_t *)strings, len,
		       (struct rr_meta){.origin = ORIGIN_FILE});
	cr_assert_eq(node_encode(&draft, &octets, &n, NULL), ERR_OK);
	key_make(&k, z.id, name_of("_export"), apex);
	z.nodes++;
	z.records++;
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(store_put(t, STORE_NODES, k.octets, k.len, octets, n),
		     ERR_OK);
	cr_assert_eq(zone_record_put(t, apex, &z), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	arena_free(&arena);
}

Test(outside, a_store_from_before_is_brought_up_to_date_at_start)
{
	inside("+ lamp TXT \"on\"\n");
	put_raw_list("\10lamp TXT\14what is this", 22);
	outside_is("");
	set_policy(0);
	outside_is(APEX(1) "lamp TXT \"on\"\n");
	inside("+ lamp TXT \"off\"\n");
	outside_is(APEX(2) "lamp TXT \"off\"\nlamp TXT \"on\"\n");
	inside("+ _export TXT \"desk TXT\"\n");
	inside("+ desk TXT \"x\"\n");
	outside_is(APEX(3) "desk TXT \"x\"\nlamp TXT \"off\"\n"
			   "lamp TXT \"on\"\n");
}

Test(outside, a_list_of_malformed_entries_exports_nothing)
{
	put_raw_list("\14what is this\0", 14);
	set_policy(0);
	outside_is("");
	inside("+ lamp TXT \"on\"\n");
	outside_is("");
}

/* --- imports -------------------------------------------------------------- */

static const char zone_file[] =
	"$TTL 60\n@ SOA ns1 root 20 0 0 0 0\n@ NS ns1\n"
	"lamp TXT \"from a file\"\ndesk TXT \"x\"\n"
	"_export TXT \"lamp TXT\" \"tv TXT\"\n_reach TXT cam.ac.uk\n";

static enum err
read_file(struct import_set *set, const char *text, struct diag *d)
{
	enum err e;

	import_set_init(set, apex);
	e = text_read_string(text, "house.zone", apex, import_set_add, set, d);
	return e == ERR_OK ? import_set_finish(set, &limits, d) : e;
}

Test(outside, follows_a_small_import)
{
	struct import_diff diff;
	struct edit_result r;
	struct import_set set;
	struct store_txn *t;
	struct diag d;

	inside("+ tv TXT \"registered\"\n");
	cr_assert_eq(read_file(&set, zone_file, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(
		import_diff_make(&diff, store_txn_view(t), &set, false, &d),
		ERR_OK);
	cr_assert_eq(import_apply(t, &set, &diff, &limits, 0, NULL, "me", &r),
		     ERR_OK, "%s", r.diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	import_diff_free(&diff);
	import_set_free(&set);
	outside_is(APEX(1) "lamp TXT \"from a file\"\ntv TXT \"registered\"\n");
}

static void
build(const char *text)
{
	struct import_build *b;
	struct edit_result r;
	struct import_set set;
	struct store_txn *t;
	bool more = true;
	struct diag d;

	cr_assert_eq(read_file(&set, text, &d), ERR_OK, "%s", d.text);
	b = import_build_new(&set, false, &limits);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(import_build_begin(b, t, &d), ERR_OK);
	while (more)
		cr_assert_eq(import_build_slice(b, t, &more, &d), ERR_OK);
	cr_assert_eq(import_build_finish(b, t, 5, "me", &r), ERR_OK, "%s",
		     r.diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	import_build_free(b);
	import_set_free(&set);
}

Test(outside, follows_a_built_import)
{
	struct zone_record before;
	uint64_t boundary;

	inside("+ tv TXT \"registered\"\n+ _export TXT \"tv TXT\"\n");
	before = outside_record();
	boundary = boundary_now();
	build(zone_file);
	outside_is(APEX(2) "lamp TXT \"from a file\"\ntv TXT \"registered\"\n");
	cr_assert_eq(outside_record().id, before.id,
		     "the outside is not built anew");
	cr_assert_gt(boundary_now(), boundary);
	before = outside_record();
	build(zone_file);
	cr_assert_eq(outside_record().version, before.version);
	inside("+ tv TXT \"again\"\n");
	outside_is(APEX(3) "lamp TXT \"from a file\"\ntv TXT \"again\"\n"
			   "tv TXT \"registered\"\n");
}

Test(outside_new_zone, comes_with_a_zone_that_is_built)
{
	build(zone_file);
	outside_is(APEX(1) "lamp TXT \"from a file\"\n");
}

Test(outside, a_file_with_a_malformed_entry_is_refused_by_its_line)
{
	struct import_set set;
	struct diag d;

	cr_assert_eq(read_file(&set,
			       "$TTL 60\n@ SOA ns1 root 20 0 0 0 0\n@ NS ns1\n"
			       "_export TXT \"lamp TEXT\"\n",
			       &d),
		     ERR_RULE);
	cr_assert_str_eq(d.text,
			 "house.zone:4: _export.house. TXT: \"TEXT\" is no "
			 "type; write AAAA, SRV, TXT, TYPE65280, or `private` "
			 "at the end");
	import_set_free(&set);
}

/* --- the boundary's version ----------------------------------------------- */

Test(outside, the_boundary_moves_with_reach_and_with_zones)
{
	uint64_t version = boundary_now();
	struct store_txn *t;

	inside("+ lamp TXT \"on\"\n+ _export TXT \"lamp TXT\"\n");
	inside("+ x._cover TXT \"on\"\n");
	cr_assert_eq(boundary_now(), version);
	inside("+ _reach TXT \"cam.ac.uk\"\n");
	cr_assert_eq(boundary_now(), version + 1);
	inside("+ _reach TXT \"cam.ac.uk\"\n");
	cr_assert_eq(boundary_now(), version + 1);
	inside("- _reach TXT \"cam.ac.uk\"\n");
	cr_assert_eq(boundary_now(), version + 2);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_OK);
	cr_assert_eq(export_boundary_version(store_txn_view(t)), version + 3);
	cr_assert_eq(edit_zone_create(t, apex, NULL), ERR_OK);
	cr_assert_eq(export_boundary_version(store_txn_view(t)), version + 4);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}
