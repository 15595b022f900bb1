/*
 * DNS UPDATE (RFC 2136): signed messages in, a decision and a zone out.
 */
#include "tests/unit/update_words.h"

#include <string.h>

TestSuite(update_message, .init = open_updates, .fini = close_updates);
TestSuite(update_prerequisite, .init = open_updates, .fini = close_updates);
TestSuite(update_permission, .init = open_updates, .fini = close_updates);

/* --- the message --------------------------------------------------------- */

Test(update_message, adds_what_it_is_told_to)
{
	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	change(in(add("lamp", 30, RR_A, "2")));
	gives("room-key.", MSG_NOERROR, "");
	cr_assert_eq(ede, MSG_EDE_NONE);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\nlamp 30 A 2 U\n");
}

Test(update_message, deletes_an_rr_an_rrset_and_a_name)
{
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_A, "2"),
	       add("lamp", 30, RR_TXT, "x"), add("lamp", 30, RR_KEY, "k"));
	begin();
	change(none(add("lamp", 0, RR_A, "1")));
	gives("room-key.", MSG_NOERROR, "");
	change(any("lamp", RR_TXT));
	gives("room-key.", MSG_NOERROR, "");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\n"
		"lamp 30 A 2 U\nlamp 30 KEY k U\n");
	change(any("lamp", RR_ANY));
	gives("room-key.", MSG_NOERROR, "");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 11 F\n");
}

/* As python3-dnspython 2.3 writes and signs it. */
Test(update_message, of_another_implementation)
{
	static const uint8_t msg[] =
		"\x12\x67\x28\x00\x00\x01\x00\x02\x00\x06\x00\x01\x05\x68\x6f"
		"\x75\x73\x65"
		"\x00\x00\x06\x00\x01\x04\x6c\x61\x6d\x70\xc0\x0c"
		"\x00\xff\x00\xfe\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x06\x00"
		"\xff\x00\x00"
		"\x00\x00\x00\x00\xc0\x17\x00\x01\x00\x01\x00\x00"
		"\x00\x1e\x00\x04\x0a\x00\x00\x01\x03\x6f\x6c\x64\xc0\x0c\x00"
		"\xff\x00\xff"
		"\x00\x00\x00\x00\x00\x00\x04\x6f\x6c\x64\x32\xc0"
		"\x0c\x00\x01\x00\xff\x00\x00\x00\x00\x00\x00\x04\x6f\x6c\x64"
		"\x33\xc0\x0c"
		"\x00\x01\x00\xfe\x00\x00\x00\x00\x00\x04\x0a\x00"
		"\x00\x03\xc0\x17\x00\x10\x00\xff\x00\x00\x00\x00\x00\x00\xc0"
		"\x17\x00\x10"
		"\x00\x01\x00\x00\x00\x28\x00\x02\x01\x78\x08\x72"
		"\x6f\x6f\x6d\x2d\x6b\x65\x79\x00\x00\xfa\x00\xff\x00\x00\x00"
		"\x00\x00\x3d"
		"\x0b\x68\x6d\x61\x63\x2d\x73\x68\x61\x32\x35\x36"
		"\x00\x00\x00\x69\x24\x81\x00\x01\x2c\x00\x20\x3d\xfa\x14\xbe"
		"\x08\xdd\x92"
		"\x3d\x0f\x5f\x8d\x27\x0c\x24\xe4\x87\x77\x1a\x0d"
		"\x8c\x70\x18\xf7\x96\xbe\x42\x4f\xc2\x6b\xab\x86\x92\xb4\x7d"
		"\x00\x00\x00"
		"\x00";

	update(add("old", 30, RR_TXT, "x"), add("old2", 30, RR_A, "2"),
	       add("old3", 30, RR_A, "3"), add("old3", 30, RR_A, "4"));
	serve(msg, sizeof(msg) - 1);
	cr_assert_eq(rcode, MSG_NOERROR, "%s", reason);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n"
		"lamp 30 A 1 U\nlamp 40 TXT x U\nold3 30 A 4 U\n");
}

Test(update_message, a_ttl_with_the_top_bit_set_is_zero)
{
	begin();
	change(in(add("lamp", 0x80000001, RR_A, "1")));
	gives("room-key.", MSG_NOERROR, "");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 0 A 1 U\n");
}

Test(update_message, without_changes_is_no_error_and_no_change)
{
	begin();
	gives("room-key.", MSG_NOERROR, "");
	zone_is(EMPTY);
}

Test(update_message, the_zone_section_is_one_soa_of_a_zone_served_here)
{
	begin();
	draft.type = RR_NS;
	gives("room-key.", MSG_FORMERR, "the zone section must be one SOA");
	draft.class = RR_CH;
	gives("room-key.", MSG_NOTAUTH, "house. is not a zone served here");
	draft.zone = "lamp.house.";
	gives("room-key.", MSG_NOTAUTH,
	      "lamp.house. is not a zone served here");
	cr_assert_eq(ede, MSG_EDE_NOT_AUTHORITATIVE);
}

Test(update_message, the_zone_may_be_spelt_in_capitals)
{
	begin();
	draft.zone = "HOUSE.";
	change(in(add("lamp", 30, RR_A, "1")));
	gives("room-key.", MSG_NOERROR, "");
}

Test(update_message, names_outside_the_zone_are_notzone)
{
	begin();
	change(in(add("lamp.garden.", 30, RR_A, "1")));
	gives("room-key.", MSG_NOTZONE, "lamp.garden. is not in the zone");
	prerequisite(any("garden.", RR_ANY));
	gives("room-key.", MSG_NOTZONE, "garden. is not in the zone");
}

Test(update_message, malformed_prerequisites_are_format_errors)
{
	struct rr bad[7];

	begin();
	bad[0] = any("lamp", RR_A);
	bad[0].ttl = 1;
	bad[1] = in(add("lamp", 1, RR_A, "1"));
	bad[2] = in(add("lamp", 0, RR_A, "1"));
	bad[2].class = RR_CLASS_ANY;
	bad[3] = none(add("lamp", 0, RR_A, "1"));
	bad[4] = any("lamp", RR_AXFR);
	bad[5] = bare(RR_IN, "lamp", RR_ANY);
	bad[6] = in(add("lamp", 0, RR_A, "1"));
	bad[6].class = RR_CH;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		prerequisite(bad[i]);
		change(in(add("lamp", 30, RR_A, "1")));
		gives("room-key.", MSG_FORMERR, "a prerequisite is malformed");
	}
	zone_is(EMPTY);
}

Test(update_message, malformed_changes_are_format_errors)
{
	struct rr bad[8];

	begin();
	bad[0] = any("lamp", RR_A);
	bad[0].ttl = 1;
	bad[1] = none(add("lamp", 0, RR_A, "1"));
	bad[1].ttl = 1;
	bad[2] = in(add("lamp", 0, RR_A, "1"));
	bad[2].class = RR_CLASS_ANY;
	bad[3] = any("lamp", RR_AXFR);
	bad[4] = bare(RR_IN, "lamp", RR_ANY);
	bad[5] = bare(RR_NONE, "lamp", RR_ANY);
	bad[6] = in(add("lamp", 0, RR_A, "1"));
	bad[6].class = RR_CH;
	bad[7] = bare(RR_IN, "lamp", RR_A);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		change(in(add("lamp", 30, RR_A, "1")));
		change(bad[i]);
		gives("room-key.", MSG_FORMERR,
		      "an RR of the update section is malformed");
	}
	zone_is(EMPTY);
}

Test(update_message, rdata_cut_short_does_not_even_parse)
{
	struct rr rr = in(add("lamp", 0, RR_A, "1"));
	struct msg m;

	begin();
	rr.rdlen = 3;
	change(rr);
	cr_assert_eq(msg_parse(&m, wire, write_message(wire, NULL)),
		     MSG_BAD_FORMAT);
}

Test(update_message, a_zone_not_in_the_store_yet_is_not_ready)
{
	begin();
	draft.zone = "garden.";
	gives("room-key.", MSG_SERVFAIL, "the zone is not loaded yet");
	cr_assert_eq(ede, MSG_EDE_NOT_READY);
}

Test(update_message, beyond_a_limit_is_refused_with_the_rule)
{
	begin();
	served->limits.rrset_limit = 1;
	change(in(add("lamp", 30, RR_A, "1")));
	change(in(add("lamp", 30, RR_A, "2")));
	gives("room-key.", MSG_REFUSED,
	      "lamp.house. A: more RRs than rrset-limit allows");
	zone_is(EMPTY);
}

Test(update_message, a_full_store_is_servfail)
{
	const struct store_options small = {.readers = 2, .limit = 1};
	struct diag d;

	store_close(store);
	cr_assert_eq(store_open(&store, dir, &small, &d), ERR_OK, "%s", d.text);
	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	gives("room-key.", MSG_SERVFAIL, err_text(ERR_FULL));
	cr_assert_eq(ede, MSG_EDE_OTHER);
	zone_is(EMPTY);
}

/* --- prerequisites ------------------------------------------------------- */

static void
needs(struct rr rr, unsigned want)
{
	prerequisite(rr);
	change(in(add("new", 30, RR_A, "1")));
	change(any("new", RR_ANY));
	gives("room-key.", want, "");
}

static void
furnish(void)
{
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_A, "2"),
	       add("a.b", 30, RR_A, "1"), add("*.w", 30, RR_A, "1"),
	       add("cut", 30, RR_NS, "ns.cut"), add("ns.cut", 30, RR_A, "1"));
	begin();
}

Test(update_prerequisite, rrset_exists)
{
	furnish();
	needs(any("lamp", RR_A), MSG_NOERROR);
	needs(any("LAMP", RR_A), MSG_NOERROR);
	needs(any("lamp", RR_TXT), MSG_NXRRSET);
	needs(any("nobody", RR_A), MSG_NXRRSET);
}

Test(update_prerequisite, rrset_does_not_exist)
{
	furnish();
	needs(bare(RR_NONE, "lamp", RR_A), MSG_YXRRSET);
	needs(bare(RR_NONE, "lamp", RR_TXT), MSG_NOERROR);
	needs(bare(RR_NONE, "nobody", RR_A), MSG_NOERROR);
}

Test(update_prerequisite, name_is_in_use)
{
	furnish();
	needs(any("lamp", RR_ANY), MSG_NOERROR);
	needs(any("nobody", RR_ANY), MSG_NXDOMAIN);
}

Test(update_prerequisite, name_is_not_in_use)
{
	furnish();
	needs(bare(RR_NONE, "lamp", RR_ANY), MSG_YXDOMAIN);
	needs(bare(RR_NONE, "nobody", RR_ANY), MSG_NOERROR);
}

Test(update_prerequisite, an_empty_non_terminal_is_not_in_use)
{
	furnish();
	needs(any("b", RR_ANY), MSG_NXDOMAIN);
	needs(bare(RR_NONE, "b", RR_ANY), MSG_NOERROR);
}

Test(update_prerequisite, wildcards_do_not_count)
{
	furnish();
	needs(any("x.w", RR_A), MSG_NXRRSET);
	needs(any("*.w", RR_A), MSG_NOERROR);
}

Test(update_prerequisite, names_below_a_cut_are_seen_as_stored)
{
	furnish();
	needs(any("ns.cut", RR_A), MSG_NOERROR);
	needs(bare(RR_NONE, "ns.cut", RR_ANY), MSG_YXDOMAIN);
	needs(any("other.cut", RR_ANY), MSG_NXDOMAIN);
}

Test(update_prerequisite, rrset_has_exactly_these_rrs)
{
	furnish();
	needs(in(add("lamp", 0, RR_A, "1")), MSG_NXRRSET);
	prerequisite(in(add("lamp", 0, RR_A, "2")));
	needs(in(add("lamp", 0, RR_A, "1")), MSG_NOERROR);
	prerequisite(in(add("lamp", 0, RR_A, "2")));
	prerequisite(in(add("lamp", 0, RR_A, "2")));
	needs(in(add("LAMP", 0, RR_A, "1")), MSG_NOERROR);
	prerequisite(in(add("lamp", 0, RR_A, "2")));
	prerequisite(in(add("lamp", 0, RR_A, "3")));
	needs(in(add("lamp", 0, RR_A, "1")), MSG_NXRRSET);
	needs(in(add("lamp", 0, RR_TXT, "x")), MSG_NXRRSET);
	needs(in(add("nobody", 0, RR_A, "1")), MSG_NXRRSET);
	needs(in(add("cut", 0, RR_NS, "NS.cut")), MSG_NOERROR);
}

Test(update_prerequisite, all_must_hold)
{
	furnish();
	prerequisite(any("lamp", RR_A));
	prerequisite(in(add("a.b", 0, RR_A, "1")));
	needs(bare(RR_NONE, "nobody", RR_ANY), MSG_NOERROR);
	prerequisite(any("lamp", RR_A));
	prerequisite(in(add("a.b", 0, RR_A, "2")));
	needs(bare(RR_NONE, "nobody", RR_ANY), MSG_NXRRSET);
}

Test(update_prerequisite, one_that_fails_leaves_the_zone_alone)
{
	begin();
	prerequisite(any("lamp", RR_A));
	change(in(add("lamp", 30, RR_A, "1")));
	gives("room-key.", MSG_NXRRSET, "");
	zone_is(EMPTY);
}

/* --- permission ---------------------------------------------------------- */

Test(update_permission, unsigned_is_refused)
{
	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	gives(NULL, MSG_REFUSED, "not signed");
	cr_assert_eq(ede, MSG_EDE_PROHIBITED);
}

Test(update_permission, a_key_without_a_rule_is_refused)
{
	begin();
	change(in(add("shelf", 30, RR_A, "1")));
	gives("lamp-key.", MSG_REFUSED,
	      "key lamp-key. may not change shelf.house. A: no rule covers it");
	change(in(add("lamp", 30, RR_A, "1")));
	change(any("shelf", RR_ANY));
	gives("lamp-key.", MSG_REFUSED,
	      "key lamp-key. may not change shelf.house.: no rule covers it");
	zone_is(EMPTY);
}

Test(update_permission, a_rule_covers_its_types_alone)
{
	begin();
	change(in(add("lamp", 30, RR_KEY, "k")));
	gives("lamp-key.", MSG_REFUSED,
	      "key lamp-key. may not change lamp.house. KEY: the rule at line "
	      "13 does not cover the type");
	change(in(add("a.shelf", 30, RR_A, "1")));
	gives("lamp-key.", MSG_NOERROR, "");
}

Test(update_permission, a_name_is_deleted_if_all_its_types_are_covered)
{
	update(add("lamp", 30, RR_A, "1"), add("lamp", 30, RR_KEY, "k"));
	begin();
	change(any("lamp", RR_ANY));
	gives("lamp-key.", MSG_REFUSED,
	      "key lamp-key. may not change lamp.house. KEY: the rule at line "
	      "13 does not cover the type");
	update(del_set("lamp", RR_KEY));
	change(any("lamp", RR_ANY));
	gives("lamp-key.", MSG_NOERROR, "");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\n");
}

Test(update_permission, comes_before_prerequisites)
{
	update(add("shelf", 30, RR_A, "1"));
	begin();
	prerequisite(any("lamp", RR_A));
	change(in(add("shelf", 30, RR_A, "1")));
	gives("lamp-key.", MSG_REFUSED,
	      "key lamp-key. may not change shelf.house. A: no rule covers it");
}

Test(update_permission, who_may_not_change_a_name_may_not_ask_about_it)
{
	update(add("shelf", 30, RR_A, "1"));
	begin();
	for (unsigned i = 0; i < 2; i++) {
		prerequisite(any(i == 0 ? "shelf" : "nobody", RR_ANY));
		change(in(add("lamp", 30, RR_A, "1")));
		offer("lamp-key.");
		begin();
		cr_assert_eq(rcode, MSG_REFUSED);
	}
	cr_assert_str_eq(reason, "key lamp-key. may not ask about "
				 "nobody.house.: no rule covers it");
}

Test(update_permission, self_is_the_keys_name_and_what_is_below)
{
	begin();
	change(in(add("dev", 30, RR_A, "1")));
	change(in(add("a.DEV", 30, RR_A, "1")));
	gives("dev.house.", MSG_NOERROR, "");
	change(in(add("adev", 30, RR_A, "1")));
	gives("dev.house.", MSG_REFUSED,
	      "key dev.house. may not change adev.house. A: no rule covers it");
}

Test(update_permission, the_lists_and_the_apex_must_be_named)
{
	static const char *const protected[] = {"_export", "a._EXPORT",
						"_reach", "child._cover"};

	begin();
	for (unsigned i = 0; i < ARRAY_LEN(protected); i++) {
		change(in(add(protected[i], 30, RR_TXT, "x")));
		offer("room-key.");
		cr_assert_eq(rcode, MSG_REFUSED);
		begin();
	}
	change(in(add("_export", 30, RR_TXT, "speaker A")));
	change(in(add("child._cover", 30, RR_TXT, "x")));
	change(in(add("@", 30, RR_TXT, "x")));
	gives("root-key.", MSG_NOERROR, "");
	change(in(add("a._export", 30, RR_TXT, "x")));
	gives("root-key.", MSG_REFUSED,
	      "key root-key. may not change a._export.house. TXT: no rule "
	      "covers it");
	/* deeper down they are names like others */
	change(in(add("_export.room", 30, RR_TXT, "x")));
	gives("room-key.", MSG_NOERROR, "");
}

Test(update_permission, names_that_a_search_answers_are_nobodys)
{
	static const char *const searches[] = {"_near", "x._in", "_box.room",
					       "a._HERE.room"};

	begin();
	for (unsigned i = 0; i < ARRAY_LEN(searches); i++) {
		change(any(searches[i], RR_TXT));
		offer("room-key.");
		cr_assert_eq(rcode, MSG_REFUSED);
		begin();
	}
	cr_assert_str_eq(reason, "key room-key. may not change "
				 "a._HERE.room.house.: a search answers there");
}

Test(update_permission, the_apex_keeps_soa_and_ns)
{
	begin();
	change(any("@", RR_SOA));
	change(any("@", RR_NS));
	change(any("@", RR_ANY));
	change(none(add("@", 0, RR_NS, "ns1")));
	change(none(add("@", 0, RR_SOA, "7")));
	gives("room-key.", MSG_NOERROR, "");
	zone_is(EMPTY);
}

Test(update_permission, a_long_name_is_cut_in_the_reason)
{
	char long_name[200] = "";

	for (unsigned i = 0; i < 30; i++)
		strcat(long_name, "\\001a.");
	strcat(long_name, "house.");
	begin();
	change(in(add(long_name, 30, RR_A, "1")));
	offer("lamp-key.");
	cr_assert_eq(rcode, MSG_REFUSED);
	cr_assert_not_null(strstr(reason, "..."));
	cr_assert_not_null(strstr(reason, "A: no rule covers it"));
	cr_assert_null(strchr(reason, 1));
}

Test(update_permission, update_rule_find_knows_no_names_outside)
{
	const struct conf_zone *zone = &served->conf->zones[0];

	if (!name_equal(zone->apex, apex))
		zone++;
	cr_assert_null(update_rule_find(zone, key_name,
					(const uint8_t *)"\6garden", RR_A));
	cr_assert_not_null(update_rule_find(
		zone, key_name, (const uint8_t *)"\1a\5house", RR_A));
}
