#include "server/answer.h"

#include "server/recurse.h"
#include "server/space.h"
#include "server/view.h"

#include <string.h>

/* The chain as far as it has been followed. */
struct chain {
	const uint8_t *name; /* what is sought now */
	uint16_t type;
	unsigned hops;
	struct view view; /* the zone that holds name, as the client sees it */
	struct zone_facts *facts;
};

/* That the reply is made from these facts, for the memo. */
static void
zone_note(struct query *q, uint32_t facts)
{
	for (unsigned i = 0; i < q->zone_count && i < MEMO_ZONES_MAX; i++)
		if (q->zones[i] == facts)
			return;
	if (q->zone_count < MEMO_ZONES_MAX)
		q->zones[q->zone_count] = facts;
	q->zone_count++;
}

/* A reply that rests on a zone not being there is noted, too. */
bool
answer_exports(void *query, int zone)
{
	struct query *q = query;
	bool yes = query_exports(q->env, zone);
	const struct view outside = {.zone = zone, .outside = true};

	if (!yes)
		zone_note(q, view_facts(outside) | MEMO_ABSENT);
	return yes;
}

struct zone_facts *
answer_facts(struct query *q, struct view v)
{
	struct query_env *env = q->env;
	struct zone_facts *f = &env->facts[view_facts(v)];
	const uint8_t *apex = env->served->conf->zones[v.zone].apex;

	zone_note(q, view_facts(v));
	if (env->unreadable ||
	    zone_facts_refresh(f, env->view, apex) != ERR_OK || !f->exists)
		return NULL;
	return f;
}

/* The node at that name, if it was foreseen; NULL: not. */
static const struct store_value *
node_foreseen(const struct query *q, const uint8_t *name, struct view v)
{
	if (q->taken == NULL)
		return NULL;
	if (name == q->msg.qname)
		name = q->taken->msg.qname;
	for (unsigned i = 0; i < QUERY_FORESEEN; i++) {
		const struct query_foreseen *f = &q->taken->foreseen[i];

		if (f->name == name && f->facts == view_facts(v))
			return &f->node;
	}
	return NULL;
}

/* Configured, but not seeded yet, or the store cannot be read. */
static bool
answer_not_ready(struct query *q)
{
	q->rcode = MSG_SERVFAIL;
	q->ede = MSG_EDE_NOT_READY;
	return false;
}

/* What the view's zone has at that name; what is hidden in it is not there. */
static void
view_lookup(struct query *q, struct lookup *l, struct view v,
	    const struct zone_facts *facts, const uint8_t *name, uint16_t type)
{
	const struct query_env *env = q->env;

	if (v.hidden)
		lookup_without(l, env->view, facts, name, type,
			       env->served->conf->zones[v.passed].apex);
	else
		lookup_known(l, env->view, facts, name, type,
			     node_foreseen(q, name, v));
}

void
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
	item->foreign = false;
	item->required = false;
	item->soa_of = NULL;
}

bool
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
	/* An outside zone need not know of delegations, and none tells of what
	 * is hidden; there is a name all the same if the client may see a zone
	 * there, or further below (RFC 8020). */
	if ((c->view.outside || c->view.hidden) &&
	    view_below(q->env->served, c->name, &q->client)) {
		answer_nodata(q, c);
		return;
	}
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
 * belongs to the parent (RFC 4035 section 3.1.4.1), if that is served here too
 * and the client may see it.
 */
static struct view
chain_view(const struct query *q, const struct chain *c)
{
	const struct served *s = q->env->served;
	struct view v = view_zone(s, c->name, &q->client), above;

	if (v.zone < 0 || v.hidden || c->type != RR_DS ||
	    !name_equal(s->conf->zones[v.zone].apex, c->name))
		return v;
	above = view_above(s, v.zone, &q->client);
	return above.zone < 0 ? v : above;
}

static bool chain_abroad(struct query *q, struct chain *c,
			 const struct lookup *cut, bool *closed);

/* On to the name that a CNAME, written or made, points to. */
static bool
chain_follow(struct query *q, struct chain *c, const uint8_t *target)
{
	bool closed;

	c->name = target;
	/* a CNAME that is met again: the chain bites its tail */
	if (++c->hops >= QUERY_CHAIN_MAX || answer_holds(q, target, RR_CNAME))
		return false;
	c->view = chain_view(q, c);
	if (c->view.zone < 0)
		return chain_abroad(q, c, NULL, &closed);
	return true;
}

/*
 * The name is not for a zone here to answer, or lies below its cut: what the
 * ladder says. True: the chain has come home and goes on. closed: nothing was
 * said, for this client has no recursion.
 */
static bool
chain_abroad(struct query *q, struct chain *c, const struct lookup *cut,
	     bool *closed)
{
	const uint8_t *next;

	*closed = false;
	switch (recurse_step(q, c->name, c->type, c->hops, cut, c->facts,
			     &next)) {
	case RECURSE_FOLLOW:
		return chain_follow(q, c, next);
	case RECURSE_LATER:
	case RECURSE_DONE:
		return false;
	case RECURSE_CLOSED:
		break;
	}
	*closed = true;
	return false;
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

/* Glue of a space that is not to be seen is none. */
static bool
glue_is_hidden(const struct query *q, const uint8_t *host)
{
	return view_zone(q->env->served, host, &q->client).hidden;
}

/* NS of the cut, and the glue without which nobody gets there (RFC 9471). */
static void
answer_cut(struct query *q, const struct chain *c, const struct lookup *l)
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
			    glue_is_hidden(q, host) ||
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

/* A referral, but to somebody inside who wants the answer itself. */
static bool
answer_referral(struct query *q, struct chain *c, const struct lookup *l)
{
	bool closed = true;

	if (!c->view.outside && chain_abroad(q, c, l, &closed))
		return true;
	if (closed)
		answer_cut(q, c, l);
	return false;
}

static bool
answer_failed(struct query *q)
{
	q->rcode = MSG_SERVFAIL;
	q->ede = MSG_EDE_OTHER;
	return false;
}

/* Nothing is there now, but things move. */
static void
answer_empty(struct query *q, const struct chain *c)
{
	uint32_t ttl = q->env->served->conf->space.ttl;

	answer_nodata(q, c);
	for (unsigned i = 0; i < q->count; i++)
		if (q->items[i].soa_of != NULL && q->items[i].ttl > ttl)
			q->items[i].ttl = ttl;
}

/* Not to be looked up: a question about space. *on: there is a next step. */
static bool
answer_space(struct query *q, struct chain *c, bool *on)
{
	const uint8_t *next;

	*on = false;
	switch (space_step(q, c->name, c->type, c->hops, c->view, c->facts,
			   &next)) {
	case SPACE_NOT:
		return false;
	case SPACE_DONE:
	case SPACE_LATER:
		break;
	case SPACE_EMPTY:
		answer_empty(q, c);
		break;
	case SPACE_BARE:
		answer_nodata(q, c);
		break;
	case SPACE_NOWHERE:
		answer_nxdomain(q, c);
		break;
	case SPACE_FOLLOW:
		*on = chain_follow(q, c, next);
		break;
	case SPACE_FAILED:
		answer_failed(q);
		break;
	}
	return true;
}

/* One step of RFC 1034 4.3.2; true if there is a next one. */
static bool
answer_step(struct query *q, struct chain *c)
{
	struct lookup l;
	bool on;

	c->facts = answer_facts(q, c->view);
	if (c->facts == NULL)
		return answer_not_ready(q);
	if (answer_space(q, c, &on))
		return on;
	view_lookup(q, &l, c->view, c->facts, c->name, c->type);
	switch (l.result) {
	case LOOKUP_ANSWER:
		answer_data(q, c, &l);
		return false;
	case LOOKUP_CNAME:
		return answer_cname(q, c, &l);
	case LOOKUP_DNAME:
		return answer_dname(q, c, &l);
	case LOOKUP_REFERRAL:
		return answer_referral(q, c, &l);
	case LOOKUP_NODATA:
		answer_nodata(q, c);
		return false;
	case LOOKUP_NXDOMAIN:
		answer_nxdomain(q, c);
		return false;
	case LOOKUP_ERROR:
		break;
	}
	return answer_failed(q);
}

/* What a client that got a set of this type will ask next. */
static const uint16_t *
additional_types(const struct query *q, const struct query_item *item)
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
		return !q->spatial && item->owner[0] > 0 &&
				       item->owner[1] == '_'
			       ? instance
			       : NULL;
	default:
		return NULL;
	}
}

/* One lookup tells of all types: what is not at the node that answers the first
 * of them, or has none of it, is nowhere. */
static void
additional_of_target(struct query *q, const uint8_t *target,
		     const uint16_t *types)
{
	struct query_env *env = q->env;
	struct zone_facts *facts;
	struct lookup l;
	struct rrset set;
	struct view v = view_zone(env->served, target, &q->client);

	if (v.zone < 0)
		return;
	facts = answer_facts(q, v);
	while (*types != 0 && answer_holds(q, target, *types))
		types++;
	if (facts == NULL || *types == 0)
		return;
	view_lookup(q, &l, v, facts, target, types[0]);
	if (l.result != LOOKUP_ANSWER && l.result != LOOKUP_NODATA)
		return;
	for (; *types != 0 && q->count < QUERY_ITEMS_MAX; types++)
		if (node_find(&l.node, *types, &set) &&
		    !answer_holds(q, target, *types))
			answer_add(q, MSG_AR, target, &set);
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
		const uint16_t *types = additional_types(q, &item);
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

/* The steps of the chain, wherever they lead. */
static void
answer_chain(struct query *q, struct chain *c)
{
	while (!q->overflow && answer_step(q, c))
		;
}

void
answer_query(struct query *q)
{
	struct chain c = {.name = q->msg.qname, .type = q->msg.qtype};
	bool closed = false;

	if (recurse_offered(q))
		q->flags |= MSG_RA;
	c.view = chain_view(q, &c);
	if (c.view.zone < 0) {
		if (chain_abroad(q, &c, NULL, &closed))
			answer_chain(q, &c);
	} else {
		q->flags |= MSG_AA;
		answer_chain(q, &c);
	}
	if (closed) {
		q->rcode = MSG_REFUSED;
		q->ede = MSG_EDE_NOT_AUTHORITATIVE;
	}
	if (q->ask_count == 0 && q->rcode != MSG_REFUSED)
		answer_additional(q);
	if (q->rcode == MSG_SERVFAIL)
		q->flags &= (uint16_t)~MSG_AA;
}
