/*
 * Domain names in wire form, uncompressed (RFC 1035 section 3.1):
 *
 *     04 l a m p  06 l o u n g e  04 h o m e  00
 *
 * A name is a `const uint8_t *` to its first length octet; its own root label
 * ends it, so no length travels beside it. Every function here, but
 * name_valid(), name_from_text() and name_concat(), expects a valid name: at
 * most 255 octets, labels of at most 63, no pointers. Whoever reads a name from
 * outside (lib/wire.h, name_from_text) sees to that. Comparison ignores the
 * case of ASCII letters (RFC 4343); the case itself is kept.
 */
#ifndef PLACED_LIB_NAME_H
#define PLACED_LIB_NAME_H

#include "lib/base.h"

#define NAME_WIRE_MAX 255  /* octets with the root label (RFC 1035 2.3.4) */
#define NAME_TEXT_MAX 1025 /* every octet as \DDD, and the NUL */
#define NAME_LABEL_MAX 63
#define NAME_LABELS_MAX 127 /* without the root label */

extern const uint8_t name_root[1];

/* Lower-case of one octet; only A to Z change. */
static inline uint8_t
name_lower_octet(uint8_t c)
{
	return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/* Octets including the root label: 1 for the root itself. */
size_t name_len(const uint8_t *name);

/* Labels without the root label: 0 for the root itself. */
unsigned name_labels(const uint8_t *name);

/* True if the first octets of buf (len of them) are a valid name; *used gets
 * its length. */
bool name_valid(const uint8_t *buf, size_t len, size_t *used);

bool name_is_root(const uint8_t *name);

/* True if the leftmost label is the single octet '*' (RFC 4592). */
bool name_is_wildcard(const uint8_t *name);

bool name_equal(const uint8_t *a, const uint8_t *b);

/* True if name is ancestor itself or lies below it. */
bool name_at_or_below(const uint8_t *name, const uint8_t *ancestor);

/* Canonical order (RFC 4034 section 6.1): <0, 0, >0. */
int name_cmp(const uint8_t *a, const uint8_t *b);

/* The name without its first `drop` labels; drop <= name_labels(name). */
const uint8_t *name_skip(const uint8_t *name, unsigned drop);

/* Labels that a and b share, counted from the root. */
unsigned name_common(const uint8_t *a, const uint8_t *b);

/* Copies name to dst (NAME_WIRE_MAX octets) in lower case; returns its length.
 */
size_t name_lower(uint8_t *dst, const uint8_t *name);

/* Copies name to dst as it is; returns its length. */
size_t name_copy(uint8_t *dst, const uint8_t *name);

/* Case-insensitive hash; the same for equal names. */
uint64_t name_hash(const uint8_t *name);

/*
 * prefix_len octets of labels (without a root label) in front of suffix, into
 * dst (NAME_WIRE_MAX octets). Returns the length, 0 if it would exceed 255.
 * dst may not overlap either. This is how DNAME substitutes (RFC 6672 2.2).
 */
size_t name_concat(uint8_t *dst, const uint8_t *prefix, size_t prefix_len,
		   const uint8_t *suffix);

/*
 * Text to name: master-file escapes \X and \DDD (RFC 1035 5.1). A text without
 * a final dot is completed by origin; origin NULL means that every text is
 * taken as absolute. "@" alone is origin. dst has NAME_WIRE_MAX octets.
 * ERR_SYNTAX or ERR_RANGE (label over 63, name over 255), with a sentence in d
 * (may be NULL).
 */
enum err name_from_text(uint8_t *dst, const char *text, const uint8_t *origin,
			struct diag *d);

/*
 * Name to text, absolute with the final dot, every octet outside [!-~] and
 * those that have a meaning in zone files escaped, so that it may be logged or
 * put back in a zone file. dst has NAME_TEXT_MAX octets; returns strlen.
 */
size_t name_to_text(char *dst, const uint8_t *name);

#endif
