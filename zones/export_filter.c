/* What of an owner the outside may see: by type, by privacy, and how exactly.
 */
#include "zones/edit_rules.h"
#include "zones/export.h"
#include "zones/place.h"

#include <math.h>
#include <string.h>

#define TYPE_GPOS 27 /* RFC 1712: a position in words */

/* --- private -------------------------------------------------------------- */

static bool
in_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool
ipv4_is_private(const uint8_t *address)
{
	static const struct {
		uint8_t octets[4];
		uint8_t bits;
	} prefixes[] = {
		{{10, 0, 0, 0}, 8},	/* RFC 1918 */
		{{172, 16, 0, 0}, 12},	/* RFC 1918 */
		{{192, 168, 0, 0}, 16}, /* RFC 1918 */
		{{100, 64, 0, 0}, 10},	/* RFC 6598: behind a carrier's NAT */
		{{169, 254, 0, 0}, 16}, /* RFC 3927: link-local */
		{{127, 0, 0, 0}, 8},	/* RFC 1122: loopback */
		{{0, 0, 0, 0}, 8},	/* RFC 1122: this network */
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (in_prefix(address, prefixes[i].octets, prefixes[i].bits))
			return true;
	return false;
}

static bool
ipv6_is_private(const uint8_t *address)
{
	static const struct {
		uint8_t octets[16];
		uint8_t bits;
	} prefixes[] = {
		{{0xfc}, 7},	    /* RFC 4193: ULA */
		{{0xfe, 0x80}, 10}, /* RFC 4291: link-local */
		{{0xfe, 0xc0}, 10}, /* RFC 3879: site-local, as it was */
		{{[15] = 1}, 128},  /* RFC 4291: loopback */
	};
	/* what has an IPv4 address in its last four octets: mapped and
	 * compatible (RFC 4291), behind NAT64 (RFC 6052) */
	static const uint8_t around[][12] = {
		{[10] = 0xff, [11] = 0xff},
		{0},
		{0x00, 0x64, 0xff, 0x9b},
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (in_prefix(address, prefixes[i].octets, prefixes[i].bits))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(around); i++)
		if (memcmp(address, around[i], sizeof(around[i])) == 0)
			return ipv4_is_private(address + 12);
	return false;
}

/* A row of addresses as in a hint; what is not whole is private. */
static bool
row_is_private(const uint8_t *at, size_t len, size_t each,
	       bool (*is_private)(const uint8_t *))
{
	if (len % each != 0)
		return true;
	for (; len > 0; at += each, len -= each)
		if (is_private(at))
			return true;
	return false;
}

/* SVCB and HTTPS: priority, target, then params (RFC 9460 2.2). */
static bool
svcb_is_private(const uint8_t *rdata, size_t len)
{
	enum {
		IPV4HINT = 4,
		IPV6HINT = 6
	};
	size_t used;

	if (len < 3 || !name_valid(rdata + 2, len - 2, &used))
		return true;
	rdata += 2 + used;
	len -= 2 + used;
	while (len > 0) {
		unsigned key;
		size_t value;

		if (len < 4)
			return true;
		key = get16(rdata);
		value = get16(rdata + 2);
		if (len - 4 < value)
			return true;
		if (key == IPV4HINT &&
		    row_is_private(rdata + 4, value, 4, ipv4_is_private))
			return true;
		if (key == IPV6HINT &&
		    row_is_private(rdata + 4, value, 16, ipv6_is_private))
			return true;
		rdata += 4 + value;
		len -= 4 + value;
	}
	return false;
}

bool
export_is_private(uint16_t type, const uint8_t *rdata, size_t len)
{
	switch (type) {
	case RR_A:
		return len != 4 || ipv4_is_private(rdata);
	case RR_AAAA:
		return len != 16 || ipv6_is_private(rdata);
	case RR_SVCB:
	case RR_HTTPS:
		return svcb_is_private(rdata, len);
	case RR_EUI48:
	case RR_EUI64:
		return true;
	default:
		return false;
	}
}

bool
export_name_is_private(const uint8_t *owner, const uint8_t *apex)
{
	static const char *const radios[] = {"_ble", "_zigbee", "_lora",
					     "_wifi", "_dtmf"};

	return edit_rules_has_label(owner, apex, radios, ARRAY_LEN(radios));
}

/* --- positions ------------------------------------------------------------ */

/* The multiple of step that is nearest, of those from min to max; 0 lies
 * between these. */
static int64_t
round_to(int64_t v, int64_t step, int64_t min, int64_t max)
{
	int64_t up = v + step / 2;
	int64_t nearest = (up - (up % step + step) % step);

	if (nearest > max)
		return nearest - step;
	return nearest < min ? nearest + step : nearest;
}

/* Degrees of longitude grow short towards the poles; all that is rounded to
 * one latitude has the same step. */
static int64_t
lon_step(int64_t north_step, int32_t lat)
{
	double cosine = cos(place_angle_degrees(lat) * M_PI / 180);
	int64_t whole = 2 * (int64_t)PLACE_LON_MAX;

	if (cosine * (double)whole <= (double)north_step)
		return whole;
	return llround((double)north_step / cosine);
}

static uint8_t
size_at_least(uint8_t code, uint64_t cm)
{
	return place_size_cm(code) >= cm ? code : place_size_code(cm);
}

bool
export_round_loc(uint8_t dst[16], const uint8_t *rdata, size_t len,
		 uint32_t metres)
{
	int64_t up = (int64_t)metres * 100; /* cm */
	int64_t north =
		llround(metres * (PLACE_DEGREE / PLACE_METRES_A_DEGREE));
	struct place_point p;
	struct place_spot *s = &p.spot;

	if (place_from_loc(&p, rdata, len, NULL) != ERR_OK)
		return false;
	if (metres > 0) {
		s->lat = (int32_t)round_to(s->lat, north, -PLACE_LAT_MAX,
					   PLACE_LAT_MAX);
		s->lon = (int32_t)round_to(s->lon, lon_step(north, s->lat),
					   -PLACE_LON_MAX, PLACE_LON_MAX);
		p.alt = round_to(p.alt, up, PLACE_ALT_MIN, PLACE_ALT_MAX);
		p.size = size_at_least(p.size, (uint64_t)up);
		/* the diagonal of a cell of the grid, and its height */
		p.hp = size_at_least(p.hp, (uint64_t)up * 142 / 100);
		p.vp = size_at_least(p.vp, (uint64_t)up);
	}
	place_to_loc(dst, &p);
	return true;
}

/* --- an owner ------------------------------------------------------------- */

struct filter {
	struct node_draft *draft;
	const struct export_entry *entries;
	size_t count;
	uint32_t loc_metres;
	uint32_t serial;
	bool is_apex;
	bool all_private; /* the owner is a radio or the like */
};

enum leave {
	LEAVE_NOT,
	LEAVE_PUBLIC, /* what is not private */
	LEAVE_ALL
};

/* What may leave of a type. */
static enum leave
leave_of(const struct filter *f, uint16_t type)
{
	enum leave leave = LEAVE_NOT;

	if (f->is_apex && (type == RR_SOA || type == RR_NS))
		return LEAVE_ALL;
	if (type == TYPE_GPOS && f->loc_metres > 0)
		return LEAVE_NOT;
	for (size_t i = 0; i < f->count; i++)
		for (unsigned n = 0; n < f->entries[i].type_count; n++)
			if (f->entries[i].types[n] != type)
				continue;
			else if (f->entries[i].private_ok)
				return LEAVE_ALL;
			else
				leave = LEAVE_PUBLIC;
	return f->all_private ? LEAVE_NOT : leave;
}

static enum err
filter_loc(struct filter *f, const struct rrset *set, const uint8_t *rdata,
	   uint16_t rdlen)
{
	const struct node_rrset *there = node_draft_find(f->draft, RR_LOC);
	uint8_t rounded[PLACE_LOC_LEN];

	if (!export_round_loc(rounded, rdata, rdlen, f->loc_metres) ||
	    (there != NULL &&
	     node_rrset_index(there, rounded, sizeof(rounded)) >= 0))
		return ERR_OK;
	return node_draft_add(f->draft, RR_LOC, set->ttl, rounded,
			      sizeof(rounded), (struct rr_meta){0});
}

static enum err
filter_rr(struct filter *f, const struct rrset *set, const uint8_t *rdata,
	  uint16_t rdlen)
{
	enum err e;

	if (set->type == RR_LOC && f->loc_metres > 0)
		return filter_loc(f, set, rdata, rdlen);
	e = node_draft_add(f->draft, set->type, set->ttl, rdata, rdlen,
			   (struct rr_meta){0});
	if (e == ERR_OK && f->is_apex && set->type == RR_SOA) {
		struct node_rr *rr = &node_draft_find(f->draft, RR_SOA)->rrs[0];
		uint8_t *soa = arena_copy(f->draft->arena, rdata, rdlen);

		if (soa == NULL)
			return ERR_NOMEM;
		rr_soa_set_serial(soa, rdlen, f->serial);
		rr->rdata = soa;
	}
	return e;
}

static enum err
filter_set(struct filter *f, const struct rrset *set)
{
	enum leave leave = leave_of(f, set->type);
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;
	enum err e = ERR_OK;

	while (leave != LEAVE_NOT && e == ERR_OK &&
	       rrset_next(set, &at, &rdata, &rdlen))
		if (leave == LEAVE_ALL ||
		    !export_is_private(set->type, rdata, rdlen))
			e = filter_rr(f, set, rdata, rdlen);
	return e;
}

enum err
export_filter(struct node_draft *draft, const struct node *inside,
	      const uint8_t *owner, const uint8_t *apex,
	      const struct export_entry *entries, size_t count,
	      const struct export_policy *p, uint32_t serial)
{
	static const char *const footprint[] = {"_geo"};
	struct filter f = {
		.draft = draft,
		.entries = entries,
		.count = count,
		.loc_metres = p->loc_metres,
		.serial = serial,
		.is_apex = name_equal(owner, apex),
		.all_private = export_name_is_private(owner, apex),
	};
	struct rrset set;
	size_t at = 0;
	enum err e = ERR_OK;

	if (p->loc_metres > 0 &&
	    edit_rules_has_label(owner, apex, footprint, 1))
		return ERR_OK;
	while (e == ERR_OK && node_next(inside, &at, &set))
		e = filter_set(&f, &set);
	return e;
}
