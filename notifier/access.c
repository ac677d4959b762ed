/*
 * Secrets and addresses, as one configuration has them.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"

void
access_forget(struct access *a, enum secret kind)
{
	if (a->secret[kind] != NULL)
		freezero(a->secret[kind], a->secret_len[kind]);
	a->secret[kind] = NULL;
	a->secret_len[kind] = 0;
}

void
access_clear(struct access *a)
{
	access_forget(a, SECRET_INSTATUS_KEY);
	access_forget(a, SECRET_WEBHOOK_URL);
	access_forget(a, SECRET_INSTATUS_CA);
	free(a->prefix);
	a->prefix = NULL;
}

bool
access_is_mine(enum secret kind)
{
	return (kind == SECRET_INSTATUS_KEY || kind == SECRET_WEBHOOK_URL ||
	    kind == SECRET_INSTATUS_CA);
}

/* The key is a header line, the address a request line: nothing that could end
 * either.  NULL or what is wrong. */
static const char *
secret_check(enum secret kind, const char *s)
{
	if (kind == SECRET_INSTATUS_CA)
		return (NULL);
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return (kind == SECRET_INSTATUS_KEY ?
			    "the Instatus key has characters that no key has" :
			    "webhook_url has characters that no address has");
	return (NULL);
}

const char *
access_take(struct access *a, enum secret kind, int fd)
{
	static char text[128];
	const char *why;
	size_t len;
	char *s;

	if ((s = secret_read(fd, &len)) == NULL) {
		snprintf(text, sizeof(text), "the %s cannot be read: %s",
		    secret_name(kind), errno == ENODATA ? "it is empty" :
		    strerror(errno));
		return (text);
	}
	if ((why = secret_check(kind, s)) != NULL) {
		freezero(s, len);
		return (why);
	}
	access_forget(a, kind);
	a->secret[kind] = s;
	a->secret_len[kind] = len;
	return (NULL);
}

const struct conf_endpoint *
access_endpoint(const struct conf *conf, unsigned number)
{
	const struct conf_endpoint *e;

	TAILQ_FOREACH(e, &conf->endpoints, entry)
		if (e->number == number)
			return (e);
	return (NULL);
}

/* What follows the host in an address; "" if nothing does. */
const char *
access_path(const char *url)
{
	const char *p = strstr(url, "://");

	p = strchr(p != NULL ? p + 3 : url, '/');
	return (p != NULL ? p : "");
}
