/* placectl import-plan */
#include "tools/ctl.h"
#include "tools/plan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define ORIGIN_MAX 190 /* octets: a label and _civic fit below it */

typedef enum err plan_fn(struct plan *p, const char *path, struct diag *d);

static enum err
plan_fn_geojson(struct plan *p, const char *path, struct diag *d)
{
	return plan_geojson(p, path, false, d);
}

static plan_fn *
plan_format_find(const char *word)
{
	static const struct {
		const char *word;
		plan_fn *fn;
	} formats[] = {
		{"geojson", plan_fn_geojson},
		{"osm", plan_osm},
		{"imdf", plan_imdf},
		{"brick", plan_brick},
	};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcasecmp(word, formats[i].word) == 0)
			return formats[i].fn;
	return NULL;
}

/* --- options ------------------------------------------------------------- */

static enum ctl_exit
option_metres(const struct ctl *c, const char *name, double least, double most,
	      double *value)
{
	const char *text = ctl_option(c, name);

	if (text == NULL)
		return CTL_DONE;
	*value = plan_feature_metres(text);
	if (!(*value >= least && *value <= most))
		return ctl_misused(c, "--%s %s: metres from %g to %g", name,
				   text, least, most);
	return CTL_DONE;
}

static enum ctl_exit
option_ns(const struct ctl *c, const uint8_t *origin, char *ns,
	  struct plan_options *o)
{
	const char *text = ctl_option(c, "ns");
	uint8_t name[NAME_WIRE_MAX];
	struct diag d;

	if (text == NULL)
		return CTL_DONE;
	if (name_from_text(name, text, origin, &d) != ERR_OK)
		return ctl_misused(c, "--ns: %s", d.text);
	name_to_text(ns, name);
	o->ns = ns;
	return CTL_DONE;
}

static enum ctl_exit
options_take(const struct ctl *c, const uint8_t *origin, char *ns,
	     struct plan_options *o)
{
	const char *names = ctl_option(c, "prefer");
	struct plan_levels levels;
	enum ctl_exit status;

	*o = (struct plan_options){
		.name_prop = ctl_option(c, "name-prop"),
		.ref_prop = ctl_option(c, "ref-prop"),
		.level_prop = ctl_option(c, "level-prop"),
		.type_prop = ctl_option(c, "type-prop"),
		.height_prop = ctl_option(c, "height-prop"),
		.rooms = ctl_option(c, "room-filter"),
		.level = ctl_option(c, "level"),
		.building = ctl_option(c, "building"),
		.language = ctl_option(c, "language"),
		.by_level = ctl_option(c, "by-level") != NULL,
		.storey = 3,
	};
	if (names != NULL && strcmp(names, "name") != 0 &&
	    strcmp(names, "ref") != 0)
		return ctl_misused(c, "--prefer is name or ref");
	o->by_name = names != NULL && strcmp(names, "name") == 0;
	if (o->level != NULL && !plan_level_parse(&levels, o->level))
		return ctl_misused(c, "--level %s: no level", o->level);
	status = option_metres(c, "altitude", -10000, 40000, &o->altitude);
	if (status == CTL_DONE)
		status = option_metres(c, "floor-height", 0.5, 100, &o->storey);
	return status != CTL_DONE ? status : option_ns(c, origin, ns, o);
}

/* --- the command --------------------------------------------------------- */

/* What reads a file that is given with a Brick model. */
static plan_fn *
plan_fn_beside(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return plan_imdf;
	if (dot == NULL || strchr(dot, '/') != NULL)
		return plan_brick;
	if (strcasecmp(dot, ".zip") == 0)
		return plan_imdf;
	if (strcasecmp(dot, ".osm") == 0 || strcasecmp(dot, ".xml") == 0)
		return plan_osm;
	if (strcasecmp(dot, ".geojson") == 0 || strcasecmp(dot, ".json") == 0)
		return plan_fn_geojson;
	return plan_brick;
}

/* Files of geometry first, so that a Brick model finds the rooms. */
static enum ctl_exit
plan_take_files(const struct ctl *c, struct plan *p, plan_fn *fn)
{
	struct diag d = {""};

	for (unsigned models = 0; models < 2; models++) {
		for (unsigned i = 1; i < c->operands; i++) {
			const char *path = c->operand[i];
			plan_fn *one =
				fn == plan_brick ? plan_fn_beside(path) : fn;

			if ((one == plan_brick) == (models == 1) &&
			    one(p, path, &d) != ERR_OK)
				return ctl_refuse_file(c, &d);
		}
	}
	return CTL_DONE;
}

static void
plan_tell(const struct ctl *c, const struct plan *p)
{
	if (c->json)
		plan_report_json(p, stderr);
	else
		plan_report_write(p, stderr);
}

/* "geojson from floor-0.geojson floor-1.geojson": without folders, so that the
 * same plan gives the same zone file anywhere. */
static const char *
plan_made_from(const struct ctl *c, struct plan *p)
{
	const char *text = plan_format(p, "%s from", c->operand[0]);

	for (unsigned i = 1; i < c->operands; i++) {
		const char *slash = strrchr(c->operand[i], '/');

		text = plan_format(p, "%s %s", text,
				   plan_text(p, slash == NULL || slash[1] == 0
							? c->operand[i]
							: slash + 1));
	}
	return text;
}

static enum ctl_exit
plan_run(const struct ctl *c, const uint8_t *origin,
	 const struct plan_options *options, plan_fn *fn)
{
	struct plan p;
	enum ctl_exit status;

	plan_init(&p, origin, options);
	status = plan_take_files(c, &p, fn);
	if (status == CTL_DONE) {
		plan_zone_prepare(&p);
		if (p.count > 0)
			plan_zone_write(&p, stdout, plan_made_from(c, &p));
		plan_tell(c, &p);
		if (p.count == 0)
			status = ctl_refuse(
				c, "nothing in the plan became a place");
	}
	plan_free(&p);
	return status;
}

enum ctl_exit
cmd_import_plan(struct ctl *c)
{
	const char *origin_text = ctl_option(c, "origin");
	plan_fn *fn = plan_format_find(c->operand[0]);
	struct plan_options options;
	uint8_t origin[NAME_WIRE_MAX];
	char ns[NAME_TEXT_MAX];
	enum ctl_exit status;

	if (fn == NULL)
		return ctl_misused(
			c, "\"%s\" is no format: geojson, osm, imdf or brick",
			c->operand[0]);
	if (origin_text == NULL)
		return ctl_misused(c, "--origin ZONE is missing");
	status = ctl_name(c, origin_text, origin);
	if (status == CTL_DONE && name_len(origin) > ORIGIN_MAX)
		return ctl_misused(c, "--origin: there is no room for names "
				      "below one as long as that");
	if (status == CTL_DONE)
		status = options_take(c, origin, ns, &options);
	return status != CTL_DONE ? status : plan_run(c, origin, &options, fn);
}
