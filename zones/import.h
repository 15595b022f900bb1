/*
 * Import: a zone file into the store, first or again. The file becomes a
 * sorted set of RRs; the set against the store becomes a list of changes, which
 * can be shown (dry run) or made. Only what an earlier file brought is removed;
 * what devices registered stays, and where the file contradicts it the import
 * is refused with owner, type and line, unless `replace` is set: then the file
 * is all there is.
 *
 * A small difference is one edit. A large one is built beside the zone under
 * an id of its own, slice by slice between other people's updates, and swapped
 * in by one small transaction that first replays, from the journal, what
 * happened meanwhile:
 *
 *   begin ── slice ── slice ── … ── finish          each in a write transaction
 *     │          └ replay            ├ replay: the journal since the last call,
 *     │                              │ for owners that are built already
 *     └ new id marked as being built └ record takes the new id, the old one
 *                                      goes on the erase list
 *
 * The file counts as imported at the time of each slice; edits that came later
 * stand, and one that contradicts the file fails the import. A built zone
 * begins a journal of its own with one entry that tells of the import; the old
 * entries are erased with the old id.
 */
#ifndef PLACED_ZONES_IMPORT_H
#define PLACED_ZONES_IMPORT_H

#include "lib/arena.h"
#include "lib/base.h"
#include "lib/rr.h"
#include "zones/edit.h"
#include "zones/store.h"
#include "zones/text.h"

struct import_rr {
	struct rr rr;
	uint32_t order; /* of appearance */
	struct text_place place;
};

/* RRs of one file; owns copies of everything. */
struct import_set {
	struct arena arena;
	uint8_t apex[NAME_WIRE_MAX]; /* lower case */
	struct import_rr *rrs;
	size_t count, room;
};

void import_set_init(struct import_set *s, const uint8_t *apex);
void import_set_free(struct import_set *s);

/* A text_rr_fn with the set as ctx: text_read(path, apex, import_set_add, &set,
 * d). */
enum err import_set_add(void *set, const struct rr *rr, struct text_place place,
			struct diag *d);

/*
 * Sorts (canonical order of owner, type, rdata), drops duplicates, and checks
 * the file by itself: one SOA, an NS at the apex, CNAME and DNAME rules, one
 * TTL an RRset (the first one's wins, as with other servers). FILE:LINE:
 * sentence in d. This plus text_read() is what `placectl check` does.
 */
enum err import_set_finish(struct import_set *s,
			   const struct edit_limits *limits, struct diag *d);

/* An RR stream, for handing a set to the server: owner, type (2), ttl (4), line
 * (4), rdlen (2), rdata, each RR. Reading trusts nothing: fd must be a regular
 * file (a memfd is one), it is read from its start, and the set is not finished
 * by it. fd stays the caller's. */
enum err import_set_write(const struct import_set *s, int fd, struct diag *d);
enum err import_set_read(struct import_set *s, int fd, const char *name,
			 struct diag *d);

struct import_diff {
	uint32_t zone_id; /* of the zone compared with; 0: it is new */
	uint64_t version; /* its version then */
	struct arena arena;
	struct edit_change *changes; /* the SOA, then in canonical order,
					removals of an owner first */
	size_t count, room;
	size_t removed, added,
		kept; /* RRs; kept: registered ones the file does not know */
};

/* v: a snapshot (begun), or a write transaction's view. The zone may be new.
 * The file's SOA is taken with a serial that is after the store's (RFC 1982):
 * its own if that is newer, else the store's plus one if anything else differs.
 * ERR_RULE: the file contradicts what is registered. To be freed in any case;
 * what is added points into s. */
enum err import_diff_make(struct import_diff *diff, struct store_view *v,
			  const struct import_set *s, bool replace,
			  struct diag *d);
void import_diff_free(struct import_diff *diff);

/* True if the zone is in v as it was compared: the difference still holds. */
bool import_diff_holds(const struct import_diff *diff, struct store_view *v,
		       const uint8_t *apex);

/* As one edit (EDIT_STRICT, origin file); creates the zone if it is new. */
enum err import_apply(struct store_txn *t, const struct import_set *s,
		      const struct import_diff *diff,
		      const struct edit_limits *limits, uint64_t now,
		      const uint8_t *key_name, const char *who,
		      struct edit_result *r);

/* Above this many changes (or for a new zone above it) the server builds
 * instead. */
#define IMPORT_SMALL 2000
#define IMPORT_SLICE 2000 /* owners a transaction */

struct import_build; /* the state between slices */

/* s, finished, and limits must outlive it. NULL: memory. */
struct import_build *import_build_new(const struct import_set *s, bool replace,
				      const struct edit_limits *limits);
enum err import_build_begin(struct import_build *b, struct store_txn *t,
			    struct diag *d);
/* ERR_BUSY, here and from finish: the zone was dropped, or its journal has lost
 * entries that are needed; abandon, and begin a new build. */
enum err import_build_slice(struct import_build *b, struct store_txn *t,
			    bool *more, struct diag *d);
/* r->removed and added are the file's difference, without what was replayed.
 * now and who are for the journal, which starts again with one entry that tells
 * of the import and lists no RRs. */
enum err import_build_finish(struct import_build *b, struct store_txn *t,
			     uint64_t now, const char *who,
			     struct edit_result *r);
/* RRs registered that the file does not know, so far. */
size_t import_build_kept(const struct import_build *b);

/* The transaction of the last call was aborted and will be repeated: forget
 * that call. */
void import_build_undo(struct import_build *b);

/* After a failure: what was built goes on the erase list. */
enum err import_build_abandon(struct import_build *b, struct store_txn *t);
void import_build_free(struct import_build *b); /* NULL is fine */

/* At start: what a process that was killed left half built goes on the erase
 * list. */
enum err import_build_recover(struct store_txn *t);

#endif
