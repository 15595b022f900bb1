#include "tools/zonefile.h"

#include "zones/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_STEP 20000 /* RRs between two lines of progress */

static const char *
zonefile_path(const char *path)
{
	return strcmp(path, "-") == 0 ? "/dev/stdin" : path;
}

/* --- reading ------------------------------------------------------------- */

struct reading {
	struct import_set *set;
	bool progress;
	size_t count;
};

static enum err
reading_add(void *ctx, const struct rr *rr, struct text_place place,
	    struct diag *d)
{
	struct reading *r = ctx;

	if (r->progress && ++r->count % PROGRESS_STEP == 0)
		fprintf(stderr, "\r%zu records", r->count);
	return import_set_add(r->set, rr, place, d);
}

enum err
zonefile_read(struct import_set *s, const char *path,
	      const struct edit_limits *limits, struct diag *d)
{
	struct reading r = {.set = s, .progress = isatty(STDERR_FILENO)};
	enum err e =
		text_read(zonefile_path(path), s->apex, reading_add, &r, d);

	if (r.count >= PROGRESS_STEP)
		fprintf(stderr, "\r%zu records, being sorted", r.count);
	if (e == ERR_OK) {
		e = import_set_finish(s, limits, d);
		if (e != ERR_OK && s->count == 0) /* no RR names the file */
			diag_prefix(d, "%s", path);
	}
	if (r.count >= PROGRESS_STEP)
		fprintf(stderr, "\r\033[K");
	return e;
}

/* --- which zone ---------------------------------------------------------- */

struct seeking {
	uint8_t *apex;
	bool found;
};

/* A text_rr_fn; stops at the SOA. */
static enum err
seeking_soa(void *ctx, const struct rr *rr, struct text_place place,
	    struct diag *d)
{
	struct seeking *seek = ctx;

	(void)place;
	(void)d;
	if (rr->type != RR_SOA)
		return ERR_OK;
	seek->found = true;
	name_lower(seek->apex, rr->owner);
	return ERR_EXISTS;
}

static bool
text_ends(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(text + len - n, end, n) == 0;
}

/* db.lounge, lounge.zone, lounge.house.db: without what says that it is a zone
 * file. */
static enum err
zone_from_file_name(uint8_t *apex, const char *path, struct diag *d)
{
	static const char *const ends[] = {".zone", ".db", ".txt"};
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	uint8_t name[NAME_WIRE_MAX];
	char text[256];
	size_t len;

	if (strncmp(base, "db.", 3) == 0)
		base += 3;
	len = strlen(base);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (text_ends(base, len, ends[i])) {
			len -= strlen(ends[i]);
			break;
		}
	}
	if (len >= sizeof(text))
		return diag_set(d, ERR_RANGE, "%s: say for which zone", path);
	memcpy(text, base, len);
	text[len] = '\0';
	if (name_from_text(name, text, NULL, NULL) != ERR_OK)
		return diag_set(d, ERR_SYNTAX, "%s: say for which zone", path);
	name_lower(apex, name);
	return ERR_OK;
}

enum err
zonefile_zone(uint8_t *apex, const char *path, struct diag *d)
{
	struct seeking seek = {.apex = apex};

	/* Read from the root, what is relative to no $ORIGIN ends up there.
	 * What is wrong in the file is for the real reading to say. */
	text_read(zonefile_path(path), name_root, seeking_soa, &seek, NULL);
	if (seek.found && !name_is_root(apex) && name_labels(apex) > 1)
		return ERR_OK;
	return zone_from_file_name(apex, path, d);
}
