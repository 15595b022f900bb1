/*
 * Building plans of any kind. The first octet picks the format and the options;
 * the rest is the file, or for IMDF the files, each after a line "--- NAME" (a
 * folder, or packed to a .zip here), or a .zip. Each plan is refused with one
 * line, or becomes a zone file that `check` accepts, in which every room
 * contains its own position; no line of the report holds what a terminal would
 * obey.
 */
#include "tools/plan.h"
#include "zones/import.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FILES_MAX 16
#define PATH_LEN 96

static const uint8_t origin[] = "\4plan\7example";

/* --- files --------------------------------------------------------------- */

/* A folder in memory where there is such a place; it goes when we do. */
static char folder[PATH_LEN];

static void
folder_remove(void)
{
	rmdir(folder);
}

static void
folder_make(void)
{
	if (folder[0] != '\0')
		return;
	strcpy(folder, "/dev/shm/placed-plan-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		strcpy(folder, "/tmp/placed-plan-XXXXXX");
		must(mkdtemp(folder) != NULL);
	}
	atexit(folder_remove);
}

struct file {
	char path[2 * PATH_LEN];
};

struct files {
	struct file at[FILES_MAX + 1]; /* and the archive */
	unsigned count;
};

static const char *
file_write(struct files *files, const char *name, const uint8_t *data,
	   size_t len)
{
	struct file *file = &files->at[files->count++];
	FILE *out;

	snprintf(file->path, sizeof(file->path), "%s/%s", folder, name);
	out = fopen(file->path, "wb");
	must(out != NULL);
	must(len == 0 || fwrite(data, 1, len, out) == len);
	must(fclose(out) == 0);
	return file->path;
}

static void
files_remove(const struct files *files)
{
	for (unsigned i = 0; i < files->count; i++)
		unlink(files->at[i].path);
	if (files->at[FILES_MAX].path[0] != '\0')
		unlink(files->at[FILES_MAX].path);
}

/* "--- unit.geojson\n" and what is there up to the next such line. */
static void
files_write(struct files *files, const uint8_t *data, size_t len)
{
	static const char mark[] = "--- ";
	const uint8_t *at = data, *end = data + len;

	while (at < end && files->count < FILES_MAX) {
		const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
		const uint8_t *next;
		char name[32] = "";
		size_t n = 0;

		if (line == NULL)
			return;
		for (at += sizeof(mark) - 1; at < line && n < 24; at++)
			if ((*at >= 'a' && *at <= 'z') || *at == '.')
				name[n++] = (char)*at;
		next = memmem(line, (size_t)(end - line), "\n--- ", 5);
		at = next == NULL ? end : next + 1;
		if (n > 0 && name[0] != '.')
			file_write(files, name, line + 1,
				   next == NULL || next == line
					   ? (size_t)(end - line - 1)
					   : (size_t)(next - line - 1));
	}
}

/* One archive of all of them, which is written by bits no mutation could. */
static const char *
files_pack(struct files *files)
{
	struct file *file = &files->at[FILES_MAX];
	zip_t *zip;

	snprintf(file->path, sizeof(file->path), "%s/plan.zip", folder);
	zip = zip_open(file->path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	must(zip != NULL);
	for (unsigned i = 0; i < files->count; i++) {
		const char *path = files->at[i].path;
		zip_source_t *from = zip_source_file(zip, path, 0, -1);

		must(from != NULL);
		if (zip_file_add(zip, path + strlen(folder) + 1, from, 0) < 0)
			zip_source_free(from); /* the name is there already */
	}
	if (zip_close(zip) != 0)
		zip_discard(zip);
	return file->path;
}

/* --- what must hold ------------------------------------------------------ */

/* Lines of printable characters, and of other ones. */
static void
text_is_plain(const char *text, const char *others)
{
	for (const char *at = text; *at != '\0'; at++)
		if (((unsigned char)*at < ' ' && strchr(others, *at) == NULL) ||
		    *at == 0x7f ||
		    (*at == '\xc2' && (unsigned char)at[1] >= 0x80 &&
		     (unsigned char)at[1] < 0xa0))
			abort();
}

static void
items_are_sound(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct plan_item *item = p->items[i];
		struct place_footprint fp;

		must(item->owner != NULL);
		if (item->has_loc)
			must(place_point_valid(&item->loc));
		if (item->geo == NULL)
			continue;
		must(place_footprint_parse(&fp, item->geo, item->geo_len,
					   &item->loc, &p->arena,
					   NULL) == ERR_OK);
		must(place_footprint_contains(&fp, item->loc.spot));
		must(place_footprint_at_altitude(&fp, item->loc.alt));
		for (unsigned k = 0; k < item->levels.count; k++)
			must(place_footprint_on_level(&fp, item->levels.at[k]));
		must(place_size_cm(item->loc.size) >= 2 * fp.radius);
	}
}

/* What `placectl check` does. */
static void
zone_is_sound(const struct plan *p)
{
	const struct edit_limits limits = {0};
	struct import_set set;
	struct diag d = {""};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	must(out != NULL);
	plan_zone_write(p, out, "a fuzzer");
	must(fclose(out) == 0);
	text_is_plain(text, "\t\n");
	import_set_init(&set, p->origin);
	if (text_read_string(text, "zone", p->origin, import_set_add, &set,
			     &d) != ERR_OK ||
	    import_set_finish(&set, &limits, &d) != ERR_OK) {
		fprintf(stderr, "%s\n%s", d.text, text);
		abort();
	}
	import_set_free(&set);
	free(text);
}

static void
report_is_sound(const struct plan *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json;

	must(out != NULL);
	plan_report_write(p, out);
	must(fclose(out) == 0);
	text_is_plain(text, "\n");
	free(text);
	out = open_memstream(&text, &len);
	must(out != NULL);
	plan_report_json(p, out);
	must(fclose(out) == 0);
	json = json_loads(text, 0, NULL);
	must(json != NULL);
	json_decref(json);
	free(text);
}

/* --- a plan -------------------------------------------------------------- */

static enum err
plan_take(struct plan *p, unsigned format, bool packed, const uint8_t *data,
	  size_t len, struct diag *d)
{
	struct files files = {0};
	enum err e;

	switch (format) {
	case 0:
		e = plan_geojson(p, file_write(&files, "plan", data, len),
				 false, d);
		break;
	case 1:
		e = plan_osm(p, file_write(&files, "plan", data, len), d);
		break;
	case 2:
		if (len > 4 && memcmp(data, "--- ", 4) == 0) {
			files_write(&files, data, len);
			e = plan_imdf(p, packed ? files_pack(&files) : folder,
				      d);
		} else {
			e = plan_imdf(p, file_write(&files, "plan", data, len),
				      d);
		}
		break;
	default:
		e = plan_brick(p, file_write(&files, "plan", data, len), d);
		break;
	}
	files_remove(&files);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct plan_options options = {.storey = 3};
	struct diag d = {""};
	struct plan p;

	if (len == 0)
		return 0;
	folder_make();
	options.by_level = (data[0] & 4) != 0;
	options.by_name = (data[0] & 8) != 0;
	options.language = (data[0] & 16) != 0 ? "de" : NULL;
	plan_init(&p, origin, &options);
	if (plan_take(&p, data[0] & 3, (data[0] & 64) != 0, data + 1, len - 1,
		      &d) != ERR_OK) {
		must(d.text[0] != '\0');
		text_is_plain(d.text, "");
	} else {
		plan_zone_prepare(&p);
		items_are_sound(&p);
		zone_is_sound(&p);
		report_is_sound(&p);
	}
	plan_free(&p);
	return 0;
}
