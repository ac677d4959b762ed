#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../../common/timestamp.h"

static void
test_good(void **state)
{
	static const struct { const char *s; uint64_t ms; } rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01Z", 1000 },
		{ "2000-02-29T12:00:00Z", 951825600000 },
		{ "2026-11-30T05:46:12Z", 1796017572000 },
		{ "2026-11-30t05:46:12z", 1796017572000 },
		{ "2026-11-30 05:46:12Z", 1796017572000 },
		{ "2026-11-30T05:46:12.5Z", 1796017572500 },
		{ "2026-11-30T05:46:12.123456789Z", 1796017572123 },
		{ "2026-11-30T07:46:12.04+02:00", 1796017572040 },
		{ "2026-11-30T00:16:12-05:30", 1796017572000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (timestamp_parse(rows[i].s) != rows[i].ms)
			fail_msg("%s: %llu", rows[i].s,
			    (unsigned long long)timestamp_parse(rows[i].s));
}

static void
test_bad(void **state)
{
	static const char *const rows[] = {
		"", "x", "2026", "2026-11-30", "2026-11-30T05:46:12",
		"2026-13-30T05:46:12Z", "2026-00-30T05:46:12Z",
		"2026-11-31T05:46:12Z", "2026-02-29T05:46:12Z",
		"2026-11-30T24:46:12Z", "2026-11-30T05:60:12Z",
		"2026-11-30T05:46:61Z", "2026-11-30T05:46:12.Z",
		"2026-11-30T05:46:12.5", "2026-11-30T05:46:12Zx",
		"2026-11-30T05:46:12+0200", "2026-11-30T05:46:12+25:00",
		"1969-12-31T23:59:59Z", "-026-11-30T05:46:12Z",
		"2026-11-30T05:46:12.1234567890123456789Z",
		"1970-01-01T00:00:00+01:00",
	};
	char copy[64];
	size_t i, n;

	(void)state;
	assert_int_equal(timestamp_parse(NULL), 0);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (timestamp_parse(rows[i]) != 0)
			fail_msg("%s is no time", rows[i]);
	/* Cut anywhere, it is none. */
	for (n = 0; n < strlen("2026-11-30T05:46:12+02:00"); n++) {
		memcpy(copy, "2026-11-30T05:46:12+02:00", n);
		copy[n] = '\0';
		assert_int_equal(timestamp_parse(copy), 0);
	}
}

static void
test_format(void **state)
{
	char buf[TIMESTAMP_SIZE];

	(void)state;
	assert_string_equal(timestamp_format(1767225600123, buf),
	    "2026-01-01T00:00:00.123Z");
	assert_int_equal(timestamp_parse(buf), 1767225600123);
	assert_string_equal(timestamp_format(253402300799999, buf),
	    "9999-12-31T23:59:59.999Z");
	assert_string_equal(timestamp_format(253402300800000, buf),
	    "1970-01-01T00:00:00.000Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_format),
	};

	return (cmocka_run_group_tests_name("timestamp", tests, NULL, NULL));
}
