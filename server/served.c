#include "server/served.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
slots_for(size_t zones)
{
	uint32_t size = 8;

	while (size < zones * 2)
		size *= 2;
	return size;
}

static void
slot_put(struct served *s, const uint8_t *apex, uint32_t index)
{
	uint32_t at = (uint32_t)name_hash(apex) & s->mask;

	while (s->slots[at] != 0)
		at = (at + 1) & s->mask;
	s->slots[at] = index + 1;
}

static bool
inside_equal(const struct conf_zone *a, const struct conf_zone *b)
{
	return a->inside_count == b->inside_count &&
	       memcmp(a->inside, b->inside,
		      a->inside_count * sizeof(*a->inside)) == 0;
}

/* Few servers have more than a handful; beyond the most, nobody counts. */
static void
circle_add(struct served *s, const struct conf_zone *zone)
{
	if (zone->inside_count == 0 || s->circle_count > SERVED_CIRCLES_MAX)
		return;
	for (unsigned i = 0; i < s->circle_count; i++)
		if (inside_equal(s->circles[i], zone))
			return;
	if (s->circle_count < SERVED_CIRCLES_MAX)
		s->circles[s->circle_count] = zone;
	s->circle_count++;
}

struct served *
served_new(struct conf *conf)
{
	struct served *s = calloc(1, sizeof(*s));
	uint32_t size = slots_for(conf->zone_count);

	if (s == NULL)
		return NULL;
	s->slots = calloc(size, sizeof(*s->slots));
	if (s->slots == NULL) {
		free(s);
		return NULL;
	}
	s->mask = size - 1;
	atomic_init(&s->refs, 1);
	s->conf = conf;
	s->limits.rrset_limit = conf->rrset_limit;
	s->limits.types_limit = conf->types_limit;
	s->limits.journal_limit = conf->journal_limit;
	for (size_t i = 0; i < conf->zone_count; i++) {
		unsigned depth = name_labels(conf->zones[i].apex);

		slot_put(s, conf->zones[i].apex, (uint32_t)i);
		circle_add(s, &conf->zones[i]);
		if (depth > s->depth_max)
			s->depth_max = depth;
	}
	return s;
}

struct served *
served_hold(struct served *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
served_release(struct served *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	conf_free(s->conf);
	free(s->slots);
	free(s);
}

int
served_exact(const struct served *s, const uint8_t *apex)
{
	uint32_t at = (uint32_t)name_hash(apex) & s->mask;

	for (; s->slots[at] != 0; at = (at + 1) & s->mask) {
		uint32_t i = s->slots[at] - 1;

		if (name_equal(s->conf->zones[i].apex, apex))
			return (int)i;
	}
	return -1;
}

int
served_find(const struct served *s, const uint8_t *name)
{
	unsigned labels = name_labels(name);

	/* No zone lies deeper than depth_max: start there. */
	if (labels > s->depth_max) {
		name = name_skip(name, labels - s->depth_max);
		labels = s->depth_max;
	}
	for (;; name += 1 + name[0], labels--) {
		int i = served_exact(s, name);

		if (i >= 0 || labels == 0)
			return i;
	}
}

int
served_parent(const struct served *s, int i)
{
	const uint8_t *apex = s->conf->zones[i].apex;

	if (name_is_root(apex))
		return -1;
	return served_find(s, apex + 1 + apex[0]);
}
