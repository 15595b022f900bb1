/*
 * The boundary, as records of the space itself, and the outside zone that the
 * edit keeps from them.
 *
 *   _export  TXT "NAME TYPE… [private]"    this owner's RRsets of these types
 *   _reach   TXT "NAME"                    this name and all below it
 *
 * NAME is relative to the apex without a final dot ("speaker", "@" for the
 * apex), or absolute with one. Each character-string of each TXT is one entry;
 * entries for the same name add up, `private` holding for its own entry's
 * types. A name is that of an owner, as it stands in the zone: "*.desk" is the
 * wildcard and nothing that it would answer. `to=` is reserved. Exporting
 * `_near`, `_in`, `_box` or `_here` (type PTR or TXT) lets the outside ask
 * these questions of what the outside has.
 *
 *   inside zone, id 7                     outside zone, id 9
 *     @        SOA 42 NS … TXT              @        SOA 5 NS …
 *     speaker  A 192.168.1.7 AAAA SRV   →   speaker  AAAA SRV
 *     desk     LOC                          (nothing)
 *     _export  "speaker A AAAA SRV"         (never)
 *
 * The outside zone is a zone like any other: nodes under an id of its own, a
 * record, a serial and a journal of its own, which move only when it changes.
 * Its first serial is 1: the inside's would tell how much goes on there. Of its
 * RRs nothing is kept but TTL and data: whose they are, the inside knows. Apex
 * SOA (with the outside's serial) and NS are always in it. What is private
 * (A: RFC 1918, 6598, 3927, loopback; AAAA: ULA, link-local, loopback and
 * v4-mapped of these; SVCB and HTTPS with such hints; EUI48, EUI64; anything at
 * or below a label _ble, _zigbee, _lora, _wifi, _dtmf) is left out, RR by RR,
 * without `private`. LOC is rounded to `loc_metres`, and then `_geo` (the
 * footprint about it) and GPOS are left out. Nothing at or below a label
 * _export, _reach or _cover can be exported.
 *
 * The edit keeps it: of each owner that it changes, the outside's node after is
 * the inside's node after, filtered (export_filter()), written in the same
 * transaction. An edit of `_export` does so for all names of the outside.
 *
 * What is in the lists is checked when it is added (export_check()); what a
 * store holds from before may be malformed, and then exports nothing.
 */
#ifndef PLACED_ZONES_EXPORT_H
#define PLACED_ZONES_EXPORT_H

#include "lib/base.h"
#include "lib/name.h"
#include "zones/edit.h"
#include "zones/store.h"

#define EXPORT_TYPES_MAX 32

/* Searches that may be exported: bits of zone_record.export_spaces, in the
 * order of enum space_kind. */
enum export_space {
	EXPORT_NEAR = 0x01,
	EXPORT_IN = 0x02,
	EXPORT_BOX = 0x04,
	EXPORT_HERE = 0x08,
	EXPORT_TXT = 4, /* these are for PTR; shifted by so many: for TXT */
};

struct export_entry {
	uint8_t name[NAME_WIRE_MAX];	  /* lower case, absolute */
	uint16_t types[EXPORT_TYPES_MAX]; /* any order */
	unsigned type_count;
	bool private_ok;
	uint8_t spaces; /* enum export_space if the name is a search's, else 0
			 */
};

/* One character-string. ERR_SYNTAX, ERR_RANGE or ERR_RULE with a sentence that
 * says which word is wrong and what would be right. */
enum err export_entry_parse(struct export_entry *e, const char *text,
			    size_t len, const uint8_t *apex, struct diag *d);

/* True if the first word of the string is this name, at or below the apex: as
 * export_entry_parse() would have it, without reading on. */
bool export_entry_names(const char *text, size_t len, const uint8_t *name,
			const uint8_t *apex);

/* As it is best written, types in order; dst has EXPORT_TEXT_MAX octets. NULL
 * if that is more than a character-string holds. */
#define EXPORT_TEXT_MAX 256
const char *export_entry_text(char *dst, const struct export_entry *e,
			      const uint8_t *apex);

/* A `_reach` entry: a name; the root is ERR_RULE (only the configuration may).
 */
enum err reach_entry_parse(uint8_t *name, const char *text, size_t len,
			   struct diag *d);

/* The strings of a list's TXT RRset in turn: set list->set, the rest zero.
 * False at the end. They are not terminated. */
struct export_list {
	struct rrset set;
	size_t at;
	const uint8_t *rdata; /* what is left of the RR */
	uint16_t left;
};
bool export_list_next(struct export_list *list, const char **text, size_t *len);

/* What may be added at an owner, wherever it is in the zone: at a list, TXT of
 * well-formed entries alone, and below one nothing. ERR_RULE. */
enum err export_check(const uint8_t *owner, const uint8_t *apex, uint16_t type,
		      const uint8_t *rdata, size_t rdlen, struct diag *d);

/* What the operator sets, kept in the store beside the outside's record. */
struct export_policy {
	uint32_t loc_metres; /* 0: as it is */
};

/*
 * Puts the policy in force: recomputes the outside if it differs from the
 * store's, or if the store is from before there were outsides. One transaction
 * of the writer's, for each zone of the configuration; at start, before any
 * zone is seeded, and at reload. The zone need not be there yet: what is
 * imported later finds the policy. After an error the transaction must be
 * aborted.
 */
enum err export_policy_set(struct store_txn *t, const uint8_t *apex,
			   const struct export_policy *p,
			   const struct edit_limits *limits, uint64_t now,
			   struct diag *d);

/* Recomputes the whole outside from the lists and the inside (after an import
 * that was built beside the zone). After an error the transaction must be
 * aborted. */
enum err export_refresh(struct store_txn *t, const uint8_t *apex,
			const struct edit_limits *limits, uint64_t now,
			const uint8_t *key_name, const char *who,
			struct diag *d);

/* --- the filter ------------------------------------------------------------
 */

/* Whether an RR is private by its type and data. rdata that cannot be read is.
 */
bool export_is_private(uint16_t type, const uint8_t *rdata, size_t len);

/* Whether all at that owner is: a radio's address, a network's name. */
bool export_name_is_private(const uint8_t *owner, const uint8_t *apex);

/* A LOC on a grid of so many metres, coarse in size and precision too; 0 leaves
 * it as it is. False: it cannot be read. */
bool export_round_loc(uint8_t dst[16], const uint8_t *rdata, size_t len,
		      uint32_t metres);

/* What the outside has of an inside's node by these entries, all of this
 * owner's name. The apex always has its NS and SOA, with this serial.
 * ERR_NOMEM.
 */
enum err export_filter(struct node_draft *draft, const struct node *inside,
		       const uint8_t *owner, const uint8_t *apex,
		       const struct export_entry *entries, size_t count,
		       const struct export_policy *p, uint32_t serial);

/* --- the boundary's version ------------------------------------------------
 */

/* A number that changes with every edit that touches a `_reach` list, and when
 * a zone comes, goes, or is imported anew. 0: never, or the store cannot be
 * read. */
uint64_t export_boundary_version(struct store_view *v);
enum err export_boundary_bump(struct store_txn *t);

#endif
