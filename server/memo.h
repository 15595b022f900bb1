/*
 * The memo: a worker's bounded memory from question to encoded answer. What it
 * holds is true for one snapshot of the store, or for later ones as long as
 * the zones it was made from have not changed; it answers nothing else.
 *
 *   index   buckets of 4 slots, each a tag and the place of an entry
 *   ring    entries one after the other; a new one runs over the oldest
 *   door    an octet of the hash of who was turned away last: an answer is kept
 *           when it comes a second time, so that names made up at random, each
 *           asked once, do not push out what is asked again and again
 *
 *   entry = header, qname (lower case), tail of the reply behind the question
 *
 * The tail can be copied as it is: the header has a fixed length, and the
 * question has that of the asked name, so compression pointers stay true
 * whatever the case of its letters.
 *
 * Owned by one thread. Once made it allocates nothing.
 */
#ifndef PLACED_SERVER_MEMO_H
#define PLACED_SERVER_MEMO_H

#include "lib/base.h"
#include "lib/name.h"

#define MEMO_ZONES_MAX 2 /* answers made from more are not kept */

/* Beside the place of a zone's facts: that there was no such zone. */
#define MEMO_ABSENT ((uint32_t)1 << 31)

struct memo;

/* What a reply depends on, beside the zones. */
struct memo_key {
	const uint8_t *qname;
	uint8_t qname_len;
	uint8_t edns; /* present, DO: any small number that tells them apart */
	uint16_t qtype;
	uint16_t limit; /* octets that the reply may have */
	uint64_t view;	/* which spaces the client is inside of */
	uint64_t hash;	/* memo_key_hash() */
};

/*
 * What an answer that is not of this server alone hangs on, too: the seconds
 * for which it may be given, and what was in reach. Its TTLs count down.
 */
#define MEMO_TTLS_MAX 32

struct memo_foreign {
	uint64_t generation;  /* of what is in reach, and of the cache */
	uint32_t made, until; /* seconds since the epoch; not any more at until
			       */
	uint16_t ttl_count;
	uint16_t ttl_at[MEMO_TTLS_MAX]; /* offsets in the tail */
};

/* An answer as kept. Pointers hold until the next memo_store(). */
struct memo_answer {
	uint64_t number;	       /* the snapshot it was made from */
	uint32_t zone[MEMO_ZONES_MAX]; /* places of their facts, MEMO_ABSENT */
	uint8_t zone_count;
	uint8_t rcode;
	uint16_t flags; /* AA */
	uint16_t count[3];
	const uint8_t *tail;
	uint16_t tail_len;
	/* NULL: made here. As kept, only ttl_count offsets are there. */
	const struct memo_foreign *foreign;
};

#define MEMO_MIN (64 * 1024) /* octets; less is taken as this */

/* octets: of the ring. NULL: memory. */
struct memo *memo_new(size_t octets);
void memo_free(struct memo *m); /* NULL is fine */

/* Forgets everything: the zones' indices mean something else now. */
void memo_clear(struct memo *m);

uint64_t memo_key_hash(const struct memo_key *k);

/* Asks the processor for what memo_find() will read; the second, when what the
 * first has asked for may be there, and false if memo_find() will be, too. */
void memo_foresee(const struct memo *m, const struct memo_key *k);
bool memo_expect(const struct memo *m, const struct memo_key *k);

/* False: not here. Whether it is still true is the caller's to see. */
bool memo_find(const struct memo *m, const struct memo_key *k,
	       struct memo_answer *a);

/* Keeps a copy: in place of an older answer to the same question, or if the
 * question was offered before, not long ago. What is too large for the ring (a
 * quarter of it) is not kept. */
void memo_store(struct memo *m, const struct memo_key *k,
		const struct memo_answer *a);

#endif
