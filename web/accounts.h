/* Who may log in: the users of the configuration. */
#ifndef KANATA_WEB_ACCOUNTS_H
#define KANATA_WEB_ACCOUNTS_H

#include <stdbool.h>

/* Takes the users to come (common/users.h); NULL, or why they cannot be. */
const char	*accounts_secret(int fd);
/* They hold from now on; true if they are others than before. */
bool		 accounts_commit(void);
void		 accounts_abort(void);

/* There are any. */
bool		 accounts_any(void);
/* Costs tens of milliseconds and 16 MiB, whether there is such a user or not. */
bool		 accounts_check(const char *name, const char *password);

#endif
