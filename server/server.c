#include "server/server.h"

#include "lib/event.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/net_tls.h"
#include "resolver/blocked.h"
#include "resolver/cache.h"
#include "server/control.h"
#include "server/import_job.h"
#include "server/notify.h"
#include "server/refused.h"
#include "server/rights.h"
#include "server/served.h"
#include "server/worker.h"
#include "server/writer.h"
#include "zones/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SERVER_TIMER_MS 5000
#define SERVER_INTERFACES_MS 30000

/* Views of the store beside those of workers: conversations, seeder, imports.
 */
#define SERVER_EXTRA_READERS (2 * CONTROL_CONVERSATIONS + 8)

struct server {
	struct event_loop *loop; /* main's */
	struct store *store;
	struct writer *writer;
	struct update_seen *seen;
	struct import_jobs *imports;
	struct refused *refused;
	struct recursion_shared recursion;
	struct worker **workers;
	unsigned worker_count;
	struct control *control;
	struct seeder *seeder;
	bool seeding;
	struct reload_request *waiting; /* reloads asked for, to be made */
	bool hangup;			/* the same, by SIGHUP */
	struct event_watch *signals[3];
	struct event_watch *timer;
	struct event_watch *interfaces;
	pthread_mutex_t lock; /* of current and stopping */
	struct served *current;
	bool stopping; /* no more reloads */
	/* sockets, until workers take them over */
	int *udp, *tcp;
	int control_fd;
};

/* Updates seen before this start, to be known again. */
struct recall {
	struct writer_job job; /* first: the writer sees only this */
	struct update_seen *seen;
};

/* --- what the control socket may ask for ------------------------------------
 */

static struct served *
server_served(void *arg)
{
	struct server *s = arg;
	struct served *held;

	pthread_mutex_lock(&s->lock);
	held = served_hold(s->current);
	pthread_mutex_unlock(&s->lock);
	return held;
}

static void
server_stats(void *arg, struct stats *sum)
{
	const struct server *s = arg;

	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < s->worker_count; i++)
		stats_add(sum, worker_stats(s->workers[i]));
}

static void
server_uplink(void *arg, struct uplink_sum *sum)
{
	const struct server *s = arg;

	for (unsigned i = 0; i < s->worker_count; i++)
		worker_uplink(s->workers[i], sum);
}

static void
server_ask_stop(void *arg)
{
	struct server *s = arg;

	event_stop(s->loop);
}

/* --- seeding -----------------------------------------------------------------
 */

static void reload_waiting(struct server *s);

static void
server_ready(void *arg)
{
	struct server *s = arg;

	seeder_join(s->seeder);
	s->seeder = NULL;
	s->seeding = false;
	log_notice("ready");
	notify_manager("READY=1");
	reload_waiting(s);
}

/* On the seeder's thread; a zone that failed has been logged by it. */
static void
server_seeded(void *arg, unsigned failed)
{
	struct server *s = arg;

	if (failed > 0)
		log_warning("%u zone%s could not be seeded and answer SERVFAIL",
			    failed, failed == 1 ? "" : "s");
	event_post(s->loop, server_ready, s);
}

static void
server_seed(struct server *s)
{
	s->seeding = true;
	s->seeder = seeder_start(s->imports, s->store, s->writer, s->current,
				 server_seeded, s);
	if (s->seeder != NULL)
		return;
	s->seeding = false;
	log_error("the seeder could not be started; new zones stay empty");
}

/* --- reload ------------------------------------------------------------------
 */

/* The first setting that differs and can only change with a restart. */
static const char *
reload_obstacle(const struct conf *a, const struct conf *b)
{
	if (a->listen_count != b->listen_count)
		return "listen";
	for (size_t i = 0; i < a->listen_count; i++)
		if (a->listen[i].len != b->listen[i].len ||
		    memcmp(&a->listen[i].sa, &b->listen[i].sa,
			   a->listen[i].len) != 0)
			return "listen";
	if (strcmp(a->store, b->store) != 0)
		return "store";
	if (a->store_limit != b->store_limit)
		return "store-limit";
	if (a->workers != b->workers)
		return "workers";
	if (a->memo != b->memo)
		return "memo";
	if (a->uplink.cache_limit != b->uplink.cache_limit)
		return "cache-limit";
	if ((a->uplink.ca_file == NULL) != (b->uplink.ca_file == NULL) ||
	    (a->uplink.ca_file != NULL &&
	     strcmp(a->uplink.ca_file, b->uplink.ca_file) != 0))
		return "ca-file";
	if (strcmp(a->control, b->control) != 0)
		return "control";
	if (a->control_mode != b->control_mode)
		return "control-mode";
	if ((a->user == NULL) != (b->user == NULL) ||
	    (a->user != NULL && strcmp(a->user, b->user) != 0))
		return "user";
	if (a->tcp_idle_ms != b->tcp_idle_ms ||
	    a->tcp_connections != b->tcp_connections ||
	    a->tcp_per_address != b->tcp_per_address ||
	    a->tcp_pipeline != b->tcp_pipeline)
		return "tcp-*";
	return NULL;
}

static enum err
reload_read(struct server *s, struct served **made, struct diag *d)
{
	struct conf *conf = conf_read(s->current->conf->path, d);
	const char *obstacle;

	if (conf == NULL)
		return ERR_SYNTAX;
	obstacle = reload_obstacle(s->current->conf, conf);
	if (obstacle != NULL) {
		conf_free(conf);
		return diag_set(d, ERR_RULE,
				"%s: changing it needs a restart; the "
				"configuration in force stays",
				obstacle);
	}
	*made = served_new(conf);
	if (*made == NULL) {
		conf_free(conf);
		return diag_set(d, ERR_NOMEM, "memory is short");
	}
	return ERR_OK;
}

/*
 * Everybody over to `made`, which is taken over, or nobody. On main's thread.
 * If memory runs out between two workers, those that moved are moved back.
 */
static enum err
server_move(struct server *s, struct served *made, struct diag *d)
{
	struct served *old = s->current;

	for (unsigned i = 0; i < s->worker_count; i++) {
		if (worker_serve(s->workers[i], made))
			continue;
		while (i-- > 0)
			must(worker_serve(s->workers[i], old));
		served_release(made);
		return diag_set(d, ERR_NOMEM, "memory is short");
	}
	pthread_mutex_lock(&s->lock);
	s->current = made;
	pthread_mutex_unlock(&s->lock);
	served_release(old);
	return ERR_OK;
}

/* Interfaces get other addresses while we run. */
static void
server_on_interfaces(void *arg)
{
	struct server *s = arg;
	struct served *made;
	struct diag d;
	enum err e;

	if (s->stopping || s->current->conf->interface_count == 0)
		return;
	made = served_renew(s->current, &e);
	if (made != NULL)
		e = server_move(s, made, &d);
	if (e != ERR_OK)
		log_warning("interfaces have other addresses, and memory is "
			    "short; trying again");
	else if (made != NULL)
		log_notice("interfaces have other addresses: who is inside has "
			   "changed");
}

/* The new file as a whole, or the old one stays. On main's thread. */
static enum err
reload(struct server *s, struct diag *d)
{
	struct served *made = NULL;
	enum err e;

	if (s->stopping)
		return diag_set(d, ERR_BUSY, "the server is stopping");
	e = reload_read(s, &made, d);
	if (e != ERR_OK)
		return e;
	e = server_move(s, made, d);
	if (e != ERR_OK)
		return e;
	log_set_level((enum log_level)made->conf->log_level);
	log_notice("reloaded %s: %zu zones", made->conf->path,
		   made->conf->zone_count);
	server_seed(s);
	return ERR_OK;
}

/* One of these waits in its conversation's thread. */
struct reload_request {
	struct reload_request *next;
	struct server *server;
	struct diag *d;
	enum err result;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void
reload_reply(struct reload_request *r, enum err e, const struct diag *d)
{
	pthread_mutex_lock(&r->lock);
	r->result = e;
	*r->d = *d;
	r->is_done = true;
	pthread_cond_signal(&r->done);
	pthread_mutex_unlock(&r->lock);
}

/* One reload for all that asked while zones were seeded: the file as it is
 * now. */
static void
reload_waiting(struct server *s)
{
	struct reload_request *r = s->waiting, *next;
	struct diag d = {0};
	enum err e;

	if (r == NULL && !s->hangup)
		return;
	e = reload(s, &d);
	if (e != ERR_OK && s->hangup && !s->stopping)
		log_error("not reloaded: %s", d.text);
	s->hangup = false;
	s->waiting = NULL;
	for (; r != NULL; r = next) {
		next = r->next; /* r is gone once it has its reply */
		reload_reply(r, e, &d);
	}
}

static void
reload_soon(struct server *s)
{
	if (s->seeding && !s->stopping)
		log_notice("reloading once the zones are seeded");
	else
		reload_waiting(s);
}

static void
server_on_hup(void *arg)
{
	struct server *s = arg;

	s->hangup = true;
	reload_soon(s);
}

static void
reload_on_main(void *arg)
{
	struct reload_request *r = arg;

	r->next = r->server->waiting;
	r->server->waiting = r;
	reload_soon(r->server);
}

static enum err
server_reload(void *arg, struct diag *d)
{
	struct server *s = arg;
	struct reload_request r = {
		.server = s,
		.d = d,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};

	bool posted;

	pthread_mutex_lock(&s->lock);
	posted = !s->stopping && event_post(s->loop, reload_on_main, &r);
	pthread_mutex_unlock(&s->lock);
	if (!posted)
		return diag_set(d, ERR_BUSY, "the server is stopping");
	pthread_mutex_lock(&r.lock);
	while (!r.is_done)
		pthread_cond_wait(&r.done, &r.lock);
	pthread_mutex_unlock(&r.lock);
	pthread_mutex_destroy(&r.lock);
	pthread_cond_destroy(&r.done);
	return r.result;
}

/* --- start
 * -------------------------------------------------------------------- */

/* One UDP and one TCP socket for each worker and address. */
static enum err
server_bind(struct server *s, struct diag *d)
{
	const struct conf *conf = s->current->conf;
	size_t n = conf->listen_count * conf->workers;
	enum err e = ERR_OK;

	s->udp = malloc(n * sizeof(int));
	s->tcp = malloc(n * sizeof(int));
	must(s->udp != NULL && s->tcp != NULL);
	memset(s->udp, -1, n * sizeof(int));
	memset(s->tcp, -1, n * sizeof(int));
	for (size_t i = 0; i < conf->listen_count && e == ERR_OK; i++) {
		e = net_bind_probe(&conf->listen[i], SOCK_DGRAM, d);
		if (e == ERR_OK)
			e = net_bind_probe(&conf->listen[i], SOCK_STREAM, d);
	}
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct net_addr *at =
			&conf->listen[i % conf->listen_count];

		e = net_bind(&s->udp[i], at, SOCK_DGRAM, d);
		if (e == ERR_OK)
			e = net_bind(&s->tcp[i], at, SOCK_STREAM, d);
	}
	return e;
}

static void
server_unbind(struct server *s)
{
	const struct conf *conf = s->current->conf;
	size_t n = conf->listen_count * conf->workers;

	for (size_t i = 0; s->udp != NULL && i < n; i++) {
		if (s->udp[i] >= 0)
			close(s->udp[i]);
		if (s->tcp[i] >= 0)
			close(s->tcp[i]);
	}
	free(s->udp);
	free(s->tcp);
	s->udp = s->tcp = NULL;
}

static enum err
server_open_store(struct server *s, struct diag *d)
{
	const struct conf *conf = s->current->conf;
	const struct store_options o = {
		.limit = conf->store_limit,
		.readers = conf->workers + SERVER_EXTRA_READERS,
		.create = true,
	};

	return store_open(&s->store, conf->store, &o, d);
}

/* What recursion needs. A cache that cannot be had costs speed, no answer. */
static enum err
server_open_recursion(struct server *s, struct diag *d)
{
	const struct conf *conf = s->current->conf;
	const struct cache_options o = {
		.limit = conf->uplink.cache_limit,
		.readers = conf->workers + CONTROL_CONVERSATIONS,
		.stale_max = conf->uplink.stale_max,
	};

	s->recursion.tls = net_tls_new(conf->uplink.ca_file, d);
	if (s->recursion.tls == NULL)
		return ERR_SYNTAX;
	/* Without an uplink, too: children are asked, and a reload may bring
	 * one. */
	if (o.limit > 0 &&
	    cache_open(&s->recursion.cache, conf->store, &o, d) != ERR_OK)
		log_warning("no cache, foreign answers are asked for each "
			    "time: %s",
			    d->text);
	return ERR_OK;
}

static enum err
server_start_workers(struct server *s, struct diag *d)
{
	const struct conf *conf = s->current->conf;
	const struct worker_setup setup = {
		.store = s->store,
		.writer = s->writer,
		.seen = s->seen,
		.refused = s->refused,
		.served = s->current,
		.recursion = s->recursion,
	};

	s->workers = calloc(conf->workers, sizeof(struct worker *));
	if (s->workers == NULL)
		return diag_set(d, ERR_NOMEM, "memory is short");
	for (unsigned i = 0; i < conf->workers; i++) {
		size_t first = i * conf->listen_count;
		struct worker *w =
			worker_new(&setup, s->udp + first, s->tcp + first);

		for (size_t j = first; j < first + conf->listen_count; j++)
			s->udp[j] = s->tcp[j] = -1;
		if (w == NULL)
			return diag_set(d, ERR_NOMEM, "memory is short");
		s->workers[s->worker_count++] = w;
		if (!worker_start(w))
			return diag_set(d, ERR_NOMEM,
					"a worker thread could not be made");
	}
	return ERR_OK;
}

static enum err
server_start_control(struct server *s, struct diag *d)
{
	const struct control_server control = {
		.store = s->store,
		.writer = s->writer,
		.imports = s->imports,
		.refused = s->refused,
		.recursion = s->recursion,
		.loop = s->loop,
		.served = server_served,
		.reload = server_reload,
		.stop = server_ask_stop,
		.stats = server_stats,
		.uplink = server_uplink,
		.started = (uint64_t)time(NULL),
		.arg = s,
	};

	s->control = control_start(&control, s->control_fd,
				   s->current->conf->control);
	if (s->control == NULL)
		return diag_set(d, ERR_NOMEM, "memory is short");
	s->control_fd = -1;
	return ERR_OK;
}

/*
 * The writer's first job, so that no update comes before it. Queries do not
 * wait for it.
 */
static enum err
recall_apply(struct writer_job *job, struct store_txn *t, bool *spoilt)
{
	struct recall *r = (struct recall *)job;

	(void)spoilt;
	return update_seen_recall(r->seen, store_txn_view(t));
}

static void
recall_done(struct writer_job *job, enum err e)
{
	if (e != ERR_OK)
		log_warning("updates seen before this start are not known: %s",
			    err_text(e));
	free(job);
}

static bool
server_recall(struct server *s)
{
	struct recall *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return false;
	r->job.apply = recall_apply;
	r->job.done = recall_done;
	r->seen = s->seen;
	return writer_submit(s->writer, &r->job);
}

static enum err
server_start_threads(struct server *s, struct diag *d)
{
	enum err e;

	s->writer = writer_start(s->store);
	if (s->writer == NULL)
		return diag_set(d, ERR_NOMEM, "the writer could not be made");
	if (!server_recall(s))
		return diag_set(d, ERR_NOMEM, "memory is short");
	e = server_start_workers(s, d);
	return e != ERR_OK ? e : server_start_control(s, d);
}

/* Upkeep of the store that nobody else thinks of. */
static void
server_on_timer(void *arg)
{
	struct server *s = arg;

	store_check_readers(s->store);
	if (!store_is_dead(s->store))
		return;
	log_error("the store %s cannot be written any more (a disk error?); "
		  "what was acknowledged is in it, and a new start will tell",
		  s->current->conf->store);
	event_stop(s->loop);
}

static void
server_watch_signals(struct server *s)
{
	s->signals[0] = event_signal(s->loop, SIGINT, server_ask_stop, s);
	s->signals[1] = event_signal(s->loop, SIGTERM, server_ask_stop, s);
	s->signals[2] = event_signal(s->loop, SIGHUP, server_on_hup, s);
}

/* In this order: what needs root, then no root, then the store. */
static enum err
server_begin(struct server *s, struct diag *d)
{
	const struct conf *conf = s->current->conf;
	enum err e;

	e = server_bind(s, d);
	if (e == ERR_OK)
		e = rights_prepare_dir(conf->store, conf->user, d);
	if (e == ERR_OK)
		e = control_bind(&s->control_fd, conf->control,
				 conf->control_mode, conf->user, d);
	if (e == ERR_OK)
		e = rights_give_up(conf->user, d);
	if (e == ERR_OK)
		e = server_open_store(s, d);
	if (e == ERR_OK)
		e = server_open_recursion(s, d);
	if (e == ERR_OK)
		e = server_start_threads(s, d);
	return e;
}

struct server *
server_start(struct conf *conf, struct diag *d)
{
	struct server *s = calloc(1, sizeof(*s));

	must(s != NULL);
	pthread_mutex_init(&s->lock, NULL);
	s->control_fd = -1;
	s->current = served_new(conf);
	s->loop = event_loop_new();
	s->seen = update_seen_new();
	s->imports = import_jobs_new();
	s->refused = refused_new();
	s->recursion.blocked = blocked_new();
	must(s->recursion.blocked != NULL);
	must(s->current != NULL && s->loop != NULL && s->seen != NULL &&
	     s->imports != NULL && s->refused != NULL);
	if (server_begin(s, d) != ERR_OK) {
		server_stop(s);
		return NULL;
	}
	server_watch_signals(s);
	s->timer =
		event_timer(s->loop, SERVER_TIMER_MS, true, server_on_timer, s);
	s->interfaces = event_timer(s->loop, SERVER_INTERFACES_MS, true,
				    server_on_interfaces, s);
	server_seed(s);
	return s;
}

bool
server_run(struct server *s)
{
	event_run(s->loop);
	notify_manager("STOPPING=1");
	return !store_is_dead(s->store);
}

/* A conversation may wait for a reload, asked for at the last moment or while
 * zones were seeded: main's loop runs once more, to turn those down. */
static void
server_refuse_reloads(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->lock);
	event_stop(s->loop);
	event_run(s->loop);
	reload_waiting(s);
}

/*
 * The writer first: it finishes what updates have been promised, and an import
 * that goes on ends at its next slice, to be cleared away at the next start.
 * The store last.
 */
void
server_stop(struct server *s)
{
	server_refuse_reloads(s);
	for (size_t i = 0; i < ARRAY_LEN(s->signals); i++)
		event_unwatch(s->signals[i]);
	event_unwatch(s->timer);
	event_unwatch(s->interfaces);
	if (s->writer != NULL)
		writer_stop(s->writer);
	if (s->control != NULL)
		control_stop(s->control);
	if (s->control_fd >= 0) { /* bound, and never heard of again */
		unlink(s->current->conf->control);
		close(s->control_fd);
	}
	seeder_join(s->seeder);
	for (unsigned i = 0; i < s->worker_count; i++)
		worker_stop(s->workers[i]);
	writer_free(s->writer);
	free(s->workers);
	server_unbind(s);
	cache_close(s->recursion.cache);
	net_tls_free(s->recursion.tls);
	blocked_free(s->recursion.blocked);
	if (s->store != NULL)
		store_close(s->store);
	import_jobs_free(s->imports);
	refused_free(s->refused);
	update_seen_free(s->seen);
	event_loop_free(s->loop);
	served_release(s->current);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
