/*
 * The world as it is (resolver/io.h): clocks, randomness and timers of this
 * machine, and the sockets of lib/net_ask.h and lib/net_stream.h on one loop.
 */
#ifndef PLACED_RESOLVER_IO_NET_H
#define PLACED_RESOLVER_IO_NET_H

#include "lib/event.h"
#include "lib/net_tls.h"
#include "resolver/io.h"

struct io_net;

/* Loop and tls outlive it; tls NULL: a stream_open() with a name gives NULL,
 * errno ENOTSUP. NULL: memory. */
struct io_net *io_net_new(struct event_loop *loop, struct net_tls *tls);
/* Exchanges that are open end without a call; streams and timers must have been
 * closed and cleared. Not from within a call of it. NULL is fine. */
void io_net_free(struct io_net *n);

/* Belongs to n. */
const struct resolver_io *io_net_face(const struct io_net *n);

#endif
