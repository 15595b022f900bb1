#include "tests/unit/abroad_words.h"

#include "resolver/blocked.h"
#include "resolver/reach.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct abroad abroad;

static struct abroad *const a = &abroad;

/* --- what plays the uplink --------------------------------------------------
 */

static uint64_t
now_of_the_test(void)
{
	return a->now;
}

static bool
take_down(void *arg, const struct net_peer *peer, const struct msg *m,
	  const struct resolve_question *asks, unsigned count,
	  unsigned deadline_ms)
{
	size_t len = 0;

	(void)arg;
	a->asked[0] = '\0';
	a->asked_deadline = deadline_ms;
	for (unsigned i = 0; i < count; i++) {
		char name[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
		char to[NET_ADDR_TEXT_MAX] = "";

		name_to_text(name, asks[i].qname);
		if (asks[i].servers != NULL)
			net_addr_to_text(to, &asks[i].servers->addr[0]);
		len += (size_t)snprintf(a->asked + len, sizeof(a->asked) - len,
					"%s %s%s%s%s\n", name,
					rr_type_to_text(type, asks[i].qtype),
					asks[i].servers != NULL ? " @" : "", to,
					asks[i].private_ok ? " private" : "");
	}
	if (a->is_crowded)
		return false;
	if (a->face.waiting == NULL) {
		a->face.waiting = waiting_enter(a->room, peer, m->wire, m->len);
		cr_assert_not_null(a->face.waiting);
		a->face.waiting->since = a->now;
		a->face.waiting->flushes = cache_generation(a->cache);
	}
	return true;
}

static void
count_prefetch(void *arg, const struct resolve_question *q)
{
	(void)arg;
	(void)q;
	a->prefetched++;
}

static bool
tell_down(void *arg)
{
	(void)arg;
	return a->is_down;
}

/* --- begin and end ---------------------------------------------------------
 */

void
abroad_open(const char *conf, const char *apex, const char *zone,
	    const char *apex2, const char *zone2)
{
	const struct cache_options o = {
		.limit = CACHE_LIMIT_MIN,
		.readers = 2,
		.stale_max = 86400,
		.now = now_of_the_test,
	};
	struct diag d = {""};

	memset(a, 0, sizeof(*a));
	a->now = ANSWER_NOW;
	a->flags = MSG_RD;
	a->from = "127.0.0.1";
	a->payload = 1232;
	house_open(&a->h, conf, apex, zone, apex2, zone2, NULL);
	cr_assert_eq(cache_open(&a->cache, a->h.dir, &o, &d), ERR_OK, "%s",
		     d.text);
	a->room = waiting_room_new(10);
	a->face = (struct query_recursion){
		.cache = cache_view_new(a->cache),
		.store = a->cache,
		.reach = reach_new(a->h.served->conf),
		.blocked = blocked_new(),
		.ask = take_down,
		.prefetch = count_prefetch,
		.is_down = tell_down,
	};
	cr_assert(a->room != NULL && a->face.cache != NULL &&
		  a->face.reach != NULL && a->face.blocked != NULL);
	a->h.env.recursion = &a->face;
	a->h.env.now = now_of_the_test;
	a->h.env.memo = a->h.memo;
}

void
abroad_open_usual(void)
{
	abroad_open(ABROAD_CONF ABROAD_UPLINK, "house.", ABROAD_HOUSE, "den.",
		    ABROAD_DEN);
}

static void
leave(void)
{
	if (a->face.waiting != NULL)
		waiting_leave(a->face.waiting);
	a->face.waiting = NULL;
}

void
abroad_close(void)
{
	leave();
	waiting_room_free(a->room);
	cache_view_free(a->face.cache);
	cache_close(a->cache);
	reach_free(a->face.reach);
	blocked_free(a->face.blocked);
	house_close(&a->h);
}

/* --- asking ----------------------------------------------------------------
 */

static void
snapshot_begin(void)
{
	if (!a->h.env.unreadable)
		cr_assert_eq(store_reader_begin(a->h.env.view), ERR_OK);
}

static void
snapshot_end(void)
{
	if (a->face.cache_begun)
		cache_view_end(a->face.cache);
	a->face.cache_begun = false;
	if (!a->h.env.unreadable)
		store_reader_end(a->h.env.view);
}

void
batch_begin(void)
{
	snapshot_begin();
	a->is_batch = true;
}

void
batch_end(void)
{
	a->is_batch = false;
	snapshot_end();
}

static void
serve(const uint8_t *wire, size_t len)
{
	if (!a->is_batch)
		snapshot_begin();
	a->h.reply_len = query_serve(&a->h.query, &a->h.env, &a->h.peer, wire,
				     len, a->h.reply, sizeof(a->h.reply));
	if (!a->is_batch)
		snapshot_end();
}

static void
put_signature(struct wire_writer *w)
{
	const struct tsig_keyring *ring = &a->h.served->conf->keys;
	struct tsig_state st;

	cr_assert_str_eq(a->key, "room.");
	tsig_sign_request(&st, &ring->keys[0], w, a->now);
}

void
ask(const char *name, const char *type)
{
	const struct msg_opt opt = {
		.payload = a->payload,
		.dnssec_ok = a->dnssec_ok,
		.ede = MSG_EDE_NONE,
	};
	struct wire_writer w;

	leave();
	a->asked[0] = '\0';
	wire_writer_init(&w, a->question, sizeof(a->question));
	msg_write_header(&w, 4711, a->flags);
	msg_write_question(&w, name_of(name), rr_type_from_text(type), RR_IN);
	msg_set_count(&w, MSG_QD, 1);
	if (a->edns) {
		msg_write_opt(&w, &opt);
		msg_set_count(&w, MSG_AR, 1);
	}
	if (a->key != NULL)
		put_signature(&w);
	a->question_len = w.len;
	cr_assert_eq(net_addr_from_text(&a->h.peer.from, a->from, 4711, NULL),
		     ERR_OK);
	serve(a->question, a->question_len);
}

void
expect_asked(const char *name, const char *type, const char *asked)
{
	ask(name, type);
	cr_assert_eq(a->h.reply_len, NET_LATER, "%s %s does not wait", name,
		     type);
	cr_assert_str_eq(a->asked, asked, "%s", a->asked);
}

/* --- bringing ---------------------------------------------------------------
 */

static void
give(const uint8_t *name, uint16_t type, const struct resolve_result *result)
{
	struct waiting *w = a->face.waiting;

	cr_assert_not_null(w, "nobody waits");
	cr_assert(waiting_give(w, name, type, result));
	a->asked[0] = '\0';
	serve(w->wire, w->len);
}

/* What was asked for first. */
static void
give_asked(const struct resolve_result *result)
{
	char name[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];

	cr_assert_eq(sscanf(a->asked, "%1019s %15s", name, type), 2);
	give(name_of(name), rr_type_from_text(type), result);
}

void
bring(void)
{
	give_asked(&(struct resolve_result){.outcome = RESOLVE_ANSWER,
					    .entry = entry});
}

void
bring_for(const char *name, uint16_t type)
{
	give(name_of(name), type,
	     &(struct resolve_result){.outcome = RESOLVE_ANSWER,
				      .entry = entry});
}

void
bring_failure(int ede, const char *text)
{
	struct resolve_result result = {.outcome = RESOLVE_FAILED, .ede = ede};

	strcpy(result.text, text);
	give_asked(&result);
}

void
keep_variant(const char *name, uint16_t type, uint8_t variant)
{
	cr_assert(cache_put(a->cache, name_of(name), type, variant,
			    entry.octets, entry.len));
	cache_wait(a->cache);
}

void
keep(const char *name, uint16_t type)
{
	keep_variant(name, type, 0);
}

void
answer_is(const char *name, uint32_t ttl, const char *address)
{
	answer_begin(name, RR_A, 0);
	answer_a(MSG_AN, name, ttl, address);
	expect_entry(ERR_OK);
}

void
answer_is_none(const char *name, uint32_t ttl, unsigned rcode)
{
	answer_begin(name, RR_A, (uint16_t)rcode);
	answer_soa("example.", ttl, ttl);
	expect_entry(ERR_OK);
}

void
alias_is(const char *name, const char *target)
{
	answer_begin(name, RR_A, 0);
	answer_name(MSG_AN, name, 60, RR_CNAME, target);
	expect_entry(ERR_OK);
}

void
keep_www(void)
{
	answer_is("www.example.", 60, "198.51.100.7");
	keep("www.example.", RR_A);
}

/* --- replies ----------------------------------------------------------------
 */

static ldns_pkt *
reply_read(void)
{
	ldns_pkt *p = NULL;

	cr_assert_neq(a->h.reply_len, NET_LATER, "it waits: %s", a->asked);
	cr_assert_eq(ldns_wire2pkt(&p, a->h.reply, a->h.reply_len),
		     LDNS_STATUS_OK);
	cr_expect_eq(ldns_pkt_id(p), 4711);
	return p;
}

static void
expect_section(ldns_pkt_section s, const char *text)
{
	ldns_pkt *p = reply_read();
	char *got = house_section(p, s);

	cr_expect_str_eq(got, text, "%s", got);
	free(got);
	ldns_pkt_free(p);
}

void
expect_reply(unsigned rcode, uint16_t flags, const char *answer)
{
	uint16_t got;

	expect_section(LDNS_SECTION_ANSWER, answer);
	got = get16(a->h.reply + 2);
	cr_expect_eq(got & 15, rcode, "rcode %u", got & 15u);
	got &= (uint16_t)~15;
	cr_expect_eq(got, MSG_QR | MSG_RD | flags, "flags %04x", got);
}

void
expect_authority(const char *text)
{
	expect_section(LDNS_SECTION_AUTHORITY, text);
}

/* The first EDE in the reply's OPT: code 15, then what it says. */
void
expect_ede(int ede, const char *text)
{
	ldns_pkt *p = reply_read();
	ldns_rdf *data = ldns_pkt_edns_data(p);
	const uint8_t *o = data != NULL ? ldns_rdf_data(data) : NULL;
	size_t left = data != NULL ? ldns_rdf_size(data) : 0;

	while (left >= 6 && get16(o) != 15) {
		left -= 4u + get16(o + 2);
		o += 4 + get16(o + 2);
	}
	if (ede == MSG_EDE_NONE) {
		cr_expect(left < 6, "there is one: %d", get16(o + 4));
	} else {
		cr_assert(left >= 6, "there is no EDE");
		cr_expect_eq(get16(o + 4), ede, "EDE %d", get16(o + 4));
		cr_expect_eq(get16(o + 2) - 2u, strlen(text));
		cr_expect_arr_eq(o + 6, text, strlen(text));
	}
	ldns_pkt_free(p);
}

void
expect_at_once(const char *name, const char *type, unsigned rcode,
	       uint16_t flags, const char *answer)
{
	ask(name, type);
	cr_expect_str_eq(a->asked, "", "%s", a->asked);
	expect_reply(rcode, flags, answer);
}

uint64_t
counted(enum stat_id s)
{
	return a->h.stats.n[s];
}
