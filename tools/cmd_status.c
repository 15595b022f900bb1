/* placectl status, placectl zones */
#include "tools/ctl.h"

#include <inttypes.h>

/* --- status -------------------------------------------------------------- */

static void
print_uptime(long long seconds)
{
	if (seconds >= 86400)
		printf("%lld days ", seconds / 86400);
	printf("%02lld:%02lld:%02lld", seconds / 3600 % 24, seconds / 60 % 60,
	       seconds % 60);
}

static const char *
octets_text(char *dst, size_t cap, long long octets)
{
	static const char *const units[] = {"octets", "KiB", "MiB", "GiB",
					    "TiB"};
	double value = (double)octets;
	unsigned i = 0;

	for (; value >= 1024 && i + 1 < ARRAY_LEN(units); i++)
		value /= 1024;
	snprintf(dst, cap, i == 0 ? "%.0f %s" : "%.1f %s", value, units[i]);
	return dst;
}

static void
print_store(const json_t *store)
{
	char file[32], unused[32], limit[32];

	if (!json_is_object(store)) {
		puts("store          cannot be read");
		return;
	}
	printf("store          %s, %s of it unused",
	       octets_text(file, sizeof(file), ctl_number(store, "file")),
	       octets_text(unused, sizeof(unused), ctl_number(store, "free")));
	if (ctl_number(store, "limit") > 0)
		printf(", limit %s", octets_text(limit, sizeof(limit),
						 ctl_number(store, "limit")));
	putchar('\n');
}

/* Those that are not 0; what is no number is told elsewhere. */
static void
print_counts(const char *what, json_t *counts)
{
	const char *name, *between = what;
	json_t *value;

	json_object_foreach(counts, name, value)
	{
		if (!json_is_integer(value) || json_integer_value(value) == 0)
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, between, name,
		       json_integer_value(value));
		between = ", ";
	}
	if (between[0] != ',')
		printf("%snothing yet", between);
	putchar('\n');
}

/* --- the way out ----------------------------------------------------------
 */

static void
print_forwarder(const json_t *f)
{
	long long workers = ctl_number(f, "workers");
	long long up = ctl_number(f, "workers-up");

	printf("forwarder      %s%s, %s", ctl_string(f, "addr"),
	       json_is_true(json_object_get(f, "tls")) ? " over TLS" : "",
	       up == workers ? "up" : "down");
	if (up > 0 && up < workers)
		printf(" for %lld of %lld workers", workers - up, workers);
	if (ctl_number(f, "srtt") > 0)
		printf(", %lld ms", ctl_number(f, "srtt"));
	printf("; %lld sent, %lld answers, %lld failures\n",
	       ctl_number(f, "sent"), ctl_number(f, "answers"),
	       ctl_number(f, "failures"));
}

static void
print_uplink(json_t *uplink)
{
	const json_t *list = json_object_get(uplink, "forwarders");

	if (json_array_size(list) == 0) {
		puts("uplink         none");
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		print_forwarder(json_array_get(list, i));
	print_counts("uplink         ", uplink);
}

static void
print_cache(const json_t *cache)
{
	char octets[32], limit[32];

	if (!json_is_object(cache)) {
		puts("cache          none");
		return;
	}
	printf("cache          %lld entries, %s of %s; %lld written, %lld "
	       "dropped, %lld evicted%s\n",
	       ctl_number(cache, "entries"),
	       octets_text(octets, sizeof(octets), ctl_number(cache, "octets")),
	       octets_text(limit, sizeof(limit), ctl_number(cache, "limit")),
	       ctl_number(cache, "written"), ctl_number(cache, "dropped"),
	       ctl_number(cache, "evicted"),
	       json_is_false(json_object_get(cache, "usable"))
		       ? "; it cannot be written now"
		       : "");
}

static void
print_boundary(const json_t *boundary)
{
	printf("boundary       zones that export %lld, names in reach %lld, "
	       "questions blocked %lld\n",
	       ctl_number(boundary, "exporting"), ctl_number(boundary, "reach"),
	       ctl_number(boundary, "blocked"));
}

static void
show_status(const struct ctl *c, const json_t *s)
{
	const json_t *zones = json_object_get(s, "zones");
	const json_t *writer = json_object_get(s, "writer");
	char started[CTL_TIME_MAX];

	(void)c;
	printf("placed         %s, process %lld, %lld workers\n",
	       ctl_string(s, "version"), ctl_number(s, "pid"),
	       ctl_number(s, "workers"));
	printf("up             ");
	print_uptime(ctl_number(s, "uptime"));
	printf(", since %s\n", ctl_time(started, ctl_number(s, "started")));
	printf("configuration  %s\n", ctl_string(s, "config"));
	printf("zones          %lld served, %lld unready, %lld kept; %lld "
	       "records\n",
	       ctl_number(zones, "served"), ctl_number(zones, "unready"),
	       ctl_number(zones, "kept"), ctl_number(zones, "records"));
	print_store(json_object_get(s, "store"));
	printf("writer         %lld jobs in %lld commits, %lld failures\n",
	       ctl_number(writer, "jobs"), ctl_number(writer, "commits"),
	       ctl_number(writer, "failures"));
	print_counts("counters       ", json_object_get(s, "queries"));
	print_boundary(json_object_get(s, "boundary"));
	print_uplink(json_object_get(s, "uplink"));
	print_cache(json_object_get(s, "cache"));
}

enum ctl_exit
cmd_status(struct ctl *c)
{
	return ctl_call(c, ctl_request(c), -1, NULL, show_status);
}

/* --- zones --------------------------------------------------------------- */

static void
show_zone(const struct ctl *c, const json_t *zone)
{
	(void)c;
	printf("%-8s %10lld %9lld %9lld %8lld  %s\n", ctl_string(zone, "state"),
	       ctl_number(zone, "serial"), ctl_number(zone, "records"),
	       ctl_number(zone, "names"), ctl_number(zone, "journal"),
	       ctl_string(zone, "zone"));
}

enum ctl_exit
cmd_zones(struct ctl *c)
{
	enum ctl_exit status = ctl_connect(c, NULL);

	if (status != CTL_DONE)
		return status;
	if (!c->json)
		printf("%-8s %10s %9s %9s %8s  %s\n", "STATE", "SERIAL",
		       "RECORDS", "NAMES", "CHANGES", "ZONE");
	return ctl_call(c, ctl_request(c), -1, show_zone, NULL);
}
