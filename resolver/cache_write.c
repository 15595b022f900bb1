/*
 * The writer: takes all that is queued and writes it in transactions of bounded
 * size. When one does not fit, it evicts and tries again, then drops.
 */
#include "resolver/cache_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"

/* After the first entry, unless somebody waits or CACHE_GATHER_ITEMS have come:
 * each commit costs some pages, and each makes the workers' copies stale. */
#define GATHER_NS 20000000L

#define RELIEVE_ROUNDS 32
#define RELIEVE_ENTRIES 4
#define RELIEVE_PAUSE_NS 2000000L
#define TELL_SECONDS 60 /* between two warnings */

/* --- what to do ----------------------------------------------------------- */

struct task {
	struct cache_item *items;
	unsigned count;
	struct cache_flushing *flushing;
};

static struct timespec
gather_end(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += GATHER_NS;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

/* With the mutex: waits until there is something, and a little longer. */
static void
wait_for_work(struct cache *c)
{
	struct timespec until;
	int rc = 0;

	while (c->first == NULL && c->flushing == NULL && !c->stopping)
		pthread_cond_wait(&c->wake, &c->mutex);
	until = gather_end();
	while (rc == 0 && c->hurry == 0 && !c->stopping &&
	       c->queued < CACHE_GATHER_ITEMS)
		rc = pthread_cond_timedwait(&c->wake, &c->mutex, &until);
}

/* With the mutex: a view's notes become the writer's. */
static void
notes_take(struct cache *c, struct cache_notes *n)
{
	uint32_t tail = atomic_load_explicit(&n->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&n->head, memory_order_acquire);

	for (; tail != head; tail++)
		if (c->note_count < ARRAY_LEN(c->notes))
			memcpy(c->notes[c->note_count++],
			       n->order[tail % CACHE_NOTES], CACHE_ORDER_LEN);
	atomic_store_explicit(&n->tail, tail, memory_order_release);
}

/* False: to be stopped, and nothing is left. */
static bool
task_take(struct cache *c, struct task *t)
{
	pthread_mutex_lock(&c->mutex);
	wait_for_work(c);
	*t = (struct task){c->first, c->queued, c->flushing};
	c->first = NULL;
	c->end = &c->first;
	c->queued = 0;
	c->queued_octets = 0;
	c->flushing = NULL;
	for (struct cache_view *v = c->views; v != NULL; v = v->next)
		notes_take(c, &v->notes);
	pthread_mutex_unlock(&c->mutex);
	return t->items != NULL || t->flushing != NULL;
}

/* --- transactions --------------------------------------------------------- */

/* Told when it begins and when it is over, and not every moment. */
static bool
may_tell(struct cache *c)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (c->told_at != 0 && t.tv_sec - c->told_at < TELL_SECONDS)
		return false;
	c->told_at = t.tv_sec;
	return true;
}

static void
note_result(struct cache *c, enum err e)
{
	if (e == ERR_CORRUPT && !c->spoilt) {
		c->spoilt = true;
		cache_file_release(c->dir, false);
	}
	if (e != ERR_OK && !c->trouble && may_tell(c)) {
		log_warning("the cache in %s cannot be written: %s; answers "
			    "are not kept until it can",
			    c->dir, err_text(e));
		c->told = true;
	}
	if (e == ERR_OK && c->told) {
		log_notice("the cache in %s is written again", c->dir);
		c->told = false;
	}
	c->trouble = e != ERR_OK;
}

static void
tell_stats(struct cache *c, uint64_t used, unsigned written, unsigned dropped)
{
	const struct cache_counts *n = &c->counts;
	uint64_t half = n->entries[CACHE_KEPT] / 2;

	atomic_store_explicit(&c->note_below,
			      n->number - (half < n->number ? half : 0),
			      memory_order_relaxed);
	pthread_mutex_lock(&c->mutex);
	c->stats.entries = n->entries[CACHE_NEW] + n->entries[CACHE_KEPT];
	c->stats.kept = n->entries[CACHE_KEPT];
	c->stats.evicted = n->evicted;
	if (used > 0)
		c->stats.octets = used;
	c->stats.written += written;
	c->stats.dropped += dropped;
	c->stats.usable = !c->trouble;
	pthread_mutex_unlock(&c->mutex);
}

/* What is done within one transaction. */
typedef enum err work_fn(struct cache *c, struct store_txn *t, void *arg);

static enum err
mark(struct cache *c)
{
	struct diag d;
	enum err e = c->unmarked ? cache_file_mark(c->dir, &d) : ERR_OK;

	if (e == ERR_OK)
		c->unmarked = false;
	return e;
}

/* Commits work, or leaves everything as it was. */
static enum err
transact(struct cache *c, work_fn *work, void *arg)
{
	struct cache_counts before = c->counts;
	struct store_txn *t;
	uint64_t used = 0;
	enum err e = mark(c);

	if (e == ERR_OK)
		e = store_txn_begin(c->store, &t);
	if (e != ERR_OK)
		return e;
	e = work(c, t, arg);
	if (e == ERR_OK)
		e = cache_counts_write(c, t);
	if (e == ERR_OK) {
		used = store_txn_used(t);
		e = store_txn_commit(t);
	} else {
		store_txn_abort(t);
	}
	if (e != ERR_OK)
		c->counts = before;
	else
		tell_stats(c, used, 0, 0);
	return e;
}

static enum err
work_evict(struct cache *c, struct store_txn *t, void *arg)
{
	(void)arg;
	return cache_evict(c, t, RELIEVE_ENTRIES);
}

/*
 * The same, and again when it did not fit. What a transaction frees can be used
 * two transactions later, and not before every reader has ended the snapshot it
 * had: a worker that lost the processor in the middle of a batch holds it up
 * for some milliseconds. So this waits a little; but not while the trouble
 * lasts, for then it is the disk.
 */
static enum err
transact_or_relieve(struct cache *c, work_fn *work, void *arg)
{
	const struct timespec pause = {.tv_nsec = RELIEVE_PAUSE_NS};
	unsigned rounds = c->trouble ? 1 : RELIEVE_ROUNDS;
	enum err e = transact(c, work, arg);

	for (unsigned i = 0; i < rounds && e == ERR_FULL; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		if (transact(c, work_evict, NULL) == ERR_OK)
			e = transact(c, work, arg);
	}
	return e;
}

/* --- entries -------------------------------------------------------------- */

struct batch {
	struct cache_item *first;
	const struct cache_item *end; /* NULL: to the last */
	unsigned count;
	uint64_t octets;
	unsigned notes; /* taken from the end of the cache's */
};

static struct batch
batch_cut(const struct cache *c, struct cache_item *first)
{
	struct batch b = {.first = first};
	struct cache_item *i = first;

	for (; i != NULL && b.count < c->batch_items; i = i->next) {
		if (b.count > 0 && b.octets + i->len > c->batch_octets)
			break;
		b.count++;
		b.octets += 2 * i->key_len + i->len;
	}
	b.end = i;
	b.notes =
		c->note_count < c->batch_items ? c->note_count : c->batch_items;
	return b;
}

static enum err
work_batch(struct cache *c, struct store_txn *t, void *arg)
{
	const struct batch *b = arg;
	enum err e = ERR_OK;

	/* First: what was hit is not to be evicted. */
	for (unsigned i = 0; i < b->notes && e == ERR_OK; i++)
		e = cache_row_keep(c, t, c->notes[c->note_count - 1 - i]);
	if (e == ERR_OK)
		e = cache_make_room(c, t, b->octets);
	for (const struct cache_item *i = b->first; i != b->end && e == ERR_OK;
	     i = i->next)
		e = cache_row_put(c, t, i->octets, i->key_len,
				  i->octets + i->key_len, i->len);
	if (e == ERR_OK && store_txn_used(t) > c->hard)
		e = ERR_FULL;
	return e;
}

static void
items_write(struct cache *c, struct cache_item *first)
{
	while (first != NULL) {
		struct batch b = batch_cut(c, first);
		enum err e = transact_or_relieve(c, work_batch, &b);

		c->note_count -= b.notes;
		note_result(c, e);
		tell_stats(c, 0, e == ERR_OK ? b.count : 0,
			   e == ERR_OK ? 0 : b.count);
		while (first != b.end) {
			struct cache_item *next = first->next;

			free(first);
			first = next;
		}
	}
	c->note_count = 0;
}

/* --- flushing ------------------------------------------------------------- */

struct slice {
	const struct cache_flushing *f;
	unsigned removed;
	bool more;
};

/* Removes entries at, or at and below, the name; at most a batch. */
static enum err
work_flush(struct cache *c, struct store_txn *t, void *arg)
{
	struct slice *s = arg;
	const uint8_t *prefix = s->f->key.octets + KEY_ID_LEN;
	/* Without type and variant; at the name alone with the 00, too. */
	size_t len = cache_key_len(&s->f->key) -
		     (s->f->below ? CACHE_TAIL_LEN : CACHE_TAIL_LEN - 1);
	struct store_value key, value;
	uint8_t copy[KEY_MAX];

	s->removed = 0;
	s->more = true;
	while (s->removed < c->batch_items) {
		enum err e = store_seek(store_txn_view(t), STORE_ANSWERS,
					prefix, len, &key, &value);

		s->more = e == ERR_OK && key.len <= sizeof(copy) &&
			  key_has_prefix(key.octets, key.len, prefix, len);
		if (!s->more)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		memcpy(copy, key.octets, key.len);
		e = cache_row_remove(c, t, copy, key.len);
		if (e != ERR_OK)
			return e;
		s->removed++;
	}
	return ERR_OK;
}

static void
flush_run(struct cache *c, struct cache_flushing *f)
{
	struct slice s = {.f = f, .more = true};

	f->result = ERR_OK;
	while (f->result == ERR_OK && s.more) {
		f->result = transact_or_relieve(c, work_flush, &s);
		if (f->result == ERR_OK)
			f->removed += s.removed;
	}
	note_result(c, f->result);
}

/* --- the thread ----------------------------------------------------------- */

static void
task_done(struct cache *c, const struct task *t)
{
	pthread_mutex_lock(&c->mutex);
	c->dealt_with += t->count;
	for (struct cache_flushing *f = t->flushing, *next; f != NULL;
	     f = next) {
		next = f->next; /* gone once it is done */
		f->done = true;
	}
	pthread_cond_broadcast(&c->done);
	pthread_mutex_unlock(&c->mutex);
}

void *
cache_write_run(void *cache)
{
	struct cache *c = cache;
	struct task t;

	while (task_take(c, &t)) {
		items_write(c, t.items);
		for (struct cache_flushing *f = t.flushing; f != NULL;
		     f = f->next)
			flush_run(c, f);
		task_done(c, &t);
	}
	return NULL;
}
