#include "resolver/entry_internal.h"

#include <string.h>

#define SETS_MAX UINT8_MAX
#define PROOFS_MAX 8 /* NSEC or NSEC3 sets of a denial; three do */

/* What an RR may take beyond what it takes in the message: two names written
 * out, owner, and the head of a set. */
#define RR_GROWTH_MAX (3 * NAME_WIRE_MAX + 14)

/* The chain: name[0] is the question, each next one a CNAME's target. */
struct chain {
	uint16_t qtype;
	unsigned links;
	uint8_t name[ENTRY_CHAIN_MAX + 1][NAME_WIRE_MAX];
};

static const uint8_t *
chain_end(const struct chain *c)
{
	return c->name[c->links];
}

static bool
written_already(const struct build *b, uint16_t section, const uint8_t *owner,
		uint16_t type)
{
	struct entry e = build_so_far(b);
	struct entry_rrset r;

	return entry_find(&e, section, owner, type, &r);
}

/* The signatures of what was written of that owner, if they are wanted. */
static void
add_signatures(struct build *b, uint16_t section, const uint8_t *owner,
	       uint16_t covers)
{
	struct scan s = build_scan(section, owner, RR_RRSIG);

	s.covers = covers;
	if (b->policy->dnssec && !written_already(b, section, owner, RR_RRSIG))
		(void)build_set(b, s);
}

/* --- links ---------------------------------------------------------------- */

/* One link more; ERR_SYNTAX: a loop, or too long. */
static enum err
chain_follow(struct chain *c, const uint8_t *target)
{
	for (unsigned i = 0; i <= c->links; i++)
		if (name_equal(c->name[i], target))
			return ERR_SYNTAX;
	if (c->links == ENTRY_CHAIN_MAX)
		return ERR_SYNTAX;
	name_copy(c->name[++c->links], target);
	return ERR_OK;
}

/* A DNAME above name: its owner as a tail of name. NULL: none. */
static const uint8_t *
dname_above(struct build *b, const uint8_t *name)
{
	struct msg_rr rr;

	for (unsigned i = 0; i < b->count; i++) {
		size_t pos = b->records[i].at;

		if (b->records[i].type != RR_DNAME ||
		    b->records[i].section != MSG_AN)
			continue;
		if (!build_spend(b))
			return NULL;
		msg_rr_read(b->m, &pos, &rr);
		if (name_at_or_below(name, rr.owner) &&
		    !name_equal(name, rr.owner))
			return name_skip(name, name_labels(name) -
						       name_labels(rr.owner));
	}
	return NULL;
}

/* The DNAME's set, written or written before; false: not one RR. */
static bool
dname_write(struct build *b, const uint8_t *owner, struct entry_rrset *r)
{
	struct entry e;

	if (!written_already(b, MSG_AN, owner, RR_DNAME)) {
		(void)build_set(b, build_scan(MSG_AN, owner, RR_DNAME));
		add_signatures(b, MSG_AN, owner, RR_DNAME);
	}
	e = build_so_far(b);
	return entry_find(&e, MSG_AN, owner, RR_DNAME, r) && r->set.count == 1;
}

/* True if each CNAME that the message has at name leads to target. */
static bool
cnames_agree(struct build *b, const uint8_t *name, const uint8_t *target)
{
	struct scan s = build_scan(MSG_AN, name, RR_CNAME);
	uint8_t rdata[NAME_WIRE_MAX];
	struct msg_rr rr;
	size_t len;

	while (build_next(b, &s, &rr))
		if (!msg_rr_rdata(b->m, &rr, rdata, sizeof(rdata), &len) ||
		    !name_equal(rdata, target))
			return false;
	return true;
}

/* RFC 6672 section 2.2: the DNAME and the CNAME that it makes of name. The
 * message's own CNAME may be missing, or have TTL 0 (RFC 2672). */
static enum err
link_dname(struct build *b, struct chain *c, const uint8_t *owner)
{
	const uint8_t *name = chain_end(c), *to;
	uint8_t target[NAME_WIRE_MAX];
	struct entry_rrset r;
	uint16_t rdlen;
	size_t at = 0, len;

	if (!dname_write(b, owner, &r) || !rrset_next(&r.set, &at, &to, &rdlen))
		return ERR_SYNTAX;
	len = name_concat(target, name, (size_t)(owner - name), to);
	if (len == 0 || !cnames_agree(b, name, target))
		return ERR_SYNTAX;
	build_single(b, MSG_AN, name, RR_CNAME, r.set.ttl, target, len);
	return chain_follow(c, target);
}

static enum err
link_cname(struct build *b, struct chain *c)
{
	const uint8_t *name = chain_end(c);
	struct written w = build_set(b, build_scan(MSG_AN, name, RR_CNAME));

	if (w.count != 1)
		return ERR_SYNTAX;
	add_signatures(b, MSG_AN, name, RR_CNAME);
	return chain_follow(c, w.rdata);
}

/* --- the end of the chain ------------------------------------------------- */

/* Data that is there for a name, and what became of it. */
struct data {
	bool all;     /* every type is wanted, signatures as they come */
	bool found;   /* there was some in the message */
	bool kept;    /* and it is in the entry */
	bool removed; /* private addresses were taken out */
};

static void
data_write(struct build *b, const uint8_t *name, uint16_t type, struct data *d)
{
	struct written w = build_set(b, build_scan(MSG_AN, name, type));

	d->found = d->found || w.count > 0 || w.removed > 0;
	d->kept = d->kept || w.count > 0;
	d->removed = d->removed || w.removed > 0;
	if (w.removed > 0 && w.ttl < b->ttl)
		b->ttl = w.ttl;
	/* A set with something taken out is not what was signed. */
	if (w.count > 0 && w.removed == 0 && type != RR_RRSIG && !d->all)
		add_signatures(b, MSG_AN, name, type);
}

/* All sets of the name (RFC 8482 lets a server send what it likes). */
static void
data_write_all(struct build *b, const uint8_t *name, struct data *d)
{
	struct scan s = build_scan(MSG_AN, name, RR_ANY);
	struct msg_rr rr;

	while (b->sets <= SETS_MAX && !b->full && build_next(b, &s, &rr))
		if (!written_already(b, MSG_AN, name, rr.type))
			data_write(b, name, rr.type, d);
}

static bool
has(struct build *b, const uint8_t *name, uint16_t type)
{
	struct scan s = build_scan(MSG_AN, name, type);
	struct msg_rr rr;

	return build_next(b, &s, &rr);
}

/* What may stand beside a CNAME (RFC 4034 section 3, RFC 3007). */
static bool
beside_cname(uint16_t type)
{
	return type == RR_RRSIG || type == RR_NSEC || type == RR_SIG ||
	       type == RR_KEY;
}

/* Follows the chain and writes what it ends in. */
static enum err
answer_write(struct build *b, struct chain *c, struct data *d)
{
	for (;;) {
		const uint8_t *name = chain_end(c);
		const uint8_t *owner = dname_above(b, name);
		bool whole = c->qtype == RR_ANY || c->qtype == RR_CNAME;
		enum err e = ERR_OK;

		if (owner != NULL) {
			e = link_dname(b, c, owner);
			d->found = d->kept = whole;
		} else if (c->qtype == RR_ANY) {
			data_write_all(b, name, d);
		} else {
			data_write(b, name, c->qtype, d);
		}
		if (e != ERR_OK || whole)
			return e;
		if (d->found)
			return beside_cname(c->qtype) || !has(b, name, RR_CNAME)
				       ? ERR_OK
				       : ERR_SYNTAX;
		if (owner == NULL && !has(b, name, RR_CNAME))
			return ERR_OK;
		if (owner == NULL)
			e = link_cname(b, c);
		if (e != ERR_OK)
			return e;
	}
}

/* --- nothing there -------------------------------------------------------- */

enum soa {
	SOA_NONE,
	SOA_ABOVE, /* the name: it says how long there will be nothing */
	SOA_ELSEWHERE,
};

/* The SOA of the authority section; *owner as a tail of name. */
static enum soa
soa_find(struct build *b, const uint8_t *name, const uint8_t **owner)
{
	enum soa found = SOA_NONE;
	struct msg_rr rr;

	for (unsigned i = 0; i < b->count; i++) {
		size_t pos = b->records[i].at;

		if (b->records[i].type != RR_SOA ||
		    b->records[i].section != MSG_NS)
			continue;
		if (!build_spend(b))
			return SOA_NONE;
		msg_rr_read(b->m, &pos, &rr);
		found = SOA_ELSEWHERE;
		if (!name_at_or_below(name, rr.owner))
			continue;
		*owner = name_skip(name,
				   name_labels(name) - name_labels(rr.owner));
		return SOA_ABOVE;
	}
	return found;
}

/* NSEC and NSEC3 sets of the zone whose SOA it is, and all signatures. */
static void
proof_write(struct build *b, const uint8_t *apex, size_t start)
{
	struct entry_rrset r;
	struct msg_rr rr;
	struct entry e;
	unsigned proofs = 0;

	for (unsigned i = 0; i < b->count && proofs < PROOFS_MAX; i++) {
		const struct record *at = &b->records[i];
		size_t pos = at->at;

		if (at->section != MSG_NS ||
		    (at->type != RR_NSEC && at->type != RR_NSEC3))
			continue;
		if (!build_spend(b))
			return;
		msg_rr_read(b->m, &pos, &rr);
		if (!name_at_or_below(rr.owner, apex) ||
		    written_already(b, MSG_NS, rr.owner, rr.type))
			continue;
		(void)build_set(b, build_scan(MSG_NS, rr.owner, rr.type));
		proofs++;
	}
	e = build_so_far(b);
	while (entry_next(&e, &start, &r))
		add_signatures(b, MSG_NS, r.owner, COVERS_PROOF);
}

/* RFC 2308 section 5: the lesser of the SOA's TTL and its last number. */
static enum err
soa_write(struct build *b, const uint8_t *owner)
{
	size_t start = b->len;
	struct written w = build_set(b, build_scan(MSG_NS, owner, RR_SOA));
	uint32_t ttl;

	if (w.count != 1)
		return ERR_SYNTAX;
	ttl = build_cap_ttl(b, rr_soa_minimum(w.rdata, w.rdlen));
	if (w.ttl < ttl)
		ttl = w.ttl;
	if (b->policy->negative_max < ttl)
		ttl = b->policy->negative_max;
	build_set_ttl(b, &w, ttl);
	if (b->policy->dnssec)
		proof_write(b, owner, start);
	return ERR_OK;
}

/* The chain ends in nothing: for how long, or only as far as it goes. */
static enum err
nothing_write(struct build *b, const struct chain *c, unsigned rcode,
	      const struct data *d, uint8_t *flags)
{
	const uint8_t *owner = NULL;
	bool linked = c->links > 0 && rcode == MSG_NOERROR;
	enum soa soa;

	if (d->removed) {
		if (b->policy->negative_max < b->ttl)
			b->ttl = b->policy->negative_max;
		return ERR_OK;
	}
	soa = soa_find(b, chain_end(c), &owner);
	if (soa == SOA_ABOVE)
		return soa_write(b, owner);
	if (linked) /* an SOA of where the chain began says nothing here */
		*flags |= ENTRY_PARTIAL;
	else
		b->ttl = 0;
	return soa == SOA_ELSEWHERE && !linked ? ERR_SYNTAX : ERR_OK;
}

/* --- the whole ------------------------------------------------------------ */

static enum err
build_begin(struct build *b, const struct msg *m, struct arena *arena)
{
	size_t rrs = (size_t)m->count[MSG_AN] + m->count[MSG_NS];
	enum err e = build_index(b, m, arena);

	if (e != ERR_OK)
		return e;
	if (b->policy->riders != NULL)
		rrs = b->count;
	/* A CNAME of ours may stand beside each DNAME. */
	b->cap = ENTRY_HEAD_LEN + m->len + (rrs + 1) * 2 * RR_GROWTH_MAX;
	if (b->cap > ENTRY_MAX)
		b->cap = ENTRY_MAX;
	b->out = arena_alloc(arena, b->cap);
	b->len = ENTRY_HEAD_LEN;
	b->ttl = b->policy->ttl_max;
	return b->out == NULL ? ERR_NOMEM : ERR_OK;
}

/* What was held back while it was written. */
static enum err
build_trouble(const struct build *b)
{
	if (b->work == 0)
		return ERR_SYNTAX;
	if (b->full && b->slots == NULL)
		return ERR_NOMEM;
	return b->full || b->sets > SETS_MAX ? ERR_RANGE : ERR_OK;
}

static enum err
build_write(struct build *b, struct chain *c, struct entry *head)
{
	struct data d = {.all = c->qtype == RR_ANY};
	enum err e = answer_write(b, c, &d);

	if (e == ERR_OK && d.found && head->rcode == MSG_NXDOMAIN)
		e = ERR_SYNTAX;
	if (e == ERR_OK && !d.kept)
		e = nothing_write(b, c, head->rcode, &d, &head->flags);
	if (d.removed)
		head->flags |= ENTRY_REBOUND;
	if (build_trouble(b) != ERR_OK)
		return build_trouble(b);
	if (e == ERR_OK && d.kept && b->policy->riders != NULL)
		build_riders(b);
	return e;
}

enum err
entry_build(const struct msg *m, const uint8_t *qname, uint16_t qtype,
	    const struct entry_policy *policy, uint32_t now,
	    struct arena *arena, const uint8_t **octets, size_t *len)
{
	struct build b = {.policy = policy};
	struct entry head = {.made = now};
	unsigned rcode = msg_rcode(m);
	struct chain c;
	enum err e;

	if ((m->flags & MSG_TC) != 0 ||
	    (rcode != MSG_NOERROR && rcode != MSG_NXDOMAIN))
		return ERR_RULE;
	c.qtype = qtype;
	c.links = 0;
	name_copy(c.name[0], qname);
	head.rcode = (uint8_t)rcode;
	head.flags = m->flags & MSG_AD ? ENTRY_AD : 0;
	e = build_begin(&b, m, arena);
	if (e == ERR_OK)
		e = build_write(&b, &c, &head);
	if (e != ERR_OK)
		return e;
	head.count = (uint8_t)b.sets;
	head.ttl = b.ttl;
	entry_head(b.out, &head);
	*octets = b.out;
	*len = b.len;
	return ERR_OK;
}
