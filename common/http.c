/*
 * Requests: from http_send through a descriptor of the dialer and a transfer of
 * libcurl (http_transfer.c, http_multi.c) to the one call of done().
 */
#include <sys/queue.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_local.h"
#include "log.h"
#include "worker.h"
#include "xmalloc.h"

#define REPLY_MAX	(1024 * 1024)
#define TIMEOUT		30000
/* Descriptors asked for at a time; the dialer refuses more than 64. */
#define ASKED_MAX	32

static TAILQ_HEAD(, http_request) requests = TAILQ_HEAD_INITIALIZER(requests);
static struct event_base	*base;
static struct event		*start_timer;
static struct channel		*dialer;	/* NULL: none at the moment */
static enum role		 role;
static unsigned			 nasked;
static uint32_t			 last_id;

/* -- the end of a request -------------------------------------------------- */

static void
transfer_drop(struct http_request *req)
{
	if (req->easy == NULL)
		return;
	http_multi_remove(req);
	http_transfer_free(req);
	req->server->nrunning--;
}

/* Headers hold the key; libcurl's own copies are out of reach. */
static void
headers_free(struct curl_slist *list)
{
	struct curl_slist *h;

	for (h = list; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void
request_free(struct http_request *req)
{
	event_free(req->timer);
	if (req->fd != -1)
		close(req->fd);
	headers_free(req->headers);
	freezero(req->url, strlen(req->url) + 1);
	freezero(req->body, req->body_len + 1);
	freezero(req->reply, req->reply_size);
	free(req);
}

static void	request_finish(struct http_request *, enum http_outcome,
		    const char *, ...) __attribute__((format(printf, 3, 4)));

/* The text says what happened; NULL if all is well. */
static void
request_finish(struct http_request *req, enum http_outcome outcome,
    const char *fmt, ...)
{
	struct http_reply reply = { .outcome = outcome, .error = NULL };
	va_list ap;
	int n;

	if (req->easy != NULL)
		curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE,
		    &req->status);
	transfer_drop(req);
	reply.status = req->status;
	reply.retry_after = http_transfer_retry_after(req);
	if (outcome == HTTP_REPLY &&
	    (req->data == NULL || req->status / 100 != 2)) {
		reply.body = req->reply_len > 0 ? req->reply : "";
		reply.len = req->reply_len;
	}
	if (fmt != NULL) {
		n = snprintf(req->error, sizeof(req->error), "%s: ",
		    req->server->where);
		va_start(ap, fmt);
		if (n >= 0 && (size_t)n < sizeof(req->error))
			vsnprintf(req->error + n, sizeof(req->error) - n, fmt,
			    ap);
		va_end(ap);
		reply.error = req->error;
	}
	TAILQ_REMOVE(&requests, req, entry);
	req->done(req, &reply, req->arg);
	request_free(req);
}

static enum http_outcome
outcome_of(const struct http_request *req)
{
	return (http_transfer_sent(req) ? HTTP_LOST : HTTP_NOT_SENT);
}

static void	request_dial(struct http_request *);

/* A kept connection was not to be had, or was closed when it was used. */
static void
kept_connection_failed(struct http_request *req)
{
	if (!req->safe && http_transfer_sent(req)) {
		request_finish(req, HTTP_LOST, "the kept connection was closed "
		    "when the request was on its way");
		return;
	}
	if (req->fresh) {
		request_finish(req, outcome_of(req),
		    "the connection was closed without an answer");
		return;
	}
	transfer_drop(req);
	request_dial(req);
}

void
http_transfer_done(struct http_request *req, CURLcode code)
{
	if (req->resend || (code != CURLE_OK && req->needs_dial))
		kept_connection_failed(req);
	else if (req->stopped)
		request_finish(req, req->outcome, "%s", req->stopped_why);
	else if (code == CURLE_OK)
		request_finish(req, HTTP_REPLY, NULL);
	else
		request_finish(req, outcome_of(req), "%s",
		    http_transfer_error(req, code));
}

/* -- time ------------------------------------------------------------------ */

/* When the request has to have ended, were nothing more to come. */
static uint64_t
request_limit(const struct http_request *req)
{
	uint64_t limit = UINT64_MAX;

	if (req->timeout != HTTP_NO_TIMEOUT)
		limit = req->started + req->timeout;
	if (req->idle_timeout != 0 && req->active + req->idle_timeout < limit)
		limit = req->active + req->idle_timeout;
	return (limit);
}

static void
request_arm(struct http_request *req)
{
	uint64_t limit = request_limit(req), now = clock_ticks(), left;
	struct timeval tv;

	if (limit == UINT64_MAX)
		return;
	left = limit > now ? limit - now : 0;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	if (evtimer_add(req->timer, &tv) == -1)
		fatalx("cannot set a timer");
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct http_request *req = arg;
	uint64_t now = clock_ticks();
	bool whole;

	(void)fd;
	(void)what;
	if (now < request_limit(req)) {
		/* Something came in since. */
		request_arm(req);
		return;
	}
	whole = req->timeout != HTTP_NO_TIMEOUT &&
	    now >= req->started + req->timeout;
	if (req->state != HTTP_RUNNING)
		request_finish(req, HTTP_NOT_SENT,
		    "no connection within %u ms", whole ? req->timeout :
		    req->idle_timeout);
	else if (whole)
		request_finish(req, outcome_of(req),
		    "no whole answer within %u ms", req->timeout);
	else
		request_finish(req, outcome_of(req), "nothing came for %u ms",
		    req->idle_timeout);
}

/* -- descriptors from the dialer ------------------------------------------- */

static void
request_run(struct http_request *req, int fd)
{
	req->state = HTTP_RUNNING;
	req->fd = fd;
	req->fresh = fd != -1;
	req->server->nrunning++;
	http_transfer_make(req);
	http_multi_add(req);
}

/* Asks for those that wait and have not asked. */
static void
ask(void)
{
	struct http_request *req;
	struct message_out *m;

	TAILQ_FOREACH(req, &requests, entry) {
		if (dialer == NULL || nasked >= ASKED_MAX)
			return;
		if (req->state != HTTP_DIALING || req->dial_id != 0)
			continue;
		if (++last_id == 0)
			last_id = 1;
		req->dial_id = last_id;
		m = message_new(MSG_DIAL_CONNECT, req->dial_id);
		message_put_u(m, req->server->endpoint);
		channel_send(dialer, m, -1);
		nasked++;
	}
}

static void
request_dial(struct http_request *req)
{
	req->state = HTTP_DIALING;
	req->dial_id = 0;
	ask();
}

/* Who asked; NULL if it was cancelled since. */
static struct http_request *
request_by_id(uint32_t id)
{
	struct http_request *req;

	TAILQ_FOREACH(req, &requests, entry)
		if (req->state == HTTP_DIALING && req->dial_id == id)
			break;
	return (id == 0 ? NULL : req);
}

static const char *
dispatch_dialer(struct channel *c, struct message *m, void *arg)
{
	struct http_request *req;
	uint64_t endpoint;

	(void)c;
	(void)arg;
	if (m->type != MSG_DIAL_CONNECTED && m->type != MSG_DIAL_FAILED)
		return ("a message that is not about dialing");
	if (nasked == 0)
		return ("an answer that nobody asked for");
	endpoint = message_get_u(m);
	if ((req = request_by_id(m->id)) != NULL &&
	    endpoint != req->server->endpoint)
		return ("an answer about another endpoint");
	nasked--;
	if (req != NULL) {
		if (m->type == MSG_DIAL_CONNECTED)
			request_run(req, message_take_fd(m));
		else
			request_finish(req, HTTP_NOT_SENT, "not connected: %s",
			    log_safe(message_get_s(m)));
	}
	ask();
	return (NULL);
}

static void
dialer_drop(void)
{
	struct http_request *req;

	channel_free(dialer);
	dialer = NULL;
	nasked = 0;
	TAILQ_FOREACH(req, &requests, entry)
		req->dial_id = 0;
}

static void
on_dialer_gone(struct channel *c, enum channel_end end, const char *why,
    void *arg)
{
	(void)c;
	(void)arg;
	worker_peer_gone(ROLE_DIALER, 0, end, why);
	dialer_drop();
}

void
http_link_dialer(int fd)
{
	dialer_drop();
	dialer = channel_new(base, fd, role, ROLE_DIALER, dispatch_dialer,
	    on_dialer_gone, NULL);
	ask();
}

/* -- requests -------------------------------------------------------------- */

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
	struct http_request *req;

	(void)fd;
	(void)what;
	(void)arg;
	do {
		/* From the first again: done() may have changed the list. */
		TAILQ_FOREACH(req, &requests, entry)
			if (req->state == HTTP_NEW)
				break;
		if (req == NULL)
			break;
		if (req->bad != NULL)
			request_finish(req, HTTP_NOT_SENT, "%s", req->bad);
		else if (req->server->nopen > req->server->nrunning)
			/* One may be idle. */
			request_run(req, -1);
		else
			request_dial(req);
	} while (1);
}

static bool
has_control(const char *text, unsigned char from)
{
	const unsigned char *s;

	for (s = (const unsigned char *)text; *s != '\0'; s++)
		if (*s < from || *s == 0x7f)
			return (true);
	return (false);
}

/* NULL, or what would let a value break out of its line. */
static const char *
check(const struct http_request_options *o)
{
	if (o->path[0] != '/' || has_control(o->path, '!'))
		return ("the path has a character that it must not have");
	if (o->authorization != NULL && has_control(o->authorization, ' '))
		return ("the key has a character that no header may have");
	return (NULL);
}

/* Appends "<name><value>" to the headers of the request. */
static void
add_header(struct http_request *req, const char *name, const char *value)
{
	struct curl_slist *list;
	char *line;
	int len;

	if ((len = asprintf(&line, "%s%s", name, value)) == -1 ||
	    (list = curl_slist_append(req->headers, line)) == NULL)
		fatal("malloc");
	req->headers = list;
	freezero(line, len + 1);
}

static void
copy_options(struct http_request *req, const struct http_request_options *o)
{
	req->bad = check(o);
	strlcpy(req->method, o->method, sizeof(req->method));
	req->safe = strcmp(o->method, "GET") == 0;
	req->reply_max = o->reply_max == 0 ? REPLY_MAX : o->reply_max;
	req->timeout = o->timeout == 0 ? TIMEOUT : o->timeout;
	req->idle_timeout = o->idle_timeout;
	req->may_send = o->may_send;
	req->data = o->data;
	req->done = o->done;
	req->arg = o->arg;
	req->url = xasprintf("%s%s", req->server->origin, o->path);
	if (req->server->host_header != NULL)
		add_header(req, req->server->host_header, "");
	add_header(req, "Accept: ", o->accept == NULL ? "application/json" :
	    o->accept);
	/* Or libcurl waits for "100 Continue" before a large body. */
	add_header(req, "Expect:", "");
	if (o->authorization != NULL)
		add_header(req, "Authorization: ", o->authorization);
	if (o->body == NULL)
		return;
	add_header(req, "Content-Type: application/json", "");
	req->body_len = o->body_len;
	if ((req->body = malloc(o->body_len + 1)) == NULL)
		fatal("malloc");
	memcpy(req->body, o->body, o->body_len);
	req->body[o->body_len] = '\0';
}

struct http_request *
http_send(struct http_server *server, const struct http_request_options *o)
{
	static const struct timeval now = { 0, 0 };
	struct http_request *req;

	if ((req = calloc(1, sizeof(*req))) == NULL ||
	    (req->timer = evtimer_new(base, on_timeout, req)) == NULL)
		fatal("calloc");
	req->server = server;
	req->state = HTTP_NEW;
	req->fd = -1;
	req->retry_after = -1;
	copy_options(req, o);
	req->started = req->active = clock_ticks();
	request_arm(req);
	TAILQ_INSERT_TAIL(&requests, req, entry);
	if (evtimer_add(start_timer, &now) == -1)
		fatalx("cannot set a timer");
	return (req);
}

void
http_cancel(struct http_request *req)
{
	if (http_multi_busy())
		fatalx("http: cancelled from within data()");
	transfer_drop(req);
	TAILQ_REMOVE(&requests, req, entry);
	request_free(req);
}

long
http_status(const struct http_request *req)
{
	long status = req->status;

	/* The body, by which status is set, may be long in coming. */
	if (status == 0 && req->easy != NULL)
		curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
	return (status);
}

const char *
http_content_type(const struct http_request *req)
{
	return (req->content_type);
}

void
http_cancel_all(struct http_server *server)
{
	struct http_request *req, *next;

	for (req = TAILQ_FIRST(&requests); req != NULL; req = next) {
		next = TAILQ_NEXT(req, entry);
		if (req->server == server)
			http_cancel(req);
	}
}

void
http_init(struct event_base *event_base, enum role me)
{
	base = event_base;
	role = me;
	if ((start_timer = evtimer_new(base, on_start, NULL)) == NULL)
		fatalx("cannot make a timer");
	http_multi_init(base);
}
