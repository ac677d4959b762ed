#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/json_values.h"

/* At the bound and one beyond, whatever the values are. */
static void
test_bound(void **state)
{
	static const char kinds[] = "[{,";
	char *text;
	size_t i;

	(void)state;
	text = malloc(JSON_VALUES_MAX + 1);
	assert_non_null(text);
	for (i = 0; i < sizeof(kinds) - 1; i++) {
		memset(text, kinds[i], JSON_VALUES_MAX + 1);
		assert_true(json_values_ok(text, JSON_VALUES_MAX));
		assert_false(json_values_ok(text, JSON_VALUES_MAX + 1));
	}
	memset(text, 'x', JSON_VALUES_MAX + 1);
	assert_true(json_values_ok(text, JSON_VALUES_MAX + 1));
	assert_true(json_values_ok(text, 0));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
