/*
 * lookup() in random zones against the rules of RFC 1034 4.3.2, 4592, 6672 and
 * 2136 7.18, written down naively: label by label from the apex, every question
 * of existence by a look at all names.
 *
 * Every RRset has one RR, whose rdata is the name of its own owner, so that one
 * sees where an answer came from.
 */
#include "tests/unit/store_fixture.h"
#include "zones/lookup.h"

static struct store_view *view;
static struct arena arena;

static void
start(void)
{
	set_up();
	arena_init_growing(&arena);
	open_plain();
}

static void
stop(void)
{
	store_reader_free(view);
	arena_free(&arena);
	tear_down();
}

TestSuite(lookup_random, .init = start, .fini = stop);

static void
put_node(struct store_txn *t, struct zone_record *z, const uint8_t *zone_apex,
	 const uint8_t *owner, const uint16_t *types, size_t count)
{
	const struct rr_meta meta = {.origin = ORIGIN_FILE};
	struct node_draft draft;
	const uint8_t *octets;
	struct key k;
	size_t len;

	node_draft_from(&draft, &arena, NULL);
	for (size_t i = 0; i < count && types[i] != 0; i++) {
		cr_assert_eq(node_draft_add(&draft, types[i], 300, owner,
					    name_len(owner), meta),
			     ERR_OK);
		z->cuts += types[i] == RR_NS && !name_equal(owner, zone_apex);
		z->dnames += types[i] == RR_DNAME;
	}
	cr_assert_eq(node_encode(&draft, &octets, &len, NULL), ERR_OK);
	key_make(&k, z->id, owner, zone_apex);
	z->wildcards += key_has_wildcard(k.octets, k.len);
	cr_assert_eq(store_put(t, STORE_NODES, k.octets, k.len, octets, len),
		     ERR_OK);
}

static const char *const result_text[] = {
	"ANSWER", "CNAME", "DNAME", "REFERRAL", "NODATA", "NXDOMAIN", "ERROR"};

#define OWNERS_MAX 10

struct model_owner {
	uint8_t name[NAME_WIRE_MAX];
	uint16_t types[4];
	unsigned count;
};

struct model {
	uint8_t apex[NAME_WIRE_MAX];
	struct model_owner owners[OWNERS_MAX];
	unsigned count;
};

struct outcome {
	enum lookup_result result;
	const struct model_owner *source; /* of the set */
	bool wildcard;
	unsigned encloser; /* with NXDOMAIN and wildcards */
};

static const struct model_owner *
model_node(const struct model *m, const uint8_t *name)
{
	for (unsigned i = 0; i < m->count; i++)
		if (name_equal(m->owners[i].name, name))
			return &m->owners[i];
	return NULL;
}

/* A name exists if it owns something or an existing one is below it. */
static bool
model_exists(const struct model *m, const uint8_t *name)
{
	for (unsigned i = 0; i < m->count; i++)
		if (name_at_or_below(m->owners[i].name, name))
			return true;
	return false;
}

static bool
model_has(const struct model_owner *o, uint16_t type)
{
	for (unsigned i = 0; o != NULL && i < o->count; i++)
		if (o->types[i] == type)
			return true;
	return false;
}

static struct outcome
model_from_node(const struct model_owner *o, uint16_t type, bool wildcard,
		unsigned encloser)
{
	struct outcome out = {LOOKUP_NODATA, NULL, wildcard, encloser};

	if (o == NULL)
		return out;
	if (type == RR_ANY || model_has(o, type))
		out.result = LOOKUP_ANSWER;
	else if (model_has(o, RR_CNAME))
		out.result = LOOKUP_CNAME;
	if (out.result != LOOKUP_NODATA && type != RR_ANY)
		out.source = o;
	return out;
}

/* RFC 1034 4.3.2 step 3, label by label from the apex down. */
static struct outcome
model_lookup(const struct model *m, const uint8_t *name, uint16_t type)
{
	unsigned below = name_labels(name) - name_labels(m->apex);
	uint8_t star[NAME_WIRE_MAX];

	for (unsigned i = 0; i <= below; i++) {
		const uint8_t *at = name_skip(name, below - i);
		const struct model_owner *o = model_node(m, at);

		if (!model_exists(m, at)) { /* 3c */
			cr_assert_neq(name_concat(star, (const uint8_t *)"\1*",
						  2, name_skip(at, 1)),
				      0);
			if (!model_exists(m, star))
				return (struct outcome){LOOKUP_NXDOMAIN, NULL,
							false, i - 1};
			return model_from_node(model_node(m, star), type, true,
					       i - 1);
		}
		if (i > 0 && model_has(o, RR_NS) && !name_is_wildcard(at)) {
			if (i == below && type == RR_DS)
				return (struct outcome){
					model_has(o, RR_DS) ? LOOKUP_ANSWER
							    : LOOKUP_NODATA,
					model_has(o, RR_DS) ? o : NULL, false,
					0};
			return (struct outcome){LOOKUP_REFERRAL, o, false, 0};
		}
		if (i < below && model_has(o, RR_DNAME))
			return (struct outcome){LOOKUP_DNAME, o, false, 0};
	}
	return model_from_node(model_node(m, name), type, false, 0);
}

static void
random_labels(uint8_t *dst, unsigned most, const uint8_t *below)
{
	static const char *const labels[] = {"\1a", "\1b", "\1*", "\2ab",
					     "\1\1"};
	uint8_t longer[NAME_WIRE_MAX];

	name_copy(dst, below);
	for (unsigned n = (unsigned)rand() % (most + 1); n > 0; n--) {
		const char *label = labels[(size_t)rand() % ARRAY_LEN(labels)];

		name_concat(longer, (const uint8_t *)label,
			    (size_t)label[0] + 1, dst);
		name_copy(dst, longer);
	}
}

static void
random_types(struct model_owner *o)
{
	static const uint16_t sets[][3] = {{RR_A},
					   {RR_A, RR_TXT},
					   {RR_TXT},
					   {RR_CNAME},
					   {RR_CNAME, RR_KEY},
					   {RR_NS},
					   {RR_NS, RR_DS},
					   {RR_A},
					   {RR_DNAME},
					   {RR_DNAME, RR_A}};
	const uint16_t *set = sets[(size_t)rand() % ARRAY_LEN(sets)];

	for (o->count = 0; o->count < 3 && set[o->count] != 0; o->count++)
		o->types[o->count] = set[o->count];
}

static void
random_zone(struct model *m, unsigned number)
{
	char text[32];

	snprintf(text, sizeof(text), "zone%u.", number);
	cr_assert_eq(name_from_text(m->apex, text, NULL, NULL), ERR_OK);
	name_copy(m->owners[0].name, m->apex);
	m->owners[0].types[0] = RR_SOA;
	m->owners[0].types[1] = RR_NS;
	m->owners[0].types[2] = RR_DNAME;
	m->owners[0].count = rand() % 16 == 0 ? 3 : 2;
	m->count = 1;
	for (unsigned n = (unsigned)rand() % OWNERS_MAX; n > 0; n--) {
		struct model_owner *o = &m->owners[m->count];

		random_labels(o->name, 4, m->apex);
		if (model_node(m, o->name) != NULL)
			continue;
		random_types(o);
		m->count++;
	}
}

static void
store_zone(struct store_txn *t, const struct model *m)
{
	struct zone_record z = {0};

	cr_assert_eq(store_new_zone_id(t, &z.id), ERR_OK);
	for (unsigned i = 0; i < m->count; i++)
		put_node(t, &z, m->apex, m->owners[i].name, m->owners[i].types,
			 m->owners[i].count);
	cr_assert_eq(zone_record_put(t, m->apex, &z), ERR_OK);
}

/* The zone as if it had nothing at or below that name. */
static const struct model *
model_without(const struct model *m, const uint8_t *without)
{
	static struct model less;

	less = *m;
	less.count = 0;
	for (unsigned i = 0; i < m->count; i++)
		if (!name_at_or_below(m->owners[i].name, without))
			less.owners[less.count++] = m->owners[i];
	return &less;
}

/* The name or an ancestor of it, below the apex; NULL: there is none. */
static const uint8_t *
random_ancestor(const struct model *m, const uint8_t *name)
{
	unsigned below = name_labels(name) - name_labels(m->apex);

	return below > 0 ? name_skip(name, (unsigned)rand() % below) : NULL;
}

/* without: nothing there is to be seen; NULL: all is. */
static void
compare(const struct model *m, const struct zone_facts *f, const uint8_t *name,
	uint16_t type, const uint8_t *without, unsigned seen[])
{
	const struct model *there =
		without != NULL ? model_without(m, without) : m;
	struct outcome expected = model_lookup(there, name, type);
	char text[NAME_TEXT_MAX];
	struct lookup l;

	name_to_text(text, name);
	if (without != NULL)
		lookup_without(&l, view, f, name, type, without);
	else
		lookup(&l, view, f, name, type);
	cr_assert_eq(l.result, expected.result, "%s type %u: %s instead of %s",
		     text, type, result_text[l.result],
		     result_text[expected.result]);
	cr_assert_eq(l.wildcard, expected.wildcard, "%s type %u", text, type);
	if (expected.source != NULL)
		cr_assert(name_equal(l.set.rdatas + 2, expected.source->name),
			  "%s type %u", text, type);
	if (l.result == LOOKUP_REFERRAL || l.result == LOOKUP_DNAME)
		cr_assert(name_equal(l.owner, expected.source->name));
	else
		cr_assert_eq(l.owner, name);
	if (l.result == LOOKUP_NXDOMAIN || l.wildcard)
		cr_assert_eq(l.encloser, expected.encloser, "%s", text);
	seen[l.result]++;
	seen[LOOKUP_ERROR + 1] += l.wildcard;
}

static void
ask_random_zones(bool hiding)
{
	static const uint16_t types[] = {RR_A,	RR_TXT, RR_NS,	  RR_CNAME,
					 RR_DS, RR_KEY, RR_DNAME, RR_ANY};
	enum {
		ZONES = 400,
		QUESTIONS = 300
	};
	static struct model models[ZONES];
	unsigned seen[LOOKUP_ERROR + 2] = {0};
	struct store_txn *t = begin();
	uint8_t name[NAME_WIRE_MAX];

	srand(6);
	for (unsigned i = 0; i < ZONES; i++) {
		random_zone(&models[i], i);
		store_zone(t, &models[i]);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	view = store_reader_new(s);
	cr_assert_eq(store_reader_begin(view), ERR_OK);
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_facts f = {0};

		cr_assert_eq(zone_facts_refresh(&f, view, models[i].apex),
			     ERR_OK);
		for (unsigned j = 0; j < QUESTIONS; j++) {
			random_labels(name, 5, models[i].apex);
			compare(&models[i], &f, name,
				types[(size_t)rand() % ARRAY_LEN(types)],
				hiding ? random_ancestor(&models[i], name)
				       : NULL,
				seen);
		}
	}
	/* Each kind of answer was met often. */
	for (unsigned i = 0; i <= LOOKUP_ERROR + 1; i++)
		cr_assert(i == LOOKUP_ERROR ? seen[i] == 0 : seen[i] > 500,
			  "%u: %u", i, seen[i]);
}

Test(lookup_random, agrees_with_the_rfcs_rules_on_random_zones)
{
	ask_random_zones(false);
}

Test(lookup_random, without_a_name_is_as_if_it_and_all_below_were_not_there)
{
	ask_random_zones(true);
}
