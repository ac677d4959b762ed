/*
 * What operators ask for: silence and maintenance (notifier/order.c), one rule
 * after the other, then long random histories.
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

static char	 last_message[1024];

static void
keep_message(struct model *m, const struct operation *op)
{
	(void)m;
	if (op->type == OP_CREATE || op->type == OP_UPDATE)
		strlcpy(last_message, op->message, sizeof(last_message));
}

static struct model *
world(unsigned n)
{
	struct model *m = model_world(n);

	m->check = keep_message;
	return (m);
}

static void
assert_page(const struct model *m, unsigned n, enum page_status status)
{
	assert_string_equal(page_status_name(m->component[n].page),
	    page_status_name(status));
}

/* As kanatactl and the dashboard are told: nothing is behind. */
static void
assert_wanted(const struct model *m, const char *id, enum page_status status)
{
	struct component_view view;

	assert_true(incidents_component(m->core, id, &view));
	assert_string_equal(page_status_name(view.wanted),
	    page_status_name(status));
}

static void
test_silence(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR - 1);
	assert_wanted(m, "c0", PAGE_OPERATIONAL);
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->puts, 0);
	/* It ends by itself, and then the truth is shown at once. */
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	assert_int_equal(model_open(m, 0), 1);
	/* Nobody else is concerned. */
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_goes_down(m, 1);
	assert_page(m, 1, PAGE_MAJOR);
	model_free(m);
}

static void
test_silence_ended_early(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 10 * S);
	/* A wait that has begun goes on; a silence does not restart it. */
	model_order(m, 0, ORDER_SILENCE, 0);
	model_pass(m, DOWN_AFTER - 10 * S - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* What is on the page gets better with its component, never worse. */
static void
test_silence_of_what_is_open(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_page(m, 0, PAGE_PARTIAL);
	model_order(m, 0, ORDER_SILENCE, 10 * HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR);
	assert_page(m, 0, PAGE_PARTIAL);
	assert_int_equal(m->posts, 1);
	model_comes_back(m, 0);
	assert_page(m, 0, PAGE_OPERATIONAL);
	assert_int_equal(model_open(m, -1), 0);
	assert_int_equal(m->posts, 2);
	/* Nor does it open again. */
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR);
	assert_int_equal(m->posts, 2);
	model_free(m);
}

/* What could not be said yet is not said any more. */
static void
test_silence_of_what_is_unsaid(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 60 * S);
	model_order(m, 0, ORDER_SILENCE, HOUR);
	m->down = false;
	model_pass(m, HOUR - 1);
	assert_int_equal(m->posts, 0);
	assert_null(model_record(m, "component/c0"));
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

static void
test_silence_survives_restart(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR / 2);
	model_restart(m);
	model_pass(m, HOUR / 2 - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* A silenced component is no part of a storm. */
static void
test_silence_and_storm(void **state)
{
	struct model *m = world(3);
	unsigned n;

	(void)state;
	m->options.storm = 2;
	model_configure(m);
	model_order(m, 2, ORDER_SILENCE, HOUR);
	for (n = 0; n < 3; n++)
		model_health(m, n, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + GROUP_WAIT);
	assert_int_equal(model_open(m, -1), 2);
	assert_int_equal(model_open(m, 2), 0);
	model_free(m);
}

static void
test_silence_and_webhook(void **state)
{
	struct model *m = world(2);

	(void)state;
	m->options.publish = PUBLISH_WEBHOOK | PUBLISH_STATUSES;
	model_configure(m);
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR - 1);
	assert_int_equal(m->triggers, 0);
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_pass(m, 1);
	assert_true(m->webhook_down);
	assert_page(m, 0, PAGE_MAJOR);
	/* It stays down until it is well, silence or not. */
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_pass(m, 60 * S);
	assert_true(m->webhook_down);
	model_comes_back(m, 0);
	assert_false(m->webhook_down);
	model_free(m);
}

static void
test_maintenance(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 0);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR / 2);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, HOUR / 4);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, HOUR / 4 - 60 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 60 * S - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_wanted(m, "c0", PAGE_MAINTENANCE);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_wanted(m, "c0", PAGE_OPERATIONAL);
	assert_page(m, 0, PAGE_OPERATIONAL);
	assert_int_equal(m->nincident, 0);
	model_free(m);
}

/* At its end the truth is shown. */
static void
test_maintenance_that_failed(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_int_equal(m->nincident, 0);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	assert_int_equal(model_open(m, 0), 1);
	assert_null(model_record(m, "component/c0"));
	model_free(m);
}

/* What was known as maintenance was no outage: that begins when it ends, by itself,
 * on demand, or while nobody was there. */
static void
test_maintenance_is_no_outage(void **state)
{
	struct model *m = world(1);
	uint64_t end;

	(void)state;
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	end = m->now + HOUR;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, HOUR + S);
	assert_int_equal(model_last(m)->started / S, end / S);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, HOUR / 2);
	model_order(m, 0, ORDER_MAINTENANCE, 0);
	end = m->now;
	model_settle(m);
	assert_int_equal(m->nincident, 2);
	assert_int_equal(model_last(m)->started / S, end / S);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_settle(m);
	end = m->now + HOUR;
	m->now += HOUR + 100 * S;
	model_restart(m);
	model_pass(m, 10 * S);
	assert_int_equal(m->nincident, 3);
	assert_int_equal(model_last(m)->started / S, end / S);
	model_free(m);
}

/* An outage that is open goes on as maintenance. */
static void
test_maintenance_of_an_outage(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	assert_int_equal(model_open(m, 0), 1);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 0);
	assert_int_equal(model_open(m, 0), 0);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_non_null(strstr(last_message, "continued as maintenance"));
	assert_non_null(strstr(last_message, "c0: under maintenance"));
	model_pass(m, HOUR - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* Nor does that need to know how it is. */
static void
test_maintenance_of_what_is_unknown(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_silence(m, 0, true);
	model_restart(m);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 0);
	assert_int_equal(model_open(m, 0), 0);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_free(m);
}

/* One that others are in goes on for them. */
static void
test_maintenance_of_one_in_a_group(void **state)
{
	struct model *m = world(2);
	unsigned n;

	(void)state;
	for (n = 0; n < 2; n++) {
		free(model_conf(m, n)->group);
		model_conf(m, n)->group = strdup("edge");
	}
	model_configure(m);
	for (n = 0; n < 2; n++)
		model_health(m, n, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + GROUP_WAIT);
	assert_int_equal(m->nincident, 1);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 60 * S);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_page(m, 1, PAGE_MAJOR);
	assert_int_equal(model_open(m, 1), 1);
	model_order(m, 0, ORDER_MAINTENANCE, 0);
	model_pass(m, 60 * S);
	assert_page(m, 0, PAGE_MAJOR);
	assert_int_equal(m->nincident, 1);
	model_free(m);
}

static void
test_maintenance_survives_restart(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 60 * S);
	model_restart(m);
	model_pass(m, HOUR - 60 * S - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_int_equal(m->posts, 1);
	/* It ended while nobody was there. */
	m->now += 10 * S;
	model_restart(m);
	model_pass(m, 10 * S);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* A human's own maintenance on the page stays the human's. */
static void
test_maintenance_and_human(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_human_set(m, 0, PAGE_MAINTENANCE);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, 2 * HOUR);
	assert_int_equal(m->posts, 0);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_wanted(m, "c0", PAGE_MAINTENANCE);
	model_free(m);
}

/* What a human resolved stays resolved through a maintenance. */
static void
test_maintenance_of_what_was_resolved(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_goes_down(m, 0);
	model_human_resolve(m, 0);
	model_pass(m, S);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, HOUR - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	assert_wanted(m, "c0", PAGE_MAINTENANCE);
	model_pass(m, HOUR);
	assert_page(m, 0, PAGE_OPERATIONAL);
	assert_wanted(m, "c0", PAGE_OPERATIONAL);
	assert_int_equal(model_open(m, 0), 0);
	model_comes_back(m, 0);
	model_goes_down(m, 0);
	assert_int_equal(model_open(m, 0), 1);
	model_free(m);
}

/* ... and through a silence, also when she has cleared the page. */
static void
test_silence_of_what_was_resolved(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	model_human_resolve(m, 0);
	model_human_set(m, 0, PAGE_OPERATIONAL);
	model_pass(m, S);
	model_order(m, 0, ORDER_SILENCE, HOUR);
	model_pass(m, 2 * HOUR);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, 0), 0);
	model_free(m);
}

/* Whoever starts a maintenance wants it to be seen. */
static void
test_both(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_order(m, 0, ORDER_SILENCE, 2 * HOUR);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 60 * S);
	model_order(m, 0, ORDER_MAINTENANCE, HOUR);
	model_pass(m, HOUR - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_pass(m, 60 * S);
	assert_page(m, 0, PAGE_OPERATIONAL);
	assert_int_equal(m->nincident, 0);
	model_pass(m, HOUR);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

static void
test_not_configured(void **state)
{
	struct order order = { 1, TIME_NEVER, "", "" };
	struct model *m = world(1);

	(void)state;
	/* Of another replica that has more components, or of one to come. */
	assert_int_equal(incidents_order(m->core, ORDER_MAINTENANCE, "later",
	    &order), 0);
	model_configure(m);
	model_pass(m, HOUR);
	assert_int_equal(m->posts, 0);
	assert_int_equal(incidents_order(m->core, ORDER_SILENCE, "never",
	    NULL), 0);
	model_free(m);
}

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
	struct model *m = world(1);
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
	struct model *m = world(1);

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
	struct model *m = world(1);

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
	struct model *m = world(3);
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

/* -- anything may happen -------------------------------------------------- */

static uint64_t down_since[MODEL_COMPONENTS];

static enum health
random_health(void)
{
	static const enum health some[] = { HEALTH_OK, HEALTH_OK, HEALTH_IDLE,
	    HEALTH_ROLLING, HEALTH_DEGRADED, HEALTH_PARTIAL, HEALTH_MAJOR,
	    HEALTH_MAJOR };

	return (some[model_random(sizeof(some) / sizeof(some[0]))]);
}

/* Without faults: what is asked for is there at once, and the truth when it is
 * over. That nothing is said against it, the model itself checks. */
static void
check_now(const struct model *m, uint64_t seed)
{
	const struct model_component *c;
	unsigned n;

	for (n = 0; n < m->n; n++) {
		c = &m->component[n];
		if (model_ordered(m, n, ORDER_MAINTENANCE)) {
			if (c->page == PAGE_MAINTENANCE)
				continue;
		} else if (model_ordered(m, n, ORDER_SILENCE)) {
			if (down_since[n] != 0 || c->page == PAGE_OPERATIONAL ||
			    m->now - c->since < UP_AFTER ||
			    c->health == HEALTH_ROLLING)
				continue;
		} else if (down_since[n] == 0 ||
		    m->now - down_since[n] < DOWN_AFTER + GROUP_WAIT ||
		    (c->page >= PAGE_DEGRADED && model_open(m, (int)n) == 1))
			continue;
		printf("seed %llu: c%u is wrong\n", (unsigned long long)seed, n);
		model_print(m);
		fail();
	}
}

static void
history(uint64_t seed)
{
	struct model *m;
	enum health health;
	unsigned step, n;

	model_seed(seed);
	m = model_new(1 + model_random(MODEL_COMPONENTS), DOWN_AFTER, UP_AFTER,
	    900 * S);
	m->trace = getenv("KANATA_TRACE") != NULL;
	memset(down_since, 0, sizeof(down_since));
	for (step = 0; step < 120; step++) {
		n = model_random(m->n);
		health = random_health();
		model_health(m, n, health);
		if (health < HEALTH_DEGRADED)
			down_since[n] = 0;
		else if (down_since[n] == 0)
			down_since[n] = m->now;
		if (model_random(3) == 0)
			model_order(m, model_random(m->n), model_random(2) == 0 ?
			    ORDER_SILENCE : ORDER_MAINTENANCE,
			    model_random(4) * 50 * S);
		model_pass(m, model_random(3) == 0 ? model_random(90000) :
		    model_random(5000));
		if (model_random(6) == 0) {
			model_restart(m);
			model_settle(m);
			for (n = 0; n < m->n; n++)
				if (down_since[n] != 0)
					down_since[n] = m->component[n].since;
		}
		check_now(m, seed);
	}
	model_free(m);
}

static void
test_histories(void **state)
{
	const char *s = getenv("KANATA_SEED");
	uint64_t first = s != NULL ? strtoull(s, NULL, 10) : 1, n;

	(void)state;
	s = getenv("KANATA_SECONDS");
	for (n = first; n < first + (s != NULL ? 100 * strtoull(s, NULL, 10) :
	    300); n++)
		history(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_silence_ended_early),
		cmocka_unit_test(test_silence_of_what_is_open),
		cmocka_unit_test(test_silence_of_what_is_unsaid),
		cmocka_unit_test(test_silence_survives_restart),
		cmocka_unit_test(test_silence_and_storm),
		cmocka_unit_test(test_silence_and_webhook),
		cmocka_unit_test(test_maintenance),
		cmocka_unit_test(test_maintenance_that_failed),
		cmocka_unit_test(test_maintenance_is_no_outage),
		cmocka_unit_test(test_maintenance_of_an_outage),
		cmocka_unit_test(test_maintenance_of_what_is_unknown),
		cmocka_unit_test(test_maintenance_of_one_in_a_group),
		cmocka_unit_test(test_maintenance_survives_restart),
		cmocka_unit_test(test_maintenance_and_human),
		cmocka_unit_test(test_maintenance_of_what_was_resolved),
		cmocka_unit_test(test_silence_of_what_was_resolved),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_not_configured),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_orders),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_histories),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
