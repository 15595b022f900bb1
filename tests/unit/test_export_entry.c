/* What an entry of a list means, and what is wrong with one that means nothing.
 */
#include "zones/export.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const uint8_t apex[] = "\5house";
static struct export_entry entry;
static struct diag diag;

static enum err
parse(const char *text)
{
	return export_entry_parse(&entry, text, strlen(text), apex, &diag);
}

static void
is(const char *text, const char *best)
{
	char written[EXPORT_TEXT_MAX];

	cr_assert_eq(parse(text), ERR_OK, "%s: %s", text, diag.text);
	cr_assert_str_eq(export_entry_text(written, &entry, apex), best);
}

static void
fails(const char *text, enum err err, const char *sentence)
{
	cr_assert_eq(parse(text), err, "%s", text);
	cr_assert_str_eq(diag.text, sentence);
}

static void
name_is(const char *text)
{
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
	cr_assert(name_equal(entry.name, name));
}

Test(export_entry, is_a_name_and_types)
{
	is("speaker AAAA SRV TXT", "speaker TXT AAAA SRV");
	name_is("speaker.house.");
	cr_assert_eq(entry.type_count, 3);
	cr_assert_eq(entry.types[0], RR_AAAA);
	cr_assert_not(entry.private_ok);
	cr_assert_eq(entry.spaces, 0);
}

Test(export_entry, may_end_in_private)
{
	is("speaker A private", "speaker A private");
	cr_assert(entry.private_ok);
	is("speaker A PRIVATE", "speaker A private");
	is("speaker A", "speaker A");
	cr_assert_not(entry.private_ok, "nothing is left of the one before");
}

Test(export_entry, case_and_blanks_do_not_matter)
{
	is(" \tSpeaker  a\taaaa ", "speaker A AAAA");
	name_is("speaker.house.");
}

Test(export_entry, a_name_may_be_absolute_or_the_apex)
{
	is("lamp.lounge.house. A", "lamp.lounge A");
	is("@ TXT", "@ TXT");
	name_is("house.");
	is("house. TXT", "@ TXT");
	is("*.desk A", "*.desk A");
}

Test(export_entry, a_name_may_have_escapes)
{
	is("My\\032Printer._ipp._tcp SRV", "my\\032printer._ipp._tcp SRV");
	is("My\\ Printer._ipp._tcp SRV", "my\\032printer._ipp._tcp SRV");
	is("a\\.b A", "a\\.b A");
}

Test(export_entry, a_type_may_be_a_number_and_counts_once)
{
	is("x TYPE65280 A TYPE1", "x A TYPE65280");
	cr_assert_eq(entry.type_count, 2);
}

Test(export_entry, a_search_is_exported_by_its_name)
{
	is("_near PTR TXT", "_near PTR TXT");
	cr_assert_eq(entry.spaces, EXPORT_NEAR | EXPORT_NEAR << EXPORT_TXT);
	is("_in PTR", "_in PTR");
	cr_assert_eq(entry.spaces, EXPORT_IN);
	is("_box.house. TXT", "_box TXT");
	cr_assert_eq(entry.spaces, EXPORT_BOX << EXPORT_TXT);
	is("_HERE PTR", "_here PTR");
	cr_assert_eq(entry.spaces, EXPORT_HERE);
}

Test(export_entry, a_search_has_no_other_types_and_no_other_place)
{
	fails("_near PTR A", ERR_RULE,
	      "\"A\": searches are answered with PTR and TXT alone");
	fails("_near.desk PTR", ERR_RULE,
	      "\"_near.desk\": a search is exported for the whole space: "
	      "_near, _in, _box or _here alone");
}

Test(export_entry, says_which_word_is_wrong)
{
	fails("", ERR_SYNTAX,
	      "an empty entry; write a name and its types, as in \"speaker "
	      "AAAA SRV\"");
	fails("  ", ERR_SYNTAX,
	      "an empty entry; write a name and its types, as in \"speaker "
	      "AAAA SRV\"");
	fails("speaker", ERR_SYNTAX,
	      "no type is named; write them behind the name, as in \"speaker "
	      "AAAA SRV\"");
	fails("speaker private", ERR_SYNTAX,
	      "no type is named; write them behind the name, as in \"speaker "
	      "AAAA SRV\"");
	fails("speaker AAAB", ERR_SYNTAX,
	      "\"AAAB\" is no type; write AAAA, SRV, TXT, TYPE65280, or "
	      "`private` at the end");
	fails("speaker private A", ERR_SYNTAX,
	      "\"A\" behind `private`, which comes last");
	fails("a..b A", ERR_SYNTAX,
	      "\"a..b\" is no name: empty label in a name");
}

Test(export_entry, says_which_rule_is_broken)
{
	fails("speaker *", ERR_RULE,
	      "\"*\": each type must be named, so that what comes later does "
	      "not leave by itself");
	fails("speaker ANY", ERR_RULE,
	      "\"ANY\": each type must be named, so that what comes later does "
	      "not leave by itself");
	fails("speaker TSIG", ERR_RULE, "\"TSIG\" is a type that no name has");
	fails("speaker.garden. A", ERR_RULE,
	      "\"speaker.garden.\" is not in the zone; without a final dot it "
	      "is taken as relative");
	fails("_export TXT", ERR_RULE,
	      "\"_export\": _export, _reach and _cover are never shown "
	      "outside");
	fails("a._REACH.b TXT", ERR_RULE,
	      "\"a._REACH.b\": _export, _reach and _cover are never shown "
	      "outside");
	fails("room._cover TXT", ERR_RULE,
	      "\"room._cover\": _export, _reach and _cover are never shown "
	      "outside");
	fails("speaker A to=10.1.0.0/16", ERR_RULE,
	      "\"to=10.1.0.0/16\": to= is for later; an entry holds for "
	      "everyone outside");
	fails("speaker A private to=10.1.0.0/16", ERR_RULE,
	      "\"to=10.1.0.0/16\": to= is for later; an entry holds for "
	      "everyone outside");
}

Test(export_entry, has_a_limit_of_types)
{
	char text[512] = "x", type[16];

	for (unsigned i = 0; i < EXPORT_TYPES_MAX; i++) {
		snprintf(type, sizeof(type), " TYPE%u", 300 + i);
		strcat(text, type);
	}
	cr_assert_eq(parse(text), ERR_OK);
	strcat(text, " A");
	fails(text, ERR_RANGE, "more than 32 types; write a second entry");
}

Test(export_entry, octets_of_any_kind_are_told_safely)
{
	static const char nul[] = "a\0b A";

	cr_assert_eq(
		export_entry_parse(&entry, nul, sizeof(nul) - 1, apex, &diag),
		ERR_SYNTAX);
	cr_assert_str_eq(diag.text, "\"a?b\" is no name: it has an octet 0");
	fails("x \033[2J", ERR_SYNTAX,
	      "\"?[2J\" is no type; write AAAA, SRV, TXT, TYPE65280, or "
	      "`private` at the end");
	cr_assert_eq(parse("x A\\"), ERR_SYNTAX);
	cr_assert_eq(parse("\\"), ERR_SYNTAX);
}

Test(export_entry, too_long_a_text_is_not_written)
{
	char written[EXPORT_TEXT_MAX];
	char text[256];

	/* 60 octets that take four characters each, and a long label */
	memset(text, 0xc3, 60);
	strcpy(text + 60, ".012345678901234567890123456789 A");
	cr_assert_eq(parse(text), ERR_OK, "%s", diag.text);
	cr_assert_null(export_entry_text(written, &entry, apex));
}

/* --- the name alone ------------------------------------------------------- */

Test(export_entry, names_what_parsing_says_it_names)
{
	static const char *const texts[] = {
		"speaker A",
		"SPEAKER",
		"speaker.house. A",
		"speaker.house A",
		"speaker. A",
		"@ A",
		"house. A",
		". A",
		"",
		" speaker",
		"speake A",
		"speakers A",
		"\\115peaker A",
		"a.speaker A",
		"lamp.lounge A",
		"lamp.lounge.",
		"lamp\\.lounge A",
		"x\\",
		"*.lounge A",
		"..",
		".speaker",
		"speaker..",
		"lounge A",
		"house A",
	};
	static const char *const names[] = {
		"speaker.house.",     "house.",
		"lamp.lounge.house.", "lamp\\.lounge.house.",
		"*.lounge.house.",    "speaker.house.house.",
		"lounge.house.",      "house.house.",
		"a.speaker.house.",
	};
	uint8_t name[NAME_WIRE_MAX];
	unsigned matches = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t n = 0; n < ARRAY_LEN(names); n++) {
			char text[64];
			bool parsed, named;

			snprintf(text, sizeof(text), "%s TXT", texts[i]);
			name_from_text(name, names[n], NULL, NULL);
			parsed = parse(text) == ERR_OK &&
				 name_equal(entry.name, name);
			named = export_entry_names(texts[i], strlen(texts[i]),
						   name, apex);
			cr_assert_eq(parsed, named, "\"%s\" and %s", texts[i],
				     names[n]);
			matches += named;
		}
	cr_assert_geq(matches, 12);
}

/* --- reach ---------------------------------------------------------------- */

static void
reach_fails(const char *text, enum err err, const char *sentence)
{
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(reach_entry_parse(name, text, strlen(text), &diag), err);
	cr_assert_str_eq(diag.text, sentence);
}

Test(reach_entry, is_a_name_absolute_in_any_case)
{
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(reach_entry_parse(name, "Cam.AC.uk", 9, &diag), ERR_OK);
	cr_assert_eq(memcmp(name, "\3cam\2ac\2uk", 11), 0);
	cr_assert_eq(reach_entry_parse(name, " cam.ac.uk. ", 12, &diag),
		     ERR_OK);
	cr_assert_eq(memcmp(name, "\3cam\2ac\2uk", 11), 0);
}

Test(reach_entry, says_what_is_wrong)
{
	reach_fails("", ERR_SYNTAX,
		    "an empty entry; write a name, as in \"cam.ac.uk\"");
	reach_fails(".", ERR_RULE,
		    "\".\" opens everything, which only the configuration "
		    "file may (uplink: reach:)");
	reach_fails("cam.ac.uk mit.edu", ERR_SYNTAX,
		    "\"mit.edu\" behind the name; an entry is one name");
	reach_fails("*.cam.ac.uk", ERR_RULE,
		    "\"*.cam.ac.uk\": a name covers all below it; leave the "
		    "*. out");
	reach_fails("@", ERR_SYNTAX, "\"@\" is no name: '@' without an origin");
}

/* --- lists ---------------------------------------------------------------- */

static enum err
check(const char *owner, uint16_t type, const char *rdata, size_t len)
{
	uint8_t name[NAME_WIRE_MAX];

	name_from_text(name, owner, apex, NULL);
	return export_check(name, apex, type, (const uint8_t *)rdata, len,
			    &diag);
}

Test(export_list, holds_txt_of_entries_alone)
{
	cr_assert_eq(check("_export", RR_TXT, "\3a A\4b MX", 9), ERR_OK);
	cr_assert_eq(check("_export", RR_TXT, "\3a A\4b MY", 9), ERR_RULE);
	cr_assert_str_eq(diag.text, "\"MY\" is no type; write AAAA, SRV, TXT, "
				    "TYPE65280, or `private` at the end");
	cr_assert_eq(check("_export", RR_A, "\1\2\3\4", 4), ERR_RULE);
	cr_assert_str_eq(diag.text, "a list holds TXT alone");
	cr_assert_eq(check("a._export", RR_TXT, "\3a A", 4), ERR_RULE);
	cr_assert_str_eq(diag.text, "nothing can be below a list");
	cr_assert_eq(check("_REACH", RR_TXT, "\1b\5c.net", 8), ERR_OK);
	cr_assert_eq(check("_reach", RR_TXT, "\1.", 2), ERR_RULE);
	cr_assert_eq(check("_export", RR_TXT, "\0", 1), ERR_RULE);
	cr_assert_eq(check("_export", RR_TXT, "\5a A", 4), ERR_RULE);
}

Test(export_list, is_directly_below_the_apex)
{
	cr_assert_eq(check("_export.room", RR_A, "\1\2\3\4", 4), ERR_OK);
	cr_assert_eq(check("@", RR_A, "\1\2\3\4", 4), ERR_OK);
	cr_assert_eq(check("_eXport", RR_A, "\1\2\3\4", 4), ERR_RULE);
	cr_assert_eq(check("a._reach", RR_A, "\1\2\3\4", 4), ERR_RULE);
	cr_assert_eq(check("_reach.a", RR_A, "\1\2\3\4", 4), ERR_OK);
	cr_assert_eq(check("_cover", RR_A, "\1\2\3\4", 4), ERR_OK);
}

Test(export_list, gives_its_strings_in_turn)
{
	static const uint8_t rdatas[] = "\0\5\1a\2bc\0\3\2de";
	struct export_list list = {
		.set = {.count = 2, .rdatas = rdatas, .len = 12}};
	char all[32] = "";
	const char *text;
	size_t len;

	while (export_list_next(&list, &text, &len)) {
		strncat(all, text, len);
		strcat(all, ",");
	}
	cr_assert_str_eq(all, "a,bc,de,");
}
