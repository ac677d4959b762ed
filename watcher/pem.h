/* Certificates and keys as text: whether TLS will be able to use them. */
#ifndef KANATA_WATCHER_PEM_H
#define KANATA_WATCHER_PEM_H

#include <stdbool.h>

#include "credential.h"

/* There is a certificate in it, first of all. */
bool	 pem_is_certificate(const struct secret_text *);
/* There is a private key in it that needs no password. */
bool	 pem_is_key(const struct secret_text *);
/* The key is that of the certificate; both are good. */
bool	 pem_is_pair(const struct secret_text *cert,
	    const struct secret_text *key);

#endif
