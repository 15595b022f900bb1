/*
 * The edit: what a change may do to a zone, and what it leaves behind.
 */
#include "tests/unit/zone_words.h"

#include <string.h>

TestSuite(edit, .init = open_zone, .fini = close_store);
TestSuite(edit_new_zone, .init = open_store, .fini = close_store);

/* --- additions ----------------------------------------------------------- */

Test(edit, an_rr_is_added_and_the_serial_rises)
{
	update(add("lamp", 30, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
	cr_assert_eq(result.serial, 8);
	cr_assert_eq(result.added, 1);
	cr_assert_eq(result.removed, 0);
	cr_assert_eq(record_now().serial, 8);
}

Test(edit, the_same_rr_again_changes_nothing)
{
	uint64_t version;

	update(add("lamp", 30, RR_A, "1"));
	version = record_now().version;
	update(add("lamp", 30, RR_A, "1"));
	cr_assert_eq(result.serial, 8);
	cr_assert_eq(record_now().version, version);
}

Test(edit, an_owner_in_capitals_is_the_same_owner)
{
	update(add("lamp", 30, RR_A, "1"), add("LAMP", 30, RR_A, "2"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\nlamp 30 A 2 U\n");
}

Test(edit, what_comes_and_goes_within_one_edit_changes_nothing)
{
	update(add("lamp", 30, RR_A, "1"), del_name("lamp"));
	cr_assert_eq(result.serial, 7);
	cr_assert_eq(record_now().version, 1);
}

Test(edit, a_new_ttl_holds_for_the_whole_rrset)
{
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_A, "2"));
	update(add("lamp", 90, RR_A, "3"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n"
		"lamp 90 A 1 U\nlamp 90 A 2 U\nlamp 90 A 3 U\n");
	cr_assert_eq(result.removed, 2);
	cr_assert_eq(result.added, 3);
}

Test(edit, the_same_rr_with_another_ttl_changes_the_ttl)
{
	update(add("lamp", 30, RR_A, "1"));
	update(add("lamp", 0, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\nlamp 0 A 1 U\n");
}

Test(edit, update_passes_over_a_cname_beside_other_data)
{
	update(add("lamp", 30, RR_A, "1"));
	update(add("lamp", 30, RR_CNAME, "light"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
}

Test(edit, update_passes_over_other_data_beside_a_cname)
{
	update(add("lamp", 30, RR_CNAME, "light"));
	update(add("lamp", 0, RR_A, "1"), add("lamp", 30, RR_NS, "ns9"),
	       add("lamp", 30, RR_DNAME, "light"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 CNAME light U\n");
}

Test(edit, update_replaces_a_cname)
{
	update(add("lamp", 30, RR_CNAME, "light"));
	update(add("lamp", 40, RR_CNAME, "bulb"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\nlamp 40 CNAME bulb U\n");
}

Test(edit, a_key_may_stand_beside_a_cname)
{
	update(add("lamp", 30, RR_CNAME, "light"),
	       add("lamp", 30, RR_KEY, "k"));
	update(del_set("lamp", RR_CNAME));
	update(add("lamp", 30, RR_CNAME, "bulb"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\n"
		"lamp 30 CNAME bulb U\nlamp 30 KEY k U\n");
}

Test(edit, a_name_freed_within_the_edit_can_become_a_cname)
{
	update(add("lamp", 30, RR_A, "1"));
	update(del_name("lamp"), add("lamp", 30, RR_CNAME, "light"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\nlamp 30 CNAME light U\n");
}

Test(edit, update_replaces_a_dname)
{
	update(add("old", 30, RR_DNAME, "new"));
	update(add("old", 30, RR_DNAME, "newer"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\nold 30 DNAME newer U\n");
}

Test(edit, update_passes_over_dname_beside_ns)
{
	update(add("room", 30, RR_NS, "ns9"));
	update(add("room", 30, RR_DNAME, "new"));
	update(add("old", 30, RR_DNAME, "new"));
	update(add("old", 30, RR_NS, "ns9"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n"
		"old 30 DNAME new U\nroom 30 NS ns9 U\n");
}

Test(edit, update_passes_over_a_ds_at_the_apex)
{
	update(add("@", 30, RR_DS, "digest"));
	update(add("room", 30, RR_DS, "digest"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nroom 30 DS digest U\n");
}

Test(edit, the_apex_may_have_dname_beside_ns)
{
	update(add("@", 30, RR_DNAME, "new"));
	zone_is("@ 30 DNAME new U\n@ 60 NS ns1 F\n@ 60 SOA 8 F\n");
	cr_assert_eq(record_now().dnames, 1);
	cr_assert_eq(record_now().cuts, 0);
}

/* --- the SOA ------------------------------------------------------------- */

Test(edit, update_takes_a_newer_soa_with_its_serial)
{
	update(add("@", 60, RR_SOA, "2000"), add("lamp", 30, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 2000 U\nlamp 30 A 1 U\n");
	cr_assert_eq(result.serial, 2000);
	journal_is("-@ 60 SOA 7 F\n+@ 60 SOA 2000 U\n+lamp 30 A 1 U\n");
}

Test(edit, update_passes_over_an_soa_that_is_not_newer)
{
	update(add("@", 60, RR_SOA, "7"));
	update(add("@", 60, RR_SOA, "6"));
	update(add("@", 60, RR_SOA, "2147483655")); /* 7 + 2^31 */
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, update_passes_over_an_soa_elsewhere)
{
	update(add("lamp", 60, RR_SOA, "9"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, the_serial_steps_over_zero)
{
	update(add("@", 60, RR_SOA, "2147483654"));
	update(add("@", 60, RR_SOA, "4294967295"));
	update(add("lamp", 30, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 1 U\nlamp 30 A 1 U\n");
}

Test(edit, strict_refuses_a_serial_that_goes_backwards)
{
	refused(EDIT_STRICT, ERR_RULE,
		"house. SOA: the serial would go backwards (RFC 1982)",
		add("@", 60, RR_SOA, "6"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, strict_takes_an_soa_removed_and_added)
{
	strict(del("@", RR_SOA, "7"), from_file(add("@", 60, RR_SOA, "70")));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 70 F\n");
}

Test(edit, an_soa_with_the_same_serial_and_other_fields_is_bumped)
{
	strict(from_file(add("@", 61, RR_SOA, "7")));
	zone_is("@ 60 NS ns1 F\n@ 61 SOA 8 F\n");
}

Test(edit, a_forced_serial_rises_alone)
{
	struct edit e = {.apex = apex, .force_serial = true, .limits = &limits};
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_apply(t, &e, &result), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(result.added + result.removed, 0);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\n");
	journal_is("-@ 60 SOA 7 F\n+@ 60 SOA 8 F\n");
}

/* --- deletions ----------------------------------------------------------- */

Test(edit, one_rr_an_rrset_or_a_name_is_deleted)
{
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_A, "2"),
	       add("lamp", 30, RR_TXT, "x"), add("lamp", 30, RR_TXT, "y"));
	update(del("lamp", RR_A, "1"), del("lamp", RR_A, "9"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n"
		"lamp 30 A 2 U\nlamp 30 TXT x U\nlamp 30 TXT y U\n");
	update(del_set("lamp", RR_TXT));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\nlamp 30 A 2 U\n");
	update(del_name("lamp"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 11 F\n");
	cr_assert_eq(record_now().nodes, 1);
}

Test(edit, deleting_what_is_not_there_changes_nothing)
{
	update(del_name("lamp"), del_set("lamp", RR_A), del("lamp", RR_A, "1"));
	cr_assert_eq(result.serial, 7);
}

Test(edit, update_keeps_the_soa_and_the_last_ns_of_the_apex)
{
	update(add("@", 60, RR_NS, "ns2"), add("@", 60, RR_TXT, "x"));
	update(del("@", RR_SOA, "8"), del_set("@", RR_SOA), del_set("@", RR_NS),
	       del_name("@"));
	zone_is("@ 60 NS ns1 F\n@ 60 NS ns2 U\n@ 60 SOA 9 F\n");
	update(del("@", RR_NS, "ns1"), del("@", RR_NS, "ns2"));
	zone_is("@ 60 NS ns2 U\n@ 60 SOA 10 F\n");
}

Test(edit, update_deletes_the_last_ns_of_a_cut)
{
	update(add("room", 60, RR_NS, "ns9"));
	cr_assert_eq(record_now().cuts, 1);
	update(del("room", RR_NS, "ns9"));
	cr_assert_eq(record_now().cuts, 0);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n");
}

Test(edit, strict_refuses_to_delete_what_a_zone_cannot_be_without)
{
	refused(EDIT_STRICT, ERR_RULE,
		"house. SOA: a zone must have one at its apex",
		del_set("@", RR_SOA));
	refused(EDIT_STRICT, ERR_RULE,
		"house. NS: a zone must have one at its apex",
		del("@", RR_NS, "ns1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

/* --- strict rules -------------------------------------------------------- */

Test(edit, strict_refuses_data_beside_a_cname)
{
	refused(EDIT_STRICT, ERR_RULE,
		"lamp.house. A: no other data beside a CNAME (RFC 2181 10.1)",
		add("lamp", 30, RR_CNAME, "light"), add("lamp", 30, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, strict_refuses_a_second_cname)
{
	refused(EDIT_STRICT, ERR_RULE,
		"lamp.house. CNAME: there can be only one at a name",
		add("lamp", 30, RR_CNAME, "light"),
		add("lamp", 30, RR_CNAME, "bulb"));
}

Test(edit, strict_refuses_an_soa_below_the_apex)
{
	refused(EDIT_STRICT, ERR_RULE,
		"lamp.house. SOA: an SOA belongs to the apex alone",
		add("lamp", 30, RR_SOA, "1"));
}

Test(edit, strict_refuses_a_ds_at_the_apex)
{
	refused(EDIT_STRICT, ERR_RULE,
		"house. DS: it belongs to the zone above (RFC 4035 2.4)",
		add("@", 30, RR_DS, "digest"));
}

Test(edit, strict_refuses_dname_beside_ns)
{
	refused(EDIT_STRICT, ERR_RULE,
		"room.house. DNAME: not beside NS but at the apex "
		"(RFC 6672 2.3)",
		add("room", 30, RR_NS, "ns9"), add("room", 30, RR_DNAME, "x"));
}

Test(edit, strict_judges_the_end_and_not_the_way)
{
	strict(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_CNAME, "light"),
	       del_set("lamp", RR_A));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 CNAME light U\n");
}

Test(edit, one_bad_change_leaves_no_trace_of_the_others)
{
	refused(EDIT_STRICT, ERR_RULE, "other.: not in the zone",
		add("lamp", 30, RR_A, "1"), del_name("other."));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
	cr_assert_eq(record_now().version, 1);
}

Test(edit, what_no_mode_can_do)
{
	struct edit_change long_a = add("lamp", 30, RR_A, "1");

	long_a.rdlen = 5;
	for (enum edit_rules r = EDIT_UPDATE; r <= EDIT_STRICT; r++) {
		refused(r, ERR_RULE,
			"lamp.house. ANY: a meta-type is never stored",
			add("lamp", 30, RR_ANY, "x"));
		refused(r, ERR_RANGE,
			"lamp.house. A: TTL over 2147483647 (RFC 2181 8)",
			add("lamp", 2147483648, RR_A, "1"));
		refused(r, ERR_RANGE, "lamp.house. A: malformed rdata", long_a);
		refused(r, ERR_RULE,
			"10m._NEAR.room.house. TXT: the name is answered by a "
			"search and holds no data",
			add("10m._NEAR.room", 30, RR_TXT, "x"));
	}
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, limits_hold_for_what_grows)
{
	limits.rrset_limit = 2;
	limits.types_limit = 2;
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_A, "2"),
	       add("lamp", 30, RR_TXT, "x"));
	refused(EDIT_UPDATE, ERR_RULE,
		"lamp.house. A: more RRs than rrset-limit allows",
		add("lamp", 30, RR_A, "3"));
	refused(EDIT_UPDATE, ERR_RULE,
		"lamp.house.: more types than types-limit allows",
		add("lamp", 30, RR_KEY, "k"));
	limits.rrset_limit = limits.types_limit = 1;
	update(del("lamp", RR_A, "1"), add("lamp", 30, RR_A, "3"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n"
		"lamp 30 A 2 U\nlamp 30 A 3 U\nlamp 30 TXT x U\n");
}

Test(edit, an_rrset_that_fits_no_message_is_refused)
{
	static uint8_t text[300][2 + 255];
	struct edit_change changes[300];

	for (unsigned i = 0; i < 300; i++) {
		changes[i] = add("lamp", 30, RR_TXT, "x");
		text[i][0] = 254;
		put16(text[i] + 1, (uint16_t)i);
		changes[i].rdata = text[i];
		changes[i].rdlen = 255;
	}
	cr_assert_eq(apply_as(EDIT_UPDATE, key_name, changes, 300), ERR_RANGE);
	cr_assert_not_null(strstr(result.diag.text, "lamp.house."));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
}

Test(edit, a_zone_that_the_store_does_not_have_is_not_found)
{
	struct edit e = {.apex = (const uint8_t *)"\6garden"};
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_apply(t, &e, &result), ERR_NOTFOUND);
	store_txn_abort(t);
	cr_assert_str_eq(result.diag.text,
			 "garden.: the store has no such zone");
}

/* --- whose an RR is ------------------------------------------------------ */

Test(edit, an_rr_of_the_file_that_a_device_registers_becomes_the_devices)
{
	struct journal_entry e;

	strict(from_file(add("lamp", 30, RR_A, "1")));
	update(add("lamp", 30, RR_A, "1"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
	cr_assert_str_eq(journal_text(&e), "-lamp 30 A 1 F\n+lamp 30 A 1 U\n");
	cr_assert_eq(e.serial_before, 8);
	cr_assert_eq(e.serial_after, 8);
	cr_assert_eq(result.added + result.removed, 0);
	strict(from_file(add("lamp", 30, RR_A, "1")));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
}

Test(edit, an_rr_of_another_origin_survives_a_deletion_by_origin)
{
	struct edit_change c;

	strict(from_file(add("lamp", 30, RR_A, "1")));
	update(add("lamp", 30, RR_A, "2"));
	c = del("lamp", RR_A, "1");
	c.origin = ORIGIN_FILE;
	strict(c);
	c = del("lamp", RR_A, "2");
	c.origin = ORIGIN_FILE;
	strict(c);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\nlamp 30 A 2 U\n");
}

Test(edit, a_refresh_by_delete_and_add_changes_nothing)
{
	update(add("lamp", 30, RR_A, "1"));
	update(del_set("lamp", RR_A), add("lamp", 30, RR_A, "1"));
	cr_assert_eq(result.serial, 8);
	cr_assert_eq(record_now().version, 2);
}

/* --- what an edit leaves behind ------------------------------------------ */

Test(edit, the_journal_tells_what_when_and_who)
{
	struct store_view *v = store_reader_new(store);
	uint8_t name[NAME_WIRE_MAX];
	struct journal_entry e;

	update(add("lamp", 30, RR_A, "1"), add("a", 30, RR_A, "2"));
	update(del_name("a"), add("lamp", 31, RR_A, "1"));
	cr_assert_str_eq(journal_text(&e),
			 "-@ 60 SOA 8 F\n-a 30 A 2 U\n-lamp 30 A 1 U\n"
			 "+@ 60 SOA 9 F\n+lamp 31 A 1 U\n");
	cr_assert_eq(e.serial_before, 8);
	cr_assert_eq(e.serial_after, 9);
	cr_assert_eq(e.time, 1764000000);
	cr_assert_str_eq(e.who, "192.168.1.7");
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert(store_key_name(v, e.key_tag, name));
	cr_assert(name_equal(name, key_name));
	store_reader_free(v);
}

Test(edit, wildcards_cuts_and_dnames_are_counted)
{
	update(add("*.room", 30, RR_A, "1"), add("a.*.room", 30, RR_A, "1"),
	       add("x*", 30, RR_A, "1"), add("cut", 30, RR_NS, "ns9"),
	       add("d", 30, RR_DNAME, "x"));
	cr_assert_eq(record_now().wildcards, 2);
	cr_assert_eq(record_now().cuts, 1);
	cr_assert_eq(record_now().dnames, 1);
	zone_text();
}

Test(edit, a_full_store_takes_deletions_and_no_additions)
{
	const struct store_options small = {.readers = 2, .limit = 1};
	struct diag d;

	update(add("lamp", 30, RR_A, "1"));
	store_close(store);
	cr_assert_eq(store_open(&store, dir, &small, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(apply_as(EDIT_UPDATE, key_name,
			      LIST(add("bulb", 30, RR_A, "1")), 1),
		     ERR_FULL);
	update(add("lamp", 30, RR_A, "1")); /* nothing new */
	update(del_name("lamp"));
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n");
}

/* --- zones that come and go ---------------------------------------------- */

Test(edit_new_zone, the_first_edit_must_bring_soa_and_ns)
{
	refused(EDIT_STRICT, ERR_RULE,
		"house. SOA: a zone must have one at its apex",
		add("lamp", 30, RR_A, "1"));
	refused(EDIT_STRICT, ERR_RULE,
		"house. NS: a zone must have one at its apex",
		add("@", 30, RR_SOA, "1"));
	strict(add("@", 30, RR_SOA, "5"), add("@", 30, RR_NS, "ns1"));
	cr_assert_eq(result.serial, 5);
	cr_assert_eq(result.added, 2);
	journal_is("+@ 30 SOA 5 U\n+@ 30 NS ns1 U\n");
}

Test(edit_new_zone, a_zone_is_created_once)
{
	struct store_txn *t;
	struct diag d;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_create(t, apex, &d), ERR_EXISTS);
	cr_assert_str_eq(d.text, "house.: the zone is in the store already");
	store_txn_abort(t);
}

Test(edit, a_dropped_zone_is_gone_and_its_id_not_used_again)
{
	uint32_t id = record_now().id;
	struct store_value value;
	struct store_txn *t;
	uint8_t key[4];
	bool more = true;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_NOTFOUND);
	cr_assert_eq(edit_zone_create(t, apex, NULL), ERR_OK);
	while (more)
		cr_assert_eq(store_erase_slice(t, 1, &more), ERR_OK);
	put32(key, id);
	cr_assert_eq(store_get(store_txn_view(t), STORE_NODES, key, 4, &value),
		     ERR_NOTFOUND);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_neq(record_now().id, id);
}

/* --- nodes built beside a zone ------------------------------------------- */

static enum err
build(struct store_txn *t, struct zone_record *z, const char *owner,
      const struct edit_change *changes, size_t count, struct diag *d)
{
	struct node_draft draft;
	struct arena arena;
	enum err err;

	arena_init_growing(&arena);
	cr_assert_eq(node_draft_from(&draft, &arena, NULL), ERR_OK);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(
			node_draft_add(&draft, changes[i].type, changes[i].ttl,
				       changes[i].rdata, changes[i].rdlen,
				       (struct rr_meta){ORIGIN_FILE, 0, 0}),
			ERR_OK);
	err = edit_build_node(t, z, apex, name_of(owner), &draft, &limits, d);
	arena_free(&arena);
	return err;
}

Test(edit_new_zone, built_nodes_are_counted_and_checked)
{
	struct zone_record z = record_now();
	struct store_txn *t;
	struct diag d;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(build(t, &z, "@", LIST(add("@", 60, RR_SOA, "5")), 1, &d),
		     ERR_RULE);
	cr_assert_eq(build(t, &z, "@",
			   LIST(add("@", 60, RR_SOA, "5"),
				add("@", 60, RR_NS, "ns1")),
			   2, &d),
		     ERR_OK);
	cr_assert_eq(z.serial, 5);
	cr_assert_eq(build(t, &z, "*.a", LIST(add("a", 60, RR_A, "1")), 1, &d),
		     ERR_OK);
	cr_assert_eq(build(t, &z, "b", LIST(add("b", 60, RR_NS, "x")), 1, &d),
		     ERR_OK);
	cr_assert_eq(build(t, &z, "b", LIST(add("b", 60, RR_A, "1")), 1, &d),
		     ERR_OK, "a node that is there is replaced");
	cr_assert_eq(build(t, &z, "c", LIST(add("c", 60, RR_A, "1")), 1, &d),
		     ERR_OK);
	cr_assert_eq(build(t, &z, "c", NULL, 0, &d), ERR_OK, "or erased");
	cr_assert_eq(zone_record_put(t, apex, &z), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	zone_is("*.a 60 A 1 F\n@ 60 NS ns1 F\n@ 60 SOA 5 F\nb 60 A 1 F\n");
}
