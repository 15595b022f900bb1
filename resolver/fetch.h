/*
 * A fetch: one question in flight, and all that is sent for it.
 *
 *   fetch_start ─→ hop: a name, a type, a set of servers
 *                   │ fetch_next(): whom next? (uplink_next)
 *                   │    attempt: one message on its way, by UDP or on a
 *                   │    connection. A late one is still waited for while
 *                   │    another is under way.
 *                   ├─ reply ─→ fetch_reply.c: truncated → by TCP; SERVFAIL
 *                   │   and such → the next server; CNAME without its target,
 *                   │   referral → the next hop; answer → all who wait
 *                   └─ nobody left, deadline, budget ─→ failure
 *
 * Answers are given from within the reply's call; failures only from the
 * resolver's timer, so that nothing on the way down to a socket ever comes back
 * up into who asked.
 *
 * When the answer is there and a message is still on its way to a server of
 * which something is to be learnt (a trial, or one rarely asked), the fetch
 * stays for that alone.
 */
#ifndef PLACED_RESOLVER_FETCH_H
#define PLACED_RESOLVER_FETCH_H

#include "resolver/resolve_internal.h"

#define FETCH_ATTEMPTS 6     /* on their way at once */
#define FETCH_BESIDE 3	     /* of these to learn from, at most */
#define FETCH_PAYLOAD 1232   /* octets of a UDP reply, as told by EDNS */
#define FETCH_STREAM_MS 1500 /* a silent connection is given up */
#define FETCH_GRACE_MS 50    /* for a question when the uplink goes down */
#define FETCH_SHORT_MS 20 /* until it is tried again when sockets are short */
#define FETCH_NAMES 4	  /* servers of a referral whose address is asked */

/*
 * What tells a question from any other, as octets: qname in lower case, type,
 * variant, private_ok, count of servers, their addresses, their zone.
 */
#define FETCH_KEY_MAX (2 * NAME_WIRE_MAX + 5 + RESOLVE_SERVERS_MAX * 23)

struct attempt {
	struct fetch *fetch;
	struct upstream *to; /* list[index] of the set; NULL: not in use */
	struct io_exchange *exchange; /* UDP, until it has ended */
	struct conn_ask ask;	      /* on a connection */
	uint64_t sent, late_at;
	uint64_t letters; /* bit i % 64: octet i of the name is upper case */
	uint16_t id;
	uint8_t index;
	bool stream, warm; /* on a connection that had been of use */
	bool edns, late;
	bool overdue; /* a stream; its time is up */
	bool beside;  /* only to learn of the server */
	bool trial;   /* the server is down: is it back? */
	bool hasty;   /* others were asked before, and the client waits */
};

/* The servers that a referral names and of which no address came with it. */
struct fetch_names {
	unsigned count, at;
	uint8_t zone[NAME_WIRE_MAX];
	uint8_t name[FETCH_NAMES][NAME_WIRE_MAX];
};

struct fetch {
	struct wakeup wake; /* first */
	struct resolver *r;
	struct fetch *next; /* in its bucket, or in the pool */
	uint64_t hash;
	uint64_t deadline;
	struct resolve_waiter *waiters;
	unsigned waiter_count;

	/* the question */
	const uint8_t
		*zone; /* of its servers, in key; the root for the uplink */
	uint16_t qtype;
	uint8_t variant;
	bool private_ok, to_servers;

	bool flying; /* in the table */
	bool doomed; /* has failed; ede and text say why */
	bool landed; /* nobody waits any more */
	bool brief;  /* the failure is not to be remembered */
	int ede;
	char text[FAILED_TEXT_MAX];
	unsigned sends, chases, referrals;

	/* the hop */
	struct upstream_set *home; /* where the question starts; held */
	struct upstream_set *set;  /* who is asked now; held */
	struct fetch_names
		*names; /* NULL, or an address of names[at] is asked */
	bool recursive; /* the set is the uplink: RD */
	bool asked;	/* somebody has been, for this hop */
	struct uplink_hop hop;
	uint32_t by_stream, no_edns, lost; /* bits as in hop */
	uint16_t ask_type;
	uint8_t ask[NAME_WIRE_MAX];	 /* lower case */
	uint8_t ask_zone[NAME_WIRE_MAX]; /* what the set may speak for */

	uint8_t *chain; /* entry of what is known so far; NULL: nothing */
	size_t chain_len;

	struct attempt attempts[FETCH_ATTEMPTS];
	size_t key_len;
	uint8_t key[FETCH_KEY_MAX]; /* begins with the qname */
};

/* q as a key; dst has FETCH_KEY_MAX octets. */
size_t fetch_key(uint8_t *dst, const struct resolve_question *q,
		 uint64_t *hash);

/* Makes f, whose memory is there, a fetch of q; key as fetch_key() gave it. */
void fetch_init(struct fetch *f, struct resolver *r,
		const struct resolve_question *q, const uint8_t *key,
		size_t key_len, uint64_t hash);
/* Gives back all that it holds; it has landed. */
void fetch_clear(struct fetch *f);

/* Sends. False: memory. */
bool fetch_start(struct fetch *f, const struct resolve_servers *servers);
/* Its time has come. */
void fetch_wake(struct fetch *f, uint64_t now);
/* The uplink went down: it wakes for the end of its grace. */
uint64_t fetch_grace(const struct fetch *f, uint64_t now);

/* It has failed; who waits is told from the timer. */
void fetch_fail(struct fetch *f, int ede, const char *text);

/* --- for fetch_reply.c ------------------------------------------------------
 */

/* Sends to whoever is next, or waits, or fails. */
void fetch_next(struct fetch *f);
/* Sends again to list[i] of the set (then on to the next if it cannot). */
void fetch_again(struct fetch *f, unsigned i);
/* Server i of the set will not do; why is kept for the failure. */
void fetch_refuse(struct fetch *f, unsigned i, const char *why);
/* A new hop, asked of set, which is held by this. zone: as ask_zone. */
void fetch_hop(struct fetch *f, struct upstream_set *set, const uint8_t *zone,
	       const uint8_t *name, uint16_t type);
/* The answer. octets hold until it returns; f may be gone then. */
void fetch_land(struct fetch *f, const uint8_t *octets, size_t len);

/* A message that came for an attempt. False: not the one; wait on. True: a is
 * no more, and f may be gone. */
bool fetch_reply(struct attempt *a, const uint8_t *octets, size_t len);
/* An address of the referral's next server is to be asked for. False: none
 * left. */
bool fetch_names_next(struct fetch *f);
void attempt_end(struct attempt *a);
/* The name with the attempt's letters; dst has NAME_WIRE_MAX octets. */
size_t attempt_name(const struct attempt *a, uint8_t *dst);

#endif
