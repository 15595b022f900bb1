#include "zones/cell_shape.h"

/*
 * A covering begins with the few cells that hold the region's bounds on each
 * face, and then cuts, level by level, those with most of their children empty
 * first, as long as the sum stays within max. A cell wholly inside stays whole.
 */
struct part {
	uint64_t id;
	const struct shape *shape;
	int32_t i, j; /* its leaf with the least i and j */
	struct uv_rect rect;
	double u, v; /* where it is cut, once looked at */
	uint8_t turn;
	uint8_t level;
	bool is_open; /* may be cut */
	uint8_t kids; /* how many children touch, once looked at */
	uint8_t touch[4];
};

struct cover {
	unsigned n, max;
	unsigned first; /* the level it begins with */
	unsigned fair;	/* the level at which four cells hold all on a face */
	struct part parts[CELL_COVER_MAX];
};

/* --- cutting ------------------------------------------------------------ */

static struct uv_rect
quadrant(const struct part *p, unsigned ij)
{
	const struct uv_rect *r = &p->rect;

	return (struct uv_rect){
		.ulo = ij & 2 ? p->u : r->ulo,
		.uhi = ij & 2 ? r->uhi : p->u,
		.vlo = ij & 1 ? p->v : r->vlo,
		.vhi = ij & 1 ? r->vhi : p->v,
	};
}

/* Which children touch the region. */
static void
part_look(struct part *p)
{
	int32_t half = CELL_SIDE >> (p->level + 1);

	p->u = cell_uv(p->i + half);
	p->v = cell_uv(p->j + half);
	for (unsigned place = 0; place < 4; place++) {
		struct uv_rect r =
			quadrant(p, cell_place_to_ij[p->turn][place]);

		p->touch[place] = (uint8_t)p->shape->touch(p->shape, &r);
		p->kids += p->touch[place] != TOUCH_NONE;
	}
}

static void
part_child(struct part *kid, const struct part *p, unsigned place)
{
	unsigned ij = cell_place_to_ij[p->turn][place];
	int32_t half = CELL_SIDE >> (p->level + 1);

	kid->id = cell_child(p->id, place);
	kid->shape = p->shape;
	kid->i = p->i + (ij & 2 ? half : 0);
	kid->j = p->j + (ij & 1 ? half : 0);
	kid->rect = quadrant(p, ij);
	kid->turn = p->turn ^ cell_place_to_turn[place];
	kid->level = p->level + 1;
	kid->kids = 0;
	kid->is_open =
		p->touch[place] == TOUCH_SOME && kid->level < CELL_LEVEL_MAX;
}

/* In place of a part its children, the first where it was. */
static void
cover_cut(struct cover *c, struct part *at)
{
	struct part whole = *at;
	bool is_first = true;

	for (unsigned place = 0; place < 4; place++) {
		if (whole.touch[place] == TOUCH_NONE)
			continue;
		part_child(is_first ? at : &c->parts[c->n++], &whole, place);
		is_first = false;
	}
}

/* The parts of one level that have so many children, as long as they fit. */
static void
cover_cut_those(struct cover *c, unsigned level, unsigned kids)
{
	for (unsigned k = 0, n = c->n; k < n; k++) {
		struct part *p = &c->parts[k];

		if (p->level == level && p->kids == kids &&
		    c->n - 1 + kids <= c->max)
			cover_cut(c, p);
	}
}

/* True if any were open. Once there are as many cells as may be, only those as
 * wide as the region are worth a look, to be replaced by an only child. */
static bool
cover_cut_level(struct cover *c, unsigned level)
{
	bool have[5] = {false}; /* by the number of children */
	bool is_any = false;

	if (c->n == c->max && level > c->fair + 1)
		return false;
	for (unsigned k = 0; k < c->n; k++) {
		struct part *p = &c->parts[k];

		if (!p->is_open || p->level != level)
			continue;
		part_look(p);
		have[p->kids] = is_any = true;
	}
	for (unsigned kids = 1; kids <= 4; kids++)
		if (have[kids])
			cover_cut_those(c, level, kids);
	return is_any;
}

/* --- beginning ---------------------------------------------------------- */

/* The leaves from lo to hi of a shape's bounds. */
struct span {
	int32_t lo, hi;
};

static struct span
span_of(double lo, double hi)
{
	return (struct span){cell_ij(fmax(lo, -1)), cell_ij(fmin(hi, 1))};
}

/* So that two cells of 2^k leaves hold the span. */
static int
span_bits(struct span s)
{
	uint32_t more = (uint32_t)(s.hi - s.lo);

	return more == 0 ? 0 : 32 - __builtin_clz(more);
}

/* The cells of 2^k leaves that hold one shape; false if they are too many. */
static bool
cover_begin_face(struct cover *c, const struct shape *s, int k)
{
	struct span i = span_of(s->box.ulo, s->box.uhi);
	struct span j = span_of(s->box.vlo, s->box.vhi);
	int32_t size = (int32_t)1 << k;

	for (int32_t at_i = i.lo & -size; at_i <= i.hi; at_i += size) {
		for (int32_t at_j = j.lo & -size; at_j <= j.hi; at_j += size) {
			struct uv_rect r = {cell_uv(at_i), cell_uv(at_i + size),
					    cell_uv(at_j),
					    cell_uv(at_j + size)};
			enum touch touch = s->touch(s, &r);
			struct part *p = &c->parts[c->n];
			unsigned turn;

			if (touch == TOUCH_NONE)
				continue;
			if (c->n++ == c->max)
				return false;
			*p = (struct part){
				.shape = s,
				.i = at_i,
				.j = at_j,
				.rect = r,
				.level = (uint8_t)(CELL_LEVEL_MAX - k),
			};
			p->id = cell_from_ij(s->face, at_i, at_j, p->level,
					     &turn);
			p->turn = (uint8_t)turn;
			p->is_open = touch == TOUCH_SOME && k > 0;
		}
	}
	return true;
}

/* All shapes with cells of one size, the smallest that fits. */
static bool
cover_begin(struct cover *c, const struct shape *shapes, unsigned n)
{
	int least = 0;

	for (unsigned f = 0; f < n; f++) {
		const struct uv_rect *box = &shapes[f].box;
		int i = span_bits(span_of(box->ulo, box->uhi));
		int j = span_bits(span_of(box->vlo, box->vhi));

		least = least < i ? i : least;
		least = least < j ? j : least;
	}
	c->fair = (unsigned)(CELL_LEVEL_MAX - least);
	for (int k = least; k <= CELL_LEVEL_MAX; k++) {
		bool fits = true;

		c->n = 0;
		c->first = (unsigned)(CELL_LEVEL_MAX - k);
		for (unsigned f = 0; f < n && fits; f++)
			fits = cover_begin_face(c, &shapes[f], k);
		if (fits)
			return true;
	}
	return false;
}

/* --- ending ------------------------------------------------------------- */

/* Four brothers in a row are their parent, which may have brothers, too. */
static unsigned
join_brothers(uint64_t *ids, unsigned n)
{
	unsigned made = 0;

	for (unsigned k = 0; k < n; k++) {
		ids[made++] = ids[k];
		while (made >= 4 && cell_level(ids[made - 1]) > 0) {
			int level = cell_level(ids[made - 1]) - 1;
			uint64_t parent = cell_parent(ids[made - 1], level);

			if (ids[made - 4] != cell_child(parent, 0) ||
			    ids[made - 3] != cell_child(parent, 1) ||
			    ids[made - 2] != cell_child(parent, 2) ||
			    ids[made - 1] != cell_child(parent, 3))
				break;
			made -= 3;
			ids[made - 1] = parent;
		}
	}
	return made;
}

static unsigned
cover_end(uint64_t *out, const struct cover *c)
{
	for (unsigned k = 0; k < c->n; k++) {
		uint64_t id = c->parts[k].id;
		unsigned at = k;

		for (; at > 0 && out[at - 1] > id; at--)
			out[at] = out[at - 1];
		out[at] = id;
	}
	return join_brothers(out, c->n);
}

static unsigned
cover_shapes(uint64_t *out, unsigned max, const struct shape *shapes,
	     unsigned n)
{
	struct cover c;

	must(max >= 4);
	c.max = max < CELL_COVER_MAX ? max : CELL_COVER_MAX;
	if (!cover_begin(&c, shapes, n))
		return 0;
	for (unsigned level = c.first; cover_cut_level(&c, level);)
		level++;
	return cover_end(out, &c);
}

/* --- regions ------------------------------------------------------------ */

/*
 * A metre is most degrees on WGS84 along the meridian at the equator, where the
 * earth is curved like a ball of 6 335 439 m: 0.56 % more than on the sphere.
 */
#define FLATTENING_MARGIN 1.006

unsigned
cell_cover_disc(uint64_t *out, unsigned max, double lat, double lon,
		double metres)
{
	double radius = fmax(metres, 0) / CELL_EARTH_METRES * FLATTENING_MARGIN;
	struct shape shapes[CELL_FACES];
	struct wide w = {.radius = radius};

	cell_direction(w.p, lat, lon);
	if (radius <= SHAPE_DISC_MAX)
		return cover_shapes(out, max, shapes,
				    cell_shape_disc(shapes, w.p, radius));
	return cover_shapes(out, max, shapes, cell_wide_disc(shapes, &w));
}

/*
 * The great circle between two corners bends towards the pole, away from the
 * parallel. On the side of the box that is nearer the pole it takes in too
 * much; on the other it would cut the box, so its ends are drawn back until its
 * middle touches the parallel.
 */
static double
drawn_back(double lat, double width)
{
	return atan(tan(lat * CELL_RADIAN) * cos(width * CELL_RADIAN / 2)) /
	       CELL_RADIAN;
}

static unsigned
cover_small_box(uint64_t *out, unsigned max, double south, double west,
		double north, double width)
{
	struct shape shapes[CELL_FACES];
	struct outline o = {.n = 4};

	if (south > 0)
		south = drawn_back(south, width);
	if (north < 0)
		north = drawn_back(north, width);
	cell_direction(o.p[0], south, west);
	cell_direction(o.p[1], south, west + width);
	cell_direction(o.p[2], north, west + width);
	cell_direction(o.p[3], north, west);
	return cover_shapes(out, max, shapes, cell_shape_outline(shapes, &o));
}

/* The disc around a box: its corners are farthest from its middle, if it is no
 * more than half way round. */
static void
box_surround(struct wide *w)
{
	double lat = (w->south + w->north) / 2, half = w->width / 2;
	double corner[2] = {w->south, w->north};

	cell_direction(w->p, lat / CELL_RADIAN, (w->west + half) / CELL_RADIAN);
	w->radius = half <= M_PI_2 ? 0 : M_PI;
	for (unsigned k = 0; k < 2; k++) {
		double a = sin((corner[k] - lat) / 2), b = sin(half / 2);
		double h = a * a + cos(lat) * cos(corner[k]) * b * b;

		w->radius = fmax(w->radius, 2 * asin(sqrt(fmin(h, 1))));
	}
}

unsigned
cell_cover_box(uint64_t *out, unsigned max, double south, double west,
	       double north, double east)
{
	struct shape shapes[CELL_FACES];
	struct wide w;
	double width = east - west;

	south = fmax(south, -90);
	north = fmin(north, 90);
	if (!(south <= north))
		return 0;
	if (!isfinite(width) || width >= 360)
		width = 360;
	else if (width < 0)
		width += 360 * ceil(-width / 360);
	if (width <= SHAPE_OUTLINE_MAX && north - south <= SHAPE_OUTLINE_MAX)
		return cover_small_box(out, max, south, west, north, width);
	w = (struct wide){
		.south = south * CELL_RADIAN,
		.north = north * CELL_RADIAN,
		.west = remainder(west, 360) * CELL_RADIAN,
		.width = width * CELL_RADIAN,
	};
	box_surround(&w);
	return cover_shapes(out, max, shapes, cell_wide_box(shapes, &w));
}

/* A ring's bounds in degrees, longitudes counted on from the first point, and
 * the most that an edge may be off the great circle. */
struct ring {
	double south, north, west, east;
	double turn; /* not 0: goes round a pole */
	double margin;
};

/*
 * A line straight in degrees has a curvature of at most 1.09 tan(latitude) on
 * the sphere, so its middle is an eighth of that times the square of its length
 * away from the great circle.
 */
static double
edge_margin(double lat_a, double lat_b, double dlon)
{
	double most = fmax(fabs(lat_a), fabs(lat_b)) * CELL_RADIAN;
	double least = fmin(fabs(lat_a), fabs(lat_b)) * CELL_RADIAN;
	double north = (lat_b - lat_a) * CELL_RADIAN;
	double east = dlon * CELL_RADIAN * cos(lat_a * lat_b < 0 ? 0 : least);

	return 0.14 * tan(most) * (north * north + east * east);
}

static void
ring_measure(struct ring *r, const double (*latlon)[2], unsigned n)
{
	double lon = latlon[0][1];

	*r = (struct ring){latlon[0][0], latlon[0][0], lon, lon, 0, 0};
	for (unsigned k = 1; k <= n; k++) {
		const double *a = latlon[k - 1], *b = latlon[k % n];
		double dlon = remainder(b[1] - a[1], 360);

		lon += dlon;
		r->south = fmin(r->south, b[0]);
		r->north = fmax(r->north, b[0]);
		r->west = fmin(r->west, lon);
		r->east = fmax(r->east, lon);
		r->margin = fmax(r->margin, edge_margin(a[0], b[0], dlon));
	}
	r->turn = lon - latlon[0][1];
}

static unsigned
cover_ring_bounds(uint64_t *out, unsigned max, const struct ring *r)
{
	if (fabs(r->turn) < 180)
		return cell_cover_box(out, max, r->south, r->west, r->north,
				      r->east);
	if (r->south + r->north > 0)
		return cell_cover_box(out, max, r->south, -180, 90, 180);
	return cell_cover_box(out, max, -90, -180, r->north, 180);
}

unsigned
cell_cover_polygon(uint64_t *out, unsigned max, const double (*latlon)[2],
		   unsigned n)
{
	struct shape shapes[CELL_FACES];
	struct outline o;
	struct ring r;

	if (n == 0)
		return 0;
	ring_measure(&r, latlon, n);
	if (n > CELL_RING_MAX || !(fabs(r.turn) < 180) ||
	    !(r.east - r.west <= SHAPE_OUTLINE_MAX) ||
	    !(r.north - r.south <= SHAPE_OUTLINE_MAX) || !(r.margin < 0.01))
		return cover_ring_bounds(out, max, &r);
	o.n = n;
	o.margin = r.margin;
	for (unsigned k = 0; k < n; k++)
		cell_direction(o.p[k], latlon[k][0], latlon[k][1]);
	return cover_shapes(out, max, shapes, cell_shape_outline(shapes, &o));
}
