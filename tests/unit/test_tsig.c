/*
 * TSIG (RFC 8945). The messages in hexadecimal were made by other programs, so
 * that signer and verifier here cannot agree on a mistake:
 *
 *   vectors, bad_time, after_truncation   python3-dnspython 2.3: make_query()
 *       for Lamp.lounge.home AAAA, use_tsig(), to_wire() with the clock set to
 *       CLOCK; make_response() on what from_wire() read, with AA (or NOTAUTH,
 *       tsig_error=18, other_data= CLOCK + 4000; or request_mac cut to 16)
 *   nsupdate_…   nsupdate of BIND 9.18 with -y ALGORITHM:room-key.:SECRET,
 *       adding lamp.lounge.home 60 A 192.0.2.7, as it came in over UDP
 */
#include "lib/tsig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define CLOCK 1764000000ull
#define SECRET "cm9vbS1rZXkgc2VjcmV0IGZvciB0aGUgdGVzdHMgb25seQ=="

static const struct vector {
	enum tsig_algorithm algorithm;
	const char *request, *response;
} vectors[] = {
	{TSIG_HMAC_SHA1,
	 "123401000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000002f09686d61632d"
	 "7368613100000069248100012c0014bf1eea8267f5f568b1a995fbf41a79"
	 "43d9b8c2db123400000000",
	 "123485000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000002f09686d61632d"
	 "7368613100000069248100012c00149d70471759141a2794aaaa11b6114f"
	 "46b0d6ca0f123400000000"},
	{TSIG_HMAC_SHA224,
	 "123501000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff0000000000390b686d61632d"
	 "73686132323400000069248100012c001c1523adb78b75c46b4839f2eb2e"
	 "9b784146ecd1419b1ce0d8a2578025123500000000",
	 "123585000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff0000000000390b686d61632d"
	 "73686132323400000069248100012c001c30f742572df8e1a5d1c0d5fbd8"
	 "8969e19c69aa91aed90d7de6f7b797123500000000"},
	{TSIG_HMAC_SHA256,
	 "123601000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000003d0b686d61632d"
	 "73686132353600000069248100012c0020dd798c97e22fe21379025a1746"
	 "c49a0a7d3e16a7730bcb55c91e86a87a9dcca7123600000000",
	 "123685000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000003d0b686d61632d"
	 "73686132353600000069248100012c0020a299705d323782d0010f84614d"
	 "aaec1202d9ccf4ed555d04ed5910a628c498bf123600000000"},
	{TSIG_HMAC_SHA384,
	 "123701000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000004d0b686d61632d"
	 "73686133383400000069248100012c0030a3b0edeb5791134954471f8c3d"
	 "8babd78048f524965f5f85a6a222d1b20234dc6e48edca250c40b458864f"
	 "fce17c7f16123700000000",
	 "123785000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000004d0b686d61632d"
	 "73686133383400000069248100012c0030c4fde9ec232ec9d9e26ca80de9"
	 "d25a73a8ce70037e8c51760ccd3c0fb6f13a7c40369d1773ae04654d0baf"
	 "5eeae63596123700000000"},
	{TSIG_HMAC_SHA512,
	 "123801000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000005d0b686d61632d"
	 "73686135313200000069248100012c00409d0fe8979431d19cd2909001cc"
	 "57da84372d3d9da8e8a2c3353a7e57b58a8335842e2ea555cbd54cc77b78"
	 "9dd7ebc9393b9e4fc1d4211dec29b946eaeb79d089123800000000",
	 "123885000001000000000001044c616d70066c6f756e676504686f6d6500"
	 "001c000108726f6f6d2d6b65790000fa00ff00000000005d0b686d61632d"
	 "73686135313200000069248100012c00402263a5b22ad60b56434e70d45c"
	 "b57810aad08a00c1d78f54ef47023e3ee339db1bbcf28c2c472879aad5a2"
	 "660d22411050d0d9acdab0f227876b62077201641a123800000000"},
};

static const char bad_time[] =
	"123681090001000000000001044c616d70066c6f756e676504686f6d6500"
	"001c000108726f6f6d2d6b65790000fa00ff0000000000430b686d61632d"
	"73686132353600000069248100012c0020fc1be32906a13a8ce48ea45d1b"
	"62088cb0220772c3d515f87eab9668a0b461851236001200060000692490"
	"a0";

static const char after_truncation[] =
	"123685000001000000000001044c616d70066c6f756e676504686f6d6500"
	"001c000108726f6f6d2d6b65790000fa00ff00000000003d0b686d61632d"
	"73686132353600000069248100012c00204f5b791366d0682cc8d25cd733"
	"d3a8542481c52fcbb9916a30f083740df14099123600000000";

static const char nsupdate_sha256[] =
	"8ec428000001000000010001066c6f756e676504686f6d65000006000104"
	"6c616d70c00c000100010000003c0004c000020708726f6f6d2d6b657900"
	"00fa00ff00000000003d0b686d61632d7368613235360000006b05de2001"
	"2c00203da1502037ff4a3cba416a2daca4bbdc9e4ce9e3aee3272a45d10b"
	"24be1555748ec400000000";

static const char nsupdate_sha512[] =
	"159828000001000000010001066c6f756e676504686f6d65000006000104"
	"6c616d70c00c000100010000003c0004c000020708726f6f6d2d6b657900"
	"00fa00ff00000000005d0b686d61632d7368613531320000006b05de2001"
	"2c00409f9c9af900357522ddced06671498f322a7cab4cb9aca87a77e585"
	"041ebebbae208c810c656aa2bb8b28efe2ae3d287a542dff8f684da35e84"
	"8e53b046c9913f159800000000";

/* One message in the making, with the key ring it is checked against. */
struct bench {
	uint8_t wire[1024];
	size_t len;
	struct msg msg;
	struct tsig_key key;
	struct tsig_keyring ring;
	struct tsig_state st;
};

static size_t
hex_read(uint8_t *dst, const char *hex)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		unsigned v;

		cr_assert_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		dst[i] = (uint8_t)v;
	}
	return len;
}

static void
bench_init(struct bench *b, enum tsig_algorithm a, const char *hex)
{
	memset(b, 0, sizeof(*b));
	cr_assert_eq(name_from_text(b->key.name, "room-key.", NULL, NULL), 0);
	cr_assert_eq(tsig_secret_from_text(&b->key, SECRET, NULL), ERR_OK);
	b->key.algorithm = a;
	b->ring = (struct tsig_keyring){&b->key, 1};
	b->len = hex_read(b->wire, hex);
}

static bool
bench_verify(struct bench *b, uint64_t now)
{
	cr_assert_eq(msg_parse(&b->msg, b->wire, b->len), MSG_OK);
	return tsig_verify(&b->st, &b->msg, &b->ring, now);
}

/* Where the rdata of the TSIG RR of vectors[] begins: owner room-key. */
static size_t
rdata_of(struct bench *b)
{
	cr_assert_eq(msg_parse(&b->msg, b->wire, b->len), MSG_OK);
	return b->msg.tsig + 10 + 10;
}

/* Where its MAC size is. */
static size_t
mac_size_of(struct bench *b)
{
	size_t rdata = rdata_of(b);

	return rdata + name_len(b->wire + rdata) + 8;
}

/* Makes the MAC keep octets long, cut or filled up with zeros. */
static void
mac_resize(struct bench *b, size_t keep)
{
	size_t at = mac_size_of(b), rdata = rdata_of(b);
	size_t old = get16(b->wire + at), rest = b->len - (at + 2 + old);
	uint8_t tail[512];

	memcpy(tail, b->wire + at + 2 + old, rest);
	if (keep > old)
		memset(b->wire + at + 2 + old, 0, keep - old);
	memcpy(b->wire + at + 2 + keep, tail, rest);
	put16(b->wire + at, (uint16_t)keep);
	b->len = at + 2 + keep + rest;
	put16(b->wire + rdata - 2, (uint16_t)(b->len - rdata));
}

/* A reply to b's request: its header and question with flags. */
static void
reply_begin(const struct bench *b, struct wire_writer *w, uint8_t *buf,
	    size_t cap, uint16_t flags)
{
	wire_writer_init(w, buf, cap);
	msg_write_header(w, b->msg.id, flags);
	msg_write_question(w, b->msg.qname, b->msg.qtype, b->msg.qclass);
	msg_set_count(w, MSG_QD, 1);
}

static void
expect_octets(const uint8_t *got, size_t len, const char *hex)
{
	uint8_t want[1024];

	cr_assert_eq(len, hex_read(want, hex));
	cr_assert_arr_eq(got, want, len);
}

Test(tsig, requests_of_dnspython_verify_with_every_algorithm)
{
	cr_assert_eq(ARRAY_LEN(vectors), TSIG_ALGORITHMS);
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct bench b;

		bench_init(&b, vectors[i].algorithm, vectors[i].request);
		cr_assert(bench_verify(&b, CLOCK));
		cr_assert(b.st.present);
		cr_assert_eq(b.st.error, TSIG_NOERROR);
		cr_assert_eq(b.st.key, &b.key);
		cr_assert_eq(b.st.time_signed, CLOCK);
		cr_assert_eq(b.st.fudge, 300);
		cr_assert_eq(b.st.original_id, 0x1234 + i);
	}
}

Test(tsig, requests_are_signed_octet_for_octet_as_dnspython_does)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct bench b;
		struct wire_writer w;
		uint8_t buf[512];

		bench_init(&b, vectors[i].algorithm, vectors[i].request);
		cr_assert_eq(msg_parse(&b.msg, b.wire, b.len), MSG_OK);
		reply_begin(&b, &w, buf, sizeof(buf), MSG_RD);
		tsig_sign_request(&b.st, &b.key, &w, CLOCK);
		expect_octets(buf, w.len, vectors[i].request);
	}
}

Test(tsig, replies_are_signed_octet_for_octet_as_dnspython_does)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct bench b;
		struct wire_writer w;
		uint8_t buf[512];
		size_t before;

		bench_init(&b, vectors[i].algorithm, vectors[i].request);
		cr_assert(bench_verify(&b, CLOCK));
		reply_begin(&b, &w, buf, sizeof(buf), MSG_QR | MSG_AA | MSG_RD);
		before = w.len;
		cr_assert_eq(get16(buf + 10), 0);
		tsig_sign(&b.st, &w, CLOCK);
		cr_assert_eq(get16(buf + 10), 1);
		cr_assert_eq(w.len - before, tsig_reserve(&b.st));
		expect_octets(buf, w.len, vectors[i].response);
	}
}

Test(tsig, replies_of_dnspython_verify_with_every_algorithm)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct bench b;
		struct wire_writer w;
		uint8_t buf[512];

		bench_init(&b, vectors[i].algorithm, vectors[i].request);
		cr_assert_eq(msg_parse(&b.msg, b.wire, b.len), MSG_OK);
		reply_begin(&b, &w, buf, sizeof(buf), MSG_RD);
		tsig_sign_request(&b.st, &b.key, &w, CLOCK);
		b.len = hex_read(b.wire, vectors[i].response);
		cr_assert_eq(msg_parse_response(&b.msg, b.wire, b.len), MSG_OK);
		cr_assert(tsig_verify_response(&b.st, &b.msg, CLOCK + 300));
	}
}

Test(tsig, a_reply_that_was_altered_is_not_taken_but_the_true_one_then_is)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	cr_assert_eq(msg_parse(&b.msg, b.wire, b.len), MSG_OK);
	reply_begin(&b, &w, buf, sizeof(buf), MSG_RD);
	tsig_sign_request(&b.st, &b.key, &w, CLOCK);

	b.len = hex_read(b.wire, vectors[2].response);
	b.wire[3] ^= 3; /* NXDOMAIN */
	cr_assert_eq(msg_parse_response(&b.msg, b.wire, b.len), MSG_OK);
	cr_assert_not(tsig_verify_response(&b.st, &b.msg, CLOCK));
	cr_assert_eq(b.st.error, TSIG_BADSIG);
	b.wire[3] ^= 3;
	cr_assert(tsig_verify_response(&b.st, &b.msg, CLOCK));
}

Test(tsig, a_reply_without_tsig_is_not_taken)
{
	static const uint8_t bare[] = {0x12, 0x36, 0x84, 0, 0, 0,
				       0,    0,	   0,	 0, 0, 0};
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	cr_assert_eq(msg_parse(&b.msg, b.wire, b.len), MSG_OK);
	reply_begin(&b, &w, buf, sizeof(buf), MSG_RD);
	tsig_sign_request(&b.st, &b.key, &w, CLOCK);
	memset(&b.msg, 0, sizeof(b.msg));
	b.msg.wire = bare;
	b.msg.len = sizeof(bare);
	cr_assert_not(tsig_verify_response(&b.st, &b.msg, CLOCK));
	cr_assert_not(b.st.present);
}

Test(tsig, updates_of_nsupdate_verify)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, nsupdate_sha256);
	cr_assert(bench_verify(&b, 0x6b05de20));
	cr_assert(b.st.present);
	bench_init(&b, TSIG_HMAC_SHA512, nsupdate_sha512);
	cr_assert(bench_verify(&b, 0x6b05de20));
	cr_assert(b.st.present);
}

Test(tsig, a_message_without_tsig_may_go_on_and_its_reply_is_not_signed)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];
	size_t before;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	b.len = rdata_of(&b) - 20;
	put16(b.wire + 10, 0);
	cr_assert(bench_verify(&b, CLOCK));
	cr_assert_not(b.st.present);
	cr_assert_eq(tsig_reserve(&b.st), 0);
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR);
	before = w.len;
	tsig_sign(&b.st, &w, CLOCK);
	cr_assert_eq(w.len, before);
	cr_assert_eq(get16(buf + 10), 0);
}

/* Section 4.2: the original ID is what was signed; names are in canonical form.
 * Anything else that changes, changes the MAC. */
static bool
flip_is_harmless(const struct bench *b, size_t at, uint8_t bit)
{
	size_t names_end = b->msg.tsig + 10 + 10 + 13;
	bool name = at > b->msg.tsig && at < names_end &&
		    (at < b->msg.tsig + 10 || at > b->msg.tsig + 19);
	uint8_t c = (uint8_t)(b->wire[at] | 0x20);

	return at < 2 || (name && bit == 0x20 && c >= 'a' && c <= 'z');
}

Test(tsig, no_flipped_bit_goes_unnoticed)
{
	unsigned verified = 0;
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, nsupdate_sha256);
	for (size_t i = 0; i < b.len * 8; i++) {
		uint8_t bit = (uint8_t)(1 << i % 8);
		bool harmless;

		cr_assert_eq(msg_parse(&b.msg, b.wire, b.len), MSG_OK);
		harmless = flip_is_harmless(&b, i / 8, bit);
		b.wire[i / 8] ^= bit;
		if (msg_parse(&b.msg, b.wire, b.len) == MSG_OK &&
		    tsig_verify(&b.st, &b.msg, &b.ring, 0x6b05de20) &&
		    b.st.present) {
			cr_assert(harmless, "octet %zu bit %02x", i / 8, bit);
			verified++;
		}
		b.wire[i / 8] ^= bit;
	}
	/* 16 of the ID; roomkey and hmacsha are letters. */
	cr_assert_eq(verified, 16 + 7 + 7);
}

Test(tsig, a_forwarder_may_change_the_id)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA384, vectors[3].request);
	put16(b.wire, 0xbeef);
	cr_assert(bench_verify(&b, CLOCK));
	cr_assert_eq(b.st.original_id, 0x1237);
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR);
	tsig_sign(&b.st, &w, CLOCK);
	cr_assert_eq(get16(buf + w.len - 6), 0xbeef);
}

Test(tsig, an_unknown_key_is_badkey_and_the_reply_is_not_signed)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];
	size_t before;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	b.ring.count = 0;
	cr_assert_not(bench_verify(&b, CLOCK));
	cr_assert_eq(b.st.error, TSIG_BADKEY);
	cr_assert_null(b.st.key);
	cr_assert_not(b.st.form_error);

	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR | MSG_NOTAUTH);
	before = w.len;
	tsig_sign(&b.st, &w, CLOCK);
	cr_assert_eq(w.len - before, 10 + 10 + 13 + 16);
	cr_assert_eq(w.len - before, tsig_reserve(&b.st));
	cr_assert_eq(get16(buf + w.len - 8), 0, "MAC size");
	cr_assert_eq(get16(buf + w.len - 4), TSIG_BADKEY);
	cr_assert_eq(get16(buf + w.len - 2), 0, "other data");
}

Test(tsig, a_key_used_with_another_algorithm_is_badkey)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[0].request);
	cr_assert_not(bench_verify(&b, CLOCK));
	cr_assert_eq(b.st.error, TSIG_BADKEY);
}

Test(tsig, a_wrong_secret_is_badsig_and_the_reply_is_not_signed)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	b.key.secret[0] ^= 1;
	cr_assert_not(bench_verify(&b, CLOCK));
	cr_assert_eq(b.st.error, TSIG_BADSIG);
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR | MSG_NOTAUTH);
	tsig_sign(&b.st, &w, CLOCK);
	cr_assert_eq(get16(buf + w.len - 8), 0, "MAC size");
	cr_assert_eq(get16(buf + w.len - 4), TSIG_BADSIG);
}

Test(tsig, clocks_may_be_apart_by_the_fudge_and_no_more)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	cr_assert(bench_verify(&b, CLOCK + 300));
	cr_assert(bench_verify(&b, CLOCK - 300));
	cr_assert_not(bench_verify(&b, CLOCK + 301));
	cr_assert_eq(b.st.error, TSIG_BADTIME);
	cr_assert_not(bench_verify(&b, CLOCK - 301));
	cr_assert_eq(b.st.error, TSIG_BADTIME);
}

Test(tsig, a_badtime_reply_is_signed_with_both_times_as_dnspython_does)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];
	size_t before;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	cr_assert_not(bench_verify(&b, CLOCK + 4000));
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR | MSG_RD | MSG_NOTAUTH);
	before = w.len;
	tsig_sign(&b.st, &w, CLOCK + 4000);
	cr_assert_eq(w.len - before, tsig_reserve(&b.st));
	expect_octets(buf, w.len, bad_time);
}

Test(tsig, key_comes_before_mac_and_mac_before_time)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	b.key.secret[0] ^= 1;
	cr_assert_not(bench_verify(&b, CLOCK + 4000));
	cr_assert_eq(b.st.error, TSIG_BADSIG);
	b.ring.count = 0;
	cr_assert_not(bench_verify(&b, CLOCK + 4000));
	cr_assert_eq(b.st.error, TSIG_BADKEY);
}

Test(tsig, a_mac_may_be_cut_to_half_the_hash_but_not_below_ten_octets)
{
	static const size_t full[] = {20, 28, 32, 48, 64};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		size_t least = full[i] / 2 < 10 ? 10 : full[i] / 2;

		for (size_t keep = 0; keep <= full[i] + 1; keep++) {
			struct bench b;

			bench_init(&b, vectors[i].algorithm,
				   vectors[i].request);
			mac_resize(&b, keep);
			cr_assert_eq(bench_verify(&b, CLOCK),
				     keep >= least && keep <= full[i]);
			cr_assert_eq(b.st.form_error,
				     keep < least || keep > full[i]);
		}
	}
}

Test(tsig, the_reply_to_a_cut_mac_covers_the_mac_as_it_was_sent)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	mac_resize(&b, 16);
	cr_assert(bench_verify(&b, CLOCK));
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR | MSG_AA | MSG_RD);
	tsig_sign(&b.st, &w, CLOCK);
	expect_octets(buf, w.len, after_truncation);
}

static void
expect_form_error(struct bench *b)
{
	struct wire_writer w;
	uint8_t buf[512];
	size_t before;

	cr_assert_not(bench_verify(b, CLOCK));
	cr_assert(b->st.form_error);
	reply_begin(b, &w, buf, sizeof(buf), MSG_QR | MSG_FORMERR);
	before = w.len;
	tsig_sign(&b->st, &w, CLOCK);
	cr_assert_eq(w.len, before, "FORMERR goes without TSIG");
	cr_assert_eq(tsig_reserve(&b->st), 0);
}

Test(tsig, class_other_than_any_is_malformed)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	put16(b.wire + rdata_of(&b) - 8, RR_IN);
	/* As rdata_of() parsed it: msg_parse() may refuse it by itself. */
	cr_assert_not(tsig_verify(&b.st, &b.msg, &b.ring, CLOCK));
	cr_assert(b.st.form_error);
}

Test(tsig, a_ttl_is_malformed)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	put32(b.wire + rdata_of(&b) - 6, 1);
	cr_assert_not(tsig_verify(&b.st, &b.msg, &b.ring, CLOCK));
	cr_assert(b.st.form_error);
}

Test(tsig, an_other_length_beyond_the_record_is_malformed)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	put16(b.wire + b.len - 2, 6);
	expect_form_error(&b);
}

Test(tsig, octets_behind_the_other_data_are_malformed)
{
	struct bench b;
	size_t rdata;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	rdata = rdata_of(&b);
	b.wire[b.len++] = 0;
	put16(b.wire + rdata - 2, (uint16_t)(b.len - rdata));
	expect_form_error(&b);
}

Test(tsig, a_mac_size_beyond_the_record_is_malformed)
{
	struct bench b;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	put16(b.wire + mac_size_of(&b), 60000);
	expect_form_error(&b);
}

Test(tsig, a_compressed_algorithm_name_is_malformed)
{
	struct bench b;
	size_t rdata, len;

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	rdata = rdata_of(&b);
	/* "room-key." at the owner's place, in two octets instead of 13 */
	len = b.len - rdata - 13;
	memmove(b.wire + rdata + 2, b.wire + rdata + 13, len);
	put16(b.wire + rdata, (uint16_t)(0xc000 | b.msg.tsig));
	b.len = rdata + 2 + len;
	put16(b.wire + rdata - 2, (uint16_t)(2 + len));
	expect_form_error(&b);
}

Test(tsig, a_reply_without_room_for_its_tsig_is_full_and_not_counted)
{
	struct bench b;
	struct wire_writer w;
	uint8_t buf[512];

	bench_init(&b, TSIG_HMAC_SHA256, vectors[2].request);
	cr_assert(bench_verify(&b, CLOCK));
	reply_begin(&b, &w, buf, sizeof(buf), MSG_QR);
	w.limit = w.len + tsig_reserve(&b.st) - 1;
	tsig_sign(&b.st, &w, CLOCK);
	cr_assert(w.full);
	cr_assert_eq(get16(buf + 10), 0);
}

Test(tsig, keys_are_found_by_name_whatever_its_case)
{
	struct tsig_key keys[3] = {0};
	struct tsig_keyring ring = {keys, 3};
	uint8_t name[NAME_WIRE_MAX];

	name_from_text(keys[0].name, "a.", NULL, NULL);
	name_from_text(keys[1].name, "lamp.a.", NULL, NULL);
	name_from_text(keys[2].name, "b.", NULL, NULL);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(tsig_key_find(&ring, keys[i].name), &keys[i]);
	name_from_text(name, "LAMP.A.", NULL, NULL);
	cr_assert_eq(tsig_key_find(&ring, name), &keys[1]);
	name_from_text(name, "lamp.b.", NULL, NULL);
	cr_assert_null(tsig_key_find(&ring, name));
}

Test(tsig, algorithms_are_known_by_name_with_or_without_the_final_dot)
{
	for (int i = 0; i < TSIG_ALGORITHMS; i++)
		cr_assert_eq(tsig_algorithm_from_text(tsig_algorithm_text(
				     (enum tsig_algorithm)i)),
			     i);
	cr_assert_eq(tsig_algorithm_from_text("HMAC-SHA384."),
		     TSIG_HMAC_SHA384);
	cr_assert_eq(tsig_algorithm_from_text("hmac-md5"), -1);
	cr_assert_eq(tsig_algorithm_from_text("hmac-sha2"), -1);
	cr_assert_eq(tsig_algorithm_from_text(""), -1);
}

static enum err
secret(const char *text, const char *octets)
{
	static struct tsig_key key;
	struct diag d = {""};
	enum err e = tsig_secret_from_text(&key, text, &d);

	if (!e) {
		cr_assert_eq(key.secret_len, strlen(octets));
		cr_assert_arr_eq(key.secret, octets, key.secret_len);
	} else {
		cr_assert_neq(d.text[0], 0);
	}
	return e;
}

/* RFC 4648 section 10. */
Test(tsig_secret, base64_of_every_length)
{
	cr_assert_eq(secret("Zg==", "f"), ERR_OK);
	cr_assert_eq(secret("Zm8=", "fo"), ERR_OK);
	cr_assert_eq(secret("Zm9v", "foo"), ERR_OK);
	cr_assert_eq(secret("Zm9vYg==", "foob"), ERR_OK);
	cr_assert_eq(secret("Zm9vYmE=", "fooba"), ERR_OK);
	cr_assert_eq(secret("Zm9vYmFy", "foobar"), ERR_OK);
	cr_assert_eq(secret("+/+/", "\xfb\xff\xbf"), ERR_OK);
}

Test(tsig_secret, white_space_is_passed_over)
{
	cr_assert_eq(secret(" Zm9v\r\n\tYm Fy\n", "foobar"), ERR_OK);
}

Test(tsig_secret, what_is_not_base64_is_refused)
{
	static const char *const bad[] = {"Z",	   "Zg",    "Zg=",   "Zm8",
					  "Zm9vY", "Zg==Z", "Zg===", "=",
					  "Zm=v",  "Zm9-",  "Zh==",  "Zm9="};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_eq(secret(bad[i], ""), ERR_SYNTAX, "%s", bad[i]);
}

Test(tsig_secret, an_empty_one_and_one_too_long_are_refused)
{
	char text[(TSIG_SECRET_MAX + 3) / 3 * 4 + 1];

	cr_assert_eq(secret("", ""), ERR_RANGE);
	cr_assert_eq(secret(" \n", ""), ERR_RANGE);
	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	cr_assert_eq(secret(text, ""), ERR_RANGE);
}
