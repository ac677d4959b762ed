/*
 * What the tests of common/http.c share: the servers, the dialers, one request and
 * what became of it.
 */
#ifndef REGRESS_HTTP_STAGE_H
#define REGRESS_HTTP_STAGE_H

#include "../../common/http.h"
#include "child.h"

/* Endpoints, and the kinds of the keys of clients. */
enum { PLAIN, TLS, MUTUAL, PROXY, TLS_PROXY, RECORDS, CLOSED, NOBODYS };
enum { RSA, ECDSA, ED25519, KEYS };

extern struct event_base *base;
extern unsigned	 port[NOBODYS + 1];
extern char	*ca, *cert[KEYS], *key[KEYS];
extern struct child first, second;		/* dialers */
extern int	 first_link, second_link, false_link[2];
extern struct http_server *plain, *tls;
extern bool	 hung;				/* so the parent was told */

struct result {
	bool		 done;
	enum http_outcome outcome;
	long		 status, data_status;
	int64_t		 retry_after;
	char		*body;
	char		 error[1024];
	char		 pieces[256];
	unsigned	 npiece;
	bool		 stop;
	char		 type[64];
	unsigned	 asked;		/* whether it may be sent */
	bool		 may_not;
};

#define REQUEST(...)	(struct http_request_options){ __VA_ARGS__ }

/* For a request, whose arg is a result. */
int		 on_data(struct http_request *, const char *, size_t, void *);
bool		 on_may_send(void *);

/* An empty result; the one before is gone. */
struct result	*result_reset(void);
struct http_request *begin(struct http_server *, struct http_request_options,
		    struct result *);
/* The same to its end. */
struct result	*run(struct http_server *, struct http_request_options);
struct result	*get(struct http_server *, const char *path);
void		 loop_until(const bool *);
void		 loop_for(unsigned ms);

void		 expect(const struct result *, enum http_outcome, long status,
		    const char *error);
/* 200, and this in it. */
void		 expect_body(const struct result *, const char *);
/* The number that the server gave to the connection. */
int		 connection(const struct result *);
/* How often the server has read that request. */
void		 expect_count(const char *what, const char *method, int);

struct http_server *server(unsigned endpoint, const char *host,
		    const char *tls_name);

/* Servers, dialers, the cage; no dialer is linked yet. */
int		 stage_setup(void **);
/* The same, and the first dialer is. */
int		 stage_setup_linked(void **);
/* Runs the tests in a process that may be caged; the exit status. */
int		 stage_main(int (*)(void));

#endif
