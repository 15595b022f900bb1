#include "zones/text_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
text_lexer_init(struct text_lexer *lx, const char *file, const char *text,
		size_t len, unsigned line)
{
	lx->file = file;
	lx->at = lx->line_start = text;
	lx->end = text + len;
	lx->line = line;
}

void
text_line_free(struct text_line *ln)
{
	free(ln->tokens);
	memset(ln, 0, sizeof(*ln));
}

enum err
text_fail(struct diag *d, enum err e, const char *file,
	  const struct text_token *tok, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return diag_set(d, e, "%s:%u:%u: %s", file, tok->line, tok->column,
			what);
}

const char *
text_token_show(char *dst, const struct text_token *tok)
{
	size_t n = tok->len < TEXT_SHOW_MAX - 4 ? tok->len : TEXT_SHOW_MAX - 4;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)tok->text[i];

		dst[i] = c < ' ' || c > '~' ? '?' : (char)c;
	}
	strcpy(dst + n, n < tok->len ? "..." : "");
	return dst;
}

bool
text_token_copy(char *dst, size_t cap, const struct text_token *tok)
{
	if (tok->len == 0 || tok->len >= cap)
		return false;
	memcpy(dst, tok->text, tok->len);
	dst[tok->len] = '\0';
	return true;
}

bool
text_token_is(const struct text_token *tok, const char *word)
{
	return tok->len == strlen(word) &&
	       strncasecmp(tok->text, word, tok->len) == 0;
}

bool
text_number(const char *text, size_t len, uint64_t max, uint64_t *v)
{
	uint64_t n = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n > max)
			return false;
	}
	*v = n;
	return true;
}

static uint64_t
unit_seconds(char c)
{
	switch (c | 0x20) {
	case 'w':
		return 604800;
	case 'd':
		return 86400;
	case 'h':
		return 3600;
	case 'm':
		return 60;
	case 's':
		return 1;
	default:
		return 0;
	}
}

bool
text_period(const char *text, size_t len, uint64_t max, uint64_t *v)
{
	uint64_t sum = 0, n;
	size_t at = 0;

	if (text_number(text, len, max, v))
		return true;
	while (at < len) {
		size_t digits = 0;
		uint64_t unit;

		while (at + digits < len && text[at + digits] >= '0' &&
		       text[at + digits] <= '9')
			digits++;
		if (at + digits == len ||
		    !text_number(text + at, digits, max, &n))
			return false;
		unit = unit_seconds(text[at + digits]);
		sum += n * unit;
		if (unit == 0 || sum > max)
			return false;
		at += digits + 1;
	}
	*v = sum;
	return len > 0;
}

static enum err
add_token(struct text_line *ln, const struct text_token *tok)
{
	if (ln->count == ln->room) {
		size_t room = ln->room ? ln->room * 2 : 64;
		struct text_token *t = realloc(ln->tokens, room * sizeof(*t));

		if (!t)
			return ERR_NOMEM;
		ln->tokens = t;
		ln->room = room;
	}
	ln->tokens[ln->count++] = *tok;
	return ERR_OK;
}

static struct text_token
here(const struct text_lexer *lx)
{
	struct text_token tok = {.text = lx->at,
				 .line = lx->line,
				 .column = (unsigned)(lx->at - lx->line_start) +
					   1};
	return tok;
}

/* Behind a quoted string's last octet, or NULL where the line ends first. */
static const char *
quoted_end(const char *at, const char *end)
{
	while (at < end && *at != '"' && *at != '\n') {
		if (*at == '\\' && at + 1 < end && at[1] != '\n')
			at++;
		at++;
	}
	return at < end && *at == '"' ? at : NULL;
}

static enum err
lex_quoted(struct text_lexer *lx, struct text_line *ln, struct diag *d)
{
	struct text_token tok = here(lx);
	const char *end = quoted_end(lx->at + 1, lx->end);

	if (!end)
		return text_fail(d, ERR_SYNTAX, lx->file, &tok,
				 "quote is not closed on this line");
	tok.text = lx->at + 1;
	tok.len = (size_t)(end - tok.text);
	tok.quoted = true;
	lx->at = end + 1;
	return add_token(ln, &tok);
}

static bool
ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' ||
	       c == '(' || c == ')';
}

/* A word may hold quoted parts: SVCB's alpn="h2,h3". */
static enum err
lex_word(struct text_lexer *lx, struct text_line *ln, struct diag *d)
{
	struct text_token tok = here(lx);
	const char *at = lx->at;

	while (at < lx->end && !ends_word(*at)) {
		if (*at == '"') {
			at = quoted_end(at + 1, lx->end);
			if (!at)
				return text_fail(
					d, ERR_SYNTAX, lx->file, &tok,
					"quote is not closed on this line");
		} else if (*at == '\\' && at + 1 < lx->end && at[1] != '\n') {
			at++;
		}
		at++;
	}
	tok.len = (size_t)(at - tok.text);
	lx->at = at;
	return add_token(ln, &tok);
}

static void
next_line(struct text_lexer *lx)
{
	lx->at++;
	lx->line++;
	lx->line_start = lx->at;
}

static void
skip_comment(struct text_lexer *lx)
{
	const char *nl = memchr(lx->at, '\n', (size_t)(lx->end - lx->at));

	lx->at = nl ? nl : lx->end;
}

/* The state between the words of one logical line. */
struct nesting {
	unsigned depth;
	struct text_token open; /* the outermost parenthesis */
};

static enum err
lex_parenthesis(struct text_lexer *lx, struct nesting *n, struct diag *d)
{
	struct text_token tok = here(lx);

	if (*lx->at == '(') {
		if (n->depth++ == 0)
			n->open = tok;
	} else if (n->depth-- == 0) {
		return text_fail(d, ERR_SYNTAX, lx->file, &tok,
				 "closing parenthesis without an opening one");
	}
	lx->at++;
	return ERR_OK;
}

/* True at the end of a logical line that has tokens. */
static bool
lex_newline(struct text_lexer *lx, struct text_line *ln,
	    const struct nesting *n)
{
	next_line(lx);
	if (n->depth > 0)
		return false;
	if (ln->count > 0)
		return true;
	ln->blank_owner =
		lx->at < lx->end && (*lx->at == ' ' || *lx->at == '\t');
	return false;
}

enum err
text_lex_line(struct text_lexer *lx, struct text_line *ln, struct diag *d)
{
	struct nesting nest = {0};
	enum err e = ERR_OK;

	ln->count = 0;
	ln->blank_owner =
		lx->at < lx->end && (*lx->at == ' ' || *lx->at == '\t');
	while (e == ERR_OK && lx->at < lx->end) {
		switch (*lx->at) {
		case ' ':
		case '\t':
		case '\r':
			lx->at++;
			break;
		case '\n':
			if (lex_newline(lx, ln, &nest))
				return ERR_OK;
			break;
		case ';':
			skip_comment(lx);
			break;
		case '(':
		case ')':
			e = lex_parenthesis(lx, &nest, d);
			break;
		case '"':
			e = lex_quoted(lx, ln, d);
			break;
		default:
			e = lex_word(lx, ln, d);
		}
	}
	if (e != ERR_OK)
		return e == ERR_NOMEM ? diag_set(d, e, "out of memory") : e;
	if (nest.depth > 0)
		return text_fail(d, ERR_SYNTAX, lx->file, &nest.open,
				 "parenthesis is not closed");
	return ln->count > 0 ? ERR_OK : ERR_NOTFOUND;
}
