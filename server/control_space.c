/* near, in, here, and places: space, for whoever is at the console. Everything
 * is seen, as from inside of every zone. */
#include "server/control_explain.h"
#include "server/space_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* --- a search ------------------------------------------------------------- */

struct searching {
	struct control_talk *talk;
	struct zone_facts *facts; /* served_facts_new() */
	struct space_question question;
	uint8_t name[NAME_WIRE_MAX];
};

/* A zone's facts in the snapshot; NULL: it is not there, or unreadable. */
static struct zone_facts *
open_zone(void *arg, int zone)
{
	struct searching *s = arg;
	struct zone_facts *f = &s->facts[2 * zone];
	const struct conf_zone *z = &s->talk->served->conf->zones[zone];

	if (zone_facts_refresh(f, s->talk->view, z->apex) != ERR_OK)
		return NULL;
	return f->exists ? f : NULL;
}

static enum err
scope_check(const struct searching *s, const struct zone_facts *f,
	    struct diag *d)
{
	char text[NAME_TEXT_MAX];
	struct lookup l;

	lookup(&l, s->talk->view, f, s->question.scope, RR_LOC);
	name_to_text(text, s->question.scope);
	if (l.result == LOOKUP_REFERRAL)
		return diag_set(d, ERR_NOTFOUND,
				"%s is delegated to other servers", text);
	if ((l.result != LOOKUP_ANSWER && l.result != LOOKUP_NODATA) ||
	    l.wildcard)
		return diag_set(d, ERR_NOTFOUND, "there is no %s", text);
	return ERR_OK;
}

/* The question in args, and the zone that holds its scope. */
static enum err
question_read(struct searching *s, const json_t *args, int *zone,
	      struct zone_facts **facts, struct diag *d)
{
	char text[NAME_TEXT_MAX], why[SPACE_WHY_MAX] = "";
	enum err e = control_arg_name(args, "name", s->name, d);

	if (e != ERR_OK)
		return e;
	name_to_text(text, s->name);
	*zone = served_find(s->talk->served, s->name);
	*facts = *zone < 0 ? NULL : open_zone(s, *zone);
	if (*facts == NULL)
		return diag_set(d, ERR_NOTFOUND,
				"no zone that is served here holds %s", text);
	switch (space_question_parse(&s->question, s->name, (*facts)->apex,
				     why)) {
	case SPACE_VALID:
		return scope_check(s, *facts, d);
	case SPACE_IMPOSSIBLE:
		return diag_set(d, ERR_SYNTAX, "%s: %s", text, why);
	case SPACE_NONE:
	case SPACE_TAIL:
		break;
	}
	return diag_set(d, ERR_SYNTAX, "%s is no whole question about space",
			text);
}

static void
put_place(json_t *item, const struct place_point *at)
{
	json_object_set_new(item, "latitude",
			    json_real(place_angle_degrees(at->spot.lat)));
	json_object_set_new(item, "longitude",
			    json_real(place_angle_degrees(at->spot.lon)));
	json_object_set_new(item, "altitude", json_real((double)at->alt / 100));
}

static enum err
put_hits(struct searching *s, const struct space_search *found, struct diag *d)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < found->count; i++) {
		const struct space_hit *hit = &found->hits[i];
		json_t *item = json_pack("{s:i, s:o}", "rank", (int)i + 1,
					 "name", control_json_name(hit->name));

		if (hit->has_distance)
			json_object_set_new(
				item, "metres",
				json_real((double)hit->distance / 1000));
		if (hit->has_place)
			put_place(item, &hit->at);
		e = control_item(s->talk, item, d);
	}
	return e;
}

/* Where the question would go on. */
static enum err
put_children(struct searching *s, struct space_search *found, struct diag *d)
{
	struct space_child *children =
		calloc(SPACE_CHILDREN_MAX, sizeof(*children));
	unsigned count = 0;
	enum err e = ERR_NOMEM;

	if (children != NULL)
		e = space_children(found, children, &count);
	for (unsigned i = 0; e == ERR_OK && i < count; i++)
		e = control_item(s->talk,
				 json_pack("{s:o}", "child",
					   control_json_name(children[i].apex)),
				 d);
	free(children);
	return e;
}

static enum err
search(struct searching *s, const json_t *args, json_t *result, struct diag *d)
{
	struct space_search found = {
		.view = s->talk->view,
		.served = s->talk->served,
		.q = &s->question,
		.open = open_zone,
		.arg = s,
	};
	enum err e = question_read(s, args, &found.zone, &found.facts, d);

	if (e != ERR_OK)
		return e;
	found.scratch = malloc(SPACE_SCRATCH_LEN);
	if (found.scratch == NULL)
		return ERR_NOMEM;
	e = space_search(&found);
	if (e == ERR_OK)
		e = put_hits(s, &found, d);
	if (e == ERR_OK)
		e = put_children(s, &found, d);
	if (e == ERR_OK) {
		json_object_set_new(result, "question",
				    control_json_name(s->name));
		json_object_set_new(result, "more", json_boolean(found.more));
	}
	free(found.scratch);
	return e;
}

enum err
control_space(struct control_talk *t, const json_t *args, json_t *result,
	      struct diag *d)
{
	struct searching s = {.talk = t};
	enum err e = control_view_begin(t, d);

	if (e != ERR_OK)
		return e;
	s.facts = served_facts_new(t->served);
	e = s.facts != NULL ? search(&s, args, result, d) : ERR_NOMEM;
	free(s.facts);
	control_view_end(t);
	return e;
}

/* --- all places of a zone ------------------------------------------------- */

/* Longitude first, and each ring closed, as GeoJSON has it. */
static json_t *
json_rings(const struct place_footprint *fp)
{
	json_t *rings = json_array();

	for (unsigned r = 0; r < fp->rings; r++) {
		unsigned corners = fp->ring[r].count;
		double(*at)[2] = calloc(corners + 1u, sizeof(*at));
		json_t *ring = json_array();

		if (at == NULL || ring == NULL || rings == NULL) {
			free(at);
			json_decref(ring);
			json_decref(rings);
			return NULL;
		}
		corners = place_footprint_degrees(fp, r, at, corners);
		for (unsigned i = 0; corners > 0 && i <= corners; i++)
			json_array_append_new(
				ring, json_pack("[f, f]", at[i % corners][1],
						at[i % corners][0]));
		json_array_append_new(rings, ring);
		free(at);
	}
	return rings;
}

static void
put_footprint(json_t *item, const struct place_footprint *fp)
{
	json_t *levels = json_array();

	for (unsigned i = 0; i < fp->levels; i++)
		json_array_append_new(levels, json_integer(fp->level[i]));
	json_object_set_new(item, "rings", json_rings(fp));
	json_object_set_new(item, "levels", levels);
	if (!fp->has_heights)
		return;
	json_object_set_new(item, "low",
			    json_real((double)fp->heights.low / 100));
	json_object_set_new(item, "high",
			    json_real((double)fp->heights.high / 100));
}

/* The first footprint at `_geo` of the name. */
static bool
find_footprint(struct control_talk *t, const struct zone_facts *f,
	       const uint8_t *name, const struct place_point *at,
	       struct place_footprint *fp, struct arena *a)
{
	static const uint8_t geo[] = "\4_geo";
	uint8_t owner[NAME_WIRE_MAX];
	const uint8_t *rdata;
	struct rrset txt;
	struct node n;
	uint16_t rdlen;
	size_t pos = 0;

	if (name_concat(owner, geo, sizeof(geo) - 1, name) == 0 ||
	    lookup_node(t->view, f->record.id, f->apex, owner, &n) != ERR_OK ||
	    !node_find(&n, RR_TXT, &txt))
		return false;
	while (rrset_next(&txt, &pos, &rdata, &rdlen))
		if (place_footprint_parse(fp, rdata, rdlen, at, a, NULL) ==
		    ERR_OK)
			return true;
	return false;
}

/* *count goes up if the name is a place. */
static enum err
put_one(struct control_talk *t, const struct zone_facts *f, const uint8_t *name,
	const struct node *n, struct arena *a, json_int_t *count,
	struct diag *d)
{
	struct place_footprint fp;
	struct place_point at;
	json_t *item;

	if (!places_where(n, &at))
		return ERR_OK;
	item = json_pack("{s:I, s:o}", "number", ++*count, "name",
			 control_json_name(name));
	put_place(item, &at);
	if (find_footprint(t, f, name, &at, &fp, a))
		put_footprint(item, &fp);
	return control_item(t, item, d);
}

static enum err
put_places(struct control_talk *t, const struct zone_facts *f, struct arena *a,
	   json_int_t *count, struct diag *d)
{
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk w;
	struct node n;
	enum err e;

	lookup_walk_init(&w, f->record.id, f->apex);
	while ((e = lookup_walk_next(&w, t->view, name, &n)) == ERR_OK) {
		e = put_one(t, f, name, &n, a, count, d);
		arena_reset(a);
		if (e != ERR_OK)
			return e;
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
control_places(struct control_talk *t, const json_t *args, json_t *result,
	       struct diag *d)
{
	struct zone_facts facts = {.outside = false};
	uint8_t apex[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	json_int_t count = 0;
	struct arena a;
	enum err e = control_arg_name(args, "zone", apex, d);

	if (e == ERR_OK)
		e = control_view_begin(t, d);
	if (e != ERR_OK)
		return e;
	e = zone_facts_refresh(&facts, t->view, apex);
	if (e == ERR_OK && !facts.exists)
		e = diag_set(d, ERR_NOTFOUND, "zone %s is not in the store",
			     (name_to_text(text, apex), text));
	arena_init_growing(&a);
	if (e == ERR_OK)
		e = put_places(t, &facts, &a, &count, d);
	arena_free(&a);
	control_view_end(t);
	json_object_set_new(result, "places", json_integer(count));
	return e;
}

/* --- explain -------------------------------------------------------------- */

/* Bits of enum export_space, one a kind in its order. */
static bool
explain_exported(json_t *step, const struct zone_facts *zone,
		 const struct space_question *q)
{
	char apex[NAME_TEXT_MAX], hint[NAME_TEXT_MAX + 64];
	unsigned bits = zone->record.export_spaces;

	if (((bits | bits >> EXPORT_TXT) & (unsigned)EXPORT_NEAR << q->kind) !=
	    0)
		return true;
	name_to_text(apex, zone->apex);
	explain_why(step, "nxdomain",
		    "a question about space, and the zone does not export %s",
		    space_kind_label(q->kind));
	snprintf(hint, sizeof(hint), "placectl export add %s.%s PTR TXT",
		 space_kind_label(q->kind), apex);
	json_object_set_new(step, "hint", json_string(hint));
	return false;
}

static void
explain_question(json_t *step, const struct space_question *q,
		 enum space_outcome outcome, const char *why)
{
	char scope[NAME_TEXT_MAX];

	name_to_text(scope, q->scope);
	if (outcome == SPACE_IMPOSSIBLE)
		explain_why(step, "nxdomain", "no question about space: %s",
			    why);
	else if (outcome == SPACE_TAIL)
		explain_why(step, "nodata",
			    "questions about space end so, but this is no "
			    "whole one");
	else
		explain_why(step, "space",
			    "a question about space: what is named at or "
			    "below %s is searched (placectl near, in and here "
			    "show it)",
			    scope);
}

bool
explain_space(struct explain *x, json_t *step, const struct zone_facts *zone,
	      struct view v)
{
	char why[SPACE_WHY_MAX] = "", scope[NAME_TEXT_MAX];
	struct space_question q;
	struct lookup l;
	enum space_outcome outcome =
		space_question_parse(&q, x->name, zone->apex, why);

	if (outcome == SPACE_NONE)
		return false;
	lookup(&l, x->talk->view, zone, q.scope, RR_LOC);
	if (l.result == LOOKUP_REFERRAL || l.result == LOOKUP_DNAME ||
	    l.result == LOOKUP_ERROR ||
	    (l.node.octets != NULL && (l.node.flags & NODE_HAS_DNAME)))
		return false;
	name_to_text(scope, q.scope);
	if (l.wildcard ||
	    (l.result != LOOKUP_ANSWER && l.result != LOOKUP_NODATA))
		explain_why(step, "nxdomain",
			    "a question about space, but there is no %s",
			    scope);
	else if (!v.outside || explain_exported(step, zone, &q))
		explain_question(step, &q, outcome, why);
	return true;
}
