/* GeoJSON (RFC 7946), of any make; also of OpenStreetMap data, and the index
 * file of a plan that has a GeoJSON a floor. */
#include "tools/plan_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct geojson {
	struct plan *p;
	const char *file;
	struct plan_levels levels; /* that the file's name tells */
	bool osm;
	bool flat; /* all third coordinates are 0: they tell nothing */
	bool part; /* named by an index, which may not name another */
	size_t count;
};

/* --- one feature --------------------------------------------------------- */

static void
geojson_feature(struct geojson *g, const json_t *feature)
{
	const json_t *properties = json_object_get(feature, "properties");
	const json_t *geometry = json_object_get(feature, "geometry");
	size_t n = g->count++, before = g->p->remark_count;
	struct plan_feature f = {
		.file = g->file,
		.id = plan_json_id(g->p, feature, n),
		.altitude = NAN,
		.file_levels = g->levels,
		.osm = g->osm,
	};

	if (!json_is_object(feature)) {
		plan_left(g->p, g->file, f.id, "not a feature");
		return;
	}
	if (geometry == NULL &&
	    (json_object_get(feature, "coordinates") != NULL ||
	     json_object_get(feature, "geometries") != NULL))
		geometry = feature; /* a geometry by itself */
	plan_json_tags(g->p, &f.tags, properties);
	plan_json_geometry(g->p, &f, geometry);
	if (f.area_count + f.line_count + f.points.count == 0) {
		if (g->p->remark_count == before)
			plan_left(g->p, g->file, f.id, "it has no geometry");
		return;
	}
	if (g->flat)
		f.altitude = NAN;
	plan_feature_take(g->p, &f);
}

/* --- one document -------------------------------------------------------- */

/* Keys and ids that only OpenStreetMap data has. */
static bool
geojson_is_osm(const json_t *features)
{
	for (size_t i = 0; i < json_array_size(features); i++) {
		const json_t *feature = json_array_get(features, i);
		const json_t *properties =
			json_object_get(feature, "properties");
		const json_t *indoor = json_object_get(properties, "indoor");
		const char *id =
			json_string_value(json_object_get(feature, "id"));

		if (json_is_string(indoor))
			return true;
		if (id != NULL && (strncmp(id, "way/", 4) == 0 ||
				   strncmp(id, "node/", 5) == 0 ||
				   strncmp(id, "relation/", 9) == 0))
			return true;
	}
	return false;
}

static bool
coordinates_are_flat(const json_t *at)
{
	if (json_is_number(json_array_get(at, 0)))
		return json_number_value(json_array_get(at, 2)) == 0;
	for (size_t i = 0; i < json_array_size(at); i++)
		if (!coordinates_are_flat(json_array_get(at, i)))
			return false;
	return true;
}

static bool
geojson_is_flat(const json_t *features)
{
	for (size_t i = 0; i < json_array_size(features); i++)
		if (!coordinates_are_flat(json_object_get(
			    json_object_get(json_array_get(features, i),
					    "geometry"),
			    "coordinates")))
			return false;
	return true;
}

/* Appends features to list, with those of collections among them. */
static void
features_append(json_t *list, const json_t *features, unsigned depth)
{
	for (size_t i = 0; i < json_array_size(features); i++) {
		json_t *one = json_array_get(features, i);
		const json_t *inner = json_object_get(one, "features");

		if (json_is_array(inner) && depth < 8)
			features_append(list, inner, depth + 1);
		else
			json_array_append(list, one);
	}
}

/* WGS 84 under one of its names, or another system: then it is told. */
static enum err
geojson_crs(const char *file, const json_t *root, struct diag *d)
{
	const json_t *properties =
		json_object_get(json_object_get(root, "crs"), "properties");
	const json_t *code = json_object_get(properties, "code");
	const char *name =
		json_string_value(json_object_get(properties, "name"));
	char number[32];

	if (name == NULL && json_is_number(code)) { /* as it was in 2008 */
		snprintf(number, sizeof(number), "EPSG:%.0f",
			 json_number_value(code));
		name = number;
	}
	if (name == NULL || strstr(name, "CRS84") != NULL ||
	    strstr(name, "4326") != NULL || strstr(name, "4979") != NULL ||
	    strstr(name, "4258") != NULL)
		return ERR_OK;
	diag_set(d, ERR_RULE,
		 "%s:1: its coordinates are in %.80s, not in WGS 84; "
		 "convert it to EPSG:4326",
		 file, name);
	plan_clean(d->text);
	return ERR_RULE;
}

/* The first position in nested lists, or NULL. */
static const json_t *
coordinates_first(const json_t *at)
{
	while (json_is_array(at) && !json_is_number(json_array_get(at, 0)))
		at = json_array_get(at, 0);
	return at;
}

/* Another position of the same line or ring, or the same. */
static const json_t *
coordinates_third(const json_t *at)
{
	const json_t *list = NULL;

	while (json_is_array(at) && !json_is_number(json_array_get(at, 0))) {
		list = at;
		at = json_array_get(at, 0);
	}
	return json_array_size(list) > 2 ? json_array_get(list, 2) : at;
}

/* True if what is at `at` may be latitude and longitude, of a building: metres
 * of a drawing go further in one room than degrees do in a town. */
static bool
coordinates_turned(const json_t *at, const json_t *other)
{
	double x = json_number_value(json_array_get(at, 0));
	double y = json_number_value(json_array_get(at, 1));

	return fabs(x) <= 90 && fabs(y) <= PLAN_LON_MAX &&
	       fabs(x - json_number_value(json_array_get(other, 0))) < 1 &&
	       fabs(y - json_number_value(json_array_get(other, 1))) < 1;
}

/* What is wrong with the axes, if nothing in it is in degrees; else NULL. */
static const char *
geojson_axes(const json_t *features)
{
	bool any = false, turned = true;

	for (size_t i = 0; i < json_array_size(features); i++) {
		const json_t *coordinates = json_object_get(
			json_object_get(json_array_get(features, i),
					"geometry"),
			"coordinates");
		const json_t *at = coordinates_first(coordinates);

		if (at == NULL)
			continue;
		if (fabs(json_number_value(json_array_get(at, 0))) <=
			    PLAN_LON_MAX &&
		    fabs(json_number_value(json_array_get(at, 1))) <= 90)
			return NULL;
		turned = turned &&
			 coordinates_turned(at, coordinates_third(coordinates));
		any = true;
	}
	if (!any)
		return NULL;
	return turned ? "its latitudes stand in front of its longitudes; turn "
			"them round (RFC 7946 section 3.1.1)"
		      : "its coordinates are not degrees; convert it to WGS 84 "
			"(EPSG:4326)";
}

static enum err
geojson_list(struct geojson *g, const json_t *features, struct diag *d)
{
	const json_t *first = json_array_get(features, 0);
	const char *wrong = geojson_axes(features);

	if (json_object_get(first, "attributes") != NULL &&
	    json_object_get(first, "type") == NULL)
		return diag_set(d, ERR_SYNTAX,
				"%s:1: this is JSON of Esri; have it exported "
				"as GeoJSON",
				g->file);
	if (wrong != NULL)
		return diag_set(d, ERR_RULE, "%s:1: %s", g->file, wrong);
	g->osm = g->osm || geojson_is_osm(features);
	g->p->osm = g->p->osm || g->osm;
	g->flat = geojson_is_flat(features);
	for (size_t i = 0; i < json_array_size(features); i++)
		geojson_feature(g, json_array_get(features, i));
	return ERR_OK;
}

/* Features and collections of them. */
static enum err
geojson_features(struct geojson *g, const json_t *features, struct diag *d)
{
	json_t *list = json_array();
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < json_array_size(features); i++)
		e = geojson_crs(g->file, json_array_get(features, i), d);
	features_append(list, features, 0);
	if (e == ERR_OK)
		e = geojson_list(g, list, d);
	json_decref(list);
	return e;
}

static enum err geojson_file(struct plan *p, const char *path, bool osm,
			     bool part, struct diag *d);

/* --- an index: {"levels": [{"filename": …, "z_order": …}]} --------------- */

static enum err
geojson_levels(struct plan *p, const char *path, const json_t *root, bool osm,
	       struct diag *d)
{
	const json_t *levels = json_object_get(root, "levels");
	const char *name = plan_json_label(p, json_object_get(root, "name"));
	const char *slash = strrchr(path, '/');
	enum err e = ERR_OK;

	if (p->building == NULL)
		p->building = name;
	for (size_t i = 0; e == ERR_OK && i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		const char *file =
			json_string_value(json_object_get(level, "filename"));
		const json_t *order = json_object_get(level, "z_order");
		const char *floor =
			plan_json_label(p, json_object_get(level, "name"));
		size_t first = p->count;

		if (file == NULL || strstr(file, "..") != NULL ||
		    file[0] == '/') {
			plan_left(p, path, plan_format(p, "level %zu", i + 1),
				  "a level without a file beside this one");
			continue;
		}
		e = geojson_file(
			p,
			plan_format(p, "%.*s%s",
				    slash == NULL ? 0 : (int)(slash + 1 - path),
				    path, file),
			osm, true, d);
		for (size_t k = first; k < p->count; k++) {
			if (floor != NULL)
				p->items[k]->floor = floor;
			if (!json_is_number(order) ||
			    fabs(json_number_value(order)) > PLAN_LEVEL_LIMIT)
				continue;
			p->items[k]->levels = (struct plan_levels){0};
			plan_level_add(&p->items[k]->levels,
				       (int)json_number_value(order));
		}
	}
	return e;
}

/* --- a file -------------------------------------------------------------- */

static enum err
geojson_document(struct geojson *g, const char *path, const json_t *root,
		 struct diag *d)
{
	const char *type = json_string_value(json_object_get(root, "type"));
	const json_t *features = json_object_get(root, "features");
	const json_t *levels = json_object_get(root, "levels");
	json_t *one;
	enum err e = geojson_crs(path, root, d);

	if (e != ERR_OK)
		return e;
	if (json_is_array(root))
		return geojson_features(g, root, d);
	if (json_is_array(features))
		return geojson_features(g, features, d);
	if (!g->part && json_is_array(levels) &&
	    json_object_get(json_array_get(levels, 0), "filename") != NULL)
		return geojson_levels(g->p, g->file, root, g->osm, d);
	if (json_is_array(json_object_get(root, "elements")))
		return diag_set(d, ERR_SYNTAX,
				"%s:1: this is JSON of the Overpass service; "
				"ask it for [out:xml]",
				path);
	if (type == NULL || json_object_get(root, "objects") != NULL)
		return diag_set(d, ERR_SYNTAX, "%s:1: this is not GeoJSON: %s",
				path,
				type == NULL ? "it has no type"
					     : "it looks like TopoJSON");
	one = json_array();
	json_array_append(one, (json_t *)root);
	e = geojson_features(g, one, d);
	json_decref(one);
	return e;
}

static enum err
geojson_text(struct geojson *g, const char *path, char *text, size_t len,
	     struct diag *d)
{
	json_t *root = plan_json_features(g->p, path, text, len, d);
	enum err e;

	if (root == NULL)
		return ERR_SYNTAX;
	g->file = plan_copy(g->p, path, strlen(path));
	plan_level_file(&g->levels, path);
	if (g->part && g->levels.doubtful) /* the index has them */
		g->levels = (struct plan_levels){0};
	if (!json_is_object(root) && !json_is_array(root))
		e = diag_set(d, ERR_SYNTAX, "%s:1: this is not GeoJSON", path);
	else
		e = geojson_document(g, path, root, d);
	json_decref(root);
	return e;
}

static enum err
geojson_file(struct plan *p, const char *path, bool osm, bool part,
	     struct diag *d)
{
	struct geojson g = {.p = p, .osm = osm, .part = part};
	char *text;
	size_t len;
	enum err e = plan_read(p, path, &text, &len, d);

	return e != ERR_OK ? e : geojson_text(&g, path, text, len, d);
}

enum err
plan_geojson(struct plan *p, const char *path, bool osm, struct diag *d)
{
	return geojson_file(p, path, osm, false, d);
}

enum err
plan_geojson_text(struct plan *p, const char *path, char *text, size_t len,
		  bool osm, struct diag *d)
{
	struct geojson g = {.p = p, .osm = osm};

	return geojson_text(&g, path, text, len, d);
}
