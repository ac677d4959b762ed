/* The watcher in its cage: what it says of components, whatever the server does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "watcher_stage.h"

/* -- the tests ------------------------------------------------------------- */

static void
test_story(void **state)
{
	uint64_t since;

	(void)state;
	start_healthy();
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":1}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3);
	since = last.since;
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
	assert_true(last.since >= since);
	tell("heal", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":0}");
	expect(HEALTH_IDLE, CAUSE_NONE, 0, 0);
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":2}");
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	tell("annotate", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\","
	    "\"key\":\"kanata/paused\",\"value\":\"\"}");
	while (!last.paused)
		hear_either(ticks() + CHILD_PATIENCE);
	tell("delete", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
}

/* Through a rollout no outage is said; through one that crashes, it is. */
static void
test_rollout(void **state)
{
	unsigned said;

	(void)state;
	start_healthy();
	said = last.said;
	tell("rollout", "{\"ns\":\"a\",\"name\":\"api\",\"duration\":1}");
	while (state_counts("\"a/api-") < 4)
		usleep(20000);
	tell("annotate", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\","
	    "\"key\":\"kanata/paused\",\"value\":\"\"}");
	while (!last.paused || last.health != HEALTH_OK) {
		hear_either(ticks() + CHILD_PATIENCE);
		if (last.health > HEALTH_ROLLING)
			fail_msg("a rollout is %s, %s, %u of %u",
			    health_name(last.health), cause_name(last.cause),
			    last.ready, last.desired);
	}
	assert_true(last.said > said);
	tell("rollout", "{\"ns\":\"a\",\"name\":\"api\",\"crash_new\":true}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 3, 3);
}

/* Many pages, and nothing said of what is nobody's. */
static void
test_pages(void **state)
{
	unsigned said;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"bulk\",\"count\":1700}");
	start_healthy();
	said = last.said;
	tell("touch_pods", "{\"count\":500,\"ns\":\"a\",\"prefix\":\"bulk\"}");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":1}");
	expect(HEALTH_DEGRADED, CAUSE_CRASH_LOOP, 2, 3);
	assert_in_range(last.said, said + 1, said + 3);
}

/* The past is compacted away while the watch is cut: what was deleted meanwhile
 * is found out by a list. */
static void
gone(const char *form)
{
	char json[64];

	start_healthy();
	tell("pod", "{\"ns\":\"a\",\"name\":\"other\"}");
	tell("fault", "{\"kind\":\"status\",\"code\":503,\"watch\":true,"
	    "\"count\":12}");
	tell("drop_watches", "{}");
	tell("delete", "{\"kind\":\"Deployment\",\"ns\":\"a\",\"name\":\"api\"}");
	snprintf(json, sizeof(json), "{\"form\":\"%s\",\"drop\":true}", form);
	tell("compact", json);
	tell("clear", "{}");
	expect_within(40000, HEALTH_UNKNOWN, CAUSE_DELETED, 0, 0);
}

static void
test_gone_status(void **state)
{
	(void)state;
	gone("http");
}

static void
test_gone_stream(void **state)
{
	(void)state;
	gone("stream");
}

static void
test_token(void **state)
{
	(void)state;
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":3}");
	configure("a", api, "another-token", NULL);
	hear_all(1);
	while (last.cause != CAUSE_DISCONNECTED ||
	    strstr(last.detail, "401") == NULL)
		hear_either(ticks() + CHILD_PATIENCE);
	/* One that cannot be used changes nothing; the next one does. */
	fresh_token(NULL);
	fresh_token("a b");
	child_expect_log(&watcher, "the last one stays in use");
	fresh_token(TOKEN);
	expect(HEALTH_OK, CAUSE_NONE, 3, 3);
	assert_null(strstr(watcher.text, TOKEN));
}

/* A 401 asks for another token, but not at once again and again. */
static void
test_token_asked(void **state)
{
	uint64_t begin;
	unsigned i;

	(void)state;
	start_healthy();
	asked_token = false;
	tell("reset_counts", "{}");
	tell("token", "{\"token\":\"new-token\"}");
	tell("drop_watches", "{}");
	begin = ticks();
	while (!asked_token)
		hear_either(begin + CHILD_PATIENCE);
	/* The one that was refused is no news for any of the streams. */
	for (i = 0; i < 20; i++) {
		fresh_token(TOKEN);
		usleep(50000);
	}
	assert_in_range(state_counts("watch=true"), 1, 60);
	fresh_token("new-token");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
}

/* Workloads that may not be read are guessed from their pods. */
static void
test_forbidden(void **state)
{
	static const struct watch named[] = {
	    { "c1", KIND_DEPLOYMENT, "api" }, { NULL, 0, NULL } };

	(void)state;
	tell("forbid", "{\"resource\":\"deployments\"}");
	tell("forbid", "{\"resource\":\"replicasets\"}");
	tell("forbid", "{\"resource\":\"statefulsets\"}");
	tell("forbid", "{\"resource\":\"daemonsets\"}");
	tell("forbid", "{\"resource\":\"jobs\"}");
	tell("forbid", "{\"resource\":\"namespaces\"}");
	start_healthy();
	child_expect_log(&watcher, "deployments in a: HTTP 403");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\",\"count\":2}");
	expect(HEALTH_PARTIAL, CAUSE_CRASH_LOOP, 1, 3);
	/* But not what the configuration calls a Deployment. */
	configure("a", named, TOKEN, NULL);
	hear_all(1);
	expect(HEALTH_UNKNOWN, CAUSE_FORBIDDEN, 0, 0);
}

/* Whatever the server answers, and then again as it should. */
static void
fault(const char *json)
{
	start_healthy();
	tell("fault", json);
	tell("drop_watches", "{}");
	tell("scale", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":4}");
	expect(HEALTH_OK, CAUSE_NONE, 4, 4);
}

#define FAULT(name, json)						\
static void								\
test_fault_##name(void **state)						\
{									\
	(void)state;							\
	fault("{\"kind\":" json ",\"match\":\"/pods\"}");		\
}
FAULT(html, "\"html\",\"count\":2")
FAULT(half, "\"half\",\"count\":2")
FAULT(garbage, "\"garbage\",\"count\":2")
FAULT(wrong_kind, "\"wrong_kind\",\"count\":2")
FAULT(deep, "\"deep\",\"count\":2")
FAULT(utf8, "\"badutf8\",\"count\":2")
FAULT(huge, "\"huge\",\"count\":1")
FAULT(error_event, "\"error_event\",\"count\":2")
FAULT(too_many, "\"status\",\"code\":429,\"count\":2")

/* The server is away, and comes back as another that knows nothing of before. */
static void
test_away(void **state)
{
	unsigned port;

	(void)state;
	start_healthy();
	port = sim.port;
	server_kill(&sim);
	child_expect_log(&watcher, "next try in");
	sim_start(port, "1");
	tell("deployment", "{\"ns\":\"a\",\"name\":\"api\",\"replicas\":2}");
	expect_within(60000, HEALTH_OK, CAUSE_NONE, 2, 2);
}

static void
test_reload(void **state)
{
	static const struct watch two[] = { { "c1", KIND_ANY, "api" },
	    { "c2", KIND_SELECTOR, "app=web" }, { NULL, 0, NULL } };
	static const struct watch bad[] = { { "c1", KIND_ANY, "api" },
	    { "c2", KIND_SELECTOR, "app = = web" }, { NULL, 0, NULL } };

	(void)state;
	start_healthy();
	tell("deployment", "{\"ns\":\"a\",\"name\":\"web\",\"replicas\":2,"
	    "\"labels\":{\"app\":\"web\"}}");
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
	tell("reset_counts", "{}");
	/* What cannot be run changes nothing. */
	configure("a", bad, TOKEN, "line 7: component c2: selector");
	configure("a", api, TOKEN, NULL);
	hear_all(1);
	assert_int_equal(last.health, HEALTH_MAJOR);
	assert_int_equal(state_counts("watch=true"), 0);
	assert_int_equal(state_counts("limit=500"), 0);
	/* A new selector lists the pods, and nothing else. */
	configure("a", two, TOKEN, NULL);
	hear_all(2);
	assert_string_equal(last.id, "c2");
	expect(HEALTH_OK, CAUSE_NONE, 2, 2);
	assert_int_equal(state_counts("limit=500"), 1);
	/* Another namespace: the old one is forgotten. */
	configure("b", api, TOKEN, NULL);
	hear_all(1);
	expect(HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD, 0, 0);
}

/* A notifier that comes later is told everything. */
static void
test_new_notifier(void **state)
{
	(void)state;
	start_healthy();
	close(notifier);
	notifier = child_link(&watcher, ROLE_NOTIFIER, 0);
	hear_all(1);
	assert_int_equal(last.health, HEALTH_OK);
	assert_int_equal(last.ready, 3);
	tell("crash", "{\"ns\":\"a\",\"name\":\"api\"}");
	expect(HEALTH_MAJOR, CAUSE_CRASH_LOOP, 0, 3);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_story), T(test_rollout), T(test_pages),
		T(test_gone_status), T(test_gone_stream), T(test_token),
		T(test_token_asked), T(test_forbidden),
		T(test_fault_html), T(test_fault_half), T(test_fault_garbage),
		T(test_fault_wrong_kind), T(test_fault_deep),
		T(test_fault_utf8), T(test_fault_huge),
		T(test_fault_error_event), T(test_fault_too_many),
		T(test_away), T(test_reload), T(test_new_notifier),
	};

	return (cmocka_run_group_tests_name("watcher", tests, NULL, NULL));
}
