/* The spatial index: what an edit makes of it, and that all ways into the store
 * lead through it. */
#include "tests/unit/place_words.h"
#include "zones/import.h"
#include "zones/places.h"
#include "zones/text.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(places, .init = open_zone, .fini = close_store);

#define LOC "LOC 41 39 35.624 N 91 32 14.718 W 216m 6m 0.1m 0.1m\n"
#define ROOM "TXT \"fp=-200,-200 200,-200 200,200 -200,200\""

/* "part type TTL RRs" of what rides, to text; returns its length. */
static size_t
rider_show(char *text, size_t room, const struct places_rider *r)
{
	const uint8_t *label = places_part_label[r->part];

	return (size_t)snprintf(
		text, room, "%s %u %u %u\n",
		r->part == PLACES_ITSELF ? "@" : (const char *)label + 1,
		r->set.type, r->set.ttl, r->set.count);
}

/* What the index has of each point that the owner is: "LOC TTL", with "..." if
 * the riders are elsewhere, and these, a line each. */
static const char *
points_of(const char *owner)
{
	static char text[512];
	struct store_value key, value;
	struct places_rider r;
	struct places_point p;
	struct store_txn *t;
	size_t n = 0, at;
	enum err e;

	text[0] = '\0';
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	e = store_seek(store_txn_view(t), STORE_CELLS, "", 0, &key, &value);
	for (; e == ERR_OK;
	     e = store_next(store_txn_view(t), STORE_CELLS, &key, &value)) {
		if (key.octets[4] != PLACES_POINT)
			continue;
		cr_assert(places_point_open(&p, &value));
		if (p.owner_len != strlen(owner) + 1 ||
		    memcmp(p.owner, owner, p.owner_len) != 0)
			continue;
		cr_assert_eq(get16(p.loc.rdatas), p.loc.len - 2);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "LOC %u%s\n",
				      p.loc.ttl, p.has_riders ? "" : " ...");
		for (at = 0; places_rider_next(&p, &at, &r);)
			n += rider_show(text + n, sizeof(text) - n, &r);
		cr_assert_eq(at, p.riders_len);
	}
	store_txn_abort(t);
	return text;
}

static bool
has_point(const char *owner)
{
	return *points_of(owner) != '\0';
}

/* --- points --------------------------------------------------------------- */

Test(places, a_loc_is_a_point_and_goes_with_it)
{
	inside("+ lamp " LOC);
	cr_assert_eq(cells_are_true(), 1);
	cr_assert(has_point("lamp"));
	inside("! lamp\n");
	cr_assert_eq(cells_are_true(), 0);
}

Test(places, a_thing_that_moves_is_at_one_place)
{
	inside("+ lamp " LOC);
	inside("- lamp " LOC "+ lamp LOC 41 39 36 N 91 32 14 W 216m\n");
	cr_assert_eq(cells_are_true(), 1);
}

Test(places, each_loc_of_a_name_is_a_point)
{
	inside("+ lamp " LOC "+ lamp LOC 41 39 36 N 91 32 14 W 216m\n"
	       "+ lamp LOC 41 39 36 N 91 32 14 W 219m\n");
	cr_assert_eq(cells_are_true(), 3);
	inside("- lamp " LOC);
	cr_assert_eq(cells_are_true(), 2);
	inside("- lamp LOC 41 39 36 N 91 32 14 W 219m\n");
	cr_assert_eq(cells_are_true(), 1);
}

Test(places, many_at_one_spot_are_kept_apart)
{
	char line[128];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "+ t%u " LOC, i);
		inside(line);
		pool_reset();
	}
	cr_assert_eq(cells_are_true(), 300);
	for (unsigned i = 0; i < 300; i += 2) {
		snprintf(line, sizeof(line), "! t%u\n", i);
		inside(line);
		pool_reset();
	}
	cr_assert_eq(cells_are_true(), 150);
	cr_assert_not(has_point("t4"));
	cr_assert(has_point("t5"));
}

Test(places, a_wildcard_is_no_place)
{
	inside("+ *.lamp " LOC "+ a.*.lamp " LOC);
	cr_assert_eq(cells_are_true(), 0);
}

Test(places, the_apex_can_be_one)
{
	inside("+ @ " LOC "+ _geo " ROOM "\n");
	cr_assert_gt(cells_are_true(), 2);
	inside("~ _geo TXT\n");
	cr_assert_eq(cells_are_true(), 1);
}

/* --- footprints ----------------------------------------------------------- */

Test(places, a_footprint_and_its_loc_may_come_in_any_order)
{
	size_t both;

	inside("+ room " LOC "+ _geo.room " ROOM "\n");
	both = cells_are_true();
	cr_assert_gt(both, 2);
	cr_assert_leq(both, 2 + PLACES_COVER_MAX);
	inside("! room\n");
	cr_assert_eq(cells_are_true(), 0);
	inside("+ room " LOC);
	cr_assert_eq(cells_are_true(), both);
	inside("! _geo.room\n");
	cr_assert_eq(cells_are_true(), 1);
	inside("+ _geo.room " ROOM "\n");
	cr_assert_eq(cells_are_true(), both);
	inside("! _geo.room\n! room\n");
	cr_assert_eq(cells_are_true(), 0);
	inside("+ _geo.room " ROOM "\n");
	cr_assert_eq(cells_are_true(), 0);
}

Test(places, a_footprint_follows_its_loc)
{
	inside("+ room " LOC "+ _geo.room " ROOM "\n");
	inside("- room " LOC "+ room LOC 12 0 0 S 179 59 59.99 E 0m\n");
	cells_are_true();
	asked_is("12s.180w._in", "room 0.30\n");
	asked_is("41.659896n.91.537422w._in", "");
}

Test(places, two_footprints_are_two_shapes_of_one_place)
{
	inside("+ room " LOC "+ _geo.room " ROOM "\n"
	       "+ _geo.room TXT \"fp=1000,0 1100,0 1100,100 1000,100\"\n");
	cells_are_true();
	asked_is("41.659896n.91.537422w._in", "room 0.07\n");
	asked_is("41.659898n.91.537297w._in", "room 10.37\n");
}

Test(places, levels_at_geo_are_the_points_too)
{
	inside("+ lamp " LOC "+ _geo.lamp TXT \"lvl=2\"\n");
	cr_assert_eq(cells_are_true(), 1);
	asked_is("41.659896n.91.537422w.5m.l2._near", "lamp 0.07\n");
	asked_is("41.659896n.91.537422w.5m.l1._near", "");
	inside("- _geo.lamp TXT \"lvl=2\"\n+ _geo.lamp TXT \"lvl=1\"\n");
	cells_are_true();
	asked_is("41.659896n.91.537422w.5m.l1._near", "lamp 0.07\n");
}

Test(places, other_text_at_geo_is_let_be)
{
	inside("+ _geo.lamp TXT \"v=1\"\n+ lamp " LOC);
	cr_assert_eq(cells_are_true(), 1);
}

Test(places, a_malformed_footprint_is_refused_with_the_reason)
{
	static const char text[] = "+ _geo.room TXT \"fp=0,0 1,1\"\n";

	cr_assert_eq(edit_lines(EDIT_STRICT, text), ERR_RULE);
	cr_assert_str_eq(result.diag.text,
			 "_geo.room.house. TXT: string 1, fp: fewer than three "
			 "corners");
	cr_assert_eq(edit_lines(EDIT_UPDATE, text), ERR_RULE);
	cr_assert_eq(edit_lines(EDIT_UPDATE, "+ room LOC 90 0 0 N 0 0 0 E 0m\n"
					     "+ _geo.room " ROOM "\n"),
		     ERR_RULE);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 7 F\n");
	cr_assert_eq(cells_are_true(), 0);
}

/* --- what rides along ----------------------------------------------------- */

Test(places, what_a_client_asks_for_next_rides_along)
{
	inside("+ lamp " LOC "+ lamp A 192.0.2.1\n+ lamp A 192.0.2.2\n"
	       "+ lamp AAAA 2001:db8::1\n+ lamp TXT \"on\"\n+ lamp SRV 0 0 1 "
	       "lamp\n"
	       "+ lamp HINFO x y\n+ _geo.lamp TXT \"lvl=2\"\n"
	       "+ _zigbee.lamp EUI64 00-11-22-33-44-55-66-77\n"
	       "+ _zigbee.lamp A 192.0.2.3\n+ x._ble.lamp TXT \"no\"\n"
	       "+ _other.lamp TXT \"no\"\n");
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n@ 1 60 2\n@ 16 60 1\n"
					    "@ 28 60 1\n@ 33 60 1\n"
					    "_zigbee 109 60 1\n");
}

Test(places, riders_follow_their_nodes)
{
	inside("+ lamp " LOC);
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n");
	inside("+ lamp A 192.0.2.1\n");
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n@ 1 60 1\n");
	inside("+ _ble.lamp EUI48 00-11-22-33-44-55\n");
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"),
			 "LOC 60\n@ 1 60 1\n_ble 108 60 1\n");
	/* several parts at once, and the place with them or not */
	inside("~ _ble.lamp EUI48\n+ _ble.lamp TXT \"b\"\n"
	       "+ _wifi.lamp TXT \"w\"\n+ _geo.lamp " ROOM "\n");
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"),
			 "LOC 60\n@ 1 60 1\n_ble 16 60 1\n_wifi 16 60 1\n");
	inside("~ lamp A\n+ lamp AAAA ::1\n! _ble.lamp\n! _geo.lamp\n");
	cr_assert_eq(cells_are_true(), 1);
	cr_assert_str_eq(points_of("lamp"),
			 "LOC 60\n@ 28 60 1\n_wifi 16 60 1\n");
	inside("! lamp\n");
	cr_assert_eq(cells_are_true(), 0);
	inside("+ lamp " LOC);
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n_wifi 16 60 1\n");
	inside("! _wifi.lamp\n");
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n");
}

Test(places, a_part_can_be_a_place_with_parts)
{
	inside("+ lamp " LOC "+ _ble.lamp " LOC "+ _ble._ble.lamp TXT \"b\"\n");
	cr_assert_eq(cells_are_true(), 2);
	inside("+ _ble.lamp TXT \"a\"\n~ _ble._ble.lamp TXT\n");
	cr_assert_eq(cells_are_true(), 2);
	cr_assert_str_eq(points_of("lamp"), "LOC 60\n_ble 16 60 1\n");
	inside("! lamp\n");
	cr_assert_eq(cells_are_true(), 1);
}

Test(places, what_is_too_much_to_ride_is_left_to_the_nodes)
{
	char line[512];

	inside("+ lamp " LOC "+ lamp LOC 41 39 36 N 91 32 14 W 216m\n"
	       "+ lamp A 192.0.2.1\n+ rack " LOC);
	cells_are_true();
	cr_assert_str_eq(points_of("lamp"), "LOC 60 ...\nLOC 60 ...\n");
	for (unsigned i = 0; i < 5; i++) {
		snprintf(line, sizeof(line), "+ rack TXT \"%0200u\"\n", i);
		inside(line);
		cells_are_true();
		cr_assert_eq(strstr(points_of("rack"), "...") != NULL, i == 4,
			     "%u strings", i + 1);
	}
	inside("~ rack TXT\n");
	cells_are_true();
	cr_assert_str_eq(points_of("rack"), "LOC 60\n");
}

/* --- any edits ------------------------------------------------------------ */

#define ROUNDS 1500

static const char *const owners[] = {
	"@",	       "_geo",	       "_ble",	     "lamp",   "_geo.lamp",
	"_ble.lamp",   "_zigbee.lamp", "_wifi.lamp", "*.lamp", "_ble._ble.lamp",
	"_geo.*.lamp", "x_geo.lamp",   "geo.lamp",
};
static const char *const datas[] = {
	LOC,
	"LOC 41 39 36 N 91 32 14 W 216m\n",
	"LOC 41 39 36 N 91 32 14 W 219m\n",
	ROOM "\n",
	"TXT \"lvl=1,2\"\n",
	"TXT \"x\"\n",
	"A 192.0.2.1\n",
	"A 192.0.2.2\n",
	"SRV 0 0 1 lamp\n",
	"EUI48 00-11-22-33-44-55\n",
	"EUI64 00-11-22-33-44-55-66-77\n",
	"HINFO x y\n",
};

static char *
random_line(char *p)
{
	switch (pick(6)) {
	case 0:
		return p + sprintf(p, "! %s\n", PICK(owners));
	case 1:
		return p + sprintf(p, "- %s %s", PICK(owners), PICK(datas));
	default:
		return p + sprintf(p, "+ %s %s", PICK(owners), PICK(datas));
	}
}

Test(places, any_edit_leaves_what_would_be_made_of_the_nodes)
{
	unsigned refused = 0;
	size_t most = 0;

	inside("+ _export TXT \"@ LOC TXT\" \"*.lamp LOC A\" \"lamp LOC A "
	       "EUI48\""
	       " \"_ble.lamp EUI48 TXT\" \"_geo.lamp TXT\"\n");
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned count = 1 + pick(4);
		char lines[1024], *p = lines;
		size_t cells;

		pool_reset();
		for (unsigned i = 0; i < count; i++)
			p = random_line(p);
		refused += edit_lines(EDIT_UPDATE, lines) != ERR_OK;
		cells = cells_are_true();
		most = cells > most ? cells : most;
	}
	cr_assert_lt(refused, ROUNDS / 2);
	cr_assert_gt(most, 15);
}

/* --- ways in -------------------------------------------------------------- */

Test(places, an_edit_that_fails_leaves_the_index_alone)
{
	inside("+ lamp " LOC);
	cr_assert_eq(edit_lines(EDIT_STRICT, "! lamp\n+ x CNAME lamp\n"
					     "+ x A 192.0.2.1\n"),
		     ERR_RULE);
	cr_assert_eq(cells_are_true(), 1);
	cr_assert(has_point("lamp"));
}

Test(places, the_outside_has_an_index_of_its_own)
{
	inside("+ lamp " LOC "+ vault " LOC "+ _export TXT \"lamp LOC\"\n");
	cr_assert_eq(cells_are_true(), 3);
	cr_assert_str_eq(asked_outside("41.659896n.91.537422w.k9._near"),
			 "lamp 0.07\n");
	set_policy(1000);
	cr_assert_eq(cells_are_true(), 3);
	cr_assert_str_eq(asked_outside("41.659896n.91.537422w.100m._near"), "");
	inside("~ _export TXT\n");
	cr_assert_eq(cells_count(), 3, "erased later");
	for (bool more = true; more;) {
		struct store_txn *t;

		cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
		cr_assert_eq(store_erase_slice(t, 1, &more), ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
	cr_assert_eq(cells_are_true(), 2);
}

static void
build(const char *text)
{
	struct import_build *b;
	struct import_set set;
	struct store_txn *t;
	struct diag d = {""};
	bool more = true;

	import_set_init(&set, apex);
	cr_assert_eq(
		text_read_string(text, "test", apex, import_set_add, &set, &d),
		ERR_OK, "%s", d.text);
	cr_assert_eq(import_set_finish(&set, &limits, &d), ERR_OK, "%s",
		     d.text);
	b = import_build_new(&set, false, &limits);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(import_build_begin(b, t, &d), ERR_OK, "%s", d.text);
	while (more)
		cr_assert_eq(import_build_slice(b, t, &more, &d), ERR_OK, "%s",
			     d.text);
	cr_assert_eq(import_build_finish(b, t, 1764000000, "test", &result),
		     ERR_OK, "%s", result.diag.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	import_build_free(b);
	import_set_free(&set);
}

Test(places, an_import_that_is_built_has_its_index)
{
	inside("+ lamp " LOC "+ room " LOC);
	build("$TTL 60\n@ SOA ns x 9 1 1 1 1\n@ NS ns\n"
	      "room " LOC "_geo.room " ROOM "\ndesk.room " LOC);
	cells_are_true();
	asked_is("41.659896n.91.537422w._in", "room 0.07\n");
	asked_is("41.659896n.91.537422w.k9._near",
		 "lamp 0.07\nroom 0.07\ndesk.room 0.07\n");
}

/* --- an older store ------------------------------------------------------- */

/* An entry of schema 2: a point with nothing that rides along. */
static void
put_old_cell(MDB_txn *t, MDB_dbi cells)
{
	static uint8_t octets[PLACES_KEY_LEN] = {0, 0, 0, 1, PLACES_POINT};
	static uint8_t loc[16] = "\0\22\26\23";
	MDB_val key = {sizeof(octets), octets}, value = {sizeof(loc), loc};

	cr_assert_eq(mdb_put(t, cells, &key, &value, 0), 0);
}

/* Takes the store back to what it was before there was an index, or before it
 * had riders. */
static void
make_old(unsigned schema)
{
	uint8_t number[] = {0, 0, 0, (uint8_t)schema};
	MDB_val key = {6, "schema"}, value = {4, number};
	char path[128];
	MDB_env *env;
	MDB_txn *t;
	MDB_dbi dbi;

	store_close(store);
	store = NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, STORE_FILE);
	cr_assert_eq(mdb_env_create(&env), 0);
	cr_assert_eq(mdb_env_set_maxdbs(env, 8), 0);
	cr_assert_eq(mdb_env_set_mapsize(env, 1 << 26), 0);
	cr_assert_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	cr_assert_eq(mdb_txn_begin(env, NULL, 0, &t), 0);
	cr_assert_eq(mdb_dbi_open(t, "cells", 0, &dbi), 0);
	cr_assert_eq(mdb_drop(t, dbi, schema == 1), 0);
	if (schema > 1)
		put_old_cell(t, dbi);
	cr_assert_eq(mdb_dbi_open(t, "meta", 0, &dbi), 0);
	cr_assert_eq(mdb_put(t, dbi, &key, &value, 0), 0);
	cr_assert_eq(mdb_txn_commit(t), 0);
	mdb_env_close(env);
}

static enum err
open_again(bool read_only, struct diag *d)
{
	const struct store_options o = {.readers = 4, .read_only = read_only};

	return store_open(&store, dir, &o, d);
}

static bool
file_is_there(const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, STORE_FILE);
	return stat(path, &st) == 0;
}

Test(places, an_older_store_gets_its_index_and_a_snapshot)
{
	struct diag d = {""};
	size_t cells;

	inside("+ room " LOC "+ _geo.room " ROOM "\n+ lamp.room " LOC
	       "+ _export TXT \"room LOC\"\n+ _geo.x TXT \"v=1\"\n");
	cells = cells_are_true();
	make_old(1);
	cr_assert_eq(open_again(true, &d), ERR_VERSION);
	cr_assert_not_null(strstr(d.text, "start placed once"));
	cr_assert_not(file_is_there("before-schema-3"));
	cr_assert_eq(open_again(false, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(cells_are_true(), cells);
	cr_assert(file_is_there("before-schema-3"));
	asked_is("41.659896n.91.537422w._in", "room 0.07\n");
	inside("! room\n");
	cells_are_true();
	/* what it was then can be brought back, and brought up to date again */
	make_old(2);
	cr_assert_eq(open_again(false, &d), ERR_OK, "%s", d.text);
	cr_assert(file_is_there("before-schema-3-2"));
	store_close(store);
	snprintf(dir + strlen(dir), sizeof(dir) - strlen(dir),
		 "/before-schema-3");
	cr_assert_eq(open_again(true, &d), ERR_VERSION);
	cr_assert_eq(open_again(false, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(cells_are_true(), cells);
	*strrchr(dir, '/') = '\0';
}

Test(places, an_older_store_may_hold_what_is_refused_now)
{
	struct diag d = {""};

	inside("+ room " LOC "+ _geo.room TXT \"fp~0,0 1,1\"\n");
	/* the same octets as a malformed footprint: '~' for '=' */
	{
		struct store_value key, value;
		uint8_t node[512], copy[64];
		struct store_txn *t;
		size_t len, key_len;
		uint8_t *at;
		enum err e;

		cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
		e = store_seek(store_txn_view(t), STORE_NODES, "", 0, &key,
			       &value);
		while (e == ERR_OK &&
		       memmem(value.octets, value.len, "fp~", 3) == NULL)
			e = store_next(store_txn_view(t), STORE_NODES, &key,
				       &value);
		cr_assert_eq(e, ERR_OK);
		memcpy(node, value.octets, len = value.len);
		memcpy(copy, key.octets, key_len = key.len);
		at = memmem(node, len, "fp~", 3);
		at[2] = '=';
		cr_assert_eq(
			store_put(t, STORE_NODES, copy, key_len, node, len),
			ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
	}
	make_old(1);
	cr_assert_eq(open_again(false, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(cells_are_true(), 1);
	inside("- room " LOC "+ room LOC 1 0 0 N 1 0 0 E 0m\n"
	       "+ _geo.room TXT \"lvl=1\"\n");
	cr_assert_eq(cells_are_true(), 1);
}
