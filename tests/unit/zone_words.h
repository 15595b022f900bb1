/*
 * The zone house. in a store of its own, for tests of edits: changes written in
 * words, and the zone shown as sorted lines "owner ttl TYPE value origin\n",
 * owners relative to house., origin F, U or C. An address is its last octet,
 * an SOA its serial alone.
 */
#ifndef PLACED_TESTS_ZONE_WORDS_H
#define PLACED_TESTS_ZONE_WORDS_H

#include "zones/edit.h"
#include "zones/journal.h"
#include "zones/lookup.h"

#include <criterion/criterion.h>

extern const uint8_t apex[];
extern const uint8_t key_name[]; /* room-key. */
extern char dir[64];
extern struct store *store;
extern struct edit_limits limits;
extern struct edit_result result; /* of the last edit */

/* For TestSuite(): a store with an empty record of house.; the same with SOA 7
 * and one NS, from a file. */
void open_store(void);
void open_zone(void);
void close_store(void);

/* Changes; what is added is an update's. Memory holds for the whole test, and
 * ends after some thousand RRs: pool_reset() forgets all of them. */
struct edit_change add(const char *owner, uint32_t ttl, uint16_t type,
		       const char *value);
struct edit_change from_file(struct edit_change c);
struct edit_change del(const char *owner, uint16_t type, const char *value);
struct edit_change del_set(const char *owner, uint16_t type);
struct edit_change del_name(const char *owner);
const uint8_t *name_of(const char *text);
void pool_reset(void);

/* A number below it, by chance: the same ones after the same seed (not 0), with
 * which a test begins or not. */
uint32_t pick(uint32_t below);
void pick_seed(uint64_t seed);
#define PICK(array) ((array)[pick(sizeof(array) / sizeof(*(array)))])

/* One edit, committed. key may be NULL. */
enum err apply_as(enum edit_rules rules, const uint8_t *key,
		  const struct edit_change *changes, size_t count);

#define LIST(...) ((struct edit_change[]){__VA_ARGS__})
#define COUNT(...) (sizeof(LIST(__VA_ARGS__)) / sizeof(struct edit_change))
#define update(...)                                                     \
	cr_assert_eq(apply_as(EDIT_UPDATE, key_name, LIST(__VA_ARGS__), \
			      COUNT(__VA_ARGS__)),                      \
		     ERR_OK, "%s", result.diag.text)
#define strict(...)                                                 \
	cr_assert_eq(apply_as(EDIT_STRICT, NULL, LIST(__VA_ARGS__), \
			      COUNT(__VA_ARGS__)),                  \
		     ERR_OK, "%s", result.diag.text)
#define refused(rules, err, sentence, ...)                            \
	do {                                                          \
		cr_assert_eq(apply_as(rules, NULL, LIST(__VA_ARGS__), \
				      COUNT(__VA_ARGS__)),            \
			     err);                                    \
		cr_assert_str_eq(result.diag.text, sentence);         \
	} while (0)

struct lines {
	char *line[4096];
	size_t count;
};

void lines_add(struct lines *l, const struct rr *rr, uint8_t origin);
const char *lines_text(struct lines *l); /* sorted; l is empty then */

struct zone_record record_now(void);

/* The whole zone; fails the test if the record's counts are not what a walk
 * finds. */
const char *zone_text(void);

#define zone_is(text) cr_assert_str_eq(zone_text(), text)

/* The journal's newest entry: "-removed" and "+added" lines in its order. */
const char *journal_text(struct journal_entry *e);
void journal_is(const char *text);

#endif
