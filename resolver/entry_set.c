#include "resolver/entry_internal.h"

#include <string.h>

#define TTL_TOP_BIT 0x80000000u
#define SET_HEAD_LEN 10 /* type, TTL, count, octets */

/* --- the index ------------------------------------------------------------ */

static uint32_t
owner_hash(const uint8_t *owner)
{
	uint64_t h = name_hash(owner);

	return (uint32_t)(h ^ h >> 32);
}

/* The first `rrs` RRs of a section. */
static void
index_section(struct build *b, enum msg_section section, unsigned rrs)
{
	const struct msg *m = b->m;
	size_t pos = m->section[section], at;

	for (unsigned i = rrs; i > 0; i--) {
		struct record *r = &b->records[b->count];
		struct msg_rr rr;

		at = pos;
		msg_rr_read(m, &pos, &rr);
		if (rr.class != RR_IN || rr_type_is_meta(rr.type) ||
		    (section == MSG_AR && !build_is_rider(rr.type)))
			continue;
		*r = (struct record){.hash = owner_hash(rr.owner),
				     .at = (uint16_t)at,
				     .type = rr.type,
				     .section = (uint16_t)section};
		if (rr.type == RR_RRSIG && rr.rdlen >= 2)
			r->covers = get16(m->wire + rr.rdata);
		b->count++;
	}
}

enum err
build_index(struct build *b, const struct msg *m, struct arena *arena)
{
	size_t rrs = (size_t)m->count[MSG_AN] + m->count[MSG_NS];
	unsigned riders = 0;

	if (b->policy->riders != NULL)
		riders = m->count[MSG_AR] < ENTRY_RIDER_RRS_MAX
				 ? m->count[MSG_AR]
				 : ENTRY_RIDER_RRS_MAX;
	rrs += riders;
	b->m = m;
	b->arena = arena;
	b->count = 0;
	b->records = arena_alloc(arena, rrs * sizeof(*b->records));
	if (b->records == NULL)
		return ERR_NOMEM;
	index_section(b, MSG_AN, m->count[MSG_AN]);
	index_section(b, MSG_NS, m->count[MSG_NS]);
	index_section(b, MSG_AR, riders);
	b->work = 4 * b->count + 256;
	return ERR_OK;
}

struct scan
build_scan(uint16_t section, const uint8_t *owner, uint16_t type)
{
	return (struct scan){.section = section,
			     .owner = owner,
			     .hash = owner_hash(owner),
			     .type = type};
}

static bool
covers_fits(uint16_t wanted, uint16_t covers)
{
	if (wanted == COVERS_PROOF)
		return covers == RR_SOA || covers == RR_NSEC ||
		       covers == RR_NSEC3;
	return wanted == 0 || wanted == covers;
}

static bool
scan_fits(const struct scan *s, const struct record *r)
{
	return r->hash == s->hash && r->section == s->section &&
	       (r->type == s->type || s->type == RR_ANY) &&
	       covers_fits(s->covers, r->covers);
}

bool
build_spend(struct build *b)
{
	if (b->work > 0)
		b->work--;
	return b->work > 0;
}

bool
build_next(struct build *b, struct scan *s, struct msg_rr *rr)
{
	while (s->at < b->count) {
		const struct record *r = &b->records[s->at++];
		size_t pos = r->at;

		if (!scan_fits(s, r))
			continue;
		if (!build_spend(b))
			return false;
		msg_rr_read(b->m, &pos, rr);
		if (name_equal(rr->owner, s->owner))
			return true;
	}
	return false;
}

struct entry
build_so_far(const struct build *b)
{
	return (struct entry){.octets = b->out, .len = b->len};
}

/* --- TTLs ----------------------------------------------------------------- */

uint32_t
build_cap_ttl(const struct build *b, uint32_t ttl)
{
	if (ttl & TTL_TOP_BIT)
		ttl = 0;
	if (ttl < b->policy->ttl_min)
		ttl = b->policy->ttl_min;
	return ttl < b->policy->ttl_max ? ttl : b->policy->ttl_max;
}

static void
count_ttl(struct build *b, uint32_t ttl)
{
	if (ttl < b->ttl)
		b->ttl = ttl;
}

void
build_set_ttl(struct build *b, const struct written *w, uint32_t ttl)
{
	uint8_t *set = b->out + w->at;

	put32(set + 2 + set[1] + 2, ttl);
	count_ttl(b, ttl);
}

/* --- duplicates ----------------------------------------------------------- */

/*
 * A table of offsets in out, open addressing, never more than half full; 0 is
 * nothing. The hash is without case, as rr_rdata_cmp() may be.
 */
static uint32_t
rdata_hash(const uint8_t *rdata, size_t len)
{
	uint64_t h = len;

	for (size_t i = 0; i < len; i++)
		h = (h ^ name_lower_octet(rdata[i])) * 0x9e3779b97f4a7c15;
	return (uint32_t)(h >> 32);
}

static bool
slots_ready(struct build *b, unsigned rrs)
{
	size_t count = 4;

	while (count < 2 * (size_t)rrs)
		count *= 2;
	if (b->slots == NULL || count > b->slot_room) {
		b->slots = arena_alloc(b->arena, count * sizeof(*b->slots));
		b->slot_room = count;
	}
	if (b->slots == NULL)
		return false;
	memset(b->slots, 0, count * sizeof(*b->slots));
	b->slot_count = count;
	return true;
}

/* True if the rdata at out[at] is in the set already; else notes it. */
static bool
seen_before(struct build *b, uint16_t type, size_t at)
{
	const uint8_t *rdata = b->out + at + 2;
	size_t rdlen = get16(b->out + at), mask = b->slot_count - 1;
	size_t i = rdata_hash(rdata, rdlen) & mask;

	for (; b->slots[i] != 0; i = (i + 1) & mask) {
		const uint8_t *other = b->out + b->slots[i];

		if (!build_spend(b) ||
		    rr_rdata_cmp(type, rdata, rdlen, other + 2, get16(other)) ==
			    0)
			return true;
	}
	b->slots[i] = (uint16_t)at;
	return false;
}

/* --- a set ---------------------------------------------------------------- */

static bool
room_for(struct build *b, size_t len)
{
	if (b->full || len > b->cap - b->len)
		b->full = true;
	return !b->full;
}

/* Everything before the rdata, with room for TTL, count and length. */
static bool
set_begin(struct build *b, uint16_t section, const uint8_t *owner,
	  uint16_t type)
{
	size_t owner_len = name_len(owner);
	uint8_t *at = b->out + b->len;

	if (!room_for(b, 2 + owner_len + SET_HEAD_LEN))
		return false;
	at[0] = (uint8_t)section;
	at[1] = (uint8_t)owner_len;
	name_copy(at + 2, owner);
	put16(at + 2 + owner_len, type);
	b->len += 2 + owner_len + SET_HEAD_LEN;
	return true;
}

static void
set_end(struct build *b, size_t start, uint32_t ttl, unsigned count)
{
	uint8_t *head = b->out + start + 2 + b->out[start + 1];

	put32(head + 2, ttl);
	put16(head + 6, (uint16_t)count);
	put16(head + 8, (uint16_t)(b->out + b->len - (head + SET_HEAD_LEN)));
	b->sets++;
	count_ttl(b, ttl);
}

/* The RR's rdata at the end of out, but len stays before it. 0: no room. */
static size_t
rdata_put(struct build *b, const struct msg_rr *rr)
{
	uint8_t *at = b->out + b->len;
	size_t rdlen;

	if (!room_for(b, 2))
		return 0;
	/* It was checked when the message was parsed: it can only be long. */
	if (!msg_rr_rdata(b->m, rr, at + 2, b->cap - b->len - 2, &rdlen) ||
	    rdlen > UINT16_MAX) {
		b->full = true;
		return 0;
	}
	put16(at, (uint16_t)rdlen);
	return 2 + rdlen;
}

static unsigned
count_fitting(const struct build *b, const struct scan *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->count; i++)
		n += scan_fits(s, &b->records[i]);
	return n;
}

/* Writes the RRs behind the set's head; *ttl is the least of theirs. */
static void
set_fill(struct build *b, struct scan *s, struct written *w, uint16_t type)
{
	struct msg_rr rr;
	size_t size;

	while (build_next(b, s, &rr) && (size = rdata_put(b, &rr)) != 0) {
		uint32_t ttl = build_cap_ttl(b, rr.ttl);

		if (ttl < w->ttl)
			w->ttl = ttl;
		if (!b->policy->private_ok &&
		    entry_address_private(type, b->out + b->len + 2,
					  size - 2)) {
			w->removed++;
			continue;
		}
		if (seen_before(b, type, b->len))
			continue;
		if (w->count++ == 0) {
			w->rdata = b->out + b->len + 2;
			w->rdlen = (uint16_t)(size - 2);
		}
		b->len += size;
	}
}

struct written
build_set(struct build *b, struct scan s)
{
	struct written w = {.ttl = UINT32_MAX, .at = b->len};
	unsigned rrs = count_fitting(b, &s);

	if (rrs == 0)
		return w;
	if (!slots_ready(b, rrs)) {
		b->full = true; /* told apart by slots being NULL */
		return w;
	}
	if (!set_begin(b, s.section, s.owner, s.type))
		return w;
	set_fill(b, &s, &w, s.type);
	if (w.count > 0)
		set_end(b, w.at, w.ttl, w.count);
	else
		b->len = w.at;
	return w;
}

void
build_single(struct build *b, uint16_t section, const uint8_t *owner,
	     uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t rdlen)
{
	size_t start = b->len;

	if (!set_begin(b, section, owner, type) || !room_for(b, 2 + rdlen))
		return;
	put16(b->out + b->len, (uint16_t)rdlen);
	memcpy(b->out + b->len + 2, rdata, rdlen);
	b->len += 2 + rdlen;
	set_end(b, start, ttl, 1);
}
