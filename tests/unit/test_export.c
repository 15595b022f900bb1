/* What is private, and how a position is made coarse. */
#include "zones/export.h"
#include "zones/place.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const uint8_t apex[] = "\5house";

static bool
is_private4(const char *text)
{
	uint8_t address[4];

	cr_assert_eq(inet_pton(AF_INET, text, address), 1);
	return export_is_private(RR_A, address, sizeof(address));
}

static bool
is_private6(const char *text)
{
	uint8_t address[16];

	cr_assert_eq(inet_pton(AF_INET6, text, address), 1);
	return export_is_private(RR_AAAA, address, sizeof(address));
}

Test(export_private, ipv4_from_the_first_address_to_the_last)
{
	static const char *const private[] = {
		"10.0.0.0",	   "10.255.255.255",  "172.16.0.0",
		"172.31.255.255",  "192.168.0.0",     "192.168.255.255",
		"100.64.0.0",	   "100.127.255.255", "169.254.0.0",
		"169.254.255.255", "127.0.0.1",	      "127.255.255.255",
		"0.0.0.0",
	};
	static const char *const public[] = {
		"9.255.255.255",  "11.0.0.0",	     "172.15.255.255",
		"172.32.0.0",	  "192.167.255.255", "192.169.0.0",
		"100.63.255.255", "100.128.0.0",     "169.253.255.255",
		"169.255.0.0",	  "126.255.255.255", "128.0.0.0",
		"203.0.113.7",	  "1.0.0.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		cr_assert(is_private4(private[i]), "%s", private[i]);
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		cr_assert_not(is_private4(public[i]), "%s", public[i]);
}

Test(export_private, ipv6_and_what_has_ipv4_in_it)
{
	static const char *const private[] = {
		"fc00::",
		"fdff:ffff::1",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"::1",
		"::",
		"::ffff:10.0.0.1",
		"::ffff:192.168.1.7",
		"::10.0.0.1",
		"64:ff9b::192.168.1.1",
		"::ffff:127.0.0.1",
	};
	static const char *const public[] = {
		"2001:db8::1",
		"fbff::1",
		"fe00::1",
		"ff02::1",
		"::ffff:203.0.113.7",
		"64:ff9b::203.0.113.7",
		"2000::",
	};

	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		cr_assert(is_private6(private[i]), "%s", private[i]);
	for (size_t i = 0; i < ARRAY_LEN(public); i++)
		cr_assert_not(is_private6(public[i]), "%s", public[i]);
}

#define SVCB(text) \
	export_is_private(RR_HTTPS, (const uint8_t *)text, sizeof(text) - 1)

Test(export_private, hints_of_svcb_are_addresses)
{
	cr_assert_not(SVCB("\0\1\0"));
	cr_assert_not(SVCB("\0\1\0\0\4\0\4\313\0\161\7"));
	cr_assert(SVCB("\0\1\0\0\4\0\4\300\250\1\7"));
	cr_assert(SVCB("\0\1\1a\0\0\1\0\3\2h2\0\4\0\10\313\0\161\7\12\0\0\1"));
	cr_assert(SVCB("\0\1\0\0\6\0\20\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));
	cr_assert_not(
		SVCB("\0\1\0\0\6\0\20\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"));
}

Test(export_private, what_cannot_be_read_is)
{
	cr_assert(SVCB("\0\1\0\0\4\0\5\313\0\161\7\1"), "half an address");
	cr_assert(SVCB("\0\1\0\0\4\0\5\313\0"), "cut short");
	cr_assert(SVCB("\0\1\0\0\4\0"), "cut short");
	cr_assert(SVCB("\0\1\3a"), "a name cut short");
	cr_assert(SVCB("\0"));
	cr_assert(export_is_private(RR_A, (const uint8_t *)"\1\2\3", 3));
	cr_assert(export_is_private(RR_AAAA, (const uint8_t *)"\1\2\3", 3));
}

Test(export_private, addresses_of_radios_are_by_type_and_by_name)
{
	cr_assert(export_is_private(RR_EUI48, (const uint8_t *)"abcdef", 6));
	cr_assert(export_is_private(RR_EUI64, (const uint8_t *)"abcdefgh", 8));
	cr_assert_not(export_is_private(RR_TXT, (const uint8_t *)"\1a", 2));
	cr_assert(export_name_is_private((const uint8_t *)"\4_BLE\3dev\5house",
					 apex));
	cr_assert(export_name_is_private(
		(const uint8_t *)"\1x\5_wifi\3dev\5house", apex));
	cr_assert_not(export_name_is_private(
		(const uint8_t *)"\5_blue\3dev\5house", apex));
	cr_assert_not(export_name_is_private(apex, apex));
	cr_assert_not(export_name_is_private((const uint8_t *)"\1a\4_ble",
					     (const uint8_t *)"\4_ble"),
		      "the apex itself does not count");
}

/* --- positions ------------------------------------------------------------ */

static struct place_point
point(int32_t lat, int32_t lon, int64_t alt)
{
	return (struct place_point){.spot = {.lat = lat, .lon = lon},
				    .alt = alt,
				    .size = place_size_code(600),
				    .hp = place_size_code(10),
				    .vp = place_size_code(10)};
}

static struct place_point
rounded(struct place_point p, uint32_t metres)
{
	uint8_t loc[PLACE_LOC_LEN], coarse[PLACE_LOC_LEN];

	place_to_loc(loc, &p);
	cr_assert(export_round_loc(coarse, loc, sizeof(loc), metres));
	cr_assert_eq(place_from_loc(&p, coarse, sizeof(coarse), NULL), ERR_OK);
	return p;
}

Test(export_loc, zero_metres_leave_it_as_it_is)
{
	const struct place_point p = point(149975624, -329534718, 21600);
	struct place_point r = rounded(p, 0);

	cr_assert_eq(memcmp(&p, &r, sizeof(p)), 0);
}

Test(export_loc, what_is_rounded_says_how_coarse_it_is)
{
	struct place_point r =
		rounded(point(149975624, -329534718, 21650), 100);

	cr_assert_eq(r.alt, 20000);
	cr_assert_eq(place_size_cm(r.size), 10000);
	cr_assert_eq(place_size_cm(r.hp), 20000);
	cr_assert_eq(place_size_cm(r.vp), 10000);
}

Test(export_loc, a_larger_size_stays)
{
	struct place_point p = point(0, 0, 0);

	p.size = place_size_code(500000);
	cr_assert_eq(place_size_cm(rounded(p, 100).size), 500000);
}

static uint64_t random_state = 88172645463325252;

static int64_t
pick(int64_t low, int64_t high)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return low + (int64_t)(random_state % (uint64_t)(high - low + 1));
}

Test(export_loc, stays_near_and_on_a_grid_that_tells_no_more)
{
	static const uint32_t grids[] = {1, 10, 100, 1000, 25000, 5000000};

	for (unsigned i = 0; i < 50000; i++) {
		uint32_t metres = grids[pick(0, ARRAY_LEN(grids) - 1)];
		struct place_point p =
			point((int32_t)pick(-PLACE_LAT_MAX, PLACE_LAT_MAX),
			      (int32_t)pick(-PLACE_LON_MAX, PLACE_LON_MAX),
			      pick(PLACE_ALT_MIN, PLACE_ALT_MAX));
		struct place_point r = rounded(p, metres), again;

		cr_assert(place_point_valid(&r));
		again = rounded(r, metres);
		cr_assert_eq(memcmp(&r, &again, sizeof(r)), 0,
			     "rounding twice is rounding once");
		cr_assert_leq(llabs(r.alt - p.alt), (int64_t)metres * 100);
		/* to the antimeridian and to the poles it may be a whole cell
		 */
		cr_assert_leq(place_distance(p.spot, r.spot),
			      (double)metres * 1.5 + 1);
	}
}

Test(export_loc, all_of_a_cell_become_one_spot)
{
	struct place_point centre =
		rounded(point(149975624, -329534718, 21600), 100);

	for (unsigned i = 0; i < 1000; i++) {
		struct place_point p = centre, r;

		p.spot.lat += (int32_t)pick(-1600, 1600); /* 49 m */
		p.spot.lon += (int32_t)pick(-2100, 2100);
		p.alt += pick(-4900, 4900);
		p.size = place_size_code((uint64_t)pick(1, 9000));
		p.hp = place_size_code((uint64_t)pick(1, 9000));
		p.vp = place_size_code((uint64_t)pick(1, 9000));
		r = rounded(p, 100);
		cr_assert_eq(memcmp(&r, &centre, sizeof(r)), 0);
	}
}

Test(export_loc, more_metres_than_the_earth_has_leave_nothing)
{
	struct place_point r =
		rounded(point(149975624, -329534718, 21600), UINT32_MAX);

	cr_assert_eq(r.spot.lat, 0);
	cr_assert_eq(r.spot.lon, 0);
	cr_assert_eq(r.alt, 0);
	cr_assert_eq(place_size_cm(r.size), PLACE_SIZE_MAX);
}

Test(export_loc, what_cannot_be_read_is_not_shown)
{
	uint8_t loc[PLACE_LOC_LEN] = {1}, coarse[PLACE_LOC_LEN];

	cr_assert_not(export_round_loc(coarse, loc, sizeof(loc), 100));
	cr_assert_not(export_round_loc(coarse, loc, 3, 100));
}
