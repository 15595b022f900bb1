/* Hits as RRsets: PTR or TXT at the asked name, and as additional data what a
 * client would ask for next. */
#include "server/space_internal.h"

#include "server/answer.h"
#include "zones/key.h"
#include "zones/places.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Hits whose data rides along; few of them fit into a datagram. */
#define RIDERS_UDP 24
#define RIDERS_TCP 64
/* Hits that are looked up side by side. */
#define TOGETHER 16
/* Items left for the addresses that SRV records bring along. */
#define ITEMS_LEFT 32
/* Octets of a message that OPT and TSIG may need. */
#define MESSAGE_LEFT 1024

/* --- the answer ----------------------------------------------------------- */

/* "1 2.35 lamp.house.": dst has SPACE_LINE_MAX octets; rank 0: a continuation.
 * Returns strlen. */
static size_t
space_line(char *dst, unsigned rank, const struct space_hit *hit,
	   const uint8_t *name)
{
	char text[NAME_TEXT_MAX];
	uint64_t cm;

	name_to_text(text, name);
	if (rank == 0)
		return (size_t)snprintf(dst, SPACE_LINE_MAX, "- - %s", text);
	if (!hit->has_distance)
		return (size_t)snprintf(dst, SPACE_LINE_MAX, "%u - %s", rank,
					text);
	cm = (hit->distance + 5) / 10;
	return (size_t)snprintf(dst, SPACE_LINE_MAX,
				"%u %" PRIu64 ".%02" PRIu64 " %s", rank,
				cm / 100, cm % 100, text);
}

/* A set in the making: RRs of any length, up to what a message holds. */
struct making {
	uint16_t type;
	uint8_t *rdatas;
	size_t len, cap;
	unsigned count;
	size_t octets, octets_max; /* as they may be in the message */
};

/* False: there is no room. */
static bool
making_add(struct making *m, const uint8_t *rdata, size_t len)
{
	size_t octets = 12 + len; /* the owner is a pointer */

	if (m->len + 2 + len > m->cap || m->octets + octets > m->octets_max)
		return false;
	put16(m->rdatas + m->len, (uint16_t)len);
	memcpy(m->rdatas + m->len + 2, rdata, len);
	m->len += 2 + len;
	m->octets += octets;
	m->count++;
	return true;
}

static bool
making_add_text(struct making *m, const char *text, size_t len)
{
	uint8_t rdata[SPACE_LINE_MAX + SPACE_LINE_MAX / 255 + 1];
	size_t at = 0;

	while (len > 0) {
		size_t part = len < 255 ? len : 255;

		rdata[at++] = (uint8_t)part;
		memcpy(rdata + at, text, part);
		at += part;
		text += part;
		len -= part;
	}
	return making_add(m, rdata, at);
}

static bool
making_add_hit(struct making *m, unsigned rank, const struct space_hit *hit,
	       const uint8_t *name)
{
	char line[SPACE_LINE_MAX];

	if (m->type == RR_PTR)
		return making_add(m, name, name_len(name));
	return making_add_text(m, line, space_line(line, rank, hit, name));
}

/* Where to go on is worth more than a hit. */
static void
fill(struct making *m, struct space_search *s, const uint8_t *const *on,
     unsigned on_count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < on_count; i++)
		if (!making_add_hit(m, 0, NULL, on[i]))
			s->more = true;
	while (n < s->count &&
	       making_add_hit(m, n + 1, &s->hits[n], s->hits[n].name))
		n++;
	if (n < s->count)
		s->more = true;
	s->count = n;
}

/* --- additional data ------------------------------------------------------ */

static bool
has_room(const struct query *q)
{
	return q->count < QUERY_ITEMS_MAX - ITEMS_LEFT;
}

static void
ride(struct query *q, const uint8_t *owner, const struct node *n,
     enum places_part part, enum places_told what)
{
	struct rrset set;
	size_t at = 0;

	while (has_room(q) && node_next(n, &at, &set))
		if (places_told(part, set.type) == what &&
		    !answer_holds(q, owner, set.type))
			answer_add(q, MSG_AR, owner, &set);
}

/* The name of a part below the hit; NULL: there is no room. */
static const uint8_t *
part_name(struct space_search *s, const struct space_hit *hit,
	  enum places_part part)
{
	const uint8_t *label = places_part_label[part];
	uint8_t name[NAME_WIRE_MAX];
	size_t len = name_concat(name, label, label[0] + 1u, hit->name);

	return len > 0 ? arena_copy(&s->arena, name, len) : NULL;
}

/* What the index has of it. */
static void
ride_point(struct query *q, struct space_search *s, const struct space_hit *hit,
	   const struct places_point *p, enum places_told what)
{
	struct places_rider r;
	size_t at = 0;

	if (what == PLACES_WHERE && !answer_holds(q, hit->name, RR_LOC))
		answer_add(q, MSG_AR, hit->name, &p->loc);
	while (has_room(q) && places_rider_next(p, &at, &r)) {
		const uint8_t *owner = hit->name;

		if (places_told(r.part, r.set.type) != what)
			continue;
		if (r.part != PLACES_ITSELF)
			owner = part_name(s, hit, r.part);
		if (owner != NULL && !answer_holds(q, owner, r.set.type))
			answer_add(q, MSG_AR, owner, &r.set);
	}
}

/* An instance stands where its host does. */
static void
ride_hosts(struct query *q, const struct space_hit *hit,
	   const struct rrset *srv)
{
	const uint8_t *rdata, *host;
	struct node node;
	uint16_t rdlen;
	size_t at = 0;

	while (has_room(q) && rrset_next(srv, &at, &rdata, &rdlen)) {
		host = rr_rdata_target(RR_SRV, rdata);
		if (name_at_or_below(host, hit->facts->apex) &&
		    lookup_node(q->env->view, hit->facts->record.id,
				hit->facts->apex, host, &node) == ERR_OK)
			ride(q, host, &node, PLACES_ITSELF, PLACES_WHERE);
	}
}

/* The hit's key, into KEY_MAX octets; its length. */
static size_t
hit_key(uint8_t *key, const struct space_hit *hit)
{
	put32(key, hit->facts->record.id);
	memcpy(key + KEY_ID_LEN, hit->owner, hit->owner_len);
	return (size_t)KEY_ID_LEN + hit->owner_len;
}

/* Addresses beyond IP, at names right below the hit. */
static void
ride_radios(struct query *q, struct space_search *s,
	    const struct space_hit *hit)
{
	uint8_t key[KEY_MAX + 1];
	size_t len = hit_key(key, hit);
	struct node n;
	bool there;

	/* most hits have nothing below them that begins so */
	if (places_parts_there(q->env->view, key, len, &there) != ERR_OK ||
	    !there)
		return;
	for (enum places_part part = PLACES_BLE;
	     part < PLACES_PARTS && has_room(q); part++) {
		const uint8_t *owner;

		if (places_part_get(q->env->view, key, len, part, &n) !=
			    ERR_OK ||
		    n.octets == NULL)
			continue;
		owner = part_name(s, hit, part);
		if (owner != NULL)
			ride(q, owner, &n, part, PLACES_MORE);
	}
}

/* --- what came along from a child ----------------------------------------- */

/* Whether a set of that owner says where an instance's host stands. */
static bool
is_host(const struct space_hit *hit, const uint8_t *owner)
{
	const uint8_t *rdata;
	struct entry_rrset srv;
	uint16_t rdlen;
	size_t at = 0;

	if (!entry_find(&hit->riders->entry, MSG_AR, hit->name, RR_SRV, &srv))
		return false;
	while (rrset_next(&srv.set, &at, &rdata, &rdlen))
		if (name_equal(rr_rdata_target(RR_SRV, rdata), owner))
			return true;
	return false;
}

/* What a set of a child's tells, as with our own. */
static enum places_told
told_by_child(const struct space_hit *hit, const struct entry_rrset *r)
{
	enum places_told what = places_told(PLACES_ITSELF, r->set.type);

	if (r->section != MSG_AR)
		return PLACES_UNTOLD;
	if (name_equal(r->owner, hit->name))
		return what;
	if (name_at_or_below(r->owner, hit->name))
		return what == PLACES_MORE ? what : PLACES_UNTOLD;
	return what != PLACES_MORE && is_host(hit, r->owner) ? what
							     : PLACES_UNTOLD;
}

static void
ride_from_child(struct query *q, const struct space_hit *hit,
		enum places_told what)
{
	struct entry_rrset r;
	size_t at = 0;

	while (has_room(q) && entry_next(&hit->riders->entry, &at, &r)) {
		if (told_by_child(hit, &r) != what ||
		    answer_holds(q, r.owner, r.set.type))
			continue;
		r.set.ttl = hit->riders->ttl;
		answer_add(q, MSG_AR, r.owner, &r.set);
		q->items[q->count - 1].foreign = true;
	}
}

/* --- all of it ------------------------------------------------------------ */

/* What is known of a hit's name, from the index or from its node. */
struct known {
	struct node node;	   /* octets NULL: nothing */
	struct rrset srv;	   /* len 0: there is none */
	struct places_point point; /* with riders, if has_point */
	bool has_point;
	bool barren;		   /* there is nothing below it */
	bool rides[PLACES_UNTOLD]; /* by what it tells */
};

static void
ride_told(struct query *q, struct space_search *s, const struct space_hit *hit,
	  const struct known *known, enum places_told what)
{
	if (hit->riders != NULL)
		ride_from_child(q, hit, what);
	if (known->rides[what] && known->has_point)
		ride_point(q, s, hit, &known->point, what);
	else if (known->rides[what])
		ride(q, hit->name, &known->node, PLACES_ITSELF, what);
	if (what == PLACES_WHERE && known->srv.len > 0)
		ride_hosts(q, hit, &known->srv);
	if (what == PLACES_MORE && known->node.octets != NULL && !known->barren)
		ride_radios(q, s, hit);
}

static void
ride_along(struct query *q, struct space_search *s, const struct known *known,
	   unsigned riders)
{
	for (enum places_told what = PLACES_WHERE; what < PLACES_UNTOLD; what++)
		for (unsigned i = 0; i < riders && has_room(q); i++)
			ride_told(q, s, &s->hits[i], &known[i], what);
}

/* --- what is known ------------------------------------------------------- */

/* What the look-up side by side left open. */
static void
look_up_one(struct query *q, const struct space_hit *hit,
	    const struct store_value *value, struct node *n)
{
	enum err e = ERR_OK;

	if (value->octets == NULL)
		e = lookup_node(q->env->view, hit->facts->record.id,
				hit->facts->apex, hit->name, n);
	else if (!node_open(n, value->octets, value->len))
		e = ERR_CORRUPT;
	if (e != ERR_OK)
		n->octets = NULL;
}

/* That this set comes along. */
static void
note(struct known *known, enum places_part part, const struct rrset *set)
{
	enum places_told what = places_told(part, set->type);

	if (what != PLACES_UNTOLD)
		known->rides[what] = true;
	if (set->type == RR_SRV)
		known->srv = *set;
}

/* What is said of a place holds no longer than its LOC. */
static void
hold(const struct rrset *set, uint32_t *ttl)
{
	if (set->type == RR_LOC && set->ttl < *ttl)
		*ttl = set->ttl;
}

static void
look_into_node(struct known *known, uint32_t *ttl)
{
	struct rrset set;
	size_t at = 0;

	while (node_next(&known->node, &at, &set)) {
		note(known, PLACES_ITSELF, &set);
		hold(&set, ttl);
	}
}

/* False: the index does not have all of it. */
static bool
look_into_point(struct known *known, const struct space_hit *hit, uint32_t *ttl)
{
	struct places_rider r;
	size_t at = 0;

	if (hit->point.octets == NULL ||
	    !places_point_open(&known->point, &hit->point) ||
	    !known->point.has_riders)
		return false;
	known->has_point = true;
	note(known, PLACES_ITSELF, &known->point.loc);
	hold(&known->point.loc, ttl);
	while (places_rider_next(&known->point, &at, &r))
		note(known, r.part, &r.set);
	return true;
}

/* TOGETHER hits at most: a store that does not fit into the processor's caches
 * is waited for once, not once a hit. */
static void
look_up_some(struct query *q, const struct space_hit *hits, unsigned n,
	     struct known *known, uint32_t *ttl)
{
	uint8_t keys[TOGETHER][KEY_MAX + 1];
	struct store_wanted wanted[TOGETHER];
	unsigned at[TOGETHER], count = 0;

	for (unsigned i = 0; i < n; i++) {
		known[i] = (struct known){0};
		if (hits[i].facts == NULL ||
		    look_into_point(&known[i], &hits[i], ttl))
			continue;
		at[count] = i;
		wanted[count].key = keys[count];
		wanted[count].key_len = hit_key(keys[count], &hits[i]);
		count++;
	}
	store_get_many(q->env->view, wanted, count);
	for (unsigned i = 0; i < count; i++) {
		struct known *to = &known[at[i]];

		look_up_one(q, &hits[at[i]], &wanted[i].value, &to->node);
		to->barren = wanted[i].barren;
		look_into_node(to, ttl);
	}
}

/* All hits, of which the first ones, the riders, are to be kept; known has room
 * for TOGETHER more. */
static void
look_up(struct query *q, const struct space_search *s, struct known *known,
	unsigned riders, uint32_t *ttl)
{
	for (unsigned i = 0; i < s->count; i += TOGETHER) {
		unsigned n = s->count - i < TOGETHER ? s->count - i : TOGETHER;

		look_up_some(q, &s->hits[i], n, &known[i < riders ? i : riders],
			     ttl);
	}
}

/* --- the whole ------------------------------------------------------------ */

static void
tell_more(struct query *q, const struct space_search *s)
{
	if (!s->more)
		return;
	q->ede = MSG_EDE_OTHER;
	q->ede_text = "there may be more than is told here: a limit was met";
}

enum space_result
space_answer(struct query *q, struct space_search *s, const uint8_t *name,
	     uint16_t type, const uint8_t *const *on, unsigned on_count,
	     uint32_t ttl)
{
	unsigned riders = q->peer->tcp != NULL ? RIDERS_TCP : RIDERS_UDP;
	size_t used = WIRE_HEADER_LEN + q->msg.qname_len + 4u + MESSAGE_LEFT;
	struct making m = {
		.type = type == RR_TXT ? RR_TXT : RR_PTR,
		.cap = UINT16_MAX,
		.octets_max = WIRE_MSG_MAX - used,
	};
	struct known known[RIDERS_TCP + TOGETHER];
	struct rrset set;

	m.rdatas = arena_alloc(&s->arena, m.cap);
	if (m.rdatas == NULL) {
		q->overflow = true;
		return SPACE_DONE;
	}
	fill(&m, s, on, on_count);
	tell_more(q, s);
	if (m.count == 0)
		return SPACE_EMPTY;
	if (riders > s->count)
		riders = s->count;
	look_up(q, s, known, riders, &ttl);
	set = (struct rrset){
		.type = m.type,
		.count = (uint16_t)m.count,
		.ttl = ttl,
		.rdatas = m.rdatas,
		.len = (uint16_t)m.len,
	};
	answer_add(q, MSG_AN, name, &set);
	if (q->overflow)
		return SPACE_DONE;
	q->items[q->count - 1].foreign = q->foreign;
	q->spatial = true;
	ride_along(q, s, known, riders);
	return SPACE_DONE;
}
