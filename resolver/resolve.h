/*
 * The resolver: one question that may leave, asked of the uplink until there is
 * an answer or none is to be had. One a worker, on that worker's loop;
 * resolvers share the cache and nothing else. Who may ask what is decided
 * before (resolver/reach.h, server/answer.c): nothing here knows a client.
 *
 *   resolver_ask ─→ the same question in flight? ─ yes ─→ one more waiter
 *                     │ no
 *                   fetch: budget, deadline
 *                     │   pick a forwarder (health, smoothed RTT)
 *                     │   UDP; TC → TCP; DoT: one connection, many questions
 *                     │   reply: ID, question with its letters (0x20), server;
 *                     │   what does not match is ignored and the wait goes on
 *                     │   entry_build: chain, bailiwick, rebinding, caps
 *                     │   referral to a peer space → its servers, CNAME without
 *                     │   its target → asked for, both within the budget
 *                     └─→ cache_put, every waiter's done()
 *
 * A failure that is the question's own is remembered for RESOLVE_FAILURE_TTL,
 * here and not in the cache, where the stale answer stays; one of the uplink as
 * a whole is not (resolver_is_down() tells at once). A child's servers may
 * speak of their zone alone: a chain that leaves it comes back ENTRY_PARTIAL,
 * and whether its target may be asked for is the caller's to decide.
 *
 * Iteration from the root and DNSSEC validation have their place here later:
 * a fetch asks "whom next?" of one function (uplink_next() for forwarding), and
 * "is it true?" of one other.
 */
#ifndef PLACED_RESOLVER_RESOLVE_H
#define PLACED_RESOLVER_RESOLVE_H

#include "lib/conf.h"
#include "resolver/cache.h"
#include "resolver/entry.h"
#include "resolver/io.h"

/* Unbound's figures where it has them; PITFALLS: NXNSAttack, TsuNAME, DNSBomb.
 */
#define RESOLVE_SENDS_MAX 32 /* messages sent for one question */
#define RESOLVE_CHAIN_MAX 11 /* CNAMEs chased */
#define RESOLVE_REFERRALS_MAX 8
#define RESOLVE_FLIGHTS_MAX 4096 /* different questions at once, a worker */
#define RESOLVE_WAITERS_MAX 1024 /* clients that wait for the same one */
#define RESOLVE_DEADLINE_MS 5000 /* a question, in all */
#define RESOLVE_FAILURE_TTL 5	 /* seconds; RFC 9520: 1 to 300 */

struct resolver;

/* Whom to ask instead of the uplink: a delegated child's servers. */
#define RESOLVE_SERVERS_MAX 8
struct resolve_servers {
	struct net_addr addr[RESOLVE_SERVERS_MAX];
	unsigned count; /* 0: the uplink */
	const uint8_t
		*zone; /* the child's apex; in bailiwick is what is below */
};

struct resolve_question {
	const uint8_t *qname;
	uint16_t qtype;
	uint8_t variant; /* CACHE_DO, CACHE_CD; with servers, CACHE_SPACE: their
			    additional data is wanted. Of the uplink's nothing
			    is ever kept */
	bool private_ok; /* answers may hold private addresses */
	const struct resolve_servers *servers; /* NULL: the uplink */
};

/* What the cache knows the answer by: a name that is no longer `private`, or
 * has become a child's, does not find what it was before. */
uint8_t resolve_cache_variant(uint8_t variant, bool private_ok, bool child);

enum resolve_outcome {
	RESOLVE_ANSWER, /* entry is what the world says */
	RESOLVE_FAILED, /* no answer; ede and text tell why */
	RESOLVE_BUSY,	/* caps reached, or memory */
};

struct resolve_result {
	enum resolve_outcome outcome;
	struct entry entry; /* ANSWER; its octets are gone after done() */
	int ede;	    /* enum msg_ede */
	char text[128];	    /* for EDE; "" if none */
};

/* May ask and cancel, but neither free nor reconfigure the resolver. */
typedef void resolve_done(void *arg, const struct resolve_result *result);

struct resolver_options {
	const struct conf *conf; /* uplink settings; outlives the resolver */
	struct cache *cache;	 /* NULL: none */
	const struct resolver_io *io;
	struct resolver_stats *stats; /* may be NULL */
};

struct resolver *
resolver_new(const struct resolver_options *o); /* NULL: memory */
/* Waiters are told RESOLVE_FAILED first. NULL is fine. */
void resolver_free(struct resolver *r);

/* A new configuration: forwarders that stay keep what was learnt of them; what
 * is in flight goes on. */
void resolver_reconfigure(struct resolver *r, const struct conf *conf);

/*
 * Asks. done(arg, …) is called exactly once, on the loop, never from within
 * this call. The question's octets are copied. Returns a handle for
 * resolver_cancel(), or NULL: RESOLVE_BUSY, and done is not called.
 */
struct resolve_waiter;
struct resolve_waiter *resolver_ask(struct resolver *r,
				    const struct resolve_question *q,
				    resolve_done *done, void *arg);

/* The waiter does not want it any more; the fetch goes on for the cache. */
void resolver_cancel(struct resolver *r, struct resolve_waiter *w);

/* Renews a cached answer near its end without anybody waiting; does nothing if
 * it is in flight or failed just now. While the uplink is down it is what tries
 * whether it is back, if that is due: to be called for each stale answer. */
void resolver_prefetch(struct resolver *r, const struct resolve_question *q);

/* True once the uplink has failed (every forwarder down) and until one answers:
 * then a stale answer is given at once (RFC 8767 section 5: within 50 ms of the
 * first failure) while one question at a time tries whether it is back. */
bool resolver_is_down(const struct resolver *r);

/* Written by one thread, read by any (relaxed). */
struct resolver_stats {
	_Atomic uint64_t asked, coalesced, sent_udp, sent_tcp, sent_tls;
	_Atomic uint64_t answered, failed, timeouts, mismatched, rebound, busy;
};

/* For status: what is known of forwarder i; false at the end. Loop's thread. */
struct resolver_forwarder {
	struct net_addr addr;
	bool tls;
	bool up;
	unsigned srtt_ms;
	uint64_t sent, answers, failures;
};
bool resolver_forwarder(const struct resolver *r, unsigned i,
			struct resolver_forwarder *f);

#endif
