/*
 * Asks a server what is near, nearest first, over a stream, from one thread. As
 * many questions are out at any time as the other client, load, has out: in one
 * pipeline, or over many connections. What is measured is the same, too. Prints
 * one line of key=value.
 *
 *   geo -t redis|postgis|dns -u SOCKET -f SPOTS [-m METRES] [-k COUNT] [-x 1]
 *       [-z ZONE] [-q OUT] [-n CONNECTIONS] [-l SECONDS] [-w WARM_SECONDS]
 *       [-s SESSION -c CPU]
 *   geo -t redis -u SOCKET -a MEMBERS
 *
 * SOCKET: a path, or the number of a port on 127.0.0.1. SPOTS: "lat lon metres"
 * a line; -m: in place of those metres. -x 1: with the hits' positions, which
 * DNS has anyway. -z: the zone that DNS is asked about. -q: of all connections
 * together. -a adds what MEMBERS says, "name lat lon" a line, and saves it.
 */
#include "geo.h"
#include "bench.h"
#include "meter.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	OUT_MAX = 1024,
	CONNECTIONS_MAX = 256,
	BUFFER = 1 << 16,
};

struct options {
	const char *type, *socket, *file, *members;
	struct search search;
	unsigned out, connections;
	double seconds, warm;
	int session, cpu;
};

struct commands {
	char (*text)[COMMAND_MAX];
	unsigned *length;
	size_t count, next;
};

/* A connection: replies come in the order of the questions. */
struct line {
	int fd;
	uint64_t sent, received;
	uint64_t sent_ns[OUT_MAX]; /* a ring */
	char in[BUFFER], out[BUFFER];
	size_t in_len, out_at, out_len;
};

struct geo {
	struct options o;
	const struct protocol *protocol;
	struct commands commands;
	struct line *lines;
	int poll; /* an epoll, if there are several lines */
	uint64_t received, hits, positive, octets, failed, idle_ns;
	struct hist latency;
};

static void
options_read(struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'t', OPTION_TEXT, &o->type},
		{'u', OPTION_TEXT, &o->socket},
		{'f', OPTION_TEXT, &o->file},
		{'a', OPTION_TEXT, &o->members},
		{'m', OPTION_UNSIGNED, &o->search.metres},
		{'k', OPTION_UNSIGNED, &o->search.k},
		{'x', OPTION_BOOL, &o->search.positions},
		{'z', OPTION_TEXT, &o->search.zone},
		{'q', OPTION_UNSIGNED, &o->out},
		{'n', OPTION_UNSIGNED, &o->connections},
		{'l', OPTION_DOUBLE, &o->seconds},
		{'w', OPTION_DOUBLE, &o->warm},
		{'s', OPTION_INT, &o->session},
		{'c', OPTION_INT, &o->cpu},
		{0},
	};

	options_parse(rows, argc, argv);
	if (o->socket == NULL || (o->file == NULL) == (o->members == NULL))
		die("usage: geo -t redis|postgis|dns -u SOCKET -f SPOTS ...");
	if (o->connections < 1 || o->connections > CONNECTIONS_MAX)
		die("geo: -n is 1 to %d", CONNECTIONS_MAX);
	if (o->out < o->connections || o->out > OUT_MAX)
		die("geo: -q is 1 to %d, and one a connection", OUT_MAX);
}

static const struct protocol *
protocol_find(const char *name)
{
	static const struct protocol *const all[] = {&geo_redis, &geo_postgis,
						     &geo_dns};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (name != NULL && strcmp(all[i]->name, name) == 0)
			return all[i];
	die("geo: -t is redis, postgis or dns");
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

static int
tcp_connect(unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("geo: port %u: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int
stream_connect(const char *to)
{
	return to[strspn(to, "0123456789")] == '\0'
		       ? tcp_connect((unsigned)number_read(to))
		       : unix_connect(to);
}

/* A session is scheduled as a group: as heavy as we are. A server that begins
 * one for each client can't be weighed before. */
static void
weigh(int session)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/autogroup", session);
	file = fopen(path, "w");
	if (file == NULL)
		return; /* a machine without */
	fprintf(file, "%d", getpriority(PRIO_PROCESS, 0));
	fclose(file);
}

static void
lines_open(struct geo *g)
{
	int session;

	g->lines = calloc(g->o.connections, sizeof *g->lines);
	g->poll = epoll_create1(EPOLL_CLOEXEC);
	if (g->lines == NULL || g->poll < 0)
		die("geo: out of memory");
	for (unsigned i = 0; i < g->o.connections; i++) {
		struct line *l = &g->lines[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};

		l->fd = stream_connect(g->o.socket);
		session = 0;
		if (g->protocol->begin != NULL)
			session = g->protocol->begin(l->fd, &g->o.search);
		if (session != 0) {
			weigh(session);
			g->o.session = session;
		}
		if (epoll_ctl(g->poll, EPOLL_CTL_ADD, l->fd, &event) < 0)
			die("geo: epoll");
	}
}

/* --- questions ------------------------------------------------------------ */

static void
commands_grow(struct commands *c, size_t *room)
{
	*room = *room * 2 + 1024;
	c->text = realloc(c->text, *room * sizeof *c->text);
	c->length = realloc(c->length, *room * sizeof *c->length);
	if (c->text == NULL || c->length == NULL)
		die("geo: out of memory");
}

static void
spots_read(struct geo *g)
{
	struct commands *c = &g->commands;
	FILE *file = fopen(g->o.file, "r");
	char line[128], lat[24], lon[24], metres[16], given[16];
	size_t room = 0;

	if (file == NULL)
		die("%s: %s", g->o.file, strerror(errno));
	snprintf(given, sizeof given, "%u", g->o.search.metres);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%23s %23s %15s", lat, lon, metres) != 3)
			continue;
		if (c->count == room)
			commands_grow(c, &room);
		c->length[c->count] = g->protocol->ask(
			c->text[c->count], &g->o.search, lat, lon,
			g->o.search.metres > 0 ? given : metres);
		c->count++;
	}
	fclose(file);
	if (c->count == 0)
		die("%s: no spots", g->o.file);
}

/* --- the loop ------------------------------------------------------------- */

static bool
receive_some(struct line *l)
{
	ssize_t n = recv(l->fd, l->in + l->in_len, BUFFER - l->in_len,
			 MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		die("geo: the server has gone");
	if (n > 0)
		l->in_len += (size_t)n;
	return n > 0;
}

static void
replies_take(struct geo *g, struct line *l)
{
	uint64_t now = clock_ns();
	struct reply r;
	size_t at = 0, len;

	while (l->received < l->sent &&
	       (len = g->protocol->reply(&r, l->in + at, l->in_len - at)) > 0) {
		at += len;
		g->octets += len;
		g->failed += r.failed;
		g->hits += r.hits;
		g->positive += r.hits > 0;
		g->received++;
		hist_add(&g->latency,
			 now - l->sent_ns[l->received++ % OUT_MAX]);
	}
	memmove(l->in, l->in + at, l->in_len - at);
	l->in_len -= at;
}

static void
commands_ready(struct geo *g, struct line *l)
{
	struct commands *c = &g->commands;
	uint64_t now = clock_ns();

	while (l->sent - l->received < g->o.out / g->o.connections &&
	       l->out_len + COMMAND_MAX < BUFFER) {
		memcpy(l->out + l->out_len, c->text[c->next],
		       c->length[c->next]);
		l->out_len += c->length[c->next];
		c->next = c->next + 1 == c->count ? 0 : c->next + 1;
		l->sent_ns[l->sent++ % OUT_MAX] = now;
	}
}

static void
send_some(struct line *l)
{
	while (l->out_at < l->out_len) {
		ssize_t n = send(l->fd, l->out + l->out_at,
				 l->out_len - l->out_at, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("geo: send: %s", strerror(errno));
		l->out_at += (size_t)n;
	}
	l->out_at = l->out_len = 0;
}

/* What has come, and where it came from new questions if there is time. */
static bool
turn(struct geo *g, bool more)
{
	struct epoll_event events[CONNECTIONS_MAX];
	int n = epoll_wait(g->poll, events, CONNECTIONS_MAX, 0);

	for (int i = 0; i < n; i++) {
		struct line *l = events[i].data.ptr;

		if (!receive_some(l))
			continue;
		replies_take(g, l);
		if (more)
			commands_ready(g, l);
		send_some(l);
	}
	return n > 0;
}

/* What is out when the time is over is taken, too, and not counted. */
static void
run(struct geo *g, double seconds)
{
	uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9), now;

	g->received = g->hits = g->positive = g->octets = g->failed = 0;
	g->idle_ns = 0;
	memset(&g->latency, 0, sizeof g->latency);
	for (unsigned i = 0; i < g->o.connections; i++) {
		commands_ready(g, &g->lines[i]);
		send_some(&g->lines[i]);
	}
	while ((now = clock_ns()) < end) {
		if (turn(g, true))
			continue;
		spin();
		g->idle_ns += clock_ns() - now;
	}
}

static void
drain(struct geo *g)
{
	for (unsigned i = 0; i < g->o.connections; i++)
		while (g->lines[i].received < g->lines[i].sent) {
			send_some(&g->lines[i]);
			turn(g, false);
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

int
main(int argc, char **argv)
{
	static struct geo g = {
		.o = {.out = 64, .connections = 1, .seconds = 5, .cpu = -1}};
	struct meter from, to;

	options_read(&g.o, argc, argv);
	g.protocol = protocol_find(g.o.type);
	if (g.o.members != NULL) {
		geo_redis_fill(unix_connect(g.o.socket), g.o.members);
		return 0;
	}
	lines_open(&g);
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
