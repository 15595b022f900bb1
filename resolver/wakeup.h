/*
 * Wake-up times: a binary heap, so that a resolver with thousands of questions
 * in flight has one timer of the loop, set to the first of them.
 */
#ifndef PLACED_RESOLVER_WAKEUP_H
#define PLACED_RESOLVER_WAKEUP_H

#include "lib/base.h"

/* Stands inside of whatever is to be woken; place 0 at first. */
struct wakeup {
	uint64_t at;	/* milliseconds of the resolver's clock */
	unsigned place; /* in the heap, from 1; 0: not in it */
};

struct wakeups {
	struct wakeup **heap; /* heap[0] is not used */
	unsigned count, room;
};

/* Room for so many. ERR_NOMEM. */
enum err wakeups_init(struct wakeups *h, unsigned room);
void wakeups_free(struct wakeups *h);

/* Puts w in, or moves it. There must be room. */
void wakeup_set(struct wakeups *h, struct wakeup *w, uint64_t at);
void wakeup_clear(struct wakeups *h, struct wakeup *w); /* not in: fine */

/* The first to be woken, NULL if there is none. */
struct wakeup *wakeups_first(const struct wakeups *h);

#endif
