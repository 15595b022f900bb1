#include "tests/unit/zone_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint8_t apex[] = "\5house";
const uint8_t key_name[] = "\10room-key";
char dir[64];
struct store *store;
struct edit_limits limits = {.journal_limit = 1 << 20};
struct edit_result result;

static uint64_t random_state = 88172645463325252;

void
pick_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15;
}

uint32_t
pick(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) * below >> 32);
}

/* --- RRs from words ------------------------------------------------------ */

static uint8_t pool[1 << 19];
static size_t pool_len;

void
pool_reset(void)
{
	pool_len = 0;
}

static uint8_t *
pool_take(size_t len)
{
	uint8_t *p = pool + pool_len;

	pool_len += len;
	cr_assert_leq(pool_len, sizeof(pool));
	return p;
}

const uint8_t *
name_of(const char *text)
{
	uint8_t *name = pool_take(NAME_WIRE_MAX);

	cr_assert_eq(name_from_text(name, text, apex, NULL), ERR_OK);
	return name;
}

/* The SOA's value is its serial alone, an address's one octet. */
static const uint8_t *
rdata_of(uint16_t type, const char *value, uint16_t *len)
{
	uint8_t *rdata = pool_take(512);

	memset(rdata, 0, 64);
	switch (type) {
	case RR_A:
		rdata[0] = 10;
		rdata[3] = (uint8_t)atoi(value);
		*len = 4;
		break;
	case RR_TXT:
		rdata[0] = (uint8_t)strlen(value);
		memcpy(rdata + 1, value, rdata[0]);
		*len = 1 + rdata[0];
		break;
	case RR_DS:
	case RR_KEY:
		rdata[2] = 3;
		rdata[3] = 13;
		memcpy(rdata + 4, value, strlen(value));
		*len = (uint16_t)(4 + strlen(value));
		break;
	case RR_SOA:
		put32(rdata + 2, (uint32_t)strtoul(value, NULL, 10));
		*len = 22;
		break;
	default:
		*len = (uint16_t)name_len(
			memcpy(rdata, name_of(value), NAME_WIRE_MAX));
		break;
	}
	return rdata;
}

struct edit_change
add(const char *owner, uint32_t ttl, uint16_t type, const char *value)
{
	struct edit_change c = {.op = EDIT_ADD,
				.owner = name_of(owner),
				.type = type,
				.ttl = ttl,
				.origin = ORIGIN_UPDATE};

	c.rdata = rdata_of(type, value, &c.rdlen);
	return c;
}

struct edit_change
from_file(struct edit_change c)
{
	c.origin = ORIGIN_FILE;
	return c;
}

struct edit_change
del(const char *owner, uint16_t type, const char *value)
{
	struct edit_change c = add(owner, 0, type, value);

	c.op = EDIT_DELETE_RR;
	c.origin = 0;
	return c;
}

struct edit_change
del_set(const char *owner, uint16_t type)
{
	return (struct edit_change){
		.op = EDIT_DELETE_RRSET, .owner = name_of(owner), .type = type};
}

struct edit_change
del_name(const char *owner)
{
	return (struct edit_change){.op = EDIT_DELETE_NAME,
				    .owner = name_of(owner)};
}

/* --- edits --------------------------------------------------------------- */

enum err
apply_as(enum edit_rules rules, const uint8_t *key,
	 const struct edit_change *changes, size_t count)
{
	struct edit e = {.apex = apex,
			 .changes = changes,
			 .count = count,
			 .rules = rules,
			 .limits = &limits,
			 .now = 1764000000,
			 .key_name = key,
			 .who = "192.168.1.7"};
	struct store_txn *t;
	enum err err;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	err = edit_apply(t, &e, &result);
	cr_assert_not(result.spoilt);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	return err;
}

void
open_store(void)
{
	const struct store_options o = {.create = true, .readers = 4};
	const char *tmp = getenv("TMPDIR");
	struct store_txn *t;
	struct diag d;

	snprintf(dir, sizeof(dir), "%s/edit-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(store_open(&store, dir, &o, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_create(t, apex, &d), ERR_OK, "%s", d.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

void
open_zone(void)
{
	open_store();
	strict(from_file(add("@", 60, RR_SOA, "7")),
	       from_file(add("@", 60, RR_NS, "ns1")));
}

void
close_store(void)
{
	char command[128];

	store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_assert_eq(system(command), 0);
}

/* --- showing a zone ------------------------------------------------------ */

static int
line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
value_text(char *dst, const struct rr *rr)
{
	uint8_t lower[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];

	switch (rr->type) {
	case RR_A:
		sprintf(dst, "%u", rr->rdata[3]);
		break;
	case RR_TXT:
		sprintf(dst, "%.*s", rr->rdata[0], rr->rdata + 1);
		break;
	case RR_DS:
	case RR_KEY:
		sprintf(dst, "%.*s", rr->rdlen - 4, rr->rdata + 4);
		break;
	case RR_SOA:
		sprintf(dst, "%u", rr_soa_serial(rr->rdata, rr->rdlen));
		break;
	default:
		name_lower(lower, rr->rdata);
		name_to_text(text, lower);
		text[strlen(text) - strlen(".house.")] = '\0';
		strcpy(dst, text);
	}
	return dst;
}

void
lines_add(struct lines *l, const struct rr *rr, uint8_t origin)
{
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX], value[NAME_TEXT_MAX];

	name_to_text(owner, rr->owner);
	if (name_equal(rr->owner, apex))
		strcpy(owner, "@");
	else
		owner[strlen(owner) - strlen(".house.")] = '\0';
	cr_assert(asprintf(&l->line[l->count++], "%s %u %s %s %c\n", owner,
			   rr->ttl, rr_type_to_text(type, rr->type),
			   value_text(value, rr), "0FUC"[origin]) > 0);
}

const char *
lines_text(struct lines *l)
{
	static char text[1 << 17];
	char *p = text;

	qsort(l->line, l->count, sizeof(*l->line), line_cmp);
	text[0] = '\0';
	for (size_t i = 0; i < l->count; i++) {
		p = stpcpy(p, l->line[i]);
		free(l->line[i]);
	}
	return text;
}

static void
lines_add_set(struct lines *l, const uint8_t *owner, const struct rrset *set)
{
	struct rr rr = {.owner = owner, .type = set->type, .ttl = set->ttl};
	unsigned i = 0;
	size_t at = 0;

	while (rrset_next(set, &at, &rr.rdata, &rr.rdlen))
		lines_add(l, &rr, rrset_meta(set, i++).origin);
	cr_assert_eq(i, set->count);
}

struct zone_record
record_now(void)
{
	struct store_view *v = store_reader_new(store);
	struct zone_record z;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_record_get(v, apex, &z), ERR_OK);
	store_reader_free(v);
	return z;
}

const char *
zone_text(void)
{
	struct store_view *v = store_reader_new(store);
	struct zone_record z, walked = {0};
	uint8_t name[NAME_WIRE_MAX];
	struct lines l = {.count = 0};
	struct lookup_walk w;
	struct rrset set;
	struct node n;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_record_get(v, apex, &z), ERR_OK);
	lookup_walk_init(&w, z.id, apex);
	while (lookup_walk_next(&w, v, name, &n) == ERR_OK) {
		bool is_apex = name_equal(name, apex);

		for (size_t at = 0; node_next(&n, &at, &set);) {
			lines_add_set(&l, name, &set);
			walked.records += set.count;
		}
		walked.nodes++;
		walked.cuts += !is_apex && node_find(&n, RR_NS, &set);
		walked.dnames += node_find(&n, RR_DNAME, &set);
		for (const uint8_t *p = name; *p != 0; p += 1 + *p)
			if (name_is_wildcard(p)) {
				walked.wildcards++;
				break;
			}
	}
	store_reader_free(v);
	cr_assert_eq(z.records, walked.records);
	cr_assert_eq(z.nodes, walked.nodes);
	cr_assert_eq(z.cuts, walked.cuts);
	cr_assert_eq(z.dnames, walked.dnames);
	cr_assert_eq(z.wildcards, walked.wildcards);
	return lines_text(&l);
}

const char *
journal_text(struct journal_entry *e)
{
	static char text[1 << 12];
	struct store_view *v = store_reader_new(store);
	struct zone_record z = record_now();
	struct lines l = {.count = 0};
	struct journal_rr rr;
	char *p = text;
	size_t at = 0;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(journal_read(v, z.id, z.version, e), ERR_OK);
	while (journal_next_rr(e, &at, &rr))
		lines_add(&l, &rr.rr, rr.origin);
	cr_assert_eq(l.count, e->removed + e->added);
	for (size_t i = 0; i < l.count; i++) {
		*p++ = i < e->removed ? '-' : '+';
		p = stpcpy(p, l.line[i]);
		free(l.line[i]);
	}
	store_reader_free(v);
	return text;
}

void
journal_is(const char *text)
{
	struct journal_entry e;

	cr_assert_str_eq(journal_text(&e), text);
}
