#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "value.h"

/*
 * A DNS name or an IPv4 address in four parts.  What resolvers take for an
 * address though it does not look like one ("127.1", "0x7f000001") is refused.
 */
static bool
address_is_name(const char *host)
{
	struct in_addr	 v4;
	const char	*label, *p;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return (true);
	for (p = label = host;; p++) {
		if (*p == '\0' || *p == '.') {
			if (p == label || p - label > 63 || *label == '-' ||
			    p[-1] == '-')
				return (false);
			if (*p == '\0')
				break;
			label = p + 1;
		} else if (!((*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    *p == '-' || *p == '_'))
			return (false);
	}
	return (label[strspn(label, "0123456789")] != '\0' &&
	    strncasecmp(label, "0x", 2) != 0);
}

bool
address_is_loopback(const char *host)
{
	struct in_addr	 v4;
	struct in6_addr	 v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24 == 127);
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return (IN6_IS_ADDR_LOOPBACK(&v6));
	return (strcasecmp(host, "localhost") == 0);
}

/* "host", "host:port", "[::1]:port", len bytes; port 0 if there is none. */
static const char *
address_parse_host(const char *s, size_t len, struct address *a)
{
	struct in6_addr	 v6;
	const char	*end = s + len, *close, *colon;
	char		 port[8];
	uint64_t	 number = 0;
	bool		 brackets = len > 0 && s[0] == '[';

	if (memchr(s, '@', len) != NULL)
		return ("a user name or password in an address is not "
		    "supported");
	if (brackets) {
		if ((close = memchr(++s, ']', len - 1)) == NULL)
			return ("the address has a `[` without a `]`");
		colon = close + 1;
		if (colon != end && *colon != ':')
			return ("something other than a port follows the `]` "
			    "of the address");
	} else {
		close = memchr(s, ':', len);
		colon = close = close != NULL ? close : end;
		if (colon != end &&
		    memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL)
			return ("an IPv6 address needs brackets: [::1]:443");
	}
	if (close == s)
		return ("the address has no host");
	if ((size_t)(close - s) > ADDRESS_HOST_MAX)
		return ("the host has more than 253 characters");
	memcpy(a->host, s, (size_t)(close - s));
	a->host[close - s] = '\0';
	if (brackets ? inet_pton(AF_INET6, a->host, &v6) != 1 :
	    !address_is_name(a->host))
		return ("the host is neither a name nor an address");
	if (colon != end) {
		len = (size_t)(end - colon - 1);
		if (len >= sizeof(port))
			return ("the port is not 1 to 65535");
		memcpy(port, colon + 1, len);
		port[len] = '\0';
		if (value_number(port, 1, 65535, &number) == -1)
			return ("the port is not 1 to 65535");
	}
	a->port = (unsigned)number;
	return (NULL);
}

const char *
address_parse_url(const char *s, struct address *a, const char **rest)
{
	const char	*problem, *p;
	size_t		 len;

	memset(a, 0, sizeof(*a));
	a->scheme = true;
	if (strncasecmp(s, "https://", 8) == 0) {
		a->tls = true;
		s += 8;
	} else if (strncasecmp(s, "http://", 7) == 0)
		s += 7;
	else
		return ("expected an address that starts with https://");
	len = strcspn(s, "/?#");
	*rest = s + len;
	if (**rest == '?' || **rest == '#')
		return ("expected a `/` after the host");
	/* It ends up in the first line of an HTTP request. */
	for (p = *rest; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return ("the address has blanks or characters that "
			    "must be written as %XX");
	if (strchr(*rest, '#') != NULL)
		return ("`#` in an address is not supported");
	if ((problem = address_parse_host(s, len, a)) != NULL)
		return (problem);
	if (a->port == 0)
		a->port = a->tls ? 443 : 80;
	return (NULL);
}

const char *
address_parse_node(const char *s, struct address *a)
{
	const char	*problem;
	size_t		 len;

	memset(a, 0, sizeof(*a));
	if (strncasecmp(s, "https://", 8) == 0) {
		a->scheme = a->tls = true;
		s += 8;
	} else if (strncasecmp(s, "http://", 7) == 0) {
		a->scheme = true;
		s += 7;
	}
	len = strlen(s);
	if (a->scheme && len > 0 && s[len - 1] == '/')
		len--;
	if (memchr(s, '/', len) != NULL)
		return ("a node has no path: expected host:port or "
		    "https://host:port");
	if ((problem = address_parse_host(s, len, a)) != NULL)
		return (problem);
	if (a->port == 0)
		return ("the port is missing: expected host:port");
	return (NULL);
}
