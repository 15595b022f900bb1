/*
 * What the workers know of the uplink, summed up: each has a resolver of its
 * own, which learns of the forwarders by its own clients' questions.
 */
#ifndef PLACED_SERVER_UPLINK_SUM_H
#define PLACED_SERVER_UPLINK_SUM_H

#include "resolver/resolve.h"

#define UPLINK_SUM_MAX 32 /* forwarders */

struct uplink_sum_forwarder {
	struct net_addr addr;
	bool tls;
	unsigned workers, up; /* that have it; of these, who hold it for up */
	unsigned timed;	      /* workers that know how long it takes */
	unsigned srtt_ms;     /* of these, the mean; 0: nobody knows */
	uint64_t sent, answers, failures;
};

/* In the order of uplink_sum_name(). */
#define UPLINK_SUM_COUNTS 11

struct uplink_sum {
	unsigned silent; /* workers that did not tell in time */
	unsigned count;
	struct uplink_sum_forwarder forwarders[UPLINK_SUM_MAX];
	uint64_t counts[UPLINK_SUM_COUNTS];
};

/* What one worker knows of its forwarders, so many of them. */
void uplink_sum_add(struct uplink_sum *s, const struct resolver_forwarder *f,
		    unsigned count);

/* Its counters, which may be counting on. */
void uplink_sum_count(struct uplink_sum *s, const struct resolver_stats *stats);

/* "asked", "timeouts", …: what the count with this index is of. */
const char *uplink_sum_name(unsigned i);

#endif
