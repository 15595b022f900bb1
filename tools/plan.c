/* The model of a building plan: memory, items, remarks. */
#include "tools/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void
plan_init(struct plan *p, const uint8_t *origin,
	  const struct plan_options *options)
{
	*p = (struct plan){.options = options};
	arena_init_growing(&p->arena);
	name_copy(p->origin, origin);
	p->building = options->building;
	p->language = options->language;
}

void
plan_free(struct plan *p)
{
	arena_free(&p->arena);
}

/* --- memory -------------------------------------------------------------- */

void *
plan_alloc(struct plan *p, size_t len)
{
	void *block = arena_alloc(&p->arena, len == 0 ? 1 : len);

	if (block == NULL) {
		fputs("placectl: out of memory\n", stderr);
		exit(1);
	}
	return memset(block, 0, len);
}

char *
plan_copy(struct plan *p, const char *text, size_t len)
{
	char *copy = plan_alloc(p, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *
plan_format(struct plan *p, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return plan_copy(p, text, strlen(text));
}

void
plan_clean(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		unsigned char next = (unsigned char)at[1];

		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
		else if (*at == '\xc2' && next >= 0x80 && next < 0xa0)
			at[0] = at[1] = ' '; /* U+0080 to U+009F */
	}
}

const char *
plan_text(struct plan *p, const char *text)
{
	char *copy, *end;

	if (text == NULL)
		return NULL;
	while (*text != '\0' && (unsigned char)*text <= ' ')
		text++;
	if (*text == '\0')
		return NULL;
	copy = plan_copy(p, text, strlen(text));
	plan_clean(copy);
	end = copy + strlen(copy);
	while (end > copy && end[-1] == ' ')
		*--end = '\0';
	return copy;
}

/* Room for one more of size octets; the old block is left to the arena. */
static void *
plan_grow(struct plan *p, void *old, size_t count, size_t *room, size_t size)
{
	void *block;

	if (count < *room)
		return old;
	*room = *room == 0 ? 8 : *room * 2;
	block = plan_alloc(p, *room * size);
	if (count > 0)
		memcpy(block, old, count * size);
	return block;
}

/* --- items and links ----------------------------------------------------- */

struct plan_item *
plan_add(struct plan *p, enum plan_kind kind, const char *file, const char *id)
{
	struct plan_item *item = plan_alloc(p, sizeof(*item));

	*item = (struct plan_item){
		.kind = kind,
		.file = file,
		.id = id,
		.altitude = __builtin_nan(""),
		.height = __builtin_nan(""),
	};
	p->items = plan_grow(p, p->items, p->count, &p->room,
			     sizeof(struct plan_item *));
	p->items[p->count++] = item;
	return item;
}

void
plan_drop(struct plan *p, struct plan_item *item, const char *reason)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->items[i] != item)
			p->items[kept++] = p->items[i];
	p->count = kept;
	kept = 0;
	for (size_t i = 0; i < p->link_count; i++)
		if (p->links[i].from != item && p->links[i].to != item)
			p->links[kept++] = p->links[i];
	p->link_count = kept;
	plan_left(p, item->file, item->id, "%s", reason);
}

void
plan_link(struct plan *p, struct plan_item *from, const char *label,
	  struct plan_item *to)
{
	p->links = plan_grow(p, p->links, p->link_count, &p->link_room,
			     sizeof(*p->links));
	p->links[p->link_count++] =
		(struct plan_link){.from = from, .to = to, .label = label};
}

void
plan_pair(struct plan *p, struct plan_pairs *pairs, const char *key,
	  const char *value)
{
	value = plan_text(p, value);
	if (value == NULL || plan_value(pairs, key) != NULL)
		return;
	pairs->at = plan_grow(p, pairs->at, pairs->count, &pairs->room,
			      sizeof(*pairs->at));
	pairs->at[pairs->count++] = (struct plan_pair){
		.key = plan_copy(p, key, strlen(key)), .value = value};
}

const char *
plan_value(const struct plan_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->at[i].key, key) == 0)
			return pairs->at[i].value;
	return NULL;
}

/* --- geometry ------------------------------------------------------------ */

void
plan_ring_add(struct plan *p, struct plan_ring *ring, double lat, double lon)
{
	ring->at = plan_grow(p, ring->at, ring->count, &ring->room,
			     sizeof(*ring->at));
	ring->at[ring->count++] = (struct plan_point){.lat = lat, .lon = lon};
}

struct plan_ring *
plan_area_add(struct plan *p, struct plan_area *area)
{
	area->rings = plan_grow(p, area->rings, area->count, &area->room,
				sizeof(*area->rings));
	area->rings[area->count] = (struct plan_ring){0};
	return &area->rings[area->count++];
}

struct plan_area *
plan_feature_area(struct plan *p, struct plan_feature *f)
{
	f->areas = plan_grow(p, f->areas, f->area_count, &f->area_room,
			     sizeof(*f->areas));
	f->areas[f->area_count] = (struct plan_area){0};
	return &f->areas[f->area_count++];
}

struct plan_ring *
plan_feature_line(struct plan *p, struct plan_feature *f)
{
	f->lines = plan_grow(p, f->lines, f->line_count, &f->line_room,
			     sizeof(*f->lines));
	f->lines[f->line_count] = (struct plan_ring){0};
	return &f->lines[f->line_count++];
}

/* --- remarks ------------------------------------------------------------- */

static void
plan_remark(struct plan *p, bool left, const char *file, const char *id,
	    const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	plan_clean(text);
	p->remarks = plan_grow(p, p->remarks, p->remark_count, &p->remark_room,
			       sizeof(*p->remarks));
	p->remarks[p->remark_count++] = (struct plan_remark){
		.file = file,
		.id = id,
		.reason = plan_copy(p, text, strlen(text)),
		.left = left,
	};
}

void
plan_left(struct plan *p, const char *file, const char *id, const char *fmt,
	  ...)
{
	va_list args;

	va_start(args, fmt);
	plan_remark(p, true, file, id, fmt, args);
	va_end(args);
}

void
plan_note(struct plan *p, const char *file, const char *id, const char *fmt,
	  ...)
{
	va_list args;

	va_start(args, fmt);
	plan_remark(p, false, file, id, fmt, args);
	va_end(args);
}

/* --- files --------------------------------------------------------------- */

static enum err
plan_read_all(struct plan *p, FILE *in, const char *path, char **text,
	      size_t *len, struct diag *d)
{
	size_t room = 1 << 16, used = 0, got;
	char *block = malloc(room);

	while (block != NULL &&
	       (got = fread(block + used, 1, room - used, in)) > 0) {
		char *bigger;

		used += got;
		if (used < room)
			continue;
		bigger = realloc(block, room *= 2);
		if (bigger == NULL)
			free(block);
		block = bigger;
	}
	if (block == NULL)
		return diag_set(d, ERR_NOMEM, "%s: %s", path,
				err_text(ERR_NOMEM));
	if (ferror(in)) {
		free(block);
		return diag_set(d, ERR_IO, "%s: %s", path, strerror(errno));
	}
	*text = plan_copy(p, block, used);
	*len = used;
	free(block);
	return ERR_OK;
}

/* What unpacks it, or NULL: it is as it should be. */
static const char *
plan_compressed(const char *text)
{
	static const char *const packed[][2] = {{"\x1f\x8b", "gunzip"},
						{"BZh", "bunzip2"},
						{"\xfd"
						 "7zXZ",
						 "unxz"}};

	for (size_t i = 0; i < ARRAY_LEN(packed); i++)
		if (strncmp(text, packed[i][0], strlen(packed[i][0])) == 0)
			return packed[i][1];
	return NULL;
}

enum err
plan_read(struct plan *p, const char *path, char **text, size_t *len,
	  struct diag *d)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	enum err e;

	if (in == NULL)
		return diag_set(d, ERR_IO, "%s: %s", path, strerror(errno));
	e = plan_read_all(p, in, path, text, len, d);
	if (in != stdin)
		fclose(in);
	if (e != ERR_OK)
		return e;
	if (*len >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
		*text += 3;
		*len -= 3;
	}
	if (plan_compressed(*text) != NULL)
		return diag_set(d, ERR_SYNTAX,
				"%s:1: it is packed; unpack it with %s first",
				path, plan_compressed(*text));
	if (strspn(*text, " \t\r\n") == *len)
		return diag_set(d, ERR_SYNTAX, "%s:1: the file is empty", path);
	return ERR_OK;
}
