/*
 * What is served: the configuration and the zones it names, as one value that
 * never changes. A reload makes a new one; each thread moves over when it is
 * told to, and the last one to leave frees it.
 *
 * The prefixes of interfaces belong to it, not to the configuration: when an
 * interface has got other addresses, a new value is made over the same
 * configuration.
 */
#ifndef PLACED_SERVER_SERVED_H
#define PLACED_SERVER_SERVED_H

#include "lib/conf.h"
#include "zones/edit.h"
#include "zones/zone.h"

/* Different `inside` settings that can be told apart in one word. */
#define SERVED_CIRCLES_MAX 64

#define SERVED_PREFIXES_MAX 64 /* of one interface */

/* An interface as it was when the value was made. */
struct served_interface {
	uint32_t index; /* the system's; 0: gone */
	unsigned prefix_count;
	struct net_prefix prefixes[SERVED_PREFIXES_MAX];
};

struct served {
	_Atomic unsigned refs;
	struct conf *conf;     /* owned, or origin's */
	struct served *origin; /* whose conf it is; NULL: our own */
	struct served_interface *interfaces; /* one for each of the conf's */
	struct edit_limits limits;
	uint32_t *slots; /* hash table of conf->zones by apex: index + 1, 0
			    empty */
	uint32_t mask;
	unsigned depth_max;		  /* most labels of any apex */
	bool depths[NAME_LABELS_MAX + 1]; /* that any apex has */
	/* zones with an `inside` unlike that of those before; see view.h */
	uint32_t circles[SERVED_CIRCLES_MAX]; /* indices in conf->zones */
	unsigned circle_count; /* SERVED_CIRCLES_MAX + 1: there are more */
};

/* Takes over conf. NULL: memory (then conf is still the caller's). One
 * reference. */
struct served *served_new(struct conf *conf);
struct served *served_hold(struct served *s);
void served_release(struct served *s);

/*
 * The same configuration with the prefixes that its interfaces have now: a new
 * value with one reference, which keeps what it needs of s. NULL and *e ERR_OK:
 * they are what they were; ERR_NOMEM.
 */
struct served *served_renew(struct served *s, enum err *e);

/* What one reader keeps of all zones, two facts each: 2 i the zone's, 2 i + 1
 * its outside's. To be freed with free(); NULL: memory. */
struct zone_facts *served_facts_new(const struct served *s);

/* Index in conf->zones of the zone with exactly this apex, or -1. */
int served_exact(const struct served *s, const uint8_t *apex);

/* Index of the deepest zone that name is at or below, or -1. */
int served_find(const struct served *s, const uint8_t *name);

/* Index of the deepest zone that is strictly above zone i, or -1. */
int served_parent(const struct served *s, int i);

/* Index of the first zone, in canonical order, whose apex is name or comes
 * after it; conf->zone_count: none. Those below name follow one another. */
size_t served_after(const struct served *s, const uint8_t *name);

#endif
