/*
 * Updates of the zone house. (zone_words.h), for tests: messages drafted in
 * words, signed, and taken through check, apply and done.
 */
#ifndef PLACED_TESTS_UPDATE_WORDS_H
#define PLACED_TESTS_UPDATE_WORDS_H

#include "server/update.h"
#include "server/update_parts.h"
#include "tests/unit/zone_words.h"

extern uint64_t clock_now; /* seconds since the epoch */
extern struct served *served;
extern struct update_seen *seen;
extern struct event_loop *loop;
extern uint8_t wire[WIRE_MSG_MAX]; /* room for a message */

/* The outcome of the last update. */
extern unsigned replies, rcode;
extern int ede;
extern char reason[UPDATE_REASON_MAX];

/* For TestSuite(). */
void open_updates(void);
void close_updates(void);

/* Of class IN and NONE; without rdata, of class ANY or NONE. */
struct rr in(struct edit_change c);
struct rr none(struct edit_change c);
struct rr bare(uint16_t class, const char *owner, uint16_t type);
#define any(owner, type) bare(RR_CLASS_ANY, owner, type)

extern struct draft {
	const char *zone;
	uint16_t type, class;
	struct rr rr[2][64];
	unsigned count[2];
} draft;

void begin(void); /* an empty draft */
void prerequisite(struct rr rr);
void change(struct rr rr);

/* key: a name of the configuration, or NULL: not signed. Returns the length. */
size_t write_message(uint8_t *buf, const char *key);

/* As a worker and the writer do: parsed and verified; the whole way; what is
 * drafted the whole way; the end of what was applied. */
struct update *receive(const uint8_t *msg, size_t len);
void serve(const uint8_t *msg, size_t len);
void offer(const char *key);
void finish(struct update *u, enum err e);

void on_reply(void *update);

/* Sends what was drafted; the next draft begins. */
#define gives(key, want_rcode, want_reason)                    \
	do {                                                   \
		offer(key);                                    \
		cr_assert_eq(rcode, want_rcode, "%s: %s",      \
			     msg_rcode_text(rcode), reason);   \
		cr_assert_str_eq(reason, want_reason);         \
		begin();                                       \
		clock_now++; /* or it would be a repetition */ \
	} while (0)

#define EMPTY "@ 60 NS ns1 F\n@ 60 SOA 7 F\n"

#endif
