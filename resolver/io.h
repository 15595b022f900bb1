/*
 * What the resolver uses of the world: a clock, randomness, timers, datagrams
 * and streams. The server gives it lib/net_ask.h and lib/net_stream.h on a
 * worker's loop (resolver/io_net.c); tests give it a network that they made up
 * and a clock that they turn (tests/replay), so that a scenario of hours takes
 * milliseconds and is the same each time.
 */
#ifndef PLACED_RESOLVER_IO_H
#define PLACED_RESOLVER_IO_H

#include "lib/base.h"
#include "lib/net_addr.h"

enum io_event {
	IO_MESSAGE, /* octets, len */
	IO_ERROR,   /* refused, unreachable, closed, TLS: errno-like in text */
};

/* UDP: true takes the message and ends the exchange; false: it was not the
 * one, the wait goes on. Of IO_ERROR the value means nothing: it has ended. */
typedef bool io_udp_fn(void *arg, enum io_event ev, const uint8_t *octets,
		       size_t len, const char *text);
/* Stream: messages as they come; after IO_ERROR the stream must be closed. */
typedef void io_stream_fn(void *arg, enum io_event ev, const uint8_t *octets,
			  size_t len, const char *text);
typedef void io_timer_fn(void *arg);

struct io_exchange; /* made by whoever implements this */
struct io_stream;
struct io_timer;

struct resolver_io {
	void *ctx;
	uint64_t (*now_ms)(void *ctx); /* never goes back */
	uint32_t (*now)(void *ctx);    /* seconds since the epoch */
	void (*random)(void *ctx, void *dst, size_t len);
	/* From a random port, connected to `to`: what others send never
	 * arrives. NULL: errno tells whether there is no way there
	 * (ENETUNREACH, …) or descriptors or memory are short. fn is never
	 * called from within udp_ask(). */
	struct io_exchange *(*udp_ask)(void *ctx, const struct net_addr *to,
				       const uint8_t *msg, size_t len,
				       io_udp_fn *fn, void *arg);
	void (*udp_end)(void *ctx, struct io_exchange *x);
	/* TCP, or TLS with `tls_name` verified (RFC 7858, 8310). Connects when
	 * first written to; writes may be queued before it is up. */
	struct io_stream *(*stream_open)(void *ctx, const struct net_addr *to,
					 const char *tls_name, io_stream_fn *fn,
					 void *arg);
	/* One message, at most 65,535 octets. False: memory, or backlog. */
	bool (*stream_send)(void *ctx, struct io_stream *s, const uint8_t *msg,
			    size_t len);
	void (*stream_close)(void *ctx, struct io_stream *s);
	/* Once, after ms. NULL: memory. Must be cleared, also after it fired.
	 */
	struct io_timer *(*timer_set)(void *ctx, unsigned ms, io_timer_fn *fn,
				      void *arg);
	void (*timer_clear)(void *ctx, struct io_timer *t); /* NULL is fine */
};

#endif
