/*
 * What the files that make an entry of a message share; nobody else includes
 * this.
 *
 *   entry_build.c   which RRsets of the message make the answer
 *   entry_riders.c  what rides along
 *   entry_set.c     the message's RRs by owner and type, and a set written out
 *
 * A message is walked once; what is left of an RR is a record of 12 octets with
 * a hash of its owner. A set is found by going over the records, and only those
 * with the right hash are read again, each such reading paid from `work`. So a
 * message of 65 kB costs some milliseconds at worst, whatever is in it.
 */
#ifndef PLACED_RESOLVER_ENTRY_INTERNAL_H
#define PLACED_RESOLVER_ENTRY_INTERNAL_H

#include "resolver/entry.h"

struct record {
	uint32_t hash; /* of the owner */
	uint16_t at;   /* offset in the message */
	uint16_t type;
	uint16_t covers; /* of an RRSIG */
	uint16_t section;
};

struct build {
	const struct msg *m;
	const struct entry_policy *policy;
	struct arena *arena;
	struct record *records; /* class IN, answer and authority; and of
				   additional data what may ride along */
	unsigned count;
	unsigned work; /* readings and comparisons left */
	uint8_t *out;  /* the entry */
	size_t cap, len;
	unsigned sets;
	bool full;	 /* more than cap */
	uint32_t ttl;	 /* the least so far */
	uint16_t *slots; /* for finding duplicates; NULL: none, or no memory */
	size_t slot_room, slot_count; /* allocated, in use */
};

/* Records that may belong to a set; start with at 0. */
struct scan {
	unsigned at;
	uint16_t section;
	const uint8_t *owner;
	uint32_t hash;
	uint16_t type;	 /* RR_ANY: all */
	uint16_t covers; /* 0: all */
};

#define COVERS_PROOF 0xffff /* SOA, NSEC or NSEC3 */

/* Additional data that is wanted, behind all else; types that no rider has are
 * never kept. */
bool build_is_rider(uint16_t type);
void build_riders(struct build *b);

/* Walks the message; b->policy is set. ERR_NOMEM. */
enum err build_index(struct build *b, const struct msg *m, struct arena *arena);

struct scan build_scan(uint16_t section, const uint8_t *owner, uint16_t type);

/* One step of `work`; false: it is used up. */
bool build_spend(struct build *b);

/* The next RR of that owner and type; false at the end, or when `work` is used
 * up (then it is 0). */
bool build_next(struct build *b, struct scan *s, struct msg_rr *rr);

/* What is written so far. */
struct entry build_so_far(const struct build *b);

/* A set that was written. */
struct written {
	unsigned count;	      /* RRs; 0: none, nothing was written */
	unsigned removed;     /* private addresses */
	uint32_t ttl;	      /* of what is written and what was removed */
	size_t at;	      /* of the set in out */
	const uint8_t *rdata; /* the first one */
	uint16_t rdlen;
};

/* Writes the RRs that s finds as one set. Duplicates go, private addresses go
 * unless the policy lets them; its TTL counts for the whole. */
struct written build_set(struct build *b, struct scan s);

/* One RR of our own making. */
void build_single(struct build *b, uint16_t section, const uint8_t *owner,
		  uint16_t type, uint32_t ttl, const uint8_t *rdata,
		  size_t rdlen);

/* Changes the TTL of a set that was written, and counts it for the whole. */
void build_set_ttl(struct build *b, const struct written *w, uint32_t ttl);

/* Within the caps; a set top bit is 0 (RFC 2181 section 8). */
uint32_t build_cap_ttl(const struct build *b, uint32_t ttl);

#endif
