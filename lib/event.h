/*
 * The event loop: a thin face over libevent, whose only users are this file
 * and lib/net_*. One loop belongs to one thread; only event_post() and
 * event_stop() may be called from others.
 */
#ifndef PLACED_LIB_EVENT_H
#define PLACED_LIB_EVENT_H

#include "lib/base.h"

struct event_loop;
struct event_watch; /* a timer, a signal, a descriptor */

/* NULL when memory or descriptors are short. */
struct event_loop *event_loop_new(void);
/* Watches and net_* servers first. What was posted and not run is forgotten. */
void event_loop_free(struct event_loop *loop);

/* Until event_stop(), which may come first. What was posted before the stop is
 * still run; what comes after it, when (and if) the loop is run again. */
void event_run(struct event_loop *loop);
void event_stop(struct event_loop *loop);

/* Runs fn(arg) on the loop's thread, in the order posted. Thread-safe.
 * False when memory is short (then nothing was posted). */
bool event_post(struct event_loop *loop, void (*fn)(void *arg), void *arg);

typedef void event_fn(void *arg);

/* After `ms` milliseconds, again and again if repeat. Each of these returns
 * NULL when memory is short; what they return must be unwatched, from inside
 * its own fn too, also a timer that has fired. Signals: one loop a process. */
struct event_watch *event_timer(struct event_loop *loop, unsigned ms,
				bool repeat, event_fn *fn, void *arg);
struct event_watch *event_signal(struct event_loop *loop, int signo,
				 event_fn *fn, void *arg);
struct event_watch *event_readable(struct event_loop *loop, int fd,
				   event_fn *fn, void *arg);
void event_unwatch(struct event_watch *w); /* NULL is fine */

/* For lib/net_*: the struct event_base of libevent. */
void *event_loop_base(struct event_loop *loop);

/* Milliseconds of a clock that never goes back. */
uint64_t event_now_ms(void);

#endif
