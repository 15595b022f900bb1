/*
 * What the files of the cache share; nobody else includes this.
 *
 *   cache.c        opening, views, get, put
 *   cache_file.c   may what is on disk be trusted? cache.state
 *   cache_room.c   rows of both tables: put, evict, remove; the counts
 *   cache_write.c  the writer's thread
 */
#ifndef PLACED_RESOLVER_CACHE_INTERNAL_H
#define PLACED_RESOLVER_CACHE_INTERNAL_H

#include "resolver/cache.h"
#include "zones/key.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- keys ----------------------------------------------------------------- */

#define CACHE_TAIL_LEN 4 /* 00, type, variant */

/* Key in answers: k.octets + KEY_ID_LEN, so many octets. */
static inline size_t
cache_key_len(const struct key *k)
{
	return k->len - KEY_ID_LEN;
}

void cache_key_make(struct key *k, const uint8_t *qname, uint16_t qtype,
		    uint8_t variant);

enum cache_class {
	CACHE_NEW,
	CACHE_KEPT,
	CACHE_CLASSES
};

#define CACHE_ORDER_LEN 9 /* class, number */

/* A value in answers. */
struct cache_row {
	const uint8_t *order; /* key in order */
	const uint8_t *entry;
	size_t len; /* of entry */
};

#define CACHE_ROW_HEAD (4 + CACHE_ORDER_LEN)

/* False: too short, or not what was written. */
bool cache_row_open(struct cache_row *r, const uint8_t *key, size_t key_len,
		    const struct store_value *value);

/* --- threads -------------------------------------------------------------- */

/* Keys in order of entries that were hit, from one view to the writer; when
 * it is full they are lost. */
#define CACHE_NOTES 64

struct cache_notes {
	_Atomic uint32_t head; /* written so far, by the view */
	_Atomic uint32_t tail; /* read so far, by the writer */
	uint8_t order[CACHE_NOTES][CACHE_ORDER_LEN];
};

struct cache_view {
	struct cache *cache;
	struct store_view *reader;
	struct cache_view *next;	/* in the cache's list */
	uint8_t noted[CACHE_ORDER_LEN]; /* the last one */
	struct cache_notes notes;
};

struct cache_item {
	struct cache_item *next;
	size_t key_len, len;
	uint8_t octets[]; /* key in answers, entry */
};

/* On the stack of who waits for it. */
struct cache_flushing {
	struct cache_flushing *next;
	struct key key;
	bool below;
	uint64_t removed;
	enum err result;
	bool done;
};

/* What goes back when a transaction is given up. */
struct cache_counts {
	uint64_t entries[CACHE_CLASSES], octets[CACHE_CLASSES];
	uint64_t number;  /* the last one in order */
	uint64_t evicted; /* since open; not stored */
};

struct cache {
	struct store *store;
	char *dir;
	struct cache_options options;
	uint64_t high, full, hard; /* octets in use, see cache_room.c */
	unsigned batch_items;	   /* a transaction */
	size_t batch_octets;
	/* Kept entries with lower numbers are to be noted when they are hit. */
	_Atomic uint64_t note_below;
	_Atomic uint32_t generation; /* flushes that are done */
	pthread_t thread;
	bool running;
	pthread_mutex_t mutex; /* of all below up to the writer's own */
	pthread_cond_t wake;   /* the writer; on CLOCK_MONOTONIC */
	pthread_cond_t done;   /* who waits for it */
	struct cache_item *first, **end;
	unsigned queued;
	size_t queued_octets;
	uint64_t taken_in, dealt_with; /* items */
	struct cache_flushing *flushing;
	unsigned hurry; /* who waits: no gathering */
	bool stopping;
	struct cache_view *views;
	struct cache_stats stats;
	/* The writer's own: */
	struct cache_counts counts;
	bool unmarked;	 /* nothing was written: cache_file_mark() first */
	bool trouble;	 /* it could not write the last time */
	bool told;	 /* and the log says so */
	int64_t told_at; /* seconds of the monotonic clock */
	bool spoilt;	 /* what is in the file makes no sense */
	unsigned note_count;
	uint8_t notes[CACHE_NOTES * 4][CACHE_ORDER_LEN];
	uint8_t row[CACHE_ROW_HEAD + ENTRY_MAX];
};

#define CACHE_GATHER_ITEMS 256 /* the writer waits for more, a moment */

uint32_t cache_now(const struct cache *c);

/* --- cache_file.c --------------------------------------------------------- */

/* Throws the file away, with a line in the log, unless it may be used. What is
 * whole stays so until the first write: *unmarked, and a start does not wait
 * for the disk; of any other it is written that it is in use. */
enum err cache_file_claim(const char *dir, bool *unmarked, struct diag *d);
/* Writes that it is in use: before the first write to it. */
enum err cache_file_mark(const char *dir, struct diag *d);
/* Throws it away, because of this. */
enum err cache_file_discard(const char *dir, const char *why, struct diag *d);
/* After store_sync(): the next may use it. Not whole: nobody may. */
void cache_file_release(const char *dir, bool whole);

/* --- cache_room.c --------------------------------------------------------- */

/* Water marks and batches, from the limit. */
void cache_room_init(struct cache *c);
enum err cache_counts_read(struct cache *c, struct store_view *v);
enum err cache_counts_write(struct cache *c, struct store_txn *t);

/* Writes an entry in place of what is there under its key. */
enum err cache_row_put(struct cache *c, struct store_txn *t, const uint8_t *key,
		       size_t key_len, const uint8_t *entry, size_t len);
/* Removes a row of answers with what belongs to it. */
enum err cache_row_remove(struct cache *c, struct store_txn *t,
			  const uint8_t *key, size_t key_len);
/* An entry that was hit becomes the latest of the kept; one that is gone or has
 * another place by now is fine. */
enum err cache_row_keep(struct cache *c, struct store_txn *t,
			const uint8_t *order);
/* Evicts if too little is free, for `incoming` octets. */
enum err cache_make_room(struct cache *c, struct store_txn *t,
			 uint64_t incoming);
/* Evicts so many entries. */
enum err cache_evict(struct cache *c, struct store_txn *t, unsigned count);

/* --- cache_write.c -------------------------------------------------------- */

void *cache_write_run(void *cache);

#endif
