/*
 * One HTTP request, from when it is there whole until its answer has left.
 */
#ifndef KANATA_WEB_REQUEST_H
#define KANATA_WEB_REQUEST_H

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>

struct request;

/* As bits, for routes. */
#define METHOD_GET	1U	/* and HEAD, which is answered alike */
#define METHOD_POST	2U

/* -- what was asked -------------------------------------------------------- */

/* METHOD_*, 0 for another. */
unsigned	 request_method(const struct request *);
/* Without the query. */
const char	*request_path(const struct request *);
/* Of the query or, posted, of the form; NULL: none.  At most REQUEST_BODY_MAX
 * bytes, anything in it. */
const char	*request_parameter(const struct request *, const char *name);
const char	*request_header(const struct request *, const char *name);
/* How often that header is there. */
unsigned	 request_count(const struct request *, const char *header);
/* The host that it is for, without the port; NULL: it does not say. */
const char	*request_host(const struct request *);
/* Of the cookie; false if there is none or it does not fit. */
bool		 request_cookie(const struct request *, const char *name,
		    char *value, size_t size);
/* By TLS, or from this machine: what is said to it cannot be overheard. */
bool		 request_is_private(const struct request *);
bool		 request_is_tls(const struct request *);
/* The client's address, "::1". */
const char	*request_peer(const struct request *);

/* -- the answer: one of these, once; the request is gone after ------------- */

/* A header of the answer to come; the name is ours, the value may be anything:
 * what has a line break is left out. */
void		 request_add_header(struct request *, const char *name,
		    const char *value);
/* Text, with its type such as "text/plain"; borrowed. */
void		 request_reply(struct request *, int code, const char *type,
		    const char *text);
/* The bytes; drained. */
void		 request_reply_buffer(struct request *, int code,
		    const char *type, struct evbuffer *);
/* {"error": text} and that status. */
void		 request_fail(struct request *, int code, const char *text);

enum fill {
	FILL_MORE,		/* again, when this has left */
	FILL_WAIT,		/* nothing now: request_wake says when */
	FILL_END		/* this was the last */
};

/* An answer that is made while it leaves, so that a client that does not read
 * costs no more than one piece. */
struct source {
	/* Adds about PIECE bytes; with FILL_MORE some at least. */
	enum fill	(*fill)(void *arg, struct evbuffer *);
	/* It is complete, or the client is gone. */
	void		(*end)(void *arg);
	/* It has no end of its own: not cut off for being slow as a whole, but
	 * there are at most so many. */
	bool		 endless;
};
#define PIECE	32768
/* Ends arg in every case, with an error to the client if there are too many. */
void		 request_reply_source(struct request *, const char *type,
		    const struct source *, void *arg);
/* There is something to fill. */
void		 request_wake(struct request *);
/* The client is cut off; the source is ended.  Not from within fill. */
void		 request_cut(struct request *);

/* The answer will come later; gone(arg) if the client goes before that. */
void		 request_wait(struct request *, void (*gone)(void *), void *arg);
/* It comes now. */
void		 request_wait_end(struct request *);

/* -- for server.c ---------------------------------------------------------- */

/* Whose connection it is on. */
struct request_owner {
	void	(*done)(void *);	/* the answer has left */
	bool	(*endless)(void *);	/* the answer has no end: may it be? */
};

/* Takes what evhttp hands over. */
struct request	*request_begin(struct evhttp_request *, bool tls,
		    const struct request_owner *, void *arg);
/* The connection is going down. */
void		 request_abandon(struct request *);

#endif
