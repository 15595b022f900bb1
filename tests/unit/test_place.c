#include "zones/place.h"

#include "lib/name.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A spot anywhere, or (range > 0) within range mas of `near`. */
static struct place_spot
random_spot(uint32_t *seed, struct place_spot near, int32_t range)
{
	int64_t lat, lon;

	if (range == 0)
		return (struct place_spot){
			(int32_t)(rnd(seed) % (2 * PLACE_LAT_MAX + 1)) -
				PLACE_LAT_MAX,
			(int32_t)(rnd(seed) % (2 * PLACE_LON_MAX + 1)) -
				PLACE_LON_MAX};
	lat = near.lat + (int32_t)(rnd(seed) % (2u * (uint32_t)range)) - range;
	lon = (int64_t)near.lon +
	      (int32_t)(rnd(seed) % (2u * (uint32_t)range)) - range;
	lat = lat > PLACE_LAT_MAX ? PLACE_LAT_MAX : lat;
	lat = lat < -PLACE_LAT_MAX ? -PLACE_LAT_MAX : lat;
	lon = lon > PLACE_LON_MAX ? lon - 2 * PLACE_LON_MAX : lon;
	lon = lon < -PLACE_LON_MAX ? lon + 2 * PLACE_LON_MAX : lon;
	return (struct place_spot){(int32_t)lat, (int32_t)lon};
}

static struct place_spot
S(const char *lat, const char *lon) {
	struct place_spot s;

	cr_assert(place_angle_read(&s.lat, lat, strlen(lat), PLACE_LAT_MAX),
		  "%s", lat);
	cr_assert(place_angle_read(&s.lon, lon, strlen(lon), PLACE_LON_MAX),
		  "%s", lon);
	return s;
}

/* --- LOC ----------------------------------------------------------------- */

static const uint8_t *
loc_rdata(const char *text)
{
	char line[200];
	static uint8_t copy[PLACE_LOC_LEN];
	ldns_rdf *rdf;
	ldns_rr *rr;

	snprintf(line, sizeof(line), "x. 1 IN LOC %s", text);
	cr_assert_eq(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL),
		     LDNS_STATUS_OK, "%s", text);
	rdf = ldns_rr_rdf(rr, 0);
	cr_assert_eq(ldns_rdf_size(rdf), PLACE_LOC_LEN);
	memcpy(copy, ldns_rdf_data(rdf), PLACE_LOC_LEN);
	ldns_rr_free(rr);
	return copy;
}

Test(place, loc_is_read_to_its_last_digit)
{
	struct place_point p;
	const uint8_t *rdata =
		loc_rdata("41 39 35.624 N 91 32 14.718 W 216.03m 6m 0.1m 0.2m");
	uint8_t back[PLACE_LOC_LEN];

	cr_assert_eq(place_from_loc(&p, rdata, PLACE_LOC_LEN, NULL), ERR_OK);
	cr_assert_eq(p.spot.lat, ((41 * 60 + 39) * 60 + 35) * 1000 + 624);
	cr_assert_eq(p.spot.lon, -(((91 * 60 + 32) * 60 + 14) * 1000 + 718));
	cr_assert_eq(p.alt, 21603);
	cr_assert_eq(place_size_cm(p.size), 600);
	cr_assert_eq(place_size_cm(p.hp), 10);
	cr_assert_eq(place_size_cm(p.vp), 20);
	place_to_loc(back, &p);
	cr_assert_arr_eq(back, rdata, PLACE_LOC_LEN);
}

Test(place, loc_reaches_to_the_ends_of_the_world)
{
	struct place_point p = {{-PLACE_LAT_MAX, PLACE_LON_MAX},
				PLACE_ALT_MAX,
				0x99,
				0,
				0x10},
			   q;
	uint8_t rdata[PLACE_LOC_LEN];

	place_to_loc(rdata, &p);
	cr_assert_eq(place_from_loc(&q, rdata, sizeof(rdata), NULL), ERR_OK);
	cr_assert_eq(q.spot.lat, -PLACE_LAT_MAX);
	cr_assert_eq(q.spot.lon, PLACE_LON_MAX);
	cr_assert_eq(q.alt, PLACE_ALT_MAX);
	cr_assert_eq(place_size_cm(q.size), PLACE_SIZE_MAX);
	memset(rdata + 12, 0, 4);
	cr_assert_eq(place_from_loc(&q, rdata, sizeof(rdata), NULL), ERR_OK);
	cr_assert_eq(q.alt, PLACE_ALT_MIN);
}

Test(place, loc_that_makes_no_sense_is_refused_with_a_reason)
{
	struct place_point p = {{0, 0}, 0, 0x12, 0x12, 0x12};
	uint8_t good[PLACE_LOC_LEN], rdata[PLACE_LOC_LEN];
	struct diag d = {.text = ""};

	place_to_loc(good, &p);
	cr_assert_eq(place_from_loc(&p, good, 15, &d), ERR_SYNTAX);
	cr_assert_eq(place_from_loc(&p, good, 0, &d), ERR_SYNTAX);
	memcpy(rdata, good, 16);
	rdata[0] = 1;
	cr_assert_eq(place_from_loc(&p, rdata, 16, &d), ERR_SYNTAX);
	cr_assert_neq(strstr(d.text, "version 1"), NULL);
	memcpy(rdata, good, 16);
	put32(rdata + 4, 0x80000000u + PLACE_LAT_MAX + 1);
	cr_assert_eq(place_from_loc(&p, rdata, 16, &d), ERR_RANGE);
	memcpy(rdata, good, 16);
	put32(rdata + 8, 0x80000000u - PLACE_LON_MAX - 1);
	cr_assert_eq(place_from_loc(&p, rdata, 16, &d), ERR_RANGE);
	for (unsigned i = 1; i < 4; i++) {
		memcpy(rdata, good, 16);
		rdata[i] = 0xa0;
		cr_assert_eq(place_from_loc(&p, rdata, 16, &d), ERR_RANGE);
		rdata[i] = 0x0a;
		cr_assert_eq(place_from_loc(&p, rdata, 16, &d), ERR_RANGE);
	}
}

Test(place, size_code_never_falls_short_of_what_it_encloses)
{
	cr_assert_eq(place_size_code(0), 0x00);
	cr_assert_eq(place_size_code(9), 0x90);
	cr_assert_eq(place_size_code(10), 0x11);
	cr_assert_eq(place_size_code(11), 0x21);
	cr_assert_eq(place_size_code(35), 0x41);
	cr_assert_eq(place_size_code(901), 0x13);
	cr_assert_eq(place_size_code(UINT64_MAX), 0x99);
	for (uint64_t cm = 1; cm < PLACE_SIZE_MAX; cm += 1 + cm / 7) {
		uint64_t up = place_size_cm(place_size_code(cm));

		cr_assert(up >= cm && up <= 2 * cm, "%llu",
			  (unsigned long long)cm);
	}
}

/* --- numbers ------------------------------------------------------------- */

Test(place, decimal_degrees_become_exact_thousandths_of_seconds)
{
	cr_assert_eq(S("41.659896", "0").lat, 149975626);
	cr_assert_eq(S("0", "-91.537422").lon, -329534719);
	cr_assert_eq(S("90", "180").lat, PLACE_LAT_MAX);
	cr_assert_eq(S("-90.000", "-180.").lon, -PLACE_LON_MAX);
	cr_assert_eq(S(".5", "-.5").lat, PLACE_DEGREE / 2);
	cr_assert_eq(S(".5", "-.5").lon, -PLACE_DEGREE / 2);
	/* half a mas is 1/7200000 = 0.000000138888... degrees */
	cr_assert_eq(S("0.000000138888888888888888888888", "0").lat, 0);
	cr_assert_eq(S("0.000000138888888888888888888889", "0").lat, 1);
	/* a carry from the 40th decimal */
	cr_assert_eq(S("0.9999999999999999999999999999999999999999", "0").lat,
		     PLACE_DEGREE);
}

Test(place, angle_that_is_no_number_or_too_large_is_refused)
{
	static const char *const bad[] = {
		"",	"-",	".",	     "-.",  "1e3", "+1",	 "4 1",
		"1..2", "1.2.", "90.000001", "nan", "--1", "99999999999"};
	int32_t mas;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_eq(place_angle_read(&mas, bad[i], strlen(bad[i]),
					      PLACE_LAT_MAX),
			     false, "%s", bad[i]);
}

Test(place, written_angle_reads_back_and_is_short)
{
	uint32_t seed = 12;
	char text[PLACE_ANGLE_TEXT_MAX];

	for (int i = 0; i < 200000; i++) {
		int32_t mas = random_spot(&seed, (struct place_spot){0, 0}, 0)
				      .lon,
			back;
		size_t len = place_angle_write(text, mas);

		cr_assert(len == strlen(text) && len <= 12, "%s", text);
		cr_assert(place_angle_read(&back, text, len, PLACE_LON_MAX));
		cr_assert_eq(back, mas, "%s", text);
	}
	place_angle_write(text, 149975626);
	cr_assert_str_eq(text, "41.659896");
	place_angle_write(text, -90 * PLACE_DEGREE);
	cr_assert_str_eq(text, "-90");
	place_angle_write(text, -1);
	cr_assert_str_eq(text, "-0.0000003");
	place_angle_write(text, PLACE_DEGREE / 2);
	cr_assert_str_eq(text, "0.5");
}

Test(place, decimal_agrees_with_wide_integers)
{
	uint32_t seed = 7;
	char whole[8], frac[20];

	for (int i = 0; i < 100000; i++) {
		uint32_t w = rnd(&seed) % 200, f = rnd(&seed) % 1000000000;
		uint64_t v, want = ((uint64_t)f * PLACE_DEGREE + 500000000) /
				   1000000000;

		snprintf(whole, sizeof(whole), "%u", w);
		snprintf(frac, sizeof(frac), "%09u", f);
		cr_assert(place_decimal(&v, whole, strlen(whole), frac, 9,
					PLACE_DEGREE, UINT32_MAX));
		cr_assert_eq(v, (uint64_t)w * PLACE_DEGREE + want, "%s.%s",
			     whole, frac);
	}
}

Test(place, degrees_as_doubles_keep_within_their_range)
{
	int32_t mas = 5;

	cr_assert(place_angle_from_degrees(&mas, -91.537422, PLACE_LON_MAX));
	cr_assert_eq(mas, -329534719);
	cr_assert_float_eq(place_angle_degrees(mas), -91.537422, 2e-7);
	cr_assert_not(place_angle_from_degrees(&mas, 90.1, PLACE_LAT_MAX));
	cr_assert_not(place_angle_from_degrees(&mas, NAN, PLACE_LAT_MAX));
	cr_assert_not(place_angle_from_degrees(&mas, -INFINITY, PLACE_LAT_MAX));
}

/* --- distance ------------------------------------------------------------ */

/* Another way to the same angle, in long doubles: by vectors. */
static double
vector_distance(struct place_spot a, struct place_spot b)
{
	const long double mas = M_PIl / (180 * 3600000.0L);
	long double p[2][3], cross[3], dot = 0;
	struct place_spot s[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		p[i][0] = cosl(s[i].lat * mas) * cosl(s[i].lon * mas);
		p[i][1] = cosl(s[i].lat * mas) * sinl(s[i].lon * mas);
		p[i][2] = sinl(s[i].lat * mas);
	}
	for (int i = 0; i < 3; i++) {
		int j = (i + 1) % 3, k = (i + 2) % 3;

		cross[i] = p[0][j] * p[1][k] - p[0][k] * p[1][j];
		dot += p[0][i] * p[1][i];
	}
	return (double)(atan2l(sqrtl(cross[0] * cross[0] + cross[1] * cross[1] +
				     cross[2] * cross[2]),
			       dot) *
			PLACE_METRES_A_DEGREE * 180 / M_PIl);
}

Test(place, distance_of_a_degree_north_is_that_of_the_footprints)
{
	cr_assert_float_eq(place_distance(S("10", "20"), S("11", "20")),
			   PLACE_METRES_A_DEGREE, 1e-6);
	cr_assert_float_eq(place_distance(S("60", "20"), S("60", "20.000001")),
			   PLACE_METRES_A_DEGREE / 2 * 4 / 3600000, 1e-6);
	cr_assert_eq(place_distance(S("60", "20"), S("60", "20")), 0);
	cr_assert_eq(place_distance(S("60", "180"), S("60", "-180")), 0);
	cr_assert_float_eq(place_distance(S("90", "17"), S("90", "-55")), 0,
			   1e-6);
	cr_assert_float_eq(place_distance(S("90", "0"), S("-90", "0")),
			   180 * PLACE_METRES_A_DEGREE, 1e-6);
	cr_assert_float_eq(place_distance(S("1", "30"), S("-1", "-150")),
			   180 * PLACE_METRES_A_DEGREE, 1e-6);
}

Test(place, distance_agrees_with_vectors_near_far_and_at_antipodes)
{
	static const int32_t ranges[] = {0, 4, 400, 4000000};
	uint32_t seed = 99;

	for (int i = 0; i < 40000; i++) {
		struct place_spot a = random_spot(&seed, S("0", "0"), 0);
		struct place_spot b = random_spot(&seed, a, ranges[i % 4]);
		double want, got;

		if (i % 8 >= 4) { /* about opposite of it */
			b.lat = -b.lat;
			b.lon = b.lon > 0 ? b.lon - PLACE_LON_MAX
					  : b.lon + PLACE_LON_MAX;
		}
		want = vector_distance(a, b);
		got = place_distance(a, b);
		cr_assert_float_eq(got, want, 1e-7 + 1e-12 * want,
				   "%d,%d to %d,%d: %.9f, not %.9f", a.lat,
				   a.lon, b.lat, b.lon, got, want);
		cr_assert_eq(got, place_distance(b, a));
	}
}

Test(place, distance_through_the_air_adds_the_height)
{
	struct place_point a = {S("41", "-91"), 21600, 0, 0, 0}, b = a;

	b.alt += 3000;
	cr_assert_float_eq(place_distance_3d(&a, &b), 30, 1e-9);
	b.spot.lat += 1295; /* 40 m */
	cr_assert_float_eq(place_distance_3d(&a, &b), 50, 0.01);
}

Test(place, reach_never_leaves_out_what_is_within)
{
	static const double radii[] = {0,     0.05,  10,    5000,
				       2.5e6, 9.9e6, 1.9e7, 1e9};
	uint32_t seed = 5;
	unsigned passed = 0, within = 0;

	for (int i = 0; i < 200000; i++) {
		double metres = radii[i % 8];
		int32_t range = (int32_t)fmin(metres * 40 + 4, 3e8);
		struct place_spot a = random_spot(&seed, S("0", "0"), 0), b;
		struct place_reach r;

		if (i % 3 == 0)
			a.lat = PLACE_LAT_MAX - a.lat % 1000;
		b = random_spot(&seed, a, i % 5 ? range : 0);
		place_reach_make(&r, a, metres);
		if (place_distance(a, b) <= metres) {
			within++;
			cr_assert(place_reach_has(&r, b),
				  "%d,%d to %d,%d within %f", a.lat, a.lon,
				  b.lat, b.lon, metres);
		}
		passed += place_reach_has(&r, b);
	}
	cr_assert(within > 30000 && passed < 150000, "%u of %u", within,
		  passed);
}

Test(place, reach_is_about_the_square_around)
{
	struct place_reach r;

	place_reach_make(&r, S("60", "20"), 100);
	cr_assert(r.lat >= 3238 && r.lat <= 3242, "%d", r.lat);
	cr_assert(r.lon >= 6475 && r.lon <= 6480, "%d", r.lon);
}

Test(place, box_may_lie_across_the_antimeridian)
{
	struct place_spot sw = S("-10", "170"), ne = S("10", "-170");

	cr_assert(place_box_has(sw, ne, S("0", "175")));
	cr_assert(place_box_has(sw, ne, S("0", "-175")));
	cr_assert(place_box_has(sw, ne, S("10", "-170")));
	cr_assert_not(place_box_has(sw, ne, S("0", "0")));
	cr_assert_not(place_box_has(sw, ne, S("11", "175")));
	cr_assert_not(place_box_has(ne, S("10", "169"), S("10", "-175")));
	cr_assert(place_box_has(S("0", "170"), S("1", "180"), S("0", "-180")));
	cr_assert_not(
		place_box_has(S("0", "0"), S("1", "170"), S("0", "-180")));
}
