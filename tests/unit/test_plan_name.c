/* What people write on doors and floors, as labels and levels. */
#include "tests/unit/plan_words.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- labels -------------------------------------------------------------- */

static const char *
label(const char *text)
{
	static char dst[NAME_LABEL_MAX + 1];

	return plan_label(dst, text) ? dst : "";
}

Test(plan_name, a_label_is_lower_case_with_single_hyphens)
{
	cr_assert_str_eq(label("Meeting Room  Large"), "meeting-room-large");
	cr_assert_str_eq(label(" -- R.510 / B -- "), "r-510-b");
	cr_assert_str_eq(label("H&M"), "h-m");
	cr_assert_str_eq(label("a_b"), "a-b");
}

Test(plan_name, accents_go_and_ligatures_are_two_letters)
{
	cr_assert_str_eq(label("Crazyfête"), "crazyfete");
	cr_assert_str_eq(label("Tape à l'œil"), "tape-a-loeil");
	cr_assert_str_eq(label("Straße Ærø Łódź Şişli"),
			 "strasse-aero-lodz-sisli");
	cr_assert_str_eq(label("cafe\xcc\x81"), "cafe");
	cr_assert_str_eq(label("Phòng họp Ședință"), "phong-hop-sedinta");
	cr_assert_str_eq(label("ﬁtness Ｒｏｏｍ１２"), "fitness-room12");
}

Test(plan_name, apostrophes_do_not_part_words)
{
	cr_assert_str_eq(label("Men's Bathroom"), "mens-bathroom");
	cr_assert_str_eq(label("L’Occitane"), "loccitane");
}

Test(plan_name, greek_and_cyrillic_become_latin)
{
	cr_assert_str_eq(label("Столовая"), "stolovaya");
	cr_assert_str_eq(label("Αίθουσα"), "aithoysa");
}

Test(plan_name, what_has_no_latin_letter_is_no_label)
{
	cr_assert_str_eq(label("会議室"), "");
	cr_assert_str_eq(label("!?"), "");
	cr_assert_str_eq(label("\xff\xfe\xc3"), "");
	cr_assert_str_eq(label("会議室 3"), "3");
	cr_assert_str_eq(label("اتاق ۱۲"), "12");
}

Test(plan_name, a_label_has_63_octets_at_most_and_no_hyphen_at_its_end)
{
	char text[200], dst[NAME_LABEL_MAX + 1];

	memset(text, 'a', sizeof(text));
	text[62] = ' ';
	text[199] = '\0';
	cr_assert(plan_label(dst, text));
	cr_assert_eq(strlen(dst), 62u);
	text[62] = 'b';
	cr_assert(plan_label(dst, text));
	cr_assert_eq(strlen(dst), 63u);
}

/* --- levels -------------------------------------------------------------- */

static const char *
levels(const char *text)
{
	static char dst[PLAN_LEVELS_TEXT];
	struct plan_levels l = {0};

	return plan_level_parse(&l, text) ? plan_level_format(dst, &l) : "none";
}

static const char *
file_level(const char *path)
{
	static char dst[PLAN_LEVELS_TEXT];
	struct plan_levels l = {0};

	return plan_level_file(&l, path) ? plan_level_format(dst, &l) : "none";
}

Test(plan_level, numbers_lists_and_ranges)
{
	cr_assert_str_eq(levels("0"), "0");
	cr_assert_str_eq(levels("-1"), "-1");
	cr_assert_str_eq(levels("1;0"), "0,1");
	cr_assert_str_eq(levels("-1;0;"), "-1,0");
	cr_assert_str_eq(levels("0-2"), "0,1,2");
	cr_assert_str_eq(levels("-1-1"), "-1,0,1");
	cr_assert_str_eq(levels("-3--1"), "-3,-2,-1");
	cr_assert_str_eq(levels("0;2-3, 7"), "0,2,3,7");
	cr_assert_str_eq(levels("+1.0"), "1");
}

Test(plan_level, half_a_level_is_rounded_down_and_says_so)
{
	struct plan_levels l = {0};

	cr_assert(plan_level_parse(&l, "-0.5"));
	cr_assert_eq(l.at[0], -1);
	cr_assert(l.rounded);
}

Test(plan_level, words)
{
	cr_assert_str_eq(levels("Level 2"), "2");
	cr_assert_str_eq(levels("2nd floor"), "2");
	cr_assert_str_eq(levels("Ground Floor"), "0");
	cr_assert_str_eq(levels("EG"), "0");
	cr_assert_str_eq(levels("UG1"), "-1");
	cr_assert_str_eq(levels("1. OG"), "1");
	cr_assert_str_eq(levels("RdC"), "0");
	cr_assert_str_eq(levels("Basement 2"), "-2");
	cr_assert_str_eq(levels("B2"), "-2");
}

Test(plan_level, what_is_no_level)
{
	cr_assert_str_eq(levels("roof garden"), "none");
	cr_assert_str_eq(levels(""), "none");
	cr_assert_str_eq(levels("123456"), "none");
	cr_assert_str_eq(levels("1e5"), "none");
	cr_assert_str_eq(levels("3-"), "none");
	cr_assert_str_eq(levels("nan"), "none");
}

Test(plan_level, a_range_beyond_all_floors_ends)
{
	struct plan_levels l = {0};

	cr_assert(plan_level_parse(&l, "-999-999"));
	cr_assert_eq(l.count, (unsigned)PLAN_LEVELS_MAX);
}

Test(plan_level, a_file_may_be_called_by_its_floor)
{
	cr_assert_str_eq(file_level("a/westport-house-floor-gf.geojson"), "0");
	cr_assert_str_eq(file_level("westport-house-floor-3.geojson"), "3");
	cr_assert_str_eq(file_level("Level_02.geojson"), "2");
	cr_assert_str_eq(file_level("plan_-1.geojson"), "-1");
	cr_assert_str_eq(file_level("b1.json"), "-1");
	cr_assert_str_eq(file_level("hq-2nd-floor.json"), "2");
	cr_assert_str_eq(file_level("plan-2021.geojson"), "none");
	cr_assert_str_eq(file_level("floor-7/rooms.geojson"), "none");
}

/* --- names --------------------------------------------------------------- */

static struct plan_item *
named(struct plan *p, const char *name, const char *ref)
{
	struct plan_item *item = plan_add(p, PLAN_ROOM, "plan", "1");

	item->name = name;
	item->ref = ref;
	item->type = "room";
	return item;
}

Test(plan_name, a_number_comes_before_a_name)
{
	struct plan p;
	struct plan_item *a, *b, *c, *e;

	plan_words_init(&p);
	a = named(&p, "Library", "1420");
	b = named(&p, "Library", NULL);
	c = named(&p, NULL, "R510");
	e = named(&p, NULL, NULL);
	plan_name_all(&p);
	cr_assert_str_eq(a->owner, "rm-1420");
	cr_assert_str_eq(b->owner, "library");
	cr_assert_str_eq(c->owner, "r510");
	cr_assert_str_eq(e->owner, "room");
	plan_free(&p);
}

Test(plan_name, the_name_comes_first_if_it_is_preferred)
{
	struct plan p;
	struct plan_item *a;

	plan_words_options.by_name = true;
	plan_words_init(&p);
	a = named(&p, "Library", "1420");
	plan_name_all(&p);
	cr_assert_str_eq(a->owner, "library");
	plan_free(&p);
}

Test(plan_name, the_first_of_the_same_name_keeps_it)
{
	struct plan p;
	struct plan_item *items[5];

	plan_words_init(&p);
	items[0] = named(&p, "Hall", NULL);
	items[1] = named(&p, "Hall", NULL);
	items[2] = named(&p, "Hall 2", NULL);
	items[3] = named(&p, "hall", NULL);
	items[4] = named(&p, "NS", NULL); /* the nameserver's */
	plan_name_all(&p);
	cr_assert_str_eq(items[0]->owner, "hall");
	cr_assert_str_eq(items[1]->owner, "hall-3");
	cr_assert_str_eq(items[2]->owner, "hall-2");
	cr_assert_str_eq(items[3]->owner, "hall-4");
	cr_assert_str_eq(items[4]->owner, "ns-2");
	plan_free(&p);
}

Test(plan_name, long_names_that_are_the_same_stay_apart)
{
	struct plan p;
	struct plan_item *a, *b;
	char text[100];

	memset(text, 'x', sizeof(text));
	text[99] = '\0';
	plan_words_init(&p);
	a = named(&p, text, NULL);
	b = named(&p, text, NULL);
	plan_name_all(&p);
	cr_assert_eq(strlen(a->owner), 63u);
	cr_assert_eq(strlen(b->owner), 63u);
	cr_assert_str_neq(a->owner, b->owner);
	plan_free(&p);
}

Test(plan_name, what_stands_below_another_has_its_name)
{
	struct plan p;
	struct plan_item *room, *box, *sensor;

	plan_words_init(&p);
	sensor = named(&p, "Temp", NULL);
	box = named(&p, "VAV", NULL);
	room = named(&p, NULL, "R1");
	box->above = room;
	sensor->above = box;
	plan_name_all(&p);
	cr_assert_str_eq(sensor->owner, "temp.vav.r1");
	plan_free(&p);
}

Test(plan_name, items_above_each_other_in_a_circle_get_names)
{
	struct plan p;
	struct plan_item *a, *b;

	plan_words_init(&p);
	a = named(&p, "A", NULL);
	b = named(&p, "B", NULL);
	a->above = b;
	b->above = a;
	plan_name_all(&p);
	cr_assert_not_null(a->owner);
	cr_assert_not_null(b->owner);
	plan_free(&p);
}

Test(plan_name, a_name_that_does_not_fit_is_left_out)
{
	struct plan p;
	struct plan_item *above = NULL;
	char text[64];

	memset(text, 'x', 63);
	text[63] = '\0';
	plan_words_init(&p);
	for (int i = 0; i < 6; i++) {
		struct plan_item *item = named(&p, text, NULL);

		item->above = above;
		above = item;
	}
	plan_name_all(&p);
	cr_assert_eq(p.count, 3u);
	cr_assert(plan_words_left(&p, "longer than 255"));
	plan_free(&p);
}

Test(plan_name, a_floor_may_be_a_label)
{
	struct plan p;
	struct plan_item *cellar, *floor;

	plan_words_options.by_level = true;
	plan_words_init(&p);
	cellar = named(&p, NULL, "7");
	plan_level_add(&cellar->levels, -1);
	floor = plan_add(&p, PLAN_LEVEL, "plan", "2");
	plan_level_add(&floor->levels, -1);
	plan_name_all(&p);
	cr_assert_str_eq(cellar->owner, "rm-7.level-b1");
	cr_assert_str_eq(floor->owner, "level-b1");
	plan_free(&p);
}
