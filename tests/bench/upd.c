/*
 * Clients that register devices: each has a socket of its own and one signed
 * UPDATE (RFC 2136, HMAC-SHA256) out, which adds A, SRV and TXT of a device
 * that was not there before: a server has nothing to write when a name is
 * added twice. The time is the one to NOERROR; replies' signatures are not
 * checked. Prints one line of key=value.
 *
 *   upd -p PORT -z ZONE -k NAME:BASE64 [-n CLIENTS] [-r RATE] [-u COUNT]
 *       [-l SECONDS] [-s SESSION -c CPU]
 *
 * -r: at most that many updates a second from all clients together. -u: stop
 * after so many.
 */
#include "bench.h"
#include "meter.h"
#include "sign.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum {
	CLIENTS_MAX = 256,
	ROOMS = 1000, /* that the zone has */
	MESSAGE_MAX = 1500,
};

static const uint64_t patience_ns = 5000000000;

struct options {
	unsigned port, clients;
	const char *zone, *key;
	double rate, seconds;
	uint64_t count;
	int session, cpu;
};

struct client {
	unsigned id;
	bool out;
	uint64_t sent_ns;
};

struct upd {
	struct options o;
	struct sign_key key;
	struct client client[CLIENTS_MAX];
	struct pollfd poll[CLIENTS_MAX];
	uint64_t device; /* the next one's number */
	uint64_t started, done, refused, lost, out, idle_ns;
	struct hist latency;
};

static void
options_read(struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'z', OPTION_TEXT, &o->zone},
		{'k', OPTION_TEXT, &o->key},
		{'p', OPTION_UNSIGNED, &o->port},
		{'n', OPTION_UNSIGNED, &o->clients},
		{'r', OPTION_DOUBLE, &o->rate},
		{'u', OPTION_COUNT, &o->count},
		{'l', OPTION_DOUBLE, &o->seconds},
		{'s', OPTION_INT, &o->session},
		{'c', OPTION_INT, &o->cpu},
		{0},
	};

	options_parse(rows, argc, argv);
	if (o->zone == NULL || o->key == NULL || o->port == 0)
		die("usage: upd -p PORT -z ZONE -k NAME:BASE64 ...");
	if (o->clients < 1 || o->clients > CLIENTS_MAX)
		die("upd: -n is 1 to %d", CLIENTS_MAX);
}

static uint8_t *
device_put(uint8_t *to, const char *zone, uint64_t device)
{
	unsigned room = (unsigned)(device * 2654435761U % ROOMS);
	char host[256], service[256], text[128];
	uint8_t rdata[300] = {10};

	snprintf(host, sizeof host, "u%ju.r%05u.%s", (uintmax_t)device, room,
		 zone);
	snprintf(service, sizeof service, "u%ju._ctl._udp.r%05u.%s",
		 (uintmax_t)device, room, zone);
	rdata[1] = (uint8_t)(device >> 16);
	put16(rdata + 2, device & 0xffff);
	to = sign_record(to, host, "A", rdata, 4);
	put16(put16(put16(rdata, 0), 0), 5683);
	to = sign_record(to, service, "SRV", rdata,
			 6 + name_put(rdata + 6, host));
	rdata[0] = (uint8_t)snprintf(text, sizeof text,
				     "type=sensor;fw=1.%u;unit=C",
				     (unsigned)(device % 100));
	memcpy(rdata + 1, text, rdata[0]);
	return sign_record(to, service, "TXT", rdata, 1U + rdata[0]);
}

static size_t
update_put(struct upd *u, uint8_t *message, unsigned id)
{
	uint8_t *end = sign_begin(message, id, u->o.zone, 3);

	end = device_put(end, u->o.zone, u->device++);
	end = sign_message(&u->key, message, end);
	return (size_t)(end - message);
}

static void
client_start(struct upd *u, unsigned i)
{
	struct client *c = &u->client[i];
	uint8_t message[MESSAGE_MAX];
	size_t n;

	c->id = (c->id + 1) & 0xffff;
	n = update_put(u, message, c->id);
	c->sent_ns = clock_ns();
	c->out = true;
	u->out++;
	u->started++;
	udp_send(u->poll[i].fd, message, n);
}

static void
client_done(struct upd *u, struct client *c)
{
	c->out = false;
	u->out--;
}

static void
client_receive(struct upd *u, unsigned i)
{
	struct client *c = &u->client[i];
	uint8_t reply[4096];
	ssize_t n = recv(u->poll[i].fd, reply, sizeof reply, MSG_DONTWAIT);

	if (n < 12 || !c->out || get16(reply) != c->id ||
	    (reply[2] & 0x80) == 0)
		return;
	client_done(u, c);
	if ((reply[3] & 15) != 0) {
		u->refused++;
		return;
	}
	u->done++;
	hist_add(&u->latency, clock_ns() - c->sent_ns);
}

/* How many more may be started by now; *due: when the next one may. */
static uint64_t
wanted(const struct upd *u, uint64_t start, uint64_t *due)
{
	uint64_t left = rate_left(u->o.rate, start, u->started, due);
	uint64_t most = u->o.count > 0 ? u->o.count - u->started : UINT64_MAX;

	return left < most ? left : most;
}

static void
wait_for_replies(struct upd *u, uint64_t due)
{
	uint64_t now = clock_ns();
	bool all_out = u->out == u->o.clients; /* none may begin */
	struct timespec t =
		time_until(now, all_out ? UINT64_MAX : due, 50000000);
	int ready = ppoll(u->poll, u->o.clients, &t, NULL);

	u->idle_ns += clock_ns() - now;
	for (unsigned i = 0; ready > 0 && i < u->o.clients; i++) {
		if (u->poll[i].revents == 0)
			continue;
		client_receive(u, i);
		ready--;
	}
}

static void
give_up_late(struct upd *u)
{
	uint64_t now = clock_ns();

	for (unsigned i = 0; i < u->o.clients; i++) {
		if (!u->client[i].out ||
		    now < u->client[i].sent_ns + patience_ns)
			continue;
		client_done(u, &u->client[i]);
		u->lost++;
	}
}

static void
run(struct upd *u)
{
	uint64_t start = clock_ns(), scan = start, now, due = UINT64_MAX;
	uint64_t end = start + (uint64_t)(u->o.seconds * 1e9);

	while ((now = clock_ns()) < end || u->out > 0) {
		uint64_t n = now < end ? wanted(u, start, &due) : 0;

		for (unsigned i = 0; n > 0 && i < u->o.clients; i++) {
			if (u->client[i].out)
				continue;
			client_start(u, i);
			n--;
		}
		if (u->out == 0 && u->o.count > 0 && u->started >= u->o.count)
			break;
		wait_for_replies(u, due);
		if (now < scan)
			continue;
		give_up_late(u);
		scan = now + patience_ns / 20;
	}
}

static void
report(const struct upd *u, const struct meter *from, const struct meter *to)
{
	double s = (double)(to->wall_ns - from->wall_ns) / 1e9;

	printf("ups=%.0f", (double)u->done / s);
	hist_print(&u->latency, "");
	printf("\tdone=%ju\trefused=%ju\tlost=%ju\tidle=%.3f",
	       (uintmax_t)u->done, (uintmax_t)u->refused, (uintmax_t)u->lost,
	       (double)u->idle_ns / 1e9 / s);
	meter_print(from, to, u->done);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	static struct upd u = {
		.o = {.clients = 1, .seconds = 5, .cpu = -1},
	};
	struct meter from, to;

	options_read(&u.o, argc, argv);
	sign_key_read(&u.key, u.o.key);
	/* From the clock, so that a second run adds nothing that is there. */
	u.device = clock_wall_ns() / 10000 % 100000000000;
	udp_connect_all(u.poll, u.o.clients, u.o.port);
	for (unsigned i = 0; i < u.o.clients; i++)
		u.client[i].id = i * 977 & 0xffff;
	prctl(PR_SET_TIMERSLACK, 1);
	meter_read(&from, u.o.session, u.o.cpu);
	run(&u);
	meter_read(&to, u.o.session, u.o.cpu);
	report(&u, &from, &to);
	sign_key_free(&u.key);
	return u.done > 0 ? 0 : 1;
}
