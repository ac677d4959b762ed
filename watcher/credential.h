/*
 * What proves to the API server who Kanata is, and what the API server must
 * prove.
 */
#ifndef KANATA_WATCHER_CREDENTIAL_H
#define KANATA_WATCHER_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "../common/conf.h"
#include "execcred.h"

struct secret_text {
	char	*p;		/* NULL: none */
	size_t	 len;
};

struct credentials {
	struct secret_text	 ca, cert, key, token;
	struct secret_text	 proxy;		/* user:password for the proxy */
	bool			 plugin;	/* an exec plugin gave the token... */
	bool			 plugin_cert;	/* ...and certificate and key */
	unsigned		 tokens;	/* it was another so often */
	char			*authorization;	/* "Bearer ...", NULL: none */
};

/*
 * Reads one secret and closes the descriptor; an older one of that kind is wiped.
 * NULL, or a static text: then nothing has changed.
 */
const char	*credentials_take(struct credentials *, enum secret, int fd);
/* NULL, or a static text that says why they cannot be used. */
const char	*credentials_check(const struct credentials *, bool tls,
		    bool insecure);
/* CA, certificate and key are the same. */
bool		 credentials_same_tls(const struct credentials *,
		    const struct credentials *);
bool		 credentials_same_token(const struct credentials *,
		    const struct credentials *);
/*
 * What an exec plugin gave, instead of what it gave before.  A certificate of the
 * kubeconfig stays, as in client-go.  True if certificate and key are others than
 * before.
 */
bool		 credentials_take_plugin(struct credentials *,
		    const struct execcred *);
/* Copies to `to` what a plugin gave to `from`. */
void		 credentials_keep_plugin(struct credentials *to,
		    const struct credentials *from);
/* Wipes all of it. */
void		 credentials_clear(struct credentials *);

#endif
