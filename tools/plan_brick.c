/* Brick models: nodes, classes, statements, Turtle. */
#include "tools/plan_brick.h"

#include <ctype.h>
#include <serd/serd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IGNORED_MAX 256 /* properties, by name */
#define DEPTH_MAX 100	/* of nodes in nodes and lists */

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

/* %20 and its like. */
static const char *
brick_decode(struct brick *b, const char *local)
{
	char *copy = plan_copy(b->p, local, strlen(local)), *to = copy;
	const char *text;

	for (const char *at = copy; *at != '\0'; at++) {
		char hex[3] = {at[0], at[0] == '\0' ? '\0' : at[1], '\0'};

		if (*at == '%' && isxdigit((unsigned char)at[1]) &&
		    isxdigit((unsigned char)at[2])) {
			memcpy(hex, at + 1, 2);
			*to++ = (char)strtol(hex, NULL, 16);
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	text = plan_text(b->p, copy);
	return text != NULL ? text : "-";
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
	node->local = brick_decode(b, brick_local(node->uri));
	node->blank = strncmp(uri, "_:", 2) == 0;
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

void
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

	property = plan_text(b->p, property);
	if (property == NULL)
		return;

	while (i < b->ignored.count &&
	       strcmp(b->ignored.at[i].key, property) != 0)
		i++;
	if (i == b->ignored.count) {
		if (i >= IGNORED_MAX)
			property = "further ones";
		if (i > IGNORED_MAX) {
			b->ignored_count[IGNORED_MAX]++;
			return;
		}
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
		{"includes", 1, true, true},
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

/* The language asked for is best, then none, then English, then the first. */
static void
brick_label(struct brick *b, struct brick_node *s, const char *text,
	    const char *language)
{
	const char *asked = b->p->language;
	int rank = 1;

	if (language == NULL)
		rank = 3;
	else if (asked != NULL &&
		 strncasecmp(language, asked, strcspn(asked, "-_")) == 0)
		rank = 4;
	else if (strncasecmp(language, "en", 2) == 0)
		rank = 2;
	text = plan_text(b->p, text);
	if (text == NULL || rank <= s->name_rank)
		return;
	s->name = text;
	s->name_rank = rank;
}

static void
brick_statement(struct brick *b, struct brick_node *s, const char *verb,
		const char *object, bool literal, const char *language)
{
	if (strcmp(verb, "type") == 0) {
		brick_type(b, s, object);
	} else if (strcmp(verb, "label") == 0 ||
		   strcmp(verb, "prefLabel") == 0 ||
		   (literal && strcmp(verb, "name") == 0)) {
		brick_label(b, s, object, language);
	} else if (literal && strcmp(verb, "levelNumber") == 0) {
		s->level_number = plan_text(b->p, object);
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

/* The node's full URI, or its text, "_:" before it if it is blank; the caller's
 * buffer is malloc'd by serd. */
static const char *
turtle_text(struct brick *b, const SerdNode *node, SerdNode *full)
{
	*full = SERD_NODE_NULL;
	if (node->type == SERD_BLANK)
		return plan_format(b->p, "_:%s", (const char *)node->buf);
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
	brick_statement(b, brick_node(b, s), brick_local(v), o,
			object->type == SERD_LITERAL,
			lang == NULL ? NULL : (const char *)lang->buf);
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
	plan_clean(text);
	diag_set(b->d, ERR_SYNTAX, "%s:%u:%u: %s", b->file,
		 error->line < 1 ? 1 : error->line,
		 error->col < 1 ? 1 : error->col, text);
	return SERD_SUCCESS;
}

/* Behind a string that begins at `at`. */
static const char *
turtle_string(const char *at)
{
	char quote = *at;
	bool three = at[1] == quote && at[2] == quote;

	at += three ? 3 : 1;
	while (*at != '\0') {
		if (*at == '\\' && at[1] != '\0')
			at += 2;
		else if (*at != quote ||
			 (three && (at[1] != quote || at[2] != quote)))
			at++;
		else
			return at + (three ? 3 : 1);
	}
	return at;
}

/* The line on which nodes are within each other deeper than serd's recursion
 * should go; 0: none. */
static unsigned
turtle_too_deep(const char *at)
{
	unsigned depth = 0, line = 1;

	while (*at != '\0') {
		const char *from = at;

		if (*at == '"' || *at == '\'')
			at = turtle_string(at);
		else if (*at == '#')
			at += strcspn(at, "\n");
		else if (*at == '<')
			at += 1 + strcspn(at + 1, ">\n");
		else
			at++;
		for (; from < at; from++)
			line += *from == '\n';
		if (at[-1] == '[' || at[-1] == '(')
			depth++;
		else if ((at[-1] == ']' || at[-1] == ')') && depth > 0)
			depth--;
		if (depth > DEPTH_MAX)
			return line;
	}
	return 0;
}

static enum err
turtle_read(struct brick *b, const char *text)
{
	SerdReader *reader;
	SerdStatus status;
	unsigned line = turtle_too_deep(text);

	if (line > 0)
		return diag_set(b->d, ERR_RANGE,
				"%s:%u: nodes are nested more than %d deep",
				b->file, line, DEPTH_MAX);
	text += strspn(text, " \t\r\n");
	if (text[0] == '{' || strncmp(text, "<?xml", 5) == 0 ||
	    strncmp(text, "<rdf:", 5) == 0)
		return diag_set(b->d, ERR_SYNTAX,
				"%s:1: this is %s; the model is read as Turtle",
				b->file, text[0] == '{' ? "JSON" : "XML");
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

/* --- a file -------------------------------------------------------------- */

static void
brick_sort_nodes(struct brick *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct brick_node *node = b->nodes[i];

		if (node->type == NULL || node->schema)
			continue;
		node->sort = type_sort(node->type);
		b->buildings += node->sort == BRICK_BUILDING;
	}
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
	if (e == ERR_OK) {
		brick_sort_nodes(&b);
		brick_take(&b);
	}
	return e;
}
