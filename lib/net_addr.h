/*
 * Addresses, with ports, and prefixes, from and to text.
 */
#ifndef PLACED_LIB_NET_ADDR_H
#define PLACED_LIB_NET_ADDR_H

#include "lib/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define NET_ADDR_TEXT_MAX 80 /* "ffff:...%interface@65535" and the NUL */

struct net_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

/* "127.0.0.1@5300", "::1@5300", "fe80::1%eth0@53", or without @port:
 * default_port. */
enum err net_addr_from_text(struct net_addr *a, const char *text,
			    uint16_t default_port, struct diag *d);

/* As net_addr_from_text() takes it; dst has NET_ADDR_TEXT_MAX octets. */
const char *net_addr_to_text(char *dst, const struct net_addr *a);

/* Address without port: equal? IPv4-mapped IPv6 counts as IPv4; a link-local
 * address is another host on another interface. */
bool net_addr_same_host(const struct net_addr *a, const struct net_addr *b);
/* One and the same: family, address, interface and port. */
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
bool net_addr_is_wildcard(const struct net_addr *a);

struct net_prefix {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t bits;
	uint8_t addr[16]; /* network order; bits beyond `bits` are 0 */
};

/* "192.168.1.0/24", "2001:db8::/32", or an address alone (all bits). Host bits
 * set: ERR_RANGE. */
enum err net_prefix_from_text(struct net_prefix *p, const char *text,
			      struct diag *d);

/* IPv4-mapped IPv6 addresses are matched as IPv4. */
bool net_prefix_contains(const struct net_prefix *p, const struct net_addr *a);

/*
 * The prefixes of an interface that is up ("eth0", "lo"), each once. Returns
 * how many were written, at most max; 0 if there is no such interface.
 */
size_t net_prefixes_of_interface(struct net_prefix *p, size_t max,
				 const char *name);

#endif
