/* What stands in the lists: one character-string, one entry. */
#include "zones/edit_rules.h"
#include "zones/export.h"
#include "zones/space_question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STRING_MAX 255 /* octets of a character-string */

/* --- words ---------------------------------------------------------------- */

/* A string word by word; a backslash takes what is behind it along. */
struct words {
	const char *at, *end;
};

struct word {
	const char *text;
	size_t len;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
word_next(struct words *w, struct word *word)
{
	while (w->at < w->end && is_blank(*w->at))
		w->at++;
	word->text = w->at;
	while (w->at < w->end && !is_blank(*w->at)) {
		if (*w->at == '\\' && w->at + 1 < w->end)
			w->at++;
		w->at++;
	}
	word->len = (size_t)(w->at - word->text);
	return word->len > 0;
}

/* A word as a C string; with a NUL within it is none. */
struct word_text {
	char text[STRING_MAX + 1];
};

static bool
word_copy(struct word_text *dst, const struct word *word)
{
	if (word->len > STRING_MAX ||
	    memchr(word->text, '\0', word->len) != NULL)
		return false;
	memcpy(dst->text, word->text, word->len);
	dst->text[word->len] = '\0';
	return true;
}

/* For sentences: a word that may hold anything. */
#define SHOWN_MAX 64

struct word_shown {
	char text[SHOWN_MAX + 4];
};

static struct word_shown
word_show(const struct word *word)
{
	size_t len = word->len < SHOWN_MAX ? word->len : SHOWN_MAX;
	struct word_shown s;

	for (size_t i = 0; i < len; i++)
		s.text[i] = word->text[i] >= '!' && word->text[i] <= '~'
				    ? word->text[i]
				    : '?';
	strcpy(s.text + len, len < word->len ? "..." : "");
	return s;
}

static bool
word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) &&
	       strncasecmp(word->text, text, word->len) == 0;
}

static enum err
word_to_name(uint8_t *name, const struct word *word, const uint8_t *origin,
	     struct diag *d)
{
	uint8_t read[NAME_WIRE_MAX];
	struct word_text text;
	enum err e;

	if (!word_copy(&text, word))
		return diag_set(d, ERR_SYNTAX,
				"\"%s\" is no name: it has an octet 0",
				word_show(word).text);
	e = name_from_text(read, text.text, origin, d);
	if (e != ERR_OK) {
		diag_prefix(d, "\"%s\" is no name", word_show(word).text);
		return e;
	}
	name_lower(name, read);
	return ERR_OK;
}

/* --- the name of an entry ------------------------------------------------- */

static enum err
check_space(struct export_entry *e, const struct word *word,
	    const uint8_t *apex, struct diag *d)
{
	struct space_question q;

	if (space_question_parse(&q, e->name, apex, NULL) == SPACE_NONE)
		return ERR_OK;
	if (name_labels(e->name) == name_labels(apex) + 1) {
		e->spaces = (uint8_t)(EXPORT_NEAR << q.kind);
		return ERR_OK;
	}
	return diag_set(d, ERR_RULE,
			"\"%s\": a search is exported for the whole space: "
			"_near, _in, _box or _here alone",
			word_show(word).text);
}

static enum err
parse_name(struct export_entry *e, const struct word *word, const uint8_t *apex,
	   struct diag *d)
{
	static const char *const never[] = {"_export", "_reach", "_cover"};
	enum err err = word_to_name(e->name, word, apex, d);

	if (err != ERR_OK)
		return err;
	if (!name_at_or_below(e->name, apex))
		return diag_set(d, ERR_RULE,
				"\"%s\" is not in the zone; without a final "
				"dot it is taken as relative",
				word_show(word).text);
	if (edit_rules_has_label(e->name, apex, never, ARRAY_LEN(never)))
		return diag_set(d, ERR_RULE,
				"\"%s\": _export, _reach and _cover are never "
				"shown outside",
				word_show(word).text);
	return check_space(e, word, apex, d);
}

/* --- its types ------------------------------------------------------------ */

static bool
has_type(const struct export_entry *e, uint16_t type)
{
	for (unsigned i = 0; i < e->type_count; i++)
		if (e->types[i] == type)
			return true;
	return false;
}

static enum err
parse_type(struct export_entry *e, const struct word *word, struct diag *d)
{
	struct word_text text;
	uint16_t type = 0;

	if (word_is(word, "*") || word_is(word, "ANY"))
		return diag_set(d, ERR_RULE,
				"\"%s\": each type must be named, so that what "
				"comes later does not leave by itself",
				word_show(word).text);
	if (word_copy(&text, word))
		type = rr_type_from_text(text.text);
	if (type == 0)
		return diag_set(d, ERR_SYNTAX,
				"\"%s\" is no type; write AAAA, SRV, TXT, "
				"TYPE65280, or `private` at the end",
				word_show(word).text);
	if (rr_type_is_meta(type))
		return diag_set(d, ERR_RULE,
				"\"%s\" is a type that no name has",
				word_show(word).text);
	if (e->spaces != 0 && type != RR_PTR && type != RR_TXT)
		return diag_set(d, ERR_RULE,
				"\"%s\": searches are answered with PTR and "
				"TXT alone",
				word_show(word).text);
	if (has_type(e, type))
		return ERR_OK;
	if (e->type_count == EXPORT_TYPES_MAX)
		return diag_set(d, ERR_RANGE,
				"more than %d types; write a second entry",
				EXPORT_TYPES_MAX);
	e->types[e->type_count++] = type;
	return ERR_OK;
}

/* The name's search, for the types that are named. */
static uint8_t
spaces_of(const struct export_entry *e)
{
	uint8_t spaces = 0;

	if (has_type(e, RR_PTR))
		spaces |= e->spaces;
	if (has_type(e, RR_TXT))
		spaces |= (uint8_t)(e->spaces << EXPORT_TXT);
	return spaces;
}

/* A word behind the name: a type, or what the entry ends in. */
static enum err
parse_word(struct export_entry *e, const struct word *word, struct diag *d)
{
	if (word->len >= 3 && strncasecmp(word->text, "to=", 3) == 0)
		return diag_set(d, ERR_RULE,
				"\"%s\": to= is for later; an entry holds for "
				"everyone outside",
				word_show(word).text);
	if (e->private_ok)
		return diag_set(d, ERR_SYNTAX,
				"\"%s\" behind `private`, which comes last",
				word_show(word).text);
	if (!word_is(word, "private"))
		return parse_type(e, word, d);
	e->private_ok = true;
	return ERR_OK;
}

enum err
export_entry_parse(struct export_entry *e, const char *text, size_t len,
		   const uint8_t *apex, struct diag *d)
{
	struct words words = {.at = text, .end = text + len};
	struct word word;
	enum err err;

	e->type_count = 0;
	e->private_ok = false;
	e->spaces = 0;
	if (!word_next(&words, &word))
		return diag_set(d, ERR_SYNTAX,
				"an empty entry; write a name and its types, "
				"as in \"speaker AAAA SRV\"");
	err = parse_name(e, &word, apex, d);
	if (err != ERR_OK)
		return err;
	while (err == ERR_OK && word_next(&words, &word))
		err = parse_word(e, &word, d);
	if (err != ERR_OK)
		return err;
	if (e->type_count == 0)
		return diag_set(d, ERR_SYNTAX,
				"no type is named; write them behind the name, "
				"as in \"speaker AAAA SRV\"");
	e->spaces = spaces_of(e);
	return ERR_OK;
}

/* --- a name without the rest ---------------------------------------------- */

enum match {
	MATCH_NOT,
	MATCH_YES,
	MATCH_UNSURE /* to be read in full */
};

/* The first word without escapes, octet by octet: most strings of a long list
 * differ in the first few. */
static enum match
match_plain(const char *at, const char *end, const uint8_t *name,
	    const uint8_t *apex)
{
	while (*name != 0) {
		unsigned n = *name++;

		for (; n > 0; n--, at++) {
			if (at == end || *at == '.' || is_blank(*at))
				return MATCH_NOT;
			if (*at == '\\')
				return MATCH_UNSURE;
			if (name_lower_octet((uint8_t)*at) !=
			    name_lower_octet(*name++))
				return MATCH_NOT;
		}
		if (at == end || is_blank(*at))
			return name_equal(name, apex) ? MATCH_YES : MATCH_NOT;
		if (*at++ != '.')
			return at[-1] == '\\' ? MATCH_UNSURE : MATCH_NOT;
		if (at == end || is_blank(*at))
			return *name == 0 ? MATCH_YES : MATCH_NOT;
	}
	return MATCH_NOT;
}

bool
export_entry_names(const char *text, size_t len, const uint8_t *name,
		   const uint8_t *apex)
{
	struct words words = {.at = text, .end = text + len};
	enum match match = MATCH_UNSURE;
	uint8_t read[NAME_WIRE_MAX];
	struct word word;

	while (words.at < words.end && is_blank(*words.at))
		words.at++;
	if (words.at < words.end && *words.at != '@' && *words.at != '.')
		match = match_plain(words.at, words.end, name, apex);
	if (match != MATCH_UNSURE)
		return match == MATCH_YES;
	return word_next(&words, &word) &&
	       word_to_name(read, &word, apex, NULL) == ERR_OK &&
	       name_equal(read, name);
}

/* --- as text -------------------------------------------------------------- */

static int
type_order(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The labels below the apex, without a final dot; "@" if there are none. */
static size_t
name_text(char dst[NAME_TEXT_MAX], const uint8_t *name, const uint8_t *apex)
{
	uint8_t below[NAME_WIRE_MAX];
	size_t len = name_len(name) - name_len(apex);

	if (len == 0)
		return strlen(strcpy(dst, "@"));
	memcpy(below, name, len);
	below[len] = 0;
	len = name_to_text(dst, below) - 1;
	dst[len] = '\0';
	return len;
}

const char *
export_entry_text(char *dst, const struct export_entry *e, const uint8_t *apex)
{
	char name[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
	uint16_t types[EXPORT_TYPES_MAX];
	size_t len = name_text(name, e->name, apex);

	if (len > STRING_MAX)
		return NULL;
	memcpy(dst, name, len + 1);
	memcpy(types, e->types, e->type_count * sizeof(types[0]));
	qsort(types, e->type_count, sizeof(types[0]), type_order);
	for (unsigned i = 0; i < e->type_count && len <= STRING_MAX; i++)
		len += (size_t)snprintf(dst + len, EXPORT_TEXT_MAX - len, " %s",
					rr_type_to_text(type, types[i]));
	if (len <= STRING_MAX && e->private_ok)
		len += (size_t)snprintf(dst + len, EXPORT_TEXT_MAX - len,
					" private");
	return len <= STRING_MAX ? dst : NULL;
}

/* --- reach ---------------------------------------------------------------- */

enum err
reach_entry_parse(uint8_t *name, const char *text, size_t len, struct diag *d)
{
	struct words words = {.at = text, .end = text + len};
	struct word word, more;
	enum err e;

	if (!word_next(&words, &word))
		return diag_set(d, ERR_SYNTAX,
				"an empty entry; write a name, as in "
				"\"cam.ac.uk\"");
	e = word_to_name(name, &word, NULL, d);
	if (e != ERR_OK)
		return e;
	if (word_next(&words, &more))
		return diag_set(d, ERR_SYNTAX,
				"\"%s\" behind the name; an entry is one name",
				word_show(&more).text);
	if (name_is_root(name))
		return diag_set(d, ERR_RULE,
				"\".\" opens everything, which only the "
				"configuration file may (uplink: reach:)");
	if (name_is_wildcard(name))
		return diag_set(d, ERR_RULE,
				"\"%s\": a name covers all below it; leave the "
				"*. out",
				word_show(&word).text);
	return ERR_OK;
}

/* --- lists ---------------------------------------------------------------- */

bool
export_list_next(struct export_list *list, const char **text, size_t *len)
{
	uint16_t rdlen;

	while (list->left == 0) {
		if (!rrset_next(&list->set, &list->at, &list->rdata, &rdlen))
			return false;
		list->left = rdlen;
	}
	*len = list->rdata[0];
	if (*len >= list->left)
		*len = list->left - 1u; /* a broken store: what is there */
	*text = (const char *)list->rdata + 1;
	list->rdata += 1 + *len;
	list->left = (uint16_t)(list->left - 1 - *len);
	return true;
}

enum list_kind {
	LIST_NONE,
	LIST_EXPORT,
	LIST_REACH
};

/* Of the list that the name is, or, with *below, lies below. */
static enum list_kind
list_of(const uint8_t *name, const uint8_t *apex, bool *below)
{
	static const char *const export[] = {"_export"};
	static const char *const reach[] = {"_reach"};
	unsigned labels = name_labels(name) - name_labels(apex);

	*below = labels > 1;
	if (labels == 0)
		return LIST_NONE;
	name = name_skip(name, labels - 1);
	return edit_rules_has_label(name, apex, export, 1)  ? LIST_EXPORT
	       : edit_rules_has_label(name, apex, reach, 1) ? LIST_REACH
							    : LIST_NONE;
}

static enum err
check_string(enum list_kind kind, const char *text, size_t len,
	     const uint8_t *apex, struct diag *d)
{
	struct export_entry entry;
	uint8_t name[NAME_WIRE_MAX];

	return kind == LIST_EXPORT
		       ? export_entry_parse(&entry, text, len, apex, d)
		       : reach_entry_parse(name, text, len, d);
}

enum err
export_check(const uint8_t *owner, const uint8_t *apex, uint16_t type,
	     const uint8_t *rdata, size_t rdlen, struct diag *d)
{
	bool below;
	enum list_kind kind = list_of(owner, apex, &below);
	size_t len;

	if (kind == LIST_NONE)
		return ERR_OK;
	if (below)
		return diag_set(d, ERR_RULE, "nothing can be below a list");
	if (type != RR_TXT)
		return diag_set(d, ERR_RULE, "a list holds TXT alone");
	for (; rdlen > 0; rdata += 1 + len, rdlen -= 1 + len) {
		len = rdata[0];
		if (len >= rdlen)
			return diag_set(d, ERR_RULE, "malformed rdata");
		if (check_string(kind, (const char *)rdata + 1, len, apex, d) !=
		    ERR_OK)
			return ERR_RULE;
	}
	return ERR_OK;
}
