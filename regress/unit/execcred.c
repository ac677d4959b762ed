#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../watcher/execcred.h"

#define V1	"{\"apiVersion\": \"client.authentication.k8s.io/v1\", "	\
		"\"kind\": \"ExecCredential\", \"status\": "
#define BETA	"{\"kind\": \"ExecCredential\", \"apiVersion\": "		\
		"\"client.authentication.k8s.io/v1beta1\", \"status\": "

static void
read_good(struct execcred *c, const char *text)
{
	const char	*problem = execcred_read(c, text, strlen(text));

	if (problem != NULL)
		fail_msg("%s\nin: %s", problem, text);
}

static void
test_good(void **state)
{
	struct execcred	 c;

	(void)state;
	read_good(&c, V1 "{\"token\": \"abc\"}}\n");
	assert_string_equal(c.token, "abc");
	assert_null(c.cert);
	assert_null(c.key);
	assert_int_equal(c.expires, 0);
	execcred_clear(&c);
	assert_null(c.token);

	read_good(&c, BETA "{\"clientCertificateData\": \"C\\nD\", "
	    "\"clientKeyData\": \"K\", \"token\": null, "
	    "\"expirationTimestamp\": \"2026-11-30T05:46:12Z\"}, \"x\": [1]}");
	assert_null(c.token);
	assert_string_equal(c.cert, "C\nD");
	assert_string_equal(c.key, "K");
	assert_int_equal(c.expires, 1796017572000);
	execcred_clear(&c);

	read_good(&c, BETA "{\"clientCertificateData\": \"C\", "
	    "\"clientKeyData\": \"K\", \"token\": \"t\", "
	    "\"expirationTimestamp\": null}, \"spec\": {}}");
	assert_non_null(c.token);
	assert_non_null(c.cert);
	execcred_clear(&c);
}

static void
test_bad(void **state)
{
	static const struct { const char *text, *problem; } bad[] = {
		{ "", "printed nothing" },
		{ "\n", "no JSON" },
		{ "hunter2", "no JSON" },
		{ "{\"kind\":", "no JSON" },
		{ V1 "{\"token\": \"hunter2\"}} {}", "no JSON" },
		{ V1 "{\"token\": \"a\", \"token\": \"b\"}}", "no JSON" },
		{ V1 "{\"token\": \"a\\u0000b\"}}", "no JSON" },
		{ "[]", "no ExecCredential" },
		{ "{}", "no ExecCredential" },
		{ "{\"kind\": 1}", "no ExecCredential" },
		{ "{\"kind\": \"ExecCredential\"}", "apiVersion" },
		{ "{\"kind\": \"ExecCredential\", \"apiVersion\": "
		    "\"client.authentication.k8s.io/v1alpha1\"}",
		    "apiVersion" },
		{ V1 "null}", "no status" },
		{ V1 "[]}", "no status" },
		{ V1 "{}}", "neither a token nor a certificate" },
		{ V1 "{\"token\": \"\"}}", "neither a token" },
		{ V1 "{\"token\": 1}}", "must be text" },
		{ V1 "{\"token\": [\"hunter2\"]}}", "must be text" },
		{ V1 "{\"token\": \"hunter2\\r\\nX: y\"}}", "characters" },
		{ V1 "{\"token\": \"hunter2 \"}}", "characters" },
		{ V1 "{\"token\": \"\303\274\"}}", "characters" },
		{ V1 "{\"token\": \"t\", \"clientKeyData\": \"k\"}}",
		    "only of use together" },
		{ V1 "{\"token\": \"t\", \"clientCertificateData\": \"c\"}}",
		    "only of use together" },
		{ V1 "{\"clientCertificateData\": \"c\", \"clientKeyData\": "
		    "{}}}", "must be text" },
		{ V1 "{\"token\": \"t\", \"expirationTimestamp\": 5}}",
		    "expirationTimestamp" },
		{ V1 "{\"token\": \"t\", \"expirationTimestamp\": "
		    "\"tomorrow\"}}", "expirationTimestamp" },
	};
	struct execcred	 c;
	const char	*problem;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		problem = execcred_read(&c, bad[i].text, strlen(bad[i].text));
		if (problem == NULL || strstr(problem, bad[i].problem) == NULL)
			fail_msg("row %zu: %s", i, problem == NULL ?
			    "is accepted" : problem);
		assert_null(strstr(problem, "hunter2"));
		assert_null(c.token);
		assert_null(c.cert);
		assert_null(c.key);
		assert_int_equal(c.expires, 0);
	}
}

static void
test_bounds(void **state)
{
	struct execcred	 c;
	char		*text;
	size_t		 head, n;

	(void)state;
	assert_non_null(text = malloc(EXECCRED_BYTES_MAX + 2));
	/* The longest token. */
	head = (size_t)sprintf(text, V1 "{\"token\": \"");
	memset(text + head, 't', 64 * 1024 + 1);
	strcpy(text + head + 64 * 1024, "\"}}");
	read_good(&c, text);
	assert_int_equal(strlen(c.token), 64 * 1024);
	execcred_clear(&c);
	memset(text + head, 't', 64 * 1024 + 1);
	strcpy(text + head + 64 * 1024 + 1, "\"}}");
	assert_non_null(execcred_read(&c, text, strlen(text)));
	/* The longest answer: blanks count. */
	n = (size_t)sprintf(text, V1 "{\"token\": \"t\"}}");
	memset(text + n, ' ', EXECCRED_BYTES_MAX + 1 - n);
	assert_null(execcred_read(&c, text, EXECCRED_BYTES_MAX));
	execcred_clear(&c);
	assert_non_null(strstr(execcred_read(&c, text,
	    EXECCRED_BYTES_MAX + 1), "more than 1 MiB"));
	/* Depth: the decoder gives up before the stack does. */
	memset(text, '[', EXECCRED_BYTES_MAX);
	assert_non_null(execcred_read(&c, text, EXECCRED_BYTES_MAX));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
