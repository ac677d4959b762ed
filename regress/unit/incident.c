/*
 * The rules of incidents, one by one (DESIGN.md section 3).
 */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "model.h"

#define S		1000ULL

static void
test_opens_after_down_after(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_int_equal(m->posts, 1);
	assert_int_equal(model_open(m, 0), 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_string_equal(model_last(m)->name, "c0 is down");
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_free(m);
}

/* FIELD.md 22, 24: one bad moment pages nobody. */
static void
test_shorter_is_silent(void **state)
{
	struct model *m = model_world(1);
	unsigned n;

	(void)state;
	for (n = 0; n < 20; n++) {
		model_health(m, 0, HEALTH_MAJOR);
		model_pass(m, DOWN_AFTER - 1);
		model_health(m, 0, HEALTH_OK);
		model_pass(m, 500);
	}
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->puts, 0);
	model_free(m);
}

/* FIELD.md 21, 27: back for a moment is not back. */
static void
test_resolves_after_up_after(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_free(m);
}

static void
test_worsens_and_improves(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_goes_down(m, 0);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, UP_AFTER);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	assert_phase(model_last(m), PHASE_MONITORING);
	assert_int_equal(m->posts, 3);
	assert_int_equal(m->nincident, 1);
	model_free(m);
}

/* A lesser outage that lasts becomes a major one, and stays so until all is
 * well, also over a restart and a recovery that is too short to be one. */
static void
test_escalates(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 200 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 20 * S);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 70 * S);
	model_restart(m);
	model_pass(m, 10 * S - 1);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_pass(m, 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 500 * S);
	model_restart(m);
	model_pass(m, 500 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_int_equal(m->posts, 3);
	model_comes_back(m, 0);
	assert_int_equal(m->posts, 4);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_null(model_record(m, "component/c0"));
	/* The next one begins anew. */
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 299 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_pass(m, 1 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_free(m);
}

/* The same when only statuses are published. */
static void
test_escalates_without_incidents(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->options.publish = PUBLISH_STATUSES;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 299 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_restart(m);
	model_pass(m, 1 * S);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->posts, 3);
	assert_null(model_record(m, "component/c0"));
	/* Never, for whom it is not configured. */
	model_conf(m, 0)->escalate_after = 0;
	model_configure(m);
	model_health(m, 0, HEALTH_DEGRADED);
	model_pass(m, 100000 * S);
	assert_int_equal(m->component[0].page, PAGE_DEGRADED);
	model_free(m);
}

/* Time in which nothing is known makes nothing worse. */
static void
test_unknown_does_not_escalate(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_conf(m, 0)->escalate_after = 300 * S;
	model_configure(m);
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, 100 * S);
	model_silence(m, 0, true);
	model_pass(m, 1000 * S);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_silence(m, 0, false);
	model_settle(m);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_free(m);
}

/* FIELD.md 25: a trouble that changes its kind all the time is one trouble. */
static void
test_changing_trouble(void **state)
{
	struct model *m = model_world(1);
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++) {
		model_health(m, 0, HEALTH_MAJOR);
		model_pass(m, 5 * S);
		model_health(m, 0, HEALTH_PARTIAL);
		model_pass(m, 5 * S);
	}
	assert_int_equal(m->posts, 1);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_free(m);
}

/* FIELD.md 26, 69: flapping continues the incident there is, for a while. */
static void
test_reopens(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + 100 * S);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 1);
	assert_phase(model_last(m), PHASE_INVESTIGATING);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER + REOPEN);
	assert_null(model_record(m, "component/c0"));
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 2);
	model_free(m);
}

/* FIELD.md 31: what was said before is no news, however often it is said. */
static void
test_reported_again(void **state)
{
	struct model *m = model_world(2);
	unsigned n;

	(void)state;
	model_goes_down(m, 0);
	for (n = 0; n < 100; n++) {
		incidents_silence_begin(m->core, 0);
		model_report_all(m);
		incidents_silence_end(m->core, 0, m->now);
		model_read(m);
		model_pass(m, 10 * S);
	}
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* What goes on with other components is called after these. */
static void
test_renamed(void **state)
{
	struct model *m = model_world(3);

	(void)state;
	model_group(m, 0, "edge");
	model_group(m, 1, "edge");
	model_health(m, 0, HEALTH_PARTIAL);
	model_pass(m, DOWN_AFTER);
	assert_string_equal(model_last(m)->name, "c0 has a partial outage");
	model_goes_down(m, 0);
	assert_string_equal(model_last(m)->name, "c0 is down");
	model_health(m, 1, HEALTH_MAJOR);
	m->lose_after = 100;
	model_pass(m, DOWN_AFTER);
	m->lose_after = 0;
	model_restart(m);
	model_pass(m, 10 * S);
	assert_string_equal(model_last(m)->name, "c0 and c1 are affected");
	assert_null(strstr(model_record(m, "incident/1767225600000"),
	    "rename"));
	/* What gets better keeps its name. */
	model_comes_back(m, 0);
	model_comes_back(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_string_equal(model_last(m)->name, "c0 and c1 are affected");
	model_health(m, 1, HEALTH_DEGRADED);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->nincident, 1);
	assert_string_equal(model_last(m)->name, "c1 has degraded performance");
	/* A human's name stays. */
	strlcpy(model_last(m)->name, "DNS", sizeof(model_last(m)->name));
	model_goes_down(m, 1);
	assert_string_equal(model_last(m)->name, "DNS");
	model_free(m);
}

static void
test_group_shares(void **state)
{
	struct model *m = model_world(3);

	(void)state;
	model_group(m, 0, "edge");
	model_group(m, 1, "edge");
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	model_health(m, 1, HEALTH_PARTIAL);
	model_health(m, 2, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER - 5 * S);
	/* The first is due and waits for the second. */
	assert_int_equal(m->posts, 0);
	model_pass(m, 5 * S);
	assert_int_equal(m->nincident, 2);
	assert_int_equal(m->posts, 2);
	assert_int_equal(model_open(m, 0), 1);
	assert_int_equal(m->component[0].page, PAGE_MAJOR);
	assert_int_equal(m->component[1].page, PAGE_PARTIAL);
	model_free(m);
}

static void
test_group_joins_and_monitors(void **state)
{
	struct model *m = model_world(2);

	(void)state;
	model_group(m, 0, "edge");
	model_group(m, 1, "edge");
	model_health(m, 0, HEALTH_MAJOR);
	/* Nobody else is on its way: no wait. */
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->posts, 1);
	model_goes_down(m, 1);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(m->posts, 2);
	model_comes_back(m, 0);
	assert_phase(model_last(m), PHASE_MONITORING);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->component[1].page, PAGE_MAJOR);
	model_comes_back(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_storm(void **state)
{
	struct model *m = model_world(8);
	unsigned n;

	(void)state;
	for (n = 0; n < 8; n++) {
		model_health(m, n, HEALTH_MAJOR);
		model_pass(m, S);
	}
	model_pass(m, DOWN_AFTER + 10 * S);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(m->posts, 1);
	for (n = 0; n < 8; n++)
		assert_int_equal(m->component[n].page, PAGE_MAJOR);
	model_free(m);
}

static void
test_no_storm(void **state)
{
	struct model *m = model_world(5);
	unsigned n;

	(void)state;
	for (n = 0; n < 5; n++)
		model_goes_down(m, n);
	assert_int_equal(m->nincident, 5);
	model_free(m);
}

/* FIELD.md 1, 5, 6: an update is maintenance, not an outage. */
static void
test_rollout(void **state)
{
	struct model *m = model_world(2);
	struct component_view view;

	(void)state;
	model_conf(m, 1)->rollout = ROLLOUT_QUIET;
	model_configure(m);
	model_health(m, 0, HEALTH_ROLLING);
	model_health(m, 1, HEALTH_ROLLING);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->component[0].page, PAGE_MAINTENANCE);
	assert_int_equal(m->component[1].page, PAGE_OPERATIONAL);
	assert_true(incidents_component(m->core, "c0", &view));
	assert_int_equal(view.wanted, PAGE_MAINTENANCE);
	assert_true(incidents_component(m->core, "c1", &view));
	assert_int_equal(view.wanted, PAGE_OPERATIONAL);
	assert_non_null(model_record(m, "component/c0"));
	model_health(m, 0, HEALTH_OK);
	model_comes_back(m, 1);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_null(model_record(m, "component/c0"));
	assert_int_equal(m->posts, 2);
	assert_int_equal(m->nincident, 0);
	model_free(m);
}

static void
test_rollout_in_an_outage(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_goes_down(m, 0);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

/* FIELD.md 23: what is not known is neither bad nor good. */
static void
test_unknown_freezes(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	model_silence(m, 0, true);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 0);
	/* It was down all the time, says the cluster. */
	model_silence(m, 0, false);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	/* Back, but not seen: nothing is resolved. */
	model_silence(m, 0, true);
	m->component[0].health = HEALTH_OK;
	m->component[0].since = m->now + 500 * S;
	model_pass(m, 520 * S);
	assert_int_equal(m->posts, 1);
	model_silence(m, 0, false);
	model_pass(m, 39 * S);
	assert_int_equal(m->posts, 1);
	model_pass(m, 1 * S);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_paused(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->component[0].paused = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 0);
	m->component[0].paused = false;
	model_report(m, 0);
	model_pass(m, DOWN_AFTER);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_after_down_after),
		cmocka_unit_test(test_shorter_is_silent),
		cmocka_unit_test(test_resolves_after_up_after),
		cmocka_unit_test(test_worsens_and_improves),
		cmocka_unit_test(test_escalates),
		cmocka_unit_test(test_escalates_without_incidents),
		cmocka_unit_test(test_unknown_does_not_escalate),
		cmocka_unit_test(test_changing_trouble),
		cmocka_unit_test(test_reopens),
		cmocka_unit_test(test_reported_again),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_group_shares),
		cmocka_unit_test(test_group_joins_and_monitors),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_no_storm),
		cmocka_unit_test(test_rollout),
		cmocka_unit_test(test_rollout_in_an_outage),
		cmocka_unit_test(test_unknown_freezes),
		cmocka_unit_test(test_paused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
