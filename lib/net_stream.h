/*
 * A connection to another server for many questions: TCP (RFC 7766) or TLS
 * (RFC 7858) with two octets of length before each message. Connects when first
 * written to; replies come in any order. Closes itself when idle, and connects
 * anew when written to again, with the TLS session resumed.
 */
#ifndef PLACED_LIB_NET_STREAM_H
#define PLACED_LIB_NET_STREAM_H

#include "lib/base.h"
#include "lib/event.h"
#include "lib/net_addr.h"
#include "lib/net_tls.h"

enum net_stream_event {
	NET_STREAM_MESSAGE,
	NET_STREAM_CLOSED, /* text tells why: refused, time-out, closed by the
			      server, idle, "the certificate does not hold: …".
			      Messages sent and not answered are lost. The
			      stream can be written to again. */
};

typedef void net_stream_fn(void *arg, enum net_stream_event ev,
			   const uint8_t *octets, size_t len, const char *text);

struct net_stream_options {
	struct net_addr to;
	struct net_tls_peer *peer; /* outlives the stream; NULL: TCP */
	unsigned connect_ms;	   /* until connected and verified */
	unsigned idle_ms; /* nothing sent or received; longer than anybody waits
			     for a reply */
	size_t backlog;	  /* octets that may wait to be written */
};

struct net_stream;
/* NULL: memory. fn is called on the loop, never from within. */
struct net_stream *net_stream_new(struct event_loop *loop,
				  const struct net_stream_options *o,
				  net_stream_fn *fn, void *arg);
/* No call comes after this; may be called from within fn. NULL is fine. */
void net_stream_free(struct net_stream *s);

/* Queues one message, at most 65,535 octets; copied. False: memory, backlog
 * (but one message always has room), or no way there: then nothing was queued.
 */
bool net_stream_send(struct net_stream *s, const uint8_t *msg, size_t len);

/* Whether the last TLS handshake resumed a session. */
bool net_stream_resumed(const struct net_stream *s);
#endif
