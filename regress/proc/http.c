/* One request to its end, whatever that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_stage.h"

static void
waits_for_the_dialer(void **state)
{
	struct result *r = result_reset();

	(void)state;
	begin(plain, REQUEST(.path = "/echo"), r);
	loop_for(100);
	assert_false(r->done);
	http_link_dialer(first_link);
	loop_until(&r->done);
	expect_body(r, "\"count\": 1");
}

static void
says_what_it_should(void **state)
{
	struct result *r;

	(void)state;
	r = run(plain, REQUEST(.method = "POST", .path = "/echo?a=b",
	    .authorization = "Bearer secret", .body = "{\"x\": 1}",
	    .body_len = 8));
	expect_body(r, "\"method\": \"POST\"");
	expect_body(r, "\"path\": \"/echo?a=b\"");
	expect_body(r, "\"user-agent\": \"kanata/");
	expect_body(r, "\"accept\": \"application/json\"");
	expect_body(r, "\"authorization\": \"Bearer secret\"");
	expect_body(r, "\"content-type\": \"application/json\"");
	expect_body(r, "\"host\": \"127.0.0.1:");
	/* Unpacking costs more than it saves (kubernetes/kubernetes#112296). */
	assert_null(strstr(r->body, "accept-encoding"));
	expect_body(r, "\"body\": \"{\\\"x\\\": 1}\"");
	r = run(plain, REQUEST(.method = "PUT", .path = "/echo", .body = "{}",
	    .body_len = 2, .accept = "text/plain"));
	expect_body(r, "\"method\": \"PUT\"");
	expect_body(r, "\"body\": \"{}\"");
	expect_body(r, "\"accept\": \"text/plain\"");
	r = run(plain, REQUEST(.method = "DELETE", .path = "/echo"));
	expect_body(r, "\"method\": \"DELETE\"");
	r = run(plain, REQUEST(.method = "POST", .path = "/echo"));
	expect_body(r, "\"content-length\": \"0\"");
	r = get(plain, "/echo/a/../b");
	expect_body(r, "\"path\": \"/echo/a/../b\"");
	expect(get(plain, "/nothing-here"), HTTP_REPLY, 404, "");
}

static void
large_body_goes_out(void **state)
{
	size_t len = 300000;
	char *body = malloc(len + 1);
	struct result *r;

	(void)state;
	memset(body, 'b', len);
	body[len] = '\0';
	r = run(tls, REQUEST(.method = "POST", .path = "/echo", .body = body,
	    .body_len = len));
	expect_body(r, "bbbb");
	assert_true(strlen(r->body) > len);
	free(body);
}

static void
connection_is_kept(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	int number = connection(get(s, "/echo"));

	(void)state;
	assert_int_equal(connection(get(s, "/echo")), number);
	/* And is nobody else's. */
	assert_int_not_equal(connection(get(plain, "/echo")), number);
	http_server_free(s);
	s = server(PLAIN, "127.0.0.1", NULL);
	assert_int_not_equal(connection(get(s, "/echo")), number);
	http_server_free(s);
	number = connection(get(tls, "/echo"));
	assert_int_equal(connection(get(tls, "/echo")), number);
}

static void
many_at_once(void **state)
{
	static struct result r[50];
	unsigned i;

	(void)state;
	for (i = 0; i < 50; i++)
		begin(i % 2 ? plain : tls, REQUEST(.path = "/echo"), &r[i]);
	for (i = 0; i < 50; i++) {
		loop_until(&r[i].done);
		expect_body(&r[i], "connection");
		free(r[i].body);
	}
}

static void
stream(void **state)
{
	struct result *r;

	(void)state;
	r = run(plain, REQUEST(.path = "/stream", .data = on_data,
	    .timeout = HTTP_NO_TIMEOUT, .idle_timeout = 5000));
	expect(r, HTTP_REPLY, 200, "");
	assert_string_equal(r->pieces, "one\ntwo\nthree\n");
	assert_true(r->npiece > 1);
	assert_int_equal(r->data_status, 200);
	assert_null(r->body);
	r = run(plain, REQUEST(.path = "/stream-error", .data = on_data));
	expect(r, HTTP_REPLY, 410, "");
	assert_int_equal(r->npiece, 0);
	assert_non_null(strstr(r->body, "expired"));
	assert_string_equal(r->type, "application/json");
}

#define DRIPS	200

static void
on_next(struct http_request *req, const struct http_reply *reply, void *arg)
{
	(void)req;
	(void)arg;
	assert_int_equal(reply->outcome, HTTP_REPLY);
}

static int
on_drip(struct http_request *req, const char *data, size_t len, void *arg)
{
	struct http_request_options next = { .method = "GET", .path = "/next",
	    .done = on_next };

	on_data(req, data, len, arg);
	http_send(plain, &next);
	return (0);
}

/* Pieces that come one by one are read together, and all of them. */
static void
stream_that_is_busy(void **state)
{
	struct result r = { 0 };
	struct http_request *req;
	uint64_t began = ticks();

	(void)state;
	begin(plain, REQUEST(.path = "/drip/200", .data = on_drip), &r);
	loop_until(&r.done);
	expect(&r, HTTP_LOST, 200, "in the middle");
	assert_int_equal(strlen(r.pieces), DRIPS);
	/* 8 of 9 come at once, at most. */
	assert_true(ticks() - began >= DRIPS / 9 * 10);
	/* Cancelled, likely in a rest. */
	memset(&r, 0, sizeof(r));
	req = begin(plain, REQUEST(.path = "/drip/200", .data = on_drip), &r);
	while (r.npiece < 20 && ticks() - began < CHILD_PATIENCE)
		loop_for(1);
	assert_in_range(r.npiece, 20, DRIPS - 1);
	http_cancel(req);
	expect(get(plain, "/echo"), HTTP_REPLY, 200, "");
	assert_false(r.done);
}

static void
stream_stopped(void **state)
{
	struct result *r = result_reset();

	(void)state;
	r->stop = true;
	begin(plain, REQUEST(.path = "/stream", .data = on_data), r);
	loop_until(&r->done);
	expect(r, HTTP_STOPPED, 200, "127.0.0.1:");
	assert_int_equal(r->npiece, 1);
}

static void
out_of_time(void **state)
{
	uint64_t began = ticks();

	(void)state;
	expect(run(plain, REQUEST(.path = "/stall", .timeout = 300)),
	    HTTP_LOST, 0, "no whole answer within 300 ms");
	assert_in_range(ticks() - began, 290, 3000);
	expect(run(plain, REQUEST(.path = "/stream-stall", .data = on_data,
	    .timeout = HTTP_NO_TIMEOUT, .idle_timeout = 300)),
	    HTTP_LOST, 200, "nothing came for 300 ms");
	/* What comes in between counts. */
	expect(run(plain, REQUEST(.path = "/stream", .idle_timeout = 120)),
	    HTTP_REPLY, 200, "");
}

static void
closed_early(void **state)
{
	(void)state;
	expect(get(plain, "/close"), HTTP_LOST, 0, "without an answer");
	expect(get(tls, "/close"), HTTP_LOST, 0, "server.test:");
	expect(get(plain, "/close-headers"), HTTP_LOST, 200, "in the middle");
	expect(get(plain, "/half"), HTTP_LOST, 200, "in the middle");
	assert_null(get(tls, "/half")->body);
}

static void
too_large(void **state)
{
	struct result *r;

	(void)state;
	r = run(plain, REQUEST(.path = "/large", .reply_max = 99999));
	expect(r, HTTP_TOO_LARGE, 200, "too large");
	assert_null(r->body);
	r = run(plain, REQUEST(.path = "/large", .reply_max = 100000));
	expect(r, HTTP_REPLY, 200, "");
	assert_int_equal(strlen(r->body), 100000);
	expect(run(plain, REQUEST(.path = "/large-error", .data = on_data,
	    .reply_max = 1000)), HTTP_TOO_LARGE, 500, "too large");
	expect(get(plain, "/headers"), HTTP_TOO_LARGE, 200, "headers");
	r = get(plain, "/continues");
	assert_int_equal(r->outcome, HTTP_TOO_LARGE);
}

static void
not_http(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	struct http_server_options o = { .endpoint = PLAIN, .tls = true,
	    .host = "server.test", .port = 443, .ca = ca,
	    .ca_len = strlen(ca) };

	(void)state;
	expect(get(plain, "/garbage"), HTTP_LOST, 0, "not HTTP");
	http_server_free(s);
	s = http_server_new(&o);
	/* Each waits for the other to say something. */
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0,
	    "server.test:443: no TLS connection in time");
	http_server_free(s);
}

static void
retry_after(void **state)
{
	struct result *r;

	(void)state;
	r = get(plain, "/retry-seconds");
	expect(r, HTTP_REPLY, 429, "");
	assert_int_equal(r->retry_after, 7000);
	r = get(plain, "/retry-date");
	expect(r, HTTP_REPLY, 503, "");
	assert_int_equal(r->retry_after, 90000);
	assert_int_equal(get(plain, "/retry-huge")->retry_after, 86400000);
	assert_int_equal(get(plain, "/retry-nonsense")->retry_after, -1);
	assert_int_equal(get(plain, "/echo")->retry_after, -1);
}

static void
redirect_is_an_answer(void **state)
{
	(void)state;
	expect(get(plain, "/redirect"), HTTP_REPLY, 302, "");
}

static void
not_connected(void **state)
{
	struct http_server *s = server(CLOSED, "closed.test", NULL);

	(void)state;
	expect(get(s, "/secret-path"), HTTP_NOT_SENT, 0, "Connection refused");
	expect(get(s, "/secret-path"), HTTP_NOT_SENT, 0, "closed.test:");
	assert_null(strstr(get(s, "/secret-path")->error, "secret"));
	http_server_free(s);
	s = server(NOBODYS, "nobody.test", NULL);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "no such endpoint");
	http_server_free(s);
}

/* Whether it may be sent is asked when it could be: not while it waits. */
static void
held_back(void **state)
{
	struct http_server *s[2] = { server(PLAIN, "127.0.0.1", NULL),
	    server(TLS, "server.test", NULL) };
	struct http_request_options o = { .method = "POST", .body = "{}",
	    .body_len = 2, .may_send = on_may_send };
	struct result *r;
	unsigned i, kept;

	(void)state;
	for (i = 0; i < 2; i++)
		/* On a new connection, then on the kept one. */
		for (kept = 0; kept < 2; kept++) {
			r = result_reset();
			o.path = "/held-back";
			begin(s[i], o, r);
			assert_int_equal(r->asked, 0);
			r->may_not = true;
			loop_until(&r->done);
			expect(r, HTTP_NOT_SENT, 0, "not sent");
			assert_int_equal(r->asked, 1);
			expect_count("held-back", "POST", 0);
			o.path = "/echo";
			r = run(s[i], o);
			expect(r, HTTP_REPLY, 200, "");
			assert_int_equal(r->asked, 1);
		}
	http_server_free(s[0]);
	http_server_free(s[1]);
}

static void
cancelled(void **state)
{
	struct http_server *s = server(PLAIN, "127.0.0.1", NULL);
	struct result *r = result_reset();
	struct http_request *req;

	(void)state;
	/* At once, while it is dialed, while it runs, with its server. */
	http_cancel(begin(s, REQUEST(.path = "/stall"), r));
	req = begin(s, REQUEST(.path = "/stall"), r);
	event_base_loop(base, EVLOOP_NONBLOCK);
	http_cancel(req);
	req = begin(s, REQUEST(.path = "/stall"), r);
	loop_for(100);
	http_cancel(req);
	begin(s, REQUEST(.path = "/stall"), r);
	loop_for(100);
	begin(s, REQUEST(.path = "/echo"), r);
	http_server_free(s);
	loop_for(200);
	assert_false(r->done);
	expect_body(get(plain, "/echo"), "connection");
}

static void
breaks_no_line(void **state)
{
	(void)state;
	expect(get(plain, "/a HTTP/1.1\r\nX: y"), HTTP_NOT_SENT, 0, "path");
	expect(get(plain, "no-slash"), HTTP_NOT_SENT, 0, "path");
	expect(run(plain, REQUEST(.path = "/echo",
	    .authorization = "Bearer x\r\nY: z")), HTTP_NOT_SENT, 0, "key");
}

static struct result chained;
static bool chain_begun, chain_done;

static int
chain_on_data(struct http_request *req, const char *data, size_t len, void *arg)
{
	(void)arg;
	(void)req;
	(void)data;
	(void)len;
	if (!chain_begun) {
		chain_begun = true;
		begin(plain, REQUEST(.path = "/echo"), &chained);
	}
	return (0);
}

static void
chain_on_done(struct http_request *req, const struct http_reply *reply,
    void *arg)
{
	(void)req;
	(void)arg;
	assert_int_equal(reply->outcome, HTTP_REPLY);
	chain_done = true;
}

static void
sent_from_a_callback(void **state)
{
	struct http_request_options o = REQUEST(.method = "GET",
	    .path = "/stream", .data = chain_on_data, .done = chain_on_done);

	(void)state;
	http_send(plain, &o);
	loop_until(&chained.done);
	expect_body(&chained, "connection");
	free(chained.body);
	loop_until(&chain_done);
}

static int
run_caged(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_the_dialer),
		cmocka_unit_test(says_what_it_should),
		cmocka_unit_test(large_body_goes_out),
		cmocka_unit_test(connection_is_kept),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(stream),
		cmocka_unit_test(stream_that_is_busy),
		cmocka_unit_test(stream_stopped),
		cmocka_unit_test(out_of_time),
		cmocka_unit_test(closed_early),
		cmocka_unit_test(too_large),
		cmocka_unit_test(not_http),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(redirect_is_an_answer),
		cmocka_unit_test(not_connected),
		cmocka_unit_test(held_back),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(breaks_no_line),
		cmocka_unit_test(sent_from_a_callback),
	};

	return (cmocka_run_group_tests(tests, stage_setup, NULL));
}

int
main(void)
{
	return (stage_main(run_caged));
}
