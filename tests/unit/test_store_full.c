/* The store at its limit and on a full disk. */
#include "tests/unit/store_fixture.h"

#include <signal.h>
#include <sys/resource.h>

TestSuite(store_full, .init = set_up, .fini = tear_down);

/* --- filling up ----------------------------------------------------------- */

/* Commits entries of 1 kB, ten at a time, until one fails; how that ended. */
static enum err
fill(bool ask_room, uint32_t *next)
{
	static uint8_t value[1000];
	enum err e = ERR_OK;

	while (e == ERR_OK && *next < 100000) {
		struct store_txn *t = begin();

		if (ask_room)
			e = store_txn_room(t);
		for (int i = 0; i < 10 && e == ERR_OK; i++) {
			uint8_t key[8];

			put32(key, 9);
			put32(key + 4, *next + (uint32_t)i);
			e = store_put(t, STORE_NODES, key, 8, value,
				      sizeof(value));
		}
		if (e != ERR_OK) {
			store_txn_abort(t);
			return e;
		}
		e = store_txn_commit(t);
		if (e == ERR_OK)
			*next += 10;
	}
	return e;
}

Test(store_full, at_its_limit_has_no_room_until_something_is_deleted)
{
	struct store_options o = plain;
	struct store_usage u;
	struct store_txn *t;
	uint32_t next = 0;

	o.limit = 1 << 20;
	open_with(&o);
	cr_assert_eq(fill(true, &next), ERR_FULL);
	cr_assert_gt(next, 500);
	cr_assert_lt(next, 1100);
	cr_assert_eq(count_entries(STORE_NODES, 9), next);
	cr_assert_eq(store_usage(s, &u), ERR_OK);
	cr_assert_geq(u.file_octets, o.limit);
	cr_assert_lt(u.file_octets, o.limit + (1 << 18));
	cr_assert_eq(u.limit, o.limit);

	t = begin(); /* what only removes goes on */
	for (uint32_t i = 0; i < 300; i++) {
		uint8_t key[8];

		put32(key, 9);
		put32(key + 4, i);
		cr_assert_eq(store_delete(t, STORE_NODES, key, 8), ERR_OK);
	}
	cr_assert_eq(store_txn_room(t), ERR_FULL);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(store_usage(s, &u), ERR_OK);
	cr_assert_gt(u.free_octets, 200000);
	t = begin();
	cr_assert_eq(store_txn_room(t), ERR_OK);
	store_txn_abort(t);
	cr_assert_eq(fill(true, &next), ERR_FULL);
	cr_assert_eq(store_usage(s, &u), ERR_OK);
	cr_assert_lt(u.file_octets, o.limit + (1 << 18));
}

Test(store_full, without_a_limit_has_room)
{
	struct store_txn *t;

	open_plain();
	t = begin();
	cr_assert_eq(store_txn_room(t), ERR_OK);
	store_txn_abort(t);
}

/* A limit on the size of files stands for the full disk: write(2) is short,
 * then fails. */
Test(store_full, on_a_full_disk_is_full_and_goes_on_when_there_is_room_again)
{
	struct rlimit small = {1500000, RLIM_INFINITY}, large;
	struct store_view *v;
	struct store_value value;
	uint32_t next = 0, before;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &large), 0);
	small.rlim_max = large.rlim_max;
	open_plain();
	put_committed("lamp", "on");
	v = store_reader_new(s);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_assert_eq(fill(false, &next), ERR_FULL);
	cr_assert_eq(fill(false, &next), ERR_FULL); /* and again */

	before = next;
	cr_assert_str_eq(committed("lamp"), "on");
	cr_assert_eq(store_get(v, STORE_NODES, "lamp", 4, &value), ERR_OK);
	store_reader_end(v);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(store_get(v, STORE_NODES, "lamp", 4, &value), ERR_OK);
	store_reader_free(v);
	cr_assert_eq(count_entries(STORE_NODES, 9), before);

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	put_committed("lamp", "off");
	cr_assert_str_eq(committed("lamp"), "off");
	cr_assert_eq(count_entries(STORE_NODES, 9), before);
	close_store();
	open_plain();
	cr_assert_str_eq(committed("lamp"), "off");
	cr_assert_eq(count_entries(STORE_NODES, 9), before);
}

static int
child_start_on_full_disk(void)
{
	struct rlimit small = {8192, RLIM_INFINITY};
	struct stat st;
	int rc;

	/* Not an octet beyond what is there. */
	if (stat(file, &st) != 0)
		return 96;
	small.rlim_cur = (rlim_t)st.st_size;
	getrlimit(RLIMIT_FSIZE, &small);
	small.rlim_cur = (rlim_t)st.st_size;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &small) != 0)
		return 97;
	rc = child_open();
	return rc;
}

Test(store_full, starts_on_a_full_disk)
{
	make_closed_store();
	/* The lock file is small enough to be made within the limit. */
	cr_assert_eq(in_child(false, child_start_on_full_disk), ERR_OK);
}
