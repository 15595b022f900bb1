/*
 * Counters of one worker. Only that worker writes them; others may read at
 * any time (each is a relaxed atomic, so a sum is not a snapshot).
 */
#ifndef PLACED_SERVER_STATS_H
#define PLACED_SERVER_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum stat_id {
	STAT_UDP, /* messages received */
	STAT_TCP,
	STAT_QUERIES,
	STAT_UPDATES,
	STAT_NOTIFIES,
	STAT_IGNORED, /* answered with silence */
	STAT_NOERROR, /* replies by rcode */
	STAT_FORMERR,
	STAT_SERVFAIL,
	STAT_NXDOMAIN,
	STAT_NOTIMP,
	STAT_REFUSED,
	STAT_OTHER_RCODE,
	STAT_TRUNCATED,
	STAT_TSIG_BAD,
	STAT_ARENA_FULL, /* queries that outgrew their memory: SERVFAIL */
	STAT_BLOCKED,	 /* questions that were not in reach */
	STAT_CROWDED,	 /* not asked: too many wait for the uplink */
	STAT_STALE, /* answered with what had expired: the uplink is gone */
	STATS
};

struct stats {
	_Atomic uint64_t n[STATS];
};

/* "udp", "nxdomain", …: stable names for status and JSON. */
const char *stat_name(enum stat_id s);

/* Adds s, which may be counting on, to sum, which is the caller's. */
void stats_add(struct stats *sum, const struct stats *s);

/* One writer a counter, so a load and a store will do. */
static inline void
stat_count(struct stats *s, enum stat_id which)
{
	uint64_t n = atomic_load_explicit(&s->n[which], memory_order_relaxed);

	atomic_store_explicit(&s->n[which], n + 1, memory_order_relaxed);
}

#endif
