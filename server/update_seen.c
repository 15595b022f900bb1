#include "server/update_parts.h"
#include "zones/journal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEEN_ROOM_FIRST 256
/* Seconds of journal that are read at a start: a fudge of 65,535 on both sides
 * of the clock. */
#define SEEN_RECALL (2 * 65536)

/*
 * Entries stand in a ring in the order they came; room grows by doubling up to
 * UPDATE_SEEN_MAX. Positions count on for ever, `position & (room - 1)` is the
 * place. An entry that is removed stays in the ring, gone, until its turn
 * comes. Buckets, as many as entries, chain those of one hash.
 *
 *     ring      . . . A B x D E . . .        first = A, last = behind E
 *     buckets   h(D) -> D -> A
 */
struct update_seen {
	uint64_t (*now)(void);
	_Atomic unsigned waiting;
	struct update_seen_entry *ring;
	uint32_t *buckets; /* place + 1, 0 empty */
	uint32_t room;	   /* a power of two, 0 at first */
	uint32_t first, last;
};

static uint64_t
system_now(void)
{
	return (uint64_t)time(NULL);
}

struct update_seen *
update_seen_new(void)
{
	struct update_seen *seen = calloc(1, sizeof(*seen));

	if (seen != NULL)
		seen->now = system_now;
	return seen;
}

void
update_seen_free(struct update_seen *seen)
{
	if (seen == NULL)
		return;
	for (uint32_t p = seen->first; p != seen->last; p++)
		free(seen->ring[p & (seen->room - 1)].reason);
	free(seen->ring);
	free(seen->buckets);
	free(seen);
}

void
update_seen_token(uint8_t *token, const struct update_seen_id *id,
		  uint64_t expires)
{
	put64(token, id->key);
	memcpy(token + 8, id->mac, sizeof(id->mac));
	put64(token + 8 + sizeof(id->mac), expires);
}

/* False: memory. */
static bool
recall_entry(struct update_seen *seen, const struct journal_entry *j)
{
	struct update_seen_entry *e;
	struct update_seen_id id;
	uint64_t expires;

	if (j->token_len != UPDATE_TOKEN_LEN)
		return true;
	id.key = get64(j->token);
	memcpy(id.mac, j->token + 8, sizeof(id.mac));
	expires = get64(j->token + 8 + sizeof(id.mac));
	if (seen->now() > expires || update_seen_find(seen, &id) != NULL)
		return true;
	e = update_seen_add(seen, &id, expires, NULL);
	if (e != NULL)
		e->rcode = MSG_NOERROR; /* or it would not be journalled */
	return e != NULL;
}

/* From the newest back to where nothing can be within its fudge any more. */
static enum err
recall_zone(struct update_seen *seen, struct store_view *v,
	    const struct zone_record *z)
{
	struct journal_entry j;

	for (uint64_t n = z->version; n >= z->journal_first; n--) {
		enum err e = journal_read(v, z->id, n, &j);

		if (e == ERR_NOTFOUND)
			return ERR_OK;
		if (e != ERR_OK)
			return e;
		if (j.time + SEEN_RECALL < seen->now())
			return ERR_OK;
		if (!recall_entry(seen, &j))
			return ERR_NOMEM;
	}
	return ERR_OK;
}

enum err
update_seen_recall(struct update_seen *seen, struct store_view *v)
{
	uint8_t apex[NAME_WIRE_MAX];
	struct zone_record z;
	bool first = true;
	enum err e;

	name_copy(apex, name_root);
	while ((e = zone_record_next(v, &first, apex, &z)) == ERR_OK) {
		e = recall_zone(seen, v, &z);
		if (e != ERR_OK)
			return e;
	}
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

void
update_seen_set_clock(struct update_seen *seen, uint64_t (*now)(void))
{
	seen->now = now;
}

uint64_t
update_seen_now(const struct update_seen *seen)
{
	return seen->now();
}

bool
update_seen_enter(struct update_seen *seen)
{
	if (atomic_fetch_add(&seen->waiting, 1) < UPDATE_WAITING_MAX)
		return true;
	atomic_fetch_sub(&seen->waiting, 1);
	return false;
}

void
update_seen_leave(struct update_seen *seen)
{
	atomic_fetch_sub(&seen->waiting, 1);
}

/* Octets that a MAC has at least: RFC 8945 5.2.2.1. */
static size_t
mac_octets(enum tsig_algorithm a)
{
	switch (a) {
	case TSIG_HMAC_SHA1:
		return 10;
	case TSIG_HMAC_SHA224:
		return 14;
	default:
		return 16;
	}
}

void
update_seen_identify(struct update_seen_id *id, const struct tsig_state *tsig)
{
	size_t len = mac_octets(tsig->key->algorithm);

	memset(id, 0, sizeof(*id));
	id->key = name_hash(tsig->key->name);
	memcpy(id->mac, tsig->mac, len < tsig->mac_len ? len : tsig->mac_len);
}

/* A MAC is as good as random; nobody without the key can choose it. */
static uint32_t *
bucket_of(const struct update_seen *seen, const struct update_seen_id *id)
{
	return &seen->buckets[get32(id->mac) & (seen->room - 1)];
}

static bool
id_equal(const struct update_seen_id *a, const struct update_seen_id *b)
{
	return a->key == b->key && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

void
update_seen_remove(struct update_seen *seen, struct update_seen_entry *e)
{
	uint32_t place = (uint32_t)(e - seen->ring) + 1;
	uint32_t *link = bucket_of(seen, &e->id);

	while (*link != place) {
		must(*link != 0);
		link = &seen->ring[*link - 1].next;
	}
	*link = e->next;
	free(e->reason);
	e->reason = NULL;
	e->gone = true;
}

struct update_seen_entry *
update_seen_find(struct update_seen *seen, const struct update_seen_id *id)
{
	struct update_seen_entry *e;
	uint32_t at;

	if (seen->room == 0)
		return NULL;
	for (at = *bucket_of(seen, id); at != 0; at = e->next) {
		e = &seen->ring[at - 1];
		if (!id_equal(&e->id, id))
			continue;
		if (e->owner != NULL || seen->now() <= e->expires)
			return e;
		update_seen_remove(seen, e);
		return NULL;
	}
	return NULL;
}

static void
drop_first(struct update_seen *seen)
{
	struct update_seen_entry *e =
		&seen->ring[seen->first & (seen->room - 1)];

	if (!e->gone)
		update_seen_remove(seen, e);
	seen->first++;
}

static void
link_entry(struct update_seen *seen, struct update_seen_entry *e)
{
	uint32_t *bucket = bucket_of(seen, &e->id);

	e->next = *bucket;
	*bucket = (uint32_t)(e - seen->ring) + 1;
}

static bool
grow(struct update_seen *seen)
{
	uint32_t room = seen->room == 0 ? SEEN_ROOM_FIRST : 2 * seen->room;
	struct update_seen_entry *ring = calloc(room, sizeof(*ring));
	uint32_t *buckets = calloc(room, sizeof(*buckets));
	uint32_t count = 0;

	if (ring == NULL || buckets == NULL) {
		free(ring);
		free(buckets);
		return false;
	}
	for (uint32_t p = seen->first; p != seen->last; p++)
		if (!seen->ring[p & (seen->room - 1)].gone)
			ring[count++] = seen->ring[p & (seen->room - 1)];
	free(seen->ring);
	free(seen->buckets);
	seen->ring = ring;
	seen->buckets = buckets;
	seen->room = room;
	seen->first = 0;
	seen->last = count;
	for (uint32_t i = 0; i < count; i++)
		link_entry(seen, &ring[i]);
	return true;
}

static bool
first_is_over(const struct update_seen *seen)
{
	const struct update_seen_entry *e;

	if (seen->first == seen->last)
		return false;
	e = &seen->ring[seen->first & (seen->room - 1)];
	return e->gone || (e->owner == NULL && seen->now() > e->expires);
}

struct update_seen_entry *
update_seen_add(struct update_seen *seen, const struct update_seen_id *id,
		uint64_t expires, const void *owner)
{
	struct update_seen_entry *e;

	while (first_is_over(seen))
		drop_first(seen);
	if (seen->last - seen->first == seen->room) {
		if (seen->room >= UPDATE_SEEN_MAX)
			drop_first(seen);
		else if (!grow(seen))
			return NULL;
	}
	e = &seen->ring[seen->last++ & (seen->room - 1)];
	memset(e, 0, sizeof(*e));
	e->id = *id;
	e->expires = expires;
	e->owner = owner;
	link_entry(seen, e);
	return e;
}
