/* The cache: what is put is there, within its limit, until it is flushed. */
#include "tests/unit/answer_words.h"
#include "tests/unit/cache_words.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

TestSuite(cache, .init = set_up, .fini = tear_down);

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

/* The smallest entry there is. */
static void
make_empty(uint8_t octets[ENTRY_HEAD_LEN])
{
	entry_head(octets, &(struct entry){.made = ANSWER_NOW, .ttl = 5});
}

Test(cache, holds_names_of_any_octets_and_length)
{
	uint8_t name[NAME_WIRE_MAX], octets[ENTRY_HEAD_LEN];
	struct entry e;

	open_cache();
	memset(name, 0, sizeof(name));
	name[0] = name[64] = name[128] = 63;
	name[192] = 61;
	make_empty(octets);
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

Test(cache, drops_what_its_queue_cannot_take)
{
	bool dropped = false;

	options.limit = 64 << 20;
	open_cache();
	/* The entry is made once: a copy is queued faster than it is written.
	 */
	dropped = !put_large("n.example.", 60000);
	for (unsigned i = 0; i < 10000 && !dropped; i++)
		dropped = !cache_put(c, name_of(numbered("n", i)), 1000, 0,
				     entry.octets, entry.len);
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

	make_empty(octets);
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
	uint8_t nothing[ENTRY_HEAD_LEN];
	static const uint16_t types[] = {1, 28, 65, 255, 256, 257, 0x6100};

	open_cache();
	make_empty(nothing);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		cache_put(c, name_of("www.example."), types[i], CACHE_DO,
			  nothing, sizeof(nothing));
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
