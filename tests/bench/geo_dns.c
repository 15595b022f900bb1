/* DNS over TCP (RFC 7766): questions one behind the other on a connection, each
 * after its length. Replies come in the same order, for none of them waits for
 * another server. */
#include "bench.h"
#include "geo.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	PAYLOAD = 1232, /* as asked over UDP */
	HEADER = 12,
};

/* "41.66n", "91.54w": a number with its letter in place of a sign. */
static void
angle_put(char to[32], const char *degrees, const char letters[2])
{
	bool negative = *degrees == '-';

	snprintf(to, 32, "%s%c", degrees + negative, letters[negative]);
}

static unsigned
dns_ask(char *to, const struct search *s, const char *lat, const char *lon,
	const char *metres)
{
	char name[COMMAND_MAX], north[32], east[32], k[16] = "", m[24] = "";
	uint8_t *wire = (uint8_t *)to;
	size_t length;

	angle_put(north, lat, "ns");
	angle_put(east, lon, "ew");
	if (s->k > 0)
		snprintf(k, sizeof k, "k%u.", s->k);
	if (s->metres > 0)
		snprintf(m, sizeof m, "%sm.", metres);
	snprintf(name, sizeof name, "%s.%s.%s%s_near.%s", north, east, k, m,
		 s->zone);
	length = question_put(wire + 2, name, type_read("PTR"));
	length = question_extend(wire + 2, length, PAYLOAD);
	put16(wire, (unsigned)length);
	return (unsigned)length + 2;
}

static size_t
dns_reply(struct reply *r, const char *text, size_t len)
{
	const uint8_t *wire = (const uint8_t *)text, *message = wire + 2;
	size_t length;

	if (len < 2 || len < (length = 2 + get16(wire)))
		return 0;
	if (length < 2 + HEADER)
		die("geo: a reply without a header");
	r->failed = (message[3] & 0x0f) != 0;
	r->hits = get16(message + 6);
	return length;
}

const struct protocol geo_dns = {
	.name = "dns",
	.ask = dns_ask,
	.reply = dns_reply,
};
