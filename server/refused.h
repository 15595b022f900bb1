/*
 * The last updates that were refused, and why: for `placectl log --refused`.
 * Bounded; the oldest go first, and a restart forgets them. Any thread.
 */
#ifndef PLACED_SERVER_REFUSED_H
#define PLACED_SERVER_REFUSED_H

#include "lib/net_addr.h"

#define REFUSED_KEPT 1000
#define REFUSED_REASON_MAX 192

struct refused_update {
	uint64_t number; /* of all refused, from 1 */
	uint64_t time;	 /* seconds since the epoch */
	struct net_addr from;
	char reason[REFUSED_REASON_MAX]; /* key, name, type, rule; escaped */
};

struct refused;

struct refused *refused_new(void);    /* NULL: memory */
void refused_free(struct refused *r); /* NULL is fine */

/* reason is copied, and cut if it is too long. */
void refused_note(struct refused *r, uint64_t time, const struct net_addr *from,
		  const char *reason);

/* The oldest one kept with a number from `number` on; false: none. */
bool refused_read(struct refused *r, uint64_t number, struct refused_update *u);

#endif
