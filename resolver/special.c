#include "resolver/special.h"

#include "lib/name.h"

#include <stdio.h>
#include <string.h>

/*
 * A row is a zone, or so many numbered ones: low to high stand as a decimal
 * label in front of it. Reach may beat what a parent space can have: private
 * ranges are the same in the whole site. What means this host, this link or
 * nothing at all is the same for nobody else.
 */
struct row {
	const uint8_t *zone;
	enum special_answer answer;
	bool reach_beats;
	bool numbered;
	uint8_t low, high;
	const char *why;
};

#define NAME(s) (const uint8_t *)(s)
#define V4(s) NAME(s "\7in-addr\4arpa")
#define V6(s) NAME(s "\3ip6\4arpa")
#define ZEROES8 "\0010\0010\0010\0010\0010\0010\0010\0010"

#define NOTHING(z, w)                                           \
	{                                                       \
		.zone = z, .answer = SPECIAL_NXDOMAIN, .why = w \
	}
#define EMPTY(z, w)                                          \
	{                                                    \
		.zone = z, .answer = SPECIAL_EMPTY, .why = w \
	}
#define SITE(z, w)                                                       \
	{                                                                \
		.zone = z, .answer = SPECIAL_EMPTY, .reach_beats = true, \
		.why = w                                                 \
	}
#define SITES(z, l, h, w)                                                \
	{                                                                \
		.zone = z, .answer = SPECIAL_EMPTY, .reach_beats = true, \
		.numbered = true, .low = l, .high = h, .why = w          \
	}

/* No row lies below another. */
static const struct row rows[] = {
	{.zone = NAME("\11localhost"),
	 .answer = SPECIAL_LOCALHOST,
	 .why = "RFC 6761: localhost"},
	NOTHING(NAME("\7invalid"), "RFC 6761: no name by intent"),
	NOTHING(NAME("\5onion"), "RFC 7686: not for DNS"),
	NOTHING(NAME("\3alt"), "RFC 9476: not for DNS"),
	/* Some sites have their directory there, against the RFC. */
	{.zone = NAME("\5local"),
	 .answer = SPECIAL_NXDOMAIN,
	 .reach_beats = true,
	 .why = "RFC 6762: multicast DNS"},
	{.zone = NAME("\4test"),
	 .answer = SPECIAL_NXDOMAIN,
	 .reach_beats = true,
	 .why = "RFC 6761: tests"},
	SITE(NAME("\4home\4arpa"), "RFC 8375: home networks"),
	SITE(NAME("\7service\4arpa"), "RFC 9665: service registration"),
	EMPTY(NAME("\10resolver\4arpa"), "RFC 9462: this resolver"),
	SITE(V4("\00210"), "RFC 6303: private addresses"),
	SITES(V4("\003172"), 16, 31, "RFC 6303: private addresses"),
	SITE(V4("\003168\003192"), "RFC 6303: private addresses"),
	SITES(V4("\003100"), 64, 127, "RFC 7793: shared addresses"),
	EMPTY(V4("\0010"), "RFC 6303: this network"),
	EMPTY(V4("\003127"), "RFC 6303: loopback"),
	EMPTY(V4("\003254\003169"), "RFC 6303: link-local addresses"),
	EMPTY(V4("\0012\0010\003192"), "RFC 6303: documentation"),
	EMPTY(V4("\003100\00251\003198"), "RFC 6303: documentation"),
	EMPTY(V4("\003113\0010\003203"), "RFC 6303: documentation"),
	EMPTY(V4("\003255\003255\003255\003255"), "RFC 6303: broadcast"),
	EMPTY(V6("\0010" ZEROES8 ZEROES8 ZEROES8 "\0010\0010\0010\0010\0010"
		 "\0010\0010"),
	      "RFC 6303: no address"),
	EMPTY(V6("\0011" ZEROES8 ZEROES8 ZEROES8 "\0010\0010\0010\0010\0010"
		 "\0010\0010"),
	      "RFC 6303: loopback"),
	SITE(V6("\001d\001f"), "RFC 6303: unique local addresses"),
	EMPTY(V6("\0018\001e\001f"), "RFC 6303: link-local addresses"),
	EMPTY(V6("\0019\001e\001f"), "RFC 6303: link-local addresses"),
	EMPTY(V6("\001a\001e\001f"), "RFC 6303: link-local addresses"),
	EMPTY(V6("\001b\001e\001f"), "RFC 6303: link-local addresses"),
	EMPTY(V6("\0018\001b\001d\0010\0011\0010\0010\0012"),
	      "RFC 6303: documentation"),
};

/* A decimal label from low to high, written as the reverse tree has it. */
static bool
label_is_between(const uint8_t *label, unsigned low, unsigned high)
{
	unsigned v = 0;

	if (label[0] == 0 || label[0] > 3 || label[1] == '0')
		return false;
	for (unsigned i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return false;
		v = v * 10 + (unsigned)(label[i] - '0');
	}
	return v >= low && v <= high;
}

/* The tail of name that is the row's zone; NULL: not in it. */
static const uint8_t *
row_apex(const struct row *r, const uint8_t *name, unsigned labels)
{
	unsigned own = name_labels(r->zone) + r->numbered;

	if (labels < own || !name_at_or_below(name, r->zone))
		return NULL;
	name = name_skip(name, labels - own);
	return r->numbered && !label_is_between(name, r->low, r->high) ? NULL
								       : name;
}

static void
special_set(struct special *s, const struct row *r, const uint8_t *apex)
{
	s->answer = r->answer;
	s->apex = apex;
	s->reach_beats = r->reach_beats;
	s->why = r->why;
}

/* Most names end in a label that no row ends in. */
static bool
top_has_rows(const uint8_t *top)
{
	static const char *const tops[] = {
		"\11localhost", "\7invalid", "\5onion", "\3alt",
		"\5local",	"\4test",    "\4arpa",
	};

	for (unsigned i = 0; i < ARRAY_LEN(tops); i++)
		if (top[0] == (uint8_t)tops[i][0] &&
		    name_equal(top, NAME(tops[i])))
			return true;
	return false;
}

void
special_find(struct special *s, const uint8_t *name)
{
	unsigned labels = name_labels(name);
	const uint8_t *top = name_skip(name, labels > 0 ? labels - 1 : 0);

	*s = (struct special){.answer = SPECIAL_NONE};
	if (!top_has_rows(top))
		return;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const uint8_t *apex = row_apex(&rows[i], name, labels);

		if (apex != NULL) {
			special_set(s, &rows[i], apex);
			return;
		}
	}
}

const uint8_t *
special_soa(size_t *len)
{
	/* RFC 6303 section 3, with a server that exists everywhere. */
	static const uint8_t soa[] = "\11localhost\0"
				     "\6nobody\7invalid\0"
				     "\0\0\0\1"	      /* serial */
				     "\0\0\x0e\x10"   /* refresh: 3600 */
				     "\0\0\x04\xb0"   /* retry: 1200 */
				     "\0\x09\x3a\x80" /* expire: 604800 */
				     "\0\0\x2a\x30";  /* minimum: SPECIAL_TTL */

	*len = sizeof(soa) - 1;
	return soa;
}

const char *
special_row(unsigned i, struct special *s)
{
	static _Thread_local uint8_t name[NAME_WIRE_MAX];
	static _Thread_local char text[NAME_TEXT_MAX];

	for (unsigned n = 0; n < ARRAY_LEN(rows); n++) {
		const struct row *r = &rows[n];
		unsigned count = r->numbered ? r->high - r->low + 1u : 1;
		char label[5] = "";

		if (i >= count) {
			i -= count;
			continue;
		}
		if (r->numbered) {
			snprintf(label + 1, 4, "%u", r->low + i);
			label[0] = (char)strlen(label + 1);
		}
		must(name_concat(name, (const uint8_t *)label, strlen(label),
				 r->zone) > 0);
		name_to_text(text, name);
		special_set(s, r, name);
		return text;
	}
	return NULL;
}
