/*
 * Reach: the foreign names that the inside may resolve upward. A name is in
 * reach of a client if it is at or below an entry of a space that the client is
 * inside of (its `_reach` records), or one of the configuration's `uplink:
 * reach:` and the client is inside of any space.
 *
 * The set is a copy in memory of all `_reach` records of the store, true for as
 * long as the store's boundary version (zones/export.h) stands still: one read
 * a snapshot tells.
 *
 *   name ── hash ──→ zones that have it in reach (or CONF)
 *
 * A name is looked for with each of its tails; how many zones or entries there
 * are costs nothing.
 */
#ifndef PLACED_RESOLVER_REACH_H
#define PLACED_RESOLVER_REACH_H

#include "lib/base.h"
#include "lib/conf.h"
#include "zones/store.h"

struct reach;

#define REACH_CONF UINT32_MAX /* the entry is the configuration's */

/* conf outlives it. Empty until reach_refresh(). NULL: memory. */
struct reach *reach_new(const struct conf *conf);
void reach_free(struct reach *r); /* NULL is fine */

/* Makes r true for v's snapshot; one get when nothing has changed. */
enum err reach_refresh(struct reach *r, struct store_view *v);

/* Told for each entry that covers the name, the longest first; true ends the
 * search: index in conf->zones, or REACH_CONF; entry is the covering name. */
typedef bool reach_fn(void *arg, uint32_t zone, const uint8_t *entry);
bool reach_covers(const struct reach *r, const uint8_t *name, reach_fn *fn,
		  void *arg);

/* Goes up with what the table is made of. */
uint64_t reach_version(const struct reach *r);

size_t reach_count(const struct reach *r);
#endif
