/*
 * The outside's share of an edit (zones/export.h): for each owner that changes
 * and is exported, the outside's node is made anew from the inside's, and what
 * differs is written by the code that writes the inside.
 *
 * An edit that touches nothing exported costs one get: the list's strings are
 * compared with the names of what changed, and only a match is read on.
 */
#include "zones/edit_internal.h"

#include "zones/edit_rules.h"
#include "zones/lookup.h"

#include <stdlib.h>
#include <string.h>

/* Changed owners that are compared with each string of the list; with more of
 * them each string is read, and its name sought among them. */
#define COMPARED_MAX 8

void
edit_outside_init(struct edit_outside *o, struct edit_work *in)
{
	memset(o, 0, sizeof(*o));
	o->in = in;
	o->w.outside = true;
	o->w.r = &o->r;
	arena_init_growing(&o->w.arena);
}

void
edit_outside_free(struct edit_outside *o)
{
	arena_free(&o->w.arena);
}

/* What failed in the outside failed for the edit as a whole. */
static enum err
failed(struct edit_outside *o, enum err err)
{
	struct edit_result *r = o->in->r;

	if (err == ERR_OK)
		return ERR_OK;
	r->diag = o->r.diag;
	if (r->diag.text[0] == '\0')
		diag_set(&r->diag, err, "%s", err_text(err));
	diag_prefix(&r->diag, "the outside");
	r->spoilt = r->spoilt || o->r.spoilt;
	return err;
}

/* --- the inside ----------------------------------------------------------- */

/* A node as it will be; n->octets NULL: there will be none. */
static enum err
inside_node(const struct edit_outside *o, const uint8_t *name, struct node *n)
{
	const struct edit_work *in = o->in;
	const struct edit_owner *there = edit_owner_there(in, name);
	enum err err;

	if (there != NULL) {
		*n = there->touched ? there->after : there->before;
		return ERR_OK;
	}
	err = lookup_node(store_txn_view(in->t), in->zone.id, in->e->apex, name,
			  n);
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* True if the changes made the node of that label below the apex another. */
static bool
list_changed(const struct edit_work *in, const char *label)
{
	size_t len = strlen(label) + 1; /* as it stands in a key */

	for (size_t i = 0; i < in->owner_count; i++) {
		const struct edit_owner *o = &in->owners[i];

		if (o->changed && o->key_len == KEY_ID_LEN + len &&
		    memcmp(o->key + KEY_ID_LEN, label, len) == 0)
			return true;
	}
	return false;
}

/* --- entries -------------------------------------------------------------- */

static enum err
entry_room(struct edit_outside *o)
{
	size_t room = o->room == 0 ? 4 : 2 * o->room;
	struct export_entry *entries;

	if (o->count < o->room)
		return ERR_OK;
	entries = arena_alloc(&o->w.arena, room * sizeof(*entries));
	if (entries == NULL)
		return edit_out_of_memory(&o->w);
	if (o->count > 0)
		memcpy(entries, o->entries, o->count * sizeof(*entries));
	o->entries = entries;
	o->room = room;
	return ERR_OK;
}

static bool
names_changed(const struct edit_work *in, const char *text, size_t len)
{
	for (size_t i = 0; i < in->owner_count; i++)
		if (in->owners[i].changed &&
		    export_entry_names(text, len, in->owners[i].name,
				       in->e->apex))
			return true;
	return false;
}

/* Takes a string of the list in, if it is well-formed and of concern. */
static enum err
entry_take(struct edit_outside *o, const char *text, size_t len)
{
	const struct edit_work *in = o->in;
	bool compare = !o->whole && in->owner_count <= COMPARED_MAX;
	const struct edit_owner *owner;
	struct export_entry *e;
	enum err err;

	if (compare && !names_changed(in, text, len))
		return ERR_OK;
	err = entry_room(o);
	if (err != ERR_OK)
		return err;
	e = &o->entries[o->count];
	if (export_entry_parse(e, text, len, in->e->apex, NULL) != ERR_OK)
		return ERR_OK;
	if (!o->whole && !compare) {
		owner = edit_owner_there(in, e->name);
		if (owner == NULL || !owner->changed)
			return ERR_OK;
	}
	o->count++;
	return ERR_OK;
}

static int
entry_order(const void *a, const void *b)
{
	const struct export_entry *x = a, *y = b;

	return name_cmp(x->name, y->name);
}

/* The list's entries, all or those for what changed, sorted by name. */
static enum err
entries_read(struct edit_outside *o)
{
	static const uint8_t label[] = "\7_export";
	uint8_t name[NAME_WIRE_MAX];
	struct export_list list = {0};
	struct node node;
	const char *text;
	size_t len;
	enum err err;

	if (name_concat(name, label, sizeof(label) - 1, o->in->e->apex) == 0)
		return ERR_OK;
	err = inside_node(o, name, &node);
	if (err != ERR_OK || !node_find(&node, RR_TXT, &list.set))
		return err;
	while (err == ERR_OK && export_list_next(&list, &text, &len))
		err = entry_take(o, text, len);
	if (o->count > 0)
		qsort(o->entries, o->count, sizeof(*o->entries), entry_order);
	return err;
}

/* Entries from `at` on for the same name. */
static size_t
entries_of_name(const struct edit_outside *o, size_t at)
{
	size_t n = 1;

	while (at + n < o->count &&
	       name_equal(o->entries[at].name, o->entries[at + n].name))
		n++;
	return n;
}

/* --- the outside's record ------------------------------------------------- */

static enum err
record_read(struct edit_outside *o)
{
	const struct edit_work *in = o->in;
	struct edit_work *w = &o->w;
	enum err err;

	w->t = in->t;
	w->key_tag = in->key_tag;
	o->e = *in->e;
	o->e.changes = NULL;
	o->e.count = 0;
	o->e.rules = EDIT_STRICT;
	o->e.token = NULL;
	o->e.token_len = 0;
	o->e.force_serial = false;
	/* it is a part of the inside, which keeps within the limits */
	o->limits.journal_limit = in->e->limits != NULL
					  ? in->e->limits->journal_limit
					  : UINT64_MAX;
	o->e.limits = &o->limits;
	w->e = &o->e;
	err = zone_outside_get(store_txn_view(w->t), w->e->apex, &w->zone);
	if (err == ERR_NOTFOUND) {
		memset(&w->zone, 0, sizeof(w->zone));
		w->zone.journal_first = 1;
		err = ERR_OK;
	}
	if (err == ERR_OK && w->zone.id != in->zone.outside_id)
		err = ERR_CORRUPT;
	return err;
}

/* Nothing is exported any more: the id goes, serial and version stay. */
static void
record_end(struct edit_outside *o)
{
	struct zone_record *z = &o->w.zone;

	if (z->id == 0)
		return;
	o->erase = z->id;
	o->put_record = true;
	*z = (struct zone_record){
		.serial = z->serial,
		.version = z->version + 1,
		.journal_first = z->version + 2,
		.loc_metres = z->loc_metres,
	};
	o->in->zone.outside_id = 0;
}

/* Something is exported, for the first time or again. */
static enum err
record_start(struct edit_outside *o)
{
	struct zone_record *z = &o->w.zone;
	enum err err;

	err = store_new_zone_id(o->w.t, &z->id);
	if (err != ERR_OK) {
		o->r.spoilt = err == ERR_IO || err == ERR_FULL;
		return err;
	}
	z->serial = z->serial == UINT32_MAX ? 1 : z->serial + 1;
	z->journal_first = z->version + 1;
	o->in->zone.outside_id = z->id;
	return ERR_OK;
}

/* --- owners --------------------------------------------------------------- */

/* The outside's node of that name is to be what the entries let out. */
static enum err
owner_make(struct edit_outside *o, const uint8_t *name,
	   const struct export_entry *entries, size_t count)
{
	struct edit_owner *owner;
	struct node inside;
	enum err err = edit_owner_find(&o->w, name, &owner);

	if (err == ERR_OK)
		err = inside_node(o, owner->name, &inside);
	if (err != ERR_OK)
		return err;
	owner->touched = true;
	owner->draft = (struct node_draft){.arena = &o->w.arena};
	return export_filter(&owner->draft, &inside, owner->name, o->e.apex,
			     entries, count, &o->policy, o->w.zone.serial);
}

/* Of each name that there are entries for, and of the apex where it is of
 * concern and there are none. */
static enum err
owners_make(struct edit_outside *o, bool apex)
{
	enum err err = ERR_OK;

	if (apex)
		err = owner_make(o, o->e.apex, NULL, 0);
	for (size_t i = 0, n; err == ERR_OK && i < o->count; i += n) {
		n = entries_of_name(o, i);
		err = owner_make(o, o->entries[i].name, o->entries + i, n);
	}
	return err;
}

/* Everything there is goes, unless owners_make() brings it back. */
static enum err
owners_clear(struct edit_outside *o)
{
	struct store_view *v = store_txn_view(o->w.t);
	uint8_t name[NAME_WIRE_MAX];
	struct edit_owner *owner;
	struct lookup_walk walk;
	struct node node;
	enum err err;

	lookup_walk_init(&walk, o->w.zone.id, o->e.apex);
	while ((err = lookup_walk_next(&walk, v, name, &node)) == ERR_OK) {
		err = edit_owner_find(&o->w, name, &owner);
		if (err != ERR_OK)
			return err;
		owner->touched = true;
		owner->draft = (struct node_draft){.arena = &o->w.arena};
	}
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err
owners_count(const struct edit_outside *o, size_t *count)
{
	struct store_view *v = store_txn_view(o->w.t);
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk walk;
	struct node node;
	enum err err;

	*count = 0;
	lookup_walk_init(&walk, o->w.zone.id, o->e.apex);
	while ((err = lookup_walk_next(&walk, v, name, &node)) == ERR_OK)
		++*count;
	return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Room for what is stored, too, where all of it is of concern. */
static enum err
owners_begin(struct edit_outside *o)
{
	struct edit_owner *apex;
	size_t stored = 0;
	enum err err = ERR_OK;

	if (o->whole)
		err = owners_count(o, &stored);
	if (err == ERR_OK)
		err = edit_owners_alloc(&o->w, stored + o->count + 1);
	return err == ERR_OK ? edit_owner_find(&o->w, o->e.apex, &apex) : err;
}

/* --- the whole ------------------------------------------------------------ */

/* The names that are of concern, and no others. */
static enum err
make_some(struct edit_outside *o)
{
	enum err err = record_read(o);

	o->policy.loc_metres = o->w.zone.loc_metres;
	if (err == ERR_OK)
		err = owners_begin(o);
	if (err == ERR_OK)
		err = owners_make(o, o->in->owners[0].changed);
	return err == ERR_OK ? edit_settle(&o->w) : err;
}

/* What is kept beside the zone: without it changing, it is written alone. */
static void
settle_record(struct edit_outside *o)
{
	struct zone_record *z = &o->w.zone;
	uint8_t spaces = 0;

	for (size_t i = 0; i < o->count; i++)
		spaces |= o->entries[i].spaces;
	if (z->export_spaces != spaces || z->loc_metres != o->policy.loc_metres)
		o->put_record = true;
	z->export_spaces = spaces;
	z->loc_metres = o->policy.loc_metres;
}

static bool
inside_is_there(const struct edit_outside *o, enum err *err)
{
	struct node apex;
	struct rrset soa;

	*err = inside_node(o, o->in->e->apex, &apex);
	return *err == ERR_OK && node_find(&apex, RR_SOA, &soa);
}

static enum err
make_whole(struct edit_outside *o, const struct export_policy *policy)
{
	enum err err = record_read(o);

	if (err != ERR_OK)
		return err;
	o->policy.loc_metres =
		policy != NULL ? policy->loc_metres : o->w.zone.loc_metres;
	if (!inside_is_there(o, &err))
		o->count = 0;
	if (err != ERR_OK)
		return err;
	settle_record(o);
	if (o->count == 0) {
		record_end(o);
		return ERR_OK;
	}
	if (o->w.zone.id == 0)
		err = record_start(o);
	if (err == ERR_OK)
		err = owners_begin(o);
	if (err == ERR_OK)
		err = owners_clear(o);
	if (err == ERR_OK)
		err = owners_make(o, true);
	return err == ERR_OK ? edit_settle(&o->w) : err;
}

enum err
edit_outside_make(struct edit_outside *o)
{
	const struct edit_work *in = o->in;
	enum err err;

	o->touches_reach = list_changed(in, "_reach");
	o->whole = list_changed(in, "_export");
	if (!o->whole && in->zone.outside_id == 0)
		return ERR_OK;
	err = entries_read(o);
	if (err == ERR_OK && o->whole)
		err = make_whole(o, NULL);
	else if (err == ERR_OK && (o->count > 0 || in->owners[0].changed))
		err = make_some(o);
	return failed(o, err);
}

enum err
edit_outside_make_whole(struct edit_outside *o,
			const struct export_policy *policy)
{
	enum err err;

	o->whole = true;
	err = entries_read(o);
	if (err == ERR_OK)
		err = make_whole(o, policy);
	return failed(o, err);
}

enum err
edit_outside_write(struct edit_outside *o)
{
	struct store_txn *t = o->in->t;
	enum err err = ERR_OK;

	if (o->erase != 0)
		err = store_erase_later(t, o->erase);
	if (err == ERR_OK && (o->w.data_changed || o->w.origin_changed))
		err = edit_write(&o->w);
	else if (err == ERR_OK && o->put_record)
		err = zone_outside_put(t, o->in->e->apex, &o->w.zone);
	if (err == ERR_OK && o->touches_reach)
		err = export_boundary_bump(t);
	if (err != ERR_OK)
		o->r.spoilt = true;
	return failed(o, err);
}
