#include "lib/arena.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN 8
#define BLOCK_LEN 16384

/* More than this gets a block of its own, and the current one stays open. */
#define LARGE_LEN (BLOCK_LEN / 4)

struct arena_block {
	struct arena_block *next;
	size_t len;
	_Alignas(16) uint8_t octets[];
};

static uint8_t *
align_up(uint8_t *p)
{
	return p + (-(uintptr_t)p & (ALIGN - 1));
}

void
arena_init_fixed(struct arena *a, void *block, size_t len)
{
	a->fixed = block;
	a->end = a->fixed + len;
	a->blocks = NULL;
	arena_reset(a);
}

void
arena_init_growing(struct arena *a)
{
	*a = (struct arena){0};
}

static struct arena_block *
block_new(size_t len)
{
	struct arena_block *b = malloc(sizeof(*b) + len);

	if (b != NULL)
		b->len = len;
	return b;
}

static void
block_open(struct arena *a, struct arena_block *b)
{
	a->at = b->octets;
	a->end = b->octets + b->len;
}

/* Behind the newest block, so that the newest stays the one in use. */
static void *
alloc_large(struct arena *a, size_t len)
{
	struct arena_block *b = block_new(len);

	if (b == NULL)
		return NULL;
	if (a->blocks == NULL) {
		b->next = NULL;
		a->blocks = b;
		a->at = a->end = b->octets + len;
	} else {
		b->next = a->blocks->next;
		a->blocks->next = b;
	}
	return b->octets;
}

static void *
alloc_grow(struct arena *a, size_t len)
{
	struct arena_block *b;

	if (a->fixed != NULL)
		return NULL;
	if (len > LARGE_LEN)
		return alloc_large(a, len);
	b = block_new(BLOCK_LEN);
	if (b == NULL)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	block_open(a, b);
	a->at += len;
	return b->octets;
}

void *
arena_alloc(struct arena *a, size_t len)
{
	void *p = a->at;

	if (len > SIZE_MAX / 2)
		return NULL;
	/* A piece of no length still gets an address of its own. */
	len = len == 0 ? ALIGN : (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (len > (size_t)(a->end - a->at))
		return alloc_grow(a, len);
	a->at += len;
	return p;
}

void *
arena_copy(struct arena *a, const void *from, size_t len)
{
	void *p = arena_alloc(a, len);

	if (p != NULL && len > 0)
		memcpy(p, from, len);
	return p;
}

static void
blocks_free(struct arena_block *b)
{
	struct arena_block *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
}

void
arena_reset(struct arena *a)
{
	if (a->fixed != NULL) {
		a->at = align_up(a->fixed);
		if (a->at > a->end)
			a->at = a->end;
		return;
	}
	if (a->blocks == NULL)
		return;
	/* A large block is not worth keeping: it would hold memory for good. */
	if (a->blocks->len != BLOCK_LEN) {
		arena_free(a);
		return;
	}
	blocks_free(a->blocks->next);
	a->blocks->next = NULL;
	block_open(a, a->blocks);
}

void
arena_free(struct arena *a)
{
	if (a->fixed != NULL) {
		arena_reset(a);
		return;
	}
	blocks_free(a->blocks);
	arena_init_growing(a);
}
