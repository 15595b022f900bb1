#include "tests/unit/leak_model.h"

#include "zones/lookup.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* --- the list ------------------------------------------------------------- */

struct entry {
	uint8_t name[NAME_WIRE_MAX];
	uint16_t types[16];
	unsigned type_count;
	bool private_ok;
};

struct list {
	struct entry entries[128];
	unsigned count;
};

/* Searches are no owners; their strings are kept as they are. */
static bool
is_search(const char *word)
{
	return strcmp(word, "_near") == 0 || strcmp(word, "_in") == 0 ||
	       strcmp(word, "_box") == 0 || strcmp(word, "_here") == 0;
}

static void
read_string(struct leak_model *m, struct arena *memory, struct list *list,
	    const uint8_t *apex, const char *string)
{
	struct entry *e = &list->entries[list->count];
	char text[256], *save, *word;

	strcpy(text, string);
	word = strtok_r(text, " ", &save);
	m->exports = true;
	if (is_search(word)) {
		cr_assert_lt(m->space_count, ARRAY_LEN(m->spaces));
		m->spaces[m->space_count++] =
			arena_copy(memory, string, strlen(string) + 1);
		return;
	}
	memset(e, 0, sizeof(*e));
	cr_assert_eq(name_from_text(e->name, word, apex, NULL), ERR_OK);
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		if (strcmp(word, "private") == 0) {
			e->private_ok = true;
			continue;
		}
		cr_assert_lt(e->type_count, ARRAY_LEN(e->types));
		e->types[e->type_count++] = rr_type_from_text(word);
	}
	cr_assert_lt(++list->count, ARRAY_LEN(list->entries));
}

static void
read_list(struct leak_model *m, struct arena *memory, struct list *list,
	  struct store_view *v, uint32_t id, const uint8_t *apex)
{
	uint8_t name[NAME_WIRE_MAX];
	const uint8_t *rdata;
	struct rrset set;
	uint16_t rdlen;
	struct node n;
	size_t at = 0;

	cr_assert_eq(name_from_text(name, "_export", apex, NULL), ERR_OK);
	if (lookup_node(v, id, apex, name, &n) != ERR_OK ||
	    !node_find(&n, RR_TXT, &set))
		return;
	while (rrset_next(&set, &at, &rdata, &rdlen))
		for (unsigned i = 0; i < rdlen; i += 1u + rdata[i]) {
			char text[256];

			memcpy(text, rdata + i + 1, rdata[i]);
			text[rdata[i]] = '\0';
			read_string(m, memory, list, apex, text);
		}
}

/* 0: stays inside, 1: leaves unless it is private, 2: leaves. */
static int
listed(const struct list *list, const uint8_t *owner, uint16_t type)
{
	int most = 0;

	for (unsigned i = 0; i < list->count; i++) {
		const struct entry *e = &list->entries[i];

		for (unsigned t = 0; t < e->type_count; t++)
			if (e->types[t] == type && name_equal(e->name, owner) &&
			    most < 1 + e->private_ok)
				most = 1 + e->private_ok;
	}
	return most;
}

/* --- what is private ------------------------------------------------------ */

static bool
has_label_below(const uint8_t *owner, const uint8_t *apex, const char *label)
{
	unsigned below = name_labels(owner) - name_labels(apex);

	for (unsigned i = 0; i < below; i++) {
		const uint8_t *at = name_skip(owner, i);

		if (at[0] == strlen(label) &&
		    strncasecmp((const char *)at + 1, label, at[0]) == 0)
			return true;
	}
	return false;
}

static bool
private_v4(const uint8_t *a)
{
	return a[0] == 10 || (a[0] == 192 && a[1] == 168) || a[0] == 127;
}

/* As the worlds have them: hints stand at the end. */
static bool
is_private(const uint8_t *owner, const uint8_t *apex, uint16_t type,
	   const uint8_t *rdata, uint16_t rdlen)
{
	if (has_label_below(owner, apex, "_ble") ||
	    has_label_below(owner, apex, "_wifi"))
		return true;
	switch (type) {
	case RR_A:
		return private_v4(rdata);
	case RR_AAAA:
		return rdata[0] == 0xfd || rdata[0] == 0xfe;
	case RR_EUI48:
		return true;
	case RR_HTTPS:
		return private_v4(rdata + rdlen - 4);
	default:
		return false;
	}
}

/* --- where things stand --------------------------------------------------- */

static double
on_grid(double value, double step)
{
	return floor(value / step + 0.5) * step;
}

/* RFC 1876: the least M times ten to the E centimetres that is as much. */
static uint8_t
at_least(uint8_t code, double cm)
{
	double power = 1;

	if ((code >> 4) * pow(10, code & 15) >= cm)
		return code;
	for (unsigned e = 0; e < 10; e++, power *= 10)
		for (unsigned m = 1; m < 10; m++)
			if (m * power >= cm)
				return (uint8_t)(m << 4 | e);
	return 0x99;
}

static void
round_loc(uint8_t *loc, double metres)
{
	double north = round(metres * 3600000 / 111194.93);
	double lat = (double)get32(loc + 4) - 2147483648.0;
	double lon = (double)get32(loc + 8) - 2147483648.0;
	double alt = (double)get32(loc + 12) - 10000000;
	double east;

	lat = on_grid(lat, north);
	east = round(north / cos(lat / 3600000 * M_PI / 180));
	lon = on_grid(lon, east);
	alt = on_grid(alt, metres * 100);
	put32(loc + 4, (uint32_t)(lat + 2147483648.0));
	put32(loc + 8, (uint32_t)(lon + 2147483648.0));
	put32(loc + 12, (uint32_t)(alt + 10000000));
	loc[1] = at_least(loc[1], metres * 100);
	loc[2] = at_least(loc[2], metres * 142);
	loc[3] = at_least(loc[3], metres * 100);
}

/* --- the model ------------------------------------------------------------ */

/* Two positions may have become one. */
static bool
is_there(const struct leak_model *m, const struct edit_change *c)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct edit_change *o = &m->rrs[i];

		if (o->type == c->type && o->rdlen == c->rdlen &&
		    name_equal(o->owner, c->owner) &&
		    memcmp(o->rdata, c->rdata, c->rdlen) == 0)
			return true;
	}
	return false;
}

static void
take(struct leak_model *m, struct arena *memory, const uint8_t *owner,
     const struct rrset *set, const uint8_t *rdata, uint16_t rdlen,
     uint32_t metres, uint32_t serial)
{
	uint8_t *copy = arena_copy(memory, rdata, rdlen);
	struct edit_change c = {
		.op = EDIT_ADD,
		.owner = owner,
		.type = set->type,
		.ttl = set->ttl,
		.rdata = copy,
		.rdlen = rdlen,
		.origin = ORIGIN_UPDATE,
	};

	if (set->type == RR_SOA && serial != 0)
		put32(copy + rdlen - 20, serial);
	if (set->type == RR_LOC && metres > 0)
		round_loc(copy, metres);
	if (is_there(m, &c))
		return;
	cr_assert_lt(m->count, LEAK_RRS_MAX);
	m->rrs[m->count++] = c;
}

#define TYPE_GPOS 27

static int
leaves(const struct list *list, const uint8_t *owner, const uint8_t *apex,
       uint16_t type, uint32_t metres)
{
	if (name_equal(owner, apex) && (type == RR_SOA || type == RR_NS))
		return 2;
	if (metres > 0 &&
	    (type == TYPE_GPOS || has_label_below(owner, apex, "_geo")))
		return 0;
	return listed(list, owner, type);
}

void
leak_model_make(struct leak_model *m, struct arena *memory,
		struct store_view *v, const uint8_t *apex, bool whole,
		uint32_t metres, uint32_t serial)
{
	static struct list list;
	uint8_t name[NAME_WIRE_MAX];
	struct zone_record z;
	struct lookup_walk w;
	struct rrset set;
	struct node n;

	m->count = m->space_count = list.count = 0;
	m->exports = false;
	if (zone_record_get(v, apex, &z) != ERR_OK)
		return;
	read_list(m, memory, &list, v, z.id, apex);
	lookup_walk_init(&w, z.id, apex);
	while ((whole || m->exports) &&
	       lookup_walk_next(&w, v, name, &n) == ERR_OK) {
		const uint8_t *owner = arena_copy(memory, name, name_len(name));

		for (size_t at = 0; node_next(&n, &at, &set);) {
			int leave = whole ? 2
					  : leaves(&list, owner, apex, set.type,
						   metres);
			const uint8_t *rdata;
			uint16_t rdlen;
			size_t pos = 0;

			while (leave > 0 &&
			       rrset_next(&set, &pos, &rdata, &rdlen))
				if (leave == 2 ||
				    !is_private(owner, apex, set.type, rdata,
						rdlen))
					take(m, memory, owner, &set, rdata,
					     rdlen, whole ? 0 : metres, serial);
		}
	}
}

bool
leak_model_hide(struct leak_model *m, const uint8_t *name)
{
	unsigned kept = 0, had = m->count;

	for (unsigned i = 0; i < m->count; i++)
		if (!name_at_or_below(m->rrs[i].owner, name))
			m->rrs[kept++] = m->rrs[i];
	m->count = kept;
	return kept < had;
}
