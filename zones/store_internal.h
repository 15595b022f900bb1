/*
 * What the files of the store share; nobody else includes this.
 *
 *   store_check.c   is the file a whole LMDB file? by its own octets, no LMDB
 *   store_open.c    opening, making, locking
 *   store.c         views, transactions, reading and writing
 *   store_migrate.c an older schema brought up to date
 *   store_meta.c    key tags, zone ids, the erase list
 *   store_backup.c  usage, room, backup
 *   store_many.c    many keys looked for at once, by LMDB's own layout
 *   store_room.c    the file grows in steps
 */
#ifndef PLACED_ZONES_STORE_INTERNAL_H
#define PLACED_ZONES_STORE_INTERNAL_H

#include "zones/store.h"

#include <lmdb.h>
#include <stdatomic.h>

struct store {
	MDB_env *env;
	MDB_dbi dbi[STORE_TABLES];
	MDB_dbi tables; /* LMDB's own table of the tables */
	char *dir;
	char *path;  /* of STORE_FILE */
	int dir_fd;  /* flock'ed while we may write */
	int file_fd; /* of a cache: flock'ed instead, or -1 */
	enum store_kind kind;
	unsigned schema; /* that the file has */
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
	uint64_t room_end; /* the writer's: where the last step ended */
};

/* Where a table's cursor stands. */
enum store_position {
	POSITION_NONE,
	POSITION_ENTRY,
	POSITION_START, /* before the first entry */
	POSITION_END,	/* behind the last one */
};

/* Where a table's tree begins in the snapshot `of`, if it could be found out;
 * see store_many.c. */
struct store_tree {
	uint64_t of;
	bool known;
	size_t root, pages, page_size;
	const uint8_t *map;
};

struct store_view {
	struct store *store;
	MDB_txn *txn;
	bool writing;
	MDB_cursor *cursor[STORE_TABLES]; /* opened when first wanted */
	bool current[STORE_TABLES];	  /* the cursor is this snapshot's */
	enum store_position position[STORE_TABLES];
	uint32_t watched; /* store_view_watch() */
	uint64_t strayed;
	struct store_tree tree[STORE_TABLES];
};

struct store_txn {
	struct store_view view;
};

#define STORE_FILE_MODE 0640

/*
 * LMDB's structures in the file and so in the map, in the machine's own byte
 * order and word size. `lower` ends the offsets of a page's nodes, 16 bits
 * each, that stand behind its header. A node's key stands behind it; low, high
 * and, in a branch, flags are the number of the page below, in a leaf the
 * length of the value, which stands behind the key.
 */
struct file_page {
	size_t number;
	uint16_t pad, flags, lower, upper;
};

struct file_tree {
	uint32_t page_size; /* of the file, in the free list's tree */
	uint16_t flags, depth;
	size_t branches, leaves, overflows, entries, root;
};

struct file_node {
	uint16_t low, high, flags, key_len;
};

#define FILE_BRANCH 0x01   /* of a page's flags */
#define FILE_LEAF 0x02	   /* likewise */
#define FILE_BIGDATA 0x01  /* of a node's: the value is elsewhere */
#define FILE_DEPTH_MAX 32u /* of a tree */

/* To be told of each entry that is handed out. */
static inline void
view_hands_out(struct store_view *v, enum store_table t, const void *key,
	       size_t key_len)
{
	if (v->watched == 0 ||
	    (t != STORE_NODES && t != STORE_JOURNAL && t != STORE_CELLS))
		return;
	if (key_len < 4 || get32(key) != v->watched)
		v->strayed++;
}

/* Before a transaction writes; and before the file is closed. */
void store_room_make(struct store *s);
void store_room_give_back(struct store *s);

/* The name that LMDB knows a table by. */
const char *store_table_name(enum store_table t);

/* LMDB's and the system's codes as ours. */
enum err store_err(int rc);

/* Rows of the meta table. Those that end in a NUL have something behind it. */
#define STORE_META_SCHEMA "schema"	  /* 4 octets */
#define STORE_META_BOOTS "boots"	  /* 8 */
#define STORE_META_NEXT_ID "next zone id" /* 4 */
#define STORE_META_ERASE "erase\0"	  /* zone id → nothing */
#define STORE_META_KEY_TAG "key tag\0"	  /* tag → key name */
#define STORE_META_KEY_NAME "key name\0"  /* key name → tag */

/* Brings a store of an older schema, opened for writing, up to date. */
enum err store_migrate(struct store *s, struct diag *d);

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
