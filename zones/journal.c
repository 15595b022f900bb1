#include "zones/journal.h"

#include <string.h>

#define JOURNAL_FORMAT 1
#define JOURNAL_KEY_LEN 12
#define JOURNAL_FIXED_LEN 29 /* all but who, token and the RRs */
#define JOURNAL_RR_FIXED_LEN 9

static void
journal_key(uint8_t *key, uint32_t zone_id, uint64_t version)
{
	put32(key, zone_id);
	put64(key + 4, version);
}

static size_t
rrs_octets(const struct journal_rr *list, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += name_len(list[i].rr.owner) + JOURNAL_RR_FIXED_LEN +
		       list[i].rr.rdlen;
	return sum;
}

static uint8_t *
encode_rrs(uint8_t *p, const struct journal_rr *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct rr *rr = &list[i].rr;

		p += name_copy(p, rr->owner);
		put16(p, rr->type);
		put32(p + 2, rr->ttl);
		p[6] = list[i].origin;
		put16(p + 7, rr->rdlen);
		p += JOURNAL_RR_FIXED_LEN;
		if (rr->rdlen > 0)
			memcpy(p, rr->rdata, rr->rdlen);
		p += rr->rdlen;
	}
	return p;
}

static const uint8_t *
encode(struct journal_entry *e, const struct journal_rr *removed,
       const struct journal_rr *added, struct arena *scratch, size_t *len)
{
	size_t who_len = strnlen(e->who, sizeof(e->who) - 1);
	uint8_t *value, *p;

	e->rrs_len =
		rrs_octets(removed, e->removed) + rrs_octets(added, e->added);
	*len = JOURNAL_FIXED_LEN + who_len + e->token_len + e->rrs_len;
	value = p = arena_alloc(scratch, *len);
	if (value == NULL)
		return NULL;
	p[0] = JOURNAL_FORMAT;
	put32(p + 1, e->serial_before);
	put32(p + 5, e->serial_after);
	put64(p + 9, e->time);
	put16(p + 17, e->key_tag);
	p[19] = (uint8_t)who_len;
	memcpy(p + 20, e->who, who_len);
	p += 20 + who_len;
	*p++ = e->token_len;
	memcpy(p, e->token, e->token_len);
	p += e->token_len;
	put32(p, e->removed);
	put32(p + 4, e->added);
	e->rrs = p += 8;
	p = encode_rrs(p, removed, e->removed);
	p = encode_rrs(p, added, e->added);
	must(p == value + *len);
	return value;
}

static enum err
drop_oldest(struct store_txn *t, struct zone_record *z)
{
	uint8_t key[JOURNAL_KEY_LEN];
	struct store_value value;
	uint64_t octets;
	enum err err;

	journal_key(key, z->id, z->journal_first);
	err = store_get(store_txn_view(t), STORE_JOURNAL, key, sizeof(key),
			&value);
	if (err == ERR_OK) {
		octets = sizeof(key) + value.len;
		err = store_delete(t, STORE_JOURNAL, key, sizeof(key));
		z->journal_octets -=
			octets < z->journal_octets ? octets : z->journal_octets;
	} else if (err == ERR_NOTFOUND) {
		err = ERR_OK; /* a gap: nothing to give back */
	}
	z->journal_first++;
	return err;
}

enum err
journal_write(struct store_txn *t, struct zone_record *z,
	      struct journal_entry *e, const struct journal_rr *removed,
	      const struct journal_rr *added, uint64_t limit,
	      struct arena *scratch)
{
	uint8_t key[JOURNAL_KEY_LEN];
	const uint8_t *value;
	size_t len;
	enum err err;

	e->version = z->version;
	value = encode(e, removed, added, scratch, &len);
	if (value == NULL)
		return ERR_NOMEM;
	z->journal_octets += sizeof(key) + len;
	for (unsigned n = 0; n < JOURNAL_DROP_MAX; n++) {
		if (z->journal_octets <= limit ||
		    z->journal_first >= z->version)
			break;
		err = drop_oldest(t, z);
		if (err != ERR_OK)
			return err;
	}
	journal_key(key, z->id, z->version);
	return store_put(t, STORE_JOURNAL, key, sizeof(key), value, len);
}

enum err
journal_read(struct store_view *v, uint32_t zone_id, uint64_t version,
	     struct journal_entry *e)
{
	uint8_t key[JOURNAL_KEY_LEN];
	struct store_value value;
	const uint8_t *p;
	size_t who_len, token_len;
	enum err err;

	journal_key(key, zone_id, version);
	err = store_get(v, STORE_JOURNAL, key, sizeof(key), &value);
	if (err != ERR_OK)
		return err;
	p = value.octets;
	if (value.len < JOURNAL_FIXED_LEN || p[0] != JOURNAL_FORMAT)
		return ERR_CORRUPT;
	who_len = p[19];
	if (who_len >= sizeof(e->who) ||
	    value.len < JOURNAL_FIXED_LEN + who_len)
		return ERR_CORRUPT;
	token_len = p[20 + who_len];
	if (token_len > JOURNAL_TOKEN_MAX ||
	    value.len < JOURNAL_FIXED_LEN + who_len + token_len)
		return ERR_CORRUPT;
	e->version = version;
	e->serial_before = get32(p + 1);
	e->serial_after = get32(p + 5);
	e->time = get64(p + 9);
	e->key_tag = get16(p + 17);
	memcpy(e->who, p + 20, who_len);
	e->who[who_len] = '\0';
	p += 20 + who_len + 1;
	e->token_len = (uint8_t)token_len;
	memcpy(e->token, p, token_len);
	p += token_len;
	e->removed = get32(p);
	e->added = get32(p + 4);
	e->rrs = p + 8;
	e->rrs_len = value.len - JOURNAL_FIXED_LEN - who_len - token_len;
	return ERR_OK;
}

bool
journal_next_rr(const struct journal_entry *e, size_t *at,
		struct journal_rr *rr)
{
	const uint8_t *p = e->rrs + *at;
	size_t left = e->rrs_len - *at;
	size_t owner_len, rdlen;

	if (left == 0 || !name_valid(p, left, &owner_len) ||
	    left - owner_len < JOURNAL_RR_FIXED_LEN)
		return false;
	rr->rr.owner = p;
	p += owner_len;
	rdlen = get16(p + 7);
	left -= owner_len + JOURNAL_RR_FIXED_LEN;
	rr->rr.type = get16(p);
	rr->rr.class = RR_IN;
	rr->rr.ttl = get32(p + 2);
	rr->rr.rdlen = (uint16_t)rdlen;
	rr->rr.rdata = p + JOURNAL_RR_FIXED_LEN;
	rr->origin = p[6];
	if (left < rdlen || !rr_rdata_valid(rr->rr.type, rr->rr.rdata, rdlen))
		return false;
	*at = (size_t)(rr->rr.rdata + rdlen - e->rrs);
	return true;
}
