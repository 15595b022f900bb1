/*
 * Random edits, lists and policies. After each, the outside is what a plain
 * model makes of the whole inside, and, octet by octet, a zone that was made
 * with only these records.
 */
#include "tests/unit/outside_words.h"
#include "zones/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(outside_random, .init = open_zone, .fini = close_store);

#define ROUNDS 800
#define RRS_MAX 1024

static const uint8_t twin[] = "\4twin";

static const char *const owners[] = {
	"@",	  "a",	    "b.a",     "*.a",  "c.*.a", "d",
	"_geo.d", "_ble.d", "x._wifi", "room", "e",	"_export.e",
};

static const char *const datas[] = {
	"A 203.0.113.7",
	"A 203.0.113.8",
	"A 192.168.1.7",
	"AAAA 2001:db8::7",
	"AAAA fd00::7",
	"TXT \"one\"",
	"TXT \"two\" \"three\"",
	"LOC 41 39 35.624 N 91 32 14.718 W 216m 6m 0.10m 0.10m",
	"LOC 41 39 35.000 N 91 32 14.718 W 216m 6m 0.10m 0.10m",
	"EUI48 c0-ff-ee-00-11-22",
	"HTTPS 1 . ipv4hint=203.0.113.7",
	"HTTPS 1 . ipv4hint=10.0.0.1",
	"NS ns.room",
	"CNAME a",
};

/* Entries, and what they mean to somebody who has not read the parser. */
static const struct {
	const char *text;
	const char *owner;
	uint16_t types[3];
	bool private_ok;
} entries[] = {
	{"a A AAAA", "a", {RR_A, RR_AAAA}, false},
	{"A.house. TXT", "a", {RR_TXT}, false},
	{"a AAAA private", "a", {RR_AAAA}, true},
	{"b.a A TXT LOC", "b.a", {RR_A, RR_TXT, RR_LOC}, false},
	{"*.a TXT NS CNAME", "*.a", {RR_TXT, RR_NS, RR_CNAME}, false},
	{"c.*.a A private", "c.*.a", {RR_A}, true},
	{"\\\\100 LOC EUI48 TYPE65", "d", {RR_LOC, RR_EUI48, RR_HTTPS}, false},
	{"d EUI48 HTTPS private", "d", {RR_EUI48, RR_HTTPS}, true},
	{"_geo.d TXT", "_geo.d", {RR_TXT}, false},
	{"_ble.d TXT", "_ble.d", {RR_TXT}, false},
	{"_BLE.d A private", "_ble.d", {RR_A}, true},
	{"x._wifi TXT private", "x._wifi", {RR_TXT}, true},
	{"room NS CNAME", "room", {RR_NS, RR_CNAME}, false},
	{"@ TXT LOC", "@", {RR_TXT, RR_LOC}, false},
	{"nowhere A", "nowhere", {RR_A}, false},
	{"_near PTR", "_near", {RR_PTR}, false},
};

/* --- the model ------------------------------------------------------------ */

struct model {
	struct edit_change rrs[RRS_MAX];
	unsigned count;
	bool exports;
	uint32_t metres;
	bool listed[ARRAY_LEN(entries)];
};

static struct arena memory;

/* The text of a string of the list as it stands in its RR, unescaped once. */
static void
model_list(struct model *m, const struct rrset *set)
{
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	while (rrset_next(set, &at, &rdata, &rdlen))
		for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
			char plain[64], *p = plain;

			for (const char *t = entries[i].text; *t != '\0'; t++)
				if (t[0] != '\\' || t[1] != '\\')
					*p++ = *t;
			if (rdata[0] == (size_t)(p - plain) &&
			    memcmp(rdata + 1, plain, rdata[0]) == 0)
				m->exports = m->listed[i] = true;
		}
}

/* 0: not listed, 1: listed, 2: with `private`. */
static int
model_listed(const struct model *m, const uint8_t *owner, uint16_t type)
{
	int listed = 0;

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		bool has = false;

		for (unsigned t = 0; t < 3; t++)
			has = has || entries[i].types[t] == type;
		if (m->listed[i] && has &&
		    name_equal(owner, name_of(entries[i].owner)) &&
		    listed < 1 + entries[i].private_ok)
			listed = 1 + entries[i].private_ok;
	}
	return listed;
}

static bool
model_private(const uint8_t *owner, uint16_t type, const uint8_t *rdata,
	      uint16_t rdlen)
{
	if (name_equal(owner, name_of("_ble.d")) ||
	    name_equal(owner, name_of("x._wifi")))
		return true;
	return (type == RR_A && rdata[0] == 192) ||
	       (type == RR_AAAA && rdata[0] == 0xfd) || type == RR_EUI48 ||
	       (type == RR_HTTPS && rdata[rdlen - 4] == 10);
}

static void
model_add(struct model *m, const uint8_t *owner, const struct rrset *set,
	  const uint8_t *rdata, uint16_t rdlen, uint32_t serial)
{
	struct edit_change c = {.op = EDIT_ADD,
				.owner = owner,
				.type = set->type,
				.ttl = set->ttl,
				.rdlen = rdlen};
	uint8_t *copy = arena_copy(&memory, rdata, rdlen);

	if (set->type == RR_SOA)
		rr_soa_set_serial(copy, rdlen, serial);
	if (set->type == RR_LOC && m->metres > 0)
		cr_assert(export_round_loc(copy, rdata, rdlen, m->metres));
	c.rdata = copy;
	cr_assert_lt(m->count, RRS_MAX);
	m->rrs[m->count++] = c;
}

static void
model_set(struct model *m, const uint8_t *owner, const struct rrset *set,
	  uint32_t serial)
{
	bool always = name_equal(owner, apex) &&
		      (set->type == RR_SOA || set->type == RR_NS);
	int listed = always ? 2 : model_listed(m, owner, set->type);
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0;

	if (m->metres > 0 && name_equal(owner, name_of("_geo.d")))
		return;
	while (listed > 0 && rrset_next(set, &at, &rdata, &rdlen))
		if (listed == 2 ||
		    !model_private(owner, set->type, rdata, rdlen))
			model_add(m, owner, set, rdata, rdlen, serial);
}

/* All that the outside must have of the inside as it is now. */
static void
model_make(struct model *m, struct store_view *v, uint32_t serial)
{
	uint8_t name[NAME_WIRE_MAX];
	struct zone_record z;
	struct lookup_walk w;
	struct rrset set;
	struct node n;

	m->count = 0;
	m->exports = false;
	memset(m->listed, 0, sizeof(m->listed));
	cr_assert_eq(zone_record_get(v, apex, &z), ERR_OK);
	if (lookup_node(v, z.id, apex, name_of("_export"), &n) == ERR_OK &&
	    node_find(&n, RR_TXT, &set))
		model_list(m, &set);
	if (!m->exports)
		return;
	lookup_walk_init(&w, z.id, apex);
	while (lookup_walk_next(&w, v, name, &n) == ERR_OK) {
		const uint8_t *owner =
			arena_copy(&memory, name, name_len(name));

		for (size_t at = 0; node_next(&n, &at, &set);)
			model_set(m, owner, &set, serial);
	}
}

/* --- the twin ------------------------------------------------------------- */

/* The model's RRs as a zone of another name, in t. */
static struct zone_record
twin_make(struct store_txn *t, struct model *m)
{
	struct edit e = {.apex = twin, .changes = m->rrs, .count = m->count};
	struct zone_record z;
	struct edit_result r;

	for (unsigned i = 0; i < m->count; i++) {
		const uint8_t *owner = m->rrs[i].owner;
		size_t below = name_len(owner) - name_len(apex);
		uint8_t moved[NAME_WIRE_MAX];
		size_t len = name_concat(moved, owner, below, twin);

		m->rrs[i].owner = arena_copy(&memory, moved, len);
	}
	e.rules = EDIT_STRICT;
	cr_assert_eq(edit_zone_create(t, twin, NULL), ERR_OK);
	cr_assert_eq(edit_apply(t, &e, &r), ERR_OK, "%s", r.diag.text);
	cr_assert_eq(zone_record_get(store_txn_view(t), twin, &z), ERR_OK);
	return z;
}

/* The entry behind *key within the zone id at its front. */
static bool
entry_next(struct store_view *v, struct key *key, struct store_value *found,
	   struct store_value *value)
{
	if (store_seek_within(v, STORE_NODES, key->octets, key->len, KEY_ID_LEN,
			      found, value) != ERR_OK)
		return false;
	memcpy(key->octets, found->octets, found->len);
	key->len = found->len;
	key->octets[key->len++] = 0;
	return true;
}

static void
same_nodes(struct store_view *v, uint32_t a, uint32_t b)
{
	struct store_value key_a, key_b, value_a, value_b;
	struct key at_a, at_b;
	bool here_a, here_b;

	key_make(&at_a, a, apex, apex);
	key_make(&at_b, b, twin, twin);
	for (;;) {
		here_a = entry_next(v, &at_a, &key_a, &value_a);
		here_b = entry_next(v, &at_b, &key_b, &value_b);
		cr_assert_eq(here_a, here_b);
		if (!here_a)
			return;
		cr_assert_eq(key_a.len, key_b.len);
		cr_assert_eq(memcmp(key_a.octets + KEY_ID_LEN,
				    key_b.octets + KEY_ID_LEN,
				    key_a.len - KEY_ID_LEN),
			     0);
		cr_assert_eq(value_a.len, value_b.len);
		cr_assert_eq(
			memcmp(value_a.octets, value_b.octets, value_a.len), 0);
	}
}

static void
compare(struct model *m)
{
	struct zone_record out = outside_record(), made;
	struct store_txn *t;

	arena_reset(&memory);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	model_make(m, store_txn_view(t), out.serial);
	cr_assert_eq(out.id != 0, m->exports);
	cr_assert_eq(record_now().outside_id, out.id);
	if (m->exports) {
		made = twin_make(t, m);
		same_nodes(store_txn_view(t), out.id, made.id);
		cr_assert_eq(out.serial, made.serial);
		cr_assert_eq(out.records, made.records);
		cr_assert_eq(out.nodes, made.nodes);
		cr_assert_eq(out.cuts, made.cuts);
		cr_assert_eq(out.dnames, made.dnames);
		cr_assert_eq(out.wildcards, made.wildcards);
	}
	store_txn_abort(t);
}

/* --- edits ---------------------------------------------------------------- */

static char *
random_line(char *p)
{
	size_t i = pick(ARRAY_LEN(entries));

	switch (pick(8)) {
	case 0:
		return p + sprintf(p, "! %s\n", PICK(owners));
	case 1:
		return p + sprintf(p, "- %s %s\n", PICK(owners), PICK(datas));
	case 2:
		return p +
		       sprintf(p, "+ _export TXT \"%s\"\n", entries[i].text);
	case 3:
		if (pick(20) == 0)
			return p + sprintf(p, "! _export\n");
		return p +
		       sprintf(p, "- _export TXT \"%s\"\n", entries[i].text);
	default:
		return p + sprintf(p, "+ %s %s\n", PICK(owners), PICK(datas));
	}
}

/* The serial moves with the content, and only with it. */
static void
check_moves(const struct zone_record *before, const char *old)
{
	struct zone_record now = outside_record();
	bool same = strcmp(old, outside_text()) == 0;

	if (before->id == 0 || now.id == 0)
		return;
	cr_assert_eq(now.id, before->id);
	cr_assert_eq(now.serial == before->serial, same);
	cr_assert_eq(now.version == before->version, same);
}

Test(outside_random, is_what_the_lists_let_out_of_the_inside)
{
	static struct model m;
	unsigned refused = 0, exporting = 0;
	uint32_t highest = 0;

	arena_init_growing(&memory);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned count = pick(20) == 0 ? 40 : 1 + pick(4);
		struct zone_record before = outside_record();
		char *old = strdup(outside_text());
		char lines[8192], *p = lines;

		pool_reset();
		for (unsigned i = 0; i < count; i++)
			p = random_line(p);
		if (pick(12) == 0) {
			m.metres = pick(3) * 100;
			set_policy(m.metres);
		} else {
			refused += edit_lines(pick(2) == 0 ? EDIT_UPDATE
							   : EDIT_STRICT,
					      lines) != ERR_OK;
		}
		compare(&m);
		check_moves(&before, old);
		cr_assert_geq(outside_record().serial, highest);
		highest = outside_record().serial;
		exporting += m.exports;
		free(old);
	}
	cr_assert_lt(refused, ROUNDS / 2, "too few edits were made: %u",
		     ROUNDS - refused);
	cr_assert_gt(exporting, ROUNDS / 2);
	cr_assert_gt(highest, ROUNDS / 10);
	arena_free(&memory);
}

Test(outside_random, recomputing_the_whole_changes_nothing)
{
	char lines[1024], *p;

	for (unsigned round = 0; round < 200; round++) {
		struct zone_record before;
		struct store_txn *t;
		struct diag d;

		pool_reset();
		p = random_line(lines);
		random_line(p);
		edit_lines(EDIT_UPDATE, lines);
		before = outside_record();
		cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
		cr_assert_eq(
			export_refresh(t, apex, &limits, 0, key_name, "me", &d),
			ERR_OK);
		cr_assert_eq(store_txn_commit(t), ERR_OK);
		cr_assert_eq(outside_record().version, before.version);
		cr_assert_eq(outside_record().id, before.id);
	}
}
