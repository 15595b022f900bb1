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

/* One label from octets[*at]; its length, 0 if it breaks the format. */
static size_t
label_decode(uint8_t *dst, const uint8_t *octets, size_t len, size_t *at)
{
	size_t used = 0, pos = *at;

	while (pos < len && octets[pos] != 0) {
		uint8_t c = octets[pos++];

		if (c == ESCAPE) {
			if (pos == len || octets[pos] == 0 || octets[pos] > 2)
				return 0;
			c = (uint8_t)(octets[pos++] - 1);
		}
		if (used == NAME_LABEL_MAX || c != name_lower_octet(c))
			return 0;
		dst[used++] = c;
	}
	if (pos == len)
		return 0;
	*at = pos + 1;
	return used;
}

size_t
key_to_name(uint8_t *dst, const uint8_t *octets, size_t len,
	    const uint8_t *apex)
{
	uint8_t name[NAME_WIRE_MAX], lower[NAME_WIRE_MAX];
	uint8_t label[NAME_LABEL_MAX];
	size_t tail = name_lower(lower, apex);
	size_t start = sizeof(name) - tail; /* the name grows to the front */

	if (len < KEY_ID_LEN)
		return 0;
	memcpy(name + start, lower, tail);
	for (size_t at = KEY_ID_LEN; at < len;) {
		size_t n = label_decode(label, octets, len, &at);

		if (n == 0 || n + 1 > start)
			return 0;
		start -= n;
		memcpy(name + start, label, n);
		name[--start] = (uint8_t)n;
	}
	memcpy(dst, name + start, sizeof(name) - start);
	return sizeof(name) - start;
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
