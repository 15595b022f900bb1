#include "server/waiting.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct waiting_room {
	unsigned per_client;
	unsigned count;
	struct waiting *buckets[BUCKETS]; /* by client */
};

struct waiting_room *
waiting_room_new(unsigned per_client)
{
	struct waiting_room *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->per_client = per_client;
	return r;
}

void
waiting_room_free(struct waiting_room *r)
{
	must(r == NULL || r->count == 0);
	free(r);
}

void
waiting_room_limit(struct waiting_room *r, unsigned per_client)
{
	r->per_client = per_client;
}

unsigned
waiting_room_count(const struct waiting_room *r)
{
	return r->count;
}

struct waiting *
waiting_first(struct waiting_room *r)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		if (r->buckets[i] != NULL)
			return r->buckets[i];
	return NULL;
}

/* --- clients ---------------------------------------------------------------
 */

/* The octets that tell clients apart: an IPv6 host has a whole /64. */
static size_t
client_octets(const struct net_addr *a, const uint8_t **octets)
{
	if (a->sa.sa_family == AF_INET6 &&
	    !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		*octets = a->in6.sin6_addr.s6_addr;
		return 8;
	}
	if (a->sa.sa_family == AF_INET6) {
		*octets = a->in6.sin6_addr.s6_addr + 12;
		return 4;
	}
	*octets = (const uint8_t *)&a->in.sin_addr;
	return 4;
}

static bool
client_same(const struct net_addr *a, const struct net_addr *b)
{
	const uint8_t *x, *y;
	size_t len = client_octets(a, &x);

	return client_octets(b, &y) == len && memcmp(x, y, len) == 0;
}

static struct waiting **
client_bucket(struct waiting_room *r, const struct net_addr *a)
{
	const uint8_t *octets;
	size_t len = client_octets(a, &octets);
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octets[i]) * 16777619u;
	return &r->buckets[(hash ^ hash >> 16) % BUCKETS];
}

static bool
client_may_enter(const struct waiting_room *r, const struct waiting *bucket,
		 const struct net_addr *from)
{
	unsigned have = 0;

	if (r->count >= WAITING_MAX)
		return false;
	for (; bucket != NULL; bucket = bucket->next)
		if (client_same(&bucket->peer.from, from) &&
		    ++have >= r->per_client)
			return false;
	return true;
}

struct waiting *
waiting_enter(struct waiting_room *r, const struct net_peer *peer,
	      const uint8_t *wire, size_t len)
{
	struct waiting **bucket = client_bucket(r, &peer->from);
	struct waiting *w;

	if (!client_may_enter(r, *bucket, &peer->from))
		return NULL;
	w = malloc(sizeof(*w) + len);
	if (w == NULL)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->room = r;
	w->peer = *peer;
	w->len = len;
	memcpy(w->wire, wire, len);
	w->next = *bucket;
	w->link = bucket;
	if (w->next != NULL)
		w->next->link = &w->next;
	*bucket = w;
	r->count++;
	return w;
}

void
waiting_leave(struct waiting *w)
{
	struct waiting_given *g;

	must(w->asks == NULL);
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->room->count--;
	while ((g = w->given) != NULL) {
		w->given = g->next;
		free(g);
	}
	event_unwatch(w->deadline);
	free(w);
}

/* --- what is asked ---------------------------------------------------------
 */

struct waiting_ask *
waiting_ask_new(struct waiting *w, const uint8_t *qname, uint16_t qtype)
{
	struct waiting_ask *a = malloc(sizeof(*a));

	if (a == NULL)
		return NULL;
	a->waiting = w;
	a->handle = NULL;
	a->qtype = qtype;
	name_lower(a->qname, qname);
	a->next = w->asks;
	a->link = &w->asks;
	if (a->next != NULL)
		a->next->link = &a->next;
	w->asks = a;
	return a;
}

void
waiting_ask_free(struct waiting_ask *a)
{
	*a->link = a->next;
	if (a->next != NULL)
		a->next->link = a->link;
	free(a);
}

/* --- what was brought ------------------------------------------------------
 */

bool
waiting_give(struct waiting *w, const uint8_t *qname, uint16_t qtype,
	     const struct resolve_result *result)
{
	bool failed = result->outcome != RESOLVE_ANSWER;
	size_t len = failed ? 0 : result->entry.len;
	struct waiting_given *g;

	if (w->given_count == WAITING_GIVEN_MAX)
		return false;
	g = malloc(sizeof(*g) + len);
	if (g == NULL)
		return false;
	name_lower(g->qname, qname);
	g->qtype = qtype;
	g->failed = failed;
	g->ede = result->ede;
	memcpy(g->text, result->text, sizeof(g->text));
	if (!failed) {
		memcpy(g->octets, result->entry.octets, len);
		entry_view(&g->entry, g->octets, len);
	}
	g->next = w->given;
	w->given = g;
	w->given_count++;
	return true;
}

const struct waiting_given *
waiting_find(const struct waiting *w, const uint8_t *qname, uint16_t qtype)
{
	const struct waiting_given *g = w->given;

	while (g != NULL && (g->qtype != qtype || !name_equal(g->qname, qname)))
		g = g->next;
	return g;
}
