#include "server/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "lib/log.h"

#define ERASE_SLICE 1000      /* entries; a few milliseconds */
#define ERASE_PAUSE_MS 100    /* between a commit and a look at the list */
#define ERASE_RETRY_MS 1000   /* after a slice that failed */
#define ERASE_OVERDUE_MS 1000 /* so long it gives way to jobs */

#define NEVER UINT64_MAX

struct job_list {
	struct writer_job *first;
	struct writer_job **end;
	unsigned count;
};

struct writer {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t mutex; /* of queue, stopping, stats */
	pthread_cond_t wake;   /* on CLOCK_MONOTONIC */
	struct job_list queue;
	bool stopping;
	struct writer_stats stats;
	bool ended; /* who started it alone: the thread has been joined */
	/* The writer's thread alone: */
	uint64_t erase_due; /* ms */
	bool erase_failed;  /* told once */
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
list_init(struct job_list *l)
{
	l->first = NULL;
	l->end = &l->first;
	l->count = 0;
}

static void
list_add(struct job_list *l, struct writer_job *job)
{
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
	l->count++;
}

/* What failed without naming a reason failed by the store. */
static enum err
spoilt_error(enum err e)
{
	return e != ERR_OK ? e : ERR_IO;
}

/* What came of a transaction. */
enum outcome {
	OUTCOME_KEPT,	 /* each job has its result */
	OUTCOME_NOTHING, /* likewise, and all have failed by their own fault */
	OUTCOME_FAILED,	 /* the store let it down: *why says how */
};

/*
 * One transaction for the jobs from `first` up to `end` (NULL: all). Jobs that
 * fail by their own fault have written nothing, so the others' commit holds
 * nothing of theirs; if all fail there is nothing to commit.
 */
static enum outcome
write_together(struct writer *w, struct writer_job *first,
	       const struct writer_job *end, enum err *why)
{
	struct store_txn *t;
	bool any = false;

	*why = store_txn_begin(w->store, &t);
	if (*why != ERR_OK)
		return OUTCOME_FAILED;
	for (struct writer_job *j = first; j != end; j = j->next) {
		bool spoilt = false;

		j->result = j->apply(j, t, &spoilt);
		if (spoilt) {
			*why = spoilt_error(j->result);
			store_txn_abort(t);
			return OUTCOME_FAILED;
		}
		any = any || j->result == ERR_OK;
	}
	if (!any) {
		store_txn_abort(t);
		return OUTCOME_NOTHING;
	}
	*why = store_txn_commit(t);
	return *why == ERR_OK ? OUTCOME_KEPT : OUTCOME_FAILED;
}

static void
count_outcome(struct writer_stats *n, enum outcome o)
{
	n->commits += o == OUTCOME_KEPT;
	n->failures += o == OUTCOME_FAILED;
}

/* Each alone, so that a small one may pass where all together did not. What
 * they said the first time may have rested on what is gone: all are asked
 * again. */
static void
write_one_by_one(struct writer *w, struct writer_job *first,
		 struct writer_stats *n)
{
	for (struct writer_job *j = first; j != NULL; j = j->next) {
		enum err why;
		enum outcome o = write_together(w, j, j->next, &why);

		count_outcome(n, o);
		if (o == OUTCOME_FAILED)
			j->result = why;
	}
}

static void
tell_results(struct writer_job *first)
{
	struct writer_job *next;

	for (struct writer_job *j = first; j != NULL; j = next) {
		next = j->next; /* done() may free j, or submit it again */
		j->done(j, j->result);
	}
}

static void
write_jobs(struct writer *w, const struct job_list *jobs)
{
	struct writer_stats n = {.jobs = jobs->count};
	enum err why;
	enum outcome o = write_together(w, jobs->first, NULL, &why);

	count_outcome(&n, o);
	if (o == OUTCOME_FAILED && jobs->count > 1)
		write_one_by_one(w, jobs->first, &n);
	else if (o == OUTCOME_FAILED)
		jobs->first->result = why;
	/* Before they are told: who has its answer finds itself counted. */
	pthread_mutex_lock(&w->mutex);
	w->stats.jobs += n.jobs;
	w->stats.commits += n.commits;
	w->stats.failures += n.failures;
	pthread_mutex_unlock(&w->mutex);
	tell_results(jobs->first);
	/* A job may have put something on the erase list. */
	if (w->erase_due == NEVER)
		w->erase_due = now_ms() + ERASE_PAUSE_MS;
}

static enum err
erase_slice(struct writer *w, bool *more)
{
	struct store_txn *t;
	enum err e = store_txn_begin(w->store, &t);

	if (e != ERR_OK)
		return e;
	e = store_erase_slice(t, ERASE_SLICE, more);
	if (e == ERR_OK)
		return store_txn_commit(t);
	store_txn_abort(t);
	return e;
}

static void
erase_some(struct writer *w)
{
	bool more = false;
	enum err e = erase_slice(w, &more);

	if (e != ERR_OK) {
		if (!w->erase_failed)
			log_warning("cannot erase what is left of removed "
				    "zones: %s; trying again every second",
				    err_text(e));
		w->erase_due = now_ms() + ERASE_RETRY_MS;
	} else {
		w->erase_due = more ? now_ms() : NEVER;
	}
	w->erase_failed = e != ERR_OK;
}

/* Waits, with the mutex held, until a job may have come or erasing is due. */
static void
wait_for_work(struct writer *w)
{
	struct timespec until = {
		.tv_sec = (time_t)(w->erase_due / 1000),
		.tv_nsec = (long)(w->erase_due % 1000 * 1000000),
	};

	if (w->erase_due == NEVER)
		pthread_cond_wait(&w->wake, &w->mutex);
	else
		pthread_cond_timedwait(&w->wake, &w->mutex, &until);
}

/*
 * The next jobs, possibly none when erasing is due. False: it is over. While a
 * commit waits for the disk the next jobs gather by themselves, so nothing here
 * waits for more of them to come.
 */
static bool
take_jobs(struct writer *w, struct job_list *jobs)
{
	bool go_on;

	list_init(jobs);
	pthread_mutex_lock(&w->mutex);
	while (w->queue.first == NULL && !w->stopping &&
	       now_ms() < w->erase_due)
		wait_for_work(w);
	if (w->queue.first != NULL) {
		*jobs = w->queue;
		list_init(&w->queue);
	}
	go_on = jobs->first != NULL || !w->stopping;
	pthread_mutex_unlock(&w->mutex);
	return go_on;
}

static bool
must_erase_now(const struct writer *w, bool busy)
{
	uint64_t now = now_ms();

	if (!busy)
		return now >= w->erase_due;
	return w->erase_due != NEVER && now >= w->erase_due + ERASE_OVERDUE_MS;
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	struct job_list jobs;

	while (take_jobs(w, &jobs)) {
		bool busy = jobs.first != NULL;

		if (busy)
			write_jobs(w, &jobs);
		if (must_erase_now(w, busy))
			erase_some(w);
	}
	return NULL;
}

/* Signals are for the main thread. */
static int
start_thread(struct writer *w)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, writer_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct writer *
writer_start(struct store *store)
{
	struct writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return NULL;
	w->store = store;
	list_init(&w->queue);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	w->ended = start_thread(w) != 0;
	if (w->ended) {
		writer_free(w);
		return NULL;
	}
	return w;
}

static bool
submit(struct writer *w, struct writer_job *job, unsigned most)
{
	bool taken;

	pthread_mutex_lock(&w->mutex);
	taken = !w->stopping && w->queue.count < most;
	if (taken) {
		list_add(&w->queue, job);
		if (w->queue.count == 1)
			pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->mutex);
	return taken;
}

bool
writer_submit(struct writer *w, struct writer_job *job)
{
	return submit(w, job, WRITER_QUEUE_MAX);
}

struct waiting_job {
	struct writer_job job; /* first: done() and apply() are given it */
	enum err (*fn)(void *ctx, struct store_txn *t, bool *spoilt);
	void *ctx;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool has_ended;
	enum err result;
};

static enum err
waiting_apply(struct writer_job *job, struct store_txn *t, bool *spoilt)
{
	struct waiting_job *j = (struct waiting_job *)job;

	return j->fn(j->ctx, t, spoilt);
}

static void
waiting_done(struct writer_job *job, enum err e)
{
	struct waiting_job *j = (struct waiting_job *)job;

	pthread_mutex_lock(&j->mutex);
	j->has_ended = true;
	j->result = e;
	pthread_cond_signal(&j->ended);
	pthread_mutex_unlock(&j->mutex);
}

enum err
writer_run(struct writer *w,
	   enum err (*fn)(void *ctx, struct store_txn *t, bool *spoilt),
	   void *ctx)
{
	struct waiting_job j = {
		.job = {.apply = waiting_apply, .done = waiting_done},
		.fn = fn,
		.ctx = ctx,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
	};

	if (!submit(w, &j.job, UINT32_MAX))
		return ERR_BUSY;
	pthread_mutex_lock(&j.mutex);
	while (!j.has_ended)
		pthread_cond_wait(&j.ended, &j.mutex);
	pthread_mutex_unlock(&j.mutex);
	pthread_cond_destroy(&j.ended);
	pthread_mutex_destroy(&j.mutex);
	return j.result;
}

void
writer_stop(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
	if (!w->ended)
		pthread_join(w->thread, NULL);
	w->ended = true;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	writer_stop(w);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

void
writer_stats(struct writer *w, struct writer_stats *s)
{
	pthread_mutex_lock(&w->mutex);
	*s = w->stats;
	pthread_mutex_unlock(&w->mutex);
}
