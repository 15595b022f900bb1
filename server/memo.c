#include "server/memo.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 4
#define ENTRY_TYPICAL 128 /* octets; more buckets than such entries */
#define ALIGN 8
#define DOOR_LEN (1 << 16) /* octets */

/* A slot: 16 bits of the hash, 48 of the entry's place in units of ALIGN. The
 * place counts on and on; modulo the ring's size it is an offset. */
struct bucket {
	uint64_t slot[SLOTS];
};

struct entry {
	uint64_t number;
	uint64_t view;
	uint32_t zone[MEMO_ZONES_MAX];
	uint16_t qtype;
	uint16_t limit;
	uint16_t flags;
	uint16_t tail_len;
	uint16_t count[3];
	uint8_t edns;
	uint8_t zone_count;
	uint8_t rcode;
	uint8_t qname_len;
	uint8_t foreign_len; /* in units of ALIGN; 0: none */
	/* struct memo_foreign as far as it is used, qname, tail */
	uint8_t octets[] __attribute__((aligned(ALIGN)));
};

static inline uint8_t *
entry_qname(const struct entry *e)
{
	return (uint8_t *)e->octets + (size_t)e->foreign_len * ALIGN;
}

/* Octets of it that are used, a multiple of ALIGN. */
static size_t
foreign_len(const struct memo_foreign *f)
{
	size_t len = offsetof(struct memo_foreign, ttl_at);

	if (f == NULL)
		return 0;
	must(f->ttl_count <= MEMO_TTLS_MAX);
	len += f->ttl_count * sizeof(f->ttl_at[0]);
	return (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

struct memo {
	uint8_t *ring;
	size_t size;
	uint64_t head; /* place of the next entry; starts at size, so that a
			  slot of 0 is one that has been run over */
	struct bucket *buckets;
	size_t mask;
	uint8_t door[DOOR_LEN];
};

struct memo *
memo_new(size_t octets)
{
	struct memo *m = calloc(1, sizeof(*m));
	size_t buckets = 64;

	if (m == NULL)
		return NULL;
	if (octets < MEMO_MIN)
		octets = MEMO_MIN;
	while (buckets * SLOTS < octets / ENTRY_TYPICAL * 2)
		buckets *= 2;
	m->size = octets & ~(size_t)(ALIGN - 1);
	m->mask = buckets - 1;
	m->ring = malloc(m->size);
	m->buckets = aligned_alloc(64, buckets * sizeof(struct bucket));
	if (m->ring == NULL || m->buckets == NULL) {
		memo_free(m);
		return NULL;
	}
	memo_clear(m);
	return m;
}

void
memo_free(struct memo *m)
{
	if (m == NULL)
		return;
	free(m->ring);
	free(m->buckets);
	free(m);
}

void
memo_clear(struct memo *m)
{
	m->head = m->size;
	memset(m->buckets, 0, (m->mask + 1) * sizeof(struct bucket));
	memset(m->door, 0, sizeof(m->door));
}

uint64_t
memo_key_hash(const struct memo_key *k)
{
	uint64_t h = name_hash(k->qname);

	h ^= (uint64_t)k->qtype << 32 | (uint64_t)k->limit << 8 | k->edns;
	h = (h ^ k->view) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static struct bucket *
memo_bucket(const struct memo *m, uint64_t hash)
{
	return &m->buckets[hash & m->mask];
}

static uint64_t
slot_make(uint64_t hash, uint64_t place)
{
	return hash >> 48 << 48 | place / ALIGN;
}

static uint64_t
slot_place(uint64_t slot)
{
	return (slot & 0xffffffffffffu) * ALIGN;
}

/* The entry, if it has not been run over. */
static const struct entry *
slot_entry(const struct memo *m, uint64_t slot)
{
	uint64_t place = slot_place(slot);

	if (place + m->size < m->head || place >= m->head || place < m->size)
		return NULL;
	return (const struct entry *)(m->ring + place % m->size);
}

/* Equal but for the case of letters; kept is in lower case. */
static bool
qname_equal(const uint8_t *kept, const struct memo_key *k)
{
	if (memcmp(kept, k->qname, k->qname_len) == 0)
		return true;
	for (unsigned i = 0; i < k->qname_len; i++)
		if (kept[i] != name_lower_octet(k->qname[i]))
			return false;
	return true;
}

static bool
entry_is(const struct entry *e, const struct memo_key *k)
{
	return e->qname_len == k->qname_len && e->qtype == k->qtype &&
	       e->limit == k->limit && e->edns == k->edns &&
	       e->view == k->view && qname_equal(entry_qname(e), k);
}

void
memo_foresee(const struct memo *m, const struct memo_key *k)
{
	__builtin_prefetch(memo_bucket(m, k->hash));
}

bool
memo_expect(const struct memo *m, const struct memo_key *k)
{
	const struct bucket *b = memo_bucket(m, k->hash);

	for (unsigned i = 0; i < SLOTS; i++) {
		const struct entry *e;

		if (b->slot[i] >> 48 != k->hash >> 48)
			continue;
		e = slot_entry(m, b->slot[i]);
		if (e == NULL)
			continue;
		__builtin_prefetch(e);
		__builtin_prefetch((const uint8_t *)e + 64);
		return true;
	}
	return false;
}

bool
memo_find(const struct memo *m, const struct memo_key *k, struct memo_answer *a)
{
	const struct bucket *b = memo_bucket(m, k->hash);

	for (unsigned i = 0; i < SLOTS; i++) {
		const struct entry *e;

		if (b->slot[i] >> 48 != k->hash >> 48)
			continue;
		e = slot_entry(m, b->slot[i]);
		if (e == NULL || !entry_is(e, k))
			continue;
		a->number = e->number;
		memcpy(a->zone, e->zone, sizeof(a->zone));
		a->zone_count = e->zone_count;
		a->rcode = e->rcode;
		a->flags = e->flags;
		memcpy(a->count, e->count, sizeof(a->count));
		a->tail = entry_qname(e) + e->qname_len;
		a->foreign =
			e->foreign_len == 0 ? NULL : (const void *)e->octets;
		a->tail_len = e->tail_len;
		return true;
	}
	return false;
}

/* The slot that the same question had, else the one with the oldest entry:
 * one that was never used, or has been run over, is older than all others. */
static unsigned
bucket_choose(const struct memo *m, const struct bucket *b,
	      const struct memo_key *k, bool *same)
{
	unsigned oldest = 0;

	*same = false;

	for (unsigned i = 0; i < SLOTS; i++) {
		const struct entry *e = NULL;

		if (b->slot[i] >> 48 == k->hash >> 48)
			e = slot_entry(m, b->slot[i]);
		if (e != NULL && entry_is(e, k)) {
			*same = true;
			return i;
		}
		if (slot_place(b->slot[i]) < slot_place(b->slot[oldest]))
			oldest = i;
	}
	return oldest;
}

/* True if the same came to the door before, and nobody since. */
static bool
door_knows(struct memo *m, uint64_t hash)
{
	uint8_t *at = &m->door[hash >> 20 & (DOOR_LEN - 1)];
	uint8_t mark = (uint8_t)(hash >> 40 | 1); /* never 0 */
	bool known = *at == mark;

	*at = mark;
	return known;
}

/* Room in the ring; an entry never lies across its end. */
static struct entry *
ring_take(struct memo *m, size_t len, uint64_t *place)
{
	size_t at = m->head % m->size;

	if (at + len > m->size)
		m->head += m->size - at;
	*place = m->head;
	m->head += len;
	return (struct entry *)(m->ring + *place % m->size);
}

void
memo_store(struct memo *m, const struct memo_key *k,
	   const struct memo_answer *a)
{
	size_t extra = foreign_len(a->foreign);
	size_t len = sizeof(struct entry) + extra + k->qname_len + a->tail_len;
	struct bucket *b = memo_bucket(m, k->hash);
	struct entry *e;
	uint64_t place;
	unsigned slot;
	bool same;

	len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (len > m->size / 4)
		return;
	slot = bucket_choose(m, b, k, &same);
	if (!same && !door_knows(m, k->hash))
		return;
	e = ring_take(m, len, &place);
	b->slot[slot] = slot_make(k->hash, place);
	e->number = a->number;
	e->view = k->view;
	memcpy(e->zone, a->zone, sizeof(e->zone));
	e->zone_count = a->zone_count;
	e->qtype = k->qtype;
	e->limit = k->limit;
	e->edns = k->edns;
	e->rcode = a->rcode;
	e->flags = a->flags;
	e->tail_len = a->tail_len;
	memcpy(e->count, a->count, sizeof(e->count));
	e->qname_len = k->qname_len;
	e->foreign_len = (uint8_t)(extra / ALIGN);
	if (extra > 0)
		memcpy(e->octets, a->foreign,
		       extra < sizeof(*a->foreign) ? extra
						   : sizeof(*a->foreign));
	name_lower(entry_qname(e), k->qname);
	memcpy(entry_qname(e) + k->qname_len, a->tail, a->tail_len);
	/* What the next one will be written to. */
	e = (struct entry *)(m->ring + m->head % m->size);
	__builtin_prefetch(e, 1);
	__builtin_prefetch(e->octets + 64, 1);
}
