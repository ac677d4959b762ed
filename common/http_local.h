/* What the files of http share; no one else's business. */
#ifndef KANATA_HTTP_LOCAL_H
#define KANATA_HTTP_LOCAL_H

#include <sys/queue.h>

#include <curl/curl.h>
#include <time.h>

#include "clock.h"
#include "http.h"

#define HTTP_HEADERS_MAX	(256 * 1024)	/* bytes, of all answers to one
						 * request, 1xx included */

struct http_server {
	unsigned		 endpoint;
	bool			 tls, insecure;
	char			*where;		/* "host:port", for messages */
	char			*origin;	/* "https://name:port" */
	char			*host_header;	/* "Host: ...", or NULL */
	/*
	 * libcurl keys kept connections by where they go.  Each server pretends
	 * to go somewhere else, so that none gets another's connection, be it
	 * of the same name or of before a reload.  Behind a proxy it is the
	 * proxy that pretends, unless TLS wants its name: then it is enough that
	 * http_multi_forget shuts the old ones.
	 */
	struct curl_slist	*connect_to, *pin;
	char			*proxy;		/* its URL, or NULL */
	char			*proxy_user;	/* or NULL */
	struct curl_blob	 ca, cert, key;
	unsigned		 nopen;		/* connections, idle ones too */
	unsigned		 nrunning;	/* requests that use one */
};

enum http_state {
	HTTP_NEW,		/* to be looked at by the event loop */
	HTTP_DIALING,		/* waits for a descriptor */
	HTTP_RUNNING		/* libcurl has it */
};

struct http_request {
	TAILQ_ENTRY(http_request) entry;
	struct http_server	*server;
	enum http_state		 state;
	const char		*bad;		/* NEW: why it cannot be sent */

	char			 method[8];
	bool			 safe;		/* may be sent twice */
	char			*url;
	struct curl_slist	*headers;
	char			*body;
	size_t			 body_len, reply_max;
	unsigned		 timeout, idle_timeout;
	bool			(*may_send)(void *);
	int			(*data)(struct http_request *, const char *,
				    size_t, void *);
	void			(*done)(struct http_request *,
				    const struct http_reply *, void *);
	void			*arg;
	struct event		*timer;
	uint64_t		 started, active;	/* ticks */

	uint32_t		 dial_id;	/* DIALING: 0: not asked yet */
	int			 fd;		/* -1, or for libcurl */
	CURL			*easy;		/* RUNNING */
	bool			 fresh;		/* on a connection of its own */
	bool			 needs_dial;	/* none was kept */
	bool			 resend;	/* libcurl wanted to */
	bool			 ready;		/* connected, tunnel and all */
	long			 before;	/* bytes that went out until then */

	bool			 stopped;	/* by a callback, see outcome */
	enum http_outcome	 outcome;
	const char		*stopped_why;
	long			 status;
	char			*reply;
	size_t			 reply_len, reply_size, header_bytes;
	uint64_t		 received;
	int64_t			 retry_after;	/* ms */
	time_t			 retry_at, date;	/* 0: not said */
	char			 content_type[64];
	char			 curl_error[CURL_ERROR_SIZE];
	char			 error[640];
};

/* -- http.c ---------------------------------------------------------------- */

/* All requests of the server, without calling back. */
void	 http_cancel_all(struct http_server *);
/* The transfer has ended, easy is still there. */
void	 http_transfer_done(struct http_request *, CURLcode);

/* -- http_transfer.c: one request as libcurl sees it ----------------------- */

/* Fatal if it cannot; forgets what an earlier try has received. */
void	 http_transfer_make(struct http_request *);
void	 http_transfer_free(struct http_request *);
/* True if a byte of the request was handed to the connection. */
bool	 http_transfer_sent(const struct http_request *);
/* What went wrong, without where; static or in the request. */
const char *http_transfer_error(const struct http_request *, CURLcode);
/* -1 if there was no Retry-After. */
int64_t	 http_transfer_retry_after(const struct http_request *);

/* -- http_multi.c: libcurl driven by libevent, its connections ------------- */

void	 http_multi_init(struct event_base *);
void	 http_multi_add(struct http_request *);
void	 http_multi_remove(struct http_request *);
/* True within a callback of libcurl, where a handle must not be removed. */
bool	 http_multi_busy(void);
/* Shuts all connections of the server down and forgets whose they are. */
void	 http_multi_forget(struct http_server *);
/* For libcurl: the descriptor that the dialer gave, and the end of one. */
curl_socket_t http_multi_open(void *, curlsocktype, struct curl_sockaddr *);
int	 http_multi_close(void *, curl_socket_t);

#endif
