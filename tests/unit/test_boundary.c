/* What those outside are answered, in a house with two spaces in it. */
#include "tests/unit/house.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char conf[] =
	"keys:\n"
	"  - { name: sibling., secret: aGVsbG8gd29ybGQ= }\n"
	"  - { name: other., secret: aGVsbG8gd29ybGQ= }\n"
	"zones:\n"
	"  - { name: house, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: lounge.house, inside: [ 192.0.2.64/26, sibling. ] }\n"
	"  - { name: nook.attic.house, inside: [ 192.0.2.64/26 ] }\n"
	"  - { name: den, inside: [ 192.0.2.0/24 ] }\n";

#define APEX(serial)                                     \
	"@ 3600 SOA ns hostmaster " serial " 2 3 4 60\n" \
	"@ 3600 NS ns\n"                                 \
	"ns 300 A 203.0.113.1\n"

#define HOUSE                           \
	APEX("7")                       \
	"door 300 A 203.0.113.7\n"      \
	"safe 300 A 203.0.113.8\n"      \
	"gate 300 CNAME door\n"         \
	"trap 300 CNAME safe\n"         \
	"light 300 CNAME lamp.lounge\n" \
	"mail 300 MX 1 door\n"          \
	"mail 300 MX 2 safe\n"          \
	"lounge 300 NS ns.lounge\n"     \
	"ns.lounge 300 A 203.0.113.1\n"

#define HOUSE_EXPORTS                                                       \
	"_export 300 TXT \"door A\" \"gate CNAME\" \"trap CNAME\" \"light " \
	"CNAME\""                                                           \
	" \"mail MX\"\n"

#define LOUNGE                      \
	APEX("9")                   \
	"lamp 300 A 203.0.113.9\n"  \
	"lamp 300 TXT \"secret\"\n" \
	"desk 300 A 203.0.113.10\n"

#define LOUNGE_EXPORTS "_export 300 TXT \"lamp A\"\n"

static struct house h;

static void
open_house(void)
{
	house_open(&h, conf, "house.", HOUSE HOUSE_EXPORTS, "lounge.house.",
		   LOUNGE LOUNGE_EXPORTS, "nook.attic.house.", APEX("1"),
		   "den.", LOUNGE, NULL);
}

static void
close_house(void)
{
	house_close(&h);
}

TestSuite(boundary, .init = open_house, .fini = close_house);

static void
from(const char *text)
{
	cr_assert_eq(net_addr_from_text(&h.peer.from, text, 53, NULL), ERR_OK);
}

#define OUTSIDE "198.51.100.1"
#define IN_HOUSE "192.0.2.1" /* and den, but not lounge and nook */
#define IN_ALL "192.0.2.65"

/* rcode, "aa" or "", and the sections. */
static void
expect(const char *name, const char *type, const char *want)
{
	static const ldns_pkt_section sections[] = {LDNS_SECTION_ANSWER,
						    LDNS_SECTION_AUTHORITY,
						    LDNS_SECTION_ADDITIONAL};
	static const char *const heads[] = {"", "; authority\n",
					    "; additional\n"};
	ldns_pkt *p = house_ask(&h, name, type);
	char got[2048];

	snprintf(got, sizeof(got), "%d%s\n", ldns_pkt_get_rcode(p),
		 ldns_pkt_aa(p) ? " aa" : "");
	for (int i = 0; i < 3; i++) {
		char *text = house_section(p, sections[i]);

		if (text[0] != '\0') {
			strcat(got, heads[i]);
			strcat(got, text);
		}
		free(text);
	}
	cr_expect_str_eq(got, want, "%s %s:\n%s", name, type, got);
	ldns_pkt_free(p);
}

#define SOA(apex, serial)                                              \
	"; authority\n" apex " 60 IN SOA ns." apex " hostmaster." apex \
	" " serial " 2 3 4 60\n"
#define REFUSED "5\n"

Test(boundary, outside_what_is_exported_is_answered_and_the_rest_is_not_there)
{
	from(OUTSIDE);
	expect("door.house.", "A", "0 aa\ndoor.house. 300 IN A 203.0.113.7\n");
	expect("safe.house.", "A", "3 aa\n" SOA("house.", "1"));
	expect("nothing.house.", "A", "3 aa\n" SOA("house.", "1"));
	expect("door.house.", "AAAA", "0 aa\n" SOA("house.", "1"));
	expect("_export.house.", "TXT", "3 aa\n" SOA("house.", "1"));
	expect("house.", "SOA",
	       "0 aa\nhouse. 3600 IN SOA ns.house. hostmaster.house. 1 2 3 4 "
	       "60\n");
	expect("lamp.lounge.house.", "TXT", "0 aa\n" SOA("lounge.house.", "1"));
	expect("desk.lounge.house.", "A", "3 aa\n" SOA("lounge.house.", "1"));
	from(IN_ALL);
	expect("safe.house.", "A", "0 aa\nsafe.house. 300 IN A 203.0.113.8\n");
	expect("nothing.house.", "A", "3 aa\n" SOA("house.", "7"));
}

Test(boundary, outside_any_has_what_is_exported_alone)
{
	from(OUTSIDE);
	expect("lamp.lounge.house.", "ANY",
	       "0 aa\nlamp.lounge.house. 300 IN A 203.0.113.9\n");
	h.peer.tcp = (struct net_tcp *)&h; /* never looked into */
	expect("lamp.lounge.house.", "ANY",
	       "0 aa\nlamp.lounge.house. 300 IN A 203.0.113.9\n");
	from(IN_ALL);
	expect("lamp.lounge.house.", "ANY",
	       "0 aa\nlamp.lounge.house. 300 IN A 203.0.113.9\n"
	       "lamp.lounge.house. 300 IN TXT \"secret\"\n");
}

Test(boundary, outside_a_chain_meets_each_zone_as_the_outside_sees_it)
{
	from(OUTSIDE);
	expect("gate.house.", "A",
	       "0 aa\ngate.house. 300 IN CNAME door.house.\n"
	       "door.house. 300 IN A 203.0.113.7\n");
	expect("trap.house.", "A",
	       "3 aa\ntrap.house. 300 IN CNAME safe.house.\n" SOA("house.",
								  "1"));
	expect("light.house.", "A",
	       "0 aa\nlight.house. 300 IN CNAME lamp.lounge.house.\n"
	       "lamp.lounge.house. 300 IN A 203.0.113.9\n");
	expect("light.house.", "TXT",
	       "0 aa\nlight.house. 300 IN CNAME lamp.lounge.house.\n" SOA(
		       "lounge.house.", "1"));
	house_load(&h, "lounge.house.", LOUNGE);
	expect("light.house.", "A",
	       "3 aa\nlight.house. 300 IN CNAME lamp.lounge.house.\n" SOA(
		       "house.", "1"));
}

Test(boundary, outside_additional_data_is_what_is_exported)
{
	from(OUTSIDE);
	expect("mail.house.", "MX",
	       "0 aa\nmail.house. 300 IN MX 1 door.house.\n"
	       "mail.house. 300 IN MX 2 safe.house.\n"
	       "; additional\ndoor.house. 300 IN A 203.0.113.7\n");
	from(IN_ALL);
	expect("mail.house.", "MX",
	       "0 aa\nmail.house. 300 IN MX 1 door.house.\n"
	       "mail.house. 300 IN MX 2 safe.house.\n"
	       "; additional\ndoor.house. 300 IN A 203.0.113.7\n"
	       "safe.house. 300 IN A 203.0.113.8\n");
}

Test(boundary, a_space_that_exports_nothing_is_refused_or_its_parents_to_deny)
{
	from(OUTSIDE);
	expect("lamp.den.", "A", REFUSED);
	expect("den.", "SOA", REFUSED);
	expect("nook.attic.house.", "NS", "3 aa\n" SOA("house.", "1"));
	expect("ns.nook.attic.house.", "A", "3 aa\n" SOA("house.", "1"));
	from(IN_HOUSE);
	expect("lamp.den.", "A", "0 aa\nlamp.den. 300 IN A 203.0.113.9\n");
	expect("ns.nook.attic.house.", "A", "3 aa\n" SOA("house.", "7"));
}

Test(boundary, inside_the_parent_alone_a_child_is_seen_from_outside)
{
	from(IN_HOUSE);
	expect("safe.house.", "A", "0 aa\nsafe.house. 300 IN A 203.0.113.8\n");
	expect("lamp.lounge.house.", "A",
	       "0 aa\nlamp.lounge.house. 300 IN A 203.0.113.9\n");
	expect("lamp.lounge.house.", "TXT", "0 aa\n" SOA("lounge.house.", "1"));
	expect("desk.lounge.house.", "A", "3 aa\n" SOA("lounge.house.", "1"));
}

Test(boundary, what_was_kept_is_told_until_the_list_changes)
{
	static const char *const twice[] = {OUTSIDE, IN_HOUSE};

	house_load(&h, "lounge.house.", LOUNGE);
	from(OUTSIDE);
	expect("lamp.lounge.house.", "A", "3 aa\n" SOA("house.", "1"));
	from(IN_HOUSE);
	expect("lamp.lounge.house.", "A", "3 aa\n" SOA("house.", "7"));
	house_load(&h, "lounge.house.", LOUNGE LOUNGE_EXPORTS);
	for (unsigned i = 0; i < 2; i++) {
		from(twice[i]);
		expect("lamp.lounge.house.", "A",
		       "0 aa\nlamp.lounge.house. 300 IN A 203.0.113.9\n");
	}
	house_load(&h, "lounge.house.", LOUNGE);
	from(OUTSIDE);
	expect("lamp.lounge.house.", "A", "3 aa\n" SOA("house.", "1"));
}

Test(boundary, a_name_between_a_parent_and_a_child_that_is_seen_is_there)
{
	from(OUTSIDE);
	expect("attic.house.", "A", "3 aa\n" SOA("house.", "1"));
	house_load(&h, "nook.attic.house.",
		   APEX("2") "_export 300 TXT \"ns A\"\n");
	expect("attic.house.", "A", "0 aa\n" SOA("house.", "1"));
	expect("ns.nook.attic.house.", "A",
	       "0 aa\nns.nook.attic.house. 300 IN A 203.0.113.1\n");
}

Test(boundary, ds_of_a_child_that_is_seen_is_the_parents_to_deny)
{
	from(OUTSIDE);
	expect("lounge.house.", "DS", "0 aa\n" SOA("house.", "1"));
	expect("nook.attic.house.", "DS", "3 aa\n" SOA("house.", "1"));
	house_load(&h, "house.", HOUSE);
	expect("lounge.house.", "DS", "0 aa\n" SOA("lounge.house.", "1"));
}

/* The same question, signed with a key of the configuration. */
static int
ask_signed(const char *name, unsigned key)
{
	struct wire_writer w;
	struct tsig_state st;
	uint8_t msg[512], qname[NAME_WIRE_MAX];
	ldns_pkt *p;
	int rcode;

	cr_assert_eq(name_from_text(qname, name, NULL, NULL), ERR_OK);
	wire_writer_init(&w, msg, sizeof(msg));
	msg_write_header(&w, 4711, 0);
	msg_write_question(&w, qname, RR_A, RR_IN);
	msg_set_count(&w, MSG_QD, 1);
	tsig_sign_request(&st, &h.served->conf->keys.keys[key], &w,
			  h.env.now());
	p = house_send(&h, msg, w.len);
	cr_assert_not_null(p);
	rcode = ldns_pkt_get_rcode(p);
	ldns_pkt_free(p);
	return rcode;
}

Test(boundary, who_signs_with_a_key_of_the_inside_is_inside)
{
	unsigned sibling = 1, other = 0; /* sorted */

	from(OUTSIDE);
	cr_expect_eq(ask_signed("desk.lounge.house.", sibling), 0);
	cr_expect_eq(ask_signed("desk.lounge.house.", other), 3);
	cr_expect_eq(ask_signed("safe.house.", sibling), 3);
	cr_expect_eq(ask_signed("lamp.den.", sibling), 5);
	/* and nobody after him */
	expect("desk.lounge.house.", "A", "3 aa\n" SOA("lounge.house.", "1"));
}
