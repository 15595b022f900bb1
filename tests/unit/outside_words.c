#include "tests/unit/outside_words.h"

#include "zones/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 256

static struct arena words = {0};
static bool words_begun;

struct reading {
	struct edit_change *change;
	unsigned count;
};

static enum err
take_rr(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	struct reading *r = ctx;
	struct edit_change *c = r->change;

	(void)place;
	(void)d;
	c->owner = arena_copy(&words, rr->owner, name_len(rr->owner));
	c->rdata = arena_copy(&words, rr->rdata, rr->rdlen);
	c->rdlen = rr->rdlen;
	c->type = rr->type;
	c->ttl = c->op == EDIT_ADD ? rr->ttl : 0;
	r->count++;
	return ERR_OK;
}

static void
read_rr(struct edit_change *c, const char *owner, const char *rest)
{
	struct reading r = {.change = c};
	char text[2048];
	struct diag d;

	snprintf(text, sizeof(text), "%s 60 IN %s\n", owner, rest);
	cr_assert_eq(text_read_string(text, "words", apex, take_rr, &r, &d),
		     ERR_OK, "%s", d.text);
	cr_assert_eq(r.count, 1);
}

static void
read_owner(struct edit_change *c, const char *owner)
{
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(name, owner, apex, NULL), ERR_OK);
	c->owner = arena_copy(&words, name, name_len(name));
}

static void
read_line(struct edit_change *c, const char *line)
{
	char owner[512], rest[1024] = "";

	memset(c, 0, sizeof(*c));
	cr_assert_geq(sscanf(line + 1, " %511s %1023[^\n]", owner, rest), 1);
	switch (line[0]) {
	case '+':
		c->op = EDIT_ADD;
		c->origin = ORIGIN_UPDATE;
		read_rr(c, owner, rest);
		break;
	case '-':
		c->op = EDIT_DELETE_RR;
		read_rr(c, owner, rest);
		break;
	case '~':
		c->op = EDIT_DELETE_RRSET;
		read_owner(c, owner);
		c->type = rr_type_from_text(rest);
		break;
	default:
		cr_assert_eq(line[0], '!');
		c->op = EDIT_DELETE_NAME;
		read_owner(c, owner);
	}
}

enum err
edit_lines(enum edit_rules rules, const char *lines)
{
	static struct edit_change changes[CHANGES_MAX];
	size_t count = 0;

	if (!words_begun)
		arena_init_growing(&words);
	words_begun = true;
	arena_reset(&words);
	for (const char *p = lines; *p != '\0'; p += strcspn(p, "\n") + 1) {
		cr_assert_lt(count, CHANGES_MAX);
		read_line(&changes[count++], p);
	}
	return apply_as(rules, key_name, changes, count);
}

void
inside(const char *lines)
{
	cr_assert_eq(edit_lines(EDIT_STRICT, lines), ERR_OK, "%s",
		     result.diag.text);
}

/* --- the outside ---------------------------------------------------------- */

struct zone_record
outside_record(void)
{
	struct store_view *v = store_reader_new(store);
	struct zone_record z = {0};
	enum err e;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	e = zone_outside_get(v, apex, &z);
	cr_assert(e == ERR_OK || e == ERR_NOTFOUND);
	store_reader_free(v);
	return z;
}

static char *
line_of(const uint8_t *owner, uint16_t type, const uint8_t *rdata, size_t len)
{
	char name[NAME_TEXT_MAX], mnemonic[RR_TYPE_TEXT_MAX], *text, *line;

	name_to_text(name, owner);
	if (name_equal(owner, apex))
		strcpy(name, "@");
	else
		name[strlen(name) - strlen(".house.")] = '\0';
	text = text_from_rdata(type, rdata, len);
	if (type == RR_SOA)
		sprintf(text, "%u", rr_soa_serial(rdata, len));
	cr_assert(asprintf(&line, "%s %s %s\n", name,
			   rr_type_to_text(mnemonic, type), text) > 0);
	free(text);
	return line;
}

static void
add_node(struct lines *l, const uint8_t *owner, const struct node *n)
{
	struct rrset set;
	size_t at = 0;

	while (node_next(n, &at, &set)) {
		const uint8_t *rdata;
		uint16_t rdlen;
		size_t pos = 0;
		unsigned i = 0;

		while (rrset_next(&set, &pos, &rdata, &rdlen)) {
			struct rr_meta meta = rrset_meta(&set, i++);

			l->line[l->count++] =
				line_of(owner, set.type, rdata, rdlen);
			cr_assert(meta.origin == 0 && meta.key_tag == 0 &&
				  meta.lease == 0);
		}
	}
}

const char *
outside_text(void)
{
	struct store_view *v = store_reader_new(store);
	const struct zone_record z = outside_record();
	struct lines l = {.count = 0};
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk w;
	uint64_t nodes = 0;
	struct node n;

	cr_assert_eq(record_now().outside_id, z.id);
	cr_assert_eq(z.outside_id, 0);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	lookup_walk_init(&w, z.id, apex);
	while (z.id != 0 && lookup_walk_next(&w, v, name, &n) == ERR_OK) {
		add_node(&l, name, &n);
		nodes++;
	}
	store_reader_free(v);
	cr_assert_eq(z.records, l.count);
	cr_assert_eq(z.nodes, nodes);
	return lines_text(&l);
}

void
set_policy(uint32_t loc_metres)
{
	const struct export_policy p = {.loc_metres = loc_metres};
	struct store_txn *t;
	struct diag d = {""};

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(export_policy_set(t, apex, &p, &limits, 1764000000, &d),
		     ERR_OK, "%s", d.text);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

uint64_t
boundary_now(void)
{
	struct store_view *v = store_reader_new(store);
	uint64_t version;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	version = export_boundary_version(v);
	store_reader_free(v);
	return version;
}
