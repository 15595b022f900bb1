/* The cache's file: a disk that is full, another life, what cannot be used. */
#include "tests/unit/cache_words.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(cache_file, .init = set_up, .fini = tear_down);

/* --- the disk ------------------------------------------------------------- */

Test(cache_file, on_a_full_disk_goes_on_and_comes_back)
{
	struct rlimit small = {400000, RLIM_INFINITY}, large;

	signal(SIGXFSZ, SIG_IGN);
	options.limit = 16 << 20;
	open_cache();
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &large), 0);
	small.rlim_max = large.rlim_max;
	put("www.example.");
	cache_wait(c);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	flood(0, 5000);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	cr_assert_gt(stats().dropped, 0);
	cr_assert(!stats().usable);
	flood(5000, 5100);
	cr_assert(has("flood5099.example."));
	cr_assert(stats().usable);
}

static int
open_fails_on_full_disk(void)
{
	struct rlimit none = {0, RLIM_INFINITY};
	struct cache *mine;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &none);
	none.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &none);
	return (int)cache_open(&mine, dir, &options, &diag);
}

static int
in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0)
		_exit(fn());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(cache_file, that_cannot_be_made_says_so)
{
	cr_assert_eq(in_child(open_fails_on_full_disk), ERR_FULL);
	open_cache();
}

/* --- another life --------------------------------------------------------- */

Test(cache_file, survives_a_restart)
{
	struct cache_stats before;

	open_cache();
	put("www.example.");
	put("used.example.");
	cache_wait(c);
	put("used.example.");
	cache_wait(c);
	before = stats();
	close_cache();
	open_cache();
	cr_assert(has("www.example."));
	cr_assert(has("used.example."));
	cr_assert_eq(stats().entries, 2);
	cr_assert_eq(stats().kept, 1);
	cr_assert_eq(stats().octets, before.octets);
	flood(0, 10000);
	cr_assert(has("used.example."));
}

Test(cache_file, writes_what_is_queued_before_it_closes)
{
	open_cache();
	for (unsigned i = 0; i < 100; i++)
		put(numbered("n", i));
	close_cache();
	open_cache();
	for (unsigned i = 0; i < 100; i++)
		cr_assert(has(numbered("n", i)));
}

/* Puts until it is killed; tells when the first flood is written. What it goes
 * on with are few names, over and over: it may go on for long, and must not
 * throw out the first. */
static pid_t
child_puts(int *told)
{
	int ends[2];
	pid_t pid;
	char octet;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		open_cache();
		flood(0, 500);
		must(write(ends[1], "x", 1) == 1);
		for (unsigned i = 0;; i = (i + 1) % 100)
			put_ttl(numbered("again", i), 300);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &octet, 1), 1);
	*told = ends[0];
	return pid;
}

Test(cache_file, survives_being_killed)
{
	int status, told;
	pid_t pid = child_puts(&told);

	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	close(told);
	open_cache();
	cr_assert_geq(stats().entries, 500);
	for (unsigned i = 400; i < 500; i++)
		cr_assert(has(numbered("flood", i)));
	flood(0, 100);
}

static void
state_is(const char *text)
{
	FILE *out = fopen(state, "w");

	cr_assert_not_null(out);
	fputs(text, out);
	fclose(out);
}

static bool
is_whole(void)
{
	char text[128] = "";
	FILE *in = fopen(state, "r");

	cr_assert_not_null(in);
	cr_assert_not_null(fgets(text, sizeof(text), in));
	fclose(in);
	return strcmp(text, "placed-cache 1 whole\n") == 0;
}

/* Opened again, it is empty and works. */
static void
expect_begun_again(void)
{
	open_cache();
	cr_assert_eq(stats().entries, 0);
	cr_assert(!has("www.example."));
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
	close_cache();
}

static void
make_closed(void)
{
	open_cache();
	put("www.example.");
	flood(0, 1000);
	close_cache();
}

Test(cache_file, is_thrown_away_when_the_machine_stopped_while_it_was_in_use)
{
	make_closed();
	state_is("placed-cache 1 in-use 00000000-0000-0000-0000-000000000000"
		 "\n");
	expect_begun_again();
}

Test(cache_file, is_kept_when_the_machine_stopped_after_it_was_closed)
{
	make_closed();
	cr_assert(is_whole());
	open_cache();
	cr_assert_eq(stats().entries, 1001);
}

Test(cache_file, that_is_only_read_stays_whole_whatever_happens)
{
	make_closed();
	open_cache();
	cr_assert(has("www.example."));
	cr_assert(is_whole());
	put("web.example.");
	cache_wait(c);
	cr_assert(!is_whole());
	close_cache();
	cr_assert(is_whole());
}

Test(cache_file, that_is_begun_in_place_of_a_whole_one_is_in_use)
{
	make_closed();
	cr_assert_eq(truncate(file, 0), 0);
	open_cache();
	cr_assert(!is_whole());
	close_cache();
	cr_assert_eq(unlink(file), 0);
	open_cache();
	cr_assert(!is_whole());
}

Test(cache_file, whose_state_makes_no_sense_is_thrown_away)
{
	static const char *const states[] = {
		"",
		"placed-cache 2 whole\n",
		"placed-cache 1 in-use \n",
		"placed-cache 1 who",
		"placed-cache 1 spoilt\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		make_closed();
		state_is(states[i]);
		expect_begun_again();
	}
	make_closed();
	cr_assert_eq(unlink(state), 0);
	expect_begun_again();
}

Test(cache_file, that_was_cut_short_is_thrown_away)
{
	static const off_t sizes[] = {0, 100, 4096, 8192, 100000};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		make_closed();
		cr_assert_eq(truncate(file, sizes[i]), 0);
		expect_begun_again();
	}
}

Test(cache_file, that_is_something_else_is_thrown_away)
{
	FILE *out;

	make_closed();
	out = fopen(file, "w");
	for (unsigned i = 0; i < 10000; i++)
		fputs("this is a letter to a friend\n", out);
	fclose(out);
	expect_begun_again();
}

Test(cache_file, larger_than_its_limit_is_thrown_away)
{
	options.limit = 8 << 20;
	open_cache();
	flood(0, 10000);
	close_cache();
	cr_assert_gt(file_size(), CACHE_LIMIT_MIN);
	options.limit = CACHE_LIMIT_MIN;
	expect_begun_again();
	cr_assert_leq(file_size(), CACHE_LIMIT_MIN);
}

Test(cache_file, is_kept_when_its_limit_grows)
{
	make_closed();
	options.limit = 8 << 20;
	open_cache();
	cr_assert(has("www.example."));
	flood(1000, 5000);
	cr_assert_eq(stats().evicted, 0);
}

Test(cache_file, that_is_in_use_is_busy)
{
	struct cache *again;

	open_cache();
	cr_assert_eq(cache_open(&again, dir, &options, &diag), ERR_BUSY);
	cr_assert_null(again);
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
}

Test(cache_file, lies_beside_a_store)
{
	const struct store_options o = {.readers = 1, .create = true};
	struct store *s;

	cr_assert_eq(store_open(&s, dir, &o, &diag), ERR_OK);
	open_cache();
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
	close_cache();
	store_close(s);
	cr_assert_eq(store_open(&s, dir, &o, &diag), ERR_OK);
	cr_assert_eq(store_boots(s), 2);
	store_close(s);
}

Test(cache_file, with_octets_that_rotted_has_a_miss_there)
{
	static uint8_t octets[CACHE_LIMIT_MIN];
	static const char rdata[] = "\xc0\0\2\1";
	unsigned found = 0, ruined = 0;
	size_t len;
	int fd;

	make_closed();
	fd = open(file, O_RDWR);
	len = (size_t)read(fd, octets, sizeof(octets));
	for (size_t i = 8192; i + 6 <= len; i++)
		if (memcmp(octets + i, "\0\4", 2) == 0 &&
		    memcmp(octets + i + 2, rdata, 4) == 0)
			ruined += pwrite(fd, "\xde", 1, (off_t)i + 3) == 1;
	close(fd);
	cr_assert_geq(ruined, 1001);
	open_cache();
	for (unsigned i = 0; i < 1000; i++)
		found += has(numbered("flood", i));
	cr_assert_eq(found, 0);
	flood(0, 1000); /* over what rotted */
	cr_assert(has("flood999.example."));
}
