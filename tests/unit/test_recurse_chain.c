/* Chains that lead abroad, home again, and to delegated children; and answers
 * that are large. */
#include "tests/unit/abroad_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(recurse_chain, .init = abroad_open_usual, .fini = abroad_close);

/* --- chains
 * -------------------------------------------------------------------- */

Test(recurse_chain, an_alias_here_may_lead_abroad)
{
	for (unsigned i = 0; i < 2; i++) {
		expect_asked("out.house.", "A", "www.example. A\n");
		answer_is("www.example.", 60, "198.51.100.7");
		bring();
		expect_reply(0, INSIDE | MSG_AA,
			     "out.house. 300 IN CNAME www.example.\n" WWW);
	}
	keep_www();
	abroad.now += 3;
	for (unsigned i = 0; i < 3; i++)
		expect_at_once("out.house.", "A", 0, INSIDE | MSG_AA,
			       "out.house. 300 IN CNAME www.example.\n"
			       "www.example. 57 IN A 198.51.100.7\n");
}

Test(recurse_chain,
     an_alias_that_leads_out_of_reach_is_answered_as_far_as_it_goes)
{
	abroad.edns = true;
	for (unsigned i = 1; i <= 3; i++) {
		expect_at_once("astray.house.", "A", 0, INSIDE | MSG_AA,
			       "astray.house. 300 IN CNAME www.other.\n");
		expect_ede(MSG_EDE_BLOCKED, "not in reach");
		cr_expect_eq(counted(STAT_BLOCKED), i);
	}
}

Test(recurse_chain, a_chain_fails_where_its_end_cannot_be_had)
{
	expect_asked("out.house.", "A", "www.example. A\n");
	bring_failure(MSG_EDE_NETWORK, "no");
	expect_reply(MSG_SERVFAIL, INSIDE,
		     "out.house. 300 IN CNAME www.example.\n");
}

Test(recurse_chain, a_dname_here_may_lead_abroad)
{
	expect_asked("www.to.house.", "A", "www.example. A\n");
	answer_is("www.example.", 60, "198.51.100.7");
	bring();
	expect_reply(0, INSIDE | MSG_AA,
		     "to.house. 300 IN DNAME example.\n"
		     "www.to.house. 300 IN CNAME www.example.\n" WWW);
}

Test(recurse_chain, an_alias_that_may_lead_inside_is_answered_from_home)
{
	answer_begin("x.priv.example.", RR_A, 0);
	answer_name(MSG_AN, "x.priv.example.", 60, RR_CNAME, "lamp.house.");
	answer_a(MSG_AN, "lamp.house.", 60, "198.51.100.66");
	expect_entry(ERR_OK);
	expect_asked("x.priv.example.", "A", "x.priv.example. A private\n");
	bring();
	expect_reply(0, INSIDE,
		     "x.priv.example. 60 IN CNAME lamp.house.\n"
		     "lamp.house. 300 IN A 203.0.113.7\n");
	alias_is("x.priv.example.", "none.house.");
	expect_asked("x.priv.example.", "A", "x.priv.example. A private\n");
	bring();
	expect_reply(MSG_NXDOMAIN, INSIDE,
		     "x.priv.example. 60 IN CNAME none.house.\n");
}

Test(recurse_chain, a_chain_that_comes_home_changes_with_the_zone)
{
	alias_is("x.priv.example.", "lamp.house.");
	keep_variant("x.priv.example.", RR_A, CACHE_PRIVATE);
	abroad.now += 9;
	for (unsigned i = 0; i < 3; i++)
		expect_at_once("x.priv.example.", "A", 0, INSIDE,
			       "x.priv.example. 51 IN CNAME lamp.house.\n"
			       "lamp.house. 300 IN A 203.0.113.7\n");
	house_load(&abroad.h, "house.",
		   "@ 300 SOA ns hostmaster 2 2 3 4 60\n"
		   "@ 300 NS ns\n"
		   "ns 300 A 203.0.113.1\n"
		   "lamp 300 A 203.0.113.8\n");
	expect_at_once("x.priv.example.", "A", 0, INSIDE,
		       "x.priv.example. 51 IN CNAME lamp.house.\n"
		       "lamp.house. 300 IN A 203.0.113.8\n");
}

/* As an attacker's page would have it: its own name, and a device's address. */
Test(recurse_chain, an_alias_from_abroad_does_not_lead_inside)
{
	abroad.edns = true;
	for (unsigned i = 0; i < 3; i++) {
		expect_asked("www.example.", "A", "www.example. A\n");
		alias_is("www.example.", "lamp.house.");
		bring();
		expect_reply(0, INSIDE,
			     "www.example. 60 IN CNAME lamp.house.\n");
		expect_ede(MSG_EDE_BLOCKED,
			   "an alias from abroad leads inside");
	}
}

Test(recurse_chain, a_chain_that_bites_its_tail_ends)
{
	alias_is("tail.example.", "bite.house.");
	expect_asked("bite.house.", "A", "tail.example. A\n");
	bring();
	expect_reply(0, INSIDE | MSG_AA,
		     "bite.house. 300 IN CNAME tail.example.\n"
		     "tail.example. 60 IN CNAME bite.house.\n");
}

Test(recurse_chain, a_chain_that_was_taken_is_given_to_its_end)
{
	char name[32], next[32], all[1024] = "", line[64];

	answer_begin("n0.example.", RR_A, 0);
	for (unsigned i = 0; i < ENTRY_CHAIN_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example.", i);
		snprintf(next, sizeof(next), "n%u.example.", i + 1);
		answer_name(MSG_AN, name, 60, RR_CNAME, next);
		snprintf(line, sizeof(line), "%.30s 60 IN CNAME %s\n", name,
			 next);
		strcat(all, line);
	}
	answer_a(MSG_AN, next, 60, "198.51.100.7");
	snprintf(line, sizeof(line), "%.30s 60 IN A 198.51.100.7\n", next);
	strcat(all, line);
	expect_entry(ERR_OK);
	expect_asked("n0.example.", "A", "n0.example. A\n");
	bring();
	expect_reply(0, INSIDE, all);
}

Test(recurse_chain, a_dname_from_abroad_stands_once_before_what_it_makes)
{
	answer_begin("a.x.example.", RR_A, 0);
	answer_name(MSG_AN, "x.example.", 60, RR_DNAME, "y.example.");
	answer_name(MSG_AN, "a.x.example.", 60, RR_CNAME, "a.y.example.");
	answer_name(MSG_AN, "a.y.example.", 60, RR_CNAME, "b.x.example.");
	answer_name(MSG_AN, "b.x.example.", 60, RR_CNAME, "b.y.example.");
	answer_a(MSG_AN, "b.y.example.", 60, "198.51.100.7");
	expect_entry(ERR_OK);
	expect_asked("a.x.example.", "A", "a.x.example. A\n");
	bring();
	expect_reply(0, INSIDE,
		     "x.example. 60 IN DNAME y.example.\n"
		     "a.x.example. 60 IN CNAME a.y.example.\n"
		     "a.y.example. 60 IN CNAME b.x.example.\n"
		     "b.x.example. 60 IN CNAME b.y.example.\n"
		     "b.y.example. 60 IN A 198.51.100.7\n");
}

Test(recurse_chain, what_a_chain_in_reach_needs_is_told_of_that_chain_alone)
{
	answer_begin("www.example.", RR_A, 0);
	answer_name(MSG_AN, "www.example.", 60, RR_CNAME, "edge.cdn.");
	answer_a(MSG_AN, "edge.cdn.", 60, "198.51.100.7");
	expect_entry(ERR_OK);
	keep("www.example.", RR_A);
	answer_is("edge.cdn.", 60, "198.51.100.7");
	keep("edge.cdn.", RR_A);
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("www.example.", "A", 0, INSIDE,
			       "www.example. 60 IN CNAME edge.cdn.\n"
			       "edge.cdn. 60 IN A 198.51.100.7\n");
		expect_at_once("edge.cdn.", "A", MSG_REFUSED, INSIDE, "");
	}
}

Test(recurse_chain, what_rides_along_is_from_home_alone)
{
	static const uint8_t home[] = "\0\1\4lamp\5house";
	static const uint8_t away[] = "\0\2\3www\7example";
	ldns_pkt *p;
	char *text;

	keep_www();
	answer_begin("example.", RR_MX, 0);
	answer_rr(MSG_AN, "example.", 60, RR_MX, home, sizeof(home));
	answer_rr(MSG_AN, "example.", 60, RR_MX, away, sizeof(away));
	answer_a(MSG_AR, "www.example.", 60, "198.51.100.66");
	answer_a(MSG_AR, "lamp.house.", 60, "198.51.100.66");
	expect_entry(ERR_OK);
	expect_asked("example.", "MX", "example. MX\n");
	bring();
	cr_assert_eq(ldns_wire2pkt(&p, abroad.h.reply, abroad.h.reply_len),
		     LDNS_STATUS_OK);
	text = house_section(p, LDNS_SECTION_ADDITIONAL);
	cr_expect_str_eq(text, "lamp.house. 300 IN A 203.0.113.7\n", "%s",
			 text);
	free(text);
	ldns_pkt_free(p);
}

Test(recurse_chain, any_gives_what_is_at_the_name)
{
	answer_begin("www.example.", RR_ANY, 0);
	answer_a(MSG_AN, "www.example.", 60, "198.51.100.7");
	answer_name(MSG_AN, "www.example.", 60, RR_NS, "ns.example.");
	expect_entry(ERR_OK);
	expect_asked("www.example.", "ANY", "www.example. ANY\n");
	bring();
	expect_reply(0, INSIDE, WWW "www.example. 60 IN NS ns.example.\n");
}

Test(recurse_chain, an_alias_itself_may_be_asked_for)
{
	answer_begin("www.example.", RR_CNAME, 0);
	answer_name(MSG_AN, "www.example.", 60, RR_CNAME, "lamp.house.");
	expect_entry(ERR_OK);
	expect_asked("www.example.", "CNAME", "www.example. CNAME\n");
	bring();
	expect_reply(0, INSIDE, "www.example. 60 IN CNAME lamp.house.\n");
}

/* --- sizes
 * ------------------------------------------------------------------------ */

Test(recurse_chain, what_does_not_fit_a_datagram_is_truncated_and_not_kept_so)
{
	answer_begin("big.example.", RR_A, 0);
	for (unsigned i = 0; i < 100; i++) {
		char address[32];

		snprintf(address, sizeof(address), "198.51.100.%u", i);
		answer_a(MSG_AN, "big.example.", 60, address);
	}
	expect_entry(ERR_OK);
	keep("big.example.", RR_A);
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("big.example.", "A", 0, INSIDE | MSG_TC, "");
		cr_expect_lt(abroad.h.reply_len, 513);
	}
	abroad.edns = true;
	abroad.payload = 4096;
	expect_at_once("big.example.", "A", 0, INSIDE | MSG_TC, "");
	abroad.h.peer.tcp = (struct net_tcp *)&abroad;
	for (unsigned i = 0; i < 3; i++) {
		ask("big.example.", "A");
		cr_expect_eq(get16(abroad.h.reply + 6), 100);
		cr_expect_eq(get16(abroad.h.reply + 2) & MSG_TC, 0);
	}
}

/* --- children
 * ----------------------------------------------------------------------- */

#define KID "a.kid.house. A @203.0.113.3@53 private\n"

Test(recurse_chain, a_child_is_asked_for_whoever_is_inside)
{
	answer_policy.private_ok = true;
	answer_is("a.kid.house.", 60, "10.0.0.7");
	expect_asked("a.kid.house.", "A", KID);
	bring();
	expect_reply(0, INSIDE, "a.kid.house. 60 IN A 10.0.0.7\n");
	abroad.flags = 0;
	ask("a.kid.house.", "A");
	cr_expect_eq(get16(abroad.h.reply + 8), 1, "no referral");
}

Test(recurse_chain, a_child_whose_servers_are_elsewhere_is_referred_to)
{
	ask("a.far.house.", "A");
	cr_expect_str_eq(abroad.asked, "");
	expect_reply(0, INSIDE, "");
	expect_authority("far.house. 300 IN NS ns.example.\n");
}

Test(recurse_chain, what_a_child_said_is_not_what_the_uplink_said)
{
	answer_is("a.kid.house.", 60, "198.51.100.7");
	keep("a.kid.house.", RR_A);
	expect_asked("a.kid.house.", "A", KID);
	answer_is("www.example.", 60, "198.51.100.66");
	keep_variant("www.example.", RR_A, CACHE_CHILD | CACHE_PRIVATE);
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse_chain, a_child_is_asked_though_the_uplink_is_gone)
{
	answer_is("a.kid.house.", 60, "198.51.100.7");
	keep_variant("a.kid.house.", RR_A, CACHE_CHILD | CACHE_PRIVATE);
	abroad.now += 100;
	abroad.is_down = true;
	expect_asked("a.kid.house.", "A", KID);
	bring_failure(MSG_EDE_NO_REACHABLE, "no answer");
	expect_reply(0, INSIDE, "a.kid.house. 30 IN A 198.51.100.7\n");
}

/* The rest of such a chain is not the child's to tell. */
static void
chain_leaves(const char *target)
{
	uint8_t octets[512];
	struct entry e;

	alias_is("a.kid.house.", target);
	cr_assert(entry.flags & ENTRY_PARTIAL);
	memcpy(octets, entry.octets, entry.len);
	entry_view(&e, octets, entry.len);
	expect_asked("a.kid.house.", "A", KID);
	entry = e;
	bring();
}

Test(recurse_chain, where_a_childs_chain_leads_away_the_ladder_begins_anew)
{
	chain_leaves("www.example.");
	cr_expect_eq(abroad.h.reply_len, NET_LATER);
	cr_expect_str_eq(abroad.asked, "www.example. A\n", "%s", abroad.asked);
	answer_is("www.example.", 60, "198.51.100.7");
	bring();
	expect_reply(0, INSIDE, "a.kid.house. 60 IN CNAME www.example.\n" WWW);
	chain_leaves("lamp.house.");
	expect_reply(0, INSIDE,
		     "a.kid.house. 60 IN CNAME lamp.house.\n"
		     "lamp.house. 300 IN A 203.0.113.7\n");
	abroad.edns = true;
	chain_leaves("www.other.");
	expect_reply(0, INSIDE, "a.kid.house. 60 IN CNAME www.other.\n");
	expect_ede(MSG_EDE_BLOCKED, "not in reach");
}
