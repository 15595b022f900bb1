#include "tests/unit/net_words.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- TCP: messages ---------------------------------------------------------
 */

Test(net_tcp, messages_in_one_segment_are_all_answered_in_order)
{
	uint8_t buf[256];
	struct net_server s;
	size_t len = 0;
	int fd;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	len += tcp_frame(buf + len, "e one");
	len += tcp_frame(buf + len, "s");
	len += tcp_frame(buf + len, "e two");
	len += tcp_frame(buf + len, "e three");
	write_all(fd, buf, len);
	tcp_expect(fd, "e one");
	tcp_expect(fd, "e two");
	tcp_expect(fd, "e three");
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, a_message_may_be_split_at_any_octet)
{
	uint8_t buf[64];
	size_t len = tcp_frame(buf, "e one");
	struct net_server s;
	int fd;

	len += tcp_frame(buf + len, "e two");
	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	for (size_t cut = 1; cut < len; cut++) {
		write_all(fd, buf, cut);
		if (cut >= 7) /* the first is whole: wait, so that the
				 rest is a segment of its own */
			tcp_expect(fd, "e one");
		write_all(fd, buf + cut, len - cut);
		if (cut < 7)
			tcp_expect(fd, "e one");
		tcp_expect(fd, "e two");
	}
	for (size_t i = 0; i < len; i++)
		write_all(fd, buf + i, 1);
	tcp_expect(fd, "e one");
	tcp_expect(fd, "e two");
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, the_largest_message_comes_and_goes_whole)
{
	static uint8_t buf[2 + 65535], got[2 + 65535];
	struct net_server s;
	int fd;

	for (size_t i = 2; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 7);
	put16(buf, 65535);
	buf[2] = 'e';
	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	write_all(fd, buf, sizeof(buf));
	read_all(fd, got, sizeof(got));
	cr_assert_arr_eq(got, buf, sizeof(buf));
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, later_replies_overtake_each_other)
{
	struct net_server s;
	int fd;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L1");
	tcp_ask(fd, "L2");
	tcp_ask(fd, "e at once");
	tcp_expect(fd, "e at once");
	tcp_ask(fd, "r");
	tcp_expect(fd, "L2");
	tcp_expect(fd, "L1");
	tcp_expect(fd, "\2");
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, a_client_that_has_said_all_still_gets_its_replies)
{
	struct net_server s;
	int fd, other;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	other = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "e at once");
	tcp_ask(fd, "L later");
	shutdown(fd, SHUT_WR);
	tcp_expect(fd, "e at once");
	net_server_served(&s, 2);
	tcp_release(other);
	tcp_expect(fd, "L later");
	cr_assert(tcp_ends(fd));
	close(fd);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, half_closed_and_told_that_no_reply_comes_it_is_closed)
{
	struct net_server s;
	int fd, other;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	other = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L");
	shutdown(fd, SHUT_WR);
	net_server_served(&s, 1);
	tcp_ask(other, "z");
	tcp_expect(other, "\1");
	cr_assert(tcp_ends(fd));
	close(fd);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, many_messages_before_the_half_close_are_all_served)
{
	uint8_t buf[100 * 8];
	struct net_server s;
	size_t len = 0;
	int fd;

	for (int i = 0; i < 100; i++)
		len += tcp_frame(buf + len, "e many");
	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	write_all(fd, buf, len);
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 100; i++)
		tcp_expect(fd, "e many");
	cr_assert(tcp_ends(fd));
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, a_message_of_no_octets_ends_the_connection)
{
	struct net_server s;
	int fd;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	write_all(fd, "\0\0", 2);
	cr_assert(tcp_ends(fd));
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, a_reply_to_a_connection_that_is_gone_is_dropped)
{
	const struct linger reset = {.l_onoff = 1};
	struct net_tcp_limits limits = net_easy_limits;
	struct net_server s;
	int fd, other;

	limits.connections = 2;
	net_server_start_tcp(&s, &limits);
	other = client_open(&s.at, SOCK_STREAM);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L");
	cr_assert_eq(net_server_served(&s, 1), 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	tcp_ask(other, "e"); /* the reset is seen in this turn or before */
	tcp_expect(other, "e");
	cr_assert_eq(tcp_release(other), 1);
	cr_assert_eq(net_tcp_open(s.tcp), 1);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, the_local_address_on_a_wildcard_is_the_one_connected_to)
{
	char got[64], expected[NET_ADDR_TEXT_MAX];
	struct net_addr to = address("127.0.0.3");
	struct net_server s;
	int fd;

	net_server_open(&s, "0.0.0.0", SOCK_STREAM, &net_easy_limits);
	net_server_run(&s);
	to.in.sin_port = s.at.in.sin_port;
	fd = client_open(&to, SOCK_STREAM);
	tcp_ask(fd, "a");
	cr_assert_str_eq(tcp_take(fd, got), net_addr_to_text(expected, &to));
	close(fd);
	net_server_close(&s);
}

/* --- TCP: limits -----------------------------------------------------------
 */

Test(net_tcp, one_connection_has_at_most_16_messages_a_turn)
{
	uint8_t buf[100 * 8];
	struct net_server s;
	size_t len = 0;
	int fd;

	for (int i = 0; i < 100; i++)
		len += tcp_frame(buf + len, "e many");
	net_server_open(&s, "127.0.0.1", SOCK_STREAM, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	write_all(fd, buf, len);
	net_server_run(&s);
	for (int i = 0; i < 100; i++)
		tcp_expect(fd, "e many");
	close(fd);
	net_server_close(&s);
	cr_assert_eq(s.most_in_batch, 16);
	cr_assert_eq(s.batches, 7);
}

Test(net_tcp, no_more_is_served_than_replies_may_be_owed)
{
	struct net_tcp_limits limits = net_easy_limits;
	uint8_t buf[256];
	struct net_server s;
	size_t len = 0;
	int fd, other;

	limits.pipeline = 4;
	for (int i = 0; i < 10; i++)
		len += tcp_frame(buf + len, "L");
	net_server_start_tcp(&s, &limits);
	fd = client_open(&s.at, SOCK_STREAM);
	other = client_open(&s.at, SOCK_STREAM);
	write_all(fd, buf, len);
	net_server_served(&s, 4);
	cr_assert_eq(tcp_release(other), 4);
	net_server_served(&s, 4 + 1 + 4);
	cr_assert_eq(tcp_release(other), 4);
	net_server_served(&s, 4 + 1 + 4 + 1 + 2);
	cr_assert_eq(tcp_release(other), 2);
	for (int i = 0; i < 10; i++)
		tcp_expect(fd, "L");
	close(fd);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, a_client_that_reads_late_gets_all_but_is_served_no_faster)
{
	static uint8_t got[2 + BIG];
	struct net_tcp_limits limits = net_easy_limits;
	uint8_t buf[200 * 3];
	struct net_server s;
	size_t len = 0;
	unsigned served;
	int fd, other, room = 65536;

	limits.write_backlog = BIG;
	for (int i = 0; i < 200; i++)
		len += tcp_frame(buf + len, "b");
	net_server_start_tcp(&s, &limits);
	fd = client_open(&s.at, SOCK_STREAM);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	other = client_open(&s.at, SOCK_STREAM);
	write_all(fd, buf, len);
	net_server_served(&s, 1);
	tcp_ask(other, "e");
	tcp_expect(other, "e");
	pthread_mutex_lock(&s.mutex);
	served = s.served;
	cr_assert_leq(s.most_in_batch, 2);
	pthread_mutex_unlock(&s.mutex);
	cr_assert_lt(served, 201);
	for (int i = 0; i < 200; i++) {
		read_all(fd, got, sizeof(got));
		cr_assert_eq(get16(got), BIG);
	}
	close(fd);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, a_silent_client_is_closed)
{
	struct net_tcp_limits limits = net_easy_limits;
	uint64_t start;
	struct net_server s;
	int fd;

	limits.idle_ms = 30;
	net_server_start_tcp(&s, &limits);
	start = event_now_ms();
	fd = client_open(&s.at, SOCK_STREAM);
	cr_assert(tcp_ends(fd));
	cr_assert_geq(event_now_ms() - start, 25);
	cr_assert_eq(net_tcp_open(s.tcp), 0);
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, a_client_that_trickles_octets_is_closed)
{
	struct net_tcp_limits limits = net_easy_limits;
	uint64_t start = event_now_ms();
	struct net_server s;
	struct pollfd p;

	limits.idle_ms = 50;
	net_server_start_tcp(&s, &limits);
	p.fd = client_open(&s.at, SOCK_STREAM);
	p.events = POLLIN;
	write_all(p.fd, "\xff\xff", 2);
	while (poll(&p, 1, 5) == 0 && event_now_ms() - start < PATIENCE_MS)
		send(p.fd, "x", 1, MSG_NOSIGNAL);
	cr_assert(tcp_ends(p.fd));
	cr_assert_lt(event_now_ms() - start, PATIENCE_MS);
	close(p.fd);
	net_server_close(&s);
}

Test(net_tcp, a_client_that_waits_for_its_reply_is_not_idle)
{
	struct net_tcp_limits limits = net_easy_limits;
	struct net_server s;
	int fd, other;

	limits.idle_ms = 300;
	net_server_start_tcp(&s, &limits);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L");
	net_server_served(&s, 1);
	other = client_open(&s.at, SOCK_STREAM);
	cr_assert(tcp_ends(other)); /* longer than idle_ms has gone by */
	close(other);
	other = client_open(&s.at, SOCK_STREAM);
	cr_assert_eq(tcp_release(other), 1);
	tcp_expect(fd, "L");
	cr_assert(tcp_ends(fd)); /* now it is */
	close(fd);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, a_client_that_never_reads_is_closed)
{
	struct net_tcp_limits limits = net_easy_limits;
	uint8_t buf[100 * 3];
	struct net_server s;
	struct pollfd p;
	size_t len = 0;

	limits.idle_ms = 50;
	limits.write_backlog = BIG;
	for (int i = 0; i < 100; i++)
		len += tcp_frame(buf + len, "b");
	net_server_start_tcp(&s, &limits);
	p.fd = client_open(&s.at, SOCK_STREAM);
	p.events = 0; /* a reset alone */
	/* More than the server will read, so that its close is a reset. */
	while (send(p.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		;
	cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1);
	cr_assert_eq(net_tcp_open(s.tcp), 0);
	close(p.fd);
	net_server_close(&s);
}

Test(net_tcp, at_the_cap_the_oldest_idle_connection_gives_way)
{
	struct net_tcp_limits limits = net_easy_limits;
	int first, second, third;
	struct net_server s;

	limits.connections = 2;
	net_server_start_tcp(&s, &limits);
	first = client_open(&s.at, SOCK_STREAM);
	second = client_open(&s.at, SOCK_STREAM);
	tcp_ask(second, "e");
	tcp_expect(second, "e");
	tcp_ask(first, "e"); /* so the second is the one not heard of longest */
	tcp_expect(first, "e");
	third = client_open(&s.at, SOCK_STREAM);
	cr_assert(tcp_ends(second));
	tcp_ask(third, "e three");
	tcp_expect(third, "e three");
	tcp_ask(first, "e one");
	tcp_expect(first, "e one");
	cr_assert_eq(net_tcp_open(s.tcp), 2);
	close(first);
	close(second);
	close(third);
	net_server_close(&s);
}

Test(net_tcp, at_the_cap_with_nobody_idle_the_new_one_is_refused)
{
	struct net_tcp_limits limits = net_easy_limits;
	struct net_server s;
	int fd, late;

	limits.connections = 1;
	net_server_start_tcp(&s, &limits);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L");
	net_server_served(&s, 1);
	late = client_open(&s.at, SOCK_STREAM);
	cr_assert(tcp_ends(late));
	tcp_ask(fd, "r");
	tcp_expect(fd, "L");
	tcp_expect(fd, "\1");
	close(fd);
	close(late);
	net_server_close(&s);
}

static void
one_address_has_two_connections(const char *host)
{
	struct net_tcp_limits limits = net_easy_limits;
	int one, two, three;
	struct net_server s;

	limits.per_address = 2;
	net_server_open(&s, host, SOCK_STREAM, &limits);
	net_server_run(&s);
	one = client_open(&s.at, SOCK_STREAM);
	two = client_open(&s.at, SOCK_STREAM);
	three = client_open(&s.at, SOCK_STREAM);
	cr_assert(tcp_ends(three));
	tcp_ask(two, "e");
	tcp_expect(two, "e");
	shutdown(one, SHUT_WR);
	cr_assert(tcp_ends(one));
	close(three);
	three = client_open(&s.at, SOCK_STREAM); /* there is room again */
	tcp_ask(three, "e");
	tcp_expect(three, "e");
	close(one);
	close(two);
	close(three);
	net_server_close(&s);
}

Test(net_tcp, connections_are_counted_by_address)
{
	one_address_has_two_connections("127.0.0.1");
}

Test(net_tcp, connections_are_counted_by_ipv6_address)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0)
		cr_skip_test("no IPv6");
	close(fd);
	one_address_has_two_connections("::1");
}

Test(net_tcp, another_address_has_connections_of_its_own)
{
	struct net_addr from = address("127.0.0.9");
	struct net_tcp_limits limits = net_easy_limits;
	struct net_server s;
	int one, other;

	limits.per_address = 1;
	net_server_start_tcp(&s, &limits);
	one = client_open(&s.at, SOCK_STREAM);
	other = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(other, &from.sa, from.len), 0);
	cr_assert_eq(connect(other, &s.at.sa, s.at.len), 0);
	tcp_ask(other, "e other");
	tcp_expect(other, "e other");
	tcp_ask(one, "e one");
	tcp_expect(one, "e one");
	close(one);
	close(other);
	net_server_close(&s);
}

static void
count_turn(void *arg)
{
	struct net_server *s = arg;

	pthread_mutex_lock(&s->mutex);
	s->served++;
	pthread_cond_broadcast(&s->served_one);
	pthread_mutex_unlock(&s->mutex);
}

Test(net_tcp, without_descriptors_it_accepts_again_after_a_rest)
{
	struct rlimit before, none = {0};
	struct net_server s;
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_STREAM, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM); /* in the backlog */
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	net_server_run(&s);
	/* After the second post a whole turn of the loop has gone by. */
	cr_assert(event_post(s.loop, count_turn, &s));
	net_server_served(&s, 1);
	cr_assert(event_post(s.loop, count_turn, &s));
	net_server_served(&s, 2);
	cr_assert_eq(net_tcp_open(s.tcp), 0);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	tcp_ask(fd, "e");
	tcp_expect(fd, "e");
	close(fd);
	net_server_close(&s);
}

Test(net_tcp, without_descriptors_the_oldest_idle_connection_gives_way)
{
	struct rlimit before, tight;
	struct net_server s;
	int one, other, lowest;

	net_server_start_tcp(&s, &net_easy_limits);
	other = socket(AF_INET, SOCK_STREAM, 0);
	one = client_open(&s.at, SOCK_STREAM);
	tcp_ask(one, "e one");
	tcp_expect(one, "e one");
	lowest = dup(one); /* the descriptor that accept() would be given */
	close(lowest);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)lowest;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	cr_assert_eq(connect(other, &s.at.sa, s.at.len), 0);
	tcp_ask(other, "e other");
	tcp_expect(other, "e other");
	cr_assert(tcp_ends(one));
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(one);
	close(other);
	net_server_close(&s);
}

Test(net_tcp, all_connections_end_with_the_server)
{
	struct net_server s;
	int fd;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L"); /* owed, and never to come */
	net_server_served(&s, 1);
	net_server_close(&s);
	cr_assert(tcp_ends(fd));
	close(fd);
}

static void
reply_last(void *arg)
{
	struct held *held = arg;

	net_reply(&held->peer, held->msg, held->len);
}

/* The loop ends with the reply still in our hands. */
Test(net_tcp, a_reply_made_as_the_server_ends_still_goes_out)
{
	struct net_server s;
	int fd;

	net_server_start_tcp(&s, &net_easy_limits);
	fd = client_open(&s.at, SOCK_STREAM);
	tcp_ask(fd, "L last");
	net_server_served(&s, 1);
	event_stop(s.loop);
	pthread_join(s.thread, NULL);
	event_post(s.loop, reply_last, &s.held[0]);
	event_stop(s.loop);
	net_server_run(&s);
	net_server_close(&s);
	tcp_expect(fd, "L last");
	cr_assert(tcp_ends(fd));
	close(fd);
}
