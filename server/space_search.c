/* The zones that are searched: the one that holds the scope, and those below
 * it. Each is searched for itself, and its hits are merged with the others'. */
#include "server/space_internal.h"

#include <math.h>
#include <string.h>

/* --- zones ---------------------------------------------------------------- */

struct zone_facts *
space_zone_next(const struct space_search *s, size_t *at)
{
	const struct conf *c = s->served->conf;

	if ((*at)++ == 0)
		return s->facts;
	if (c->zone_count == 1)
		return NULL;
	if (*at == 2)
		*at += served_after(s->served, s->q->scope);
	for (; *at - 2 < c->zone_count; ++*at) {
		int zone = (int)(*at - 2);
		struct zone_facts *f;

		if (!name_at_or_below(c->zones[zone].apex, s->q->scope))
			break;
		f = zone == s->zone ? NULL : s->open(s->arg, zone);
		if (f != NULL)
			return f;
	}
	*at = c->zone_count + 2;
	return NULL;
}

/* --- merging -------------------------------------------------------------- */

static int
hit_cmp(const struct space_search *s, const struct space_hit *a,
	const struct space_hit *b)
{
	if (s->q->kind != SPACE_HERE && a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return name_cmp(a->name, b->name);
}

void
space_merge(struct space_search *s, const struct space_hit *hits,
	    unsigned count)
{
	struct space_hit *to = s->spare;
	unsigned a = 0, b = 0, n = 0;

	while (n < s->cap && (a < s->count || b < count)) {
		int order = a == s->count ? 1
			    : b == count  ? -1
					  : hit_cmp(s, &s->hits[a], &hits[b]);

		if (order == 0)
			b++; /* the same name twice */
		else
			to[n++] = order < 0 ? s->hits[a++] : hits[b++];
	}
	/* to be cut at the k that was asked for is no lack */
	if ((a < s->count || b < count) &&
	    (s->cap == s->room || s->q->k > s->cap))
		s->more = true;
	s->spare = s->hits;
	s->hits = to;
	s->count = n;
}

/* --- one zone ------------------------------------------------------------- */

static struct space_hit
hit_of(const struct space_search *s, const struct search_hit *h,
       struct zone_facts *facts)
{
	struct space_hit hit = {
		.name = h->name,
		.facts = facts,
		.owner = h->owner,
		.owner_len = h->owner_len,
		.point = h->point,
		.has_place = h->has_place,
		.has_distance = h->has_place,
		.at = h->at,
		.distance = h->distance,
		.area = h->area,
		.order = h->order,
	};

	/* in other zones than its own the search does not know of the scope */
	if (s->q->kind == SPACE_HERE) {
		hit.has_distance = h->has_place && s->has_from;
		if (hit.has_distance)
			hit.distance = (uint64_t)llround(
				1000 *
				place_distance(s->from.spot, h->at.spot));
	}
	return hit;
}

/* The hits move from the search's memory to the result's, where their names are
 * already. */
static void
keep(struct space_search *s, const struct search *found,
     struct zone_facts *facts)
{
	struct space_hit *hits =
		arena_alloc(&s->arena, found->count * sizeof(*hits));
	unsigned n = 0;

	for (; hits != NULL && n < found->count; n++)
		hits[n] = hit_of(s, &found->hits[n], facts);
	s->more = s->more || found->more || n < found->count;
	space_merge(s, hits, n);
}

/* A zone below is a name below, which its parent has only as a cut. */
static void
keep_apex(struct space_search *s, struct zone_facts *f)
{
	struct search_hit h = {.name = f->apex, .owner = f->apex};
	struct space_hit hit;

	if (s->q->kind != SPACE_HERE || s->q->service != NULL ||
	    f == s->facts || name_equal(f->apex, s->q->scope))
		return;
	h.has_place = places_where(&f->apex_node, &h.at);
	hit = hit_of(s, &h, f);
	space_merge(s, &hit, 1);
}

/* home: the zone that holds the scope, if f does not and is not below it. */
static enum err
search_zone(struct space_search *s, struct zone_facts *f,
	    const struct zone_facts *home)
{
	struct space_question q = *s->q;
	struct arena temp;
	struct search run = {
		.view = s->view,
		.zone = f,
		.home = home,
		.limits = &s->limits,
		.ahead = f == s->facts && home == NULL ? s->ahead : NULL,
		.arena = &temp,
		.names = &s->arena,
		.hits = s->found,
		.room = s->room,
	};
	enum err e;

	arena_init_fixed(&temp, s->found + s->room,
			 SPACE_TEMP_LEN - s->room * sizeof(*s->found));
	if (home == NULL && !name_at_or_below(q.scope, f->apex))
		q.scope = f->apex;
	s->limits.scan_max = s->budget;
	e = search_run(&run, &q);
	if (e == ERR_NOMEM) {
		s->more = true;
		s->budget = 0;
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	s->budget -= run.scanned < s->budget ? run.scanned : s->budget;
	s->budget -= SPACE_ZONE_COST < s->budget ? SPACE_ZONE_COST : s->budget;
	keep(s, &run, f);
	if (home == NULL)
		keep_apex(s, f);
	return ERR_OK;
}

/* --- the whole ------------------------------------------------------------ */

struct search_limits
space_limits(const struct conf *conf)
{
	const struct conf_space *c = &conf->space;

	return (struct search_limits){
		.k = c->k,
		.k_max = c->k_max,
		.radius_max = (uint64_t)c->radius_max * 1000,
		.scan_max = c->scan_max,
	};
}

/* How many hits the question wants. */
static void
limit(struct space_search *s)
{
	const struct conf_space *c = &s->served->conf->space;
	unsigned k = s->q->k != 0 ? s->q->k : c->k;

	s->limits = space_limits(s->served->conf);
	s->budget = c->scan_max;
	s->room = s->cap = c->hits_max;
	if (k > c->k_max)
		k = c->k_max;
	if (s->q->kind == SPACE_NEAR && (s->q->k != 0 || !s->q->has_radius) &&
	    k < s->room)
		s->cap = k;
	s->more = s->q->has_radius && s->q->radius > s->limits.radius_max;
}

/* Where the distances of `here` are from. */
static void
locate_scope(struct space_search *s)
{
	struct node node;

	s->has_from = s->q->kind == SPACE_HERE &&
		      lookup_node(s->view, s->facts->record.id, s->facts->apex,
				  s->q->scope, &node) == ERR_OK &&
		      places_where(&node, &s->from);
}

/* Or may have one: the search reads it. */
static bool
scope_has_footprint(const struct space_search *s)
{
	static const uint8_t label[] = "\4_geo";
	uint8_t name[NAME_WIRE_MAX];
	struct node node;

	must(s->facts != NULL);
	return s->has_from &&
	       name_concat(name, label, sizeof(label) - 1, s->q->scope) > 0 &&
	       lookup_node(s->view, s->facts->record.id, s->facts->apex, name,
			   &node) == ERR_OK;
}

/* What stands within the scope's footprint and is named elsewhere: in zones
 * beneath the apex that are not below the scope. */
static enum err
search_beside(struct space_search *s)
{
	const struct conf *c = s->served->conf;
	const uint8_t *apex = s->facts->apex;
	size_t zone = served_after(s->served, apex);
	enum err e = ERR_OK;

	for (; e == ERR_OK && zone < c->zone_count; zone++) {
		struct zone_facts *f;

		if (!name_at_or_below(c->zones[zone].apex, apex))
			break;
		if ((int)zone == s->zone ||
		    name_at_or_below(c->zones[zone].apex, s->q->scope))
			continue;
		if (s->budget == 0) {
			s->more = true;
			break;
		}
		f = s->open(s->arg, (int)zone);
		if (f != NULL)
			e = search_zone(s, f, s->facts);
	}
	return e;
}

enum err
space_search(struct space_search *s)
{
	struct zone_facts *f;
	enum err e = ERR_OK;
	size_t at = 0;

	limit(s);
	s->count = 0;
	s->found = s->scratch;
	arena_init_fixed(&s->arena, (uint8_t *)s->scratch + SPACE_TEMP_LEN,
			 SPACE_SCRATCH_LEN - SPACE_TEMP_LEN);
	s->hits = arena_alloc(&s->arena, s->room * sizeof(*s->hits));
	s->spare = arena_alloc(&s->arena, s->room * sizeof(*s->hits));
	must(s->hits != NULL && s->spare != NULL);
	locate_scope(s);
	while (e == ERR_OK && (f = space_zone_next(s, &at)) != NULL) {
		if (s->budget == 0) {
			s->more = true;
			break;
		}
		e = search_zone(s, f, NULL);
	}
	if (e == ERR_OK && scope_has_footprint(s))
		e = search_beside(s);
	return e;
}
