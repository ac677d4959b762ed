#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../web/throttle.h"

/* Far behind all that the tests before have left. */
static uint64_t
later(void)
{
	static uint64_t now = 1000;

	return (now += 100 * THROTTLE_MAX);
}

static uint64_t
fail_often(const char *peer, unsigned times, uint64_t now)
{
	while (times-- > 0) {
		now += throttle_wait(peer, now);
		assert_int_equal(throttle_wait(peer, now + THROTTLE_PACE), 0);
		now += 2 * THROTTLE_PACE;
		throttle_failed(peer, now);
	}
	return (now);
}

static void
test_pace(void **state)
{
	uint64_t now = later();

	(void)state;
	assert_int_equal(throttle_wait("192.0.2.1", now), 0);
	/* Whoever it is. */
	assert_int_equal(throttle_wait("192.0.2.2", now), THROTTLE_PACE);
	assert_int_equal(throttle_wait("192.0.2.2", now + THROTTLE_PACE), 0);
}

static void
test_failures_cost(void **state)
{
	uint64_t now = later(), wait, last = 0;
	unsigned i;

	(void)state;
	now = fail_often("192.0.2.3", THROTTLE_FREE, now) + THROTTLE_PACE;
	assert_int_equal(throttle_wait("192.0.2.3", now), 0);
	for (i = 0; i < 12; i++) {
		throttle_failed("192.0.2.3", now);
		wait = throttle_wait("192.0.2.3", now);
		assert_true(wait > last || wait == THROTTLE_MAX);
		assert_true(wait <= THROTTLE_MAX);
		last = wait;
	}
	assert_int_equal(last, THROTTLE_MAX);
	/* Not for others, not for ever, and not after a success. */
	assert_int_equal(throttle_wait("192.0.2.4", now + THROTTLE_PACE), 0);
	assert_true(throttle_wait("::ffff:192.0.2.3", now) > 0);
	throttle_passed("192.0.2.3");
	assert_int_equal(throttle_wait("192.0.2.3", now + 9 * THROTTLE_PACE), 0);
}

static void
test_network(void **state)
{
	uint64_t now = fail_often("2001:db8:1:2::1", THROTTLE_FREE + 3, later());

	(void)state;
	now += THROTTLE_PACE;
	assert_true(throttle_wait("2001:db8:1:2:ffff::9", now) > 0);
	assert_int_equal(throttle_wait("2001:db8:1:3::1", now), 0);
}

/* More peers than there is room for: who failed longest ago is forgotten. */
static void
test_many(void **state)
{
	uint64_t now = later();
	char peer[24];
	unsigned i, n;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(peer, sizeof(peer), "198.51.%u.%u", i / 250, i % 250);
		for (n = 0; n <= THROTTLE_FREE; n++)
			throttle_failed(peer, now + i);
	}
	assert_true(throttle_wait("198.51.3.249", now + 1000) > 0);
	assert_int_equal(throttle_wait("198.51.0.0", now + 1000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_failures_cost),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
