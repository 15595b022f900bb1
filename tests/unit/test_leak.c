/*
 * The leak hunt. A server holds random spaces whole; a second one holds only
 * what the first one's lists let out, as a plain model works it out. Whoever is
 * outside must get the same octets from both, whatever he asks and however,
 * and nothing may be read for him from what is hidden.
 *
 * `make leak N=100000 SEED=7` makes that many worlds; a world that fails is
 * printed, and repeated by N=1 and its seed.
 */
#include "tests/unit/leak_ask.h"

#include "zones/export.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS 250
#define ROUNDS 4	/* edits of a world, with questions between */
#define QUESTIONS 60	/* a round */
#define STORE_WORLDS 64 /* until the stores are made anew */

/*
 * a holds all. The twin is open and has what the outside may have; the mirror
 * has the same, and exports all of it.
 */
static struct leak_server a, twin, mirror;
static struct leak_world world;
static struct arena memory;
static struct leak_model models[LEAK_ZONES];
static bool seen[LEAK_ZONES]; /* by the client, whole or not */
static bool occluded; /* a zone that is seen has names of spaces that are not */
static unsigned answered, hidden, kept_from; /* was there anything to find? */

/* --- the second server ---------------------------------------------------- */

static uint32_t
outside_serial(struct store_view *v, const uint8_t *apex)
{
	struct zone_record z;

	return zone_outside_get(v, apex, &z) == ERR_OK ? z.serial : 0;
}

/* What a space that is not seen has in those above it is not seen either. */
static void
hide_spaces(void)
{
	occluded = false;
	for (unsigned z = 0; z < LEAK_ZONES; z++)
		for (unsigned c = 0; c < LEAK_ZONES; c++)
			if (c != z && world.present[c] && !seen[c] &&
			    name_at_or_below(leak_apex(c), leak_apex(z)))
				occluded |= leak_model_hide(&models[z],
							    leak_apex(c));
}

static void
make_models(void)
{
	struct store_view *v = a.env.view;

	arena_reset(&memory);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		const uint8_t *apex = leak_apex(z);
		struct leak_model *m = &models[z];

		m->count = 0;
		m->exports = false;
		if (world.present[z])
			leak_model_make(
				m, &memory, v, apex, world.inside[z],
				world.metres[z],
				world.inside[z] ? 0 : outside_serial(v, apex));
		seen[z] = world.present[z] && (world.inside[z] || m->exports);
	}
	store_reader_end(v);
	hide_spaces();
}

static void
edit_zone(struct store_txn *t, const uint8_t *apex,
	  const struct edit_change *changes, unsigned count)
{
	const struct edit e = {.apex = apex,
			       .changes = changes,
			       .count = count,
			       .rules = EDIT_STRICT};
	struct edit_result r;

	cr_assert_eq(edit_apply(t, &e, &r), ERR_OK, "%s", r.diag.text);
}

/* One entry for the mirror's list, in the arena. */
static struct edit_change
list_entry(const uint8_t *apex, const char *text)
{
	uint8_t rdata[256], name[NAME_WIRE_MAX];
	size_t len = strlen(text);

	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	cr_assert_eq(name_from_text(name, "_export", apex, NULL), ERR_OK);
	return (struct edit_change){
		.op = EDIT_ADD,
		.owner = arena_copy(&memory, name, name_len(name)),
		.type = RR_TXT,
		.ttl = 60,
		.rdata = arena_copy(&memory, rdata, len + 1),
		.rdlen = (uint16_t)(len + 1),
		.origin = ORIGIN_UPDATE,
	};
}

/* The mirror exports all it has, and its outside begins with that serial. */
static void
export_all(struct store_txn *t, unsigned zone)
{
	static struct edit_change list[LEAK_RRS_MAX];
	struct zone_record z = {.journal_first = 1};
	const struct leak_model *m = &models[zone];
	const uint8_t *apex = leak_apex(zone);
	char text[NAME_TEXT_MAX + 32], name[NAME_TEXT_MAX],
		type[RR_TYPE_TEXT_MAX];
	unsigned count = 0;

	z.serial = outside_serial(a.env.view, apex) - 1;
	cr_assert_eq(zone_outside_put(t, apex, &z), ERR_OK);
	for (unsigned i = 0; i < m->count; i++) {
		name_to_text(name, m->rrs[i].owner);
		snprintf(text, sizeof(text), "%s %s private", name,
			 rr_type_to_text(type, m->rrs[i].type));
		list[count++] = list_entry(apex, text);
	}
	for (unsigned i = 0; i < m->space_count; i++)
		list[count++] = list_entry(apex, m->spaces[i]);
	edit_zone(t, apex, list, count);
}

static void
fill(struct leak_server *s, bool exporting)
{
	const char *inside[LEAK_ZONES] = {NULL};
	struct store_txn *t;

	leak_server_clear(s);
	cr_assert_eq(store_reader_begin(a.env.view), ERR_OK);
	cr_assert_eq(store_txn_begin(s->store, &t), ERR_OK);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		if (!seen[z])
			continue;
		/* configured, and nothing in the store yet */
		inside[z] =
			exporting && !world.inside[z] ? "[]" : "[ 0.0.0.0/0 ]";
		if (models[z].count == 0)
			continue;
		cr_assert_eq(edit_zone_create(t, leak_apex(z), NULL), ERR_OK);
		edit_zone(t, leak_apex(z), models[z].rrs, models[z].count);
		if (exporting && !world.inside[z])
			export_all(t, z);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	store_reader_end(a.env.view);
	leak_server_serve(s, inside);
}

/* --- comparing ------------------------------------------------------------ */

static struct leak_question question;

static void
fail(const char *what, const uint8_t *got, size_t len, const uint8_t *want,
     size_t want_len)
{
	fprintf(stderr, "%s; again by: make leak N=1 SEED=%llu\n", what,
		(unsigned long long)world.seed);
	leak_world_print(&world, &a);
	leak_question_print(&question);
	leak_reply_print("got", got, len);
	if (want != NULL)
		leak_reply_print("would be right", want, want_len);
	cr_assert_fail("%s", what);
}

/*
 * A name at or above a space that the client sees is there, though the zone
 * above knows nothing of it: the twin's cannot know, nor can the mirror's where
 * the client is inside of that zone.
 */
static bool
is_above_a_space(const uint8_t *reply, size_t len)
{
	uint8_t name[NAME_WIRE_MAX];

	if (!leak_last_name(name, reply, len))
		return false;
	for (unsigned z = 0; z < LEAK_ZONES; z++)
		if (seen[z] && name_at_or_below(leak_apex(z), name))
			return true;
	return false;
}

static bool
is_the_same(const uint8_t *got, size_t len, uint8_t *want, size_t want_len)
{
	if (len == want_len && memcmp(got, want, len) == 0)
		return true;
	if (len != want_len || len < 12 || (got[3] & 15) != MSG_NOERROR ||
	    (want[3] & 15) != MSG_NXDOMAIN || !is_above_a_space(got, len))
		return false;
	if (question.is_signed) /* another rcode, another signature */
		return true;
	want[3] = (uint8_t)(want[3] & ~15);
	return memcmp(got, want, len) == 0;
}

static void
compare(struct leak_server *s, const char *what, const uint8_t *got, size_t len)
{
	static uint8_t want[WIRE_MSG_MAX];
	size_t want_len =
		leak_ask(s, &question, LEAK_OUTSIDER, LEAK_PLAIN, want);

	if (!is_the_same(got, len, want, want_len))
		fail(what, got, len, want, want_len);
}

/* Whoever is inside asked before, and asks again: what is kept for one is not
 * told to the other. */
static void
compare_ways(const uint8_t *got, size_t len)
{
	static const struct {
		const char *from;
		enum leak_way way;
		const char *what;
	} ways[] = {
		{LEAK_OUTSIDER, LEAK_BATCH, "foreseen, it is another answer"},
		{LEAK_INSIDER, LEAK_MEMO, NULL},
		{LEAK_INSIDER, LEAK_MEMO, NULL},
		{LEAK_OUTSIDER, LEAK_MEMO, "behind somebody inside"},
		{LEAK_OUTSIDER, LEAK_MEMO, "a second time"},
		{LEAK_OUTSIDER, LEAK_MEMO, "a third time"},
		{LEAK_INSIDER, LEAK_MEMO, "somebody inside, between"},
	};
	static uint8_t again[WIRE_MSG_MAX], inside[WIRE_MSG_MAX];
	size_t inside_len = 0;

	for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
		size_t n = leak_ask(&a, &question, ways[i].from, ways[i].way,
				    again);
		bool first = ways[i].what == NULL;
		bool in = strcmp(ways[i].from, LEAK_INSIDER) == 0;

		if (first) {
			memcpy(inside, again, n);
			inside_len = n;
			continue;
		}
		if (n != (in ? inside_len : len) ||
		    memcmp(again, in ? inside : got, n) != 0)
			fail(ways[i].what, again, n, in ? inside : got,
			     in ? inside_len : len);
	}
	kept_from += inside_len != len || memcmp(inside, got, len) != 0;
}

/* Nothing is read but from zones that the client sees: all that is read is the
 * sum of what is read from each. */
static void
count_reads(uint32_t id, uint64_t *strayed)
{
	static uint8_t reply[WIRE_MSG_MAX];

	store_view_watch(a.env.view, id);
	leak_ask(&a, &question, LEAK_OUTSIDER,
		 leak_pick(2) == 0 ? LEAK_PLAIN : LEAK_BATCH, reply);
	*strayed = store_view_strayed(a.env.view);
	store_view_watch(a.env.view, 0);
}

static void
check_reads(const uint8_t *got, size_t len)
{
	uint64_t all, others, sum = 0;
	uint64_t state = leak_pick(1u << 30);

	leak_seed(state);
	count_reads(UINT32_MAX, &all);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		struct zone_record r;
		enum err e;

		if (!seen[z] || models[z].count == 0)
			continue;
		cr_assert_eq(store_reader_begin(a.env.view), ERR_OK);
		e = world.inside[z]
			    ? zone_record_get(a.env.view, leak_apex(z), &r)
			    : zone_outside_get(a.env.view, leak_apex(z), &r);
		store_reader_end(a.env.view);
		cr_assert_eq(e, ERR_OK);
		leak_seed(state);
		count_reads(r.id, &others);
		sum += all - others;
	}
	if (sum != all)
		fail("something else was read", got, len, NULL, 0);
}

static bool
is_outside_of_all(void)
{
	for (unsigned z = 0; z < LEAK_ZONES; z++)
		if (world.inside[z])
			return false;
	return true;
}

/* The counters are the same, whatever is hidden; but those that are inside of
 * a zone may be told that a name is there (is_above_a_space()). */
static void
check_counters(void)
{
	for (unsigned n = 0; is_outside_of_all() && n < STATS; n++)
		cr_assert_eq(a.stats.n[n], mirror.stats.n[n], "%s",
			     stat_name((enum stat_id)n));
}

/* Where nothing of the kind is exported, the names of searches are denied, or
 * are names like others. (A wildcard does not speak for them.) */
static void
compare_search(const uint8_t *got, size_t len)
{
	static uint8_t hers[WIRE_MSG_MAX];

	for (unsigned z = 0; z < LEAK_ZONES; z++)
		if (world.inside[z] || models[z].space_count > 0)
			return;
	if (question.is_signed || len < 12 || (got[3] & 15) == MSG_NXDOMAIN)
		return;
	memcpy(hers, got, len);
	leak_disguise(hers, len);
	leak_disguise(question.wire, question.len);
	compare(&twin, "a search is known that is not exported", hers, len);
	leak_disguise(question.wire, question.len);
}

static void
ask_one(void)
{
	static uint8_t got[WIRE_MSG_MAX];
	static struct stats own;
	size_t len;

	leak_question_make(&question, &a, models);
	a.env.stats = &a.stats;
	a.accepted = false;
	a.is_trapped = is_outside_of_all();
	len = leak_ask(&a, &question, LEAK_OUTSIDER, LEAK_PLAIN, got);
	a.env.stats = &own;
	cr_assert_neq(len, NET_LATER);
	if (a.accepted && is_outside_of_all())
		fail("an update was accepted", got, len, NULL, 0);
	if (!question.is_search || !occluded)
		compare(&mirror, "the mirror says otherwise", got, len);
	/* the twin's are inside, who may search, and hear why they may not
	 * update */
	if (question.is_search && !question.is_update)
		compare_search(got, len);
	else if (!question.is_update)
		compare(&twin, "the twin says otherwise", got, len);
	compare_ways(got, len);
	if (leak_pick(8) == 0)
		check_reads(got, len);
	answered += len > 12 && (got[7] > 0);
	hidden += len > 12 && (got[3] & 15) != 0;
}

static void
hunt_world(uint64_t seed)
{
	leak_seed(seed);
	leak_world_begin(&world, &a, seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (round > 0)
			leak_world_edit(&world, &a);
		make_models();
		fill(&twin, false);
		fill(&mirror, true);
		memset(&a.stats, 0, sizeof(a.stats));
		memset(&mirror.stats, 0, sizeof(mirror.stats));
		for (unsigned i = 0; i < QUESTIONS; i++)
			ask_one();
		if (!occluded)
			check_counters();
	}
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void
open_all(void)
{
	leak_server_open(&a);
	leak_server_open(&twin);
	leak_server_open(&mirror);
}

static void
close_all(void)
{
	leak_server_close(&a);
	leak_server_close(&twin);
	leak_server_close(&mirror);
}

Test(leak, whoever_is_outside_cannot_tell_what_is_hidden, .timeout = 0)
{
	uint64_t worlds = number_from("PLACED_LEAK_WORLDS", WORLDS);
	uint64_t seed = number_from("PLACED_SEED", 1);

	leak_pool_init();
	arena_init_growing(&memory);
	open_all();
	for (uint64_t i = 0; i < worlds; i++) {
		if (i > 0 && i % STORE_WORLDS == 0) {
			close_all();
			open_all();
		}
		hunt_world(seed + i);
	}
	close_all();
	arena_free(&memory);
	if (worlds < WORLDS)
		return;
	cr_assert_gt(answered, worlds * ROUNDS * QUESTIONS / 20);
	cr_assert_gt(hidden, worlds * ROUNDS * QUESTIONS / 20);
	cr_assert_gt(kept_from, worlds * ROUNDS * QUESTIONS / 20);
}
