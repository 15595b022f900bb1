#include "zones/key.h"

#include <string.h>

/* 00 and 01 may not stand in a label as they are: 01 01 and 01 02. */
#define ESCAPE 1

static size_t
label_encode(uint8_t *dst, const uint8_t *label)
{
	uint8_t *at = dst;

	for (unsigned i = 1; i <= label[0]; i++) {
		uint8_t c = label[i];

		if (c <= ESCAPE) {
			*at++ = ESCAPE;
			*at++ = (uint8_t)(c + 1);
		} else {
			*at++ = name_lower_octet(c);
		}
	}
	*at++ = 0;
	return (size_t)(at - dst);
}

void
key_make(struct key *k, uint32_t zone_id, const uint8_t *name,
	 const uint8_t *apex)
{
	const uint8_t *label[NAME_LABELS_MAX];
	unsigned labels = 0, above = name_labels(apex);
	size_t len = KEY_ID_LEN;

	for (const uint8_t *at = name; *at != 0; at += *at + 1)
		label[labels++] = at;
	must(labels >= above);
	labels -= above;

	put32(k->octets, zone_id);
	k->end[0] = KEY_ID_LEN;
	for (unsigned i = 0; i < labels; i++) {
		len += label_encode(k->octets + len, label[labels - 1 - i]);
		k->end[i + 1] = (uint16_t)len;
	}
	k->len = len;
	k->labels = labels;
}

void
key_to_wildcard(struct key *k, unsigned labels)
{
	size_t len = k->end[labels];

	must(labels <= k->labels && labels < NAME_LABELS_MAX);
	must(len + 2 <= KEY_MAX);
	k->octets[len] = '*';
	k->octets[len + 1] = 0;
	k->len = len + 2;
	k->labels = labels + 1;
	k->end[labels + 1] = (uint16_t)(len + 2);
}

unsigned
key_common_labels(const struct key *k, const uint8_t *other, size_t len)
{
	size_t most = len < k->len ? len : k->len;
	size_t same = 0;
	unsigned labels = 0;

	while (same < most && k->octets[same] == other[same])
		same++;
	while (labels < k->labels && k->end[labels + 1] <= same)
		labels++;
	return labels;
}

/* A label from its octets in a key to dst, which has `room` octets. Returns its
 * length, 0 if it breaks the format or is too long. */
static size_t
label_decode(uint8_t *dst, size_t room, const uint8_t *octets, size_t len)
{
	size_t used = 0;

	for (size_t at = 0; at < len; at++) {
		uint8_t c = octets[at];

		if (c == ESCAPE) {
			if (++at == len || octets[at] > 2)
				return 0;
			c = (uint8_t)(octets[at] - 1);
		}
		if (used == room || c != name_lower_octet(c))
			return 0;
		dst[used++] = c;
	}
	return used;
}

/* The label whose octets end before octets[end]: what is before it ends in 00,
 * or is the zone id. */
static size_t
label_start(const uint8_t *octets, size_t end)
{
	while (end > KEY_ID_LEN && octets[end - 1] != 0)
		end--;
	return end;
}

size_t
key_to_name(uint8_t *dst, const uint8_t *octets, size_t len,
	    const uint8_t *apex)
{
	size_t room = NAME_WIRE_MAX - name_len(apex), used = 0;

	if (len < KEY_ID_LEN || (len > KEY_ID_LEN && octets[len - 1] != 0))
		return 0;
	while (len > KEY_ID_LEN) {
		size_t start = label_start(octets, len - 1), n, most;

		if (used == room)
			return 0;
		most = room - used - 1;
		if (most > NAME_LABEL_MAX)
			most = NAME_LABEL_MAX;
		n = label_decode(dst + used + 1, most, octets + start,
				 len - 1 - start);
		if (n == 0)
			return 0;
		dst[used] = (uint8_t)n;
		used += 1 + n;
		len = start;
	}
	return used + name_lower(dst + used, apex);
}

bool
key_has_wildcard(const uint8_t *octets, size_t len)
{
	for (size_t at = KEY_ID_LEN; at + 1 < len; at++)
		if (octets[at] == '*' && octets[at + 1] == 0 &&
		    (at == KEY_ID_LEN || octets[at - 1] == 0))
			return true;
	return false;
}
