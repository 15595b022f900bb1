#include "server/stats.h"

#include "lib/base.h"

static const char *const names[STATS] = {
	[STAT_UDP] = "udp",
	[STAT_TCP] = "tcp",
	[STAT_QUERIES] = "queries",
	[STAT_UPDATES] = "updates",
	[STAT_NOTIFIES] = "notifies",
	[STAT_IGNORED] = "ignored",
	[STAT_NOERROR] = "noerror",
	[STAT_FORMERR] = "formerr",
	[STAT_SERVFAIL] = "servfail",
	[STAT_NXDOMAIN] = "nxdomain",
	[STAT_NOTIMP] = "notimp",
	[STAT_REFUSED] = "refused",
	[STAT_OTHER_RCODE] = "other-rcode",
	[STAT_TRUNCATED] = "truncated",
	[STAT_TSIG_BAD] = "tsig-bad",
	[STAT_ARENA_FULL] = "arena-full",
	[STAT_BLOCKED] = "blocked",
	[STAT_CROWDED] = "crowded",
	[STAT_STALE] = "stale",
};

const char *
stat_name(enum stat_id s)
{
	must(s < STATS);
	return names[s];
}

void
stats_add(struct stats *sum, const struct stats *s)
{
	for (int i = 0; i < STATS; i++)
		sum->n[i] +=
			atomic_load_explicit(&s->n[i], memory_order_relaxed);
}
