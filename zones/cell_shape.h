/*
 * A region as one face of the cube sees it: what cell_cover.c asks, and the
 * regions that can answer.
 *
 *   disc      within about a degree: the gnomonic picture of a disc is an
 *             ellipse, and cells are rectangles. No trigonometry per cell.
 *   outline   a ring of points up to 10 degrees across: a polygon there, too.
 *   wide      a disc or a box in degrees of any size; slower. A box is compared
 *             with the degrees that a cell reaches, which is loose near poles.
 *
 * A region is a few shapes, one for each face it may reach. A shape points to
 * the ring, or to the bounds, that it was made from.
 */
#ifndef PLACED_ZONES_CELL_SHAPE_H
#define PLACED_ZONES_CELL_SHAPE_H

#include "zones/cell_internal.h"

enum touch {
	TOUCH_NONE, /* nothing of the region is in the cell */
	TOUCH_SOME,
	TOUCH_ALL, /* the cell is inside: no use in cutting it */
};

/* A rectangle of u and v. */
struct uv_rect {
	double ulo, uhi, vlo, vhi;
};

struct ellipse {
	double u, v;	   /* the middle */
	double uu, vv, uv; /* uu*a*a + vv*b*b - 2*uv*a*b <= limit */
	double limit;
	double tilt_u, tilt_v; /* where it is least: b for an a, a for a b */
};

struct outline {
	unsigned n;
	double margin; /* radians by which edges may be off */
	double p[CELL_RING_MAX][3];
};

struct wide {				  /* radians */
	double p[3], radius;		  /* of a disc, or around a box */
	double south, north, west, width; /* of a box; width goes east */
};

struct shape {
	unsigned face;
	struct uv_rect box; /* no part of the region is outside, here */
	enum touch (*touch)(const struct shape *s, const struct uv_rect *r);
	struct ellipse ellipse;
	double margin; /* of the outline, in u and v */
	const struct outline *outline;
	const struct wide *wide;
};

/* Each makes the shapes of a region, CELL_FACES at most, and returns how
 * many. */
unsigned cell_shape_disc(struct shape *out, const double p[3], double radius);
unsigned cell_shape_outline(struct shape *out, const struct outline *o);
unsigned cell_wide_disc(struct shape *out, const struct wide *w);
unsigned cell_wide_box(struct shape *out, const struct wide *w);

#define SHAPE_DISC_MAX 0.02  /* radians; beyond, cell_wide_disc */
#define SHAPE_OUTLINE_MAX 10 /* degrees each way */

#endif
