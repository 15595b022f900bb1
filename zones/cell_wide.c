#include "zones/cell_shape.h"

/*
 * Regions of any size, such as half an ocean. Here is trigonometry for every
 * cell, and a slack that a region of hundreds of kilometres does not feel.
 */
#define SLACK 1e-7 /* radians: 0.6 m */

/* The four sides of a cell are pieces of great circles on which u or v is a
 * constant and the other goes from lo to hi. */
struct side {
	double normal[3]; /* of the circle's plane, length 1, in face axes */
	double lo, hi;
	unsigned along; /* 1: u is what changes; 2: v is */
};

static void
side_make(struct side *s, const struct uv_rect *r, unsigned k)
{
	bool is_u = k < 2; /* the constant */
	double at = k == 0   ? r->ulo
		    : k == 1 ? r->uhi
		    : k == 2 ? r->vlo
			     : r->vhi;
	double len = sqrt(1 + at * at);

	s->normal[0] = at / len;
	s->normal[1] = is_u ? -1 / len : 0;
	s->normal[2] = is_u ? 0 : -1 / len;
	s->along = is_u ? 2 : 1;
	s->lo = is_u ? r->vlo : r->ulo;
	s->hi = is_u ? r->vhi : r->uhi;
}

static double
dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The point of the side's circle nearest to q, not of length 1. Returns the
 * sine of how far q is from the circle. */
static double
side_foot(double foot[3], const struct side *s, const double q[3])
{
	double off = dot(q, s->normal);

	for (unsigned k = 0; k < 3; k++)
		foot[k] = q[k] - off * s->normal[k];
	return off;
}

/* A point of the circle: 1 if on the side, -1 if opposite to it, else 0. */
static int
side_has(const struct side *s, const double foot[3])
{
	double x = foot[s->along];

	if (foot[0] > 0 && x >= s->lo * foot[0] && x <= s->hi * foot[0])
		return 1;
	if (foot[0] < 0 && x <= s->lo * foot[0] && x >= s->hi * foot[0])
		return -1;
	return 0;
}

/* --- disc --------------------------------------------------------------- */

static double
angle_between(const double a[3], const double b[3])
{
	double c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
		       a[0] * b[1] - a[1] * b[0]};

	return atan2(sqrt(dot(c, c)), dot(a, b));
}

static bool
rect_has(const struct uv_rect *r, const double q[3])
{
	return q[0] > 0 && q[1] >= r->ulo * q[0] && q[1] <= r->uhi * q[0] &&
	       q[2] >= r->vlo * q[0] && q[2] <= r->vhi * q[0];
}

/* Radians from q, of length 1, to the nearest point of a cell. */
static double
rect_distance(const struct uv_rect *r, const double q[3])
{
	double least = M_PI;

	if (rect_has(r, q))
		return 0;
	for (unsigned k = 0; k < 4; k++) {
		double corner[3] = {1, k & 1 ? r->uhi : r->ulo,
				    k & 2 ? r->vhi : r->vlo};
		double foot[3], sine;
		struct side s;

		least = fmin(least, angle_between(q, corner));
		side_make(&s, r, k);
		sine = side_foot(foot, &s, q);
		if (side_has(&s, foot) > 0)
			least = fmin(least, asin(fmin(1, fabs(sine))));
	}
	return least;
}

/* What is farthest from a point is nearest to the point opposite. */
static enum touch
touch_disc(const struct shape *s, const struct uv_rect *r)
{
	double radius = s->wide->radius;
	double q[3];

	cell_to_face(q, s->face, s->wide->p);
	if (rect_distance(r, q) > radius + SLACK)
		return TOUCH_NONE;
	for (unsigned k = 0; k < 3; k++)
		q[k] = -q[k];
	return M_PI - rect_distance(r, q) <= radius ? TOUCH_ALL : TOUCH_SOME;
}

/* --- box ---------------------------------------------------------------- */

static double
latitude(const double p[3])
{
	return atan2(p[2], sqrt(p[0] * p[0] + p[1] * p[1]));
}

/* The degrees, in radians, that a cell reaches: east_most may be beyond pi. */
struct reach {
	double south, north, west, east;
	bool has_pole; /* inside, or as a corner */
};

/* Great circles bend: a side may go beyond both of its ends. */
static void
reach_latitudes(struct reach *b, const struct uv_rect *r, unsigned face)
{
	static const double pole[3] = {0, 0, 1};
	double q[3];

	cell_to_face(q, face, pole);
	for (unsigned k = 0; k < 4; k++) {
		double top[3], sine, lat;
		struct side s;
		int has;

		side_make(&s, r, k);
		sine = side_foot(top, &s, q);
		has = side_has(&s, top);
		lat = atan2(sqrt(dot(top, top)), fabs(sine));
		if (has > 0)
			b->north = fmax(b->north, lat);
		if (has < 0)
			b->south = fmin(b->south, -lat);
	}
}

static void
reach_of(struct reach *b, const struct uv_rect *r, unsigned face)
{
	double q[3] = {1, (r->ulo + r->uhi) / 2, (r->vlo + r->vhi) / 2};
	bool is_polar = face == 2 || face == 5;
	double middle, p[3];

	cell_from_face(p, face, q);
	middle = atan2(p[1], p[0]);
	*b = (struct reach){M_PI, -M_PI, middle, middle, false};
	b->has_pole = is_polar && r->ulo <= 0 && r->uhi >= 0 && r->vlo <= 0 &&
		      r->vhi >= 0;
	for (unsigned k = 0; k < 4; k++) {
		double lon;

		q[1] = k & 1 ? r->uhi : r->ulo;
		q[2] = k & 2 ? r->vhi : r->vlo;
		cell_from_face(p, face, q);
		b->south = fmin(b->south, latitude(p));
		b->north = fmax(b->north, latitude(p));
		if (p[0] == 0 && p[1] == 0)
			continue; /* a pole has no longitude */
		lon = middle + remainder(atan2(p[1], p[0]) - middle, 2 * M_PI);
		b->west = fmin(b->west, lon);
		b->east = fmax(b->east, lon);
	}
	reach_latitudes(b, r, face);
	if (is_polar && r->ulo < 0 && r->uhi > 0) { /* the whole face */
		b->south = face == 2 ? b->south : -M_PI_2;
		b->north = face == 2 ? M_PI_2 : b->north;
		b->west = -M_PI;
		b->east = M_PI;
	}
}

/* A pole has every longitude, so a box that reaches it meets all cells that
 * do. */
static bool
meet_at_pole(const struct wide *w, const struct reach *b, unsigned face)
{
	return b->has_pole && (face == 2 ? w->north >= M_PI_2 - SLACK
					 : w->south <= SLACK - M_PI_2);
}

static enum touch
touch_box(const struct shape *s, const struct uv_rect *r)
{
	const struct wide *w = s->wide;
	struct reach b;
	double begin, end; /* of the cell, eastwards from the box's west */
	double q[3];

	cell_to_face(q, s->face, w->p);
	if (rect_distance(r, q) > w->radius + SLACK)
		return TOUCH_NONE;
	reach_of(&b, r, s->face);
	begin = remainder(b.west - w->west, 2 * M_PI);
	begin += begin < 0 ? 2 * M_PI : 0;
	end = begin + (b.east - b.west);
	if (meet_at_pole(w, &b, s->face))
		return TOUCH_SOME;
	if (b.north < w->south - SLACK || b.south > w->north + SLACK ||
	    (begin > w->width + SLACK && end < 2 * M_PI - SLACK))
		return TOUCH_NONE;
	return b.south >= w->south && b.north <= w->north &&
			       (w->width >= 2 * M_PI || end <= w->width)
		       ? TOUCH_ALL
		       : TOUCH_SOME;
}

/* --- shapes ------------------------------------------------------------- */

static unsigned
all_faces(struct shape *out, const struct wide *w,
	  enum touch (*touch)(const struct shape *, const struct uv_rect *))
{
	for (unsigned face = 0; face < CELL_FACES; face++) {
		out[face].face = face;
		out[face].box = (struct uv_rect){-1, 1, -1, 1};
		out[face].touch = touch;
		out[face].wide = w;
	}
	return CELL_FACES;
}

unsigned
cell_wide_disc(struct shape *out, const struct wide *w)
{
	return all_faces(out, w, touch_disc);
}

unsigned
cell_wide_box(struct shape *out, const struct wide *w)
{
	return all_faces(out, w, touch_box);
}
