/* The cache: what is put is there, within its limit, after a restart. */
#include "resolver/cache.h"
#include "tests/unit/answer_words.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256], file[300], state[300];
static struct cache *c;
static struct cache_view *v;
static struct diag diag;
static _Atomic uint64_t now = ANSWER_NOW;

static uint64_t
test_now(void)
{
	return atomic_load(&now);
}

static struct cache_options options = {.limit = CACHE_LIMIT_MIN,
				       .readers = 4,
				       .stale_max = 1000,
				       .now = test_now};

static int
remove_entry(const char *path, const struct stat *st, int kind,
	     struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/placed-cache-XXXXXX",
		 tmp != NULL && strlen(tmp) < 200 ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/%s", dir, STORE_CACHE_FILE);
	snprintf(state, sizeof(state), "%s/%s", dir, CACHE_STATE_FILE);
}

static void
open_cache(void)
{
	cr_assert_eq(cache_open(&c, dir, &options, &diag), ERR_OK, "%s",
		     diag.text);
	v = cache_view_new(c);
	cr_assert_not_null(v);
}

static void
close_cache(void)
{
	cache_view_free(v);
	cache_close(c);
	v = NULL;
	c = NULL;
}

static void
tear_down(void)
{
	close_cache();
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(cache, .init = set_up, .fini = tear_down);

/* --- words ---------------------------------------------------------------- */

/* An entry for name A with that TTL, made now. */
static bool
put_ttl(const char *name, uint32_t ttl)
{
	uint8_t octets[512];

	answer_begin(name, RR_A, 0);
	answer_a(MSG_AN, name, ttl, "192.0.2.1");
	expect_entry(ERR_OK);
	memcpy(octets, entry.octets, entry.len);
	put32(octets + 4, (uint32_t)test_now());
	return cache_put(c, name_of(name), RR_A, 0, octets, entry.len);
}

static void
put(const char *name)
{
	cr_assert(put_ttl(name, 300));
}

/* A set that takes so many octets. */
static bool
put_large(const char *name, size_t size)
{
	static uint8_t rdata[ENTRY_MAX];

	memset(rdata, 'x', sizeof(rdata));
	answer_begin(name, 1000, 0);
	answer_rr(MSG_AN, name, 300, 1000, rdata, size);
	expect_entry(ERR_OK);
	return cache_put(c, name_of(name), 1000, 0, entry.octets, entry.len);
}

static bool
get_type(const char *name, uint16_t type, uint8_t variant, struct entry *e)
{
	static uint8_t copy[ENTRY_MAX];
	bool there;

	cr_assert(cache_view_begin(v));
	there = cache_get(v, name_of(name), type, variant, e);
	if (there) {
		memcpy(copy, e->octets, e->len);
		entry_view(e, copy, e->len);
		cr_assert(entry_open(e, copy, e->len));
	}
	cache_view_end(v);
	return there;
}

static bool
has(const char *name)
{
	struct entry e;
	struct entry_rrset r;

	if (!get_type(name, RR_A, 0, &e))
		return false;
	cr_assert(entry_find(&e, MSG_AN, name_of(name), RR_A, &r));
	return true;
}

static struct cache_stats
stats(void)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s;
}

static const char *
numbered(const char *what, unsigned i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%u.example.", what, i);
	return text;
}

/* New names, as many as a client asks for that wants to do harm. */
static void
flood(unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++) {
		put(numbered("flood", i));
		if (i % 100 == 99)
			cache_wait(c);
	}
	cache_wait(c);
}

static uint64_t
file_size(void)
{
	struct stat st;

	cr_assert_eq(stat(file, &st), 0);
	return (uint64_t)st.st_size;
}

/* --- putting and getting -------------------------------------------------- */

Test(cache, gives_what_was_put)
{
	struct entry e;

	open_cache();
	cr_assert(!has("www.example."));
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
	cr_assert(has("WWW.Example."));
	cr_assert(!has("example."));
	cr_assert(!get_type("www.example.", RR_AAAA, 0, &e));
	cr_assert(!get_type("www.example.", RR_A, CACHE_DO, &e));
	cr_assert(!get_type("www.example.", RR_A, CACHE_CD, &e));
	cr_assert_eq(stats().entries, 1);
	cr_assert_eq(stats().written, 1);
}

Test(cache, keeps_variants_apart)
{
	struct entry e;

	open_cache();
	for (uint8_t variant = 0; variant < 4; variant++) {
		answer_begin("www.example.", RR_A, 0);
		answer_a(MSG_AN, "www.example.", 100u + variant, "192.0.2.1");
		expect_entry(ERR_OK);
		cr_assert(cache_put(c, name_of("www.example."), RR_A, variant,
				    entry.octets, entry.len));
	}
	cache_wait(c);
	for (uint8_t variant = 0; variant < 4; variant++) {
		cr_assert(get_type("www.example.", RR_A, variant, &e));
		cr_assert_eq(e.ttl, 100u + variant);
	}
}

Test(cache, gives_the_newer_of_two)
{
	struct entry e;

	open_cache();
	put_ttl("www.example.", 100);
	cache_wait(c);
	put_ttl("www.example.", 200);
	cache_wait(c);
	cr_assert(get_type("www.example.", RR_A, 0, &e));
	cr_assert_eq(e.ttl, 200);
	cr_assert_eq(stats().entries, 1);
	cr_assert_eq(stats().kept, 1);
}

Test(cache, holds_names_of_any_octets_and_length)
{
	uint8_t name[NAME_WIRE_MAX], octets[ENTRY_HEAD_LEN];
	struct entry e;

	open_cache();
	memset(name, 0, sizeof(name));
	name[0] = name[64] = name[128] = 63;
	name[192] = 61;
	entry_failure(octets, ANSWER_NOW, 5);
	cr_assert(cache_put(c, name, 0xffff, 3, octets, sizeof(octets)));
	cr_assert(cache_put(c, name_root, RR_NS, 0, octets, sizeof(octets)));
	cache_wait(c);
	cr_assert(cache_view_begin(v));
	cr_assert(cache_get(v, name, 0xffff, 3, &e));
	cr_assert(cache_get(v, name_root, RR_NS, 0, &e));
	cache_view_end(v);
}

Test(cache, does_not_keep_what_has_no_time_to_live)
{
	open_cache();
	cr_assert(put_ttl("www.example.", 0));
	cache_wait(c);
	cr_assert(!has("www.example."));
	cr_assert_eq(stats().dropped, 0);
}

Test(cache, shows_a_snapshot_until_it_ends)
{
	struct entry e;
	uint64_t number;

	open_cache();
	put("www.example.");
	cache_wait(c);
	cr_assert(cache_view_begin(v));
	number = cache_view_number(v);
	put_ttl("www.example.", 7);
	put("web.example.");
	cache_wait(c);
	cr_assert(cache_get(v, name_of("www.example."), RR_A, 0, &e));
	cr_assert_eq(e.ttl, 300);
	cr_assert(!cache_get(v, name_of("web.example."), RR_A, 0, &e));
	cr_assert_eq(cache_view_number(v), number);
	cache_view_end(v);
	cr_assert(has("web.example."));
	cr_assert(cache_view_begin(v));
	cr_assert_neq(cache_view_number(v), number);
	cache_view_end(v);
}

Test(cache, remembers_a_failure_beside_the_answer)
{
	uint8_t failure[ENTRY_HEAD_LEN];
	const uint8_t *name = name_of("www.example.");
	struct entry e;

	open_cache();
	entry_failure(failure, ANSWER_NOW, 5);
	cr_assert(cache_put(c, name, RR_A, 0, failure, sizeof(failure)));
	cache_wait(c);
	cr_assert(get_type("www.example.", RR_A, 0, &e));
	cr_assert_eq(e.flags, ENTRY_FAILURE);
	put("www.example.");
	cr_assert(cache_put(c, name_of("www.example."), RR_A, 0, failure,
			    sizeof(failure)));
	cache_wait(c);
	cr_assert(has("www.example."));
	cr_assert(cache_view_begin(v));
	cr_assert(cache_get_failure(v, name_of("www.example."), RR_A, 0, &e));
	cr_assert_eq(e.flags, ENTRY_FAILURE);
	cr_assert(!cache_get_failure(v, name_of("example."), RR_A, 0, &e));
	cache_view_end(v);
}

Test(cache, does_not_look_for_failures_of_before_it_was_opened)
{
	uint8_t failure[ENTRY_HEAD_LEN];
	struct entry e;

	open_cache();
	entry_failure(failure, ANSWER_NOW, 5);
	cr_assert(cache_put(c, name_of("www.example."), RR_A, 0, failure,
			    sizeof(failure)));
	cache_wait(c);
	close_cache();
	open_cache();
	cr_assert(!get_type("www.example.", RR_A, 0, &e));
	cr_assert(cache_put(c, name_of("example."), RR_A, 0, failure,
			    sizeof(failure)));
	cr_assert(get_type("www.example.", RR_A, 0, &e));
}

Test(cache, drops_what_its_queue_cannot_take)
{
	bool dropped = false;

	options.limit = 64 << 20;
	open_cache();
	for (unsigned i = 0; i < 1000 && !dropped; i++)
		dropped = !put_large(numbered("n", i), 60000);
	cr_assert(dropped);
	cr_assert_gt(stats().dropped, 0);
	cache_wait(c);
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
}

static void *
put_many(void *arg)
{
	uint8_t octets[ENTRY_HEAD_LEN];
	unsigned first = *(const unsigned *)arg;

	entry_failure(octets, ANSWER_NOW, 5);
	for (unsigned i = 0; i < 500; i++) {
		uint8_t name[NAME_WIRE_MAX] = "\4abcd";

		put32(name + 1, 0x61616161 + first + i);
		must(cache_put(c, name, RR_A, 0, octets, sizeof(octets)));
	}
	return NULL;
}

Test(cache, takes_from_many_threads)
{
	unsigned first[] = {0, 500, 1000, 1500};
	pthread_t threads[4];

	options.limit = 16 << 20;
	open_cache();
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, put_many, &first[i]);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cache_wait(c);
	cr_assert_eq(stats().written, 2000);
	cr_assert_gt(stats().entries, 1000); /* names differ but for case */
}

/* --- room ----------------------------------------------------------------- */

Test(cache, never_grows_beyond_its_limit)
{
	open_cache();
	flood(0, 20000);
	cr_assert_leq(file_size(), options.limit, "%lu", file_size());
	cr_assert_gt(stats().evicted, 10000);
	cr_assert_eq(stats().dropped, 0);
	cr_assert_eq(stats().written, 20000);
	cr_assert_gt(stats().entries, 1200, "%lu", stats().entries);
	cr_assert(has("flood19999.example."));
	cr_assert(!has("flood0.example."));
	cr_assert(stats().usable);
}

Test(cache, never_grows_beyond_its_limit_with_large_entries)
{
	unsigned put_count = 0;

	options.limit = 4 << 20;
	open_cache();
	for (unsigned i = 0; i < 2000; i++) {
		put_count += put_large(numbered("n", i), 100 + i * 97 % 60000);
		if (i % 10 == 9)
			cache_wait(c);
	}
	cache_wait(c);
	cr_assert_eq(put_count, 2000);
	cr_assert_leq(file_size(), options.limit, "%lu", file_size());
	cr_assert_lt(stats().dropped, 20, "%lu", stats().dropped);
	cr_assert_gt(stats().entries, 30, "%lu", stats().entries);
}

Test(cache, keeps_what_is_in_use_through_a_flood)
{
	unsigned left = 0;

	open_cache();
	for (unsigned i = 0; i < 50; i++)
		put(numbered("used", i));
	cache_wait(c);
	for (unsigned i = 0; i < 50; i++)
		cr_assert(has(numbered("used", i)));
	flood(0, 10000);
	cr_assert(!has("flood0.example."));
	for (unsigned i = 0; i < 50; i++)
		left += has(numbered("used", i));
	cr_assert_eq(left, 50, "%u", left);
	cr_assert_geq(stats().kept, 50);
}

Test(cache, keeps_what_is_renewed_through_a_flood)
{
	open_cache();
	put("used.example.");
	cache_wait(c);
	put("used.example.");
	flood(0, 10000);
	cr_assert(has("used.example."));
}

/* Each name is asked for twice, so that all of them count as in use. */
static void
flood_twice(unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++) {
		put(numbered("flood", i));
		put(numbered("flood", i));
		if (i % 32 != 31)
			continue;
		cache_wait(c);
		(void)has("used.example.");
	}
	cache_wait(c);
}

Test(cache, keeps_what_is_hit_through_a_flood_of_names_asked_for_twice)
{
	open_cache();
	put("used.example.");
	cache_wait(c);
	cr_assert(has("used.example."));
	flood_twice(0, 8000);
	cr_assert(!has("flood0.example."));
	put("fresh.example.");
	flood_twice(8000, 14000);
	cr_assert(has("used.example."));
	cr_assert(!has("flood8000.example."));
	cr_assert(has("fresh.example.")); /* a quarter is for what is new */
}

Test(cache, evicts_what_is_of_no_use_before_what_is_new)
{
	open_cache();
	for (unsigned i = 0; i < 200; i++)
		put_ttl(numbered("used", i), 10);
	cache_wait(c);
	for (unsigned i = 0; i < 200; i++)
		put_ttl(numbered("used", i), 10);
	cache_wait(c);
	cr_assert_eq(stats().kept, 200);
	flood(0, 5000);
	cr_assert_eq(stats().kept, 200); /* useless not yet */
	atomic_fetch_add(&now, 1011);
	flood(5000, 5800);
	cr_assert_eq(stats().kept, 0);
	cr_assert(has("flood5000.example."));
}

Test(cache, goes_on_while_a_reader_holds_an_old_snapshot)
{
	open_cache();
	put("www.example.");
	cache_wait(c);
	cr_assert(cache_view_begin(v));
	flood(0, 5000); /* nothing that was freed can be used */
	cr_assert_leq(file_size(), options.limit, "%lu", file_size());
	cr_assert_gt(stats().dropped, 0);
	cache_view_end(v);
	flood(5000, 8000);
	cr_assert(has("flood7999.example."));
	cr_assert(stats().usable);
}

/* --- the disk ------------------------------------------------------------- */

Test(cache, on_a_full_disk_goes_on_and_comes_back)
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

Test(cache, that_cannot_be_made_says_so)
{
	cr_assert_eq(in_child(open_fails_on_full_disk), ERR_FULL);
	open_cache();
}

/* --- another life --------------------------------------------------------- */

Test(cache, survives_a_restart)
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

Test(cache, writes_what_is_queued_before_it_closes)
{
	open_cache();
	for (unsigned i = 0; i < 100; i++)
		put(numbered("n", i));
	close_cache();
	open_cache();
	for (unsigned i = 0; i < 100; i++)
		cr_assert(has(numbered("n", i)));
}

/* Puts until it is killed; tells when the first flood is written. */
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
		for (unsigned i = 500;; i++)
			put_ttl(numbered("flood", i), 300);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &octet, 1), 1);
	*told = ends[0];
	return pid;
}

Test(cache, survives_being_killed)
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

Test(cache, is_thrown_away_when_the_machine_stopped_while_it_was_in_use)
{
	make_closed();
	state_is("placed-cache 1 in-use 00000000-0000-0000-0000-000000000000"
		 "\n");
	expect_begun_again();
}

Test(cache, is_kept_when_the_machine_stopped_after_it_was_closed)
{
	make_closed();
	cr_assert(is_whole());
	open_cache();
	cr_assert_eq(stats().entries, 1001);
}

Test(cache, that_is_only_read_stays_whole_whatever_happens)
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

Test(cache, that_is_begun_in_place_of_a_whole_one_is_in_use)
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

Test(cache, whose_state_makes_no_sense_is_thrown_away)
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

Test(cache, that_was_cut_short_is_thrown_away)
{
	static const off_t sizes[] = {0, 100, 4096, 8192, 100000};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		make_closed();
		cr_assert_eq(truncate(file, sizes[i]), 0);
		expect_begun_again();
	}
}

Test(cache, that_is_something_else_is_thrown_away)
{
	FILE *out;

	make_closed();
	out = fopen(file, "w");
	for (unsigned i = 0; i < 10000; i++)
		fputs("this is a letter to a friend\n", out);
	fclose(out);
	expect_begun_again();
}

Test(cache, larger_than_its_limit_is_thrown_away)
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

Test(cache, is_kept_when_its_limit_grows)
{
	make_closed();
	options.limit = 8 << 20;
	open_cache();
	cr_assert(has("www.example."));
	flood(1000, 5000);
	cr_assert_eq(stats().evicted, 0);
}

Test(cache, that_is_in_use_is_busy)
{
	struct cache *again;

	open_cache();
	cr_assert_eq(cache_open(&again, dir, &options, &diag), ERR_BUSY);
	cr_assert_null(again);
	put("www.example.");
	cache_wait(c);
	cr_assert(has("www.example."));
}

Test(cache, lies_beside_a_store)
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

Test(cache, with_octets_that_rotted_has_a_miss_there)
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

/* --- flushing ------------------------------------------------------------- */

static uint64_t
flush(const char *name, bool below)
{
	uint64_t removed;

	cr_assert_eq(cache_flush(c, name_of(name), below, &removed, &diag),
		     ERR_OK, "%s", diag.text);
	return removed;
}

Test(cache, flushes_a_name_of_all_types)
{
	uint8_t failure[ENTRY_HEAD_LEN];
	static const uint16_t types[] = {1, 28, 65, 255, 256, 257, 0x6100};

	open_cache();
	entry_failure(failure, ANSWER_NOW, 100);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		cache_put(c, name_of("www.example."), types[i], CACHE_DO,
			  failure, sizeof(failure));
	put("www.example.");
	put("a.www.example.");
	put("example.");
	put("wwww.example.");
	cr_assert_eq(flush("WWW.example.", false), 8);
	cr_assert(!has("www.example."));
	cr_assert(has("a.www.example."));
	cr_assert(has("example."));
	cr_assert(has("wwww.example."));
	cr_assert_eq(stats().entries, 3);
	cr_assert_eq(flush("www.example.", false), 0);
}

Test(cache, flushes_what_is_below_a_name)
{
	open_cache();
	put("example.");
	put("a.example.");
	put("b.a.example.");
	put("aexample.");
	put("a.example2.");
	cr_assert_eq(flush("example.", true), 3);
	cr_assert(has("aexample."));
	cr_assert(has("a.example2."));
	cr_assert(!has("b.a.example."));
}

Test(cache, flushes_everything_in_slices)
{
	open_cache();
	flood(0, 1000);
	cr_assert_eq(flush(".", true), 1000);
	cr_assert_eq(stats().entries, 0);
	flood(0, 1000);
	cr_assert_eq(stats().entries, 1000);
	cr_assert_eq(flush("flood7.example.", false), 1);
}
