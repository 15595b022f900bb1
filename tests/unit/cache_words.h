/*
 * Words for tests of the cache: one in a folder of its own, entries put there
 * by name, and what is found of them.
 */
#ifndef PLACED_TESTS_CACHE_WORDS_H
#define PLACED_TESTS_CACHE_WORDS_H

#include "resolver/cache.h"

#include <stdatomic.h>

extern char dir[256], file[300], state[300]; /* the cache's, in dir */
extern struct cache *c;
extern struct cache_view *v;
extern struct diag diag;
extern _Atomic uint64_t now;	     /* seconds, begins at ANSWER_NOW */
extern struct cache_options options; /* of the next open_cache() */

/* For TestSuite(): the folder; what is open in the end is closed. */
void set_up(void);
void tear_down(void);

void open_cache(void);
void close_cache(void);

/* An entry for name A with that TTL, made now; put() means 300. */
bool put_ttl(const char *name, uint32_t ttl);
void put(const char *name);

/* A set that takes so many octets. */
bool put_large(const char *name, size_t size);

/* Whether there is an entry; it is a copy, until the next call. */
bool get_type(const char *name, uint16_t type, uint8_t variant,
	      struct entry *e);
bool has(const char *name); /* of what put() put */

struct cache_stats stats(void);

/* "WHATi.example.", until the next call. */
const char *numbered(const char *what, unsigned i);

/* New names, as many as a client asks for that wants to do harm; written when
 * it returns. */
void flood(unsigned from, unsigned end);

uint64_t file_size(void);

#endif
