#include "zones/cell_internal.h"

static double
chord2(const double a[3], const double b[3])
{
	double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

	return x * x + y * y + z * z;
}

static double
angle_of(double square)
{
	return square >= 4 ? M_PI : 2 * asin(sqrt(square) / 2);
}

/* The corners in the order of the outline. */
static void
corners_make(double corner[4][3], uint64_t id)
{
	int32_t i, j, size = CELL_SIDE >> cell_level(id);
	unsigned face = cell_to_ij(id, &i, &j);

	for (unsigned k = 0; k < 4; k++) {
		double in[3] = {1, cell_uv(i + (k == 1 || k == 2 ? size : 0)),
				cell_uv(j + (k >= 2 ? size : 0))};
		double len = sqrt(1 + in[1] * in[1] + in[2] * in[2]);

		for (unsigned n = 0; n < 3; n++)
			in[n] /= len;
		cell_from_face(corner[k], face, in);
	}
}

void
cell_spot_make(struct cell_spot *s, double lat, double lon)
{
	cell_direction(s->direction, lat, lon);
	s->leaf = cell_from_degrees(lat, lon);
}

/*
 * What is nearest in a cell is a corner or the foot of a perpendicular on a
 * side, and then the nearer end of that side is at most half of it away from
 * the foot. The square over the way to that corner is no more than the sum of
 * the other two: on a sphere it is less.
 */
double
cell_distance(uint64_t id, const struct cell_spot *s)
{
	double corner[4][3], nearest = 4, side = 0, c;

	if (cell_contains(id, s->leaf))
		return 0;
	corners_make(corner, id);
	for (unsigned k = 0; k < 4; k++) {
		nearest = fmin(nearest, chord2(corner[k], s->direction));
		side = fmax(side, chord2(corner[k], corner[(k + 1) % 4]));
	}
	c = angle_of(nearest);
	side = angle_of(side) / 2;
	return c > side ? sqrt(c * c - side * side) : 0;
}
