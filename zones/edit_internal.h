/*
 * What the files of the edit share; nobody else includes this.
 *
 *   edit.c          the work of an edit: nodes, difference, SOA, writing
 *   edit_outside.c  the same work once more, for the outside (zones/export.h)
 *   edit_places.c   the spatial index
 *   edit_rules.c    what a change may do to a node
 *   edit_zone.c     zones that come and go, nodes that are built
 */
#ifndef PLACED_ZONES_EDIT_INTERNAL_H
#define PLACED_ZONES_EDIT_INTERNAL_H

#include "zones/edit.h"
#include "zones/export.h"
#include "zones/journal.h"
#include "zones/key.h"

/* One node that an edit concerns. */
struct edit_owner {
	const uint8_t *name; /* lower case; this and all below in the arena */
	const uint8_t *key;
	size_t key_len;
	struct node before; /* a copy: the map's octets move when we write */
	struct node_draft draft;
	struct node after; /* the draft, encoded, if touched */
	bool is_apex;
	bool touched; /* by a change, in vain or not */
	bool changed; /* by the changes; a new serial alone does not count */
};

/* RRs for the journal, the SOA's place, the first, kept free. */
struct edit_list {
	struct journal_rr *rrs;
	size_t count, room;
};

/* An edit of one zone, or of one outside, in the making. */
struct edit_work {
	struct store_txn *t;
	const struct edit *e;
	struct edit_result *r;
	struct arena arena;
	struct zone_record zone;
	bool outside; /* zone is the outside's record */
	uint32_t serial_before;
	uint16_t key_tag;
	struct edit_owner *owners; /* the apex is the first */
	size_t owner_count, owner_room;
	uint32_t *slots; /* hash table of owners by name: index + 1 */
	uint32_t mask;
	struct edit_list removed, added;
	bool soa_before; /* the zone had an SOA: removed.rrs[0] is in use */
	bool soa_listed;
	bool data_changed, origin_changed;
};

enum err edit_out_of_memory(struct edit_work *w);

/* Room for so many owners. */
enum err edit_owners_alloc(struct edit_work *w, size_t room);

/* The owner of that name, loaded when it is met for the first time. */
enum err edit_owner_find(struct edit_work *w, const uint8_t *name,
			 struct edit_owner **found);

/* The same, if it was met. Not after edit_write(). */
const struct edit_owner *edit_owner_there(const struct edit_work *w,
					  const uint8_t *name);

/* From the drafts of what is touched: nodes after, checked; the difference; the
 * SOA. */
enum err edit_settle(struct edit_work *w);

/* Nodes, journal, record. Any error spoils the transaction (w->r->spoilt). */
enum err edit_write(struct edit_work *w);

/* sign is 1 for a node that comes and -1, as unsigned, for one that goes. */
void edit_count_node(struct zone_record *z, const uint8_t *key, size_t key_len,
		     const struct node *n, bool is_apex, uint32_t sign);

/* --- the spatial index (zones/places.h) ----------------------------------
 */

/* After edit_settle(): ERR_RULE if a footprint does not parse. */
enum err edit_places_check(struct edit_work *w);

/* What the changes make of the index. Before the nodes are written. */
enum err edit_places_write(struct edit_work *w);

/* The same for one node that is built beside a zone. */
enum err edit_places_build_check(struct store_txn *t, const uint8_t *owner,
				 const struct key *key,
				 const struct node *before,
				 const struct node *after, struct arena *a,
				 struct diag *d);
enum err edit_places_build(struct store_txn *t, const uint8_t *owner,
			   const struct key *key, const struct node *before,
			   const struct node *after, struct arena *a);

/* --- the outside ----------------------------------------------------------
 */

/* What becomes of the outside when a zone is edited. */
struct edit_outside {
	struct edit_work *in; /* the zone's own, settled and not yet written */
	struct edit_work w;
	struct edit e;
	struct edit_limits limits;
	struct edit_result r;
	struct export_policy policy;
	struct export_entry *entries; /* of names concerned, sorted by name */
	size_t count, room;
	bool whole; /* all names are concerned */
	bool touches_reach;
	uint32_t erase;	 /* id that is no longer the outside's; 0: none */
	bool put_record; /* without any other change */
};

/* in may still be empty: it is looked at by the next calls. */
void edit_outside_init(struct edit_outside *o, struct edit_work *in);
void edit_outside_free(struct edit_outside *o);

/* After edit_settle(in): what the outside becomes by what changed; sets
 * in->zone.outside_id. Fails with in->r set, and nothing written. */
enum err edit_outside_make(struct edit_outside *o);

/* The whole outside from the list and the inside; in has no owners then. policy
 * NULL: the store's. */
enum err edit_outside_make_whole(struct edit_outside *o,
				 const struct export_policy *policy);

/* Writes it, and the boundary's version. Any error spoils the transaction. */
enum err edit_outside_write(struct edit_outside *o);

#endif
