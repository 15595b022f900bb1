/*
 * The spatial index's share of an edit (zones/places.h). A place is two nodes,
 * the one with LOC and `_geo` below it; where a change touches either, the
 * other is looked for in the edit, then in the store. An edit that touches
 * neither looks at what it has in its hands and no further.
 */
#include "zones/edit_internal.h"

#include "zones/edit_rules.h"
#include "zones/lookup.h"
#include "zones/places.h"

#include <string.h>

static const uint8_t geo_label[] = {4, '_', 'g', 'e', 'o'};
static const uint8_t geo_key[] = {'_', 'g', 'e', 'o', 0};

/* A node before and after. */
struct half {
	struct node before, after;
};

struct place {
	struct places_change change;
	struct half itself, geo;
};

static enum err
read_node(struct store_view *v, const uint8_t *key, size_t key_len,
	  struct half *h)
{
	enum err e = lookup_key(v, key, key_len, &h->before);

	h->after = h->before;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* The half that has this name and key: of the edit (w may be NULL), or as it
 * is stored. */
static enum err
half_find(const struct edit_work *w, struct store_txn *t, const uint8_t *name,
	  const uint8_t *key, size_t key_len, struct half *h)
{
	const struct edit_owner *o =
		w != NULL ? edit_owner_there(w, name) : NULL;

	if (o == NULL)
		return read_node(store_txn_view(t), key, key_len, h);
	h->before = o->before;
	h->after = o->touched ? o->after : o->before;
	return ERR_OK;
}

/* The place whose LOC is at this owner. */
static enum err
place_of_loc(const struct edit_work *w, struct store_txn *t,
	     const struct edit_owner *o, struct place *p)
{
	uint8_t name[NAME_WIRE_MAX], key[KEY_MAX + sizeof(geo_key)];

	p->itself = (struct half){o->before, o->after};
	p->change.key = o->key;
	p->change.key_len = o->key_len;
	memset(&p->geo, 0, sizeof(p->geo));
	if (name_concat(name, geo_label, sizeof(geo_label), o->name) == 0)
		return ERR_OK;
	memcpy(key, o->key, o->key_len);
	memcpy(key + o->key_len, geo_key, sizeof(geo_key));
	return half_find(w, t, name, key, o->key_len + sizeof(geo_key),
			 &p->geo);
}

/* The place whose `_geo` this owner is. */
static enum err
place_of_geo(const struct edit_work *w, struct store_txn *t,
	     const struct edit_owner *o, size_t place_len, struct place *p)
{
	p->geo = (struct half){o->before, o->after};
	p->change.key = o->key;
	p->change.key_len = place_len;
	return half_find(w, t, name_skip(o->name, 1), o->key, place_len,
			 &p->itself);
}

static void
place_finish(struct place *p)
{
	p->change.before = &p->itself.before;
	p->change.after = &p->itself.after;
	p->change.geo_before = &p->geo.before;
	p->change.geo_after = &p->geo.after;
}

/* What is done with a place that an owner's change concerns. */
typedef enum err place_do(struct store_txn *t, const struct place *p,
			  const struct edit_owner *o, struct arena *a,
			  struct diag *d);

/* An owner can be a place and another's `_geo` at once. A place of which both
 * halves change is met as the one with LOC. */
static enum err
each_place(const struct edit_work *w, struct store_txn *t,
	   const struct edit_owner *o, struct arena *a, struct diag *d,
	   place_do *act)
{
	struct place p;
	size_t place_len;
	enum err e = ERR_OK;

	if (places_differ(&o->before, &o->after, RR_LOC)) {
		e = place_of_loc(w, t, o, &p);
		place_finish(&p);
		if (e == ERR_OK)
			e = act(t, &p, o, a, d);
	}
	if (e != ERR_OK || !places_is_geo(o->key, o->key_len, &place_len) ||
	    !places_differ(&o->before, &o->after, RR_TXT))
		return e;
	e = place_of_geo(w, t, o, place_len, &p);
	place_finish(&p);
	if (e == ERR_OK &&
	    !places_differ(&p.itself.before, &p.itself.after, RR_LOC))
		e = act(t, &p, o, a, d);
	return e;
}

static enum err
do_check(struct store_txn *t, const struct place *p, const struct edit_owner *o,
	 struct arena *a, struct diag *d)
{
	struct diag why = {""};
	enum err e = places_check(&p->change, a, &why);
	uint8_t name[NAME_WIRE_MAX];
	const uint8_t *owner = o->name;

	(void)t;
	if (e != ERR_RULE)
		return e;
	if (p->change.key_len == o->key_len &&
	    name_concat(name, geo_label, sizeof(geo_label), o->name) > 0)
		owner = name;
	return edit_rules_error(d, e, owner, RR_TXT, why.text);
}

static enum err
do_update(struct store_txn *t, const struct place *p,
	  const struct edit_owner *o, struct arena *a, struct diag *d)
{
	(void)o;
	(void)d;
	return places_update(t, &p->change, a);
}

static enum err
each_owner(struct edit_work *w, place_do *act)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < w->owner_count; i++)
		if (w->owners[i].changed)
			e = each_place(w, w->t, &w->owners[i], &w->arena,
				       &w->r->diag, act);
	if (e == ERR_IO)
		w->r->spoilt = true;
	if (e != ERR_OK && w->r->diag.text[0] == '\0')
		diag_set(&w->r->diag, e, "%s", err_text(e));
	return e;
}

enum err
edit_places_check(struct edit_work *w)
{
	return each_owner(w, do_check);
}

enum err
edit_places_write(struct edit_work *w)
{
	return each_owner(w, do_update);
}

static struct edit_owner
owner_of_build(const uint8_t *owner, const struct key *key,
	       const struct node *before, const struct node *after)
{
	return (struct edit_owner){.name = owner,
				   .key = key->octets,
				   .key_len = key->len,
				   .before = *before,
				   .after = *after};
}

enum err
edit_places_build_check(struct store_txn *t, const uint8_t *owner,
			const struct key *key, const struct node *before,
			const struct node *after, struct arena *a,
			struct diag *d)
{
	struct edit_owner o = owner_of_build(owner, key, before, after);

	return each_place(NULL, t, &o, a, d, do_check);
}

enum err
edit_places_build(struct store_txn *t, const uint8_t *owner,
		  const struct key *key, const struct node *before,
		  const struct node *after, struct arena *a)
{
	struct edit_owner o = owner_of_build(owner, key, before, after);

	/* the map's octets move when the index is written */
	if (before->octets != NULL) {
		o.before.octets = arena_copy(a, before->octets, before->len);
		if (o.before.octets == NULL)
			return ERR_NOMEM;
	}
	return each_place(NULL, t, &o, a, NULL, do_update);
}
