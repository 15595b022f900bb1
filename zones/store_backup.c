#include "zones/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* LMDB keeps its free list in the table with handle 0: transaction number →
 * count, page numbers. */
#define FREE_LIST 0

static int
free_list_count(MDB_txn *txn, uint64_t *pages)
{
	MDB_val key, value;
	MDB_cursor *c;
	size_t count;
	int rc = mdb_cursor_open(txn, FREE_LIST, &c);

	*pages = 0;
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0) {
		if (value.mv_size < sizeof(count)) {
			rc = MDB_CORRUPTED;
			break;
		}
		memcpy(&count, value.mv_data, sizeof(count));
		*pages += count;
	}
	mdb_cursor_close(c);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

enum err
store_measure(struct store *s, bool count_free, uint64_t *used,
	      uint64_t *free_octets, size_t *txn)
{
	uint64_t free_pages = 0, page;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_txn *t;
	int rc;

	*free_octets = 0;
	if (mdb_env_stat(s->env, &stat) != 0 ||
	    mdb_env_info(s->env, &info) != 0)
		return ERR_IO;
	page = stat.ms_psize;
	*used = ((uint64_t)info.me_last_pgno + 1) * page;
	*txn = info.me_last_txnid;
	if (!count_free)
		return ERR_OK;
	/* The free list cannot be read within a write transaction. */
	rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t);
	if (rc != 0)
		return store_err(rc);
	rc = free_list_count(t, &free_pages);
	mdb_txn_abort(t);
	if (free_pages > *used / page)
		free_pages = *used / page; /* a commit came in between */
	*free_octets = free_pages * page;
	return store_err(rc);
}

enum err
store_usage(struct store *s, struct store_usage *u)
{
	size_t txn;

	u->limit = s->limit;
	return store_measure(s, true, &u->file_octets, &u->free_octets, &txn);
}

/* Of LMDB's own tables: the free list, and the table of the tables. */
#define OWN_TABLES 2

static uint64_t
table_octets(MDB_txn *txn, MDB_dbi dbi)
{
	MDB_stat s;

	if (mdb_stat(txn, dbi, &s) != 0)
		return 0;
	return (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages) *
	       (uint64_t)s.ms_psize;
}

uint64_t
store_txn_used(struct store_txn *t)
{
	const struct store *s = t->view.store;
	uint64_t used = 0;

	for (MDB_dbi dbi = 0; dbi < OWN_TABLES; dbi++)
		used += table_octets(t->view.txn, dbi);
	for (unsigned i = 0; i < STORE_TABLES; i++)
		if (s->dbi[i] >= OWN_TABLES)
			used += table_octets(t->view.txn, s->dbi[i]);
	return used;
}

enum err
store_sync(struct store *s)
{
	return store_err(mdb_env_sync(s->env, 1));
}

/* Made by us, because LMDB would let everybody read it. 0, errno or LMDB's
 * code. */
static int
copy_to(struct store *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		      STORE_FILE_MODE);
	int rc = fd < 0 ? errno : mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT);

	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	int rc = fd < 0 ? errno : 0;

	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err
cannot_write(struct diag *d, const char *path, int rc)
{
	return diag_set(d, store_err(rc), "cannot write %s: %s", path,
			mdb_strerror(rc));
}

/* Copies to `temporary`, and only when it is whole and on disk gives it its
 * name; never over a file that is there. */
static enum err
backup_copy(struct store *s, const char *dir, const char *temporary,
	    const char *path, struct diag *d)
{
	int rc;

	(void)unlink(temporary); /* of a backup that was cut off */
	rc = copy_to(s, temporary);
	if (rc != 0)
		return cannot_write(d, temporary, rc);
	if (link(temporary, path) != 0)
		return cannot_write(d, path, errno);
	(void)unlink(temporary);
	rc = sync_dir(dir);
	return rc == 0 ? ERR_OK : cannot_write(d, dir, rc);
}

enum err
store_backup(struct store *s, const char *dir, struct diag *d)
{
	char path[PATH_MAX], temporary[PATH_MAX];
	enum err e;

	if (snprintf(path, sizeof(path), "%s/%s", dir, STORE_FILE) >=
		    (int)sizeof(path) ||
	    snprintf(temporary, sizeof(temporary), "%s/%s.part", dir,
		     STORE_FILE) >= (int)sizeof(temporary))
		return diag_set(d, ERR_RANGE, "%.64s...: path too long", dir);
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
		e = store_err(errno);
		return diag_set(d, e, "cannot make directory %s: %s", dir,
				strerror(errno));
	}
	if (access(path, F_OK) == 0)
		return diag_set(d, ERR_EXISTS,
				"%s holds a store already: name another "
				"directory for the backup",
				dir);
	e = backup_copy(s, dir, temporary, path, d);
	if (e != ERR_OK)
		(void)unlink(temporary);
	return e;
}
