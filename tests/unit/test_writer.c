#include "server/writer.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A job that puts one entry, whose key is its number, into STORE_META, and
 * keeps the store as it is told to. */
struct job {
	struct writer_job job; /* first: the writer hands this back */
	struct room *room;
	uint32_t number;
	enum err fails;	     /* by its own fault, having written nothing */
	unsigned spoils;     /* spoils the transaction so many times */
	bool needs_number_7; /* a prerequisite */
	bool waits_at_gate;  /* holds up the writer until the gate opens */
	unsigned applied;    /* times */
	unsigned order;	     /* in which done() was called, from 1 */
	bool is_done;
	enum err result;
	bool seen_at_done; /* what a reader saw then: see job_done() */
};

/* The store in a directory of its own, and what jobs share. */
struct room {
	char dir[64];
	struct store *store;
	struct store_view *reader; /* the writer's thread's, in done() */
	struct writer *writer;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool gate_reached, gate_open;
	unsigned done_count;
};

static void
room_open(struct room *r)
{
	const char *tmp = getenv("TMPDIR");
	const struct store_options o = {.create = true, .readers = 4};
	struct diag d = {""};

	memset(r, 0, sizeof(*r));
	snprintf(r->dir, sizeof(r->dir), "%.40s/writer-XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(r->dir));
	cr_assert_eq(store_open(&r->store, r->dir, &o, &d), ERR_OK, "%s",
		     d.text);
	r->reader = store_reader_new(r->store);
	cr_assert_not_null(r->reader);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->writer = writer_start(r->store);
	cr_assert_not_null(r->writer);
}

static void
remove_dir(const char *path)
{
	struct dirent *e;
	char file[400];
	DIR *dir = opendir(path);

	cr_assert_not_null(dir);
	while ((e = readdir(dir)) != NULL) {
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			unlink(file);
	}
	closedir(dir);
	rmdir(path);
}

static void
room_close(struct room *r)
{
	writer_free(r->writer);
	store_reader_free(r->reader);
	store_close(r->store);
	remove_dir(r->dir);
	pthread_mutex_destroy(&r->mutex);
	pthread_cond_destroy(&r->changed);
}

static struct timespec
in_ten_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 10;
	return t;
}

/* With the mutex held, until *flag. */
static void
wait_flag(struct room *r, const bool *flag)
{
	struct timespec until = in_ten_seconds();

	while (!*flag)
		if (pthread_cond_timedwait(&r->changed, &r->mutex, &until))
			break;
}

static void
set_flag(struct room *r, bool *flag)
{
	pthread_mutex_lock(&r->mutex);
	*flag = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

static size_t
job_key(char dst[32], uint32_t number)
{
	return (size_t)snprintf(dst, 32, "test %u", number);
}

static bool
view_has(struct store_view *v, uint32_t number)
{
	struct store_value value;
	char key[32];
	size_t len = job_key(key, number);

	return store_get(v, STORE_META, key, len, &value) == ERR_OK;
}

static bool
room_has(struct room *r, uint32_t number)
{
	struct store_view *v = store_reader_new(r->store);
	bool has;

	cr_assert_not_null(v);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	has = view_has(v, number);
	store_reader_end(v);
	store_reader_free(v);
	return has;
}

static enum err
job_apply(struct writer_job *job, struct store_txn *t, bool *spoilt)
{
	struct job *j = (struct job *)job;
	char key[32];
	size_t len = job_key(key, j->number);
	enum err e;

	j->applied++;
	if (j->waits_at_gate) {
		set_flag(j->room, &j->room->gate_reached);
		pthread_mutex_lock(&j->room->mutex);
		wait_flag(j->room, &j->room->gate_open);
		pthread_mutex_unlock(&j->room->mutex);
	}
	if (j->fails != ERR_OK)
		return j->fails;
	if (j->needs_number_7 && !view_has(store_txn_view(t), 7))
		return ERR_NOTFOUND;
	e = store_put(t, STORE_META, key, len, "x", 1);
	*spoilt = e != ERR_OK;
	if (j->applied <= j->spoils) {
		*spoilt = true;
		return ERR_FULL;
	}
	return e;
}

static void
job_done(struct writer_job *job, enum err e)
{
	struct job *j = (struct job *)job;
	struct room *r = j->room;

	j->result = e;
	cr_assert_eq(store_reader_begin(r->reader), ERR_OK);
	j->seen_at_done = view_has(r->reader, j->number);
	store_reader_end(r->reader);
	pthread_mutex_lock(&r->mutex);
	j->order = ++r->done_count;
	j->is_done = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

static struct job
new_job(struct room *r, uint32_t number)
{
	return (struct job){
		.job = {.apply = job_apply, .done = job_done},
		.room = r,
		.number = number,
	};
}

static enum err
job_wait(struct job *j)
{
	pthread_mutex_lock(&j->room->mutex);
	wait_flag(j->room, &j->is_done);
	cr_assert(j->is_done, "job %u never ended", j->number);
	pthread_mutex_unlock(&j->room->mutex);
	return j->result;
}

/* Submits a job that holds up the writer, so that those submitted until the
 * gate opens make one group. */
static void
gate_close(struct room *r, struct job *gate)
{
	*gate = new_job(r, 1000);
	gate->waits_at_gate = true;
	cr_assert(writer_submit(r->writer, &gate->job));
	pthread_mutex_lock(&r->mutex);
	wait_flag(r, &r->gate_reached);
	cr_assert(r->gate_reached);
	pthread_mutex_unlock(&r->mutex);
}

static void
gate_open(struct room *r, struct job *gate)
{
	set_flag(r, &r->gate_open);
	cr_assert_eq(job_wait(gate), ERR_OK);
}

/* Submits jobs 0 to n - 1 as one group and waits for them. */
static void
run_as_group(struct room *r, struct job *jobs, unsigned n)
{
	struct job gate;

	gate_close(r, &gate);
	for (unsigned i = 0; i < n; i++)
		cr_assert(writer_submit(r->writer, &jobs[i].job));
	gate_open(r, &gate);
	for (unsigned i = 0; i < n; i++)
		job_wait(&jobs[i]);
}

static struct writer_stats
stats_of(struct room *r)
{
	struct writer_stats s;

	writer_stats(r->writer, &s);
	return s;
}

Test(writer, a_job_is_in_the_store_when_it_is_told_so)
{
	struct room r;
	struct job j;

	room_open(&r);
	j = new_job(&r, 1);
	cr_assert(writer_submit(r.writer, &j.job));
	cr_assert_eq(job_wait(&j), ERR_OK);
	cr_assert_eq(j.seen_at_done, true);
	room_close(&r);
}

Test(writer, jobs_that_wait_are_committed_together_and_told_in_order)
{
	struct job jobs[20];
	struct room r;

	room_open(&r);
	for (unsigned i = 0; i < 20; i++)
		jobs[i] = new_job(&r, i);
	run_as_group(&r, jobs, 20);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(jobs[i].result, ERR_OK);
		cr_assert_eq(jobs[i].applied, 1);
		cr_assert_eq(jobs[i].order, i + 2); /* after the gate's */
		cr_assert(room_has(&r, i));
	}
	cr_assert_eq(stats_of(&r).jobs, 21);
	cr_assert_eq(stats_of(&r).commits, 2);
	cr_assert_eq(stats_of(&r).failures, 0);
	room_close(&r);
}

Test(writer, a_job_that_fails_by_its_own_fault_leaves_the_others_alone)
{
	struct job jobs[3];
	struct room r;

	room_open(&r);
	for (unsigned i = 0; i < 3; i++)
		jobs[i] = new_job(&r, i);
	jobs[1].fails = ERR_RULE;
	run_as_group(&r, jobs, 3);
	cr_assert_eq(jobs[0].result, ERR_OK);
	cr_assert_eq(jobs[1].result, ERR_RULE);
	cr_assert_eq(jobs[2].result, ERR_OK);
	cr_assert(room_has(&r, 0) && room_has(&r, 2));
	cr_assert_not(room_has(&r, 1));
	cr_assert_eq(jobs[0].applied, 1);
	cr_assert_eq(stats_of(&r).failures, 0);
	room_close(&r);
}

Test(writer, nothing_is_committed_for_jobs_that_all_fail)
{
	struct job jobs[2];
	struct room r;

	room_open(&r);
	for (unsigned i = 0; i < 2; i++) {
		jobs[i] = new_job(&r, i);
		jobs[i].fails = ERR_EXISTS;
	}
	run_as_group(&r, jobs, 2);
	cr_assert_eq(jobs[1].result, ERR_EXISTS);
	cr_assert_eq(stats_of(&r).commits, 1); /* the gate's */
	room_close(&r);
}

Test(writer, a_later_job_of_the_group_sees_what_an_earlier_one_did)
{
	struct job jobs[2];
	struct room r;

	room_open(&r);
	jobs[0] = new_job(&r, 7);
	jobs[1] = new_job(&r, 8);
	jobs[1].needs_number_7 = true;
	run_as_group(&r, jobs, 2);
	cr_assert_eq(jobs[1].result, ERR_OK);
	room_close(&r);
}

Test(writer, when_the_store_fails_each_job_is_tried_alone)
{
	struct job jobs[3];
	struct room r;

	room_open(&r);
	for (unsigned i = 0; i < 3; i++)
		jobs[i] = new_job(&r, i);
	jobs[1].spoils = 2; /* the group and itself */
	run_as_group(&r, jobs, 3);
	cr_assert_eq(jobs[0].result, ERR_OK);
	cr_assert_eq(jobs[1].result, ERR_FULL);
	cr_assert_eq(jobs[2].result, ERR_OK);
	cr_assert(room_has(&r, 0) && room_has(&r, 2));
	cr_assert_not(room_has(&r, 1));
	cr_assert_eq(jobs[0].applied, 2);
	cr_assert_eq(jobs[0].seen_at_done, true);
	cr_assert_eq(stats_of(&r).failures, 2);
	cr_assert_eq(stats_of(&r).commits, 3);
	room_close(&r);
}

Test(writer, a_job_that_spoils_only_the_group_passes_alone)
{
	struct job jobs[2];
	struct room r;

	room_open(&r);
	for (unsigned i = 0; i < 2; i++)
		jobs[i] = new_job(&r, i);
	jobs[0].spoils = 1;
	run_as_group(&r, jobs, 2);
	cr_assert_eq(jobs[0].result, ERR_OK);
	cr_assert(room_has(&r, 0) && room_has(&r, 1));
	room_close(&r);
}

Test(writer, after_an_abort_a_prerequisite_is_asked_again)
{
	struct job jobs[2];
	struct room r;

	room_open(&r);
	jobs[0] = new_job(&r, 7);
	jobs[0].spoils = 2;
	jobs[1] = new_job(&r, 8);
	jobs[1].needs_number_7 = true;
	run_as_group(&r, jobs, 2);
	cr_assert_eq(jobs[0].result, ERR_FULL);
	cr_assert_eq(jobs[1].result, ERR_NOTFOUND);
	cr_assert_not(room_has(&r, 8));
	room_close(&r);
}

Test(writer, a_job_that_is_alone_is_not_tried_twice)
{
	struct room r;
	struct job j;

	room_open(&r);
	j = new_job(&r, 1);
	j.spoils = 5;
	cr_assert(writer_submit(r.writer, &j.job));
	cr_assert_eq(job_wait(&j), ERR_FULL);
	cr_assert_eq(j.applied, 1);
	cr_assert_not(room_has(&r, 1));
	room_close(&r);
}

#define THREADS 4
#define JOBS_EACH 100

struct submitter {
	struct room *room;
	pthread_t thread;
	struct job jobs[JOBS_EACH];
};

static void *
submit_jobs(void *arg)
{
	struct submitter *s = arg;

	for (unsigned i = 0; i < JOBS_EACH; i++)
		writer_submit(s->room->writer, &s->jobs[i].job);
	return NULL;
}

Test(writer, jobs_of_several_threads_all_end_each_threads_in_order)
{
	static struct submitter s[THREADS];
	struct room r;

	room_open(&r);
	for (unsigned t = 0; t < THREADS; t++) {
		s[t].room = &r;
		for (unsigned i = 0; i < JOBS_EACH; i++)
			s[t].jobs[i] = new_job(&r, t * JOBS_EACH + i);
		pthread_create(&s[t].thread, NULL, submit_jobs, &s[t]);
	}
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(s[t].thread, NULL);
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < JOBS_EACH; i++) {
			struct job *j = &s[t].jobs[i];

			cr_assert_eq(job_wait(j), ERR_OK);
			cr_assert_eq(j->seen_at_done, true);
			if (i > 0)
				cr_assert_gt(j->order, j[-1].order);
		}
	cr_assert_eq(stats_of(&r).jobs, THREADS * JOBS_EACH);
	room_close(&r);
}

Test(writer, stop_finishes_what_is_queued_and_takes_no_more)
{
	struct job gate, jobs[10], late;
	struct room r;

	room_open(&r);
	gate_close(&r, &gate);
	for (unsigned i = 0; i < 10; i++) {
		jobs[i] = new_job(&r, i);
		cr_assert(writer_submit(r.writer, &jobs[i].job));
	}
	set_flag(&r, &r.gate_open);
	writer_stop(r.writer);
	for (unsigned i = 0; i < 10; i++) {
		cr_assert(jobs[i].is_done);
		cr_assert_eq(jobs[i].result, ERR_OK);
	}
	late = new_job(&r, 99);
	cr_assert_not(writer_submit(r.writer, &late.job));
	cr_assert_eq(late.applied, 0);
	room_close(&r);
}

Test(writer, the_queue_has_an_end)
{
	static struct job jobs[WRITER_QUEUE_MAX + 1];
	struct room r;
	struct job gate;

	room_open(&r);
	gate_close(&r, &gate);
	for (unsigned i = 0; i < WRITER_QUEUE_MAX; i++) {
		jobs[i] = new_job(&r, i);
		jobs[i].fails = ERR_RULE;
		cr_assert(writer_submit(r.writer, &jobs[i].job));
	}
	cr_assert_not(writer_submit(r.writer, &jobs[WRITER_QUEUE_MAX].job));
	gate_open(&r, &gate);
	cr_assert_eq(job_wait(&jobs[WRITER_QUEUE_MAX - 1]), ERR_RULE);
	jobs[WRITER_QUEUE_MAX] = new_job(&r, 1);
	cr_assert(writer_submit(r.writer, &jobs[WRITER_QUEUE_MAX].job));
	cr_assert_eq(job_wait(&jobs[WRITER_QUEUE_MAX]), ERR_OK);
	room_close(&r);
}

static enum err
put_answer(void *ctx, struct store_txn *t, bool *spoilt)
{
	const char *key = ctx;
	enum err e = store_put(t, STORE_META, key, strlen(key), "x", 1);

	*spoilt = e != ERR_OK;
	return e;
}

static enum err
refuse(void *ctx, struct store_txn *t, bool *spoilt)
{
	(void)ctx;
	(void)t;
	(void)spoilt;
	return ERR_DENIED;
}

Test(writer, run_waits_for_the_end)
{
	char key[32];
	struct room r;

	room_open(&r);
	job_key(key, 42);
	cr_assert_eq(writer_run(r.writer, put_answer, key), ERR_OK);
	cr_assert(room_has(&r, 42));
	cr_assert_eq(writer_run(r.writer, refuse, NULL), ERR_DENIED);
	writer_stop(r.writer);
	cr_assert_eq(writer_run(r.writer, put_answer, key), ERR_BUSY);
	room_close(&r);
}

#define DOOMED 3500 /* entries: several slices */

static void
node_key(uint8_t key[8], uint32_t id, uint32_t n)
{
	put32(key, id);
	put32(key + 4, n);
}

static enum err
fill_and_doom(void *ctx, struct store_txn *t, bool *spoilt)
{
	uint32_t *id = ctx;
	uint8_t key[8];
	enum err e = store_new_zone_id(t, id);

	for (uint32_t n = 0; e == ERR_OK && n < DOOMED; n++) {
		node_key(key, *id, n);
		e = store_put(t, STORE_NODES, key, sizeof(key), "x", 1);
	}
	if (e == ERR_OK)
		e = store_erase_later(t, *id);
	*spoilt = e != ERR_OK;
	return e;
}

/* Whether anything of the zone is left. */
static bool
zone_is_there(struct store_view *v, uint32_t id)
{
	struct store_value key, value;
	uint8_t from[4];

	put32(from, id);
	return store_seek(v, STORE_NODES, from, sizeof(from), &key, &value) ==
		       ERR_OK &&
	       key.len >= 4 && get32(key.octets) == id;
}

struct look {
	uint32_t id;
	bool is_there;
};

static enum err
look_at_zone(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct look *look = ctx;

	(void)spoilt;
	look->is_there = zone_is_there(store_txn_view(t), look->id);
	return ERR_OK;
}

Test(writer, what_is_on_the_erase_list_goes_though_jobs_come_all_the_time)
{
	struct timespec until = in_ten_seconds(), now;
	struct look look = {0};
	struct room r;

	room_open(&r);
	cr_assert_eq(writer_run(r.writer, fill_and_doom, &look.id), ERR_OK);
	do {
		cr_assert_eq(writer_run(r.writer, look_at_zone, &look), ERR_OK);
		clock_gettime(CLOCK_REALTIME, &now);
	} while (look.is_there && now.tv_sec < until.tv_sec);
	cr_assert_not(look.is_there);
	room_close(&r);
}

Test(writer, what_was_left_to_erase_is_erased_after_a_restart)
{
	struct timespec until = in_ten_seconds(), now;
	struct store_txn *t;
	bool spoilt = false;
	struct look look = {0};
	struct room r;

	room_open(&r);
	writer_free(r.writer);
	cr_assert_eq(store_txn_begin(r.store, &t), ERR_OK);
	cr_assert_eq(fill_and_doom(&look.id, t, &spoilt), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	r.writer = writer_start(r.store);
	do { /* no jobs: it has to begin by itself */
		cr_assert_eq(store_reader_begin(r.reader), ERR_OK);
		look.is_there = zone_is_there(r.reader, look.id);
		store_reader_end(r.reader);
		clock_gettime(CLOCK_REALTIME, &now);
	} while (look.is_there && now.tv_sec < until.tv_sec);
	cr_assert_not(look.is_there);
	room_close(&r);
}
