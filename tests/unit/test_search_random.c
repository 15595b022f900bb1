/*
 * Random worlds of places, in clusters and all over the earth, at the poles, on
 * both sides of the antimeridian, below ground, 10 cm apart, thousands at one
 * spot; random rooms about them; and random questions, answered by the search
 * and by looking at every place. Between questions places move, come and go.
 *
 * The index is then what one made anew would be.
 *
 * PLACED_QUESTIONS=1000000 PLACED_SEED=7 ./test_search_random hunts on.
 */
#include "tests/unit/place_words.h"
#include "zones/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(search_random, .init = open_zone, .fini = close_store,
	  .timeout = 1e6);

#define PLACES_MAX 1800
#define ROOMS_MAX 60
#define HITS_MAX 4000
#define QUESTIONS 6000
#define A_WORLD 1500

static int64_t
between(int64_t lo, int64_t hi)
{
	return lo + (int64_t)pick((uint32_t)(hi - lo + 1));
}

/* --- the world ------------------------------------------------------------ */

struct thing {
	uint8_t name[NAME_WIRE_MAX];
	bool there, named_below_room;
	unsigned room; /* that it is named below */
	unsigned points;
	struct place_point at[2];
	char geo[700];		   /* strings separated by '|'; "" none */
	struct place_footprint fp; /* with rings NULL: levels alone */
	bool has_fp;
};

static struct thing things[PLACES_MAX + ROOMS_MAX];
static unsigned thing_count, room_count;
static struct arena memory; /* of footprints */

static struct place_spot
spot_add(struct place_spot s, int64_t lat, int64_t lon)
{
	int64_t a = s.lat + lat, o = s.lon + lon;

	if (a > PLACE_LAT_MAX)
		a = PLACE_LAT_MAX;
	if (a < -PLACE_LAT_MAX)
		a = -PLACE_LAT_MAX;
	while (o > PLACE_LON_MAX)
		o -= 2 * (int64_t)PLACE_LON_MAX;
	while (o < -PLACE_LON_MAX)
		o += 2 * (int64_t)PLACE_LON_MAX;
	return (struct place_spot){(int32_t)a, (int32_t)o};
}

static const struct place_spot middles[] = {
	{149975626, -329534719}, /* a building in Iowa */
	{187200000, 400000},
	{0, 0},
	{-60000000, PLACE_LON_MAX}, /* the antimeridian */
	{60000000, -PLACE_LON_MAX},
	{PLACE_LAT_MAX, 0},
	{PLACE_LAT_MAX - 40, 123456789},
	{-PLACE_LAT_MAX, -5},
	{-PLACE_LAT_MAX + 3000, 648000000},
	{127000000, 162000000}, /* where faces of the cube meet */
};

static unsigned world; /* which kind */

static struct place_spot
random_spot(void)
{
	struct place_spot m = middles[world % ARRAY_LEN(middles)];

	switch (pick(world % 3 == 0 ? 3 : 10)) {
	case 0: /* anywhere */
		return (struct place_spot){
			(int32_t)between(-PLACE_LAT_MAX, PLACE_LAT_MAX),
			(int32_t)between(-PLACE_LON_MAX, PLACE_LON_MAX)};
	case 1: /* a town */
		return spot_add(m, between(-300000, 300000),
				between(-300000, 300000));
	case 2:
		m = middles[pick(ARRAY_LEN(middles))];
		return spot_add(m, between(-99, 99), between(-99, 99));
	case 3: /* the very same spot, or 10 cm from it */
	case 4:
		return spot_add(m, 3 * between(0, 1), 3 * between(0, 1));
	default: /* a building */
		return spot_add(m, between(-2000, 2000), between(-2500, 2500));
	}
}

static struct place_point
random_point(void)
{
	struct place_point p = {.spot = random_spot(),
				.alt = between(-500, 1500),
				.size = 0x12,
				.hp = 0x11,
				.vp = 0x11};

	if (pick(20) == 0)
		p.alt = between(PLACE_ALT_MIN, 1000000);
	return p;
}

/* Corners about the LOC in their order, a tile, or a long box. */
static size_t
random_ring(char *to, const char *key, double reach)
{
	unsigned corners = 3 + pick(8);
	size_t n = (size_t)sprintf(to, "%s=", key);

	if (pick(3) == 0) {
		int w = 50 + (int)pick(600), h = 50 + (int)pick(600);

		return n + (size_t)sprintf(to + n, "0,0 %d,0 %d,%d 0,%d", w, w,
					   h, h);
	}
	for (unsigned i = 0; i < corners; i++) {
		double a = 2 * M_PI * (i + pick(80) / 100.0) / corners;
		double r = reach * (20 + pick(80)) / 100;

		n += (size_t)sprintf(to + n, "%s%d,%d", i ? " " : "",
				     (int)lround(r * cos(a)),
				     (int)lround(r * sin(a)));
	}
	return n;
}

static void
random_levels(char *to)
{
	static const char *const levels[] = {"",	"|lvl=0",   "|lvl=1",
					     "|lvl=-1", "|lvl=0,1", "|lvl=2"};

	strcat(to, levels[pick(ARRAY_LEN(levels))]);
}

static void
random_geo(char *to, bool room)
{
	double reach = pick(4) == 0 ? 30 + pick(60) : 200 + pick(3000);

	to[0] = '\0';
	if (room) {
		size_t n = random_ring(to, "fp", reach);

		if (pick(4) == 0) {
			to[n++] = '|';
			random_ring(to + n, "h1", reach / 8);
		}
		if (pick(2) == 0)
			sprintf(to + strlen(to), "|z=%d,%d",
				(int)between(-400, 0), (int)between(1, 400));
		random_levels(to);
	} else if (pick(6) == 0) {
		sprintf(to, "lvl=%d", (int)between(-1, 2));
	}
}

static size_t
geo_rdata(uint8_t *to, const char *geo)
{
	size_t len = 0;

	while (*geo != '\0') {
		size_t n = strcspn(geo, "|");

		cr_assert_leq(n, 255);
		to[len] = (uint8_t)n;
		memcpy(to + len + 1, geo, n);
		len += 1 + n;
		geo += n + (geo[n] == '|');
	}
	return len;
}

/* --- edits ---------------------------------------------------------------- */

static struct edit_change changes[PLACES_MAX * 3];
static size_t change_count;
static struct arena edit_memory;

static void
change(enum edit_op op, const uint8_t *name, uint16_t type,
       const uint8_t *rdata, size_t len)
{
	changes[change_count++] = (struct edit_change){
		.op = op,
		.owner = arena_copy(&edit_memory, name, name_len(name)),
		.type = type,
		.ttl = 60,
		.rdata = arena_copy(&edit_memory, rdata, len),
		.rdlen = (uint16_t)len,
		.origin = ORIGIN_UPDATE,
	};
}

static void
commit(void)
{
	const struct edit e = {.apex = apex,
			       .changes = changes,
			       .count = change_count,
			       .rules = EDIT_UPDATE,
			       .now = 1764000000,
			       .who = "test"};
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_apply(t, &e, &result), ERR_OK, "%s",
		     result.diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	change_count = 0;
	arena_reset(&edit_memory);
}

static void
geo_name(uint8_t *to, const struct thing *t)
{
	cr_assert_gt(name_concat(to, (const uint8_t *)"\4_geo", 5, t->name), 0);
}

static void
take_away(struct thing *t)
{
	uint8_t geo[NAME_WIRE_MAX];

	geo_name(geo, t);
	change(EDIT_DELETE_RRSET, t->name, RR_LOC, NULL, 0);
	change(EDIT_DELETE_RRSET, geo, RR_TXT, NULL, 0);
	t->there = false;
}

/* A footprint that cannot be (beyond the pole) is left away. */
static void
put_there(struct thing *t, bool room)
{
	uint8_t rdata[1024], geo[NAME_WIRE_MAX];
	size_t len;
	enum err e;

	t->there = true;
	t->points = pick(20) == 0 ? 2 : 1;
	for (unsigned i = 0; i < t->points; i++)
		t->at[i] = random_point();
	if (t->points == 2 && pick(2) == 0) {
		t->at[1] = t->at[0];
		t->at[1].alt += 100;
	}
	random_geo(t->geo, room);
	for (unsigned i = 0; i < t->points; i++) {
		place_to_loc(rdata, &t->at[i]);
		change(EDIT_ADD, t->name, RR_LOC, rdata, PLACE_LOC_LEN);
	}
	t->has_fp = false;
	memset(&t->fp, 0, sizeof(t->fp));
	len = geo_rdata(rdata, t->geo);
	if (len == 0)
		return;
	/* of several LOCs, the first in the order of octets counts */
	if (t->points == 2) {
		uint8_t a[PLACE_LOC_LEN], b[PLACE_LOC_LEN];

		place_to_loc(a, &t->at[0]);
		place_to_loc(b, &t->at[1]);
		if (memcmp(a, b, sizeof(a)) > 0) {
			struct place_point swap = t->at[0];

			t->at[0] = t->at[1];
			t->at[1] = swap;
		}
	}
	e = place_footprint_parse(&t->fp, rdata, len, &t->at[0], &memory, NULL);
	if (e != ERR_OK && e != ERR_NOTFOUND) {
		memset(&t->fp, 0, sizeof(t->fp));
		return;
	}
	t->has_fp = e == ERR_OK;
	geo_name(geo, t);
	change(EDIT_ADD, geo, RR_TXT, rdata, len);
}

static void
make_world(void)
{
	char text[64];

	for (unsigned i = 0; i < thing_count; i++)
		if (things[i].there)
			take_away(&things[i]);
	commit();
	arena_reset(&memory);
	room_count = 5 + pick(ROOMS_MAX - 4);
	thing_count = room_count + 100 + pick(PLACES_MAX - 100);
	if (pick(6) == 0)
		thing_count = room_count + pick(8);
	for (unsigned i = 0; i < thing_count; i++) {
		struct thing *t = &things[i];

		memset(t, 0, sizeof(*t));
		t->room = pick(room_count);
		t->named_below_room = i >= room_count && pick(2) == 0;
		if (i < room_count)
			snprintf(text, sizeof(text), "r%u", i);
		else if (t->named_below_room)
			snprintf(text, sizeof(text), "p%u.r%u", i, t->room);
		else
			snprintf(text, sizeof(text), "p%u", i);
		cr_assert_eq(name_from_text(t->name, text, apex, NULL), ERR_OK);
		put_there(t, i < room_count);
	}
	commit();
}

static void
change_world(void)
{
	for (unsigned n = pick(20); n > 0 && thing_count > 0; n--) {
		unsigned i = pick(thing_count);

		take_away(&things[i]);
		if (pick(3) != 0)
			put_there(&things[i], i < room_count);
		/* one edit a thing: the last word on it counts */
		commit();
	}
}

/* --- looking at every place ----------------------------------------------- */

struct expected {
	const struct thing *thing;
	double order;
};

static struct expected expected[PLACES_MAX + ROOMS_MAX];
static unsigned expected_count;
static uint64_t foreseen; /* searches */

static bool
fp_has_level(const struct place_footprint *fp, int level)
{
	for (unsigned i = 0; i < fp->levels; i++)
		if (fp->level[i] == level)
			return true;
	return false;
}

static bool
share_level(const struct place_footprint *a, const struct place_footprint *b)
{
	for (unsigned i = 0; i < a->levels; i++)
		if (fp_has_level(b, a->level[i]))
			return true;
	return false;
}

static int
by_order(const void *a, const void *b)
{
	const struct expected *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return name_cmp(x->thing->name, y->thing->name);
}

/* The smallest footprint with levels around a point, or NULL. */
static const struct place_footprint *
levels_around(const struct place_point *p)
{
	const struct thing *best = NULL;

	for (unsigned i = 0; i < room_count; i++) {
		const struct thing *t = &things[i];

		if (t->there && t->has_fp && t->fp.levels > 0 &&
		    place_footprint_contains(&t->fp, p->spot) &&
		    place_footprint_at_altitude(&t->fp, p->alt) &&
		    (best == NULL || t->fp.area < best->fp.area ||
		     (t->fp.area == best->fp.area &&
		      name_cmp(t->name, best->name) < 0)))
			best = t;
	}
	return best != NULL ? &best->fp : NULL;
}

static bool
on_levels(const struct thing *t, const struct place_point *p,
	  const struct place_footprint *wanted)
{
	const struct place_footprint *around;

	if (t->fp.levels > 0)
		return share_level(&t->fp, wanted);
	around = levels_around(p);
	return around == NULL || share_level(around, wanted);
}

static bool
stands_in(const struct thing *t, const struct place_point *p,
	  const struct place_footprint *fp)
{
	if (!place_footprint_contains(fp, p->spot))
		return false;
	if (t->fp.levels > 0 && fp->levels > 0)
		return share_level(&t->fp, fp);
	if (fp->has_heights)
		return place_footprint_at_altitude(fp, p->alt);
	return fp->levels == 0 || on_levels(t, p, fp);
}

static void
expect(const struct thing *t, double order)
{
	if (expected_count > 0 && expected[expected_count - 1].thing == t) {
		if (order < expected[expected_count - 1].order)
			expected[expected_count - 1].order = order;
		return;
	}
	expected[expected_count++] = (struct expected){t, order};
}

static void
expect_near(const struct space_question *q, const struct thing *t,
	    const struct place_point *p, struct place_spot from)
{
	const struct place_point air = {.spot = from, .alt = q->altitude};
	struct place_footprint wanted = {.levels = 1, .level = {q->level}};
	double metres = q->has_altitude ? place_distance_3d(&air, p)
					: place_distance(from, p->spot);

	if (q->kind == SPACE_BOX && !place_box_has(q->spot, q->far, p->spot))
		return;
	if (q->has_radius && metres > (double)q->radius / 1000)
		return;
	if (!q->has_level || on_levels(t, p, &wanted))
		expect(t, metres);
}

static void
expect_thing(const struct space_question *q, const struct thing *t,
	     const struct thing *scope, struct place_spot from)
{
	if (!t->there)
		return;
	if (q->kind == SPACE_HERE) {
		if (t == scope)
			return;
		if (name_at_or_below(t->name, q->scope))
			expect(t, 0);
		else
			for (unsigned i = 0; i < t->points; i++)
				if (scope != NULL && scope->there &&
				    scope->has_fp &&
				    !(t->has_fp &&
				      t->fp.area > scope->fp.area) &&
				    stands_in(t, &t->at[i], &scope->fp))
					expect(t, 0);
		return;
	}
	if (!name_at_or_below(t->name, q->scope))
		return;
	if (q->kind == SPACE_IN) {
		if (t->has_fp && place_footprint_contains(&t->fp, q->spot) &&
		    (!q->has_level ||
		     place_footprint_on_level(&t->fp, q->level)) &&
		    (!q->has_altitude ||
		     place_footprint_at_altitude(&t->fp, q->altitude)))
			expect(t, (double)t->fp.area);
		return;
	}
	for (unsigned i = 0; i < t->points; i++)
		expect_near(q, t, &t->at[i], from);
}

/* --- questions ------------------------------------------------------------ */

static struct search_limits caps = {.k = 10,
				    .k_max = HITS_MAX,
				    .radius_max = SPACE_RADIUS_MAX,
				    .scan_max = 1 << 24};
static struct search_hit hits[HITS_MAX];
static uint8_t space[1 << 20];

static struct place_spot
asked_spot(void)
{
	const struct thing *t = &things[pick(thing_count)];

	if (pick(3) == 0 || thing_count == 0)
		return random_spot();
	/* at, beside, or some way from a thing or a corner */
	if (t->has_fp && pick(2) == 0) {
		const struct place_ring *r = &t->fp.ring[0];
		struct place_spot c = r->corner[pick(r->count)];

		return pick(2) == 0 ? c
				    : spot_add(c, between(-60, 60),
					       between(-60, 60));
	}
	return spot_add(t->at[0].spot, between(-5, 5) * pick(40),
			between(-5, 5) * pick(40));
}

static void
ask_near(struct space_question *q)
{
	static const uint64_t scales[] = {
		100, 3000, 10000, 40000, 2000000, 90000000, SPACE_RADIUS_MAX};

	q->spot = asked_spot();
	if (pick(5) == 0)
		return;
	q->has_radius = pick(2) == 0;
	if (q->has_radius)
		q->radius =
			1 +
			pick((uint32_t)(scales[pick(ARRAY_LEN(scales))] / 10)) *
				10u;
	if (!q->has_radius || pick(3) == 0)
		q->k = 1 + pick(pick(8) == 0 ? 300 : 12);
}

static void
ask_box(struct space_question *q)
{
	static const uint32_t sizes[] = {1, 60, 400, 4000, 50000, 30000000};
	uint32_t size = sizes[pick(ARRAY_LEN(sizes))];
	struct place_spot a = asked_spot();

	q->spot = a;
	q->far = spot_add(a, pick(size), pick(size));
	if (pick(3) == 0 && thing_count > 0)
		q->far = spot_add(things[pick(thing_count)].at[0].spot, 0, 0);
	if (q->far.lat < q->spot.lat) {
		int32_t lat = q->far.lat;

		q->far.lat = q->spot.lat;
		q->spot.lat = lat;
	}
}

static const struct thing *
random_question(struct space_question *q)
{
	const struct thing *scope = NULL;

	memset(q, 0, sizeof(*q));
	q->kind = (enum space_kind)pick(4);
	q->scope = apex;
	if (pick(6) < (q->kind == SPACE_HERE ? 5 : 2)) {
		scope = &things[pick(room_count)];
		q->scope = scope->name;
	}
	switch (q->kind) {
	case SPACE_NEAR:
		ask_near(q);
		break;
	case SPACE_BOX:
		ask_box(q);
		break;
	case SPACE_IN:
		q->spot = asked_spot();
		break;
	case SPACE_HERE:
		return scope;
	}
	q->has_level = pick(4) == 0;
	q->level = (int16_t)between(-1, 2);
	if (q->kind != SPACE_BOX) {
		q->has_altitude = pick(4) == 0;
		q->altitude = q->has_altitude ? between(-600, 1600) : 0;
	}
	return scope;
}

/* What the search measures from in a box. */
static struct place_spot
middle_of(const struct space_question *q)
{
	int64_t width = (int64_t)q->far.lon - q->spot.lon;
	struct place_spot m = q->spot;

	if (q->kind != SPACE_BOX)
		return m;
	if (width < 0)
		width += 2 * (int64_t)PLACE_LON_MAX;
	m = spot_add(m, 0, width / 2);
	m.lat = (int32_t)(((int64_t)q->spot.lat + q->far.lat) / 2);
	return m;
}

static const char *
show(const struct space_question *q)
{
	static char text[NAME_TEXT_MAX + 64];
	uint8_t name[NAME_WIRE_MAX];

	if (space_question_write(name, q, q->scope) == 0)
		return "?";
	name_to_text(text, name);
	return text;
}

static void
compare(const struct space_question *q, const struct search *s, unsigned room,
	bool more)
{
	unsigned n = expected_count < room ? expected_count : room;

	cr_assert_eq(s->count, n, "%s: %u hits, not %u", show(q), s->count, n);
	cr_assert_eq(s->more, more, "%s: more %d, room %u of %u", show(q),
		     s->more, room, expected_count);
	for (unsigned i = 0; i < n; i++) {
		char a[NAME_TEXT_MAX], b[NAME_TEXT_MAX];

		name_to_text(a, s->hits[i].name);
		name_to_text(b, expected[i].thing->name);
		cr_assert_str_eq(a, b, "%s: hit %u is %s, not %s", show(q), i,
				 a, b);
		if (q->kind == SPACE_NEAR || q->kind == SPACE_BOX)
			cr_assert_eq(
				s->hits[i].distance,
				(uint64_t)llround(expected[i].order * 1000),
				"%s: distance of hit %u", show(q), i);
	}
}

/* Where the search will read, as a batch would have found out: with another
 * that reads elsewhere. */
static const struct search_ahead *
foresee(struct store_view *v, const struct zone_facts *facts,
	const struct space_question *q)
{
	static struct search_ahead ahead[2];
	struct search_ahead *const both[] = {&ahead[0], &ahead[1]};
	struct space_question other;

	random_question(&other);
	search_ahead_plan(&ahead[0], facts->record.id, &caps, &other);
	search_ahead_plan(&ahead[1], facts->record.id, &caps, q);
	search_ahead_start(v, both, 2);
	if (ahead[1].count > 0)
		foreseen++;
	return &ahead[1];
}

static void
ask(struct store_view *v, const struct zone_facts *facts)
{
	struct space_question q;
	const struct thing *scope = random_question(&q);
	struct arena arena;
	struct search s = {.view = v,
			   .zone = facts,
			   .limits = &caps,
			   .arena = &arena,
			   .names = &arena,
			   .hits = hits,
			   .room = pick(3) == 0 ? 1 + pick(40) : HITS_MAX};
	unsigned room = s.room;
	bool asked_k = q.kind == SPACE_NEAR && (q.k != 0 || !q.has_radius);

	if (pick(2) == 0)
		s.ahead = foresee(v, facts, &q);
	arena_init_fixed(&arena, space, sizeof(space));
	cr_assert_eq(search_run(&s, &q), ERR_OK);
	expected_count = 0;
	for (unsigned i = 0; i < thing_count; i++)
		expect_thing(&q, &things[i], scope, middle_of(&q));
	qsort(expected, expected_count, sizeof(*expected), by_order);
	if (asked_k) {
		unsigned k = q.k != 0 ? q.k : caps.k;

		room = k < room ? k : room;
		asked_k = q.k <= room; /* else it was capped */
	}
	compare(&q, &s, room, !asked_k && expected_count > room);
}

/* --- the hunt ------------------------------------------------------------- */

static uint64_t
from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

Test(search_random, finds_what_a_look_at_every_place_finds)
{
	uint64_t questions = from_environment("PLACED_QUESTIONS", QUESTIONS);
	struct store_view *v = store_reader_new(store);
	struct zone_facts facts = {0};

	pick_seed(from_environment("PLACED_SEED", 1));
	arena_init_growing(&memory);
	arena_init_growing(&edit_memory);
	for (uint64_t n = 0; n < questions; n++) {
		if (n % A_WORLD == 0) {
			world = (unsigned)(n / A_WORLD) + pick(3);
			make_world();
			cells_are_true();
		} else if (n % 100 == 0) {
			change_world();
			if (n % 500 == 0)
				cells_are_true();
		}
		cr_assert_eq(store_reader_begin(v), ERR_OK);
		cr_assert_eq(zone_facts_refresh(&facts, v, apex), ERR_OK);
		store_view_watch(v, facts.record.id);
		ask(v, &facts);
		cr_assert_eq(store_view_strayed(v), 0, "another zone's cells");
		store_reader_end(v);
	}
	cr_assert_gt(foreseen, questions / 50);
	store_reader_free(v);
	arena_free(&memory);
	arena_free(&edit_memory);
}
