/* Questions about space, as a client asks them. */
#include "tests/unit/space_words.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(space, .init = open_house, .fini = close_house);

/* --- words ---------------------------------------------------------------- */

static void
from(const char *address)
{
	cr_assert_eq(inet_pton(AF_INET, address, &h.peer.from.in.sin_addr), 1);
}

static bool
reply_has(const char *text)
{
	return memmem(h.reply, h.reply_len, text, strlen(text)) != NULL;
}

/* --- what comes back ------------------------------------------------------ */

Test(space, near_gives_what_is_within_the_radius)
{
	expect("52.0n.0.0e.4m._near.b.", "PTR", "hall.b.\nlamp.b.\nsofa.b.\n");
	expect("52.0n.0.0e.4m._near.b.", "ANY", "hall.b.\nlamp.b.\nsofa.b.\n");
	expect("52.0N.0.0E.4M._NEAR.b.", "PTR", "hall.b.\nlamp.b.\nsofa.b.\n");
}

Test(space, txt_gives_rank_distance_and_name)
{
	expect("52.0n.0.0e.k3._near.b.", "TXT",
	       "\"1 0.00 hall.b.\"\n\"2 0.00 lamp.b.\"\n\"3 3.09 sofa.b.\"\n");
	expect("52.0n.0.0e.l0._in.b.", "TXT", "\"1 0.00 hall.b.\"\n");
}

Test(space, without_number_and_radius_the_operator_says_how_many)
{
	expect("52.0n.0.0e._near.b.", "PTR", "hall.b.\nlamp.b.\nsofa.b.\n");
}

Test(space, nested_zones_are_merged_by_distance)
{
	expect("52.0n.0.0e.k6._near.b.", "TXT",
	       "\"1 0.00 hall.b.\"\n\"2 0.00 lamp.b.\"\n\"3 3.09 sofa.b.\"\n"
	       "\"4 4.63 den.b.\"\n\"5 4.63 tv.den.b.\"\n"
	       "\"6 6.18 door.b.\"\n");
	expect("52.0n.0.0e.k1._near.den.b.", "PTR", "den.b.\n");
	expect("51.99998n.0.1w.52.00005n.0.1e._box.b.", "TXT",
	       "\"1 1.42 sofa.b.\"\n\"2 1.67 hall.b.\"\n"
	       "\"3 1.67 lamp.b.\"\n\"4 2.97 den.b.\"\n"
	       "\"5 2.97 tv.den.b.\"\n");
}

Test(space, only_what_is_below_the_scope_is_looked_at)
{
	expect("52.0n.0.0e.1000m._near.hall.b.", "PTR", "hall.b.\n");
	expect("_here.hall.b.", "PTR", "hook.hall.b.\nlamp.b.\nsofa.b.\n");
	expect("_here.hall.b.", "TXT",
	       "\"1 - hook.hall.b.\"\n\"2 0.00 lamp.b.\"\n"
	       "\"3 3.09 sofa.b.\"\n");
}

Test(space, here_names_the_zones_below)
{
	expect("_here.den.b.", "PTR", "ns.den.b.\ntv.den.b.\n");
	expect("_here.b.", "PTR",
	       "alias.b.\nask.b.\nden.b.\nns.den.b.\ntv.den.b.\ndoor.b.\n"
	       "far.b.\nhall.b.\nhook.hall.b.\nlamp.b.\nns.b.\nold.b.\n"
	       "sofa.b.\n");
}

#define VAN "van 300 LOC 52 0 0.050 N 0 0 0 E 0m 1m 1m 1m\n"

Test(space, here_finds_what_stands_inside_and_is_named_in_another_zone)
{
	house_load(&h, "den.b.",
		   DEN VAN "_geo.van 300 TXT \"lvl=0\"\n"
			   "cat 300 LOC 52 0 0.060 N 0 0 0 E 0m 1m 1m 1m\n"
			   "_geo.cat 300 TXT \"lvl=1\"\n");
	expect("_here.hall.b.", "TXT",
	       "\"1 1.54 van.den.b.\"\n\"2 - hook.hall.b.\"\n"
	       "\"3 0.00 lamp.b.\"\n\"4 3.09 sofa.b.\"\n");
	/* without a footprint nothing is inside; a zone below is not above */
	expect_no("_here.lamp.b.", "PTR", LDNS_RCODE_NOERROR);
	expect("_here.den.b.", "PTR",
	       "cat.den.b.\nns.den.b.\ntv.den.b.\nvan.den.b.\n");
}

Test(space, here_finds_services_that_another_zone_names)
{
	house_load(&h, "den.b.",
		   DEN VAN "_ipp._tcp 300 PTR Ink._ipp._tcp\n"
			   "Ink._ipp._tcp 300 SRV 0 0 631 van\n"
			   "_ipp._tcp 300 PTR Far._ipp._tcp\n"
			   "Far._ipp._tcp 300 SRV 0 0 631 tv\n");
	expect("_ipp._tcp._here.hall.b.", "PTR", "Ink._ipp._tcp.den.b.\n");
}

Test(space, here_finds_in_another_zone_only_what_that_lets_the_client_see)
{
	house_load(&h, "den.b.", DEN VAN);
	from("192.0.2.1");
	expect("_here.hall.b.", "PTR", "hook.hall.b.\nlamp.b.\nsofa.b.\n");
	house_load(&h, "den.b.",
		   DEN VAN "bike 300 LOC 52 0 0.050 N 0 0 0 E 0m 1m 1m 1m\n"
			   "_export 300 TXT \"bike LOC\" \"_here PTR\"\n");
	expect("_here.hall.b.", "PTR",
	       "bike.den.b.\nhook.hall.b.\nlamp.b.\nsofa.b.\n");
}

Test(space, a_service_is_found_where_its_host_stands)
{
	expect("_ipp._tcp.52.0n.0.0e.10m._near.b.", "PTR",
	       "Laser\\032Printer._ipp._tcp.b.\n");
	expect_section("_ipp._tcp.52.0n.0.0e.10m._near.b.", "PTR",
		       LDNS_SECTION_ADDITIONAL,
		       "door.b. 300 IN LOC 52 00 0.200 N 00 00 0.000 W 0m 1m "
		       "1m 1m\n"
		       "Laser\\032Printer._ipp._tcp.b. 300 IN SRV 0 0 631 "
		       "door.b.\n"
		       "Laser\\032Printer._ipp._tcp.b. 300 IN TXT "
		       "\"rp=ipp\"\n");
	expect_no("_ipp._tcp.52.0n.0.0e.5m._near.b.", "PTR",
		  LDNS_RCODE_NOERROR);
}

Test(space, what_a_client_asks_next_rides_along)
{
	expect_section(
		"52.0n.0.0e.k2._near.b.", "PTR", LDNS_SECTION_ADDITIONAL,
		"hall.b. 300 IN LOC 52 00 0.000 N 00 00 0.000 W 0m 20m 1m 1m\n"
		"lamp.b. 300 IN LOC 52 00 0.000 N 00 00 0.000 W 1m 1m 1m 1m\n"
		"lamp.b. 300 IN A 203.0.113.7\n"
		"lamp.b. 300 IN TXT \"a lamp\"\n"
		"_zigbee.lamp.b. 300 IN EUI64 00-17-88-01-0c-a4-5e-20\n");
}

Test(space, an_answer_holds_no_longer_than_the_positions_in_it)
{
	expect_section("52.0n.0.0e.1m._near.b.", "PTR", LDNS_SECTION_ANSWER,
		       "52.0n.0.0e.1m._near.b. 7 IN PTR hall.b.\n"
		       "52.0n.0.0e.1m._near.b. 7 IN PTR lamp.b.\n");
	expect_section("52.0028n.0.0e.10m._near.b.", "PTR", LDNS_SECTION_ANSWER,
		       "52.0028n.0.0e.10m._near.b. 2 IN PTR far.b.\n");
}

Test(space, a_cname_may_lead_to_a_question)
{
	expect_section("ask.b.", "PTR", LDNS_SECTION_ANSWER,
		       "ask.b. 300 IN CNAME 52.0n.0.0e.1m._near.b.\n"
		       "52.0n.0.0e.1m._near.b. 7 IN PTR hall.b.\n"
		       "52.0n.0.0e.1m._near.b. 7 IN PTR lamp.b.\n");
}

Test(space, a_dname_above_the_scope_is_followed)
{
	expect_section("_here.old.b.", "PTR", LDNS_SECTION_ANSWER,
		       "old.b. 300 IN DNAME hall.b.\n"
		       "_here.old.b. 300 IN CNAME _here.hall.b.\n"
		       "_here.hall.b. 7 IN PTR hook.hall.b.\n"
		       "_here.hall.b. 7 IN PTR lamp.b.\n"
		       "_here.hall.b. 7 IN PTR sofa.b.\n");
}

/* --- nothing -------------------------------------------------------------- */

Test(space, no_hit_is_nodata_for_a_short_time)
{
	expect_section("53.0n.0.0e.4m._near.b.", "PTR", LDNS_SECTION_AUTHORITY,
		       "b. 7 IN SOA ns.b. admin.b. 7 2 3 4 60\n");
}

Test(space, every_tail_of_a_question_exists)
{
	static const char *const names[] = {
		"_ipp._tcp.52.201986n.0.113136e.l-1.k5.2.5m._near.b.",
		"_color._sub._ipp._tcp.52.2n.0.1e.a16.5m.l0._in.hall.b.",
		"51.9n.0.1w.52.1n.0.1e.l0._box.b.",
		"_services._dns-sd._udp._here.den.b.",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (const char *at = names[i];; at = strchr(at, '.') + 1) {
			ldns_pkt_free(ask(at, "PTR", LDNS_RCODE_NOERROR));
			ldns_pkt_free(ask(at, "A", LDNS_RCODE_NOERROR));
			if (strchr(at, '.') == strrchr(at, '.'))
				break;
		}
}

Test(space, a_tail_is_no_data)
{
	expect_no("_near.b.", "PTR", LDNS_RCODE_NOERROR);
	expect_no("10m._near.b.", "PTR", LDNS_RCODE_NOERROR);
	expect_no("0e.10m._near.b.", "TXT", LDNS_RCODE_NOERROR);
}

Test(space, what_cannot_become_valid_is_nxdomain_with_the_reason)
{
	/* ldns asks without EDNS here; the sentence is looked for below */
	static const uint8_t question[] =
		"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
		"\3"
		"10x\5_near\1b\0\0\x0c\0\1"
		"\0\0\x29\x10\0\0\0\0\0\0\0";
	ldns_pkt *p = house_send(&h, question, sizeof(question) - 1);

	cr_expect_eq(ldns_pkt_get_rcode(p), LDNS_RCODE_NXDOMAIN);
	cr_expect(reply_has("'10x'"));
	ldns_pkt_free(p);
	expect_no("10m.k5.k6._near.b.", "PTR", LDNS_RCODE_NXDOMAIN);
}

/* The memo would hand on the letters of whoever asked first. */
Test(space, the_reason_quotes_the_letters_that_were_asked_with)
{
	uint8_t question[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
			     "\3"
			     "10x\5_near\1b\0\0\x0c\0\1"
			     "\0\0\x29\x10\0\0\0\0\0\0\0";

	for (unsigned i = 0; i < 6; i++) {
		question[15] = i < 3 ? 'x' : 'X';
		ldns_pkt_free(house_send(&h, question, sizeof(question) - 1));
		cr_expect(reply_has(i < 3 ? "'10x'" : "'10X'"), "%u", i);
	}
}

Test(space, other_types_have_no_data)
{
	expect_no("52.0n.0.0e.4m._near.b.", "A", LDNS_RCODE_NOERROR);
	expect_no("52.0n.0.0e.4m._near.b.", "CNAME", LDNS_RCODE_NOERROR);
}

Test(space, a_scope_that_does_not_exist_is_nxdomain)
{
	expect_no("52.0n.0.0e.4m._near.attic.b.", "PTR", LDNS_RCODE_NXDOMAIN);
	expect_no("_near.attic.b.", "PTR", LDNS_RCODE_NXDOMAIN);
	expect_no("_here.alias.b.", "PTR", LDNS_RCODE_NXDOMAIN);
}

Test(space, no_wildcard_answers_for_a_place)
{
	expect("attic.b.", "PTR", "trap.b.\n");
	expect_no("_here.attic.b.", "PTR", LDNS_RCODE_NXDOMAIN);
}

/* --- outside -------------------------------------------------------------- */

Test(space, outside_there_are_only_searches_that_are_exported)
{
	from("192.0.2.200");
	expect("52.0n.0.0e.9m._near.den.b.", "PTR", "den.b.\ntv.den.b.\n");
	expect_no("52.0n.0.0e.9m._near.den.b.", "TXT", LDNS_RCODE_NOERROR);
	expect_no("_near.den.b.", "PTR", LDNS_RCODE_NOERROR);
	expect_no("_here.den.b.", "PTR", LDNS_RCODE_NXDOMAIN);
	expect_no("_box.den.b.", "PTR", LDNS_RCODE_NXDOMAIN);
	/* the building exports nothing */
	ldns_pkt_free(ask("52.0n.0.0e.9m._near.b.", "PTR", LDNS_RCODE_REFUSED));
}

Test(space, who_is_inside_of_the_building_only_sees_what_the_den_exports)
{
	from("192.0.2.1");
	expect("52.0n.0.0e.5m._near.b.", "PTR",
	       "hall.b.\nlamp.b.\nsofa.b.\nden.b.\ntv.den.b.\n");
	expect("52.0n.0.0e.k9._near.b.", "TXT",
	       "\"1 0.00 hall.b.\"\n\"2 0.00 lamp.b.\"\n\"3 3.09 sofa.b.\"\n"
	       "\"4 6.18 door.b.\"\n\"5 308.88 far.b.\"\n");
}

/* --- many ----------------------------------------------------------------- */

/* Names a0 … in steps of a third of a metre to the east. */
static void
load_crowd(unsigned count)
{
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	fputs(APEX, out);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "a%u 300 LOC 52 0 0 N 0 0 %u.%03u E 0m 1m 1m 1m\n",
			i, i * 16 / 1000, i * 16 % 1000);
	fclose(out);
	house_load(&h, "den.b.", text);
	free(text);
}

Test(space, what_does_not_fit_a_datagram_comes_whole_over_tcp)
{
	static struct net_tcp *const tcp = (struct net_tcp *)&h;
	ldns_pkt *p;

	load_crowd(350);
	p = ask("52.0n.0.0e.9999m._near.den.b.", "PTR", LDNS_RCODE_NOERROR);
	cr_expect(ldns_pkt_tc(p));
	ldns_pkt_free(p);
	h.peer.tcp = (void *)tcp;
	p = ask("52.0n.0.0e.9999m._near.den.b.", "PTR", LDNS_RCODE_NOERROR);
	cr_expect(!ldns_pkt_tc(p));
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 350);
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_additional(p)), 64);
	ldns_pkt_free(p);
}

Test(space, additional_data_never_truncates)
{
	ldns_pkt *p;

	load_crowd(350);
	for (unsigned k = 1; k < 40; k++) {
		char name[64];

		snprintf(name, sizeof(name), "52.0n.0.0e.k%u._near.den.b.", k);
		p = ask(name, "PTR", LDNS_RCODE_NOERROR);
		if (!ldns_pkt_tc(p))
			cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)),
				     k);
		else
			cr_expect_gt(k, 20);
		ldns_pkt_free(p);
	}
}

Test(space, limits_are_told_when_they_are_met)
{
	static const uint8_t question[] =
		"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
		"\2"
		"52\2"
		"0n\1"
		"0\2"
		"0e\5"
		"9999m\5_near\3den\1b\0\0\x0c\0\1"
		"\0\0\x29\x10\0\0\0\0\0\0\0";
	static struct net_tcp *const tcp = (struct net_tcp *)&h;
	ldns_pkt *p;

	h.peer.tcp = (void *)tcp;
	load_crowd(400);
	p = house_send(&h, question, sizeof(question) - 1);
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 400);
	cr_expect_not(reply_has("a limit was met"));
	ldns_pkt_free(p);
	load_crowd(500);
	p = house_send(&h, question, sizeof(question) - 1);
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 400);
	cr_expect(reply_has("a limit was met"));
	ldns_pkt_free(p);
	expect("52.0n.0.0e.9999m.k2._near.den.b.", "PTR",
	       "a0.den.b.\na1.den.b.\n");
}
