/*
 * TLS for connections to other servers (RFC 7858, strict profile of RFC 8310):
 * the certificate must chain to a trusted one and be for the name that was
 * configured. Only lib/net_tls.c knows OpenSSL here, and that libevent's
 * bufferevents carry it.
 */
#ifndef PLACED_LIB_NET_TLS_H
#define PLACED_LIB_NET_TLS_H

#include "lib/base.h"

/* Whom we trust: made once, used by any number of threads. */
struct net_tls;

/* ca_file: PEM, read at once; NULL: the system's, read when the first peer is
 * made. TLS 1.2 at least. NULL with a sentence. */
struct net_tls *net_tls_new(const char *ca_file, struct diag *d);
void net_tls_free(struct net_tls *t); /* NULL is fine */

/* One server, by the name its certificate must be for (or its address, for
 * certificates that name that), and the session to resume with it, which lasts
 * from one connection to the next. Used by one thread; tls outlives it. NULL:
 * memory, or no certificates to trust. */
struct net_tls_peer;
struct net_tls_peer *net_tls_peer_new(struct net_tls *tls, const char *name);
void net_tls_peer_free(struct net_tls_peer *p); /* NULL is fine */

/* For lib/net_stream.c: a struct bufferevent of libevent that will speak TLS
 * with p once it is connected. NULL: memory. The peer outlives it. */
void *net_tls_bufferevent(struct net_tls_peer *p, void *event_base);

/* Before it is freed: says goodbye, so that the session can be resumed, and
 * forgets the peer. */
void net_tls_close(void *bufferevent);

/* Whether the handshake resumed a session. */
bool net_tls_resumed(void *bufferevent);

/* What TLS itself found wrong, a sentence in dst, which has cap octets. False:
 * nothing, the trouble is below it. */
bool net_tls_error(void *bufferevent, char *dst, size_t cap);

#endif
