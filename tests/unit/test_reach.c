/* Which foreign names may be asked for, and on whose account. */
#include "resolver/reach.h"

#include "tests/unit/house.h"
#include "zones/export.h"

#include <criterion/criterion.h>

#define APEX "@ 300 SOA ns hostmaster 1 3600 600 86400 60\n@ 300 NS ns\n"

static const char conf[] = "zones:\n"
			   "  - name: house\n"
			   "  - name: lounge.house\n"
			   "  - name: unseeded\n"
			   "uplink:\n"
			   "  forward: 192.0.2.1\n"
			   "  reach: [ conf.example, both.example ]\n";

static const char house_text[] =
	APEX "_reach 300 TXT \"cam.ac.uk\" \"both.example.\"\n";
static const char lounge_text[] =
	APEX "_reach 300 TXT \"both.example\"\n"
	     "_reach 300 TXT \"ac.uk\" \"Deep.Down.Example\"\n"
	     "_reach.x 300 TXT \"nobody.example\"\n";

static struct house h;
static struct reach *r;

static void
set_up(void)
{
	house_open(&h, conf, "house.", house_text, "lounge.house.", lounge_text,
		   "gone.", APEX "_reach 300 TXT \"gone.example\"\n", NULL);
	r = reach_new(h.served->conf);
	cr_assert_not_null(r);
}

static void
tear_down(void)
{
	reach_free(r);
	house_close(&h);
}

TestSuite(reach, .init = set_up, .fini = tear_down);

static enum err
refresh(void)
{
	enum err e;

	cr_assert_eq(store_reader_begin(h.env.view), ERR_OK);
	e = reach_refresh(r, h.env.view);
	store_reader_end(h.env.view);
	return e;
}

struct told {
	char text[512];
	unsigned until; /* ends the search at this one; 0: never */
	unsigned count;
};

static bool
tell(void *arg, uint32_t zone, const uint8_t *entry)
{
	struct told *t = arg;
	char name[NAME_TEXT_MAX], apex[NAME_TEXT_MAX] = "CONF";
	size_t len = strlen(t->text);

	name_to_text(name, entry);
	if (zone != REACH_CONF)
		name_to_text(apex, h.served->conf->zones[zone].apex);
	snprintf(t->text + len, sizeof(t->text) - len, "%s%s %s",
		 len > 0 ? ", " : "", name, apex);
	return ++t->count == t->until;
}

static const char *
covering(const char *text)
{
	static struct told t;
	uint8_t name[NAME_WIRE_MAX];

	memset(&t, 0, sizeof(t));
	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
	cr_assert_not(reach_covers(r, name, tell, &t));
	return t.text;
}

#define expect(name, what) cr_expect_str_eq(covering(name), what)

/* In whatever order zones of the same entry come. */
static void
expect_either(const char *name, const char *const *what, unsigned count)
{
	const char *got = covering(name);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(got, what[i]) == 0)
			return;
	cr_expect_fail("%s: %s", name, got);
}

Test(reach, is_empty_before_it_is_read)
{
	expect("www.cam.ac.uk", "");
	cr_expect_eq(reach_count(r), 0u);
}

Test(reach, a_name_and_all_below_it_are_covered_the_longest_entry_first)
{
	cr_assert_eq(refresh(), ERR_OK);
	expect("www.cam.ac.uk", "cam.ac.uk. house., ac.uk. lounge.house.");
	expect("CAM.AC.UK", "cam.ac.uk. house., ac.uk. lounge.house.");
	expect("ox.ac.uk", "ac.uk. lounge.house.");
	expect("a.b.c.deep.down.example", "deep.down.example. lounge.house.");
	expect("x.conf.example", "conf.example. CONF");
}

Test(reach, what_is_above_or_beside_an_entry_is_not)
{
	cr_assert_eq(refresh(), ERR_OK);
	expect("uk", "");
	expect(".", "");
	expect("down.example", "");
	expect("xac.uk", "");
	expect("conf.example.com", "");
}

Test(reach, an_entry_is_told_for_each_that_has_it)
{
	static const char *const orders[] = {
		"both.example. CONF, both.example. house., "
		"both.example. lounge.house.",
		"both.example. CONF, both.example. lounge.house., "
		"both.example. house.",
		"both.example. house., both.example. CONF, "
		"both.example. lounge.house.",
		"both.example. house., both.example. lounge.house., "
		"both.example. CONF",
		"both.example. lounge.house., both.example. house., "
		"both.example. CONF",
		"both.example. lounge.house., both.example. CONF, "
		"both.example. house."};

	cr_assert_eq(refresh(), ERR_OK);
	expect_either("x.both.example", orders, ARRAY_LEN(orders));
	cr_expect_eq(reach_count(r), 7u);
}

Test(reach, the_search_ends_where_it_is_told_to)
{
	struct told t = {.until = 1};
	uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(refresh(), ERR_OK);
	name_from_text(name, "www.cam.ac.uk", NULL, NULL);
	cr_expect(reach_covers(r, name, tell, &t));
	cr_expect_eq(t.count, 1u);
	cr_expect_str_eq(t.text, "cam.ac.uk. house.");
}

Test(reach, lists_below_the_apex_and_zones_that_are_not_served_do_not_count)
{
	cr_assert_eq(refresh(), ERR_OK);
	expect("nobody.example", "");
	expect("gone.example", "");
}

Test(reach, a_change_of_a_list_is_seen_at_the_next_snapshot)
{
	cr_assert_eq(refresh(), ERR_OK);
	house_load(&h, "house.", APEX "_reach 300 TXT \"new.example\"\n");
	expect("cam.ac.uk", "cam.ac.uk. house., ac.uk. lounge.house.");
	cr_assert_eq(refresh(), ERR_OK);
	expect("cam.ac.uk", "ac.uk. lounge.house.");
	expect("new.example", "new.example. house.");
	house_load(&h, "house.", APEX);
	cr_assert_eq(refresh(), ERR_OK);
	expect("new.example", "");
}

Test(reach, a_zone_that_comes_brings_its_list)
{
	cr_assert_eq(refresh(), ERR_OK);
	house_load(&h, "unseeded.", APEX "_reach 300 TXT \"late.example\"\n");
	cr_assert_eq(refresh(), ERR_OK);
	expect("late.example", "late.example. unseeded.");
}

Test(reach, a_thousand_entries_are_each_found)
{
	char *text = NULL, name[64], want[96];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(APEX, out);
	for (unsigned i = 0; i < 1000; i++)
		fprintf(out, "_reach 300 TXT \"n%u.example\"\n", i);
	fclose(out);
	house_load(&h, "house.", text);
	free(text);
	cr_assert_eq(refresh(), ERR_OK);
	cr_expect_eq(reach_count(r), 1000u + 5u);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "www.n%u.example", i);
		snprintf(want, sizeof(want), "n%u.example. house.", i);
		cr_assert_str_eq(covering(name), want);
	}
}

Test(reach, the_configuration_may_reach_everything)
{
	struct diag d;
	struct conf *c = conf_read_string(
		"uplink: { forward: 192.0.2.1, reach: . }", "x.yaml", &d);

	cr_assert_not_null(c, "%s", d.text);
	reach_free(r);
	r = reach_new(c);
	cr_assert_eq(refresh(), ERR_OK);
	expect("www.example", ". CONF");
	expect(".", ". CONF");
	conf_free(c);
}
