#include "lib/conf_internal.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/*
 * libyaml reads the : of "::1" or "fe80::" within [ ] as the one between key
 * and value, against YAML 1.2. So the colons of a word that looks like an IPv6
 * address are hidden from it: U+E03A, a character of private use, stands for
 * each, and is changed back in every text that comes out. One character for
 * one, so that lines and columns stay true.
 */
#define HIDDEN "\xee\x80\xba"
#define HIDDEN_LEN 3

/* Octets of the word at text that consists of what addresses are made of; 0 if
 * it holds no "::". */
static size_t
colons_word(const char *text, size_t len)
{
	bool twice = false;
	size_t i = 0;

	for (; i < len; i++) {
		char c = (char)(text[i] | 0x20);

		if (text[i] == ':')
			twice = twice || (i && text[i - 1] == ':');
		else if (!(c >= 'a' && c <= 'f') && text[i] != '.' &&
			 !(text[i] >= '0' && text[i] <= '9'))
			break;
	}
	return twice ? i : 0;
}

/* A copy, malloc'd, NUL-terminated; *out its length. NULL: memory. */
static char *
colons_hide(const char *text, size_t len, size_t *out)
{
	char *dst = malloc(len * HIDDEN_LEN + 1), *to = dst;
	size_t word = 0; /* octets left of a word whose colons are hidden */
	bool start = true;

	if (!dst)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (start)
			word = colons_word(text + i, len - i);
		start = strchr(" \t\r\n[,{", text[i]) != NULL;
		if (word && text[i] == ':')
			to = mempcpy(to, HIDDEN, HIDDEN_LEN);
		else
			*to++ = text[i];
		word -= word != 0;
	}
	*to = 0;
	*out = (size_t)(to - dst);
	return dst;
}

static void
colons_show(char *text)
{
	char *to = text;

	while (*text) {
		if (!strncmp(text, HIDDEN, HIDDEN_LEN)) {
			*to++ = ':';
			text += HIDDEN_LEN;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

/* What is open while the events go by. */
struct conf_builder {
	struct conf_tree *tree;
	const char *name;
	struct diag *diag;
	unsigned depth;
	uint32_t open[CONF_DEPTH_MAX]; /* nodes */
	uint32_t last[CONF_DEPTH_MAX]; /* the last child of each; 0: none */
};

bool
conf_node_is_null(const struct conf_node *n)
{
	return n->kind == CONF_SCALAR && n->plain &&
	       (!n->text[0] || !strcmp(n->text, "~") ||
		!strcmp(n->text, "null"));
}

const struct conf_node *
conf_node_first(const struct conf_tree *t, const struct conf_node *n)
{
	return n->first ? &t->nodes[n->first] : NULL;
}

const struct conf_node *
conf_node_next(const struct conf_tree *t, const struct conf_node *n)
{
	return n->next ? &t->nodes[n->next] : NULL;
}

const struct conf_node *
conf_node_find(const struct conf_tree *t, const struct conf_node *map,
	       const char *key)
{
	const struct conf_node *k = conf_node_first(t, map);

	for (; k; k = conf_node_next(t, conf_node_next(t, k))) {
		if (k->kind == CONF_SCALAR && !strcmp(k->text, key))
			return conf_node_next(t, k);
	}
	return NULL;
}

static enum err
fail_at(const struct conf_builder *b, const yaml_mark_t *at, const char *what)
{
	return diag_set(b->diag, ERR_SYNTAX, "%s:%zu:%zu: %s", b->name,
			at->line + 1, at->column + 1, what);
}

static enum err
fail_memory(const struct conf_builder *b)
{
	return diag_set(b->diag, ERR_NOMEM, "%s: out of memory", b->name);
}

/* A new node as the next child of what is open; *index is its own. */
static enum err
node_add(struct conf_builder *b, const yaml_event_t *ev,
	 enum conf_node_kind kind, uint32_t *index)
{
	struct conf_tree *t = b->tree;
	unsigned at = b->depth - 1;

	if (t->count == CONF_NODES_MAX)
		return fail_at(b, &ev->start_mark, "too many entries");
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		void *p = realloc(t->nodes, room * sizeof(*t->nodes));

		if (!p)
			return fail_memory(b);
		t->nodes = p;
		t->room = room;
	}
	*index = (uint32_t)t->count++;
	t->nodes[*index] = (struct conf_node){
		.kind = kind,
		.line = (unsigned)ev->start_mark.line + 1,
		.col = (unsigned)ev->start_mark.column + 1,
	};
	if (!b->depth)
		return ERR_OK;
	if (b->last[at])
		t->nodes[b->last[at]].next = *index;
	else
		t->nodes[b->open[at]].first = *index;
	b->last[at] = *index;
	t->nodes[b->open[at]].count++;
	return ERR_OK;
}

static enum err
open_add(struct conf_builder *b, const yaml_event_t *ev,
	 enum conf_node_kind kind)
{
	uint32_t index = 0;
	enum err e;

	if (b->depth == CONF_DEPTH_MAX)
		return fail_at(b, &ev->start_mark, "nested too deeply");
	e = node_add(b, ev, kind, &index);
	if (e)
		return e;
	b->open[b->depth] = index;
	b->last[b->depth] = 0;
	b->depth++;
	return ERR_OK;
}

static enum err
scalar_add(struct conf_builder *b, const yaml_event_t *ev)
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	uint32_t index = 0;
	char *text;
	enum err e;

	if (memchr(value, 0, len))
		return fail_at(b, &ev->start_mark, "a text holds a NUL octet");
	e = node_add(b, ev, CONF_SCALAR, &index);
	if (e)
		return e;
	text = arena_copy(&b->tree->text, value, len + 1);
	if (!text)
		return fail_memory(b);
	colons_show(text);
	b->tree->nodes[index].text = text;
	b->tree->nodes[index].plain =
		ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return ERR_OK;
}

static enum err
event_refuse(const struct conf_builder *b, const yaml_event_t *ev)
{
	const void *anchor = NULL, *tag = NULL;

	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	case YAML_ALIAS_EVENT:
		anchor = ev->data.alias.anchor;
		break;
	default:
		break;
	}
	if (anchor)
		return fail_at(b, &ev->start_mark,
			       "anchors (&) and aliases (*) are not "
			       "understood; a text that starts with * or & "
			       "needs quotes");
	if (tag)
		return fail_at(b, &ev->start_mark,
			       "tags (!) are not understood; a text that "
			       "starts with ! needs quotes");
	return ERR_OK;
}

static enum err
event_take(struct conf_builder *b, const yaml_event_t *ev)
{
	enum err e = event_refuse(b, ev);

	if (e)
		return e;
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->tree->count)
			return fail_at(b, &ev->start_mark,
				       "only one document is expected");
		return ERR_OK;
	case YAML_SCALAR_EVENT:
		return scalar_add(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_add(b, ev, CONF_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_add(b, ev, CONF_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

/* The reader of libyaml knows only the octet it stumbled over. */
static yaml_mark_t
mark_of_offset(const char *text, size_t len, size_t offset)
{
	yaml_mark_t mark = {.index = offset};

	for (size_t i = 0; i < offset && i < len; i++) {
		mark.column += (text[i] & 0xc0) != 0x80; /* UTF-8 */
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

/* For those who do not know YAML by heart. */
static const char *
hint_of(const char *problem)
{
	if (strstr(problem, "cannot start any token"))
		return "; YAML indents with spaces, not with tabs, and a text "
		       "that starts with @ or ` needs quotes";
	if (strstr(problem, "alphabetic or numeric character"))
		return "; a text that starts with * or & needs quotes";
	return "";
}

static enum err
fail_parser(const struct conf_builder *b, const yaml_parser_t *p,
	    const char *text, size_t len)
{
	const char *problem = p->problem ? p->problem : "not YAML";
	yaml_mark_t at = p->problem_mark;
	char what[256], from[32] = "";

	if (p->error == YAML_MEMORY_ERROR)
		return fail_memory(b);
	if (p->error == YAML_READER_ERROR)
		at = mark_of_offset(text, len, p->problem_offset);
	if (p->context && p->context_mark.line != at.line)
		snprintf(from, sizeof(from), " (from line %zu)",
			 p->context_mark.line + 1);
	snprintf(what, sizeof(what), "%s%s%s%s%s", p->context ? p->context : "",
		 from, p->context ? ", " : "", problem, hint_of(problem));
	return fail_at(b, &at, what);
}

enum err
conf_tree_read(struct conf_tree *t, const char *text, size_t len,
	       const char *name, struct diag *d)
{
	struct conf_builder b = {.tree = t, .name = name, .diag = d};
	enum err e = ERR_OK;
	yaml_parser_t parser;
	yaml_event_t ev;
	bool end = false;
	char *hidden;

	memset(t, 0, sizeof(*t));
	arena_init_growing(&t->text);
	if (len > CONF_FILE_MAX)
		return diag_set(d, ERR_RANGE, "%s: larger than %u MiB", name,
				CONF_FILE_MAX >> 20);
	hidden = colons_hide(text, len, &len);
	if (!hidden || !yaml_parser_initialize(&parser)) {
		free(hidden);
		return fail_memory(&b);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)hidden,
				     len);
	while (!end && !e) {
		if (!yaml_parser_parse(&parser, &ev)) {
			e = fail_parser(&b, &parser, hidden, len);
			break;
		}
		end = ev.type == YAML_STREAM_END_EVENT;
		e = event_take(&b, &ev);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&parser);
	explicit_bzero(hidden, len);
	free(hidden);
	return e;
}

void
conf_tree_free(struct conf_tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->nodes[i].text)
			explicit_bzero(t->nodes[i].text,
				       strlen(t->nodes[i].text));
	}
	free(t->nodes);
	arena_free(&t->text);
	t->nodes = NULL;
	t->count = t->room = 0;
}
