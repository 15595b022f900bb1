#include "resolver/entry.h"

#include <string.h>

/* SvcParamKeys (RFC 9460 section 14.3.2). */
#define KEY_IPV4HINT 4
#define KEY_IPV6HINT 6

struct prefix {
	uint8_t octets[16];
	unsigned bits;
};

static const struct prefix private4[] = {
	{{0}, 8},	  {{10}, 8},	   {{100, 64}, 10},  {{127}, 8},
	{{169, 254}, 16}, {{172, 16}, 12}, {{192, 168}, 16},
};

/* Not ::/96: what is in there is looked at as IPv4. */
static const struct prefix private6[] = {
	{{0xfc}, 7},
	{{0xfe, 0x80}, 10},
	{{0xfe, 0xc0}, 10},
};

/* Prefixes behind which an IPv4 address stands. */
static const struct prefix carriers[] = {
	{{0}, 96}, /* compatible; :: and ::1, too */
	{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96},
	{{0x00, 0x64, 0xff, 0x9b}, 96},
};

static bool
within(const uint8_t *address, const struct prefix *p)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return memcmp(address, p->octets, whole) == 0 &&
	       (rest == 0 || (address[whole] & mask) == p->octets[whole]);
}

static bool
is_private4(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(private4); i++)
		if (within(address, &private4[i]))
			return true;
	return false;
}

static bool
is_private6(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
		if (within(address, &carriers[i]))
			return is_private4(address + 12);
	for (size_t i = 0; i < ARRAY_LEN(private6); i++)
		if (within(address, &private6[i]))
			return true;
	return false;
}

static bool
hints_private(const uint8_t *at, size_t len, unsigned key)
{
	size_t size = key == KEY_IPV4HINT ? 4 : 16;

	for (; len >= size; at += size, len -= size)
		if (size == 4 ? is_private4(at) : is_private6(at))
			return true;
	return false;
}

/* Priority, target, then { key, length, value } (RFC 9460 section 2.2). */
static bool
svcb_private(const uint8_t *rdata, size_t len)
{
	const uint8_t *at = rdata + 2, *end = rdata + len;

	at += name_len(at);
	while (end - at >= 4) {
		unsigned key = get16(at);
		size_t size = get16(at + 2);

		at += 4;
		if (size > (size_t)(end - at))
			return false;
		if ((key == KEY_IPV4HINT || key == KEY_IPV6HINT) &&
		    hints_private(at, size, key))
			return true;
		at += size;
	}
	return false;
}

bool
entry_address_private(uint16_t type, const uint8_t *rdata, size_t len)
{
	switch (type) {
	case RR_A:
		return len == 4 && is_private4(rdata);
	case RR_AAAA:
		return len == 16 && is_private6(rdata);
	case RR_SVCB:
	case RR_HTTPS:
		return svcb_private(rdata, len);
	default:
		return false;
	}
}
