/*
 * Octets become a sequence of updates against a store; after each the zone must
 * be whole: SOA and NS at the apex, CNAME alone, one SOA, counts that match a
 * walk, a serial that never goes back, a journal that can be read.
 *
 *     octet & 7   0 to 2  add   3  delete an RR   4  an RRset   5  a name
 *                 6  the edit ends, under EDIT_UPDATE   7  under EDIT_STRICT
 *     further octets: owner, type, rdata, TTL, origin
 */
#include "tests/fuzz/fuzz_store.h"
#include "zones/edit.h"
#include "zones/journal.h"
#include "zones/lookup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGES_MAX 64

static const uint8_t apex[] = "\1z";
static const uint16_t types[] = {RR_A,	   RR_NS,  RR_CNAME, RR_DNAME,
				 RR_SOA,   RR_TXT, RR_KEY,   RR_PTR,
				 RR_RRSIG, RR_ANY, RR_AAAA,  65280};

struct input {
	const uint8_t *at, *end;
};

struct sequence {
	struct store_txn *t;
	struct edit_change changes[CHANGES_MAX];
	uint8_t owners[CHANGES_MAX][NAME_WIRE_MAX];
	uint8_t rdatas[CHANGES_MAX][64];
	unsigned count;
	uint32_t serial;
};

static uint8_t
take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* Up to three labels out of a few, so that names meet. */
static void
take_owner(struct input *in, uint8_t *owner)
{
	static const char *const labels[] = {"a", "*", "B", "_in", "b", "\1"};
	uint8_t choice = take(in);
	size_t len = 0;

	for (unsigned i = 0; i < (choice & 3u); i++) {
		const char *l = labels[(choice >> (2 + 2 * i)) % 6];

		owner[len] = (uint8_t)strlen(l);
		memcpy(owner + len + 1, l, owner[len]);
		len += 1 + owner[len];
	}
	memcpy(owner + len, apex, sizeof(apex));
}

/* Well-formed rdata of the type, mostly. */
static uint16_t
take_rdata(struct input *in, uint16_t type, uint8_t *rdata)
{
	uint8_t choice = take(in);

	memset(rdata, 0, 64);
	switch (type) {
	case RR_A:
		rdata[3] = choice & 7;
		return choice < 250 ? 4 : 5;
	case RR_AAAA:
		rdata[15] = choice & 7;
		return 16;
	case RR_SOA:
		put32(rdata + 2, (uint32_t)choice << 24 | take(in));
		return 22;
	case RR_TXT:
		rdata[0] = choice & 3;
		return 1 + (choice & 3);
	case RR_KEY:
		rdata[2] = 3;
		rdata[4] = choice & 3;
		return 5;
	case RR_RRSIG:
		rdata[1] = choice;
		return 20;
	case 65280:
		return choice & 31;
	default:
		rdata[0] = 1;
		rdata[1] = (uint8_t)('a' + (choice & 3));
		return 3;
	}
}

static void
take_change(struct input *in, struct sequence *s, unsigned op)
{
	struct edit_change *c = &s->changes[s->count];
	uint8_t more;

	memset(c, 0, sizeof(*c));
	c->op = op < 3 ? EDIT_ADD : (enum edit_op)(op - 2);
	take_owner(in, s->owners[s->count]);
	c->owner = s->owners[s->count];
	more = take(in);
	c->type = types[more % ARRAY_LEN(types)];
	c->ttl = more >> 4;
	c->rdlen = take_rdata(in, c->type, s->rdatas[s->count]);
	c->rdata = s->rdatas[s->count++];
	c->origin = op == 3 ? 0 : 1 + (more >> 6) % 3;
}

static void
check_node(const struct node *n, bool is_apex)
{
	bool cname = n->flags & NODE_HAS_CNAME;
	struct rrset set;
	size_t at = 0;

	must(n->count > 0);
	must(!is_apex || (node_find(n, RR_SOA, &set) && set.count == 1));
	must(!is_apex || node_find(n, RR_NS, &set));
	must(is_apex || !(n->flags & NODE_HAS_NS && n->flags & NODE_HAS_DNAME));
	while (node_next(n, &at, &set)) {
		must(set.ttl <= INT32_MAX && !rr_type_is_meta(set.type));
		must(!cname || set.type == RR_CNAME || set.type == RR_KEY ||
		     set.type == RR_RRSIG);
		must(set.count == 1 || !rr_type_is_singleton(set.type));
		must(is_apex || set.type != RR_SOA);
	}
}

static void
count_node(struct zone_record *z, const struct node *n, const uint8_t *name)
{
	struct rrset set;
	size_t at = 0;

	while (node_next(n, &at, &set))
		z->records += set.count;
	z->nodes++;
	z->cuts += !name_equal(name, apex) && n->flags & NODE_HAS_NS;
	z->dnames += (n->flags & NODE_HAS_DNAME) != 0;
	for (; *name != 0; name += 1 + *name)
		if (name_is_wildcard(name)) {
			z->wildcards++;
			break;
		}
}

static void
check_zone(struct store_view *v, const struct zone_record *z)
{
	struct zone_record walked = {0};
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk w;
	struct node n;

	lookup_walk_init(&w, z->id, apex);
	while (lookup_walk_next(&w, v, name, &n) == ERR_OK) {
		check_node(&n, name_equal(name, apex));
		count_node(&walked, &n, name);
	}
	must(walked.records == z->records && walked.nodes == z->nodes);
	must(walked.cuts == z->cuts && walked.dnames == z->dnames);
	must(walked.wildcards == z->wildcards);
}

static void
check_journal(struct store_view *v, const struct zone_record *z)
{
	struct journal_entry e;
	struct journal_rr rr;
	uint32_t count = 0;
	size_t at = 0;

	must(journal_read(v, z->id, z->version, &e) == ERR_OK);
	must(e.serial_after == z->serial);
	while (journal_next_rr(&e, &at, &rr))
		count++;
	must(at == e.rrs_len && count == e.removed + e.added);
}

static void
make_edit(struct sequence *s, enum edit_rules rules)
{
	const struct edit_limits limits = {8, 6, 1000};
	struct edit e = {.apex = apex,
			 .changes = s->changes,
			 .count = s->count,
			 .rules = rules,
			 .limits = &limits};
	struct store_view *v = store_txn_view(s->t);
	struct edit_result r;
	struct zone_record before, z;
	enum err err;

	must(zone_record_get(v, apex, &before) == ERR_OK);
	err = edit_apply(s->t, &e, &r);
	s->count = 0;
	must(!r.spoilt);
	must(err == ERR_OK || err == ERR_RULE || err == ERR_RANGE);
	must(zone_record_get(v, apex, &z) == ERR_OK);
	must(z.version - before.version <= (err == ERR_OK));
	must(z.serial == s->serial || rr_serial_after(z.serial, s->serial));
	must(err != ERR_OK || r.serial == z.serial);
	s->serial = z.serial;
	check_zone(v, &z);
	check_journal(v, &z);
}

static void
begin(struct sequence *s, struct store *store)
{
	static const uint8_t soa[22] = {[5] = 9};
	static const uint8_t ns[] = "\1a";
	const struct edit_change seed[] = {
		{EDIT_ADD, apex, RR_SOA, 22, 60, soa, ORIGIN_FILE},
		{EDIT_ADD, apex, RR_NS, 3, 60, ns, ORIGIN_FILE},
	};

	must(store_txn_begin(store, &s->t) == ERR_OK);
	must(edit_zone_create(s->t, apex, NULL) == ERR_OK);
	memcpy(s->changes, seed, sizeof(seed));
	s->count = 2;
	s->serial = 0;
	make_edit(s, EDIT_STRICT);
	must(s->serial == 9);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *store;
	static struct sequence s;
	struct input in = {data, data + size};

	if (store == NULL)
		store = fuzz_store_open();
	begin(&s, store);
	while (in.at < in.end) {
		unsigned op = take(&in) & 7;

		if (op < 6 && s.count < CHANGES_MAX)
			take_change(&in, &s, op);
		else
			make_edit(&s, op == 7 ? EDIT_STRICT : EDIT_UPDATE);
	}
	make_edit(&s, EDIT_UPDATE);
	store_txn_abort(s.t);
	return 0;
}
