#include "zones/space_question.h"

#include "lib/name.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APEX "seamans.example."

static const uint8_t apex_name[] = "\7seamans\7example";
static const uint8_t scope_name[] = "\7rm-1420\7seamans\7example";

static uint32_t
rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A name from text, in one of a few places that take turns. */
static const uint8_t *
N(const char *text)
{
	static uint8_t place[8][NAME_WIRE_MAX];
	static unsigned turn;
	uint8_t *dst = place[turn++ % 8];
	struct diag d = {.text = ""};

	cr_assert_eq(name_from_text(dst, text, NULL, &d), ERR_OK, "%s: %s",
		     text, d.text);
	return dst;
}

static struct space_question q;
static char why[SPACE_WHY_MAX];

/* labels in front of the apex */
static enum space_outcome
outcome(const char *labels)
{
	char text[NAME_TEXT_MAX + sizeof(APEX)];

	snprintf(text, sizeof(text), "%s." APEX, labels);
	why[0] = '\0';
	return space_question_parse(&q, N(text), N(APEX), why);
}

static const char *
outcome_text(enum space_outcome o)
{
	static const char *const text[] = {"none", "valid", "tail",
					   "impossible"};

	return text[o];
}

#define IS(want, labels)                                                 \
	do {                                                             \
		enum space_outcome got_ = outcome(labels);               \
		cr_assert_eq(got_, want, "%s is %s (%s)", labels,        \
			     outcome_text(got_), why);                   \
		if (got_ == SPACE_IMPOSSIBLE)                            \
			cr_assert(why[0] != '\0' && strlen(why) <= 100); \
	} while (0)

#define WRONG(words, labels)                                              \
	do {                                                              \
		IS(SPACE_IMPOSSIBLE, labels);                             \
		cr_assert_neq(strstr(why, words), NULL, "%s: %s", labels, \
			      why);                                       \
	} while (0)

/* --- the questions of the manual ----------------------------------------- */

Test(space_question, within_ten_metres)
{
	IS(SPACE_VALID, "41.659896n.91.537422w.10m._near");
	cr_assert_eq(q.kind, SPACE_NEAR);
	cr_assert_eq(q.spot.lat, 149975626);
	cr_assert_eq(q.spot.lon, -329534719);
	cr_assert(q.has_radius && !q.has_level && !q.has_altitude);
	cr_assert_eq(q.radius, 10000);
	cr_assert_eq(q.k, 0);
	cr_assert_eq(q.service, NULL);
	cr_assert(name_equal(q.scope, N(APEX)));
}

Test(space_question, the_five_nearest)
{
	IS(SPACE_VALID, "41.659896n.91.537422w.k5._near.rm-1420");
	cr_assert_eq(q.k, 5);
	cr_assert_not(q.has_radius);
	cr_assert(name_equal(q.scope, N("rm-1420." APEX)));
}

Test(space_question, printers_there)
{
	IS(SPACE_VALID, "_ipp._tcp.41.659896n.91.537422w.10m._near");
	cr_assert_eq(q.service_len, 10);
	cr_assert_eq(memcmp(q.service, "\4_ipp\4_tcp", 10), 0);
}

Test(space_question, which_room_is_this)
{
	IS(SPACE_VALID, "41.659896n.91.537422w.l0._in");
	cr_assert_eq(q.kind, SPACE_IN);
	cr_assert(q.has_level);
	cr_assert_eq(q.level, 0);
}

Test(space_question, what_is_in_this_box)
{
	IS(SPACE_VALID, "41.6595n.91.5378w.41.6600n.91.5370w._box");
	cr_assert_eq(q.kind, SPACE_BOX);
	cr_assert_eq(q.spot.lat, 149974200);
	cr_assert_eq(q.far.lat, 149976000);
	cr_assert_eq(q.spot.lon, -329536080);
	cr_assert_eq(q.far.lon, -329533200);
}

Test(space_question, what_is_in_this_room)
{
	IS(SPACE_VALID, "_here.rm-1420");
	cr_assert_eq(q.kind, SPACE_HERE);
	cr_assert(name_equal(q.scope, N("rm-1420." APEX)));
	cr_assert_eq(q.prefix_len, 6);
	IS(SPACE_VALID, "_ipp._tcp._here.rm-1420");
	cr_assert_eq(q.service_len, 10);
}

/* --- items --------------------------------------------------------------- */

Test(space_question, degrees_may_be_whole)
{
	IS(SPACE_VALID, "41n.91w.10m._near");
	cr_assert_eq(q.spot.lat, 41 * PLACE_DEGREE);
	cr_assert_eq(q.spot.lon, -91 * PLACE_DEGREE);
	IS(SPACE_VALID, "0.5s.0e.10m._near");
	cr_assert_eq(q.spot.lat, -PLACE_DEGREE / 2);
	IS(SPACE_VALID, "90.000s.180.0e._in");
	IS(SPACE_VALID, "007n.000.000e._in");
}

Test(space_question, radius_may_have_decimals)
{
	IS(SPACE_VALID, "41n.91w.2.5m._near");
	cr_assert_eq(q.radius, 2500);
	IS(SPACE_VALID, "41n.91w.0.001m._near");
	cr_assert_eq(q.radius, 1);
	IS(SPACE_VALID, "41n.91w.20100000m._near");
}

Test(space_question, altitude_and_radius_keep_apart)
{
	IS(SPACE_VALID, "41n.91w.a216.5m.2.5m._near");
	cr_assert_eq(q.altitude, 21650);
	cr_assert_eq(q.radius, 2500);
	IS(SPACE_VALID, "41n.91w.2m.a216m._near");
	cr_assert_eq(q.altitude, 21600);
	cr_assert_eq(q.radius, 2000);
	IS(SPACE_VALID, "41n.91w.a216m.2m._near");
	cr_assert_eq(q.altitude, 21600);
	cr_assert_eq(q.radius, 2000);
	IS(SPACE_VALID, "41n.91w.a-0.5m._in");
	cr_assert_eq(q.altitude, -50);
	IS(SPACE_VALID, "41n.91w.a-3m._in");
	cr_assert_eq(q.altitude, -300);
	/* without its m, an altitude takes what follows for its decimals */
	IS(SPACE_VALID, "41n.91w.a216.10m._near");
	cr_assert_eq(q.altitude, 21610);
	cr_assert_not(q.has_radius);
}

Test(space_question, levels_may_lie_below_the_ground)
{
	IS(SPACE_VALID, "41n.91w.l-1._in");
	cr_assert_eq(q.level, -1);
	IS(SPACE_VALID, "41n.91w.l9999._near");
	cr_assert_eq(q.level, 9999);
	IS(SPACE_VALID, "41n.91w.42n.90w.l-0._box");
	cr_assert_eq(q.level, 0);
}

Test(space_question, order_and_case_are_free)
{
	struct space_question first;

	IS(SPACE_VALID, "41.5n.91.5w.l2.a3m.k5.10m._near");
	first = q;
	IS(SPACE_VALID, "K5.10M.91.5W.A3M.41.5N.L2._NEAR");
	cr_assert_eq(q.spot.lat, first.spot.lat);
	cr_assert_eq(q.spot.lon, first.spot.lon);
	cr_assert_eq(q.k, 5);
	cr_assert_eq(q.radius, first.radius);
	cr_assert_eq(q.level, first.level);
	cr_assert_eq(q.altitude, first.altitude);
}

Test(space_question, near_without_radius_and_k_is_valid)
{
	IS(SPACE_VALID, "41n.91w._near");
	cr_assert(!q.has_radius && q.k == 0);
}

Test(space_question, box_may_cross_the_antimeridian_or_be_a_line)
{
	IS(SPACE_VALID, "10s.170e.10n.170w._box");
	cr_assert(q.spot.lon > q.far.lon);
	IS(SPACE_VALID, "5n.5e.5n.5e._box");
}

/* --- services ------------------------------------------------------------ */

Test(space_question, subtypes_and_the_list_of_types_are_services)
{
	IS(SPACE_VALID, "_color._sub._ipp._tcp.41n.91w._near");
	IS(SPACE_VALID, "color._sub._ipp._tcp._here");
	IS(SPACE_VALID, "_services._dns-sd._udp._here.rm-1420");
	IS(SPACE_VALID, "_coap._UDP.41n.91w.42n.90w._box");
	IS(SPACE_VALID, "_ipp._tcp.41n.91w._in");
}

Test(space_question, half_a_service_is_a_tail)
{
	IS(SPACE_TAIL, "_tcp._here");
	IS(SPACE_TAIL, "_udp.41n.91w.k5._near");
	IS(SPACE_TAIL, "_sub._ipp._tcp._here");
	IS(SPACE_TAIL, "_dns-sd._udp._here");
}

Test(space_question, what_is_no_service_is_impossible)
{
	WRONG("'_sctp'", "_sctp._here");
	WRONG("'_x'", "_x.41n.91w.k5._near");
	WRONG("'ipp'", "ipp._tcp._here");
	WRONG("'_'", "_._tcp._here");
	WRONG("'office'", "office._ipp._tcp._here");
	WRONG("'b'", "b._dns-sd._udp._here");
	WRONG("'b'", "b.x._sub._ipp._tcp._here");
	WRONG("'b'", "b._services._dns-sd._udp._here");
	WRONG("latitude is missing", "_tcp.91w.10m._near");
	WRONG("longitude is missing", "_ipp._tcp.41n.10m._near");
	WRONG("longitude is missing", "_tcp.10n.41n.11e._box");
}

/* --- tails --------------------------------------------------------------- */

Test(space_question, tail_of_a_question_is_no_data)
{
	IS(SPACE_TAIL, "_near");
	IS(SPACE_TAIL, "_in.rm-1420");
	IS(SPACE_TAIL, "_box");
	IS(SPACE_TAIL, "10m._near");
	IS(SPACE_TAIL, "537422w.10m._near");
	IS(SPACE_TAIL, "91.537422w.10m._near");
	IS(SPACE_TAIL, "659896n.91.537422w.10m._near");
	IS(SPACE_TAIL, "l0._in");
	IS(SPACE_TAIL, "5m.l0._in");
	IS(SPACE_TAIL, "91.5370w._box");
	IS(SPACE_TAIL, "91.5378w.41.6600n.91.5370w._box");
	IS(SPACE_TAIL, "5m.10m._near"); /* a3.5m */
	IS(SPACE_TAIL, "0m.41n.91w._near");
	IS(SPACE_TAIL, "99999999999m.41n.91w._near");
	/* 41.70n would be valid, 70n is not */
	IS(SPACE_TAIL, "70n.5e.42n.6e._box");
}

Test(space_question, what_may_go_on_but_is_whole_is_valid)
{
	IS(SPACE_VALID, "5n.91.537422w._near");
	IS(SPACE_VALID, "5m.41n.91w._near");
}

/* --- impossible ---------------------------------------------------------- */

Test(space_question, what_is_out_of_range_is_impossible)
{
	WRONG("90 degrees", "90.1n.91w.10m._near");
	WRONG("90 degrees", "91.0n.91w.10m._near");
	WRONG("180 degrees", "41n.180.0000003w.10m._near");
	WRONG("180 degrees", "41n.200w.10m._near");
	WRONG("count", "41n.91w.k0._near");
	WRONG("count", "41n.91w.k65536._near");
	WRONG("count", "41n.91w.k99999999999999._near");
	WRONG("level", "41n.91w.l10000._near");
	WRONG("radius", "41n.91w.0m._near");
	WRONG("radius", "41n.91w.0.0004m._near");
	WRONG("radius", "41n.91w.20100000.1m._near");
	WRONG("altitude", "41n.91w.a-100000.01m._in");
	WRONG("altitude", "a42849672.96m._in");
	WRONG("south-west", "42.0n.91w.41n.90w._box");
	WRONG("south-west", "91w.42n.41n.90w._box");
}

Test(space_question, what_is_there_twice_is_impossible)
{
	WRONG("latitude", "41n.42n.91w._near");
	WRONG("longitude", "5w.91w._near");
	WRONG("latitude", "1n.41n.42n._box");
	WRONG("radius", "5.5m.10m._near");
	WRONG("radius", "41n.5m.10m._near");
	WRONG("radius", "5m.a3m.10m._near");
	WRONG("count", "k5.k5._near");
	WRONG("level", "l0.l1._in");
	WRONG("altitude", "a1m.a2m._in");
}

Test(space_question, what_a_kind_does_not_take_is_impossible)
{
	WRONG("_in does not take", "41n.91w.10m._in");
	WRONG("_in does not take", "k5._in");
	WRONG("_box does not take", "5m._box");
	WRONG("_box does not take", "a5m._box");
	WRONG("_box does not take", "a5.5m._box");
	WRONG("_box does not take", "k1._box");
	WRONG("_here", "10m._here");
	WRONG("_here", "lamp._here.rm-1420");
}

Test(space_question, what_is_no_item_is_impossible)
{
	WRONG("'lamp'", "lamp._near");
	WRONG("lacks a unit", "41._near");
	WRONG("lacks a unit", "41.k5._near");
	WRONG("lacks a unit", "3.41.5n.91w._near");
	WRONG("lacks its m", "a216._near");
	WRONG("'10km'", "41n.91w.10km._near");
	WRONG("'-3m'", "-3m._near");
	WRONG("'k'", "k._near");
	WRONG("'k-1'", "k-1._near");
	WRONG("'l'", "l._near");
	WRONG("'l-'", "l-._near");
	WRONG("'a-m'", "a-m._near");
	WRONG("'am'", "am._near");
	WRONG("'n'", "n._near");
	WRONG("'*'", "*._near");
	WRONG("'?x?'", "\\000x\\255._near");
	WRONG("'aaaaaaaaaaaaaaaaaaaaaaaa...'",
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	      "_near");
}

/* --- names that are no questions ----------------------------------------- */

Test(space_question, other_names_are_none)
{
	IS(SPACE_NONE, "rm-1420");
	IS(SPACE_NONE, "_nearby.rm-1420");
	IS(SPACE_NONE, "near");
	IS(SPACE_NONE, "_geo.rm-1420");
	cr_assert_eq(space_question_parse(&q, N(APEX), N(APEX), why),
		     SPACE_NONE);
	/* the apex itself may be called what it likes */
	cr_assert_eq(space_question_parse(&q, N("x._near.example."),
					  N("_near.example."), why),
		     SPACE_NONE);
}

Test(space_question, first_kind_below_the_apex_counts)
{
	WRONG("'x'", "41n.91w.k5._near.x._in");
	IS(SPACE_IMPOSSIBLE, "_here._here");
}

Test(space_question, nothing_may_be_stored_at_or_below_a_kind)
{
	cr_assert(space_name_reserved(N("_near." APEX), N(APEX)));
	cr_assert(space_name_reserved(N("a.b._IN.x." APEX), N(APEX)));
	cr_assert_not(space_name_reserved(N("x." APEX), N(APEX)));
	cr_assert_not(space_name_reserved(N(APEX), N(APEX)));
	for (unsigned k = SPACE_NEAR; k <= SPACE_HERE; k++) {
		IS(k == SPACE_HERE ? SPACE_VALID : SPACE_TAIL,
		   space_kind_label((enum space_kind)k));
		cr_assert_eq(q.kind, k);
	}
}

/* --- writing ------------------------------------------------------------- */

#define WRITES(want, labels)                                              \
	do {                                                              \
		uint8_t dst_[NAME_WIRE_MAX];                              \
		char text_[NAME_TEXT_MAX];                                \
		IS(SPACE_VALID, labels);                                  \
		cr_assert_gt(space_question_write(dst_, &q, N("x.")), 0); \
		name_to_text(text_, dst_);                                \
		cr_assert_str_eq(text_, want ".x.");                      \
	} while (0)

Test(space_question, canonical_names_are_short_and_in_order)
{
	WRITES("41.659896n.91.537422w.10m._near",
	       "10.000M.41.659896N.91.537422W._Near");
	WRITES("41n.0e.l-1.a-0.5m.k5.2.5m._near",
	       "41.0n.0w.2.50m.K05.a-0.50m.l-01._near");
	WRITES("5s.5w.5n.5e.l2._box", "05.00s.l2.5w.5n.5e._box");
	WRITES("41n.91w.a216m._in", "41n.a216.00m.91w._in");
	WRITES("_ipp._tcp._here", "_ipp._tcp._here");
	WRITES("0n.0e.0.001m._near", "0s.0w.0.0005m._near");
}

Test(space_question, same_labels_go_under_another_scope)
{
	uint8_t dst[NAME_WIRE_MAX];
	const uint8_t *name = N("_ipp._tcp.41.50n.91w._near." APEX);

	cr_assert_eq(space_question_parse(&q, name, N(APEX), why), SPACE_VALID);
	cr_assert_gt(space_question_move(dst, &q, name, N("child.home.")), 0);
	cr_assert(name_equal(dst, N("_ipp._tcp.41.50n.91w._near.child.home.")));
}

Test(space_question, name_that_would_be_too_long_is_none)
{
	uint8_t dst[NAME_WIRE_MAX], scope[NAME_WIRE_MAX];
	size_t len = 0;

	IS(SPACE_VALID, "41.659896n.91.537422w.10m._near");
	for (int i = 0; i < 3; i++) {
		scope[len] = 63;
		memset(scope + len + 1, 'x', 63);
		len += 64;
	}
	scope[len] = 30; /* 192 + 31 + 1 and 32 more are one too many */
	memset(scope + len + 1, 'x', 30);
	scope[len + 31] = 0;
	cr_assert_eq(space_question_write(dst, &q, scope), 0);
	scope[len] = 25;
	scope[len + 26] = 0;
	cr_assert_eq(space_question_write(dst, &q, scope), 251);
}

/* --- random questions ---------------------------------------------------- */

static struct place_spot
random_spot(uint32_t *seed)
{
	return (struct place_spot){
		(int32_t)(rnd(seed) % (2 * PLACE_LAT_MAX + 1)) - PLACE_LAT_MAX,
		(int32_t)(rnd(seed) % (2 * PLACE_LON_MAX + 1)) - PLACE_LON_MAX};
}

static void
random_service(struct space_question *want, uint32_t *seed)
{
	static const uint8_t *const some[] = {
		(const uint8_t *)"\4_ipp\4_tcp",
		(const uint8_t *)"\5color\4_sub\4_ipp\4_tcp",
		(const uint8_t *)"\x9_services\7_dns-sd\4_udp"};

	if (rnd(seed) % 2)
		return;
	want->service = some[rnd(seed) % 3];
	want->service_len = strlen((const char *)want->service);
}

static struct space_question
random_question(uint32_t *seed)
{
	struct space_question want = {.kind = rnd(seed) % 4};
	bool near = want.kind == SPACE_NEAR, here = want.kind == SPACE_HERE;

	random_service(&want, seed);
	if (!here)
		want.spot = random_spot(seed);
	if (want.kind == SPACE_BOX) {
		want.far = random_spot(seed);
		if (want.far.lat < want.spot.lat) {
			int32_t lat = want.far.lat;

			want.far.lat = want.spot.lat;
			want.spot.lat = lat;
		}
	}
	if (!here && (want.has_level = rnd(seed) % 2))
		want.level = (int16_t)(rnd(seed) % 19999) - 9999;
	if ((near || want.kind == SPACE_IN) &&
	    (want.has_altitude = rnd(seed) % 2))
		want.altitude = PLACE_ALT_MIN + rnd(seed) % 20000000;
	if (near && (want.has_radius = rnd(seed) % 2))
		want.radius = 1 + rnd(seed) % 100000;
	if (near && rnd(seed) % 2)
		want.k = 1 + rnd(seed) % SPACE_K_MAX;
	return want;
}

static void
assert_same(const struct space_question *got, const struct space_question *want)
{
	cr_assert_eq(got->kind, want->kind);
	cr_assert_eq(got->spot.lat, want->spot.lat);
	cr_assert_eq(got->spot.lon, want->spot.lon);
	cr_assert_eq(got->far.lat, want->far.lat);
	cr_assert_eq(got->far.lon, want->far.lon);
	cr_assert_eq(got->has_level, want->has_level);
	cr_assert_eq(got->level, want->level);
	cr_assert_eq(got->has_altitude, want->has_altitude);
	cr_assert_eq(got->altitude, want->altitude);
	cr_assert_eq(got->has_radius, want->has_radius);
	cr_assert_eq(got->radius, want->radius);
	cr_assert_eq(got->k, want->k);
	cr_assert_eq(got->service_len, want->service_len);
	if (want->service)
		cr_assert_arr_eq(got->service, want->service,
				 want->service_len);
}

Test(space_question, written_question_is_read_as_the_same)
{
	const uint8_t *apex = apex_name, *scope = scope_name;
	uint8_t name[NAME_WIRE_MAX], again[NAME_WIRE_MAX];
	uint32_t seed = 2024;

	for (int i = 0; i < 100000; i++) {
		struct space_question want = random_question(&seed);

		cr_assert_gt(space_question_write(name, &want, scope), 0);
		cr_assert_eq(space_question_parse(&q, name, apex, why),
			     SPACE_VALID, "%s", why);
		assert_same(&q, &want);
		cr_assert(name_equal(q.scope, scope));
		space_question_write(again, &q, scope);
		cr_assert(name_equal(name, again));
	}
}

/* What QNAME minimisation asks for on the way must exist (RFC 9156). */
Test(space_question, every_tail_of_a_valid_question_is_valid_or_a_tail)
{
	const uint8_t *apex = apex_name, *scope = scope_name;
	uint8_t name[NAME_WIRE_MAX];
	uint32_t seed = 31;

	for (int i = 0; i < 50000; i++) {
		struct space_question want = random_question(&seed);
		const uint8_t *tail = name;

		space_question_write(name, &want, scope);
		while (name_labels(tail) > name_labels(scope)) {
			char text[NAME_TEXT_MAX];
			enum space_outcome o =
				space_question_parse(&q, tail, apex, why);

			name_to_text(text, tail);
			cr_assert(o == SPACE_VALID || o == SPACE_TAIL, "%s: %s",
				  text, why);
			tail = name_skip(tail, 1);
		}
	}
}

/* The same for whatever is valid, made from labels thrown together; and no
 * name below one that is impossible is anything else (RFC 8020). */
Test(space_question, outcomes_of_a_name_and_of_its_tails_fit_together)
{
	static const char *const words[] = {
		"41",	"5n",	"659896n", "91",   "5w",  "95s", "0e", "10m",
		"0m",	"a3",	"a-3",	   "a3m",  "k5",  "k0",	 "l0", "_tcp",
		"_ipp", "_sub", "_udp",	   "lamp", "41n", "42n", "90w"};
	const uint8_t *apex = apex_name;
	uint32_t seed = 8;
	unsigned valid = 0, tails = 0;

	for (int i = 0; i < 400000; i++) {
		char text[400] = "";
		unsigned n = rnd(&seed) % 8;
		const uint8_t *name;
		bool impossible = false;

		while (n-- > 0) {
			strcat(text, words[rnd(&seed) % ARRAY_LEN(words)]);
			strcat(text, ".");
		}
		strcat(text, space_kind_label(rnd(&seed) % 4));
		strcat(text, "." APEX);
		name = N(text);
		for (n = name_labels(name) - 2; n-- > 0;) {
			enum space_outcome o = space_question_parse(
				&q, name_skip(name, n), apex, why);

			cr_assert_neq(o, SPACE_NONE);
			cr_assert(!impossible || o == SPACE_IMPOSSIBLE, "%s",
				  text);
			impossible = o == SPACE_IMPOSSIBLE;
			valid += o == SPACE_VALID;
			tails += o == SPACE_TAIL;
		}
	}
	cr_assert(valid > 5000 && tails > 100000, "%u valid, %u tails", valid,
		  tails);
}

/* Is there something to put in front that makes the tail valid: the rest of
 * its first item, the angles that are missing, the rest of a service? */
static bool
leads_somewhere(const char *tail)
{
	static const char *const item[] = {"", "0.", "41.", "90.", "a1."};
	static const char *const lat[] = {"", "90s.", "90s.90n."};
	static const char *const lon[] = {"", "1e.", "1e.1e."};
	static const char *const service[] = {"", "_ipp.", "x.", "_services."};
	char text[500];

	for (int i = 0; i < 5 * 3 * 3 * 4; i++) {
		snprintf(text, sizeof(text), "%s%s%s%s%s", service[i / 45],
			 lat[i / 15 % 3], lon[i / 5 % 3], item[i % 5], tail);
		if (space_question_parse(&q, N(text), apex_name, why) ==
		    SPACE_VALID)
			return true;
	}
	return false;
}

Test(space_question, tail_can_become_valid)
{
	static const char *const words[] = {
		"5n",  "659896n", "5w",	 "1800000w", "0s",   "10m",
		"a3m", "k5",	  "l-1", "0m",	     "_tcp", "41n"};
	uint32_t seed = 90;
	unsigned tails = 0;

	for (int i = 0; i < 20000; i++) {
		char text[400] = "";

		for (unsigned n = rnd(&seed) % 4; n > 0; n--) {
			strcat(text, words[rnd(&seed) % ARRAY_LEN(words)]);
			strcat(text, ".");
		}
		strcat(text, space_kind_label(rnd(&seed) % 4));
		strcat(text, "." APEX);
		if (space_question_parse(&q, N(text), apex_name, why) !=
		    SPACE_TAIL)
			continue;
		tails++;
		cr_assert(leads_somewhere(text), "%s leads nowhere", text);
	}
	cr_assert_gt(tails, 5000);
}

Test(space_question, junk_is_never_read_beyond_its_end)
{
	static const char octets[] = "0123456789nsewmkal-__.\xff";
	const uint8_t *apex = apex_name;
	uint32_t seed = 6;

	for (int i = 0; i < 200000; i++) {
		uint8_t name[NAME_WIRE_MAX], labels[100], *exact;
		size_t len = 0, total;

		for (unsigned n = rnd(&seed) % 6; n > 0; n--) {
			uint8_t part = (uint8_t)(1 + rnd(&seed) % 8);

			labels[len++] = part;
			while (part-- > 0)
				labels[len++] =
					(uint8_t)octets[rnd(&seed) % 23];
		}
		memcpy(labels + len, "\5_near", 6);
		total = name_concat(name, labels, len + 6, apex);
		exact = malloc(total);
		memcpy(exact, name, total);
		why[0] = '\0';
		cr_assert_neq(space_question_parse(&q, exact, apex,
						   i % 2 ? why : NULL),
			      SPACE_NONE);
		cr_assert(strlen(why) < SPACE_WHY_MAX);
		for (const char *c = why; *c; c++)
			cr_assert(*c >= ' ' && *c <= '~');
		free(exact);
	}
}
