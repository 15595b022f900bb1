/* The last refusals are kept, in order, and no more than so many. */
#include "server/refused.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct net_addr
somebody(void)
{
	struct net_addr a;

	cr_assert_eq(net_addr_from_text(&a, "192.0.2.7", 53, NULL), ERR_OK);
	return a;
}

Test(refused, nothing_was_refused_at_first)
{
	struct refused *r = refused_new();
	struct refused_update u;

	cr_expect(!refused_read(r, 1, &u));
	refused_free(r);
}

Test(refused, what_was_noted_is_read_in_order)
{
	struct refused *r = refused_new();
	struct net_addr from = somebody();
	struct refused_update u;

	refused_note(r, 5, &from, "first");
	refused_note(r, 6, &from, "second");
	cr_assert(refused_read(r, 1, &u));
	cr_expect_str_eq(u.reason, "first");
	cr_expect_eq(u.time, 5u);
	cr_expect(net_addr_same_host(&u.from, &from));
	cr_assert(refused_read(r, u.number + 1, &u));
	cr_expect_str_eq(u.reason, "second");
	cr_expect(!refused_read(r, u.number + 1, &u));
	refused_free(r);
}

Test(refused, oldest_go_first)
{
	struct refused *r = refused_new();
	struct net_addr from = somebody();
	struct refused_update u;
	unsigned n = 0;
	char text[32];

	for (unsigned i = 1; i <= REFUSED_KEPT + 10; i++) {
		snprintf(text, sizeof(text), "%u", i);
		refused_note(r, i, &from, text);
	}
	for (uint64_t at = 1; refused_read(r, at, &u); at = u.number + 1)
		cr_assert_eq(u.time, 11 + n++);
	cr_expect_eq(n, REFUSED_KEPT);
	refused_free(r);
}

Test(refused, long_reason_is_cut)
{
	struct refused *r = refused_new();
	struct net_addr from = somebody();
	struct refused_update u;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	refused_note(r, 1, &from, text);
	cr_assert(refused_read(r, 1, &u));
	cr_expect_eq(strlen(u.reason), REFUSED_REASON_MAX - 1u);
	refused_free(r);
}
