/* Credentials of an exec plugin over time; the clock is the test's. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/worker.h"
#include "../../watcher/renew.h"

#define PATIENCE	10	/* s, real ones */

static struct event_base *base;
static uint64_t		 now = 1000000;	/* ms, of both clocks */
static unsigned		 asked, fresh;
static char		 token[64];
static const char	*problem;

uint64_t
clock_ticks(void)
{
	return (now);
}

uint64_t
clock_now(void)
{
	return (now);
}

static void
on_ask(void)
{
	asked++;
}

static void
on_fresh(struct execcred *c, const char *why)
{
	fresh++;
	problem = why;
	snprintf(token, sizeof(token), "%s", c->token == NULL ? "" : c->token);
}

/* Until it has been asked for, or a credential came, so often. */
static void
wait_for(const unsigned *count, unsigned wanted)
{
	time_t		 end = time(NULL) + PATIENCE;

	while (*count < wanted) {
		if (time(NULL) > end)
			fail_msg("asked %u times, %u credentials", asked,
			    fresh);
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_int_equal(*count, wanted);
}

/* A look at the clock later it has not been asked for. */
static void
not_asked(unsigned still)
{
	struct timeval	 tv = { 1, 200000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
	assert_int_equal(asked, still);
}

/* The plugin prints it; the writing end of the pipe, still open. */
static int
print(const char *text)
{
	int		 fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC | O_NONBLOCK), 0);
	renew_answer(fd[0]);
	assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
	return (fd[1]);
}

#define GIVE(status)							\
	close(print("{\"apiVersion\": \"client.authentication.k8s.io/v1\","	\
	    "\"kind\": \"ExecCredential\", \"status\": {" status "}}"))

static int
begin(void **state)
{
	(void)state;
	renew_stop();
	now += 1000000;
	asked = fresh = 0;
	renew_start();
	assert_int_equal(asked, 1);
	return (0);
}

static void
test_expires(void **state)
{
	int		 fd;

	(void)state;
	/* 1970-01-01T01:00:00Z, and in pieces. */
	now = 3500000;
	renew_stop();
	renew_start();
	fd = print("{\"apiVersion\": \"client.authentication.k8s.io/v1\", ");
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(fresh, 0);
	dprintf(fd, "\"kind\": \"ExecCredential\", \"status\": {\"token\": "
	    "\"one\", \"expirationTimestamp\": \"1970-01-01T01:00:00Z\"}}");
	close(fd);
	wait_for(&fresh, 1);
	assert_null(problem);
	assert_string_equal(token, "one");
	now = 3600000 - RENEW_EARLY - 1;
	not_asked(2);
	now++;
	wait_for(&asked, 3);
	GIVE("\"token\": \"two\"");
	wait_for(&fresh, 2);
	assert_string_equal(token, "two");
	/* It never expires. */
	now += 1000000000;
	not_asked(3);
}

static void
test_refused(void **state)
{
	(void)state;
	GIVE("\"token\": \"one\"");
	wait_for(&fresh, 1);
	renew_refused();
	/* Not at once after the last call. */
	not_asked(1);
	now += RENEW_AGAIN;
	wait_for(&asked, 2);
	/* Refused once more, by who has not heard of the new one yet. */
	renew_refused();
	GIVE("\"token\": \"two\"");
	wait_for(&fresh, 2);
	now += RENEW_AGAIN;
	not_asked(2);
}

static void
test_not_run(void **state)
{
	(void)state;
	renew_answer(-1);
	not_asked(1);
	now += RENEW_AGAIN;
	wait_for(&asked, 2);
	assert_int_equal(fresh, 0);
}

static void
test_fails(void **state)
{
	(void)state;
	close(print("hunter2"));
	wait_for(&fresh, 1);
	assert_non_null(strstr(problem, "no JSON"));
	now += RENEW_AGAIN;
	not_asked(1);
	now += RENEW_AGAIN;
	wait_for(&asked, 2);
	close(print(""));
	wait_for(&fresh, 2);
	assert_non_null(strstr(problem, "printed nothing"));
	now += RENEW_RARELY;
	wait_for(&asked, 3);
	GIVE("\"token\": \"one\"");
	wait_for(&fresh, 3);
	assert_null(problem);
}

/* A reload in the middle of a call: what comes may be of the old plugin. */
static void
test_started_again(void **state)
{
	(void)state;
	renew_start();
	assert_int_equal(asked, 1);
	GIVE("\"token\": \"old\"");
	wait_for(&fresh, 1);
	now += RENEW_AGAIN;
	wait_for(&asked, 2);
	GIVE("\"token\": \"new\"");
	wait_for(&fresh, 2);
	assert_string_equal(token, "new");
	now += RENEW_AGAIN;
	not_asked(2);
}

static void
test_does_not_end(void **state)
{
	int		 fd = print("{");

	(void)state;
	now += RENEW_TIME + 1;
	wait_for(&fresh, 1);
	assert_non_null(strstr(problem, "does not end"));
	/* Nobody reads any more. */
	assert_int_equal(write(fd, "}", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fd);
}

static void
test_too_much(void **state)
{
	static char	 piece[65536];
	int		 fd = print("");
	time_t		 end = time(NULL) + PATIENCE;

	(void)state;
	memset(piece, ' ', sizeof(piece));
	while (fresh == 0 && time(NULL) < end) {
		if (write(fd, piece, sizeof(piece)) == -1)
			assert_true(errno == EAGAIN || errno == EPIPE);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(fresh, 1);
	assert_non_null(strstr(problem, "more than 1 MiB"));
	close(fd);
}

static void
test_stopped(void **state)
{
	int		 fd = print("{");

	(void)state;
	renew_stop();
	assert_int_equal(write(fd, "}", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fd);
	/* An answer that is late, a refusal: nobody cares. */
	close(print(""));
	renew_refused();
	now += 10 * RENEW_RARELY;
	not_asked(1);
	assert_int_equal(fresh, 0);
}

int
main(void)
{
	static const struct renew_hooks hooks = { on_ask, on_fresh };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_expires, begin),
		cmocka_unit_test_setup(test_refused, begin),
		cmocka_unit_test_setup(test_not_run, begin),
		cmocka_unit_test_setup(test_fails, begin),
		cmocka_unit_test_setup(test_started_again, begin),
		cmocka_unit_test_setup(test_does_not_end, begin),
		cmocka_unit_test_setup(test_too_much, begin),
		cmocka_unit_test_setup(test_stopped, begin),
	};
	int		 failed;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	renew_init(base, &hooks);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return (failed);
}
