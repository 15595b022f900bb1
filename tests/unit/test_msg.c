#include "lib/msg.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A message that is put together octet by octet. */
static uint8_t space[WIRE_MSG_MAX];
static size_t space_len;
static struct msg m;

static void
add(const char *octets, size_t len)
{
	cr_assert_leq(space_len + len, sizeof(space));
	memcpy(space + space_len, octets, len);
	space_len += len;
}

#define ADD(literal) add(literal, sizeof(literal) - 1)

/* Header with one question for LaMp.home. A, and these counts. */
static void
start(unsigned opcode, unsigned an, unsigned ns, unsigned ar)
{
	memset(space, 0, sizeof(space));
	put16(space, 0xbeef);
	put16(space + 2, (uint16_t)(opcode << 11 | MSG_RD));
	put16(space + 4, 1);
	put16(space + 6, (uint16_t)an);
	put16(space + 8, (uint16_t)ns);
	put16(space + 10, (uint16_t)ar);
	space_len = 12;
	ADD("\4LaMp\4home\0\0\1\0\1");
}

#define OWNER "\xc0\x0c"
#define RR_A_GOOD OWNER "\0\1\0\1\0\0\0\x3c\0\4\300\0\2\1"
#define RR_A_OF_5 OWNER "\0\1\0\1\0\0\0\x3c\0\5\300\0\2\1\1"
#define OPT_PLAIN "\0\0\x29\4\xd0\0\0\0\0\0\0"
#define TSIG_RR "\3key\0\0\372\0\377\0\0\0\0\0\3mac"
#define SIG0_RR                        \
	"\0\0\x18\0\377\0\0\0\0\0\x16" \
	"\0\0\10\0\0\0\0\0zzzzaaaa\0\1\1k\0s"

static enum msg_verdict
parse(void)
{
	/* in a block of its own, so that a step too far is noticed */
	static uint8_t *copy;
	enum msg_verdict v;

	free(copy);
	copy = malloc(space_len + (space_len == 0));
	memcpy(copy, space, space_len);
	v = msg_parse(&m, copy, space_len);
	return v;
}

/* --- header and question ------------------------------------------------ */

Test(msg_parse, question_is_read_in_the_case_it_came)
{
	start(MSG_QUERY, 0, 0, 0);
	cr_assert_eq(parse(), MSG_OK);
	cr_assert_eq(m.id, 0xbeef);
	cr_assert_eq(m.flags, MSG_RD);
	cr_assert_eq(m.qname_len, 11);
	cr_assert_arr_eq(m.qname, "\4LaMp\4home", 11);
	cr_assert_eq(m.qtype, RR_A);
	cr_assert_eq(m.qclass, RR_IN);
	cr_assert_not(m.edns.present);
	cr_assert_eq(m.tsig, 0);
	cr_assert_eq(m.sig0, 0);
}

Test(msg_parse, shorter_than_a_header_is_met_with_silence)
{
	start(MSG_QUERY, 0, 0, 0);
	for (space_len = 0; space_len < 12; space_len++)
		cr_assert_eq(parse(), MSG_IGNORE);
}

Test(msg_parse, response_is_met_with_silence_whatever_it_holds)
{
	start(MSG_QUERY, 9, 9, 9);
	space[2] |= 0x80;
	cr_assert_eq(parse(), MSG_IGNORE);
	space[2] = 0xff;
	cr_assert_eq(parse(), MSG_IGNORE);
}

Test(msg_parse, unknown_opcode_is_told_from_the_header_alone)
{
	for (unsigned opcode = 0; opcode < 16; opcode++) {
		bool known = opcode == 0 || opcode == 4 || opcode == 5;

		start(opcode, 0, 0, 0);
		cr_assert_eq(parse(), known ? MSG_OK : MSG_BAD_OPCODE);
		space_len = 12;
		memset(space + 4, 0xff, 8);
		cr_assert_eq(parse(), known ? MSG_BAD_FORMAT : MSG_BAD_OPCODE);
		cr_assert_eq(m.id, 0xbeef);
		cr_assert_eq(m.qname_len, 0);
	}
}

Test(msg_parse, exactly_one_question_is_expected)
{
	start(MSG_QUERY, 0, 0, 0);
	put16(space + 4, 0);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert_eq(m.qname_len, 0);
	space_len = 12;
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 0, 0);
	ADD(OWNER "\0\1\0\1");
	put16(space + 4, 2);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_parse, message_cut_anywhere_is_a_format_error)
{
	size_t whole;

	start(MSG_UPDATE, 1, 1, 3);
	ADD(RR_A_GOOD RR_A_GOOD RR_A_GOOD OPT_PLAIN TSIG_RR);
	cr_assert_eq(parse(), MSG_OK);
	whole = space_len;
	for (space_len = 12; space_len < whole; space_len++) {
		cr_assert_eq(parse(), MSG_BAD_FORMAT, "%zu octets", space_len);
		cr_assert_eq(m.qname_len, space_len < 27 ? 0 : 11);
	}
}

Test(msg_parse, octets_behind_the_last_rr_are_a_format_error)
{
	start(MSG_QUERY, 0, 0, 0);
	ADD("\0");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert_eq(m.qname_len, 11, "the reply can still hold the question");
	start(MSG_QUERY, 0, 0, 1);
	ADD(OPT_PLAIN "\0");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert(m.edns.present);
}

Test(msg_parse, counts_larger_than_the_message_are_a_format_error)
{
	for (int s = MSG_AN; s < MSG_SECTIONS; s++) {
		start(MSG_QUERY, 0, 0, 0);
		put16(space + 4 + 2 * s, 0xffff);
		cr_assert_eq(parse(), MSG_BAD_FORMAT);
	}
}

Test(msg_parse, pointers_in_the_question_or_forward_in_owners_are_refused)
{
	start(MSG_QUERY, 0, 0, 0);
	space_len = 12;
	ADD("\xc0\x0e\0\1\0\1\1a\0");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 1, 0, 0);
	ADD("\xc0\x1d\0\1\0\1\0\0\0\0\0\4\1a\0\0");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

/*
 * A message of 65,535 octets with this many RRs whose owners go through a chain
 * of 128 pointers each; the chain stands in the rdata of a NULL in front, and a
 * NULL at the end fills the rest.
 */
static void
start_chains(unsigned rrs)
{
	size_t end;

	start(MSG_QUERY, rrs + 2, 0, 0);
	ADD("\0\0\12\0\1\0\0\0\0\1\1\0");
	for (size_t at = space_len - 1, i = 0; i < 128; i++) {
		put16(space + space_len, (uint16_t)(0xc000 | at));
		at = space_len;
		space_len += 2;
	}
	end = space_len - 4;
	for (; rrs > 0; rrs--) {
		put16(space + space_len, (uint16_t)(0xc000 | end));
		put16(space + space_len + 2, 10);
		space_len += 12;
	}
	ADD("\0\0\12\0\1\0\0\0\0");
	put16(space + space_len, (uint16_t)(sizeof(space) - space_len - 2));
	space_len = sizeof(space);
}

Test(msg_parse, largest_message_of_pointer_chains_exceeds_its_budget)
{
	start_chains(1000);
	cr_assert_eq(parse(), MSG_OK);
	start_chains(5000);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert_eq(m.qname_len, 11);
}

/* --- EDNS --------------------------------------------------------------- */

Test(msg_edns, fields_of_the_opt_are_read)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\x10\0\0\0\x80\0\0\4\0\3\0\0");
	cr_assert_eq(parse(), MSG_OK);
	cr_assert(m.edns.present);
	cr_assert(m.edns.dnssec_ok);
	cr_assert(m.edns.nsid);
	cr_assert_eq(m.edns.version, 0);
	cr_assert_eq(m.edns.payload, 4096);
	start(MSG_QUERY, 0, 0, 1);
	ADD(OPT_PLAIN);
	cr_assert_eq(parse(), MSG_OK);
	cr_assert(m.edns.present);
	cr_assert_not(m.edns.dnssec_ok);
	cr_assert_not(m.edns.nsid);
	cr_assert_eq(m.edns.payload, 1232);
}

Test(msg_edns, unknown_options_and_duplicates_are_passed_over)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\0\0\0\0\0\x15\0\12\0\3abc\xff\xff\0\0"
	    "\0\3\0\0\0\3\0\2xx");
	cr_assert_eq(parse(), MSG_OK);
	cr_assert(m.edns.nsid);
}

Test(msg_edns, nsid_of_a_client_is_empty)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\0\0\0\0\0\6\0\3\0\2xx");
	cr_assert_eq(parse(), MSG_OK);
	cr_assert_not(m.edns.nsid);
}

Test(msg_edns, options_must_fill_rdlength_exactly)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\0\0\0\0\0\5\0\12\0\2x");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert_not(m.edns.present);
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\0\0\0\0\0\3\0\12\0");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	/* the option reaches into the RR behind */
	start(MSG_QUERY, 0, 0, 2);
	ADD("\0\0\x29\4\xd0\0\0\0\0\0\4\0\12\0\2" RR_A_GOOD);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_edns, two_or_three_opts_are_a_format_error)
{
	start(MSG_QUERY, 0, 0, 2);
	ADD(OPT_PLAIN OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert(m.edns.present);
	start(MSG_QUERY, 0, 0, 3);
	ADD(OPT_PLAIN OPT_PLAIN OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_edns, opt_belongs_to_the_root_in_the_additional_section)
{
	start(MSG_QUERY, 1, 0, 0);
	ADD(OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 1, 0);
	ADD(OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 0, 1);
	ADD("\1a" OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	cr_assert_not(m.edns.present);
}

Test(msg_edns, other_version_is_told_only_of_a_sound_message)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\0\1\x80\0\0\0");
	cr_assert_eq(parse(), MSG_BAD_VERSION);
	cr_assert(m.edns.present);
	cr_assert(m.edns.dnssec_ok);
	cr_assert_eq(m.edns.version, 1);
	cr_assert_eq(m.qname_len, 11);
	ADD("x");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

/* --- signatures --------------------------------------------------------- */

Test(msg_signature, tsig_is_found_where_it_stands)
{
	start(MSG_QUERY, 0, 0, 2);
	ADD(OPT_PLAIN TSIG_RR);
	cr_assert_eq(parse(), MSG_OK);
	cr_assert_eq(m.tsig, 27 + 11);
	cr_assert(m.edns.present);
}

Test(msg_signature, tsig_is_last_and_once_in_the_additional_section)
{
	start(MSG_QUERY, 0, 0, 2);
	ADD(TSIG_RR OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 0, 2);
	ADD(TSIG_RR TSIG_RR);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 1, 0, 0);
	ADD(TSIG_RR);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_signature, tsig_has_class_any_and_ttl_0)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\3key\0\0\372\0\1\0\0\0\0\0\3mac");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 0, 1);
	ADD("\3key\0\0\372\0\377\0\0\0\1\0\3mac");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_signature, sig0_is_last_and_once_too)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD(SIG0_RR);
	cr_assert_eq(parse(), MSG_OK);
	cr_assert_eq(m.sig0, 27);
	cr_assert_eq(m.tsig, 0);
	start(MSG_QUERY, 0, 0, 2);
	ADD(SIG0_RR OPT_PLAIN);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 0, 2);
	ADD(SIG0_RR TSIG_RR);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 0, 1, 0);
	ADD(SIG0_RR);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_signature, sig_that_covers_a_type_signs_no_message)
{
	start(MSG_QUERY, 1, 0, 1);
	ADD(SIG0_RR OPT_PLAIN);
	space[27 + 12] = RR_A;
	cr_assert_eq(parse(), MSG_OK);
	cr_assert_eq(m.sig0, 0);
}

/* --- rdata -------------------------------------------------------------- */

Test(msg_rdata, of_a_query_is_checked_when_it_is_looked_at)
{
	struct msg_rr rr;
	uint8_t rdata[16];
	size_t len, pos;

	start(MSG_QUERY, 2, 0, 0);
	ADD(RR_A_OF_5 RR_A_GOOD);
	cr_assert_eq(parse(), MSG_OK);
	pos = m.section[MSG_AN];
	msg_rr_read(&m, &pos, &rr);
	cr_assert_not(msg_rr_rdata(&m, &rr, rdata, sizeof(rdata), &len));
	msg_rr_read(&m, &pos, &rr);
	cr_assert(msg_rr_rdata(&m, &rr, rdata, sizeof(rdata), &len));
	cr_assert_eq(len, 4);
	cr_assert_arr_eq(rdata, "\300\0\2\1", 4);
	cr_assert_eq(pos, m.len);
}

Test(msg_rdata, of_an_update_or_notify_is_checked_at_once)
{
	start(MSG_UPDATE, 0, 1, 0);
	ADD(RR_A_OF_5);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
	start(MSG_NOTIFY, 1, 0, 0);
	ADD(RR_A_OF_5);
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_rdata, of_an_update_may_be_empty_to_delete)
{
	start(MSG_UPDATE, 1, 2, 0);
	ADD(OWNER "\0\1\0\376\0\0\0\0\0\0" OWNER "\0\1\0\377\0\0\0\0\0\0");
	ADD(OWNER "\0\377\0\377\0\0\0\0\0\0");
	cr_assert_eq(parse(), MSG_OK);
}

Test(msg_rdata, rdlength_that_hides_an_rr_is_refused)
{
	/* an A of 19 octets, the last 15 of which would be another RR */
	start(MSG_UPDATE, 0, 2, 0);
	ADD(OWNER "\0\1\0\1\0\0\0\x3c\0\x13"
		  "1234\0\0\1\0\1\0\0\0\0\0\4"
		  "1234");
	cr_assert_eq(parse(), MSG_BAD_FORMAT);
}

Test(msg_rdata, one_txt_of_65_thousand_empty_strings_needs_no_memory)
{
	static uint8_t rdata[RR_RDATA_MAX];
	struct msg_rr rr;
	size_t len, pos;

	start(MSG_UPDATE, 0, 1, 0);
	ADD(OWNER "\0\x10\0\1\0\0\0\x3c");
	len = sizeof(space) - space_len - 2;
	put16(space + space_len, (uint16_t)len);
	space_len = sizeof(space);
	cr_assert_eq(parse(), MSG_OK);
	pos = m.section[MSG_NS];
	msg_rr_read(&m, &pos, &rr);
	cr_assert(msg_rr_rdata(&m, &rr, rdata, sizeof(rdata), &pos));
	cr_assert_eq(pos, len);
}

Test(msg_rr, sections_are_walked_from_their_offsets)
{
	struct msg_rr rr;
	size_t pos;

	start(MSG_UPDATE, 1, 1, 1);
	ADD("\1a" OWNER "\0\1\0\1\x80\0\0\1\0\4"
	    "1111");
	ADD("\1b\xc0\x11\0\2\0\1\0\0\0\2\0\2" OWNER);
	ADD("\0\xff\x00\0\3\0\0\0\3\0\0");
	cr_assert_eq(parse(), MSG_OK);
	pos = m.section[MSG_AN];
	msg_rr_read(&m, &pos, &rr);
	cr_assert_arr_eq(rr.owner, "\1a\4LaMp\4home", 13);
	cr_assert_eq(rr.ttl, 0x80000001, "as sent");
	cr_assert_eq(pos, m.section[MSG_NS]);
	msg_rr_read(&m, &pos, &rr);
	cr_assert_arr_eq(rr.owner, "\1b\4home", 8);
	cr_assert_eq(rr.type, RR_NS);
	cr_assert_eq(rr.rdlen, 2);
	cr_assert_eq(pos, m.section[MSG_AR]);
	msg_rr_read(&m, &pos, &rr);
	cr_assert_eq(rr.type, 65280);
	cr_assert_eq(rr.class, RR_CH);
	cr_assert_eq(pos, m.len);
}

Test(msg_rr, random_changes_never_lead_the_walk_astray)
{
	uint32_t seed = 5;
	unsigned good = 0;

	for (int i = 0; i < 30000; i++) {
		static uint8_t rdata[RR_RDATA_MAX];

		start(i % 2 ? MSG_UPDATE : MSG_QUERY, 1, 1, 3);
		ADD(RR_A_GOOD "\1b\xc0\x11\0\2\0\1\0\0\0\2\0\2" OWNER);
		ADD(RR_A_GOOD OPT_PLAIN TSIG_RR);
		for (unsigned n = 1 + rnd(&seed) % 3; n > 0; n--)
			space[12 + rnd(&seed) % (space_len - 12)] =
				(uint8_t)rnd(&seed);
		if (parse() != MSG_OK)
			continue;
		good++;
		for (int s = MSG_AN; s < MSG_SECTIONS; s++) {
			size_t pos = m.section[s], len;

			for (unsigned k = 0; k < m.count[s]; k++) {
				struct msg_rr rr;

				msg_rr_read(&m, &pos, &rr);
				msg_rr_rdata(&m, &rr, rdata, sizeof(rdata),
					     &len);
			}
			cr_assert_eq(pos,
				     s == MSG_AR ? m.len : m.section[s + 1]);
		}
	}
	cr_assert_gt(good, 1000);
}

/* --- responses ---------------------------------------------------------- */

static enum msg_verdict
parse_response(void)
{
	return msg_parse_response(&m, space, space_len);
}

Test(msg_response, query_is_not_a_response)
{
	start(MSG_QUERY, 0, 0, 0);
	cr_assert_eq(parse_response(), MSG_IGNORE);
	space[2] |= 0x80;
	cr_assert_eq(parse_response(), MSG_OK);
	cr_assert_eq(m.qname_len, 11);
}

Test(msg_response, question_may_be_missing_but_not_doubled)
{
	start(MSG_QUERY, 0, 0, 0);
	space[2] |= 0x80;
	put16(space + 4, 0);
	space_len = 12;
	cr_assert_eq(parse_response(), MSG_OK);
	start(MSG_QUERY, 0, 0, 0);
	ADD(OWNER "\0\1\0\1");
	space[2] |= 0x80;
	put16(space + 4, 2);
	cr_assert_eq(parse_response(), MSG_BAD_FORMAT);
}

Test(msg_response, all_rdata_is_checked)
{
	start(MSG_QUERY, 1, 0, 0);
	ADD(RR_A_OF_5);
	space[2] |= 0x80;
	cr_assert_eq(parse_response(), MSG_BAD_FORMAT);
	start(MSG_QUERY, 1, 0, 0);
	ADD(OWNER "\0\1\0\1\0\0\0\x3c\0\0");
	space[2] |= 0x80;
	cr_assert_eq(parse_response(), MSG_BAD_FORMAT, "an A of no octets");
	start(MSG_UPDATE, 0, 1, 0);
	ADD(OWNER "\0\1\0\377\0\0\0\0\0\0");
	space[2] |= 0x80;
	cr_assert_eq(parse_response(), MSG_OK, "an UPDATE repeated");
}

Test(msg_response, upper_bits_of_the_rcode_are_in_the_opt)
{
	start(MSG_QUERY, 0, 0, 1);
	ADD("\0\0\x29\4\xd0\1\0\0\0\0\0");
	space[2] |= 0x80;
	cr_assert_eq(parse_response(), MSG_OK);
	cr_assert_eq(m.edns.rcode_high, 1);
}

/* --- writing ------------------------------------------------------------ */

Test(msg_write, question_keeps_its_case_and_is_pointed_to)
{
	struct wire_writer w;
	struct rr rr = {.owner = (const uint8_t *)"\4lamp\4home",
			.rdata = (const uint8_t *)"\300\0\2\1",
			.ttl = 60,
			.type = RR_A,
			.class = RR_IN,
			.rdlen = 4};

	wire_writer_init(&w, space, 512);
	msg_write_header(&w, 0xbeef, MSG_QR | MSG_AA);
	msg_write_question(&w, (const uint8_t *)"\4LaMp\4home", RR_A, RR_IN);
	msg_write_rr(&w, &rr);
	msg_set_count(&w, MSG_QD, 1);
	msg_set_count(&w, MSG_AN, 1);
	msg_set_flags(&w, MSG_QR | MSG_AA | MSG_RD);
	cr_assert_eq(w.len, 27 + sizeof(RR_A_GOOD) - 1);
	cr_assert_arr_eq(space,
			 "\xbe\xef\x85\0\0\1\0\1\0\0\0\0"
			 "\4LaMp\4home\0\0\1\0\1" RR_A_GOOD,
			 w.len);
}

Test(msg_write, answer_is_read_alike_by_ldns)
{
	struct wire_writer w;
	struct rr mx = {.owner = (const uint8_t *)"\4home",
			.rdata = (const uint8_t *)"\0\12\4mail\4home",
			.ttl = 300,
			.type = RR_MX,
			.class = RR_IN,
			.rdlen = 13};
	struct rr a = {.owner = (const uint8_t *)"\4mail\4home",
		       .rdata = (const uint8_t *)"\300\0\2\1",
		       .ttl = 60,
		       .type = RR_A,
		       .class = RR_IN,
		       .rdlen = 4};
	struct msg_opt opt = {.payload = 1232,
			      .dnssec_ok = true,
			      .nsid = (const uint8_t *)"lounge",
			      .nsid_len = 6,
			      .ede = MSG_EDE_BLOCKED,
			      .ede_text = "not in reach"};
	ldns_pkt *pkt = NULL;
	ldns_rr *rr;
	char *text;

	wire_writer_init(&w, space, 512);
	msg_write_header(&w, 7, MSG_QR | MSG_AA);
	msg_write_question(&w, mx.owner, RR_MX, RR_IN);
	msg_write_rr(&w, &mx);
	msg_write_rr(&w, &a);
	msg_write_opt(&w, &opt);
	msg_set_count(&w, MSG_QD, 1);
	msg_set_count(&w, MSG_AN, 1);
	msg_set_count(&w, MSG_AR, 2);
	cr_assert_eq(ldns_wire2pkt(&pkt, space, w.len), LDNS_STATUS_OK);
	rr = ldns_rr_list_rr(ldns_pkt_answer(pkt), 0);
	text = ldns_rr2str(rr);
	cr_assert_str_eq(text, "home.\t300\tIN\tMX\t10 mail.home.\n");
	free(text);
	rr = ldns_rr_list_rr(ldns_pkt_additional(pkt), 0);
	text = ldns_rr2str(rr);
	cr_assert_str_eq(text, "mail.home.\t60\tIN\tA\t192.0.2.1\n");
	free(text);
	cr_assert(ldns_pkt_edns(pkt));
	cr_assert_eq(ldns_pkt_edns_udp_size(pkt), 1232);
	cr_assert(ldns_pkt_edns_do(pkt));
	ldns_pkt_free(pkt);
}

/* Writes the OPT alone and returns its octets. */
static size_t
write_opt(const struct msg_opt *opt)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 1000);
	msg_write_opt(&w, opt);
	cr_assert_not(w.full);
	return w.len;
}

Test(msg_write, opt_takes_as_many_octets_as_foretold)
{
	uint8_t nsid[255] = {0};
	char text[300];

	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len += 13)
		for (unsigned k = 0; k < 8; k++) {
			struct msg_opt opt = {
				.payload = 1232,
				.nsid = k & 1 ? nsid : NULL,
				.nsid_len = (uint8_t)len,
				.ede = k & 2 ? MSG_EDE_OTHER : MSG_EDE_NONE,
				.ede_text = k & 4 ? text : NULL,
			};

			text[len] = '\0';
			cr_assert_eq(write_opt(&opt), msg_opt_len(&opt));
			cr_assert_eq(get16(space + 9), msg_opt_len(&opt) - 11);
			text[len] = 'x';
		}
}

Test(msg_write, opt_holds_rcode_do_nsid_and_ede)
{
	struct msg_opt opt = {.payload = 1232,
			      .rcode_high = 1,
			      .dnssec_ok = true,
			      .nsid = (const uint8_t *)"id",
			      .nsid_len = 2,
			      .ede = MSG_EDE_NOT_READY,
			      .ede_text = "wait"};

	cr_assert_eq(write_opt(&opt), 11 + 6 + 10);
	cr_assert_arr_eq(space,
			 "\0\0\x29\4\xd0\1\0\x80\0\0\x10"
			 "\0\3\0\2id\0\17\0\6\0\16wait",
			 27);
}

/* Octets of EDE text that are sent. */
static size_t
ede_len(const char *text)
{
	struct msg_opt opt = {.ede = MSG_EDE_OTHER, .ede_text = text};
	size_t len = write_opt(&opt);

	cr_assert_arr_eq(space + 17, text, len - 17);
	return len - 17;
}

Test(msg_write, ede_text_is_cut_at_200_octets_between_characters)
{
	char text[300];

	memset(text, 'x', sizeof(text));
	text[200] = '\0';
	cr_assert_eq(ede_len(text), 200);
	memset(text + 198, 'x', 10);
	text[202] = '\0';
	cr_assert_eq(ede_len(text), 200);
	memcpy(text + 199, "\xc3\xa4", 2); /* two octets, 199 and 200 */
	cr_assert_eq(ede_len(text), 199);
	memcpy(text + 198, "\xe2\x82\xac!", 4); /* three, 198 to 200 */
	cr_assert_eq(ede_len(text), 198);
	memcpy(text + 197, "\xe2\x82\xac!!", 5); /* three, up to 199 */
	cr_assert_eq(ede_len(text), 200);
	memset(text, 0x80, 250); /* no character begins at all */
	cr_assert_eq(ede_len(text), 0);
}

Test(msg_write, rcodes_have_names)
{
	cr_assert_str_eq(msg_rcode_text(MSG_NOERROR), "NOERROR");
	cr_assert_str_eq(msg_rcode_text(MSG_NXDOMAIN), "NXDOMAIN");
	cr_assert_str_eq(msg_rcode_text(MSG_NOTZONE), "NOTZONE");
	cr_assert_str_eq(msg_rcode_text(MSG_BADVERS), "BADVERS");
	cr_assert_str_eq(msg_rcode_text(23), "BADCOOKIE");
	cr_assert_str_eq(msg_rcode_text(24), "RCODE?");
	cr_assert_str_eq(msg_rcode_text(4095), "RCODE?");
}
