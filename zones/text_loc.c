/*
 * LOC (RFC 1876). Sizes and precisions keep one significant digit; it is
 * rounded up, so that a sphere still encloses its room.
 */
#include "zones/text_parse.h"

#include <string.h>

#define EQUATOR 0x80000000u	   /* wire value of 0 degrees */
#define ALTITUDE_BASE 10000000	   /* cm below the ellipsoid at wire value 0 */
#define SIZE_MAX_CM 9000000000ull  /* 90000000.00m */
#define MS_DEGREE (60 * 60 * 1000) /* thousandths of a second of arc */

static enum err
loc_bad(struct text_rdata *in, const struct text_token *tok, const char *what)
{
	char show[TEXT_SHOW_MAX];

	return text_rdata_bad(in, tok, ERR_RANGE, "'%s' is not %s",
			      text_token_show(show, tok), what);
}

/* Digits, and at most `places` more behind a dot, as an integer of the last
 * place. */
static bool
fixed_point(const char *text, size_t len, unsigned places, uint64_t max,
	    uint64_t *v)
{
	const char *dot = memchr(text, '.', len);
	size_t whole = dot ? (size_t)(dot - text) : len;
	size_t more = dot ? len - whole - 1 : 0;
	uint64_t n = 0, part = 0, scale = 1;

	if (more > places || (whole == 0 && more == 0) ||
	    (whole > 0 && !text_number(text, whole, UINT32_MAX, &n)) ||
	    (more > 0 && !text_number(dot + 1, more, UINT32_MAX, &part)))
		return false;
	for (unsigned i = 0; i < places; i++) {
		scale *= 10;
		if (i >= more)
			part *= 10;
	}
	*v = n * scale + part;
	return *v <= max;
}

static bool
is_hemisphere(const struct text_token *tok, const char *letters)
{
	return tok->len == 1 && ((tok->text[0] & 0xdf) == letters[0] ||
				 (tok->text[0] & 0xdf) == letters[1]);
}

/* d [m [s.sss]] and one of two letters. */
static enum err
read_angle(struct text_rdata *in, unsigned degrees_max, const char *letters,
	   const char *what)
{
	static const struct {
		unsigned places, unit;
		uint64_t max;
	} part[3] = {{0, MS_DEGREE, 180}, {0, 60000, 59}, {3, 1, 59999}};
	const struct text_token *tok = text_rdata_next(in, what);
	uint64_t ms = 0, v;
	uint8_t wire[4];
	unsigned i = 0;

	while (tok && i < 3 && !(i > 0 && is_hemisphere(tok, letters))) {
		if (!fixed_point(tok->text, tok->len, part[i].places,
				 part[i].max, &v))
			return loc_bad(in, tok, what);
		ms += v * part[i++].unit;
		tok = text_rdata_next(in, what);
	}
	if (!tok)
		return ERR_SYNTAX;
	if (!is_hemisphere(tok, letters))
		return loc_bad(in, tok, what);
	if (ms > (uint64_t)degrees_max * MS_DEGREE)
		return text_rdata_bad(in, tok, ERR_RANGE,
				      "beyond %u degrees is not %s",
				      degrees_max, what);
	put32(wire, (tok->text[0] & 0xdf) == letters[0]
			    ? EQUATOR + (uint32_t)ms
			    : EQUATOR - (uint32_t)ms);
	return text_rdata_put(in, wire, 4);
}

/* Without the m that may end it. */
static size_t
metres_len(const struct text_token *tok)
{
	return tok->len > 1 && (tok->text[tok->len - 1] | 0x20) == 'm'
		       ? tok->len - 1
		       : tok->len;
}

static enum err
read_altitude(struct text_rdata *in)
{
	const char *what = "an altitude from -100000.00m to 42849672.95m";
	const struct text_token *tok = text_rdata_next(in, "an altitude");
	uint8_t wire[4];
	bool below;
	uint64_t cm;

	if (!tok)
		return ERR_SYNTAX;
	below = tok->len > 0 && tok->text[0] == '-';
	if (!fixed_point(tok->text + below, metres_len(tok) - below, 2,
			 below ? ALTITUDE_BASE : UINT32_MAX - ALTITUDE_BASE,
			 &cm))
		return loc_bad(in, tok, what);
	put32(wire, below ? ALTITUDE_BASE - (uint32_t)cm
			  : ALTITUDE_BASE + (uint32_t)cm);
	return text_rdata_put(in, wire, 4);
}

static uint8_t
size_encode(uint64_t cm)
{
	unsigned exponent = 0;

	while (cm > 9) {
		cm = (cm + 9) / 10;
		exponent++;
	}
	return (uint8_t)(cm << 4 | exponent);
}

enum err
text_loc_read(struct text_rdata *in)
{
	/* version, size 1 m, horizontal 10 km, vertical 10 m */
	uint8_t head[4] = {0, 0x12, 0x16, 0x13};
	size_t start = in->len;
	uint64_t cm;
	enum err e = text_rdata_put(in, head, 4);

	if (e == ERR_OK)
		e = read_angle(in, 90, "NS", "a latitude");
	if (e == ERR_OK)
		e = read_angle(in, 180, "EW", "a longitude");
	if (e == ERR_OK)
		e = read_altitude(in);
	for (unsigned i = 1; e == ERR_OK && i < 4 && in->at < in->count; i++) {
		const struct text_token *tok = &in->tokens[in->at++];

		if (!fixed_point(tok->text, metres_len(tok), 2, SIZE_MAX_CM,
				 &cm))
			return loc_bad(in, tok,
				       "a size from 0.00m to 90000000.00m");
		in->out[start + i] = size_encode(cm);
	}
	return e;
}

static void
write_angle(struct text_out *o, uint32_t wire, uint32_t degrees_max,
	    char positive, char negative)
{
	uint32_t ms = wire >= EQUATOR ? wire - EQUATOR : EQUATOR - wire;

	if (ms > degrees_max * MS_DEGREE)
		o->bad = true;
	text_out_add(o, "%u %u %u.%03u %c ", ms / MS_DEGREE, ms / 60000 % 60,
		     ms / 1000 % 60, ms % 1000,
		     wire >= EQUATOR ? positive : negative);
}

static void
write_size(struct text_out *o, uint8_t wire)
{
	uint64_t cm = wire >> 4;

	if (wire >> 4 > 9 || (wire & 15) > 9)
		o->bad = true;
	for (unsigned i = 0; i < (wire & 15u); i++)
		cm *= 10;
	if (cm % 100 == 0)
		text_out_add(o, " %llum", (unsigned long long)cm / 100);
	else if (cm % 10 == 0)
		text_out_add(o, " 0.%llum", (unsigned long long)cm / 10);
	else
		text_out_add(o, " 0.0%llum", (unsigned long long)cm);
}

size_t
text_loc_write(struct text_out *o, const uint8_t *p, size_t len)
{
	uint32_t altitude;
	uint64_t cm;

	if (len < 16 || p[0] != 0) {
		o->bad = true;
		return 0;
	}
	write_angle(o, get32(p + 4), 90, 'N', 'S');
	write_angle(o, get32(p + 8), 180, 'E', 'W');
	altitude = get32(p + 12);
	cm = altitude >= ALTITUDE_BASE ? altitude - ALTITUDE_BASE
				       : ALTITUDE_BASE - altitude;
	text_out_add(o, "%s%llu.%02llum", altitude < ALTITUDE_BASE ? "-" : "",
		     (unsigned long long)cm / 100,
		     (unsigned long long)cm % 100);
	write_size(o, p[1]);
	write_size(o, p[2]);
	write_size(o, p[3]);
	return 16;
}
