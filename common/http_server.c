/*
 * How to talk to one endpoint: names, certificates, and what keeps its
 * connections apart from all others.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_local.h"
#include "log.h"
#include "xmalloc.h"

/* A list of one; takes the text. */
static struct curl_slist *
list_of(char *text)
{
	struct curl_slist *list;

	if ((list = curl_slist_append(NULL, text)) == NULL)
		fatalx("out of memory");
	free(text);
	return (list);
}

static void
blob_copy(struct curl_blob *blob, const void *data, size_t len)
{
	/* The server outlives its requests. */
	blob->flags = CURL_BLOB_NOCOPY;
	if (data == NULL || len == 0)
		return;
	if ((blob->data = malloc(len)) == NULL)
		fatal("malloc");
	memcpy(blob->data, data, len);
	blob->len = len;
}

/* "host:port", with brackets around an IPv6 address. */
static char *
authority(const char *host, unsigned port)
{
	if (strchr(host, ':') != NULL)
		return (xasprintf("[%s]:%u", host, port));
	return (xasprintf("%s:%u", host, port));
}

/*
 * Where libcurl believes to go.  RFC 6761 section 6.4: no name in "invalid" is ever
 * real.  Pinned for good: libcurl must never find that it has to resolve it.
 */
static void
set_route(struct http_server *server, const struct http_server_options *o)
{
	static unsigned last_serial;
	unsigned port = o->proxy_host != NULL ? o->proxy_port : o->port;
	char *at, *name;

	name = xasprintf("e%u.invalid", ++last_serial);
	if (o->proxy_host == NULL)
		server->connect_to = list_of(xasprintf("::%s:%u", name, port));
	else {
		/* What the proxy is asked for, whatever name is verified. */
		at = authority(o->host, o->port);
		server->connect_to = list_of(xasprintf("::%s", at));
		free(at);
		if (o->proxy_tls) {
			free(name);
			name = xstrdup(o->proxy_host);
		}
		at = authority(name, port);
		server->proxy = xasprintf("http%s://%s",
		    o->proxy_tls ? "s" : "", at);
		free(at);
	}
	/* An address is not resolved. */
	if (strchr(name, ':') == NULL)
		server->pin = list_of(xasprintf("%s:%u:127.0.0.1", name, port));
	free(name);
	if (o->proxy_user != NULL)
		server->proxy_user = xstrdup(o->proxy_user);
}

struct http_server *
http_server_new(const struct http_server_options *o)
{
	struct http_server *server;
	const char *name = o->host;
	char *at;

	server = xcalloc(1, sizeof(*server));
	server->endpoint = o->endpoint;
	server->tls = o->tls;
	server->insecure = o->insecure;
	at = authority(o->host, o->port);
	server->where = o->proxy_host == NULL ? xstrdup(log_safe(at)) :
	    xasprintf("%s by the proxy %s:%u", log_safe(at),
	    log_safe(o->proxy_host), o->proxy_port);
	if (o->tls && o->tls_name != NULL && o->tls_name[0] != '\0' &&
	    strcmp(o->tls_name, o->host) != 0) {
		/* libcurl verifies the name in the URL. */
		name = o->tls_name;
		server->host_header = xasprintf("Host: %s", at);
	}
	free(at);
	at = authority(name, o->port);
	server->origin = xasprintf("%s://%s", o->tls ? "https" : "http", at);
	free(at);
	set_route(server, o);
	blob_copy(&server->ca, o->ca, o->ca_len);
	blob_copy(&server->cert, o->cert, o->cert_len);
	blob_copy(&server->key, o->key, o->key_len);
	return (server);
}

void
http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	http_cancel_all(server);
	http_multi_forget(server);
	curl_slist_free_all(server->connect_to);
	curl_slist_free_all(server->pin);
	freezero(server->ca.data, server->ca.len);
	freezero(server->cert.data, server->cert.len);
	freezero(server->key.data, server->key.len);
	free(server->proxy);
	if (server->proxy_user != NULL)
		freezero(server->proxy_user, strlen(server->proxy_user) + 1);
	free(server->where);
	free(server->origin);
	free(server->host_header);
	free(server);
}
