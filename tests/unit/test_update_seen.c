/*
 * Updates that come again: the first one's reply, and nothing applied twice.
 */
#include "tests/unit/update_words.h"

#include <string.h>

TestSuite(update_repeated, .init = open_updates, .fini = close_updates);

Test(update_repeated, gets_the_same_reply_and_is_not_applied_twice)
{
	size_t len;

	begin();
	prerequisite(bare(RR_NONE, "lamp", RR_ANY));
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	update(del_name("lamp"));
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n");
}

static uint64_t
the_clock(void)
{
	return clock_now;
}

Test(update_repeated, after_a_restart_it_is_known_from_the_journal)
{
	struct update_seen *before = seen;
	struct store_txn *t;
	size_t len;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	update(del_name("lamp"));

	seen = update_seen_new();
	update_seen_set_clock(seen, the_clock);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(update_seen_recall(seen, store_txn_view(t)), ERR_OK);
	store_txn_abort(t);
	rcode = MSG_SERVFAIL;
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\n");
	update_seen_free(seen);
	seen = before;
}

Test(update_repeated, a_refusal_is_repeated_with_its_reason)
{
	size_t len;

	update(add("lamp", 30, RR_KEY, "k"));
	begin();
	change(any("lamp", RR_ANY));
	len = write_message(wire, "lamp-key.");
	serve(wire, len);
	cr_assert_eq(rcode, MSG_REFUSED);
	update(del_name("lamp"));
	reason[0] = '\0';
	serve(wire, len);
	cr_assert_eq(rcode, MSG_REFUSED);
	cr_assert_str_eq(reason,
			 "key lamp-key. may not change lamp.house. KEY: the "
			 "rule at line 13 does not cover the type");
}

/* RFC 8945 5.2.2.1 allows a MAC to be cut: a copy with a shorter one is the
 * same message. */
Test(update_repeated, with_a_truncated_mac_is_known)
{
	struct update *u, *cut;
	struct store_txn *t;
	bool spoilt = false;
	size_t len;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	u = receive(wire, len);
	cut = receive(wire, len);
	cut->tsig.mac_len = 16;
	memset(cut->tsig.mac + 16, 0, sizeof(cut->tsig.mac) - 16);
	cr_assert(update_check(u) && update_check(cut));
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(u->job.apply(&u->job, t, &spoilt), ERR_OK);
	cr_assert_eq(cut->job.apply(&cut->job, t, &spoilt), ERR_OK);
	cr_assert(cut->repeated);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	finish(u, ERR_OK);
	finish(cut, ERR_OK);
	cr_assert_eq(rcode, MSG_NOERROR);
}

Test(update_repeated, in_one_batch_is_applied_once)
{
	struct update *u[2];
	struct store_txn *t;
	bool spoilt = false;
	size_t len;

	begin();
	prerequisite(bare(RR_NONE, "lamp", RR_ANY));
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		u[i] = receive(wire, len);
		cr_assert(update_check(u[i]));
		cr_assert_eq(u[i]->job.apply(&u[i]->job, t, &spoilt), ERR_OK);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		finish(u[i], ERR_OK);
		cr_assert_eq(rcode, MSG_NOERROR);
	}
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
}

Test(update_repeated, after_an_abort_it_is_the_first_again)
{
	struct update *u;
	struct store_txn *t;
	bool spoilt = false;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	u = receive(wire, write_message(wire, "room-key."));
	cr_assert(update_check(u));
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
		cr_assert_eq(u->job.apply(&u->job, t, &spoilt), ERR_OK);
		if (i == 0)
			store_txn_abort(t);
		else
			cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
	finish(u, ERR_OK);
	cr_assert_eq(rcode, MSG_NOERROR);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
}

Test(update_repeated, a_failed_commit_is_forgotten_and_may_be_tried_again)
{
	struct update *u[2];
	struct store_txn *t;
	bool spoilt = false;
	size_t len;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	for (unsigned i = 0; i < 2; i++) {
		u[i] = receive(wire, len);
		cr_assert(update_check(u[i]));
		cr_assert_eq(u[i]->job.apply(&u[i]->job, t, &spoilt), ERR_OK);
	}
	store_txn_abort(t);
	for (unsigned i = 0; i < 2; i++) {
		/* even if the second one's commit, of nothing, did not fail */
		finish(u[i], i == 0 ? ERR_IO : ERR_OK);
		cr_assert_eq(rcode, MSG_SERVFAIL);
	}
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
}

Test(update_repeated, another_key_with_the_same_change_is_another_message)
{
	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	offer("room-key.");
	update(del_name("lamp"));
	offer("lamp-key.");
	cr_assert_eq(rcode, MSG_NOERROR);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\nlamp 30 A 1 U\n");
}

static struct update_seen_id
id_of(uint32_t number)
{
	struct update_seen_id id = {.key = number % 3};

	put32(id.mac, number * 2654435761);
	put32(id.mac + 4, number);
	return id;
}

static void
remember(uint32_t number, uint64_t expires)
{
	struct update_seen_id id = id_of(number);
	struct update_seen_entry *e = update_seen_add(seen, &id, expires, seen);

	cr_assert_not_null(e);
	e->owner = NULL;
}

static bool
is_known(uint32_t number)
{
	struct update_seen_id id = id_of(number);

	return update_seen_find(seen, &id) != NULL;
}

Test(update_repeated, the_oldest_are_forgotten_when_there_are_too_many)
{
	const uint32_t more = UPDATE_SEEN_MAX + 1000;

	for (uint32_t i = 0; i < more; i++)
		remember(i, clock_now + 300);
	for (uint32_t i = 0; i < more; i++)
		cr_assert_eq(is_known(i), i >= 1000);
}

Test(update_repeated, is_known_until_its_fudge_is_over)
{
	remember(1, clock_now + 300);
	remember(2, clock_now + 400);
	clock_now += 300;
	cr_assert(is_known(1));
	clock_now++;
	cr_assert_not(is_known(1));
	cr_assert(is_known(2));
}

Test(update_repeated, is_known_though_its_fudge_ended_while_it_waited)
{
	struct update *copy;
	struct store_txn *t;
	bool spoilt = false;
	size_t len;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	serve(wire, len);
	cr_assert_eq(rcode, MSG_NOERROR);
	clock_now += TSIG_FUDGE;
	copy = receive(wire, len); /* just in time */
	cr_assert(update_check(copy));
	clock_now++;
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(copy->job.apply(&copy->job, t, &spoilt), ERR_OK);
	cr_assert(copy->repeated);
	store_txn_abort(t);
	finish(copy, ERR_OK);
}

Test(update_repeated, what_is_removed_between_others_leaves_them)
{
	struct update_seen_id id;

	for (uint32_t i = 0; i < 5000; i++)
		remember(i, clock_now + 300);
	for (uint32_t i = 0; i < 5000; i += 2) {
		id = id_of(i);
		update_seen_remove(seen, update_seen_find(seen, &id));
	}
	for (uint32_t i = 5000; i < 20000; i++)
		remember(i, clock_now + 300);
	for (uint32_t i = 0; i < 20000; i++)
		cr_assert_eq(is_known(i), i >= 5000 || i % 2 == 1);
}

Test(update_repeated, so_many_may_wait_and_no_more)
{
	for (unsigned i = 0; i < UPDATE_WAITING_MAX; i++)
		cr_assert(update_seen_enter(seen));
	cr_assert_not(update_seen_enter(seen));
	update_seen_leave(seen);
	cr_assert(update_seen_enter(seen));
	cr_assert_not(update_seen_enter(seen));
}

/* --- through the writer -------------------------------------------------- */

Test(update_repeated, through_the_writer_the_reply_comes_after_the_commit)
{
	struct writer *w = writer_start(store);
	struct update *u;
	size_t len;

	begin();
	change(in(add("lamp", 30, RR_A, "1")));
	len = write_message(wire, "room-key.");
	for (unsigned i = 1; i <= 3; i++) {
		u = receive(wire, len);
		u->reply = on_reply;
		cr_assert(update_check(u));
		cr_assert(update_submit(u, w, seen));
		event_run(loop);
		cr_assert_eq(replies, i);
		cr_assert_eq(rcode, MSG_NOERROR);
		zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 30 A 1 U\n");
	}
	u = receive(wire, len);
	writer_stop(w);
	cr_assert_not(update_submit(u, w, seen));
	cr_assert_eq(u->rcode, MSG_SERVFAIL);
	cr_assert_str_eq(u->reason, "the server is stopping");
	update_free(u);
	writer_free(w);
}
