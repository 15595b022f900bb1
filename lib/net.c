#include "lib/net.h"
#include "lib/net_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LISTEN_BACKLOG 1024	    /* connections not accepted yet */
#define SOCKET_BUFFER (1024 * 1024) /* octets; bursts while we think */

static enum err
bind_error(const struct net_addr *a, int error, struct diag *d)
{
	char text[NET_ADDR_TEXT_MAX];

	net_addr_to_text(text, a);
	switch (error) {
	case EADDRINUSE:
		return diag_set(d, ERR_BUSY,
				"cannot bind %s: address in use (is another "
				"nameserver running there?)",
				text);
	case EACCES:
	case EPERM:
		return diag_set(d, ERR_DENIED,
				"cannot bind %s: permission denied (ports "
				"below 1024 are for root)",
				text);
	case EADDRNOTAVAIL:
		return diag_set(d, ERR_NOTFOUND,
				"cannot bind %s: no interface of this machine "
				"has that address",
				text);
	case EINVAL:
		if (a->sa.sa_family == AF_INET6 && a->in6.sin6_scope_id == 0 &&
		    IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr))
			return diag_set(d, ERR_RANGE,
					"cannot bind %s: a link-local address "
					"needs its interface (fe80::1%%eth0)",
					text);
		break;
	case EAFNOSUPPORT:
		return diag_set(d, ERR_IO,
				"cannot bind %s: this machine has no %s", text,
				a->sa.sa_family == AF_INET6 ? "IPv6" : "IPv4");
	case ENOMEM:
	case ENOBUFS:
		return diag_set(d, ERR_NOMEM, "cannot bind %s: %s", text,
				strerrordesc_np(error));
	}
	return diag_set(d, ERR_IO, "cannot bind %s: %s", text,
			strerrordesc_np(error));
}

static bool
set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Each option may fail: the server is then slower or less careful, no worse. */
static void
set_udp_options(int fd, const struct net_addr *a)
{
	bool wild = net_addr_is_wildcard(a);

	set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	/* OMIT: a forged 'too big' must not make us send fragments, which are
	 * easier to poison than whole messages. */
	if (a->sa.sa_family == AF_INET6) {
		set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			   IPV6_PMTUDISC_OMIT);
		if (wild)
			set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		return;
	}
	set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	if (wild)
		set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* 0, or errno. share: SO_REUSEPORT. */
static int
open_and_bind(int *fd, const struct net_addr *a, int type, bool share)
{
	int f = socket(a->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (f < 0)
		return errno;
	/* TCP alone: for UDP it would let strangers share the port. Here it
	 * only means that connections of an earlier run are no obstacle. */
	if ((type != SOCK_STREAM ||
	     set_option(f, SOL_SOCKET, SO_REUSEADDR, 1)) &&
	    (!share || set_option(f, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	    (a->sa.sa_family != AF_INET6 ||
	     set_option(f, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	    bind(f, &a->sa, a->len) == 0) {
		*fd = f;
		return 0;
	}
	error = errno;
	close(f);
	return error;
}

enum err
net_bind(int *fd, const struct net_addr *a, int type, struct diag *d)
{
	int error = open_and_bind(fd, a, type, true);

	if (error != 0)
		return bind_error(a, error, d);
	if (type == SOCK_DGRAM) {
		set_udp_options(*fd, a);
	} else if (listen(*fd, LISTEN_BACKLOG) != 0) {
		error = errno;
		close(*fd);
		return bind_error(a, error, d);
	}
	return ERR_OK;
}

enum err
net_bind_probe(const struct net_addr *a, int type, struct diag *d)
{
	int fd = -1;
	int error = open_and_bind(&fd, a, type, false);

	if (error != 0)
		return bind_error(a, error, d);
	close(fd);
	return ERR_OK;
}

void
net_reply(const struct net_peer *peer, const uint8_t *msg, size_t len)
{
	if (peer->udp != NULL)
		net_udp_reply(peer, msg, len);
	else
		net_tcp_reply(peer, msg, len);
}

void
net_local_addr(struct net_addr *a, int fd)
{
	struct net_addr got = {.len = sizeof(got.in6)};

	if (getsockname(fd, &got.sa, &got.len) == 0)
		*a = got;
}

uint8_t *
net_blocks_new(size_t n, size_t stride)
{
	void *p = mmap(NULL, n * stride, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
net_blocks_free(uint8_t *blocks, size_t n, size_t stride)
{
	if (blocks != NULL)
		munmap(blocks, n * stride);
}
