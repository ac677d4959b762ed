/*
 * The dashboard, /admin: what its files share.
 */
#ifndef KANATA_WEB_ADMIN_H
#define KANATA_WEB_ADMIN_H

#include "html.h"
#include "request.h"
#include "sessions.h"

/* login.c.  Who has sent it; NULL: nobody who is logged in. */
const struct session *login_find(const struct request *);
/*
 * Who has sent it, for a page; without anybody it is answered, with a
 * page to log in, and NULL comes back.
 */
const struct session *login_wanted(struct request *);
/* The same for a form, which must be one of ours: else it is refused. */
const struct session *login_form(struct request *);

/* Headers of all pages of the dashboard: nothing from elsewhere, no frames. */
void	 admin_headers(struct request *);
/* A whole page with a title: up to <main>, and from </main> on. */
void	 admin_page_begin(struct evbuffer *, const char *title,
	    const struct session *);
void	 admin_page_end(struct evbuffer *);
void	 admin_redirect(struct request *);
/* A page that says what is wrong. */
void	 admin_fail(struct request *, int code, const char *text,
	    const struct session *);

#endif
