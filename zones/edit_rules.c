#include "zones/edit_rules.h"

#include "zones/export.h"
#include "zones/space_question.h"

#include <string.h>

enum err
edit_rules_error(struct diag *d, enum err e, const uint8_t *owner,
		 uint16_t type, const char *sentence)
{
	char name[NAME_TEXT_MAX], text[RR_TYPE_TEXT_MAX];

	name_to_text(name, owner);
	if (type == 0)
		return diag_set(d, e, "%.255s: %s", name, sentence);
	return diag_set(d, e, "%.255s %s: %s", name,
			rr_type_to_text(text, type), sentence);
}

static bool
label_equal(const uint8_t *label, const char *text)
{
	if (label[0] != strlen(text))
		return false;
	for (unsigned i = 0; i < label[0]; i++)
		if (name_lower_octet(label[1 + i]) != (uint8_t)text[i])
			return false;
	return true;
}

bool
edit_rules_has_label(const uint8_t *name, const uint8_t *apex,
		     const char *const *labels, size_t count)
{
	unsigned below = name_labels(name) - name_labels(apex);

	for (; below > 0; below--, name += 1 + name[0]) {
		if (name[1] != '_')
			continue;
		for (size_t i = 0; i < count; i++)
			if (label_equal(name, labels[i]))
				return true;
	}
	return false;
}

bool
edit_name_reserved(const uint8_t *name, const uint8_t *apex)
{
	return space_name_reserved(name, apex);
}

/* A sentence about what a list cannot hold, with owner and type in front. */
static enum err
form_list(const struct edit_change *c, const uint8_t *apex, struct diag *d)
{
	struct diag why;
	enum err err =
		export_check(c->owner, apex, c->type, c->rdata, c->rdlen, &why);

	if (err != ERR_OK)
		return edit_rules_error(d, err, c->owner, c->type, why.text);
	return ERR_OK;
}

enum err
edit_rules_form(const struct edit_change *c, const uint8_t *apex,
		struct diag *d)
{
	if (!name_at_or_below(c->owner, apex))
		return edit_rules_error(d, ERR_RULE, c->owner, c->type,
					"not in the zone");
	if (c->op == EDIT_DELETE_RRSET || c->op == EDIT_DELETE_NAME)
		return ERR_OK;
	if (!rr_rdata_valid(c->type, c->rdata, c->rdlen))
		return edit_rules_error(d, ERR_RANGE, c->owner, c->type,
					"malformed rdata");
	if (c->op == EDIT_DELETE_RR)
		return ERR_OK;
	if (edit_name_reserved(c->owner, apex))
		return edit_rules_error(d, ERR_RULE, c->owner, c->type,
					"the name is answered by a search and "
					"holds no data");
	if (rr_type_is_meta(c->type))
		return edit_rules_error(d, ERR_RULE, c->owner, c->type,
					"a meta-type is never stored");
	if (c->ttl > INT32_MAX)
		return edit_rules_error(d, ERR_RANGE, c->owner, c->type,
					"TTL over 2147483647 (RFC 2181 8)");
	return form_list(c, apex, d);
}

/* RFC 2181 10.1 allows the types of DNSSEC beside a CNAME; KEY by RFC 2535 and
 * 3007, for claims. */
static bool
may_stand_beside_cname(uint16_t type)
{
	return type == RR_CNAME || type == RR_RRSIG || type == RR_NSEC ||
	       type == RR_KEY;
}

static bool
draft_has_data(const struct node_draft *draft)
{
	for (unsigned i = 0; i < draft->count; i++)
		if (!may_stand_beside_cname(draft->sets[i].type))
			return true;
	return false;
}

/* RFC 2136 3.4.2.2: only where an SOA is, and only a newer one. */
static bool
soa_is_newer(const struct node_draft *draft, const struct edit_change *c)
{
	const struct node_rrset *soa = node_draft_find(draft, RR_SOA);

	return soa != NULL && rr_serial_after(rr_soa_serial(c->rdata, c->rdlen),
					      rr_soa_serial(soa->rrs[0].rdata,
							    soa->rrs[0].rdlen));
}

/* RFC 2136 3.4.2.2, RFC 6672 2.3 and 5.2, RFC 4035 2.4: additions that an
 * update may ask for in vain. */
static bool
add_is_passed_over(const struct node_draft *draft, bool is_apex,
		   const struct edit_change *c)
{
	switch (c->type) {
	case RR_SOA:
		return !is_apex || !soa_is_newer(draft, c);
	case RR_CNAME:
		return draft_has_data(draft);
	case RR_DS:
		if (is_apex)
			return true;
		break;
	case RR_DNAME:
		if (!is_apex && node_draft_find(draft, RR_NS) != NULL)
			return true;
		break;
	case RR_NS:
		if (!is_apex && node_draft_find(draft, RR_DNAME) != NULL)
			return true;
		break;
	default:
		break;
	}
	return !may_stand_beside_cname(c->type) &&
	       node_draft_find(draft, RR_CNAME) != NULL;
}

static bool
add_replaces(uint16_t type, enum edit_rules rules)
{
	return type == RR_SOA ||
	       (rules == EDIT_UPDATE && rr_type_is_singleton(type));
}

static enum err
apply_add(struct node_draft *draft, const struct edit_change *c,
	  enum edit_rules rules, struct rr_meta meta, struct diag *d)
{
	struct node_rrset *set = node_draft_find(draft, c->type);
	enum err err;
	int i = -1;

	if (set != NULL)
		i = node_rrset_index(set, c->rdata, c->rdlen);
	if (i >= 0) {
		set->ttl = c->ttl;
		if (set->rrs[i].meta.origin == ORIGIN_FILE &&
		    meta.origin != ORIGIN_FILE)
			set->rrs[i].meta = meta;
		return ERR_OK;
	}
	if (set != NULL && add_replaces(c->type, rules)) {
		node_draft_remove_set(draft, set);
		set = NULL;
	}
	if (set != NULL && set->count >= EDIT_RRSET_MAX)
		return edit_rules_error(d, ERR_RANGE, c->owner, c->type,
					"more RRs than fit a message");
	err = node_draft_add(draft, c->type, c->ttl, c->rdata, c->rdlen, meta);
	if (err != ERR_OK)
		return diag_set(d, err, "%s", err_text(err));
	node_draft_find(draft, c->type)->ttl = c->ttl;
	return ERR_OK;
}

static void
apply_delete_rr(struct node_draft *draft, bool is_apex,
		const struct edit_change *c, enum edit_rules rules)
{
	struct node_rrset *set = node_draft_find(draft, c->type);
	int i;

	if (set == NULL)
		return;
	if (rules == EDIT_UPDATE && is_apex &&
	    (c->type == RR_SOA || (c->type == RR_NS && set->count == 1)))
		return;
	i = node_rrset_index(set, c->rdata, c->rdlen);
	if (i < 0 || (c->origin != 0 && set->rrs[i].meta.origin != c->origin))
		return;
	node_draft_remove(draft, set, (unsigned)i);
}

static void
apply_delete_name(struct node_draft *draft, bool spare)
{
	for (unsigned i = draft->count; i-- > 0;) {
		struct node_rrset *set = &draft->sets[i];

		if (spare && (set->type == RR_SOA || set->type == RR_NS))
			continue;
		node_draft_remove_set(draft, set);
	}
}

enum err
edit_rules_apply(struct node_draft *draft, bool is_apex,
		 const struct edit_change *c, enum edit_rules rules,
		 struct rr_meta meta, struct diag *d)
{
	/* RFC 2136 3.4.2.3: what a zone cannot be without */
	bool spare = rules == EDIT_UPDATE && is_apex;
	struct node_rrset *set;

	switch (c->op) {
	case EDIT_ADD:
		if (rules == EDIT_UPDATE &&
		    add_is_passed_over(draft, is_apex, c))
			return ERR_OK;
		return apply_add(draft, c, rules, meta, d);
	case EDIT_DELETE_RR:
		apply_delete_rr(draft, is_apex, c, rules);
		break;
	case EDIT_DELETE_RRSET:
		set = node_draft_find(draft, c->type);
		if (set != NULL &&
		    !(spare && (c->type == RR_SOA || c->type == RR_NS)))
			node_draft_remove_set(draft, set);
		break;
	case EDIT_DELETE_NAME:
		apply_delete_name(draft, spare);
		break;
	}
	return ERR_OK;
}

static bool
node_has(const struct node *n, uint16_t type)
{
	struct rrset set;

	return node_find(n, type, &set);
}

/* A limit holds for what grows; a set that was larger before may shrink. */
static bool
exceeds(unsigned limit, unsigned before, unsigned after)
{
	return limit != 0 && after > limit && after > before;
}

static enum err
check_set(const uint8_t *owner, bool is_apex, const struct node *before,
	  const struct rrset *set, const struct edit_limits *limits,
	  struct diag *d)
{
	struct rrset old;
	const char *wrong = NULL;

	if (rr_type_is_meta(set->type))
		wrong = "a meta-type is never stored";
	else if (set->type == RR_SOA && !is_apex)
		wrong = "an SOA belongs to the apex alone";
	else if (set->type == RR_DS && is_apex)
		wrong = "it belongs to the zone above (RFC 4035 2.4)";
	else if (set->count > 1 && rr_type_is_singleton(set->type))
		wrong = "there can be only one at a name";
	if (wrong != NULL)
		return edit_rules_error(d, ERR_RULE, owner, set->type, wrong);
	if (limits == NULL)
		return ERR_OK;
	if (!node_find(before, set->type, &old))
		old.count = 0;
	if (exceeds(limits->rrset_limit, old.count, set->count))
		return edit_rules_error(d, ERR_RULE, owner, set->type,
					"more RRs than rrset-limit allows");
	return ERR_OK;
}

enum err
edit_rules_check(const uint8_t *owner, bool is_apex, const struct node *before,
		 const struct node *after, const struct edit_limits *limits,
		 struct diag *d)
{
	bool cname = node_has(after, RR_CNAME);
	struct rrset set;
	size_t at = 0;
	enum err err;

	while (node_next(after, &at, &set)) {
		err = check_set(owner, is_apex, before, &set, limits, d);
		if (err != ERR_OK)
			return err;
		if (cname && !may_stand_beside_cname(set.type))
			return edit_rules_error(
				d, ERR_RULE, owner, set.type,
				"no other data beside a CNAME (RFC 2181 10.1)");
	}
	if (is_apex && !node_has(after, RR_SOA))
		return edit_rules_error(d, ERR_RULE, owner, RR_SOA,
					"a zone must have one at its apex");
	if (is_apex && !node_has(after, RR_NS))
		return edit_rules_error(d, ERR_RULE, owner, RR_NS,
					"a zone must have one at its apex");
	if (!is_apex && node_has(after, RR_DNAME) && node_has(after, RR_NS))
		return edit_rules_error(
			d, ERR_RULE, owner, RR_DNAME,
			"not beside NS but at the apex (RFC 6672 2.3)");
	if (limits != NULL &&
	    exceeds(limits->types_limit, before->count, after->count))
		return edit_rules_error(d, ERR_RULE, owner, 0,
					"more types than types-limit allows");
	return ERR_OK;
}
