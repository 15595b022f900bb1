/*
 * Who is inside, and what a client gets to see. A space is seen whole by those
 * who are inside it, told by the prefix or interface they ask from or the key
 * they sign with. To everybody else it is its outside zone (zones/export.h), or
 * nothing at all if it exports nothing.
 *
 *   asked for: lamp.lounge.house.      served: house, lounge.house
 *
 *                     lounge exports something     lounge exports nothing
 *   inside lounge     lounge, inside               lounge, inside
 *   inside house only lounge, outside              house, inside
 *   inside neither    lounge, outside              house, outside if it
 *                                                  exports; else REFUSED
 *
 * A zone that answers about a space which is not to be seen does so as if
 * nothing were there: mostly NXDOMAIN, but a wildcard, a DNAME or a cut above
 * speaks for that name as it does for every name that nobody has, or it would
 * tell of the space by its silence (lookup_without()).
 */
#ifndef PLACED_SERVER_VIEW_H
#define PLACED_SERVER_VIEW_H

#include "lib/conf.h"
#include "server/served.h"

/* Who asks, and what there is for outsiders in the snapshot that answers. */
struct view_client {
	const struct net_addr *from;
	const uint8_t *key; /* whose signature was verified; NULL: none was */
	/* True if the zone with this index exports something; NULL: no zone
	 * does. Asked only about zones that the client is not inside of. */
	bool (*exports)(void *arg, int zone);
	void *arg;
};

struct view {
	int zone;     /* index in conf->zones; -1: nothing that he may see */
	bool outside; /* its outside zone answers */
	bool hidden;  /* a deeper zone was passed over: nothing at or below its
			 apex exists as far as the answering zone may tell */
	int passed;   /* if hidden: the topmost that was; index in conf->zones
		       */
};

/* The place of what is shown in an array of facts: served_facts_new(). */
static inline uint32_t
view_facts(struct view v)
{
	return 2 * (uint32_t)v.zone + v.outside;
}

/* True if the client is inside zone (the `inside` setting). */
bool view_inside(const struct served *s, int zone,
		 const struct view_client *client);

/* True if the client is inside of any zone. */
bool view_inside_any(const struct served *s, const struct view_client *client);

/*
 * Which of the served `inside` settings from is inside of by its address, a bit
 * each: two clients who sign nothing and have the same mask see the same. Only
 * if s->circle_count is at most SERVED_CIRCLES_MAX.
 */
uint64_t view_mask(const struct served *s, const struct net_addr *from);

/*
 * What answers the client about name: the deepest zone served here that holds
 * name and that he may see.
 */
struct view view_zone(const struct served *s, const uint8_t *name,
		      const struct view_client *client);

/* What answers him about a name as if neither this zone nor any below it were
 * served: of DS at its apex, the parent. */
struct view view_above(const struct served *s, int zone,
		       const struct view_client *client);

/* What of this one zone the client may see; never hidden. */
struct view view_of(const struct served *s, int zone,
		    const struct view_client *client);

/* True if view_zone() finds one: what it says of the name, be it that it is not
 * there, is the last word for this client. */
bool view_holds(const struct served *s, const uint8_t *name,
		const struct view_client *client);

/*
 * True if the client may see a zone whose apex is at or below name: then name
 * exists, though an outside zone above may know nothing of it (the delegation
 * is not exported, or is deeper). Looks at VIEW_BELOW_MAX zones at most.
 */
#define VIEW_BELOW_MAX 64
bool view_below(const struct served *s, const uint8_t *name,
		const struct view_client *client);

#endif
