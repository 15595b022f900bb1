#include "server/query.h"

#include "server/answer.h"
#include "server/recurse.h"
#include "server/view.h"
#include "server/waiting.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Nothing is answered yet. */
static void
query_begin(struct query *q)
{
	arena_init_fixed(&q->arena, q->arena_space, sizeof(q->arena_space));
	q->flags = 0;
	q->rcode = MSG_NOERROR;
	q->ede = MSG_EDE_NONE;
	q->ede_text = NULL;
	q->overflow = false;
	q->personal = false;
	q->spatial = false;
	q->foreign = false;
	q->fresh = UINT32_MAX;
	q->ask_count = 0;
	q->ask_deadline = 0;
	q->count = 0;
	q->zone_count = 0;
}

static void
query_reset(struct query *q, struct query_env *env, const struct net_peer *peer)
{
	q->env = env;
	q->peer = peer;
	q->client = (struct view_client){
		.from = &peer->from,
		.exports = answer_exports,
		.arg = q,
	};
	q->taken = NULL;
	q->tsig.present = false;
	q->hurried = false;
	query_begin(q);
}

/* The client of the question that is served again, after a wait; NULL: it is
 * served for the first time. */
static const struct waiting *
query_waited(const struct query_env *env)
{
	return env->recursion != NULL ? env->recursion->waiting : NULL;
}

/* Octets the client can take, and we are willing to send. */
static size_t
query_limit(const struct query_env *env, const struct net_peer *peer,
	    const struct msg *m, size_t cap)
{
	size_t limit = 512; /* RFC 1035 section 4.2.1 */

	if (peer->tcp != NULL)
		return cap < WIRE_MSG_MAX ? cap : WIRE_MSG_MAX;
	if (m->edns.present) {
		uint16_t ours = env->served->conf->udp_payload;

		if (m->edns.payload > limit)
			limit = m->edns.payload;
		if (limit > ours)
			limit = ours;
	}
	return limit < cap ? limit : cap;
}

static void
query_fail(struct query *q, unsigned rcode, int ede, const char *text)
{
	q->rcode = rcode;
	q->ede = ede;
	q->ede_text = text;
	q->count = 0;
	q->flags &= MSG_RA; /* what is offered, whatever comes of it */
}

/* --- encoding ------------------------------------------------------------- */

/* A pointer to name where it is (a tail of) the question's; 0: it is not. */
static uint16_t
question_pointer(const struct query *q, const uint8_t *name)
{
	uintptr_t at = (uintptr_t)name - (uintptr_t)q->msg.qname;

	/* A pointer to the root would be longer than the root. */
	if (at + 1 >= q->msg.qname_len)
		return 0;
	return (uint16_t)(0xc000 | (WIRE_HEADER_LEN + at));
}

/*
 * The SOA of a negative answer. Its names mostly end in the apex, and the
 * pointer to the apex is known, which makes a search for suffixes needless.
 * False: it must be written like any other.
 */
static bool
encode_soa(struct wire_writer *w, const struct query_item *item, uint16_t apex)
{
	const uint8_t *front = item->soa_of->soa_front;
	const uint8_t *name = item->set.rdatas + 2;

	if (front[0] == ZONE_ELSEWHERE || front[1] == ZONE_ELSEWHERE)
		return false;
	wire_write16(w, apex);
	wire_write_rr(w, RR_SOA, RR_IN, item->ttl);
	wire_write16(w, (uint16_t)(front[0] + 2 + front[1] + 2 + 20));
	for (unsigned i = 0; i < 2; i++) {
		wire_write_octets(w, name, front[i]);
		wire_write16(w, apex);
		name += name_len(name);
	}
	wire_write_octets(w, name, 20);
	return true;
}

/*
 * All RRs of a set. The owner is compressed once; the RRs after the first
 * repeat its octets if it became a pointer, else point to it.
 */
static void
encode_set(struct query *q, const struct query_item *item)
{
	struct wire_writer *w = &q->out;
	uint16_t rdlen, pointer = question_pointer(q, item->owner);
	const uint8_t *rdata;
	size_t at = 0, start = w->len;

	if (item->soa_of != NULL && pointer != 0 &&
	    encode_soa(w, item, pointer))
		return;
	while (!w->full && rrset_next(&item->set, &at, &rdata, &rdlen)) {
		if (pointer != 0) {
			wire_write16(w, pointer);
		} else {
			wire_write_name_compressed(w, item->owner);
			if (!w->full && w->buf[start] >= 0xc0)
				pointer = get16(w->buf + start);
			else if (start < 0x4000)
				pointer = (uint16_t)(0xc000 | start);
		}
		wire_write_rr(w, item->set.type, RR_IN, item->ttl);
		rr_rdata_write(w, item->set.type, rdata, rdlen);
	}
}

/* False: a set that must be there does not fit, so TC is set (RFC 2181 9). */
static bool
encode_section(struct query *q, enum msg_section section)
{
	unsigned count = 0;
	bool whole = true;

	for (unsigned i = 0; i < q->count; i++) {
		const struct query_item *item = &q->items[i];
		struct wire_mark mark;

		if (item->section != section)
			continue;
		mark = wire_mark(&q->out);
		encode_set(q, item);
		if (!q->out.full) {
			count += item->set.count;
			continue;
		}
		wire_rollback(&q->out, mark);
		if (section == MSG_AR && !item->required)
			continue;
		q->flags |= MSG_TC;
		whole = false;
		break;
	}
	msg_set_count(&q->out, section, (uint16_t)count);
	return whole;
}

/* Whatever was collected; a referral whose glue does not fit keeps its NS. */
static void
query_encode(struct query *q)
{
	if (q->count == 0)
		return;
	if (encode_section(q, MSG_AN) && encode_section(q, MSG_NS))
		encode_section(q, MSG_AR);
}

static void
query_opt(const struct query *q, struct msg_opt *opt)
{
	const struct conf *conf = q->env->served->conf;

	*opt = (struct msg_opt){
		.payload = conf->udp_payload,
		.rcode_high = (uint8_t)(q->rcode >> 4),
		.dnssec_ok = q->msg.edns.dnssec_ok,
		.ede = q->ede,
		.ede_text = q->ede_text,
	};
	if (q->msg.edns.nsid && conf->nsid != NULL) {
		opt->nsid = conf->nsid;
		opt->nsid_len = (uint8_t)conf->nsid_len;
	}
}

static void
query_count_reply(struct stats *stats, unsigned rcode, uint16_t flags)
{
	static const enum stat_id by_rcode[] = {
		[MSG_NOERROR] = STAT_NOERROR,	[MSG_FORMERR] = STAT_FORMERR,
		[MSG_SERVFAIL] = STAT_SERVFAIL, [MSG_NXDOMAIN] = STAT_NXDOMAIN,
		[MSG_NOTIMP] = STAT_NOTIMP,	[MSG_REFUSED] = STAT_REFUSED,
	};

	stat_count(stats, rcode < ARRAY_LEN(by_rcode) ? by_rcode[rcode]
						      : STAT_OTHER_RCODE);
	if (flags & MSG_TC)
		stat_count(stats, STAT_TRUNCATED);
}

/*
 * Header, question, sections, OPT, TSIG, in this order. Room for the last two
 * is set aside first, so that a full answer cannot push them out.
 */
static size_t
query_finish(struct query *q, uint8_t *out, size_t cap)
{
	const struct msg *m = &q->msg;
	uint16_t flags =
		(uint16_t)(MSG_QR | (m->flags & (0x7800 | MSG_RD | MSG_CD)));
	size_t reserve = 0, limit = query_limit(q->env, q->peer, m, cap);
	struct msg_opt opt;

	if (m->edns.present) {
		query_opt(q, &opt);
		reserve += msg_opt_len(&opt);
	}
	if (q->tsig.present)
		reserve += tsig_reserve(&q->tsig);
	must(limit > WIRE_HEADER_LEN);
	/* A long question and TSIG may leave no room in 512 octets: then
	 * only the header, with TC, travels beside them. */
	wire_writer_init(&q->out, out,
			 reserve + WIRE_HEADER_LEN < limit ? limit - reserve
							   : WIRE_HEADER_LEN);
	msg_write_header(&q->out, m->id, flags);
	if (m->qname_len > 0) {
		struct wire_mark mark = wire_mark(&q->out);

		msg_write_question(&q->out, m->qname, m->qtype, m->qclass);
		if (q->out.full) {
			wire_rollback(&q->out, mark);
			q->flags |= MSG_TC;
		} else {
			msg_set_count(&q->out, MSG_QD, 1);
			query_encode(q);
		}
	}
	flags |= (uint16_t)(q->flags | (q->rcode & 15));
	msg_set_flags(&q->out, flags);
	q->out.limit = cap < WIRE_MSG_MAX ? cap : WIRE_MSG_MAX;
	if (m->edns.present) {
		msg_write_opt(&q->out, &opt);
		msg_set_count(&q->out, MSG_AR,
			      (uint16_t)(get16(q->out.buf + 10) + 1));
	}
	if (q->tsig.present)
		tsig_sign(&q->tsig, &q->out, q->env->now());
	query_count_reply(q->env->stats, q->rcode, q->flags);
	return q->out.full ? 0 : q->out.len;
}

/* --- the memo ---------------------------------------------------------------
 */

/* A question whose reply hangs on nothing but the key and the zones. */
static bool
memo_key_make(struct memo_key *k, const struct query_env *env,
	      const struct net_peer *peer, const struct msg *m, size_t cap)
{
	if (env->memo == NULL || env->unreadable || m->tsig != 0 ||
	    m->sig0 != 0 || msg_flags_opcode(m->flags) != MSG_QUERY ||
	    m->qclass != RR_IN || m->edns.nsid ||
	    env->served->circle_count > SERVED_CIRCLES_MAX)
		return false;
	k->qname = m->qname;
	k->qname_len = m->qname_len;
	k->qtype = m->qtype;
	k->edns = (uint8_t)(m->edns.present | m->edns.dnssec_ok << 1 |
			    ((m->flags & MSG_RD) != 0) << 2 |
			    ((m->flags & MSG_CD) != 0) << 3);
	k->limit = (uint16_t)query_limit(env, peer, m, cap);
	k->view = view_mask(env->served, &peer->from);
	k->hash = memo_key_hash(k);
	return true;
}

/* No zone that the answer was made from has changed since. */
static bool
memo_is_true(const struct query_env *env, const struct memo_answer *a)
{
	for (unsigned i = 0; i < a->zone_count; i++) {
		uint32_t at = a->zone[i] & ~MEMO_ABSENT;
		struct zone_facts *f = &env->facts[at];
		const uint8_t *apex = env->served->conf->zones[at / 2].apex;

		if (zone_facts_refresh(f, env->view, apex) != ERR_OK)
			return false;
		if (a->zone[i] & MEMO_ABSENT
			    ? f->exists
			    : !f->exists || f->since > a->number)
			return false;
	}
	return true;
}

/* What is foreign is still fresh, and may still be told. */
static bool
foreign_is_true(struct query_env *env, const struct memo_foreign *f,
		uint32_t now)
{
	uint64_t generation;

	return now < f->until && now >= f->made &&
	       recurse_generation(env, &generation) &&
	       generation == f->generation;
}

static void
foreign_age(uint8_t *tail, const struct memo_foreign *f, uint32_t now)
{
	uint32_t age = now - f->made;

	for (unsigned i = 0; age > 0 && i < f->ttl_count; i++) {
		uint8_t *at = tail + f->ttl_at[i];
		uint32_t ttl = get32(at);

		put32(at, ttl > age ? ttl - age : 0);
	}
}

/* The reply if it was made before and is still true; 0 if not. */
static size_t
query_recall(struct query_env *env, const struct query_taken *t, uint8_t *out)
{
	const struct msg *m = &t->msg;
	size_t len = WIRE_HEADER_LEN + m->qname_len + 4;
	struct memo_answer a;
	uint32_t now = 0;

	if (!memo_find(env->memo, &t->key, &a) || !memo_is_true(env, &a))
		return 0;
	if (a.foreign != NULL) {
		now = (uint32_t)env->now();
		if (!foreign_is_true(env, a.foreign, now))
			return 0;
	}
	put16(out, m->id);
	put16(out + 2, (uint16_t)(MSG_QR | (m->flags & (MSG_RD | MSG_CD)) |
				  a.flags | a.rcode));
	put16(out + 4, 1);
	for (unsigned i = 0; i < 3; i++)
		put16(out + 6 + 2 * i, a.count[i]);
	/* The question as it came: name, type and class stand together. */
	memcpy(out + WIRE_HEADER_LEN, m->wire + WIRE_HEADER_LEN,
	       len - WIRE_HEADER_LEN);
	memcpy(out + len, a.tail, a.tail_len);
	if (a.foreign != NULL)
		foreign_age(out + len, a.foreign, now);
	if (query_waited(env) == NULL)
		stat_count(env->stats, STAT_QUERIES);
	query_count_reply(env->stats, a.rcode, a.flags);
	return len + a.tail_len;
}

/* Passes an RR in the reply, whose TTL is noted if it counts down. False: there
 * are too many of these. */
static bool
foreign_rr(struct memo_foreign *f, struct wire_reader *r, size_t head,
	   bool counts_down)
{
	uint16_t type;

	wire_skip_name(r);
	type = wire_read16(r);
	wire_skip(r, 2);
	if (counts_down && type != RR_OPT) {
		if (f->ttl_count == MEMO_TTLS_MAX)
			return false;
		f->ttl_at[f->ttl_count++] = (uint16_t)(r->pos - head);
	}
	wire_skip(r, 4);
	wire_skip(r, wire_read16(r));
	return !r->bad;
}

static bool
foreign_item(struct memo_foreign *f, struct wire_reader *r, size_t head,
	     const struct query_item *item)
{
	for (unsigned i = 0; i < item->set.count; i++)
		if (!foreign_rr(f, r, head, item->foreign))
			return false;
	return true;
}

/* Of additional data any set may have been left out of the reply: if one is
 * foreign, they all count down. */
static bool
foreign_additional(struct memo_foreign *f, struct wire_reader *r, size_t head,
		   const struct query *q, unsigned rrs)
{
	bool some = false;

	for (unsigned i = 0; i < q->count && !some; i++)
		some = q->items[i].foreign && q->items[i].section == MSG_AR;
	for (unsigned i = 0; some && i < rrs; i++)
		if (!foreign_rr(f, r, head, true))
			return false;
	return true;
}

/* Where the TTLs are that count down, in a reply that has all that was
 * collected, additional data aside. False: there are too many. */
static bool
foreign_ttls(struct memo_foreign *f, const struct query *q, const uint8_t *out,
	     size_t len, size_t head)
{
	struct wire_reader r;

	wire_reader_init(&r, out, len);
	wire_skip(&r, head);
	f->ttl_count = 0;
	for (unsigned section = MSG_AN; section <= MSG_NS; section++)
		for (unsigned i = 0; i < q->count; i++)
			if (q->items[i].section == section &&
			    !foreign_item(f, &r, head, &q->items[i]))
				return false;
	return foreign_additional(f, &r, head, q, get16(out + 10));
}

/* False: it is not to be kept. */
static bool
foreign_remember(struct memo_foreign *f, const struct query *q,
		 const uint8_t *out, size_t len, size_t head)
{
	f->made = (uint32_t)q->env->now();
	f->until = q->fresh < UINT32_MAX - f->made ? f->made + q->fresh
						   : UINT32_MAX;
	return q->fresh > 0 &&
	       recurse_generation_made(q->env, &f->generation) &&
	       foreign_ttls(f, q, out, len, head);
}

static void
query_remember(const struct query *q, const struct memo_key *k,
	       const uint8_t *out, size_t len)
{
	size_t head = WIRE_HEADER_LEN + q->msg.qname_len + 4;
	struct memo_answer a = {
		.zone_count = (uint8_t)q->zone_count,
		.rcode = (uint8_t)q->rcode,
		.flags = q->flags,
		.tail = out + head,
		.tail_len = (uint16_t)(len - head),
	};
	struct memo_foreign foreign;

	if ((q->rcode != MSG_NOERROR && q->rcode != MSG_NXDOMAIN) ||
	    q->personal || (q->zone_count == 0 && !q->foreign) ||
	    q->zone_count > MEMO_ZONES_MAX || (q->flags & MSG_TC) || len < head)
		return;
	if (q->foreign) {
		if (!foreign_remember(&foreign, q, out, len, head))
			return;
		a.foreign = &foreign;
	}
	a.number = store_view_number(q->env->view);
	for (unsigned i = 0; i < q->zone_count; i++)
		a.zone[i] = q->zones[i];
	for (unsigned i = 0; i < 3; i++)
		a.count[i] = get16(out + 6 + 2 * i);
	memo_store(q->env->memo, k, &a);
}

/* --- what is asked ---------------------------------------------------------
 */

/* A TXT in class CHAOS, if the operator wants it told (RFC 4892). */
static void
query_chaos(struct query *q)
{
	static const uint8_t version_bind[] = "\7version\4bind";
	static const uint8_t version_server[] = "\7version\6server";
	static const uint8_t id_server[] = "\2id\6server";
	static const uint8_t hostname_bind[] = "\10hostname\4bind";
	const struct conf *conf = q->env->served->conf;
	const char *text = NULL;
	uint8_t *made;
	size_t len;

	if (name_equal(q->msg.qname, version_bind) ||
	    name_equal(q->msg.qname, version_server))
		text = conf->version;
	else if (name_equal(q->msg.qname, id_server) ||
		 name_equal(q->msg.qname, hostname_bind))
		text = conf->identity;
	len = text != NULL ? strnlen(text, 255) : 0;
	made = arena_alloc(&q->arena, 3 + len);
	if (text == NULL || q->msg.qtype != RR_TXT || made == NULL) {
		query_fail(q, MSG_REFUSED, MSG_EDE_NOT_AUTHORITATIVE, NULL);
		return;
	}
	put16(made, (uint16_t)(1 + len));
	made[2] = (uint8_t)len;
	memcpy(made + 3, text, len);
	q->flags |= MSG_AA;
	q->items[q->count++] = (struct query_item){
		.owner = q->msg.qname,
		.set = {.type = RR_TXT,
			.count = 1,
			.rdatas = made,
			.len = (uint16_t)(3 + len)},
		.section = MSG_AN,
	};
}

/* To the resolver; false: it is full, and the answer is that, or, where
 * children would have been asked, what there is without them. */
static bool
query_recurse(struct query *q)
{
	const struct query_recursion *r = q->env->recursion;

	if (r->ask(r->arg, q->peer, &q->msg, q->asks, q->ask_count,
		   q->ask_deadline))
		return true;
	stat_count(q->env->stats, STAT_CROWDED);
	if (q->ask_deadline > 0) {
		q->hurried = true;
		query_begin(q);
		answer_query(q);
		if (q->ask_count == 0 && !q->overflow)
			return false;
	}
	query_fail(q, MSG_SERVFAIL, MSG_EDE_OTHER,
		   "too many questions wait for the uplink");
	return false;
}

/* True: the reply comes later. */
static bool
query_question(struct query *q)
{
	uint16_t type = q->msg.qtype;

	if (query_waited(q->env) == NULL)
		stat_count(q->env->stats, STAT_QUERIES);
	if (q->msg.qclass == RR_CH)
		query_chaos(q);
	else if (q->msg.qclass != RR_IN)
		query_fail(q, MSG_REFUSED, MSG_EDE_NOT_AUTHORITATIVE,
			   "only class IN is served");
	else if (type == RR_AXFR || type == RR_IXFR)
		query_fail(q, MSG_REFUSED, MSG_EDE_NOT_SUPPORTED,
			   "no zone transfers");
	else if (type != RR_ANY && rr_type_is_meta(type))
		query_fail(q, MSG_NOTIMP, MSG_EDE_NOT_SUPPORTED,
			   "not a type that can be asked for");
	else
		answer_query(q);
	if (q->overflow) {
		stat_count(q->env->stats, STAT_ARENA_FULL);
		query_fail(q, MSG_SERVFAIL, MSG_EDE_OTHER,
			   "the answer is too large to be put together");
		return false;
	}
	return q->ask_count > 0 && query_recurse(q);
}

/* True: the reply comes later. */
static bool
query_update(struct query *q)
{
	struct query_env *env = q->env;

	stat_count(env->stats, STAT_UPDATES);
	if (env->submit == NULL) {
		query_fail(q, MSG_NOTIMP, MSG_EDE_NOT_SUPPORTED, NULL);
		return false;
	}
	if (env->submit(env->arg, &q->msg, &q->tsig, q->peer, &q->refusal))
		return true;
	query_fail(q, q->refusal.rcode, q->refusal.ede,
		   q->refusal.reason[0] ? q->refusal.reason : NULL);
	return false;
}

static bool
query_dispatch(struct query *q)
{
	switch (msg_flags_opcode(q->msg.flags)) {
	case MSG_QUERY:
		return query_question(q);
	case MSG_UPDATE:
		return query_update(q);
	default: /* NOTIFY: nothing here is anybody's secondary */
		stat_count(q->env->stats, STAT_NOTIFIES);
		query_fail(q, MSG_REFUSED, MSG_EDE_NOT_AUTHORITATIVE,
			   "no zone here has a primary elsewhere");
		return false;
	}
}

/* Who signed, as they say, and what is wrong with it. */
static void
query_tell_refused(struct query *q)
{
	const char *what = q->tsig.error == TSIG_BADKEY	   ? "BADKEY"
			   : q->tsig.error == TSIG_BADSIG  ? "BADSIG"
			   : q->tsig.error == TSIG_BADTIME ? "BADTIME"
							   : "BADTRUNC";
	char key[NAME_TEXT_MAX];

	if (q->env->refused == NULL)
		return;
	if (q->tsig.form_error) {
		q->env->refused(q->env->arg, q->peer, "malformed TSIG");
		return;
	}
	name_to_text(key, q->tsig.key_name);
	snprintf(q->refusal.reason, sizeof(q->refusal.reason),
		 "%s: the signature with key %.140s does not hold", what, key);
	q->env->refused(q->env->arg, q->peer, q->refusal.reason);
}

/* False if TSIG forbids to go on; then the rcode is set (RFC 8945 5.2). */
static bool
query_authenticate(struct query *q)
{
	struct query_env *env = q->env;
	const struct waiting *w = query_waited(env);

	if (q->msg.tsig == 0)
		return true;
	/* The time to compare with is that at which it came. */
	if (tsig_verify(&q->tsig, &q->msg, &env->served->conf->keys,
			w != NULL && w->since > 0 ? w->since : env->now())) {
		q->client.key = q->tsig.key->name;
		return true;
	}
	stat_count(env->stats, STAT_TSIG_BAD);
	if (msg_flags_opcode(q->msg.flags) == MSG_UPDATE)
		query_tell_refused(q);
	if (q->tsig.form_error) {
		q->tsig.present = false;
		query_fail(q, MSG_FORMERR, MSG_EDE_NONE, NULL);
	} else {
		query_fail(q, MSG_NOTAUTH, MSG_EDE_NONE, NULL);
	}
	return false;
}

bool
query_exports(void *env, int zone)
{
	struct query_env *e = env;
	struct zone_facts *f = &e->facts[2 * zone + 1];

	return e->unreadable ||
	       zone_facts_refresh(f, e->view,
				  e->served->conf->zones[zone].apex) !=
		       ERR_OK ||
	       f->exists;
}

void
query_take(struct query_taken *t, const struct query_env *env,
	   const struct net_peer *peer, const uint8_t *in, size_t in_len,
	   size_t cap)
{
	t->peer = peer;
	for (unsigned i = 0; i < QUERY_FORESEEN; i++)
		t->foreseen[i].name = NULL;
	t->search.facts = NULL;
	t->verdict = msg_parse(&t->msg, in, in_len);
	t->keyed = t->verdict == MSG_OK &&
		   memo_key_make(&t->key, env, peer, &t->msg, cap);
}

size_t
query_answer(struct query *q, struct query_env *env,
	     const struct query_taken *t, uint8_t *out, size_t cap)
{
	size_t len;

	if (query_waited(env) == NULL)
		stat_count(env->stats,
			   t->peer->tcp != NULL ? STAT_TCP : STAT_UDP);
	if (t->keyed) {
		len = query_recall(env, t, out);
		if (len > 0)
			return len;
	}
	query_reset(q, env, t->peer);
	q->taken = t;
	q->msg = t->msg;
	switch (t->verdict) {
	case MSG_IGNORE:
		stat_count(env->stats, STAT_IGNORED);
		return 0;
	case MSG_BAD_OPCODE:
		query_fail(q, MSG_NOTIMP, MSG_EDE_NONE, NULL);
		break;
	case MSG_BAD_FORMAT:
		query_fail(q, MSG_FORMERR, MSG_EDE_NONE, NULL);
		break;
	case MSG_BAD_VERSION:
		query_fail(q, MSG_BADVERS, MSG_EDE_NONE, NULL);
		break;
	case MSG_OK:
		if (query_authenticate(q) && query_dispatch(q))
			return NET_LATER;
		break;
	}
	len = query_finish(q, out, cap);
	if (t->keyed)
		query_remember(q, &t->key, out, len);
	return len;
}

size_t
query_serve(struct query *q, struct query_env *env, const struct net_peer *peer,
	    const uint8_t *in, size_t in_len, uint8_t *out, size_t cap)
{
	struct query_taken t;

	query_take(&t, env, peer, in, in_len, cap);
	return query_answer(q, env, &t, out, cap);
}

size_t
query_update_reply(struct query *q, struct query_env *env,
		   const struct net_peer *peer, const struct msg *m,
		   const struct tsig_state *tsig, unsigned rcode, int ede,
		   const char *reason, uint8_t *out, size_t cap)
{
	query_reset(q, env, peer);
	q->msg = *m;
	q->tsig = *tsig;
	query_fail(q, rcode, ede, reason);
	return query_finish(q, out, cap);
}
