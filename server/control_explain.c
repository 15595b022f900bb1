/*
 * explain: why a question gets the answer it gets. The same steps as
 * answer_query() takes, one object a step, with the sentence for a person; then
 * who may change the name.
 */
#include "server/control_explain.h"

#include "server/control_boundary.h"
#include "server/query.h"
#include "server/update.h"
#include "server/view.h"
#include "zones/export.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- who sees what ------------------------------------------------------- */

static bool
explain_exports(void *arg, int zone)
{
	const struct explain *x = arg;
	struct zone_facts facts = {.outside = true};

	return zone_facts_refresh(&facts, x->talk->view,
				  x->served->conf->zones[zone].apex) !=
		       ERR_OK ||
	       facts.exists;
}

struct view_client
explain_client(struct explain *x)
{
	return (struct view_client){
		.from = &x->from,
		.exports = explain_exports,
		.arg = x,
	};
}

/*
 * What answers: as answer_query() finds it for who asks, or the deepest zone as
 * its inside sees it if nobody was named.
 */
static struct view
explain_view(struct explain *x)
{
	const struct view_client client = explain_client(x);
	struct view v = {.zone = served_find(x->served, x->name)};
	struct view above;

	if (x->has_from)
		v = view_zone(x->served, x->name, &client);
	if (v.zone < 0 || v.hidden || x->type != RR_DS ||
	    !name_equal(x->served->conf->zones[v.zone].apex, x->name))
		return v;
	/* DS belongs to the parent (RFC 4035 section 3.1.4.1). */
	above = x->has_from ? view_above(x->served, v.zone, &client)
			    : (struct view){
				      .zone = served_parent(x->served, v.zone)};
	return above.zone < 0 ? v : above;
}

/* As answer_nxdomain(). */
static bool
explain_below(struct explain *x, struct view v)
{
	const struct view_client client = explain_client(x);

	return (v.outside || v.hidden) &&
	       view_below(x->served, x->name, &client);
}

/* --- what a step says ---------------------------------------------------- */

void
explain_why(json_t *step, const char *result, const char *fmt, ...)
{
	char text[2 * NAME_TEXT_MAX + 128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_object_set_new(step, "result", json_string(result));
	json_object_set_new(step, "why", json_string(text));
}

static json_t *
explain_origin(const struct explain *x, const struct rr *rr,
	       const struct rr_meta *meta)
{
	json_t *item = json_pack("{s:o}", "rr", control_json_rr(rr));
	uint8_t key[NAME_WIRE_MAX];
	const char *origin = meta->origin == ORIGIN_FILE      ? "file"
			     : meta->origin == ORIGIN_UPDATE  ? "update"
			     : meta->origin == ORIGIN_CONTROL ? "control"
							      : "unknown";

	json_object_set_new(item, "origin", json_string(origin));
	if (meta->key_tag != 0 &&
	    store_key_name(x->talk->view, meta->key_tag, key))
		json_object_set_new(item, "key", control_json_name(key));
	return item;
}

static void
explain_set(const struct explain *x, json_t *list, const uint8_t *owner,
	    const struct rrset *set)
{
	struct rr rr = {
		.owner = owner,
		.ttl = set->ttl,
		.type = set->type,
		.class = RR_IN,
	};
	size_t at = 0;

	for (unsigned i = 0; rrset_next(set, &at, &rr.rdata, &rr.rdlen); i++) {
		const struct rr_meta meta = rrset_meta(set, i);

		json_array_append_new(list, explain_origin(x, &rr, &meta));
	}
}

void
explain_rrs(const struct explain *x, json_t *step, const struct lookup *l)
{
	json_t *list = json_array();
	struct rrset set;
	size_t at = 0;

	if (l->result != LOOKUP_ANSWER || x->type != RR_ANY)
		explain_set(x, list, l->owner, &l->set);
	else
		while (node_next(&l->node, &at, &set))
			explain_set(x, list, x->name, &set);
	json_object_set_new(step, "rrs", list);
}

/* The closest encloser of the name (RFC 4592), as text. */
static void
explain_encloser(const struct explain *x, const struct lookup *l,
		 const struct zone_facts *zone, char *text)
{
	unsigned keep = name_labels(zone->apex) + l->encloser;
	unsigned have = name_labels(x->name);

	name_to_text(text, name_skip(x->name, have > keep ? have - keep : 0));
}

static void
explain_answer(const struct explain *x, json_t *step, const struct lookup *l,
	       const struct zone_facts *zone)
{
	char encloser[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];

	explain_encloser(x, l, zone, encloser);
	if (l->wildcard)
		explain_why(step, "answer",
			    "there is no such name, so the wildcard *.%s "
			    "answers",
			    encloser);
	else
		explain_why(step, "answer", "the name has %s",
			    rr_type_to_text(type, x->type));
	explain_rrs(x, step, l);
}

static void
explain_nodata(const struct explain *x, json_t *step, const struct lookup *l)
{
	char type[RR_TYPE_TEXT_MAX];

	rr_type_to_text(type, x->type);
	if (l->wildcard)
		explain_why(step, "nodata",
			    "a wildcard covers the name, and has no %s", type);
	else if (l->node.octets == NULL)
		explain_why(step, "nodata",
			    "the name is there only because names below it "
			    "are");
	else
		explain_why(step, "nodata", "the name is there, and has no %s",
			    type);
}

static void
explain_nxdomain(struct explain *x, json_t *step, const struct lookup *l,
		 const struct zone_facts *zone, struct view v)
{
	char encloser[NAME_TEXT_MAX];

	if (explain_below(x, v)) {
		explain_why(step, "nodata",
			    "the name is there only because zones at or below "
			    "it are");
		return;
	}
	explain_encloser(x, l, zone, encloser);
	explain_why(step, "nxdomain",
		    "there is no such name; %s is the closest there is, and "
		    "has no wildcard",
		    encloser);
}

static void
explain_referral(const struct explain *x, json_t *step, const struct lookup *l)
{
	char cut[NAME_TEXT_MAX];

	name_to_text(cut, l->owner);
	explain_why(step, "referral", "%s is delegated to other servers", cut);
	json_object_set_new(step, "owner", control_json_name(l->owner));
	explain_rrs(x, step, l);
}

/* --- chains -------------------------------------------------------------- */

/* True if x->name is now the target. */
static bool
explain_cname(struct explain *x, json_t *step, const struct lookup *l)
{
	char target[NAME_TEXT_MAX];
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	explain_rrs(x, step, l);
	if (!rrset_next(&l->set, &at, &rdata, &rdlen))
		return false;
	name_to_text(target, rdata);
	explain_why(step, "cname",
		    l->wildcard ? "a wildcard makes the name an alias of %s"
				: "the name is an alias of %s",
		    target);
	name_copy(x->name, rdata);
	return true;
}

static bool
explain_dname(struct explain *x, json_t *step, const struct lookup *l)
{
	char owner[NAME_TEXT_MAX], target[NAME_TEXT_MAX];
	uint8_t made[NAME_WIRE_MAX];
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	explain_rrs(x, step, l);
	json_object_set_new(step, "owner", control_json_name(l->owner));
	if (!rrset_next(&l->set, &at, &rdata, &rdlen))
		return false;
	name_to_text(owner, l->owner);
	if (name_concat(made, x->name, (size_t)(l->owner - x->name), rdata) ==
	    0) {
		explain_why(step, "dname",
			    "the DNAME of %s would make a name that is too "
			    "long (YXDOMAIN)",
			    owner);
		return false;
	}
	name_to_text(target, made);
	explain_why(step, "dname", "the DNAME of %s makes the name %s", owner,
		    target);
	name_copy(x->name, made);
	return true;
}

/* --- steps --------------------------------------------------------------- */

/* Whoever is inside gets what the child's servers say. True if there is a next
 * step. */
static bool
explain_cut(struct explain *x, json_t *step, const struct lookup *l,
	    const struct zone_facts *zone, struct view v)
{
	enum explain_abroad a = EXPLAIN_CLOSED;

	if (!v.outside)
		a = explain_abroad(x, step, l, zone);
	if (a == EXPLAIN_CLOSED)
		explain_referral(x, step, l);
	return a == EXPLAIN_NEXT;
}

/* True if it would not leave by an entry without `private`. */
static bool
explain_is_private(const struct explain *x, const struct lookup *l,
		   const uint8_t *apex)
{
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	if (export_name_is_private(x->name, apex))
		return true;
	while (rrset_next(&l->set, &at, &rdata, &rdlen))
		if (!export_is_private(x->type, rdata, rdlen))
			return false;
	return true;
}

/* The command that makes this entry. */
static void
explain_export(char *dst, size_t cap, const struct export_entry *entry)
{
	char name[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
	size_t n;

	name_to_text(name, entry->name);
	n = (size_t)snprintf(dst, cap, "placectl export add %s", name);
	for (unsigned i = 0; i < entry->type_count && n < cap; i++)
		n += (size_t)snprintf(dst + n, cap - n, " %s",
				      rr_type_to_text(type, entry->types[i]));
	if (entry->private_ok && n < cap)
		snprintf(dst + n, cap - n, " private");
}

/* What the outside lacks and the inside has: how to change that. An entry takes
 * the place of the one before, so it names what is exported already, too. */
static void
explain_unexported(struct explain *x, json_t *step, struct view v)
{
	const uint8_t *apex = x->served->conf->zones[v.zone].apex;
	char hint[NAME_TEXT_MAX + EXPORT_TEXT_MAX + 64];
	char text[EXPORT_TEXT_MAX];
	struct zone_facts facts = {.outside = false};
	struct export_entry entry;
	struct lookup l;

	if (!v.outside || x->type == RR_ANY ||
	    zone_facts_refresh(&facts, x->talk->view, apex) != ERR_OK ||
	    !facts.exists)
		return;
	lookup(&l, x->talk->view, &facts, x->name, x->type);
	if (l.result != LOOKUP_ANSWER || l.wildcard)
		return;
	boundary_exported(x->talk->view, facts.record.id, apex, x->name,
			  &entry);
	entry.private_ok = entry.private_ok || explain_is_private(x, &l, apex);
	if (!boundary_entry_add(&entry, x->type))
		return;
	/* the lists themselves never leave */
	if (export_entry_text(text, &entry, apex) == NULL ||
	    export_entry_parse(&entry, text, strlen(text), apex, NULL) !=
		    ERR_OK)
		return;
	explain_export(hint, sizeof(hint), &entry);
	json_object_set_new(step, "hint", json_string(hint));
}

/* True if there is a next step. */
static bool
explain_lookup(struct explain *x, json_t *step, const struct zone_facts *zone,
	       struct view v)
{
	struct lookup l;

	if (explain_space(x, step, zone, v))
		return false;
	lookup(&l, x->talk->view, zone, x->name, x->type);
	if (l.wildcard)
		json_object_set_new(step, "wildcard", json_true());
	switch (l.result) {
	case LOOKUP_ANSWER:
		explain_answer(x, step, &l, zone);
		return false;
	case LOOKUP_CNAME:
		return explain_cname(x, step, &l);
	case LOOKUP_DNAME:
		return explain_dname(x, step, &l);
	case LOOKUP_REFERRAL:
		return explain_cut(x, step, &l, zone, v);
	case LOOKUP_NODATA:
		explain_nodata(x, step, &l);
		explain_unexported(x, step, v);
		return false;
	case LOOKUP_NXDOMAIN:
		explain_nxdomain(x, step, &l, zone, v);
		explain_unexported(x, step, v);
		return false;
	case LOOKUP_ERROR:
		break;
	}
	explain_why(step, "servfail", "the store cannot be read");
	return false;
}

static void
explain_refused(const struct explain *x, json_t *step)
{
	int zone = served_find(x->served, x->name);

	if (zone < 0) {
		explain_why(step, "refused",
			    "no zone that is served here holds the name");
		return;
	}
	json_object_set_new(
		step, "zone",
		control_json_name(x->served->conf->zones[zone].apex));
	explain_why(step, "refused",
		    "the address is inside no zone that holds the name, and "
		    "none of these exports anything");
}

/* No zone here answers the name for who asks. */
static bool
explain_elsewhere(struct explain *x, json_t *step)
{
	enum explain_abroad a = explain_abroad(x, step, NULL, NULL);

	if (a == EXPLAIN_CLOSED)
		explain_refused(x, step);
	return a == EXPLAIN_NEXT;
}

static void
explain_hidden(struct explain *x, json_t *step, struct view v)
{
	if (explain_below(x, v))
		explain_why(step, "nodata",
			    "the name is in a zone that the address is not "
			    "inside, and is there for it only because zones "
			    "below it are");
	else
		explain_why(step, "nxdomain",
			    "the name is in a zone that the address is not "
			    "inside, so for it there is no such name");
}

/* One object; true if there is a next one. */
static bool
explain_step(struct explain *x)
{
	json_t *step = json_pack("{s:o}", "name", control_json_name(x->name));
	const struct view v = explain_view(x);
	struct zone_facts facts = {.outside = v.outside};
	const struct conf_zone *zone;
	enum err e;

	json_array_append_new(x->steps, step);
	if (v.zone < 0)
		return explain_elsewhere(x, step);
	zone = &x->served->conf->zones[v.zone];
	json_object_set_new(step, "zone", control_json_name(zone->apex));
	if (x->has_from)
		json_object_set_new(step, "inside",
				    json_boolean(!v.hidden && !v.outside));
	if (v.hidden) {
		explain_hidden(x, step, v);
		return false;
	}
	e = zone_facts_refresh(&facts, x->talk->view, zone->apex);
	if (e == ERR_OK && facts.exists)
		return explain_lookup(x, step, &facts, v);
	explain_why(step, "servfail",
		    e == ERR_OK ? "the zone is configured but not in the store "
				  "yet"
				: "the store cannot be read");
	return false;
}

/* --- who may change the name --------------------------------------------- */

static json_t *
explain_rules(const struct explain *x, const uint8_t *name)
{
	int i = served_find(x->served, name);
	uint16_t type = x->type == RR_ANY ? 0 : x->type;
	const struct conf_zone *zone;
	json_t *list = json_array();

	if (i < 0)
		return list;
	zone = &x->served->conf->zones[i];
	for (size_t r = 0; r < zone->rule_count; r++) {
		const struct conf_rule *rule = &zone->rules[r];

		if (update_rule_find(zone, rule->key, name, type) != rule)
			continue;
		json_array_append_new(list,
				      json_pack("{s:o, s:i}", "key",
						control_json_name(rule->key),
						"line", (int)rule->line));
	}
	return list;
}

/* --- the command --------------------------------------------------------- */

static enum err
explain_read(struct explain *x, const json_t *args, struct diag *d)
{
	const char *type = control_arg_text(args, "type");
	const char *from = control_arg_text(args, "from");
	enum err e = name_from_text(x->name, control_arg_text(args, "name"),
				    NULL, d);

	if (e != ERR_OK)
		return e;
	x->type = rr_type_from_text(type);
	if (strcasecmp(type, "ANY") == 0)
		x->type = RR_ANY;
	if (x->type == 0)
		return diag_set(d, ERR_SYNTAX, "there is no type \"%s\"", type);
	if (rr_type_is_meta(x->type) && x->type != RR_ANY)
		return diag_set(d, ERR_SYNTAX,
				"%s is not a type that a name can have", type);
	x->has_from = from != NULL;
	return from == NULL ? ERR_OK : net_addr_from_text(&x->from, from, 0, d);
}

enum err
control_explain(struct control_talk *t, const json_t *args, json_t *result,
		struct diag *d)
{
	struct explain x = {.talk = t, .served = t->served};
	uint8_t asked[NAME_WIRE_MAX];
	enum err e = explain_read(&x, args, d);

	if (e == ERR_OK)
		e = control_view_begin(t, d);
	if (e != ERR_OK)
		return e;
	name_copy(asked, x.name);
	x.steps = json_array();
	for (unsigned n = 0; n < QUERY_CHAIN_MAX && explain_step(&x); n++)
		;
	control_view_end(t);
	json_object_set_new(result, "name", control_json_name(asked));
	json_object_set_new(result, "type", control_json_type(x.type));
	if (x.has_from)
		json_object_set_new(
			result, "from",
			control_json_text(control_arg_text(args, "from")));
	json_object_set_new(result, "steps", x.steps);
	json_object_set_new(result, "rules", explain_rules(&x, asked));
	return ERR_OK;
}
