/* What rides along with a child's answer about space: where its hits are, and
 * how to talk to them. It is no reason for the answer to fail. */
#include "resolver/entry_internal.h"

bool
build_is_rider(uint16_t type)
{
	return type == RR_LOC || type == RR_A || type == RR_AAAA ||
	       type == RR_SRV || type == RR_TXT || type == RR_EUI48 ||
	       type == RR_EUI64;
}

/* What a set that turns out not to be wanted is undone by. */
struct mark {
	size_t len;
	unsigned sets;
	uint32_t ttl;
};

/* False: it is not kept, and nothing of it is. */
static bool
rider_write(struct build *b, const uint8_t *owner, uint16_t type)
{
	const struct mark before = {b->len, b->sets, b->ttl};
	struct written w = build_set(b, build_scan(MSG_AR, owner, type));

	if (w.count > 0 && w.ttl > 0 && !b->full && b->work > 0 &&
	    b->sets <= UINT8_MAX)
		return true;
	b->len = before.len;
	b->sets = before.sets;
	b->ttl = before.ttl;
	return false;
}

/* The record's owner and type, if that is a set to be written: it is the
 * child's own to speak of, and not there yet. */
static bool
rider_read(struct build *b, const struct record *r, struct msg_rr *rr)
{
	struct entry so_far = build_so_far(b);
	struct entry_rrset set;
	size_t pos = r->at;

	if (r->section != MSG_AR || !build_spend(b))
		return false;
	msg_rr_read(b->m, &pos, rr);
	return name_at_or_below(rr->owner, b->policy->riders) &&
	       !entry_find(&so_far, MSG_AR, rr->owner, rr->type, &set);
}

void
build_riders(struct build *b)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < b->count && kept < ENTRY_RIDERS_MAX; i++) {
		struct msg_rr rr;

		if (rider_read(b, &b->records[i], &rr))
			kept += rider_write(b, rr.owner, rr.type);
		/* no room, no memory, no patience: that is all then */
		if (b->full || b->work == 0)
			break;
	}
	b->full = false;
}
