/*
 * A connection to another server for many questions: TCP (RFC 7766) or TLS
 * (RFC 7858) with two octets of length before each message. Connects when first
 * written to; replies come in any order. Closes itself when idle and connects
 * anew when written to again, with the TLS session resumed.
 */
#ifndef PLACED_LIB_NET_STREAM_H
#define PLACED_LIB_NET_STREAM_H

#include "lib/base.h"
#include "lib/event.h"
#include "lib/net_addr.h"

/* Trust for TLS: made once, used by any number of threads. */
struct net_tls;

/* ca_file: PEM; NULL: the system's. TLS 1.2 at least. NULL with a sentence. */
struct net_tls *net_tls_new(const char *ca_file, struct diag *d);
void net_tls_free(struct net_tls *t); /* NULL is fine */

enum net_stream_event {
	NET_STREAM_MESSAGE,
	NET_STREAM_CLOSED, /* text tells why: refused, timeout, closed by peer,
			      "certificate is for …". Messages sent and not
			      answered are lost. The stream can be written to
			      again. */
};

typedef void net_stream_fn(void *arg, enum net_stream_event ev,
			   const uint8_t *octets, size_t len, const char *text);

struct net_stream_options {
	struct net_addr to;
	struct net_tls *tls;  /* NULL: TCP */
	const char *tls_name; /* verified against the certificate (RFC 8310:
				 strict); copied */
	unsigned connect_ms;  /* until connected and verified */
	unsigned idle_ms;     /* nothing sent or received, nothing owed */
	size_t backlog;	      /* octets that may wait to be written */
};

struct net_stream;
struct net_stream *net_stream_new(struct event_loop *loop,
				  const struct net_stream_options *o,
				  net_stream_fn *fn, void *arg);
/* No call comes after this; may be called from within fn. NULL is fine. */
void net_stream_free(struct net_stream *s);

/* Queues one message, at most 65,535 octets; copied. False: memory, backlog. */
bool net_stream_send(struct net_stream *s, const uint8_t *msg, size_t len);

/* How many replies are awaited, for the idle clock: the owner tells when one
 * came that it wanted, or when it gave up. */
void net_stream_owed(struct net_stream *s, unsigned count);

bool net_stream_resumed(const struct net_stream *s); /* last TLS handshake */
#endif
