/* The store: opening, refusing, beside other processes; backup. */
#include "tests/unit/store_fixture.h"

#include <signal.h>
#include <sys/resource.h>

TestSuite(store_open, .init = set_up, .fini = tear_down);

/* --- opening and refusing ------------------------------------------------- */

/* Opening fails so, for writing and for reading, and leaves all as it was. */
static void
expect_refused(enum err expected, const char *sentence)
{
	const struct store_options read_only = {.readers = 1,
						.read_only = true};
	struct file_state before = file_state(), after;
	unsigned entries = directory_entries();

	cr_assert_eq(store_open(&s, dir, &plain, &diag), expected, "%s",
		     diag.text);
	cr_assert_null(s);
	cr_assert_not_null(strstr(diag.text, sentence), "%s", diag.text);
	cr_assert_eq(directory_entries(), entries);
	cr_assert_eq(store_open(&s, dir, &read_only, &diag), expected, "%s",
		     diag.text);
	cr_assert_not_null(strstr(diag.text, sentence), "%s", diag.text);
	after = file_state();
	cr_assert_eq(after.st.st_size, before.st.st_size);
	cr_assert_eq(after.st.st_mtim.tv_sec, before.st.st_mtim.tv_sec);
	cr_assert_eq(after.st.st_mtim.tv_nsec, before.st.st_mtim.tv_nsec);
	cr_assert_eq(after.st.st_ino, before.st.st_ino);
	cr_assert_arr_eq(after.octets, before.octets,
			 (size_t)before.st.st_size);
	free(before.octets);
	free(after.octets);
}

Test(store_open, makes_its_directory_and_keeps_what_was_committed)
{
	open_plain();
	put_committed("lamp", "on");
	close_store();
	open_plain();
	cr_assert_str_eq(committed("lamp"), "on");
}

Test(store_open, counts_how_often_it_was_opened)
{
	open_plain();
	cr_assert_eq(store_boots(s), 1);
	close_store();
	open_plain();
	cr_assert_eq(store_boots(s), 2);
}

Test(store_open, that_is_not_there_is_not_made_unasked)
{
	const struct store_options o = {.readers = 1};
	struct stat st;

	cr_assert_eq(store_open(&s, dir, &o, &diag), ERR_NOTFOUND);
	cr_assert_not_null(strstr(diag.text, dir));
	cr_assert_eq(stat(dir, &st), -1);
	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert_eq(store_open(&s, dir, &o, &diag), ERR_NOTFOUND);
	cr_assert_not_null(strstr(diag.text, "there is no store in"));
	cr_assert_eq(directory_entries(), 2);
}

Test(store_open, of_another_schema_is_refused)
{
	struct store_txn *t;

	open_plain();
	t = begin();
	cr_assert_eq(store_put(t, STORE_META, "schema", 6, "\0\0\0\7", 4),
		     ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	close_store();
	remove_lock_file();
	expect_refused(ERR_VERSION, "has schema 7, this placed knows 3: use "
				    "the placed that wrote it");
}

Test(store_open, cut_short_is_refused_wherever_it_was_cut)
{
	struct stat st;

	make_closed_store();
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_eq(truncate(file, st.st_size - 1), 0);
	expect_refused(ERR_CORRUPT, "is cut short");
	cr_assert_eq(truncate(file, st.st_size / 2), 0);
	expect_refused(ERR_CORRUPT, "is cut short");
	cr_assert_eq(truncate(file, 8192), 0);
	expect_refused(ERR_CORRUPT, "is cut short");
	cr_assert_eq(truncate(file, 4096), 0);
	expect_refused(ERR_CORRUPT, "cut short");
	cr_assert_eq(truncate(file, 100), 0);
	expect_refused(ERR_CORRUPT, "is not a store");
	cr_assert_eq(truncate(file, 0), 0);
	expect_refused(ERR_CORRUPT, "is not a store");
}

/* The free list can be read, and the pages that are missing are not in it. */
Test(store_open, cut_short_of_data_alone_is_refused)
{
	struct store_txn *t;
	struct stat st;
	char key[16];

	open_plain();
	put_numbered(0, 20000);
	t = begin();
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "%08d", i);
		cr_assert_eq(store_delete(t, STORE_NODES, key, 8), ERR_OK);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	put_committed("lamp", "on"); /* trees and free list move to the front */
	put_committed("lamp", "off");
	close_store();
	remove_lock_file();
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_eq(truncate(file, st.st_size - 50 * 4096), 0);
	expect_refused(ERR_CORRUPT, "is cut short");
}

/* LMDB does not write pages that a transaction took and gave up again: then
 * the file ends before its last page and is whole nevertheless. */
Test(store_open, that_ends_in_pages_never_written_is_whole)
{
	struct store_usage u;
	struct stat st;
	char key[16];

	open_plain();
	for (int round = 0; round < 2; round++) {
		struct store_txn *t = begin();

		for (int i = 0; i < 20000; i++) {
			snprintf(key, sizeof(key), "%08d", i);
			put(t, key, "something to fill the pages with");
		}
		for (int i = 19999; i >= 0; i--) {
			snprintf(key, sizeof(key), "%08d", i);
			cr_assert_eq(store_delete(t, STORE_NODES, key, 8),
				     ERR_OK);
		}
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
	cr_assert_eq(store_usage(s, &u), ERR_OK);
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_lt((uint64_t)st.st_size, u.file_octets);
	close_store();
	cr_assert_eq(store_open(&s, dir, &plain, &diag), ERR_OK, "%s",
		     diag.text);
	close_store();
	cr_assert_eq(truncate(file, 5 * 4096), 0);
	cr_assert_eq(store_open(&s, dir, &plain, &diag), ERR_CORRUPT);
}

Test(store_open, file_of_something_else_is_refused)
{
	FILE *out;

	cr_assert_eq(mkdir(dir, 0700), 0);
	out = fopen(file, "w");
	for (int i = 0; i < 4000; i++)
		fputs("this is a letter to a friend, not a store\n", out);
	fclose(out);
	expect_refused(ERR_CORRUPT, "is not a store");
}

Test(store_open, with_ruined_meta_pages_is_refused)
{
	int fd;

	make_closed_store();
	fd = open(file, O_WRONLY);
	cr_assert_eq(pwrite(fd, "\xff\xff\xff\xff", 4, 4096 + 16), 4);
	close(fd);
	expect_refused(ERR_CORRUPT, "is damaged or cut short");
	fd = open(file, O_WRONLY);
	cr_assert_eq(pwrite(fd, "\3\0\0\0", 4, 40), 4);
	close(fd);
	expect_refused(ERR_CORRUPT, "impossible page size");
}

Test(store_open, where_a_file_should_be_a_directory_is_refused)
{
	FILE *out = fopen(dir, "w");

	fclose(out);
	cr_assert_neq(store_open(&s, dir, &plain, &diag), ERR_OK);
	cr_assert_not_null(strstr(diag.text, dir));
	cr_assert_not_null(strstr(diag.text, "Not a directory"));
}

Test(store_open, without_rights_is_refused)
{
	struct file_state before, after;

	cr_assert_eq(chmod(base, 0755), 0);
	make_closed_store();
	before = file_state();
	/* Neither to read nor to write, then to read only. */
	cr_assert_eq(chmod(dir, 0), 0);
	cr_assert_eq(in_child(true, child_open), ERR_DENIED);
	cr_assert_eq(chmod(dir, 0755), 0);
	cr_assert_eq(chmod(file, 0444), 0);
	cr_assert_eq(in_child(true, child_open), ERR_DENIED);
	/* A file that may be written in a directory that may not. */
	cr_assert_eq(chmod(file, 0666), 0);
	cr_assert_eq(chmod(dir, 0555), 0);
	cr_assert_eq(in_child(true, child_open), ERR_DENIED);
	cr_assert_eq(chmod(dir, 0755), 0);
	after = file_state();
	cr_assert_eq(after.st.st_mtim.tv_nsec, before.st.st_mtim.tv_nsec);
	cr_assert_eq(after.st.st_size, before.st.st_size);
	cr_assert_arr_eq(after.octets, before.octets,
			 (size_t)before.st.st_size);
	free(before.octets);
	free(after.octets);
}

Test(store_open, where_no_directory_can_be_made_is_refused)
{
	cr_assert_eq(chmod(base, 0555), 0);
	cr_assert_eq(in_child(true, child_open), ERR_DENIED);
	cr_assert_eq(chmod(base, 0755), 0);
}

Test(store_open, in_use_by_another_process_is_busy)
{
	open_plain();
	cr_assert_eq(in_child(false, child_open), ERR_BUSY);
	cr_assert_eq(store_boots(s), 1);
	close_store();
	cr_assert_eq(in_child(false, child_open), ERR_OK);
}

/* LMDB itself would open it again, and break its own locks. */
Test(store_open, twice_in_one_process_is_busy)
{
	struct store *again;

	open_plain();
	cr_assert_eq(store_open(&again, dir, &plain, &diag), ERR_BUSY);
	put_committed("lamp", "on");
	cr_assert_eq(in_child(false, child_open), ERR_BUSY);
	cr_assert_str_eq(committed("lamp"), "on");
}

/* Dies with a snapshot in its hands. */
static int
child_dies_reading(void)
{
	const struct store_options o = {.readers = 1, .read_only = true};
	struct store *mine;

	if (store_open(&mine, dir, &o, NULL) == ERR_OK &&
	    store_reader_begin(store_reader_new(mine)) == ERR_OK)
		_exit(0);
	return 1;
}

Test(store_open, the_snapshot_of_a_reader_that_died_is_forgotten)
{
	static char value[100000];
	struct stat st;

	memset(value, 'x', sizeof(value) - 1);
	open_plain();
	cr_assert_eq(in_child(false, child_dies_reading), 0);
	store_check_readers(s);
	for (int i = 0; i < 40; i++)
		put_committed("lamp", value);
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_lt(st.st_size, 1000000, "no page was used again");
}

static int
child_read(void)
{
	const struct store_options o = {.readers = 1, .read_only = true};
	struct store *mine;
	struct store_view *v;
	struct store_value value;
	struct store_txn *t;
	int rc = 1;

	if (store_open(&mine, dir, &o, NULL) != ERR_OK)
		return 2;
	v = store_reader_new(mine);
	if (store_reader_begin(v) == ERR_OK &&
	    store_get(v, STORE_NODES, "lamp", 4, &value) == ERR_OK &&
	    is(value, "on") && store_txn_begin(mine, &t) == ERR_DENIED)
		rc = 0;
	store_reader_free(v);
	store_close(mine);
	return rc;
}

Test(store_open, can_be_read_beside_the_process_that_writes)
{
	/* LMDB keeps what a process has open across fork(): so the parent
	 * opens after the child has been started. */
	int go[2], status;
	pid_t pid;
	char c;

	cr_assert_eq(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &c, 1) == 1 ? child_read() : 3);
	}
	open_plain();
	put_committed("lamp", "on");
	cr_assert_eq(write(go[1], "x", 1), 1);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	put_committed("lamp", "off");
	cr_assert_str_eq(committed("lamp"), "off");
	close(go[0]);
	close(go[1]);
}

static int
child_open_in_little_space(void)
{
	struct rlimit limit = {UINT64_C(3) << 30, UINT64_C(3) << 30};

	return setrlimit(RLIMIT_AS, &limit) == 0 ? child_open() : 97;
}

Test(store_open, takes_less_address_space_where_there_is_less)
{
#if defined(__SANITIZE_ADDRESS__)
	cr_skip_test("the sanitizer needs the address space for itself");
#endif
	cr_assert_eq(in_child(false, child_open_in_little_space), ERR_OK);
	open_plain();
	cr_assert_eq(store_boots(s), 2);
}

static int
child_crash_at_creation(void)
{
	/* What a power cut in the middle of file creation leaves. */
	char path[400];
	int fd;

	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s.new", file);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	return write(fd, "half a page", 11) == 11 ? 0 : 1;
}

Test(store_open, half_made_when_the_power_failed_is_made_anew)
{
	cr_assert_eq(in_child(false, child_crash_at_creation), 0);
	open_plain();
	cr_assert_eq(store_boots(s), 1);
	cr_assert_eq(directory_entries(), 4); /* . .. file lock */
}

/* --- backup --------------------------------------------------------------- */

Test(store_open, backup_is_a_store_with_what_was_committed)
{
	char copy[290];
	struct store_txn *t;

	open_plain();
	put_committed("lamp", "on");
	snprintf(copy, sizeof(copy), "%s/copy", base);
	t = begin();
	put(t, "lamp", "off"); /* not yet */
	cr_assert_eq(store_backup(s, copy, &diag), ERR_OK, "%s", diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_str_eq(committed("lamp"), "off");
	close_store();
	snprintf(dir, sizeof(dir), "%s", copy);
	cr_assert_eq(directory_entries(), 3); /* . .. file */
	open_plain();
	cr_assert_str_eq(committed("lamp"), "on");
	cr_assert_eq(store_boots(s), 2);
}

Test(store_open, backup_is_compact)
{
	struct stat before, after;
	struct store_txn *t;
	char copy[290], path[450];
	bool more = true;

	open_plain();
	t = begin();
	put_entries(t, STORE_NODES, 1, 20000);
	cr_assert_eq(store_erase_later(t, 1), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	while (more) {
		t = begin();
		cr_assert_eq(store_erase_slice(t, 5000, &more), ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
	snprintf(copy, sizeof(copy), "%s/copy", base);
	snprintf(path, sizeof(path), "%s/%s", copy, STORE_FILE);
	cr_assert_eq(store_backup(s, copy, &diag), ERR_OK, "%s", diag.text);
	cr_assert_eq(stat(file, &before), 0);
	cr_assert_eq(stat(path, &after), 0);
	cr_assert_lt(after.st_size * 10, before.st_size);
}

Test(store_open, backup_is_as_private_as_the_store)
{
	char copy[400], path[420];
	struct stat store_st, copy_st;
	mode_t old = umask(022);

	open_plain();
	snprintf(copy, sizeof(copy), "%s/there", base);
	snprintf(path, sizeof(path), "%s/%s", copy, STORE_FILE);
	cr_assert_eq(mkdir(copy, 0755), 0);
	cr_assert_eq(store_backup(s, copy, &diag), ERR_OK, "%s", diag.text);
	umask(old);
	cr_assert_eq(stat(file, &store_st), 0);
	cr_assert_eq(stat(path, &copy_st), 0);
	cr_assert_eq(copy_st.st_mode, store_st.st_mode, "%o, not %o",
		     copy_st.st_mode, store_st.st_mode);
}

Test(store_open, backup_does_not_overwrite_a_store)
{
	struct file_state before, after;

	open_plain();
	before = file_state();
	cr_assert_eq(store_backup(s, dir, &diag), ERR_EXISTS);
	cr_assert_not_null(strstr(diag.text, "holds a store already"));
	after = file_state();
	cr_assert_eq(after.st.st_size, before.st.st_size);
	cr_assert_arr_eq(after.octets, before.octets,
			 (size_t)before.st.st_size);
	free(before.octets);
	free(after.octets);
}

Test(store_open, backup_that_fails_leaves_no_file)
{
	struct rlimit small = {8192, RLIM_INFINITY}, large;
	struct store_txn *t;
	char copy[290];
	enum err e;

	signal(SIGXFSZ, SIG_IGN);
	open_plain();
	t = begin();
	put_entries(t, STORE_NODES, 1, 20000);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	snprintf(copy, sizeof(copy), "%s/copy", base);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &large), 0);
	small.rlim_max = large.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	e = store_backup(s, copy, &diag);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	cr_assert_eq(e, ERR_FULL, "%s", diag.text);
	cr_assert_not_null(strstr(diag.text, copy));
	snprintf(dir, sizeof(dir), "%s", copy);
	cr_assert_eq(directory_entries(), 2);
}
