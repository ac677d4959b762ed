/* Encoding and decoding of etcd's JSON gateway, and the state in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../store/etcd_json.h"
#include "../../store/state.h"

static void
test_base64(void **unused)
{
	/* RFC 4648 section 10. */
	static const struct { const char *plain, *coded; } pairs[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }
	};
	char *coded, *plain;
	size_t i, len;

	(void)unused;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		coded = etcd_base64(pairs[i].plain, strlen(pairs[i].plain));
		assert_string_equal(coded, pairs[i].coded);
		plain = etcd_unbase64(coded, &len);
		assert_non_null(plain);
		assert_int_equal(len, strlen(pairs[i].plain));
		assert_string_equal(plain, pairs[i].plain);
		free(coded);
		free(plain);
	}
}

static void
test_base64_all_bytes(void **unused)
{
	unsigned char all[256];
	char *coded, *plain;
	size_t i, n, len;

	(void)unused;
	for (i = 0; i < sizeof(all); i++)
		all[i] = 255 - i;
	for (n = 0; n <= sizeof(all); n++) {
		coded = etcd_base64(all, n);
		plain = etcd_unbase64(coded, &len);
		assert_non_null(plain);
		assert_int_equal(len, n);
		assert_memory_equal(plain, all, n);
		free(coded);
		free(plain);
	}
}

static void
test_base64_refused(void **unused)
{
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zm9vZg", "Zg==Zm9v", "Zm8=Zm8=", "====",
		"=Zm9", "Z===", "Zm9-", "Zm9_", "Zm 9", "Zm9\n", "Zh==", "Zm9=",
		"Z\x80==", "Zm=v"
	};
	size_t i, len;

	(void)unused;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (etcd_unbase64(bad[i], &len) != NULL)
			fail_msg("\"%s\" is taken for base64", bad[i]);
}

static void
range_end_is(const char *prefix, const void *end, size_t len)
{
	char *coded = etcd_range_end(prefix), *plain;
	size_t got;

	plain = etcd_unbase64(coded, &got);
	assert_non_null(plain);
	assert_int_equal(got, len);
	assert_memory_equal(plain, end, len);
	free(coded);
	free(plain);
}

static void
test_range_end(void **unused)
{
	(void)unused;
	range_end_is("foo", "fop", 3);
	range_end_is("/kanata/a/state/", "/kanata/a/state0", 16);
	range_end_is("a\xff", "b", 1);
	range_end_is("a\xfe\xff\xff", "a\xff", 2);
	range_end_is("\xff\xff", "\0", 1);
	range_end_is("", "\0", 1);
}

static void
body_is(json_t *body, const char *text)
{
	char *got = etcd_text(body);

	assert_string_equal(got, text);
	etcd_text_free(got);
	json_decref(body);
}

static void
test_requests(void **unused)
{
	(void)unused;
	body_is(etcd_range("foo"), "{\"key\":\"Zm9v\"}");
	body_is(etcd_range_prefix("foo", 3),
	    "{\"key\":\"Zm9v\",\"range_end\":\"Zm9w\",\"limit\":\"3\"}");
	body_is(etcd_grant(10), "{\"TTL\":\"10\"}");
	body_is(etcd_lease(7587862094711042561),
	    "{\"ID\":\"7587862094711042561\"}");
	body_is(etcd_login("a\"b", "c\\d"),
	    "{\"name\":\"a\\\"b\",\"password\":\"c\\\\d\"}");
}

static void
test_txn(void **unused)
{
	json_t *txn = etcd_txn();

	(void)unused;
	etcd_txn_if_created(txn, "l", 5);
	etcd_txn_if_modified(txn, "a", 0);
	etcd_txn_put(txn, "a", "x", 1, 0);
	etcd_txn_put(txn, "b", "", 0, -3);
	etcd_txn_delete(txn, "c");
	etcd_txn_else_range(txn, "l");
	body_is(txn,
	    "{\"compare\":["
	    "{\"key\":\"bA==\",\"target\":\"CREATE\",\"result\":\"EQUAL\","
	    "\"create_revision\":\"5\"},"
	    "{\"key\":\"YQ==\",\"target\":\"MOD\",\"result\":\"EQUAL\","
	    "\"mod_revision\":\"0\"}],"
	    "\"success\":["
	    "{\"request_put\":{\"key\":\"YQ==\",\"value\":\"eA==\"}},"
	    "{\"request_put\":{\"key\":\"Yg==\",\"value\":\"\","
	    "\"lease\":\"-3\"}},"
	    "{\"request_delete_range\":{\"key\":\"Yw==\"}}],"
	    "\"failure\":[{\"request_range\":{\"key\":\"bA==\"}}]}");
}

static json_t *
good(const char *body)
{
	char text[ETCD_TEXT_MAX];
	json_t *reply;

	assert_int_equal(etcd_read(200, body, strlen(body), &reply, text),
	    ETCD_OK);
	assert_non_null(reply);
	return (reply);
}

static void
test_replies(void **unused)
{
	json_t *reply;

	(void)unused;
	reply = good("{\"header\":{\"revision\":\"9007199254740993\"},"
	    "\"ID\":\"7\",\"TTL\":12,\"x\":\"7z\",\"y\":\"99999999999999999999\","
	    "\"z\":null}");
	assert_true(etcd_revision(reply) == 9007199254740993);
	assert_int_equal(etcd_int(reply, "ID"), 7);
	assert_int_equal(etcd_int(reply, "TTL"), 12);
	assert_int_equal(etcd_int(reply, "x"), 0);
	assert_int_equal(etcd_int(reply, "y"), 0);
	assert_int_equal(etcd_int(reply, "z"), 0);
	assert_int_equal(etcd_int(reply, "none"), 0);
	json_decref(reply);
	/* A stream: wrapped, blanks in front, another value behind. */
	reply = good("\n {\"result\":{\"ID\":\"5\",\"TTL\":\"10\"}}\n"
	    "{\"result\":{\"ID\":\"6\"}}");
	assert_int_equal(etcd_int(reply, "ID"), 5);
	json_decref(reply);
}

static void
error_is(long status, const char *body, enum etcd_error want)
{
	char text[ETCD_TEXT_MAX] = "";
	enum etcd_error got;
	json_t *reply;

	got = etcd_read(status, body, strlen(body), &reply, text);
	if (got != want)
		fail_msg("%s: is \"%s\"", body, etcd_error_name(got));
	assert_null(reply);
	assert_true(*text != '\0');
}

#define ERROR(text, code)						\
	"{\"error\":\"etcdserver: " text "\",\"message\":\"etcdserver: "	\
	text "\",\"code\":" code "}"

static void
test_errors(void **unused)
{
	(void)unused;
	error_is(401, ERROR("invalid auth token", "16"), ETCD_TOKEN);
	error_is(400, ERROR("revision of auth store is old", "3"), ETCD_TOKEN);
	error_is(400, ERROR("user name is empty", "3"), ETCD_TOKEN);
	error_is(400, ERROR("authentication failed, invalid user ID or "
	    "password", "3"), ETCD_REFUSED);
	error_is(400, ERROR("authentication is not enabled", "9"),
	    ETCD_AUTH_OFF);
	error_is(403, ERROR("permission denied", "7"), ETCD_DENIED);
	error_is(429, ERROR("mvcc: database space exceeded", "8"),
	    ETCD_NO_SPACE);
	error_is(429, ERROR("too many requests", "8"), ETCD_RETRY);
	error_is(404, ERROR("requested lease not found", "5"), ETCD_NO_LEASE);
	error_is(400, ERROR("not leader", "9"), ETCD_RETRY);
	error_is(500, ERROR("not a primary lessor", "2"), ETCD_RETRY);
	error_is(503, ERROR("request timed out", "14"), ETCD_RETRY);
	error_is(400, ERROR("duplicate key given in txn request", "3"),
	    ETCD_BUG);
	error_is(200, "{\"error\":{\"grpc_code\":5,\"http_code\":404,"
	    "\"message\":\"etcdserver: requested lease not found\"}}",
	    ETCD_NO_LEASE);
	error_is(500, "{}", ETCD_RETRY);
	error_is(401, "{\"error\":7,\"code\":\"16\"}", ETCD_TOKEN);
	error_is(401, "{\"error\":\"\",\"code\":16}", ETCD_TOKEN);
}

static void
garbage_says(long status, const char *body, const char *want)
{
	char text[ETCD_TEXT_MAX];
	json_t *reply;

	assert_int_equal(etcd_read(status, body, strlen(body), &reply, text),
	    ETCD_GARBAGE);
	assert_string_equal(text, want);
}

static void
test_garbage(void **unused)
{
	char much[4096];

	(void)unused;
	garbage_says(400, "CommonName of client\r\nmore",
	    "HTTP status 400 and no JSON: CommonName of client");
	garbage_says(404, "404 page not found\n", "HTTP status 404 and no JSON "
	    "(etcd 3.4 or later is needed): 404 page not found");
	garbage_says(200, "", "HTTP status 200 and no JSON");
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	error_is(200, much, ETCD_GARBAGE);
	error_is(200, "<html>hello</html>", ETCD_GARBAGE);
	error_is(404, "404 page not found\n", ETCD_GARBAGE);
	error_is(200, "", ETCD_GARBAGE);
	error_is(200, "[]", ETCD_GARBAGE);
	error_is(200, "7", ETCD_GARBAGE);
	error_is(200, "{\"header\":{\"revision\":\"1", ETCD_GARBAGE);
	error_is(200, "{\"x\":\"\\u0000\"}", ETCD_GARBAGE);
	error_is(503, "upstream connect error", ETCD_GARBAGE);
}

static void
test_kvs(void **unused)
{
	struct etcd_kv kv;
	json_t *reply;

	(void)unused;
	reply = good("{\"count\":\"2\",\"kvs\":["
	    "{\"key\":\"Zm9v\",\"value\":\"AGI=\",\"create_revision\":\"3\","
	    "\"mod_revision\":\"4\",\"lease\":\"-8\"},"
	    "{\"key\":\"YQ==\",\"create_revision\":5,\"mod_revision\":\"5\"},"
	    /* no key, no base64, a NUL in the key, no revision, no object */
	    "{\"value\":\"Zm9v\",\"create_revision\":1,\"mod_revision\":1},"
	    "{\"key\":\"Zm9\",\"create_revision\":1,\"mod_revision\":1},"
	    "{\"key\":\"AGE=\",\"create_revision\":1,\"mod_revision\":1},"
	    "{\"key\":\"Zm9v\"},7]}");
	assert_int_equal(etcd_kv_count(reply), 7);
	assert_int_equal(etcd_kv_read(reply, 0, &kv), 0);
	assert_string_equal(kv.key, "foo");
	assert_int_equal(kv.value_len, 2);
	assert_memory_equal(kv.value, "\0b", 2);
	assert_int_equal(kv.create_revision, 3);
	assert_int_equal(kv.mod_revision, 4);
	assert_true(kv.lease == -8);
	etcd_kv_clear(&kv);
	assert_int_equal(etcd_kv_read(reply, 1, &kv), 0);
	assert_int_equal(kv.value_len, 0);
	etcd_kv_clear(&kv);
	assert_int_equal(etcd_kv_read(reply, 2, &kv), -1);
	assert_int_equal(etcd_kv_read(reply, 3, &kv), -1);
	assert_int_equal(etcd_kv_read(reply, 4, &kv), -1);
	assert_int_equal(etcd_kv_read(reply, 5, &kv), -1);
	assert_int_equal(etcd_kv_read(reply, 6, &kv), -1);
	assert_int_equal(etcd_kv_read(reply, 7, &kv), -1);
	json_decref(reply);
	reply = good("{\"kvs\":{\"0\":1}}");
	assert_int_equal(etcd_kv_count(reply), 0);
	assert_int_equal(etcd_kv_read(reply, 0, &kv), -1);
	json_decref(reply);
}

static void
test_txn_reply(void **unused)
{
	struct etcd_kv kv;
	json_t *reply;

	(void)unused;
	reply = good("{\"header\":{},\"responses\":["
	    "{\"response_range\":{\"kvs\":[{\"key\":\"YQ==\",\"value\":\"Yg==\","
	    "\"create_revision\":\"2\",\"mod_revision\":\"2\"}]}},"
	    "{\"response_range\":{}},{\"response_put\":{}}]}");
	assert_false(etcd_txn_succeeded(reply));
	assert_int_equal(etcd_kv_read(etcd_txn_range(reply, 0), 0, &kv), 0);
	etcd_kv_clear(&kv);
	assert_non_null(etcd_txn_range(reply, 1));
	assert_int_equal(etcd_kv_count(etcd_txn_range(reply, 1)), 0);
	assert_null(etcd_txn_range(reply, 2));
	assert_null(etcd_txn_range(reply, 3));
	json_decref(reply);
	reply = good("{\"succeeded\":true}");
	assert_true(etcd_txn_succeeded(reply));
	json_decref(reply);
	reply = good("{\"succeeded\":\"true\"}");
	assert_false(etcd_txn_succeeded(reply));
	json_decref(reply);
}

static void
test_keys(void **unused)
{
	char longest[STATE_KEY_MAX + 2];

	(void)unused;
	memset(longest, 'k', sizeof(longest));
	longest[STATE_KEY_MAX + 1] = '\0';
	assert_non_null(state_key_refused(longest));
	longest[STATE_KEY_MAX] = '\0';
	assert_null(state_key_refused(longest));
	assert_null(state_key_refused("component/clx1:a.b_c-d"));
	assert_null(state_key_refused("caf\xc3\xa9"));
	assert_non_null(state_key_refused(""));
	assert_non_null(state_key_refused(".."));
	assert_non_null(state_key_refused("a/../leader"));
	assert_non_null(state_key_refused("/a"));
	assert_non_null(state_key_refused("a/"));
	assert_non_null(state_key_refused("a//b"));
	assert_non_null(state_key_refused("a b"));
	assert_non_null(state_key_refused("a\nb"));
	assert_non_null(state_key_refused("a\x7f"));
}

static void
test_state_bounds(void **unused)
{
	struct state state;
	struct item *item;
	char key[32];
	unsigned i;

	(void)unused;
	state_init(&state);
	assert_non_null(state_no_room(&state, "k", STATE_VALUE_MAX + 1));
	for (i = 0; i < 127; i++) {
		snprintf(key, sizeof(key), "key%03u", i);
		assert_null(state_no_room(&state, key, STATE_VALUE_MAX));
		item = state_need(&state, key);
		state_want(&state, item, value_new((char [STATE_VALUE_MAX]){ 0 },
		    STATE_VALUE_MAX));
	}
	assert_int_equal(state.count, 127);
	assert_int_equal(state.bytes, 127 * (6 + STATE_VALUE_MAX));
	assert_non_null(state_no_room(&state, "key127", STATE_VALUE_MAX));
	/* What replaces another counts only its difference. */
	assert_null(state_no_room(&state, "key126", STATE_VALUE_MAX));
	state_remove(&state, state_find(&state, "key126"));
	assert_null(state_no_room(&state, "key127", STATE_VALUE_MAX));
	assert_null(state_find(&state, "key126"));
	item = state_first(&state);
	assert_string_equal(item->key, "key000");
	assert_string_equal(state_next(item)->key, "key001");
	state_clear(&state);
	assert_int_equal(state.count, 0);
	assert_int_equal(state.bytes, 0);
	assert_null(state_first(&state));
}

static void
test_values(void **unused)
{
	struct value *a = value_new("ab", 2), *b = value_new("ab", 2);
	struct value *c = value_new("ac", 2), *d = value_new("a", 1);

	(void)unused;
	assert_true(value_same(a, b));
	assert_false(value_same(a, c));
	assert_false(value_same(a, d));
	assert_false(value_same(a, NULL));
	assert_false(value_same(NULL, a));
	assert_true(value_same(NULL, NULL));
	assert_ptr_equal(value_ref(a), a);
	value_free(a);
	assert_memory_equal(a->data, "ab", 2);
	value_free(a);
	value_free(b);
	value_free(c);
	value_free(d);
	value_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_all_bytes),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_range_end),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_txn),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_kvs),
		cmocka_unit_test(test_txn_reply),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_state_bounds),
		cmocka_unit_test(test_values),
	};

	etcd_json_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
