/*
 * $GENERATE range owner [ttl] [class] type rdata, as BIND documents it:
 * $ stands for the iterator, ${offset,width,base} for the iterator plus offset,
 * padded with zeros to width, in base d, o, x, X, n or N (nibbles of a reverse
 * name). A backslash keeps its octet as it is: \$.
 */
#include "zones/text_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MAX 255
#define VALUE_MAX INT32_MAX

bool
text_range(const struct text_token *tok, struct text_range *r)
{
	const char *end = tok->text + tok->len;
	const char *dash = memchr(tok->text, '-', tok->len);
	const char *slash = memchr(tok->text, '/', tok->len);

	if (!dash || tok->quoted || (slash && slash < dash))
		return false;
	r->step = 1;
	if (slash && (!text_number(slash + 1, (size_t)(end - slash - 1),
				   VALUE_MAX, &r->step) ||
		      r->step == 0))
		return false;
	if (!slash)
		slash = end;
	return text_number(tok->text, (size_t)(dash - tok->text), VALUE_MAX,
			   &r->start) &&
	       text_number(dash + 1, (size_t)(slash - dash - 1), VALUE_MAX,
			   &r->stop) &&
	       r->start <= r->stop;
}

struct modifier {
	int64_t offset;
	uint64_t width;
	char base;
};

/* What is between ${ and }: offset[,width[,base]]. */
static bool
modifier_read(const char *text, size_t len, struct modifier *m)
{
	const char *end = text + len;
	const char *comma = memchr(text, ',', len);
	const char *stop = comma ? comma : end;
	bool minus = len > 0 && *text == '-';
	uint64_t n;

	m->width = 0;
	m->base = 'd';
	if (minus || (len > 0 && *text == '+'))
		text++;
	if (!text_number(text, (size_t)(stop - text), VALUE_MAX, &n))
		return false;
	m->offset = minus ? -(int64_t)n : (int64_t)n;
	if (!comma)
		return true;
	text = comma + 1;
	comma = memchr(text, ',', (size_t)(end - text));
	stop = comma ? comma : end;
	if (!text_number(text, (size_t)(stop - text), WIDTH_MAX, &m->width))
		return false;
	if (!comma)
		return true;
	if (end - comma != 2 || !strchr("doxXnN", comma[1]))
		return false;
	m->base = comma[1];
	return true;
}

/* Nibbles, lowest first, with dots: 10 in width 5 is a.0.0; width counts the
 * dots. */
static void
show_nibbles(FILE *out, uint64_t v, uint64_t width, const char *digits)
{
	uint64_t used = 0;

	do {
		if (used++ > 0) {
			fputc('.', out);
			used++;
		}
		fputc(digits[v & 15], out);
		v >>= 4;
	} while (v > 0 || used < width);
}

static bool
show_value(FILE *out, uint64_t iterator, const struct modifier *m)
{
	int64_t v = (int64_t)iterator + m->offset;
	int width = (int)m->width;

	if (v < 0)
		return false;
	switch (m->base) {
	case 'o':
		fprintf(out, "%0*llo", width, (unsigned long long)v);
		break;
	case 'x':
		fprintf(out, "%0*llx", width, (unsigned long long)v);
		break;
	case 'X':
		fprintf(out, "%0*llX", width, (unsigned long long)v);
		break;
	case 'n':
		show_nibbles(out, (uint64_t)v, m->width, "0123456789abcdef");
		break;
	case 'N':
		show_nibbles(out, (uint64_t)v, m->width, "0123456789ABCDEF");
		break;
	default:
		fprintf(out, "%0*lld", width, (long long)v);
	}
	return true;
}

/* At a $: writes the value and returns what is behind, NULL if it is wrong. */
static const char *
replace(FILE *out, const char *at, const char *end, uint64_t value)
{
	struct modifier m = {.base = 'd'};
	const char *close;

	if (at + 1 < end && at[1] == '$') { /* $$: the old way of \$ */
		fputs("\\$", out);
		return at + 2;
	}
	if (at + 1 == end || at[1] != '{')
		return show_value(out, value, &m) ? at + 1 : NULL;
	close = memchr(at, '}', (size_t)(end - at));
	if (!close || !modifier_read(at + 2, (size_t)(close - at - 2), &m) ||
	    !show_value(out, value, &m))
		return NULL;
	return close + 1;
}

static bool
token_generate(FILE *out, const struct text_token *tok, uint64_t value)
{
	const char *at = tok->text, *end = tok->text + tok->len;

	if (tok->quoted)
		fputc('"', out);
	while (at && at < end) {
		if (*at == '$') {
			at = replace(out, at, end, value);
			continue;
		}
		if (*at == '\\' && at + 1 < end)
			fputc(*at++, out);
		fputc(*at++, out);
	}
	if (tok->quoted)
		fputc('"', out);
	fputc(' ', out);
	return at != NULL;
}

enum err
text_generate(const struct text_line *ln, size_t first, uint64_t value,
	      char **line, size_t *len, const struct text_token **bad)
{
	FILE *out;
	bool fine = true;

	*line = NULL;
	out = open_memstream(line, len);
	if (!out)
		return ERR_NOMEM;
	for (size_t i = first; fine && i < ln->count; i++) {
		*bad = &ln->tokens[i];
		fine = token_generate(out, *bad, value);
	}
	if (fclose(out) != 0) {
		free(*line);
		return ERR_NOMEM;
	}
	if (!fine)
		free(*line);
	return fine ? ERR_OK : ERR_SYNTAX;
}
