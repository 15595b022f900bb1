#include "zones/cell.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define RADIAN (M_PI / 180)
#define DEGREE_METRES 111194.93

static double
fraction(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (double)(*seed >> 11) * 0x1p-53;
}

static double
between(uint64_t *seed, double lo, double hi)
{
	return lo + (hi - lo) * fraction(seed);
}

static unsigned
below(uint64_t *seed, unsigned n)
{
	return (unsigned)(fraction(seed) * n);
}

/* Anywhere, or where things go wrong: poles, antimeridian, equator, edges and
 * corners of the cube, and close to them. */
static void
random_place(uint64_t *seed, double *lat, double *lon)
{
	static const double hard[][2] = {
		{90, 0},
		{-90, 77},
		{0, 180},
		{12, -180},
		{0, 0},
		{0, 45},
		{20, -135},
		{35.264389682754654, 45},
		{45, 0},
		{-45, 90},
		{-35.264389682754654, -135},
		{45, 180},
		{89.9999, 12},
		{60, 135},
	};
	unsigned which = below(seed, 2 * ARRAY_LEN(hard));
	double off = pow(10, between(seed, -9, 0));

	if (which >= ARRAY_LEN(hard)) {
		*lat = asin(between(seed, -1, 1)) / RADIAN;
		*lon = between(seed, -180, 180);
		return;
	}
	off *= below(seed, 3);
	*lat = fmin(90, fmax(-90, hard[which][0] + between(seed, -off, off)));
	*lon = hard[which][1] + between(seed, -off, off);
}

/* The place that many radians away, on that bearing; by vectors, which know no
 * poles. */
static void
go(double *lat, double *lon, double angle, double bearing)
{
	double phi = *lat * RADIAN, lambda = *lon * RADIAN;
	double north = sin(angle) * cos(bearing);
	double east = sin(angle) * sin(bearing);
	double out = cos(angle) * cos(phi) - north * sin(phi);
	double x = out * cos(lambda) - east * sin(lambda);
	double y = out * sin(lambda) + east * cos(lambda);

	*lat = atan2(cos(angle) * sin(phi) + north * cos(phi), hypot(x, y)) /
	       RADIAN;
	*lon = atan2(y, x) / RADIAN;
}

static bool
is_covered(const uint64_t *ids, unsigned n, double lat, double lon)
{
	uint64_t leaf = cell_from_degrees(lat, lon);

	for (unsigned k = 0; k < n; k++)
		if (cell_contains(ids[k], leaf))
			return true;
	return false;
}

static void
check_form(const uint64_t *ids, unsigned n, unsigned max)
{
	cr_assert(n > 0 && n <= max, "%u cells of %u", n, max);
	for (unsigned k = 0; k < n; k++) {
		cr_assert(cell_valid(ids[k]));
		if (k > 0)
			cr_assert_lt(cell_last(ids[k - 1]), cell_first(ids[k]));
	}
}

/* Of the sphere, as if all cells of a level were of one size. */
static double
area_of(const uint64_t *ids, unsigned n)
{
	double area = 0;

	for (unsigned k = 0; k < n; k++)
		area += ldexp(1 / 6.0, -2 * cell_level(ids[k]));
	return area;
}

static double
area_of_disc(double metres)
{
	return pow(sin(metres / CELL_EARTH_METRES / 2), 2);
}

static unsigned
random_max(uint64_t *seed)
{
	static const unsigned usual[] = {4, 5, 8, 12, CELL_COVER_MAX};

	return usual[below(seed, ARRAY_LEN(usual))];
}

/* --- discs -------------------------------------------------------------- */

static void
check_disc(uint64_t *seed, double metres)
{
	uint64_t ids[CELL_COVER_MAX];
	unsigned max = random_max(seed);
	double lat, lon;
	unsigned n;

	random_place(seed, &lat, &lon);
	if (metres > 3e6 && max < 6)
		max = 6;
	n = cell_cover_disc(ids, max, lat, lon, metres);
	check_form(ids, n, max);
	for (unsigned k = 0; k < 50; k++) {
		double far = k % 2 ? 1 : sqrt(fraction(seed));
		double at_lat = lat, at_lon = lon;

		/* WGS84 may have up to 0.56 % more degrees for a metre. */
		far *= metres / CELL_EARTH_METRES * 1.0056;
		go(&at_lat, &at_lon, fmin(far, M_PI), between(seed, 0, 7));
		cr_assert(is_covered(ids, n, at_lat, at_lon),
			  "%.9f %.9f in %g m of %.9f %.9f", at_lat, at_lon,
			  metres, lat, lon);
	}
}

Test(cell_cover, points_in_a_disc_are_in_its_covering)
{
	uint64_t seed = 21;

	for (unsigned n = 0; n < 4000; n++)
		check_disc(&seed, pow(10, between(&seed, -2, 5.5)));
}

Test(cell_cover, points_in_a_large_disc_are_in_its_covering)
{
	uint64_t seed = 22;

	for (unsigned n = 0; n < 600; n++)
		check_disc(&seed, pow(10, between(&seed, 5, 7.31)));
}

Test(cell_cover, a_metre_may_be_one_of_wgs84)
{
	uint64_t seed = 23;
	uint64_t ids[CELL_COVER_MAX];

	for (unsigned n = 0; n < 20000; n++) {
		double lat = between(&seed, -89, 89);
		double lon = between(&seed, -180, 180);
		double metres = pow(10, between(&seed, -1, 3));
		double bearing = between(&seed, 0, 7), e2 = 0.00669437999014;
		double w = sqrt(1 - e2 * pow(sin(lat * RADIAN), 2));
		double east = 6378137 / w * cos(lat * RADIAN);
		double north = 6378137 * (1 - e2) / (w * w * w);
		unsigned many = cell_cover_disc(ids, 8, lat, lon, metres);

		cr_assert(is_covered(
			ids, many, lat + metres * cos(bearing) / north / RADIAN,
			lon + metres * sin(bearing) / east / RADIAN));
	}
}

static double
mean_area_ratio(unsigned max, double metres)
{
	uint64_t seed = 24, ids[CELL_COVER_MAX];
	double sum = 0;

	for (unsigned n = 0; n < 3000; n++) {
		double lat = asin(between(&seed, -1, 1)) / RADIAN;
		double lon = between(&seed, -180, 180);

		sum += area_of(ids,
			       cell_cover_disc(ids, max, lat, lon, metres));
	}
	return sum / 3000 / area_of_disc(metres);
}

Test(cell_cover, a_disc_is_covered_tightly)
{
	static const double metres[] = {0.3, 1, 2.5, 10, 100, 3000, 150000};

	for (unsigned k = 0; k < ARRAY_LEN(metres); k++) {
		double eight = mean_area_ratio(8, metres[k]);
		double twelve = mean_area_ratio(12, metres[k]);

		cr_assert(eight > 1 && eight < 2.6, "%g m: %g", metres[k],
			  eight);
		cr_assert(twelve > 1 && twelve < 2.1, "%g m: %g", metres[k],
			  twelve);
	}
}

/* Where faces meet, or large cells. */
static double
mean_area_ratio_at_edges(unsigned max)
{
	static const double hard[][2] = {{0, 45},   {35.264389682754654, 45},
					 {-45, 90}, {45, 180},
					 {0, 0},    {20, 45},
					 {90, 0}};
	uint64_t seed = 25, ids[CELL_COVER_MAX];
	double sum = 0;

	for (unsigned n = 0; n < 7000; n++) {
		const double *at = hard[n % ARRAY_LEN(hard)];
		double metres = pow(10, between(&seed, 0, 5));
		double off = metres / DEGREE_METRES;
		double lat = at[0] + between(&seed, -off, off);
		double lon = at[1] + between(&seed, -off, off);
		double ratio = area_of(
			ids, cell_cover_disc(ids, max, lat, lon, metres));

		ratio /= area_of_disc(metres);
		cr_assert(ratio < 40, "%g m: %g", metres, ratio);
		sum += ratio;
	}
	return sum / 7000;
}

Test(cell_cover, a_disc_across_large_edges_is_covered_well_enough)
{
	double four = mean_area_ratio_at_edges(4);
	double eight = mean_area_ratio_at_edges(8);

	cr_assert(four < 8, "%g", four);
	cr_assert(eight < 4, "%g", eight);
}

Test(cell_cover, a_radius_of_nothing_is_a_point)
{
	uint64_t ids[8];
	static const double metres[] = {0, -1, -INFINITY};

	for (unsigned k = 0; k < ARRAY_LEN(metres); k++) {
		unsigned n = cell_cover_disc(ids, 8, 41.66, -91.54, metres[k]);

		cr_assert_eq(n, 1);
		cr_assert_eq(ids[0], cell_from_degrees(41.66, -91.54));
	}
	check_form(ids, cell_cover_disc(ids, 8, 0, 0, 0), 4);
	check_form(ids, cell_cover_disc(ids, 8, 90, 0, 0), 4);
}

Test(cell_cover, the_whole_earth_is_six_cells)
{
	uint64_t ids[8];

	cr_assert_eq(cell_cover_disc(ids, 8, 10, 10, 3e7), 6);
	cr_assert_eq(cell_level(ids[5]), 0);
	cr_assert_eq(cell_cover_disc(ids, 8, 10, 10, INFINITY), 6);
	cr_assert_eq(cell_cover_box(ids, 6, -90, -180, 90, 180), 6);
	cr_assert_eq(cell_cover_disc(ids, 5, 10, 10, 3e7), 0);
}

/* --- boxes -------------------------------------------------------------- */

static void
check_box(uint64_t *seed, double most)
{
	uint64_t ids[CELL_COVER_MAX];
	unsigned max = random_max(seed);
	double lat, lon, north, width;
	unsigned n;

	random_place(seed, &lat, &lon);
	north = fmin(90, lat + most * fraction(seed));
	width = fmin(360, most * fraction(seed));
	if (most > 20 && max < 6)
		max = 6;
	/* East as people write it, which is west of west now and then. */
	n = cell_cover_box(ids, max, lat, remainder(lon, 360), north,
			   remainder(lon + width, 360));
	check_form(ids, n, max);
	for (unsigned k = 0; k < 50; k++) {
		double at_lat = k % 3	? between(seed, lat, north)
				: k % 2 ? lat
					: north;
		double at_lon = lon + (k % 4   ? between(seed, 0, width)
				       : k % 8 ? 0
					       : width);

		cr_assert(is_covered(ids, n, at_lat, at_lon),
			  "%.9f %.9f in %.9f %.9f %.9f +%.9f", at_lat, at_lon,
			  lat, lon, north, width);
	}
}

Test(cell_cover, points_in_a_box_are_in_its_covering)
{
	uint64_t seed = 31;

	for (unsigned n = 0; n < 3000; n++)
		check_box(&seed, pow(10, between(&seed, -7, 1)));
}

Test(cell_cover, points_in_a_large_box_are_in_its_covering)
{
	uint64_t seed = 32;

	for (unsigned n = 0; n < 600; n++)
		check_box(&seed, pow(10, between(&seed, 1, 2.55)));
}

Test(cell_cover, a_box_is_covered_tightly)
{
	uint64_t seed = 33, ids[CELL_COVER_MAX];

	for (double size = 1e-5; size < 60; size *= 4) {
		double sum = 0, of = 0;

		for (unsigned n = 0; n < 1000; n++) {
			double lat = between(&seed, -60, 60 - size);
			double lon = between(&seed, -180, 180);
			double height =
				sin((lat + size) * RADIAN) - sin(lat * RADIAN);

			sum += area_of(ids,
				       cell_cover_box(ids, 12, lat, lon,
						      lat + size, lon + size));
			of += height / 2 * size / 360;
		}
		cr_assert(sum / of > 1 && sum / of < 2.4, "%g: %g", size,
			  sum / of);
	}
}

Test(cell_cover, a_box_across_the_antimeridian_is_small)
{
	uint64_t ids[8];
	unsigned n = cell_cover_box(ids, 8, 10, 179.9999, 10.0002, -179.9999);

	check_form(ids, n, 8);
	cr_assert_lt(area_of(ids, n) * 4 * M_PI * 6371e3 * 6371e3, 2000);
	cr_assert(is_covered(ids, n, 10.0001, 180));
	cr_assert_not(is_covered(ids, n, 10.0001, 179.999));
	cr_assert_not(is_covered(ids, n, 10.0001, 0));
}

Test(cell_cover, a_box_upside_down_is_nothing)
{
	uint64_t ids[8];

	cr_assert_eq(cell_cover_box(ids, 8, 10, 0, 9, 1), 0);
	cr_assert_gt(cell_cover_box(ids, 8, NAN, 0, 9, NAN), 0);
}

/* --- polygons ----------------------------------------------------------- */

/* In degrees, as on squared paper. */
static bool
ring_has(const double (*ring)[2], unsigned n, double lat, double lon)
{
	bool inside = false;

	for (unsigned k = 0, m = n - 1; k < n; m = k++) {
		const double *a = ring[m], *b = ring[k];

		if ((a[0] > lat) != (b[0] > lat) &&
		    lon < a[1] + (lat - a[0]) * (b[1] - a[1]) / (b[0] - a[0]))
			inside = !inside;
	}
	return inside;
}

/* A star with n tips of any length up to `metres`, or a convex thing. */
static void
random_ring(uint64_t *seed, double (*ring)[2], unsigned n, double metres)
{
	double lat, lon;

	do
		random_place(seed, &lat, &lon);
	while (fabs(lat) > 89);
	for (unsigned k = 0; k < n; k++) {
		double far = metres / DEGREE_METRES * between(seed, 0.1, 1);
		double bearing = 2 * M_PI * k / n;

		ring[k][0] = lat + far * cos(bearing);
		ring[k][1] =
			lon + far * sin(bearing) / fmax(cos(lat * RADIAN), 0.1);
	}
}

/* As others may write the same longitudes. */
static void
wrap_ring(double (*out)[2], const double (*ring)[2], unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		out[k][0] = ring[k][0];
		out[k][1] = remainder(ring[k][1], 360);
	}
}

static void
check_ring(uint64_t *seed, double metres)
{
	uint64_t ids[CELL_COVER_MAX];
	unsigned n = 1 + below(seed, 12), max = random_max(seed), many;
	double ring[12][2], wrapped[12][2];

	random_ring(seed, ring, n, metres);
	wrap_ring(wrapped, ring, n);
	many = cell_cover_polygon(ids, max, wrapped, n);
	check_form(ids, many, max);
	for (unsigned k = 0; k < 60; k++) {
		const double *a = ring[below(seed, n)];
		const double *b = ring[below(seed, n)];
		const double *c = ring[below(seed, n)];
		double s = fraction(seed), t = fraction(seed) * (1 - s);
		double lat = a[0] + s * (b[0] - a[0]) + t * (c[0] - a[0]);
		double lon = a[1] + s * (b[1] - a[1]) + t * (c[1] - a[1]);

		cr_assert(is_covered(ids, many, a[0], a[1]));
		if (ring_has(ring, n, lat, lon))
			cr_assert(is_covered(ids, many, lat, lon),
				  "%.9f %.9f in %u points near %.9f %.9f, %g m",
				  lat, lon, n, a[0], a[1], metres);
	}
}

Test(cell_cover, points_in_a_polygon_are_in_its_covering)
{
	uint64_t seed = 41;

	for (unsigned n = 0; n < 3000; n++)
		check_ring(&seed, pow(10, between(&seed, -1, 4)));
}

Test(cell_cover, points_in_a_large_polygon_are_in_its_covering)
{
	uint64_t seed = 42;

	for (unsigned n = 0; n < 600; n++)
		check_ring(&seed, pow(10, between(&seed, 4, 6)));
}

/* Edges straight in degrees and edges straight on the sphere. */
Test(cell_cover, either_kind_of_straight_edge_is_covered)
{
	static const double ring[][2] = {{60, 20}, {60, 26}, {60.001, 26}};
	uint64_t ids[CELL_COVER_MAX];
	unsigned n = cell_cover_polygon(ids, CELL_COVER_MAX, ring, 3);
	double bend = atan(tan(60 * RADIAN) / cos(3 * RADIAN)) / RADIAN;

	cr_assert_gt(bend, 60.03);
	for (double lon = 20; lon <= 26; lon += 0.01)
		cr_assert(is_covered(ids, n, 60, lon));
	cr_assert(is_covered(ids, n, bend, 23));
}

Test(cell_cover, the_notch_of_a_room_is_left_out)
{
	/* 20 m by 20 m without its north-east quarter. */
	double m = 1 / DEGREE_METRES, e = m / cos(52.2 * RADIAN);
	double ring[][2] = {{52.2, 0.1},
			    {52.2, 0.1 + 20 * e},
			    {52.2 + 10 * m, 0.1 + 20 * e},
			    {52.2 + 10 * m, 0.1 + 10 * e},
			    {52.2 + 20 * m, 0.1 + 10 * e},
			    {52.2 + 20 * m, 0.1}};
	uint64_t ids[CELL_COVER_MAX];
	unsigned n = cell_cover_polygon(ids, 24, ring, 6);

	check_form(ids, n, 24);
	cr_assert(is_covered(ids, n, 52.2 + 5 * m, 0.1 + 15 * e));
	cr_assert_not(is_covered(ids, n, 52.2 + 17 * m, 0.1 + 17 * e));
	n = cell_cover_polygon(ids, 8, ring, 6);
	cr_assert_lt(area_of(ids, n) * 4 * M_PI * 6371e3 * 6371e3, 300 * 3);
}

Test(cell_cover, a_ring_around_a_pole_covers_it)
{
	static const double ring[][2] = {
		{-89, 0}, {-88, 90}, {-89, 180}, {-88.5, -90}};
	uint64_t ids[8];
	unsigned n = cell_cover_polygon(ids, 8, ring, 4);

	check_form(ids, n, 8);
	cr_assert(is_covered(ids, n, -90, 0));
	cr_assert(is_covered(ids, n, -89, 45));
	cr_assert_not(is_covered(ids, n, 0, 0));
}

Test(cell_cover, more_points_than_fit_are_covered_by_their_box)
{
	static double ring[CELL_RING_MAX + 1][2];
	uint64_t ids[8], box[8];
	unsigned n, of;

	for (unsigned k = 0; k <= CELL_RING_MAX; k++) {
		ring[k][0] = 10 + 1e-4 * sin(2 * M_PI * k / CELL_RING_MAX);
		ring[k][1] = 20 + 1e-4 * cos(2 * M_PI * k / CELL_RING_MAX);
	}
	of = cell_cover_box(box, 8, 10 - 1e-4, 20 - 1e-4, 10 + 1e-4, 20 + 1e-4);
	n = cell_cover_polygon(ids, 8, ring, CELL_RING_MAX + 1);
	cr_assert_eq(n, of);
	cr_assert_arr_eq(ids, box, n * sizeof(*ids));
	n = cell_cover_polygon(ids, 8, ring, CELL_RING_MAX);
	check_form(ids, n, 8);
	cr_assert_lt(area_of(ids, n), area_of(box, of));
}

Test(cell_cover, a_polygon_of_one_point_is_its_leaf)
{
	static const double at[][2] = {{41.66, -91.54}};
	uint64_t ids[8];

	cr_assert_eq(cell_cover_polygon(ids, 8, at, 1), 1);
	cr_assert_eq(ids[0], cell_from_degrees(41.66, -91.54));
	cr_assert_eq(cell_cover_polygon(ids, 8, at, 0), 0);
}
