#include "server/recurse.h"

#include "resolver/blocked.h"
#include "resolver/ladder.h"
#include "server/view.h"
#include "server/waiting.h"

#include <string.h>

/* One foreign step of a chain. */
struct step {
	struct query *q;
	const uint8_t *name;
	uint16_t type;
	unsigned hops;
	struct entry entry;
	uint32_t now; /* seconds since the epoch */
	bool stale;
	bool private_ok; /* the answer may hold private addresses */
	bool riders;	 /* and what rides along */
	struct resolve_question rq;
	const struct resolve_servers *servers; /* NULL: the uplink */
};

/* --- who may ---------------------------------------------------------------
 */

static bool
step_inside(const void *arg, uint32_t zone)
{
	const struct query *q = arg;

	return view_inside(q->env->served, (int)zone, &q->client);
}

bool
recurse_offered(const struct query *q)
{
	return q->env->recursion != NULL &&
	       view_inside_any(q->env->served, &q->client);
}

static uint32_t
flushes_now(const struct query_recursion *r)
{
	return r->store != NULL ? cache_generation(r->store) : 0;
}

/* A flush that came after an answer was taken from the cache, or brought, is
 * one that this answer has not heard of. */
static uint32_t
flushes_known(const struct query_recursion *r)
{
	if (r->waiting != NULL)
		return r->waiting->flushes;
	return r->cache_begun ? r->flushes : flushes_now(r);
}

static bool
generation_get(struct query_env *env, uint32_t flushes, uint64_t *generation)
{
	struct query_recursion *r = env->recursion;

	if (r == NULL || env->unreadable ||
	    reach_refresh(r->reach, env->view) != ERR_OK)
		return false;
	*generation = reach_version(r->reach) +
		      ((uint64_t)r->generation << 32) +
		      ((uint64_t)flushes << 48);
	return true;
}

bool
recurse_generation(struct query_env *env, uint64_t *generation)
{
	return env->recursion != NULL &&
	       generation_get(env, flushes_now(env->recursion), generation);
}

bool
recurse_generation_made(struct query_env *env, uint64_t *generation)
{
	return env->recursion != NULL &&
	       generation_get(env, flushes_known(env->recursion), generation);
}

/* --- answers out of an entry -----------------------------------------------
 */

/*
 * TTLs count from when the answer came. Never more than what is left of the
 * whole: a chain is no fresher than its oldest link.
 */
static uint32_t
step_ttl(const struct step *s, uint32_t ttl)
{
	uint32_t left = entry_fresh(&s->entry, s->now);
	uint32_t age = s->now > s->entry.made ? s->now - s->entry.made : 0;

	if (s->stale)
		return RECURSE_STALE_TTL;
	return ttl > age && ttl - age < left ? ttl - age : left;
}

/* A chain may pass the same alias twice, and a DNAME more often. */
static bool
step_holds(const struct query *q, enum msg_section section,
	   const struct entry_rrset *r)
{
	for (unsigned i = 0; i < q->count; i++)
		if (q->items[i].section == section &&
		    q->items[i].set.type == r->set.type &&
		    name_equal(q->items[i].owner, r->owner))
			return true;
	return false;
}

static void
step_add(struct step *s, enum msg_section section, const struct entry_rrset *r)
{
	struct query *q = s->q;
	struct query_item *item;

	if (step_holds(q, section, r))
		return;
	if (q->count == QUERY_ITEMS_MAX) {
		q->overflow = true;
		return;
	}
	item = &q->items[q->count++];
	*item = (struct query_item){
		.owner = r->owner,
		.set = r->set,
		.ttl = step_ttl(s, r->set.ttl),
		.section = (uint8_t)section,
		.foreign = true,
	};
}

/* The set with its signatures, which only come when they were asked for. */
static void
step_add_signed(struct step *s, enum msg_section section,
		const struct entry_rrset *r)
{
	struct entry_rrset sigs;

	step_add(s, section, r);
	if (s->q->msg.edns.dnssec_ok && r->set.type != RR_RRSIG &&
	    entry_find(&s->entry, section, r->owner, RR_RRSIG, &sigs))
		step_add(s, section, &sigs);
}

/* True if something was there. */
static bool
step_add_any(struct step *s, const uint8_t *name)
{
	struct entry_rrset r;
	bool some = false;
	size_t at = 0;

	while (entry_next(&s->entry, &at, &r)) {
		if (r.section != MSG_AN || !name_equal(r.owner, name))
			continue;
		step_add(s, MSG_AN, &r);
		some = true;
	}
	return some;
}

/* The end of the chain: data, or the word that there is none. */
static void
step_end(struct step *s, const uint8_t *name)
{
	struct entry_rrset r;
	size_t at = 0;

	s->q->rcode = s->entry.rcode;
	if (s->type == RR_ANY) {
		if (step_add_any(s, name))
			return;
	} else if (entry_find(&s->entry, MSG_AN, name, s->type, &r)) {
		step_add_signed(s, MSG_AN, &r);
		return;
	}
	while (entry_next(&s->entry, &at, &r))
		if (r.section == MSG_NS)
			step_add(s, MSG_NS, &r);
}

/* The DNAME that a CNAME was made from stands before it (RFC 6672). */
static void
step_dname(struct step *s, const uint8_t *name)
{
	struct entry_rrset r;
	size_t at = 0;

	while (entry_next(&s->entry, &at, &r))
		if (r.section == MSG_AN && r.set.type == RR_DNAME &&
		    !name_equal(name, r.owner) &&
		    name_at_or_below(name, r.owner))
			step_add_signed(s, MSG_AN, &r);
}

/* A name that a zone here answers for this client is not the world's to tell.
 */
static bool
step_is_home(const struct step *s, const uint8_t *name)
{
	return view_holds(s->q->env->served, name, &s->q->client);
}

/* How long the answer may be given again without a look at the cache: until it
 * is time to renew it. */
static void
step_keep(struct step *s)
{
	uint32_t left = s->stale ? 0 : entry_fresh(&s->entry, s->now);

	left = left > s->entry.ttl / 10 ? left - s->entry.ttl / 10 : 0;
	if (left < s->q->fresh)
		s->q->fresh = left;
}

/* A child's server tells nothing of names that are not its own: where its
 * chain leaves it, the ladder begins anew. */
static enum recurse_result
step_arrive(struct step *s, const uint8_t *name, const uint8_t **next)
{
	if ((s->entry.flags & ENTRY_PARTIAL) && name != s->name) {
		*next = name;
		return RECURSE_FOLLOW;
	}
	step_end(s, name);
	return RECURSE_DONE;
}

/*
 * Who asks for a name of the world and is led to a name in here would take our
 * addresses for the world's: the same rebinding as if they stood in the answer,
 * with the same exceptions.
 */
static enum recurse_result
step_come_home(struct step *s, const uint8_t *name, const uint8_t **next)
{
	if (s->hops == 0 && !s->rq.private_ok) {
		s->q->ede = MSG_EDE_BLOCKED;
		s->q->ede_text = "an alias from abroad leads inside";
		s->q->personal = true;
		return RECURSE_DONE;
	}
	*next = name;
	return RECURSE_FOLLOW;
}

static enum recurse_result
step_use(struct step *s, const uint8_t **next)
{
	const uint8_t *name = s->name;
	struct entry_rrset r;

	s->q->foreign = true;
	step_keep(s);
	if (s->hops == 0)
		s->q->flags &= (uint16_t)~MSG_AA;
	/* No more steps than there are sets, should it bite its tail. */
	for (unsigned i = 0; i <= s->entry.count; i++) {
		const uint8_t *target;
		uint16_t rdlen;
		size_t at = 0;

		if (s->type == RR_CNAME || s->type == RR_ANY ||
		    !entry_find(&s->entry, MSG_AN, name, RR_CNAME, &r) ||
		    !rrset_next(&r.set, &at, &target, &rdlen))
			return step_arrive(s, name, next);
		step_dname(s, name);
		step_add_signed(s, MSG_AN, &r);
		name = target;
		if (step_is_home(s, name))
			return step_come_home(s, name, next);
	}
	return RECURSE_DONE; /* as far as it goes */
}

static void
step_fail(struct query *q, int ede, const char *text)
{
	q->rcode = MSG_SERVFAIL;
	q->ede = ede;
	q->ede_text = text != NULL && text[0] != '\0' ? text : NULL;
}

/* --- where answers come from -----------------------------------------------
 */

static uint8_t
step_variant(const struct step *s)
{
	const struct msg *m = &s->q->msg;

	return (uint8_t)((m->edns.dnssec_ok ? CACHE_DO : 0) |
			 (m->flags & MSG_CD ? CACHE_CD : 0) |
			 (s->riders ? CACHE_SPACE : 0));
}

/* Fresh or not; an answer of the cache needs its snapshot for this batch. */
static bool
step_cached(struct step *s)
{
	struct query_recursion *r = s->q->env->recursion;

	if (r->cache == NULL)
		return false;
	if (!r->cache_begun) {
		r->flushes = flushes_now(r); /* before the snapshot */
		r->cache_begun = cache_view_begin(r->cache);
	}
	return r->cache_begun &&
	       cache_get(r->cache, s->name, s->type,
			 resolve_cache_variant(step_variant(s), s->private_ok,
					       s->servers != NULL),
			 &s->entry);
}

static bool
step_is_stale_usable(const struct step *s)
{
	const struct conf_uplink *u = &s->q->env->served->conf->uplink;
	uint64_t dies = (uint64_t)s->entry.made + s->entry.ttl + u->stale_max;

	return s->now < dies;
}

static enum recurse_result
step_use_stale(struct step *s, const uint8_t **next)
{
	s->stale = true;
	s->q->ede = s->entry.rcode == MSG_NXDOMAIN ? MSG_EDE_STALE_NXDOMAIN
						   : MSG_EDE_STALE;
	stat_count(s->q->env->stats, STAT_STALE);
	return step_use(s, next);
}

static void
step_ask(struct step *s)
{
	s->rq = (struct resolve_question){
		.qname = s->name,
		.qtype = s->type,
		.variant = step_variant(s),
		.private_ok = s->private_ok,
		.servers = s->servers,
	};
}

/* What the resolver brought when this question was served the last time. */
static enum recurse_result
step_given(struct step *s, const struct waiting_given *g, const uint8_t **next)
{
	if (!g->failed) {
		s->entry = g->entry;
		return step_use(s, next);
	}
	if (step_cached(s)) {
		/* another worker was luckier */
		if (entry_fresh(&s->entry, s->now) > 0)
			return step_use(s, next);
		if (step_is_stale_usable(s))
			return step_use_stale(s, next);
	}
	step_fail(s->q, g->ede, g->text);
	return RECURSE_DONE;
}

/* A tenth of its time left: somebody asks for it, so it is renewed. */
static void
step_prefetch(struct step *s)
{
	struct query_recursion *r = s->q->env->recursion;
	uint32_t left = entry_fresh(&s->entry, s->now);

	if (s->entry.ttl >= 10 && left <= s->entry.ttl / 10)
		r->prefetch(r->arg, &s->rq);
}

/* The uplink is gone, and children are none of it. */
static bool
step_is_cut_off(const struct step *s)
{
	const struct query_recursion *r = s->q->env->recursion;

	return s->servers == NULL && r->is_down(r->arg);
}

static enum recurse_result
step_resolve(struct step *s, const uint8_t **next)
{
	struct query_recursion *r = s->q->env->recursion;
	const struct waiting_given *g = NULL;
	bool cached;

	step_ask(s);
	if (r->waiting != NULL)
		g = waiting_find(r->waiting, s->name, s->type);
	if (g != NULL)
		return step_given(s, g, next);
	cached = step_cached(s);
	if (cached && entry_fresh(&s->entry, s->now) > 0) {
		step_prefetch(s);
		return step_use(s, next);
	}
	if (cached && step_is_cut_off(s) && step_is_stale_usable(s)) {
		r->prefetch(r->arg, &s->rq);
		return step_use_stale(s, next);
	}
	s->q->asks[0] = s->rq;
	s->q->ask_count = 1;
	return RECURSE_LATER;
}

/* --- many at once ----------------------------------------------------------
 */

static void servers_of_cut(struct resolve_servers *to, const struct query *q,
			   const struct lookup *cut,
			   const struct zone_facts *facts);

/* What came, or is cached. */
static enum recurse_gather
gather_found(struct step *s, struct recurse_gathered *g)
{
	uint32_t left = entry_fresh(&s->entry, s->now);

	s->q->foreign = true;
	step_keep(s);
	g->entry = s->entry;
	g->ttl = left;
	return RECURSE_GATHERED;
}

enum recurse_gather
recurse_gather(struct query *q, const struct recurse_child *child,
	       struct recurse_gathered *g)
{
	struct query_recursion *r = q->env->recursion;
	struct step s = {
		.q = q,
		.name = child->name,
		.type = child->type,
		.private_ok = true,
		.riders = child->riders,
		.servers = &q->ask_servers[q->ask_count],
	};
	const struct waiting_given *given = NULL;

	s.now = (uint32_t)q->env->now();
	if (r->waiting != NULL)
		given = waiting_find(r->waiting, s.name, s.type);
	if (given != NULL) {
		s.entry = given->entry;
		return given->failed ? RECURSE_MISSED : gather_found(&s, g);
	}
	if (step_cached(&s) && entry_fresh(&s.entry, s.now) > 0)
		return gather_found(&s, g);
	if (q->hurried || (r->waiting != NULL && r->waiting->hurried) ||
	    q->ask_count == QUERY_ASKS_MAX)
		return RECURSE_MISSED;
	servers_of_cut(&q->ask_servers[q->ask_count], q, child->cut,
		       child->facts);
	if (s.servers->count == 0)
		return RECURSE_NOBODY;
	step_ask(&s);
	q->asks[q->ask_count++] = s.rq;
	return RECURSE_ASKED;
}

/* --- rungs ------------------------------------------------------------------
 */

static void
servers_add(struct resolve_servers *to, uint16_t type, const struct rrset *set)
{
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	while (to->count < RESOLVE_SERVERS_MAX &&
	       rrset_next(set, &at, &rdata, &rdlen)) {
		struct net_addr *a = &to->addr[to->count++];

		memset(a, 0, sizeof(*a));
		if (type == RR_A) {
			a->in.sin_family = AF_INET;
			a->in.sin_port = htons(53);
			memcpy(&a->in.sin_addr, rdata, 4);
			a->len = sizeof(a->in);
		} else {
			a->in6.sin6_family = AF_INET6;
			a->in6.sin6_port = htons(53);
			memcpy(&a->in6.sin6_addr, rdata, 16);
			a->len = sizeof(a->in6);
		}
	}
}

/* The addresses of a cut's servers that we hold ourselves. */
static void
servers_of_cut(struct resolve_servers *to, const struct query *q,
	       const struct lookup *cut, const struct zone_facts *facts)
{
	static const uint16_t types[] = {RR_AAAA, RR_A};
	const uint8_t *host;
	uint16_t rdlen;
	struct rrset set;
	size_t at = 0;

	must(cut != NULL);
	to->count = 0;
	to->zone = cut->owner;
	while (rrset_next(&cut->set, &at, &host, &rdlen))
		for (unsigned i = 0; i < ARRAY_LEN(types); i++)
			if (name_at_or_below(host, facts->apex) &&
			    lookup_glue(q->env->view, facts, host, types[i],
					&set))
				servers_add(to, types[i], &set);
}

static enum recurse_result
step_child(struct step *s, const struct lookup *cut,
	   const struct zone_facts *facts, const uint8_t **next)
{
	servers_of_cut(&s->q->ask_servers[0], s->q, cut, facts);
	s->servers = &s->q->ask_servers[0];
	if (s->servers->count == 0)
		return RECURSE_CLOSED; /* nobody to ask: the referral itself */
	s->private_ok = true;
	return step_resolve(s, next);
}

static void
special_soa_add(struct query *q, const struct special *sp,
		enum msg_section section)
{
	size_t len;
	const uint8_t *soa = special_soa(&len);
	uint8_t *made = arena_alloc(&q->arena, 2 + len);

	if (made == NULL || q->count == QUERY_ITEMS_MAX) {
		q->overflow = true;
		return;
	}
	put16(made, (uint16_t)len);
	memcpy(made + 2, soa, len);
	q->items[q->count++] = (struct query_item){
		.owner = sp->apex,
		.set = {.type = RR_SOA,
			.count = 1,
			.rdatas = made,
			.len = (uint16_t)(2 + len)},
		.ttl = SPECIAL_TTL,
		.section = (uint8_t)section,
	};
}

/* All that an empty zone has (RFC 6303 section 3): SOA and NS of its apex. */
static bool
special_apex(struct query *q, const struct special *sp, uint16_t type)
{
	static const uint8_t ns[] = "\0\13\11localhost";

	if (type == RR_SOA || type == RR_ANY)
		special_soa_add(q, sp, MSG_AN);
	if ((type == RR_NS || type == RR_ANY) && q->count < QUERY_ITEMS_MAX)
		q->items[q->count++] = (struct query_item){
			.owner = sp->apex,
			.set = {.type = RR_NS,
				.count = 1,
				.rdatas = ns,
				.len = sizeof(ns)},
			.ttl = SPECIAL_TTL,
			.section = MSG_AN,
		};
	return type == RR_SOA || type == RR_NS || type == RR_ANY;
}

/* RFC 6761 section 6.3: the loopback addresses, for any name in localhost. */
static bool
special_localhost(struct query *q, const uint8_t *name, uint16_t type)
{
	static const uint8_t v4[] = {0, 4, 127, 0, 0, 1};
	static const uint8_t v6[] = {0, 16, 0, 0, 0, 0, 0, 0, 0,
				     0, 0,  0, 0, 0, 0, 0, 0, 1};

	if (type != RR_A && type != RR_AAAA)
		return false;
	q->items[q->count++] = (struct query_item){
		.owner = name,
		.set = {.type = type,
			.count = 1,
			.rdatas = type == RR_A ? v4 : v6,
			.len = type == RR_A ? sizeof(v4) : sizeof(v6)},
		.ttl = SPECIAL_TTL,
		.section = MSG_AN,
	};
	return true;
}

static enum recurse_result
step_special(struct step *s, const struct special *sp)
{
	struct query *q = s->q;

	q->foreign = true; /* reach may beat it */
	if (s->hops == 0)
		q->flags &= (uint16_t)~MSG_AA;
	if (q->count == QUERY_ITEMS_MAX) {
		q->overflow = true;
		return RECURSE_DONE;
	}
	if (sp->answer == SPECIAL_LOCALHOST &&
	    special_localhost(q, s->name, s->type))
		return RECURSE_DONE;
	if (sp->answer == SPECIAL_EMPTY && name_equal(s->name, sp->apex)) {
		if (special_apex(q, sp, s->type))
			return RECURSE_DONE;
	} else if (sp->answer != SPECIAL_LOCALHOST) {
		q->rcode = MSG_NXDOMAIN;
	}
	special_soa_add(q, sp, MSG_NS);
	return RECURSE_DONE;
}

/* A chain that leads out of reach is answered as far as it goes. */
static enum recurse_result
step_blocked(struct step *s)
{
	struct query *q = s->q;
	struct query_env *env = q->env;

	stat_count(env->stats, STAT_BLOCKED);
	blocked_note(env->recursion->blocked, env->now(), s->name, s->type,
		     &q->peer->from);
	q->foreign = true;
	q->fresh = 0; /* each try counts */
	q->ede = MSG_EDE_BLOCKED;
	q->ede_text = "not in reach";
	if (s->hops == 0) {
		q->rcode = MSG_REFUSED;
		q->flags &= (uint16_t)~MSG_AA;
	}
	return RECURSE_DONE;
}

bool
recurse_private_ok(const struct conf *conf, const uint8_t *name)
{
	const struct conf_names *n = &conf->uplink.private;

	for (size_t i = 0; i < n->count; i++)
		if (name_at_or_below(name, n->names[i]))
			return true;
	return false;
}

static enum recurse_result
step_reach(struct step *s, const uint8_t **next)
{
	struct query *q = s->q;
	const struct conf *conf = q->env->served->conf;

	if (conf->uplink.forward_count == 0) {
		step_fail(q, MSG_EDE_NO_REACHABLE, "there is no uplink");
		if (s->hops == 0)
			q->flags &= (uint16_t)~MSG_AA;
		return RECURSE_DONE;
	}
	s->private_ok = recurse_private_ok(conf, s->name);
	return step_resolve(s, next);
}

enum recurse_result
recurse_step(struct query *q, const uint8_t *name, uint16_t type, unsigned hops,
	     const struct lookup *cut, const struct zone_facts *facts,
	     const uint8_t **next)
{
	struct query_env *env = q->env;
	struct step s = {.q = q, .name = name, .type = type, .hops = hops};
	const struct ladder_client client = {
		.recursive = (q->msg.flags & MSG_RD) != 0,
		.inside_any = recurse_offered(q),
		.inside = step_inside,
		.arg = q,
	};
	struct ladder l;

	if (!client.recursive || !client.inside_any)
		return RECURSE_CLOSED;
	if (env->unreadable ||
	    reach_refresh(env->recursion->reach, env->view) != ERR_OK) {
		step_fail(q, MSG_EDE_NOT_READY, NULL);
		return RECURSE_DONE;
	}
	s.now = (uint32_t)env->now();
	ladder_climb(&l, &client, env->recursion->reach, name, cut != NULL);
	switch (l.step) {
	case LADDER_CHILD:
		return step_child(&s, cut, facts, next);
	case LADDER_SPECIAL:
		return step_special(&s, &l.special);
	case LADDER_REACH:
		return step_reach(&s, next);
	case LADDER_BLOCKED:
		return step_blocked(&s);
	case LADDER_CLOSED:
		break;
	}
	return RECURSE_CLOSED;
}
