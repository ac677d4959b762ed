/*
 * The records of what operators ask, what they are told of a component, and which
 * one they mean.
 */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "../../notifier/debounce.h"
#include "../../notifier/lookup.h"
#include "model.h"

#define S		1000ULL
#define HOUR		(3600 * S)

/* -- records -------------------------------------------------------------- */

static void
count_order(const struct order_view *view, void *arg)
{
	(void)view;
	++*(unsigned *)arg;
}

static void
test_records(void **state)
{
	static const char *const bad[][2] = {
		{ "operator/silence/", "{}" },
		{ "operator/other/c0", "{}" },
		{ "operator/silence", "{}" },
		{ "silence/c0", "{}" },
		{ "operator/silence/c0", "nothing" },
		{ "operator/silence/c0", "[]" },
		{ "operator/silence/c0", "{\"v\":1}" },
		{ "operator/silence/c0", "{\"v\":2,\"since\":"
		    "\"2026-01-01T00:00:00Z\"}" },
		{ "operator/silence/c0", "{\"v\":1,\"since\":"
		    "\"2026-01-01T00:00:00Z\",\"until\":\"soon\"}" },
	};
	struct order order = { 1767225600123, 1767229200000, "a \"b\"\n", "x" };
	struct model *m = model_world(1);
	enum order_kind kind;
	const char *id;
	char key[ORDER_KEY_SIZE], *text;
	unsigned n, seen = 0;

	(void)state;
	for (n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_int_equal(incidents_order_record(m->core, bad[n][0],
		    bad[n][1], strlen(bad[n][1])), -1);
	incidents_each_order(m->core, m->now, count_order, &seen);
	assert_int_equal(seen, 0);
	order_key(ORDER_MAINTENANCE, "a/b", key);
	assert_string_equal(key, "operator/maintenance/a/b");
	assert_int_equal(order_key_parse(key, &kind, &id), 0);
	assert_int_equal(kind, ORDER_MAINTENANCE);
	assert_string_equal(id, "a/b");
	text = order_render(&order);
	assert_string_equal(text, "{\"v\":1,\"since\":"
	    "\"2026-01-01T00:00:00.123Z\",\"until\":"
	    "\"2026-01-01T01:00:00.000Z\",\"reason\":\"a \\\"b\\\"\\n\","
	    "\"by\":\"x\"}");
	assert_int_equal(incidents_order_record(m->core, "operator/silence/c0",
	    text, strlen(text)), 0);
	free(text);
	order.until = TIME_NEVER;
	text = order_render(&order);
	assert_null(strstr(text, "until"));
	assert_int_equal(incidents_order_record(m->core, key, text,
	    strlen(text)), 0);
	free(text);
	order.reason = "\xff";
	assert_null(order_render(&order));
	incidents_each_order(m->core, m->now, count_order, &seen);
	assert_int_equal(seen, 2);
	/* What becomes nonsense is none, as for one who never knew better. */
	assert_int_equal(incidents_order_record(m->core, "operator/silence/c0",
	    "{", 1), -1);
	assert_int_equal(incidents_order_record(m->core, key, "{\"v\":2}", 7),
	    -1);
	seen = 0;
	incidents_each_order(m->core, m->now, count_order, &seen);
	assert_int_equal(seen, 0);
	model_free(m);
}

/* -- why it is as it is --------------------------------------------------- */

static char	 said[4096];

static void
keep_reason(const char *topic, uint64_t at, const char *text, void *arg)
{
	const struct model *m = arg;
	char line[700];

	snprintf(line, sizeof(line), "%s%s: %s\n", topic, at == 0 ? "" :
	    at > m->now ? " later" : " before", text);
	strlcat(said, line, sizeof(said));
}

static const char *
explained(struct model *m, const char *id)
{
	said[0] = '\0';
	assert_true(incidents_explain(m->core, id, m->now, keep_reason, m));
	incidents_explain_next(m->core, id, m->now, keep_reason, m);
	return (said);
}

#define SAYS(m, text)							\
	do {								\
		if (strstr(explained(m, "c0"), text) == NULL)		\
			fail_msg("no \"%s\" in:\n%s", text, said);	\
	} while (0)

static void
test_explain(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_pass(m, 0);
	SAYS(m, "health before: ok, 0 of 0 ready\n");
	SAYS(m, "page: OPERATIONAL\nwanted: OPERATIONAL\n");
	SAYS(m, "next: nothing, until its health changes\n");
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, S);
	SAYS(m, "wait later: until it has been MAJOROUTAGE for 30s "
	    "(down_after)\n");
	SAYS(m, "next later: if it stays as it is, MAJOROUTAGE is wanted\n");
	m->down = true;
	model_pass(m, DOWN_AFTER);
	SAYS(m, "block later: it failed ");
	SAYS(m, "not created yet\n");
	SAYS(m, "next: MAJOROUTAGE is posted, as soon as");
	m->down = false;
	model_pass(m, 10 * S);
	SAYS(m, "on the page i0: \"c0 is down\", INVESTIGATING\n");
	SAYS(m, "next: nothing, until its health changes\n");
	model_health(m, 0, HEALTH_OK);
	model_pass(m, S);
	SAYS(m, "wait later: until it has been OPERATIONAL for 1m (up_after)\n");
	model_pass(m, UP_AFTER);
	SAYS(m, "resolved: an outage before then opens it again");
	m->component[0].paused = true;
	model_report(m, 0);
	SAYS(m, "block: paused by the annotation");
	m->component[0].paused = false;
	model_silence(m, 0, true);
	SAYS(m, "block: its health is not known");
	model_silence(m, 0, false);
	model_human_set(m, 0, PAGE_MAINTENANCE);
	SAYS(m, "block: a human has it under maintenance");
	SAYS(m, "next: nothing, until the human takes back");
	model_human_set(m, 0, PAGE_PARTIAL);
	SAYS(m, "block: a human has set PARTIALOUTAGE");
	m->options.publish = PUBLISH_WEBHOOK;
	model_configure(m);
	SAYS(m, "rule: incidents are not published (publish)\n");
	SAYS(m, "rule: statuses are not published (publish)\n");
	assert_false(incidents_explain(m->core, "none", m->now, keep_reason,
	    m));
	model_free(m);
}

static void
test_explain_orders(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	/* Also in a core that does not look, since it does not speak. */
	model_order(m, 0, ORDER_SILENCE, HOUR);
	SAYS(m, "block later: silenced by somebody, why: nothing new");
	model_goes_down(m, 0);
	SAYS(m, "next later: the silence ends, and the truth is shown\n");
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 0);
	SAYS(m, "wanted: UNDERMAINTENANCE\n");
	SAYS(m, "block later: under a maintenance by somebody, why: no outage");
	SAYS(m, "next later: the maintenance ends");
	model_order(m, 0, ORDER_MAINTENANCE, 0);
	model_order(m, 0, ORDER_SILENCE, 0);
	model_pass(m, DOWN_AFTER);
	model_human_resolve(m, 0);
	SAYS(m, "block: a human resolved its incident");
	model_free(m);
}

/* -- which one is meant --------------------------------------------------- */

static void
test_lookup(void **state)
{
	struct model *m = model_world(3);
	char error[512];

	(void)state;
	free(model_conf(m, 1)->name);
	model_conf(m, 1)->name = strdup("Public API");
	model_configure(m);
	assert_string_equal(lookup_component(m->core, "c2", error,
	    sizeof(error)), "c2");
	assert_string_equal(lookup_component(m->core, "Public API", error,
	    sizeof(error)), "c1");
	assert_null(lookup_component(m->core, "public", error, sizeof(error)));
	assert_string_equal(error, "there is no component \"public\"; near to "
	    "it: c1");
	assert_null(lookup_component(m->core, "c9", error, sizeof(error)));
	assert_non_null(strstr(error, "near to it: c0, c1, c2"));
	assert_null(lookup_component(m->core, "nothing like it", error,
	    sizeof(error)));
	assert_non_null(strstr(error, "`kanatactl show components`"));
	assert_null(lookup_component(m->core, "", error, sizeof(error)));
	free(model_conf(m, 2)->name);
	model_conf(m, 2)->name = strdup("Public API");
	model_configure(m);
	assert_null(lookup_component(m->core, "Public API", error,
	    sizeof(error)));
	assert_non_null(strstr(error, "2 components are called"));
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_orders),
		cmocka_unit_test(test_lookup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
