#include "resolver/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLUE_MAX RESOLVE_SERVERS_MAX
#define NS_MAX 8 /* of a referral that are looked at */

/* --- is it ours? ---------------------------------------------------------- */

enum match {
	MATCH_NOT,
	MATCH_FOLDED, /* but for the letters */
	MATCH_BARE,   /* an error without a question */
	MATCH_YES,
};

static bool
octets_equal_folded(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name_lower_octet(a[i]) != name_lower_octet(b[i]))
			return false;
	return true;
}

/* Old servers send nothing but a header when they do not know EDNS. */
static bool
is_bare(const uint8_t *octets, size_t len)
{
	unsigned rcode = octets[3] & 15;

	return len == WIRE_HEADER_LEN && get16(octets + 4) == 0 &&
	       (rcode == MSG_FORMERR || rcode == MSG_NOTIMP);
}

/* ID, QR, opcode and the question, octet by octet: nothing else is looked at
 * before these are right. */
static enum match
reply_match(const struct attempt *a, const uint8_t *octets, size_t len)
{
	const struct fetch *f = a->fetch;
	uint8_t name[NAME_WIRE_MAX];
	const uint8_t *question = octets + WIRE_HEADER_LEN;
	size_t name_octets;

	if (len < WIRE_HEADER_LEN || get16(octets) != a->id ||
	    (octets[2] & 0xf8) != MSG_QR >> 8)
		return MATCH_NOT;
	if (is_bare(octets, len))
		return MATCH_BARE;
	name_octets = attempt_name(a, name);
	if (get16(octets + 4) != 1 || len < WIRE_HEADER_LEN + name_octets + 4 ||
	    get16(question + name_octets) != f->ask_type ||
	    get16(question + name_octets + 2) != RR_IN ||
	    !octets_equal_folded(question, name, name_octets))
		return MATCH_NOT;
	if (!a->stream && memcmp(question, name, name_octets) != 0)
		return MATCH_FOLDED;
	return MATCH_YES;
}

/* The message with the name as we know it, so that what points there has it,
 * too. */
static const uint8_t *
letters_restore(struct fetch *f, const uint8_t *octets, size_t len)
{
	uint8_t *copy = f->r->message;

	memcpy(copy, octets, len);
	name_copy(copy + WIRE_HEADER_LEN, f->ask);
	return copy;
}

/* --- referrals ------------------------------------------------------------ */

/* What a referral says. */
struct referral {
	uint8_t cut[NAME_WIRE_MAX];
	unsigned ns_count, glue_count;
	uint8_t ns[NS_MAX][NAME_WIRE_MAX];
	struct net_addr glue[GLUE_MAX];
};

static bool
referral_ns_add(struct referral *ref, const struct msg *m,
		const struct msg_rr *rr)
{
	size_t len;

	if (ref->ns_count == 0)
		name_lower(ref->cut, rr->owner);
	else if (!name_equal(ref->cut, rr->owner))
		return true; /* one cut is followed: the first */
	if (ref->ns_count == NS_MAX)
		return true;
	if (!msg_rr_rdata(m, rr, ref->ns[ref->ns_count], NAME_WIRE_MAX, &len))
		return false;
	ref->ns_count++;
	return true;
}

/* NOERROR, nothing in it but the servers of a zone below: how those say it that
 * know the zone's parent (RFC 1034 section 4.3.2 3b). */
static bool
referral_read(struct referral *ref, const struct msg *m)
{
	size_t pos = m->section[MSG_NS];
	struct msg_rr rr;

	ref->ns_count = ref->glue_count = 0;
	if (m->count[MSG_AN] > 0 || (m->flags & (MSG_AA | 15)) != 0)
		return false;
	for (unsigned i = 0; i < m->count[MSG_NS]; i++) {
		msg_rr_read(m, &pos, &rr);
		if (rr.type == RR_SOA)
			return false;
		if (rr.type == RR_NS && rr.class == RR_IN &&
		    !referral_ns_add(ref, m, &rr))
			return false;
	}
	return ref->ns_count > 0;
}

static bool
referral_names(const struct referral *ref, const uint8_t *owner)
{
	for (unsigned i = 0; i < ref->ns_count; i++)
		if (name_equal(ref->ns[i], owner))
			return true;
	return false;
}

/* rdata of an A or AAAA as an address to ask. Nobody may send us inside, but
 * who may speak of the inside. */
static bool
address_take(struct net_addr *to, uint16_t type, const uint8_t *rdata,
	     size_t len, bool private_ok)
{
	memset(to, 0, sizeof(*to));
	if (!private_ok && entry_address_private(type, rdata, len))
		return false;
	if (type == RR_A && len == 4) {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(53);
		memcpy(&to->in.sin_addr, rdata, 4);
		to->len = sizeof(to->in);
		return true;
	}
	if (type != RR_AAAA || len != 16)
		return false;
	to->in6.sin6_family = AF_INET6;
	to->in6.sin6_port = htons(53);
	memcpy(&to->in6.sin6_addr, rdata, 16);
	to->len = sizeof(to->in6);
	return true;
}

/* Addresses of servers inside of the zone that is referred to; of others,
 * whoever refers knows nothing. */
static void
referral_glue(struct referral *ref, const struct msg *m, bool private_ok)
{
	size_t pos = m->section[MSG_AR], len;
	struct msg_rr rr;
	uint8_t rdata[16];

	for (unsigned i = 0; i < m->count[MSG_AR]; i++) {
		msg_rr_read(m, &pos, &rr);
		if ((rr.type != RR_A && rr.type != RR_AAAA) ||
		    rr.class != RR_IN || ref->glue_count == GLUE_MAX ||
		    !name_at_or_below(rr.owner, ref->cut) ||
		    !referral_names(ref, rr.owner) ||
		    !msg_rr_rdata(m, &rr, rdata, sizeof(rdata), &len))
			continue;
		if (address_take(&ref->glue[ref->glue_count], rr.type, rdata,
				 len, private_ok))
			ref->glue_count++;
	}
}

static void
names_ask(struct fetch *f, uint16_t type)
{
	struct fetch_names *n = f->names;

	fetch_hop(f, upstream_set_hold(f->home), name_root, n->name[n->at],
		  type);
}

bool
fetch_names_next(struct fetch *f)
{
	struct fetch_names *n = f->names;

	if (f->ask_type == RR_A) {
		names_ask(f, RR_AAAA);
		return true;
	}
	if (++n->at < n->count) {
		names_ask(f, RR_A);
		return true;
	}
	free(n);
	f->names = NULL;
	return false;
}

/* Those without glue, to be asked for one after the other. */
static bool
names_begin(struct fetch *f, const struct referral *ref)
{
	struct fetch_names *n;

	if (f->to_servers)
		return false; /* what belongs to a child is not the uplink's */
	n = malloc(sizeof(*n));
	if (n == NULL)
		return false;
	n->count = n->at = 0;
	name_copy(n->zone, ref->cut);
	for (unsigned i = 0; i < ref->ns_count && n->count < FETCH_NAMES; i++)
		if (!name_at_or_below(ref->ns[i], ref->cut))
			name_lower(n->name[n->count++], ref->ns[i]);
	if (n->count == 0) {
		free(n);
		return false;
	}
	f->names = n;
	names_ask(f, RR_A);
	return true;
}

/* Whom f was to ask at first: the question's name, or the end of its chain. */
static void
target_copy(const struct fetch *f, uint8_t *dst)
{
	const uint8_t *end = f->key;
	struct entry e;

	if (f->chain != NULL) {
		entry_view(&e, f->chain, f->chain_len);
		end = entry_chain_end(&e, f->key, f->qtype);
	}
	name_lower(dst, end);
}

static void
servers_ask(struct fetch *f, const uint8_t *zone, const struct net_addr *addr,
	    unsigned count)
{
	struct upstream_set *set = uplink_peers(&f->r->uplink, addr, count);
	uint8_t target[NAME_WIRE_MAX];

	if (set == NULL) {
		fetch_fail(f, MSG_EDE_OTHER, "out of memory");
		return;
	}
	target_copy(f, target);
	fetch_hop(f, set, zone, target, f->qtype);
}

/*
 * A referral is followed downward only, and not by those who were to be asked
 * over TLS: its servers are asked in clear. A server that offers recursion and
 * refers all the same does not do what it was asked for.
 */
static bool
referral_allowed(const struct fetch *f, const struct msg *m, unsigned i,
		 const struct referral *ref)
{
	return f->names == NULL && f->referrals < RESOLVE_REFERRALS_MAX &&
	       f->set->list[i]->tls_name == NULL &&
	       !(f->recursive && (m->flags & MSG_RA) != 0) &&
	       name_at_or_below(f->ask, ref->cut) &&
	       name_at_or_below(ref->cut, f->ask_zone) &&
	       !name_equal(ref->cut, f->ask_zone);
}

static void
referral_follow(struct fetch *f, const struct msg *m, unsigned i,
		struct referral *ref)
{
	if (!referral_allowed(f, m, i, ref)) {
		fetch_refuse(f, i, "refers to others");
		fetch_next(f);
		return;
	}
	f->referrals++;
	referral_glue(ref, m, f->private_ok);
	if (ref->glue_count > 0) {
		servers_ask(f, ref->cut, ref->glue, ref->glue_count);
	} else if (!names_begin(f, ref)) {
		fetch_refuse(f, i, "refers to servers without an address");
		fetch_next(f);
	}
}

/* The address of a referral's server came, or the word that it has none. */
static void
names_answer(struct fetch *f, const uint8_t *octets, size_t len)
{
	struct net_addr addr[GLUE_MAX];
	uint8_t zone[NAME_WIRE_MAX];
	struct entry_rrset rs;
	unsigned count = 0;
	const uint8_t *rdata;
	uint16_t rdlen;
	struct entry e;
	size_t at = 0;

	entry_view(&e, octets, len);
	if (entry_find(&e, MSG_AN, entry_chain_end(&e, f->ask, f->ask_type),
		       f->ask_type, &rs))
		while (count < GLUE_MAX &&
		       rrset_next(&rs.set, &at, &rdata, &rdlen))
			if (address_take(&addr[count], f->ask_type, rdata,
					 rdlen, f->private_ok))
				count++;
	if (count == 0) {
		if (!fetch_names_next(f))
			fetch_fail(f, MSG_EDE_NO_REACHABLE,
				   "the zone's servers have no address");
		return;
	}
	name_copy(zone, f->names->zone);
	free(f->names);
	f->names = NULL;
	servers_ask(f, zone, addr, count);
}

/* --- answers -------------------------------------------------------------- */

/* True for what its servers may not speak of: names outside of the zone, and
 * that there is nothing at one. */
static bool
set_is_foreign(const struct entry_rrset *r, const uint8_t *zone, bool end_in)
{
	if (r->section == MSG_AN)
		return !name_at_or_below(r->owner, zone);
	return !end_in;
}

/* Of a chain that leaves the zone of those who were asked, the rest is somebody
 * else's to tell: it is cut off, in place. False: not even the beginning is
 * theirs. */
static bool
entry_cut(struct fetch *f, uint8_t *octets, size_t *len)
{
	const uint8_t *zone = f->ask_zone, *end;
	size_t at = 0, before = ENTRY_HEAD_LEN;
	struct entry_rrset r;
	struct entry e;
	uint8_t kept = 0;
	bool end_in;

	entry_view(&e, octets, *len);
	end = entry_chain_end(&e, f->ask, f->ask_type);
	end_in = name_at_or_below(end, zone);
	for (; entry_next(&e, &at, &r); before = at, kept++)
		if (set_is_foreign(&r, zone, end_in))
			break;
	if (kept == e.count && end_in)
		return true;
	if (kept == 0)
		return false;
	e.count = kept;
	e.rcode = MSG_NOERROR;
	e.flags |= ENTRY_PARTIAL;
	entry_head(octets, &e);
	*len = before;
	return true;
}

/* DNSSEC validation has its place here: what it finds bogus is refused. */
static bool
entry_is_true(const struct fetch *f, const struct entry *e)
{
	(void)f;
	(void)e;
	return true;
}

static void
entry_keep(struct fetch *f, const uint8_t *qname, const uint8_t *octets,
	   size_t len)
{
	struct entry e;

	entry_view(&e, octets, len);
	if (f->r->cache != NULL && e.ttl > 0)
		cache_put(f->r->cache, qname, f->qtype,
			  resolve_cache_variant(f->variant, f->private_ok,
						f->to_servers),
			  octets, len);
}

/* Where the chain goes on. A chain that leaves a child's zone ends here:
 * whether its target may be asked for is for others to decide. */
static bool
chain_go_on(struct fetch *f, const uint8_t *octets, size_t len)
{
	uint8_t target[NAME_WIRE_MAX];
	uint8_t *copy;
	struct entry e;

	entry_view(&e, octets, len);
	name_lower(target, entry_chain_end(&e, f->key, f->qtype));
	if (f->to_servers && !name_at_or_below(target, f->zone))
		return false;
	if (++f->chases > RESOLVE_CHAIN_MAX) {
		fetch_fail(f, MSG_EDE_INVALID_DATA, "too long a chain");
		return true;
	}
	copy = malloc(len);
	if (copy == NULL) {
		fetch_fail(f, MSG_EDE_OTHER, "out of memory");
		return true;
	}
	memcpy(copy, octets, len);
	free(f->chain);
	f->chain = copy;
	f->chain_len = len;
	fetch_hop(f, upstream_set_hold(f->home), f->zone, target, f->qtype);
	return true;
}

static void
fetch_answer(struct fetch *f, const uint8_t *octets, size_t len)
{
	struct entry e, before;

	if (f->chain != NULL) {
		entry_view(&e, octets, len);
		entry_view(&before, f->chain, f->chain_len);
		if ((e.flags & ENTRY_PARTIAL) == 0)
			entry_keep(f, f->ask, octets, len);
		if (entry_join(&before, &e, &f->r->scratch, &octets, &len) !=
		    ERR_OK) {
			fetch_fail(f, MSG_EDE_INVALID_DATA,
				   "a chain that makes no sense");
			return;
		}
	}
	entry_view(&e, octets, len);
	if ((e.flags & ENTRY_PARTIAL) != 0 && chain_go_on(f, octets, len))
		return;
	entry_keep(f, f->key, octets, len);
	fetch_land(f, octets, len);
}

/* Additional data is kept only of who may speak for a zone, asked for that. */
static bool
wants_riders(const struct fetch *f)
{
	return (f->variant & CACHE_SPACE) != 0 && f->to_servers &&
	       !f->recursive && f->names == NULL;
}

static void
reply_answer(struct fetch *f, const struct msg *m, unsigned i)
{
	const struct conf_uplink *c = &f->r->conf->uplink;
	const struct resolver_io *io = f->r->io;
	const struct entry_policy policy = {
		.ttl_min = c->ttl_min,
		.ttl_max = c->ttl_max,
		.negative_max = c->negative_max,
		.private_ok = f->private_ok,
		.dnssec = (f->variant & CACHE_DO) != 0,
		.riders = wants_riders(f) ? f->ask_zone : NULL,
	};
	const uint8_t *octets;
	struct entry e;
	size_t len;
	enum err err;

	err = entry_build(m, f->ask, f->ask_type, &policy, io->now(io->ctx),
			  &f->r->scratch, &octets, &len);
	if (err == ERR_SYNTAX || err == ERR_RULE) {
		fetch_refuse(f, i, "an answer that makes no sense");
		fetch_next(f);
		return;
	}
	if (err != ERR_OK) {
		fetch_fail(f, MSG_EDE_OTHER, "too large an answer");
		return;
	}
	if (!f->recursive && !entry_cut(f, (uint8_t *)octets, &len)) {
		fetch_refuse(f, i, "an answer from outside of its zone");
		fetch_next(f);
		return;
	}
	entry_view(&e, octets, len);
	if (!entry_is_true(f, &e)) {
		fetch_refuse(f, i, "bogus");
		fetch_next(f);
	} else if (f->names != NULL) {
		names_answer(f, octets, len);
	} else {
		fetch_answer(f, octets, len);
	}
}

/* --- what it says --------------------------------------------------------- */

/* A server that will not, or not with EDNS: that one is asked once more. */
static void
reply_refusal(struct fetch *f, unsigned rcode, unsigned i, bool edns)
{
	if (edns && (rcode == MSG_FORMERR || rcode == MSG_NOTIMP ||
		     rcode == MSG_BADVERS)) {
		f->no_edns |= 1u << i;
		fetch_again(f, i);
		return;
	}
	f->set->list[i]->refusals++;
	fetch_refuse(f, i, msg_rcode_text(rcode));
	fetch_next(f);
}

static void
reply_serve(struct fetch *f, const struct msg *m, unsigned i, bool edns)
{
	unsigned rcode = msg_rcode(m);
	struct referral ref;

	if (rcode != MSG_NOERROR && rcode != MSG_NXDOMAIN) {
		reply_refusal(f, rcode, i, edns);
		return;
	}
	f->set->list[i]->refusals = 0;
	if (referral_read(&ref, m))
		referral_follow(f, m, i, &ref);
	else
		reply_answer(f, m, i);
}

static void
reply_truncated(struct fetch *f, unsigned i, bool stream)
{
	if (stream) {
		fetch_refuse(f, i, "a truncated answer over a connection");
		fetch_next(f);
		return;
	}
	f->by_stream |= 1u << i;
	fetch_again(f, i);
}

/* Learns from the reply: of a stream only what a datagram's time is like, or
 * another stream's. */
static void
reply_learn(struct attempt *a)
{
	uint64_t now = resolver_now(a->fetch->r);
	struct upstream *u = a->to;

	upstream_answered(u, now);
	if (!a->stream || (u->tls_name != NULL && (a->warm || u->srtt8 == 0)))
		upstream_measured(u, (unsigned)(now - a->sent));
	if (!a->stream)
		u->folded = 0;
}

/* A reply to a that is ours for certain; a ends. */
static void
reply_take(struct attempt *a, enum match match, const uint8_t *octets,
	   size_t len)
{
	struct fetch *f = a->fetch;
	unsigned i = a->index;
	bool stream = a->stream, edns = a->edns;
	struct msg m;

	if (a->letters != 0 && match == MATCH_YES)
		octets = letters_restore(f, octets, len);
	reply_learn(a);
	attempt_end(a);
	if (f->landed || f->doomed) {
		resolver_wake_at(f->r, f, 0);
		return;
	}
	if (match == MATCH_BARE) {
		reply_refusal(f, octets[3] & 15u, i, edns);
	} else if ((get16(octets + 2) & MSG_TC) != 0) {
		reply_truncated(f, i, stream);
	} else if (msg_parse_response(&m, octets, len) != MSG_OK) {
		fetch_refuse(f, i, "a broken message");
		fetch_next(f);
	} else {
		reply_serve(f, &m, i, edns);
	}
}

bool
fetch_reply(struct attempt *a, const uint8_t *octets, size_t len)
{
	struct resolver *r = a->fetch->r;
	enum match match = reply_match(a, octets, len);

	if (match == MATCH_NOT || match == MATCH_FOLDED) {
		resolver_count(&r->stats->mismatched);
		/* It may be a server that does not keep letters: what it says
		 * is not taken, and it is asked again by TCP. */
		if (match == MATCH_FOLDED) {
			a->fetch->by_stream |= 1u << a->index;
			upstream_folded(a->to, resolver_now(r));
		}
		return false;
	}
	a->exchange = NULL; /* ends by our word */
	reply_take(a, match, octets, len);
	arena_reset(&r->scratch);
	return true;
}
