/*
 * Octets as an entry from a file: what opens is walked through. And octets as
 * a response: what becomes an entry must open, answer nothing but its question,
 * and be joined to itself or not without harm. The first octet says how.
 */
#include "resolver/entry.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
entry_walk(const struct entry *e)
{
	struct entry_rrset r, found;
	unsigned count = 0;
	size_t at = 0, used;

	for (; entry_next(e, &at, &r); count++) {
		const uint8_t *rdata;
		uint16_t rdlen;
		size_t pos = 0;

		must(at <= e->len && name_valid(r.owner, 255, &used));
		while (rrset_next(&r.set, &pos, &rdata, &rdlen))
			must(rr_rdata_valid(r.set.type, rdata, rdlen));
		must(pos == r.set.len);
		must(entry_find(e, (enum msg_section)r.section, r.owner,
				r.set.type, &found));
	}
	must(at == e->len || count == 0);
	must(count == e->count);
	must(name_valid(entry_chain_end(e, name_root, RR_A), 255, &used));
	must(entry_fresh(e, e->made) == e->ttl);
}

/* Each set of the answer is on the chain; returns where that ends. */
static void
built_check(const struct entry *e, const uint8_t *qname, uint16_t qtype,
	    const struct entry_policy *policy)
{
	const uint8_t *name = qname;
	struct entry_rrset r;
	size_t at = 0;

	must(e->ttl <= policy->ttl_max);
	while (entry_next(e, &at, &r)) {
		must(r.set.ttl <= policy->ttl_max);
		must(e->ttl <= r.set.ttl);
		must(policy->dnssec || r.set.type != RR_RRSIG ||
		     qtype == RR_RRSIG || qtype == RR_ANY);
		must(r.section != MSG_AR ||
		     (policy->riders != NULL && r.set.ttl > 0 &&
		      name_at_or_below(r.owner, policy->riders)));
		if (r.section != MSG_AN)
			continue;
		must(name_at_or_below(name, r.owner) || r.set.type == RR_RRSIG);
		if (r.set.type != RR_CNAME)
			continue;
		must(name_equal(r.owner, name) && r.set.count == 1);
		if (qtype != RR_CNAME && qtype != RR_ANY)
			name = r.set.rdatas + 2;
	}
	must(name_equal(entry_chain_end(e, qname, qtype), name));
	must((e->flags & ENTRY_PARTIAL) == 0 ||
	     !entry_find(e, MSG_AN, name, qtype, &r));
}

static void
join_check(const struct entry *e, struct arena *arena)
{
	struct entry later = *e, joined;
	const uint8_t *octets;
	size_t len;

	later.made += 7;
	if (entry_join(e, &later, arena, &octets, &len) == ERR_OK)
		must(entry_open(&joined, octets, len));
}

static void
try_build(const uint8_t *data, size_t size, unsigned how)
{
	static const uint8_t riders[] = "\3den";
	const struct entry_policy policy = {
		.ttl_min = how & 1 ? 30 : 0,
		.ttl_max = how & 2 ? 3600 : 0x7fffffff,
		.negative_max = how & 4 ? 60 : 10800,
		.private_ok = (how & 8) != 0,
		.dnssec = (how & 16) != 0,
		.riders = how & 32 ? riders : NULL,
	};
	static struct msg m;
	struct arena arena;
	const uint8_t *octets;
	struct entry e;
	size_t len;

	if (msg_parse_response(&m, data, size) != MSG_OK || m.qname_len == 0)
		return;
	arena_init_growing(&arena);
	if (entry_build(&m, m.qname, m.qtype, &policy, 1000, &arena, &octets,
			&len) == ERR_OK) {
		must(entry_open(&e, octets, len));
		entry_walk(&e);
		built_check(&e, m.qname, m.qtype, &policy);
		join_check(&e, &arena);
	}
	arena_free(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry e;

	if (entry_open(&e, data, size))
		entry_walk(&e);
	if (size > 1)
		try_build(data + 1, size - 1, data[0]);
	return 0;
}
