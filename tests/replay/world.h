/*
 * A network that is made up and a clock that is turned by hand: all that the
 * resolver sees of the world (resolver/io.h), for tests. What it sends lies in
 * a queue until the test takes it and says what comes back; nothing happens by
 * itself, and the same test is the same each time.
 */
#ifndef PLACED_TESTS_WORLD_H
#define PLACED_TESTS_WORLD_H

#include "lib/msg.h"
#include "resolver/resolve.h"

#define WORLD_BEGIN 1764000000 /* seconds since the epoch */
#define WORLD_ASKS 8192	       /* questions of one world, at most */

enum world_way {
	WORLD_UDP,
	WORLD_TCP,
	WORLD_TLS
};

/* A message that the resolver has sent. */
struct world_sent {
	struct world_sent *next;
	enum world_way way;
	struct net_addr to;
	struct io_exchange *exchange; /* UDP; NULL once it has ended */
	struct io_stream *stream;     /* else; NULL once it is closed */
	size_t len;
	uint8_t octets[512];
	struct msg msg; /* of octets */
};

/* A question that was asked of the resolver, and how it ended. */
struct world_ask {
	struct world *world;
	struct resolve_waiter *waiter; /* NULL: busy, or it has ended */
	unsigned ended;		       /* times: 0 or 1 */
	struct resolve_result result;
	uint8_t *octets; /* of the entry */
};

struct world {
	struct conf *conf;
	struct resolver *resolver;
	struct resolver_io io;
	struct resolver_stats stats;
	uint64_t ms, seed;
	int udp_errno; /* not 0: udp_ask() fails with it */
	bool streams_fail;
	struct world_sent *sent, *taken; /* in order; taken but not freed */
	struct io_timer *timers;
	unsigned exchanges, streams, timer_count; /* that are open */
	unsigned ask_count;
	struct world_ask *asks[WORLD_ASKS];
	resolve_done *on_done; /* NULL, or also called, with the world_ask */
};

/* uplink: what stands below `uplink:` in the configuration, a line each, such
 * as "forward: [ 192.0.2.1 ]". Ends the test if it is wrong. */
struct world *world_new(const char *uplink);
/* Also checks that the resolver has given everything back. */
void world_free(struct world *w);
struct conf *world_conf(const char *uplink);

/* Asks; the number of the ask. */
unsigned world_ask(struct world *w, const struct resolve_question *q);
unsigned world_ask_name(struct world *w, const char *name, uint16_t type);
void world_cancel(struct world *w, unsigned ask);

/* The oldest message that was sent and not taken, NULL if there is none. It
 * belongs to the world. */
struct world_sent *world_take(struct world *w);

/* A message comes back to where s was sent from. False: nobody listens. */
bool world_reply(struct world *w, struct world_sent *s, const uint8_t *octets,
		 size_t len);
/* Refused, unreachable; closed. */
bool world_error(struct world *w, struct world_sent *s, const char *text);

/* Time passes; what is due happens in order. */
void world_pass(struct world *w, uint64_t ms);

#endif
