#include "zones/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0750

/* Beside options.readers: what the store itself and offline tools need. */
#define READERS_SPARE 64

/* Address space to reserve; what follows is for machines or limits (ulimit -v)
 * that do not give as much. */
static const uint64_t map_sizes[] = {
	UINT64_C(64) << 30, UINT64_C(16) << 30,	 UINT64_C(4) << 30,
	UINT64_C(1) << 30,  UINT64_C(256) << 20, UINT64_C(64) << 20,
};

static const char *const table_names[STORE_TABLES] = {
	[STORE_META] = "meta",	 [STORE_ZONES] = "zones",
	[STORE_NODES] = "nodes", [STORE_JOURNAL] = "journal",
	[STORE_CELLS] = "cells", [STORE_ANSWERS] = "answers",
	[STORE_ORDER] = "order",
};

/* What the two kinds of environment differ in. */
static const struct {
	const char *file;
	unsigned schema;
	unsigned tables; /* a bit each */
	unsigned flags;	 /* LMDB's */
} kinds[] = {
	[STORE_OF_ZONES] = {STORE_FILE, STORE_SCHEMA,
			    1u << STORE_META | 1u << STORE_ZONES |
				    1u << STORE_NODES | 1u << STORE_JOURNAL |
				    1u << STORE_CELLS,
			    0},
	[STORE_OF_CACHE] = {STORE_CACHE_FILE, STORE_CACHE_SCHEMA,
			    1u << STORE_META | 1u << STORE_ANSWERS |
				    1u << STORE_ORDER,
			    MDB_NOSYNC},
};

const char *
store_table_name(enum store_table t)
{
	return table_names[t];
}

/* --- the directory -------------------------------------------------------- */

static enum err
dir_open(struct store *s, bool create, struct diag *d)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	enum err e;

	s->dir_fd = open(s->dir, flags);
	if (s->dir_fd < 0 && errno == ENOENT && create) {
		if (mkdir(s->dir, DIR_MODE) != 0 && errno != EEXIST) {
			e = store_err(errno);
			return diag_set(d, e,
					"cannot make the store's directory "
					"%s: %s",
					s->dir, strerror(errno));
		}
		s->dir_fd = open(s->dir, flags);
	}
	if (s->dir_fd < 0) {
		e = store_err(errno);
		return diag_set(d, e,
				"cannot open the store's directory %s: %s",
				s->dir, strerror(errno));
	}
	return ERR_OK;
}

/* One process writes: it holds a lock on the directory, which needs no file of
 * its own and goes with the process. A cache lies beside a store, which has
 * that lock: its own is on its file. */
static enum err
dir_lock(struct store *s, struct diag *d)
{
	int fd = s->kind == STORE_OF_CACHE ? s->file_fd : s->dir_fd;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	if (errno == EWOULDBLOCK)
		return diag_set(d, ERR_BUSY,
				"the store in %s is in use by another process: "
				"stop it first, or name another directory",
				s->dir);
	return diag_set(d, ERR_IO,
			"cannot lock %s: %s (the store needs a local file "
			"system)",
			s->dir, strerror(errno));
}

static enum err
cache_lock(struct store *s, struct diag *d)
{
	enum err e;

	s->file_fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->file_fd >= 0)
		return dir_lock(s, d);
	e = store_err(errno);
	return diag_set(d, e, "cannot open %s: %s", s->path, strerror(errno));
}

static enum err
file_exists(struct store *s, bool *there, struct diag *d)
{
	struct stat st;
	enum err e;

	*there = stat(s->path, &st) == 0;
	if (*there && !S_ISREG(st.st_mode))
		return diag_set(d, ERR_CORRUPT, "%s is not a file", s->path);
	if (*there || errno == ENOENT)
		return ERR_OK;
	e = store_err(errno);
	return diag_set(d, e, "cannot read %s: %s", s->path, strerror(errno));
}

/* --- the environment ------------------------------------------------------ */

static int
env_try(MDB_env **env, const char *path, unsigned flags, unsigned readers,
	size_t map)
{
	int rc = mdb_env_create(env);

	if (rc != 0)
		return rc;
	rc = mdb_env_set_maxdbs(*env, STORE_TABLES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(*env, readers);
	if (rc == 0)
		rc = mdb_env_set_mapsize(*env, map);
	if (rc == 0)
		rc = mdb_env_open(*env, path, flags | MDB_NOSUBDIR | MDB_NOTLS,
				  STORE_FILE_MODE);
	if (rc != 0) {
		mdb_env_close(*env);
		*env = NULL;
	}
	return rc;
}

/* With the map a cache is to have, or the largest that can be had and holds the
 * file. */
static enum err
env_open(MDB_env **env, const char *path, unsigned flags, unsigned readers,
	 uint64_t need, uint64_t map, struct diag *d)
{
	int rc = ENOMEM;
	enum err e;

	if (map != 0 && map <= SIZE_MAX / 2)
		rc = env_try(env, path, flags, readers, (size_t)map);
	for (size_t i = 0; i < ARRAY_LEN(map_sizes); i++) {
		if (rc != ENOMEM && rc != EINVAL) /* EINVAL: under valgrind */
			break;
		if (map == 0 && map_sizes[i] >= need &&
		    map_sizes[i] <= SIZE_MAX / 2)
			rc = env_try(env, path, flags, readers,
				     (size_t)map_sizes[i]);
	}
	if (rc == 0)
		return ERR_OK;
	e = store_err(rc);
	if (e == ERR_NOMEM)
		return diag_set(d, e,
				"cannot map %s: not enough address space (see "
				"ulimit -v)",
				path);
	return diag_set(d, e, "cannot open %s: %s", path, mdb_strerror(rc));
}

/* A file that is larger than half the memory is read here and there, not as a
 * whole: no read-ahead. */
static unsigned
read_ahead_flag(uint64_t octets)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page <= 0)
		return 0;
	return octets > (uint64_t)pages * (uint64_t)page / 2 ? MDB_NORDAHEAD
							     : 0;
}

static int
tables_open(MDB_txn *txn, enum store_kind kind, unsigned schema, MDB_dbi *dbi,
	    unsigned flags)
{
	unsigned tables = kinds[kind].tables;
	int rc = 0;

	if (kind == STORE_OF_ZONES && schema == 1)
		tables &= ~(1u << STORE_CELLS);
	for (unsigned t = 0; t < STORE_TABLES && rc == 0; t++)
		if (tables >> t & 1)
			rc = mdb_dbi_open(txn, table_names[t], flags, &dbi[t]);
	return rc;
}

/* --- a new file ----------------------------------------------------------- */

static int
schema_write(MDB_env *env, enum store_kind kind)
{
	MDB_val key = {sizeof(STORE_META_SCHEMA) - 1,
		       (void *)(uintptr_t)STORE_META_SCHEMA};
	uint8_t number[4];
	MDB_val value = {sizeof(number), number};
	MDB_dbi dbi[STORE_TABLES];
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	put32(number, kinds[kind].schema);
	rc = tables_open(txn, kind, kinds[kind].schema, dbi, MDB_CREATE);
	if (rc == 0)
		rc = mdb_put(txn, dbi[STORE_META], &key, &value, 0);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

/* Under another name first: a store that is there is a whole one, even if the
 * power fails now. */
static enum err
file_create(struct store *s, struct diag *d)
{
	size_t size = strlen(s->path) + sizeof(".new");
	char *fresh = malloc(size);
	MDB_env *env = NULL;
	int rc = ENOMEM;

	if (fresh == NULL)
		return diag_set(d, ERR_NOMEM, "out of memory");
	snprintf(fresh, size, "%s.new", s->path);
	if (unlink(fresh) == 0 || errno == ENOENT)
		rc = env_try(&env, fresh, MDB_NOLOCK, 1, 1 << 20);
	else
		rc = errno;
	if (rc == 0) {
		rc = schema_write(env, s->kind);
		mdb_env_close(env);
	}
	if (rc == 0 && rename(fresh, s->path) != 0)
		rc = errno;
	if (rc == 0 && fsync(s->dir_fd) != 0)
		rc = errno;
	if (rc != 0)
		(void)unlink(fresh);
	free(fresh);
	if (rc != 0)
		return diag_set(d, store_err(rc),
				"cannot make the store %s: %s", s->path,
				mdb_strerror(rc));
	return ERR_OK;
}

/* --- is it ours? ---------------------------------------------------------- */

/* Sets s->schema, to one that can be read or brought up to date. */
static enum err
schema_check(MDB_txn *txn, struct store *s, struct diag *d)
{
	unsigned newest = kinds[s->kind].schema;
	MDB_val key = {sizeof(STORE_META_SCHEMA) - 1,
		       (void *)(uintptr_t)STORE_META_SCHEMA};
	MDB_val value;
	MDB_dbi dbi;
	int rc = mdb_dbi_open(txn, table_names[STORE_META], 0, &dbi);

	if (rc == 0)
		rc = mdb_get(txn, dbi, &key, &value);
	if (rc != 0 || value.mv_size != 4)
		return diag_set(d, ERR_CORRUPT,
				"%s is an LMDB file, but not a store of "
				"placed: name another directory",
				s->path);
	s->schema = get32(value.mv_data);
	/* A cache of before is not worth bringing up to date. */
	if (s->schema == 0 || s->schema > newest ||
	    (s->kind == STORE_OF_CACHE && s->schema != newest))
		return diag_set(d, ERR_VERSION,
				"store %s has schema %u, this placed knows %u: "
				"use the placed that wrote it, or restore a "
				"backup",
				s->dir, s->schema, newest);
	if (s->schema < newest && s->read_only)
		return diag_set(d, ERR_VERSION,
				"store %s has schema %u, this placed knows %u: "
				"start placed once, it brings it up to date",
				s->dir, s->schema, newest);
	return ERR_OK;
}

/* Opens the tables and reads what is kept in memory. */
static enum err
store_attach(struct store *s, struct diag *d)
{
	MDB_val key = {sizeof(STORE_META_BOOTS) - 1,
		       (void *)(uintptr_t)STORE_META_BOOTS};
	MDB_val value;
	MDB_txn *txn;
	enum err e;
	int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return diag_set(d, store_err(rc), "cannot read %s: %s", s->path,
				mdb_strerror(rc));
	e = schema_check(txn, s, d);
	rc = e == ERR_OK ? tables_open(txn, s->kind, s->schema, s->dbi, 0) : 0;
	if (e == ERR_OK && rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &s->tables);
	if (e == ERR_OK && rc == 0 &&
	    mdb_get(txn, s->dbi[STORE_META], &key, &value) == 0 &&
	    value.mv_size == 8)
		s->boots = get64(value.mv_data);
	/* Committed, so that the handles stay open. */
	if (e != ERR_OK || rc != 0)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	if (rc != 0)
		return diag_set(d, ERR_CORRUPT,
				"%s is damaged (%s): restore a backup", s->path,
				mdb_strerror(rc));
	return e;
}

/* Looks at the schema without a lock file, so that a store that is not ours is
 * left as it was. Nobody writes: we hold the directory. */
static enum err
schema_peek(const struct store *s, uint64_t octets, struct diag *d)
{
	struct store peek = {.dir = s->dir, .path = s->path, .kind = s->kind};
	enum err e = env_open(&peek.env, s->path, MDB_RDONLY | MDB_NOLOCK, 1,
			      octets, 0, d);

	if (e != ERR_OK)
		return e;
	e = store_attach(&peek, d);
	mdb_env_close(peek.env);
	return e;
}

/* --- opening -------------------------------------------------------------- */

/* Told from LMDB's own error, which would come late and say little. */
static enum err
file_check_rights(struct store *s, struct diag *d)
{
	int fd = open(s->path, (s->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	enum err e;

	if (fd < 0) {
		e = store_err(errno);
		return diag_set(d, e, "cannot open %s for %s: %s", s->path,
				s->read_only ? "reading" : "writing",
				strerror(errno));
	}
	close(fd);
	return ERR_OK;
}

static enum err
file_check(struct store *s, uint64_t *octets, struct diag *d)
{
	/* Beside a running server the file may change as it is looked at. */
	unsigned tries = s->read_only ? 3 : 1;
	uint64_t last_page = 0;
	uint32_t page = 0;
	enum err e = file_check_rights(s, d);

	if (e != ERR_OK)
		return e;
	do {
		e = store_check_file(s->path, &page, &last_page, d);
	} while (e == ERR_CORRUPT && --tries > 0);
	*octets = (last_page + 1) * page;
	if (e == ERR_OK && !s->read_only)
		e = schema_peek(s, *octets, d);
	return e;
}

/* A start that the disk has no room to count is a start all the same. */
static enum err
boots_raise(struct store *s, struct diag *d)
{
	static const char key[] = STORE_META_BOOTS;
	struct store_txn *t;
	uint8_t number[8];
	enum err e = store_txn_begin(s, &t);

	s->boots++;
	put64(number, s->boots);
	if (e == ERR_OK) {
		e = store_put(t, STORE_META, key, sizeof(key) - 1, number,
			      sizeof(number));
		if (e == ERR_OK)
			e = store_txn_commit(t);
		else
			store_txn_abort(t);
	}
	if (e == ERR_OK || (e == ERR_FULL && !store_is_dead(s)))
		return ERR_OK;
	return diag_set(d, e, "cannot write to %s: %s", s->path, err_text(e));
}

/* The size of the map to open with; 0: as large as can be had. */
static enum err
cache_map(const struct store *s, uint64_t octets, uint64_t *map, struct diag *d)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	*map = s->kind == STORE_OF_CACHE ? s->limit / page * page : 0;
	if (*map == 0 || octets <= *map)
		return ERR_OK;
	return diag_set(d, ERR_RANGE, "%s is larger than its limit", s->path);
}

static enum err
store_setup(struct store *s, const struct store_options *o, struct diag *d)
{
	unsigned flags = kinds[s->kind].flags | (o->read_only ? MDB_RDONLY : 0);
	bool cache = s->kind == STORE_OF_CACHE;
	uint64_t octets = 0, map = 0;
	bool there = false;
	enum err e = dir_open(s, o->create && !o->read_only, d);

	if (e == ERR_OK && !o->read_only && !cache)
		e = dir_lock(s, d);
	if (e == ERR_OK)
		e = file_exists(s, &there, d);
	if (e != ERR_OK)
		return e;
	if (!there && (!o->create || o->read_only))
		return diag_set(d, ERR_NOTFOUND, "there is no store in %s",
				s->dir);
	if (!there)
		e = file_create(s, d);
	if (e == ERR_OK && cache)
		e = cache_lock(s, d);
	if (e == ERR_OK)
		e = file_check(s, &octets, d);
	if (e == ERR_OK)
		e = cache_map(s, octets, &map, d);
	if (e == ERR_OK)
		e = env_open(&s->env, s->path, flags | read_ahead_flag(octets),
			     o->readers + READERS_SPARE, octets, map, d);
	if (e == ERR_OK)
		e = store_attach(s, d);
	if (e != ERR_OK)
		return e;
	store_check_readers(s);
	if (s->schema < kinds[s->kind].schema)
		e = store_migrate(s, d);
	if (e != ERR_OK)
		return e;
	return o->read_only || cache ? ERR_OK : boots_raise(s, d);
}

static char *
path_of(const char *dir, const char *file)
{
	size_t size = strlen(dir) + strlen(file) + 2;
	char *path = malloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", dir, file);
	return path;
}

enum err
store_open(struct store **out, const char *dir, const struct store_options *o,
	   struct diag *d)
{
	struct store *s = calloc(1, sizeof(*s));
	enum err e;

	*out = NULL;
	if (s == NULL)
		return diag_set(d, ERR_NOMEM, "out of memory");
	s->dir_fd = s->file_fd = -1;
	s->kind = o->kind;
	s->read_only = o->read_only;
	s->limit = o->limit;
	s->readers_max = o->readers;
	s->dir = strdup(dir);
	s->path = path_of(dir, kinds[s->kind].file);
	if (s->dir == NULL || s->path == NULL)
		e = diag_set(d, ERR_NOMEM, "out of memory");
	else
		e = store_setup(s, o, d);
	if (e != ERR_OK) {
		store_close(s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->env != NULL) {
		store_room_give_back(s);
		mdb_env_close(s->env);
	}
	if (s->file_fd >= 0)
		close(s->file_fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	free(s->dir);
	free(s->path);
	free(s);
}

void
store_check_readers(struct store *s)
{
	int dead;

	(void)mdb_reader_check(s->env, &dead);
}

bool
store_is_dead(const struct store *s)
{
	return atomic_load(&s->dead);
}

uint64_t
store_boots(const struct store *s)
{
	return s->boots;
}
