/*
 * Words for tests of imports into house.: a file from text, brought in at once,
 * and all that the zone holds.
 */
#ifndef PLACED_TESTS_IMPORT_WORDS_H
#define PLACED_TESTS_IMPORT_WORDS_H

#include "tests/unit/zone_words.h"
#include "zones/import.h"

#define APEX "$TTL 60\n@ SOA ns1 mail 7 1 1 1 1\n NS ns1\n"

extern struct diag diag;
extern size_t kept; /* of the last import */

/* For TestSuite(): open_store() makes an empty record; here the zone is new. */
void open_empty(void);

/* A file's RRs, to be freed in any case; set_of() fails the test if it is
 * refused. */
enum err set_read(struct import_set *s, const char *text);
struct import_set set_of(const char *text);

/* The difference, made; counts in result and kept. */
enum err try_import(const char *text, bool replace);
void import(const char *text);

/* All RRs in the order of the store, as a zone file; origins as comments. The
 * caller frees. */
char *whole(bool origins);

#endif
