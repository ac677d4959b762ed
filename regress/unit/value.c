#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <cmocka.h>

#include "../../common/duration.h"
#include "../../kanatad/address.h"
#include "../../kanatad/value.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_duration(void **state)
{
	static const struct { const char *text; uint64_t ms; } good[] = {
		{ "0", 0 }, { "0s", 0 }, { "30s", 30000 }, { "5m", 300000 },
		{ "1h30m", 5400000 }, { "500ms", 500 }, { "7d", 604800000 },
		{ "1d2h3m4s5ms", 93784005 }, { "90m", 5400000 },
		{ "18446744073709551615ms", UINT64_MAX },
	};
	static const char *const bad[] = {
		"", "30", "s", "30 s", " 30s", "30s ", "-30s", "+30s", "1.5h",
		"1h30", "30m1h", "1s1s", "1h1h", "1x", "1S", "1sm",
		"18446744073709551616ms", "18446744073709551615s",
		"307445734561825860m1s", "99999999999999999999999d",
	};
	char		 text[DURATION_SIZE];
	uint64_t	 ms;
	size_t		 i;

	(void)state;
	for (i = 0; i < NITEMS(good); i++) {
		ms = 1;
		assert_int_equal(duration_parse(good[i].text, &ms), 0);
		assert_true(ms == good[i].ms);
		duration_format(ms, text);
		assert_int_equal(duration_parse(text, &ms), 0);
		assert_true(ms == good[i].ms);
	}
	assert_string_equal(duration_format(93784005, text), "1d2h3m4s5ms");
	assert_string_equal(duration_format(0, text), "0s");
	for (i = 0; i < NITEMS(bad); i++)
		if (duration_parse(bad[i], &ms) != -1)
			fail_msg("`%s` is a duration", bad[i]);
}

static void
test_number(void **state)
{
	uint64_t	 n;
	unsigned	 percent;

	(void)state;
	assert_int_equal(value_number("17", 1, 20, &n), 0);
	assert_true(n == 17);
	assert_int_equal(value_number("1", 1, 1, &n), 0);
	assert_int_equal(value_number("0", 1, 20, &n), -1);
	assert_int_equal(value_number("21", 1, 20, &n), -1);
	assert_int_equal(value_number("", 0, 20, &n), -1);
	assert_int_equal(value_number("1 ", 0, 20, &n), -1);
	assert_int_equal(value_number("-1", 0, 20, &n), -1);
	assert_int_equal(value_number("0x1", 0, 20, &n), -1);
	assert_int_equal(value_number("18446744073709551616", 0, UINT64_MAX,
	    &n), -1);
	assert_int_equal(value_percent("50", &percent), 0);
	assert_int_equal(percent, 50);
	assert_int_equal(value_percent("100%", &percent), 0);
	assert_int_equal(percent, 100);
	assert_int_equal(value_percent("101", &percent), -1);
	assert_int_equal(value_percent("%", &percent), -1);
	assert_int_equal(value_percent("5%%", &percent), -1);
}

static void
test_base64(void **state)
{
	/* RFC 4648 section 10, then what files really have in them. */
	static const struct { const char *text, *bytes; } good[] = {
		{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
		{ "Zm9v\n YmFy\r\n", "foobar" }, { "//+/", "\xff\xff\xbf" },
	};
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zm8", "Zm9vYg=", "Zg==Zg==", "Zm9=", "Zh==",
		"Zm9v=", "Zm9v====", "====", "Zm9-", "Zm9_", "Zm\xc3\xa9v",
	};
	size_t		 i, len;
	char		*bytes;

	(void)state;
	for (i = 0; i < NITEMS(good); i++) {
		bytes = value_base64(good[i].text, &len);
		assert_non_null(bytes);
		assert_int_equal(len, strlen(good[i].bytes));
		assert_memory_equal(bytes, good[i].bytes, len + 1);
		freezero(bytes, len + 1);
	}
	for (i = 0; i < NITEMS(bad); i++)
		if (value_base64(bad[i], &len) != NULL)
			fail_msg("`%s` is base64", bad[i]);
	bytes = value_base64("AAECAA==", &len);
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "\0\1\2\0", 4);
	freezero(bytes, len + 1);
}

static void
test_names(void **state)
{
	char	 text[300];

	(void)state;
	assert_true(value_is_label("a"));
	assert_true(value_is_label("kube-system"));
	assert_true(value_is_label("0a"));
	assert_false(value_is_label(""));
	assert_false(value_is_label("a.b"));
	assert_false(value_is_label("-a"));
	assert_false(value_is_label("a-"));
	assert_false(value_is_label("A"));
	assert_false(value_is_label("a_b"));
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	assert_true(value_is_label(text));
	text[63] = 'a';
	text[64] = '\0';
	assert_false(value_is_label(text));
	/* A pod's name is limited as a whole only. */
	assert_true(value_is_subdomain(text));
	text[64] = 'a';
	text[253] = '\0';
	assert_true(value_is_subdomain(text));
	text[253] = 'a';
	text[254] = '\0';
	assert_false(value_is_subdomain(text));
	assert_true(value_is_subdomain("a.b-c.9"));
	assert_true(value_is_subdomain("a--b"));
	assert_false(value_is_subdomain("a..b"));
	assert_false(value_is_subdomain("a.-b"));
	assert_false(value_is_subdomain("a-.b"));
	assert_false(value_is_subdomain(".a"));
	assert_false(value_is_subdomain("a."));
	assert_false(value_is_subdomain("a/b"));

	assert_true(value_is_id("cl1x2y3z4a5b6c7d8e9f0g1h"));
	assert_true(value_is_id("my_Component-1"));
	assert_false(value_is_id(""));
	assert_false(value_is_id("a b"));
	assert_false(value_is_id("a/b"));
	text[128] = '\0';
	assert_true(value_is_id(text));
	text[128] = 'a';
	text[129] = '\0';
	assert_false(value_is_id(text));

	assert_true(value_is_cuid("ckf01fvnxywz60a35h0oeqmj5"));
	assert_true(value_is_cuid("cabcdefghijklmnopqrst"));
	assert_false(value_is_cuid("cabcdefghijklmnopqrs"));
	assert_false(value_is_cuid("xabcdefghijklmnopqrst"));
	assert_false(value_is_cuid("cabcdefghij-lmnopqrst"));
}

static void
test_distance(void **state)
{
	(void)state;
	assert_int_equal(value_distance("components", "components", 3), 0);
	assert_int_equal(value_distance("componets", "components", 3), 1);
	assert_int_equal(value_distance("compoennts", "components", 3), 1);
	assert_int_equal(value_distance("ca", "abc", 3), 3);
	assert_int_equal(value_distance("", "abc", 3), 3);
	assert_int_equal(value_distance("abc", "xyz", 2), 3);
	assert_int_equal(value_distance("", "", 2), 0);
	assert_int_equal(value_distance("a",
	    "a-key-that-is-longer-than-any-that-there-is", 2), 3);
}

static void
test_url(void **state)
{
	static const struct {
		const char *text, *host, *rest;
		unsigned port;
		bool tls;
	} good[] = {
		{ "https://api.instatus.com", "api.instatus.com", "", 443,
		    true },
		{ "https://api.instatus.com/v3/x?y=z", "api.instatus.com",
		    "/v3/x?y=z", 443, true },
		{ "http://127.0.0.1:8080/", "127.0.0.1", "/", 8080, false },
		{ "HTTPS://[::1]:6443", "::1", "", 6443, true },
		{ "http://localhost", "localhost", "", 80, false },
		{ "https://my_host.svc:1", "my_host.svc", "", 1, true },
	};
	static const char *const bad[] = {
		"", "api.instatus.com", "ftp://a", "https://", "https:///x",
		"https://a:0", "https://a:65536", "https://a:", "https://a:x",
		"https://user@a", "https://user:pass@a/", "https://a?x",
		"https://a#x", "https://a/#x", "https://a/x y", "https://::1",
		"https://[::1", "https://[::1]x", "https://[127.0.0.1]",
		"https://[fe80::1%25eth0]", "https://a..b", "https://-a",
		"https://a-", "https://127.1", "https://0x7f000001",
		"https://2130706433", "https://999.1.1.1", "https://a b",
		"https://a.", "https://\xc3\xa9.com", "https://a/\xc3\xa9",
		"https://a/\r\nHost: b", "https://a:00000443",
		"https://[1234567890123456789012345678901234567890]",
	};
	struct address	 a;
	const char	*rest;
	char		 host[300];
	size_t		 i;

	(void)state;
	for (i = 0; i < NITEMS(good); i++) {
		assert_null(address_parse_url(good[i].text, &a, &rest));
		assert_string_equal(a.host, good[i].host);
		assert_string_equal(rest, good[i].rest);
		assert_int_equal(a.port, good[i].port);
		assert_int_equal(a.tls, good[i].tls);
	}
	for (i = 0; i < NITEMS(bad); i++)
		if (address_parse_url(bad[i], &a, &rest) == NULL)
			fail_msg("`%s` is an address", bad[i]);
	snprintf(host, sizeof(host), "https://%0254d", 0);
	assert_non_null(address_parse_url(host, &a, &rest));
}

static void
test_node(void **state)
{
	static const char *const bad[] = {
		"", "etcd", ":2379", "etcd:", "https://etcd", "etcd:2379/x",
		"https://etcd:2379/v3", "etcd:2379/", "etcd:1:2",
		"ftp://etcd:2379", "a@etcd:2379",
	};
	struct address	 a;
	size_t		 i;

	(void)state;
	assert_null(address_parse_node("etcd-0.etcd:2379", &a));
	assert_string_equal(a.host, "etcd-0.etcd");
	assert_int_equal(a.port, 2379);
	assert_false(a.tls);
	assert_false(a.scheme);
	assert_null(address_parse_node("https://[2001:db8::1]:2379/", &a));
	assert_string_equal(a.host, "2001:db8::1");
	assert_true(a.tls);
	assert_true(a.scheme);
	assert_null(address_parse_node("http://10.0.0.1:2379", &a));
	assert_false(a.tls);
	assert_true(a.scheme);
	for (i = 0; i < NITEMS(bad); i++)
		if (address_parse_node(bad[i], &a) == NULL)
			fail_msg("`%s` is a node", bad[i]);
}

static void
test_loopback(void **state)
{
	(void)state;
	assert_true(address_is_loopback("127.0.0.1"));
	assert_true(address_is_loopback("127.255.0.9"));
	assert_true(address_is_loopback("::1"));
	assert_true(address_is_loopback("LocalHost"));
	assert_false(address_is_loopback("128.0.0.1"));
	assert_false(address_is_loopback("0.0.0.0"));
	assert_false(address_is_loopback("::"));
	assert_false(address_is_loopback("localhost.example.org"));
	assert_false(address_is_loopback("127.0.0.1.example.org"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_loopback),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
