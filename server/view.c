#include "server/view.h"

bool
view_inside(const struct conf_zone *zone, const struct net_addr *from)
{
	for (size_t i = 0; i < zone->inside_count; i++)
		if (net_prefix_contains(&zone->inside[i], from))
			return true;
	return false;
}

uint64_t
view_mask(const struct served *s, const struct net_addr *from)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < s->circle_count; i++)
		if (view_inside(s->circles[i], from))
			mask |= (uint64_t)1 << i;
	return mask;
}

int
view_zone(const struct served *s, const uint8_t *name,
	  const struct net_addr *from, bool *hidden)
{
	int i = served_find(s, name);

	*hidden = false;
	while (i >= 0 && !view_inside(&s->conf->zones[i], from)) {
		*hidden = true;
		i = served_parent(s, i);
	}
	return i;
}
