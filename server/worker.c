#include "server/worker.h"

#include "lib/event.h"
#include "lib/log.h"
#include "server/query.h"
#include "server/refused.h"
#include "server/space.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct worker {
	pthread_t thread;
	bool started;
	struct event_loop *loop;
	struct writer *writer;
	struct update_seen *seen;
	struct refused *refused;
	struct query_env env;
	struct recursion *recursion;
	struct stats stats;
	size_t listen_count;
	struct net_udp **udp;
	struct net_tcp **tcp;
	struct log_limit refusals;
	struct query query; /* scratch */
	/* Of the batch: those foreseen, and how many of them are served. */
	struct query_taken taken[NET_UDP_BATCH];
	unsigned taken_count, taken_next;
	uint8_t reply[WIRE_MSG_MAX];
};

static uint64_t
seconds_now(void)
{
	return (uint64_t)time(NULL);
}

/* --- a batch of messages ----------------------------------------------------
 */

/* The snapshot is taken after the messages have arrived: taken before, it
 * could miss a change that their sender has seen acknowledged. */
static void
worker_begin(void *arg)
{
	struct worker *w = arg;

	w->env.unreadable = store_reader_begin(w->env.view) != ERR_OK;
	w->taken_count = 0;
	w->taken_next = 0;
}

static void
worker_foresee(void *arg, const struct net_message *batch, unsigned n)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < n; i++)
		query_take(&w->taken[i], &w->env, batch[i].peer, batch[i].in,
			   batch[i].in_len, batch[i].cap);
	w->taken_count = n;
	query_foresee(&w->env, w->taken, n);
}

static size_t
worker_serve_message(void *arg, const struct net_peer *peer, const uint8_t *in,
		     size_t in_len, uint8_t *out, size_t cap)
{
	struct worker *w = arg;

	if (w->taken_next < w->taken_count)
		return query_answer(&w->query, &w->env,
				    &w->taken[w->taken_next++], out, cap);
	return query_serve(&w->query, &w->env, peer, in, in_len, out, cap);
}

static void
worker_end(void *arg)
{
	struct worker *w = arg;

	recursion_batch_end(w->recursion);
	if (!w->env.unreadable)
		store_reader_end(w->env.view);
}

/* --- recursion --------------------------------------------------------------
 */

/* The resolver has brought something: the question from its start. */
static void
worker_serve_waiting(void *arg, struct waiting *waiting)
{
	struct worker *w = arg;
	const struct net_peer *peer = &waiting->peer;
	size_t cap = peer->tcp != NULL ? WIRE_MSG_MAX : NET_UDP_REPLY_MAX;
	size_t len;

	worker_begin(w);
	w->env.recursion->waiting = waiting;
	len = query_serve(&w->query, &w->env, peer, waiting->wire, waiting->len,
			  w->reply, cap);
	w->env.recursion->waiting = NULL;
	worker_end(w);
	if (len == NET_LATER)
		return;
	net_reply(peer, w->reply, len);
	waiting_leave(waiting);
}

/* --- updates ----------------------------------------------------------------
 */

static void
worker_note_refusal(struct worker *w, const struct net_peer *peer,
		    const char *reason)
{
	char from[NET_ADDR_TEXT_MAX];
	unsigned held;

	if (reason[0] == '\0')
		return;
	refused_note(w->refused, seconds_now(), &peer->from, reason);
	if (!log_limit_pass(&w->refusals, seconds_now(), &held))
		return;
	net_addr_to_text(from, &peer->from);
	if (held > 0)
		log_notice("update from %s refused: %s (%u more held back)",
			   from, reason, held);
	else
		log_notice("update from %s refused: %s", from, reason);
}

/* Posted to the worker's loop by the writer, after the commit. */
static void
worker_update_done(void *arg)
{
	struct update *u = arg;
	struct worker *w = u->owner;
	size_t cap = u->peer.tcp != NULL ? WIRE_MSG_MAX : NET_UDP_REPLY_MAX;
	size_t len;

	worker_note_refusal(w, &u->peer, u->reason);
	len = query_update_reply(
		&w->query, &w->env, &u->peer, &u->msg, &u->tsig, u->rcode,
		u->ede, u->reason[0] ? u->reason : NULL, w->reply, cap);
	net_reply(&u->peer, w->reply, len);
	update_free(u);
}

static void
worker_refused(void *arg, const struct net_peer *peer, const char *reason)
{
	worker_note_refusal(arg, peer, reason);
}

static bool
worker_submit(void *arg, const struct msg *m, const struct tsig_state *tsig,
	      const struct net_peer *peer, struct query_refusal *no)
{
	struct worker *w = arg;
	struct update *u = update_new(w->env.served, m, tsig, peer);

	no->rcode = MSG_SERVFAIL;
	no->ede = MSG_EDE_NONE;
	no->reason[0] = '\0';
	if (u == NULL)
		return false;
	u->loop = w->loop;
	u->reply = worker_update_done;
	u->owner = w;
	if (update_check(u) && update_submit(u, w->writer, w->seen))
		return true;
	no->rcode = u->rcode;
	no->ede = u->ede;
	memcpy(no->reason, u->reason, sizeof(u->reason));
	worker_note_refusal(w, peer, u->reason);
	update_free(u);
	return false;
}

/* --- life -------------------------------------------------------------------
 */

static void
worker_free(struct worker *w)
{
	recursion_free(w->recursion); /* replies to whoever waits */
	for (size_t i = 0; i < w->listen_count; i++) {
		if (w->udp != NULL && w->udp[i] != NULL)
			net_udp_free(w->udp[i]);
		if (w->tcp != NULL && w->tcp[i] != NULL)
			net_tcp_free(w->tcp[i]);
	}
	free(w->udp);
	free(w->tcp);
	if (w->env.view != NULL)
		store_reader_free(w->env.view);
	free(w->env.facts);
	free(w->env.scratch);
	memo_free(w->env.memo);
	served_release(w->env.served);
	if (w->loop != NULL)
		event_loop_free(w->loop);
	free(w);
}

/* Listeners over the descriptors; what was not taken over is closed. */
static bool
worker_listen(struct worker *w, const int *udp, const int *tcp)
{
	const struct conf *conf = w->env.served->conf;
	const struct net_tcp_limits limits = {
		.idle_ms = conf->tcp_idle_ms,
		.connections = conf->tcp_connections,
		.per_address = conf->tcp_per_address,
		.pipeline = conf->tcp_pipeline,
		.write_backlog = 256 * 1024,
	};
	const struct net_service service = {
		.ctx = w,
		.begin = worker_begin,
		.foresee = worker_foresee,
		.serve = worker_serve_message,
		.end = worker_end,
	};
	bool whole = true;

	for (size_t i = 0; i < w->listen_count; i++) {
		const struct net_addr *at = &conf->listen[i];

		w->udp[i] = net_udp_new(w->loop, udp[i], at, &service);
		w->tcp[i] = net_tcp_new(w->loop, tcp[i], at, &service, &limits);
		if (w->udp[i] == NULL)
			close(udp[i]);
		if (w->tcp[i] == NULL)
			close(tcp[i]);
		whole = whole && w->udp[i] != NULL && w->tcp[i] != NULL;
	}
	return whole;
}

struct worker *
worker_new(const struct worker_setup *setup, const int *udp, const int *tcp)
{
	struct worker *w = calloc(1, sizeof(*w));

	must(w != NULL); /* at start, before anything is promised */
	w->writer = setup->writer;
	w->seen = setup->seen;
	w->refused = setup->refused;
	w->refusals.burst = 10;
	w->listen_count = setup->served->conf->listen_count;
	w->udp = calloc(w->listen_count, sizeof(struct net_udp *));
	w->tcp = calloc(w->listen_count, sizeof(struct net_tcp *));
	w->loop = event_loop_new();
	w->env = (struct query_env){
		.view = store_reader_new(setup->store),
		.served = served_hold(setup->served),
		.facts = served_facts_new(setup->served),
		.scratch = malloc(SPACE_SCRATCH_LEN),
		.stats = &w->stats,
		.now = seconds_now,
		.submit = worker_submit,
		.refused = worker_refused,
		.arg = w,
	};
	must(w->udp != NULL && w->tcp != NULL && w->loop != NULL);
	if (setup->served->conf->memo > 0)
		w->env.memo = memo_new(setup->served->conf->memo);
	w->recursion =
		recursion_new(w->loop, &setup->recursion, setup->served->conf,
			      worker_serve_waiting, w);
	if (worker_listen(w, udp, tcp) && w->env.view != NULL &&
	    w->env.facts != NULL && w->env.scratch != NULL &&
	    w->recursion != NULL) {
		w->env.recursion = recursion_face(w->recursion);
		return w;
	}
	worker_free(w);
	return NULL;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	event_run(w->loop);
	return NULL;
}

bool
worker_start(struct worker *w)
{
	w->started = pthread_create(&w->thread, NULL, worker_main, w) == 0;
	return w->started;
}

/* A move to another configuration, made on the worker's own thread. */
struct move {
	struct worker *worker;
	struct served *served;
	struct zone_facts *facts;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done, moved;
};

static void
worker_moved(struct move *m)
{
	pthread_mutex_lock(&m->lock);
	m->is_done = true;
	pthread_cond_signal(&m->done);
	pthread_mutex_unlock(&m->lock);
}

static void
worker_move(void *arg)
{
	struct move *m = arg;
	struct query_env *env = &m->worker->env;

	m->moved = recursion_reconfigure(m->worker->recursion, m->served->conf);
	if (!m->moved) {
		free(m->facts);
		worker_moved(m);
		return;
	}
	served_release(env->served);
	free(env->facts);
	env->served = served_hold(m->served);
	env->facts = m->facts;
	if (env->memo != NULL)
		memo_clear(env->memo);
	worker_moved(m);
}

bool
worker_serve(struct worker *w, struct served *s)
{
	struct move m = {
		.worker = w,
		.served = s,
		.facts = served_facts_new(s),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};

	if (m.facts == NULL || !event_post(w->loop, worker_move, &m)) {
		free(m.facts);
		return false;
	}
	pthread_mutex_lock(&m.lock);
	while (!m.is_done)
		pthread_cond_wait(&m.done, &m.lock);
	pthread_mutex_unlock(&m.lock);
	pthread_mutex_destroy(&m.lock);
	pthread_cond_destroy(&m.done);
	return m.moved;
}

void
worker_stop(struct worker *w)
{
	if (w == NULL)
		return;
	if (w->started) {
		event_stop(w->loop);
		pthread_join(w->thread, NULL);
	}
	worker_free(w);
}

const struct stats *
worker_stats(const struct worker *w)
{
	return &w->stats;
}

/* --- what it knows of the uplink --------------------------------------------
 */

#define REPORT_PATIENCE 1 /* seconds */

/* Made on the worker's thread; who has asked may have left meanwhile. */
struct report {
	struct worker *worker;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t done;
	unsigned holders; /* the worker, who has asked */
	bool is_done;
	unsigned count;
	struct resolver_forwarder forwarders[UPLINK_SUM_MAX];
};

static struct report *
report_new(struct worker *w)
{
	struct report *r = calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	if (r == NULL)
		return NULL;
	r->worker = w;
	r->holders = 2;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->done, &attr);
	pthread_condattr_destroy(&attr);
	return r;
}

/* With the lock, which is given back. */
static void
report_leave(struct report *r)
{
	bool last = --r->holders == 0;

	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_cond_destroy(&r->done);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void
report_make(void *arg)
{
	struct report *r = arg;

	pthread_mutex_lock(&r->lock);
	r->count = recursion_forwarders(r->worker->recursion, r->forwarders,
					UPLINK_SUM_MAX);
	r->is_done = true;
	pthread_cond_signal(&r->done);
	report_leave(r);
}

void
worker_uplink(struct worker *w, struct uplink_sum *sum)
{
	struct report *r = report_new(w);
	struct timespec until;
	int rc = 0;

	uplink_sum_count(sum, recursion_stats(w->recursion));
	if (r != NULL && !event_post(w->loop, report_make, r)) {
		free(r);
		r = NULL;
	}
	if (r == NULL) {
		sum->silent++;
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += REPORT_PATIENCE;
	pthread_mutex_lock(&r->lock);
	while (!r->is_done && rc == 0)
		rc = pthread_cond_timedwait(&r->done, &r->lock, &until);
	if (r->is_done)
		uplink_sum_add(sum, r->forwarders, r->count);
	else
		sum->silent++;
	report_leave(r);
}

unsigned
worker_connections(const struct worker *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->listen_count; i++)
		n += net_tcp_open(w->tcp[i]);
	return n;
}
