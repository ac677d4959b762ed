/*
 * HTTP proxies on the way to an API server: the proxy-url of a kubeconfig, and
 * the variables HTTPS_PROXY and NO_PROXY as kubectl understands them
 * (golang.org/x/net/http/httpproxy).
 */
#ifndef KANATA_PROXY_H
#define KANATA_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"

/*
 * "http://user:password@host:port" or https.  *user is what stands before the `@`,
 * *len bytes still encoded as in the URL, or NULL.  Returns NULL, or a static text
 * that quotes nothing.
 */
const char	*proxy_parse(const char *url, struct address *,
		    const char **user, size_t *len);

/* The value of NO_PROXY says that this host is reached without one; so is this
 * machine, always. */
bool		 proxy_is_bypassed(const char *no_proxy, const char *host,
		    unsigned port);

/*
 * What the environment of this process says of an https server: the proxy, its
 * host "" if there is to be none.  Returns NULL, or a static text that names the
 * variable.
 */
const char	*proxy_from_environment(const char *host, unsigned port,
		    struct address *);

#endif
