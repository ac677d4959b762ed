#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kanatad/proxy.h"

static void
test_parse(void **state)
{
	struct address	 a;
	const char	*user;
	size_t		 len;

	(void)state;
	assert_null(proxy_parse("http://p.example:3128", &a, &user, &len));
	assert_string_equal(a.host, "p.example");
	assert_int_equal(a.port, 3128);
	assert_false(a.tls);
	assert_null(user);
	assert_null(proxy_parse("HTTPS://u%40x:p@w@[::1]/", &a, &user, &len));
	assert_string_equal(a.host, "::1");
	assert_int_equal(a.port, 443);
	assert_true(a.tls);
	assert_int_equal(len, 9);
	assert_memory_equal(user, "u%40x:p@w", 9);
	assert_non_null(strstr(proxy_parse("socks5h://p:1", &a, &user, &len),
	    "SOCKS"));
	assert_non_null(proxy_parse("p:3128", &a, &user, &len));
	assert_non_null(proxy_parse("ftp://p", &a, &user, &len));
	assert_non_null(proxy_parse("http://p/path", &a, &user, &len));
	assert_non_null(proxy_parse("http://p?x", &a, &user, &len));
	assert_non_null(proxy_parse("http://u@", &a, &user, &len));
	assert_non_null(proxy_parse("http://", &a, &user, &len));
	assert_non_null(proxy_parse("http", &a, &user, &len));
}

/* The cases of golang.org/x/net/http/httpproxy, and more. */
static void
test_no_proxy(void **state)
{
	static const struct {
		const char *no_proxy, *host;
		unsigned port;
		bool bypassed;
	} rows[] = {
		{ "", "k8s.example.org", 443, false },
		{ "", "localhost", 443, true },
		{ "", "127.0.0.9", 443, true },
		{ "", "::1", 443, true },
		{ "*", "k8s.example.org", 443, true },
		{ "*", "10.1.2.3", 443, true },
		{ "example.org", "example.org", 443, true },
		{ "example.org", "Example.ORG", 443, true },
		{ "example.org", "k8s.example.org", 443, true },
		{ "example.org", "notexample.org", 443, false },
		{ ".example.org", "k8s.example.org", 443, true },
		{ ".example.org", "example.org", 443, false },
		{ "*.example.org", "a.b.example.org", 443, true },
		{ "*.example.org", "example.org", 443, false },
		{ "example.org:443", "example.org", 443, true },
		{ "example.org:443", "example.org", 6443, false },
		{ " a , example.org,b", "example.org", 1, true },
		{ "a b", "b", 1, true },
		{ "10.1.2.3", "10.1.2.3", 443, true },
		{ "10.1.2.3:80", "10.1.2.3", 443, false },
		{ "10.1.2.3:443", "10.1.2.3", 443, true },
		{ "10.0.0.0/8", "10.200.0.1", 443, true },
		{ "10.0.0.0/8", "11.0.0.1", 443, false },
		{ "10.128.0.0/9", "10.127.0.1", 443, false },
		{ "10.128.0.0/9", "10.129.0.1", 443, true },
		{ "0.0.0.0/0", "8.8.8.8", 443, true },
		{ "0.0.0.0/0", "fd00::1", 443, false },
		{ "10.0.0.0/33", "10.0.0.1", 443, false },
		{ "fd00::/8", "fd12::1", 443, true },
		{ "fd00::/8", "fe12::1", 443, false },
		{ "fd12::1", "fd12::1", 443, true },
		{ "fd12::1", "fd12::2", 443, false },
		{ "fd12:0:0:1::/64", "fd12:0:0:1::5", 443, true },
		{ "fd12:0:0:1::/64", "fd12:0:0:2::5", 443, false },
		{ "fd12::/129", "fd12::", 443, false },
		{ "10.1.2.3/32", "10.1.2.4", 443, false },
		{ "[fd12::1", "fd12::1", 443, false },
		{ "[fd12::1]", "fd12::1", 443, true },
		{ "[fd12::1]:443", "fd12::1", 443, true },
		{ "[fd12::1]:80", "fd12::1", 443, false },
		{ "2.3", "10.1.2.3", 443, false },
		{ ".", "example.org", 443, false },
		{ ",,, ,", "example.org", 443, false },
		{ "/", "example.org", 443, false },
	};
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (proxy_is_bypassed(rows[i].no_proxy, rows[i].host,
		    rows[i].port) != rows[i].bypassed)
			fail_msg("NO_PROXY='%s': %s:%u is %sbypassed",
			    rows[i].no_proxy, rows[i].host, rows[i].port,
			    rows[i].bypassed ? "not " : "");
}

static void
test_environment(void **state)
{
	struct address	 a;
	const char	*why;

	(void)state;
	unsetenv("HTTPS_PROXY");
	unsetenv("https_proxy");
	unsetenv("NO_PROXY");
	unsetenv("no_proxy");
	assert_null(proxy_from_environment("h.example", 443, &a));
	assert_string_equal(a.host, "");
	setenv("https_proxy", "p.example:8080", 1);
	assert_null(proxy_from_environment("h.example", 443, &a));
	assert_string_equal(a.host, "p.example");
	assert_int_equal(a.port, 8080);
	setenv("HTTPS_PROXY", "https://q.example", 1);
	assert_null(proxy_from_environment("h.example", 443, &a));
	assert_string_equal(a.host, "q.example");
	assert_true(a.tls);
	setenv("no_proxy", "h.example:443", 1);
	assert_null(proxy_from_environment("h.example", 443, &a));
	assert_string_equal(a.host, "");
	assert_null(proxy_from_environment("h.example", 6443, &a));
	assert_string_equal(a.host, "q.example");

	setenv("HTTPS_PROXY", "socks5://p", 1);
	why = proxy_from_environment("i.example", 443, &a);
	assert_non_null(strstr(why, "HTTPS_PROXY in the environment: a SOCKS"));
	setenv("HTTPS_PROXY", "http://u:hunter2@p", 1);
	why = proxy_from_environment("i.example", 443, &a);
	assert_non_null(strstr(why, "holds no secret"));
	assert_null(strstr(why, "hunter2"));
	/* What is not used is not wrong. */
	assert_null(proxy_from_environment("h.example", 443, &a));
	assert_string_equal(a.host, "");
}

/* Without the password, which may be longer. */
static void
test_length(void **state)
{
	struct address	 a;
	const char	*user;
	char		 url[4096];
	size_t		 len;

	(void)state;
	snprintf(url, sizeof(url), "http://u:%01500d@p:1", 0);
	assert_null(proxy_parse(url, &a, &user, &len));
	assert_int_equal(len, 1502);
	assert_string_equal(a.host, "p");
	snprintf(url, sizeof(url), "http://%0253d:1", 0);
	assert_non_null(strstr(proxy_parse(url, &a, &user, &len), "host"));
	snprintf(url, sizeof(url), "http://%0254d:1", 0);
	assert_non_null(strstr(proxy_parse(url, &a, &user, &len),
	    "more than 253"));
	snprintf(url, sizeof(url), "http://%01014d:1", 0);
	assert_non_null(strstr(proxy_parse(url, &a, &user, &len), "253"));
	snprintf(url, sizeof(url), "http://%01015d:1", 0);
	assert_non_null(strstr(proxy_parse(url, &a, &user, &len),
	    "too long"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_no_proxy),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_length),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
