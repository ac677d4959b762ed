/* What hostile text becomes before it reaches a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/log.h"

static void
test_safe(void **state)
{
	char worst[513] = "", bytes[300], *p = bytes;
	const char *safe;
	int i;

	(void)state;
	assert_string_equal(log_safe("plain text"), "plain text");
	assert_string_equal(log_safe("a\nb\x1b[2J"), "a\\012b\\033[2J");
	assert_string_equal(log_safe("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
	/* C1 controls, overlong forms, surrogates, half characters. */
	assert_string_equal(log_safe("\xc2\x9b"), "\\302\\233");
	assert_string_equal(log_safe("\xc0\xaf"), "\\300\\257");
	assert_string_equal(log_safe("\xed\xa0\x80"), "\\355\\240\\200");
	assert_string_equal(log_safe("\xe2\x82"), "\\342\\202");
	for (i = 1; i < 256; i++)
		*p++ = i;
	*p = '\0';
	safe = log_safe(bytes);
	assert_true(strlen(safe) <= 204);
	for (; *safe != '\0'; safe++)
		assert_true((unsigned char)*safe >= 0x20);
	/* The longest text of a message, at its worst. */
	memset(worst, 1, 512);
	safe = log_safe_long(worst);
	assert_int_equal(strlen(safe), 4 * 512);
	assert_string_equal(safe + 4 * 511, "\\001");
}

static void
test_eight_at_a_time(void **state)
{
	static const char *const texts[] = { "a", "b", "c", "d", "e", "f", "g",
	    "h" };
	const char *safe[8];
	unsigned i;

	(void)state;
	for (i = 0; i < 8; i++)
		safe[i] = log_safe(texts[i]);
	for (i = 0; i < 8; i++)
		assert_string_equal(safe[i], texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_eight_at_a_time),
	};

	return (cmocka_run_group_tests_name("log", tests, NULL, NULL));
}
