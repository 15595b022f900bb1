/*
 * Fields that are little languages of their own: HIP, IPSECKEY, WKS, SvcParams,
 * type bitmaps.
 */
#include "zones/text_parse.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* algorithm, HIT, key (RFC 8005 6); the servers follow as names. */
enum err
text_hip_read(struct text_rdata *in)
{
	size_t start = in->len, hit, key;
	enum err e = text_rdata_put(in, "\0\0\0", 4);

	if (e != ERR_OK)
		return e;
	in->len = start;
	e = text_rdata_number(in, 1, "an algorithm");
	if (e != ERR_OK)
		return e;
	in->out[start + 1] = in->out[start];
	hit = in->len = start + 4;
	e = text_rdata_hex(in, false);
	if (e != ERR_OK)
		return e;
	key = in->len;
	if (key - hit > 255)
		return text_rdata_bad(in, &in->tokens[in->at - 1], ERR_RANGE,
				      "HIT is longer than 255 octets");
	in->out[start] = (uint8_t)(key - hit);
	e = text_rdata_base64(in, false);
	if (e == ERR_OK)
		put16(in->out + start + 2, (uint16_t)(in->len - key));
	return e;
}

static enum err
read_gateway(struct text_rdata *in, uint8_t gateway_type)
{
	const struct text_token *tok;

	switch (gateway_type) {
	case 0:
		tok = text_rdata_next(in, "a gateway");
		if (tok && !text_token_is(tok, "."))
			return text_rdata_bad(in, tok, ERR_SYNTAX,
					      "no gateway is written as a dot");
		return tok ? ERR_OK : ERR_SYNTAX;
	case 1:
		return text_field_read(in, LDNS_RDF_TYPE_A);
	case 2:
		return text_field_read(in, LDNS_RDF_TYPE_AAAA);
	case 3:
		return text_rdata_name(in);
	default:
		return text_rdata_bad(in, NULL, ERR_RANGE,
				      "gateway type is not 0, 1, 2 or 3");
	}
}

/* precedence, gateway type, algorithm, gateway, key (RFC 4025 3.1). */
enum err
text_ipseckey_read(struct text_rdata *in)
{
	size_t start = in->len;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < 3; i++)
		e = text_rdata_number(in, 1, "a number");
	if (e == ERR_OK)
		e = read_gateway(in, in->out[start + 1]);
	if (e == ERR_OK && in->at < in->count)
		e = text_rdata_base64(in, true);
	return e;
}

static bool
wks_protocol(const struct text_token *tok, uint64_t *protocol)
{
	struct protoent ent, *found = NULL;
	char text[64], buf[1024];

	if (text_number(tok->text, tok->len, 255, protocol))
		return true;
	if (!text_token_copy(text, sizeof(text), tok) ||
	    getprotobyname_r(text, &ent, buf, sizeof(buf), &found) != 0 ||
	    !found)
		return false;
	*protocol = (uint64_t)found->p_proto;
	return true;
}

static bool
wks_port(const struct text_token *tok, uint64_t protocol, uint64_t *port)
{
	struct servent ent, *found = NULL;
	char text[64], buf[1024];

	if (text_number(tok->text, tok->len, 65535, port))
		return true;
	if (!text_token_copy(text, sizeof(text), tok) ||
	    getservbyname_r(text, protocol == IPPROTO_UDP ? "udp" : "tcp", &ent,
			    buf, sizeof(buf), &found) != 0 ||
	    !found)
		return false;
	*port = ntohs((uint16_t)found->s_port);
	return true;
}

/* Protocol and ports after the address (RFC 1035 3.4.2); ldns makes port 0 of
 * what it does not know. */
enum err
text_wks_read(struct text_rdata *in)
{
	const struct text_token *tok = text_rdata_next(in, "a protocol");
	uint8_t bitmap[65536 / 8] = {0}, octet;
	char show[TEXT_SHOW_MAX];
	uint64_t protocol, port;
	size_t len = 0;
	enum err e;

	if (!tok)
		return ERR_SYNTAX;
	if (!wks_protocol(tok, &protocol))
		return text_rdata_bad(in, tok, ERR_SYNTAX,
				      "'%s' is not a protocol",
				      text_token_show(show, tok));
	while (in->at < in->count) {
		tok = &in->tokens[in->at++];
		if (!wks_port(tok, protocol, &port))
			return text_rdata_bad(in, tok, ERR_SYNTAX,
					      "'%s' is not a port or service",
					      text_token_show(show, tok));
		bitmap[port / 8] |= (uint8_t)(0x80 >> port % 8);
		if (port / 8 + 1 > len)
			len = port / 8 + 1;
	}
	octet = (uint8_t)protocol;
	e = text_rdata_put(in, &octet, 1);
	return e == ERR_OK ? text_rdata_put(in, bitmap, len) : e;
}

/* Windows of the types named by the rest of the line (RFC 4034 4.1.2). */
enum err
text_bitmap_read(struct text_rdata *in)
{
	uint8_t bits[65536 / 8] = {0}, head[2];
	char show[TEXT_SHOW_MAX];
	enum err e = ERR_OK;

	while (in->at < in->count) {
		const struct text_token *tok = &in->tokens[in->at++];
		uint16_t type = text_type(tok);

		if (type == 0)
			return text_rdata_bad(in, tok, ERR_SYNTAX,
					      "'%s' is not a type",
					      text_token_show(show, tok));
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
	}
	for (unsigned window = 0; e == ERR_OK && window < 256; window++) {
		const uint8_t *w = bits + window * 32;
		unsigned len = 32;

		while (len > 0 && w[len - 1] == 0)
			len--;
		if (len == 0)
			continue;
		head[0] = (uint8_t)window;
		head[1] = (uint8_t)len;
		e = text_rdata_put(in, head, 2);
		if (e == ERR_OK)
			e = text_rdata_put(in, w, len);
	}
	return e;
}

/* The parameters as one string for ldns, quotes and all. */
static char *
join_rest(struct text_rdata *in)
{
	size_t len = 1;
	char *text, *at;

	for (size_t i = in->at; i < in->count; i++)
		len += in->tokens[i].len + 1;
	text = at = malloc(len);
	if (!text)
		return NULL;
	for (; in->at < in->count; in->at++) {
		memcpy(at, in->tokens[in->at].text, in->tokens[in->at].len);
		at += in->tokens[in->at].len;
		*at++ = ' ';
	}
	*(at > text ? at - 1 : at) = '\0';
	return text;
}

/* What ldns would let pass: a quoted word alone, a port that wraps. */
static enum err
check_words(struct text_rdata *in)
{
	char show[TEXT_SHOW_MAX];

	for (size_t i = in->at; i < in->count; i++) {
		const struct text_token *tok = &in->tokens[i];
		const char *value = tok->text + 5;
		size_t len = tok->len > 5 ? tok->len - 5 : 0;
		uint64_t port;

		if (tok->quoted)
			return text_rdata_bad(
				in, tok, ERR_SYNTAX,
				"'%s': a parameter is key=\"value\"",
				text_token_show(show, tok));
		if (len == 0 || strncmp(tok->text, "port=", 5) != 0)
			continue;
		if (len > 2 && *value == '"' && value[len - 1] == '"')
			value++, len -= 2;
		if (!text_number(value, len, 65535, &port))
			return text_rdata_bad(in, tok, ERR_RANGE,
					      "'%s' is not a port",
					      text_token_show(show, tok));
	}
	return ERR_OK;
}

static bool
is_alpn_list(const uint8_t *v, size_t len)
{
	size_t at = 0;

	while (at < len && v[at] > 0)
		at += 1u + v[at];
	return len > 0 && at == len;
}

/* mandatory (RFC 9460 8): ascending, not itself, each of them there. */
static bool
is_mandatory_list(const uint8_t *params, size_t params_len, const uint8_t *v,
		  size_t len)
{
	if (len == 0 || len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		bool found = false;

		if (get16(v + i) == 0 ||
		    (i > 0 && get16(v + i) <= get16(v + i - 2)))
			return false;
		for (size_t at = 0; at + 4 <= params_len;
		     at += 4u + get16(params + at + 2))
			found |= get16(params + at) == get16(v + i);
		if (!found)
			return false;
	}
	return true;
}

static bool
value_fits(uint16_t key, const uint8_t *v, size_t len, const uint8_t *params,
	   size_t params_len)
{
	switch (key) {
	case 0:
		return is_mandatory_list(params, params_len, v, len);
	case 1:
		return is_alpn_list(v, len);
	case 2:
		return len == 0;
	case 3:
		return len == 2;
	case 4:
		return len > 0 && len % 4 == 0;
	case 6:
		return len > 0 && len % 16 == 0;
	default:
		return key != 65535;
	}
}

/* Keys strictly ascending, so each once, and values that fit (RFC 9460 2.2). */
static const char *
params_fault(const uint8_t *p, size_t len)
{
	size_t at = 0, n;
	long last = -1;

	while (at < len) {
		if (len - at < 4 || len - at - 4 < get16(p + at + 2))
			return "parameters are cut short";
		n = get16(p + at + 2);
		if (get16(p + at) == last)
			return "a parameter is given twice";
		if (get16(p + at) < last)
			return "parameters are out of order";
		if (!value_fits(get16(p + at), p + at + 4, n, p, len))
			return "a parameter's value does not fit its key";
		last = get16(p + at);
		at += 4 + n;
	}
	return NULL;
}

enum err
text_svcparams_read(struct text_rdata *in)
{
	const struct text_token *first = &in->tokens[in->at];
	size_t start = in->len;
	enum err e = check_words(in);
	const char *fault;
	ldns_rdf *rdf;
	char *text;

	if (e != ERR_OK)
		return e;
	text = join_rest(in);
	if (!text)
		return diag_set(in->diag, ERR_NOMEM, "out of memory");
	rdf = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_SVCPARAMS, text);
	free(text);
	if (!rdf)
		return text_rdata_bad(in, first, ERR_SYNTAX,
				      "service parameters cannot be read");
	e = text_rdata_put(in, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_deep_free(rdf);
	if (e != ERR_OK)
		return e;
	fault = params_fault(in->out + start, in->len - start);
	return fault ? text_rdata_bad(in, first, ERR_SYNTAX, "%s", fault)
		     : ERR_OK;
}
