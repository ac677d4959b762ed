/* Who is logged in.  Sessions end with the process, and when users change. */
#ifndef KANATA_WEB_SESSIONS_H
#define KANATA_WEB_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/users.h"

#define SESSIONS_MAX	64
#define SESSION_TIME	(12ULL * 3600 * 1000)	/* ms */
#define SESSION_TOKEN	64			/* characters */

struct session {
	char		 token[SESSION_TOKEN + 1];	/* "": free */
	char		 form[SESSION_TOKEN + 1];	/* what its forms must say */
	char		 user[USERS_NAME_MAX + 1];
	uint64_t	 ends;			/* ticks */
	uint64_t	 serial;
};

/* A new one; if there are too many, the oldest ends. */
const struct session *session_open(const char *user, uint64_t now);
/* NULL: there is none, or it has ended. */
const struct session *session_find(const char *token, uint64_t now);
/* A form that it sent was made for it. */
bool	 session_form_ok(const struct session *, const char *form);
void	 session_close(const struct session *);
void	 session_close_all(void);

#endif
