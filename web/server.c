/*
 * Connections.  Clients are anybody: there are at most so many connections, each
 * has so much time for a request and for its answer, and when all are taken, who
 * has waited longest without asking makes room, who is logged in last of all.
 */
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/log.h"
#include "admin.h"
#include "route.h"
#include "web.h"

#define CONNECTIONS_MAX	512
#define ENDLESS_MAX	64		/* of them: answers without end */
#define ENDLESS_KNOWN	16		/* of these: for who is logged in */
#define IDLE_TIME	30		/* s to ask, a request to be complete */
#define ANSWER_TIME	60		/* s to have read an answer */
#define STALL_TIME	30		/* s without reading any of it */
#define HEADERS_MAX	8192		/* bytes */
#define BODY_MAX	16384
#define UNREAD_MAX	65536		/* bytes kept while an answer leaves */

struct connection {
	TAILQ_ENTRY(connection)	 entry;
	struct bufferevent	*bev;		/* until it is adopted */
	struct evhttp_connection *evcon;	/* NULL: until then */
	struct event		*deadline;
	struct request		*request;	/* NULL: idle */
	bool			 tls, endless;
	bool			 known;		/* the request: by who is logged in */
};
TAILQ_HEAD(connections, connection);

static struct connections fresh = TAILQ_HEAD_INITIALIZER(fresh);
static struct connections idle = TAILQ_HEAD_INITIALIZER(idle); /* longest first */
static struct connections busy = TAILQ_HEAD_INITIALIZER(busy);
static unsigned		 nconnection, nendless;
static struct evhttp	*http;
static struct evhttp_bound_socket *listening;
static struct event	*adopt_event;

static void
set_deadline(struct connection *c, int seconds)
{
	const struct timeval tv = { seconds, 0 };

	evtimer_add(c->deadline, &tv);
}

static void
connection_free(struct connection *c, struct connections *list)
{
	TAILQ_REMOVE(list, c, entry);
	nconnection--;
	if (c->endless)
		nendless--;
	event_free(c->deadline);
	free(c);
}

static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct connection *c = arg;

	(void)evcon;
	if (c->request != NULL)
		request_abandon(c->request);
	connection_free(c, c->request != NULL ? &busy : &idle);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	log_debug("a client is too slow: cut off");
	evhttp_connection_free(c->evcon);
}

/*
 * evhttp says nothing of a connection before it has a request, and lets only its
 * bufferevent be made: its own argument to that tells which connection it is.
 */
static void
adopt(struct connection *c)
{
	const struct timeval stall = { STALL_TIME, 0 };
	struct bufferevent *bev = c->bev;
	void *evcon;

	bufferevent_getcb(bev, NULL, NULL, NULL, &evcon);
	c->bev = NULL;
	if (evcon == NULL)
		/* It was given up at once. */
		connection_free(c, &fresh);
	else {
		TAILQ_REMOVE(&fresh, c, entry);
		TAILQ_INSERT_TAIL(&idle, c, entry);
		c->evcon = evcon;
		bufferevent_set_timeouts(bev, NULL, &stall);
		bufferevent_setwatermark(bev, EV_READ, 0, UNREAD_MAX);
		evhttp_connection_set_closecb(evcon, on_close, c);
	}
	bufferevent_decref(bev);
}

static void
adopt_all(void)
{
	while (!TAILQ_EMPTY(&fresh))
		adopt(TAILQ_FIRST(&fresh));
}

static void
on_adopt(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	adopt_all();
}

/* All are being answered: the oldest that is not logged in. */
static struct connection *
least_busy(void)
{
	struct connection *c;

	TAILQ_FOREACH(c, &busy, entry)
		if (!c->known)
			return (c);
	return (TAILQ_FIRST(&busy));
}

static void
make_room(void)
{
	static uint64_t told;
	uint64_t now = clock_ticks();

	if (told == 0 || now - told > 60 * 1000) {
		log_warnx("%d connections: who has not asked for longest is "
		    "cut off", CONNECTIONS_MAX);
		told = now;
	}
	if (!TAILQ_EMPTY(&idle))
		evhttp_connection_free(TAILQ_FIRST(&idle)->evcon);
	else
		evhttp_connection_free(least_busy()->evcon);
}

/* evhttp has accepted a connection. */
static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct connection *c;
	SSL *ssl;

	(void)arg;
	adopt_all();
	if (nconnection == CONNECTIONS_MAX)
		make_room();
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->deadline = evtimer_new(base, on_deadline, c)) == NULL)
		fatal("calloc");
	c->tls = tls_context() != NULL;
	if (c->tls) {
		if ((ssl = SSL_new(tls_context())) == NULL)
			fatalx("out of memory");
		c->bev = bufferevent_openssl_socket_new(base, -1, ssl,
		    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	} else
		c->bev = bufferevent_socket_new(base, -1,
		    BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		fatalx("out of memory");
	bufferevent_incref(c->bev);
	TAILQ_INSERT_TAIL(&fresh, c, entry);
	nconnection++;
	set_deadline(c, IDLE_TIME);
	event_active(adopt_event, EV_TIMEOUT, 0);
	return (c->bev);
}

/* -- requests -------------------------------------------------------------- */

static void
on_answered(void *arg)
{
	struct connection *c = arg;

	c->request = NULL;
	if (c->endless)
		nendless--;
	c->endless = false;
	TAILQ_REMOVE(&busy, c, entry);
	TAILQ_INSERT_TAIL(&idle, c, entry);
	set_deadline(c, IDLE_TIME);
}

static bool
on_endless(void *arg)
{
	struct connection *c = arg;

	if (nendless >= ENDLESS_MAX - (c->known ? 0 : ENDLESS_KNOWN))
		return (false);
	nendless++;
	c->endless = true;
	evtimer_del(c->deadline);
	return (true);
}

static void
on_request(struct evhttp_request *ev, void *arg)
{
	static const struct request_owner owner = { on_answered, on_endless };
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
	struct connection *c;

	(void)arg;
	adopt_all();
	TAILQ_FOREACH(c, &idle, entry)
		if (c->evcon == evcon)
			break;
	if (c == NULL)
		fatalx("a request on a connection that nobody knows");
	TAILQ_REMOVE(&idle, c, entry);
	TAILQ_INSERT_TAIL(&busy, c, entry);
	set_deadline(c, ANSWER_TIME);
	c->request = request_begin(ev, c->tls, &owner, c);
	c->known = login_find(c->request) != NULL;
	route_answer(c->request);
}

/* -- the frame ------------------------------------------------------------- */

static void
on_library_log(int severity, const char *text)
{
	if (severity == EVENT_LOG_ERR)
		log_warnx("libevent: %s", log_safe(text));
	else
		log_debug("libevent: %s", log_safe(text));
}

static void
on_library_fatal(int error)
{
	fatalx("libevent gives up: %d", error);
}

void
server_init(struct event_base *base)
{
	event_set_log_callback(on_library_log);
	event_set_fatal_callback(on_library_fatal);
	if ((http = evhttp_new(base)) == NULL ||
	    (adopt_event = evtimer_new(base, on_adopt, NULL)) == NULL)
		fatalx("the HTTP server cannot be set up");
	evhttp_set_max_headers_size(http, HEADERS_MAX);
	evhttp_set_max_body_size(http, BODY_MAX);
	evhttp_set_default_content_type(http, NULL);
	/* What is not for a path is refused by route.c, and says so. */
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
	    EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
	    EVHTTP_REQ_PATCH | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
	    EVHTTP_REQ_CONNECT);
	evhttp_set_bevcb(http, on_accept, NULL);
	evhttp_set_gencb(http, on_request, NULL);
}

unsigned
server_connections(void)
{
	return (nconnection);
}

void
server_listen(int fd)
{
	struct evhttp_bound_socket *old = listening;
	struct evconnlistener *listener;

	listener = evconnlistener_new(worker_base(), NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL ||
	    (listening = evhttp_bind_listener(http, listener)) == NULL)
		fatalx("cannot watch the listening descriptor");
	if (old != NULL)
		evhttp_del_accept_socket(http, old);
}
