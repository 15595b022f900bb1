/*
 * The writer: the one thread that opens write transactions. It takes all jobs
 * that are queued, applies each as a unit of its own in one transaction,
 * commits once, and then tells each how it ended: group commit. A job that
 * fails by its own fault (a prerequisite) leaves no trace. If the store
 * itself fails (disk full), the transaction is aborted and each job is tried
 * again alone, so that a small one may still pass; those that fail again end
 * with that error.
 */
#ifndef PLACED_SERVER_WRITER_H
#define PLACED_SERVER_WRITER_H

#include "lib/base.h"
#include "zones/store.h"

struct writer;

struct writer_job {
	/*
	 * On the writer's thread, inside its transaction. May be called twice
	 * (after an abort) and must give the same then. *spoilt: the store
	 * failed while writing. Returns what done() is to be told.
	 */
	enum err (*apply)(struct writer_job *job, struct store_txn *t,
			  bool *spoilt);
	/* On the writer's thread, after the commit (or its failure, which then
	 * stands in place of apply's ERR_OK). The job is the callee's again. */
	void (*done)(struct writer_job *job, enum err e);
	/* The writer's own: */
	struct writer_job *next;
	enum err result;
};

/* Jobs that may wait; at 30,000 a second, some 130 ms of work. */
#define WRITER_QUEUE_MAX 4096

/* Erases what is on the store's erase list in slices when it has nothing else
 * to do, and at least one slice a second. NULL: memory. */
struct writer *writer_start(struct store *store);

/* Thread-safe. False if the writer is stopping or WRITER_QUEUE_MAX jobs wait:
 * the job was not taken. */
bool writer_submit(struct writer *w, struct writer_job *job);

/* Submits, however many wait, and waits for the end; not from the writer's
 * thread nor a worker's. ERR_BUSY if the writer is stopping. */
enum err writer_run(struct writer *w,
		    enum err (*fn)(void *ctx, struct store_txn *t,
				   bool *spoilt),
		    void *ctx);

/* Finishes what is queued, then ends the thread. Jobs that come later are not
 * taken, so those who submit may be stopped after it. */
void writer_stop(struct writer *w);
/* Stops it if need be. Nobody may submit any more. NULL is fine. */
void writer_free(struct writer *w);

struct writer_stats {
	uint64_t jobs;	   /* done, well or badly */
	uint64_t commits;  /* transactions for them */
	uint64_t failures; /* transactions that the store let down */
};
/* Thread-safe. */
void writer_stats(struct writer *w, struct writer_stats *s);

#endif
