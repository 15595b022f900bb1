/*
 * RR types: one table row a type, with mnemonic and rdata layout. Everything
 * that must know what is inside rdata (decompression, exact RDLENGTH,
 * compression of answers, comparison, additional data) walks the layout, so a
 * new type is one row. Types without a row are opaque (RFC 3597).
 *
 * Outside of a message, rdata is always uncompressed, in network order, as
 * sent, names in the case they came in.
 */
#ifndef PLACED_LIB_RR_H
#define PLACED_LIB_RR_H

#include "lib/base.h"
#include "lib/wire.h"

enum rr_type {
	RR_A = 1,
	RR_NS = 2,
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_PTR = 12,
	RR_HINFO = 13,
	RR_MX = 15,
	RR_TXT = 16,
	RR_SIG = 24,
	RR_KEY = 25,
	RR_AAAA = 28,
	RR_LOC = 29,
	RR_SRV = 33,
	RR_NAPTR = 35,
	RR_DNAME = 39,
	RR_OPT = 41,
	RR_DS = 43,
	RR_RRSIG = 46,
	RR_NSEC = 47,
	RR_DNSKEY = 48,
	RR_NSEC3 = 50,
	RR_NSEC3PARAM = 51,
	RR_SVCB = 64,
	RR_HTTPS = 65,
	RR_EUI48 = 108,
	RR_EUI64 = 109,
	RR_TKEY = 249,
	RR_TSIG = 250,
	RR_IXFR = 251,
	RR_AXFR = 252,
	RR_MAILB = 253,
	RR_MAILA = 254,
	RR_ANY = 255,
};

enum rr_class {
	RR_IN = 1,
	RR_CH = 3,
	RR_NONE = 254,
	RR_CLASS_ANY = 255
};

#define RR_RDATA_MAX 65535
#define RR_TYPE_TEXT_MAX 16 /* "TYPE65535" and the NUL */

/* Mnemonic in any case, or TYPE123 (RFC 3597); 0 if it is neither. */
uint16_t rr_type_from_text(const char *text);

/* Writes at most RR_TYPE_TEXT_MAX octets; returns dst. */
const char *rr_type_to_text(char *dst, uint16_t type);

/* OPT, TSIG, TKEY, 128 to 255 (QTYPEs and meta-TYPEs), 0: never stored (RFC
 * 6895 3.1). */
bool rr_type_is_meta(uint16_t type);

/* CNAME, DNAME, SOA: a second RR replaces the first (RFC 2136 3.4.2.2 for SOA
 * and CNAME). */
bool rr_type_is_singleton(uint16_t type);

/*
 * Reads rdlength octets of rdata at r, decompresses its names (only types of
 * RFC 1035 and those RFC 3597 section 4 lists may be compressed), and checks
 * that the layout ends exactly there. dst gets at most cap octets. Returns the
 * length; 0 with r->bad set on any fault (0 alone may be empty opaque rdata).
 */
size_t rr_rdata_read(struct wire_reader *r, uint16_t type, size_t rdlength,
		     uint8_t *dst, size_t cap);

/* The same checks, keeping nothing. */
void rr_rdata_skip(struct wire_reader *r, uint16_t type, size_t rdlength);

/* The same check on rdata that stands alone (from disk, from text): exact, no
 * pointers. */
bool rr_rdata_valid(uint16_t type, const uint8_t *rdata, size_t len);

/* RDLENGTH and rdata into a message; names compressed only where RFC 3597
 * section 4 allows. */
void rr_rdata_write(struct wire_writer *w, uint16_t type, const uint8_t *rdata,
		    size_t len);

/* Canonical comparison (RFC 4034 6.2, 6.3): names in rdata of the types listed
 * there compare without case. 0 means: the same RR (RFC 2136 1.1.1). */
int rr_rdata_cmp(uint16_t type, const uint8_t *a, size_t alen, const uint8_t *b,
		 size_t blen);

/* The name that additional data is sought for: NS, MX, SRV, PTR, CNAME,
 * DNAME, SVCB and HTTPS target, ...; NULL for other types. Points into rdata.
 */
const uint8_t *rr_rdata_target(uint16_t type, const uint8_t *rdata);

/* SOA fields; rdata must be valid. */
uint32_t rr_soa_serial(const uint8_t *rdata, size_t len);
uint32_t rr_soa_minimum(const uint8_t *rdata, size_t len);
void rr_soa_set_serial(uint8_t *rdata, size_t len, uint32_t serial);

/* RFC 1982: true if a is after b; false for equal and for the undefined half.
 */
bool rr_serial_after(uint32_t a, uint32_t b);

/* One RR with its parts; whoever fills it says who owns them. */
struct rr {
	const uint8_t *owner; /* name, wire form */
	const uint8_t *rdata;
	uint32_t ttl; /* seconds, at most 2^31-1 (RFC 2181 8) */
	uint16_t type;
	uint16_t class;
	uint16_t rdlen;
};

#endif
