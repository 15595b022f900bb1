#include "zones/cell_internal.h"

#include <string.h>

const struct cell_axes cell_axes[CELL_FACES] = {
	{{0, 1, 2}, {1, 1, 1}},	  {{1, 0, 2}, {1, -1, 1}},
	{{2, 0, 1}, {1, -1, -1}}, {{0, 2, 1}, {-1, -1, -1}},
	{{1, 2, 0}, {-1, -1, 1}}, {{2, 1, 0}, {-1, 1, 1}},
};

/* The four turns of the curve: as it is, i and j swapped, both inverted, both
 * of it. Bit 0 of a turn is the swap, bit 1 the inversion. */
const uint8_t cell_place_to_ij[4][4] = {
	{0, 1, 3, 2},
	{0, 2, 3, 1},
	{3, 2, 0, 1},
	{3, 1, 0, 2},
};
const uint8_t cell_place_to_turn[4] = {1, 0, 0, 3};

static const uint8_t ij_to_place[4][4] = {
	{0, 1, 3, 2},
	{0, 3, 1, 2},
	{2, 3, 1, 0},
	{2, 1, 3, 0},
};

/* --- numbers and the curve ---------------------------------------------- */

uint64_t
cell_from_ij(unsigned face, int32_t i, int32_t j, int level, unsigned *turn)
{
	uint64_t id = face;
	unsigned now = face & 1;
	int down = CELL_LEVEL_MAX - level;

	for (int k = CELL_LEVEL_MAX - 1; k >= down; k--) {
		unsigned ij = (i >> k & 1) << 1 | (j >> k & 1);
		unsigned place = ij_to_place[now][ij];

		id = id << 2 | place;
		now ^= cell_place_to_turn[place];
	}
	if (turn != NULL)
		*turn = now;
	return (id << 1 | 1) << 2 * down;
}

unsigned
cell_to_ij(uint64_t id, int32_t *i, int32_t *j)
{
	unsigned face = (unsigned)(id >> 61);
	unsigned turn = face & 1;
	int down = CELL_LEVEL_MAX - cell_level(id);

	*i = *j = 0;
	for (int k = CELL_LEVEL_MAX - 1; k >= down; k--) {
		unsigned place = id >> (2 * k + 1) & 3;
		unsigned ij = cell_place_to_ij[turn][place];

		*i |= (int32_t)(ij >> 1) << k;
		*j |= (int32_t)(ij & 1) << k;
		turn ^= cell_place_to_turn[place];
	}
	return face;
}

bool
cell_valid(uint64_t id)
{
	return id >> 61 < CELL_FACES && (cell_end_bit(id) & 0x1555555555555555);
}

/* --- degrees ------------------------------------------------------------ */

void
cell_direction(double p[3], double lat, double lon)
{
	double phi, lambda, across;

	lat = isfinite(lat) ? fmin(fmax(lat, -90), 90) : 0;
	lon = isfinite(lon) ? lon : 0;
	if (fabs(lon) > 180)
		lon = remainder(lon, 360);
	phi = lat * CELL_RADIAN;
	lambda = lon * CELL_RADIAN;
	across = cos(phi);
	p[0] = cos(lambda) * across;
	p[1] = sin(lambda) * across;
	p[2] = sin(phi);
}

/* The face that p points out of most. */
static unsigned
face_of(const double p[3])
{
	double x = fabs(p[0]), y = fabs(p[1]), z = fabs(p[2]);
	unsigned axis = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);

	return p[axis] < 0 ? axis + 3 : axis;
}

uint64_t
cell_from_degrees(double lat, double lon)
{
	double p[3], q[3];
	unsigned face;

	cell_direction(p, lat, lon);
	face = face_of(p);
	cell_to_face(q, face, p);
	return cell_from_ij(face, cell_ij(q[1] / q[0]), cell_ij(q[2] / q[0]),
			    CELL_LEVEL_MAX, NULL);
}

/* u in the middle, in s, of the leaf columns [i, i + size). */
static double
uv_middle(int32_t i, int32_t size)
{
	double s = (i + 0.5 * size) / CELL_SIDE;

	return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}

void
cell_center(uint64_t id, double *lat, double *lon)
{
	int32_t size = CELL_SIDE >> cell_level(id);
	int32_t i, j;
	unsigned face = cell_to_ij(id, &i, &j);
	double q[3] = {1, uv_middle(i, size), uv_middle(j, size)};
	double p[3];

	cell_from_face(p, face, q);
	*lat = atan2(p[2], sqrt(p[0] * p[0] + p[1] * p[1])) / CELL_RADIAN;
	*lon = atan2(p[1], p[0]) / CELL_RADIAN;
}

/* --- neighbours --------------------------------------------------------- */

/*
 * The leaf i, j of a face, one of which may be just beyond its edge: then that
 * of the face it really is on. Worked in half leaves from the middle of the
 * cube, where a face is CELL_SIDE away and the centre of a leaf is odd, all of
 * it exact.
 */
static uint64_t
leaf_around(unsigned face, int32_t i, int32_t j, int level)
{
	double q[3] = {CELL_SIDE, 2.0 * i + 1 - CELL_SIDE,
		       2.0 * j + 1 - CELL_SIDE};
	double p[3];

	cell_from_face(p, face, q);
	face = face_of(p);
	cell_to_face(q, face, p);
	for (unsigned k = 1; k < 3; k++)
		q[k] = fmin(fmax(q[k], 1 - CELL_SIDE), CELL_SIDE - 1);
	return cell_from_ij(face, (int32_t)((q[1] + CELL_SIDE - 1) / 2),
			    (int32_t)((q[2] + CELL_SIDE - 1) / 2), level, NULL);
}

/* One step of the cell's size; -1 or CELL_SIDE is as far as it goes. */
static int32_t
step(int32_t i, int32_t size, int by)
{
	int64_t to = (int64_t)i + (int64_t)by * size;

	return to < 0 ? -1 : to > CELL_SIDE ? CELL_SIDE : (int32_t)to;
}

static bool
is_beyond(int32_t i)
{
	return i < 0 || i >= CELL_SIDE;
}

void
cell_neighbours(uint64_t id, uint64_t out[4])
{
	static const int8_t by[4][2] = {{0, -1}, {1, 0}, {0, 1}, {-1, 0}};
	int level = cell_level(id);
	int32_t size = CELL_SIDE >> level;
	int32_t i, j;
	unsigned face = cell_to_ij(id, &i, &j);

	for (unsigned k = 0; k < 4; k++)
		out[k] = leaf_around(face, step(i, size, by[k][0]),
				     step(j, size, by[k][1]), level);
}

unsigned
cell_all_neighbours(uint64_t id, uint64_t out[8])
{
	int level = cell_level(id);
	int32_t size = CELL_SIDE >> level;
	int32_t i, j;
	unsigned face = cell_to_ij(id, &i, &j);
	unsigned n = 4;

	cell_neighbours(id, out);
	for (int di = -1; di <= 1; di += 2) {
		for (int dj = -1; dj <= 1; dj += 2) {
			int32_t to_i = step(i, size, di);
			int32_t to_j = step(j, size, dj);

			/* No cell is diagonal across a corner of the cube. */
			if (is_beyond(to_i) && is_beyond(to_j))
				continue;
			out[n++] = leaf_around(face, to_i, to_j, level);
		}
	}
	return n;
}

/* --- tokens ------------------------------------------------------------- */

void
cell_to_token(char dst[CELL_TOKEN_SIZE], uint64_t id)
{
	char *end = dst;

	if (id == CELL_NONE)
		*end++ = 'X';
	for (; id != 0; id <<= 4)
		*end++ = "0123456789abcdef"[id >> 60];
	*end = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint64_t
cell_from_token(const char *text)
{
	size_t len = strnlen(text, CELL_TOKEN_SIZE);
	uint64_t id = 0;

	if (len == 0 || len == CELL_TOKEN_SIZE)
		return CELL_NONE;
	for (size_t k = 0; k < len; k++) {
		int digit = hex_digit(text[k]);

		if (digit < 0)
			return CELL_NONE;
		id |= (uint64_t)digit << (60 - 4 * k);
	}
	return cell_valid(id) ? id : CELL_NONE;
}

/* --- sizes -------------------------------------------------------------- */

/* Of the quadratic projection, in radians, times 2^-level. The least is at the
 * middle of an edge of a face: (4 / 3) / sqrt(2). */
#define EDGE_LEAST (2 * M_SQRT2 / 3)
#define EDGE_MOST 1.704897179199218452

double
cell_edge_metres(int level)
{
	return ldexp(EDGE_LEAST * CELL_EARTH_METRES, -level);
}

double
cell_edge_metres_max(int level)
{
	return ldexp(EDGE_MOST * CELL_EARTH_METRES, -level);
}

unsigned
cell_level_for_metres(double metres)
{
	unsigned level = 0;

	while (level < CELL_LEVEL_MAX &&
	       cell_edge_metres((int)level + 1) >= metres)
		level++;
	return level;
}

/* --- searching an index ------------------------------------------------- */

unsigned
cell_ranges(struct cell_range *out, const uint64_t *ids, unsigned n)
{
	unsigned made = 0;

	for (unsigned k = 0; k < n; k++) {
		uint64_t first = cell_first(ids[k]);

		if (made == 0 || out[made - 1].last + 2 != first)
			out[made++].first = first;
		out[made - 1].last = cell_last(ids[k]);
	}
	return made;
}

static bool
is_among(const uint64_t *ids, unsigned n, uint64_t id)
{
	while (n-- > 0)
		if (ids[n] == id)
			return true;
	return false;
}

unsigned
cell_ancestors(uint64_t *out, const uint64_t *ids, unsigned n, int top)
{
	unsigned made = 0;

	for (unsigned k = 0; k < n; k++) {
		for (int level = cell_level(ids[k]) - 1; level >= top;
		     level--) {
			uint64_t id = cell_parent(ids[k], level);

			/* The rest of the way up is shared, too. */
			if (is_among(out, made, id))
				break;
			out[made++] = id;
		}
	}
	return made;
}
