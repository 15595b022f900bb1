#include "zones/cell_shape.h"

/*
 * What arithmetic may be off by, in u and v, with room to spare: 60 nanometres.
 * Rectangles are grown by it, so that a point on the edge of a region and of a
 * cell at once is covered.
 */
#define ROUNDING 1e-14

static bool
rects_meet(const struct uv_rect *a, const struct uv_rect *b)
{
	return a->ulo <= b->uhi && a->uhi >= b->ulo && a->vlo <= b->vhi &&
	       a->vhi >= b->vlo;
}

static const struct uv_rect whole_face = {-1, 1, -1, 1};

static double
clamp(double x, double lo, double hi)
{
	x = x > lo ? x : lo;
	return x < hi ? x : hi;
}

/* --- disc --------------------------------------------------------------- */

static double
ellipse_at(const struct ellipse *e, double a, double b)
{
	return e->uu * a * a + e->vv * b * b - 2 * e->uv * a * b;
}

/* Is a rectangle, seen from the middle, out of reach? What is least over it is
 * on a side that faces the middle. */
static bool
ellipse_misses(const struct ellipse *e, const struct uv_rect *r)
{
	double a = clamp(0, r->ulo, r->uhi);
	double b = clamp(0, r->vlo, r->vhi);
	double on_u = clamp(e->tilt_u * a, r->vlo, r->vhi);
	double on_v = clamp(e->tilt_v * b, r->ulo, r->uhi);

	return (a != 0 || b != 0) &&
	       (a == 0 || ellipse_at(e, a, on_u) > e->limit) &&
	       (b == 0 || ellipse_at(e, on_v, b) > e->limit);
}

static enum touch
touch_disc(const struct shape *s, const struct uv_rect *r)
{
	const struct ellipse *e = &s->ellipse;
	struct uv_rect at;

	/* Few cells are neither here nor there. */
	if (r->ulo > s->box.uhi || r->uhi < s->box.ulo || r->vlo > s->box.vhi ||
	    r->vhi < s->box.vlo)
		return TOUCH_NONE;
	at.ulo = r->ulo - e->u - ROUNDING;
	at.uhi = r->uhi - e->u + ROUNDING;
	at.vlo = r->vlo - e->v - ROUNDING;
	at.vhi = r->vhi - e->v + ROUNDING;
	if (ellipse_misses(e, &at))
		return TOUCH_NONE;
	if (r->ulo < s->box.ulo || r->uhi > s->box.uhi || r->vlo < s->box.vlo ||
	    r->vhi > s->box.vhi)
		return TOUCH_SOME;
	if (ellipse_at(e, at.ulo, at.vlo) <= e->limit &&
	    ellipse_at(e, at.ulo, at.vhi) <= e->limit &&
	    ellipse_at(e, at.uhi, at.vlo) <= e->limit &&
	    ellipse_at(e, at.uhi, at.vhi) <= e->limit)
		return TOUCH_ALL;
	return TOUCH_SOME;
}

/*
 * A point p = (1, u + a, v + b) is within r of the middle c = (1, u, v) if
 * |p x c| <= sin(r) |p| |c|. The left side is a square form in a and b; on the
 * right, |p| is taken as the largest in the disc, which keeps the whole a true
 * ellipse, at a price of some percent at SHAPE_DISC_MAX and nothing in a room.
 */
static void
ellipse_make(struct ellipse *e, const double q[3], double sin_r, double cos_r)
{
	double n = q[0];
	double off = sqrt(q[1] * q[1] + q[2] * q[2]);
	double nearest = n * cos_r - off * sin_r; /* 1 / largest |p| */

	e->u = q[1] / n;
	e->v = q[2] / n;
	e->uu = 1 + e->v * e->v;
	e->vv = 1 + e->u * e->u;
	e->uv = e->u * e->v;
	e->tilt_u = e->uv / e->vv;
	e->tilt_v = e->uv / e->uu;
	e->limit = sin_r / (n * nearest);
	e->limit *= e->limit;
}

unsigned
cell_shape_disc(struct shape *out, const double p[3], double radius)
{
	double sin_r = sin(radius), cos_r = cos(radius);
	unsigned made = 0;

	for (unsigned face = 0; face < CELL_FACES; face++) {
		struct shape *s = &out[made];
		struct ellipse *e = &s->ellipse;
		double q[3], du, dv;

		cell_to_face(q, face, p);
		/* The corner of a face is at cos 0.577 from its middle. */
		if (q[0] < 0.5)
			continue;
		ellipse_make(e, q, sin_r, cos_r);
		du = sqrt(e->limit * e->vv) * q[0] + ROUNDING;
		dv = sqrt(e->limit * e->uu) * q[0] + ROUNDING;
		s->face = face;
		s->box = (struct uv_rect){e->u - du, e->u + du, e->v - dv,
					  e->v + dv};
		s->touch = touch_disc;
		made += rects_meet(&s->box, &whole_face);
	}
	return made;
}

/* --- outline ------------------------------------------------------------ */

/* Does the way from (ua, va) to (ub, vb) meet the rectangle? Not if their
 * bounds do not, nor if all four corners are on one side of the way. */
static bool
way_meets(const struct uv_rect *r, const double a[2], const double b[2])
{
	double du = b[0] - a[0], dv = b[1] - a[1];
	unsigned left = 0, right = 0;

	if (fmax(a[0], b[0]) < r->ulo || fmin(a[0], b[0]) > r->uhi ||
	    fmax(a[1], b[1]) < r->vlo || fmin(a[1], b[1]) > r->vhi)
		return false;
	for (unsigned k = 0; k < 4; k++) {
		double u = (k & 1 ? r->uhi : r->ulo) - a[0];
		double v = (k & 2 ? r->vhi : r->vlo) - a[1];
		double side = du * v - dv * u;

		left += side > 0;
		right += side < 0;
	}
	return left < 4 && right < 4;
}

static void
outline_point(double uv[2], const struct shape *s, unsigned k)
{
	double q[3];

	cell_to_face(q, s->face, s->outline->p[k]);
	uv[0] = q[1] / q[0];
	uv[1] = q[2] / q[0];
}

static enum touch
touch_outline(const struct shape *s, const struct uv_rect *r)
{
	double off = s->margin;
	struct uv_rect at = {r->ulo - off, r->uhi + off, r->vlo - off,
			     r->vhi + off};
	double a[2], b[2];
	bool inside = false; /* is (ulo, vlo), by the ways it has to its left */

	if (!rects_meet(&at, &s->box))
		return TOUCH_NONE;
	outline_point(a, s, s->outline->n - 1);
	for (unsigned k = 0; k < s->outline->n; k++) {
		outline_point(b, s, k);
		if (way_meets(&at, a, b))
			return TOUCH_SOME;
		if ((a[1] > at.vlo) != (b[1] > at.vlo) &&
		    at.ulo > a[0] + (at.vlo - a[1]) * (b[0] - a[0]) /
					     (b[1] - a[1]))
			inside = !inside;
		a[0] = b[0];
		a[1] = b[1];
	}
	return inside ? TOUCH_ALL : TOUCH_NONE;
}

unsigned
cell_shape_outline(struct shape *out, const struct outline *o)
{
	unsigned made = 0;

	for (unsigned face = 0; face < CELL_FACES; face++) {
		struct shape *s = &out[made];
		struct uv_rect box = {INFINITY, -INFINITY, INFINITY, -INFINITY};
		bool in_front = true;

		s->face = face;
		s->outline = o;
		/* In u and v, a radian is 3 at most, in the corners. */
		s->margin = ROUNDING + 3.2 * o->margin;
		for (unsigned k = 0; k < o->n && in_front; k++) {
			double q[3], uv[2];

			/* One point that far round, and none is on it. */
			cell_to_face(q, face, o->p[k]);
			in_front = q[0] > 0.25;
			outline_point(uv, s, k);
			box.ulo = fmin(box.ulo, uv[0] - s->margin);
			box.uhi = fmax(box.uhi, uv[0] + s->margin);
			box.vlo = fmin(box.vlo, uv[1] - s->margin);
			box.vhi = fmax(box.vhi, uv[1] + s->margin);
		}
		s->box = box;
		s->touch = touch_outline;
		made += in_front && rects_meet(&box, &whole_face);
	}
	return made;
}
