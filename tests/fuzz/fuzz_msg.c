/*
 * Octets as a message. Whatever parses is walked, each RR's rdata is read,
 * written into another message, and read from there: it must be the same.
 */
#include "lib/msg.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
rr_roundtrip(const struct msg *m, const struct msg_rr *rr, const uint8_t *rdata,
	     size_t len)
{
	static uint8_t out[WIRE_MSG_MAX], back[RR_RDATA_MAX];
	struct rr again = {.owner = rr->owner,
			   .rdata = rdata,
			   .ttl = rr->ttl,
			   .type = rr->type,
			   .class = rr->class,
			   .rdlen = (uint16_t)len};
	struct wire_writer w;
	struct wire_reader r;
	uint8_t owner[NAME_WIRE_MAX];
	size_t start, rdlength;

	wire_writer_init(&w, out, sizeof(out));
	msg_write_header(&w, m->id, m->flags);
	if (m->qname_len > 0)
		msg_write_question(&w, m->qname, m->qtype, m->qclass);
	start = w.len;
	msg_write_rr(&w, &again);
	if (w.full) /* decompressed, it may be longer than a message */
		return;
	wire_reader_init(&r, out, w.len);
	r.pos = start;
	wire_read_name(&r, owner);
	must(!r.bad && name_equal(owner, rr->owner));
	must(wire_read16(&r) == rr->type && wire_read16(&r) == rr->class);
	must(wire_read32(&r) == rr->ttl);
	rdlength = wire_read16(&r);
	must(rr_rdata_read(&r, rr->type, rdlength, back, sizeof(back)) == len);
	must(!r.bad && r.pos == w.len);
	must(rr_rdata_cmp(rr->type, rdata, len, back, len) == 0);
}

static void
rr_check(const struct msg *m, const struct msg_rr *rr)
{
	static uint8_t rdata[RR_RDATA_MAX];
	struct wire_reader r;
	const uint8_t *target;
	size_t len, used;
	bool good = msg_rr_rdata(m, rr, rdata, sizeof(rdata), &len);

	wire_reader_init(&r, m->wire, m->len);
	r.pos = rr->rdata;
	rr_rdata_skip(&r, rr->type, rr->rdlen);
	must(r.bad == !good);
	if (!good)
		return;
	must(rr_rdata_valid(rr->type, rdata, len));
	target = rr_rdata_target(rr->type, rdata);
	if (target != NULL)
		must(name_valid(target, len - (size_t)(target - rdata), &used));
	rr_roundtrip(m, rr, rdata, len);
}

static void
msg_walk(const struct msg *m)
{
	for (int s = MSG_AN; s < MSG_SECTIONS; s++) {
		size_t pos = m->section[s];

		for (unsigned i = m->count[s]; i > 0; i--) {
			struct msg_rr rr;
			size_t used;

			msg_rr_read(m, &pos, &rr);
			must(name_valid(rr.owner, sizeof(rr.owner), &used));
			must(rr.rdata + rr.rdlen == pos);
			rr_check(m, &rr);
		}
		must(pos == (s == MSG_AR ? m->len : m->section[s + 1]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msg m;
	size_t used;

	if (msg_parse(&m, data, size) == MSG_OK)
		msg_walk(&m);
	if (m.qname_len > 0)
		must(name_valid(m.qname, m.qname_len, &used) &&
		     used == m.qname_len);
	if (msg_parse_response(&m, data, size) == MSG_OK)
		msg_walk(&m);
	return 0;
}
