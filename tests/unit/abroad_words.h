/*
 * A house whose uplink is played by the test: what the resolver is asked for is
 * taken down, what it brings is put together RR by RR (answer_words.h), and the
 * clock is turned by hand. Its cache is a real one.
 *
 *     expect_asked("www.example.", "A", "www.example. A\n");
 *     answer_begin("www.example.", RR_A, 0);
 *     answer_a(MSG_AN, "www.example.", 60, "203.0.113.1");
 *     expect_entry(ERR_OK);
 *     bring();
 *     expect_reply(0, MSG_RA, "www.example. 60 IN A 203.0.113.1\n");
 */
#ifndef PLACED_TESTS_ABROAD_WORDS_H
#define PLACED_TESTS_ABROAD_WORDS_H

#include "server/waiting.h"
#include "tests/unit/answer_words.h"
#include "tests/unit/house.h"

struct abroad {
	struct house h;
	struct query_recursion face;
	struct cache *cache;
	struct waiting_room *room;
	uint32_t now;	 /* starts with ANSWER_NOW */
	bool is_down;	 /* the uplink */
	bool is_crowded; /* nobody is let in */
	bool is_batch;	 /* a batch goes on: batch_begin() */
	unsigned prefetched;
	char asked[2048]; /* lines "name type[ @server]", of the last ask() */
	unsigned asked_deadline;
	/* the question, for the client's way of asking */
	const char *from;
	uint16_t flags; /* RD at first */
	bool edns, dnssec_ok;
	uint16_t payload;
	const char *key; /* signs; NULL: nobody does */
	uint8_t question[512];
	size_t question_len;
};

extern struct abroad abroad;

/* What most tests have: two spaces, 127.0.0.1 inside of one, 192.0.2.1 of the
 * other; children of the first; and what is in reach. */
#define ABROAD_CONF                                             \
	"keys:\n"                                               \
	"  - { name: room., algorithm: hmac-sha256, secret: "   \
	"aGVsbG8gd29ybGQ= }\n"                                  \
	"zones:\n"                                              \
	"  - { name: house, inside: [ 127.0.0.0/8, room. ] }\n" \
	"  - { name: den, inside: [ 192.0.2.0/24 ] }\n"
#define ABROAD_UPLINK                             \
	"uplink:\n"                               \
	"  reach: [ example, 10.in-addr.arpa ]\n" \
	"  private: [ priv.example ]\n"           \
	"  forward: [ 198.51.100.53 ]\n"

#define ABROAD_HOUSE                           \
	"@ 300 SOA ns hostmaster 1 2 3 4 60\n" \
	"@ 300 NS ns\n"                        \
	"ns 300 A 203.0.113.1\n"               \
	"lamp 300 A 203.0.113.7\n"             \
	"out 300 CNAME www.example.\n"         \
	"astray 300 CNAME www.other.\n"        \
	"to 300 DNAME example.\n"              \
	"bite 300 CNAME tail.example.\n"       \
	"post 300 MX 1 lamp\n"                 \
	"kid 300 NS ns.kid\n"                  \
	"ns.kid 300 A 203.0.113.3\n"           \
	"far 300 NS ns.example.\n"             \
	"_reach 300 TXT \"mine.test.arpa\"\n"
#define ABROAD_DEN                             \
	"@ 300 SOA ns hostmaster 1 2 3 4 60\n" \
	"@ 300 NS ns\n"                        \
	"ns 300 A 203.0.113.2\n"               \
	"_reach 300 TXT \"den.only\"\n"

#define INSIDE MSG_RA
#define WWW "www.example. 60 IN A 198.51.100.7\n"

/* conf and zones as for house_open(): two zones at most. */
void abroad_open(const char *conf, const char *apex, const char *zone,
		 const char *apex2, const char *zone2);
void abroad_open_usual(void);
void abroad_close(void);

/* Several questions in one snapshot of store and cache. */
void batch_begin(void);
void batch_end(void);

/* Sends a question; what came is for the words below. */
void ask(const char *name, const char *type);

/* It waits, and this is asked for. */
void expect_asked(const char *name, const char *type, const char *asked);

/* What waits is given the entry of answer_words.h as the answer to what was
 * asked for first, or to that name and type; or why there is none; and is
 * served again. */
void bring(void);
void bring_for(const char *name, uint16_t type);
void bring_failure(int ede, const char *text);

/* The entry goes to the cache, as the answer to that, from the uplink and
 * without private addresses; with other bits of the variant. */
void keep(const char *name, uint16_t type);
void keep_variant(const char *name, uint16_t type, uint8_t variant);

/* Entries: name A address, for so long; a name that is not there; an alias; and
 * WWW, which is put into the cache, too. */
void answer_is(const char *name, uint32_t ttl, const char *address);
void answer_is_none(const char *name, uint32_t ttl, unsigned rcode);
void alias_is(const char *name, const char *target);
void keep_www(void);

/* The reply to what was asked or brought last: flags of AA, TC, RD, RA, AD, CD
 * (RD is set anyway), and the answer section as house_section() has it. */
void expect_reply(unsigned rcode, uint16_t flags, const char *answer);
void expect_authority(const char *text);
void expect_ede(int ede, const char *text); /* MSG_EDE_NONE: none is there */

/* The question is answered at once, and nothing is asked for. */
void expect_at_once(const char *name, const char *type, unsigned rcode,
		    uint16_t flags, const char *answer);

uint64_t counted(enum stat_id s);

#endif
