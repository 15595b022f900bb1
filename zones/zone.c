#include "zones/zone.h"

#include "zones/key.h"

#include <string.h>

#define RECORD_LEN 64
#define OUTSIDE_LEN 72 /* a record, and what the operator wants */

/* What stands in a key in place of a zone id. */
enum record_kind {
	RECORD_ZONE = 0,
	RECORD_OUTSIDE = 1
};

/* --- records -------------------------------------------------------------- */

static void
record_encode(uint8_t p[OUTSIDE_LEN], const struct zone_record *z)
{
	memset(p, 0, OUTSIDE_LEN);
	put32(p, z->id);
	put32(p + 4, z->outside_id);
	put32(p + 8, z->serial);
	put64(p + 12, z->version);
	put64(p + 20, z->journal_first);
	put64(p + 28, z->journal_octets);
	put64(p + 36, z->records);
	put64(p + 44, z->nodes);
	put32(p + 52, z->cuts);
	put32(p + 56, z->dnames);
	put32(p + 60, z->wildcards);
	put32(p + 64, z->loc_metres);
	p[68] = z->export_spaces;
}

static size_t
record_len(enum record_kind kind)
{
	return kind == RECORD_OUTSIDE ? OUTSIDE_LEN : RECORD_LEN;
}

static enum err
record_decode(struct zone_record *z, enum record_kind kind,
	      const struct store_value *value)
{
	const uint8_t *p = value->octets;

	if (value->len != record_len(kind))
		return ERR_CORRUPT;
	*z = (struct zone_record){0};
	z->id = get32(p);
	z->outside_id = get32(p + 4);
	z->serial = get32(p + 8);
	z->version = get64(p + 12);
	z->journal_first = get64(p + 20);
	z->journal_octets = get64(p + 28);
	z->records = get64(p + 36);
	z->nodes = get64(p + 44);
	z->cuts = get32(p + 52);
	z->dnames = get32(p + 56);
	z->wildcards = get32(p + 60);
	if (kind == RECORD_OUTSIDE) {
		z->loc_metres = get32(p + 64);
		z->export_spaces = p[68];
	}
	return ERR_OK;
}

static enum err
record_get(struct store_view *v, enum record_kind kind, const uint8_t *apex,
	   struct zone_record *z)
{
	struct store_value value;
	struct key k;
	enum err e;

	key_make(&k, kind, apex, name_root);
	e = store_get(v, STORE_ZONES, k.octets, k.len, &value);
	return e == ERR_OK ? record_decode(z, kind, &value) : e;
}

static enum err
record_put(struct store_txn *t, enum record_kind kind, const uint8_t *apex,
	   const struct zone_record *z)
{
	uint8_t octets[OUTSIDE_LEN];
	struct key k;

	key_make(&k, kind, apex, name_root);
	record_encode(octets, z);
	return store_put(t, STORE_ZONES, k.octets, k.len, octets,
			 record_len(kind));
}

static enum err
record_delete(struct store_txn *t, enum record_kind kind, const uint8_t *apex)
{
	struct key k;

	key_make(&k, kind, apex, name_root);
	return store_delete(t, STORE_ZONES, k.octets, k.len);
}

enum err
zone_record_get(struct store_view *v, const uint8_t *apex,
		struct zone_record *z)
{
	return record_get(v, RECORD_ZONE, apex, z);
}

enum err
zone_record_put(struct store_txn *t, const uint8_t *apex,
		const struct zone_record *z)
{
	return record_put(t, RECORD_ZONE, apex, z);
}

enum err
zone_record_delete(struct store_txn *t, const uint8_t *apex)
{
	return record_delete(t, RECORD_ZONE, apex);
}

enum err
zone_outside_get(struct store_view *v, const uint8_t *apex,
		 struct zone_record *z)
{
	return record_get(v, RECORD_OUTSIDE, apex, z);
}

enum err
zone_outside_put(struct store_txn *t, const uint8_t *apex,
		 const struct zone_record *z)
{
	return record_put(t, RECORD_OUTSIDE, apex, z);
}

enum err
zone_outside_delete(struct store_txn *t, const uint8_t *apex)
{
	return record_delete(t, RECORD_OUTSIDE, apex);
}

enum err
zone_record_next(struct store_view *v, bool *first, uint8_t *apex,
		 struct zone_record *z)
{
	struct store_value found, value;
	struct key k;
	enum err e;

	key_make(&k, RECORD_ZONE, apex, name_root);
	/* No label is empty, so nothing stands between a key and this. */
	if (!*first)
		k.octets[k.len++] = 0;
	*first = false;
	e = store_seek(v, STORE_ZONES, k.octets, k.len, &found, &value);
	if (e != ERR_OK)
		return e;
	if (found.len < KEY_ID_LEN || get32(found.octets) != RECORD_ZONE)
		return ERR_NOTFOUND;
	if (key_to_name(apex, found.octets, found.len, name_root) == 0)
		return ERR_CORRUPT;
	return record_decode(z, RECORD_ZONE, &value);
}

/* --- facts ---------------------------------------------------------------- */

static uint8_t
front_of(const uint8_t *name, const uint8_t *apex)
{
	if (name_is_root(apex) || !name_at_or_below(name, apex))
		return ZONE_ELSEWHERE;
	return (uint8_t)(name_len(name) - name_len(apex));
}

static void
facts_soa(struct zone_facts *f)
{
	const uint8_t *mname;
	uint16_t rdlen;
	size_t at = 0;

	if (!rrset_next(&f->soa, &at, &mname, &rdlen))
		return;
	f->soa_front[0] = front_of(mname, f->apex);
	f->soa_front[1] = front_of(mname + name_len(mname), f->apex);
}

static enum err
facts_read(struct zone_facts *f, struct store_view *v)
{
	struct store_value value;
	struct key k;
	enum err e = record_get(v, f->outside ? RECORD_OUTSIDE : RECORD_ZONE,
				f->apex, &f->record);

	if (e != ERR_OK)
		return e;
	if (f->record.id == 0)
		return ERR_NOTFOUND;
	key_make(&k, f->record.id, f->apex, f->apex);
	e = store_get(v, STORE_NODES, k.octets, k.len, &value);
	if (e != ERR_OK)
		return e;
	if (!node_open(&f->apex_node, value.octets, value.len))
		return ERR_CORRUPT;
	if (!node_find(&f->apex_node, RR_SOA, &f->soa))
		return ERR_NOTFOUND;
	facts_soa(f);
	return ERR_OK;
}

/* The zone is as `before` had it: same nodes, same edit, same searches. */
static bool
facts_same(const struct zone_facts *before, const struct zone_facts *now)
{
	return before->exists && now->exists &&
	       before->record.id == now->record.id &&
	       before->record.version == now->record.version &&
	       before->record.export_spaces == now->record.export_spaces;
}

enum err
zone_facts_refresh(struct zone_facts *f, struct store_view *v,
		   const uint8_t *apex)
{
	uint64_t number = store_view_number(v);
	struct zone_facts before;
	enum err e;

	f->apex = apex;
	if (number != 0 && f->number == number)
		return ERR_OK;
	before = *f;
	*f = (struct zone_facts){.apex = apex, .outside = before.outside};
	e = facts_read(f, v);
	f->exists = e == ERR_OK;
	if (e != ERR_OK && e != ERR_NOTFOUND)
		return e;
	f->number = number;
	f->since = facts_same(&before, f) ? before.since : number;
	return ERR_OK;
}
