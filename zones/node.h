/*
 * The value of a node: all RRsets of one owner, laid out so that an answer is
 * copied from it without a further look (integers big-endian, no alignment):
 *
 *   node   = 01 (format), flags, count (2), rrset * count      ordered by type
 *   rrset  = type (2), ttl (4), count (2), len (2), sigs (2),
 *            { rdlen (2), rdata } * count                      len octets
 *            { origin (1), 00, key tag (2), lease (4) } * count
 *
 * RRs of an RRset stand in canonical order of rdata. `sigs` is 0: room for
 * signatures beside the set. `lease` is an expiry in seconds since the epoch,
 * 0 for none.
 */
#ifndef PLACED_ZONES_NODE_H
#define PLACED_ZONES_NODE_H

#include "lib/arena.h"
#include "lib/base.h"
#include "lib/rr.h"

/* Where an RR came from. An import removes only what a file brought. */
enum origin {
	ORIGIN_FILE = 1,
	ORIGIN_UPDATE = 2,
	ORIGIN_CONTROL = 3
};

struct rr_meta {
	uint8_t origin; /* enum origin */
	uint16_t key_tag;
	uint32_t lease;
};

#define NODE_META_LEN 8

enum node_flag {
	NODE_HAS_NS = 1,
	NODE_HAS_DNAME = 2,
	NODE_HAS_CNAME = 4
};

/* A view into stored octets: valid as long as the snapshot they were found in.
 */
struct node {
	const uint8_t *octets; /* NULL: no node */
	size_t len;
	uint8_t flags;
	uint16_t count; /* RRsets */
};

struct rrset {
	uint16_t type;
	uint16_t count; /* RRs, at least 1 */
	uint32_t ttl;
	const uint8_t *rdatas; /* { rdlen, rdata } * count */
	uint16_t len;	       /* octets of rdatas */
	const uint8_t *meta;   /* NODE_META_LEN octets an RR */
};

/* False if the octets break the format (a broken store). Checks lengths through
 * to the end, and that the flags are true; what is inside rdata it does not
 * check. */
bool node_open(struct node *n, const uint8_t *octets, size_t len);

/* The RRset of that type; false if there is none. */
bool node_find(const struct node *n, uint16_t type, struct rrset *set);

/* RRsets in turn: start with *at = 0; false at the end. */
bool node_next(const struct node *n, size_t *at, struct rrset *set);

/* RRs of a set in turn: start with *at = 0; false at the end. */
bool rrset_next(const struct rrset *set, size_t *at, const uint8_t **rdata,
		uint16_t *rdlen);
struct rr_meta rrset_meta(const struct rrset *set, unsigned i);

/* --- a node in the making, for edits ------------------------------------- */

struct node_rr {
	const uint8_t *rdata; /* in the arena */
	uint16_t rdlen;
	struct rr_meta meta;
};

struct node_rrset {
	uint16_t type;
	uint32_t ttl;
	unsigned count, room;
	struct node_rr *rrs;
};

struct node_draft {
	struct arena *arena; /* owns everything below */
	unsigned count, room;
	struct node_rrset *sets; /* unordered until node_encode() */
};

/* A draft with everything that n (may be NULL) holds, copied. ERR_NOMEM. */
enum err node_draft_from(struct node_draft *d, struct arena *arena,
			 const struct node *n);
struct node_rrset *node_draft_find(const struct node_draft *d, uint16_t type);

/* Index of the RR with this rdata in set (rr_rdata_cmp() tells), or -1. RRs of
 * a draft stand in canonical order: change their TTL or meta in place, their
 * rdata only by remove and add. */
int node_rrset_index(const struct node_rrset *set, const uint8_t *rdata,
		     size_t rdlen);

/* Adds the RR, making the set where needed; the caller has looked whether it is
 * there. rdata is copied; ttl becomes the whole set's. Pointers to the draft's
 * sets are stale afterwards. */
enum err node_draft_add(struct node_draft *d, uint16_t type, uint32_t ttl,
			const uint8_t *rdata, size_t rdlen,
			struct rr_meta meta);
/* Removes one RR by index; a set that becomes empty goes, and then pointers to
 * the draft's other sets are stale. */
void node_draft_remove(struct node_draft *d, struct node_rrset *set,
		       unsigned index);
void node_draft_remove_set(struct node_draft *d, struct node_rrset *set);

/*
 * Sorts and encodes into the arena. *len 0: the draft is empty and the node is
 * to be deleted. ERR_RANGE with a sentence if an RRset exceeds 65,535 octets as
 * it would in a message.
 */
enum err node_encode(struct node_draft *d, const uint8_t **octets, size_t *len,
		     struct diag *diag);

#endif
