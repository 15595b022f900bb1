/*
 * The store: one LMDB environment; only zones/store*.c include lmdb.h.
 *
 *   table    key                     value
 *
 *   meta     name                    schema version, boot count, next zone id,
 *                                    erase list, key tags
 *   zones    key of the apex         struct zone_record (zones/zone.h)
 *   nodes    zone id, owner          zones/key.h, zones/node.h
 *   journal  zone id, version        zones/journal.h
 *   cells    zone id, kind, cell, number  zones/places.h
 *
 * Any number of threads read, each with a store_reader of its own, and see the
 * last committed snapshot; one thread at a time holds the store_txn and
 * writes. Nothing here ever moves the map: address space is reserved once (64
 * GiB), `limit` is the real cap. A store is opened once in a process; never
 * on NFS.
 */
#ifndef PLACED_ZONES_STORE_H
#define PLACED_ZONES_STORE_H

#include "lib/base.h"

#define STORE_SCHEMA 3		/* 1: no cells; 2: without riders */
#define STORE_FILE "placed.mdb" /* in the store's directory, with its -lock */
#define STORE_CACHE_SCHEMA 1
#define STORE_CACHE_FILE "cache.mdb" /* beside it */

enum store_table {
	STORE_META,
	STORE_ZONES,
	STORE_NODES,
	STORE_JOURNAL,
	STORE_CELLS,
	STORE_ANSWERS, /* of the cache, see resolver/cache.h */
	STORE_ORDER,   /* likewise */
	STORE_TABLES
};

/* What an environment is for: which tables it has, and what it can bear. */
enum store_kind {
	STORE_OF_ZONES, /* STORE_FILE; whatever is committed is on disk */
	STORE_OF_CACHE, /* STORE_CACHE_FILE; nothing is synced, and whether it
			   may be used again is for its owner to know */
};

struct store;

struct store_options {
	enum store_kind kind;
	/* Octets; 0: no cap but the address space. Of a cache the size of the
	 * map: the file is never larger, ERR_FULL tells. */
	uint64_t limit;
	unsigned readers; /* threads that will read at once */
	bool create;	  /* make the directory and the file if not there */
	bool read_only;	  /* offline tools, also beside a running server */
};

/*
 * ERR_VERSION (other schema), ERR_CORRUPT (cut short, not LMDB), ERR_DENIED,
 * ERR_BUSY (another process holds it for writing), ERR_NOTFOUND, ERR_IO, each
 * with one sentence that names the file and what to do; then nothing was
 * touched. Of a cache also ERR_RANGE: the file is larger than the limit.
 *
 * A store of an older schema is brought up to date before it is used, after a
 * copy of it was made in the directory before-schema-3 within dir (with -2, -3
 * ... behind it if that is taken), which nobody ever removes. If that fails,
 * the store is as it was. Opened for reading only, it is ERR_VERSION.
 */
enum err store_open(struct store **s, const char *dir,
		    const struct store_options *o, struct diag *d);

/* A cache: all that was committed is on disk when it returns ERR_OK. */
enum err store_sync(struct store *s);

/* All readers must be freed, all transactions ended. NULL is fine. */
void store_close(struct store *s);

/* How often the store was opened for writing, this time included. */
uint64_t store_boots(const struct store *s);

/*
 * True once LMDB has given the environment up: its header could not be
 * written, and until it is opened again it answers nobody. What was committed
 * before is sound. Thread-safe.
 */
bool store_is_dead(const struct store *s);

/* Frees the places of readers whose process died; on a timer. Thread-safe. */
void store_check_readers(struct store *s);

struct store_usage {
	uint64_t file_octets; /* pages ever used, as octets */
	uint64_t free_octets; /* of these, free for reuse */
	uint64_t limit;
};
enum err store_usage(struct store *s, struct store_usage *u);

/* A consistent, compact copy into dir (made if needed; must not hold a store)
 * while others read and write. */
enum err store_backup(struct store *s, const char *dir, struct diag *d);

/* --- reading ---------------------------------------------------------------
 */

/* A pointer into the map (reading) or a dirty page (writing, until the next
 * write). */
struct store_value {
	const uint8_t *octets;
	size_t len;
};

/*
 * One view of the store with cursors of its own; used by one thread. The same
 * calls read from a snapshot or, inside a write transaction, what it has made
 * so far: lookup does not know the difference.
 */
struct store_view;

/* A reader at rest; NULL: memory, or more than options.readers. */
struct store_view *store_reader_new(struct store *s);
void store_reader_free(struct store_view *v);

/* Takes the last committed snapshot. Pointers into the map hold until
 * store_reader_end(). */
enum err store_reader_begin(struct store_view *v);
void store_reader_end(struct store_view *v);

/*
 * The snapshot's number: the same number means the same content, so what was
 * copied from a snapshot stays true until the number changes. 0 inside a write
 * transaction: there every write changes the content, so nothing may be kept.
 */
uint64_t store_view_number(const struct store_view *v);

/* Exactly this key: ERR_NOTFOUND if not there. */
enum err store_get(struct store_view *v, enum store_table t, const void *key,
		   size_t key_len, struct store_value *value);

/*
 * The values of many keys of STORE_NODES, looked for side by side: from a store
 * that does not fit into the processor's caches that costs about half of as
 * many store_get(). A value's octets are NULL if the key is not there, or
 * cannot be found this way (inside a write transaction nothing can): then
 * store_get() tells. `barren`: no key begins with this one, which is known
 * where the next one happens to lie at hand.
 */
#define STORE_MANY_MAX 64
struct store_wanted {
	const uint8_t *key;
	size_t key_len;
	struct store_value value;
	bool barren;
};
void store_get_many(struct store_view *v, struct store_wanted *wanted,
		    unsigned n);

/*
 * Stretches of a table, each read from a key on, entry by entry. Where they
 * begin is sought side by side, and a step costs a fraction of store_next();
 * inside a write transaction all is as it would be without.
 */
struct store_run {
	const uint8_t *key; /* set by the caller, for whom it stays; */
	size_t key_len;	    /* not 0 */
	size_t prefix_len;  /* all its keys begin with so many of its octets */
	/* the store's own */
	const uint8_t *page, *last;
	size_t last_len;
	unsigned at, entries;
	unsigned sure; /* entries of the page before this one are the run's */
	bool ended;
};

/* STORE_MANY_MAX at most. */
void store_runs_start(struct store_view *v, enum store_table t,
		      struct store_run *runs, unsigned n);

/* The next entry of a run; ERR_NOTFOUND at its end. The table's cursor stands
 * anywhere then. */
enum err store_run_next(struct store_view *v, enum store_table t,
			struct store_run *r, struct store_value *found_key,
			struct store_value *value);

/* The first entry with a key >= this one; ERR_NOTFOUND at the table's end. */
enum err store_seek(struct store_view *v, enum store_table t, const void *key,
		    size_t key_len, struct store_value *found_key,
		    struct store_value *value);

/* The same among keys that begin with the first prefix_len octets of this one.
 * What lies beyond them is not handed out: ERR_NOTFOUND, and the cursor stands
 * there. */
enum err store_seek_within(struct store_view *v, enum store_table t,
			   const void *key, size_t key_len, size_t prefix_len,
			   struct store_value *found_key,
			   struct store_value *value);

/* From where store_seek() (or these) left this table's cursor; store_prev()
 * after a seek that found nothing gives the table's last entry. store_get()
 * does not move it; after a write, seek again. */
enum err store_next(struct store_view *v, enum store_table t,
		    struct store_value *found_key, struct store_value *value);
enum err store_prev(struct store_view *v, enum store_table t,
		    struct store_value *found_key, struct store_value *value);

/* As store_next() or store_prev(), if the key begins with this prefix; else
 * ERR_NOTFOUND, and nothing is handed out. */
enum err store_next_within(struct store_view *v, enum store_table t,
			   const void *prefix, size_t prefix_len,
			   struct store_value *found_key,
			   struct store_value *value);
enum err store_prev_within(struct store_view *v, enum store_table t,
			   const void *prefix, size_t prefix_len,
			   struct store_value *found_key,
			   struct store_value *value);

/*
 * For tests, which prove by it that an answer is made from one zone alone:
 * counts from now on what the view hands out of the nodes, journals and cells
 * of other zones than this one. Id 0: no longer.
 */
void store_view_watch(struct store_view *v, uint32_t id);
uint64_t store_view_strayed(const struct store_view *v);

/* --- writing (zones/edit.c, import and zone records only) ------------------
 */

struct store_txn;

enum err store_txn_begin(struct store *s, struct store_txn **t);
struct store_view *store_txn_view(struct store_txn *t);

/* ERR_FULL (map or disk), ERR_IO. After an error only store_txn_abort() is
 * allowed. store_delete(): ERR_NOTFOUND, which harms nothing. */
enum err store_put(struct store_txn *t, enum store_table table, const void *key,
		   size_t key_len, const void *value, size_t value_len);
/* As store_put if nothing is there; else ERR_EXISTS, and *old is what is. */
enum err store_put_new(struct store_txn *t, enum store_table table,
		       const void *key, size_t key_len, const void *value,
		       size_t value_len, struct store_value *old);
/* As store_put with keys in ascending order at the table's end: packs pages
 * fully. Falls back by itself. */
enum err store_append(struct store_txn *t, enum store_table table,
		      const void *key, size_t key_len, const void *value,
		      size_t value_len);
enum err store_delete(struct store_txn *t, enum store_table table,
		      const void *key, size_t key_len);

/* Octets that the tables take in this transaction, without free pages. Cheap:
 * LMDB counts. */
uint64_t store_txn_used(struct store_txn *t);

/*
 * ERR_FULL if the store has reached its limit (pages in use as of the last
 * commit, without those that are free); edits that add ask this before they
 * write, edits that only remove do not.
 */
enum err store_txn_room(struct store_txn *t);

/* On disk (fdatasync) when it returns ERR_OK; else nothing of it is: ERR_FULL
 * (the disk), after which the store goes on as before, or ERR_IO. t is gone
 * either way. */
enum err store_txn_commit(struct store_txn *t);
void store_txn_abort(struct store_txn *t);

/* Numbers given to TSIG key names, so that an RR's meta can say who brought it.
 * 0 is nobody. ERR_FULL after 65535 names. Read side: false, and the root as
 * name, if unknown. */
enum err store_key_tag(struct store_txn *t, const uint8_t *key_name,
		       uint16_t *tag);
bool store_key_name(struct store_view *v, uint16_t tag, uint8_t *key_name);

/* Never used again, not even after the zone is gone. */
enum err store_new_zone_id(struct store_txn *t, uint32_t *id);

/* Ids whose nodes and journal are to be erased in slices; survives a crash.
 * Cancel: ERR_NOTFOUND if the id is not on the list. */
enum err store_erase_later(struct store_txn *t, uint32_t id);
enum err store_erase_cancel(struct store_txn *t, uint32_t id);
/* Erases at most `max` entries of the first id on the list; *more tells if
 * there is anything left. */
enum err store_erase_slice(struct store_txn *t, unsigned max, bool *more);

#endif
