#include "lib/arena.h"

#include <criterion/criterion.h>
#include <string.h>

Test(arena, pieces_are_aligned_to_eight_and_do_not_overlap)
{
	uint8_t block[256];
	struct arena a;
	uint8_t *p[4];

	arena_init_fixed(&a, block, sizeof(block));
	for (size_t i = 0; i < 4; i++) {
		p[i] = arena_alloc(&a, 5 + i);
		cr_assert_not_null(p[i]);
		cr_assert_eq((uintptr_t)p[i] % 8, 0);
		memset(p[i], (int)i, 5 + i);
	}
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(p[i][4 + i], i);
}

Test(arena,
     fixed_block_that_is_not_aligned_is_used_from_its_first_aligned_octet)
{
	_Alignas(8) uint8_t block[33];
	struct arena a;
	uint8_t *p;

	arena_init_fixed(&a, block + 1, 32);
	p = arena_alloc(&a, 24);
	cr_assert_eq(p, block + 8);
	cr_assert_null(arena_alloc(&a, 8));
}

Test(arena, fixed_arena_gives_null_when_used_up_and_all_again_after_reset)
{
	_Alignas(8) uint8_t block[64];
	struct arena a;

	arena_init_fixed(&a, block, sizeof(block));
	cr_assert_not_null(arena_alloc(&a, 64));
	cr_assert_null(arena_alloc(&a, 1));
	arena_reset(&a);
	cr_assert_eq(arena_alloc(&a, 64), block);
}

Test(arena, fixed_block_shorter_than_its_alignment_holds_nothing)
{
	_Alignas(8) uint8_t block[8];
	struct arena a;

	arena_init_fixed(&a, block + 1, 3);
	cr_assert_null(arena_alloc(&a, 1));
	cr_assert_null(arena_alloc(&a, 0));
}

Test(arena, absurd_length_is_refused)
{
	_Alignas(8) uint8_t block[64];
	struct arena a, g;

	arena_init_fixed(&a, block, sizeof(block));
	arena_init_growing(&g);
	cr_assert_null(arena_alloc(&a, SIZE_MAX));
	cr_assert_null(arena_alloc(&a, SIZE_MAX - 6));
	cr_assert_null(arena_alloc(&g, SIZE_MAX));
	cr_assert_not_null(arena_alloc(&a, 64));
	arena_free(&g);
}

Test(arena, empty_pieces_have_addresses_of_their_own)
{
	_Alignas(8) uint8_t block[64];
	struct arena a;

	arena_init_fixed(&a, block, sizeof(block));
	cr_assert_neq(arena_alloc(&a, 0), arena_alloc(&a, 0));
}

Test(arena, copy_holds_the_same_octets)
{
	struct arena a;
	char *p;

	arena_init_growing(&a);
	p = arena_copy(&a, "lamp", 5);
	cr_assert_str_eq(p, "lamp");
	cr_assert_not_null(arena_copy(&a, NULL, 0));
	arena_free(&a);
}

Test(arena, growing_arena_keeps_every_piece_intact)
{
	enum {
		PIECES = 2000
	};
	struct arena a;
	uint8_t *p[PIECES];
	size_t len[PIECES];

	arena_init_growing(&a);
	for (size_t i = 0; i < PIECES; i++) {
		/* small ones, and now and then one larger than a block */
		len[i] = i % 97 == 0 ? 20000 + i : 1 + i * 7 % 300;
		p[i] = arena_alloc(&a, len[i]);
		cr_assert_not_null(p[i]);
		cr_assert_eq((uintptr_t)p[i] % 8, 0);
		memset(p[i], (int)(i & 0xff), len[i]);
	}
	for (size_t i = 0; i < PIECES; i++) {
		cr_assert_eq(p[i][0], i & 0xff);
		cr_assert_eq(p[i][len[i] - 1], i & 0xff);
	}
	arena_free(&a);
}

Test(arena, large_piece_does_not_close_the_current_block)
{
	struct arena a;
	uint8_t *before, *after;

	arena_init_growing(&a);
	before = arena_alloc(&a, 8);
	cr_assert_not_null(arena_alloc(&a, 100000));
	after = arena_alloc(&a, 8);
	cr_assert_eq(after, before + 8);
	arena_free(&a);
}

Test(arena, reset_keeps_one_block_so_that_the_next_round_takes_none)
{
	struct arena a;
	void *first;

	arena_init_growing(&a);
	for (int i = 0; i < 100; i++)
		arena_alloc(&a, 1000);
	arena_reset(&a);
	first = arena_alloc(&a, 8);
	arena_reset(&a);
	cr_assert_eq(arena_alloc(&a, 8), first);
	cr_assert_not_null(a.blocks);
	arena_free(&a);
	cr_assert_null(a.blocks);
}

Test(arena, reset_after_only_large_pieces_and_free_twice_are_harmless)
{
	struct arena a;

	arena_init_growing(&a);
	arena_reset(&a);
	cr_assert_not_null(arena_alloc(&a, 50000));
	arena_reset(&a);
	cr_assert_not_null(arena_alloc(&a, 50000));
	arena_free(&a);
	arena_free(&a);
	cr_assert_not_null(arena_alloc(&a, 1));
	arena_free(&a);
}
