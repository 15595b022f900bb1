/*
 * What delegated children elsewhere have to say. They are asked for TXT, which
 * tells distances, all at once and by the resolver; when enough of it came the
 * question is served again, and finds it in the waiting room (recurse.h).
 */
#include "server/space_internal.h"

#include "server/recurse.h"

#include <stdlib.h>
#include <string.h>

bool
space_may_gather(const struct query *q, struct view view)
{
	return !view.outside && (q->msg.flags & MSG_RD) != 0 &&
	       recurse_offered(q);
}

/* --- a line of a child's answer ------------------------------------------- */

struct line {
	unsigned long rank; /* 0: a continuation */
	bool has_distance;
	uint64_t distance; /* mm */
	uint8_t name[NAME_WIRE_MAX];
};

/* The strings of a TXT RR, one behind the other. False: too long. */
static bool
text_of(char dst[SPACE_LINE_MAX], const uint8_t *rdata, size_t len)
{
	size_t at = 0, used = 0;

	while (at < len) {
		size_t part = rdata[at++];

		if (part > len - at || used + part >= SPACE_LINE_MAX)
			return false;
		memcpy(dst + used, rdata + at, part);
		used += part;
		at += part;
	}
	dst[used] = '\0';
	return strlen(dst) == used;
}

static bool
read_metres(struct line *l, const char *text, size_t len)
{
	const char *dot = memchr(text, '.', len);
	size_t whole = dot != NULL ? (size_t)(dot - text) : len;

	l->has_distance = !(len == 1 && text[0] == '-');
	l->distance = 0;
	return !l->has_distance ||
	       place_decimal(&l->distance, text, whole, dot ? dot + 1 : "",
			     dot ? len - whole - 1 : 0, 1000, SPACE_RADIUS_MAX);
}

/* "1 2.35 lamp.house.": as space_line() writes it. */
static bool
read_line(struct line *l, const uint8_t *rdata, size_t len)
{
	char text[SPACE_LINE_MAX], *metres, *name, *end;

	if (!text_of(text, rdata, len))
		return false;
	metres = strchr(text, ' ');
	name = metres != NULL ? strchr(metres + 1, ' ') : NULL;
	if (name == NULL)
		return false;
	l->rank = 0;
	if (text[0] != '-') {
		l->rank = strtoul(text, &end, 10);
		if (end != metres || l->rank == 0)
			return false;
	}
	return read_metres(l, metres + 1, (size_t)(name - metres - 1)) &&
	       name_from_text(l->name, name + 1, NULL, NULL) == ERR_OK;
}

/* --- one child ------------------------------------------------------------ */

/* Names where the question goes on. */
struct onward {
	const uint8_t **names;
	unsigned count;
};

static void
go_on(struct space_search *s, struct onward *on, const uint8_t *name)
{
	const uint8_t *kept = arena_copy(&s->arena, name, name_len(name));

	if (kept == NULL || on->count == SPACE_CHILDREN_MAX)
		s->more = true;
	else
		on->names[on->count++] = kept;
}

/* The child's answer as hits, in its own order. */
struct answer {
	struct space_hit *hits;
	unsigned long *ranks;
	unsigned count, room;
	const struct space_riders *riders; /* of each of them */
};

/* A child tells in order of rank; what comes late is moved to its place. */
static void
answer_add(struct answer *a, const struct space_hit *hit, unsigned long rank)
{
	unsigned i = a->count++;

	for (; i > 0 && a->ranks[i - 1] > rank; i--) {
		a->hits[i] = a->hits[i - 1];
		a->ranks[i] = a->ranks[i - 1];
	}
	a->hits[i] = *hit;
	a->ranks[i] = rank;
}

/* What a child says, it may say of what is below its own name. */
static void
take_line(struct space_search *s, const struct space_child *c, struct answer *a,
	  struct onward *on, const struct line *l)
{
	struct space_hit hit = {
		.riders = a->riders,
		.has_distance = l->has_distance,
		.distance = l->distance,
		.order = (double)l->distance / 1000,
	};

	if (!name_at_or_below(l->name, c->apex))
		return;
	if (l->rank == 0) {
		go_on(s, on, l->name);
		return;
	}
	/* a child's footprints are within its own */
	if (s->q->kind == SPACE_IN)
		hit.order = space_child_area(c) - 1;
	hit.name = arena_copy(&s->arena, l->name, name_len(l->name));
	if (hit.name == NULL || a->count == a->room)
		s->more = true;
	else
		answer_add(a, &hit, l->rank);
}

static bool
answer_init(struct answer *a, struct space_search *s,
	    const struct recurse_gathered *g, unsigned room)
{
	struct space_riders *riders = arena_alloc(&s->arena, sizeof(*riders));

	if (riders != NULL)
		*riders = (struct space_riders){g->entry, g->ttl};
	a->riders = riders;
	a->count = 0;
	a->room = room;
	a->hits = arena_alloc(&s->arena, room * sizeof(*a->hits));
	a->ranks = arena_alloc(&s->arena, room * sizeof(*a->ranks));
	if (a->hits == NULL || a->ranks == NULL)
		s->more = true;
	return a->hits != NULL && a->ranks != NULL;
}

/* By name, as space_merge() wants them: the child has them by its own rule,
 * and where it is not ours nothing must break. */
static void
sort(const struct space_search *s, struct answer *a)
{
	for (unsigned i = 0; s->q->kind != SPACE_IN && i < a->count; i++)
		a->ranks[i] = 0;
	for (unsigned n = 1; s->q->kind != SPACE_IN && n < a->count; n++) {
		struct space_hit hit = a->hits[n];
		unsigned i = n;

		for (; i > 0; i--) {
			const struct space_hit *h = &a->hits[i - 1];
			bool after = s->q->kind == SPACE_HERE ||
						     h->order == hit.order
					     ? name_cmp(h->name, hit.name) > 0
					     : h->order > hit.order;

			if (!after)
				break;
			a->hits[i] = *h;
		}
		a->hits[i] = hit;
	}
}

/* name: what the child was asked. */
static void
take_answer(struct space_search *s, const struct space_child *c,
	    const uint8_t *name, const struct recurse_gathered *g,
	    struct onward *on)
{
	const struct entry *e = &g->entry;
	const uint8_t *end = entry_chain_end(e, name, RR_TXT), *rdata;
	struct entry_rrset r;
	struct answer a;
	struct line line;
	uint16_t rdlen;
	size_t at = 0;

	if (!entry_find(e, MSG_AN, end, RR_TXT, &r)) {
		/* it handed the question on to a child of its own */
		if (!name_equal(end, name) && name_at_or_below(end, c->apex))
			go_on(s, on, end);
		return;
	}
	if (!answer_init(&a, s, g, r.set.count))
		return;
	while (rrset_next(&r.set, &at, &rdata, &rdlen))
		if (read_line(&line, rdata, rdlen))
			take_line(s, c, &a, on, &line);
	sort(s, &a);
	space_merge(s, a.hits, a.count);
}

/* --- all of them ---------------------------------------------------------- */

enum space_result
space_gather(struct query *q, struct space_search *s, const uint8_t *name,
	     const struct space_child *children, unsigned count,
	     const uint8_t **on_names, unsigned *on_count, uint32_t *ttl)
{
	struct onward on = {.names = on_names};
	uint8_t made[NAME_WIRE_MAX];

	for (unsigned i = 0; i < count; i++) {
		const struct space_child *c = &children[i];
		size_t len = space_question_move(made, s->q, name, c->apex);
		struct recurse_gathered g;
		const uint8_t *asked;

		asked = len > 0 ? arena_copy(&s->arena, made, len) : NULL;
		if (asked == NULL) {
			s->more = true;
			continue;
		}
		switch (recurse_gather(q,
				       &(struct recurse_child){asked, RR_TXT,
							       true, &c->cut,
							       c->facts},
				       &g)) {
		case RECURSE_GATHERED:
			if (g.ttl < *ttl)
				*ttl = g.ttl;
			take_answer(s, c, asked, &g, &on);
			break;
		case RECURSE_ASKED:
			break;
		case RECURSE_MISSED:
		case RECURSE_NOBODY:
			q->personal = true; /* the next one may be luckier */
			go_on(s, &on, asked);
			break;
		}
	}
	*on_count = on.count;
	if (q->ask_count == 0)
		return SPACE_DONE;
	q->ask_deadline = q->env->served->conf->space.gather_ms;
	return SPACE_LATER;
}
