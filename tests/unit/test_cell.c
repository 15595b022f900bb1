#include "zones/cell.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t
random_cell(uint64_t *seed)
{
	uint64_t face = rnd(seed) % 6;
	uint64_t leaf = face << 61 | rnd(seed) >> 3 | 1;

	return cell_parent(leaf, (int)(rnd(seed) % 31));
}

static uint64_t
token(const char *text)
{
	uint64_t id = cell_from_token(text);

	cr_assert_neq(id, CELL_NONE, "%s", text);
	return id;
}

/* --- what others say ---------------------------------------------------- */

/* The lines of tests/cells, which oracle.cc there explains. */
static FILE *
open_vectors(const char *name)
{
	const char *source = getenv("PLACED_SOURCE");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/cells/%s", source ? source : ".",
		 name);
	f = fopen(path, "r");
	cr_assert_not_null(f, "%s", path);
	return f;
}

static const char *
word(char **rest)
{
	const char *w = strsep(rest, " \n");

	cr_assert_not_null(w);
	return w;
}

static double
number(char **rest)
{
	return strtod(word(rest), NULL);
}

static void
check_point(char *rest)
{
	double lat = number(&rest), lon = number(&rest);
	uint64_t leaf = strtoull(word(&rest), NULL, 16);

	cr_assert_eq(cell_from_degrees(lat, lon), leaf,
		     "%.17g %.17g is %" PRIx64 ", not %" PRIx64, lat, lon, leaf,
		     cell_from_degrees(lat, lon));
}

static void
check_center(uint64_t id, double lat, double lon)
{
	double our_lat, our_lon;

	cell_center(id, &our_lat, &our_lon);
	cr_assert_float_eq(our_lat, lat, 1e-12);
	/* Meridians meet at a pole: a difference there is none. */
	cr_assert_float_eq(remainder(our_lon - lon, 360) *
				   cos(lat * M_PI / 180),
			   0, 1e-12);
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
check_around(uint64_t id, char *rest)
{
	uint64_t around[8];
	unsigned n;

	cell_neighbours(id, around);
	for (unsigned k = 0; k < 4; k++)
		cr_assert_eq(around[k], token(word(&rest)), "%" PRIx64, id);
	n = cell_all_neighbours(id, around);
	cr_assert_eq(n, (unsigned)number(&rest), "%" PRIx64, id);
	qsort(around, n, sizeof(*around), by_number);
	for (unsigned k = 0; k < n; k++)
		cr_assert_eq(around[k], token(word(&rest)), "%" PRIx64, id);
}

static void
check_cell(char *rest)
{
	uint64_t id = strtoull(word(&rest), NULL, 16);
	const char *text = word(&rest);
	int level = (int)number(&rest);
	double lat = number(&rest), lon = number(&rest);
	uint64_t parent = cell_from_token(word(&rest));
	uint64_t last = strtoull(word(&rest), NULL, 16);
	char ours[CELL_TOKEN_SIZE];

	cell_to_token(ours, id);
	cr_assert_str_eq(ours, text);
	cr_assert_eq(token(text), id);
	cr_assert(cell_valid(id));
	cr_assert_eq(cell_level(id), level);
	check_center(id, lat, lon);
	cr_assert_eq(level > 0 ? cell_parent(id, level - 1) : CELL_NONE,
		     parent);
	cr_assert_eq(cell_last(id), last);
	cr_assert_eq(cell_first(id), id - (last - id));
	for (unsigned k = 0; k < 4; k++)
		cr_assert_eq(cell_from_token(word(&rest)),
			     level < 30 ? cell_child(id, k) : CELL_NONE);
	check_around(id, rest);
}

static void
check_vectors(const char *name, unsigned least)
{
	FILE *f = open_vectors(name);
	unsigned points = 0, cells = 0;
	char line[1024];

	while (fgets(line, sizeof(line), f) != NULL) {
		char *rest = line;
		const char *kind = word(&rest);

		if (strcmp(kind, "point") == 0) {
			check_point(rest);
			points++;
		} else {
			cr_assert_str_eq(kind, "cell");
			check_cell(rest);
			cells++;
		}
	}
	fclose(f);
	cr_assert(points >= least && cells >= least, "%u points, %u cells",
		  points, cells);
}

Test(cell, cells_are_those_of_the_library_in_cpp)
{
	check_vectors("libs2.txt", 500);
}

Test(cell, cells_are_those_of_the_library_in_typescript)
{
	check_vectors("nodes2ts.txt", 400);
}

/* --- what must hold ----------------------------------------------------- */

Test(cell, a_parent_contains_its_children)
{
	uint64_t seed = 11;

	for (unsigned n = 0; n < 20000; n++) {
		uint64_t id = random_cell(&seed);
		int level = cell_level(id);

		cr_assert(cell_valid(id));
		cr_assert(cell_contains(id, id));
		if (level == CELL_LEVEL_MAX)
			continue;
		for (unsigned k = 0; k < 4; k++) {
			uint64_t kid = cell_child(id, k);

			cr_assert_eq(cell_level(kid), level + 1);
			cr_assert_eq(cell_parent(kid, level), id);
			cr_assert(cell_contains(id, kid));
			cr_assert_not(cell_contains(kid, id));
			if (k > 0)
				cr_assert_eq(cell_last(cell_child(id, k - 1)) +
						     2,
					     cell_first(kid));
		}
		cr_assert_eq(cell_first(cell_child(id, 0)), cell_first(id));
		cr_assert_eq(cell_last(cell_child(id, 3)), cell_last(id));
	}
}

Test(cell, the_middle_of_a_cell_is_in_it)
{
	uint64_t seed = 12;

	for (unsigned n = 0; n < 20000; n++) {
		uint64_t id = random_cell(&seed);
		double lat, lon;

		cell_center(id, &lat, &lon);
		cr_assert(cell_contains(id, cell_from_degrees(lat, lon)),
			  "%" PRIx64, id);
	}
}

Test(cell, neighbours_know_each_other)
{
	uint64_t seed = 13;

	for (unsigned n = 0; n < 5000; n++) {
		uint64_t id = random_cell(&seed), near[8], back[8];
		unsigned many = cell_all_neighbours(id, near);

		for (unsigned k = 0; k < many; k++) {
			unsigned of = cell_all_neighbours(near[k], back);
			unsigned found = 0;

			cr_assert_eq(cell_level(near[k]), cell_level(id));
			cr_assert_neq(near[k], id);
			for (unsigned m = 0; m < of; m++)
				found += back[m] == id;
			cr_assert_eq(found, 1, "%" PRIx64, id);
		}
	}
}

Test(cell, a_pole_has_one_leaf_whatever_the_longitude)
{
	for (double lon = -540; lon <= 540; lon += 7.5) {
		cr_assert_eq(cell_level(cell_from_degrees(90, lon)), 30);
		cr_assert_eq(cell_from_degrees(90, lon) >> 61, 2);
		cr_assert_eq(cell_from_degrees(-90, lon) >> 61, 5);
	}
	cr_assert_eq(cell_from_degrees(90.5, 0), cell_from_degrees(90, 0));
	cr_assert_eq(cell_from_degrees(-1e9, 0), cell_from_degrees(-90, 0));
}

Test(cell, longitudes_go_round)
{
	for (double lon = -179.75; lon < 180; lon += 0.25) {
		uint64_t id = cell_from_degrees(41.5, lon);

		cr_assert_eq(cell_from_degrees(41.5, lon + 360), id);
		cr_assert_eq(cell_from_degrees(41.5, lon - 720), id);
	}
}

Test(cell, both_sides_of_the_antimeridian_are_near)
{
	uint64_t west = cell_parent(cell_from_degrees(10.3, 179.9999999), 18);
	uint64_t east = cell_parent(cell_from_degrees(10.3, -179.9999999), 18);
	uint64_t near[4];
	bool found = false;

	cell_neighbours(west, near);
	for (unsigned k = 0; k < 4; k++)
		found |= near[k] == east;
	cr_assert(found);
}

Test(cell, what_is_not_a_number_is_still_a_leaf)
{
	cr_assert_eq(cell_from_degrees(NAN, INFINITY), cell_from_degrees(0, 0));
	cr_assert(cell_valid(cell_from_degrees(INFINITY, NAN)));
	cr_assert(cell_valid(cell_from_degrees(12, 1e300)));
}

Test(cell, numbers_that_are_no_cells_are_not_valid)
{
	cr_assert_not(cell_valid(0));
	cr_assert_not(cell_valid(UINT64_MAX));
	cr_assert_not(cell_valid((uint64_t)6 << 61 | 1));
	cr_assert_not(cell_valid((uint64_t)1 << 61 | 2));
	cr_assert_not(cell_valid((uint64_t)1 << 61));
	cr_assert(cell_valid((uint64_t)1 << 60));
	cr_assert(cell_valid(1));
}

Test(cell, tokens_that_are_not_cells_are_none)
{
	static const char *const bad[] = {
		"",   "X",
		"0",  "2",
		"g",  "8bc42e32e429a2610",
		"e4", "8 ",
		"-1", "8bc42e32e429a262",
	};

	for (unsigned k = 0; k < ARRAY_LEN(bad); k++)
		cr_assert_eq(cell_from_token(bad[k]), CELL_NONE, "%s", bad[k]);
	cr_assert_eq(cell_from_token("8BC42E"), cell_from_token("8bc42e0000"));
}

Test(cell, every_number_makes_a_token)
{
	char text[CELL_TOKEN_SIZE];

	cell_to_token(text, CELL_NONE);
	cr_assert_str_eq(text, "X");
	cell_to_token(text, UINT64_MAX);
	cr_assert_str_eq(text, "ffffffffffffffff");
}

/* Along the surface. */
static double
metres(double lat_a, double lon_a, double lat_b, double lon_b)
{
	double r = M_PI / 180;
	double h = pow(sin((lat_b - lat_a) * r / 2), 2) +
		   cos(lat_a * r) * cos(lat_b * r) *
			   pow(sin((lon_b - lon_a) * r / 2), 2);

	return 2 * CELL_EARTH_METRES * asin(sqrt(h));
}

Test(cell, middles_of_neighbours_are_an_edge_apart)
{
	uint64_t seed = 14;

	for (unsigned n = 0; n < 20000; n++) {
		uint64_t id = random_cell(&seed), near[4];
		int level = cell_level(id);
		double lat, lon;

		if (level < 6 || level > 24)
			continue;
		cell_center(id, &lat, &lon);
		cell_neighbours(id, near);
		for (unsigned k = 0; k < 4; k++) {
			double la, lo, far;

			cell_center(near[k], &la, &lo);
			far = metres(lat, lon, la, lo);
			cr_assert(far > cell_edge_metres(level) * 0.98 &&
					  far < cell_edge_metres_max(level) *
							  1.02,
				  "%" PRIx64 ": %g", id, far);
		}
	}
}

/* A leaf in it. */
static uint64_t
leaf_in(uint64_t id, uint64_t *seed)
{
	uint64_t first = cell_first(id);

	return (first + rnd(seed) % (cell_last(id) - first + 1)) | 1;
}

Test(cell, nothing_in_a_cell_is_nearer_than_it_says)
{
	uint64_t seed = 15;

	for (unsigned n = 0; n < 100000; n++) {
		uint64_t id = random_cell(&seed), there = leaf_in(id, &seed);
		uint64_t from = rnd(&seed) % 2
					? leaf_in(random_cell(&seed), &seed)
					: there;
		double lat, lon, la, lo, far, says;
		struct cell_spot spot;

		/* some way from it, so that near and far ones are tried */
		if (from == there)
			from = leaf_in(
				cell_parent(
					id,
					(int)(rnd(&seed) %
					      (unsigned)(cell_level(id) + 1))),
				&seed);
		cell_center(from, &lat, &lon);
		cell_center(there, &la, &lo);
		cell_spot_make(&spot, lat, lon);
		says = CELL_EARTH_METRES * cell_distance(id, &spot);
		far = metres(lat, lon, la, lo);
		cr_assert_leq(says, far + 1e-3 + 1e-7 * far,
			      "%" PRIx64 " from %" PRIx64, id, from);
		if (far > 10 * cell_edge_metres_max(cell_level(id)))
			cr_assert_geq(says,
				      far - 1.6 * cell_edge_metres_max(
							  cell_level(id)));
	}
}

Test(cell, the_level_for_some_metres_has_cells_that_wide)
{
	cr_assert_eq(cell_level_for_metres(1e9), 0);
	cr_assert_eq(cell_level_for_metres(0), CELL_LEVEL_MAX);
	for (double m = 0.01; m < 5e6; m *= 1.37) {
		int level = (int)cell_level_for_metres(m);

		cr_assert_geq(cell_edge_metres(level), m);
		if (level < CELL_LEVEL_MAX)
			cr_assert_lt(cell_edge_metres(level + 1), m);
	}
}

/* --- searching an index ------------------------------------------------- */

Test(cell, ranges_join_neighbours_on_the_curve)
{
	uint64_t a = token("89c25");
	uint64_t ids[] = {cell_child(a, 0), cell_child(a, 1), cell_child(a, 3)};
	struct cell_range r[3];

	cr_assert_eq(cell_ranges(r, ids, 3), 2);
	cr_assert_eq(r[0].first, cell_first(a));
	cr_assert_eq(r[0].last, cell_last(ids[1]));
	cr_assert_eq(r[1].first, cell_first(ids[2]));
	cr_assert_eq(r[1].last, cell_last(a));
	cr_assert_eq(cell_ranges(r, ids, 0), 0);
}

Test(cell, ancestors_are_each_named_once)
{
	uint64_t a = token("89c25");
	uint64_t ids[] = {cell_child(a, 0), cell_child(cell_child(a, 3), 1)};
	uint64_t up[CELL_ANCESTORS_MAX(2)];
	int level = cell_level(a);
	unsigned n = cell_ancestors(up, ids, 2, level - 2);

	cr_assert_eq(n, 4);
	cr_assert_eq(up[0], a);
	cr_assert_eq(up[1], cell_parent(a, level - 1));
	cr_assert_eq(up[2], cell_parent(a, level - 2));
	cr_assert_eq(up[3], cell_child(a, 3));
	cr_assert_eq(cell_ancestors(up, ids, 2, 0), (unsigned)level + 2);
}

/* A stored cell meets a covering's cell if and only if it is in a range or is
 * an ancestor: so says geometry by containment. */
Test(cell, ranges_and_ancestors_find_all_that_meets)
{
	uint64_t seed = 15;

	for (unsigned n = 0; n < 2000; n++) {
		uint64_t ids[1] = {random_cell(&seed)};
		uint64_t up[CELL_ANCESTORS_MAX(1)];
		uint64_t stored = random_cell(&seed);
		struct cell_range r;
		unsigned many = cell_ancestors(up, ids, 1, 0);
		bool meets, found = false;

		if (rnd(&seed) % 2 == 0)
			stored = cell_parent(cell_first(ids[0]) +
						     2 * (rnd(&seed) % 4),
					     (int)(rnd(&seed) % 31));
		meets = cell_contains(ids[0], stored) ||
			cell_contains(stored, ids[0]);
		cell_ranges(&r, ids, 1);
		found = stored >= r.first && stored <= r.last;
		for (unsigned k = 0; k < many; k++)
			found |= up[k] == stored;
		cr_assert_eq(found, meets, "%" PRIx64 " %" PRIx64, ids[0],
			     stored);
	}
}
