/* The health of several workloads as that of one component. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../watcher/health.h"

#define S	1000ULL
#define MIN	(60 * S)
#define DAY	(24 * 60 * MIN)
#define NOW	(1700000000 * S)
#define OLD	(NOW - 30 * DAY)
#define NR		CAUSE_NOT_READY

static const struct health_rules rules = { 50, 10 * MIN };

static struct health_view
view(enum health health, enum cause cause, unsigned ready, unsigned desired,
    uint64_t since)
{
	struct health_view v = { health, cause, ready, desired, since, 0, false,
	    "" };

	return (v);
}

struct merge_row {
	const char	*name;
	enum health	 a;
	enum cause	 ca;
	enum health	 b;
	enum cause	 cb;
	enum health	 health;
	enum cause	 cause;
};

static void
test_merge(void **state)
{
	static const struct merge_row rows_[] = {
		{ "both ok", HEALTH_OK, 0, HEALTH_OK, 0, HEALTH_OK, 0 },
		{ "the worse wins", HEALTH_OK, 0, HEALTH_MAJOR, NR,
		    HEALTH_MAJOR, NR },
		{ "idle beside ok", HEALTH_IDLE, 0, HEALTH_OK, 0, HEALTH_OK, 0 },
		{ "both idle", HEALTH_IDLE, 0, HEALTH_IDLE, 0, HEALTH_IDLE, 0 },
		{ "rolling beside ok", HEALTH_ROLLING, NR, HEALTH_OK, 0,
		    HEALTH_ROLLING, NR },
		{ "degraded beside rolling", HEALTH_ROLLING, NR,
		    HEALTH_DEGRADED, NR, HEALTH_DEGRADED, NR },
		{ "not seen is not ok", HEALTH_OK, 0, HEALTH_UNKNOWN,
		    CAUSE_DISCONNECTED, HEALTH_UNKNOWN, CAUSE_DISCONNECTED },
		{ "no such workload is not ok", HEALTH_OK, 0, HEALTH_UNKNOWN,
		    CAUSE_NO_WORKLOAD, HEALTH_UNKNOWN, CAUSE_NO_WORKLOAD },
		{ "an outage is known, whatever else is not", HEALTH_PARTIAL,
		    CAUSE_OOM, HEALTH_UNKNOWN, CAUSE_DISCONNECTED,
		    HEALTH_PARTIAL, CAUSE_OOM },
		{ "deleted says nothing", HEALTH_OK, 0, HEALTH_UNKNOWN,
		    CAUSE_DELETED, HEALTH_OK, 0 },
		{ "new says nothing yet", HEALTH_OK, 0, HEALTH_UNKNOWN,
		    CAUSE_STARTING, HEALTH_OK, 0 },
		{ "deleted and new", HEALTH_UNKNOWN, CAUSE_DELETED,
		    HEALTH_UNKNOWN, CAUSE_STARTING, HEALTH_UNKNOWN,
		    CAUSE_STARTING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows_) / sizeof(*rows_); i++) {
		const struct merge_row *r = &rows_[i];
		struct health_view a = view(r->a, r->ca, 1, 2, OLD);
		struct health_view b = view(r->b, r->cb, 3, 4, NOW);
		struct health_view a2 = b, b2 = a;

		health_merge(&a, &b, &rules, false);
		health_merge(&a2, &b2, &rules, false);
		if (a.health != r->health || a.cause != r->cause ||
		    a2.health != r->health || a2.cause != r->cause ||
		    a.ready != 4 || a.desired != 6)
			fail_msg("%s: %s, %s", r->name, health_name(a.health),
			    cause_name(a.cause));
	}
}

static void
test_merge_more(void **state)
{
	struct health_view a, b;

	(void)state;
	/* Pods that stand in for each other. */
	a = view(HEALTH_OK, CAUSE_NONE, 3, 3, OLD);
	b = view(HEALTH_MAJOR, CAUSE_OOM, 0, 1, NOW - MIN);
	health_merge(&a, &b, &rules, true);
	assert_int_equal(a.health, HEALTH_DEGRADED);
	assert_int_equal(a.cause, CAUSE_OOM);
	/* What is paused does not count beside what is not. */
	a = view(HEALTH_OK, CAUSE_NONE, 3, 3, OLD);
	b = view(HEALTH_MAJOR, CAUSE_OOM, 0, 1, NOW - MIN);
	b.paused = true;
	health_merge(&a, &b, &rules, false);
	assert_int_equal(a.health, HEALTH_OK);
	assert_false(a.paused);
	health_merge(&b, &a, &rules, false);
	assert_int_equal(b.health, HEALTH_OK);
	assert_false(b.paused);
	/* The earlier look, the earlier outage, the later recovery. */
	a = view(HEALTH_MAJOR, CAUSE_OOM, 0, 1, NOW);
	b = view(HEALTH_MAJOR, CAUSE_OOM, 0, 1, NOW - MIN);
	a.look_again = 9;
	b.look_again = 7;
	health_merge(&a, &b, &rules, false);
	assert_true(a.since == NOW - MIN);
	assert_int_equal(a.look_again, 7);
	a = view(HEALTH_OK, CAUSE_NONE, 1, 1, OLD);
	b = view(HEALTH_OK, CAUSE_NONE, 1, 1, NOW);
	health_merge(&a, &b, &rules, false);
	assert_true(a.since == NOW);
}

static void
test_settle(void **state)
{
	struct health_memory m = {0};
	struct health_view v = view(HEALTH_MAJOR, NR, 0, 1, NOW - MIN);

	(void)state;
	health_settle(&v, &m, NOW);
	assert_true(v.since == NOW - MIN);
	/* Another part is down now; the component was all the time. */
	v = view(HEALTH_MAJOR, NR, 0, 1, NOW);
	health_settle(&v, &m, NOW);
	assert_true(v.since == NOW - MIN);
	/* It is only degraded since the worse part is back. */
	v = view(HEALTH_DEGRADED, NR, 1, 2, OLD);
	health_settle(&v, &m, NOW + S);
	assert_true(v.since == NOW + S);
	/* Not knowing is no change. */
	v = view(HEALTH_UNKNOWN, CAUSE_DISCONNECTED, 0, 0, NOW);
	health_settle(&v, &m, NOW);
	v = view(HEALTH_DEGRADED, NR, 1, 2, NOW + MIN);
	health_settle(&v, &m, NOW + MIN);
	assert_true(v.since == NOW + S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_more),
		cmocka_unit_test(test_settle),
	};

	return (cmocka_run_group_tests_name("health_merge", tests, NULL, NULL));
}
