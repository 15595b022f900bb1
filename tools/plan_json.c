/* JSON documents and GeoJSON geometry. */
#include "tools/plan_json.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#define RECORD_SEPARATOR '\x1e' /* before each text of a sequence */
#define JSON_MEMORY_MAX ((uint64_t)2 << 30)

/* --- documents ----------------------------------------------------------- */

/* Blanks out commas that close a list: [1, 2, ]. Lines stay where they are. */
static void
json_drop_commas(char *text, size_t len)
{
	size_t comma = len;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
			comma = len;
		} else if (c == ',') {
			comma = i;
		} else if (c == ']' || c == '}') {
			if (comma < len)
				text[comma] = ' ';
			comma = len;
		} else if (!isspace((unsigned char)c)) {
			comma = len;
		}
	}
}

/*
 * What its values take in memory: a list of nothing is a hundred octets for
 * three of text, and an archive may hold a thousand times its size of those.
 */
static uint64_t
json_memory(const char *text, size_t len)
{
	uint64_t memory = len;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		else if (!string && c == '[')
			memory += 144;
		else if (!string && c == '{')
			memory += 256;
		else if (!string && (c == ',' || c == ':'))
			memory += 48;
	}
	return memory;
}

/* All JSON of a plan counts: that of IMDF is held at once. */
static enum err
json_afford(struct plan *p, const char *file, const char *text, size_t len,
	    struct diag *d)
{
	p->json += json_memory(text, len);
	if (p->json <= JSON_MEMORY_MAX)
		return ERR_OK;
	return diag_set(d, ERR_RANGE,
			"%s: too large: its values would take more than 2 GiB "
			"of memory",
			file);
}

/* What it looks like, when it is no JSON. */
static const char *
json_instead(const char *text)
{
	if (memcmp(text, "\xff\xfe", 2) == 0 ||
	    memcmp(text, "\xfe\xff", 2) == 0)
		return ": this is UTF-16; save it as UTF-8";
	switch (text[strspn(text, " \t\r\n")]) {
	case '<':
		return ": this is XML (for OSM XML the format is osm)";
	case '@':
	case '#':
		return ": this may be Turtle (then the format is brick)";
	case 'P':
		return ": this may be a .zip (then the format is imdf)";
	default:
		return "";
	}
}

/* The value that begins at text + *at, which moves behind it; what else is in
 * the text stays unread if `more`. */
static json_t *
json_next(const char *file, const char *text, size_t len, size_t *at, bool more,
	  struct diag *d)
{
	size_t flags = JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY |
		       JSON_ALLOW_NUL | (more ? JSON_DISABLE_EOF_CHECK : 0);
	json_error_t error;
	json_t *value = json_loadb(text + *at, len - *at, flags, &error);
	int line = error.line < 1 ? 1 : error.line;
	const char *instead;

	if (value != NULL) {
		*at += more ? (size_t)error.position : len - *at;
		return value;
	}
	for (size_t i = 0; i < *at; i++)
		line += text[i] == '\n';
	instead = json_instead(text);
	if (*instead == '\0' &&
	    json_error_code(&error) == json_error_invalid_utf8)
		instead = ": it is not UTF-8";
	plan_clean(error.text);
	diag_set(d, ERR_SYNTAX, "%s:%d:%d: %s%s", file, line,
		 error.column < 1 ? 1 : error.column, error.text, instead);
	return NULL;
}

json_t *
plan_json_parse(struct plan *p, const char *file, char *text, size_t len,
		struct diag *d)
{
	size_t at = 0;

	if (json_afford(p, file, text, len, d) != ERR_OK)
		return NULL;
	json_drop_commas(text, len);
	return json_next(file, text, len, &at, false, d);
}

/* Past white space; true if something is left. */
static bool
json_goes_on(const char *text, size_t len, size_t *at)
{
	while (*at < len && isspace((unsigned char)text[*at]))
		++*at;
	return *at < len;
}

static bool
is_feature(const json_t *value)
{
	const char *type = json_string_value(json_object_get(value, "type"));

	return type != NULL && (strcmp(type, "Feature") == 0 ||
				strcmp(type, "FeatureCollection") == 0);
}

/* The feature, or collection, and those behind it, as a collection; takes the
 * reference. */
static json_t *
json_collect(const char *file, const char *text, size_t len, size_t *at,
	     json_t *feature, struct diag *d)
{
	json_t *list = json_array();
	int line = 1;

	while (feature != NULL && json_array_append_new(list, feature) == 0 &&
	       json_goes_on(text, len, at)) {
		size_t start = *at;

		feature = json_next(file, text, len, at, true, d);
		if (feature == NULL || is_feature(feature))
			continue;
		for (size_t i = 0; i < start; i++)
			line += text[i] == '\n';
		diag_set(d, ERR_SYNTAX, "%s:%d: not a feature, behind one",
			 file, line);
		json_decref(feature);
		feature = NULL;
	}
	if (feature == NULL) {
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s, s:o}", "type", "FeatureCollection", "features",
			 list);
}

json_t *
plan_json_features(struct plan *p, const char *file, char *text, size_t len,
		   struct diag *d)
{
	json_t *value;
	size_t at = 0;

	if (json_afford(p, file, text, len, d) != ERR_OK)
		return NULL;
	for (char *mark = text; (mark = memchr(mark, RECORD_SEPARATOR,
					       len - (size_t)(mark - text)));)
		*mark = ' ';
	value = json_next(file, text, len, &at, true, d);
	if (value == NULL || !json_goes_on(text, len, &at))
		return value;
	if (is_feature(value))
		return json_collect(file, text, len, &at, value, d);
	json_decref(value);
	at = 0;
	return json_next(file, text, len, &at, false, d);
}

/* --- values -------------------------------------------------------------- */

const char *
plan_json_text(struct plan *p, const json_t *value)
{
	const char *text = NULL;
	double number = json_number_value(value);

	switch (json_typeof(value)) {
	case JSON_STRING:
		return plan_text(p, json_string_value(value));
	case JSON_INTEGER:
	case JSON_REAL:
		return fabs(number) < 1e15 && number == floor(number)
			       ? plan_format(p, "%.0f", number)
			       : plan_format(p, "%.10g", number);
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(value); i++) {
			const json_t *part = json_array_get(value, i);
			const char *next =
				json_is_array(part) || json_is_object(part)
					? NULL
					: plan_json_text(p, part);

			if (next != NULL)
				text = text == NULL ? next
						    : plan_format(p, "%s;%s",
								  text, next);
		}
		return text;
	default:
		return NULL;
	}
}

/* True if key is the language, or both are of the same: de, de-AT. */
static bool
label_speaks(const char *key, const char *language)
{
	size_t len = strcspn(language, "-_");

	return strncasecmp(key, language, len) == 0 &&
	       (key[len] == '\0' || key[len] == '-' || key[len] == '_');
}

const char *
plan_json_label(struct plan *p, const json_t *value)
{
	const char *wanted[] = {p->language, "en", NULL};
	const char *key;
	json_t *part;

	if (value == NULL || !json_is_object(value))
		return value == NULL ? NULL : plan_json_text(p, value);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (wanted[i] == NULL && i == 0)
			continue;
		json_object_foreach((json_t *)value, key, part)
		{
			const char *text =
				plan_text(p, json_string_value(part));

			if (text != NULL &&
			    (wanted[i] == NULL || label_speaks(key, wanted[i])))
				return text;
		}
	}
	return NULL;
}

/* The text between quotes at *at, which moves behind it; NULL: there is none.
 */
static const char *
quoted_next(struct plan *p, const char **at)
{
	const char *from = *at + strspn(*at, " ,=>");
	size_t len = 1, kept = 0;
	char *copy;

	if (*from != '"')
		return NULL;
	while (from[len] != '\0' && from[len] != '"')
		len += from[len] == '\\' && from[len + 1] != '\0' ? 2 : 1;
	copy = plan_copy(p, from + 1, len - 1);
	for (size_t i = 0; copy[i] != '\0'; i++) {
		i += copy[i] == '\\' && copy[i + 1] != '\0';
		copy[kept++] = copy[i];
	}
	copy[kept] = '\0';
	*at = from + len + (from[len] == '"');
	return copy;
}

/* "indoor"=>"room","level"=>"2" */
static void
tags_other(struct plan *p, struct plan_pairs *tags, const char *text)
{
	const char *key, *value;

	while ((key = quoted_next(p, &text)) != NULL &&
	       (value = quoted_next(p, &text)) != NULL)
		plan_pair(p, tags, key, value);
}

void
plan_json_tags(struct plan *p, struct plan_pairs *tags,
	       const json_t *properties)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)properties, key, value)
	{
		if (strcmp(key, "other_tags") == 0 && json_is_string(value))
			tags_other(p, tags, json_string_value(value));
		else if (!json_is_object(value))
			plan_pair(p, tags, key, plan_json_text(p, value));
		else if (strcmp(key, "tags") == 0)
			plan_json_tags(p, tags, value);
		else
			plan_pair(p, tags, key, plan_json_label(p, value));
	}
}

const char *
plan_json_id(struct plan *p, const json_t *feature, size_t n)
{
	const json_t *properties = json_object_get(feature, "properties");
	const json_t *id = json_object_get(feature, "id");
	const char *text = NULL;

	if (id == NULL)
		id = json_object_get(properties, "@id");
	if (id == NULL)
		id = json_object_get(properties, "id");
	if (id != NULL)
		text = plan_json_text(p, id);
	return text != NULL ? text : plan_format(p, "feature %zu", n + 1);
}

/* --- geometry ------------------------------------------------------------ */

/* A position onto ring; NULL, or what is wrong with it. */
static const char *
geometry_position(struct plan *p, struct plan_feature *f,
		  struct plan_ring *ring, const json_t *position)
{
	const json_t *x = json_array_get(position, 0);
	const json_t *y = json_array_get(position, 1);
	const json_t *z = json_array_get(position, 2);
	double lon = json_number_value(x), lat = json_number_value(y);
	double up = json_number_value(z);

	if (!json_is_number(x) || !json_is_number(y))
		return "a position that is not two numbers";
	if (!(fabs(lat) <= 90 && fabs(lon) <= PLAN_LON_MAX))
		return "coordinates that are not degrees (longitude, latitude)";
	plan_ring_add(p, ring, lat, lon);
	if (json_is_number(z) && isfinite(up) &&
	    (isnan(f->altitude) || up < f->altitude))
		f->altitude = up;
	return NULL;
}

static const char *
geometry_ring(struct plan *p, struct plan_feature *f, struct plan_ring *ring,
	      const json_t *positions)
{
	const char *wrong = json_is_array(positions)
				    ? NULL
				    : "coordinates that are not a list";

	for (size_t i = 0; wrong == NULL && i < json_array_size(positions); i++)
		wrong = geometry_position(p, f, ring,
					  json_array_get(positions, i));
	return wrong;
}

static const char *
geometry_polygon(struct plan *p, struct plan_feature *f, const json_t *rings)
{
	struct plan_area area = {0};
	const char *wrong = NULL;

	if (!json_is_array(rings) || json_array_size(rings) == 0)
		return "a polygon without rings";
	for (size_t i = 0; wrong == NULL && i < json_array_size(rings); i++)
		wrong = geometry_ring(p, f, plan_area_add(p, &area),
				      json_array_get(rings, i));
	if (wrong == NULL)
		*plan_feature_area(p, f) = area;
	return wrong;
}

static const char *
geometry_line(struct plan *p, struct plan_feature *f, const json_t *positions)
{
	struct plan_ring line = {0};
	const char *wrong = geometry_ring(p, f, &line, positions);

	if (wrong == NULL)
		*plan_feature_line(p, f) = line;
	return wrong;
}

static const char *
geometry_point(struct plan *p, struct plan_feature *f, const json_t *position)
{
	return geometry_position(p, f, &f->points, position);
}

typedef const char *geometry_fn(struct plan *p, struct plan_feature *f,
				const json_t *coordinates);

static void
geometry_part(struct plan *p, struct plan_feature *f, geometry_fn *fn,
	      const json_t *coordinates)
{
	const char *wrong = fn(p, f, coordinates);

	if (wrong != NULL)
		plan_left(p, f->file, f->id, "%s", wrong);
}

static void
geometry_take(struct plan *p, struct plan_feature *f, const json_t *geometry,
	      unsigned depth)
{
	static const struct {
		const char *type;
		geometry_fn *fn;
		bool many;
	} types[] = {
		{"Point", geometry_point, false},
		{"MultiPoint", geometry_point, true},
		{"LineString", geometry_line, false},
		{"MultiLineString", geometry_line, true},
		{"Polygon", geometry_polygon, false},
		{"MultiPolygon", geometry_polygon, true},
	};
	const char *type = json_string_value(json_object_get(geometry, "type"));
	const json_t *at = json_object_get(geometry, "coordinates");

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(types); i++) {
		if (strcmp(type, types[i].type) != 0)
			continue;
		if (!types[i].many)
			geometry_part(p, f, types[i].fn, at);
		for (size_t k = 0; types[i].many && k < json_array_size(at);
		     k++)
			geometry_part(p, f, types[i].fn, json_array_get(at, k));
		return;
	}
	if (type == NULL || strcmp(type, "GeometryCollection") != 0 ||
	    depth > 8) {
		plan_left(p, f->file, f->id, "geometry of type \"%.40s\"",
			  type == NULL ? "" : type);
		return;
	}
	at = json_object_get(geometry, "geometries");
	for (size_t k = 0; k < json_array_size(at); k++)
		geometry_take(p, f, json_array_get(at, k), depth + 1);
}

void
plan_json_geometry(struct plan *p, struct plan_feature *f,
		   const json_t *geometry)
{
	if (geometry != NULL && !json_is_null(geometry))
		geometry_take(p, f, geometry, 0);
}
