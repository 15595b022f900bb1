#include "resolver/ladder.h"

struct climb {
	const struct ladder_client *client;
	const uint8_t *apex; /* entries must be at or below it; NULL: any */
	struct ladder *ladder;
};

/* The longest entry that the client may use, if it is specific enough. */
static bool
climb_reach(void *arg, uint32_t zone, const uint8_t *entry)
{
	const struct climb *c = arg;

	if (zone != REACH_CONF && !c->client->inside(c->client->arg, zone))
		return false;
	if (c->apex != NULL && !name_at_or_below(entry, c->apex))
		return false;
	c->ladder->entry = entry;
	c->ladder->zone = zone;
	return true;
}

void
ladder_climb(struct ladder *l, const struct ladder_client *c,
	     const struct reach *r, const uint8_t *name, bool child)
{
	struct climb climb = {.client = c, .ladder = l};
	bool special, reached;

	*l = (struct ladder){.step = LADDER_CLOSED};
	if (!c->recursive || !c->inside_any)
		return;
	if (child) {
		l->step = LADDER_CHILD;
		return;
	}
	special_find(&l->special, name);
	special = l->special.answer != SPECIAL_NONE;
	if (special)
		climb.apex = l->special.apex;
	reached = (!special || l->special.reach_beats) &&
		  reach_covers(r, name, climb_reach, &climb);
	if (reached)
		l->step = LADDER_REACH;
	else
		l->step = special ? LADDER_SPECIAL : LADDER_BLOCKED;
}
