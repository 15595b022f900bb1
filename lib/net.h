/*
 * Servers of messages over UDP and TCP. Both hand every message to one
 * function and send what it returns:
 *
 *     net_udp  ──┐                              ┌── reply at once: its length
 *                ├─→ serve(ctx, peer, in, out) ─┤
 *     net_tcp  ──┘                              └── NET_LATER, then net_reply()
 *
 * One net_udp and one net_tcp per worker and address; SO_REUSEPORT lets the
 * kernel spread clients over the workers. UDP is read and written in batches
 * (recvmmsg, sendmmsg): begin() is called after recvmmsg has returned and
 * before the first serve(), end() after the last one, before sendmmsg.
 */
#ifndef PLACED_LIB_NET_H
#define PLACED_LIB_NET_H

#include "lib/base.h"
#include "lib/event.h"
#include "lib/net_addr.h"

#define NET_LATER ((size_t)-1) /* the reply comes by net_reply() */
#define NET_UDP_BATCH 64       /* messages a recvmmsg */
#define NET_UDP_REPLY_MAX 4096 /* octets; the largest `udp-payload` setting */

struct net_udp;
struct net_tcp;

/* Who asked, and how to reach it. A value: may be copied and kept until the
 * net_udp or net_tcp it came by is freed. conn 0: UDP. */
struct net_peer {
	struct net_addr from;
	struct net_addr local; /* address it was sent to (UDP on a wildcard:
				  from PKTINFO) */
	struct net_udp *udp;   /* NULL: TCP */
	struct net_tcp *tcp;   /* NULL: UDP */
	uint64_t conn;	  /* TCP: number of the connection, never used again */
	uint32_t ifindex; /* UDP on a wildcard address, else 0 */
};

/* One message, there until the batch ends. */
struct net_message {
	const struct net_peer *peer;
	const uint8_t *in;
	size_t in_len;
	size_t cap; /* octets that the reply may have */
};

struct net_service {
	void *ctx;
	void (*begin)(void *ctx);
	/*
	 * The n messages that serve() will be called with before the next
	 * end(), each once and in this order; over TCP the last of them may be
	 * left for later. May be NULL; without it, messages come as they come.
	 */
	void (*foresee)(void *ctx, const struct net_message *batch, unsigned n);
	/*
	 * in: one message, 0 to 65,535 octets, there until serve() returns.
	 * out: room for cap octets (UDP: NET_UDP_REPLY_MAX, TCP: 65,535), this
	 * message's own until end(). The service keeps to the client's payload
	 * size. Returns the reply's length, 0 for silence, or NET_LATER.
	 */
	size_t (*serve)(void *ctx, const struct net_peer *peer,
			const uint8_t *in, size_t in_len, uint8_t *out,
			size_t cap);
	void (*end)(void *ctx);
};

/*
 * A step forward is a complete message that came, or octets of a reply that
 * the client took; a part of a message is none. While we owe a reply and have
 * nothing to send, the clock stands still. All limits are at least 1.
 */
struct net_tcp_limits {
	unsigned idle_ms;     /* no step forward for so long: closed */
	unsigned connections; /* in all, this listener; at the cap, the oldest
				 idle one gives way to a new one, if any */
	unsigned per_address; /* by client address (IPv6: by /64); at the cap,
				 the new one is refused */
	unsigned pipeline;    /* replies owed to one connection before we stop
				 reading it */
	size_t write_backlog; /* octets a client may leave unread before we stop
				 reading it */
};

/*
 * Binds and returns a descriptor, non-blocking, close-on-exec, SO_REUSEPORT.
 * type: SOCK_DGRAM or SOCK_STREAM (listening). Called as root, before rights
 * are given up. ERR_BUSY: in use; ERR_DENIED: no right to; a sentence in d.
 */
enum err net_bind(int *fd, const struct net_addr *a, int type, struct diag *d);

/*
 * Whether nobody holds that address and port yet: ERR_BUSY even if who does
 * would share it (SO_REUSEPORT), such as a second placed of the same user, with
 * which net_bind() would succeed. To be asked before the first net_bind() of
 * an address. The port must be given.
 */
enum err net_bind_probe(const struct net_addr *a, int type, struct diag *d);

/* Takes over fd, which net_bind() made. NULL: memory; then fd is still the
 * caller's. net_tcp_new() makes the process ignore SIGPIPE. */
struct net_udp *net_udp_new(struct event_loop *loop, int fd,
			    const struct net_addr *local,
			    const struct net_service *service);
struct net_tcp *net_tcp_new(struct event_loop *loop, int fd,
			    const struct net_addr *local,
			    const struct net_service *service,
			    const struct net_tcp_limits *limits);
void net_udp_free(struct net_udp *u);
void net_tcp_free(struct net_tcp *t);

/* Sends a reply that was put off (at most 65,535 octets, over UDP at most
 * NET_UDP_REPLY_MAX), on the thread of the loop that asked, once for each
 * NET_LATER; over UDP by the end of this turn of the loop. A connection that is
 * gone is not an error. len 0: no reply after all (TCP pipelines need to know).
 */
void net_reply(const struct net_peer *peer, const uint8_t *msg, size_t len);

/* Open TCP connections now, for status and tests. Thread-safe. */
unsigned net_tcp_open(const struct net_tcp *t);

#endif
