/*
 * The spatial index's share of an edit (zones/places.h). A place is several
 * nodes, the one with LOC and its parts below it; where a change touches one,
 * the others are looked for in the edit, then in the store. An edit that
 * touches none looks at what it has in its hands and no further.
 */
#include "zones/edit_internal.h"

#include "zones/edit_rules.h"
#include "zones/lookup.h"
#include "zones/places.h"

#include <string.h>

struct place {
	struct places_change change;
	struct places_nodes before, after;
};

static bool
has_loc(const struct node *n)
{
	struct rrset loc;

	return node_find(n, RR_LOC, &loc);
}

/* What the edit has of that name (w may be NULL); NULL: nothing. */
static const struct edit_owner *
owner_of_part(const struct edit_work *w, const uint8_t *place,
	      enum places_part part)
{
	const uint8_t *label = places_part_label[part];
	uint8_t name[NAME_WIRE_MAX];

	if (w == NULL ||
	    name_concat(name, label, part == PLACES_ITSELF ? 0 : label[0] + 1u,
			place) == 0)
		return NULL;
	return edit_owner_there(w, name);
}

/* One part, of the edit or as it is stored. */
static enum err
part_load(struct place *p, const struct edit_work *w, struct store_txn *t,
	  const uint8_t *place, enum places_part part, bool is_stored)
{
	struct node *before = &p->before.part[part];
	struct node *after = &p->after.part[part];
	const struct edit_owner *o = owner_of_part(w, place, part);
	enum err e = ERR_OK;

	if (o != NULL) {
		*before = o->before;
		*after = o->touched ? o->after : o->before;
	} else if (is_stored) {
		e = places_part_get(store_txn_view(t), p->change.key,
				    p->change.key_len, part, before);
		*after = *before;
	}
	return e;
}

/* The place of which the owner, o, is that part. */
static enum err
place_load(struct place *p, const struct edit_work *w, struct store_txn *t,
	   const struct edit_owner *o, enum places_part own, size_t place_len)
{
	const uint8_t *name =
		own == PLACES_ITSELF ? o->name : name_skip(o->name, 1);
	bool there;
	enum err e;

	memset(p, 0, sizeof(*p));
	p->change = (struct places_change){
		.key = o->key,
		.key_len = place_len,
		.before = &p->before,
		.after = &p->after,
	};
	e = places_parts_there(store_txn_view(t), o->key, place_len, &there);
	for (enum places_part part = PLACES_ITSELF;
	     e == ERR_OK && part < PLACES_PARTS; part++)
		if (part != own)
			e = part_load(p, w, t, name, part,
				      there || part == PLACES_ITSELF);
	p->before.part[own] = o->before;
	p->after.part[own] = o->after;
	return e;
}

/* A place of which several parts change is met once: as the first of them. */
static bool
is_first_change(const struct place *p, enum places_part own)
{
	for (enum places_part part = PLACES_ITSELF; part < own; part++) {
		const struct node *before = &p->before.part[part];
		const struct node *after = &p->after.part[part];

		if ((part != PLACES_ITSELF || has_loc(before) ||
		     has_loc(after)) &&
		    places_part_differs(part, before, after))
			return false;
	}
	return true;
}

/* What is done with a place that an owner's change concerns. */
typedef enum err place_do(struct store_txn *t, const struct place *p,
			  const struct edit_owner *o, struct arena *a,
			  struct diag *d);

/* What an act is for, and what it needs. */
struct acting {
	const struct edit_work *w; /* NULL: the owner is all there is */
	struct store_txn *t;
	struct arena *a;
	struct diag *d;
	place_do *act;
};

static enum err
place_act(const struct acting *to, const struct edit_owner *o,
	  enum places_part own, size_t place_len)
{
	struct place p;
	enum err e;

	if (!places_part_differs(own, &o->before, &o->after) ||
	    (own == PLACES_ITSELF && !has_loc(&o->before) &&
	     !has_loc(&o->after)))
		return ERR_OK;
	e = place_load(&p, to->w, to->t, o, own, place_len);
	if (e != ERR_OK || !is_first_change(&p, own))
		return e;
	return to->act(to->t, &p, o, to->a, to->d);
}

/* An owner can be a place and another's part at once. */
static enum err
each_place(const struct acting *to, const struct edit_owner *o)
{
	size_t place_len;
	enum places_part own = places_part_of(o->key, o->key_len, &place_len);
	enum err e = place_act(to, o, PLACES_ITSELF, o->key_len);

	if (e == ERR_OK && own != PLACES_ITSELF)
		e = place_act(to, o, own, place_len);
	return e;
}

static enum err
do_check(struct store_txn *t, const struct place *p, const struct edit_owner *o,
	 struct arena *a, struct diag *d)
{
	struct diag why = {""};
	enum err e = places_check(&p->change, a, &why);
	const uint8_t *geo = places_part_label[PLACES_GEO];
	uint8_t name[NAME_WIRE_MAX];
	const uint8_t *owner = o->name;

	(void)t;
	if (e != ERR_RULE)
		return e;
	if (p->change.key_len == o->key_len &&
	    name_concat(name, geo, geo[0] + 1u, o->name) > 0)
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
	const struct acting to = {w, w->t, &w->arena, &w->r->diag, act};
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < w->owner_count; i++)
		if (w->owners[i].changed)
			e = each_place(&to, &w->owners[i]);
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
	const struct edit_owner o = owner_of_build(owner, key, before, after);
	const struct acting to = {NULL, t, a, d, do_check};

	return each_place(&to, &o);
}

enum err
edit_places_build(struct store_txn *t, const uint8_t *owner,
		  const struct key *key, const struct node *before,
		  const struct node *after, struct arena *a)
{
	struct edit_owner o = owner_of_build(owner, key, before, after);
	const struct acting to = {NULL, t, a, NULL, do_update};

	/* the map's octets move when the index is written */
	if (before->octets != NULL) {
		o.before.octets = arena_copy(a, before->octets, before->len);
		if (o.before.octets == NULL)
			return ERR_NOMEM;
	}
	return each_place(&to, &o);
}
