#include "zones/place.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CORNERS_MAX 400

static struct arena arena;

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static int32_t
between(uint32_t *seed, int32_t low, int32_t high)
{
	return low + (int32_t)(rnd(seed) % ((uint32_t)(high - low) + 1));
}

/* 41 39 35.624 N 91 32 14.718 W 216.00m */
static const struct place_point seamans = {
	{149975624, -329534718}, 21600, 0x62, 0x11, 0x11};

/* TXT rdata of strings up to a NULL, in one place. */
static uint8_t rdata[70000];
static size_t rdata_len;

static void
txt(const char *first, ...)
{
	va_list ap;

	rdata_len = 0;
	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *)) {
		size_t len = strlen(s);

		rdata[rdata_len++] = (uint8_t)len;
		memcpy(rdata + rdata_len, s, len);
		rdata_len += len;
	}
	va_end(ap);
}

/* An exact copy is parsed, so that a sanitizer sees one octet too many. */
static enum err
parse_at(struct place_footprint *fp, const struct place_point *at,
	 struct diag *d)
{
	uint8_t *exact = malloc(rdata_len ? rdata_len : 1);
	enum err e;

	memcpy(exact, rdata, rdata_len);
	d->text[0] = '\0';
	e = place_footprint_parse(fp, exact, rdata_len, at, &arena, d);
	free(exact);
	return e;
}

static struct place_footprint
footprint(void)
{
	struct place_footprint fp;
	struct diag d;

	cr_assert_eq(parse_at(&fp, &seamans, &d), ERR_OK, "%s", d.text);
	return fp;
}

/* cm from the LOC as a spot. */
static struct place_spot
spot_cm(double east, double north)
{
	double degree = PLACE_METRES_A_DEGREE * 100;
	double narrow = cos(place_angle_degrees(seamans.spot.lat) * M_PI / 180);

	return (struct place_spot){
		seamans.spot.lat +
			(int32_t)round(north / degree * PLACE_DEGREE),
		seamans.spot.lon +
			(int32_t)round(east / degree / narrow * PLACE_DEGREE)};
}

#define REFUSED(e, words, ...)                                                 \
	do {                                                                   \
		struct place_footprint fp_;                                    \
		struct diag d_;                                                \
		txt(__VA_ARGS__, NULL);                                        \
		cr_assert_eq(parse_at(&fp_, &seamans, &d_), e, "%s", d_.text); \
		cr_assert_neq(strstr(d_.text, words), NULL, "%s", d_.text);    \
	} while (0)

/* --- what is read -------------------------------------------------------- */

Test(place_footprint, room_of_the_manual_is_read)
{
	struct place_footprint fp;

	txt("fp=-173,139 -55,139 -55,69 227,69 227,-212 -178,-212", "z=0,300",
	    "lvl=0", NULL);
	fp = footprint();
	cr_assert_eq(fp.rings, 1);
	cr_assert_eq(fp.ring[0].count, 6);
	cr_assert(fp.has_heights);
	cr_assert_eq(fp.heights.low, 0);
	cr_assert_eq(fp.heights.high, 300);
	cr_assert_eq(fp.levels, 1);
	cr_assert_eq(fp.radius, 311);
	cr_assert_eq(place_footprint_size(&fp), place_size_code(622));
	cr_assert(place_footprint_contains(&fp, seamans.spot));
	cr_assert(place_footprint_contains(&fp, spot_cm(200, 50)));
	cr_assert_not(place_footprint_contains(&fp, spot_cm(200, 90)));
	cr_assert(place_footprint_contains(&fp, spot_cm(-100, 120)));
	cr_assert_not(place_footprint_contains(&fp, spot_cm(0, -230)));
	cr_assert_not(place_footprint_contains(&fp, spot_cm(1e9, 0)));
}

Test(place_footprint, area_is_that_of_the_ring_without_its_holes)
{
	struct place_footprint fp;

	txt("fp=0,0 1000,0 1000,1000 0,1000", NULL);
	cr_assert_eq(footprint().area, 1000000);
	txt("fp=0,0 0,1000 1000,1000 1000,0 0,0",
	    "h1=100,100 200,100 200,200 100,200", "h2=500,500 501,500 501,501",
	    NULL);
	fp = footprint();
	cr_assert_eq(fp.area, 1000000 - 10000);
	cr_assert_eq(fp.rings, 3);
	cr_assert_eq(fp.ring[0].count, 4);
	txt("fp=0,0 1,0 0,1", NULL);
	cr_assert_eq(footprint().area, 1);
	txt("fp=-99999999,-99999999 99999999,-99999999 99999999,99999999 "
	    "-99999999,99999999",
	    NULL);
	cr_assert_eq(footprint().area, 199999998ull * 199999998ull);
}

Test(place_footprint, hole_is_outside)
{
	struct place_footprint fp;

	txt("h7=100,100 300,100 300,300 100,300",
	    "fp=0,0 1000,0 1000,1000 0,1000", NULL);
	fp = footprint();
	cr_assert_eq(fp.ring[0].count, 4);
	cr_assert(place_footprint_contains(&fp, spot_cm(500, 500)));
	cr_assert_not(place_footprint_contains(&fp, spot_cm(200, 200)));
	cr_assert(place_footprint_contains(&fp, spot_cm(50, 200)));
}

Test(place_footprint, string_with_the_same_key_continues_the_one_before)
{
	struct place_footprint fp;

	txt("fp=0,0 1000,0", "FP=1000,1000", "fp= 0,1000 ", "lvl=0", "lvl=1,-2",
	    "h1=1,1 9,1", "h1=9,9", "h2=20,20 30,20 30,30", NULL);
	fp = footprint();
	cr_assert_eq(fp.rings, 3);
	cr_assert_eq(fp.ring[0].count, 4);
	cr_assert_eq(fp.ring[1].count, 3);
	cr_assert_eq(fp.levels, 3);
	cr_assert(place_footprint_on_level(&fp, -2));
	cr_assert_not(place_footprint_on_level(&fp, 2));
}

Test(place_footprint, unknown_keys_are_passed_over)
{
	txt("", "colour=green", "fp=0,0 9,0 9,9", "=", "zz=4", "no key", "h=1",
	    "hall=2", "\xff=", NULL);
	cr_assert_eq(footprint().area, 41);
}

Test(place_footprint, without_levels_it_is_on_every_level)
{
	struct place_footprint fp;

	txt("fp=0,0 9,0 9,9", NULL);
	fp = footprint();
	cr_assert(place_footprint_on_level(&fp, 0));
	cr_assert(place_footprint_on_level(&fp, -7));
	cr_assert(place_footprint_at_altitude(&fp, -100000));
}

Test(place_footprint, heights_are_half_open_above_the_altitude)
{
	struct place_footprint fp;

	txt("z=-20,300", "fp=0,0 9,0 9,9", NULL);
	fp = footprint();
	cr_assert(place_footprint_at_altitude(&fp, 21580));
	cr_assert_not(place_footprint_at_altitude(&fp, 21579));
	cr_assert(place_footprint_at_altitude(&fp, 21899));
	cr_assert_not(place_footprint_at_altitude(&fp, 21900));
}

Test(place_footprint, without_a_ring_is_another_kind_of_failure)
{
	struct place_footprint fp;
	struct diag d;

	txt("lvl=3", "z=1,2", NULL);
	cr_assert_eq(parse_at(&fp, &seamans, &d), ERR_NOTFOUND);
	rdata_len = 0;
	cr_assert_eq(parse_at(&fp, &seamans, &d), ERR_NOTFOUND);
	txt("v=spf1 -all", NULL);
	cr_assert_eq(parse_at(&fp, &seamans, &d), ERR_NOTFOUND);
}

/* --- what is refused ----------------------------------------------------- */

Test(place_footprint, malformed_text_is_refused_by_string_and_key)
{
	REFUSED(ERR_SYNTAX, "string 1, fp: '1;2'", "fp=0,0 1;2 3,4");
	REFUSED(ERR_SYNTAX, "string 2, h3: '1,'", "fp=0,0 9,0 9,9",
		"h3=1, 2,3");
	REFUSED(ERR_SYNTAX, "'1.5,2'", "fp=0,0 1.5,2 3,4");
	REFUSED(ERR_SYNTAX, "'1,2,3'", "fp=0,0 1,2,3 3,4");
	REFUSED(ERR_SYNTAX, "'-,2'", "fp=-,2");
	REFUSED(ERR_SYNTAX, "'x?y'", "fp=x\ny");
	REFUSED(ERR_SYNTAX, "string 1, z: '5'", "z=5");
	REFUSED(ERR_SYNTAX, "'9' is one too many", "z=5,6 9");
	REFUSED(ERR_SYNTAX, "string 1, lvl: ''", "lvl=");
	REFUSED(ERR_SYNTAX, "'0.5'", "lvl=0.5");
	REFUSED(ERR_SYNTAX, "lvl: ''", "lvl=0,");
}

Test(place_footprint, what_is_out_of_range_is_refused)
{
	REFUSED(ERR_RANGE, "1000 km", "fp=0,0 100000001,0 3,4");
	REFUSED(ERR_RANGE, "1000 km",
		"fp=0,0 99999999999999999999999999999,0 3,4");
	REFUSED(ERR_RANGE, "level from", "lvl=10000");
	REFUSED(ERR_RANGE, "h1 to h99", "h100=0,0 1,0 1,1");
	REFUSED(ERR_RANGE, "h1 to h99", "h0=0,0 1,0 1,1");
}

Test(place_footprint, what_has_no_meaning_is_refused)
{
	REFUSED(ERR_RULE, "string 1, fp: fewer than three", "fp=");
	REFUSED(ERR_RULE, "fewer than three", "fp=0,0 5,5 0,0");
	REFUSED(ERR_RULE, "fewer than three", "fp=0,0 5,5 5,5 5,5");
	REFUSED(ERR_RULE, "h1: fewer than three", "fp=0,0 9,0 9,9", "h1=1,1",
		"z=0,1");
	REFUSED(ERR_RULE, "no area", "fp=0,0 5,5 9,9");
	REFUSED(ERR_RULE, "leave nothing", "fp=0,0 9,0 9,9", "h1=0,0 9,0 9,9");
	REFUSED(ERR_RULE, "without a ring fp", "h1=0,0 9,0 9,9");
	REFUSED(ERR_RULE, "string 3, fp: given twice", "fp=0,0 9,0 9,9",
		"z=0,1", "fp=9,9");
	REFUSED(ERR_RULE, "z: given twice", "z=0,1", "z=0,1");
	REFUSED(ERR_RULE, "lvl: given twice", "lvl=0", "z=0,1", "lvl=0");
	REFUSED(ERR_RULE, "no height", "z=300,300");
}

Test(place_footprint, txt_that_is_cut_short_is_refused)
{
	struct place_footprint fp;
	struct diag d;

	txt("z=0,1", "fp=0,0 9,0 9,9", NULL);
	rdata_len--;
	cr_assert_eq(parse_at(&fp, &seamans, &d), ERR_SYNTAX);
	cr_assert_neq(strstr(d.text, "cut short"), NULL);
}

Test(place_footprint, near_a_pole_what_cannot_be_placed_is_refused)
{
	struct place_point pole = {{PLACE_LAT_MAX, 0}, 0, 0, 0, 0};
	struct place_footprint fp;
	struct diag d;

	txt("fp=-5,-5 5,-5 0,5", NULL);
	cr_assert_eq(parse_at(&fp, &pole, &d), ERR_RANGE);
	pole.spot.lat -= 10;
	cr_assert_eq(parse_at(&fp, &pole, &d), ERR_OK, "%s", d.text);
	txt("fp=-5,-5 5,-5 0,50", NULL);
	cr_assert_eq(parse_at(&fp, &pole, &d), ERR_RANGE);
	cr_assert_neq(strstr(d.text, "pole"), NULL);
}

Test(place_footprint, arena_that_is_too_small_is_told)
{
	struct place_footprint fp;
	struct arena small;
	uint8_t block[64];
	struct diag d;

	txt("fp=0,0 9,0 9,9 8,12 5,17 4,17 0,9", NULL);
	arena_init_fixed(&small, block, sizeof(block));
	cr_assert_eq(place_footprint_parse(&fp, rdata, rdata_len, &seamans,
					   &small, &d),
		     ERR_NOMEM);
}

Test(place_footprint, junk_is_refused_or_read_but_never_more)
{
	static const char octets[] = "0123456789,,,   --=fphzlvFP\n\xff";
	uint32_t seed = 17;
	struct place_footprint fp;
	struct diag d;

	for (int i = 0; i < 60000; i++) {
		rdata_len = rnd(&seed) % 60;
		for (size_t k = 0; k < rdata_len; k++)
			rdata[k] = (uint8_t)octets[rnd(&seed) % 29];
		if (i % 2 && rdata_len > 4) {
			rdata[0] = (uint8_t)(rdata_len - 1);
			memcpy(rdata + 1, i % 4 == 1 ? "fp=" : "h1=", 3);
		}
		if (parse_at(&fp, &seamans, &d) == ERR_OK)
			cr_assert(fp.area > 0);
		else
			cr_assert(d.text[0] != '\0');
		arena_reset(&arena);
	}
}

/* --- inside, by other means ---------------------------------------------- */

/* Winding number of long doubles about the spot, 0 outside; on an edge,
 * INT32_MAX. */
static int
winding(const struct place_ring *r, struct place_spot spot)
{
	long double turn = 0;

	for (unsigned i = 0; i < r->count; i++) {
		const struct place_spot *a = &r->corner[i];
		const struct place_spot *b = &r->corner[(i + 1) % r->count];
		long double ax = a->lon - spot.lon, ay = a->lat - spot.lat;
		long double bx = b->lon - spot.lon, by = b->lat - spot.lat;
		long double cross = ax * by - ay * bx, dot = ax * bx + ay * by;

		if (cross == 0 && dot <= 0)
			return INT32_MAX;
		turn += atan2l(cross, dot);
	}
	return (int)lroundl(turn / (2 * M_PIl));
}

/* A ring that does not cross itself: corners by angle about a centre. */
static unsigned
star(struct place_spot *corner, uint32_t *seed, struct place_spot about,
     int32_t size)
{
	unsigned n = 3 + rnd(seed) % 12;

	for (unsigned i = 0; i < n; i++) {
		double angle = 2 * M_PI * i / n;
		double far = between(seed, size / 8, size);

		corner[i].lat = about.lat + (int32_t)(far * sin(angle));
		corner[i].lon = about.lon + (int32_t)(far * cos(angle));
	}
	return n;
}

Test(place_footprint, inside_is_what_the_winding_number_says)
{
	struct place_spot corner[16], about = seamans.spot;
	struct place_ring ring = {corner, 0};
	uint32_t seed = 3;
	unsigned in = 0, on = 0;

	for (int i = 0; i < 3000; i++) {
		int32_t size = i % 2 ? 12 : 30000;

		ring.count = star(corner, &seed, about, size);
		for (int k = 0; k < 100; k++) {
			struct place_spot s = {
				about.lat + between(&seed, -size, size),
				about.lon + between(&seed, -size, size)};
			int w = winding(&ring, s);

			if (w == INT32_MAX) {
				on++;
				continue;
			}
			in += w != 0;
			cr_assert_eq(place_rings_contain(&ring, 1, s), w != 0);
		}
	}
	cr_assert(in > 50000 && on > 1000, "%u in, %u on an edge", in, on);
}

Test(place_footprint, west_and_south_edges_are_inside_east_and_north_are_not)
{
	struct place_spot corner[] = {{0, 0}, {0, 10}, {10, 10}, {10, 0}};
	struct place_ring ring = {corner, 4};

	for (int32_t lat = -1; lat <= 11; lat++)
		for (int32_t lon = -1; lon <= 11; lon++)
			cr_assert_eq(place_rings_contain(
					     &ring, 1,
					     (struct place_spot){lat, lon}),
				     lat >= 0 && lat < 10 && lon >= 0 &&
					     lon < 10);
}

/* --- rooms that tile a floor --------------------------------------------- */

/* Rings to TXT about a LOC, and back. */
static struct place_footprint
through_txt(const struct place_ring *ring, unsigned rings, struct place_spot at)
{
	struct place_outline o = {.at = at, .ring = ring, .rings = rings};
	struct place_point p = {at, 0, 0, 0, 0};
	struct place_footprint fp;
	struct diag d = {.text = ""};

	cr_assert_eq(place_footprint_format(rdata, sizeof(rdata), &rdata_len,
					    &o, &d),
		     ERR_OK, "%s", d.text);
	cr_assert_eq(parse_at(&fp, &p, &d), ERR_OK, "%s", d.text);
	return fp;
}

#define TILES 5

/* A grid whose inner corners are pushed about; each square is a room, some of
 * them two triangles, each with a LOC of its own. */
static unsigned
tile(struct place_footprint *room, uint32_t *seed, struct place_spot sw,
     int32_t side)
{
	struct place_spot at[TILES + 1][TILES + 1];
	unsigned n = 0;

	for (int i = 0; i <= TILES; i++)
		for (int j = 0; j <= TILES; j++) {
			bool inner = i % TILES && j % TILES;
			int32_t push = inner ? side / 3 : 0;

			at[i][j].lat =
				sw.lat + i * side + between(seed, -push, push);
			at[i][j].lon = place_lon_diff(
				sw.lon + j * side + between(seed, -push, push),
				0);
		}
	for (int i = 0; i < TILES; i++)
		for (int j = 0; j < TILES; j++) {
			struct place_spot c[] = {at[i][j], at[i][j + 1],
						 at[i + 1][j + 1],
						 at[i + 1][j]};
			struct place_spot two[] = {c[0], c[2], c[3]};
			bool split = rnd(seed) % 2;
			struct place_ring one = {c, split ? 3 : 4};
			struct place_ring other = {two, 3};
			struct place_spot loc = c[rnd(seed) % 4];

			loc.lat += between(seed, -500, 500);
			room[n++] = through_txt(&one, 1, loc);
			if (split)
				room[n++] = through_txt(&other, 1, c[1]);
		}
	return n;
}

Test(place_footprint, of_rooms_that_tile_a_floor_exactly_one_contains_a_point)
{
	static const struct place_spot floors[] = {
		{149975624, -329534718},
		{0, 0},
		{-35 * PLACE_DEGREE, PLACE_LON_MAX - 40},
		{70 * PLACE_DEGREE, 25 * PLACE_DEGREE},
	};
	struct place_footprint room[2 * TILES * TILES];
	uint32_t seed = 8;

	for (int round = 0; round < 40; round++) {
		struct place_spot sw = floors[round % 4];
		int32_t side = round % 3 ? 20 : 160;
		unsigned n = tile(room, &seed, sw, side);

		for (int32_t y = 0; y < TILES * side; y += side / 20)
			for (int32_t x = 0; x < TILES * side; x += side / 20) {
				struct place_spot s = {
					sw.lat + y,
					place_lon_diff(sw.lon + x, 0)};
				unsigned holders = 0;

				for (unsigned i = 0; i < n; i++)
					holders += place_footprint_contains(
						&room[i], s);
				cr_assert_eq(holders, 1, "%u rooms hold %d,%d",
					     holders, y, x);
			}
		arena_reset(&arena);
	}
}

Test(place_footprint, hole_and_the_room_that_fills_it_tile_too)
{
	struct place_spot big[4] = {{0, 0}, {0, 900}, {900, 900}, {900, 0}};
	struct place_spot small[16];
	struct place_ring ring[2] = {{big, 4}, {small, 0}};
	struct place_footprint outer, inner;
	uint32_t seed = 41;

	for (int round = 0; round < 50; round++) {
		ring[1].count =
			star(small, &seed, (struct place_spot){400, 500}, 60);
		outer = through_txt(ring, 2, (struct place_spot){7, 7});
		inner = through_txt(ring + 1, 1, (struct place_spot){400, 500});
		for (int32_t y = 330; y < 470; y++)
			for (int32_t x = 430; x < 570; x++) {
				struct place_spot s = {y, x};

				cr_assert(place_footprint_contains(&outer, s) !=
					  place_footprint_contains(&inner, s));
			}
		arena_reset(&arena);
	}
}

/* --- out, and back ------------------------------------------------------- */

Test(place_footprint, corners_come_back_through_txt)
{
	static struct place_spot corner[CORNERS_MAX];
	struct place_ring ring = {corner, 0};
	uint32_t seed = 77;

	for (int round = 0; round < 300; round++) {
		struct place_spot at = {
			between(&seed, -71 * PLACE_DEGREE, 71 * PLACE_DEGREE),
			between(&seed, -PLACE_LON_MAX, PLACE_LON_MAX)};
		unsigned n = 3 + rnd(&seed) % (CORNERS_MAX - 3);
		struct place_footprint fp;

		for (unsigned i = 0; i < n; i++) {
			double angle = 2 * M_PI * i / n;

			corner[i].lat = at.lat + (int32_t)(30000 * sin(angle));
			corner[i].lon = place_lon_diff(
				at.lon + (int32_t)(30000 * cos(angle)), 0);
		}
		ring.count = n;
		fp = through_txt(&ring, 1, at);
		cr_assert_eq(fp.ring[0].count, n);
		for (unsigned i = 0; i < n; i++) {
			cr_assert_eq(fp.ring[0].corner[i].lat, corner[i].lat);
			cr_assert_eq(place_lon_diff(fp.ring[0].corner[i].lon,
						    corner[i].lon),
				     0);
		}
		for (size_t pos = 0; pos < rdata_len; pos += 1u + rdata[pos])
			cr_assert_eq(memcmp(rdata + pos + 1, "fp=", 3), 0);
		arena_reset(&arena);
	}
}

Test(place_footprint, levels_heights_and_holes_come_back_through_txt)
{
	struct place_spot big[] = {{0, 0}, {0, 900}, {900, 900}, {0, 0}};
	struct place_spot hole[] = {{100, 200}, {100, 300}, {200, 300}};
	struct place_ring ring[] = {{big, 4}, {hole, 3}};
	int16_t level[PLACE_LEVELS_MAX];
	struct place_outline o = {.ring = ring,
				  .rings = 2,
				  .has_heights = true,
				  .heights = {-5, 320},
				  .level = level,
				  .levels = PLACE_LEVELS_MAX};
	struct place_point at = {{0, 0}, 0, 0, 0, 0};
	struct place_footprint fp;
	struct diag d;

	for (int i = 0; i < PLACE_LEVELS_MAX; i++)
		level[i] = (int16_t)(-PLACE_LEVEL_MAX + i);
	cr_assert_eq(place_footprint_format(rdata, sizeof(rdata), &rdata_len,
					    &o, &d),
		     ERR_OK);
	cr_assert_eq(parse_at(&fp, &at, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(fp.rings, 2);
	cr_assert_eq(fp.ring[0].count, 3);
	cr_assert_eq(fp.heights.low, -5);
	cr_assert_eq(fp.heights.high, 320);
	cr_assert_eq(fp.levels, PLACE_LEVELS_MAX);
	cr_assert_arr_eq(fp.level, level, sizeof(level));
}

Test(place_footprint, what_does_not_fit_is_told)
{
	struct place_spot far[] = {
		{0, 0}, {0, 90 * PLACE_DEGREE}, {1, 90 * PLACE_DEGREE}};
	struct place_spot near[] = {{0, 0}, {0, 900}, {900, 900}};
	struct place_ring ring = {far, 3};
	struct place_outline o = {.ring = &ring, .rings = 1};
	struct diag d;
	size_t len;

	cr_assert_eq(place_footprint_format(rdata, sizeof(rdata), &len, &o, &d),
		     ERR_RANGE);
	ring.corner = near;
	cr_assert_eq(place_footprint_format(rdata, sizeof(rdata), &len, &o, &d),
		     ERR_OK);
	for (size_t cap = 0; cap < len; cap++) {
		size_t none;
		uint8_t *exact = malloc(cap ? cap : 1);

		cr_assert_eq(place_footprint_format(exact, cap, &none, &o, &d),
			     ERR_FULL);
		free(exact);
	}
	o.has_heights = true;
	cr_assert_eq(place_footprint_format(rdata, sizeof(rdata), &len, &o, &d),
		     ERR_RANGE);
}

Test(place_footprint, degrees_go_on_beyond_the_antimeridian)
{
	struct place_spot corner[] = {{0, PLACE_LON_MAX - 100},
				      {0, -PLACE_LON_MAX + 100},
				      {90, -PLACE_LON_MAX + 100}};
	struct place_ring ring = {corner, 3};
	struct place_footprint fp = through_txt(
		&ring, 1, (struct place_spot){30, PLACE_LON_MAX - 5});
	double latlon[4][2] = {{0}};

	cr_assert_eq(place_footprint_degrees(&fp, 0, latlon, 4), 3);
	cr_assert_eq(place_footprint_degrees(&fp, 0, latlon, 2), 2);
	cr_assert_float_eq(latlon[0][1], 180 - 100 / 3600000., 1e-12);
	cr_assert_float_eq(latlon[1][1], 180 + 100 / 3600000., 1e-12);
	cr_assert_float_eq(latlon[2][0], 90 / 3600000., 1e-12);
	cr_assert(fp.sw.lon > 0 && fp.ne.lon < 0);
	cr_assert(place_footprint_contains(
		&fp, (struct place_spot){1, PLACE_LON_MAX}));
	cr_assert(place_footprint_contains(
		&fp, (struct place_spot){1, -PLACE_LON_MAX}));
}

/* --- a spot for the label ------------------------------------------------ */

Test(place_footprint, label_of_an_l_is_in_its_wide_part)
{
	struct place_spot corner[] = {{0, 0},	    {0, 4000},	  {1000, 4000},
				      {1000, 1000}, {1100, 1000}, {1100, 0}};
	struct place_ring ring = {corner, 6};
	struct place_spot s;

	cr_assert(place_label_spot(&s, &ring, 1));
	cr_assert(s.lat > 470 && s.lat < 600, "%d", s.lat);
	cr_assert(s.lon > 470 && s.lon < 3530, "%d", s.lon);
}

Test(place_footprint, label_avoids_a_hole_in_the_middle)
{
	struct place_spot big[] = {{0, 0}, {0, 900}, {900, 900}, {900, 0}};
	struct place_spot hole[] = {
		{300, 100}, {300, 800}, {600, 800}, {600, 100}};
	struct place_ring ring[] = {{big, 4}, {hole, 4}};
	struct place_spot s;

	cr_assert(place_label_spot(&s, ring, 2));
	cr_assert(place_rings_contain(ring, 2, s));
	cr_assert(s.lat < 200 || s.lat > 700, "%d", s.lat);
}

Test(place_footprint, label_is_inside_of_whatever_ring)
{
	struct place_spot corner[16], s;
	struct place_ring ring = {corner, 0};
	uint32_t seed = 4711;

	for (int i = 0; i < 400; i++) {
		struct place_spot about = {
			between(&seed, -80 * PLACE_DEGREE, 80 * PLACE_DEGREE),
			between(&seed, -170 * PLACE_DEGREE,
				170 * PLACE_DEGREE)};
		struct place_footprint fp;

		ring.count = star(corner, &seed, about, i % 2 ? 60 : 20000);
		cr_assert(place_label_spot(&s, &ring, 1));
		cr_assert(place_rings_contain(&ring, 1, s));
		if (abs(about.lat) > 70 * PLACE_DEGREE)
			continue;
		fp = through_txt(&ring, 1, s);
		cr_assert(place_footprint_contains(&fp, s));
		arena_reset(&arena);
	}
}

Test(place_footprint, label_of_what_holds_no_spot_is_none)
{
	struct place_spot line[] = {{0, 0}, {100000, 100000}, {0, 0}};
	struct place_spot thin[] = {
		{0, 0}, {30000001, 30000003}, {30000001, 30000004}};
	struct place_ring ring = {line, 3};
	struct place_spot s;

	cr_assert_not(place_label_spot(&s, &ring, 1));
	cr_assert_not(place_label_spot(&s, &ring, 0));
	ring.count = 0;
	cr_assert_not(place_label_spot(&s, &ring, 1));
	ring = (struct place_ring){thin, 3};
	if (place_label_spot(&s, &ring, 1))
		cr_assert(place_rings_contain(&ring, 1, s));
}

Test(place_footprint, label_of_rings_at_the_ends_of_the_world_is_harmless)
{
	struct place_spot pole[] = {{PLACE_LAT_MAX, 0},
				    {PLACE_LAT_MAX - 1000, PLACE_LON_MAX / 3},
				    {-PLACE_LAT_MAX, -PLACE_LON_MAX / 3}};
	struct place_ring ring = {pole, 3};
	struct place_spot s;

	if (place_label_spot(&s, &ring, 1))
		cr_assert(place_rings_contain(&ring, 1, s));
}
