#include "lib/net_ask.h"
#include "tests/unit/net_words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A server that the test plays itself, and the asker's loop on one thread. */
static struct event_loop *loop;
static struct net_asker *asker;
static struct net_addr there;
static int server;

static void
open_all(void)
{
	loop = event_loop_new();
	asker = net_asker_new(loop);
	there = address("127.0.0.1");
	server = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(bind(server, &there.sa, there.len), 0);
	cr_assert_eq(getsockname(server, &there.sa, &there.len), 0);
}

static void
close_all(void)
{
	net_asker_free(asker);
	event_loop_free(loop);
	close(server);
}

TestSuite(net_ask, .init = open_all, .fini = close_all);

struct asked {
	struct net_ask *q;
	const char *wanted; /* other replies are passed over */
	unsigned seen;
	int error;
	bool done;
};

static bool
told(void *arg, enum net_ask_event ev, const uint8_t *octets, size_t len,
     int err)
{
	struct asked *k = arg;

	k->seen++;
	if (ev == NET_ASK_ERROR) {
		k->error = err;
		k->done = true;
	} else if (len == strlen(k->wanted) &&
		   memcmp(octets, k->wanted, len) == 0) {
		k->done = true;
	}
	if (k->done)
		event_stop(loop);
	return k->done;
}

static void
ask(struct asked *k, const char *text)
{
	k->q = net_ask(asker, &there, (const uint8_t *)text, strlen(text), told,
		       k);
	cr_assert_not_null(k->q);
}

/* What came, and from where. */
static struct net_addr
take(char *dst)
{
	struct net_addr from = {.len = sizeof(from.in6)};
	ssize_t n = recvfrom(server, dst, 63, 0, &from.sa, &from.len);

	cr_assert(n >= 0);
	dst[n] = '\0';
	return from;
}

static void
give(const struct net_addr *to, const char *text)
{
	cr_assert(sendto(server, text, strlen(text), 0, &to->sa, to->len) >= 0);
}

Test(net_ask, a_reply_comes_back)
{
	struct asked k = {.wanted = "pong"};
	struct net_addr from;
	char text[64];

	ask(&k, "ping");
	from = take(text);
	cr_assert_str_eq(text, "ping");
	give(&from, "pong");
	event_run(loop);
	cr_assert_eq(k.seen, 1);
	cr_assert_eq(k.error, 0);
}

Test(net_ask, what_does_not_match_is_passed_over_and_the_wait_goes_on)
{
	struct asked k = {.wanted = "right"};
	struct net_addr from;
	char text[64];

	ask(&k, "ping");
	from = take(text);
	give(&from, "wrong");
	give(&from, "");
	give(&from, "right");
	event_run(loop);
	cr_assert_eq(k.seen, 3);
	cr_assert(k.done);
}

Test(net_ask, what_comes_from_another_address_is_never_seen)
{
	struct asked k = {.wanted = "pong"};
	struct net_addr from, other = address("127.0.0.1");
	int stranger = socket(AF_INET, SOCK_DGRAM, 0);
	char text[64];

	cr_assert_eq(bind(stranger, &other.sa, other.len), 0);
	ask(&k, "ping");
	from = take(text);
	cr_assert_eq(sendto(stranger, "pong", 4, 0, &from.sa, from.len), 4);
	give(&from, "pong");
	event_run(loop);
	cr_assert_eq(k.seen, 1);
	close(stranger);
}

Test(net_ask, questions_at_once_have_ports_of_their_own)
{
	struct asked k[64] = {0};
	in_port_t ports[ARRAY_LEN(k)];
	char text[64];

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		k[i].wanted = "pong";
		ask(&k[i], "ping");
		ports[i] = take(text).in.sin_port;
		cr_assert_geq(ntohs(ports[i]), 1024);
		for (unsigned j = 0; j < i; j++)
			cr_assert_neq(ports[i], ports[j]);
	}
	cr_assert_eq(net_asker_sockets(asker), ARRAY_LEN(k));
}

Test(net_ask, a_socket_is_retired_after_a_few_questions)
{
	const unsigned rounds = 20 * NET_ASK_USES;
	in_port_t ports[20 * NET_ASK_USES];
	unsigned different = 0;
	char text[64];

	for (unsigned i = 0; i < rounds; i++) {
		struct asked k = {.wanted = "pong"};
		struct net_addr from;
		unsigned j = 0;

		ask(&k, "ping");
		from = take(text);
		give(&from, "pong");
		event_run(loop);
		ports[i] = from.in.sin_port;
		while (ports[j] != ports[i])
			j++;
		different += j == i;
	}
	cr_assert_geq(different, rounds / NET_ASK_USES);
	cr_assert_leq(net_asker_sockets(asker), 8);
}

Test(net_ask, beyond_the_most_sockets_questions_share_one)
{
	static struct asked k[NET_ASK_SOCKETS_MAX + 8];
	struct net_addr from;
	char text[64];

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		k[i].wanted = i == ARRAY_LEN(k) - 1 ? "last" : "pong";
		ask(&k[i], "ping");
		from = take(text);
	}
	cr_assert_leq(net_asker_sockets(asker), NET_ASK_SOCKETS_MAX);
	give(&from, "last");
	event_run(loop);
	cr_assert(k[ARRAY_LEN(k) - 1].done);
	for (unsigned i = 0; i < ARRAY_LEN(k) - 1; i++)
		cr_assert_not(k[i].done);
}

Test(net_ask, a_server_that_is_not_there_is_told_at_once)
{
	struct asked k = {.wanted = "pong"}, again = {.wanted = "pong"};
	char text[64];

	ask(&k, "ping");
	take(text);
	close(server);
	ask(&again, "ping");
	event_run(loop);
	cr_assert_eq(again.error, ECONNREFUSED);
	cr_assert_not(k.done);
	server = socket(AF_INET, SOCK_DGRAM, 0);
}

Test(net_ask, an_old_error_is_not_a_new_questions)
{
	struct asked k = {.wanted = "pong"};
	struct net_addr from;
	char text[64];

	ask(&k, "ping");
	from = take(text);
	net_ask_end(asker, k.q);
	ask(&k, "ping");
	take(text);
	net_ask_end(asker, k.q);
	/* both sockets rest; what they are told meanwhile must not count */
	close(server);
	for (unsigned i = 0; i < IPPORT_RESERVED; i++) {
		struct asked gone = {.wanted = "pong"};

		gone.q = net_ask(asker, &there, (const uint8_t *)"x", 1, told,
				 &gone);
		if (gone.q == NULL)
			continue;
		net_ask_end(asker, gone.q);
		if (i > 8)
			break;
	}
	server = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(bind(server, &there.sa, there.len), 0);
	k = (struct asked){.wanted = "pong"};
	ask(&k, "ping");
	from = take(text);
	give(&from, "pong");
	event_run(loop);
	cr_assert_eq(k.error, 0);
}

Test(net_ask, a_question_that_ended_hears_nothing_more)
{
	struct asked k = {.wanted = "pong"}, next = {.wanted = "next"};
	struct net_addr from, other;
	char text[64];

	ask(&k, "ping");
	from = take(text);
	net_ask_end(asker, k.q);
	give(&from, "pong");
	ask(&next, "ping");
	other = take(text);
	give(&other, "next");
	event_run(loop);
	cr_assert(next.done);
	cr_assert_eq(k.seen, 0);
}

Test(net_ask, an_address_that_cannot_be_reached_is_an_error)
{
	/* link-local without its interface */
	struct net_addr nowhere = address("fe80::1");
	struct asked k = {.wanted = ""};

	nowhere.in6.sin6_port = htons(53);
	errno = 0;
	k.q = net_ask(asker, &nowhere, (const uint8_t *)"x", 1, told, &k);
	cr_assert_null(k.q);
	cr_assert_neq(errno, 0);
	cr_assert_eq(net_asker_sockets(asker), 0);
}

/* Ends its question by itself and asks the next, as whoever follows a reply
 * with another question does. */
static bool
asks_again(void *arg, enum net_ask_event ev, const uint8_t *octets, size_t len,
	   int err)
{
	struct asked *k = arg;

	(void)octets;
	(void)len;
	cr_assert_eq(ev, NET_ASK_REPLY, "%s", strerror(err));
	k->seen++;
	net_ask_end(asker, k->q);
	k->q = NULL;
	event_stop(loop);
	if (k->seen == 3)
		return true;
	k->q = net_ask(asker, &there, (const uint8_t *)"more", 4, asks_again,
		       k);
	cr_assert_not_null(k->q);
	return true;
}

Test(net_ask, who_is_told_may_end_the_question_and_ask_the_next)
{
	struct asked k = {0};
	struct net_addr from;
	char text[64];

	k.q = net_ask(asker, &there, (const uint8_t *)"ping", 4, asks_again,
		      &k);
	for (unsigned i = 1; i <= 3; i++) {
		from = take(text);
		give(&from, "pong");
		event_run(loop);
		cr_assert_eq(k.seen, i);
	}
	cr_assert_null(k.q);
}

static struct asked *others;
static unsigned other_count;

static bool
ends_others(void *arg, enum net_ask_event ev, const uint8_t *octets, size_t len,
	    int err)
{
	(void)octets;
	(void)len;
	(void)err;
	((struct asked *)arg)->seen++;
	for (unsigned i = 0; i < other_count; i++)
		if (others[i].q != NULL && &others[i] != arg) {
			net_ask_end(asker, others[i].q);
			others[i].q = NULL;
		}
	event_stop(loop);
	return ev == NET_ASK_REPLY;
}

/* So many that some share a socket. */
static void
ask_many(struct asked *k, unsigned count)
{
	char text[64];

	others = k;
	other_count = count;
	for (unsigned i = 0; i < count; i++) {
		k[i].q = net_ask(asker, &there, (const uint8_t *)"ping", 4,
				 ends_others, &k[i]);
		cr_assert_not_null(k[i].q);
		take(text);
	}
}

Test(net_ask, who_is_told_may_end_all_others)
{
	static struct asked k[2 * NET_ASK_SOCKETS_MAX];
	struct asked next = {.wanted = "pong"};
	struct net_addr from;
	unsigned seen = 0;
	char text[64];

	ask_many(k, ARRAY_LEN(k) - 1);
	other_count++; /* the last one's source is known */
	k[other_count - 1].q = net_ask(asker, &there, (const uint8_t *)"ping",
				       4, ends_others, &k[other_count - 1]);
	from = take(text);
	give(&from, "pong");
	event_run(loop);
	for (unsigned i = 0; i < ARRAY_LEN(k); i++)
		seen += k[i].seen;
	cr_assert_eq(seen, 1);
	ask(&next, "ping");
	from = take(text);
	give(&from, "pong");
	event_run(loop);
	cr_assert(next.done);
}

Test(net_ask, who_is_told_of_an_error_may_end_all_others)
{
	static struct asked k[2 * NET_ASK_SOCKETS_MAX];
	struct asked last = {.wanted = ""};
	unsigned seen = 0;

	ask_many(k, ARRAY_LEN(k));
	close(server);
	ask(&last, "ping");
	event_run(loop);
	for (unsigned i = 0; i < ARRAY_LEN(k); i++)
		seen += k[i].seen;
	cr_assert_eq(seen, 1);
	server = socket(AF_INET, SOCK_DGRAM, 0);
}

Test(net_ask, those_who_share_sockets_share_them_by_turns)
{
	static struct asked k[2 * NET_ASK_SOCKETS_MAX];
	static unsigned count[65536];
	unsigned most = 0;
	char text[64];

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		unsigned n;

		k[i].wanted = "pong";
		ask(&k[i], "ping");
		n = ++count[ntohs(take(text).in.sin_port)];
		if (n > most)
			most = n;
	}
	cr_assert_leq(most, 4);
}

Test(net_ask, resting_sockets_make_room_for_another_servers)
{
	static struct asked k[NET_ASK_SOCKETS_MAX];
	struct net_addr first = there, from;
	int other = socket(AF_INET, SOCK_DGRAM, 0), keep = server;
	struct asked last = {.wanted = "pong"};
	char text[64];

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		k[i].wanted = "pong";
		ask(&k[i], "ping");
		take(text);
	}
	for (unsigned i = 0; i < 8; i++)
		net_ask_end(asker, k[i].q);
	there = address("127.0.0.1");
	cr_assert_eq(bind(other, &there.sa, there.len), 0);
	cr_assert_eq(getsockname(other, &there.sa, &there.len), 0);
	server = other;
	ask(&last, "ping");
	from = take(text);
	give(&from, "pong");
	event_run(loop);
	cr_assert(last.done);
	cr_assert_leq(net_asker_sockets(asker), NET_ASK_SOCKETS_MAX);
	there = first;
	server = keep;
	close(other);
}
