#include "zones/lookup.h"

#include <string.h>

/* What one descent and its neighbours tell about a name. */
struct place {
	bool exact;	   /* there is a node */
	bool non_terminal; /* no node, but names below it */
	unsigned encloser; /* labels of the longest ancestor (or self) that
			      exists */
	struct store_value value;
};

/* A step of the algorithm either decides or passes on. */
enum step {
	GO_ON,
	DECIDED
};

static void
decide(struct lookup *l, enum lookup_result result)
{
	l->result = result;
}

static enum step
fail(struct lookup *l)
{
	l->result = LOOKUP_ERROR;
	return DECIDED;
}

/* --- where the name stands ------------------------------------------------ */

static bool
key_is(const struct key *k, const struct store_value *found)
{
	return found->len == k->len &&
	       memcmp(found->octets, k->octets, k->len) == 0;
}

static bool
key_is_above(const struct key *k, const struct store_value *found)
{
	return found->len > k->len &&
	       memcmp(found->octets, k->octets, k->len) == 0;
}

/* False: the store cannot be read. */
static bool
place_find(struct place *p, struct store_view *v, const struct key *k)
{
	struct store_value found;
	unsigned after = 0;
	enum err e = store_seek_within(v, STORE_NODES, k->octets, k->len,
				       KEY_ID_LEN, &found, &p->value);

	if (e != ERR_OK && e != ERR_NOTFOUND)
		return false;
	p->exact = e == ERR_OK && key_is(k, &found);
	p->non_terminal = e == ERR_OK && key_is_above(k, &found);
	p->encloser = k->labels;
	if (p->exact || p->non_terminal)
		return true;
	if (e == ERR_OK)
		after = key_common_labels(k, found.octets, found.len);
	p->encloser = 0;
	e = store_prev_within(v, STORE_NODES, k->octets, KEY_ID_LEN, &found,
			      NULL);
	if (e == ERR_OK)
		p->encloser = key_common_labels(k, found.octets, found.len);
	if (p->encloser < after)
		p->encloser = after;
	return e == ERR_OK || e == ERR_NOTFOUND;
}

/* The node of the ancestor (or self) with that many labels. */
static enum err
node_at(struct node *n, struct store_view *v, const struct key *k,
	unsigned labels)
{
	return lookup_key(v, k->octets, k->end[labels], n);
}

/* --- what may redirect ---------------------------------------------------- */

/* The NS of the apex are the zone's own, and those at a wildcard delegate
 * nothing (RFC 4592 4.2). */
static bool
node_is_cut(const struct node *n, const struct key *k, unsigned labels)
{
	const uint8_t *label;

	if ((n->flags & NODE_HAS_NS) == 0 || labels == 0)
		return false;
	label = k->octets + k->end[labels - 1];
	return label[0] != '*' || label[1] != 0;
}

/* Decides by the set of that type at the ancestor with `labels` labels. */
static enum step
redirect(struct lookup *l, const struct node *n, const struct key *k,
	 const uint8_t *name, unsigned labels, uint16_t type)
{
	l->node = *n;
	l->owner = name_skip(name, k->labels - labels);
	l->encloser = labels;
	if (!node_find(n, type, &l->set))
		return fail(l);
	decide(l, type == RR_NS ? LOOKUP_REFERRAL : LOOKUP_DNAME);
	return DECIDED;
}

/* A DNAME redirects what is below its owner, not the owner (RFC 6672 2.3). */
static enum step
redirect_at(struct lookup *l, const struct node *n, const struct key *k,
	    const uint8_t *name, unsigned labels)
{
	if (node_is_cut(n, k, labels))
		return redirect(l, n, k, name, labels, RR_NS);
	if ((n->flags & NODE_HAS_DNAME) != 0)
		return redirect(l, n, k, name, labels, RR_DNAME);
	return GO_ON;
}

/*
 * From the apex down, so that the topmost one wins and what is beneath it is
 * occluded (RFC 2136 7.18). Only ancestors that exist can redirect.
 */
static enum step
search_ancestors(struct lookup *l, struct store_view *v,
		 const struct zone_facts *zone, const struct key *k,
		 const uint8_t *name, unsigned encloser)
{
	unsigned most = encloser < k->labels ? encloser : k->labels - 1;
	struct node n;

	if (redirect_at(l, &zone->apex_node, k, name, 0) == DECIDED)
		return DECIDED;
	if (zone->record.cuts == 0 && zone->record.dnames == 0)
		return GO_ON;
	for (unsigned labels = 1; labels <= most; labels++) {
		enum err e = node_at(&n, v, k, labels);

		if (e == ERR_NOTFOUND)
			continue; /* an empty non-terminal */
		if (e != ERR_OK)
			return fail(l);
		if (redirect_at(l, &n, k, name, labels) == DECIDED)
			return DECIDED;
	}
	return GO_ON;
}

/* --- what the node answers ------------------------------------------------ */

/* KEY, NSEC and RRSIG may stand beside a CNAME, and are asked for by type. */
static void
answer_from(struct lookup *l, const struct node *n, uint16_t type)
{
	l->node = *n;
	if (type == RR_ANY || node_find(n, type, &l->set))
		decide(l, LOOKUP_ANSWER);
	else if ((n->flags & NODE_HAS_CNAME) == 0)
		decide(l, LOOKUP_NODATA);
	else if (node_find(n, RR_CNAME, &l->set))
		decide(l, LOOKUP_CNAME);
	else
		decide(l, LOOKUP_ERROR);
}

static void
answer_exact(struct lookup *l, const struct key *k, const uint8_t *name,
	     uint16_t type, const struct store_value *value)
{
	struct node n;

	if (!node_open(&n, value->octets, value->len))
		fail(l);
	else if (!node_is_cut(&n, k, k->labels))
		answer_from(l, &n, type);
	else if (type != RR_DS)
		redirect(l, &n, k, name, k->labels, RR_NS);
	else {
		/* The parent's own data at the cut (RFC 4035 3.1.4.1). */
		l->node = n;
		decide(l, node_find(&n, RR_DS, &l->set) ? LOOKUP_ANSWER
							: LOOKUP_NODATA);
	}
}

/*
 * The source of synthesis (RFC 4592 3.3.1): *.<closest encloser>, which may be
 * an empty non-terminal itself and then matches with no data. A wildcard
 * further up never applies.
 */
static void
answer_missing(struct lookup *l, struct store_view *v,
	       const struct zone_facts *zone, struct key *k, uint16_t type)
{
	struct store_value found, value;
	struct node n;
	enum err e;

	decide(l, LOOKUP_NXDOMAIN);
	if (zone->record.wildcards == 0)
		return;
	key_to_wildcard(k, l->encloser);
	e = store_seek_within(v, STORE_NODES, k->octets, k->len, KEY_ID_LEN,
			      &found, &value);
	if (e == ERR_NOTFOUND)
		return;
	if (e != ERR_OK) {
		fail(l);
		return;
	}
	l->wildcard = key_is(k, &found) || key_is_above(k, &found);
	if (key_is_above(k, &found))
		decide(l, LOOKUP_NODATA);
	if (!key_is(k, &found))
		return;
	if (node_open(&n, value.octets, value.len))
		answer_from(l, &n, type);
	else
		fail(l);
}

void
lookup(struct lookup *l, struct store_view *v, const struct zone_facts *zone,
       const uint8_t *name, uint16_t type)
{
	lookup_known(l, v, zone, name, type, NULL);
}

void
lookup_known(struct lookup *l, struct store_view *v,
	     const struct zone_facts *zone, const uint8_t *name, uint16_t type,
	     const struct store_value *known)
{
	struct place p;
	struct key k;

	*l = (struct lookup){.owner = name};
	key_make(&k, zone->record.id, name, zone->apex);
	if (k.labels == 0) {
		answer_from(l, &zone->apex_node, type);
		return;
	}
	if (known != NULL && known->octets != NULL) {
		p = (struct place){
			.exact = true,
			.encloser = k.labels,
			.value = *known,
		};
	} else if (!place_find(&p, v, &k)) {
		fail(l);
		return;
	}
	l->encloser = p.encloser;
	if (search_ancestors(l, v, zone, &k, name, p.encloser) == DECIDED)
		return;
	if (p.exact)
		answer_exact(l, &k, name, type, &p.value);
	else if (p.non_terminal)
		decide(l, LOOKUP_NODATA);
	else
		answer_missing(l, v, zone, &k, type);
}

/* --- where nothing is to be ----------------------------------------------- */

/* Labels of the longest ancestor of k's name that exists, k and all below it
 * left aside. False: the store cannot be read. */
static bool
encloser_without(unsigned *encloser, struct store_view *v, struct key *k)
{
	uint8_t *end = &k->octets[k->len - 1];
	struct store_value found, value;
	unsigned after = 0, before = 0;
	enum err e;

	e = store_seek_within(v, STORE_NODES, k->octets, k->len, KEY_ID_LEN,
			      &found, &value);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return false;
	e = store_prev_within(v, STORE_NODES, k->octets, KEY_ID_LEN, &found,
			      NULL);
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return false;
	if (e == ERR_OK)
		before = key_common_labels(k, found.octets, found.len);
	*end = 1; /* behind all that begin with k, whose last octet is 0 */
	e = store_seek_within(v, STORE_NODES, k->octets, k->len, KEY_ID_LEN,
			      &found, &value);
	*end = 0;
	if (e == ERR_OK)
		after = key_common_labels(k, found.octets, found.len);
	*encloser = before > after ? before : after;
	return e == ERR_OK || e == ERR_NOTFOUND;
}

void
lookup_without(struct lookup *l, struct store_view *v,
	       const struct zone_facts *zone, const uint8_t *name,
	       uint16_t type, const uint8_t *without)
{
	unsigned below;
	struct key k;

	*l = (struct lookup){.owner = name};
	key_make(&k, zone->record.id, without, zone->apex);
	must(k.labels > 0);
	if (!encloser_without(&l->encloser, v, &k)) {
		fail(l);
		return;
	}
	below = k.labels - l->encloser;
	key_make(&k, zone->record.id, name, zone->apex);
	if (search_ancestors(l, v, zone, &k, name, l->encloser) == DECIDED)
		return;
	/* the source of synthesis is left aside itself, or all below it is */
	if (name_is_wildcard(name_skip(without, below - 1)))
		decide(l, LOOKUP_NXDOMAIN);
	else
		answer_missing(l, v, zone, &k, type);
}

/* --- without the rules ---------------------------------------------------- */

enum err
lookup_key(struct store_view *v, const uint8_t *key, size_t key_len,
	   struct node *n)
{
	struct store_value value;
	enum err e = store_get(v, STORE_NODES, key, key_len, &value);

	if (e == ERR_OK && node_open(n, value.octets, value.len))
		return ERR_OK;
	*n = (struct node){0};
	return e == ERR_OK ? ERR_CORRUPT : e;
}

enum err
lookup_node(struct store_view *v, uint32_t zone_id, const uint8_t *apex,
	    const uint8_t *name, struct node *n)
{
	struct key k;

	key_make(&k, zone_id, name, apex);
	return node_at(n, v, &k, k.labels);
}

bool
lookup_glue(struct store_view *v, const struct zone_facts *zone,
	    const uint8_t *name, uint16_t type, struct rrset *set)
{
	struct node n;

	return lookup_node(v, zone->record.id, zone->apex, name, &n) ==
		       ERR_OK &&
	       node_find(&n, type, set);
}

void
lookup_walk_init(struct lookup_walk *w, uint32_t zone_id, const uint8_t *apex)
{
	key_make(&w->key, zone_id, apex, apex);
	w->zone_id = zone_id;
	w->apex = apex;
	w->started = false;
}

enum err
lookup_walk_next(struct lookup_walk *w, struct store_view *v, uint8_t *name,
		 struct node *n)
{
	struct key *k = &w->key;
	struct store_value found, value;
	enum err e;

	/* No label is empty, so nothing stands between a key and this. */
	if (w->started)
		k->octets[k->len++] = 0;
	w->started = true;
	e = store_seek_within(v, STORE_NODES, k->octets, k->len, KEY_ID_LEN,
			      &found, &value);
	if (e != ERR_OK)
		return e;
	if (found.len > KEY_MAX ||
	    key_to_name(name, found.octets, found.len, w->apex) == 0 ||
	    !node_open(n, value.octets, value.len))
		return ERR_CORRUPT;
	memcpy(k->octets, found.octets, found.len);
	k->len = found.len;
	return ERR_OK;
}
