/*
 * A worker: one thread, one event loop, its own sockets on every address
 * (SO_REUSEPORT), its own view of the store. Workers share nothing but the
 * store's snapshot and the served configuration, which never changes.
 */
#ifndef PLACED_SERVER_WORKER_H
#define PLACED_SERVER_WORKER_H

#include "lib/net.h"
#include "server/recursion.h"
#include "server/served.h"
#include "server/stats.h"
#include "server/update.h"
#include "server/uplink_sum.h"
#include "server/writer.h"

struct worker;

/* What all workers are given; copied. */
struct worker_setup {
	struct store *store;
	struct writer *writer;
	struct update_seen *seen; /* of all workers; used by the writer */
	struct refused *refused;  /* of all workers */
	struct served *served;	  /* each worker takes a reference of its own */
	struct recursion_shared recursion;
};

/*
 * Makes a worker at rest; udp and tcp hold one bound descriptor a listen
 * address of served->conf, taken over in any case. NULL: memory, readers.
 */
struct worker *worker_new(const struct worker_setup *setup, const int *udp,
			  const int *tcp);

/* Starts the thread. False: it could not be made. */
bool worker_start(struct worker *w);

/* Moves the worker over to s; returns when it has. Not from its own thread.
 * False: memory was short, and the worker stays with what it had. */
bool worker_serve(struct worker *w, struct served *s);

/* Ends the thread, after the replies that updates still owe (the writer must
 * have been stopped), and frees everything. */
void worker_stop(struct worker *w);

const struct stats *worker_stats(const struct worker *w);

/* Adds what the worker knows of the uplink. Not from its own thread; a worker
 * that does not answer within a second is counted as silent. */
void worker_uplink(struct worker *w, struct uplink_sum *sum);

/* TCP connections open now; any thread, roughly. */
unsigned worker_connections(const struct worker *w);

#endif
