/*
 * Any octets as a message to the whole server, through the function that
 * workers call. The first octet picks the transport and the client, and if we
 * sign it well for them; the rest is the message. A reply must be a message
 * that we ourselves would take, with the asked ID, and no longer than the
 * client can take; and a worker with a memo must give the same, the first time
 * and from memory.
 */
#include "lib/base.h"
#include "server/memo.h"
#include "server/query.h"
#include "server/space.h"
#include "server/update.h"
#include "zones/import.h"
#include "zones/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf_text[] =
	"udp-payload: 1232\n"
	"version: fuzz\n"
	"nsid: fuzz\n"
	"keys:\n"
	"  - { name: k., algorithm: hmac-sha256, secret: c2VjcmV0 }\n"
	"zones:\n"
	"  - name: z\n"
	"    update:\n"
	"      - { key: k., names: [ \"*\", \"@\" ], types: [ ANY ] }\n"
	"  - name: r.z\n"
	"  - name: unseeded\n"
	"  - name: hidden.z\n"
	"    inside: [ 192.0.2.0/24 ]\n";

static const char zone_text[] = "@ 60 SOA ns h 1 2 3 4 60\n"
				"@ 60 NS ns\n"
				"ns 60 A 127.0.0.1\n"
				"a 60 A 192.0.2.1\n"
				"a 60 TXT \"x\"\n"
				"c 60 CNAME a\n"
				"l 60 CNAME l\n"
				"x 60 CNAME a.r\n"
				"*.w 60 CNAME a\n"
				"e.n.t 60 A 192.0.2.2\n"
				"d 60 DNAME r.z.\n"
				"u 60 NS ns.u\n"
				"ns.u 60 A 192.0.2.3\n"
				"_s._tcp 60 PTR i._s._tcp\n"
				"i._s._tcp 60 SRV 0 0 1 a\n"
				"m 60 MX 1 a\n"
				"a 60 LOC 52 12 19 N 0 6 47 E 12m 1m 1m 1m\n"
				"p 60 LOC 52 12 19 N 0 6 47 E 12m 9m 1m 1m\n"
				"_geo.p 60 TXT \"fp=-300,400 -300,-400 "
				"300,-400 300,400\" \"z=0,260\" "
				"\"lvl=0\"\n"
				"u._cover 60 LOC 52 12 19 N 0 7 E 0m\n";

struct fixture {
	struct store *store;
	struct query_env env;
	struct query_env memo_env; /* the same with a memo */
	struct stats stats;
	struct query query;
	uint8_t message[WIRE_MSG_MAX];
	uint8_t reply[WIRE_MSG_MAX], again[WIRE_MSG_MAX];
};

static uint64_t
clock_of_the_test(void)
{
	return 1764000000;
}

/* What the writer would do, in a transaction that leaves no trace. */
static void
apply(struct fixture *f, struct update *u)
{
	struct update_seen *seen = update_seen_new();
	struct store_txn *txn;
	bool spoilt = false;
	enum err err;

	must(seen != NULL && store_txn_begin(f->store, &txn) == ERR_OK);
	u->seen = seen;
	err = u->job.apply(&u->job, txn, &spoilt);
	must(!spoilt);
	must(err == ERR_OK || u->rcode != MSG_NOERROR || err == ERR_RANGE ||
	     err == ERR_RULE);
	store_txn_abort(txn);
	update_seen_free(seen);
}

static bool
submit(void *arg, const struct msg *m, const struct tsig_state *tsig,
       const struct net_peer *peer, struct query_refusal *no)
{
	struct fixture *f = arg;
	struct update *u = update_new(f->env.served, m, tsig, peer);

	must(u != NULL);
	if (update_check(u))
		apply(f, u);
	no->rcode = u->rcode;
	no->ede = u->ede;
	memcpy(no->reason, u->reason, sizeof(u->reason));
	update_free(u);
	return false;
}

static void
load(struct store *store, const char *apex_text)
{
	const struct edit_limits limits = {.journal_limit = 1 << 20};
	uint8_t apex[NAME_WIRE_MAX];
	struct import_diff diff;
	struct edit_result result;
	struct import_set set;
	struct store_txn *txn;
	struct diag d;

	must(name_from_text(apex, apex_text, NULL, &d) == ERR_OK);
	import_set_init(&set, apex);
	must(text_read_string(zone_text, "z", apex, import_set_add, &set, &d) ==
	     ERR_OK);
	must(import_set_finish(&set, &limits, &d) == ERR_OK);
	must(store_txn_begin(store, &txn) == ERR_OK);
	must(import_diff_make(&diff, store_txn_view(txn), &set, false, &d) ==
	     ERR_OK);
	must(import_apply(txn, &set, &diff, &limits, 0, NULL, "z", &result) ==
	     ERR_OK);
	must(store_txn_commit(txn) == ERR_OK);
	import_diff_free(&diff);
	import_set_free(&set);
}

static struct fixture *
fixture_new(void)
{
	const struct store_options o = {.create = true, .readers = 2};
	char dir[] = "/tmp/placed-fuzz-XXXXXX", text[1024];
	struct fixture *f = calloc(1, sizeof(*f));
	struct conf *conf;
	struct diag d;

	must(f != NULL && mkdtemp(dir) != NULL);
	must(store_open(&f->store, dir, &o, &d) == ERR_OK);
	load(f->store, "z");
	load(f->store, "r.z");
	load(f->store, "hidden.z");
	snprintf(text, sizeof(text), "store: %s\n%s", dir, conf_text);
	conf = conf_read_string(text, "fuzz", &d);
	must(conf != NULL);
	f->env = (struct query_env){
		.view = store_reader_new(f->store),
		.served = served_new(conf),
		.stats = &f->stats,
		.now = clock_of_the_test,
		.submit = submit,
		.arg = f,
	};
	f->env.facts = served_facts_new(f->env.served);
	f->env.scratch = malloc(SPACE_SCRATCH_LEN);
	must(f->env.facts != NULL && f->env.scratch != NULL);
	f->memo_env = f->env;
	f->memo_env.memo = memo_new(MEMO_MIN);
	must(f->memo_env.memo != NULL);
	snprintf(text, sizeof(text), "rm -rf %s", dir);
	must(system(text) == 0); /* the open file lives on */
	return f;
}

static void
check_reply(const struct fixture *f, const uint8_t *msg, size_t len,
	    size_t reply_len, const struct net_peer *peer)
{
	struct msg m;

	must(len >= WIRE_HEADER_LEN);
	must(memcmp(f->reply, msg, 2) == 0);
	must(f->reply[2] & 0x80);
	must(reply_len <= (peer->tcp != NULL ? WIRE_MSG_MAX : 4096u));
	/* An echo of an opcode that is not ours need not parse. */
	if (msg_flags_opcode(get16(msg + 2)) == MSG_QUERY)
		must(msg_parse_response(&m, f->reply, reply_len) == MSG_OK ||
		     (f->reply[3] & 15) == MSG_FORMERR ||
		     get16(f->reply + 4) == 0);
}

static void
check_memo(struct fixture *f, const struct net_peer *peer, const uint8_t *msg,
	   size_t len, size_t reply_len)
{
	size_t cap = peer->tcp != NULL ? WIRE_MSG_MAX : 4096;

	for (int i = 0; i < 3; i++) {
		must(query_serve(&f->query, &f->memo_env, peer, msg, len,
				 f->again, cap) == reply_len);
		must(memcmp(f->again, f->reply, reply_len) == 0);
	}
}

/* The message with our TSIG; as it is if that cannot be. */
static size_t
sign(struct fixture *f, const uint8_t *msg, size_t len)
{
	const struct tsig_keyring *ring = &f->env.served->conf->keys;
	struct tsig_state st;
	struct wire_writer w;

	memcpy(f->message, msg, len);
	wire_writer_init(&w, f->message, sizeof(f->message));
	wire_write_octets(&w, msg, len);
	if (len < WIRE_HEADER_LEN || get16(msg + 10) == UINT16_MAX)
		return len;
	tsig_sign_request(&st, &ring->keys[0], &w, clock_of_the_test());
	return w.full ? len : w.len;
}

static void
serve(struct fixture *f, const struct net_peer *peer, const uint8_t *msg,
      size_t len)
{
	size_t cap = peer->tcp != NULL ? WIRE_MSG_MAX : 4096, reply;

	must(store_reader_begin(f->env.view) == ERR_OK);
	reply = query_serve(&f->query, &f->env, peer, msg, len, f->reply, cap);
	must(reply != NET_LATER);
	if (reply > 0)
		check_reply(f, msg, len, reply, peer);
	check_memo(f, peer, msg, len, reply);
	store_reader_end(f->env.view);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture *f;
	struct net_peer peer = {.from.len = sizeof(struct sockaddr_in)};

	if (f == NULL)
		f = fixture_new();
	if (size == 0 || size > WIRE_MSG_MAX)
		return 0;
	peer.from.in.sin_family = AF_INET;
	peer.from.in.sin_addr.s_addr =
		htonl(data[0] & 2 ? 0xc0000201 : INADDR_LOOPBACK);
	if (data[0] & 1)
		peer.tcp = (struct net_tcp *)f; /* never followed */
	if (data[0] & 4)
		serve(f, &peer, f->message, sign(f, data + 1, size - 1));
	else
		serve(f, &peer, data + 1, size - 1);
	return 0;
}
