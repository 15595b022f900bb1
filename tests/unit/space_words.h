/*
 * Words for tests of questions about space, as a client asks them: a building
 * b. with a den of its own, den.b., and what the answers say.
 */
#ifndef PLACED_TESTS_SPACE_WORDS_H
#define PLACED_TESTS_SPACE_WORDS_H

#include "tests/unit/house.h"

/* The head of a zone file. */
#define APEX                               \
	"@ 3600 SOA ns admin 7 2 3 4 60\n" \
	"@ 3600 NS ns\n"                   \
	"ns 300 A 203.0.113.1\n"

/* The den's first zone file. */
#define DEN                                                  \
	APEX "@ 300 LOC 52 0 0.150 N 0 0 0 E 0m 5m 1m 1m\n"  \
	     "tv 300 LOC 52 0 0.150 N 0 0 0 E 0m 1m 1m 1m\n" \
	     "_export 300 TXT \"tv LOC\" \"@ LOC\" \"_near PTR\"\n"

extern struct house h;

/* For TestSuite(). */
void open_house(void);
void close_house(void);

/* The caller frees. */
ldns_pkt *ask(const char *name, const char *type, int rcode);

/* The RRs of a section, as house_section() has them. */
void expect_section(const char *name, const char *type,
		    ldns_pkt_section section, const char *text);

/* The rdatas of the answer, one a line. */
void expect(const char *name, const char *type, const char *text);

/* No answer but an SOA. */
void expect_no(const char *name, const char *type, int rcode);

#endif
