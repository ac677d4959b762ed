/*
 * Listing and watching.  The rules and where they come from: Kubernetes API
 * concepts ("Watch bookmarks") and client-go's reflector.
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
#define SHORT_WATCH	1000	/* ms: ended earlier, and empty, it failed */

static void	 on_timer(int, short, void *);

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

void
stream_tell(struct stream *st)
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
	stream_tell(st);
}

void
stream_tick(struct stream *st)
{
	/* A watch may say nothing for minutes; its status line tells enough. */
	if (st->state == STREAM_WATCHING && st->broken_since != 0 &&
	    st->request != NULL && http_status(st->request) == 200 &&
	    clock_ticks() - st->started >= SHORT_WATCH)
		stream_is_well(st);
	stream_tell(st);
}

void
stream_wait(struct stream *st, uint64_t ms)
{
	struct timeval	 tv = { ms / 1000, ms % 1000 * 1000 };

	st->state = STREAM_WAITING;
	evtimer_add(st->timer, &tv);
}

void
stream_again(struct stream *st)
{
	if (st->relist || !st->synced || st->state == STREAM_LISTING)
		stream_list(st);
	else
		stream_watch(st);
}

void
stream_list_plain(struct stream *st)
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
		stream_list_plain(st);
	else
		stream_failed(st, 0, -1, "no answer in time");
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
	stream_wait(st, 0);
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
		stream_failed(st, 0, -1, problem);
	else if (st->streaming)
		stream_failed(st, 0, -1,
		    "the list ended before all of it was there");
	else if (!st->rest_seen)
		stream_failed(st, 0, -1,
		    "the answer is not the list asked for");
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
		stream_failed(st, 0, -1, problem);
	else if (st->request_events == 0 &&
	    clock_ticks() - st->started < SHORT_WATCH)
		stream_failed(st, 0, -1, "the watch ended at once");
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
		stream_list_plain(st);
	else if (st->verdict != VERDICT_NONE) {
		snprintf(text, sizeof(text), "%s", st->problem);
		stream_failed(st, st->verdict == VERDICT_STATUS ? st->code : 0,
		    st->retry_after, text);
	} else if (reply->outcome != HTTP_REPLY)
		stream_failed(st, 0, reply->retry_after, reply->error == NULL ?
		    "the answer was cut off" : reply->error);
	else if (reply->status == 200 && st->state == STREAM_LISTING)
		list_page_done(st);
	else if (reply->status == 200)
		watch_done(st);
	else {
		stream_status_text(reply, text, sizeof(text));
		stream_failed(st, (unsigned)reply->status, reply->retry_after,
		    text);
	}
}
