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
 * beside the model has, by number or name, is one with it.
 */
#include "tools/plan.h"

#include <ctype.h>
#include <serd/serd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	bool schema;	   /* a class or property: no thing of the building */
	bool part;	   /* something holds or feeds it, or it does */
	enum brick_sort sort;
	const char *name; /* a label */
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
	SerdEnv *env;
	struct diag *d;
	bool failed;
	struct brick_node **nodes; /* in order of appearance */
	size_t count, room;
	struct brick_node **table; /* by URI; size is a power of two */
	size_t size;
	struct brick_edge *edges;
	size_t edge_count, edge_room;
	struct plan_pairs ignored; /* properties: name and how often */
	size_t *ignored_count, ignored_room;
};

static void *
brick_grow(struct brick *b, void *old, size_t count, size_t *room, size_t size)
{
	void *block;

	if (count < *room)
		return old;
	*room = *room == 0 ? 64 : *room * 2;
	block = plan_alloc(b->p, *room * size);
	if (count > 0)
		memcpy(block, old, count * size);
	return block;
}

/* --- nodes --------------------------------------------------------------- */

static const char *
brick_local(const char *uri)
{
	const char *local = uri;

	for (const char *at = uri; *at != '\0'; at++)
		if ((*at == '#' || *at == '/' || *at == ':') && at[1] != '\0')
			local = at + 1;
	return local;
}

static struct brick_node **
brick_slot(struct brick *b, const char *uri)
{
	uint64_t h = 1469598103934665603u;

	for (const char *at = uri; *at != '\0'; at++)
		h = (h ^ (unsigned char)*at) * 1099511628211u;
	for (size_t i = h & (b->size - 1);; i = (i + 1) & (b->size - 1))
		if (b->table[i] == NULL || strcmp(b->table[i]->uri, uri) == 0)
			return &b->table[i];
}

static void
brick_widen(struct brick *b)
{
	if (2 * (b->count + 1) <= b->size)
		return;
	b->size = b->size == 0 ? 1024 : 2 * b->size;
	b->table = plan_alloc(b->p, b->size * sizeof(struct brick_node *));
	for (size_t i = 0; i < b->count; i++)
		*brick_slot(b, b->nodes[i]->uri) = b->nodes[i];
}

static struct brick_node *
brick_node(struct brick *b, const char *uri)
{
	struct brick_node **slot, *node;

	brick_widen(b);
	slot = brick_slot(b, uri);
	if (*slot != NULL)
		return *slot;
	node = plan_alloc(b->p, sizeof(*node));
	node->uri = plan_copy(b->p, uri, strlen(uri));
	node->local = brick_local(node->uri);
	*slot = node;
	b->nodes = brick_grow(b, b->nodes, b->count, &b->room,
			      sizeof(struct brick_node *));
	b->nodes[b->count++] = node;
	return node;
}

/* --- classes ------------------------------------------------------------- */

static bool
word_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(word, list[i]) == 0)
			return true;
	return false;
}

static bool
ends_with(const char *word, const char *end)
{
	size_t n = strlen(word), m = strlen(end);

	return n > m && strcasecmp(word + n - m, end) == 0;
}

/* A class of things in buildings, or NULL: of the schema itself. */
static bool
type_is_schema(const char *type)
{
	static const char *const words[] = {"Class",
					    "Ontology",
					    "ObjectProperty",
					    "DatatypeProperty",
					    "AnnotationProperty",
					    "Property",
					    "NodeShape",
					    "PropertyShape",
					    "Concept",
					    "Restriction",
					    "FunctionalProperty",
					    "Tag",
					    "AsymmetricProperty",
					    "IrreflexiveProperty",
					    "SymmetricProperty",
					    "TransitiveProperty",
					    "InverseFunctionalProperty"};

	return word_of(type, words, ARRAY_LEN(words));
}

static enum brick_sort
type_sort(const char *type)
{
	static const char *const rooms[] = {
		"Room",		  "Office",	"Lobby",	   "Hallway",
		"Corridor",	  "Restroom",	"Bathroom",	   "Kitchen",
		"Kitchenette",	  "Laboratory", "Auditorium",	   "Atrium",
		"Library",	  "Lounge",	"Cafeteria",	   "Closet",
		"Stairwell",	  "Staircase",	"Cubicle",	   "Space",
		"Gymnasium",	  "Studio",	"Theater",	   "Garage",
		"Elevator_Shaft", "Vestibule",	"Reception",	   "Storage",
		"Classroom",	  "Workshop",	"Enclosed_Office", "Concourse"};
	static const char *const tails[] = {
		"_Room", "_Office", "_Closet", "_Lobby",   "_Lab", "_Hall",
		"_Area", "_Space",  "_Studio", "_Cubicle", "Room"};

	if (strcasecmp(type, "Building") == 0)
		return BRICK_BUILDING;
	if (strcasecmp(type, "Floor") == 0 || strcasecmp(type, "Storey") == 0 ||
	    strcasecmp(type, "Level") == 0 || ends_with(type, "_Floor") ||
	    strcasecmp(type, "Basement") == 0 || ends_with(type, "_Level"))
		return strcasestr(type, "sensor") != NULL ? BRICK_THING
							  : BRICK_FLOOR;
	if (word_of(type, rooms, ARRAY_LEN(rooms)))
		return BRICK_ROOM;
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if (ends_with(type, tails[i]))
			return BRICK_ROOM;
	if (strcasecmp(type, "Zone") == 0 || ends_with(type, "_Zone"))
		return BRICK_ZONE;
	return BRICK_THING;
}

/* --- statements ---------------------------------------------------------- */

static void
brick_type(struct brick *b, struct brick_node *s, const char *object)
{
	const char *type = brick_local(object);

	if (type_is_schema(type)) {
		s->schema = true;
		return;
	}
	if (strcmp(type, "NamedIndividual") == 0)
		return;
	/* Of several classes the one that makes it a room or floor counts. */
	if (s->type == NULL || (type_sort(s->type) == BRICK_THING &&
				type_sort(type) != BRICK_THING))
		s->type = plan_copy(b->p, type, strlen(type));
}

static void
brick_hold(struct brick_node *child, struct brick_node *holder, unsigned rank)
{
	child->part = holder->part = true;
	if (child == holder || (child->holder != NULL && rank < child->rank))
		return;
	child->holder = holder;
	child->rank = rank;
}

static void
brick_edge(struct brick *b, struct brick_node *from, struct brick_node *to,
	   bool part)
{
	struct brick_node **first = part ? &from->parts : &from->feeds;
	bool *many = part ? &from->many_parts : &from->many_feeds;

	from->part = to->part = true;
	*many = *many || (*first != NULL && *first != to);
	*first = to;
	b->edges = brick_grow(b, b->edges, b->edge_count, &b->edge_room,
			      sizeof(*b->edges));
	b->edges[b->edge_count++] =
		(struct brick_edge){.from = from, .to = to, .part = part};
}

static void
brick_ignore(struct brick *b, const char *property)
{
	size_t i = 0;

	while (i < b->ignored.count &&
	       strcmp(b->ignored.at[i].key, property) != 0)
		i++;
	if (i == b->ignored.count) {
		if (i >= 256)
			return;
		b->ignored_count =
			brick_grow(b, b->ignored_count, i, &b->ignored_room,
				   sizeof(*b->ignored_count));
		plan_pair(b->p, &b->ignored, property, "x");
		b->ignored_count[i] = 0;
	}
	b->ignored_count[i]++;
}

/* Who holds whom; a higher rank wins. What is a point of something is named by
 * that, not by the room it is in. */
static bool
brick_structure(struct brick *b, struct brick_node *s, const char *verb,
		const char *object)
{
	static const struct {
		const char *verb;
		unsigned rank;
		bool down; /* the subject holds the object */
		bool part;
	} verbs[] = {
		{"isPartOf", 1, false, true},
		{"hasPart", 1, true, true},
		{"isLocatedIn", 2, false, false},
		{"hasLocation", 2, false, false},
		{"locatedIn", 2, false, false},
		{"isLocationOf", 2, true, false},
		{"contains", 3, true, false},
		{"isContainedIn", 3, false, false},
		{"isPointOf", 4, false, false},
		{"hasPoint", 4, true, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		struct brick_node *o, *from, *to;

		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		o = brick_node(b, object);
		from = verbs[i].down ? s : o;
		to = verbs[i].down ? o : s;
		if (verbs[i].part)
			brick_edge(b, from, to, true);
		else
			brick_hold(to, from, verbs[i].rank);
		return true;
	}
	return false;
}

static void
brick_statement(struct brick *b, struct brick_node *s, const char *verb,
		const char *object, bool literal)
{
	if (strcmp(verb, "type") == 0) {
		brick_type(b, s, object);
	} else if (strcmp(verb, "label") == 0 ||
		   strcmp(verb, "prefLabel") == 0) {
		if (s->name == NULL)
			s->name = plan_text(b->p, object);
	} else if (strcmp(verb, "hasTag") == 0) {
		s->tags = s->tags == NULL ? plan_text(b->p, brick_local(object))
					  : plan_format(b->p, "%s;%s", s->tags,
							brick_local(object));
	} else if (!literal && strcmp(verb, "feeds") == 0) {
		brick_edge(b, s, brick_node(b, object), false);
	} else if (!literal && strcmp(verb, "isFedBy") == 0) {
		brick_edge(b, brick_node(b, object), s, false);
	} else if (literal || !brick_structure(b, s, verb, object)) {
		brick_ignore(b, verb);
	}
}

/* --- Turtle -------------------------------------------------------------- */

/* The node's full URI, or its text; the caller's buffer is malloc'd by serd.
 */
static const char *
turtle_text(struct brick *b, const SerdNode *node, SerdNode *full)
{
	*full = SERD_NODE_NULL;
	if (node->type == SERD_CURIE || node->type == SERD_URI)
		*full = serd_env_expand_node(b->env, node);
	return (const char *)(full->buf != NULL ? full->buf : node->buf);
}

static SerdStatus
turtle_statement(void *ctx, SerdStatementFlags flags, const SerdNode *graph,
		 const SerdNode *subject, const SerdNode *predicate,
		 const SerdNode *object, const SerdNode *datatype,
		 const SerdNode *lang)
{
	struct brick *b = ctx;
	SerdNode full[3];
	const char *s = turtle_text(b, subject, &full[0]);
	const char *v = turtle_text(b, predicate, &full[1]);
	const char *o = turtle_text(b, object, &full[2]);

	(void)flags;
	(void)graph;
	(void)datatype;
	(void)lang;
	if (subject->type != SERD_BLANK)
		brick_statement(b, brick_node(b, s), brick_local(v), o,
				object->type == SERD_LITERAL ||
					object->type == SERD_BLANK);
	else
		brick_ignore(b, brick_local(v));
	for (size_t i = 0; i < 3; i++)
		serd_node_free(&full[i]);
	return SERD_SUCCESS;
}

static SerdStatus
turtle_base(void *ctx, const SerdNode *uri)
{
	struct brick *b = ctx;

	return serd_env_set_base_uri(b->env, uri);
}

static SerdStatus
turtle_prefix(void *ctx, const SerdNode *name, const SerdNode *uri)
{
	struct brick *b = ctx;

	return serd_env_set_prefix(b->env, name, uri);
}

/* The first error is the one to tell. */
static SerdStatus
turtle_error(void *ctx, const SerdError *error)
{
	struct brick *b = ctx;
	char text[256];

	if (b->failed)
		return SERD_SUCCESS;
	b->failed = true;
	vsnprintf(text, sizeof(text), error->fmt, *error->args);
	text[strcspn(text, "\n")] = '\0';
	diag_set(b->d, ERR_SYNTAX, "%s:%u:%u: %s", b->file,
		 error->line < 1 ? 1 : error->line,
		 error->col < 1 ? 1 : error->col, text);
	return SERD_SUCCESS;
}

static enum err
turtle_read(struct brick *b, const char *text)
{
	SerdReader *reader;
	SerdStatus status;

	b->env = serd_env_new(NULL);
	reader = serd_reader_new(SERD_TURTLE, b, NULL, turtle_base,
				 turtle_prefix, turtle_statement, NULL);
	if (b->env == NULL || reader == NULL)
		return diag_set(b->d, ERR_NOMEM, "%s: %s", b->file,
				err_text(ERR_NOMEM));
	serd_reader_set_error_sink(reader, turtle_error, b);
	status = serd_reader_read_string(reader, (const uint8_t *)text);
	serd_reader_free(reader);
	serd_env_free(b->env);
	if (b->failed)
		return ERR_SYNTAX;
	if (status > SERD_FAILURE)
		return diag_set(b->d, ERR_SYNTAX, "%s:1: %s", b->file,
				(const char *)serd_strerror(status));
	return ERR_OK;
}

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

	if (!plan_label(label, node->local))
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

/* What is compared: the label without "room" or "rm" before it. */
static bool
room_key(char key[NAME_LABEL_MAX + 1], const char *text)
{
	if (text == NULL || !plan_label(key, text))
		return false;
	label_strip(key, "room");
	label_strip(key, "rm");
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

static const char *
floor_number(struct brick *b, const struct brick_node *floor)
{
	const char *digits = floor->local + strcspn(floor->local, "0123456789");
	size_t len = strspn(digits, "0123456789");

	return len > 0	     ? plan_copy(b->p, digits, len)
	       : floor->name ? floor->name
			     : floor->local;
}

static void
item_of_room(struct brick *b, struct brick_node *node,
	     const struct room_list *rooms)
{
	struct plan_item *item = room_find(rooms, node);

	if (item != NULL && plan_value(&item->texts, "brick") != NULL)
		item = NULL; /* another room has it */
	if (item == NULL) {
		if (rooms->count > 0)
			plan_note(b->p, b->file, node->local,
				  "no outline has this number or name: no "
				  "position");
		item = plan_add(b->p, PLAN_ROOM, b->file, node->local);
		item->ref = room_ref(node);
		item->name = node->name;
		item->type = "room";
		if (node->holder != NULL && node->holder->sort == BRICK_FLOOR)
			plan_level_parse(&item->levels,
					 floor_number(b, node->holder));
	}
	if (node->holder != NULL && node->holder->sort == BRICK_FLOOR &&
	    item->floor == NULL)
		item->floor = floor_number(b, node->holder);
	node->item = item;
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
	if (node->sort == BRICK_BUILDING) {
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

static void
brick_take(struct brick *b)
{
	struct room_list rooms = rooms_of_geometry(b->p);

	for (size_t i = 0; i < b->count; i++)
		b->nodes[i]->sort = b->nodes[i]->type == NULL
					    ? BRICK_THING
					    : type_sort(b->nodes[i]->type);
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
	brick_links(b);
	for (size_t i = 0; i < b->ignored.count; i++)
		plan_left(b->p, b->file, b->ignored.at[i].key,
			  "a property that has no record, %zu times",
			  b->ignored_count[i]);
}

enum err
plan_brick(struct plan *p, const char *path, struct diag *d)
{
	struct brick b = {.p = p, .d = d};
	char *text;
	size_t len;
	enum err e = plan_read(p, path, &text, &len, d);

	if (e != ERR_OK)
		return e;
	b.file = plan_copy(p, path, strlen(path));
	e = turtle_read(&b, text);
	if (e == ERR_OK)
		brick_take(&b);
	return e;
}
