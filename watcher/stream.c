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
#include "stream_local.h"

#define QUIET_MAX	10	/* s; while a list is streamed */
#define ANSWER_MAX	30000	/* ms; until it begins */
#define GONE_AGAIN	10000	/* ms; between lists after 410, else backed off */
/* A server that has just started answers 403 until it knows its roles. */
#define FORBIDDEN_TRIES	4	/* in a row: after 1, 2, 4, 8 s, and up to twice
				 * that */
#define FORBIDDEN_WAIT	60000	/* ms, and up to as much again */
#define SHORT_WATCH	1000	/* ms: ended earlier, and empty, it failed */
#define FAILED_WATCHES	5	/* in a row, then list anew */

static void	 on_timer(int, short, void *);
static void	 failed(struct stream *, unsigned, int64_t, const char *);

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
	stream_forget_answer(st);
	evtimer_del(st->timer);
}

void
stream_hold(struct stream *st, const char *why)
{
	stream_stop(st);
	stream_broken(st);
	snprintf(st->error, sizeof(st->error), "%s", why);
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

/* "pods in prod", a static buffer. */
static const char *
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

static enum reading
reading_now(const struct stream *st)
{
	if (st->forbidden)
		return (READING_FORBIDDEN);
	if (!st->synced)
		return (READING_FIRST);
	if (st->broken_since != 0 &&
	    clock_ticks() - st->broken_since >= STREAM_GRACE)
		return (READING_BROKEN);
	return (READING_LIVE);
}

/*
 * What was told, not what is so by now: who judges by it is told of every change of
 * it, and so never keeps a judgement whose ground is gone.
 */
enum reading
stream_reading(const struct stream *st, const char **why)
{
	static char	 text[512];

	*why = NULL;
	if (st->told != READING_LIVE) {
		snprintf(text, sizeof(text), "%s: %s", stream_name(st),
		    st->error[0] != '\0' ? st->error :
		    "the first list is not complete");
		*why = text;
	}
	return (st->told);
}

static void
tell(struct stream *st)
{
	enum reading	 r = reading_now(st);

	if (r == st->told)
		return;
	st->told = r;
	st->env->changed(st);
}

/* The server answers as it should. */
void
stream_is_well(struct stream *st)
{
	if (st->error[0] != '\0')
		log_info("%s: %s: works again", log_safe(st->env->cluster),
		    stream_name(st));
	st->error[0] = '\0';
	st->broken_since = 0;
	st->failed_watches = 0;
	st->refused = 0;
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
	    clock_ticks() - st->started >= SHORT_WATCH)
		stream_is_well(st);
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
again(struct stream *st)
{
	if (st->relist || !st->synced || st->state == STREAM_LISTING)
		stream_list(st);
	else
		stream_watch(st);
}

/* The server takes sendInitialEvents for nothing, or does not take it. */
static void
list_plain(struct stream *st)
{
	log_debug("%s: %s: the server does not stream lists",
	    log_safe(st->env->cluster), stream_name(st));
	*st->env->plain_lists = true;
	stream_list(st);
}

void
stream_quiet(struct stream *st)
{
	static const struct timeval	 tv = { QUIET_MAX, 0 };

	evtimer_add(st->timer, &tv);
}

/*
 * A server that does not know sendInitialEvents simply begins a watch, sends what
 * there is and never says that this was all.
 */
static void
streamed_quiet(struct stream *st)
{
	long	 status = http_status(st->request);

	if (status == 0 && clock_ticks() - st->started < ANSWER_MAX) {
		stream_quiet(st);
		return;
	}
	http_cancel(st->request);
	st->request = NULL;
	if (status == 200)
		list_plain(st);
	else
		failed(st, 0, -1, "no answer in time");
}

static void
on_timer(int fd, short what, void *arg)
{
	struct stream	*st = arg;

	(void)fd;
	(void)what;
	if (st->request != NULL)
		streamed_quiet(st);
	else if (st->relist || !st->synced)
		stream_list(st);
	else
		stream_watch(st);
}

void
stream_broken(struct stream *st)
{
	if (st->broken_since == 0)
		st->broken_since = clock_ticks();
}

void
stream_start(struct stream *st)
{
	if (st->state == STREAM_IDLE)
		stream_list(st);
}

void
stream_resume(struct stream *st, bool relist)
{
	if (st->state == STREAM_IDLE)
		return;
	/* Whatever becomes of the request: until a list is complete. */
	st->relist |= relist;
	if (relist) {	/* perhaps it is another server */
		st->json_only = st->beats = false;
		st->group = resource_info(st->resource)->group;
	}
	if (!st->synced || st->relist) {
		free(st->token);
		st->token = NULL;
		stream_list(st);
	} else {
		stream_broken(st);
		stream_watch(st);
	}
}

void
stream_retry_token(struct stream *st)
{
	if (st->state != STREAM_WAITING || !st->unauthorized)
		return;
	st->unauthorized = false;
	st->backoff.failures = 0;
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
 * After the server was away it is likely, and listing helps at once, however many
 * tries have failed before.  Not again and again.
 */
static bool
is_first_gone(struct stream *st)
{
	uint64_t	 now = clock_ticks();
	bool		 first;

	first = st->gone == 0 || now - st->gone >= GONE_AGAIN;
	st->gone = now;
	return (first);
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

	if (st->streaming && (code == 400 || code == 422)) {
		list_plain(st);
		return;
	}
	if ((code == 406 || code == 415) && !st->json_only) {
		st->json_only = true;
		again(st);
		return;
	}
	if (code == 404 && info->old_group != NULL && !st->synced &&
	    st->group == info->group) {
		st->group = info->old_group;
		stream_list(st);
		return;
	}
	stream_broken(st);
	st->beats = false;
	st->restarts++;
	st->unauthorized = code == 401;
	if (code != 403)
		st->refused = 0;
	st->in_pages |= st->streaming && code != 401 && code != 429;
	wait = backoff_next(&st->backoff, clock_ticks());
	if (code == 404 && st->group != info->group) {
		/* The server is a newer one by now. */
		st->group = info->group;
		st->relist = true;
	}
	if (code == 410 || code == 400 || is_too_large(code, text)) {
		/* The version, or the place in the list, is not known there. */
		st->relist = true;
		free(st->token);
		st->token = NULL;
		if (code == 410 && is_first_gone(st))
			wait = 0;
	} else if (code == 403 || (code == 404 && !st->synced)) {
		bool soon = code == 403 && st->refused < FORBIDDEN_TRIES;

		if (code == 403) {
			wait = soon ? 1000 << st->refused++ : FORBIDDEN_WAIT;
			wait += arc4random_uniform(wait);
		}
		if (!st->synced || st->forbidden || !soon)
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
void
stream_listed(struct stream *st)
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
		stream_is_well(st);
	st->in_pages = false;
	if (st->streaming) {
		/* It goes on as a watch. */
		st->streaming = false;
		st->state = STREAM_WATCHING;
		evtimer_del(st->timer);
	} else
		stream_watch(st);
	st->env->started();
}

static void
list_page_done(struct stream *st)
{
	const char	*problem = stream_finish(st);

	if (problem != NULL)
		failed(st, 0, -1, problem);
	else if (st->streaming)
		failed(st, 0, -1, "the list ended before all of it was there");
	else if (!st->rest_seen)
		failed(st, 0, -1, "the answer is not the list asked for");
	else if (st->token != NULL)
		stream_list(st);
	else
		stream_listed(st);
}

static void
watch_done(struct stream *st)
{
	const char	*problem = stream_finish(st);

	if (problem != NULL)
		failed(st, 0, -1, problem);
	else if (st->request_events == 0 &&
	    clock_ticks() - st->started < SHORT_WATCH)
		failed(st, 0, -1, "the watch ended at once");
	else {
		stream_is_well(st);
		stream_watch(st);
	}
}

void
stream_done(struct http_request *req, const struct http_reply *reply, void *arg)
{
	struct stream	*st = arg;
	char		 text[256];

	(void)req;
	st->request = NULL;
	/* What waited for a list to be streamed must not end the next request. */
	evtimer_del(st->timer);
	/* It was away, and may come back as another version. */
	if (reply->outcome == HTTP_NOT_SENT && st->env->plain_lists != NULL)
		*st->env->plain_lists = false;
	if (st->verdict == VERDICT_PLAIN)
		list_plain(st);
	else if (st->verdict != VERDICT_NONE) {
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
		stream_status_text(reply, text, sizeof(text));
		failed(st, (unsigned)reply->status, reply->retry_after, text);
	}
}
