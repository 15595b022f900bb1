#include "tests/unit/net_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- net_bind --------------------------------------------------------------
 */

Test(net_bind, workers_share_an_address)
{
	struct net_addr a = address("127.0.0.1");
	struct diag d = {""};
	int one, two;

	cr_assert_eq(net_bind(&one, &a, SOCK_STREAM, &d), ERR_OK);
	cr_assert_eq(getsockname(one, &a.sa, &a.len), 0);
	cr_assert_eq(net_bind(&two, &a, SOCK_STREAM, &d), ERR_OK, "%s", d.text);
	close(one);
	close(two);
}

Test(net_bind, says_that_another_nameserver_may_be_running)
{
	struct net_addr a = address("127.0.0.1");
	int theirs = socket(AF_INET, SOCK_DGRAM, 0);
	char at[NET_ADDR_TEXT_MAX], expected[256];
	struct diag d = {""};
	int fd;

	cr_assert_eq(bind(theirs, &a.sa, a.len), 0);
	cr_assert_eq(getsockname(theirs, &a.sa, &a.len), 0);
	cr_assert_eq(net_bind(&fd, &a, SOCK_DGRAM, &d), ERR_BUSY);
	snprintf(expected, sizeof(expected),
		 "cannot bind %s: address in use (is another nameserver "
		 "running there?)",
		 net_addr_to_text(at, &a));
	cr_assert_str_eq(d.text, expected);
	close(theirs);
}

static void
probe_sees_who_would_share(int type)
{
	struct net_addr a = address("127.0.0.1");
	struct diag d = {""};
	int fd;

	cr_assert_eq(net_bind(&fd, &a, type, &d), ERR_OK);
	cr_assert_eq(getsockname(fd, &a.sa, &a.len), 0);
	cr_assert_eq(net_bind_probe(&a, type, &d), ERR_BUSY);
	close(fd);
	cr_assert_eq(net_bind_probe(&a, type, &d), ERR_OK, "%s", d.text);
}

Test(net_bind, a_probe_sees_who_would_share)
{
	probe_sees_who_would_share(SOCK_DGRAM);
	probe_sees_who_would_share(SOCK_STREAM);
}

Test(net_bind, an_address_of_nobody_here_is_refused)
{
	struct net_addr a = address("192.0.2.1");
	struct diag d = {""};
	int fd;

	cr_assert_eq(net_bind(&fd, &a, SOCK_DGRAM, &d), ERR_NOTFOUND);
	cr_assert_not_null(strstr(d.text, "192.0.2.1@0"));
}

Test(net_bind, a_link_local_address_without_interface_is_explained)
{
	struct net_addr a = address("fe80::1");
	struct diag d = {""};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0)
		cr_skip_test("no IPv6");
	close(fd);
	cr_assert_eq(net_bind(&fd, &a, SOCK_DGRAM, &d), ERR_RANGE);
	cr_assert_not_null(strstr(d.text, "fe80::1%eth0"));
}

/* --- UDP -------------------------------------------------------------------
 */

Test(net_udp, a_message_is_answered)
{
	struct net_server s;
	char got[64];
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	net_server_run(&s);
	fd = client_open(&s.at, SOCK_DGRAM);
	udp_ask(fd, "e hello");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "e hello");
	close(fd);
	net_server_close(&s);
}

Test(net_udp, what_waits_is_read_in_batches_and_all_of_it_is_answered)
{
	/* So many that the socket counts as busy, and then no more. */
	const unsigned n = 4 * NET_UDP_BATCH + 10;
	int fd, room = 1 << 20;
	char ask[16], got[64];
	struct net_server s;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	fd = client_open(&s.at, SOCK_DGRAM);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (unsigned i = 0; i < n; i++) {
		snprintf(ask, sizeof(ask), "e %u", i);
		udp_ask(fd, ask);
	}
	net_server_run(&s);
	for (unsigned i = 0; i < n; i++) {
		snprintf(ask, sizeof(ask), "e %u", i);
		udp_take(fd, got, sizeof(got));
		cr_assert_str_eq(got, ask);
	}
	udp_ask(fd, "e after");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "e after");
	close(fd);
	net_server_close(&s);
	cr_assert_eq(s.batches, 6);
	cr_assert_eq(s.most_in_batch, NET_UDP_BATCH);
}

Test(net_udp, a_socket_that_is_never_empty_leaves_the_loop_to_others,
     .timeout = 60)
{
	struct net_server s;
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	s.talks_to_itself = true;
	fd = client_open(&s.at, SOCK_DGRAM);
	for (int i = 0; i < NET_UDP_BATCH; i++)
		udp_ask(fd, "e");
	net_server_run(&s);
	net_server_served(&s, 50 * NET_UDP_BATCH);
	close(fd);
	net_server_close(&s); /* which posts a stop to the loop */
}

Test(net_udp, silence_among_replies_mixes_nothing_up)
{
	char got[64];
	struct net_server s;
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	fd = client_open(&s.at, SOCK_DGRAM);
	udp_ask(fd, "s");
	udp_ask(fd, "e one");
	udp_ask(fd, "s");
	udp_ask(fd, "e three");
	net_server_run(&s);
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "e one");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "e three");
	close(fd);
	net_server_close(&s);
}

Test(net_udp, messages_of_no_octets_and_of_the_most_possible_come_whole)
{
	static uint8_t most[65507];
	uint8_t got[64];
	struct net_server s;
	int fd, room = 1 << 20;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	net_server_run(&s);
	fd = client_open(&s.at, SOCK_DGRAM);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	write_all(fd, "", 0);
	cr_assert_eq(udp_take(fd, (char *)got, sizeof(got)), 4);
	cr_assert_eq(get32(got), 0);
	most[0] = 'n';
	write_all(fd, most, sizeof(most));
	cr_assert_eq(udp_take(fd, (char *)got, sizeof(got)), 4);
	cr_assert_eq(get32(got), sizeof(most));
	close(fd);
	net_server_close(&s);
}

Test(net_udp, replies_may_come_later_and_in_another_order)
{
	char got[64];
	struct net_server s;
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	net_server_run(&s);
	fd = client_open(&s.at, SOCK_DGRAM);
	udp_ask(fd, "L1");
	udp_ask(fd, "L2");
	cr_assert_eq(net_server_served(&s, 2), 2);
	udp_ask(fd, "r");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "L2");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "L1");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "\2");
	close(fd);
	net_server_close(&s);
}

/* The client is connected: it takes a reply from the address it asked alone. */
static void
wildcard_replies_from(const char *wildcard, const char *asked)
{
	char got[NET_ADDR_TEXT_MAX], expected[NET_ADDR_TEXT_MAX];
	struct net_server s;
	struct net_addr to;
	int fd;

	net_server_open(&s, wildcard, SOCK_DGRAM, NULL);
	net_server_run(&s);
	to = address(asked);
	to.in.sin_port = s.at.in.sin_port; /* the same place in in6 */
	fd = client_open(&to, SOCK_DGRAM);
	udp_ask(fd, "a");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, net_addr_to_text(expected, &to));
	udp_ask(fd, "L later");
	cr_assert_eq(net_server_served(&s, 2), 1);
	udp_ask(fd, "r");
	udp_take(fd, got, sizeof(got));
	cr_assert_str_eq(got, "L later");
	close(fd);
	net_server_close(&s);
}

Test(net_udp, more_replies_than_a_batch_may_come_later_at_once)
{
	char got[64];
	struct net_server s;
	int fd;

	net_server_open(&s, "127.0.0.1", SOCK_DGRAM, NULL);
	net_server_run(&s);
	fd = client_open(&s.at, SOCK_DGRAM);
	for (unsigned i = 0; i < NET_UDP_BATCH + 6; i++) {
		udp_ask(fd, "L");
		cr_assert_eq(net_server_served(&s, i + 1), i + 1);
	}
	udp_ask(fd, "r");
	for (unsigned i = 0; i < NET_UDP_BATCH + 6; i++) {
		udp_take(fd, got, sizeof(got));
		cr_assert_str_eq(got, "L");
	}
	udp_take(fd, got, sizeof(got));
	cr_assert_eq(got[0], NET_UDP_BATCH + 6);
	close(fd);
	net_server_close(&s);
}

Test(net_udp, a_wildcard_socket_replies_from_the_address_asked)
{
	wildcard_replies_from("0.0.0.0", "127.0.0.2");
}

Test(net_udp, a_wildcard_socket_replies_from_the_ipv6_address_asked)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0)
		cr_skip_test("no IPv6");
	close(fd);
	wildcard_replies_from("::", "::1");
}
