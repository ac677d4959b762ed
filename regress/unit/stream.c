/*
 * Listing and watching against a scripted server: what is asked, and what
 * happens after each way to fail.  HTTP is played here.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/json_values.h"
#include "stream_talk.h"

#define X16		"xxxxxxxxxxxxxxxx"
#define X255		X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16	\
			X16 X16 X16 "xxxxxxxxxxxxxxx"

/* -- the tests ------------------------------------------------------------------- */

static void
test_pages(void **state)
{
	(void)state;
	assert_int_equal(reading(), READING_FIRST);
	stream_start(st);
	is_list();
	answer(LIST("\"resourceVersion\":\"10\",\"continue\":\"azAZ09-._~+/=\"",
	    POD("x") "," POD("y")));
	assert_string_equal(request->path, "/prefix/api/v1/namespaces/a/pods?"
	    "limit=500&continue=azAZ09-._~%2B%2F%3D");
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
	assert_int_equal(st->last_event, clock_now());
	assert_true(st->bytes > 500);
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
	/* One in each request tells nothing. */
	for (i = 0; i < 3; i++) {
		data(BOOKMARK("20"), 3);
		ticks += 61000;
		done(HTTP_REPLY, 200, -1, NULL);
		is_watch("20");
	}
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
	/* It stays so. */
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
	/* Not for as long as that list takes. */
	ticks += STREAM_GRACE;
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	answer(LIST("\"resourceVersion\":\"50\"", POD("y")));
	stage_has_pods(1);
	is_watch("50");
	assert_int_equal(reading(), READING_LIVE);
	/* An event is a sign of life as well. */
	done(HTTP_LOST, 200, -1, NULL);
	wait_over();
	ticks += STREAM_GRACE;
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	data(EVENT("MODIFIED", "y", "51"), 9);
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
	/* That was said of that time. */
	data(ERROR("500", "InternalError"), 50);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_in_range(wait_over(), 700, 60100);
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
		{ "{\"kind\":\"PodList\",\"apiVersion\":\"v2\","
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

/* Each is a small thing, all together need memory. */
static void
test_many_values(void **state)
{
	static char body[2 * JSON_VALUES_MAX + 200];
	size_t n, i;

	(void)state;
	watching();
	n = snprintf(body, sizeof(body),
	    "{\"type\":\"ADDED\",\"object\":{\"a\":[");
	for (i = 0; i < JSON_VALUES_MAX; i++, n += 2)
		memcpy(body + n, "1,", 3);
	body[n - 1] = '\0';
	strlcat(body, "]}}", sizeof(body));
	assert_int_equal(data(body, 4096), -1);
	done(HTTP_STOPPED, 200, -1, NULL);
	assert_string_equal(st->error, "the answer has too many values");
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, talk_setup, stage_teardown)
	const struct CMUnitTest tests[] = {
		T(test_pages), T(test_events), T(test_silence),
		T(test_short_watch),
		T(test_gone_status), T(test_gone_event), T(test_gone_in_list),
		T(test_gone_after_trouble),
		T(test_list_retry), T(test_connection), T(test_cut_off),
		T(test_too_many),
		T(test_server_error), T(test_too_large), T(test_backoff_bounds),
		T(test_bad_lists),
		T(test_bad_events), T(test_long_line),
		T(test_many_values),
	};

	return (cmocka_run_group_tests_name("stream", tests, NULL, NULL));
}
