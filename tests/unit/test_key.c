/* The key of a node: zone id and owner, in canonical order of names. */
#include "zones/key.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t house[] = "\5house";
static const uint8_t lamp[] = "\4lamp\6lounge\5house";

static void
expect_octets(const struct key *k, const void *octets, size_t len)
{
	cr_assert_eq(k->len, len);
	cr_assert_arr_eq(k->octets, octets, len);
}

static int
key_order(const struct key *a, const struct key *b)
{
	size_t most = a->len < b->len ? a->len : b->len;
	int c = memcmp(a->octets, b->octets, most);

	return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

/* Octets in which an order can go wrong. */
static uint8_t
odd_octet(void)
{
	static const uint8_t odd[] = {0x00, 0x01, 0x02, 0x03, '*', '.',	 '@',
				      'A',  'Z',  '[',	'a',  'z', 0x7f, 0xff};

	return rand() % 4 ? odd[(size_t)rand() % ARRAY_LEN(odd)]
			  : (uint8_t)rand();
}

/* A random name of at most `labels` labels in front of the apex. */
static void
random_name(uint8_t *dst, unsigned labels, unsigned label_max,
	    const uint8_t *apex)
{
	uint8_t name[NAME_WIRE_MAX];

	name_copy(dst, apex);
	for (unsigned n = (unsigned)rand() % (labels + 1); n > 0; n--) {
		uint8_t label[NAME_LABEL_MAX + 1];

		label[0] = (uint8_t)(1 + (unsigned)rand() % label_max);
		for (unsigned i = 1; i <= label[0]; i++)
			label[i] = odd_octet();
		if (name_concat(name, label, label[0] + 1u, dst) == 0)
			return;
		name_copy(dst, name);
	}
}

Test(key, is_zone_id_then_labels_from_the_root_down)
{
	struct key k;

	key_make(&k, 7, lamp, house);
	expect_octets(&k, "\0\0\0\7lounge\0lamp", 16);
	cr_assert_eq(k.labels, 2);
	cr_assert_eq(k.end[0], 4);
	cr_assert_eq(k.end[1], 11);
	cr_assert_eq(k.end[2], 16);
}

Test(key, of_the_apex_is_the_zone_id_alone)
{
	struct key k;

	key_make(&k, 0x01020304, house, house);
	expect_octets(&k, "\1\2\3\4", 4);
	cr_assert_eq(k.labels, 0);
}

Test(key, does_not_know_upper_case)
{
	static const uint8_t upper[] = "\4LAMP\6Lounge\5HOUSE";
	struct key a, b;

	key_make(&a, 7, lamp, house);
	key_make(&b, 7, upper, house);
	expect_octets(&b, a.octets, a.len);
}

Test(key, escapes_00_and_01)
{
	static const uint8_t odd[] = "\4\0\1\2\3\5house";
	struct key k;

	key_make(&k, 7, odd, house);
	expect_octets(&k, "\0\0\0\7\1\1\1\2\2\3", 11);
}

Test(key, of_the_longest_names_fits_the_store)
{
	uint8_t name[NAME_WIRE_MAX], *at = name;
	struct key k;

	/* Three labels of 63 and one of 61 octets, each octet escaped. */
	for (int i = 0; i < 4; i++) {
		uint8_t n = i < 3 ? 63 : 61;

		*at++ = n;
		memset(at, 1, n);
		at += n;
	}
	*at = 0;
	key_make(&k, 7, name, name_root);
	cr_assert_eq(k.len, 508);
	cr_assert_leq(k.len, KEY_MAX);

	/* As many labels as there can be. */
	for (int i = 0; i < 127; i++)
		memcpy(name + 2 * i, "\1\1", 2);
	name[254] = 0;
	key_make(&k, 7, name, name_root);
	cr_assert_eq(k.labels, 127);
	cr_assert_eq(k.len, 4 + 127 * 3);
}

Test(key, order_is_canonical_name_order)
{
	srand(1);
	for (int i = 0; i < 100000; i++) {
		uint8_t a[NAME_WIRE_MAX], b[NAME_WIRE_MAX];
		struct key ka, kb;

		/* Short ones meet often, long ones have long escapes. */
		random_name(a, 4, i % 3 ? 2 : 63, house);
		random_name(b, 4, i % 3 ? 2 : 63, house);
		key_make(&ka, 7, a, house);
		key_make(&kb, 7, b, house);
		cr_assert_eq(sign(key_order(&ka, &kb)), sign(name_cmp(a, b)));
	}
}

Test(key, order_of_the_names_of_rfc4034_6_1)
{
	static const char *const names[] = {
		"example.",	    "a.example.",      "yljkjljk.a.example.",
		"Z.a.example.",	    "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.",    "\\200.z.example.",
	};
	uint8_t apex[NAME_WIRE_MAX], name[NAME_WIRE_MAX];
	struct key k, last;

	cr_assert_eq(name_from_text(apex, "example.", NULL, NULL), ERR_OK);
	key_make(&last, 7, apex, apex);
	for (size_t i = 1; i < ARRAY_LEN(names); i++) {
		cr_assert_eq(name_from_text(name, names[i], NULL, NULL),
			     ERR_OK);
		key_make(&k, 7, name, apex);
		cr_assert_lt(key_order(&last, &k), 0, "%s", names[i]);
		last = k;
	}
}

Test(key, has_the_key_of_each_ancestor_as_its_prefix_and_no_other)
{
	srand(2);
	for (int i = 0; i < 50000; i++) {
		uint8_t a[NAME_WIRE_MAX], b[NAME_WIRE_MAX];
		struct key ka, kb;

		random_name(a, 4, 2, house);
		random_name(b, 4, 2, house);
		key_make(&ka, 7, a, house);
		key_make(&kb, 7, b, house);
		cr_assert_eq(
			key_has_prefix(ka.octets, ka.len, kb.octets, kb.len),
			name_at_or_below(a, b));
		for (unsigned n = 0; n <= ka.labels; n++) {
			key_make(&kb, 7, name_skip(a, ka.labels - n), house);
			cr_assert_eq(ka.end[n], kb.len);
			cr_assert_arr_eq(ka.octets, kb.octets, kb.len);
		}
	}
}

Test(key, common_labels_are_the_names_common_labels)
{
	srand(3);
	for (int i = 0; i < 50000; i++) {
		uint8_t a[NAME_WIRE_MAX], b[NAME_WIRE_MAX];
		struct key ka, kb;

		random_name(a, 4, 2, house);
		random_name(b, 4, 2, house);
		key_make(&ka, 7, a, house);
		key_make(&kb, 7, b, house);
		cr_assert_eq(key_common_labels(&ka, kb.octets, kb.len),
			     name_common(a, b) - 1);
	}
}

Test(key, of_different_zones_has_nothing_in_common)
{
	struct key a, b;

	key_make(&a, 7, lamp, house);
	key_make(&b, 8, lamp, house);
	cr_assert_eq(key_common_labels(&a, b.octets, b.len), 0);
}

Test(key, goes_back_to_the_lower_case_name)
{
	srand(4);
	for (int i = 0; i < 50000; i++) {
		uint8_t name[NAME_WIRE_MAX], lower[NAME_WIRE_MAX];
		uint8_t back[NAME_WIRE_MAX];
		size_t len;
		struct key k;

		random_name(name, 6, i % 2 ? 3 : 63, house);
		len = name_lower(lower, name);
		key_make(&k, 7, name, house);
		cr_assert_eq(key_to_name(back, k.octets, k.len, house), len);
		cr_assert_arr_eq(back, lower, len);
	}
}

Test(key, that_is_broken_goes_back_to_no_name)
{
	static const struct {
		const char *octets;
		size_t len;
	} broken[] = {
		{"\0\0\0", 3},	       /* no zone id */
		{"\0\0\0\7lamp", 8},   /* no end */
		{"\0\0\0\7\0", 5},     /* an empty label */
		{"\0\0\0\7a\0\0", 7},  /* another */
		{"\0\0\0\7\1\0", 6},   /* half an escape */
		{"\0\0\0\7\1", 5},     /* the same at the end */
		{"\0\0\0\7\1\3\0", 7}, /* an escape of nothing */
		{"\0\0\0\7LAMP\0", 9}, /* upper case */
	};
	uint8_t name[NAME_WIRE_MAX], longest[4 + 5 * 64];

	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		cr_assert_eq(key_to_name(name,
					 (const uint8_t *)broken[i].octets,
					 broken[i].len, house),
			     0, "%zu", i);

	memset(longest, 'a', sizeof(longest)); /* a label of 64 octets */
	longest[4 + 64] = 0;
	cr_assert_eq(key_to_name(name, longest, 4 + 65, house), 0);
	longest[4 + 64] = 'a';
	for (int i = 0; i < 5; i++) /* a name over 255 octets */
		longest[4 + 63 + i * 64] = 0;
	cr_assert_eq(key_to_name(name, longest, 4 + 3 * 64, house), 199);
	cr_assert_eq(key_to_name(name, longest, 4 + 4 * 64, house), 0);
}

Test(key, to_wildcard_is_the_star_below_that_ancestor)
{
	static const uint8_t star[] = "\1*\6lounge\5house";
	static const uint8_t star_apex[] = "\1*\5house";
	struct key k, expected;

	key_make(&k, 7, lamp, house);
	key_to_wildcard(&k, 1);
	key_make(&expected, 7, star, house);
	expect_octets(&k, expected.octets, expected.len);
	cr_assert_eq(k.labels, 2);

	key_make(&k, 7, lamp, house);
	key_to_wildcard(&k, 0);
	key_make(&expected, 7, star_apex, house);
	expect_octets(&k, expected.octets, expected.len);
	cr_assert_eq(k.labels, 1);
}

Test(key, has_wildcard_only_if_a_whole_label_is_the_star)
{
	static const struct {
		const char *name;
		bool wildcard;
	} cases[] = {
		{"\1*\5house", true},	    {"\4lamp\1*\5house", true},
		{"\1*\4lamp\5house", true}, {"\2**\5house", false},
		{"\2a*\5house", false},	    {"\2*a\5house", false},
		{"\4lamp\5house", false},   {"\5house", false},
	};
	struct key k;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		key_make(&k, 0x2a00, (const uint8_t *)cases[i].name, house);
		cr_assert_eq(key_has_wildcard(k.octets, k.len),
			     cases[i].wildcard, "%zu", i);
	}
}
