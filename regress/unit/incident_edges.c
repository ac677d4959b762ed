/*
 * The rules of incidents at their edges: what the page does late, a clock that is
 * set back, what was never said, which of two comes first.
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

#include "model.h"

#define S		1000ULL
#define HOUR		(3600 * S)
#define BELIEVE		(15 * S)	/* what the page is given for a request */

static char	 posted[4096];		/* what was, in order */

static void
keep_posted(struct model *m, const struct operation *op)
{
	size_t k;

	(void)m;
	if (op->type != OP_CREATE && op->type != OP_UPDATE &&
	    op->type != OP_STATUS)
		return;
	strlcat(posted, op->name, sizeof(posted));
	for (k = 0; k < op->ncomponent; k++) {
		strlcat(posted, k == 0 ? ": " : " ", sizeof(posted));
		strlcat(posted, op->component[k].id, sizeof(posted));
	}
	strlcat(posted, ";", sizeof(posted));
}

static struct model *
world_of(unsigned n, uint64_t down_after, uint64_t up_after)
{
	struct model *m;

	model_seed(1);
	m = model_new(n, down_after, up_after, REOPEN);
	m->check = keep_posted;
	posted[0] = '\0';
	return (m);
}

static struct model *
world(unsigned n)
{
	return (world_of(n, DOWN_AFTER, UP_AFTER));
}

static void
assert_page(const struct model *m, unsigned n, enum page_status status)
{
	assert_string_equal(page_status_name(m->component[n].page),
	    page_status_name(status));
}

/* -- what the page does late ---------------------------------------------- */

/* c0 is being updated; the page gives no answer to that, and takes it when it is
 * asked again. */
static struct model *
late_maintenance(void)
{
	struct model *m = world_of(1, 0, S);

	m->gives_up = true;
	model_health(m, 0, HEALTH_ROLLING);
	model_settle(m);
	m->gives_up = false;
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_pass(m, S);
	assert_page(m, 0, PAGE_MAINTENANCE);
	return (m);
}

/* What it may still do is waited for: it would undo what is asked meanwhile, and
 * be taken for a human's. */
static void
test_late_status(void **state)
{
	struct model *m = late_maintenance();
	struct component_view view;

	(void)state;
	/* Nor is it a human's meanwhile. */
	model_read(m);
	assert_true(incidents_component(m->core, "c0", &view));
	assert_false(view.human);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, BELIEVE - S - 1);
	model_late(m);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_read(m);
	model_health(m, 0, HEALTH_MAJOR);
	model_settle(m);
	assert_int_equal(model_open(m, 0), 1);
	model_free(m);
}

/* Nor is that overtaken by an incident. */
static void
test_late_status_before_an_outage(void **state)
{
	struct model *m = late_maintenance();

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, BELIEVE - S - 1);
	assert_int_equal(m->nincident, 0);
	model_late(m);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	assert_int_equal(model_open(m, 0), 1);
	model_free(m);
}

/* Nor after a restart, that knows of it by the record alone. */
static void
test_late_status_after_a_restart(void **state)
{
	struct model *m = world_of(1, 0, S);

	(void)state;
	m->gives_up = true;
	model_health(m, 0, HEALTH_ROLLING);
	model_settle(m);
	m->gives_up = false;
	model_restart(m);
	model_settle(m);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, BELIEVE - 1);
	assert_page(m, 0, PAGE_MAINTENANCE);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_free(m);
}

static void
test_late_webhook(void **state)
{
	struct model *m = world_of(1, 0, S);

	(void)state;
	m->options.publish = PUBLISH_WEBHOOK;
	model_configure(m);
	m->gives_up = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_settle(m);
	m->gives_up = false;
	model_pass(m, S);
	assert_int_equal(m->triggers, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, BELIEVE - S - 1);
	model_late(m);
	assert_true(m->webhook_down);
	model_pass(m, 1);
	assert_false(m->webhook_down);
	model_free(m);
}

/* -- the webhook ---------------------------------------------------------- */

/* What a human has under maintenance is no trouble to be told of; what is known
 * by an order alone does not keep it down. */
static void
test_webhook_counts_what_is_shown(void **state)
{
	struct order order = { 1, UINT64_MAX, "", "" };
	struct model *m = world(2);

	(void)state;
	m->options.publish = PUBLISH_WEBHOOK;
	model_configure(m);
	incidents_order(m->core, ORDER_SILENCE, "later", &order);
	model_human_set(m, 0, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->triggers, 0);
	model_health(m, 1, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	assert_true(m->webhook_down);
	model_health(m, 1, HEALTH_OK);
	model_pass(m, UP_AFTER);
	assert_false(m->webhook_down);
	model_free(m);
}

/* -- the clock is set back ------------------------------------------------ */

static void
set_back(struct model *m)
{
	m->now -= HOUR;
	model_settle(m);
}

/* A wait that has begun starts anew: it is neither over at once nor does it last
 * until the clock has caught up. */
static void
test_clock_set_back(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	set_back(m);
	model_pass(m, DOWN_AFTER - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 20 * S);
	set_back(m);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_free(m);
}

/* What failed is tried again soon, whatever the clock says. */
static void
test_clock_set_back_while_it_fails(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	m->down = false;
	set_back(m);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* The same of what may be done late, and of what was asked before a restart. */
static void
test_clock_set_back_while_it_is_late(void **state)
{
	struct model *m = late_maintenance();

	(void)state;
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 2 * S);
	set_back(m);
	model_pass(m, BELIEVE);
	assert_page(m, 0, PAGE_OPERATIONAL);
	m->gives_up = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_settle(m);
	m->gives_up = false;
	model_restart(m);
	model_settle(m);
	set_back(m);
	model_pass(m, BELIEVE);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* -- what was never said -------------------------------------------------- */

/* An outage that was over before a word was said of it never was: the next one
 * waits as long as any. */
static void
test_unsaid_is_not_due(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 2 * S);
	m->down = false;
	model_pass(m, 2 * S);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* The same of how bad it was. */
static void
test_unsaid_is_not_as_bad(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	model_health(m, 0, HEALTH_PARTIAL);
	m->down = false;
	model_pass(m, 5 * S);
	assert_page(m, 0, PAGE_PARTIAL);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 1);
	assert_page(m, 0, PAGE_PARTIAL);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* Whatever is published of it. */
static void
test_unsaid_without_incidents(void **state)
{
	struct model *m = world(1);

	(void)state;
	m->options.publish = PUBLISH_STATUSES | PUBLISH_WEBHOOK;
	model_configure(m);
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 2 * S);
	m->down = false;
	model_pass(m, UP_AFTER);
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->triggers, 0);
	assert_null(model_record(m, "component/c0"));
	assert_null(model_record(m, "webhook"));
	model_free(m);
}

/* A short recovery does not end an outage, nor does it with an update in it. */
static void
test_escalates_over_an_update(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 40 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 20 * S);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, 20 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 40 * S);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 180 * S - 1);
	assert_page(m, 0, PAGE_PARTIAL);
	model_pass(m, 1);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* A watcher that is gone leaves nothing behind that time makes worse. */
static void
test_watcher_is_gone(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	incidents_silence_begin(m->core, 0);
	incidents_silence_end(m->core, 0, m->now);
	model_pass(m, HOUR);
	assert_int_equal(m->posts, 0);
	/* Back, and it was down all the time. */
	model_report(m, 0);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	/* Nor does it make it better. */
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 20 * S);
	incidents_silence_begin(m->core, 0);
	incidents_silence_end(m->core, 0, m->now);
	model_pass(m, HOUR);
	assert_page(m, 0, PAGE_MAJOR);
	model_free(m);
}

/* -- which comes first ---------------------------------------------------- */

/* The worst news goes first, in whatever order they came. */
static void
test_worst_first(void **state)
{
	struct model *m = world(4);

	(void)state;
	model_health(m, 0, HEALTH_DEGRADED);
	model_health(m, 1, HEALTH_PARTIAL);
	model_health(m, 2, HEALTH_MAJOR);
	model_health(m, 3, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(posted, "c2 is down: c2;c1 has a partial outage: c1;"
	    "c3 has a partial outage: c3;c0 has degraded performance: c0;");
	model_free(m);
}

/* An incident is as urgent as the worst in it, which is named first. */
static void
test_worst_of_a_group(void **state)
{
	struct model *m = world(3);

	(void)state;
	model_group(m, 1, "edge");
	model_group(m, 2, "edge");
	model_health(m, 0, HEALTH_PARTIAL);
	model_health(m, 1, HEALTH_DEGRADED);
	model_health(m, 2, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(posted, "c2 and c1 are affected: c2 c1;"
	    "c0 has a partial outage: c0;");
	model_free(m);
}

/* Also when the worst of the news is of the one that joined last. */
static void
test_worst_joined_last(void **state)
{
	struct model *m = world(4);

	(void)state;
	model_group(m, 1, "edge");
	model_group(m, 2, "edge");
	model_group(m, 3, "edge");
	model_health(m, 1, HEALTH_MAJOR);
	model_health(m, 3, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	model_health(m, 1, HEALTH_OK);
	model_pass(m, UP_AFTER);
	posted[0] = '\0';
	model_health(m, 0, HEALTH_PARTIAL);
	model_health(m, 1, HEALTH_DEGRADED);
	model_health(m, 2, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(posted, "c1 and c3 are affected: c2 c3 c1;"
	    "c0 has a partial outage: c0;");
	model_free(m);
}

/* -- who is named --------------------------------------------------------- */

/* What came and went before the incident was opened is not in it. */
static void
test_came_and_went(void **state)
{
	struct model *m = world(2);

	(void)state;
	model_group(m, 0, "edge");
	model_group(m, 1, "edge");
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_health(m, 1, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	model_health(m, 0, HEALTH_OK);
	m->down = false;
	model_pass(m, 5 * S);
	assert_string_equal(posted, "c1 is down: c1;");
	model_free(m);
}

/* What was moved to another page meanwhile is not named on the old one. */
static void
test_moved_to_another_page(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	posted[0] = '\0';
	incidents_page_begin(m->core);
	incidents_page_component(m->core, "other", "c0", "c0",
	    PAGE_OPERATIONAL);
	incidents_page_end(m->core);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER);
	assert_string_equal(posted, "c0 is down;");
	assert_int_equal(model_open(m, -1), 0);
	model_free(m);
}

/* What gets worse goes before what is well again. */
static void
test_worse_before_better(void **state)
{
	struct model *m = world_of(2, S, S);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, S);
	posted[0] = '\0';
	model_health(m, 0, HEALTH_OK);
	model_health(m, 1, HEALTH_DEGRADED);
	model_pass(m, S);
	assert_string_equal(posted, "c1 has degraded performance: c1;"
	    "c0 is down: c0;");
	model_free(m);
}

/* The level that has lasted is said at once, by one write before and one after. */
static void
test_one_step(void **state)
{
	struct model *m = world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->posts, 1);
	assert_int_equal(m->puts, 2);
	assert_page(m, 0, PAGE_MAJOR);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER);
	assert_int_equal(m->posts, 2);
	assert_int_equal(m->puts, 4);
	assert_page(m, 0, PAGE_OPERATIONAL);
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_status),
		cmocka_unit_test(test_late_status_before_an_outage),
		cmocka_unit_test(test_late_status_after_a_restart),
		cmocka_unit_test(test_late_webhook),
		cmocka_unit_test(test_webhook_counts_what_is_shown),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_clock_set_back_while_it_fails),
		cmocka_unit_test(test_clock_set_back_while_it_is_late),
		cmocka_unit_test(test_unsaid_is_not_due),
		cmocka_unit_test(test_unsaid_is_not_as_bad),
		cmocka_unit_test(test_unsaid_without_incidents),
		cmocka_unit_test(test_escalates_over_an_update),
		cmocka_unit_test(test_watcher_is_gone),
		cmocka_unit_test(test_worst_first),
		cmocka_unit_test(test_worst_of_a_group),
		cmocka_unit_test(test_worst_joined_last),
		cmocka_unit_test(test_came_and_went),
		cmocka_unit_test(test_moved_to_another_page),
		cmocka_unit_test(test_worse_before_better),
		cmocka_unit_test(test_one_step),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
