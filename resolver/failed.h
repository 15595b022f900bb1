/*
 * Failures that are remembered for RESOLVE_FAILURE_TTL (RFC 9520), so that a
 * question that nobody can answer is not asked again and again. They stand
 * here and not in the cache, where they would push out the stale answer that is
 * given instead (RFC 8767). A table of fixed size; the newer one stays.
 */
#ifndef PLACED_RESOLVER_FAILED_H
#define PLACED_RESOLVER_FAILED_H

#include "lib/base.h"

#define FAILED_MAX 512
#define FAILED_TEXT_MAX 128

struct failed;

/* A question as octets that tell it from any other, and their hash. */
struct failed_key {
	const uint8_t *octets;
	size_t len;
	uint64_t hash;
};

struct failed *failed_new(void); /* NULL: memory */
void failed_free(struct failed *f);
/* Until `until`, milliseconds of the resolver's clock. Without memory it is not
 * remembered. */
void failed_note(struct failed *f, const struct failed_key *k, uint64_t until,
		 int ede, const char *text);
/* text has FAILED_TEXT_MAX octets. */
bool failed_find(struct failed *f, const struct failed_key *k, uint64_t now,
		 int *ede, char *text);
void failed_clear(struct failed *f);
#endif
