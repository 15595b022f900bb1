/*
 * The store: one LMDB environment; only zones/store*.c include lmdb.h.
 *
 *   table    key                       value
 *   meta     name                      schema version, boot count, next zone
 * id, erase list, key tags zones    key of the apex           struct
 * zone_record (zones/zone.h) nodes    zone id, owner            zones/key.h →
 * zones/node.h journal  zone id, version (8, BE)  zones/journal.h
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

#define STORE_SCHEMA 1
#define STORE_FILE "placed.mdb" /* in the store's directory, with its -lock */

enum store_table {
	STORE_META,
	STORE_ZONES,
	STORE_NODES,
	STORE_JOURNAL,
	STORE_TABLES
};

struct store;

struct store_options {
	uint64_t limit;	  /* octets; 0: no cap but the address space */
	unsigned readers; /* threads that will read at once */
	bool create;	  /* make the directory and the file if not there */
	bool read_only;	  /* offline tools, also beside a running server */
};

/*
 * ERR_VERSION (other schema), ERR_CORRUPT (cut short, not LMDB), ERR_DENIED,
 * ERR_BUSY (another process holds it for writing), ERR_NOTFOUND, ERR_IO, each
 * with one sentence that names the file and what to do; then nothing was
 * touched.
 */
enum err store_open(struct store **s, const char *dir,
		    const struct store_options *o, struct diag *d);

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

/* The first entry with a key >= this one; ERR_NOTFOUND at the table's end. */
enum err store_seek(struct store_view *v, enum store_table t, const void *key,
		    size_t key_len, struct store_value *found_key,
		    struct store_value *value);

/* From where store_seek() (or these) left this table's cursor; store_prev()
 * after a seek that found nothing gives the table's last entry. store_get()
 * does not move it; after a write, seek again. */
enum err store_next(struct store_view *v, enum store_table t,
		    struct store_value *found_key, struct store_value *value);
enum err store_prev(struct store_view *v, enum store_table t,
		    struct store_value *found_key, struct store_value *value);

/* --- writing (zones/edit.c, import and zone records only) ------------------
 */

struct store_txn;

enum err store_txn_begin(struct store *s, struct store_txn **t);
struct store_view *store_txn_view(struct store_txn *t);

/* ERR_FULL (map or disk), ERR_IO. After an error only store_txn_abort() is
 * allowed. store_delete(): ERR_NOTFOUND, which harms nothing. */
enum err store_put(struct store_txn *t, enum store_table table, const void *key,
		   size_t key_len, const void *value, size_t value_len);
/* As store_put with keys in ascending order at the table's end: packs pages
 * fully. Falls back by itself. */
enum err store_append(struct store_txn *t, enum store_table table,
		      const void *key, size_t key_len, const void *value,
		      size_t value_len);
enum err store_delete(struct store_txn *t, enum store_table table,
		      const void *key, size_t key_len);

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
