/*
 * Clients that wait for the resolver: a copy of each question, and what was
 * brought for it so far. When the resolver is done the question is served
 * again from its start, with what was brought at hand, so that there is one
 * way to make an answer. One waiting room a worker; used by its thread alone.
 */
#ifndef PLACED_SERVER_WAITING_H
#define PLACED_SERVER_WAITING_H

#include "lib/event.h"
#include "lib/net.h"
#include "resolver/resolve.h"

#define WAITING_GIVEN_MAX 32 /* foreign answers for one question */
#define WAITING_MAX 8192     /* clients, a worker */

/* One foreign answer, or why there is none. */
struct waiting_given {
	struct waiting_given *next;
	uint8_t qname[NAME_WIRE_MAX];
	uint16_t qtype;
	bool failed;
	int ede;	    /* failed: enum msg_ede */
	char text[128];	    /* failed: for EDE */
	struct entry entry; /* else; its octets stand behind this */
	uint8_t octets[];
};

/* A question that the resolver is at. */
struct waiting_ask {
	struct waiting_ask *next, **link; /* of the same client */
	struct waiting *waiting;
	struct resolve_waiter *handle;
	uint16_t qtype;
	uint8_t qname[NAME_WIRE_MAX];
};

struct waiting {
	struct waiting_room *room;
	void *owner; /* for who is told by the resolver */
	struct net_peer peer;
	struct waiting_ask *asks;     /* without an answer yet */
	struct event_watch *deadline; /* of a gathering; NULL: none */
	uint64_t since;		      /* seconds since the epoch; 0: not told */
	uint32_t flushes; /* of the cache, until then: cache_generation() */
	bool hurried;	  /* the deadline has passed: with what there is */
	bool given_full;  /* something could not be taken down: no further */
	unsigned given_count;
	struct waiting_given *given;
	struct waiting *next, **link; /* of the same bucket */
	size_t len;
	uint8_t wire[]; /* the question's message */
};

struct waiting_room;

/* per_client: questions that one address (IPv6: a /64) may have waiting. */
struct waiting_room *waiting_room_new(unsigned per_client); /* NULL: memory */
void
waiting_room_free(struct waiting_room *r); /* everybody has left; NULL ok */
void waiting_room_limit(struct waiting_room *r, unsigned per_client);
unsigned waiting_room_count(const struct waiting_room *r);

/* Anybody who is still here, or NULL: for the end. */
struct waiting *waiting_first(struct waiting_room *r);

/* NULL: that client, or all clients, have too many waiting; or memory. */
struct waiting *waiting_enter(struct waiting_room *r,
			      const struct net_peer *peer, const uint8_t *wire,
			      size_t len);

/* Nothing must be asked for it any more. */
void waiting_leave(struct waiting *w);

/* Notes that (qname, qtype) is being asked. NULL: memory. */
struct waiting_ask *waiting_ask_new(struct waiting *w, const uint8_t *qname,
				    uint16_t qtype);
void waiting_ask_free(struct waiting_ask *a);

/* Takes down what the resolver brought. False: memory, or too much. */
bool waiting_give(struct waiting *w, const uint8_t *qname, uint16_t qtype,
		  const struct resolve_result *result);

/* What was brought for that question, or NULL. */
const struct waiting_given *waiting_find(const struct waiting *w,
					 const uint8_t *qname, uint16_t qtype);

#endif
