#include "lib/net_tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net_tls {
	pthread_mutex_t lock; /* of making ctx */
	SSL_CTX *ctx;	      /* NULL: nobody has wanted TLS yet */
};

struct net_tls_peer {
	struct net_tls *tls;
	char *name;
	SSL_SESSION *session; /* the newest ticket; NULL: none */
};

/* What OpenSSL says, or what errno did if OpenSSL found nothing but that. */
static const char *
reason(unsigned long e)
{
	const char *text = ERR_SYSTEM_ERROR(e)
				   ? strerrordesc_np(ERR_GET_REASON(e))
				   : ERR_reason_error_string(e);

	return text != NULL ? text : "unknown error";
}

/* In TLS 1.3 this comes after the handshake, often more than once. */
static int
session_new(SSL *ssl, SSL_SESSION *session)
{
	struct net_tls_peer *p = SSL_get_app_data(ssl);

	if (p == NULL)
		return 0;
	SSL_SESSION_free(p->session);
	p->session = session;
	return 1; /* the reference is ours now */
}

static enum err
trust(SSL_CTX *ctx, const char *ca_file, struct diag *d)
{
	ERR_clear_error();
	if (ca_file == NULL && SSL_CTX_set_default_verify_paths(ctx) == 1)
		return ERR_OK;
	if (ca_file != NULL && SSL_CTX_load_verify_file(ctx, ca_file) == 1)
		return ERR_OK;
	return diag_set(d, ERR_SYNTAX,
			"%s: cannot be read as certificates (PEM): %s",
			ca_file != NULL ? ca_file : "the system's trust store",
			reason(ERR_peek_error()));
}

static SSL_CTX *
context_new(const char *ca_file, struct diag *d)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		diag_set(d, ERR_NOMEM, "no memory for TLS");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Many servers close without a word. The frames tell what is whole, and
	 * the session is none the worse for it. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF |
					 SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
						    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, session_new);
	if (trust(ctx, ca_file, d) == ERR_OK)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct net_tls *
net_tls_new(const char *ca_file, struct diag *d)
{
	struct net_tls *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		diag_set(d, ERR_NOMEM, "no memory for TLS");
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	if (ca_file != NULL && (t->ctx = context_new(ca_file, d)) == NULL) {
		net_tls_free(t);
		return NULL;
	}
	return t;
}

/* Reading the system's certificates takes longer than everything else at a
 * start, and most servers never speak TLS: so that waits until it is wanted. */
static bool
tls_ready(struct net_tls *t)
{
	bool ready;

	pthread_mutex_lock(&t->lock);
	if (t->ctx == NULL)
		t->ctx = context_new(NULL, NULL);
	ready = t->ctx != NULL;
	pthread_mutex_unlock(&t->lock);
	return ready;
}

void
net_tls_free(struct net_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct net_tls_peer *
net_tls_peer_new(struct net_tls *tls, const char *name)
{
	struct net_tls_peer *p = calloc(1, sizeof(*p));

	if (p == NULL || !tls_ready(tls) || (p->name = strdup(name)) == NULL) {
		free(p);
		return NULL;
	}
	p->tls = tls;
	return p;
}

void
net_tls_peer_free(struct net_tls_peer *p)
{
	if (p == NULL)
		return;
	SSL_SESSION_free(p->session);
	free(p->name);
	free(p);
}

/*
 * A certificate may name an address; such a name is not sent as SNI (RFC 6066
 * section 3). The subject's common name counts for nothing (RFC 9525).
 */
static bool
expect_name(SSL *ssl, const char *name)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
		return true;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* A ticket of TLS 1.3 is for one use: who sees it twice knows us again (RFC
 * 8446 appendix C.4). */
static void
session_offer(SSL *ssl, struct net_tls_peer *p)
{
	if (p->session == NULL)
		return;
	SSL_set_session(ssl, p->session);
	if (SSL_SESSION_get_protocol_version(p->session) < TLS1_3_VERSION)
		return;
	SSL_SESSION_free(p->session);
	p->session = NULL;
}

void *
net_tls_bufferevent(struct net_tls_peer *p, void *event_base)
{
	SSL *ssl = SSL_new(p->tls->ctx);
	struct bufferevent *bev;

	if (ssl == NULL)
		return NULL;
	SSL_set_app_data(ssl, p);
	session_offer(ssl, p);
	if (!expect_name(ssl, p->name)) {
		SSL_free(ssl);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(
		event_base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
		BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bev == NULL)
		SSL_free(ssl);
	return bev;
}

void
net_tls_close(void *bufferevent)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bufferevent);

	if (ssl == NULL)
		return;
	SSL_set_app_data(ssl, NULL);
	if (SSL_in_init(ssl)) /* or it has failed */
		return;
	/* We do not wait for theirs; without it OpenSSL would forget the
	 * session. */
	SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
	SSL_shutdown(ssl);
	ERR_clear_error();
}

bool
net_tls_resumed(void *bufferevent)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bufferevent);

	return ssl != NULL && SSL_session_reused(ssl) == 1;
}

bool
net_tls_error(void *bufferevent, char *dst, size_t cap)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bufferevent);
	long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
	unsigned long e = bufferevent_get_openssl_error(bufferevent);

	/* libevent says SSL_ERROR_SYSCALL like any other: no library's */
	if (ERR_SYSTEM_ERROR(e) || ERR_GET_LIB(e) == 0)
		e = 0;
	if (verdict != X509_V_OK)
		snprintf(dst, cap, "TLS: the certificate does not hold: %s",
			 X509_verify_cert_error_string(verdict));
	else if (e != 0)
		snprintf(dst, cap, "TLS: %s", reason(e));
	return verdict != X509_V_OK || e != 0;
}
