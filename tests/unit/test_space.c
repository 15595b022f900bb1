/* Questions about space, as a client asks them. */
#include "tests/unit/house.h"

#include "resolver/reach.h"
#include "server/waiting.h"
#include "tests/unit/answer_words.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A second of latitude is 30.89 m: sofa is 3.09 m north of lamp. */
static const char conf[] =
	"space: { ttl: 7, hits-max: 400, k: 3, k-max: 300 }\n"
	"zones:\n"
	"  - { name: b, inside: [ 127.0.0.0/8, 192.0.2.0/25 ] }\n"
	"  - { name: den.b, inside: [ 127.0.0.0/8 ] }\n";

#define APEX                               \
	"@ 3600 SOA ns admin 7 2 3 4 60\n" \
	"@ 3600 NS ns\n"                   \
	"ns 300 A 203.0.113.1\n"

#define BUILDING                                                             \
	APEX "lamp 300 LOC 52 0 0 N 0 0 0 E 1m 1m 1m 1m\n"                   \
	     "lamp 300 A 203.0.113.7\n"                                      \
	     "lamp 300 TXT \"a lamp\"\n"                                     \
	     "_zigbee.lamp 300 EUI64 00-17-88-01-0c-a4-5e-20\n"              \
	     "sofa 300 LOC 52 0 0.100 N 0 0 0 E 0m 1m 1m 1m\n"               \
	     "door 300 LOC 52 0 0.200 N 0 0 0 E 0m 1m 1m 1m\n"               \
	     "far 2 LOC 52 0 10 N 0 0 0 E 0m 1m 1m 1m\n"                     \
	     "hall 300 LOC 52 0 0 N 0 0 0 E 0m 20m 1m 1m\n"                  \
	     "_geo.hall 300 TXT \"fp=-400,-400 400,-400 400,400 -400,400\" " \
	     "\"lvl=0\"\n"                                                   \
	     "hook.hall 300 A 203.0.113.9\n"                                 \
	     "* 300 PTR trap\n"                                              \
	     "old 300 DNAME hall\n"                                          \
	     "alias 300 CNAME hall\n"                                        \
	     "ask 300 CNAME 52.0n.0.0e.1m._near\n"                           \
	     "den 300 NS ns.den\n"                                           \
	     "ns.den 300 A 203.0.113.2\n"                                    \
	     "_ipp._tcp 300 PTR Laser\\032Printer._ipp._tcp\n"               \
	     "Laser\\032Printer._ipp._tcp 300 SRV 0 0 631 door\n"            \
	     "Laser\\032Printer._ipp._tcp 300 TXT \"rp=ipp\"\n"

#define DEN                                                  \
	APEX "@ 300 LOC 52 0 0.150 N 0 0 0 E 0m 5m 1m 1m\n"  \
	     "tv 300 LOC 52 0 0.150 N 0 0 0 E 0m 1m 1m 1m\n" \
	     "_export 300 TXT \"tv LOC\" \"@ LOC\" \"_near PTR\"\n"

static struct house h;

static void
open_house(void)
{
	house_open(&h, conf, "b.", BUILDING, "den.b.", DEN, NULL);
}

static void
close_house(void)
{
	house_close(&h);
}

TestSuite(space, .init = open_house, .fini = close_house);

/* --- words ---------------------------------------------------------------- */

static ldns_pkt *
ask(const char *name, const char *type, int rcode)
{
	ldns_pkt *p = house_ask(&h, name, type);

	cr_assert_eq((int)ldns_pkt_get_rcode(p), rcode, "%s %s", name, type);
	return p;
}

static void
expect_section(const char *name, const char *type, ldns_pkt_section section,
	       const char *text)
{
	ldns_pkt *p = ask(name, type, LDNS_RCODE_NOERROR);
	char *got = house_section(p, section);

	cr_expect_str_eq(got, text, "%s %s:\n%s", name, type, got);
	free(got);
	ldns_pkt_free(p);
}

/* The rdatas of the answer, one a line. */
static void
expect(const char *name, const char *type, const char *text)
{
	ldns_pkt *p = ask(name, type, LDNS_RCODE_NOERROR);
	const ldns_rr_list *rrs = ldns_pkt_answer(p);
	char all[16384] = "";

	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		char *line =
			ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(rrs, i), 0));

		strcat(strcat(all, line), "\n");
		free(line);
	}
	cr_expect_str_eq(all, text, "%s %s:\n%s", name, type, all);
	ldns_pkt_free(p);
}

static void
expect_no(const char *name, const char *type, int rcode)
{
	ldns_pkt *p = ask(name, type, rcode);

	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 0, "%s", name);
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_authority(p)), 1, "%s",
		     name);
	ldns_pkt_free(p);
}

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

/* --- delegated children --------------------------------------------------- */

/* A lab around the spot 52 N 0 E, 8 m wide, and a shop 62 m to the north. */
#define CHILDREN                                                   \
	"lab 300 NS ns.lab\n"                                      \
	"ns.lab 300 A 203.0.113.3\n"                               \
	"lab._cover 300 LOC 52 0 0 N 0 0 0 E 0m 12m 1m 1m\n"       \
	"_geo.lab._cover 300 TXT \"fp=-400,-400 400,-400 400,400 " \
	"-400,400\" \"lvl=0\"\n"                                   \
	"shop 300 NS ns.shop\n"                                    \
	"ns.shop 300 A 203.0.113.4\n"                              \
	"shop._cover 300 LOC 52 0 2 N 0 0 0 E 0m 10m 1m 1m\n"

static void
load_children(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s%s", APEX, CHILDREN, more);
	house_load(&h, "b.", text);
}

Test(space, a_region_within_one_cover_is_handed_to_the_child)
{
	load_children("");
	expect_section("52.0n.0.0e.2m._near.b.", "PTR", LDNS_SECTION_ANSWER,
		       "52.0n.0.0e.2m._near.b. 7 IN CNAME "
		       "52.0n.0.0e.2m._near.lab.b.\n");
	expect_section("52.0n.0.0e._in.b.", "TXT", LDNS_SECTION_ANSWER,
		       "52.0n.0.0e._in.b. 7 IN CNAME 52.0n.0.0e._in.lab.b.\n");
	expect_section("51.99999n.0.00001w.52.00001n.0.00001e._box.b.", "PTR",
		       LDNS_SECTION_ANSWER,
		       "51.99999n.0.00001w.52.00001n.0.00001e._box.b. 7 IN "
		       "CNAME 51.99999n.0.00001w.52.00001n.0.00001e._box.lab."
		       "b.\n");
	expect_section("52.0n.0.0e.2m._near.b.", "CNAME", LDNS_SECTION_ANSWER,
		       "52.0n.0.0e.2m._near.b. 7 IN CNAME "
		       "52.0n.0.0e.2m._near.lab.b.\n");
	expect_section("52.0n.0.0e.2m._near.b.", "PTR", LDNS_SECTION_AUTHORITY,
		       "lab.b. 300 IN NS ns.lab.b.\n");
}

Test(space, covers_are_no_hits)
{
	load_children("cat 300 LOC 52 0 0 N 0 0 0 E 0m 1m 1m 1m\n");
	expect("52.0n.0.0e.l1.2m._near.b.", "PTR", "cat.b.\n");
	expect_no("52.0n.0.0e.l1._in.b.", "PTR", LDNS_RCODE_NOERROR);
	expect("52.0n.0.0e.2m._near.b.", "PTR",
	       "52.0n.0.0e.2m._near.lab.b.\ncat.b.\n");
}

Test(space, where_more_than_a_cover_is_touched_the_question_goes_on)
{
	load_children("");
	expect("52.0n.0.0e.4.5m._near.b.", "PTR",
	       "52.0n.0.0e.4.5m._near.lab.b.\n");
	expect("52.0n.0.0e.4.5m._near.b.", "TXT",
	       "\"- - 52.0n.0.0e.4.5m._near.lab.b.\"\n");
	expect("52.0n.0.0e.k9._near.b.", "PTR",
	       "52.0n.0.0e.k9._near.lab.b.\n52.0n.0.0e.k9._near.shop.b.\n"
	       "den.b.\ntv.den.b.\n");
	expect("_here.b.", "PTR",
	       "_here.lab.b.\n_here.shop.b.\nden.b.\nns.den.b.\ntv.den.b.\n"
	       "ns.b.\n");
	expect_no("52.1n.0.0e.5m._near.b.", "PTR", LDNS_RCODE_NOERROR);
}

Test(space, a_child_that_is_too_far_for_the_nearest_is_left_out)
{
	load_children("cat 300 LOC 52 0 0 N 0 0 0 E 0m 1m 1m 1m\n"
		      "dog 300 LOC 52 0 0.1 N 0 0 0 E 0m 1m 1m 1m\n");
	expect("52.0n.0.0e.k2._near.b.", "PTR",
	       "52.0n.0.0e.k2._near.lab.b.\ncat.b.\ndog.b.\n");
}

Test(space, below_a_cut_the_child_is_asked)
{
	load_children("");
	expect_section("52.0n.0.0e.2m._near.lab.b.", "PTR",
		       LDNS_SECTION_AUTHORITY, "lab.b. 300 IN NS ns.lab.b.\n");
}

/* --- gathering ------------------------------------------------------------ */

static struct query_recursion recursion;
static struct waiting_room *room;
static char asked[2048];
static uint16_t asked_types[QUERY_ASKS_MAX];
static bool gathering; /* what rides along is asked for */
static unsigned deadline;
static bool crowded; /* nobody can be asked */
static uint8_t question[512];
static size_t question_len;

static bool
note_asks(void *arg, const struct net_peer *peer, const struct msg *m,
	  const struct resolve_question *asks, unsigned count,
	  unsigned deadline_ms)
{
	(void)arg;
	(void)peer;
	(void)m;
	asked[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		char name[NAME_TEXT_MAX], to[NET_ADDR_TEXT_MAX];

		name_to_text(name, asks[i].qname);
		net_addr_to_text(to, &asks[i].servers->addr[0]);
		asked_types[i] = asks[i].qtype;
		cr_expect_eq((asks[i].variant & CACHE_SPACE) != 0, gathering);
		strcat(strcat(strcat(strcat(asked, name), " "), to), "\n");
	}
	deadline = deadline_ms;
	return !crowded;
}

static uint64_t
answer_now(void)
{
	return ANSWER_NOW;
}

static void
recurse(void)
{
	recursion = (struct query_recursion){
		.reach = reach_new(h.served->conf),
		.ask = note_asks,
	};
	room = waiting_room_new(10);
	cr_assert(recursion.reach != NULL && room != NULL);
	h.env.recursion = &recursion;
	h.env.now = answer_now;
	gathering = true;
}

static void
recurse_no_more(void)
{
	if (recursion.waiting != NULL)
		waiting_leave(recursion.waiting);
	waiting_room_free(room);
	reach_free(recursion.reach);
}

/* Serves the question, and gives the reply's length. */
static size_t
serve(void)
{
	size_t len;

	cr_assert_eq(store_reader_begin(h.env.view), ERR_OK);
	len = query_serve(&h.query, &h.env, &h.peer, question, question_len,
			  h.reply, sizeof(h.reply));
	store_reader_end(h.env.view);
	h.reply_len = len;
	return len;
}

static void
write_question(const char *name, uint16_t type)
{
	struct wire_writer w;

	wire_writer_init(&w, question, sizeof(question));
	msg_write_header(&w, 4711, MSG_RD);
	msg_write_question(&w, name_of(name), type, RR_IN);
	msg_set_count(&w, MSG_QD, 1);
	question_len = w.len;
	recursion.waiting = NULL;
}

static void
put_question(const char *name, uint16_t type)
{
	write_question(name, type);
	cr_assert_eq(serve(), NET_LATER);
	recursion.waiting =
		waiting_enter(room, &h.peer, question, question_len);
	cr_assert_not_null(recursion.waiting);
}

static void
child_begins(const char *name, const char *const *lines)
{
	answer_begin(name, RR_TXT, MSG_QR);
	for (; *lines != NULL; lines++) {
		uint8_t rdata[256];

		rdata[0] = (uint8_t)strlen(*lines);
		memcpy(rdata + 1, *lines, rdata[0]);
		answer_rr(MSG_AN, name, 5, RR_TXT, rdata, 1 + (size_t)rdata[0]);
	}
}

static void
child_ends(const char *name, uint16_t type)
{
	struct resolve_result result = {.outcome = RESOLVE_ANSWER};

	expect_entry(ERR_OK);
	result.entry = entry;
	cr_assert(
		waiting_give(recursion.waiting, name_of(name), type, &result));
}

/* What a child answers: lines of TXT, NULL at the end. */
static void
child_says(const char *name, const char *const *lines)
{
	child_begins(name, lines);
	child_ends(name, RR_TXT);
}

static void
child_fails(const char *name, uint16_t type)
{
	struct resolve_result result = {.outcome = RESOLVE_FAILED};

	cr_assert(
		waiting_give(recursion.waiting, name_of(name), type, &result));
}

/* The answer now, as rdatas. */
static void
expect_gathered(bool authoritative, const char *text)
{
	ldns_pkt *p = NULL;
	char all[4096] = "";

	cr_assert_neq(serve(), NET_LATER);
	cr_assert_eq(ldns_wire2pkt(&p, h.reply, h.reply_len), LDNS_STATUS_OK);
	cr_expect_eq(ldns_pkt_get_rcode(p), LDNS_RCODE_NOERROR);
	cr_expect_eq(ldns_pkt_aa(p), authoritative);
	for (size_t i = 0; i < ldns_pkt_ancount(p); i++) {
		char *line = ldns_rdf2str(
			ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(p), i), 0));

		strcat(strcat(all, line), "\n");
		free(line);
	}
	cr_expect_str_eq(all, text, "%s", all);
	ldns_pkt_free(p);
}

#define CAT "cat 300 LOC 52 0 0.1 N 0 0 0 E 0m 1m 1m 1m\n"

Test(space, children_are_asked_at_once_and_merged_by_distance)
{
	static const char *const lab[] = {"2 4.00 tap.lab.b.",
					  "1 0.50 jar.lab.b.", NULL};
	static const char *const shop[] = {"1 60.00 till.shop.b.", NULL};

	recurse();
	load_children(CAT);
	put_question("52.0n.0.0e.k9._near.b.", RR_TXT);
	cr_expect_str_eq(asked,
			 "52.0n.0.0e.k9._near.lab.b. 203.0.113.3@53\n"
			 "52.0n.0.0e.k9._near.shop.b. 203.0.113.4@53\n",
			 "%s", asked);
	cr_expect_eq(deadline, 300);
	child_says("52.0n.0.0e.k9._near.lab.b.", lab);
	child_says("52.0n.0.0e.k9._near.shop.b.", shop);
	expect_gathered(false, "\"1 0.50 jar.lab.b.\"\n\"2 3.09 cat.b.\"\n"
			       "\"3 4.00 tap.lab.b.\"\n\"4 4.63 den.b.\"\n"
			       "\"5 4.63 tv.den.b.\"\n"
			       "\"6 60.00 till.shop.b.\"\n");
	recurse_no_more();
}

Test(space, who_is_late_is_where_the_question_goes_on)
{
	static const char *const lab[] = {"1 0.50 jar.lab.b.", NULL};

	recurse();
	load_children(CAT);
	put_question("52.0n.0.0e.100m._near.b.", RR_PTR);
	child_says("52.0n.0.0e.100m._near.lab.b.", lab);
	recursion.waiting->hurried = true;
	expect_gathered(false, "52.0n.0.0e.100m._near.shop.b.\njar.lab.b.\n"
			       "cat.b.\nden.b.\ntv.den.b.\n");
	recurse_no_more();
}

Test(space, who_fails_is_where_the_question_goes_on)
{
	recurse();
	load_children("");
	put_question("52.0n.0.0e.5m.l0._near.b.", RR_PTR);
	child_fails("52.0n.0.0e.5m.l0._near.lab.b.", RR_TXT);
	expect_gathered(false, "52.0n.0.0e.5m.l0._near.lab.b.\nden.b.\n"
			       "tv.den.b.\n");
	recurse_no_more();
}

Test(space, when_no_child_can_be_asked_there_is_what_is_here)
{
	recurse();
	crowded = true;
	load_children("");
	write_question("52.0n.0.0e.5m.l0._near.b.", RR_PTR);
	expect_gathered(false, "52.0n.0.0e.5m.l0._near.lab.b.\nden.b.\n"
			       "tv.den.b.\n");
	cr_expect_eq(h.stats.n[STAT_CROWDED], 1);
	recurse_no_more();
}

Test(space, a_child_speaks_of_what_is_its_own)
{
	static const char *const lab[] = {"1 0.10 cat.b.",
					  "2 0.20 jar.lab.b.",
					  "3 0.30",
					  "x 0.40 tap.lab.b.",
					  "- - 9._near.b.",
					  "0 0.5 tap.lab.b.",
					  "5 -1 tap.lab.b.",
					  "6 1e9 tap.lab.b.",
					  "7 . tap.lab.b.",
					  "- - _x.lab.b.",
					  NULL};

	recurse();
	load_children("");
	put_question("52.0n.0.0e.4.5m._near.b.", RR_PTR);
	child_says("52.0n.0.0e.4.5m._near.lab.b.", lab);
	expect_gathered(false, "_x.lab.b.\njar.lab.b.\n");
	recurse_no_more();
}

Test(space, in_and_here_merge_in_their_own_order)
{
	static const char *const in[] = {"1 0.10 z.lab.b.", "2 0.20 lab.b.",
					 NULL};
	static const char *const here[] = {"1 - a.lab.b.", "2 - z.lab.b.",
					   NULL};

	recurse();
	load_children("hall 300 LOC 52 0 0 N 0 0 0 E 0m 20m 1m 1m\n"
		      "_geo.hall 300 TXT \"fp=-900,-900 900,-900 900,900 "
		      "-900,900\"\n");
	put_question("52.0n.0.0e._in.b.", RR_PTR);
	child_says("52.0n.0.0e._in.lab.b.", in);
	expect_gathered(false, "z.lab.b.\nlab.b.\nhall.b.\n");
	waiting_leave(recursion.waiting);
	put_question("_here.b.", RR_PTR);
	child_says("_here.lab.b.", here);
	child_fails("_here.shop.b.", RR_TXT);
	expect_gathered(false, "_here.shop.b.\nden.b.\nns.den.b.\ntv.den.b.\n"
			       "hall.b.\na.lab.b.\nz.lab.b.\nns.b.\n");
	recurse_no_more();
}

/* Additional data that came along, as "OWNER TTL TYPE RDATA" lines. */
static void
expect_additional(const char *text)
{
	ldns_pkt *p = NULL;
	char *got;

	cr_assert_neq(serve(), NET_LATER);
	cr_assert_eq(ldns_wire2pkt(&p, h.reply, h.reply_len), LDNS_STATUS_OK);
	got = house_section(p, LDNS_SECTION_ADDITIONAL);
	cr_expect_str_eq(got, text, "%s", got);
	free(got);
	ldns_pkt_free(p);
}

/* 52 N 0 E, 0 m; 1 m of everything. */
static const uint8_t lab_apex[] = "\3lab\1b";
static const uint8_t loc[] = {0,    0x12, 0x12, 0x12, 0x8b, 0x28, 0x72, 0x00,
			      0x80, 0,	  0,	0,    0,    0x98, 0x96, 0x80};

Test(space, what_a_childs_hits_are_like_comes_along)
{
	static const char *const lab[] = {"1 0.50 jar.lab.b.",
					  "2 0.90 Ink._ipp._tcp.lab.b.", NULL};
	static const uint8_t srv[] = "\0\0\0\0\2\167\3box\3lab\1b";
	static const uint8_t mac[] = {1, 2, 3, 4, 5, 6};

	recurse();
	load_children(CAT);
	answer_policy.riders = lab_apex;
	put_question("52.0n.0.0e.l0.4.5m._near.b.", RR_PTR);
	child_begins("52.0n.0.0e.l0.4.5m._near.lab.b.", lab);
	answer_rr(MSG_AR, "_ble.jar.lab.b.", 300, RR_EUI48, mac, sizeof(mac));
	answer_rr(MSG_AR, "jar.lab.b.", 300, RR_TXT, "\1x", 2);
	answer_a(MSG_AR, "jar.lab.b.", 300, "203.0.113.8");
	answer_rr(MSG_AR, "jar.lab.b.", 300, RR_LOC, loc, sizeof(loc));
	answer_rr(MSG_AR, "Ink._ipp._tcp.lab.b.", 300, RR_SRV, srv,
		  sizeof(srv));
	answer_rr(MSG_AR, "box.lab.b.", 300, RR_LOC, loc, sizeof(loc));
	answer_a(MSG_AR, "box.lab.b.", 300, "203.0.113.9");
	answer_a(MSG_AR, "tap.lab.b.", 300, "203.0.113.66"); /* is no hit */
	answer_a(MSG_AR, "cat.b.", 300, "203.0.113.67");     /* nor its own */
	child_ends("52.0n.0.0e.l0.4.5m._near.lab.b.", RR_TXT);
	expect_additional(
		"jar.lab.b. 5 IN LOC 52 00 0.000 N 00 00 0.000 W 0m 1m 1m 1m\n"
		"box.lab.b. 5 IN LOC 52 00 0.000 N 00 00 0.000 W 0m 1m 1m 1m\n"
		"cat.b. 300 IN LOC 52 00 0.100 N 00 00 0.000 W 0m 1m 1m 1m\n"
		"jar.lab.b. 5 IN A 203.0.113.8\n"
		"Ink._ipp._tcp.lab.b. 5 IN SRV 0 0 631 box.lab.b.\n"
		"box.lab.b. 5 IN A 203.0.113.9\n"
		"_ble.jar.lab.b. 5 IN EUI48 01-02-03-04-05-06\n"
		"jar.lab.b. 5 IN TXT \"x\"\n");
	recurse_no_more();
}

/* --- handed over ---------------------------------------------------------- */

#define HANDED "52.0n.0.0e.2m._near.lab.b."

static void
hand_over(void)
{
	recurse();
	gathering = false;
	load_children("");
	put_question("52.0n.0.0e.2m._near.b.", RR_PTR);
	cr_expect_str_eq(asked, HANDED " 203.0.113.3@53\n", "%s", asked);
	cr_expect_eq(asked_types[0], RR_PTR);
	cr_expect_eq(deadline, 300);
}

Test(space, what_the_child_has_follows_its_cname)
{
	hand_over();
	answer_begin(HANDED, RR_PTR, MSG_QR);
	answer_name(MSG_AN, HANDED, 5, RR_PTR, "jar.lab.b.");
	child_ends(HANDED, RR_PTR);
	expect_gathered(true, HANDED "\njar.lab.b.\n");
	recurse_no_more();
}

Test(space, a_child_that_is_late_leaves_the_cname_alone)
{
	hand_over();
	recursion.waiting->hurried = true;
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}

Test(space, a_child_that_fails_leaves_the_cname_alone)
{
	hand_over();
	child_fails(HANDED, RR_PTR);
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}

Test(space, a_child_that_cannot_be_asked_leaves_the_cname_alone)
{
	recurse();
	crowded = true;
	gathering = false;
	load_children("");
	write_question("52.0n.0.0e.2m._near.b.", RR_PTR);
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}
