#include "lib/conf_internal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 64 /* rows of one table */

static void
place(char dst[256], const struct conf_reader *r, const struct conf_node *n)
{
	if (n && n->line)
		snprintf(dst, 256, "%.200s:%u:%u", r->name, n->line, n->col);
	else
		snprintf(dst, 256, "%.200s", r->name);
}

enum err
conf_fail(struct conf_reader *r, const struct conf_node *n, enum err e,
	  const char *fmt, ...)
{
	char where[256], what[sizeof(r->diag->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	place(where, r, n);
	return diag_set(r->diag, e, "%s: %s", where, what);
}

enum err
conf_fail_within(struct conf_reader *r, const struct conf_node *n, enum err e,
		 const char *key)
{
	char where[256];

	place(where, r, n);
	if (r->diag)
		diag_prefix(r->diag, "%s: \"%s\"", where, key);
	return e;
}

const char *
conf_quote(char dst[CONF_QUOTE_MAX], const char *text)
{
	size_t len = 0;

	dst[len++] = '"';
	for (; *text; text++) {
		uint8_t c = (uint8_t)*text;

		if (len > CONF_QUOTE_MAX - 12) {
			memcpy(dst + len, "...", 3);
			len += 3;
			break;
		}
		if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
			len += (size_t)snprintf(dst + len, 5, "\\x%02x", c);
		else
			dst[len++] = *text;
	}
	dst[len++] = '"';
	dst[len] = 0;
	return dst;
}

void *
conf_alloc(struct conf_reader *r, size_t len)
{
	void *p = arena_alloc(r->arena, len);

	if (p)
		memset(p, 0, len);
	else
		diag_set(r->diag, ERR_NOMEM, "%s: out of memory", r->name);
	return p;
}

void *
conf_list_push(struct conf_list *l)
{
	char *item;

	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 4;
		void *p = realloc(l->items, room * l->size);

		if (!p)
			return NULL;
		l->items = p;
		l->room = room;
	}
	item = (char *)l->items + l->count++ * l->size;
	return memset(item, 0, l->size);
}

enum err
conf_list_move(struct conf_reader *r, struct conf_list *l, void *field,
	       size_t *count)
{
	void *items = NULL;

	if (l->count) {
		items = conf_alloc(r, l->count * l->size);
		if (!items)
			return ERR_NOMEM;
		memcpy(items, l->items, l->count * l->size);
	}
	*count = l->count;
	memcpy(field, &items, sizeof(items));
	l->count = 0;
	return ERR_OK;
}

/* "lsiten" is one step from "listen": neighbours that are swapped count once.
 */
unsigned
conf_distance(const char *a, const char *b)
{
	unsigned d[CONF_WORD_MAX + 1][CONF_WORD_MAX + 1];
	size_t la = strnlen(a, CONF_WORD_MAX), lb = strnlen(b, CONF_WORD_MAX);

	for (size_t i = 0; i <= la; i++) {
		for (size_t j = 0; j <= lb; j++) {
			unsigned least = (unsigned)(i + j);

			if (i && d[i - 1][j] + 1 < least)
				least = d[i - 1][j] + 1;
			if (j && d[i][j - 1] + 1 < least)
				least = d[i][j - 1] + 1;
			if (i && j &&
			    d[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < least)
				least = d[i - 1][j - 1] +
					(a[i - 1] != b[j - 1]);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < least)
				least = d[i - 2][j - 2] + 1;
			d[i][j] = least;
		}
	}
	return d[la][lb];
}

bool
conf_distance_is_typo(unsigned distance, const char *b)
{
	/* more steps than that are another word */
	return distance < 4 && distance * 2 <= strlen(b);
}

static enum err
fail_unknown(struct conf_reader *r, const struct conf_node *key,
	     const struct conf_table *table)
{
	char quoted[CONF_QUOTE_MAX];
	unsigned least = UINT_MAX;
	const char *nearest = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const char *word = table->rows[i].key;
		unsigned n = conf_distance(key->text, word);

		if (n < least && conf_distance_is_typo(n, word)) {
			least = n;
			nearest = word;
		}
	}
	conf_quote(quoted, key->text);
	if (nearest)
		return conf_fail(r, key, ERR_SYNTAX,
				 "unknown key %s; did you mean \"%s\"?", quoted,
				 nearest);
	return conf_fail(r, key, ERR_SYNTAX, "unknown key %s%s%s", quoted,
			 table == &conf_table ? "" : " in ",
			 table == &conf_table ? "" : table->heading);
}

/* Lays the values of a map beside the rows of its table. */
static enum err
map_match(struct conf_reader *r, const struct conf_node *map,
	  const struct conf_table *table,
	  const struct conf_node *values[SETTINGS_MAX])
{
	const struct conf_node *key = conf_node_first(&r->tree, map), *value;
	size_t i;

	for (; key; key = conf_node_next(&r->tree, value)) {
		value = conf_node_next(&r->tree, key);
		if (key->kind != CONF_SCALAR)
			return conf_fail(r, key, ERR_SYNTAX,
					 "a key must be a word");
		for (i = 0; i < table->count; i++) {
			if (!strcmp(table->rows[i].key, key->text))
				break;
		}
		if (i == table->count)
			return fail_unknown(r, key, table);
		if (values[i])
			return conf_fail(r, key, ERR_EXISTS,
					 "\"%s\" is given twice, first in line "
					 "%u",
					 key->text, values[i]->line);
		values[i] = value;
	}
	return ERR_OK;
}

static enum err
count_check(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, size_t count)
{
	if (count < s->min)
		return conf_fail(r, n, ERR_RANGE,
				 "\"%s\" needs at least %llu of %s", s->key,
				 (unsigned long long)s->min, s->kind->text);
	if (s->max && count > s->max)
		return conf_fail(r, n, ERR_RANGE,
				 "\"%s\" takes at most %llu of %s", s->key,
				 (unsigned long long)s->max, s->kind->text);
	return ERR_OK;
}

static void
list_set(const struct conf_setting *s, void *into, void *items, size_t count)
{
	*(size_t *)((char *)into + s->count_offset) = count;
	memcpy(conf_field(s, into), &items, sizeof(items));
}

/* Into the arena, and the pointer and the count into the struct. */
static enum err
list_keep(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into, struct conf_list *l)
{
	enum err e = count_check(r, n, s, l->count);
	void *items = NULL;

	if (e)
		return e;
	if (l->count) {
		items = conf_alloc(r, l->count * l->size);
		if (!items)
			return ERR_NOMEM;
		memcpy(items, l->items, l->count * l->size);
	}
	list_set(s, into, items, l->count);
	return ERR_OK;
}

static enum err
read_several(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, void *into)
{
	struct conf_list l = {.size = s->kind->size};
	const struct conf_node *item = n;
	enum err e = ERR_OK;

	if (n->kind == CONF_LIST)
		item = conf_node_first(&r->tree, n);
	else if (conf_node_is_null(n))
		item = NULL;
	while (item && !e) {
		if (item->kind != CONF_SCALAR || conf_node_is_null(item)) {
			e = conf_fail(r, item, ERR_SYNTAX,
				      "\"%s\" takes a list of %s", s->key,
				      s->kind->text);
			break;
		}
		e = s->kind->read(r, item, s, &l);
		item = item == n ? NULL : conf_node_next(&r->tree, item);
	}
	if (!e)
		e = list_keep(r, n, s, into, &l);
	free(l.items);
	return e;
}

static enum err
read_maps(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	const struct conf_node *item = conf_node_first(&r->tree, n);
	size_t size = s->kind->size;
	char *items = NULL;
	enum err e;

	if (n->kind != CONF_LIST && !conf_node_is_null(n))
		return conf_fail(r, n, ERR_SYNTAX,
				 "\"%s\" takes a list, one \"- …\" for each",
				 s->key);
	e = count_check(r, n, s, n->count);
	if (e)
		return e;
	if (n->count) {
		items = conf_alloc(r, n->count * size);
		if (!items)
			return ERR_NOMEM;
	}
	/* Set before they are read: so secrets are wiped whatever happens. */
	list_set(s, into, items, n->count);
	for (; item; item = conf_node_next(&r->tree, item), items += size) {
		must(items);
		if (item->kind != CONF_MAP)
			return conf_fail(r, item, ERR_SYNTAX,
					 "an entry of \"%s\" is settings: "
					 "{ %s: … }",
					 s->key, s->table->rows[0].key);
		e = conf_read_map(r, item, s->table, items);
		if (e)
			return e;
	}
	return s->kind->read(r, n, s, into);
}

static enum err
read_group(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	if (conf_node_is_null(n))
		n = NULL;
	if (n && n->kind != CONF_MAP)
		return conf_fail(r, n, ERR_SYNTAX,
				 "\"%s\" takes settings: { %s: … }", s->key,
				 s->table->rows[0].key);
	return conf_read_map(r, n, s->table, conf_field(s, into));
}

static enum err
read_value(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	switch (s->kind->shape) {
	case CONF_SEVERAL:
		if (n->kind == CONF_MAP)
			return conf_fail(r, n, ERR_SYNTAX,
					 "\"%s\" takes a list of %s", s->key,
					 s->kind->text);
		return read_several(r, n, s, into);
	case CONF_MAPS:
		return read_maps(r, n, s, into);
	case CONF_GROUP:
		return read_group(r, n, s, into);
	case CONF_ONE:
		break;
	}
	if (n->kind != CONF_SCALAR)
		return conf_fail(r, n, ERR_SYNTAX, "\"%s\" takes one value: %s",
				 s->key, s->kind->text);
	if (conf_node_is_null(n))
		return conf_fail(r, n, ERR_SYNTAX, "\"%s\" needs a value: %s",
				 s->key, s->kind->text);
	return s->kind->read(r, n, s, into);
}

/* The default is text like any other and takes the same way. */
static enum err
read_fallback(struct conf_reader *r, const struct conf_setting *s, void *into)
{
	struct conf_list l = {.size = s->kind->size};
	struct conf_node n = {.kind = CONF_SCALAR};
	char text[128], *at = text, *save;
	enum err e = ERR_OK;

	must((size_t)snprintf(text, sizeof(text), "%s", s->fallback) <
	     sizeof(text));
	n.text = text;
	if (s->kind->shape == CONF_ONE)
		return s->kind->read(r, &n, s, into);
	for (n.text = strtok_r(at, ", ", &save); n.text && !e;
	     n.text = strtok_r(NULL, ", ", &save))
		e = s->kind->read(r, &n, s, &l);
	if (!e)
		e = list_keep(r, &n, s, into, &l);
	free(l.items);
	return e;
}

enum err
conf_read_map(struct conf_reader *r, const struct conf_node *n,
	      const struct conf_table *table, void *into)
{
	const struct conf_node *values[SETTINGS_MAX] = {NULL};
	enum err e = ERR_OK;

	must(table->count <= SETTINGS_MAX);
	if (n)
		e = map_match(r, n, table, values);
	for (size_t i = 0; i < table->count && !e; i++) {
		const struct conf_setting *s = &table->rows[i];

		if (values[i])
			e = read_value(r, values[i], s, into);
		else if (s->required)
			e = conf_fail(r, n, ERR_NOTFOUND,
				      "\"%s\" is missing in %s", s->key,
				      table->heading);
		else if (s->kind->shape == CONF_GROUP)
			e = conf_read_map(r, NULL, s->table,
					  conf_field(s, into));
		else if (s->fallback)
			e = read_fallback(r, s, into);
	}
	if (!e && table->finish)
		e = table->finish(r, n, into);
	return e;
}
