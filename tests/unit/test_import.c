/*
 * Import: a zone file against what the store holds. Only what an earlier file
 * brought is removed; what was registered stays.
 */
#include "tests/unit/import_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define APEX_TEXT "@ 60 NS ns1 F\n@ 60 SOA 7 F\n"

TestSuite(import_set);
TestSuite(import_diff, .init = open_empty, .fini = close_store);

/* --- words ---------------------------------------------------------------- */

static void
set_refused(const char *text, const char *sentence)
{
	struct import_set s;

	cr_assert_neq(set_read(&s, text), ERR_OK);
	cr_assert_str_eq(diag.text, sentence);
	import_set_free(&s);
}

static void
import_refused(const char *text, const char *sentence)
{
	cr_assert_eq(try_import(text, false), ERR_RULE);
	cr_assert_str_eq(result.diag.text, sentence);
}

/* The changes as lines, from a snapshot: a dry run. */
static const char *
dry_run(const char *text)
{
	static char out[4096];
	struct store_view *v = store_reader_new(store);
	struct import_set s = set_of(text);
	struct import_diff diff;
	size_t len = 0;

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(import_diff_make(&diff, v, &s, false, &diag), ERR_OK);
	store_reader_free(v);
	out[0] = '\0';
	for (size_t i = 0; i < diff.count; i++) {
		const struct edit_change *c = &diff.changes[i];
		struct rr rr = {.owner = c->owner,
				.type = c->type,
				.ttl = c->ttl,
				.rdata = c->rdata,
				.rdlen = c->rdlen};
		char *line = text_from_rr(&rr);

		len += (size_t)sprintf(out + len, "%c%s\n",
				       c->op == EDIT_ADD ? '+' : '-', line);
		free(line);
	}
	import_diff_free(&diff);
	import_set_free(&s);
	return out;
}

/* --- a file by itself ----------------------------------------------------- */

Test(import_set, is_sorted_in_canonical_order_without_duplicates)
{
	struct import_set s =
		set_of(APEX "z A 1.2.3.4\na.a TXT x\na A 1.2.3.5\n"
			    "A A 1.2.3.4\na A 1.2.3.5\n");
	static const char *const owners[] = {"house.",	   "house.",
					     "a.house.",   "a.house.",
					     "a.a.house.", "z.house."};

	cr_assert_eq(s.count, ARRAY_LEN(owners));
	for (size_t i = 0; i < s.count; i++) {
		char text[NAME_TEXT_MAX];

		name_to_text(text, s.rrs[i].rr.owner);
		cr_assert_str_eq(text, owners[i]);
	}
	cr_assert_eq(s.rrs[2].rr.rdata[3], 4);
	import_set_free(&s);
}

Test(import_set, the_first_ttl_of_an_rrset_holds_for_all)
{
	struct import_set s = set_of(APEX "a 9 A 1.2.3.5\na 8 A 1.2.3.4\n");

	cr_assert_eq(s.rrs[2].rr.ttl, 9);
	cr_assert_eq(s.rrs[3].rr.ttl, 9);
	import_set_free(&s);
}

Test(import_set, a_zone_needs_one_soa_and_an_ns)
{
	set_refused("", "house. SOA: the file has none");
	set_refused("$TTL 1\na A 1.2.3.4\n",
		    "f: house. SOA: the file has none");
	set_refused("$TTL 1\n@ SOA a b 1 1 1 1 1\nx NS a\n",
		    "f: house. NS: the file has none");
	set_refused(APEX "@ SOA ns1 mail 8 1 1 1 1\n",
		    "f:4: house. SOA: there can be only one at a name");
	set_refused(APEX "a SOA ns1 mail 8 1 1 1 1\n",
		    "f:4: a.house. SOA: an SOA belongs to the apex alone");
}

Test(import_set, cname_and_dname_rules_hold)
{
	set_refused(APEX "a CNAME b\na A 1.2.3.4\n",
		    "f:5: a.house. A: no other data beside a CNAME (RFC 2181 "
		    "10.1; it is in line 4)");
	set_refused(APEX "a CNAME b\na CNAME c\n",
		    "f:5: a.house. CNAME: there can be only one at a name");
	set_refused(APEX "a DNAME b\na DNAME c\n",
		    "f:5: a.house. DNAME: there can be only one at a name");
	set_refused(APEX "a DNAME b\na NS c\n",
		    "f:4: a.house. DNAME: not beside NS but at the apex (RFC "
		    "6672 2.3)");
	set_refused(APEX "x._near A 1.2.3.4\n",
		    "f:4: x._near.house. A: the name is answered by a search "
		    "and holds no data");
}

Test(import_set, limits_hold)
{
	limits.rrset_limit = 2;
	limits.types_limit = 2;
	set_refused(APEX "a A 1.2.3.4\na A 1.2.3.5\na A 1.2.3.6\n",
		    "f:6: a.house. A: more RRs than rrset-limit allows (2)");
	set_refused(
		APEX "a A 1.2.3.4\na TXT x\na AAAA ::1\n",
		"f:6: a.house. AAAA: more types than types-limit allows (2)");
}

static int
memory_file(const void *octets, size_t len)
{
	int fd = memfd_create("rrs", 0);

	cr_assert_eq(write(fd, octets, len), (ssize_t)len);
	return fd;
}

Test(import_set, crosses_a_stream_unchanged)
{
	struct import_set s = set_of(APEX "a A 1.2.3.4\n\\000 TXT \"\\255\"\n"
					  "n NULL \\# 0\n"),
			  copy;
	int fd = memory_file("", 0);

	cr_assert_eq(import_set_write(&s, fd, &diag), ERR_OK);
	import_set_init(&copy, apex);
	cr_assert_eq(import_set_read(&copy, fd, "f", &diag), ERR_OK, "%s",
		     diag.text);
	cr_assert_eq(copy.count, s.count);
	cr_assert_eq(import_set_finish(&copy, &limits, &diag), ERR_OK);
	for (size_t i = 0; i < s.count; i++) {
		const struct import_rr *a = &s.rrs[i], *b = &copy.rrs[i];

		cr_assert(name_equal(a->rr.owner, b->rr.owner));
		cr_assert_eq(a->rr.type, b->rr.type);
		cr_assert_eq(a->rr.ttl, b->rr.ttl);
		cr_assert_eq(a->place.line, b->place.line);
		cr_assert_str_eq(a->place.file, b->place.file);
		cr_assert_eq(a->rr.rdlen, b->rr.rdlen);
		cr_assert_eq(memcmp(a->rr.rdata, b->rr.rdata, a->rr.rdlen), 0);
	}
	import_set_free(&s);
	import_set_free(&copy);
	close(fd);
}

static void
stream_refused(const void *octets, size_t len)
{
	int fd = memory_file(octets, len);
	struct import_set s;

	import_set_init(&s, apex);
	cr_assert_eq(import_set_read(&s, fd, "f", &diag), ERR_SYNTAX);
	import_set_free(&s);
	close(fd);
}

Test(import_set, a_hostile_stream_is_refused)
{
	/* a.house. A, TTL 1, line 1, four octets */
	static const uint8_t fine[] = {1, 'a', 5, 'h', 'o', 'u', 's', 'e', 0,
				       0, 1,   0, 0,   0,   1,	 0,   0,   0,
				       1, 0,   4, 1,   2,   3,	 4};
	uint8_t broken[sizeof(fine)];
	struct import_set s;
	int fd = memory_file(fine, sizeof(fine)), ends[2];

	import_set_init(&s, apex);
	cr_assert_eq(import_set_read(&s, fd, "f", &diag), ERR_OK);
	cr_assert_eq(s.count, 1);
	import_set_free(&s);
	close(fd);
	for (size_t len = 1; len < sizeof(fine); len++)
		stream_refused(fine, len);
	static const struct {
		size_t at;
		uint8_t value;
	} faults[] = {
		{0, 0xc0},  /* a pointer */
		{0, 64},    /* no label */
		{3, 'x'},   /* outside the zone */
		{10, 255},  /* ANY */
		{11, 0x80}, /* TTL beyond 31 bits */
		{20, 3},    /* rdata of three octets */
	};
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		memcpy(broken, fine, sizeof(fine));
		broken[faults[i].at] = faults[i].value;
		stream_refused(broken, sizeof(broken));
	}
	cr_assert_eq(pipe(ends), 0);
	import_set_init(&s, apex);
	cr_assert_eq(import_set_read(&s, ends[0], "f", &diag), ERR_SYNTAX);
	import_set_free(&s);
}

/* --- the difference ------------------------------------------------------- */

Test(import_diff, a_new_zone_takes_everything)
{
	import(APEX "lamp A 10.0.0.1\n");
	zone_is(APEX_TEXT "lamp 60 A 1 F\n");
	cr_assert_eq(result.serial, 7);
	cr_assert_eq(result.added, 3);
}

Test(import_diff, a_new_zone_that_fails_leaves_no_record)
{
	struct store_view *v = store_reader_new(store);
	struct edit_limits generous = limits;
	struct import_set s = set_of(APEX "a A 10.0.0.1\na TXT x\na KEY 0 3 13 "
					  "AQPS\n");
	struct import_diff diff;
	struct zone_record z;
	struct store_txn *t;

	generous.types_limit = 2;
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(
		import_diff_make(&diff, store_txn_view(t), &s, false, &diag),
		ERR_OK);
	cr_assert_eq(
		import_apply(t, &s, &diff, &generous, 1, NULL, "f", &result),
		ERR_RULE);
	cr_assert_not(result.spoilt);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_record_get(v, apex, &z), ERR_NOTFOUND);
	store_reader_free(v);
	import_diff_free(&diff);
	import_set_free(&s);
}

Test(import_diff, the_same_file_again_changes_nothing)
{
	uint64_t version;

	import(APEX "lamp A 10.0.0.1\n");
	version = record_now().version;
	import(APEX "lamp A 10.0.0.1\n");
	cr_assert_eq(record_now().version, version);
	cr_assert_eq(result.added + result.removed, 0);
	cr_assert_str_eq(dry_run(APEX "lamp A 10.0.0.1\n"), "");
}

Test(import_diff, what_is_new_is_added_and_what_is_gone_is_removed)
{
	import(APEX "lamp A 10.0.0.1\nlamp A 10.0.0.2\nold TXT x\n");
	cr_assert_str_eq(dry_run(APEX "lamp A 10.0.0.2\nlamp A 10.0.0.3\n"
				      "new TXT y\n"),
			 "-lamp.house. 60 IN A 10.0.0.1\n"
			 "+lamp.house. 60 IN A 10.0.0.3\n"
			 "+new.house. 60 IN TXT \"y\"\n"
			 "-old.house. 60 IN TXT \"x\"\n");
	import(APEX "lamp A 10.0.0.2\nlamp A 10.0.0.3\nnew TXT y\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 60 A 2 F\nlamp 60 A 3 F\n"
		"new 60 TXT y F\n");
}

Test(import_diff, a_dry_run_changes_nothing)
{
	import(APEX);
	dry_run(APEX "lamp A 10.0.0.1\n");
	zone_is(APEX_TEXT);
}

Test(import_diff, what_was_registered_stays_and_is_counted)
{
	import(APEX "lamp A 10.0.0.1\n");
	update(add("lamp", 60, RR_A, "2"), add("dev", 60, RR_TXT, "x"));
	import(APEX "lamp A 10.0.0.3\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\ndev 60 TXT x U\nlamp 60 A 2 U\n"
		"lamp 60 A 3 F\n");
	cr_assert_eq(kept, 2);
}

Test(import_diff, replace_removes_it)
{
	import(APEX "lamp A 10.0.0.1\n");
	update(add("lamp", 60, RR_A, "2"), add("dev", 60, RR_TXT, "x"));
	cr_assert_eq(try_import(APEX "lamp A 10.0.0.3\n", true), ERR_OK);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\nlamp 60 A 3 F\n");
	cr_assert_eq(kept, 0);
}

Test(import_diff, an_rr_that_is_registered_and_in_the_file_stays_registered)
{
	import(APEX);
	update(add("lamp", 60, RR_A, "1"));
	import(APEX "lamp A 10.0.0.1\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 60 A 1 U\n");
	import(APEX);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 8 F\nlamp 60 A 1 U\n");
}

Test(import_diff, the_ttl_of_the_file_wins_where_it_has_the_rrset)
{
	import(APEX "lamp A 10.0.0.1\n");
	update(add("lamp", 30, RR_A, "2"), add("dev", 30, RR_TXT, "x"));
	import(APEX "lamp 90 A 10.0.0.1\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\ndev 30 TXT x U\nlamp 90 A 1 F\n"
		"lamp 90 A 2 U\n");
	cr_assert_eq(result.removed, 2);
	import(APEX "lamp 80 A 10.0.0.1\nlamp A 10.0.0.3\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\ndev 30 TXT x U\nlamp 80 A 1 F\n"
		"lamp 80 A 2 U\nlamp 80 A 3 F\n");
}

Test(import_diff, a_contradiction_is_refused_with_owner_type_and_line)
{
	import(APEX);
	update(add("a", 60, RR_A, "1"), add("b", 60, RR_CNAME, "x"),
	       add("c", 60, RR_NS, "x"), add("d", 60, RR_DNAME, "x"));
	import_refused(APEX "a CNAME z\n",
		       "f:4: a.house. CNAME: contradicts what was registered "
		       "there (A), which only a replacing import removes");
	import_refused(APEX "b A 10.0.0.1\n",
		       "f:4: b.house. A: contradicts what was registered there "
		       "(CNAME), which only a replacing import removes");
	import_refused(APEX "b CNAME y\n",
		       "f:4: b.house. CNAME: contradicts what was registered "
		       "there (CNAME), which only a replacing import removes");
	import_refused(APEX "c DNAME y\n",
		       "f:4: c.house. DNAME: contradicts what was registered "
		       "there (NS), which only a replacing import removes");
	import_refused(APEX "d NS y\n",
		       "f:4: d.house. NS: contradicts what was registered "
		       "there (DNAME), which only a replacing import removes");
	import_refused(APEX "d DNAME y\n",
		       "f:4: d.house. DNAME: contradicts what was registered "
		       "there (DNAME), which only a replacing import removes");
	cr_assert_eq(try_import(APEX "a CNAME z\nb A 10.0.0.1\n", true),
		     ERR_OK);
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 9 F\na 60 CNAME z F\nb 60 A 1 F\n");
}

Test(import_diff, a_cname_becomes_an_address_and_back)
{
	import(APEX "a CNAME b\n");
	import(APEX "a A 10.0.0.1\n");
	import(APEX "a CNAME c\n");
	import(APEX "a CNAME d\n");
	zone_is("@ 60 NS ns1 F\n@ 60 SOA 10 F\na 60 CNAME d F\n");
}

Test(import_diff, the_last_ns_may_be_exchanged)
{
	import(APEX);
	import("$TTL 60\n@ SOA ns1 mail 7 1 1 1 1\n NS ns2\n");
	zone_is("@ 60 NS ns2 F\n@ 60 SOA 8 F\n");
}

static void
import_serial(uint32_t serial, const char *more)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "$TTL 60\n@ SOA ns1 mail %u 1 1 1 1\n NS ns1\n%s", serial,
		 more);
	import(text);
	cr_assert_eq(record_now().serial, result.serial);
}

Test(import_diff, a_newer_serial_in_the_file_is_taken)
{
	import(APEX);
	import_serial(100, "");
	cr_assert_eq(result.serial, 100);
	import_serial(200, "a A 10.0.0.1\n");
	cr_assert_eq(result.serial, 200);
}

Test(import_diff, an_older_serial_never_takes_the_zone_back)
{
	import(APEX);
	import_serial(100, "");
	import_serial(50, "");
	cr_assert_eq(result.serial, 100);
	import_serial(50, "a A 10.0.0.1\n");
	cr_assert_eq(result.serial, 101);
	import("$TTL 60\n@ SOA ns1 mail 50 9 9 9 9\n NS ns1\na A 10.0.0.1\n");
	cr_assert_eq(result.serial, 102);
}

Test(import_diff, serials_wrap_as_rfc_1982_says)
{
	import(APEX);
	import_serial(2147483648u, "");
	import_serial(4294967295u, "");
	import_serial(5, ""); /* after 2^32-1 */
	cr_assert_eq(result.serial, 5);
	import_serial(4294967295u, "a A 10.0.0.1\n");
	cr_assert_eq(result.serial, 6);
}

Test(import_diff, after_the_last_serial_comes_one)
{
	import_serial(4294967295u, "");
	import_serial(4294967294u, "a A 10.0.0.1\n");
	cr_assert_eq(result.serial, 1);
	import("$TTL 60\n@ SOA ns1 mail 4294967295 9 9 9 9\n NS ns1\n");
	cr_assert_eq(result.serial, 2);
}

Test(import_diff, a_dump_imports_without_a_difference)
{
	char *dump, *again;

	import(APEX "a A 10.0.0.1\n*.b TXT \"x;\\255\\000\"\nc NS ns.c\n"
		    "ns.c A 10.0.0.2\nd DNAME e\n\\@\\.\\000 LOC 1 N 2 E 3m\n"
		    "k KEY 0 3 13 AQPS\nh HTTPS 1 . alpn=h2\nu TYPE65280 \\# 1 "
		    "00\nn NULL \\# 0\n");
	update(add("a", 60, RR_A, "9"), add("dev", 5, RR_TXT, "x"));
	dump = whole(false);
	cr_assert_str_eq(dry_run(dump), "");
	close_store();
	open_empty();
	import(dump);
	again = whole(false);
	cr_assert_str_eq(again, dump);
	free(dump);
	free(again);
}
