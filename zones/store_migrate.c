/*
 * Schema 1 had no index of places, and in that of schema 2 nothing rode along:
 * it is made anew from the nodes. The whole of it is one transaction, so that a
 * store has either schema; the snapshot is for going back to the placed that
 * wrote it.
 */
#include "zones/places.h"
#include "zones/store_internal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define SNAPSHOTS_MAX 99

/* Into the first directory that has none; path gets its name. */
static enum err
snapshot_take(struct store *s, char path[PATH_MAX], struct diag *d)
{
	enum err e = ERR_EXISTS;
	int len;

	for (unsigned i = 1; e == ERR_EXISTS && i <= SNAPSHOTS_MAX; i++) {
		len = snprintf(path, PATH_MAX, "%s/before-schema-%d", s->dir,
			       STORE_SCHEMA);
		if (len > 0 && len < PATH_MAX && i > 1)
			len += snprintf(path + len, PATH_MAX - (size_t)len,
					"-%u", i);
		if (len < 0 || len >= PATH_MAX)
			return diag_set(d, ERR_RANGE, "%.64s...: path too long",
					s->dir);
		e = store_backup(s, path, d);
	}
	return e;
}

/* What could not be used is the same as the store. */
static void
snapshot_remove(const char *path)
{
	char file[PATH_MAX + sizeof(STORE_FILE) + 1];

	snprintf(file, sizeof(file), "%s/%s", path, STORE_FILE);
	(void)unlink(file);
	(void)rmdir(path);
}

static enum err
cells_make(struct store_txn *t)
{
	static const char key[] = STORE_META_SCHEMA;
	struct store *s = t->view.store;
	uint8_t number[4];
	enum err e;

	e = store_err(mdb_dbi_open(t->view.txn, store_table_name(STORE_CELLS),
				   MDB_CREATE, &s->dbi[STORE_CELLS]));
	if (e == ERR_OK)
		e = store_err(mdb_drop(t->view.txn, s->dbi[STORE_CELLS], 0));
	if (e == ERR_OK)
		e = places_fill(t);
	put32(number, STORE_SCHEMA);
	if (e == ERR_OK)
		e = store_put(t, STORE_META, key, sizeof(key) - 1, number,
			      sizeof(number));
	return e;
}

enum err
store_migrate(struct store *s, struct diag *d)
{
	char path[PATH_MAX];
	struct store_txn *t;
	enum err e = snapshot_take(s, path, d);

	if (e != ERR_OK)
		return e;
	e = store_txn_begin(s, &t);
	if (e == ERR_OK) {
		e = cells_make(t);
		if (e == ERR_OK)
			e = store_txn_commit(t);
		else
			store_txn_abort(t);
	}
	if (e == ERR_OK) {
		s->schema = STORE_SCHEMA;
		return ERR_OK;
	}
	snapshot_remove(path);
	return diag_set(d, e,
			"store %s cannot be brought from schema %u to %u: %s",
			s->dir, s->schema, STORE_SCHEMA, err_text(e));
}
