/* The outside as a whole: the operator's policy, and the boundary's version. */
#include "zones/edit_internal.h"

#include "zones/lookup.h"

#include <string.h>

/* --- the boundary's version ----------------------------------------------- */

#define BOUNDARY "boundary" /* row of the meta table: 8 octets */

static enum err
boundary_read(struct store_view *v, uint64_t *version)
{
	struct store_value value;
	enum err e = store_get(v, STORE_META, BOUNDARY, sizeof(BOUNDARY) - 1,
			       &value);

	*version = 0;
	if (e == ERR_OK && value.len != sizeof(*version))
		return ERR_CORRUPT;
	if (e == ERR_OK)
		*version = get64(value.octets);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

uint64_t
export_boundary_version(struct store_view *v)
{
	uint64_t version;

	return boundary_read(v, &version) == ERR_OK ? version : 0;
}

enum err
export_boundary_bump(struct store_txn *t)
{
	uint64_t version;
	uint8_t next[8];
	enum err e = boundary_read(store_txn_view(t), &version);

	if (e != ERR_OK)
		return e;
	put64(next, version + 1);
	return store_put(t, STORE_META, BOUNDARY, sizeof(BOUNDARY) - 1, next,
			 sizeof(next));
}

/* --- the whole outside ---------------------------------------------------- */

/* in has the zone's record, and no owners. */
static enum err
recompute(struct edit_work *in, const struct export_policy *policy)
{
	uint32_t id = in->zone.outside_id;
	struct edit_outside o;
	enum err e;

	edit_outside_init(&o, in);
	e = edit_outside_make_whole(&o, policy);
	if (e == ERR_OK)
		e = edit_outside_write(&o);
	if (e == ERR_OK && in->zone.outside_id != id) {
		e = zone_record_put(in->t, in->e->apex, &in->zone);
		if (e != ERR_OK)
			diag_set(&in->r->diag, e, "%s", err_text(e));
	}
	edit_outside_free(&o);
	return e;
}

enum err
export_refresh(struct store_txn *t, const uint8_t *apex,
	       const struct edit_limits *limits, uint64_t now,
	       const uint8_t *key_name, const char *who, struct diag *d)
{
	const struct edit edit = {.apex = apex,
				  .limits = limits,
				  .now = now,
				  .key_name = key_name,
				  .who = who};
	struct edit_result r = {0};
	struct edit_work in = {.t = t, .e = &edit, .r = &r};
	enum err e = zone_record_get(store_txn_view(t), apex, &in.zone);

	if (e == ERR_OK && key_name != NULL)
		e = store_key_tag(t, key_name, &in.key_tag);
	if (e != ERR_OK)
		return diag_set(d, e, "the outside: %s", err_text(e));
	e = recompute(&in, NULL);
	return e == ERR_OK ? e : diag_set(d, e, "%s", r.diag.text);
}

/* --- the policy ----------------------------------------------------------- */

/* True if the zone has a list: it may be from before there were outsides. */
static bool
has_list(struct store_view *v, uint32_t id, const uint8_t *apex)
{
	static const uint8_t label[] = "\7_export";
	uint8_t name[NAME_WIRE_MAX];
	struct node node;

	return name_concat(name, label, sizeof(label) - 1, apex) != 0 &&
	       lookup_node(v, id, apex, name, &node) == ERR_OK;
}

/* Kept for the zone that will come. */
static enum err
policy_put(struct store_txn *t, const uint8_t *apex,
	   struct zone_record *outside, const struct export_policy *p)
{
	if (outside->loc_metres == p->loc_metres)
		return ERR_OK;
	outside->loc_metres = p->loc_metres;
	return zone_outside_put(t, apex, outside);
}

enum err
export_policy_set(struct store_txn *t, const uint8_t *apex,
		  const struct export_policy *p,
		  const struct edit_limits *limits, uint64_t now,
		  struct diag *d)
{
	const struct edit edit = {.apex = apex,
				  .limits = limits,
				  .now = now,
				  .who = "placed, by its configuration"};
	struct edit_result r = {0};
	struct edit_work in = {.t = t, .e = &edit, .r = &r};
	struct zone_record outside = {.journal_first = 1};
	struct store_view *v = store_txn_view(t);
	enum err found = zone_outside_get(v, apex, &outside);
	enum err e = found;

	if (found == ERR_OK || found == ERR_NOTFOUND)
		e = zone_record_get(v, apex, &in.zone);
	if (e == ERR_NOTFOUND)
		e = policy_put(t, apex, &outside, p);
	else if (e == ERR_OK &&
		 (outside.loc_metres != p->loc_metres ||
		  (found == ERR_NOTFOUND && has_list(v, in.zone.id, apex))))
		e = recompute(&in, p);
	if (e != ERR_OK && r.diag.text[0] == '\0')
		return diag_set(d, e, "the outside: %s", err_text(e));
	return e == ERR_OK ? e : diag_set(d, e, "%s", r.diag.text);
}
