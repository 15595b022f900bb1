/* placectl dump, placectl log, placectl drop */
#include "lib/name.h"
#include "tools/ctl.h"

#include <errno.h>
#include <stdlib.h>

/* A request about the zone that the first operand names; NULL: a wrong name,
 * which has been said. */
static json_t *
zone_request(const struct ctl *c)
{
	uint8_t apex[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	json_t *request;

	if (ctl_name(c, c->operand[0], apex) != CTL_DONE)
		return NULL;
	name_to_text(text, apex);
	request = ctl_request(c);
	json_object_set_new(request, "zone", json_string(text));
	return request;
}

/* --- dump ---------------------------------------------------------------- */

static void
show_dumped(const struct ctl *c, const json_t *item)
{
	const char *rr = ctl_string(item, "rr");
	char time[CTL_TIME_MAX];

	(void)c;
	if (rr[0] != '\0')
		puts(rr);
	else
		printf("; %s serial %lld, %lld records, %s\n",
		       ctl_string(item, "zone"), ctl_number(item, "serial"),
		       ctl_number(item, "records"),
		       ctl_time(time, ctl_number(item, "time")));
}

enum ctl_exit
cmd_dump(struct ctl *c)
{
	json_t *request = zone_request(c);

	return request == NULL ? CTL_USAGE
			       : ctl_call(c, request, -1, show_dumped, NULL);
}

/* --- log ----------------------------------------------------------------- */

static void
show_rrs(const json_t *list, char sign)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		printf("%c %s\n", sign,
		       json_string_value(json_array_get(list, i)));
}

static void
show_entry(const struct ctl *c, const json_t *entry)
{
	const char *key = ctl_string(entry, "key");
	char time[CTL_TIME_MAX];

	(void)c;
	printf("; %s serial %lld, %s%s%s\n",
	       ctl_time(time, ctl_number(entry, "time")),
	       ctl_number(entry, "serial"), ctl_string(entry, "who"),
	       key[0] == '\0' ? "" : " with key ", key);
	show_rrs(json_object_get(entry, "removed"), '-');
	show_rrs(json_object_get(entry, "added"), '+');
	if (json_array_size(json_object_get(entry, "added")) == 0 &&
	    ctl_number(entry, "serial") != ctl_number(entry, "serial-before"))
		puts("; a large import: its records are not listed");
}

static void
show_refused(const struct ctl *c, const json_t *entry)
{
	char time[CTL_TIME_MAX];

	(void)c;
	printf("%s %s: %s\n", ctl_time(time, ctl_number(entry, "time")),
	       ctl_string(entry, "from"), ctl_string(entry, "reason"));
}

/* False: not a number, and said so. */
static bool
log_last(const struct ctl *c, json_t *request)
{
	const char *last = ctl_option(c, "last");
	char *end;
	long long n;

	if (last == NULL)
		return true;
	errno = 0;
	n = strtoll(last, &end, 10);
	if (errno != 0 || *end != '\0' || n < 1) {
		ctl_misused(c, "--last takes a number from 1");
		return false;
	}
	json_object_set_new(request, "last", json_integer(n));
	return true;
}

enum ctl_exit
cmd_log(struct ctl *c)
{
	bool refused = ctl_option(c, "refused") != NULL;
	json_t *request;

	if (refused != (c->operands == 0))
		return ctl_misused(c, "log takes a ZONE or --refused");
	request = refused ? json_pack("{s:s}", "command", "refused")
			  : zone_request(c);
	if (request == NULL)
		return CTL_USAGE;
	if (!log_last(c, request)) {
		json_decref(request);
		return CTL_USAGE;
	}
	return ctl_call(c, request, -1, refused ? show_refused : show_entry,
			NULL);
}

/* --- drop ---------------------------------------------------------------- */

enum ctl_exit
cmd_drop(struct ctl *c)
{
	json_t *request = zone_request(c);

	return request == NULL ? CTL_USAGE
			       : ctl_call(c, request, -1, NULL, NULL);
}
