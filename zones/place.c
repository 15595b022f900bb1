/* Positions, numbers and distances; footprints are in place_footprint.c and
 * place_outline.c. */
#include "zones/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define EQUATOR 0x80000000u		       /* wire value of 0 degrees */
#define RADIAN (M_PI / (180.0 * PLACE_DEGREE)) /* of a mas */
#define METRES_A_RADIAN (PLACE_METRES_A_DEGREE * 180 / M_PI)

/* --- LOC ----------------------------------------------------------------- */

static bool
size_valid(uint8_t code)
{
	return code >> 4 <= 9 && (code & 15) <= 9;
}

static bool
spot_valid(int64_t lat, int64_t lon)
{
	return lat >= -PLACE_LAT_MAX && lat <= PLACE_LAT_MAX &&
	       lon >= -PLACE_LON_MAX && lon <= PLACE_LON_MAX;
}

bool
place_point_valid(const struct place_point *p)
{
	return spot_valid(p->spot.lat, p->spot.lon) &&
	       p->alt >= PLACE_ALT_MIN && p->alt <= PLACE_ALT_MAX &&
	       size_valid(p->size) && size_valid(p->hp) && size_valid(p->vp);
}

enum err
place_from_loc(struct place_point *p, const uint8_t *rdata, size_t len,
	       struct diag *d)
{
	int64_t lat, lon;

	if (len != PLACE_LOC_LEN)
		return diag_set(d, ERR_SYNTAX, "a LOC of %zu octets, not %d",
				len, PLACE_LOC_LEN);
	if (rdata[0] != 0)
		return diag_set(d, ERR_SYNTAX, "a LOC of version %u, not 0",
				rdata[0]);
	lat = (int64_t)get32(rdata + 4) - EQUATOR;
	lon = (int64_t)get32(rdata + 8) - EQUATOR;
	if (!spot_valid(lat, lon))
		return diag_set(d, ERR_RANGE,
				"a LOC beyond 90 degrees north or south, or "
				"180 east or west");
	if (!size_valid(rdata[1]) || !size_valid(rdata[2]) ||
	    !size_valid(rdata[3]))
		return diag_set(d, ERR_RANGE,
				"a LOC whose size or precision is not of "
				"decimal digits");
	p->spot.lat = (int32_t)lat;
	p->spot.lon = (int32_t)lon;
	p->alt = (int64_t)get32(rdata + 12) + PLACE_ALT_MIN;
	p->size = rdata[1];
	p->hp = rdata[2];
	p->vp = rdata[3];
	return ERR_OK;
}

void
place_to_loc(uint8_t rdata[PLACE_LOC_LEN], const struct place_point *p)
{
	must(place_point_valid(p));
	rdata[0] = 0;
	rdata[1] = p->size;
	rdata[2] = p->hp;
	rdata[3] = p->vp;
	put32(rdata + 4, EQUATOR + (uint32_t)p->spot.lat);
	put32(rdata + 8, EQUATOR + (uint32_t)p->spot.lon);
	put32(rdata + 12, (uint32_t)(p->alt - PLACE_ALT_MIN));
}

uint8_t
place_size_code(uint64_t cm)
{
	unsigned exponent = 0;

	if (cm > PLACE_SIZE_MAX)
		cm = PLACE_SIZE_MAX;
	for (; cm > 9; exponent++)
		cm = (cm + 9) / 10;
	return (uint8_t)(cm << 4 | exponent);
}

uint64_t
place_size_cm(uint8_t code)
{
	uint64_t cm = code >> 4;

	for (unsigned i = 0; i < (code & 15u); i++)
		cm *= 10;
	return cm;
}

/* --- numbers ------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * The decimals are multiplied as on paper, from the right: what is carried out
 * of the first one is the integer part, the digit left there the first decimal
 * of the product.
 */
static bool
decimals_times(uint64_t *v, const char *frac, size_t len, uint32_t scale)
{
	uint64_t carry = 0;
	bool up = false;

	for (size_t i = len; i-- > 0;) {
		if (!is_digit(frac[i]))
			return false;
		carry += (uint64_t)(frac[i] - '0') * scale;
		up = carry % 10 >= 5;
		carry /= 10;
	}
	*v = carry + up;
	return true;
}

bool
place_decimal(uint64_t *v, const char *whole, size_t whole_len,
	      const char *frac, size_t frac_len, uint32_t scale, uint64_t max)
{
	uint64_t n = 0, part;

	if (whole_len + frac_len == 0 ||
	    !decimals_times(&part, frac, frac_len, scale))
		return false;
	for (size_t i = 0; i < whole_len; i++) {
		if (!is_digit(whole[i]) || n > max / scale)
			return false;
		n = n * 10 + (uint64_t)(whole[i] - '0');
	}
	if (n > max / scale)
		return false;
	*v = n * scale + part;
	return *v <= max;
}

bool
place_angle_read(int32_t *mas, const char *text, size_t len, int32_t max)
{
	bool minus = len > 0 && text[0] == '-';
	size_t whole;
	uint64_t v;

	text += minus;
	len -= minus;
	for (whole = 0; whole < len && text[whole] != '.'; whole++)
		;
	if (whole == len) {
		if (!place_decimal(&v, text, len, NULL, 0, PLACE_DEGREE,
				   (uint64_t)max))
			return false;
	} else if (!place_decimal(&v, text, whole, text + whole + 1,
				  len - whole - 1, PLACE_DEGREE, (uint64_t)max))
		return false;
	*mas = minus ? -(int32_t)v : (int32_t)v;
	return true;
}

size_t
place_angle_write(char *dst, int32_t mas)
{
	uint64_t m = mas < 0 ? -(uint64_t)mas : (uint64_t)mas;
	uint64_t whole = m / PLACE_DEGREE, rest = m % PLACE_DEGREE;
	uint64_t unit = 1, frac = 0;
	int places, n;

	for (places = 0;; places++, unit *= 10) {
		frac = (rest * unit + PLACE_DEGREE / 2) / PLACE_DEGREE;
		if ((frac * PLACE_DEGREE + unit / 2) / unit == rest)
			break;
	}
	n = snprintf(dst, PLACE_ANGLE_TEXT_MAX, "%s%u", mas < 0 ? "-" : "",
		     (unsigned)whole);
	if (places > 0)
		n += snprintf(dst + n, PLACE_ANGLE_TEXT_MAX - (size_t)n,
			      ".%0*u", places, (unsigned)frac);
	return (size_t)n;
}

bool
place_angle_from_degrees(int32_t *mas, double degrees, int32_t max)
{
	double v = nearbyint(degrees * PLACE_DEGREE);

	if (!(v >= -(double)max && v <= max))
		return false;
	*mas = (int32_t)v;
	return true;
}

double
place_angle_degrees(int32_t mas)
{
	return mas / (double)PLACE_DEGREE;
}

/* --- distance ------------------------------------------------------------ */

int32_t
place_lon_diff(int32_t east, int32_t west)
{
	int64_t d = (int64_t)east - west;

	while (d > PLACE_LON_MAX)
		d -= 2 * PLACE_LON_MAX;
	while (d <= -PLACE_LON_MAX)
		d += 2 * PLACE_LON_MAX;
	return (int32_t)d;
}

static double
square(double v)
{
	return v * v;
}

/*
 * Half the angle c between the spots, by its sine and by its cosine: the first
 * is the haversine formula, exact for what is near, the second its mirror
 * image, exact for antipodes, and spared where the spots are near enough for
 * the first alone. Neither subtracts one rounded number from another:
 * differences and sums of angles are integers.
 */
struct place_origin
place_origin(struct place_spot spot)
{
	return (struct place_origin){spot, cos(spot.lat * RADIAN)};
}

double
place_distance(struct place_spot a, struct place_spot b)
{
	const struct place_origin from = place_origin(a);

	return place_distance_from(&from, b);
}

double
place_distance_from(const struct place_origin *from, struct place_spot b)
{
	const struct place_spot a = from->spot;
	double cosines = from->cosine * cos(b.lat * RADIAN);
	int32_t lon = abs(place_lon_diff(a.lon, b.lon));
	double sin2 = square(sin((a.lat - b.lat) * (RADIAN / 2))) +
		      cosines * square(sin(lon * (RADIAN / 2)));
	double cos2;

	if (sin2 < 0.25)
		return 2 * METRES_A_RADIAN * asin(sqrt(sin2));
	cos2 = square(sin((a.lat + b.lat) * (RADIAN / 2))) +
	       cosines * square(sin((PLACE_LON_MAX - lon) * (RADIAN / 2)));
	return 2 * METRES_A_RADIAN * atan2(sqrt(sin2), sqrt(cos2));
}

double
place_distance_3d(const struct place_point *a, const struct place_point *b)
{
	return hypot(place_distance(a->spot, b->spot),
		     (double)(a->alt - b->alt) / 100);
}

/*
 * A circle of angular radius r around latitude l reaches asin(sin r / cos l) to
 * either side, more than r; one that takes in a pole reaches all around.
 */
void
place_reach_make(struct place_reach *r, struct place_spot from, double metres)
{
	double angle = metres / METRES_A_RADIAN;
	double lat = from.lat * RADIAN;

	r->from = from;
	if (!(fabs(lat) + angle < M_PI / 2 - 2 * RADIAN)) {
		r->lon = PLACE_LON_MAX;
		r->lat = angle < M_PI ? (int32_t)(angle / RADIAN) + 2
				      : 2 * PLACE_LAT_MAX;
		return;
	}
	r->lat = (int32_t)(angle / RADIAN) + 2;
	r->lon = (int32_t)(asin(sin(angle) / cos(lat)) / RADIAN) + 2;
}

bool
place_reach_has(const struct place_reach *r, struct place_spot spot)
{
	return abs(spot.lat - r->from.lat) <= r->lat &&
	       abs(place_lon_diff(spot.lon, r->from.lon)) <= r->lon;
}

static bool
lon_between(int32_t west, int32_t east, int32_t lon)
{
	return west <= east ? lon >= west && lon <= east
			    : lon >= west || lon <= east;
}

bool
place_box_has(struct place_spot sw, struct place_spot ne, struct place_spot a)
{
	if (a.lat < sw.lat || a.lat > ne.lat)
		return false;
	/* 180 east and 180 west are one meridian */
	return lon_between(sw.lon, ne.lon, a.lon) ||
	       (abs(a.lon) == PLACE_LON_MAX &&
		lon_between(sw.lon, ne.lon, -a.lon));
}
