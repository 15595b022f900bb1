/*
 * A connection to one server for many questions: replies come in any order and
 * are told apart by their IDs, which are unique on the connection (RFC 7766
 * section 6.2.1). Opened when first asked, and anew when asked after it was
 * closed.
 */
#ifndef PLACED_RESOLVER_CONN_H
#define PLACED_RESOLVER_CONN_H

#include "resolver/io.h"

struct conn;

/* How a connection was lost. */
enum conn_end {
	CONN_USELESS, /* nothing ever came: refused, unreachable, TLS */
	CONN_CLOSED,  /* it had been of use: closed when idle, as servers do */
	CONN_ABORTED, /* by conn_abort() */
};

/* A question on a connection: stands inside of the asker's own struct. */
struct conn_ask {
	struct conn *conn;	/* NULL: not on any */
	struct conn_ask *next;	/* in its bucket */
	struct conn_ask **link; /* what points here */
	uint16_t id;
	uint8_t end; /* enum conn_end, once it is lost */
};

/* IO_MESSAGE: a message with the ID of a; a stays until conn_forget().
 * IO_ERROR: the connection is lost, and a is off it. */
typedef void conn_fn(struct conn_ask *a, enum io_event ev,
		     const uint8_t *octets, size_t len, const char *text);

/* tls_name outlives it; NULL: TCP. strays counts messages that nobody waits
 * for. NULL: memory. */
struct conn *conn_new(const struct resolver_io *io, const struct net_addr *to,
		      const char *tls_name, conn_fn *fn,
		      _Atomic uint64_t *strays);
/* Nobody may be on it. Not from within fn. NULL is fine. */
void conn_free(struct conn *c);

/* An ID that is in use is drawn again. */
bool conn_has(const struct conn *c, uint16_t id);

/* Sends the message, whose ID (not in use) is a's from then on. False: memory,
 * backlog, or no way there; a is then not on it. */
bool conn_send(struct conn *c, struct conn_ask *a, const uint8_t *msg,
	       size_t len);
void conn_forget(struct conn_ask *a); /* not on any: fine */

/* Closes it; everybody on it is told, with text. */
void conn_abort(struct conn *c, const char *text);

/* True if a message came since it was opened. */
bool conn_heard(const struct conn *c);
/* When a message came last, milliseconds; 0: never. */
uint64_t conn_heard_at(const struct conn *c);
#endif
