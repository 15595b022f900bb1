/*
 * What a forwarder answers, through the whole resolver, on a network that is
 * made up. The input is a row of deeds: an octet that says what, and what
 * belongs to it:
 *
 *   00 LEN(2) octets   a reply to the newest message: ID and question are put
 *                      right, the rest is as given
 *   01 LEN(2) octets   a reply exactly as given
 *   02                 the exchange or connection fails
 *   03 MS(2)           time passes
 *   04                 a question: A of a chain of names
 *
 * However it goes, every question ends once, and nothing is left behind.
 */
#include "lib/log.h"
#include "tests/replay/world.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static unsigned
take16(struct input *in)
{
	unsigned v;

	if (in->end - in->at < 2)
		return 0;
	v = get16(in->at);
	in->at += 2;
	return v;
}

static const uint8_t *
take_octets(struct input *in, size_t *len)
{
	const uint8_t *p;

	*len = take16(in);
	if (*len > (size_t)(in->end - in->at))
		*len = (size_t)(in->end - in->at);
	p = in->at;
	in->at += *len;
	return p;
}

/* A copy with the ID of s and, if there is room, its question. */
static size_t
put_right(uint8_t *buf, const uint8_t *octets, size_t len,
	  const struct world_sent *s)
{
	size_t question = s->msg.qname_len + 4u;

	if (len > WIRE_MSG_MAX)
		len = WIRE_MSG_MAX;
	memcpy(buf, octets, len);
	if (len >= 2)
		memcpy(buf, s->octets, 2);
	if (len < WIRE_HEADER_LEN + question)
		return len;
	buf[2] = (uint8_t)((buf[2] & 0x07) | 0x80);
	put16(buf + 4, 1);
	memcpy(buf + WIRE_HEADER_LEN, s->octets + WIRE_HEADER_LEN, question);
	return len;
}

static void
ask(struct world *w)
{
	static const char *const names[] = {"www.lab.example", "a.example",
					    "b.den.home.arpa"};
	struct resolve_servers servers = {.count = 1, .zone = name_root};
	uint8_t name[NAME_WIRE_MAX], zone[NAME_WIRE_MAX];
	struct resolve_question q = {.qname = name, .qtype = RR_A};
	unsigned n = w->ask_count;

	if (n == 16)
		return;
	must(name_from_text(name, names[n % 3], NULL, NULL) == ERR_OK);
	must(name_from_text(zone, "den.home.arpa", NULL, NULL) == ERR_OK);
	must(net_addr_from_text(&servers.addr[0], "10.0.0.1", 53, NULL) ==
	     ERR_OK);
	servers.zone = zone;
	q.private_ok = n % 3 == 2;
	q.servers = n % 3 == 2 ? &servers : NULL;
	q.variant = (uint8_t)((n & 3) | (n & 1 ? CACHE_SPACE : 0));
	world_ask(w, &q);
}

static void
act(struct world *w, struct input *in, struct world_sent **s)
{
	static uint8_t buf[WIRE_MSG_MAX];
	unsigned what = *in->at++ % 5;
	struct world_sent *next;
	const uint8_t *octets;
	size_t len;

	while ((next = world_take(w)) != NULL)
		*s = next;
	switch (what) {
	case 0:
		octets = take_octets(in, &len);
		len = put_right(buf, octets, len, *s);
		world_reply(w, *s, buf, len);
		break;
	case 1:
		octets = take_octets(in, &len);
		world_reply(w, *s, octets, len);
		break;
	case 2:
		world_error(w, *s, "refused");
		break;
	case 3:
		world_pass(w, take16(in) % 2000);
		break;
	default:
		ask(w);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_new("forward: [ 192.0.2.1, 192.0.2.2, "
				    "\"192.0.2.3#dns.example\" ]");
	struct input in = {.at = data, .end = data + size};
	struct world_sent *s;

	log_set_level(LOG_ERROR);
	ask(w);
	s = world_take(w);
	must(s != NULL);
	for (unsigned i = 0; i < 200 && in.at < in.end; i++)
		act(w, &in, &s);
	world_pass(w, RESOLVE_DEADLINE_MS);
	for (unsigned i = 0; i < w->ask_count; i++)
		must(w->asks[i]->ended == 1);
	must(w->stats.sent_udp + w->stats.sent_tcp + w->stats.sent_tls <=
	     w->ask_count * RESOLVE_SENDS_MAX);
	world_free(w);
	return 0;
}
