/*
 * /v1/pods and /v1/pods/watch.  Who watches is told of all pods, then of each change,
 * in the order that they come; one that does not read is cut off and begins anew.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "pods.h"
#include "route.h"

#define UNREAD_MAX	(256 * 1024)	/* bytes of changes for one client */
#define BOOKMARK_EVERY	15		/* s: shows that it is still there */

struct client {
	LIST_ENTRY(client) entry;
	struct request	*req;
	bool		 sse;
	struct pod	*last;		/* key of the last of the beginning */
	bool		 complete;	/* all were told */
	struct evbuffer	*changes;
};

static LIST_HEAD(, client)	 clients = LIST_HEAD_INITIALIZER(clients);
static struct event		*bookmark_timer;

static const char *const words[] = { "ADDED", "MODIFIED", "DELETED" };

static void
put_event(const struct client *c, struct evbuffer *buf, const char *type,
    const char *object)
{
	if (c->sse)
		evbuffer_add_printf(buf, "event: %s\ndata: %s\n\n", type,
		    object != NULL ? object : "{}");
	else if (object != NULL)
		evbuffer_add_printf(buf, "{\"type\":\"%s\",\"object\":%s}\n",
		    type, object);
	else
		evbuffer_add_printf(buf, "{\"type\":\"%s\"}\n", type);
}

static enum fill
client_fill(void *arg, struct evbuffer *buf)
{
	struct client *c = arg;
	struct pod *p;

	/* First what has changed among those that it knows. */
	evbuffer_add_buffer(buf, c->changes);
	if (c->complete)
		return (FILL_WAIT);
	for (p = pods_after(c->last); p != NULL; p = pods_after(p)) {
		put_event(c, buf, words[POD_ADDED], json_pod(p));
		if (evbuffer_get_length(buf) >= PIECE) {
			pod_key_set(&c->last, p);
			return (FILL_MORE);
		}
	}
	c->complete = true;
	put_event(c, buf, "BOOKMARK", NULL);
	return (FILL_WAIT);
}

static void
client_end(void *arg)
{
	struct client *c = arg;

	LIST_REMOVE(c, entry);
	pod_free(c->last);
	evbuffer_free(c->changes);
	free(c);
}

/* It may be gone after. */
static void
client_tell(struct client *c, const char *type, const char *object)
{
	put_event(c, c->changes, type, object);
	if (evbuffer_get_length(c->changes) > UNREAD_MAX) {
		log_debug("a client does not read what it watches: cut off");
		request_cut(c->req);
	} else
		request_wake(c->req);
}

void
podwatch_changed(struct pod *p, enum pod_change change)
{
	struct client *c, *next;

	for (c = LIST_FIRST(&clients); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		/* One that it was not told of yet comes in its turn. */
		if (c->complete ||
		    (c->last != NULL && pod_compare(p, c->last) <= 0))
			client_tell(c, words[change], json_pod(p));
	}
}

void
podwatch_cut(void)
{
	struct client *c, *next;

	for (c = LIST_FIRST(&clients); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		request_cut(c->req);
	}
}

bool
podwatch_busy(void)
{
	return (!LIST_EMPTY(&clients));
}

static void
on_bookmark(evutil_socket_t fd, short what, void *arg)
{
	struct client *c, *next;

	(void)fd;
	(void)what;
	(void)arg;
	for (c = LIST_FIRST(&clients); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		if (c->complete)
			client_tell(c, "BOOKMARK", NULL);
	}
}

static void
start_bookmarks(void)
{
	static const struct timeval every = { BOOKMARK_EVERY, 0 };

	if (bookmark_timer != NULL)
		return;
	if ((bookmark_timer = event_new(worker_base(), -1, EV_PERSIST,
	    on_bookmark, NULL)) == NULL ||
	    event_add(bookmark_timer, &every) == -1)
		fatalx("cannot make a timer");
}

static void
watch(struct request *req)
{
	static const struct source source = { client_fill, client_end, true };
	const char *accept = request_header(req, "Accept");
	struct client *c;

	start_bookmarks();
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->changes = evbuffer_new()) == NULL)
		fatal("calloc");
	c->req = req;
	c->sse = accept != NULL && strcasestr(accept, "text/event-stream") != NULL;
	LIST_INSERT_HEAD(&clients, c, entry);
	request_reply_source(req, c->sse ? "text/event-stream" :
	    "application/x-ndjson", &source, c);
}

static void
answer_watch(struct request *req)
{
	pods_want(req, watch);
}

/* -- all of them, once ----------------------------------------------------- */

struct all {
	struct pod	*last;
	bool		 begun;
};

static enum fill
all_fill(void *arg, struct evbuffer *buf)
{
	struct all *all = arg;
	struct pod *p;

	for (p = pods_after(all->last); p != NULL; p = pods_after(p)) {
		evbuffer_add_printf(buf, "%s%s", all->begun ? ",\n" : "[",
		    json_pod(p));
		all->begun = true;
		if (evbuffer_get_length(buf) >= PIECE) {
			pod_key_set(&all->last, p);
			return (FILL_MORE);
		}
	}
	evbuffer_add_printf(buf, "%s]\n", all->begun ? "" : "[");
	return (FILL_END);
}

static void
all_end(void *arg)
{
	struct all *all = arg;

	pod_free(all->last);
	free(all);
}

static void
reply_all(struct request *req)
{
	static const struct source source = { all_fill, all_end, false };
	struct all *all = xcalloc(1, sizeof(*all));

	request_reply_source(req, "application/json", &source, all);
}

static void
answer_pods(struct request *req)
{
	pods_want(req, reply_all);
}

const struct route pod_routes[] = {
	{ "/v1/pods", METHOD_GET, answer_pods },
	{ "/v1/pods/watch", METHOD_GET, answer_watch },
	{ NULL, 0, NULL }
};
