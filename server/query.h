/*
 * The life of one message, as pure as it can be: octets in, octets out, no
 * socket, no malloc. Workers call query_serve(); so do tests and fuzzers.
 *
 *   query_serve → msg_parse
 *               → query_recall (memo.h): the reply, if it was made before
 *               → query_authenticate (TSIG) → query_dispatch → answer_query
 *               → query_finish → query_encode, then OPT and TSIG
 *               → query_remember
 */
#ifndef PLACED_SERVER_QUERY_H
#define PLACED_SERVER_QUERY_H

#include "lib/arena.h"
#include "lib/msg.h"
#include "lib/net.h"
#include "lib/tsig.h"
#include "server/memo.h"
#include "server/served.h"
#include "server/stats.h"
#include "zones/lookup.h"
#include "zones/zone.h"

#define QUERY_ITEMS_MAX 256	/* RRsets an answer may hold */
#define QUERY_CHAIN_MAX 11	/* CNAMEs followed for one question */
#define QUERY_ADDITIONAL_MAX 64 /* names looked up for additional data */
#define QUERY_ARENA_LEN 8192	/* octets for names made on the way (DNAME) */
#define QUERY_REASON_MAX 192

/* One RRset on its way into a section. */
struct query_item {
	const uint8_t *owner;
	struct rrset set;
	uint32_t ttl;
	uint8_t section; /* enum msg_section */
	bool required;	 /* additional data that must fit, or TC (RFC 9471) */
	/* of an SOA in a negative answer: its zone, so that it can be
	 * written without a search for what may be compressed; else NULL */
	const struct zone_facts *soa_of;
};

/* The outcome of an update that was decided without the store. */
struct query_refusal {
	unsigned rcode;
	int ede;
	char reason[QUERY_REASON_MAX];
};

/* What a worker has and a query may use. One a thread. */
struct query_env {
	struct store_view *view; /* begun for the batch */
	bool unreadable;	 /* no snapshot could be had: SERVFAIL */
	struct served *served;
	struct zone_facts *facts; /* one a zone of served->conf, same index */
	struct memo *memo;	  /* may be NULL */
	struct stats *stats;
	uint64_t (*now)(void); /* seconds since the epoch */
	/*
	 * Takes over an update; true: its reply comes later, false: it is
	 * decided in *no. NULL: no updates here.
	 */
	bool (*submit)(void *arg, const struct msg *m,
		       const struct tsig_state *tsig,
		       const struct net_peer *peer, struct query_refusal *no);
	/* Told of an update whose signature was refused; may be NULL. */
	void (*refused)(void *arg, const struct net_peer *peer,
			const char *reason);
	void *arg;
};

struct query {
	struct query_env *env;
	const struct net_peer *peer;
	struct msg msg;
	struct tsig_state tsig;
	struct wire_writer out;
	struct arena arena;
	/* the reply in the making */
	uint16_t flags; /* AA, TC */
	unsigned rcode; /* extended rcode */
	int ede;	/* enum msg_ede */
	const char *ede_text;
	bool overflow; /* arena or items are used up: SERVFAIL */
	bool personal; /* repeats the letters of the question: not to be kept */
	/* zones the reply was made from; more than MEMO_ZONES_MAX: too many */
	unsigned zone_count;
	uint32_t zones[MEMO_ZONES_MAX];
	unsigned count;
	struct query_item items[QUERY_ITEMS_MAX];
	struct query_refusal refusal;
	uint64_t arena_space[QUERY_ARENA_LEN / 8];
};

/*
 * As struct net_service's serve(). q is scratch; its content before and after
 * means nothing. Octets in `in` must stay until the reply is made.
 */
size_t query_serve(struct query *q, struct query_env *env,
		   const struct net_peer *peer, const uint8_t *in,
		   size_t in_len, uint8_t *out, size_t cap);

/*
 * The reply to an update that was put off: header, zone section, OPT, TSIG.
 * Needs of env only served, stats and now. Returns its length.
 */
size_t query_update_reply(struct query *q, struct query_env *env,
			  const struct net_peer *peer, const struct msg *m,
			  const struct tsig_state *tsig, unsigned rcode,
			  int ede, const char *reason, uint8_t *out,
			  size_t cap);

#endif
