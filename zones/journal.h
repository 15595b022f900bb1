/*
 * The journal: for every edit, what was removed and what was added, when, and
 * by whom. It serves `placectl log`, imports that must carry over what
 * happened meanwhile, and (later) IXFR (RFC 1995).
 *
 *   key    zone id (4), version (8)
 *   value  01, serial before (4), serial after (4), time (8), key tag (2),
 *          who (1 + n), token (1 + n), removed count (4), added count (4), RRs
 *   RR     owner (wire), type (2), ttl (4), origin (1), rdlen (2), rdata
 *
 * The token is what the asker of the edit will know it by: kept with it, so
 * that after a restart the same message is not applied again.
 *
 * The SOA's change is among the RRs (first removed, first added), as IXFR wants
 * it. An entry with the same serial before and after changes no data, only
 * whose the RRs are (their origin), and has no SOA. One whose serials differ
 * and that lists no RRs is an import that was built beside the zone. Keyed by
 * version, not by serial: serials may jump and wrap, versions cannot.
 */
#ifndef PLACED_ZONES_JOURNAL_H
#define PLACED_ZONES_JOURNAL_H

#include "lib/arena.h"
#include "lib/base.h"
#include "lib/rr.h"
#include "zones/store.h"
#include "zones/zone.h"

struct journal_rr {
	struct rr rr;
	uint8_t origin;
};

#define JOURNAL_TOKEN_MAX 32

struct journal_entry {
	uint64_t version;
	uint32_t serial_before, serial_after;
	uint64_t time; /* seconds since the epoch */
	uint16_t key_tag;
	char who[64];
	uint8_t token[JOURNAL_TOKEN_MAX];
	uint8_t token_len;
	uint32_t removed, added; /* RRs */
	const uint8_t *rrs;	 /* encoded; journal_next_rr() */
	size_t rrs_len;
};

/* A write drops at most so many old entries: a limit that was lowered is
 * reached over the next edits, not in one long transaction. */
#define JOURNAL_DROP_MAX 256

/* Encodes e with its lists and writes it for z->version (already raised by the
 * caller), keeps z's journal counts (keys and values), and drops the oldest
 * entries beyond limit octets (the newest always stays). Any error but
 * ERR_NOMEM spoils the transaction. */
enum err journal_write(struct store_txn *t, struct zone_record *z,
		       struct journal_entry *e,
		       const struct journal_rr *removed,
		       const struct journal_rr *added, uint64_t limit,
		       struct arena *scratch);

/* The entry of that version; ERR_NOTFOUND if dropped or not yet. Pointers hold
 * as the snapshot. */
enum err journal_read(struct store_view *v, uint32_t zone_id, uint64_t version,
		      struct journal_entry *e);

/* RRs in turn, first e->removed, then e->added of them; *at = 0 to start. False
 * at the end or if broken (then *at < e->rrs_len). */
bool journal_next_rr(const struct journal_entry *e, size_t *at,
		     struct journal_rr *rr);

#endif
