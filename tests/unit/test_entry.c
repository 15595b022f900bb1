/* An entry: reading, checking, freshness, joining. */
#include "tests/unit/answer_words.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* An entry of its own for each call, in one of two places. */
static struct entry
kept(void)
{
	static uint8_t places[2][ENTRY_MAX];
	static unsigned next;
	uint8_t *octets = places[next++ % 2];
	struct entry e;

	memcpy(octets, entry.octets, entry.len);
	entry_view(&e, octets, entry.len);
	return e;
}

static struct entry
chained(void)
{
	answer_begin("www.example.", RR_A, 0);
	answer_name(MSG_AN, "www.example.", 300, RR_CNAME, "web.example.");
	answer_a(MSG_AN, "web.example.", 60, "192.0.2.1");
	answer_a(MSG_AN, "web.example.", 60, "192.0.2.2");
	expect_entry(ERR_OK);
	return kept();
}

/* --- reading -------------------------------------------------------------- */

Test(entry, finds_a_set_by_section_owner_and_type)
{
	struct entry e = chained();
	struct entry_rrset r;

	cr_assert(entry_find(&e, MSG_AN, name_of("WEB.example."), RR_A, &r));
	cr_assert_eq(r.set.count, 2);
	cr_assert_eq(r.set.ttl, 60);
	cr_assert(!entry_find(&e, MSG_NS, name_of("web.example."), RR_A, &r));
	cr_assert(!entry_find(&e, MSG_AN, name_of("www.example."), RR_A, &r));
	cr_assert(
		!entry_find(&e, MSG_AN, name_of("web.example."), RR_AAAA, &r));
}

Test(entry, ends_its_chain_where_the_last_cname_leads)
{
	struct entry e = chained();
	const uint8_t *qname = name_of("www.example.");

	cr_assert(name_equal(entry_chain_end(&e, qname, RR_A),
			     name_of("web.example.")));
	cr_assert_eq(entry_chain_end(&e, qname, RR_CNAME), qname);
	cr_assert_eq(entry_chain_end(&e, qname, RR_ANY), qname);
}

Test(entry, is_fresh_for_its_ttl)
{
	struct entry e = {.made = 1000, .ttl = 60};

	cr_assert_eq(entry_fresh(&e, 1000), 60);
	cr_assert_eq(entry_fresh(&e, 1059), 1);
	cr_assert_eq(entry_fresh(&e, 1060), 0);
	cr_assert_eq(entry_fresh(&e, UINT32_MAX), 0);
}

Test(entry, is_never_fresher_than_when_it_was_made)
{
	struct entry e = {.made = 1000, .ttl = 60};

	cr_assert_eq(entry_fresh(&e, 900), 60);
	cr_assert_eq(entry_fresh(&e, 0), 60);
}

/* --- checking ------------------------------------------------------------- */

/* An exact copy, so that a sanitizer sees a read too far. */
static bool
opens(const uint8_t *octets, size_t len)
{
	uint8_t *exact = malloc(len + (len == 0));
	struct entry e;
	bool ok;

	memcpy(exact, octets, len);
	ok = entry_open(&e, exact, len);
	free(exact);
	return ok;
}

Test(entry, cut_short_anywhere_is_not_opened)
{
	struct entry e = chained();

	cr_assert(opens(e.octets, e.len));
	for (size_t len = 0; len < e.len; len++)
		cr_assert(!opens(e.octets, len), "%zu of %zu", len, e.len);
}

Test(entry, with_more_behind_it_is_not_opened)
{
	struct entry e = chained();
	uint8_t octets[512] = {0};

	memcpy(octets, e.octets, e.len);
	cr_assert(!opens(octets, e.len + 1));
	memcpy(octets + e.len, e.octets + ENTRY_HEAD_LEN,
	       e.len - ENTRY_HEAD_LEN);
	cr_assert(!opens(octets, 2 * e.len - ENTRY_HEAD_LEN)); /* count */
}

static void
expect_refused(size_t at, uint8_t value)
{
	struct entry e = chained();
	uint8_t octets[512];

	memcpy(octets, e.octets, e.len);
	cr_assert_neq(octets[at], value);
	octets[at] = value;
	cr_assert(!opens(octets, e.len), "octet %zu is %u", at, value);
}

Test(entry, that_breaks_the_format_is_not_opened)
{
	size_t set = ENTRY_HEAD_LEN, head = set + 2 + 13;

	expect_refused(0, 2);	     /* format */
	expect_refused(1, 0x40);     /* flags */
	expect_refused(2, 16);	     /* rcode */
	expect_refused(3, 3);	     /* count */
	expect_refused(8, 0x80);     /* ttl */
	expect_refused(set, MSG_QD); /* section */
	expect_refused(set, 4);
	expect_refused(set + 1, 12);	/* owner's length */
	expect_refused(set + 2, 4);	/* owner */
	expect_refused(head + 1, 255);	/* type ANY */
	expect_refused(head + 1, RR_A); /* not what the rdata is */
	expect_refused(head + 2, 0xff); /* ttl */
	expect_refused(head + 7, 2);	/* RRs */
	expect_refused(head + 7, 0);
	expect_refused(head + 9, 14);  /* octets */
	expect_refused(head + 11, 12); /* rdlen */
	expect_refused(head + 12, 64); /* in the rdata */
}

/* --- joining -------------------------------------------------------------- */

static struct entry
partial(void)
{
	answer_begin("www.example.", RR_A, 0);
	answer_name(MSG_AN, "www.example.", 300, RR_CNAME, "web.other.");
	expect_entry(ERR_OK);
	cr_assert_eq(entry.flags, ENTRY_PARTIAL);
	return kept();
}

static void
expect_joined(const struct entry *a, const struct entry *b, enum err expected)
{
	static struct arena arena;
	const uint8_t *octets;
	size_t len;

	arena_free(&arena);
	arena_init_growing(&arena);
	cr_assert_eq(entry_join(a, b, &arena, &octets, &len), expected);
	if (expected == ERR_OK)
		cr_assert(entry_open(&entry, octets, len));
}

Test(entry, joined_is_one_chain_with_the_lesser_time_left)
{
	struct entry a = partial(), b;

	answer_begin("web.other.", RR_A, MSG_AD);
	answer_a(MSG_AN, "web.other.", 60, "192.0.2.1");
	expect_entry(ERR_OK);
	b = kept();
	expect_joined(&a, &b, ERR_OK);
	expect_sets("AN www.example. 300 CNAME web.other.\n"
		    "AN web.other. 60 A 192.0.2.1\n");
	cr_assert_eq(entry.ttl, 60);
	cr_assert_eq(entry.flags, 0);
	cr_assert_eq(entry.made, ANSWER_NOW);
}

Test(entry, joined_counts_from_the_later_of_the_two)
{
	struct entry a = partial(), b;

	answer_begin("web.other.", RR_A, MSG_NXDOMAIN);
	answer_soa("other.", 1000, 1000);
	expect_entry(ERR_OK);
	b = kept();
	b.made += 200;
	expect_joined(&a, &b, ERR_OK);
	expect_sets("AN www.example. 100 CNAME web.other.\n"
		    "NS other. 1000 SOA 1000\n");
	cr_assert_eq(entry.made, ANSWER_NOW + 200);
	cr_assert_eq(entry.ttl, 100);
	cr_assert_eq(entry.rcode, MSG_NXDOMAIN);

	a.made += 1000;
	expect_joined(&a, &b, ERR_OK);
	expect_sets("AN www.example. 300 CNAME web.other.\n"
		    "NS other. 200 SOA 1000\n");
	cr_assert_eq(entry.ttl, 200);
}

Test(entry, joined_to_a_loop_is_refused)
{
	struct entry a = partial(), b;

	answer_begin("web.other.", RR_A, 0);
	answer_name(MSG_AN, "web.other.", 60, RR_CNAME, "www.example.");
	answer_name(MSG_AN, "www.example.", 60, RR_CNAME, "b.other.");
	expect_entry(ERR_OK);
	b = kept();
	expect_joined(&a, &b, ERR_SYNTAX);
}

Test(entry, joined_keeps_a_dname_once)
{
	struct entry a, b;

	answer_begin("a.old.example.", RR_A, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	answer_name(MSG_AN, "a.new.example.", 60, RR_CNAME, "c.third.");
	expect_entry(ERR_OK);
	a = kept();
	answer_begin("c.third.", RR_A, 0);
	answer_name(MSG_AN, "c.third.", 60, RR_CNAME, "b.old.example.");
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	expect_entry(ERR_OK);
	b = kept();
	expect_joined(&a, &b, ERR_OK);
	expect_sets("AN old.example. 60 DNAME new.example.\n"
		    "AN a.old.example. 60 CNAME a.new.example.\n"
		    "AN a.new.example. 60 CNAME c.third.\n"
		    "AN c.third. 60 CNAME b.old.example.\n"
		    "AN b.old.example. 60 CNAME b.new.example.\n");
}

/* --- addresses ------------------------------------------------------------ */

static bool
is_private(const char *text)
{
	bool six = strchr(text, ':') != NULL;
	uint8_t address[16];

	cr_assert_eq(inet_pton(six ? AF_INET6 : AF_INET, text, address), 1);
	return entry_address_private(six ? RR_AAAA : RR_A, address,
				     six ? 16 : 4);
}

Test(entry, knows_addresses_that_are_private)
{
	static const char *const private[] = {
		"0.0.0.0",     "0.255.255.255",	  "10.0.0.0",
		"10.1.2.3",    "100.64.0.0",	  "100.127.255.255",
		"127.0.0.1",   "169.254.1.1",	  "172.16.0.1",
		"172.31.0.1",  "192.168.0.1",	  "::",
		"::1",	       "fe80::1",	  "febf::1",
		"fc00::1",     "fdff::1",	  "fec0::1",
		"::127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::192.168.1.1",
	};
	static const char *const public[] = {
		"1.0.0.0",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.0.1",
		"100.128.0.1",
		"126.0.0.1",
		"128.0.0.1",
		"169.253.1.1",
		"172.15.0.1",
		"172.32.0.1",
		"192.167.0.1",
		"192.169.0.1",
		"2001:db8::1",
		"fe00::1",
		"ff02::1",
		"::192.0.2.1",
		"::ffff:192.0.2.1",
		"64:ff9b::192.0.2.1",
		"64:ff9b:1::10.0.0.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		cr_assert(is_private(private[i]), "%s", private[i]);
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		cr_assert(!is_private(public[i]), "%s", public[i]);
}

Test(entry, knows_hints_that_are_private)
{
	static const uint8_t six[] = "\0\1\0\0\6\0\20\xfe\x80\0\0\0\0\0\0\0\0\0"
				     "\0\0\0\0\1";
	static const uint8_t alias[] = "\0\0\1x\0";
	static const uint8_t other[] = "\0\1\0\0\2\0\0\xff\0\0\4\12\0\0\1";

	cr_assert(entry_address_private(RR_HTTPS, six, sizeof(six) - 1));
	cr_assert(entry_address_private(RR_SVCB, six, sizeof(six) - 1));
	cr_assert(!entry_address_private(RR_TXT, six, sizeof(six) - 1));
	cr_assert(!entry_address_private(RR_SVCB, alias, sizeof(alias) - 1));
	cr_assert(!entry_address_private(RR_SVCB, other, sizeof(other) - 1));
}
