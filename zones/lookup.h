/*
 * lookup(): the one way out. What is at (zone, name, type), by the rules of
 * RFC 1034 4.3.2, with wildcards as RFC 4592, DNAME as RFC 6672 and occlusion
 * as RFC 2136 7.18, in one zone. It collects and decides; it writes no octets,
 * follows no chain (server/answer.c does) and knows no client.
 */
#ifndef PLACED_ZONES_LOOKUP_H
#define PLACED_ZONES_LOOKUP_H

#include "lib/base.h"
#include "zones/key.h"
#include "zones/node.h"
#include "zones/zone.h"

enum lookup_result {
	LOOKUP_ANSWER, /* set holds the RRset (for RR_ANY: node, set unused) */
	LOOKUP_CNAME,  /* set holds the CNAME at the name, type is another */
	LOOKUP_DNAME,  /* set holds the DNAME of the ancestor `owner` */
	LOOKUP_REFERRAL, /* set holds the NS of the zone cut `owner` */
	LOOKUP_NODATA,	 /* the name exists, or is an empty non-terminal */
	LOOKUP_NXDOMAIN,
	LOOKUP_ERROR, /* the store cannot be read: SERVFAIL */
};

struct lookup {
	enum lookup_result result;
	struct rrset set;
	struct node node; /* the node that answered; octets NULL for ENT and
			     NXDOMAIN */
	const uint8_t
		*owner; /* points into the asked name: the owner of set (for a
			   wildcard the asked name), the cut, DNAME's owner */
	bool wildcard;	/* synthesized from *.<closest encloser> */
	unsigned encloser; /* labels below the apex of the closest encloser, for
			      NXDOMAIN and wildcards */
};

/*
 * name must be at or below the zone's apex. All pointers hold as long as v's
 * snapshot and `name`. A DS question at a cut is answered from here, the parent
 * (RFC 4035 3.1.4.1). The common case costs one B-tree descent.
 */
void lookup(struct lookup *l, struct store_view *v,
	    const struct zone_facts *zone, const uint8_t *name, uint16_t type);

/* The same where the value of the node at name is known, from this snapshot;
 * NULL or without octets: it is not. */
void lookup_known(struct lookup *l, struct store_view *v,
		  const struct zone_facts *zone, const uint8_t *name,
		  uint16_t type, const struct store_value *known);

/*
 * The same as if the zone had nothing at or below `without`, which is name or
 * an ancestor of it, and below the apex: what is said about a space that is not
 * to be seen is what is said about a name that nobody has.
 */
void lookup_without(struct lookup *l, struct store_view *v,
		    const struct zone_facts *zone, const uint8_t *name,
		    uint16_t type, const uint8_t *without);

/*
 * Glue: the RRset at name even where it is occluded by a zone cut (RFC 1034
 * 4.3.2 step 3b), no wildcards, no CNAME. False: none.
 */
bool lookup_glue(struct store_view *v, const struct zone_facts *zone,
		 const uint8_t *name, uint16_t type, struct rrset *set);

/* The node at exactly name, whatever it is: for edits, prerequisites and dumps.
 * ERR_NOTFOUND, ERR_CORRUPT; n is all zero then: a node with nothing in it. */
enum err lookup_node(struct store_view *v, uint32_t zone_id,
		     const uint8_t *apex, const uint8_t *name, struct node *n);

/* The same by its key, zone id and owner (zones/key.h). */
enum err lookup_key(struct store_view *v, const uint8_t *key, size_t key_len,
		    struct node *n);

/* Nodes of a zone in canonical order. name has NAME_WIRE_MAX octets.
 * ERR_NOTFOUND at the end. The view may change between calls: the walk goes on
 * behind the last name. */
struct lookup_walk {
	struct key key;
	uint32_t zone_id;
	const uint8_t *apex;
	bool started;
};
void lookup_walk_init(struct lookup_walk *w, uint32_t zone_id,
		      const uint8_t *apex);
enum err lookup_walk_next(struct lookup_walk *w, struct store_view *v,
			  uint8_t *name, struct node *n);

#endif
