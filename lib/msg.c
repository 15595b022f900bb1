#include "lib/msg.h"

#include <stdio.h>
#include <string.h>

#define RR_FIXED_LEN 10 /* type, class, TTL, RDLENGTH */
#define EDE_TEXT_MAX 200

/* EDNS option codes */
#define OPTION_NSID 3
#define OPTION_EDE 15

#define OPT_LEN 11	  /* an OPT without options */
#define OPTION_HEAD_LEN 4 /* code and length */
#define EDNS_DO 0x8000

/* Which rdata is checked while the sections are walked. */
enum check {
	CHECK_NONE,
	CHECK_FILLED, /* an UPDATE deletes with empty rdata, of any type */
	CHECK_ALL,
};

/* The RR at hand while the sections are walked. */
struct walk {
	size_t start; /* offset of its owner */
	enum msg_section section;
	bool last; /* of the message */
	uint16_t type, class;
	uint32_t ttl;
	uint16_t rdlen;
	enum check check;
};

static void
opt_options_parse(struct msg *m, struct wire_reader *r, size_t rdlen)
{
	size_t end = r->pos + rdlen;

	while (r->pos < end && !r->bad) {
		uint16_t code = wire_read16(r), len = wire_read16(r);

		wire_skip(r, len);
		/* RFC 5001 2.1: the client's NSID is empty. */
		if (code == OPTION_NSID && len == 0)
			m->edns.nsid = true;
	}
	if (r->pos != end)
		r->bad = true;
}

static bool
opt_parse(struct msg *m, struct wire_reader *r, const struct walk *w)
{
	struct msg_edns before = m->edns;

	if (before.present || w->section != MSG_AR || r->msg[w->start] != 0)
		return false;
	m->edns.present = true;
	m->edns.payload = w->class;
	m->edns.rcode_high = (uint8_t)(w->ttl >> 24);
	m->edns.version = (uint8_t)(w->ttl >> 16);
	m->edns.dnssec_ok = (w->ttl & EDNS_DO) != 0;
	opt_options_parse(m, r, w->rdlen);
	if (r->bad)
		m->edns = before;
	return !r->bad;
}

/* RFC 8945 5.1: last, once, class ANY, TTL 0. */
static bool
tsig_parse(struct msg *m, struct wire_reader *r, const struct walk *w)
{
	if (!w->last || w->section != MSG_AR || w->class != RR_CLASS_ANY ||
	    w->ttl != 0)
		return false;
	m->tsig = w->start;
	wire_skip(r, w->rdlen);
	return !r->bad;
}

/* RFC 2931 3: a SIG that covers type 0 signs the message and is its last RR. */
static bool
is_sig0(const struct wire_reader *r, const struct walk *w)
{
	return w->type == RR_SIG && w->rdlen >= 2 && r->end - r->pos >= 2 &&
	       get16(r->msg + r->pos) == 0;
}

static bool
rr_parse(struct msg *m, struct wire_reader *r, const struct walk *w)
{
	if (w->type == RR_OPT)
		return opt_parse(m, r, w);
	if (w->type == RR_TSIG)
		return tsig_parse(m, r, w);
	if (is_sig0(r, w)) {
		if (!w->last || w->section != MSG_AR)
			return false;
		m->sig0 = w->start;
		rr_rdata_skip(r, w->type, w->rdlen);
		return !r->bad;
	}
	if (w->check == CHECK_ALL || (w->check == CHECK_FILLED && w->rdlen > 0))
		rr_rdata_skip(r, w->type, w->rdlen);
	else
		wire_skip(r, w->rdlen);
	return !r->bad;
}

static bool
section_parse(struct msg *m, struct wire_reader *r, enum msg_section section,
	      enum check check)
{
	struct walk w = {.section = section, .check = check};

	m->section[section] = r->pos;
	for (unsigned i = m->count[section]; i > 0; i--) {
		const uint8_t *fixed;

		w.start = r->pos;
		w.last = i == 1;
		wire_skip_name(r);
		fixed = wire_read_octets(r, RR_FIXED_LEN);
		if (fixed == NULL)
			return false;
		w.type = get16(fixed);
		w.class = get16(fixed + 2);
		w.ttl = get32(fixed + 4);
		w.rdlen = get16(fixed + 8);
		if (!rr_parse(m, r, &w))
			return false;
	}
	return true;
}

static bool
question_parse(struct msg *m, struct wire_reader *r)
{
	const uint8_t *fixed;
	size_t len;

	m->section[MSG_QD] = r->pos;
	if (m->count[MSG_QD] == 0)
		return true;
	len = wire_read_name(r, m->qname);
	fixed = wire_read_octets(r, 4);
	if (fixed == NULL)
		return false;
	m->qname_len = (uint8_t)len;
	m->qtype = get16(fixed);
	m->qclass = get16(fixed + 2);
	return true;
}

/* False: shorter than a header. The reader then stands behind it. */
static bool
header_parse(struct msg *m, struct wire_reader *r, const uint8_t *wire,
	     size_t len)
{
	/* qname is large, and qname_len says that it is not set. */
	memset(m, 0, offsetof(struct msg, qname));
	m->qname_len = 0;
	m->qtype = m->qclass = 0;
	m->wire = wire;
	m->len = len;
	if (len < WIRE_HEADER_LEN || len > WIRE_MSG_MAX)
		return false;
	wire_reader_init(r, wire, len);
	r->pos = WIRE_HEADER_LEN;
	m->id = get16(wire);
	m->flags = get16(wire + 2);
	for (int s = MSG_QD; s < MSG_SECTIONS; s++)
		m->count[s] = get16(wire + 4 + 2 * s);
	return true;
}

static bool
body_parse(struct msg *m, struct wire_reader *r, enum check check)
{
	return question_parse(m, r) && section_parse(m, r, MSG_AN, check) &&
	       section_parse(m, r, MSG_NS, check) &&
	       section_parse(m, r, MSG_AR, check) && r->pos == r->end;
}

enum msg_verdict
msg_parse(struct msg *m, const uint8_t *wire, size_t len)
{
	struct wire_reader r;
	unsigned opcode;

	if (!header_parse(m, &r, wire, len) || (m->flags & MSG_QR) != 0)
		return MSG_IGNORE;
	opcode = msg_flags_opcode(m->flags);
	if (opcode != MSG_QUERY && opcode != MSG_NOTIFY && opcode != MSG_UPDATE)
		return MSG_BAD_OPCODE;
	if (m->count[MSG_QD] != 1 ||
	    !body_parse(m, &r, opcode == MSG_QUERY ? CHECK_NONE : CHECK_FILLED))
		return MSG_BAD_FORMAT;
	return m->edns.version > 0 ? MSG_BAD_VERSION : MSG_OK;
}

enum msg_verdict
msg_parse_response(struct msg *m, const uint8_t *wire, size_t len)
{
	struct wire_reader r;
	bool update;

	if (!header_parse(m, &r, wire, len) || (m->flags & MSG_QR) == 0)
		return MSG_IGNORE;
	/* The response to an UPDATE may repeat it. */
	update = msg_flags_opcode(m->flags) == MSG_UPDATE;
	if (m->count[MSG_QD] > 1 ||
	    !body_parse(m, &r, update ? CHECK_FILLED : CHECK_ALL))
		return MSG_BAD_FORMAT;
	return MSG_OK;
}

void
msg_rr_read(const struct msg *m, size_t *pos, struct msg_rr *rr)
{
	struct wire_reader r;

	wire_reader_init(&r, m->wire, m->len);
	r.pos = *pos;
	wire_read_name(&r, rr->owner);
	rr->type = wire_read16(&r);
	rr->class = wire_read16(&r);
	rr->ttl = wire_read32(&r);
	rr->rdlen = wire_read16(&r);
	rr->rdata = r.pos;
	wire_skip(&r, rr->rdlen);
	if (r.bad) {
		/* Not a place where msg_parse() found an RR: nothing there. */
		*rr = (struct msg_rr){.rdata = m->len};
		r.pos = m->len;
	}
	*pos = r.pos;
}

bool
msg_rr_rdata(const struct msg *m, const struct msg_rr *rr, uint8_t *dst,
	     size_t cap, size_t *len)
{
	struct wire_reader r;

	wire_reader_init(&r, m->wire, m->len);
	r.pos = rr->rdata;
	*len = rr_rdata_read(&r, rr->type, rr->rdlen, dst, cap);
	return !r.bad;
}

/* --- writing ------------------------------------------------------------ */

void
msg_write_header(struct wire_writer *w, uint16_t id, uint16_t flags)
{
	uint8_t header[WIRE_HEADER_LEN] = {0};

	must(w->len == 0);
	put16(header, id);
	put16(header + 2, flags);
	wire_write_octets(w, header, sizeof(header));
}

void
msg_write_question(struct wire_writer *w, const uint8_t *qname, uint16_t qtype,
		   uint16_t qclass)
{
	uint8_t fixed[4];

	put16(fixed, qtype);
	put16(fixed + 2, qclass);
	wire_write_name(w, qname);
	wire_write_octets(w, fixed, sizeof(fixed));
}

void
msg_write_rr(struct wire_writer *w, const struct rr *rr)
{
	uint8_t fixed[8];

	put16(fixed, rr->type);
	put16(fixed + 2, rr->class);
	put32(fixed + 4, rr->ttl);
	wire_write_name_compressed(w, rr->owner);
	wire_write_octets(w, fixed, sizeof(fixed));
	rr_rdata_write(w, rr->type, rr->rdata, rr->rdlen);
}

void
msg_set_flags(struct wire_writer *w, uint16_t flags)
{
	must(w->len >= WIRE_HEADER_LEN);
	put16(w->buf + 2, flags);
}

void
msg_set_count(struct wire_writer *w, enum msg_section s, uint16_t count)
{
	must(w->len >= WIRE_HEADER_LEN && s < MSG_SECTIONS);
	put16(w->buf + 4 + 2 * s, count);
}

/* Octets of the text that are sent: whole characters of UTF-8. */
static size_t
ede_text_len(const char *text)
{
	size_t len;

	if (text == NULL)
		return 0;
	len = strnlen(text, EDE_TEXT_MAX + 1);
	if (len <= EDE_TEXT_MAX)
		return len;
	len = EDE_TEXT_MAX;
	while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static size_t
options_len(const struct msg_opt *opt)
{
	size_t len = 0;

	if (opt->nsid != NULL)
		len += OPTION_HEAD_LEN + opt->nsid_len;
	if (opt->ede != MSG_EDE_NONE)
		len += OPTION_HEAD_LEN + 2 + ede_text_len(opt->ede_text);
	return len;
}

size_t
msg_opt_len(const struct msg_opt *opt)
{
	return OPT_LEN + options_len(opt);
}

void
msg_write_opt(struct wire_writer *w, const struct msg_opt *opt)
{
	uint8_t fixed[OPT_LEN] = {0};

	put16(fixed + 1, RR_OPT);
	put16(fixed + 3, opt->payload);
	fixed[5] = opt->rcode_high;
	put16(fixed + 7, opt->dnssec_ok ? EDNS_DO : 0);
	put16(fixed + 9, (uint16_t)options_len(opt));
	wire_write_octets(w, fixed, sizeof(fixed));
	if (opt->nsid != NULL) {
		wire_write16(w, OPTION_NSID);
		wire_write16(w, opt->nsid_len);
		wire_write_octets(w, opt->nsid, opt->nsid_len);
	}
	if (opt->ede != MSG_EDE_NONE) {
		size_t len = ede_text_len(opt->ede_text);

		wire_write16(w, OPTION_EDE);
		wire_write16(w, (uint16_t)(2 + len));
		wire_write16(w, (uint16_t)opt->ede);
		wire_write_octets(w, opt->ede_text, len);
	}
}

const char *
msg_rcode_text(unsigned rcode)
{
	static const char *const texts[] = {
		"NOERROR", "FORMERR",	"SERVFAIL", "NXDOMAIN",	 "NOTIMP",
		"REFUSED", "YXDOMAIN",	"YXRRSET",  "NXRRSET",	 "NOTAUTH",
		"NOTZONE", "DSOTYPENI", "RCODE12",  "RCODE13",	 "RCODE14",
		"RCODE15", "BADVERS",	"BADKEY",   "BADTIME",	 "BADMODE",
		"BADNAME", "BADALG",	"BADTRUNC", "BADCOOKIE",
	};

	return rcode < ARRAY_LEN(texts) ? texts[rcode] : "RCODE?";
}
