#include "zones/import_parts.h"

#include "zones/edit_rules.h"
#include "zones/export.h"
#include "zones/journal.h"
#include "zones/key.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Row of the meta table for an id that is being built, id → apex. Not on the
 * erase list, or the writer would erase what we build. */
#define MARK "build\0"
#define MARK_LEN (sizeof(MARK) - 1 + 4)

/* What a transaction moves along, and an abort takes back. */
struct build_state {
	struct zone_record z;	     /* of the new id */
	uint32_t old_id;	     /* 0: the zone is new */
	uint64_t version;	     /* of the old id, replayed up to here */
	uint8_t last[NAME_WIRE_MAX]; /* owner built last; "" before the apex */
	bool started;
	bool all;  /* no owner is left */
	size_t at; /* next RR of the set */
	size_t removed, added, kept;
};

struct import_build {
	const struct import_set *set;
	const struct edit_limits *limits;
	bool replace;
	struct build_state now, before;
	struct arena arena;	 /* of one owner or journal entry */
	struct import_diff diff; /* of one owner */
};

struct import_build *
import_build_new(const struct import_set *s, bool replace,
		 const struct edit_limits *limits)
{
	struct import_build *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->set = s;
	b->replace = replace;
	b->limits = limits;
	arena_init_growing(&b->arena);
	import_diff_init(&b->diff);
	return b;
}

void
import_build_free(struct import_build *b)
{
	if (!b)
		return;
	arena_free(&b->arena);
	import_diff_free(&b->diff);
	free(b);
}

void
import_build_undo(struct import_build *b)
{
	b->now = b->before;
}

size_t
import_build_kept(const struct import_build *b)
{
	return b->now.kept;
}

static enum err
store_failed(struct diag *d, enum err e)
{
	return diag_set(d, e, "the store failed during an import: %s",
			err_text(e));
}

/* --- marks ---------------------------------------------------------------- */

static void
mark_key(uint8_t *key, uint32_t id)
{
	memcpy(key, MARK, sizeof(MARK) - 1);
	put32(key + sizeof(MARK) - 1, id);
}

static enum err
mark_put(struct store_txn *t, uint32_t id, const uint8_t *apex)
{
	uint8_t key[MARK_LEN];

	mark_key(key, id);
	return store_put(t, STORE_META, key, sizeof(key), apex, name_len(apex));
}

static enum err
mark_delete(struct store_txn *t, uint32_t id)
{
	uint8_t key[MARK_LEN];

	mark_key(key, id);
	return store_delete(t, STORE_META, key, sizeof(key));
}

/* What was built under the id is to be erased. */
static enum err
give_up(struct store_txn *t, uint32_t id)
{
	enum err e = mark_delete(t, id);

	return e == ERR_OK ? store_erase_later(t, id) : e;
}

/* Gives up ids of that apex (NULL: of any) that are marked. */
static enum err
give_up_all(struct store_txn *t, const uint8_t *apex)
{
	struct store_value key, value;
	uint8_t from[MARK_LEN];
	uint32_t id = 0;
	enum err e;

	for (;;) {
		mark_key(from, id);
		e = store_seek(store_txn_view(t), STORE_META, from,
			       sizeof(from), &key, &value);
		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		if (key.len != MARK_LEN ||
		    memcmp(key.octets, MARK, sizeof(MARK) - 1) != 0)
			return ERR_OK;
		id = get32(key.octets + sizeof(MARK) - 1);
		if (!apex || (value.len == name_len(apex) &&
			      memcmp(value.octets, apex, value.len) == 0))
			e = give_up(t, id);
		if (e != ERR_OK || ++id == 0)
			return e;
	}
}

enum err
import_build_recover(struct store_txn *t)
{
	return give_up_all(t, NULL);
}

enum err
import_build_abandon(struct import_build *b, struct store_txn *t)
{
	struct store_value value;
	uint8_t key[MARK_LEN];
	enum err e;

	/* without the mark, the id was never committed, and may be another
	 * zone's by now */
	mark_key(key, b->now.z.id);
	e = store_get(store_txn_view(t), STORE_META, key, sizeof(key), &value);
	if (e != ERR_OK || value.len != name_len(b->set->apex) ||
	    memcmp(value.octets, b->set->apex, value.len) != 0)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	return give_up(t, b->now.z.id);
}

/* --- begin ---------------------------------------------------------------- */

enum err
import_build_begin(struct import_build *b, struct store_txn *t, struct diag *d)
{
	struct zone_record z;
	enum err e = zone_record_get(store_txn_view(t), b->set->apex, &z);

	b->before = b->now;
	memset(&b->now, 0, sizeof(b->now));
	if (e == ERR_OK) {
		b->now.old_id = z.id;
		b->now.version = z.version;
	} else if (e != ERR_NOTFOUND) {
		return store_failed(d, e);
	}
	/* one import a zone at a time: what is marked is left from a crash */
	e = give_up_all(t, b->set->apex);
	if (e == ERR_OK)
		e = store_new_zone_id(t, &b->now.z.id);
	if (e == ERR_OK)
		e = mark_put(t, b->now.z.id, b->set->apex);
	return e == ERR_OK ? ERR_OK : store_failed(d, e);
}

/* The record as it is now; ERR_BUSY if the zone is no longer the one that the
 * build began with. */
static enum err
record_now(const struct import_build *b, struct store_txn *t,
	   struct zone_record *z, struct diag *d)
{
	enum err e = zone_record_get(store_txn_view(t), b->set->apex, z);

	if (e == ERR_NOTFOUND) {
		memset(z, 0, sizeof(*z));
		e = ERR_OK;
	}
	if (e != ERR_OK)
		return store_failed(d, e);
	if (z->id != b->now.old_id)
		return diag_set(d, ERR_BUSY,
				"the zone was replaced during the import");
	return ERR_OK;
}

/* --- owners --------------------------------------------------------------- */

/* The SOA with the file's fields; its serial is decided at the end. */
static enum err
put_soa(struct node_draft *draft, const struct rr *soa, struct diag *d)
{
	struct node_rrset *set = node_draft_find(draft, RR_SOA);
	struct rr_meta meta = {.origin = ORIGIN_FILE};
	enum err e;

	if (set)
		node_draft_remove_set(draft, set);
	e = node_draft_add(draft, RR_SOA, soa->ttl, soa->rdata, soa->rdlen,
			   meta);
	return e == ERR_OK ? ERR_OK : diag_set(d, e, "%s", err_text(e));
}

static enum err
apply_changes(struct import_build *b, struct node_draft *draft, bool is_apex,
	      struct diag *d)
{
	struct rr_meta meta = {.origin = ORIGIN_FILE};
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < b->diff.count; i++)
		e = edit_rules_apply(draft, is_apex, &b->diff.changes[i],
				     EDIT_STRICT, meta, d);
	if (e == ERR_OK && is_apex)
		e = put_soa(draft, &import_set_soa(b->set)->rr, d);
	return e;
}

/* One owner as it will be, under the new id. */
static enum err
build_owner(struct import_build *b, struct store_txn *t,
	    const struct import_owner *o, struct diag *d)
{
	struct node_draft draft;
	enum err e;

	arena_reset(&b->arena);
	arena_reset(&b->diff.arena);
	b->diff.count = b->diff.removed = b->diff.added = b->diff.kept = 0;
	e = import_diff_owner(&b->diff, o, b->replace, d);
	if (e != ERR_OK)
		return e;
	e = node_draft_from(&draft, &b->arena,
			    o->node->octets ? o->node : NULL);
	if (e != ERR_OK)
		return diag_set(d, e, "%s", err_text(e));
	if (o->is_apex)
		import_soa_count(b->set, o->node, &b->diff);
	e = apply_changes(b, &draft, o->is_apex, d);
	b->now.removed += b->diff.removed;
	b->now.added += b->diff.added;
	b->now.kept += b->diff.kept;
	if (e != ERR_OK || draft.count == 0)
		return e;
	/* what only stays may exceed a limit that was lowered */
	return edit_build_node(t, &b->now.z, b->set->apex, o->name, &draft,
			       b->diff.count ? b->limits : NULL, d);
}

/* The stored owner after the one built last. */
static enum err
stored_next(const struct import_build *b, struct store_view *v, uint8_t *name,
	    struct node *node)
{
	struct lookup_walk walk;

	if (b->now.old_id == 0)
		return ERR_NOTFOUND;
	lookup_walk_init(&walk, b->now.old_id, b->set->apex);
	if (b->now.started) {
		key_make(&walk.key, b->now.old_id, b->now.last, b->set->apex);
		walk.started = true;
	}
	return lookup_walk_next(&walk, v, name, node);
}

/* The next owner of store and file in canonical order. */
static enum err
build_next(struct import_build *b, struct store_txn *t, struct diag *d)
{
	const struct import_set *s = b->set;
	uint8_t name[NAME_WIRE_MAX];
	struct node node = {0};
	struct import_owner o = {.name = name, .node = &node};
	enum err e = stored_next(b, store_txn_view(t), name, &node);
	int order;

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return store_failed(d, e);
	if (e == ERR_NOTFOUND && b->now.at == s->count) {
		b->now.all = true;
		return ERR_OK;
	}
	order = e == ERR_NOTFOUND ? 1
		: b->now.at == s->count
			? -1
			: name_cmp(name, s->rrs[b->now.at].rr.owner);
	if (order > 0) {
		o.name = s->rrs[b->now.at].rr.owner;
		memset(&node, 0, sizeof(node));
	}
	o.is_apex = name_equal(o.name, s->apex);
	o.rrs = s->rrs + b->now.at;
	o.count = order >= 0 ? import_set_owner(s, b->now.at) : 0;
	e = build_owner(b, t, &o, d);
	b->now.at += o.count;
	name_copy(b->now.last, o.name);
	b->now.started = true;
	return e;
}

/* --- replay --------------------------------------------------------------- */

struct replay_rr {
	struct journal_rr j;
	bool is_added;
	uint32_t order;
};

static int
replay_order(const void *a, const void *b)
{
	const struct replay_rr *x = a, *y = b;
	const struct rr *p = &x->j.rr, *q = &y->j.rr;
	int order = name_cmp(p->owner, q->owner);

	if (order == 0)
		order = (p->type > q->type) - (p->type < q->type);
	if (order == 0)
		order = rr_rdata_cmp(p->type, p->rdata, p->rdlen, q->rdata,
				     q->rdlen);
	return order != 0 ? order
			  : (x->order > y->order) - (x->order < y->order);
}

static bool
same_rr(const struct rr *a, const struct rr *b)
{
	return a->type == b->type && rr_rdata_cmp(a->type, a->rdata, a->rdlen,
						  b->rdata, b->rdlen) == 0;
}

/*
 * An RR that was removed, or added, or both. Both: its TTL changed, which is
 * the whole set's and does not make the RR another's, nor bring it back if the
 * file has dropped it; or somebody registered what was there, then it is his.
 */
static enum err
replay_rr(struct node_draft *draft, const struct replay_rr *removed,
	  const struct replay_rr *added, uint16_t tag)
{
	const struct rr *rr = added ? &added->j.rr : &removed->j.rr;
	bool ttl_only = added && removed &&
			added->j.origin == removed->j.origin &&
			added->j.rr.ttl != removed->j.rr.ttl;
	struct node_rrset *set = node_draft_find(draft, rr->type);
	int i = set ? node_rrset_index(set, rr->rdata, rr->rdlen) : -1;
	struct rr_meta meta = {.key_tag = tag};
	enum err e = ERR_OK;

	if (!added) {
		if (i >= 0)
			node_draft_remove(draft, set, (unsigned)i);
		return ERR_OK;
	}
	if (ttl_only && i < 0)
		return ERR_OK;
	meta.origin = added->j.origin;
	if (i < 0)
		e = node_draft_add(draft, rr->type, rr->ttl, rr->rdata,
				   rr->rdlen, meta);
	else if (!ttl_only)
		set->rrs[i].meta = meta;
	if (e == ERR_OK)
		node_draft_find(draft, rr->type)->ttl = rr->ttl;
	return e;
}

/* The SOA of the apex changes with every edit; here only if more than its
 * serial did. */
static enum err
replay_soa(struct node_draft *draft, const struct replay_rr *rrs, size_t count,
	   struct diag *d)
{
	const struct rr *old = NULL, *new = NULL;

	for (size_t i = 0; i < count; i++) {
		if (rrs[i].j.rr.type != RR_SOA)
			continue;
		if (rrs[i].is_added)
			new = &rrs[i].j.rr;
		else
			old = &rrs[i].j.rr;
	}
	if (!old || !new ||
	    (old->ttl == new->ttl &&
	     !import_soa_differs(old->rdata, old->rdlen, new->rdata,
				 new->rdlen)))
		return ERR_OK;
	return put_soa(draft, new, d);
}

/* One owner of one journal entry, its RRs sorted. */
static enum err
replay_owner(struct import_build *b, struct store_txn *t, uint16_t tag,
	     const struct replay_rr *rrs, size_t count, struct diag *d)
{
	const uint8_t *owner = rrs[0].j.rr.owner;
	struct node_draft draft;
	struct node node = {0};
	enum err e = lookup_node(store_txn_view(t), b->now.z.id, b->set->apex,
				 owner, &node);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return store_failed(d, e);
	e = node_draft_from(&draft, &b->arena, e == ERR_OK ? &node : NULL);
	if (e == ERR_OK && name_equal(owner, b->set->apex))
		e = replay_soa(&draft, rrs, count, d);
	for (size_t i = 0, n; e == ERR_OK && i < count; i += n) {
		const struct replay_rr *removed = NULL, *added = NULL;

		for (n = 0;
		     i + n < count && same_rr(&rrs[i].j.rr, &rrs[i + n].j.rr);
		     n++)
			*(rrs[i + n].is_added ? &added : &removed) =
				&rrs[i + n];
		must(added != NULL || removed != NULL);
		if (rrs[i].j.rr.type != RR_SOA)
			e = replay_rr(&draft, removed, added, tag);
	}
	if (e != ERR_OK)
		return diag_set(d, e, "%s", err_text(e));
	e = edit_build_node(t, &b->now.z, b->set->apex, owner, &draft, NULL, d);
	if (e == ERR_RULE)
		diag_prefix(d, "what was registered meanwhile contradicts the "
			       "file");
	return e;
}

/* The entry's RRs, copied, sorted; *count of them. NULL: memory. */
static struct replay_rr *
replay_list(struct import_build *b, struct journal_entry *entry, size_t *count)
{
	size_t all = (size_t)entry->removed + entry->added, at = 0;
	struct replay_rr *rrs;

	*count = 0;
	entry->rrs = arena_copy(&b->arena, entry->rrs, entry->rrs_len);
	if (!entry->rrs || all > entry->rrs_len)
		return NULL;
	rrs = arena_alloc(&b->arena, (all + 1) * sizeof(*rrs));
	if (!rrs)
		return NULL;
	while (*count < all && journal_next_rr(entry, &at, &rrs[*count].j)) {
		rrs[*count].is_added = *count >= entry->removed;
		rrs[*count].order = (uint32_t)*count;
		++*count;
	}
	qsort(rrs, *count, sizeof(*rrs), replay_order);
	return rrs;
}

static enum err
replay_entry(struct import_build *b, struct store_txn *t,
	     struct journal_entry *entry, struct diag *d)
{
	struct replay_rr *rrs;
	size_t count, n;
	enum err e = ERR_OK;

	arena_reset(&b->arena);
	rrs = replay_list(b, entry, &count);
	if (!rrs)
		return diag_set(d, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	for (size_t i = 0; e == ERR_OK && i < count; i += n) {
		for (n = 1; i + n < count && name_equal(rrs[i].j.rr.owner,
							rrs[i + n].j.rr.owner);
		     n++)
			;
		/* an owner not yet built will be read as it is then */
		if (b->now.all || name_cmp(rrs[i].j.rr.owner, b->now.last) <= 0)
			e = replay_owner(b, t, entry->key_tag, rrs + i, n, d);
	}
	return e;
}

/* What happened to the zone since the last call. */
static enum err
replay(struct import_build *b, struct store_txn *t,
       const struct zone_record *old, struct diag *d)
{
	struct journal_entry entry;
	enum err e = ERR_OK;

	if (!b->now.started)
		b->now.version = old->version;
	while (e == ERR_OK && b->now.version < old->version) {
		e = journal_read(store_txn_view(t), old->id, b->now.version + 1,
				 &entry);
		if (e == ERR_NOTFOUND)
			return diag_set(d, ERR_BUSY,
					"too many changes came during the "
					"import (journal-limit)");
		if (e != ERR_OK)
			return store_failed(d, e);
		e = replay_entry(b, t, &entry, d);
		b->now.version++;
	}
	return e;
}

/* --- slices, and the end -------------------------------------------------- */

enum err
import_build_slice(struct import_build *b, struct store_txn *t, bool *more,
		   struct diag *d)
{
	struct zone_record old;
	enum err e = record_now(b, t, &old, d);

	b->before = b->now;
	*more = true;
	if (e == ERR_OK) {
		e = store_txn_room(t);
		if (e != ERR_OK)
			return store_failed(d, e);
		e = replay(b, t, &old, d);
	}
	for (unsigned i = 0; e == ERR_OK && !b->now.all && i < IMPORT_SLICE;
	     i++)
		e = build_next(b, t, d);
	*more = !b->now.all;
	return e;
}

/* The file's serial if it is after the store's, else the next one. */
static uint32_t
choose_serial(const struct import_build *b, const struct zone_record *old)
{
	const struct rr *soa = &import_set_soa(b->set)->rr;
	uint32_t serial = rr_soa_serial(soa->rdata, soa->rdlen);

	if (old->id == 0 || rr_serial_after(serial, old->serial))
		return serial;
	return import_serial_next(old->serial);
}

static enum err
settle_soa(struct import_build *b, struct store_txn *t, uint32_t serial,
	   struct diag *d)
{
	struct node_draft draft;
	struct node_rrset *soa;
	struct node node;
	uint8_t *rdata;
	enum err e = lookup_node(store_txn_view(t), b->now.z.id, b->set->apex,
				 b->set->apex, &node);

	if (e != ERR_OK)
		return store_failed(d, e);
	arena_reset(&b->arena);
	e = node_draft_from(&draft, &b->arena, &node);
	if (e != ERR_OK)
		return diag_set(d, e, "%s", err_text(e));
	soa = node_draft_find(&draft, RR_SOA);
	must(soa);
	rdata = arena_copy(&b->arena, soa->rrs[0].rdata, soa->rrs[0].rdlen);
	if (!rdata)
		return diag_set(d, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	rr_soa_set_serial(rdata, soa->rrs[0].rdlen, serial);
	soa->rrs[0].rdata = rdata;
	return edit_build_node(t, &b->now.z, b->set->apex, b->set->apex, &draft,
			       NULL, d);
}

/* The record takes the new id; the old one is erased from now on. */
static enum err
swap(struct import_build *b, struct store_txn *t, const struct zone_record *old,
     uint64_t now, const char *who)
{
	struct journal_entry entry = {.serial_before = old->serial,
				      .serial_after = b->now.z.serial,
				      .time = now};
	struct zone_record *z = &b->now.z;
	enum err e;

	z->outside_id = old->outside_id;
	z->version = old->version + 1;
	z->journal_first = z->version;
	z->journal_octets = 0;
	snprintf(entry.who, sizeof(entry.who), "%s", who);
	e = journal_write(t, z, &entry, NULL, NULL, UINT64_MAX, &b->arena);
	if (e == ERR_OK)
		e = mark_delete(t, z->id);
	if (e == ERR_OK && old->id != 0)
		e = store_erase_later(t, old->id);
	if (e == ERR_OK)
		e = zone_record_put(t, b->set->apex, z);
	if (e == ERR_OK)
		e = export_boundary_bump(t);
	return e;
}

enum err
import_build_finish(struct import_build *b, struct store_txn *t, uint64_t now,
		    const char *who, struct edit_result *r)
{
	struct zone_record old;
	enum err e;

	memset(r, 0, sizeof(*r));
	b->before = b->now;
	must(b->now.all);
	e = record_now(b, t, &old, &r->diag);
	if (e == ERR_OK)
		e = replay(b, t, &old, &r->diag);
	if (e == ERR_OK)
		e = settle_soa(b, t, choose_serial(b, &old), &r->diag);
	if (e == ERR_OK) {
		e = swap(b, t, &old, now, who);
		r->spoilt = e != ERR_OK;
		if (e != ERR_OK)
			store_failed(&r->diag, e);
	}
	if (e == ERR_OK) {
		e = export_refresh(t, b->set->apex, b->limits, now, NULL, who,
				   &r->diag);
		r->spoilt = e != ERR_OK;
	}
	if (e == ERR_FULL || e == ERR_IO)
		r->spoilt = true;
	r->serial = b->now.z.serial;
	r->removed = b->now.removed;
	r->added = b->now.added;
	return e;
}
