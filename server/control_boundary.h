/*
 * The lists of the boundary, as the control socket's files see them: their
 * entries, and edits of them (control_boundary.c), made for `export`
 * (control_export.c) and `reach` (control_reach.c).
 */
#ifndef PLACED_SERVER_CONTROL_BOUNDARY_H
#define PLACED_SERVER_CONTROL_BOUNDARY_H

#include "server/control_internal.h"
#include "zones/edit.h"

enum boundary_list {
	BOUNDARY_EXPORT,
	BOUNDARY_REACH
};

/* --- zones --------------------------------------------------------------- */

bool boundary_is_reverse(const uint8_t *apex);

/* Names one behind the other, for a sentence; what has no room is left out. */
struct boundary_names {
	char text[256];
	size_t len;
	unsigned count;
};
void boundary_names_add(struct boundary_names *l, const uint8_t *name);

/* The zone that the argument "zone" names: its index in the configuration. */
enum err boundary_zone(struct control_talk *t, const json_t *args, int *zone,
		       struct diag *d);

/* --- entries ------------------------------------------------------------- */

/* True if the string is an entry for the name. */
bool boundary_names_it(enum boundary_list list, const char *text, size_t len,
		       const uint8_t *name, const uint8_t *apex);

/* The list's TXT in the talk's snapshot. ERR_NOTFOUND. */
enum err boundary_find(struct store_view *v, uint32_t id, const uint8_t *apex,
		       enum boundary_list list, struct rrset *set);

/* What the zone's list exports of the name, all its entries together. */
struct export_entry;
void boundary_exported(struct store_view *v, uint32_t id, const uint8_t *apex,
		       const uint8_t *name, struct export_entry *sum);

/* True if the entry has the type now; false: there is no room. */
bool boundary_entry_add(struct export_entry *e, uint16_t type);

/* A string as it stands in a list, which may be anything. */
json_t *boundary_string(const char *text, size_t len);

/* --- an edit of a list --------------------------------------------------- */

struct boundary_edit {
	enum boundary_list list;
	const uint8_t *apex;
	uint8_t name[NAME_WIRE_MAX]; /* whose entries go */
	uint8_t entry[1 + 255];	     /* what comes, as rdata; empty: nothing */
	bool found;		     /* there was an entry for the name */
	/* boundary_run()'s own: */
	uint8_t owner[NAME_WIRE_MAX];
	const struct edit_limits *limits;
	struct edit_result r;
	struct diag *d;
};

/* Has the writer do it; the result gets zone, name, and whether anything
 * changed. */
enum err boundary_run(struct control_talk *t, struct boundary_edit *b,
		      json_t *result, struct diag *d);

/* ERR_NOTFOUND with a sentence: there was nothing to remove. */
enum err boundary_missed(const struct boundary_edit *b, struct diag *d);

#endif
