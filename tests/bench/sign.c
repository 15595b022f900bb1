#include "sign.h"

#include "bench.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	MAC_MAX = 64,
};

void
sign_key_read(struct sign_key *key, const char *text)
{
	char digest[] = "SHA256", name[256];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
						 0),
		OSSL_PARAM_construct_end(),
	};
	const char *colon = strchr(text, ':');
	uint8_t secret[256];
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	int n;

	if (colon == NULL || strlen(text) > sizeof name - 1)
		die("sign: a key is NAME:BASE64");
	snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
	key->name_len = name_put(key->name, name);
	key->algorithm_len = name_put(key->algorithm, "hmac-sha256");
	n = EVP_DecodeBlock(secret, (const uint8_t *)colon + 1,
			    (int)strlen(colon + 1));
	for (const char *end = text + strlen(text); *--end == '=';)
		n--;
	key->mac = EVP_MAC_CTX_new(hmac);
	if (n < 1 || key->mac == NULL ||
	    !EVP_MAC_init(key->mac, secret, (size_t)n, params))
		die("sign: this key does not work");
	EVP_MAC_free(hmac);
}

void
sign_key_free(struct sign_key *key)
{
	EVP_MAC_CTX_free(key->mac);
}

uint8_t *
sign_begin(uint8_t *message, unsigned id, const char *zone, unsigned records)
{
	uint8_t *end = message + 12;

	memset(message, 0, 12);
	put16(message, id);
	message[2] = 5 << 3;
	message[5] = 1;
	put16(message + 8, records);
	end += name_put(end, zone);
	return put16(put16(end, type_read("SOA")), 1);
}

uint8_t *
sign_record(uint8_t *to, const char *name, const char *type,
	    const uint8_t *rdata, size_t len)
{
	to += name_put(to, name);
	to = put16(put16(to, type_read(type)), 1);
	to = put16(put16(to, 0), 120);
	to = put16(to, (unsigned)len);
	memcpy(to, rdata, len);
	return to + len;
}

uint8_t *
sign_deletion(uint8_t *to, const char *name, const char *type)
{
	to += name_put(to, name);
	to = put16(put16(to, type_read(type)), 255);
	return put16(put16(put16(to, 0), 0), 0);
}

static void
mac_add(const struct sign_key *key, const void *data, size_t n)
{
	if (!EVP_MAC_update(key->mac, data, n))
		die("sign: HMAC failed");
}

uint8_t *
sign_message(const struct sign_key *key, uint8_t *start, uint8_t *end)
{
	static const uint8_t class_ttl[] = {0, 255, 0, 0, 0, 0};
	static const uint8_t no_error_no_other[4];
	uint8_t times[8], mac[MAC_MAX], *rdlength;
	uint64_t now = (uint64_t)time(NULL);
	size_t mac_len;

	put16(times, (unsigned)(now >> 32) & 0xffff);
	put16(times + 2, (unsigned)(now >> 16) & 0xffff);
	put16(put16(times + 4, now & 0xffff), 300);
	EVP_MAC_init(key->mac, NULL, 0, NULL);
	mac_add(key, start, (size_t)(end - start));
	mac_add(key, key->name, key->name_len);
	mac_add(key, class_ttl, sizeof class_ttl);
	mac_add(key, key->algorithm, key->algorithm_len);
	mac_add(key, times, sizeof times);
	mac_add(key, no_error_no_other, sizeof no_error_no_other);
	if (!EVP_MAC_final(key->mac, mac, &mac_len, sizeof mac))
		die("sign: HMAC failed");

	memcpy(end, key->name, key->name_len);
	end = put16(end + key->name_len, 250);
	memcpy(end, class_ttl, sizeof class_ttl);
	rdlength = end + sizeof class_ttl;
	end = rdlength + 2;
	memcpy(end, key->algorithm, key->algorithm_len);
	end += key->algorithm_len;
	memcpy(end, times, sizeof times);
	end = put16(end + sizeof times, (unsigned)mac_len);
	memcpy(end, mac, mac_len);
	end = put16(end + mac_len, get16(start)); /* original id */
	memcpy(end, no_error_no_other, sizeof no_error_no_other);
	end += sizeof no_error_no_other;
	put16(rdlength, (unsigned)(end - rdlength - 2));
	start[11] = 1;
	return end;
}
