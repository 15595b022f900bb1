/*
 * The journal: what is written is read, the oldest goes first, and broken
 * octets are noticed.
 */
#include "tests/unit/zone_words.h"

#include <string.h>

TestSuite(journal, .init = open_store, .fini = close_store);

static struct journal_rr
journal_rr(struct edit_change c)
{
	return (struct journal_rr){.rr = {.owner = c.owner,
					  .type = c.type,
					  .class = RR_IN,
					  .ttl = c.ttl,
					  .rdata = c.rdata,
					  .rdlen = c.rdlen},
				   .origin = c.origin};
}

/* Writes an entry that adds one TXT, as the next version. */
static void
write_one(struct store_txn *t, struct zone_record *z, const char *text,
	  uint64_t limit)
{
	struct journal_rr added = journal_rr(add("lamp", 60, RR_TXT, text));
	struct journal_entry e = {.added = 1};
	struct arena arena;

	arena_init_growing(&arena);
	z->version++;
	cr_assert_eq(journal_write(t, z, &e, NULL, &added, limit, &arena),
		     ERR_OK);
	arena_free(&arena);
}

Test(journal, an_entry_is_read_as_it_was_written)
{
	struct journal_rr lists[] = {
		journal_rr(add("@", 60, RR_SOA, "7")),
		journal_rr(from_file(add("lamp", 30, RR_A, "1"))),
		journal_rr(add("@", 60, RR_SOA, "8")),
	};
	struct journal_entry e = {.serial_before = 7,
				  .serial_after = 8,
				  .time = 1764000000,
				  .key_tag = 513,
				  .who = "fe80::1%eth0",
				  .token = "known by",
				  .token_len = 8,
				  .removed = 2,
				  .added = 1};
	struct zone_record z = record_now();
	struct journal_entry got;
	struct journal_rr rr;
	struct store_txn *t;
	struct arena arena;
	size_t at = 0;

	arena_init_growing(&arena);
	z.version = 1;
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(journal_write(t, &z, &e, lists, lists + 2, 9999, &arena),
		     ERR_OK);
	cr_assert_eq(journal_read(store_txn_view(t), z.id, 1, &got), ERR_OK);
	cr_assert_eq(got.version, 1);
	cr_assert_eq(got.serial_before, 7);
	cr_assert_eq(got.serial_after, 8);
	cr_assert_eq(got.time, 1764000000);
	cr_assert_eq(got.key_tag, 513);
	cr_assert_eq(got.token_len, 8);
	cr_assert_arr_eq(got.token, "known by", 8);
	cr_assert_str_eq(got.who, "fe80::1%eth0");
	cr_assert_eq(got.removed, 2);
	cr_assert_eq(got.added, 1);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(journal_next_rr(&got, &at, &rr));
		cr_assert(name_equal(rr.rr.owner, lists[i].rr.owner));
		cr_assert_eq(rr.rr.type, lists[i].rr.type);
		cr_assert_eq(rr.rr.class, RR_IN);
		cr_assert_eq(rr.rr.ttl, lists[i].rr.ttl);
		cr_assert_eq(rr.origin, lists[i].origin);
		cr_assert_eq(rr.rr.rdlen, lists[i].rr.rdlen);
		cr_assert_arr_eq(rr.rr.rdata, lists[i].rr.rdata, rr.rr.rdlen);
	}
	cr_assert_not(journal_next_rr(&got, &at, &rr));
	cr_assert_eq(at, got.rrs_len);
	store_txn_abort(t);
	arena_free(&arena);
}

Test(journal, a_version_that_is_not_there_is_not_found)
{
	struct store_view *v = store_reader_new(store);
	struct journal_entry e;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(journal_read(v, record_now().id, 1, &e), ERR_NOTFOUND);
	store_reader_free(v);
}

Test(journal, the_oldest_entries_go_when_the_limit_is_passed)
{
	struct zone_record z = record_now();
	struct journal_entry e;
	struct store_txn *t;
	uint64_t one;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	write_one(t, &z, "a", 1000);
	one = z.journal_octets;
	for (unsigned i = 0; i < 9; i++)
		write_one(t, &z, "b", 3 * one);
	cr_assert_eq(z.journal_first, 8);
	cr_assert_eq(z.journal_octets, 3 * one);
	cr_assert_eq(journal_read(store_txn_view(t), z.id, 7, &e),
		     ERR_NOTFOUND);
	cr_assert_eq(journal_read(store_txn_view(t), z.id, 8, &e), ERR_OK);
	store_txn_abort(t);
}

Test(journal, the_newest_entry_stays_whatever_the_limit)
{
	struct zone_record z = record_now();
	struct journal_entry e;
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	write_one(t, &z, "a", 0);
	write_one(t, &z, "b", 0);
	cr_assert_eq(z.journal_first, 2);
	cr_assert_eq(journal_read(store_txn_view(t), z.id, 2, &e), ERR_OK);
	store_txn_abort(t);
}

Test(journal, a_lowered_limit_is_reached_step_by_step)
{
	struct zone_record z = record_now();
	struct store_txn *t;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	for (unsigned i = 0; i < JOURNAL_DROP_MAX + 10; i++)
		write_one(t, &z, "a", 1 << 20);
	write_one(t, &z, "b", 0);
	cr_assert_eq(z.journal_first, JOURNAL_DROP_MAX + 1);
	write_one(t, &z, "c", 0);
	cr_assert_eq(z.journal_first, z.version);
	store_txn_abort(t);
}

/* Every octet of an entry set to every of some values, and every length: never
 * a read beyond it, and no RR that is not well-formed. */
Test(journal, broken_entries_are_noticed)
{
	static const uint8_t wild[] = {0, 1, 63, 64, 192, 255};
	struct zone_record z = record_now();
	struct store_value value;
	struct journal_entry e;
	struct journal_rr rr;
	struct store_txn *t;
	uint8_t key[12], octets[256];
	size_t len;

	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	write_one(t, &z, "abc", 1000);
	put32(key, z.id);
	put64(key + 4, 1);
	cr_assert_eq(
		store_get(store_txn_view(t), STORE_JOURNAL, key, 12, &value),
		ERR_OK);
	memcpy(octets, value.octets, value.len);
	len = value.len;
	for (size_t i = 0; i < len * sizeof(wild); i++) {
		uint8_t kept = octets[i / sizeof(wild)];
		enum err err;
		size_t at = 0;

		octets[i / sizeof(wild)] = wild[i % sizeof(wild)];
		cr_assert_eq(store_put(t, STORE_JOURNAL, key, 12, octets, len),
			     ERR_OK);
		err = journal_read(store_txn_view(t), z.id, 1, &e);
		cr_assert(err == ERR_OK || err == ERR_CORRUPT);
		while (err == ERR_OK && journal_next_rr(&e, &at, &rr))
			cr_assert(rr_rdata_valid(rr.rr.type, rr.rr.rdata,
						 rr.rr.rdlen));
		octets[i / sizeof(wild)] = kept;
	}
	for (size_t cut = 0; cut < len; cut++) {
		size_t at = 0;

		cr_assert_eq(store_put(t, STORE_JOURNAL, key, 12, octets, cut),
			     ERR_OK);
		cr_assert(journal_read(store_txn_view(t), z.id, 1, &e) !=
				  ERR_OK ||
			  !journal_next_rr(&e, &at, &rr));
	}
	store_txn_abort(t);
}
