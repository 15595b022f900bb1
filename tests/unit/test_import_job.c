/*
 * Imports in the running server, through its writer: small and built ones, one
 * at a time for each zone, and the seeds of new zones.
 */
#include "server/import_job.h"
#include "zones/zone.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t apex[] = "\5house";
static const struct edit_limits limits = {.journal_limit = 1 << 20};
static char dir[64];
static struct store *store;
static struct writer *writer;
static struct import_jobs *jobs;
static struct diag diag;
static struct import_outcome outcome;

static void
start(void)
{
	const struct store_options o = {.create = true, .readers = 8};
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/job-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(store_open(&store, dir, &o, &diag), ERR_OK, "%s",
		     diag.text);
	writer = writer_start(store);
	jobs = import_jobs_new();
}

static void
stop(void)
{
	char command[128];

	writer_free(writer);
	import_jobs_free(jobs);
	store_close(store);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(import_job, .init = start, .fini = stop);
TestSuite(seeder, .init = start, .fini = stop);

static void
host_set(struct import_set *s, unsigned count)
{
	char *text = malloc(128 + count * 32u), *p = text;

	p += sprintf(p, "$TTL 60\n@ SOA ns mail 7 1 1 1 1\n NS ns\n");
	for (unsigned i = 0; i < count; i++)
		p += sprintf(p, "h%u A 10.0.%u.%u\n", i, i >> 8, i & 255);
	import_set_init(s, apex);
	cr_assert_eq(
		text_read_string(text, "f", apex, import_set_add, s, &diag),
		ERR_OK);
	cr_assert_eq(import_set_finish(s, &limits, &diag), ERR_OK);
	free(text);
}

static enum err
run(const struct import_set *s)
{
	return import_job_run(jobs, store, writer, s, false, &limits, "file f",
			      &outcome, &diag);
}

static enum err
record_of(const uint8_t *name, struct zone_record *z)
{
	struct store_view *v = store_reader_new(store);
	enum err e = store_reader_begin(v);

	if (e == ERR_OK)
		e = zone_record_get(v, name, z);
	store_reader_free(v);
	return e;
}

Test(import_job, a_small_difference_is_one_edit)
{
	struct zone_record z;
	struct import_set s;

	host_set(&s, 100);
	cr_assert_eq(run(&s), ERR_OK, "%s", diag.text);
	cr_assert_not(outcome.built);
	cr_assert_eq(outcome.added, 102);
	cr_assert_eq(outcome.serial, 7);
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(z.records, 102);
	cr_assert_eq(z.version, 1);
	import_set_free(&s);
}

Test(import_job, a_large_one_is_built)
{
	struct zone_record z;
	struct import_set s;

	host_set(&s, 5000);
	cr_assert_eq(run(&s), ERR_OK, "%s", diag.text);
	cr_assert(outcome.built);
	cr_assert_eq(outcome.added, 5002);
	cr_assert_eq(outcome.serial, 7);
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(z.records, 5002);
	cr_assert_eq(run(&s), ERR_OK);
	cr_assert_not(outcome.built);
	cr_assert_eq(outcome.added + outcome.removed, 0);
	cr_assert_eq(outcome.serial, 7);
	import_set_free(&s);
}

Test(import_job, a_stopping_server_says_so)
{
	struct import_set s;

	host_set(&s, 1);
	cr_assert_eq(run(&s), ERR_OK);
	import_set_free(&s);
	host_set(&s, 2);
	writer_stop(writer);
	cr_assert_eq(run(&s), ERR_BUSY);
	cr_assert_str_eq(diag.text, "the server is stopping");
	import_set_free(&s);
	host_set(&s, 5000);
	cr_assert_eq(run(&s), ERR_BUSY);
	cr_assert_str_eq(diag.text, "the server is stopping");
	import_set_free(&s);
}

/* A second import of the zone, begun while the first one waits for the writer,
 * which waits here. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool held, open;
};

static enum err
hold_writer(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct gate *g = ctx;

	(void)t;
	(void)spoilt;
	pthread_mutex_lock(&g->lock);
	g->held = true;
	pthread_cond_broadcast(&g->moved);
	while (!g->open)
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
	return ERR_OK;
}

static void *
holder(void *gate)
{
	writer_run(writer, hold_writer, gate);
	return NULL;
}

struct racer {
	const struct import_set *set;
	struct gate *gate;
	enum err e;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct import_outcome out;
	struct diag d;

	r->e = import_job_run(jobs, store, writer, r->set, false, &limits, "f",
			      &out, &d);
	pthread_mutex_lock(&r->gate->lock);
	r->gate->open = true; /* the one that is refused returns first */
	pthread_cond_broadcast(&r->gate->moved);
	pthread_mutex_unlock(&r->gate->lock);
	return NULL;
}

Test(import_job, two_imports_of_a_zone_do_not_run_at_once)
{
	struct gate g = {.lock = PTHREAD_MUTEX_INITIALIZER,
			 .moved = PTHREAD_COND_INITIALIZER};
	struct racer r[2] = {{.gate = &g}, {.gate = &g}};
	struct import_set small, s;
	pthread_t hold, racers[2];

	host_set(&small, 1);
	host_set(&s, 2);
	cr_assert_eq(run(&small), ERR_OK);
	pthread_create(&hold, NULL, holder, &g);
	pthread_mutex_lock(&g.lock);
	while (!g.held)
		pthread_cond_wait(&g.moved, &g.lock);
	pthread_mutex_unlock(&g.lock);
	for (int i = 0; i < 2; i++) {
		r[i].set = &s;
		pthread_create(&racers[i], NULL, race, &r[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(racers[i], NULL);
	pthread_join(hold, NULL);
	cr_assert((r[0].e == ERR_OK && r[1].e == ERR_BUSY) ||
		  (r[0].e == ERR_BUSY && r[1].e == ERR_OK));
	import_set_free(&small);
	import_set_free(&s);
}

/* --- seeds ---------------------------------------------------------------- */

#define NOT_YET 99

static unsigned failures = NOT_YET;

static void
done(void *arg, unsigned failed)
{
	__atomic_store_n((unsigned *)arg, failed, __ATOMIC_SEQ_CST);
}

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static void
seed(const char *zones)
{
	char text[1024], path[128];
	struct served *served;
	struct seeder *s;
	struct conf *conf;

	snprintf(text, sizeof(text),
		 "listen: [ 127.0.0.1@5300 ]\nstore: %s/store\nzones:\n%s", dir,
		 zones);
	snprintf(path, sizeof(path), "%s/placed.yaml", dir);
	conf = conf_read_string(text, path, &diag);
	cr_assert_not_null(conf, "%s", diag.text);
	served = served_new(conf);
	s = seeder_start(jobs, store, writer, served, done, &failures);
	cr_assert_not_null(s);
	served_release(served);
	while (__atomic_load_n(&failures, __ATOMIC_SEQ_CST) == NOT_YET)
		sched_yield();
	seeder_join(s);
}

Test(seeder, a_new_zone_is_seeded_from_its_file_once)
{
	struct zone_record z;

	write_file("house.zone",
		   "$TTL 1\n@ SOA ns mail 7 1 1 1 1\n NS ns\na A 1.2.3.4\n");
	seed("  - { name: house, file: house.zone }\n");
	cr_assert_eq(failures, 0);
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(z.records, 3);
	cr_assert_eq(z.serial, 7);
	write_file("house.zone", "$TTL 1\n@ SOA ns mail 8 1 1 1 1\n NS ns\n");
	failures = NOT_YET;
	seed("  - { name: house, file: house.zone }\n");
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(z.serial, 7);
}

Test(seeder, a_zone_without_a_file_begins_empty)
{
	struct zone_record z;

	seed("  - { name: house }\n");
	cr_assert_eq(failures, 0);
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(z.records, 2);
	cr_assert_eq(z.serial, 1);
}

Test(seeder, a_bad_file_fails_its_zone_alone)
{
	struct zone_record z;

	write_file("bad.zone", "$TTL 1\n@ SOA ns mail 7 1 1 1 1\n A x\n");
	seed("  - { name: bad, file: bad.zone }\n"
	     "  - { name: gone, file: gone.zone }\n"
	     "  - { name: house }\n");
	cr_assert_eq(failures, 2);
	cr_assert_eq(record_of(apex, &z), ERR_OK);
	cr_assert_eq(record_of((const uint8_t *)"\3bad", &z), ERR_NOTFOUND);
}

/* Half a build, as a process that was killed leaves it. */
static enum err
begin_build(void *build, struct store_txn *t, bool *spoilt)
{
	(void)spoilt;
	return import_build_begin(build, t, &diag);
}

static bool
is_marked_as_built(void)
{
	struct store_view *v = store_reader_new(store);
	struct store_value key;
	bool marked;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	marked = store_seek(v, STORE_META, "build", 5, &key, NULL) == ERR_OK &&
		 key.len > 5 && memcmp(key.octets, "build", 5) == 0;
	store_reader_free(v);
	return marked;
}

Test(seeder, clears_what_a_killed_import_left_though_nothing_is_to_be_seeded)
{
	struct import_build *b;
	struct import_set s;

	host_set(&s, 1);
	cr_assert_eq(run(&s), ERR_OK);
	b = import_build_new(&s, false, &limits);
	cr_assert_eq(writer_run(writer, begin_build, b), ERR_OK);
	import_build_free(b);
	import_set_free(&s);
	cr_assert(is_marked_as_built());
	import_jobs_free(jobs); /* the next process */
	jobs = import_jobs_new();
	seed("  - { name: house }\n");
	cr_assert_eq(failures, 0);
	cr_assert_not(is_marked_as_built());
}
