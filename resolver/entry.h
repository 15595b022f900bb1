/*
 * An entry: what a foreign answer came to, in one block of octets, as it lies
 * in the cache and as it is handed to those who wait for it. RRsets stand as
 * struct rrset wants them, so that an answer is made from an entry as from a
 * node, without a copy and without malloc.
 *
 *   entry = 01 (format), flags, rcode, count, made (4), ttl (4), rrset * count
 *   rrset = section, owner length, owner, type (2), ttl (4), count (2),
 *           len (2), { rdlen (2), rdata } * count             len octets
 *
 * Integers are big-endian. `made` is when the answer came, seconds since the
 * epoch; `ttl` how many seconds after that it is fresh: the least of all TTLs
 * of what makes the answer (for a negative one RFC 2308 section 5), within the
 * caps. Of the message only this is kept: RRsets of the answer section that lie
 * on the chain of CNAMEs and DNAMEs from the question, the RRset that ends it,
 * and for a negative answer the SOA (RFC 2181 5.4.1: nothing else may be
 * trusted to answer another question), with DNSSEC also what proves it. Only
 * where a child was asked about space does its additional data ride along, as
 * part of that answer and of no other (struct entry_policy).
 *
 * The chain stands in order: a DNAME before the CNAME that follows from it, a
 * CNAME before what its target has. All RRs of an RRset have one TTL, the least
 * (RFC 2181 5.2), within the caps, so that no set's TTL ends before the
 * entry's. RRSIGs are one RRset of type RRSIG an owner and section, behind the
 * sets they sign.
 */
#ifndef PLACED_RESOLVER_ENTRY_H
#define PLACED_RESOLVER_ENTRY_H

#include "lib/arena.h"
#include "lib/msg.h"
#include "zones/node.h"

#define ENTRY_MAX 65535 /* octets; what is larger is not kept */

enum entry_flag {
	ENTRY_AD = 2,	   /* the forwarder said that it validated; for later */
	ENTRY_PARTIAL = 4, /* the chain ends in a CNAME without its target */
	ENTRY_REBOUND = 8, /* private addresses were taken out */
};

/* A view into octets that stay where they are. */
struct entry {
	const uint8_t *octets;
	size_t len;
	uint8_t flags; /* enum entry_flag */
	uint8_t rcode; /* NOERROR, NXDOMAIN */
	uint8_t count; /* RRsets */
	uint32_t made; /* seconds since the epoch */
	uint32_t ttl;  /* seconds */
};

struct entry_rrset {
	uint8_t section; /* MSG_AN, MSG_NS; MSG_AR for what rides along */
	const uint8_t *owner;
	struct rrset set; /* RRs in the order they came; meta NULL */
};

/* False if the octets break the format, to the end; what is inside rdata is
 * checked too (rr_rdata_valid()). For tests and tools: what comes out of the
 * cache has a checksum, and was made by entry_build() or entry_join(). */
bool entry_open(struct entry *e, const uint8_t *octets, size_t len);

/* The same for octets that are known to be an entry: the head alone. For the
 * path of a query. */
void entry_view(struct entry *e, const uint8_t *octets, size_t len);

/* RRsets in turn: start with *at = 0; false at the end. */
bool entry_next(const struct entry *e, size_t *at, struct entry_rrset *r);

/* The RRset of that owner and type in that section; false: none. */
bool entry_find(const struct entry *e, enum msg_section section,
		const uint8_t *owner, uint16_t type, struct entry_rrset *r);

/* Seconds it is still fresh at `now`; 0: stale. A clock that went back never
 * makes it fresher than when it was made. */
uint32_t entry_fresh(const struct entry *e, uint32_t now);

/* What may be kept of an answer. */
struct entry_policy {
	uint32_t ttl_min, ttl_max; /* seconds */
	uint32_t negative_max;	   /* seconds */
	bool private_ok; /* addresses of RFC 1918, ULA, link-local, loopback,
			    in A, AAAA and SVCB hints may stand in it */
	bool dnssec;	 /* DO was set: RRSIGs of what is kept are kept, and
			    for a negative answer NSEC and NSEC3 */
	const uint8_t *riders; /* the zone that whoever answers may speak for:
				  of the additional section, places and
				  addresses (LOC, A, AAAA, SRV, TXT, EUI48,
				  EUI64) at or below it are kept with an answer
				  that has data; NULL: nothing is */
};

#define ENTRY_RIDERS_MAX 128	 /* RRsets that ride along */
#define ENTRY_RIDER_RRS_MAX 1024 /* RRs of the section that are looked at */

#define ENTRY_CHAIN_MAX 11 /* CNAMEs in one message; Unbound's figure */

/*
 * Makes an entry of a response to (qname, qtype), which msg_parse_response()
 * took and whose question was compared. Owners take their letters from qname
 * and from CNAMEs, never from the message's question; rdata that points into
 * the question has its letters, so whoever asked with random ones (0x20) puts
 * the right ones back into the message first.
 *
 *   rcode, data          entry
 *   NOERROR, the set     ttl: the least of the chain's and the set's
 *   NOERROR, a CNAME     ENTRY_PARTIAL, unless an SOA above the target says
 *   without its target   that there is nothing
 *   NOERROR, nothing     NODATA, the SOA in MSG_NS, ttl its lesser number (RFC
 *                        2308 5); without an SOA ttl 0: not for the cache
 *   NXDOMAIN             likewise
 *   riders               what does not fit, or has TTL 0, is left out; the
 *                        others count for the ttl
 *   private addresses    are taken out with their signatures; if none is left,
 *                        NODATA with ENTRY_REBOUND, at most negative_max
 *
 * ERR_RULE: another rcode, or truncated: no entry can come of it. ERR_SYNTAX:
 * the message contradicts itself (a chain with a loop or too long, two CNAMEs
 * at one name, a CNAME beside the data, a CNAME that is not what its DNAME
 * makes, NXDOMAIN with data, an SOA that is not above the name): to be treated
 * as a failure of who sent it. ERR_RANGE: larger than ENTRY_MAX, or more than
 * 255 RRsets. ERR_NOMEM. *octets is in the arena, as is working memory: about
 * the message's length and 1.6 kB an RR, at most 170 kB.
 */
enum err entry_build(const struct msg *m, const uint8_t *qname, uint16_t qtype,
		     const struct entry_policy *policy, uint32_t now,
		     struct arena *arena, const uint8_t **octets, size_t *len);

/* Writes the head from e's fields but octets and len. dst has ENTRY_HEAD_LEN
 * octets. */
#define ENTRY_HEAD_LEN 12
void entry_head(uint8_t *dst, const struct entry *e);

/* a, whose chain ends in a CNAME, with b, the answer about its target, behind
 * it. TTLs are counted from the later of the two. ERR_SYNTAX: together they
 * make a loop; ERR_RANGE, ERR_NOMEM. */
enum err entry_join(const struct entry *a, const struct entry *b,
		    struct arena *arena, const uint8_t **octets, size_t *len);

/* The name where the chain from qname ends: qname itself, or the target of the
 * last CNAME. Points into the entry (or is qname). */
const uint8_t *entry_chain_end(const struct entry *e, const uint8_t *qname,
			       uint16_t qtype);

/* True for addresses that may not come from elsewhere (RFC 1918, 6598, 3927,
 * 4193, 4291 loopback and link-local, 3879 site-local, 0.0.0.0/8, ::, and such
 * IPv4 addresses mapped, compatible or behind 64:ff9b::/96), as A, AAAA, or
 * hints of SVCB and HTTPS. rdata is valid. */
bool entry_address_private(uint16_t type, const uint8_t *rdata, size_t len);

#endif
