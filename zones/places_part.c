/* The nodes that make a place, and what of them rides along with a point of the
 * index. */
#include "zones/key.h"
#include "zones/places.h"

#define RIDER_HEAD 11 /* octets before its data */

const uint8_t *const places_part_label[PLACES_PARTS] = {
	[PLACES_ITSELF] = (const uint8_t *)"",
	[PLACES_GEO] = (const uint8_t *)"\4_geo",
	[PLACES_BLE] = (const uint8_t *)"\4_ble",
	[PLACES_ZIGBEE] = (const uint8_t *)"\7_zigbee",
	[PLACES_LORA] = (const uint8_t *)"\5_lora",
	[PLACES_WIFI] = (const uint8_t *)"\5_wifi",
	[PLACES_DTMF] = (const uint8_t *)"\5_dtmf",
};

enum places_part
places_part_of(const uint8_t *key, size_t key_len, size_t *place_len)
{
	for (enum places_part part = PLACES_GEO; part < PLACES_PARTS; part++) {
		const uint8_t *label = places_part_label[part];
		size_t len = key_len - label[0] - 1u;

		/* in a key a label ends in 00, and begins behind one, or the
		 * zone id */
		if (key_len < KEY_ID_LEN + label[0] + 1u ||
		    key[key_len - 1] != 0 ||
		    memcmp(key + len, label + 1, label[0]) != 0 ||
		    (len > KEY_ID_LEN && key[len - 1] != 0))
			continue;
		*place_len = len;
		return part;
	}
	return PLACES_ITSELF;
}

bool
places_rides(enum places_part part, uint16_t type)
{
	switch (type) {
	case RR_A:
	case RR_AAAA:
	case RR_SRV:
		return part == PLACES_ITSELF;
	case RR_TXT:
	case RR_EUI48:
	case RR_EUI64:
		return part != PLACES_GEO;
	default:
		return false;
	}
}

/* --- differences ---------------------------------------------------------- */

/* The next set from *at on that rides, or says where the place is. */
static bool
telling_next(enum places_part part, const struct node *n, size_t *at,
	     struct rrset *set)
{
	while (n != NULL && node_next(n, at, set))
		if (places_rides(part, set->type) ||
		    (part == PLACES_ITSELF && set->type == RR_LOC) ||
		    (part == PLACES_GEO && set->type == RR_TXT))
			return true;
	return false;
}

bool
places_part_differs(enum places_part part, const struct node *before,
		    const struct node *after)
{
	size_t at_a = 0, at_b = 0;
	struct rrset a, b;

	for (;;) {
		bool has_a = telling_next(part, before, &at_a, &a);
		bool has_b = telling_next(part, after, &at_b, &b);

		if (!has_a || !has_b)
			return has_a != has_b;
		if (a.type != b.type || a.ttl != b.ttl || a.count != b.count ||
		    a.len != b.len || memcmp(a.rdatas, b.rdatas, a.len) != 0)
			return true;
	}
}

/* --- riders --------------------------------------------------------------- */

static void
rider_put(uint8_t *p, enum places_part part, const struct rrset *set)
{
	*p = (uint8_t)part;
	put16(p + 1, set->type);
	put32(p + 3, set->ttl);
	put16(p + 7, set->count);
	put16(p + 9, set->len);
	memcpy(p + RIDER_HEAD, set->rdatas, set->len);
}

size_t
places_riders_put(uint8_t *p, const struct places_nodes *nodes)
{
	size_t len = 0;

	for (enum places_part part = PLACES_ITSELF; part < PLACES_PARTS;
	     part++) {
		struct rrset set;
		size_t at = 0;

		while (node_next(&nodes->part[part], &at, &set)) {
			if (!places_rides(part, set.type))
				continue;
			if (p != NULL)
				rider_put(p + len, part, &set);
			len += RIDER_HEAD + (size_t)set.len;
		}
	}
	return len;
}

/* Whether the data are so many RRs' and no more. */
static bool
rider_holds(const struct rrset *set)
{
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;
	unsigned n = 0;

	while (at + 2 <= set->len && rrset_next(set, &at, &rdata, &rdlen))
		n++;
	return n > 0 && n == set->count && at == set->len;
}

bool
places_rider_next(const struct places_point *p, size_t *at,
		  struct places_rider *rider)
{
	const uint8_t *o = p->riders + *at;

	if (p->riders_len - *at < RIDER_HEAD)
		return false;
	rider->part = o[0];
	rider->set = (struct rrset){
		.type = get16(o + 1),
		.ttl = get32(o + 3),
		.count = get16(o + 7),
		.len = get16(o + 9),
		.rdatas = o + RIDER_HEAD,
	};
	*at += RIDER_HEAD + (size_t)rider->set.len;
	return *at <= p->riders_len && rider->part < PLACES_PARTS &&
	       rider_holds(&rider->set);
}
