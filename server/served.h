/*
 * What is served: the configuration and the zones it names, as one value that
 * never changes. A reload makes a new one; each thread moves over when it is
 * told to, and the last one to leave frees it.
 */
#ifndef PLACED_SERVER_SERVED_H
#define PLACED_SERVER_SERVED_H

#include "lib/conf.h"
#include "zones/edit.h"

/* Different `inside` settings that can be told apart in one word. */
#define SERVED_CIRCLES_MAX 64

struct served {
	_Atomic unsigned refs;
	struct conf *conf; /* owned */
	struct edit_limits limits;
	uint32_t *slots; /* hash table of conf->zones by apex: index + 1, 0
			    empty */
	uint32_t mask;
	unsigned depth_max; /* most labels of any apex */
	/* zones with an `inside` unlike that of those before; see view.h */
	const struct conf_zone *circles[SERVED_CIRCLES_MAX];
	unsigned circle_count; /* SERVED_CIRCLES_MAX + 1: there are more */
};

/* Takes over conf. NULL: memory (then conf is still the caller's). One
 * reference. */
struct served *served_new(struct conf *conf);
struct served *served_hold(struct served *s);
void served_release(struct served *s);

/* Index in conf->zones of the zone with exactly this apex, or -1. */
int served_exact(const struct served *s, const uint8_t *apex);

/* Index of the deepest zone that name is at or below, or -1. */
int served_find(const struct served *s, const uint8_t *name);

/* Index of the deepest zone that is strictly above zone i, or -1. */
int served_parent(const struct served *s, int i);

#endif
