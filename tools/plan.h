/*
 * Building plans: importers read them into one model, and one writer makes a
 * zone file of it.
 *
 *     geojson ─┐            ┌──────────────────────┐
 *     osm ─────┼─ features ─▶  struct plan         │
 *     imdf ────┘            │   items: rooms,      ├─▶ names ─▶ zone file
 *     brick ───── things ───▶   spots, levels,     │
 *                           │   things             ├─▶ report: what was left
 *                           └──────────────────────┘   out, and why
 *
 * Whatever a plan holds becomes an item or a line of the report; nothing is
 * passed over in silence. All memory is the plan's; it goes with plan_free().
 * Memory that runs out ends the program (this is a command, not the server).
 *
 * Geometry is in degrees (WGS 84) here, in the rings of an item; zones/place.h
 * makes a LOC and a footprint of it on the way out.
 */
#ifndef PLACED_TOOLS_PLAN_H
#define PLACED_TOOLS_PLAN_H

#include "lib/arena.h"
#include "lib/base.h"
#include "lib/name.h"
#include "zones/place.h"

#include <stdio.h>

struct plan_point {
	double lat, lon; /* degrees */
};

/* A building on the antimeridian may go on beyond it. */
#define PLAN_LON_MAX 180.2

/* Not closed: the last point is joined to the first. */
struct plan_ring {
	struct plan_point *at;
	size_t count, room;
};

/* An outline; the first ring is the outer one, the others are holes. */
struct plan_area {
	struct plan_ring *rings;
	size_t count, room;
};

struct plan_pair {
	const char *key, *value;
};

struct plan_pairs {
	struct plan_pair *at;
	size_t count, room;
};

#define PLAN_LEVELS_MAX 64
#define PLAN_LEVEL_LIMIT 999 /* either way of the ground */

/* Ordinals of levels, ascending; none: not known. */
struct plan_levels {
	int at[PLAN_LEVELS_MAX];
	unsigned count;
	bool rounded;  /* the plan said 0.5 or so */
	bool cut;      /* there were more than PLAN_LEVELS_MAX */
	bool doubtful; /* a number by itself in the name of a file */
};

enum plan_kind {
	PLAN_ROOM,  /* has an outline: room, corridor, area */
	PLAN_SPOT,  /* has a point */
	PLAN_LEVEL, /* a floor as a whole */
	PLAN_THING, /* equipment and points of a Brick model: no geometry */
};

struct plan_item {
	enum plan_kind kind;
	const char *file, *id;	/* where it stands in the plan */
	const char *name, *ref; /* as the plan has them; NULL: none */
	const char *type;	/* a word: room, corridor, toilets, VAV */
	const char *word;	/* what an item without name and ref is called,
				   NULL: its type */
	const char *floor;	/* what people call its level, or NULL */
	struct plan_levels levels;
	struct plan_area area;	 /* no ring: no outline */
	struct plan_point point; /* of a spot */
	bool has_point;
	double altitude;	 /* metres, NAN: by level */
	double height;		 /* metres, NAN: by level */
	struct plan_pairs texts; /* further strings of its TXT */
	struct plan_pairs civic; /* RFC 4776 element names */
	struct plan_item *above; /* whose name its own stands below, or NULL */
	const char *owner; /* relative to the origin, by plan_name_all() */
	bool has_loc;	   /* by plan_zone_prepare(), as all that follows */
	struct place_point loc;
	const uint8_t *geo; /* TXT rdata of the footprint, NULL: none */
	size_t geo_len;
};

/* A PTR from one item (NULL: the apex) to another, below label if any. */
struct plan_link {
	struct plan_item *from, *to;
	const char *label;
};

/* A line of the report. */
struct plan_remark {
	const char *file, *id; /* id "" is the file as a whole */
	const char *reason;
	bool left; /* left out; else imported, with something to know */
};

/* What the command line says; strings of others, NULL: not given. */
struct plan_options {
	const char *name_prop, *ref_prop, *level_prop, *type_prop, *height_prop;
	const char *rooms;    /* K=V,K=V…: only these are rooms */
	const char *level;    /* of what has none */
	const char *building; /* name, for BLD */
	const char *language;
	const char *ns; /* the zone's nameserver, absolute or relative */
	bool by_level;
	bool by_name;	 /* names before numbers */
	double altitude; /* metres, of level 0 */
	double storey;	 /* metres from a level to the next */
};

struct plan {
	struct arena arena;
	const struct plan_options *options;
	uint8_t origin[NAME_WIRE_MAX];
	struct plan_item **items;
	size_t count, room;
	struct plan_link *links;
	size_t link_count, link_room;
	struct plan_remark *remarks;
	size_t remark_count, remark_room;
	const char *building;	 /* its name, NULL: not known */
	struct plan_pairs civic; /* of the whole building */
	const char *language;	 /* of names in several, NULL: any */
	bool osm; /* of OpenStreetMap: there may be much around the building */
	uint64_t json; /* octets that its JSON takes in memory, about */
};

void plan_init(struct plan *p, const uint8_t *origin,
	       const struct plan_options *options);
void plan_free(struct plan *p);

/* --- parts (plan.c) ------------------------------------------------------ */

void *plan_alloc(struct plan *p, size_t len); /* cleared */
char *plan_copy(struct plan *p, const char *text, size_t len);
char *plan_format(struct plan *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A copy without space at either end and without control characters; NULL if
 * nothing is left or text is NULL. */
const char *plan_text(struct plan *p, const char *text);

/* Blanks out control characters: in what others say is wrong with a file. */
void plan_clean(char *text);

/* An item that is in the plan, with nothing but kind, file and id set. */
struct plan_item *plan_add(struct plan *p, enum plan_kind kind,
			   const char *file, const char *id);
/* Takes an item out again and says why. */
void plan_drop(struct plan *p, struct plan_item *item, const char *reason);

void plan_link(struct plan *p, struct plan_item *from, const char *label,
	       struct plan_item *to);

/* value NULL or "" adds nothing; a key that is there already stays. */
void plan_pair(struct plan *p, struct plan_pairs *pairs, const char *key,
	       const char *value);
const char *plan_value(const struct plan_pairs *pairs, const char *key);

void plan_ring_add(struct plan *p, struct plan_ring *ring, double lat,
		   double lon);
/* A ring of its own, empty, at the end. */
struct plan_ring *plan_area_add(struct plan *p, struct plan_area *area);

/* file and id are kept as they are: the plan's memory, or longer. */
void plan_left(struct plan *p, const char *file, const char *id,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void plan_note(struct plan *p, const char *file, const char *id,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The file at path, with a NUL behind it and without a byte order mark; the
 * plan's. ERR_IO, or ERR_SYNTAX for an empty file, with "PATH: …". */
enum err plan_read(struct plan *p, const char *path, char **text, size_t *len,
		   struct diag *d);

/* --- levels (plan_level.c) ----------------------------------------------- */

/*
 * "0", "-1", "0;1", "-1-2", "-2--1", "0.5" (rounded down), and words: "Level
 * 2", "2nd floor", "gf", "EG", "UG1", "rdc", "B1F", "3层", also lists and
 * ranges of these: "EG;1.OG", "B2-L1". False if there is no level in it.
 */
bool plan_level_parse(struct plan_levels *levels, const char *text);

/* Of the id of a level, which may end with its number: HQ.MAIN.L02, HQ-2; there
 * is none in what looks like a UUID. */
bool plan_level_id(struct plan_levels *levels, const char *text);

/* UUIDs and their like: what looks like a level or a number in them is none. */
bool plan_is_opaque(const char *text);

/* Every level of from, too. */
void plan_level_join(struct plan_levels *levels,
		     const struct plan_levels *from);

/* The level that a file's name tells: floor-gf, level_2.geojson, plan-b1; it is
 * doubtful where that is a number and nothing else says floor. */
bool plan_level_file(struct plan_levels *levels, const char *path);

void plan_level_add(struct plan_levels *levels, int level);

/* "0,1": as in a footprint; dst has PLAN_LEVELS_TEXT octets. */
#define PLAN_LEVELS_TEXT (PLAN_LEVELS_MAX * 5)
const char *plan_level_format(char *dst, const struct plan_levels *levels);

/* "level-0", "level-b1": a label. dst has 16 octets. */
const char *plan_level_label(char *dst, int level);

/* --- names (plan_name.c) ------------------------------------------------- */

/*
 * A host-name label of text: lower case, accents off, apostrophes dropped, all
 * else that is not a letter or digit of ASCII a single '-', 63 octets at most.
 * Greek and Cyrillic letters become Latin ones. False if nothing is left.
 */
bool plan_label(char dst[NAME_LABEL_MAX + 1], const char *text);

/* A room that is called "1420" or "12b" has a number, not a name. */
bool plan_is_number(const char *name);

/*
 * An owner for every item: the number of a room (with "rm-" before it if it
 * begins with a digit), else its name (in the same way if no letter of it is
 * left), else its type; with by_name the name first. Of those that would be
 * called the same the first in the plan keeps the name and the others get -2,
 * -3, …  Items whose name is too long are dropped.
 */
void plan_name_all(struct plan *p);

/* --- shapes (plan_shape.c) ----------------------------------------------- */

/*
 * Takes out of the area what is no outline: a point twice in a row, the
 * closing point, holes without area. A sentence why there is no outline left,
 * or NULL: it is one.
 */
const char *plan_shape_clean(struct plan_area *area);

/* Even-odd; a hole is outside. */
bool plan_shape_contains(const struct plan_area *area, struct plan_point at);

/* The corners of the box around a ring, which has a point. */
struct plan_box {
	struct plan_point low, high;
};

struct plan_box plan_shape_box(const struct plan_ring *ring);

/* Where the area would balance, if that is well inside: at least half as far
 * from every edge as other is. Else other, which is inside. */
struct plan_point plan_shape_centre(const struct plan_area *area,
				    struct plan_point other);

/* Middle of the box around a ring. */
struct plan_point plan_shape_middle(const struct plan_ring *ring);

/* --- features (plan_feature.c) ------------------------------------------- */

/* What geojson and osm have in common: tags and a geometry. */
struct plan_feature {
	const char *file, *id;
	struct plan_pairs tags;
	struct plan_area *areas;
	size_t area_count, area_room;
	struct plan_ring *lines;
	size_t line_count, line_room;
	struct plan_ring points;
	double altitude;		/* of the third coordinate, NAN: none */
	struct plan_levels file_levels; /* where no tag has a level */
	bool osm; /* Simple Indoor Tagging holds, and nothing is guessed */
};

struct plan_area *plan_feature_area(struct plan *p, struct plan_feature *f);
struct plan_ring *plan_feature_line(struct plan *p, struct plan_feature *f);

/* The room, or floor, of its i-th area, with nothing but geometry set; NULL
 * and a remark, if that is no outline. The areas after the first have a
 * remark, too. */
struct plan_item *plan_feature_room(struct plan *p, struct plan_feature *f,
				    enum plan_kind kind, size_t i);
/* A spot at the i-th point, else in the middle of an area or line; NULL and a
 * remark: there is no geometry. */
struct plan_item *plan_feature_spot(struct plan *p, struct plan_feature *f,
				    size_t i);

/* "3", "3 m", "3.5m": metres; NAN if it is none. */
double plan_feature_metres(const char *text);

/* True for words of what bounds rooms and is none: wall, door, window, … */
bool plan_feature_is_part(const char *type);

/* Makes items of it, or a remark. */
void plan_feature_take(struct plan *p, struct plan_feature *f);

/* When all features are there: spots learn their levels from rooms around
 * them; what is nowhere is dropped. */
void plan_feature_settle(struct plan *p);

/* --- importers ----------------------------------------------------------- */

/* d gets FILE:LINE:COLUMN or FILE and what is wrong. */
enum err plan_geojson(struct plan *p, const char *path, bool osm,
		      struct diag *d);
enum err plan_osm(struct plan *p, const char *path, struct diag *d);
enum err plan_imdf(struct plan *p, const char *path, struct diag *d);
enum err plan_brick(struct plan *p, const char *path, struct diag *d);

/* --- out (plan_zone.c, plan_report.c) ------------------------------------ */

/* How many items there are of each kind, and what was left out. */
struct plan_counts {
	size_t rooms, spots, levels, things, left;
};

/*
 * When all files are read: settles levels, makes LOCs, footprints and names.
 * What cannot have them is dropped, or loses its footprint, with a remark.
 */
void plan_zone_prepare(struct plan *p);

/* The zone file: SOA, NS, then each item; made_from is for a comment. */
void plan_zone_write(const struct plan *p, FILE *out, const char *made_from);

void plan_report_count(const struct plan *p, struct plan_counts *counts);
/* For people: a line for each file and reason, with all that it is about. */
void plan_report_write(const struct plan *p, FILE *out);
/* One JSON object. */
void plan_report_json(const struct plan *p, FILE *out);

#endif
