/*
 * An authoritative answer, collected: which RRsets go into which section. It
 * writes no octets; query.c encodes what is in q->items.
 *
 *   answer_query → view_zone → lookup → answer_data       RFC 1034 4.3.2
 *                                     | answer_cname  ┐   and on from the
 *                                     | answer_dname  ┘   target's zone
 *                                     | answer_referral
 *                                     | answer_nodata, answer_nxdomain
 *               → answer_additional
 */
#ifndef PLACED_SERVER_ANSWER_H
#define PLACED_SERVER_ANSWER_H

#include "server/query.h"

/* exports() of q->client, with the query as arg: what is not exported is noted
 * for the memo. */
bool answer_exports(void *query, int zone);

/* A zone's facts in this snapshot, noted for the memo; NULL: not in the store,
 * or unreadable. */
struct zone_facts *answer_facts(struct query *q, struct view v);

/* One more RRset, with its own TTL; too many: q->overflow. */
void answer_add(struct query *q, enum msg_section section, const uint8_t *owner,
		const struct rrset *set);

/* True if the RRset is collected already, in whatever section. */
bool answer_holds(const struct query *q, const uint8_t *owner, uint16_t type);

/* Sets q's flags, rcode, ede and items for the question in q->msg, class IN. */
void answer_query(struct query *q);

#endif
