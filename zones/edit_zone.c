/* Zones that come and go, and nodes that are built beside one. */
#include "zones/edit_internal.h"

#include "zones/edit_rules.h"
#include "zones/export.h"

#include <string.h>

enum err
edit_zone_create(struct store_txn *t, const uint8_t *apex, struct diag *d)
{
	struct zone_record z;
	enum err err;

	err = zone_record_get(store_txn_view(t), apex, &z);
	if (err == ERR_OK)
		return edit_rules_error(d, ERR_EXISTS, apex, 0,
					"the zone is in the store already");
	if (err != ERR_NOTFOUND)
		return edit_rules_error(d, err, apex, 0, err_text(err));
	memset(&z, 0, sizeof(z));
	z.journal_first = 1;
	err = store_new_zone_id(t, &z.id);
	if (err == ERR_OK)
		err = zone_record_put(t, apex, &z);
	if (err == ERR_OK)
		err = export_boundary_bump(t);
	if (err != ERR_OK)
		return edit_rules_error(d, err, apex, 0, err_text(err));
	return ERR_OK;
}

enum err
edit_zone_drop(struct store_txn *t, const uint8_t *apex)
{
	struct zone_record z;
	enum err err;

	err = zone_record_get(store_txn_view(t), apex, &z);
	if (err != ERR_OK)
		return err;
	err = store_erase_later(t, z.id);
	if (err == ERR_OK && z.outside_id != 0)
		err = store_erase_later(t, z.outside_id);
	if (err == ERR_OK)
		err = zone_record_delete(t, apex);
	if (err == ERR_OK)
		err = zone_outside_delete(t, apex);
	if (err == ERR_OK || err == ERR_NOTFOUND)
		err = export_boundary_bump(t);
	return err;
}

static enum err
build_write(struct store_txn *t, const struct key *key, bool is_new,
	    const uint8_t *octets, size_t len)
{
	if (len == 0)
		return is_new ? ERR_OK
			      : store_delete(t, STORE_NODES, key->octets,
					     key->len);
	if (is_new)
		return store_append(t, STORE_NODES, key->octets, key->len,
				    octets, len);
	return store_put(t, STORE_NODES, key->octets, key->len, octets, len);
}

enum err
edit_build_node(struct store_txn *t, struct zone_record *z, const uint8_t *apex,
		const uint8_t *owner, struct node_draft *draft,
		const struct edit_limits *limits, struct diag *d)
{
	struct node before = {0}, after = {0};
	bool is_apex = name_equal(owner, apex);
	struct store_value value;
	const uint8_t *octets = NULL;
	struct rrset soa;
	size_t len = 0;
	struct key key;
	enum err err;

	if (edit_name_reserved(owner, apex))
		return edit_rules_error(d, ERR_RULE, owner, 0,
					"the name is answered by a search and "
					"holds no data");
	err = node_encode(draft, &octets, &len, d);
	if (err != ERR_OK)
		return err;
	if (len > 0)
		must(node_open(&after, octets, len));
	key_make(&key, z->id, owner, apex);
	err = store_get(store_txn_view(t), STORE_NODES, key.octets, key.len,
			&value);
	if (err == ERR_OK && !node_open(&before, value.octets, value.len))
		err = ERR_CORRUPT;
	if (err != ERR_OK && err != ERR_NOTFOUND)
		return edit_rules_error(d, err, owner, 0, err_text(err));
	err = edit_rules_check(owner, is_apex, &before, &after, limits, d);
	if (err == ERR_OK)
		err = edit_places_build_check(t, owner, &key, &before, &after,
					      draft->arena, d);
	if (err != ERR_OK)
		return err;
	edit_count_node(z, key.octets, key.len, &before, is_apex, (uint32_t)-1);
	edit_count_node(z, key.octets, key.len, &after, is_apex, 1);
	if (is_apex && node_find(&after, RR_SOA, &soa))
		z->serial = rr_soa_serial(soa.rdatas + 2, soa.len - 2u);
	err = edit_places_build(t, owner, &key, &before, &after, draft->arena);
	if (err == ERR_OK)
		err = build_write(t, &key, before.octets == NULL, octets, len);
	if (err != ERR_OK)
		return edit_rules_error(d, err, owner, 0, err_text(err));
	return ERR_OK;
}
