/* What tried to leave. */
#include "resolver/blocked.h"

#include "lib/rr.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct blocked *b;
static struct net_addr from;

static void
set_up(void)
{
	b = blocked_new();
	cr_assert_not_null(b);
	net_addr_from_text(&from, "192.0.2.7", 53, NULL);
}

static void
tear_down(void)
{
	blocked_free(b);
}

TestSuite(blocked, .init = set_up, .fini = tear_down);

static void
note(uint64_t now, const char *text, uint16_t type)
{
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
	blocked_note(b, now, name, type, &from);
}

static const char *
text_of(const struct blocked_name *n)
{
	static char text[NAME_TEXT_MAX];

	name_to_text(text, n->name);
	return text;
}

/* So many different names in one second. */
static void
note_many(uint64_t now, unsigned first, unsigned count)
{
	char text[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "n%u.example.", first + i);
		note(now, text, RR_A);
	}
}

static bool
listed(const char *text)
{
	size_t count;
	struct blocked_name *list = blocked_list(b, &count);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || strcmp(text_of(&list[i]), text) == 0;
	free(list);
	return found;
}

Test(blocked, nothing_is_listed_at_first)
{
	size_t count = 7;

	cr_expect_null(blocked_list(b, &count));
	cr_expect_eq(count, 0u);
	cr_expect_eq(blocked_total(b), 0u);
}

Test(blocked, a_name_is_counted_whatever_its_case_the_most_frequent_first)
{
	char addr[NET_ADDR_TEXT_MAX];
	struct blocked_name *list;
	size_t count;

	note(100, "once.example.", RR_A);
	note(101, "Ads.Example.", RR_A);
	note(102, "ads.example.", RR_AAAA);
	note(103, "ADS.example.", RR_TXT);
	list = blocked_list(b, &count);
	cr_assert_eq(count, 2u);
	cr_expect_str_eq(text_of(&list[0]), "ads.example.");
	cr_expect_eq(list[0].count, 3u);
	cr_expect_eq(list[0].first, 101u);
	cr_expect_eq(list[0].last, 103u);
	cr_expect_eq(list[0].qtype, RR_TXT);
	net_addr_to_text(addr, &list[0].from);
	cr_expect_str_eq(addr, "192.0.2.7@53");
	cr_expect_str_eq(text_of(&list[1]), "once.example.");
	cr_expect_eq(blocked_total(b), 4u);
	free(list);
}

Test(blocked, the_least_recent_name_gives_way)
{
	size_t count;

	note(1, "old.example.", RR_A);
	note(1, "kept.example.", RR_A);
	for (unsigned i = 0; i < BLOCKED_NAMES_MAX - 2; i += 500)
		note_many(10 + i, i,
			  i + 500 < BLOCKED_NAMES_MAX - 2
				  ? 500
				  : BLOCKED_NAMES_MAX - 2 - i);
	cr_assert(listed("old.example."));
	note(5000, "kept.example.", RR_A);
	note(5001, "new.example.", RR_A);
	cr_expect_not(listed("old.example."));
	cr_expect(listed("kept.example."));
	cr_expect(listed("new.example."));
	cr_expect(listed("n0.example."));
	note(5002, "newer.example.", RR_A);
	cr_expect_not(listed("n0.example."));
	free(blocked_list(b, &count));
	cr_expect_eq(count, (size_t)BLOCKED_NAMES_MAX);
}

Test(blocked, every_name_is_found_again_after_many_have_come_and_gone)
{
	struct blocked_name *list;
	size_t count;

	for (unsigned i = 0; i < 20000; i += 500)
		note_many(i, i, 500);
	for (unsigned i = 20000 - BLOCKED_NAMES_MAX; i < 20000; i += 512)
		note_many(50000 + i, i, 512);
	list = blocked_list(b, &count);
	cr_assert_eq(count, (size_t)BLOCKED_NAMES_MAX);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(list[i].count, 2u, "%s", text_of(&list[i]));
	free(list);
}

Test(blocked, a_flood_is_counted_but_not_listed)
{
	size_t count;

	note_many(7, 0, 3000);
	free(blocked_list(b, &count));
	cr_expect_eq(count, 1000u);
	cr_expect_eq(blocked_total(b), 3000u);
	note(8, "later.example.", RR_A);
	cr_expect(listed("later.example."));
}

Test(blocked, clearing_forgets_all_and_goes_on)
{
	note(1, "a.example.", RR_A);
	blocked_clear(b);
	cr_expect_not(listed("a.example."));
	cr_expect_eq(blocked_total(b), 0u);
	note(2, "a.example.", RR_A);
	cr_expect(listed("a.example."));
	cr_expect_eq(blocked_total(b), 1u);
}

static void *
noter(void *arg)
{
	for (unsigned i = 0; i < 100; i++)
		note_many(1000 + i, *(unsigned *)arg, 100);
	return NULL;
}

Test(blocked, threads_may_note_at_once)
{
	unsigned first[4] = {0, 50, 100, 5000};
	struct blocked_name *list;
	pthread_t thread[4];
	uint64_t sum = 0;
	size_t count;

	for (unsigned i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, noter, &first[i]);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	cr_expect_eq(blocked_total(b), 40000u);
	list = blocked_list(b, &count);
	cr_assert_geq(count, 1u);
	for (size_t i = 0; i < count; i++)
		sum += list[i].count;
	cr_expect_leq(sum, 40000u);
	free(list);
}
