/*
 * The server as a whole: what main() starts, reloads and stops.
 *
 *   main thread   signals, control socket (accept), reload, stop
 *   workers       one a core: sockets, queries           (worker.h)
 *   writer        the only write transaction             (writer.h)
 *   seeder        zone files into zones that are new     (import_job.h)
 *   conversations one a placectl                         (control.h)
 */
#ifndef PLACED_SERVER_SERVER_H
#define PLACED_SERVER_SERVER_H

#include "lib/base.h"
#include "lib/conf.h"

struct server;

/*
 * Binds, gives up root, opens the store, starts every thread. Takes over conf.
 * NULL with one sentence in d; then nothing was touched but what was there to
 * be made (the store's directory).
 */
struct server *server_start(struct conf *conf, struct diag *d);

/* Until a signal or placectl says stop: true. False: the store has given up,
 * and only a new start can help. */
bool server_run(struct server *s);

/* Finishes what was accepted, ends every thread, closes the store. */
void server_stop(struct server *s);

#endif
