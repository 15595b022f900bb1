/* dump, log, drop: what a zone holds, what became of it, and its end. */
#include "lib/log.h"
#include "server/control_internal.h"
#include "server/refused.h"
#include "zones/edit.h"
#include "zones/journal.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <time.h>

/* The zone's record in the snapshot that the talk holds. */
static enum err
zone_get(struct control_talk *t, const uint8_t *apex, struct zone_record *z,
	 struct diag *d)
{
	enum err e = zone_record_get(t->view, apex, z);
	char text[NAME_TEXT_MAX];

	if (e == ERR_OK)
		return e;
	name_to_text(text, apex);
	if (e != ERR_NOTFOUND)
		return diag_set(d, e, "zone %s cannot be read: %s", text,
				err_text(e));
	return diag_set(d, e,
			served_exact(t->served, apex) >= 0
				? "zone %s is configured but not in the store "
				  "yet"
				: "zone %s is not in the store",
			text);
}

/* --- dump ---------------------------------------------------------------- */

static json_t *
dump_head(const uint8_t *apex, const struct zone_record *z)
{
	return json_pack(
		"{s:o, s:I, s:I, s:I}", "zone", control_json_name(apex),
		"serial", (json_int_t)z->serial, "records",
		(json_int_t)z->records, "time", (json_int_t)time(NULL));
}

static enum err
dump_set(struct control_talk *t, const uint8_t *owner, const struct rrset *set,
	 struct diag *d)
{
	struct rr rr = {
		.owner = owner,
		.ttl = set->ttl,
		.type = set->type,
		.class = RR_IN,
	};
	enum err e = ERR_OK;
	size_t at = 0;

	while (e == ERR_OK && rrset_next(set, &at, &rr.rdata, &rr.rdlen))
		e = control_item(
			t, json_pack("{s:o}", "rr", control_json_rr(&rr)), d);
	return e;
}

/* A zone file begins with its SOA. */
static enum err
dump_soa(struct control_talk *t, const struct zone_record *z,
	 const uint8_t *apex, struct diag *d)
{
	struct rrset set;
	struct node n;
	enum err e = lookup_node(t->view, z->id, apex, apex, &n);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	return node_find(&n, RR_SOA, &set) ? dump_set(t, apex, &set, d)
					   : ERR_OK;
}

static enum err
dump_nodes(struct control_talk *t, const struct zone_record *z,
	   const uint8_t *apex, struct diag *d)
{
	uint8_t owner[NAME_WIRE_MAX];
	struct lookup_walk walk;
	struct rrset set;
	struct node n;
	enum err e;

	lookup_walk_init(&walk, z->id, apex);
	while ((e = lookup_walk_next(&walk, t->view, owner, &n)) == ERR_OK) {
		size_t at = 0;

		while (node_next(&n, &at, &set)) {
			if (set.type == RR_SOA)
				continue;
			e = dump_set(t, owner, &set, d);
			if (e != ERR_OK)
				return e;
		}
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* All from one snapshot: a dump is a zone as it was at one moment. */
enum err
control_dump(struct control_talk *t, const json_t *args, json_t *result,
	     struct diag *d)
{
	uint8_t apex[NAME_WIRE_MAX];
	struct zone_record z;
	enum err e = control_arg_name(args, "zone", apex, d);

	(void)result;
	if (e == ERR_OK)
		e = control_view_begin(t, d);
	if (e != ERR_OK)
		return e;
	e = zone_get(t, apex, &z, d);
	if (e == ERR_OK)
		e = control_item(t, dump_head(apex, &z), d);
	if (e == ERR_OK)
		e = dump_soa(t, &z, apex, d);
	if (e == ERR_OK)
		e = dump_nodes(t, &z, apex, d);
	control_view_end(t);
	return e;
}

/* --- log ----------------------------------------------------------------- */

/* The next `count` RRs of the entry. */
static json_t *
log_rrs(const struct journal_entry *entry, size_t *at, uint32_t count)
{
	json_t *list = json_array();
	struct journal_rr jr;

	for (uint32_t i = 0; i < count && journal_next_rr(entry, at, &jr); i++)
		json_array_append_new(list, control_json_rr(&jr.rr));
	return list;
}

static json_t *
log_item(struct control_talk *t, const struct journal_entry *entry)
{
	json_t *item = json_object();
	uint8_t key[NAME_WIRE_MAX];
	size_t at = 0;

	json_object_set_new(item, "version",
			    json_integer((json_int_t)entry->version));
	json_object_set_new(item, "time",
			    json_integer((json_int_t)entry->time));
	json_object_set_new(item, "serial-before",
			    json_integer(entry->serial_before));
	json_object_set_new(item, "serial", json_integer(entry->serial_after));
	json_object_set_new(item, "who", control_json_text(entry->who));
	if (entry->key_tag != 0 && store_key_name(t->view, entry->key_tag, key))
		json_object_set_new(item, "key", control_json_name(key));
	json_object_set_new(item, "removed",
			    log_rrs(entry, &at, entry->removed));
	json_object_set_new(item, "added", log_rrs(entry, &at, entry->added));
	return item;
}

static enum err
log_entries(struct control_talk *t, const struct zone_record *z, uint64_t last,
	    struct diag *d)
{
	uint64_t version = z->journal_first;
	enum err e = ERR_OK;

	if (z->version >= last && z->version - last + 1 > version)
		version = z->version - last + 1;
	for (; version <= z->version && e == ERR_OK; version++) {
		struct journal_entry entry;

		e = journal_read(t->view, z->id, version, &entry);
		if (e == ERR_OK)
			e = control_item(t, log_item(t, &entry), d);
		else if (e == ERR_NOTFOUND)
			e = ERR_OK;
		else
			diag_set(d, e, "the journal cannot be read: %s",
				 err_text(e));
	}
	return e;
}

enum err
control_log(struct control_talk *t, const json_t *args, json_t *result,
	    struct diag *d)
{
	uint64_t last = control_arg_count(args, "last", UINT64_MAX);
	uint8_t apex[NAME_WIRE_MAX];
	struct zone_record z;
	enum err e = control_arg_name(args, "zone", apex, d);

	(void)result;
	if (e == ERR_OK)
		e = control_view_begin(t, d);
	if (e != ERR_OK)
		return e;
	e = zone_get(t, apex, &z, d);
	if (e == ERR_OK)
		e = log_entries(t, &z, last, d);
	control_view_end(t);
	return e;
}

/* --- refused ----------------------------------------------------------------
 */

enum err
control_refused(struct control_talk *t, const json_t *args, json_t *result,
		struct diag *d)
{
	uint64_t last = control_arg_count(args, "last", UINT64_MAX);
	struct refused *r = t->server->refused;
	struct refused_update u;
	uint64_t newest = 0;
	enum err e = ERR_OK;

	(void)result;
	for (uint64_t at = 1; refused_read(r, at, &u); at = u.number + 1)
		newest = u.number;
	for (uint64_t at = newest > last ? newest - last + 1 : 1;
	     e == ERR_OK && refused_read(r, at, &u); at = u.number + 1) {
		char from[NET_ADDR_TEXT_MAX];

		net_addr_to_text(from, &u.from);
		e = control_item(t,
				 json_pack("{s:I, s:s, s:s}", "time",
					   (json_int_t)u.time, "from", from,
					   "reason", u.reason),
				 d);
	}
	return e;
}

/* --- drop ---------------------------------------------------------------- */

struct drop {
	const struct control_server *server;
	uint8_t apex[NAME_WIRE_MAX];
	struct diag *d;
};

/* By what is configured now, not when the request came. */
static enum err
drop_permit(struct drop *drop)
{
	struct served *served = drop->server->served(drop->server->arg);
	int i = served_exact(served, drop->apex);
	enum err e = ERR_OK;

	if (i >= 0) {
		char text[NAME_TEXT_MAX];

		name_to_text(text, drop->apex);
		e = diag_set(drop->d, ERR_DENIED,
			     "zone %s is in the configuration (%s:%u); take it "
			     "out there and reload first",
			     text, served->conf->path,
			     served->conf->zones[i].line);
	}
	served_release(served);
	return e;
}

static enum err
drop_apply(void *ctx, struct store_txn *txn, bool *spoilt)
{
	struct drop *drop = ctx;
	struct zone_record z;
	char text[NAME_TEXT_MAX];
	enum err e = drop_permit(drop);

	if (e != ERR_OK)
		return e;
	name_to_text(text, drop->apex);
	e = zone_record_get(store_txn_view(txn), drop->apex, &z);
	if (e == ERR_NOTFOUND)
		return diag_set(drop->d, e, "zone %s is not in the store",
				text);
	if (e == ERR_OK) {
		e = edit_zone_drop(txn, drop->apex);
		*spoilt = e != ERR_OK;
	}
	return e == ERR_OK
		       ? e
		       : diag_set(drop->d, e, "zone %s: %s", text, err_text(e));
}

enum err
control_drop(struct control_talk *t, const json_t *args, json_t *result,
	     struct diag *d)
{
	struct drop drop = {.server = t->server, .d = d};
	char text[NAME_TEXT_MAX];
	enum err e = control_arg_name(args, "zone", drop.apex, d);

	(void)result;
	if (e == ERR_OK)
		e = writer_run(t->server->writer, drop_apply, &drop);
	if (e != ERR_OK)
		return e;
	name_to_text(text, drop.apex);
	log_notice("zone %s dropped", text);
	return ERR_OK;
}
