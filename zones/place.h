/*
 * Places: a position from a LOC record, a footprint from a `_geo` TXT record,
 * and how far, how high and inside of what.
 *
 * Everything here is exact to what LOC (RFC 1876) can say. An angle is an
 * integer of thousandths of a second of arc (mas; 3 600 000 are a degree, one
 * is 3.1 cm of north), positive to the north and to the east; an altitude is an
 * integer of centimetres above the WGS 84 ellipsoid. Only distances are
 * doubles, in metres, on a sphere of 111 194.93 m a degree.
 *
 *          north (cm)                  "fp=-173,139 -55,139 -55,69 227,69
 *             ^                            227,-212 -178,-212"
 *      +--+   |                        "z=0,300" "lvl=0"
 *      |  +---|-----+
 *      |      o-----|---> east (cm)    o is the LOC of the same place
 *      |            |
 *      +------------+
 *
 * A footprint is one RR, strings of KEY=VALUE. A string with the key of the one
 * before continues it (its corners or levels are appended).
 *
 *   fp    corners of the ring, EAST,NORTH in cm from the LOC, spaces between;
 *         east is scaled by the cosine of the LOC's latitude
 *   h1 …  further rings, up to h99, each a hole
 *   z     LOW,HIGH in cm above the LOC's altitude, LOW below HIGH
 *   lvl   the ordinals of its levels: "0", "-1", "0,1"; without it, every level
 *
 * Keys are compared without case. Strings with other keys, or without `=`, are
 * for those who know them and are passed over. A ring may repeat its first
 * corner at its end, may touch itself, and may even cross itself (it then
 * encloses what an even-odd rule says); it must have three corners and an area.
 *
 * Who is inside is decided on the mas grid, where questions and LOCs live:
 * corners go to their nearest grid point, so that a corner that two rooms share
 * is one corner for both, though each counts from its own LOC. Edges are
 * half-open: of rooms that tile a floor, exactly one contains a given point.
 */
#ifndef PLACED_ZONES_PLACE_H
#define PLACED_ZONES_PLACE_H

#include "lib/arena.h"
#include "lib/base.h"

#define PLACE_DEGREE 3600000	    /* mas in a degree */
#define PLACE_LAT_MAX 324000000	    /* 90 degrees */
#define PLACE_LON_MAX 648000000	    /* 180 degrees */
#define PLACE_ALT_MIN (-10000000ll) /* cm: what LOC can hold */
#define PLACE_ALT_MAX 4284967295ll
#define PLACE_METRES_A_DEGREE 111194.93
#define PLACE_SIZE_MAX 9000000000ull /* cm: what a LOC code can hold */

#define PLACE_LOC_LEN 16 /* octets of LOC rdata */

/* A spot on the map: mas. */
struct place_spot {
	int32_t lat, lon;
};

/* A LOC record. The sizes are codes of RFC 1876: digit and power of ten, in
 * cm. */
struct place_point {
	struct place_spot spot;
	int64_t alt; /* cm */
	uint8_t size, hp, vp;
};

/* --- LOC (RFC 1876) ------------------------------------------------------ */

/* ERR_SYNTAX: not 16 octets, or another version; ERR_RANGE: beyond 90 or 180
 * degrees, or a size whose digits are not decimal. A size of 0 is read. */
enum err place_from_loc(struct place_point *p, const uint8_t *rdata, size_t len,
			struct diag *d);

/* p must be in range (place_point_valid). */
void place_to_loc(uint8_t rdata[PLACE_LOC_LEN], const struct place_point *p);
bool place_point_valid(const struct place_point *p);

/* The smallest code of at least this many cm; beyond PLACE_SIZE_MAX it is
 * PLACE_SIZE_MAX. RFC 1876 means a diameter. */
uint8_t place_size_code(uint64_t cm);
uint64_t place_size_cm(uint8_t code);

/* --- numbers ------------------------------------------------------------- */

/*
 * whole.frac times scale, rounded to the nearest integer (half up), by decimal
 * arithmetic however many digits there are: 41 . 659896 times PLACE_DEGREE is
 * 149975626. Either part may be empty, not both. False if anything is no digit,
 * or the result is beyond max.
 */
bool place_decimal(uint64_t *v, const char *whole, size_t whole_len,
		   const char *frac, size_t frac_len, uint32_t scale,
		   uint64_t max);

/* "-91.537422" in decimal degrees to mas; max is PLACE_LAT_MAX or
 * PLACE_LON_MAX. False if it is no number or beyond max. */
bool place_angle_read(int32_t *mas, const char *text, size_t len, int32_t max);

#define PLACE_ANGLE_TEXT_MAX 16

/* Decimal degrees, as few decimals (7 at most) as read back to the same mas;
 * dst has PLACE_ANGLE_TEXT_MAX octets; returns strlen. */
size_t place_angle_write(char *dst, int32_t mas);

/* For those who have doubles: nearest mas, and back. False: NaN, or beyond
 * max. */
bool place_angle_from_degrees(int32_t *mas, double degrees, int32_t max);
double place_angle_degrees(int32_t mas);

/* --- distance ------------------------------------------------------------ */

/* Metres along the great circle; as exact for a centimetre as for the
 * antipodes. */
double place_distance(struct place_spot a, struct place_spot b);

/* The same from one spot to many. */
struct place_origin {
	struct place_spot spot;
	double cosine; /* of its latitude */
};

struct place_origin place_origin(struct place_spot spot);
double place_distance_from(const struct place_origin *a, struct place_spot b);

/* Metres through the air: place_distance() and the height between them. */
double place_distance_3d(const struct place_point *a,
			 const struct place_point *b);

/*
 * Two comparisons that spare most of the cosines of a search: all that is
 * within metres of a spot passes, of the rest nearly all that is outside of
 * the square around it does not.
 */
struct place_reach {
	struct place_spot from;
	int32_t lat, lon; /* mas to either side */
};

void place_reach_make(struct place_reach *r, struct place_spot from,
		      double metres);
bool place_reach_has(const struct place_reach *r, struct place_spot spot);

/* True if a lies in the box, edges included; west of sw to ne, so that sw.lon >
 * ne.lon is a box across the antimeridian. */
bool place_box_has(struct place_spot sw, struct place_spot ne,
		   struct place_spot a);

/* East minus west by the short way round: from -180 up to 180 degrees. */
int32_t place_lon_diff(int32_t east, int32_t west);

/* --- footprints ---------------------------------------------------------- */

#define PLACE_REACH_CM 100000000 /* a corner or height is within 1000 km */
#define PLACE_HOLES_MAX 99
#define PLACE_LEVELS_MAX 64
#define PLACE_LEVEL_MAX 9999 /* and down to its negative */

/* Corners in order, either way round, not closed. */
struct place_ring {
	const struct place_spot *corner;
	unsigned count;
};

struct place_heights {
	int32_t low, high; /* cm above the LOC's altitude */
};

/* Everything points into the arena that place_footprint_parse() was given. */
struct place_footprint {
	struct place_point at;	       /* the LOC it was read with */
	const struct place_ring *ring; /* the outer ring, then holes */
	unsigned rings;
	struct place_spot sw, ne; /* of the outer ring; sw.lon > ne.lon across
				     the antimeridian */
	uint64_t area;		  /* cm2, without the holes; at least 1 */
	uint64_t radius; /* cm from the LOC to the farthest corner, up */
	bool has_heights;
	struct place_heights heights;
	unsigned levels; /* 0: on every level */
	int16_t level[PLACE_LEVELS_MAX];
};

/*
 * Reads the TXT rdata of `_geo.<place>` with the place's LOC. The corners are
 * allocated in a: 8 octets each, 16 a ring; ERR_NOMEM if there is no room.
 * ERR_NOTFOUND: well-formed, but no fp in it (another TXT beside it may have
 * one). ERR_SYNTAX, ERR_RANGE or ERR_RULE, with a sentence that names string
 * and key: anything else. rdata may be any octets.
 */
enum err place_footprint_parse(struct place_footprint *fp, const uint8_t *rdata,
			       size_t len, const struct place_point *at,
			       struct arena *a, struct diag *d);

/*
 * Inside of ring[0] and of none of the others, by an even-odd rule on integers.
 * Of a ring's edges those to the west and south are inside, those to the east
 * and north are not. The rings must be less than 180 degrees wide.
 */
bool place_rings_contain(const struct place_ring *ring, unsigned rings,
			 struct place_spot spot);

/* The same for a footprint, most misses by its box alone. Levels and heights
 * are asked for by the next two. */
bool place_footprint_contains(const struct place_footprint *fp,
			      struct place_spot spot);

/* One of its levels, or it has none. */
bool place_footprint_on_level(const struct place_footprint *fp, int level);

/* alt in cm above the ellipsoid: LOW <= alt - LOC < HIGH, so that a point is on
 * one of two floors; without z, always. */
bool place_footprint_at_altitude(const struct place_footprint *fp, int64_t alt);

/* Corners of one ring in degrees, latitude first, going on beyond 180 where
 * the ring crosses the antimeridian. At most max; returns how many. */
unsigned place_footprint_degrees(const struct place_footprint *fp,
				 unsigned ring, double (*latlon)[2],
				 unsigned max);

/* The LOC code of the sphere around the LOC that encloses the footprint. */
uint8_t place_footprint_size(const struct place_footprint *fp);

/* --- footprints out ------------------------------------------------------ */

/* What an importer knows of a room. Rings are in mas, the first the outer one;
 * they may be closed. */
struct place_outline {
	struct place_spot at; /* of the LOC beside it */
	const struct place_ring *ring;
	unsigned rings;
	bool has_heights;
	struct place_heights heights;
	const int16_t *level;
	unsigned levels;
};

/*
 * Writes TXT rdata (strings of at most 255 octets, cut between corners) that
 * place_footprint_parse() reads back to the same corners: exactly so up to 71
 * degrees of latitude, to a centimetre beyond. ERR_RANGE: a corner, height or
 * level is too far, or too many; ERR_FULL: more than cap octets. Whether the
 * rings have a meaning is for the parser to say.
 */
enum err place_footprint_format(uint8_t *rdata, size_t cap, size_t *len,
				const struct place_outline *o, struct diag *d);

/*
 * A spot well inside of the rings (the first one the outer one, the rest
 * holes), about as far from every edge as there is one: for a LOC, a label.
 * place_footprint_contains() holds for it. False if the rings contain no spot
 * of the grid. Costs milliseconds; for importers.
 */
bool place_label_spot(struct place_spot *spot, const struct place_ring *ring,
		      unsigned rings);

#endif
