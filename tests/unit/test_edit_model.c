/*
 * Random edits against a naive model of RFC 2136 3.4.2: content, counts,
 * serials, and the journal, whose replay must give the same content.
 */
#include "tests/unit/zone_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(edit_model, .init = open_zone, .fini = close_store);

#define MODEL_MAX 512

struct model_rr {
	const char *owner;
	char value[12];
	uint32_t ttl;
	uint16_t type;
	uint8_t origin;
};

struct model {
	struct model_rr rr[MODEL_MAX];
	unsigned count;
};

static const char *const owners[] = {"@", "a", "*.a", "c.a", "c.*.a", "d"};
static const uint16_t types[] = {RR_A,	   RR_A,     RR_TXT, RR_NS,
				 RR_CNAME, RR_DNAME, RR_KEY, RR_SOA};

static bool
beside_cname(uint16_t type)
{
	return type == RR_CNAME || type == RR_KEY;
}

static bool
at(const struct model_rr *r, const char *owner)
{
	return strcmp(r->owner, owner) == 0;
}

static unsigned
model_has(const struct model *m, const char *owner, uint16_t type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->count; i++)
		n += at(&m->rr[i], owner) && m->rr[i].type == type;
	return n;
}

static bool
model_has_not_beside_cname(const struct model *m, const char *owner)
{
	for (unsigned i = 0; i < m->count; i++)
		if (at(&m->rr[i], owner) && !beside_cname(m->rr[i].type))
			return true;
	return false;
}

static void
model_drop(struct model *m, unsigned i)
{
	m->rr[i] = m->rr[--m->count];
}

static uint32_t
model_serial(const struct model *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->rr[i].type == RR_SOA)
			return (uint32_t)strtoul(m->rr[i].value, NULL, 10);
	cr_assert_fail("the model has no SOA");
	return 0;
}

static bool
model_ignores(const struct model *m, const struct model_rr *r)
{
	bool is_apex = at(r, "@");

	if (r->type == RR_SOA)
		return !is_apex || !rr_serial_after((uint32_t)atol(r->value),
						    model_serial(m));
	if (r->type == RR_CNAME)
		return model_has_not_beside_cname(m, r->owner);
	if (!beside_cname(r->type) && model_has(m, r->owner, RR_CNAME))
		return true;
	if (r->type == RR_NS && !is_apex)
		return model_has(m, r->owner, RR_DNAME);
	if (r->type == RR_DNAME && !is_apex)
		return model_has(m, r->owner, RR_NS);
	return false;
}

static void
model_add(struct model *m, struct model_rr r)
{
	bool single =
		r.type == RR_SOA || r.type == RR_CNAME || r.type == RR_DNAME;
	bool there = false;

	if (model_ignores(m, &r))
		return;
	for (unsigned i = 0; i < m->count; i++) {
		struct model_rr *old = &m->rr[i];

		if (!at(old, r.owner) || old->type != r.type)
			continue;
		old->ttl = r.ttl;
		if (strcmp(old->value, r.value) == 0) {
			if (old->origin == ORIGIN_FILE)
				old->origin = r.origin;
			there = true;
		} else if (single) {
			model_drop(m, i--);
		}
	}
	if (!there)
		m->rr[m->count++] = r;
}

static void
model_delete(struct model *m, const char *owner, uint16_t type,
	     const char *value)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct model_rr *r = &m->rr[i];

		if (!at(r, owner) || (type != 0 && r->type != type) ||
		    (value != NULL && strcmp(r->value, value) != 0))
			continue;
		if (strcmp(owner, "@") == 0 && r->type == RR_SOA)
			continue;
		if (strcmp(owner, "@") == 0 && r->type == RR_NS &&
		    (value == NULL || model_has(m, "@", RR_NS) == 1))
			continue;
		model_drop(m, i--);
	}
}

static const char *
model_text(const struct model *m, bool origins)
{
	static char *text;
	struct lines l = {.count = 0};
	char type[RR_TYPE_TEXT_MAX];

	for (unsigned i = 0; i < m->count; i++) {
		const struct model_rr *r = &m->rr[i];

		cr_assert(asprintf(&l.line[l.count++], "%s %u %s %s %c\n",
				   r->owner, r->ttl,
				   rr_type_to_text(type, r->type), r->value,
				   origins ? "0FUC"[r->origin] : '-') > 0);
	}
	free(text);
	text = strdup(lines_text(&l));
	return text;
}

static void
model_set_serial(struct model *m, uint32_t serial)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->rr[i].type == RR_SOA)
			sprintf(m->rr[i].value, "%u", serial);
}

static void
random_value(const struct model *m, uint16_t type, char *value)
{
	if (type == RR_SOA && pick(2) == 0)
		sprintf(value, "%u", model_serial(m) + pick(9));
	else if (type == RR_NS && pick(2) == 0)
		strcpy(value, "ns1"); /* the one that is there at first */
	else
		sprintf(value, "%u", 1 + pick(3));
}

static struct edit_change
random_change(struct model *m)
{
	struct model_rr r = {.owner = PICK(owners),
			     .type = PICK(types),
			     .ttl = pick(8) == 0 ? 0 : 60,
			     .origin = ORIGIN_UPDATE};
	struct edit_change c;

	random_value(m, r.type, r.value);
	switch (pick(8)) {
	case 0:
		model_delete(m, r.owner, 0, NULL);
		return del_name(r.owner);
	case 1:
		model_delete(m, r.owner, r.type, NULL);
		return del_set(r.owner, r.type);
	case 2:
	case 3:
		model_delete(m, r.owner, r.type, r.value);
		return del(r.owner, r.type, r.value);
	default:
		c = add(r.owner, r.ttl, r.type, r.value);
		if (pick(3) == 0) {
			r.origin = ORIGIN_FILE;
			c = from_file(c);
		}
		model_add(m, r);
		return c;
	}
}

Test(edit_model, updates_do_what_rfc_2136_says)
{
	struct model m = {.rr = {{"@", "7", 60, RR_SOA, ORIGIN_FILE},
				 {"@", "ns1", 60, RR_NS, ORIGIN_FILE}},
			  .count = 2};

	for (unsigned round = 0; round < 1500; round++) {
		struct edit_change changes[6];
		unsigned count = 1 + pick(6);
		struct model before = m;
		uint32_t serial = model_serial(&m);

		pool_reset();
		for (unsigned i = 0; i < count; i++)
			changes[i] = random_change(&m);
		if (model_serial(&m) == serial) {
			char *old = strdup(model_text(&before, false));

			if (strcmp(old, model_text(&m, false)) != 0)
				model_set_serial(&m, serial + 1);
			free(old);
		}
		cr_assert_eq(apply_as(EDIT_UPDATE, key_name, changes, count),
			     ERR_OK, "%s", result.diag.text);
		cr_assert_eq(result.serial, model_serial(&m));
		cr_assert_str_eq(zone_text(), model_text(&m, true));
	}
}

/* Removes one line "… X\n" from the replayed zone. */
static void
replay_remove(struct lines *l, const char *line)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->line[i], line) == 0) {
			free(l->line[i]);
			l->line[i] = l->line[--l->count];
			return;
		}
	cr_assert_fail("the journal removes what is not there: %s", line);
}

static void
replay(struct lines *zone, struct store_view *v, uint32_t id, uint64_t version,
       uint32_t *serial)
{
	struct lines l = {.count = 0};
	struct journal_entry e;
	struct journal_rr rr;
	size_t pos = 0;

	cr_assert_eq(journal_read(v, id, version, &e), ERR_OK);
	cr_assert_eq(e.serial_before, *serial);
	*serial = e.serial_after;
	while (journal_next_rr(&e, &pos, &rr)) {
		if (l.count == 0 && e.serial_before != e.serial_after)
			cr_assert_eq(rr.rr.type, RR_SOA);
		lines_add(&l, &rr.rr, rr.origin);
	}
	cr_assert_eq(pos, e.rrs_len);
	for (size_t i = 0; i < l.count; i++)
		if (i < e.removed) {
			replay_remove(zone, l.line[i]);
			free(l.line[i]);
		} else {
			zone->line[zone->count++] = l.line[i];
		}
}

Test(edit_model, the_journal_replayed_is_the_zone)
{
	struct model m = {.rr = {{"@", "7", 60, RR_SOA, ORIGIN_FILE},
				 {"@", "ns1", 60, RR_NS, ORIGIN_FILE}},
			  .count = 2};
	struct zone_record z;
	struct lines zone = {.count = 0};
	struct store_view *v;
	uint32_t serial = 7;
	char *text;

	for (unsigned round = 0; round < 300; round++) {
		struct edit_change changes[4];

		pool_reset();
		for (unsigned i = 0; i < 4; i++)
			changes[i] = random_change(&m);
		model_set_serial(&m, record_now().serial);
		apply_as(EDIT_UPDATE, key_name, changes, 4);
	}
	text = strdup(zone_text());
	z = record_now();
	cr_assert_eq(z.journal_first, 1);
	v = store_reader_new(store);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	for (uint64_t version = 1; version <= z.version; version++)
		replay(&zone, v, z.id, version, &serial);
	store_reader_free(v);
	cr_assert_str_eq(lines_text(&zone), text);
	cr_assert_eq(serial, z.serial);
	free(text);
}

Test(edit_model, an_edit_may_have_a_hundred_thousand_changes)
{
	enum {
		many = 100000
	};
	struct edit_change *changes = calloc(many, sizeof(*changes));
	uint8_t(*names)[16] = calloc(many, 16);
	struct edit_change one = add("a", 60, RR_A, "1");

	for (unsigned i = 0; i < many; i++) {
		changes[i] = one;
		snprintf((char *)names[i], 16, "%cn%06u%chouse", 7, i % 50000,
			 5);
		changes[i].owner = names[i];
		if (i >= many / 2)
			changes[i].rdata = (const uint8_t *)"\12\0\0\2";
	}
	cr_assert_eq(apply_as(EDIT_STRICT, NULL, changes, many), ERR_OK);
	cr_assert_eq(result.added, many);
	cr_assert_eq(record_now().nodes, many / 2 + 1);
	cr_assert_eq(record_now().records, many + 2);
	for (unsigned i = 0; i < many; i++)
		changes[i].op = EDIT_DELETE_NAME;
	cr_assert_eq(apply_as(EDIT_STRICT, NULL, changes, many), ERR_OK);
	cr_assert_eq(result.removed, many);
	cr_assert_eq(record_now().nodes, 1);
	free(changes);
	free(names);
}
