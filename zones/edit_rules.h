/*
 * What an edit may do to one node: a change applied to a draft by the rules of
 * RFC 2136 3.4.2 or strictly, and the checks that every node must pass before
 * it is written. Nothing here reads or writes the store.
 */
#ifndef PLACED_ZONES_EDIT_RULES_H
#define PLACED_ZONES_EDIT_RULES_H

#include "zones/edit.h"

/* Sentences name owner and type in front: "lamp.house. A: ...". type 0: none.
 */
enum err edit_rules_error(struct diag *d, enum err e, const uint8_t *owner,
			  uint16_t type, const char *sentence);

/* True if a label of name below the apex is one of these, each written in
 * lower case and beginning with an underscore. */
bool edit_rules_has_label(const uint8_t *name, const uint8_t *apex,
			  const char *const *labels, size_t count);

/*
 * What holds for a change by itself, whatever is stored: the owner is in the
 * zone and not reserved, what is added is of a type that can be stored, its TTL
 * and rdata are well-formed, and so are entries of `_export` and `_reach`.
 */
enum err edit_rules_form(const struct edit_change *c, const uint8_t *apex,
			 struct diag *d);

/* Applies c, which passed edit_rules_form(); meta is what an RR that c brings
 * gets. ERR_NOMEM; ERR_RANGE beyond EDIT_RRSET_MAX. */
enum err edit_rules_apply(struct node_draft *draft, bool is_apex,
			  const struct edit_change *c, enum edit_rules rules,
			  struct rr_meta meta, struct diag *d);

/* Whether a node may be written as `after`, where `before` is now; either may
 * hold nothing. limits may be NULL. */
enum err edit_rules_check(const uint8_t *owner, bool is_apex,
			  const struct node *before, const struct node *after,
			  const struct edit_limits *limits, struct diag *d);

#endif
