/*
 * What becomes of incidents and statuses by what the page answers, one answer after
 * the other: refused, absent, not known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model.h"

#define S		1000ULL
#define ASKED_MAX	100	/* more is a loop */

static struct model *
world(unsigned publish)
{
	struct model *m;

	model_seed(1);
	m = model_new(1, DOWN_AFTER, UP_AFTER, 900 * S);
	m->options.publish = publish;
	model_configure(m);
	return (m);
}

/*
 * Asks the page for all that is to be asked now, which gives that answer to it; the
 * store does what it is asked.  How often, and the last of them.
 */
static unsigned
ask(struct model *m, enum operation_result result, struct operation *last)
{
	struct operation op;
	unsigned n = 0;
	bool store;

	for (;;) {
		incidents_next(m->core, m->now, true, &op);
		if (op.type == OP_NONE)
			return (n);
		store = op.type == OP_STORE_PUT || op.type == OP_STORE_DELETE;
		if (!store) {
			assert_true(++n < ASKED_MAX);
			*last = op;
		}
		assert_int_equal(incidents_done(m->core, op.id, store ?
		    OP_DONE : result, NULL, store || result == OP_ABSENT ?
		    0 : S, m->now), 0);
	}
}

/* What is refused is not asked again and again: only when the page was read. */
static void
test_refused(void **state)
{
	struct model *m = world(PUBLISH_INCIDENTS | PUBLISH_STATUSES);
	struct operation op;

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	m->now += DOWN_AFTER;
	assert_int_equal(ask(m, OP_REFUSED, &op), 1);
	assert_int_equal(op.type, OP_CREATE);
	m->now += 600 * S;
	assert_int_equal(ask(m, OP_REFUSED, &op), 0);
	model_read(m);
	assert_int_equal(ask(m, OP_REFUSED, &op), 1);
	model_free(m);
}

static void
test_status_refused(void **state)
{
	struct model *m = world(PUBLISH_STATUSES);
	struct operation op;

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	m->now += DOWN_AFTER;
	assert_int_equal(ask(m, OP_REFUSED, &op), 1);
	assert_int_equal(op.type, OP_STATUS);
	m->now += 600 * S;
	assert_int_equal(ask(m, OP_REFUSED, &op), 0);
	/* What is so by then is something else. */
	model_health(m, 0, HEALTH_PARTIAL);
	m->now += UP_AFTER;
	assert_int_equal(ask(m, OP_REFUSED, &op), 1);
	model_free(m);
}

/* What is not on the page is left alone until the page was read. */
static void
test_status_absent(void **state)
{
	struct model *m = world(PUBLISH_STATUSES);
	struct operation op;

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	m->now += DOWN_AFTER;
	assert_int_equal(ask(m, OP_ABSENT, &op), 1);
	m->now += 600 * S;
	assert_int_equal(ask(m, OP_ABSENT, &op), 0);
	model_read(m);
	assert_int_equal(ask(m, OP_ABSENT, &op), 1);
	model_free(m);
}

/* Nor is an incident opened for what the page has no more. */
static void
test_gone_from_the_page(void **state)
{
	struct model *m = world(PUBLISH_INCIDENTS | PUBLISH_STATUSES);

	(void)state;
	incidents_page_begin(m->core);
	incidents_page_end(m->core);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 0);
	model_read(m);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* That a post is found not to have come through makes the next try no more likely:
 * the waits go on getting longer. */
static void
test_absent_is_no_success(void **state)
{
	struct model *m = world(PUBLISH_INCIDENTS);
	struct operation op;

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	m->now += DOWN_AFTER;
	assert_int_equal(ask(m, OP_UNSURE, &op), 1);
	m->now += S;
	incidents_next(m->core, m->now, true, &op);
	assert_int_equal(op.type, OP_FIND);
	assert_int_equal(incidents_done(m->core, op.id, OP_ABSENT, NULL, 0,
	    m->now), 0);
	assert_int_equal(ask(m, OP_UNSURE, &op), 1);
	assert_int_equal(op.type, OP_CREATE);
	assert_int_equal(op.attempt, 1);
	model_free(m);
}

/* What is found to have come through before the start gets better in its own time. */
static void
test_found_and_started_anew(void **state)
{
	struct model *m = world(PUBLISH_INCIDENTS | PUBLISH_STATUSES);

	(void)state;
	m->lose_after = 100;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	m->lose_after = 0;
	model_health(m, 0, HEALTH_OK);
	model_restart(m);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(model_open(m, 0), 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_pass(m, 1);
	assert_int_equal(model_open(m, 0), 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_free(m);
}

/* What a human resolved stays so over a restart, though it is not as bad as it was
 * for long. */
static void
test_resolved_and_started_anew(void **state)
{
	struct model *m = world(PUBLISH_INCIDENTS);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER);
	model_human_resolve(m, 0);
	model_pass(m, S);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 5 * S);
	model_restart(m);
	model_pass(m, 600 * S);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, 0), 0);
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_status_refused),
		cmocka_unit_test(test_status_absent),
		cmocka_unit_test(test_gone_from_the_page),
		cmocka_unit_test(test_absent_is_no_success),
		cmocka_unit_test(test_found_and_started_anew),
		cmocka_unit_test(test_resolved_and_started_anew),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
