/*
 * Requests that are answered at all: those that all on the way understand alike,
 * and, without TLS, those that are meant for this server.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "route.h"
#include "web.h"

/* libevent takes the first length there is, and an encoding that it does not know
 * for none; a proxy may do otherwise. */
static bool
is_framed(const struct request *req)
{
	const char *coding = request_header(req, "Transfer-Encoding");
	unsigned lengths = request_count(req, "Content-Length");

	if (coding == NULL)
		return (lengths <= 1);
	return (lengths == 0 && strcasecmp(coding, "chunked") == 0 &&
	    request_count(req, "Transfer-Encoding") == 1);
}

static bool
is_address(const char *host)
{
	size_t len = strlen(host);
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return (true);
	if (host[0] != '[' || host[len - 1] != ']' || len - 2 >= sizeof(text))
		return (false);
	snprintf(text, sizeof(text), "%.*s", (int)len - 2, host + 1);
	return (inet_pton(AF_INET6, text, &v6) == 1);
}

/* A name can be made to lead here by who owns it, an address cannot. */
static bool
is_ours(const char *host)
{
	const struct conf_web *web = worker_conf()->web;
	unsigned i;

	if (web->tls || host == NULL || is_address(host) ||
	    strcasecmp(host, "localhost") == 0)
		return (true);
	for (i = 0; i < web->nname; i++)
		if (strcasecmp(host, web->name[i]) == 0)
			return (true);
	return (false);
}

const char *
admit_refuses(const struct request *req, int *code)
{
	*code = 400;
	if (!is_framed(req))
		return ("where the request ends is not said clearly");
	if (request_count(req, "Host") > 1)
		return ("there is more than one Host");
	*code = 421;
	if (!is_ours(request_host(req)))
		return ("this server is not called by that name: ask by its "
		    "address, or set server_names in the section web of "
		    "kanata.conf");
	return (NULL);
}
