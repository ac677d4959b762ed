#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "../common/log.h"
#include "pem.h"

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

static BIO *
open_text(const struct secret_text *s)
{
	BIO	*bio;

	if (s->len > INT_MAX || (bio = BIO_new_mem_buf(s->p, (int)s->len)) ==
	    NULL)
		fatalx("pem");
	return (bio);
}

static X509 *
read_certificate(const struct secret_text *s)
{
	BIO	*bio = open_text(s);
	X509	*x = PEM_read_bio_X509(bio, NULL, no_password, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return (x);
}

static EVP_PKEY *
read_key(const struct secret_text *s)
{
	BIO		*bio = open_text(s);
	EVP_PKEY	*key = PEM_read_bio_PrivateKey(bio, NULL, no_password,
			    NULL);

	BIO_free(bio);
	ERR_clear_error();
	return (key);
}

bool
pem_is_certificate(const struct secret_text *s)
{
	X509	*x = read_certificate(s);

	X509_free(x);
	return (x != NULL);
}

bool
pem_is_key(const struct secret_text *s)
{
	EVP_PKEY	*key = read_key(s);

	EVP_PKEY_free(key);
	return (key != NULL);
}

bool
pem_is_pair(const struct secret_text *cert, const struct secret_text *key)
{
	X509		*x = read_certificate(cert);
	EVP_PKEY	*k = read_key(key);
	bool		 pair;

	pair = x != NULL && k != NULL && X509_check_private_key(x, k) == 1;
	X509_free(x);
	EVP_PKEY_free(k);
	ERR_clear_error();
	return (pair);
}
