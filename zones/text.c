#include "zones/text.h"
#include "zones/text_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TTL_MAX 0x7fffffff /* RFC 2181 8 */

/* One file being read, in the chain of those that include it. */
struct text_file {
	const struct text_file *above;
	unsigned depth;
	dev_t device;
	ino_t inode;
	struct text_lexer lexer;
	struct text_line line;
};

struct text_reader {
	const uint8_t *apex;
	text_rr_fn *fn;
	void *ctx;
	struct diag *diag;
	uint8_t origin[NAME_WIRE_MAX];
	uint8_t owner[NAME_WIRE_MAX]; /* of the previous record */
	bool has_owner;
	bool has_default; /* $TTL, or the minimum of an SOA without TTL */
	uint32_t ttl_default;
	bool has_previous; /* a record stated one */
	uint32_t ttl_previous;
	uint8_t rdata[RR_RDATA_MAX];
};

static enum err read_lines(struct text_reader *r, struct text_file *f);

uint16_t
text_type(const struct text_token *tok)
{
	char text[32];
	uint16_t type;

	if (tok->quoted || !text_token_copy(text, sizeof(text), tok))
		return 0;
	type = rr_type_from_text(text);
	if (type == 0 && strncasecmp(text, "TYPE", 4) != 0)
		type = (uint16_t)ldns_get_rr_type_by_name(text);
	return type;
}

static enum err
fail(struct text_reader *r, const struct text_file *f,
     const struct text_token *tok, enum err e, const char *what)
{
	char show[TEXT_SHOW_MAX];

	return text_fail(r->diag, e, f->lexer.file, tok, "'%s' %s",
			 text_token_show(show, tok), what);
}

static enum err
read_name(struct text_reader *r, const struct text_file *f,
	  const struct text_token *tok, uint8_t *dst)
{
	char text[NAME_TEXT_MAX];
	struct diag d = {""};
	enum err e;

	if (tok->quoted || !text_token_copy(text, sizeof(text), tok))
		return fail(r, f, tok, ERR_SYNTAX, "is not a name");
	e = name_from_text(dst, text, r->origin, &d);
	return e == ERR_OK ? e : fail(r, f, tok, e, d.text);
}

/* What stands before the rdata of a record. */
struct record {
	const struct text_token *owner, *type_token;
	bool has_ttl, has_class;
	uint32_t ttl;
	uint16_t type;
};

/* IN, or an error; *is_class false if the token is no class at all. */
static enum err
read_class(struct text_reader *r, const struct text_file *f,
	   const struct text_token *tok, bool *is_class)
{
	uint64_t v;

	*is_class = true;
	if (text_token_is(tok, "IN"))
		return ERR_OK;
	if (tok->len > 5 && strncasecmp(tok->text, "CLASS", 5) == 0 &&
	    text_number(tok->text + 5, tok->len - 5, 65535, &v)) {
		if (v == RR_IN)
			return ERR_OK;
	} else if (!text_token_is(tok, "CH") && !text_token_is(tok, "HS") &&
		   !text_token_is(tok, "CS") && !text_token_is(tok, "NONE")) {
		*is_class = false;
		return ERR_OK;
	}
	return fail(r, f, tok, ERR_RULE, "is a class other than IN");
}

/* TTL and class in either order, each at most once. *used tells if the token
 * was one of them. */
static enum err
read_ttl_or_class(struct text_reader *r, const struct text_file *f,
		  const struct text_token *tok, struct record *rec, bool *used)
{
	uint64_t v;
	enum err e;

	*used = false;
	if (tok->quoted || tok->len == 0)
		return ERR_OK;
	if (!rec->has_ttl && tok->text[0] >= '0' && tok->text[0] <= '9') {
		if (!text_period(tok->text, tok->len, TTL_MAX, &v))
			return fail(r, f, tok, ERR_RANGE,
				    "is not a TTL from 0 to 2147483647");
		rec->ttl = (uint32_t)v;
		rec->has_ttl = *used = true;
		return ERR_OK;
	}
	if (rec->has_class)
		return ERR_OK;
	e = read_class(r, f, tok, used);
	rec->has_class = *used;
	return e;
}

/* Owner, TTL, class, type; *at is left at the rdata. */
static enum err
read_head(struct text_reader *r, const struct text_file *f,
	  const struct text_line *ln, struct record *rec, size_t *at)
{
	const struct text_token *tok = ln->tokens;
	bool used = true;
	enum err e = ERR_OK;

	*at = 0;
	rec->owner = tok;
	if (!ln->blank_owner) {
		e = read_name(r, f, tok, r->owner);
		r->has_owner = e == ERR_OK;
		*at = 1;
	} else if (!r->has_owner) {
		return fail(r, f, tok, ERR_SYNTAX,
			    "has no owner, and there is none before it");
	}
	while (e == ERR_OK && used && *at < ln->count) {
		e = read_ttl_or_class(r, f, &ln->tokens[*at], rec, &used);
		*at += used;
	}
	if (e != ERR_OK)
		return e;
	if (*at == ln->count)
		return fail(r, f, &ln->tokens[*at - 1], ERR_SYNTAX,
			    "ends the line, but a type is missing");
	tok = rec->type_token = &ln->tokens[(*at)++];
	rec->type = text_type(tok);
	if (rec->type == 0)
		return fail(r, f, tok, ERR_SYNTAX, "is not a known type");
	if (rr_type_is_meta(rec->type))
		return fail(r, f, tok, ERR_RULE,
			    "is a type that cannot be in a zone");
	return ERR_OK;
}

/* RFC 2308 4 for $TTL, RFC 1035 5.1 for the previous one. */
static enum err
decide_ttl(struct text_reader *r, const struct text_file *f, struct record *rec,
	   const struct text_rdata *in)
{
	if (rec->has_ttl) {
		r->has_previous = true;
		r->ttl_previous = rec->ttl;
		return ERR_OK;
	}
	if (!r->has_default && !r->has_previous && rec->type == RR_SOA) {
		uint32_t minimum = rr_soa_minimum(in->out, in->len);

		r->has_default = true;
		r->ttl_default = minimum > TTL_MAX ? TTL_MAX : minimum;
	}
	if (!r->has_default && !r->has_previous)
		return fail(r, f, rec->type_token, ERR_SYNTAX,
			    "has no TTL, and there is no $TTL before it");
	rec->ttl = r->has_default ? r->ttl_default : r->ttl_previous;
	return ERR_OK;
}

static enum err
read_record(struct text_reader *r, const struct text_file *f,
	    const struct text_line *ln)
{
	struct record rec = {0};
	struct text_rdata in = {.file = f->lexer.file,
				.origin = r->origin,
				.out = r->rdata,
				.diag = r->diag};
	struct text_place place = {f->lexer.file, ln->tokens[0].line};
	struct rr rr;
	size_t at;
	enum err e = read_head(r, f, ln, &rec, &at);

	if (e != ERR_OK)
		return e;
	if (!name_at_or_below(r->owner, r->apex))
		return fail(r, f, rec.owner, ERR_RULE, "is outside the zone");
	in.type = rec.type_token;
	in.tokens = ln->tokens + at;
	in.count = ln->count - at;
	e = text_rdata_read(&in, rec.type);
	if (e == ERR_OK)
		e = decide_ttl(r, f, &rec, &in);
	if (e != ERR_OK)
		return e;
	rr.owner = r->owner;
	rr.rdata = in.out;
	rr.ttl = rec.ttl;
	rr.type = rec.type;
	rr.class = RR_IN;
	rr.rdlen = (uint16_t)in.len;
	return r->fn(r->ctx, &rr, place, r->diag);
}

static enum err
read_generated(struct text_reader *r, const struct text_file *f, uint64_t value)
{
	const struct text_token *bad = &f->line.tokens[0];
	struct text_file g = {.above = f, .depth = f->depth};
	size_t len;
	char *text;
	enum err e = text_generate(&f->line, 2, value, &text, &len, &bad);

	if (e == ERR_NOMEM)
		return diag_set(r->diag, e, "out of memory");
	if (e != ERR_OK)
		return fail(r, f, bad, e, "does not expand for this range");
	text_lexer_init(&g.lexer, f->lexer.file, text, len,
			f->line.tokens[0].line);
	e = text_lex_line(&g.lexer, &g.line, r->diag);
	if (e == ERR_OK)
		e = read_record(r, &g, &g.line);
	text_line_free(&g.line);
	free(text);
	return e;
}

/* $GENERATE range owner [ttl] [class] type rdata */
static enum err
do_generate(struct text_reader *r, struct text_file *f)
{
	const struct text_line *ln = &f->line;
	struct text_range range;
	enum err e = ERR_OK;

	if (ln->count < 5)
		return fail(r, f, ln->tokens, ERR_SYNTAX,
			    "needs a range, an owner, a type and rdata");
	if (!text_range(&ln->tokens[1], &range))
		return fail(r, f, &ln->tokens[1], ERR_SYNTAX,
			    "is not a range START-STOP[/STEP]");
	if ((range.stop - range.start) / range.step >= TEXT_GENERATE_MAX)
		return fail(r, f, &ln->tokens[1], ERR_RANGE,
			    "makes more than 65536 records");
	for (uint64_t v = range.start; e == ERR_OK && v <= range.stop;
	     v += range.step)
		e = read_generated(r, f, v);
	return e;
}

static enum err
do_ttl(struct text_reader *r, struct text_file *f)
{
	const struct text_line *ln = &f->line;
	uint64_t v;

	if (ln->count != 2)
		return fail(r, f, ln->tokens, ERR_SYNTAX, "takes one TTL");
	if (!text_period(ln->tokens[1].text, ln->tokens[1].len, TTL_MAX, &v))
		return fail(r, f, &ln->tokens[1], ERR_RANGE,
			    "is not a TTL from 0 to 2147483647");
	r->has_default = true;
	r->ttl_default = (uint32_t)v;
	return ERR_OK;
}

static enum err
do_origin(struct text_reader *r, struct text_file *f)
{
	uint8_t name[NAME_WIRE_MAX];
	enum err e;

	if (f->line.count != 2)
		return fail(r, f, f->line.tokens, ERR_SYNTAX, "takes one name");
	e = read_name(r, f, &f->line.tokens[1], name);
	if (e == ERR_OK)
		name_copy(r->origin, name);
	return e;
}

/* Whole content of fd, malloc'd; NULL with errno. */
static char *
read_all(int fd, size_t *len)
{
	size_t room = 65536;
	char *text = malloc(room), *more;
	ssize_t n;

	*len = 0;
	for (;;) {
		if (!text)
			return NULL;
		n = read(fd, text + *len, room - *len);
		if (n == 0)
			return text;
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			*len += (size_t)n;
		if (*len < room)
			continue;
		more = realloc(text, room *= 2);
		if (!more)
			break;
		text = more;
	}
	free(text);
	return NULL;
}

static bool
is_open(const struct text_file *f, const struct stat *st)
{
	for (; f; f = f->above)
		if (f->device == st->st_dev && f->inode == st->st_ino)
			return true;
	return false;
}

static enum err
read_text(struct text_reader *r, struct text_file *f, const char *name,
	  const char *text, size_t len)
{
	const char *nul = memchr(text, '\0', len);
	enum err e;

	text_lexer_init(&f->lexer, name, text, len, 1);
	if (nul) {
		struct text_token tok = {.text = "", .line = 1};

		for (const char *p = text; p < nul; p++)
			if (*p == '\n') {
				tok.line++;
				text = p + 1;
			}
		tok.column = (unsigned)(nul - text) + 1;
		return text_fail(r->diag, ERR_SYNTAX, name, &tok,
				 "a NUL octet: not a text file");
	}
	e = read_lines(r, f);
	text_line_free(&f->line);
	return e;
}

/* Opens, reads and parses the file; errors about the file itself carry no
 * place, the caller knows where it was named. */
static enum err
read_file(struct text_reader *r, const char *path,
	  const struct text_file *above, bool *opened)
{
	struct text_file f = {.above = above,
			      .depth = above ? above->depth + 1 : 0};
	/* A pipe that nobody writes to is empty: open() would wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t len;
	enum err e;

	*opened = false;
	if (fd < 0 || fstat(fd, &st) != 0) {
		e = errno == ENOENT   ? ERR_NOTFOUND
		    : errno == EACCES ? ERR_DENIED
				      : ERR_IO;
		diag_set(r->diag, e, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		e = diag_set(r->diag, ERR_IO, "%s: is a device", path);
		goto out;
	}
	if (is_open(above, &st)) {
		e = diag_set(r->diag, ERR_RULE, "%s includes itself", path);
		goto out;
	}
	if (S_ISFIFO(st.st_mode))
		fcntl(fd, F_SETFL, 0); /* what comes later is waited for */
	f.device = st.st_dev;
	f.inode = st.st_ino;
	text = read_all(fd, &len);
	if (!text) {
		e = diag_set(r->diag, ERR_IO, "%s: %s", path, strerror(errno));
		goto out;
	}
	*opened = true;
	e = read_text(r, &f, path, text, len);
out:
	if (fd >= 0)
		close(fd);
	free(text);
	return e;
}

/* The path of an include, relative to the file that names it; malloc'd. */
static char *
include_path(const struct text_file *f, const struct text_token *tok)
{
	const char *slash = strrchr(f->lexer.file, '/');
	int dir = slash && tok->text[0] != '/'
			  ? (int)(slash - f->lexer.file) + 1
			  : 0;
	char *path;

	if (asprintf(&path, "%.*s%.*s", dir, f->lexer.file, (int)tok->len,
		     tok->text) < 0)
		return NULL;
	return path;
}

/* $INCLUDE file [origin]: the origin and the owner are ours again afterwards
 * (RFC 1035 5.1). */
static enum err
do_include(struct text_reader *r, struct text_file *f)
{
	const struct text_line *ln = &f->line;
	const struct text_token *tok = &ln->tokens[1];
	uint8_t origin[NAME_WIRE_MAX], owner[NAME_WIRE_MAX];
	uint8_t inner[NAME_WIRE_MAX];
	bool has_owner = r->has_owner, opened;
	char *path;
	enum err e;

	if (ln->count < 2 || ln->count > 3 || tok->len == 0)
		return fail(r, f, ln->tokens, ERR_SYNTAX,
			    "takes a file and perhaps an origin");
	if (f->depth + 1 >= TEXT_INCLUDE_DEPTH)
		return fail(r, f, tok, ERR_RANGE, "is included too deeply");
	name_copy(inner, r->origin);
	if (ln->count == 3) {
		e = read_name(r, f, &ln->tokens[2], inner);
		if (e != ERR_OK)
			return e;
	}
	path = include_path(f, tok);
	if (!path)
		return diag_set(r->diag, ERR_NOMEM, "out of memory");
	name_copy(origin, r->origin);
	name_copy(owner, r->owner);
	name_copy(r->origin, inner);
	e = read_file(r, path, f, &opened);
	if (e != ERR_OK && !opened)
		diag_prefix(r->diag, "%s:%u:%u", f->lexer.file, tok->line,
			    tok->column);
	name_copy(r->origin, origin);
	name_copy(r->owner, owner);
	r->has_owner = has_owner;
	free(path);
	return e;
}

static enum err
do_directive(struct text_reader *r, struct text_file *f)
{
	static const struct {
		const char *name;
		enum err (*run)(struct text_reader *r, struct text_file *f);
	} directives[] = {{"$TTL", do_ttl},
			  {"$ORIGIN", do_origin},
			  {"$INCLUDE", do_include},
			  {"$GENERATE", do_generate}};

	for (size_t i = 0; i < ARRAY_LEN(directives); i++)
		if (text_token_is(f->line.tokens, directives[i].name))
			return directives[i].run(r, f);
	return fail(r, f, f->line.tokens, ERR_SYNTAX,
		    "is not a directive ($ORIGIN, $TTL, $INCLUDE, $GENERATE)");
}

static enum err
read_lines(struct text_reader *r, struct text_file *f)
{
	enum err e;

	for (;;) {
		e = text_lex_line(&f->lexer, &f->line, r->diag);
		if (e != ERR_OK)
			return e == ERR_NOTFOUND ? ERR_OK : e;
		if (!f->line.blank_owner && f->line.tokens[0].len > 0 &&
		    f->line.tokens[0].text[0] == '$')
			e = do_directive(r, f);
		else
			e = read_record(r, f, &f->line);
		if (e != ERR_OK)
			return e;
	}
}

static struct text_reader *
reader_new(const uint8_t *apex, text_rr_fn *fn, void *ctx, struct diag *d)
{
	struct text_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		diag_set(d, ERR_NOMEM, "out of memory");
		return NULL;
	}
	r->apex = apex;
	r->fn = fn;
	r->ctx = ctx;
	r->diag = d;
	name_copy(r->origin, apex);
	name_copy(r->owner, apex);
	return r;
}

enum err
text_read(const char *path, const uint8_t *origin, text_rr_fn *fn, void *ctx,
	  struct diag *d)
{
	struct text_reader *r = reader_new(origin, fn, ctx, d);
	bool opened;
	enum err e = r ? read_file(r, path, NULL, &opened) : ERR_NOMEM;

	free(r);
	return e;
}

enum err
text_read_string(const char *text, const char *name, const uint8_t *origin,
		 text_rr_fn *fn, void *ctx, struct diag *d)
{
	struct text_file f = {0};
	struct text_reader *r = reader_new(origin, fn, ctx, d);
	enum err e = r ? read_text(r, &f, name, text, strlen(text)) : ERR_NOMEM;

	free(r);
	return e;
}
