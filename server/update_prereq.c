#include "server/update_parts.h"

#include "zones/lookup.h"

#include <stdlib.h>

/* The node at that name as it is stored; octets NULL: there is none. */
static enum err
find_node(const struct update *u, struct store_view *v,
	  const struct zone_record *z, const uint8_t *name, struct node *n)
{
	enum err err = lookup_node(v, z->id, u->zone->apex, name, n);

	if (err == ERR_NOTFOUND) {
		*n = (struct node){0};
		return ERR_OK;
	}
	return err;
}

static bool
node_holds(const struct node *n, uint16_t type)
{
	struct rrset set;

	return node_find(n, type, &set);
}

/* RFC 2136 3.2.1, 3.2.3 to 3.2.5: what class ANY and NONE ask; the rcode if
 * it is not so. */
static unsigned
check_bare(const struct node *n, const struct rr *rr)
{
	bool wanted = rr->class == RR_CLASS_ANY;

	if (rr->type == RR_ANY) {
		if ((n->octets != NULL) == wanted)
			return MSG_NOERROR;
		return wanted ? MSG_NXDOMAIN : MSG_YXDOMAIN;
	}
	if (node_holds(n, rr->type) == wanted)
		return MSG_NOERROR;
	return wanted ? MSG_NXRRSET : MSG_YXRRSET;
}

static int
compare_sets(const struct rr *a, const struct rr *b)
{
	int order = name_cmp(a->owner, b->owner);

	return order != 0 ? order : (a->type > b->type) - (a->type < b->type);
}

static int
compare_rrs(const void *x, const void *y)
{
	const struct rr *a = x, *b = y;
	int order = compare_sets(a, b);

	return order != 0 ? order
			  : rr_rdata_cmp(a->type, a->rdata, a->rdlen, b->rdata,
					 b->rdlen);
}

/* RFC 2136 3.2.2: the RRset consists of exactly these RRs, which stand in
 * canonical order as the stored ones do; TTLs do not matter. */
static bool
set_is_exactly(const struct rrset *set, const struct rr *rrs, size_t count)
{
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0, i = 0;

	while (rrset_next(set, &at, &rdata, &rdlen)) {
		if (i == count || rr_rdata_cmp(set->type, rdata, rdlen,
					       rrs[i].rdata, rrs[i].rdlen) != 0)
			return false;
		/* an RR that is there twice counts once */
		for (i++; i < count; i++)
			if (compare_rrs(&rrs[i - 1], &rrs[i]) != 0)
				break;
	}
	return i == count;
}

/* The RRs of class IN, sorted: one RRset after the other. */
static enum err
check_sets(struct update *u, struct store_view *v, const struct zone_record *z,
	   struct rr *rrs, size_t count)
{
	struct node n;
	struct rrset set;
	enum err err;

	qsort(rrs, count, sizeof(*rrs), compare_rrs);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count; next++)
			if (compare_sets(&rrs[i], &rrs[next]) != 0)
				break;
		err = find_node(u, v, z, rrs[i].owner, &n);
		if (err != ERR_OK)
			return err;
		if (!node_find(&n, rrs[i].type, &set) ||
		    !set_is_exactly(&set, rrs + i, next - i)) {
			u->rcode = MSG_NXRRSET;
			return ERR_OK;
		}
	}
	return ERR_OK;
}

enum err
update_prereq_check(struct update *u, struct store_view *v,
		    const struct zone_record *z, struct rr *rrs, size_t count)
{
	struct node n;
	size_t with_data = 0;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (rrs[i].class == RR_IN) {
			rrs[with_data++] = rrs[i];
			continue;
		}
		err = find_node(u, v, z, rrs[i].owner, &n);
		if (err != ERR_OK)
			return err;
		u->rcode = check_bare(&n, &rrs[i]);
		if (u->rcode != MSG_NOERROR)
			return ERR_OK;
	}
	return check_sets(u, v, z, rrs, with_data);
}
