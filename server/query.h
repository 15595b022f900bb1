/*
 * The life of one message, as pure as it can be: octets in, octets out, no
 * socket, no malloc. Workers call query_serve(); so do tests and fuzzers.
 *
 *   query_serve = query_take, then query_answer; of a batch all are taken
 * first, and query_foresee comes in between
 *
 *   query_take → msg_parse
 *   query_answer
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
#include "resolver/resolve.h"
#include "server/memo.h"
#include "server/served.h"
#include "server/stats.h"
#include "server/view.h"
#include "zones/lookup.h"
#include "zones/search.h"
#include "zones/zone.h"

#define QUERY_ITEMS_MAX 256	/* RRsets an answer may hold */
#define QUERY_CHAIN_MAX 11	/* CNAMEs followed for one question */
#define QUERY_ADDITIONAL_MAX 64 /* names looked up for additional data */
#define QUERY_ARENA_LEN 8192	/* octets for names made on the way (DNAME) */
#define QUERY_REASON_MAX 192
#define QUERY_ASKS_MAX 16 /* questions to other servers at once */

/* One RRset on its way into a section. */
struct query_item {
	const uint8_t *owner;
	struct rrset set;
	uint32_t ttl;
	uint8_t section; /* enum msg_section */
	bool foreign;	 /* not from a zone here: its TTL counts down */
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

struct blocked; /* resolver/blocked.h */
struct reach;	/* resolver/reach.h */
struct waiting; /* server/waiting.h */

/* What a worker has for questions that lead out of what is served here. */
struct query_recursion {
	struct cache_view *cache; /* NULL: none */
	struct cache *store;	  /* of that view */
	bool cache_begun;	  /* its snapshot is taken, for this batch */
	uint32_t flushes;	  /* cache_generation() from before that */
	struct reach *reach;
	uint32_t generation; /* goes up when settings change */
	struct blocked *blocked;
	struct waiting *waiting; /* a question that is served again: who waits
				    and what was brought; else NULL */
	/* Asks all of them, or refuses to: too many wait. True: m is served
	 * again, when all are answered or deadline_ms (0: none) have passed. */
	bool (*ask)(void *arg, const struct net_peer *peer, const struct msg *m,
		    const struct resolve_question *asks, unsigned count,
		    unsigned deadline_ms);
	/* As resolver_prefetch(), resolver_is_down(). */
	void (*prefetch)(void *arg, const struct resolve_question *q);
	bool (*is_down)(void *arg);
	void *arg;
};

/* What a worker has and a query may use. One a thread. */
struct query_env {
	struct store_view *view; /* begun for the batch */
	bool unreadable;	 /* no snapshot could be had: SERVFAIL */
	struct served *served;
	struct zone_facts *facts;	   /* served_facts_new() */
	struct memo *memo;		   /* may be NULL */
	struct query_recursion *recursion; /* NULL: none here */
	void *scratch; /* for one search at a time (space.h), SPACE_SCRATCH_LEN
			  octets; NULL: there are no searches here */
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

/* A node that an answer will need: that of the asked name, that of the name its
 * RR points to. */
#define QUERY_FORESEEN 2
struct query_foreseen {
	const uint8_t *name;	 /* NULL: none. Known again by its address */
	uint32_t facts;		 /* view_facts() of where it was looked for */
	struct store_value node; /* octets NULL: it is to be looked for */
};

/* A search that is foreseen: its question, and where it will read. */
struct query_search {
	const struct zone_facts *facts; /* where it begins; NULL: none is */
	struct space_question question;
	struct search_ahead ahead;
};

/* A message that has been read, and waits for its answer. */
struct query_taken {
	const struct net_peer *peer;
	enum msg_verdict verdict;
	bool keyed; /* the memo may know the answer */
	struct memo_key key;
	struct msg msg;
	struct query_foreseen foreseen[QUERY_FORESEEN];
	struct query_search search;
};

struct query {
	struct query_env *env;
	const struct net_peer *peer;
	struct view_client client;
	const struct query_taken *taken; /* NULL: not from the wire */
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
	bool spatial;  /* holds a search's hits, with their additional data */
	bool foreign;  /* holds what is not from a zone here, or hangs on it */
	bool hurried;  /* no child can be asked now: with what there is */
	uint32_t fresh; /* seconds for which what is foreign may be given again
			 */
	/* What must be answered first; more than one where a search gathers
	 * what children have, and then with a deadline. */
	unsigned ask_count;
	unsigned ask_deadline; /* ms, 0: none */
	struct resolve_question asks[QUERY_ASKS_MAX];
	struct resolve_servers ask_servers[QUERY_ASKS_MAX];
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
 * The same in three steps, for a batch: octets in `in` and *peer must stay
 * until all is answered, env->view must have begun. query_foresee() (foresee.c)
 * makes nothing different but the time it takes: what the answers will need
 * from memory is asked for at once, and waited for together.
 */
void query_take(struct query_taken *t, const struct query_env *env,
		const struct net_peer *peer, const uint8_t *in, size_t in_len,
		size_t cap);
void query_foresee(struct query_env *env, struct query_taken *taken,
		   unsigned n);
size_t query_answer(struct query *q, struct query_env *env,
		    const struct query_taken *t, uint8_t *out, size_t cap);

/*
 * Whether the zone with this index exports anything, in env's snapshot; as
 * exports() of a struct view_client, with env as arg. True too if that cannot
 * be read: then its facts cannot either, and the answer is SERVFAIL.
 */
bool query_exports(void *env, int zone);

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
