/*
 * Users of the dashboard: `name:hash` and a line feed for each, as they travel
 * from the parser to web, and to whoever adds one.
 */
#ifndef KANATA_USERS_H
#define KANATA_USERS_H

#include <stdbool.h>

#define USERS_MAX	100
#define USERS_NAME_MAX	64		/* bytes */
#define USERS_HASH_MAX	255
#define USERS_PASSWORD_MIN 8
#define USERS_PASSWORD_MAX 256

/* Letters, digits and . _ @ - */
bool	 users_is_name(const char *);
/* yescrypt as crypt(5) writes it. */
bool	 users_is_hash(const char *);

#endif
