/* The value of a node: all RRsets of one owner. */
#include "zones/node.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct rr_meta from_file = {.origin = ORIGIN_FILE};

static const uint8_t address_1[] = {192, 0, 2, 1};
static const uint8_t address_2[] = {192, 0, 2, 2};
static const uint8_t address_3[] = {192, 0, 2, 3};
static const uint8_t text[] = "\5hello";

static struct arena arena;

static void
set_up(void)
{
	arena_init_growing(&arena);
}

static void
tear_down(void)
{
	arena_free(&arena);
}

TestSuite(node, .init = set_up, .fini = tear_down);

static void
add(struct node_draft *d, uint16_t type, const void *rdata, size_t len)
{
	cr_assert_eq(node_draft_add(d, type, 300, rdata, len, from_file),
		     ERR_OK);
}

static struct node
encoded(struct node_draft *d)
{
	const uint8_t *octets;
	struct node n;
	size_t len;

	cr_assert_eq(node_encode(d, &octets, &len, NULL), ERR_OK);
	cr_assert(node_open(&n, octets, len));
	return n;
}

/* A, two addresses; TXT, one string. */
static struct node
sample(void)
{
	struct node_draft d;

	node_draft_from(&d, &arena, NULL);
	add(&d, RR_TXT, text, 6);
	add(&d, RR_A, address_2, 4);
	add(&d, RR_A, address_1, 4);
	return encoded(&d);
}

Test(node, is_laid_out_as_its_header_says)
{
	static const uint8_t expected[] = {
		1, 0,  0,   1,			 /* format, flags, count */
		0, 1,  0,   0, 1,    44,   0, 2, /* A, 300, 2 RRs */
		0, 12, 0,   0,			 /* octets, signatures */
		0, 4,  192, 0, 2,    1,		 /* */
		0, 4,  192, 0, 2,    2,		 /* */
		1, 0,  0,   0, 0,    0,	   0, 0, /* origin file */
		2, 0,  0,   9, 0x69, 0x24, 0, 1, /* update, key 9, lease */
	};
	const struct rr_meta update = {ORIGIN_UPDATE, 9, 0x69240001};
	struct node_draft d;
	struct node n;

	node_draft_from(&d, &arena, NULL);
	add(&d, RR_A, address_1, 4);
	cr_assert_eq(node_draft_add(&d, RR_A, 300, address_2, 4, update),
		     ERR_OK);
	n = encoded(&d);
	cr_assert_eq(n.len, sizeof(expected));
	cr_assert_arr_eq(n.octets, expected, sizeof(expected));
}

Test(node, keeps_rrsets_by_type_and_rrs_in_canonical_order)
{
	struct node n = sample();
	struct rrset set;
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0, i = 0;

	cr_assert_eq(n.count, 2);
	cr_assert(node_next(&n, &at, &set));
	cr_assert_eq(set.type, RR_A);
	cr_assert_eq(set.ttl, 300);
	cr_assert_eq(set.count, 2);
	cr_assert(rrset_next(&set, &i, &rdata, &rdlen));
	cr_assert_arr_eq(rdata, address_1, 4);
	cr_assert(rrset_next(&set, &i, &rdata, &rdlen));
	cr_assert_arr_eq(rdata, address_2, 4);
	cr_assert_not(rrset_next(&set, &i, &rdata, &rdlen));
	cr_assert(node_next(&n, &at, &set));
	cr_assert_eq(set.type, RR_TXT);
	cr_assert_not(node_next(&n, &at, &set));
}

Test(node, finds_a_type_or_tells_that_it_is_not_there)
{
	struct node n = sample(), none = {0};
	struct rrset set;

	cr_assert(node_find(&n, RR_A, &set));
	cr_assert_eq(set.count, 2);
	cr_assert(node_find(&n, RR_TXT, &set));
	cr_assert_eq(set.count, 1);
	cr_assert_not(node_find(&n, RR_NS, &set));
	cr_assert_not(node_find(&n, RR_AAAA, &set));
	cr_assert_not(node_find(&none, RR_A, &set));
}

Test(node, flags_tell_ns_dname_and_cname)
{
	static const uint16_t types[] = {RR_NS, RR_DNAME, RR_CNAME, RR_PTR};
	static const uint8_t flags[] = {NODE_HAS_NS, NODE_HAS_DNAME,
					NODE_HAS_CNAME, 0};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct node_draft d;

		node_draft_from(&d, &arena, NULL);
		add(&d, types[i], "\4lamp", 6);
		cr_assert_eq(encoded(&d).flags, flags[i]);
	}
}

Test(node, cut_short_anywhere_is_refused)
{
	struct node n = sample(), cut;

	for (size_t len = 0; len < n.len; len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, n.octets, len);
		cr_assert_not(node_open(&cut, copy, len), "%zu", len);
		cr_assert_null(cut.octets);
		free(copy);
	}
}

Test(node, with_something_left_over_is_refused)
{
	struct node n = sample(), longer;
	uint8_t copy[256] = {0};

	memcpy(copy, n.octets, n.len);
	cr_assert(node_open(&longer, copy, n.len));
	cr_assert_not(node_open(&longer, copy, n.len + 1));
}

Test(node, with_a_wrong_length_count_order_or_flag_is_refused)
{
	struct node n = sample(), broken;
	uint8_t copy[256];
	/* Octets whose every other value breaks the format: format, flags,
	 * counts, lengths, sigs; and the second set's type, made 1 as the
	 * first's. */
	static const size_t at[] = {0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17};

	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, n.octets, n.len);
			copy[at[i]] ^= (uint8_t)(1u << bit);
			cr_assert_not(node_open(&broken, copy, n.len),
				      "octet %zu bit %u", at[i], bit);
		}
	memcpy(copy, n.octets, n.len);
	copy[4 + 12 + 12 + 16 + 1] = RR_A;
	cr_assert_not(node_open(&broken, copy, n.len));
}

/* Under a sanitizer: whatever opens can be read to its end. */
Test(node, of_random_octets_is_never_read_beyond_its_end)
{
	struct node n = sample(), broken;

	srand(5);
	for (int i = 0; i < 200000; i++) {
		uint8_t *copy = malloc(n.len);
		struct rrset set;
		size_t at = 0;

		memcpy(copy, n.octets, n.len);
		for (int j = rand() % 4; j >= 0; j--)
			copy[(size_t)rand() % n.len] = (uint8_t)rand();
		if (node_open(&broken, copy, n.len)) {
			unsigned sets = 0;

			for (; node_next(&broken, &at, &set); sets++) {
				const uint8_t *rdata;
				uint16_t rdlen;
				size_t rr = 0;
				unsigned rrs = 0;

				for (; rrset_next(&set, &rr, &rdata, &rdlen);
				     rrs++)
					rrset_meta(&set, rrs);
				cr_assert_eq(rrs, set.count);
			}
			cr_assert_eq(sets, broken.count);
		}
		free(copy);
	}
}

Test(draft, of_a_node_encodes_to_the_same_node, .init = set_up,
     .fini = tear_down)
{
	struct node n = sample(), again;
	struct node_draft d;

	cr_assert_eq(node_draft_from(&d, &arena, &n), ERR_OK);
	again = encoded(&d);
	cr_assert_eq(again.len, n.len);
	cr_assert_arr_eq(again.octets, n.octets, n.len);
}

Test(draft, add_makes_its_ttl_the_whole_sets, .init = set_up, .fini = tear_down)
{
	struct node n = sample();
	struct node_draft d;
	struct rrset set;

	node_draft_from(&d, &arena, &n);
	cr_assert_eq(node_draft_add(&d, RR_A, 60, address_3, 4, from_file),
		     ERR_OK);
	n = encoded(&d);
	cr_assert(node_find(&n, RR_A, &set));
	cr_assert_eq(set.ttl, 60);
	cr_assert_eq(set.count, 3);
	cr_assert(node_find(&n, RR_TXT, &set));
	cr_assert_eq(set.ttl, 300);
}

Test(draft, index_is_the_rrs_place_or_minus_one, .init = set_up,
     .fini = tear_down)
{
	struct node n = sample();
	struct node_draft d;
	struct node_rrset *set;

	node_draft_from(&d, &arena, &n);
	set = node_draft_find(&d, RR_A);
	cr_assert_not_null(set);
	cr_assert_eq(node_rrset_index(set, address_1, 4), 0);
	cr_assert_eq(node_rrset_index(set, address_2, 4), 1);
	cr_assert_eq(node_rrset_index(set, address_3, 4), -1);
	cr_assert_null(node_draft_find(&d, RR_MX));
}

Test(draft, index_ignores_case_of_names_in_rdata, .init = set_up,
     .fini = tear_down)
{
	struct node_draft d;

	node_draft_from(&d, &arena, NULL);
	add(&d, RR_PTR, "\4Lamp", 6);
	cr_assert_eq(node_rrset_index(node_draft_find(&d, RR_PTR),
				      (const uint8_t *)"\4lAMP", 6),
		     0);
}

Test(draft, set_goes_with_its_last_rr, .init = set_up, .fini = tear_down)
{
	struct node n = sample();
	struct node_draft d;
	struct rrset set;

	node_draft_from(&d, &arena, &n);
	node_draft_remove(&d, node_draft_find(&d, RR_A), 0);
	node_draft_remove(&d, node_draft_find(&d, RR_TXT), 0);
	cr_assert_null(node_draft_find(&d, RR_TXT));
	n = encoded(&d);
	cr_assert_eq(n.count, 1);
	cr_assert(node_find(&n, RR_A, &set));
	cr_assert_eq(set.count, 1);
	cr_assert_arr_eq(set.rdatas + 2, address_2, 4);
}

Test(draft, that_is_empty_encodes_to_nothing, .init = set_up, .fini = tear_down)
{
	struct node n = sample();
	const uint8_t *octets;
	struct node_draft d;
	size_t len = 1;

	node_draft_from(&d, &arena, &n);
	node_draft_remove_set(&d, node_draft_find(&d, RR_A));
	node_draft_remove_set(&d, node_draft_find(&d, RR_TXT));
	cr_assert_eq(node_encode(&d, &octets, &len, NULL), ERR_OK);
	cr_assert_eq(len, 0);
}

Test(draft, keeps_meta_with_its_rr, .init = set_up, .fini = tear_down)
{
	struct node_draft d;
	struct node n;
	struct rrset set;

	node_draft_from(&d, &arena, NULL);
	for (unsigned i = 200; i > 0; i--) {
		uint8_t address[] = {10, 0, 0, (uint8_t)i};
		struct rr_meta meta = {ORIGIN_UPDATE, (uint16_t)i, i * 1000};

		cr_assert_eq(node_draft_add(&d, RR_A, 300, address, 4, meta),
			     ERR_OK);
	}
	n = encoded(&d);
	cr_assert(node_find(&n, RR_A, &set));
	cr_assert_eq(set.count, 200);
	for (unsigned i = 0; i < 200; i++) {
		cr_assert_eq(set.rdatas[i * 6 + 5], i + 1);
		cr_assert_eq(rrset_meta(&set, i).origin, ORIGIN_UPDATE);
		cr_assert_eq(rrset_meta(&set, i).key_tag, i + 1);
		cr_assert_eq(rrset_meta(&set, i).lease, (i + 1) * 1000);
	}
}

Test(draft, holds_empty_rdata, .init = set_up, .fini = tear_down)
{
	struct node_draft d;
	struct node n;
	struct rrset set;

	node_draft_from(&d, &arena, NULL);
	add(&d, 65280, "", 0);
	n = encoded(&d);
	cr_assert(node_find(&n, 65280, &set));
	cr_assert_eq(set.count, 1);
	cr_assert_eq(set.len, 2);
}

Test(draft, too_large_for_a_message_is_refused_with_its_type, .init = set_up,
     .fini = tear_down)
{
	static uint8_t large[32000];
	const uint8_t *octets;
	struct node_draft d;
	struct diag diag;
	size_t len;

	node_draft_from(&d, &arena, NULL);
	add(&d, 65280, large, sizeof(large));
	large[0] = 1;
	add(&d, 65280, large, sizeof(large));
	cr_assert_eq(node_encode(&d, &octets, &len, NULL), ERR_OK);
	large[0] = 2;
	add(&d, 65280, large, 1500);
	cr_assert_eq(node_encode(&d, &octets, &len, &diag), ERR_RANGE);
	cr_assert_str_eq(diag.text, "the TYPE65280 RRset is too large for a "
				    "message of 65535 octets");
}

Test(draft, without_room_in_its_arena_says_so)
{
	static uint64_t block[64];
	struct node_draft d;
	enum err e = ERR_OK;

	arena_init_fixed(&arena, block, sizeof(block));
	node_draft_from(&d, &arena, NULL);
	for (unsigned i = 0; i < 100 && e == ERR_OK; i++) {
		uint8_t address[] = {10, 0, 0, (uint8_t)i};

		e = node_draft_add(&d, RR_A, 300, address, 4, from_file);
	}
	cr_assert_eq(e, ERR_NOMEM);
}
