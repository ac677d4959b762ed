#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "../common/log.h"
#include "../common/timestamp.h"
#include "execcred.h"

#define GROUP		"client.authentication.k8s.io/"
#define TOKEN_MAX	(64 * 1024)

static void
wipe(char **text)
{
	if (*text != NULL)
		freezero(*text, strlen(*text) + 1);
	*text = NULL;
}

void
execcred_clear(struct execcred *c)
{
	wipe(&c->token);
	wipe(&c->cert);
	wipe(&c->key);
	c->expires = 0;
}

static bool
is_text(const json_t *value, const char *a, const char *b)
{
	const char	*text = json_string_value(value);

	return (text != NULL && (strcmp(text, a) == 0 || strcmp(text, b) == 0));
}

/* A member that is text; null, "" and nothing are the same.  -1 if it is anything
 * else. */
static int
take_text(const json_t *status, const char *name, char **text)
{
	const json_t	*value = json_object_get(status, name);

	if (value == NULL || json_is_null(value))
		return (0);
	if (!json_is_string(value))
		return (-1);
	if (json_string_length(value) > 0 &&
	    (*text = strdup(json_string_value(value))) == NULL)
		fatal("credential");
	return (0);
}

/* It becomes a header's value: nothing but visible ASCII. */
static bool
token_ok(const char *token)
{
	const char	*c;

	for (c = token; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return (false);
	return (c - token <= TOKEN_MAX);
}

static const char *
take_expires(const json_t *status, uint64_t *expires)
{
	const json_t	*value = json_object_get(status, "expirationTimestamp");

	if (value == NULL || json_is_null(value))
		return (NULL);
	if (!json_is_string(value) ||
	    (*expires = timestamp_parse(json_string_value(value))) == 0)
		return ("expirationTimestamp is no time as in RFC 3339");
	return (NULL);
}

static const char *
take_status(struct execcred *c, const json_t *status)
{
	if (!json_is_object(status))
		return ("there is no status");
	if (take_text(status, "token", &c->token) == -1 ||
	    take_text(status, "clientCertificateData", &c->cert) == -1 ||
	    take_text(status, "clientKeyData", &c->key) == -1)
		return ("token, clientCertificateData and clientKeyData must "
		    "be text");
	if ((c->cert == NULL) != (c->key == NULL))
		return ("clientCertificateData and clientKeyData are only of "
		    "use together");
	if (c->token == NULL && c->cert == NULL)
		return ("there is neither a token nor a certificate");
	if (c->token != NULL && !token_ok(c->token))
		return ("the token has characters that no token has, or too "
		    "many");
	return (take_expires(status, &c->expires));
}

static const char *
take(struct execcred *c, const json_t *root)
{
	if (!json_is_object(root) || !is_text(json_object_get(root, "kind"),
	    "ExecCredential", "ExecCredential"))
		return ("it is no ExecCredential");
	if (!is_text(json_object_get(root, "apiVersion"), GROUP "v1",
	    GROUP "v1beta1"))
		return ("its apiVersion is neither " GROUP "v1 nor v1beta1");
	return (take_status(c, json_object_get(root, "status")));
}

const char *
execcred_read(struct execcred *c, const char *bytes, size_t len)
{
	json_error_t	 error;
	json_t		*root;
	const char	*problem;

	memset(c, 0, sizeof(*c));
	if (len == 0)
		return ("it has printed nothing");
	if (len > EXECCRED_BYTES_MAX)
		return ("it has printed more than 1 MiB");
	if ((root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES,
	    &error)) == NULL)
		return ("it has printed something that is no JSON");
	problem = take(c, root);
	json_decref(root);
	if (problem != NULL)
		execcred_clear(c);
	return (problem);
}
