/*
 * What to do when listing or watching fails.  The rules and where they come
 * from: Kubernetes API concepts ("410 Gone responses") and client-go's reflector.
 */
#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "stream_local.h"

#define GONE_AGAIN	10000	/* ms; between lists after 410, else backed off */
/* A server that has just started answers 403 until it knows its roles. */
#define FORBIDDEN_TRIES	4	/* in a row: after 1, 2, 4, 8 s, and up to twice
				 * that */
#define FORBIDDEN_WAIT	60000	/* ms, and up to as much again */
#define FAILED_WATCHES	5	/* in a row, then list anew */

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

/* It may answer what is asked in another way: that is done at once. */
static bool
ask_otherwise(struct stream *st, unsigned code)
{
	const struct resource_info	*info = resource_info(st->resource);

	if (st->streaming && (code == 400 || code == 422)) {
		stream_list_plain(st);
		return (true);
	}
	if ((code == 406 || code == 415) && !st->json_only) {
		st->json_only = true;
		stream_again(st);
		return (true);
	}
	if (code == 404 && info->old_group != NULL && !st->synced &&
	    st->group == info->group) {
		st->group = info->old_group;
		stream_list(st);
		return (true);
	}
	return (false);
}

/* ms until the next try, which may have to list. */
static uint64_t
next_try(struct stream *st, unsigned code, const char *text)
{
	const struct resource_info	*info = resource_info(st->resource);
	uint64_t			 wait;

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
	else if (st->state == STREAM_WATCHING && code != 429 &&
	    ++st->failed_watches >= FAILED_WATCHES) {
		st->relist = true;
		st->failed_watches = 0;
	}
	return (wait);
}

/* Said once; namespaces are read only for the annotation on them. */
static void
say_failed(const struct stream *st, bool news, uint64_t wait)
{
	if (news && !(st->resource == RESOURCE_NAMESPACES && st->forbidden))
		log_warnx("%s: %s: %s; next try in %llu s",
		    log_safe(st->env->cluster), stream_name(st), st->error,
		    (unsigned long long)(wait + 999) / 1000);
	else
		log_debug("%s: %s: %s; next try in %llu ms",
		    log_safe(st->env->cluster), stream_name(st), st->error,
		    (unsigned long long)wait);
}

void
stream_failed(struct stream *st, unsigned code, int64_t retry_after,
    const char *text)
{
	uint64_t	 wait;
	bool		 first = st->error[0] == '\0';
	bool		 news = strcmp(st->error, text) != 0;

	if (ask_otherwise(st, code))
		return;
	stream_broken(st);
	st->beats = false;
	st->restarts++;
	st->unauthorized = code == 401;
	if (code != 403)
		st->refused = 0;
	st->in_pages |= st->streaming && code != 401 && code != 429;
	wait = next_try(st, code, text);
	if (retry_after > 0 && (uint64_t)retry_after > wait)
		wait = retry_after;
	snprintf(st->error, sizeof(st->error), "%s", text);
	say_failed(st, first && code != 410, wait);
	stream_wait(st, wait);
	if (st->told != READING_LIVE && news)
		st->env->changed(st);
	stream_tell(st);
	if (!st->synced)
		st->env->started();
}
