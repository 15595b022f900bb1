#include "zones/text_parse.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_MAX 255 /* octets of a character-string */
#define BITMAP_MAX (256 * 34)

static enum err
not_a(struct text_rdata *in, const struct text_token *tok, const char *what)
{
	char show[TEXT_SHOW_MAX];

	return text_rdata_bad(in, tok, ERR_SYNTAX, "'%s' is not %s",
			      text_token_show(show, tok), what);
}

static enum err
read_address(struct text_rdata *in, int family)
{
	const struct text_token *tok = text_rdata_next(in, "an address");
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	if (!tok)
		return ERR_SYNTAX;
	if (!text_token_copy(text, sizeof(text), tok) ||
	    inet_pton(family, text, addr) != 1)
		return not_a(in, tok,
			     family == AF_INET ? "an IPv4 address"
					       : "an IPv6 address");
	return text_rdata_put(in, addr, family == AF_INET ? 4 : 16);
}

/* One octet of text with its escape, moving *at; -1: a broken escape. */
static int
unescape(const char **at, const char *end)
{
	const char *p = *at;
	uint64_t v;

	if (*p != '\\') {
		(*at)++;
		return (unsigned char)*p;
	}
	if (++p == end)
		return -1;
	if (*p < '0' || *p > '9') {
		*at = p + 1;
		return (unsigned char)*p;
	}
	if (end - p < 3 || !text_number(p, 3, 255, &v))
		return -1;
	*at = p + 3;
	return (int)v;
}

/* Octets of a string, without a length; a word may not hold quotes. */
static enum err
put_string(struct text_rdata *in, const struct text_token *tok)
{
	const char *at = tok->text, *end = at + tok->len;

	while (at < end) {
		bool quote = *at == '"';
		int c = unescape(&at, end);
		uint8_t o = (uint8_t)c;

		if (c < 0)
			return not_a(in, tok, "a string: broken escape");
		if (quote && !tok->quoted)
			return not_a(in, tok, "a string: quote inside a word");
		if (text_rdata_put(in, &o, 1) != ERR_OK)
			return ERR_RANGE;
	}
	return ERR_OK;
}

static enum err
read_string(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a string");
	size_t start = in->len;
	enum err e;

	if (!tok)
		return ERR_SYNTAX;
	e = text_rdata_put(in, "", 1);
	if (e == ERR_OK)
		e = put_string(in, tok);
	if (e != ERR_OK)
		return e;
	if (in->len - start - 1 > STRING_MAX)
		return text_rdata_bad(
			in, tok, ERR_RANGE,
			"string of %zu octets: one can hold 255; write "
			"several",
			in->len - start - 1);
	in->out[start] = (uint8_t)(in->len - start - 1);
	return ERR_OK;
}

/* CAA and URI values: the rest of the rdata, in one string. */
static enum err
read_long_string(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a string");

	return tok ? put_string(in, tok) : ERR_SYNTAX;
}

/* CAA's property: letters and digits (RFC 8659 4.1). */
static enum err
read_tag(struct text_rdata *in)
{
	size_t start = in->len;
	enum err e = read_string(in);

	if (e != ERR_OK)
		return e;
	for (size_t i = start + 1; i < in->len; i++)
		if (!(in->out[i] >= '0' && in->out[i] <= '9') &&
		    (uint8_t)((in->out[i] | 0x20) - 'a') >= 26)
			return not_a(in, &in->tokens[in->at - 1], "a tag");
	if (in->len == start + 1)
		return not_a(in, &in->tokens[in->at - 1], "a tag");
	return ERR_OK;
}

static enum err
read_period(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a time in seconds");
	uint8_t wire[4];
	uint64_t v;

	if (!tok)
		return ERR_SYNTAX;
	if (!text_period(tok->text, tok->len, UINT32_MAX, &v))
		return not_a(in, tok, "a number of seconds");
	put32(wire, (uint32_t)v);
	return text_rdata_put(in, wire, 4);
}

/* What ldns reads from one word. */
static enum err
read_by_ldns(struct text_rdata *in, int kind, const char *what)
{
	const struct text_token *tok = text_rdata_next(in, what);
	char text[512];
	ldns_rdf *rdf;
	enum err e;

	if (!tok)
		return ERR_SYNTAX;
	if (tok->quoted || !text_token_copy(text, sizeof(text), tok))
		return not_a(in, tok, what);
	rdf = ldns_rdf_new_frm_str((ldns_rdf_type)kind, text);
	if (!rdf)
		return not_a(in, tok, what);
	e = text_rdata_put(in, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_deep_free(rdf);
	return e;
}

static bool
next_is_number(const struct text_rdata *in)
{
	return in->at < in->count && in->tokens[in->at].len > 0 &&
	       in->tokens[in->at].text[0] >= '0' &&
	       in->tokens[in->at].text[0] <= '9';
}

/* A number, or a mnemonic that ldns knows (it lets numbers wrap). */
static enum err
read_mnemonic(struct text_rdata *in, int kind, unsigned octets,
	      const char *what)
{
	if (next_is_number(in))
		return text_rdata_number(in, octets, what);
	return read_by_ldns(in, kind, what);
}

/* ldns does not insist on a width. */
static enum err
read_word(struct text_rdata *in, int kind, size_t width, const char *what)
{
	if (width && in->at < in->count && in->tokens[in->at].len != width)
		return not_a(in, &in->tokens[in->at], what);
	return read_by_ldns(in, kind, what);
}

/* RRSIG's times: YYYYMMDDHHmmSS or seconds (RFC 4034 3.2). */
static enum err
read_time(struct text_rdata *in)
{
	const char *what = "a time (YYYYMMDDHHmmSS or seconds)";
	uint64_t v;

	if (in->at < in->count &&
	    !text_number(in->tokens[in->at].text, in->tokens[in->at].len,
			 in->tokens[in->at].len == 14 ? INT64_MAX : UINT32_MAX,
			 &v))
		return not_a(in, &in->tokens[in->at], what);
	return read_by_ldns(in, LDNS_RDF_TYPE_TIME, what);
}

static enum err
read_type(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a type");
	uint8_t wire[2];
	uint16_t type;

	if (!tok)
		return ERR_SYNTAX;
	type = text_type(tok);
	if (type == 0)
		return not_a(in, tok, "a type");
	put16(wire, type);
	return text_rdata_put(in, wire, 2);
}

/* NSEC3 salt: "-" or hex, with a length octet. */
static enum err
read_salt(struct text_rdata *in)
{
	size_t start = in->len;
	enum err e = text_rdata_put(in, "", 1);

	if (e != ERR_OK)
		return e;
	if (in->at < in->count && text_token_is(&in->tokens[in->at], "-")) {
		in->at++;
		return ERR_OK;
	}
	e = text_rdata_hex(in, false);
	if (e != ERR_OK)
		return e;
	if (in->len - start - 1 > STRING_MAX)
		return not_a(in, &in->tokens[in->at - 1],
			     "a salt of at most 255 octets");
	in->out[start] = (uint8_t)(in->len - start - 1);
	return ERR_OK;
}

/* NSAP (RFC 1706): 0x and hex, dots allowed; ATMA: +digits or such hex. */
static enum err
read_dotted_hex(struct text_rdata *in, const char *text, size_t len,
		const struct text_token *tok)
{
	char word[512];
	struct text_token plain = *tok;
	size_t n = 0;
	struct text_rdata sub = *in;
	enum err e;

	for (size_t i = 0; i < len && n < sizeof(word); i++)
		if (text[i] != '.')
			word[n++] = text[i];
	if (n == 0 || n == sizeof(word))
		return not_a(in, tok, "an address in hexadecimal");
	plain.text = word;
	plain.len = n;
	sub.tokens = &plain;
	sub.count = 1;
	sub.at = 0;
	e = text_rdata_hex(&sub, false);
	in->len = sub.len;
	return e;
}

static enum err
read_nsap(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "an NSAP address");

	if (!tok)
		return ERR_SYNTAX;
	if (tok->len < 2 || strncasecmp(tok->text, "0x", 2) != 0)
		return not_a(in, tok, "an NSAP address (0x...)");
	return read_dotted_hex(in, tok->text + 2, tok->len - 2, tok);
}

static enum err
read_atma(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "an ATM address");
	uint8_t format;
	enum err e;

	if (!tok)
		return ERR_SYNTAX;
	format = tok->len > 1 && tok->text[0] == '+';
	e = text_rdata_put(in, &format, 1);
	if (e != ERR_OK || !format)
		return e != ERR_OK
			       ? e
			       : read_dotted_hex(in, tok->text, tok->len, tok);
	for (size_t i = 1; i < tok->len; i++)
		if (tok->text[i] < '0' || tok->text[i] > '9')
			return not_a(in, tok, "an ATM address");
	return text_rdata_put(in, tok->text + 1, tok->len - 1);
}

/* APL (RFC 3123): [!]family:address/prefix; ldns lets prefixes run over. */
static enum err
read_apl(struct text_rdata *in)
{
	size_t start = in->len;
	enum err e = read_by_ldns(in, LDNS_RDF_TYPE_APL, "an address prefix");
	const struct text_token *tok = &in->tokens[in->at - 1];
	const char *slash;
	uint64_t bits, max;

	if (e != ERR_OK)
		return e;
	max = in->len - start >= 2 && get16(in->out + start) == 1 ? 32 : 128;
	slash = memchr(tok->text, '/', tok->len);
	if (!slash ||
	    !text_number(slash + 1, (size_t)(tok->text + tok->len - slash - 1),
			 max, &bits))
		return not_a(in, tok, "an address prefix");
	return ERR_OK;
}

static enum err
read_ipv4(struct text_rdata *in)
{
	return read_address(in, AF_INET);
}

static enum err
read_ipv6(struct text_rdata *in)
{
	return read_address(in, AF_INET6);
}

static enum err
read_hex(struct text_rdata *in)
{
	return text_rdata_hex(in, true);
}

static enum err
read_base64(struct text_rdata *in)
{
	return text_rdata_base64(in, true);
}

/* Numbers, some of which have mnemonics that ldns knows. */
static const struct {
	int kind;
	unsigned octets;
	bool mnemonics;
	const char *what;
} numbers[] = {
	{LDNS_RDF_TYPE_INT8, 1, false, "a number"},
	{LDNS_RDF_TYPE_INT16, 2, false, "a number"},
	{LDNS_RDF_TYPE_INT32, 4, false, "a number"},
	{LDNS_RDF_TYPE_ALG, 1, true, "an algorithm"},
	{LDNS_RDF_TYPE_CERT_ALG, 2, true, "a certificate type"},
	{LDNS_RDF_TYPE_CERTIFICATE_USAGE, 1, true, "a certificate usage"},
	{LDNS_RDF_TYPE_SELECTOR, 1, true, "a selector"},
	{LDNS_RDF_TYPE_MATCHING_TYPE, 1, true, "a matching type"},
};

/* One word, read by ldns; width 0: any. */
static const struct {
	int kind;
	size_t width;
	const char *what;
} words[] = {
	{LDNS_RDF_TYPE_EUI48, 17, "an EUI-48 address"},
	{LDNS_RDF_TYPE_EUI64, 23, "an EUI-64 address"},
	{LDNS_RDF_TYPE_ILNP64, 0, "a 64-bit locator"},
	{LDNS_RDF_TYPE_NSEC3_NEXT_OWNER, 0, "a hash in base32"},
};

static const struct {
	int kind;
	enum err (*read)(struct text_rdata *in);
} fields[] = {
	{LDNS_RDF_TYPE_DNAME, text_rdata_name},
	{LDNS_RDF_TYPE_A, read_ipv4},
	{LDNS_RDF_TYPE_AAAA, read_ipv6},
	{LDNS_RDF_TYPE_STR, read_string},
	{LDNS_RDF_TYPE_LONG_STR, read_long_string},
	{LDNS_RDF_TYPE_TAG, read_tag},
	{LDNS_RDF_TYPE_PERIOD, read_period},
	{LDNS_RDF_TYPE_TIME, read_time},
	{LDNS_RDF_TYPE_TYPE, read_type},
	{LDNS_RDF_TYPE_HEX, read_hex},
	{LDNS_RDF_TYPE_B64, read_base64},
	{LDNS_RDF_TYPE_NSEC3_SALT, read_salt},
	{LDNS_RDF_TYPE_NSEC, text_bitmap_read},
	{LDNS_RDF_TYPE_LOC, text_loc_read},
	{LDNS_RDF_TYPE_APL, read_apl},
	{LDNS_RDF_TYPE_NSAP, read_nsap},
	{LDNS_RDF_TYPE_ATMA, read_atma},
	{LDNS_RDF_TYPE_HIP, text_hip_read},
	{LDNS_RDF_TYPE_IPSECKEY, text_ipseckey_read},
	{LDNS_RDF_TYPE_WKS, text_wks_read},
	{LDNS_RDF_TYPE_SVCPARAMS, text_svcparams_read},
};

enum err
text_field_read(struct text_rdata *in, int kind)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].kind == kind)
			return fields[i].read(in);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (numbers[i].kind == kind)
			return numbers[i].mnemonics
				       ? read_mnemonic(in, kind,
						       numbers[i].octets,
						       numbers[i].what)
				       : text_rdata_number(in,
							   numbers[i].octets,
							   numbers[i].what);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].kind == kind)
			return read_word(in, kind, words[i].width,
					 words[i].what);
	return text_rdata_bad(in, NULL, ERR_SYNTAX,
			      "this type has no presentation here; write it as "
			      "\\# (RFC 3597)");
}
