/*
 * The rules of incidents when something comes between: Kanata is started anew, the
 * page or the store does not answer, a human acts, a component is taken away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "model.h"

#define S		1000ULL

/* FIELD.md 28, 32, 34: a restart says nothing twice and skips no wait. */
static void
test_restart(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 20 * S);
	model_restart(m);
	model_pass(m, 10 * S - 1);
	assert_int_equal(m->posts, 0);
	model_pass(m, 1);
	assert_int_equal(m->posts, 1);
	model_restart(m);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 30 * S);
	model_restart(m);
	model_pass(m, 30 * S);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_restart(m);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 2);
	model_free(m);
}

static void
test_recovered_while_away(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_goes_down(m, 0);
	m->component[0].health = HEALTH_OK;
	m->component[0].since = m->now + 10 * S;
	m->now += 600 * S;
	model_restart(m);
	model_settle(m);
	assert_int_equal(m->posts, 2);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

/* The reply of the create is lost: found again, not made twice. */
static void
test_lost_reply(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->lose_after = 100;
	model_goes_down(m, 0);
	m->lose_after = 0;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 1);
	assert_int_equal(m->nincident, 1);
	assert_non_null(strstr(model_record(m, "incident/1767225600000"),
	    "\"id\":\"i0\""));
	model_free(m);
}

/* What was asked before the restart may come through later: it is not looked
 * for at once. */
static void
test_restart_looks_later(void **state)
{
	const char *key = "incident/1767225600000";
	struct model *m = model_world(1);

	(void)state;
	m->lose_after = 100;
	model_goes_down(m, 0);
	m->lose_after = 0;
	model_restart(m);
	model_pass(m, 5 * S - 1);
	assert_non_null(strstr(model_record(m, key), "\"posting\""));
	model_pass(m, 1);
	assert_non_null(strstr(model_record(m, key), "\"id\":\"i0\""));
	assert_null(strstr(model_record(m, key), "\"posting\""));
	assert_int_equal(m->nincident, 1);
	model_free(m);
}

/* What a gateway gave up waiting for is done later: that it is not there yet is
 * not believed for as long as the page is given for a request. */
static void
test_late(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->gives_up = true;
	model_goes_down(m, 0);
	m->gives_up = false;
	model_pass(m, 14 * S);
	assert_int_equal(m->nincident, 0);
	model_late(m);
	model_pass(m, 1 * S);
	assert_int_equal(m->nincident, 1);
	model_comes_back(m, 0);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, -1), 0);
	model_free(m);
}

/* And then it is. */
static void
test_never(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->gives_up = true;
	model_goes_down(m, 0);
	m->gives_up = false;
	model_pass(m, 15 * S);
	assert_int_equal(m->nincident, 1);
	assert_int_equal(model_open(m, 0), 1);
	model_free(m);
}

static void
test_lost_request(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->lose_before = 100;
	model_goes_down(m, 0);
	m->lose_before = 0;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* Twenty changes while the page cannot be reached are one. */
static void
test_unreachable(void **state)
{
	struct model *m = model_world(1);
	unsigned n;

	(void)state;
	model_goes_down(m, 0);
	m->down = true;
	for (n = 0; n < 20; n++) {
		model_health(m, 0, n % 2 == 0 ? HEALTH_OK : HEALTH_PARTIAL);
		model_pass(m, UP_AFTER + S);
	}
	m->down = false;
	model_pass(m, 10 * S);
	assert_int_equal(m->posts, 2);
	assert_int_equal(m->component[0].page, PAGE_PARTIAL);
	model_free(m);
}

static void
test_over_before_it_was_said(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 5 * S);
	assert_true(m->puts > 0);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 2 * S);
	m->down = false;
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	assert_null(model_record(m, "incident/1767225600000"));
	model_free(m);
}

static void
test_nothing_before_the_store(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	m->store_down = true;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, DOWN_AFTER + 60 * S);
	assert_int_equal(m->posts, 0);
	m->store_down = false;
	model_pass(m, 5 * S);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

/* A write that is said to have failed may be there all the same. */
static void
test_failed_write_is_there(void **state)
{
	struct model *m;

	(void)state;
	model_seed(1);
	m = model_new(1, 0, UP_AFTER, REOPEN);
	model_health(m, 0, HEALTH_MAJOR);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, UP_AFTER - 1);
	m->now++;
	m->store_lies = true;
	model_launch(m);
	model_land(m, true);
	assert_non_null(strstr(model_record(m, "incident/1767225600000"),
	    "RESOLVED"));
	m->store_lies = false;
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 5 * S);
	assert_int_equal(m->posts, 1);
	assert_null(strstr(model_record(m, "incident/1767225600000"),
	    "RESOLVED"));
	model_free(m);
}

/* FIELD.md 67: a human's maintenance is left alone. */
static void
test_human_maintenance(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_human_set(m, 0, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_ROLLING);
	model_pass(m, 100 * S);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 100 * S);
	model_health(m, 0, HEALTH_OK);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	assert_int_equal(m->component[0].page, PAGE_MAINTENANCE);
	model_health(m, 0, HEALTH_MAJOR);
	model_pass(m, 100 * S);
	model_human_set(m, 0, PAGE_OPERATIONAL);
	model_settle(m);
	assert_int_equal(m->posts, 1);
	model_free(m);
}

static void
test_human_resolves(void **state)
{
	struct model *m = model_world(1);

	(void)state;
	model_goes_down(m, 0);
	model_human_resolve(m, 0);
	model_pass(m, 600 * S);
	model_restart(m);
	model_pass(m, 600 * S);
	assert_int_equal(m->posts, 1);
	/* The next ok ends the silence and clears what we had set. */
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_goes_down(m, 0);
	assert_int_equal(m->nincident, 2);
	model_free(m);
}

/* Seen only when the update is to be posted. */
static void
test_human_resolved_meanwhile(void **state)
{
	struct model *m = model_world(2);

	(void)state;
	model_goes_down(m, 0);
	model_last(m)->phase = PHASE_RESOLVED;
	model_comes_back(m, 0);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	assert_int_equal(m->posts, 2);
	assert_null(model_record(m, "component/c0"));
	assert_null(model_record(m, "incident/1767225600000"));
	model_free(m);
}

static void
test_removed_from_configuration(void **state)
{
	struct model *m = model_world(2);

	(void)state;
	model_goes_down(m, 0);
	model_remove(m, 0);
	model_settle(m);
	assert_phase(model_last(m), PHASE_RESOLVED);
	assert_int_equal(m->component[0].page, PAGE_OPERATIONAL);
	model_free(m);
}

static void
test_removed_while_away(void **state)
{
	struct model *m = model_world(2);

	(void)state;
	model_goes_down(m, 0);
	incidents_free(m->core);
	m->core = incidents_new();
	model_remove(m, 0);
	model_restart(m);
	model_settle(m);
	assert_phase(model_last(m), PHASE_RESOLVED);
	model_free(m);
}

static void
test_bad_records(void **state)
{
	static const char *const bad[][2] = {
		{ "incident/5", "" },
		{ "incident/5", "[]" },
		{ "incident/5", "{\"v\":2}" },
		{ "incident/5", "{\"v\":1,\"started\":\"yesterday\"}" },
		{ "incident/5", "{\"v\":1,\"name\":\"x\",\"page\":\"p\","
		    "\"started\":\"2026-01-01T00:00:00Z\",\"id\":\"i\","
		    "\"phase\":\"INVESTIGATING\","
		    "\"components\":{\"MAJOROUTAGE\":[\"c0\"]}}" },
		{ "incident/1767225600000", "{\"v\":1,\"name\":\"x\","
		    "\"page\":\"p\",\"started\":\"2026-01-01T00:00:00.000Z\","
		    "\"id\":\"i\",\"phase\":\"INVESTIGATING\","
		    "\"components\":{\"MAJOROUTAGE>NONSENSE\":[\"c0\"]}}" },
		{ "component/", "{\"v\":1,\"status\":\"MAJOROUTAGE\"}" },
		{ "component/c0", "{\"v\":1,\"status\":7}" },
		{ "webhook", "{\"v\":1,\"state\":\"sideways\"}" },
		{ "elsewhere", "{\"v\":1}" },
	};
	struct model *m = model_world(1);
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		assert_int_equal(incidents_restore(m->core, bad[n][0],
		    bad[n][1], strlen(bad[n][1])), -1);
	model_pass(m, 100 * S);
	assert_int_equal(m->posts, 0);
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_recovered_while_away),
		cmocka_unit_test(test_lost_reply),
		cmocka_unit_test(test_restart_looks_later),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_lost_request),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_over_before_it_was_said),
		cmocka_unit_test(test_nothing_before_the_store),
		cmocka_unit_test(test_failed_write_is_there),
		cmocka_unit_test(test_human_maintenance),
		cmocka_unit_test(test_human_resolves),
		cmocka_unit_test(test_human_resolved_meanwhile),
		cmocka_unit_test(test_removed_from_configuration),
		cmocka_unit_test(test_removed_while_away),
		cmocka_unit_test(test_bad_records),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
