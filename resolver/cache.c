#include "resolver/cache_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint32_t
cache_now(const struct cache *c)
{
	uint64_t now = c->options.now != NULL ? c->options.now()
					      : (uint64_t)time(NULL);

	return now < UINT32_MAX ? (uint32_t)now : UINT32_MAX;
}

/* --- opening -------------------------------------------------------------- */

/* Why a file that was opened in vain is not worth keeping; NULL: it may be. */
static const char *
discard_reason(enum err e)
{
	switch (e) {
	case ERR_CORRUPT:
		return "it is damaged, cut short, or something else";
	case ERR_VERSION:
		return "it was written by another version";
	case ERR_RANGE:
		return "it is larger than the limit";
	default:
		return NULL;
	}
}

static enum err
store_begin(struct cache *c, struct diag *d)
{
	const struct store_options o = {
		.kind = STORE_OF_CACHE,
		.limit = c->options.limit,
		.readers = c->options.readers,
		.create = true,
	};
	const char *why;
	enum err e = cache_file_claim(c->dir, &c->unmarked, d);

	if (e != ERR_OK)
		return e;
	e = store_open(&c->store, c->dir, &o, d);
	why = discard_reason(e);
	if (why == NULL)
		return e;
	if (c->unmarked)
		e = cache_file_mark(c->dir, d);
	else
		e = ERR_OK;
	c->unmarked = false;
	if (e == ERR_OK)
		e = cache_file_discard(c->dir, why, d);
	return e == ERR_OK ? store_open(&c->store, c->dir, &o, d) : e;
}

/* What is known of the file before the first write. */
static enum err
counts_begin(struct cache *c, struct diag *d)
{
	struct store_txn *t;
	enum err e = store_txn_begin(c->store, &t);

	if (e == ERR_OK) {
		e = cache_counts_read(c, store_txn_view(t));
		c->stats.octets = store_txn_used(t);
		store_txn_abort(t);
	}
	c->stats.kept = c->counts.entries[CACHE_KEPT];
	c->stats.entries = c->counts.entries[CACHE_NEW] + c->stats.kept;
	c->stats.limit = c->options.limit;
	c->stats.usable = e == ERR_OK;
	if (e != ERR_OK)
		return diag_set(d, e, "cannot read the cache in %s: %s", c->dir,
				err_text(e));
	return ERR_OK;
}

/* Signals are the main thread's. */
static enum err
writer_begin(struct cache *c, struct diag *d)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	pthread_mutex_init(&c->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&c->done, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	c->running = pthread_create(&c->thread, NULL, cache_write_run, c) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c->running ? ERR_OK
			  : diag_set(d, ERR_NOMEM, "cannot start a thread");
}

static void
cache_free(struct cache *c)
{
	store_close(c->store);
	free(c->dir);
	free(c);
}

enum err
cache_open(struct cache **out, const char *dir, const struct cache_options *o,
	   struct diag *d)
{
	struct cache *c = calloc(1, sizeof(*c));
	enum err e;

	*out = NULL;
	if (c == NULL || (c->dir = strdup(dir)) == NULL) {
		free(c);
		return diag_set(d, ERR_NOMEM, "out of memory");
	}
	c->options = *o;
	if (c->options.limit < CACHE_LIMIT_MIN)
		c->options.limit = CACHE_LIMIT_MIN;
	c->end = &c->first;
	cache_room_init(c);
	e = store_begin(c, d);
	if (e == ERR_OK)
		e = counts_begin(c, d);
	if (e == ERR_OK)
		e = writer_begin(c, d);
	if (e != ERR_OK) {
		cache_free(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->mutex);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
	if (!c->unmarked && !c->spoilt && !store_is_dead(c->store) &&
	    store_sync(c->store) == ERR_OK)
		cache_file_release(c->dir, true);
	pthread_cond_destroy(&c->done);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->mutex);
	cache_free(c);
}

/* --- views ---------------------------------------------------------------- */

struct cache_view *
cache_view_new(struct cache *c)
{
	struct cache_view *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->cache = c;
	v->reader = store_reader_new(c->store);
	if (v->reader == NULL) {
		free(v);
		return NULL;
	}
	pthread_mutex_lock(&c->mutex);
	v->next = c->views;
	c->views = v;
	pthread_mutex_unlock(&c->mutex);
	return v;
}

void
cache_view_free(struct cache_view *v)
{
	struct cache_view **at;

	if (v == NULL)
		return;
	pthread_mutex_lock(&v->cache->mutex);
	for (at = &v->cache->views; *at != v; at = &(*at)->next)
		;
	*at = v->next;
	pthread_mutex_unlock(&v->cache->mutex);
	store_reader_free(v->reader);
	free(v);
}

bool
cache_view_begin(struct cache_view *v)
{
	return !store_is_dead(v->cache->store) &&
	       store_reader_begin(v->reader) == ERR_OK;
}

void
cache_view_end(struct cache_view *v)
{
	store_reader_end(v->reader);
}

uint64_t
cache_view_number(const struct cache_view *v)
{
	return store_view_number(v->reader);
}

/* Tells the writer that an entry is asked for again. */
static void
view_note(struct cache_view *v, const uint8_t *order)
{
	struct cache_notes *n = &v->notes;
	uint32_t head = atomic_load_explicit(&n->head, memory_order_relaxed);

	if (memcmp(v->noted, order, CACHE_ORDER_LEN) == 0 ||
	    head - atomic_load_explicit(&n->tail, memory_order_acquire) ==
		    CACHE_NOTES)
		return;
	memcpy(v->noted, order, CACHE_ORDER_LEN);
	memcpy(n->order[head % CACHE_NOTES], order, CACHE_ORDER_LEN);
	atomic_store_explicit(&n->head, head + 1, memory_order_release);
}

static bool
view_wants_note(const struct cache_view *v, const uint8_t *order)
{
	return order[0] == CACHE_NEW ||
	       get64(order + 1) < atomic_load_explicit(&v->cache->note_below,
						       memory_order_relaxed);
}

bool
cache_get(struct cache_view *v, const uint8_t *qname, uint16_t qtype,
	  uint8_t variant, struct entry *e)
{
	struct store_value value;
	struct cache_row r;
	const uint8_t *key;
	struct key k;
	size_t len;

	cache_key_make(&k, qname, qtype, variant);
	key = k.octets + KEY_ID_LEN;
	len = cache_key_len(&k);
	if (store_get(v->reader, STORE_ANSWERS, key, len, &value) != ERR_OK ||
	    !cache_row_open(&r, key, len, &value))
		return false;
	entry_view(e, r.entry, r.len);
	if (view_wants_note(v, r.order))
		view_note(v, r.order);
	return true;
}

/* --- putting -------------------------------------------------------------- */

static struct cache_item *
item_new(const uint8_t *qname, uint16_t qtype, uint8_t variant,
	 const struct entry *e)
{
	struct cache_item *i;
	struct key k;
	size_t key_len;

	cache_key_make(&k, qname, qtype, variant);
	key_len = cache_key_len(&k);
	i = malloc(sizeof(*i) + key_len + e->len);
	if (i == NULL)
		return NULL;
	i->next = NULL;
	i->key_len = key_len;
	i->len = e->len;
	memcpy(i->octets, k.octets + KEY_ID_LEN, key_len);
	memcpy(i->octets + key_len, e->octets, e->len);
	return i;
}

/* With the mutex. */
static bool
queue_has_room(const struct cache *c, size_t len)
{
	return c->queued < CACHE_QUEUE_ITEMS &&
	       c->queued_octets + len <= CACHE_QUEUE_OCTETS;
}

static bool
queue_add(struct cache *c, struct cache_item *i)
{
	bool room;

	pthread_mutex_lock(&c->mutex);
	room = i != NULL && queue_has_room(c, i->len);
	if (room) {
		*c->end = i;
		c->end = &i->next;
		c->queued++;
		c->queued_octets += i->len;
		c->taken_in++;
		/* It gathers in between. */
		if (c->queued == 1 || c->queued == CACHE_GATHER_ITEMS)
			pthread_cond_signal(&c->wake);
	} else {
		c->stats.dropped++;
	}
	pthread_mutex_unlock(&c->mutex);
	return room;
}

bool
cache_put(struct cache *c, const uint8_t *qname, uint16_t qtype,
	  uint8_t variant, const uint8_t *octets, size_t len)
{
	struct cache_item *i = NULL;
	struct entry e;

	entry_view(&e, octets, len);
	if (e.ttl == 0)
		return true;
	if (len <= ENTRY_MAX && len <= c->batch_octets)
		i = item_new(qname, qtype, variant, &e);
	if (queue_add(c, i))
		return true;
	free(i);
	return false;
}

/* --- upkeep --------------------------------------------------------------- */

enum err
cache_flush(struct cache *c, const uint8_t *name, bool below, uint64_t *removed,
	    struct diag *d)
{
	struct cache_flushing f = {.below = below};

	cache_key_make(&f.key, name, 0, 0);
	pthread_mutex_lock(&c->mutex);
	f.next = c->flushing;
	/* It is done with before this returns. */
	/* cppcheck-suppress autoVariables */
	c->flushing = &f;
	c->hurry++;
	pthread_cond_signal(&c->wake);
	while (!f.done)
		pthread_cond_wait(&c->done, &c->mutex);
	c->hurry--;
	pthread_mutex_unlock(&c->mutex);
	atomic_fetch_add_explicit(&c->generation, 1, memory_order_release);
	if (removed != NULL)
		*removed = f.removed;
	if (f.result != ERR_OK)
		return diag_set(d, f.result, "cannot write the cache in %s: %s",
				c->dir, err_text(f.result));
	return ERR_OK;
}

uint32_t
cache_generation(const struct cache *c)
{
	return atomic_load_explicit(&c->generation, memory_order_acquire);
}

void
cache_stats(struct cache *c, struct cache_stats *s)
{
	pthread_mutex_lock(&c->mutex);
	*s = c->stats;
	pthread_mutex_unlock(&c->mutex);
	s->usable = s->usable && !store_is_dead(c->store);
}

void
cache_wait(struct cache *c)
{
	uint64_t until;

	pthread_mutex_lock(&c->mutex);
	until = c->taken_in;
	c->hurry++;
	pthread_cond_signal(&c->wake);
	while (c->dealt_with < until)
		pthread_cond_wait(&c->done, &c->mutex);
	c->hurry--;
	pthread_mutex_unlock(&c->mutex);
}
