#include "tests/unit/leak_world.h"

#include "server/space.h"
#include "server/update.h"
#include "zones/export.h"
#include "zones/import.h"
#include "zones/lookup.h"
#include "zones/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const apexes[LEAK_ZONES] = {
	"house.",	  "lounge.house.", "shelf.lounge.house.",
	"box.a.b.house.", "den.",	   "2.0.192.in-addr.arpa.",
};

static const char *const owners[] = {
	"@",	  "a",	      "b",	  "d",	       "www", "ns",
	"*",	  "*.a",      "*.b",	  "c.*.a",     "b.a", "e.f.g",
	"cut",	  "x.cut",    "ns.cut",	  "_ipp._tcp", "old", "ink._ipp._tcp",
	"_geo.d", "_civic.d", "_ble.d",	  "x._wifi",   "1",   "z.cover",
	"big",	  "x.old",    "y._cover", "lounge", /* cuts, in house. and
						       lounge.house. */
	"shelf",
};

#define OWNER_LOUNGE 27
#define OWNER_SHELF 28

#define LONG "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LONGER LONG LONG LONG

static const char *const datas[] = {
	"A 203.0.113.7",
	"A 203.0.113.8",
	"A 192.168.1.7",
	"AAAA 2001:db8::7",
	"AAAA fd00::7",
	"TXT \"one\"",
	"TXT \"two\" \"three\"",
	"TXT \"1" LONGER "\"",
	"TXT \"2" LONGER "\"",
	"TXT \"3" LONGER "\"",
	"TXT \"4" LONGER "\"",
	"LOC 41 39 35.624 N 91 32 14.718 W 216m 6m 0.10m 0.10m",
	"LOC 41 39 35.000 N 91 32 14.718 W 217m 6m 0.10m 0.10m",
	"LOC 33 51 31.000 S 151 12 51.000 E -3m 900m 20m 7m",
	"EUI48 c0-ff-ee-00-11-22",
	"HTTPS 1 . ipv4hint=203.0.113.7",
	"HTTPS 1 www ipv4hint=10.0.0.1",
	"SVCB 1 d",
	"GPOS -32.6882 116.8652 10.0",
	"TYPE65280 \\# 2 abcd",
	"DS 1 8 2 "
	"0000000000000000000000000000000000000000000000000000000000000000",
	"MX 10 a",
	"MX 20 d.lounge.house.",
	"MX 30 x.box.a.b.house.",
	"SRV 0 0 631 d",
	"SRV 0 0 631 a.den.",
	"PTR ink._ipp._tcp",
	"PTR d.lounge.house.",
	"PTR a.shelf.lounge.house.",
	"NS ns",
	"NS ns.cut",
	"NS a.lounge.house.",
	"NS b.den.",
	"CNAME a",
	"CNAME d",
	"CNAME www",
	"CNAME d.lounge.house.",
	"CNAME a.shelf.lounge.house.",
	"CNAME x.box.a.b.house.",
	"CNAME a.den.",
	"CNAME b.a.house.",
	"CNAME 1.2.0.192.in-addr.arpa.",
	"CNAME www.example.",
	"DNAME lounge.house.",
	"DNAME den.",
	"DNAME a",
	"DNAME shelf.lounge.house.",
};

#define FIRST_NS (ARRAY_LEN(datas) - 18) /* four of them */
#define SOAS 3
static const char *const soas[SOAS] = {
	"SOA ns hostmaster 1 2 3 4 60",
	"SOA ns root 1 2 3 4 7200",
	"SOA a.den. hostmaster 1 2 3 4 0",
};

static const char *const types[] = {
	"A",	 "AAAA", "TXT", "LOC",	     "EUI48", "HTTPS", "SVCB",
	"GPOS",	 "DS",	 "MX",	"SRV",	     "PTR",   "NS",    "CNAME",
	"DNAME", "A",	 "TXT", "TYPE65280", "CNAME", "DNAME",
};

static const struct edit_limits limits = {.journal_limit = 1 << 16};

/* --- chance ------------------------------------------------------------- */

static uint64_t random_state;

void
leak_seed(uint64_t seed)
{
	random_state = (seed + 1) * 0x9e3779b97f4a7c15;
	if (random_state == 0)
		random_state = 1;
	for (int i = 0; i < 8; i++)
		leak_pick(2);
}

unsigned
leak_pick(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

#define PICK(array) ((array)[leak_pick(ARRAY_LEN(array))])

/* --- the pool ----------------------------------------------------------- */

static struct arena pool;
static uint8_t apex_names[LEAK_ZONES][NAME_WIRE_MAX];
static const uint8_t *owner_names[LEAK_ZONES][ARRAY_LEN(owners)];
static struct edit_change data_rrs[LEAK_ZONES][ARRAY_LEN(datas) + SOAS];

static enum err
take_data(void *ctx, const struct rr *rr, struct text_place place,
	  struct diag *d)
{
	struct edit_change *c = ctx;

	(void)place;
	(void)d;
	*c = (struct edit_change){
		.op = EDIT_ADD,
		.type = rr->type,
		.ttl = 300,
		.rdlen = rr->rdlen,
		.rdata = arena_copy(&pool, rr->rdata, rr->rdlen),
		.origin = ORIGIN_UPDATE,
	};
	return ERR_OK;
}

static void
read_data(struct edit_change *c, unsigned zone, const char *data)
{
	char text[512];
	struct diag d = {""};

	snprintf(text, sizeof(text), "x 300 IN %s\n", data);
	cr_assert_eq(text_read_string(text, "pool", apex_names[zone], take_data,
				      c, &d),
		     ERR_OK, "%s: %s", data, d.text);
}

void
leak_pool_init(void)
{
	arena_init_growing(&pool);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		uint8_t name[NAME_WIRE_MAX];

		cr_assert_eq(
			name_from_text(apex_names[z], apexes[z], NULL, NULL),
			ERR_OK);
		for (unsigned i = 0; i < ARRAY_LEN(owners); i++) {
			name_from_text(name, owners[i], apex_names[z], NULL);
			owner_names[z][i] =
				arena_copy(&pool, name, name_len(name));
		}
		for (unsigned i = 0; i < ARRAY_LEN(datas) + SOAS; i++)
			read_data(&data_rrs[z][i], z,
				  i < ARRAY_LEN(datas)
					  ? datas[i]
					  : soas[i - ARRAY_LEN(datas)]);
	}
}

const uint8_t *
leak_apex(unsigned zone)
{
	return apex_names[zone];
}

/* What lies below a space in its parent would be occluded: there may be a cut
 * and nothing else. */
static unsigned
pick_owner(unsigned zone)
{
	unsigned i;

	do
		i = leak_pick(ARRAY_LEN(owners));
	while ((i == OWNER_LOUNGE && zone != 0) ||
	       (i == OWNER_SHELF && zone != 1));
	return i;
}

const uint8_t *
leak_owner(unsigned zone)
{
	return owner_names[zone][leak_pick(ARRAY_LEN(owners))];
}

/* --- servers ------------------------------------------------------------ */

static uint64_t
clock_of_the_test(void)
{
	return LEAK_NOW;
}

/* As a worker's, but that nothing is ever queued: nobody here may. */
static bool
submit(void *arg, const struct msg *m, const struct tsig_state *tsig,
       const struct net_peer *peer, struct query_refusal *no)
{
	struct leak_server *s = arg;
	struct update *u = update_new(s->served, m, tsig, peer);

	cr_assert_not_null(u);
	s->accepted = update_check(u);
	no->rcode = u->rcode;
	no->ede = u->ede;
	memcpy(no->reason, u->reason, sizeof(u->reason));
	update_free(u);
	return false;
}

void
leak_server_open(struct leak_server *s)
{
	const struct store_options o = {.create = true, .readers = 4};
	struct diag d = {""};

	memset(s, 0, sizeof(*s));
	strcpy(s->dir, access("/dev/shm", W_OK) == 0
			       ? "/dev/shm/placed-test-XXXXXX"
			       : "/tmp/placed-test-XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	cr_assert_eq(store_open(&s->store, s->dir, &o, &d), ERR_OK, "%s",
		     d.text);
	s->env.view = store_reader_new(s->store);
	s->env.stats = &s->stats;
	s->env.now = clock_of_the_test;
	s->env.submit = submit;
	s->env.scratch = malloc(SPACE_SCRATCH_LEN);
	s->env.arg = s;
	s->memo = memo_new(MEMO_MIN);
}

void
leak_server_close(struct leak_server *s)
{
	char command[128];

	store_reader_free(s->env.view);
	memo_free(s->memo);
	free(s->env.facts);
	free(s->env.scratch);
	served_release(s->served);
	store_close(s->store);
	snprintf(command, sizeof(command), "rm -rf %s", s->dir);
	cr_assert_eq(system(command), 0);
}

static const char conf_head[] =
	"nsid: here\n"
	"version: test\n"
	"keys:\n"
	"  - { name: other., secret: aGVsbG8gd29ybGQ= }\n"
	"  - { name: room., secret: aGVsbG8gd29ybGQ= }\n"
	"zones:\n";

void
leak_server_serve(struct leak_server *s, const char *const *inside)
{
	char text[4096], *p = text;
	struct conf *conf;
	struct diag d = {""};

	p += sprintf(p, "store: %s\n%s", s->dir, conf_head);
	for (unsigned z = 0; z < LEAK_ZONES; z++)
		if (inside[z] != NULL)
			p += sprintf(p,
				     "  - name: %s\n    inside: %s\n"
				     "    update:\n      - { key: room., "
				     "names: [ \"*\" ], types: [ A ] }\n",
				     apexes[z], inside[z]);
	conf = conf_read_string(text, "test.yaml", &d);
	cr_assert_not_null(conf, "%s", d.text);
	served_release(s->served);
	free(s->env.facts);
	s->served = served_new(conf);
	s->env.served = s->served;
	s->env.facts = served_facts_new(s->served);
	memo_clear(s->memo);
}

void
leak_server_clear(struct leak_server *s)
{
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(s->store, &t), ERR_OK);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		enum err e = edit_zone_drop(t, apex_names[z]);

		cr_assert(e == ERR_OK || e == ERR_NOTFOUND);
		zone_outside_delete(t, apex_names[z]);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

/* --- edits -------------------------------------------------------------- */

#define CHANGES_MAX 96

struct batch {
	struct arena arena;
	unsigned zone;
	struct edit_change changes[CHANGES_MAX];
	unsigned count;
};

static struct edit_change *
batch_add(struct batch *b, const struct edit_change *c, const uint8_t *owner)
{
	struct edit_change *added = &b->changes[b->count++];

	cr_assert_lt(b->count, CHANGES_MAX);
	*added = *c;
	added->owner = owner;
	return added;
}

static void
add_random(struct batch *b)
{
	static const uint32_t ttls[] = {0, 30, 300, 300, 300, 86400};
	unsigned o = pick_owner(b->zone), i = leak_pick(ARRAY_LEN(datas));
	struct edit_change *c;

	if (o >= OWNER_LOUNGE && leak_pick(3) > 0)
		i = FIRST_NS + leak_pick(4);
	c = batch_add(b, &data_rrs[b->zone][i], owner_names[b->zone][o]);
	c->ttl = PICK(ttls);
}

/* A string of the list; its letters' case is no matter. */
static char *
entry_text(char *text, unsigned zone)
{
	static const char *const searches[] = {"_near PTR TXT", "_in PTR",
					       "_box TXT", "_here PTR"};
	unsigned o = pick_owner(zone), count = 1 + leak_pick(5);
	char *p = text;

	if (leak_pick(16) == 0)
		return strcpy(text, PICK(searches));
	if (leak_pick(8) == 0 && o != 0)
		p += sprintf(p, "%s.%s", owners[o], apexes[zone]);
	else
		p += sprintf(p, "%s", owners[o]);
	if (leak_pick(6) == 0)
		for (char *c = text; *c != '\0'; c++)
			*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	for (unsigned i = 0; i < count; i++)
		p += sprintf(p, " %s", PICK(types));
	if (leak_pick(4) == 0)
		strcpy(p, " private");
	return text;
}

static void
list_rr(struct batch *b, struct edit_change *c, const char *list,
	const char *text)
{
	static const struct edit_change empty = {
		.op = EDIT_ADD, .type = RR_TXT, .ttl = 60, .origin = 2};
	uint8_t rdata[256], name[NAME_WIRE_MAX];
	size_t len = strlen(text);

	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	name_from_text(name, list, apex_names[b->zone], NULL);
	*c = empty;
	c->owner = arena_copy(&b->arena, name, name_len(name));
	c->rdata = arena_copy(&b->arena, rdata, len + 1);
	c->rdlen = (uint16_t)(len + 1);
}

/* For something that was added just now, or for anything. */
static void
add_entry(struct batch *b)
{
	char text[NAME_TEXT_MAX + 64], name[NAME_TEXT_MAX];
	char type[RR_TYPE_TEXT_MAX];
	struct edit_change c;

	entry_text(text, b->zone);
	if (b->count > 0 && leak_pick(3) > 0) {
		const struct edit_change *there =
			&b->changes[leak_pick(b->count)];

		name_to_text(name, there->owner);
		if (there->type != 0 && strstr(name, "_export") == NULL &&
		    strstr(name, "_reach") == NULL)
			sprintf(text, "%s %s%s", name,
				rr_type_to_text(type, there->type),
				leak_pick(4) == 0 ? " private" : "");
	}
	list_rr(b, &c, "_export", text);
	batch_add(b, &c, c.owner);
}

static void
remove_random(struct batch *b)
{
	static const enum edit_op ops[] = {EDIT_DELETE_RR, EDIT_DELETE_RRSET,
					   EDIT_DELETE_NAME};
	unsigned i = leak_pick(ARRAY_LEN(datas));
	struct edit_change *c =
		batch_add(b, &data_rrs[b->zone][i],
			  owner_names[b->zone][pick_owner(b->zone)]);

	c->op = PICK(ops);
	c->origin = 0;
}

static void
remove_list(struct batch *b)
{
	struct edit_change c;

	list_rr(b, &c, "_export", "x");
	c.op = EDIT_DELETE_NAME;
	c.origin = 0;
	batch_add(b, &c, c.owner);
}

static void
add_reach(struct batch *b)
{
	struct edit_change c;

	list_rr(b, &c, "_reach", "example");
	batch_add(b, &c, c.owner);
}

static void
add_apex(struct batch *b)
{
	unsigned soa = ARRAY_LEN(datas) + leak_pick(SOAS);

	batch_add(b, &data_rrs[b->zone][soa], apex_names[b->zone])->ttl =
		leak_pick(2) == 0 ? 3600 : 30;
	batch_add(b, &data_rrs[b->zone][FIRST_NS], apex_names[b->zone]);
}

static void
random_change(struct batch *b)
{
	switch (leak_pick(12)) {
	case 0:
	case 1:
	case 2:
		add_entry(b);
		break;
	case 3:
	case 4:
		remove_random(b);
		break;
	case 5:
		add_reach(b);
		break;
	case 6:
		if (leak_pick(6) == 0)
			remove_list(b);
		break;
	default:
		add_random(b);
	}
}

/* True if it was made. */
static bool
batch_apply(struct batch *b, struct store_txn *t, enum edit_rules rules)
{
	const struct edit e = {
		.apex = apex_names[b->zone],
		.changes = b->changes,
		.count = b->count,
		.rules = rules,
		.limits = &limits,
		.now = LEAK_NOW,
		.who = "the hunt",
	};
	struct edit_result r = {0};
	enum err err = edit_apply(t, &e, &r);

	cr_assert_not(r.spoilt, "%s", r.diag.text);
	b->count = 0;
	return err == ERR_OK;
}

/* One at a time, so that what the rules forbid spoils nothing else. */
static void
batch_apply_each(struct batch *b, struct store_txn *t)
{
	static struct edit_change all[CHANGES_MAX];
	unsigned count = b->count;

	memcpy(all, b->changes, sizeof(all));
	for (unsigned i = 0; i < count; i++) {
		b->changes[0] = all[i];
		b->count = 1;
		batch_apply(b, t, EDIT_UPDATE);
	}
}

/* As a small import is made, or as a large one. */
static void
import_small(struct store_txn *t, const struct import_set *set, bool replace)
{
	struct import_diff diff;
	struct edit_result r;
	struct diag d;

	if (import_diff_make(&diff, store_txn_view(t), set, replace, &d) ==
	    ERR_OK)
		import_apply(t, set, &diff, &limits, LEAK_NOW, NULL, "file",
			     &r);
	import_diff_free(&diff);
}

static void
import_built(struct store_txn *t, const struct import_set *set, bool replace)
{
	struct import_build *b = import_build_new(set, replace, &limits);
	struct edit_result r;
	struct diag d;
	bool more = true;
	enum err e = import_build_begin(b, t, &d);

	while (e == ERR_OK && more)
		e = import_build_slice(b, t, &more, &d);
	if (e == ERR_OK)
		e = import_build_finish(b, t, LEAK_NOW, "file", &r);
	if (e != ERR_OK)
		cr_assert_eq(import_build_abandon(b, t), ERR_OK);
	import_build_free(b);
}

/* Another version of the file, with some of what the pool has. */
static void
import_random(struct batch *b, struct store_txn *t)
{
	struct import_set set;
	struct diag d;

	add_apex(b);
	for (unsigned i = leak_pick(12); i > 0; i--)
		random_change(b);
	import_set_init(&set, apex_names[b->zone]);
	for (unsigned i = 0; i < b->count; i++) {
		const struct edit_change *c = &b->changes[i];
		const struct rr rr = {.owner = c->owner,
				      .rdata = c->rdata,
				      .rdlen = c->rdlen,
				      .type = c->type,
				      .ttl = c->ttl,
				      .class = RR_IN};

		if (c->op == EDIT_ADD)
			import_set_add(&set, &rr,
				       (struct text_place){.file = "file"}, &d);
	}
	b->count = 0;
	if (import_set_finish(&set, &limits, &d) == ERR_OK)
		(leak_pick(3) == 0 ? import_built
				   : import_small)(t, &set, leak_pick(2) == 0);
	import_set_free(&set);
}

/* --- worlds ------------------------------------------------------------- */

static struct batch batch;

static void
batch_begin(unsigned zone)
{
	arena_free(&batch.arena);
	arena_init_growing(&batch.arena);
	batch.zone = zone;
	batch.count = 0;
}

static void
set_policy(struct leak_world *w, struct store_txn *t, unsigned zone)
{
	static const uint32_t grids[] = {0, 10, 100, 250};
	const struct export_policy p = {.loc_metres = PICK(grids)};
	struct diag d;

	w->metres[zone] = p.loc_metres;
	cr_assert_eq(export_policy_set(t, apex_names[zone], &p, &limits,
				       LEAK_NOW, &d),
		     ERR_OK, "%s", d.text);
}

static void
zone_begin(struct leak_world *w, struct store_txn *t, unsigned zone)
{
	bool exports = leak_pick(3) > 0;

	batch_begin(zone);
	cr_assert_eq(edit_zone_create(t, apex_names[zone], NULL), ERR_OK);
	if (leak_pick(2) == 0)
		set_policy(w, t, zone);
	add_apex(&batch);
	cr_assert(batch_apply(&batch, t, EDIT_STRICT));
	for (unsigned i = 5 + leak_pick(35); i > 0; i--)
		add_random(&batch);
	for (unsigned i = exports ? 1 + leak_pick(20) : 0; i > 0; i--)
		add_entry(&batch);
	batch_apply_each(&batch, t);
}

void
leak_world_begin(struct leak_world *w, struct leak_server *a, uint64_t seed)
{
	const char *inside[LEAK_ZONES] = {NULL};
	struct store_txn *t;
	bool some = leak_pick(3) == 0;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	leak_server_clear(a);
	cr_assert_eq(store_txn_begin(a->store, &t), ERR_OK);
	for (unsigned z = 0; z < LEAK_ZONES; z++) {
		w->present[z] = leak_pick(5) > 0;
		w->inside[z] = some && leak_pick(3) == 0;
		if (!w->present[z])
			continue;
		inside[z] = w->inside[z] ? "[ 192.0.2.0/24, 198.51.100.0/24 ]"
					 : "[ 192.0.2.0/24 ]";
		if (leak_pick(10) > 0)
			zone_begin(w, t, z);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	leak_server_serve(a, inside);
}

static bool
is_there(struct store_txn *t, unsigned zone)
{
	struct zone_record z;

	return zone_record_get(store_txn_view(t), apex_names[zone], &z) ==
	       ERR_OK;
}

#define IMPORT 1 /* the first of a zone, too */

void
leak_world_edit(struct leak_world *w, struct leak_server *a)
{
	struct store_txn *t;
	struct diag d;

	cr_assert_eq(store_txn_begin(a->store, &t), ERR_OK);
	for (unsigned n = 1 + leak_pick(3); n > 0; n--) {
		unsigned zone = leak_pick(LEAK_ZONES);

		if (!w->present[zone])
			continue;
		batch_begin(zone);
		switch (is_there(t, zone) ? leak_pick(8) : IMPORT) {
		case 0:
			set_policy(w, t, zone);
			continue;
		case IMPORT:
			import_random(&batch, t);
			continue;
		case 2:
			add_apex(&batch);
			batch_apply(&batch, t, EDIT_UPDATE);
			continue;
		case 3:
			cr_assert_eq(export_refresh(t, apex_names[zone],
						    &limits, LEAK_NOW, NULL, "",
						    &d),
				     ERR_OK);
			continue;
		default:
			break;
		}
		for (unsigned i = 1 + leak_pick(6); i > 0; i--)
			random_change(&batch);
		if (leak_pick(2) == 0)
			batch_apply_each(&batch, t);
		else
			batch_apply(&batch, t,
				    leak_pick(2) == 0 ? EDIT_UPDATE
						      : EDIT_STRICT);
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

/* --- for people --------------------------------------------------------- */

static void
print_node(const uint8_t *name, const struct node *n)
{
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
	const uint8_t *rdata;
	struct rrset set;
	uint16_t rdlen;

	name_to_text(owner, name);
	for (size_t at = 0; node_next(n, &at, &set);)
		for (size_t pos = 0; rrset_next(&set, &pos, &rdata, &rdlen);) {
			char *text = text_from_rdata(set.type, rdata, rdlen);

			fprintf(stderr, "  %s %u %s %.120s\n", owner, set.ttl,
				rr_type_to_text(type, set.type), text);
			free(text);
		}
}

void
leak_world_print(const struct leak_world *w, struct leak_server *a)
{
	struct store_view *v = store_reader_new(a->store);
	uint8_t name[NAME_WIRE_MAX];
	struct zone_record z;
	struct lookup_walk walk;
	struct node n;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	for (unsigned i = 0; i < LEAK_ZONES; i++) {
		if (!w->present[i])
			continue;
		fprintf(stderr, "zone %s%s, positions to %u m\n", apexes[i],
			w->inside[i] ? ", the client is inside" : "",
			w->metres[i]);
		if (zone_record_get(v, apex_names[i], &z) != ERR_OK)
			continue;
		lookup_walk_init(&walk, z.id, apex_names[i]);
		while (lookup_walk_next(&walk, v, name, &n) == ERR_OK)
			print_node(name, &n);
	}
	store_reader_free(v);
}
