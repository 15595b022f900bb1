/* The boundary and the way out, as the control socket tells and changes them.
 */
#include "server/uplink_sum.h"
#include "tests/unit/answer_words.h"
#include "tests/unit/control_words.h"

#include "resolver/blocked.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

TestSuite(control_boundary, .init = house_open, .fini = house_close,
	  .timeout = 60);

static json_t *
command(const char *command, const char *args)
{
	char request[4096];

	snprintf(request, sizeof(request), "{\"command\":\"%s\"%s%s}", command,
		 args[0] != '\0' ? "," : "", args);
	return ask(request);
}

/* The last object of an answer that says yes; whoever asks lets it go. */
static json_t *
done(const char *what, const char *args)
{
	json_t *all = command(what, args), *end;

	cr_assert(json_is_true(json_object_get(last(all), "ok")), "%s %s: %s",
		  what, args, text_of(last(all), "error"));
	end = json_incref((json_t *)(uintptr_t)last(all));
	json_decref(all);
	return end;
}

static void
done_with(const char *what, const char *args)
{
	json_decref(done(what, args));
}

/* The lists' entries, one after the other, as "entry; entry". */
static void
expect_list(const char *what, const char *expected)
{
	json_t *all = command(what, ""), *item;
	char text[1024] = "";
	size_t i;

	json_array_foreach(all, i, item)
	{
		if (json_object_get(item, "ok") != NULL)
			continue;
		if (text[0] != '\0')
			strcat(text, "; ");
		strcat(text, json_object_get(item, "configuration") != NULL
				     ? "configuration"
				     : text_of(item, "entry"));
	}
	cr_assert_str_eq(text, expected);
	json_decref(all);
}

static const char *
member(const json_t *list, size_t i)
{
	const char *text = json_string_value(json_array_get(list, i));

	return text == NULL ? "" : text;
}

/* --- export --------------------------------------------------------------- */

Test(control_boundary, export_adds_an_entry_in_its_best_form)
{
	json_t *r = done("export-add", "\"name\":\"LAMP.lounge.house\","
				       "\"what\":\"txt AAAA a A\"");

	cr_assert_str_eq(text_of(r, "zone"), "lounge.house.");
	cr_assert_str_eq(text_of(r, "name"), "lamp.lounge.house.");
	cr_assert_str_eq(text_of(r, "entry"), "lamp A TXT AAAA");
	cr_assert(json_is_true(json_object_get(r, "changed")));
	json_decref(r);
	expect_list("export-list", "lamp A TXT AAAA");
}

Test(control_boundary, export_tells_what_is_seen_and_what_is_kept_inside)
{
	json_t *r = done("export-add", "\"name\":\"lamp\",\"what\":\"A AAAA\"");

	cr_assert_eq(json_array_size(json_object_get(r, "seen")), 0);
	cr_assert_eq(json_array_size(json_object_get(r, "kept")), 1);
	cr_assert_str_eq(member(json_object_get(r, "kept"), 0), "A");
	json_decref(r);
	r = done("export-add", "\"name\":\"lamp\",\"what\":\"A AAAA private\"");
	cr_assert_eq(json_array_size(json_object_get(r, "kept")), 0);
	cr_assert_str_eq(member(json_object_get(r, "seen"), 0), "A");
	json_decref(r);
	expect_list("export-list", "lamp A AAAA private");
}

Test(control_boundary, what_is_said_again_changes_nothing)
{
	json_t *r;

	done_with("export-add", "\"name\":\"lamp\",\"what\":\"A\"");
	r = done("export-add", "\"name\":\"lamp\",\"what\":\"A\"");
	cr_assert(json_is_false(json_object_get(r, "changed")));
	json_decref(r);
}

Test(control_boundary, an_entry_takes_the_place_of_all_others_for_its_name)
{
	house_seed("lounge.house",
		   LOUNGE "_export TXT \"lamp A\" \"ns A\"\n"
			  "_export TXT \"Lamp.lounge.house. TXT\"\n");
	done_with("export-add", "\"name\":\"lamp\",\"what\":\"SRV\"");
	expect_list("export-list", "ns A; lamp SRV");
	done_with("export-del", "\"name\":\"lamp\"");
	expect_list("export-list", "ns A");
	done_with("export-del", "\"name\":\"ns.lounge.house.\"");
	expect_list("export-list", "");
}

Test(control_boundary, a_change_is_in_the_journal_as_placectls)
{
	json_t *all, *item;

	done_with("export-add", "\"name\":\"lamp\",\"what\":\"A\"");
	all = command("log", "\"zone\":\"lounge.house\",\"last\":1");
	item = json_array_get(all, 0);
	cr_assert_str_eq(text_of(item, "who"), "placectl");
	cr_assert_not_null(strstr(member(json_object_get(item, "added"), 1),
				  "\"lamp A\""));
	json_decref(all);
}

Test(control_boundary, the_apex_and_searches_can_be_named)
{
	done_with("export-add", "\"name\":\"@\",\"what\":\"LOC\"");
	done_with("export-add", "\"name\":\"_near\",\"what\":\"PTR\"");
	expect_list("export-list", "@ LOC; _near PTR");
}

Test(control_boundary, what_breaks_a_rule_is_refused_with_the_rule)
{
	refused(command("export-add", "\"name\":\"lamp\",\"what\":\"LAMP\""),
		"no type");
	refused(command("export-add", "\"name\":\"lamp\",\"what\":\"\""),
		"no type is named");
	refused(command("export-add", "\"name\":\"lamp\",\"what\":\"ANY\""),
		"each type must be named");
	refused(command("export-add",
			"\"name\":\"lamp\",\"what\":\"A to=10.0.0.0/8\""),
		"to= is for later");
	refused(command("export-add", "\"name\":\"_reach.lounge.house.\","
				      "\"what\":\"TXT\""),
		"never shown outside");
	refused(command("export-add", "\"name\":\"a..b\",\"what\":\"A\""),
		"empty label");
	expect_list("export-list", "");
}

Test(control_boundary, a_name_needs_a_zone_that_has_it)
{
	refused(command("export-add", "\"name\":\"sofa\",\"what\":\"A\""),
		"no zone here has sofa");
	refused(command("export-add", "\"name\":\"lamp.\",\"what\":\"A\""),
		"in no zone that is served");
	refused(command("export-add",
			"\"name\":\"x.attic.house\",\"what\":\"A\""),
		"not in the store yet");
	refused(command("export-del", "\"name\":\"lamp\""),
		"no export list has an entry for lamp");
	refused(command("export-del", "\"name\":\"lamp.lounge.house\""),
		"has no entry for lamp.lounge.house.");
	refused(command("export-list", "\"zone\":\"shed.house\""),
		"not served here");
}

Test(control_boundary, a_name_that_several_zones_have_is_refused)
{
	house_seed("attic.house", LOUNGE);
	refused(command("export-add", "\"name\":\"lamp\",\"what\":\"A\""),
		"one of attic.house., lounge.house.");
	done_with("export-add", "\"name\":\"lamp.attic.house\",\"what\":\"A\"");
	expect_list("export-list", "lamp A");
	done_with("export-del", "\"name\":\"lamp\"");
	expect_list("export-list", "");
}

/* --- reach ---------------------------------------------------------------- */

#define OF_LOUNGE ",\"zone\":\"lounge.house\""

Test(control_boundary, reach_adds_and_removes_a_name)
{
	json_t *r = done("reach-add", "\"name\":\"Cam.ac.uk.\"" OF_LOUNGE);

	cr_assert_str_eq(text_of(r, "name"), "cam.ac.uk.");
	cr_assert_str_eq(text_of(r, "zone"), "lounge.house.");
	cr_assert(json_is_true(json_object_get(r, "uplink")));
	json_decref(r);
	expect_list("reach-list", "configuration; cam.ac.uk");
	done_with("reach-del", "\"name\":\"cam.ac.uk\"" OF_LOUNGE);
	expect_list("reach-list", "configuration");
}

Test(control_boundary, reach_needs_a_space_that_all_are_in)
{
	refused(command("reach-add", "\"name\":\"cam.ac.uk\""),
		"attic.house., lounge.house.");
	refused(command("reach-add",
			"\"name\":\"cam.ac.uk\",\"zone\":\"shed.house\""),
		"not served here");
}

Test(control_boundary, what_never_leaves_is_no_reach)
{
	refused(command("reach-add", "\"name\":\"a.localhost\"" OF_LOUNGE),
		"RFC 6761");
	refused(command("reach-add", "\"name\":\".\"" OF_LOUNGE),
		"only the configuration file may");
	refused(command("reach-add", "\"name\":\"*.cam.ac.uk\"" OF_LOUNGE),
		"leave the *. out");
	done_with("reach-add", "\"name\":\"10.in-addr.arpa\"" OF_LOUNGE);
}

Test(control_boundary, what_is_not_there_cannot_be_removed)
{
	refused(command("reach-del", "\"name\":\"cam.ac.uk\"" OF_LOUNGE),
		"has no entry for cam.ac.uk.");
	refused(command("reach-del", "\"name\":\"reach.example\"" OF_LOUNGE),
		"by the configuration");
}

/* --- blocked -------------------------------------------------------------- */

static void
block(const char *name, unsigned times)
{
	struct net_addr from;

	net_addr_from_text(&from, "192.168.1.7", 5353, NULL);
	while (times-- > 0)
		blocked_note(house_blocked, 1764000000, name_of(name), RR_A,
			     &from);
}

Test(control_boundary, blocked_lists_the_most_frequent_first)
{
	json_t *all;

	block("www.example.com", 1);
	block("ads.example.com", 3);
	all = command("blocked", "");
	cr_assert_eq(json_array_size(all), 3);
	cr_assert_str_eq(text_of(json_array_get(all, 0), "name"),
			 "ads.example.com.");
	cr_assert_eq(number_of(json_array_get(all, 0), "count"), 3);
	cr_assert_str_eq(text_of(json_array_get(all, 0), "from"),
			 "192.168.1.7");
	cr_assert_eq(number_of(last(all), "total"), 4);
	json_decref(all);
	done_with("blocked", "\"clear\":true");
	all = command("blocked", "");
	cr_assert_eq(json_array_size(all), 1);
	cr_assert_eq(number_of(last(all), "total"), 0);
	json_decref(all);
}

/* --- flush and the cache -------------------------------------------------- */

/* An address for the name, as if it had come so many seconds ago. */
static void
cache_address(const char *name, uint32_t ttl, uint32_t ago)
{
	uint8_t octets[512];

	answer_begin(name, RR_A, 0);
	answer_a(MSG_AN, name, ttl, "192.0.2.1");
	expect_entry(ERR_OK);
	memcpy(octets, entry.octets, entry.len);
	entry.made = (uint32_t)time(NULL) - ago;
	entry_head(octets, &entry);
	cr_assert(cache_put(house_cache, name_of(name), RR_A, 0, octets,
			    entry.len));
	cache_wait(house_cache);
}

static json_int_t
flushed(const char *args)
{
	json_t *r = done("flush", args);
	json_int_t n = number_of(r, "removed");

	json_decref(r);
	return n;
}

Test(control_boundary, flush_forgets_a_name_a_tree_or_all)
{
	uint32_t before = cache_generation(house_cache);

	cache_address("example.net", 300, 0);
	cache_address("www.example.net", 300, 0);
	cache_address("a.www.example.net", 300, 0);
	cache_address("example.org", 300, 0);
	cr_assert_eq(flushed("\"name\":\"example.net\""), 1);
	cr_assert_eq(flushed("\"name\":\"example.net\""), 0);
	cr_assert_eq(flushed("\"name\":\"EXAMPLE.net\",\"below\":true"), 2);
	cr_assert_eq(flushed("\"all\":true"), 1);
	cr_assert_eq(cache_generation(house_cache), before + 4);
	refused(command("flush", ""), "one of them");
	refused(command("flush", "\"all\":true,\"name\":\"a\""), "one of them");
}

/* --- explain -------------------------------------------------------------- */

static json_t *
explained(const char *name, const char *from)
{
	char args[256];
	json_t *r, *step;

	snprintf(args, sizeof(args), "\"name\":\"%s\",\"type\":\"A\"%s%s%s",
		 name, from ? ",\"from\":\"" : "", from ? from : "",
		 from ? "\"" : "");
	r = done("explain", args);
	step = json_incref(json_array_get(json_object_get(r, "steps"), 0));
	json_decref(r);
	return step;
}

static void
explains(const char *name, const char *from, const char *result,
	 const char *why)
{
	json_t *step = explained(name, from);

	cr_assert_str_eq(text_of(step, "result"), result);
	cr_assert_not_null(strstr(text_of(step, "why"), why), "\"%s\" in: %s",
			   why, text_of(step, "why"));
	json_decref(step);
}

Test(control_boundary, explain_climbs_the_ladder)
{
	explains("www.example.com", NULL, "blocked", "not in reach");
	explains("www.example.com", "192.168.1.7", "blocked", "not in reach");
	explains("www.example.com", "10.0.0.1", "refused", "no zone");
	explains("localhost", NULL, "special-use", "RFC 6761");
	explains("10.in-addr.arpa", NULL, "special-use", "empty zone");
	explains("www.reach.example", NULL, "reach", "by the configuration");
	done_with("reach-add", "\"name\":\"example.com\"" OF_LOUNGE);
	explains("www.example.com", "192.168.1.7", "reach",
		 "by _reach of lounge.house.");
	explains("www.example.com", "10.0.0.1", "refused", "no zone");
}

Test(control_boundary, explain_asks_a_childs_servers_if_it_knows_them)
{
	explains("x.cellar.lounge.house", NULL, "referral", "is delegated");
	house_seed("lounge.house", LOUNGE "ns.cellar A 192.168.1.2\n");
	explains("x.cellar.lounge.house", NULL, "child",
		 "cellar.lounge.house. is delegated");
	explains("x.cellar.lounge.house", "10.0.0.1", "refused",
		 "inside no zone");
}

Test(control_boundary, explain_says_what_would_change_it)
{
	json_t *step = explained("www.example.com", NULL);

	cr_assert_str_eq(text_of(step, "hint"),
			 "placectl reach add www.example.com.");
	json_decref(step);
	done_with("export-add",
		  "\"name\":\"ns.lounge.house\",\"what\":\"A private\"");
	step = explained("lamp.lounge.house", "10.0.0.1");
	cr_assert_str_eq(text_of(step, "result"), "nxdomain");
	cr_assert_str_eq(text_of(step, "hint"),
			 "placectl export add lamp.lounge.house. A private");
	json_decref(step);
	step = explained("ns.lounge.house", "10.0.0.1");
	cr_assert_str_eq(text_of(step, "hint"), "");
	json_decref(step);
	done_with("export-add", "\"name\":\"lamp\",\"what\":\"TXT SRV\"");
	step = explained("lamp.lounge.house", "10.0.0.1");
	cr_assert_str_eq(
		text_of(step, "hint"),
		"placectl export add lamp.lounge.house. A TXT SRV private");
	json_decref(step);
	step = explained("sofa.lounge.house", "10.0.0.1");
	cr_assert_str_eq(text_of(step, "hint"), "");
	json_decref(step);
}

static void
expect_cached(const char *name, const char *state)
{
	json_t *step = explained(name, NULL);

	cr_assert_str_eq(text_of(json_object_get(step, "cached"), "state"),
			 state);
	json_decref(step);
}

Test(control_boundary, explain_tells_what_is_cached_and_how_old_it_is)
{
	json_t *step;
	const json_t *rr;

	cache_address("old.reach.example", 60, 100);
	cache_address("new.reach.example", 300, 100);
	expect_cached("no.reach.example", "nothing");
	expect_cached("old.reach.example", "stale");
	expect_cached("new.reach.example", "fresh");
	step = explained("new.reach.example", NULL);
	cr_assert_geq(number_of(json_object_get(step, "cached"), "age"), 100);
	cr_assert_leq(number_of(json_object_get(step, "cached"), "left"), 200);
	rr = json_array_get(json_object_get(step, "rrs"), 0);
	cr_assert_str_eq(text_of(rr, "origin"), "cache");
	cr_assert_not_null(strstr(text_of(rr, "rr"), "192.0.2.1"));
	json_decref(step);
}

Test(control_boundary, explain_follows_a_foreign_alias_home)
{
	uint8_t octets[512];
	json_t *r;
	const json_t *steps;

	answer_begin("alias.reach.example", RR_A, 0);
	answer_name(MSG_AN, "alias.reach.example", 300, RR_CNAME,
		    "lamp.lounge.house");
	expect_entry(ERR_OK);
	memcpy(octets, entry.octets, entry.len);
	cr_assert(cache_put(house_cache, name_of("alias.reach.example"), RR_A,
			    0, octets, entry.len));
	cache_wait(house_cache);
	r = done("explain", "\"name\":\"alias.reach.example\",\"type\":\"A\"");
	steps = json_object_get(r, "steps");
	cr_assert_eq(json_array_size(steps), 2);
	cr_assert_str_eq(text_of(json_array_get(steps, 1), "name"),
			 "lamp.lounge.house.");
	cr_assert_str_eq(text_of(json_array_get(steps, 1), "result"), "answer");
	json_decref(r);
}

/* --- status --------------------------------------------------------------- */

Test(control_boundary, status_sums_up_what_the_workers_know)
{
	json_t *r = done("status", "");
	const json_t *uplink = json_object_get(r, "uplink");
	const json_t *f =
		json_array_get(json_object_get(uplink, "forwarders"), 0);

	cr_assert_eq(json_array_size(json_object_get(uplink, "forwarders")), 1);
	cr_assert_str_eq(text_of(f, "addr"), "192.0.2.53@53");
	cr_assert(json_is_false(json_object_get(f, "up")));
	cr_assert_eq(number_of(f, "workers"), 2);
	cr_assert_eq(number_of(f, "workers-up"), 1);
	cr_assert_eq(number_of(f, "srtt"), 15);
	cr_assert_eq(number_of(f, "sent"), 6);
	cr_assert_eq(number_of(uplink, "asked"), 5);
	json_decref(r);
}

Test(control_boundary, status_tells_of_cache_and_boundary)
{
	const json_t *b;
	json_t *r;

	cache_address("www.reach.example", 300, 0);
	block("www.example.com", 2);
	done_with("reach-add", "\"name\":\"cam.ac.uk\"" OF_LOUNGE);
	done_with("export-add", "\"name\":\"lamp\",\"what\":\"A private\"");
	r = done("status", "");
	cr_assert_eq(number_of(json_object_get(r, "cache"), "entries"), 1);
	b = json_object_get(r, "boundary");
	cr_assert_eq(number_of(b, "exporting"), 1);
	cr_assert_eq(number_of(b, "reach"), 2);
	cr_assert_eq(number_of(b, "blocked"), 2);
	json_decref(r);
}

/* --- the sum -------------------------------------------------------------- */

Test(uplink_sum, forwarders_are_told_apart_by_address_port_and_tls)
{
	struct resolver_forwarder f[3] = {
		{.up = true}, {.up = true}, {.tls = true}};
	struct uplink_sum s = {.count = 0};

	net_addr_from_text(&f[0].addr, "192.0.2.1", 53, NULL);
	net_addr_from_text(&f[1].addr, "192.0.2.1", 5353, NULL);
	net_addr_from_text(&f[2].addr, "192.0.2.1", 53, NULL);
	uplink_sum_add(&s, f, 3);
	uplink_sum_add(&s, f, 1);
	cr_assert_eq(s.count, 3);
	cr_assert_eq(s.forwarders[0].workers, 2);
	cr_assert_eq(s.forwarders[0].up, 2);
	cr_assert_eq(s.forwarders[0].srtt_ms, 0);
	cr_assert_eq(s.forwarders[2].up, 0);
}

Test(uplink_sum, every_counter_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < UPLINK_SUM_COUNTS; i++)
		for (unsigned j = 0; j < i; j++)
			cr_assert_str_neq(uplink_sum_name(i),
					  uplink_sum_name(j));
}
