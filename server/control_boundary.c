/*
 * What the lists of the boundary hold (zones/export.h), and changes to them. A
 * change is an edit of the zone, made by the writer as those of devices are:
 * checked by the same rules, in the journal, in force when it is acknowledged.
 */
#include "server/control_boundary.h"

#include "lib/arena.h"
#include "lib/log.h"
#include "zones/export.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const list_words[] = {"export", "reach"};

/* False: the apex is too long to have one. */
static bool
list_owner(uint8_t *owner, enum boundary_list list, const uint8_t *apex)
{
	static const uint8_t labels[][8] = {
		{7, '_', 'e', 'x', 'p', 'o', 'r', 't'},
		{6, '_', 'r', 'e', 'a', 'c', 'h', 0}};

	return name_concat(owner, labels[list], 1u + labels[list][0], apex) > 0;
}

enum err
boundary_find(struct store_view *v, uint32_t id, const uint8_t *apex,
	      enum boundary_list list, struct rrset *set)
{
	uint8_t owner[NAME_WIRE_MAX];
	struct node n;
	enum err e;

	if (!list_owner(owner, list, apex))
		return ERR_NOTFOUND;
	e = lookup_node(v, id, apex, owner, &n);
	if (e != ERR_OK)
		return e;
	return node_find(&n, RR_TXT, set) ? ERR_OK : ERR_NOTFOUND;
}

bool
boundary_names_it(enum boundary_list list, const char *text, size_t len,
		  const uint8_t *name, const uint8_t *apex)
{
	uint8_t read[NAME_WIRE_MAX];

	if (list == BOUNDARY_EXPORT)
		return export_entry_names(text, len, name, apex);
	return reach_entry_parse(read, text, len, NULL) == ERR_OK &&
	       name_equal(read, name);
}

bool
boundary_entry_add(struct export_entry *e, uint16_t type)
{
	for (unsigned i = 0; i < e->type_count; i++)
		if (e->types[i] == type)
			return true;
	if (e->type_count == EXPORT_TYPES_MAX)
		return false;
	e->types[e->type_count++] = type;
	return true;
}

void
boundary_exported(struct store_view *v, uint32_t id, const uint8_t *apex,
		  const uint8_t *name, struct export_entry *sum)
{
	struct export_list entries = {.at = 0};
	struct export_entry e;
	const char *text;
	size_t len;

	memset(sum, 0, sizeof(*sum));
	name_lower(sum->name, name);
	if (boundary_find(v, id, apex, BOUNDARY_EXPORT, &entries.set) != ERR_OK)
		return;
	while (export_list_next(&entries, &text, &len)) {
		if (!export_entry_names(text, len, name, apex) ||
		    export_entry_parse(&e, text, len, apex, NULL) != ERR_OK)
			continue;
		for (unsigned i = 0; i < e.type_count; i++)
			boundary_entry_add(sum, e.types[i]);
		sum->private_ok = sum->private_ok || e.private_ok;
	}
}

/* --- zones ----------------------------------------------------------------
 */

bool
boundary_is_reverse(const uint8_t *apex)
{
	static const uint8_t v4[] = "\7in-addr\4arpa", v6[] = "\3ip6\4arpa";

	return name_at_or_below(apex, v4) || name_at_or_below(apex, v6);
}

void
boundary_names_add(struct boundary_names *l, const uint8_t *name)
{
	char text[NAME_TEXT_MAX];
	size_t len = name_to_text(text, name), room = sizeof(l->text) - l->len;
	int n;

	l->count++;
	if (len + sizeof(", , …") > room)
		return;
	n = snprintf(l->text + l->len, room, "%s%s", l->len > 0 ? ", " : "",
		     text);
	l->len += (size_t)n;
}

enum err
boundary_zone(struct control_talk *t, const json_t *args, int *zone,
	      struct diag *d)
{
	uint8_t apex[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	enum err e = control_arg_name(args, "zone", apex, d);

	if (e != ERR_OK)
		return e;
	*zone = served_exact(t->served, apex);
	if (*zone >= 0)
		return ERR_OK;
	name_to_text(text, apex);
	return diag_set(d, ERR_NOTFOUND,
			"zone %s is not served here; placectl zones lists "
			"those that are",
			text);
}

static enum err
zone_read(struct store_view *v, const uint8_t *apex, struct zone_record *z,
	  struct diag *d)
{
	enum err e = zone_record_get(v, apex, z);
	char text[NAME_TEXT_MAX];

	if (e == ERR_OK)
		return e;
	name_to_text(text, apex);
	if (e == ERR_NOTFOUND)
		return diag_set(d, e,
				"zone %s is configured but not in the store "
				"yet; placectl zones tells when it is",
				text);
	return diag_set(d, e, "zone %s cannot be read: %s", text, err_text(e));
}

/* --- list -----------------------------------------------------------------
 */

static json_t *
types_item(const uint16_t *types, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, control_json_type(types[i]));
	return list;
}

json_t *
boundary_string(const char *text, size_t len)
{
	char copy[256];

	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (copy[i] == '\0')
			copy[i] = '?';
	return control_json_text(copy);
}

static json_t *
export_item(const uint8_t *apex, const char *text, size_t len)
{
	json_t *item = json_pack("{s:o}", "zone", control_json_name(apex));
	struct export_entry entry;
	struct diag d = {""};

	json_object_set_new(item, "entry", boundary_string(text, len));
	if (export_entry_parse(&entry, text, len, apex, &d) != ERR_OK) {
		json_object_set_new(item, "error", control_json_text(d.text));
		return item;
	}
	json_object_set_new(item, "name", control_json_name(entry.name));
	json_object_set_new(item, "types",
			    types_item(entry.types, entry.type_count));
	json_object_set_new(item, "private", json_boolean(entry.private_ok));
	return item;
}

static json_t *
reach_item(const uint8_t *apex, const char *text, size_t len)
{
	json_t *item = json_pack("{s:o}", "zone", control_json_name(apex));
	uint8_t name[NAME_WIRE_MAX];
	struct diag d = {""};

	json_object_set_new(item, "entry", boundary_string(text, len));
	if (reach_entry_parse(name, text, len, &d) != ERR_OK)
		json_object_set_new(item, "error", control_json_text(d.text));
	else
		json_object_set_new(item, "name", control_json_name(name));
	return item;
}

static enum err
list_zone(struct control_talk *t, enum boundary_list list, const uint8_t *apex,
	  struct diag *d)
{
	struct export_list entries = {.at = 0};
	struct zone_record z;
	const char *text;
	size_t len;
	enum err e = zone_record_get(t->view, apex, &z);

	if (e == ERR_OK)
		e = boundary_find(t->view, z.id, apex, list, &entries.set);
	if (e != ERR_OK)
		return e == ERR_NOTFOUND
			       ? ERR_OK
			       : diag_set(d, e, "the store cannot be read: %s",
					  err_text(e));
	while (e == ERR_OK && export_list_next(&entries, &text, &len))
		e = control_item(t,
				 list == BOUNDARY_EXPORT
					 ? export_item(apex, text, len)
					 : reach_item(apex, text, len),
				 d);
	return e;
}

/* What the configuration has in reach for every space. */
static enum err
list_configured(struct control_talk *t, struct diag *d)
{
	const struct conf_names *names = &t->served->conf->uplink.reach;
	enum err e = ERR_OK;

	for (size_t i = 0; i < names->count && e == ERR_OK; i++)
		e = control_item(t,
				 json_pack("{s:o, s:b}", "name",
					   control_json_name(names->names[i]),
					   "configuration", 1),
				 d);
	return e;
}

static enum err
list_all(struct control_talk *t, enum boundary_list list, int zone,
	 struct diag *d)
{
	const struct conf *conf = t->served->conf;
	enum err e = control_view_begin(t, d);

	if (e != ERR_OK)
		return e;
	if (zone >= 0)
		e = list_zone(t, list, conf->zones[zone].apex, d);
	for (size_t i = 0; zone < 0 && i < conf->zone_count && e == ERR_OK; i++)
		e = list_zone(t, list, conf->zones[i].apex, d);
	control_view_end(t);
	return e;
}

static enum err
list_show(struct control_talk *t, enum boundary_list list, const json_t *args,
	  struct diag *d)
{
	enum err e = ERR_OK;
	int zone = -1;

	if (control_arg_text(args, "zone") != NULL)
		e = boundary_zone(t, args, &zone, d);
	else if (list == BOUNDARY_REACH)
		e = list_configured(t, d);
	return e == ERR_OK ? list_all(t, list, zone, d) : e;
}

enum err
control_export_list(struct control_talk *t, const json_t *args, json_t *result,
		    struct diag *d)
{
	(void)result;
	return list_show(t, BOUNDARY_EXPORT, args, d);
}

enum err
control_reach_list(struct control_talk *t, const json_t *args, json_t *result,
		   struct diag *d)
{
	(void)result;
	return list_show(t, BOUNDARY_REACH, args, d);
}

/* --- an edit of a list ----------------------------------------------------
 */

/* What is left of an RR without the entries for the name. */
static size_t
rdata_without(const struct boundary_edit *b, const uint8_t *rdata, size_t rdlen,
	      uint8_t *left)
{
	size_t len, used = 0;

	for (; rdlen > 0; rdata += 1 + len, rdlen -= 1 + len) {
		len = rdata[0];
		if (len >= rdlen) /* a broken store */
			len = rdlen - 1;
		if (boundary_names_it(b->list, (const char *)rdata + 1, len,
				      b->name, b->apex))
			continue;
		memcpy(left + used, rdata, 1 + len);
		used += 1 + len;
	}
	return used;
}

static struct edit_change *
change_make(struct edit_change *c, enum edit_op op,
	    const struct boundary_edit *b, uint32_t ttl, const uint8_t *rdata,
	    size_t rdlen)
{
	*c = (struct edit_change){
		.op = op,
		.owner = b->owner,
		.type = RR_TXT,
		.ttl = ttl,
		.rdata = rdata,
		.rdlen = (uint16_t)rdlen,
		.origin = op == EDIT_ADD ? ORIGIN_CONTROL : 0,
	};
	return c + 1;
}

/* An RR is one or several entries: those for the name go, the others stay. */
static struct edit_change *
changes_of_rr(struct boundary_edit *b, struct edit_change *c, uint32_t ttl,
	      const uint8_t *rdata, size_t rdlen, struct arena *a)
{
	uint8_t *copy = arena_copy(a, rdata, rdlen);
	uint8_t *left = arena_alloc(a, rdlen);
	size_t len;

	if (copy == NULL || left == NULL)
		return NULL;
	len = rdata_without(b, copy, rdlen, left);
	if (len == rdlen)
		return c;
	b->found = true;
	if (rdlen == 1u + b->entry[0] && memcmp(copy, b->entry, rdlen) == 0)
		return c; /* as it is to be */
	c = change_make(c, EDIT_DELETE_RR, b, ttl, copy, rdlen);
	return len == 0 ? c : change_make(c, EDIT_ADD, b, ttl, left, len);
}

/* All changes, in the arena; *count of them. NULL: memory. */
static struct edit_change *
changes_make(struct boundary_edit *b, const struct rrset *set, size_t *count,
	     struct arena *a)
{
	size_t room = 2u * set->count + 1, at = 0;
	struct edit_change *all = arena_alloc(a, room * sizeof(*all)), *c = all;
	const uint8_t *rdata;
	uint16_t rdlen;

	while (c != NULL && rrset_next(set, &at, &rdata, &rdlen))
		c = changes_of_rr(b, c, set->ttl, rdata, rdlen, a);
	if (c != NULL && b->entry[0] > 0)
		c = change_make(c, EDIT_ADD, b, set->ttl, b->entry,
				1u + b->entry[0]);
	if (c == NULL)
		return NULL;
	*count = (size_t)(c - all);
	return all;
}

/* A new list takes the TTL of its zone's SOA. */
static enum err
list_set(struct store_view *v, const struct zone_record *z,
	 const struct boundary_edit *b, struct rrset *set)
{
	enum err e = boundary_find(v, z->id, b->apex, b->list, set);
	struct rrset soa = {.ttl = 0};
	struct node n;

	if (e != ERR_NOTFOUND)
		return e;
	e = lookup_node(v, z->id, b->apex, b->apex, &n);
	if (e == ERR_OK)
		node_find(&n, RR_SOA, &soa);
	*set = (struct rrset){.ttl = soa.ttl};
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static enum err
list_apply_in(struct boundary_edit *b, struct store_txn *t, bool *spoilt,
	      struct arena *a)
{
	struct edit edit = {
		.apex = b->apex,
		.rules = EDIT_STRICT,
		.limits = b->limits,
		.now = (uint64_t)time(NULL),
		.who = "placectl",
	};
	struct zone_record z;
	struct rrset set;
	enum err e = zone_read(store_txn_view(t), b->apex, &z, b->d);

	if (e != ERR_OK)
		return e;
	b->found = false;
	e = list_set(store_txn_view(t), &z, b, &set);
	if (e == ERR_OK) {
		edit.changes = changes_make(b, &set, &edit.count, a);
		e = edit.changes == NULL ? ERR_NOMEM : ERR_OK;
	}
	if (e == ERR_OK && edit.count > 0) {
		e = edit_apply(t, &edit, &b->r);
		*spoilt = b->r.spoilt;
	}
	return e;
}

static enum err
list_apply(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct boundary_edit *b = ctx;
	struct arena arena;
	enum err e;

	memset(&b->r, 0, sizeof(b->r));
	arena_init_growing(&arena);
	e = list_apply_in(b, t, spoilt, &arena);
	arena_free(&arena);
	return e;
}

enum err
boundary_run(struct control_talk *t, struct boundary_edit *b, json_t *result,
	     struct diag *d)
{
	char zone[NAME_TEXT_MAX];
	enum err e;

	b->limits = &t->served->limits;
	b->d = d;
	d->text[0] = '\0';
	if (!list_owner(b->owner, b->list, b->apex))
		return diag_set(d, ERR_RANGE,
				"the zone's name is too long for a list");
	e = writer_run(t->server->writer, list_apply, b);
	name_to_text(zone, b->apex);
	if (e != ERR_OK && d->text[0] != '\0')
		return e;
	if (e != ERR_OK)
		return diag_set(d, e, "%s",
				b->r.diag.text[0] != '\0' ? b->r.diag.text
							  : err_text(e));
	json_object_set_new(result, "zone", control_json_name(b->apex));
	json_object_set_new(result, "name", control_json_name(b->name));
	json_object_set_new(result, "changed",
			    json_boolean(b->r.added + b->r.removed > 0));
	if (b->r.added + b->r.removed > 0)
		log_notice("zone %s: %s list changed, as placectl asked", zone,
			   list_words[b->list]);
	return ERR_OK;
}

enum err
boundary_missed(const struct boundary_edit *b, struct diag *d)
{
	char zone[NAME_TEXT_MAX], name[NAME_TEXT_MAX];

	name_to_text(zone, b->apex);
	name_to_text(name, b->name);
	return diag_set(
		d, ERR_NOTFOUND,
		"the %s list of %s has no entry for %s; placectl %s "
		"list shows what it has%s",
		list_words[b->list], zone, name, list_words[b->list],
		b->list == BOUNDARY_REACH ? ", --zone names another zone" : "");
}
