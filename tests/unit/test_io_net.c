#include "resolver/io_net.h"
#include "tests/unit/stream_words.h"
#include "tests/unit/tls_words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct event_loop *loop;
static struct io_net *net;
static const struct resolver_io *io;

static void
open_all(void)
{
	loop = event_loop_new();
	net = io_net_new(loop, NULL);
	cr_assert_not_null(net);
	io = io_net_face(net);
}

static void
close_all(void)
{
	io_net_free(net);
	event_loop_free(loop);
}

TestSuite(io_net, .init = open_all, .fini = close_all, .timeout = 30);

/* What a callback was told. */
struct heard {
	unsigned messages, errors;
	bool passes;	/* over the message: not the one */
	bool ends;	/* the exchange or the stream, by itself */
	bool asks_more; /* once */
	struct io_exchange *exchange;
	struct io_stream *stream;
	struct net_addr at;
	char text[256];
};

static void
hear(struct heard *h, enum io_event ev, const uint8_t *octets, size_t len,
     const char *text)
{
	if (ev == IO_MESSAGE) {
		h->messages++;
		snprintf(h->text, sizeof(h->text), "%.*s", (int)len,
			 (const char *)octets);
	} else {
		h->errors++;
		snprintf(h->text, sizeof(h->text), "%s", text);
	}
	event_stop(loop);
}

/* --- clocks, randomness, timers ------------------------------------------ */

Test(io_net, the_clocks_are_this_machines)
{
	uint64_t ms = io->now_ms(io->ctx);
	time_t before = time(NULL);
	uint32_t now = io->now(io->ctx);

	cr_assert_geq(now, (uint32_t)before);
	cr_assert_leq(now, (uint32_t)time(NULL));
	cr_assert_geq(io->now_ms(io->ctx), ms);
}

Test(io_net, random_octets_come_in_any_length_and_never_twice)
{
	static uint8_t all[40000];
	unsigned count[256] = {0};
	size_t have = 0;

	for (size_t len = 0; have + len <= sizeof(all); len += 7) {
		io->random(io->ctx, all + have, len);
		have += len;
	}
	cr_assert_gt(have, 30000);
	for (size_t i = 0; i < have; i++)
		count[all[i]]++;
	/* some 155 on average: far from it only by a miracle */
	for (unsigned i = 0; i < 256; i++)
		cr_assert(count[i] > 20 && count[i] < 400);
	for (size_t i = 16; i + 16 <= have; i++)
		cr_assert_neq(memcmp(all, all + i, 16), 0);
}

static unsigned rung;

static void
ring(void *arg)
{
	(void)arg;
	rung++;
	event_stop(loop);
}

Test(io_net, a_timer_fires_once_and_a_cleared_one_never)
{
	uint64_t begun = io->now_ms(io->ctx);
	struct io_timer *t = io->timer_set(io->ctx, 20, ring, NULL);
	struct io_timer *never = io->timer_set(io->ctx, 10, ring, NULL);

	io->timer_clear(io->ctx, never);
	io->timer_clear(io->ctx, NULL);
	event_run(loop);
	cr_assert_eq(rung, 1);
	cr_assert_geq(io->now_ms(io->ctx) - begun, 10);
	turn(loop);
	cr_assert_eq(rung, 1);
	io->timer_clear(io->ctx, t);
}

/* --- datagrams ----------------------------------------------------------- */

static int
udp_server(struct net_addr *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_eq(net_addr_from_text(at, "127.0.0.1", 0, NULL), ERR_OK);
	cr_assert_eq(bind(fd, &at->sa, at->len), 0);
	cr_assert_eq(getsockname(fd, &at->sa, &at->len), 0);
	return fd;
}

static bool udp_told(void *arg, enum io_event ev, const uint8_t *octets,
		     size_t len, const char *text);

static void
udp_ask(struct heard *h, const char *text)
{
	h->exchange = io->udp_ask(io->ctx, &h->at, (const uint8_t *)text,
				  strlen(text), udp_told, h);
	cr_assert_not_null(h->exchange);
}

static bool
udp_told(void *arg, enum io_event ev, const uint8_t *octets, size_t len,
	 const char *text)
{
	struct heard *h = arg;

	hear(h, ev, octets, len, text);
	if (h->ends)
		io->udp_end(io->ctx, h->exchange);
	if (h->asks_more) {
		h->asks_more = false;
		udp_ask(h, "more");
	}
	return !h->passes;
}

/* Takes a question, and answers it. */
static void
udp_answer(int fd, const char *question, const char *answer)
{
	struct net_addr from = {.len = sizeof(from.in6)};
	char text[64];
	ssize_t n = recvfrom(fd, text, sizeof(text), 0, &from.sa, &from.len);

	cr_assert_eq(n, (ssize_t)strlen(question));
	cr_assert_eq(memcmp(text, question, (size_t)n), 0);
	cr_assert(sendto(fd, answer, strlen(answer), 0, &from.sa, from.len) >=
		  0);
}

Test(io_net, a_datagram_is_answered)
{
	struct heard h = {0};
	int fd = udp_server(&h.at);

	udp_ask(&h, "ping");
	udp_answer(fd, "ping", "pong");
	event_run(loop);
	cr_assert_eq(h.messages, 1);
	cr_assert_str_eq(h.text, "pong");
	close(fd);
}

Test(io_net, what_is_passed_over_does_not_end_the_exchange)
{
	struct heard h = {.passes = true}, other = {0};
	int fd = udp_server(&h.at);

	udp_ask(&h, "ping");
	udp_answer(fd, "ping", "wrong");
	event_run(loop);
	cr_assert_eq(h.messages, 1);
	io->udp_end(io->ctx, h.exchange);
	other.at = h.at;
	udp_ask(&other, "again");
	udp_answer(fd, "again", "right");
	event_run(loop);
	cr_assert_str_eq(other.text, "right");
	close(fd);
}

static void
expect_another_exchange_from_within(struct heard *h)
{
	int fd = udp_server(&h->at);

	udp_ask(h, "ping");
	udp_answer(fd, "ping", "pong");
	event_run(loop);
	h->ends = h->passes = false;
	udp_answer(fd, "more", "and more");
	event_run(loop);
	cr_assert_eq(h->messages, 2);
	cr_assert_str_eq(h->text, "and more");
	close(fd);
}

Test(io_net, an_exchange_that_is_answered_may_begin_another)
{
	struct heard h = {.asks_more = true};

	expect_another_exchange_from_within(&h);
}

Test(io_net, an_exchange_may_be_ended_and_another_begun_by_whom_it_tells)
{
	struct heard h = {.ends = true, .asks_more = true};

	expect_another_exchange_from_within(&h);
}

Test(io_net, an_exchange_may_be_ended_by_whom_it_tells_of_the_wrong_message)
{
	struct heard h = {.ends = true, .passes = true, .asks_more = true};

	expect_another_exchange_from_within(&h);
}

Test(io_net, a_datagram_to_nobody_is_an_error_with_words)
{
	struct heard h = {0};

	close(udp_server(&h.at));
	udp_ask(&h, "ping");
	event_run(loop);
	cr_assert_eq(h.errors, 1);
	cr_assert_str_eq(h.text, strerror(ECONNREFUSED));
}

Test(io_net, a_datagram_that_no_way_leads_to_is_not_sent_and_says_why)
{
	struct net_addr at;

	cr_assert_eq(net_addr_from_text(&at, "fe80::1", 53, NULL), ERR_OK);
	errno = 0;
	cr_assert_null(io->udp_ask(io->ctx, &at, (const uint8_t *)"x", 1,
				   udp_told, NULL));
	cr_assert_neq(errno, 0);
}

Test(io_net, exchanges_that_are_open_end_with_it)
{
	struct heard h[3] = {0};
	int fd = udp_server(&h[0].at);

	for (unsigned i = 0; i < ARRAY_LEN(h); i++) {
		h[i].at = h[0].at;
		udp_ask(&h[i], "ping");
	}
	udp_answer(fd, "ping", "pong");
	io_net_free(net);
	net = NULL;
	turn(loop);
	for (unsigned i = 0; i < ARRAY_LEN(h); i++)
		cr_assert_eq(h[i].messages + h[i].errors, 0);
	close(fd);
}

/* --- streams ------------------------------------------------------------- */

static void
stream_heard(void *arg, enum io_event ev, const uint8_t *octets, size_t len,
	     const char *text)
{
	struct heard *h = arg;

	hear(h, ev, octets, len, text);
	if (!h->ends)
		return;
	io->stream_close(io->ctx, h->stream);
	h->stream = NULL;
}

static void
stream_ask(struct heard *h, const char *tls_name, const char *text)
{
	if (h->stream == NULL)
		h->stream = io->stream_open(io->ctx, &h->at, tls_name,
					    stream_heard, h);
	cr_assert_not_null(h->stream);
	cr_assert(io->stream_send(io->ctx, h->stream, (const uint8_t *)text,
				  strlen(text)));
}

static void
stream_hear(struct heard *h, const char *text)
{
	unsigned told = h->messages + h->errors;

	while (h->messages + h->errors == told)
		event_run(loop);
	cr_assert_str_eq(h->text, text);
}

Test(io_net, a_stream_carries_messages_and_tells_its_end)
{
	struct heard h = {0};
	int listener = listen_at(&h.at, 1), fd;
	char text[9];

	stream_ask(&h, NULL, "ping");
	fd = accept(listener, NULL, NULL);
	while (recv(fd, text, 6, MSG_DONTWAIT) < 0)
		turn(loop);
	cr_assert_eq(memcmp(text, "\0\4ping", 6), 0);
	cr_assert_eq(write(fd, "\0\4pong", 6), 6);
	stream_hear(&h, "pong");
	cr_assert_eq(h.errors, 0);
	close(fd);
	stream_hear(&h, "closed by the server");
	cr_assert_eq(h.errors, 1);
	io->stream_close(io->ctx, h.stream);
	close(listener);
}

Test(io_net, a_stream_may_be_closed_by_whom_it_tells)
{
	struct heard h = {.ends = true};

	close(listen_at(&h.at, 1));
	stream_ask(&h, NULL, "ping");
	stream_hear(&h, strerror(ECONNREFUSED));
	turn(loop);
	cr_assert_null(h.stream);
	cr_assert_eq(h.errors, 1);
}

Test(io_net, without_tls_a_name_is_never_asked_in_the_clear)
{
	struct heard h = {0};
	int listener = listen_at(&h.at, 1);

	errno = 0;
	cr_assert_null(io->stream_open(io->ctx, &h.at, "dns.example",
				       stream_heard, &h));
	cr_assert_eq(errno, ENOTSUP);
	close(listener);
}

/* --- TLS ----------------------------------------------------------------- */

static struct authority authority;
static struct net_tls *tls;

static void
open_tls(void)
{
	loop = event_loop_new();
	authority_open(&authority);
	tls = net_tls_new(authority.file, NULL);
	cr_assert_not_null(tls);
	net = io_net_new(loop, tls);
	io = io_net_face(net);
}

static void
close_tls(void)
{
	io_net_free(net);
	event_loop_free(loop);
	net_tls_free(tls);
	authority_close(&authority);
}

TestSuite(io_net_tls, .init = open_tls, .fini = close_tls, .timeout = 30);

/* A connection of its own for one message. */
static void
tls_ask(const struct net_addr *at, const char *name)
{
	struct heard h = {.at = *at};

	stream_ask(&h, name, "hello");
	stream_hear(&h, "hello");
	io->stream_close(io->ctx, h.stream);
	turn(loop);
}

Test(io_net_tls, a_stream_to_the_same_server_resumes_what_was_before)
{
	struct tls_server s = {.san = "DNS:dns.example"};

	tls_server_start(&s, &authority);
	for (unsigned i = 0; i < 4; i++)
		tls_ask(&s.at, "dns.example");
	tls_server_stop(&s);
	cr_assert_eq(s.handshakes, 4);
	cr_assert_eq(s.resumed, 3);
}

Test(io_net_tls, a_stream_by_another_name_is_verified_anew)
{
	struct tls_server s = {.san = "DNS:dns.example,DNS:two.example"};
	struct heard h = {0};

	tls_server_start(&s, &authority);
	tls_ask(&s.at, "dns.example");
	tls_ask(&s.at, "two.example");
	h.at = s.at;
	stream_ask(&h, "three.example", "hello");
	while (h.errors == 0)
		event_run(loop);
	io->stream_close(io->ctx, h.stream);
	turn(loop);
	tls_server_stop(&s);
	cr_assert_eq(s.resumed, 0);
	cr_assert_eq(s.served, 2);
	cr_assert_eq(h.messages, 0);
	cr_assert_eq(strncmp(h.text, "TLS: ", 5), 0);
}

Test(io_net_tls, servers_are_forgotten_when_they_are_many_but_not_in_use)
{
	struct tls_server s = {.san = "DNS:dns.example"};
	struct heard in_use = {0}, others[100] = {0};
	char name[32];

	tls_server_start(&s, &authority);
	in_use.at = s.at;
	stream_ask(&in_use, "dns.example", "hello");
	stream_hear(&in_use, "hello");
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(name, sizeof(name), "dns%u.example", i);
		others[i].stream = io->stream_open(io->ctx, &s.at, name,
						   stream_heard, &others[i]);
		cr_assert_not_null(others[i].stream);
		if (i % 2 == 0) {
			io->stream_close(io->ctx, others[i].stream);
			others[i].stream = NULL;
		}
	}
	stream_ask(&in_use, "dns.example", "still");
	stream_hear(&in_use, "still");
	io->stream_close(io->ctx, in_use.stream);
	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].stream != NULL)
			io->stream_close(io->ctx, others[i].stream);
	turn(loop);
	tls_server_stop(&s);
}
