/* reach: what the inside may ask the world for. */
#include "resolver/special.h"
#include "server/control_boundary.h"

#include <string.h>

/* The space that all others are in: whoever is inside of any of them is meant
 * when nothing else is said. */
static enum err
zone_topmost(struct control_talk *t, int *zone, struct diag *d)
{
	const struct conf *conf = t->served->conf;
	struct boundary_names tops = {.len = 0};

	*zone = -1;
	for (size_t i = 0; i < conf->zone_count; i++) {
		const uint8_t *apex = conf->zones[i].apex;

		/* In canonical order what is above comes before. */
		if (boundary_is_reverse(apex) ||
		    (*zone >= 0 &&
		     name_at_or_below(apex, conf->zones[*zone].apex)))
			continue;
		boundary_names_add(&tops, apex);
		*zone = (int)i;
	}
	if (tops.count == 1)
		return ERR_OK;
	if (tops.count == 0)
		return diag_set(d, ERR_NOTFOUND,
				"no space is served here that could have a "
				"list");
	return diag_set(d, ERR_SYNTAX,
			"say for whose inside, with --zone: there is no one "
			"space that all others are in, but %s",
			tops.text);
}

/* --- reach ----------------------------------------------------------------
 */

/* Without the final dot, as people write it. */
static enum err
reach_entry_make(struct boundary_edit *b, struct diag *d)
{
	char text[NAME_TEXT_MAX];
	size_t len = name_to_text(text, b->name);

	if (len > 1)
		len--;
	if (len > 255)
		return diag_set(d, ERR_RANGE,
				"the name is longer than the 255 octets that "
				"an entry has");
	b->entry[0] = (uint8_t)len;
	memcpy(b->entry + 1, text, len);
	return ERR_OK;
}

/* Some names the Internet is not asked for, whatever is in reach. */
static enum err
reach_permit(const uint8_t *name, struct diag *d)
{
	char text[NAME_TEXT_MAX];
	struct special s;

	special_find(&s, name);
	if (s.answer == SPECIAL_NONE || s.reach_beats)
		return ERR_OK;
	name_to_text(text, name);
	return diag_set(d, ERR_RULE,
			"%s is never asked for elsewhere, and so cannot be in "
			"reach (%s)",
			text, s.why);
}

static enum err
reach_read(struct control_talk *t, const json_t *args, struct boundary_edit *b,
	   struct diag *d)
{
	int zone;
	enum err e = control_arg_name(args, "name", b->name, d);

	if (e != ERR_OK)
		return e;
	e = control_arg_text(args, "zone") != NULL
		    ? boundary_zone(t, args, &zone, d)
		    : zone_topmost(t, &zone, d);
	if (e == ERR_OK)
		b->apex = t->served->conf->zones[zone].apex;
	return e;
}

enum err
control_reach_add(struct control_talk *t, const json_t *args, json_t *result,
		  struct diag *d)
{
	struct boundary_edit b = {.list = BOUNDARY_REACH};
	enum err e = reach_read(t, args, &b, d);

	if (e == ERR_OK)
		e = reach_permit(b.name, d);
	if (e == ERR_OK)
		e = reach_entry_make(&b, d);
	if (e == ERR_OK)
		e = boundary_run(t, &b, result, d);
	if (e == ERR_OK)
		json_object_set_new(
			result, "uplink",
			json_boolean(t->served->conf->uplink.forward_count >
				     0));
	return e;
}

/* True if the configuration has it in reach, where no edit can change it. */
static bool
reach_is_configured(const struct control_talk *t, const uint8_t *name)
{
	const struct conf_names *names = &t->served->conf->uplink.reach;

	for (size_t i = 0; i < names->count; i++)
		if (name_equal(names->names[i], name))
			return true;
	return false;
}

enum err
control_reach_del(struct control_talk *t, const json_t *args, json_t *result,
		  struct diag *d)
{
	struct boundary_edit b = {.list = BOUNDARY_REACH};
	char text[NAME_TEXT_MAX];
	enum err e = reach_read(t, args, &b, d);

	if (e == ERR_OK)
		e = boundary_run(t, &b, result, d);
	if (e != ERR_OK || b.found)
		return e;
	if (!reach_is_configured(t, b.name))
		return boundary_missed(&b, d);
	name_to_text(text, b.name);
	return diag_set(d, ERR_RULE,
			"%s is in reach by the configuration (%s, uplink: "
			"reach:); take it out there and reload",
			text, t->served->conf->path);
}
