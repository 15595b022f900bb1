/*
 * Whom to ask: the forwarders of the configuration, and servers that a child or
 * a referral named (peers). Of each is known what clients' questions taught:
 * how long it takes, and whether it answers at all. Nothing is sent only to
 * find out; while nobody asks, nothing leaves.
 *
 *   up ── silent for UPLINK_SILENCE_MS and UPLINK_STRIKES time-outs,
 *    ↑     or refused, unreachable, TLS ──→ down
 *    └───────── a trial was answered ─────────┘
 *
 * Of those that are down one question at a time is a trial, after 250 ms,
 * 500 ms, … 5 s.
 *
 * RTT is smoothed as in RFC 6298. One that is slow is not yet down: its
 * question is asked again, of another if there is one, and the first is still
 * waited for.
 */
#ifndef PLACED_RESOLVER_UPLINK_H
#define PLACED_RESOLVER_UPLINK_H

#include "lib/conf.h"
#include "resolver/conn.h"

#define UPLINK_MAX 32	  /* forwarders that are used */
#define UPLINK_PEERS 64	  /* of which something is remembered */
#define UPLINK_RTO_MIN 50 /* milliseconds, as all below */
#define UPLINK_RTO_UNKNOWN 400
#define UPLINK_RTO_MAX 1500
#define UPLINK_SILENCE_MS 1000
#define UPLINK_STRIKES 2
#define UPLINK_FORGET_MS 3000
#define UPLINK_FOLDED 3 /* replies; then it is asked over TCP at once */
#define UPLINK_BACKOFF_MIN 250
#define UPLINK_BACKOFF_MAX 5000

/* One address that is asked. */
struct upstream {
	struct net_addr addr;
	char *tls_name;	   /* NULL: UDP, and TCP for what is too long for it */
	struct conn *conn; /* NULL until it is needed */
	unsigned refs;	   /* sets it is in, and the table of peers */
	struct upstream *next; /* among those nobody holds */
	bool up, trial;	       /* a question is trying whether it is back */
	unsigned srtt8;	       /* eighths of a millisecond; 0: not known */
	unsigned rttvar4;      /* quarters of a millisecond */
	unsigned strikes;      /* time-outs since its last answer */
	unsigned refusals;     /* SERVFAIL, REFUSED, … in a row */
	unsigned folded;       /* replies in a row that did not keep letters */
	unsigned backoff;
	uint64_t silent_since; /* it owes an answer; 0: it does not */
	uint64_t next_try, sent_at, heard_at;
	uint64_t sent, answers, failures;
};

/* Those that one question may go to; never changes once made. */
struct upstream_set {
	unsigned refs, count;
	struct upstream *list[]; /* held */
};

struct uplink {
	struct upstream_set *forwarders; /* never NULL */
	struct upstream *peers[UPLINK_PEERS];
	struct upstream *unheld; /* to be freed by uplink_reap() */
};

enum err uplink_init(struct uplink *u, const struct conf_uplink *conf);
void uplink_free(struct uplink *u);
/* Forwarders that stay keep what is known of them. ERR_NOMEM: all as it was. */
enum err uplink_reconfigure(struct uplink *u, const struct conf_uplink *conf);

/* Frees what nobody holds any more. Not from within a connection's call. */
void uplink_reap(struct uplink *u);

/* A set of the servers at these addresses, asked over UDP and TCP; held by the
 * caller. NULL: memory. */
struct upstream_set *uplink_peers(struct uplink *u, const struct net_addr *addr,
				  unsigned count);
struct upstream_set *upstream_set_hold(struct upstream_set *s);
void upstream_set_release(struct uplink *u, struct upstream_set *s);

/* What one question has come to know of a set; bit i is for list[i]. */
struct uplink_hop {
	uint32_t refused; /* it will not answer this: not to be asked again */
	uint32_t busy;	  /* has been asked, and may still answer in time */
	uint8_t tries[UPLINK_MAX];
};

/* Whom to ask next: the one asked least, of these the fastest, of those that
 * are up; else one whose trial is due. -1: nobody. */
int uplink_next(const struct upstream_set *s, const struct uplink_hop *hop,
		uint64_t now);
/* Whom to ask besides, to learn of it: one that is down and whose trial is due,
 * one never asked, or with dice == 0 any other. -1: nobody. */
int uplink_beside(const struct upstream_set *s, const struct uplink_hop *hop,
		  uint64_t now, unsigned dice, unsigned turn);

/* True if every one is down; false for a set of nobody. */
bool uplink_down(const struct upstream_set *s);
/* True if every one is down or has refused; false for a set of nobody. */
bool uplink_spent(const struct upstream_set *s, const struct uplink_hop *hop);
/* True if one is up, or one that is down may be tried now. */
bool uplink_ready(const struct upstream_set *s, uint64_t now);

/* Milliseconds after which an answer is late. */
unsigned upstream_timeout(const struct upstream *u);

/* Who has been silent for too long goes down. True: somebody did. */
bool uplink_judge(const struct upstream_set *s, uint64_t now);

/* What happened. True: it went down by this. */
void upstream_sent(struct upstream *u, uint64_t now);
void upstream_answered(struct upstream *u, uint64_t now);
void upstream_folded(struct upstream *u, uint64_t now);
void upstream_measured(struct upstream *u, unsigned ms);
void upstream_late(struct upstream *u, uint64_t sent, bool trial, uint64_t now);
bool upstream_unreachable(struct upstream *u, bool trial, uint64_t now,
			  const char *text);

#endif
