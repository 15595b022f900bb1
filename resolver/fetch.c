#include "resolver/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MAX 512 /* header, question, OPT */
#define BESIDE_ONE_IN 32

/* --- keys ----------------------------------------------------------------- */

static uint8_t *
key_addr(uint8_t *p, const struct net_addr *a)
{
	memset(p, 0, 23);
	p[0] = (uint8_t)a->sa.sa_family;
	if (a->sa.sa_family == AF_INET) {
		memcpy(p + 1, &a->in.sin_port, 2);
		memcpy(p + 7, &a->in.sin_addr, 4);
	} else {
		memcpy(p + 1, &a->in6.sin6_port, 2);
		memcpy(p + 3, &a->in6.sin6_scope_id, 4);
		memcpy(p + 7, &a->in6.sin6_addr, 16);
	}
	return p + 23;
}

static unsigned
servers_count(const struct resolve_servers *s)
{
	if (s == NULL)
		return 0;
	return s->count < RESOLVE_SERVERS_MAX ? s->count : RESOLVE_SERVERS_MAX;
}

size_t
fetch_key(uint8_t *dst, const struct resolve_question *q, uint64_t *hash)
{
	unsigned count = servers_count(q->servers);
	uint8_t *p = dst + name_lower(dst, q->qname), *tail = p;
	uint64_t h = name_hash(dst);

	put16(p, q->qtype);
	p[2] = q->variant;
	p[3] = q->private_ok;
	p[4] = (uint8_t)count;
	p += 5;
	for (unsigned i = 0; i < count; i++)
		p = key_addr(p, &q->servers->addr[i]);
	if (count > 0)
		p += name_lower(p, q->servers->zone);
	for (; tail < p; tail++)
		h = (h ^ *tail) * 0x100000001b3;
	*hash = h;
	return (size_t)(p - dst);
}

void
fetch_init(struct fetch *f, struct resolver *r,
	   const struct resolve_question *q, const uint8_t *key, size_t key_len,
	   uint64_t hash)
{
	unsigned count = servers_count(q->servers);

	/* The hop, attempts and names are set when they are used. */
	memset(f, 0, offsetof(struct fetch, hop));
	f->r = r;
	f->hash = hash;
	f->deadline = resolver_now(r) + RESOLVE_DEADLINE_MS;
	f->qtype = q->qtype;
	f->variant = q->variant;
	f->private_ok = q->private_ok;
	f->to_servers = count > 0;
	f->chain = NULL;
	f->ede = MSG_EDE_NONE;
	memcpy(f->key, key, key_len);
	f->key_len = key_len;
	f->zone = name_root;
	if (count > 0)
		f->zone = f->key + name_len(f->key) + 5 + (size_t)count * 23;
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		f->attempts[i].to = NULL;
}

/* --- attempts ------------------------------------------------------------- */

void
attempt_end(struct attempt *a)
{
	const struct resolver_io *io = a->fetch->r->io;

	if (a->exchange != NULL)
		io->udp_end(io->ctx, a->exchange);
	a->exchange = NULL;
	conn_forget(&a->ask);
	if (a->trial)
		a->to->trial = false;
	a->to = NULL;
}

static void
attempts_end(struct fetch *f)
{
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (f->attempts[i].to != NULL)
			attempt_end(&f->attempts[i]);
}

/* One that is free, or else the late one that has waited longest. */
static struct attempt *
attempt_take(struct fetch *f)
{
	struct attempt *oldest = NULL;

	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++) {
		struct attempt *a = &f->attempts[i];

		if (a->to == NULL)
			return a;
		if (a->late && (oldest == NULL || a->sent < oldest->sent))
			oldest = a;
	}
	if (oldest != NULL)
		attempt_end(oldest);
	return oldest;
}

size_t
attempt_name(const struct attempt *a, uint8_t *dst)
{
	const uint8_t *name = a->fetch->ask;
	size_t len = name_len(name);

	for (size_t i = 0; i < len; i++) {
		uint8_t c = name[i];
		bool turn = (a->letters >> (i & 63) & 1) != 0;

		dst[i] =
			turn && (uint8_t)(c - 'a') < 26 ? (uint8_t)(c - 32) : c;
	}
	return len;
}

static size_t
attempt_write(const struct attempt *a, uint8_t *buf)
{
	const struct fetch *f = a->fetch;
	uint16_t flags = MSG_AD; /* tell us if you validated (RFC 6840 5.7) */
	const struct msg_opt opt = {
		.payload = FETCH_PAYLOAD,
		.dnssec_ok = (f->variant & CACHE_DO) != 0,
		.ede = MSG_EDE_NONE,
	};
	uint8_t name[NAME_WIRE_MAX];
	struct wire_writer w;

	if (f->recursive)
		flags |= MSG_RD;
	if (f->variant & CACHE_CD)
		flags |= MSG_CD;
	attempt_name(a, name);
	wire_writer_init(&w, buf, QUERY_MAX);
	msg_write_header(&w, a->id, flags);
	msg_set_count(&w, MSG_QD, 1);
	msg_write_question(&w, name, f->ask_type, RR_IN);
	if (a->edns) {
		msg_set_count(&w, MSG_AR, 1);
		msg_write_opt(&w, &opt);
	}
	must(!w.full);
	return w.len;
}

/* --- sending -------------------------------------------------------------- */

enum sent {
	SENT,
	SENT_NOT,   /* this server cannot be reached so: the next */
	SENT_SHORT, /* nobody's fault: sockets, memory */
};

static bool udp_event(void *arg, enum io_event ev, const uint8_t *octets,
		      size_t len, const char *text);
static void stream_event(struct conn_ask *ask, enum io_event ev,
			 const uint8_t *octets, size_t len, const char *text);

static bool
is_no_way(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH ||
	       error == ENETDOWN || error == EADDRNOTAVAIL ||
	       error == ECONNREFUSED || error == EPERM || error == EACCES;
}

/* What is known of a server says that it is down, or has it now gone down? */
static void
attempt_unreachable(struct attempt *a, const char *text)
{
	struct resolver *r = a->fetch->r;

	if (upstream_unreachable(a->to, a->trial, resolver_now(r), text) &&
	    uplink_down(r->uplink.forwarders))
		resolver_fell(r);
}

static enum sent
send_udp(struct attempt *a)
{
	struct resolver *r = a->fetch->r;
	uint8_t msg[QUERY_MAX];
	uint64_t bits = resolver_random(r);
	size_t len;

	a->id = (uint16_t)bits;
	a->letters = r->conf->uplink.case_random ? resolver_random(r) : 0;
	len = attempt_write(a, msg);
	errno = 0;
	a->exchange = r->io->udp_ask(r->io->ctx, &a->to->addr, msg, len,
				     udp_event, a);
	if (a->exchange != NULL) {
		resolver_count(&r->stats->sent_udp);
		return SENT;
	}
	if (!is_no_way(errno))
		return SENT_SHORT;
	fetch_refuse(a->fetch, a->index, strerror(errno));
	attempt_unreachable(a, strerror(errno));
	return SENT_NOT;
}

static enum sent
send_stream(struct attempt *a)
{
	struct resolver *r = a->fetch->r;
	struct upstream *u = a->to;
	uint8_t msg[QUERY_MAX];
	size_t len;

	if (u->conn == NULL)
		u->conn = conn_new(r->io, &u->addr, u->tls_name, stream_event,
				   &r->stats->mismatched);
	if (u->conn == NULL)
		return SENT_SHORT;
	a->warm = conn_heard(u->conn);
	do {
		a->id = (uint16_t)resolver_random(r);
	} while (conn_has(u->conn, a->id));
	a->letters = 0;
	len = attempt_write(a, msg);
	if (!conn_send(u->conn, &a->ask, msg, len)) {
		fetch_refuse(a->fetch, a->index, "no connection");
		return SENT_NOT;
	}
	resolver_count(u->tls_name != NULL ? &r->stats->sent_tls
					   : &r->stats->sent_tcp);
	return SENT;
}

/* The n-th time that this server is asked the same, it is given longer. */
static unsigned
attempt_patience(const struct attempt *a)
{
	unsigned ms = upstream_timeout(a->to);
	unsigned tries = a->fetch->hop.tries[a->index];
	unsigned most = ms > UPLINK_RTO_UNKNOWN ? ms : UPLINK_RTO_UNKNOWN;

	if ((a->trial && !a->hasty) || (a->stream && !a->warm))
		return FETCH_STREAM_MS;
	if (a->trial)
		return ms;
	for (; tries > 1 && ms < most; tries--)
		ms *= 2;
	return ms < most ? ms : most;
}

static void
attempt_begin(struct attempt *a, struct fetch *f, unsigned i, bool beside)
{
	struct upstream *u = f->set->list[i];

	*a = (struct attempt){
		.fetch = f,
		.to = u,
		.index = (uint8_t)i,
		.stream = u->tls_name != NULL || (f->by_stream >> i & 1) != 0 ||
			  (u->folded >= UPLINK_FOLDED &&
			   f->r->conf->uplink.case_random),
		.edns = (f->no_edns >> i & 1) == 0,
		.beside = beside,
		.trial = !u->up && !u->trial,
	};
}

static enum sent
fetch_send(struct fetch *f, unsigned i, bool beside)
{
	uint64_t now = resolver_now(f->r);
	struct attempt *a = attempt_take(f);
	enum sent sent;

	if (a == NULL)
		return SENT_SHORT;
	attempt_begin(a, f, i, beside);
	a->hasty = f->asked && !beside;
	sent = a->stream ? send_stream(a) : send_udp(a);
	if (sent != SENT) {
		attempt_end(a);
		return sent;
	}
	f->sends++;
	f->asked = true;
	if (f->hop.tries[i] < UINT8_MAX)
		f->hop.tries[i]++;
	f->hop.busy |= 1u << i;
	upstream_sent(a->to, now);
	if (a->trial)
		a->to->trial = true;
	a->sent = now;
	a->late_at = now + attempt_patience(a);
	return SENT;
}

/* --- waiting -------------------------------------------------------------- */

/* A stream is asked once, however long it takes; a late datagram may be lost.
 */
static bool
attempt_keeps_busy(const struct attempt *a)
{
	return a->to != NULL && (a->stream || !a->late);
}

static void
fetch_busy(struct fetch *f)
{
	f->hop.busy = 0;
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (attempt_keeps_busy(&f->attempts[i]))
			f->hop.busy |= 1u << f->attempts[i].index;
}

static bool
fetch_waits(const struct fetch *f)
{
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (f->attempts[i].to != NULL)
			return true;
	return false;
}

/* With nobody left, only a trial is waited for, and what was sent just before.
 */
static bool
attempt_hopeful(const struct attempt *a, uint64_t now)
{
	return a->to != NULL && !a->late &&
	       (a->trial || now < a->sent + FETCH_GRACE_MS);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool
fetch_has(const struct fetch *f, bool (*is)(const struct attempt *, uint64_t),
	  uint64_t now)
{
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (f->attempts[i].to != NULL && is(&f->attempts[i], now))
			return true;
	return false;
}

static bool
is_timely(const struct attempt *a, uint64_t now)
{
	(void)now;
	return !a->late;
}

static bool
is_timely_main(const struct attempt *a, uint64_t now)
{
	(void)now;
	return !a->late && !a->beside;
}

/* Nothing more is to be had of the set: all are down or have refused, no trial
 * is under way. */
static bool
fetch_hopeless(const struct fetch *f, uint64_t now)
{
	return uplink_spent(f->set, &f->hop) &&
	       !fetch_has(f, attempt_hopeful, now);
}

uint64_t
fetch_grace(const struct fetch *f, uint64_t now)
{
	uint64_t at = f->wake.at;

	if (f->landed || f->doomed || !f->recursive)
		return at;
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (attempt_hopeful(&f->attempts[i], now) &&
		    !f->attempts[i].trial)
			return sooner(at, f->attempts[i].sent + FETCH_GRACE_MS);
	return sooner(at, now);
}

static void
fetch_sleep(struct fetch *f)
{
	bool down = uplink_spent(f->set, &f->hop);
	uint64_t now = resolver_now(f->r);
	uint64_t at = f->landed ? UINT64_MAX : f->deadline;

	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++) {
		const struct attempt *a = &f->attempts[i];

		if (a->to == NULL)
			continue;
		if (!a->late)
			at = sooner(at, a->late_at);
		if (a->stream && !a->overdue)
			at = sooner(at, a->sent + FETCH_STREAM_MS);
		if (down && !a->trial && now < a->sent + FETCH_GRACE_MS)
			at = sooner(at, a->sent + FETCH_GRACE_MS);
	}
	/* Whatever was overlooked, it does not spin. */
	resolver_wake_at(f->r, f, at > now ? at : now + 1);
}

/* --- whom next ------------------------------------------------------------ */

/* Copies to servers of which something is to be learnt: the client does not
 * wait for them. */
static void
fetch_beside(struct fetch *f, uint64_t now)
{
	uint64_t bits = resolver_random(f->r);
	unsigned dice = bits % BESIDE_ONE_IN, turn = bits >> 32 & 0xffff;

	for (unsigned n = 0; n < FETCH_BESIDE; n++) {
		int i = uplink_beside(f->set, &f->hop, now, dice, turn);

		if (i < 0 || fetch_send(f, (unsigned)i, true) != SENT)
			return;
		dice = 1;
	}
}

static void
fetch_nobody(struct fetch *f)
{
	if (fetch_waits(f) && !fetch_hopeless(f, resolver_now(f->r))) {
		fetch_sleep(f);
		return;
	}
	if (f->names != NULL && fetch_names_next(f))
		return;
	if (uplink_down(f->set)) {
		f->brief = f->recursive;
		fetch_fail(f, MSG_EDE_NO_REACHABLE,
			   f->text[0] != '\0' ? f->text : "no answer");
	} else {
		fetch_fail(f, MSG_EDE_NETWORK, f->text);
	}
}

void
fetch_next(struct fetch *f)
{
	uint64_t now = resolver_now(f->r);
	bool first = !f->asked;

	if (f->landed || f->doomed)
		return;
	fetch_busy(f);
	while (f->sends < RESOLVE_SENDS_MAX) {
		int i = uplink_next(f->set, &f->hop, now);
		enum sent sent;

		if (i < 0) {
			fetch_nobody(f);
			return;
		}
		sent = fetch_send(f, (unsigned)i, false);
		if (sent == SENT_NOT)
			continue;
		if (sent == SENT_SHORT) {
			resolver_wake_at(
				f->r, f,
				sooner(f->deadline, now + FETCH_SHORT_MS));
			return;
		}
		if (first && f->set->count > 1)
			fetch_beside(f, now);
		fetch_sleep(f);
		return;
	}
	if (fetch_waits(f))
		fetch_sleep(f);
	else
		fetch_fail(f, MSG_EDE_OTHER, "too many messages");
}

void
fetch_again(struct fetch *f, unsigned i)
{
	if (f->sends < RESOLVE_SENDS_MAX && fetch_send(f, i, false) == SENT)
		fetch_sleep(f);
	else
		fetch_next(f);
}

void
fetch_refuse(struct fetch *f, unsigned i, const char *why)
{
	char addr[NET_ADDR_TEXT_MAX];

	f->hop.refused |= 1u << i;
	snprintf(f->text, sizeof(f->text), "%s: %s",
		 net_addr_to_text(addr, &f->set->list[i]->addr), why);
}

void
fetch_hop(struct fetch *f, struct upstream_set *set, const uint8_t *zone,
	  const uint8_t *name, uint16_t type)
{
	struct upstream_set *old = f->set;

	attempts_end(f);
	f->set = set;
	upstream_set_release(&f->r->uplink, old);
	memset(&f->hop, 0, sizeof(f->hop));
	f->asked = false;
	f->by_stream = f->no_edns = f->lost = 0;
	f->recursive = !f->to_servers && set == f->home;
	f->ask_type = type;
	name_lower(f->ask_zone, zone);
	name_lower(f->ask, name);
	fetch_next(f);
}

/* --- events --------------------------------------------------------------- */

static bool
udp_event(void *arg, enum io_event ev, const uint8_t *octets, size_t len,
	  const char *text)
{
	struct attempt *a = arg;
	struct fetch *f = a->fetch;

	if (ev == IO_MESSAGE)
		return fetch_reply(a, octets, len);
	a->exchange = NULL; /* it has ended */
	fetch_refuse(f, a->index, text);
	attempt_unreachable(a, text);
	attempt_end(a);
	if (f->landed)
		resolver_wake_at(f->r, f, 0);
	else
		fetch_next(f);
	return true;
}

/* The connection was lost with the question on it: once more on a new one, but
 * not to a server that never got one up. */
static void
attempt_lost(struct attempt *a, enum conn_end end, const char *text)
{
	struct fetch *f = a->fetch;
	uint32_t bit = 1u << a->index;

	if (end == CONN_USELESS && a->to->tls_name != NULL)
		attempt_unreachable(a, text);
	if (end == CONN_USELESS || (f->lost & bit) != 0)
		fetch_refuse(f, a->index, text);
	f->lost |= bit;
	attempt_end(a);
	if (f->landed)
		resolver_wake_at(f->r, f, 0);
	else
		fetch_next(f);
}

static void
stream_event(struct conn_ask *ask, enum io_event ev, const uint8_t *octets,
	     size_t len, const char *text)
{
	struct attempt *a = (struct attempt *)((uint8_t *)ask -
					       offsetof(struct attempt, ask));

	if (ev == IO_MESSAGE)
		(void)fetch_reply(a, octets, len);
	else
		attempt_lost(a, (enum conn_end)ask->end, text);
}

/* --- time ----------------------------------------------------------------- */

/* Who of the set has been silent for too long? */
static void
fetch_judge(struct fetch *f, uint64_t now)
{
	if (f->set != NULL && uplink_judge(f->set, now) &&
	    uplink_down(f->r->uplink.forwarders))
		resolver_fell(f->r);
}

/* A late datagram may be lost; on a connection nothing is, but the connection
 * itself may be dead and not know it. */
static void
attempt_check(struct attempt *a, uint64_t now)
{
	if (!a->late && now >= a->late_at) {
		a->late = true;
		resolver_count(&a->fetch->r->stats->timeouts);
		if (!a->stream)
			upstream_late(a->to, a->sent, a->trial, now);
	}
	if (!a->stream || a->overdue || now < a->sent + FETCH_STREAM_MS)
		return;
	a->overdue = true;
	if (conn_heard_at(a->to->conn) < a->sent) {
		upstream_late(a->to, a->sent, a->trial, now);
		fetch_judge(a->fetch, now);
		conn_abort(a->to->conn, "no answer");
	}
}

static void
fetch_landed_wake(struct fetch *f, uint64_t now)
{
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (f->attempts[i].to != NULL && f->attempts[i].late)
			attempt_end(&f->attempts[i]);
	if (fetch_has(f, is_timely, now))
		fetch_sleep(f);
	else
		resolver_retire(f->r, f);
}

static void
fetch_tell_failure(struct fetch *f)
{
	struct resolve_result result = {.outcome = RESOLVE_FAILED,
					.ede = f->ede};
	const struct failed_key key = {f->key, f->key_len, f->hash};
	uint64_t until = resolver_now(f->r) + RESOLVE_FAILURE_TTL * 1000ull;

	snprintf(result.text, sizeof(result.text), "%s", f->text);
	if (!f->brief)
		failed_note(f->r->failed, &key, until, f->ede, f->text);
	resolver_count(&f->r->stats->failed);
	attempts_end(f);
	resolver_land(f->r, f, &result);
	resolver_retire(f->r, f);
}

void
fetch_wake(struct fetch *f, uint64_t now)
{
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++)
		if (f->attempts[i].to != NULL)
			attempt_check(&f->attempts[i], now);
	fetch_judge(f, now);
	if (f->landed) {
		fetch_landed_wake(f, now);
	} else if (f->doomed) {
		fetch_tell_failure(f);
	} else if (now >= f->deadline) {
		fetch_fail(f, MSG_EDE_NO_REACHABLE,
			   f->text[0] != '\0' ? f->text : "no answer in time");
	} else if (!fetch_hopeless(f, now) &&
		   fetch_has(f, is_timely_main, now)) {
		fetch_sleep(f);
	} else {
		fetch_next(f);
	}
}

void
fetch_fail(struct fetch *f, int ede, const char *text)
{
	if (text != f->text)
		snprintf(f->text, sizeof(f->text), "%s", text);
	f->doomed = true;
	f->ede = ede;
	resolver_wake_at(f->r, f, 0);
}

/* --- begin and end -------------------------------------------------------- */

bool
fetch_start(struct fetch *f, const struct resolve_servers *servers)
{
	struct uplink *up = &f->r->uplink;

	f->home = f->to_servers ? uplink_peers(up, servers->addr,
					       servers_count(servers))
				: upstream_set_hold(up->forwarders);
	if (f->home == NULL)
		return false;
	if (f->home->count == 0) {
		f->brief = true;
		fetch_fail(f, MSG_EDE_NO_REACHABLE, "there is no uplink");
		return true;
	}
	fetch_hop(f, upstream_set_hold(f->home), f->zone, f->key, f->qtype);
	return true;
}

static void
fetch_know(const struct fetch *f)
{
	struct resolver_known *k = &f->r->known;

	if (f->to_servers)
		return;
	k->set = true;
	k->private_ok = f->private_ok;
	k->variant = f->variant;
	k->qtype = f->qtype;
	memcpy(k->qname, f->key, name_len(f->key));
}

/* Attempts of which something is to be learnt go on, all others end. */
void
fetch_land(struct fetch *f, const uint8_t *octets, size_t len)
{
	struct resolver *r = f->r;
	struct resolve_result result = {.outcome = RESOLVE_ANSWER,
					.ede = MSG_EDE_NONE};
	bool learning = false;

	entry_view(&result.entry, octets, len);
	result.text[0] = '\0';
	for (unsigned i = 0; i < FETCH_ATTEMPTS; i++) {
		struct attempt *a = &f->attempts[i];

		if (a->to != NULL && (a->late || !(a->beside || a->trial)))
			attempt_end(a);
		learning = learning || a->to != NULL;
	}
	resolver_count(&r->stats->answered);
	fetch_know(f);
	if (result.entry.flags & ENTRY_REBOUND)
		resolver_count(&r->stats->rebound);
	resolver_land(r, f, &result);
	if (learning)
		fetch_sleep(f);
	else
		resolver_retire(r, f);
}

void
fetch_clear(struct fetch *f)
{
	attempts_end(f);
	upstream_set_release(&f->r->uplink, f->set);
	upstream_set_release(&f->r->uplink, f->home);
	free(f->names);
	free(f->chain);
	f->set = f->home = NULL;
	f->names = NULL;
	f->chain = NULL;
}
