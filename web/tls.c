/*
 * TLS: certificate and key of the configuration, as they are at its start and at
 * each reload.
 */
#include <bsd/stdlib.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "web.h"

static struct {
	char	*text;
	size_t	 len;
} cert, key;				/* of the configuration to come */
static SSL_CTX	*running, *next;

SSL_CTX *
tls_context(void)
{
	return (running);
}

void
tls_init(void)
{
	/* No file is read later. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) != 1)
		fatalx("OpenSSL cannot be set up");
}

const char *
tls_secret(enum secret kind, int fd)
{
	static char why[128];
	char *text;
	size_t len;

	if ((text = secret_read(fd, &len)) == NULL) {
		snprintf(why, sizeof(why), "%s: %s", secret_name(kind),
		    strerror(errno));
		return (why);
	}
	if (kind == SECRET_WEB_CERT) {
		cert.text = text;
		cert.len = len;
	} else {
		key.text = text;
		key.len = len;
	}
	return (NULL);
}

/* A password would be asked for on a terminal. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return (-1);
}

/* The certificate, and those that lead to its authority. */
static bool
use_certificates(SSL_CTX *ctx, BIO *bio)
{
	X509 *x;
	bool ok;

	if ((x = PEM_read_bio_X509(bio, NULL, no_password, NULL)) == NULL)
		return (false);
	ok = SSL_CTX_use_certificate(ctx, x) == 1;
	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, no_password, NULL)) !=
	    NULL)
		if (SSL_CTX_add_extra_chain_cert(ctx, x) != 1) {
			X509_free(x);
			ok = false;
		}
	ERR_clear_error();
	return (ok);
}

static bool
use_key(SSL_CTX *ctx, BIO *bio)
{
	EVP_PKEY *pkey;
	bool ok;

	if ((pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)) ==
	    NULL)
		return (false);
	ok = SSL_CTX_use_PrivateKey(ctx, pkey) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1;
	EVP_PKEY_free(pkey);
	return (ok);
}

static bool
use(bool (*fn)(SSL_CTX *, BIO *), const char *text, size_t len)
{
	BIO *bio;
	bool ok;

	if ((bio = BIO_new_mem_buf(text, (int)len)) == NULL)
		fatalx("out of memory");
	ok = fn(next, bio);
	BIO_free(bio);
	ERR_clear_error();
	return (ok);
}

const char *
tls_prepare(bool wanted)
{
	if (!wanted)
		return (NULL);
	if (cert.text == NULL || key.text == NULL)
		return ("web: certificate or key did not come");
	if ((next = SSL_CTX_new(TLS_server_method())) == NULL)
		fatalx("OpenSSL cannot be set up");
	SSL_CTX_set_min_proto_version(next, TLS1_2_VERSION);
	SSL_CTX_set_options(next, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(next, SSL_MODE_RELEASE_BUFFERS);
	/* Clients resume by tickets, and cost no memory here. */
	SSL_CTX_set_session_cache_mode(next, SSL_SESS_CACHE_OFF);
	if (!use(use_certificates, cert.text, cert.len))
		return ("web: `cert_file` has no certificate (PEM) that can be "
		    "used");
	if (!use(use_key, key.text, key.len))
		return ("web: `key_file` has no key (PEM, without a password) "
		    "that belongs to the certificate");
	return (NULL);
}

static void
forget_texts(void)
{
	freezero(cert.text, cert.len);
	freezero(key.text, key.len);
	cert.text = key.text = NULL;
}

void
tls_commit(void)
{
	/* Connections have a reference of their own. */
	SSL_CTX_free(running);
	running = next;
	next = NULL;
	forget_texts();
}

void
tls_abort(void)
{
	SSL_CTX_free(next);
	next = NULL;
	forget_texts();
}
