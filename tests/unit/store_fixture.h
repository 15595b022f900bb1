/*
 * What the tests of the store share: a fresh directory each, one store in it.
 */
#ifndef PLACED_TESTS_STORE_FIXTURE_H
#define PLACED_TESTS_STORE_FIXTURE_H

#include "lib/name.h"
#include "zones/store.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[256]; /* a fresh directory, removed at the end */
static char dir[300];  /* the store's, within it */
static char file[320];
static struct store *s;
static struct diag diag;

static const struct store_options plain = {.readers = 4, .create = true};

static inline int
remove_entry(const char *path, const struct stat *st, int kind,
	     struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(base, sizeof(base), "%s/placed-store-XXXXXX",
		 tmp != NULL && strlen(tmp) < 200 ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/store", base);
	snprintf(file, sizeof(file), "%s/%s", dir, STORE_FILE);
}

static inline void
tear_down(void)
{
	store_close(s);
	nftw(base, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void
open_with(const struct store_options *o)
{
	cr_assert_eq(store_open(&s, dir, o, &diag), ERR_OK, "%s", diag.text);
}

static inline void
open_plain(void)
{
	open_with(&plain);
}

static inline void
close_store(void)
{
	store_close(s);
	s = NULL;
}

static inline struct store_txn *
begin(void)
{
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(s, &t), ERR_OK);
	return t;
}

static inline void
put(struct store_txn *t, const char *key, const char *value)
{
	cr_assert_eq(store_put(t, STORE_NODES, key, strlen(key), value,
			       strlen(value)),
		     ERR_OK);
}

static inline void
put_committed(const char *key, const char *value)
{
	struct store_txn *t = begin();

	put(t, key, value);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

static inline bool
is(struct store_value v, const char *text)
{
	return v.len == strlen(text) && memcmp(v.octets, text, v.len) == 0;
}

/* What a snapshot of its own finds there; "" if nothing. */
static inline const char *
committed(const char *key)
{
	static char text[64];
	struct store_view *v = store_reader_new(s);
	struct store_value value;
	enum err e;

	cr_assert_not_null(v);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	e = store_get(v, STORE_NODES, key, strlen(key), &value);
	cr_assert(e == ERR_OK || e == ERR_NOTFOUND);
	snprintf(text, sizeof(text), "%.*s", e == ERR_OK ? (int)value.len : 0,
		 e == ERR_OK ? (const char *)value.octets : "");
	store_reader_end(v);
	store_reader_free(v);
	return text;
}

/* Octets and times of the file, to show that it was left alone. */
struct file_state {
	struct stat st;
	uint8_t *octets;
};

static inline struct file_state
file_state(void)
{
	struct file_state f;
	FILE *in = fopen(file, "rb");

	cr_assert_not_null(in);
	cr_assert_eq(fstat(fileno(in), &f.st), 0);
	f.octets = malloc((size_t)f.st.st_size + 1);
	cr_assert_eq(fread(f.octets, 1, (size_t)f.st.st_size, in),
		     (size_t)f.st.st_size);
	fclose(in);
	return f;
}

static inline unsigned
directory_entries(void)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static inline void
remove_lock_file(void)
{
	char path[400];

	snprintf(path, sizeof(path), "%s-lock", file);
	cr_assert_eq(unlink(path), 0);
}

/* Entries with the numbers from first up to end, in a transaction. */
static inline void
put_numbered(int first, int end)
{
	struct store_txn *t = begin();
	char key[16];

	for (int i = first; i < end; i++) {
		snprintf(key, sizeof(key), "%08d", i);
		put(t, key, "something to fill the pages with");
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

/* A store with some hundred pages, closed, without its lock file. */
static inline void
make_closed_store(void)
{
	open_plain();
	put_numbered(0, 20000);
	close_store();
	remove_lock_file();
}

/* Runs fn in a process of its own, under another uid if we are root; its
 * result. */
static inline int
in_child(bool other_user, int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (other_user && getuid() == 0 &&
		    (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(fn());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline int
child_open(void)
{
	struct store *mine;
	struct diag d = {""};
	enum err e = store_open(&mine, dir, &plain, &d);

	store_close(mine);
	/* The sentence must name the place. */
	return e != ERR_OK && strstr(d.text, base) == NULL ? 98 : (int)e;
}

static inline void
put_entries(struct store_txn *t, enum store_table table, uint32_t id,
	    unsigned count)
{
	uint8_t key[8];

	put32(key, id);
	for (unsigned i = 0; i < count; i++) {
		put32(key + 4, i);
		cr_assert_eq(store_put(t, table, key, 8, "x", 1), ERR_OK);
	}
}

static inline unsigned
count_entries(enum store_table table, uint32_t id)
{
	struct store_view *v = store_reader_new(s);
	struct store_value k;
	unsigned n = 0;
	uint8_t key[4];
	enum err e;

	put32(key, id);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	e = store_seek(v, table, key, 4, &k, NULL);
	for (; e == ERR_OK && get32(k.octets) == id; n++)
		e = store_next(v, table, &k, NULL);
	store_reader_free(v);
	return n;
}

#endif
