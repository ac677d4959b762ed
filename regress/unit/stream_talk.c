#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_talk.h"

int
talk_setup(void **state)
{
	stage_setup(state);
	env.path = "/prefix";
	env.authorization = "Bearer t";
	return (0);
}

int
data(const char *body, size_t chunk)
{
	return (stage_data(body, strlen(body), chunk));
}

void
done(enum http_outcome outcome, long status, int64_t retry_after,
    const char *body)
{
	stage_done(outcome, status, retry_after, body,
	    body == NULL ? 0 : strlen(body));
}

void
answer(const char *body)
{
	if (data(body, 7) == -1)
		done(HTTP_STOPPED, 200, -1, NULL);
	else
		done(HTTP_REPLY, 200, -1, NULL);
}

void
refuse(long status, int64_t retry_after, const char *body)
{
	request->status = status;
	done(HTTP_REPLY, status, retry_after, body);
}

/* How long it waits, in ms; it must wait.  Then the wait is over. */
uint64_t
wait_over(void)
{
	struct timeval tv, current;
	int64_t ms;

	assert_null(request);
	assert_true(event_pending(st->timer, EV_TIMEOUT, &tv));
	gettimeofday(&current, NULL);
	ms = (tv.tv_sec - current.tv_sec) * 1000LL +
	    (tv.tv_usec - current.tv_usec) / 1000;
	stage_fire();
	assert_non_null(request);
	return (ms < 0 ? 0 : ms);
}

void
is_list(void)
{
	assert_non_null(request);
	assert_string_equal(request->path,
	    "/prefix/api/v1/namespaces/a/pods?limit=500");
	assert_string_equal(request->o.authorization, "Bearer t");
	assert_string_equal(request->o.method, "GET");
	assert_int_equal(request->o.timeout, 300000);
	assert_int_equal(request->o.idle_timeout, 30000);
}

void
is_watch(const char *version)
{
	char want[512];
	unsigned seconds;

	snprintf(want, sizeof(want), "/prefix/api/v1/namespaces/a/pods?watch=true"
	    "&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=",
	    version);
	assert_non_null(request);
	if (strncmp(request->path, want, strlen(want)) != 0)
		fail_msg("%s", request->path);
	seconds = atoi(request->path + strlen(want));
	assert_in_range(seconds, 145, 290);
	/* Whatever it says meanwhile. */
	assert_int_equal(request->o.timeout, (seconds + 15) * 1000);
	assert_int_equal(request->o.idle_timeout, 0);
}

/* Listed at 10, with x and y, and watching. */
void
watching(void)
{
	stream_start(st);
	is_list();
	answer(LIST("\"resourceVersion\":\"10\"", POD("x") "," POD("y")));
	is_watch("10");
	request->status = 200;
	stream_tick(st);
	stage_has_pods(2);
}

enum reading
reading(void)
{
	const char *why;

	return (stream_reading(st, &why));
}
