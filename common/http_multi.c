/*
 * libcurl's multi interface driven by libevent, and the table of the
 * connections that it has open.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "http_local.h"
#include "log.h"
#include "xmalloc.h"

/* What is read ahead is handed out in so many steps; then others have their turn. */
#define DRAIN_MAX	64
/*
 * A busy stream wakes this process for each piece of each event, which costs more
 * than to read it.  After so many wakes within so many ms of each other it is left
 * alone for that long, and what has come then is read together; unless there was
 * so much that more may be there.
 */
#define BUSY_WAKES	8
#define REST_MS		10
#define MUCH		16384		/* bytes of a body */

/* A descriptor that libcurl has. */
struct connection {
	TAILQ_ENTRY(connection)	 entry;
	int			 fd;
	struct http_server	*server;	/* NULL: it is no more */
	CURL			*easy;		/* that it serves, NULL: idle */
	struct event		*event;		/* NULL: libcurl is not waiting */
	struct event		*rest;		/* timer: its end */
	uint64_t		 woke;		/* when last, in ms */
	unsigned		 nwake;		/* in a row */
};

static TAILQ_HEAD(, connection)	 connections =
				    TAILQ_HEAD_INITIALIZER(connections);
static struct event_base	*base;
static struct event		*timer, *drain_timer;
static CURLM			*multi;
static bool			 busy;

bool
http_multi_busy(void)
{
	return (busy);
}

static void
connection_drop(struct connection *c)
{
	if (c->server != NULL)
		c->server->nopen--;
	TAILQ_REMOVE(&connections, c, entry);
	event_free(c->rest);
	free(c);
}

static struct connection *
connection_find(int fd)
{
	struct connection *c;

	TAILQ_FOREACH(c, &connections, entry)
		if (c->fd == fd)
			break;
	return (c);
}

static void
rested(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	c->woke = clock_ticks();
	if (c->event != NULL && event_add(c->event, NULL) == -1)
		fatalx("cannot watch a connection");
}

static void
connection_add(struct http_server *server, int fd)
{
	struct connection *c;

	/* One that libcurl closed behind our back. */
	if ((c = connection_find(fd)) != NULL)
		connection_drop(c);
	c = xcalloc(1, sizeof(*c));
	if ((c->rest = evtimer_new(base, rested, c)) == NULL)
		fatalx("cannot make a timer");
	c->fd = fd;
	c->server = server;
	server->nopen++;
	TAILQ_INSERT_TAIL(&connections, c, entry);
}

curl_socket_t
http_multi_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_request *req = arg;
	int fd = req->fd;

	(void)addr;
	if (purpose != CURLSOCKTYPE_IPCXN || fd == -1) {
		req->needs_dial = true;
		return (CURL_SOCKET_BAD);
	}
	req->fd = -1;
	connection_add(req->server, fd);
	return (fd);
}

int
http_multi_close(void *arg, curl_socket_t fd)
{
	struct connection *c;

	(void)arg;
	if ((c = connection_find(fd)) != NULL)
		connection_drop(c);
	close(fd);
	return (0);
}

/*
 * libcurl cannot be told to close one kept connection.  It closes those that
 * have ended when it next looks for one.
 */
void
http_multi_forget(struct http_server *server)
{
	struct connection *c;

	TAILQ_FOREACH(c, &connections, entry)
		if (c->server == server) {
			shutdown(c->fd, SHUT_RDWR);
			c->server = NULL;
		}
	server->nopen = 0;
}

/* Tells of what has ended.  Whom it tells may start and cancel others. */
static void
reap(void)
{
	struct http_request *req;
	CURLMsg *msg;
	CURLcode code;
	int left;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		if (curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    &req) != CURLE_OK)
			fatalx("libcurl: a transfer without a request");
		http_transfer_done(req, code);
	}
}

static void
act(curl_socket_t fd, int what)
{
	CURLMcode code;
	int running;

	busy = true;
	code = curl_multi_socket_action(multi, fd, what, &running);
	busy = false;
	/* A descriptor that it has already forgotten is no harm. */
	if (code != CURLM_OK && code != CURLM_BAD_SOCKET)
		fatalx("libcurl: %s", curl_multi_strerror(code));
	reap();
}

/*
 * libcurl waits for the socket once that is empty, but OpenSSL has read ahead
 * (http_transfer.c): it may have whole records still.  It has none if it was the
 * last to ask for more.
 */
static const struct connection *
held_back(void)
{
	const struct connection *c;
	struct curl_tlssessioninfo *tls;

	TAILQ_FOREACH(c, &connections, entry)
		if (c->easy != NULL && curl_easy_getinfo(c->easy,
		    CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK &&
		    tls->internals != NULL && SSL_want_nothing(
		    (SSL *)tls->internals) && SSL_has_pending(tls->internals))
			break;
	return (c);
}

static void
drain(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now = { 0, 0 };
	const struct connection *c;
	unsigned i;

	(void)fd;
	(void)what;
	(void)arg;
	for (i = 0; i < DRAIN_MAX; i++) {
		if ((c = held_back()) == NULL)
			return;
		act(c->fd, CURL_CSELECT_IN);
	}
	if (evtimer_add(drain_timer, &now) == -1)
		fatalx("cannot set a timer");
}

/* Bytes of the body that it is at. */
static uint64_t
received(const struct connection *c)
{
	struct http_request *req;

	if (c == NULL || c->easy == NULL || curl_easy_getinfo(c->easy,
	    CURLINFO_PRIVATE, &req) != CURLE_OK)
		return (0);
	return (req->received);
}

static void
woke(struct connection *c, uint64_t bytes)
{
	static const struct timeval rest = { 0, REST_MS * 1000 };
	uint64_t now = clock_ticks();

	c->nwake = now - c->woke <= REST_MS ? c->nwake + 1 : 0;
	c->woke = now;
	if (c->nwake >= BUSY_WAKES && bytes < MUCH && c->event != NULL &&
	    (event_del(c->event) == -1 || evtimer_add(c->rest, &rest) == -1))
		fatalx("cannot set a timer");
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	uint64_t before = received(connection_find(fd)), after;
	struct connection *c;

	act(fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
	    (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
	drain(fd, what, arg);
	c = connection_find(fd);
	if ((after = received(c)) > before)
		woke(c, after - before);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	act(CURL_SOCKET_TIMEOUT, 0);
	drain(fd, what, arg);
}

/* libcurl says what it wants to know of a descriptor. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	struct event *event = watch;
	struct connection *c = connection_find(fd);
	short events = EV_PERSIST;

	(void)arg;
	if (event != NULL)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
			events |= EV_READ;
		if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
			events |= EV_WRITE;
		event = event_new(base, fd, events, on_socket, NULL);
		if (event == NULL || event_add(event, NULL) == -1)
			fatalx("cannot watch a connection");
	}
	if (c != NULL) {
		c->easy = what == CURL_POLL_REMOVE ? NULL : easy;
		c->event = event;
		evtimer_del(c->rest);
	}
	curl_multi_assign(multi, fd, event);
	return (0);
}

static int
want_timer(CURLM *handle, long ms, void *arg)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)handle;
	(void)arg;
	if (ms < 0)
		evtimer_del(timer);
	else if (evtimer_add(timer, &tv) == -1)
		fatalx("cannot set a timer");
	return (0);
}

#define SET(option, value)						\
	do {								\
		if (curl_multi_setopt(multi, option, value) != CURLM_OK) \
			fatalx("libcurl: %s cannot be set", #option);	\
	} while (0)

/*
 * Debian's libcurl brings GnuTLS along, for protocols that are never spoken.  It
 * asks this, before main, whether to prepare itself, which takes a megabyte
 * (GNUTLS_SKIP_GLOBAL_INIT in gnutls.h).
 */
int	 _gnutls_global_init_skip(void);
int
_gnutls_global_init_skip(void)
{
	return (1);
}

void
http_multi_init(struct event_base *event_base)
{
	base = event_base;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (multi = curl_multi_init()) == NULL)
		fatalx("libcurl cannot be set up");
	if ((timer = evtimer_new(base, on_timer, NULL)) == NULL ||
	    (drain_timer = evtimer_new(base, drain, NULL)) == NULL)
		fatalx("cannot make a timer");
	SET(CURLMOPT_SOCKETFUNCTION, want_socket);
	SET(CURLMOPT_TIMERFUNCTION, want_timer);
	/* One request at a time on a connection. */
	SET(CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

void
http_multi_add(struct http_request *req)
{
	CURLMcode code;

	if ((code = curl_multi_add_handle(multi, req->easy)) != CURLM_OK)
		fatalx("libcurl: %s", curl_multi_strerror(code));
}

void
http_multi_remove(struct http_request *req)
{
	CURLMcode code;

	if ((code = curl_multi_remove_handle(multi, req->easy)) != CURLM_OK)
		fatalx("libcurl: %s", curl_multi_strerror(code));
}
