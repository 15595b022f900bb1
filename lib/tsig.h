/*
 * TSIG, transaction signatures (RFC 8945): HMAC over the raw message, with
 * SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512 by OpenSSL (the only user of
 * HMAC here). Verification follows section 5.2: key, MAC, time, in this order,
 * truncated MACs down to the larger of 10 octets and half the hash allowed.
 */
#ifndef PLACED_LIB_TSIG_H
#define PLACED_LIB_TSIG_H

#include "lib/base.h"
#include "lib/msg.h"
#include "lib/wire.h"

enum tsig_algorithm {
	TSIG_HMAC_SHA1,
	TSIG_HMAC_SHA224,
	TSIG_HMAC_SHA256,
	TSIG_HMAC_SHA384,
	TSIG_HMAC_SHA512,
	TSIG_ALGORITHMS
};

#define TSIG_SECRET_MAX 512 /* octets */
#define TSIG_MAC_MAX 64
#define TSIG_FUDGE 300 /* seconds, for what we sign */

struct tsig_key {
	uint8_t name[NAME_WIRE_MAX]; /* lower case */
	enum tsig_algorithm algorithm;
	uint8_t secret[TSIG_SECRET_MAX];
	size_t secret_len;
};

/* "hmac-sha256" and so on, in any case, with or without a final dot; -1 if
 * unknown. */
int tsig_algorithm_from_text(const char *text);
const char *tsig_algorithm_text(enum tsig_algorithm a);

/* Base64 (RFC 4648, padded) into key->secret; ERR_SYNTAX, ERR_RANGE (nothing,
 * or over TSIG_SECRET_MAX). White space is passed over. */
enum err tsig_secret_from_text(struct tsig_key *key, const char *base64,
			       struct diag *d);

/*
 * Keys by name. Built once, then only read; any thread may verify with it.
 */
struct tsig_keyring {
	struct tsig_key *keys; /* sorted by name_cmp */
	size_t count;
};

const struct tsig_key *tsig_key_find(const struct tsig_keyring *ring,
				     const uint8_t *name);

/* RFC 8945 section 3: error codes as they travel in the TSIG RR. */
enum tsig_error {
	TSIG_NOERROR = 0,
	TSIG_BADSIG = 16,
	TSIG_BADKEY = 17,
	TSIG_BADTIME = 18,
	TSIG_BADTRUNC = 22,
};

/*
 * What verification found and signing needs: the state of one exchange.
 * error != NOERROR: reply NOTAUTH with a TSIG that carries error; signed only
 * for BADTIME and BADTRUNC (5.3.2). form_error: reply FORMERR, no TSIG. A key
 * alone proves nothing: only the return value of tsig_verify() does.
 */
struct tsig_state {
	bool present;
	bool form_error;
	enum tsig_error error;
	const struct tsig_key *key;	 /* NULL: unknown */
	uint8_t key_name[NAME_WIRE_MAX]; /* as it came */
	uint8_t algorithm[NAME_WIRE_MAX];
	uint64_t time_signed; /* seconds since the epoch, from the request */
	uint16_t fudge;	      /* seconds */
	uint16_t original_id;
	uint8_t mac[TSIG_MAC_MAX]; /* the request's MAC; then the last one sent
				    */
	size_t mac_len;
};

/*
 * Verifies m's TSIG if there is one. now: seconds since the epoch. Fills *st.
 * True if the message may go on: signed well, or not signed (st->present
 * tells).
 */
bool tsig_verify(struct tsig_state *st, const struct msg *m,
		 const struct tsig_keyring *ring, uint64_t now);

/* Octets that tsig_sign() will append for this state, 0 if nothing: reserve
 * them. */
size_t tsig_reserve(const struct tsig_state *st);

/*
 * Appends the TSIG RR to the finished message in w, which must be complete
 * (OPT included), and counts it in ARCOUNT. For a BADTIME reply time_signed is
 * the request's and Other Data carries `now` (RFC 8945 5.2.3). Nothing happens
 * if the request had no TSIG or one that was malformed; w->full is set if it
 * does not fit.
 */
void tsig_sign(struct tsig_state *st, struct wire_writer *w, uint64_t now);

/*
 * For clients and tests: signs a request with key; st is then ready to verify
 * the response with tsig_verify_response().
 */
void tsig_sign_request(struct tsig_state *st, const struct tsig_key *key,
		       struct wire_writer *w, uint64_t now);

/*
 * True if the response is signed well by the key that signed the request, and
 * carries no error. Else st->error is what it carries or what is wrong with
 * it, and a further response may be tried against the same st (RFC 8945
 * 5.3.2.1: an error that is not signed proves nothing).
 */
bool tsig_verify_response(struct tsig_state *st, const struct msg *m,
			  uint64_t now);

#endif
