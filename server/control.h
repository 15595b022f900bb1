/*
 * The control socket: placectl's other end. A unix stream socket; a request is
 * one JSON object on a line, with a descriptor beside it (SCM_RIGHTS) where a
 * command takes a file; the answer is any number of JSON objects, one a line,
 * the last of them {"ok":true,…} or {"ok":false,"error":"…"}. Only the last one
 * has an "ok". A conversation may hold several requests, one after the other.
 *
 *   {"command":"zones"} {"zone":"lounge.…","serial":7,…} … {"ok":true}
 *   {"command":"import","zone":…,"dry-run":true} + fd of an RR stream
 *
 * The main thread accepts; each conversation (8 at most) runs on a thread of
 * its own with a store reader of its own, so that a slow reader of a long dump
 * holds up nobody.
 */
#ifndef PLACED_SERVER_CONTROL_H
#define PLACED_SERVER_CONTROL_H

#include "lib/event.h"
#include "server/recursion.h"
#include "server/served.h"
#include "server/writer.h"

#define CONTROL_CONVERSATIONS 8

struct import_jobs; /* server/import_job.h */
struct refused;	    /* server/refused.h */
struct stats;	    /* server/stats.h */
struct uplink_sum;  /* server/uplink_sum.h */

/* What commands may use of the server; copied. What it points to is main's and
 * outlives the control. */
struct control_server {
	struct store *store;
	struct writer *writer;
	struct import_jobs *imports; /* which zones are being imported */
	struct refused *refused;     /* updates that were, and why */
	struct recursion_shared recursion;
	struct event_loop *loop;	     /* main's */
	struct served *(*served)(void *arg); /* current, one reference for the
						caller; any thread */
	enum err (*reload)(void *arg,
			   struct diag *d); /* any thread; returns when done */
	void (*stop)(void *arg);	    /* any thread */
	void (*stats)(void *arg, struct stats *sum); /* any thread */
	/* Any thread but a worker's; adds to sum. NULL: no uplink here. */
	void (*uplink)(void *arg, struct uplink_sum *sum);
	uint64_t started; /* seconds since the epoch */
	void *arg;
};

struct control;

/*
 * Binds the socket before rights are given up. A stale socket is replaced; one
 * that answers is ERR_BUSY, anything else at that path ERR_EXISTS. The folder
 * is made if it alone is missing. mode: 0660, … user: whom the socket is given
 * to, with that user's group; NULL leaves it ours.
 */
enum err control_bind(int *fd, const char *path, unsigned mode,
		      const char *user, struct diag *d);

/* Takes over fd, which control_bind() made for path. NULL: memory; then fd is
 * still the caller's. */
struct control *control_start(const struct control_server *server, int fd,
			      const char *path);

/* Ends conversations, joins their threads, removes the socket. */
void control_stop(struct control *c);

#endif
