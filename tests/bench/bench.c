#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
hist_print(const struct hist *h, const char *prefix)
{
	printf("\t%sp50_us=%.1f\t%sp99_us=%.1f", prefix,
	       (double)hist_quantile(h, 0.5) / 1e3, prefix,
	       (double)hist_quantile(h, 0.99) / 1e3);
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

uint64_t
rate_left(double rate, uint64_t start, uint64_t begun, uint64_t *due)
{
	uint64_t allowed;

	*due = UINT64_MAX;
	if (rate == 0)
		return UINT64_MAX;
	allowed = (uint64_t)((double)(clock_ns() - start) * rate / 1e9);
	*due = start + (uint64_t)((double)(begun + 1) * 1e9 / rate);
	return allowed > begun ? allowed - begun : 0;
}

struct timespec
time_until(uint64_t now, uint64_t due, uint64_t most_ns)
{
	uint64_t ns = due > now ? due - now : 0;

	if (ns > most_ns)
		ns = most_ns;
	return (struct timespec){(time_t)(ns / 1000000000U),
				 (long)(ns % 1000000000U)};
}

void
spin(void)
{
	for (int i = 0; i < 40; i++)
		__builtin_ia32_pause();
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

static void
option_set(const struct option_row *row, const char *text)
{
	double number = row->kind == OPTION_TEXT ? 0 : number_read(text);

	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)row->to = text;
		break;
	case OPTION_DOUBLE:
		*(double *)row->to = number;
		break;
	case OPTION_INT:
		*(int *)row->to = (int)number;
		break;
	case OPTION_UNSIGNED:
		*(unsigned *)row->to = (unsigned)number;
		break;
	case OPTION_COUNT:
		*(uint64_t *)row->to = (uint64_t)number;
		break;
	case OPTION_BOOL:
		*(bool *)row->to = number != 0;
		break;
	}
}

void
options_parse(const struct option_row *rows, int argc, char **argv)
{
	char letters[64] = "+";
	size_t n = 1;
	int c;

	for (const struct option_row *row = rows; row->letter != 0; row++) {
		letters[n++] = row->letter;
		letters[n++] = ':';
	}
	while ((c = getopt(argc, argv, letters)) != -1) {
		const struct option_row *row = rows;

		while (row->letter != 0 && row->letter != c)
			row++;
		if (row->letter == 0)
			die("%s: see the top of %s.c",
			    program_invocation_short_name,
			    program_invocation_short_name);
		option_set(row, optarg);
	}
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

static struct sockaddr_in
loopback(unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int
udp_connect(unsigned port, int buffer)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect: %s", strerror(errno));
	return fd;
}

void
udp_connect_all(struct pollfd *sockets, unsigned count, unsigned port)
{
	for (unsigned i = 0; i < count; i++)
		sockets[i] = (struct pollfd){
			.fd = udp_connect(port, 0),
			.events = POLLIN,
		};
}

void
udp_send(int fd, const uint8_t *message, size_t n)
{
	if (send(fd, message, n, 0) < 0 && errno != ECONNREFUSED)
		die("send: %s", strerror(errno));
}

int
udp_listen(unsigned port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		die("port %u: %s", port, strerror(errno));
	return fd;
}

int
batch_receive(struct batch *b, int fd)
{
	for (unsigned i = 0; i < b->count; i++) {
		b->vector[i] = (struct iovec){b->buffer[i], DATAGRAM - b->room};
		b->message[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof b->from[i],
			.msg_iov = &b->vector[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, b->message, b->count, MSG_WAITFORONE, NULL);
}

void
batch_send(struct batch *b, int fd, int n)
{
	for (int sent = 0; sent < n;) {
		int k = sendmmsg(fd, b->message + sent, (unsigned)(n - sent),
				 0);

		sent += k > 0 ? k : 1;
	}
}
