/*
 * DNS UPDATE (RFC 2136), from a parsed and authenticated message to the edit.
 *
 *   worker   update_new()      copies the message
 *            update_check()    zone section, form (3.1, 3.2.5, 3.4.1), and
 *                              permission as far as it needs no store
 *            update_submit()   queues it
 *   writer   apply             repeated messages, permission that needs the
 *                              store, prerequisites (3.2), edit (3.4.2)
 *            done              after the commit: posts reply() to the worker
 *
 * Permission comes before prerequisites, and covers them: who may not change
 * a name learns nothing about it. A message that comes again (same MAC within
 * its fudge) gets the first one's reply and is not applied twice.
 */
#ifndef PLACED_SERVER_UPDATE_H
#define PLACED_SERVER_UPDATE_H

#include "lib/event.h"
#include "lib/msg.h"
#include "lib/net.h"
#include "lib/tsig.h"
#include "server/served.h"
#include "server/writer.h"

#define UPDATE_REASON_MAX 160
#define UPDATE_WAITING_MAX 4096 /* updates that may wait for the writer */
#define UPDATE_SEEN_MAX 65536	/* messages remembered, the oldest out */

/*
 * What all updates on their way to one writer share: which messages were seen,
 * and how many wait. Outlives the writer.
 */
struct update_seen;

struct update_seen *update_seen_new(void);	 /* NULL: memory */
void update_seen_free(struct update_seen *seen); /* NULL is fine */

/*
 * Takes from the journals of all zones what was applied before this start and
 * could still come again. On the writer's thread, before the first update.
 */
enum err update_seen_recall(struct update_seen *seen, struct store_view *v);

/* For tests: another clock than the system's, in seconds since the epoch. */
void update_seen_set_clock(struct update_seen *seen, uint64_t (*now)(void));

struct update {
	struct writer_job job; /* first: the writer sees only this */
	struct served *served; /* a reference */
	const struct conf_zone *zone;
	struct net_peer peer;
	struct tsig_state tsig;
	struct msg msg; /* its wire is this update's copy */
	/* where the reply goes: event_post(loop, reply, this update) */
	struct event_loop *loop;
	void (*reply)(void *update);
	void *owner;		  /* the worker, for reply() */
	struct update_seen *seen; /* set by update_submit() */
	bool repeated;		  /* the same message came before */
	/* outcome */
	unsigned rcode;			/* enum msg_rcode */
	int ede;			/* enum msg_ede, MSG_EDE_NONE */
	char reason[UPDATE_REASON_MAX]; /* why it was refused: key, name, type,
					   rule; "" if it was not */
};

/* A copy of m and its wire; holds a reference to served. NULL: memory. */
struct update *update_new(struct served *served, const struct msg *m,
			  const struct tsig_state *tsig,
			  const struct net_peer *peer);
void update_free(struct update *u);

/*
 * Everything that needs no store. Sets rcode, ede and reason; true if the
 * update may be handed to the writer, false if the reply is decided. In this
 * order:
 *
 *   FORMERR   the zone section is not one SOA (2.3)
 *   REFUSED   not signed: nobody learns so which zones there are
 *   NOTAUTH   zone not served here; or the key has no rule there and whoever
 *             sends it is not inside, so that hidden zones look like none
 *   FORMERR   class, type, TTL or rdata (3.2.5, 3.4.1)
 *   NOTZONE   a name outside the zone
 *   REFUSED   no rule covers an RR, or the name of a prerequisite, for this
 *             key; a name that is answered by a search (edit_name_reserved)
 */
bool update_check(struct update *u);

/*
 * To the writer; then loop, reply and owner must be set, and u is the
 * writer's until reply(u) runs on loop. False: it is stopping, or too many
 * wait (SERVFAIL set); u is the caller's.
 */
bool update_submit(struct update *u, struct writer *w,
		   struct update_seen *seen);

/* What a rule says about (key, name, type): the covering rule or NULL. type 0:
 * any type at all. For explain, too. */
const struct conf_rule *update_rule_find(const struct conf_zone *zone,
					 const uint8_t *key_name,
					 const uint8_t *name, uint16_t type);

#endif
