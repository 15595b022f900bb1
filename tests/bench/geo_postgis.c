/*
 * The protocol of PostgreSQL, version 3, in which PostGIS is asked: a statement
 * prepared once, then for each question its values, and a Sync that makes the
 * reply go out. Integers are big-endian; a message's length counts itself.
 */
#include "bench.h"
#include "geo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	VERSION = 3 << 16,
	MESSAGE_MAX = 1024,
	POINT_SIZE = 25,
	POINT_WITH_SRID = 0x20000001,
	SRID = 4326, /* degrees on WGS 84 */
	BINARY = 1,
};

static char *
put32(char *to, unsigned value)
{
	to[0] = (char)(value >> 24);
	to[1] = (char)(value >> 16);
	to[2] = (char)(value >> 8);
	to[3] = (char)value;
	return to + 4;
}

static char *
put16s(char *to, unsigned value)
{
	return (char *)put16((uint8_t *)to, value);
}

static char *
put_double(char *to, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	to = put32(to, (unsigned)(bits >> 32));
	return put32(to, (unsigned)bits);
}

static unsigned
get32(const char *from)
{
	const unsigned char *p = (const unsigned char *)from;

	return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 |
	       (unsigned)p[2] << 8 | p[3];
}

static char *
string_put(char *to, const char *text)
{
	size_t len = strlen(text) + 1;

	memcpy(to, text, len);
	return to + len;
}

/* The length of the message whose type stands at start. */
static char *
message_end(char *start, char *end)
{
	put32(start + 1, (unsigned)(end - start - 1));
	return end;
}

static char *
sync_put(char *to)
{
	to[0] = 'S';
	return message_end(to, to + 5);
}

/* The index of geography gives true distances on the sphere. What was fastest:
 * to sort the few within 10 m, to let the index find the nearest in turn when
 * not all are wanted, and to be told how far to look in any case. */
static void
statement_text(char *text, size_t size, const struct search *s)
{
	char limit[32] = "";

	if (s->k > 0)
		snprintf(limit, sizeof limit, " LIMIT %u", s->k);
	snprintf(text, size,
		 "SELECT name%s FROM places "
		 "WHERE ST_DWithin(at,$1::geography,$2::float8,false) "
		 "ORDER BY %s%s",
		 s->positions ? ",ST_Y(at::geometry),ST_X(at::geometry)" : "",
		 s->k > 0 ? "at <-> $1::geography"
			  : "ST_Distance(at,$1::geography,false)",
		 limit);
}

/* Until the server is ready for the next. The process that answers, if it
 * tells: each leads a session. */
static int
settle(int fd)
{
	static char in[1 << 16];
	size_t len = 0, at = 0;
	int process = 0;

	for (;;) {
		ssize_t n = recv(fd, in + len, sizeof in - len, 0);

		if (n <= 0)
			die("geo: PostgreSQL has gone");
		len += (size_t)n;
		while (len - at >= 5 && len - at >= 1 + get32(in + at + 1)) {
			if (in[at] == 'E')
				die("geo: PostgreSQL: %.200s", in + at + 5);
			if (in[at] == 'K')
				process = (int)get32(in + at + 5);
			if (in[at] == 'Z')
				return process;
			at += 1 + get32(in + at + 1);
		}
	}
}

static int
postgis_begin(int fd, const struct search *s)
{
	char out[2 * MESSAGE_MAX], text[MESSAGE_MAX], *p = out + 4;
	int process;

	p = put32(p, VERSION);
	p = string_put(string_put(p, "user"), "bench");
	p = string_put(string_put(p, "database"), "postgres");
	p = string_put(string_put(p, "plan_cache_mode"), "force_generic_plan");
	*p++ = '\0';
	put32(out, (unsigned)(p - out));
	send(fd, out, (size_t)(p - out), 0);
	process = settle(fd);
	statement_text(text, sizeof text, s);
	out[0] = 'P';
	p = string_put(string_put(out + 5, "near"), text);
	*p++ = 0; /* no type of a value is given */
	*p++ = 0;
	p = sync_put(message_end(out, p));
	send(fd, out, (size_t)(p - out), 0);
	settle(fd);
	return process;
}

/* As EWKB, a value that is ready: an expression would be worked out anew for
 * each place that is looked at. */
static char *
point_put(char *to, double lat, double lon)
{
	*to++ = 0; /* big-endian */
	to = put32(to, POINT_WITH_SRID);
	to = put32(to, SRID);
	return put_double(put_double(to, lon), lat);
}

static unsigned
postgis_ask(char *to, const struct search *s, const char *lat, const char *lon,
	    const char *metres)
{
	char *p = to, *start = to;

	(void)s;
	*p = 'B'; /* no portal's name, the statement's */
	p = string_put(string_put(p + 5, ""), "near");
	p = put16s(put16s(p, 1), BINARY); /* one format, for all values */
	p = put16s(p, 2);
	p = put32(p, POINT_SIZE);
	p = point_put(p, strtod(lat, NULL), strtod(lon, NULL));
	p = put32(p, sizeof(double));
	p = put_double(p, strtod(metres, NULL));
	p = message_end(start, put16s(p, 0)); /* replies in text */
	start = p;
	*p = 'E';
	p = message_end(start, put32(string_put(p + 5, ""), 0));
	return (unsigned)(sync_put(p) - to);
}

/* A row a hit, up to where it is ready for the next. */
static size_t
postgis_reply(struct reply *r, const char *text, size_t len)
{
	size_t at = 0;

	*r = (struct reply){0};
	while (len - at >= 5) {
		size_t whole = 1 + (size_t)get32(text + at + 1);
		char type = text[at];

		if (len - at < whole)
			return 0;
		r->hits += type == 'D';
		r->failed = r->failed || type == 'E';
		at += whole;
		if (type == 'Z')
			return at;
	}
	return 0;
}

const struct protocol geo_postgis = {
	.name = "postgis",
	.begin = postgis_begin,
	.ask = postgis_ask,
	.reply = postgis_reply,
};
