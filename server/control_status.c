/* status and zones: what is served, and how it goes. */
#include "server/control_internal.h"
#include "server/control_uplink.h"
#include "server/stats.h"
#include "zones/zone.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

/* --- status -------------------------------------------------------------- */

static json_t *
status_store(struct store *store)
{
	struct store_usage u;

	if (store_usage(store, &u) != ERR_OK)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "file", (json_int_t)u.file_octets,
			 "free", (json_int_t)u.free_octets, "limit",
			 (json_int_t)u.limit);
}

static json_t *
status_writer(struct writer *w)
{
	struct writer_stats s;

	writer_stats(w, &s);
	return json_pack("{s:I, s:I, s:I}", "jobs", (json_int_t)s.jobs,
			 "commits", (json_int_t)s.commits, "failures",
			 (json_int_t)s.failures);
}

static json_t *
status_queries(const struct control_server *server)
{
	json_t *counts = json_object();
	struct stats sum;

	server->stats(server->arg, &sum);
	for (unsigned i = 0; i < STATS; i++)
		json_object_set_new(counts, stat_name((enum stat_id)i),
				    json_integer((json_int_t)sum.n[i]));
	return counts;
}

struct zone_sums {
	size_t served, unready, kept, exporting;
	uint64_t records;
};

static enum err
status_count_zones(struct control_talk *t, struct zone_sums *sums)
{
	uint8_t apex[NAME_WIRE_MAX] = {0};
	struct zone_record z;
	bool first = true;
	enum err e;

	while ((e = zone_record_next(t->view, &first, apex, &z)) == ERR_OK) {
		bool served = served_exact(t->served, apex) >= 0;

		sums->served += served;
		sums->kept += !served;
		sums->exporting += served && z.outside_id != 0;
		sums->records += z.records;
	}
	sums->unready = t->served->conf->zone_count - sums->served;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static json_t *
status_zones(const struct zone_sums *sums)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I}", "served", (json_int_t)sums->served,
		"unready", (json_int_t)sums->unready, "kept",
		(json_int_t)sums->kept, "records", (json_int_t)sums->records);
}

enum err
control_status(struct control_talk *t, const json_t *args, json_t *result,
	       struct diag *d)
{
	const struct control_server *server = t->server;
	const struct conf *conf = t->served->conf;
	uint64_t now = (uint64_t)time(NULL);
	uint64_t up = now > server->started ? now - server->started : 0;
	struct zone_sums sums = {0};
	json_t *boundary;
	enum err e = control_view_begin(t, d);

	(void)args;
	if (e != ERR_OK)
		return e;
	e = status_count_zones(t, &sums);
	boundary = control_uplink_boundary(t, sums.exporting);
	control_view_end(t);
	json_object_set_new(result, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(result, "pid", json_integer(getpid()));
	json_object_set_new(result, "started",
			    json_integer((json_int_t)server->started));
	json_object_set_new(result, "uptime", json_integer((json_int_t)up));
	json_object_set_new(result, "config", control_json_text(conf->path));
	json_object_set_new(result, "workers", json_integer(conf->workers));
	json_object_set_new(result, "zones", status_zones(&sums));
	json_object_set_new(result, "store", status_store(server->store));
	json_object_set_new(result, "writer", status_writer(server->writer));
	json_object_set_new(result, "queries", status_queries(server));
	json_object_set_new(result, "uplink", control_uplink_status(server));
	json_object_set_new(result, "cache", control_uplink_cache(server));
	json_object_set_new(result, "boundary", boundary);
	return e;
}

/* --- zones --------------------------------------------------------------- */

static json_t *
zone_item(const uint8_t *apex, const char *state, const struct zone_record *z)
{
	json_t *item = json_object();

	json_object_set_new(item, "zone", control_json_name(apex));
	json_object_set_new(item, "state", json_string(state));
	if (z == NULL)
		return item;
	json_object_set_new(item, "serial", json_integer(z->serial));
	json_object_set_new(item, "records",
			    json_integer((json_int_t)z->records));
	json_object_set_new(item, "names", json_integer((json_int_t)z->nodes));
	json_object_set_new(
		item, "journal",
		json_integer((json_int_t)(z->version + 1 - z->journal_first)));
	json_object_set_new(item, "journal-octets",
			    json_integer((json_int_t)z->journal_octets));
	return item;
}

static enum err
zones_configured(struct control_talk *t, struct diag *d)
{
	const struct conf *conf = t->served->conf;
	enum err e = ERR_OK;

	for (size_t i = 0; i < conf->zone_count && e == ERR_OK; i++) {
		const struct conf_zone *zone = &conf->zones[i];
		struct zone_record z;
		enum err found = zone_record_get(t->view, zone->apex, &z);
		bool there = found == ERR_OK;
		json_t *item =
			zone_item(zone->apex, there ? "served" : "unready",
				  there ? &z : NULL);

		if (zone->file != NULL)
			json_object_set_new(item, "file",
					    control_json_text(zone->file));
		if (found != ERR_OK && found != ERR_NOTFOUND)
			json_object_set_new(item, "error",
					    json_string(err_text(found)));
		e = control_item(t, item, d);
	}
	return e;
}

/* In the store, and no longer in the configuration. */
static enum err
zones_kept(struct control_talk *t, struct diag *d)
{
	uint8_t apex[NAME_WIRE_MAX] = {0};
	struct zone_record z;
	bool first = true;
	enum err e;

	while ((e = zone_record_next(t->view, &first, apex, &z)) == ERR_OK) {
		if (served_exact(t->served, apex) >= 0)
			continue;
		e = control_item(t, zone_item(apex, "kept", &z), d);
		if (e != ERR_OK)
			return e;
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
control_zones(struct control_talk *t, const json_t *args, json_t *result,
	      struct diag *d)
{
	enum err e = control_view_begin(t, d);

	(void)args;
	(void)result;
	if (e != ERR_OK)
		return e;
	e = zones_configured(t, d);
	if (e == ERR_OK)
		e = zones_kept(t, d);
	control_view_end(t);
	return e;
}
