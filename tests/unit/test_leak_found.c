/* What the leak hunt found, and what was thought of before it could. */
#include "tests/unit/house.h"

#include "server/update.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* lounge and cellar export nothing, house and the shelf in the lounge do. */
static const char hiding[] =
	"keys:\n"
	"  - { name: other., secret: aGVsbG8gd29ybGQ= }\n"
	"  - { name: room., secret: aGVsbG8gd29ybGQ= }\n"
	"zones:\n"
	"  - { name: house, inside: [ 192.0.2.0/24 ] }\n"
	"  - name: lounge.house\n"
	"    inside: [ 192.0.2.0/24 ]\n"
	"    update:\n"
	"      - { key: room., names: [ \"*\" ], types: [ A ] }\n"
	"  - { name: shelf.lounge.house, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: cellar, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: bin.y.house, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: bin.moved.house, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: bin.away.house, inside: [ 192.0.2.0/24 ] }\n";

/* The same without them. */
static const char open_to_all[] =
	"keys:\n"
	"  - { name: other., secret: "
	"aGVsbG8gd29ybGQ= }\n"
	"  - { name: room., secret: "
	"aGVsbG8gd29ybGQ= }\n"
	"zones:\n"
	"  - { name: house, inside: [] }\n"
	"  - { name: shelf.lounge.house, inside: [] }\n";

#define APEX                                    \
	"@ 3600 SOA ns hostmaster 1 2 3 4 60\n" \
	"@ 3600 NS ns\n"                        \
	"ns 300 A 203.0.113.1\n"

#define HOUSE                                                              \
	APEX "* 300 A 203.0.113.2\n"                                       \
	     "*.y 300 TXT \"any\"\n"                                       \
	     "moved 300 DNAME shelf.lounge\n"                              \
	     "away 300 NS ns.away\n"                                       \
	     "light 300 CNAME lamp.lounge\n"                               \
	     "mail 300 MX 1 post.lounge\n"                                 \
	     "lounge 300 NS ns.lounge\n"                                   \
	     "_export 300 TXT \"* A\" \"*.y TXT\" \"moved DNAME\" \"away " \
	     "NS\" "                                                       \
	     "\"light CNAME\" \"mail MX\"\n"

#define SHELF                         \
	APEX "cup 300 TXT \"full\"\n" \
	     "_export 300 TXT \"cup TXT\"\n"

static struct house with, without;

static bool
refuse(void *arg, const struct msg *m, const struct tsig_state *tsig,
       const struct net_peer *peer, struct query_refusal *no)
{
	struct house *h = arg;
	struct update *u = update_new(h->served, m, tsig, peer);

	cr_assert_not(update_check(u));
	no->rcode = u->rcode;
	no->ede = u->ede;
	memcpy(no->reason, u->reason, sizeof(u->reason));
	update_free(u);
	return false;
}

static void
open_both(void)
{
	struct house *both[] = {&with, &without};

	house_open(&with, hiding, "house.", HOUSE, "lounge.house.",
		   APEX "lamp 300 A 203.0.113.9\npost 300 A 203.0.113.8\n",
		   "shelf.lounge.house.", SHELF, "cellar.", APEX,
		   "bin.y.house.", APEX, "bin.moved.house.", APEX,
		   "bin.away.house.", APEX, NULL);
	house_open(&without, open_to_all, "house.", HOUSE,
		   "shelf.lounge.house.", SHELF, NULL);
	for (unsigned i = 0; i < 2; i++) {
		both[i]->env.submit = refuse;
		both[i]->env.arg = both[i];
		net_addr_from_text(&both[i]->peer.from, "198.51.100.1", 53,
				   NULL);
	}
}

static void
close_both(void)
{
	house_close(&with);
	house_close(&without);
}

TestSuite(leak_found, .init = open_both, .fini = close_both);

static void
same_octets(const char *what)
{
	cr_expect_eq(with.reply_len, without.reply_len, "%s", what);
	cr_expect_arr_eq(with.reply, without.reply, without.reply_len, "%s",
			 what);
}

/* Both say the same, with this rcode and so many RRs in the answer section. */
static void
same(const char *name, const char *type, int rcode, unsigned answers)
{
	ldns_pkt *p = house_ask(&with, name, type);

	cr_expect_eq(ldns_pkt_get_rcode(p), rcode, "%s %s: %d", name, type,
		     ldns_pkt_get_rcode(p));
	cr_expect_eq(ldns_pkt_ancount(p), answers, "%s %s", name, type);
	ldns_pkt_free(p);
	ldns_pkt_free(house_ask(&without, name, type));
	same_octets(name);
}

Test(leak_found, a_wildcard_answers_for_a_space_that_is_hidden)
{
	same("nobody.house.", "A", 0, 1);
	same("lounge.house.", "A", 0, 1);
	same("lamp.lounge.house.", "A", 0, 1);
	same("bin.y.house.", "TXT", 0, 1);
	same("x.bin.y.house.", "TXT", 0, 1);
	same("x.bin.y.house.", "A", 0, 0);
}

Test(leak_found, a_dname_and_a_cut_above_a_space_that_is_hidden_lead_away)
{
	same("bin.moved.house.", "A", 3, 2);
	same("ns.bin.moved.house.", "A", 3, 2);
	same("ns.bin.away.house.", "A", 0, 0);
}

Test(leak_found, an_alias_of_a_hidden_name_is_an_alias_of_none)
{
	same("light.house.", "A", 0, 2);
	same("light.house.", "TXT", 0, 1);
}

Test(leak_found, additional_data_of_a_hidden_name_is_that_of_none)
{
	same("mail.house.", "MX", 0, 1);
}

Test(leak_found, ds_between_spaces_is_asked_of_the_next_one_that_is_seen)
{
	same("shelf.lounge.house.", "DS", 0, 0);
	same("cup.shelf.lounge.house.", "TXT", 0, 1);
}

/* --- updates ---------------------------------------------------------------
 */

/* key: an index among those of the configuration, -1: not signed. */
static unsigned
update_of(struct house *h, const char *zone, int key)
{
	uint8_t msg[512], name[NAME_WIRE_MAX];
	struct wire_writer w;
	struct tsig_state st;
	unsigned rcode;
	ldns_pkt *p;

	cr_assert_eq(name_from_text(name, zone, NULL, NULL), ERR_OK);
	wire_writer_init(&w, msg, sizeof(msg));
	msg_write_header(&w, 4711, MSG_UPDATE << 11);
	msg_write_question(&w, name, RR_SOA, RR_IN);
	msg_set_count(&w, MSG_QD, 1);
	/* a prerequisite that is malformed: it has a TTL */
	msg_write_rr(&w, &(struct rr){.owner = name,
				      .type = RR_A,
				      .class = RR_IN,
				      .ttl = 1,
				      .rdata = (const uint8_t *)"\1\2\3\4",
				      .rdlen = 4});
	msg_set_count(&w, MSG_AN, 1);
	if (key >= 0)
		tsig_sign_request(&st, &h->served->conf->keys.keys[key], &w,
				  h->env.now());
	p = house_send(h, msg, w.len);
	cr_assert_not_null(p);
	rcode = ldns_pkt_get_rcode(p);
	ldns_pkt_free(p);
	return rcode;
}

Test(leak_found, an_update_does_not_tell_which_zones_there_are)
{
	static const char *const zones[] = {"lounge.house.", "cellar.",
					    "nowhere."};

	for (unsigned i = 0; i < ARRAY_LEN(zones); i++) {
		cr_expect_eq(update_of(&with, zones[i], -1), MSG_REFUSED);
		update_of(&without, zones[i], -1);
		same_octets(zones[i]);
		cr_expect_eq(update_of(&with, zones[i], 0), MSG_NOTAUTH);
		update_of(&without, zones[i], 0);
		same_octets(zones[i]);
	}
}

Test(leak_found, an_update_by_a_key_that_has_a_rule_or_from_inside_is_told_more)
{
	cr_expect_eq(update_of(&with, "lounge.house.", 1), MSG_FORMERR);
	cr_expect_eq(update_of(&with, "cellar.", 1), MSG_NOTAUTH);
	net_addr_from_text(&with.peer.from, "192.0.2.1", 53, NULL);
	cr_expect_eq(update_of(&with, "cellar.", 1), MSG_FORMERR);
	cr_expect_eq(update_of(&with, "nowhere.", 1), MSG_NOTAUTH);
}
