/* The nodes that make a place, and what of them rides along with a point of the
 * index. */
#include "zones/places_internal.h"

#include "zones/key.h"
#include "zones/lookup.h"

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

/* --- as they are stored --------------------------------------------------- */

enum err
places_part_get(struct store_view *v, const uint8_t *key, size_t key_len,
		enum places_part part, struct node *n)
{
	const uint8_t *label = places_part_label[part];
	uint8_t part_key[KEY_MAX + 1];
	size_t len = key_len;
	enum err e;

	memset(n, 0, sizeof(*n));
	if (key_len + label[0] + 1 > KEY_MAX)
		return ERR_OK;
	memcpy(part_key, key, key_len);
	memcpy(part_key + key_len, label + 1, label[0]);
	len += label[0];
	if (part != PLACES_ITSELF)
		part_key[len++] = 0;
	e = lookup_key(v, part_key, len, n);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

enum err
places_parts_there(struct store_view *v, const uint8_t *key, size_t key_len,
		   bool *there)
{
	struct store_value found, value;
	uint8_t below[KEY_MAX + 1];
	enum err e;

	*there = false;
	if (key_len + 1 > KEY_MAX)
		return ERR_OK;
	memcpy(below, key, key_len);
	below[key_len] = '_';
	e = store_seek_within(v, STORE_NODES, below, key_len + 1, key_len + 1,
			      &found, &value);
	*there = e == ERR_OK;
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* --- what comes along ----------------------------------------------------- */

enum places_told
places_told(enum places_part part, uint16_t type)
{
	switch (type) {
	case RR_LOC:
		return part == PLACES_ITSELF ? PLACES_WHERE : PLACES_UNTOLD;
	case RR_A:
	case RR_AAAA:
	case RR_SRV:
		return part == PLACES_ITSELF ? PLACES_ADDRESS : PLACES_UNTOLD;
	case RR_TXT:
	case RR_EUI48:
	case RR_EUI64:
		return part != PLACES_GEO ? PLACES_MORE : PLACES_UNTOLD;
	default:
		return PLACES_UNTOLD;
	}
}

/* A point has its LOC by itself. */
static bool
rides(enum places_part part, uint16_t type)
{
	enum places_told told = places_told(part, type);

	return told != PLACES_WHERE && told != PLACES_UNTOLD;
}

/* --- differences ---------------------------------------------------------- */

/* The next set from *at on that the index is made from. */
static bool
telling_next(enum places_part part, const struct node *n, size_t *at,
	     struct rrset *set)
{
	while (node_next(n, at, set))
		if (places_told(part, set->type) != PLACES_UNTOLD ||
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
			if (!rides(part, set.type))
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
