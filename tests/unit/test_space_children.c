/* Questions about space that delegated zones answer, asked or handed over. */
#include "resolver/reach.h"
#include "server/waiting.h"
#include "tests/unit/answer_words.h"
#include "tests/unit/space_words.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(space_children, .init = open_house, .fini = close_house);

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

Test(space_children, a_region_within_one_cover_is_handed_to_the_child)
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

Test(space_children, covers_are_no_hits)
{
	load_children("cat 300 LOC 52 0 0 N 0 0 0 E 0m 1m 1m 1m\n");
	expect("52.0n.0.0e.l1.2m._near.b.", "PTR", "cat.b.\n");
	expect_no("52.0n.0.0e.l1._in.b.", "PTR", LDNS_RCODE_NOERROR);
	expect("52.0n.0.0e.2m._near.b.", "PTR",
	       "52.0n.0.0e.2m._near.lab.b.\ncat.b.\n");
}

Test(space_children, where_more_than_a_cover_is_touched_the_question_goes_on)
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

Test(space_children, a_child_that_is_too_far_for_the_nearest_is_left_out)
{
	load_children("cat 300 LOC 52 0 0 N 0 0 0 E 0m 1m 1m 1m\n"
		      "dog 300 LOC 52 0 0.1 N 0 0 0 E 0m 1m 1m 1m\n");
	expect("52.0n.0.0e.k2._near.b.", "PTR",
	       "52.0n.0.0e.k2._near.lab.b.\ncat.b.\ndog.b.\n");
}

Test(space_children, below_a_cut_the_child_is_asked)
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

static unsigned later; /* seconds after the children answered */

static uint64_t
answer_now(void)
{
	return ANSWER_NOW + later;
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

Test(space_children, children_are_asked_at_once_and_merged_by_distance)
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

Test(space_children, who_is_late_is_where_the_question_goes_on)
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

Test(space_children, who_fails_is_where_the_question_goes_on)
{
	recurse();
	load_children("");
	put_question("52.0n.0.0e.5m.l0._near.b.", RR_PTR);
	child_fails("52.0n.0.0e.5m.l0._near.lab.b.", RR_TXT);
	expect_gathered(false, "52.0n.0.0e.5m.l0._near.lab.b.\nden.b.\n"
			       "tv.den.b.\n");
	recurse_no_more();
}

Test(space_children, when_no_child_can_be_asked_there_is_what_is_here)
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

Test(space_children, a_child_speaks_of_what_is_its_own)
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

Test(space_children, in_and_here_merge_in_their_own_order)
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

Test(space_children, what_a_childs_hits_are_like_comes_along)
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

Test(space_children, what_came_along_counts_down_in_the_memo)
{
	static const char *const lab[] = {"1 0.50 jar.lab.b.", NULL};

	recurse();
	load_children(CAT);
	h.env.memo = h.memo;
	answer_policy.riders = lab_apex;
	put_question("52.0n.0.0e.l0.4.5m._near.b.", RR_PTR);
	child_begins("52.0n.0.0e.l0.4.5m._near.lab.b.", lab);
	answer_a(MSG_AR, "jar.lab.b.", 300, "203.0.113.8");
	child_ends("52.0n.0.0e.l0.4.5m._near.lab.b.", RR_TXT);
	for (unsigned i = 0; i < 3; i++)
		expect_gathered(false, "jar.lab.b.\ncat.b.\n");
	/* it asks nobody now: what it has is the memo's */
	waiting_leave(recursion.waiting);
	recursion.waiting = NULL;
	later = 2;
	expect_additional(
		"cat.b. 298 IN LOC 52 00 0.100 N 00 00 0.000 W 0m 1m 1m 1m\n"
		"jar.lab.b. 3 IN A 203.0.113.8\n");
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

Test(space_children, what_the_child_has_follows_its_cname)
{
	hand_over();
	answer_begin(HANDED, RR_PTR, MSG_QR);
	answer_name(MSG_AN, HANDED, 5, RR_PTR, "jar.lab.b.");
	child_ends(HANDED, RR_PTR);
	expect_gathered(true, HANDED "\njar.lab.b.\n");
	recurse_no_more();
}

Test(space_children, a_child_that_is_late_leaves_the_cname_alone)
{
	hand_over();
	recursion.waiting->hurried = true;
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}

Test(space_children, a_child_that_fails_leaves_the_cname_alone)
{
	hand_over();
	child_fails(HANDED, RR_PTR);
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}

Test(space_children, a_child_that_cannot_be_asked_leaves_the_cname_alone)
{
	recurse();
	crowded = true;
	gathering = false;
	load_children("");
	write_question("52.0n.0.0e.2m._near.b.", RR_PTR);
	expect_gathered(true, HANDED "\n");
	recurse_no_more();
}
