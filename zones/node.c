#include "zones/node.h"

#include <string.h>

#define FORMAT 1
#define NODE_HEADER_LEN 4
#define SET_HEADER_LEN 12

/* What stands in a message before and behind a lone RRset, at worst: header,
 * question, OPT. And before each rdata: owner (a pointer), type, class, TTL,
 * RDLENGTH. */
#define MESSAGE_ROOM (65535 - 12 - (NAME_WIRE_MAX + 4) - 11)
#define MESSAGE_RR_LEN 12

/* --- reading -------------------------------------------------------------- */

static uint8_t
flags_of_type(uint16_t type)
{
	switch (type) {
	case RR_NS:
		return NODE_HAS_NS;
	case RR_DNAME:
		return NODE_HAS_DNAME;
	case RR_CNAME:
		return NODE_HAS_CNAME;
	default:
		return 0;
	}
}

/* The set whose header is at p, which node_open() has checked. */
static void
set_read(struct rrset *set, const uint8_t *p)
{
	set->type = get16(p);
	set->ttl = get32(p + 2);
	set->count = get16(p + 6);
	set->len = get16(p + 8);
	set->rdatas = p + SET_HEADER_LEN;
	set->meta = set->rdatas + set->len;
}

static size_t
set_size(const struct rrset *set)
{
	return SET_HEADER_LEN + (size_t)set->len +
	       (size_t)set->count * NODE_META_LEN;
}

/* Octets of a well-formed set at p, 0 if it is not. */
static size_t
set_check(struct rrset *set, const uint8_t *p, size_t room)
{
	size_t at = 0;

	if (room < SET_HEADER_LEN)
		return 0;
	set_read(set, p);
	if (set->count == 0 || get16(p + 10) != 0)
		return 0;
	if (room < set_size(set))
		return 0;
	for (unsigned i = 0; i < set->count; i++) {
		if (at + 2 > set->len)
			return 0;
		at += 2 + (size_t)get16(set->rdatas + at);
	}
	return at == set->len ? set_size(set) : 0;
}

bool
node_open(struct node *n, const uint8_t *octets, size_t len)
{
	size_t at = NODE_HEADER_LEN;
	struct rrset set;
	unsigned count;
	uint8_t flags = 0;
	int last = -1;

	n->octets = NULL;
	if (len < NODE_HEADER_LEN || octets[0] != FORMAT)
		return false;
	count = get16(octets + 2);
	for (unsigned i = 0; i < count; i++) {
		size_t size = set_check(&set, octets + at, len - at);

		if (size == 0 || set.type <= last)
			return false;
		last = set.type;
		flags |= flags_of_type(set.type);
		at += size;
	}
	if (count == 0 || at != len || flags != octets[1])
		return false;
	n->octets = octets;
	n->len = len;
	n->flags = flags;
	n->count = (uint16_t)count;
	return true;
}

bool
node_next(const struct node *n, size_t *at, struct rrset *set)
{
	if (n->octets == NULL)
		return false;
	if (*at == 0)
		*at = NODE_HEADER_LEN;
	if (*at >= n->len)
		return false;
	set_read(set, n->octets + *at);
	*at += set_size(set);
	return true;
}

bool
node_find(const struct node *n, uint16_t type, struct rrset *set)
{
	size_t at = 0;

	while (node_next(n, &at, set))
		if (set->type >= type)
			return set->type == type;
	return false;
}

bool
rrset_next(const struct rrset *set, size_t *at, const uint8_t **rdata,
	   uint16_t *rdlen)
{
	if (*at >= set->len)
		return false;
	*rdlen = get16(set->rdatas + *at);
	*rdata = set->rdatas + *at + 2;
	*at += 2 + (size_t)*rdlen;
	return true;
}

struct rr_meta
rrset_meta(const struct rrset *set, unsigned i)
{
	const uint8_t *p = set->meta + (size_t)i * NODE_META_LEN;

	must(i < set->count);
	return (struct rr_meta){
		.origin = p[0],
		.key_tag = get16(p + 2),
		.lease = get32(p + 4),
	};
}

/* --- a node in the making ------------------------------------------------- */

/* Room for one more of `size` octets each in a growing array. */
static void *
array_grow(struct arena *arena, void *array, unsigned count, unsigned *room,
	   size_t size)
{
	unsigned more = *room == 0 ? 4 : *room * 2;
	void *grown;

	if (count < *room)
		return array;
	grown = arena_alloc(arena, more * size);
	if (grown == NULL)
		return NULL;
	if (count > 0)
		memcpy(grown, array, count * size);
	*room = more;
	return grown;
}

static struct node_rrset *
draft_new_set(struct node_draft *d, uint16_t type)
{
	struct node_rrset *sets = array_grow(d->arena, d->sets, d->count,
					     &d->room, sizeof(*sets));

	if (sets == NULL)
		return NULL;
	d->sets = sets;
	sets[d->count] = (struct node_rrset){.type = type};
	return &sets[d->count++];
}

struct node_rrset *
node_draft_find(const struct node_draft *d, uint16_t type)
{
	for (unsigned i = 0; i < d->count; i++)
		if (d->sets[i].type == type)
			return &d->sets[i];
	return NULL;
}

/* Where the RR stands or would stand: RRs are kept in canonical order. */
static unsigned
set_place(const struct node_rrset *set, const uint8_t *rdata, size_t rdlen,
	  bool *there)
{
	unsigned low = 0, high = set->count;

	*there = false;
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		const struct node_rr *rr = &set->rrs[middle];
		int c = rr_rdata_cmp(set->type, rr->rdata, rr->rdlen, rdata,
				     rdlen);

		if (c == 0) {
			*there = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
node_rrset_index(const struct node_rrset *set, const uint8_t *rdata,
		 size_t rdlen)
{
	bool there;
	unsigned i = set_place(set, rdata, rdlen, &there);

	return there ? (int)i : -1;
}

static enum err
set_insert(struct arena *arena, struct node_rrset *set, unsigned place,
	   struct node_rr rr)
{
	struct node_rr *rrs;

	rrs = array_grow(arena, set->rrs, set->count, &set->room, sizeof(*rrs));
	if (rrs == NULL)
		return ERR_NOMEM;
	memmove(rrs + place + 1, rrs + place,
		(set->count - place) * sizeof(*rrs));
	rrs[place] = rr;
	set->rrs = rrs;
	set->count++;
	return ERR_OK;
}

enum err
node_draft_add(struct node_draft *d, uint16_t type, uint32_t ttl,
	       const uint8_t *rdata, size_t rdlen, struct rr_meta meta)
{
	struct node_rrset *set = node_draft_find(d, type);
	struct node_rr rr = {.rdlen = (uint16_t)rdlen, .meta = meta};
	bool there;

	must(rdlen <= RR_RDATA_MAX);
	rr.rdata = arena_copy(d->arena, rdata, rdlen);
	if (rr.rdata == NULL)
		return ERR_NOMEM;
	if (set == NULL)
		set = draft_new_set(d, type);
	if (set == NULL)
		return ERR_NOMEM;
	set->ttl = ttl;
	return set_insert(d->arena, set, set_place(set, rdata, rdlen, &there),
			  rr);
}

static enum err
draft_copy_set(struct node_draft *d, const struct rrset *from)
{
	struct node_rrset *set = draft_new_set(d, from->type);
	const uint8_t *copy, *rdata;
	struct rrset moved = *from;
	uint16_t rdlen;
	size_t at = 0;

	if (set == NULL)
		return ERR_NOMEM;
	copy = arena_copy(d->arena, from->rdatas, from->len);
	set->rrs = arena_alloc(d->arena,
			       ((size_t)from->count + 1) * sizeof(*set->rrs));
	if (copy == NULL || set->rrs == NULL)
		return ERR_NOMEM;
	set->ttl = from->ttl;
	set->room = from->count + 1u; /* most edits add one */
	moved.rdatas = copy;
	while (rrset_next(&moved, &at, &rdata, &rdlen)) {
		set->rrs[set->count] = (struct node_rr){
			.rdata = rdata,
			.rdlen = rdlen,
			.meta = rrset_meta(from, set->count),
		};
		set->count++;
	}
	return ERR_OK;
}

enum err
node_draft_from(struct node_draft *d, struct arena *arena, const struct node *n)
{
	struct rrset set;
	size_t at = 0;

	*d = (struct node_draft){.arena = arena};
	while (n != NULL && node_next(n, &at, &set)) {
		enum err e = draft_copy_set(d, &set);

		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

void
node_draft_remove_set(struct node_draft *d, struct node_rrset *set)
{
	unsigned i = (unsigned)(set - d->sets);

	must(i < d->count);
	memmove(set, set + 1, (d->count - i - 1) * sizeof(*set));
	d->count--;
}

void
node_draft_remove(struct node_draft *d, struct node_rrset *set, unsigned index)
{
	must(index < set->count);
	memmove(set->rrs + index, set->rrs + index + 1,
		(set->count - index - 1) * sizeof(*set->rrs));
	set->count--;
	if (set->count == 0)
		node_draft_remove_set(d, set);
}

/* Octets in the node; 0 if the set would not fit a message. */
static size_t
set_encoded_size(const struct node_rrset *set)
{
	size_t message = 0, size = SET_HEADER_LEN;

	for (unsigned i = 0; i < set->count; i++) {
		message += MESSAGE_RR_LEN + (size_t)set->rrs[i].rdlen;
		size += 2 + (size_t)set->rrs[i].rdlen + NODE_META_LEN;
		if (message > MESSAGE_ROOM)
			return 0;
	}
	return size;
}

static uint8_t *
set_encode(uint8_t *p, const struct node_rrset *set)
{
	uint8_t *header = p;

	p += SET_HEADER_LEN;
	for (unsigned i = 0; i < set->count; i++) {
		const struct node_rr *rr = &set->rrs[i];

		put16(p, rr->rdlen);
		if (rr->rdlen > 0)
			memcpy(p + 2, rr->rdata, rr->rdlen);
		p += 2 + rr->rdlen;
	}
	put16(header, set->type);
	put32(header + 2, set->ttl);
	put16(header + 6, (uint16_t)set->count);
	put16(header + 8, (uint16_t)(p - header - SET_HEADER_LEN));
	put16(header + 10, 0);
	for (unsigned i = 0; i < set->count; i++, p += NODE_META_LEN) {
		const struct rr_meta *meta = &set->rrs[i].meta;

		p[0] = meta->origin;
		p[1] = 0;
		put16(p + 2, meta->key_tag);
		put32(p + 4, meta->lease);
	}
	return p;
}

/* A name has few types and they are nearly in order: insertion sort. */
static void
draft_sort(struct node_draft *d)
{
	for (unsigned i = 1; i < d->count; i++) {
		struct node_rrset set = d->sets[i];
		unsigned j = i;

		for (; j > 0 && d->sets[j - 1].type > set.type; j--)
			d->sets[j] = d->sets[j - 1];
		d->sets[j] = set;
	}
}

enum err
node_encode(struct node_draft *d, const uint8_t **octets, size_t *len,
	    struct diag *diag)
{
	char text[RR_TYPE_TEXT_MAX];
	size_t size = NODE_HEADER_LEN;
	uint8_t *node, *p, flags = 0;

	*octets = NULL;
	*len = 0;
	if (d->count == 0)
		return ERR_OK;
	for (unsigned i = 0; i < d->count; i++) {
		size_t n = set_encoded_size(&d->sets[i]);

		if (n == 0)
			return diag_set(
				diag, ERR_RANGE,
				"the %s RRset is too large for a message of "
				"65535 octets",
				rr_type_to_text(text, d->sets[i].type));
		flags |= flags_of_type(d->sets[i].type);
		size += n;
	}
	node = arena_alloc(d->arena, size);
	if (node == NULL)
		return diag_set(diag, ERR_NOMEM, "out of memory");
	draft_sort(d);
	node[0] = FORMAT;
	node[1] = flags;
	put16(node + 2, (uint16_t)d->count);
	p = node + NODE_HEADER_LEN;
	for (unsigned i = 0; i < d->count; i++)
		p = set_encode(p, &d->sets[i]);
	must(p == node + size);
	*octets = node;
	*len = size;
	return ERR_OK;
}
