/*
 * Between lib/net.c, lib/net_udp.c and lib/net_tcp.c; for nobody else.
 */
#ifndef PLACED_LIB_NET_INTERNAL_H
#define PLACED_LIB_NET_INTERNAL_H

#include "lib/net.h"

/* The two halves of net_reply(). */
void net_udp_reply(const struct net_peer *peer, const uint8_t *msg, size_t len);
void net_tcp_reply(const struct net_peer *peer, const uint8_t *msg, size_t len);

/* The address fd is bound to; *a is left as it is when that cannot be told. */
void net_local_addr(struct net_addr *a, int fd);

/* Address space for n blocks, `stride` octets apart, that costs memory only
 * where it is touched. NULL: none left. */
uint8_t *net_blocks_new(size_t n, size_t stride);
void net_blocks_free(uint8_t *blocks, size_t n, size_t stride);

/*
 * Blocks that are an even number of pages apart share their sets in the CPU's
 * caches, and a store to one looks to the CPU like a store to the other. So
 * they are put three cache lines further apart.
 */
#define NET_BLOCK_STRIDE(octets) ((size_t)(octets) + 192)

#endif
