/* A worker's share of recursion on a real loop, with a forwarder that the test
 * plays: who waits, for how long, and who is told. */
#include "server/recursion.h"

#include "resolver/blocked.h"
#include "tests/unit/house.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 20000 /* when a test gives up hope */
#define HELD_MAX 16
#define REPLIES_MAX 16

#define HOUSE                                  \
	"@ 300 SOA ns hostmaster 1 2 3 4 60\n" \
	"@ 300 NS ns\n"                        \
	"ns 300 A 203.0.113.1\n"               \
	"out 300 CNAME www.example.\n"

/* Answers with an address, or, where the first label begins with an s, when it
 * is told to. */
struct forwarder {
	struct net_udp *udp;
	struct net_addr at;
	unsigned asked, held_count;
	struct {
		struct net_peer peer;
		uint8_t msg[512];
		size_t len;
	} held[HELD_MAX];
};

struct answered {
	unsigned rcode, count;
	uint16_t id;
};

static struct event_loop *loop;
static struct forwarder forwarder;
static struct house h;
static struct recursion_shared shared;
static struct recursion *recursion;
static struct answered replies[REPLIES_MAX];
static unsigned reply_count;
static bool (*is_reached)(void); /* what the loop runs for */

/* --- the loop ---------------------------------------------------------------
 */

static void
look(void)
{
	if (is_reached != NULL && is_reached())
		event_stop(loop);
}

static void
give_up(void *arg)
{
	(void)arg;
	cr_assert_fail("it did not come");
}

static void
run_until(bool (*reached)(void))
{
	struct event_watch *end =
		event_timer(loop, PATIENCE_MS, false, give_up, NULL);

	is_reached = reached;
	if (!reached())
		event_run(loop);
	is_reached = NULL;
	event_unwatch(end);
}

static unsigned wanted;

static bool
enough_replies(void)
{
	return reply_count >= wanted;
}

static bool
enough_asked(void)
{
	return forwarder.asked >= wanted;
}

static void
until_replies(unsigned n)
{
	wanted = n;
	run_until(enough_replies);
	cr_assert_eq(reply_count, n);
}

static void
until_asked(unsigned n)
{
	wanted = n;
	run_until(enough_asked);
	cr_assert_eq(forwarder.asked, n);
}

/* --- the forwarder ----------------------------------------------------------
 */

/* The question and an address; its length. */
static size_t
forwarder_answer(const uint8_t *in, uint8_t *out)
{
	static const uint8_t rr[] = {0xc0, 12, 0, 1, 0,	  1,  0,   0,
				     0,	   60, 0, 4, 198, 51, 100, 7};
	size_t len = WIRE_HEADER_LEN + name_len(in + WIRE_HEADER_LEN) + 4;

	memcpy(out, in, len);
	put16(out + 2, MSG_QR | MSG_RD | MSG_RA);
	put16(out + 6, 1);
	put16(out + 8, 0);
	put16(out + 10, 0);
	memcpy(out + len, rr, sizeof(rr));
	return len + sizeof(rr);
}

static void
forwarder_begin(void *ctx)
{
	(void)ctx;
}

static size_t
forwarder_serve(void *ctx, const struct net_peer *peer, const uint8_t *in,
		size_t len, uint8_t *out, size_t cap)
{
	(void)ctx;
	(void)cap;
	forwarder.asked++;
	look();
	if ((in[WIRE_HEADER_LEN + 1] | 32) != 's')
		return forwarder_answer(in, out);
	cr_assert(forwarder.held_count < HELD_MAX && len <= 512);
	forwarder.held[forwarder.held_count].peer = *peer;
	memcpy(forwarder.held[forwarder.held_count].msg, in, len);
	forwarder.held[forwarder.held_count++].len = len;
	return NET_LATER;
}

/* Those that were silent so far. */
static void
forwarder_speak(void)
{
	uint8_t out[1024];

	for (unsigned i = 0; i < forwarder.held_count; i++)
		net_reply(&forwarder.held[i].peer, out,
			  forwarder_answer(forwarder.held[i].msg, out));
	forwarder.held_count = 0;
}

static void
forwarder_open(void)
{
	const struct net_service service = {
		.begin = forwarder_begin,
		.serve = forwarder_serve,
		.end = forwarder_begin,
	};
	int fd = -1;

	cr_assert_eq(net_addr_from_text(&forwarder.at, "127.0.0.1", 0, NULL),
		     ERR_OK);
	cr_assert_eq(net_bind(&fd, &forwarder.at, SOCK_DGRAM, NULL), ERR_OK);
	cr_assert_eq(getsockname(fd, &forwarder.at.sa, &forwarder.at.len), 0);
	forwarder.udp = net_udp_new(loop, fd, &forwarder.at, &service);
	cr_assert_not_null(forwarder.udp);
}

/* --- the worker -------------------------------------------------------------
 */

static size_t
serve(const struct net_peer *peer, const uint8_t *wire, size_t len,
      struct waiting *w)
{
	size_t got;

	cr_assert_eq(store_reader_begin(h.env.view), ERR_OK);
	h.env.recursion->waiting = w;
	got = query_serve(&h.query, &h.env, peer, wire, len, h.reply,
			  sizeof(h.reply));
	h.env.recursion->waiting = NULL;
	recursion_batch_end(recursion);
	store_reader_end(h.env.view);
	if (got == NET_LATER)
		return got;
	cr_assert(reply_count < REPLIES_MAX && got >= WIRE_HEADER_LEN);
	replies[reply_count++] = (struct answered){
		.id = get16(h.reply),
		.rcode = h.reply[3] & 15,
		.count = get16(h.reply + 6),
	};
	look();
	return got;
}

static void
serve_waiting(void *arg, struct waiting *w)
{
	(void)arg;
	if (serve(&w->peer, w->wire, w->len, w) != NET_LATER)
		waiting_leave(w);
}

/* True: it waits. */
static bool
ask(const char *name, uint16_t id)
{
	uint8_t wire[512], qname[NAME_WIRE_MAX];
	struct wire_writer w;

	cr_assert_eq(name_from_text(qname, name, NULL, NULL), ERR_OK);
	wire_writer_init(&w, wire, sizeof(wire));
	msg_write_header(&w, id, MSG_RD);
	msg_write_question(&w, qname, RR_A, RR_IN);
	msg_set_count(&w, MSG_QD, 1);
	return serve(&h.peer, wire, w.len, NULL) == NET_LATER;
}

static void
conf_text(char *dst, size_t size, const char *reach)
{
	char at[NET_ADDR_TEXT_MAX];

	net_addr_to_text(at, &forwarder.at);
	snprintf(dst, size,
		 "zones:\n"
		 "  - { name: house, inside: [ 127.0.0.0/8 ] }\n"
		 "uplink:\n"
		 "  forward: [ %s ]\n"
		 "  waiting-per-client: 2\n"
		 "  reach: [ %s ]\n",
		 at, reach);
}

static void
open_it(void)
{
	char text[512];

	loop = event_loop_new();
	cr_assert_not_null(loop);
	forwarder_open();
	conf_text(text, sizeof(text), "example");
	house_open(&h, text, "house.", HOUSE, NULL);
	shared.blocked = blocked_new();
	recursion = recursion_new(loop, &shared, h.served->conf, serve_waiting,
				  NULL);
	cr_assert_not_null(recursion);
	h.env.recursion = recursion_face(recursion);
}

static void
close_it(void)
{
	recursion_free(recursion);
	blocked_free(shared.blocked);
	net_udp_free(forwarder.udp);
	house_close(&h);
	event_loop_free(loop);
}

TestSuite(recursion, .init = open_it, .fini = close_it, .timeout = 60);

static void
expect_answer(unsigned i, uint16_t id, unsigned rcode, unsigned count)
{
	cr_expect_eq(replies[i].id, id);
	cr_expect_eq(replies[i].rcode, rcode, "rcode %u", replies[i].rcode);
	cr_expect_eq(replies[i].count, count, "%u", replies[i].count);
}

/* --- who waits --------------------------------------------------------------
 */

Test(recursion, who_waits_is_answered_when_it_comes)
{
	cr_assert(ask("www.example.", 1));
	until_replies(1);
	expect_answer(0, 1, 0, 1);
	cr_assert(ask("out.house.", 2));
	until_replies(2);
	expect_answer(1, 2, 0, 2);
	cr_expect_eq(forwarder.asked, 2);
}

Test(recursion, who_asks_the_same_waits_for_the_same)
{
	cr_assert(ask("silent.example.", 1));
	until_asked(1);
	cr_assert(ask("SILENT.example.", 2));
	forwarder_speak();
	until_replies(2);
	cr_expect_eq(forwarder.asked, 1);
	cr_expect_eq(replies[0].id + replies[1].id, 3);
	expect_answer(0, replies[0].id, 0, 1);
	expect_answer(1, replies[1].id, 0, 1);
}

Test(recursion, a_client_that_has_too_many_waiting_is_told_at_once)
{
	cr_assert(ask("s1.example.", 1));
	cr_assert(ask("s2.example.", 2));
	cr_assert_not(ask("s3.example.", 3));
	expect_answer(0, 3, MSG_SERVFAIL, 0);
	cr_assert_not(ask("ns.house.", 4));
	expect_answer(1, 4, 0, 1);
	until_asked(2);
	forwarder_speak();
	until_replies(4);
	cr_expect(ask("s3.example.", 5));
}

Test(recursion, its_end_is_told_to_all_who_wait)
{
	cr_assert(ask("s1.example.", 1));
	cr_assert(ask("s2.example.", 2));
	until_asked(2);
	recursion_free(recursion);
	recursion = NULL;
	cr_assert_eq(reply_count, 2);
	expect_answer(0, replies[0].id, MSG_SERVFAIL, 0);
	expect_answer(1, replies[1].id, MSG_SERVFAIL, 0);
	cr_expect_eq(replies[0].id + replies[1].id, 3);
}

/* --- another configuration ---------------------------------------------------
 */

/* As a worker moves over: the old one is gone after. */
static void
move(const char *reach)
{
	struct served *made;
	struct conf *conf;
	struct diag d = {""};
	char text[512], whole[640];

	conf_text(text, sizeof(text), reach);
	snprintf(whole, sizeof(whole), "store: %s\n%s", h.dir, text);
	conf = conf_read_string(whole, "test.yaml", &d);
	cr_assert_not_null(conf, "%s", d.text);
	made = served_new(conf);
	cr_assert_not_null(made);
	cr_assert(recursion_reconfigure(recursion, conf));
	served_release(h.served);
	free(h.env.facts);
	h.served = h.env.served = made;
	h.env.facts = served_facts_new(made);
}

Test(recursion, who_waits_is_answered_under_another_configuration)
{
	cr_assert(ask("s1.example.", 1));
	until_asked(1);
	move("example");
	cr_assert(ask("s2.example.", 2));
	until_asked(2);
	forwarder_speak();
	until_replies(2);
	expect_answer(0, replies[0].id, 0, 1);
	expect_answer(1, replies[1].id, 0, 1);
}

Test(recursion, what_is_out_of_reach_meanwhile_is_refused)
{
	cr_assert(ask("s1.example.", 1));
	until_asked(1);
	move("other");
	forwarder_speak();
	until_replies(1);
	expect_answer(0, 1, MSG_REFUSED, 0);
}

/* --- many at once -----------------------------------------------------------
 */

static struct {
	unsigned given;
	bool hurried, told;
} gathered;

static bool
is_told(void)
{
	return gathered.told;
}

static void
serve_gathered(void *arg, struct waiting *w)
{
	(void)arg;
	cr_expect_not(gathered.told, "told twice");
	cr_expect_null(w->asks);
	gathered.told = true;
	gathered.hurried = w->hurried;
	gathered.given = w->given_count;
	waiting_leave(w);
	look();
}

/* Both of a child at the forwarder's address. */
static void
gather_begin(const char *first, const char *second, unsigned deadline_ms)
{
	static uint8_t names[2][NAME_WIRE_MAX];
	static const uint8_t wire[WIRE_HEADER_LEN + 5];
	struct resolve_servers servers = {
		.addr = {forwarder.at},
		.count = 1,
		.zone = name_root,
	};
	struct resolve_question asks[2];
	const struct msg m = {.wire = wire, .len = sizeof(wire)};
	struct query_recursion *face;

	recursion_free(recursion);
	recursion = recursion_new(loop, &shared, h.served->conf, serve_gathered,
				  NULL);
	cr_assert_not_null(recursion);
	face = recursion_face(recursion);
	name_from_text(names[0], first, NULL, NULL);
	name_from_text(names[1], second, NULL, NULL);
	for (unsigned i = 0; i < 2; i++)
		asks[i] = (struct resolve_question){
			.qname = names[i],
			.qtype = RR_A,
			.private_ok = true,
			.servers = &servers,
		};
	cr_assert(face->ask(face->arg, &h.peer, &m, asks, 2, deadline_ms));
}

static void
gather(const char *first, const char *second, unsigned deadline_ms)
{
	gather_begin(first, second, deadline_ms);
	run_until(is_told);
}

Test(recursion, what_all_have_answered_does_not_wait_for_the_deadline)
{
	gather("a.kid.", "b.kid.", 60000);
	cr_expect_not(gathered.hurried);
	cr_expect_eq(gathered.given, 2);
}

Test(recursion, at_the_deadline_what_there_is_will_do)
{
	gather("a.kid.", "silent.kid.", 200);
	cr_expect(gathered.hurried);
	cr_expect_eq(gathered.given, 1);
	/* who comes late is not waited for, and harms nobody */
	forwarder_speak();
	gathered.told = false;
	h.env.recursion = recursion_face(recursion);
	cr_assert(ask("www.example.", 9));
	run_until(is_told);
	cr_expect_eq(gathered.given, 1);
}

Test(recursion, its_end_is_told_once_to_who_gathers)
{
	wanted = 2;
	gather_begin("s1.kid.", "s2.kid.", 60000);
	run_until(enough_asked);
	cr_expect_not(gathered.told);
	recursion_free(recursion);
	recursion = NULL;
	cr_expect(gathered.told);
	cr_expect_eq(gathered.given, 2);
}

/* --- renewing ----------------------------------------------------------------
 */

Test(recursion, what_was_renewed_just_now_is_not_renewed_again)
{
	uint8_t name[NAME_WIRE_MAX], other[NAME_WIRE_MAX];
	struct resolve_question q = {.qname = name, .qtype = RR_A};
	struct query_recursion *face = h.env.recursion;

	name_from_text(name, "a.example.", NULL, NULL);
	name_from_text(other, "b.example.", NULL, NULL);
	face->prefetch(face->arg, &q);
	until_asked(1);
	cr_assert(ask("www.example.", 1)); /* the renewal is over after this */
	until_replies(1);
	face->prefetch(face->arg, &q);
	q.qtype = RR_AAAA;
	face->prefetch(face->arg, &q);
	q.qname = other;
	face->prefetch(face->arg, &q);
	cr_assert(ask("web.example.", 2));
	until_replies(2);
	cr_expect_eq(forwarder.asked, 5);
}
