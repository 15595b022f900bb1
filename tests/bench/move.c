/*
 * Things that move, and are looked for where they are: at a given rate a thing
 * goes to another spot by one signed UPDATE that replaces its LOC. When that is
 * acknowledged, two questions go out at once, what is within a metre of the new
 * spot, and of the old one: the thing must be in the first answer, and not in
 * the second. Before the measurement every thing is put somewhere once.
 *
 *   move -p PORT -z ZONE -k NAME:BASE64 [-n THINGS] [-r RATE] [-l SECONDS]
 *
 * Prints one line of key=value: updates a second, their latency (update_*),
 * that of the questions (p*), how many things were not found at the new spot
 * (missing) or still at the old one (stale), and what went wrong otherwise.
 */
#include "bench.h"
#include "sign.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
	THINGS_MAX = 1000,
	OUT_MAX = 64, /* things on their way at once, a socket each */
	MESSAGE_MAX = 1500,
	LABEL = 8,	/* t000000 with its length */
	MICRO_MAS = 36, /* a degree's millionth is 3.6 mas */
};

static const uint64_t patience_ns = 2000000000;

/* In millionths of a degree, as questions have it; a multiple of 5, so that it
 * is a whole number of the LOC's thousandths of a second. */
struct spot {
	int32_t lat, lon;
};

enum state {
	IDLE,
	UPDATING,
	ASKING,
};

struct walker {
	enum state state;
	unsigned thing, id;
	struct spot from, to;
	bool replied[2]; /* of ASKING: about the new spot, the old one */
	uint64_t sent_ns;
};

struct move {
	unsigned port, things;
	const char *zone, *key_text;
	double rate, seconds;
	struct sign_key key;
	struct spot at[THINGS_MAX];
	bool placed[THINGS_MAX];
	struct walker walker[OUT_MAX];
	struct pollfd poll[OUT_MAX];
	unsigned next; /* the next thing */
	uint64_t started, moved, asked, missing, stale, refused, lost;
	struct hist updates, questions;
};

static void
options_read(struct move *m, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'p', OPTION_UNSIGNED, &m->port},
		{'z', OPTION_TEXT, &m->zone},
		{'k', OPTION_TEXT, &m->key_text},
		{'n', OPTION_UNSIGNED, &m->things},
		{'r', OPTION_DOUBLE, &m->rate},
		{'l', OPTION_DOUBLE, &m->seconds},
		{0},
	};

	options_parse(rows, argc, argv);
	if (m->zone == NULL || m->key_text == NULL || m->port == 0)
		die("usage: move -p PORT -z ZONE -k NAME:BASE64 ...");
	if (m->things < OUT_MAX * 2 || m->things > THINGS_MAX)
		die("move: -n is %d to %d", OUT_MAX * 2, THINGS_MAX);
}

/* --- messages ------------------------------------------------------------- */

/* Somewhere within 15 km of the city's middle. */
static struct spot
spot_random(void)
{
	return (struct spot){41660000 + (rand() % 20001 - 10000) * 5,
			     -91540000 + (rand() % 20001 - 10000) * 5};
}

/* RFC 1876: size 1 m, precisions 10 m; thousandths of a second about 2^31. */
static void
loc_put(uint8_t rdata[16], struct spot at)
{
	static const uint8_t head[] = {0, 0x12, 0x13, 0x13};
	uint32_t lat = (uint32_t)(INT64_C(2147483648) +
				  (int64_t)at.lat * MICRO_MAS / 10);
	uint32_t lon = (uint32_t)(INT64_C(2147483648) +
				  (int64_t)at.lon * MICRO_MAS / 10);
	uint32_t alt = 10000000 + 20000;

	memcpy(rdata, head, sizeof head);
	put16(put16(rdata + 4, lat >> 16), lat & 0xffff);
	put16(put16(rdata + 8, lon >> 16), lon & 0xffff);
	put16(put16(rdata + 12, alt >> 16), alt & 0xffff);
}

static size_t
update_put(const struct move *m, uint8_t *message, const struct walker *w)
{
	uint8_t *end = sign_begin(message, w->id, m->zone, 2);
	uint8_t rdata[16];
	char name[300];

	snprintf(name, sizeof name, "t%06u.%s", w->thing, m->zone);
	loc_put(rdata, w->to);
	end = sign_deletion(end, name, "LOC");
	end = sign_record(end, name, "LOC", rdata, sizeof rdata);
	return (size_t)(sign_message(&m->key, message, end) - message);
}

static size_t
near_put(const struct move *m, uint8_t *message, struct spot at, unsigned id)
{
	char name[400];
	size_t n;

	snprintf(name, sizeof name, "%d.%06d%c.%d.%06d%c.1m._near.%s",
		 abs(at.lat) / 1000000, abs(at.lat) % 1000000,
		 at.lat < 0 ? 's' : 'n', abs(at.lon) / 1000000,
		 abs(at.lon) % 1000000, at.lon < 0 ? 'w' : 'e', m->zone);
	n = question_put(message, name, type_read("PTR"));
	put16(message, id);
	return question_extend(message, n, 1232);
}

/* Whether a reply names the thing: no other name has its label. */
static bool
names_thing(const uint8_t *reply, size_t n, unsigned thing)
{
	char label[LABEL + 1];

	snprintf(label, sizeof label, "%ct%06u", LABEL - 1, thing % 1000000);
	return get16(reply + 6) > 0 && memmem(reply, n, label, LABEL) != NULL;
}

/* --- one thing ------------------------------------------------------------ */

static void
walk(struct move *m, unsigned i)
{
	struct walker *w = &m->walker[i];
	uint8_t message[MESSAGE_MAX];

	w->thing = m->next;
	m->next = (m->next + 1) % m->things;
	w->id = (w->id + 4) & 0xffff;
	w->from = m->at[w->thing];
	w->to = spot_random();
	w->state = UPDATING;
	w->sent_ns = clock_ns();
	m->started++;
	udp_send(m->poll[i].fd, message, update_put(m, message, w));
}

/* It is there by now: what do others say? */
static void
look(struct move *m, unsigned i)
{
	struct walker *w = &m->walker[i];
	uint8_t message[MESSAGE_MAX];

	m->at[w->thing] = w->to;
	w->state = ASKING;
	w->replied[0] = false;
	w->replied[1] = !m->placed[w->thing];
	m->placed[w->thing] = true;
	w->sent_ns = clock_ns();
	udp_send(m->poll[i].fd, message,
		 near_put(m, message, w->to, w->id + 1));
	if (!w->replied[1])
		udp_send(m->poll[i].fd, message,
			 near_put(m, message, w->from, w->id + 2));
}

static void
take_update(struct move *m, unsigned i, const uint8_t *reply)
{
	struct walker *w = &m->walker[i];

	hist_add(&m->updates, clock_ns() - w->sent_ns);
	if ((reply[3] & 15) != 0) {
		m->refused++;
		w->state = IDLE;
		return;
	}
	m->moved++;
	look(m, i);
}

static void
take_answer(struct move *m, unsigned i, const uint8_t *reply, size_t n,
	    unsigned which)
{
	struct walker *w = &m->walker[i];
	bool there = names_thing(reply, n, w->thing);

	if (w->replied[which])
		return;
	w->replied[which] = true;
	m->asked++;
	hist_add(&m->questions, clock_ns() - w->sent_ns);
	m->missing += which == 0 && !there;
	m->stale += which == 1 && there;
	if (w->replied[0] && w->replied[1])
		w->state = IDLE;
}

static bool
receive(struct move *m, unsigned i)
{
	struct walker *w = &m->walker[i];
	uint8_t reply[4096];
	ssize_t n = recv(m->poll[i].fd, reply, sizeof reply, MSG_DONTWAIT);
	unsigned id;

	if (n < 12)
		return false;
	id = get16(reply);
	if (w->state == UPDATING && id == w->id)
		take_update(m, i, reply);
	else if (w->state == ASKING && (id == w->id + 1 || id == w->id + 2))
		take_answer(m, i, reply, (size_t)n, id - w->id - 1);
	return true;
}

/* --- all of them ---------------------------------------------------------- */

static bool
give_up_late(struct move *m)
{
	uint64_t now = clock_ns();
	bool busy = false;

	for (unsigned i = 0; i < OUT_MAX; i++) {
		struct walker *w = &m->walker[i];

		if (w->state != IDLE && now > w->sent_ns + patience_ns) {
			w->state = IDLE;
			m->lost++;
		}
		busy = busy || w->state != IDLE;
	}
	return busy;
}

static void
wait_for_replies(struct move *m)
{
	struct timespec t = {0, 500000};
	int ready = ppoll(m->poll, OUT_MAX, &t, NULL);

	for (unsigned i = 0; ready > 0 && i < OUT_MAX; i++)
		while (m->poll[i].revents != 0 && receive(m, i))
			;
}

/* Until so many have moved or the time is over, and nobody is on the way. */
static void
run(struct move *m, uint64_t count, double rate, double seconds)
{
	uint64_t start = clock_ns(), end = start + (uint64_t)(seconds * 1e9);
	uint64_t due;

	m->started = 0;
	while (clock_ns() < end && m->started < count) {
		uint64_t n = rate_left(rate, start, m->started, &due);

		if (n > count - m->started)
			n = count - m->started;
		for (unsigned i = 0; n > 0 && i < OUT_MAX; i++) {
			if (m->walker[i].state != IDLE)
				continue;
			walk(m, i);
			n--;
		}
		wait_for_replies(m);
		give_up_late(m);
	}
	while (give_up_late(m))
		wait_for_replies(m);
}

static void
forget(struct move *m)
{
	m->moved = m->asked = 0;
	memset(&m->updates, 0, sizeof m->updates);
	memset(&m->questions, 0, sizeof m->questions);
}

static void
report(const struct move *m, double s)
{
	printf("ups=%.0f", (double)m->moved / s);
	hist_print(&m->updates, "update_");
	hist_print(&m->questions, "");
	printf("\tasked=%ju\tmissing=%ju\tstale=%ju\trefused=%ju"
	       "\tlost=%ju\n",
	       (uintmax_t)m->asked, (uintmax_t)m->missing, (uintmax_t)m->stale,
	       (uintmax_t)m->refused, (uintmax_t)m->lost);
}

int
main(int argc, char **argv)
{
	static struct move m = {
		.things = THINGS_MAX, .rate = 1000, .seconds = 5};
	uint64_t start;

	options_read(&m, argc, argv);
	sign_key_read(&m.key, m.key_text);
	srand((unsigned)clock_wall_ns());
	udp_connect_all(m.poll, OUT_MAX, m.port);
	for (unsigned i = 0; i < OUT_MAX; i++)
		m.walker[i].id = i * 1000 & 0xfffc;
	prctl(PR_SET_TIMERSLACK, 1);
	run(&m, m.things, 1e6, 60);
	forget(&m);
	start = clock_ns();
	run(&m, UINT64_MAX, m.rate, m.seconds);
	report(&m, (double)(clock_ns() - start) / 1e9);
	sign_key_free(&m.key);
	return m.moved > 0 ? 0 : 1;
}
