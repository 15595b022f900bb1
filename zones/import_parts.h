/*
 * What import_set.c, import_diff.c and import_build.c share. Nobody else
 * includes this.
 */
#ifndef PLACED_ZONES_IMPORT_PARTS_H
#define PLACED_ZONES_IMPORT_PARTS_H

#include "zones/import.h"

/* RRs of the finished set from `at` on that have the same owner. */
size_t import_set_owner(const struct import_set *s, size_t at);

/* The file's SOA; the set is finished. */
const struct import_rr *import_set_soa(const struct import_set *s);

/* FILE:LINE: owner TYPE: sentence; returns e. */
enum err import_fail(struct diag *d, enum err e, const struct import_rr *at,
		     const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* One owner: what is stored (n->octets NULL: nothing) and what the file has (0
 * to count RRs). The SOA of the apex is left out. */
struct import_owner {
	const uint8_t *name;
	bool is_apex;
	const struct node *node;
	const struct import_rr *rrs;
	size_t count;
};

/* Appends the owner's changes and counts them. */
enum err import_diff_owner(struct import_diff *diff,
			   const struct import_owner *o, bool replace,
			   struct diag *d);

void import_diff_init(struct import_diff *diff);

/* The serial after s, never 0. */
uint32_t import_serial_next(uint32_t s);

/* Whether the file's SOA takes the place of the apex's (n->octets NULL: there
 * is none), counted in diff. */
bool import_soa_count(const struct import_set *s, const struct node *apex,
		      struct import_diff *diff);

/* True if two SOAs differ in more than their serials. */
bool import_soa_differs(const uint8_t *a, size_t alen, const uint8_t *b,
			size_t blen);

#endif
