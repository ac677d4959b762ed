#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/xmalloc.h"
#include "server.h"

static struct {
	char		*host, *path, *tls_name;
	unsigned	 port;
	bool		 tls, insecure;
	char		*behind;	/* the proxy, "": no proxy */
	unsigned	 behind_port;
} last;

/* Of the server, or of the proxy in front of it. */
static const struct conf_endpoint *
find_endpoint(const struct conf *conf)
{
	const struct conf_endpoint	*ep;

	TAILQ_FOREACH(ep, &conf->endpoints, entry)
		if (ep->role == ROLE_WATCHER && ep->number >= ENDPOINT_CLUSTER)
			return (ep);
	return (NULL);
}

const char *
server_check(const struct conf *conf, const struct credentials *c)
{
	static char			 text[512];
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	const struct conf_endpoint	*ep = find_endpoint(conf);
	const char			*problem;
	bool				 proxied, tls;

	if (ep == NULL)
		return ("a watcher needs the address of its server");
	proxied = cl->host[0] != '\0';
	tls = proxied ? cl->tls : ep->tls;
	/* Nor must a proxy see what is for the server. */
	if (!tls && (!ep->loopback || proxied))
		problem = "the API server must be reached by https";
	else
		problem = credentials_check(c, tls, cl->insecure);
	if (problem == NULL)
		return (NULL);
	snprintf(text, sizeof(text), "cluster %s: %s", cl->name, problem);
	return (text);
}

bool
server_moved(const struct conf *conf)
{
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	const struct conf_endpoint	*ep = find_endpoint(conf);

	return (last.host == NULL || strcmp(last.host, ep->host) != 0 ||
	    strcmp(last.path, cl->path) != 0 ||
	    strcmp(last.tls_name, cl->tls_name) != 0 ||
	    last.port != ep->port || last.tls != ep->tls ||
	    last.insecure != cl->insecure ||
	    strcmp(last.behind, cl->host) != 0 ||
	    last.behind_port != cl->port);
}

const char *
server_remember(const struct conf *conf)
{
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	const struct conf_endpoint	*ep = find_endpoint(conf);

	free(last.host);
	free(last.path);
	free(last.tls_name);
	free(last.behind);
	last.host = xstrdup(ep->host);
	last.path = xstrdup(cl->path);
	last.tls_name = xstrdup(cl->tls_name);
	last.port = ep->port;
	last.tls = ep->tls;
	last.insecure = cl->insecure;
	last.behind = xstrdup(cl->host);
	last.behind_port = cl->port;
	return (last.path);
}

struct http_server *
server_make(const struct conf *conf, const struct credentials *c)
{
	const struct conf_cluster	*cl = TAILQ_FIRST(&conf->clusters);
	const struct conf_endpoint	*ep = find_endpoint(conf);
	struct http_server_options	 o;

	memset(&o, 0, sizeof(o));
	o.endpoint = ep->number;
	o.tls = ep->tls;
	o.host = ep->host;
	o.port = ep->port;
	if (cl->host[0] != '\0') {
		o.tls = cl->tls;
		o.host = cl->host;
		o.port = cl->port;
		o.proxy_host = ep->host;
		o.proxy_port = ep->port;
		o.proxy_tls = ep->tls;
		o.proxy_user = c->proxy.p;
	}
	o.tls_name = cl->tls_name[0] == '\0' ? NULL : cl->tls_name;
	o.insecure = cl->insecure;
	o.ca = c->ca.p;
	o.ca_len = c->ca.len;
	o.cert = c->cert.p;
	o.cert_len = c->cert.len;
	o.key = c->key.p;
	o.key_len = c->key.len;
	return (http_server_new(&o));
}
