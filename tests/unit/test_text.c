/*
 * Zone text: what a zone file may say, what it means, how it is refused, and
 * how it looks on the way out. The origin is house.
 */
#include "lib/name.h"
#include "zones/text.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t house[] = "\005house";
static char dir[64];

struct lines {
	char text[65536];
	size_t len;
	unsigned count;
	unsigned last_line; /* place of the last RR */
};

static enum err
collect(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	struct lines *l = ctx;
	char *line = text_from_rr(rr);

	(void)d;
	cr_assert_not_null(line);
	if (l->len + strlen(line) + 2 < sizeof(l->text))
		l->len += (size_t)sprintf(l->text + l->len, "%s\n", line);
	l->count++;
	l->last_line = place.line;
	free(line);
	return ERR_OK;
}

static struct lines
take(const char *text)
{
	struct lines l = {.len = 0};
	struct diag d = {""};
	enum err e = text_read_string(text, "zone", house, collect, &l, &d);

	cr_assert_eq(e, ERR_OK, "%s: %s", d.text, text);
	return l;
}

static void
gives(const char *text, const char *lines)
{
	struct lines l = take(text);

	cr_assert_str_eq(l.text, lines);
}

/* The whole sentence, or its beginning. */
static void
refused(const char *text, const char *sentence)
{
	struct lines l = {.len = 0};
	struct diag d = {""};
	enum err e = text_read_string(text, "zone", house, collect, &l, &d);

	cr_assert_neq(e, ERR_OK, "taken: %s", text);
	cr_assert_eq(strncmp(d.text, sentence, strlen(sentence)), 0,
		     "said '%s', not '%s'", d.text, sentence);
}

/* An RR of this type and rdata, TTL 1 at the apex: out as it is given. */
static void
shown(const char *type, const char *rdata, const char *out)
{
	char text[4096], expected[4096];

	snprintf(text, sizeof(text), "@ 1 %s %s\n", type, rdata);
	snprintf(expected, sizeof(expected), "house. 1 IN %s %s\n", type, out);
	gives(text, expected);
}

static void
same(const char *type, const char *rdata)
{
	shown(type, rdata, rdata);
}

static void
bad(const char *type, const char *rdata, const char *sentence)
{
	char text[4096];

	snprintf(text, sizeof(text), "@ 1 %s %s\n", type, rdata);
	refused(text, sentence);
}

/* --- lines ---------------------------------------------------------------- */

Test(text, a_record_has_owner_ttl_class_type_and_rdata)
{
	gives("lamp 300 IN A 192.0.2.1\n", "lamp.house. 300 IN A 192.0.2.1\n");
}

Test(text, ttl_and_class_come_in_either_order_or_not_at_all)
{
	gives("$TTL 9\na IN 5 A 1.2.3.4\nb 5 IN A 1.2.3.4\nc IN A 1.2.3.4\n"
	      "d 5 A 1.2.3.4\ne A 1.2.3.4\nf CLASS1 5 A 1.2.3.4\n",
	      "a.house. 5 IN A 1.2.3.4\nb.house. 5 IN A 1.2.3.4\n"
	      "c.house. 9 IN A 1.2.3.4\nd.house. 5 IN A 1.2.3.4\n"
	      "e.house. 9 IN A 1.2.3.4\nf.house. 5 IN A 1.2.3.4\n");
}

Test(text, a_line_that_begins_with_space_has_the_previous_owner)
{
	gives("lamp 1 A 1.2.3.4\n\tA 1.2.3.5\n  A 1.2.3.6\n",
	      "lamp.house. 1 IN A 1.2.3.4\nlamp.house. 1 IN A 1.2.3.5\n"
	      "lamp.house. 1 IN A 1.2.3.6\n");
	refused(" 1 A 1.2.3.4\n", "zone:1:2: '1' has no owner");
}

Test(text, the_at_sign_is_the_origin_and_a_final_dot_ends_a_name)
{
	gives("@ 1 NS ns\n@ 1 NS ns.example.\nhouse. 1 NS @\n",
	      "house. 1 IN NS ns.house.\nhouse. 1 IN NS ns.example.\n"
	      "house. 1 IN NS house.\n");
}

Test(text, parentheses_join_lines_and_comments_end_them)
{
	gives("@ 1 SOA ns mail ( ; ( of the form\n 7 ; serial )\n\n 1h\n2 3\n4 "
	      ")\n; only a comment\n   ; another\n\na 1 A ( 1.2.3.4 ) ; x\n",
	      "house. 1 IN SOA ns.house. mail.house. 7 3600 2 3 4\n"
	      "a.house. 1 IN A 1.2.3.4\n");
}

Test(text, quotes_keep_semicolons_parentheses_and_spaces)
{
	gives("a 1 TXT \"a;b (c) d\" e\\;f \"\" \"x\"\"y\"\n",
	      "a.house. 1 IN TXT \"a;b (c) d\" \"e;f\" \"\" \"x\" \"y\"\n");
}

Test(text, escapes_are_octets)
{
	gives("a\\.b 1 TXT \"\\000\\255\\\"\\\\\" \\065\n",
	      "a\\.b.house. 1 IN TXT \"\\000\\255\\\"\\\\\" \"A\"\n");
	refused("a 1 TXT \\256\n", "zone:1:9: '\\256' is not a string");
	refused("a 1 TXT \"\\25\"\n", "zone:1:9: '\\25' is not a string");
}

Test(text, carriage_returns_and_a_missing_last_newline_do_no_harm)
{
	gives("a 1 A 1.2.3.4\r\n\r\nb 1 A ( 1.2.3.4\r\n )",
	      "a.house. 1 IN A 1.2.3.4\nb.house. 1 IN A 1.2.3.4\n");
}

Test(text, an_empty_file_has_no_records)
{
	gives("", "");
	gives("\n\n  \n;x", "");
}

Test(text, what_is_left_open_is_refused_where_it_began)
{
	refused("a 1 A (\n1.2.3.4\n", "zone:1:7: parenthesis is not closed");
	refused("a 1 A 1.2.3.4 )\n", "zone:1:15: closing parenthesis");
	refused("a 1 TXT \"x\nb 1 A 1.2.3.4\n",
		"zone:1:9: quote is not closed");
}

Test(text, places_name_the_first_line_of_a_record)
{
	struct lines l = take("\n;x\na 1 TXT ( x\n y )\n");

	cr_assert_eq(l.last_line, 3);
}

/* --- TTL ------------------------------------------------------------------ */

Test(text, a_ttl_may_have_units)
{
	gives("a 1h30m A 1.2.3.4\nb 2W A 1.2.3.4\nc 1d1s A 1.2.3.4\n",
	      "a.house. 5400 IN A 1.2.3.4\nb.house. 1209600 IN A 1.2.3.4\n"
	      "c.house. 86401 IN A 1.2.3.4\n");
	refused("a 1h3 A 1.2.3.4\n", "zone:1:3: '1h3' is not a TTL");
	refused("a 1y A 1.2.3.4\n", "zone:1:3: '1y' is not a TTL");
}

Test(text, a_ttl_is_at_most_31_bits)
{
	gives("a 2147483647 A 1.2.3.4\n", "a.house. 2147483647 IN A 1.2.3.4\n");
	refused("a 2147483648 A 1.2.3.4\n", "zone:1:3: '2147483648' is not a");
	refused("a 99999999999 A 1.2.3.4\n", "zone:1:3: '99999999999' is not");
	refused("a 99999w A 1.2.3.4\n", "zone:1:3: '99999w' is not a TTL");
	refused("$TTL 2147483648\n", "zone:1:6: '2147483648' is not a TTL");
}

Test(text, a_record_without_ttl_takes_the_default)
{
	gives("$TTL 7\na 1 A 1.2.3.4\nb A 1.2.3.4\n$TTL 8\nc A 1.2.3.4\n",
	      "a.house. 1 IN A 1.2.3.4\nb.house. 7 IN A 1.2.3.4\n"
	      "c.house. 8 IN A 1.2.3.4\n");
}

Test(text, else_the_minimum_of_an_soa_without_ttl_else_the_last_one_stated)
{
	gives("@ SOA a b 1 2 3 4 5\nc A 1.2.3.4\n",
	      "house. 5 IN SOA a.house. b.house. 1 2 3 4 5\n"
	      "c.house. 5 IN A 1.2.3.4\n");
	gives("@ 9 SOA a b 1 2 3 4 5\nc A 1.2.3.4\n",
	      "house. 9 IN SOA a.house. b.house. 1 2 3 4 5\n"
	      "c.house. 9 IN A 1.2.3.4\n");
	refused("a A 1.2.3.4\n", "zone:1:3: 'A' has no TTL");
}

/* --- what is not a record ------------------------------------------------- */

Test(text, owners_outside_the_zone_are_refused)
{
	refused("x.example. 1 A 1.2.3.4\n",
		"zone:1:1: 'x.example.' is outside the zone");
	refused("$ORIGIN example.\nx 1 A 1.2.3.4\n",
		"zone:2:1: 'x' is outside");
}

Test(text, other_classes_are_refused)
{
	refused("a 1 CH A 1.2.3.4\n", "zone:1:5: 'CH' is a class other");
	refused("a CLASS3 A 1.2.3.4\n", "zone:1:3: 'CLASS3' is a class other");
}

Test(text, unknown_and_meta_types_are_refused)
{
	refused("a 1 BOGUS x\n", "zone:1:5: 'BOGUS' is not a known type");
	refused("a 1 TYPE0 \\# 0\n", "zone:1:5: 'TYPE0' is not a known type");
	refused("a 1 ANY x\n", "zone:1:5: 'ANY' is a type that cannot be");
	refused("a 1 TYPE250 \\# 0\n", "zone:1:5: 'TYPE250' is a type that");
	refused("a 1 OPT \\# 0\n", "zone:1:5: 'OPT' is a type that cannot");
	refused("a 1\n", "zone:1:3: '1' ends the line, but a type is missing");
	refused("a\n", "zone:1:1: 'a' ends the line");
}

Test(text, names_are_checked)
{
	refused("a..b 1 A 1.2.3.4\n", "zone:1:1: 'a..b'");
	refused("12345678901234567890123456789012345678901234567890123456789012"
		"34"
		" 1 A 1.2.3.4\n",
		"zone:1:1: ");
	refused("a 1 NS b..c\n", "zone:1:8: 'b..c'");
	refused("\"a\" 1 A 1.2.3.4\n", "zone:1:1: 'a' is not a name");
}

/* --- directives ----------------------------------------------------------- */

Test(text, origin_completes_names_from_there_on)
{
	gives("$ORIGIN lounge\na 1 NS b\n$ORIGIN kitchen.house.\nc 1 NS d\n",
	      "a.lounge.house. 1 IN NS b.lounge.house.\n"
	      "c.kitchen.house. 1 IN NS d.kitchen.house.\n");
	refused("$ORIGIN\n", "zone:1:1: '$ORIGIN' takes one name");
	refused("$BOGUS x\n", "zone:1:1: '$BOGUS' is not a directive");
}

static void
make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/text.XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
}

static void
drop_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert_eq(system(command), 0);
}

static const char *
write_file(const char *name, const char *text, size_t len)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fwrite(text, 1, len, f);
	fclose(f);
	return path;
}

static enum err
read_zone_file(const char *text, struct lines *l, struct diag *d)
{
	const char *path = write_file("main.zone", text, strlen(text));

	memset(l, 0, sizeof(*l));
	return text_read(path, house, collect, l, d);
}

TestSuite(text_files, .init = make_dir, .fini = drop_dir);

Test(text_files, include_is_relative_and_gives_back_origin_and_owner)
{
	static const char inner[] = "a 1 A 1.2.3.4\n$ORIGIN far\nb 1 NS c\n";
	struct diag d = {""};
	struct lines l;

	write_file("inner.zone", inner, strlen(inner));
	cr_assert_eq(read_zone_file("x 1 A 1.1.1.1\n$INCLUDE inner.zone room\n"
				    " 1 A 1.1.1.2\n$INCLUDE \"inner.zone\"\n"
				    "y 1 A 1.1.1.3\n",
				    &l, &d),
		     ERR_OK, "%s", d.text);
	cr_assert_str_eq(l.text, "x.house. 1 IN A 1.1.1.1\n"
				 "a.room.house. 1 IN A 1.2.3.4\n"
				 "b.far.room.house. 1 IN NS c.far.room.house.\n"
				 "x.house. 1 IN A 1.1.1.2\n"
				 "a.house. 1 IN A 1.2.3.4\n"
				 "b.far.house. 1 IN NS c.far.house.\n"
				 "y.house. 1 IN A 1.1.1.3\n");
}

Test(text_files, errors_in_an_included_file_name_it)
{
	char expected[128];
	struct diag d = {""};
	struct lines l;

	write_file("inner.zone", "\na 1 A x\n", 9);
	cr_assert_neq(read_zone_file("$INCLUDE inner.zone\n", &l, &d), ERR_OK);
	snprintf(expected, sizeof(expected), "%s/inner.zone:2:7: 'x' is not",
		 dir);
	cr_assert_eq(strncmp(d.text, expected, strlen(expected)), 0, "%s",
		     d.text);
}

Test(text_files, a_file_that_includes_itself_is_refused)
{
	struct diag d = {""};
	struct lines l;

	write_file("inner.zone", "$INCLUDE main.zone\n", 19);
	cr_assert_eq(read_zone_file("$INCLUDE inner.zone\n", &l, &d), ERR_RULE);
	cr_assert_not_null(strstr(d.text, "inner.zone:1:10: "), "%s", d.text);
	cr_assert_not_null(strstr(d.text, "includes itself"), "%s", d.text);
}

Test(text_files, too_deep_a_chain_is_refused)
{
	struct diag d = {""};
	struct lines l;

	for (int i = 0; i < 20; i++) {
		char name[16], text[64];
		int n = snprintf(text, sizeof(text), "$INCLUDE f%d\n", i + 1);

		snprintf(name, sizeof(name), "f%d", i);
		write_file(name, text, (size_t)n);
	}
	cr_assert_eq(read_zone_file("$INCLUDE f0\n", &l, &d), ERR_RANGE);
	cr_assert_not_null(strstr(d.text, "too deeply"), "%s", d.text);
}

Test(text_files, a_missing_file_is_named_with_the_line_that_wants_it)
{
	struct diag d = {""};
	struct lines l;

	cr_assert_eq(read_zone_file("\n$INCLUDE none.zone\n", &l, &d),
		     ERR_NOTFOUND);
	cr_assert_not_null(strstr(d.text, "main.zone:2:10: "), "%s", d.text);
	cr_assert_not_null(strstr(d.text, "none.zone: No such file"), "%s",
			   d.text);
	cr_assert_eq(text_read("/nonexistent/x", house, collect, &l, &d),
		     ERR_NOTFOUND);
	cr_assert_eq(text_read(dir, house, collect, &l, &d), ERR_IO);
	cr_assert_eq(text_read("/dev/zero", house, collect, &l, &d), ERR_IO);
}

Test(text_files, a_nul_octet_is_refused)
{
	const char *path = write_file("nul.zone", "a 1 A 1.2.3.4\nb\0", 16);
	struct diag d = {""};
	struct lines l = {.len = 0};

	cr_assert_eq(text_read(path, house, collect, &l, &d), ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, "nul.zone:2:2: a NUL"), "%s", d.text);
}

Test(text, generate_counts)
{
	gives("$GENERATE 1-3 dev$ 5 A 10.0.0.$\n",
	      "dev1.house. 5 IN A 10.0.0.1\ndev2.house. 5 IN A 10.0.0.2\n"
	      "dev3.house. 5 IN A 10.0.0.3\n");
	gives("$TTL 5\n$GENERATE 0-4/2 $ IN CNAME $.x\n",
	      "0.house. 5 IN CNAME 0.x.house.\n2.house. 5 IN CNAME 2.x.house.\n"
	      "4.house. 5 IN CNAME 4.x.house.\n");
}

Test(text, generate_has_offset_width_and_base)
{
	gives("$GENERATE 26-26 a${-1}-${0,4}-${0,3,x}-${0,0,X}-${0,0,o} 5 TXT "
	      "${1} \"${0,5,n} ${0,3,N}\"\n",
	      "a25-0026-01a-1A-32.house. 5 IN TXT \"27\" \"a.1.0 A.1\"\n");
}

Test(text, generate_keeps_an_escaped_dollar)
{
	gives("$GENERATE 1-1 a 5 TXT \"\\$ $$ $\"\n",
	      "a.house. 5 IN TXT \"$ $ 1\"\n");
}

Test(text, generate_is_bounded_and_checked)
{
	refused("$GENERATE 1-70000 a$ 5 A 1.2.3.4\n",
		"zone:1:11: '1-70000' makes more than 65536 records");
	refused("$GENERATE 3-1 a$ 5 A 1.2.3.4\n",
		"zone:1:11: '3-1' is not a ra");
	refused("$GENERATE 1-3/0 a$ 5 A 1.2.3.4\n",
		"zone:1:11: '1-3/0' is not");
	refused("$GENERATE 1-3 a${-2} 5 A 1.2.3.4\n",
		"zone:1:15: 'a${-2}' does not expand");
	refused("$GENERATE 1-3 a${0,1,q} 5 A 1.2.3.4\n",
		"zone:1:15: 'a${0,1,q}' does not expand");
	refused("$GENERATE 1-3 a${0,999} 5 A 1.2.3.4\n", "zone:1:15: ");
	refused("$GENERATE 250-300 a$ 5 A 1.2.3.$\n", "zone:1:");
	refused("$GENERATE 1-3 a$\n", "zone:1:1: '$GENERATE' needs a range");
	cr_assert_eq(take("$GENERATE 0-65535 a$ 5 A 1.2.3.4\n").count, 65536);
}

/* --- rdata: every type that ldns knows ------------------------------------ */

Test(text, types_come_out_as_they_went_in)
{
	same("A", "192.0.2.1");
	same("AAAA", "2001:db8::1");
	same("MX", "10 mail.example.");
	same("SRV", "0 5 65535 lamp.house.");
	same("NAPTR", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b.c!\" .");
	same("CAA", "0 issue \"ca.example; a=b\"");
	same("URI", "10 1 \"ftp://a.example/\"");
	same("EUI48", "00-11-22-33-44-55");
	same("EUI64", "00-11-22-33-44-55-66-77");
	same("DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118");
	same("DNSKEY", "256 3 13 AQPSKmynfzW4kyBv015MUG2DeIQ3");
	same("KEY", "512 3 13 AQPSKmynfzW4kyBv015MUG2DeIQ3");
	same("RRSIG",
	     "A 13 3 3600 20240101000000 20231201000000 1 house. AQPS");
	same("NSEC", "a.house. A MX RRSIG NSEC TYPE1234");
	same("NSEC3", "1 1 12 AABB 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG");
	same("NSEC3PARAM", "1 0 0 -");
	same("CSYNC", "66 3 A NS AAAA");
	same("TLSA", "3 1 1 AABBCC");
	same("SMIMEA", "3 0 0 AABBCC");
	same("SSHFP", "2 1 123456");
	same("CERT", "1 1 5 AQPS");
	same("OPENPGPKEY", "AQPS");
	same("DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=");
	same("IPSECKEY", "10 3 2 gw.house. AQPS");
	same("IPSECKEY", "10 2 2 2001:db8::1 AQPS");
	same("IPSECKEY", "10 0 2 .");
	same("HIP", "2 200100107B1A AQPS rvs.house. rvs2.house.");
	same("NID", "10 0014:4fff:ff20:ee64");
	same("L32", "10 10.1.2.0");
	same("L64", "10 2001:0db8:0001:0002");
	same("LP", "10 l64.house.");
	same("HINFO", "\"PC\" \"Linux\"");
	same("ISDN", "\"150862028003217\"");
	same("ISDN", "\"150862028003217\" \"004\"");
	same("X25", "\"311061700956\"");
	same("GPOS", "\"-32.6882\" \"116.8652\" \"10.0\"");
	same("RP", "a.house. b.house.");
	same("AFSDB", "1 a.house.");
	same("RT", "1 a.house.");
	same("PX", "10 a.house. b.house.");
	same("KX", "10 a.house.");
	same("WKS", "10.0.0.1 6 25 80");
	same("NSAP", "0x47000580005A");
	same("ATMA", "+61200");
	same("ATMA", "39246F00");
	same("APL", "1:192.168.32.0/21 !1:192.168.38.0/28");
	same("ZONEMD", "2018031500 1 240 AABBCCDDEEFF001122334455");
	same("SPF", "\"v=spf1\"");
	same("SVCB", "1 . alpn=h2,h3 port=443 ipv4hint=1.2.3.4");
	same("HTTPS", "0 other.example.");
	same("DNAME", "other.example.");
	same("MINFO", "a.house. b.house.");
	same("EID", "AABB");
	same("TALINK", "a.house. b.house.");
}

Test(text, mnemonics_inside_rdata_are_numbers_afterwards)
{
	shown("DS", "1 RSASHA256 2 AABB", "1 8 2 AABB");
	shown("CERT", "PKIX 1 RSASHA1 AQPS", "1 1 5 AQPS");
	shown("WKS", "10.0.0.1 TCP smtp", "10.0.0.1 6 25");
	bad("DS", "1 BOGUS 2 AABB", "zone:1:10: 'BOGUS' is not an algorithm");
	bad("WKS", "10.0.0.1 TCP bogus", "zone:1:22: 'bogus' is not a port");
}

Test(text, hex_and_base64_may_have_spaces)
{
	shown("DS", "1 8 2 AA B Bcc", "1 8 2 AABBCC");
	shown("OPENPGPKEY", "AQ PS AQ\tPS", "AQPSAQPS");
}

Test(text, unknown_types_are_written_as_rfc_3597_says)
{
	same("TYPE65280", "\\# 3 010203");
	shown("TYPE65280", "\\# 3 01 0203", "\\# 3 010203");
	same("TYPE65280", "\\# 0");
	same("NULL", "\\# 2 0102");
	bad("TYPE65280", "x",
	    "zone:1:5: rdata of this type must be written as");
	bad("TYPE65280", "\\# 3 0102", "zone:1:18: length is 3, but 2 octets");
	bad("TYPE65280", "\\# 1 0", "zone:1:20: odd number of hexadecimal");
	bad("TYPE65280", "\\# 1 0g", "zone:1:20: '0g' is not hexadecimal");
	bad("TYPE65280", "\\# 65536 00", "zone:1:18: '65536' is not a length");
	bad("TYPE65280", "\\#", "zone:1:15: length is missing");
}

Test(text, known_types_in_that_form_are_checked_and_shown_well)
{
	shown("A", "\\# 4 0A000001", "10.0.0.1");
	gives("a 1 TYPE1 \\# 4 0A000001\n", "a.house. 1 IN A 10.0.0.1\n");
	bad("A", "\\# 3 0A0000", "zone:1:5: rdata does not have the type's");
	bad("MX", "\\# 3 000A03", "zone:1:5: rdata does not have the type's");
}

/* --- rdata: what ldns lets through ---------------------------------------- */

Test(text, numbers_out_of_range_are_refused)
{
	bad("SRV", "0 0 70000 a",
	    "zone:1:13: '70000' is not a number from 0 to");
	bad("SRV", "0 0 -1 a", "zone:1:13: '-1' is not a number");
	bad("MX", "65536 a",
	    "zone:1:8: '65536' is not a number from 0 to 65535");
	bad("MX", "0x10 a", "zone:1:8: '0x10' is not a number");
	bad("CAA", "256 issue x", "zone:1:9: '256' is not a number");
	bad("SOA", "a b 4294967296 1 1 1 1",
	    "zone:1:13: '4294967296' is not a");
	bad("DS", "1 300 1 AA", "zone:1:10: '300' is not a number");
	bad("CERT", "70000 1 5 AQPS", "zone:1:10: '70000' is not a number");
	bad("TLSA", "300 1 1 AA", "zone:1:10: '300' is not a number");
	bad("HTTPS", "1 . port=70000", "zone:1:15: 'port=70000' is not a port");
	bad("APL", "1:10.0.0.0/33", "zone:1:9: '1:10.0.0.0/33' is not an");
	bad("WKS", "10.0.0.1 6 65536", "zone:1:20: '65536' is not a port");
	bad("IPSECKEY", "300 0 2 .", "zone:1:14: '300' is not a number");
	bad("IPSECKEY", "1 4 2 x", "zone:1:5: gateway type is not");
}

Test(text, too_little_and_too_much_are_refused)
{
	bad("A", "", "zone:1:5: an address is missing");
	bad("A", "1.2.3.4 x", "zone:1:15: 'x' is too much for this type");
	bad("SRV", "0 0 1", "zone:1:13: a name is missing");
	bad("MX", "10 a b", "zone:1:13: 'b' is too much for this type");
	bad("TXT", "", "zone:1:5: a string is missing");
	bad("SOA", "a b 1 2 3 4", "zone:1:19: a time in seconds is missing");
	bad("DS", "1 8 2", "zone:1:12: hexadecimal data is missing");
}

Test(text, addresses_are_exact)
{
	bad("A", "1.2.3", "zone:1:7: '1.2.3' is not an IPv4 address");
	bad("A", "1.2.3.256", "zone:1:7: '1.2.3.256' is not an IPv4 address");
	bad("A", "::1", "zone:1:7: '::1' is not an IPv4 address");
	bad("AAAA", "1::2::3", "zone:1:10: '1::2::3' is not an IPv6 address");
	bad("EUI48", "00-11-22-33-44-5",
	    "zone:1:11: '00-11-22-33-44-5' is not");
	bad("EUI64", "00-11-22-33-44-55-66-7x", "zone:1:11: ");
	bad("NID", "1 1:2:3", "zone:1:11: '1:2:3' is not a 64-bit");
}

Test(text, a_string_holds_255_octets)
{
	char text[300];

	snprintf(text, sizeof(text), "\"%0255d\"", 0);
	same("TXT", text);
	snprintf(text, sizeof(text), "%0256d", 0);
	bad("TXT", text, "zone:1:9: string of 256 octets");
	bad("TXT", "a\"b\"", "zone:1:9: 'a\"b\"' is not a string");
	bad("CAA", "0 is-sue x", "zone:1:11: 'is-sue' is not a tag");
}

Test(text, broken_hex_and_base64_are_refused)
{
	bad("DS", "1 8 2 xx", "zone:1:14: 'xx' is not hexadecimal");
	bad("DNSKEY", "256 3 5 AQ!S", "zone:1:20: 'AQ!S' is not base64");
	bad("DNSKEY", "256 3 5 AQP", "zone:1:20: base64 data is cut short");
	bad("DNSKEY", "256 3 5 AQ==AQPS",
	    "zone:1:20: 'AQ==AQPS' is not base64");
	bad("DNSKEY", "256 3 5 ====", "zone:1:20: '====' is not base64");
	bad("NSEC3PARAM", "1 0 0 abc", "zone:1:22: odd number of hexadecimal");
	bad("NSEC3", "1 0 0 - !!! A", "zone:1:19: '!!!' is not a hash");
	bad("RRSIG", "A 13 3 1 20241301000000 20240101000000 1 . AQPS",
	    "zone:1:20: '20241301000000' is not a time");
	bad("NSEC", "a A BOGUS", "zone:1:14: 'BOGUS' is not a type");
}

Test(text, service_parameters_are_sorted_unique_and_fit_their_keys)
{
	shown("HTTPS", "1 . port=53 alpn=h2", "1 . alpn=h2 port=53");
	shown("HTTPS", "1 . alpn=\"h2,h3\"", "1 . alpn=h2,h3");
	same("SVCB", "1 . mandatory=port port=53");
	bad("HTTPS", "1 . port=53 port=54",
	    "zone:1:15: a parameter is given tw");
	bad("HTTPS", "1 . key3=a", "zone:1:15: service parameters cannot");
	bad("HTTPS", "1 . mandatory=alpn port=1", "zone:1:15: a parameter's");
	bad("HTTPS", "1 . bogus=1", "zone:1:15: service parameters cannot");
	bad("HTTPS", "1 . port", "zone:1:15: a parameter's value does not fit");
	bad("HTTPS", "1 . \"alpn=h2\"", "zone:1:15: 'alpn=h2': a parameter is");
}

/* --- LOC (RFC 1876) ------------------------------------------------------- */

Test(text, loc_has_defaults)
{
	shown("LOC", "42 21 54 N 71 06 18 W -24m 30m",
	      "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m");
	shown("LOC", "1 N 2 E 3",
	      "1 0 0.000 N 2 0 0.000 E 3.00m 1m 10000m 10m");
}

Test(text, loc_sizes_are_rounded_up_to_one_digit)
{
	shown("LOC", "1 0 0 N 2 0 0 E 3m 35m 0.11m 0.01m",
	      "1 0 0.000 N 2 0 0.000 E 3.00m 40m 0.2m 0.01m");
	shown("LOC", "1 0 0 N 2 0 0 E 3m 9.01m 99m 0m",
	      "1 0 0.000 N 2 0 0.000 E 3.00m 10m 100m 0m");
}

Test(text, loc_reaches_the_poles_and_not_beyond)
{
	shown("LOC", "90 S 180 W 0",
	      "90 0 0.000 S 180 0 0.000 W 0.00m 1m "
	      "10000m 10m");
	bad("LOC", "90 0 0.001 N 2 E 3", "zone:1:20: beyond 90 degrees");
	bad("LOC", "91 N 2 E 3", "zone:1:12: beyond 90 degrees");
	bad("LOC", "1 N 180 0 0.001 E 3", "zone:1:25: beyond 180 degrees");
	bad("LOC", "1 N 181 E 3", "zone:1:13: '181' is not a longitude");
	bad("LOC", "1 60 0 N 2 E 3", "zone:1:11: '60' is not a latitude");
	bad("LOC", "1 0 60 N 2 E 3", "zone:1:13: '60' is not a latitude");
	bad("LOC", "1 0 0.0001 N 2 E 3", "zone:1:13: '0.0001' is not a lat");
	bad("LOC", "1 E 2 E 3", "zone:1:11: 'E' is not a latitude");
	bad("LOC", "1 N 2 E", "zone:1:15: an altitude is missing");
}

Test(text, loc_altitude_and_sizes_have_limits)
{
	shown("LOC", "1 N 2 E -100000.00m 90000000.00m",
	      "1 0 0.000 N 2 0 0.000 E -100000.00m 90000000m 10000m 10m");
	shown("LOC", "1 N 2 E 42849672.95m",
	      "1 0 0.000 N 2 0 0.000 E 42849672.95m 1m 10000m 10m");
	bad("LOC", "1 N 2 E -100000.01m", "zone:1:17: '-100000.01m' is not an");
	bad("LOC", "1 N 2 E 42849672.96m", "zone:1:17: '42849672.96m' is not");
	bad("LOC", "1 N 2 E 99999999999m", "zone:1:17: '99999999999m' is not");
	bad("LOC", "1 N 2 E 3m 90000000.01m",
	    "zone:1:20: '90000000.01m' is not");
	bad("LOC", "1 N 2 E 3m -1m", "zone:1:20: '-1m' is not a size");
	bad("LOC", "1 N 2 E 3m 1m 1m 1m x", "zone:1:29: 'x' is too much");
}

/* --- out ------------------------------------------------------------------ */

Test(text, rdata_that_has_no_text_goes_out_as_rfc_3597)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t len;
		const char *text;
	} rows[] = {
		{RR_LOC, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, /* version */
		 "\\# 16 01000000000000000000000000000000"},
		{RR_TXT, "", 0, "\\# 0"},
		{RR_DS, "\0\1\2\3", 4, "\\# 4 00010203"}, /* no digest */
		{257, "\0\1-x", 4, "\\# 4 00012D78"},	  /* CAA tag */
		{RR_A, "\1\2", 2, "\\# 2 0102"},
		{65280, "\1", 1, "\\# 1 01"},
		{RR_NSEC, "\0\0\1\0", 4, "\\# 4 00000100"}, /* empty octets */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = text_from_rdata(rows[i].type,
					     (const uint8_t *)rows[i].rdata,
					     rows[i].len);

		cr_assert_str_eq(text, rows[i].text);
		free(text);
	}
}

/* What ldns reads from our text is what we had. */
static enum err
ask_ldns(void *ctx, const struct rr *rr, struct text_place place,
	 struct diag *d)
{
	char *line = text_from_rr(rr);
	uint8_t *wire = NULL;
	ldns_rr *theirs;
	size_t len;

	(void)ctx, (void)place, (void)d;
	cr_assert_eq(ldns_rr_new_frm_str(&theirs, line, 0, NULL, NULL),
		     LDNS_STATUS_OK, "%s", line);
	cr_assert_eq(ldns_rr2wire(&wire, theirs, LDNS_SECTION_ANSWER, &len),
		     LDNS_STATUS_OK);
	cr_assert_geq(len, rr->rdlen);
	cr_assert_eq(memcmp(wire + len - rr->rdlen, rr->rdata, rr->rdlen), 0,
		     "%s", line);
	free(wire);
	ldns_rr_free(theirs);
	free(line);
	return ERR_OK;
}

Test(text, ldns_reads_it_as_we_do)
{
	static const char zone[] =
		"@ 1 SOA ns mail 1 2 3 4 5\n@ 1 NS ns\na 1 A 1.2.3.4\n"
		"a 1 AAAA 2001:db8::1\na 1 TXT \"a;b\" \"c d\" \"\"\n"
		"a 1 LOC 41 39 35.624 N 91 32 14.718 W 216m 6m 0.1m 0.1m\n"
		"a 1 LOC 1 2 3.004 S 4 5 6.007 E -24m 3000m 50m 10m\n"
		"a 1 SRV 1 2 3 b\na 1 MX 1 b\na 1 EUI48 00-11-22-33-44-55\n"
		"a 1 DS 1 8 2 AABB\na 1 DNSKEY 256 3 13 AQPSKmyn\n"
		"a 1 NSEC b A NS RRSIG TYPE1234\na 1 CAA 0 issue \"x\"\n"
		"a 1 URI 1 2 \"http://x/\"\na 1 HTTPS 1 . alpn=h2 port=1\n"
		"a 1 NSEC3 1 1 12 AABB 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n"
		"a 1 RRSIG A 13 3 1 20240101000000 20231201000000 1 a AQPS\n"
		"a 1 TLSA 3 1 1 AABB\na 1 NAPTR 1 2 \"a\" \"b\" \"c\" d\n"
		"a 1 APL 1:10.0.0.0/8\na 1 NID 1 1:2:3:4\n"
		"a 1 IPSECKEY 10 3 2 gw AQPS\na 1 CERT 1 2 3 AQPS\n"
		"a 1 KEY 512 3 13 AQPSKmyn\na 1 WKS 10.0.0.1 6 25 80\n"
		"a 1 CSYNC 66 3 A NS\na 1 L64 1 1:2:3:4\na 1 HINFO \"a\" "
		"\"b\"\n";
	struct diag d = {""};
	enum err e = text_read_string(zone, "zone", house, ask_ldns, NULL, &d);

	cr_assert_eq(e, ERR_OK, "%s", d.text);
}

/* Random rdata of every type: what goes out comes back the same. */
static enum err
compare(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	const struct rr *was = ctx;

	(void)place, (void)d;
	cr_assert_eq(rr->type, was->type);
	cr_assert_eq(rr->ttl, was->ttl);
	cr_assert(name_equal(rr->owner, was->owner));
	cr_assert_eq(rr->rdlen, was->rdlen);
	cr_assert_eq(memcmp(rr->rdata, was->rdata, was->rdlen), 0);
	return ERR_OK;
}

Test(text, what_goes_out_comes_back_the_same)
{
	static const uint8_t owner[] = "\004a.\"\x01\005house";
	unsigned seed = 1, tried = 0;
	uint8_t rdata[40];

	for (unsigned i = 0; i < 200000; i++) {
		struct rr rr = {.owner = owner, .rdata = rdata, .ttl = i};
		struct diag d = {""};
		char *line;

		rr.type = (uint16_t)(i % 300 + 1);
		rr.rdlen = (uint16_t)(rand_r(&seed) % (int)sizeof(rdata));
		for (unsigned k = 0; k < rr.rdlen; k++)
			rdata[k] =
				(uint8_t)(rand_r(&seed) % 3 ? rand_r(&seed) % 5
							    : rand_r(&seed));
		if (rr_type_is_meta(rr.type) ||
		    !rr_rdata_valid(rr.type, rdata, rr.rdlen))
			continue;
		tried++;
		line = text_from_rr(&rr);
		cr_assert_eq(
			text_read_string(line, "zone", house, compare, &rr, &d),
			ERR_OK, "%s: %s", line, d.text);
		free(line);
	}
	cr_assert_gt(tried, 10000);
}
