#include "lib/log.h"
#include "server/import_job.h"
#include "zones/export.h"
#include "zones/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A zone without a file: minimal, to be filled by nsupdate. */
#define EMPTY_TTL 3600
#define EMPTY_SOA 1, 3600, 900, 604800, 60

struct seeder {
	pthread_t thread;
	struct import_jobs *jobs;
	struct store *store;
	struct writer *writer;
	struct served *served;
	void (*done)(void *arg, unsigned failed);
	void *arg;
	_Atomic bool stopping;
};

/* --- from a file ---------------------------------------------------------- */

struct seed_read {
	const struct seeder *seeder;
	struct import_set set;
};

static enum err
seed_add(void *ctx, const struct rr *rr, struct text_place place,
	 struct diag *d)
{
	struct seed_read *r = ctx;

	if (r->seeder->stopping)
		return diag_set(d, ERR_BUSY, "the server is stopping");
	return import_set_add(&r->set, rr, place, d);
}

static enum err
seed_from_file(struct seeder *s, const struct conf_zone *zone, const char *name,
	       struct diag *d)
{
	struct seed_read r = {.seeder = s};
	const char *slash = strrchr(zone->file, '/');
	struct import_outcome out;
	char who[64];
	enum err e;

	snprintf(who, sizeof(who), "file %s", slash ? slash + 1 : zone->file);
	import_set_init(&r.set, zone->apex);
	e = text_read(zone->file, zone->apex, seed_add, &r, d);
	if (e == ERR_OK)
		e = import_set_finish(&r.set, &s->served->limits, d);
	if (e == ERR_OK)
		e = import_job_run(s->jobs, s->store, s->writer, &r.set, false,
				   &s->served->limits, who, &out, d);
	if (e == ERR_OK)
		log_notice("zone %s: seeded from %s, serial %u, %zu records",
			   name, zone->file, out.serial, out.added);
	import_set_free(&r.set);
	return e;
}

/* --- without one ---------------------------------------------------------- */

struct empty_call {
	const struct conf_zone *zone;
	const struct edit_limits *limits;
	uint8_t soa[2 * NAME_WIRE_MAX + 20];
	uint16_t soa_len;
	struct edit_result r;
};

/* apex, hostmaster.apex (the apex where that is too long), numbers. */
static void
empty_soa(struct empty_call *c)
{
	static const uint8_t hostmaster[] = "\012hostmaster";
	static const uint32_t numbers[] = {EMPTY_SOA};
	const uint8_t *apex = c->zone->apex;
	size_t len = name_copy(c->soa, apex), more;

	more = name_concat(c->soa + len, hostmaster, sizeof(hostmaster) - 1,
			   apex);
	if (more == 0)
		more = name_copy(c->soa + len, apex);
	len += more;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++, len += 4)
		put32(c->soa + len, numbers[i]);
	c->soa_len = (uint16_t)len;
}

static enum err
empty_apply(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct empty_call *c = ctx;
	const uint8_t *apex = c->zone->apex;
	struct edit_change changes[2] = {
		{.type = RR_SOA, .rdata = c->soa, .rdlen = c->soa_len},
		{.type = RR_NS,
		 .rdata = apex,
		 .rdlen = (uint16_t)name_len(apex)}};
	struct edit edit = {.apex = apex,
			    .changes = changes,
			    .count = ARRAY_LEN(changes),
			    .rules = EDIT_STRICT,
			    .limits = c->limits,
			    .now = (uint64_t)time(NULL),
			    .who = "placed, for an empty zone"};
	enum err e;

	memset(&c->r, 0, sizeof(c->r));
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		changes[i].op = EDIT_ADD;
		changes[i].owner = apex;
		changes[i].ttl = EMPTY_TTL;
		changes[i].origin = ORIGIN_CONTROL;
	}
	e = edit_zone_create(t, apex, &c->r.diag);
	if (e == ERR_OK)
		e = edit_apply(t, &edit, &c->r);
	/* a record without an apex may not stay */
	*spoilt = e != ERR_OK && e != ERR_EXISTS;
	return e;
}

static enum err
seed_empty(struct seeder *s, const struct conf_zone *zone, const char *name,
	   struct diag *d)
{
	struct empty_call c = {.zone = zone, .limits = &s->served->limits};
	enum err e;

	empty_soa(&c);
	e = writer_run(s->writer, empty_apply, &c);
	if (e == ERR_EXISTS)
		return ERR_OK;
	if (e != ERR_OK)
		return diag_set(d, e, "%s",
				c.r.diag.text[0] ? c.r.diag.text : err_text(e));
	log_notice("zone %s: has no file, begun empty, serial %u", name,
		   c.r.serial);
	return ERR_OK;
}

/* --- what the outside gets to see ------------------------------------------
 */

struct policy_call {
	const struct conf_zone *zone;
	const struct edit_limits *limits;
	struct diag d;
};

static enum err
policy_apply(void *ctx, struct store_txn *t, bool *spoilt)
{
	struct policy_call *c = ctx;
	const struct export_policy p = {.loc_metres = c->zone->loc_outside};
	enum err e = export_policy_set(t, c->zone->apex, &p, c->limits,
				       (uint64_t)time(NULL), &c->d);

	*spoilt = e != ERR_OK;
	return e;
}

/* Before the zone is seeded: what comes in then finds it. */
static void
policy_set(struct seeder *s, const struct conf_zone *zone)
{
	struct policy_call c = {.zone = zone, .limits = &s->served->limits};
	enum err e = writer_run(s->writer, policy_apply, &c);
	char name[NAME_TEXT_MAX];

	if (e == ERR_OK || s->stopping)
		return;
	name_to_text(name, zone->apex);
	log_error("zone %s: what is shown outside stays as it was: %s", name,
		  c.d.text[0] ? c.d.text : err_text(e));
}

/* --- all ------------------------------------------------------------------ */

static enum err
is_stored(struct seeder *s, const uint8_t *apex)
{
	struct store_view *v = store_reader_new(s->store);
	enum err e = v ? store_reader_begin(v) : ERR_NOMEM;
	struct zone_record z;

	if (e == ERR_OK) {
		e = zone_record_get(v, apex, &z);
		store_reader_end(v);
	}
	store_reader_free(v);
	return e;
}

static bool
seed_zone(struct seeder *s, const struct conf_zone *zone)
{
	struct diag d = {""};
	char name[NAME_TEXT_MAX];
	enum err e = is_stored(s, zone->apex);

	if (e == ERR_OK)
		return true;
	name_to_text(name, zone->apex);
	if (e != ERR_NOTFOUND)
		diag_set(&d, e, "the store cannot be read: %s", err_text(e));
	else if (zone->file)
		e = seed_from_file(s, zone, name, &d);
	else
		e = seed_empty(s, zone, name, &d);
	if (e != ERR_OK && !s->stopping)
		log_error("zone %s: not seeded: %s", name, d.text);
	return e == ERR_OK;
}

static void *
seeder_main(void *arg)
{
	struct seeder *s = arg;
	const struct conf *conf = s->served->conf;
	unsigned failed = 0;
	struct diag d;

	if (import_jobs_recover(s->jobs, s->writer, &d) != ERR_OK &&
	    !s->stopping)
		log_warning("%s", d.text);
	for (size_t i = 0; i < conf->zone_count && !s->stopping; i++) {
		policy_set(s, &conf->zones[i]);
		failed += !seed_zone(s, &conf->zones[i]);
	}
	s->done(s->arg, failed);
	return NULL;
}

struct seeder *
seeder_start(struct import_jobs *jobs, struct store *store, struct writer *w,
	     struct served *served, void (*done)(void *arg, unsigned failed),
	     void *arg)
{
	struct seeder *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->jobs = jobs;
	s->store = store;
	s->writer = w;
	s->served = served_hold(served);
	s->done = done;
	s->arg = arg;
	if (pthread_create(&s->thread, NULL, seeder_main, s) == 0)
		return s;
	served_release(s->served);
	free(s);
	return NULL;
}

void
seeder_join(struct seeder *s)
{
	if (!s)
		return;
	s->stopping = true;
	pthread_join(s->thread, NULL);
	served_release(s->served);
	free(s);
}
