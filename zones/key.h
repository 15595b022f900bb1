/*
 * The key of a node: zone id and owner, so that memcmp order of keys is the
 * canonical order of names (RFC 4034 section 6.1) within a zone.
 *
 *   lamp.lounge.house. in the zone house. (id 7):
 *
 *     00 00 00 07   6c 6f 75 6e 67 65 00   6c 61 6d 70 00
 *     zone id (BE)  l  o  u  n  g  e  end  l  a  m  p  end
 *
 * Labels below the apex stand from the root down, in lower case, each ended by
 * 00. An octet 00 in a label becomes 01 01, and 01 becomes 01 02, so that no
 * label holds its own end and a shorter label sorts first. A key that begins
 * with another whole key is a name below that name.
 */
#ifndef PLACED_ZONES_KEY_H
#define PLACED_ZONES_KEY_H

#include "lib/base.h"
#include "lib/name.h"

#define KEY_MAX 511 /* LMDB's limit; 508 at worst here */
#define KEY_ID_LEN 4

struct key {
	size_t len;
	unsigned labels; /* below the apex */
	uint8_t octets[KEY_MAX + 1];
	uint16_t end[NAME_LABELS_MAX +
		     1]; /* end[i]: length of the key of the ancestor with i
			    labels below the apex */
};

/* apex must be name or an ancestor of it. */
void key_make(struct key *k, uint32_t zone_id, const uint8_t *name,
	      const uint8_t *apex);

/* "*" below the ancestor with `labels` labels: the wildcard's key, in place of
 * what k was beyond it. */
void key_to_wildcard(struct key *k, unsigned labels);

/* How many whole labels below the apex the two keys share; 0 too if zone ids
 * differ. */
unsigned key_common_labels(const struct key *k, const uint8_t *other,
			   size_t len);

static inline bool
key_has_prefix(const uint8_t *octets, size_t len, const uint8_t *prefix,
	       size_t prefix_len)
{
	return len >= prefix_len &&
	       __builtin_memcmp(octets, prefix, prefix_len) == 0;
}

/* Back to a name (lower case), into dst (NAME_WIRE_MAX octets). Returns its
 * length, 0 if the octets are not a key (a broken store). */
size_t key_to_name(uint8_t *dst, const uint8_t *octets, size_t len,
		   const uint8_t *apex);

/* True if the leftmost label of the key, or any label of it, is "*". */
bool key_has_wildcard(const uint8_t *octets, size_t len);

#endif
