#include "zones/edit_internal.h"

#include "zones/edit_rules.h"

#include <stdlib.h>
#include <string.h>

enum err
edit_out_of_memory(struct edit_work *w)
{
	diag_set(&w->r->diag, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	return ERR_NOMEM;
}

/* --- nodes concerned ----------------------------------------------------- */

static enum err
owner_load(struct edit_work *w, struct edit_owner *o)
{
	struct store_value value;
	const uint8_t *copy;
	struct key key;
	enum err err;

	key_make(&key, w->zone.id, o->name, w->e->apex);
	o->key_len = key.len;
	o->key = arena_copy(&w->arena, key.octets, key.len);
	if (o->key == NULL)
		return edit_out_of_memory(w);
	err = store_get(store_txn_view(w->t), STORE_NODES, key.octets, key.len,
			&value);
	if (err == ERR_OK) {
		copy = arena_copy(&w->arena, value.octets, value.len);
		if (copy == NULL)
			return edit_out_of_memory(w);
		if (!node_open(&o->before, copy, value.len))
			return edit_rules_error(&w->r->diag, ERR_CORRUPT,
						o->name, 0,
						"the stored node is broken");
	} else if (err != ERR_NOTFOUND) {
		w->r->spoilt = true;
		return edit_rules_error(&w->r->diag, err, o->name, 0,
					"the store cannot be read");
	}
	err = node_draft_from(&o->draft, &w->arena,
			      o->before.octets != NULL ? &o->before : NULL);
	return err == ERR_OK ? ERR_OK : edit_out_of_memory(w);
}

/* The slot of that name, or the free one where it would stand. */
static uint32_t
owner_slot(const struct edit_work *w, const uint8_t *name)
{
	uint32_t slot = (uint32_t)name_hash(name) & w->mask;

	while (w->slots[slot] != 0 &&
	       !name_equal(w->owners[w->slots[slot] - 1].name, name))
		slot = (slot + 1) & w->mask;
	return slot;
}

const struct edit_owner *
edit_owner_there(const struct edit_work *w, const uint8_t *name)
{
	uint32_t i = w->owner_count > 0 ? w->slots[owner_slot(w, name)] : 0;

	return i != 0 ? &w->owners[i - 1] : NULL;
}

/* The owner of that name, loaded when it is met for the first time. */
enum err
edit_owner_find(struct edit_work *w, const uint8_t *name,
		struct edit_owner **found)
{
	uint8_t lower[NAME_WIRE_MAX];
	size_t len = name_lower(lower, name);
	uint32_t slot = owner_slot(w, lower);
	struct edit_owner *o;

	if (w->slots[slot] != 0) {
		*found = &w->owners[w->slots[slot] - 1];
		return ERR_OK;
	}
	must(w->owner_count < w->owner_room);
	o = &w->owners[w->owner_count++];
	memset(o, 0, sizeof(*o));
	w->slots[slot] = (uint32_t)w->owner_count;
	o->is_apex = name_equal(lower, w->e->apex);
	o->name = arena_copy(&w->arena, lower, len);
	if (o->name == NULL)
		return edit_out_of_memory(w);
	*found = o;
	return owner_load(w, o);
}

enum err
edit_owners_alloc(struct edit_work *w, size_t room)
{
	size_t slots = 4;

	if (room > UINT32_MAX / 4)
		return diag_set(&w->r->diag, ERR_RANGE, "too many changes");
	while (slots < 2 * room)
		slots *= 2;
	w->mask = (uint32_t)slots - 1;
	w->owner_room = room;
	w->owners = arena_alloc(&w->arena, room * sizeof(*w->owners));
	w->slots = arena_alloc(&w->arena, slots * sizeof(*w->slots));
	if (w->owners == NULL || w->slots == NULL)
		return edit_out_of_memory(w);
	memset(w->slots, 0, slots * sizeof(*w->slots));
	return ERR_OK;
}

/* --- the difference ------------------------------------------------------ */

static enum err
list_room(struct edit_work *w, struct edit_list *l)
{
	size_t room = l->room == 0 ? 8 : 2 * l->room;
	struct journal_rr *rrs;

	if (l->count < l->room)
		return ERR_OK;
	rrs = arena_alloc(&w->arena, room * sizeof(*rrs));
	if (rrs == NULL || room > UINT32_MAX)
		return edit_out_of_memory(w);
	if (l->count > 0)
		memcpy(rrs, l->rrs, l->count * sizeof(*rrs));
	l->rrs = rrs;
	l->room = room;
	return ERR_OK;
}

/* An RRset's RRs in turn. */
struct edit_cursor {
	const struct rrset *set;
	size_t at;
	unsigned next; /* index of the RR after this one */
	bool here;
	struct rr rr;
};

static void
cursor_step(struct edit_cursor *c)
{
	c->here = rrset_next(c->set, &c->at, &c->rr.rdata, &c->rr.rdlen);
	c->next++;
}

static void
cursor_start(struct edit_cursor *c, const uint8_t *owner,
	     const struct rrset *set)
{
	memset(c, 0, sizeof(*c));
	if (set == NULL)
		return;
	c->set = set;
	c->rr.owner = owner;
	c->rr.type = set->type;
	c->rr.class = RR_IN;
	c->rr.ttl = set->ttl;
	cursor_step(c);
}

static struct rr_meta
cursor_meta(const struct edit_cursor *c)
{
	return rrset_meta(c->set, c->next - 1);
}

static enum err
list_push(struct edit_work *w, struct edit_list *l, const struct edit_cursor *c)
{
	enum err err = list_room(w, l);

	if (err != ERR_OK)
		return err;
	l->rrs[l->count].rr = c->rr;
	l->rrs[l->count++].origin = cursor_meta(c).origin;
	return ERR_OK;
}

/* The same RR before and after: what became of its TTL and its origin? */
static enum err
diff_kept_rr(struct edit_work *w, const struct edit_cursor *a,
	     const struct edit_cursor *b)
{
	struct rr_meta old = cursor_meta(a), new = cursor_meta(b);
	enum err err;

	if (a->rr.ttl != b->rr.ttl) {
		w->data_changed = true;
		w->r->removed++;
		w->r->added++;
	} else if (old.origin != new.origin || old.key_tag != new.key_tag) {
		w->origin_changed = true;
	} else {
		return ERR_OK;
	}
	err = list_push(w, &w->removed, a);
	return err == ERR_OK ? list_push(w, &w->added, b) : err;
}

/* Both in canonical order of rdata; either may be NULL. */
static enum err
diff_sets(struct edit_work *w, const uint8_t *owner, const struct rrset *before,
	  const struct rrset *after)
{
	struct edit_cursor a, b;
	enum err err = ERR_OK;
	int order;

	cursor_start(&a, owner, before);
	cursor_start(&b, owner, after);
	while (err == ERR_OK && (a.here || b.here)) {
		order = !a.here	  ? 1
			: !b.here ? -1
				  : rr_rdata_cmp(a.rr.type, a.rr.rdata,
						 a.rr.rdlen, b.rr.rdata,
						 b.rr.rdlen);
		if (order == 0) {
			err = diff_kept_rr(w, &a, &b);
		} else if (order < 0) {
			w->r->removed++;
			err = list_push(w, &w->removed, &a);
		} else {
			w->r->added++;
			err = list_push(w, &w->added, &b);
		}
		if (order != 0)
			w->data_changed = true;
		if (order <= 0)
			cursor_step(&a);
		if (order >= 0)
			cursor_step(&b);
	}
	return err;
}

/* The apex SOA has rules of its own: settle_soa(). */
static enum err
diff_node(struct edit_work *w, const struct edit_owner *o)
{
	struct rrset a, b;
	size_t at_a = 0, at_b = 0;
	bool has_a = node_next(&o->before, &at_a, &a);
	bool has_b = node_next(&o->after, &at_b, &b);
	bool take_a, take_b;
	enum err err = ERR_OK;

	while (err == ERR_OK && (has_a || has_b)) {
		take_a = has_a && (!has_b || a.type <= b.type);
		take_b = has_b && (!has_a || b.type <= a.type);
		if (!o->is_apex || (take_a ? a.type : b.type) != RR_SOA)
			err = diff_sets(w, o->name, take_a ? &a : NULL,
					take_b ? &b : NULL);
		if (take_a)
			has_a = node_next(&o->before, &at_a, &a);
		if (take_b)
			has_b = node_next(&o->after, &at_b, &b);
	}
	return err;
}

static bool
node_same(const struct node *a, const struct node *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->octets, b->octets, a->len) == 0);
}

static enum err
owner_encode(struct edit_work *w, struct edit_owner *o)
{
	const uint8_t *octets = NULL;
	size_t len = 0;
	enum err err;

	err = node_encode(&o->draft, &octets, &len, &w->r->diag);
	if (err == ERR_RANGE) {
		char name[NAME_TEXT_MAX];

		name_to_text(name, o->name);
		diag_prefix(&w->r->diag, "%.255s", name);
		return err;
	}
	if (err != ERR_OK)
		return edit_out_of_memory(w);
	memset(&o->after, 0, sizeof(o->after));
	if (len > 0)
		must(node_open(&o->after, octets, len));
	return ERR_OK;
}

static enum err
compare_owners(struct edit_work *w)
{
	enum err err = ERR_OK;

	w->removed.count = w->added.count = 1; /* the SOA's place */
	w->removed.rrs = arena_alloc(&w->arena, 8 * sizeof(struct journal_rr));
	w->added.rrs = arena_alloc(&w->arena, 8 * sizeof(struct journal_rr));
	w->removed.room = w->added.room = 8;
	if (w->removed.rrs == NULL || w->added.rrs == NULL)
		return edit_out_of_memory(w);
	for (size_t i = 0; err == ERR_OK && i < w->owner_count; i++) {
		struct edit_owner *o = &w->owners[i];

		if (!o->touched)
			continue;
		err = owner_encode(w, o);
		if (err == ERR_OK)
			err = edit_rules_check(o->name, o->is_apex, &o->before,
					       &o->after, w->e->limits,
					       &w->r->diag);
		if (err == ERR_OK)
			err = diff_node(w, o);
		o->changed = !node_same(&o->before, &o->after);
	}
	return err;
}

/* --- the SOA ------------------------------------------------------------- */

static enum err
set_serial(struct edit_work *w, struct node_rrset *soa, uint32_t serial)
{
	struct node_rr *rr = &soa->rrs[0];
	uint8_t *rdata = arena_copy(&w->arena, rr->rdata, rr->rdlen);

	if (rdata == NULL)
		return edit_out_of_memory(w);
	rr_soa_set_serial(rdata, rr->rdlen, serial);
	rr->rdata = rdata;
	w->owners[0].touched = true;
	return owner_encode(w, &w->owners[0]);
}

/* What the changes themselves did to the SOA. */
static void
compare_soa(struct edit_work *w, const struct edit_cursor *old,
	    const struct node_rrset *soa)
{
	const struct node_rr *new = &soa->rrs[0];
	struct rr_meta meta;

	if (!old->here) {
		w->r->added++;
		w->data_changed = true;
		return;
	}
	meta = cursor_meta(old);
	if (old->rr.ttl != soa->ttl ||
	    rr_rdata_cmp(RR_SOA, old->rr.rdata, old->rr.rdlen, new->rdata,
			 new->rdlen) != 0) {
		w->r->removed++;
		w->r->added++;
		w->data_changed = true;
	} else if (meta.origin != new->meta.origin ||
		   meta.key_tag != new->meta.key_tag) {
		w->origin_changed = true;
		w->soa_listed = true;
	}
}

/* The serial after the edit: one more, unless the changes brought a newer. */
static enum err
choose_serial(struct edit_work *w, const struct edit_cursor *old,
	      struct node_rrset *soa)
{
	uint32_t serial = rr_soa_serial(soa->rrs[0].rdata, soa->rrs[0].rdlen);

	w->r->serial = w->serial_before = serial;
	if (!old->here)
		return ERR_OK;
	w->serial_before = rr_soa_serial(old->rr.rdata, old->rr.rdlen);
	if (serial == w->serial_before) {
		if (!w->data_changed)
			return ERR_OK;
		if (++serial == 0)
			serial = 1;
		w->r->serial = serial;
		return set_serial(w, soa, serial);
	}
	if (!rr_serial_after(serial, w->serial_before))
		return edit_rules_error(&w->r->diag, ERR_RULE, w->e->apex,
					RR_SOA,
					"the serial would go backwards "
					"(RFC 1982)");
	return ERR_OK;
}

static enum err
settle_soa(struct edit_work *w)
{
	struct edit_owner *apex = &w->owners[0];
	struct node_rrset *soa = node_draft_find(&apex->draft, RR_SOA);
	struct rrset before, after;
	struct edit_cursor old, new;
	enum err err;

	if (soa == NULL)
		return edit_rules_error(&w->r->diag, ERR_CORRUPT, w->e->apex,
					RR_SOA, "the stored zone has none");
	w->soa_before = node_find(&apex->before, RR_SOA, &before);
	cursor_start(&old, apex->name, w->soa_before ? &before : NULL);
	compare_soa(w, &old, soa);
	if (w->e->force_serial)
		w->data_changed = true;
	err = choose_serial(w, &old, soa);
	if (err != ERR_OK || (!w->data_changed && !w->soa_listed))
		return err;
	w->soa_listed = true;
	must(node_find(&apex->after, RR_SOA, &after));
	cursor_start(&new, apex->name, &after);
	if (w->soa_before) {
		w->removed.rrs[0].rr = old.rr;
		w->removed.rrs[0].origin = cursor_meta(&old).origin;
	}
	w->added.rrs[0].rr = new.rr;
	w->added.rrs[0].origin = cursor_meta(&new).origin;
	return ERR_OK;
}

enum err
edit_settle(struct edit_work *w)
{
	enum err err = compare_owners(w);

	return err == ERR_OK ? settle_soa(w) : err;
}

/* --- writing ------------------------------------------------------------- */

static uint64_t
node_records(const struct node *n)
{
	struct rrset set;
	uint64_t sum = 0;
	size_t at = 0;

	while (node_next(n, &at, &set))
		sum += set.count;
	return sum;
}

void
edit_count_node(struct zone_record *z, const uint8_t *key, size_t key_len,
		const struct node *n, bool is_apex, uint32_t sign)
{
	if (n->octets == NULL)
		return;
	z->records += (uint64_t)(int32_t)sign * node_records(n);
	z->nodes += (uint64_t)(int32_t)sign;
	if (!is_apex && n->flags & NODE_HAS_NS)
		z->cuts += sign;
	if (n->flags & NODE_HAS_DNAME)
		z->dnames += sign;
	if (key_has_wildcard(key, key_len))
		z->wildcards += sign;
}

static int
owner_key_cmp(const void *a, const void *b)
{
	const struct edit_owner *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->key, y->key, len);

	if (order != 0)
		return order;
	return (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static enum err
write_nodes(struct edit_work *w)
{
	enum err err = ERR_OK;

	qsort(w->owners, w->owner_count, sizeof(*w->owners), owner_key_cmp);
	for (size_t i = 0; err == ERR_OK && i < w->owner_count; i++) {
		struct edit_owner *o = &w->owners[i];

		if (!o->touched || node_same(&o->before, &o->after))
			continue;
		edit_count_node(&w->zone, o->key, o->key_len, &o->before,
				o->is_apex, (uint32_t)-1);
		edit_count_node(&w->zone, o->key, o->key_len, &o->after,
				o->is_apex, 1);
		if (o->after.octets != NULL)
			err = store_put(w->t, STORE_NODES, o->key, o->key_len,
					o->after.octets, o->after.len);
		else
			err = store_delete(w->t, STORE_NODES, o->key,
					   o->key_len);
	}
	return err;
}

static enum err
write_journal(struct edit_work *w)
{
	const struct edit_limits *limits = w->e->limits;
	struct journal_entry entry = {0};
	unsigned skip_removed = !(w->soa_listed && w->soa_before);
	unsigned skip_added = !w->soa_listed;

	entry.serial_before = w->serial_before;
	entry.serial_after = w->r->serial;
	entry.time = w->e->now;
	entry.key_tag = w->key_tag;
	if (w->e->token != NULL) {
		must(w->e->token_len <= sizeof(entry.token));
		memcpy(entry.token, w->e->token, w->e->token_len);
		entry.token_len = w->e->token_len;
	}
	if (w->e->who != NULL) {
		size_t len = strnlen(w->e->who, sizeof(entry.who) - 1);

		memcpy(entry.who, w->e->who, len);
	}
	entry.removed = (uint32_t)w->removed.count - skip_removed;
	entry.added = (uint32_t)w->added.count - skip_added;
	return journal_write(
		w->t, &w->zone, &entry, w->removed.rrs + skip_removed,
		w->added.rrs + skip_added,
		limits != NULL ? limits->journal_limit : UINT64_MAX, &w->arena);
}

enum err
edit_write(struct edit_work *w)
{
	enum err err;

	w->r->spoilt = true;
	w->zone.version++;
	w->zone.serial = w->r->serial;
	err = edit_places_write(w);
	if (err == ERR_OK)
		err = write_nodes(w);
	if (err == ERR_OK)
		err = write_journal(w);
	if (err == ERR_OK)
		err = w->outside ? zone_outside_put(w->t, w->e->apex, &w->zone)
				 : zone_record_put(w->t, w->e->apex, &w->zone);
	if (err != ERR_OK)
		return diag_set(&w->r->diag, err, "%s", err_text(err));
	w->r->spoilt = false;
	return ERR_OK;
}

/* --- the whole ----------------------------------------------------------- */

static enum err
read_zone(struct edit_work *w)
{
	struct edit_owner *apex;
	enum err err;

	err = zone_record_get(store_txn_view(w->t), w->e->apex, &w->zone);
	if (err == ERR_NOTFOUND)
		return edit_rules_error(&w->r->diag, err, w->e->apex, 0,
					"the store has no such zone");
	if (err == ERR_OK && w->e->key_name != NULL)
		err = store_key_tag(w->t, w->e->key_name, &w->key_tag);
	if (err != ERR_OK) {
		w->r->spoilt = err == ERR_IO || err == ERR_FULL;
		return diag_set(&w->r->diag, err, "%s", err_text(err));
	}
	err = edit_owners_alloc(w, w->e->count + 1);
	if (err == ERR_OK)
		err = edit_owner_find(w, w->e->apex, &apex);
	if (err != ERR_OK)
		return err;
	/* a new zone must get what an apex needs */
	apex->touched = w->zone.records == 0;
	return ERR_OK;
}

static enum err
make_changes(struct edit_work *w)
{
	struct rr_meta meta = {.key_tag = w->key_tag};
	struct edit_owner *o;
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < w->e->count; i++) {
		const struct edit_change *c = &w->e->changes[i];

		err = edit_rules_form(c, w->e->apex, &w->r->diag);
		if (err == ERR_OK)
			err = edit_owner_find(w, c->owner, &o);
		if (err != ERR_OK)
			break;
		o->touched = true;
		meta.origin = c->origin;
		err = edit_rules_apply(&o->draft, o->is_apex, c, w->e->rules,
				       meta, &w->r->diag);
	}
	return err;
}

/* The zone and its outside, of which nothing has been written yet. */
static enum err
write_both(struct edit_work *w, struct edit_outside *out)
{
	enum err err = ERR_OK;

	if (w->r->added > 0 || out->r.added > 0)
		err = store_txn_room(w->t);
	if (err != ERR_OK)
		return diag_set(&w->r->diag, err, "%s", err_text(err));
	err = edit_write(w);
	return err == ERR_OK ? edit_outside_write(out) : err;
}

enum err
edit_apply(struct store_txn *t, const struct edit *e, struct edit_result *r)
{
	struct edit_work w = {.t = t, .e = e, .r = r};
	struct edit_outside out;
	enum err err;

	memset(r, 0, sizeof(*r));
	arena_init_growing(&w.arena);
	edit_outside_init(&out, &w);
	err = read_zone(&w);
	if (err == ERR_OK)
		err = make_changes(&w);
	if (err == ERR_OK)
		err = edit_settle(&w);
	if (err == ERR_OK)
		err = edit_places_check(&w);
	if (err == ERR_OK && (w.data_changed || w.origin_changed)) {
		err = edit_outside_make(&out);
		if (err == ERR_OK)
			err = write_both(&w, &out);
	}
	edit_outside_free(&out);
	arena_free(&w.arena);
	return err;
}
