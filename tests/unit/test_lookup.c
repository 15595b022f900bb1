/*
 * lookup(): what is at (zone, name, type). Read from the top, this is RFC 1034
 * 4.3.2, RFC 4592 (wildcards), RFC 6672 (DNAME) and RFC 2136 7.18 (occluded
 * names) by example.
 *
 * Every RRset here has one RR, whose rdata is the name of its own owner, so
 * that a test sees where an answer came from.
 */
#include "tests/unit/store_fixture.h"
#include "zones/lookup.h"

static uint8_t apex[NAME_WIRE_MAX];
static struct zone_facts facts;
static struct store_view *view;
static struct arena arena;

struct owner {
	const char *name; /* relative to the apex */
	uint16_t types[5];
};

#define TYPES_MAX ARRAY_LEN(((struct owner *)0)->types)

static void
start(void)
{
	set_up();
	arena_init_growing(&arena);
	open_plain();
	cr_assert_eq(name_from_text(apex, "example.", NULL, NULL), ERR_OK);
}

static void
stop(void)
{
	store_reader_free(view);
	arena_free(&arena);
	tear_down();
}

TestSuite(lookup, .init = start, .fini = stop);

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

static void
serve(const struct owner *owners, size_t count)
{
	struct zone_record z = {0};
	struct store_txn *t = begin();
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(store_new_zone_id(t, &z.id), ERR_OK);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(name_from_text(name, owners[i].name, apex, NULL),
			     ERR_OK);
		put_node(t, &z, apex, name, owners[i].types, TYPES_MAX);
	}
	cr_assert_eq(zone_record_put(t, apex, &z), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	view = store_reader_new(s);
	cr_assert_eq(store_reader_begin(view), ERR_OK);
	cr_assert_eq(zone_facts_refresh(&facts, view, apex), ERR_OK);
	cr_assert(facts.exists);
}

#define SERVE(...)                                                    \
	do {                                                          \
		const struct owner zone_[] = {{"@", {RR_SOA, RR_NS}}, \
					      __VA_ARGS__};           \
		serve(zone_, ARRAY_LEN(zone_));                       \
	} while (0)

static uint8_t asked[NAME_WIRE_MAX];

static struct lookup
ask(const char *name, uint16_t type)
{
	struct lookup l;

	cr_assert_eq(name_from_text(asked, name, apex, NULL), ERR_OK);
	lookup(&l, view, &facts, asked, type);
	return l;
}

static const char *const result_text[] = {
	"ANSWER", "CNAME", "DNAME", "REFERRAL", "NODATA", "NXDOMAIN", "ERROR"};

static bool
is_name(const uint8_t *name, const char *text)
{
	uint8_t expected[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(expected, text, apex, NULL), ERR_OK);
	return name_equal(name, expected);
}

/* What a question gives, and for results with a set: the set's owner. */
static void
expect(const char *name, uint16_t type, enum lookup_result result,
       const char *source, bool wildcard)
{
	struct lookup l = ask(name, type);

	cr_assert_eq(l.result, result, "%s: %s instead of %s", name,
		     result_text[l.result], result_text[result]);
	cr_assert_eq(l.wildcard, wildcard, "%s: wildcard", name);
	if (source != NULL)
		cr_assert(is_name(l.set.rdatas + 2, source), "%s: not from %s",
			  name, source);
	if (result == LOOKUP_REFERRAL || result == LOOKUP_DNAME)
		cr_assert(is_name(l.owner, source), "%s: owner", name);
	else
		cr_assert(name_equal(l.owner, asked), "%s: owner", name);
	cr_assert(l.owner >= asked && l.owner < asked + sizeof(asked));
}

static void
answer(const char *name, uint16_t type)
{
	expect(name, type, LOOKUP_ANSWER, name, false);
	cr_assert_eq(ask(name, type).set.type, type);
}

static void
from_wildcard(const char *name, uint16_t type, const char *source)
{
	expect(name, type, LOOKUP_ANSWER, source, true);
}

static void
nodata(const char *name, uint16_t type)
{
	expect(name, type, LOOKUP_NODATA, NULL, false);
}

static void
nxdomain(const char *name)
{
	expect(name, RR_A, LOOKUP_NXDOMAIN, NULL, false);
	expect(name, RR_ANY, LOOKUP_NXDOMAIN, NULL, false);
}

static void
referral(const char *name, uint16_t type, const char *cut)
{
	expect(name, type, LOOKUP_REFERRAL, cut, false);
}

static void
dname(const char *name, uint16_t type, const char *owner)
{
	expect(name, type, LOOKUP_DNAME, owner, false);
}

/* --- names that exist ----------------------------------------------------- */

Test(lookup, finds_the_rrset_of_that_name_and_type)
{
	SERVE({"lamp", {RR_A, RR_TXT}}, {"speaker", {RR_A}});
	answer("lamp", RR_A);
	answer("lamp", RR_TXT);
	answer("speaker", RR_A);
}

Test(lookup, of_another_type_is_nodata)
{
	SERVE({"lamp", {RR_A}});
	nodata("lamp", RR_AAAA);
	cr_assert_not_null(ask("lamp", RR_AAAA).node.octets);
}

Test(lookup, ignores_case_and_keeps_the_asked_name_as_owner)
{
	struct lookup l;

	SERVE({"lamp", {RR_A}});
	l = ask("LaMP", RR_A);
	cr_assert_eq(l.result, LOOKUP_ANSWER);
	cr_assert_eq(l.owner, asked);
	cr_assert_arr_eq(l.owner, "\4LaMP", 5);
}

Test(lookup, at_the_apex_answers_soa_and_ns)
{
	SERVE({"lamp", {RR_A}});
	answer("@", RR_SOA);
	answer("@", RR_NS);
	nodata("@", RR_A);
	nodata("@", RR_DS);
}

Test(lookup, any_gives_the_whole_node)
{
	struct lookup l;

	SERVE({"lamp", {RR_A, RR_TXT}});
	l = ask("lamp", RR_ANY);
	cr_assert_eq(l.result, LOOKUP_ANSWER);
	cr_assert_eq(l.node.count, 2);
	l = ask("@", RR_ANY);
	cr_assert_eq(l.result, LOOKUP_ANSWER);
	cr_assert_eq(l.node.count, 2);
}

Test(lookup, empty_non_terminal_is_nodata)
{
	struct lookup l;

	SERVE({"_ipp._tcp.lounge", {RR_PTR}});
	nodata("_tcp.lounge", RR_A);
	nodata("lounge", RR_A);
	l = ask("lounge", RR_ANY);
	cr_assert_eq(l.result, LOOKUP_NODATA);
	cr_assert_null(l.node.octets);
}

/* --- names that do not exist ---------------------------------------------- */

Test(lookup, missing_name_is_nxdomain)
{
	SERVE({"lamp", {RR_A}}, {"speaker", {RR_A}});
	nxdomain("a");	       /* before all */
	nxdomain("light");     /* between */
	nxdomain("z");	       /* behind all */
	nxdomain("lam");       /* the beginning of a label */
	nxdomain("lampe");     /* a label that begins so */
	nxdomain("lamp.lamp"); /* below one that exists */
	nxdomain("\\000");
	nxdomain("\\255");
}

Test(lookup, tells_the_closest_encloser_of_a_missing_name)
{
	SERVE({"lamp.lounge", {RR_A}}, {"a.b.attic", {RR_A}});
	cr_assert_eq(ask("x", RR_A).encloser, 0);
	cr_assert_eq(ask("x.lounge", RR_A).encloser, 1);
	cr_assert_eq(ask("a.lounge", RR_A).encloser, 1);
	cr_assert_eq(ask("y.x.lamp.lounge", RR_A).encloser, 2);
	cr_assert_eq(ask("x.b.attic", RR_A).encloser, 2);
	cr_assert_eq(ask("x.attic", RR_A).encloser, 1);
	cr_assert_eq(ask("a.attic", RR_A).encloser, 1);
}

Test(lookup, does_not_see_the_zones_before_and_behind)
{
	struct zone_record other = {0};
	struct store_txn *t = begin();
	static const uint16_t a[] = {RR_A};
	uint8_t name[NAME_WIRE_MAX];

	/* Ids 1 and 3 have the names that zone 2 has not. */
	name_from_text(name, "a.lounge", apex, NULL);
	for (uint32_t id = 1; id <= 3; id += 2) {
		other.id = id;
		put_node(t, &other, apex, name, a, 1);
	}
	cr_assert_eq(store_new_zone_id(t, &other.id), ERR_OK);
	cr_assert_eq(other.id, 1);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	SERVE({"m", {RR_A}});
	cr_assert_eq(facts.record.id, 2);
	nxdomain("lounge");
	nxdomain("x.lounge");
	cr_assert_eq(ask("x.lounge", RR_A).encloser, 0);
	cr_assert_eq(ask("z.z", RR_A).encloser, 0);
}

/* --- CNAME ---------------------------------------------------------------- */

Test(lookup, cname_answers_for_every_other_type)
{
	SERVE({"light", {RR_CNAME}});
	expect("light", RR_A, LOOKUP_CNAME, "light", false);
	expect("light", RR_TXT, LOOKUP_CNAME, "light", false);
	answer("light", RR_CNAME);
	expect("light", RR_ANY, LOOKUP_ANSWER, NULL, false);
}

Test(lookup, what_may_stand_beside_a_cname_answers_for_itself)
{
	SERVE({"light", {RR_CNAME, RR_KEY}});
	answer("light", RR_KEY);
	expect("light", RR_NSEC, LOOKUP_CNAME, "light", false);
	expect("light", RR_A, LOOKUP_CNAME, "light", false);
}

/* --- zone cuts ------------------------------------------------------------ */

Test(lookup, at_or_below_a_cut_is_a_referral)
{
	SERVE({"lamp", {RR_A}}, {"room", {RR_NS}});
	referral("room", RR_A, "room");
	referral("room", RR_NS, "room");
	referral("room", RR_ANY, "room");
	referral("room", RR_SOA, "room");
	referral("lamp.room", RR_A, "room");
	referral("x.y.room", RR_DS, "room");
	answer("lamp", RR_A);
	nxdomain("rooms");
}

Test(lookup, ds_at_a_cut_answers_from_the_parent)
{
	SERVE({"signed", {RR_NS, RR_DS}}, {"room", {RR_NS}});
	answer("signed", RR_DS);
	nodata("room", RR_DS);
	referral("lamp.signed", RR_DS, "signed");
}

Test(lookup, names_below_a_cut_are_occluded)
{
	SERVE({"room", {RR_NS}}, {"ns.room", {RR_A}}, {"*.room", {RR_A}},
	      {"in.room", {RR_NS}}, {"d.room", {RR_DNAME}});
	referral("ns.room", RR_A, "room");
	referral("x.room", RR_A, "room");
	referral("in.room", RR_NS, "room");
	referral("lamp.in.room", RR_A, "room");
	referral("x.d.room", RR_A, "room");
}

Test(lookup, name_that_has_only_a_cut_below_is_an_empty_non_terminal)
{
	SERVE({"room.floor", {RR_NS}});
	nodata("floor", RR_A);
	nxdomain("hall.floor");
	referral("x.room.floor", RR_A, "room.floor");
}

Test(lookup, glue_is_found_below_the_cut)
{
	struct rrset set;
	uint8_t name[NAME_WIRE_MAX];

	SERVE({"room", {RR_NS}}, {"ns.room", {RR_A}}, {"*", {RR_A}},
	      {"light", {RR_CNAME}});
	name_from_text(name, "ns.room", apex, NULL);
	cr_assert(lookup_glue(view, &facts, name, RR_A, &set));
	cr_assert(is_name(set.rdatas + 2, "ns.room"));
	cr_assert_not(lookup_glue(view, &facts, name, RR_AAAA, &set));
	name_from_text(name, "x", apex, NULL);
	cr_assert_not(lookup_glue(view, &facts, name, RR_A, &set));
	name_from_text(name, "light", apex, NULL);
	cr_assert_not(lookup_glue(view, &facts, name, RR_A, &set));
}

/* --- DNAME (RFC 6672) ----------------------------------------------------- */

Test(lookup, dname_redirects_what_is_below_it_not_itself)
{
	SERVE({"old", {RR_DNAME, RR_A}}, {"lamp", {RR_A}});
	dname("lamp.old", RR_A, "old");
	dname("x.y.old", RR_ANY, "old");
	dname("lamp.old", RR_DNAME, "old");
	answer("old", RR_A);
	answer("old", RR_DNAME);
	nodata("old", RR_TXT);
	answer("lamp", RR_A);
}

Test(lookup, dname_at_the_apex_redirects_everything_below)
{
	struct owner zone[] = {{"@", {RR_SOA, RR_NS, RR_DNAME}},
			       {"lamp", {RR_A}},
			       {"room", {RR_NS}}};

	serve(zone, ARRAY_LEN(zone));
	dname("x", RR_A, "@");
	dname("lamp", RR_A, "@");
	dname("lamp.room", RR_A, "@");
	answer("@", RR_SOA);
	answer("@", RR_NS);
	answer("@", RR_DNAME);
	nodata("@", RR_A);
}

Test(lookup, names_below_a_dname_are_occluded)
{
	SERVE({"old", {RR_DNAME}}, {"lamp.old", {RR_A}}, {"cut.old", {RR_NS}},
	      {"*.old", {RR_A}}, {"again.old", {RR_DNAME}});
	dname("lamp.old", RR_A, "old");
	dname("cut.old", RR_NS, "old");
	dname("x.cut.old", RR_A, "old");
	dname("x.old", RR_A, "old");
	dname("x.again.old", RR_A, "old");
}

Test(lookup, dname_below_a_name_that_exists_leaves_its_siblings_alone)
{
	SERVE({"floor", {RR_TXT}}, {"old.floor", {RR_DNAME}},
	      {"hall.floor", {RR_A}});
	answer("hall.floor", RR_A);
	dname("lamp.old.floor", RR_A, "old.floor");
	nxdomain("older.floor");
}

/* --- wildcards (RFC 4592) ------------------------------------------------- */

/* The zone of RFC 4592 2.2.1 and the answers it tells. */
static void
serve_rfc4592(void)
{
	SERVE({"*", {RR_TXT, RR_MX}}, {"sub.*", {RR_TXT}}, {"host1", {RR_A}},
	      {"_ssh._tcp.host1", {RR_SRV}}, {"_ssh._tcp.host2", {RR_SRV}},
	      {"subdel", {RR_NS}});
}

Test(lookup, rfc4592_example_is_synthesized)
{
	serve_rfc4592();
	from_wildcard("host3", RR_MX, "*");
	expect("host3", RR_A, LOOKUP_NODATA, NULL, true);
	from_wildcard("foo.bar", RR_TXT, "*");
	cr_assert_eq(ask("foo.bar", RR_TXT).encloser, 0);
}

Test(lookup, rfc4592_example_is_not_synthesized)
{
	serve_rfc4592();
	nodata("host1", RR_MX);		/* host1 exists */
	nodata("sub.*", RR_MX);		/* sub.* exists */
	nxdomain("_telnet._tcp.host1"); /* _tcp.host1 exists, without data */
	referral("host.subdel", RR_A, "subdel");
	nxdomain("ghost.*"); /* * exists */
}

Test(lookup, empty_non_terminal_is_not_covered_by_a_wildcard)
{
	serve_rfc4592();
	nodata("host2", RR_MX);
	nodata("_tcp.host2", RR_MX);
	nxdomain("x.host2");
}

Test(lookup, wildcard_asked_by_its_own_name_is_a_name)
{
	serve_rfc4592();
	answer("*", RR_MX);
	nodata("*", RR_A);
	answer("sub.*", RR_TXT);
}

Test(lookup, only_the_wildcard_of_the_closest_encloser_applies)
{
	SERVE({"*", {RR_A}}, {"lounge", {RR_TXT}}, {"*.attic", {RR_TXT}},
	      {"x.attic", {RR_A}});
	nxdomain("lamp.lounge");
	from_wildcard("lamp.attic", RR_TXT, "*.attic");
	expect("lamp.attic", RR_A, LOOKUP_NODATA, NULL, true);
	nxdomain("lamp.x.attic");
	from_wildcard("lamp", RR_A, "*");
	cr_assert_eq(ask("y.lamp.attic", RR_TXT).encloser, 1);
}

Test(lookup, wildcard_that_is_an_empty_non_terminal_matches_with_no_data)
{
	SERVE({"sub.*", {RR_A}});
	expect("lamp", RR_A, LOOKUP_NODATA, NULL, true);
	expect("sub.lamp", RR_A, LOOKUP_NODATA, NULL, true);
	nodata("*", RR_A);
	answer("sub.*", RR_A);
}

Test(lookup, label_that_only_begins_with_a_star_is_no_wildcard)
{
	SERVE({"**", {RR_A}}, {"*a", {RR_A}}, {"x.*", {RR_A}});
	nxdomain("sub.**");
	expect("lamp", RR_A, LOOKUP_NODATA, NULL, true); /* by x.* */
}

Test(lookup, cname_at_a_wildcard_is_synthesized)
{
	SERVE({"*", {RR_CNAME}});
	expect("lamp", RR_A, LOOKUP_CNAME, "*", true);
	from_wildcard("lamp", RR_CNAME, "*");
}

Test(lookup, any_at_a_wildcard_gives_its_node)
{
	struct lookup l;

	SERVE({"*", {RR_A, RR_TXT}});
	l = ask("lamp", RR_ANY);
	cr_assert_eq(l.result, LOOKUP_ANSWER);
	cr_assert(l.wildcard);
	cr_assert_eq(l.node.count, 2);
}

Test(lookup, ns_at_a_wildcard_is_not_a_cut)
{
	SERVE({"*", {RR_NS}}, {"x.*", {RR_A}});
	from_wildcard("lamp", RR_NS, "*");
	expect("lamp", RR_A, LOOKUP_NODATA, NULL, true);
	answer("*", RR_NS);
	nodata("*", RR_A);
	answer("x.*", RR_A);
}

Test(lookup, dname_at_a_wildcard_is_not_synthesized_for_names_below)
{
	SERVE({"*", {RR_DNAME}});
	expect("lamp", RR_A, LOOKUP_NODATA, NULL, true);
	expect("x.lamp", RR_A, LOOKUP_NODATA, NULL, true);
	dname("x.*", RR_A, "*");
}

/* --- without the rules ---------------------------------------------------- */

Test(lookup, node_is_found_whatever_hides_it)
{
	struct node n;
	uint8_t name[NAME_WIRE_MAX];

	SERVE({"room", {RR_NS}}, {"ns.room", {RR_A}}, {"*.x", {RR_A}});
	name_from_text(name, "ns.room", apex, NULL);
	cr_assert_eq(lookup_node(view, facts.record.id, apex, name, &n),
		     ERR_OK);
	cr_assert_eq(n.count, 1);
	name_from_text(name, "y.x", apex, NULL);
	cr_assert_eq(lookup_node(view, facts.record.id, apex, name, &n),
		     ERR_NOTFOUND);
	name_from_text(name, "x", apex, NULL);
	cr_assert_eq(lookup_node(view, facts.record.id, apex, name, &n),
		     ERR_NOTFOUND);
}

Test(lookup, walk_passes_every_node_in_canonical_order)
{
	static const char *const order[] = {"@",       "*",	"a",  "\\001.a",
					    "b.a",     "y.b.a", "aa", "room",
					    "ns.room", "\\200"};
	struct lookup_walk w;
	uint8_t name[NAME_WIRE_MAX];
	struct store_value k;
	struct node n;

	SERVE({"room", {RR_NS}}, {"ns.room", {RR_A}}, {"a", {RR_A}},
	      {"aa", {RR_A}}, {"b.a", {RR_A}}, {"y.b.a", {RR_A}}, {"*", {RR_A}},
	      {"\\200", {RR_A}}, {"\\001.a", {RR_A}});
	lookup_walk_init(&w, facts.record.id, apex);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		cr_assert_eq(lookup_walk_next(&w, view, name, &n), ERR_OK);
		cr_assert(is_name(name, order[i]), "%s", order[i]);
		cr_assert_eq(n.count, i == 0 ? 2 : 1);
		/* What else the view is used for does not disturb it. */
		store_seek(view, STORE_NODES, "", 0, &k, NULL);
	}
	cr_assert_eq(lookup_walk_next(&w, view, name, &n), ERR_NOTFOUND);
}

Test(lookup, walk_ends_before_the_next_zone)
{
	struct zone_record other = {.id = 2};
	struct lookup_walk w;
	struct store_txn *t = begin();
	static const uint16_t a[] = {RR_A};
	uint8_t name[NAME_WIRE_MAX];
	struct node n;

	put_node(t, &other, apex, apex, a, 1);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	SERVE({"lamp", {RR_A}});
	cr_assert_eq(facts.record.id, 1);
	lookup_walk_init(&w, 1, apex);
	cr_assert_eq(lookup_walk_next(&w, view, name, &n), ERR_OK);
	cr_assert_eq(lookup_walk_next(&w, view, name, &n), ERR_OK);
	cr_assert_eq(lookup_walk_next(&w, view, name, &n), ERR_NOTFOUND);
}

/* --- broken stores -------------------------------------------------------- */

static void
break_node(const char *owner)
{
	struct store_txn *t = begin();
	uint8_t name[NAME_WIRE_MAX];
	struct key k;

	name_from_text(name, owner, apex, NULL);
	key_make(&k, facts.record.id, name, apex);
	cr_assert_eq(store_put(t, STORE_NODES, k.octets, k.len, "\1\0\0\7", 4),
		     ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	store_reader_end(view);
	cr_assert_eq(store_reader_begin(view), ERR_OK);
}

Test(lookup, broken_node_is_an_error)
{
	struct node n;

	SERVE({"lamp", {RR_A}}, {"*", {RR_A}}, {"room", {RR_NS}});
	break_node("lamp");
	break_node("*");
	break_node("room");
	cr_assert_eq(zone_facts_refresh(&facts, view, apex), ERR_OK);
	expect("lamp", RR_A, LOOKUP_ERROR, NULL, false);
	expect("x", RR_A, LOOKUP_ERROR, NULL, true);
	expect("x.room", RR_A, LOOKUP_ERROR, NULL, false);
	name_from_text(asked, "lamp", apex, NULL);
	cr_assert_eq(lookup_node(view, facts.record.id, apex, asked, &n),
		     ERR_CORRUPT);
	break_node("@");
	cr_assert_eq(zone_facts_refresh(&facts, view, apex), ERR_CORRUPT);
	cr_assert_not(facts.exists);
}
