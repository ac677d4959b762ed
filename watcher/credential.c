#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "credential.h"
#include "pem.h"

#define BEARER		"Bearer "
#define TOKEN_MAX	(64 * 1024)

static void
clear(struct secret_text *s)
{
	if (s->p != NULL)
		freezero(s->p, s->len + 1);
	s->p = NULL;
	s->len = 0;
}

static void
clear_authorization(struct credentials *c)
{
	if (c->authorization != NULL)
		freezero(c->authorization, strlen(c->authorization) + 1);
	c->authorization = NULL;
}

static bool
same(const struct secret_text *a, const struct secret_text *b)
{
	return (a->len == b->len && (a->p == NULL) == (b->p == NULL) &&
	    (a->p == NULL || memcmp(a->p, b->p, a->len) == 0));
}

/* It becomes a header's value: nothing but visible ASCII. */
static bool
token_ok(const struct secret_text *s)
{
	size_t	 i;

	if (s->len == 0 || s->len > TOKEN_MAX)
		return (false);
	for (i = 0; i < s->len; i++)
		if (s->p[i] <= ' ' || s->p[i] > '~')
			return (false);
	return (true);
}

static void
set_authorization(struct credentials *c)
{
	size_t	 size = sizeof(BEARER) + c->token.len;

	clear_authorization(c);
	if ((c->authorization = malloc(size)) == NULL)
		fatal("credentials");
	strlcpy(c->authorization, BEARER, size);
	strlcat(c->authorization, c->token.p, size);
}

static const char *
read_error(enum secret kind)
{
	if (errno == ENODATA)
		return (kind == SECRET_KUBE_TOKEN ?
		    "the Kubernetes token is empty" :
		    "a Kubernetes certificate or key is empty");
	if (errno == EFBIG)
		return ("a Kubernetes secret is too large");
	return ("a Kubernetes secret cannot be read");
}

const char *
credentials_take(struct credentials *c, enum secret kind, int fd)
{
	struct secret_text	 new, *where;

	switch (kind) {
	case SECRET_KUBE_CA:
		where = &c->ca;
		break;
	case SECRET_KUBE_CERT:
		where = &c->cert;
		break;
	case SECRET_KUBE_KEY:
		where = &c->key;
		break;
	case SECRET_KUBE_TOKEN:
		where = &c->token;
		break;
	case SECRET_KUBE_PROXY:
		where = &c->proxy;
		break;
	default:
		close(fd);
		return ("a secret that is not the watcher's");
	}
	if ((new.p = secret_read(fd, &new.len)) == NULL)
		return (read_error(kind));
	if (kind == SECRET_KUBE_TOKEN && !token_ok(&new)) {
		clear(&new);
		return ("the Kubernetes token has characters that no token has");
	}
	if (kind == SECRET_KUBE_TOKEN && !same(where, &new))
		c->tokens++;
	clear(where);
	*where = new;
	if (kind == SECRET_KUBE_TOKEN)
		set_authorization(c);
	return (NULL);
}

const char *
credentials_check(const struct credentials *c, bool tls, bool insecure)
{
	if ((c->cert.p == NULL) != (c->key.p == NULL))
		return ("a Kubernetes client certificate and its key are only of "
		    "use together");
	if (tls && !insecure && c->ca.p == NULL)
		return ("no CA certificates to verify the Kubernetes API with");
	if (c->ca.p != NULL && !pem_is_certificate(&c->ca))
		return ("the certificate authority: expected a certificate in "
		    "PEM");
	if (c->cert.p == NULL)
		return (NULL);
	if (!pem_is_certificate(&c->cert))
		return ("the client certificate: expected a certificate in PEM");
	if (!pem_is_key(&c->key))
		return ("the client key: expected a private key in PEM, without "
		    "a password");
	if (!pem_is_pair(&c->cert, &c->key))
		return ("the client key is not that of the client certificate");
	return (NULL);
}

bool
credentials_same_tls(const struct credentials *a, const struct credentials *b)
{
	return (same(&a->ca, &b->ca) && same(&a->cert, &b->cert) &&
	    same(&a->key, &b->key) && same(&a->proxy, &b->proxy));
}

bool
credentials_same_token(const struct credentials *a,
    const struct credentials *b)
{
	return (same(&a->token, &b->token));
}

void
credentials_clear(struct credentials *c)
{
	clear(&c->ca);
	clear(&c->cert);
	clear(&c->key);
	clear(&c->token);
	clear(&c->proxy);
	clear_authorization(c);
	c->plugin = c->plugin_cert = false;
}

/* -- from an exec plugin ------------------------------------------------------- */

static void
set_text(struct secret_text *s, const char *text)
{
	clear(s);
	if (text == NULL)
		return;
	if ((s->p = strdup(text)) == NULL)
		fatal("credentials");
	s->len = strlen(text);
}

static bool
is_text(const struct secret_text *s, const char *text)
{
	return ((s->p == NULL) == (text == NULL) &&
	    (text == NULL || strcmp(s->p, text) == 0));
}

bool
credentials_take_plugin(struct credentials *c, const struct execcred *x)
{
	bool	 changed = false;

	c->plugin = true;
	c->tokens += !is_text(&c->token, x->token);
	set_text(&c->token, x->token);
	if (x->token != NULL)
		set_authorization(c);
	else
		clear_authorization(c);
	if (c->cert.p == NULL || c->plugin_cert) {
		changed = !is_text(&c->cert, x->cert) ||
		    !is_text(&c->key, x->key);
		set_text(&c->cert, x->cert);
		set_text(&c->key, x->key);
		c->plugin_cert = x->cert != NULL;
	}
	return (changed);
}

void
credentials_keep_plugin(struct credentials *to, const struct credentials *from)
{
	struct execcred	 x = { .token = from->token.p };

	if (!from->plugin)
		return;
	if (from->plugin_cert) {
		x.cert = from->cert.p;
		x.key = from->key.p;
	}
	credentials_take_plugin(to, &x);
}
