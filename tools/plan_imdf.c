/*
 * IMDF, the Indoor Mapping Data Format (OGC 20-094): a folder or .zip with a
 * GeoJSON a kind of feature, which refer to each other by id:
 *
 *     occupant ─▶ anchor ─▶ unit ─▶ level ─▶ building ─▶ address
 *                 amenity ──▲  ▲       ▲
 *                 fixture, kiosk, section
 *
 * Files in the wild break the format in small ways: commas before closing
 * brackets, a string where names in languages should be, features without a
 * feature_type (then the file's name tells).
 */
#include "tools/plan_json.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#define ARCHIVE_MAX (512u << 20) /* octets of all files of an archive */

struct imdf_feature {
	const char *type, *id, *file;
	const json_t *json, *properties;
	size_t order;
	struct plan_item *item; /* that it became */
};

struct imdf {
	struct plan *p;
	json_t *documents; /* an array: keeps what features point into */
	struct imdf_feature *features;
	size_t count, room;
	uint64_t unpacked;	     /* octets of an archive */
	struct imdf_feature **by_id; /* sorted by type and id */
};

/* --- features ------------------------------------------------------------ */

/* "unit" of some/unit.geojson. */
static const char *
imdf_base(struct imdf *m, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash == NULL ? file : slash + 1;

	return plan_copy(m->p, base, strcspn(base, "."));
}

static void
imdf_feature(struct imdf *m, const char *file, const json_t *json)
{
	const char *type = plan_text(
		m->p, json_string_value(json_object_get(json, "feature_type")));
	struct imdf_feature f = {
		.type = type != NULL ? type : imdf_base(m, file),
		.file = file,
		.json = json,
		.properties = json_object_get(json, "properties"),
		.order = m->count,
		.id = plan_json_id(m->p, json, m->count),
	};

	if (m->count == m->room) {
		struct imdf_feature *bigger;

		m->room = m->room == 0 ? 64 : m->room * 2;
		bigger = plan_alloc(m->p, m->room * sizeof(*bigger));
		if (m->count > 0)
			memcpy(bigger, m->features, m->count * sizeof(*bigger));
		m->features = bigger;
	}
	m->features[m->count++] = f;
}

/* The kinds of features that the format has. */
static bool
imdf_is_known(const char *type)
{
	static const char *const types[] = {
		"address",  "amenity",	   "anchor",   "building", "detail",
		"fixture",  "footprint",   "geofence", "kiosk",	   "level",
		"manifest", "occupant",	   "opening",  "section",  "unit",
		"venue",    "relationship"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcasecmp(type, types[i]) == 0)
			return true;
	return false;
}

static enum err
imdf_document(struct imdf *m, const char *file, char *text, size_t len,
	      struct diag *d)
{
	json_t *root;
	const json_t *features, *language;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (strspn(text, " \t\r\n") == len) {
		plan_left(m->p, file, "", "the file is empty");
		return ERR_OK;
	}
	root = plan_json_parse(m->p, file, text, len, d);
	if (root == NULL && imdf_is_known(imdf_base(m, file)))
		return ERR_SYNTAX;
	if (root == NULL) {
		plan_left(m->p, file, "", "no file of IMDF, and %s",
			  strncmp(d->text, file, strlen(file)) == 0
				  ? d->text + strlen(file) + 1
				  : d->text);
		return ERR_OK;
	}
	json_array_append_new(m->documents, root);
	features =
		json_is_array(root) ? root : json_object_get(root, "features");
	language = json_object_get(root, "language");
	if (m->p->language == NULL && json_is_string(language))
		m->p->language = plan_json_text(m->p, language);
	if (json_object_get(root, "geometry") != NULL) {
		imdf_feature(m, file, root);
		return ERR_OK;
	}
	if (!json_is_array(features)) {
		if (strcmp(imdf_base(m, file), "manifest") != 0)
			plan_left(m->p, file, "", "no feature collection");
		return ERR_OK;
	}
	for (size_t i = 0; i < json_array_size(features); i++)
		imdf_feature(m, file, json_array_get(features, i));
	return ERR_OK;
}

/* True for what may hold features; editors' and systems' files do not. */
static bool
imdf_is_member(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash == NULL ? name : slash + 1;
	const char *dot = strrchr(base, '.');

	return dot != NULL && base[0] != '.' &&
	       strncmp(name, "__MACOSX", 8) != 0 &&
	       (strcasecmp(dot, ".geojson") == 0 ||
		strcasecmp(dot, ".json") == 0);
}

/* --- folders ------------------------------------------------------------- */

static int
imdf_name_is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       strcmp(entry->d_name, "__MACOSX") != 0;
}

static int
imdf_name_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
imdf_name_is_member(const struct dirent *entry)
{
	return imdf_is_member(entry->d_name);
}

/* The only folder in a folder, which an archive may be unpacked to. */
static const char *
imdf_inner(struct imdf *m, const char *path)
{
	struct dirent **entries;
	const char *inner = NULL;
	struct stat st;
	int count = scandir(path, &entries, imdf_name_is_visible, NULL);

	for (int i = 0; i < count; i++) {
		if (count == 1)
			inner = plan_format(m->p, "%s/%s", path,
					    entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return inner != NULL && stat(inner, &st) == 0 && S_ISDIR(st.st_mode)
		       ? inner
		       : NULL;
}

static bool
imdf_is_void(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

static enum err
imdf_folder(struct imdf *m, const char *path, unsigned depth, struct diag *d)
{
	struct dirent **entries;
	enum err e = ERR_OK;
	int count = scandir(path, &entries, imdf_name_is_member, imdf_name_cmp);
	const char *inner = count == 0 ? imdf_inner(m, path) : NULL;

	if (count < 0)
		return diag_set(d, ERR_IO, "%s: %s", path, strerror(errno));
	if (inner != NULL && depth < 4) {
		free(entries);
		return imdf_folder(m, inner, depth + 1, d);
	}
	for (int i = 0; i < count; i++) {
		const char *file =
			plan_format(m->p, "%s/%s", path, entries[i]->d_name);
		char *text;
		size_t len;

		if (e == ERR_OK && imdf_is_void(file)) {
			plan_left(m->p, file, "", "the file is empty");
			free(entries[i]);
			continue;
		}
		if (e == ERR_OK)
			e = plan_read(m->p, file, &text, &len, d);
		if (e == ERR_OK)
			e = imdf_document(m, file, text, len, d);
		free(entries[i]);
	}
	free(entries);
	return e;
}

/* --- archives ------------------------------------------------------------ */

static enum err
imdf_member(struct imdf *m, zip_t *zip, zip_uint64_t index, const char *path,
	    struct diag *d)
{
	zip_file_t *in;
	zip_stat_t stat;
	const char *file;
	char *text, end;
	zip_int64_t got;

	if (zip_stat_index(zip, index, 0, &stat) != 0 ||
	    (stat.valid & (ZIP_STAT_NAME | ZIP_STAT_SIZE)) !=
		    (ZIP_STAT_NAME | ZIP_STAT_SIZE) ||
	    !imdf_is_member(stat.name))
		return ERR_OK;
	file = plan_format(m->p, "%s/%s", path, plan_text(m->p, stat.name));
	if (stat.size > ARCHIVE_MAX - m->unpacked)
		return diag_set(d, ERR_RANGE, "%s: too large", file);
	m->unpacked += stat.size;
	in = zip_fopen_index(zip, index, 0);
	if (in == NULL)
		return diag_set(d, ERR_IO, "%s: %s", file, zip_strerror(zip));
	text = plan_alloc(m->p, stat.size + 1);
	got = zip_fread(in, text, stat.size);
	/* The checksum is looked at where the file ends. */
	if (got == (zip_int64_t)stat.size && zip_fread(in, &end, 1) != 0)
		got = -1;
	zip_fclose(in);
	if (got != (zip_int64_t)stat.size)
		return diag_set(d, ERR_IO, "%s: the archive is damaged", file);
	return imdf_document(m, file, text, stat.size, d);
}

static enum err
imdf_archive(struct imdf *m, const char *path, struct diag *d)
{
	int code;
	zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
	enum err e = ERR_OK;

	if (zip == NULL) {
		zip_error_t error;

		zip_error_init_with_code(&error, code);
		diag_write(d, "%s: %s%s", path, zip_error_strerror(&error),
			   code == ZIP_ER_NOZIP ? ": IMDF is a folder or a .zip"
						: "");
		zip_error_fini(&error);
		return ERR_IO;
	}
	for (zip_int64_t i = 0; e == ERR_OK && i < zip_get_num_entries(zip, 0);
	     i++)
		e = imdf_member(m, zip, (zip_uint64_t)i, path, d);
	zip_discard(zip);
	return e;
}

/* --- references ---------------------------------------------------------- */

static int
imdf_cmp(const void *a, const void *b)
{
	const struct imdf_feature *x = *(struct imdf_feature *const *)a;
	const struct imdf_feature *y = *(struct imdf_feature *const *)b;
	int c = strcmp(x->type, y->type);

	if (c == 0)
		c = strcmp(x->id, y->id);
	return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static void
imdf_index(struct imdf *m)
{
	m->by_id = plan_alloc(m->p,
			      (m->count + 1) * sizeof(struct imdf_feature *));
	for (size_t i = 0; i < m->count; i++)
		m->by_id[i] = &m->features[i];
	qsort(m->by_id, m->count, sizeof(struct imdf_feature *), imdf_cmp);
}

/* The feature of a type with that id (a string), or NULL. */
static struct imdf_feature *
imdf_find(const struct imdf *m, const char *type, const json_t *id)
{
	struct imdf_feature key = {.type = type, .id = json_string_value(id)};
	size_t low = 0, high = m->count;

	if (json_is_array(id))
		return imdf_find(m, type, json_array_get(id, 0));
	if (key.id == NULL)
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct imdf_feature *f = m->by_id[middle];
		int c = strcmp(f->type, type);

		if (c == 0)
			c = strcmp(f->id, key.id);
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->count && strcmp(m->by_id[low]->type, type) == 0 &&
			       strcmp(m->by_id[low]->id, key.id) == 0
		       ? m->by_id[low]
		       : NULL;
}

static const json_t *
imdf_get(const struct imdf_feature *f, const char *key)
{
	return json_object_get(f->properties, key);
}

static const char *
imdf_label(struct imdf *m, const struct imdf_feature *f, const char *key)
{
	const json_t *value = imdf_get(f, key);

	return value == NULL ? NULL : plan_json_label(m->p, value);
}

/* --- addresses ----------------------------------------------------------- */

/* "123 Main Street" and "Hauptstraße 12a": the number by itself. */
static void
civic_street(struct imdf *m, struct plan_pairs *civic, const char *street)
{
	size_t digits = strspn(street, "0123456789");
	const char *space = strrchr(street, ' ');

	if (digits > 0 && street[digits] == ' ') {
		plan_pair(m->p, civic, "HNO", plan_copy(m->p, street, digits));
		plan_pair(m->p, civic, "RD", street + digits + 1);
	} else if (space != NULL && space[1] >= '0' && space[1] <= '9') {
		plan_pair(m->p, civic, "HNO", space + 1);
		plan_pair(m->p, civic, "RD",
			  plan_copy(m->p, street, (size_t)(space - street)));
	} else {
		plan_pair(m->p, civic, "RD", street);
	}
}

static void
imdf_civic(struct imdf *m, struct plan_pairs *civic,
	   const struct imdf_feature *owner)
{
	const struct imdf_feature *a =
		imdf_find(m, "address", imdf_get(owner, "address_id"));
	const char *street, *province;

	if (a == NULL)
		return;
	province = imdf_label(m, a, "province");
	plan_pair(m->p, civic, "country", imdf_label(m, a, "country"));
	if (province != NULL) /* ISO 3166-2: US-CA */
		plan_pair(m->p, civic, "A1",
			  strlen(province) > 3 && province[2] == '-'
				  ? province + 3
				  : province);
	plan_pair(m->p, civic, "A3", imdf_label(m, a, "locality"));
	plan_pair(m->p, civic, "PC", imdf_label(m, a, "postal_code"));
	plan_pair(m->p, civic, "UNIT", imdf_label(m, a, "unit"));
	street = imdf_label(m, a, "address");
	if (street != NULL)
		civic_street(m, civic, street);
}

/* The building's name if there is one building, else the venue's. */
static void
imdf_building(struct imdf *m)
{
	const struct imdf_feature *venue = NULL, *building = NULL;
	size_t buildings = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct imdf_feature *f = &m->features[i];

		if (strcmp(f->type, "venue") == 0 && venue == NULL)
			venue = f;
		if (strcmp(f->type, "building") == 0 && buildings++ == 0)
			building = f;
	}
	if (buildings == 1)
		imdf_civic(m, &m->p->civic, building);
	if (venue != NULL)
		imdf_civic(m, &m->p->civic, venue);
	if (m->p->building == NULL && buildings == 1)
		m->p->building = imdf_label(m, building, "name");
	if (m->p->building == NULL && venue != NULL)
		m->p->building = imdf_label(m, venue, "name");
}

/* --- levels -------------------------------------------------------------- */

static void
imdf_ordinal(struct plan_levels *levels, const json_t *ordinal)
{
	if (json_is_number(ordinal) &&
	    fabs(json_number_value(ordinal)) <= PLAN_LEVEL_LIMIT)
		plan_level_add(levels, (int)floor(json_number_value(ordinal)));
	else if (json_is_string(ordinal))
		plan_level_parse(levels, json_string_value(ordinal));
}

/* Level, floor and building of an item by the level it refers to. */
static void
imdf_level(struct imdf *m, struct plan_item *item, const struct imdf_feature *f,
	   const json_t *id)
{
	const struct imdf_feature *level = imdf_find(m, "level", id);
	const struct imdf_feature *building;

	if (level == NULL) {
		if (id != NULL && !json_is_null(id))
			plan_note(m->p, f->file, f->id,
				  "its level is not in the plan");
		return;
	}
	imdf_ordinal(&item->levels, imdf_get(level, "ordinal"));
	item->floor = imdf_label(m, level, "short_name");
	if (item->floor == NULL)
		item->floor = imdf_label(m, level, "name");
	building = imdf_find(m, "building", imdf_get(level, "building_ids"));
	if (building != NULL)
		plan_pair(m->p, &item->civic, "BLD",
			  imdf_label(m, building, "name"));
}

/* --- items --------------------------------------------------------------- */

static struct plan_feature
imdf_geometry(struct imdf *m, const struct imdf_feature *f)
{
	struct plan_feature shape = {
		.file = f->file, .id = f->id, .altitude = NAN};

	plan_json_geometry(m->p, &shape, json_object_get(f->json, "geometry"));
	return shape;
}

static void
imdf_describe(struct imdf *m, struct plan_item *item,
	      const struct imdf_feature *f, const char *empty)
{
	const char *category = imdf_label(m, f, "category");

	item->name = imdf_label(m, f, "name");
	if (item->name == NULL)
		item->name = imdf_label(m, f, "alt_name");
	item->type = category != NULL && strcmp(category, "unspecified") != 0
			     ? category
			     : empty;
	imdf_level(m, item, f, imdf_get(f, "level_id"));
	imdf_civic(m, &item->civic, f);
}

/* unit, kiosk, section. */
static void
imdf_room(struct imdf *m, struct imdf_feature *f)
{
	const char *category = imdf_label(m, f, "category");
	struct plan_feature shape;

	if (category != NULL && plan_feature_is_part(category)) {
		plan_left(m->p, f->file, f->id, "not a room: %s", category);
		return;
	}
	shape = imdf_geometry(m, f);
	if (shape.area_count == 0)
		plan_left(m->p, f->file, f->id, "it has no outline");
	for (size_t i = 0; i < shape.area_count; i++) {
		struct plan_item *item =
			plan_feature_room(m->p, &shape, PLAN_ROOM, i);

		if (item == NULL)
			continue;
		imdf_describe(m, item, f,
			      strcmp(f->type, "unit") == 0 ? "room" : f->type);
		if (f->item == NULL)
			f->item = item;
	}
}

/* fixture, amenity: a point, or the middle. */
static void
imdf_spot(struct imdf *m, struct imdf_feature *f)
{
	const char *category = imdf_label(m, f, "category");
	const struct imdf_feature *unit;
	struct plan_feature shape;
	struct plan_item *item;

	if (category != NULL && (strcmp(category, "wall") == 0 ||
				 strcmp(category, "obstruction") == 0)) {
		plan_left(m->p, f->file, f->id, "not a place: %s", category);
		return;
	}
	shape = imdf_geometry(m, f);
	item = plan_feature_spot(m->p, &shape, 0);
	if (item == NULL)
		return;
	imdf_describe(m, item, f, f->type);
	unit = imdf_find(m, "unit", imdf_get(f, "unit_ids"));
	if (unit != NULL && item->levels.count == 0)
		imdf_level(m, item, f, imdf_get(unit, "level_id"));
	f->item = item;
}

/* Whoever is in a unit gives it a name, if it has none; else a spot. */
static void
imdf_occupant(struct imdf *m, struct imdf_feature *f)
{
	struct imdf_feature *anchor =
		imdf_find(m, "anchor", imdf_get(f, "anchor_id"));
	struct imdf_feature *unit =
		anchor == NULL
			? NULL
			: imdf_find(m, "unit", imdf_get(anchor, "unit_id"));
	struct plan_item *room = unit == NULL ? NULL : unit->item;
	const char *name = imdf_label(m, f, "name");
	struct plan_feature shape;
	struct plan_item *item;

	if (room != NULL && room->name == NULL && name != NULL) {
		room->name = name;
		plan_pair(m->p, &room->texts, "occupant",
			  imdf_label(m, f, "category"));
		imdf_civic(m, &room->civic, anchor);
		return;
	}
	if (anchor == NULL) {
		plan_left(m->p, f->file, f->id,
			  "its anchor is not in the plan");
		return;
	}
	shape = imdf_geometry(m, anchor);
	shape.file = f->file;
	shape.id = f->id;
	item = plan_feature_spot(m->p, &shape, 0);
	if (item == NULL)
		return;
	imdf_describe(m, item, f, f->type);
	imdf_civic(m, &item->civic, anchor);
	if (unit != NULL && item->levels.count == 0)
		imdf_level(m, item, f, imdf_get(unit, "level_id"));
}

static void
imdf_floor(struct imdf *m, struct imdf_feature *f)
{
	struct plan_feature shape;
	struct plan_item *item;

	if (!m->p->options->by_level) {
		plan_left(m->p, f->file, f->id,
			  "the outline of a floor or building (see "
			  "--by-level)");
		return;
	}
	shape = imdf_geometry(m, f);
	if (shape.area_count == 0) {
		plan_left(m->p, f->file, f->id, "it has no outline");
		return;
	}
	item = plan_feature_room(m->p, &shape, PLAN_LEVEL, 0);
	if (item == NULL)
		return;
	item->name = imdf_label(m, f, "name");
	item->type = "floor";
	imdf_ordinal(&item->levels, imdf_get(f, "ordinal"));
}

/* --- all of it ----------------------------------------------------------- */

typedef void imdf_fn(struct imdf *m, struct imdf_feature *f);

/* In this order: what others refer to comes first. */
static const struct {
	const char *type;
	imdf_fn *fn;
} kinds[] = {
	{"level", imdf_floor},	     {"unit", imdf_room},
	{"kiosk", imdf_room},	     {"section", imdf_room},
	{"fixture", imdf_spot},	     {"amenity", imdf_spot},
	{"occupant", imdf_occupant},
};

/* What an item is made with, and is none itself. */
static bool
imdf_is_used(const char *type)
{
	static const char *const used[] = {"address", "anchor", "building",
					   "manifest", "venue"};

	for (size_t i = 0; i < ARRAY_LEN(used); i++)
		if (strcmp(type, used[i]) == 0)
			return true;
	return false;
}

static void
imdf_take(struct imdf *m)
{
	imdf_building(m);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (size_t k = 0; k < m->count; k++)
			if (strcmp(m->features[k].type, kinds[i].type) == 0)
				kinds[i].fn(m, &m->features[k]);
	for (size_t k = 0; k < m->count; k++) {
		const struct imdf_feature *f = &m->features[k];
		bool known = imdf_is_used(f->type);

		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			known = known || strcmp(f->type, kinds[i].type) == 0;
		if (!known)
			plan_left(m->p, f->file, f->id, "not a room: %s",
				  f->type);
	}
}

enum err
plan_imdf(struct plan *p, const char *path, struct diag *d)
{
	struct imdf m = {.p = p, .documents = json_array()};
	struct stat st;
	enum err e;

	if (stat(path, &st) != 0)
		e = diag_set(d, ERR_IO, "%s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		e = imdf_folder(&m, path, 0, d);
	else
		e = imdf_archive(&m, path, d);
	if (e == ERR_OK && m.count == 0)
		e = diag_set(d, ERR_SYNTAX,
			     "%s: no features in it: is it an IMDF plan?",
			     path);
	if (e == ERR_OK) {
		imdf_index(&m);
		imdf_take(&m);
	}
	json_decref(m.documents);
	return e;
}
