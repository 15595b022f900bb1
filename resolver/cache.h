/*
 * The cache: foreign answers in an LMDB file of its own (cache.mdb beside
 * placed.mdb), read by every worker, written by one thread.
 *
 *   worker ── cache_put(): a copy in a bounded queue ──→ cache's writer
 *     │                                                    │ batches, no sync
 *     └── cache_get(): its own snapshot ←── cache.mdb ←────┘
 *
 *   table    key                                    value
 *   answers  name as in zones/key.h, without id,    check (4), key in order
 *            below the root; 00, type (2),          (9), entry (entry.h)
 *            variant (1)
 *   order    class (1), number (8)                  key in answers
 *   meta     "counts"                               entries and octets a class
 *
 * Clients are answered from the message itself, not from the cache, so the
 * writer may lag: it gathers for 20 ms, and cache_put() drops when the queue is
 * full.
 *
 * Room. The file never exceeds `limit`: that is the map's size. Of this an
 * eighth (1 MiB at least, or half) is kept free, for pages that a change frees
 * cannot be used at once. When it is touched, what comes in throws out a little
 * more than its own size. There are two classes, so that a flood of new names
 * does not throw out what is in use:
 *
 *   new    first come, first gone. Entries are new until they are asked for
 *          again: a hit is noted to the writer (some words in a ring; what
 *          does not fit is lost), or they are renewed while still here.
 *   kept   least recently used first: renewed, or hit when half of the kept
 *          have been renewed or hit since.
 *
 * Numbers go up by one a write, so order needs no clock and none can upset it.
 * Out goes first the oldest of the kept if it is of no use any more (TTL and
 * stale_max are over) or more than three quarters are kept; else the oldest of
 * the new. Failures (RFC 9520) are not kept here (resolver/failed.h).
 *
 * Trust. Nothing here is synced. What a process wrote before kill -9 is in the
 * page cache, whole transactions in order, but a machine that stops may leave
 * any mixture of old and new pages. So cache.state, a small file that is
 * synced, says before the first write under which start of the machine the file
 * is in use, and after an orderly close that it is whole. When it says neither
 * "whole" nor "this start", or the file is cut short, of another version,
 * larger than the limit or not LMDB's, it is thrown away with a line in the
 * log, and begun again. Each entry has a check that cache_get() looks at, so an
 * octet that rotted is a miss. A cache that cannot be opened or written costs
 * speed, never an answer: the server runs without it and says so; once the disk
 * has room it is written again.
 */
#ifndef PLACED_RESOLVER_CACHE_H
#define PLACED_RESOLVER_CACHE_H

#include "lib/base.h"
#include "resolver/entry.h"
#include "zones/store.h"

#define CACHE_STATE_FILE "cache.state" /* beside STORE_CACHE_FILE */
#define CACHE_LIMIT_MIN (UINT64_C(1) << 20)
#define CACHE_QUEUE_ITEMS 4096
#define CACHE_QUEUE_OCTETS (4u << 20)

struct cache;
struct cache_view; /* of one thread */

struct cache_options {
	uint64_t limit;	    /* octets of the file, at least 1 MiB */
	unsigned readers;   /* threads that read at once */
	uint32_t stale_max; /* seconds that an entry is kept beyond its TTL */
	uint64_t (*now)(void); /* seconds since the epoch; NULL: the clock's */
};

/*
 * Opens or makes the file in dir and starts the writer; called from the process
 * that will use it (no fork later). ERR_BUSY: somebody else has it open.
 * ERR_FULL, ERR_IO, ERR_DENIED, ERR_NOMEM; one sentence each.
 */
enum err cache_open(struct cache **c, const char *dir,
		    const struct cache_options *o, struct diag *d);
/* Writes what is queued, marks the file clean, joins. Views first. NULL ok. */
void cache_close(struct cache *c);

struct cache_view *cache_view_new(struct cache *c); /* NULL: memory, readers */
void cache_view_free(struct cache_view *v);

/* The last committed snapshot, for a batch; pointers from cache_get() hold
 * until end. False: the cache cannot be read now: everything is a miss. */
bool cache_view_begin(struct cache_view *v);
void cache_view_end(struct cache_view *v);
/* As store_view_number(): the same number, the same content. */
uint64_t cache_view_number(const struct cache_view *v);

/*
 * Fresh or not: the caller decides by entry_fresh(). False: not here. variant:
 * bits of the question. No malloc; one descent.
 */
#define CACHE_DO 1
#define CACHE_CD 2
/* And how it was asked, so that no answer is mistaken for one of another kind
 * (resolve_cache_variant()). */
#define CACHE_PRIVATE 4 /* private addresses were let through */
#define CACHE_CHILD 8	/* by a delegated child's servers, not by the uplink */
#define CACHE_SPACE 16	/* about space: with what rides along (entry_policy) */
bool cache_get(struct cache_view *v, const uint8_t *qname, uint16_t qtype,
	       uint8_t variant, struct entry *e);

/* Queues a copy; an entry with TTL 0 is passed over (true). Any thread. False:
 * the queue is full, no memory, or larger than a 32nd of the limit: dropped. */
bool cache_put(struct cache *c, const uint8_t *qname, uint16_t qtype,
	       uint8_t variant, const uint8_t *octets, size_t len);

/* Removes what is cached at name, or, with below, at and below it. Any thread
 * but the writer's; returns when done. *removed may be NULL. */
enum err cache_flush(struct cache *c, const uint8_t *name, bool below,
		     uint64_t *removed, struct diag *d);

/* Goes up at the end of each cache_flush(). Read before cache_view_begin(), it
 * says for how long a copy of what that snapshot held may be used. Any thread.
 */
uint32_t cache_generation(const struct cache *c);

struct cache_stats {
	uint64_t entries, kept; /* in all; of these, asked for again */
	uint64_t octets, limit; /* pages in use; the file's most */
	uint64_t written, dropped, evicted; /* since open */
	bool usable;			    /* false: cannot be written now */
};
void cache_stats(struct cache *c, struct cache_stats *s);

/* For tests: returns when everything queued so far is committed. */
void cache_wait(struct cache *c);

#endif
