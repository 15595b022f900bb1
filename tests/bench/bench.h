/*
 * What the programs of the benchmark share: options, clocks and rates, a
 * histogram of latencies, questions in wire form, UDP sockets, datagrams in
 * batches. They share nothing with the server, so that one cannot hide the
 * other's mistakes.
 */
#ifndef PLACED_TESTS_BENCH_BENCH_H
#define PLACED_TESTS_BENCH_BENCH_H

#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

enum {
	HIST_SUB = 64, /* buckets in each power of two: 1.6 % wide */
	HIST_SIZE = 64 * HIST_SUB,
	OPT_LEN = 11,
	QUESTION_MAX = 12 + 255 + 4 + OPT_LEN,
	BATCH_MAX = 64,
	DATAGRAM = 1500,
};

struct hist {
	uint64_t count, max;
	uint64_t bucket[HIST_SIZE];
};

void hist_add(struct hist *h, uint64_t value);

/* The value below which the share q (0 to 1) of all lies. */
uint64_t hist_quantile(const struct hist *h, double q);

/* Median and 99th percentile of nanoseconds, as key=value in microseconds, a
 * tab before each, the prefix in front of each key. */
void hist_print(const struct hist *h, const char *prefix);

void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

uint64_t clock_ns(void);      /* for durations */
uint64_t clock_wall_ns(void); /* comparable with the kernel's stamps */

/* How many more than those that began since start may begin by now, at so many
 * a second (0: any number); *due: when the next one may. By clock_ns(). */
uint64_t rate_left(double rate, uint64_t start, uint64_t begun, uint64_t *due);

/* From now until due, but at most so long. */
struct timespec time_until(uint64_t now, uint64_t due, uint64_t most_ns);

/* A moment of doing nothing, without sleeping. */
void spin(void);

/* A whole number or a decimal; dies if it is none. */
double number_read(const char *text);

/* Options of one letter, each with a value. */
struct option_row {
	char letter;
	enum {
		OPTION_TEXT,	 /* const char * */
		OPTION_DOUBLE,	 /* double */
		OPTION_INT,	 /* int */
		OPTION_UNSIGNED, /* unsigned */
		OPTION_COUNT,	 /* uint64_t */
		OPTION_BOOL,	 /* bool, from 0 or 1 */
	} kind;
	void *to;
};

/* rows: up to one without a letter. Ends at what is no option, optind; dies if
 * an option is in no row. */
void options_parse(const struct option_row *rows, int argc, char **argv);

/* A name in presentation form without escapes; its length in wire form. */
size_t name_put(uint8_t *to, const char *name);

unsigned type_read(const char *mnemonic);

/* A query with RD, of id 0, into QUESTION_MAX octets; its length. */
size_t question_put(uint8_t *to, const char *name, unsigned type);

/* Puts an OPT that takes so many octets behind a question; the new length. */
size_t question_extend(uint8_t *to, size_t length, unsigned payload);

/* A socket that is connected to 127.0.0.1; buffer: octets, 0: as it is. */
int udp_connect(unsigned port, int buffer);

/* So many of them, to be polled for input. */
void udp_connect_all(struct pollfd *sockets, unsigned count, unsigned port);

/* Sends; dies if it cannot, but not if nobody listens. */
void udp_send(int fd, const uint8_t *message, size_t n);

/* A socket that is bound to 127.0.0.1, with a buffer of 1 MiB. */
int udp_listen(unsigned port);

/*
 * Datagrams that come and are answered where they lie: batch_receive() waits
 * for the first, message[i].msg_len says how long it is; the answer's length
 * goes to vector[i].iov_len before batch_send().
 */
struct batch {
	unsigned count; /* how many at once, up to BATCH_MAX */
	size_t room;	/* octets of a DATAGRAM that are for the answer only */
	struct mmsghdr message[BATCH_MAX];
	struct iovec vector[BATCH_MAX];
	struct sockaddr_in from[BATCH_MAX];
	uint8_t buffer[BATCH_MAX][DATAGRAM];
};

int batch_receive(struct batch *b, int fd); /* how many; below 1: none */
void batch_send(struct batch *b, int fd, int n);

static inline uint8_t *
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return to + 2;
}

static inline unsigned
get16(const uint8_t *from)
{
	return (unsigned)from[0] << 8 | from[1];
}

#endif
