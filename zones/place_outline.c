/* Footprints written, and the spot for a room's LOC. */
#include "zones/place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CM_A_DEGREE 11119493 /* of PLACE_METRES_A_DEGREE */
#define CM_A_MAS ((double)CM_A_DEGREE / PLACE_DEGREE)
#define STRING_MAX 255

static double
cos_lat(int32_t lat)
{
	return cos(place_angle_degrees(lat) * (M_PI / 180));
}

/* --- TXT strings --------------------------------------------------------- */

struct strings {
	uint8_t *out;
	size_t cap, len;
	size_t start; /* of the current string's length octet */
	char key[4];  /* "fp", "h1" to "h99", "z", "lvl" */
	char separator;
	bool empty; /* nothing behind the key yet */
	bool full;
};

static void
put(struct strings *s, const char *text, size_t len)
{
	if (len > s->cap - s->len) {
		s->full = true;
		return;
	}
	memcpy(s->out + s->len, text, len);
	s->len += len;
	if (!s->full)
		s->out[s->start] = (uint8_t)(s->len - s->start - 1);
}

static void
string_begin(struct strings *s)
{
	if (s->len == s->cap) {
		s->full = true;
		return;
	}
	s->start = s->len++;
	s->empty = true;
	put(s, s->key, strlen(s->key));
	put(s, "=", 1);
}

static void
key_begin(struct strings *s, const char *key, char separator)
{
	snprintf(s->key, sizeof(s->key), "%s", key);
	s->separator = separator;
	string_begin(s);
}

/* One corner or level; on in a new string with the same key if need be. */
static void
word_put(struct strings *s, const char *word)
{
	size_t len = strlen(word);

	if (s->full)
		return;
	if (s->len - s->start - 1 + !s->empty + len > STRING_MAX)
		string_begin(s);
	if (!s->empty)
		put(s, &s->separator, 1);
	put(s, word, len);
	s->empty = false;
}

/* --- the footprint's strings --------------------------------------------- */

static enum err
corner_put(struct strings *s, struct place_spot at, const struct place_spot *c,
	   struct diag *d)
{
	double lon = place_lon_diff(c->lon, at.lon);
	double north = round(((double)c->lat - at.lat) * CM_A_MAS);
	double east = round(lon * CM_A_MAS * cos_lat(at.lat));
	char word[32];

	if (fabs(north) > PLACE_REACH_CM || fabs(east) > PLACE_REACH_CM)
		return diag_set(d, ERR_RANGE,
				"a corner is more than 1000 km away");
	snprintf(word, sizeof(word), "%d,%d", (int)east, (int)north);
	word_put(s, word);
	return ERR_OK;
}

static enum err
ring_put(struct strings *s, const struct place_outline *o, unsigned ring,
	 struct diag *d)
{
	const struct place_ring *r = &o->ring[ring];
	unsigned count = r->count;
	enum err e = ERR_OK;
	char key[16];

	if (ring > PLACE_HOLES_MAX)
		return diag_set(d, ERR_RANGE, "more than %d holes",
				PLACE_HOLES_MAX);
	snprintf(key, sizeof(key), ring == 0 ? "fp" : "h%u", ring);
	key_begin(s, key, ' ');
	if (count > 1 && r->corner[0].lat == r->corner[count - 1].lat &&
	    place_lon_diff(r->corner[0].lon, r->corner[count - 1].lon) == 0)
		count--;
	for (unsigned i = 0; e == ERR_OK && i < count; i++)
		e = corner_put(s, o->at, &r->corner[i], d);
	return e;
}

static enum err
heights_put(struct strings *s, const struct place_heights *h, struct diag *d)
{
	char word[32];

	if (h->low < -PLACE_REACH_CM || h->high > PLACE_REACH_CM ||
	    h->low >= h->high)
		return diag_set(d, ERR_RANGE, "heights from %d to %d cm",
				h->low, h->high);
	key_begin(s, "z", ' ');
	snprintf(word, sizeof(word), "%d,%d", h->low, h->high);
	word_put(s, word);
	return ERR_OK;
}

static enum err
levels_put(struct strings *s, const struct place_outline *o, struct diag *d)
{
	char word[16];

	if (o->levels > PLACE_LEVELS_MAX)
		return diag_set(d, ERR_RANGE, "more than %d levels",
				PLACE_LEVELS_MAX);
	key_begin(s, "lvl", ',');
	for (unsigned i = 0; i < o->levels; i++) {
		if (o->level[i] > PLACE_LEVEL_MAX ||
		    o->level[i] < -PLACE_LEVEL_MAX)
			return diag_set(d, ERR_RANGE, "level %d", o->level[i]);
		snprintf(word, sizeof(word), "%d", o->level[i]);
		word_put(s, word);
	}
	return ERR_OK;
}

enum err
place_footprint_format(uint8_t *rdata, size_t cap, size_t *len,
		       const struct place_outline *o, struct diag *d)
{
	struct strings s = {.out = rdata, .cap = cap};
	enum err e = ERR_OK;

	for (unsigned i = 0; e == ERR_OK && i < o->rings; i++)
		e = ring_put(&s, o, i, d);
	if (e == ERR_OK && o->has_heights)
		e = heights_put(&s, &o->heights, d);
	if (e == ERR_OK && o->levels > 0)
		e = levels_put(&s, o, d);
	if (e == ERR_OK && s.full)
		e = diag_set(d, ERR_FULL, "the footprint has too many corners");
	*len = e == ERR_OK ? s.len : 0;
	return e;
}

/* --- a spot well inside -------------------------------------------------- */

/*
 * Squares are tried: the middle of each, and its four quarters only if a spot
 * in it may be farther from every edge than the best so far. Plane coordinates
 * in mas of latitude, from the first corner.
 */
struct search {
	const struct place_ring *ring;
	unsigned rings;
	struct place_spot base;
	double narrow;		     /* cosine of the latitude */
	double precision;	     /* a gain that is not worth looking for */
	double best;		     /* distance to the nearest edge */
	struct place_spot best_spot; /* valid if best >= 0 */
	int64_t work;		     /* distances to edges left to look at */
};

#define LABEL_WORK 20000000

static double
plane_x(const struct search *s, int32_t lon)
{
	return place_lon_diff(lon, s->base.lon) * s->narrow;
}

static double
plane_y(const struct search *s, int32_t lat)
{
	return (double)lat - s->base.lat;
}

/* Square of the distance from (x, y) to the edge. */
static double
edge_distance2(const struct search *s, const struct place_spot *a,
	       const struct place_spot *b, double x, double y)
{
	double ax = plane_x(s, a->lon) - x, ay = plane_y(s, a->lat) - y;
	double dx = plane_x(s, b->lon) - x - ax;
	double dy = plane_y(s, b->lat) - y - ay;
	double len2 = dx * dx + dy * dy, t = 0;

	if (len2 > 0)
		t = fmin(fmax(-(ax * dx + ay * dy) / len2, 0), 1);
	ax += t * dx;
	ay += t * dy;
	return ax * ax + ay * ay;
}

static double
edges_distance(struct search *s, double x, double y)
{
	double least = INFINITY;

	for (unsigned i = 0; i < s->rings; i++) {
		const struct place_ring *r = &s->ring[i];

		for (unsigned k = 0, j = r->count - 1; k < r->count; j = k++)
			least = fmin(least,
				     edge_distance2(s, &r->corner[j],
						    &r->corner[k], x, y));
		s->work -= r->count;
	}
	return sqrt(least);
}

static struct place_spot
grid_spot(const struct search *s, double x, double y)
{
	double lat = s->base.lat + round(y);
	double lon = s->base.lon + round(x / s->narrow);

	lat = fmin(fmax(lat, -PLACE_LAT_MAX), PLACE_LAT_MAX);
	lon = remainder(lon, 2.0 * PLACE_LON_MAX);
	return (struct place_spot){(int32_t)lat, (int32_t)lon};
}

static void
square_try(struct search *s, double x, double y, double half)
{
	struct place_spot spot = grid_spot(s, x, y);
	double distance = edges_distance(s, x, y);
	bool in = place_rings_contain(s->ring, s->rings, spot);

	if (in && distance > s->best) {
		s->best = distance;
		s->best_spot = spot;
	}
	/* outside, no spot in the square is farther in than the corner is
	 * from the edge between */
	if (!in)
		distance = -distance;
	if (half < 0.25 || s->work < 0 ||
	    distance + half * M_SQRT2 <= s->best + s->precision)
		return;
	half /= 2;
	square_try(s, x - half, y - half, half);
	square_try(s, x + half, y - half, half);
	square_try(s, x - half, y + half, half);
	square_try(s, x + half, y + half, half);
}

struct extent {
	double west, south, east, north;
};

static struct extent
ring_extent(const struct search *s)
{
	struct extent e = {0, 0, 0, 0};

	for (unsigned i = 0; i < s->ring[0].count; i++) {
		double x = plane_x(s, s->ring[0].corner[i].lon);
		double y = plane_y(s, s->ring[0].corner[i].lat);

		e.west = fmin(e.west, x);
		e.east = fmax(e.east, x);
		e.south = fmin(e.south, y);
		e.north = fmax(e.north, y);
	}
	return e;
}

/* Squares of this side, whole and (half > 0) in parts. */
static void
squares_try(struct search *s, const struct extent *e, double side, double half)
{
	int columns = (int)ceil((e->east - e->west) / side);
	int rows = (int)ceil((e->north - e->south) / side);

	for (int i = 0; i < columns; i++)
		for (int j = 0; j < rows; j++)
			square_try(s, e->west + (i + 0.5) * side,
				   e->south + (j + 0.5) * side, half);
}

bool
place_label_spot(struct place_spot *spot, const struct place_ring *ring,
		 unsigned rings)
{
	struct search s = {.ring = ring, .rings = rings, .best = -1};
	struct extent e;
	double width, height, side;

	if (rings == 0 || ring[0].count < 3)
		return false;
	s.base = ring[0].corner[0];
	s.narrow = fmax(cos_lat(s.base.lat), 1e-6);
	e = ring_extent(&s);
	width = e.east - e.west;
	height = e.north - e.south;
	side = fmax(fmin(width, height), fmax(width, height) / 64);
	side = fmax(side, 1);
	s.precision = side / 64;
	s.work = LABEL_WORK;
	squares_try(&s, &e, side, 0);
	squares_try(&s, &e, side, side / 2);
	*spot = s.best_spot;
	return s.best >= 0;
}
