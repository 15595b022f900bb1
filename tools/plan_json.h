/*
 * JSON that holds a plan: documents, properties as tags, GeoJSON geometry
 * (RFC 7946). What geojson and imdf share.
 */
#ifndef PLACED_TOOLS_PLAN_JSON_H
#define PLACED_TOOLS_PLAN_JSON_H

#include "tools/plan.h"

#include <jansson.h>

/*
 * A JSON value of text (len octets, which may be changed); the caller drops
 * the reference. NULL, and FILE:LINE:COLUMN in d, if it is none, or FILE if it
 * would take too much memory. A comma before a closing bracket is passed over.
 */
json_t *plan_json_parse(struct plan *p, const char *file, char *text,
			size_t len, struct diag *d);

/* The same for GeoJSON, whose commas must be right, and which may also be a
 * sequence of features or collections (RFC 8142), or one a line: then they are
 * one collection. */
json_t *plan_json_features(struct plan *p, const char *file, char *text,
			   size_t len, struct diag *d);

/* A scalar as text, an array of scalars as "a;b", NULL for anything else. */
const char *plan_json_text(struct plan *p, const json_t *value);

/* The name in the plan's language of an object of languages, else in English,
 * else in the first; a string as it is. NULL: none. */
const char *plan_json_label(struct plan *p, const json_t *value);

/* Every member of properties, and of an object "tags" in it, as tags; GDAL has
 * those of OpenStreetMap in a string "other_tags". */
void plan_json_tags(struct plan *p, struct plan_pairs *tags,
		    const json_t *properties);

/* The "id" of a feature, or of its properties, or "feature N". */
const char *plan_json_id(struct plan *p, const json_t *feature, size_t n);

/*
 * A geometry into areas, lines and points of f. Parts that cannot be are left
 * out with a remark. Null is no geometry.
 */
void plan_json_geometry(struct plan *p, struct plan_feature *f,
			const json_t *geometry);

/* plan_geojson() of text that was read already. */
enum err plan_geojson_text(struct plan *p, const char *path, char *text,
			   size_t len, bool osm, struct diag *d);

#endif
