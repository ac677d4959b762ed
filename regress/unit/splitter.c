/*
 * The splitter: whatever the network cuts the bytes into, the same pieces.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/splitter.h"

static const char *const drop[] = { "metadata.managedFields", "spec",
    "status.a.b", NULL };
static const char *const drop_event[] = { "object.metadata.managedFields",
    "object.spec", NULL };

static char got[65536];
static int stop_after;

static int
piece(const char *s, size_t len, int rest, void *arg)
{
	size_t n = strlen(got);

	(void)arg;
	assert_int_equal(strlen(s), len);
	snprintf(got + n, sizeof(got) - n, "%s%s\n", rest ? "rest " : "", s);
	return (--stop_after == 0 ? -1 : 0);
}

/* Fed in chunks of that size; the text of the error, or NULL. */
static const char *
run(enum split_mode mode, const char *const *paths, const char *in, size_t chunk)
{
	struct splitter *sp;
	const char *error = NULL;
	size_t len = strlen(in), n;

	got[0] = '\0';
	stop_after = -1;
	sp = splitter_new(mode, paths, piece, NULL);
	for (; len > 0 && error == NULL; in += n, len -= n) {
		n = chunk < len ? chunk : len;
		if (splitter_feed(sp, in, n) == -1)
			error = splitter_error(sp);
	}
	if (error == NULL)
		error = splitter_finish(sp);
	splitter_free(sp);
	return (error);
}

static void
check(enum split_mode mode, const char *const *paths, const char *in,
    const char *out)
{
	const char *error;
	size_t chunk;

	for (chunk = 1; chunk <= strlen(in); chunk++) {
		error = run(mode, paths, in, chunk);
		if (error != NULL)
			fail_msg("%s in chunks of %zu: %s", in, chunk, error);
		assert_string_equal(got, out);
	}
}

static void
refuse(enum split_mode mode, const char *in, const char *error)
{
	const char *is;
	size_t chunk;

	for (chunk = 1; chunk <= strlen(in) + 1; chunk++) {
		is = run(mode, drop, in, chunk);
		if (is == NULL || strcmp(is, error) != 0)
			fail_msg("%s in chunks of %zu: %s, expected %s", in,
			    chunk, is == NULL ? "no error" : is, error);
	}
}

static void
test_events(void **state)
{
	(void)state;
	check(SPLIT_EVENTS, NULL, "{}", "{}\n");
	check(SPLIT_EVENTS, NULL, "{\"a\":1}\n{\"b\":[{},{}]}\r\n {\"c\":{}}",
	    "{\"a\":1}\n{\"b\":[{},{}]}\n{\"c\":{}}\n");
	check(SPLIT_EVENTS, NULL, "{\"a\":\"}{\\\"}\\\\\"}{}",
	    "{\"a\":\"}{\\\"}\\\\\"}\n{}\n");
	check(SPLIT_EVENTS, NULL, "{\"items\":[{\"a\":1}]}",
	    "{\"items\":[{\"a\":1}]}\n");
	assert_null(run(SPLIT_EVENTS, NULL, "", 1));
	assert_string_equal(got, "");
}

static void
test_list(void **state)
{
	(void)state;
	check(SPLIT_LIST, NULL,
	    "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
	    "\"items\":[{\"a\":1},\n{\"b\":{\"items\":[{}]}} ]}\n",
	    "{\"a\":1}\n{\"b\":{\"items\":[{}]}}\n"
	    "rest {\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
	    "\"items\":[]}\n");
	check(SPLIT_LIST, NULL, " {\"items\":[],\"metadata\":{}}",
	    "rest {\"items\":[],\"metadata\":{}}\n");
	check(SPLIT_LIST, NULL, "{\"items\":null,\"a\":[1]}",
	    "rest {\"items\":null,\"a\":[1]}\n");
	check(SPLIT_LIST, NULL, "{\"metadata\":{\"items\":[1]}}",
	    "rest {\"metadata\":{\"items\":[1]}}\n");
	check(SPLIT_LIST, NULL, "{ \"items\" : [ {} , {} ] }",
	    "{}\n{}\nrest { \"items\" : [] }\n");
}

static void
test_drop(void **state)
{
	(void)state;
	check(SPLIT_LIST, drop,
	    "{\"items\":[{\"spec\":{\"x\":[{\"}\":\"]\"}]},\"metadata\":"
	    "{\"name\":\"n\",\"managedFields\":[{\"a\":{}},\"b\"],\"uid\":3},"
	    "\"status\":{\"a\":{\"b\":1.5,\"c\":2},\"b\":3}}],\"spec\":1}",
	    "{\"spec\":null,\"metadata\":{\"name\":\"n\",\"managedFields\":null,"
	    "\"uid\":3},\"status\":{\"a\":{\"b\":null,\"c\":2},\"b\":3}}\n"
	    "rest {\"items\":[],\"spec\":1}\n");
	/* The same words elsewhere stay. */
	check(SPLIT_LIST, drop,
	    "{\"items\":[{\"a\":{\"spec\":1},\"managedFields\":2,\"b\":"
	    "[{\"spec\":3}],\"metadata\":[{\"managedFields\":4}],"
	    "\"s\":\"spec\"}]}",
	    "{\"a\":{\"spec\":1},\"managedFields\":2,\"b\":[{\"spec\":3}],"
	    "\"metadata\":[{\"managedFields\":4}],\"s\":\"spec\"}\n"
	    "rest {\"items\":[]}\n");
	check(SPLIT_EVENTS, drop_event,
	    "{\"type\":\"ADDED\",\"spec\":1,\"object\":{\"spec\": \"x,}\" ,"
	    "\"metadata\":{\"managedFields\":[]}}}{\"object\":{\"spec\":3}}",
	    "{\"type\":\"ADDED\",\"spec\":1,\"object\":{\"spec\":null,"
	    "\"metadata\":{\"managedFields\":null}}}\n"
	    "{\"object\":{\"spec\":null}}\n");
}

static void
test_refuse(void **state)
{
	static const char none[] = "the answer is no JSON object";
	static const char item[] = "an item of a list is no object";
	static const char match[] = "brackets do not match";
	static const char middle[] = "the answer ends in the middle of an object";

	(void)state;
	refuse(SPLIT_EVENTS, "<html>", none);
	refuse(SPLIT_EVENTS, "[{}]", none);
	refuse(SPLIT_EVENTS, "{}x", none);
	refuse(SPLIT_EVENTS, "\"a\"", none);
	refuse(SPLIT_EVENTS, "}", match);
	refuse(SPLIT_EVENTS, "{]", match);
	refuse(SPLIT_EVENTS, "{\"a\":[}", match);
	refuse(SPLIT_EVENTS, "{\"a\":{}", middle);
	refuse(SPLIT_EVENTS, "{\"a", middle);
	refuse(SPLIT_LIST, "<html>", none);
	refuse(SPLIT_LIST, "[]", none);
	refuse(SPLIT_LIST, "{}{}", none);
	refuse(SPLIT_LIST, "{\"items\":[1]}", item);
	refuse(SPLIT_LIST, "{\"items\":[[]]}", item);
	refuse(SPLIT_LIST, "{\"items\":[{}{}]}", item);
	refuse(SPLIT_LIST, "{\"items\":[,{}]}", item);
	refuse(SPLIT_LIST, "{\"items\":[{\"spec\":1]}]}", match);
	refuse(SPLIT_LIST, "{\"items\":[{}", middle);
	refuse(SPLIT_LIST, " ", "the answer is empty");
}

static void
test_bounds(void **state)
{
	struct splitter *sp;
	char block[65536], deep[SPLITTER_DEPTH_MAX * 8];
	size_t i, n;

	(void)state;
	/* A line that never ends, kept, left out or around. */
	memset(block, 'x', sizeof(block));
	for (i = 0; i < 3; i++) {
		got[0] = '\0';
		sp = splitter_new(SPLIT_LIST, drop, piece, NULL);
		assert_int_equal(splitter_feed(sp, i == 0 ? "{\"items\":[{\"a\":\"" :
		    i == 1 ? "{\"items\":[{\"spec\":\"" : "{\"kind\":\"",
		    i == 0 ? 15 : i == 1 ? 18 : 9), 0);
		for (n = 0; n < 3200; n++)
			if (splitter_feed(sp, block, sizeof(block)) == -1)
				break;
		assert_in_range(n, 3, SPLITTER_PIECE_MAX / sizeof(block));
		assert_string_equal(splitter_error(sp), i == 2 ?
		    "a list is too large around its items" :
		    "an object is larger than 4 MiB");
		assert_int_equal(splitter_feed(sp, "x", 1), -1);
		splitter_free(sp);
	}
	/* As deep as it may be, and one deeper. */
	for (i = 0; i < 2; i++) {
		deep[0] = '\0';
		for (n = 0; n < SPLITTER_DEPTH_MAX + i; n++)
			strcat(deep, "{\"a\":");
		for (; n > 0; n--)
			strcat(deep, n == SPLITTER_DEPTH_MAX + i ? "1}" : "}");
		sp = splitter_new(SPLIT_EVENTS, drop, piece, NULL);
		got[0] = '\0';
		stop_after = -1;
		assert_int_equal(splitter_feed(sp, deep, strlen(deep)),
		    i == 0 ? 0 : -1);
		splitter_free(sp);
	}
}

/* Many of them, each within the bounds, are no end. */
static void
test_many(void **state)
{
	struct splitter *sp = splitter_new(SPLIT_EVENTS, NULL, piece, NULL);
	char block[60000];
	size_t n;

	(void)state;
	memset(block, ' ', sizeof(block));
	block[0] = '{';
	block[sizeof(block) - 1] = '}';
	for (n = 0; n < 500; n++) {
		got[0] = '\0';
		assert_int_equal(splitter_feed(sp, block, sizeof(block)), 0);
	}
	assert_null(splitter_finish(sp));
	splitter_free(sp);
}

static void
test_stop(void **state)
{
	struct splitter *sp = splitter_new(SPLIT_EVENTS, NULL, piece, NULL);

	(void)state;
	got[0] = '\0';
	stop_after = 2;
	assert_int_equal(splitter_feed(sp, "{}{}{}", 6), -1);
	assert_null(splitter_error(sp));
	assert_string_equal(got, "{}\n{}\n");
	splitter_free(sp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_stop),
	};

	return (cmocka_run_group_tests_name("splitter", tests, NULL, NULL));
}
