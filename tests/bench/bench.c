#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Exact up to HIST_SUB, then HIST_SUB buckets for each power of two. */
static unsigned
bucket_of(uint64_t value)
{
	unsigned top;

	if (value < HIST_SUB)
		return (unsigned)value;
	top = 63U - (unsigned)__builtin_clzll(value);
	return (top - 5) * HIST_SUB +
	       (unsigned)(value >> (top - 6) & (HIST_SUB - 1));
}

static uint64_t
bucket_start(unsigned i)
{
	if (i < HIST_SUB)
		return i;
	return (uint64_t)(HIST_SUB + i % HIST_SUB) << (i / HIST_SUB - 1);
}

void
hist_add(struct hist *h, uint64_t value)
{
	h->bucket[bucket_of(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

uint64_t
hist_quantile(const struct hist *h, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;

	for (unsigned i = 0; i < HIST_SIZE; i++) {
		seen += h->bucket[i];
		if (seen > wanted)
			return bucket_start(i);
	}
	return h->max;
}

void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t
clock_read(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t
clock_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t
clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

double
number_read(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value < 1e12))
		die("not a number: %s", text);
	return value;
}

size_t
name_put(uint8_t *to, const char *name)
{
	size_t n = 0;

	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > 63 || n + label + 2 > 255)
			die("not a name: %s", name);
		to[n++] = (uint8_t)label;
		memcpy(to + n, name, label);
		n += label;
		name += label;
		if (*name == '.')
			name++;
	}
	to[n++] = 0;
	return n;
}

unsigned
type_read(const char *mnemonic)
{
	static const struct {
		const char *name;
		unsigned type;
	} types[] = {
		{"A", 1},     {"SOA", 6},  {"PTR", 12}, {"TXT", 16},
		{"AAAA", 28}, {"LOC", 29}, {"SRV", 33},
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(types[i].name, mnemonic) == 0)
			return types[i].type;
	die("unknown type: %s", mnemonic);
}

size_t
question_put(uint8_t *to, const char *name, unsigned type)
{
	size_t n;

	memset(to, 0, 12);
	to[2] = 1; /* RD: BIND leaves out authority only then */
	to[5] = 1;
	n = 12 + name_put(to + 12, name);
	put16(put16(to + n, type), 1);
	return n + 4;
}

size_t
question_extend(uint8_t *to, size_t length, unsigned payload)
{
	uint8_t *opt = to + length;

	memset(opt, 0, OPT_LEN);
	put16(put16(opt + 1, 41), payload);
	to[11] = 1;
	return length + OPT_LEN;
}

int
udp_connect(unsigned port, int buffer)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect: %s", strerror(errno));
	return fd;
}
