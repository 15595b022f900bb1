#include "zones/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum err
store_err(int rc)
{
	switch (rc) {
	case 0:
		return ERR_OK;
	case MDB_NOTFOUND:
	case ENOENT:
		return ERR_NOTFOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return ERR_CORRUPT;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOMEM:
	case MDB_MAP_RESIZED:
		return ERR_NOMEM;
	case MDB_READERS_FULL:
	case EBUSY:
		return ERR_BUSY;
	case EEXIST:
		return ERR_EXISTS;
	case MDB_BAD_VALSIZE:
		return ERR_RANGE;
	default:
		return ERR_IO;
	}
}

/* --- reading -------------------------------------------------------------- */

struct store_view *
store_reader_new(struct store *s)
{
	struct store_view *v;

	if (atomic_fetch_add(&s->readers, 1) >= s->readers_max) {
		atomic_fetch_sub(&s->readers, 1);
		return NULL;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL ||
	    mdb_txn_begin(s->env, NULL, MDB_RDONLY, &v->txn) != 0) {
		free(v);
		atomic_fetch_sub(&s->readers, 1);
		return NULL;
	}
	mdb_txn_reset(v->txn);
	v->store = s;
	return v;
}

static void
view_close_cursors(struct store_view *v)
{
	for (unsigned t = 0; t < STORE_TABLES; t++) {
		if (v->cursor[t] != NULL)
			mdb_cursor_close(v->cursor[t]);
		v->cursor[t] = NULL;
	}
}

void
store_reader_free(struct store_view *v)
{
	if (v == NULL)
		return;
	view_close_cursors(v);
	mdb_txn_abort(v->txn);
	atomic_fetch_sub(&v->store->readers, 1);
	free(v);
}

enum err
store_reader_begin(struct store_view *v)
{
	memset(v->current, 0, sizeof(v->current));
	return store_err(mdb_txn_renew(v->txn));
}

void
store_reader_end(struct store_view *v)
{
	mdb_txn_reset(v->txn);
}

uint64_t
store_view_number(const struct store_view *v)
{
	return v->writing ? 0 : mdb_txn_id(v->txn);
}

/* The table's cursor in this snapshot; NULL with *rc. */
static MDB_cursor *
view_cursor(struct store_view *v, enum store_table t, int *rc)
{
	*rc = 0;
	if (v->current[t])
		return v->cursor[t];
	if (v->cursor[t] == NULL)
		*rc = mdb_cursor_open(v->txn, v->store->dbi[t], &v->cursor[t]);
	else
		*rc = mdb_cursor_renew(v->txn, v->cursor[t]);
	if (*rc != 0)
		return NULL;
	v->current[t] = true;
	v->position[t] = POSITION_NONE;
	return v->cursor[t];
}

static MDB_val
val_of(const void *octets, size_t len)
{
	/* LMDB takes a pointer to non-const, and does not write there. */
	return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)octets};
}

static void
value_set(struct store_value *value, const MDB_val *val)
{
	if (value == NULL)
		return;
	value->octets = val->mv_data;
	value->len = val->mv_size;
}

enum err
store_get(struct store_view *v, enum store_table t, const void *key,
	  size_t key_len, struct store_value *value)
{
	MDB_val k = val_of(key, key_len), val;
	int rc = mdb_get(v->txn, v->store->dbi[t], &k, &val);

	if (rc != 0)
		return store_err(rc);
	view_hands_out(v, t, key, key_len);
	value_set(value, &val);
	return ERR_OK;
}

/* What the key must begin with to be handed out. */
struct prefix {
	const void *octets;
	size_t len;
};

static const struct prefix any = {.octets = ""};

static bool
prefix_has(const struct prefix *p, const MDB_val *key)
{
	return key->mv_size >= p->len &&
	       memcmp(key->mv_data, p->octets, p->len) == 0;
}

/* One move of the table's cursor; at `beyond` if there is nothing there. */
static enum err
view_move(struct store_view *v, enum store_table t, MDB_cursor_op op,
	  enum store_position beyond, const struct prefix *within, MDB_val *key,
	  struct store_value *found, struct store_value *value)
{
	MDB_val val;
	int rc;
	MDB_cursor *c = view_cursor(v, t, &rc);

	if (c == NULL)
		return store_err(rc);
	rc = mdb_cursor_get(c, key, &val, op);
	v->position[t] = rc == 0 ? POSITION_ENTRY : beyond;
	if (rc != 0)
		return store_err(rc);
	if (!prefix_has(within, key))
		return ERR_NOTFOUND;
	view_hands_out(v, t, key->mv_data, key->mv_size);
	value_set(found, key);
	value_set(value, &val);
	return ERR_OK;
}

enum err
store_seek(struct store_view *v, enum store_table t, const void *key,
	   size_t key_len, struct store_value *found_key,
	   struct store_value *value)
{
	MDB_val k = val_of(key, key_len);

	return view_move(v, t, key_len == 0 ? MDB_FIRST : MDB_SET_RANGE,
			 POSITION_END, &any, &k, found_key, value);
}

enum err
store_seek_within(struct store_view *v, enum store_table t, const void *key,
		  size_t key_len, size_t prefix_len,
		  struct store_value *found_key, struct store_value *value)
{
	const struct prefix within = {key, prefix_len};
	MDB_val k = val_of(key, key_len);

	must(prefix_len <= key_len && key_len > 0);
	return view_move(v, t, MDB_SET_RANGE, POSITION_END, &within, &k,
			 found_key, value);
}

/* Where the cursor stands, once it is known to be this snapshot's. */
static enum store_position
view_position(const struct store_view *v, enum store_table t)
{
	return v->current[t] ? v->position[t] : POSITION_NONE;
}

enum err
store_next_within(struct store_view *v, enum store_table t, const void *prefix,
		  size_t prefix_len, struct store_value *found_key,
		  struct store_value *value)
{
	const struct prefix within = {prefix, prefix_len};
	enum store_position at = view_position(v, t);
	MDB_val k = {0};

	if (at == POSITION_END)
		return ERR_NOTFOUND;
	return view_move(v, t, at == POSITION_ENTRY ? MDB_NEXT : MDB_FIRST,
			 POSITION_END, &within, &k, found_key, value);
}

enum err
store_next(struct store_view *v, enum store_table t,
	   struct store_value *found_key, struct store_value *value)
{
	return store_next_within(v, t, any.octets, any.len, found_key, value);
}

enum err
store_prev_within(struct store_view *v, enum store_table t, const void *prefix,
		  size_t prefix_len, struct store_value *found_key,
		  struct store_value *value)
{
	const struct prefix within = {prefix, prefix_len};
	enum store_position at = view_position(v, t);
	MDB_val k = {0};

	if (at == POSITION_START)
		return ERR_NOTFOUND;
	return view_move(v, t, at == POSITION_ENTRY ? MDB_PREV : MDB_LAST,
			 POSITION_START, &within, &k, found_key, value);
}

enum err
store_prev(struct store_view *v, enum store_table t,
	   struct store_value *found_key, struct store_value *value)
{
	return store_prev_within(v, t, any.octets, any.len, found_key, value);
}

void
store_view_watch(struct store_view *v, uint32_t id)
{
	v->watched = id;
	v->strayed = 0;
}

uint64_t
store_view_strayed(const struct store_view *v)
{
	return v->strayed;
}

/* --- writing -------------------------------------------------------------- */

enum err
store_txn_begin(struct store *s, struct store_txn **t)
{
	struct store_txn *txn;
	int rc;

	*t = NULL;
	if (s->read_only)
		return ERR_DENIED;
	txn = calloc(1, sizeof(*txn));
	if (txn == NULL)
		return ERR_NOMEM;
	txn->view.store = s;
	txn->view.writing = true;
	rc = mdb_txn_begin(s->env, NULL, 0, &txn->view.txn);
	if (rc == MDB_PANIC)
		atomic_store(&s->dead, true);
	if (rc != 0) {
		free(txn);
		return store_err(rc);
	}
	store_room_make(s);
	*t = txn;
	return ERR_OK;
}

struct store_view *
store_txn_view(struct store_txn *t)
{
	return &t->view;
}

enum err
store_put(struct store_txn *t, enum store_table table, const void *key,
	  size_t key_len, const void *value, size_t value_len)
{
	MDB_val k = val_of(key, key_len), val = val_of(value, value_len);

	return store_err(
		mdb_put(t->view.txn, t->view.store->dbi[table], &k, &val, 0));
}

enum err
store_put_new(struct store_txn *t, enum store_table table, const void *key,
	      size_t key_len, const void *value, size_t value_len,
	      struct store_value *old)
{
	MDB_val k = val_of(key, key_len), val = val_of(value, value_len);
	int rc = mdb_put(t->view.txn, t->view.store->dbi[table], &k, &val,
			 MDB_NOOVERWRITE);

	if (rc != MDB_KEYEXIST)
		return store_err(rc);
	value_set(old, &val);
	return ERR_EXISTS;
}

enum err
store_append(struct store_txn *t, enum store_table table, const void *key,
	     size_t key_len, const void *value, size_t value_len)
{
	MDB_val k = val_of(key, key_len), val = val_of(value, value_len);
	int rc = mdb_put(t->view.txn, t->view.store->dbi[table], &k, &val,
			 MDB_APPEND);

	/* Not behind the last key: LMDB looks before it changes anything. */
	if (rc == MDB_KEYEXIST)
		return store_put(t, table, key, key_len, value, value_len);
	return store_err(rc);
}

enum err
store_delete(struct store_txn *t, enum store_table table, const void *key,
	     size_t key_len)
{
	MDB_val k = val_of(key, key_len);

	return store_err(
		mdb_del(t->view.txn, t->view.store->dbi[table], &k, NULL));
}

enum err
store_txn_room(struct store_txn *t)
{
	struct store *s = t->view.store;
	uint64_t used, free_octets;
	enum err e;
	size_t txn;

	if (s->limit == 0)
		return ERR_OK;
	e = store_measure(s, false, &used, &free_octets, &txn);
	if (e != ERR_OK || used < s->limit)
		return e;
	if (s->used_txn != txn) {
		e = store_measure(s, true, &used, &free_octets, &txn);
		if (e != ERR_OK)
			return e;
		s->used_octets = used - free_octets;
		s->used_txn = txn;
	}
	return s->used_octets < s->limit ? ERR_OK : ERR_FULL;
}

/*
 * When the disk fills in the middle of a write(2), the write is short, and
 * LMDB calls a short write EIO. If there is no room left, that was it.
 */
#define NO_ROOM (1u << 20)

static bool
disk_is_full(const struct store *s)
{
	struct rlimit limit;
	struct statvfs fs;
	struct stat st;

	if (fstatvfs(s->dir_fd, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < NO_ROOM)
		return true;
	return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	       limit.rlim_cur != RLIM_INFINITY && stat(s->path, &st) == 0 &&
	       (uint64_t)st.st_size + NO_ROOM > limit.rlim_cur;
}

/* After a commit that failed: has LMDB given the environment up? It tells the
 * next transaction. */
static void
see_if_dead(struct store *s)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(s->env, NULL, 0, &txn);

	if (rc == 0)
		mdb_txn_abort(txn);
	if (rc == MDB_PANIC)
		atomic_store(&s->dead, true);
}

enum err
store_txn_commit(struct store_txn *t)
{
	struct store *s = t->view.store;
	int rc;

	view_close_cursors(&t->view);
	rc = mdb_txn_commit(t->view.txn);
	free(t);
	if (rc != 0)
		see_if_dead(s);
	if (rc == EIO && disk_is_full(s))
		return ERR_FULL;
	return store_err(rc);
}

void
store_txn_abort(struct store_txn *t)
{
	if (t == NULL)
		return;
	view_close_cursors(&t->view);
	mdb_txn_abort(t->view.txn);
	free(t);
}
