/* Requests to Instatus: the key, the addresses, the limits of how often. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <sys/queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/http.h"
#include "../common/log.h"
#include "../common/xmalloc.h"
#include "access.h"
#include "api_local.h"

#define TIMEOUT			15000	/* ms for one request */
#define REPLY_MAX		(8 * 1024 * 1024)
#define AGAIN_MAX		5	/* times that a request is sent again ... */
#define AGAIN_WITHIN		60000	/* ... if it may go within so many ms */

struct call {
	TAILQ_ENTRY(call) entry;
	struct http_request *request;	/* NULL: waits for its turn */
	const char	*method;	/* static */
	char		*path;
	char		*body;
	bool		 webhook, page_only;
	unsigned	 again;		/* how often there were too many */
	api_done_fn	 done;
	void		*arg;
};
TAILQ_HEAD(calls, call);

static struct access	 now_used, to_come;
static struct http_server *server, *webhook_server;
static struct calls	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct calls	 sent = TAILQ_HEAD_INITIALIZER(sent);
static struct gate	 gate;
static struct event	*timer;

static void	api_pump(void);

/* -- configurations ------------------------------------------------------- */

const char *
api_secret(enum secret kind, int fd)
{
	if (!access_is_mine(kind))
		return ("not a secret for the notifier");
	return (access_take(&to_come, kind, fd));
}

const char *
api_prepare(const struct conf *conf)
{
	if (access_endpoint(conf, ENDPOINT_INSTATUS) == NULL)
		return ("there is no address of Instatus");
	if (to_come.secret[SECRET_INSTATUS_KEY] == NULL)
		return ("there is no Instatus key");
	if (!conf->global.webhook)
		return (NULL);
	if (access_endpoint(conf, ENDPOINT_WEBHOOK) == NULL ||
	    to_come.secret[SECRET_WEBHOOK_URL] == NULL)
		return ("there is no address of the webhook");
	if (access_path(to_come.secret[SECRET_WEBHOOK_URL])[0] == '\0')
		return ("webhook_url has no path");
	return (NULL);
}

void
api_abort(void)
{
	access_clear(&to_come);
}

static struct http_server *
server_make(const struct conf_endpoint *e, const struct access *a)
{
	struct http_server_options options = {
		.endpoint = e->number,
		.tls = e->tls,
		.host = e->host,
		.port = e->port,
		.ca = a->secret[SECRET_INSTATUS_CA],
		.ca_len = a->secret_len[SECRET_INSTATUS_CA]
	};

	return (http_server_new(&options));
}

static void
call_free(struct call *c)
{
	free(c->path);
	free(c->body);
	free(c);
}

static void
call_lost(struct call *c, enum api_result result)
{
	struct api_reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.retry_after = -1;
	reply.result = result;
	strlcpy(reply.error, "the configuration changed meanwhile",
	    sizeof(reply.error));
	c->done(&reply, c->arg);
	call_free(c);
}

/* What is on its way may have arrived, what waits has not. */
static void
calls_lost(void)
{
	struct call *c;

	while ((c = TAILQ_FIRST(&sent)) != NULL) {
		TAILQ_REMOVE(&sent, c, entry);
		http_cancel(c->request);
		call_lost(c, strcmp(c->method, "GET") == 0 ? API_RETRY :
		    API_UNSURE);
	}
	while ((c = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, c, entry);
		call_lost(c, API_RETRY);
	}
}

/* The endpoint that runs is the one wanted, with the same certificates. */
static bool
same_access(const struct conf *conf)
{
	static char *address;
	const struct conf_endpoint *e, *w;
	char *next;
	bool same;

	e = access_endpoint(conf, ENDPOINT_INSTATUS);
	w = conf->global.webhook ?
	    access_endpoint(conf, ENDPOINT_WEBHOOK) : NULL;
	next = xasprintf("%s %u %d %s %u %d", e->host, e->port, e->tls,
	    w != NULL ? w->host : "", w != NULL ? w->port : 0,
	    w != NULL && w->tls);
	same = address != NULL && strcmp(address, next) == 0 &&
	    now_used.secret_len[SECRET_INSTATUS_CA] ==
	    to_come.secret_len[SECRET_INSTATUS_CA] &&
	    (to_come.secret[SECRET_INSTATUS_CA] == NULL ||
	    memcmp(now_used.secret[SECRET_INSTATUS_CA],
	    to_come.secret[SECRET_INSTATUS_CA],
	    to_come.secret_len[SECRET_INSTATUS_CA]) == 0);
	free(address);
	address = next;
	return (same);
}

void
api_commit(const struct conf *conf)
{
	const struct conf_endpoint *e;

	if (!same_access(conf)) {
		calls_lost();
		http_server_free(server);
		http_server_free(webhook_server);
		webhook_server = NULL;
		server = server_make(access_endpoint(conf, ENDPOINT_INSTATUS),
		    &to_come);
		if (conf->global.webhook) {
			e = access_endpoint(conf, ENDPOINT_WEBHOOK);
			webhook_server = server_make(e, &to_come);
		}
	}
	access_clear(&now_used);
	now_used = to_come;
	memset(&to_come, 0, sizeof(to_come));
	now_used.prefix = xstrdup(access_path(conf->global.instatus_url));
	gate_rate(&gate, conf->global.rate_per_minute, clock_ticks());
	gate_open(&gate, clock_ticks());
	api_pump();
}

void
api_secret_fresh(enum secret kind, int fd)
{
	struct access fresh = { .prefix = NULL };
	const char *why;

	/* Certificates are renewed by a reload. */
	if (fd == -1 || (kind != SECRET_INSTATUS_KEY &&
	    kind != SECRET_WEBHOOK_URL)) {
		if (fd != -1)
			close(fd);
		return;
	}
	if ((why = access_take(&fresh, kind, fd)) != NULL) {
		log_warnx("%s; the old one stays in use", why);
		return;
	}
	if (now_used.secret[kind] == NULL ||
	    strcmp(now_used.secret[kind], fresh.secret[kind]) != 0) {
		log_info("there is a new %s", secret_name(kind));
		gate_open(&gate, clock_ticks());
	}
	access_forget(&now_used, kind);
	now_used.secret[kind] = fresh.secret[kind];
	now_used.secret_len[kind] = fresh.secret_len[kind];
	api_pump();
	notifier_kick();
}

/* -- calls ---------------------------------------------------------------- */

/*
 * There were too many: the same request once more, when it may go.  To begin with
 * what it is part of again would take the one request that is let in to look, and
 * never come to what follows.
 */
static bool
call_again(struct call *c, const struct api_reply *reply)
{
	uint64_t now = clock_ticks();

	if (reply->status != 429 || c->again == AGAIN_MAX ||
	    gate_when(&gate, now) > now + AGAIN_WITHIN)
		return (false);
	c->again++;
	c->request = NULL;
	TAILQ_INSERT_HEAD(&waiting, c, entry);
	return (true);
}

static void
call_done(struct http_request *request, const struct http_reply *http,
    void *arg)
{
	struct call *c = arg;
	struct api_reply reply;
	bool write = strcmp(c->method, "GET") != 0;

	(void)request;
	TAILQ_REMOVE(&sent, c, entry);
	instatus_judge(http, write, &reply);
	/* The address is in no log, but the error may have it. */
	if (c->webhook && reply.status == 0)
		strlcpy(reply.error, "the webhook cannot be reached",
		    sizeof(reply.error));
	/* A webhook may answer anything. */
	if (c->webhook && reply.status >= 200 && reply.status <= 299)
		reply.result = API_OK;
	/* What was held back says nothing of Instatus. */
	if (!write || http->outcome != HTTP_NOT_SENT || persist_speaks())
		api_heard(&gate, &reply, c->webhook, c->page_only);
	if (!call_again(c, &reply)) {
		c->done(&reply, c->arg);
		call_free(c);
	}
	json_decref(reply.json);
	api_pump();
	notifier_kick();
}

/* The lease may have ended while it waited for its turn and a connection. */
static bool
call_may_send(void *arg)
{
	const struct call *c = arg;

	return (strcmp(c->method, "GET") == 0 || persist_speaks());
}

static void
call_send(struct call *c)
{
	char *path = NULL, *key = NULL;
	struct http_request_options options = {
		.method = c->method,
		.body = c->body,
		.body_len = c->body != NULL ? strlen(c->body) : 0,
		.reply_max = REPLY_MAX,
		.timeout = TIMEOUT,
		.may_send = call_may_send,
		.done = call_done,
		.arg = c
	};

	if (c->webhook) {
		options.path = access_path(now_used.secret[SECRET_WEBHOOK_URL]);
	} else {
		path = xasprintf("%s%s", now_used.prefix, c->path);
		key = xasprintf("Bearer %s",
		    now_used.secret[SECRET_INSTATUS_KEY]);
		options.path = path;
		options.authorization = key;
		log_debug("%s %s", c->method, c->path);
	}
	c->request = http_send(c->webhook ? webhook_server : server, &options);
	free(path);
	if (key != NULL)
		freezero(key, strlen(key));
	TAILQ_INSERT_TAIL(&sent, c, entry);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	api_pump();
	notifier_kick();
}

static void
api_pump(void)
{
	uint64_t now = clock_ticks(), when;
	struct timeval tv;
	struct call *c;

	if (server == NULL)
		return;
	while ((c = TAILQ_FIRST(&waiting)) != NULL) {
		if ((when = gate_when(&gate, now)) > now) {
			when -= now;
			tv.tv_sec = (time_t)(when / 1000);
			tv.tv_usec = (suseconds_t)(when % 1000 * 1000);
			evtimer_add(timer, &tv);
			return;
		}
		gate_take(&gate, now);
		TAILQ_REMOVE(&waiting, c, entry);
		call_send(c);
	}
}

static void
call_new(const char *method, const char *path, char *body, bool webhook,
    bool page_only, api_done_fn done, void *arg)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->path = xstrdup(path);
	c->method = method;
	c->body = body;
	c->webhook = webhook;
	c->page_only = page_only;
	c->done = done;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&waiting, c, entry);
	api_pump();
}

void
api_send(const char *method, const char *path, char *body, bool page_only,
    api_done_fn done, void *arg)
{
	call_new(method, path, body, false, page_only, done, arg);
}

void
api_webhook(bool down, api_done_fn done, void *arg)
{
	char *body;

	body = xstrdup(down ? "{\"trigger\":\"down\"}" :
	    "{\"trigger\":\"up\"}");
	call_new("POST", "", body, true, false, done, arg);
}

bool
api_ready(void)
{
	uint64_t now = clock_ticks();

	return (server != NULL && TAILQ_EMPTY(&waiting) &&
	    gate_when(&gate, now) <= now);
}

uint64_t
api_when(void)
{
	return (gate_when(&gate, clock_ticks()));
}

void
api_init(struct event_base *base)
{
	if ((timer = evtimer_new(base, on_timer, NULL)) == NULL)
		fatalx("cannot make a timer");
	gate_init(&gate, GATE_BURST, clock_ticks());
}
