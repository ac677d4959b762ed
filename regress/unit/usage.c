#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/usage.h"

static void
test_not_known(void **state)
{
	(void)state;
	assert_int_equal(usage_memory(), 0);
}

static void
test_memory(void **state)
{
	size_t size = 8 << 20, i;
	uint64_t before;
	char *p;

	(void)state;
	usage_init();
	before = usage_memory();
	assert_true(before > 100000);
	p = malloc(size);
	assert_non_null(p);
	for (i = 0; i < size; i += 512)
		*(volatile char *)&p[i] = 1;
	assert_true(usage_memory() > before + size / 2);
	free(p);
}

static void
test_trim(void **state)
{
	static int relocated = 7;
	static int *const volatile constant = &relocated;
	uint64_t before;

	(void)state;
	usage_init();
	before = usage_memory();
	usage_trim();
	/* libc alone is more. */
	assert_true(usage_memory() + 500000 < before);
	/* All is still there. */
	assert_int_equal(*constant, 7);
	assert_true(getpid() > 0);
}

static void
test_cpu(void **state)
{
	uint64_t before = usage_cpu();

	(void)state;
	while (usage_cpu() < before + 20)
		;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_known),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_cpu),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
