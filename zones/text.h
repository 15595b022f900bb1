/*
 * Zone text, in and out (RFC 1035 section 5). Lines are put together here
 * (parentheses, quotes, comments, $ORIGIN, $TTL, $INCLUDE, $GENERATE); the
 * rdata of one RR is read field by field, as ldns describes its type. Numbers,
 * names, strings, addresses, hex, base64, LOC and bitmaps are read here,
 * because ldns lets much through (SRV ports that wrap, LOC beyond the poles,
 * types that become TYPE0); mnemonics, hashes, prefixes and SvcParams are
 * ldns's, checked afterwards. ldns is used nowhere else but in tests and tools.
 */
#ifndef PLACED_ZONES_TEXT_H
#define PLACED_ZONES_TEXT_H

#include "lib/base.h"
#include "lib/rr.h"

#include <stdio.h>

/* Where an RR stood, for messages. */
struct text_place {
	const char *file;
	unsigned line;
};

/*
 * Called for each RR in the order of the file; rr points into memory that
 * holds until it returns. Anything but ERR_OK stops the parse and is passed on.
 */
typedef enum err text_rr_fn(void *ctx, const struct rr *rr,
			    struct text_place place, struct diag *d);

#define TEXT_INCLUDE_DEPTH 16
#define TEXT_GENERATE_MAX 65536 /* RRs a directive */

/*
 * Parses the zone file at path. origin: the zone's apex (RRs outside it are an
 * error). Only class IN. d gets "FILE:LINE:COLUMN: what is wrong". Relative
 * $INCLUDE paths are relative to the file that includes. An RR without TTL
 * takes $TTL (RFC 2308 4); without a $TTL, the minimum of an SOA that has no
 * TTL either, else the TTL last stated (RFC 1035 5.1); with none of these it is
 * an error. Owners keep their case.
 */
enum err text_read(const char *path, const uint8_t *origin, text_rr_fn *fn,
		   void *ctx, struct diag *d);

/* The same from memory; name stands for the file in messages. */
enum err text_read_string(const char *text, const char *name,
			  const uint8_t *origin, text_rr_fn *fn, void *ctx,
			  struct diag *d);

/*
 * One RR as a line of a zone file, absolute owner, TTL, class, without the
 * newline; malloc'd, the caller frees. NULL: memory. Types that ldns cannot
 * show go out as RFC 3597.
 */
char *text_from_rr(const struct rr *rr);

/* Only the rdata's presentation; malloc'd. */
char *text_from_rdata(uint16_t type, const uint8_t *rdata, size_t len);

#endif
