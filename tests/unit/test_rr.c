#include "lib/rr.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Rdata in a literal. */
#define VALID(type, literal)                                                \
	rr_rdata_valid(rr_type_from_text(type), (const uint8_t *)(literal), \
		       sizeof(literal) - 1)

/* One RR of every type that ldns reads as text; the rdata that it makes of
 * them is what ours is measured with. */
static const char *const texts[] = {
	"x. 60 IN A 192.0.2.1",
	"x. 60 IN NS ns.Home.",
	"x. 60 IN MD a.Home.",
	"x. 60 IN MF a.Home.",
	"x. 60 IN CNAME Lamp.home.",
	"x. 60 IN SOA ns.home. Admin.home. 2026010101 3600 600 86400 300",
	"x. 60 IN MB a.home.",
	"x. 60 IN MG a.home.",
	"x. 60 IN MR a.home.",
	"x. 60 IN PTR lamp.Home.",
	"x. 60 IN WKS 192.0.2.1 6 25 80",
	"x. 60 IN HINFO \"ARM\" \"Linux\"",
	"x. 60 IN MINFO a.home. B.home.",
	"x. 60 IN MX 10 Mail.home.",
	"x. 60 IN TXT \"\" \"v=21.4\" \"u=Cel\"",
	"x. 60 IN RP a.home. B.home.",
	"x. 60 IN AFSDB 1 Afs.home.",
	"x. 60 IN X25 \"311061700956\"",
	"x. 60 IN ISDN \"150862028003217\" \"004\"",
	"x. 60 IN ISDN \"150862028003217\"",
	"x. 60 IN RT 10 Relay.home.",
	"x. 60 IN NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00",
	"x. 60 IN SIG A 5 2 3600 20300101000000 20260101000000 1 Home. AQID",
	"x. 60 IN KEY 256 3 8 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmv",
	"x. 60 IN PX 10 A.home. B.home.",
	"x. 60 IN GPOS \"-32.6882\" \"116.8652\" \"10.0\"",
	"x. 60 IN AAAA 2001:db8::1",
	"x. 60 IN LOC 41 39 35.624 N 91 32 14.718 W 216.00m 6m 0.1m 0.1m",
	"x. 60 IN SRV 0 5 631 Printer.home.",
	"x. 60 IN NAPTR 100 50 \"s\" \"http+N2L\" \"\" Www.home.",
	"x. 60 IN KX 10 Kx.home.",
	"x. 60 IN CERT PKIX 1 8 AQID",
	"x. 60 IN DNAME Other.home.",
	"x. 60 IN APL 1:192.0.2.0/24 !2:2001:db8::/32",
	"x. 60 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
	"x. 60 IN SSHFP 1 1 123456789ABCDEF67890123456789ABCDEF67890",
	"x. 60 IN IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtu",
	"x. 60 IN IPSECKEY 10 3 2 gw.home. AQNRU3mG7TVTO2BkR47usntb102uFJtu",
	"x. 60 IN IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtu",
	"x. 60 IN RRSIG A 8 2 3600 20300101000000 20260101000000 1 Home. AQID",
	"x. 60 IN NSEC Next.home. A MX RRSIG NSEC TYPE1234",
	"x. 60 IN DNSKEY 257 3 8 "
	"AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmv",
	"x. 60 IN DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
	"x. 60 IN NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A "
	"RRSIG",
	"x. 60 IN NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s",
	"x. 60 IN NSEC3PARAM 1 0 12 aabbccdd",
	"x. 60 IN TLSA 3 1 1 "
	"d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
	"x. 60 IN SMIMEA 3 1 1 "
	"d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
	"x. 60 IN TALINK a.home. b.home.",
	"x. 60 IN CDS 0 0 0 00",
	"x. 60 IN CDNSKEY 0 3 0 AA==",
	"x. 60 IN OPENPGPKEY AQID",
	"x. 60 IN CSYNC 66 3 A NS AAAA",
	"x. 60 IN ZONEMD 2018031500 1 1 "
	"FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7"
	"FED2DD5B97AE499FAFA4F22C6BD647DE",
	"x. 60 IN SVCB 0 Pool.home.",
	"x. 60 IN SVCB 16 . mandatory=alpn alpn=h2,h3 port=853 "
	"ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1",
	"x. 60 IN HTTPS 1 . alpn=h2 no-default-alpn",
	"x. 60 IN SPF \"v=spf1 -all\"",
	"x. 60 IN NID 10 0014:4fff:ff20:ee64",
	"x. 60 IN L32 10 10.1.2.0",
	"x. 60 IN L64 10 2001:0db8:1140:1000",
	"x. 60 IN LP 10 L64-subnet.home.",
	"x. 60 IN EUI48 00-00-5e-00-53-2a",
	"x. 60 IN EUI64 00-00-5e-ef-10-00-00-2a",
	"x. 60 IN URI 10 1 \"ftp://ftp.home/public\"",
	"x. 60 IN CAA 0 issue \"ca.home\"",
	"x. 60 IN DLV 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
};

/* The rdata of such a text, by ldns; returns its length. */
static size_t
ldns_rdata(const char *text, uint16_t *type, uint8_t *dst)
{
	ldns_rr *rr = NULL;
	size_t len = 0;
	ldns_status st = ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL);

	cr_assert_eq(st, LDNS_STATUS_OK, "%s: %s", text,
		     ldns_get_errorstr_by_id(st));
	*type = (uint16_t)ldns_rr_get_type(rr);
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *f = ldns_rr_rdf(rr, i);

		memcpy(dst + len, ldns_rdf_data(f), ldns_rdf_size(f));
		len += ldns_rdf_size(f);
	}
	ldns_rr_free(rr);
	return len;
}

/* --- types -------------------------------------------------------------- */

Test(rr_type, mnemonics_are_read_in_any_case)
{
	cr_assert_eq(rr_type_from_text("aaaa"), RR_AAAA);
	cr_assert_eq(rr_type_from_text("Nsap-Ptr"), 23);
	cr_assert_eq(rr_type_from_text("DLV"), 32769);
	cr_assert_eq(rr_type_from_text("ANY"), RR_ANY);
}

Test(rr_type, unknown_types_are_written_as_rfc_3597_says)
{
	char text[RR_TYPE_TEXT_MAX];

	cr_assert_eq(rr_type_from_text("TYPE1"), RR_A);
	cr_assert_eq(rr_type_from_text("type65535"), 65535);
	cr_assert_str_eq(rr_type_to_text(text, 65535), "TYPE65535");
	cr_assert_str_eq(rr_type_to_text(text, 0), "TYPE0");
	cr_assert_str_eq(rr_type_to_text(text, 54), "TYPE54");
}

Test(rr_type, what_is_no_type_gives_zero)
{
	static const char *const bad[] = {
		"",	  "TYPE",	"TYPE65536", "TYPE99999", "TYPE-1",
		"TYPE1x", "TYPE000001", "AAAAA",     "TYPE 1",	  "1",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_eq(rr_type_from_text(bad[i]), 0, "'%s'", bad[i]);
}

Test(rr_type, mnemonics_agree_with_ldns_where_it_has_one)
{
	unsigned compared = 0;

	for (unsigned t = 1; t < 65536; t++) {
		char *theirs = ldns_rr_type2str((ldns_rr_type)t);
		char ours[RR_TYPE_TEXT_MAX];

		rr_type_to_text(ours, (uint16_t)t);
		cr_assert_eq(rr_type_from_text(ours), t);
		if (strncmp(theirs, "TYPE", 4) != 0) {
			cr_assert_str_eq(ours, theirs);
			compared++;
		}
		free(theirs);
	}
	cr_assert_gt(compared, 70);
}

Test(rr_type, meta_types_are_never_stored)
{
	cr_assert(rr_type_is_meta(0));
	cr_assert(rr_type_is_meta(RR_OPT));
	cr_assert(rr_type_is_meta(128));
	cr_assert(rr_type_is_meta(RR_TSIG));
	cr_assert(rr_type_is_meta(RR_ANY));
	cr_assert_not(rr_type_is_meta(RR_A));
	cr_assert_not(rr_type_is_meta(127));
	cr_assert_not(rr_type_is_meta(256));
}

Test(rr_type, singletons_are_cname_dname_and_soa)
{
	unsigned n = 0;

	for (unsigned t = 0; t < 65536; t++)
		n += rr_type_is_singleton((uint16_t)t);
	cr_assert_eq(n, 3);
	cr_assert(rr_type_is_singleton(RR_CNAME));
	cr_assert(rr_type_is_singleton(RR_DNAME));
	cr_assert(rr_type_is_singleton(RR_SOA));
}

/* --- validity ----------------------------------------------------------- */

Test(rr_valid, rdata_that_ldns_makes_is_valid_for_every_type)
{
	static uint8_t rdata[RR_RDATA_MAX];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint16_t type;
		size_t len = ldns_rdata(texts[i], &type, rdata);

		cr_assert(rr_rdata_valid(type, rdata, len), "%s", texts[i]);
	}
}

Test(rr_valid, cut_short_or_with_an_octet_too_many_fixed_layouts_are_invalid)
{
	static const char *const fixed[] = {
		"A",   "AAAA", "NS",	"CNAME", "SOA",	  "PTR",   "MX",
		"RP",  "SRV",  "NAPTR", "LOC",	 "HINFO", "DNAME", "EUI48",
		"NID", "L32",  "KX",	"MINFO", "EUI64", "X25",   "LP",
	};
	static uint8_t rdata[RR_RDATA_MAX];
	unsigned seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint16_t type;
		size_t len = ldns_rdata(texts[i], &type, rdata);

		for (size_t k = 0; k < ARRAY_LEN(fixed); k++) {
			if (rr_type_from_text(fixed[k]) != type)
				continue;
			seen++;
			rdata[len] = 0;
			cr_assert_not(rr_rdata_valid(type, rdata, len + 1),
				      "%s and an octet", texts[i]);
			for (size_t cut = 0; cut < len; cut++)
				cr_assert_not(rr_rdata_valid(type, rdata, cut),
					      "%zu octets of %s", cut,
					      texts[i]);
		}
	}
	cr_assert_eq(seen, ARRAY_LEN(fixed));
}

Test(rr_valid, empty_rdata_is_invalid_for_types_with_a_layout_but_apl)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		static uint8_t rdata[RR_RDATA_MAX];
		uint16_t type;

		ldns_rdata(texts[i], &type, rdata);
		cr_assert_eq(rr_rdata_valid(type, rdata, 0), type == 42, "%s",
			     texts[i]);
	}
	cr_assert(VALID("NULL", ""));
	cr_assert(VALID("TYPE65280", ""));
}

Test(rr_valid, opaque_types_take_any_octets)
{
	cr_assert(VALID("TYPE731", "\xc0\xff\0"));
	cr_assert(VALID("NULL", "anything"));
}

Test(rr_valid, txt_is_one_string_or_more)
{
	cr_assert(VALID("TXT", "\0"));
	cr_assert(VALID("TXT", "\1a\0\2bc"));
	cr_assert_not(VALID("TXT", ""));
	cr_assert_not(VALID("TXT", "\2a"));
	cr_assert_not(VALID("TXT", "\1a\1"));
}

Test(rr_valid, names_in_rdata_hold_no_pointers)
{
	cr_assert(VALID("NS", "\4home\0"));
	cr_assert_not(VALID("NS", "\xc0\x0c"));
	cr_assert_not(VALID("NS", "\4home\xc0\x0c"));
}

Test(rr_valid, loc_has_version_0_digits_and_stands_on_the_globe)
{
	cr_assert(VALID("LOC",
			"\0\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80"));
	cr_assert_not(VALID(
		"LOC", "\1\x12\x16\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80"));
	cr_assert_not(VALID(
		"LOC", "\0\xa2\x16\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80"));
	cr_assert_not(VALID(
		"LOC", "\0\x12\x1a\x13\x80\0\0\0\x80\0\0\0\0\x98\x96\x80"));
	/* 90 degrees are 324 million thousandths of a second: 0x134fd900 */
	cr_assert(
		VALID("LOC", "\0\x12\x16\x13\x93\x4f\xd9\0\x80\0\0\0\0\0\0\0"));
	cr_assert_not(
		VALID("LOC", "\0\x12\x16\x13\x93\x4f\xd9\1\x80\0\0\0\0\0\0\0"));
	cr_assert(
		VALID("LOC", "\0\x12\x16\x13\x80\0\0\0\x59\x60\x4e\0\0\0\0\0"));
	cr_assert_not(VALID(
		"LOC", "\0\x12\x16\x13\x80\0\0\0\x59\x60\x4d\xff\0\0\0\0"));
}

Test(rr_valid, type_bitmap_windows_ascend_and_hold_no_zero_tail)
{
	cr_assert(VALID("NSEC", "\1a\0\0\1\x40\1\1\x80"));
	cr_assert_not(VALID("NSEC", "\1a\0\1\1\x40\0\1\x80"), "descending");
	cr_assert_not(VALID("NSEC", "\1a\0\0\1\x40\0\1\x80"), "twice");
	cr_assert_not(VALID("NSEC", "\1a\0\0\0"), "empty window");
	cr_assert_not(VALID("NSEC", "\1a\0\0\2\x40\0"), "zero tail");
	cr_assert_not(VALID("NSEC", "\1a\0\0\2\x40"), "cut short");
	cr_assert_not(VALID("NSEC", "\1a\0\0\x21"
				    "1234567890123456789012345678901234"),
		      "33 octets");
	cr_assert(VALID("NSEC3", "\1\0\0\0\0\1h"), "no types: RFC 5155 7.1");
	cr_assert_not(VALID("NSEC3", "\1\0\0\0\0\0"), "no hash");
}

Test(rr_valid, svcparam_keys_ascend_and_lengths_are_exact)
{
	cr_assert(VALID("SVCB", "\0\1\0"));
	cr_assert(VALID("SVCB", "\0\1\0\0\3\0\2\0\x35"));
	cr_assert(VALID("SVCB", "\0\1\0\xff\0\0\0"), "private key, no value");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\3\0\2\0\x35\0\3\0\2\0\x35"));
	cr_assert_not(VALID("SVCB", "\0\1\0\0\4\0\4\1\2\3\4\0\3\0\2\0\x35"));
	cr_assert_not(VALID("SVCB", "\0\1\0\0\3\0\3\0\x35"), "too long");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\3\0\1\0"), "port of one octet");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\4\0\3\1\2\3"), "half an address");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\4\0\0"), "no address");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\2\0\1\0"), "no-default-alpn=x");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\1\0\0"), "alpn of nothing");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\1\0\1\0"), "empty protocol");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\0\0\4\0\4\0\3"),
		      "mandatory order");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\0\0\2\0\0"), "mandatory itself");
	cr_assert_not(VALID("SVCB", "\0\1\0\0\3\0"), "cut short");
}

Test(rr_valid, gateway_is_as_its_kind_says)
{
	cr_assert(VALID("IPSECKEY", "\1\0\2key"));
	cr_assert(VALID("IPSECKEY", "\1\1\2"
				    "1234key"));
	cr_assert_not(VALID("IPSECKEY", "\1\1\2"
					"123"));
	cr_assert(VALID("IPSECKEY", "\1\3\2\1a\0key"));
	cr_assert_not(VALID("IPSECKEY", "\1\3\2\xc0\x0ckey"));
	cr_assert_not(VALID("IPSECKEY", "\1\4\2key"));
	cr_assert(VALID("AMTRELAY", "\1\x81"
				    "1234"));
	cr_assert_not(VALID("AMTRELAY", "\1\x81"
					"12345"));
	cr_assert(VALID("AMTRELAY", "\1\0"));
}

Test(rr_valid, hip_a6_apl_and_caa_follow_their_rfcs)
{
	cr_assert(VALID("HIP", "\2\2\0\3hhkey\1a\0\1b\0"));
	cr_assert_not(VALID("HIP", "\2\2\0\3hhkey\1a\0\1b"));
	cr_assert_not(VALID("HIP", "\2\2\0\3hhke"));
	cr_assert(VALID("A6", "\0"
			      "1234567890123456"));
	cr_assert(VALID("A6", "\x40"
			      "12345678\1a\0"));
	cr_assert(VALID("A6", "\x80\1a\0"));
	cr_assert_not(VALID("A6", "\x40"
				  "12345678"));
	cr_assert_not(VALID("A6", "\x81\1a\0"));
	cr_assert(VALID("APL", "\0\1\x18\x83\xc0\0\2"));
	cr_assert_not(VALID("APL", "\0\1\x21\3\xc0\0\2"), "prefix 33");
	cr_assert_not(VALID("APL", "\0\1\x18\5\xc0\0\2\1\1"),
		      "5 octets of IPv4");
	cr_assert_not(VALID("APL", "\0\1\x18\3\xc0\0"));
	cr_assert_not(VALID("CAA", "\0\0ca"), "no tag");
	cr_assert(VALID("ISDN", "\1a"));
	cr_assert_not(VALID("ISDN", "\1a\1b\1c"));
	cr_assert_not(VALID("ZONEMD", "\0\0\0\1\1\1"
				      "12345678901"));
	cr_assert(VALID("ZONEMD", "\0\0\0\1\1\1"
				  "123456789012"));
}

Test(rr_valid, random_changes_to_rdata_are_judged_alike_by_read_and_valid)
{
	static uint8_t msg[WIRE_MSG_MAX], back[RR_RDATA_MAX];
	uint32_t seed = 31337;
	unsigned good = 0;

	for (int round = 0; round < 200; round++)
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			struct wire_reader r;
			uint16_t type;
			size_t len = ldns_rdata(texts[i], &type, msg + 12);
			size_t got;
			bool valid;

			msg[12 + rnd(&seed) % len] = (uint8_t)rnd(&seed);
			len -= rnd(&seed) % 8 == 0;
			valid = rr_rdata_valid(type, msg + 12, len);
			wire_reader_init(&r, msg, 12 + len);
			r.pos = 12;
			got = rr_rdata_read(&r, type, len, back, sizeof(back));
			/* what is read may have been compressed, within the
			 * rdata itself; then its full form is valid */
			if (valid) {
				cr_assert_not(r.bad);
				cr_assert_eq(got, len);
				cr_assert_arr_eq(back, msg + 12, len);
				good++;
			} else if (!r.bad) {
				cr_assert(rr_rdata_valid(type, back, got));
			}
		}
	cr_assert_gt(good, 1000);
}

/* --- reading ------------------------------------------------------------ */

/* "home." at offset 12 of a message, then these octets as rdata. */
static size_t
read_at_home(const char *type, const char *rdata, size_t len, uint8_t *dst,
	     size_t cap, struct wire_reader *r)
{
	static uint8_t msg[512];

	memset(msg, 0, sizeof(msg));
	memcpy(msg + 12, "\4home", 6);
	memcpy(msg + 18, rdata, len);
	wire_reader_init(r, msg, sizeof(msg));
	r->pos = 18;
	return rr_rdata_read(r, rr_type_from_text(type), len, dst, cap);
}

#define READ(type, literal) \
	read_at_home(type, literal, sizeof(literal) - 1, dst, sizeof(dst), &r)

Test(rr_read, names_of_the_listed_types_are_decompressed)
{
	struct wire_reader r;
	uint8_t dst[512];

	cr_assert_eq(READ("MX", "\0\12\4mail\xc0\x0c"), 13);
	cr_assert_arr_eq(dst, "\0\12\4mail\4home", 13);
	cr_assert_eq(r.pos, 18 + 9);
	cr_assert_eq(READ("SRV", "\0\0\0\0\2\x77\xc0\x0c"), 12);
	cr_assert_eq(READ("SOA", "\xc0\x0c\1a\xc0\x0c"
				 "12345678901234567890"),
		     6 + 8 + 20);
	cr_assert_eq(READ("NAPTR", "\0\1\0\2\1s\1h\0\xc0\x0c"), 4 + 5 + 6);
	cr_assert_eq(READ("RP", "\xc0\x0c\xc0\x0c"), 12);
}

Test(rr_read, names_of_newer_types_must_not_be_compressed)
{
	struct wire_reader r;
	uint8_t dst[512];

	cr_assert_eq(READ("DNAME", "\xc0\x0c"), 0);
	cr_assert(r.bad);
	cr_assert_eq(READ("KX", "\0\1\xc0\x0c"), 0);
	cr_assert_eq(READ("NSEC", "\xc0\x0c\0\1\x40"), 0);
	cr_assert_eq(READ("SVCB", "\0\1\xc0\x0c"), 0);
	cr_assert_eq(READ("LP", "\0\1\xc0\x0c"), 0);
	cr_assert_eq(READ("LP", "\0\1\1a\0"), 5);
}

Test(rr_read, rdlength_is_exact)
{
	struct wire_reader r;
	uint8_t dst[512];

	cr_assert_eq(READ("A", "1234"), 4);
	cr_assert_eq(READ("A", "123"), 0);
	cr_assert_eq(READ("A", "1234567890123456789"), 0);
	cr_assert_eq(READ("NS", "\xc0\x0c\0"), 0);
	cr_assert_eq(READ("NS", "\xc0"), 0, "half a pointer inside RDLENGTH");
	cr_assert_eq(READ("NS", "\1a"), 0, "the root label is outside");
	cr_assert_eq(READ("NS", ""), 0);
	cr_assert(r.bad);
}

Test(rr_read, rdata_beyond_the_message_is_bad)
{
	struct wire_reader r;
	uint8_t dst[512];

	wire_reader_init(&r, (const uint8_t *)"1234", 4);
	cr_assert_eq(rr_rdata_read(&r, RR_A, 5, dst, sizeof(dst)), 0);
	cr_assert(r.bad);
	wire_reader_init(&r, (const uint8_t *)"1234", 4);
	cr_assert_eq(rr_rdata_read(&r, 65280, 5, dst, sizeof(dst)), 0);
	cr_assert(r.bad);
	cr_assert_eq(rr_rdata_read(&r, 65280, 0, dst, sizeof(dst)), 0);
}

Test(rr_read, empty_opaque_rdata_is_no_fault)
{
	struct wire_reader r;
	uint8_t dst[512];

	cr_assert_eq(READ("TYPE65280", ""), 0);
	cr_assert_not(r.bad);
}

Test(rr_read, what_exceeds_the_space_is_bad)
{
	struct wire_reader r;
	uint8_t dst[16];

	cr_assert_eq(read_at_home("TYPE9999", "12345", 5, dst, 4, &r), 0);
	cr_assert(r.bad);
	cr_assert_eq(read_at_home("NS", "\1a\xc0\x0c", 4, dst, 7, &r), 0);
	cr_assert(r.bad);
	cr_assert_eq(read_at_home("NS", "\1a\xc0\x0c", 4, dst, 8, &r), 8);
}

Test(rr_read, skip_judges_as_read_does)
{
	static const struct {
		const char *type, *rdata;
		size_t len;
	} cases[] = {
		{"A", "1234", 4},
		{"A", "12345", 5},
		{"NS", "\xc0\x0c", 2},
		{"NS", "\xc0\x0c\0", 3},
		{"TXT", "\1a", 2},
		{"TXT", "\2a", 2},
		{"SRV", "123456\xc0\x0c", 8},
		{"SRV", "12345\xc0\x0c", 7},
		{"NXT", "\xc0\x0c\x40", 3},
		{"NXT", "\xc0\x0c", 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct wire_reader r;
		uint8_t dst[64];
		bool bad;

		read_at_home(cases[i].type, cases[i].rdata, cases[i].len, dst,
			     sizeof(dst), &r);
		bad = r.bad;
		cr_assert_eq(bad, i % 2 == 1);
		r.bad = false;
		r.pos = 18;
		rr_rdata_skip(&r, rr_type_from_text(cases[i].type),
			      cases[i].len);
		cr_assert_eq(r.bad, bad);
		if (!bad)
			cr_assert_eq(r.pos, 18 + cases[i].len);
	}
}

/* --- writing ------------------------------------------------------------ */

static uint8_t space[WIRE_MSG_MAX];

static void
writer_at_home(struct wire_writer *w)
{
	wire_writer_init(w, space, sizeof(space));
	wire_write_octets(w, "headerheader", 12);
	wire_write_name(w, (const uint8_t *)"\4home");
}

Test(rr_write, names_are_compressed_only_in_types_of_rfc_1035)
{
	struct wire_writer w;

	writer_at_home(&w);
	rr_rdata_write(&w, RR_MX, (const uint8_t *)"\0\12\4mail\4home", 13);
	cr_assert_arr_eq(space + 18, "\0\11\0\12\4mail\xc0\x0c", 11);
	cr_assert_eq(w.len, 18 + 11);
	writer_at_home(&w);
	rr_rdata_write(&w, RR_SRV, (const uint8_t *)"123456\4home", 12);
	cr_assert_arr_eq(space + 18,
			 "\0\14"
			 "123456\4home",
			 14);
	writer_at_home(&w);
	rr_rdata_write(&w, 17, (const uint8_t *)"\4home\0\4home", 12);
	cr_assert_eq(w.len, 18 + 2 + 12, "RP");
}

Test(rr_write, srv_target_may_be_pointed_to_by_additional_owners)
{
	struct wire_writer w;

	writer_at_home(&w);
	rr_rdata_write(&w, RR_SRV, (const uint8_t *)"123456\4lamp\4home", 17);
	wire_write_name_compressed(&w, (const uint8_t *)"\4lamp\4home");
	cr_assert_eq(w.len, 18 + 2 + 17 + 2);
	cr_assert_arr_eq(space + 37, "\xc0\x1a", 2);
}

Test(rr_write, rdata_that_does_not_fit_makes_the_writer_full)
{
	for (size_t limit = 18; limit < 18 + 2 + 9; limit++) {
		struct wire_writer w;

		writer_at_home(&w);
		w.limit = limit;
		rr_rdata_write(&w, RR_MX, (const uint8_t *)"\0\12\4mail\4home",
			       13);
		cr_assert(w.full);
		cr_assert_leq(w.len, limit);
	}
}

Test(rr_write, rdata_of_every_type_reads_back_octet_for_octet)
{
	static uint8_t rdata[RR_RDATA_MAX], back[RR_RDATA_MAX];
	struct wire_writer w;
	struct wire_reader r;

	/* all in one message, so that names meet earlier ones */
	writer_at_home(&w);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint16_t type;
		size_t len = ldns_rdata(texts[i], &type, rdata);

		rr_rdata_write(&w, type, rdata, len);
	}
	cr_assert_not(w.full);
	wire_reader_init(&r, space, w.len);
	r.pos = 18;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint16_t type;
		size_t len = ldns_rdata(texts[i], &type, rdata);
		size_t rdlength = wire_read16(&r);
		size_t got =
			rr_rdata_read(&r, type, rdlength, back, sizeof(back));

		cr_assert_not(r.bad, "%s", texts[i]);
		cr_assert_eq(got, len, "%s", texts[i]);
		/* a compressed name takes the case of the earlier one */
		cr_assert_eq(rr_rdata_cmp(type, rdata, len, back, got), 0);
	}
	cr_assert_eq(r.pos, w.len);
}

/* --- comparison --------------------------------------------------------- */

#define CMP(type, a, b)                                             \
	rr_rdata_cmp(rr_type_from_text(type), (const uint8_t *)(a), \
		     sizeof(a) - 1, (const uint8_t *)(b), sizeof(b) - 1)

Test(rr_cmp, names_of_the_listed_types_compare_without_case)
{
	cr_assert_eq(CMP("NS", "\4HOME\0", "\4home\0"), 0);
	cr_assert_eq(CMP("SRV", "abcdef\4HOME\0", "abcdef\4home\0"), 0);
	cr_assert_eq(CMP("RRSIG", "abcdefghijklmnopqr\1A\0sig",
			 "abcdefghijklmnopqr\1a\0sig"),
		     0);
	cr_assert_eq(CMP("DNAME", "\1A\0", "\1a\0"), 0);
}

Test(rr_cmp, everything_else_compares_as_octets)
{
	cr_assert_lt(CMP("TXT", "\1A", "\1a"), 0);
	cr_assert_lt(CMP("NSEC", "\1A\0\0\1\x40", "\1a\0\0\1\x40"), 0);
	cr_assert_lt(CMP("SVCB", "\0\1\1A\0", "\0\1\1a\0"), 0);
	cr_assert_lt(CMP("SRV", "Abcdef\1a\0", "abcdef\1a\0"), 0);
	cr_assert_lt(CMP("RRSIG", "abcdefghijklmnopqr\1A\0Sig",
			 "abcdefghijklmnopqr\1a\0sig"),
		     0);
	cr_assert_gt(CMP("A", "\x80\0\0\1", "\x7f\0\0\1"), 0, "not signed");
}

Test(rr_cmp, the_shorter_of_two_that_agree_comes_first)
{
	cr_assert_lt(CMP("TXT", "\1a", "\1a\0"), 0);
	cr_assert_gt(CMP("TYPE999", "a", ""), 0);
	cr_assert_eq(CMP("TYPE999", "", ""), 0);
}

static int
sign(int v)
{
	return (v > 0) - (v < 0);
}

Test(rr_cmp, order_agrees_with_ldns_and_is_antisymmetric)
{
	static const char *const set[] = {
		"x. 60 IN MX 10 a.home.",
		"x. 60 IN MX 10 A.HOME.",
		"x. 60 IN MX 9 z.home.",
		"x. 60 IN MX 10 a.homes.",
		"x. 60 IN MX 10 .",
		"x. 60 IN NS a.b.",
		"x. 60 IN NS A.B.",
		"x. 60 IN NS a.c.",
		"x. 60 IN NS \\091.c.",
		"x. 60 IN NS Z.c.",
		"x. 60 IN TXT a",
		"x. 60 IN TXT A",
		"x. 60 IN TXT a b",
		"x. 60 IN TXT ab",
		"x. 60 IN SRV 0 0 1 a.b.",
		"x. 60 IN SRV 0 0 1 A.b.",
		"x. 60 IN SRV 0 0 1 aa.b.",
		"x. 60 IN A 127.0.0.1",
		"x. 60 IN A 128.0.0.1",
		"x. 60 IN DNAME a.b.",
		"x. 60 IN DNAME A.B.",
		"x. 60 IN DNAME b.",
		"x. 60 IN SOA a. B. 1 2 3 4 5",
		"x. 60 IN SOA A. b. 1 2 3 4 5",
		"x. 60 IN SOA a. b. 2 2 3 4 5",
		"x. 60 IN NAPTR 1 1 \"S\" \"a\" \"\" A.b.",
		"x. 60 IN NAPTR 1 1 \"s\" \"a\" \"\" a.b.",
		"x. 60 IN NAPTR 1 1 \"s\" \"a\" \"\" A.b.",
	};
	uint8_t a[512], b[512];
	unsigned compared = 0;

	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		for (size_t j = 0; j < ARRAY_LEN(set); j++) {
			uint16_t at, bt;
			size_t an = ldns_rdata(set[i], &at, a);
			size_t bn = ldns_rdata(set[j], &bt, b);
			ldns_rr *ra = NULL, *rb = NULL;
			int ours;

			if (at != bt)
				continue;
			ldns_rr_new_frm_str(&ra, set[i], 0, NULL, NULL);
			ldns_rr_new_frm_str(&rb, set[j], 0, NULL, NULL);
			ldns_rr2canonical(ra);
			ldns_rr2canonical(rb);
			ours = rr_rdata_cmp(at, a, an, b, bn);
			cr_assert_eq(sign(ours), sign(ldns_rr_compare(ra, rb)),
				     "%s | %s", set[i], set[j]);
			cr_assert_eq(sign(ours),
				     -sign(rr_rdata_cmp(at, b, bn, a, an)));
			ldns_rr_free(ra);
			ldns_rr_free(rb);
			compared++;
		}
	cr_assert_gt(compared, 70);
}

/* --- fields ------------------------------------------------------------- */

Test(rr_field, target_is_the_name_that_additional_data_is_sought_for)
{
	static const struct {
		const char *text;
		size_t offset;
	} cases[] = {
		{"x. 60 IN NS a.b.", 0},
		{"x. 60 IN CNAME a.b.", 0},
		{"x. 60 IN PTR a.b.", 0},
		{"x. 60 IN DNAME a.b.", 0},
		{"x. 60 IN MX 1 a.b.", 2},
		{"x. 60 IN SRV 1 2 3 a.b.", 6},
		{"x. 60 IN SVCB 1 a.b. port=53", 2},
		{"x. 60 IN HTTPS 1 a.b.", 2},
		{"x. 60 IN NAPTR 1 2 \"s\" \"xyz\" \"\" a.b.", 4 + 2 + 4 + 1},
	};
	uint8_t rdata[512];
	uint16_t type;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const uint8_t *target;

		ldns_rdata(cases[i].text, &type, rdata);
		target = rr_rdata_target(type, rdata);
		cr_assert_eq(target, rdata + cases[i].offset, "%s",
			     cases[i].text);
		cr_assert_arr_eq(target, "\1a\1b", 5);
	}
	cr_assert_null(rr_rdata_target(RR_A, rdata));
	cr_assert_null(rr_rdata_target(RR_TXT, rdata));
	cr_assert_null(rr_rdata_target(65280, rdata));
}

Test(rr_field, soa_serial_and_minimum_are_read_and_set)
{
	uint8_t rdata[512];
	uint16_t type;
	size_t len =
		ldns_rdata("x. 60 IN SOA ns.home. a.home. 7 3600 600 86400 "
			   "300",
			   &type, rdata);

	cr_assert_eq(rr_soa_serial(rdata, len), 7);
	cr_assert_eq(rr_soa_minimum(rdata, len), 300);
	rr_soa_set_serial(rdata, len, 0xfffffffe);
	cr_assert_eq(rr_soa_serial(rdata, len), 0xfffffffe);
	cr_assert_eq(rr_soa_minimum(rdata, len), 300);
	cr_assert(rr_rdata_valid(RR_SOA, rdata, len));
}

Test(rr_field, serial_order_wraps_around_as_rfc_1982_says)
{
	cr_assert(rr_serial_after(1, 0));
	cr_assert(rr_serial_after(0, 0xffffffff));
	cr_assert(rr_serial_after(0x7fffffff, 0));
	cr_assert_not(rr_serial_after(0, 0));
	cr_assert_not(rr_serial_after(0, 1));
	cr_assert_not(rr_serial_after(0x80000000, 0), "undefined");
	cr_assert_not(rr_serial_after(0, 0x80000000), "undefined");
}
