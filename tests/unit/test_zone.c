/* Zone records, and what a reader keeps of a zone. */
#include "tests/unit/store_fixture.h"
#include "zones/key.h"
#include "zones/zone.h"

static uint8_t lounge[NAME_WIRE_MAX];
static struct store_view *view;

static void
start(void)
{
	set_up();
	open_plain();
	cr_assert_eq(name_from_text(lounge, "lounge.house.", NULL, NULL),
		     ERR_OK);
	view = store_reader_new(s);
}

static void
stop(void)
{
	store_reader_free(view);
	tear_down();
}

TestSuite(zone, .init = start, .fini = stop);

static void
look_again(void)
{
	store_reader_end(view);
	cr_assert_eq(store_reader_begin(view), ERR_OK);
}

/* A zone with an apex of SOA and NS, whose serial is in both places. */
static void
put_zone(struct store_txn *t, const uint8_t *apex, uint32_t id, uint32_t serial)
{
	const struct rr_meta meta = {.origin = ORIGIN_FILE};
	const struct zone_record z = {.id = id, .serial = serial};
	struct node_draft draft;
	const uint8_t *octets;
	struct arena arena;
	uint8_t rdata[22] = {0};
	struct key k;
	size_t len;

	put32(rdata + 2, serial);
	arena_init_growing(&arena);
	node_draft_from(&draft, &arena, NULL);
	cr_assert_eq(
		node_draft_add(&draft, RR_SOA, 300, rdata, sizeof(rdata), meta),
		ERR_OK);
	cr_assert_eq(
		node_draft_add(&draft, RR_NS, 300, apex, name_len(apex), meta),
		ERR_OK);
	cr_assert_eq(node_encode(&draft, &octets, &len, NULL), ERR_OK);
	key_make(&k, id, apex, apex);
	cr_assert_eq(store_put(t, STORE_NODES, k.octets, k.len, octets, len),
		     ERR_OK);
	cr_assert_eq(zone_record_put(t, apex, &z), ERR_OK);
	arena_free(&arena);
}

static void
put_zone_committed(const uint8_t *apex, uint32_t id, uint32_t serial)
{
	struct store_txn *t = begin();

	put_zone(t, apex, id, serial);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

static uint32_t
soa_serial(const struct zone_facts *f)
{
	return get32(f->soa.rdatas + 4);
}

Test(zone, record_comes_back_as_it_was_put)
{
	static const uint8_t upper[] = "\6LOUNGE\5House";
	const struct zone_record z = {
		.id = 0x01020304,
		.outside_id = 0x11121314,
		.serial = 0xfffffffe,
		.version = 0x2122232425262728,
		.journal_first = 0x3132333435363738,
		.journal_octets = 0x4142434445464748,
		.records = 0x5152535455565758,
		.nodes = 0x6162636465666768,
		.cuts = 0x71727374,
		.dnames = 0x81828384,
		.wildcards = 0x91929394,
	};
	struct zone_record back;
	struct store_txn *t = begin();

	cr_assert_eq(zone_record_put(t, lounge, &z), ERR_OK);
	cr_assert_eq(zone_record_get(store_txn_view(t), upper, &back), ERR_OK);
	store_txn_abort(t);
	cr_assert_eq(back.id, z.id);
	cr_assert_eq(back.outside_id, z.outside_id);
	cr_assert_eq(back.serial, z.serial);
	cr_assert_eq(back.version, z.version);
	cr_assert_eq(back.journal_first, z.journal_first);
	cr_assert_eq(back.journal_octets, z.journal_octets);
	cr_assert_eq(back.records, z.records);
	cr_assert_eq(back.nodes, z.nodes);
	cr_assert_eq(back.cuts, z.cuts);
	cr_assert_eq(back.dnames, z.dnames);
	cr_assert_eq(back.wildcards, z.wildcards);
}

Test(zone, that_the_store_does_not_have_is_not_found)
{
	struct zone_record z;
	uint8_t house[NAME_WIRE_MAX];

	put_zone_committed(lounge, 1, 1);
	look_again();
	name_from_text(house, "house.", NULL, NULL);
	cr_assert_eq(zone_record_get(view, house, &z), ERR_NOTFOUND);
	cr_assert_eq(zone_record_get(view, lounge, &z), ERR_OK);
}

Test(zone, record_that_was_deleted_is_gone)
{
	struct zone_record z;
	struct store_txn *t;

	put_zone_committed(lounge, 1, 1);
	t = begin();
	cr_assert_eq(zone_record_delete(t, lounge), ERR_OK);
	cr_assert_eq(zone_record_get(store_txn_view(t), lounge, &z),
		     ERR_NOTFOUND);
	cr_assert_eq(zone_record_delete(t, lounge), ERR_NOTFOUND);
	store_txn_abort(t);
}

Test(zone, record_of_another_length_is_corrupt)
{
	struct zone_record z;
	struct store_txn *t = begin();
	struct key k;

	key_make(&k, 0, lounge, name_root);
	cr_assert_eq(store_put(t, STORE_ZONES, k.octets, k.len, "short", 5),
		     ERR_OK);
	cr_assert_eq(zone_record_get(store_txn_view(t), lounge, &z),
		     ERR_CORRUPT);
	store_txn_abort(t);
}

Test(zone, records_are_listed_in_canonical_order)
{
	static const char *const order[] = {".",
					    "house.",
					    "attic.house.",
					    "lounge.house.",
					    "lounge2.house.",
					    "mouse."};
	static const unsigned put_order[] = {3, 5, 0, 4, 1, 2};
	uint8_t apex[NAME_WIRE_MAX] = {0}, name[NAME_WIRE_MAX];
	struct zone_record z;
	bool first = true;

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		name_from_text(name, order[put_order[i]], NULL, NULL);
		put_zone_committed(name, put_order[i] + 1, 1);
	}
	look_again();
	for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
		cr_assert_eq(zone_record_next(view, &first, apex, &z), ERR_OK);
		name_from_text(name, order[i], NULL, NULL);
		cr_assert(name_equal(apex, name), "%s", order[i]);
		cr_assert_eq(z.id, i + 1);
	}
	cr_assert_eq(zone_record_next(view, &first, apex, &z), ERR_NOTFOUND);
}

Test(zone, facts_have_the_record_the_apex_and_its_soa)
{
	struct zone_facts f = {0};

	put_zone_committed(lounge, 7, 42);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert(f.exists);
	cr_assert_eq(f.record.id, 7);
	cr_assert_eq(f.record.serial, 42);
	cr_assert_eq(f.apex_node.count, 2);
	cr_assert_eq(f.soa.type, RR_SOA);
	cr_assert_eq(soa_serial(&f), 42);
	cr_assert_eq(f.number, store_view_number(view));
}

Test(zone, facts_of_one_snapshot_stay_and_of_the_next_are_new)
{
	struct zone_facts f = {0};

	put_zone_committed(lounge, 7, 42);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	put_zone_committed(lounge, 8, 43);
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_eq(soa_serial(&f), 42);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_eq(f.record.id, 8);
	cr_assert_eq(soa_serial(&f), 43);
}

Test(zone, facts_are_not_read_again_while_the_number_is_the_same)
{
	struct zone_facts f = {0};

	put_zone_committed(lounge, 7, 42);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	f.record.records = 1234; /* a mark that a second reading would lose */
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_eq(f.record.records, 1234);
}

Test(zone, facts_inside_a_write_transaction_are_always_read_anew)
{
	struct zone_facts f = {0};
	struct store_txn *t;

	put_zone_committed(lounge, 7, 42);
	t = begin();
	cr_assert_eq(zone_facts_refresh(&f, store_txn_view(t), lounge), ERR_OK);
	put_zone(t, lounge, 7, 43);
	cr_assert_eq(zone_facts_refresh(&f, store_txn_view(t), lounge), ERR_OK);
	cr_assert_eq(soa_serial(&f), 43);
	store_txn_abort(t);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_eq(soa_serial(&f), 42);
}

Test(zone, facts_of_a_zone_that_is_not_there_say_so_until_it_is)
{
	struct zone_facts f = {0};

	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_not(f.exists);
	put_zone_committed(lounge, 7, 42);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert(f.exists);
}

Test(zone, without_a_soa_yet_does_not_exist)
{
	const struct zone_record z = {.id = 7};
	struct zone_facts f = {0};
	struct store_txn *t = begin();

	cr_assert_eq(zone_record_put(t, lounge, &z), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	look_again();
	cr_assert_eq(zone_facts_refresh(&f, view, lounge), ERR_OK);
	cr_assert_not(f.exists);
}
