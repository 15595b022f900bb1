/*
 * Plans in tests: a text is read as a file of some format, and its items are
 * found by their names.
 */
#ifndef PLACED_TESTS_PLAN_WORDS_H
#define PLACED_TESTS_PLAN_WORDS_H

#include "tools/plan.h"

typedef enum err plan_words_fn(struct plan *p, const char *path,
			       struct diag *d);

extern struct plan_options plan_words_options; /* of the next plan */

/* An empty plan for plan.example. */
void plan_words_init(struct plan *p);

/* As plan_geojson(), of a text; name is what the file is called. The plan is
 * prepared for writing when it is not refused. */
enum err plan_words_geojson(struct plan *p, const char *name, const char *text,
			    struct diag *d);

/* The text in a file of its own, read by fn. */
enum err plan_words_file(struct plan *p, plan_words_fn *fn, const char *text,
			 struct diag *d);

/* A file of tests/plans or of ../shared/data, beside the sources; false: it is
 * not there. */
bool plan_words_path(char *dst, size_t len, const char *relative);

/* The item with that owner; fails the test if there is none. */
const struct plan_item *plan_words_item(const struct plan *p,
					const char *owner);

/* True if something was left out, or noted, for a reason with that in it. */
bool plan_words_left(const struct plan *p, const char *reason);
bool plan_words_noted(const struct plan *p, const char *reason);

/* Every item with a footprint contains its own LOC, on its levels and at its
 * altitude, and is no wider than its LOC says; how many there are. */
size_t plan_words_sound(struct plan *p);

/* The whole zone file, malloc'd; it is one that check accepts. */
char *plan_words_zone(const struct plan *p);

#endif
