/*
 * What the files of the store share; nobody else includes this.
 *
 *   store_check.c   is the file a whole LMDB file? by its own octets, no LMDB
 *   store_open.c    opening, making, locking
 *   store.c         views, transactions, reading and writing
 *   store_meta.c    key tags, zone ids, the erase list
 *   store_backup.c  usage, room, backup
 */
#ifndef PLACED_ZONES_STORE_INTERNAL_H
#define PLACED_ZONES_STORE_INTERNAL_H

#include "zones/store.h"

#include <lmdb.h>
#include <stdatomic.h>

struct store {
	MDB_env *env;
	MDB_dbi dbi[STORE_TABLES];
	char *dir;
	char *path; /* of STORE_FILE */
	int dir_fd; /* flock'ed while we may write */
	bool read_only;
	uint64_t limit;
	uint64_t boots;
	unsigned readers_max;
	atomic_uint readers; /* in use */
	atomic_bool dead;    /* LMDB gave the environment up */
	/* Octets in use as of one commit: the writer's, see store_txn_room().
	 */
	size_t used_txn;
	uint64_t used_octets;
};

/* Where a table's cursor stands. */
enum store_position {
	POSITION_NONE,
	POSITION_ENTRY,
	POSITION_START, /* before the first entry */
	POSITION_END,	/* behind the last one */
};

struct store_view {
	struct store *store;
	MDB_txn *txn;
	bool writing;
	MDB_cursor *cursor[STORE_TABLES]; /* opened when first wanted */
	bool current[STORE_TABLES];	  /* the cursor is this snapshot's */
	enum store_position position[STORE_TABLES];
};

struct store_txn {
	struct store_view view;
};

#define STORE_FILE_MODE 0640

/* LMDB's and the system's codes as ours. */
enum err store_err(int rc);

/* Rows of the meta table. Those that end in a NUL have something behind it. */
#define STORE_META_SCHEMA "schema"	  /* 4 octets */
#define STORE_META_BOOTS "boots"	  /* 8 */
#define STORE_META_NEXT_ID "next zone id" /* 4 */
#define STORE_META_ERASE "erase\0"	  /* zone id → nothing */
#define STORE_META_KEY_TAG "key tag\0"	  /* tag → key name */
#define STORE_META_KEY_NAME "key name\0"  /* key name → tag */

/*
 * ERR_CORRUPT if the file at path is not LMDB's or is cut short, with a
 * sentence; else *page (octets) and *last_page of what was committed last.
 * Opens it for reading only.
 */
enum err store_check_file(const char *path, uint32_t *page, uint64_t *last_page,
			  struct diag *d);

/* Octets the file takes as of the last commit, and those in free pages; *txn
 * gets the commit's number. */
enum err store_measure(struct store *s, bool count_free, uint64_t *used,
		       uint64_t *free_octets, size_t *txn);

#endif
