/*
 * Delegated children whose servers are elsewhere. Their parent knows of them
 * what their covers say: whether the region that is asked about touches one,
 * or lies within it. What is not certain counts as touched and not within.
 */
#include "server/space_internal.h"

#include "zones/key.h"

#include <math.h>
#include <string.h>

#define METRES_A_MAS (PLACE_METRES_A_DEGREE / PLACE_DEGREE)

/* What is left of the plane's error when the earth is taken for one. */
#define SLACK 0.01	 /* of a length */
#define SLACK_METRES 0.1 /* and on top */

#define WIDE ((int64_t)90 * PLACE_DEGREE)

/* --- geometry ------------------------------------------------------------- */

/* East and north of some origin. */
struct flat {
	double x, y;
};

/* The edges of a footprint in turn, in metres around a spot. */
struct edges {
	const struct place_footprint *fp;
	struct place_spot origin;
	double east; /* metres a mas of longitude */
	unsigned ring, corner;
};

static struct edges
edges_of(const struct place_footprint *fp, struct place_spot origin)
{
	return (struct edges){
		.fp = fp,
		.origin = origin,
		.east = METRES_A_MAS *
			cos(place_angle_degrees(origin.lat) * M_PI / 180),
	};
}

static struct flat
flat_of(const struct edges *e, struct place_spot spot)
{
	return (struct flat){
		.x = place_lon_diff(spot.lon, e->origin.lon) * e->east,
		.y = ((double)spot.lat - e->origin.lat) * METRES_A_MAS,
	};
}

static bool
edges_next(struct edges *e, struct flat *a, struct flat *b)
{
	const struct place_ring *r;

	while (e->ring < e->fp->rings &&
	       e->corner == e->fp->ring[e->ring].count) {
		e->ring++;
		e->corner = 0;
	}
	if (e->ring == e->fp->rings)
		return false;
	r = &e->fp->ring[e->ring];
	*a = flat_of(e, r->corner[e->corner]);
	e->corner++;
	*b = flat_of(e, r->corner[e->corner == r->count ? 0 : e->corner]);
	return true;
}

/* From the origin to the segment. */
static double
segment_distance(struct flat a, struct flat b)
{
	double dx = b.x - a.x, dy = b.y - a.y, len = dx * dx + dy * dy;
	double t = len > 0 ? -(a.x * dx + a.y * dy) / len : 0;

	t = fmin(fmax(t, 0), 1);
	return hypot(a.x + t * dx, a.y + t * dy);
}

static double
edge_distance(const struct place_footprint *fp, struct place_spot spot)
{
	struct edges e = edges_of(fp, spot);
	double least = INFINITY;
	struct flat a, b;

	while (edges_next(&e, &a, &b))
		least = fmin(least, segment_distance(a, b));
	return least;
}

/* Cuts [t0, t1] of a + t d to what lies from 0 to most. */
static bool
clip(double a, double d, double most, double *t0, double *t1)
{
	double s, t;

	if (d == 0)
		return a >= 0 && a <= most;
	s = (d > 0 ? 0 - a : most - a) / d;
	t = (d > 0 ? most - a : 0 - a) / d;
	*t0 = fmax(*t0, s);
	*t1 = fmin(*t1, t);
	return *t0 <= *t1;
}

/* --- a child and a region ------------------------------------------------- */

/* Metres from the LOC within which everything lies, if nothing else is known.
 */
static double
sphere_radius(const struct space_child *c)
{
	return (double)place_size_cm(c->at.size) / 200;
}

/* Whether the child has anything within so many metres. */
static bool
touches_disc(struct space_child *c, struct place_spot spot, double radius,
	     bool bounded)
{
	double far, reach = radius * (1 + SLACK) + SLACK_METRES;
	bool inside;

	if (!c->has_footprint) {
		far = place_distance(c->at.spot, spot);
		c->whole = bounded && far + radius <= sphere_radius(c);
		return far - sphere_radius(c) <= reach;
	}
	inside = place_footprint_contains(&c->footprint, spot);
	far = edge_distance(&c->footprint, spot);
	c->whole = bounded && inside && far >= reach;
	return inside || far * (1 - SLACK) <= reach;
}

static bool
holds_spot(struct space_child *c, struct place_spot spot)
{
	c->whole =
		c->has_footprint
			? place_footprint_contains(&c->footprint, spot)
			: place_distance(c->at.spot, spot) <= sphere_radius(c);
	return c->whole;
}

/* A corner inside tells of a footprint around the box, an edge in it of all
 * the others. far is the box's corner opposite to the edges' origin. */
static bool
footprint_touches_box(struct space_child *c, const struct space_question *q,
		      struct edges *e, struct flat far)
{
	bool crossed = false;
	unsigned corners = 0;
	struct flat a, b;

	for (unsigned i = 0; i < 4; i++)
		corners += place_footprint_contains(
			&c->footprint, (struct place_spot){
					       i & 1 ? q->far.lat : q->spot.lat,
					       i & 2 ? q->far.lon : q->spot.lon,
				       });
	while (!crossed && edges_next(e, &a, &b)) {
		double t0 = 0, t1 = 1;

		crossed = clip(a.x, b.x - a.x, far.x, &t0, &t1) &&
			  clip(a.y, b.y - a.y, far.y, &t0, &t1);
	}
	c->whole = corners == 4 && !crossed;
	return corners > 0 || crossed;
}

/* From a number to the nearest and to the farthest of [0, most]. */
static double
nearest_of(double v, double most)
{
	return v < 0 ? -v : fmax(v - most, 0);
}

static double
farthest_of(double v, double most)
{
	return fmax(fabs(v), fabs(v - most));
}

static bool
sphere_touches_box(struct space_child *c, struct flat at, struct flat far)
{
	double radius = sphere_radius(c);
	double least = hypot(nearest_of(at.x, far.x), nearest_of(at.y, far.y));
	double most = hypot(farthest_of(at.x, far.x), farthest_of(at.y, far.y));

	c->whole = most * (1 + SLACK) + SLACK_METRES <= radius;
	return least * (1 - SLACK) - SLACK_METRES <= radius;
}

static bool
touches_box(struct space_child *c, const struct space_question *q)
{
	int64_t width = (int64_t)q->far.lon - q->spot.lon;
	struct edges e = edges_of(&c->footprint, q->spot);
	struct flat far;

	if (width < 0)
		width += 2 * (int64_t)PLACE_LON_MAX;
	if (width > WIDE)
		return true;
	far = (struct flat){(double)width * e.east,
			    ((double)q->far.lat - q->spot.lat) * METRES_A_MAS};
	return c->has_footprint
		       ? footprint_touches_box(c, q, &e, far)
		       : sphere_touches_box(c, flat_of(&e, c->at.spot), far);
}

/* How far away a hit could still be. */
static double
near_bound(const struct space_search *s, bool *bounded)
{
	const struct space_question *q = s->q;
	uint64_t radius = q->radius < s->limits.radius_max
				  ? q->radius
				  : s->limits.radius_max;
	double bound = q->has_radius ? (double)radius / 1000 : INFINITY;

	*bounded = q->has_radius;
	if (s->count == s->cap && s->cap < s->room)
		bound = fmin(bound, s->hits[s->count - 1].order);
	return bound;
}

/* Whether it may have hits; sets `whole`. */
static bool
is_asked(const struct space_search *s, struct space_child *c)
{
	const struct space_question *q = s->q;
	double bound;
	bool bounded;

	c->whole = false;
	if (q->has_level && c->has_footprint &&
	    !place_footprint_on_level(&c->footprint, q->level))
		return false;
	switch (q->kind) {
	case SPACE_NEAR:
		bound = near_bound(s, &bounded);
		return touches_disc(c, q->spot, bound, bounded);
	case SPACE_IN:
		if (q->has_altitude && c->has_footprint &&
		    !place_footprint_at_altitude(&c->footprint, q->altitude))
			return false;
		return holds_spot(c, q->spot);
	case SPACE_BOX:
		return touches_box(c, q);
	case SPACE_HERE:
		break;
	}
	return true;
}

double
space_child_area(const struct space_child *c)
{
	double cm = 100 * sphere_radius(c);

	return c->has_footprint ? (double)c->footprint.area : M_PI * cm * cm;
}

/* --- covers --------------------------------------------------------------- */

static const uint8_t cover_label[] = "\6_cover";
static const uint8_t geo_label[] = "\4_geo";

static void
read_footprint(struct space_search *s, struct space_child *c,
	       const uint8_t *cover)
{
	uint8_t name[NAME_WIRE_MAX];
	const uint8_t *rdata;
	struct rrset txt;
	struct node n;
	uint16_t rdlen;
	size_t at = 0;

	c->has_footprint = false;
	if (name_concat(name, geo_label, sizeof(geo_label) - 1, cover) == 0 ||
	    lookup_node(s->view, c->facts->record.id, c->facts->apex, name,
			&n) != ERR_OK ||
	    !node_find(&n, RR_TXT, &txt))
		return;
	while (!c->has_footprint && rrset_next(&txt, &at, &rdata, &rdlen))
		c->has_footprint = place_footprint_parse(
					   &c->footprint, rdata, rdlen, &c->at,
					   &s->arena, NULL) == ERR_OK;
}

/* The child whose cover stands at that name, if it is one to be asked. */
static bool
read_child(struct space_search *s, struct space_child *c, const uint8_t *cover,
	   const uint8_t *covers, const struct node *n)
{
	uint8_t apex[NAME_WIRE_MAX];
	size_t front = name_len(cover) - name_len(covers);
	size_t len = name_concat(apex, cover, front, c->facts->apex);

	if (len == 0 || !name_at_or_below(apex, s->q->scope) ||
	    served_exact(s->served, apex) >= 0 || !places_where(n, &c->at))
		return false;
	c->apex = arena_copy(&s->arena, apex, len);
	if (c->apex == NULL) {
		s->more = true;
		return false;
	}
	lookup(&c->cut, s->view, c->facts, c->apex, RR_NS);
	if (c->cut.result != LOOKUP_REFERRAL || c->cut.owner != c->apex)
		return false;
	read_footprint(s, c, cover);
	return is_asked(s, c);
}

/* Looks at what stands below `_cover` of one zone. */
static enum err
zone_children(struct space_search *s, struct zone_facts *f,
	      struct space_child *children, unsigned *count)
{
	uint8_t covers[NAME_WIRE_MAX], name[NAME_WIRE_MAX];
	struct store_value key, value;
	struct key from;
	size_t prefix;
	struct node n;

	if (name_concat(covers, cover_label, sizeof(cover_label) - 1,
			f->apex) == 0)
		return ERR_OK;
	key_make(&from, f->record.id, covers, f->apex);
	prefix = from.len;
	for (unsigned i = 0;; i++) {
		enum err e =
			store_seek_within(s->view, STORE_NODES, from.octets,
					  from.len, prefix, &key, &value);

		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		if (key.len > KEY_MAX - 1 ||
		    !node_open(&n, value.octets, value.len) ||
		    key_to_name(name, key.octets, key.len, f->apex) == 0)
			return ERR_CORRUPT;
		if (i == SPACE_COVERS_MAX || *count == SPACE_CHILDREN_MAX) {
			s->more = true;
			return ERR_OK;
		}
		children[*count].facts = f;
		if (read_child(s, &children[*count], name, covers, &n))
			++*count;
		/* no label is empty: nothing stands between a key and this */
		memcpy(from.octets, key.octets, key.len);
		from.len = key.len;
		from.octets[from.len++] = 0;
	}
}

enum err
space_children(struct space_search *s, struct space_child *children,
	       unsigned *count)
{
	struct zone_facts *f;
	enum err e = ERR_OK;
	size_t at = 0;

	*count = 0;
	while (e == ERR_OK && (f = space_zone_next(s, &at)) != NULL)
		if (!f->outside && f->record.cuts > 0)
			e = zone_children(s, f, children, count);
	return e;
}
