/*
 * Asks Redis what is near: GEOSEARCH by radius, nearest first, over its unix
 * socket, from one thread. As many questions are out at any time as the other
 * client, load, has out, in one pipeline; what else is measured is the same,
 * too. Prints one line of key=value.
 *
 *   geo -u SOCKET -f SPOTS [-m METRES] [-k COUNT] [-x 1] [-q OUT]
 *       [-l SECONDS] [-w WARM_SECONDS] [-s SESSION -c CPU]
 *   geo -u SOCKET -a MEMBERS
 *
 * SPOTS: "lat lon metres" a line; -m: in place of those metres. -x 1: with
 * the hits' positions. -a adds what MEMBERS says, "name lat lon" a line, and
 * saves it.
 */
#include "bench.h"
#include "meter.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	OUT_MAX = 1024,
	COMMAND_MAX = 256,
	BUFFER = 1 << 18,
	ADDED = 1000, /* members that are added before replies are read */
};

struct options {
	const char *socket, *file, *members;
	unsigned metres, k, out;
	bool positions;
	double seconds, warm;
	int session, cpu;
};

struct commands {
	char (*text)[COMMAND_MAX];
	unsigned *length;
	size_t count, next;
};

struct geo {
	struct options o;
	struct commands commands;
	uint64_t sent_ns[OUT_MAX]; /* a ring: replies come in order */
	uint64_t sent, received, hits, positive, octets, failed, idle_ns;
	struct hist latency;
	int fd;

	char in[BUFFER], out[BUFFER];
	size_t in_at, in_len;	/* what is not yet understood */
	size_t out_at, out_len; /* what is not yet sent */
};

static void
options_read(struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'u', OPTION_TEXT, &o->socket},
		{'f', OPTION_TEXT, &o->file},
		{'a', OPTION_TEXT, &o->members},
		{'m', OPTION_UNSIGNED, &o->metres},
		{'k', OPTION_UNSIGNED, &o->k},
		{'x', OPTION_BOOL, &o->positions},
		{'q', OPTION_UNSIGNED, &o->out},
		{'l', OPTION_DOUBLE, &o->seconds},
		{'w', OPTION_DOUBLE, &o->warm},
		{'s', OPTION_INT, &o->session},
		{'c', OPTION_INT, &o->cpu},
		{0},
	};

	options_parse(rows, argc, argv);
	if (o->socket == NULL || (o->file == NULL) == (o->members == NULL))
		die("usage: geo -u SOCKET -f SPOTS ...");
	if (o->out < 1 || o->out > OUT_MAX)
		die("geo: -q is 1 to %d", OUT_MAX);
}

static int
unix_connect(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof to.sun_path)
		die("geo: socket");
	memcpy(to.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* --- commands (RESP: an array of strings with their lengths) -------------- */

static unsigned
string_put(char *to, const char *text)
{
	return (unsigned)sprintf(to, "$%zu\r\n%s\r\n", strlen(text), text);
}

static unsigned
array_put(char *to, const char *const *texts, unsigned n)
{
	unsigned length = (unsigned)sprintf(to, "*%u\r\n", n);

	for (unsigned i = 0; i < n; i++)
		length += string_put(to + length, texts[i]);
	return length;
}

static unsigned
search_put(const struct options *o, char *to, const char *lat, const char *lon,
	   const char *metres)
{
	char given[16], k[16];
	const char *texts[] = {"GEOSEARCH", "places",	"FROMLONLAT", lon,
			       lat,	    "BYRADIUS", metres,	      "m",
			       "ASC",	    NULL,	NULL,	      NULL};
	unsigned n = 9;

	snprintf(given, sizeof given, "%u", o->metres);
	snprintf(k, sizeof k, "%u", o->k);
	if (o->metres > 0)
		texts[6] = given;
	if (o->k > 0) {
		texts[n++] = "COUNT";
		texts[n++] = k;
	}
	if (o->positions)
		texts[n++] = "WITHCOORD";
	return array_put(to, texts, n);
}

static void
spots_read(struct geo *g)
{
	struct commands *c = &g->commands;
	FILE *file = fopen(g->o.file, "r");
	char line[128], lat[24], lon[24], metres[16];
	size_t room = 0;

	if (file == NULL)
		die("%s: %s", g->o.file, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%23s %23s %15s", lat, lon, metres) != 3)
			continue;
		if (c->count == room) {
			room = room * 2 + 1024;
			c->text = realloc(c->text, room * sizeof *c->text);
			c->length =
				realloc(c->length, room * sizeof *c->length);
			if (c->text == NULL || c->length == NULL)
				die("geo: out of memory");
		}
		c->length[c->count] =
			search_put(&g->o, c->text[c->count], lat, lon, metres);
		c->count++;
	}
	fclose(file);
	if (c->count == 0)
		die("%s: no spots", g->o.file);
}

/* --- replies -------------------------------------------------------------- */

/* The number behind the type at *at, which is moved past its line. False: it
 * is not all there. */
static bool
line_take(struct geo *g, size_t *at, char *type, long *number)
{
	const char *start = g->in + *at;
	const char *end = memchr(start, '\n', g->in_len - *at);

	if (end == NULL)
		return false;
	*type = *start;
	*number = strtol(start + 1, NULL, 10);
	*at += (size_t)(end - start) + 1;
	return true;
}

/* One reply: an array of strings or of further arrays, or something short. */
static bool
reply_take(struct geo *g, long *elements, char *type)
{
	size_t at = g->in_at;
	long length;
	char of;

	if (!line_take(g, &at, type, elements))
		return false;
	for (long left = *type == '*' ? *elements : 0; left > 0; left--) {
		if (!line_take(g, &at, &of, &length))
			return false;
		if (of == '*')
			left += length;
		else
			at += (size_t)length + 2;
		if (at > g->in_len)
			return false;
	}
	g->octets += at - g->in_at;
	g->in_at = at;
	return true;
}

static bool
receive_some(struct geo *g)
{
	ssize_t n;

	memmove(g->in, g->in + g->in_at, g->in_len - g->in_at);
	g->in_len -= g->in_at;
	g->in_at = 0;
	n = recv(g->fd, g->in + g->in_len, BUFFER - g->in_len, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		die("geo: Redis has gone");
	if (n > 0)
		g->in_len += (size_t)n;
	return n > 0;
}

static void
replies_take(struct geo *g)
{
	uint64_t now = clock_ns();
	long elements;
	char type;

	while (reply_take(g, &elements, &type)) {
		g->failed += type == '-';
		if (type == '*') {
			g->hits += (uint64_t)elements;
			g->positive += elements > 0;
		}
		hist_add(&g->latency,
			 now - g->sent_ns[g->received++ % OUT_MAX]);
	}
}

static void
send_some(struct geo *g)
{
	while (g->out_at < g->out_len) {
		ssize_t n = send(g->fd, g->out + g->out_at,
				 g->out_len - g->out_at, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("geo: send: %s", strerror(errno));
		g->out_at += (size_t)n;
	}
	g->out_at = g->out_len = 0;
}

/* --- the loop ------------------------------------------------------------- */

static void
commands_ready(struct geo *g)
{
	struct commands *c = &g->commands;
	uint64_t now = clock_ns();

	while (g->sent - g->received < g->o.out &&
	       g->out_len + COMMAND_MAX < BUFFER) {
		memcpy(g->out + g->out_len, c->text[c->next],
		       c->length[c->next]);
		g->out_len += c->length[c->next];
		c->next = c->next + 1 == c->count ? 0 : c->next + 1;
		g->sent_ns[g->sent++ % OUT_MAX] = now;
	}
}

/* What is out when the time is over is taken, too, and not counted. */
static void
run(struct geo *g, double seconds)
{
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9), now;

	g->received = g->sent = g->hits = g->positive = g->octets = 0;
	g->idle_ns = 0;
	memset(&g->latency, 0, sizeof g->latency);
	while ((now = clock_ns()) < end) {
		commands_ready(g);
		send_some(g);
		if (receive_some(g)) {
			replies_take(g);
			continue;
		}
		spin();
		g->idle_ns += clock_ns() - now;
	}
}

static void
drain(struct geo *g)
{
	while (g->received < g->sent) {
		send_some(g);
		if (receive_some(g))
			replies_take(g);
	}
}

static void
report(const struct geo *g, const struct meter *from, const struct meter *to)
{
	double s = (double)(to->wall_ns - from->wall_ns) / 1e9;
	double n = g->received > 0 ? (double)g->received : 1;

	printf("qps=%.0f", (double)g->received / s);
	hist_print(&g->latency, "");
	printf("\tpositive=%.4f\thits=%.3f\tfailed=%.4f\toctets=%.1f\tidle=%."
	       "3f",
	       (double)g->positive / n, (double)g->hits / n,
	       (double)g->failed / n, (double)g->octets / n,
	       (double)g->idle_ns / 1e9 / s);
	meter_print(from, to, g->received);
	putchar('\n');
}

/* --- adding --------------------------------------------------------------- */

/* Sends what is ready and waits for so many replies, none an error. */
static void
settle(struct geo *g, unsigned replies)
{
	struct pollfd p = {.fd = g->fd, .events = POLLIN};
	long elements;
	char type;

	while (replies > 0) {
		send_some(g);
		poll(&p, 1, g->out_len > 0 ? 1 : 1000);
		receive_some(g);
		while (replies > 0 && reply_take(g, &elements, &type)) {
			if (type == '-')
				die("geo: %.60s", g->in);
			replies--;
		}
	}
}

static void
members_add(struct geo *g)
{
	static const char *const save[] = {"SAVE"};
	FILE *file = fopen(g->o.members, "r");
	char line[256], name[128], lat[24], lon[24];
	unsigned ready = 0;

	if (file == NULL)
		die("%s: %s", g->o.members, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		const char *texts[] = {"GEOADD", "places", lon, lat, name};

		if (sscanf(line, "%127s %23s %23s", name, lat, lon) != 3)
			continue;
		g->out_len += array_put(g->out + g->out_len, texts, 5);
		if (++ready < ADDED)
			continue;
		settle(g, ready);
		ready = 0;
	}
	fclose(file);
	settle(g, ready);
	g->out_len = array_put(g->out, save, 1);
	settle(g, 1);
}

int
main(int argc, char **argv)
{
	static struct geo g = {.o = {.out = 64, .seconds = 5, .cpu = -1}};
	struct meter from, to;

	options_read(&g.o, argc, argv);
	g.fd = unix_connect(g.o.socket);
	if (g.o.members != NULL) {
		members_add(&g);
		return 0;
	}
	spots_read(&g);
	if (g.o.warm > 0) {
		run(&g, g.o.warm);
		drain(&g);
	}
	meter_read(&from, g.o.session, g.o.cpu);
	run(&g, g.o.seconds);
	meter_read(&to, g.o.session, g.o.cpu);
	report(&g, &from, &to);
	return g.received > 0 ? 0 : 1;
}
