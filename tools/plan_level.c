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
	if (levels->count == PLAN_LEVELS_MAX ||
	    (at < levels->count && levels->at[at] == level))
		return;
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

/* Letters and digits, in lower case; a '-' or 'm' that is a sign stays with
 * its number ("_-1"). Only the last WORDS_MAX are kept. */
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
		"ebene",  "kerros", "verdieping", "kat",
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
		{"gf", 0},	    {"g", 0},	     {"ground", 0},
		{"eg", 0},	    {"rdc", 0},	     {"rez", 0},
		{"erdgeschoss", 0}, {"parterre", 0}, {"pb", 0},
		{"basement", -1},   {"cellar", -1},  {"keller", -1},
		{"kg", -1},	    {"ug", -1},	     {"lg", -1},
		{"sousol", -1},	    {"sous", -1},    {"soussol", -1},
		{"first", 1},	    {"second", 2},   {"third", 3},
		{"fourth", 4},	    {"fifth", 5},    {"sixth", 6},
		{"seventh", 7},	    {"eighth", 8},   {"ninth", 9},
		{"tenth", 10},
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
	static const char *const below[] = {"b", "ug", "kg", "basement", "lg"};
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

/* A plain number; of most digits. */
static bool
level_plain(const char *word, size_t most, int *level)
{
	const char *digits = word[0] == '-' ? word + 1 : word;
	size_t n = strlen(digits);

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
		if (level < 0 && i + 1 < count &&
		    level_plain(words[i + 1].text, 2, &below) && below > 0)
			level = -below; /* basement 2 */
		goto found;
	}
	i = 0;
	if (!alone || count == 0 ||
	    !level_plain(words[count - 1].text, 2, &level))
		return false;
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
		{"地下", "b"}, {"지하", "b"}, {"층", "f "}, {"层", "f "},
		{"層", "f "},  {"楼", "f "},  {"樓", "f "}, {"階", "f "},
		{"阶", "f "},  {"第", ""},
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

/* --- both ---------------------------------------------------------------- */

/* UUIDs and their like: what looks like a level in them is none. */
static bool
level_is_opaque(const char *text)
{
	size_t len = strlen(text);

	return len >= 20 && strspn(text, "0123456789abcdefABCDEF-{}") == len;
}

bool
plan_level_parse(struct plan_levels *levels, const char *text)
{
	struct plan_levels got = {0};

	if (!level_numbers(&got, text) || got.count == 0) {
		got = (struct plan_levels){0};
		if (level_is_opaque(text) ||
		    !level_from_text(&got, text, false))
			return false;
	}
	*levels = got;
	return true;
}

bool
plan_level_id(struct plan_levels *levels, const char *text)
{
	struct plan_levels got = {0};

	if (plan_level_parse(levels, text))
		return true;
	if (level_is_opaque(text) || !level_from_text(&got, text, true))
		return false;
	*levels = got;
	return true;
}

bool
plan_level_file(struct plan_levels *levels, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	struct level_word words[WORDS_MAX];
	struct plan_levels got = {0};
	size_t count = level_words(words, base, strcspn(base, "."));

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
