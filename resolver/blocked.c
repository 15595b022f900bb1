#include "resolver/blocked.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS (2 * BLOCKED_NAMES_MAX)
#define NOTES_A_SECOND 1000
#define NOBODY UINT16_MAX

/*
 *   bucket → item → item …        by name
 *   newest ⇄ … ⇄ oldest           by when it was asked last
 */
struct item {
	struct blocked_name what;
	uint16_t bucket, next; /* in the bucket */
	uint16_t newer, older;
};

struct blocked {
	_Atomic uint64_t total;
	_Atomic uint64_t second; /* that `noted` counts in */
	_Atomic unsigned noted;
	uint64_t seed;	      /* so that nobody chooses who shares a bucket */
	pthread_mutex_t lock; /* of all below */
	unsigned count;
	uint16_t newest, oldest;
	uint16_t buckets[BUCKETS];
	struct item items[BLOCKED_NAMES_MAX];
};

_Static_assert(BLOCKED_NAMES_MAX < NOBODY, "an item's place is 16 bits");

static void
blocked_empty(struct blocked *b)
{
	b->count = 0;
	b->newest = b->oldest = NOBODY;
	memset(b->buckets, 0xff, sizeof(b->buckets));
}

struct blocked *
blocked_new(void)
{
	struct blocked *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	if (getrandom(&b->seed, sizeof(b->seed), 0) != sizeof(b->seed))
		b->seed = (uintptr_t)b;
	pthread_mutex_init(&b->lock, NULL);
	blocked_empty(b);
	return b;
}

void
blocked_free(struct blocked *b)
{
	if (b == NULL)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* --- under the lock --------------------------------------------------------
 */

static uint16_t
bucket_of(const struct blocked *b, const uint8_t *name)
{
	uint64_t h = (name_hash(name) ^ b->seed) * 0x9e3779b97f4a7c15;

	return (uint16_t)((h ^ h >> 32) % BUCKETS);
}

static uint16_t
item_find(const struct blocked *b, uint16_t bucket, const uint8_t *name)
{
	uint16_t i = b->buckets[bucket];

	while (i != NOBODY && !name_equal(b->items[i].what.name, name))
		i = b->items[i].next;
	return i;
}

static void
bucket_leave(struct blocked *b, uint16_t i)
{
	uint16_t *at = &b->buckets[b->items[i].bucket];

	while (*at != i)
		at = &b->items[*at].next;
	*at = b->items[i].next;
}

static void
order_leave(struct blocked *b, uint16_t i)
{
	const struct item *it = &b->items[i];

	*(it->newer == NOBODY ? &b->newest : &b->items[it->newer].older) =
		it->older;
	*(it->older == NOBODY ? &b->oldest : &b->items[it->older].newer) =
		it->newer;
}

static void
order_enter(struct blocked *b, uint16_t i)
{
	struct item *it = &b->items[i];

	it->newer = NOBODY;
	it->older = b->newest;
	*(b->newest == NOBODY ? &b->oldest : &b->items[b->newest].newer) = i;
	b->newest = i;
}

/* An item for a name that has none: a fresh one, else the oldest's. */
static uint16_t
item_make(struct blocked *b, uint16_t bucket, const uint8_t *name, uint64_t now)
{
	uint16_t i;
	struct item *it;

	if (b->count < BLOCKED_NAMES_MAX) {
		i = (uint16_t)b->count++;
	} else {
		i = b->oldest;
		order_leave(b, i);
		bucket_leave(b, i);
	}
	it = &b->items[i];
	memset(&it->what, 0, sizeof(it->what));
	name_lower(it->what.name, name);
	it->what.first = now;
	it->bucket = bucket;
	it->next = b->buckets[bucket];
	b->buckets[bucket] = i;
	order_enter(b, i);
	return i;
}

/* --- for everybody ---------------------------------------------------------
 */

/* So many a second; roughly, where threads meet at the turn of one. */
static bool
blocked_admits(struct blocked *b, uint64_t now)
{
	if (atomic_exchange_explicit(&b->second, now, memory_order_relaxed) !=
	    now)
		atomic_store_explicit(&b->noted, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&b->noted, 1, memory_order_relaxed) <
	       NOTES_A_SECOND;
}

void
blocked_note(struct blocked *b, uint64_t now, const uint8_t *name,
	     uint16_t qtype, const struct net_addr *from)
{
	uint16_t bucket, i;
	struct blocked_name *n;

	atomic_fetch_add_explicit(&b->total, 1, memory_order_relaxed);
	if (!blocked_admits(b, now))
		return;
	bucket = bucket_of(b, name);
	pthread_mutex_lock(&b->lock);
	i = item_find(b, bucket, name);
	if (i == NOBODY) {
		i = item_make(b, bucket, name, now);
	} else if (i != b->newest) {
		order_leave(b, i);
		order_enter(b, i);
	}
	n = &b->items[i].what;
	n->qtype = qtype;
	n->count++;
	n->last = now;
	n->from = *from;
	pthread_mutex_unlock(&b->lock);
}

static int
name_order(const void *a, const void *b)
{
	const struct blocked_name *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return name_cmp(x->name, y->name);
}

struct blocked_name *
blocked_list(struct blocked *b, size_t *count)
{
	struct blocked_name *list;

	*count = 0;
	list = malloc(BLOCKED_NAMES_MAX * sizeof(*list));
	if (list == NULL)
		return NULL;
	pthread_mutex_lock(&b->lock);
	*count = b->count;
	for (size_t i = 0; i < *count; i++)
		list[i] = b->items[i].what;
	pthread_mutex_unlock(&b->lock);
	if (*count == 0) {
		free(list);
		return NULL;
	}
	qsort(list, *count, sizeof(*list), name_order);
	return list;
}

uint64_t
blocked_total(const struct blocked *b)
{
	return atomic_load_explicit(&b->total, memory_order_relaxed);
}

void
blocked_clear(struct blocked *b)
{
	pthread_mutex_lock(&b->lock);
	blocked_empty(b);
	pthread_mutex_unlock(&b->lock);
	atomic_store_explicit(&b->total, 0, memory_order_relaxed);
}
