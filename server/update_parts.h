/*
 * What the parts of update share: update.c (life), update_check.c (form),
 * update_rules.c (permission), update_prereq.c, update_seen.c.
 */
#ifndef PLACED_SERVER_UPDATE_PARTS_H
#define PLACED_SERVER_UPDATE_PARTS_H

#include "server/update.h"
#include "zones/zone.h"

/* Decides the reply. Always false, so that a refusal is one line. */
bool update_refuse(struct update *u, unsigned rcode, int ede, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));

/* A name for a reason: escaped, cut to UPDATE_NAME_TEXT octets with the NUL. */
#define UPDATE_NAME_TEXT 48
const char *update_name_text(char *dst, const uint8_t *name);

/* --- permission ---------------------------------------------------------- */

/* True if the key may change these RRs; else REFUSED, with a reason. type 0:
 * any type at all. */
bool update_permit(struct update *u, const uint8_t *name, uint16_t type);

/* True if the key may ask whether something is at that name. */
bool update_permit_question(struct update *u, const uint8_t *name);

/* --- prerequisites ------------------------------------------------------- */

/*
 * RFC 2136 3.2: u->rcode is what they come to. rrs, of which there are count,
 * passed update_check(); they get sorted. Names below a zone cut are seen as
 * they are stored; an empty non-terminal is not in use. Failures of the store
 * are returned.
 */
enum err update_prereq_check(struct update *u, struct store_view *v,
			     const struct zone_record *z, struct rr *rrs,
			     size_t count);

/* --- messages seen ------------------------------------------------------- */

/*
 * A message is known by its key and the first octets of its MAC: as many as
 * every MAC of that algorithm has, so that a copy with a truncated MAC (RFC
 * 8945 5.2.2.1) is known, too.
 */
struct update_seen_id {
	uint64_t key;
	uint8_t mac[16];
};

struct update_seen_entry {
	struct update_seen_id id;
	uint64_t expires;  /* seconds since the epoch; still known then */
	const void *owner; /* the update, as long as it is not decided */
	char *reason;	   /* NULL: none */
	uint16_t rcode;	   /* enum msg_rcode */
	int16_t ede;	   /* enum msg_ede */
	bool gone;
	uint32_t next; /* of the same hash; position + 1 */
};

/* As kept in the journal with the edit: key (8), MAC (16), expires (8). */
#define UPDATE_TOKEN_LEN 32
void update_seen_token(uint8_t *token, const struct update_seen_id *id,
		       uint64_t expires);

void update_seen_identify(struct update_seen_id *id,
			  const struct tsig_state *tsig);

/* The entry, or NULL. Pointers hold until the next update_seen_add(). */
struct update_seen_entry *update_seen_find(struct update_seen *seen,
					   const struct update_seen_id *id);

/* Undecided, owned by `owner`; the id must not be there. NULL: memory. */
struct update_seen_entry *update_seen_add(struct update_seen *seen,
					  const struct update_seen_id *id,
					  uint64_t expires, const void *owner);
void update_seen_remove(struct update_seen *seen, struct update_seen_entry *e);

uint64_t update_seen_now(const struct update_seen *seen);

/* Counts one more that waits; false if there are UPDATE_WAITING_MAX already.
 * Any thread. */
bool update_seen_enter(struct update_seen *seen);
void update_seen_leave(struct update_seen *seen);

#endif
