#include "resolver/entry.h"

#include <string.h>

#define FORMAT 1
#define SET_HEAD_LEN 12 /* without the owner */
#define FLAGS_KNOWN (ENTRY_AD | ENTRY_PARTIAL | ENTRY_REBOUND)
#define TTL_MOST 0x7fffffff

/* --- reading -------------------------------------------------------------- */

void
entry_view(struct entry *e, const uint8_t *octets, size_t len)
{
	must(len >= ENTRY_HEAD_LEN);
	e->octets = octets;
	e->len = len;
	e->flags = octets[1];
	e->rcode = octets[2];
	e->count = octets[3];
	e->made = get32(octets + 4);
	e->ttl = get32(octets + 8);
}

/* The set at p, whose format is known; returns its octets. */
static size_t
set_read(struct entry_rrset *r, const uint8_t *p)
{
	size_t owner = p[1];

	r->section = p[0];
	r->owner = p + 2;
	p += 2 + owner;
	r->set.type = get16(p);
	r->set.ttl = get32(p + 2);
	r->set.count = get16(p + 6);
	r->set.len = get16(p + 8);
	r->set.rdatas = p + 10;
	r->set.meta = NULL;
	return SET_HEAD_LEN + owner + r->set.len;
}

bool
entry_next(const struct entry *e, size_t *at, struct entry_rrset *r)
{
	if (*at == 0)
		*at = ENTRY_HEAD_LEN;
	if (*at >= e->len)
		return false;
	*at += set_read(r, e->octets + *at);
	return true;
}

bool
entry_find(const struct entry *e, enum msg_section section,
	   const uint8_t *owner, uint16_t type, struct entry_rrset *r)
{
	size_t at = 0;

	while (entry_next(e, &at, r))
		if (r->section == section && r->set.type == type &&
		    name_equal(r->owner, owner))
			return true;
	return false;
}

uint32_t
entry_fresh(const struct entry *e, uint32_t now)
{
	uint32_t age = now > e->made ? now - e->made : 0;

	return e->ttl > age ? e->ttl - age : 0;
}

const uint8_t *
entry_chain_end(const struct entry *e, const uint8_t *qname, uint16_t qtype)
{
	const uint8_t *name = qname;

	if (qtype == RR_CNAME || qtype == RR_ANY)
		return name;
	/* No more steps than sets: what was put together may hold a loop. */
	for (unsigned i = 0; i < e->count; i++) {
		struct entry_rrset r;
		uint16_t rdlen;
		size_t at = 0;

		if (!entry_find(e, MSG_AN, name, RR_CNAME, &r) ||
		    !rrset_next(&r.set, &at, &name, &rdlen))
			break;
	}
	return name;
}

/* --- checking ------------------------------------------------------------- */

static bool
rdatas_valid(const struct rrset *set)
{
	unsigned count = 0;
	size_t at = 0;

	for (; at + 2 <= set->len; count++) {
		size_t rdlen = get16(set->rdatas + at);

		at += 2;
		if (rdlen > set->len - at ||
		    !rr_rdata_valid(set->type, set->rdatas + at, rdlen))
			return false;
		at += rdlen;
	}
	return at == set->len && count == set->count && count > 0;
}

/* Octets of a sound set at p, 0 if it is not. */
static size_t
set_check(const uint8_t *p, size_t room)
{
	struct entry_rrset r;
	size_t used, size;

	if (room < SET_HEAD_LEN || room < SET_HEAD_LEN + (size_t)p[1] ||
	    (p[0] != MSG_AN && p[0] != MSG_NS && p[0] != MSG_AR) ||
	    !name_valid(p + 2, p[1], &used) || used != p[1])
		return 0;
	size = set_read(&r, p);
	if (size > room || rr_type_is_meta(r.set.type) ||
	    r.set.ttl > TTL_MOST || !rdatas_valid(&r.set))
		return 0;
	return size;
}

bool
entry_open(struct entry *e, const uint8_t *octets, size_t len)
{
	size_t at = ENTRY_HEAD_LEN;
	unsigned count = 0;

	if (len < ENTRY_HEAD_LEN || len > ENTRY_MAX || octets[0] != FORMAT)
		return false;
	for (; at < len; count++) {
		size_t size = set_check(octets + at, len - at);

		if (size == 0)
			return false;
		at += size;
	}
	entry_view(e, octets, len);
	return count == e->count && (e->flags & ~FLAGS_KNOWN) == 0 &&
	       e->rcode <= 15 && e->ttl <= TTL_MOST;
}

/* --- making --------------------------------------------------------------- */

void
entry_head(uint8_t *dst, const struct entry *e)
{
	dst[0] = FORMAT;
	dst[1] = e->flags;
	dst[2] = e->rcode;
	dst[3] = e->count;
	put32(dst + 4, e->made);
	put32(dst + 8, e->ttl <= TTL_MOST ? e->ttl : TTL_MOST);
}

static uint32_t
less(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Appends e's sets, but those that are in `not`, to dst, with TTLs that are
 * `age` seconds older. */
static size_t
sets_copy(uint8_t *dst, const struct entry *e, const struct entry * not,
	  uint32_t age, unsigned *count)
{
	struct entry_rrset r, same;
	size_t at = 0, before = ENTRY_HEAD_LEN, len = 0;

	for (; entry_next(e, &at, &r); before = at) {
		uint8_t *ttl;

		if (not != NULL &&
		    entry_find(not, r.section, r.owner, r.set.type, &same))
			continue;
		memcpy(dst + len, e->octets + before, at - before);
		ttl = dst + len + 4 + dst[len + 1];
		put32(ttl, r.set.ttl - less(r.set.ttl, age));
		len += at - before;
		++*count;
	}
	return len;
}

/* A name that both have a CNAME at is where the chain bites its tail. */
static bool
chains_meet(const struct entry *a, const struct entry *b)
{
	struct entry_rrset r, other;
	size_t at = 0;

	while (entry_next(a, &at, &r))
		if (r.set.type == RR_CNAME &&
		    entry_find(b, MSG_AN, r.owner, RR_CNAME, &other))
			return true;
	return false;
}

enum err
entry_join(const struct entry *a, const struct entry *b, struct arena *arena,
	   const uint8_t **octets, size_t *len)
{
	struct entry e = {.rcode = b->rcode};
	uint32_t age_a, age_b;
	unsigned count = 0;
	uint8_t *dst;

	if (chains_meet(a, b))
		return ERR_SYNTAX;
	dst = arena_alloc(arena, a->len + b->len);
	if (dst == NULL)
		return ERR_NOMEM;
	e.made = a->made > b->made ? a->made : b->made;
	age_a = e.made - a->made;
	age_b = e.made - b->made;
	e.ttl = less(entry_fresh(a, e.made), entry_fresh(b, e.made));
	e.flags = (uint8_t)((a->flags & b->flags & ENTRY_AD) |
			    (b->flags & ENTRY_PARTIAL) |
			    ((a->flags | b->flags) & ENTRY_REBOUND));
	*len = ENTRY_HEAD_LEN;
	*len += sets_copy(dst + *len, a, NULL, age_a, &count);
	*len += sets_copy(dst + *len, b, a, age_b, &count);
	if (*len > ENTRY_MAX || count > UINT8_MAX)
		return ERR_RANGE;
	e.count = (uint8_t)count;
	entry_head(dst, &e);
	*octets = dst;
	return ERR_OK;
}
