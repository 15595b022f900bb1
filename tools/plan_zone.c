/* The zone file of a plan: LOCs and footprints, then the text. */
#include "tools/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GEO_CAP 32768	/* octets of a footprint's rdata */
#define PRECISION_CM 10 /* of positions in a plan */
#define TXT_STRING_MAX 255

/* --- positions ----------------------------------------------------------- */

static bool
spot_make(struct place_spot *spot, struct plan_point at)
{
	double lon = at.lon > 180    ? at.lon - 360
		     : at.lon < -180 ? at.lon + 360
				     : at.lon;

	return place_angle_from_degrees(&spot->lat, at.lat, PLACE_LAT_MAX) &&
	       place_angle_from_degrees(&spot->lon, lon, PLACE_LON_MAX);
}

/* Metres above the ellipsoid, of the lowest of its floors. */
static double
item_altitude(const struct plan *p, const struct plan_item *item)
{
	double level = item->levels.count == 0 ? 0 : item->levels.at[0];
	double altitude = p->options->altitude + level * p->options->storey;

	if (isfinite(item->altitude))
		altitude = item->altitude;
	return fmin(
		fmax(altitude, PLACE_ALT_MIN / 100.0), /* what LOC can hold */
		PLACE_ALT_MAX / 100.0);
}

static double
item_height(const struct plan *p, const struct plan_item *item)
{
	const struct plan_levels *l = &item->levels;

	if (isfinite(item->height))
		return item->height;
	return p->options->storey *
	       (l->count == 0 ? 1 : l->at[l->count - 1] - l->at[0] + 1);
}

static void
item_locate(const struct plan *p, struct plan_item *item,
	    struct place_spot spot)
{
	item->has_loc = true;
	item->loc = (struct place_point){
		.spot = spot,
		.alt = llround(item_altitude(p, item) * 100),
		.size = place_size_code(PRECISION_CM),
		.hp = place_size_code(PRECISION_CM),
		.vp = place_size_code(PRECISION_CM),
	};
}

/* --- footprints ---------------------------------------------------------- */

/* The item's rings in mas, in the plan's memory; how many. */
static unsigned
outline_rings(struct plan *p, struct plan_item *item, struct place_ring **rings)
{
	size_t count = item->area.count;
	unsigned used = 0;

	if (count > PLACE_HOLES_MAX + 1) {
		plan_note(p, item->file, item->id,
			  "%zu holes of it are left out",
			  count - PLACE_HOLES_MAX - 1);
		count = PLACE_HOLES_MAX + 1;
	}
	*rings = plan_alloc(p, count * sizeof(**rings));
	for (size_t i = 0; i < count; i++) {
		const struct plan_ring *ring = &item->area.rings[i];
		struct place_spot *corner =
			plan_alloc(p, ring->count * sizeof(*corner));
		unsigned kept = 0;

		for (size_t k = 0; k < ring->count; k++)
			if (spot_make(&corner[kept], ring->at[k]) &&
			    (kept == 0 ||
			     memcmp(&corner[kept], &corner[kept - 1],
				    sizeof(*corner)) != 0))
				kept++;
		while (kept > 1 && memcmp(&corner[kept - 1], &corner[0],
					  sizeof(*corner)) == 0)
			kept--;
		if (used > 0 && kept < 3)
			continue; /* a hole of a few centimetres is none */
		(*rings)[used++] =
			(struct place_ring){.corner = corner, .count = kept};
	}
	return used;
}

/* The footprint's rdata and, by reading it back, the LOC's size. */
static enum err
outline_format(struct plan *p, struct plan_item *item,
	       const struct place_ring *rings, unsigned count, struct diag *d)
{
	uint8_t rdata[GEO_CAP];
	int16_t level[PLAN_LEVELS_MAX];
	struct place_footprint fp;
	struct place_outline o = {
		.at = item->loc.spot,
		.ring = rings,
		.rings = count,
		.has_heights = true,
		.heights = {.high = (int32_t)lround(item_height(p, item) *
						    100)},
		.level = level,
		.levels = item->levels.count,
	};
	size_t len;
	enum err e;

	for (unsigned i = 0; i < item->levels.count; i++)
		level[i] = (int16_t)item->levels.at[i];
	e = place_footprint_format(rdata, GEO_CAP, &len, &o, d);
	if (e == ERR_OK)
		e = place_footprint_parse(&fp, rdata, len, &item->loc,
					  &p->arena, d);
	if (e != ERR_OK)
		return e;
	if (!place_footprint_contains(&fp, item->loc.spot))
		return diag_set(d, ERR_RULE, "no point of it is inside of it");
	item->geo = memcpy(plan_alloc(p, len), rdata, len);
	item->geo_len = len;
	item->loc.size = place_footprint_size(&fp);
	return ERR_OK;
}

/* The balance point, which is where people look for a room's middle, or spot
 * if the outline is no plain one. */
static struct place_spot
outline_centre(const struct plan_area *area, struct place_spot spot)
{
	struct plan_point other = {.lat = place_angle_degrees(spot.lat),
				   .lon = place_angle_degrees(spot.lon)};
	struct plan_point centre = plan_shape_centre(area, other);
	struct place_spot made;

	return spot_make(&made, centre) ? made : spot;
}

/* LOC and footprint; ERR_RANGE: there is no LOC, else there is one at least. */
static enum err
outline_try(struct plan *p, struct plan_item *item,
	    const struct place_ring *rings, unsigned count, struct diag *d)
{
	struct place_spot spot;

	if (rings[0].count < 3 || !place_label_spot(&spot, rings, count))
		return diag_set(d, ERR_RANGE,
				"it is too small or narrow to be inside of");
	item_locate(p, item, outline_centre(&item->area, spot));
	if (outline_format(p, item, rings, count, d) == ERR_OK)
		return ERR_OK;
	item_locate(p, item, spot);
	return outline_format(p, item, rings, count, d) == ERR_OK ? ERR_OK
								  : ERR_RULE;
}

/* False if the item is dropped. Holes that cannot be, as those that leave
 * nothing or are elsewhere, are not worth a room. */
static bool
outline_make(struct plan *p, struct plan_item *item)
{
	struct place_ring *rings;
	unsigned count = outline_rings(p, item, &rings);
	struct diag d = {""};
	enum err e = outline_try(p, item, rings, count, &d);

	if (e != ERR_OK && count > 1) {
		item->area.count = 1;
		e = outline_try(p, item, rings, 1, &d);
		if (e == ERR_OK)
			plan_note(p, item->file, item->id,
				  "its holes are left out: they are not in it, "
				  "or nothing is left beside them");
	}
	if (e == ERR_RANGE) {
		plan_drop(p, item, d.text);
		return false;
	}
	if (e != ERR_OK)
		plan_note(p, item->file, item->id, "a position only: %s",
			  d.text);
	return true;
}

static bool
spot_place(struct plan *p, struct plan_item *item)
{
	struct place_spot spot;

	if (!spot_make(&spot, item->point)) {
		plan_drop(p, item, "coordinates that are not degrees");
		return false;
	}
	item_locate(p, item, spot);
	return true;
}

/* --- floors -------------------------------------------------------------- */

/* An item for each floor that has something on it and none of its own; all
 * floors come first, so that they get their names. */
static void
floors_make(struct plan *p)
{
	struct plan_levels had = {0}, needed = {0};
	struct plan_item **items;
	size_t floors = 0, rest;

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i]->levels.count > 0)
			plan_level_add(p->items[i]->kind == PLAN_LEVEL
					       ? &had
					       : &needed,
				       p->items[i]->levels.at[0]);
	for (unsigned i = 0; i < needed.count; i++) {
		unsigned count = had.count;

		plan_level_add(&had, needed.at[i]);
		if (had.count > count) {
			struct plan_item *item =
				plan_add(p, PLAN_LEVEL, "", "");

			item->type = "floor";
			plan_level_add(&item->levels, needed.at[i]);
		}
	}
	items = plan_alloc(p, p->count * sizeof(struct plan_item *));
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i]->kind == PLAN_LEVEL)
			items[floors++] = p->items[i];
	rest = floors;
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i]->kind != PLAN_LEVEL)
			items[rest++] = p->items[i];
	p->items = items;
	p->room = p->count;
}

void
plan_zone_prepare(struct plan *p)
{
	plan_feature_settle(p);
	for (size_t i = 0; i < p->count;) {
		struct plan_item *item = p->items[i];

		if (item->area.count > 0 ? outline_make(p, item)
		    : item->has_point	 ? spot_place(p, item)
					 : true)
			i++;
	}
	if (p->options->by_level)
		floors_make(p);
	plan_name_all(p);
}

/* --- text ---------------------------------------------------------------- */

/* How much of text, cut before a character of UTF-8 that is cut. */
static size_t
utf8_cut(const char *text, size_t most)
{
	size_t len = strlen(text);

	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

/* ASCII as it is, the rest as \DDD: any tool reads that. */
static void
write_octets(FILE *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (at[i] == '"' || at[i] == '\\')
			fprintf(out, "\\%c", at[i]);
		else if (at[i] < ' ' || at[i] > '~')
			fprintf(out, "\\%03u", at[i]);
		else
			putc(at[i], out);
	}
}

static void
write_pair(FILE *out, const char *key, const char *value)
{
	char text[TXT_STRING_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s=", key);

	if (value == NULL || n < 0 || n >= (int)sizeof(text))
		return;
	fputs(" \"", out);
	write_octets(out, (const uint8_t *)text, (size_t)n);
	write_octets(out, (const uint8_t *)value,
		     utf8_cut(value, (size_t)(TXT_STRING_MAX - n)));
	putc('"', out);
}

static void
write_angle(FILE *out, int32_t mas, char plus, char minus)
{
	uint32_t v = (uint32_t)(mas < 0 ? -(int64_t)mas : mas);

	fprintf(out, "%u %u %u.%03u %c ", v / PLACE_DEGREE, v / 60000 % 60,
		v / 1000 % 60, v % 1000, mas < 0 ? minus : plus);
}

static void
write_size(FILE *out, uint8_t code)
{
	uint64_t cm = place_size_cm(code);

	if (cm % 100 == 0)
		fprintf(out, " %llum", (unsigned long long)(cm / 100));
	else
		fprintf(out, " %llu.%02llum", (unsigned long long)(cm / 100),
			(unsigned long long)(cm % 100));
}

static void
write_loc(FILE *out, const char *owner, const struct place_point *at)
{
	long long alt = at->alt;

	fprintf(out, "%s\tLOC\t", owner);
	write_angle(out, at->spot.lat, 'N', 'S');
	write_angle(out, at->spot.lon, 'E', 'W');
	fprintf(out, "%s%lld.%02lldm", alt < 0 ? "-" : "", llabs(alt) / 100,
		llabs(alt) % 100);
	write_size(out, at->size);
	write_size(out, at->hp);
	write_size(out, at->vp);
	putc('\n', out);
}

/* --- records of an item -------------------------------------------------- */

static void
write_name(FILE *out, const struct plan_item *item, const char *owner)
{
	char levels[PLAN_LEVELS_TEXT];

	fprintf(out, "%s\tTXT", owner);
	write_pair(out, "name", item->name);
	write_pair(out, "ref", item->ref);
	if (item->kind != PLAN_THING)
		write_pair(out, "type", item->type);
	if (item->kind == PLAN_LEVEL && item->levels.count > 0)
		write_pair(out, "lvl",
			   plan_level_format(levels, &item->levels));
	for (size_t i = 0; i < item->texts.count; i++)
		write_pair(out, item->texts.at[i].key, item->texts.at[i].value);
	putc('\n', out);
}

/* The strings of the rdata; a spot has its level alone. */
static void
write_geo(FILE *out, const struct plan_item *item, const char *owner)
{
	char levels[PLAN_LEVELS_TEXT];

	if (item->geo == NULL && item->levels.count == 0)
		return;
	fprintf(out, "_geo%s%s\tTXT", strcmp(owner, "@") == 0 ? "" : ".",
		strcmp(owner, "@") == 0 ? "" : owner);
	if (item->geo == NULL) {
		write_pair(out, "lvl",
			   plan_level_format(levels, &item->levels));
		putc('\n', out);
		return;
	}
	for (size_t at = 0; at < item->geo_len; at += item->geo[at] + 1u) {
		fputs(" \"", out);
		write_octets(out, item->geo + at + 1, item->geo[at]);
		putc('"', out);
	}
	putc('\n', out);
}

/* RFC 4776 section 3.4, by the names of RFC 5139, from the country down. */
static void
write_civic(const struct plan *p, FILE *out, const struct plan_item *item)
{
	static const char *const order[] = {
		"country", "A1",   "A2",  "A3",	 "A4",	"A5",
		"A6",	   "PC",   "RD",  "HNO", "BLD", "UNIT",
		"FLR",	   "ROOM", "NAM", "LOC", "PLC"};
	char levels[PLAN_LEVELS_TEXT];

	fprintf(out, "_civic.%s\tTXT", item->owner);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const char *value = plan_value(&item->civic, order[i]);

		if (value == NULL)
			value = plan_value(&p->civic, order[i]);
		if (value == NULL && strcmp(order[i], "BLD") == 0)
			value = p->building;
		if (value == NULL && strcmp(order[i], "FLR") == 0)
			value = item->floor != NULL ? item->floor
				: item->levels.count > 0
					? plan_level_format(levels,
							    &item->levels)
					: NULL;
		if (value == NULL && strcmp(order[i], "ROOM") == 0 &&
		    item->kind == PLAN_ROOM)
			value = item->ref;
		if (value == NULL && strcmp(order[i], "NAM") == 0)
			value = item->name;
		write_pair(out, order[i], value);
	}
	putc('\n', out);
}

static bool
item_has_civic(const struct plan *p, const struct plan_item *item)
{
	return (item->kind == PLAN_ROOM || item->kind == PLAN_SPOT) &&
	       item->owner[0] != '\0' &&
	       (item->civic.count > 0 || p->civic.count > 0 ||
		p->building != NULL || item->floor != NULL ||
		item->levels.count > 0 || item->name != NULL ||
		(item->kind == PLAN_ROOM && item->ref != NULL));
}

static const char *
item_owner(const struct plan_item *item)
{
	return item == NULL || item->owner[0] == '\0' ? "@" : item->owner;
}

static void
write_item(const struct plan *p, FILE *out, const struct plan_item *item)
{
	const char *owner = item_owner(item);

	if (item->name != NULL || item->ref != NULL || item->type != NULL ||
	    item->texts.count > 0)
		write_name(out, item, owner);
	if (item->has_loc) {
		write_loc(out, owner, &item->loc);
		write_geo(out, item, owner);
	}
	if (item_has_civic(p, item))
		write_civic(p, out, item);
}

/* --- the file ------------------------------------------------------------ */

static void
write_head(const struct plan *p, FILE *out, const char *made_from)
{
	const char *ns = p->options->ns != NULL ? p->options->ns : "ns";
	char origin[NAME_TEXT_MAX];
	bool apex = false;

	name_to_text(origin, p->origin);
	fprintf(out, "; Made by placectl import-plan %s\n", made_from);
	fprintf(out, "$ORIGIN %s\n$TTL 3600\n", origin);
	fprintf(out, "@\tSOA\t%s hostmaster 1 3600 600 604800 60\n", ns);
	fprintf(out, "@\tNS\t%s\n", ns);
	if (p->options->ns == NULL)
		fputs("ns\tA\t127.0.0.1 ; to be set, or see --ns\n", out);
	for (size_t i = 0; i < p->count; i++)
		apex = apex || p->items[i]->owner[0] == '\0';
	if (p->building != NULL && !apex) {
		fputs("@\tTXT", out);
		write_pair(out, "name", p->building);
		putc('\n', out);
	}
}

void
plan_zone_write(const struct plan *p, FILE *out, const char *made_from)
{
	write_head(p, out, made_from);
	for (size_t i = 0; i < p->count; i++)
		write_item(p, out, p->items[i]);
	for (size_t i = 0; i < p->link_count; i++) {
		const struct plan_link *l = &p->links[i];

		if (l->label == NULL)
			fprintf(out, "%s", item_owner(l->from));
		else if (l->from == NULL || l->from->owner[0] == '\0')
			fprintf(out, "%s", l->label);
		else
			fprintf(out, "%s.%s", l->label, l->from->owner);
		fprintf(out, "\tPTR\t%s\n", item_owner(l->to));
	}
}
