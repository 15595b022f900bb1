#include "resolver/reach.h"

#include "lib/name.h"
#include "lib/rr.h"
#include "zones/export.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <stdlib.h>
#include <string.h>

/* A name, and one of those that have it; others follow in the chain. */
struct entry {
	uint32_t name; /* place in names */
	uint32_t zone;
	uint32_t next; /* of the same name; index + 1, 0: none */
};

struct table {
	struct entry *entries;
	size_t count, room;
	uint8_t *names; /* lower case, one behind the other */
	size_t names_len, names_room;
	uint32_t *slots; /* by name_hash(): first entry of a name + 1 */
	uint32_t slot_count;
	unsigned depth_max; /* most labels of any name */
};

struct reach {
	const struct conf *conf;
	bool fresh;	  /* version says what the table is */
	uint64_t version; /* export_boundary_version() */
	uint64_t number;  /* snapshot that was looked at last; 0: none */
	struct table table;
};

/* --- the table -------------------------------------------------------------
 */

static void
table_free(struct table *t)
{
	free(t->entries);
	free(t->names);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

/* Where the name's first entry is told, or would be. */
static uint32_t *
table_slot(const struct table *t, const uint8_t *name)
{
	uint32_t mask = t->slot_count - 1;
	uint32_t at = (uint32_t)name_hash(name) & mask;

	for (; t->slots[at] != 0; at = (at + 1) & mask) {
		const struct entry *e = &t->entries[t->slots[at] - 1];

		if (name_equal(t->names + e->name, name))
			break;
	}
	return &t->slots[at];
}

/* Slots for twice as many entries as there are now. */
static bool
table_rehash(struct table *t)
{
	uint32_t count = t->slot_count > 0 ? 2 * t->slot_count : 64;
	uint32_t *slots = calloc(count, sizeof(*slots));
	uint32_t *old = t->slots;

	if (slots == NULL)
		return false;
	t->slots = slots;
	for (uint32_t i = 0, n = t->slot_count; i < n; i++) {
		uint32_t at;

		if (old[i] == 0)
			continue;
		at = (uint32_t)name_hash(t->names +
					 t->entries[old[i] - 1].name) &
		     (count - 1);
		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = old[i];
	}
	t->slot_count = count;
	free(old);
	return true;
}

static bool
grow(void **p, size_t *room, size_t need, size_t size)
{
	size_t more = *room > 0 ? *room : 64;
	void *q;

	if (need <= *room)
		return true;
	while (more < need)
		more *= 2;
	q = realloc(*p, more * size);
	if (q == NULL)
		return false;
	*p = q;
	*room = more;
	return true;
}

static bool
table_room(struct table *t)
{
	void *entries = t->entries, *names = t->names;
	bool whole =
		grow(&entries, &t->room, t->count + 1, sizeof(*t->entries));

	t->entries = entries;
	whole = whole &&
		grow(&names, &t->names_room, t->names_len + NAME_WIRE_MAX, 1);
	t->names = names;
	return whole &&
	       (2 * (t->count + 1) <= t->slot_count || table_rehash(t));
}

/* True also if the zone has the name already. */
static bool
table_add(struct table *t, const uint8_t *name, uint32_t zone)
{
	uint32_t *slot;
	struct entry *e;

	if (!table_room(t))
		return false;
	slot = table_slot(t, name);
	for (uint32_t i = *slot; i != 0; i = t->entries[i - 1].next)
		if (t->entries[i - 1].zone == zone)
			return true;
	e = &t->entries[t->count++];
	e->zone = zone;
	e->next = *slot;
	if (*slot != 0) {
		e->name = t->entries[*slot - 1].name;
	} else {
		e->name = (uint32_t)t->names_len;
		t->names_len += name_lower(t->names + t->names_len, name);
		if (name_labels(name) > t->depth_max)
			t->depth_max = name_labels(name);
	}
	*slot = (uint32_t)t->count;
	return true;
}

/* --- from the store --------------------------------------------------------
 */

/* What the strings of one zone's _reach say. What cannot be read reaches
 * nothing: it was refused when it was written, or is older than that. */
static bool
table_add_list(struct table *t, const struct node *n, uint32_t zone)
{
	struct export_list list = {.at = 0};
	uint8_t name[NAME_WIRE_MAX];
	const char *text;
	size_t len;

	if (!node_find(n, RR_TXT, &list.set))
		return true;
	while (export_list_next(&list, &text, &len))
		if (reach_entry_parse(name, text, len, NULL) == ERR_OK &&
		    !table_add(t, name, zone))
			return false;
	return true;
}

static enum err
table_add_zone(struct table *t, struct store_view *v, const uint8_t *apex,
	       uint32_t zone)
{
	static const uint8_t label[] = {6, '_', 'r', 'e', 'a', 'c', 'h'};
	uint8_t owner[NAME_WIRE_MAX];
	struct zone_record record;
	struct node n;
	enum err e = zone_record_get(v, apex, &record);

	if (e != ERR_OK || name_concat(owner, label, sizeof(label), apex) == 0)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	e = lookup_node(v, record.id, apex, owner, &n);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	return table_add_list(t, &n, zone) ? ERR_OK : ERR_NOMEM;
}

static enum err
table_read(struct table *t, const struct conf *conf, struct store_view *v)
{
	const struct conf_names *own = &conf->uplink.reach;
	enum err e = ERR_OK;

	for (size_t i = 0; i < own->count; i++)
		if (!table_add(t, own->names[i], REACH_CONF))
			return ERR_NOMEM;
	for (size_t i = 0; i < conf->zone_count && e == ERR_OK; i++)
		e = table_add_zone(t, v, conf->zones[i].apex, (uint32_t)i);
	return e;
}

/* --- for everybody ---------------------------------------------------------
 */

struct reach *
reach_new(const struct conf *conf)
{
	struct reach *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->conf = conf;
	return r;
}

void
reach_free(struct reach *r)
{
	if (r == NULL)
		return;
	table_free(&r->table);
	free(r);
}

enum err
reach_refresh(struct reach *r, struct store_view *v)
{
	uint64_t number = store_view_number(v), version;
	struct table made = {.count = 0};
	enum err e;

	if (number != 0 && number == r->number)
		return ERR_OK;
	version = export_boundary_version(v);
	/* 0 may also mean that the store cannot be read: table_read() tells. */
	if (!r->fresh || version != r->version) {
		e = table_read(&made, r->conf, v);
		if (e != ERR_OK) {
			table_free(&made);
			return e;
		}
		table_free(&r->table);
		r->table = made;
		r->version = version;
		r->fresh = true;
	}
	r->number = number;
	return ERR_OK;
}

bool
reach_covers(const struct reach *r, const uint8_t *name, reach_fn *fn,
	     void *arg)
{
	const struct table *t = &r->table;
	unsigned labels = name_labels(name);

	if (t->count == 0)
		return false;
	if (labels > t->depth_max) {
		name = name_skip(name, labels - t->depth_max);
		labels = t->depth_max;
	}
	for (;; name += 1 + name[0], labels--) {
		uint32_t i = *table_slot(t, name);

		for (; i != 0; i = t->entries[i - 1].next) {
			const struct entry *e = &t->entries[i - 1];

			if (fn(arg, e->zone, t->names + e->name))
				return true;
		}
		if (labels == 0)
			return false;
	}
}

size_t
reach_count(const struct reach *r)
{
	return r->table.count;
}

uint64_t
reach_version(const struct reach *r)
{
	return r->version;
}
