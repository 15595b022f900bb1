#include "tests/unit/leak_ask.h"

#include "zones/edit.h"

#include <criterion/criterion.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghi"
#define PICK(array) ((array)[leak_pick(ARRAY_LEN(array))])

/* --- names -------------------------------------------------------------- */

static void
random_case(uint8_t *name)
{
	for (uint8_t *at = name; *at != 0; at += *at + 1)
		for (unsigned i = 1; i <= *at; i++)
			if (at[i] >= 'a' && at[i] <= 'z' && leak_pick(2) == 0)
				at[i] = (uint8_t)(at[i] - 32);
}

static void
random_name(struct leak_question *q, uint8_t *name)
{
	static const char *const fronts[] = {
		"zz",
		"x",
		"_export",
		"_reach",
		"_cover",
		"_geo",
		"_civic",
		"*",
		"a",
		"d.e",
		"_tcp",
		"g",
		"f.g",
		"_ble",
		"x.y.z.x.y.z",
		"www.www",
		LONG "." LONG "." LONG,
	};
	static const char *const searches[] = {
		"_near",
		"_in",
		"_box",
		"_here",
		"41.659896n.91.537422w.10m._near",
		"41.659896n.91.537422w.k5._near",
		"537422w.10m._near",
		"41.659896n.91.537422w._in",
		"41.6595n.91.5378w.41.6600n.91.5370w._box",
		"_here.d",
		"_ipp._tcp._here",
		"nonsense._near",
		"_near.a",
	};
	static const char *const elsewhere[] = {
		".",	      "example.", "arpa.",	   "192.in-addr.arpa.",
		"localhost.", "b.",	  "version.bind.", "other.",
		"ghost.",
	};
	unsigned zone = leak_pick(LEAK_ZONES);

	switch (leak_pick(8)) {
	case 0:
		if (name_from_text(name, PICK(fronts), leak_owner(zone),
				   NULL) != ERR_OK)
			name_copy(name, leak_owner(zone));
		break;
	case 1:
		name_from_text(name, PICK(searches), leak_apex(zone), NULL);
		q->is_search = true;
		break;
	case 2:
		name_from_text(name, PICK(fronts), leak_apex(zone), NULL);
		break;
	case 3:
		name_copy(name, leak_apex(zone));
		break;
	case 4:
		if (leak_pick(3) == 0) {
			name_from_text(name, PICK(elsewhere), NULL, NULL);
			break;
		}
		/* fallthrough */
	default:
		name_copy(name, name_skip(leak_owner(zone), leak_pick(8) == 0));
	}
	if (leak_pick(4) == 0)
		random_case(name);
}

/* --- messages ------------------------------------------------------------ */

static uint16_t
random_type(void)
{
	static const uint16_t types[] = {
		RR_A,	   RR_AAAA,  RR_TXT,   RR_LOC,	 RR_SOA,   RR_NS,
		RR_DS,	   RR_ANY,   RR_MX,    RR_SRV,	 RR_PTR,   RR_CNAME,
		RR_DNAME,  RR_HTTPS, RR_SVCB,  RR_EUI48, RR_RRSIG, RR_NSEC,
		RR_DNSKEY, RR_KEY,   RR_AXFR,  RR_IXFR,	 27,	   65280,
		RR_MAILB,  RR_OPT,   RR_TSIG,  RR_TKEY,	 0,	   RR_HINFO,
		RR_A,	   RR_A,     RR_ANY,   RR_TXT,	 RR_MX,	   RR_SRV,
		RR_PTR,	   RR_NS,    RR_CNAME, RR_DS,
	};

	return PICK(types);
}

static void
write_edns(struct wire_writer *w, uint16_t *count)
{
	static const uint16_t payloads[] = {0,	 512, 513,  560,  640,
					    700, 900, 1232, 1232, 4096};
	static const uint8_t nsid[] = {0, 3, 0, 0};
	static const uint8_t unknown[] = {0xff, 1, 0, 2, 7, 7};
	bool with_nsid = leak_pick(8) == 0, with_other = leak_pick(8) == 0;

	if (leak_pick(3) == 0)
		return;
	wire_write8(w, 0);
	wire_write16(w, RR_OPT);
	wire_write16(w, PICK(payloads));
	wire_write16(w, leak_pick(40) == 0 ? 1 : 0); /* version */
	wire_write16(w, leak_pick(3) == 0 ? 0x8000 : 0);
	wire_write16(w, (uint16_t)(4 * with_nsid + 6 * with_other));
	if (with_nsid)
		wire_write_octets(w, nsid, sizeof(nsid));
	if (with_other)
		wire_write_octets(w, unknown, sizeof(unknown));
	++*count;
}

/* Prerequisites, which would tell what there is, and an addition. */
static void
write_update(struct leak_question *q, struct wire_writer *w)
{
	static const uint16_t classes[] = {RR_CLASS_ANY, RR_NONE};
	static const uint8_t address[] = {203, 0, 113, 7};
	uint8_t name[NAME_WIRE_MAX];
	struct rr rr = {.owner = name, .rdata = address};

	for (unsigned i = leak_pick(3); i > 0; i--) {
		random_name(q, name);
		wire_write_name(w, name);
		wire_write16(w, random_type());
		wire_write16(w, PICK(classes));
		wire_write32(w, 0);
		wire_write16(w, 0);
		msg_set_count(w, MSG_AN, (uint16_t)(get16(w->buf + 6) + 1));
	}
	random_name(q, name);
	rr.type = RR_A;
	rr.class = RR_IN;
	rr.rdlen = 4;
	rr.ttl = 60;
	if (leak_pick(2) == 0) {
		msg_write_rr(w, &rr);
		msg_set_count(w, MSG_NS, 1);
	}
}

static void
write_signature(struct leak_question *q, struct wire_writer *w,
		const struct leak_server *a)
{
	const struct tsig_keyring *ring = &a->served->conf->keys;
	struct tsig_key key = ring->keys[leak_pick(2)];
	uint64_t when = LEAK_NOW;
	struct tsig_state st;

	q->is_signed = true;
	switch (leak_pick(4)) {
	case 0:
		key = ring->keys[0]; /* other., known and of no rank */
		break;
	case 1:
		key.secret[0] ^= 1;
		break;
	case 2:
		name_from_text(key.name, "ghost.", NULL, NULL);
		break;
	default:
		when -= 4000;
	}
	tsig_sign_request(&st, &key, w, when);
}

/* False: that model has nothing. */
static bool
known_question(uint8_t *name, uint16_t *type, const struct leak_model *models)
{
	const struct leak_model *m = &models[leak_pick(LEAK_ZONES)];
	const struct edit_change *c;

	if (m->count == 0)
		return false;
	c = &m->rrs[leak_pick(m->count)];
	name_copy(name, c->owner);
	*type = leak_pick(4) == 0 ? random_type() : c->type;
	if (name_is_wildcard(name) || leak_pick(6) == 0)
		name_from_text(name, leak_pick(2) == 0 ? "a" : "x.y",
			       name_skip(c->owner, name_is_wildcard(name)),
			       NULL);
	if (leak_pick(4) == 0)
		random_case(name);
	return true;
}

static void
write_body(struct leak_question *q, struct wire_writer *w,
	   const struct leak_model *models)
{
	static const uint16_t flags[] = {
		0, MSG_RD, MSG_RD, MSG_RD, MSG_CD, MSG_RD | MSG_CD, 0x20};
	static const uint16_t others[] = {RR_CH, RR_NONE, RR_CLASS_ANY, 7};
	unsigned opcode = leak_pick(32);
	uint8_t name[NAME_WIRE_MAX];
	uint16_t type = random_type();
	uint16_t class = leak_pick(16) == 0 ? PICK(others) : RR_IN;

	opcode = opcode < 2    ? MSG_UPDATE
		 : opcode == 2 ? 4 /* NOTIFY */
		 : opcode == 3 ? leak_pick(16)
			       : MSG_QUERY;
	msg_write_header(w, (uint16_t)leak_pick(65536),
			 (uint16_t)(PICK(flags) | opcode << 11));
	if (leak_pick(2) == 0 || !known_question(name, &type, models))
		random_name(q, name);
	if (opcode == MSG_UPDATE && leak_pick(8) > 0) {
		name_copy(name, leak_apex(leak_pick(LEAK_ZONES)));
		msg_write_question(w, name, RR_SOA, RR_IN);
	} else {
		msg_write_question(w, name, type, class);
	}
	msg_set_count(w, MSG_QD, 1);
	if (opcode == MSG_UPDATE)
		write_update(q, w);
	q->is_update = opcode == MSG_UPDATE;
}

void
leak_question_make(struct leak_question *q, const struct leak_server *a,
		   const struct leak_model *models)
{
	struct wire_writer w;
	uint16_t additional = 0;

	q->is_signed = q->is_search = false;
	q->tcp = leak_pick(4) == 0;
	wire_writer_init(&w, q->wire, sizeof(q->wire));
	write_body(q, &w, models);
	write_edns(&w, &additional);
	msg_set_count(&w, MSG_AR, additional);
	if (leak_pick(8) == 0)
		write_signature(q, &w, a);
	cr_assert_not(w.full);
	q->len = w.len;
	if (leak_pick(60) == 0) /* broken */
		q->len -= leak_pick(4);
	else if (leak_pick(60) == 0)
		q->wire[12 + leak_pick((unsigned)q->len - 12)] ^=
			(uint8_t)(1 + leak_pick(255));
}

static void
print_message(const char *what, const uint8_t *wire, size_t len)
{
	ldns_pkt *p;

	fprintf(stderr, "%s, %zu octets: ", what, len);
	for (size_t i = 0; i < len && i < 2048; i++)
		fprintf(stderr, "%02x", wire[i]);
	fprintf(stderr, "\n");
	if (ldns_wire2pkt(&p, wire, len) != LDNS_STATUS_OK)
		return;
	ldns_pkt_print(stderr, p);
	ldns_pkt_free(p);
}

void
leak_question_print(const struct leak_question *q)
{
	print_message(q->tcp ? "question over TCP" : "question over UDP",
		      q->wire, q->len);
}

void
leak_reply_print(const char *what, const uint8_t *reply, size_t len)
{
	print_message(what, reply, len);
}

/* --- asking --------------------------------------------------------------- */

static size_t
ask_batch(struct leak_server *s, const struct leak_question *q,
	  const struct net_peer *peer, uint8_t *reply)
{
	static struct query_taken taken[2];
	size_t len = 0;

	for (unsigned i = 0; i < 2; i++)
		query_take(&taken[i], &s->env, peer, q->wire, q->len,
			   WIRE_MSG_MAX);
	query_foresee(&s->env, taken, 2);
	for (unsigned i = 0; i < 2; i++)
		len = query_answer(&s->query, &s->env, &taken[i], reply,
				   WIRE_MSG_MAX);
	return len;
}

/* Nothing of it may be touched for somebody outside: what is reached for is
 * not there. */
static struct query_recursion trap;

size_t
leak_ask(struct leak_server *s, const struct leak_question *q, const char *from,
	 enum leak_way way, uint8_t *reply)
{
	struct net_peer peer = {.tcp = q->tcp ? (struct net_tcp *)s : NULL};
	size_t len;

	cr_assert_eq(net_addr_from_text(&peer.from, from, 53, NULL), ERR_OK);
	s->env.recursion = s->is_trapped && strcmp(from, LEAK_OUTSIDER) == 0
				   ? &trap
				   : NULL;
	s->env.memo = way == LEAK_MEMO ? s->memo : NULL;
	cr_assert_eq(store_reader_begin(s->env.view), ERR_OK);
	len = way == LEAK_BATCH
		      ? ask_batch(s, q, &peer, reply)
		      : query_serve(&s->query, &s->env, &peer, q->wire, q->len,
				    reply, WIRE_MSG_MAX);
	store_reader_end(s->env.view);
	return len;
}

bool
leak_last_name(uint8_t *name, const uint8_t *reply, size_t len)
{
	uint8_t target[NAME_WIRE_MAX];
	struct msg_rr rr;
	struct msg m;
	size_t pos, rdlen;

	if (msg_parse_response(&m, reply, len) != MSG_OK || m.qname_len == 0)
		return false;
	name_copy(name, m.qname);
	pos = m.section[MSG_AN];
	for (unsigned i = 0; i < m.count[MSG_AN]; i++) {
		msg_rr_read(&m, &pos, &rr);
		if (rr.type == RR_CNAME && name_equal(rr.owner, name) &&
		    msg_rr_rdata(&m, &rr, target, sizeof(target), &rdlen))
			name_copy(name, target);
	}
	return true;
}

static bool
is_label(const uint8_t *at, const char *label)
{
	size_t n = strlen(label);
	uint8_t last = (uint8_t)(at[n] | 0x20);

	return at[0] == n &&
	       strncasecmp((const char *)at + 1, label, n - 1) == 0 &&
	       (last == label[n - 1] || last == (label[n - 1] ^ 1));
}

void
leak_disguise(uint8_t *msg, size_t len)
{
	static const char *const labels[] = {"_near", "_in", "_box", "_here"};

	for (size_t i = WIRE_HEADER_LEN; i < len; i++)
		for (unsigned n = 0; n < ARRAY_LEN(labels); n++)
			if (i + strlen(labels[n]) < len &&
			    is_label(msg + i, labels[n]))
				msg[i + strlen(labels[n])] ^= 1;
}
