/* When a worker that has ended is started again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../kanatad/restart.h"

enum end { CLEAN, KILLED, CRIME };

#define MINUTE	60000

/* It has lived for `lived` ms, and ends at `at`. */
static unsigned
delay(struct restart *r, enum end end, uint64_t lived, uint64_t at,
    bool *third)
{
	return (restart_delay(r, end == CLEAN, end == CRIME, lived, at, third));
}

static void
test_slower_and_slower(void **state)
{
	static const unsigned wanted[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct restart r = { 0 };
	unsigned i;
	bool third;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(delay(&r, KILLED, 1, 1, &third), wanted[i]);
		assert_false(third);
	}
	assert_int_equal(delay(&r, KILLED, 5 * MINUTE, 1, &third), 60);
	assert_int_equal(delay(&r, KILLED, 5 * MINUTE + 1, 1, &third), 1);
}

/* At once the first time; one that does so again and again waits as well. */
static void
test_by_itself(void **state)
{
	struct restart r = { 0 };
	bool third;

	(void)state;
	assert_int_equal(delay(&r, CLEAN, 1, 1, &third), 0);
	assert_int_equal(delay(&r, CLEAN, 1, 1, &third), 1);
	assert_int_equal(delay(&r, CLEAN, 1, 1, &third), 2);
	assert_int_equal(delay(&r, CLEAN, 6 * MINUTE, 1, &third), 0);
	assert_false(third);
}

static void
test_three_crimes(void **state)
{
	struct restart r = { 0 };
	bool third;

	(void)state;
	assert_int_equal(delay(&r, CRIME, 1, 1 * MINUTE, &third), 30);
	assert_false(third);
	/* Other ends in between are none. */
	delay(&r, KILLED, 1, 2 * MINUTE, &third);
	delay(&r, CLEAN, 1, 3 * MINUTE, &third);
	assert_false(third);
	delay(&r, CRIME, 1, 4 * MINUTE, &third);
	assert_false(third);
	assert_int_equal(delay(&r, CRIME, 1, 11 * MINUTE - 1, &third), 30);
	assert_true(third);
}

/* Three that are further apart, and those that come after a third one. */
static void
test_rare_crimes(void **state)
{
	struct restart r = { 0 };
	bool third;
	unsigned i;

	(void)state;
	for (i = 1; i < 20; i++) {
		delay(&r, CRIME, 1, i * 5 * MINUTE, &third);
		assert_false(third);
	}
	delay(&r, CRIME, 1, 96 * MINUTE, &third);
	assert_true(third);
	/* Left away for ten minutes. */
	delay(&r, CRIME, 1, 106 * MINUTE, &third);
	assert_false(third);
	delay(&r, CRIME, 1, 107 * MINUTE, &third);
	assert_false(third);
	delay(&r, CRIME, 1, 108 * MINUTE, &third);
	assert_true(third);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slower_and_slower),
		cmocka_unit_test(test_by_itself),
		cmocka_unit_test(test_three_crimes),
		cmocka_unit_test(test_rare_crimes),
	};

	return (cmocka_run_group_tests_name("restart", tests, NULL, NULL));
}
