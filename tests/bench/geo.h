/*
 * What the files of the client `geo` share: how a server is asked what is near,
 * and how its replies are read. geo.c is the rest.
 */
#ifndef PLACED_TESTS_BENCH_GEO_H
#define PLACED_TESTS_BENCH_GEO_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_MAX 256 /* octets of a question */

/* What is asked: all within so many metres, or of these the k nearest, or the k
 * nearest of all; k 0: all. positions: hits have them beside their names. */
struct search {
	unsigned metres, k;
	bool positions;
	const char *zone; /* in DNS */
};

struct reply {
	unsigned long hits;
	bool failed;
};

struct protocol {
	const char *name;
	/* Makes a connection ready for questions; dies if it cannot. The
	 * session of the process that answers on it, 0: the server's own. May
	 * be NULL. */
	int (*begin)(int fd, const struct search *s);
	/* A question at that spot, degrees and metres in decimals, into
	 * COMMAND_MAX octets; its length. */
	unsigned (*ask)(char *to, const struct search *s, const char *lat,
			const char *lon, const char *metres);
	/* The octets of a reply that begins there; 0: it is not all there. */
	size_t (*reply)(struct reply *r, const char *text, size_t len);
};

extern const struct protocol geo_redis, geo_postgis, geo_dns;

/* Adds what a file says, "name lat lon" a line, and has it saved. */
void geo_redis_fill(int fd, const char *members);

#endif
