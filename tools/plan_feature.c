/* A feature with tags: is it a room, a spot, or nothing to be named? */
#include "tools/plan.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- keys ---------------------------------------------------------------- */

/* As they are without case, spaces, hyphens and underscores: "Room Number" of
 * a table, USE_TYPE of ArcGIS Indoors, rm_id of Archibus. */
static const char keys_name[] =
	"name,label,title,roomname,longname,namelong,unitname,spacename,"
	"shortname,raumname,bezeichnung,raumbezeichnung,raumbez,nom,nombre,"
	"nome,naam,navn,namn,nimi,nazev,nazwa,roomlabel,displayname,rmname,"
	"名称,名前,roomdescription,spacedescription,description";
static const char keys_ref[] =
	"roomnumber,roomno,roomnr,roomnum,roomref,ref,number,num,nummer,"
	"raumnummer,raumnr,numero,roomcode,unitnumber,spacenumber,rmid,rmno,"
	"rmnum,rmnr,localref,locref,房间号,no,nr";
static const char keys_ref_id[] = "roomid,spaceid,unitid,raumid";
static const char keys_level[] =
	"level,lvl,levels,verticalorder,floor,storey,story,ordinal,"
	"levelordinal,"
	"floornumber,floorlevel,levelnumber,levelindex,floorindex,floorname,"
	"levelname,storeyname,buildingstorey,flr,etage,geschoss,stockwerk,"
	"niveau,zorder,piso,planta,piano,verdieping,etasje,楼层";
static const char keys_level_id[] =
	"levelid,floorid,flid,storeyid,floorcode,levelcode";
static const char keys_floor[] = "levelref,levelname,floorname,storeyname";
static const char keys_type[] =
	"indoor,type,roomtype,spacetype,usetype,category,usage,use,class,"
	"ifctype,ifcclass,featuretype,kind,function,rmtype,rmcat,nutzung,"
	"nutzungsart,raumtyp,room";
static const char keys_name_osm[] =
	"name,official_name,loc_name,alt_name,short_name,int_name,brand";
static const char keys_height[] = "height,roomheight,ceilingheight";
static const char keys_altitude[] = "altitude,elevation";
static const char keys_building[] = "buildingname,facilityname,building,blid";

static const char *
key_letter(const char *at, const char *end)
{
	while (at < end && strchr(" _-.:", *at) != NULL)
		at++;
	return at;
}

/* True if key is word (len octets), as above. */
static bool
key_is(const char *key, const char *word, size_t len)
{
	const char *key_end = key + strlen(key), *end = word + len;

	for (;; key++, word++) {
		key = key_letter(key, key_end);
		word = key_letter(word, end);
		if (key == key_end || word == end)
			return key == key_end && word == end;
		if (tolower((unsigned char)*key) !=
		    tolower((unsigned char)*word))
			return false;
	}
}

/* The value of the first key of the list that has one; at *list on, which
 * moves behind that key. */
static const char *
feature_next(const struct plan_feature *f, const char **list)
{
	while (**list != '\0') {
		size_t len = strcspn(*list, ",");
		const char *key = *list;

		*list += len + (key[len] == ',');
		for (size_t i = 0; i < f->tags.count; i++)
			if (key_is(f->tags.at[i].key, key, len))
				return f->tags.at[i].value;
	}
	return NULL;
}

static const char *
feature_first(const struct plan_feature *f, const char *given,
	      const char *guessed)
{
	const char *list = given != NULL ? given : guessed;

	return feature_next(f, &list);
}

static const char *
feature_tag(const struct plan_feature *f, const char *key)
{
	return plan_value(&f->tags, key);
}

static bool
word_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(word, list[i]) == 0)
			return true;
	return false;
}

#define WORD_IN(word, list) word_in((word), (list), ARRAY_LEN(list))

double
plan_feature_metres(const char *text)
{
	char *end;
	double value;

	if (text == NULL)
		return NAN;
	value = strtod(text, &end);
	if (end == text || !isfinite(value))
		return NAN;
	while (*end == ' ')
		end++;
	if (*end != '\0' && strcasecmp(end, "m") != 0)
		return NAN;
	return value;
}

/* --- what it is ---------------------------------------------------------- */

enum feature_is {
	FEATURE_ROOM,
	FEATURE_SPOT,
	FEATURE_LEVEL,
	FEATURE_LEFT,
};

struct feature_sort {
	enum feature_is is;
	const char *type;   /* of a room or spot */
	const char *word;   /* what it is called if it has no name */
	const char *reason; /* FEATURE_LEFT */
};

static struct feature_sort
sort_left(const char *reason)
{
	return (struct feature_sort){.is = FEATURE_LEFT, .reason = reason};
}

/* What bounds rooms and is none, among the classes of IFC: all but these. */
static bool
type_is_ifc_part(const char *type)
{
	static const char *const whole[] = {
		"IfcSpace",	  "IfcZone",
		"IfcSpatialZone", "IfcSpatialElement",
		"IfcBuilding",	  "IfcBuildingStorey",
		"IfcSite"};

	return strncasecmp(type, "Ifc", 3) == 0 && !WORD_IN(type, whole);
}

bool
plan_feature_is_part(const char *type)
{
	static const char *const parts[] = {
		"wall",	    "walls",	 "door",       "doors",
		"doorway",  "window",	 "windows",    "opening",
		"openings", "void",	 "column",     "pillar",
		"railing",  "fence",	 "furniture",  "inaccessible",
		"beam",	    "roof",	 "facade",     "opentobelow",
		"barrier",  "structure", "inaccesible"};
	char label[NAME_LABEL_MAX + 1], *rest = label, *word;

	if (type_is_ifc_part(type))
		return true;
	if (!plan_label(label, type))
		return false;
	while ((word = strsep(&rest, "-")) != NULL)
		if (WORD_IN(word, parts))
			return true;
	return false;
}

static bool
type_is_outline(const char *type)
{
	static const char *const outlines[] = {
		"outline",	 "building-outline",
		"floor-outline", "footprint",
		"level-outline", "building",
		"level",	 "floor",
		"floorplan",	 "buildingfloor",
		"ifcbuilding",	 "ifcbuildingstorey",
		"ifcsite"};
	char label[NAME_LABEL_MAX + 1];

	return plan_label(label, type) && WORD_IN(label, outlines);
}

/* Words that say no more than that something is there; codes. */
static bool
type_is_empty(const char *type)
{
	static const char *const empty[] = {
		"yes",	   "no",	  "true",	 "feature",
		"unknown", "no_geometry", "unspecified", "multipolygon",
		"none",	   "other",	  "polygon",	 "null",
		"way",	   "relation",	  "node",	 "ifcspace"};

	return WORD_IN(type, empty) ||
	       type[strspn(type, "0123456789.,-_ ")] == '\0';
}

static const char *const interests[] = {
	"amenity", "shop",	  "office",	 "tourism",
	"leisure", "craft",	  "healthcare",	 "emergency",
	"vending", "information", "club",	 "public_transport",
	"aeroway", "man_made",	  "advertising", "historic"};

/* The tag that makes it interesting: key and value. */
static const struct plan_pair *
osm_interest(const struct plan_feature *f)
{
	for (size_t i = 0; i < ARRAY_LEN(interests); i++)
		for (size_t k = 0; k < f->tags.count; k++)
			if (strcmp(f->tags.at[k].key, interests[i]) == 0 &&
			    strcmp(f->tags.at[k].value, "no") != 0)
				return &f->tags.at[k];
	return NULL;
}

/* shop=clothes is a shop, amenity=cafe a cafe, office=yes an office. */
static const char *
osm_interest_type(const struct plan_pair *pair)
{
	return strcmp(pair->key, "shop") == 0 || type_is_empty(pair->value)
		       ? pair->key
		       : pair->value;
}

static struct feature_sort
osm_place(const struct plan_feature *f, enum feature_is is, const char *indoor)
{
	static const char *const nameless[] = {"disused", "abandoned", "vacant",
					       "closed"};
	const char *room = feature_tag(f, "room");
	const char *highway = feature_tag(f, "highway");
	const char *stairs = feature_tag(f, "stairs");
	const struct plan_pair *pair = osm_interest(f);
	struct feature_sort s = {.is = is, .type = indoor};

	if (room != NULL && !type_is_empty(room))
		s.type = room;
	else if (highway != NULL && strcmp(highway, "elevator") == 0)
		s.type = highway;
	else if (stairs != NULL && strcmp(stairs, "no") != 0)
		s.type = "stairs";
	else if (pair != NULL)
		s.type = osm_interest_type(pair);
	if (indoor != NULL && WORD_IN(s.type, nameless))
		s.word = indoor;
	return s;
}

static struct feature_sort
sort_osm_point(const struct plan_feature *f)
{
	const char *entrance = feature_tag(f, "entrance");
	const char *highway = feature_tag(f, "highway");
	const char *railway = feature_tag(f, "railway");
	const char *indoor = feature_tag(f, "indoor");
	bool called =
		feature_tag(f, "name") != NULL || feature_tag(f, "ref") != NULL;

	if (railway != NULL && strstr(railway, "entrance") != NULL)
		entrance = railway;
	if (entrance != NULL || feature_tag(f, "door") != NULL)
		return !called ? sort_left("a door or entrance without a name")
			       : (struct feature_sort){.is = FEATURE_SPOT,
						       .type = "entrance"};
	if (feature_tag(f, "barrier") != NULL && !called)
		return sort_left("a barrier");
	if (highway != NULL && strcmp(highway, "elevator") == 0)
		return (struct feature_sort){.is = FEATURE_SPOT,
					     .type = "elevator"};
	if (osm_interest(f) != NULL)
		return osm_place(f, FEATURE_SPOT, "place");
	if (indoor != NULL && !plan_feature_is_part(indoor))
		return osm_place(f, FEATURE_SPOT,
				 type_is_empty(indoor) ? "place" : indoor);
	if (called)
		return (struct feature_sort){.is = FEATURE_SPOT,
					     .type = "place"};
	return sort_left("a point with no name, number or amenity");
}

static struct feature_sort
sort_part(struct plan *p, const char *type)
{
	return sort_left(plan_format(p, "not a room: %s", type));
}

static struct feature_sort
sort_osm(struct plan *p, const struct plan_feature *f)
{
	const char *indoor = feature_tag(f, "indoor");
	bool level = feature_tag(f, "level") != NULL;

	if (indoor != NULL && strcmp(indoor, "no") == 0)
		indoor = NULL;
	if (f->area_count == 0 && f->points.count > 0)
		return sort_osm_point(f);
	if (indoor != NULL && plan_feature_is_part(indoor))
		return sort_part(p, indoor);
	if (indoor != NULL && strcmp(indoor, "level") == 0)
		return (struct feature_sort){.is = FEATURE_LEVEL};
	if (indoor != NULL)
		return osm_place(f, FEATURE_ROOM,
				 type_is_empty(indoor) ? "room" : indoor);
	if (f->area_count == 0)
		return sort_left("a line");
	if (level && osm_interest(f) != NULL)
		return osm_place(f, FEATURE_ROOM, "area");
	if (level && (feature_tag(f, "railway") != NULL ||
		      (feature_tag(f, "room") != NULL)))
		return osm_place(f, FEATURE_ROOM,
				 feature_tag(f, "railway") != NULL
					 ? feature_tag(f, "railway")
					 : "room");
	if (feature_tag(f, "building") != NULL ||
	    feature_tag(f, "building:part") != NULL)
		return sort_left("the outline of a building or of a part");
	return sort_left("not tagged as indoor, which osm asks for");
}

/* A GeoJSON of unknown make: by a word for its type, and by being called
 * something. */
static struct feature_sort
sort_guess(struct plan *p, const struct plan_feature *f, const char *type,
	   bool called)
{
	bool area = f->area_count > 0;

	if (type != NULL && type_is_empty(type))
		type = NULL;
	if (type != NULL && area && type_is_outline(type))
		return (struct feature_sort){.is = FEATURE_LEVEL};
	if (type != NULL && plan_feature_is_part(type))
		return sort_part(p, type);
	if (!area && f->points.count == 0)
		return sort_left(f->line_count > 0 ? "a line"
						   : "it has no geometry");
	if (type == NULL && !called)
		return sort_left("it has no name, number or type");
	return (struct feature_sort){
		.is = area ? FEATURE_ROOM : FEATURE_SPOT,
		.type = type != NULL ? type
			: area	     ? "room"
				     : "place",
	};
}

/* K=V,K=V…; V may be '*'. */
static bool
filter_has(const struct plan_feature *f, const char *filter)
{
	while (*filter != '\0') {
		size_t len = strcspn(filter, ",");
		size_t key = strcspn(filter, "=");

		for (size_t i = 0; key < len && i < f->tags.count; i++) {
			const struct plan_pair *tag = &f->tags.at[i];
			const char *value = filter + key + 1;
			size_t value_len = len - key - 1;

			if (strncasecmp(tag->key, filter, key) == 0 &&
			    tag->key[key] == '\0' &&
			    ((value_len == 1 && *value == '*') ||
			     (strncasecmp(tag->value, value, value_len) == 0 &&
			      tag->value[value_len] == '\0')))
				return true;
		}
		filter += len + (filter[len] == ',');
	}
	return false;
}

/* --- what it is called --------------------------------------------------- */

/* In a GeoJSON, room= may be a number. */
static const char *
feature_ref(const struct plan *p, const struct plan_feature *f)
{
	const char *ref, *room = feature_tag(f, "room");

	ref = feature_first(f, p->options->ref_prop, keys_ref);
	if (ref != NULL || f->osm || p->options->ref_prop != NULL)
		return ref;
	return room != NULL && strcspn(room, "0123456789") < strlen(room)
		       ? room
		       : NULL;
}

/* The name in another language than is asked for; English comes first. */
static const char *
feature_name_foreign(const struct plan_feature *f)
{
	const char *name = feature_tag(f, "name:en");

	for (size_t i = 0; name == NULL && i < f->tags.count; i++)
		if (strncmp(f->tags.at[i].key, "name:", 5) == 0)
			name = f->tags.at[i].value;
	return name;
}

static const char *
feature_name(const struct plan *p, const struct plan_feature *f)
{
	const char *name = NULL;

	if (p->options->name_prop == NULL && p->language != NULL) {
		char key[64];

		snprintf(key, sizeof(key), "name:%s", p->language);
		name = feature_tag(f, key);
	}
	if (name == NULL)
		name = feature_first(f, p->options->name_prop,
				     f->osm ? keys_name_osm : keys_name);
	return name != NULL || p->options->name_prop != NULL
		       ? name
		       : feature_name_foreign(f);
}

/* The id of a room that has nothing else, where people might know it. */
static const char *
feature_id(const struct plan *p, const struct plan_feature *f)
{
	const char *id = f->osm || p->options->ref_prop != NULL
				 ? NULL
				 : feature_first(f, NULL, keys_ref_id);

	return id == NULL || plan_is_opaque(id) ? NULL : id;
}

static const char *
feature_type(const struct plan *p, const struct plan_feature *f)
{
	const char *list = p->options->type_prop != NULL ? p->options->type_prop
							 : keys_type;
	const char *type;

	while ((type = feature_next(f, &list)) != NULL)
		if (!type_is_empty(type))
			return type;
	return NULL;
}

/* What stands on further levels, too, and what has only the range of them. */
static void
feature_repeat(struct plan *p, const struct plan_feature *f,
	       struct plan_levels *levels)
{
	const char *repeat = feature_tag(f, "repeat_on");
	const char *low = feature_tag(f, "min_level");
	const char *high = feature_tag(f, "max_level");
	struct plan_levels more = {0};

	if (repeat != NULL && plan_level_parse(&more, repeat))
		plan_level_join(levels, &more);
	if (levels->count == 0 && f->osm && low != NULL && high != NULL)
		plan_level_parse(levels, plan_format(p, "%s-%s", low, high));
}

static struct plan_levels
feature_levels(struct plan *p, const struct plan_feature *f)
{
	const char *given = p->options->level_prop;
	const char *list = given != NULL ? given : keys_level;
	const char *ids = given != NULL ? given : keys_level_id;
	struct plan_levels levels = {0};
	const char *text = NULL, *unread = NULL;

	while (levels.count == 0 && (text = feature_next(f, &list)) != NULL)
		if (!plan_level_parse(&levels, text))
			unread = text;
	if (levels.rounded)
		plan_note(p, f->file, f->id, "its level \"%s\" is rounded down",
			  text);
	if (levels.cut)
		plan_note(p, f->file, f->id, "only %d of its levels are taken",
			  PLAN_LEVELS_MAX);
	while (levels.count == 0 && (text = feature_next(f, &ids)) != NULL)
		if (!plan_level_id(&levels, text))
			unread = text;
	feature_repeat(p, f, &levels);
	if (levels.count > 0)
		return levels;
	if (unread != NULL && f->file_levels.count == 0)
		plan_note(p, f->file, f->id, "level \"%s\" is not understood",
			  unread);
	if (f->file_levels.doubtful)
		plan_note(p, f->file, f->id,
			  "its level is the number in the file's name, %d",
			  f->file_levels.at[0]);
	return f->file_levels;
}

/* What people call its floor, where that is no number: EG, Mezzanine. */
static const char *
feature_floor(const struct plan *p, const struct plan_feature *f)
{
	const char *text = feature_first(f, NULL, keys_floor);
	const char *list = p->options->level_prop != NULL
				   ? p->options->level_prop
				   : keys_level;

	while (text == NULL && (text = feature_next(f, &list)) != NULL)
		if (text[strspn(text, "0123456789.,;+- ")] == '\0')
			return NULL;
	return text;
}

static void
feature_civic(struct plan *p, const struct plan_feature *f,
	      struct plan_pairs *civic)
{
	static const char *const elements[][2] = {
		{"addr:country", "country"}, {"addr:state", "A1"},
		{"addr:city", "A3"},	     {"addr:street", "RD"},
		{"addr:housenumber", "HNO"}, {"addr:postcode", "PC"},
		{"addr:unit", "UNIT"},	     {"addr:housename", "BLD"},
	};

	for (size_t i = 0; i < ARRAY_LEN(elements); i++)
		plan_pair(p, civic, elements[i][1],
			  feature_tag(f, elements[i][0]));
	if (!f->osm && p->options->building == NULL) {
		const char *building = feature_first(f, NULL, keys_building);

		if (building != NULL && strcasecmp(building, "yes") != 0)
			plan_pair(p, civic, "BLD", building);
	}
}

/* Where NAME is "2041" and NAME_LONG says more, the former is the number. */
static void
feature_number(const struct plan *p, const struct plan_feature *f,
	       struct plan_item *item)
{
	const char *list = p->options->name_prop != NULL ? p->options->name_prop
							 : keys_name;
	const char *name;

	if (f->osm || item->ref != NULL || item->name == NULL ||
	    !plan_is_number(item->name))
		return;
	while ((name = feature_next(f, &list)) != NULL) {
		if (strcmp(name, item->name) != 0 && !plan_is_number(name)) {
			item->ref = item->name;
			item->name = name;
			return;
		}
	}
}

static void
feature_describe(struct plan *p, const struct plan_feature *f,
		 const struct feature_sort *s, struct plan_item *item)
{
	double altitude =
		plan_feature_metres(feature_first(f, NULL, keys_altitude));

	item->name = feature_name(p, f);
	item->ref = feature_ref(p, f);
	feature_number(p, f, item);
	if (item->name == NULL && item->ref == NULL)
		item->ref = feature_id(p, f);
	item->type = s->type;
	item->word = s->word;
	item->levels = feature_levels(p, f);
	item->floor = feature_floor(p, f);
	item->height = plan_feature_metres(
		feature_first(f, p->options->height_prop, keys_height));
	item->altitude = isnan(f->altitude) && !f->osm ? altitude : f->altitude;
	if (!(item->height > 0.01 && item->height < 1000))
		item->height = NAN;
	plan_pair(p, &item->texts, "shop", feature_tag(f, "shop"));
	feature_civic(p, f, &item->civic);
}

/* --- items of it --------------------------------------------------------- */

struct plan_item *
plan_feature_room(struct plan *p, struct plan_feature *f, enum plan_kind kind,
		  size_t i)
{
	const char *reason = plan_shape_clean(&f->areas[i]);
	struct plan_item *item;

	if (reason != NULL) {
		plan_left(p, f->file, f->id, "%s", reason);
		return NULL;
	}
	if (i > 0)
		plan_note(p, f->file, f->id,
			  "part %zu of %zu is a place of its own", i + 1,
			  f->area_count);
	item = plan_add(p, kind, f->file, f->id);
	item->area = f->areas[i];
	return item;
}

struct plan_item *
plan_feature_spot(struct plan *p, struct plan_feature *f, size_t i)
{
	struct plan_point point;
	struct plan_item *item;

	if (i < f->points.count) {
		point = f->points.at[i];
	} else if (f->area_count > 0 && f->areas[0].count > 0 &&
		   f->areas[0].rings[0].count > 0) {
		point = plan_shape_middle(&f->areas[0].rings[0]);
	} else if (f->line_count > 0 && f->lines[0].count > 0) {
		point = plan_shape_middle(&f->lines[0]);
	} else {
		plan_left(p, f->file, f->id, "it has no geometry");
		return NULL;
	}
	item = plan_add(p, PLAN_SPOT, f->file, f->id);
	item->point = point;
	item->has_point = true;
	return item;
}

/* A closed line is an outline, too. */
static void
feature_close_lines(struct plan *p, struct plan_feature *f)
{
	for (size_t i = 0; i < f->line_count; i++) {
		struct plan_ring *line = &f->lines[i];

		if (line->count < 4 ||
		    line->at[0].lat != line->at[line->count - 1].lat ||
		    line->at[0].lon != line->at[line->count - 1].lon)
			continue;
		*plan_area_add(p, plan_feature_area(p, f)) = *line;
	}
}

static void
feature_take_room(struct plan *p, struct plan_feature *f,
		  const struct feature_sort *s)
{
	struct plan_item *item;

	if (f->area_count == 0)
		feature_close_lines(p, f);
	for (size_t i = 0; i < f->area_count; i++) {
		item = plan_feature_room(p, f, PLAN_ROOM, i);
		if (item != NULL)
			feature_describe(p, f, s, item);
	}
	if (f->area_count > 0)
		return;
	/* A room cut off at the edge of an extract still has a place. */
	item = plan_feature_spot(p, f, 0);
	if (item == NULL)
		return;
	feature_describe(p, f, s, item);
	if (f->points.count == 0)
		plan_note(p, f->file, f->id,
			  "its outline is an open line: a position only");
}

static void
feature_take_level(struct plan *p, struct plan_feature *f)
{
	struct plan_item *item;

	if (!p->options->by_level || f->area_count == 0) {
		plan_left(p, f->file, f->id,
			  "the outline of a floor or building%s",
			  p->options->by_level ? "" : " (see --by-level)");
		return;
	}
	item = plan_feature_room(p, f, PLAN_LEVEL, 0);
	if (item == NULL)
		return;
	item->levels = feature_levels(p, f);
	item->name = feature_name(p, f);
	item->type = "floor";
}

void
plan_feature_take(struct plan *p, struct plan_feature *f)
{
	bool osm = f->osm || feature_tag(f, "indoor") != NULL;
	bool called = feature_name(p, f) != NULL || feature_ref(p, f) != NULL ||
		      feature_id(p, f) != NULL;
	struct feature_sort s;

	if (!osm && f->area_count == 0 && called)
		feature_close_lines(p, f); /* as a drawing has rooms */
	if (p->options->rooms != NULL && f->area_count > 0)
		s = filter_has(f, p->options->rooms)
			    ? (struct feature_sort){.is = FEATURE_ROOM,
						    .type = feature_type(p, f)}
			    : sort_left("not in --room-filter");
	else if (osm)
		s = sort_osm(p, f);
	else
		s = sort_guess(p, f, feature_type(p, f), called);
	if (s.is != FEATURE_LEFT && s.type == NULL)
		s.type = "room";
	switch (s.is) {
	case FEATURE_ROOM:
		feature_take_room(p, f, &s);
		break;
	case FEATURE_LEVEL:
		feature_take_level(p, f);
		break;
	case FEATURE_SPOT:
		for (size_t i = 0; i < f->points.count; i++) {
			struct plan_item *item = plan_feature_spot(p, f, i);

			if (item != NULL)
				feature_describe(p, f, &s, item);
		}
		break;
	case FEATURE_LEFT:
		plan_left(p, f->file, f->id, "%s", s.reason);
		break;
	}
}
