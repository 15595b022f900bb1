/* blocked, flush, and what status tells of the uplink, the cache and the
 * boundary. */
#include "server/control_uplink.h"

#include "lib/log.h"
#include "resolver/blocked.h"
#include "resolver/cache.h"
#include "resolver/reach.h"
#include "server/uplink_sum.h"
#include "zones/export.h"

#include <stdlib.h>
#include <string.h>

/* --- blocked --------------------------------------------------------------
 */

static json_t *
blocked_item(const struct blocked_name *n)
{
	char from[NET_ADDR_TEXT_MAX];

	net_addr_to_text(from, &n->from);
	from[strcspn(from, "@")] = '\0'; /* the port says nothing */
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:s}", "name",
			 control_json_name(n->name), "type",
			 control_json_type(n->qtype), "count",
			 (json_int_t)n->count, "first", (json_int_t)n->first,
			 "last", (json_int_t)n->last, "from", from);
}

enum err
control_blocked(struct control_talk *t, const json_t *args, json_t *result,
		struct diag *d)
{
	struct blocked *b = t->server->recursion.blocked;
	struct blocked_name *list;
	enum err e = ERR_OK;
	size_t count;

	if (control_arg_flag(args, "clear")) {
		blocked_clear(b);
		return ERR_OK;
	}
	list = blocked_list(b, &count);
	for (size_t i = 0; i < count && e == ERR_OK; i++)
		e = control_item(t, blocked_item(&list[i]), d);
	free(list);
	json_object_set_new(result, "total",
			    json_integer((json_int_t)blocked_total(b)));
	return e;
}

/* --- flush ----------------------------------------------------------------
 */

static enum err
flush_read(const json_t *args, uint8_t *name, bool *below, struct diag *d)
{
	bool all = control_arg_flag(args, "all");

	*below = all || control_arg_flag(args, "below");
	if (all != (control_arg_text(args, "name") == NULL))
		return diag_set(d, ERR_SYNTAX,
				"flush takes a name, or all; one of them");
	if (!all)
		return control_arg_name(args, "name", name, d);
	name_copy(name, name_root);
	return ERR_OK;
}

enum err
control_flush(struct control_talk *t, const json_t *args, json_t *result,
	      struct diag *d)
{
	struct cache *cache = t->server->recursion.cache;
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	uint64_t removed;
	bool below;
	enum err e = flush_read(args, name, &below, d);

	if (e != ERR_OK)
		return e;
	if (cache == NULL)
		return diag_set(d, ERR_NOTFOUND,
				"there is no cache: cache-limit is 0, or the "
				"log says why");
	e = cache_flush(cache, name, below, &removed, d);
	if (e != ERR_OK)
		return e;
	name_to_text(text, name);
	log_notice("cache flushed %s %s: %llu entries",
		   below ? "at and below" : "at", text,
		   (unsigned long long)removed);
	json_object_set_new(result, "removed",
			    json_integer((json_int_t)removed));
	return ERR_OK;
}

/* --- status ---------------------------------------------------------------
 */

static json_t *
status_forwarder(const struct uplink_sum_forwarder *f)
{
	char addr[NET_ADDR_TEXT_MAX];

	net_addr_to_text(addr, &f->addr);
	return json_pack(
		"{s:s, s:b, s:b, s:i, s:i, s:i, s:I, s:I, s:I}", "addr", addr,
		"tls", (int)f->tls, "up", (int)(f->up == f->workers), "workers",
		(int)f->workers, "workers-up", (int)f->up, "srtt",
		(int)f->srtt_ms, "sent", (json_int_t)f->sent, "answers",
		(json_int_t)f->answers, "failures", (json_int_t)f->failures);
}

json_t *
control_uplink_status(const struct control_server *server)
{
	json_t *item = json_object(), *list = json_array();
	struct uplink_sum sum = {.count = 0};

	if (server->uplink != NULL)
		server->uplink(server->arg, &sum);
	for (unsigned i = 0; i < sum.count; i++)
		json_array_append_new(list,
				      status_forwarder(&sum.forwarders[i]));
	json_object_set_new(item, "forwarders", list);
	for (unsigned i = 0; i < UPLINK_SUM_COUNTS; i++)
		json_object_set_new(item, uplink_sum_name(i),
				    json_integer((json_int_t)sum.counts[i]));
	if (sum.silent > 0)
		json_object_set_new(item, "silent-workers",
				    json_integer(sum.silent));
	return item;
}

json_t *
control_uplink_cache(const struct control_server *server)
{
	struct cache_stats s;

	if (server->recursion.cache == NULL)
		return json_null();
	cache_stats(server->recursion.cache, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "entries",
			 (json_int_t)s.entries, "kept", (json_int_t)s.kept,
			 "octets", (json_int_t)s.octets, "limit",
			 (json_int_t)s.limit, "written", (json_int_t)s.written,
			 "dropped", (json_int_t)s.dropped, "evicted",
			 (json_int_t)s.evicted, "usable", (int)s.usable);
}

json_t *
control_uplink_boundary(struct control_talk *t, size_t exporting)
{
	struct reach *reach = reach_new(t->served->conf);
	struct blocked *b = t->server->recursion.blocked;
	size_t count = 0;

	if (reach != NULL && reach_refresh(reach, t->view) == ERR_OK)
		count = reach_count(reach);
	reach_free(reach);
	return json_pack("{s:I, s:I, s:I, s:I}", "exporting",
			 (json_int_t)exporting, "reach", (json_int_t)count,
			 "blocked", (json_int_t)(b ? blocked_total(b) : 0),
			 "version",
			 (json_int_t)export_boundary_version(t->view));
}
