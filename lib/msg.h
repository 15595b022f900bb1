/*
 * A DNS message as a whole: header, question, sections, EDNS (RFC 6891),
 * extended errors (RFC 8914). msg_parse() walks all of it strictly, once, and
 * says with one value what to do; nothing later has to look at wild bytes.
 */
#ifndef PLACED_LIB_MSG_H
#define PLACED_LIB_MSG_H

#include "lib/base.h"
#include "lib/rr.h"
#include "lib/wire.h"

enum msg_opcode {
	MSG_QUERY = 0,
	MSG_NOTIFY = 4,
	MSG_UPDATE = 5
};

enum msg_rcode {
	MSG_NOERROR = 0,
	MSG_FORMERR = 1,
	MSG_SERVFAIL = 2,
	MSG_NXDOMAIN = 3,
	MSG_NOTIMP = 4,
	MSG_REFUSED = 5,
	MSG_YXDOMAIN = 6,
	MSG_YXRRSET = 7,
	MSG_NXRRSET = 8,
	MSG_NOTAUTH = 9,
	MSG_NOTZONE = 10,
	MSG_BADVERS = 16, /* needs EDNS: upper 8 bits travel in OPT */
};

/* RFC 8914 info-codes that we send. */
enum msg_ede {
	MSG_EDE_NONE = -1,
	MSG_EDE_OTHER = 0,
	MSG_EDE_STALE = 3,
	MSG_EDE_NOT_READY = 14,
	MSG_EDE_BLOCKED = 15,
	MSG_EDE_PROHIBITED = 18,
	MSG_EDE_STALE_NXDOMAIN = 19,
	MSG_EDE_NOT_AUTHORITATIVE = 20,
	MSG_EDE_NOT_SUPPORTED = 21,
	MSG_EDE_NO_REACHABLE = 22,
	MSG_EDE_NETWORK = 23,
	MSG_EDE_INVALID_DATA = 24,
};

#define MSG_QR 0x8000
#define MSG_AA 0x0400
#define MSG_TC 0x0200
#define MSG_RD 0x0100
#define MSG_RA 0x0080
#define MSG_AD 0x0020
#define MSG_CD 0x0010

static inline unsigned
msg_flags_opcode(uint16_t flags)
{
	return flags >> 11 & 15;
}

enum msg_section {
	MSG_QD,
	MSG_AN,
	MSG_NS,
	MSG_AR,
	MSG_SECTIONS
};

struct msg_edns {
	bool present;
	bool dnssec_ok; /* DO */
	bool nsid;	/* client asks for NSID (RFC 5001) */
	uint8_t version;
	uint8_t rcode_high; /* upper 8 bits of a response's rcode */
	uint16_t payload;   /* what the sender can take, octets, as sent */
};

struct msg {
	const uint8_t *wire; /* the caller's buffer */
	size_t len;	     /* octets */
	uint16_t id;
	uint16_t flags;
	uint16_t count[MSG_SECTIONS];
	size_t section[MSG_SECTIONS]; /* offset of each section's first entry */
	size_t tsig;		      /* offset of the TSIG RR, 0 if none */
	size_t sig0;		      /* offset of a SIG(0) RR, 0 if none */
	struct msg_edns edns;
	/* The first question; for UPDATE the zone. Case as it came. */
	uint8_t qname[NAME_WIRE_MAX];
	uint8_t qname_len; /* 0: no question */
	uint16_t qtype;
	uint16_t qclass;
};

enum msg_verdict {
	MSG_OK,		/* go on */
	MSG_IGNORE,	/* shorter than a header, or a response: silence */
	MSG_BAD_FORMAT, /* reply FORMERR; id, flags are set, and the question if
			   qname_len is */
	MSG_BAD_VERSION, /* reply BADVERS (RFC 6891 6.1.3) */
	MSG_BAD_OPCODE,	 /* not QUERY, NOTIFY, UPDATE: reply NOTIMP; only the
			    header was read */
};

/*
 * Strict: every section is walked, nothing may be left over, one OPT in the
 * additional section owned by the root, one TSIG or SIG(0), last, one
 * question for QUERY and NOTIFY and UPDATE. Of duplicate EDNS options the first
 * counts; unknown ones are passed over. Rdata that is not empty is checked too,
 * except in a QUERY, where few RRs are ever looked at: there msg_rr_rdata()
 * does it. Allocates nothing; wire must outlive m.
 */
enum msg_verdict msg_parse(struct msg *m, const uint8_t *wire, size_t len);

/* The same for a message that must be a response (QR=1), with at most one
 * question (RFC 5936 2.2.1) and all rdata checked: for the resolver and for
 * tools. MSG_BAD_VERSION does not occur. */
enum msg_verdict msg_parse_response(struct msg *m, const uint8_t *wire,
				    size_t len);

/* One RR of a parsed message; rdata stays compressed in place. */
struct msg_rr {
	uint8_t owner[NAME_WIRE_MAX];
	uint16_t type, class;
	uint32_t ttl; /* as sent; a set top bit means 0 (RFC 2181 8) and is the
			 reader's to treat */
	uint16_t rdlen; /* octets in the message */
	size_t rdata;	/* offset in the message */
};

/*
 * Reads the RR at *pos (start with m->section[s]) and moves *pos behind it.
 * m must have parsed as MSG_OK, so this cannot fail.
 */
void msg_rr_read(const struct msg *m, size_t *pos, struct msg_rr *rr);

/* That RR's rdata, decompressed and checked; as rr_rdata_read(). False:
 * FORMERR. */
bool msg_rr_rdata(const struct msg *m, const struct msg_rr *rr, uint8_t *dst,
		  size_t cap, size_t *len);

/* --- writing ------------------------------------------------------------ */

/* Header with zero counts; w must be empty. */
void msg_write_header(struct wire_writer *w, uint16_t id, uint16_t flags);

/* Question; its name becomes a compression target. */
void msg_write_question(struct wire_writer *w, const uint8_t *qname,
			uint16_t qtype, uint16_t qclass);

/* owner (compressed), type, class, ttl, rdata (names compressed as allowed). */
void msg_write_rr(struct wire_writer *w, const struct rr *rr);

/* Patch the header in place. */
void msg_set_flags(struct wire_writer *w, uint16_t flags);
void msg_set_count(struct wire_writer *w, enum msg_section s, uint16_t count);

/* What goes into the OPT of a reply. */
struct msg_opt {
	uint16_t payload;   /* what we can take */
	uint8_t rcode_high; /* upper 8 bits of the extended rcode */
	bool dnssec_ok;
	const uint8_t *nsid; /* NULL: none */
	uint8_t nsid_len;
	int ede;	      /* enum msg_ede, MSG_EDE_NONE: none */
	const char *ede_text; /* UTF-8, may be NULL; cut at 200 octets */
};

/* Octets that msg_write_opt() will take: reserve them before the sections. */
size_t msg_opt_len(const struct msg_opt *opt);
void msg_write_opt(struct wire_writer *w, const struct msg_opt *opt);

/* A response's whole rcode, of header and OPT. */
static inline unsigned
msg_rcode(const struct msg *m)
{
	return (m->flags & 15u) | (unsigned)m->edns.rcode_high << 4;
}

/* "NOERROR", "NXDOMAIN", ...; "RCODE?" beyond BADCOOKIE. */
const char *msg_rcode_text(unsigned rcode);

#endif
