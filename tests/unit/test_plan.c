/* Building plans: what becomes a place, where it is, what is left out. */
#include "tests/unit/plan_words.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct diag d;

/* A plan of one GeoJSON feature collection. */
static void
plan_of(struct plan *p, const char *name, const char *features)
{
	static char text[1 << 16];

	plan_words_init(p);
	snprintf(text, sizeof(text),
		 "{\"type\":\"FeatureCollection\",\"features\":[%s]}",
		 features);
	cr_assert_eq(plan_words_geojson(p, name, text, &d), ERR_OK, "%s",
		     d.text);
	plan_words_sound(p);
	free(plan_words_zone(p));
}

#define SQUARE "[[0,0],[0.0001,0],[0.0001,0.0001],[0,0.0001],[0,0]]"
#define ROOM(properties)                                                 \
	"{\"type\":\"Feature\",\"id\":\"f\",\"properties\":{" properties \
	"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "]}}"
#define SHAPE(type, coordinates)                                              \
	"{\"type\":\"Feature\",\"properties\":{\"name\":\"a\"},\"geometry\":" \
	"{\"type\":\"" type "\",\"coordinates\":" coordinates "}}"

static void
refuses(const char *text, const char *sentence)
{
	struct plan p;

	plan_words_init(&p);
	d.text[0] = '\0';
	cr_assert_neq(plan_words_geojson(&p, "plan.json", text, &d), ERR_OK);
	cr_assert_not_null(strstr(d.text, sentence), "%s", d.text);
	plan_free(&p);
}

/* --- geojson: documents -------------------------------------------------- */

Test(plan_geojson, what_is_wrong_is_told_with_its_line)
{
	refuses("{\"type\":\n\"FeatureCollection\", oops", "plan.json:2:");
	refuses("[1, 2", "plan.json:1:");
	refuses("{\"type\":\"FeatureCollection\",\"features\":[],}",
		"plan.json:1:");
	refuses("7", "plan.json:1: this is not GeoJSON");
	refuses("{}", "it has no type");
	refuses("{\"type\":\"Topology\",\"objects\":{}}", "TopoJSON");
	refuses("{\"elements\":[]}", "[out:xml]");
}

Test(plan_geojson, other_coordinate_systems_are_refused)
{
	refuses("{\"type\":\"FeatureCollection\",\"features\":[],\"crs\":"
		"{\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::25832\"}}}",
		"EPSG::25832, not in WGS 84");
}

Test(plan_geojson, a_file_with_mark_and_carriage_returns_is_read)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_osm,
				     "\xef\xbb\xbf{\"type\":\r\n\"Feature\","
				     "\"properties\":{\"indoor\":\"room\","
				     "\"name\":\"a\"},\"geometry\":{\"type\":"
				     "\"Polygon\",\"coordinates\":[" SQUARE
				     "]}}\r\n",
				     &d),
		     ERR_OK, "%s", d.text);
	cr_assert_eq(p.count, 1u);
	plan_free(&p);
}

#define FEATURE(name)                                                     \
	"{\"type\":\"Feature\",\"properties\":{\"name\":\"" name "\"},\n" \
	"\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[" SQUARE "]}}\n"

Test(plan_geojson, features_may_follow_each_other)
{
	static const char *const sequences[] = {
		FEATURE("a") FEATURE("b") FEATURE("c"),
		"\x1e" FEATURE("a") "\x1e" FEATURE("b") "\x1e" FEATURE("c"),
	};
	struct plan p;

	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		plan_words_init(&p);
		cr_assert_eq(
			plan_words_geojson(&p, "plan.json", sequences[i], &d),
			ERR_OK, "%s", d.text);
		cr_assert_eq(p.count, 3u);
		plan_free(&p);
	}
	refuses(FEATURE("a") FEATURE("b") "{\"type\":}", ":5:9: unexpected");
	refuses(FEATURE("a") "[1", ":3:");
	refuses("{\"type\":\"FeatureCollection\",\"features\":[]}\n{}",
		":2: not a feature");
	refuses("[]\n{}", ":2:1: end of file expected");
}

Test(plan_geojson, turned_axes_are_told)
{
	refuses("{\"type\":\"Feature\",\"properties\":{\"name\":\"a\"},"
		"\"geometry\":{\"type\":\"Point\",\"coordinates\":[37.77,"
		"-122.41]}}",
		"its latitudes stand in front of its longitudes");
}

Test(plan_geojson, an_empty_file_is_told)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_osm, " \n", &d), ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, ":1: the file is empty"));
	plan_free(&p);
}

/* --- geojson: properties ------------------------------------------------- */

Test(plan_geojson, common_keys_are_guessed)
{
	struct plan p;
	const struct plan_item *item;

	plan_of(&p, "plan.json",
		ROOM("\"Name\":\"Lab\",\"roomnumber\":1420,\"floor\":\"2nd "
		     "floor\",\"room_type\":\"laboratory\",\"height\":\"3.5 "
		     "m\""));
	item = plan_words_item(&p, "rm-1420");
	cr_assert_str_eq(item->name, "Lab");
	cr_assert_str_eq(item->type, "laboratory");
	cr_assert_eq(item->levels.at[0], 2);
	cr_assert_float_eq(item->height, 3.5, 1e-9);
	cr_assert_eq(item->loc.alt, 600);
	plan_free(&p);
}

Test(plan_geojson, options_name_the_keys)
{
	struct plan p;
	const struct plan_item *item;

	plan_words_options.name_prop = "who,what";
	plan_words_options.ref_prop = "nr";
	plan_words_options.level_prop = "storey2";
	plan_of(&p, "plan.json",
		ROOM("\"name\":\"no\",\"what\":\"Yes\",\"nr\":\"K7\","
		     "\"storey2\":4,\"level\":1"));
	item = plan_words_item(&p, "k7");
	cr_assert_str_eq(item->name, "Yes");
	cr_assert_eq(item->levels.at[0], 4);
	plan_free(&p);
}

Test(plan_geojson, the_level_is_in_the_file_s_name_or_given)
{
	struct plan p;

	plan_of(&p, "x/floor-3.geojson", ROOM("\"name\":\"a\""));
	cr_assert_eq(plan_words_item(&p, "a")->levels.at[0], 3);
	plan_free(&p);
	plan_of(&p, "plan.json", ROOM("\"name\":\"a\""));
	cr_assert_eq(plan_words_item(&p, "a")->levels.count, 0u);
	cr_assert(plan_words_noted(&p, "no level is known"));
	plan_free(&p);
	plan_words_options.level = "1";
	plan_of(&p, "plan.json", ROOM("\"name\":\"a\""));
	cr_assert_eq(plan_words_item(&p, "a")->levels.at[0], 1);
	plan_free(&p);
}

Test(plan_geojson, walls_and_doors_are_left_out)
{
	struct plan p;

	plan_of(&p, "plan.json",
		ROOM("\"type\":\"wall\"") "," ROOM(
			"\"type\":\"Door\",\"name\":"
			"\"Front\"") "," ROOM("\"type\":\"floor_opening\"") "," ROOM("\"x\":1"));
	cr_assert_eq(p.count, 0u);
	cr_assert(plan_words_left(&p, "not a room: wall"));
	cr_assert(plan_words_left(&p, "not a room: Door"));
	cr_assert(plan_words_left(&p, "no name, number or type"));
	cr_assert_eq(p.remark_count, 4u);
	plan_free(&p);
}

Test(plan_geojson, a_filter_says_what_is_a_room)
{
	struct plan p;

	plan_words_options.rooms = "use=lab,wing=*";
	plan_of(&p, "plan.json",
		ROOM("\"use\":\"Lab\",\"name\":\"a\"") "," ROOM(
			"\"wing\":\"w\",\"name\":\"b\"") "," ROOM("\"use\":"
								  "\"laboratory"
								  "\",\"name\":"
								  "\"c\""));
	cr_assert_eq(p.count, 2u);
	cr_assert(plan_words_left(&p, "not in --room-filter"));
	plan_free(&p);
}

/* --- geojson: shapes ----------------------------------------------------- */

Test(plan_geojson, parts_of_a_room_are_places_of_their_own)
{
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("MultiPolygon",
		      "[[" SQUARE "],[[[1,1],[1.0001,1],[1,1.0001]]]]"));
	cr_assert_eq(p.count, 2u);
	plan_words_item(&p, "a");
	plan_words_item(&p, "a-2");
	cr_assert(plan_words_noted(&p, "part 2 of 2"));
	plan_free(&p);
}

Test(plan_geojson, a_collection_of_geometries_is_taken_apart)
{
	struct plan p;

	plan_of(&p, "plan.json",
		"{\"type\":\"Feature\",\"properties\":{\"name\":\"a\"},"
		"\"geometry\":{\"type\":\"GeometryCollection\",\"geometries\":"
		"[{\"type\":\"Point\",\"coordinates\":[0,0]},{\"type\":"
		"\"Polygon\",\"coordinates\":[" SQUARE "]}]}}");
	cr_assert_eq(p.count, 1u);
	cr_assert_eq(plan_words_item(&p, "a")->kind, PLAN_ROOM);
	plan_free(&p);
}

Test(plan_geojson, untidy_rings_are_rings)
{
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("Polygon", "[[[0,0],[0,0],[0.0001,0],[0.0001,0],"
				 "[0.0001,0.0001],[0,0.0001]],[[0,0],[0,0]]]"));
	cr_assert_eq(p.count, 1u);
	cr_assert_eq(p.items[0]->area.rings[0].count, 4u);
	cr_assert_eq(p.items[0]->area.count, 1u);
	plan_free(&p);
}

Test(plan_geojson, what_is_no_outline_on_earth_is_left_out)
{
	struct plan_counts n;
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("Polygon", "[[[0,0],[0,1]]]") "," SHAPE(
			"Polygon",
			"[[["
			"5e5,"
			"5e6],"
			"[5e5,"
			"6e6],"
			"[6e5,"
			"6e6]]"
			"]") "," SHAPE("Polygon",
				       "[[[0,0],[0,5],[5,5]]]") "," SHAPE("Poly"
									  "gon",
									  "[[["
									  "0,0]"
									  ",["
									  "1e-"
									  "9,0]"
									  ",["
									  "1e-"
									  "9,"
									  "1e-"
									  "9]]"
									  "]") "," SHAPE("Polygon",
											 "[[[0,\"a\"]]]") "," SHAPE("Polygon",
														    "[]") "," SHAPE("Polygon",
																    "null") "," SHAPE("Blob",
																		      "[]") "," SHAPE("Point",
																				      "[1e300,0]"));
	cr_assert_eq(p.count, 0u);
	plan_report_count(&p, &n);
	cr_assert_eq(n.left, 9u);
	cr_assert(plan_words_left(&p, "fewer than three corners"));
	cr_assert(plan_words_left(&p, "not degrees"));
	cr_assert(plan_words_left(&p, "larger than 20 km"));
	cr_assert(plan_words_left(&p, "too small or narrow"));
	cr_assert(plan_words_left(&p, "not two numbers"));
	plan_free(&p);
}

Test(plan_geojson, a_third_coordinate_is_an_altitude_unless_all_are_zero)
{
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("Polygon", "[[[0,0,12.5],[0.0001,0,13],[0,0.0001,13]]]"));
	cr_assert_eq(plan_words_item(&p, "a")->loc.alt, 1250);
	plan_free(&p);
	plan_words_options.altitude = 7;
	plan_of(&p, "plan.json",
		SHAPE("Polygon", "[[[0,0,0],[0.0001,0,0],[0,0.0001,0]]]"));
	cr_assert_eq(plan_words_item(&p, "a")->loc.alt, 700);
	plan_free(&p);
}

Test(plan_geojson, a_room_across_the_antimeridian_is_one_room)
{
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("Polygon",
		      "[[[179.9999,0],[-179.9998,0],[-179.9998,0.0001],"
		      "[179.9999,0.0001]]]"));
	cr_assert_eq(plan_words_sound(&p), 1u);
	plan_free(&p);
}

Test(plan_geojson, the_middle_of_a_plain_room_is_its_place)
{
	struct plan p;

	plan_of(&p, "plan.json",
		SHAPE("Polygon",
		      "[[[0,0],[0.001,0],[0.001,0.0001],[0,0.0001]]]"));
	cr_assert_leq(abs(p.items[0]->loc.spot.lon - 1800), 1);
	cr_assert_leq(abs(p.items[0]->loc.spot.lat - 180), 1);
	plan_free(&p);
}

/* --- the property -------------------------------------------------------- */

static double
uniform(double low, double high)
{
	return low + (high - low) * rand() / (RAND_MAX + 1.0);
}

/* A star around a point, sometimes one that crosses or touches itself. */
static void
random_room(struct plan *p, struct plan_feature *f, double lat, double lon)
{
	struct plan_area *area = plan_feature_area(p, f);
	struct plan_ring *ring = plan_area_add(p, area);
	unsigned corners = 3 + (unsigned)rand() % 12;
	bool wild = rand() % 4 == 0;
	double size = uniform(2e-6, 3e-4);

	for (unsigned i = 0; i < corners; i++) {
		double turn =
			wild ? uniform(0, 2 * M_PI) : 2 * M_PI * i / corners;
		double far = uniform(0.2, 1) * size;

		plan_ring_add(p, ring, lat + far * sin(turn),
			      lon + far * cos(turn) / cos(lat * M_PI / 180));
		if (rand() % 8 == 0)
			plan_ring_add(p, ring, ring->at[0].lat,
				      ring->at[0].lon);
	}
}

Test(plan, every_room_contains_its_own_label_on_its_level)
{
	size_t sound = 0;

	srand(7);
	for (unsigned round = 0; round < 400; round++) {
		struct plan_feature f = {
			.file = "plan", .id = "1", .altitude = NAN};
		struct plan p;

		plan_words_init(&p);
		plan_pair(&p, &f.tags, "name", "a");
		plan_pair(&p, &f.tags, "level", round % 2 ? "-1;0" : "3");
		random_room(&p, &f, uniform(-80, 80), uniform(-180, 180));
		for (size_t i = 0; i < f.areas[0].rings[0].count; i++)
			f.areas[0].rings[0].at[i].lon =
				remainder(f.areas[0].rings[0].at[i].lon, 360);
		plan_feature_take(&p, &f);
		plan_zone_prepare(&p);
		sound += plan_words_sound(&p);
		plan_free(&p);
	}
	cr_assert_geq(sound, 390u, "only %zu", sound);
}

/* --- OpenStreetMap ------------------------------------------------------- */

static void
plan_of_file(struct plan *p, plan_words_fn *fn, const char *relative)
{
	char path[4096];

	cr_assert(plan_words_path(path, sizeof(path), relative), "%s", path);
	plan_words_init(p);
	cr_assert_eq(fn(p, path, &d), ERR_OK, "%s", d.text);
	plan_zone_prepare(p);
	plan_words_sound(p);
	free(plan_words_zone(p));
}

Test(plan_osm, indoor_tags_make_rooms_of_ways_and_relations)
{
	struct plan p;
	const struct plan_item *court, *loft;

	plan_of_file(&p, plan_osm, "tests/plans/arcade.osm");
	cr_assert_str_eq(plan_words_item(&p, "backerei-muller")->type, "shop");
	plan_words_item(&p, "rm-12");
	court = plan_words_item(&p, "court");
	cr_assert_eq(court->area.count, 2u); /* with a hole */
	cr_assert_eq(court->area.rings[0].count, 4u);
	cr_assert(plan_words_noted(&p, "\"0.5\" is rounded down"));
	loft = plan_words_item(&p, "loft");
	cr_assert_eq(loft->levels.count, 2u);
	cr_assert_float_eq(loft->height, 7, 1e-9);
	cr_assert_eq(loft->loc.alt, 300);
	plan_free(&p);
}

Test(plan_osm, points_learn_their_level_from_the_room_around_them)
{
	struct plan p;

	plan_of_file(&p, plan_osm, "tests/plans/arcade.osm");
	cr_assert_eq(plan_words_item(&p, "vending-machine")->levels.count, 1u);
	cr_assert(plan_words_left(&p, "outside of every room"));
	plan_free(&p);
}

Test(plan_osm, what_is_not_there_or_deleted_is_told)
{
	struct plan p;

	plan_of_file(&p, plan_osm, "tests/plans/arcade.osm");
	cr_assert_eq(plan_words_item(&p, "cut-off")->geo, NULL);
	cr_assert(plan_words_noted(&p, "1 of its 3 nodes"));
	for (size_t i = 0; i < p.count; i++)
		cr_assert_str_neq(p.items[i]->owner, "deleted");
	cr_assert(plan_words_left(&p, "a relation of type building"));
	plan_free(&p);
}

Test(plan_osm, broken_xml_is_told_with_its_line)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_osm,
				     "<osm>\n<node id='1'>\n</osm>", &d),
		     ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, ":3:"), "%s", d.text);
	cr_assert_eq(plan_words_file(&p, plan_osm, "<html></html>", &d),
		     ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, "not OSM XML"), "%s", d.text);
	plan_free(&p);
}

/* --- IMDF ---------------------------------------------------------------- */

Test(plan_imdf, units_have_floor_building_and_address)
{
	struct plan p;
	const struct plan_item *lab;

	plan_of_file(&p, plan_imdf, "tests/plans/tower.imdf");
	lab = plan_words_item(&p, "lab");
	cr_assert_str_eq(lab->name, "Lab"); /* a string, no languages */
	cr_assert_str_eq(lab->floor, "G");
	cr_assert_str_eq(plan_value(&lab->civic, "BLD"), "Tower");
	cr_assert_str_eq(plan_value(&p.civic, "A3"), "Dundee");
	cr_assert_str_eq(plan_value(&p.civic, "HNO"), "12");
	plan_words_item(&p, "rm-1-07");
	plan_free(&p);
}

Test(plan_imdf, an_occupant_names_its_unit_and_the_next_is_a_spot)
{
	struct plan p;

	plan_of_file(&p, plan_imdf, "tests/plans/tower.imdf");
	cr_assert_eq(plan_words_item(&p, "joes-barbershop")->kind, PLAN_ROOM);
	cr_assert_eq(plan_words_item(&p, "key-cutting")->kind, PLAN_SPOT);
	cr_assert(plan_words_left(&p, "its anchor is not in the plan"));
	plan_free(&p);
}

Test(plan_imdf, amenities_are_on_the_level_of_their_unit)
{
	struct plan p;

	plan_of_file(&p, plan_imdf, "tests/plans/tower.imdf");
	cr_assert_eq(plan_words_item(&p, "atm")->levels.at[0], 0);
	cr_assert_eq(plan_words_item(&p, "front-desk")->kind, PLAN_SPOT);
	cr_assert(plan_words_noted(&p, "its level is not in the plan"));
	plan_free(&p);
}

Test(plan_imdf, names_come_in_the_language_that_is_asked_for)
{
	struct plan p;

	plan_words_options.language = "de-AT";
	plan_of_file(&p, plan_imdf, "tests/plans/tower.imdf");
	cr_assert_str_eq(p.building, "Turm");
	plan_free(&p);
}

Test(plan_imdf, floors_are_names_if_they_are_asked_for)
{
	struct plan p;

	plan_words_options.by_level = true;
	plan_of_file(&p, plan_imdf, "tests/plans/tower.imdf");
	cr_assert_str_eq(plan_words_item(&p, "level-0")->name, "Ground");
	cr_assert_not_null(plan_words_item(&p, "level-1")->geo);
	plan_words_item(&p, "walkway.level-1");
	plan_words_item(&p, "lost"); /* on no level */
	plan_free(&p);
}

/* --- Brick --------------------------------------------------------------- */

Test(plan_brick, equipment_is_below_the_room_that_it_serves_alone)
{
	struct plan p;
	char *zone;

	plan_of_file(&p, plan_brick, "tests/plans/office.ttl");
	plan_words_item(&p, "rm-101");
	plan_words_item(&p, "vav.rm-101");
	plan_words_item(&p, "temp-sensor.rm-101");
	plan_words_item(&p, "hvac-zone.rm-101");
	plan_words_item(&p, "vav.rm-199");
	zone = plan_words_zone(&p);
	cr_assert_not_null(strstr(zone, "\n_feeds.ahu-1\tPTR\tvav.rm-101\n"));
	cr_assert_not_null(strstr(zone, "\n@\tPTR\tfloor-1\n"));
	cr_assert_null(strstr(zone, "\tLOC\t"));
	cr_assert(plan_words_left(&p, "a property that has no record"));
	free(zone);
	plan_free(&p);
}

Test(plan_brick, a_room_is_one_with_the_room_of_the_geometry)
{
	struct plan p;
	char path[4096];
	const struct plan_item *room;

	plan_words_init(&p);
	cr_assert(plan_words_path(path, sizeof(path),
				  "tests/plans/office-floor-1.geojson"));
	cr_assert_eq(plan_geojson(&p, path, false, &d), ERR_OK);
	cr_assert(
		plan_words_path(path, sizeof(path), "tests/plans/office.ttl"));
	cr_assert_eq(plan_brick(&p, path, &d), ERR_OK);
	plan_zone_prepare(&p);
	room = plan_words_item(&p, "rm-101");
	cr_assert_not_null(room->geo);
	cr_assert_str_eq(room->name, "Meeting Room Large");
	cr_assert_str_eq(plan_value(&room->texts, "brick"), "Conference_Room");
	cr_assert(plan_words_noted(&p, "no outline has this number"));
	cr_assert_not(plan_words_item(&p, "rm-199")->has_loc);
	plan_free(&p);
}

Test(plan_brick, a_circle_of_holders_is_cut)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_brick,
				     "@prefix : <http://x/#> .\n"
				     ":a :hasPart :b . :b :hasPart :c .\n"
				     ":c :hasPart :a . :a a :Room .\n",
				     &d),
		     ERR_OK);
	cr_assert_eq(p.count, 3u);
	free(plan_words_zone(&p));
	plan_free(&p);
}

Test(plan_brick, broken_turtle_is_told_with_its_line)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_brick,
				     "@prefix : <http://x/#> .\n:a :b\n", &d),
		     ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, ":3:"), "%s", d.text);
	plan_free(&p);
}

/* --- the zone file ------------------------------------------------------- */

Test(plan_zone, a_room_has_a_place_a_footprint_and_an_address)
{
	struct plan p;
	char *zone;

	plan_words_options.building = "Tower \"A\"";
	plan_of(&p, "floor-2.json", ROOM("\"name\":\"Café\",\"ref\":\"1420\""));
	zone = plan_words_zone(&p);
	cr_assert_not_null(strstr(zone, "\nrm-1420\tTXT \"name=Caf\\195\\169\" "
					"\"ref=1420\" \"type=room\"\n"));
	cr_assert_not_null(strstr(
		zone, "\nrm-1420\tLOC\t0 0 0.180 N 0 0 0.180 E 6.00m 20m "
		      "0.10m 0.10m\n"));
	cr_assert_not_null(strstr(zone, "\n_geo.rm-1420\tTXT \"fp=-556,-556 "
					"556,-556 556,556 -556,556\" "
					"\"z=0,300\" \"lvl=2\"\n"));
	cr_assert_not_null(strstr(
		zone, "\n_civic.rm-1420\tTXT \"BLD=Tower \\\"A\\\"\" "
		      "\"FLR=2\" \"ROOM=1420\" \"NAM=Caf\\195\\169\"\n"));
	free(zone);
	plan_free(&p);
}

Test(plan_zone, a_long_name_is_cut_between_letters)
{
	struct plan p;
	char properties[1024] = "", *zone, *name;

	for (unsigned i = 0; i < 150; i++)
		strcat(properties, "é");
	plan_words_init(&p);
	name = plan_format(&p,
			   "{\"type\":\"Feature\",\"properties\":{\"name\":"
			   "\"%s\"},\"geometry\":{\"type\":\"Point\","
			   "\"coordinates\":[0,0]}}",
			   properties);
	cr_assert_eq(plan_words_geojson(&p, "p", name, &d), ERR_OK);
	zone = plan_words_zone(&p);
	cr_assert_not_null(strstr(zone, "\\169\" \"type=place\""));
	free(zone);
	plan_free(&p);
}

Test(plan_zone, an_outline_too_long_for_a_record_leaves_a_position)
{
	struct plan p;
	struct plan_feature f = {.file = "p", .id = "1", .altitude = NAN};
	struct plan_ring *ring;

	plan_words_init(&p);
	plan_pair(&p, &f.tags, "name", "a");
	ring = plan_area_add(&p, plan_feature_area(&p, &f));
	for (unsigned i = 0; i < 6000; i++)
		plan_ring_add(&p, ring, 0.01 * sin(i * M_PI / 3000),
			      0.01 * cos(i * M_PI / 3000));
	plan_feature_take(&p, &f);
	plan_zone_prepare(&p);
	cr_assert(plan_words_item(&p, "a")->has_loc);
	cr_assert_null(plan_words_item(&p, "a")->geo);
	cr_assert(plan_words_noted(&p, "a position only"));
	free(plan_words_zone(&p));
	plan_free(&p);
}

/* --- real buildings ------------------------------------------------------ */

static void
real(plan_words_fn *fn, const char *relative, size_t rooms)
{
	struct plan p;
	struct plan_counts n;
	char path[4096];

	if (!plan_words_path(path, sizeof(path), relative))
		cr_skip_test("there is no %s", relative);
	plan_of_file(&p, fn, relative);
	plan_report_count(&p, &n);
	cr_assert_eq(n.rooms, rooms, "%zu rooms", n.rooms);
	plan_free(&p);
}

static enum err
read_geojson(struct plan *p, const char *path, struct diag *diag)
{
	return plan_geojson(p, path, false, diag);
}

/* 58 rooms (of 59: one is a line at the edge), 9 corridors, a car park. */
Test(plan_real, the_shopping_centre_as_xml)
{
	real(plan_osm, "../shared/data/osm-indoor/caserne.osm", 68);
}

Test(plan_real, the_shopping_centre_as_geojson)
{
	real(plan_osm, "../shared/data/osm-indoor/caserne.geojson", 68);
}

/* 81 rooms, 24 corridors, 11 areas, 16 platforms and a car park. */
Test(plan_real, the_station)
{
	real(read_geojson, "../shared/data/osm-indoor/gare-de-l-est.geojson",
	     133);
}

Test(plan_real, an_office_with_a_file_a_floor)
{
	real(read_geojson, "../shared/data/westport-house/main.json", 61);
}

Test(plan_real, soda_hall)
{
	real(plan_brick, "../shared/data/brick/soda_brick.ttl", 243);
}

Test(plan_real, rice_hall)
{
	real(plan_brick, "../shared/data/brick/rice_brick.ttl", 90);
}
