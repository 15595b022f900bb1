/* What is known only when the whole plan is read: levels of what has none,
 * floors that are told twice. */
#include "tools/plan.h"

#include <string.h>

/* A room and the box around it: most points are in few boxes. */
struct settle_room {
	const struct plan_item *item;
	struct plan_box box;
};

struct settle_rooms {
	struct settle_room *at;
	size_t count;
};

static struct settle_rooms
rooms_list(struct plan *p)
{
	struct settle_rooms rooms = {
		.at = plan_alloc(p, p->count * sizeof(*rooms.at))};

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i]->kind == PLAN_ROOM &&
		    p->items[i]->area.count > 0)
			rooms.at[rooms.count++] = (struct settle_room){
				.item = p->items[i],
				.box = plan_shape_box(
					&p->items[i]->area.rings[0]),
			};
	return rooms;
}

/* A box may go on beyond the antimeridian; then so does the point. */
static bool
box_has(const struct plan_box *box, struct plan_point *at)
{
	if (at->lon < box->low.lon - 180)
		at->lon += 360;
	else if (at->lon > box->high.lon + 180)
		at->lon -= 360;
	return at->lat >= box->low.lat && at->lat <= box->high.lat &&
	       at->lon >= box->low.lon && at->lon <= box->high.lon;
}

/* Rooms around a point: the levels of all of them, and how many there are. */
static size_t
rooms_around(const struct settle_rooms *rooms, struct plan_point at,
	     struct plan_levels *levels)
{
	size_t count = 0;

	for (size_t i = 0; i < rooms->count; i++) {
		const struct plan_item *room = rooms->at[i].item;

		if (!box_has(&rooms->at[i].box, &at) ||
		    !plan_shape_contains(&room->area, at))
			continue;
		count++;
		for (unsigned k = 0; k < room->levels.count; k++)
			plan_level_add(levels, room->levels.at[k]);
	}
	return count;
}

/* False if the spot is dropped. */
static bool
settle_spot(struct plan *p, const struct settle_rooms *rooms,
	    struct plan_item *spot)
{
	struct plan_levels levels = {0};
	size_t count = rooms_around(rooms, spot->point, &levels);

	if (count == 0 && p->osm) {
		plan_drop(p, spot,
			  "a point outside of every room, and without "
			  "a level");
		return false;
	}
	if (levels.count == 1)
		spot->levels = levels;
	else if (levels.count > 1)
		plan_note(p, spot->file, spot->id,
			  "no level, and rooms of several around it");
	return true;
}

static void
settle_default(struct plan *p, struct plan_item *item)
{
	if (item->levels.count > 0 || item->area.count == 0)
		return;
	if (p->options->level != NULL)
		plan_level_parse(&item->levels, p->options->level);
	else
		plan_note(p, item->file, item->id,
			  "no level is known (see --level)");
}

/* The first outline of a floor stays. */
static void
settle_floors(struct plan *p)
{
	struct plan_levels seen = {0};

	for (size_t i = 0; i < p->count;) {
		struct plan_item *item = p->items[i];
		unsigned count = seen.count;

		if (item->kind != PLAN_LEVEL) {
			i++;
			continue;
		}
		if (item->levels.count == 0) {
			plan_drop(p, item, "a floor without a level");
			continue;
		}
		plan_level_add(&seen, item->levels.at[0]);
		if (seen.count == count)
			plan_drop(p, item, "a second outline of its floor");
		else
			i++;
	}
}

static void
settle_number(struct plan_item *room)
{
	if (room->ref != NULL || room->name == NULL ||
	    !plan_is_number(room->name))
		return;
	room->ref = room->name;
	room->name = NULL;
}

void
plan_feature_settle(struct plan *p)
{
	struct settle_rooms rooms;
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		struct plan_item *item = p->items[i];

		if (item->kind == PLAN_ROOM) {
			settle_default(p, item);
			settle_number(item);
		}
		any = any || item->levels.count > 0;
	}
	rooms = rooms_list(p);
	for (size_t i = 0; any && i < p->count;) {
		struct plan_item *item = p->items[i];

		if (item->kind != PLAN_SPOT || item->levels.count > 0 ||
		    settle_spot(p, &rooms, item))
			i++;
	}
	settle_floors(p);
}
