#include "tests/unit/stream_words.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The test plays the server, with sockets of its own on the same thread. */
static struct told k;
static struct net_stream_options options;
static struct net_addr at;
static int listener;

static void
open_all(void)
{
	memset(&k, 0, sizeof(k));
	k.loop = event_loop_new();
	listener = listen_at(&at, 16);
	options = stream_options(&at);
}

static void
close_all(void)
{
	net_stream_free(k.stream);
	event_loop_free(k.loop);
	close(listener);
}

TestSuite(net_stream, .init = open_all, .fini = close_all, .timeout = 30);

static void
stream_open(void)
{
	k.stream = net_stream_new(k.loop, &options, stream_told, &k);
	cr_assert_not_null(k.stream);
}

static int
server_accept(void)
{
	int fd = accept(listener, NULL, NULL);

	cr_assert_geq(fd, 0);
	return fd;
}

static void
server_take(int fd, void *dst, size_t len)
{
	for (size_t have = 0; have < len;) {
		ssize_t n = recv(fd, (uint8_t *)dst + have, len - have,
				 MSG_DONTWAIT);

		cr_assert(n > 0 || (n < 0 && errno == EAGAIN));
		if (n > 0)
			have += (size_t)n;
		else
			turn(k.loop);
	}
}

static void
server_give(int fd, const void *src, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const uint8_t *)src + done, len - done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		cr_assert(n > 0 || (n < 0 && errno == EAGAIN));
		if (n > 0)
			done += (size_t)n;
		else
			turn(k.loop);
	}
}

/* One frame; its message's length. */
static size_t
server_take_frame(int fd, uint8_t *dst)
{
	uint8_t head[2];

	server_take(fd, head, 2);
	server_take(fd, dst, get16(head));
	return get16(head);
}

static void
server_give_frame(int fd, const void *msg, size_t len)
{
	uint8_t head[2];

	put16(head, (uint16_t)len);
	server_give(fd, head, 2);
	server_give(fd, msg, len);
}

static void
server_expect(int fd, const char *text)
{
	uint8_t msg[WIRE_MSG_MAX];

	cr_assert_eq(server_take_frame(fd, msg), strlen(text));
	cr_assert_arr_eq(msg, text, strlen(text));
}

/* A stream that has been written to, accepted. */
static int
connected(void)
{
	int fd;

	stream_open();
	cr_assert(send_text(&k, "hello"));
	fd = server_accept();
	server_expect(fd, "hello");
	return fd;
}

/* --- frames -------------------------------------------------------------- */

Test(net_stream, a_message_goes_out_and_a_reply_comes_back)
{
	int fd = connected();

	server_give_frame(fd, "hi", 2);
	until_messages(&k, 1);
	cr_assert(told_text(&k, "hi"));
	cr_assert_eq(k.closed, 0);
	close(fd);
}

Test(net_stream, nothing_is_connected_before_the_first_message)
{
	stream_open();
	turn(k.loop);
	cr_assert_eq(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
	cr_assert_lt(accept(listener, NULL, NULL), 0);
	cr_assert_eq(errno, EAGAIN);
}

Test(net_stream, messages_may_have_0_octets_and_65535)
{
	static uint8_t big[WIRE_MSG_MAX], seen[WIRE_MSG_MAX];
	int fd;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 >> 3);
	stream_open();
	cr_assert(net_stream_send(k.stream, big, 0));
	cr_assert(net_stream_send(k.stream, big, sizeof(big)));
	fd = server_accept();
	cr_assert_eq(server_take_frame(fd, seen), 0);
	cr_assert_eq(server_take_frame(fd, seen), sizeof(big));
	cr_assert_arr_eq(seen, big, sizeof(big));
	server_give_frame(fd, big, 0);
	server_give_frame(fd, big, sizeof(big));
	until_messages(&k, 2);
	cr_assert_eq(k.len[0], 0);
	cr_assert_eq(k.len[1], sizeof(big));
	cr_assert_arr_eq(k.last, big, sizeof(big));
	close(fd);
}

Test(net_stream, a_frame_may_come_an_octet_at_a_time)
{
	const char frame[] = "\0\5whole\0\0\0\3end";
	int fd = connected();

	for (size_t i = 0; i < sizeof(frame) - 1; i++) {
		cr_assert_eq(k.messages, i < 7 ? 0 : i < 9 ? 1 : 2);
		server_give(fd, frame + i, 1);
		turn(k.loop);
	}
	until_messages(&k, 3);
	cr_assert_eq(k.len[0], 5);
	cr_assert_eq(k.len[1], 0);
	cr_assert(told_text(&k, "end"));
	close(fd);
}

Test(net_stream, several_frames_may_come_at_once)
{
	const char frames[] = "\0\3one\0\0\0\3two\0\5three\0\4fo";
	int fd = connected();

	server_give(fd, frames, sizeof(frames) - 1);
	until_messages(&k, 4);
	cr_assert_eq(k.len[1], 0);
	cr_assert(told_text(&k, "three"));
	turn(k.loop);
	cr_assert_eq(k.messages, 4);
	server_give(fd, "ur", 2);
	until_messages(&k, 5);
	cr_assert(told_text(&k, "four"));
	close(fd);
}

Test(net_stream, whole_frames_before_the_end_are_told_and_a_part_is_not)
{
	int fd = connected();

	server_give(fd, "\0\3one\0\3two\0\5thr", 15);
	close(fd);
	until_closed(&k, 1);
	cr_assert_eq(k.messages, 2);
	cr_assert(told_text(&k, "two"));
	cr_assert_str_eq(k.text, "closed by the server");
}

static size_t most;

static void
note_memory(struct told *told, enum net_stream_event ev)
{
	size_t used = mallinfo2().uordblks;

	(void)told;
	(void)ev;
	if (used > most)
		most = used;
}

Test(net_stream, endless_garbage_takes_no_more_memory)
{
	static uint8_t garbage[1 << 20];
	size_t before;
	int fd = connected();

	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)(rand() >> 7);
	k.then = note_memory;
	before = most = mallinfo2().uordblks;
	for (unsigned i = 0; i < 32; i++)
		server_give(fd, garbage, sizeof(garbage));
	turn(k.loop);
	cr_assert_gt(k.octets, 16 << 20);
	cr_assert_leq(most, before + (1 << 20));
	close(fd);
}

/* --- the end, from within ------------------------------------------------ */

static void
free_stream(struct told *told, enum net_stream_event ev)
{
	(void)ev;
	net_stream_free(told->stream);
	told->stream = NULL;
	event_stop(told->loop);
}

Test(net_stream, may_be_freed_by_whom_it_tells_of_a_message)
{
	int fd = connected();

	k.then = free_stream;
	server_give(fd, "\0\3one\0\3two", 10);
	event_run(k.loop);
	turn(k.loop);
	cr_assert_eq(k.messages, 1);
	cr_assert_eq(k.closed, 0);
	cr_assert_eq(read(fd, (char[1]){0}, 1), 0);
	close(fd);
}

Test(net_stream, may_be_freed_by_whom_it_tells_that_it_is_closed)
{
	int fd = connected();

	k.then = free_stream;
	close(fd);
	event_run(k.loop);
	turn(k.loop);
	cr_assert_eq(k.closed, 1);
}

Test(net_stream, may_be_freed_while_it_connects)
{
	unsigned before;

	turn(k.loop);
	before = open_descriptors();
	stream_open();
	cr_assert(send_text(&k, "hello"));
	free_stream(&k, NET_STREAM_CLOSED);
	turn(k.loop);
	cr_assert_eq(open_descriptors(), before);
	cr_assert_eq(k.closed, 0);
}

static void
send_again(struct told *told, enum net_stream_event ev)
{
	if (ev == NET_STREAM_CLOSED)
		cr_assert(send_text(told, "again"));
}

Test(net_stream, may_be_written_to_by_whom_it_tells_that_it_is_closed)
{
	int fd = connected();

	k.then = send_again;
	close(fd);
	until_closed(&k, 1);
	k.then = NULL;
	fd = server_accept();
	server_expect(fd, "again");
	server_give_frame(fd, "yes", 3);
	until_messages(&k, 1);
	close(fd);
}

/* --- backlog ------------------------------------------------------------- */

Test(net_stream, what_may_wait_is_limited_and_all_of_it_arrives)
{
	static uint8_t msg[10000], seen[WIRE_MSG_MAX];
	unsigned sent = 0;
	int fd;

	options.backlog = 100000;
	stream_open();
	for (;; sent++) {
		put16(msg, (uint16_t)sent);
		if (!net_stream_send(k.stream, msg, sizeof(msg)))
			break;
	}
	cr_assert_eq(sent, 9);
	fd = server_accept();
	for (unsigned i = 0; i < sent; i++) {
		cr_assert_eq(server_take_frame(fd, seen), sizeof(msg));
		cr_assert_eq(get16(seen), i);
	}
	turn(k.loop);
	cr_assert(net_stream_send(k.stream, msg, sizeof(msg)));
	cr_assert_eq(server_take_frame(fd, seen), sizeof(msg));
	cr_assert_eq(k.closed, 0);
	close(fd);
}

Test(net_stream, one_message_always_has_room)
{
	static uint8_t msg[WIRE_MSG_MAX], seen[WIRE_MSG_MAX];
	int fd = -1;

	options.backlog = 10;
	stream_open();
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(net_stream_send(k.stream, msg, sizeof(msg)));
		cr_assert_not(net_stream_send(k.stream, msg, 0));
		if (i == 0)
			fd = server_accept();
		cr_assert_eq(server_take_frame(fd, seen), sizeof(msg));
		turn(k.loop);
	}
	close(fd);
}

/* --- connecting ---------------------------------------------------------- */

Test(net_stream, a_server_that_refuses_is_told)
{
	close(listener);
	stream_open();
	cr_assert(send_text(&k, "hello"));
	cr_assert_eq(k.closed, 0);
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, strerror(ECONNREFUSED));
	listener = -1;
}

Test(net_stream, a_server_that_resets_is_told)
{
	struct linger now = {.l_onoff = 1};
	int fd = connected();

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, strerror(ECONNRESET));
}

/* The kernel takes no more connections than this, and leaves the others
 * without an answer. */
static void
fill_backlog(int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[i], &at.sa, at.len);
	}
}

Test(net_stream, a_server_that_does_not_take_the_connection_is_late)
{
	uint64_t begun = event_now_ms();
	int fds[4];

	close(listener);
	listener = listen_at(&at, 0);
	fill_backlog(fds, ARRAY_LEN(fds));
	options = stream_options(&at);
	options.connect_ms = 100;
	stream_open();
	cr_assert(send_text(&k, "hello"));
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "no connection in time");
	cr_assert_geq(k.at - begun, 90);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

Test(net_stream, where_no_way_leads_nothing_is_sent_and_nothing_stays_open)
{
	unsigned before;

	/* link-local without its interface */
	cr_assert_eq(net_addr_from_text(&options.to, "fe80::1", 53, NULL),
		     ERR_OK);
	stream_open();
	turn(k.loop);
	before = open_descriptors();
	cr_assert_not(send_text(&k, "hello"));
	cr_assert_not(send_text(&k, "hello"));
	turn(k.loop);
	cr_assert_eq(open_descriptors(), before);
	cr_assert_eq(k.closed, 0);
}

Test(net_stream, connects_anew_as_often_as_it_is_closed)
{
	unsigned before;
	int fd;

	stream_open();
	turn(k.loop);
	before = open_descriptors();
	for (unsigned i = 1; i <= 20; i++) {
		cr_assert(send_text(&k, "hello"));
		fd = server_accept();
		server_expect(fd, "hello");
		server_give_frame(fd, "hi", 2);
		until_messages(&k, i);
		close(fd);
		until_closed(&k, i);
	}
	turn(k.loop);
	cr_assert_eq(open_descriptors(), before);
}

/* --- idle ---------------------------------------------------------------- */

Test(net_stream, closes_when_idle_and_connects_when_written_to)
{
	uint64_t begun;
	int fd;

	options.idle_ms = 30;
	begun = event_now_ms();
	fd = connected();
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "idle");
	cr_assert_geq(k.at - begun, 20);
	cr_assert_eq(read(fd, (char[1]){0}, 1), 0);
	close(fd);
	cr_assert(send_text(&k, "again"));
	fd = server_accept();
	server_expect(fd, "again");
	close(fd);
}

static uint64_t answered;

static void
note_answer(struct told *told, enum net_stream_event ev)
{
	if (ev == NET_STREAM_MESSAGE)
		answered = told->at;
}

static int server_end;

static void
answer_late(void *arg)
{
	(void)arg;
	server_give_frame(server_end, "late", 4);
}

Test(net_stream, is_not_idle_while_something_comes)
{
	struct event_watch *timer;

	options.idle_ms = 1000;
	server_end = connected();
	k.then = note_answer;
	timer = event_timer(k.loop, 300, false, answer_late, NULL);
	until_closed(&k, 1);
	cr_assert_eq(k.messages, 1);
	cr_assert_geq(k.at - answered, 999);
	event_unwatch(timer);
	close(server_end);
}

Test(net_stream, a_server_that_stops_reading_does_not_hold_it_for_ever)
{
	static uint8_t msg[WIRE_MSG_MAX];
	int fd;

	options.idle_ms = 50;
	options.backlog = 64 << 20;
	fd = connected();
	for (unsigned i = 0; i < 500; i++)
		cr_assert(net_stream_send(k.stream, msg, sizeof(msg)));
	until_closed(&k, 1);
	cr_assert_str_eq(k.text, "idle");
	close(fd);
}
