/*
 * The zone house. of zone_words.h with real addresses: edits in lines of zone
 * text, and the outside shown as sorted lines "owner TYPE rdata\n", owners
 * relative, an SOA as its serial alone.
 *
 *   "+ speaker A 203.0.113.7\n"     an RR that is added
 *   "- speaker A 203.0.113.7\n"     removed
 *   "~ speaker A\n", "! speaker\n"  an RRset, a name, removed
 */
#ifndef PLACED_TESTS_OUTSIDE_WORDS_H
#define PLACED_TESTS_OUTSIDE_WORDS_H

#include "tests/unit/zone_words.h"
#include "zones/export.h"

/* One edit of house., by room-key., committed; the result is in `result`. */
enum err edit_lines(enum edit_rules rules, const char *lines);

/* The same, EDIT_STRICT, which must pass. */
void inside(const char *lines);

/* "" if nothing is exported. Fails the test if the record's counts are not what
 * a walk finds, or an RR has more than its data. */
const char *outside_text(void);

/* All zero if there is none. */
struct zone_record outside_record(void);

/* In a transaction of its own. */
void set_policy(uint32_t loc_metres);
uint64_t boundary_now(void);

#define outside_is(text) cr_assert_str_eq(outside_text(), text)

#endif
