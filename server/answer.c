#include "server/answer.h"

#include "server/view.h"

#include <string.h>

/* The chain as far as it has been followed. */
struct chain {
	const uint8_t *name; /* what is sought now */
	uint16_t type;
	unsigned hops;
	int zone; /* index in served, of the zone that holds name */
	struct zone_facts *facts;
};

/* That the reply is made from this zone, for the memo. */
static void
zone_note(struct query *q, int zone)
{
	for (unsigned i = 0; i < q->zone_count && i < MEMO_ZONES_MAX; i++)
		if (q->zones[i] == (uint32_t)zone)
			return;
	if (q->zone_count < MEMO_ZONES_MAX)
		q->zones[q->zone_count] = (uint32_t)zone;
	q->zone_count++;
}

/* The zone's facts in this snapshot; NULL: not in the store, or unreadable. */
static struct zone_facts *
zone_facts(struct query *q, int zone)
{
	struct query_env *env = q->env;
	struct zone_facts *f = &env->facts[zone];
	const uint8_t *apex = env->served->conf->zones[zone].apex;

	zone_note(q, zone);
	if (env->unreadable ||
	    zone_facts_refresh(f, env->view, apex) != ERR_OK || !f->exists)
		return NULL;
	return f;
}

/* Configured, but not seeded yet, or the store cannot be read. */
static bool
answer_not_ready(struct query *q)
{
	q->rcode = MSG_SERVFAIL;
	q->ede = MSG_EDE_NOT_READY;
	return false;
}

static void
answer_add(struct query *q, enum msg_section section, const uint8_t *owner,
	   const struct rrset *set)
{
	struct query_item *item;

	if (q->count == QUERY_ITEMS_MAX) {
		q->overflow = true;
		return;
	}
	item = &q->items[q->count++];
	item->owner = owner;
	item->set = *set;
	item->ttl = set->ttl;
	item->section = section;
	item->required = false;
	item->soa_of = NULL;
}

/* True if the RRset is collected already, in whatever section. */
static bool
answer_holds(const struct query *q, const uint8_t *owner, uint16_t type)
{
	for (unsigned i = 0; i < q->count; i++)
		if (q->items[i].set.type == type &&
		    name_equal(q->items[i].owner, owner))
			return true;
	return false;
}

/* A chain may lead back to a DNAME that is in the answer already. */
static void
answer_add_once(struct query *q, const uint8_t *owner, const struct rrset *set)
{
	if (!answer_holds(q, owner, set->type))
		answer_add(q, MSG_AN, owner, set);
}

/* The apex as the tail of the name that is sought: where that is the question,
 * a pointer to it is at hand. */
static const uint8_t *
chain_apex(const struct chain *c)
{
	return name_skip(c->name,
			 name_labels(c->name) - name_labels(c->facts->apex));
}

/* SOA in the authority section, its TTL as RFC 2308 section 3 asks. */
static void
answer_soa(struct query *q, const struct chain *c)
{
	const struct rrset *soa = &c->facts->soa;
	const uint8_t *rdata;
	uint16_t rdlen;
	uint32_t minimum;
	size_t at = 0;

	if (!rrset_next(soa, &at, &rdata, &rdlen))
		return;
	minimum = rr_soa_minimum(rdata, rdlen);
	answer_add(q, MSG_NS, chain_apex(c), soa);
	if (q->overflow)
		return;
	q->items[q->count - 1].soa_of = c->facts;
	if (minimum < soa->ttl)
		q->items[q->count - 1].ttl = minimum;
}

static void
answer_nodata(struct query *q, const struct chain *c)
{
	answer_soa(q, c);
}

static void
answer_nxdomain(struct query *q, const struct chain *c)
{
	q->rcode = MSG_NXDOMAIN; /* of the last name in a chain: RFC 6604 */
	answer_soa(q, c);
}

/*
 * ANY: over UDP one RRset of those there are (RFC 8482 section 4.1), over TCP,
 * where nobody can be made a victim, all.
 */
static void
answer_any(struct query *q, const struct chain *c, const struct node *node)
{
	struct rrset set;
	size_t at = 0;

	while (node_next(node, &at, &set)) {
		answer_add_once(q, c->name, &set);
		if (q->peer->tcp == NULL)
			return;
	}
}

static void
answer_data(struct query *q, const struct chain *c, const struct lookup *l)
{
	if (c->type == RR_ANY)
		answer_any(q, c, &l->node);
	else
		answer_add_once(q, c->name, &l->set);
}

/*
 * The zone to look for the chain's name in. A question for DS at an apex
 * belongs to the parent (RFC 4035 section 3.1.4.1), if that is served here too.
 */
static int
chain_zone(const struct query *q, const struct chain *c, bool *hidden)
{
	const struct served *s = q->env->served;
	int zone = view_zone(s, c->name, &q->peer->from, hidden);
	int parent;

	if (zone < 0 || *hidden || c->type != RR_DS ||
	    !name_equal(s->conf->zones[zone].apex, c->name))
		return zone;
	parent = served_parent(s, zone);
	if (parent < 0 || !view_inside(&s->conf->zones[parent], &q->peer->from))
		return zone;
	return parent;
}

/* On to the name that a CNAME, written or made, points to. */
static bool
chain_follow(struct query *q, struct chain *c, const uint8_t *target)
{
	bool hidden;

	c->name = target;
	/* a CNAME that is met again: the chain bites its tail */
	if (++c->hops >= QUERY_CHAIN_MAX || answer_holds(q, target, RR_CNAME))
		return false;
	c->zone = chain_zone(q, c, &hidden);
	return c->zone >= 0 && !hidden;
}

static bool
answer_cname(struct query *q, struct chain *c, const struct lookup *l)
{
	const uint8_t *target;
	uint16_t rdlen;
	size_t at = 0;

	answer_add(q, MSG_AN, c->name, &l->set);
	return rrset_next(&l->set, &at, &target, &rdlen) &&
	       chain_follow(q, c, target);
}

/* The CNAME that a DNAME stands for, in the arena (RFC 6672 section 3.1). */
static const uint8_t *
dname_synthesize(struct query *q, const struct chain *c,
		 const struct rrset *dname, const uint8_t *owner,
		 struct rrset *cname)
{
	const uint8_t *target;
	uint16_t rdlen;
	uint8_t *made;
	size_t at = 0, len;

	if (!rrset_next(dname, &at, &target, &rdlen))
		return NULL;
	made = arena_alloc(&q->arena, 2 + NAME_WIRE_MAX);
	if (made == NULL) {
		q->overflow = true;
		return NULL;
	}
	len = name_concat(made + 2, c->name, (size_t)(owner - c->name), target);
	if (len == 0) {
		q->rcode = MSG_YXDOMAIN;
		return NULL;
	}
	put16(made, (uint16_t)len);
	*cname = (struct rrset){
		.type = RR_CNAME,
		.count = 1,
		.ttl = dname->ttl,
		.rdatas = made,
		.len = (uint16_t)(2 + len),
	};
	return made + 2;
}

/* What a question for CNAME wants is the one that was made (RFC 6672 has it
 * followed; BIND, Knot and NSD do not either). */
static bool
answer_dname(struct query *q, struct chain *c, const struct lookup *l)
{
	struct rrset cname;
	const uint8_t *target;

	answer_add_once(q, l->owner, &l->set);
	target = dname_synthesize(q, c, &l->set, l->owner, &cname);
	if (target == NULL)
		return false;
	answer_add(q, MSG_AN, c->name, &cname);
	q->personal = true;
	return c->type != RR_CNAME && chain_follow(q, c, target);
}

/* NS of the cut, and the glue without which nobody gets there (RFC 9471). */
static void
answer_referral(struct query *q, const struct chain *c, const struct lookup *l)
{
	static const uint16_t types[] = {RR_A, RR_AAAA};
	const uint8_t *host;
	uint16_t rdlen;
	size_t at = 0;
	struct rrset set;

	if (c->hops == 0)
		q->flags &= (uint16_t)~MSG_AA;
	answer_add(q, MSG_NS, l->owner, &l->set);
	while (rrset_next(&l->set, &at, &host, &rdlen)) {
		for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
			if (!name_at_or_below(host, c->facts->apex) ||
			    !lookup_glue(q->env->view, c->facts, host, types[i],
					 &set))
				continue;
			if (q->count == QUERY_ITEMS_MAX)
				return;
			answer_add(q, MSG_AR, host, &set);
			q->items[q->count - 1].required =
				name_at_or_below(host, l->owner);
		}
	}
}

/* One step of RFC 1034 4.3.2; true if there is a next one. */
static bool
answer_step(struct query *q, struct chain *c)
{
	struct query_env *env = q->env;
	struct lookup l;

	c->facts = zone_facts(q, c->zone);
	if (c->facts == NULL)
		return answer_not_ready(q);
	lookup(&l, env->view, c->facts, c->name, c->type);
	switch (l.result) {
	case LOOKUP_ANSWER:
		answer_data(q, c, &l);
		return false;
	case LOOKUP_CNAME:
		return answer_cname(q, c, &l);
	case LOOKUP_DNAME:
		return answer_dname(q, c, &l);
	case LOOKUP_REFERRAL:
		answer_referral(q, c, &l);
		return false;
	case LOOKUP_NODATA:
		answer_nodata(q, c);
		return false;
	case LOOKUP_NXDOMAIN:
		answer_nxdomain(q, c);
		return false;
	case LOOKUP_ERROR:
		break;
	}
	q->rcode = MSG_SERVFAIL;
	q->ede = MSG_EDE_OTHER;
	return false;
}

static void
additional_add(struct query *q, struct zone_facts *facts, const uint8_t *name,
	       uint16_t type)
{
	struct lookup l;

	if (q->count == QUERY_ITEMS_MAX || answer_holds(q, name, type))
		return;
	lookup(&l, q->env->view, facts, name, type);
	if (l.result == LOOKUP_ANSWER)
		answer_add(q, MSG_AR, name, &l.set);
}

/* What a client that got a set of this type will ask next. */
static const uint16_t *
additional_types(const struct query_item *item)
{
	static const uint16_t addresses[] = {RR_A, RR_AAAA, 0};
	static const uint16_t instance[] = {RR_SRV, RR_TXT, 0};

	switch (item->set.type) {
	case RR_NS:
	case RR_MX:
	case RR_SRV:
	case RR_SVCB:
	case RR_HTTPS:
		return addresses;
	case RR_PTR: /* of a DNS-SD service type: RFC 6763 section 12.1 */
		return item->owner[0] > 0 && item->owner[1] == '_' ? instance
								   : NULL;
	default:
		return NULL;
	}
}

static void
additional_of_target(struct query *q, const uint8_t *target,
		     const uint16_t *types)
{
	struct query_env *env = q->env;
	struct zone_facts *facts;
	bool hidden;
	int zone = view_zone(env->served, target, &q->peer->from, &hidden);

	if (zone < 0 || hidden)
		return;
	facts = zone_facts(q, zone);
	if (facts == NULL)
		return;
	for (; *types != 0; types++)
		additional_add(q, facts, target, *types);
}

/*
 * Additional data for all that was collected; what is added (SRV of a
 * service's instances) brings its own in turn.
 */
static void
answer_additional(struct query *q)
{
	unsigned budget = QUERY_ADDITIONAL_MAX;

	for (unsigned i = 0; i < q->count && budget > 0; i++) {
		const struct query_item item = q->items[i];
		const uint16_t *types = additional_types(&item);
		const uint8_t *rdata, *target;
		uint16_t rdlen;
		size_t at = 0;

		if (types == NULL)
			continue;
		while (budget > 0 &&
		       rrset_next(&item.set, &at, &rdata, &rdlen)) {
			target = rr_rdata_target(item.set.type, rdata);
			/* SVCB's "." is the owner itself: RFC 9460 2.5.2 */
			if (target != NULL && name_is_root(target))
				target = item.owner;
			budget--;
			if (target != NULL)
				additional_of_target(q, target, types);
		}
	}
}

/* A space that exports nothing does not exist outside; its parent says so. */
static void
answer_hidden(struct query *q, struct chain *c)
{
	c->facts = zone_facts(q, c->zone);
	if (c->facts == NULL)
		answer_not_ready(q);
	else
		answer_nxdomain(q, c);
}

void
answer_query(struct query *q)
{
	struct chain c = {.name = q->msg.qname, .type = q->msg.qtype};
	bool hidden;

	c.zone = chain_zone(q, &c, &hidden);
	if (c.zone < 0) {
		q->rcode = MSG_REFUSED;
		q->ede = MSG_EDE_NOT_AUTHORITATIVE;
		return;
	}
	q->flags |= MSG_AA;
	if (hidden) {
		answer_hidden(q, &c);
	} else {
		while (!q->overflow && answer_step(q, &c))
			;
		answer_additional(q);
	}
	if (q->rcode == MSG_SERVFAIL)
		q->flags &= (uint16_t)~MSG_AA;
}
