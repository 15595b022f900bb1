/*
 * OpenStreetMap XML with Simple Indoor Tagging: nodes, ways, and relations of
 * type multipolygon whose ways are joined to rings here. Elements without tags
 * are only geometry. A way whose nodes are not all in the file is taken with
 * those that are. Overpass may say where a way's nodes are within the way
 * ("out geom"), or give the centre of what has an outline ("out center").
 */
#include "tools/plan_json.h"

#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct osm_node {
	long long id;
	struct plan_point at;
};

struct osm_way {
	long long id;
	long long *refs; /* node ids */
	size_t count;
};

struct osm_member {
	struct osm_way way; /* with nodes if they are told here */
	size_t room;
	bool inner;
};

/* An element with tags, or a way: what its end tag closes. */
struct osm_element {
	enum {
		OSM_NODE,
		OSM_WAY,
		OSM_RELATION
	} kind;
	long long id;
	struct plan_point at; /* of a way or relation its centre, if told */
	struct plan_pairs tags;
	long long *refs; /* of a way */
	struct osm_member *members;
	size_t count, room;
	bool gone; /* deleted in the editor that wrote the file */
};

struct osm {
	struct plan *p;
	const char *file;
	XML_Parser parser;
	bool root; /* <osm> was seen */
	struct osm_node *nodes;
	size_t node_count, node_room;
	struct osm_way *ways;
	size_t way_count, way_room;
	struct osm_element **elements; /* with tags, in the file's order */
	size_t element_count, element_room;
	struct osm_element *open;
	bool in_member; /* the last one of the open relation */
};

static void *
osm_grow(struct osm *o, void *old, size_t count, size_t *room, size_t size)
{
	void *block;

	if (count < *room)
		return old;
	*room = *room == 0 ? 16 : *room * 2;
	block = plan_alloc(o->p, *room * size);
	if (count > 0)
		memcpy(block, old, count * size);
	return block;
}

/* --- reading ------------------------------------------------------------- */

static const char *
attribute(const char **atts, const char *name)
{
	for (; atts[0] != NULL; atts += 2)
		if (strcmp(atts[0], name) == 0)
			return atts[1];
	return NULL;
}

static long long
attribute_id(const char **atts, const char *name)
{
	const char *text = attribute(atts, name);

	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

static double
attribute_degrees(const char **atts, const char *name)
{
	const char *text = attribute(atts, name);
	char *end;
	double value = text == NULL ? NAN : strtod(text, &end);

	return text == NULL || end == text || *end != '\0' ? NAN : value;
}

static struct plan_point
attribute_point(const char **atts)
{
	return (struct plan_point){.lat = attribute_degrees(atts, "lat"),
				   .lon = attribute_degrees(atts, "lon")};
}

static bool
point_valid(struct plan_point at)
{
	return fabs(at.lat) <= 90 && fabs(at.lon) <= PLAN_LON_MAX;
}

static void
osm_add_node(struct osm *o, long long id, struct plan_point at)
{
	o->nodes = osm_grow(o, o->nodes, o->node_count, &o->node_room,
			    sizeof(*o->nodes));
	o->nodes[o->node_count++] = (struct osm_node){.id = id, .at = at};
}

static void
osm_open(struct osm *o, int kind, const char **atts)
{
	const char *action = attribute(atts, "action");
	const char *visible = attribute(atts, "visible");
	struct osm_element *e = plan_alloc(o->p, sizeof(*e));

	e->kind = kind;
	e->id = attribute_id(atts, "id");
	e->at = attribute_point(atts);
	e->gone = (action != NULL && strcmp(action, "delete") == 0) ||
		  (visible != NULL && strcmp(visible, "false") == 0);
	o->open = e;
}

/* An id for a node that is told by its place alone, the same for all there. */
static long long
point_id(struct plan_point at)
{
	return -(llround((at.lat + 90) * 1e7) * 4000000000 +
		 llround((at.lon + 181) * 1e7) + 1);
}

/* A node of a way, or of a member of a relation. */
static void
osm_add_ref(struct osm *o, const char **atts)
{
	struct osm_element *e = o->open;
	struct plan_point at = attribute_point(atts);
	long long ref = attribute_id(atts, "ref");

	if (e->kind != OSM_WAY && !point_valid(at))
		return;
	if (e->kind != OSM_WAY)
		ref = point_id(at);
	if (point_valid(at))
		osm_add_node(o, ref, at);
	if (e->kind == OSM_WAY) {
		e->refs = osm_grow(o, e->refs, e->count, &e->room,
				   sizeof(*e->refs));
		e->refs[e->count++] = ref;
	} else if (o->in_member) {
		struct osm_member *m = &e->members[e->count - 1];

		m->way.refs = osm_grow(o, m->way.refs, m->way.count, &m->room,
				       sizeof(*m->way.refs));
		m->way.refs[m->way.count++] = ref;
	}
}

static void
osm_add_member(struct osm *o, const char **atts)
{
	struct osm_element *e = o->open;
	const char *type = attribute(atts, "type");
	const char *role = attribute(atts, "role");

	o->in_member = type != NULL && strcmp(type, "way") == 0;
	if (!o->in_member)
		return;
	e->members = osm_grow(o, e->members, e->count, &e->room,
			      sizeof(*e->members));
	e->members[e->count++] = (struct osm_member){
		.way.id = attribute_id(atts, "ref"),
		.inner = role != NULL && strcmp(role, "inner") == 0};
}

static void
osm_start(void *ctx, const char *name, const char **atts)
{
	struct osm *o = ctx;

	if (strcmp(name, "osm") == 0)
		o->root = true;
	else if (strcmp(name, "node") == 0)
		osm_open(o, OSM_NODE, atts);
	else if (strcmp(name, "way") == 0)
		osm_open(o, OSM_WAY, atts);
	else if (strcmp(name, "relation") == 0)
		osm_open(o, OSM_RELATION, atts);
	else if (o->open == NULL)
		return;
	else if (strcmp(name, "nd") == 0 && o->open->kind != OSM_NODE)
		osm_add_ref(o, atts);
	else if (strcmp(name, "center") == 0 && o->open->kind != OSM_NODE)
		o->open->at = attribute_point(atts);
	else if (strcmp(name, "member") == 0 && o->open->kind == OSM_RELATION)
		osm_add_member(o, atts);
	else if (strcmp(name, "tag") == 0 && attribute(atts, "k") != NULL)
		plan_pair(o->p, &o->open->tags, attribute(atts, "k"),
			  attribute(atts, "v"));
}

static void
osm_end(void *ctx, const char *name)
{
	struct osm *o = ctx;
	struct osm_element *e = o->open;

	if (e == NULL ||
	    (strcmp(name, "node") != 0 && strcmp(name, "way") != 0 &&
	     strcmp(name, "relation") != 0))
		return;
	o->open = NULL;
	o->in_member = false;
	if (e->gone)
		return;
	if (e->kind == OSM_NODE) {
		osm_add_node(o, e->id, e->at);
	} else if (e->kind == OSM_WAY) {
		o->ways = osm_grow(o, o->ways, o->way_count, &o->way_room,
				   sizeof(*o->ways));
		o->ways[o->way_count++] = (struct osm_way){
			.id = e->id, .refs = e->refs, .count = e->count};
	}
	if (e->tags.count == 0)
		return;
	o->elements = osm_grow(o, o->elements, o->element_count,
			       &o->element_room, sizeof(struct osm_element *));
	o->elements[o->element_count++] = e;
}

/* --- finding ------------------------------------------------------------- */

static int
node_cmp(const void *a, const void *b)
{
	const struct osm_node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int
way_cmp(const void *a, const void *b)
{
	const struct osm_way *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static const struct osm_node *
osm_node(const struct osm *o, long long id)
{
	struct osm_node key = {.id = id};

	return o->node_count == 0 ? NULL
				  : bsearch(&key, o->nodes, o->node_count,
					    sizeof(key), node_cmp);
}

static const struct osm_way *
osm_way(const struct osm *o, long long id)
{
	struct osm_way key = {.id = id};

	return o->way_count == 0 ? NULL
				 : bsearch(&key, o->ways, o->way_count,
					   sizeof(key), way_cmp);
}

/* --- geometry ------------------------------------------------------------ */

/* The nodes that are there, onto ring; how many are not. */
static size_t
osm_ring(struct osm *o, struct plan_ring *ring, const long long *refs,
	 size_t count)
{
	size_t missing = 0;

	for (size_t i = 0; i < count; i++) {
		const struct osm_node *node = osm_node(o, refs[i]);

		if (node == NULL || !point_valid(node->at))
			missing++;
		else
			plan_ring_add(o->p, ring, node->at.lat, node->at.lon);
	}
	return missing;
}

/* Closed ways are areas, unless their tags say that they are only a line. */
static bool
way_is_area(const struct osm_element *e)
{
	const char *area = plan_value(&e->tags, "area");

	if (e->count < 4 || e->refs[0] != e->refs[e->count - 1])
		return false;
	if (area != NULL)
		return strcmp(area, "no") != 0;
	return plan_value(&e->tags, "indoor") != NULL ||
	       (plan_value(&e->tags, "highway") == NULL &&
		plan_value(&e->tags, "barrier") == NULL);
}

/* What has no geometry but its centre, if that. */
static void
osm_take_centre(struct osm *o, struct plan_feature *f,
		const struct osm_element *e)
{
	if (!point_valid(e->at)) {
		plan_left(o->p, f->file, f->id, "it has no geometry");
		return;
	}
	plan_note(o->p, f->file, f->id,
		  "a position only: its outline is not in the file");
	plan_ring_add(o->p, &f->points, e->at.lat, e->at.lon);
	plan_feature_take(o->p, f);
}

static void
osm_take_way(struct osm *o, struct plan_feature *f, const struct osm_element *e)
{
	struct plan_ring ring = {0};
	size_t missing = osm_ring(o, &ring, e->refs, e->count);

	if (ring.count == 0) {
		osm_take_centre(o, f, e);
		return;
	}
	if (missing > 0)
		plan_note(o->p, f->file, f->id,
			  "%zu of its %zu nodes are not in the file", missing,
			  e->count);
	if (way_is_area(e))
		*plan_area_add(o->p, plan_feature_area(o->p, f)) = ring;
	else
		*plan_feature_line(o->p, f) = ring;
	plan_feature_take(o->p, f);
}

/* --- multipolygons ------------------------------------------------------- */

/* A chain of node ids that grows at its end. */
struct chain {
	long long *refs;
	size_t count, room;
};

static void
chain_add(struct osm *o, struct chain *c, const struct osm_way *way, bool back)
{
	for (size_t i = 0; i < way->count; i++) {
		long long ref = way->refs[back ? way->count - 1 - i : i];

		if (c->count > 0 && c->refs[c->count - 1] == ref)
			continue;
		c->refs = osm_grow(o, c->refs, c->count, &c->room,
				   sizeof(*c->refs));
		c->refs[c->count++] = ref;
	}
}

/* Adds a way that begins or ends where the chain ends; false: there is none. */
static bool
chain_extend(struct osm *o, struct chain *c, const struct osm_way **ways,
	     size_t count)
{
	long long end = c->refs[c->count - 1];

	for (size_t i = 0; i < count; i++) {
		const struct osm_way *way = ways[i];
		bool front;

		if (way == NULL || way->count == 0)
			continue;
		front = way->refs[0] == end;
		if (!front && way->refs[way->count - 1] != end)
			continue;
		chain_add(o, c, way, !front);
		ways[i] = NULL;
		return true;
	}
	return false;
}

/* Joins the ways of one role to rings, each an area of f with one ring. */
static void
osm_join(struct osm *o, struct plan_feature *f, const struct osm_element *e,
	 bool inner)
{
	const struct osm_way **ways =
		plan_alloc(o->p, (e->count + 1) * sizeof(struct osm_way *));
	size_t count = 0;

	for (size_t i = 0; i < e->count; i++) {
		if (e->members[i].inner != inner)
			continue;
		ways[count] = e->members[i].way.count > 0
				      ? &e->members[i].way
				      : osm_way(o, e->members[i].way.id);
		if (ways[count] != NULL)
			count++;
		else if (!point_valid(e->at))
			plan_note(o->p, f->file, f->id,
				  "its way %lld is not in the file",
				  e->members[i].way.id);
	}
	for (size_t i = 0; i < count; i++) {
		struct chain c = {0};
		struct plan_ring ring = {0};

		if (ways[i] == NULL || ways[i]->count == 0)
			continue;
		chain_add(o, &c, ways[i], false);
		ways[i] = NULL;
		while (c.refs[0] != c.refs[c.count - 1] &&
		       chain_extend(o, &c, ways, count))
			continue;
		if (c.count > 1 && c.refs[0] != c.refs[c.count - 1])
			plan_note(o->p, f->file, f->id,
				  "a ring of it is not closed: its ends are "
				  "joined");
		osm_ring(o, &ring, c.refs, c.count);
		*plan_area_add(o->p, plan_feature_area(o->p, f)) = ring;
	}
}

/* Each hole goes to the outline that it lies in. */
static void
osm_holes(struct osm *o, struct plan_feature *f,
	  const struct plan_feature *holes)
{
	for (size_t i = 0; i < holes->area_count; i++) {
		const struct plan_ring *hole = &holes->areas[i].rings[0];
		struct plan_area *around = NULL;

		for (size_t k = 0; hole->count > 0 && k < f->area_count; k++) {
			struct plan_area outer = {.rings = f->areas[k].rings,
						  .count = 1};

			if (f->area_count == 1 ||
			    plan_shape_contains(&outer,
						plan_shape_middle(hole)))
				around = &f->areas[k];
		}
		if (around != NULL)
			*plan_area_add(o->p, around) = *hole;
		else
			plan_note(o->p, f->file, f->id,
				  "a hole lies outside of its outlines");
	}
}

static void
osm_take_relation(struct osm *o, struct plan_feature *f,
		  const struct osm_element *e)
{
	const char *type = plan_value(&e->tags, "type");
	struct plan_feature holes = {.file = f->file, .id = f->id};

	if (type == NULL || (strcmp(type, "multipolygon") != 0 &&
			     strcmp(type, "boundary") != 0)) {
		plan_left(o->p, f->file, f->id, "a relation of type %s",
			  type == NULL ? "none" : type);
		return;
	}
	osm_join(o, f, e, false);
	osm_join(o, &holes, e, true);
	osm_holes(o, f, &holes);
	if (f->area_count == 0)
		osm_take_centre(o, f, e);
	else
		plan_feature_take(o->p, f);
}

/* --- a file -------------------------------------------------------------- */

static void
osm_take(struct osm *o, const struct osm_element *e)
{
	static const char *const kinds[] = {"node", "way", "relation"};
	struct plan_feature f = {
		.file = o->file,
		.id = plan_format(o->p, "%s/%lld", kinds[e->kind], e->id),
		.tags = e->tags,
		.altitude = NAN,
		.osm = true,
	};

	if (e->kind == OSM_WAY) {
		osm_take_way(o, &f, e);
	} else if (e->kind == OSM_RELATION) {
		osm_take_relation(o, &f, e);
	} else if (!point_valid(e->at)) {
		plan_left(o->p, f.file, f.id,
			  "coordinates that are not degrees");
	} else {
		plan_ring_add(o->p, &f.points, e->at.lat, e->at.lon);
		plan_feature_take(o->p, &f);
	}
}

static enum err
osm_parse(struct osm *o, const char *path, const char *text, size_t len,
	  struct diag *d)
{
	enum err e = ERR_OK;

	o->parser = XML_ParserCreate(NULL);
	if (o->parser == NULL)
		return diag_set(d, ERR_NOMEM, "%s: %s", path,
				err_text(ERR_NOMEM));
	XML_SetUserData(o->parser, o);
	XML_SetElementHandler(o->parser, osm_start, osm_end);
	/* In pieces: the length is an int. */
	for (size_t at = 0; e == ERR_OK && at < len;) {
		size_t n = len - at > 1 << 20 ? 1 << 20 : len - at;

		at += n;
		if (XML_Parse(o->parser, text + at - n, (int)n, at == len) !=
		    XML_STATUS_OK)
			e = diag_set(
				d, ERR_SYNTAX, "%s:%lu:%lu: %s", path,
				(unsigned long)XML_GetCurrentLineNumber(
					o->parser),
				(unsigned long)XML_GetCurrentColumnNumber(
					o->parser) +
					1,
				XML_ErrorString(XML_GetErrorCode(o->parser)));
	}
	XML_ParserFree(o->parser);
	if (e == ERR_OK && !o->root)
		e = diag_set(d, ERR_SYNTAX, "%s:1: this is not OSM XML", path);
	return e;
}

enum err
plan_osm(struct plan *p, const char *path, struct diag *d)
{
	struct osm o = {.p = p};
	char *text;
	size_t len;
	enum err e = plan_read(p, path, &text, &len, d);

	if (e != ERR_OK)
		return e;
	if (strchr("{[", text[strspn(text, " \t\r\n")]) != NULL)
		return plan_geojson_text(p, path, text, len, true, d);
	o.file = plan_copy(p, path, strlen(path));
	e = osm_parse(&o, path, text, len, d);
	if (e != ERR_OK)
		return e;
	p->osm = true;
	if (o.node_count > 0)
		qsort(o.nodes, o.node_count, sizeof(*o.nodes), node_cmp);
	if (o.way_count > 0)
		qsort(o.ways, o.way_count, sizeof(*o.ways), way_cmp);
	for (size_t i = 0; i < o.element_count; i++)
		osm_take(&o, o.elements[i]);
	return ERR_OK;
}
