/*
 * The edit: the one way in. Whatever changes a zone (zone file, nsupdate,
 * control command, later leases, SRP, transfers) is a list of changes handed to
 * edit_apply(), which inside the caller's write transaction reads the nodes
 * concerned, applies the changes in order, checks the rules, and only then
 * writes nodes, journal and zone record. If it fails, nothing was written: the
 * transaction goes on with other edits (ERR_FULL and ERR_IO out of the store
 * excepted: then the transaction must be aborted; edit_result.spoilt tells).
 */
#ifndef PLACED_ZONES_EDIT_H
#define PLACED_ZONES_EDIT_H

#include "lib/base.h"
#include "lib/rr.h"
#include "zones/node.h"
#include "zones/store.h"
#include "zones/zone.h"

enum edit_op {
	EDIT_ADD, /* owner type ttl rdata; the TTL of the whole RRset becomes
		     this one, also if the RR is there */
	EDIT_DELETE_RR,	   /* owner type rdata */
	EDIT_DELETE_RRSET, /* owner type */
	EDIT_DELETE_NAME,  /* owner: all its RRsets */
};

/*
 * EDIT_UPDATE: RFC 2136 3.4.2: what the rules forbid is passed over in silence
 * (CNAME beside other data, an SOA that is not newer, deletion of the SOA or of
 * the last NS of the apex; DELETE_NAME and DELETE_RRSET at the apex spare SOA
 * and NS). EDIT_STRICT: what the rules forbid fails the whole edit with
 * ERR_RULE and a sentence that names owner, type and rule.
 */
enum edit_rules {
	EDIT_UPDATE,
	EDIT_STRICT
};

struct edit_change {
	enum edit_op op;
	const uint8_t *owner; /* at or below the apex */
	uint16_t type;
	uint16_t rdlen;
	uint32_t ttl;
	const uint8_t *rdata;
	uint8_t origin; /* enum origin for what is added; with DELETE_RR: 0 any,
			   else only an RR of that origin */
};

struct edit_limits {
	unsigned rrset_limit;	/* RRs an RRset; 0: none */
	unsigned types_limit;	/* RRsets a name; 0: none */
	uint64_t journal_limit; /* octets a zone */
};

struct edit {
	const uint8_t *apex; /* lower case */
	const struct edit_change *changes;
	size_t count;
	enum edit_rules rules;
	const struct edit_limits *limits; /* NULL: none */
	uint64_t now;		 /* seconds since the epoch, for the journal */
	const uint8_t *key_name; /* who: TSIG key, NULL none */
	const uint8_t *token;	 /* kept in the journal, NULL none */
	uint8_t token_len;	 /* octets, at most JOURNAL_TOKEN_MAX */
	const char
		*who; /* who, for people: "192.168.1.7", "file lounge.zone" */
	bool force_serial; /* bump the serial even if nothing else changed */
};

struct edit_result {
	uint32_t serial;       /* after */
	size_t removed, added; /* RRs; a new TTL counts as both, the SOA's own
				  bump and a new origin as neither */
	bool spoilt; /* the store failed while writing: abort the transaction */
	struct diag diag;
};

/* RRs that an RRset may have at any moment of an edit: more never fit a
 * message (12 octets each at least). */
#define EDIT_RRSET_MAX 5461

/*
 * ERR_OK also if nothing changed (then no serial, no journal entry). The SOA's
 * serial rises by one, over 0 (RFC 1982), unless the changes brought a newer
 * SOA; one that is older is an error. A zone must keep its SOA and at least
 * one NS at the apex (EDIT_STRICT; EDIT_UPDATE passes over such deletions).
 *
 * EDIT_STRICT judges the state after the last change, so that an order of
 * removals and additions does not matter; an SOA that is added takes the place
 * of the one there. Checks, by the RFC that asks for it: CNAME alone but for
 * RRSIG, NSEC, KEY (RFC 2181 10.1, 2535, 4034); one CNAME, one DNAME, one SOA;
 * SOA only at the apex; DNAME not beside NS except at the apex (RFC 6672 2.3);
 * meta-types never; names in the zone, none at or below a label that a search
 * answers (edit_name_reserved); TTL of an RRset one for all (RFC 2181 5.2);
 * limits, where the edit makes a set larger; a footprint at `_geo` that is new
 * parses (zones/place.h). NS at wildcard owners: left to
 * the operator. Limits and what no mode can do are ERR_RULE or ERR_RANGE under
 * EDIT_UPDATE, too.
 *
 * Whose an RR is: an RR that a file brought and that somebody else adds again,
 * with the same data, becomes theirs (a later import, whose file no longer has
 * it, must not take it from the device that has registered it). In all other
 * cases an RR that is there keeps its origin, the file's addition included.
 * Where only this changed, the serial stays and the journal has an entry
 * without SOA that removes and adds the RR.
 *
 * The outside (zones/export.h) is kept in step in the same call: what the
 * changes mean for it is written with them, and counts in neither result nor
 * limits. An entry of `_export` or `_reach` that is malformed is ERR_RULE in
 * both modes.
 *
 * Needs the zone's record to exist. Cost is linear in changes and in the nodes
 * they concern. A key_name that is new to the store gets its number even if
 * the edit then fails.
 */
enum err edit_apply(struct store_txn *t, const struct edit *e,
		    struct edit_result *r);

/* An empty zone record with a fresh id, for a zone that is new; then the first
 * edit must bring SOA and NS. */
enum err edit_zone_create(struct store_txn *t, const uint8_t *apex,
			  struct diag *d);

/* Takes the zone out of the store with its outside: their records now, nodes
 * and journals by store_erase_slice(). */
enum err edit_zone_drop(struct store_txn *t, const uint8_t *apex);

/* True if name lies at or below a label _near, _in, _box or _here below the
 * apex: such names are questions, answered by a search, and hold no data. */
bool edit_name_reserved(const uint8_t *name, const uint8_t *apex);

/*
 * For large imports (zones/import.h): writes a node under z->id, an id that is
 * not in use, counting into z as edit_apply() would (the apex sets z->serial).
 * Same checks, no journal. Owners should come in canonical order. A node that
 * is there already is replaced, by an empty draft erased. Fails with nothing
 * written, or, out of the store (ERR_FULL, ERR_IO), with the transaction
 * spoilt.
 */
enum err edit_build_node(struct store_txn *t, struct zone_record *z,
			 const uint8_t *apex, const uint8_t *owner,
			 struct node_draft *draft,
			 const struct edit_limits *limits, struct diag *d);

#endif
