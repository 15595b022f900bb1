#include "server/view.h"

static bool
prefix_is_link_local(const struct net_prefix *p)
{
	return p->family == AF_INET6 && p->bits >= 10 && p->addr[0] == 0xfe &&
	       (p->addr[1] & 0xc0) == 0x80;
}

/* Every link has the same link-local prefix; whose it is, the scope tells. */
static bool
interface_contains(const struct served_interface *i,
		   const struct net_addr *from)
{
	for (unsigned n = 0; n < i->prefix_count; n++) {
		if (!net_prefix_contains(&i->prefixes[n], from))
			continue;
		if (!prefix_is_link_local(&i->prefixes[n]) ||
		    from->in6.sin6_scope_id == i->index)
			return true;
	}
	return false;
}

static bool
inside_by_address(const struct served *s, const struct conf_zone *zone,
		  const struct net_addr *from)
{
	for (size_t i = 0; i < zone->inside_count; i++)
		if (net_prefix_contains(&zone->inside[i], from))
			return true;
	for (size_t i = 0; i < zone->inside_interface_count; i++)
		if (interface_contains(
			    &s->interfaces[zone->inside_interfaces[i]], from))
			return true;
	return false;
}

static bool
inside_by_key(const struct conf_zone *zone, const uint8_t *key)
{
	for (size_t i = 0; i < zone->inside_key_count; i++)
		if (name_equal(zone->inside_keys[i], key))
			return true;
	return false;
}

bool
view_inside(const struct served *s, int zone, const struct view_client *client)
{
	const struct conf_zone *z = &s->conf->zones[zone];

	return inside_by_address(s, z, client->from) ||
	       (client->key != NULL && inside_by_key(z, client->key));
}

bool
view_inside_any(const struct served *s, const struct view_client *client)
{
	const struct conf *c = s->conf;
	bool by_address;

	/* Zones may be thousands; different settings are a handful. */
	if (s->circle_count <= SERVED_CIRCLES_MAX) {
		by_address = view_mask(s, client->from) != 0;
		if (by_address || client->key == NULL)
			return by_address;
	}
	for (size_t i = 0; i < c->zone_count; i++)
		if (view_inside(s, (int)i, client))
			return true;
	return false;
}

uint64_t
view_mask(const struct served *s, const struct net_addr *from)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < s->circle_count; i++)
		if (inside_by_address(s, &s->conf->zones[s->circles[i]], from))
			mask |= (uint64_t)1 << i;
	return mask;
}

struct view
view_of(const struct served *s, int zone, const struct view_client *client)
{
	if (view_inside(s, zone, client))
		return (struct view){.zone = zone};
	if (client->exports != NULL && client->exports(client->arg, zone))
		return (struct view){.zone = zone, .outside = true};
	return (struct view){.zone = -1};
}

/* Zone i (-1: none) or the deepest above it that the client may see. */
static struct view
view_from(const struct served *s, int i, const struct view_client *client)
{
	struct view v = {.zone = -1};
	bool hidden = false;
	int passed = -1;

	for (; i >= 0; i = served_parent(s, i)) {
		v = view_of(s, i, client);
		if (v.zone >= 0)
			break;
		hidden = true;
		passed = i;
	}
	v.hidden = hidden;
	v.passed = passed;
	return v;
}

struct view
view_zone(const struct served *s, const uint8_t *name,
	  const struct view_client *client)
{
	return view_from(s, served_find(s, name), client);
}

struct view
view_above(const struct served *s, int zone, const struct view_client *client)
{
	return view_from(s, served_parent(s, zone), client);
}

bool
view_holds(const struct served *s, const uint8_t *name,
	   const struct view_client *client)
{
	return view_zone(s, name, client).zone >= 0;
}

bool
view_below(const struct served *s, const uint8_t *name,
	   const struct view_client *client)
{
	const struct conf *c = s->conf;
	size_t i = served_after(s, name);

	for (unsigned n = 0; n < VIEW_BELOW_MAX && i < c->zone_count;
	     n++, i++) {
		if (!name_at_or_below(c->zones[i].apex, name))
			return false;
		if (view_of(s, (int)i, client).zone >= 0)
			return true;
	}
	return false;
}
