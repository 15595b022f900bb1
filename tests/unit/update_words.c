#include "tests/unit/update_words.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const char conf_text[] =
	"listen: [ 127.0.0.1@5300 ]\n"
	"store: /nowhere\n"
	"keys:\n"
	"  - { name: room-key., algorithm: hmac-sha256, secret: "
	"c2VjcmV0MTIzNDU2Nzg= }\n"
	"  - { name: lamp-key., algorithm: hmac-sha1, secret: "
	"c2VjcmV0MTIzNDU2Nzg= }\n"
	"  - { name: dev.house., algorithm: hmac-sha512, secret: "
	"c2VjcmV0MTIzNDU2Nzg= }\n"
	"  - { name: root-key., algorithm: hmac-sha384, secret: "
	"c2VjcmV0MTIzNDU2Nzg= }\n"
	"zones:\n"
	"  - name: house\n"
	"    update:\n"
	"      - { key: room-key., names: [ \"*\" ], types: [ ANY ] }\n"
	"      - { key: room-key., names: [ \"@\" ], types: [ SOA, NS, TXT ] "
	"}\n"
	"      - { key: lamp-key., names: [ lamp, \"*.shelf\" ], types: [ A, "
	"TXT ] }\n"
	"      - { key: dev.house., names: [ self ], types: [ A ] }\n"
	"      - { key: root-key., names: [ \"@\", _export, child._cover ], "
	"types: [ TXT ] }\n"
	"  - { name: garden }\n";

static const uint64_t test_time = 1764000000;
uint64_t clock_now;
struct served *served;
struct update_seen *seen;
struct event_loop *loop;
static struct net_peer peer;

static uint64_t
now(void)
{
	return clock_now;
}

void
open_updates(void)
{
	struct conf *conf;
	struct diag d = {""};

	open_zone();
	conf = conf_read_string(conf_text, "test.yaml", &d);
	cr_assert_not_null(conf, "%s", d.text);
	served = served_new(conf);
	seen = update_seen_new();
	clock_now = test_time;
	update_seen_set_clock(seen, now);
	loop = event_loop_new();
	peer.from.in.sin_family = AF_INET;
	peer.from.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer.from.len = sizeof(struct sockaddr_in);
}

void
close_updates(void)
{
	event_loop_free(loop);
	update_seen_free(seen);
	served_release(served);
	close_store();
}

/* --- messages ------------------------------------------------------------ */

struct rr
in(struct edit_change c)
{
	return (struct rr){.owner = c.owner,
			   .type = c.type,
			   .class = RR_IN,
			   .ttl = c.ttl,
			   .rdata = c.rdata,
			   .rdlen = c.rdlen};
}

struct rr
none(struct edit_change c)
{
	struct rr rr = in(c);

	rr.class = RR_NONE;
	rr.ttl = 0;
	return rr;
}

struct rr
bare(uint16_t class, const char *owner, uint16_t type)
{
	return (struct rr){
		.owner = name_of(owner), .type = type, .class = class};
}

struct draft draft;

void
begin(void)
{
	memset(&draft, 0, sizeof(draft));
	draft.zone = "house.";
	draft.type = RR_SOA;
	draft.class = RR_IN;
}

void
prerequisite(struct rr rr)
{
	draft.rr[0][draft.count[0]++] = rr;
}

void
change(struct rr rr)
{
	draft.rr[1][draft.count[1]++] = rr;
}

static void
write_rr(struct wire_writer *w, const struct rr *rr)
{
	wire_write_name_compressed(w, rr->owner);
	wire_write16(w, rr->type);
	wire_write16(w, rr->class);
	wire_write32(w, rr->ttl);
	wire_write16(w, rr->rdlen);
	wire_write_octets(w, rr->rdata, rr->rdlen);
}

size_t
write_message(uint8_t *buf, const char *key)
{
	uint8_t name[NAME_WIRE_MAX];
	const struct tsig_key *found;
	struct tsig_state tsig;
	struct wire_writer w;

	wire_writer_init(&w, buf, WIRE_MSG_MAX);
	msg_write_header(&w, 4711, MSG_UPDATE << 11);
	cr_assert_eq(name_from_text(name, draft.zone, NULL, NULL), ERR_OK);
	msg_write_question(&w, name, draft.type, draft.class);
	msg_set_count(&w, MSG_QD, 1);
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < draft.count[s]; i++)
			write_rr(&w, &draft.rr[s][i]);
		msg_set_count(&w, MSG_AN + s, (uint16_t)draft.count[s]);
	}
	if (key == NULL)
		return w.len;
	cr_assert_eq(name_from_text(name, key, NULL, NULL), ERR_OK);
	found = tsig_key_find(&served->conf->keys, name);
	cr_assert_not_null(found);
	tsig_sign_request(&tsig, found, &w, clock_now);
	cr_assert_not(w.full);
	return w.len;
}

/* --- the way of an update ------------------------------------------------ */

struct update *
receive(const uint8_t *msg, size_t len)
{
	static struct msg m;
	struct tsig_state tsig;
	struct update *u;

	cr_assert_eq(msg_parse(&m, msg, len), MSG_OK);
	cr_assert(tsig_verify(&tsig, &m, &served->conf->keys, clock_now));
	u = update_new(served, &m, &tsig, &peer);
	cr_assert_not_null(u);
	u->loop = loop;
	u->seen = seen;
	return u;
}

unsigned replies;
char reason[UPDATE_REASON_MAX];
unsigned rcode;
int ede;

static void
take_outcome(const struct update *u)
{
	memcpy(reason, u->reason, sizeof(reason));
	rcode = u->rcode;
	ede = u->ede;
}

void
on_reply(void *arg)
{
	take_outcome(arg);
	update_free(arg);
	replies++;
	event_stop(loop);
}

void
finish(struct update *u, enum err e)
{
	u->reply = on_reply;
	update_seen_enter(seen);
	u->job.done(&u->job, e);
	event_run(loop);
}

void
serve(const uint8_t *msg, size_t len)
{
	struct update *u = receive(msg, len);
	struct store_txn *t;
	bool spoilt = false;
	enum err e;

	if (!update_check(u)) {
		take_outcome(u);
		update_free(u);
		return;
	}
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	e = u->job.apply(&u->job, t, &spoilt);
	cr_assert_not(spoilt);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	finish(u, e);
}

uint8_t wire[WIRE_MSG_MAX];

void
offer(const char *key)
{
	serve(wire, write_message(wire, key));
}
