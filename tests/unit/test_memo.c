/* A bounded memory that forgets the oldest and mixes nothing up. */
#include "server/memo.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t names[2][NAME_WIRE_MAX];

static struct memo_key
key_of(const char *name, uint16_t qtype)
{
	static unsigned turn;
	uint8_t *wire = names[turn++ % 2];
	struct memo_key k = {.qname = wire, .qtype = qtype, .limit = 1232};

	cr_assert_eq(name_from_text(wire, name, NULL, NULL), ERR_OK);
	k.qname_len = (uint8_t)name_len(wire);
	k.hash = memo_key_hash(&k);
	return k;
}

static void
store_text(struct memo *m, const struct memo_key *k, const char *text)
{
	struct memo_answer a = {
		.number = 7,
		.zone = {3, 4},
		.zone_count = 2,
		.rcode = 3,
		.flags = 0x400,
		.count = {1, 2, 3},
		.tail = (const uint8_t *)text,
		.tail_len = (uint16_t)strlen(text),
	};

	/* the first time it is only noticed */
	memo_store(m, k, &a);
	memo_store(m, k, &a);
}

static bool
holds(const struct memo *m, const struct memo_key *k, const char *text)
{
	struct memo_answer a;

	return memo_find(m, k, &a) && a.tail_len == strlen(text) &&
	       memcmp(a.tail, text, a.tail_len) == 0;
}

Test(memo, what_is_stored_is_found_whole)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("lamp.house", 1);
	struct memo_answer a;

	cr_expect(!memo_find(m, &k, &a));
	store_text(m, &k, "answer");
	cr_assert(memo_find(m, &k, &a));
	cr_expect_eq(a.number, 7u);
	cr_expect_eq(a.zone[1], 4u);
	cr_expect_eq(a.zone_count, 2u);
	cr_expect_eq(a.rcode, 3u);
	cr_expect_eq(a.flags, 0x400u);
	cr_expect_eq(a.count[2], 3u);
	cr_expect_arr_eq(a.tail, "answer", 6);
	memo_free(m);
}

Test(memo, answer_that_comes_once_is_not_kept)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("random.house", 1);
	struct memo_answer a = {.tail = (const uint8_t *)"x", .tail_len = 1};

	memo_store(m, &k, &a);
	cr_expect(!memo_find(m, &k, &a));
	memo_store(m, &k, &a);
	cr_expect(memo_find(m, &k, &a));
	memo_free(m);
}

Test(memo, names_asked_once_do_not_push_out_what_is_asked_again)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("lamp.house", 1);
	struct memo_answer a = {.tail = (const uint8_t *)"x", .tail_len = 1};
	char name[32];

	store_text(m, &k, "lamp");
	for (int i = 0; i < 100000; i++) {
		struct memo_key once;

		snprintf(name, sizeof(name), "r%d.house", i);
		once = key_of(name, 1);
		memo_store(m, &once, &a);
	}
	k = key_of("lamp.house", 1);
	cr_expect(holds(m, &k, "lamp"));
	memo_free(m);
}

Test(memo, case_of_the_name_does_not_matter)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("LAMP.house", 1);

	store_text(m, &k, "x");
	k = key_of("lamp.HOUSE", 1);
	cr_expect(holds(m, &k, "x"));
	memo_free(m);
}

Test(memo, type_limit_edns_and_view_each_tell_questions_apart)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("lamp.house", 1), other;

	store_text(m, &k, "x");
	for (int i = 0; i < 4; i++) {
		struct memo_answer a;

		other = k;
		other.qtype += i == 0;
		other.limit += i == 1;
		other.edns += i == 2;
		other.view += i == 3;
		other.hash = memo_key_hash(&other);
		cr_expect(!memo_find(m, &other, &a), "%d", i);
		other.hash = k.hash; /* not even if the hash were the same */
		cr_expect(!memo_find(m, &other, &a), "%d", i);
	}
	memo_free(m);
}

Test(memo, later_answer_takes_the_place_of_the_earlier)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("lamp.house", 1);

	store_text(m, &k, "old");
	store_text(m, &k, "new");
	cr_expect(holds(m, &k, "new"));
	memo_free(m);
}

Test(memo, oldest_is_forgotten_and_nothing_is_mixed_up)
{
	struct memo *m = memo_new(MEMO_MIN);
	char name[32];
	int found = 0;

	for (int i = 0; i < 20000; i++) {
		struct memo_key k;

		snprintf(name, sizeof(name), "d%d.house", i);
		k = key_of(name, 1);
		store_text(m, &k, name);
		cr_assert(holds(m, &k, name), "%s is not there at once", name);
	}
	for (int i = 0; i < 20000; i++) {
		struct memo_answer a;
		struct memo_key k;

		snprintf(name, sizeof(name), "d%d.house", i);
		k = key_of(name, 1);
		if (!memo_find(m, &k, &a))
			continue;
		cr_assert(holds(m, &k, name), "%s got another's", name);
		found++;
		cr_expect_gt(i, 10000);
	}
	cr_expect_gt(found, 200);
	memo_free(m);
}

Test(memo, answer_too_large_for_the_ring_is_not_kept)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("big.house", 16);
	char *text = malloc(MEMO_MIN);
	struct memo_answer a;

	memset(text, 'x', MEMO_MIN);
	text[MEMO_MIN / 3] = '\0';
	store_text(m, &k, text);
	cr_expect(!memo_find(m, &k, &a));
	text[MEMO_MIN / 5] = '\0';
	store_text(m, &k, text);
	cr_expect(holds(m, &k, text));
	free(text);
	memo_free(m);
}

Test(memo, cleared_memo_knows_nothing)
{
	struct memo *m = memo_new(MEMO_MIN);
	struct memo_key k = key_of("lamp.house", 1);
	struct memo_answer a;

	store_text(m, &k, "x");
	memo_clear(m);
	cr_expect(!memo_find(m, &k, &a));
	memo_free(m);
}
