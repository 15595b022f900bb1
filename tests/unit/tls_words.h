/*
 * A server that speaks TLS, on a thread of its own, and the authority that
 * makes its certificates, for tests.
 */
#ifndef PLACED_TESTS_TLS_WORDS_H
#define PLACED_TESTS_TLS_WORDS_H

#include "lib/net_addr.h"

#include <openssl/ssl.h>
#include <pthread.h>

#define DAY (24L * 60 * 60)

struct authority {
	EVP_PKEY *key;
	X509 *cert;
	char file[64]; /* its certificate, PEM */
};

void authority_open(struct authority *a);
void authority_close(struct authority *a);

struct tls_server {
	/* set before the start; zero is plain */
	const char *san;  /* "DNS:dns.example"; NULL: none */
	const char *cn;	  /* common name; NULL: "server" */
	long until;	  /* seconds from now that it is valid; 0: a day */
	int version;	  /* TLS1_2_VERSION, … alone; 0: any */
	unsigned answers; /* then it closes; 0: never */
	bool brusque;	  /* closes without a word */
	/* its own */
	SSL_CTX *ctx;
	int listener;
	pthread_t thread;
	/* to be looked at after the stop */
	struct net_addr at;
	unsigned accepted, handshakes, resumed, served;
	char sni[128]; /* the last */
};

/* Takes one connection after the other and echoes each message. */
void tls_server_start(struct tls_server *s, const struct authority *a);
/* Its clients must have closed. */
void tls_server_stop(struct tls_server *s);
#endif
