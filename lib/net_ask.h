/*
 * Questions to other servers over UDP: sockets of random ports, connected, so
 * that the kernel keeps off what comes from elsewhere and reports refusals.
 *
 *   net_ask() ─→ a socket to that address that has nothing outstanding and few
 *                questions behind it, or a new one on a random port; retired
 *                after NET_ASK_USES questions or NET_ASK_AGE_MS
 *
 * Beside the 16 bits of a message's ID, an attacker who is off the path must
 * guess the port, which is drawn anew at random for each socket from all that
 * are free above 1023, and which of the sockets a question leaves by.
 */
#ifndef PLACED_LIB_NET_ASK_H
#define PLACED_LIB_NET_ASK_H

#include "lib/base.h"
#include "lib/event.h"
#include "lib/net_addr.h"

#define NET_ASK_SOCKETS_MAX 1024 /* open at once, a net_asker */
#define NET_ASK_USES 16
#define NET_ASK_AGE_MS 10000

struct net_asker; /* one a loop */
struct net_ask;

enum net_ask_event {
	NET_ASK_REPLY,
	NET_ASK_ERROR, /* errno in err: ECONNREFUSED, ENETUNREACH, … */
};

/* True takes the reply and ends the question; false: not the one, wait on. The
 * question has ended after NET_ASK_ERROR. May end and begin any, its own too.
 */
typedef bool net_ask_fn(void *arg, enum net_ask_event ev, const uint8_t *octets,
			size_t len, int err);

struct net_asker *net_asker_new(struct event_loop *loop); /* NULL: memory */
/* Questions end without a call. NULL is fine. */
void net_asker_free(struct net_asker *a);

/* Sends msg (copied by the kernel; at most 4096 octets) to `to`. fn is called
 * on the loop, never from within. NULL: memory, descriptors, or no route:
 * errno. */
struct net_ask *net_ask(struct net_asker *a, const struct net_addr *to,
			const uint8_t *msg, size_t len, net_ask_fn *fn,
			void *arg);
/* No call comes after this. */
void net_ask_end(struct net_asker *a, struct net_ask *q);

unsigned net_asker_sockets(const struct net_asker *a);
#endif
