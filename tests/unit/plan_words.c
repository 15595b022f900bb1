#include "tests/unit/plan_words.h"

#include "tools/plan_json.h"
#include "zones/import.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan_options plan_words_options = {.storey = 3};

static const uint8_t plan_example[] = "\4plan\7example";

void
plan_words_init(struct plan *p)
{
	plan_init(p, plan_example, &plan_words_options);
}

enum err
plan_words_geojson(struct plan *p, const char *name, const char *text,
		   struct diag *d)
{
	char *copy = strdup(text);
	enum err e = plan_geojson_text(p, name, copy, strlen(copy), false, d);

	free(copy);
	if (e == ERR_OK)
		plan_zone_prepare(p);
	return e;
}

enum err
plan_words_file(struct plan *p, plan_words_fn *fn, const char *text,
		struct diag *d)
{
	char path[] = "/tmp/placed-plan-XXXXXX";
	int fd = mkstemp(path);
	enum err e;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	e = fn(p, path, d);
	unlink(path);
	if (e == ERR_OK)
		plan_zone_prepare(p);
	return e;
}

bool
plan_words_path(char *dst, size_t len, const char *relative)
{
	const char *source = getenv("PLACED_SOURCE");

	snprintf(dst, len, "%s/%s", source == NULL ? "." : source, relative);
	return access(dst, R_OK) == 0;
}

const struct plan_item *
plan_words_item(const struct plan *p, const char *owner)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->items[i]->owner, owner) == 0)
			return p->items[i];
	cr_assert_fail("there is no %s", owner);
	abort(); /* not reached */
}

static bool
remarked(const struct plan *p, const char *reason, bool left)
{
	for (size_t i = 0; i < p->remark_count; i++)
		if (p->remarks[i].left == left &&
		    strstr(p->remarks[i].reason, reason) != NULL)
			return true;
	return false;
}

bool
plan_words_left(const struct plan *p, const char *reason)
{
	return remarked(p, reason, true);
}

bool
plan_words_noted(const struct plan *p, const char *reason)
{
	return remarked(p, reason, false);
}

size_t
plan_words_sound(struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_item *item = p->items[i];
		struct place_footprint fp;
		struct diag d = {""};

		if (item->geo == NULL)
			continue;
		count++;
		cr_assert_eq(place_footprint_parse(&fp, item->geo,
						   item->geo_len, &item->loc,
						   &p->arena, &d),
			     ERR_OK, "%s: %s", item->owner, d.text);
		cr_assert(place_footprint_contains(&fp, item->loc.spot),
			  "%s does not contain its label", item->owner);
		cr_assert(place_footprint_at_altitude(&fp, item->loc.alt));
		for (unsigned k = 0; k < item->levels.count; k++)
			cr_assert(place_footprint_on_level(&fp,
							   item->levels.at[k]));
		cr_assert_geq(place_size_cm(item->loc.size), 2 * fp.radius);
	}
	return count;
}

char *
plan_words_zone(const struct plan *p)
{
	struct edit_limits limits = {0};
	struct import_set set;
	struct diag d = {""};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	plan_zone_write(p, out, "test");
	fclose(out);
	import_set_init(&set, p->origin);
	cr_assert_eq(text_read_string(text, "zone", p->origin, import_set_add,
				      &set, &d),
		     ERR_OK, "%s", d.text);
	cr_assert_eq(import_set_finish(&set, &limits, &d), ERR_OK, "%s",
		     d.text);
	import_set_free(&set);
	return text;
}
