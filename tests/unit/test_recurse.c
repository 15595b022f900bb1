/* Questions that lead out of what is served here: which are asked for, which
 * are answered, what the answer is like. */
#include "tests/unit/abroad_words.h"

#include "resolver/blocked.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(recurse, .init = abroad_open_usual, .fini = abroad_close);

/* --- who may ---------------------------------------------------------------
 */

Test(recurse, what_is_in_reach_is_asked_for_and_answered_when_it_comes)
{
	expect_asked("www.example.", "A", "www.example. A\n");
	answer_is("www.example.", 60, "198.51.100.7");
	bring();
	expect_reply(0, INSIDE, WWW);
	expect_authority("");
	cr_expect_eq(counted(STAT_UDP), 1);
	cr_expect_eq(counted(STAT_QUERIES), 1);
	cr_expect_eq(counted(STAT_NOERROR), 1);
}

Test(recurse, what_is_not_in_reach_is_refused_and_counted_and_not_asked_for)
{
	struct blocked_name *list;
	size_t count;

	abroad.edns = true;
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("www.other.", "A", MSG_REFUSED, INSIDE, "");
		expect_ede(MSG_EDE_BLOCKED, "not in reach");
	}
	list = blocked_list(abroad.face.blocked, &count);
	cr_assert_eq(count, 1);
	cr_expect(name_equal(list[0].name, name_of("www.other.")));
	cr_expect_eq(list[0].count, 3);
	cr_expect_eq(counted(STAT_BLOCKED), 3);
	free(list);
}

Test(recurse, a_space_has_its_reach_for_itself)
{
	expect_asked("a.mine.test.arpa.", "A", "a.mine.test.arpa. A\n");
	expect_at_once("a.den.only.", "A", MSG_REFUSED, INSIDE, "");
	abroad.from = "192.0.2.1";
	expect_asked("a.den.only.", "A", "a.den.only. A\n");
	expect_at_once("a.mine.test.arpa.", "A", MSG_REFUSED, INSIDE, "");
}

Test(recurse, what_somebody_else_may_ask_for_is_not_told_from_the_cache)
{
	answer_is("a.mine.test.arpa.", 60, "198.51.100.7");
	keep("a.mine.test.arpa.", RR_A);
	expect_at_once("a.mine.test.arpa.", "A", 0, INSIDE,
		       "a.mine.test.arpa. 60 IN A 198.51.100.7\n");
	abroad.from = "192.0.2.1";
	expect_at_once("a.mine.test.arpa.", "A", MSG_REFUSED, INSIDE, "");
}

Test(recurse, outsiders_meet_neither_cache_nor_resolver)
{
	keep_www();
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	abroad.from = "198.51.100.1";
	abroad.edns = true;
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("www.example.", "A", MSG_REFUSED, 0, "");
		expect_ede(MSG_EDE_NOT_AUTHORITATIVE, "");
		expect_at_once("www.other.", "A", MSG_REFUSED, 0, "");
		expect_at_once("localhost.", "A", MSG_REFUSED, 0, "");
	}
	cr_expect_eq(counted(STAT_BLOCKED), 0);
}

Test(recurse, without_rd_the_cache_is_not_read)
{
	keep_www();
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	abroad.flags = 0;
	for (unsigned i = 0; i < 3; i++) {
		ask("www.example.", "A");
		cr_expect_eq(abroad.h.reply[3] & 15, MSG_REFUSED);
		cr_expect_eq(get16(abroad.h.reply + 6), 0);
	}
}

Test(recurse, who_signs_with_a_key_of_the_inside_is_inside)
{
	keep_www();
	abroad.from = "198.51.100.1";
	abroad.key = "room.";
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	abroad.key = NULL;
	expect_at_once("www.example.", "A", MSG_REFUSED, 0, "");
}

Test(recurse, a_signed_question_may_wait_for_longer_than_its_fudge)
{
	abroad.key = "room.";
	expect_asked("www.example.", "A", "www.example. A\n");
	abroad.now += 1000;
	answer_is("www.example.", 2000, "198.51.100.7");
	bring();
	expect_reply(0, INSIDE, "www.example. 1000 IN A 198.51.100.7\n");
	cr_expect_eq(get16(abroad.h.reply + 10), 1, "no TSIG");
}

Test(recurse, classes_and_types_that_are_not_the_uplinks_stay_here)
{
	expect_at_once("www.example.", "AXFR", MSG_REFUSED, 0, "");
	expect_at_once("www.example.", "IXFR", MSG_REFUSED, 0, "");
	expect_at_once("www.example.", "TKEY", MSG_NOTIMP, 0, "");
}

Test(recurse, special_names_are_answered_here)
{
	expect_at_once("a.localhost.", "A", 0, INSIDE,
		       "a.localhost. 10800 IN A 127.0.0.1\n");
	expect_at_once("a.localhost.", "TXT", 0, INSIDE, "");
	expect_at_once("x.invalid.", "A", MSG_NXDOMAIN, INSIDE, "");
	expect_at_once("168.192.in-addr.arpa.", "NS", 0, INSIDE,
		       "168.192.in-addr.arpa. 10800 IN NS localhost.\n");
	expect_at_once("1.168.192.in-addr.arpa.", "PTR", MSG_NXDOMAIN, INSIDE,
		       "");
	expect_asked("1.10.in-addr.arpa.", "PTR", "1.10.in-addr.arpa. PTR\n");
}

static void
open_to_the_world(void)
{
	abroad_open(ABROAD_CONF
		    "uplink: { forward: [ 198.51.100.53 ], reach: [ . ] }\n",
		    "house.", ABROAD_HOUSE, "den.", ABROAD_DEN);
}

TestSuite(recurse_all, .init = open_to_the_world, .fini = abroad_close);

Test(recurse_all, what_is_here_and_below_comes_before_what_is_in_reach)
{
	expect_asked("www.other.", "A", "www.other. A\n");
	expect_at_once("lamp.house.", "A", 0, INSIDE | MSG_AA,
		       "lamp.house. 300 IN A 203.0.113.7\n");
	expect_at_once("none.house.", "A", MSG_NXDOMAIN, INSIDE | MSG_AA, "");
	expect_asked("a.kid.house.", "A",
		     "a.kid.house. A @203.0.113.3@53 private\n");
	expect_at_once("localhost.", "A", 0, INSIDE,
		       "localhost. 10800 IN A 127.0.0.1\n");
	expect_at_once("x.invalid.", "A", MSG_NXDOMAIN, INSIDE, "");
	expect_at_once("1.10.in-addr.arpa.", "PTR", MSG_NXDOMAIN, INSIDE, "");
}

Test(recurse_all, a_space_here_that_is_not_to_be_seen_is_what_the_world_says)
{
	expect_asked("ns.den.", "A", "ns.den. A\n");
	answer_begin("www.other.", RR_A, 0);
	answer_name(MSG_AN, "www.other.", 60, RR_CNAME, "ns.den.");
	answer_a(MSG_AN, "ns.den.", 60, "198.51.100.7");
	expect_entry(ERR_OK);
	expect_asked("www.other.", "A", "www.other. A\n");
	bring();
	expect_reply(0, INSIDE,
		     "www.other. 60 IN CNAME ns.den.\n"
		     "ns.den. 60 IN A 198.51.100.7\n");
}

/* --- the cache --------------------------------------------------------------
 */

Test(recurse, what_is_cached_counts_down_and_is_asked_for_at_the_end)
{
	keep_www();
	abroad.now += 10;
	expect_at_once("www.example.", "A", 0, INSIDE,
		       "www.example. 50 IN A 198.51.100.7\n");
	abroad.now += 50;
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, what_the_memo_keeps_counts_down_from_where_it_was)
{
	keep_www();
	for (unsigned i = 0; i < 50; i++) {
		char text[64];

		snprintf(text, sizeof(text),
			 "www.example. %u IN A 198.51.100.7\n", 60 - i);
		for (unsigned n = 0; n < 3; n++)
			expect_at_once("www.example.", "A", 0, INSIDE, text);
		abroad.now++;
	}
}

Test(recurse, the_memo_is_asked_again_when_it_is_time_to_renew)
{
	keep_www();
	abroad.now += 53;
	for (unsigned i = 0; i < 5; i++)
		expect_at_once("www.example.", "A", 0, INSIDE,
			       "www.example. 7 IN A 198.51.100.7\n");
	cr_expect_eq(abroad.prefetched, 0);
	abroad.now++;
	expect_at_once("www.example.", "A", 0, INSIDE,
		       "www.example. 6 IN A 198.51.100.7\n");
	cr_expect_eq(abroad.prefetched, 1);
	expect_at_once("www.example.", "A", 0, INSIDE,
		       "www.example. 6 IN A 198.51.100.7\n");
	cr_expect_eq(abroad.prefetched, 2);
}

Test(recurse, each_way_of_asking_has_an_answer_of_its_own)
{
	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 60, "198.51.100.8");
	answer_rrsig(MSG_AN, "www.example.", 60, RR_A);
	answer_policy.dnssec = true;
	expect_entry(ERR_OK);
	keep_variant("www.example.", RR_A, CACHE_DO);
	answer_policy.dnssec = false;
	answer_is("www.example.", 60, "198.51.100.9");
	keep_variant("www.example.", RR_A, CACHE_CD);
	keep_www();
	for (unsigned i = 0; i < 3; i++) {
		ldns_pkt *p;

		abroad.edns = abroad.dnssec_ok = false;
		abroad.flags = MSG_RD;
		expect_at_once("www.example.", "A", 0, INSIDE, WWW);
		abroad.flags = MSG_RD | MSG_CD;
		expect_at_once("www.example.", "A", 0, INSIDE | MSG_CD,
			       "www.example. 60 IN A 198.51.100.9\n");
		abroad.flags = MSG_RD;
		abroad.edns = abroad.dnssec_ok = true;
		ask("www.example.", "A");
		cr_assert_eq(
			ldns_wire2pkt(&p, abroad.h.reply, abroad.h.reply_len),
			LDNS_STATUS_OK);
		cr_expect_eq(ldns_pkt_ancount(p), 2);
		cr_expect(ldns_pkt_edns_do(p));
		ldns_pkt_free(p);
	}
}

Test(recurse, an_answer_that_says_that_nothing_is_there_has_its_soa)
{
	answer_is_none("no.example.", 40, MSG_NXDOMAIN);
	keep("no.example.", RR_A);
	abroad.now += 10;
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("no.example.", "A", MSG_NXDOMAIN, INSIDE, "");
		expect_authority("example. 30 IN SOA ns. admin. 0 0 0 0 40\n");
	}
}

Test(recurse, an_answer_that_may_not_be_kept_is_given_once)
{
	for (unsigned i = 0; i < 3; i++) {
		expect_asked("www.example.", "A", "www.example. A\n");
		answer_is("www.example.", 0, "198.51.100.7");
		bring();
		expect_reply(0, INSIDE, "www.example. 0 IN A 198.51.100.7\n");
	}
}

Test(recurse, what_was_flushed_is_not_told_by_the_memo)
{
	struct diag d;

	keep_www();
	for (unsigned i = 0; i < 3; i++)
		expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	cr_assert_eq(
		cache_flush(abroad.cache, name_of("example."), true, NULL, &d),
		ERR_OK);
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, what_was_flushed_after_it_was_read_is_not_kept_by_the_memo)
{
	struct diag d;

	keep_www();
	batch_begin();
	expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	cr_assert_eq(
		cache_flush(abroad.cache, name_of("example."), true, NULL, &d),
		ERR_OK);
	for (unsigned i = 0; i < 3; i++)
		expect_at_once("www.example.", "A", 0, INSIDE, WWW);
	batch_end();
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, what_was_brought_before_a_flush_is_not_kept_by_the_memo)
{
	struct diag d;

	answer_is("www.example.", 60, "198.51.100.7");
	for (unsigned i = 0; i < 3; i++) {
		expect_asked("www.example.", "A", "www.example. A\n");
		cr_assert_eq(
			cache_flush(abroad.cache, name_root, true, NULL, &d),
			ERR_OK);
		bring();
		expect_reply(0, INSIDE, WWW);
	}
}

Test(recurse, what_is_no_longer_in_reach_is_not_told_by_the_memo)
{
	answer_is("a.mine.test.arpa.", 60, "198.51.100.7");
	keep("a.mine.test.arpa.", RR_A);
	for (unsigned i = 0; i < 3; i++)
		expect_at_once("a.mine.test.arpa.", "A", 0, INSIDE,
			       "a.mine.test.arpa. 60 IN A 198.51.100.7\n");
	house_load(&abroad.h, "house.",
		   "@ 300 SOA ns hostmaster 2 2 3 4 60\n"
		   "@ 300 NS ns\n"
		   "ns 300 A 203.0.113.1\n");
	expect_at_once("a.mine.test.arpa.", "A", MSG_REFUSED, INSIDE, "");
}

Test(recurse, a_name_that_is_no_longer_private_is_asked_for_again)
{
	answer_policy.private_ok = true;
	answer_is("www.example.", 60, "10.0.0.7");
	answer_policy.private_ok = false;
	keep_variant("www.example.", RR_A, CACHE_PRIVATE);
	expect_asked("www.example.", "A", "www.example. A\n");
	expect_asked("a.priv.example.", "A", "a.priv.example. A private\n");
}

/* --- what is stale
 * ------------------------------------------------------------ */

#define STALE "www.example. 30 IN A 198.51.100.7\n"

Test(recurse, what_is_stale_is_given_at_once_while_the_uplink_is_gone)
{
	keep_www();
	abroad.now += 100;
	abroad.is_down = abroad.edns = true;
	for (unsigned i = 1; i <= 3; i++) {
		expect_at_once("www.example.", "A", 0, INSIDE, STALE);
		expect_ede(MSG_EDE_STALE, "");
		cr_expect_eq(abroad.prefetched, i);
	}
	cr_expect_eq(counted(STAT_STALE), 3);
	abroad.is_down = false;
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, that_nothing_was_there_may_be_stale_too)
{
	answer_is_none("no.example.", 40, MSG_NXDOMAIN);
	keep("no.example.", RR_A);
	abroad.now += 100;
	abroad.is_down = abroad.edns = true;
	expect_at_once("no.example.", "A", MSG_NXDOMAIN, INSIDE, "");
	expect_ede(MSG_EDE_STALE_NXDOMAIN, "");
}

Test(recurse, what_is_too_old_is_not_given)
{
	keep_www();
	abroad.now += 60 + abroad.h.served->conf->uplink.stale_max;
	abroad.is_down = true;
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, when_no_answer_came_the_stale_one_is_given)
{
	keep_www();
	abroad.now += 100;
	abroad.edns = true;
	expect_asked("www.example.", "A", "www.example. A\n");
	bring_failure(MSG_EDE_NETWORK, "it said SERVFAIL");
	expect_reply(0, INSIDE, STALE);
	expect_ede(MSG_EDE_STALE, "");
}

Test(recurse, when_no_answer_came_but_elsewhere_that_one_is_given)
{
	abroad.edns = true;
	expect_asked("www.example.", "A", "www.example. A\n");
	keep_www();
	abroad.now += 5;
	bring_failure(MSG_EDE_NETWORK, "it said SERVFAIL");
	expect_reply(0, INSIDE, "www.example. 55 IN A 198.51.100.7\n");
	expect_ede(MSG_EDE_NONE, NULL);
}

Test(recurse, when_there_is_none_the_reason_is_told)
{
	abroad.edns = true;
	expect_asked("www.example.", "A", "www.example. A\n");
	bring_failure(MSG_EDE_NETWORK, "it said SERVFAIL");
	expect_reply(MSG_SERVFAIL, INSIDE, "");
	expect_ede(MSG_EDE_NETWORK, "it said SERVFAIL");
}

Test(recurse, when_too_many_wait_that_is_told)
{
	abroad.is_crowded = true;
	ask("www.example.", "A");
	expect_reply(MSG_SERVFAIL, INSIDE, "");
	cr_expect_eq(counted(STAT_CROWDED), 1);
	abroad.is_crowded = false;
	expect_asked("www.example.", "A", "www.example. A\n");
}

Test(recurse, without_a_snapshot_nobody_is_told_that_it_is_not_here)
{
	expect_asked("www.example.", "A", "www.example. A\n");
	abroad.h.env.unreadable = true;
	for (unsigned i = 0; i < 3; i++) {
		expect_at_once("www.example.", "A", MSG_SERVFAIL, INSIDE, "");
		expect_at_once("www.other.", "A", MSG_SERVFAIL, INSIDE, "");
		expect_at_once("lamp.house.", "A", MSG_SERVFAIL, INSIDE, "");
	}
	abroad.h.env.unreadable = false;
	expect_asked("www.example.", "A", "www.example. A\n");
}

static void
open_without(void)
{
	abroad_open(ABROAD_CONF, "house.", ABROAD_HOUSE, "den.", ABROAD_DEN);
}

Test(recurse_alone, without_an_uplink_what_is_in_reach_cannot_be_had,
     .init = open_without, .fini = abroad_close)
{
	abroad.edns = true;
	expect_at_once("mine.test.arpa.", "A", MSG_SERVFAIL, INSIDE, "");
	expect_ede(MSG_EDE_NO_REACHABLE, "there is no uplink");
	expect_at_once("www.other.", "A", MSG_REFUSED, INSIDE, "");
	expect_asked("a.kid.house.", "A",
		     "a.kid.house. A @203.0.113.3@53 private\n");
}
