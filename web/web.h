/*
 * What the files of web share, but for who answers what (route.h) and how
 * (request.h).
 */
#ifndef KANATA_WEB_WEB_H
#define KANATA_WEB_WEB_H

#include "../common/worker.h"

/* -- server.c: connections, bounded in number and time --------------------- */

/* Before the cage. */
void		 server_init(struct event_base *);
/* Takes a listening descriptor, in place of the one before. */
void		 server_listen(int fd);
unsigned	 server_connections(void);

/* -- probe.c --------------------------------------------------------------- */

void		 probe_init(void);

/* -- tls.c ----------------------------------------------------------------- */

struct ssl_ctx_st;

/* Before the cage. */
void		 tls_init(void);
/* Takes a part of what is to come; NULL, or why it cannot be used. */
const char	*tls_secret(enum secret, int fd);
/* NULL, or why certificate and key cannot be used. */
const char	*tls_prepare(bool wanted);
void		 tls_commit(void);
void		 tls_abort(void);
/* NULL: plain text is spoken. */
struct ssl_ctx_st *tls_context(void);

/* -- the dashboard --------------------------------------------------------- */

void	 live_init(void);
void	 operate_init(void);

#endif
