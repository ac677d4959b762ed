/*
 * What an exec plugin prints: an ExecCredential ("client-go credential plugins" in
 * the Kubernetes documentation on authenticating).  No I/O, no clock.
 */
#ifndef KANATA_WATCHER_EXECCRED_H
#define KANATA_WATCHER_EXECCRED_H

#include <stddef.h>
#include <stdint.h>

#define EXECCRED_BYTES_MAX	(1024 * 1024)

struct execcred {
	char		*token;		/* NULL if none */
	char		*cert, *key;	/* PEM; both, or NULL */
	uint64_t	 expires;	/* ms since 1970; 0: it is good until it is
					 * refused */
};

/*
 * Returns NULL, or a static text that says what is wrong and quotes nothing: then
 * there is nothing in the credential.
 */
const char	*execcred_read(struct execcred *, const char *, size_t len);
/* Wipes all of it. */
void		 execcred_clear(struct execcred *);

#endif
