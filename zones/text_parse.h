/*
 * Zone text: what the files text*.c share. Nobody else includes this.
 *
 *   text.c           files and directives; owner, TTL, class, type of a record
 *   text_lex.c       octets → logical lines of tokens
 *   text_generate.c  $GENERATE → lines of text
 *   text_rdata.c     tokens → rdata, field by field as ldns describes the type
 *   text_field.c     one field each; text_special.c: those that are
 *                    little languages of their own
 *   text_loc.c       LOC (RFC 1876), both ways
 *   text_out.c       rdata → text
 */
#ifndef PLACED_ZONES_TEXT_PARSE_H
#define PLACED_ZONES_TEXT_PARSE_H

#include "lib/base.h"
#include "lib/name.h"
#include "lib/rr.h"

/* A word, pointing into the text, without the quotes around it. */
struct text_token {
	const char *text;
	size_t len;
	unsigned line, column; /* from 1 */
	bool quoted;
};

/* A logical line: parentheses joined, comments gone. */
struct text_line {
	struct text_token *tokens; /* grows; text_line_free() */
	size_t count, room;
	bool blank_owner; /* it began with white space */
};

struct text_lexer {
	const char *file; /* for messages */
	const char *at, *end, *line_start;
	unsigned line;
};

void text_lexer_init(struct text_lexer *lx, const char *file, const char *text,
		     size_t len, unsigned line);

/* The next line that has tokens; ERR_NOTFOUND at the end, else a sentence. */
enum err text_lex_line(struct text_lexer *lx, struct text_line *ln,
		       struct diag *d);
void text_line_free(struct text_line *ln);

/* FILE:LINE:COLUMN: sentence; returns e. */
enum err text_fail(struct diag *d, enum err e, const char *file,
		   const struct text_token *tok, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#define TEXT_SHOW_MAX 44

/* The token for a message: printable, cut when long. Returns dst. */
const char *text_token_show(char *dst, const struct text_token *tok);

/* As a C string; false if it does not fit or is empty. */
bool text_token_copy(char *dst, size_t cap, const struct text_token *tok);
bool text_token_is(const struct text_token *tok, const char *word);

/* A decimal number up to max, nothing else. */
bool text_number(const char *text, size_t len, uint64_t max, uint64_t *v);

/* Seconds, or with units: 1h30m, 2w (w d h m s, in any case); at most max. */
bool text_period(const char *text, size_t len, uint64_t max, uint64_t *v);

/* A mnemonic that this server or ldns knows, or TYPE123; 0 if neither. */
uint16_t text_type(const struct text_token *tok);

/* --- $GENERATE ----------------------------------------------------------- */

struct text_range {
	uint64_t start, stop, step;
};

/* "1-10" or "1-10/2". */
bool text_range(const struct text_token *tok, struct text_range *r);

/*
 * The tokens from `first` on as one line of text with $ and ${...} replaced
 * for value, malloc'd in *line. ERR_SYNTAX with the token in *bad.
 */
enum err text_generate(const struct text_line *ln, size_t first, uint64_t value,
		       char **line, size_t *len, const struct text_token **bad);

/* --- rdata in ------------------------------------------------------------ */

struct text_rdata {
	const char *file;
	const uint8_t *origin; /* completes relative names */
	const struct text_token
		*type; /* where a message points if words lack */
	const struct text_token *tokens;
	size_t count, at;
	uint8_t *out; /* RR_RDATA_MAX octets */
	size_t len;
	struct diag *diag;
};

/* ldns's descriptor of the type, NULL where there is none, or its presentation
 * is not known or wrong: then only \# (RFC 3597) will do. */
const void *text_description(uint16_t type);

/* Reads all tokens into out; what is there is valid for the type, or the diag
 * says why not. */
enum err text_rdata_read(struct text_rdata *in, uint16_t type);

/* One field; kind is an ldns_rdf_type. For text_rdata.c. */
enum err text_field_read(struct text_rdata *in, int kind);

/* The next token, or NULL with a sentence set. */
const struct text_token *text_rdata_next(struct text_rdata *in,
					 const char *what);
enum err text_rdata_bad(struct text_rdata *in, const struct text_token *tok,
			enum err e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
enum err text_rdata_put(struct text_rdata *in, const void *octets, size_t len);
enum err text_rdata_number(struct text_rdata *in, unsigned octets,
			   const char *what);
enum err text_rdata_name(struct text_rdata *in);
/* Hex digits or base64 to the end of the line, or of one token. */
enum err text_rdata_hex(struct text_rdata *in, bool rest);
enum err text_rdata_base64(struct text_rdata *in, bool rest);

enum err text_loc_read(struct text_rdata *in);
enum err text_hip_read(struct text_rdata *in);
enum err text_ipseckey_read(struct text_rdata *in);
enum err text_wks_read(struct text_rdata *in);
enum err text_svcparams_read(struct text_rdata *in);
enum err text_bitmap_read(struct text_rdata *in);

/* --- rdata out ----------------------------------------------------------- */

/* A string in the making; `bad`: memory, or the rdata cannot be shown so. */
struct text_out {
	char *text;
	size_t len, room;
	bool bad;
};

void text_out_add(struct text_out *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Octets taken from p[0..len), 0 and o->bad if they are no LOC. */
size_t text_loc_write(struct text_out *o, const uint8_t *p, size_t len);

#endif
