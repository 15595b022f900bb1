/* Instances of a service, by where they stand: there are few of them, so they
 * are looked at one by one. */
#include "zones/search_internal.h"

/* What of an instance's place is asked by `in` and `here`. */
struct within {
	bool any;
	struct places_shape shape;
};

struct standing {
	const struct within *within;
	const struct instance *instance;
};

/* The PTR RRset of the service at that name. */
static enum err
instances_at(struct finding *f, const uint8_t *name, struct rrset *ptr,
	     bool *found)
{
	const struct space_question *q = f->q;
	uint8_t owner[NAME_WIRE_MAX];
	struct node node;
	struct key key;
	enum err e;

	*found = false;
	if (name_concat(owner, q->service, q->service_len, name) == 0)
		return ERR_OK;
	key_make(&key, f->zone_id, owner, f->s->zone->apex);
	e = here_node(f, key.octets, key.len, &node);
	*found = e == ERR_OK && node.octets != NULL &&
		 node_find(&node, RR_PTR, ptr);
	return e;
}

/* The node of a name of this zone, with its key as the store has it. */
static enum err
stored(struct finding *f, const uint8_t *name, struct store_value *key,
       struct node *n)
{
	struct store_value value;
	struct key k;
	enum err e;

	if (!name_at_or_below(name, f->s->zone->apex))
		return ERR_NOTFOUND;
	key_make(&k, f->zone_id, name, f->s->zone->apex);
	e = store_seek_within(f->s->view, STORE_NODES, k.octets, k.len, k.len,
			      key, &value);
	if (e == ERR_OK && key->len != k.len)
		return ERR_NOTFOUND;
	if (e == ERR_OK && !node_open(n, value.octets, value.len))
		return ERR_CORRUPT;
	return e;
}

/* --- one place ------------------------------------------------------------ */

static enum err
stands(struct finding *f, const struct store_value *value,
       const struct within *within, bool *yes)
{
	struct places_point p;

	if (!places_point_open(&p, value))
		return ERR_CORRUPT;
	if (f->q->kind == SPACE_HERE) {
		*yes = finding_in_scope(f, p.owner, p.owner_len);
	} else {
		*yes = false;
		if (!finding_in_scope(f, p.owner, p.owner_len))
			return ERR_OK;
		*yes = within->any &&
		       key_has_prefix(p.owner, p.owner_len, within->shape.owner,
				      within->shape.owner_len);
	}
	if (*yes || !within->any)
		return ERR_OK;
	return point_stands_in(f, &p, &within->shape, yes);
}

/* Of `in` and `here`: the points of a node that stand within. */
static enum err
take_standing(struct finding *f, const struct store_value *key,
	      const struct node *node, const struct standing *st)
{
	struct arena before = *f->s->arena;
	struct store_value *points;
	struct places_point p;
	size_t count;
	bool yes = false;
	enum err e = places_of(f->s->view, key->octets, key->len, node,
			       PLACES_POINTS, f->s->arena, &points, &count);

	for (size_t i = 0; e == ERR_OK && !yes && i < count; i++) {
		e = stands(f, &points[i], st->within, &yes);
		if (e == ERR_OK && yes && places_point_open(&p, &points[i]))
			finding_keep(
				f, &(struct candidate){
					   .at = p.at,
					   .has_place = true,
					   .several = true,
					   .owner = st->instance->owner,
					   .owner_len = st->instance->owner_len,
					   .written = st->instance->written,
				   });
	}
	*f->s->arena = before;
	return e;
}

/* --- one instance --------------------------------------------------------- */

static enum err
take_place(struct finding *f, const struct store_value *key,
	   const struct node *node, const struct standing *st)
{
	bool occluded;
	enum err e = finding_occluded(f, key->octets + KEY_ID_LEN,
				      key->len - KEY_ID_LEN, &occluded);

	if (e != ERR_OK || occluded)
		return e;
	return st->within == NULL
		       ? near_consider_node(f, key, node, st->instance)
		       : take_standing(f, key, node, st);
}

/* At its own LOC, or at those of its SRV targets. */
static enum err
take_instance(struct finding *f, const uint8_t *name,
	      const struct within *within)
{
	struct store_value key, host_key;
	struct instance instance;
	struct standing st = {within, &instance};
	struct node node, host;
	const uint8_t *rdata;
	struct rrset set;
	uint16_t rdlen;
	size_t pos = 0;
	enum err e = stored(f, name, &key, &node);

	if (e != ERR_OK)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	instance.owner = key.octets + KEY_ID_LEN;
	instance.owner_len = key.len - KEY_ID_LEN;
	instance.written = name;
	if (node_find(&node, RR_LOC, &set))
		return take_place(f, &key, &node, &st);
	if (!node_find(&node, RR_SRV, &set))
		return ERR_OK;
	while (e == ERR_OK && rrset_next(&set, &pos, &rdata, &rdlen)) {
		/* priority, weight and port; then the target (RFC 2782) */
		e = rdlen > 6 ? stored(f, rdata + 6, &host_key, &host)
			      : ERR_CORRUPT;
		if (e == ERR_OK)
			e = take_place(f, &host_key, &host, &st);
		else if (e == ERR_NOTFOUND)
			e = ERR_OK;
	}
	return e;
}

/* --- the whole ------------------------------------------------------------ */

static enum err
take_shape(struct finding *f, const struct places_shape *s, void *context)
{
	struct within *w = context;

	(void)f;
	if (!w->any)
		w->shape = *s;
	w->any = true;
	return ERR_OK;
}

/* What the question's kind asks of a place. */
static enum err
prepare(struct finding *f, struct within *w)
{
	enum err e = ERR_OK;

	w->any = false;
	switch (f->q->kind) {
	case SPACE_NEAR:
		near_prepare(f);
		break;
	case SPACE_BOX:
		box_prepare(f);
		break;
	case SPACE_IN:
		e = shape_innermost(f, &w->shape);
		w->any = w->shape.owner != NULL;
		break;
	case SPACE_HERE:
		e = here_shapes(f, take_shape, w);
		break;
	}
	return e;
}

enum err
search_service(struct finding *f)
{
	bool by_shape = f->q->kind == SPACE_IN || f->q->kind == SPACE_HERE;
	const uint8_t *rdata;
	struct within within;
	struct rrset ptr;
	uint16_t rdlen;
	size_t pos = 0;
	bool found;
	enum err e = prepare(f, &within);

	found = false;
	if (e == ERR_OK && !f->elsewhere)
		e = instances_at(f, f->q->scope, &ptr, &found);
	if (e == ERR_OK && !found)
		e = instances_at(f, f->s->zone->apex, &ptr, &found);
	if (e != ERR_OK || !found)
		return e;
	while (e == ERR_OK && rrset_next(&ptr, &pos, &rdata, &rdlen)) {
		if (!finding_may_scan(f))
			return ERR_FULL;
		e = take_instance(f, rdata, by_shape ? &within : NULL);
	}
	return e;
}
