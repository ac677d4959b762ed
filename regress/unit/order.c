/*
 * What operators ask for: silence and maintenance (notifier/order.c), one rule
 * after the other.
 */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "../../notifier/debounce.h"
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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
