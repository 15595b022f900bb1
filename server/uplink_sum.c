#include "server/uplink_sum.h"

#include <stdatomic.h>
#include <string.h>

/* --- forwarders ----------------------------------------------------------- */

static bool
addr_same(const struct net_addr *a, const struct net_addr *b)
{
	return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

/* A reload reaches one worker after the other: they may have different ones.
 * NULL: there is no room for another. */
static struct uplink_sum_forwarder *
sum_find(struct uplink_sum *s, const struct resolver_forwarder *f)
{
	struct uplink_sum_forwarder *to;

	for (unsigned i = 0; i < s->count; i++)
		if (s->forwarders[i].tls == f->tls &&
		    addr_same(&s->forwarders[i].addr, &f->addr))
			return &s->forwarders[i];
	if (s->count == UPLINK_SUM_MAX)
		return NULL;
	to = &s->forwarders[s->count++];
	*to = (struct uplink_sum_forwarder){.addr = f->addr, .tls = f->tls};
	return to;
}

void
uplink_sum_add(struct uplink_sum *s, const struct resolver_forwarder *f,
	       unsigned count)
{
	for (unsigned i = 0; i < count; i++, f++) {
		struct uplink_sum_forwarder *to = sum_find(s, f);

		if (to == NULL)
			return;
		to->workers++;
		to->up += f->up;
		to->sent += f->sent;
		to->answers += f->answers;
		to->failures += f->failures;
		if (f->srtt_ms == 0)
			continue;
		to->srtt_ms = (to->srtt_ms * to->timed + f->srtt_ms) /
			      (to->timed + 1);
		to->timed++;
	}
}

/* --- counters ------------------------------------------------------------- */

struct count {
	const char *name;
	size_t offset; /* in struct resolver_stats */
};

#define COUNT(name, member)                                     \
	{                                                       \
		(name), offsetof(struct resolver_stats, member) \
	}

static const struct count counts[UPLINK_SUM_COUNTS] = {
	COUNT("asked", asked),
	COUNT("coalesced", coalesced),
	COUNT("udp", sent_udp),
	COUNT("tcp", sent_tcp),
	COUNT("tls", sent_tls),
	COUNT("answered", answered),
	COUNT("failed", failed),
	COUNT("timeouts", timeouts),
	COUNT("mismatched", mismatched),
	COUNT("rebound", rebound),
	COUNT("busy", busy),
};

void
uplink_sum_count(struct uplink_sum *s, const struct resolver_stats *stats)
{
	for (unsigned i = 0; i < UPLINK_SUM_COUNTS; i++) {
		const _Atomic uint64_t *n =
			(const void *)((const char *)stats + counts[i].offset);

		s->counts[i] += atomic_load_explicit(n, memory_order_relaxed);
	}
}

const char *
uplink_sum_name(unsigned i)
{
	must(i < UPLINK_SUM_COUNTS);
	return counts[i].name;
}
