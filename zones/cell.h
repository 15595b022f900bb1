/*
 * Cells: the sphere cut into squares within squares, each with a number, so
 * that "near" becomes "a few ranges of keys".
 *
 * A cube is put around the earth. Each of its six faces is a cell of level 0
 * and each cell has four children, down to level 30, where a leaf is 6 to 10 mm
 * wide. A number is
 *
 *     face (3 bits)   two bits a level, the child's place   1   zeros
 *     000             01 11 00 ...                          1   0000...
 *
 * and children are numbered along a Hilbert curve, so that cells with near
 * numbers are near. All that lies in a cell has its number between cell_first()
 * and cell_last(): its leaves, and its descendants of every level. The numbers
 * are those of Google's S2 with its quadratic projection; a token copied from
 * another tool means the same cell here.
 *
 *     level   0        10       15      20      23      26      30
 *     width   6007 km  5.9 km   183 m   5.7 m   72 cm   9 cm    5.6 mm   least
 *             10862 km 10.6 km  331 m   10.4 m  1.3 m   16 cm   10.1 mm  most
 *
 * Positions are degrees, north and east positive, on a sphere; the earth's
 * flattening is met by a margin where metres come in. A function whose id is
 * not said to be any number needs one for which cell_valid() is true: numbers
 * from the disk or the wire are asked that first. Nothing here allocates,
 * fails, or keeps state.
 */
#ifndef PLACED_ZONES_CELL_H
#define PLACED_ZONES_CELL_H

#include "lib/base.h"

#define CELL_NONE 0 /* no cell has this number */
#define CELL_LEVEL_MAX 30
#define CELL_TOKEN_SIZE 17	    /* 16 hexadecimal digits and NUL */
#define CELL_EARTH_METRES 6371008.8 /* mean radius; 111 195.08 m a degree */

/* --- one cell ----------------------------------------------------------- */

/*
 * The leaf at a position. A latitude beyond a pole is the pole, longitudes go
 * round (190 is -170), what is not a number is 0.
 */
uint64_t cell_from_degrees(double lat, double lon);

/* Its middle, lon in [-180, 180]. */
void cell_center(uint64_t id, double *lat, double *lon);

/* True if id, any number, is a cell's. */
bool cell_valid(uint64_t id);

/* 0 for a face to 30 for a leaf. */
static inline int
cell_level(uint64_t id)
{
	return CELL_LEVEL_MAX - __builtin_ctzll(id) / 2;
}

/* The one bit that ends the number; a cell has 2 * bit - 1 numbers. */
static inline uint64_t
cell_end_bit(uint64_t id)
{
	return id & -id;
}

/* The ancestor with that level, which must be at most the cell's own. */
static inline uint64_t
cell_parent(uint64_t id, int level)
{
	uint64_t bit = (uint64_t)1 << 2 * (CELL_LEVEL_MAX - level);

	return (id & -bit) | bit;
}

/* The child at place 0 to 3 of the curve; id must not be a leaf. */
static inline uint64_t
cell_child(uint64_t id, unsigned place)
{
	uint64_t bit = cell_end_bit(id) >> 2;

	return id - 3 * bit + 2 * place * bit;
}

/* The first and last leaf in it, which bound the numbers of all that is in
 * it, itself too. */
static inline uint64_t
cell_first(uint64_t id)
{
	return id - (cell_end_bit(id) - 1);
}

static inline uint64_t
cell_last(uint64_t id)
{
	return id + (cell_end_bit(id) - 1);
}

/* True if b is a or lies in it. */
static inline bool
cell_contains(uint64_t a, uint64_t b)
{
	return b >= cell_first(a) && b <= cell_last(a);
}

/*
 * The four cells of the same level that share an edge with it, also across the
 * edge of a face: below, right, above, left in the face's own axes.
 */
void cell_neighbours(uint64_t id, uint64_t out[4]);

/*
 * All that touch it, corners too: 8, 7 where three faces meet, 4 around a whole
 * face. Returns how many.
 */
unsigned cell_all_neighbours(uint64_t id, uint64_t out[8]);

/*
 * S2's token: the number in hexadecimal without its trailing zeros, "X" for
 * CELL_NONE. Any number will do.
 */
void cell_to_token(char dst[CELL_TOKEN_SIZE], uint64_t id);

/* CELL_NONE if text is not the token of a valid cell. Either case of letters;
 * trailing zeros do no harm. */
uint64_t cell_from_token(const char *text);

/* Bounds of a level: no cell is narrower than the least, no edge is longer
 * than the most. */
double cell_edge_metres(int level);
double cell_edge_metres_max(int level);

/* The deepest level of which no cell is narrower than that; 0 if all are. */
unsigned cell_level_for_metres(double metres);

/* Where distances are measured from. */
struct cell_spot {
	double direction[3];
	uint64_t leaf;
};
void cell_spot_make(struct cell_spot *s, double lat, double lon);

/* No more than the radians from the spot to the nearest point of the cell, up
 * to rounding (1e-7 towards the antipodes): little less if it is far away for
 * its size, 0 if the spot is in it. */
double cell_distance(uint64_t id, const struct cell_spot *s);

/* --- coverings ---------------------------------------------------------- */

/*
 * A covering is a set of cells, disjoint and in rising order, in which every
 * point of a region lies: it may hold too much (what it finds is filtered
 * exactly elsewhere), never too little. Each function writes at most max ids,
 * 4 or more, of which CELL_COVER_MAX are of use, and returns how many. Eight
 * give about 2.2 times a disc's area in four ranges, twelve 1.9 times in five.
 * 0 comes back for a region that is nothing, or if max is 4 or 5 and the region
 * reaches more faces of the cube than that.
 */
#define CELL_COVER_MAX 32

/*
 * All within so many metres, measured along the surface: on a sphere of
 * CELL_EARTH_METRES or 111 194.93 m a degree, or on WGS84, geodetic latitudes
 * taken as they are. A radius below 0 is 0: the point alone.
 */
unsigned cell_cover_disc(uint64_t *out, unsigned max, double lat, double lon,
			 double metres);

/*
 * From south to north and from west eastwards to east, edges included. west >
 * east crosses the antimeridian. An east at least 360 beyond west is all the
 * way round; south > north is nothing, for which 0 comes back.
 */
unsigned cell_cover_box(uint64_t *out, unsigned max, double south, double west,
			double north, double east);

/*
 * What a ring of n points {lat, lon} encloses; its end is joined to its
 * beginning. Edges may be straight on the sphere or straight in degrees. A
 * ring around a pole covers all on the poleward side. It is exact for rooms and
 * buildings; beyond CELL_RING_MAX points or 10 degrees across, its bounding box
 * is covered instead. n of 0 is nothing: 0.
 */
#define CELL_RING_MAX 256
unsigned cell_cover_polygon(uint64_t *out, unsigned max,
			    const double (*latlon)[2], unsigned n);

/* --- searching an index ------------------------------------------------- */

struct cell_range {
	uint64_t first, last; /* leaves, both included */
};

/*
 * A covering as ranges of numbers, neighbours on the curve joined. What is
 * stored at any level inside the covering has its number in one of them. out
 * has room for n; returns how many.
 */
unsigned cell_ranges(struct cell_range *out, const uint64_t *ids, unsigned n);

/*
 * The other half of a search among stored cells of several levels: those that
 * contain a cell of the covering and are not in it. Every ancestor of level
 * `top` or deeper, each once, in no order. out has room for CELL_ANCESTORS_MAX
 * of n; returns how many. For a room and a top of 10 that is a dozen or so.
 */
#define CELL_ANCESTORS_MAX(n) (CELL_LEVEL_MAX * (n))
unsigned cell_ancestors(uint64_t *out, const uint64_t *ids, unsigned n,
			int top);

#endif
