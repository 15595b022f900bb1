#include "server/worker.h"

#include "lib/event.h"
#include "lib/log.h"
#include "server/query.h"
#include "server/refused.h"

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
	struct stats stats;
	size_t listen_count;
	struct net_udp **udp;
	struct net_tcp **tcp;
	struct log_limit refusals;
	struct query query; /* scratch */
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
}

static size_t
worker_serve_message(void *arg, const struct net_peer *peer, const uint8_t *in,
		     size_t in_len, uint8_t *out, size_t cap)
{
	struct worker *w = arg;

	return query_serve(&w->query, &w->env, peer, in, in_len, out, cap);
}

static void
worker_end(void *arg)
{
	struct worker *w = arg;

	if (!w->env.unreadable)
		store_reader_end(w->env.view);
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

static struct zone_facts *
facts_new(const struct served *s)
{
	size_t n = s->conf->zone_count;

	return calloc(n > 0 ? n : 1, sizeof(struct zone_facts));
}

static void
worker_free(struct worker *w)
{
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
		.facts = facts_new(setup->served),
		.stats = &w->stats,
		.now = seconds_now,
		.submit = worker_submit,
		.refused = worker_refused,
		.arg = w,
	};
	must(w->udp != NULL && w->tcp != NULL && w->loop != NULL);
	if (setup->served->conf->memo > 0)
		w->env.memo = memo_new(setup->served->conf->memo);
	if (worker_listen(w, udp, tcp) && w->env.view != NULL &&
	    w->env.facts != NULL)
		return w;
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
	bool is_done;
};

static void
worker_move(void *arg)
{
	struct move *m = arg;
	struct query_env *env = &m->worker->env;

	served_release(env->served);
	free(env->facts);
	env->served = served_hold(m->served);
	env->facts = m->facts;
	if (env->memo != NULL)
		memo_clear(env->memo);
	pthread_mutex_lock(&m->lock);
	m->is_done = true;
	pthread_cond_signal(&m->done);
	pthread_mutex_unlock(&m->lock);
}

bool
worker_serve(struct worker *w, struct served *s)
{
	struct move m = {
		.worker = w,
		.served = s,
		.facts = facts_new(s),
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
	return true;
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

unsigned
worker_connections(const struct worker *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->listen_count; i++)
		n += net_tcp_open(w->tcp[i]);
	return n;
}
