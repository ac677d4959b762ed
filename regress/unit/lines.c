/* Lines from a pipe: whole, bounded, and none lost at the end. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../common/lines.h"
#include "../../common/log.h"

static struct event_base *base;
static struct lines lines;
static int end;				/* that writes */
static unsigned count;
static char last[LINES_MAX];

static void
on_line(const char *text, void *arg)
{
	assert_ptr_equal(arg, &count);
	assert_true(strlen(text) < sizeof(last));
	strcpy(last, text);
	count++;
}

static int
setup(void **state)
{
	int fd[2];

	(void)state;
	base = event_base_new();
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	end = fd[1];
	count = 0;
	last[0] = '\0';
	lines_open(&lines, base, fd[0], on_line, &count);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	close(end);
	event_base_free(base);
	return (0);
}

static void
say(const void *p, size_t len)
{
	assert_int_equal(write(end, p, len), len);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void
test_pieces(void **state)
{
	(void)state;
	say("a", 1);
	assert_int_equal(count, 0);
	say("b\ncd", 4);
	assert_int_equal(count, 1);
	assert_string_equal(last, "ab");
	say("\n\n", 2);
	assert_int_equal(count, 3);
	assert_string_equal(last, "");
	/* What it said last, without an end, is not lost. */
	say("bye", 3);
	assert_int_equal(count, 3);
	lines_close(&lines);
	assert_int_equal(count, 4);
	assert_string_equal(last, "bye");
}

static void
test_bounds(void **state)
{
	char text[LINES_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	say(text, LINES_MAX - 1);
	assert_int_equal(count, 0);
	/* One more, and it comes in two. */
	say("x", 1);
	assert_int_equal(count, 1);
	assert_int_equal(strlen(last), LINES_MAX - 1);
	say("\n", 1);
	assert_int_equal(count, 2);
	assert_string_equal(last, "x");
	say("a\0b\n", 4);
	assert_string_equal(last, "ab");
	lines_close(&lines);
	assert_int_equal(count, 3);
}

/* The longest line of a worker is one line to the parent. */
static void
test_longest(void **state)
{
	char text[2000];
	int kept = dup(STDERR_FILENO);

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(dup2(end, STDERR_FILENO), STDERR_FILENO);
	log_init(LOG_TO_PARENT, "lines");
	log_info("%s", text);
	dup2(kept, STDERR_FILENO);
	close(kept);
	lines_close(&lines);
	assert_int_equal(count, 1);
	assert_int_equal(last[0], '<');
	assert_int_equal(strspn(strchr(last, '>') + 1, "x"), 1023);
}

static void
on_line_refill(const char *text, void *arg)
{
	on_line(text, arg);
	assert_int_equal(write(end, "again\n", 6), 6);
}

/* Whoever writes on and on does not keep us: others have their turn. */
static void
test_flood(void **state)
{
	(void)state;
	lines.fn = on_line_refill;
	say("first\n", 6);
	assert_in_range(count, 1, 100);
	lines.fn = on_line;
	lines_close(&lines);
}

static void
test_eof(void **state)
{
	(void)state;
	say("a\n", 2);
	close(end);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	/* It is no longer watched. */
	assert_false(event_pending(lines.readable, EV_READ, NULL));
	lines_close(&lines);
	assert_int_equal(count, 1);
	end = open("/dev/null", O_WRONLY);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_pieces), T(test_bounds), T(test_longest), T(test_flood),
		T(test_eof),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
