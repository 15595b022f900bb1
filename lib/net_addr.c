#include "lib/net_addr.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_MAX 64
#define MAPPED_BITS 96 /* ::ffff:0:0/96 */

/* What a person typed, fit to be shown: printable ASCII, not too long. */
struct quoted {
	char text[QUOTE_MAX + 4];
};

static const char *
quote(struct quoted *q, const char *text)
{
	size_t i = 0;

	for (; i < QUOTE_MAX && text[i] != '\0'; i++)
		q->text[i] = text[i] > 0x20 && text[i] < 0x7f ? text[i] : '?';
	strcpy(q->text + i, text[i] == '\0' ? "" : "...");
	return q->text;
}

/* All of text, which is 1 to 5 digits, as a number up to max. */
static bool
parse_number(const char *text, unsigned max, unsigned *value)
{
	unsigned v = 0;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9' && i < 5; i++)
		v = v * 10 + (unsigned)(text[i] - '0');
	*value = v;
	return i > 0 && text[i] == '\0' && v <= max;
}

/* The part of text before `end` (or all of it, if NULL), NUL-terminated. */
static bool
copy_part(char *dst, size_t cap, const char *text, const char *end)
{
	size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

	if (len >= cap)
		return false;
	memcpy(dst, text, len);
	dst[len] = '\0';
	return true;
}

static enum err
parse_scope(uint32_t *scope, const char *name, struct diag *d)
{
	struct quoted q;
	unsigned n;

	*scope = if_nametoindex(name);
	if (*scope != 0)
		return ERR_OK;
	if (!parse_number(name, 99999, &n) || n == 0)
		return diag_set(d, ERR_NOTFOUND, "no interface named '%s'",
				quote(&q, name));
	*scope = n;
	return ERR_OK;
}

enum err
net_addr_from_text(struct net_addr *a, const char *text, uint16_t default_port,
		   struct diag *d)
{
	char host[NET_ADDR_TEXT_MAX];
	const char *at = strchr(text, '@');
	unsigned port = default_port;
	struct quoted q;
	char *scope;

	memset(a, 0, sizeof(*a));
	if (at != NULL && !parse_number(at + 1, UINT16_MAX, &port))
		return diag_set(d, ERR_RANGE,
				"'%s': the port after '@' is not a number "
				"from 0 to 65535",
				quote(&q, text));
	if (!copy_part(host, sizeof(host), text, at))
		return diag_set(d, ERR_SYNTAX, "'%s' is not an IP address",
				quote(&q, text));
	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons((uint16_t)port);
		a->len = sizeof(a->in);
		return ERR_OK;
	}
	scope = strchr(host, '%');
	if (scope != NULL)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
		return diag_set(d, ERR_SYNTAX,
				"'%s' is not an IP address (write it as "
				"192.0.2.1@53 or 2001:db8::1@53)",
				quote(&q, text));
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons((uint16_t)port);
	a->len = sizeof(a->in6);
	if (scope == NULL)
		return ERR_OK;
	return parse_scope(&a->in6.sin6_scope_id, scope, d);
}

const char *
net_addr_to_text(char *dst, const struct net_addr *a)
{
	char host[INET6_ADDRSTRLEN];
	char scope[IF_NAMESIZE + 1] = "";

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(dst, NET_ADDR_TEXT_MAX, "%s@%u", host,
			 ntohs(a->in.sin_port));
		return dst;
	}
	if (a->sa.sa_family != AF_INET6) {
		snprintf(dst, NET_ADDR_TEXT_MAX, "(no address)");
		return dst;
	}
	inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
	if (a->in6.sin6_scope_id != 0) {
		scope[0] = '%';
		if (if_indextoname(a->in6.sin6_scope_id, scope + 1) == NULL)
			snprintf(scope + 1, sizeof(scope) - 1, "%u",
				 a->in6.sin6_scope_id);
	}
	snprintf(dst, NET_ADDR_TEXT_MAX, "%s%s@%u", host, scope,
		 ntohs(a->in6.sin6_port));
	return dst;
}

/* The address alone, IPv4-mapped IPv6 as IPv4: octets in network order and
 * how many they are, 0 for no address. */
static size_t
host_octets(const uint8_t **octets, const struct net_addr *a)
{
	const struct in6_addr *six = &a->in6.sin6_addr;

	if (a->sa.sa_family == AF_INET) {
		*octets = (const uint8_t *)&a->in.sin_addr;
		return 4;
	}
	if (a->sa.sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(six)) {
		*octets = six->s6_addr + MAPPED_BITS / 8;
		return 4;
	}
	*octets = six->s6_addr;
	return 16;
}

bool
net_addr_same_host(const struct net_addr *a, const struct net_addr *b)
{
	const uint8_t *x, *y;
	size_t len = host_octets(&x, a);

	if (len == 0 || host_octets(&y, b) != len || memcmp(x, y, len) != 0)
		return false;
	/* fe80::1 on two links is two hosts */
	return len == 4 || a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

bool
net_addr_equal(const struct net_addr *a, const struct net_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

bool
net_addr_is_wildcard(const struct net_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

/* Clears what is beyond p->bits; true if anything was set there. */
static bool
clear_host_bits(struct net_prefix *p)
{
	bool any = false;

	for (unsigned i = 0; i < sizeof(p->addr); i++) {
		unsigned left = p->bits > i * 8 ? p->bits - i * 8 : 0;
		uint8_t mask = left >= 8 ? 0xff : (uint8_t)(0xff00 >> left);

		any = any || (p->addr[i] & ~mask) != 0;
		p->addr[i] &= mask;
	}
	return any;
}

/* ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
static void
unmap_prefix(struct net_prefix *p)
{
	struct in6_addr six;

	memcpy(&six, p->addr, sizeof(six));
	if (p->family != AF_INET6 || p->bits < MAPPED_BITS ||
	    !IN6_IS_ADDR_V4MAPPED(&six))
		return;
	p->family = AF_INET;
	p->bits = (uint8_t)(p->bits - MAPPED_BITS);
	memmove(p->addr, p->addr + MAPPED_BITS / 8, 4);
	memset(p->addr + 4, 0, sizeof(p->addr) - 4);
}

enum err
net_prefix_from_text(struct net_prefix *p, const char *text, struct diag *d)
{
	char host[NET_ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	unsigned most = 32;
	unsigned bits;
	struct quoted q;

	memset(p, 0, sizeof(*p));
	if (!copy_part(host, sizeof(host), text, slash))
		host[0] = '\0';
	p->family = AF_INET;
	if (inet_pton(AF_INET, host, p->addr) != 1) {
		p->family = AF_INET6;
		most = 128;
		if (inet_pton(AF_INET6, host, p->addr) != 1)
			return diag_set(d, ERR_SYNTAX,
					"'%s' is not a prefix (write it as "
					"192.0.2.0/24 or 2001:db8::/32)",
					quote(&q, text));
	}
	bits = most;
	if (slash != NULL && !parse_number(slash + 1, most, &bits))
		return diag_set(d, ERR_RANGE,
				"'%s': the length after '/' is not a number "
				"from 0 to %u",
				quote(&q, text), most);
	p->bits = (uint8_t)bits;
	if (clear_host_bits(p))
		return diag_set(d, ERR_RANGE,
				"'%s' has bits set beyond its first %u",
				quote(&q, text), bits);
	unmap_prefix(p);
	return ERR_OK;
}

bool
net_prefix_contains(const struct net_prefix *p, const struct net_addr *a)
{
	const uint8_t *octets;
	size_t len = host_octets(&octets, a);
	unsigned whole = p->bits / 8;
	unsigned rest = p->bits % 8;

	if (len == 0 || len != (p->family == AF_INET ? 4u : 16u))
		return false;
	if (memcmp(p->addr, octets, whole) != 0)
		return false;
	return rest == 0 || ((p->addr[whole] ^ octets[whole]) &
			     (0xff00 >> rest) & 0xff) == 0;
}

static unsigned
mask_bits(const uint8_t *mask, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

static bool
prefix_of_ifaddr(struct net_prefix *p, const struct ifaddrs *i)
{
	memset(p, 0, sizeof(*p));
	if (i->ifa_addr == NULL || i->ifa_netmask == NULL)
		return false;
	p->family = (uint8_t)i->ifa_addr->sa_family;
	if (p->family == AF_INET) {
		struct sockaddr_in in, mask;

		memcpy(&in, i->ifa_addr, sizeof(in));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		memcpy(p->addr, &in.sin_addr, 4);
		p->bits = (uint8_t)mask_bits((uint8_t *)&mask.sin_addr, 4);
	} else if (p->family == AF_INET6) {
		struct sockaddr_in6 in6, mask;

		memcpy(&in6, i->ifa_addr, sizeof(in6));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		memcpy(p->addr, &in6.sin6_addr, 16);
		p->bits = (uint8_t)mask_bits(mask.sin6_addr.s6_addr, 16);
	} else {
		return false;
	}
	clear_host_bits(p);
	return true;
}

static bool
prefix_among(const struct net_prefix *set, size_t n, const struct net_prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].family == p->family && set[i].bits == p->bits &&
		    memcmp(set[i].addr, p->addr, sizeof(p->addr)) == 0)
			return true;
	return false;
}

size_t
net_prefixes_of_interface(struct net_prefix *p, size_t max, const char *name)
{
	struct net_prefix one;
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (struct ifaddrs *i = all; i != NULL && n < max; i = i->ifa_next) {
		if (strcmp(i->ifa_name, name) != 0 ||
		    (i->ifa_flags & IFF_UP) == 0)
			continue;
		if (prefix_of_ifaddr(&one, i) && !prefix_among(p, n, &one))
			p[n++] = one;
	}
	freeifaddrs(all);
	return n;
}
