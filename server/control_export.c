/* export: what the outside may see. */
#include "server/control_boundary.h"
#include "zones/export.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <string.h>

#define EXPORT_WHAT_MAX 4096 /* octets that types may be given in */

/* --- export: which zone ---------------------------------------------------
 */

/* True if the name was given with its final dot. */
static bool
text_is_absolute(const char *text)
{
	static const uint8_t origin[] = "\1x";
	uint8_t whole[NAME_WIRE_MAX], completed[NAME_WIRE_MAX];

	return name_from_text(whole, text, NULL, NULL) == ERR_OK &&
	       name_from_text(completed, text, origin, NULL) == ERR_OK &&
	       name_equal(whole, completed);
}

/* True if the zone has something at the name, or a question that it answers is
 * called so. */
static bool
zone_has(struct control_talk *t, const uint8_t *apex, const uint8_t *name)
{
	struct zone_facts facts = {.outside = false};
	struct lookup l;

	if (zone_facts_refresh(&facts, t->view, apex) != ERR_OK ||
	    !facts.exists)
		return false;
	if (edit_name_reserved(name, apex))
		return true;
	lookup(&l, t->view, &facts, name, RR_ANY);
	return !l.wildcard &&
	       (l.result == LOOKUP_ANSWER || l.result == LOOKUP_NODATA);
}

/* True if the zone's export list has an entry for the name. */
static bool
zone_exports(struct control_talk *t, const uint8_t *apex, const uint8_t *name)
{
	struct export_list entries = {.at = 0};
	struct zone_record z;
	const char *text;
	size_t len;

	if (zone_record_get(t->view, apex, &z) != ERR_OK ||
	    boundary_find(t->view, z.id, apex, BOUNDARY_EXPORT, &entries.set) !=
		    ERR_OK)
		return false;
	while (export_list_next(&entries, &text, &len))
		if (boundary_names_it(BOUNDARY_EXPORT, text, len, name, apex))
			return true;
	return false;
}

typedef bool place_fn(struct control_talk *t, const uint8_t *apex,
		      const uint8_t *name);

/* A name that was given without its zone. */
static enum err
place_relative(struct control_talk *t, const char *text, place_fn *fits,
	       const uint8_t **apex, uint8_t *name, struct diag *d)
{
	const struct conf *conf = t->served->conf;
	struct boundary_names found = {.len = 0};
	uint8_t read[NAME_WIRE_MAX];

	for (size_t i = 0; i < conf->zone_count; i++) {
		const uint8_t *a = conf->zones[i].apex;

		if (boundary_is_reverse(a) ||
		    name_from_text(read, text, a, NULL) != ERR_OK)
			continue;
		/* "lamp.bedroom" may be said of the house. */
		a = conf->zones[served_find(t->served, read)].apex;
		if (!fits(t, a, read))
			continue;
		boundary_names_add(&found, a);
		*apex = a;
		name_lower(name, read);
	}
	if (found.count == 1)
		return ERR_OK;
	if (found.count == 0)
		return diag_set(d, ERR_NOTFOUND,
				fits == zone_exports
					? "no export list has an entry for %s; "
					  "placectl export list shows what "
					  "they have"
					: "no zone here has %s; give the whole "
					  "name, with its zone",
				text);
	return diag_set(d, ERR_SYNTAX,
			"%s is in several zones; give the whole name, with "
			"one of %s",
			text, found.text);
}

/* The name that the argument means, and its zone. */
static enum err
place_find(struct control_talk *t, const json_t *args, place_fn *fits,
	   const uint8_t **apex, uint8_t *name, struct diag *d)
{
	const char *text = control_arg_text(args, "name");
	uint8_t read[NAME_WIRE_MAX];
	char shown[NAME_TEXT_MAX];
	enum err e = ERR_SYNTAX;
	int zone = -1;

	if (strcmp(text, "@") != 0) {
		e = name_from_text(read, text, NULL, d);
		if (e != ERR_OK)
			return e;
		zone = served_find(t->served, read);
	}
	if (zone >= 0) {
		*apex = t->served->conf->zones[zone].apex;
		name_lower(name, read);
		return ERR_OK;
	}
	if (e == ERR_OK && text_is_absolute(text)) {
		name_to_text(shown, read);
		return diag_set(d, ERR_NOTFOUND,
				"%s is in no zone that is served here", shown);
	}
	e = control_view_begin(t, d);
	if (e != ERR_OK)
		return e;
	e = place_relative(t, text, fits, apex, name, d);
	control_view_end(t);
	return e;
}

/* --- export ---------------------------------------------------------------
 */

/* The entry in its best form, checked; ERR_RANGE: too long. */
static enum err
export_entry_make(struct boundary_edit *b, const char *what,
		  struct export_entry *entry, struct diag *d)
{
	char text[NAME_TEXT_MAX + EXPORT_WHAT_MAX];
	char best[EXPORT_TEXT_MAX];
	size_t len = name_to_text(text, b->name);
	enum err e;

	if (strlen(what) >= sizeof(text) - len - 1)
		return diag_set(d, ERR_RANGE, "the list of types is too long");
	text[len++] = ' ';
	strcpy(text + len, what);
	e = export_entry_parse(entry, text, strlen(text), b->apex, d);
	if (e != ERR_OK)
		return e;
	if (export_entry_text(best, entry, b->apex) == NULL)
		return diag_set(d, ERR_RANGE,
				"name and types are longer than the 255 "
				"octets that an entry has");
	b->entry[0] = (uint8_t)strlen(best);
	memcpy(b->entry + 1, best, b->entry[0]);
	return ERR_OK;
}

/* Of the types that the inside has and the entry names: those that the outside
 * sees now, and those that are kept from it, all their addresses being
 * private. */
static void
export_tell(struct control_talk *t, const struct boundary_edit *b,
	    const struct export_entry *entry, json_t *result)
{
	json_t *seen = json_array(), *kept = json_array();
	struct node inside = {.octets = NULL}, outside = {.octets = NULL};
	struct zone_record z;
	struct rrset set;
	struct diag d;

	json_object_set_new(result, "seen", seen);
	json_object_set_new(result, "kept", kept);
	if (control_view_begin(t, &d) != ERR_OK)
		return;
	if (zone_record_get(t->view, b->apex, &z) == ERR_OK &&
	    lookup_node(t->view, z.id, b->apex, b->name, &inside) == ERR_OK &&
	    z.outside_id != 0 &&
	    lookup_node(t->view, z.outside_id, b->apex, b->name, &outside) !=
		    ERR_OK)
		outside.octets = NULL;
	for (unsigned i = 0; inside.octets != NULL && i < entry->type_count;
	     i++) {
		uint16_t type = entry->types[i];
		bool out = outside.octets != NULL &&
			   node_find(&outside, type, &set);

		if (out || node_find(&inside, type, &set))
			json_array_append_new(out ? seen : kept,
					      control_json_type(type));
	}
	control_view_end(t);
}

enum err
control_export_add(struct control_talk *t, const json_t *args, json_t *result,
		   struct diag *d)
{
	struct boundary_edit b = {.list = BOUNDARY_EXPORT};
	struct export_entry entry;
	enum err e = place_find(t, args, zone_has, &b.apex, b.name, d);

	if (e == ERR_OK)
		e = export_entry_make(&b, control_arg_text(args, "what"),
				      &entry, d);
	if (e == ERR_OK)
		e = boundary_run(t, &b, result, d);
	if (e != ERR_OK)
		return e;
	json_object_set_new(
		result, "entry",
		boundary_string((const char *)b.entry + 1, b.entry[0]));
	export_tell(t, &b, &entry, result);
	return ERR_OK;
}

enum err
control_export_del(struct control_talk *t, const json_t *args, json_t *result,
		   struct diag *d)
{
	struct boundary_edit b = {.list = BOUNDARY_EXPORT};
	enum err e = place_find(t, args, zone_exports, &b.apex, b.name, d);

	if (e == ERR_OK)
		e = boundary_run(t, &b, result, d);
	return e == ERR_OK && !b.found ? boundary_missed(&b, d) : e;
}
