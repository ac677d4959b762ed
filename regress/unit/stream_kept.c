/*
 * What a stream keeps and what it forgets: when it is refused, stopped, led to another
 * server.  HTTP is played here.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_talk.h"

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
	/* Another server. */
	refuse(404, -1, NULL);
	assert_non_null(strstr(request->path, "/batch/v1beta1/"));
	stream_stop(st);
	stream_resume(st, true);
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

/* What is broken now is not what was broken once. */
static void
test_counts(void **state)
{
	int i, turn;

	(void)state;
	watching();
	/* Five failures make it list, but not with a good watch between. */
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < 4; i++) {
			refuse(500, -1, NULL);
			wait_over();
			is_watch("10");
		}
		ticks += 2000;
		done(HTTP_REPLY, 200, -1, NULL);
		is_watch("10");
		assert_string_equal(st->error, "");
		assert_int_equal(reading(), READING_LIVE);
	}
	/* So with what is forbidden, and with other trouble between. */
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < 3; i++) {
			refuse(403, -1, NULL);
			wait_over();
		}
		if (turn == 0) {
			ticks += 2000;
			done(HTTP_REPLY, 200, -1, NULL);
		} else {
			refuse(429, -1, NULL);
			wait_over();
		}
	}
	refuse(403, -1, NULL);
	assert_in_range(wait_over(), 900, 2000);
	stage_has_pods(2);
}

/* Another token is a new beginning, however often the last one was refused. */
static void
test_token_after_many(void **state)
{
	int i;

	(void)state;
	watching();
	for (i = 0; i < 6; i++) {
		refuse(401, -1, NULL);
		if (i < 5)
			wait_over();
	}
	stream_retry_token(st);
	assert_in_range(wait_over(), 0, 50);
	refuse(401, -1, NULL);
	assert_in_range(wait_over(), 700, 1700);
}

/* The place in a list is not known to another server, nor is it after a refusal. */
static void
test_half_a_list(void **state)
{
	static const char page[] = LIST("\"resourceVersion\":\"10\","
	    "\"continue\":\"t\"", POD("x"));

	(void)state;
	stream_start(st);
	answer(page);
	assert_non_null(strstr(request->path, "&continue=t"));
	stream_stop(st);
	stream_resume(st, false);
	is_list();
	answer(page);
	refuse(403, -1, NULL);
	wait_over();
	is_list();
}

static void
test_encoding(void **state)
{
	(void)state;
	watching();
	assert_non_null(strstr(request->accept, "protobuf"));
	refuse(406, -1, NULL);
	is_watch("10");
	assert_string_equal(request->accept, "application/json;stream=watch");
	assert_string_equal(st->error, "");
	stream_stop(st);
	stream_resume(st, false);
	assert_null(strstr(request->accept, "protobuf"));
	stream_stop(st);
	/* Another server may have it. */
	stream_resume(st, true);
	is_list();
	assert_non_null(strstr(request->accept, "protobuf"));
}

static void
test_states(void **state)
{
	(void)state;
	assert_string_equal(stream_state_name(st), "idle");
	stream_start(st);
	assert_string_equal(stream_state_name(st), "listing");
	answer(LIST("\"resourceVersion\":\"10\"", POD("x")));
	assert_string_equal(stream_state_name(st), "watching");
	done(HTTP_LOST, 200, -1, NULL);
	assert_string_equal(stream_state_name(st), "waiting");
	wait_over();
	assert_string_equal(stream_state_name(st), "connecting");
	stream_stop(st);
	/* Nobody answers what is resumed either. */
	stream_resume(st, false);
	ticks += STREAM_GRACE;
	stream_tick(st);
	assert_int_equal(reading(), READING_BROKEN);
	done(HTTP_LOST, 0, -1, NULL);
	/* Stopped while it waits, it waits no more. */
	stream_stop(st);
	assert_false(event_pending(st->timer, EV_TIMEOUT, NULL));
	stream_resume(st, true);
	refuse(403, -1, NULL);
	for (; st->refused < 4; wait_over(), refuse(403, -1, NULL))
		;
	wait_over();
	refuse(403, -1, NULL);
	assert_string_equal(stream_state_name(st), "forbidden");
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, talk_setup, stage_teardown)
	const struct CMUnitTest tests[] = {
		T(test_unauthorized),
		T(test_forbidden),
		T(test_each_change_is_told),
		T(test_forbidden_for_a_moment),
		T(test_old_group),
		T(test_stop_and_resume),
		T(test_hold),
		T(test_counts),
		T(test_token_after_many),
		T(test_half_a_list),
		T(test_encoding),
		T(test_states),
	};

	return (cmocka_run_group_tests_name("stream_kept", tests, NULL, NULL));
}
