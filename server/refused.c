#include "server/refused.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct refused {
	pthread_mutex_t lock;
	uint64_t count; /* of all ever noted */
	struct refused_update kept[REFUSED_KEPT];
};

struct refused *
refused_new(void)
{
	struct refused *r = calloc(1, sizeof(*r));

	if (r != NULL)
		pthread_mutex_init(&r->lock, NULL);
	return r;
}

void
refused_free(struct refused *r)
{
	if (r == NULL)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
refused_note(struct refused *r, uint64_t time, const struct net_addr *from,
	     const char *reason)
{
	size_t len = strnlen(reason, REFUSED_REASON_MAX - 1);
	struct refused_update *u;

	pthread_mutex_lock(&r->lock);
	u = &r->kept[r->count++ % REFUSED_KEPT];
	u->number = r->count;
	u->time = time;
	u->from = *from;
	memcpy(u->reason, reason, len);
	u->reason[len] = '\0';
	pthread_mutex_unlock(&r->lock);
}

bool
refused_read(struct refused *r, uint64_t number, struct refused_update *u)
{
	uint64_t oldest;
	bool found;

	pthread_mutex_lock(&r->lock);
	oldest = r->count > REFUSED_KEPT ? r->count - REFUSED_KEPT + 1 : 1;
	if (number < oldest)
		number = oldest;
	found = number <= r->count;
	if (found)
		*u = r->kept[(number - 1) % REFUSED_KEPT];
	pthread_mutex_unlock(&r->lock);
	return found;
}
