/* The wire: what is packed is read back; what breaks the table is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message.h"

/* parse() of bytes that are copied to the end of a page of their own size, so
 * that the sanitizer sees each byte too far. */
static const char *
parse(struct message *m, enum role from, enum role to, const void *bytes,
    size_t len, int fd, uint8_t **copy)
{
	*copy = malloc(len > 0 ? len : 1);
	assert_non_null(*copy);
	if (len > 0)
		memcpy(*copy, bytes, len);
	return (message_parse(m, from, to, *copy, len, fd));
}

static void
refuse(enum role from, enum role to, const void *bytes, size_t len, int fd,
    const char *expected)
{
	struct message m;
	uint8_t *copy;
	const char *why;

	why = parse(&m, from, to, bytes, len, fd, &copy);
	assert_non_null(why);
	assert_string_equal(why, expected);
	free(copy);
}

static struct message_out *
health_set(void)
{
	struct message_out *out = message_new(MSG_HEALTH_SET, 7);

	message_put_s(out, "cmp");
	message_put_u(out, 4);
	message_put_u(out, 300);
	message_put_u(out, 70000);
	message_put_u(out, 5000000000ULL);
	message_put_u(out, UINT64_MAX);
	message_put_b(out, true);
	message_put_s(out, "");
	return (out);
}

static void
test_round_trip(void **state)
{
	const uint8_t *bytes;
	struct message m;
	uint8_t *copy;
	size_t len;

	(void)state;
	bytes = message_bytes(health_set(), &len);
	assert_null(parse(&m, ROLE_WATCHER, ROLE_NOTIFIER, bytes, len, -1, &copy));
	assert_int_equal(m.type, MSG_HEALTH_SET);
	assert_int_equal(m.id, 7);
	assert_string_equal(message_get_s(&m), "cmp");
	assert_int_equal(message_get_u(&m), 4);
	assert_int_equal(message_get_u(&m), 300);
	assert_int_equal(message_get_u(&m), 70000);
	assert_int_equal(message_get_u(&m), 5000000000ULL);
	assert_true(message_get_u(&m) == UINT64_MAX);
	assert_true(message_get_b(&m));
	assert_string_equal(message_get_s(&m), "");
	assert_false(message_more(&m));
	free(copy);
}

static void
test_repetition(void **state)
{
	struct message_out *out;
	const uint8_t *bytes;
	struct message m;
	unsigned count, i;
	uint8_t *copy;
	size_t len;

	(void)state;
	for (count = 0; count < 3; count++) {
		out = message_new(MSG_CONF_ETCD, 0);
		message_put_s(out, "root");
		message_put_b(out, false);
		for (i = 0; i < count; i++) {
			message_put_s(out, "etcd");
			message_put_u(out, 2379 + i);
			message_put_b(out, true);
		}
		/* They can be had more than once. */
		message_bytes(out, &len);
		bytes = message_bytes(out, &len);
		assert_null(parse(&m, ROLE_PARENT, ROLE_STORE, bytes, len, -1,
		    &copy));
		assert_string_equal(message_get_s(&m), "root");
		assert_false(message_get_b(&m));
		for (i = 0; message_more(&m); i++) {
			assert_string_equal(message_get_s(&m), "etcd");
			assert_int_equal(message_get_u(&m), 2379 + i);
			assert_true(message_get_b(&m));
		}
		assert_int_equal(i, count);
		free(copy);
	}
}

/* The bytes may be looked at before they are sent. */
static void
test_bytes_twice(void **state)
{
	unsigned n, i;
	struct message_out *out;
	const uint8_t *bytes;
	struct message m;
	uint8_t *copy;
	size_t len, again;

	(void)state;
	for (n = 0; n < 3; n++) {
		out = message_new(MSG_SHOW_DAYS, 1);
		message_put_s(out, "cmp");
		message_put_u(out, 1);
		for (i = 0; i < 5 * n; i++)
			message_put_u(out, i);
		message_bytes(out, &len);
		bytes = message_bytes(out, &again);
		assert_int_equal(len, again);
		assert_null(parse(&m, ROLE_NOTIFIER, ROLE_WEB, bytes, len, -1,
		    &copy));
		free(copy);
	}
}

static void
test_forward(void **state)
{
	const uint8_t *bytes;
	uint8_t *copy, *again;
	struct message m;
	size_t len;

	(void)state;
	bytes = message_bytes(health_set(), &len);
	assert_null(parse(&m, ROLE_WATCHER, ROLE_NOTIFIER, bytes, len, -1, &copy));
	bytes = message_bytes(message_forward(&m, 9), &len);
	assert_null(parse(&m, ROLE_WATCHER, ROLE_NOTIFIER, bytes, len, -1, &again));
	assert_int_equal(m.id, 9);
	assert_string_equal(message_get_s(&m), "cmp");
	free(copy);
	free(again);
}

static void
test_long_text_is_cut_between_characters(void **state)
{
	struct message_out *out;
	char text[70];
	const uint8_t *bytes;
	struct message m;
	uint8_t *copy;
	size_t len;

	(void)state;
	/* 62 bytes, then a character of two: only 63 fit. */
	memset(text, 'a', 62);
	memcpy(text + 62, "\xc3\xa4" "b", 4);
	out = message_new(MSG_SHOW_STATE, 0);
	message_put_s(out, text);
	message_put_s(out, "");
	bytes = message_bytes(out, &len);
	assert_null(parse(&m, ROLE_STORE, ROLE_PARENT, bytes, len, -1, &copy));
	assert_int_equal(strlen(message_get_s(&m)), 62);
	free(copy);
}

static void
test_senders(void **state)
{
	const uint8_t *bytes;
	size_t len;

	(void)state;
	bytes = message_bytes(health_set(), &len);
	refuse(ROLE_STORE, ROLE_NOTIFIER, bytes, len, -1,
	    "its sender may not send it");
	refuse(ROLE_WATCHER, ROLE_STORE, bytes, len, -1,
	    "its sender may not send it");
	refuse(ROLE_NOTIFIER, ROLE_WATCHER, bytes, len, -1,
	    "its sender may not send it");
	refuse(ROLE_CTL, ROLE_PARENT, bytes, len, -1,
	    "its sender may not send it");
}

static void
test_descriptors(void **state)
{
	struct message_out *out;
	const uint8_t *bytes;
	size_t len;

	(void)state;
	bytes = message_bytes(health_set(), &len);
	refuse(ROLE_WATCHER, ROLE_NOTIFIER, bytes, len, 0,
	    "it must not have a descriptor");
	out = message_new(MSG_DIAL_CONNECTED, 0);
	message_put_u(out, 1);
	bytes = message_bytes(out, &len);
	refuse(ROLE_DIALER, ROLE_STORE, bytes, len, -1,
	    "a descriptor is missing");
}

/* Every prefix and every change of one byte: refused or read, never beyond. */
static void
test_cut_and_bent(void **state)
{
	uint8_t good[512], bad[512];
	const uint8_t *bytes;
	struct message m;
	uint8_t *copy;
	size_t len, i;
	unsigned v;

	(void)state;
	bytes = message_bytes(health_set(), &len);
	assert_true(len <= sizeof(good));
	memcpy(good, bytes, len);
	for (i = 0; i < len; i++) {
		assert_non_null(parse(&m, ROLE_WATCHER, ROLE_NOTIFIER, good, i,
		    -1, &copy));
		free(copy);
	}
	for (i = 0; i < len; i++)
		for (v = 0; v < 256; v++) {
			memcpy(bad, good, len);
			bad[i] = v;
			if (parse(&m, ROLE_WATCHER, ROLE_NOTIFIER, bad, len, -1,
			    &copy) == NULL && m.type == MSG_HEALTH_SET) {
				assert_true(strlen(message_get_s(&m)) <= 128);
				for (unsigned n = 0; n < 5; n++)
					message_get_u(&m);
				message_get_b(&m);
				assert_true(strlen(message_get_s(&m)) <= 512);
			}
			free(copy);
		}
	memcpy(bad, good, len);
	bad[len] = 0;
	refuse(ROLE_WATCHER, ROLE_NOTIFIER, bad, len + 1, -1,
	    "something is left over");
}

static void
test_shapes(void **state)
{
	static const uint8_t huge_array[] = { 0xdd, 0x0f, 0xff, 0xff, 0xff };
	static const uint8_t map[] = { 0x81, 0x00, 0x00 };
	static const uint8_t short_array[] = { 0x91, 0x00 };
	static const uint8_t no_type[] = { 0x92, 0xcd, 0x7f, 0xff, 0x00 };
	static const uint8_t text_type[] = { 0x92, 0xa1, 'x', 0x00 };
	static const uint8_t big_id[] = { 0x92, MSG_PROC_PONG, 0xcf, 1, 0, 0, 0,
	    0, 0, 0, 0 };
	static const uint8_t many[] = { 0x95, MSG_PROC_PONG, 0, 0, 0, 0 };
	static const uint8_t few[] = { 0x93, MSG_DIAL_CONNECT, 0 };
	static const uint8_t none[] = { 0x92, MSG_DIAL_CONNECT, 0 };
	static const uint8_t wrong[] = { 0x93, MSG_DIAL_CONNECT, 0, 0xc3 };
	static const uint8_t nul[] = { 0xdc, 0, 4, 0xcc, MSG_DIAL_FAILED, 0, 1,
	    0xa2, 'a', 0 };
	static const uint8_t str32[] = { 0x94, 0xcc, MSG_DIAL_FAILED, 0, 1,
	    0xdb, 0xff, 0xff, 0xff, 0xff, 'a' };
	uint8_t longer[300];

	(void)state;
	refuse(ROLE_DIALER, ROLE_PARENT, "", 0, -1, "it is empty");
	refuse(ROLE_DIALER, ROLE_PARENT, huge_array, sizeof(huge_array), -1,
	    "it is no array");
	refuse(ROLE_DIALER, ROLE_PARENT, map, sizeof(map), -1, "it is no array");
	refuse(ROLE_DIALER, ROLE_PARENT, short_array, sizeof(short_array), -1,
	    "it has no type and id");
	refuse(ROLE_DIALER, ROLE_PARENT, no_type, sizeof(no_type), -1,
	    "its type is unknown");
	refuse(ROLE_DIALER, ROLE_PARENT, text_type, sizeof(text_type), -1,
	    "its type is unknown");
	refuse(ROLE_DIALER, ROLE_PARENT, big_id, sizeof(big_id), -1,
	    "its id is no number");
	refuse(ROLE_DIALER, ROLE_PARENT, many, sizeof(many), -1,
	    "there are too many fields");
	refuse(ROLE_STORE, ROLE_DIALER, few, sizeof(few), -1, "it is cut off");
	refuse(ROLE_STORE, ROLE_DIALER, none, sizeof(none), -1,
	    "there are too few fields");
	refuse(ROLE_STORE, ROLE_DIALER, wrong, sizeof(wrong), -1,
	    "a field has the wrong type");
	refuse(ROLE_DIALER, ROLE_STORE, nul, sizeof(nul), -1, "a text has a NUL");
	refuse(ROLE_DIALER, ROLE_STORE, str32, sizeof(str32), -1,
	    "it is cut off");
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, str32, 5);
	longer[5] = 0xda;
	longer[6] = 1;
	longer[7] = 0;
	refuse(ROLE_DIALER, ROLE_STORE, longer, 8 + 256, -1,
	    "a field is too long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_bytes_twice),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_long_text_is_cut_between_characters),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_cut_and_bent),
		cmocka_unit_test(test_shapes),
	};

	return (cmocka_run_group_tests_name("message", tests, NULL, NULL));
}
