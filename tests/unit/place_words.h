/*
 * The spatial index of the zone house. (zone_words.h), looked at as a whole and
 * asked in words.
 */
#ifndef PLACED_TESTS_PLACE_WORDS_H
#define PLACED_TESTS_PLACE_WORDS_H

#include "tests/unit/outside_words.h"
#include "zones/search.h"

/* Fails the test unless the index is what places_fill() would make of the
 * nodes; how many entries it has. */
size_t cells_are_true(void);

/* Entries of the table, of all zones. */
size_t cells_count(void);

extern struct search_limits asked_limits;
extern unsigned asked_room; /* hits */

/* The hits of a question below house., "name metres\n" each, names relative,
 * metres with two decimals, and "...\n" if there are more. */
const char *asked(const char *question);

/* The same of the outside. */
const char *asked_outside(const char *question);

#define asked_is(question, text) cr_assert_str_eq(asked(question), text)

#endif
