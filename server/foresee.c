/*
 * What the answers to a batch will need from memory, asked for before the first
 * of them is made, so that they wait for it together. Nothing is decided here:
 * a foreseen node is what lookup() would have found, and a planned search reads
 * where it would have.
 */
#include "server/query.h"
#include "server/space.h"
#include "server/view.h"
#include "zones/key.h"
#include "zones/space_question.h"

#include <string.h>

/* --- nodes ---------------------------------------------------------------- */

/* The nodes that are looked for together, and who asked for them. */
struct wish_list {
	unsigned count;
	struct store_wanted wanted[STORE_MANY_MAX];
	struct query_foreseen *to[STORE_MANY_MAX];
	struct query_taken *of[STORE_MANY_MAX];
	struct key keys[STORE_MANY_MAX];
};

/* A name that a search answers, whatever the apex: no node is looked for. */
static bool
is_search(const uint8_t *name)
{
	return space_name_reserved(name, name_root);
}

/* The facts of the zone that has that name, as the client sees it, and their
 * place among all; NULL: there is none that can be told. */
static struct zone_facts *
facts_of(struct query_env *env, const struct query_taken *t,
	 const uint8_t *name, uint32_t *place)
{
	/* Who signed is not known yet: what a key shows is not foreseen. */
	const struct view_client client = {
		.from = &t->peer->from,
		.exports = query_exports,
		.arg = env,
	};
	const struct view v = view_zone(env->served, name, &client);
	struct zone_facts *facts;

	if (v.zone < 0 || v.hidden)
		return NULL;
	*place = view_facts(v);
	facts = &env->facts[*place];
	return zone_facts_refresh(facts, env->view,
				  env->served->conf->zones[v.zone].apex) ==
				       ERR_OK &&
			       facts->exists
		       ? facts
		       : NULL;
}

static void
wish(struct wish_list *l, struct query_env *env, struct query_taken *t,
     unsigned what, const uint8_t *name)
{
	struct key *k = &l->keys[l->count];
	const struct zone_facts *facts;
	uint32_t place;

	facts = facts_of(env, t, name, &place);
	if (facts == NULL)
		return;
	key_make(k, facts->record.id, name, facts->apex);
	l->wanted[l->count].key = k->octets;
	l->wanted[l->count].key_len = k->len;
	t->foreseen[what].name = name;
	t->foreseen[what].facts = place;
	l->to[l->count] = &t->foreseen[what];
	l->of[l->count++] = t;
}

static void
wishes_grant(struct wish_list *l, struct query_env *env)
{
	store_get_many(env->view, l->wanted, l->count);
	for (unsigned i = 0; i < l->count; i++)
		l->to[i]->node = l->wanted[i].value;
}

/* What the first RR of the asked set points to, where its addresses go into
 * the additional section; else NULL. */
static const uint8_t *
target_of(const struct query_taken *t, const struct store_value *value)
{
	const uint8_t *rdata;
	struct rrset set;
	struct node n;
	uint16_t rdlen;
	size_t at = 0;

	if (value->octets == NULL || t->msg.qtype == RR_CNAME ||
	    t->msg.qtype == RR_PTR ||
	    !node_open(&n, value->octets, value->len) ||
	    !node_find(&n, t->msg.qtype, &set) ||
	    !rrset_next(&set, &at, &rdata, &rdlen))
		return NULL;
	return rr_rdata_target(set.type, rdata);
}

/* DS may belong to the zone above. */
static bool
is_foreseeable(const struct query_taken *t)
{
	return t->verdict == MSG_OK &&
	       msg_flags_opcode(t->msg.flags) == MSG_QUERY &&
	       t->msg.qclass == RR_IN && t->msg.qtype != RR_DS;
}

/* In place of the wishes that were granted, what came of them makes wish for.
 */
static void
wish_targets(struct wish_list *l, struct query_env *env)
{
	unsigned granted = l->count;

	l->count = 0;
	for (unsigned i = 0; i < granted; i++) {
		struct query_taken *t = l->of[i];
		const uint8_t *target = target_of(t, &l->wanted[i].value);

		if (target != NULL && !is_search(target))
			wish(l, env, t, 1, target);
	}
}

/* --- searches ------------------------------------------------------------- */

/* Those that are planned. */
struct plan_list {
	unsigned count;
	struct search_ahead *plans[STORE_MANY_MAX];
};

/* Whether the name is a search's, which is planned if it can be. */
static bool
plan(struct plan_list *l, struct query_env *env, struct query_taken *t)
{
	const uint8_t *name = t->msg.qname;
	struct query_search *s = &t->search;
	const struct zone_facts *facts;
	struct search_limits limits;
	uint32_t place;

	if (!is_search(name))
		return false;
	facts = facts_of(env, t, name, &place);
	if (facts == NULL ||
	    space_question_parse(&s->question, name, facts->apex, NULL) !=
		    SPACE_VALID)
		return true;
	limits = space_limits(env->served->conf);
	search_ahead_plan(&s->ahead, facts->record.id, &limits, &s->question);
	if (s->ahead.count == 0)
		return true;
	s->facts = facts;
	l->plans[l->count++] = &s->ahead;
	return true;
}

/* --- the whole ------------------------------------------------------------ */

void
query_foresee(struct query_env *env, struct query_taken *taken, unsigned n)
{
	struct wish_list l; /* large: nothing of it is cleared */
	struct plan_list p;

	if (n < 2 || env->unreadable)
		return;
	must(n <= STORE_MANY_MAX);
	for (unsigned i = 0; i < n; i++)
		if (taken[i].keyed)
			memo_foresee(env->memo, &taken[i].key);
	l.count = p.count = 0;
	for (unsigned i = 0; i < n; i++)
		if (is_foreseeable(&taken[i]) &&
		    !(taken[i].keyed &&
		      memo_expect(env->memo, &taken[i].key)) &&
		    !plan(&p, env, &taken[i]))
			wish(&l, env, &taken[i], 0, taken[i].msg.qname);
	search_ahead_start(env->view, p.plans, p.count);
	wishes_grant(&l, env);
	wish_targets(&l, env);
	wishes_grant(&l, env);
}
