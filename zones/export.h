/*
 * The boundary, as records of the space itself, and the outside zone that the
 * edit keeps from them.
 *
 *   _export  TXT "NAME TYPE… [private]"    this owner's RRsets of these types
 *   _reach   TXT "NAME"                    this name and all below it
 *
 * NAME is relative to the apex without a final dot ("speaker", "@" for the
 * apex), or absolute with one. Each character-string of each TXT is one entry.
 * `to=` is reserved. Exporting `_near`, `_in`, `_box` or `_here` (type PTR or
 * TXT) lets the outside ask these questions of what the outside has.
 *
 *   inside zone, id 7                     outside zone, id 9
 *     @        SOA 42 NS … TXT              @        SOA 5 NS …
 *     speaker  A 192.168.1.7 AAAA SRV   →   speaker  AAAA SRV
 *     desk     LOC                          (nothing)
 *     _export  "speaker A AAAA SRV"         (never)
 *
 * The outside zone is a zone like any other: nodes under an id of its own, a
 * record, a serial and a journal of its own, which move only when it changes.
 * Apex SOA (with the outside's serial) and NS are always in it. What is private
 * (A: RFC 1918, 6598, 3927, loopback; AAAA: ULA, link-local, loopback and
 * v4-mapped of these; SVCB and HTTPS with such hints; EUI48, EUI64; anything at
 * or below a label _ble, _zigbee, _lora, _wifi, _dtmf) is left out, RR by RR,
 * without `private`. LOC is rounded to `loc_metres`, and then `_geo` (the
 * footprint about it) is left out. Nothing at or below _export, _reach and
 * _cover can be exported.
 */
#ifndef PLACED_ZONES_EXPORT_H
#define PLACED_ZONES_EXPORT_H

#include "lib/base.h"
#include "lib/name.h"
#include "zones/edit.h"
#include "zones/store.h"

#define EXPORT_TYPES_MAX 32

struct export_entry {
	uint8_t name[NAME_WIRE_MAX]; /* lower case, absolute */
	uint16_t types[EXPORT_TYPES_MAX]; /* any order */
	unsigned type_count;
	bool private_ok;
};

/* One character-string. ERR_SYNTAX, ERR_RANGE or ERR_RULE with a sentence that
 * says which word is wrong and what would be right. */
enum err export_entry_parse(struct export_entry *e, const char *text, size_t len,
			    const uint8_t *apex, struct diag *d);
/* As it is best written; dst has EXPORT_TEXT_MAX octets. */
#define EXPORT_TEXT_MAX 256
const char *export_entry_text(char *dst, const struct export_entry *e,
			      const uint8_t *apex);

/* A `_reach` entry: a name; the root is ERR_RULE (only the configuration may). */
enum err reach_entry_parse(uint8_t *name, const char *text, size_t len,
			   struct diag *d);

/* True if owner is `_export` or `_reach` of the apex; edit_rules asks
 * export_check() about what is to be written there. Other types than TXT are
 * refused there, and anything below. */
bool export_is_list(const uint8_t *owner, const uint8_t *apex);
enum err export_check(const uint8_t *owner, const uint8_t *apex,
		      const struct node *after, struct diag *d);

/* What the operator sets, kept in the store beside the outside's record. */
struct export_policy {
	uint32_t loc_metres; /* 0: as it is */
};

/* Puts the policy in force: recomputes the outside if it differs from the
 * store's. One transaction of the writer's; at start and at reload. */
enum err export_policy_set(struct store_txn *t, const uint8_t *apex,
			   const struct export_policy *p,
			   const struct edit_limits *limits, uint64_t now,
			   struct diag *d);

/* Recomputes the whole outside from the lists and the inside (after an import
 * that was built beside the zone). */
enum err export_refresh(struct store_txn *t, const uint8_t *apex,
			const struct edit_limits *limits, uint64_t now,
			const uint8_t *key_name, const char *who,
			struct diag *d);

/* A number that changes with every edit that touches a `_reach` list, and when
 * a zone comes or goes. */
uint64_t export_boundary_version(struct store_view *v);

#endif
