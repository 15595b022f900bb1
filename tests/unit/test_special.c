/* Names that the Internet is not asked for. */
#include "resolver/special.h"

#include "lib/name.h"
#include "lib/rr.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct special
find(const char *text)
{
	static uint8_t name[NAME_WIRE_MAX];
	struct special s;

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK, "%s",
		     text);
	special_find(&s, name);
	return s;
}

static void
expect(const char *text, enum special_answer answer, const char *apex)
{
	struct special s = find(text);
	char got[NAME_TEXT_MAX];

	cr_assert_eq(s.answer, answer, "%s", text);
	cr_assert_not_null(s.why);
	name_to_text(got, s.apex);
	cr_expect_str_eq(got, apex);
}

static void
expect_ordinary(const char *text)
{
	cr_expect_eq(find(text).answer, SPECIAL_NONE, "%s", text);
}

Test(special, localhost_is_this_host_and_so_is_all_below_it)
{
	expect("localhost.", SPECIAL_LOCALHOST, "localhost.");
	expect("a.b.LOCALHOST.", SPECIAL_LOCALHOST, "LOCALHOST.");
	expect_ordinary("localhost.house.example.");
	expect_ordinary("notlocalhost.");
}

Test(special, names_that_never_are_in_dns_do_not_exist)
{
	expect("x.invalid.", SPECIAL_NXDOMAIN, "invalid.");
	expect("abc.onion.", SPECIAL_NXDOMAIN, "onion.");
	expect("x.alt.", SPECIAL_NXDOMAIN, "alt.");
	expect("printer.local.", SPECIAL_NXDOMAIN, "local.");
	expect("x.test.", SPECIAL_NXDOMAIN, "test.");
	expect("test.", SPECIAL_NXDOMAIN, "test.");
}

Test(special, built_in_zones_are_empty)
{
	expect("x.home.arpa.", SPECIAL_EMPTY, "home.arpa.");
	expect("_dns.resolver.arpa.", SPECIAL_EMPTY, "resolver.arpa.");
	expect("default.service.arpa.", SPECIAL_EMPTY, "service.arpa.");
}

Test(special, private_addresses_have_no_names_outside_the_site)
{
	expect("1.0.0.10.in-addr.arpa.", SPECIAL_EMPTY, "10.in-addr.arpa.");
	expect("1.1.168.192.in-addr.arpa.", SPECIAL_EMPTY,
	       "168.192.in-addr.arpa.");
	expect("1.0.0.127.in-addr.arpa.", SPECIAL_EMPTY, "127.in-addr.arpa.");
	expect("9.254.169.in-addr.arpa.", SPECIAL_EMPTY,
	       "254.169.in-addr.arpa.");
	expect("4.3.d.f.ip6.arpa.", SPECIAL_EMPTY, "d.f.ip6.arpa.");
	expect("a.e.f.ip6.arpa.", SPECIAL_EMPTY, "a.e.f.ip6.arpa.");
	expect("1.8.b.d.0.1.0.0.2.ip6.arpa.", SPECIAL_EMPTY,
	       "8.b.d.0.1.0.0.2.ip6.arpa.");
	expect("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	       "0.ip6.arpa.",
	       SPECIAL_EMPTY,
	       "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	       "0.ip6.arpa.");
	expect_ordinary("11.in-addr.arpa.");
	expect_ordinary("169.192.in-addr.arpa.");
	expect_ordinary("c.e.f.ip6.arpa.");
	expect_ordinary("c.f.ip6.arpa.");
}

Test(special, ranges_begin_and_end_where_the_rfc_says)
{
	expect("16.172.in-addr.arpa.", SPECIAL_EMPTY, "16.172.in-addr.arpa.");
	expect("9.31.172.in-addr.arpa.", SPECIAL_EMPTY, "31.172.in-addr.arpa.");
	expect("64.100.in-addr.arpa.", SPECIAL_EMPTY, "64.100.in-addr.arpa.");
	expect("127.100.in-addr.arpa.", SPECIAL_EMPTY, "127.100.in-addr.arpa.");
	expect_ordinary("15.172.in-addr.arpa.");
	expect_ordinary("32.172.in-addr.arpa.");
	expect_ordinary("63.100.in-addr.arpa.");
	expect_ordinary("128.100.in-addr.arpa.");
	expect_ordinary("016.172.in-addr.arpa.");
	expect_ordinary("1x.172.in-addr.arpa.");
	expect_ordinary("172.in-addr.arpa.");
}

Test(special, what_stands_above_or_beside_is_ordinary)
{
	expect_ordinary(".");
	expect_ordinary("arpa.");
	expect_ordinary("in-addr.arpa.");
	expect_ordinary("ipv4only.arpa.");
	expect_ordinary("example.com.");
	expect_ordinary("example.");
	expect_ordinary("home.arpa.example.");
}

Test(special, a_site_may_have_its_private_zones_but_nobody_has_the_others)
{
	static const char *const may[] = {"home.arpa.",
					  "service.arpa.",
					  "test.",
					  "local.",
					  "10.in-addr.arpa.",
					  "20.172.in-addr.arpa.",
					  "168.192.in-addr.arpa.",
					  "70.100.in-addr.arpa.",
					  "d.f.ip6.arpa."};
	static const char *const never[] = {"localhost.",
					    "invalid.",
					    "onion.",
					    "alt.",
					    "resolver.arpa.",
					    "127.in-addr.arpa.",
					    "254.169.in-addr.arpa.",
					    "8.e.f.ip6.arpa.",
					    "2.0.192.in-addr.arpa."};

	for (unsigned i = 0; i < ARRAY_LEN(may); i++)
		cr_expect(find(may[i]).reach_beats, "%s", may[i]);
	for (unsigned i = 0; i < ARRAY_LEN(never); i++)
		cr_expect_not(find(never[i]).reach_beats, "%s", never[i]);
}

/* 6 names, 3 below arpa, RFC 6303's, 64 of RFC 7793. */
Test(special, every_row_finds_itself)
{
	struct special row;
	unsigned n = 0;
	const char *text;

	for (; (text = special_row(n, &row)) != NULL; n++) {
		struct special s = find(text);

		cr_assert_eq(s.answer, row.answer, "%s", text);
		cr_assert(name_equal(s.apex, row.apex), "%s", text);
		cr_assert_eq(s.reach_beats, row.reach_beats);
		cr_assert_str_eq(s.why, row.why);
	}
	cr_expect_eq(n, 6u + 3u + 33u + 64u, "%u rows", n);
}

Test(special, soa_is_well_formed_and_says_how_long)
{
	size_t len;
	const uint8_t *soa = special_soa(&len);
	size_t mname = name_len(soa), rname = name_len(soa + mname);

	cr_assert_eq(len, mname + rname + 20);
	cr_expect_eq(rr_soa_minimum(soa, len), (uint32_t)SPECIAL_TTL);
	cr_expect_eq(get32(soa + len - 8), 604800u);
}
