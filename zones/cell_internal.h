/*
 * What cell.c and the coverings share: faces, projection and curve.
 *
 * A direction p becomes, in the axes of a face, {n, u * n, v * n}: n is how far
 * it points out of the face, and u, v in [-1, 1] is where it meets the cube.
 * The gnomonic (u, v) keeps great circles straight. s, t in [0, 1] bend it, so
 * that cells are of nearly one size, and i, j in [0, 2^30) count leaves.
 */
#ifndef PLACED_ZONES_CELL_INTERNAL_H
#define PLACED_ZONES_CELL_INTERNAL_H

#include "zones/cell.h"

#include <math.h>

#define CELL_FACES 6
#define CELL_SIDE (1 << CELL_LEVEL_MAX) /* leaves along an edge of a face */
#define CELL_RADIAN (M_PI / 180)

/* Of each face: which axis of space (0 x, 1 y, 2 z) is n, u and v, and whether
 * it points the same way (1) or against it (-1). */
struct cell_axes {
	uint8_t axis[3];
	int8_t sign[3];
};
extern const struct cell_axes cell_axes[CELL_FACES];

/* Along the curve: which quadrant (2 bits, i above j) is at each place, by the
 * turn of the cell, and what each place adds to the turn of the child. */
extern const uint8_t cell_place_to_ij[4][4];
extern const uint8_t cell_place_to_turn[4];

/* A unit vector. */
void cell_direction(double p[3], double lat, double lon);

static inline void
cell_to_face(double out[3], unsigned face, const double p[3])
{
	const struct cell_axes *a = &cell_axes[face];

	for (unsigned k = 0; k < 3; k++)
		out[k] = a->sign[k] * p[a->axis[k]];
}

static inline void
cell_from_face(double p[3], unsigned face, const double in[3])
{
	const struct cell_axes *a = &cell_axes[face];

	p[0] = p[1] = p[2] = 0;
	for (unsigned k = 0; k < 3; k++)
		p[a->axis[k]] = a->sign[k] * in[k];
}

/* u from the leaf line i in [0, CELL_SIDE]; v from j alike. */
static inline double
cell_uv(int32_t line)
{
	double s = line * (1.0 / CELL_SIDE);

	return s >= 0.5 ? (4 * s * s - 1) * (1 / 3.0)
			: (1 - 4 * (1 - s) * (1 - s)) * (1 / 3.0);
}

/* The leaf column i that u lies in, the nearest if beyond the face. */
static inline int32_t
cell_ij(double u)
{
	double s = u >= 0 ? 0.5 * sqrt(1 + 3 * u) : 1 - 0.5 * sqrt(1 - 3 * u);
	double i = CELL_SIDE * s;

	return i >= CELL_SIDE ? CELL_SIDE - 1 : i > 0 ? (int32_t)i : 0;
}

/* The cell of that level which holds the leaf i, j. Its turn, if asked for. */
uint64_t cell_from_ij(unsigned face, int32_t i, int32_t j, int level,
		      unsigned *turn);

/* The face; the cell's leaf with the least i and j. */
unsigned cell_to_ij(uint64_t id, int32_t *i, int32_t *j);

#endif
