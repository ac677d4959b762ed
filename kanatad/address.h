/*
 * Where something listens, out of the text of the configuration.  Nothing is
 * resolved.
 */
#ifndef KANATA_ADDRESS_H
#define KANATA_ADDRESS_H

#include <stdbool.h>

#define ADDRESS_HOST_MAX	253

struct address {
	char		 host[ADDRESS_HOST_MAX + 1];	/* no brackets */
	unsigned	 port;
	bool		 tls;
	bool		 scheme;	/* http:// or https:// was written */
};

/*
 * "https://host:port/path": *rest is what follows host and port, "" or "/...".
 * Without a port it is that of the scheme.  Returns NULL, or a static text that
 * says what is wrong, without quoting the address, which may be a secret.
 */
const char *address_parse_url(const char *, struct address *,
	    const char **rest);
/* "host:port", or a URL as above without a path; a port must be there. */
const char *address_parse_node(const char *, struct address *);

/* localhost, 127.0.0.0/8, ::1. */
bool	 address_is_loopback(const char *host);

#endif
