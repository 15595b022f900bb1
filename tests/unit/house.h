/*
 * A server in a test: zones from text in a store of its own, a configuration
 * from text, and query_serve() as workers call it. Answers are read with ldns,
 * which did not write them. Each message is answered four times: without the
 * memo, and with it before, when, and after it is kept; the replies must be the
 * same.
 */
#ifndef PLACED_TESTS_HOUSE_H
#define PLACED_TESTS_HOUSE_H

#include "server/query.h"

#include <ldns/ldns.h>

struct house {
	char dir[64];
	struct store *store;
	struct served *served;
	struct query_env env;
	struct stats stats;
	struct query query;
	struct memo *memo;
	struct net_peer peer; /* UDP from 127.0.0.1 */
	uint8_t reply[WIRE_MSG_MAX];
	size_t reply_len;
};

/* conf: YAML without `store:`; then pairs of apex and zone text, NULL at the
 * end. A zone that conf names and no text is given for stays unseeded. */
void house_open(struct house *h, const char *conf, ...);
void house_close(struct house *h);

/* Imports text into the zone, as a first or a later version of its file. */
void house_load(struct house *h, const char *apex, const char *text);

/* Asks over UDP (or TCP if h->peer.tcp is set) and returns what ldns reads;
 * the caller frees. Fails the test if there is no reply. */
ldns_pkt *house_ask(struct house *h, const char *name, const char *type);

/* The same with octets of the test's own making; NULL: silence. */
ldns_pkt *house_send(struct house *h, const uint8_t *msg, size_t len);

/* All RRs of a section as lines "owner ttl type rdata", sorted as sent. */
char *house_section(const ldns_pkt *p, ldns_pkt_section s);

#endif
