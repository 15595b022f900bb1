/* Who waits for the resolver, how many, and what was brought for them. */
#include "server/waiting.h"

#include "tests/unit/answer_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct waiting_room *room;

static void
open_room(void)
{
	room = waiting_room_new(2);
	cr_assert_not_null(room);
}

static void
close_room(void)
{
	struct waiting *w;

	while ((w = waiting_first(room)) != NULL)
		waiting_leave(w);
	waiting_room_free(room);
}

TestSuite(waiting, .init = open_room, .fini = close_room);

/* NULL: was not let in. */
static struct waiting *
enter(const char *from)
{
	static const uint8_t wire[] = "a question";
	struct net_peer peer = {.conn = 7};
	struct waiting *w;

	cr_assert_eq(net_addr_from_text(&peer.from, from, 4711, NULL), ERR_OK);
	w = waiting_enter(room, &peer, wire, sizeof(wire));
	if (w != NULL) {
		cr_expect_eq(w->peer.conn, 7);
		cr_expect_eq(w->len, sizeof(wire));
		cr_expect_arr_eq(w->wire, wire, sizeof(wire));
	}
	return w;
}

/* --- how many --------------------------------------------------------------
 */

Test(waiting, one_address_has_so_many_places)
{
	struct waiting *w = enter("192.0.2.1");

	cr_assert_not_null(w);
	cr_assert_not_null(enter("192.0.2.1"));
	cr_expect_null(enter("192.0.2.1"));
	cr_expect_not_null(enter("192.0.2.2"));
	waiting_leave(w);
	cr_expect_not_null(enter("192.0.2.1"));
	cr_expect_null(enter("192.0.2.1"));
	cr_expect_eq(waiting_room_count(room), 3);
}

Test(waiting, an_ipv6_host_is_its_network_of_64_bits)
{
	cr_assert_not_null(enter("2001:db8:0:1::1"));
	cr_assert_not_null(enter("2001:db8:0:1:ffff::2"));
	cr_expect_null(enter("2001:db8:0:1::3"));
	cr_expect_not_null(enter("2001:db8:0:2::1"));
}

Test(waiting, an_ipv4_address_within_ipv6_is_itself)
{
	cr_assert_not_null(enter("::ffff:192.0.2.1"));
	cr_assert_not_null(enter("192.0.2.1"));
	cr_expect_null(enter("::ffff:192.0.2.1"));
	cr_expect_not_null(enter("::ffff:192.0.2.2"));
}

Test(waiting, another_limit_holds_for_who_comes_next)
{
	cr_assert_not_null(enter("192.0.2.1"));
	cr_assert_not_null(enter("192.0.2.1"));
	waiting_room_limit(room, 1);
	cr_expect_null(enter("192.0.2.1"));
	cr_expect_eq(waiting_room_count(room), 2);
	waiting_room_limit(room, 3);
	cr_expect_not_null(enter("192.0.2.1"));
}

Test(waiting, all_together_have_so_many_places_too)
{
	struct waiting *last = NULL;
	char from[32];

	for (unsigned i = 0; i < WAITING_MAX; i++) {
		snprintf(from, sizeof(from), "10.1.%u.%u", i >> 8, i & 255);
		last = enter(from);
		cr_assert_not_null(last, "%s", from);
	}
	cr_expect_null(enter("192.0.2.1"));
	waiting_leave(last);
	cr_expect_not_null(enter("192.0.2.1"));
}

/* --- what was brought -------------------------------------------------------
 */

static bool
bring(struct waiting *w, const char *name, const char *address)
{
	struct resolve_result result = {.outcome = RESOLVE_ANSWER};

	answer_begin(name, RR_A, 0);
	answer_a(MSG_AN, name, 60, address);
	expect_entry(ERR_OK);
	result.entry = entry;
	return waiting_give(w, name_of(name), RR_A, &result);
}

Test(waiting, what_was_brought_is_a_copy_found_by_name_and_type)
{
	struct waiting *w = enter("192.0.2.1");
	const struct waiting_given *g;

	cr_assert(bring(w, "www.example.", "203.0.113.1"));
	cr_assert(bring(w, "web.example.", "203.0.113.2"));
	g = waiting_find(w, name_of("WWW.example."), RR_A);
	cr_assert_not_null(g);
	cr_assert_not(g->failed);
	entry = g->entry;
	expect_sets("AN www.example. 60 A 203.0.113.1\n");
	cr_expect_null(waiting_find(w, name_of("www.example."), RR_AAAA));
	cr_expect_null(waiting_find(w, name_of("example."), RR_A));
}

Test(waiting, a_failure_comes_with_its_reason)
{
	struct waiting *w = enter("192.0.2.1");
	const struct resolve_result failed = {
		.outcome = RESOLVE_FAILED,
		.ede = MSG_EDE_NETWORK,
		.text = "nobody is there",
	};
	const struct waiting_given *g;

	cr_assert(waiting_give(w, name_of("www.example."), RR_A, &failed));
	g = waiting_find(w, name_of("www.example."), RR_A);
	cr_assert_not_null(g);
	cr_expect(g->failed);
	cr_expect_eq(g->ede, MSG_EDE_NETWORK);
	cr_expect_str_eq(g->text, "nobody is there");
}

Test(waiting, more_than_so_much_is_not_taken_down)
{
	struct waiting *w = enter("192.0.2.1");
	char name[32];

	for (unsigned i = 0; i < WAITING_GIVEN_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example.", i);
		cr_assert(bring(w, name, "203.0.113.1"));
	}
	cr_expect_not(bring(w, "more.example.", "203.0.113.1"));
	cr_expect_not_null(waiting_find(w, name_of("n0.example."), RR_A));
	cr_expect_null(waiting_find(w, name_of("more.example."), RR_A));
}

/* --- what is asked -----------------------------------------------------------
 */

Test(waiting, what_is_asked_is_noted_until_it_is_told)
{
	struct waiting *w = enter("192.0.2.1");
	struct waiting_ask *a, *b, *c;

	a = waiting_ask_new(w, name_of("A.example."), RR_A);
	b = waiting_ask_new(w, name_of("b.example."), RR_TXT);
	c = waiting_ask_new(w, name_of("c.example."), RR_A);
	cr_assert(a != NULL && b != NULL && c != NULL);
	cr_expect(name_equal(a->qname, name_of("a.example.")));
	cr_expect_eq(b->qtype, RR_TXT);
	cr_expect_eq(a->waiting, w);
	waiting_ask_free(b); /* from the middle */
	cr_expect_eq(w->asks, c);
	cr_expect_eq(c->next, a);
	waiting_ask_free(c);
	waiting_ask_free(a);
	cr_expect_null(w->asks);
}
