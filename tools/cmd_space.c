/* placectl near, in, here, places: questions about space, put together from
 * what a person would write. */
#include "tools/ctl.h"

#include "lib/name.h"
#include "zones/place.h"
#include "zones/space_question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- reading -------------------------------------------------------------- */

/* "52.205", "52.205n", "-91.5", "91.5w". */
static bool
angle_read(int32_t *mas, const char *text, int32_t max, char minus)
{
	const char *letters = minus == 's' ? "nsNS" : "ewEW";
	size_t len = strlen(text);
	bool lettered = len > 0 && strchr(letters, text[len - 1]) != NULL;

	if (!place_angle_read(mas, text, len - lettered, max) ||
	    (lettered && text[0] == '-'))
		return false;
	if (lettered &&
	    name_lower_octet((uint8_t)text[len - 1]) == (uint8_t)minus)
		*mas = -*mas;
	return true;
}

static enum ctl_exit
spot_read(const struct ctl *c, struct space_question *q)
{
	if (!angle_read(&q->spot.lat, c->operand[1], PLACE_LAT_MAX, 's'))
		return ctl_misused(c, "\"%s\" is no latitude such as 52.2053",
				   c->operand[1]);
	if (!angle_read(&q->spot.lon, c->operand[2], PLACE_LON_MAX, 'w'))
		return ctl_misused(c,
				   "\"%s\" is no longitude such as 0.1131 or "
				   "91.5374w",
				   c->operand[2]);
	return CTL_DONE;
}

/* Of an option; false: not given. */
static bool
number_read(const struct ctl *c, const char *option, long long least,
	    long long most, long long *v, enum ctl_exit *status)
{
	const char *text = ctl_option(c, option);
	char *end;

	if (text == NULL)
		return false;
	errno = 0;
	*v = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *v >= least &&
	    *v <= most)
		return true;
	*status = ctl_misused(c, "--%s takes a number from %lld to %lld",
			      option, least, most);
	return false;
}

static enum ctl_exit
radius_read(const struct ctl *c, struct space_question *q)
{
	const char *text = ctl_option(c, "radius"), *dot;
	size_t len, whole;

	if (text == NULL)
		return CTL_DONE;
	len = strlen(text);
	if (len > 0 && text[len - 1] == 'm')
		len--;
	dot = memchr(text, '.', len);
	whole = dot != NULL ? (size_t)(dot - text) : len;
	q->has_radius = place_decimal(&q->radius, text, whole,
				      dot != NULL ? dot + 1 : "",
				      dot != NULL ? len - whole - 1 : 0, 1000,
				      SPACE_RADIUS_MAX) &&
			q->radius > 0;
	return q->has_radius ? CTL_DONE
			     : ctl_misused(c, "--radius takes metres, such as "
					      "10 or 2.5");
}

/* What of the options the kind takes; the others its row does not have. */
static enum ctl_exit
options_read(const struct ctl *c, struct space_question *q)
{
	enum ctl_exit status = CTL_DONE;
	long long v;

	if (q->kind == SPACE_NEAR) {
		status = radius_read(c, q);
		if (status == CTL_DONE &&
		    number_read(c, "k", 1, SPACE_K_MAX, &v, &status))
			q->k = (uint32_t)v;
	}
	if (status == CTL_DONE && q->kind != SPACE_HERE &&
	    number_read(c, "level", -PLACE_LEVEL_MAX, PLACE_LEVEL_MAX, &v,
			&status)) {
		q->has_level = true;
		q->level = (int16_t)v;
	}
	return status;
}

/* "_ipp._tcp" in front of the rest. */
static enum ctl_exit
service_read(const struct ctl *c, struct space_question *q,
	     uint8_t service[NAME_WIRE_MAX])
{
	const char *text = ctl_option(c, "service");
	struct diag d;

	if (text == NULL)
		return CTL_DONE;
	if (name_from_text(service, text, NULL, &d) != ERR_OK)
		return ctl_misused(c, "%s", d.text);
	q->service = service;
	q->service_len = name_len(service) - 1;
	return CTL_DONE;
}

/* --- asking --------------------------------------------------------------- */

static void
show_hit(const struct ctl *c, const json_t *hit)
{
	const json_t *metres = json_object_get(hit, "metres");
	const char *child = ctl_string(hit, "child");

	(void)c;
	if (child[0] != '\0')
		printf("         and what %s has\n", child);
	else if (json_is_number(metres))
		printf("%9.2f m  %s\n", json_number_value(metres),
		       ctl_string(hit, "name"));
	else
		printf("%9s    %s\n", "", ctl_string(hit, "name"));
}

static void
show_more(const struct ctl *c, const json_t *result)
{
	(void)c;
	if (json_is_true(json_object_get(result, "more")))
		puts("there may be more: a limit was met (`space` in the "
		     "configuration)");
}

static enum ctl_exit
ask(struct ctl *c, enum space_kind kind)
{
	struct space_question q = {.kind = kind};
	uint8_t scope[NAME_WIRE_MAX], name[NAME_WIRE_MAX];
	uint8_t service[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	enum ctl_exit status = ctl_name(c, c->operand[0], scope);
	json_t *request;

	if (status == CTL_DONE && kind != SPACE_HERE)
		status = spot_read(c, &q);
	if (status == CTL_DONE)
		status = options_read(c, &q);
	if (status == CTL_DONE)
		status = service_read(c, &q, service);
	if (status != CTL_DONE)
		return status;
	if (space_question_write(name, &q, scope) == 0)
		return ctl_refuse(c, "the question's name would be too long");
	name_to_text(text, name);
	request = json_pack("{s:s, s:s}", "command", "space", "name", text);
	return ctl_call(c, request, -1, show_hit, show_more);
}

enum ctl_exit
cmd_near(struct ctl *c)
{
	return ask(c, SPACE_NEAR);
}

enum ctl_exit
cmd_in(struct ctl *c)
{
	return ask(c, SPACE_IN);
}

enum ctl_exit
cmd_here(struct ctl *c)
{
	return ask(c, SPACE_HERE);
}

/* --- places --------------------------------------------------------------- */

static void
show_place(const struct ctl *c, const json_t *place)
{
	(void)c;
	printf("%12.7f %12.7f %9.2f  %s%s\n",
	       json_number_value(json_object_get(place, "latitude")),
	       json_number_value(json_object_get(place, "longitude")),
	       json_number_value(json_object_get(place, "altitude")),
	       ctl_string(place, "name"),
	       json_is_array(json_object_get(place, "rings")) ? "  (footprint)"
							      : "");
}

/* Rings as a polygon, else the position as a point. */
static json_t *
feature(const json_t *place)
{
	json_t *rings = json_object_get(place, "rings"), *properties, *geometry;
	static const char *const kept[] = {"levels", "low", "high", "altitude"};

	properties = json_pack("{s:s}", "name", ctl_string(place, "name"));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		json_t *value = json_object_get(place, kept[i]);

		if (value != NULL)
			json_object_set(properties, kept[i], value);
	}
	if (json_is_array(rings))
		geometry = json_pack("{s:s, s:O}", "type", "Polygon",
				     "coordinates", rings);
	else
		geometry = json_pack("{s:s, s:[O, O]}", "type", "Point",
				     "coordinates",
				     json_object_get(place, "longitude"),
				     json_object_get(place, "latitude"));
	return json_pack("{s:s, s:o, s:o}", "type", "Feature", "geometry",
			 geometry, "properties", properties);
}

#define COLLECTION "{\"type\": \"FeatureCollection\", \"features\": ["

/* The first one begins the collection, the end of the answer ends it. */
static void
show_feature(const struct ctl *c, const json_t *place)
{
	json_t *f = feature(place);

	(void)c;
	puts(ctl_number(place, "number") == 1 ? COLLECTION : ",");
	if (f != NULL)
		json_dumpf(f, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
	json_decref(f);
}

static void
show_features_end(const struct ctl *c, const json_t *result)
{
	(void)c;
	puts(ctl_number(result, "places") == 0 ? COLLECTION "]}" : "\n]}");
}

enum ctl_exit
cmd_places(struct ctl *c)
{
	bool geojson = ctl_option(c, "geojson") != NULL;
	uint8_t apex[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	json_t *request;

	if (geojson && c->json)
		return ctl_misused(c, "--json and --geojson exclude each "
				      "other");
	if (ctl_name(c, c->operand[0], apex) != CTL_DONE)
		return CTL_USAGE;
	name_to_text(text, apex);
	request = ctl_request(c);
	json_object_set_new(request, "zone", json_string(text));
	if (!geojson)
		return ctl_call(c, request, -1, show_place, NULL);
	return ctl_call(c, request, -1, show_feature, show_features_end);
}
