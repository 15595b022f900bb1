/*
 * Signed updates (RFC 2136, RFC 8945 with HMAC-SHA256), put together by hand.
 */
#ifndef PLACED_TESTS_BENCH_SIGN_H
#define PLACED_TESTS_BENCH_SIGN_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

struct sign_key {
	uint8_t name[256], algorithm[64];
	size_t name_len, algorithm_len;
	EVP_MAC_CTX *mac; /* keyed, to be started again for each message */
};

/* "NAME:BASE64"; dies if it is not. */
void sign_key_read(struct sign_key *key, const char *text);
void sign_key_free(struct sign_key *key);

/* Header and zone of an update with so many records; where they go. */
uint8_t *sign_begin(uint8_t *message, unsigned id, const char *zone,
		    unsigned records);

/* A record to be added; its end. */
uint8_t *sign_record(uint8_t *to, const char *name, const char *type,
		     const uint8_t *rdata, size_t len);

/* An RRset to be deleted; its end. */
uint8_t *sign_deletion(uint8_t *to, const char *name, const char *type);

/* Signs what lies from start to end; the new end (RFC 8945). */
uint8_t *sign_message(const struct sign_key *key, uint8_t *start, uint8_t *end);

#endif
