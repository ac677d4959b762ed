/*
 * Listing and watching, and what to do when it fails.  The rules and where they
 * come from: Kubernetes API concepts ("410 Gone responses", "Watch bookmarks")
 * and client-go's reflector.
 */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "stream.h"

#define LIST_TIMEOUT	300000	/* ms for a page */
#define LIST_IDLE	30000	/* ms without a byte of it */
#define FORBIDDEN_WAIT	60000	/* ms, and up to as much again */
#define SHORT_WATCH	1000	/* ms: ended earlier, and empty, it failed */
#define FAILED_WATCHES	5	/* in a row, then list anew */

static void	 list(struct stream *);
static void	 watch(struct stream *);
static void	 on_timer(int, short, void *);
static void	 on_done(struct http_request *, const struct http_reply *, void *);

struct stream *
stream_new(const struct stream_env *env, enum resource resource, const char *ns)
{
	struct stream	*st;

	if ((st = calloc(1, sizeof(*st))) == NULL ||
	    (ns != NULL && (st->ns = strdup(ns)) == NULL) ||
	    (st->timer = evtimer_new(env->base, on_timer, st)) == NULL)
		fatal("stream");
	st->env = env;
	st->resource = resource;
	st->group = resource_info(resource)->group;
	st->told = READING_FIRST;
	return (st);
}

void
stream_stop(struct stream *st)
{
	if (st->request != NULL)
		http_cancel(st->request);
	st->request = NULL;
	splitter_free(st->splitter);
	st->splitter = NULL;
	evtimer_del(st->timer);
}

void
stream_free(struct stream *st)
{
	stream_stop(st);
	if (st->forbidden)
		objects_guess(st->env->objects, st->resource, st->ns, false);
	objects_sweep(st->env->objects, st->resource, st->ns, 0);
	event_free(st->timer);
	free(st->version);
	free(st->list_version);
	free(st->token);
	free(st->ns);
	free(st);
}

const char *
stream_name(const struct stream *st)
{
	static char	 name[128];

	snprintf(name, sizeof(name), "%s%s%s", resource_info(st->resource)->name,
	    st->ns == NULL ? "" : " in ", st->ns == NULL ? "" : st->ns);
	return (name);
}

const char *
stream_state_name(const struct stream *st)
{
	switch (st->state) {
	case STREAM_LISTING:
		return ("listing");
	case STREAM_WATCHING:
		return (st->broken_since != 0 ? "connecting" : "watching");
	case STREAM_WAITING:
		return (st->forbidden ? "forbidden" : "waiting");
	default:
		return ("idle");
	}
}

enum reading
stream_reading(const struct stream *st, const char **why)
{
	static char	 text[512];

	*why = NULL;
	if (st->forbidden || !st->synced || st->broken_since != 0) {
		snprintf(text, sizeof(text), "%s: %s", stream_name(st),
		    st->error[0] != '\0' ? st->error :
		    "the first list is not complete");
		*why = text;
	}
	if (st->forbidden)
		return (READING_FORBIDDEN);
	if (!st->synced)
		return (READING_FIRST);
	if (st->broken_since != 0 &&
	    worker_ticks() - st->broken_since >= STREAM_GRACE)
		return (READING_BROKEN);
	return (READING_LIVE);
}

static void
tell(struct stream *st)
{
	const char	*why;
	enum reading	 r = stream_reading(st, &why);

	if (r == st->told)
		return;
	st->told = r;
	st->env->changed(st);
}

/* The server answers as it should. */
static void
is_well(struct stream *st)
{
	if (st->error[0] != '\0')
		log_info("%s: %s: works again", log_safe(st->env->cluster),
		    stream_name(st));
	st->error[0] = '\0';
	st->broken_since = 0;
	st->failed_watches = 0;
	if (st->forbidden) {
		st->forbidden = false;
		objects_guess(st->env->objects, st->resource, st->ns, false);
	}
	tell(st);
}

void
stream_tick(struct stream *st)
{
	/* A watch may say nothing for minutes; its status line tells enough. */
	if (st->state == STREAM_WATCHING && st->broken_since != 0 &&
	    st->request != NULL && http_status(st->request) == 200 &&
	    worker_ticks() - st->started >= SHORT_WATCH)
		is_well(st);
	tell(st);
}

static void
wait_for(struct stream *st, uint64_t ms)
{
	struct timeval	 tv = { ms / 1000, ms % 1000 * 1000 };

	st->state = STREAM_WAITING;
	evtimer_add(st->timer, &tv);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct stream	*st = arg;

	(void)fd;
	(void)what;
	if (st->relist || !st->synced)
		list(st);
	else
		watch(st);
}

/* Percent-encoded: everything but letters, digits and - . _ ~ */
static char *
encode(const char *s)
{
	static const char	 hex[] = "0123456789ABCDEF";
	char			*out, *p;

	if ((out = p = malloc(strlen(s) * 3 + 1)) == NULL)
		fatal("stream");
	for (; *s != '\0'; s++) {
		unsigned char c = *s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
			*p++ = c;
		else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p = '\0';
	return (out);
}

/* The path up to and with the question mark; the caller frees. */
static char *
make_path(const struct stream *st, const char *query)
{
	const char	*name = resource_info(st->resource)->name;
	char		*ns = st->ns == NULL ? NULL : encode(st->ns), *path;
	int		 n;

	if (ns == NULL)
		n = asprintf(&path, "%s%s/%s?%s", st->env->path, st->group, name,
		    query);
	else if (st->resource == RESOURCE_NAMESPACES)
		n = asprintf(&path, "%s%s/%s?fieldSelector=metadata.name%%3D%s&%s",
		    st->env->path, st->group, name, ns, query);
	else
		n = asprintf(&path, "%s%s/namespaces/%s/%s?%s", st->env->path,
		    st->group, ns, name, query);
	if (n == -1)
		fatal("stream");
	free(ns);
	return (path);
}

static int
on_data(struct http_request *request, const char *data, size_t len, void *arg)
{
	struct stream	*st = arg;
	const char	*error;

	(void)request;
	st->bytes += len;
	if (splitter_feed(st->splitter, data, len) == 0) {
		if (st->state == STREAM_WATCHING && st->broken_since != 0 &&
		    st->request_events > 0)
			is_well(st);
		return (0);
	}
	if ((error = splitter_error(st->splitter)) != NULL) {
		st->verdict = VERDICT_PROTOCOL;
		snprintf(st->problem, sizeof(st->problem), "%s", error);
	}
	return (-1);
}

static void
request(struct stream *st, enum stream_state state, const char *query,
    unsigned timeout, unsigned idle)
{
	const struct resource_info	*info = resource_info(st->resource);
	struct http_request_options	 options;
	bool				 is_list = state == STREAM_LISTING;
	char				*path;

	splitter_free(st->splitter);
	st->splitter = splitter_new(is_list ? SPLIT_LIST : SPLIT_EVENTS,
	    is_list ? info->drop_item : info->drop_event,
	    is_list ? stream_list_piece : stream_watch_piece, st);
	st->state = state;
	st->verdict = VERDICT_NONE;
	st->retry_after = -1;
	st->rest_seen = false;
	st->request_events = 0;
	st->started = worker_ticks();
	path = make_path(st, query);
	memset(&options, 0, sizeof(options));
	options.method = "GET";
	options.path = path;
	options.authorization = st->env->authorization;
	options.timeout = timeout;
	options.idle_timeout = idle;
	options.data = on_data;
	options.done = on_done;
	options.arg = st;
	st->request = http_send(st->env->server, &options);
	free(path);
}

static void
broken(struct stream *st)
{
	if (st->broken_since == 0)
		st->broken_since = worker_ticks();
}

/* The first page of a list, or the next one of the list under way. */
static void
list(struct stream *st)
{
	char	*token, *query;

	if (st->token == NULL) {
		/* Never 0, which is for what was never listed. */
		if (++st->mark == 0)
			st->mark = 1;
		if (st->synced)
			broken(st);
	}
	token = st->token == NULL ? NULL : encode(st->token);
	if (asprintf(&query, "limit=%d%s%s", STREAM_PAGE,
	    token == NULL ? "" : "&continue=", token == NULL ? "" : token) == -1)
		fatal("stream");
	free(token);
	request(st, STREAM_LISTING, query, LIST_TIMEOUT, LIST_IDLE);
	free(query);
}

static void
watch(struct stream *st)
{
	unsigned	 seconds;
	char		*version, *query;

	seconds = STREAM_WATCH_MAX / 2 +
	    arc4random_uniform(STREAM_WATCH_MAX / 2 + 1);
	version = encode(st->version);
	if (asprintf(&query, "watch=true&allowWatchBookmarks=true"
	    "&resourceVersion=%s&timeoutSeconds=%u", version, seconds) == -1)
		fatal("stream");
	free(version);
	request(st, STREAM_WATCHING, query, HTTP_NO_TIMEOUT,
	    (seconds + STREAM_MARGIN) * 1000);
	free(query);
}

void
stream_start(struct stream *st)
{
	if (st->state == STREAM_IDLE)
		list(st);
}

void
stream_resume(struct stream *st, bool relist)
{
	if (st->state == STREAM_IDLE)
		return;
	if (relist || !st->synced || st->relist) {
		free(st->token);
		st->token = NULL;
		list(st);
	} else {
		broken(st);
		watch(st);
	}
}

void
stream_retry_token(struct stream *st)
{
	if (st->state != STREAM_WAITING || !st->unauthorized)
		return;
	st->unauthorized = false;
	wait_for(st, 0);
}

/* Whatever the store has of it may be out of date or not ours to see. */
static void
forbid(struct stream *st)
{
	st->forbidden = true;
	st->synced = false;
	free(st->token);
	st->token = NULL;
	objects_sweep(st->env->objects, st->resource, st->ns, 0);
	objects_guess(st->env->objects, st->resource, st->ns, true);
}

/* The server was restored from a backup, or is another one: it has not come to
 * that resourceVersion ("Resource versions" in the API concepts). */
static bool
is_too_large(unsigned code, const char *text)
{
	return (code == 504 &&
	    strstr(text, "Too large resource version") != NULL);
}

/*
 * It failed: code is the HTTP status or that of an ERROR event, 0 if the
 * connection failed or the answer made no sense.
 */
static void
failed(struct stream *st, unsigned code, int64_t retry_after, const char *text)
{
	const struct resource_info	*info = resource_info(st->resource);
	uint64_t			 wait;
	bool				 was_watch = st->state == STREAM_WATCHING;
	bool				 first = st->error[0] == '\0';
	bool				 news = strcmp(st->error, text) != 0;

	if (code == 404 && info->old_group != NULL && !st->synced &&
	    st->group == info->group) {
		st->group = info->old_group;
		list(st);
		return;
	}
	broken(st);
	st->restarts++;
	st->unauthorized = code == 401;
	wait = backoff_next(&st->backoff, worker_ticks());
	if (code == 410 || code == 400 || is_too_large(code, text)) {
		/* The version, or the place in the list, is not known there. */
		st->relist = true;
		free(st->token);
		st->token = NULL;
		if (code == 410 && st->backoff.failures == 1)
			wait = 0;
	} else if (code == 403 || (code == 404 && !st->synced)) {
		if (code == 403)
			wait = FORBIDDEN_WAIT +
			    arc4random_uniform(FORBIDDEN_WAIT);
		forbid(st);
	} else if (code == 401)
		st->env->unauthorized();
	else if (was_watch && code != 429 && ++st->failed_watches >=
	    FAILED_WATCHES) {
		st->relist = true;
		st->failed_watches = 0;
	}
	if (retry_after > 0 && (uint64_t)retry_after > wait)
		wait = retry_after;
	snprintf(st->error, sizeof(st->error), "%s", text);
	/* Said once; namespaces are read only for the annotation on them. */
	if (code != 410 && first &&
	    !(st->resource == RESOURCE_NAMESPACES && st->forbidden))
		log_warnx("%s: %s: %s; next try in %llu s",
		    log_safe(st->env->cluster), stream_name(st), st->error,
		    (unsigned long long)(wait + 999) / 1000);
	else
		log_debug("%s: %s: %s; next try in %llu ms",
		    log_safe(st->env->cluster), stream_name(st), st->error,
		    (unsigned long long)wait);
	wait_for(st, wait);
	if (st->told != READING_LIVE && news)
		st->env->changed(st);
	tell(st);
	if (!st->synced)
		st->env->started();
}

/* Everything that the list did not mention is gone. */
static void
list_complete(struct stream *st)
{
	size_t	 gone;

	gone = objects_sweep(st->env->objects, st->resource, st->ns, st->mark);
	log_debug("%s: %s: listed at %s, %zu gone", log_safe(st->env->cluster),
	    stream_name(st), log_safe(st->list_version), gone);
	free(st->version);
	st->version = st->list_version;
	st->list_version = NULL;
	st->synced = true;
	st->relist = st->reselect = false;
	/* Who may list may still not watch: that is seen first. */
	if (!st->forbidden)
		is_well(st);
	watch(st);
	st->env->started();
}

static void
list_page_done(struct stream *st)
{
	const char	*problem = splitter_finish(st->splitter);

	if (problem != NULL)
		failed(st, 0, -1, problem);
	else if (!st->rest_seen)
		failed(st, 0, -1, "the answer is not the list asked for");
	else if (st->token != NULL)
		list(st);
	else
		list_complete(st);
}

static void
watch_done(struct stream *st)
{
	const char	*problem = splitter_finish(st->splitter);

	if (problem != NULL)
		failed(st, 0, -1, problem);
	else if (st->request_events == 0 &&
	    worker_ticks() - st->started < SHORT_WATCH)
		failed(st, 0, -1, "the watch ended at once");
	else {
		is_well(st);
		watch(st);
	}
}

/* "HTTP 403: pods is forbidden: ..." if the body is a Status. */
static void
status_text(const struct http_reply *reply, char *text, size_t size)
{
	json_error_t	 error;
	json_t		*root = NULL;
	const char	*message = NULL;

	if (reply->body != NULL && (root = json_loadb(reply->body, reply->len, 0,
	    &error)) != NULL)
		message = member_text(root, "message");
	snprintf(text, size, "HTTP %ld%s%s", reply->status,
	    message == NULL ? "" : ": ", message == NULL ? "" :
	    log_safe(message));
	json_decref(root);
}

static void
on_done(struct http_request *req, const struct http_reply *reply, void *arg)
{
	struct stream	*st = arg;
	char		 text[256];

	(void)req;
	st->request = NULL;
	if (st->verdict != VERDICT_NONE) {
		snprintf(text, sizeof(text), "%s", st->problem);
		failed(st, st->verdict == VERDICT_STATUS ? st->code : 0,
		    st->retry_after, text);
	} else if (reply->outcome != HTTP_REPLY)
		failed(st, 0, reply->retry_after, reply->error == NULL ?
		    "the answer was cut off" : reply->error);
	else if (reply->status == 200 && st->state == STREAM_LISTING)
		list_page_done(st);
	else if (reply->status == 200)
		watch_done(st);
	else {
		status_text(reply, text, sizeof(text));
		failed(st, (unsigned)reply->status, reply->retry_after, text);
	}
}
