#include "tests/unit/cache_words.h"

#include "tests/unit/answer_words.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char dir[256], file[300], state[300];
struct cache *c;
struct cache_view *v;
struct diag diag;
_Atomic uint64_t now = ANSWER_NOW;

static uint64_t
test_now(void)
{
	return atomic_load(&now);
}

struct cache_options options = {.limit = CACHE_LIMIT_MIN,
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

void
set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/placed-cache-XXXXXX",
		 tmp != NULL && strlen(tmp) < 200 ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/%s", dir, STORE_CACHE_FILE);
	snprintf(state, sizeof(state), "%s/%s", dir, CACHE_STATE_FILE);
}

void
open_cache(void)
{
	cr_assert_eq(cache_open(&c, dir, &options, &diag), ERR_OK, "%s",
		     diag.text);
	v = cache_view_new(c);
	cr_assert_not_null(v);
}

void
close_cache(void)
{
	cache_view_free(v);
	cache_close(c);
	v = NULL;
	c = NULL;
}

void
tear_down(void)
{
	close_cache();
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

bool
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

void
put(const char *name)
{
	cr_assert(put_ttl(name, 300));
}

bool
put_large(const char *name, size_t size)
{
	static uint8_t rdata[ENTRY_MAX];

	memset(rdata, 'x', sizeof(rdata));
	answer_begin(name, 1000, 0);
	answer_rr(MSG_AN, name, 300, 1000, rdata, size);
	expect_entry(ERR_OK);
	return cache_put(c, name_of(name), 1000, 0, entry.octets, entry.len);
}

bool
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

bool
has(const char *name)
{
	struct entry e;
	struct entry_rrset r;

	if (!get_type(name, RR_A, 0, &e))
		return false;
	cr_assert(entry_find(&e, MSG_AN, name_of(name), RR_A, &r));
	return true;
}

struct cache_stats
stats(void)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s;
}

const char *
numbered(const char *what, unsigned i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%u.example.", what, i);
	return text;
}

void
flood(unsigned from, unsigned end)
{
	for (unsigned i = from; i < end; i++) {
		put(numbered("flood", i));
		if (i % 100 == 99)
			cache_wait(c);
	}
	cache_wait(c);
}

uint64_t
file_size(void)
{
	struct stat st;

	cr_assert_eq(stat(file, &st), 0);
	return (uint64_t)st.st_size;
}
