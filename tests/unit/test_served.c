/* Which zone answers: the deepest one that holds the name. */
#include "server/served.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct served *
served_of(const char *zones)
{
	struct diag d = {""};
	struct conf *conf;
	struct served *s;
	char *text;

	cr_assert(asprintf(&text, "store: /tmp\nzones:\n%s", zones) > 0);
	conf = conf_read_string(text, "test.yaml", &d);
	free(text);
	cr_assert_not_null(conf, "%s", d.text);
	s = served_new(conf);
	cr_assert_not_null(s);
	return s;
}

static const char nested[] = "  - name: house\n"
			     "  - name: lounge.house\n"
			     "    inside: [ 192.0.2.0/24 ]\n"
			     "  - name: shelf.lounge.house\n"
			     "  - name: other\n";

/* The apex that answers for name, as text; "-" if none does. */
static const char *
zone_of(const struct served *s, const char *name)
{
	static char text[NAME_TEXT_MAX];
	uint8_t wire[NAME_WIRE_MAX];
	int i;

	cr_assert_eq(name_from_text(wire, name, NULL, NULL), ERR_OK);
	i = served_find(s, wire);
	if (i < 0)
		return "-";
	name_to_text(text, s->conf->zones[i].apex);
	return text;
}

Test(served, deepest_zone_that_holds_the_name_is_found)
{
	struct served *s = served_of(nested);

	cr_expect_str_eq(zone_of(s, "house"), "house.");
	cr_expect_str_eq(zone_of(s, "a.b.c.d.e.house"), "house.");
	cr_expect_str_eq(zone_of(s, "LAMP.Lounge.HOUSE"), "lounge.house.");
	cr_expect_str_eq(zone_of(s, "x.y.shelf.lounge.house"),
			 "shelf.lounge.house.");
	cr_expect_str_eq(zone_of(s, "elsewhere"), "-");
	cr_expect_str_eq(zone_of(s, "."), "-");
	served_release(s);
}

Test(served, root_zone_holds_every_name)
{
	struct served *s = served_of("  - name: .\n");

	cr_expect_str_eq(zone_of(s, "www.example.com"), ".");
	cr_expect_eq(served_parent(s, 0), -1);
	served_release(s);
}

Test(served, parent_is_the_next_zone_above)
{
	struct served *s = served_of(nested);
	uint8_t name[NAME_WIRE_MAX];
	int shelf;

	name_from_text(name, "shelf.lounge.house", NULL, NULL);
	shelf = served_exact(s, name);
	cr_assert_geq(shelf, 0);
	name_from_text(name, "lounge.house", NULL, NULL);
	cr_expect_eq(served_parent(s, shelf), served_exact(s, name));
	served_release(s);
}

Test(served, ten_thousand_zones_are_each_found)
{
	char *text = NULL, name[64];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct served *s;

	for (int i = 0; i < 10000; i++)
		fprintf(out, "  - name: room-%d.floor-%d.house\n", i, i % 7);
	fclose(out);
	s = served_of(text);
	for (int i = 0; i < 10000; i++) {
		char want[64];

		snprintf(name, sizeof(name), "x.room-%d.floor-%d.house", i,
			 i % 7);
		snprintf(want, sizeof(want), "room-%d.floor-%d.house.", i,
			 i % 7);
		cr_assert_str_eq(zone_of(s, name), want);
	}
	served_release(s);
	free(text);
}
