/*
 * Inside the configuration, for lib/conf*.c alone.
 *
 *   conf.c         opens the file, runs the engine, frees
 *   conf_yaml.c    YAML text → a tree of nodes, each with its place
 *   conf_engine.c  a node beside a table → a struct
 *   conf_table.c   the tables: every setting there is
 *   conf_value.c   the kinds of value that any setting may have
 *   conf_zone.c    the kinds of which keys, zones and rules are made
 *   conf_uplink.c  the kinds of which the uplink is made
 *   conf_manual.c  the tables as placed.yaml(5)
 *
 * Rows are read in the order of the table, not of the file, so that a reader
 * may rely on what stands above it: the patterns of a rule need the zone's
 * name, its key needs the keys.
 */
#ifndef PLACED_LIB_CONF_INTERNAL_H
#define PLACED_LIB_CONF_INTERNAL_H

#include "lib/arena.h"
#include "lib/conf.h"

/* --- the tree ------------------------------------------------------------ */

#define CONF_FILE_MAX (64u << 20) /* octets */
#define CONF_DEPTH_MAX 16	  /* the tables need 6 */
#define CONF_NODES_MAX (4u << 20)

enum conf_node_kind {
	CONF_SCALAR,
	CONF_LIST,
	CONF_MAP /* children: key, value, key, value, … */
};

struct conf_node {
	enum conf_node_kind kind;
	bool plain;	    /* a scalar without quotes */
	unsigned line, col; /* from 1; 0: made up from a default */
	uint32_t first;	    /* child; 0: none (the root is nobody's child) */
	uint32_t next;	    /* sibling; 0: none */
	uint32_t count;	    /* children */
	char *text;	    /* of a scalar, NUL-terminated, no NUL inside */
};

struct conf_tree {
	struct conf_node *nodes; /* [0] is the root; count 0: an empty file */
	size_t count, room;
	struct arena text;
};

/*
 * Anchors, aliases, tags and a second document are refused: what is written is
 * all there is, so that the tree is never larger than the file. name: for
 * messages. The tree must be freed also after an error.
 */
enum err conf_tree_read(struct conf_tree *t, const char *text, size_t len,
			const char *name, struct diag *d);
void conf_tree_free(struct conf_tree *t); /* wipes: it holds secrets */

/* n's first child, a child's next sibling; NULL at the end. */
const struct conf_node *conf_node_first(const struct conf_tree *t,
					const struct conf_node *n);
const struct conf_node *conf_node_next(const struct conf_tree *t,
				       const struct conf_node *n);

/* The value of a key of a map, or NULL. */
const struct conf_node *conf_node_find(const struct conf_tree *t,
				       const struct conf_node *map,
				       const char *key);

/* Nothing, ~ or null, without quotes: as good as not given. */
bool conf_node_is_null(const struct conf_node *n);

struct conf_setting;
struct conf_table;

/* --- the reader ---------------------------------------------------------- */

/* What a setting with several values collects while it is read. */
struct conf_list {
	void *items; /* malloc'd */
	size_t count, room, size;
};

/* A zeroed element at the end, or NULL: memory. */
void *conf_list_push(struct conf_list *l);

struct conf_reader {
	const char *name; /* of the file, as the user calls it */
	char *folder;	  /* absolute; relative paths start here; owned */
	struct conf_tree tree;
	struct conf *conf;
	struct arena *arena; /* owns all that conf points to */
	const uint8_t *apex; /* of the zone being read */
	/* What `inside` of the zone being read says beside prefixes: uint16_t,
	 * and names of NAME_WIRE_MAX octets. */
	struct conf_list inside_interfaces, inside_keys;
	struct conf_list interfaces; /* char *, in arena: of all zones */
	struct diag *diag;
};

/* "FILE:LINE:COLUMN: " and the sentence into the diag; returns e. */
enum err conf_fail(struct conf_reader *r, const struct conf_node *n, enum err e,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "FILE:LINE:COLUMN: "key": " in front of the sentence that is there. */
enum err conf_fail_within(struct conf_reader *r, const struct conf_node *n,
			  enum err e, const char *key);

/* "text" with its quotes, control octets escaped, cut when long. */
#define CONF_QUOTE_MAX 128
const char *conf_quote(char dst[CONF_QUOTE_MAX], const char *text);

/* Zeroed memory that lives as long as the conf; ERR_NOMEM is the caller's to
 * return when it is NULL. */
void *conf_alloc(struct conf_reader *r, size_t len);

/* The list's elements in the arena, into the field and its count; the list is
 * empty afterwards and may be filled again. */
enum err conf_list_move(struct conf_reader *r, struct conf_list *l, void *field,
			size_t *count);

/* Letters to change, add, leave out or swap to make b of a; of long texts the
 * first CONF_WORD_MAX octets count. */
#define CONF_WORD_MAX 63
unsigned conf_distance(const char *a, const char *b);

/* True if that is near enough to the word b to have been meant. */
bool conf_distance_is_typo(unsigned distance, const char *b);

/* A name, absolute with or without its final dot (or completed by origin),
 * into dst in lower case; a message at n if it is none. */
enum err conf_name(struct conf_reader *r, const struct conf_node *n,
		   const struct conf_setting *s, const uint8_t *origin,
		   const char *text, uint8_t *dst);

/* "key": "text" is not …; ERR_SYNTAX. */
enum err conf_fail_value(struct conf_reader *r, const struct conf_node *n,
			 const struct conf_setting *s, const char *right);

/* --- tables -------------------------------------------------------------- */

enum conf_shape {
	CONF_ONE,     /* a scalar; read() gets the struct, and finds its field
			 by the row's offset */
	CONF_SEVERAL, /* a list of scalars, or one; read() gets a conf_list for
			 each and pushes to it */
	CONF_MAPS,    /* a list of maps, each read against the row's table;
			 read() then gets the struct, to look at all of them */
	CONF_GROUP,   /* a map read against the row's table, into the struct at
			 the row's offset; there too if it is not given */
};

struct conf_kind {
	const char *text; /* what messages and the manual call it */
	enum conf_shape shape;
	size_t size; /* of an element: CONF_SEVERAL, CONF_MAPS */
	enum err (*read)(struct conf_reader *r, const struct conf_node *n,
			 const struct conf_setting *s, void *into);
	/* A number as one would write it; NULL: not a number. */
	void (*show)(char dst[32], uint64_t v);
};

struct conf_setting {
	const char *key;
	const struct conf_kind *kind;
	size_t offset;	     /* of the field; of a list: of its pointer */
	size_t count_offset; /* of a list and of octets: of its size_t */
	uint64_t min, max;   /* of a number: its value in the field's unit; of a
				text: its octets; of a list: its elements */
	bool required;
	const char *fallback; /* the default as one would write it, elements
				 parted by ", "; NULL: the field stays zero */
	const char *fallback_prose; /* a default that is worked out elsewhere */
	const char *prose;	    /* man(7) markup allowed */
	const struct conf_table *table; /* CONF_MAPS, CONF_GROUP */
};

struct conf_table {
	const char *heading; /* in the manual */
	const char *prose;   /* under it; may be NULL */
	const struct conf_setting *rows;
	size_t count;
	/* After all rows: what depends on more than one. n is the map, NULL
	 * for an empty file. May be NULL itself. */
	enum err (*finish)(struct conf_reader *r, const struct conf_node *n,
			   void *into);
};

/* n (NULL: an empty map) against the table, into the struct. */
enum err conf_read_map(struct conf_reader *r, const struct conf_node *n,
		       const struct conf_table *table, void *into);

static inline void *
conf_field(const struct conf_setting *s, void *into)
{
	return (char *)into + s->offset;
}

extern const struct conf_table conf_table; /* the whole file */

extern const struct conf_kind conf_kind_addresses, conf_kind_path,
	conf_kind_size, conf_kind_count, conf_kind_count16, conf_kind_duration,
	conf_kind_mode, conf_kind_text, conf_kind_octets, conf_kind_level,
	conf_kind_flag, conf_kind_seconds, conf_kind_metres, conf_kind_settings;
extern const struct conf_kind conf_kind_keys, conf_kind_key_name,
	conf_kind_algorithm, conf_kind_secret, conf_kind_secret_file,
	conf_kind_zones, conf_kind_apex, conf_kind_inside, conf_kind_rules,
	conf_kind_rule_key, conf_kind_patterns, conf_kind_types;
extern const struct conf_kind conf_kind_forwarders, conf_kind_names,
	conf_kind_roots;

/* The finish functions of the tables. */
enum err conf_finish_top(struct conf_reader *r, const struct conf_node *n,
			 void *conf);
enum err conf_finish_key(struct conf_reader *r, const struct conf_node *n,
			 void *key);
enum err conf_finish_zone(struct conf_reader *r, const struct conf_node *n,
			  void *zone);
enum err conf_finish_rule(struct conf_reader *r, const struct conf_node *n,
			  void *rule);
enum err conf_finish_uplink(struct conf_reader *r, const struct conf_node *n,
			    void *uplink);

/* An absolute path in the arena, or NULL: memory. */
char *conf_path(struct conf_reader *r, const char *text);

/*
 * The secret of a file, which holds base64 alone or a BIND key clause
 * (key "name" { algorithm …; secret "…"; };) whose algorithm, if it has one,
 * must be the key's. Warns in the log if others may read the file.
 */
enum err conf_secret_read(struct tsig_key *key, const char *path,
			  struct diag *d);

#endif
