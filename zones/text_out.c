#include "zones/text.h"
#include "zones/text_parse.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
out_room(struct text_out *o, size_t more)
{
	size_t room = o->room ? o->room : 128;
	char *text;

	if (o->len + more < o->room)
		return true;
	while (room <= o->len + more)
		room *= 2;
	text = realloc(o->text, room);
	if (!text) {
		o->bad = true;
		return false;
	}
	o->text = text;
	o->room = room;
	return true;
}

void
text_out_add(struct text_out *o, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n >= 0 && out_room(o, (size_t)n)) {
		vsnprintf(o->text + o->len, o->room - o->len, fmt, ap);
		o->len += (size_t)n;
	}
	va_end(ap);
}

static void
add_text(struct text_out *o, const char *text, size_t len)
{
	if (!out_room(o, len))
		return;
	memcpy(o->text + o->len, text, len);
	o->len += len;
	o->text[o->len] = '\0';
}

static void
add_hex(struct text_out *o, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	if (!out_room(o, len * 2))
		return;
	for (size_t i = 0; i < len; i++) {
		o->text[o->len++] = digits[p[i] >> 4];
		o->text[o->len++] = digits[p[i] & 15];
	}
	o->text[o->len] = '\0';
}

static void
add_base64(struct text_out *o, const uint8_t *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	if (!out_room(o, len / 3 * 4 + 4))
		return;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 |
			     (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (n > 2 ? p[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++)
			o->text[o->len++] =
				k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	o->text[o->len] = '\0';
}

static void
add_string(struct text_out *o, const uint8_t *p, size_t len)
{
	char escape[5];

	add_text(o, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		size_t n;

		if (p[i] == '"' || p[i] == '\\')
			n = (size_t)sprintf(escape, "\\%c", p[i]);
		else if (p[i] < ' ' || p[i] > '~')
			n = (size_t)sprintf(escape, "\\%03u", p[i]);
		else
			n = (size_t)sprintf(escape, "%c", p[i]);
		add_text(o, escape, n);
	}
	add_text(o, "\"", 1);
}

static size_t
out_number(struct text_out *o, const uint8_t *p, size_t len, size_t octets)
{
	uint64_t v = 0;

	if (len < octets) {
		o->bad = true;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		v = v << 8 | p[i];
	text_out_add(o, "%llu", (unsigned long long)v);
	return octets;
}

static size_t
out_name(struct text_out *o, const uint8_t *p, size_t len)
{
	char text[NAME_TEXT_MAX];
	size_t used;

	if (!name_valid(p, len, &used)) {
		o->bad = true;
		return 0;
	}
	add_text(o, text, name_to_text(text, p));
	return used;
}

static size_t
out_address(struct text_out *o, const uint8_t *p, size_t len, int family)
{
	size_t need = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];

	if (len < need) {
		o->bad = true;
		return 0;
	}
	inet_ntop(family, p, text, sizeof(text));
	add_text(o, text, strlen(text));
	return need;
}

/* The octets of a string with its length in front; bad if they are not there.
 */
static size_t
string_len(struct text_out *o, const uint8_t *p, size_t len)
{
	if (len > 0 && p[0] < len)
		return 1u + p[0];
	o->bad = true;
	return 0;
}

static size_t
out_string(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t used = string_len(o, p, len);

	if (used > 0)
		add_string(o, p + 1, used - 1);
	return used;
}

static size_t
out_tag(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t used = string_len(o, p, len);

	for (size_t i = 1; i < used; i++)
		if ((p[i] < '0' || p[i] > '9') &&
		    (uint8_t)((p[i] | 0x20) - 'a') >= 26)
			o->bad = true;
	if (used <= 1 || o->bad)
		o->bad = true;
	else
		add_text(o, (const char *)p + 1, used - 1);
	return used;
}

static size_t
out_type(struct text_out *o, const uint8_t *p, size_t len)
{
	char text[RR_TYPE_TEXT_MAX];

	if (len < 2) {
		o->bad = true;
		return 0;
	}
	text_out_add(o, "%s", rr_type_to_text(text, get16(p)));
	return 2;
}

static size_t
out_bitmap(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t at = 0;
	char text[RR_TYPE_TEXT_MAX];

	while (at < len) {
		if (len - at < 2 || p[at + 1] > 32 || len - at - 2 < p[at + 1])
			break;
		for (unsigned bit = 0; bit < p[at + 1] * 8u; bit++)
			if (p[at + 2 + bit / 8] & 0x80 >> bit % 8)
				text_out_add(
					o, "%s ",
					rr_type_to_text(
						text,
						(uint16_t)(p[at] << 8 | bit)));
		at += 2u + p[at + 1];
	}
	if (at != len)
		o->bad = true;
	return len;
}

static size_t
out_by_ldns(struct text_out *o, int kind, const uint8_t *p, size_t len,
	    size_t need)
{
	ldns_rdf *rdf;
	char *text;

	if (len < need) {
		o->bad = true;
		return 0;
	}
	rdf = ldns_rdf_new_frm_data((ldns_rdf_type)kind, need, p);
	text = rdf ? ldns_rdf2str(rdf) : NULL;
	if (text)
		add_text(o, text, strlen(text));
	else
		o->bad = true;
	free(text);
	ldns_rdf_deep_free(rdf);
	return need;
}

static size_t
out_salt(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t used = string_len(o, p, len);

	if (used == 1)
		add_text(o, "-", 1);
	else if (used > 1)
		add_hex(o, p + 1, used - 1);
	return used;
}

static size_t
out_apl(struct text_out *o, const uint8_t *p, size_t len)
{
	if (len >= 4)
		return out_by_ldns(o, LDNS_RDF_TYPE_APL, p, len,
				   4u + (p[3] & 0x7f));
	o->bad = true;
	return 0;
}

static size_t
out_atma(struct text_out *o, const uint8_t *p, size_t len)
{
	if (len > 1 && p[0] == 1) {
		add_text(o, "+", 1);
		add_text(o, (const char *)p + 1, len - 1);
		o->bad |= memchr(p, 0, len) != NULL;
	} else if (len > 1 && p[0] == 0) {
		add_hex(o, p + 1, len - 1);
	} else {
		o->bad = true;
	}
	return len;
}

static size_t
out_hip(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t key;

	if (len < 4 || len < 4u + p[0] + get16(p + 2)) {
		o->bad = true;
		return 0;
	}
	key = get16(p + 2);
	text_out_add(o, "%u ", p[1]);
	add_hex(o, p + 4, p[0]);
	add_text(o, " ", 1);
	add_base64(o, p + 4 + p[0], key);
	return 4u + p[0] + key;
}

static size_t
out_ipseckey(struct text_out *o, const uint8_t *p, size_t len)
{
	size_t at = 3;

	if (len < 3 || p[1] > 3) {
		o->bad = true;
		return 0;
	}
	text_out_add(o, "%u %u %u ", p[0], p[1], p[2]);
	if (p[1] == 0)
		add_text(o, ".", 1);
	else if (p[1] == 3)
		at += out_name(o, p + 3, len - 3);
	else
		at += out_address(o, p + 3, len - 3,
				  p[1] == 1 ? AF_INET : AF_INET6);
	if (at < len) {
		add_text(o, " ", 1);
		add_base64(o, p + at, len - at);
	}
	return len;
}

static size_t
out_wks(struct text_out *o, const uint8_t *p, size_t len)
{
	if (len < 1 || len > 1 + 65536 / 8) {
		o->bad = true;
		return 0;
	}
	text_out_add(o, "%u", p[0]);
	for (unsigned port = 0; port < (len - 1) * 8; port++)
		if (p[1 + port / 8] & 0x80 >> port % 8)
			text_out_add(o, " %u", port);
	return len;
}

static size_t
out_ipv4(struct text_out *o, const uint8_t *p, size_t len)
{
	return out_address(o, p, len, AF_INET);
}

static size_t
out_ipv6(struct text_out *o, const uint8_t *p, size_t len)
{
	return out_address(o, p, len, AF_INET6);
}

static size_t
out_long_string(struct text_out *o, const uint8_t *p, size_t len)
{
	add_string(o, p, len);
	return len;
}

static size_t
out_hex(struct text_out *o, const uint8_t *p, size_t len)
{
	add_hex(o, p, len);
	return len;
}

static size_t
out_nsap(struct text_out *o, const uint8_t *p, size_t len)
{
	add_text(o, "0x", 2);
	add_hex(o, p, len);
	return len;
}

static size_t
out_base64(struct text_out *o, const uint8_t *p, size_t len)
{
	add_base64(o, p, len);
	return len;
}

static size_t
out_hash(struct text_out *o, const uint8_t *p, size_t len)
{
	return out_by_ldns(o, LDNS_RDF_TYPE_NSEC3_NEXT_OWNER, p, len,
			   string_len(o, p, len));
}

static size_t
out_svcparams(struct text_out *o, const uint8_t *p, size_t len)
{
	return out_by_ldns(o, LDNS_RDF_TYPE_SVCPARAMS, p, len, len);
}

static const struct {
	int kind;
	size_t (*out)(struct text_out *o, const uint8_t *p, size_t len);
} fields[] = {
	{LDNS_RDF_TYPE_DNAME, out_name},
	{LDNS_RDF_TYPE_A, out_ipv4},
	{LDNS_RDF_TYPE_AAAA, out_ipv6},
	{LDNS_RDF_TYPE_STR, out_string},
	{LDNS_RDF_TYPE_LONG_STR, out_long_string},
	{LDNS_RDF_TYPE_TAG, out_tag},
	{LDNS_RDF_TYPE_TYPE, out_type},
	{LDNS_RDF_TYPE_HEX, out_hex},
	{LDNS_RDF_TYPE_B64, out_base64},
	{LDNS_RDF_TYPE_NSEC3_SALT, out_salt},
	{LDNS_RDF_TYPE_NSEC3_NEXT_OWNER, out_hash},
	{LDNS_RDF_TYPE_NSEC, out_bitmap},
	{LDNS_RDF_TYPE_LOC, text_loc_write},
	{LDNS_RDF_TYPE_APL, out_apl},
	{LDNS_RDF_TYPE_NSAP, out_nsap},
	{LDNS_RDF_TYPE_ATMA, out_atma},
	{LDNS_RDF_TYPE_HIP, out_hip},
	{LDNS_RDF_TYPE_IPSECKEY, out_ipseckey},
	{LDNS_RDF_TYPE_WKS, out_wks},
	{LDNS_RDF_TYPE_SVCPARAMS, out_svcparams},
};

/* As a number, or (by_ldns) as ldns shows it. */
static const struct {
	int kind;
	uint8_t octets;
	bool by_ldns;
} fixed_fields[] = {
	{LDNS_RDF_TYPE_INT8, 1, false},
	{LDNS_RDF_TYPE_INT16, 2, false},
	{LDNS_RDF_TYPE_INT32, 4, false},
	{LDNS_RDF_TYPE_PERIOD, 4, false},
	{LDNS_RDF_TYPE_ALG, 1, false},
	{LDNS_RDF_TYPE_CERT_ALG, 2, false},
	{LDNS_RDF_TYPE_CERTIFICATE_USAGE, 1, false},
	{LDNS_RDF_TYPE_SELECTOR, 1, false},
	{LDNS_RDF_TYPE_MATCHING_TYPE, 1, false},
	{LDNS_RDF_TYPE_TIME, 4, true},
	{LDNS_RDF_TYPE_EUI48, 6, true},
	{LDNS_RDF_TYPE_EUI64, 8, true},
	{LDNS_RDF_TYPE_ILNP64, 8, true},
};

/* One field at p; returns its octets. */
static size_t
out_field(struct text_out *o, int kind, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].kind == kind)
			return fields[i].out(o, p, len);
	for (size_t i = 0; i < ARRAY_LEN(fixed_fields); i++)
		if (fixed_fields[i].kind == kind)
			return fixed_fields[i].by_ldns
				       ? out_by_ldns(o, kind, p, len,
						     fixed_fields[i].octets)
				       : out_number(o, p, len,
						    fixed_fields[i].octets);
	o->bad = true;
	return 0;
}

/* Fields whose text always reads back as it was. */
static bool
is_plain(int kind)
{
	switch (kind) {
	case LDNS_RDF_TYPE_DNAME:
	case LDNS_RDF_TYPE_INT8:
	case LDNS_RDF_TYPE_INT16:
	case LDNS_RDF_TYPE_INT32:
	case LDNS_RDF_TYPE_PERIOD:
	case LDNS_RDF_TYPE_A:
	case LDNS_RDF_TYPE_AAAA:
	case LDNS_RDF_TYPE_STR:
		return true;
	default:
		return false;
	}
}

/* All fields; *plain tells whether the result needs no second look. */
static void
out_fields(struct text_out *o, const ldns_rr_descriptor *desc,
	   const uint8_t *rdata, size_t len, bool *plain)
{
	size_t must_have = ldns_rr_descriptor_minimum(desc);
	size_t fixed = desc->_maximum > must_have ? desc->_maximum : must_have;
	size_t at = 0;

	*plain = true;
	for (size_t i = 0; !o->bad; i++) {
		int kind = i < fixed
				   ? (int)ldns_rr_descriptor_field_type(desc, i)
				   : (int)desc->_variable;

		if (at == len && i >= must_have)
			break;
		if (kind == LDNS_RDF_TYPE_NONE) {
			o->bad = true;
			break;
		}
		*plain &= is_plain(kind);
		if (o->len > 0 && o->text[o->len - 1] != ' ')
			add_text(o, " ", 1);
		at += out_field(o, kind, rdata + at, len - at);
	}
	while (o->len > 0 && o->text[o->len - 1] == ' ')
		o->text[--o->len] = '\0';
}

/* Does the text give the same rdata again? */
static bool
reads_back(const char *text, size_t text_len, uint16_t type,
	   const uint8_t *rdata, size_t len)
{
	struct text_lexer lx;
	struct text_line ln = {0};
	struct text_token none = {.text = "", .line = 1, .column = 1};
	struct text_rdata in = {.file = "", .origin = name_root, .type = &none};
	bool same = false;
	enum err e;

	in.out = malloc(RR_RDATA_MAX);
	text_lexer_init(&lx, "", text, text_len, 1);
	e = in.out ? text_lex_line(&lx, &ln, NULL) : ERR_NOMEM;
	if (e == ERR_OK || e == ERR_NOTFOUND) {
		in.tokens = ln.tokens;
		in.count = ln.count;
		same = text_rdata_read(&in, type) == ERR_OK && in.len == len &&
		       memcmp(in.out, rdata, len) == 0;
	}
	text_line_free(&ln);
	free(in.out);
	return same;
}

char *
text_from_rdata(uint16_t type, const uint8_t *rdata, size_t len)
{
	const ldns_rr_descriptor *desc = text_description(type);
	struct text_out o = {0};
	bool plain = false;

	add_text(&o, "", 0);
	if (desc)
		out_fields(&o, desc, rdata, len, &plain);
	else
		o.bad = true;
	if (!o.bad && (plain || reads_back(o.text, o.len, type, rdata, len)))
		return o.text;
	o.len = 0;
	o.bad = false;
	text_out_add(&o, "\\# %zu%s", len, len > 0 ? " " : "");
	add_hex(&o, rdata, len);
	if (!o.bad)
		return o.text;
	free(o.text);
	return NULL;
}

char *
text_from_rr(const struct rr *rr)
{
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX], *line;
	char *rdata = text_from_rdata(rr->type, rr->rdata, rr->rdlen);
	int n;

	if (!rdata)
		return NULL;
	name_to_text(owner, rr->owner);
	n = asprintf(&line, "%s %u IN %s%s%s", owner, rr->ttl,
		     rr_type_to_text(type, rr->type), *rdata ? " " : "", rdata);
	free(rdata);
	return n < 0 ? NULL : line;
}
