/*
 * HTTP by libcurl in a process that can neither resolve nor connect: the dialer
 * hands over connected descriptors, libcurl speaks TLS and HTTP on them.
 *
 * Connections to an endpoint are kept and reused.
 */
#ifndef KANATA_HTTP_H
#define KANATA_HTTP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"

struct http_server;
struct http_request;

/* Before the cage: makes the multi handle.  Fatal if it cannot.  me: the role
 * that the dialer knows this process as. */
void	 http_init(struct event_base *, enum role me);

/*
 * The link to the dialer, when it comes and each time it is made anew.  Takes the
 * descriptor.  Requests that waited for a descriptor ask again.
 */
void	 http_link_dialer(int fd);

/* How to talk to one endpoint.  Strings and blobs are borrowed by
 * http_server_new, copied, wiped when freed. */
struct http_server_options {
	unsigned	 endpoint;	/* number for the dialer */
	bool		 tls;
	const char	*host;		/* as in Host: and for verification */
	unsigned	 port;
	const char	*tls_name;	/* NULL: host */
	bool		 insecure;	/* no verification */
	const void	*ca;		/* PEM; NULL: nobody is trusted */
	size_t		 ca_len;
	const void	*cert, *key;	/* PEM, NULL if none */
	size_t		 cert_len, key_len;
	/*
	 * A proxy, which then is what the endpoint leads to, asked for a tunnel
	 * (CONNECT) to a server that must be TLS.  NULL: none.  With TLS of its
	 * own it is verified like the server, as kubectl does, but gets no
	 * client certificate.
	 */
	const char	*proxy_host;
	unsigned	 proxy_port;
	bool		 proxy_tls;
	const char	*proxy_user;	/* "user:password", encoded as in a URL;
					 * NULL if none */
};
struct http_server *http_server_new(const struct http_server_options *);
/* Cancels its requests without calling them back, closes its connections. */
void	 http_server_free(struct http_server *);

enum http_outcome {
	HTTP_REPLY,		/* a whole answer is there: see status */
	HTTP_NOT_SENT,		/* the request cannot have reached the server */
	HTTP_LOST,		/* it may have: no answer, or only a part */
	HTTP_TOO_LARGE,		/* the answer is larger than reply_max */
	HTTP_STOPPED		/* data() returned -1 */
};

struct http_reply {
	enum http_outcome outcome;
	long		 status;	/* HTTP status, 0 if there was none */
	int64_t		 retry_after;	/* ms from Retry-After, at most a day,
					 * -1 if none */
	const char	*body;		/* NUL-terminated; NULL unless HTTP_REPLY
					 * and not given to data() */
	size_t		 len;
	const char	*error;		/* where and what, safe to log; NULL with
					 * HTTP_REPLY */
};

struct http_request_options {
	const char	*method;	/* "GET", "POST", "PUT", "DELETE" */
	const char	*path;		/* "/v2/pages?page=1" */
	const char	*authorization;	/* value of that header, NULL if none */
	const char	*accept;	/* NULL: application/json */
	const char	*body;		/* JSON, copied; NULL if none */
	size_t		 body_len;
	size_t		 reply_max;	/* bytes collected, 0: 1 MiB */
	unsigned	 timeout;	/* ms for the whole, 0: 30 s; a stream
					 * sets HTTP_NO_TIMEOUT */
	unsigned	 idle_timeout;	/* ms without a byte, 0: none */
	/* Asked when the connection stands, before the first byte leaves: if
	 * false none does, and it has ended as HTTP_NOT_SENT.  NULL: it
	 * may.  Calls nothing of this file. */
	bool		(*may_send)(void *arg);
	/* A piece of the body of a 2xx answer; return -1 to stop.  NULL:
	 * collect it.  The body of any other status is always collected. */
	int		(*data)(struct http_request *, const char *, size_t,
			    void *arg);
	/* The end, exactly once unless cancelled; then the request is
	 * freed. */
	void		(*done)(struct http_request *,
			    const struct http_reply *, void *arg);
	void		*arg;
};
#define HTTP_NO_TIMEOUT	(~0U)

/*
 * Never calls back before it has returned; may be called within data() and
 * done().  A safe request (GET) that finds its kept connection closed is sent once
 * more on a new one; anything else only if not a byte of it has left, else
 * HTTP_LOST.
 */
struct http_request *http_send(struct http_server *,
		    const struct http_request_options *);
/* Ends it without calling done.  Not from within data(), like
 * http_server_free. */
void	 http_cancel(struct http_request *);
/* Status of the answer so far, 0 before it is known: for use in data(). */
long	 http_status(const struct http_request *);
/* The Content-Type of the answer, without parameters: "" if it has none or is not
 * there yet. */
const char *http_content_type(const struct http_request *);

#endif
