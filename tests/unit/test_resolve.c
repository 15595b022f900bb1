/* The resolver as its callers see it: waiters, caps, cancelling, ending, what
 * is in the cache; and that whatever the world does, each question ends once.
 */
#include "resolver/fetch.h"
#include "tests/replay/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct world *w;

static void
open_world(void)
{
	w = world_new("forward: [ 192.0.2.1 ]");
}

static void
close_world(void)
{
	world_free(w);
}

TestSuite(resolve, .init = open_world, .fini = close_world);

static struct world_sent *
take(void)
{
	struct world_sent *s = world_take(w);

	cr_assert_not_null(s, "nothing was sent");
	return s;
}

/* A reply to s with one address, or with an rcode alone. */
static size_t
write_reply(uint8_t *buf, const struct world_sent *s, unsigned rcode)
{
	static const uint8_t address[] = {198, 51, 100, 7};
	struct wire_writer writer;

	wire_writer_init(&writer, buf, 512);
	msg_write_header(&writer, s->msg.id, (uint16_t)(MSG_QR | rcode));
	msg_set_count(&writer, MSG_QD, 1);
	msg_write_question(&writer, s->msg.qname, s->msg.qtype, RR_IN);
	if (rcode == MSG_NOERROR) {
		msg_set_count(&writer, MSG_AN, 1);
		msg_write_rr(&writer, &(struct rr){.owner = s->msg.qname,
						   .rdata = address,
						   .ttl = 300,
						   .type = RR_A,
						   .class = RR_IN,
						   .rdlen = 4});
	}
	return writer.len;
}

static bool
answer(struct world_sent *s)
{
	uint8_t buf[512];

	return world_reply(w, s, buf, write_reply(buf, s, MSG_NOERROR));
}

static unsigned
ask_number(unsigned n)
{
	char name[64];

	snprintf(name, sizeof(name), "n%u.example.com", n);
	return world_ask_name(w, name, RR_A);
}

/* --- who waits ------------------------------------------------------------ */

Test(resolve, more_than_so_many_do_not_wait_for_one_question)
{
	for (unsigned i = 0; i < RESOLVE_WAITERS_MAX; i++)
		cr_assert_not_null(w->asks[ask_number(1)]->waiter);
	cr_expect_null(w->asks[ask_number(1)]->waiter);
	cr_expect_eq(w->stats.busy, 1u);
	cr_expect_eq(w->stats.sent_udp, 1u);
	cr_assert(answer(take()));
	for (unsigned i = 0; i < RESOLVE_WAITERS_MAX; i++)
		cr_expect_eq(w->asks[i]->ended, 1u);
	cr_expect_eq(w->asks[RESOLVE_WAITERS_MAX]->ended, 0u);
}

Test(resolve, more_than_so_many_questions_are_not_in_flight)
{
	for (unsigned i = 0; i < RESOLVE_FLIGHTS_MAX; i++)
		cr_assert_not_null(w->asks[ask_number(i)]->waiter);
	cr_expect_null(w->asks[ask_number(RESOLVE_FLIGHTS_MAX)]->waiter);
	cr_assert(answer(take()));
	cr_expect_not_null(w->asks[ask_number(RESOLVE_FLIGHTS_MAX)]->waiter);
}

Test(resolve, cancelled_waiter_is_not_told_and_the_fetch_goes_on)
{
	unsigned gone = ask_number(1), stays = ask_number(1);

	world_cancel(w, gone);
	cr_assert(answer(take()));
	cr_expect_eq(w->asks[gone]->ended, 0u);
	cr_expect_eq(w->asks[stays]->ended, 1u);
	cr_expect_eq(w->stats.answered, 1u);
}

Test(resolve, fetch_without_a_waiter_goes_on)
{
	world_cancel(w, ask_number(1));
	cr_assert(answer(take()));
	cr_expect_eq(w->stats.answered, 1u);
}

static void
ask_again(void *arg, const struct resolve_result *result)
{
	struct world_ask *a = arg;

	cr_expect_eq(result->outcome, RESOLVE_ANSWER);
	if (a == a->world->asks[0])
		ask_number(1);
	if (a->world->asks[2]->waiter != NULL)
		world_cancel(a->world, 2);
}

/* From within done(), as a server does that follows a chain. */
Test(resolve, who_is_told_may_ask_and_cancel)
{
	ask_number(1);
	ask_number(1);
	ask_number(2);
	w->on_done = ask_again;
	cr_assert(answer(take()));
	cr_expect_eq(w->asks[0]->ended + w->asks[1]->ended, 2u);
	take(); /* n2 */
	cr_expect(answer(take()), "the question was sent anew");
	cr_expect_eq(w->asks[3]->ended, 1u);
	cr_expect_eq(w->asks[2]->ended, 0u);
}

Test(resolve, end_of_the_resolver_is_told_to_all_who_wait)
{
	struct world *other = world_new("forward: [ 192.0.2.1 ]");

	world_ask_name(other, "a.example.com", RR_A);
	world_ask_name(other, "b.example.com", RR_A);
	world_ask_name(other, "b.example.com", RR_A);
	resolver_free(other->resolver);
	other->resolver = NULL;
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(other->asks[i]->ended, 1u);
		cr_expect_eq(other->asks[i]->result.outcome, RESOLVE_FAILED);
	}
	world_free(other);
}

/* --- what is sent --------------------------------------------------------- */

Test(resolve, ids_and_letters_are_drawn_for_each_message)
{
	unsigned upper = 0, letters = 0, same_id = 0;
	uint16_t last = 0;

	for (unsigned i = 0; i < 256; i++) {
		const struct world_sent *s;

		ask_number(i);
		s = take();
		same_id += i > 0 && s->msg.id == last;
		last = s->msg.id;
		for (unsigned k = 0; k < s->msg.qname_len; k++) {
			uint8_t c = s->msg.qname[k];

			upper += c >= 'A' && c <= 'Z';
			letters += name_lower_octet(c) >= 'a' &&
				   name_lower_octet(c) <= 'z';
		}
	}
	cr_expect_lt(same_id, 3u);
	cr_expect_gt(upper, letters * 4 / 10);
	cr_expect_lt(upper, letters * 6 / 10);
}

Test(resolve, name_of_greatest_length_is_asked_for)
{
	uint8_t name[NAME_WIRE_MAX];

	for (unsigned i = 0; i < NAME_WIRE_MAX - 1; i += 2) {
		name[i] = 1;
		name[i + 1] = 'x';
	}
	name[NAME_WIRE_MAX - 1] = 0;
	world_ask(w, &(struct resolve_question){
			     .qname = name, .qtype = RR_A, .variant = 3});
	cr_assert(answer(take()));
	cr_expect_eq(w->asks[0]->ended, 1u);
}

Test(resolve, forwarders_are_told_with_what_is_known_of_them)
{
	struct resolver_forwarder f;

	ask_number(1);
	world_pass(w, 40);
	answer(take());
	cr_assert(resolver_forwarder(w->resolver, 0, &f));
	cr_expect(f.up && !f.tls);
	cr_expect_eq(f.srtt_ms, 40u);
	cr_expect_eq(f.sent, 1u);
	cr_expect_eq(f.answers, 1u);
	cr_expect(!resolver_forwarder(w->resolver, 1, &f));
}

/* One in so many questions goes to another, too, and its time is learnt though
 * nobody waits for it. */
Test(resolve, slower_forwarder_is_asked_now_and_then)
{
	struct world *two = world_new("forward: [ 192.0.2.1, 192.0.2.2 ]");
	struct world *one = w;
	unsigned first = 0, second = 0;

	w = two;
	for (unsigned i = 0; i < 1000; i++) {
		struct world_sent *s, *late = NULL;

		ask_number(i);
		while ((s = world_take(w)) != NULL) {
			bool slow =
				s->to.in.sin_addr.s_addr == htonl(0xc0000202);

			first += !slow;
			second += slow;
			if (slow)
				late = s;
			else
				answer(s);
		}
		world_pass(w, 5);
		if (late != NULL)
			cr_expect(answer(late), "it is still waited for");
		cr_assert_eq(w->asks[i]->ended, 1u);
	}
	cr_expect_eq(first, 1000u);
	cr_expect_gt(second, 10u);
	cr_expect_lt(second, 80u);
	w = one;
	world_free(two);
}

/* --- the cache ------------------------------------------------------------ */

static uint64_t
cache_now(void)
{
	return WORLD_BEGIN + 1;
}

struct kept {
	struct cache *cache;
	struct cache_view *view;
	struct resolver *resolver;
	char dir[64];
};

static void
kept_open(struct kept *k)
{
	const struct cache_options o = {
		.limit = 1 << 20, .readers = 2, .now = cache_now};
	struct diag d;

	strcpy(k->dir, "/tmp/placed-test-XXXXXX");
	cr_assert_not_null(mkdtemp(k->dir));
	cr_assert_eq(cache_open(&k->cache, k->dir, &o, &d), ERR_OK, "%s",
		     d.text);
	k->view = cache_view_new(k->cache);
	cr_assert_not_null(k->view);
	k->resolver = w->resolver;
	w->resolver =
		resolver_new(&(struct resolver_options){.conf = w->conf,
							.cache = k->cache,
							.io = &w->io,
							.stats = &w->stats});
}

static void
kept_close(struct kept *k)
{
	char command[128];

	resolver_free(w->resolver);
	w->resolver = k->resolver;
	cache_view_free(k->view);
	cache_close(k->cache);
	snprintf(command, sizeof(command), "rm -r %s", k->dir);
	cr_expect_eq(system(command), 0);
}

static bool
kept_has(struct kept *k, const char *text, struct entry *e)
{
	uint8_t name[NAME_WIRE_MAX];
	bool has;

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
	cache_wait(k->cache);
	cr_assert(cache_view_begin(k->view));
	has = cache_get(k->view, name, RR_A, 0, e);
	cache_view_end(k->view);
	return has;
}

Test(resolve, answer_is_kept_and_a_failure_is_not)
{
	uint8_t buf[512];
	struct world_sent *s;
	struct entry e;
	struct kept k;

	kept_open(&k);
	world_ask_name(w, "a.Example.com", RR_A);
	answer(take());
	cr_assert(kept_has(&k, "a.example.com", &e));
	cr_expect_eq(e.ttl, 300u);

	/* The stale answer must stay for when the uplink fails. */
	world_ask_name(w, "a.example.com", RR_A);
	s = take();
	world_reply(w, s, buf, write_reply(buf, s, MSG_SERVFAIL));
	world_pass(w, 0);
	cr_expect_eq(w->asks[1]->result.outcome, RESOLVE_FAILED);
	cr_assert(kept_has(&k, "a.example.com", &e));
	cr_expect_eq(e.flags, 0u);
	cr_expect(!kept_has(&k, "b.example.com", &e));
	kept_close(&k);
}

/* --- wake-ups ------------------------------------------------------------- */

Test(wakeup, first_is_always_the_earliest)
{
	static struct wakeup items[300];
	struct wakeups h;

	srand(5);
	cr_assert_eq(wakeups_init(&h, ARRAY_LEN(items)), ERR_OK);
	for (unsigned round = 0; round < 20000; round++) {
		struct wakeup *item = &items[(size_t)rand() % ARRAY_LEN(items)];
		uint64_t least = UINT64_MAX;

		if (rand() % 3 == 0)
			wakeup_clear(&h, item);
		else
			wakeup_set(&h, item, (uint64_t)rand() % 1000);
		for (unsigned i = 0; i < ARRAY_LEN(items); i++)
			if (items[i].place != 0 && items[i].at < least)
				least = items[i].at;
		if (wakeups_first(&h) == NULL)
			cr_assert_eq(least, UINT64_MAX);
		else
			cr_assert_eq(wakeups_first(&h)->at, least);
	}
	wakeups_free(&h);
}

/* --- anything may happen -------------------------------------------------- */

#define POOL 64

struct chaos {
	struct world *world;
	struct world_sent *pool[POOL];
	struct conf *conf[2];
	uint64_t began[WORLD_ASKS]; /* when each was asked */
};

static unsigned
dice(unsigned n)
{
	return (unsigned)rand() % n;
}

static void
chaos_ask(struct chaos *c)
{
	static const char *const names[] = {"a.example", "b.example",
					    "c.d.example", "d.example"};
	struct resolve_servers servers = {.count = 1, .zone = name_root};
	uint8_t name[NAME_WIRE_MAX];
	struct resolve_question q = {.qname = name, .qtype = RR_A};

	if (c->world->ask_count == WORLD_ASKS)
		return;
	cr_assert_eq(name_from_text(name, names[dice(4)], NULL, NULL), ERR_OK);
	cr_assert_eq(net_addr_from_text(&servers.addr[0], "10.0.0.1", 53, NULL),
		     ERR_OK);
	q.variant = (uint8_t)dice(4);
	q.private_ok = dice(2) == 0;
	if (dice(8) == 0)
		q.servers = &servers;
	if (dice(16) == 0) {
		resolver_prefetch(c->world->resolver, &q);
		return;
	}
	c->began[c->world->ask_count] = c->world->ms;
	world_ask(c->world, &q);
}

/* A reply that is right in head and question, and anything behind that. */
static void
chaos_reply(struct chaos *c, struct world_sent *s)
{
	static const unsigned rcodes[] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 16};
	uint8_t buf[512], target[NAME_WIRE_MAX];
	size_t len = write_reply(buf, s, rcodes[dice(10)] & 15);
	struct wire_writer writer;

	if (dice(6) == 0)
		buf[2] |= MSG_TC >> 8;
	if (dice(10) == 0)
		buf[dice((unsigned)len)] ^= (uint8_t)(1 + dice(255));
	if (dice(4) == 0) {
		/* a CNAME or a referral instead */
		bool referral = dice(2) == 0;

		wire_writer_init(&writer, buf, sizeof(buf));
		msg_write_header(&writer, s->msg.id, MSG_QR);
		msg_set_count(&writer, MSG_QD, 1);
		msg_write_question(&writer, s->msg.qname, s->msg.qtype, RR_IN);
		msg_set_count(&writer, referral ? MSG_NS : MSG_AN, 1);
		name_from_text(target, dice(2) ? "e.example" : "d.example",
			       NULL, NULL);
		msg_write_rr(&writer,
			     &(struct rr){.owner = s->msg.qname,
					  .rdata = target,
					  .ttl = dice(300),
					  .type = referral ? RR_NS : RR_CNAME,
					  .class = RR_IN,
					  .rdlen = (uint16_t)name_len(target)});
		len = writer.len;
	}
	world_reply(c->world, s, buf, len);
}

static void
chaos_take(struct chaos *c)
{
	struct world_sent *s;

	while ((s = world_take(c->world)) != NULL) {
		bool tls = ntohs(s->to.in.sin_port) == 853;

		cr_assert_eq(tls, s->way == WORLD_TLS, "asked in clear");
		c->pool[dice(POOL)] = s;
	}
}

static void
chaos_reload(struct chaos *c)
{
	struct conf *conf = c->world->conf;

	c->world->conf = c->conf[0];
	c->conf[0] = c->conf[1];
	c->conf[1] = conf;
	resolver_reconfigure(c->world->resolver, c->world->conf);
}

static void
chaos_step(struct chaos *c)
{
	struct world_sent *s = c->pool[dice(POOL)];
	unsigned what = dice(100), i;

	if (what < 40) {
		chaos_ask(c);
	} else if (what < 75 && s != NULL) {
		chaos_reply(c, s);
	} else if (what < 80 && s != NULL) {
		world_error(c->world, s, "refused");
	} else if (what < 95) {
		world_pass(c->world, dice(4) ? dice(60) : dice(1500));
	} else if (what == 95 && dice(10) == 0) {
		chaos_reload(c);
	} else if (what == 96) {
		c->world->udp_errno = dice(4)	? 0
				      : dice(2) ? EMFILE
						: ENETUNREACH;
	} else if (c->world->ask_count > 0) {
		i = dice(c->world->ask_count);
		if (c->world->asks[i]->waiter != NULL)
			world_cancel(c->world, i);
	}
	chaos_take(c);
}

static void
chaos_check(const struct chaos *c)
{
	const struct world *world = c->world;

	for (unsigned i = 0; i < world->ask_count; i++) {
		cr_assert_leq(world->asks[i]->ended, 1u);
		if (world->asks[i]->waiter != NULL)
			cr_assert_leq(world->ms - c->began[i],
				      RESOLVE_DEADLINE_MS);
	}
	cr_assert_leq(world->stats.sent_udp + world->stats.sent_tcp +
			      world->stats.sent_tls,
		      (world->stats.answered + world->stats.failed + 64) *
			      RESOLVE_SENDS_MAX);
}

Test(resolve, each_question_ends_once_whatever_happens, .timeout = 300)
{
	static struct chaos c;

	for (unsigned seed = 1; seed <= 30; seed++) {
		srand(seed);
		memset(&c, 0, sizeof(c));
		c.world = world_new("forward: [ 192.0.2.1, 192.0.2.2, "
				    "\"192.0.2.3#dns.example\" ]");
		c.conf[0] = world_conf("forward: [ 192.0.2.2, 192.0.2.4 ]");
		c.conf[1] = world_conf("forward: "
				       "[ \"192.0.2.3#dns.example\" ]");
		for (unsigned step = 0; step < 4000; step++) {
			chaos_step(&c);
			if (step % 64 == 0)
				chaos_check(&c);
		}
		world_pass(c.world, RESOLVE_DEADLINE_MS + 50);
		for (unsigned i = 0; i < c.world->ask_count; i++)
			cr_assert_null(c.world->asks[i]->waiter);
		cr_assert_eq(c.world->exchanges, 0u, "nothing is left");
		world_free(c.world);
		conf_free(c.conf[0]);
		conf_free(c.conf[1]);
	}
}
