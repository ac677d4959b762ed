/*
 * Listing and watching against a scripted server: what is asked, and what
 * happens after each way to fail.  HTTP is played here.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_stage.h"

static int
setup(void **state)
{
	stage_setup(state);
	env.path = "/prefix";
	env.authorization = "Bearer t";
	return (0);
}

static int
data(const char *body, size_t chunk)
{
	return (stage_data(body, strlen(body), chunk));
}

static void
done(enum http_outcome outcome, long status, int64_t retry_after,
    const char *body)
{
	stage_done(outcome, status, retry_after, body,
	    body == NULL ? 0 : strlen(body));
}

static void
answer(const char *body)
{
	if (data(body, 7) == -1)
		done(HTTP_STOPPED, 200, -1, NULL);
	else
		done(HTTP_REPLY, 200, -1, NULL);
}

static void
refuse(long status, int64_t retry_after, const char *body)
{
	request->status = status;
	done(HTTP_REPLY, status, retry_after, body);
}

/* How long it waits, in ms; it must wait.  Then the wait is over. */
static uint64_t
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

static void
is_list(void)
{
	assert_non_null(request);
	assert_string_equal(request->path,
	    "/prefix/api/v1/namespaces/a/pods?limit=500");
	assert_string_equal(request->o.authorization, "Bearer t");
	assert_string_equal(request->o.method, "GET");
}

static void
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

#define POD(name)	"{\"metadata\":{\"name\":\"" name		\
			"\",\"namespace\":\"a\"}}"
#define LIST(meta, items)						\
	"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{" meta \
	"},\"items\":[" items "]}"
#define EVENT(type, name, version)					\
	"{\"type\":\"" type "\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"," \
	"\"resourceVersion\":\"" version "\"}}}\n"
#define BOOKMARK(version)						\
	"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{\"resourceVersion\":\"" version "\"," \
	"\"creationTimestamp\":null},\"spec\":{\"containers\":null}," \
	"\"status\":{}}}\n"
#define ERROR(code, reason)						\
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"m\"," \
	"\"reason\":\"" reason "\",\"code\":" code "}}\n"

#define X16		"xxxxxxxxxxxxxxxx"
#define X255		X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16	\
			X16 X16 X16 "xxxxxxxxxxxxxxx"

/* Listed at 10, with x and y, and watching. */
static void
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

static enum reading
reading(void)
{
	const char *why;

	return (stream_reading(st, &why));
}

/* -- the tests ------------------------------------------------------------------- */

static void
test_pages(void **state)
{
	(void)state;
	assert_int_equal(reading(), READING_FIRST);
	stream_start(st);
	is_list();
	answer(LIST("\"resourceVersion\":\"10\",\"continue\":\"a+/=\"",
	    POD("x") "," POD("y")));
	assert_string_equal(request->path, "/prefix/api/v1/namespaces/a/pods?"
	    "limit=500&continue=a%2B%2F%3D");
	assert_int_equal(reading(), READING_FIRST);
	answer(LIST("\"continue\":\"\",\"resourceVersion\":\"11\"", POD("z")));
	is_watch("11");
	stage_has_pods(3);
	assert_int_equal(reading(), READING_LIVE);
	assert_true(changes > 0);
}

static void
test_events(void **state)
{
	(void)state;
	watching();
	data(EVENT("ADDED", "z", "11") EVENT("DELETED", "x", "12"), 5);
	stage_has_pods(2);
	/* Nothing of it is new but its version: nobody is told. */
	pod_changes = 0;
	data(EVENT("MODIFIED", "y", "13"), 1);
	assert_int_equal(pod_changes, 0);
	data(BOOKMARK("20"), 3);
	stage_has_pods(2);
	assert_int_equal(st->events, 3);
	/* The server ends it: on from the bookmark, at once. */
	ticks += 200000;
	done(HTTP_REPLY, 200, -1, NULL);
	is_watch("20");
	assert_string_equal(st->error, "");
	/* Nothing came, but it stood for a while: that is well too. */
	ticks += 200000;
	done(HTTP_REPLY, 200, -1, NULL);
	is_watch("20");
	assert_int_equal(st->restarts, 0);
}

/* Bookmarks that came every minute and do no more; none were promised. */
static void
test_silence(void **state)
{
	static const struct { uint64_t after; bool beats; } rows[] = {
		{ 1000, false }, { STREAM_BEAT_MIN - 1, false },
		{ STREAM_BEAT_MAX + 1, false }, { 61000, true },
	};
	size_t i;

	(void)state;
	watching();
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		data(BOOKMARK("20"), 3);
		ticks += rows[i].after;
		data(BOOKMARK("20"), 3);
		ticks += 1000;
		done(HTTP_REPLY, 200, -1, NULL);
		if (!rows[i].beats)
			is_watch("20");
		else
			assert_int_equal(request->o.idle_timeout,
			    STREAM_SILENCE);
	}
	/* One in each request tells nothing new. */
	data(BOOKMARK("20"), 3);
	ticks += 61000;
	done(HTTP_REPLY, 200, -1, NULL);
	assert_int_equal(request->o.idle_timeout, STREAM_SILENCE);
	/* It was lost: on from there, and the next server may be another. */
	ticks += STREAM_SILENCE;
	done(HTTP_LOST, 0, -1, NULL);
	wait_over();
	is_watch("20");
}

static void
test_short_watch(void **state)
{
	(void)state;
	watching();
	ticks += 200;
	done(HTTP_REPLY, 200, -1, NULL);
	assert_in_range(wait_over(), 700, 1700);
	is_watch("10");
	ticks += 200;
	done(HTTP_REPLY, 200, -1, NULL);
	assert_in_range(wait_over(), 1500, 3300);
}

/* 410 as status of the watch: listed anew, what is gone is gone. */
static void
test_gone_status(void **state)
{
	(void)state;
	watching();
	refuse(410, -1, "{\"kind\":\"Status\",\"code\":410}");
	assert_in_range(wait_over(), 0, 50);
	is_list();
	answer(LIST("\"resourceVersion\":\"50\"", POD("y")));
	stage_has_pods(1);
	is_watch("50");
	assert_int_equal(reading(), READING_LIVE);
}

/* 410 in the stream under HTTP 200. */
static void
test_gone_event(void **state)
{
	(void)state;
	watching();
	assert_int_equal(data(EVENT("ADDED", "z", "11") ERROR("410", "Expired")
	    EVENT("ADDED", "never", "12"), 1000), -1);
	done(HTTP_STOPPED, 200, -1, NULL);
	stage_has_pods(3);
	assert_in_range(wait_over(), 0, 50);
	is_list();
	answer(LIST("\"resourceVersion\":\"50\"", POD("y")));
	stage_has_pods(1);
	is_watch("50");
	/* Again and again: then with a wait. */
	data("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
	    "\"reason\":\"Expired\"}}", 1000);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_in_range(wait_over(), 1500, 3300);
	is_list();
}

/* A server that was away for long has forgotten: no reason to wait longer. */
static void
test_gone_after_trouble(void **state)
{
	int i;

	(void)state;
	watching();
	for (i = 0; i < 8; i++) {
		done(HTTP_NOT_SENT, 0, -1, NULL);
		wait_over();
		ticks += 10000;
		if (i == 4) {
			/* Failing alone makes it list. */
			is_list();
			answer(LIST("\"resourceVersion\":\"20\"", POD("y")));
		}
		is_watch(i < 4 ? "10" : "20");
	}
	refuse(410, -1, NULL);
	assert_in_range(wait_over(), 0, 50);
	is_list();
}

static void
test_gone_in_list(void **state)
{
	(void)state;
	stream_start(st);
	answer(LIST("\"resourceVersion\":\"10\",\"continue\":\"t\"", POD("x")));
	refuse(410, -1, NULL);
	wait_over();
	is_list();
	/* What only the list that was given up had mentioned goes. */
	answer(LIST("\"resourceVersion\":\"30\"", POD("y")));
	stage_has_pods(1);
	is_watch("30");
}

/* Other trouble with a page: the same page again. */
static void
test_list_retry(void **state)
{
	(void)state;
	stream_start(st);
	answer(LIST("\"resourceVersion\":\"10\",\"continue\":\"t\"", POD("x")));
	done(HTTP_LOST, 0, -1, NULL);
	assert_in_range(wait_over(), 700, 1700);
	assert_non_null(strstr(request->path, "&continue=t"));
	refuse(500, -1, "<html>");
	assert_string_equal(st->error, "HTTP 500");
	assert_int_equal(reading(), READING_FIRST);
	wait_over();
	assert_non_null(strstr(request->path, "&continue=t"));
	answer(LIST("\"resourceVersion\":\"10\"", POD("y")));
	stage_has_pods(2);
}

static void
test_connection(void **state)
{
	(void)state;
	watching();
	data(EVENT("ADDED", "z", "11"), 100);
	done(HTTP_LOST, 200, -1, NULL);
	/* Resumed, not listed; trusted for the grace. */
	assert_int_equal(reading(), READING_LIVE);
	assert_in_range(wait_over(), 700, 1700);
	is_watch("11");
	ticks += STREAM_GRACE;
	changes = 0;
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	assert_int_equal(changes, 1);
	stream_tick(st);
	assert_int_equal(changes, 1);
	done(HTTP_NOT_SENT, 0, -1, NULL);
	assert_string_equal(st->error, "the error");
	wait_over();
	is_watch("11");
	/* Its status line says that it stands, before any event. */
	request->status = 200;
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	ticks += 1000;
	stream_tick(st);
	assert_int_equal(reading(), READING_LIVE);
	assert_int_equal(changes, 2);
	assert_string_equal(st->error, "");
}

/* Half an event at the end is not taken for a whole one. */
static void
test_cut_off(void **state)
{
	(void)state;
	watching();
	ticks += 60000;
	data("{\"type\":\"DELETED\",\"object\":{\"kind\":\"Pod\"", 100);
	done(HTTP_REPLY, 200, -1, NULL);
	stage_has_pods(2);
	wait_over();
	is_watch("10");
}

static void
test_unauthorized(void **state)
{
	(void)state;
	watching();
	refuse(401, -1, "{\"message\":\"Unauthorized\"}");
	assert_int_equal(unauthorized, 1);
	assert_string_equal(st->error, "HTTP 401: Unauthorized");
	/* Another token is there: no need to wait. */
	env.authorization = "Bearer t2";
	stream_retry_token(st);
	assert_in_range(wait_over(), 0, 50);
	is_watch("10");
	assert_string_equal(request->o.authorization, "Bearer t2");
	stream_retry_token(st);
	data(ERROR("401", "Unauthorized"), 50);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_int_equal(unauthorized, 2);
	wait_over();
	is_watch("10");
	env.authorization = "Bearer t";
}

static void
test_forbidden(void **state)
{
	int i;

	(void)state;
	stream_start(st);
	for (i = 0; i < 5; i++) {
		refuse(403, -1, "{\"message\":\"pods is forbidden\\u0007\"}");
		assert_int_equal(reading(), READING_FORBIDDEN);
		assert_string_equal(st->error,
		    "HTTP 403: pods is forbidden\\007");
		/* It may only be starting: at first it is asked again soon. */
		if (i < 4)
			assert_in_range(wait_over(), 900 << i, 2000 << i);
	}
	assert_in_range(wait_over(), 59000, 121000);
	is_list();
	/* May list, may not watch: it stays so. */
	answer(LIST("\"resourceVersion\":\"10\"", POD("y")));
	assert_int_equal(reading(), READING_FORBIDDEN);
	is_watch("10");
	refuse(403, -1, NULL);
	assert_int_equal(reading(), READING_FORBIDDEN);
	stage_has_pods(0);
	wait_over();
	answer(LIST("\"resourceVersion\":\"12\"", POD("y")));
	is_watch("12");
	request->status = 200;
	ticks += 1000;
	stream_tick(st);
	assert_int_equal(reading(), READING_LIVE);
	stage_has_pods(1);
}

/* Who judges by a stream is told of each change of what it says: also when it is
 * looked at after the grace has ended and before that was told. */
static void
test_each_change_is_told(void **state)
{
	unsigned before;

	(void)state;
	stream_start(st);
	answer(LIST("\"resourceVersion\":\"10\"", POD("y")));
	is_watch("10");
	refuse(500, -1, NULL);
	ticks += STREAM_GRACE + 1;
	before = changes;
	assert_int_equal(reading(), READING_LIVE);
	assert_int_equal(changes, before);
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	assert_int_equal(changes, before + 1);
	wait_over();
	request->status = 200;
	ticks += 1000;
	stream_tick(st);
	assert_int_equal(reading(), READING_LIVE);
	assert_int_equal(changes, before + 2);
}

/* An API server that has just started does not know its roles yet. */
static void
test_forbidden_for_a_moment(void **state)
{
	int i;

	(void)state;
	stream_start(st);
	answer(LIST("\"resourceVersion\":\"10\"", POD("y")));
	is_watch("10");
	refuse(403, -1, NULL);
	assert_int_equal(reading(), READING_LIVE);
	stage_has_pods(1);
	assert_in_range(wait_over(), 0, 15000);
	is_watch("10");
	request->status = 200;
	ticks += 1000;
	stream_tick(st);
	assert_string_equal(st->error, "");
	/* Nor after other trouble, which is not counted here. */
	for (i = 0; i < 8; i++) {
		done(HTTP_NOT_SENT, 0, -1, NULL);
		wait_over();
	}
	refuse(403, -1, NULL);
	assert_in_range(wait_over(), 900, 2000);
	/* But not for ever. */
	for (i = 1; i < 4; i++) {
		refuse(403, -1, NULL);
		wait_over();
	}
	stage_has_pods(1);
	refuse(403, -1, NULL);
	assert_int_equal(reading(), READING_FORBIDDEN);
	stage_has_pods(0);
}

static void
test_too_many(void **state)
{
	int i;

	(void)state;
	watching();
	refuse(429, 7000, NULL);
	assert_in_range(wait_over(), 6900, 7100);
	for (i = 0; i < 10; i++) {
		is_watch("10");
		refuse(429, -1, NULL);
		assert_in_range(wait_over(), 700, 60100);
	}
	is_watch("10");
	/* The same in the stream. */
	data("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":429,"
	    "\"details\":{\"retryAfterSeconds\":90}}}", 50);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_in_range(wait_over(), 89900, 90100);
	is_watch("10");
}

/* A watch that keeps failing is not tried for ever from the same version. */
static void
test_server_error(void **state)
{
	int i;

	(void)state;
	watching();
	for (i = 0; i < 5; i++) {
		is_watch("10");
		if (i % 2)
			refuse(500, -1, NULL);
		else {
			data(ERROR("500", "InternalError"), 50);
			done(HTTP_STOPPED, 200, -1, NULL);
		}
		wait_over();
	}
	is_list();
}

/* A version that the server has not come to yet will not come soon. */
static void
test_too_large(void **state)
{
	(void)state;
	watching();
	refuse(504, 1000, "{\"message\":\"Too large resource version: 10\"}");
	assert_in_range(wait_over(), 900, 1700);
	is_list();
	answer(LIST("\"resourceVersion\":\"3\"", POD("y")));
	is_watch("3");
	refuse(504, -1, "<html>gateway timeout");
	wait_over();
	is_watch("3");
}

static void
test_backoff_bounds(void **state)
{
	struct backoff b = {0};
	unsigned wait = 0, i;

	(void)state;
	for (i = 0; i < 40; i++) {
		wait = backoff_next(&b, 1000);
		assert_in_range(wait, BACKOFF_FIRST, 2 * BACKOFF_MAX);
	}
	assert_in_range(wait, BACKOFF_MAX, 2 * BACKOFF_MAX);
	wait = backoff_next(&b, 1000 + BACKOFF_QUIET + 1);
	assert_in_range(wait, BACKOFF_FIRST, 2 * BACKOFF_FIRST);
}

/* What is not the list asked for is refused, whole. */
static void
test_bad_lists(void **state)
{
	static const struct { const char *body, *error; } rows[] = {
		{ "<html>Sign in</html>", "the answer is no JSON object" },
		{ "", "the answer is empty" },
		{ "{\"kind\":\"PodList\"",
		    "the answer ends in the middle of an object" },
		{ "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\","
		    "\"metadata\":{\"resourceVersion\":\"1\"}}",
		    "the answer is not the list asked for" },
		{ "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},"
		    "\"items\":[]}", "a list without resourceVersion" },
		{ "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":"
		    "{\"resourceVersion\":7},\"items\":[]}",
		    "a list without resourceVersion" },
		{ LIST("\"resourceVersion\":\"" X255 "x\"", ""),
		    "a list without resourceVersion" },
		{ LIST("\"resourceVersion\":\"10\"", "{\"kind\":\"Node\","
		    "\"metadata\":{\"name\":\"n\",\"namespace\":\"a\"}}"),
		    "an object of another kind than asked for" },
		{ LIST("\"resourceVersion\":\"10\"", "{\"metadata\":nul}"),
		    "the answer is no JSON" },
		{ LIST("\"resourceVersion\":\"10\"", "{\"metadata\":{\"name\":"
		    "\"\xff\"}}"), "the answer is no JSON" },
	};
	size_t i;

	(void)state;
	stream_start(st);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		answer(rows[i].body);
		assert_string_equal(st->error, rows[i].error);
		assert_int_equal(reading(), READING_FIRST);
		wait_over();
	}
	stage_has_pods(0);
	answer(LIST("\"resourceVersion\":\"" X255 "\"", POD("x")));
	is_watch(X255);
}

static void
test_bad_events(void **state)
{
	static const struct { const char *body, *error; } rows[] = {
		{ "<html>", "the answer is no JSON object" },
		{ "{}", "an event without type or object" },
		{ "{\"type\":\"ADDED\",\"object\":3}",
		    "an event without type or object" },
		{ EVENT("CHANGED", "x", "11"), "an event of unknown type" },
		{ "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Status\"}}",
		    "an object without metadata" },
		{ "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Node\","
		    "\"metadata\":{\"name\":\"x\"}}}",
		    "an object of another kind than asked for" },
		{ BOOKMARK(X255 "x"), "a bookmark without resourceVersion" },
		{ "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\"}}",
		    "a bookmark without resourceVersion" },
		{ "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Node\","
		    "\"metadata\":{\"resourceVersion\":\"9\"}}}",
		    "a bookmark of another kind than asked for" },
	};
	size_t i;

	(void)state;
	watching();
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		st->failed_watches = 0;
		answer(rows[i].body);
		assert_string_equal(st->error, rows[i].error);
		wait_over();
		is_watch("10");
	}
	stage_has_pods(2);
}

/* A line of 100 MB. */
static void
test_long_line(void **state)
{
	static char block[65536];
	unsigned n;

	(void)state;
	watching();
	memset(block, 'x', sizeof(block) - 1);
	data("{\"type\":\"ADDED\",\"object\":{\"a\":\"", 100);
	for (n = 0; n < 1600; n++)
		if (data(block, sizeof(block)) == -1)
			break;
	assert_true(n < 70);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_string_equal(st->error, "an object is larger than 4 MiB");
}

static void
test_old_group(void **state)
{
	struct stream *pods = st;

	(void)state;
	st = stream_new(&env, RESOURCE_CRONJOBS, NULL);
	stream_start(st);
	assert_string_equal(request->path,
	    "/prefix/apis/batch/v1/cronjobs?limit=500");
	refuse(404, -1, NULL);
	assert_string_equal(request->path,
	    "/prefix/apis/batch/v1beta1/cronjobs?limit=500");
	answer("{\"kind\":\"CronJobList\",\"apiVersion\":\"batch/v1beta1\","
	    "\"metadata\":{\"resourceVersion\":\"4\"},\"items\":[{\"metadata\":"
	    "{\"name\":\"n\",\"namespace\":\"b\"}}]}");
	assert_int_equal(reading(), READING_LIVE);
	/* The server was upgraded, and has only the new one now. */
	refuse(404, -1, NULL);
	wait_over();
	assert_string_equal(request->path,
	    "/prefix/apis/batch/v1/cronjobs?limit=500");
	answer("{\"kind\":\"CronJobList\",\"apiVersion\":\"batch/v1\","
	    "\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[]}");
	assert_int_equal(objects_count(env.objects, RESOURCE_CRONJOBS, NULL), 0);
	/* Nothing of it is there: both are asked for, and then there is a wait. */
	st->synced = false;
	refuse(404, -1, NULL);
	assert_non_null(strstr(request->path, "/batch/v1beta1/"));
	refuse(404, -1, NULL);
	assert_in_range(wait_over(), 700, 7000);
	assert_non_null(strstr(request->path, "/batch/v1/"));
	stream_free(st);
	/* One namespace is asked for by its name. */
	st = stream_new(&env, RESOURCE_NAMESPACES, "a");
	stream_start(st);
	assert_string_equal(request->path, "/prefix/api/v1/namespaces?"
	    "fieldSelector=metadata.name%3Da&limit=500");
	refuse(404, -1, NULL);
	assert_int_equal(reading(), READING_FORBIDDEN);
	stream_free(st);
	st = pods;
}

static void
test_stop_and_resume(void **state)
{
	(void)state;
	stream_resume(st, true);
	assert_null(request);		/* it was never started */
	watching();
	stream_stop(st);
	assert_null(request);
	stream_resume(st, false);
	is_watch("10");
	stream_stop(st);
	stream_resume(st, true);
	is_list();
	stream_stop(st);
	stream_resume(st, false);
	/* The list that was under way is not forgotten. */
	is_list();
	done(HTTP_LOST, 0, -1, NULL);
	wait_over();
	is_list();
}

/* There is nothing to ask with: what was seen is believed no longer than when the
 * server does not answer. */
static void
test_hold(void **state)
{
	const char *why;

	(void)state;
	watching();
	ticks += 60000;
	changes = 0;
	stream_hold(st, "no credential");
	assert_null(request);
	stream_tick(st);
	assert_int_equal(reading(), READING_LIVE);
	ticks += STREAM_GRACE;
	stream_tick(st);
	assert_int_equal(changes, 1);
	assert_int_equal(stream_reading(st, &why), READING_BROKEN);
	assert_string_equal(why, "pods in a: no credential");
	stream_resume(st, true);
	is_list();
	answer(LIST("\"resourceVersion\":\"50\"", POD("y")));
	assert_int_equal(reading(), READING_LIVE);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, stage_teardown)
	const struct CMUnitTest tests[] = {
		T(test_pages), T(test_events), T(test_silence),
		T(test_short_watch),
		T(test_gone_status), T(test_gone_event), T(test_gone_in_list),
		T(test_gone_after_trouble),
		T(test_list_retry), T(test_connection), T(test_cut_off),
		T(test_unauthorized), T(test_forbidden),
		T(test_each_change_is_told),
		T(test_forbidden_for_a_moment), T(test_too_many),
		T(test_server_error), T(test_too_large), T(test_backoff_bounds),
		T(test_bad_lists),
		T(test_bad_events), T(test_long_line), T(test_old_group),
		T(test_stop_and_resume), T(test_hold),
	};

	return (cmocka_run_group_tests_name("stream", tests, NULL, NULL));
}
