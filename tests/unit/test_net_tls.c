#include "tests/unit/stream_words.h"
#include "tests/unit/tls_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct told k;
static struct authority authority;
static struct net_tls *tls;
static struct net_tls_peer *peer;
static struct net_stream_options options;

static void
open_all(void)
{
	memset(&k, 0, sizeof(k));
	k.loop = event_loop_new();
	authority_open(&authority);
	tls = net_tls_new(authority.file, NULL);
	cr_assert_not_null(tls);
}

static void
client_close(void)
{
	net_stream_free(k.stream);
	k.stream = NULL;
	turn(k.loop);
}

static void
close_all(void)
{
	client_close();
	net_tls_peer_free(peer);
	event_loop_free(k.loop);
	net_tls_free(tls);
	authority_close(&authority);
}

TestSuite(net_tls, .init = open_all, .fini = close_all, .timeout = 30);

/* Connects to the address as to the server of that name, and says hello. */
static void
hello(const struct net_addr *at, const char *name)
{
	if (options.connect_ms == 0)
		options = stream_options(at);
	options.to = *at;
	peer = net_tls_peer_new(tls, name);
	options.peer = peer;
	k.stream = net_stream_new(k.loop, &options, stream_told, &k);
	cr_assert_not_null(k.stream);
	cr_assert(send_text(&k, "hello"));
}

/* --- whom it believes ---------------------------------------------------- */

static void
expect_answer(struct tls_server *s, const char *name)
{
	tls_server_start(s, &authority);
	hello(&s->at, name);
	until_messages(&k, 1);
	cr_assert(told_text(&k, "hello"));
	client_close();
	tls_server_stop(s);
	cr_assert_eq(s->served, 1);
	cr_assert_eq(k.closed, 0);
}

static void
expect_refusal(struct tls_server *s, const char *name, const char *why)
{
	tls_server_start(s, &authority);
	hello(&s->at, name);
	until_closed(&k, 1);
	cr_assert_not_null(strstr(k.text, why), "%s", k.text);
	client_close();
	tls_server_stop(s);
	cr_assert_eq(s->served, 0);
	cr_assert_eq(k.messages, 0);
}

Test(net_tls, a_certificate_for_the_name_is_believed)
{
	struct tls_server s = {.san = "DNS:other.example,DNS:dns.example"};

	expect_answer(&s, "dns.example");
	cr_assert_str_eq(s.sni, "dns.example");
}

Test(net_tls, a_name_may_be_written_in_capitals)
{
	struct tls_server s = {.san = "DNS:dns.example"};

	expect_answer(&s, "DNS.Example");
}

Test(net_tls, a_wildcard_stands_for_one_label)
{
	struct tls_server s = {.san = "DNS:*.room.example"};

	expect_answer(&s, "dns.room.example");
}

Test(net_tls, a_wildcard_does_not_stand_for_two_labels)
{
	struct tls_server s = {.san = "DNS:*.room.example"};

	expect_refusal(&s, "dns.my.room.example",
		       "TLS: the certificate does not hold: ");
}

Test(net_tls, a_wildcard_does_not_stand_for_part_of_a_label)
{
	struct tls_server s = {.san = "DNS:d*.room.example"};

	expect_refusal(&s, "dns.room.example",
		       "TLS: the certificate does not hold: ");
}

Test(net_tls, a_certificate_for_another_name_is_not_believed)
{
	struct tls_server s = {.san = "DNS:other.example"};

	expect_refusal(&s, "dns.example",
		       "TLS: the certificate does not hold: ");
}

Test(net_tls, a_common_name_counts_for_nothing)
{
	struct tls_server s = {.cn = "dns.example"};

	expect_refusal(&s, "dns.example",
		       "TLS: the certificate does not hold: ");
}

Test(net_tls, a_certificate_for_the_address_is_believed)
{
	struct tls_server s = {.san = "IP:127.0.0.1"};

	expect_answer(&s, "127.0.0.1");
	cr_assert_str_eq(s.sni, "");
}

Test(net_tls, a_certificate_for_another_address_is_not_believed)
{
	struct tls_server s = {.san = "IP:127.0.0.1,DNS:127.0.0.2"};

	expect_refusal(&s, "127.0.0.2", "TLS: the certificate does not hold: ");
}

Test(net_tls, a_certificate_of_an_authority_unknown_is_not_believed)
{
	struct tls_server s = {.san = "DNS:dns.example"};
	struct authority other;

	authority_open(&other);
	net_tls_free(tls);
	tls = net_tls_new(other.file, NULL);
	expect_refusal(&s, "dns.example",
		       "TLS: the certificate does not hold: ");
	authority_close(&other);
}

Test(net_tls, the_systems_authorities_do_not_know_ours)
{
	struct tls_server s = {.san = "DNS:dns.example"};

	net_tls_free(tls);
	tls = net_tls_new(NULL, NULL);
	cr_assert_not_null(tls);
	expect_refusal(&s, "dns.example",
		       "TLS: the certificate does not hold: ");
}

Test(net_tls, a_certificate_that_has_expired_is_not_believed)
{
	struct tls_server s = {.san = "DNS:dns.example", .until = -DAY};

	expect_refusal(&s, "dns.example", "expired");
}

Test(net_tls, a_server_that_speaks_only_tls_1_1_is_refused)
{
	struct tls_server s = {
		.san = "DNS:dns.example",
		.version = TLS1_1_VERSION,
	};

	expect_refusal(&s, "dns.example", "TLS: ");
}

/* --- messages ------------------------------------------------------------ */

Test(net_tls, messages_may_be_many_and_large)
{
	struct tls_server s = {.san = "DNS:dns.example"};
	static uint8_t big[WIRE_MSG_MAX];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 >> 3);
	tls_server_start(&s, &authority);
	hello(&s.at, "dns.example");
	for (unsigned i = 0; i < 10; i++) {
		cr_assert(net_stream_send(k.stream, big, sizeof(big)));
		cr_assert(net_stream_send(k.stream, big, i));
	}
	until_messages(&k, 21);
	for (unsigned i = 0; i < 10; i++) {
		cr_assert_eq(k.len[1 + 2 * i], sizeof(big));
		cr_assert_eq(k.len[2 + 2 * i], i);
	}
	cr_assert_arr_eq(k.last, big, 9);
	client_close();
	tls_server_stop(&s);
}

/* --- sessions ------------------------------------------------------------ */

/* The server closes after each answer; each connection but the first resumes.
 */
static void
expect_resumption(struct tls_server *s)
{
	s->san = "DNS:dns.example";
	s->answers = 1;
	tls_server_start(s, &authority);
	hello(&s->at, "dns.example");
	for (unsigned i = 1; i <= 4; i++) {
		until_messages(&k, i);
		cr_assert_eq(net_stream_resumed(k.stream), i > 1);
		until_closed(&k, i);
		cr_assert_str_eq(k.text, "closed by the server");
		if (i < 4)
			cr_assert(send_text(&k, "hello"));
	}
	client_close();
	tls_server_stop(s);
	cr_assert_eq(s->handshakes, 4);
	cr_assert_eq(s->resumed, 3);
}

Test(net_tls, the_next_connection_resumes_the_session_of_tls_1_2)
{
	struct tls_server s = {.version = TLS1_2_VERSION};

	expect_resumption(&s);
}

Test(net_tls, the_next_connection_resumes_the_session_of_tls_1_3)
{
	struct tls_server s = {.version = TLS1_3_VERSION};

	expect_resumption(&s);
}

Test(net_tls, a_server_that_closes_without_a_word_is_resumed_in_tls_1_2)
{
	struct tls_server s = {.version = TLS1_2_VERSION, .brusque = true};

	expect_resumption(&s);
}

Test(net_tls, a_server_that_closes_without_a_word_is_resumed_in_tls_1_3)
{
	struct tls_server s = {.version = TLS1_3_VERSION, .brusque = true};

	expect_resumption(&s);
}

/* A stream that is freed, and another that goes to the same server. */
static void
expect_resumption_after_our_end(int version)
{
	struct tls_server s = {.san = "DNS:dns.example", .version = version};

	tls_server_start(&s, &authority);
	hello(&s.at, "dns.example");
	until_messages(&k, 1);
	client_close();
	k.stream = net_stream_new(k.loop, &options, stream_told, &k);
	cr_assert(send_text(&k, "hello"));
	until_messages(&k, 2);
	cr_assert(net_stream_resumed(k.stream));
	client_close();
	tls_server_stop(&s);
	cr_assert_eq(s.resumed, 1);
}

Test(net_tls, the_session_outlives_a_stream_of_tls_1_2)
{
	expect_resumption_after_our_end(TLS1_2_VERSION);
}

Test(net_tls, the_session_outlives_a_stream_of_tls_1_3)
{
	expect_resumption_after_our_end(TLS1_3_VERSION);
}

/* --- servers that are not -------------------------------------------------
 */

Test(net_tls, a_handshake_that_never_ends_is_late)
{
	struct net_addr at;
	int listener = listen_at(&at, 1), fd;
	uint64_t begun = event_now_ms();

	options = stream_options(&at);
	options.connect_ms = 100;
	hello(&at, "dns.example");
	fd = accept(listener, NULL, NULL);
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "no TLS connection in time");
	cr_assert_geq(k.at - begun, 90); /* timers count in coarse steps */
	close(fd);
	close(listener);
}

Test(net_tls, a_server_that_hangs_up_in_the_handshake_has_closed)
{
	struct net_addr at;
	int listener = listen_at(&at, 1), fd;
	char head[5];

	hello(&at, "dns.example");
	fd = accept(listener, NULL, NULL);
	while (recv(fd, head, sizeof(head), MSG_DONTWAIT) < 0)
		turn(k.loop);
	shutdown(fd, SHUT_WR);
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "closed by the server");
	cr_assert_eq(head[0], 22); /* a handshake: nothing went in the clear */
	close(fd);
	close(listener);
}

Test(net_tls, a_server_that_does_not_speak_tls_is_refused)
{
	struct net_addr at;
	int listener = listen_at(&at, 1), fd;

	hello(&at, "dns.example");
	fd = accept(listener, NULL, NULL);
	cr_assert_eq(write(fd, "\0\5hello, and what is this?", 27), 27);
	until_closed(&k, 1);
	cr_assert_eq(strncmp(k.text, "TLS: ", 5), 0, "%s", k.text);
	cr_assert_eq(k.messages, 0);
	close(fd);
	close(listener);
}

Test(net_tls, a_server_that_refuses_the_connection_is_told)
{
	struct net_addr at;

	close(listen_at(&at, 1));
	hello(&at, "dns.example");
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "Connection refused");
}

static void
free_stream(struct told *told, enum net_stream_event ev)
{
	(void)ev;
	net_stream_free(told->stream);
	told->stream = NULL;
	net_tls_peer_free(peer);
	peer = NULL;
	event_stop(told->loop);
}

Test(net_tls, stream_and_peer_may_be_freed_by_whom_it_tells)
{
	struct tls_server s = {.san = "DNS:dns.example"};

	k.then = free_stream;
	tls_server_start(&s, &authority);
	hello(&s.at, "dns.example");
	cr_assert(send_text(&k, "more"));
	event_run(k.loop);
	turn(k.loop);
	tls_server_stop(&s);
	cr_assert_eq(k.messages, 1);
	cr_assert_eq(k.closed, 0);
}

/* --- trust --------------------------------------------------------------- */

Test(net_tls, a_file_of_authorities_that_is_missing_is_a_sentence)
{
	struct diag d = {""};

	cr_assert_null(net_tls_new("/nonexistent/ca.pem", &d));
	cr_assert_not_null(strstr(d.text, "/nonexistent/ca.pem: "));
	cr_assert_not_null(strstr(d.text, "No such file"), "%s", d.text);
}

Test(net_tls, a_file_of_authorities_without_any_is_a_sentence)
{
	char path[] = "/tmp/placed-empty-XXXXXX";
	struct diag d = {""};

	close(mkstemp(path));
	cr_assert_null(net_tls_new(path, &d));
	cr_assert_not_null(strstr(d.text, "cannot be read as certificates"));
	unlink(path);
}
