/* Which part of a foreign answer becomes an entry, and which answer none. */
#include "tests/unit/answer_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- answers -------------------------------------------------------------- */

Test(entry_build, keeps_the_set_that_was_asked_for)
{
	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.1");
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.2");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 300 A 192.0.2.1 192.0.2.2\n");
	cr_assert_eq(entry.ttl, 300);
	cr_assert_eq(entry.rcode, MSG_NOERROR);
	cr_assert_eq(entry.flags, 0);
}

Test(entry_build, keeps_nothing_that_was_not_asked_for)
{
	answer_begin("www.example.", RR_A, MSG_AD);
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.1");
	answer_a(MSG_AN, "bank.example.", 5, "192.0.2.66");
	answer_a(MSG_AN, "www.example.", 5, "2001:db8::1");
	answer_name(MSG_AN, "bank.example.", 5, RR_CNAME, "evil.example.");
	answer_name(MSG_NS, "example.", 5, RR_NS, "ns.evil.example.");
	answer_soa("example.", 5, 5);
	answer_a(MSG_AR, "ns.evil.example.", 5, "192.0.2.66");
	answer_class(RR_CH);
	answer_a(MSG_AR, "www.example.", 5, "192.0.2.67");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 300 A 192.0.2.1\n");
	cr_assert_eq(entry.ttl, 300);
	cr_assert_eq(entry.flags, ENTRY_AD);
}

Test(entry_build, ignores_other_classes)
{
	answer_begin("www.example.", RR_A, 0);
	answer_class(RR_CH);
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.1");
	answer_class(RR_IN);
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.2");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 300 A 192.0.2.2\n");
}

Test(entry_build, takes_the_least_ttl_of_a_set_and_of_the_chain)
{
	answer_begin("www.example.", RR_A, 0);
	answer_name(MSG_AN, "www.example.", 200, RR_CNAME, "web.example.");
	answer_a(MSG_AN, "web.example.", 300, "192.0.2.1");
	answer_a(MSG_AN, "web.example.", 250, "192.0.2.2");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 200 CNAME web.example.\n"
		    "AN web.example. 250 A 192.0.2.1 192.0.2.2\n");
	cr_assert_eq(entry.ttl, 200);
}

Test(entry_build, takes_a_ttl_with_its_top_bit_set_as_none)
{
	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 0x80000001, "192.0.2.1");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 0 A 192.0.2.1\n");
	cr_assert_eq(entry.ttl, 0);
}

Test(entry_build, keeps_ttls_within_the_caps)
{
	answer_policy.ttl_min = 10;
	answer_begin("www.example.", RR_A, 0);
	answer_name(MSG_AN, "www.example.", 0x7fffffff, RR_CNAME,
		    "web.example.");
	answer_a(MSG_AN, "web.example.", 0, "192.0.2.1");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 86400 CNAME web.example.\n"
		    "AN web.example. 10 A 192.0.2.1\n");
	cr_assert_eq(entry.ttl, 10);
}

Test(entry_build, drops_duplicates)
{
	answer_begin("example.", RR_NS, 0);
	answer_name(MSG_AN, "example.", 60, RR_NS, "a.example.");
	answer_name(MSG_AN, "example.", 60, RR_NS, "b.example.");
	answer_name(MSG_AN, "EXAMPLE.", 50, RR_NS, "A.Example.");
	answer_name(MSG_AN, "example.", 60, RR_NS, "b.example.");
	expect_entry(ERR_OK);
	expect_sets("AN example. 50 NS a.example. b.example.\n");
}

Test(entry_build, keeps_every_set_of_the_name_for_any)
{
	answer_begin("example.", RR_ANY, 0);
	answer_a(MSG_AN, "example.", 60, "192.0.2.1");
	answer_rrsig(MSG_AN, "example.", 60, RR_A);
	answer_name(MSG_AN, "example.", 70, RR_NS, "a.example.");
	answer_rrsig(MSG_AN, "example.", 60, RR_NS);
	answer_a(MSG_AN, "example.", 60, "192.0.2.2");
	answer_a(MSG_AN, "a.example.", 60, "192.0.2.3");
	answer_policy.dnssec = true;
	expect_entry(ERR_OK);
	expect_sets("AN example. 60 A 192.0.2.1 192.0.2.2\n"
		    "AN example. 60 RRSIG A NS\n"
		    "AN example. 70 NS a.example.\n");
}

Test(entry_build, does_not_follow_a_cname_for_any_or_cname)
{
	for (int i = 0; i < 2; i++) {
		answer_begin("www.example.", i == 0 ? RR_ANY : RR_CNAME, 0);
		answer_name(MSG_AN, "www.example.", 60, RR_CNAME,
			    "web.example.");
		answer_a(MSG_AN, "web.example.", 60, "192.0.2.1");
		expect_entry(ERR_OK);
		expect_sets("AN www.example. 60 CNAME web.example.\n");
		cr_assert_eq(entry.flags, 0);
	}
}

Test(entry_build, of_another_rcode_or_cut_off_is_no_entry)
{
	answer_begin("www.example.", RR_A, MSG_SERVFAIL);
	expect_entry(ERR_RULE);
	answer_begin("www.example.", RR_A, MSG_REFUSED);
	expect_entry(ERR_RULE);
	answer_begin("www.example.", RR_A, MSG_TC);
	answer_a(MSG_AN, "www.example.", 300, "192.0.2.1");
	expect_entry(ERR_RULE);
}

/* --- chains --------------------------------------------------------------- */

Test(entry_build, puts_a_chain_in_order)
{
	answer_begin("a.example.", RR_A, 0);
	answer_a(MSG_AN, "d.example.", 60, "192.0.2.1");
	answer_name(MSG_AN, "c.example.", 60, RR_CNAME, "d.example.");
	answer_name(MSG_AN, "b.example.", 60, RR_CNAME, "c.example.");
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.example.");
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 60 CNAME b.example.\n"
		    "AN b.example. 60 CNAME c.example.\n"
		    "AN c.example. 60 CNAME d.example.\n"
		    "AN d.example. 60 A 192.0.2.1\n");
	cr_assert(
		name_equal(entry_chain_end(&entry, name_of("a.example."), RR_A),
			   name_of("d.example.")));
}

Test(entry_build, without_the_target_is_partial)
{
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.other.");
	answer_soa("example.", 60, 60); /* says nothing of other. */
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 60 CNAME b.other.\n");
	cr_assert_eq(entry.flags, ENTRY_PARTIAL);
	cr_assert_eq(entry.ttl, 60);
}

Test(entry_build, with_a_loop_is_refused)
{
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.example.");
	answer_name(MSG_AN, "b.example.", 60, RR_CNAME, "A.example.");
	expect_entry(ERR_SYNTAX);
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "a.example.");
	expect_entry(ERR_SYNTAX);
}

static void
chain_of(unsigned links)
{
	char from[32], to[32];

	answer_begin("n0.example.", RR_A, 0);
	for (unsigned i = 0; i < links; i++) {
		snprintf(from, sizeof(from), "n%u.example.", i);
		snprintf(to, sizeof(to), "n%u.example.", i + 1);
		answer_name(MSG_AN, from, 60, RR_CNAME, to);
	}
	answer_a(MSG_AN, to, 60, "192.0.2.1");
}

Test(entry_build, takes_a_chain_of_eleven_links_and_no_more)
{
	chain_of(ENTRY_CHAIN_MAX);
	expect_entry(ERR_OK);
	cr_assert_eq(entry.count, ENTRY_CHAIN_MAX + 1);
	chain_of(ENTRY_CHAIN_MAX + 1);
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, with_two_cnames_at_one_name_is_refused)
{
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.example.");
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "B.example.");
	answer_a(MSG_AN, "b.example.", 60, "192.0.2.1");
	expect_entry(ERR_OK); /* the same one twice */
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "c.example.");
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, with_a_cname_beside_the_data_is_refused)
{
	answer_begin("a.example.", RR_A, 0);
	answer_a(MSG_AN, "a.example.", 60, "192.0.2.1");
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.example.");
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, keeps_a_dname_and_the_cname_it_makes)
{
	answer_begin("www.old.example.", RR_A, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	answer_name(MSG_AN, "www.old.example.", 0, RR_CNAME,
		    "www.new.example.");
	answer_a(MSG_AN, "www.new.example.", 60, "192.0.2.1");
	expect_entry(ERR_OK);
	expect_sets("AN old.example. 60 DNAME new.example.\n"
		    "AN www.old.example. 60 CNAME www.new.example.\n"
		    "AN www.new.example. 60 A 192.0.2.1\n");
	cr_assert_eq(entry.ttl, 60);
}

Test(entry_build, makes_the_cname_that_a_dname_lacks)
{
	answer_begin("www.old.example.", RR_A, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	expect_entry(ERR_OK);
	expect_sets("AN old.example. 60 DNAME new.example.\n"
		    "AN www.old.example. 60 CNAME www.new.example.\n");
	cr_assert_eq(entry.flags, ENTRY_PARTIAL);
}

Test(entry_build, with_a_cname_that_its_dname_does_not_make_is_refused)
{
	answer_begin("www.old.example.", RR_A, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	answer_name(MSG_AN, "www.old.example.", 60, RR_CNAME,
		    "www.evil.example.");
	answer_a(MSG_AN, "www.evil.example.", 60, "192.0.2.66");
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, with_a_dname_that_makes_a_name_too_long_is_refused)
{
	char label[64], target[260];

	memset(label, 'x', 62);
	label[62] = '\0';
	snprintf(target, sizeof(target), "%s.%s.%s.%s.", label, label, label,
		 label);
	answer_begin("www.old.example.", RR_A, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, target);
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, does_not_apply_a_dname_to_its_own_owner)
{
	answer_begin("old.example.", RR_DNAME, 0);
	answer_name(MSG_AN, "old.example.", 60, RR_DNAME, "new.example.");
	expect_entry(ERR_OK);
	expect_sets("AN old.example. 60 DNAME new.example.\n");
}

/* --- nothing there -------------------------------------------------------- */

Test(entry_build, keeps_the_soa_of_what_is_not_there)
{
	answer_begin("no.www.example.", RR_A, MSG_NXDOMAIN);
	answer_soa("example.", 900, 300);
	expect_entry(ERR_OK);
	expect_sets("NS example. 300 SOA 300\n");
	cr_assert_eq(entry.rcode, MSG_NXDOMAIN);
	cr_assert_eq(entry.ttl, 300);
	answer_begin("example.", RR_A, 0);
	answer_soa("example.", 200, 300);
	expect_entry(ERR_OK);
	expect_sets("NS example. 200 SOA 300\n");
	cr_assert_eq(entry.rcode, MSG_NOERROR);
	cr_assert_eq(entry.ttl, 200);
}

Test(entry_build, caps_how_long_nothing_is_believed)
{
	answer_begin("no.example.", RR_A, MSG_NXDOMAIN);
	answer_soa("example.", 900000, 900000);
	expect_entry(ERR_OK);
	expect_sets("NS example. 3600 SOA 900000\n");
	cr_assert_eq(entry.ttl, 3600);
}

Test(entry_build, without_an_soa_is_not_for_the_cache)
{
	answer_begin("no.example.", RR_A, MSG_NXDOMAIN);
	expect_entry(ERR_OK);
	expect_sets("");
	cr_assert_eq(entry.ttl, 0);
	answer_begin("no.example.", RR_A, 0);
	answer_name(MSG_NS, "example.", 60, RR_NS, "ns.example.");
	expect_entry(ERR_OK);
	cr_assert_eq(entry.ttl, 0);
}

Test(entry_build, with_an_soa_that_is_not_above_is_refused)
{
	answer_begin("no.example.", RR_A, MSG_NXDOMAIN);
	answer_soa("other.", 60, 60);
	expect_entry(ERR_SYNTAX);
	answer_begin("no.example.", RR_A, 0);
	answer_soa("below.no.example.", 60, 60);
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, that_says_nxdomain_and_gives_data_is_refused)
{
	answer_begin("www.example.", RR_A, MSG_NXDOMAIN);
	answer_a(MSG_AN, "www.example.", 60, "192.0.2.1");
	answer_soa("example.", 60, 60);
	expect_entry(ERR_SYNTAX);
}

Test(entry_build, says_nxdomain_of_the_end_of_a_chain)
{
	answer_begin("a.example.", RR_A, MSG_NXDOMAIN);
	answer_name(MSG_AN, "a.example.", 40, RR_CNAME, "b.other.");
	answer_soa("other.", 60, 60);
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 40 CNAME b.other.\n"
		    "NS other. 60 SOA 60\n");
	cr_assert_eq(entry.ttl, 40);
	cr_assert_eq(entry.flags, 0);
}

Test(entry_build, says_nodata_of_the_end_of_a_chain)
{
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 400, RR_CNAME, "b.other.");
	answer_soa("other.", 60, 60);
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 400 CNAME b.other.\n"
		    "NS other. 60 SOA 60\n");
	cr_assert_eq(entry.ttl, 60);
	cr_assert_eq(entry.flags, 0);
}

/* --- signatures ----------------------------------------------------------- */

static void
signed_answer(void)
{
	answer_begin("a.example.", RR_A, 0);
	answer_name(MSG_AN, "a.example.", 60, RR_CNAME, "b.example.");
	answer_rrsig(MSG_AN, "a.example.", 60, RR_CNAME);
	answer_a(MSG_AN, "b.example.", 60, "192.0.2.1");
	answer_rrsig(MSG_AN, "b.example.", 50, RR_A);
	answer_rrsig(MSG_AN, "b.example.", 60, RR_TXT);
}

Test(entry_build, drops_signatures_unless_they_are_wanted)
{
	signed_answer();
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 60 CNAME b.example.\n"
		    "AN b.example. 60 A 192.0.2.1\n");
}

Test(entry_build, keeps_signatures_of_what_it_keeps)
{
	answer_policy.dnssec = true;
	signed_answer();
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 60 CNAME b.example.\n"
		    "AN a.example. 60 RRSIG CNAME\n"
		    "AN b.example. 60 A 192.0.2.1\n"
		    "AN b.example. 50 RRSIG A\n");
	cr_assert_eq(entry.ttl, 50);
}

Test(entry_build, keeps_the_proof_that_nothing_is_there)
{
	static const uint8_t next[] = "\1x\7example\0\0\1\x40";

	answer_policy.dnssec = true;
	answer_begin("no.example.", RR_A, MSG_NXDOMAIN);
	answer_soa("example.", 60, 60);
	answer_rrsig(MSG_NS, "example.", 60, RR_SOA);
	answer_rr(MSG_NS, "example.", 60, RR_NSEC, next, sizeof(next) - 1);
	answer_rrsig(MSG_NS, "example.", 60, RR_NSEC);
	answer_rr(MSG_NS, "m.example.", 60, RR_NSEC, next, sizeof(next) - 1);
	answer_rrsig(MSG_NS, "m.example.", 60, RR_NSEC);
	answer_rr(MSG_NS, "m.other.", 60, RR_NSEC, next, sizeof(next) - 1);
	expect_entry(ERR_OK);
	expect_sets("NS example. 60 SOA 60\n"
		    "NS example. 60 NSEC 0178076578616d706c6500000140\n"
		    "NS m.example. 60 NSEC 0178076578616d706c6500000140\n"
		    "NS example. 60 RRSIG SOA NSEC\n"
		    "NS m.example. 60 RRSIG NSEC\n");
}

/* --- private addresses ---------------------------------------------------- */

Test(entry_build, takes_private_addresses_out)
{
	answer_policy.dnssec = true;
	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 60, "192.168.1.1");
	answer_a(MSG_AN, "www.example.", 60, "192.0.2.1");
	answer_a(MSG_AN, "www.example.", 60, "127.0.0.1");
	answer_rrsig(MSG_AN, "www.example.", 60, RR_A);
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 60 A 192.0.2.1\n");
	cr_assert_eq(entry.flags, ENTRY_REBOUND);
}

Test(entry_build, with_private_addresses_alone_is_nodata)
{
	answer_begin("a.example.", RR_AAAA, 0);
	answer_name(MSG_AN, "a.example.", 90000, RR_CNAME, "www.example.");
	answer_a(MSG_AN, "www.example.", 90000, "fd00::1");
	expect_entry(ERR_OK);
	expect_sets("AN a.example. 86400 CNAME www.example.\n");
	cr_assert_eq(entry.flags, ENTRY_REBOUND);
	cr_assert_eq(entry.ttl, 3600);
	cr_assert_eq(entry.rcode, MSG_NOERROR);
}

Test(entry_build, keeps_private_addresses_where_they_may_be)
{
	answer_policy.private_ok = true;
	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 60, "192.168.1.1");
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 60 A 192.168.1.1\n");
	cr_assert_eq(entry.flags, 0);
}

Test(entry_build, takes_private_hints_out)
{
	static const uint8_t good[] = "\0\1\0\0\4\0\4\xc0\0\2\1";
	static const uint8_t bad[] = "\0\1\0\0\1\0\3\2h2\0\4\0\10\xc0\0\2\1"
				     "\12\0\0\1";

	answer_begin("www.example.", RR_HTTPS, 0);
	answer_rr(MSG_AN, "www.example.", 60, RR_HTTPS, bad, sizeof(bad) - 1);
	answer_rr(MSG_AN, "www.example.", 60, RR_HTTPS, good, sizeof(good) - 1);
	expect_entry(ERR_OK);
	expect_sets("AN www.example. 60 HTTPS 0001000004000" /* */
		    "4c0000201\n");
	cr_assert_eq(entry.flags, ENTRY_REBOUND);
}

/* --- size and work -------------------------------------------------------- */

Test(entry_build, larger_than_an_entry_is_refused)
{
	static uint8_t soa[] = "\77xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			       "xxxxxxxxxxxxxxxxxxxx\0";
	char owner[260];

	/* MINFO twice to a long question: 4 octets there, 250 here. */
	snprintf(owner, sizeof(owner), "%.63s.%.63s.%.63s.", soa + 1, soa + 1,
		 soa + 1);
	answer_begin(owner, 14, 0);
	for (unsigned i = 0; i < 300; i++) {
		uint8_t rdata[2 * NAME_WIRE_MAX];
		char sub[280];
		size_t len;

		snprintf(sub, sizeof(sub), "n%u.%s", i, owner);
		len = name_copy(rdata, name_of(sub));
		len += name_copy(rdata + len, name_of(sub));
		answer_rr(MSG_AN, owner, 60, 14, rdata, len);
	}
	expect_entry(ERR_RANGE);
}

static double
build_ms(enum err expected)
{
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	expect_entry(expected);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 +
	       (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOST_MS 500
#else
#define MOST_MS 50
#endif

Test(entry_build, of_a_message_full_of_cnames_is_cheap)
{
	char from[32], to[32];

	answer_begin("n0.example.", RR_A, 0);
	for (unsigned i = 0; i < 2500; i++) {
		snprintf(from, sizeof(from), "n%u.example.", i);
		snprintf(to, sizeof(to), "n%u.example.", i + 1);
		answer_name(MSG_AN, from, 60, RR_CNAME, to);
	}
	cr_assert_lt(build_ms(ERR_SYNTAX), MOST_MS);
}

Test(entry_build, of_a_message_full_of_dnames_is_cheap)
{
	answer_begin("a.b.c.d.e.f.g.h.i.j.k.l.m.example.", RR_A, 0);
	for (unsigned i = 0; i < 2500; i++)
		answer_name(MSG_AN, "x.example.", 60, RR_DNAME, "y.example.");
	cr_assert_lt(build_ms(ERR_OK), MOST_MS);
	cr_assert_eq(entry.count, 0);
}

Test(entry_build, of_a_large_set_is_cheap)
{
	answer_policy.private_ok = true;
	answer_begin("www.example.", RR_A, 0);
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t address[4];

		put32(address, i);
		answer_rr(MSG_AN, "www.example.", 60, RR_A, address, 4);
	}
	cr_assert_lt(build_ms(ERR_OK), MOST_MS);
	cr_assert_eq(entry.count, 1);
	cr_assert_eq(entry.len, ENTRY_HEAD_LEN + 12 + 13 + 4000 * 6);
}

Test(entry_build, of_every_type_at_once_is_bounded)
{
	answer_begin("example.", RR_ANY, 0);
	for (uint16_t type = 1000; type < 3000; type++)
		answer_rr(MSG_AN, "example.", 60, type, "x", 1);
	cr_assert_lt(build_ms(ERR_RANGE), MOST_MS);
}

Test(entry_build, in_an_arena_that_is_too_small_says_so)
{
	static uint64_t block[64];
	struct arena small;
	const uint8_t *octets;
	struct msg m;
	size_t len;

	answer_begin("www.example.", RR_A, 0);
	answer_a(MSG_AN, "www.example.", 60, "192.0.2.1");
	octets = answer_octets(&len);
	cr_assert_eq(msg_parse_response(&m, octets, len), MSG_OK);
	arena_init_fixed(&small, block, sizeof(block));
	cr_assert_eq(entry_build(&m, m.qname, RR_A, &answer_policy, 1, &small,
				 &octets, &len),
		     ERR_NOMEM);
}

/* --- what rides along ------------------------------------------------------
 */

static const uint8_t den[] = "\3den\7example";

/* An answer of den.example about space. */
static void
begin_space(void)
{
	static const uint8_t line[] = "\10- - den.";

	answer_policy.riders = den;
	answer_policy.private_ok = true;
	answer_begin("_here.den.example.", RR_TXT, 0);
	answer_rr(MSG_AN, "_here.den.example.", 60, RR_TXT, line, 9);
}

#define LINE "AN _here.den.example. 60 TXT 082d202d2064656e2e\n"

Test(entry_riders, are_what_is_the_childs_own)
{
	begin_space();
	answer_a(MSG_AR, "tv.den.example.", 300, "10.0.0.1");
	answer_a(MSG_AR, "tv.example.", 300, "10.0.0.2");
	answer_a(MSG_AR, "tv.den.example.", 300, "10.0.0.3");
	answer_name(MSG_AR, "tv.den.example.", 300, RR_CNAME, "tv.example.");
	answer_class(RR_CH);
	answer_a(MSG_AR, "vcr.den.example.", 300, "10.0.0.4");
	expect_entry(ERR_OK);
	expect_sets(LINE "AR tv.den.example. 300 A 10.0.0.1 10.0.0.3\n");
	cr_assert_eq(entry.ttl, 60);
}

Test(entry_riders, come_with_data_alone)
{
	answer_policy.riders = den;
	answer_policy.private_ok = true;
	answer_begin("_here.den.example.", RR_TXT, 0);
	answer_soa("den.example.", 60, 60);
	answer_a(MSG_AR, "tv.den.example.", 300, "10.0.0.1");
	expect_entry(ERR_OK);
	expect_sets("NS den.example. 60 SOA 60\n");
}

Test(entry_riders, end_the_freshness_of_the_whole_but_do_not_prevent_it)
{
	begin_space();
	answer_a(MSG_AR, "tv.den.example.", 20, "10.0.0.1");
	answer_a(MSG_AR, "vcr.den.example.", 0, "10.0.0.2");
	expect_entry(ERR_OK);
	expect_sets(LINE "AR tv.den.example. 20 A 10.0.0.1\n");
	cr_assert_eq(entry.ttl, 20);
}

Test(entry_riders, are_no_private_addresses_where_these_are_not_wanted)
{
	begin_space();
	answer_policy.private_ok = false;
	answer_a(MSG_AR, "tv.den.example.", 300, "10.0.0.1");
	answer_a(MSG_AR, "vcr.den.example.", 300, "192.0.2.1");
	expect_entry(ERR_OK);
	expect_sets(LINE "AR vcr.den.example. 300 A 192.0.2.1\n");
	cr_assert_eq(entry.flags, 0);
}

Test(entry_riders, are_never_too_many_for_the_answer)
{
	struct entry_rrset r;
	unsigned count = 0;
	size_t at = 0;

	begin_space();
	for (unsigned i = 0; i < 600; i++) {
		char owner[32];

		snprintf(owner, sizeof(owner), "a%u.den.example.", i);
		answer_a(MSG_AR, owner, 300, "10.0.0.1");
	}
	expect_entry(ERR_OK);
	while (entry_next(&entry, &at, &r))
		count += r.section == MSG_AR;
	cr_assert_eq(count, ENTRY_RIDERS_MAX);
}

Test(entry_riders, that_do_not_fit_are_left_out)
{
	uint8_t rdata[4 * 256];
	struct entry_rrset r;
	unsigned count = 0;
	size_t at = 0;

	memset(rdata, 'x', sizeof(rdata));
	for (size_t i = 0; i < sizeof(rdata); i += 256)
		rdata[i] = 255;
	begin_space();
	/* written out, names are longer than in the message */
	for (unsigned i = 0; i < 62; i++) {
		char owner[32];

		snprintf(owner, sizeof(owner), "b%u.den.example.", i);
		answer_rr(MSG_AR, owner, 300, RR_TXT, rdata, sizeof(rdata));
	}
	expect_entry(ERR_OK);
	while (entry_next(&entry, &at, &r))
		count += r.section == MSG_AR;
	cr_assert_geq(count, 61);
	cr_assert_leq(entry.len, ENTRY_MAX);
}
