/*
 * What the clients of the benchmark share: a clock, a histogram of latencies,
 * questions in wire form, a UDP socket. They share nothing with the server,
 * so that one cannot hide the other's mistakes.
 */
#ifndef PLACED_TESTS_BENCH_BENCH_H
#define PLACED_TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum {
	HIST_SUB = 64, /* buckets in each power of two: 1.6 % wide */
	HIST_SIZE = 64 * HIST_SUB,
	OPT_LEN = 11,
	QUESTION_MAX = 12 + 255 + 4 + OPT_LEN,
};

struct hist {
	uint64_t count, max;
	uint64_t bucket[HIST_SIZE];
};

void hist_add(struct hist *h, uint64_t value);

/* The value below which the share q (0 to 1) of all lies. */
uint64_t hist_quantile(const struct hist *h, double q);

void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

uint64_t clock_ns(void);      /* for durations */
uint64_t clock_wall_ns(void); /* comparable with the kernel's stamps */

/* A whole number or a decimal of an option; dies if it is none. */
double number_read(const char *text);

/* A name in presentation form without escapes; its length in wire form. */
size_t name_put(uint8_t *to, const char *name);

unsigned type_read(const char *mnemonic);

/* A query with RD, of id 0, into QUESTION_MAX octets; its length. */
size_t question_put(uint8_t *to, const char *name, unsigned type);

/* Puts an OPT that takes so many octets behind a question; the new length. */
size_t question_extend(uint8_t *to, size_t length, unsigned payload);

/* A socket that is connected to 127.0.0.1; buffer: octets, 0: as it is. */
int udp_connect(unsigned port, int buffer);

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
