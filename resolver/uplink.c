#include "resolver/uplink.h"

#include "lib/log.h"

#include <stdlib.h>
#include <string.h>

#define LOG_BURST 4
#define STRIKE_MS 100 /* what a time-out counts in the choice */
#define REFUSAL_MS 16 /* what a SERVFAIL counts */
#define REFUSAL_MS_MAX 400

static bool
tls_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* --- who is held ---------------------------------------------------------- */

static struct upstream *
upstream_new(const struct net_addr *addr, const char *tls_name)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->addr = *addr;
	u->up = true;
	if (tls_name == NULL)
		return u;
	u->tls_name = strdup(tls_name);
	if (u->tls_name == NULL) {
		free(u);
		return NULL;
	}
	return u;
}

static void
upstream_free(struct upstream *u)
{
	conn_free(u->conn);
	free(u->tls_name);
	free(u);
}

/* Its connection may be the one that we are called from: it goes later. */
static void
upstream_release(struct uplink *up, struct upstream *u)
{
	if (--u->refs > 0)
		return;
	u->next = up->unheld;
	up->unheld = u;
}

void
uplink_reap(struct uplink *up)
{
	struct upstream *u;

	while ((u = up->unheld) != NULL) {
		up->unheld = u->next;
		upstream_free(u);
	}
}

static struct upstream_set *
set_new(unsigned room)
{
	struct upstream_set *s =
		malloc(sizeof(*s) + room * sizeof(struct upstream *));

	if (s == NULL)
		return NULL;
	s->refs = 1;
	s->count = 0;
	return s;
}

static void
set_add(struct upstream_set *s, struct upstream *u)
{
	u->refs++;
	s->list[s->count++] = u;
}

struct upstream_set *
upstream_set_hold(struct upstream_set *s)
{
	s->refs++;
	return s;
}

void
upstream_set_release(struct uplink *up, struct upstream_set *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	for (unsigned i = 0; i < s->count; i++)
		upstream_release(up, s->list[i]);
	free(s);
}

/* --- forwarders ----------------------------------------------------------- */

static struct upstream *
forwarder_find(const struct uplink *up, const struct conf_forwarder *f)
{
	for (unsigned i = 0; i < up->forwarders->count; i++) {
		struct upstream *u = up->forwarders->list[i];

		if (net_addr_equal(&u->addr, &f->addr) &&
		    tls_equal(u->tls_name, f->tls_name))
			return u;
	}
	return NULL;
}

static struct upstream_set *
forwarders_make(struct uplink *up, const struct conf_uplink *conf)
{
	size_t count = conf->forward_count;
	struct upstream_set *s;

	if (count > UPLINK_MAX)
		count = UPLINK_MAX;
	s = set_new((unsigned)count);
	for (size_t i = 0; s != NULL && i < count; i++) {
		const struct conf_forwarder *f = &conf->forward[i];
		struct upstream *u = forwarder_find(up, f);

		if (u == NULL)
			u = upstream_new(&f->addr, f->tls_name);
		if (u == NULL) {
			upstream_set_release(up, s);
			return NULL;
		}
		set_add(s, u);
	}
	return s;
}

enum err
uplink_reconfigure(struct uplink *up, const struct conf_uplink *conf)
{
	struct upstream_set *s = forwarders_make(up, conf);

	if (s == NULL)
		return ERR_NOMEM;
	upstream_set_release(up, up->forwarders);
	up->forwarders = s;
	return ERR_OK;
}

enum err
uplink_init(struct uplink *up, const struct conf_uplink *conf)
{
	memset(up, 0, sizeof(*up));
	up->forwarders = set_new(0);
	if (up->forwarders == NULL)
		return ERR_NOMEM;
	return uplink_reconfigure(up, conf);
}

void
uplink_free(struct uplink *up)
{
	upstream_set_release(up, up->forwarders);
	for (unsigned i = 0; i < UPLINK_PEERS; i++)
		if (up->peers[i] != NULL)
			upstream_release(up, up->peers[i]);
	uplink_reap(up);
}

/* --- peers ---------------------------------------------------------------- */

static unsigned
peer_slot(const struct net_addr *a)
{
	uint32_t h =
		a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port;
	const uint8_t *p = a->sa.sa_family == AF_INET
				   ? (const uint8_t *)&a->in.sin_addr
				   : (const uint8_t *)&a->in6.sin6_addr;

	for (unsigned i = a->sa.sa_family == AF_INET ? 4 : 16; i > 0; i--)
		h = (h ^ *p++) * 16777619u;
	return (h ^ h >> 16) % UPLINK_PEERS;
}

/* What is known of the server at addr, or a new page for it. */
static struct upstream *
peer_find(struct uplink *up, const struct net_addr *addr)
{
	struct upstream **slot = &up->peers[peer_slot(addr)];
	struct upstream *u = *slot;

	if (u != NULL && net_addr_equal(&u->addr, addr))
		return u;
	u = upstream_new(addr, NULL);
	if (u == NULL)
		return NULL;
	if (*slot != NULL)
		upstream_release(up, *slot);
	u->refs = 1;
	*slot = u;
	return u;
}

struct upstream_set *
uplink_peers(struct uplink *up, const struct net_addr *addr, unsigned count)
{
	struct upstream_set *s;

	if (count > UPLINK_MAX)
		count = UPLINK_MAX;
	s = set_new(count);
	for (unsigned i = 0; s != NULL && i < count; i++) {
		struct upstream *u = peer_find(up, &addr[i]);

		if (u == NULL) {
			upstream_set_release(up, s);
			return NULL;
		}
		set_add(s, u);
	}
	return s;
}

/* --- choice --------------------------------------------------------------- */

/* Milliseconds, with a surcharge for those that did not do well of late. */
static unsigned
upstream_score(const struct upstream *u)
{
	unsigned ms = u->srtt8 > 0 ? u->srtt8 / 8 : UPLINK_RTO_UNKNOWN;
	unsigned refusals = u->refusals * REFUSAL_MS;

	if (refusals > REFUSAL_MS_MAX)
		refusals = REFUSAL_MS_MAX;
	return ms + u->strikes * STRIKE_MS + refusals;
}

static bool
trial_due(const struct upstream *u, uint64_t now)
{
	return !u->up && !u->trial && u->next_try <= now;
}

/* Refused, or asked and not late yet. */
static bool
hop_skips(const struct uplink_hop *hop, unsigned i)
{
	return ((hop->refused | hop->busy) >> i & 1) != 0;
}

int
uplink_next(const struct upstream_set *s, const struct uplink_hop *hop,
	    uint64_t now)
{
	unsigned best_score = 0;
	int best = -1;

	for (unsigned i = 0; i < s->count; i++) {
		unsigned score = upstream_score(s->list[i]);

		if (!s->list[i]->up || hop_skips(hop, i))
			continue;
		if (best < 0 || hop->tries[i] < hop->tries[best] ||
		    (hop->tries[i] == hop->tries[best] && score < best_score)) {
			best = (int)i;
			best_score = score;
		}
	}
	for (unsigned i = 0; best < 0 && i < s->count; i++)
		if (trial_due(s->list[i], now) && !hop_skips(hop, i))
			best = (int)i;
	return best;
}

int
uplink_beside(const struct upstream_set *s, const struct uplink_hop *hop,
	      uint64_t now, unsigned dice, unsigned turn)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct upstream *u = s->list[i];

		if (hop_skips(hop, i))
			continue;
		if (trial_due(u, now) || (u->up && u->sent == 0))
			return (int)i;
	}
	for (unsigned i = 0; dice == 0 && i < s->count; i++) {
		unsigned k = (turn + i) % s->count;

		if (s->list[k]->up && !hop_skips(hop, k))
			return (int)k;
	}
	return -1;
}

bool
uplink_down(const struct upstream_set *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i]->up)
			return false;
	return s->count > 0;
}

bool
uplink_spent(const struct upstream_set *s, const struct uplink_hop *hop)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i]->up && (hop->refused >> i & 1) == 0)
			return false;
	return s->count > 0;
}

bool
uplink_ready(const struct upstream_set *s, uint64_t now)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i]->up || trial_due(s->list[i], now))
			return true;
	return false;
}

/* --- what is learnt ------------------------------------------------------- */

unsigned
upstream_timeout(const struct upstream *u)
{
	unsigned ms;

	if (u->srtt8 == 0)
		return UPLINK_RTO_UNKNOWN;
	ms = u->srtt8 / 8 + u->rttvar4;
	if (ms < UPLINK_RTO_MIN)
		return UPLINK_RTO_MIN;
	return ms < UPLINK_RTO_MAX ? ms : UPLINK_RTO_MAX;
}

static void
upstream_log(const struct upstream *u, uint64_t now, const char *what,
	     const char *text)
{
	static _Thread_local struct log_limit limit = {.burst = LOG_BURST};
	char addr[NET_ADDR_TEXT_MAX];
	unsigned held;

	if (!log_limit_pass(&limit, now / 1000, &held))
		return;
	log_notice("uplink %s %s%s%s", net_addr_to_text(addr, &u->addr), what,
		   text != NULL ? ": " : "", text != NULL ? text : "");
}

void
upstream_sent(struct upstream *u, uint64_t now)
{
	/* What it owed long ago says nothing about now. */
	if (u->silent_since == 0 || now - u->sent_at > UPLINK_FORGET_MS) {
		u->silent_since = now;
		u->strikes = 0;
	}
	u->sent_at = now;
	u->sent++;
}

void
upstream_answered(struct upstream *u, uint64_t now)
{
	u->answers++;
	u->strikes = 0;
	u->silent_since = 0;
	u->heard_at = now;
	if (u->up)
		return;
	u->up = true;
	upstream_log(u, now, "answers again", NULL);
}

/* A reply with other letters than the question's. */
void
upstream_folded(struct upstream *u, uint64_t now)
{
	if (++u->folded == UPLINK_FOLDED)
		upstream_log(u, now, "does not keep the letters of a question",
			     "it is asked over TCP (case-random: no)");
}

void
upstream_measured(struct upstream *u, unsigned ms)
{
	unsigned srtt = u->srtt8 / 8;
	unsigned off = ms > srtt ? ms - srtt : srtt - ms;

	if (u->srtt8 == 0) {
		u->srtt8 = 8 * ms;
		u->rttvar4 = 2 * ms;
	} else {
		u->rttvar4 = u->rttvar4 - u->rttvar4 / 4 + off;
		u->srtt8 = u->srtt8 - u->srtt8 / 8 + ms;
	}
	if (u->srtt8 == 0)
		u->srtt8 = 1; /* known, and close by */
}

static void
upstream_fall(struct upstream *u, uint64_t now, const char *text)
{
	u->up = false;
	u->backoff = UPLINK_BACKOFF_MIN;
	u->next_try = now + u->backoff;
	upstream_log(u, now, "is down", text);
}

static void
upstream_trial_failed(struct upstream *u, uint64_t now)
{
	u->backoff *= 2;
	if (u->backoff > UPLINK_BACKOFF_MAX)
		u->backoff = UPLINK_BACKOFF_MAX;
	u->next_try = now + u->backoff;
}

/* One question that takes long says nothing about a server that has answered
 * others meanwhile. */
void
upstream_late(struct upstream *u, uint64_t sent, bool trial, uint64_t now)
{
	u->failures++;
	if (u->heard_at > sent)
		return;
	u->strikes++;
	if (!u->up && trial)
		upstream_trial_failed(u, now);
}

bool
uplink_judge(const struct upstream_set *s, uint64_t now)
{
	bool fell = false;

	for (unsigned i = 0; i < s->count; i++) {
		struct upstream *u = s->list[i];

		if (!u->up || u->strikes < UPLINK_STRIKES ||
		    u->silent_since == 0 ||
		    now - u->silent_since < UPLINK_SILENCE_MS)
			continue;
		upstream_fall(u, now, "no answer");
		fell = true;
	}
	return fell;
}

bool
upstream_unreachable(struct upstream *u, bool trial, uint64_t now,
		     const char *text)
{
	u->failures++;
	u->strikes++;
	if (!u->up) {
		if (trial)
			upstream_trial_failed(u, now);
		return false;
	}
	upstream_fall(u, now, text);
	return true;
}
