/*
 * Brick models in Turtle: which rooms there are, which equipment and points,
 * and what is where. Only the local names of classes and properties count, so
 * that every version of the schema is read.
 *
 *     building ◁─ floor ◁─ room ◁─ equipment ◁─ point       ◁─ is held by
 *        @        floor-5   r510   vav.r510     temp-sensor.r510
 *
 * Rooms and floors are names at the apex. What a room holds is a name below
 * it; so is a zone that has that room alone, what feeds that zone alone, and
 * every point of these. A holder has a PTR to each thing that it holds, and
 * _feeds.THING has one to what it feeds elsewhere. A room that the geometry
 * beside the model has, by number or name, is one with it. Of several buildings
 * each is a name beside its floors. A node without a name (blank) is a thing if
 * it has a class and something holds it.
 *
 * plan_brick.c reads the file, plan_brick_items.c makes items of it.
 */
#ifndef PLACED_TOOLS_PLAN_BRICK_H
#define PLACED_TOOLS_PLAN_BRICK_H

#include "tools/plan.h"

enum brick_sort {
	BRICK_THING,
	BRICK_BUILDING,
	BRICK_FLOOR,
	BRICK_ROOM,
	BRICK_ZONE,
};

struct brick_node {
	const char *uri;
	const char *local; /* what is behind the last '#' or '/' */
	const char *type;  /* local name of its class, NULL: none is told */
	bool blank;	   /* it has no name in the file */
	bool schema;	   /* a class or property: no thing of the building */
	bool part;	   /* something holds or feeds it, or it does */
	enum brick_sort sort;
	const char *name; /* a label */
	int name_rank;	  /* how well its language was chosen */
	const char *level_number;
	const char *tags;
	struct brick_node *holder;
	unsigned rank; /* of the statement that told the holder */
	struct brick_node *parts, *feeds; /* the first that it has or feeds */
	bool many_parts, many_feeds;	  /* and there are others */
	struct plan_item *item;
};

/* subject feeds object, or, with part set, object is a part of subject. */
struct brick_edge {
	struct brick_node *from, *to;
	bool part;
};

struct brick {
	struct plan *p;
	const char *file;
	struct SerdEnvImpl *env;
	struct diag *d;
	bool failed;
	struct brick_node **nodes; /* in order of appearance */
	size_t count, room;
	struct brick_node **table; /* by URI; size is a power of two */
	size_t size;
	struct brick_edge *edges;
	size_t edge_count, edge_room;
	unsigned buildings;
	struct plan_pairs ignored; /* properties: name and how often */
	size_t *ignored_count, ignored_room;
};

/* Child is held by holder unless a statement of a higher rank has told
 * otherwise. */
void brick_hold(struct brick_node *child, struct brick_node *holder,
		unsigned rank);

/* When all is read and every node is sorted: items, links, remarks. */
void brick_take(struct brick *b);

#endif
