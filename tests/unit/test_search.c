/* The search, by examples; test_search_random.c has the rest. */
#include "tests/unit/place_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(search, .init = open_zone, .fini = close_store);

/* Spots on a line to the north: 1 s of arc is 30.887 m. */
#define AT(second) "LOC 41 39 " second " N 91 32 0 W 200m 1m 0.1m 0.1m\n"
#define HERE "41.65n.91.533333333w"

static void
three_lamps(void)
{
	inside("+ a " AT("0") "+ b " AT("1") "+ c " AT("2"));
}

/* --- near ----------------------------------------------------------------- */

Test(search, near_gives_what_is_within_the_radius_the_nearest_first)
{
	three_lamps();
	asked_is(HERE ".31m._near", "a 0.00\nb 30.89\n");
	asked_is(HERE ".30m._near", "a 0.00\n");
	asked_is("10n.10w.30m._near", "");
}

Test(search, near_gives_the_k_nearest_however_far)
{
	three_lamps();
	asked_is(HERE ".k2._near", "a 0.00\nb 30.89\n");
	asked_is(HERE ".k9._near", "a 0.00\nb 30.89\nc 61.77\n");
	asked_is(HERE ".k2.20m._near", "a 0.00\n");
	asked_is("41.65s.88.4666666e.k1._near", "c 20015025.62\n");
	asked_is("90n.0e.k1._near", "c 5376213.09\n");
}

Test(search, near_without_number_and_radius_gives_a_few)
{
	three_lamps();
	inside("+ d " AT("3"));
	asked_is(HERE "._near", "a 0.00\nb 30.89\nc 61.77\n");
}

Test(search, names_decide_between_equal_distances)
{
	inside("+ b.z " AT("0") "+ z " AT("0") "+ a.z " AT("0") "+ m " AT("0"));
	asked_is(HERE ".1m._near", "m 0.00\nz 0.00\na.z 0.00\nb.z 0.00\n");
	asked_is(HERE ".k2._near", "m 0.00\nz 0.00\n");
}

Test(search, an_altitude_makes_distances_go_through_the_air)
{
	inside("+ high LOC 41 39 0 N 91 32 0 W 210m\n"
	       "+ far LOC 41 39 0.2 N 91 32 0 W 200m\n");
	asked_is(HERE ".k9._near", "high 0.00\nfar 6.18\n");
	asked_is(HERE ".a200m.k9._near", "far 6.18\nhigh 10.00\n");
	asked_is(HERE ".a200m.9m._near", "far 6.18\n");
	asked_is(HERE ".a213m.k1._near", "high 3.00\n");
}

Test(search, a_name_with_several_locs_is_one_hit)
{
	inside("+ a " AT("0") "+ a " AT("1") "+ a " AT("2") "+ b " AT("1"));
	asked_is(HERE ".k9._near", "a 0.00\nb 30.89\n");
	asked_is("41.650555555n.91.533333333w.k1._near", "a 0.00\n");
	asked_room = 2;
	asked_is(HERE ".99m._near", "a 0.00\nb 30.89\n");
}

Test(search, only_names_at_or_below_the_scope_are_hits)
{
	inside("+ a.room " AT("0") "+ room " AT("1") "+ aroom " AT(
		"0") "+ b " AT("0"));
	asked_is(HERE ".99m._near.room", "a.room 0.00\nroom 30.89\n");
	asked_is(HERE ".k1._near.room", "a.room 0.00\n");
	asked_is(HERE ".k1._near.a.room", "a.room 0.00\n");
	asked_is(HERE ".k1._near.nobody", "");
}

Test(search, a_level_asks_the_footprint_a_point_stands_in)
{
	three_lamps();
	inside("+ floor1 " AT(
		"0") "+ _geo.floor1 TXT \"fp=-99,-99 99,-99 "
		     "99,99 -99,99\" \"lvl=1\"\n+ _geo.b TXT \"lvl=2\"\n");
	asked_is(HERE ".99m.l1._near", "a 0.00\nfloor1 0.00\nc 61.77\n");
	asked_is(HERE ".99m.l2._near", "b 30.89\nc 61.77\n");
	asked_is(HERE ".k2.l2._near", "b 30.89\nc 61.77\n");
}

Test(search, what_a_cut_or_dname_hides_is_no_hit)
{
	inside("+ a.child " AT("0") "+ b " AT("1") "+ child " AT(
		"0") "+ _geo.child TXT \"fp=-99,-99 99,-99 99,99\"\n"
		     "+ a.other " AT("0") "+ other " AT("0"));
	asked_is(HERE ".9m._near",
		 "child 0.00\na.child 0.00\nother 0.00\na.other 0.00\n");
	inside("+ child NS ns.elsewhere.\n+ other DNAME elsewhere.\n");
	asked_is(HERE ".k9._near", "other 0.00\nb 30.89\n");
	asked_is(HERE ".k1._near", "other 0.00\n");
	asked_is("41.649999n.91.533332w._in", "");
	asked_is("_here", "b 0.00\nother 0.00\n");
}

/* --- limits --------------------------------------------------------------- */

Test(search, more_is_said_when_hits_have_no_room)
{
	three_lamps();
	asked_room = 2;
	asked_is(HERE ".99m._near", "a 0.00\nb 30.89\n...\n");
	asked_is(HERE ".31m._near", "a 0.00\nb 30.89\n");
	asked_is(HERE ".k9._near", "a 0.00\nb 30.89\n...\n");
	asked_is(HERE ".k2._near", "a 0.00\nb 30.89\n");
	asked_is("41n.92w.42n.91w._box", "a 16908.15\nb 16938.61\n...\n");
}

Test(search, k_and_radius_have_their_limits)
{
	three_lamps();
	asked_limits.k_max = 2;
	asked_is(HERE ".k3._near", "a 0.00\nb 30.89\n...\n");
	asked_is(HERE ".k2._near", "a 0.00\nb 30.89\n");
	asked_limits.k_max = 3;
	asked_is(HERE ".k4._near", "a 0.00\nb 30.89\nc 61.77\n");
	asked_limits.radius_max = 40000;
	asked_is(HERE ".41m._near", "a 0.00\nb 30.89\n...\n");
	asked_is(HERE ".40m._near", "a 0.00\nb 30.89\n");
}

/* Things on a grid of 10 cm or so. */
static void
crowd(const char *below, unsigned rows, unsigned columns, int second)
{
	char line[160], lines[8000] = "";

	for (unsigned i = 0; i < rows; i++) {
		for (unsigned n = 0; n < columns; n++) {
			snprintf(line, sizeof(line),
				 "+ t%u-%u%s LOC 41 39 %d.%03u N 91 32 0.%03u "
				 "W 200m\n",
				 i, n, below, second, 3 * i, 4 * n);
			strcat(lines, line);
		}
		inside(lines);
		lines[0] = '\0';
		pool_reset();
	}
}

Test(search, the_nearest_in_a_crowd_cost_little_from_near_and_far)
{
	crowd("", 60, 60, 0);
	asked_limits.scan_max = 400;
	asked_is("41.65n.91.5333333w.k1._near", "t0-0 0.00\n");
	asked_is("41.650025n.91.533365w.k1._near", "t30-28 0.05\n");
	asked_is("41.650025n.91.533365w.k1.50000m._near", "t30-28 0.05\n");
}

Test(search, a_scope_that_is_lost_in_a_crowd_is_searched_by_name)
{
	crowd("", 40, 40, 0);
	inside("+ a.room " AT("1") "+ b.room " AT("3") "+ room " AT("2"));
	asked_limits.scan_max = 300;
	asked_is("41.65n.91.533333333w.k2._near.room",
		 "a.room 30.89\nroom 61.77\n");
	asked_is("41.65n.91.533333333w.99m._near.room",
		 "a.room 30.89\nroom 61.77\nb.room 92.66\n");
}

Test(search, a_search_that_costs_too_much_says_so)
{
	const char *hits;

	crowd("", 20, 20, 0);
	inside("+ floor " AT(
		"0") "+ _geo.floor TXT \"fp=-9999,-9999 9999,-9999 "
		     "9999,9999 -9999,9999\" \"lvl=1\"\n");
	asked_limits.scan_max = 50;
	hits = asked("41.65n.91.533333333w.l3.9m._near");
	cr_assert_not_null(strstr(hits, "...\n"));
	hits = asked("_here.floor");
	cr_assert_not_null(strstr(hits, "...\n"));
	hits = asked("_here");
	cr_assert_not_null(strstr(hits, "...\n"));
}

/* --- box ------------------------------------------------------------------ */

Test(search, a_box_has_its_edges)
{
	three_lamps();
	asked_is("41.65n.91.533333333w.41.65055555n.91.533333333w._box",
		 "b 0.00\na 30.89\nc 30.89\n");
	asked_is("41.65000028n.91.6w.41.66n.91.5w._box",
		 "c 1470.27\nb 1480.94\n");
}

Test(search, a_box_may_cross_the_antimeridian)
{
	inside("+ e LOC 10 0 0 N 179 59 59 E 0m\n"
	       "+ w LOC 10 0 0 N 179 59 58 W 0m\n"
	       "+ m LOC 10 0 0 N 180 0 0 W 0m\n"
	       "+ f LOC 10 0 0 N 170 0 0 E 0m\n");
	asked_is("9n.179.9e.11n.179.9w._box", "m 0.00\ne 30.42\nw 60.84\n");
	asked_is("9n.179.9w.11n.179.9e._box", "f 17531225.55\n");
}

/* --- in ------------------------------------------------------------------- */

static void
building(void)
{
	inside("+ house " AT(
		"0") "+ _geo.house TXT \"fp=-1000,-1000 1000,-1000 "
		     "1000,1000 -1000,1000\"\n"
		     "+ hall " AT(
			     "0") "+ _geo.hall TXT \"fp=-500,-500 0,-500 0,500 "
				  "-500,500\" \"lvl=0\" \"z=0,300\"\n"
				  "+ room " AT(
					  "0") "+ _geo.room TXT \"fp=0,-500 "
					       "500,-500 500,500 "
					       "0,500\" \"lvl=0\" \"z=0,300\"\n"
					       "+ upper LOC 41 39 0 N 91 32 0 "
					       "W 203m 1m 0.1m 0.1m\n"
					       "+ _geo.upper TXT \"fp=0,-500 "
					       "500,-500 500,500 0,500\" "
					       "\"lvl=1\" "
					       "\"z=0,300\"\n");
}

Test(search, in_gives_the_innermost_first)
{
	building();
	asked_is("41.65n.91.53332w._in", "room 1.11\nupper 1.11\nhouse 1.11\n");
	asked_is("41.65n.91.53334w._in", "hall 0.55\nhouse 0.55\n");
	asked_is("41.65007n.91.53332w._in", "house 7.86\n");
	asked_is("41.66n.91.53332w._in", "");
}

Test(search, in_asks_for_level_and_altitude)
{
	building();
	asked_is("41.65n.91.53332w.l0._in", "room 1.11\nhouse 1.11\n");
	asked_is("41.65n.91.53332w.l1._in", "upper 1.11\nhouse 1.11\n");
	asked_is("41.65n.91.53332w.l7._in", "house 1.11\n");
	asked_is("41.65n.91.53332w.a202.99m._in", "room 3.19\nhouse 3.19\n");
	asked_is("41.65n.91.53332w.a203m._in", "upper 1.11\nhouse 3.20\n");
}

Test(search, a_wall_belongs_to_one_of_two_rooms)
{
	building();
	asked_is(HERE ".l0._in", "room 0.00\nhouse 0.00\n");
}

Test(search, in_looks_below_its_scope)
{
	building();
	asked_is("41.65n.91.53332w._in.upper", "upper 1.11\n");
}

/* --- here ----------------------------------------------------------------- */

Test(search, here_gives_what_is_named_below_and_what_stands_inside)
{
	building();
	inside("+ lamp.room A 192.0.2.1\n"
	       "+ far.room LOC 41 40 0 N 91 32 0 W 200m\n"
	       "+ bot LOC 41 39 0 N 91 31 59.9 W 200.5m\n"
	       "+ above LOC 41 39 0 N 91 31 59.9 W 203.5m\n"
	       "+ west LOC 41 39 0 N 91 32 0.1 W 200.5m\n"
	       "+ _civic.room TXT \"x=1\"\n+ p._ipp._tcp.room TXT \"x=1\"\n"
	       "+ *.room TXT \"x=1\"\n");
	asked_is("_here.room",
		 "bot 2.31\nhall 0.00\nfar.room 1853.25\nlamp.room 0.00\n");
	asked_is("_here.upper", "above 2.31\n");
	asked_is("_here.lamp.room", "");
}

/* --- services ------------------------------------------------------------- */

static void
printers(void)
{
	building();
	inside("+ _ipp._tcp PTR one._ipp._tcp\n+ _ipp._tcp PTR two._ipp._tcp\n"
	       "+ _ipp._tcp PTR gone._ipp._tcp\n"
	       "+ _ipp._tcp PTR x.elsewhere.\n"
	       "+ one._ipp._tcp SRV 0 0 631 host.room\n"
	       "+ host.room LOC 41 39 0 N 91 31 59.9 W 200.5m\n"
	       "+ two._ipp._tcp " AT(
		       "1") "+ lamp LOC 41 39 0 N 91 31 59.9 W 200.5m\n");
}

Test(search, a_service_asks_for_its_instances)
{
	printers();
	asked_is("_ipp._tcp." HERE ".99m._near",
		 "one._ipp._tcp 2.31\ntwo._ipp._tcp 30.89\n");
	asked_is("_ipp._tcp." HERE ".k1._near", "one._ipp._tcp 2.31\n");
	asked_is("_ipp._tcp." HERE ".99m._near.room", "one._ipp._tcp 2.31\n");
	asked_is("_http._tcp." HERE ".99m._near", "");
	asked_is("_ipp._tcp.41n.92w.42n.91w._box",
		 "one._ipp._tcp 16907.77\ntwo._ipp._tcp 16938.61\n");
}

Test(search, a_service_in_a_room_is_what_stands_in_it)
{
	printers();
	asked_is("_ipp._tcp." HERE ".l0._in", "one._ipp._tcp 2.31\n");
	asked_is("_ipp._tcp.41.65n.91.53334w.l0._in", "");
	asked_is("_ipp._tcp._here.room", "one._ipp._tcp 2.31\n");
	asked_is("_ipp._tcp._here.hall", "");
	asked_is("_ipp._tcp._here.house", "one._ipp._tcp 2.31\n");
}

/* --- a broken store ------------------------------------------------------- */

Test(search, a_broken_index_is_an_error_and_no_crash)
{
	static uint8_t space[4096];
	struct space_question q = {.kind = SPACE_NEAR, .k = 1, .scope = apex};
	struct store_value key, value;
	struct zone_facts facts = {0};
	struct search_hit hits[4];
	struct store_txn *t;
	uint8_t copy[64];
	size_t len;

	building();
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(
		store_seek(store_txn_view(t), STORE_CELLS, "", 0, &key, &value),
		ERR_OK);
	while (store_next(store_txn_view(t), STORE_CELLS, &key, &value) ==
	       ERR_OK) {
		memcpy(copy, key.octets, len = key.len);
		cr_assert_eq(store_put(t, STORE_CELLS, copy, len, "x", 1),
			     ERR_OK);
		cr_assert_eq(store_seek(store_txn_view(t), STORE_CELLS, copy,
					len, &key, &value),
			     ERR_OK);
	}
	cr_assert_eq(zone_facts_refresh(&facts, store_txn_view(t), apex),
		     ERR_OK);
	for (int kind = SPACE_NEAR; kind <= SPACE_BOX; kind++) {
		struct arena arena;
		struct search s = {.view = store_txn_view(t),
				   .zone = &facts,
				   .limits = &asked_limits,
				   .arena = &arena,
				   .names = &arena,
				   .hits = hits,
				   .room = 4};

		arena_init_fixed(&arena, space, sizeof(space));
		q.kind = (enum space_kind)kind;
		q.spot = (struct place_spot){149940000, -329520000};
		q.far = (struct place_spot){149941000, -329510000};
		cr_assert_eq(search_run(&s, &q), ERR_CORRUPT, "kind %d", kind);
	}
	store_txn_abort(t);
}

/* --- what the documents say ----------------------------------------------- */

/* The ranges of cells that ARCHITECTURE.md tells of, in its order. */
static unsigned
ranges_told(struct cell_range *range, unsigned max)
{
	const char *source = getenv("PLACED_SOURCE");
	char path[512], line[256];
	unsigned n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/ARCHITECTURE.md",
		 source != NULL ? source : ".");
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	while (n < max && fgets(line, sizeof(line), file) != NULL)
		n += sscanf(line, "    range %*u %" SCNx64 " … %" SCNx64,
			    &range[n].first, &range[n].last) == 2;
	fclose(file);
	return n;
}

Test(search, the_one_worked_by_hand_reads_what_it_says)
{
	struct cell_range told[SEARCH_AHEAD_MAX];
	char why[SPACE_WHY_MAX];
	struct space_question q;
	struct search_ahead ahead;

	cr_assert_eq(
		space_question_parse(
			&q, name_of("52.20533n.0.113073e.2m._near"), apex, why),
		SPACE_VALID);
	search_ahead_plan(&ahead, 9, &asked_limits, &q);
	cr_assert_gt(ahead.count, 0);
	cr_assert_eq(ranges_told(told, SEARCH_AHEAD_MAX), ahead.count);
	for (unsigned i = 0; i < ahead.count; i++) {
		cr_assert_eq(told[i].first, ahead.range[i].first);
		cr_assert_eq(told[i].last, ahead.range[i].last);
	}
}
