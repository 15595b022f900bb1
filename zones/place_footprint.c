/* Footprints read, and asked who is inside. */
#include "zones/place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CM_A_DEGREE 11119493 /* of PLACE_METRES_A_DEGREE */
#define MAS_A_CM ((double)PLACE_DEGREE / CM_A_DEGREE)
#define LON_REACH 324000000.0 /* mas of a corner from the LOC */
#define SHOW_MAX 24

enum key {
	KEY_OTHER,
	KEY_RING, /* number 0 is fp, 1 to 99 are holes */
	KEY_HEIGHTS,
	KEY_LEVELS,
};

/* A ring that is being read, in cm. */
struct tracing {
	int64_t east, north; /* of the corner before */
	int64_t first_east, first_north;
	__int128 twice; /* signed area so far */
	unsigned first; /* index of its first corner */
	unsigned count;
};

struct reader {
	struct place_footprint *fp;
	struct diag *d;
	struct place_ring *ring;
	struct place_spot *corner;
	unsigned rings, rings_room, corners, corners_room;
	double mas_east; /* mas a cm of east */
	struct tracing trace;
	int outer; /* index of fp's ring, -1 before */
	__int128 twice;
	uint64_t farthest; /* square of cm */

	/* the string that is read, and what came before */
	unsigned number;
	const char *at, *end;
	enum key key;
	unsigned hole;
	bool seen_ring[PLACE_HOLES_MAX + 1], seen_heights, seen_levels;
};

/* --- complaints ---------------------------------------------------------- */

static const char *
key_name(const struct reader *r)
{
	if (r->key == KEY_RING)
		return r->hole == 0 ? "fp" : "h";
	return r->key == KEY_HEIGHTS ? "z" : "lvl";
}

/* Where it is: "string 3, h2: ". */
static enum err
bad(const struct reader *r, enum err e, const char *what)
{
	if (r->key == KEY_RING && r->hole > 0)
		return diag_set(r->d, e, "string %u, h%u: %s", r->number,
				r->hole, what);
	return diag_set(r->d, e, "string %u, %s: %s", r->number, key_name(r),
			what);
}

/* The same with the word that stands at `at`, made harmless. */
static enum err
bad_word(const struct reader *r, enum err e, const char *at, const char *what)
{
	char show[SHOW_MAX + 1], text[SHOW_MAX + 128];
	size_t n = 0;

	while (at < r->end && *at != ' ' && n < SHOW_MAX) {
		show[n++] = *at > ' ' && *at <= '~' && *at != '\'' ? *at : '?';
		at++;
	}
	show[n] = '\0';
	snprintf(text, sizeof(text), "'%s' %s", show, what);
	return bad(r, e, text);
}

/* --- numbers ------------------------------------------------------------- */

static bool
at_end(const struct reader *r)
{
	return r->at == r->end;
}

static bool
pass(struct reader *r, char c)
{
	if (at_end(r) || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* An integer from -max to max. ERR_SYNTAX or ERR_RANGE without a sentence. */
static enum err
number_read(struct reader *r, int64_t max, int64_t *v)
{
	bool minus = pass(r, '-');
	const char *start = r->at;
	enum err e = ERR_OK;

	for (*v = 0; !at_end(r) && *r->at >= '0' && *r->at <= '9'; r->at++) {
		*v = *v * 10 + (*r->at - '0');
		if (*v > max) {
			e = ERR_RANGE;
			*v = max;
		}
	}
	if (r->at == start)
		return ERR_SYNTAX;
	if (minus)
		*v = -*v;
	return e;
}

/* A,B and then the end or a space. */
static enum err
pair_read(struct reader *r, int64_t *a, int64_t *b, const char *what,
	  const char *range)
{
	const char *start = r->at;
	enum err ea = number_read(r, PLACE_REACH_CM, a), eb = ERR_SYNTAX;

	*b = 0;
	if (ea != ERR_SYNTAX && pass(r, ','))
		eb = number_read(r, PLACE_REACH_CM, b);
	if (eb == ERR_SYNTAX || !(at_end(r) || *r->at == ' '))
		return bad_word(r, ERR_SYNTAX, start, what);
	if (ea != ERR_OK || eb != ERR_OK)
		return bad_word(r, ERR_RANGE, start, range);
	return ERR_OK;
}

/* --- rings --------------------------------------------------------------- */

/* Nearest integer of north * PLACE_DEGREE / CM_A_DEGREE, ties away from 0. */
static int64_t
mas_of_north(int64_t north)
{
	int64_t twice = 2 * north * PLACE_DEGREE;

	return (twice + (north < 0 ? -CM_A_DEGREE : CM_A_DEGREE)) /
	       (2 * CM_A_DEGREE);
}

/* A longitude that may be beyond 180 degrees, brought back. */
static int32_t
lon_wrap(int64_t lon)
{
	if (lon > PLACE_LON_MAX)
		lon -= 2 * PLACE_LON_MAX;
	else if (lon < -PLACE_LON_MAX)
		lon += 2 * PLACE_LON_MAX;
	return (int32_t)lon;
}

static enum err
corner_place(struct reader *r, int64_t east, int64_t north)
{
	const struct place_spot *at = &r->fp->at.spot;
	int64_t lat = at->lat + mas_of_north(north);
	double lon = round((double)east * r->mas_east);
	struct place_spot *c = &r->corner[r->corners];

	if (lat > PLACE_LAT_MAX || lat < -PLACE_LAT_MAX)
		return bad(r, ERR_RANGE, "a corner lies beyond the pole");
	if (!(fabs(lon) <= LON_REACH))
		return bad(r, ERR_RANGE,
			   "a corner lies more than a quarter of the way "
			   "around the world");
	must(r->corners < r->corners_room);
	c->lat = (int32_t)lat;
	c->lon = lon_wrap(at->lon + (int64_t)lon);
	r->corners++;
	r->trace.count++;
	return ERR_OK;
}

static enum err
corner_add(struct reader *r, int64_t east, int64_t north)
{
	struct tracing *t = &r->trace;
	uint64_t far = (uint64_t)(east * east) + (uint64_t)(north * north);

	if (t->count == 0) {
		t->first_east = east;
		t->first_north = north;
	} else {
		if (east == t->east && north == t->north)
			return ERR_OK;
		t->twice += t->east * north - east * t->north;
	}
	t->east = east;
	t->north = north;
	if (r->hole == 0 && far > r->farthest)
		r->farthest = far;
	return corner_place(r, east, north);
}

static enum err
ring_read(struct reader *r)
{
	int64_t east, north;
	enum err e = ERR_OK;

	while (pass(r, ' '))
		;
	while (e == ERR_OK && !at_end(r)) {
		e = pair_read(r, &east, &north,
			      "is not EAST,NORTH in whole centimetres",
			      "is more than 1000 km away");
		if (e == ERR_OK)
			e = corner_add(r, east, north);
		while (pass(r, ' '))
			;
	}
	return e;
}

static void
ring_begin(struct reader *r)
{
	memset(&r->trace, 0, sizeof(r->trace));
	r->trace.first = r->corners;
	if (r->hole == 0)
		r->outer = (int)r->rings;
}

/* The ring has all its corners: it closes, and is counted. */
static enum err
ring_end(struct reader *r)
{
	struct tracing *t = &r->trace;
	__int128 twice = t->twice;

	if (t->count > 1 && t->east == t->first_east &&
	    t->north == t->first_north) {
		t->count--;
		r->corners--;
	} else {
		twice += t->east * t->first_north - t->first_east * t->north;
	}
	if (t->count < 3)
		return bad(r, ERR_RULE, "fewer than three corners");
	if (twice == 0)
		return bad(r, ERR_RULE, "the ring encloses no area");
	if (twice < 0)
		twice = -twice;
	r->twice += r->hole == 0 ? twice : -twice;
	must(r->rings < r->rings_room);
	r->ring[r->rings].corner = r->corner + t->first;
	r->ring[r->rings].count = t->count;
	r->rings++;
	return ERR_OK;
}

/* --- heights and levels -------------------------------------------------- */

static enum err
heights_read(struct reader *r)
{
	static const char what[] = "is not LOW,HIGH in whole centimetres";
	const char *start = r->at;
	int64_t low, high;
	enum err e = pair_read(r, &low, &high, what, "is more than 1000 km");

	if (e != ERR_OK)
		return e;
	if (!at_end(r))
		return bad_word(r, ERR_SYNTAX, r->at + 1, "is one too many");
	if (low >= high)
		return bad_word(r, ERR_RULE, start,
				"has no height: LOW must be below HIGH");
	r->fp->has_heights = true;
	r->fp->heights.low = (int32_t)low;
	r->fp->heights.high = (int32_t)high;
	return ERR_OK;
}

static enum err
levels_read(struct reader *r)
{
	struct place_footprint *fp = r->fp;

	do {
		const char *start = r->at;
		int64_t level;
		enum err e = number_read(r, PLACE_LEVEL_MAX, &level);

		if (e == ERR_SYNTAX || !(at_end(r) || *r->at == ','))
			return bad_word(r, ERR_SYNTAX, start,
					"is not a list of whole numbers");
		if (e == ERR_RANGE)
			return bad_word(r, e, start,
					"is not a level from -9999 to 9999");
		if (fp->levels == PLACE_LEVELS_MAX)
			return bad(r, ERR_RANGE, "more than 64 levels");
		fp->level[fp->levels++] = (int16_t)level;
	} while (pass(r, ','));
	return ERR_OK;
}

/* --- strings ------------------------------------------------------------- */

/* The hole's number, of any size; 0 if the key is not h and digits. */
static unsigned
hole_number(const char *key, size_t len)
{
	unsigned n = 0;

	if (len < 2 || (key[0] | 0x20) != 'h')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (key[i] < '0' || key[i] > '9')
			return 0;
		n = n > PLACE_HOLES_MAX ? n : n * 10 + (unsigned)(key[i] - '0');
	}
	return n == 0 ? PLACE_HOLES_MAX + 1 : n;
}

static enum key
key_find(const char *key, size_t len, unsigned *hole)
{
	*hole = 0;
	if (len == 2 && strncasecmp(key, "fp", 2) == 0)
		return KEY_RING;
	if (len == 1 && strncasecmp(key, "z", 1) == 0)
		return KEY_HEIGHTS;
	if (len == 3 && strncasecmp(key, "lvl", 3) == 0)
		return KEY_LEVELS;
	*hole = hole_number(key, len);
	return *hole > 0 ? KEY_RING : KEY_OTHER;
}

static enum err
key_mark(struct reader *r, bool *seen)
{
	if (*seen)
		return bad(r, ERR_RULE, "given twice");
	*seen = true;
	return ERR_OK;
}

/* The ring before this string ends unless this string continues it. */
static enum err
key_turn(struct reader *r, enum key key, unsigned hole)
{
	bool same = r->key == key && r->hole == hole;
	enum err e = ERR_OK;

	if (r->key == KEY_RING && !same)
		e = ring_end(r);
	if (e != ERR_OK)
		return e;
	r->number++;
	r->key = key;
	r->hole = hole;
	switch (key) {
	case KEY_RING:
		if (hole > PLACE_HOLES_MAX)
			return bad(r, ERR_RANGE, "holes are h1 to h99");
		if (same)
			return ERR_OK;
		ring_begin(r);
		return key_mark(r, &r->seen_ring[hole]);
	case KEY_HEIGHTS:
		return key_mark(r, &r->seen_heights);
	case KEY_LEVELS:
		return same ? ERR_OK : key_mark(r, &r->seen_levels);
	case KEY_OTHER:
		break;
	}
	return ERR_OK;
}

/* KEY=VALUE; without a '=' it is a key that is not ours. */
static enum err
string_read(struct reader *r, const char *s, size_t len)
{
	const char *equals = len ? memchr(s, '=', len) : NULL;
	unsigned hole = 0;
	enum key key =
		equals ? key_find(s, (size_t)(equals - s), &hole) : KEY_OTHER;
	enum err e = key_turn(r, key, hole);

	if (e != ERR_OK || key == KEY_OTHER)
		return e;
	r->at = equals + 1;
	r->end = s + len;
	if (key == KEY_RING)
		return ring_read(r);
	return key == KEY_HEIGHTS ? heights_read(r) : levels_read(r);
}

/* --- the whole ----------------------------------------------------------- */

/* Room for every corner and ring there can be; the form of TXT on the way. */
static enum err
reader_room(struct reader *r, const uint8_t *rdata, size_t len, struct arena *a)
{
	unsigned commas = 0, rings = 0, hole;

	for (size_t pos = 0; pos < len; pos += 1 + (size_t)rdata[pos]) {
		const char *s = (const char *)rdata + pos + 1;
		const char *equals;

		if (rdata[pos] > len - pos - 1)
			return diag_set(r->d, ERR_SYNTAX,
					"a TXT that is cut short");
		equals = memchr(s, '=', rdata[pos]);
		if (!equals ||
		    key_find(s, (size_t)(equals - s), &hole) != KEY_RING)
			continue;
		rings++;
		for (size_t i = 0; i < rdata[pos]; i++)
			commas += s[i] == ',';
	}
	if (rings > PLACE_HOLES_MAX + 1)
		rings = PLACE_HOLES_MAX + 1;
	r->rings_room = rings;
	r->corners_room = commas;
	r->ring = arena_alloc(a, rings * sizeof(*r->ring));
	r->corner = arena_alloc(a, commas * sizeof(*r->corner));
	if (!r->ring || !r->corner)
		return diag_set(r->d, ERR_NOMEM,
				"no room for a footprint of %u corners",
				commas);
	return ERR_OK;
}

/* The smallest integer whose square is at least v. */
static uint64_t
root_up(uint64_t v)
{
	uint64_t n = (uint64_t)sqrt((double)v);

	while (n * n >= v && n > 0)
		n--;
	while (n * n < v)
		n++;
	return n;
}

static void
box_make(struct place_footprint *fp)
{
	int32_t west = INT32_MAX, east = INT32_MIN, lon;

	fp->sw.lat = INT32_MAX;
	fp->ne.lat = INT32_MIN;
	for (unsigned i = 0; i < fp->ring[0].count; i++) {
		const struct place_spot *c = &fp->ring[0].corner[i];

		lon = place_lon_diff(c->lon, fp->at.spot.lon);
		west = lon < west ? lon : west;
		east = lon > east ? lon : east;
		fp->sw.lat = c->lat < fp->sw.lat ? c->lat : fp->sw.lat;
		fp->ne.lat = c->lat > fp->ne.lat ? c->lat : fp->ne.lat;
	}
	fp->sw.lon = lon_wrap((int64_t)fp->at.spot.lon + west);
	fp->ne.lon = lon_wrap((int64_t)fp->at.spot.lon + east);
}

static enum err
footprint_finish(struct reader *r)
{
	struct place_footprint *fp = r->fp;
	struct place_ring swap;

	if (r->outer < 0 && r->rings > 0)
		return diag_set(r->d, ERR_RULE, "holes without a ring fp");
	if (r->outer < 0)
		return diag_set(r->d, ERR_NOTFOUND, "no ring fp");
	if (r->twice <= 0)
		return diag_set(r->d, ERR_RULE,
				"the holes leave nothing of the ring fp");
	swap = r->ring[0];
	r->ring[0] = r->ring[r->outer];
	r->ring[r->outer] = swap;
	fp->ring = r->ring;
	fp->rings = r->rings;
	fp->area = (uint64_t)((r->twice + 1) / 2);
	fp->radius = root_up(r->farthest);
	box_make(fp);
	return ERR_OK;
}

enum err
place_footprint_parse(struct place_footprint *fp, const uint8_t *rdata,
		      size_t len, const struct place_point *at, struct arena *a,
		      struct diag *d)
{
	struct reader r = {.fp = fp, .d = d, .outer = -1};
	enum err e;

	must(place_point_valid(at));
	memset(fp, 0, sizeof(*fp));
	fp->at = *at;
	r.mas_east = MAS_A_CM /
		     cos(place_angle_degrees(at->spot.lat) * (M_PI / 180));
	e = reader_room(&r, rdata, len, a);
	for (size_t pos = 0; e == ERR_OK && pos < len;
	     pos += 1 + (size_t)rdata[pos])
		e = string_read(&r, (const char *)rdata + pos + 1, rdata[pos]);
	if (e == ERR_OK && r.key == KEY_RING)
		e = ring_end(&r);
	if (e == ERR_OK)
		e = footprint_finish(&r);
	return e;
}

/* --- questions ----------------------------------------------------------- */

/*
 * Does a ray from the spot to the east cross the edge? An edge has its
 * lower end, not its upper one, and is always looked at from its lower end up,
 * so that the rooms on its two sides get the same answer.
 */
static bool
edge_crossed(const struct place_spot *a, const struct place_spot *b,
	     int32_t base, int64_t lon, int32_t lat)
{
	const struct place_spot *low = a->lat < b->lat ? a : b;
	const struct place_spot *high = a->lat < b->lat ? b : a;
	int64_t from, to;

	if (lat < low->lat || lat >= high->lat)
		return false;
	from = place_lon_diff(low->lon, base) - lon;
	to = place_lon_diff(high->lon, base) - lon;
	return (to - from) * ((int64_t)lat - low->lat) +
		       from * ((int64_t)high->lat - low->lat) >
	       0;
}

/* Longitudes count from a corner, so that no ring meets the antimeridian. */
static bool
ring_contains(const struct place_ring *r, struct place_spot spot)
{
	bool in = false;

	if (r->count == 0)
		return false;
	for (unsigned i = 0, j = r->count - 1; i < r->count; j = i++)
		in ^= edge_crossed(
			&r->corner[j], &r->corner[i], r->corner[0].lon,
			place_lon_diff(spot.lon, r->corner[0].lon), spot.lat);
	return in;
}

bool
place_rings_contain(const struct place_ring *ring, unsigned rings,
		    struct place_spot spot)
{
	for (unsigned i = 0; i < rings; i++)
		if (ring_contains(&ring[i], spot) != (i == 0))
			return false;
	return rings > 0;
}

bool
place_footprint_contains(const struct place_footprint *fp,
			 struct place_spot spot)
{
	return place_box_has(fp->sw, fp->ne, spot) &&
	       place_rings_contain(fp->ring, fp->rings, spot);
}

bool
place_footprint_on_level(const struct place_footprint *fp, int level)
{
	for (unsigned i = 0; i < fp->levels; i++)
		if (fp->level[i] == level)
			return true;
	return fp->levels == 0;
}

bool
place_footprint_at_altitude(const struct place_footprint *fp, int64_t alt)
{
	return !fp->has_heights || (alt - fp->at.alt >= fp->heights.low &&
				    alt - fp->at.alt < fp->heights.high);
}

unsigned
place_footprint_degrees(const struct place_footprint *fp, unsigned ring,
			double (*latlon)[2], unsigned max)
{
	const struct place_ring *r = &fp->ring[ring];
	unsigned n = r->count < max ? r->count : max;

	for (unsigned i = 0; i < n; i++) {
		int32_t lon = place_lon_diff(r->corner[i].lon, fp->at.spot.lon);

		latlon[i][0] = place_angle_degrees(r->corner[i].lat);
		latlon[i][1] =
			(double)((int64_t)fp->at.spot.lon + lon) / PLACE_DEGREE;
	}
	return n;
}

uint8_t
place_footprint_size(const struct place_footprint *fp)
{
	return place_size_code(2 * fp->radius);
}
