/*
 * The cache: foreign answers in an LMDB file of its own (cache.mdb beside
 * placed.mdb), read by every worker, written by one thread.
 *
 *   worker ── cache_put(): a copy in a bounded queue ──→ cache's writer
 *     │                                                    │ batches, no sync
 *     └── cache_get(): its own snapshot ←── cache.mdb ←────┘
 *
 *   table    key                                      value
 *   answers  name as in zones/key.h (id 0, the root   entry (entry.h)
 *            as apex), type (2), variant (1)
 *   order    when it may go (4), number (8)           key in answers
 *
 * Clients are answered from the message itself, not from the cache, so the
 * writer may lag; cache_put() drops when the queue is full. Eviction keeps the
 * file within `limit`: first what is stale beyond stale_max, then what expires
 * soonest. Nothing here is synced: after a stop that was not clean the file is
 * used only if the machine has not been started anew since (what a process
 * wrote before kill -9 is in the page cache, whole transactions in order); else,
 * or when it is not whole, it is thrown away and begun again. A cache that
 * cannot be opened or written costs speed, never an answer: the server runs
 * without it and says so.
 */
#ifndef PLACED_RESOLVER_CACHE_H
#define PLACED_RESOLVER_CACHE_H

#include "lib/base.h"
#include "resolver/entry.h"

#define CACHE_FILE "cache.mdb"

struct cache;
struct cache_view; /* of one thread */

struct cache_options {
	uint64_t limit;	    /* octets of the file, at least 1 MiB */
	unsigned readers;   /* threads that read at once */
	uint32_t stale_max; /* seconds that an entry is kept beyond its TTL */
	uint64_t (*now)(void); /* seconds since the epoch; NULL: the clock's */
};

/* Opens or makes the file in dir and starts the writer. After open, called from
 * the process that will use it (no fork later). */
enum err cache_open(struct cache **c, const char *dir,
		    const struct cache_options *o, struct diag *d);
/* Writes what is queued, marks the file clean, joins. Views first. NULL ok. */
void cache_close(struct cache *c);

struct cache_view *cache_view_new(struct cache *c); /* NULL: memory, readers */
void cache_view_free(struct cache_view *v);

/* The last committed snapshot, for a batch; pointers from cache_get() hold until
 * end. False: the cache cannot be read now: everything is a miss. */
bool cache_view_begin(struct cache_view *v);
void cache_view_end(struct cache_view *v);
/* As store_view_number(): the same number, the same content. */
uint64_t cache_view_number(const struct cache_view *v);

/* Fresh or not: the caller decides by entry_fresh(). False: not here. variant:
 * CACHE_DO | CACHE_CD bits of the question. No malloc. */
#define CACHE_DO 1
#define CACHE_CD 2
bool cache_get(struct cache_view *v, const uint8_t *qname, uint16_t qtype,
	       uint8_t variant, struct entry *e);

/* Queues a copy. Any thread. False: the queue is full, or no memory: dropped. */
bool cache_put(struct cache *c, const uint8_t *qname, uint16_t qtype,
	       uint8_t variant, const uint8_t *octets, size_t len);

/* Removes what is cached at name, or, with below, at and below it. Any thread
 * but the writer's; returns when done. *removed may be NULL. */
enum err cache_flush(struct cache *c, const uint8_t *name, bool below,
		     uint64_t *removed, struct diag *d);

struct cache_stats {
	uint64_t entries, octets, limit;
	uint64_t written, dropped, evicted;
	bool usable;
};
void cache_stats(struct cache *c, struct cache_stats *s);

/* For tests: returns when everything queued so far is committed. */
void cache_wait(struct cache *c);

#endif
