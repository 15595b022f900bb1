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

/* --- the heap -------------------------------------------------------------
 *
 * Hits stay where they are; what moves is their numbers.
 */

static void
heap_swap(uint16_t *heap, unsigned a, unsigned b)
{
	uint16_t number = heap[a];

	heap[a] = heap[b];
	heap[b] = number;
}

/* The hit at i may come before what is below it. */
static void
heap_sink(const struct finding *f, unsigned count, unsigned i)
{
	const struct search_hit *h = f->s->hits;
	uint16_t *heap = f->heap;

	for (;;) {
		unsigned last = i, kid = 2 * i + 1;

		for (unsigned n = 0; n < 2; n++, kid++)
			if (kid < count &&
			    hit_cmp(&h[heap[kid]], &h[heap[last]]) > 0)
				last = kid;
		if (last == i)
			return;
		heap_swap(heap, i, last);
		i = last;
	}
}

/* The hit at i may come after what is above it. */
static void
heap_rise(const struct finding *f, unsigned i)
{
	const struct search_hit *h = f->s->hits;
	uint16_t *heap = f->heap;

	while (i > 0 && hit_cmp(&h[heap[i]], &h[heap[(i - 1) / 2]]) > 0) {
		heap_swap(heap, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

/* From a heap with the last hit on top to their order. */
static void
heap_sort(const struct finding *f)
{
	for (unsigned n = f->count; n > 1; n--) {
		heap_swap(f->heap, 0, n - 1);
		heap_sink(f, n - 1, 0);
	}
}

/* The hits move to where their numbers stand, each once. */
static void
hits_arrange(struct finding *f)
{
	struct search_hit *h = f->s->hits;
	uint16_t *order = f->heap;

	for (unsigned i = 0; i < f->count; i++) {
		struct search_hit first = h[i];
		unsigned at = i;

		if (order[i] == i)
			continue;
		while (order[at] != i) {
			unsigned from = order[at];

			h[at] = h[from];
			order[at] = (uint16_t)at;
			at = from;
		}
		h[at] = first;
		order[at] = (uint16_t)at;
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
	const struct search_hit *top;

	if (!finding_full(f))
		return true;
	top = finding_last(f);
	if (c->order != top->order)
		return c->order < top->order;
	return owner_cmp(c->owner, c->owner_len, top->owner, top->owner_len) <
	       0;
}

/* Where in the heap the hit is that the owner is already. */
static bool
find_owner(const struct finding *f, const struct candidate *c, unsigned *at)
{
	for (*at = 0; *at < f->count; ++*at) {
		const struct search_hit *h = &f->s->hits[f->heap[*at]];

		if (owner_cmp(h->owner, h->owner_len, c->owner, c->owner_len) ==
		    0)
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
		if (hit_cmp(&hit, &h[f->heap[at]]) >= 0)
			return;
		h[f->heap[at]] = hit;
		heap_sink(f, f->count, at);
	} else if (!finding_wants(f, c)) {
		f->dropped = true;
	} else if (!finding_full(f)) {
		h[f->count] = hit;
		f->heap[f->count] = (uint16_t)f->count;
		heap_rise(f, f->count++);
	} else {
		f->dropped = true;
		h[f->heap[0]] = hit;
		heap_sink(f, f->count, 0);
	}
	if (f->nearest && finding_full(f) && (f->dropped || !f->all) &&
	    finding_last(f)->order < f->bound)
		finding_bound(f, finding_last(f)->order);
}

double
finding_distance(const struct finding *f, const struct place_point *at)
{
	return f->in_the_air ? place_distance_3d(&f->from, at)
			     : place_distance_from(&f->origin, at->spot);
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

	heap_sort(f);
	hits_arrange(f);
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
		.in_the_air = q->has_altitude,
		.room = s->room,
		.all = true,
		.scan_max = s->limits->scan_max,
		.elsewhere = s->home != NULL,
	};
	const struct zone_facts *home = f.elsewhere ? s->home : s->zone;
	enum err e;

	must(s->room > 0 && s->room <= UINT16_MAX && s->arena->fixed != NULL);
	must(!f.elsewhere || q->kind == SPACE_HERE);
	s->count = s->scanned = 0;
	s->more = false;
	f.heap = arena_alloc(s->arena, s->room * sizeof(*f.heap));
	if (f.heap == NULL)
		return ERR_NOMEM;
	finding_from(&f,
		     (struct place_point){.spot = q->spot, .alt = q->altitude});
	key_make(&f.scope, home->record.id, q->scope, home->apex);
	e = find(&f);
	/* what was found till then is right, but not all */
	if (e == ERR_FULL) {
		s->more = true;
		e = ERR_OK;
	}
	return e == ERR_OK ? finish(&f) : e;
}
