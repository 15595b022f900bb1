/*
 * What the parts of the resolver share.
 *
 *   resolve.c      who asks: waiters, the table of flights, the timer
 *   fetch.c        one question in flight: whom it was sent to, what came, what
 *                  is next
 *   fetch_reply.c  what a reply says: is it ours, an answer, a referral, no
 *   uplink.c       whom to ask
 *   conn.c         connections
 *   failed.c       failures that are remembered (RFC 9520)
 *   wakeup.c       when
 */
#ifndef PLACED_RESOLVER_RESOLVE_INTERNAL_H
#define PLACED_RESOLVER_RESOLVE_INTERNAL_H

#include "lib/arena.h"
#include "lib/msg.h"
#include "resolver/failed.h"
#include "resolver/resolve.h"
#include "resolver/uplink.h"
#include "resolver/wakeup.h"

#include <stdatomic.h>

#define RESOLVE_BUCKETS 4096 /* of the table of flights */

struct fetch;

struct resolve_waiter {
	struct fetch *fetch;
	struct resolve_waiter *next, **link;
	resolve_done *done;
	void *arg;
};

/* A question that the uplink has answered: asked again, it tells whether the
 * uplink is back. */
struct resolver_known {
	bool set;
	bool private_ok;
	uint8_t variant;
	uint16_t qtype;
	uint8_t qname[NAME_WIRE_MAX];
};

struct resolver {
	const struct conf *conf;
	struct cache *cache; /* NULL: none */
	const struct resolver_io *io;
	struct resolver_stats *stats; /* own_stats if nobody wants them */
	struct resolver_stats own_stats;
	struct uplink uplink;
	struct failed *failed;
	struct wakeups wakeups; /* of every fetch */
	struct io_timer *timer;
	uint64_t timer_at; /* when it fires; meaningless without timer */
	bool running;	   /* wake-ups are being worked off */
	bool closing;
	struct resolver_known known;
	unsigned knocks;  /* questions while the uplink was down */
	unsigned fetches; /* in the heap: in flight, or only learning */
	struct fetch *flights[RESOLVE_BUCKETS];
	struct fetch *fetch_pool;
	struct resolve_waiter *waiter_pool;
	struct arena scratch;	       /* for one reply */
	uint8_t message[WIRE_MSG_MAX]; /* a reply with its letters put right */
};

static inline void
resolver_count(_Atomic uint64_t *counter)
{
	uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

static inline uint64_t
resolver_now(const struct resolver *r)
{
	return r->io->now_ms(r->io->ctx);
}

uint64_t resolver_random(struct resolver *r);

/* Wakes f at that time, and only then. */
void resolver_wake_at(struct resolver *r, struct fetch *f, uint64_t at);

/* Its answer is there: it is no longer in flight, and all who wait are told. */
void resolver_land(struct resolver *r, struct fetch *f,
		   const struct resolve_result *result);

/* Nobody of the set answers any more: whoever waits for it has waited enough.
 */
void resolver_fell(struct resolver *r);

/* f has landed and learns nothing more: back into the pool. */
void resolver_retire(struct resolver *r, struct fetch *f);

#endif
