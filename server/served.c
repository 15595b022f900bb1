#include "server/served.h"

#include <net/if.h>
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

/* --- interfaces ------------------------------------------------------------
 */

static void
interface_read(struct served_interface *i, const char *name)
{
	memset(i, 0, sizeof(*i));
	i->index = if_nametoindex(name);
	i->prefix_count = (unsigned)net_prefixes_of_interface(
		i->prefixes, SERVED_PREFIXES_MAX, name);
}

/* NULL: memory. */
static struct served_interface *
interfaces_read(const struct conf *conf)
{
	size_t count = conf->interface_count;
	struct served_interface *all =
		calloc(count > 0 ? count : 1, sizeof(*all));

	for (size_t i = 0; all != NULL && i < count; i++)
		interface_read(&all[i], conf->interfaces[i]);
	return all;
}

/* --- circles ---------------------------------------------------------------
 */

/* Who is inside by address; keys are not told apart here. */
static bool
inside_equal(const struct conf_zone *a, const struct conf_zone *b)
{
	return a->inside_count == b->inside_count &&
	       a->inside_interface_count == b->inside_interface_count &&
	       (a->inside_count == 0 ||
		memcmp(a->inside, b->inside,
		       a->inside_count * sizeof(*a->inside)) == 0) &&
	       (a->inside_interface_count == 0 ||
		memcmp(a->inside_interfaces, b->inside_interfaces,
		       a->inside_interface_count *
			       sizeof(*a->inside_interfaces)) == 0);
}

/* Few servers have more than a handful; beyond the most, nobody counts. */
static void
circle_add(struct served *s, uint32_t index)
{
	const struct conf_zone *zones = s->conf->zones;

	if (zones[index].inside_count + zones[index].inside_interface_count ==
		    0 ||
	    s->circle_count > SERVED_CIRCLES_MAX)
		return;
	for (unsigned i = 0; i < s->circle_count; i++)
		if (inside_equal(&zones[s->circles[i]], &zones[index]))
			return;
	if (s->circle_count < SERVED_CIRCLES_MAX)
		s->circles[s->circle_count] = index;
	s->circle_count++;
}

/* --- life ------------------------------------------------------------------
 */

/* Takes over interfaces (NULL: there was no memory for them) in any case. */
static struct served *
served_make(struct conf *conf, struct served_interface *interfaces)
{
	struct served *s = calloc(1, sizeof(*s));
	uint32_t size = slots_for(conf->zone_count);
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (s == NULL || slots == NULL || interfaces == NULL) {
		free(s);
		free(slots);
		free(interfaces);
		return NULL;
	}
	s->slots = slots;
	s->mask = size - 1;
	atomic_init(&s->refs, 1);
	s->conf = conf;
	s->interfaces = interfaces;
	s->limits.rrset_limit = conf->rrset_limit;
	s->limits.types_limit = conf->types_limit;
	s->limits.journal_limit = conf->journal_limit;
	for (size_t i = 0; i < conf->zone_count; i++) {
		unsigned depth = name_labels(conf->zones[i].apex);

		slot_put(s, conf->zones[i].apex, (uint32_t)i);
		circle_add(s, (uint32_t)i);
		s->depths[depth] = true;
		if (depth > s->depth_max)
			s->depth_max = depth;
	}
	return s;
}

struct served *
served_new(struct conf *conf)
{
	return served_make(conf, interfaces_read(conf));
}

struct served *
served_renew(struct served *s, enum err *e)
{
	struct served_interface *now = interfaces_read(s->conf);
	struct served *made;

	*e = ERR_OK;
	if (now != NULL &&
	    memcmp(now, s->interfaces,
		   s->conf->interface_count * sizeof(*now)) == 0) {
		free(now);
		return NULL;
	}
	made = served_make(s->conf, now);
	if (made == NULL)
		*e = ERR_NOMEM;
	else
		made->origin = served_hold(s->origin != NULL ? s->origin : s);
	return made;
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
	struct served *origin;

	while (s != NULL && atomic_fetch_sub(&s->refs, 1) == 1) {
		origin = s->origin;
		if (origin == NULL)
			conf_free(s->conf);
		free(s->interfaces);
		free(s->slots);
		free(s);
		s = origin;
	}
}

struct zone_facts *
served_facts_new(const struct served *s)
{
	size_t n = s->conf->zone_count;
	struct zone_facts *facts = calloc(2 * n + 1, sizeof(*facts));

	for (size_t i = 0; facts != NULL && i < n; i++)
		facts[2 * i + 1].outside = true;
	return facts;
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
		int i = s->depths[labels] ? served_exact(s, name) : -1;

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

size_t
served_after(const struct served *s, const uint8_t *name)
{
	size_t low = 0, high = s->conf->zone_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (name_cmp(s->conf->zones[mid].apex, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
