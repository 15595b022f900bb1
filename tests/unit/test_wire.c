#include "lib/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A name from text, in one of a few places that take turns. */
static const uint8_t *
N(const char *text)
{
	static uint8_t place[8][NAME_WIRE_MAX];
	static unsigned turn;
	uint8_t *dst = place[turn++ % 8];

	cr_assert_eq(name_from_text(dst, text, NULL, NULL), ERR_OK);
	return dst;
}

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A reader on a header of zeros and then these octets. */
static void
reader_on(struct wire_reader *r, const char *octets, size_t len)
{
	static uint8_t msg[512];

	cr_assert_leq(12 + len, sizeof(msg));
	memset(msg, 0, sizeof(msg));
	memcpy(msg + 12, octets, len);
	wire_reader_init(r, msg, 12 + len);
	r->pos = 12;
}

#define READER(r, literal) reader_on(r, literal, sizeof(literal) - 1)

/* --- reading ------------------------------------------------------------ */

Test(wire_reader, numbers_are_big_endian)
{
	struct wire_reader r;

	READER(&r, "\x01\x02\x03\x04\x05\x06\x07");
	cr_assert_eq(wire_read8(&r), 0x01);
	cr_assert_eq(wire_read16(&r), 0x0203);
	cr_assert_eq(wire_read32(&r), 0x04050607);
	cr_assert_not(r.bad);
	cr_assert_eq(r.pos, r.end);
}

Test(wire_reader, after_the_first_missing_octet_all_reads_give_zero)
{
	struct wire_reader r;

	READER(&r, "\xff\xff\xff");
	cr_assert_eq(wire_read32(&r), 0);
	cr_assert(r.bad);
	cr_assert_eq(wire_read8(&r), 0);
	cr_assert_eq(wire_read16(&r), 0);
	cr_assert_null(wire_read_octets(&r, 0));
	cr_assert_eq(r.pos, 12);
}

Test(wire_reader, octets_and_skip_are_bounded_even_for_absurd_lengths)
{
	struct wire_reader r;

	READER(&r, "abcdef");
	cr_assert_arr_eq(wire_read_octets(&r, 3), "abc", 3);
	wire_skip(&r, SIZE_MAX);
	cr_assert(r.bad);
	READER(&r, "abcdef");
	wire_skip(&r, 6);
	cr_assert_not(r.bad);
	wire_skip(&r, 1);
	cr_assert(r.bad);
}

Test(wire_reader, name_in_full_is_read_in_its_case)
{
	struct wire_reader r;
	uint8_t name[NAME_WIRE_MAX];

	READER(&r, "\4LaMp\4home\0after");
	cr_assert_eq(wire_read_name(&r, name), 11);
	cr_assert_arr_eq(name, "\4LaMp\4home", 11);
	cr_assert_arr_eq(wire_read_octets(&r, 5), "after", 5);
}

Test(wire_reader, pointer_back_is_followed_and_reading_goes_on_behind_it)
{
	struct wire_reader r;
	uint8_t name[NAME_WIRE_MAX];

	READER(&r, "\4home\0\4lamp\xc0\x0c\1a\xc0\x12z");
	wire_skip_name(&r);
	cr_assert_eq(wire_read_name(&r, name), 11);
	cr_assert(name_equal(name, N("lamp.home.")));
	cr_assert_eq(wire_read_name(&r, name), 13);
	cr_assert(name_equal(name, N("a.lamp.home.")));
	cr_assert_eq(wire_read8(&r), 'z');
	cr_assert_not(r.bad);
}

static void
assert_bad_name(const char *octets, size_t len, size_t pos)
{
	struct wire_reader r;
	uint8_t name[NAME_WIRE_MAX];

	reader_on(&r, octets, len);
	r.pos = pos;
	cr_assert_eq(wire_read_name(&r, name), 0);
	cr_assert(r.bad);
	reader_on(&r, octets, len);
	r.pos = pos;
	wire_skip_name(&r);
	cr_assert(r.bad);
}

#define BAD_NAME(literal, pos) \
	assert_bad_name(literal, sizeof(literal) - 1, pos)

Test(wire_reader, pointer_forward_is_refused)
{
	BAD_NAME("\xc0\x0e\4home\0", 12);
	BAD_NAME("\1a\xc0\x10\4home\0", 12);
}

Test(wire_reader, pointer_to_itself_or_into_its_own_name_is_refused)
{
	BAD_NAME("\xc0\x0c\0", 12);
	BAD_NAME("\1a\xc0\x0e\0", 12);
	BAD_NAME("\1a\xc0\x0c\0", 12);
}

Test(wire_reader, pointer_into_the_header_is_refused)
{
	BAD_NAME("\xc0\x00", 12);
	BAD_NAME("\xc0\x0b", 12);
}

Test(wire_reader, pointed_to_labels_must_end_before_the_pointing_name)
{
	/* the label at 12 runs over the name at 14, and on to a root label */
	BAD_NAME("\4a\xc0\x0c"
		 "b\0",
		 14);
	/* two pointers at each other */
	BAD_NAME("\xc0\x0e\xc0\x0c", 14);
}

Test(wire_reader, name_cut_short_is_refused)
{
	BAD_NAME("", 12);
	BAD_NAME("\4lam", 12);
	BAD_NAME("\4lamp", 12);
	BAD_NAME("\4home\0\4lamp\xc0", 18);
}

Test(wire_reader, reserved_label_types_are_refused)
{
	BAD_NAME("\x40\0", 12);
	BAD_NAME("\x80\0", 12);
	BAD_NAME("\x41"
		 "a\0",
		 12);
}

/* 127 labels: 255 octets; first is octet 12. */
static size_t
put_longest(uint8_t *msg, size_t at)
{
	for (int i = 0; i < 127; i++) {
		msg[at++] = 1;
		msg[at++] = 'a';
	}
	msg[at++] = 0;
	return at;
}

Test(wire_reader, name_of_255_octets_is_read_and_one_of_257_is_refused)
{
	uint8_t msg[400] = {0}, name[NAME_WIRE_MAX];
	struct wire_reader r;
	size_t at = put_longest(msg, 12);

	memcpy(msg + at, "\1b\xc0\x0e\1b\xc0\x0c", 8);
	wire_reader_init(&r, msg, at + 8);
	r.pos = 12;
	cr_assert_eq(wire_read_name(&r, name), 255);
	cr_assert_eq(name_labels(name), 127);
	cr_assert_eq(wire_read_name(&r, name), 255); /* 126 labels and b */
	cr_assert_eq(wire_read_name(&r, name), 0);
	cr_assert(r.bad);
}

/* Pointers, each to the one before, and at their start the root label. */
static size_t
put_chain(uint8_t *msg, unsigned pointers)
{
	size_t at = 12;

	msg[at++] = 0;
	for (unsigned i = 0; i < pointers; i++, at += 2)
		put16(msg + at, (uint16_t)(0xc000 | (i == 0 ? 12 : at - 2)));
	return at;
}

Test(wire_reader, chain_of_pointers_is_followed_128_times_and_no_further)
{
	uint8_t msg[400] = {0};
	struct wire_reader r;
	size_t len = put_chain(msg, 129);

	wire_reader_init(&r, msg, len);
	r.pos = len - 4;
	wire_skip_name(&r);
	cr_assert_not(r.bad);
	wire_skip_name(&r);
	cr_assert(r.bad);
}

Test(wire_reader, message_of_65535_octets_full_of_pointers_costs_bounded_work)
{
	static uint8_t msg[WIRE_MSG_MAX];
	struct wire_reader r;
	size_t len = put_chain(msg, 8000);
	unsigned names = 0, budget;

	/* every further pair points at the end of the longest legal chain */
	for (; len + 2 <= sizeof(msg); len += 2)
		put16(msg + len, 0xc000 | (13 + 2 * 126));
	wire_reader_init(&r, msg, sizeof(msg));
	budget = r.work;
	cr_assert_leq(budget, 4 * sizeof(msg) + 1024);
	r.pos = 13 + 2 * 8000;
	while (!r.bad && r.pos < r.end - 1) {
		unsigned before = r.work;

		wire_skip_name(&r);
		cr_assert_leq(before - r.work, 256);
		names++;
	}
	cr_assert(r.bad, "25 thousand chains were followed");
	cr_assert_eq(r.work, 0);
	cr_assert_leq(names, budget / 127);
}

Test(wire_reader, work_suffices_for_the_dearest_honest_message)
{
	/* deletions of one reverse name: pointer and 10 octets each */
	static uint8_t msg[16384];
	struct wire_reader r;
	size_t len = 12;

	for (int i = 0; i < 32; i++) {
		msg[len++] = 1;
		msg[len++] = 'f';
	}
	memcpy(msg + len, "\3ip6\4arpa", 10);
	len += 10;
	while (len + 12 <= sizeof(msg)) {
		put16(msg + len, 0xc00c);
		len += 12;
	}
	wire_reader_init(&r, msg, len);
	r.pos = 12;
	wire_skip_name(&r);
	while (r.pos < r.end) {
		wire_skip_name(&r);
		wire_skip(&r, 10);
		cr_assert_not(r.bad);
	}
}

Test(wire_reader, skip_and_read_agree_on_random_octets_and_stay_valid)
{
	static const uint8_t likely[] = {0, 0, 1, 1, 2, 3, 0xc0, 0xc0, 0xc0, 5};
	uint32_t seed = 99;
	uint8_t msg[128], name[NAME_WIRE_MAX];
	unsigned good = 0;

	for (int i = 0; i < 100000; i++) {
		struct wire_reader a, b;
		size_t len, used, start = 12 + rnd(&seed) % (sizeof(msg) - 12);

		for (size_t k = 0; k < sizeof(msg); k++)
			msg[k] = rnd(&seed) % 3 == 0
					 ? (uint8_t)(rnd(&seed) % 128)
					 : likely[rnd(&seed) % sizeof(likely)];
		wire_reader_init(&a, msg, sizeof(msg));
		a.pos = start;
		b = a;
		len = wire_read_name(&a, name);
		wire_skip_name(&b);
		cr_assert_eq(a.bad, b.bad);
		cr_assert_eq(a.pos, b.pos);
		cr_assert_eq(a.work, b.work);
		cr_assert_eq(len == 0, a.bad);
		if (!a.bad) {
			good++;
			cr_assert(name_valid(name, len, &used));
			cr_assert_eq(used, len);
		}
	}
	cr_assert_gt(good, 1000);
}

/* --- writing ------------------------------------------------------------ */

static uint8_t space[WIRE_MSG_MAX];

Test(wire_writer, what_does_not_fit_is_left_out_and_sticks)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 6);
	wire_write32(&w, 0x01020304);
	wire_write32(&w, 0x05060708);
	cr_assert(w.full);
	cr_assert_eq(w.len, 4);
	wire_write8(&w, 9);
	cr_assert_eq(w.len, 4, "a later, smaller piece must not slip in");
	cr_assert_arr_eq(space, "\1\2\3\4", 4);
}

Test(wire_writer, limit_may_be_lowered_below_what_is_written)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 100);
	wire_write32(&w, 0);
	w.limit = 2;
	wire_write8(&w, 1);
	cr_assert(w.full);
	cr_assert_eq(w.len, 4);
}

Test(wire_writer, rollback_takes_back_octets_targets_and_full)
{
	struct wire_writer w;
	struct wire_mark m;

	wire_writer_init(&w, space, 40);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("home."));
	m = wire_mark(&w);
	wire_write_name_compressed(&w, N("lamp.home."));
	wire_write_octets(&w, "too long for forty octets", 25);
	cr_assert(w.full);
	wire_rollback(&w, m);
	cr_assert_not(w.full);
	cr_assert_eq(w.len, 18);
	wire_write_name_compressed(&w, N("a.lamp.home."));
	cr_assert_arr_eq(space + 18, "\1a\4lamp\xc0\x0c", 9);
}

Test(wire_writer, rollback_behind_the_first_name_forgets_it)
{
	struct wire_writer w;
	struct wire_mark m;

	wire_writer_init(&w, space, 100);
	wire_write_octets(&w, "headerheader", 12);
	m = wire_mark(&w);
	wire_write_name(&w, N("lamp.home."));
	wire_write_name_compressed(&w, N("b.home."));
	wire_rollback(&w, m);
	wire_write_name_compressed(&w, N("lamp.home."));
	cr_assert_eq(w.len, 12 + 11);
	wire_write_name_compressed(&w, N("c.home."));
	cr_assert_arr_eq(space + 23, "\1c\xc0\x11", 4);
}

Test(wire_writer, equal_name_becomes_a_pointer_in_any_case)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 100);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("LaMp.Home."));
	wire_write_name_compressed(&w, N("lamp.home."));
	cr_assert_eq(w.len, 12 + 11 + 2);
	cr_assert_arr_eq(space + 12, "\4LaMp\4Home", 11);
	cr_assert_arr_eq(space + 23, "\xc0\x0c", 2);
}

Test(wire_writer, longest_known_suffix_is_used)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 100);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("lamp.home."));	       /* 12, home at 17 */
	wire_write_name_compressed(&w, N("tv.home.")); /* 23 */
	wire_write_name_compressed(&w, N("x.tv.home."));
	wire_write_name_compressed(&w, N("home."));
	wire_write_name_compressed(&w, N("other."));
	cr_assert_arr_eq(space + 23, "\2tv\xc0\x11\1x\xc0\x17\xc0\x11\5other\0",
			 18);
	cr_assert_eq(w.len, 23 + 18);
}

Test(wire_writer, labels_match_only_as_a_whole_and_in_their_place)
{
	struct wire_writer w;
	size_t before;

	wire_writer_init(&w, space, 200);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("big\\004home."));
	before = w.len;
	wire_write_name_compressed(&w, N("home."));
	cr_assert_eq(w.len, before + 6, "the octets stand inside a label");
	before = w.len;
	wire_write_name_compressed(&w, N("home.other."));
	cr_assert_eq(w.len, before + 12, "'home' is known, but elsewhere");
}

Test(wire_writer, root_is_always_one_octet)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 100);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, name_root);
	wire_write_name_compressed(&w, name_root);
	wire_write_name_compressed(&w, N("a."));
	wire_write_name_compressed(&w, name_root);
	wire_write_name_compressed(&w, N("a."));
	cr_assert_arr_eq(space + 12, "\0\0\1a\0\0\xc0\x0e", 8);
	cr_assert_eq(w.len, 20);
}

Test(wire_writer, name_that_does_not_fit_is_no_target_later)
{
	struct wire_writer w;
	struct wire_mark m;

	wire_writer_init(&w, space, 30);
	wire_write_octets(&w, "headerheader", 12);
	m = wire_mark(&w);
	wire_write_name(&w, N("a.name.too.long.to.fit."));
	cr_assert(w.full);
	wire_rollback(&w, m);
	wire_write_name_compressed(&w, N("to.fit."));
	cr_assert_arr_eq(space + 12, "\2to\3fit", 8);
}

Test(wire_writer, pointers_stay_below_offset_16384)
{
	struct wire_writer w;
	struct wire_reader r;
	uint8_t name[NAME_WIRE_MAX];

	wire_writer_init(&w, space, WIRE_MSG_MAX);
	memset(space, 0, 0x3ffe);
	w.len = 0x3ffa;
	/* home stands at 0x3fff: the last place that can be pointed to */
	wire_write_name(&w, N("lamp.home."));
	wire_write_name_compressed(&w, N("tv.home."));
	wire_write_name_compressed(&w, N("a.tv.home."));
	wire_write_name_compressed(&w, N("lamp.home."));
	cr_assert_eq(w.len, 0x3ffa + 11 + 5 + 7 + 2);
	wire_reader_init(&r, space, w.len);
	r.pos = 0x3ffa;
	wire_skip_name(&r);
	wire_read_name(&r, name);
	cr_assert(name_equal(name, N("tv.home.")));
	wire_read_name(&r, name);
	cr_assert(name_equal(name, N("a.tv.home.")));
	wire_read_name(&r, name);
	cr_assert(name_equal(name, N("lamp.home.")));
	cr_assert_not(r.bad);
}

Test(wire_writer, first_name_beyond_offset_16383_is_no_target)
{
	struct wire_writer w;

	wire_writer_init(&w, space, WIRE_MSG_MAX);
	w.len = 0x4000;
	wire_write_name(&w, N("home."));
	wire_write_name_compressed(&w, N("home."));
	cr_assert_eq(w.len, 0x4000 + 12);
}

Test(wire_writer, declared_name_in_rdata_may_be_pointed_to)
{
	struct wire_writer w;

	wire_writer_init(&w, space, 100);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("home."));
	wire_write_octets(&w, "\4lamp\4home\0", 11);
	wire_target(&w, 18);
	wire_write_name_compressed(&w, N("lamp.home."));
	/* the suffix `home` was known at 12, and `lamp` stands at 18 */
	cr_assert_arr_eq(space + 29, "\xc0\x12", 2);
}

Test(wire_writer, a_sibling_points_to_what_is_there_after_a_rollback)
{
	struct wire_writer w;
	struct wire_mark m;
	size_t before;

	wire_writer_init(&w, space, 1000);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("lamp.room.home."));
	wire_write_name_compressed(&w, N("tv.room.home."));
	before = w.len;
	wire_write_name_compressed(&w, N("fan.room.home."));
	cr_assert_arr_eq(space + before, "\3fan\xc0\x11", 6);
	m = wire_mark(&w);
	wire_write_name_compressed(&w, N("a.yard."));
	wire_write_name_compressed(&w, N("b.yard."));
	cr_assert_eq(w.len, m.len + 8 + 4);
	wire_rollback(&w, m);
	wire_write_octets(&w, "somethingelse", 13);
	before = w.len;
	wire_write_name_compressed(&w, N("c.yard."));
	cr_assert_eq(w.len, before + 8);
	cr_assert_arr_eq(space + before, N("c.yard."), 8);
	before = w.len;
	wire_write_name_compressed(&w, N("RADIO.Room.home."));
	cr_assert_arr_eq(space + before, "\5RADIO\xc0\x11", 8);
}

Test(wire_writer, without_work_left_names_go_out_in_full_and_right)
{
	struct wire_writer w;
	size_t before;

	wire_writer_init(&w, space, 1000);
	wire_write_octets(&w, "headerheader", 12);
	wire_write_name(&w, N("lamp.home."));
	wire_write_name_compressed(&w, N("tv.home."));
	w.work = 0;
	before = w.len;
	wire_write_name_compressed(&w, N("tv.home."));
	cr_assert_eq(w.len, before + 9);
	cr_assert_arr_eq(space + before, N("tv.home."), 9);
}

Test(wire_writer, large_message_of_all_different_names_stays_in_its_budget)
{
	struct wire_writer w;
	unsigned budget;
	char text[64];

	wire_writer_init(&w, space, WIRE_MSG_MAX);
	budget = w.work;
	w.len = 12;
	for (unsigned i = 0; !w.full; i++) {
		snprintf(text, sizeof(text), "d%u.r%u.f%u.house.home.arpa.", i,
			 i % 40, i % 4);
		wire_write_name_compressed(&w, N(text));
	}
	cr_assert_leq(w.work, budget);
	cr_assert_gt(w.work, 0, "an honest message of full size ran dry");
	cr_assert_eq(w.targets, WIRE_TARGETS_MAX);
}

/* A random name over few labels, so that suffixes often agree. */
static size_t
random_name(uint8_t *dst, uint32_t *seed)
{
	static const char *const labels[] = {"a",    "A",    "b", "lamp",
					     "LAMP", "home", "x"};
	unsigned n = rnd(seed) % 6;
	size_t len = 0;

	while (n-- > 0) {
		const char *label = labels[rnd(seed) % ARRAY_LEN(labels)];

		dst[len++] = (uint8_t)strlen(label);
		memcpy(dst + len, label, strlen(label));
		len += strlen(label);
	}
	dst[len++] = 0;
	return len;
}

/* What the plainest compressor would write: the longest suffix that any of the
 * names before has. */
static size_t
plain_len(uint8_t names[][NAME_WIRE_MAX], unsigned n, const uint8_t *name)
{
	unsigned best = 0, labels = name_labels(name);

	for (unsigned i = 0; i < n; i++)
		if (name_common(names[i], name) > best)
			best = name_common(names[i], name);
	if (best == 0)
		return name_len(name);
	return (size_t)(name_skip(name, labels - best) - name) + 2;
}

Test(wire_writer, random_names_are_as_short_as_can_be_and_read_back_the_same)
{
	enum {
		NAMES = 30
	};
	static uint8_t names[NAMES][NAME_WIRE_MAX];
	uint32_t seed = 4242;

	for (int round = 0; round < 2000; round++) {
		struct wire_writer w;
		struct wire_reader r;
		uint8_t back[NAME_WIRE_MAX];

		wire_writer_init(&w, space, 4096);
		w.len = 12;
		for (unsigned n = 0; n < NAMES; n++) {
			struct wire_mark m = wire_mark(&w);
			size_t want;

			/* now and then something is written and taken back */
			if (rnd(&seed) % 4 == 0) {
				random_name(back, &seed);
				wire_write_name_compressed(&w, back);
				random_name(back, &seed);
				wire_write_name(&w, back);
				wire_rollback(&w, m);
			}
			random_name(names[n], &seed);
			want = plain_len(names, n, names[n]);
			wire_write_name_compressed(&w, names[n]);
			cr_assert_eq(w.len - m.len, want);
		}
		wire_reader_init(&r, space, w.len);
		r.pos = 12;
		for (unsigned n = 0; n < NAMES; n++) {
			wire_read_name(&r, back);
			cr_assert_not(r.bad);
			cr_assert(name_equal(back, names[n]));
		}
		cr_assert_eq(r.pos, w.len);
	}
}
