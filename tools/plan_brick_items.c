/* Items of a Brick model: what is where, what it is called, which room of the
 * geometry it is. */
#include "tools/plan_brick.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- what is where ------------------------------------------------------- */

/* Parts: a floor of a building, a room of a floor; but a zone that has one
 * room for its part is in that room. */
static void
holders_from_parts(struct brick *b)
{
	for (size_t i = 0; i < b->edge_count; i++) {
		struct brick_edge *e = &b->edges[i];

		if (!e->part)
			continue;
		if (e->from->sort != BRICK_ZONE || e->to->sort != BRICK_ROOM)
			brick_hold(e->to, e->from, 1);
		else if (!e->from->many_parts)
			brick_hold(e->from, e->to, 1);
	}
}

/* What feeds one zone or room, and nothing else, is in that room. */
static void
holders_from_feeds(struct brick *b)
{
	for (size_t i = 0; i < b->edge_count; i++) {
		struct brick_edge *e = &b->edges[i];
		struct brick_node *room =
			e->to->sort == BRICK_ROOM ? e->to : e->to->holder;

		if (!e->part && !e->from->many_feeds &&
		    e->from->holder == NULL && room != NULL &&
		    room->sort == BRICK_ROOM)
			brick_hold(e->from, room, 1);
	}
}

/* A circle of holders is cut where it is met. */
static void
holders_cut(struct brick *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct brick_node *slow = b->nodes[i]->holder;
		const struct brick_node *fast = slow;

		while (fast != NULL && fast->holder != NULL) {
			slow = slow->holder;
			fast = fast->holder->holder;
			if (slow == fast && slow != NULL) {
				plan_note(b->p, b->file, b->nodes[i]->local,
					  "its holders hold each other");
				b->nodes[i]->holder = NULL;
				break;
			}
		}
	}
}

/* --- names --------------------------------------------------------------- */

/* The number of a room: R510 of room_R510, 1071 of Room1071. */
static const char *
room_ref(const struct brick_node *room)
{
	const char *at = room->local;

	if (strncasecmp(at, "room", 4) == 0 && at[4] != '\0' &&
	    !islower((unsigned char)at[4])) {
		at += 4;
		while (*at == '_' || *at == '-' || *at == ' ' || *at == '.')
			at++;
	} else if (strncasecmp(at, "rm", 2) == 0 &&
		   strcspn(at + 2, "0123456789") < 2) {
		at += strcspn(at, "0123456789");
	}
	return *at == '\0' ? room->local : at;
}

/* Takes word, with a '-' beside it, from the end or the beginning of label. */
static void
label_strip(char *label, const char *word)
{
	size_t len = strlen(label), n = strlen(word);

	if (n == 0 || len < n + 2)
		return;
	if (label[len - n - 1] == '-' && strcmp(label + len - n, word) == 0)
		label[len - n - 1] = '\0';
	else if (strncmp(label, word, n) == 0 && label[n] == '-')
		memmove(label, label + n + 1, len - n);
}

/* What a thing is called below its holder: what the holder's name says
 * already is left out. */
static const char *
thing_word(struct brick *b, const struct brick_node *node)
{
	char label[NAME_LABEL_MAX + 1], above[NAME_LABEL_MAX + 1];
	char joined[NAME_LABEL_MAX + 8];

	if (!plan_label(label, node->blank ? node->type : node->local))
		return NULL;
	for (const struct brick_node *at = node->holder; at != NULL;
	     at = at->holder) {
		if (at->sort == BRICK_FLOOR || at->sort == BRICK_BUILDING)
			break;
		if (plan_label(above, at->local))
			label_strip(label, above);
		if (at->sort != BRICK_ROOM || !plan_label(above, room_ref(at)))
			continue;
		label_strip(label, above);
		snprintf(joined, sizeof(joined), "rmi%s", above);
		label_strip(label, joined);
		snprintf(joined, sizeof(joined), "room-%s", above);
		label_strip(label, joined);
		label_strip(label, "hvac-zone");
	}
	return plan_copy(b->p, label, strlen(label));
}

/* --- rooms of the geometry ----------------------------------------------- */

/* What is compared: the label without "room" or "rm" before it; R-103 is R103,
 * but 10-3 is not 103. */
static bool
room_key(char key[NAME_LABEL_MAX + 1], const char *text)
{
	size_t kept = 0;

	if (text == NULL || !plan_label(key, text))
		return false;
	label_strip(key, "room");
	label_strip(key, "rm");
	for (size_t i = 0; key[i] != '\0'; i++)
		if (key[i] != '-' || kept == 0 ||
		    !isdigit((unsigned char)key[i + 1]) ||
		    isdigit((unsigned char)key[kept - 1]))
			key[kept++] = key[i];
	key[kept] = '\0';
	return true;
}

struct room_entry {
	char key[NAME_LABEL_MAX + 1];
	struct plan_item *item;
};

static int
room_cmp(const void *a, const void *b)
{
	return strcmp(((const struct room_entry *)a)->key,
		      ((const struct room_entry *)b)->key);
}

struct room_list {
	struct room_entry *entries;
	size_t count;
};

static struct room_list
rooms_of_geometry(struct plan *p)
{
	struct room_list list = {
		.entries = plan_alloc(p, (2 * p->count + 1) *
						 sizeof(*list.entries))};

	for (size_t i = 0; i < p->count; i++) {
		struct plan_item *item = p->items[i];
		const char *texts[] = {item->ref, item->name};

		for (size_t k = 0; item->kind == PLAN_ROOM && k < 2; k++) {
			struct room_entry *e = &list.entries[list.count];

			if (!room_key(e->key, texts[k]))
				continue;
			e->item = item;
			list.count++;
		}
	}
	qsort(list.entries, list.count, sizeof(*list.entries), room_cmp);
	return list;
}

static struct plan_item *
room_find(const struct room_list *list, const struct brick_node *node)
{
	const char *texts[] = {room_ref(node), node->name, node->local};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct room_entry key = {.key = ""}, *found = NULL;

		if (list->count > 0 && room_key(key.key, texts[i]))
			found = bsearch(&key, list->entries, list->count,
					sizeof(key), room_cmp);
		if (found != NULL)
			return found->item;
	}
	return NULL;
}

/* --- items --------------------------------------------------------------- */

static bool
floor_level(const struct brick_node *floor, struct plan_levels *levels)
{
	const char *texts[] = {floor->level_number, floor->name, floor->local};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i] != NULL && plan_level_parse(levels, texts[i]))
			return true;
	return false;
}

/* What people call it: 05 of floor_05, else its label. */
static const char *
floor_number(struct brick *b, const struct brick_node *floor)
{
	const char *digits = floor->local + strcspn(floor->local, "0123456789");
	size_t len = strspn(digits, "0123456789");
	struct plan_levels levels = {0};

	if (len > 0 && floor_level(floor, &levels) &&
	    levels.at[0] == strtol(digits, NULL, 10))
		return plan_copy(b->p, digits, len);
	return floor->name != NULL ? floor->name : floor->local;
}

/* The floor that a room is on, maybe in a wing or another room; NULL: none. */
static const struct brick_node *
room_floor(const struct brick_node *room)
{
	const struct brick_node *at = room->holder;

	while (at != NULL && at->sort != BRICK_FLOOR)
		at = at->holder;
	return at;
}

/* Where there are several, a room tells its own. */
static void
room_building(struct brick *b, const struct brick_node *room)
{
	const struct brick_node *at = room->holder;

	while (at != NULL && at->sort != BRICK_BUILDING)
		at = at->holder;
	if (at != NULL && b->buildings > 1)
		plan_pair(b->p, &room->item->civic, "BLD",
			  at->name != NULL ? at->name : at->local);
}

static void
item_of_room(struct brick *b, struct brick_node *node,
	     const struct room_list *rooms)
{
	struct plan_item *item = room_find(rooms, node);
	const struct brick_node *floor = room_floor(node);

	if (item != NULL && plan_value(&item->texts, "brick") != NULL)
		item = NULL; /* another room has it */
	if (item == NULL) {
		if (rooms->count > 0)
			plan_note(b->p, b->file, node->local,
				  "no outline has this number or name: no "
				  "position");
		item = plan_add(b->p, PLAN_ROOM, b->file, node->local);
		item->name = node->name;
		if (item->name == NULL || !plan_is_opaque(node->local))
			item->ref = room_ref(node);
		item->type = "room";
		if (floor != NULL)
			floor_level(floor, &item->levels);
	}
	if (floor != NULL && item->floor == NULL)
		item->floor = floor_number(b, floor);
	node->item = item;
	room_building(b, node);
}

static void
item_of(struct brick *b, struct brick_node *node, const struct room_list *rooms)
{
	if (node->sort == BRICK_ROOM) {
		item_of_room(b, node, rooms);
	} else {
		node->item = plan_add(b->p, PLAN_THING, b->file, node->local);
		node->item->name = node->name;
	}
	if (node->sort == BRICK_BUILDING && b->buildings == 1) {
		bool first = true;

		for (size_t i = 0; i < b->p->count; i++)
			if (b->p->items[i]->owner != NULL)
				first = false;
		if (first)
			node->item->owner = "";
		if (first && b->p->building == NULL)
			b->p->building = node->name;
	}
	plan_pair(b->p, &node->item->texts, "brick", node->type);
	plan_pair(b->p, &node->item->texts, "tag", node->tags);
}

/* The name that a thing stands below: its room, or what holds it; a point of
 * what is in a room is below the room itself. */
static void
item_above(struct brick *b, struct brick_node *node)
{
	struct brick_node *above = node->holder;

	if (node->sort == BRICK_ROOM || node->item->owner != NULL)
		return;
	if (above != NULL && above->holder != NULL &&
	    above->sort == BRICK_THING && above->holder->sort == BRICK_ROOM)
		above = above->holder;
	if (node->item->name == NULL)
		node->item->word = thing_word(b, node);
	if (node->sort != BRICK_FLOOR && above != NULL &&
	    above->item->owner == NULL)
		node->item->above = above->item;
}

static bool
brick_is_thing(const struct brick_node *node)
{
	if (node->blank)
		return node->type != NULL && node->holder != NULL &&
		       !node->holder->schema;
	return !node->schema && (node->type != NULL || node->part);
}

static void
brick_links(struct brick *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct brick_node *node = b->nodes[i];

		if (node->item != NULL && node->holder != NULL)
			plan_link(b->p, node->holder->item, NULL, node->item);
	}
	for (size_t i = 0; i < b->edge_count; i++) {
		const struct brick_edge *e = &b->edges[i];

		if (e->from->item == NULL || e->to->item == NULL)
			continue;
		if (!e->part && e->from->holder != e->to->holder &&
		    e->from->holder != e->to)
			plan_link(b->p, e->from->item, "_feeds", e->to->item);
		if (e->part && e->to->holder != e->from &&
		    e->from->holder != e->to)
			plan_link(b->p, e->from->item, NULL, e->to->item);
	}
}

void
brick_take(struct brick *b)
{
	struct room_list rooms = rooms_of_geometry(b->p);

	holders_from_parts(b);
	holders_from_feeds(b);
	holders_cut(b);
	for (size_t i = 0; i < b->count; i++)
		if (brick_is_thing(b->nodes[i]))
			item_of(b, b->nodes[i], &rooms);
	for (size_t i = 0; i < b->count; i++) {
		struct brick_node *node = b->nodes[i];

		if (node->item != NULL && node->holder != NULL &&
		    node->holder->item == NULL) /* a class of the schema */
			node->holder = NULL;
	}
	for (size_t i = 0; i < b->count; i++)
		if (b->nodes[i]->item != NULL)
			item_above(b, b->nodes[i]);
		else if (b->nodes[i]->schema)
			plan_left(b->p, b->file, b->nodes[i]->local,
				  "a word of a schema, not a thing");
		else if (b->nodes[i]->blank && b->nodes[i]->type != NULL)
			plan_left(b->p, b->file, b->nodes[i]->type,
				  "a node without a name that nothing holds");
	brick_links(b);
	for (size_t i = 0; i < b->ignored.count; i++)
		plan_left(b->p, b->file, b->ignored.at[i].key,
			  b->ignored_count[i] == 1
				  ? "a property that has no record, once"
				  : "a property that has no record, %zu times",
			  b->ignored_count[i]);
}
