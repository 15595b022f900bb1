/* Who is inside, and which zone answers whom with what. */
#include "server/view.h"

#include <criterion/criterion.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A house, a lounge in it, a shelf in the lounge; a den of nobody's. */
static const char nested[] =
	"keys:\n"
	"  - { name: sibling., secret: aGVsbG8gd29ybGQ= }\n"
	"  - { name: other., secret: aGVsbG8gd29ybGQ= }\n"
	"zones:\n"
	"  - { name: house, inside: [ 192.0.2.0/24 ] }\n"
	"  - { name: lounge.house, inside: [ 192.0.2.64/26, sibling. ] }\n"
	"  - { name: shelf.lounge.house, inside: [ 192.0.2.65 ] }\n"
	"  - { name: box.a.b.house, inside: [] }\n"
	"  - { name: den, inside: [ lo ] }\n";

static struct served *s;
static struct net_addr addr;
static struct view_client client;
static const char *exporting; /* apexes, each with a space behind it */
static unsigned asked;	      /* how often exports() was */

static bool
exports(void *arg, int zone)
{
	char text[NAME_TEXT_MAX];
	const char *at = exporting;
	size_t len = name_to_text(text, s->conf->zones[zone].apex);

	cr_assert_eq(arg, &exporting);
	asked++;
	while (at != NULL && strncmp(at, text, len) != 0) {
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	return at != NULL;
}

static struct served *
served_of(const char *text)
{
	struct diag d = {""};
	struct conf *conf = conf_read_string(text, "test.yaml", &d);
	struct served *made;

	cr_assert_not_null(conf, "%s", d.text);
	made = served_new(conf);
	cr_assert_not_null(made);
	return made;
}

static void
set_up(void)
{
	s = served_of(nested);
	client = (struct view_client){
		.from = &addr, .exports = exports, .arg = &exporting};
	exporting = NULL;
	asked = 0;
}

static void
tear_down(void)
{
	served_release(s);
}

TestSuite(view, .init = set_up, .fini = tear_down);

static const uint8_t *
name_of(const char *text)
{
	static uint8_t name[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK);
	return name;
}

static void
from(const char *text)
{
	cr_assert_eq(net_addr_from_text(&addr, text, 53, NULL), ERR_OK);
}

/* What the client sees of name: "APEX", "APEX outside", "- " for nothing, and
 * "hidden" behind it. */
static const char *
seen(const char *name)
{
	static char text[NAME_TEXT_MAX + 32];
	struct view v = view_zone(s, name_of(name), &client);

	cr_assert_eq(view_holds(s, name_of(name), &client), v.zone >= 0);
	if (v.zone < 0)
		strcpy(text, "-");
	else
		name_to_text(text, s->conf->zones[v.zone].apex);
	if (v.outside)
		strcat(text, " outside");
	if (v.hidden)
		strcat(text, " hidden");
	return text;
}

#define expect(name, what) cr_expect_str_eq(seen(name), what)

Test(view, inside_of_everything_the_deepest_zone_answers)
{
	from("192.0.2.65");
	expect("x.house", "house.");
	expect("x.lounge.house", "lounge.house.");
	expect("x.SHELF.lounge.house", "shelf.lounge.house.");
	expect("elsewhere", "-");
	cr_expect_eq(asked, 0, "nobody asks what is exported");
}

Test(view, inside_of_the_parent_alone_a_child_that_exports_nothing_is_hidden)
{
	from("192.0.2.1");
	expect("x.house", "house.");
	expect("x.lounge.house", "house. hidden");
	expect("x.shelf.lounge.house", "house. hidden");
}

Test(view, inside_of_the_parent_alone_a_child_shows_what_it_exports)
{
	from("192.0.2.1");
	exporting = "lounge.house. ";
	expect("x.house", "house.");
	expect("x.lounge.house", "lounge.house. outside");
	expect("x.shelf.lounge.house", "lounge.house. outside hidden");
	exporting = "shelf.lounge.house. ";
	expect("x.lounge.house", "house. hidden");
	expect("x.shelf.lounge.house", "shelf.lounge.house. outside");
}

Test(view, inside_of_the_child_alone_the_parent_shows_what_it_exports)
{
	from("203.0.113.1");
	client.key = (const uint8_t *)"\7sibling";
	cr_expect(view_inside_any(s, &client));
	expect("x.lounge.house", "lounge.house.");
	expect("x.house", "- hidden");
	exporting = "house. ";
	expect("x.house", "house. outside");
	expect("x.shelf.lounge.house", "lounge.house. hidden");
}

Test(view, outside_of_everything_what_is_exported_is_seen)
{
	from("203.0.113.1");
	expect("x.house", "- hidden");
	expect("x.lounge.house", "- hidden");
	exporting = "house. ";
	expect("x.house", "house. outside");
	expect("x.lounge.house", "house. outside hidden");
	exporting = "lounge.house. ";
	expect("x.house", "- hidden");
	expect("x.lounge.house", "lounge.house. outside");
	exporting = "house. lounge.house. ";
	expect("x.house", "house. outside");
	expect("x.lounge.house", "lounge.house. outside");
	expect("elsewhere", "-");
}

Test(view, nobody_is_inside_by_address_of_a_zone_that_names_none)
{
	from("192.0.2.1");
	expect("x.box.a.b.house", "house. hidden");
}

Test(view, only_the_key_that_is_named_makes_inside)
{
	int lounge = served_exact(s, name_of("lounge.house"));

	from("203.0.113.1");
	cr_expect_not(view_inside(s, lounge, &client));
	client.key = (const uint8_t *)"\7SIBLING";
	cr_expect(view_inside(s, lounge, &client));
	cr_expect_not(
		view_inside(s, served_exact(s, name_of("house")), &client));
	client.key = (const uint8_t *)"\5other";
	cr_expect_not(view_inside(s, lounge, &client));
	cr_expect_not(view_inside_any(s, &client));
}

Test(view, without_exports_nothing_is_exported)
{
	from("203.0.113.1");
	client.exports = NULL;
	expect("x.lounge.house", "- hidden");
}

Test(view, an_interface_stands_for_the_prefixes_it_has)
{
	from("127.0.0.1");
	expect("x.den", "den.");
	cr_expect(view_inside_any(s, &client));
	from("203.0.113.1");
	expect("x.den", "- hidden");
	cr_expect_not(view_inside_any(s, &client));
}

Test(view, link_local_addresses_are_inside_by_their_own_interface_alone)
{
	struct served_interface *i = &s->interfaces[0];

	i->prefix_count = 1;
	cr_assert_eq(net_prefix_from_text(&i->prefixes[0], "fe80::/64", NULL),
		     ERR_OK);
	from("fe80::1%lo");
	cr_assert_eq(addr.in6.sin6_scope_id, if_nametoindex("lo"));
	expect("x.den", "den.");
	addr.in6.sin6_scope_id++;
	expect("x.den", "- hidden");
	/* a prefix of the configuration is meant as it is written */
	i->prefixes[0].addr[0] = 0x20;
	addr.in6.sin6_addr.s6_addr[0] = 0x20;
	expect("x.den", "den.");
}

Test(view, an_interface_with_other_addresses_makes_another_value)
{
	struct served *made;
	enum err e;

	cr_expect_null(served_renew(s, &e), "nothing has changed");
	cr_expect_eq(e, ERR_OK);
	s->interfaces[0].prefix_count = 0;
	from("127.0.0.1");
	expect("x.den", "- hidden");
	made = served_renew(s, &e);
	cr_assert_not_null(made);
	cr_expect_eq(made->conf, s->conf);
	served_release(s);
	s = made; /* and lives on without the other */
	expect("x.den", "den.");
	s->interfaces[0].prefix_count = 0;
	made = served_renew(s, &e);
	cr_assert_not_null(made);
	cr_expect_eq(made->origin, s->origin, "no chain of old ones");
	served_release(s);
	s = made;
	expect("x.den", "den.");
}

Test(view, an_interface_without_addresses_lets_nobody_in)
{
	s->interfaces[0].prefix_count = 0;
	from("127.0.0.1");
	expect("x.den", "- hidden");
}

Test(view, clients_with_the_same_mask_see_the_same)
{
	static const char *const clients[] = {
		"192.0.2.1", "192.0.2.2",   "192.0.2.64", "192.0.2.65",
		"127.0.0.1", "203.0.113.1", "::1",	  "2001:db8::1"};
	static const char *const names[] = {"x.house", "x.lounge.house",
					    "x.shelf.lounge.house", "x.den"};

	exporting = "lounge.house. ";
	for (unsigned i = 0; i < ARRAY_LEN(clients); i++)
		for (unsigned j = 0; j < ARRAY_LEN(clients); j++)
			for (unsigned n = 0; n < ARRAY_LEN(names); n++) {
				char one[NAME_TEXT_MAX + 32];
				uint64_t mask;

				from(clients[i]);
				mask = view_mask(s, &addr);
				strcpy(one, seen(names[n]));
				from(clients[j]);
				if (view_mask(s, &addr) == mask)
					cr_expect_str_eq(seen(names[n]), one);
			}
	from("192.0.2.1");
	cr_expect_neq(view_mask(s, &addr), 0u);
	from("203.0.113.1");
	cr_expect_eq(view_mask(s, &addr), 0u);
}

Test(view, a_name_above_a_zone_that_is_seen_is_there)
{
	from("203.0.113.1");
	exporting = "house. ";
	cr_expect_not(view_below(s, name_of("b.house"), &client));
	cr_expect_not(view_below(s, name_of("lounge.house"), &client));
	exporting = "house. box.a.b.house. ";
	cr_expect(view_below(s, name_of("b.house"), &client));
	cr_expect(view_below(s, name_of("a.b.house"), &client));
	cr_expect(view_below(s, name_of("box.a.b.house"), &client));
	cr_expect_not(view_below(s, name_of("x.box.a.b.house"), &client));
	cr_expect_not(view_below(s, name_of("c.house"), &client));
	cr_expect_not(view_below(s, name_of("zzz"), &client));
}

Test(view, facts_of_inside_and_outside_lie_apart)
{
	struct zone_facts *f = served_facts_new(s);

	cr_assert_not_null(f);
	cr_expect_eq(view_facts((struct view){.zone = 3}), 6u);
	cr_expect_eq(view_facts((struct view){.zone = 3, .outside = true}), 7u);
	cr_expect_not(f[6].outside);
	cr_expect(f[7].outside);
	free(f);
}
