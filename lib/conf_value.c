#include "lib/conf_internal.h"

#include "lib/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum err
conf_fail_value(struct conf_reader *r, const struct conf_node *n,
		const struct conf_setting *s, const char *right)
{
	char quoted[CONF_QUOTE_MAX];

	return conf_fail(r, n, ERR_SYNTAX, "\"%s\": %s is not %s", s->key,
			 conf_quote(quoted, n->text), right);
}

/* --- numbers ------------------------------------------------------------- */

static void
show_count(char dst[32], uint64_t v)
{
	snprintf(dst, 32, "%llu", (unsigned long long)v);
}

static void
show_size(char dst[32], uint64_t v)
{
	static const char units[] = "\0KMGT";
	unsigned u = 0;

	while (v && v % 1024 == 0 && units[u + 1]) {
		v /= 1024;
		u++;
	}
	snprintf(dst, 32, "%llu%.1s", (unsigned long long)v, units + u);
}

static void
show_duration(char dst[32], uint64_t v)
{
	if (v % 1000)
		snprintf(dst, 32, "%llums", (unsigned long long)v);
	else if (v % 3600000 == 0 && v)
		snprintf(dst, 32, "%lluh", (unsigned long long)v / 3600000);
	else if (v % 60000 == 0 && v)
		snprintf(dst, 32, "%llum", (unsigned long long)v / 60000);
	else
		snprintf(dst, 32, "%llus", (unsigned long long)v / 1000);
}

struct unit {
	const char *text;
	uint64_t times;
};

/* The largest unit of which it is a whole number. */
static void
show_units(char dst[32], uint64_t v, const struct unit *units, size_t count)
{
	size_t u = count - 1;

	while (u && (!v || v % units[u].times))
		u--;
	snprintf(dst, 32, "%llu%s", (unsigned long long)(v / units[u].times),
		 units[u].text);
}

/* [0] is how a 0 is shown; a number alone counts in the unit of [0]. */
static const struct unit units_of_time[] = {
	{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
static const struct unit units_of_length[] = {{"m", 1}, {"km", 1000}};

static void
show_seconds(char dst[32], uint64_t v)
{
	show_units(dst, v, units_of_time, ARRAY_LEN(units_of_time));
}

static void
show_metres(char dst[32], uint64_t v)
{
	show_units(dst, v, units_of_length, ARRAY_LEN(units_of_length));
}

static void
show_mode(char dst[32], uint64_t v)
{
	snprintf(dst, 32, "%04llo", (unsigned long long)v);
}

/* Digits of a base up to 10; *end gets what follows. False: no digit, or
 * beyond 2^64. */
static bool
digits_read(uint64_t *v, const char *text, const char **end, unsigned base)
{
	const char *at = text;

	for (*v = 0; *at >= '0' && *at < (char)('0' + base); at++) {
		if (__builtin_mul_overflow(*v, base, v) ||
		    __builtin_add_overflow(*v, (unsigned)(*at - '0'), v))
			return false;
	}
	*end = at;
	return at != text;
}

/* A number and one of the units behind it ("" may be one). */
static bool
number_read(uint64_t *v, const char *text, const struct unit *units,
	    size_t count)
{
	const char *rest;

	if (!digits_read(v, text, &rest, 10))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(rest, units[i].text))
			return !__builtin_mul_overflow(*v, units[i].times, v);
	}
	return false;
}

static enum err
range_check(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, uint64_t v)
{
	char least[32], most[32], quoted[CONF_QUOTE_MAX];

	if (v >= s->min && v <= s->max)
		return ERR_OK;
	s->kind->show(least, s->min);
	s->kind->show(most, s->max);
	return conf_fail(r, n, ERR_RANGE,
			 "\"%s\": %s is out of range, %s to %s", s->key,
			 conf_quote(quoted, n->text), least, most);
}

static enum err
read_size(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	static const struct unit units[] = {
		{"", 1},	 {"k", 1u << 10},   {"m", 1u << 20},
		{"g", 1u << 30}, {"t", 1ull << 40},
	};
	uint64_t v;

	if (!number_read(&v, n->text, units, ARRAY_LEN(units)))
		return conf_fail_value(r, n, s, "a size such as 512M or 4G");
	*(uint64_t *)conf_field(s, into) = v;
	return range_check(r, n, s, v);
}

static enum err
read_duration(struct conf_reader *r, const struct conf_node *n,
	      const struct conf_setting *s, void *into)
{
	static const struct unit units[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	uint64_t v;

	if (!number_read(&v, n->text, units, ARRAY_LEN(units)))
		return conf_fail_value(
			r, n, s,
			"a duration with its unit, such as 10s or "
			"500ms");
	*(unsigned *)conf_field(s, into) = (unsigned)v;
	return range_check(r, n, s, v);
}

/* With its unit, or a number alone, into a uint32_t. */
static enum err
units_read(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into, const struct unit *units,
	   size_t count, const char *right)
{
	static const struct unit alone = {"", 1};
	uint64_t v;

	if (!number_read(&v, n->text, &alone, 1) &&
	    !number_read(&v, n->text, units, count))
		return conf_fail_value(r, n, s, right);
	*(uint32_t *)conf_field(s, into) = (uint32_t)v;
	return range_check(r, n, s, v);
}

static enum err
read_seconds(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, void *into)
{
	return units_read(r, n, s, into, units_of_time,
			  ARRAY_LEN(units_of_time),
			  "a number of seconds, or a time such as 30m or 1d");
}

static enum err
read_metres(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, void *into)
{
	return units_read(r, n, s, into, units_of_length,
			  ARRAY_LEN(units_of_length),
			  "a length such as 100m or 1km");
}

static enum err
read_flag(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	bool yes = strcmp(n->text, "yes") == 0 || strcmp(n->text, "true") == 0;

	if (!yes && strcmp(n->text, "no") != 0 && strcmp(n->text, "false") != 0)
		return conf_fail_value(r, n, s, s->kind->text);
	*(bool *)conf_field(s, into) = yes;
	return ERR_OK;
}

static enum err
count_read(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, uint64_t *v)
{
	const char *rest;

	if (!digits_read(v, n->text, &rest, 10) || *rest)
		return conf_fail_value(r, n, s, "a number");
	return range_check(r, n, s, *v);
}

static enum err
read_count(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	uint64_t v;
	enum err e = count_read(r, n, s, &v);

	if (!e)
		*(unsigned *)conf_field(s, into) = (unsigned)v;
	return e;
}

static enum err
read_count16(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, void *into)
{
	uint64_t v;
	enum err e = count_read(r, n, s, &v);

	if (!e)
		*(uint16_t *)conf_field(s, into) = (uint16_t)v;
	return e;
}

static enum err
read_mode(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	const char *text = n->text, *rest;
	uint64_t v;

	if (!strncmp(text, "0o", 2))
		text += 2;
	if (!digits_read(&v, text, &rest, 8) || *rest)
		return conf_fail_value(r, n, s,
				       "a file mode in octal, such as 0660");
	*(unsigned *)conf_field(s, into) = (unsigned)v;
	return range_check(r, n, s, v);
}

static enum err
read_level(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	static const char *const words[] = {[LOG_ERROR] = "error",
					    [LOG_WARNING] = "warning",
					    [LOG_NOTICE] = "notice",
					    [LOG_INFO] = "info",
					    [LOG_DEBUG] = "debug"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcmp(n->text, words[i])) {
			*(int *)conf_field(s, into) = (int)i;
			return ERR_OK;
		}
	}
	return conf_fail_value(r, n, s, s->kind->text);
}

/* --- texts --------------------------------------------------------------- */

static enum err
length_check(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, size_t len)
{
	if (len < s->min)
		return conf_fail(r, n, ERR_RANGE, "\"%s\" is empty", s->key);
	if (len > s->max)
		return conf_fail(r, n, ERR_RANGE,
				 "\"%s\" is too long: %zu octets, at most %llu",
				 s->key, len, (unsigned long long)s->max);
	return ERR_OK;
}

static enum err
read_text(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	size_t len = strlen(n->text);
	enum err e = length_check(r, n, s, len);
	char *text;

	if (e)
		return e;
	text = conf_alloc(r, len + 1);
	if (!text)
		return ERR_NOMEM;
	memcpy(text, n->text, len);
	*(char **)conf_field(s, into) = text;
	return ERR_OK;
}

char *
conf_path(struct conf_reader *r, const char *text)
{
	size_t len = strlen(text), folder = strlen(r->folder);
	char *path = conf_alloc(r, folder + 1 + len + 1);

	if (!path)
		return NULL;
	if (text[0] == '/') {
		memcpy(path, text, len + 1);
		return path;
	}
	if (!strncmp(text, "./", 2)) {
		text += 2;
		len -= 2;
	}
	memcpy(path, r->folder, folder);
	if (path[folder - 1] != '/')
		path[folder++] = '/';
	memcpy(path + folder, text, len + 1);
	return path;
}

static enum err
read_path(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	enum err e = length_check(r, n, s, strlen(n->text));
	char *path;

	if (e)
		return e;
	path = conf_path(r, n->text);
	*(char **)conf_field(s, into) = path;
	return path ? ERR_OK : ERR_NOMEM;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octets behind "0x", or those of the text itself. */
static enum err
read_octets(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, void *into)
{
	bool hex = !strncasecmp(n->text, "0x", 2);
	const char *text = hex ? n->text + 2 : n->text;
	size_t len = strlen(text);
	uint8_t *octets;
	enum err e;

	if (hex && (len % 2 || text[strspn(text, "0123456789abcdefABCDEF")]))
		return conf_fail_value(r, n, s, "pairs of hexadecimal digits");
	e = length_check(r, n, s, hex ? len / 2 : len);
	if (e)
		return e;
	octets = conf_alloc(r, len);
	if (!octets)
		return ERR_NOMEM;
	if (hex)
		len /= 2;
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(hex ? hex_digit(text[2 * i]) * 16 +
						      hex_digit(text[2 * i + 1])
					  : text[i]);
	*(uint8_t **)conf_field(s, into) = octets;
	*(size_t *)((char *)into + s->count_offset) = len;
	return ERR_OK;
}

/* --- addresses ----------------------------------------------------------- */

static enum err
read_address(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, void *into)
{
	struct conf_list *l = into;
	char text[NET_ADDR_TEXT_MAX], other[NET_ADDR_TEXT_MAX];
	struct net_addr a, *to;
	enum err e = net_addr_from_text(&a, n->text, 53, r->diag);

	if (e)
		return conf_fail_within(r, n, e, s->key);
	net_addr_to_text(text, &a);
	for (size_t i = 0; i < l->count; i++) {
		to = (struct net_addr *)l->items + i;
		if (!strcmp(text, net_addr_to_text(other, to)))
			return conf_fail(r, n, ERR_EXISTS,
					 "\"%s\": %s is given twice", s->key,
					 text);
	}
	if (s->max && l->count == s->max)
		return conf_fail(r, n, ERR_RANGE,
				 "\"%s\" takes at most %llu of %s", s->key,
				 (unsigned long long)s->max, s->kind->text);
	to = conf_list_push(l);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	*to = a;
	return ERR_OK;
}

const struct conf_kind conf_kind_addresses = {
	.text = "addresses, ADDRESS or ADDRESS@PORT",
	.shape = CONF_SEVERAL,
	.size = sizeof(struct net_addr),
	.read = read_address,
};
const struct conf_kind conf_kind_path = {.text = "a path", .read = read_path};
const struct conf_kind conf_kind_size = {
	.text = "a size in octets, with K, M, G or T behind it",
	.read = read_size,
	.show = show_size,
};
const struct conf_kind conf_kind_count = {
	.text = "a number",
	.read = read_count,
	.show = show_count,
};
const struct conf_kind conf_kind_count16 = {
	.text = "a number",
	.read = read_count16,
	.show = show_count,
};
const struct conf_kind conf_kind_duration = {
	.text = "a duration with its unit, ms, s, m or h",
	.read = read_duration,
	.show = show_duration,
};
const struct conf_kind conf_kind_mode = {
	.text = "a file mode in octal",
	.read = read_mode,
	.show = show_mode,
};
const struct conf_kind conf_kind_text = {.text = "a text", .read = read_text};
const struct conf_kind conf_kind_octets = {
	.text = "a text, or 0x and hexadecimal digits",
	.read = read_octets,
};
const struct conf_kind conf_kind_level = {
	.text = "error, warning, notice, info or debug",
	.read = read_level,
};
const struct conf_kind conf_kind_flag = {.text = "yes or no",
					 .read = read_flag};
const struct conf_kind conf_kind_seconds = {
	.text = "seconds, or a time with its unit, s, m, h or d",
	.read = read_seconds,
	.show = show_seconds,
};
const struct conf_kind conf_kind_metres = {
	.text = "metres, or a length with its unit, m or km",
	.read = read_metres,
	.show = show_metres,
};
const struct conf_kind conf_kind_settings = {
	.text = "settings",
	.shape = CONF_GROUP,
};
