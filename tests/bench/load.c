/*
 * Asks the questions of a file, "name TYPE" a line, over one UDP socket, from
 * one thread, in batches, and prints one line of key=value.
 *
 * Closed loop: -q questions are out at any time; the figure is answers a
 * second. Open loop (-r): questions go out at that rate whatever happens; the
 * figure is latency, from sending to the kernel's stamp on the reply, so that
 * a client which is woken late does not count against the server.
 *
 *   load -p PORT -f FILE [-q OUT] [-r RATE] [-n COUNT] [-l SECONDS]
 *        [-w WARM_SECONDS] [-b 1] [-e PAYLOAD] [-s SESSION -c CPU]
 *
 * -b 1: the closed loop sleeps when there is nothing to do, as somebody else
 * needs this CPU, too. -e: with EDNS, for as many octets. -s and -c: whose CPU
 * time and memory to meter. idle is the share of time in which the client had
 * nothing to do: near 0, it is the client that is measured.
 */
#include "bench.h"
#include "meter.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
	BATCH = 32,
	OUT_MAX = 1024, /* an id is 6 bits of generation, 10 of slot */
	REPLY_MAX = 4096,
};

static const uint64_t patience_ns = 1000000000; /* then it is lost */

struct options {
	unsigned port, out, payload;
	const char *file;
	double rate, seconds, warm;
	bool blocks;
	uint64_t count;
	int session, cpu;
};

struct questions {
	uint8_t (*wire)[QUESTION_MAX];
	uint16_t *length;
	size_t count, next;
};

struct slot {
	uint64_t sent_ns; /* by the wall clock */
	uint16_t generation;
	bool out;
};

struct tally {
	uint64_t sent, received, lost, octets, positive, hits, truncated;
	uint64_t rcode[16], idle_ns;
	struct hist latency;
};

struct load {
	struct options o;
	struct questions q;
	struct slot slot[OUT_MAX];
	uint16_t free[OUT_MAX];
	unsigned free_count;
	struct tally tally;
	int fd;

	struct mmsghdr message[BATCH];
	struct iovec vector[BATCH];
	uint8_t reply[BATCH][REPLY_MAX];
	char stamp[BATCH][CMSG_SPACE(sizeof(struct timespec))];
};

static void
options_read(struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'f', OPTION_TEXT, &o->file},
		{'p', OPTION_UNSIGNED, &o->port},
		{'q', OPTION_UNSIGNED, &o->out},
		{'r', OPTION_DOUBLE, &o->rate},
		{'n', OPTION_COUNT, &o->count},
		{'l', OPTION_DOUBLE, &o->seconds},
		{'w', OPTION_DOUBLE, &o->warm},
		{'b', OPTION_BOOL, &o->blocks},
		{'e', OPTION_UNSIGNED, &o->payload},
		{'s', OPTION_INT, &o->session},
		{'c', OPTION_INT, &o->cpu},
		{0},
	};

	options_parse(rows, argc, argv);
	if (o->file == NULL || o->port == 0)
		die("usage: load -p PORT -f FILE ...");
	if (o->out < 1 || o->out > OUT_MAX)
		die("load: -q is 1 to %d", OUT_MAX);
}

static void
questions_grow(struct questions *q, size_t room)
{
	q->wire = realloc(q->wire, room * sizeof *q->wire);
	q->length = realloc(q->length, room * sizeof *q->length);
	if (q->wire == NULL || q->length == NULL)
		die("load: out of memory");
}

static void
questions_read(struct questions *q, const char *path, unsigned payload)
{
	char line[512], name[300], type[16];
	size_t room = 0;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%299s %15s", name, type) != 2)
			continue;
		if (q->count == room)
			questions_grow(q, room = room * 2 + 1024);
		q->length[q->count] = (uint16_t)question_put(
			q->wire[q->count], name, type_read(type));
		if (payload > 0)
			q->length[q->count] = (uint16_t)question_extend(
				q->wire[q->count], q->length[q->count],
				payload);
		q->count++;
	}
	fclose(file);
	if (q->count == 0)
		die("%s: no questions", path);
}

/* Takes a slot for the next question, and gives the question its id. */
static void
question_ready(struct load *l, struct iovec *vector, uint64_t now)
{
	unsigned id = l->free[--l->free_count];
	struct slot *slot = &l->slot[id];
	uint8_t *wire = l->q.wire[l->q.next];

	slot->generation = (uint16_t)((slot->generation + 1) & 63);
	slot->out = true;
	slot->sent_ns = now;
	put16(wire, (unsigned)slot->generation << 10 | id);
	*vector = (struct iovec){wire, l->q.length[l->q.next]};
	l->q.next = l->q.next + 1 == l->q.count ? 0 : l->q.next + 1;
}

static void
send_some(struct load *l, unsigned n)
{
	uint64_t now = clock_wall_ns();

	for (unsigned i = 0; i < n; i++) {
		question_ready(l, &l->vector[i], now);
		l->message[i].msg_hdr = (struct msghdr){
			.msg_iov = &l->vector[i],
			.msg_iovlen = 1,
		};
	}
	for (unsigned i = 0; i < n;) {
		int k = sendmmsg(l->fd, l->message + i, n - i, 0);

		if (k < 0 && errno != ECONNREFUSED && errno != EAGAIN &&
		    errno != ENOBUFS)
			die("load: sendmmsg: %s", strerror(errno));
		i += k > 0 ? (unsigned)k : 1;
	}
	l->tally.sent += n;
}

/* When the kernel got it, or now if it does not say. */
static uint64_t
arrival_ns(struct msghdr *header, uint64_t now)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	struct timespec t;

	if (c == NULL || c->cmsg_type != SCM_TIMESTAMPNS)
		return now;
	memcpy(&t, CMSG_DATA(c), sizeof t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void
reply_take(struct load *l, const uint8_t *reply, unsigned n, uint64_t arrival)
{
	unsigned id = get16(reply);
	struct slot *slot = &l->slot[id & (OUT_MAX - 1)];
	struct tally *t = &l->tally;

	if (n < 12 || !slot->out || slot->generation != id >> 10 ||
	    (reply[2] & 0x80) == 0)
		return;
	slot->out = false;
	l->free[l->free_count++] = (uint16_t)(id & (OUT_MAX - 1));
	hist_add(&t->latency,
		 arrival > slot->sent_ns ? arrival - slot->sent_ns : 0);
	t->received++;
	t->octets += n;
	t->rcode[reply[3] & 15]++;
	t->positive += get16(reply + 6) > 0;
	t->hits += get16(reply + 6);
	t->truncated += (reply[2] & 2) != 0;
}

static bool
receive_some(struct load *l)
{
	bool stamped = l->o.rate > 0;
	uint64_t now;
	int n;

	for (int i = 0; i < BATCH; i++) {
		l->vector[i] = (struct iovec){l->reply[i], REPLY_MAX};
		l->message[i].msg_hdr = (struct msghdr){
			.msg_iov = &l->vector[i],
			.msg_iovlen = 1,
			.msg_control = stamped ? l->stamp[i] : NULL,
			.msg_controllen = stamped ? sizeof l->stamp[i] : 0,
		};
	}
	n = recvmmsg(l->fd, l->message, BATCH, MSG_DONTWAIT, NULL);
	now = clock_wall_ns();
	for (int i = 0; i < n; i++)
		reply_take(l, l->reply[i], l->message[i].msg_len,
			   arrival_ns(&l->message[i].msg_hdr, now));
	return n > 0;
}

static void
give_up_late(struct load *l)
{
	uint64_t now = clock_wall_ns();

	for (unsigned i = 0; i < l->o.out; i++) {
		struct slot *slot = &l->slot[i];

		if (!slot->out || now < slot->sent_ns + patience_ns)
			continue;
		slot->out = false;
		l->free[l->free_count++] = (uint16_t)i;
		l->tally.lost++;
	}
}

static unsigned
at_most(uint64_t n, unsigned limit)
{
	return n < limit ? (unsigned)n : limit;
}

/* How many are to go out now; *due: when the next one is. */
static unsigned
wanted(struct load *l, uint64_t start, uint64_t *due)
{
	uint64_t sent = l->tally.sent;
	unsigned n = at_most(l->free_count, BATCH);

	if (l->o.count > 0)
		n = at_most(l->o.count > sent ? l->o.count - sent : 0, n);
	return at_most(rate_left(l->o.rate, start, sent, due), n);
}

/* Spins in the closed loop, so that nobody measures how it is woken; sleeps in
 * the open one, until a reply comes or the next question is due. */
static void
idle(struct load *l, uint64_t due)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	uint64_t now = clock_ns();
	struct timespec t = time_until(now, due, 1000000);

	if (l->o.rate == 0 && !l->o.blocks) {
		spin();
	} else {
		ppoll(&p, 1, &t, NULL);
	}
	l->tally.idle_ns += clock_ns() - now;
}

static void
run(struct load *l, double seconds)
{
	uint64_t start = clock_ns(), scan = start, now, due;
	uint64_t end = start + (uint64_t)(seconds * 1e9);

	memset(&l->tally, 0, sizeof l->tally);
	while ((now = clock_ns()) < end) {
		bool got = receive_some(l);
		unsigned n = wanted(l, start, &due);

		if (l->o.count > 0 &&
		    l->tally.received + l->tally.lost >= l->o.count)
			break;
		if (n > 0)
			send_some(l, n);
		else if (!got)
			idle(l, due);
		if (now < scan)
			continue;
		give_up_late(l);
		scan = now + patience_ns / 20;
	}
}

static void
report(const struct load *l, const struct meter *from, const struct meter *to)
{
	const struct tally *t = &l->tally;
	double s = (double)(to->wall_ns - from->wall_ns) / 1e9;
	double n = t->received > 0 ? (double)t->received : 1;

	printf("qps=%.0f", (double)t->received / s);
	hist_print(&t->latency, "");
	printf("\tp999_us=%.1f",
	       (double)hist_quantile(&t->latency, 0.999) / 1e3);
	printf("\tsent=%ju\tlost=%ju\tpositive=%.4f\tnxdomain=%.4f"
	       "\tfailed=%.4f\toctets=%.1f\tidle=%.3f",
	       (uintmax_t)t->sent, (uintmax_t)t->lost, (double)t->positive / n,
	       (double)t->rcode[3] / n,
	       (n - (double)t->rcode[0] - (double)t->rcode[3]) / n,
	       (double)t->octets / n, (double)t->idle_ns / 1e9 / s);
	printf("\thits=%.3f\ttruncated=%.4f", (double)t->hits / n,
	       (double)t->truncated / n);
	meter_print(from, to, t->received);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	static struct load l = {
		.o = {.out = 64, .seconds = 5, .cpu = -1},
	};
	struct meter from, to;
	int on = 1;

	options_read(&l.o, argc, argv);
	questions_read(&l.q, l.o.file, l.o.payload);
	l.fd = udp_connect(l.o.port, 4 << 20);
	if (l.o.rate > 0)
		setsockopt(l.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	prctl(PR_SET_TIMERSLACK, 1);
	for (unsigned i = 0; i < l.o.out; i++)
		l.free[l.free_count++] = (uint16_t)i;
	if (l.o.warm > 0)
		run(&l, l.o.warm);
	meter_read(&from, l.o.session, l.o.cpu);
	run(&l, l.o.seconds);
	meter_read(&to, l.o.session, l.o.cpu);
	report(&l, &from, &to);
	return l.tally.received > 0 ? 0 : 1;
}
