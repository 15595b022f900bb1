/*
 * Octets become what is in reach, a client and names; the ladder's step for
 * each name must be the one that a plain model of DESIGN's words comes to.
 *
 *     octet         which configuration, of CONFS
 *     octet         bits: RD, inside of zone 0, 1, 2, anywhere
 *     { octet }     entries: the zone (2 bits; 3 ends), then a name
 *     { names }     each a name and an octet: below a cut or not
 *
 *     name = octet (how many labels), octets that choose them
 */
#include "resolver/ladder.h"
#include "tests/fuzz/fuzz_store.h"
#include "zones/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ZONES 3
#define ENTRIES_MAX 16

struct input {
	const uint8_t *at, *end;
};

struct entry {
	uint32_t zone; /* or REACH_CONF */
	uint8_t name[NAME_WIRE_MAX];
};

struct world {
	const struct conf *conf;
	struct entry entries[2 * ENTRIES_MAX];
	unsigned count;
	bool recursive, inside_any;
	bool inside[ZONES];
};

#define CONF                                                           \
	"zones: [ { name: h }, { name: l.h }, { name: z.example } ]\n" \
	"uplink: { forward: 192.0.2.1, reach: "

static const char *const confs[] = {
	CONF "[ ] }",
	CONF "[ . ] }",
	CONF "[ a.b, 10.in-addr.arpa ] }",
	CONF "[ home.arpa, arpa, localhost, B ] }",
};

static uint8_t
take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static void
take_name(struct input *in, uint8_t *name)
{
	static const char *const labels[] = {
		"a",  "b",   "arpa", "in-addr", "home", "localhost",
		"10", "172", "16",   "invalid", "test", "local",
		"B",  "x",   "ip6",  "onion"};
	unsigned n = take(in) & 7;
	size_t len = 0;

	for (unsigned i = 0; i < n; i++) {
		const char *l = labels[take(in) % ARRAY_LEN(labels)];

		name[len] = (uint8_t)strlen(l);
		memcpy(name + len + 1, l, name[len]);
		len += 1 + name[len];
	}
	name[len] = 0;
}

/* --- the world --------------------------------------------------------------
 */

static const struct conf *
conf_get(unsigned i)
{
	static struct conf *made[ARRAY_LEN(confs)];
	struct diag d;

	if (made[i] == NULL)
		made[i] = conf_read_string(confs[i], "fuzz.yaml", &d);
	must(made[i] != NULL);
	return made[i];
}

static void
zone_make(struct store_txn *t, const uint8_t *apex)
{
	static const uint8_t soa[22] = {[5] = 9};
	static const uint8_t ns[] = "\1a";
	const struct edit_change seed[] = {
		{EDIT_ADD, apex, RR_SOA, 22, 60, soa, ORIGIN_FILE},
		{EDIT_ADD, apex, RR_NS, 3, 60, ns, ORIGIN_FILE},
	};
	const struct edit e = {
		.apex = apex,
		.changes = seed,
		.count = 2,
		.rules = EDIT_STRICT,
	};
	struct edit_result r;

	must(edit_zone_create(t, apex, NULL) == ERR_OK);
	must(edit_apply(t, &e, &r) == ERR_OK);
}

/* As a device would: one record more in the zone's list. */
static void
entry_add(struct store_txn *t, const uint8_t *apex, const uint8_t *name)
{
	uint8_t owner[NAME_WIRE_MAX], rdata[256];
	struct edit_change c = {EDIT_ADD, owner, RR_TXT,       0,
				60,	  rdata, ORIGIN_UPDATE};
	const struct edit e = {
		.apex = apex, .changes = &c, .count = 1, .rules = EDIT_UPDATE};
	char text[NAME_TEXT_MAX];
	struct edit_result r;
	size_t len;

	must(name_concat(owner, (const uint8_t *)"\6_reach", 7, apex) > 0);
	name_to_text(text, name);
	len = strlen(text);
	must(len <= 255);
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	c.rdlen = (uint16_t)(1 + len);
	/* the root is for the configuration alone */
	must((edit_apply(t, &e, &r) == ERR_OK) == !name_is_root(name));
}

static void
world_add(struct world *w, uint32_t zone, const uint8_t *name)
{
	struct entry *e = &w->entries[w->count++];

	e->zone = zone;
	name_lower(e->name, name);
}

static void
world_take(struct world *w, struct input *in, struct store_txn *t)
{
	uint8_t bits, name[NAME_WIRE_MAX];

	w->count = 0;
	w->conf = conf_get(take(in) % ARRAY_LEN(confs));
	bits = take(in);
	w->recursive = bits & 1;
	w->inside_any = bits & 16;
	for (unsigned i = 0; i < ZONES; i++) {
		w->inside[i] = bits >> (1 + i) & 1;
		w->inside_any |= w->inside[i];
	}
	for (size_t i = 0; i < w->conf->uplink.reach.count; i++)
		world_add(w, REACH_CONF, w->conf->uplink.reach.names[i]);
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		unsigned zone = take(in) & 3;

		if (zone == ZONES)
			break;
		take_name(in, name);
		entry_add(t, w->conf->zones[zone].apex, name);
		if (!name_is_root(name))
			world_add(w, zone, name);
	}
}

/* --- the model --------------------------------------------------------------
 */

/* The longest built-in zone that name is in; false: none. */
static bool
model_special(const uint8_t *name, uint8_t *apex, bool *reach_beats)
{
	struct special row;
	const char *text;
	size_t longest = 0;

	for (unsigned i = 0; (text = special_row(i, &row)) != NULL; i++) {
		uint8_t zone[NAME_WIRE_MAX];

		must(name_from_text(zone, text, NULL, NULL) == ERR_OK);
		if (!name_at_or_below(name, zone) || name_len(zone) <= longest)
			continue;
		longest = name_len(zone);
		memcpy(apex, zone, longest);
		*reach_beats = row.reach_beats;
	}
	return longest > 0;
}

static enum ladder_step
model_step(const struct world *w, const uint8_t *name, bool child)
{
	uint8_t apex[NAME_WIRE_MAX];
	bool beats = true, special, reached = false;

	if (!w->recursive || !w->inside_any)
		return LADDER_CLOSED;
	if (child)
		return LADDER_CHILD;
	special = model_special(name, apex, &beats);
	for (unsigned i = 0; i < w->count; i++) {
		const struct entry *e = &w->entries[i];

		reached |= name_at_or_below(name, e->name) &&
			   (e->zone == REACH_CONF || w->inside[e->zone]) &&
			   (!special || name_at_or_below(e->name, apex));
	}
	if (reached && beats)
		return LADDER_REACH;
	return special ? LADDER_SPECIAL : LADDER_BLOCKED;
}

/* --- one input --------------------------------------------------------------
 */

static bool
is_inside(const void *arg, uint32_t zone)
{
	const struct world *w = arg;

	must(zone < ZONES);
	return w->inside[zone];
}

static void
names_check(const struct world *w, const struct reach *r, struct input *in)
{
	const struct ladder_client client = {
		.recursive = w->recursive,
		.inside_any = w->inside_any,
		.inside = is_inside,
		.arg = w,
	};

	do {
		uint8_t name[NAME_WIRE_MAX];
		struct ladder l;
		bool child;

		take_name(in, name);
		child = (take(in) & 7) == 7;
		ladder_climb(&l, &client, r, name, child);
		must(l.step == model_step(w, name, child));
		must(l.step != LADDER_REACH ||
		     (name_at_or_below(name, l.entry) &&
		      (l.zone == REACH_CONF || w->inside[l.zone])));
	} while (in->at < in->end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *store;
	static struct world w;
	struct input in = {data, data + size};
	struct store_txn *t;
	struct reach *r;

	if (store == NULL)
		store = fuzz_store_open();
	must(store_txn_begin(store, &t) == ERR_OK);
	for (unsigned i = 0; i < ZONES; i++)
		zone_make(t, conf_get(0)->zones[i].apex);
	world_take(&w, &in, t);
	r = reach_new(w.conf);
	must(r != NULL && reach_refresh(r, store_txn_view(t)) == ERR_OK);
	names_check(&w, r, &in);
	reach_free(r);
	store_txn_abort(t);
	return 0;
}
