#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../web/html.h"

static struct evbuffer	*buf;

static void
assert_made(const char *wanted)
{
	assert_non_null(buf);
	evbuffer_add(buf, "", 1);
	assert_string_equal((char *)evbuffer_pullup(buf, -1), wanted);
	evbuffer_drain(buf, evbuffer_get_length(buf));
}

static void
test_escapes(void **state)
{
	(void)state;
	html(buf, "<b title=\"%s\">%s</b> %u%% <i>", "\"'", "<&>", 42);
	assert_made("<b title=\"&quot;&#39;\">&lt;&amp;&gt;</b> 42% <i>");
	html(buf, "%s%s", "", "Zahlungen f\xc3\xbcr H\xc3\xa4ndler \xf0\x9f\x8d\xa3");
	assert_made("Zahlungen f\xc3\xbcr H\xc3\xa4ndler \xf0\x9f\x8d\xa3");
	/* An event would end at a line's end. */
	html(buf, "%s", "a\nb\rc\td\x01\x7f");
	assert_made("a&#10;b\xef\xbf\xbd" "c\xef\xbf\xbd" "d\xef\xbf\xbd\xef\xbf\xbd");
}

static void
test_no_utf8(void **state)
{
	static const char *const texts[] = {
		"\xff", "a\xc3", "\xc3<", "\xed\xa0\x80", "\xf5\x80\x80\x80",
		"\xc0\xaf", "\xe0\x80\xaf<script>"
	};
	const char *made;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		html(buf, "%s", texts[i]);
		evbuffer_add(buf, "", 1);
		made = (char *)evbuffer_pullup(buf, -1);
		assert_true(strlen(made) > 0);
		assert_null(strpbrk(made, "<>\xff\xc3\xed\xf5\xc0\xe0"));
		evbuffer_drain(buf, evbuffer_get_length(buf));
	}
}

static void
test_time(void **state)
{
	(void)state;
	html_time(buf, 1795980863123);
	assert_made("<time datetime=\"2026-11-29T19:34:23Z\">"
	    "2026-11-29 19:34:23 UTC</time>");
	html_time(buf, 0);
	assert_made("\xe2\x80\x93");
	html_time(buf, UINT64_MAX);
	evbuffer_drain(buf, evbuffer_get_length(buf));
}

static int
setup(void **state)
{
	(void)state;
	return ((buf = evbuffer_new()) == NULL);
}

static int
teardown(void **state)
{
	(void)state;
	evbuffer_free(buf);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_time),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
