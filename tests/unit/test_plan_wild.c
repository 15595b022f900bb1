/* Building plans as other people's programs write them. */
#include "tests/unit/plan_words.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct diag d;

#define SQUARE "[[0,0],[0.0001,0],[0.0001,0.0001],[0,0.0001],[0,0]]"
#define ROOM_AT(properties, rings)                                            \
	"{\"type\":\"Feature\",\"properties\":{" properties "},\"geometry\":" \
	"{\"type\":\"Polygon\",\"coordinates\":[" rings "]}}"
#define ROOM(properties) ROOM_AT(properties, SQUARE)

#define COLLECTION(name)                                       \
	"{\"type\":\"FeatureCollection\",\"features\":[" ROOM( \
		"\"name\":\"" name "\"") "]}"
#define LINE(properties)                                                      \
	"{\"type\":\"Feature\",\"properties\":{" properties "},\"geometry\":" \
	"{\"type\":\"LineString\",\"coordinates\":" SQUARE "}}"

/* A plan of one feature collection, whose zone file is fine. */
static void
geojson(struct plan *p, const char *features)
{
	static char text[1 << 14];

	plan_words_init(p);
	snprintf(text, sizeof(text),
		 "{\"type\":\"FeatureCollection\",\"features\":[%s]}",
		 features);
	cr_assert_eq(plan_words_geojson(p, "plan.json", text, &d), ERR_OK, "%s",
		     d.text);
	plan_words_sound(p);
	free(plan_words_zone(p));
}

static void
taken(struct plan *p, plan_words_fn *fn, const char *text)
{
	plan_words_init(p);
	cr_assert_eq(plan_words_file(p, fn, text, &d), ERR_OK, "%s", d.text);
	plan_words_sound(p);
	free(plan_words_zone(p));
}

static void
refused(const char *text, const char *sentence)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_neq(plan_words_geojson(&p, "plan.json", text, &d), ERR_OK);
	cr_assert_not_null(strstr(d.text, sentence), "%s", d.text);
	for (const char *at = d.text; *at != '\0'; at++)
		cr_assert_geq((unsigned char)*at, ' ', "%s", d.text);
	plan_free(&p);
}

/* The first level of text, or 1000. */
static int
level(const char *text)
{
	struct plan_levels levels = {0};

	return plan_level_parse(&levels, text) ? levels.at[0] : 1000;
}

static int
level_id(const char *text)
{
	struct plan_levels levels = {0};

	return plan_level_id(&levels, text) ? levels.at[0] : 1000;
}

/* --- property names ------------------------------------------------------ */

Test(plan_wild, arcgis_indoors_is_understood)
{
	struct plan p;
	const struct plan_item *item;

	geojson(&p,
		ROOM("\"UNIT_ID\":\"RED.MAIN.L02.2041\",\"NAME\":\"2041\","
		     "\"NAME_LONG\":\"Conference Room\",\"USE_TYPE\":"
		     "\"Conference\",\"LEVEL_ID\":\"RED.MAIN.L02\"") "," ROOM("\"NAME\":\"B01\",\"USE_TYPE\":\"Storage\","
									      "\"LEVEL_ID\":\"RED.Q.2\",\"VERTICAL_ORDER\":-1"));
	item = plan_words_item(&p, "rm-2041");
	cr_assert_str_eq(item->name, "Conference Room");
	cr_assert_str_eq(item->type, "Conference");
	cr_assert_eq(item->levels.at[0], 2);
	cr_assert_eq(plan_words_item(&p, "b01")->levels.at[0], -1);
	plan_free(&p);
}

Test(plan_wild, archibus_is_understood)
{
	struct plan p;
	const struct plan_item *item;

	geojson(&p, ROOM("\"bl_id\":\"HQ\",\"fl_id\":\"17\",\"rm_id\":\"101\","
			 "\"rm_cat\":\"OFFICE\""));
	item = plan_words_item(&p, "rm-101");
	cr_assert_str_eq(item->type, "OFFICE");
	cr_assert_eq(item->levels.at[0], 17);
	cr_assert_str_eq(plan_value(&item->civic, "BLD"), "HQ");
	plan_free(&p);
}

Test(plan_wild, keys_are_those_of_a_table_for_people)
{
	struct plan p;
	const struct plan_item *item;

	geojson(&p, ROOM("\"Room Number\":\"12.04\",\"Room Name\":\"Sala\","
			 "\"Floor-Name\":\"1\xc2\xba andar\""));
	item = plan_words_item(&p, "rm-12-04");
	cr_assert_str_eq(item->name, "Sala");
	cr_assert_eq(item->levels.at[0], 1);
	plan_free(&p);
}

Test(plan_wild, a_code_is_no_type)
{
	struct plan p;

	geojson(&p, ROOM("\"name\":\"a\",\"function\":\"1010\""));
	cr_assert_str_eq(plan_words_item(&p, "a")->type, "room");
	plan_free(&p);
}

Test(plan_wild, a_number_that_is_left_of_a_name_is_a_number)
{
	struct plan p;

	geojson(&p,
		ROOM("\"name\":\"\xe4\xbc\x9a\xe8\xae\xae\xe5\xae\xa4 3\""));
	plan_words_item(&p, "rm-3");
	plan_free(&p);
}

Test(plan_wild, raum_und_geschoss)
{
	struct plan p;
	const struct plan_item *item;

	geojson(&p, ROOM("\"RAUM_NR\":\"1.04\",\"RAUMNAME\":\"B\xc3\xbcro\","
			 "\"GESCHOSS\":\"1.OG\",\"NUTZUNG\":\"Archiv\""));
	item = plan_words_item(&p, "rm-1-04");
	cr_assert_str_eq(item->name, "B\xc3\xbcro");
	cr_assert_str_eq(item->type, "Archiv");
	cr_assert_eq(item->levels.at[0], 1);
	plan_free(&p);
}

Test(plan_wild, an_id_names_what_has_nothing_else_unless_it_is_a_uuid)
{
	struct plan p;

	geojson(&p, ROOM("\"room_id\":\"R12\"") "," ROOM(
			    "\"room_id\":\"3f2504e0-4f89-11d3-9a0c-"
			    "0305e82c3301\",\"type\":\"lab\""));
	plan_words_item(&p, "r12");
	plan_words_item(&p, "lab");
	plan_free(&p);
}

Test(plan_wild, classes_of_ifc_are_understood)
{
	struct plan p;

	geojson(&p, ROOM("\"ifc_class\":\"IfcSpace\",\"Name\":\"13\","
			 "\"LongName\":\"Bath\"") "," ROOM("\"ifc_class\":"
							   "\"IfcWallStandard"
							   "Case\",\"Name\":"
							   "\"w\""));
	cr_assert_eq(p.count, 1u);
	cr_assert_str_eq(plan_words_item(&p, "rm-13")->type, "room");
	cr_assert(plan_words_left(&p, "not a room: IfcWallStandardCase"));
	plan_free(&p);
}

Test(plan_wild, gdal_keeps_tags_in_one_string)
{
	struct plan p;
	const struct plan_item *item;

	geojson(&p, ROOM("\"name\":\"Shop\",\"other_tags\":\"\\\"indoor\\\"=>"
			 "\\\"room\\\",\\\"level\\\"=>\\\"2\\\",\\\"note\\\"=>"
			 "\\\"a \\\\\\\"b\\\\\\\"\\\"\""));
	item = plan_words_item(&p, "shop");
	cr_assert_eq(item->levels.at[0], 2);
	plan_free(&p);
	geojson(&p, ROOM("\"name\":\"a\",\"other_tags\":\"\\\"level\\\"=>\""));
	cr_assert_eq(plan_words_item(&p, "a")->levels.count, 0u);
	plan_free(&p);
}

/* --- levels -------------------------------------------------------------- */

Test(plan_wild, levels_in_words_of_many_places)
{
	cr_assert_eq(level("B1F"), -1);
	cr_assert_eq(level("Lower Ground"), -1);
	cr_assert_eq(level("Basement 2"), -2);
	cr_assert_eq(level("Basement Level 2"), -2);
	cr_assert_eq(level("\xc3\x89tage 2"), 2);
	cr_assert_eq(level("sous-sol"), -1);
	cr_assert_eq(level("3\xec\xb8\xb5"), 3);
	cr_assert_eq(level("\xec\xa7\x80\xed\x95\x98 1\xec\xb8\xb5"), -1);
	cr_assert_eq(level("\xe7\xac\xac"
			   "3\xe5\xb1\x82"),
		     3);
	cr_assert_eq(level("Mezzanine"), 1000);
	cr_assert_eq(level("P1"), 1000);
}

Test(plan_wild, a_range_of_levels_may_go_down)
{
	struct plan_levels levels = {0};

	cr_assert(plan_level_parse(&levels, "5-3"));
	cr_assert_eq(levels.count, 3u);
	cr_assert_eq(levels.at[0], 3);
}

Test(plan_wild, an_id_of_a_level_may_end_with_its_number)
{
	cr_assert_eq(level_id("ESRI.RED.Q.2"), 2);
	cr_assert_eq(level_id("HQ-B1"), -1);
	cr_assert_eq(level_id("0e4b1c1a-1111-4b12-8f00-b12aa1234512"), 1000);
	cr_assert_eq(level("0e4b1c1a-1111-4b12-8f00-b12-2"), 1000);
}

static const char *
levels(const char *text)
{
	static char dst[PLAN_LEVELS_TEXT];
	struct plan_levels got = {0};

	return plan_level_parse(&got, text) ? plan_level_format(dst, &got) : "";
}

static const char *
levels_of_file(const char *path)
{
	static char dst[PLAN_LEVELS_TEXT];
	struct plan_levels got = {0};

	if (!plan_level_file(&got, path))
		return "";
	plan_level_format(dst, &got);
	return got.doubtful ? strcat(dst, "?") : dst;
}

Test(plan_wild, levels_in_words_of_more_places)
{
	cr_assert_eq(level("2. Untergeschoss"), -2);
	cr_assert_eq(level("2.UG"), -2);
	cr_assert_eq(level("1. Obergeschoss"), 1);
	cr_assert_eq(level("sous-sol 2"), -2);
	cr_assert_eq(level("R+1"), 1);
	cr_assert_eq(level("R-2"), -2);
	cr_assert_eq(level("S\xc3\xb3tano 2"), -2);
	cr_assert_eq(level("Planta baja"), 0);
	cr_assert_eq(level("Piano terra"), 0);
	cr_assert_eq(level("3. emelet"), 3);
	cr_assert_eq(level("1/F"), 1);
	cr_assert_eq(level("\xe4\xb8\x89\xe6\xa5\xbc"), 3);
	cr_assert_eq(level("\xe5\xbc\xba"), 1000);
	cr_assert_eq(level("haus 2 keller"), -1);
}

Test(plan_wild, words_for_levels_come_in_lists_and_ranges)
{
	cr_assert_str_eq(levels("EG;1.OG"), "0,1");
	cr_assert_str_eq(levels("B1, EG"), "-1,0");
	cr_assert_str_eq(levels("B2-L1"), "-2,-1,0,1");
	cr_assert_str_eq(levels("EG-2.OG"), "0,1,2");
	cr_assert_str_eq(levels("UG-1"), "-1");
	cr_assert_str_eq(levels("Tower B1, Level 3"), "3");
	cr_assert_str_eq(levels("Tower G-Level 2"), "2");
	cr_assert_str_eq(levels("G/F"), "0");
}

Test(plan_wild, a_number_in_the_name_of_a_file_is_doubted)
{
	struct plan p;

	cr_assert_str_eq(levels_of_file("haus/1.OG.geojson"), "1");
	cr_assert_str_eq(levels_of_file("Haus 2.UG.geojson"), "-2");
	cr_assert_str_eq(levels_of_file("rooms-2.geojson"), "2?");
	cr_assert_str_eq(levels_of_file("rooms (2).geojson"), "");
	cr_assert_str_eq(levels_of_file("export_2024-11-05.geojson"), "");
	plan_words_init(&p);
	cr_assert_eq(plan_words_geojson(&p, "rooms-2.json",
					ROOM("\"name\":\"a\""), &d),
		     ERR_OK);
	cr_assert(plan_words_noted(&p, "the number in the file's name, 2"));
	plan_free(&p);
}

Test(plan_wild, more_levels_than_there_is_room_for_are_told)
{
	struct plan p;

	geojson(&p, ROOM("\"name\":\"a\",\"level\":\"0-99\""));
	cr_assert(plan_words_noted(&p, "only 64 of its levels"));
	plan_free(&p);
}

Test(plan_wild, what_people_call_a_floor_stays)
{
	struct plan p;
	char *zone;

	geojson(&p, ROOM("\"name\":\"a\",\"level\":\"EG\"") "," ROOM(
			    "\"name\":\"b\",\"level\":1,\"level:ref\":"
			    "\"Mezzanine\"") "," ROOM("\"name\":\"c\","
						      "\"level\":\"1;2\""));
	zone = plan_words_zone(&p);
	cr_assert_not_null(strstr(zone, "_civic.a\tTXT \"FLR=EG\""));
	cr_assert_not_null(strstr(zone, "_civic.b\tTXT \"FLR=Mezzanine\""));
	cr_assert_not_null(strstr(zone, "_civic.c\tTXT \"FLR=1,2\""));
	free(zone);
	plan_free(&p);
}

#define NODES                                 \
	"<node id='1' lat='1' lon='1'/>"      \
	"<node id='2' lat='1' lon='1.0001'/>" \
	"<node id='3' lat='1.0001' lon='1.0001'/>"
#define TAG(k, v) "<tag k='" k "' v='" v "'/>"
#define WAY(id, tags)                                              \
	"<way id='" id "'><nd ref='1'/><nd ref='2'/><nd ref='3'/>" \
	"<nd ref='1'/>" TAG("indoor", "room") tags "</way>"

Test(plan_wild, openstreetmap_repeats_rooms_on_levels)
{
	struct plan p;

	taken(&p, plan_osm,
	      "<osm>" NODES WAY("4", TAG("name", "a") TAG("level", "0")
					     TAG("repeat_on", "2-3"))
		      WAY("5", TAG("name", "b") TAG("min_level", "-1")
				       TAG("max_level", "1"))
			      WAY("6", TAG("highway", "elevator") TAG(
					       "level", "-1;0;1")) "</osm>");
	cr_assert_eq(plan_words_item(&p, "a")->levels.count, 3u);
	cr_assert_eq(plan_words_item(&p, "a")->levels.at[2], 3);
	cr_assert_eq(plan_words_item(&p, "b")->levels.count, 3u);
	cr_assert_eq(plan_words_item(&p, "b")->levels.at[0], -1);
	cr_assert_eq(plan_words_item(&p, "elevator")->levels.count, 3u);
	plan_free(&p);
}

/* As Overpass has it after "out geom" and "out center". */
Test(plan_wild, overpass_tells_places_of_nodes_within_ways)
{
	struct plan p;

	taken(&p, plan_osm,
	      "<osm><way id='1'><center lat='1.5' lon='1'/><nd ref='9'/>" TAG(
		      "indoor", "room") TAG("name", "centre")
		      TAG("level",
			  "0") "</way>"
			       "<way id='2'><bounds minlat='1'/><nd ref='1' "
			       "lat='1' lon='1'/>"
			       "<nd ref='2' lat='1' lon='1.0001'/>"
			       "<nd ref='3' lat='1.0001' lon='1'/><nd ref='1' "
			       "lat='1' lon='1'/>" TAG("indoor", "room") TAG(
				       "name",
				       "way") "</way>"
					      "<relation id='3'><member "
					      "type='way' ref='7' role='outer'>"
					      "<nd lat='2' lon='1'/><nd "
					      "lat='2' lon='1.0001'/>"
					      "<nd lat='2.0001' "
					      "lon='1'/></member><member "
					      "type='node' ref='4' "
					      "lat='3' lon='3'/><member "
					      "type='way' ref='8' role='outer'>"
					      "<nd lat='2' lon='1'/><nd "
					      "lat='2.0001' "
					      "lon='1'/></member>" TAG(
						      "type", "multipolygon")
						      TAG("indoor", "room") TAG(
							      "name",
							      "relation") "</"
									  "rela"
									  "tion"
									  "></"
									  "osm"
									  ">");
	cr_assert_not_null(plan_words_item(&p, "way")->geo);
	cr_assert_not_null(plan_words_item(&p, "relation")->geo);
	cr_assert_eq(plan_words_item(&p, "centre")->kind, PLAN_SPOT);
	cr_assert_str_eq(plan_words_item(&p, "centre")->type, "room");
	cr_assert(plan_words_noted(&p, "its outline is not in the file"));
	cr_assert(!plan_words_noted(&p, "not closed"));
	plan_free(&p);
}

Test(plan_wild, openstreetmap_has_names_under_other_keys)
{
	struct plan p;

	taken(&p, plan_osm,
	      "<osm>" NODES WAY("4", TAG("loc_ref", "B7")) WAY(
		      "5", TAG("alt_name", "Old"))
		      WAY("6", TAG("name:de", "Halle") TAG("name:en", "Hall"))
			      WAY("7", TAG("name", "a") TAG("level", "0") TAG(
					       "level:ref", "EG")) "</osm>");
	plan_words_item(&p, "b7");
	plan_words_item(&p, "old");
	plan_words_item(&p, "hall");
	cr_assert_str_eq(plan_words_item(&p, "a")->floor, "EG");
	plan_free(&p);
}

Test(plan_wild, a_node_without_numbers_is_nowhere)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_osm,
				     "<osm><node id='1' lat='' lon='1'>" TAG(
					     "name", "a") "</node></osm>",
				     &d),
		     ERR_OK);
	cr_assert_eq(p.count, 0u);
	cr_assert(plan_words_left(&p, "coordinates that are not degrees"));
	plan_free(&p);
}

/* --- shapes -------------------------------------------------------------- */

Test(plan_wild, holes_that_cannot_be_do_not_cost_the_outline)
{
	struct plan p;

	geojson(&p,
		ROOM_AT("\"name\":\"tiny\"", SQUARE
			",[[0.00002,0.00002],[0.00002001,0.00002],"
			"[0.00002,0.00002001]]") "," ROOM_AT("\"name\":"
							     "\"same\"",
							     SQUARE
							     "," SQUARE) "," ROOM_AT("\"name\":\"away\"",
										     SQUARE
										     ",[[1,1],[1.0001,1],[1.0001,1.0001],[1,1.0001]]"));
	cr_assert_not_null(plan_words_item(&p, "tiny")->geo);
	cr_assert_not_null(plan_words_item(&p, "same")->geo);
	cr_assert_not_null(plan_words_item(&p, "away")->geo);
	cr_assert(plan_words_noted(&p, "its holes are left out"));
	plan_free(&p);
}

Test(plan_wild, a_building_on_the_antimeridian_is_one)
{
	struct plan p;

	geojson(&p,
		ROOM_AT("\"name\":\"cross\",\"level\":3",
			"[[179.9999,-17],[-179.9999,-17],[-179.9999,-16.9999],"
			"[179.9999,-16.9999]]") "," ROOM_AT("\"name\":"
							    "\"beyond\","
							    "\"level\":3",
							    "[[179.9999,-18],["
							    "180.0001,-18],["
							    "180.0001,-17.9999]"
							    ","
							    "[179.9999,-17."
							    "9999]]") ",{"
								      "\"type\""
								      ":\"Featu"
								      "re\","
								      "\"proper"
								      "ties\":{"
								      "\"name\""
								      ":\"west"
								      "\"},"
								      "\"geomet"
								      "ry\":{"
								      "\"type\""
								      ":\"Point"
								      "\","
								      "\"coordi"
								      "nates\":"
								      "[-179."
								      "99995,-"
								      "16."
								      "99995]}"
								      "}");
	cr_assert_not_null(plan_words_item(&p, "cross")->geo);
	cr_assert_not_null(plan_words_item(&p, "beyond")->geo);
	cr_assert_eq(plan_words_item(&p, "west")->levels.count, 1u);
	cr_assert_eq(plan_words_item(&p, "west")->levels.at[0], 3);
	plan_free(&p);
}

Test(plan_wild, collections_may_be_in_and_behind_each_other)
{
	static const char *const texts[] = {
		"{\"type\":\"FeatureCollection\",\"features\":[" COLLECTION(
			"a") "," ROOM("\"name\":\"b\"") "]}",
		"[" COLLECTION("a") "," COLLECTION("b") "]",
		COLLECTION("a") "\n\n" COLLECTION("b"),
		"\x1e" COLLECTION("a") "\n\x1e" COLLECTION("b"),
	};
	struct plan p;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		plan_words_init(&p);
		cr_assert_eq(plan_words_geojson(&p, "plan.json", texts[i], &d),
			     ERR_OK, "%s", d.text);
		plan_words_item(&p, "a");
		plan_words_item(&p, "b");
		cr_assert_eq(p.count, 2u);
		plan_free(&p);
	}
}

Test(plan_wild, a_closed_line_with_a_name_is_a_room)
{
	struct plan p;

	geojson(&p, LINE("\"name\":\"a\"") "," LINE("\"layer\":\"x\"") "," LINE(
			    "\"name\":\"w\",\"type\":\"wall\""));
	cr_assert_eq(p.count, 1u);
	cr_assert_not_null(plan_words_item(&p, "a")->geo);
	cr_assert(plan_words_left(&p, "a line"));
	cr_assert(plan_words_left(&p, "not a room: wall"));
	plan_free(&p);
}

/* --- what is no such plan ------------------------------------------------ */

Test(plan_wild, coordinates_in_metres_are_told_once)
{
	refused("{\"type\":\"FeatureCollection\",\"features\":[" ROOM_AT(
			"\"name\":\"a\"", "[[362000,5621000],[362010,5621000],["
					  "362010,5621010]]") "]}",
		"not degrees; convert it to WGS 84");
}

Test(plan_wild, other_formats_are_told_by_name)
{
	refused("{\"features\":[{\"attributes\":{},\"geometry\":{}}]}", "Esri");
	refused("<?xml version='1.0'?><osm/>", "the format is osm");
	refused("@prefix a: <b> .", "the format is brick");
}

Test(plan_wild, no_octet_of_a_file_reaches_the_terminal)
{
	refused("[\"\x1b[31m", "plan.json:1");
	refused("{\"type\":\"FeatureCollection\",\"features\":[],\"crs\":"
		"{\"properties\":{\"name\":\"\\u001b[31m\\n\"}}}",
		"not in WGS 84");
}

Test(plan_wild, metres_of_a_drawing_are_no_turned_axes)
{
	refused("{\"type\":\"FeatureCollection\",\"features\":[" ROOM_AT(
			"\"name\":\"a\"",
			"[[6,100],[11,100],[11,104],[6,104],[6,100]]") "]}",
		"not degrees; convert it to WGS 84");
	refused("{\"type\":\"FeatureCollection\",\"features\":[" ROOM_AT(
			"\"name\":\"a\"",
			"[[37,-122.4],[37,-122.3999],[37.0001,-122.4]]") "]}",
		"its latitudes stand in front");
	refused("{\"type\":\"FeatureCollection\",\"features\":[],\"crs\":"
		"{\"type\":\"EPSG\",\"properties\":{\"code\":25832}}}",
		"EPSG:25832, not in WGS 84");
}

Test(plan_wild, an_encoding_that_is_not_json_s_is_told)
{
	refused("[\"K\xfc\"]", "it is not UTF-8");
	refused("\xff\xfe{", "this is UTF-16; save it as UTF-8");
}

Test(plan_wild, a_packed_file_is_told)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_osm, "\x1f\x8b\x08", &d),
		     ERR_SYNTAX);
	cr_assert_not_null(strstr(d.text, "unpack it with gunzip"));
	plan_free(&p);
}

/* A few of these in an archive would be gigabytes. */
Test(plan_wild, values_beyond_all_memory_are_refused)
{
	size_t len = 24 << 20;
	char *text = malloc(len + 1);

	memset(text, '{', len);
	text[len] = '\0';
	refused(text, "would take more than 2 GiB");
	free(text);
}

/* --- brick --------------------------------------------------------------- */

#define PREFIXES                                                     \
	"@prefix brick: <https://brickschema.org/schema/Brick#> .\n" \
	"@prefix rec: <https://w3id.org/rec#> .\n"                   \
	"@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"  \
	"@prefix : <urn:example:campus#> .\n"

Test(plan_wild, each_of_several_buildings_has_a_name)
{
	struct plan p;

	taken(&p, plan_brick,
	      PREFIXES ":one a rec:Building ; rec:includes :f0 .\n"
		       ":two a brick:Building ; brick:hasPart :f1 .\n"
		       ":f0 a rec:Level ; rec:levelNumber 0 .\n"
		       ":f1 a brick:Floor ; rdfs:label \"B1\" .\n"
		       ":hall a rec:Room ; brick:isPartOf :f0 .\n"
		       ":cellar a rec:Room ; brick:isPartOf :f1 .\n");
	plan_words_item(&p, "one");
	plan_words_item(&p, "two");
	cr_assert_str_eq(plan_value(&plan_words_item(&p, "hall")->civic, "BLD"),
			 "one");
	cr_assert_str_eq(
		plan_value(&plan_words_item(&p, "cellar")->civic, "BLD"),
		"two");
	cr_assert_eq(plan_words_item(&p, "hall")->levels.at[0], 0);
	cr_assert_eq(plan_words_item(&p, "cellar")->levels.at[0], -1);
	plan_free(&p);
}

Test(plan_wild, a_label_is_taken_in_the_language_asked_for)
{
	static const char text[] =
		PREFIXES ":r a brick:Room ; rdfs:label \"K\xc3\xbc"
			 "che\"@de , "
			 "\"Kitchen\"@en , \"Cucina\"@it .\n";
	struct plan p;

	taken(&p, plan_brick, text);
	cr_assert_str_eq(plan_words_item(&p, "r")->name, "Kitchen");
	plan_free(&p);
	plan_words_options.language = "it";
	taken(&p, plan_brick, text);
	cr_assert_str_eq(plan_words_item(&p, "r")->name, "Cucina");
	plan_free(&p);
}

Test(plan_wild, a_blank_node_is_a_thing_where_something_holds_it)
{
	struct plan p;

	taken(&p, plan_brick,
	      PREFIXES ":r a brick:Room ; brick:hasPoint "
		       "[ a brick:CO2_Sensor ] .\n[] a brick:Meter .\n");
	plan_words_item(&p, "co2-sensor.r");
	cr_assert(plan_words_left(&p, "without a name that nothing holds"));
	cr_assert_eq(p.count, 2u);
	plan_free(&p);
}

Test(plan_wild, a_room_in_a_wing_is_on_the_floor_of_the_wing)
{
	struct plan p;

	taken(&p, plan_brick,
	      PREFIXES ":f a brick:Floor ; rdfs:label \"Level 2\" ; "
		       "brick:hasPart :w . :w a brick:Wing ; brick:hasPart :r ."
		       " :r a brick:Room ; brick:hasPart :c . "
		       ":c a brick:Room .\n");
	cr_assert_eq(plan_words_item(&p, "r")->levels.at[0], 2);
	cr_assert_eq(plan_words_item(&p, "c")->levels.at[0], 2);
	plan_free(&p);
}

Test(plan_wild, a_room_is_not_called_by_a_uuid_if_it_has_a_label)
{
	struct plan p;

	taken(&p, plan_brick,
	      PREFIXES ":3f2504e0-4f89-11d3-9a0c-0305e82c3301 a brick:Room ; "
		       "rdfs:label \"Lab 3\" .\n");
	plan_words_item(&p, "lab-3");
	plan_free(&p);
}

/* The reader calls itself for each. */
Test(plan_wild, nodes_deep_in_nodes_are_refused)
{
	size_t deep = 200000;
	char *text = calloc(deep + 64, 1);
	struct plan p;

	strcpy(text, "@prefix : <urn:x#> . # [[[ (\n:a :b '[[' , \"\"\"[\"\n");
	for (size_t i = 0; i < 60; i++)
		strcat(text, "[");
	strcat(text, "\"\"\" . :a :b ");
	plan_words_init(&p);
	cr_assert_neq(plan_words_file(&p, plan_brick, text, &d), ERR_OK);
	cr_assert_null(strstr(d.text, "nested"), "%s", d.text);
	plan_free(&p);
	strcpy(text, "@prefix : <urn:x#> .\n:a :b ");
	memset(text + strlen(text), '[', deep);
	plan_words_init(&p);
	cr_assert_eq(plan_words_file(&p, plan_brick, text, &d), ERR_RANGE);
	cr_assert_not_null(strstr(d.text, ":2: nodes are nested"), "%s",
			   d.text);
	plan_free(&p);
	free(text);
}

Test(plan_wild, a_hyphen_between_letter_and_digit_parts_no_rooms)
{
	struct plan p;

	plan_words_init(&p);
	cr_assert_eq(
		plan_words_file(&p, plan_osm,
				"<osm>" NODES WAY("4", TAG("ref", "R-103"))
					WAY("5", TAG("ref", "10-3")) "</osm>",
				&d),
		ERR_OK);
	cr_assert_eq(plan_words_file(&p, plan_brick,
				     PREFIXES ":R103 a brick:Room .\n"
					      ":Room_103 a brick:Room .\n",
				     &d),
		     ERR_OK);
	cr_assert_str_eq(
		plan_value(&plan_words_item(&p, "r-103")->texts, "brick"),
		"Room");
	cr_assert_null(
		plan_value(&plan_words_item(&p, "rm-10-3")->texts, "brick"));
	plan_free(&p);
}
