/*
 * Cutting protobuf into pieces, whatever the network cut it into.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/frame.h"

static char	 got[4096];
static unsigned	 pieces;
static int	 stop_at;

static int
on_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	static const char name[] = "ETMI";
	size_t n = strlen(got);

	(void)arg;
	snprintf(got + n, sizeof(got) - n, "%c:%.*s ", name[piece], (int)len,
	    (const char *)p);
	pieces++;
	return ((int)pieces == stop_at ? -1 : 0);
}

/* In pieces of that size; NULL or what is wrong. */
static const char *
run(enum frame_mode mode, const char *bytes, size_t len, size_t chunk)
{
	struct frame *fr = frame_new(mode, on_piece, NULL);
	const char *error = NULL;
	char *copy;
	size_t at, n;

	got[0] = '\0';
	pieces = 0;
	for (at = 0; at < len; at += n) {
		n = len - at < chunk ? len - at : chunk;
		copy = malloc(n);
		memcpy(copy, bytes + at, n);
		if (frame_feed(fr, copy, n) == -1) {
			error = frame_error(fr);
			if (error == NULL)
				error = "stopped";
			assert_int_equal(frame_feed(fr, copy, n), -1);
			free(copy);
			frame_free(fr);
			return (error);
		}
		free(copy);
	}
	error = frame_finish(fr);
	frame_free(fr);
	return (error);
}

#define BYTES(s)	(s), sizeof(s) - 1

static void
all_cuts(enum frame_mode mode, const char *bytes, size_t len, const char *want)
{
	const char *why;
	size_t chunk, n;

	for (chunk = 1; chunk <= len; chunk++) {
		if ((why = run(mode, bytes, len, chunk)) != NULL)
			fail_msg("cut at %zu: %s", chunk, why);
		assert_string_equal(got, want);
	}
	/* And it is not complete before its end. */
	for (n = 1; n < len; n++)
		if (mode == FRAME_LIST && run(mode, bytes, n, n) == NULL &&
		    strcmp(got, want) != 0)
			fail_msg("complete after %zu bytes", n);
}

static void
test_list(void **state)
{
	(void)state;
	/* TypeMeta, the list (meta, two items), empty encoding and type. */
	all_cuts(FRAME_LIST, BYTES("k8s\0\x0a\x02ty\x12\x0e\x0a\x02me"
	    "\x12\x03one\x12\x03two\x1a\0\x22\0"), "T:ty M:me I:one I:two ");
	/* Items first; numbers and unknown fields between; an item of nothing. */
	all_cuts(FRAME_LIST, BYTES("k8s\0\x0a\x02ty\x12\x1f\x12\x03one\x18\xff\x01"
	    "\x21" "12345678" "\x2d" "1234" "\x12\0\x0a\x02me\x7a\x01z"),
	    "T:ty I:one I: M:me ");
	/* An empty list. */
	all_cuts(FRAME_LIST, BYTES("k8s\0\x0a\x02ty\x12\0"), "T:ty ");
}

static void
test_events(void **state)
{
	(void)state;
	all_cuts(FRAME_EVENTS, BYTES("\0\0\0\x03one\0\0\0\0\0\0\0\x04" "four"),
	    "E:one E: E:four ");
	assert_null(run(FRAME_EVENTS, "", 0, 1));
	assert_string_equal(run(FRAME_EVENTS, BYTES("\0\0"), 1),
	    "the answer ends in the middle of an object");
	assert_string_equal(run(FRAME_EVENTS, BYTES("\0\0\0\x02x"), 1),
	    "the answer ends in the middle of an object");
}

static void
test_refuse(void **state)
{
	static const struct { const char *bytes; size_t len; const char *why; }
	    rows[] = {
		{ BYTES(""), "the answer is empty" },
		{ BYTES("{\"kind\":"), "the answer is no protobuf list" },
		{ BYTES("k8t\0"), "the answer is no protobuf list" },
		{ BYTES("k8s\0"), "the answer ends in the middle of an object" },
		{ BYTES("k8s\0\x0a\x02ty"),
		    "the answer ends in the middle of an object" },
		{ BYTES("k8s\0\x12\x02"), "a list without a kind" },
		{ BYTES("k8s\0\x0a\0\x0a\0"), "a list with two kinds" },
		{ BYTES("k8s\0\x0a\0\x12\0\x12\0"), "a list with two bodies" },
		{ BYTES("k8s\0\x0a\0\x12\0\x1a\x04gzip"),
		    "a list in an unknown encoding" },
		{ BYTES("k8s\0\x0a\0\x12\x02\x12\x01x"),
		    "a field is larger than its list" },
		{ BYTES("k8s\0\x0a\0\x12\x01\x12\x01x"),
		    "a field is larger than its list" },
		{ BYTES("k8s\0\x0a\0\x12\x02\x18\xff\xff"),
		    "a field is larger than its list" },
		{ BYTES("k8s\0\x0a\0\x12\x03\x21" "123"),
		    "a field is larger than its list" },
		{ BYTES("k8s\0\x0b"), "the answer is no protobuf" },
		{ BYTES("k8s\0\x02\x01"), "the answer is no protobuf" },
		{ BYTES("k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		    "the answer is no protobuf" },
		{ BYTES("k8s\0\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		    "the answer is no protobuf" },
		{ BYTES("k8s\0\x0a\0\x12\xff\xff\xff\xff\x1f"),
		    "a list is too large" },
		{ BYTES("k8s\0\x2a\xff\xff\xff\xff\x1f"),
		    "a field is too large" },
	};
	const char *why;
	size_t i, chunk;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (chunk = 1; chunk < 20; chunk += 6) {
			why = run(FRAME_LIST, rows[i].bytes, rows[i].len, chunk);
			if (why == NULL || strcmp(why, rows[i].why) != 0)
				fail_msg("row %zu: %s", i, why == NULL ?
				    "accepted" : why);
		}
}

/* 4 MiB are taken, one more byte is not, before any of it is there. */
static void
test_bounds(void **state)
{
	char *large = calloc(1, FRAME_PIECE_MAX + 4);

	(void)state;
	assert_string_equal(run(FRAME_EVENTS, BYTES("\0\x40\0\1"), 4),
	    "an object is larger than 4 MiB");
	assert_string_equal(run(FRAME_EVENTS, BYTES("\xff\xff\xff\xff"), 1),
	    "an object is larger than 4 MiB");
	memcpy(large, "\0\x40\0\0", 4);
	assert_null(run(FRAME_EVENTS, large, FRAME_PIECE_MAX + 4, 100000));
	assert_int_equal(pieces, 1);
	free(large);
	/* An item of a list: 0x400001 bytes of 0x500000. */
	assert_string_equal(run(FRAME_LIST, BYTES("k8s\0\x0a\0\x12\x80\x80\xc0\x02"
	    "\x12\x81\x80\x80\x02"), 3), "an object is larger than 4 MiB");
	/* A TypeMeta or ListMeta of more than 64 KiB. */
	assert_string_equal(run(FRAME_LIST, BYTES("k8s\0\x0a\x81\x80\x04"), 3),
	    "a list is too large around its items");
	assert_string_equal(run(FRAME_LIST, BYTES("k8s\0\x0a\0\x12\x80\x80\xc0\x02"
	    "\x0a\x81\x80\x04"), 3), "a list is too large around its items");
}

static void
test_stop(void **state)
{
	(void)state;
	stop_at = 2;
	assert_string_equal(run(FRAME_EVENTS, BYTES("\0\0\0\1a\0\0\0\1b\0\0\0\1c"),
	    3), "stopped");
	assert_string_equal(got, "E:a E:b ");
	stop_at = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list), cmocka_unit_test(test_events),
		cmocka_unit_test(test_refuse), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_stop),
	};

	return (cmocka_run_group_tests_name("frame", tests, NULL, NULL));
}
