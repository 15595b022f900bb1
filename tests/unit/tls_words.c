#include "tests/unit/tls_words.h"

#include "lib/wire.h"
#include "tests/unit/stream_words.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- certificates -------------------------------------------------------- */

static void
cert_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(e != NULL);
	must(X509_add_ext(cert, e, -1) == 1);
	X509_EXTENSION_free(e);
}

/* Not signed yet. */
static X509 *
cert_new(EVP_PKEY *key, const char *cn, long until)
{
	static long serial;
	X509 *cert = X509_new();

	must(cert != NULL && key != NULL);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -30 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), until);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
				   MBSTRING_UTF8, (const uint8_t *)cn, -1, -1,
				   0);
	return cert;
}

void
authority_open(struct authority *a)
{
	FILE *file;

	a->key = EVP_EC_gen("P-256");
	a->cert = cert_new(a->key, "authority", 30 * DAY);
	X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert));
	cert_extend(a->cert, a->cert, NID_basic_constraints,
		    "critical,CA:TRUE");
	cert_extend(a->cert, a->cert, NID_subject_key_identifier, "hash");
	must(X509_sign(a->cert, a->key, EVP_sha256()) > 0);
	strcpy(a->file, "/tmp/placed-authority-XXXXXX");
	file = fdopen(mkstemp(a->file), "w");
	must(file != NULL && PEM_write_X509(file, a->cert) == 1);
	must(fclose(file) == 0);
}

void
authority_close(struct authority *a)
{
	unlink(a->file);
	X509_free(a->cert);
	EVP_PKEY_free(a->key);
}

/* --- the server ---------------------------------------------------------- */

static void
server_certify(struct tls_server *s, const struct authority *a)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = cert_new(key, s->cn != NULL ? s->cn : "server",
			      s->until != 0 ? s->until : DAY);

	X509_set_issuer_name(cert, X509_get_subject_name(a->cert));
	if (s->san != NULL)
		cert_extend(cert, a->cert, NID_subject_alt_name, s->san);
	must(X509_sign(cert, a->key, EVP_sha256()) > 0);
	must(SSL_CTX_use_certificate(s->ctx, cert) == 1);
	must(SSL_CTX_use_PrivateKey(s->ctx, key) == 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static bool
read_whole(SSL *ssl, uint8_t *dst, size_t len)
{
	size_t n;

	for (; len > 0; dst += n, len -= n)
		if (SSL_read_ex(ssl, dst, len, &n) != 1)
			return false;
	return true;
}

static bool
echo(SSL *ssl)
{
	uint8_t frame[2 + WIRE_MSG_MAX];
	size_t len, n;

	if (!read_whole(ssl, frame, 2))
		return false;
	len = get16(frame);
	return read_whole(ssl, frame + 2, len) &&
	       SSL_write_ex(ssl, frame, 2 + len, &n) == 1;
}

static void
converse(struct tls_server *s, SSL *ssl)
{
	const char *sni;

	if (SSL_accept(ssl) != 1)
		return;
	s->handshakes++;
	s->resumed += SSL_session_reused(ssl) == 1;
	sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	snprintf(s->sni, sizeof(s->sni), "%s", sni != NULL ? sni : "");
	for (unsigned n = 0; s->answers == 0 || n < s->answers; n++) {
		if (!echo(ssl))
			return;
		s->served++;
	}
	if (!s->brusque)
		SSL_shutdown(ssl);
}

static void *
server_run(void *arg)
{
	struct tls_server *s = arg;
	struct timeval patience = {.tv_sec = 20};
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		SSL *ssl = SSL_new(s->ctx);

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			   sizeof(patience));
		s->accepted++;
		must(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
		converse(s, ssl);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

void
tls_server_start(struct tls_server *s, const struct authority *a)
{
	s->ctx = SSL_CTX_new(TLS_server_method());
	must(s->ctx != NULL);
	/* old versions, too: it is the client that is to refuse them */
	SSL_CTX_set_security_level(s->ctx, 0);
	must(SSL_CTX_set_cipher_list(s->ctx, "ALL:@SECLEVEL=0") == 1);
	SSL_CTX_set_options(s->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_min_proto_version(s->ctx, s->version);
	SSL_CTX_set_max_proto_version(s->ctx, s->version);
	server_certify(s, a);
	s->listener = listen_at(&s->at, 16);
	must(pthread_create(&s->thread, NULL, server_run, s) == 0);
}

void
tls_server_stop(struct tls_server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	SSL_CTX_free(s->ctx);
}
