#include "lib/rr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * A layout has one letter a part, in the order of the wire:
 *
 *   1 2 4 6 8   so many octets
 *   a A         an IPv4, an IPv6 address
 *   N           name; may be compressed both ways (RFC 3597 section 4)
 *   D           name; may come compressed, is sent in full
 *   L           name; never compressed; without case in canonical form
 *   U           name; never compressed; case counts (RFC 6840 section 5.1)
 *   V           names of the kind U up to the end
 *   s g         character-string; one that is not empty
 *   t           character-string, or the end
 *   S           character-strings up to the end, at least one
 *   * +         octets up to the end; at least one
 *   B           type bitmap up to the end (RFC 4034 section 4.1.2)
 *   P           SvcParams up to the end (RFC 9460 section 2.2)
 *   x           a form of its own: see part_own()
 *
 * N, D and L compare without case (RFC 4034 section 6.2). N and D occur only
 * beside parts that parts_read() knows.
 */
struct row {
	const char *text;
	const char *layout; /* NULL: opaque */
};

#define ROWS 265

static const struct row rows[ROWS] = {
	[1] = {"A", "a"},
	[2] = {"NS", "N"},
	[3] = {"MD", "N"},
	[4] = {"MF", "N"},
	[5] = {"CNAME", "N"},
	[6] = {"SOA", "NN44444"},
	[7] = {"MB", "N"},
	[8] = {"MG", "N"},
	[9] = {"MR", "N"},
	[10] = {"NULL", NULL},
	[11] = {"WKS", "a1*"},
	[12] = {"PTR", "N"},
	[13] = {"HINFO", "ss"},
	[14] = {"MINFO", "NN"},
	[15] = {"MX", "2N"},
	[16] = {"TXT", "S"},
	[17] = {"RP", "DD"},
	[18] = {"AFSDB", "2D"},
	[19] = {"X25", "s"},
	[20] = {"ISDN", "st"},
	[21] = {"RT", "2D"},
	[22] = {"NSAP", "+"},
	[23] = {"NSAP-PTR", "U"},
	[24] = {"SIG", "2114442D+"},
	[25] = {"KEY", "211*"},
	[26] = {"PX", "2DD"},
	[27] = {"GPOS", "sss"},
	[28] = {"AAAA", "A"},
	[29] = {"LOC", "x"},
	[30] = {"NXT", "D+"},
	[31] = {"EID", "+"},
	[32] = {"NIMLOC", "+"},
	[33] = {"SRV", "222D"},
	[34] = {"ATMA", "1*"},
	[35] = {"NAPTR", "22sssD"},
	[36] = {"KX", "2L"},
	[37] = {"CERT", "221+"},
	[38] = {"A6", "x"},
	[39] = {"DNAME", "L"},
	[40] = {"SINK", NULL},
	[41] = {"OPT", NULL},
	[42] = {"APL", "x"},
	[43] = {"DS", "211+"},
	[44] = {"SSHFP", "11+"},
	[45] = {"IPSECKEY", "111x*"},
	[46] = {"RRSIG", "2114442L+"},
	[47] = {"NSEC", "UB"},
	[48] = {"DNSKEY", "211+"},
	[49] = {"DHCID", "21+"},
	[50] = {"NSEC3", "112sgB"},
	[51] = {"NSEC3PARAM", "112s"},
	[52] = {"TLSA", "111+"},
	[53] = {"SMIMEA", "111+"},
	[55] = {"HIP", "x"},
	[56] = {"NINFO", "S"},
	[57] = {"RKEY", "211+"},
	[58] = {"TALINK", "UU"},
	[59] = {"CDS", "211+"},
	[60] = {"CDNSKEY", "211+"},
	[61] = {"OPENPGPKEY", "+"},
	[62] = {"CSYNC", "42B"},
	[63] = {"ZONEMD", "41148*"}, /* a digest of at least 12 octets */
	[64] = {"SVCB", "2UP"},
	[65] = {"HTTPS", "2UP"},
	[99] = {"SPF", "S"},
	[100] = {"UINFO", NULL},
	[101] = {"UID", NULL},
	[102] = {"GID", NULL},
	[103] = {"UNSPEC", NULL},
	[104] = {"NID", "28"},
	[105] = {"L32", "24"},
	[106] = {"L64", "28"},
	[107] = {"LP", "2U"},
	[108] = {"EUI48", "6"},
	[109] = {"EUI64", "8"},
	[249] = {"TKEY", NULL},
	[250] = {"TSIG", NULL},
	[251] = {"IXFR", NULL},
	[252] = {"AXFR", NULL},
	[253] = {"MAILB", NULL},
	[254] = {"MAILA", NULL},
	[255] = {"ANY", NULL},
	[256] = {"URI", "22+"},
	[257] = {"CAA", "1g*"},
	[258] = {"AVC", "S"},
	[259] = {"DOA", "441s*"},
	[260] = {"AMTRELAY", "11x"},
	[261] = {"RESINFO", "S"},
	[262] = {"WALLET", "S"},
	[263] = {"CLA", "S"},
	[264] = {"IPN", "8"},
};

/* Types far from the others. */
static const struct {
	uint16_t type;
	struct row row;
} far_rows[] = {
	{32768, {"TA", "211+"}},
	{32769, {"DLV", "211+"}},
};

static const struct row *
row_of(uint16_t type)
{
	if (type < ROWS)
		return &rows[type];
	for (size_t i = 0; i < ARRAY_LEN(far_rows); i++)
		if (far_rows[i].type == type)
			return &far_rows[i].row;
	return NULL;
}

static const char *
layout_of(uint16_t type)
{
	const struct row *row = row_of(type);

	return row != NULL && row->layout != NULL ? row->layout : "*";
}

static uint16_t
type_number(const char *digits)
{
	unsigned long v = 0;

	if (*digits == '\0' || strlen(digits) > 5)
		return 0;
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9')
			return 0;
		v = v * 10 + (unsigned long)(*digits - '0');
	}
	return v > UINT16_MAX ? 0 : (uint16_t)v;
}

uint16_t
rr_type_from_text(const char *text)
{
	for (uint16_t i = 0; i < ROWS; i++)
		if (rows[i].text != NULL && strcasecmp(text, rows[i].text) == 0)
			return i;
	for (size_t i = 0; i < ARRAY_LEN(far_rows); i++)
		if (strcasecmp(text, far_rows[i].row.text) == 0)
			return far_rows[i].type;
	if (strncasecmp(text, "TYPE", 4) == 0)
		return type_number(text + 4);
	return 0;
}

const char *
rr_type_to_text(char *dst, uint16_t type)
{
	const struct row *row = row_of(type);

	if (row != NULL && row->text != NULL)
		snprintf(dst, RR_TYPE_TEXT_MAX, "%s", row->text);
	else
		snprintf(dst, RR_TYPE_TEXT_MAX, "TYPE%u", type);
	return dst;
}

bool
rr_type_is_meta(uint16_t type)
{
	return type == 0 || type == RR_OPT || (type >= 128 && type <= 255);
}

bool
rr_type_is_singleton(uint16_t type)
{
	return type == RR_CNAME || type == RR_DNAME || type == RR_SOA;
}

/* --- parts: each part_*() gives the place behind the part, NULL on a fault */

static const uint8_t *
part_octets(const uint8_t *at, const uint8_t *end, size_t n)
{
	return (size_t)(end - at) < n ? NULL : at + n;
}

static const uint8_t *
part_name(const uint8_t *at, const uint8_t *end)
{
	size_t used;

	return name_valid(at, (size_t)(end - at), &used) ? at + used : NULL;
}

static const uint8_t *
part_names(const uint8_t *at, const uint8_t *end)
{
	while (at != NULL && at < end)
		at = part_name(at, end);
	return at;
}

static const uint8_t *
part_string(const uint8_t *at, const uint8_t *end)
{
	return at < end ? part_octets(at, end, 1 + (size_t)*at) : NULL;
}

static const uint8_t *
part_strings(const uint8_t *at, const uint8_t *end)
{
	do {
		at = part_string(at, end);
	} while (at != NULL && at < end);
	return at;
}

/* Windows ascend, have 1 to 32 octets, and do not end in a zero octet. */
static const uint8_t *
part_bitmap(const uint8_t *at, const uint8_t *end)
{
	int last = -1;

	while (at < end) {
		size_t len;

		if (end - at < 3 || at[0] <= last)
			return NULL;
		last = at[0];
		len = at[1];
		if (len < 1 || len > 32 || (size_t)(end - at) < 2 + len)
			return NULL;
		at += 2 + len;
		if (at[-1] == 0)
			return NULL;
	}
	return at;
}

enum svc_key {
	SVC_MANDATORY = 0,
	SVC_ALPN = 1,
	SVC_NO_DEFAULT_ALPN = 2,
	SVC_PORT = 3,
	SVC_IPV4HINT = 4,
	SVC_IPV6HINT = 6,
};

/* Keys in ascending order, the key `mandatory` not among them. */
static bool
svc_mandatory_ok(const uint8_t *v, size_t len)
{
	unsigned last = 0;

	if (len == 0 || len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		if (get16(v + i) <= last)
			return false;
		last = get16(v + i);
	}
	return true;
}

static bool
svc_alpn_ok(const uint8_t *v, size_t len)
{
	const uint8_t *end = v + len;

	if (len == 0)
		return false;
	while (v != NULL && v < end)
		v = *v == 0 ? NULL : part_string(v, end);
	return v != NULL;
}

static bool
svc_value_ok(unsigned key, const uint8_t *v, size_t len)
{
	switch (key) {
	case SVC_MANDATORY:
		return svc_mandatory_ok(v, len);
	case SVC_ALPN:
		return svc_alpn_ok(v, len);
	case SVC_NO_DEFAULT_ALPN:
		return len == 0;
	case SVC_PORT:
		return len == 2;
	case SVC_IPV4HINT:
		return len > 0 && len % 4 == 0;
	case SVC_IPV6HINT:
		return len > 0 && len % 16 == 0;
	default:
		return true;
	}
}

static const uint8_t *
part_svc(const uint8_t *at, const uint8_t *end)
{
	long last = -1;

	while (at < end) {
		size_t len;

		if (end - at < 4 || get16(at) <= last)
			return NULL;
		last = get16(at);
		len = get16(at + 2);
		at += 4;
		if ((size_t)(end - at) < len ||
		    !svc_value_ok((unsigned)last, at, len))
			return NULL;
		at += len;
	}
	return at;
}

/* A size or precision of LOC: mantissa and exponent, a digit each. */
static bool
loc_size_ok(uint8_t v)
{
	return v >> 4 <= 9 && (v & 15) <= 9;
}

/* RFC 1876: version 0, and thousandths of a second around the middle. */
static const uint8_t *
part_loc(const uint8_t *at, const uint8_t *end)
{
	const int64_t middle = 1LL << 31, degree = 3600000;

	if (end - at < 16 || at[0] != 0)
		return NULL;
	if (!loc_size_ok(at[1]) || !loc_size_ok(at[2]) || !loc_size_ok(at[3]))
		return NULL;
	if (llabs(get32(at + 4) - middle) > 90 * degree ||
	    llabs(get32(at + 8) - middle) > 180 * degree)
		return NULL;
	return at + 16;
}

/* RFC 2874: prefix length, as many octets as the suffix needs, prefix name. */
static const uint8_t *
part_a6(const uint8_t *at, const uint8_t *end)
{
	unsigned prefix;

	if (at == end || at[0] > 128)
		return NULL;
	prefix = at[0];
	at = part_octets(at, end, 1 + (128 - prefix + 7) / 8);
	return at != NULL && prefix > 0 ? part_name(at, end) : at;
}

/* RFC 3123: family, prefix, sign and length, address. */
static const uint8_t *
part_apl(const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		unsigned family, prefix, len;

		if (end - at < 4)
			return NULL;
		family = get16(at);
		prefix = at[2];
		len = at[3] & 0x7f;
		if (family == 1 && (prefix > 32 || len > 4))
			return NULL;
		if (family == 2 && (prefix > 128 || len > 16))
			return NULL;
		at = part_octets(at, end, 4 + (size_t)len);
		if (at == NULL)
			return NULL;
	}
	return at;
}

/* RFC 8005: lengths of HIT and key, algorithm, HIT, key, servers. */
static const uint8_t *
part_hip(const uint8_t *at, const uint8_t *end)
{
	size_t len;

	if (end - at < 4)
		return NULL;
	len = (size_t)at[0] + get16(at + 2);
	if (at[0] == 0 || get16(at + 2) == 0)
		return NULL;
	at = part_octets(at, end, 4 + len);
	return at != NULL ? part_names(at, end) : NULL;
}

/* A gateway (RFC 4025, RFC 8777): nothing, an address or a name. */
static const uint8_t *
part_gateway(unsigned kind, const uint8_t *at, const uint8_t *end)
{
	switch (kind) {
	case 0:
		return at;
	case 1:
		return part_octets(at, end, 4);
	case 2:
		return part_octets(at, end, 16);
	case 3:
		return part_name(at, end);
	default:
		return NULL;
	}
}

static const uint8_t *
part_own(uint16_t type, const uint8_t *at, const uint8_t *end)
{
	switch (type) {
	case 29:
		return part_loc(at, end);
	case 38:
		return part_a6(at, end);
	case 42:
		return part_apl(at, end);
	case 45: /* behind precedence, kind, algorithm */
		return part_gateway(at[-2], at, end);
	case 55:
		return part_hip(at, end);
	case 260: /* behind precedence, kind with the discovery bit */
		return part_gateway(at[-1] & 0x7f, at, end);
	default:
		return NULL;
	}
}

/* Octets of a part of fixed size, 0 if it is not. */
static size_t
part_size(char part)
{
	if (part >= '1' && part <= '8')
		return (size_t)(part - '0');
	return part == 'a' ? 4 : part == 'A' ? 16 : 0;
}

static bool
part_without_case(char part)
{
	return part == 'N' || part == 'D' || part == 'L';
}

static const uint8_t *
part_end(uint16_t type, char part, const uint8_t *at, const uint8_t *end)
{
	switch (part) {
	case 'N':
	case 'D':
	case 'L':
	case 'U':
		return part_name(at, end);
	case 'V':
		return part_names(at, end);
	case 'g':
		return at<end && * at> 0 ? part_string(at, end) : NULL;
	case 's':
		return part_string(at, end);
	case 't':
		return at < end ? part_string(at, end) : at;
	case 'S':
		return part_strings(at, end);
	case '*':
		return end;
	case '+':
		return at < end ? end : NULL;
	case 'B':
		return part_bitmap(at, end);
	case 'P':
		return part_svc(at, end);
	case 'x':
		return part_own(type, at, end);
	default:
		return part_octets(at, end, part_size(part));
	}
}

/* --- rdata -------------------------------------------------------------- */

bool
rr_rdata_valid(uint16_t type, const uint8_t *rdata, size_t len)
{
	const uint8_t *at = rdata, *end = rdata + len;

	if (len > RR_RDATA_MAX)
		return false;
	for (const char *l = layout_of(type); *l != '\0'; l++) {
		at = part_end(type, *l, at, end);
		if (at == NULL)
			return false;
	}
	return at == end;
}

/* Where rdata goes that is read; with dst NULL it is only checked. */
struct sink {
	uint8_t *dst;
	size_t cap;
	size_t len;
};

static void
sink_put(struct wire_reader *r, struct sink *s, const uint8_t *from, size_t len)
{
	if (from == NULL || r->bad)
		return;
	if (s->dst != NULL) {
		if (len > s->cap - s->len) {
			r->bad = true;
			return;
		}
		memcpy(s->dst + s->len, from, len);
	}
	s->len += len;
}

static void
part_read(struct wire_reader *r, struct sink *s, char part)
{
	uint8_t name[NAME_WIRE_MAX];
	size_t len;

	if (part == 'N' || part == 'D') {
		len = wire_read_name(r, name);
		sink_put(r, s, name, len);
		return;
	}
	if (part == 's')
		len = r->pos < r->end ? 1 + (size_t)r->msg[r->pos] : 1;
	else if (part == '+')
		len = r->pos < r->end ? r->end - r->pos : 1;
	else
		len = part_size(part);
	sink_put(r, s, wire_read_octets(r, len), len);
}

/* Rdata whose names may be compressed; r->end is the rdata's end. */
static void
parts_read(struct wire_reader *r, struct sink *s, const char *layout)
{
	for (const char *l = layout; *l != '\0' && !r->bad; l++)
		part_read(r, s, *l);
	if (r->pos != r->end)
		r->bad = true;
}

static void
rdata_read(struct wire_reader *r, uint16_t type, size_t rdlength,
	   struct sink *s)
{
	const char *layout = layout_of(type);
	size_t end = r->end;
	const uint8_t *at;

	if (r->bad || rdlength > r->end - r->pos) {
		r->bad = true;
		return;
	}
	if (strpbrk(layout, "ND") != NULL) {
		r->end = r->pos + rdlength;
		parts_read(r, s, layout);
		r->end = end;
		return;
	}
	at = wire_read_octets(r, rdlength);
	if (at == NULL || !rr_rdata_valid(type, at, rdlength))
		r->bad = true;
	sink_put(r, s, at, rdlength);
}

size_t
rr_rdata_read(struct wire_reader *r, uint16_t type, size_t rdlength,
	      uint8_t *dst, size_t cap)
{
	struct sink s = {.dst = dst, .cap = cap};

	rdata_read(r, type, rdlength, &s);
	return r->bad ? 0 : s.len;
}

void
rr_rdata_skip(struct wire_reader *r, uint16_t type, size_t rdlength)
{
	struct sink s = {0};

	rdata_read(r, type, rdlength, &s);
}

/* Rdata of a type of RFC 1035: names and parts of fixed size. */
static void
rdata_write_compressed(struct wire_writer *w, const char *layout,
		       const uint8_t *rdata, size_t len)
{
	const uint8_t *at = rdata, *end = rdata + len;
	size_t start = w->len;

	wire_write16(w, 0);
	for (const char *l = layout; *l != '\0' && *l != '4'; l++) {
		if (*l == 'N') {
			wire_write_name_compressed(w, at);
			at += name_len(at);
		} else {
			wire_write_octets(w, at, part_size(*l));
			at += part_size(*l);
		}
	}
	wire_write_octets(w, at, (size_t)(end - at));
	if (!w->full)
		put16(w->buf + start, (uint16_t)(w->len - start - 2));
}

void
rr_rdata_write(struct wire_writer *w, uint16_t type, const uint8_t *rdata,
	       size_t len)
{
	const char *layout = layout_of(type);
	size_t start;

	/* N, if any, is the first or the second part. */
	if (layout[0] == 'N' || (layout[0] == '2' && layout[1] == 'N')) {
		rdata_write_compressed(w, layout, rdata, len);
		return;
	}
	wire_write16(w, (uint16_t)len);
	start = w->len;
	wire_write_octets(w, rdata, len);
	/* The target is sent in full, but the owners of its addresses, which
	 * follow as additional data, may point to it. */
	if (type == RR_SRV)
		wire_target(w, start + 6);
}

static int
octets_cmp_lower(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int d = name_lower_octet(a[i]) - name_lower_octet(b[i]);

		if (d != 0)
			return d;
	}
	return 0;
}

/* Where the walk over a's parts goes on; n if it need not go on. */
static size_t
part_stop(uint16_t type, char part, const uint8_t *a, size_t alen, size_t pos,
	  size_t n)
{
	const uint8_t *at = part_end(type, part, a + pos, a + alen);

	return at != NULL && (size_t)(at - a) < n ? (size_t)(at - a) : n;
}

/*
 * As long as all octets were equal, the parts of b are those of a: so only a is
 * walked, and the first difference decides.
 */
int
rr_rdata_cmp(uint16_t type, const uint8_t *a, size_t alen, const uint8_t *b,
	     size_t blen)
{
	const char *layout = layout_of(type);
	size_t pos = 0, n = alen < blen ? alen : blen;
	int d;

	if (strpbrk(layout, "NDL") == NULL)
		layout = "*";
	for (; *layout != '\0' && pos < n; layout++) {
		size_t stop = part_stop(type, *layout, a, alen, pos, n);

		d = part_without_case(*layout)
			    ? octets_cmp_lower(a + pos, b + pos, stop - pos)
			    : memcmp(a + pos, b + pos, stop - pos);
		if (d != 0)
			return d;
		pos = stop;
	}
	return (alen > blen) - (alen < blen);
}

/* NAPTR: order, preference, flags, services, regexp, replacement. */
static const uint8_t *
naptr_replacement(const uint8_t *rdata)
{
	const uint8_t *at = rdata + 4;

	for (int i = 0; i < 3; i++)
		at += 1 + *at;
	return at;
}

const uint8_t *
rr_rdata_target(uint16_t type, const uint8_t *rdata)
{
	switch (type) {
	case RR_NS:
	case 3: /* MD */
	case 4: /* MF */
	case RR_CNAME:
	case 7: /* MB */
	case 8: /* MG */
	case 9: /* MR */
	case RR_PTR:
	case RR_DNAME:
		return rdata;
	case RR_MX:
	case 18: /* AFSDB */
	case 21: /* RT */
	case 36: /* KX */
	case RR_SVCB:
	case RR_HTTPS:
	case 107: /* LP */
		return rdata + 2;
	case RR_SRV:
		return rdata + 6;
	case RR_NAPTR:
		return naptr_replacement(rdata);
	default:
		return NULL;
	}
}

/* The five numbers of an SOA are its last 20 octets. */
uint32_t
rr_soa_serial(const uint8_t *rdata, size_t len)
{
	return get32(rdata + len - 20);
}

uint32_t
rr_soa_minimum(const uint8_t *rdata, size_t len)
{
	return get32(rdata + len - 4);
}

void
rr_soa_set_serial(uint8_t *rdata, size_t len, uint32_t serial)
{
	put32(rdata + len - 20, serial);
}

bool
rr_serial_after(uint32_t a, uint32_t b)
{
	uint32_t d = a - b;

	return d != 0 && d < 0x80000000;
}
