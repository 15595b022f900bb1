#include "zones/search_internal.h"

#include <math.h>

#define MM 1000.0

/* --- which of two comes first --------------------------------------------- */

int
owner_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t len = a_len < b_len ? a_len : b_len;
	int order = len > 0 ? memcmp(a, b, len) : 0;

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
hit_cmp(const struct search_hit *a, const struct search_hit *b)
{
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return owner_cmp(a->owner, a->owner_len, b->owner, b->owner_len);
}

/* --- the heap ------------------------------------------------------------- */

static void
heap_swap(struct search_hit *h, unsigned a, unsigned b)
{
	struct search_hit hit = h[a];

	h[a] = h[b];
	h[b] = hit;
}

/* The hit at i may come before what is below it. */
static void
heap_sink(struct search_hit *h, unsigned count, unsigned i)
{
	for (;;) {
		unsigned last = i, kid = 2 * i + 1;

		for (unsigned n = 0; n < 2; n++, kid++)
			if (kid < count && hit_cmp(&h[kid], &h[last]) > 0)
				last = kid;
		if (last == i)
			return;
		heap_swap(h, i, last);
		i = last;
	}
}

/* The hit at i may come after what is above it. */
static void
heap_rise(struct search_hit *h, unsigned i)
{
	while (i > 0 && hit_cmp(&h[i], &h[(i - 1) / 2]) > 0) {
		heap_swap(h, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

/* --- findings ------------------------------------------------------------- */

static void
finding_bound(struct finding *f, double bound)
{
	f->bound = bound;
	/* making a reach costs more than some distances it would spare */
	if (bound < 0.7 * f->reach_bound) {
		place_reach_make(&f->reach, f->from.spot, bound);
		f->reach_bound = bound;
	}
}

void
finding_start(struct finding *f, double limit)
{
	f->count = 0;
	f->dropped = false;
	f->limit = f->bound = f->reach_bound = limit;
	place_reach_make(&f->reach, f->from.spot, limit);
}

static struct search_hit
hit_of(const struct candidate *c)
{
	return (struct search_hit){
		.point = c->point,
		.has_place = c->has_place,
		.at = c->at,
		.area = c->area,
		.order = c->order,
		.owner = c->owner,
		.owner_len = (uint16_t)c->owner_len,
		.written = c->written,
	};
}

bool
finding_wants(const struct finding *f, const struct candidate *c)
{
	const struct search_hit *top = &f->s->hits[0];

	if (!finding_full(f))
		return true;
	if (c->order != top->order)
		return c->order < top->order;
	return owner_cmp(c->owner, c->owner_len, top->owner, top->owner_len) <
	       0;
}

/* The hit that the owner is already. */
static bool
find_owner(const struct finding *f, const struct candidate *c, unsigned *at)
{
	for (unsigned i = 0; i < f->count; i++)
		if (owner_cmp(f->s->hits[i].owner, f->s->hits[i].owner_len,
			      c->owner, c->owner_len) == 0) {
			*at = i;
			return true;
		}
	return false;
}

void
finding_keep(struct finding *f, const struct candidate *c)
{
	struct search_hit *h = f->s->hits, hit = hit_of(c);
	unsigned at;

	if (c->several && find_owner(f, c, &at)) {
		if (hit_cmp(&hit, &h[at]) >= 0)
			return;
		h[at] = hit;
		heap_sink(h, f->count, at);
	} else if (!finding_wants(f, c)) {
		f->dropped = true;
	} else if (!finding_full(f)) {
		h[f->count] = hit;
		heap_rise(h, f->count++);
	} else {
		f->dropped = true;
		h[0] = hit;
		heap_sink(h, f->count, 0);
	}
	if (f->nearest && finding_full(f) && (f->dropped || !f->all) &&
	    h[0].order < f->bound)
		finding_bound(f, h[0].order);
}

double
finding_distance(const struct finding *f, const struct place_point *at)
{
	return f->in_the_air ? place_distance_3d(&f->from, at)
			     : place_distance(f->from.spot, at->spot);
}

/* A cut or DNAME there hides what is below it, a cut what is at it as well. */
static enum err
node_hides(const struct finding *f, const uint8_t *key, size_t len, bool below,
	   bool *hides)
{
	struct node n;
	enum err e = here_node(f, key, len, &n);

	*hides = (n.flags & NODE_HAS_NS) != 0 ||
		 (below && (n.flags & NODE_HAS_DNAME) != 0);
	return e;
}

enum err
finding_occluded(const struct finding *f, const uint8_t *owner, size_t len,
		 bool *occluded)
{
	const struct zone_record *z = &f->s->zone->record;
	uint8_t key[KEY_MAX + 1];
	enum err e = ERR_OK;

	*occluded = owner_is_cover(owner, len);
	if (*occluded)
		return ERR_OK;
	if (z->cuts == 0 && z->dnames == 0)
		return ERR_OK;
	if (len > KEY_MAX - KEY_ID_LEN)
		return ERR_CORRUPT;
	put32(key, f->zone_id);
	memcpy(key + KEY_ID_LEN, owner, len);
	for (size_t i = 0; e == ERR_OK && !*occluded && i < len; i++)
		if (owner[i] == 0)
			e = node_hides(f, key, KEY_ID_LEN + i + 1, i + 1 < len,
				       occluded);
	return e;
}

/* --- the whole ------------------------------------------------------------ */

/* Where metres are the order, they are known. */
static uint64_t
hit_distance(const struct finding *f, const struct search_hit *h)
{
	if (!h->has_place || !f->has_from)
		return 0;
	return (uint64_t)llround(
		MM * (f->nearest ? h->order : finding_distance(f, &h->at)));
}

/* Names and distances of the hits, which are in order now. */
static enum err
finish(struct finding *f)
{
	struct search *s = f->s;
	uint8_t key[KEY_MAX + 1], name[NAME_WIRE_MAX];

	for (unsigned n = f->count; n > 1; n--) {
		heap_swap(s->hits, 0, n - 1);
		heap_sink(s->hits, n - 1, 0);
	}
	put32(key, f->zone_id);
	for (unsigned i = 0; i < f->count; i++) {
		struct search_hit *h = &s->hits[i];
		size_t len;

		if (h->owner_len > KEY_MAX - KEY_ID_LEN)
			return ERR_CORRUPT;
		memcpy(key + KEY_ID_LEN, h->owner, h->owner_len);
		len = key_to_name(name, key, (size_t)KEY_ID_LEN + h->owner_len,
				  s->zone->apex);
		if (len == 0)
			return ERR_CORRUPT;
		h->name = arena_copy(
			s->names, h->written != NULL ? h->written : name, len);
		if (h->name == NULL) {
			s->more = true;
			break;
		}
		h->distance = hit_distance(f, h);
		s->count++;
	}
	s->more = s->more || (f->all && f->dropped) ||
		  (f->short_radius && (f->all || !finding_full(f)));
	s->scanned = f->scanned < f->scan_max ? f->scanned : f->scan_max;
	return ERR_OK;
}

static enum err
find(struct finding *f)
{
	if (f->q->service != NULL)
		return search_service(f);
	switch (f->q->kind) {
	case SPACE_NEAR:
		return search_near(f);
	case SPACE_IN:
		return search_in(f);
	case SPACE_BOX:
		return search_box(f);
	case SPACE_HERE:
		return search_here(f);
	}
	return ERR_OK;
}

enum err
search_run(struct search *s, const struct space_question *q)
{
	struct finding f = {
		.s = s,
		.q = q,
		.zone_id = s->zone->record.id,
		.from = {.spot = q->spot, .alt = q->altitude},
		.has_from = true,
		.in_the_air = q->has_altitude,
		.room = s->room,
		.all = true,
		.scan_max = s->limits->scan_max,
		.elsewhere = s->home != NULL,
	};
	const struct zone_facts *home = f.elsewhere ? s->home : s->zone;
	enum err e;

	must(s->room > 0 && s->arena->fixed != NULL);
	must(!f.elsewhere || q->kind == SPACE_HERE);
	s->count = s->scanned = 0;
	s->more = false;
	key_make(&f.scope, home->record.id, q->scope, home->apex);
	e = find(&f);
	/* what was found till then is right, but not all */
	if (e == ERR_FULL) {
		s->more = true;
		e = ERR_OK;
	}
	return e == ERR_OK ? finish(&f) : e;
}
