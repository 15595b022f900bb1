#include "zones/import_parts.h"

#include "zones/lookup.h"
#include "zones/zone.h"

#include <stdlib.h>
#include <string.h>

static enum err
out_of_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

void
import_diff_init(struct import_diff *diff)
{
	memset(diff, 0, sizeof(*diff));
	arena_init_growing(&diff->arena);
}

void
import_diff_free(struct import_diff *diff)
{
	arena_free(&diff->arena);
	free(diff->changes);
	memset(diff, 0, sizeof(*diff));
}

uint32_t
import_serial_next(uint32_t s)
{
	return s == UINT32_MAX ? 1 : s + 1;
}

bool
import_soa_differs(const uint8_t *a, size_t alen, const uint8_t *b, size_t blen)
{
	uint8_t x[2 * NAME_WIRE_MAX + 20], y[2 * NAME_WIRE_MAX + 20];

	if (alen > sizeof(x) || blen > sizeof(y))
		return true;
	memcpy(x, a, alen);
	memcpy(y, b, blen);
	rr_soa_set_serial(x, alen, 0);
	rr_soa_set_serial(y, blen, 0);
	return rr_rdata_cmp(RR_SOA, x, alen, y, blen) != 0;
}

/* --- one owner ------------------------------------------------------------ */

struct work {
	struct import_diff *diff;
	const struct import_owner *o;
	const uint8_t *name; /* in the diff's arena, once it is needed */
	bool replace;
	struct diag *d;
	/* registered types that stay and are not in the file */
	uint16_t kept_any, kept_cname, kept_dname, kept_ns;
};

static enum err
push(struct work *w, struct edit_change c)
{
	struct import_diff *diff = w->diff;

	if (diff->count == diff->room) {
		size_t room = diff->room ? diff->room * 2 : 64;
		struct edit_change *more =
			realloc(diff->changes, room * sizeof(*more));

		if (!more)
			return out_of_memory(w->d);
		diff->changes = more;
		diff->room = room;
	}
	if (!w->name)
		w->name = arena_copy(&diff->arena, w->o->name,
				     name_len(w->o->name));
	if (!w->name)
		return out_of_memory(w->d);
	c.owner = w->name;
	diff->changes[diff->count++] = c;
	return ERR_OK;
}

static enum err
push_add(struct work *w, const struct import_rr *rr)
{
	struct edit_change c = {.op = EDIT_ADD,
				.type = rr->rr.type,
				.ttl = rr->rr.ttl,
				.rdata = rr->rr.rdata,
				.rdlen = rr->rr.rdlen,
				.origin = ORIGIN_FILE};
	return push(w, c);
}

/* The stored octets move or go away: copied. */
static enum err
push_delete(struct work *w, const struct rrset *set, const uint8_t *rdata,
	    uint16_t rdlen)
{
	struct edit_change c = {.op = EDIT_DELETE_RR,
				.type = set->type,
				.ttl = set->ttl,
				.rdlen = rdlen};

	c.rdata = arena_copy(&w->diff->arena, rdata, rdlen);
	return c.rdata ? push(w, c) : out_of_memory(w->d);
}

/* The file's RRs of one type. */
static const struct import_rr *
file_set(const struct import_owner *o, uint16_t type, size_t *count)
{
	size_t i = 0, n = 0;

	while (i < o->count && o->rrs[i].rr.type < type)
		i++;
	while (i + n < o->count && o->rrs[i + n].rr.type == type)
		n++;
	*count = n;
	return o->rrs + i;
}

static bool
is_soa_of_apex(const struct import_owner *o, uint16_t type)
{
	return o->is_apex && type == RR_SOA;
}

/* Stored and file RRs of one type side by side, both in canonical order. */
struct sides {
	const struct rrset *set;
	const struct import_rr *rrs;
	size_t count;
	size_t at, next; /* of set; of rrs */
	unsigned index;
	bool here; /* a stored RR is at hand */
	const uint8_t *rdata;
	uint16_t rdlen;
};

static void
sides_start(struct sides *s, const struct rrset *set,
	    const struct import_rr *rrs, size_t count)
{
	memset(s, 0, sizeof(*s));
	s->set = set;
	s->rrs = rrs;
	s->count = count;
	s->here = set && rrset_next(set, &s->at, &s->rdata, &s->rdlen);
}

/* -1: the next is stored only; 1: in the file only; 0: both; 2: the end. */
static int
sides_order(const struct sides *s)
{
	const struct rr *rr;
	int order;

	if (!s->here || s->next == s->count)
		return s->here ? -1 : s->next < s->count ? 1 : 2;
	rr = &s->rrs[s->next].rr;
	order = rr_rdata_cmp(rr->type, s->rdata, s->rdlen, rr->rdata,
			     rr->rdlen);
	return (order > 0) - (order < 0);
}

static void
sides_step(struct sides *s, int order)
{
	if (order <= 0) {
		s->here = rrset_next(s->set, &s->at, &s->rdata, &s->rdlen);
		s->index++;
	}
	if (order >= 0)
		s->next++;
}

static void
note_kept(struct work *w, uint16_t type)
{
	w->diff->kept++;
	if (type == RR_CNAME)
		w->kept_cname = type;
	if (type == RR_DNAME)
		w->kept_dname = type;
	if (type == RR_NS)
		w->kept_ns = type;
	if (type != RR_RRSIG && type != RR_NSEC && type != RR_KEY)
		w->kept_any = type;
}

/* Removes what an earlier file brought and this one lacks. */
static enum err
remove_from(struct work *w, const struct rrset *set)
{
	const struct import_rr *rrs;
	struct sides s;
	size_t count;
	enum err e = ERR_OK;
	int order;

	rrs = file_set(w->o, set->type, &count);
	sides_start(&s, set, rrs, count);
	for (; e == ERR_OK && (order = sides_order(&s)) != 2;
	     sides_step(&s, order)) {
		if (order >= 0)
			continue;
		if (!w->replace &&
		    rrset_meta(set, s.index).origin != ORIGIN_FILE) {
			note_kept(w, set->type);
			continue;
		}
		w->diff->removed++;
		e = push_delete(w, set, s.rdata, s.rdlen);
	}
	return e;
}

/* Stored RRs that remain, when the TTL of their set changes: each counts as
 * removed and added, as in a journal. */
static size_t
remaining(const struct work *w, const struct rrset *set,
	  const struct import_rr *rrs, size_t count)
{
	struct sides s;
	size_t n = 0;
	int order;

	sides_start(&s, set, rrs, count);
	for (; (order = sides_order(&s)) != 2; sides_step(&s, order))
		if (order == 0 ||
		    (order < 0 && !w->replace &&
		     rrset_meta(set, s.index).origin != ORIGIN_FILE))
			n++;
	return n;
}

/* Adds what is new in an RRset of the file; its TTL wins. */
static enum err
add_to(struct work *w, const struct import_rr *rrs, size_t count)
{
	const struct rrset *stored = NULL;
	struct rrset set;
	struct sides s;
	size_t fresh = 0, same;
	enum err e = ERR_OK;
	int order;

	if (w->o->node->octets && node_find(w->o->node, rrs->rr.type, &set))
		stored = &set;
	sides_start(&s, stored, rrs, count);
	for (; e == ERR_OK && (order = sides_order(&s)) != 2;
	     sides_step(&s, order)) {
		if (order <= 0)
			continue;
		fresh++;
		e = push_add(w, &rrs[s.next]);
	}
	w->diff->added += fresh;
	if (e != ERR_OK || !stored || stored->ttl == rrs->rr.ttl)
		return e;
	same = remaining(w, stored, rrs, count);
	w->diff->removed += same;
	w->diff->added += same;
	return fresh ? ERR_OK : push_add(w, rrs);
}

/* What registered data and the file cannot both have at one name. */
static enum err
check_kept(const struct work *w)
{
	char type[RR_TYPE_TEXT_MAX];

	for (size_t i = 0; i < w->o->count; i++) {
		const struct import_rr *rr = &w->o->rrs[i];
		uint16_t t = rr->rr.type, against = 0;

		if (t == RR_CNAME)
			against = w->kept_any;
		else if (t != RR_RRSIG && t != RR_NSEC && t != RR_KEY)
			against = w->kept_cname;
		if (!against && t == RR_DNAME)
			against = w->kept_dname;
		if (!against && t == RR_DNAME && !w->o->is_apex)
			against = w->kept_ns;
		if (!against && t == RR_NS && !w->o->is_apex)
			against = w->kept_dname;
		if (against)
			return import_fail(
				w->d, ERR_RULE, rr,
				"contradicts what was registered there (%s), "
				"which only a replacing import removes",
				rr_type_to_text(type, against));
	}
	return ERR_OK;
}

enum err
import_diff_owner(struct import_diff *diff, const struct import_owner *o,
		  bool replace, struct diag *d)
{
	struct work w = {.diff = diff, .o = o, .replace = replace, .d = d};
	struct rrset set;
	size_t at = 0, n;
	enum err e = ERR_OK;

	while (e == ERR_OK && o->node->octets && node_next(o->node, &at, &set))
		if (!is_soa_of_apex(o, set.type))
			e = remove_from(&w, &set);
	if (e == ERR_OK)
		e = check_kept(&w);
	for (size_t i = 0; e == ERR_OK && i < o->count; i += n) {
		const struct import_rr *rrs =
			file_set(o, o->rrs[i].rr.type, &n);

		if (!is_soa_of_apex(o, rrs->rr.type))
			e = add_to(&w, rrs, n);
	}
	return e;
}

/* --- the zone ------------------------------------------------------------- */

static bool
stored_soa(const struct node *apex, struct rrset *set, uint32_t *serial)
{
	if (!apex->octets || !node_find(apex, RR_SOA, set))
		return false;
	*serial = rr_soa_serial(set->rdatas + 2, set->len - 2u);
	return true;
}

bool
import_soa_count(const struct import_set *s, const struct node *apex,
		 struct import_diff *diff)
{
	const struct rr *soa = &import_set_soa(s)->rr;
	uint32_t stored;
	struct rrset set;

	if (stored_soa(apex, &set, &stored)) {
		if (!rr_serial_after(rr_soa_serial(soa->rdata, soa->rdlen),
				     stored) &&
		    set.ttl == soa->ttl &&
		    !import_soa_differs(set.rdatas + 2, set.len - 2u,
					soa->rdata, soa->rdlen))
			return false; /* the edit raises the serial */
		diff->removed++;
	}
	diff->added++;
	return true;
}

static enum err
diff_soa(struct import_diff *diff, const struct import_set *s,
	 const struct node *apex, struct diag *d)
{
	struct import_rr soa = *import_set_soa(s);
	struct import_owner o = {.name = s->apex, .is_apex = true};
	struct work w = {.diff = diff, .o = &o, .d = d};
	uint32_t stored;
	struct rrset set;
	uint8_t *rdata;

	if (!import_soa_count(s, apex, diff))
		return ERR_OK;
	if (stored_soa(apex, &set, &stored) &&
	    !rr_serial_after(rr_soa_serial(soa.rr.rdata, soa.rr.rdlen),
			     stored)) {
		rdata = arena_copy(&diff->arena, soa.rr.rdata, soa.rr.rdlen);
		if (!rdata)
			return out_of_memory(d);
		rr_soa_set_serial(rdata, soa.rr.rdlen,
				  import_serial_next(stored));
		soa.rr.rdata = rdata;
	}
	return push_add(&w, &soa);
}

/* Stored nodes beside the file's owners, both in canonical order. */
static enum err
diff_owners(struct import_diff *diff, struct store_view *v,
	    const struct import_set *s, const struct zone_record *z,
	    bool replace, struct diag *d)
{
	static const struct node none = {0};
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk walk;
	struct node node = {0};
	size_t at = 0, n;
	enum err e = ERR_OK, stored = ERR_NOTFOUND;
	int order;

	lookup_walk_init(&walk, z->id, s->apex);
	if (z->id != 0)
		stored = lookup_walk_next(&walk, v, name, &node);
	while (e == ERR_OK && (stored == ERR_OK || at < s->count)) {
		struct import_owner o = {.node = &none, .name = name};

		order = stored != ERR_OK ? 1
			: at == s->count ? -1
					 : name_cmp(name, s->rrs[at].rr.owner);
		n = order >= 0 ? import_set_owner(s, at) : 0;
		if (order <= 0)
			o.node = &node;
		else
			o.name = s->rrs[at].rr.owner;
		o.is_apex = name_equal(o.name, s->apex);
		o.rrs = s->rrs + at;
		o.count = n;
		e = import_diff_owner(diff, &o, replace, d);
		at += n;
		if (e == ERR_OK && order <= 0)
			stored = lookup_walk_next(&walk, v, name, &node);
		if (stored != ERR_OK && stored != ERR_NOTFOUND)
			e = diag_set(d, stored,
				     "the stored zone is unreadable: %s",
				     err_text(stored));
	}
	return e;
}

enum err
import_diff_make(struct import_diff *diff, struct store_view *v,
		 const struct import_set *s, bool replace, struct diag *d)
{
	struct zone_record z = {0};
	struct node apex = {0};
	enum err e;

	import_diff_init(diff);
	e = zone_record_get(v, s->apex, &z);
	if (e == ERR_NOTFOUND)
		z.id = 0;
	else if (e == ERR_OK)
		e = lookup_node(v, z.id, s->apex, s->apex, &apex);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return diag_set(d, e, "the stored zone is unreadable: %s",
				err_text(e));
	diff->zone_id = z.id;
	diff->version = z.version;
	e = diff_soa(diff, s, &apex, d);
	if (e == ERR_OK)
		e = diff_owners(diff, v, s, &z, replace, d);
	return e;
}

bool
import_diff_holds(const struct import_diff *diff, struct store_view *v,
		  const uint8_t *apex)
{
	struct zone_record z;
	enum err e = zone_record_get(v, apex, &z);

	if (e == ERR_NOTFOUND)
		return diff->zone_id == 0;
	return e == ERR_OK && z.id == diff->zone_id &&
	       z.version == diff->version;
}

enum err
import_apply(struct store_txn *t, const struct import_set *s,
	     const struct import_diff *diff, const struct edit_limits *limits,
	     uint64_t now, const uint8_t *key_name, const char *who,
	     struct edit_result *r)
{
	struct edit edit = {.apex = s->apex,
			    .changes = diff->changes,
			    .count = diff->count,
			    .rules = EDIT_STRICT,
			    .limits = limits,
			    .now = now,
			    .key_name = key_name,
			    .who = who};
	struct zone_record z;
	bool created = false;
	enum err e = zone_record_get(store_txn_view(t), s->apex, &z);

	memset(r, 0, sizeof(*r));
	if (e == ERR_NOTFOUND) {
		created = true;
		e = edit_zone_create(t, s->apex, &r->diag);
		if (e != ERR_OK)
			r->spoilt = true;
	}
	if (e != ERR_OK)
		return e;
	e = edit_apply(t, &edit, r);
	if (e != ERR_OK && created && !r->spoilt &&
	    zone_record_delete(t, s->apex) != ERR_OK)
		r->spoilt = true;
	return e;
}
