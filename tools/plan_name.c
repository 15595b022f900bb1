/* Names for places: labels of what people wrote, each once. */
#include "tools/plan.h"

#include <stdlib.h>
#include <string.h>

/* --- labels -------------------------------------------------------------- */

/* Letters beyond ASCII, from a first code point on; a blank stands for what is
 * no letter. Accents go, and so do the marks that combine with a letter. */
static const char *const latin_1[] = {
	/* U+00C0 */
	"a", "a", "a", "a", "a",  "a",	"ae", "c", "e", "e", "e",  "e", "i",
	"i", "i", "i", "d", "n",  "o",	"o",  "o", "o", "o", " ",  "o", "u",
	"u", "u", "u", "y", "th", "ss", "a",  "a", "a", "a", "a",  "a", "ae",
	"c", "e", "e", "e", "e",  "i",	"i",  "i", "i", "d", "n",  "o", "o",
	"o", "o", "o", " ", "o",  "u",	"u",  "u", "u", "y", "th", "y"};
/* U+0100 to U+017F, one letter each; IJ, OE and their like below. */
static const char latin_a[] =
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkkklllllllllln"
	"nnnnnnnnoooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
/* U+0180 to U+024F, as far as they have one letter: of Romanian, Pinyin. */
static const char latin_b[] =
	"bbbb   cc ddd  e ffg   ikkl  nnooo  pp     ttttuu vyyzz         "
	"     d  l  n aaiioouuuuuuuuuueaaaa  ggggkkoooo  j d gg  nnaa  oo"
	"aaaaeeeeiiiioooorrrruuuusstt  hhnd  zzaaeeooooooooyylnt   acclts"
	"z  b  eejj qrryy";
/* U+1E00 to U+1EFF: of Vietnamese, among others. */
static const char latin_more[] =
	"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
	"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
	"wwwwwwwwwwxxxxyyzzzzzzhtwyassssdaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
	"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy      ";
static const char *const cyrillic[] = {
	/* U+0430 */
	"a",  "b",    "v", "g",	 "d", "e", "zh", "z",  "i", "i",  "k",	"l",
	"m",  "n",    "o", "p",	 "r", "s", "t",	 "u",  "f", "kh", "ts", "ch",
	"sh", "shch", "",  "y",	 "",  "e", "yu", "ya", "e", "e",  "d",	"g",
	"ye", "z",    "i", "yi", "j", "l", "n",	 "c",  "k", "i",  "u",	"dz"};
static const char *const greek[] = {
	/* U+03B1 */
	"a", "v", "g",	"d",  "e", "z", "i", "th", "i", "k",
	"l", "m", "n",	"x",  "o", "p", "r", "s",  "s", "t",
	"y", "f", "ch", "ps", "o", "i", "y", "o",  "y", "o"};

static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl"};
/* Where digits of other scripts begin: Arabic, Persian, Devanagari, Thai,
 * small, wide. */
static const uint32_t zeros[] = {0x660, 0x6f0, 0x966, 0xe50, 0x2080, 0xff10};

static const char *
label_one(char one[2], char letter)
{
	one[0] = letter;
	one[1] = '\0';
	return one;
}

/* What a code point becomes: "" drops it, " " parts words. */
static const char *
label_letter(uint32_t c, char one[2])
{
	if (c >= 0xc0 && c < 0x100)
		return latin_1[c - 0xc0];
	if (c == 0x132 || c == 0x133)
		return "ij";
	if (c == 0x152 || c == 0x153)
		return "oe";
	if (c >= 0x100 && c < 0x180)
		return label_one(one, latin_a[c - 0x100]);
	if (c >= 0x180 && c < 0x250)
		return label_one(one, latin_b[c - 0x180]);
	if (c >= 0x1e00 && c < 0x1f00)
		return label_one(one, latin_more[c - 0x1e00]);
	if (c >= 0x300 && c < 0x370)
		return "";
	if (c == '\'' || c == 0x60 || c == 0xb4 || c == 0x2bc || c == 0x2018 ||
	    c == 0x2019 || c == 0xad)
		return "";
	if (c >= 0x410 && c < 0x430)
		return cyrillic[c - 0x410];
	if (c >= 0x400 && c < 0x410)
		return cyrillic[c - 0x400 + 0x20];
	if (c >= 0x430 && c < 0x460)
		return cyrillic[c - 0x430];
	if (c >= 0x391 && c < 0x3aa)
		return greek[c - 0x391];
	if (c >= 0x3b1 && c < 0x3cf)
		return greek[c - 0x3b1];
	if (c == 0x386 || c == 0x3ac)
		return "a";
	if (c == 0x388 || c == 0x3ad)
		return "e";
	if (c == 0x389 || c == 0x38a || c == 0x3ae || c == 0x3af)
		return "i";
	if (c == 0x259)
		return "e";
	if (c >= 0xfb00 && c < 0xfb05)
		return ligatures[c - 0xfb00];
	for (size_t i = 0; i < ARRAY_LEN(zeros); i++)
		if (c >= zeros[i] && c < zeros[i] + 10)
			c = c - zeros[i] + '0';
	if (c >= 0xff21 && c < 0xff5b) /* wide ASCII */
		c -= 0xfee0;
	return c < 0x80 ? label_one(one, (char)name_lower_octet((uint8_t)c))
			: " ";
}

/* The next code point of UTF-8; a broken octet is U+FFFD. */
static uint32_t
label_next(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	unsigned more = at[0] < 0x80   ? 0
			: at[0] < 0xc2 ? 4
			: at[0] < 0xe0 ? 1
			: at[0] < 0xf0 ? 2
			: at[0] < 0xf5 ? 3
				       : 4;
	uint32_t c = more == 0 ? at[0] : at[0] & (0x3fu >> more);

	*text += 1;
	for (unsigned i = 1; more < 4 && i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (more == 4)
		return 0xfffd;
	*text += more;
	return c;
}

bool
plan_label(char dst[NAME_LABEL_MAX + 1], const char *text)
{
	size_t len = 0;
	bool part = false;

	while (*text != '\0') {
		char one[2];
		const char *letters = label_letter(label_next(&text), one);

		for (; *letters != '\0'; letters++) {
			bool plain = (*letters >= 'a' && *letters <= 'z') ||
				     (*letters >= '0' && *letters <= '9');

			if (!plain) {
				part = true;
				continue;
			}
			if (len + (part && len > 0) >= NAME_LABEL_MAX)
				goto full;
			if (part && len > 0)
				dst[len++] = '-';
			part = false;
			dst[len++] = *letters;
		}
	}
full:
	dst[len] = '\0';
	return len > 0;
}

bool
plan_is_number(const char *name)
{
	return name[0] >= '0' && name[0] <= '9' && strlen(name) <= 8 &&
	       strchr(name, ' ') == NULL;
}

/* --- which name ---------------------------------------------------------- */

/* "rm-1420", "platform-2": an item by its number, a label. */
static bool
name_by_number(char dst[NAME_LABEL_MAX + 1], const struct plan_item *item,
	       const char *number)
{
	char text[2 * NAME_LABEL_MAX + 2], kind[NAME_LABEL_MAX + 1] = "rm";

	if (item->kind != PLAN_ROOM ||
	    (item->word != NULL && strcmp(item->word, "room") != 0))
		if (!plan_label(kind, item->word != NULL   ? item->word
				      : item->type != NULL ? item->type
							   : "rm"))
			strcpy(kind, "rm");
	snprintf(text, sizeof(text), "%s-%s", kind, number);
	return plan_label(dst, text);
}

static bool
name_by_ref(char dst[NAME_LABEL_MAX + 1], const struct plan_item *item)
{
	char number[NAME_LABEL_MAX + 1];

	if (item->ref == NULL || !plan_label(number, item->ref))
		return false;
	if (number[0] <= '9')
		return name_by_number(dst, item, number);
	strcpy(dst, number); /* r510 */
	return true;
}

/* Of a name in letters that are not known here its number may be left. */
static bool
name_by_name(char dst[NAME_LABEL_MAX + 1], const struct plan_item *item)
{
	char label[NAME_LABEL_MAX + 1];

	if (item->name == NULL || !plan_label(label, item->name))
		return false;
	if (label[strspn(label, "0123456789-")] == '\0')
		return name_by_number(dst, item, label);
	strcpy(dst, label);
	return true;
}

static void
name_natural(char dst[NAME_LABEL_MAX + 1], const struct plan_item *item,
	     bool by_name)
{
	char level[16];

	if (item->kind == PLAN_LEVEL && item->levels.count > 0) {
		plan_level_label(level, item->levels.at[0]);
		strcpy(dst, level);
		return;
	}
	if (by_name && name_by_name(dst, item))
		return;
	if (name_by_ref(dst, item) || name_by_name(dst, item))
		return;
	if (item->word != NULL && plan_label(dst, item->word))
		return;
	if (item->type != NULL && plan_label(dst, item->type))
		return;
	strcpy(dst, item->kind == PLAN_ROOM ? "room" : "place");
}

/* --- each once ----------------------------------------------------------- */

/* Owners that are taken, by their text; next is the number of the next one of
 * the same name. */
struct name_entry {
	const char *owner;
	unsigned next;
	bool held;
};

struct name_table {
	struct name_entry *entries;
	size_t size;
};

static struct name_entry *
table_find(struct name_table *t, const char *owner)
{
	uint64_t h = 1469598103934665603u;

	for (const char *at = owner; *at != '\0'; at++)
		h = (h ^ (unsigned char)*at) * 1099511628211u;
	for (size_t i = h & (t->size - 1);; i = (i + 1) & (t->size - 1))
		if (t->entries[i].owner == NULL ||
		    strcmp(t->entries[i].owner, owner) == 0)
			return &t->entries[i];
}

static struct name_entry *
table_add(struct name_table *t, const char *owner)
{
	struct name_entry *entry = table_find(t, owner);

	if (entry->owner == NULL)
		*entry = (struct name_entry){.owner = owner, .next = 2};
	return entry;
}

/* label below what is above, as text relative to the origin. */
static const char *
name_below(struct plan *p, const char *label, const char *above)
{
	return above == NULL || above[0] == '\0'
		       ? plan_copy(p, label, strlen(label))
		       : plan_format(p, "%s.%s", label, above);
}

/* What stands above an item: another item, or its floor. */
static const char *
name_above(struct plan *p, const struct plan_item *item)
{
	char level[16];

	if (item->above != NULL)
		return item->above->owner;
	if (!p->options->by_level || item->levels.count == 0 ||
	    item->kind == PLAN_LEVEL)
		return NULL;
	plan_level_label(level, item->levels.at[0]);
	return plan_copy(p, level, strlen(level));
}

/* The first free one of label-2, label-3, …; room for the number is made. */
static const char *
name_next(struct plan *p, struct name_table *t, const char *natural,
	  const char *label, const char *above)
{
	unsigned *next = &table_find(t, natural)->next;

	for (;;) {
		char number[16], text[NAME_LABEL_MAX + 1];
		const char *owner;
		size_t len = (size_t)snprintf(number, sizeof(number), "-%u",
					      (*next)++);

		snprintf(text, sizeof(text), "%.*s%s",
			 (int)(NAME_LABEL_MAX - len), label, number);
		owner = name_below(p, text, above);
		if (table_find(t, owner)->owner == NULL)
			return owner;
	}
}

/* Items one depth below the root: first all natural names are known, so that
 * a "hall 2" keeps its name beside two halls. */
static void
name_depth(struct plan *p, struct name_table *t, struct plan_item **items,
	   size_t count)
{
	const char **natural = plan_alloc(p, count * sizeof(*natural));

	for (size_t i = 0; i < count; i++) {
		char label[NAME_LABEL_MAX + 1];

		name_natural(label, items[i], p->options->by_name);
		natural[i] = name_below(p, label, name_above(p, items[i]));
		table_add(t, natural[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct name_entry *entry = table_find(t, natural[i]);
		char label[NAME_LABEL_MAX + 1];

		if (!entry->held) {
			entry->held = true;
			items[i]->owner = natural[i];
			continue;
		}
		memcpy(label, natural[i], strcspn(natural[i], "."));
		label[strcspn(natural[i], ".")] = '\0';
		items[i]->owner = name_next(p, t, natural[i], label,
					    name_above(p, items[i]));
		table_add(t, items[i]->owner)->held = true;
	}
}

/* How many items stand above; a circle is cut. */
static unsigned
name_depth_of(struct plan_item *item)
{
	unsigned depth = 0;

	for (struct plan_item *at = item->above; at != NULL; at = at->above) {
		if (++depth > 32) {
			item->above = NULL;
			return 0;
		}
	}
	return depth;
}

/* True if its owner, and the longest prefix that it gets, fit a name. */
static bool
name_fits(const struct plan *p, const char *owner)
{
	uint8_t name[NAME_WIRE_MAX];

	return owner[0] == '\0' ||
	       (name_from_text(name, owner, p->origin, NULL) == ERR_OK &&
		name_len(name) + sizeof("_civic") <= NAME_WIRE_MAX);
}

void
plan_name_all(struct plan *p)
{
	struct name_table t = {.size = 64};
	struct plan_item **some =
		plan_alloc(p, p->count * sizeof(struct plan_item *));
	size_t done = 0;

	while (t.size < 4 * p->count)
		t.size *= 2;
	t.entries = plan_alloc(p, t.size * sizeof(*t.entries));
	table_add(&t, "ns")->held = true;
	for (size_t i = 0; i < p->count; i++) {
		name_depth_of(p->items[i]);
		if (p->items[i]->owner != NULL) /* "": the apex itself */
			done++;
	}
	for (unsigned depth = 0; done < p->count; depth++) {
		size_t count = 0;

		for (size_t i = 0; i < p->count; i++)
			if (p->items[i]->owner == NULL &&
			    name_depth_of(p->items[i]) == depth)
				some[count++] = p->items[i];
		name_depth(p, &t, some, count);
		done += count;
		must(depth <= 33);
	}
	for (size_t i = p->count; i-- > 0;)
		if (!name_fits(p, p->items[i]->owner))
			plan_drop(p, p->items[i],
				  "its name would be longer than 255 octets");
}
