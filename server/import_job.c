#include "server/import_job.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Builds begun anew, when edits outran the journal, before we give up. */
#define ATTEMPTS 3

struct running {
	struct running *next;
	const uint8_t *apex;
};

struct import_jobs {
	pthread_mutex_t lock;
	struct running *running;
	bool recovered; /* what a killed process left has been given up */
};

struct import_jobs *
import_jobs_new(void)
{
	struct import_jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs)
		pthread_mutex_init(&jobs->lock, NULL);
	return jobs;
}

void
import_jobs_free(struct import_jobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

static enum err
recover(void *ctx, struct store_txn *t, bool *spoilt)
{
	enum err e = import_build_recover(t);

	(void)ctx;
	*spoilt = e != ERR_OK;
	return e;
}

/* With the lock held. */
static enum err
recover_once(struct import_jobs *jobs, struct writer *w, struct diag *d)
{
	enum err e;

	if (jobs->recovered)
		return ERR_OK;
	e = writer_run(w, recover, NULL);
	if (e != ERR_OK)
		return diag_set(d, e,
				"what an earlier import left cannot be "
				"cleared: %s",
				err_text(e));
	jobs->recovered = true;
	return ERR_OK;
}

enum err
import_jobs_recover(struct import_jobs *jobs, struct writer *w, struct diag *d)
{
	enum err e;

	pthread_mutex_lock(&jobs->lock);
	e = recover_once(jobs, w, d);
	pthread_mutex_unlock(&jobs->lock);
	return e;
}

static enum err
enter(struct import_jobs *jobs, struct running *me, const uint8_t *apex,
      struct writer *w, struct diag *d)
{
	struct running *r;
	enum err e;

	me->apex = apex;
	pthread_mutex_lock(&jobs->lock);
	e = recover_once(jobs, w, d);
	for (r = jobs->running; r && !name_equal(r->apex, apex); r = r->next)
		;
	if (e == ERR_OK && r) {
		e = diag_set(d, ERR_BUSY,
			     "another import of this zone is going on");
	} else if (e == ERR_OK) {
		me->next = jobs->running;
		jobs->running = me;
	}
	pthread_mutex_unlock(&jobs->lock);
	return e;
}

static void
leave(struct import_jobs *jobs, const struct running *me)
{
	struct running **at = &jobs->running;

	pthread_mutex_lock(&jobs->lock);
	while (*at != me)
		at = &(*at)->next;
	*at = me->next;
	pthread_mutex_unlock(&jobs->lock);
}

/* One import, as the functions below see it. */
struct import {
	struct store *store;
	struct writer *writer;
	const struct import_set *set;
	bool replace;
	const struct edit_limits *limits;
	const char *who;
	struct import_outcome *out;
	struct diag *d;
};

static enum err
failed(struct diag *d, enum err e)
{
	return diag_set(d, e, "%s",
			e == ERR_BUSY ? "the server is stopping" : err_text(e));
}

/* --- small ---------------------------------------------------------------- */

struct small_call {
	const struct import *im;
	const struct import_diff *seen; /* as measured, from a snapshot */
	size_t kept;
	bool called;
	struct edit_result r;
};

static enum err
small_edit(struct small_call *c, struct store_txn *t,
	   const struct import_diff *diff)
{
	const struct import *im = c->im;

	c->kept = diff->kept;
	return import_apply(t, im->set, diff, im->limits, (uint64_t)time(NULL),
			    NULL, im->who, &c->r);
}

/* To compare takes as long as the zone is large, and others wait: it is done
 * again only if the zone has changed since it was measured. */
static enum err
small_apply(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct small_call *c = ctx;
	const struct import *im = c->im;
	struct import_diff diff;
	enum err e;

	c->called = true;
	memset(&c->r, 0, sizeof(c->r));
	if (import_diff_holds(c->seen, store_txn_view(t), im->set->apex)) {
		e = small_edit(c, t, c->seen);
	} else {
		e = import_diff_make(&diff, store_txn_view(t), im->set,
				     im->replace, &c->r.diag);
		if (e == ERR_OK)
			e = small_edit(c, t, &diff);
		import_diff_free(&diff);
	}
	*spoilt = c->r.spoilt;
	return e;
}

static enum err
run_small(const struct import *im, const struct import_diff *seen)
{
	struct small_call c = {.im = im, .seen = seen};
	enum err e = writer_run(im->writer, small_apply, &c);

	im->out->serial = c.r.serial;
	im->out->removed = c.r.removed;
	im->out->added = c.r.added;
	im->out->kept = c.kept;
	if (e == ERR_OK)
		return e;
	return c.called && c.r.diag.text[0]
		       ? diag_set(im->d, e, "%s", c.r.diag.text)
		       : failed(im->d, e);
}

/* --- built ---------------------------------------------------------------- */

enum build_step {
	BUILD_BEGIN,
	BUILD_SLICE,
	BUILD_FINISH,
	BUILD_ABANDON
};

struct build_call {
	struct import_build *build;
	enum build_step step;
	const char *who;
	bool called, more;
	struct edit_result r;
	struct diag d;
};

static enum err
build_apply(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct build_call *c = ctx;
	enum err e = ERR_OK;

	if (c->called)
		import_build_undo(c->build);
	c->called = true;
	switch (c->step) {
	case BUILD_BEGIN:
		e = import_build_begin(c->build, t, &c->d);
		break;
	case BUILD_SLICE:
		e = import_build_slice(c->build, t, &c->more, &c->d);
		break;
	case BUILD_FINISH:
		e = import_build_finish(c->build, t, (uint64_t)time(NULL),
					c->who, &c->r);
		c->d = c->r.diag;
		break;
	case BUILD_ABANDON:
		e = import_build_abandon(c->build, t);
		break;
	}
	*spoilt = e == ERR_FULL || e == ERR_IO || e == ERR_CORRUPT;
	return e;
}

/* One transaction of the build; c keeps what it said. */
static enum err
build_step(const struct import *im, struct build_call *c, enum build_step step)
{
	enum err e;

	c->step = step;
	c->called = false;
	c->d.text[0] = '\0';
	e = writer_run(im->writer, build_apply, c);
	if (e == ERR_OK)
		return e;
	if (c->called && step != BUILD_ABANDON)
		import_build_undo(c->build);
	if (c->d.text[0] == '\0')
		failed(&c->d, e);
	return e;
}

/* *again: the store moved faster than we did. */
static enum err
build_once(const struct import *im, bool *again)
{
	struct build_call c = {.more = true, .who = im->who};
	struct build_call drop = {0};
	enum err e;

	*again = false;
	c.build = drop.build =
		import_build_new(im->set, im->replace, im->limits);
	if (!c.build)
		return failed(im->d, ERR_NOMEM);
	e = build_step(im, &c, BUILD_BEGIN);
	while (e == ERR_OK && c.more)
		e = build_step(im, &c, BUILD_SLICE);
	if (e == ERR_OK)
		e = build_step(im, &c, BUILD_FINISH);
	if (e != ERR_OK) {
		diag_set(im->d, e, "%s", c.d.text);
		*again = e == ERR_BUSY && c.called;
		/* if this fails too, the next start does it */
		build_step(im, &drop, BUILD_ABANDON);
	}
	im->out->serial = c.r.serial;
	im->out->removed = c.r.removed;
	im->out->added = c.r.added;
	im->out->kept = import_build_kept(c.build);
	im->out->built = true;
	import_build_free(c.build);
	return e;
}

static enum err
run_built(const struct import *im)
{
	bool again = true;
	enum err e = ERR_BUSY;

	for (int i = 0; again && i < ATTEMPTS; i++)
		e = build_once(im, &again);
	return e;
}

/* --- either --------------------------------------------------------------- */

/* What it would be, seen from a snapshot. */
static enum err
measure(const struct import *im, struct import_diff *diff)
{
	struct store_view *v = store_reader_new(im->store);
	enum err e = v ? store_reader_begin(v) : ERR_NOMEM;

	if (e != ERR_OK) {
		store_reader_free(v);
		return failed(im->d, e);
	}
	e = import_diff_make(diff, v, im->set, im->replace, im->d);
	store_reader_end(v);
	store_reader_free(v);
	return e;
}

enum err
import_job_run(struct import_jobs *jobs, struct store *store, struct writer *w,
	       const struct import_set *set, bool replace,
	       const struct edit_limits *limits, const char *who,
	       struct import_outcome *out, struct diag *d)
{
	struct import im = {.store = store,
			    .writer = w,
			    .set = set,
			    .replace = replace,
			    .limits = limits,
			    .who = who,
			    .out = out,
			    .d = d};
	struct running me;
	struct import_diff diff = {0};
	enum err e = enter(jobs, &me, set->apex, w, d);

	memset(out, 0, sizeof(*out));
	if (e != ERR_OK)
		return e;
	e = measure(&im, &diff);
	if (e == ERR_OK)
		e = diff.count > IMPORT_SMALL ? run_built(&im)
					      : run_small(&im, &diff);
	import_diff_free(&diff);
	leave(jobs, &me);
	return e;
}
