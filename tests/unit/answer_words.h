/*
 * Words for tests of foreign answers: a response is put together RR by RR and
 * made an entry.
 *
 *     answer_begin("www.example.", RR_A, 0);
 *     answer_name(MSG_AN, "www.example.", 300, RR_CNAME, "web.example.");
 *     answer_a(MSG_AN, "web.example.", 60, "192.0.2.1");
 *     expect_entry(ERR_OK);
 */
#ifndef PLACED_TESTS_ANSWER_WORDS_H
#define PLACED_TESTS_ANSWER_WORDS_H

#include "resolver/entry.h"

/* One answer at a time; a new one forgets the last. */
void answer_begin(const char *qname, uint16_t qtype, uint16_t flags);
void answer_rr(enum msg_section section, const char *owner, uint32_t ttl,
	       uint16_t type, const void *rdata, size_t rdlen);
void answer_name(enum msg_section section, const char *owner, uint32_t ttl,
		 uint16_t type, const char *name);
void answer_a(enum msg_section section, const char *owner, uint32_t ttl,
	      const char *address); /* A or AAAA, by its form */
void answer_soa(const char *owner, uint32_t ttl, uint32_t minimum);
void answer_rrsig(enum msg_section section, const char *owner, uint32_t ttl,
		  uint16_t covers);
/* The class of what follows; RR_IN after answer_begin(). */
void answer_class(uint16_t class);
/* The message's octets as they are so far. */
const uint8_t *answer_octets(size_t *len);

extern struct entry_policy answer_policy; /* 0, a day, an hour, none */
extern struct entry entry;		  /* what expect_entry() made */

#define ANSWER_NOW 1000000u

/* entry_build() of the answer ends so; the entry is sound if ERR_OK. */
void expect_entry(enum err expected);

/* The entry's sets as text, a line each:
 * "AN www.example. 300 CNAME web.example." */
void expect_sets(const char *text);

const uint8_t *name_of(const char *text); /* in one of eight places in turn */

#endif
