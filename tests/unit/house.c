#include "tests/unit/house.h"

#include "server/space.h"
#include "zones/import.h"
#include "zones/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t
clock_of_the_test(void)
{
	return 1764000000;
}

void
house_load(struct house *h, const char *apex_text, const char *text)
{
	const struct edit_limits limits = {.journal_limit = 1 << 20};
	struct import_diff diff;
	struct edit_result result;
	struct import_set set;
	struct store_txn *txn;
	uint8_t apex[NAME_WIRE_MAX];
	struct diag d = {""};

	cr_assert_eq(name_from_text(apex, apex_text, NULL, &d), ERR_OK);
	import_set_init(&set, apex);
	cr_assert_eq(
		text_read_string(text, "test", apex, import_set_add, &set, &d),
		ERR_OK, "%s", d.text);
	cr_assert_eq(import_set_finish(&set, &limits, &d), ERR_OK, "%s",
		     d.text);
	cr_assert_eq(store_txn_begin(h->store, &txn), ERR_OK);
	cr_assert_eq(
		import_diff_make(&diff, store_txn_view(txn), &set, false, &d),
		ERR_OK, "%s", d.text);
	cr_assert_eq(import_apply(txn, &set, &diff, &limits, 1764000000, NULL,
				  "file test", &result),
		     ERR_OK, "%s", result.diag.text);
	cr_assert_eq(store_txn_commit(txn), ERR_OK);
	import_diff_free(&diff);
	import_set_free(&set);
}

void
house_open(struct house *h, const char *conf, ...)
{
	const struct store_options o = {.create = true, .readers = 4};
	struct conf *read;
	struct diag d = {""};
	const char *apex;
	char *text;
	va_list ap;

	memset(h, 0, sizeof(*h));
	strcpy(h->dir, "/tmp/placed-test-XXXXXX");
	cr_assert_not_null(mkdtemp(h->dir));
	cr_assert_eq(store_open(&h->store, h->dir, &o, &d), ERR_OK, "%s",
		     d.text);
	va_start(ap, conf);
	while ((apex = va_arg(ap, const char *)) != NULL)
		house_load(h, apex, va_arg(ap, const char *));
	va_end(ap);
	cr_assert(asprintf(&text, "store: %s\n%s", h->dir, conf) > 0);
	read = conf_read_string(text, "test.yaml", &d);
	free(text);
	cr_assert_not_null(read, "%s", d.text);
	h->served = served_new(read);
	h->env = (struct query_env){
		.view = store_reader_new(h->store),
		.served = h->served,
		.facts = served_facts_new(h->served),
		.scratch = malloc(SPACE_SCRATCH_LEN),
		.stats = &h->stats,
		.now = clock_of_the_test,
	};
	h->memo = memo_new(1 << 20);
	cr_assert_not_null(h->memo);
	h->peer.from.in.sin_family = AF_INET;
	h->peer.from.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->peer.from.len = sizeof(struct sockaddr_in);
}

void
house_close(struct house *h)
{
	char command[128];

	store_reader_free(h->env.view);
	memo_free(h->memo);
	free(h->env.facts);
	free(h->env.scratch);
	served_release(h->served);
	store_close(h->store);
	snprintf(command, sizeof(command), "rm -rf %s", h->dir);
	cr_assert_eq(system(command), 0);
}

/* The same in a batch, where nodes are looked for before they are needed. */
static void
house_serve_batch(struct house *h, const uint8_t *msg, size_t len)
{
	static struct query_taken taken[2];
	static uint8_t again[WIRE_MSG_MAX];

	for (unsigned i = 0; i < 2; i++)
		query_take(&taken[i], &h->env, &h->peer, msg, len,
			   sizeof(again));
	query_foresee(&h->env, taken, 2);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(query_answer(&h->query, &h->env, &taken[i], again,
					  sizeof(again)),
			     h->reply_len, "foreseen, it says otherwise");
		cr_assert_arr_eq(again, h->reply, h->reply_len,
				 "foreseen, it says otherwise");
	}
}

static void
house_serve(struct house *h, const uint8_t *msg, size_t len)
{
	static uint8_t again[WIRE_MSG_MAX];

	cr_assert_eq(store_reader_begin(h->env.view), ERR_OK);
	h->env.memo = NULL;
	h->reply_len = query_serve(&h->query, &h->env, &h->peer, msg, len,
				   h->reply, sizeof(h->reply));
	house_serve_batch(h, msg, len);
	h->env.memo = h->memo;
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(query_serve(&h->query, &h->env, &h->peer, msg, len,
					 again, sizeof(again)),
			     h->reply_len, "the memo says otherwise");
		cr_assert_arr_eq(again, h->reply, h->reply_len,
				 "the memo says otherwise");
	}
	store_reader_end(h->env.view);
}

ldns_pkt *
house_send(struct house *h, const uint8_t *msg, size_t len)
{
	ldns_pkt *p = NULL;

	house_serve(h, msg, len);
	if (h->reply_len == 0)
		return NULL;
	cr_assert_eq(ldns_wire2pkt(&p, h->reply, h->reply_len), LDNS_STATUS_OK);
	return p;
}

ldns_pkt *
house_ask(struct house *h, const char *name, const char *type)
{
	ldns_rdf *qname = ldns_dname_new_frm_str(name);
	ldns_pkt *ask, *p;
	uint8_t *wire;
	size_t len;

	ask = ldns_pkt_query_new(qname, ldns_get_rr_type_by_name(type),
				 LDNS_RR_CLASS_IN, LDNS_RD);
	ldns_pkt_set_id(ask, 0x4711);
	cr_assert_eq(ldns_pkt2wire(&wire, ask, &len), LDNS_STATUS_OK);
	p = house_send(h, wire, len);
	cr_assert_not_null(p, "no reply to %s %s", name, type);
	cr_assert_eq(ldns_pkt_id(p), 0x4711);
	ldns_pkt_free(ask);
	LDNS_FREE(wire);
	return p;
}

char *
house_section(const ldns_pkt *p, ldns_pkt_section s)
{
	ldns_rr_list *rrs = ldns_pkt_get_section_clone(p, s);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		char *line = ldns_rr2str(ldns_rr_list_rr(rrs, i));

		if (ldns_rr_get_type(ldns_rr_list_rr(rrs, i)) !=
		    LDNS_RR_TYPE_OPT)
			for (char *c = line; *c != '\0'; c++)
				fputc(*c == '\t' ? ' ' : *c, out);
		free(line);
	}
	fclose(out);
	ldns_rr_list_deep_free(rrs);
	return text;
}
