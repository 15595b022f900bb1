/*
 * What a search costs in process: no socket, no message, one thread.
 *
 *   bench_space PLACES SIDE QUESTIONS [DIR [KIND]]
 *
 * PLACES in a square of SIDE metres, each a name with LOC, at random within its
 * own of many equal tiles: made tile by tile, so that ten millions of them do
 * not write most pages of the file in every commit. One in ten has a room of
 * some metres around it, three levels. Questions at random spots of the square,
 * each kind in turn, over one snapshot, once unmeasured. Prints one line of
 * key=value a kind. DIR keeps the store for another run; without it, it is made
 * in a directory that is removed.
 */
#include "zones/edit.h"
#include "zones/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROOM_EVERY 10
#define SLICE 2000
#define TILE_PLACES 64 /* at most so many in a tile */
#define HITS 100

static const uint8_t apex[] = "\5house";
static const struct place_spot middle = {149975626, -329534719};
static uint64_t random_state = 0x9e3779b97f4a7c15;
static double side;

static uint64_t
random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 11;
}

static double
random_unit(void)
{
	return (double)random_next() / 9007199254740992.0;
}

static void
check(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "space: %s: %s\n", what, err_text(e));
	exit(1);
}

static uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* x and y: of the square, from its middle, -0.5 to 0.5. */
static struct place_spot
spot_at(double x, double y)
{
	double mas = side / PLACE_METRES_A_DEGREE * PLACE_DEGREE;
	double cosine = cos(place_angle_degrees(middle.lat) * M_PI / 180);

	return (struct place_spot){middle.lat + (int32_t)(y * mas),
				   middle.lon + (int32_t)(x * mas / cosine)};
}

static struct place_spot
random_spot(void)
{
	double x = random_unit() - 0.5;

	return spot_at(x, random_unit() - 0.5);
}

/* Of the n-th of so many, in a tile by its number's bits in turn. */
static struct place_spot
tile_spot(uint64_t n, uint64_t places)
{
	unsigned depth = 0;
	uint64_t tile, x = 0, y = 0;

	while ((places >> 2 * depth) > TILE_PLACES)
		depth++;
	tile = (n << 2 * depth) / places;
	for (unsigned i = 0; i < depth; i++) {
		x |= (tile >> 2 * i & 1) << i;
		y |= (tile >> (2 * i + 1) & 1) << i;
	}
	return spot_at(ldexp((double)x + random_unit(), -(int)depth) - 0.5,
		       ldexp((double)y + random_unit(), -(int)depth) - 0.5);
}

/* --- the store ------------------------------------------------------------ */

struct making {
	struct arena arena;
	struct edit_change changes[3 * SLICE];
	size_t count;
};

static void
add(struct making *m, const char *name, uint16_t type, const void *rdata,
    size_t len)
{
	uint8_t owner[NAME_WIRE_MAX];

	check(name_from_text(owner, name, apex, NULL), name);
	m->changes[m->count++] = (struct edit_change){
		.op = EDIT_ADD,
		.owner = arena_copy(&m->arena, owner, name_len(owner)),
		.type = type,
		.ttl = 60,
		.rdata = arena_copy(&m->arena, rdata, len),
		.rdlen = (uint16_t)len,
		.origin = ORIGIN_UPDATE,
	};
}

static void
add_place(struct making *m, unsigned n, unsigned places)
{
	struct place_point p = {.spot = tile_spot(n, places),
				.alt = 20000 + 300 * (n / ROOM_EVERY % 3),
				.size = 0x12,
				.hp = 0x11,
				.vp = 0x11};
	uint8_t loc[PLACE_LOC_LEN], txt[256];
	char name[32], *string = (char *)txt + 1;

	place_to_loc(loc, &p);
	snprintf(name, sizeof(name), "place-%08u", n);
	add(m, name, RR_LOC, loc, sizeof(loc));
	if (n % ROOM_EVERY != 0)
		return;
	txt[0] = (uint8_t)sprintf(string,
				  "fp=-200,-150 400,-150 400,300 100,320 "
				  "100,200 -200,200");
	string += txt[0];
	string[0] = (char)sprintf(string + 1, "z=0,300");
	string += 1 + string[0];
	string[0] = (char)sprintf(string + 1, "lvl=%u", n / ROOM_EVERY % 3);
	snprintf(name, sizeof(name), "_geo.place-%08u", n);
	add(m, name, RR_TXT, txt,
	    (size_t)(string + 1 + string[0] - (char *)txt));
}

static void
commit(struct store *s, struct making *m)
{
	const struct edit_limits limits = {.journal_limit = 1};
	const struct edit e = {.apex = apex,
			       .changes = m->changes,
			       .count = m->count,
			       .rules = EDIT_STRICT,
			       .limits = &limits,
			       .who = "bench"};
	struct edit_result r;
	struct store_txn *t;

	check(store_txn_begin(s, &t), "begin");
	check(edit_apply(t, &e, &r), r.diag.text);
	check(store_txn_commit(t), "commit");
	m->count = 0;
	arena_reset(&m->arena);
}

static void
make_zone(struct store *s)
{
	static const uint8_t soa[22 + 4] = {0};
	static struct making m;
	struct store_txn *t;

	check(store_txn_begin(s, &t), "begin");
	check(edit_zone_create(t, apex, NULL), "create");
	check(store_txn_commit(t), "commit");
	arena_init_growing(&m.arena);
	add(&m, "@", RR_SOA, soa, 22);
	add(&m, "@", RR_NS, apex, sizeof(apex));
	commit(s, &m);
}

static void
fill(struct store *s, unsigned places)
{
	static struct making m;
	uint64_t start = clock_ns();

	arena_init_growing(&m.arena);
	for (unsigned n = 0; n < places; n++) {
		add_place(&m, n, places);
		if (n % SLICE == SLICE - 1 || n + 1 == places)
			commit(s, &m);
	}
	printf("fill places=%u us=%.2f\n", places,
	       (double)(clock_ns() - start) / 1e3 / places);
}

/* --- questions ------------------------------------------------------------ */

struct kind {
	const char *name;
	struct space_question q;
};

static const struct kind kinds[] = {
	{"10m", {.kind = SPACE_NEAR, .has_radius = true, .radius = 10000}},
	{"100m", {.kind = SPACE_NEAR, .has_radius = true, .radius = 100000}},
	{"k1", {.kind = SPACE_NEAR, .k = 1}},
	{"k5", {.kind = SPACE_NEAR, .k = 5}},
	{"k50", {.kind = SPACE_NEAR, .k = 50}},
	{"k5.50m",
	 {.kind = SPACE_NEAR, .k = 5, .has_radius = true, .radius = 50000}},
	{"k5.l0", {.kind = SPACE_NEAR, .k = 5, .has_level = true}},
	{"k5.far", {.kind = SPACE_NEAR, .k = 5}},
	{"in", {.kind = SPACE_IN}},
	{"in.l0", {.kind = SPACE_IN, .has_level = true}},
	{"box", {.kind = SPACE_BOX}},
};

static void
ask(struct search *s, const struct kind *kind, unsigned questions, bool tell)
{
	static uint8_t space[1 << 16];
	struct space_question q = kind->q;
	uint64_t start, hits = 0, scanned = 0, more = 0;
	struct arena arena;

	q.scope = apex;
	s->arena = s->names = &arena;
	start = clock_ns();
	for (unsigned i = 0; i < questions; i++) {
		arena_init_fixed(&arena, space, sizeof(space));
		q.spot = random_spot();
		if (strcmp(kind->name, "k5.far") == 0)
			q.spot.lat += 100000000;
		q.far = (struct place_spot){q.spot.lat + 600, q.spot.lon + 800};
		check(search_run(s, &q), kind->name);
		hits += s->count;
		scanned += s->scanned;
		more += s->more;
	}
	if (!tell)
		return;
	printf("kind=%s us=%.3f hits=%.2f scanned=%.1f more=%.3f\n", kind->name,
	       (double)(clock_ns() - start) / 1e3 / questions,
	       (double)hits / questions, (double)scanned / questions,
	       (double)more / questions);
}

static void
questions_ask(struct store *s, unsigned questions, const char *only)
{
	const struct search_limits limits = {.k = 10,
					     .k_max = HITS,
					     .radius_max = SPACE_RADIUS_MAX,
					     .scan_max = 20000};
	static struct search_hit hits[HITS];
	struct zone_facts facts = {0};
	struct store_view *v = store_reader_new(s);
	struct search search = {.view = v,
				.zone = &facts,
				.limits = &limits,
				.hits = hits,
				.room = HITS};

	check(store_reader_begin(v), "reader");
	check(zone_facts_refresh(&facts, v, apex), "zone");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (only == NULL || strcmp(only, kinds[i].name) == 0) {
			ask(&search, &kinds[i], questions / 4, false);
			ask(&search, &kinds[i], questions, true);
		}
	store_reader_end(v);
	store_reader_free(v);
}

int
main(int argc, char **argv)
{
	const struct store_options o = {.create = true, .readers = 1};
	char made[] = "/tmp/bench-space-XXXXXX", command[64];
	const char *dir = argc > 4 ? argv[4] : made;
	struct zone_record z;
	struct store_txn *t;
	struct store *s;
	struct diag d;
	bool there;

	if (argc < 4 || (argc == 4 && mkdtemp(made) == NULL)) {
		fprintf(stderr, "usage: bench_space PLACES SIDE QUESTIONS "
				"[DIR [KIND]]\n");
		return 2;
	}
	side = atof(argv[2]);
	check(store_open(&s, dir, &o, &d), "open");
	check(store_txn_begin(s, &t), "begin");
	there = zone_record_get(store_txn_view(t), apex, &z) == ERR_OK;
	store_txn_abort(t);
	if (!there) {
		make_zone(s);
		fill(s, (unsigned)atoi(argv[1]));
	}
	random_state = 0x123456789abcdef;
	questions_ask(s, (unsigned)atoi(argv[3]), argc > 5 ? argv[5] : NULL);
	store_close(s);
	snprintf(command, sizeof(command), "rm -rf %s", made);
	return argc == 4 && system(command) != 0;
}
