#include "lib/name.h"

#include <stdio.h>
#include <string.h>

const uint8_t name_root[1] = {0};

size_t
name_len(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p != 0)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

unsigned
name_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name != 0; name += 1 + *name)
		n++;
	return n;
}

bool
name_valid(const uint8_t *buf, size_t len, size_t *used)
{
	size_t pos = 0;

	if (len > NAME_WIRE_MAX)
		len = NAME_WIRE_MAX;
	while (pos < len) {
		uint8_t label = buf[pos];

		if (label > NAME_LABEL_MAX)
			return false;
		pos += 1 + (size_t)label;
		if (label == 0) {
			*used = pos;
			return true;
		}
	}
	return false;
}

bool
name_is_root(const uint8_t *name)
{
	return name[0] == 0;
}

bool
name_is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

/* name_lower_octet() on eight octets at once: the top bit of each octet of
 * `upper` says whether it is A to Z. */
static uint64_t
lower_word(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t low = w & 0x7f * ones;
	uint64_t upper = (low + (0x80 - 'A') * ones) &
			 ~(low + (0x7f - 'Z') * ones) & ~w & 0x80 * ones;

	return w | upper >> 2;
}

static uint64_t
word_lower_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return lower_word(w);
}

/*
 * Length octets are below 'A', so a name may be lowered and compared as one run
 * of octets, in words; the last word overlaps the one before.
 */
bool
name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len, i;

	/* most that differ do so in their first label's length or end */
	if (a[0] != b[0] ||
	    name_lower_octet(a[a[0]]) != name_lower_octet(b[b[0]]))
		return false;
	len = name_len(a);
	if (name_len(b) != len)
		return false;
	if (len < 8) {
		for (i = 0; i < len; i++)
			if (name_lower_octet(a[i]) != name_lower_octet(b[i]))
				return false;
		return true;
	}
	for (i = 0; i < len - 8; i += 8)
		if (word_lower_at(a + i) != word_lower_at(b + i))
			return false;
	return word_lower_at(a + len - 8) == word_lower_at(b + len - 8);
}

bool
name_at_or_below(const uint8_t *name, const uint8_t *ancestor)
{
	size_t len = name_len(name), anclen = name_len(ancestor);
	const uint8_t *suffix;

	if (len < anclen)
		return false;
	suffix = name + (len - anclen);
	while (name < suffix)
		name += 1 + *name;
	return name == suffix && name_equal(name, ancestor);
}

static unsigned
label_starts(uint8_t *starts, const uint8_t *name)
{
	unsigned n = 0;

	for (size_t at = 0; name[at] != 0; at += 1 + (size_t)name[at])
		starts[n++] = (uint8_t)at;
	return n;
}

static int
label_cmp(const uint8_t *a, const uint8_t *b)
{
	unsigned alen = *a++, blen = *b++;
	unsigned n = alen < blen ? alen : blen;

	for (unsigned i = 0; i < n; i++) {
		int d = name_lower_octet(a[i]) - name_lower_octet(b[i]);

		if (d != 0)
			return d;
	}
	return (int)alen - (int)blen;
}

int
name_cmp(const uint8_t *a, const uint8_t *b)
{
	uint8_t as[NAME_LABELS_MAX], bs[NAME_LABELS_MAX];
	unsigned an = label_starts(as, a), bn = label_starts(bs, b);

	while (an > 0 && bn > 0) {
		int d = label_cmp(a + as[--an], b + bs[--bn]);

		if (d != 0)
			return d;
	}
	return (int)an - (int)bn;
}

const uint8_t *
name_skip(const uint8_t *name, unsigned drop)
{
	for (; drop > 0; drop--) {
		must(*name != 0);
		name += 1 + *name;
	}
	return name;
}

unsigned
name_common(const uint8_t *a, const uint8_t *b)
{
	uint8_t as[NAME_LABELS_MAX], bs[NAME_LABELS_MAX];
	unsigned an = label_starts(as, a), bn = label_starts(bs, b);
	unsigned common = 0;

	while (an > 0 && bn > 0) {
		if (label_cmp(a + as[--an], b + bs[--bn]) != 0)
			break;
		common++;
	}
	return common;
}

size_t
name_lower(uint8_t *dst, const uint8_t *name)
{
	size_t len = name_len(name), i;

	for (i = 0; i + 8 <= len; i += 8) {
		uint64_t w = word_lower_at(name + i);

		memcpy(dst + i, &w, 8);
	}
	for (; i < len; i++)
		dst[i] = name_lower_octet(name[i]);
	return len;
}

size_t
name_copy(uint8_t *dst, const uint8_t *name)
{
	size_t len = name_len(name);

	memcpy(dst, name, len);
	return len;
}

uint64_t
name_hash(const uint8_t *name)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	size_t len = name_len(name), i;
	uint64_t h = len;

	if (len < 8) {
		for (i = 0; i < len; i++)
			h = h << 8 | name_lower_octet(name[i]);
		h *= odd;
		return h ^ h >> 32;
	}
	for (i = 0; i < len - 8; i += 8) {
		h = (h ^ word_lower_at(name + i)) * odd;
		h ^= h >> 32;
	}
	h = (h ^ word_lower_at(name + len - 8)) * odd;
	return h ^ h >> 29;
}

size_t
name_concat(uint8_t *dst, const uint8_t *prefix, size_t prefix_len,
	    const uint8_t *suffix)
{
	size_t len = name_len(suffix);

	if (prefix_len > NAME_WIRE_MAX - len)
		return 0;
	memcpy(dst, prefix, prefix_len);
	memcpy(dst + prefix_len, suffix, len);
	return prefix_len + len;
}

/* A name that grows label by label. */
struct builder {
	uint8_t *dst;
	size_t len;   /* octets so far */
	size_t label; /* where the length octet of the open label stands */
};

static enum err
label_add(struct builder *b, uint8_t octet, struct diag *d)
{
	if (b->len - b->label > NAME_LABEL_MAX)
		return diag_set(d, ERR_RANGE, "label over %d octets",
				NAME_LABEL_MAX);
	/* The root label needs one octet more. */
	if (b->len >= NAME_WIRE_MAX - 1)
		return diag_set(d, ERR_RANGE, "name over %d octets",
				NAME_WIRE_MAX);
	b->dst[b->len++] = octet;
	return ERR_OK;
}

static enum err
label_close(struct builder *b, struct diag *d)
{
	size_t len = b->len - b->label - 1;

	if (len == 0)
		return diag_set(d, ERR_SYNTAX, "empty label in a name");
	if (b->len >= NAME_WIRE_MAX)
		return diag_set(d, ERR_RANGE, "name over %d octets",
				NAME_WIRE_MAX);
	b->dst[b->label] = (uint8_t)len;
	b->label = b->len;
	b->dst[b->len++] = 0;
	return ERR_OK;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The octet that an escape stands for; text is behind the backslash. Returns
 * the characters used, 0 on a fault. */
static size_t
escape_read(const char *text, uint8_t *octet)
{
	unsigned v;

	if (text[0] == '\0')
		return 0;
	if (!is_digit(text[0])) {
		*octet = (uint8_t)text[0];
		return 1;
	}
	if (!is_digit(text[1]) || !is_digit(text[2]))
		return 0;
	v = (unsigned)(text[0] - '0') * 100 + (unsigned)(text[1] - '0') * 10 +
	    (unsigned)(text[2] - '0');
	if (v > 255)
		return 0;
	*octet = (uint8_t)v;
	return 3;
}

/* Labels up to the end of text; *absolute says whether a dot ended it. */
static enum err
labels_read(struct builder *b, const char *text, bool *absolute, struct diag *d)
{
	enum err e = ERR_OK;

	*absolute = false;
	while (*text != '\0' && e == ERR_OK) {
		uint8_t octet = (uint8_t)*text++;
		size_t used;

		if (octet == '.') {
			*absolute = *text == '\0';
			e = label_close(b, d);
			continue;
		}
		if (octet == '\\') {
			used = escape_read(text, &octet);
			if (used == 0)
				return diag_set(d, ERR_SYNTAX,
						"broken escape in a name");
			text += used;
		}
		e = label_add(b, octet, d);
	}
	if (e == ERR_OK && !*absolute)
		e = label_close(b, d);
	return e;
}

enum err
name_from_text(uint8_t *dst, const char *text, const uint8_t *origin,
	       struct diag *d)
{
	struct builder b = {.dst = dst, .len = 1, .label = 0};
	bool absolute;
	enum err e;

	if (text[0] == '\0')
		return diag_set(d, ERR_SYNTAX, "empty name");
	if (strcmp(text, ".") == 0) {
		dst[0] = 0;
		return ERR_OK;
	}
	if (strcmp(text, "@") == 0) {
		if (origin == NULL)
			return diag_set(d, ERR_SYNTAX, "'@' without an origin");
		name_copy(dst, origin);
		return ERR_OK;
	}
	e = labels_read(&b, text, &absolute, d);
	if (e != ERR_OK || absolute || origin == NULL)
		return e;
	if (b.label + name_len(origin) > NAME_WIRE_MAX)
		return diag_set(d, ERR_RANGE, "name over %d octets",
				NAME_WIRE_MAX);
	name_copy(dst + b.label, origin);
	return ERR_OK;
}

static char *
octet_to_text(char *p, uint8_t c)
{
	if (c <= ' ' || c > '~') {
		*p++ = '\\';
		*p++ = (char)('0' + c / 100);
		*p++ = (char)('0' + c / 10 % 10);
		*p++ = (char)('0' + c % 10);
		return p;
	}
	if (strchr(".\\\"();@$", c) != NULL)
		*p++ = '\\';
	*p++ = (char)c;
	return p;
}

size_t
name_to_text(char *dst, const uint8_t *name)
{
	char *p = dst;

	if (*name == 0)
		*p++ = '.';
	while (*name != 0) {
		unsigned n = *name++;

		for (; n > 0; n--)
			p = octet_to_text(p, *name++);
		*p++ = '.';
	}
	*p = '\0';
	return (size_t)(p - dst);
}
