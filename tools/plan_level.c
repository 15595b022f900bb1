/* Levels: ordinals as plans write them. */
#include "tools/plan.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void
plan_level_add(struct plan_levels *levels, int level)
{
	unsigned at = 0;

	if (level < -PLAN_LEVEL_LIMIT || level > PLAN_LEVEL_LIMIT)
		return;
	while (at < levels->count && levels->at[at] < level)
		at++;
	if (at < levels->count && levels->at[at] == level)
		return;
	if (levels->count == PLAN_LEVELS_MAX) {
		levels->cut = true;
		return;
	}
	memmove(&levels->at[at + 1], &levels->at[at],
		(levels->count - at) * sizeof(levels->at[0]));
	levels->at[at] = level;
	levels->count++;
}

void
plan_level_join(struct plan_levels *levels, const struct plan_levels *from)
{
	for (unsigned i = 0; i < from->count; i++)
		plan_level_add(levels, from->at[i]);
	levels->rounded = levels->rounded || from->rounded;
	levels->cut = levels->cut || from->cut;
}

/* --- numbers ------------------------------------------------------------- */

static const char *
level_space(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* A number with at most three digits before the point; NULL if there is none.
 */
static const char *
level_number(const char *at, double *value)
{
	const char *digits = level_space(at);
	char *end;

	at = digits;
	if (*digits == '-' || *digits == '+')
		digits++;
	if (!isdigit((unsigned char)*digits) ||
	    strspn(digits, "0123456789") > 3 ||
	    strspn(digits, "0123456789.") > 9)
		return NULL;
	*value = strtod(at, &end);
	if (strcspn(at, "eExX") < (size_t)(end - at))
		return NULL;
	return level_space(end);
}

static void
level_number_add(struct plan_levels *levels, double value)
{
	if (value != floor(value))
		levels->rounded = true;
	plan_level_add(levels, (int)floor(value));
}

/* Lists and ranges of numbers, and nothing else. */
static bool
level_numbers(struct plan_levels *levels, const char *at)
{
	for (;;) {
		double from, to;

		at = level_number(at, &from);
		if (at == NULL)
			return false;
		level_number_add(levels, from);
		if (*at == '-') {
			at = level_number(at + 1, &to);
			if (at == NULL)
				return false;
			for (int v = (int)floor(fmin(from, to)) + 1;
			     v < fmax(from, to); v++)
				plan_level_add(levels, v);
			level_number_add(levels, to);
		}
		if (*at == '\0')
			return true;
		if (strchr(";,|&", *at) == NULL)
			return false;
		at = level_space(at + 1);
		if (*at == '\0')
			return true;
	}
}

/* --- words --------------------------------------------------------------- */

#define WORD_MAX 24
#define WORDS_MAX 16

struct level_word {
	char text[WORD_MAX];
};

/* True if the point at text + i makes an ordinal of the number before it: 2.
 * OG, 2.Untergeschoss. */
static bool
level_is_ordinal(const char *text, size_t i, size_t len)
{
	if (i == 0 || i >= len || text[i] != '.' ||
	    !isdigit((unsigned char)text[i - 1]))
		return false;
	do
		i++;
	while (i < len && text[i] == ' ');
	return i < len && (isalpha((unsigned char)text[i]) ||
			   (unsigned char)text[i] >= 0x80);
}

/* Letters and digits, in lower case; a '-' that is a sign stays with its number
 * ("_-1"), and so does the point of an ordinal. Only the last WORDS_MAX are
 * kept. */
static size_t
level_words(struct level_word *words, const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len;) {
		size_t n = 0;

		if (text[i] == '-' && i + 1 < len &&
		    isdigit((unsigned char)text[i + 1]) &&
		    (i == 0 || !isalnum((unsigned char)text[i - 1])))
			n = 1;
		while (i + n < len && isalnum((unsigned char)text[i + n]))
			n++;
		n += n > 0 && level_is_ordinal(text, i + n, len);
		if (n == 0) {
			i++;
			continue;
		}
		if (n < WORD_MAX) {
			if (count == WORDS_MAX) {
				memmove(words, words + 1,
					(WORDS_MAX - 1) * sizeof(*words));
				count--;
			}
			for (size_t k = 0; k < n; k++)
				words[count].text[k] = (char)tolower(
					(unsigned char)text[i + k]);
			words[count++].text[n] = '\0';
		}
		i += n;
	}
	return count;
}

static bool
level_is_floor(const char *word)
{
	static const char *const words[] = {
		"floor",  "level",  "lvl",	  "lev",      "fl",
		"storey", "story",  "etage",	  "niveau",   "stock",
		"l",	  "f",	    "floors",	  "geschoss", "piso",
		"planta", "piano",  "og",	  "flr",      "andar",
		"ebene",  "kerros", "verdieping", "kat",      "obergeschoss",
		"plan",	  "vaning", "etasje",	  "sal",      "pietro",
		"patro",  "emelet", "etaj",	  "etazh",    "stockwerk",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Words that say a level by themselves. */
static bool
level_named(const char *word, int *level)
{
	static const struct {
		const char *word;
		int level;
	} names[] = {
		{"terra", 0},	  {"terreno", 0},  {"baja", 0},
		{"begane", 0},	  {"stue", 0},	   {"bottenvaning", 0},
		{"prizemi", 0},	  {"parter", 0},   {"foldszint", 0},
		{"zemin", 0},	  {"isogeio", 0},  {"untergeschoss", -1},
		{"sotano", -1},	  {"bodrum", -1},  {"seminterrato", -1},
		{"kelder", -1},	  {"subsolo", -1}, {"subsol", -1},
		{"kjeller", -1},  {"kallare", -1}, {"kaelder", -1},
		{"piwnica", -1},  {"suteren", -1}, {"ypogeio", -1},
		{"podval", -1},	  {"pince", -1},   {"subbasement", -2},
		{"eleventh", 11}, {"twelfth", 12}, {"gf", 0},
		{"g", 0},	  {"ground", 0},   {"eg", 0},
		{"rdc", 0},	  {"rez", 0},	   {"erdgeschoss", 0},
		{"parterre", 0},  {"pb", 0},	   {"basement", -1},
		{"cellar", -1},	  {"keller", -1},  {"kg", -1},
		{"ug", -1},	  {"lg", -1},	   {"sousol", -1},
		{"sous", -1},	  {"soussol", -1}, {"first", 1},
		{"second", 2},	  {"third", 3},	   {"fourth", 4},
		{"fifth", 5},	  {"sixth", 6},	   {"seventh", 7},
		{"eighth", 8},	  {"ninth", 9},	   {"tenth", 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(word, names[i].word) == 0) {
			*level = names[i].level;
			return true;
		}
	}
	return false;
}

/* l2, floor3, og1, b1, ug2: letters and a number; 2nd, 1og, 3f: the other way
 * round. */
static bool
level_joined(const char *word, int *level)
{
	static const char *const below[] = {"b",	"ug", "kg",
					    "basement", "lg", "ss"};
	static const char *const after[] = {"st", "nd", "rd", "th",  "og",
					    "f",  "er", "e",  "eme", "fl"};
	size_t letters = strcspn(word, "0123456789");
	size_t digits = strspn(word + letters, "0123456789");
	const char *rest = word + letters + digits;
	char head[WORD_MAX];

	if (digits == 0 || digits > 3 || word[0] == '-')
		return false;
	*level = (int)strtol(word + letters, NULL, 10);
	memcpy(head, word, letters);
	head[letters] = '\0';
	if (letters == 0) {
		for (size_t i = 0; i < ARRAY_LEN(after); i++)
			if (strcmp(rest, after[i]) == 0)
				return true;
		if (strcmp(rest, "ug") != 0)
			return false;
		*level = -*level;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		if (strcmp(head, below[i]) == 0 &&
		    (*rest == '\0' || strcmp(rest, "f") == 0)) {
			*level = -*level;
			return true;
		}
	}
	return *rest == '\0' && level_is_floor(head);
}

/* A plain number; of most digits. An ordinal is one, too. */
static bool
level_plain(const char *word, size_t most, int *level)
{
	const char *digits = word[0] == '-' ? word + 1 : word;
	size_t n = strlen(digits);

	n -= n > 0 && digits[n - 1] == '.';
	if (n == 0 || n > most || strspn(digits, "0123456789") != n)
		return false;
	*level = (int)strtol(word, NULL, 10);
	return true;
}

/* Words that turn a level over: lower ground, basement level 2. */
static bool
level_is_below(const char *word)
{
	return strcmp(word, "lower") == 0 || strcmp(word, "basement") == 0 ||
	       strcmp(word, "underground") == 0;
}

/* The number behind the i-th word, or the ordinal before it: basement 2,
 * sous-sol 2, 2. Untergeschoss. */
static bool
level_beside(const struct level_word *words, size_t count, size_t i, int *level)
{
	size_t next = i + 1;

	if (next < count && strcmp(words[next].text, "sol") == 0)
		next++;
	if (next < count && level_plain(words[next].text, 2, level))
		return *level > 0;
	return i > 0 && strchr(words[i - 1].text, '.') != NULL &&
	       level_plain(words[i - 1].text, 2, level) && *level > 0;
}

/* A number counts only beside a word that says floor, or (alone) at the end. */
static bool
level_from_words(struct plan_levels *levels, const struct level_word *words,
		 size_t count, bool alone)
{
	size_t i;
	int level, below;

	for (i = count; i-- > 0;) {
		const char *next = i + 1 < count ? words[i + 1].text : "";

		if (level_is_floor(words[i].text) &&
		    (level_plain(next, 3, &level) ||
		     level_named(next, &level) || level_joined(next, &level)))
			goto found;
		if (level_is_floor(words[i].text) && i > 0 &&
		    level_plain(words[i - 1].text, 3, &level))
			goto found;
	}
	for (i = count; i-- > 0;) {
		if (level_joined(words[i].text, &level))
			goto found;
		if (!level_named(words[i].text, &level))
			continue;
		if (level < 0 && level_beside(words, count, i, &below))
			level = -below; /* basement 2 */
		goto found;
	}
	i = 0;
	if (!alone || count == 0 ||
	    !level_plain(words[count - 1].text, 2, &level) ||
	    (count > 1 && level_plain(words[count - 2].text, 4, &below)))
		return false; /* the last one would be a day */
	levels->doubtful = true;
found:
	if (i > 0 && level >= 0 && level_is_below(words[i - 1].text))
		level = level > 0 ? -level : -1;
	plan_level_add(levels, level);
	return true;
}

/* --- other scripts -------------------------------------------------------- */

/* Text with the words for floors of some scripts as letters: "B1F" for what is
 * written below. False if there are none, or text is long. */
static bool
level_rewrite(char *dst, size_t room, const char *text)
{
	static const struct {
		const char *from, *to;
	} words[] = {
		{"地下", "b"}, {"지하", "b"}, {"층", "f "},   {"层", "f "},
		{"層", "f "},  {"楼", "f "},  {"樓", "f "},   {"階", "f "},
		{"阶", "f "},  {"第", ""},    {"十一", "11"}, {"十二", "12"},
		{"十", "10"},  {"一", "1"},   {"二", "2"},    {"三", "3"},
		{"四", "4"},   {"五", "5"},   {"六", "6"},    {"七", "7"},
		{"八", "8"},   {"九", "9"},
	};
	size_t len = 0;
	bool any = false;

	while (*text != '\0') {
		size_t n = 1, i = 0;

		while (i < ARRAY_LEN(words) &&
		       strncmp(text, words[i].from, strlen(words[i].from)) != 0)
			i++;
		if (len + 4 > room)
			return false;
		if (i == ARRAY_LEN(words)) {
			dst[len++] = *text;
		} else {
			n = strlen(words[i].from);
			len += (size_t)snprintf(dst + len, 4, "%s",
						words[i].to);
			any = true;
			if (words[i].to[0] == 'b')
				n += strspn(text + n, " ");
		}
		text += n;
	}
	dst[len] = '\0';
	return any;
}

/* The words of text; if there is no level, then those of it in plain letters.
 */
static bool
level_from_text(struct plan_levels *levels, const char *text, bool alone)
{
	struct level_word words[WORDS_MAX];
	char plain[96], label[NAME_LABEL_MAX + 1];
	size_t count;

	if (level_rewrite(plain, sizeof(plain), text))
		text = plain;
	count = level_words(words, text, strlen(text));
	if (level_from_words(levels, words, count, alone))
		return levels->count > 0;
	if (!plan_label(label, text))
		return false;
	count = level_words(words, label, strlen(label));
	return level_from_words(levels, words, count, alone) &&
	       levels->count > 0;
}

/* --- lists of words ------------------------------------------------------- */

/* A level in one or two words, and nothing beside it. */
static bool
level_alone(const char *text, size_t len)
{
	struct level_word words[WORDS_MAX];
	size_t count = level_words(words, text, len);
	int level;

	for (size_t i = 0; i < count; i++)
		if (!level_is_floor(words[i].text) &&
		    !level_named(words[i].text, &level) &&
		    !level_joined(words[i].text, &level) &&
		    !level_plain(words[i].text, 3, &level))
			return false;
	return count == 1 || count == 2;
}

/* The level that len octets of text say, and nothing else. */
static bool
level_part(const char *text, size_t len, int *level)
{
	struct plan_levels got = {0};
	char part[40], label[NAME_LABEL_MAX + 1];

	if (len >= sizeof(part))
		return false;
	memcpy(part, text, len);
	part[len] = '\0';
	if (!level_alone(part, len) &&
	    !(plan_label(label, part) && level_alone(label, strlen(label))))
		return false;
	if (!level_numbers(&got, part) && !level_from_text(&got, part, false))
		return false;
	*level = got.at[0];
	return got.count == 1;
}

/* "B2-L1", "EG-2.OG"; a number behind the line may be a sign's: UG-1. */
static bool
level_range(struct plan_levels *levels, const char *text, size_t len)
{
	const char *line = memchr(text, '-', len);
	size_t left = line == NULL ? len : (size_t)(line - text);
	size_t right = line == NULL ? 0 : len - left - 1;
	int from, to, plain;

	if (line == NULL || !level_part(text, left, &from) ||
	    !level_part(line + 1, right, &to) ||
	    level_plain(level_space(line + 1), 3, &plain))
		return false;
	for (int v = from < to ? from : to; v <= (from < to ? to : from); v++)
		plan_level_add(levels, v);
	return true;
}

/* "EG;1.OG", "B1/L1", each part one level or a range. */
static bool
level_list(struct plan_levels *levels, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ";,|&/");
		int level;

		if (!level_range(levels, text, len)) {
			if (!level_part(text, len, &level))
				return false;
			plan_level_add(levels, level);
		}
		text = level_space(text + len + (text[len] != '\0'));
		if (*text == '\0')
			return true;
	}
}

/* One level, whatever stands around it. */
static bool
level_in_text(struct plan_levels *levels, const char *text)
{
	return !plan_is_opaque(text) && level_from_text(levels, text, false);
}

/* R+1 and R-1, which count from the rez-de-chaussée. */
static bool
level_from_rez(struct plan_levels *levels, const char *text)
{
	return (*text == 'R' || *text == 'r') &&
	       (text[1] == '+' || text[1] == '-') &&
	       level_numbers(levels, text + 1);
}

/* --- all of it ----------------------------------------------------------- */

typedef bool level_fn(struct plan_levels *levels, const char *text);

bool
plan_is_opaque(const char *text)
{
	size_t len = strlen(text);

	return len >= 20 && strspn(text, "0123456789abcdefABCDEF-{}") == len;
}

bool
plan_level_parse(struct plan_levels *levels, const char *text)
{
	static level_fn *const ways[] = {level_numbers, level_list,
					 level_from_rez, level_in_text};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct plan_levels got = {0};

		if (ways[i](&got, text) && got.count > 0) {
			*levels = got;
			return true;
		}
	}
	return false;
}

bool
plan_level_id(struct plan_levels *levels, const char *text)
{
	struct plan_levels got = {0};

	if (plan_level_parse(levels, text))
		return true;
	if (plan_is_opaque(text) || !level_from_text(&got, text, true))
		return false;
	got.doubtful = false;
	*levels = got;
	return true;
}

bool
plan_level_file(struct plan_levels *levels, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	const char *dot = strrchr(base, '.'), *copy = strrchr(base, '(');
	size_t len = dot == NULL ? strlen(base) : (size_t)(dot - base), count;
	struct level_word words[WORDS_MAX];
	struct plan_levels got = {0};

	/* rooms (2).geojson is what a browser calls the second one. */
	if (copy != NULL &&
	    copy + 1 + strspn(copy + 1, "0123456789") + 1 == base + len)
		len = (size_t)(copy - base);
	count = level_words(words, base, len);
	if (!level_from_words(&got, words, count, true) || got.count == 0)
		return false;
	*levels = got;
	return true;
}

const char *
plan_level_format(char *dst, const struct plan_levels *levels)
{
	size_t len = 0;

	dst[0] = '\0';
	for (unsigned i = 0; i < levels->count; i++)
		len += (size_t)snprintf(dst + len, PLAN_LEVELS_TEXT - len,
					"%s%d", i == 0 ? "" : ",",
					levels->at[i]);
	return dst;
}

const char *
plan_level_label(char *dst, int level)
{
	snprintf(dst, 16, level < 0 ? "level-b%d" : "level-%d", abs(level));
	return dst;
}
