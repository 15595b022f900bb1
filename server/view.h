/*
 * Who is inside. A space is seen by those who are inside it, told by the
 * prefix they ask from; to everybody else a space that exports nothing does
 * not exist here.
 */
#ifndef PLACED_SERVER_VIEW_H
#define PLACED_SERVER_VIEW_H

#include "lib/conf.h"
#include "server/served.h"

/* True if from is inside zone (the `inside` setting). */
bool view_inside(const struct conf_zone *zone, const struct net_addr *from);

/*
 * Which of the served `inside` settings from is inside of, a bit each: two
 * clients with the same mask see the same. Only if s->circle_count is at most
 * SERVED_CIRCLES_MAX.
 */
uint64_t view_mask(const struct served *s, const struct net_addr *from);

/*
 * The zone that answers `from` about name: the deepest zone served here that
 * holds name and that from is inside of. Its index, or -1: nothing that from
 * may see. *hidden is set if a deeper one was passed over; then name does not
 * exist as far as the answering zone may tell.
 */
int view_zone(const struct served *s, const uint8_t *name,
	      const struct net_addr *from, bool *hidden);

#endif
