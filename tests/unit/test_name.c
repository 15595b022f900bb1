#include "lib/name.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <string.h>

/* A name from text, in one of a few places that take turns. */
static const uint8_t *
N(const char *text)
{
	static uint8_t place[8][NAME_WIRE_MAX];
	static unsigned turn;
	uint8_t *dst = place[turn++ % 8];
	struct diag d = {.text = ""};

	cr_assert_eq(name_from_text(dst, text, NULL, &d), ERR_OK, "%s: %s",
		     text, d.text);
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

/* A random valid name; few different octets, so that names often agree. */
static size_t
random_name(uint8_t *dst, uint32_t *seed)
{
	static const uint8_t octets[] = {'a', 'A', 'b', 'Z', 'z',
					 0,   '-', '.', 'B', 0xff};
	unsigned labels = rnd(seed) % 6;
	size_t len = 0;

	for (unsigned i = 0; i < labels; i++) {
		unsigned n = 1 + rnd(seed) % 3;

		dst[len++] = (uint8_t)n;
		while (n-- > 0)
			dst[len++] = octets[rnd(seed) % sizeof(octets)];
	}
	dst[len++] = 0;
	return len;
}

/* 255 octets: three labels of 63, one of 61. */
static void
longest_name(uint8_t *dst)
{
	size_t len = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t n = i < 3 ? 63 : 61;

		dst[len++] = n;
		memset(dst + len, 0xff, n);
		len += n;
	}
	dst[len++] = 0;
	cr_assert_eq(len, NAME_WIRE_MAX);
}

Test(name, length_and_labels_count_up_to_the_root)
{
	cr_assert_eq(name_len(N(".")), 1);
	cr_assert_eq(name_labels(N(".")), 0);
	cr_assert_eq(name_len(N("lamp.home.")), 11);
	cr_assert_eq(name_labels(N("lamp.home.")), 2);
	cr_assert(name_is_root(name_root));
	cr_assert_not(name_is_root(N("home.")));
}

Test(name, wildcard_is_a_leftmost_label_of_one_asterisk)
{
	cr_assert(name_is_wildcard(N("*.home.")));
	cr_assert_not(name_is_wildcard(N("**.home.")));
	cr_assert_not(name_is_wildcard(N("a.*.home.")));
	cr_assert_not(name_is_wildcard(N(".")));
}

Test(name, equality_ignores_the_case_of_ascii_letters_only)
{
	cr_assert(name_equal(N("LaMp.hOmE."), N("lamp.home.")));
	cr_assert_not(name_equal(N("lamp.home."), N("lamps.home.")));
	cr_assert_not(name_equal(N("lamp."), N("lamp.home.")));
	cr_assert_not(name_equal(N("@."), N("`.")));
	cr_assert_not(name_equal(N("[."), N("{.")));
	cr_assert_not(name_equal(N("\\193."), N("\\225.")));
}

Test(name, validity_needs_the_root_label_within_255_octets)
{
	uint8_t buf[300];
	size_t used = 0;

	cr_assert(name_valid((const uint8_t *)"\4lamp\0garbage", 13, &used));
	cr_assert_eq(used, 6);
	cr_assert_not(name_valid((const uint8_t *)"\4lamp", 5, &used));
	cr_assert_not(name_valid((const uint8_t *)"\4lam", 4, &used));
	cr_assert_not(name_valid(NULL, 0, &used));
	longest_name(buf);
	cr_assert(name_valid(buf, sizeof(buf), &used));
	cr_assert_eq(used, 255);
	memset(buf, 1, sizeof(buf));
	buf[256] = 0; /* 128 labels of one octet */
	cr_assert_not(name_valid(buf, sizeof(buf), &used));
	buf[254] = 0; /* 127 of them */
	cr_assert(name_valid(buf, sizeof(buf), &used));
	cr_assert_eq(name_labels(buf), NAME_LABELS_MAX);
}

Test(name, validity_refuses_pointers_and_reserved_label_types)
{
	size_t used;

	cr_assert_not(name_valid((const uint8_t *)"\xc0\0", 3, &used));
	cr_assert_not(name_valid((const uint8_t *)"\x40\0", 3, &used));
	cr_assert_not(name_valid((const uint8_t *)"\x80\0", 3, &used));
}

Test(name, at_or_below_compares_whole_labels)
{
	cr_assert(name_at_or_below(N("home."), N("HOME.")));
	cr_assert(name_at_or_below(N("lamp.home."), N("home.")));
	cr_assert(name_at_or_below(N("lamp.home."), N(".")));
	cr_assert_not(name_at_or_below(N("home."), N("lamp.home.")));
	cr_assert_not(name_at_or_below(N("bighome."), N("home.")));
	/* the suffix octets 4 home 0 stand inside a label */
	cr_assert_not(name_at_or_below(N("a\\004home."), N("home.")));
}

Test(name, canonical_order_is_that_of_rfc_4034_section_6_1)
{
	static const char *const sorted[] = {
		"example.",	    "a.example.",      "yljkjljk.a.example.",
		"Z.a.example.",	    "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.",    "\\200.z.example.",
	};

	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t j = 0; j < ARRAY_LEN(sorted); j++) {
			int c = name_cmp(N(sorted[i]), N(sorted[j]));

			cr_assert_eq((c > 0) - (c < 0), (i > j) - (i < j),
				     "%s, %s", sorted[i], sorted[j]);
		}
}

Test(name, canonical_order_agrees_with_ldns_on_random_names)
{
	uint32_t seed = 20260101;
	uint8_t a[NAME_WIRE_MAX], b[NAME_WIRE_MAX];
	unsigned equal = 0;

	for (int i = 0; i < 20000; i++) {
		size_t an = random_name(a, &seed), bn = random_name(b, &seed);
		ldns_rdf *la =
			ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, an, a);
		ldns_rdf *lb =
			ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, bn, b);
		int theirs = ldns_dname_compare(la, lb);
		int ours = name_cmp(a, b);

		cr_assert_eq((ours > 0) - (ours < 0),
			     (theirs > 0) - (theirs < 0));
		cr_assert_eq(ours == 0, name_equal(a, b));
		if (ours == 0) {
			equal++;
			cr_assert_eq(name_hash(a), name_hash(b));
		}
		ldns_rdf_deep_free(la);
		ldns_rdf_deep_free(lb);
	}
	cr_assert_gt(equal, 100, "the random names hardly ever agree");
}

Test(name, skip_drops_labels_from_the_left)
{
	const uint8_t *n = N("a.b.c.");

	cr_assert(name_equal(name_skip(n, 0), n));
	cr_assert(name_equal(name_skip(n, 2), N("c.")));
	cr_assert(name_is_root(name_skip(n, 3)));
}

Test(name, common_counts_shared_labels_from_the_root)
{
	cr_assert_eq(name_common(N("a.b.c."), N("x.B.C.")), 2);
	cr_assert_eq(name_common(N("a.b.c."), N("a.b.d.")), 0);
	cr_assert_eq(name_common(N("c."), N("a.b.c.")), 1);
	cr_assert_eq(name_common(N("."), N("a.")), 0);
}

Test(name, copy_keeps_the_case_and_lower_takes_it_away)
{
	uint8_t dst[NAME_WIRE_MAX];

	cr_assert_eq(name_copy(dst, N("LaMp.")), 6);
	cr_assert_arr_eq(dst, "\4LaMp", 6);
	cr_assert_eq(name_lower(dst, N("LaMp@[.")), 8);
	cr_assert_arr_eq(dst, "\6lamp@[", 8);
}

Test(name, hash_is_the_same_in_any_case_and_differs_for_other_octets)
{
	uint8_t a[NAME_WIRE_MAX], b[NAME_WIRE_MAX];

	/* every octet, at every place within a word of eight */
	for (unsigned pos = 1; pos <= 20; pos++)
		for (unsigned c = 0; c < 256; c++) {
			memset(a, 'x', 22);
			a[0] = 20;
			a[21] = 0;
			memcpy(b, a, 22);
			a[pos] = (uint8_t)c;
			b[pos] = name_lower_octet((uint8_t)c);
			cr_assert_eq(name_hash(a), name_hash(b));
			b[pos] ^= 1;
			cr_assert_neq(name_hash(a), name_hash(b));
		}
}

Test(name, concat_refuses_what_would_exceed_255_octets)
{
	uint8_t dst[NAME_WIRE_MAX], prefix[NAME_WIRE_MAX];

	cr_assert_eq(name_concat(dst, N("a.b."), 4, N("home.")), 10);
	cr_assert(name_equal(dst, N("a.b.home.")));
	longest_name(prefix);
	cr_assert_eq(name_concat(dst, prefix, 254, name_root), 255);
	cr_assert_eq(name_concat(dst, prefix, 254, N("a.")), 0);
}

Test(name, text_without_final_dot_is_completed_by_the_origin)
{
	uint8_t dst[NAME_WIRE_MAX];
	const uint8_t *origin = N("home.");

	cr_assert_eq(name_from_text(dst, "lamp", origin, NULL), ERR_OK);
	cr_assert(name_equal(dst, N("lamp.home.")));
	cr_assert_eq(name_from_text(dst, "lamp.", origin, NULL), ERR_OK);
	cr_assert(name_equal(dst, N("lamp.")));
	cr_assert_eq(name_from_text(dst, "lamp", NULL, NULL), ERR_OK);
	cr_assert(name_equal(dst, N("lamp.")));
	cr_assert_eq(name_from_text(dst, "@", origin, NULL), ERR_OK);
	cr_assert(name_equal(dst, origin));
	cr_assert_eq(name_from_text(dst, ".", origin, NULL), ERR_OK);
	cr_assert(name_is_root(dst));
	cr_assert_eq(name_from_text(dst, "lamp", name_root, NULL), ERR_OK);
	cr_assert(name_equal(dst, N("lamp.")));
}

Test(name, text_escapes_stand_for_any_octet)
{
	uint8_t dst[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(dst, "a\\.b\\000\\255\\\\.", NULL, NULL),
		     ERR_OK);
	cr_assert_arr_eq(dst, "\6a.b\0\xff\\\0", 8);
	cr_assert_eq(name_from_text(dst, "\\@", N("home."), NULL), ERR_OK);
	cr_assert(name_equal(dst, N("\\@.home.")));
}

Test(name, text_that_is_not_a_name_is_refused_with_a_sentence)
{
	static const char *const bad[] = {
		"", "..", ".a", "a..", "a..b.", "a\\", "\\25", "\\256", "\\2x5",
	};
	uint8_t dst[NAME_WIRE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct diag d = {.text = ""};

		cr_assert_eq(name_from_text(dst, bad[i], NULL, &d), ERR_SYNTAX,
			     "'%s'", bad[i]);
		cr_assert_neq(d.text[0], '\0');
	}
	cr_assert_eq(name_from_text(dst, "@", NULL, NULL), ERR_SYNTAX);
}

Test(name, text_with_a_long_label_or_a_long_name_is_out_of_range)
{
	uint8_t dst[NAME_WIRE_MAX];
	char text[600];

	memset(text, 'a', 63);
	strcpy(text + 63, ".");
	cr_assert_eq(name_from_text(dst, text, NULL, NULL), ERR_OK);
	memset(text, 'a', 64);
	strcpy(text + 64, ".");
	cr_assert_eq(name_from_text(dst, text, NULL, NULL), ERR_RANGE);

	/* 127 labels of one octet fit, 128 do not */
	for (int i = 0; i < 128; i++)
		memcpy(text + 2 * i, "a.", 3);
	cr_assert_eq(name_from_text(dst, text, NULL, NULL), ERR_RANGE);
	text[254] = '\0';
	cr_assert_eq(name_from_text(dst, text, NULL, NULL), ERR_OK);
	cr_assert_eq(name_len(dst), 255);
	text[253] = '\0'; /* relative: nothing may be added */
	cr_assert_eq(name_from_text(dst, text, name_root, NULL), ERR_OK);
	cr_assert_eq(name_from_text(dst, text, N("b."), NULL), ERR_RANGE);
}

Test(name, to_text_escapes_what_has_a_meaning_in_zone_files_or_a_terminal)
{
	char text[NAME_TEXT_MAX];

	name_to_text(text, (const uint8_t *)"\x0c.\\\"();@$ \x1b\x7f\0");
	cr_assert_str_eq(text,
			 "\\.\\\\\\\"\\(\\)\\;\\@\\$\\032\\027\\127\\000.");
	cr_assert_eq(name_to_text(text, name_root), 1);
	cr_assert_str_eq(text, ".");
}

Test(name, longest_text_fits)
{
	uint8_t name[NAME_WIRE_MAX], back[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];

	longest_name(name);
	cr_assert_eq(name_to_text(text, name), 4 * 250 + 4);
	cr_assert_eq(name_from_text(back, text, NULL, NULL), ERR_OK);
	cr_assert_arr_eq(back, name, NAME_WIRE_MAX);
}

Test(name, random_names_survive_text_and_back_octet_for_octet)
{
	uint32_t seed = 7;
	uint8_t name[NAME_WIRE_MAX], back[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];

	for (int i = 0; i < 5000; i++) {
		size_t len = random_name(name, &seed);

		for (size_t at = 0; name[at] != 0; at += 1 + (size_t)name[at])
			for (unsigned k = 1; k <= name[at]; k++)
				name[at + k] = (uint8_t)rnd(&seed);
		cr_assert_eq(name_to_text(text, name), strlen(text));
		cr_assert_eq(name_from_text(back, text, NULL, NULL), ERR_OK);
		cr_assert_arr_eq(back, name, len);
	}
}
