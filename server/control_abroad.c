/* explain, out of what is served here. */
#include "resolver/blocked.h"
#include "resolver/cache.h"
#include "resolver/ladder.h"
#include "server/control_explain.h"
#include "server/query.h"
#include "server/recurse.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* --- who may -------------------------------------------------------------- */

static bool
abroad_inside(const void *arg, uint32_t zone)
{
	struct explain *x = (struct explain *)arg;
	const struct view_client client = explain_client(x);

	return !x->has_from || view_inside(x->served, (int)zone, &client);
}

static bool
abroad_inside_any(struct explain *x)
{
	const struct view_client client = explain_client(x);

	return !x->has_from || view_inside_any(x->served, &client);
}

/* --- what the cache has --------------------------------------------------- */

static void
cached_rrs(json_t *step, const struct entry *entry, uint32_t age)
{
	json_t *list = json_array();
	struct entry_rrset r;
	size_t at = 0;

	while (entry_next(entry, &at, &r)) {
		struct rr rr = {
			.owner = r.owner,
			.ttl = r.set.ttl > age ? r.set.ttl - age : 0,
			.type = r.set.type,
			.class = RR_IN,
		};
		size_t i = 0;

		while (rrset_next(&r.set, &i, &rr.rdata, &rr.rdlen))
			json_array_append_new(list,
					      json_pack("{s:o, s:s}", "rr",
							control_json_rr(&rr),
							"origin", "cache"));
	}
	json_object_set_new(step, "rrs", list);
}

/* The chain of the answer may lead home: true, and x->name is that name. */
static bool
cached_leads_home(struct explain *x, const struct entry *entry)
{
	const struct view_client client = explain_client(x);
	const uint8_t *name = x->name, *target;
	struct entry_rrset r;
	uint16_t rdlen;
	size_t at;

	for (unsigned i = 0; i <= entry->count; i++) {
		at = 0;
		if (x->type == RR_CNAME || x->type == RR_ANY ||
		    !entry_find(entry, MSG_AN, name, RR_CNAME, &r) ||
		    !rrset_next(&r.set, &at, &target, &rdlen))
			return false;
		name = target;
		if (x->has_from ? !view_holds(x->served, name, &client)
				: served_find(x->served, name) < 0)
			continue;
		name_copy(x->name, name);
		return true;
	}
	return false;
}

/* The same question with and without DNSSEC has entries of its own. */
static bool
cached_find(struct cache_view *v, const struct explain *x, bool child,
	    struct entry *entry)
{
	uint8_t kind = resolve_cache_variant(
		0, child || recurse_private_ok(x->served->conf, x->name),
		child);

	return cache_get(v, x->name, x->type, kind, entry) ||
	       cache_get(v, x->name, x->type, kind | CACHE_DO, entry);
}

static bool
cached_tell(struct explain *x, json_t *step, struct cache_view *v, bool child)
{
	uint32_t now = (uint32_t)time(NULL), age, left;
	struct entry entry;
	const char *state;

	if (!cached_find(v, x, child, &entry)) {
		json_object_set_new(step, "cached",
				    json_pack("{s:s}", "state", "nothing"));
		return false;
	}
	age = now > entry.made ? now - entry.made : 0;
	left = entry_fresh(&entry, now);
	state = left == 0 ? "stale" : "fresh";
	json_object_set_new(step, "cached",
			    json_pack("{s:s, s:i, s:i, s:i}", "state", state,
				      "rcode", (int)entry.rcode, "age",
				      (int)age, "left", (int)left));
	cached_rrs(step, &entry, age);
	return cached_leads_home(x, &entry);
}

/* True if what is cached leads home. */
static bool
cached_step(struct explain *x, json_t *step, bool child)
{
	struct cache *cache = x->talk->server->recursion.cache;
	struct cache_view *v = cache == NULL ? NULL : cache_view_new(cache);
	bool home = false;

	if (v != NULL && cache_view_begin(v)) {
		home = cached_tell(x, step, v, child);
		cache_view_end(v);
	}
	cache_view_free(v);
	return home;
}

/* --- rungs ---------------------------------------------------------------- */

/* True if the address of one of the cut's servers is known here. */
static bool
child_is_known(const struct explain *x, const struct lookup *cut,
	       const struct zone_facts *zone)
{
	const uint8_t *host;
	struct rrset set;
	uint16_t rdlen;
	size_t at = 0;

	while (rrset_next(&cut->set, &at, &host, &rdlen))
		if (name_at_or_below(host, zone->apex) &&
		    (lookup_glue(x->talk->view, zone, host, RR_AAAA, &set) ||
		     lookup_glue(x->talk->view, zone, host, RR_A, &set)))
			return true;
	return false;
}

static enum explain_abroad
abroad_child(struct explain *x, json_t *step, const struct lookup *cut,
	     const struct zone_facts *zone)
{
	char name[NAME_TEXT_MAX];

	must(cut != NULL); /* the ladder has found a child by it */
	if (!child_is_known(x, cut, zone))
		return EXPLAIN_CLOSED;
	name_to_text(name, cut->owner);
	explain_why(step, "child",
		    "%s is delegated; its servers are asked for whoever is "
		    "inside",
		    name);
	json_object_set_new(step, "owner", control_json_name(cut->owner));
	explain_rrs(x, step, cut);
	return cached_step(x, step, true) ? EXPLAIN_NEXT : EXPLAIN_DONE;
}

static void
abroad_special(const struct explain *x, json_t *step, const struct special *s)
{
	char apex[NAME_TEXT_MAX];

	name_to_text(apex, s->apex);
	if (s->answer == SPECIAL_LOCALHOST)
		explain_why(step, "special-use",
			    "%s is this host, and asked of nobody (%s)", apex,
			    s->why);
	else if (s->answer == SPECIAL_EMPTY && name_equal(x->name, s->apex))
		explain_why(step, "special-use",
			    "%s is an empty zone of this server, and asked of "
			    "nobody (%s)",
			    apex, s->why);
	else
		explain_why(step, "special-use",
			    "nothing is there: %s is asked of nobody (%s)",
			    apex, s->why);
	json_object_set_new(step, "rule", json_string(s->why));
}

static enum explain_abroad
abroad_reach(struct explain *x, json_t *step, const struct ladder *l)
{
	const struct conf *conf = x->served->conf;
	char entry[NAME_TEXT_MAX], zone[NAME_TEXT_MAX] = "";

	name_to_text(entry, l->entry);
	json_object_set_new(step, "entry", control_json_name(l->entry));
	if (l->zone != REACH_CONF) {
		name_to_text(zone, conf->zones[l->zone].apex);
		json_object_set_new(step, "of", json_string(zone));
	}
	explain_why(step, conf->uplink.forward_count > 0 ? "reach" : "servfail",
		    "%s is in reach, by %s%s%s", entry,
		    l->zone == REACH_CONF ? "the configuration" : "_reach of ",
		    zone,
		    conf->uplink.forward_count > 0
			    ? ""
			    : ", but there is no uplink to ask: name a server "
			      "under uplink: forward");
	if (conf->uplink.forward_count == 0)
		return EXPLAIN_DONE;
	return cached_step(x, step, false) ? EXPLAIN_NEXT : EXPLAIN_DONE;
}

static uint64_t
blocked_count(const struct explain *x)
{
	struct blocked *b = x->talk->server->recursion.blocked;
	struct blocked_name *list;
	uint64_t n = 0;
	size_t count;

	if (b == NULL)
		return 0;
	list = blocked_list(b, &count);
	for (size_t i = 0; i < count; i++)
		if (name_equal(list[i].name, x->name))
			n = list[i].count;
	free(list);
	return n;
}

static void
abroad_blocked(const struct explain *x, json_t *step)
{
	char name[NAME_TEXT_MAX], hint[NAME_TEXT_MAX + 32];

	name_to_text(name, x->name);
	explain_why(step, "blocked",
		    "no zone here answers the name, and it is not in reach: "
		    "nothing leaves (REFUSED, EDE 15)");
	json_object_set_new(step, "count",
			    json_integer((json_int_t)blocked_count(x)));
	snprintf(hint, sizeof(hint), "placectl reach add %s", name);
	json_object_set_new(step, "hint", json_string(hint));
}

static enum explain_abroad
abroad_rung(struct explain *x, json_t *step, const struct ladder *l,
	    const struct lookup *cut, const struct zone_facts *zone)
{
	switch (l->step) {
	case LADDER_CHILD:
		return abroad_child(x, step, cut, zone);
	case LADDER_SPECIAL:
		abroad_special(x, step, &l->special);
		return EXPLAIN_DONE;
	case LADDER_REACH:
		return abroad_reach(x, step, l);
	case LADDER_BLOCKED:
		abroad_blocked(x, step);
		return EXPLAIN_DONE;
	case LADDER_CLOSED:
		break;
	}
	return EXPLAIN_CLOSED;
}

enum explain_abroad
explain_abroad(struct explain *x, json_t *step, const struct lookup *cut,
	       const struct zone_facts *zone)
{
	const struct ladder_client client = {
		.recursive = true,
		.inside_any = abroad_inside_any(x),
		.inside = abroad_inside,
		.arg = x,
	};
	struct reach *reach = reach_new(x->served->conf);
	enum explain_abroad a = EXPLAIN_CLOSED;
	struct ladder l;

	if (reach != NULL && reach_refresh(reach, x->talk->view) == ERR_OK) {
		ladder_climb(&l, &client, reach, x->name, cut != NULL);
		a = abroad_rung(x, step, &l, cut, zone);
	}
	reach_free(reach);
	return a;
}
