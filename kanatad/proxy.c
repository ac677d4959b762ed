#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "proxy.h"
#include "value.h"

#define URL_MAX		1024

const char *
proxy_parse(const char *url, struct address *a, const char **user, size_t *len)
{
	const char	*start, *end, *at, *rest, *problem;
	char		 bare[URL_MAX];

	*user = NULL;
	*len = 0;
	memset(a, 0, sizeof(*a));
	if (strncasecmp(url, "socks", 5) == 0)
		return ("a SOCKS proxy is not supported: use one that starts "
		    "with http:// or https://");
	if (strncasecmp(url, "http://", 7) != 0 &&
	    strncasecmp(url, "https://", 8) != 0)
		return ("expected a proxy that starts with http:// or https://");
	start = strchr(url, ':') + 3;
	end = start + strcspn(start, "/?#");
	/* A password may have an `@` of its own. */
	if ((at = memrchr(start, '@', (size_t)(end - start))) != NULL) {
		*user = start;
		*len = (size_t)(at - start);
		start = at + 1;
	}
	if ((size_t)snprintf(bare, sizeof(bare), "%.*s%s",
	    (int)(strchr(url, ':') + 3 - url), url, start) >= sizeof(bare))
		return ("the address of the proxy is too long");
	if ((problem = address_parse_url(bare, a, &rest)) != NULL)
		return (problem);
	if (rest[0] != '\0' && strcmp(rest, "/") != 0)
		return ("a proxy has no path: expected http://host:port");
	return (NULL);
}

/* -- NO_PROXY ---------------------------------------------------------------- */

struct ip {
	int		family;		/* AF_UNSPEC: it is a name */
	uint8_t		bytes[16];
};

static struct ip
ip_parse(const char *host)
{
	struct ip	 ip = { .family = AF_UNSPEC };

	if (inet_pton(AF_INET, host, ip.bytes) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, host, ip.bytes) == 1)
		ip.family = AF_INET6;
	return (ip);
}

static bool
ip_within(const struct ip *ip, const struct ip *net, unsigned bits)
{
	unsigned	 whole = bits / 8, rest = bits % 8;

	if (ip->family != net->family ||
	    memcmp(ip->bytes, net->bytes, whole) != 0)
		return (false);
	return (rest == 0 || (ip->bytes[whole] ^ net->bytes[whole]) >>
	    (8 - rest) == 0);
}

/* "10.0.0.0/8".  False as well if it is none. */
static bool
cidr_matches(const char *item, const struct ip *ip)
{
	const char	*slash = strchr(item, '/');
	struct ip	 net;
	char		 host[64];
	uint64_t	 bits;

	if (slash == NULL || (size_t)(slash - item) >= sizeof(host))
		return (false);
	memcpy(host, item, (size_t)(slash - item));
	host[slash - item] = '\0';
	net = ip_parse(host);
	if (net.family == AF_UNSPEC || value_number(slash + 1, 0,
	    net.family == AF_INET ? 32 : 128, &bits) == -1)
		return (false);
	return (ip_within(ip, &net, (unsigned)bits));
}

/* Splits a port off, 0 if there is none, and the brackets. */
static unsigned
split_port(char *item)
{
	char		*colon = strrchr(item, ':');
	uint64_t	 port = 0;
	size_t		 len;

	/* One colon, or one behind brackets; else it is an IPv6 address. */
	if (colon != NULL && (strchr(item, ':') == colon ||
	    (colon > item && colon[-1] == ']')) &&
	    value_number(colon + 1, 1, 65535, &port) == 0)
		*colon = '\0';
	len = strlen(item);
	if (len >= 2 && item[0] == '[' && item[len - 1] == ']') {
		item[len - 1] = '\0';
		memmove(item, item + 1, len - 1);
	}
	return ((unsigned)port);
}

/* "example.org" is also what is below it, ".example.org" and "*.example.org" only
 * that. */
static bool
name_matches(const char *item, const char *host)
{
	size_t		 len, host_len = strlen(host);
	bool		 itself;

	if (strncmp(item, "*.", 2) == 0)
		item++;
	itself = item[0] != '.';
	if (!itself)
		item++;
	len = strlen(item);
	if (len == 0)
		return (false);
	if (host_len == len)
		return (itself && strcasecmp(host, item) == 0);
	return (host_len > len && host[host_len - len - 1] == '.' &&
	    strcasecmp(host + host_len - len, item) == 0);
}

static bool
item_matches(char *item, const char *host, const struct ip *ip, unsigned port)
{
	unsigned	 item_port;
	struct ip	 item_ip;

	if (strcmp(item, "*") == 0 || cidr_matches(item, ip))
		return (true);
	item_port = split_port(item);
	if (item_port != 0 && item_port != port)
		return (false);
	item_ip = ip_parse(item);
	if (item_ip.family != AF_UNSPEC)
		return (ip_within(ip, &item_ip,
		    item_ip.family == AF_INET ? 32 : 128));
	return (ip->family == AF_UNSPEC && name_matches(item, host));
}

bool
proxy_is_bypassed(const char *no_proxy, const char *host, unsigned port)
{
	struct ip	 ip = ip_parse(host);
	char		 item[ADDRESS_HOST_MAX + 16];
	size_t		 len;

	if (address_is_loopback(host))
		return (true);
	while (*no_proxy != '\0') {
		no_proxy += strspn(no_proxy, ", \t");
		len = strcspn(no_proxy, ", \t");
		if (len > 0 && len < sizeof(item)) {
			memcpy(item, no_proxy, len);
			item[len] = '\0';
			if (item_matches(item, host, &ip, port))
				return (true);
		}
		no_proxy += len;
	}
	return (false);
}

/* -- the environment --------------------------------------------------------- */

static const char *
variable(const char *upper, const char *lower, const char **name)
{
	const char	*value;

	*name = upper;
	if ((value = getenv(upper)) != NULL && value[0] != '\0')
		return (value);
	*name = lower;
	if ((value = getenv(lower)) != NULL && value[0] != '\0')
		return (value);
	return (NULL);
}

const char *
proxy_from_environment(const char *host, unsigned port, struct address *a)
{
	static char	 text[512];
	const char	*name, *url, *no_proxy, *unused, *user, *problem;
	char		 with_scheme[URL_MAX];
	size_t		 len;

	memset(a, 0, sizeof(*a));
	if ((url = variable("HTTPS_PROXY", "https_proxy", &name)) == NULL)
		return (NULL);
	no_proxy = variable("NO_PROXY", "no_proxy", &unused);
	if (proxy_is_bypassed(no_proxy == NULL ? "" : no_proxy, host, port))
		return (NULL);
	/* "host:port" is enough. */
	snprintf(with_scheme, sizeof(with_scheme), "%s%s",
	    strstr(url, "://") == NULL ? "http://" : "", url);
	problem = strlen(url) >= sizeof(with_scheme) - 8 ?
	    "the address of the proxy is too long" :
	    proxy_parse(with_scheme, a, &user, &len);
	if (problem == NULL && user != NULL)
		problem = "it has a user name or password, and kanatad itself "
		    "holds no secret: use proxy-url in the kubeconfig";
	if (problem == NULL)
		return (NULL);
	snprintf(text, sizeof(text), "%s in the environment: %s", name,
	    problem);
	return (text);
}
