#include "server/space_internal.h"

#include "server/answer.h"
#include "server/recurse.h"

#include <string.h>

/* One question on its way through a query. */
struct asking {
	struct query *q;
	const uint8_t *name;
	uint16_t type;
	unsigned hops;
	struct view view;
	struct zone_facts *facts;
	struct space_question question;
	const struct search_ahead *ahead; /* or NULL */
};

/* --- may it be asked ------------------------------------------------------ */

/* Bits of enum export_space, one a kind in its order. */
static bool
is_exported(const struct zone_facts *f, enum space_kind kind, uint16_t type)
{
	uint8_t ptr = (uint8_t)(EXPORT_NEAR << kind);
	uint8_t bits = f->record.export_spaces;

	if (type == RR_TXT)
		return (bits & ptr << EXPORT_TXT) != 0;
	return (bits & ptr) != 0;
}

static bool
exists_outside(const struct asking *a)
{
	return !a->view.outside ||
	       is_exported(a->facts, a->question.kind, RR_PTR) ||
	       is_exported(a->facts, a->question.kind, RR_TXT);
}

/* SPACE_DONE: there is such a scope, and this zone is to be searched. */
static enum space_result
find_scope(const struct asking *a)
{
	struct query *q = a->q;
	const uint8_t *scope = a->question.scope;
	const uint8_t *hidden =
		a->view.hidden
			? q->env->served->conf->zones[a->view.passed].apex
			: NULL;
	struct lookup l;

	if (hidden != NULL && name_at_or_below(scope, hidden))
		lookup_without(&l, q->env->view, a->facts, scope, RR_LOC,
			       hidden);
	else
		lookup(&l, q->env->view, a->facts, scope, RR_LOC);
	switch (l.result) {
	case LOOKUP_ANSWER:
	case LOOKUP_NODATA:
		if (l.wildcard)
			return SPACE_NOWHERE;
		if (l.node.octets != NULL && (l.node.flags & NODE_HAS_DNAME))
			return SPACE_NOT;
		return SPACE_DONE;
	case LOOKUP_CNAME: /* there is nothing below an alias */
		return SPACE_NOWHERE;
	case LOOKUP_DNAME:
	case LOOKUP_REFERRAL:
		return SPACE_NOT;
	case LOOKUP_NXDOMAIN:
		/* of a zone below that the client may see it is a part */
		return view_below(q->env->served, a->question.scope, &q->client)
			       ? SPACE_DONE
			       : SPACE_NOWHERE;
	case LOOKUP_ERROR:
		break;
	}
	return SPACE_FAILED;
}

/* --- what is searched ----------------------------------------------------- */

/* Another zone, as the client may see it. */
static struct zone_facts *
open_zone(void *arg, int zone)
{
	const struct asking *a = arg;
	struct query *q = a->q;
	struct view v = view_of(q->env->served, zone, &q->client);
	struct zone_facts *f;

	if (v.zone < 0)
		return NULL;
	f = answer_facts(q, v);
	if (f != NULL && v.outside &&
	    !is_exported(f, a->question.kind, a->type))
		return NULL;
	return f;
}

/* --- the outcome ---------------------------------------------------------- */

/* What the CNAME leads to: whoever is to have it from here does not wait for a
 * child that is gone, but goes on with the CNAME alone. */
static enum space_result
look_ahead(const struct asking *a, const struct space_child *c,
	   const uint8_t *target)
{
	struct query *q = a->q;
	const struct recurse_child child = {
		.name = target,
		.type = a->type,
		.cut = &c->cut,
		.facts = c->facts,
	};
	struct recurse_gathered g;

	if (!space_may_gather(q, a->view))
		return SPACE_FOLLOW;
	switch (recurse_gather(q, &child, &g)) {
	case RECURSE_ASKED:
		q->ask_deadline = q->env->served->conf->space.gather_ms;
		return SPACE_LATER;
	case RECURSE_MISSED:
		return SPACE_DONE;
	case RECURSE_GATHERED:
	case RECURSE_NOBODY:
		break;
	}
	return SPACE_FOLLOW;
}

/* The same labels under that child, as a CNAME. */
static enum space_result
hand_over(const struct asking *a, struct space_search *s,
	  const struct space_child *c, const uint8_t **next)
{
	struct query *q = a->q;
	uint8_t name[NAME_WIRE_MAX], *made;
	size_t len = space_question_move(name, &a->question, a->name, c->apex);
	struct rrset set = {
		.type = RR_CNAME,
		.count = 1,
		.ttl = q->env->served->conf->space.ttl,
		.len = (uint16_t)(2 + len),
	};

	made = arena_alloc(&s->arena, 2 + len);
	if (len == 0 || made == NULL) {
		s->more = true;
		return SPACE_EMPTY;
	}
	put16(made, (uint16_t)len);
	memcpy(made + 2, name, len);
	set.rdatas = made;
	answer_add(q, MSG_AN, a->name, &set);
	q->personal = true; /* has the letters of the question */
	*next = made + 2;
	return q->overflow || a->type == RR_CNAME ? SPACE_DONE
						  : look_ahead(a, c, *next);
}

/* To whoever cannot be asked for it: where to go on. */
static unsigned
continuations(const struct asking *a, struct space_search *s,
	      const struct space_child *children, unsigned count,
	      const uint8_t **on)
{
	uint8_t name[NAME_WIRE_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t len = space_question_move(name, &a->question, a->name,
						 children[i].apex);

		on[n] = len > 0 ? arena_copy(&s->arena, name, len) : NULL;
		if (on[n] == NULL)
			s->more = true;
		else
			n++;
	}
	if (n > 0)
		a->q->personal = true; /* has the letters of the question */
	return n;
}

/* The hits, and what the children have to do with it. */
static enum space_result
conclude(const struct asking *a, struct space_search *s,
	 const struct space_child *children, unsigned count,
	 const uint8_t **next)
{
	const uint8_t *on[SPACE_CHILDREN_MAX];
	struct query *q = a->q;
	uint32_t ttl = q->env->served->conf->space.ttl;
	unsigned on_count = 0;

	if (count == 1 && children[0].whole && s->count == 0 && !s->more)
		return hand_over(a, s, &children[0], next);
	if (a->type == RR_CNAME)
		return SPACE_EMPTY;
	if (count > 0 && space_may_gather(q, a->view)) {
		if (a->hops == 0)
			q->flags &= (uint16_t)~MSG_AA;
		if (space_gather(q, s, a->name, children, count, on, &on_count,
				 &ttl) == SPACE_LATER)
			return SPACE_LATER;
	} else {
		on_count = continuations(a, s, children, count, on);
	}
	return space_answer(q, s, a->name, a->type, on, on_count, ttl);
}

static enum space_result
search(struct asking *a, const uint8_t **next)
{
	struct space_search s = {
		.view = a->q->env->view,
		.served = a->q->env->served,
		.q = &a->question,
		.zone = a->view.zone,
		.facts = a->facts,
		.open = open_zone,
		.arg = a,
		.scratch = a->q->env->scratch,
		.ahead = a->ahead,
	};
	struct space_child *children;
	unsigned count = 0;
	enum err e;

	if (s.scratch == NULL)
		return SPACE_FAILED;
	e = space_search(&s);
	if (e != ERR_OK)
		return SPACE_FAILED;
	children =
		arena_alloc(&s.arena, SPACE_CHILDREN_MAX * sizeof(*children));
	if (children == NULL)
		s.more = true;
	else
		e = space_children(&s, children, &count);
	return e == ERR_OK ? conclude(a, &s, children, count, next)
			   : SPACE_FAILED;
}

/* --- the step ------------------------------------------------------------- */

static enum space_result
impossible(const struct asking *a, const char *why)
{
	const char *kept = arena_copy(&a->q->arena, why, strlen(why) + 1);

	if (kept != NULL) {
		a->q->ede = MSG_EDE_OTHER;
		a->q->ede_text = kept;
		a->q->personal = true; /* it quotes the question's letters */
	}
	return SPACE_NOWHERE;
}

static enum space_result
ask(struct asking *a, enum space_outcome outcome, const char *why,
    const uint8_t **next)
{
	enum space_result r = find_scope(a);

	if (r != SPACE_DONE)
		return r;
	if (!exists_outside(a))
		return SPACE_NOWHERE;
	if (outcome == SPACE_IMPOSSIBLE)
		return impossible(a, why);
	if (outcome == SPACE_TAIL)
		return SPACE_BARE;
	if (a->type != RR_PTR && a->type != RR_TXT && a->type != RR_ANY &&
	    a->type != RR_CNAME)
		return SPACE_EMPTY;
	if (a->view.outside && a->type != RR_ANY && a->type != RR_CNAME &&
	    !is_exported(a->facts, a->question.kind, a->type))
		return SPACE_EMPTY;
	return search(a, next);
}

/* The question was read before, and is asked of the same zone. */
static bool
is_foreseen(const struct query *q, const uint8_t *name,
	    const struct zone_facts *facts)
{
	return q->taken != NULL && name == q->msg.qname &&
	       q->taken->search.facts == facts;
}

enum space_result
space_step(struct query *q, const uint8_t *name, uint16_t type, unsigned hops,
	   struct view view, struct zone_facts *facts, const uint8_t **next)
{
	struct asking a = {
		.q = q,
		.name = name,
		.type = type,
		.hops = hops,
		.view = view,
		.facts = facts,
	};
	char why[SPACE_WHY_MAX] = "";
	enum space_outcome outcome;

	if (is_foreseen(q, name, facts)) {
		a.question = q->taken->search.question;
		a.ahead = &q->taken->search.ahead;
		return ask(&a, SPACE_VALID, why, next);
	}
	outcome = space_question_parse(&a.question, name, facts->apex, why);
	return outcome == SPACE_NONE ? SPACE_NOT : ask(&a, outcome, why, next);
}
