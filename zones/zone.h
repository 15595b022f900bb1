/*
 * A zone's record in the store, and the facts of it that a reader keeps in
 * memory for as long as a snapshot's number does not change.
 */
#ifndef PLACED_ZONES_ZONE_H
#define PLACED_ZONES_ZONE_H

#include "lib/base.h"
#include "lib/name.h"
#include "zones/node.h"
#include "zones/store.h"

/*
 * Stored under the apex (key.h with the root as apex, and in place of a zone id
 * 0 for the zone itself, 1 for its outside, zones/export.h), fields big-endian
 * in this order. The outside's record holds what becomes of it and what the
 * operator wants of it; it stays when nothing is exported any more (its id is 0
 * then), so that serial and version never go back, and it may be there before
 * the zone is.
 */
struct zone_record {
	uint32_t id;
	uint32_t outside_id; /* of the outside's record; 0: nothing is exported,
				and in that record itself */
	uint32_t serial;     /* of the SOA */
	uint64_t version;    /* edits ever made; names the journal's entries */
	uint64_t journal_first; /* version of the oldest entry kept; version + 1
				   if none */
	uint64_t journal_octets;
	uint64_t records;   /* RRs */
	uint64_t nodes;	    /* owners */
	uint32_t cuts;	    /* owners below the apex with NS */
	uint32_t dnames;    /* owners with DNAME */
	uint32_t wildcards; /* owners with a label "*" */
	/* in the outside's record alone: */
	uint32_t loc_metres;   /* LOCs are rounded to so many; 0: as they are */
	uint8_t export_spaces; /* searches exported: enum export_space */
};

/* ERR_NOTFOUND: the store has no such zone. */
enum err zone_record_get(struct store_view *v, const uint8_t *apex,
			 struct zone_record *z);
enum err zone_record_put(struct store_txn *t, const uint8_t *apex,
			 const struct zone_record *z);
enum err zone_record_delete(struct store_txn *t, const uint8_t *apex);

/* The outside's record. ERR_NOTFOUND: nothing was ever exported, nor wanted
 * otherwise than as it is. */
enum err zone_outside_get(struct store_view *v, const uint8_t *apex,
			  struct zone_record *z);
enum err zone_outside_put(struct store_txn *t, const uint8_t *apex,
			  const struct zone_record *z);
enum err zone_outside_delete(struct store_txn *t, const uint8_t *apex);

/* All zones of the store (not their outsides), in canonical order; apex has
 * NAME_WIRE_MAX octets, set to the root and *first = true to start.
 * ERR_NOTFOUND at the end. */
enum err zone_record_next(struct store_view *v, bool *first, uint8_t *apex,
			  struct zone_record *z);

/* What a reader keeps of one zone, or of its outside. Zero it before first use,
 * and set `outside` or not. */
#define ZONE_ELSEWHERE 255

struct zone_facts {
	uint64_t number; /* snapshot it was read from; 0: read anew */
	uint64_t since;	 /* first snapshot seen with this content of the zone:
			    what was made from it then is still true */
	bool outside;	 /* set by the caller: all of this is the outside's */
	bool exists;	 /* an outside does if anything is exported */
	const uint8_t *apex; /* owned by the caller, outlives the facts */
	struct zone_record record;
	struct node apex_node;
	struct rrset soa;
	/* octets that MNAME and RNAME of the SOA have in front of the apex's
	 * name; ZONE_ELSEWHERE: they do not end in it */
	uint8_t soa_front[2];
};

/*
 * Makes facts true for v's snapshot: nothing to do if the number is the same
 * (one comparison), one read of the record and one of the apex else. ERR_OK
 * with `exists` false if the store has no such zone, or none with an SOA yet;
 * ERR_CORRUPT, ERR_IO. Pointers in it hold as long as the number does. Inside a
 * write transaction facts are read anew at each call and hold until the next
 * write.
 */
enum err zone_facts_refresh(struct zone_facts *f, struct store_view *v,
			    const uint8_t *apex);

#endif
