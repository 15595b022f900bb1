/*
 * Special-use names: what the Internet must not be asked for, and what is said
 * instead (RFC 6761, 6303, 6762, 7686, 7793, 8375, 9462, 9476, 9665). Checked
 * before reach; a zone that is served here comes first anyway, and an entry of
 * reach at or below a built-in zone beats it where the table allows that (a
 * site may have its reverse zones with the parent space; nobody has `invalid`).
 */
#ifndef PLACED_RESOLVER_SPECIAL_H
#define PLACED_RESOLVER_SPECIAL_H

#include "lib/base.h"

enum special_answer {
	SPECIAL_NONE,	  /* an ordinary name */
	SPECIAL_NXDOMAIN, /* nothing is there */
	SPECIAL_EMPTY, /* an empty zone: NODATA at its apex, NXDOMAIN below */
	SPECIAL_LOCALHOST, /* 127.0.0.1 and ::1; NODATA for other types */
};

struct special {
	enum special_answer answer;
	const uint8_t *apex; /* tail of name: the built-in zone */
	bool reach_beats;
	const char *why; /* "RFC 6761: localhost" */
};

/* The built-in zone that name is in. */
void special_find(struct special *s, const uint8_t *name);

/* SOA rdata for the negative answers of built-in zones. */
const uint8_t *special_soa(size_t *len);
#define SPECIAL_TTL 10800 /* seconds */

/* The built-in zones in turn, for tests: the name as text, and
 * *s as special_find() would set it; both hold until the thread's next call.
 * NULL at the end. */
const char *special_row(unsigned i, struct special *s);
#endif
