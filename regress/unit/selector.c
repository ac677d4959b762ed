#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../../watcher/selector.h"

/* Labels as "k=v k=v". */
static const char *
label(const char *key, const void *arg)
{
	static char value[64];
	const char *s = arg;
	size_t len = strlen(key);

	while (s != NULL && *s != '\0') {
		if (strncmp(s, key, len) == 0 && s[len] == '=') {
			snprintf(value, sizeof(value), "%.*s",
			    (int)strcspn(s + len + 1, " "), s + len + 1);
			return (value);
		}
		if ((s = strchr(s, ' ')) != NULL)
			s++;
	}
	return (NULL);
}

static void
test_match(void **state)
{
	static const struct {
		const char *selector, *labels;
		bool match;
	} rows[] = {
		{ "app=api", "app=api", true },
		{ "app=api", "app=web", false },
		{ "app=api", "", false },
		{ "app==api", "app=api tier=a", true },
		{ " app = api ", "app=api", true },
		{ "app!=api", "app=web", true },
		{ "app!=api", "app=api", false },
		{ "app!=api", "", true },
		{ "app=api,tier=front", "app=api tier=front", true },
		{ "app=api,tier=front", "app=api tier=back", false },
		{ "app", "app=", true },
		{ "app", "tier=a", false },
		{ "!app", "tier=a", true },
		{ "! app", "app=x", false },
		{ "tier in (a, b)", "tier=b", true },
		{ "tier in (a,b)", "tier=c", false },
		{ "tier in (a,b)", "", false },
		{ "tier notin (a,b)", "tier=c", true },
		{ "tier notin (a,b)", "tier=a", false },
		{ "tier notin (a,b)", "", true },
		{ "tier in ()", "tier=", true },
		{ "app=", "app=", true },
		{ "app=", "app=x", false },
		{ "app.kubernetes.io/name=api", "app.kubernetes.io/name=api",
		    true },
		{ "in in (notin)", "in=notin", true },
		{ "a,b=c,!d,e notin (f)", "a=1 b=c e=g", true },
	};
	struct selector *sel;
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sel = selector_parse(rows[i].selector, why, sizeof(why));
		if (sel == NULL)
			fail_msg("%s: %s", rows[i].selector, why);
		if (selector_match(sel, label, rows[i].labels) != rows[i].match)
			fail_msg("%s on %s", rows[i].selector, rows[i].labels);
		selector_free(sel);
	}
}

static void
test_refuse(void **state)
{
	static const struct { const char *selector, *why; } rows[] = {
		{ "", "a label key expected at the end" },
		{ "app=api,", "a label key expected at the end" },
		{ "app=api web", ", or the end expected at character 9" },
		{ "app > 3", "=, ==, !=, in or notin expected at character 5" },
		{ "app in a", "( expected at character 8" },
		{ "app in (a", ", or ) expected at the end" },
		{ "app in (a b)", ", or ) expected at character 11" },
		{ "-app=x", "a label key expected at character 1" },
		{ "app=-x", "a label value expected at character 5" },
		{ "/app=x", "a label key expected at character 1" },
		{ "a/b/c=x", "a label key expected at character 1" },
		{ "=x", "a label key expected at character 1" },
		{ "app=a\001b", ", or the end expected at character 6" },
	};
	char why[128], text[2048];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (selector_parse(rows[i].selector, why, sizeof(why)) != NULL)
			fail_msg("%s was taken", rows[i].selector);
		assert_string_equal(why, rows[i].why);
	}
	memset(text, 'a', 64);
	text[64] = '\0';
	assert_null(selector_parse(text, why, sizeof(why)));
	strcpy(text, "a in (b");
	for (i = 0; i < 70; i++)
		strcat(text, ",b");
	strcat(text, ")");
	assert_null(selector_parse(text, why, sizeof(why)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_refuse),
	};

	return (cmocka_run_group_tests_name("selector", tests, NULL, NULL));
}
