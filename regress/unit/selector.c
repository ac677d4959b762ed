#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../../common/selector.h"

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
is_taken(const char *text, bool taken)
{
	struct selector *sel;
	char why[128];

	sel = selector_parse(text, why, sizeof(why));
	if ((sel != NULL) != taken)
		fail_msg("%zu bytes: %s", strlen(text), sel == NULL ? why :
		    "taken");
	selector_free(sel);
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
	static const char *const more[] = {
		",", ",a", "a=b=c", "a in", "a in b)", "!", "!a=b", "a>b",
		"a<3", "a/=b", "a=-b", "A/b=c", "-a/b=c", "a./b=c", "a_b/c",
		"a in ()b", "a=b)", "a\n=b", "a=\xc3\xa9", "a!b", "a in (b))",
	};
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (selector_parse(rows[i].selector, why, sizeof(why)) != NULL)
			fail_msg("%s was taken", rows[i].selector);
		assert_string_equal(why, rows[i].why);
	}
	for (i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (selector_parse(more[i], why, sizeof(why)) != NULL)
			fail_msg("%s was taken", more[i]);
}

/* Each bound is reached and then passed by one. */
static void
test_bounds(void **state)
{
	char why[128], text[2048];
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "%0*d", 63 + i, 0);
		is_taken(text, i == 0);
		snprintf(text, sizeof(text), "a=%0*d", 63 + i, 0);
		is_taken(text, i == 0);
		snprintf(text, sizeof(text), "%0*d/a", 253 + i, 0);
		is_taken(text, i == 0);
	}
	strcpy(text, "a in (b");
	for (i = 1; i < 64; i++)
		strcat(text, ",b");
	strcat(text, ")");
	is_taken(text, true);
	strcpy(strrchr(text, ')'), ",b)");
	assert_null(selector_parse(text, why, sizeof(why)));
	assert_non_null(strstr(why, "no more than 64 values"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests_name("selector", tests, NULL, NULL));
}
