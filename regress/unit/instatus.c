/*
 * What Instatus answers and is sent, and how often it is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "../../common/json_values.h"
#include "../../notifier/gate.h"
#include "../../notifier/instatus.h"

static enum api_result
judge(long status, const char *body, bool write)
{
	struct http_reply http = {
		.outcome = HTTP_REPLY,
		.status = status,
		.retry_after = -1,
		.body = body,
		.len = strlen(body)
	};
	struct api_reply reply;

	instatus_judge(&http, write, &reply);
	if (reply.result == API_OK)
		assert_string_equal(reply.error, "");
	else
		assert_true(reply.error[0] != '\0');
	json_decref(reply.json);
	return (reply.result);
}

static void
test_judge(void **state)
{
	(void)state;
	assert_int_equal(judge(200, "[]", false), API_OK);
	assert_int_equal(judge(201, "{\"id\":\"x\"}", true), API_OK);
	assert_int_equal(judge(204, "", true), API_OK);
	assert_int_equal(judge(200, "", false), API_RETRY);
	/* Garbage with a good status: it may have been done. */
	assert_int_equal(judge(200, "<html>", true), API_UNSURE);
	assert_int_equal(judge(200, "<html>", false), API_RETRY);
	assert_int_equal(judge(200, "{\"a\":1,\"a\":2}", false), API_RETRY);
	assert_int_equal(judge(301, "", true), API_RETRY);
	assert_int_equal(judge(400, "{}", true), API_REFUSED);
	assert_int_equal(judge(401, "{}", true), API_UNAUTHORISED);
	assert_int_equal(judge(403, "{}", false), API_UNAUTHORISED);
	assert_int_equal(judge(404, "nonsense", true), API_MISSING);
	assert_int_equal(judge(408, "{}", true), API_UNSURE);
	assert_int_equal(judge(422, "{}", true), API_REFUSED);
	assert_int_equal(judge(429, "{}", true), API_RETRY);
	assert_int_equal(judge(500, "{}", true), API_UNSURE);
	assert_int_equal(judge(503, "{}", false), API_RETRY);
}

static void
test_judge_no_answer(void **state)
{
	struct http_reply http = {
		.outcome = HTTP_NOT_SENT,
		.retry_after = -1,
		.error = "refused"
	};
	struct api_reply reply;

	(void)state;
	instatus_judge(&http, true, &reply);
	assert_int_equal(reply.result, API_RETRY);
	http.outcome = HTTP_LOST;
	instatus_judge(&http, true, &reply);
	assert_int_equal(reply.result, API_UNSURE);
	instatus_judge(&http, false, &reply);
	assert_int_equal(reply.result, API_RETRY);
	http.outcome = HTTP_TOO_LARGE;
	instatus_judge(&http, true, &reply);
	assert_int_equal(reply.result, API_UNSURE);
}

/* A list that would take hundreds of MB is not even read. */
static void
test_too_many_values(void **state)
{
	size_t len = 2 * JSON_VALUES_MAX + 6;
	struct http_reply http = { .outcome = HTTP_REPLY, .status = 200,
	    .len = len };
	struct api_reply reply;
	char *body = malloc(len + 1);
	size_t i;

	(void)state;
	assert_non_null(body);
	for (i = 0; i < len; i++)
		body[i] = i % 2 == 0 ? '1' : ',';
	body[0] = '[';
	body[len - 1] = ']';
	body[len] = '\0';
	http.body = body;
	instatus_judge(&http, false, &reply);
	assert_int_equal(reply.result, API_RETRY);
	assert_null(reply.json);
	assert_non_null(strstr(reply.error, "too many values"));
	free(body);
}

/* What the server says is shown, but cannot do anything to a terminal. */
static void
test_error_text(void **state)
{
	const char *body =
	    "{\"error\":{\"code\":\"x\",\"message\":\"no\\u001b[31mway\"}}";
	struct http_reply http = {
		.outcome = HTTP_REPLY, .status = 422, .retry_after = 5000,
		.body = body, .len = strlen(body)
	};
	struct api_reply reply;

	(void)state;
	instatus_judge(&http, true, &reply);
	assert_non_null(strstr(reply.error, "422"));
	assert_non_null(strstr(reply.error, "way"));
	assert_null(strchr(reply.error, '\033'));
	assert_int_equal(reply.retry_after, 5000);
	json_decref(reply.json);
}

static void
test_ids(void **state)
{
	char id[INSTATUS_ID_MAX + 2];

	(void)state;
	assert_true(instatus_id_ok("ckf01fvnxywz50a35nh1qzssm"));
	assert_true(instatus_id_ok("a_b-C9"));
	assert_false(instatus_id_ok(""));
	assert_false(instatus_id_ok(NULL));
	assert_false(instatus_id_ok("a/b"));
	assert_false(instatus_id_ok(".."));
	assert_false(instatus_id_ok("a b"));
	assert_false(instatus_id_ok("a?b"));
	assert_false(instatus_id_ok("\xc3\xa9"));
	memset(id, 'a', sizeof(id));
	id[INSTATUS_ID_MAX] = '\0';
	assert_true(instatus_id_ok(id));
	id[INSTATUS_ID_MAX] = 'a';
	id[INSTATUS_ID_MAX + 1] = '\0';
	assert_false(instatus_id_ok(id));
}

static json_t *
parse(const char *s)
{
	json_t *json = json_loads(s, 0, NULL);

	assert_non_null(json);
	return (json);
}

static void
test_components(void **state)
{
	json_t *json = parse("[{\"id\":\"a\",\"name\":\"A\","
	    "\"status\":\"UNDERMAINTENANCE\"},"
	    "{\"id\":\"b\",\"name\":7,\"status\":\"MINOROUTAGE\"},"
	    "{\"id\":\"../x\",\"name\":\"X\",\"status\":\"OPERATIONAL\"},"
	    "{\"id\":\"d\",\"name\":\"D\",\"status\":\"ON FIRE\"}, 5, null]");
	struct instatus_component c;
	size_t n;
	bool full;

	(void)state;
	assert_int_equal(instatus_list(json, &n, &full), 0);
	assert_int_equal(n, 6);
	assert_false(full);
	assert_true(instatus_component(json_array_get(json, 0), &c));
	assert_string_equal(c.name, "A");
	assert_int_equal(c.status, PAGE_MAINTENANCE);
	assert_true(instatus_component(json_array_get(json, 1), &c));
	assert_string_equal(c.name, "");
	assert_int_equal(c.status, PAGE_DEGRADED);
	for (n = 2; n < 6; n++)
		assert_false(instatus_component(json_array_get(json, n), &c));
	json_decref(json);
	json = parse("{\"id\":\"a\"}");
	assert_int_equal(instatus_list(json, &n, &full), -1);
	json_decref(json);
}

static const char incident[] = "{\"id\":\"i1\",\"name\":\"API is down\","
    "\"status\":\"MONITORING\",\"started\":\"2026-01-01T10:00:00.123Z\","
    "\"resolved\":null,\"updates\":[{\"id\":\"u1\","
    "\"started\":\"2026-01-01T10:00:00.123Z\"},{\"id\":\"u2\","
    "\"started\":\"2026-01-01T10:05:00.001Z\"},{\"id\":\"u3\"},7],"
    "\"components\":[{\"id\":\"a\",\"status\":\"MAJOROUTAGE\"}]}";

static void
test_incident(void **state)
{
	struct instatus_incident i;
	json_t *json = parse(incident);

	(void)state;
	assert_true(instatus_incident(json, &i));
	assert_string_equal(i.id, "i1");
	assert_int_equal(i.phase, PHASE_MONITORING);
	assert_int_equal(i.started, 1767261600123);
	assert_true(instatus_has_update(json, 1767261600123));
	assert_true(instatus_has_update(json, 1767261900001));
	assert_false(instatus_has_update(json, 1767261900000));
	json_decref(json);
	json = parse("{\"id\":\"i1\"}");
	assert_true(instatus_incident(json, &i));
	assert_int_equal(i.phase, PHASE_MAX);
	assert_int_equal(i.started, 0);
	assert_false(instatus_has_update(json, 1));
	json_decref(json);
	json = parse("{\"name\":\"x\"}");
	assert_false(instatus_incident(json, &i));
	json_decref(json);
}

static const struct operation_component two[] = {
	{ "a", PAGE_MAJOR }, { "b", PAGE_STATUS_MAX }
};
static const struct operation operation = {
	.type = OP_CREATE, .name = "A \"quoted\" name", .message = "one\ntwo",
	.started = 1767261600123, .phase = PHASE_INVESTIGATING,
	.component = two, .ncomponent = 2, .statuses = true
};

static void
assert_body(char *body, const char *wanted)
{
	json_t *a = parse(body), *b = parse(wanted);

	if (!json_equal(a, b))
		fail_msg("%s", body);
	json_decref(a);
	json_decref(b);
	free(body);
}

static void
test_bodies(void **state)
{
	(void)state;
	assert_body(instatus_create_body(&operation),
	    "{\"name\":\"A \\\"quoted\\\" name\",\"message\":\"one\\ntwo\","
	    "\"components\":[\"a\",\"b\"],"
	    "\"started\":\"2026-01-01T10:00:00.123Z\","
	    "\"status\":\"INVESTIGATING\",\"notify\":true,"
	    "\"shouldPublish\":true,"
	    "\"statuses\":[{\"id\":\"a\",\"status\":\"MAJOROUTAGE\"}]}");
	assert_body(instatus_update_body(&operation),
	    "{\"message\":\"one\\ntwo\",\"components\":[\"a\",\"b\"],"
	    "\"started\":\"2026-01-01T10:00:00.123Z\","
	    "\"status\":\"INVESTIGATING\",\"notify\":true,"
	    "\"statuses\":[{\"id\":\"a\",\"status\":\"MAJOROUTAGE\"}]}");
	assert_body(instatus_status_body(PAGE_MAINTENANCE),
	    "{\"status\":\"UNDERMAINTENANCE\"}");
}

static void
test_components_body(void **state)
{
	struct operation one = operation;
	json_t *json = parse(incident);

	(void)state;
	/* It has a, and shall have a and b. */
	assert_body(instatus_incident_body(json, &operation),
	    "{\"name\":\"API is down\",\"components\":[\"a\",\"b\"],"
	    "\"started\":\"2026-01-01T10:00:00.123Z\","
	    "\"status\":\"MONITORING\",\"notify\":false}");
	one.ncomponent = 1;
	assert_null(instatus_incident_body(json, &one));
	/* A new name, unless a human gave it one. */
	one.name = "API is down";
	one.rename = "API and Web are affected";
	assert_body(instatus_incident_body(json, &one),
	    "{\"name\":\"API and Web are affected\",\"components\":[\"a\"],"
	    "\"started\":\"2026-01-01T10:00:00.123Z\","
	    "\"status\":\"MONITORING\",\"notify\":false}");
	one.name = "Another";
	assert_null(instatus_incident_body(json, &one));
	json_decref(json);
	json = parse("{\"id\":\"i1\",\"components\":[]}");
	assert_null(instatus_incident_body(json, &operation));
	json_decref(json);
}

static void
test_gate(void **state)
{
	struct gate g;
	uint64_t now = 5000, end;
	unsigned n, sent = 0;

	(void)state;
	gate_init(&g, 60, now);
	for (n = 0; n < GATE_BURST; n++) {
		assert_int_equal(gate_when(&g, now), now);
		gate_take(&g, now);
	}
	assert_int_equal(gate_when(&g, now), now + 1000);
	/* Looking each ms neither loses nor gains any. */
	for (end = now + 60000; now < end; now++)
		if (gate_when(&g, now) <= now) {
			gate_take(&g, now);
			sent++;
		}
	assert_in_range(sent, 59, 60);
	gate_close(&g, now + 7000);
	assert_int_equal(gate_when(&g, now), now + 7000);
	gate_close(&g, now + 100);
	assert_int_equal(gate_when(&g, now), now + 7000);
	/* Then one, and the next when its time has come. */
	now += 7000;
	gate_take(&g, now);
	assert_int_equal(gate_when(&g, now), now + 1000);
	gate_close(&g, now + 60000);
	gate_open(&g, now);
	assert_int_equal(gate_when(&g, now), now);
	/* Nothing is saved up beyond the burst. */
	now += 3600000;
	for (n = 0; n < GATE_BURST; n++) {
		assert_int_equal(gate_when(&g, now), now);
		gate_take(&g, now);
	}
	assert_true(gate_when(&g, now) > now);
	gate_init(&g, 1, 0);
	gate_take(&g, 0);
	assert_int_equal(gate_when(&g, 0), 60000);
	for (n = 1; n < 59999; n += 7)
		assert_true(gate_when(&g, n) > n);
	assert_in_range(gate_when(&g, 60001), 60001, 60100);
}

static void
test_backoff(void **state)
{
	unsigned n;

	(void)state;
	for (n = 0; n < 100; n++) {
		assert_in_range(backoff_delay(n, 0), 500, BACKOFF_MAX);
		assert_in_range(backoff_delay(n, UINT32_MAX), 500, BACKOFF_MAX);
	}
	assert_int_equal(backoff_delay(0, 0), 500);
	assert_int_equal(backoff_delay(0, 500), 1000);
	assert_int_equal(backoff_delay(3, 4000), 8000);
	assert_int_equal(backoff_delay(99, BACKOFF_MAX / 2), BACKOFF_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_judge_no_answer),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_error_text),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_incident),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_components_body),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_backoff),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
