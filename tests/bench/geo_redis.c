/* RESP, in which Redis is asked: arrays of strings with their lengths. */
#include "bench.h"
#include "geo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	ADDED = 1000, /* members that are added before replies are read */
};

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
redis_ask(char *to, const struct search *s, const char *lat, const char *lon,
	  const char *metres)
{
	char k[16];
	const char *texts[] = {"GEOSEARCH", "places",	"FROMLONLAT", lon,
			       lat,	    "BYRADIUS", metres,	      "m",
			       "ASC",	    NULL,	NULL,	      NULL};
	unsigned n = 9;

	snprintf(k, sizeof k, "%u", s->k);
	if (s->k > 0) {
		texts[n++] = "COUNT";
		texts[n++] = k;
	}
	if (s->positions)
		texts[n++] = "WITHCOORD";
	return array_put(to, texts, n);
}

/* The number behind the type at *at, which is moved past its line. False: it
 * is not all there. */
static bool
line_take(const char *text, size_t len, size_t *at, char *type, long *number)
{
	const char *start = text + *at;
	const char *end = memchr(start, '\n', len - *at);

	if (end == NULL)
		return false;
	*type = *start;
	*number = strtol(start + 1, NULL, 10);
	*at += (size_t)(end - start) + 1;
	return true;
}

/* An array of strings or of further arrays, or something short. */
static size_t
redis_reply(struct reply *r, const char *text, size_t len)
{
	long elements, length;
	size_t at = 0;
	char type, of;

	if (!line_take(text, len, &at, &type, &elements))
		return 0;
	r->failed = type == '-';
	r->hits = type == '*' ? (unsigned long)elements : 0;
	for (long left = type == '*' ? elements : 0; left > 0; left--) {
		if (!line_take(text, len, &at, &of, &length))
			return 0;
		if (of == '*')
			left += length;
		else
			at += (size_t)length + 2;
		if (at > len)
			return 0;
	}
	return at;
}

const struct protocol geo_redis = {
	.name = "redis",
	.ask = redis_ask,
	.reply = redis_reply,
};

/* --- adding --------------------------------------------------------------- */

static void
all_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, 0);

		if (n < 0)
			die("geo: send: %s", strerror(errno));
		text += n;
		len -= (size_t)n;
	}
}

/* Waits for so many replies of a line each, none of them an error. */
static void
settle(int fd, unsigned replies)
{
	static char in[1 << 16];
	bool first = true;

	while (replies > 0) {
		ssize_t n = recv(fd, in, sizeof in, 0);

		if (n <= 0)
			die("geo: Redis has gone");
		for (ssize_t i = 0; i < n; i++) {
			if (first && in[i] == '-')
				die("geo: %.60s", in + i);
			first = in[i] == '\n';
			replies -= first;
		}
	}
}

void
geo_redis_fill(int fd, const char *members)
{
	static const char *const save[] = {"SAVE"};
	static char out[ADDED * COMMAND_MAX];
	FILE *file = fopen(members, "r");
	char line[256], name[128], lat[24], lon[24];
	unsigned ready = 0;
	size_t len = 0;

	if (file == NULL)
		die("%s: %s", members, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		const char *texts[] = {"GEOADD", "places", lon, lat, name};

		if (sscanf(line, "%127s %23s %23s", name, lat, lon) != 3)
			continue;
		len += array_put(out + len, texts, 5);
		if (++ready < ADDED)
			continue;
		all_send(fd, out, len);
		settle(fd, ready);
		ready = 0;
		len = 0;
	}
	fclose(file);
	len += array_put(out + len, save, 1);
	all_send(fd, out, len);
	settle(fd, ready + 1);
}
