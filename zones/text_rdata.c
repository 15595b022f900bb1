#include "zones/text_parse.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err
text_rdata_bad(struct text_rdata *in, const struct text_token *tok, enum err e,
	       const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return text_fail(in->diag, e, in->file, tok ? tok : in->type, "%s",
			 what);
}

const struct text_token *
text_rdata_next(struct text_rdata *in, const char *what)
{
	if (in->at < in->count)
		return &in->tokens[in->at++];
	text_rdata_bad(in, in->count ? &in->tokens[in->count - 1] : NULL,
		       ERR_SYNTAX, "%s is missing", what);
	return NULL;
}

enum err
text_rdata_put(struct text_rdata *in, const void *octets, size_t len)
{
	if (len > RR_RDATA_MAX - in->len)
		return text_rdata_bad(in, NULL, ERR_RANGE,
				      "rdata is longer than 65535 octets");
	if (len > 0)
		memcpy(in->out + in->len, octets, len);
	in->len += len;
	return ERR_OK;
}

enum err
text_rdata_number(struct text_rdata *in, unsigned octets, const char *what)
{
	const struct text_token *tok = text_rdata_next(in, what);
	uint64_t max = ((uint64_t)1 << 8 * octets) - 1, v;
	char show[TEXT_SHOW_MAX];
	uint8_t wire[8];

	if (!tok)
		return ERR_SYNTAX;
	if (tok->quoted || !text_number(tok->text, tok->len, max, &v))
		return text_rdata_bad(in, tok, ERR_RANGE,
				      "'%s' is not a number from 0 to %llu",
				      text_token_show(show, tok),
				      (unsigned long long)max);
	put64(wire, v);
	return text_rdata_put(in, wire + 8 - octets, octets);
}

enum err
text_rdata_name(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a name");
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX], show[TEXT_SHOW_MAX];
	struct diag d = {""};

	if (!tok)
		return ERR_SYNTAX;
	if (tok->quoted || !text_token_copy(text, sizeof(text), tok))
		return text_rdata_bad(in, tok, ERR_SYNTAX, "'%s' is not a name",
				      text_token_show(show, tok));
	if (name_from_text(name, text, in->origin, &d) != ERR_OK)
		return text_rdata_bad(in, tok, ERR_SYNTAX, "'%s': %s",
				      text_token_show(show, tok), d.text);
	return text_rdata_put(in, name, name_len(name));
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err
text_rdata_hex(struct text_rdata *in, bool rest)
{
	const struct text_token *tok = text_rdata_next(in, "hexadecimal data");
	unsigned digits = 0, octet = 0;
	char show[TEXT_SHOW_MAX];

	if (!tok)
		return ERR_SYNTAX;
	for (;;) {
		for (size_t i = 0; i < tok->len; i++) {
			int v = hex_value(tok->text[i]);
			uint8_t o;

			if (v < 0)
				return text_rdata_bad(
					in, tok, ERR_SYNTAX,
					"'%s' is not hexadecimal",
					text_token_show(show, tok));
			octet = octet << 4 | (unsigned)v;
			o = (uint8_t)octet;
			if (++digits % 2 == 0 &&
			    text_rdata_put(in, &o, 1) != ERR_OK)
				return ERR_RANGE;
		}
		if (!rest || in->at == in->count)
			break;
		tok = &in->tokens[in->at++];
	}
	if (digits % 2 != 0)
		return text_rdata_bad(in, tok, ERR_SYNTAX,
				      "odd number of hexadecimal digits");
	return ERR_OK;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct base64 {
	uint32_t bits;
	unsigned chars, pad; /* of the group of four, '=' included */
};

static enum err
base64_char(struct text_rdata *in, struct base64 *b, char c)
{
	int v = base64_value(c);
	uint8_t o[3];

	if (c == '=' && b->chars >= 2)
		b->pad++, v = 0;
	else if (v < 0 || b->pad > 0)
		return ERR_SYNTAX;
	b->bits = b->bits << 6 | (uint32_t)v;
	if (++b->chars < 4)
		return ERR_OK;
	o[0] = (uint8_t)(b->bits >> 16);
	o[1] = (uint8_t)(b->bits >> 8);
	o[2] = (uint8_t)b->bits;
	b->chars = 0;
	return text_rdata_put(in, o, 3 - b->pad);
}

enum err
text_rdata_base64(struct text_rdata *in, bool rest)
{
	const struct text_token *tok = text_rdata_next(in, "base64 data");
	struct base64 b = {0};
	char show[TEXT_SHOW_MAX];
	enum err e;

	if (!tok)
		return ERR_SYNTAX;
	for (;;) {
		for (size_t i = 0; i < tok->len; i++) {
			e = base64_char(in, &b, tok->text[i]);
			if (e == ERR_SYNTAX)
				return text_rdata_bad(
					in, tok, e, "'%s' is not base64",
					text_token_show(show, tok));
			if (e != ERR_OK)
				return e;
		}
		if (!rest || in->at == in->count)
			break;
		tok = &in->tokens[in->at++];
	}
	if (b.chars != 0)
		return text_rdata_bad(in, tok, ERR_SYNTAX,
				      "base64 data is cut short");
	return ERR_OK;
}

/* \# length hex (RFC 3597 5). */
static enum err
read_unknown(struct text_rdata *in)
{
	const struct text_token *tok;
	char show[TEXT_SHOW_MAX];
	uint64_t len;
	enum err e;

	in->at = 1;
	tok = text_rdata_next(in, "length");
	if (!tok)
		return ERR_SYNTAX;
	if (!text_number(tok->text, tok->len, RR_RDATA_MAX, &len))
		return text_rdata_bad(in, tok, ERR_RANGE,
				      "'%s' is not a length from 0 to 65535",
				      text_token_show(show, tok));
	if (len > 0 || in->at < in->count) {
		e = text_rdata_hex(in, true);
		if (e != ERR_OK)
			return e;
	}
	if (in->len != len)
		return text_rdata_bad(in, tok, ERR_SYNTAX,
				      "length is %llu, but %zu octets follow",
				      (unsigned long long)len, in->len);
	return ERR_OK;
}

/* Fields as ldns describes the type, then nothing more. */
static enum err
read_fields(struct text_rdata *in, const ldns_rr_descriptor *desc)
{
	size_t must_have = ldns_rr_descriptor_minimum(desc);
	size_t fields = desc->_maximum > must_have ? desc->_maximum : must_have;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < fields; i++) {
		if (i >= must_have && in->at == in->count)
			break;
		e = text_field_read(
			in, (int)ldns_rr_descriptor_field_type(desc, i));
	}
	while (e == ERR_OK && desc->_variable != LDNS_RDF_TYPE_NONE &&
	       in->at < in->count)
		e = text_field_read(in, (int)desc->_variable);
	return e;
}

const void *
text_description(uint16_t type)
{
	const ldns_rr_descriptor *desc = ldns_rr_descript(type);

	if (!desc || desc->_type != type || type == LDNS_RR_TYPE_NXT ||
	    type == LDNS_RR_TYPE_SINK)
		return NULL;
	for (size_t i = 0; i < ldns_rr_descriptor_minimum(desc); i++)
		if (ldns_rr_descriptor_field_type(desc, i) ==
		    LDNS_RDF_TYPE_UNKNOWN)
			return NULL;
	return desc;
}

enum err
text_rdata_read(struct text_rdata *in, uint16_t type)
{
	const ldns_rr_descriptor *desc = text_description(type);
	char show[TEXT_SHOW_MAX];
	enum err e;

	in->at = in->len = 0;
	if (in->count > 0 && !in->tokens[0].quoted &&
	    text_token_is(&in->tokens[0], "\\#"))
		e = read_unknown(in);
	else if (!desc)
		return text_rdata_bad(
			in, NULL, ERR_SYNTAX,
			"rdata of this type must be written as \\# (RFC 3597)");
	else
		e = read_fields(in, desc);
	if (e != ERR_OK)
		return e;
	if (in->at < in->count)
		return text_rdata_bad(
			in, &in->tokens[in->at], ERR_SYNTAX,
			"'%s' is too much for this type",
			text_token_show(show, &in->tokens[in->at]));
	if (!rr_rdata_valid(type, in->out, in->len))
		return text_rdata_bad(in, NULL, ERR_SYNTAX,
				      "rdata does not have the type's layout");
	return ERR_OK;
}
