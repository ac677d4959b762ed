/* Connections that are kept, and dialers that do not last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "http_stage.h"

/* The kept connection is closed before it is needed: nobody notices. */
static void
kept_connection_ends(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	int number = connection(get(s, "/close-after"));
	struct result *r;

	(void)state;
	loop_for(100);
	r = run(s, REQUEST(.method = "POST", .path = "/echo"));
	assert_int_not_equal(connection(r), number);
	http_server_free(s);
	s = server(TLS, "server.test", NULL);
	number = connection(get(s, "/close-after"));
	loop_for(100);
	r = run(s, REQUEST(.method = "POST", .path = "/echo"));
	assert_int_not_equal(connection(r), number);
	http_server_free(s);
}

/* It is closed after the server has read the request. */
static void
kept_connection_dies(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	int number = connection(get(s, "/die-next"));
	struct result *r;

	(void)state;
	r = run(s, REQUEST(.method = "POST", .path = "/order", .body = "{}",
	    .body_len = 2));
	expect(r, HTTP_LOST, 0, "closed");
	expect_count("order", "POST", 1);
	/* What is safe to ask twice is. */
	number = connection(get(s, "/die-next"));
	assert_int_not_equal(connection(get(s, "/echo")), number);
	http_server_free(s);
}

/* libcurl must not turn to the other kept connection by itself. */
static void
never_sent_twice(void **state)
{
	struct http_server *s[2] = { server(PLAIN, "127.0.0.1", NULL),
	    server(TLS, "server.test", NULL) };
	struct result r[2];
	const char *what[2] = { "plain-order", "tls-order" };
	char path[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(r, 0, sizeof(r));
		begin(s[i], REQUEST(.path = "/die-next"), &r[0]);
		begin(s[i], REQUEST(.path = "/die-next"), &r[1]);
		loop_until(&r[0].done);
		loop_until(&r[1].done);
		assert_int_not_equal(connection(&r[0]), connection(&r[1]));
		free(r[0].body);
		free(r[1].body);
		snprintf(path, sizeof(path), "/%s", what[i]);
		expect(run(s[i], REQUEST(.method = "POST", .path = path)),
		    HTTP_LOST, 0, "closed");
		expect_count(what[i], "POST", 1);
		http_server_free(s[i]);
	}
}

static void
dialer_dies(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	struct result *r;

	(void)state;
	/* It ends when its parent closes the channel. */
	close(first.fd);
	expect(run(s, REQUEST(.path = "/echo", .timeout = 300)),
	    HTTP_NOT_SENT, 0, "no connection within 300 ms");
	assert_false(hung);
	r = result_reset();
	begin(s, REQUEST(.path = "/echo"), r);
	loop_for(100);
	assert_false(r->done);
	http_link_dialer(second_link);
	loop_until(&r->done);
	expect_body(r, "connection");
	http_server_free(s);
}

static void
dialer_talks_nonsense(void **state)
{
	struct message_out *m;

	(void)state;
	http_link_dialer(false_link[0]);
	m = message_new(MSG_DIAL_FAILED, 1);
	message_put_u(m, PLAIN);
	message_put_s(m, "nobody asked");
	assert_int_equal(message_send(false_link[1], m, -1), 0);
	loop_until(&hung);
}

static int
run_caged(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_connection_ends),
		cmocka_unit_test(kept_connection_dies),
		cmocka_unit_test(never_sent_twice),
		cmocka_unit_test(dialer_dies),
		cmocka_unit_test(dialer_talks_nonsense),
	};

	return (cmocka_run_group_tests(tests, stage_setup_linked, NULL));
}

int
main(void)
{
	return (stage_main(run_caged));
}
