/*
 * common/http.c in the cage of the notifier, with real dialers and a scripted
 * server (httpd.py).  That nothing is killed is part of the test.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/cage.h"
#include "../../common/http.h"
#include "../../common/log.h"
#include "../../common/message_io.h"
#include "../../common/worker.h"
#include "child.h"

#define HTTPD	"regress/proc/httpd.py"

enum { PLAIN, TLS, MUTUAL, PROXY, TLS_PROXY, RECORDS, CLOSED, NOBODYS };
enum { RSA, ECDSA, ED25519, KEYS };

static struct event_base *base;
static unsigned		 port[NOBODYS + 1];
static char		*ca, *cert[KEYS], *key[KEYS];
static struct child	 first, second;		/* dialers */
static int		 first_link, second_link, false_link[2];
static struct http_server *plain, *tls;
static bool		 hung;

/* What the frame of a worker has, for http.c. */
void
worker_peer_gone(enum role role, unsigned instance, enum channel_end end,
    const char *why)
{
	assert_int_equal(role, ROLE_DIALER);
	assert_int_equal(instance, 0);
	(void)why;
	hung = hung || end != CHANNEL_CLOSED;
}

/* -- one request and what became of it --------------------------------------- */

struct result {
	bool		 done;
	enum http_outcome outcome;
	long		 status, data_status;
	int64_t		 retry_after;
	char		*body;
	char		 error[1024];
	char		 pieces[256];
	unsigned	 npiece;
	bool		 stop;
	char		 type[64];
	unsigned	 asked;		/* whether it may be sent */
	bool		 may_not;
};

static void
on_done(struct http_request *req, const struct http_reply *reply, void *arg)
{
	struct result *r = arg;

	assert_false(r->done);
	r->done = true;
	r->outcome = reply->outcome;
	r->status = reply->status;
	r->retry_after = reply->retry_after;
	snprintf(r->type, sizeof(r->type), "%s", http_content_type(req));
	free(r->body);
	r->body = reply->body == NULL ? NULL : strdup(reply->body);
	if (reply->body != NULL)
		assert_int_equal(strlen(reply->body), reply->len);
	assert_true((reply->error == NULL) == (reply->outcome == HTTP_REPLY));
	snprintf(r->error, sizeof(r->error), "%s",
	    reply->error == NULL ? "" : reply->error);
}

static int
on_data(struct http_request *req, const char *data, size_t len, void *arg)
{
	struct result *r = arg;

	r->npiece++;
	r->data_status = http_status(req);
	assert_true(strlen(r->pieces) + len < sizeof(r->pieces));
	strncat(r->pieces, data, len);
	return (r->stop ? -1 : 0);
}

static bool
on_may_send(void *arg)
{
	struct result *r = arg;

	r->asked++;
	return (!r->may_not);
}

static void
loop_until(const bool *flag)
{
	uint64_t limit = ticks() + CHILD_PATIENCE;
	struct timeval tv = { 0, 100000 };

	while (!*flag) {
		if (ticks() > limit)
			fail_msg("it did not happen");
		event_base_loopexit(base, &tv);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static void
loop_for(unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static struct result *
result_reset(void)
{
	static struct result r;

	free(r.body);
	memset(&r, 0, sizeof(r));
	return (&r);
}

static struct http_request *
begin(struct http_server *server, struct http_request_options o,
    struct result *r)
{
	o.done = on_done;
	o.arg = r;
	if (o.method == NULL)
		o.method = "GET";
	return (http_send(server, &o));
}

#define REQUEST(...)	(struct http_request_options){ __VA_ARGS__ }

static struct result *
run(struct http_server *server, struct http_request_options o)
{
	struct result *r = result_reset();

	begin(server, o, r);
	assert_false(r->done);
	loop_until(&r->done);
	return (r);
}

static struct result *
get(struct http_server *server, const char *path)
{
	return (run(server, REQUEST(.path = path)));
}

static void
expect(const struct result *r, enum http_outcome outcome, long status,
    const char *error)
{
	if (r->outcome != outcome || r->status != status)
		fail_msg("outcome %d, status %ld: %s", r->outcome, r->status,
		    r->error);
	if (strstr(r->error, error) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", r->error, error);
}

static void
expect_body(const struct result *r, const char *what)
{
	expect(r, HTTP_REPLY, 200, "");
	if (r->body == NULL || strstr(r->body, what) == NULL)
		fail_msg("no %s in %s", what, r->body);
}

/* The number that the server gave to the connection. */
static int
connection(const struct result *r)
{
	const char *at;

	expect(r, HTTP_REPLY, 200, "");
	at = strstr(r->body, "\"connection\": ");
	assert_non_null(at);
	return (atoi(at + strlen("\"connection\": ")));
}

/* How often the server has read that request. */
static void
expect_count(const char *what, const char *method, int count)
{
	char path[128];
	struct result *r;

	snprintf(path, sizeof(path), "/count/%s/%s", what, method);
	r = get(tls, path);
	expect(r, HTTP_REPLY, 200, "");
	/* The server's word is a JSON string. */
	assert_int_equal(atoi(r->body + (r->body[0] == '"')), count);
}

static struct http_server *
server(unsigned endpoint, const char *host, const char *tls_name)
{
	struct http_server_options o = { .endpoint = endpoint, .host = host,
	    .port = port[endpoint], .tls_name = tls_name,
	    .tls = endpoint == TLS || endpoint == MUTUAL ||
	    endpoint == RECORDS,
	    .ca = ca, .ca_len = strlen(ca) };

	return (http_server_new(&o));
}

/* -- tests -------------------------------------------------------------------- */

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

static void
name_is_verified(void **state)
{
	struct http_server *s = server(TLS, "other.test", NULL);

	(void)state;
	expect(run(s, REQUEST(.method = "POST", .path = "/wrong-name")),
	    HTTP_NOT_SENT, 0, "other.test");
	expect_count("wrong-name", "POST", 0);
	http_server_free(s);
	/* The name in the certificate is not that of the endpoint. */
	s = server(TLS, "127.0.0.1", "server.test");
	expect_body(get(s, "/echo"), "\"host\": \"127.0.0.1:");
	http_server_free(s);
}

static void
issuer_is_verified(void **state)
{
	struct http_server_options o = { .endpoint = TLS, .tls = true,
	    .host = "server.test", .port = port[TLS] };
	struct http_server *s = http_server_new(&o);

	(void)state;
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "certificate");
	http_server_free(s);
	o.ca = "no certificate";
	o.ca_len = 14;
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "server.test:");
	http_server_free(s);
	o.insecure = true;
	o.ca_len = 0;
	o.host = "other.test";
	s = http_server_new(&o);
	expect_body(get(s, "/echo"), "\"host\": \"other.test:");
	http_server_free(s);
}

static void
client_certificate(void **state)
{
	struct http_server_options o = { .endpoint = MUTUAL, .tls = true,
	    .host = "server.test", .port = port[MUTUAL], .ca = ca,
	    .ca_len = strlen(ca) };
	static const char *const names[] = { "client-rsa.test",
	    "client-ecdsa.test", "client-ed25519.test" };
	struct http_server *s = http_server_new(&o);
	struct result *r;
	unsigned i;

	(void)state;
	/* With TLS 1.3 the server says no only when the request is under way. */
	r = get(s, "/echo");
	assert_true(r->outcome == HTTP_LOST || r->outcome == HTTP_NOT_SENT);
	assert_non_null(strstr(r->error, "server.test:"));
	http_server_free(s);
	for (i = 0; i < KEYS; i++) {
		o.cert = cert[i];
		o.cert_len = strlen(cert[i]);
		o.key = key[i];
		o.key_len = strlen(key[i]);
		s = http_server_new(&o);
		expect_body(get(s, "/who"), names[i]);
		http_server_free(s);
	}
	/* Of another certificate; none at all. */
	o.key = key[ECDSA];
	o.key_len = strlen(key[ECDSA]);
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "key");
	http_server_free(s);
	o.key = cert[ED25519];
	o.key_len = strlen(cert[ED25519]);
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "key");
	http_server_free(s);
}

/*
 * Several records that come together are all read, wherever they are cut: no more
 * comes that would wake the client.
 */
static void
records_at_once(void **state)
{
	struct http_server *s = server(RECORDS, "server.test", NULL);
	struct result *r;
	char path[64];
	unsigned head, size;

	(void)state;
	for (head = 1; head < 80; head++)
		for (size = 1; size < 80; size += head % 7 + 1) {
			snprintf(path, sizeof(path), "/records/%u/%u/20", head,
			    size);
			expect_body(get(s, path), "xxxxxxxxxxxxxxxxxxxx");
		}
	for (head = 1; head < 30000; head += 2999) {
		snprintf(path, sizeof(path), "/records/%u/%u/90000", head,
		    head % 16000 + 100);
		r = get(s, path);
		expect_body(r, "xxx");
		assert_int_equal(strlen(r->body), 90000);
	}
	http_server_free(s);
}

/* What is held back when the request ends is nobody's any more. */
static void
records_stopped(void **state)
{
	struct http_server *s = server(RECORDS, "server.test", NULL);
	struct result *r = result_reset();
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		r = result_reset();
		r->stop = true;
		begin(s, REQUEST(.path = "/records/60/8/100", .data = on_data), r);
		loop_until(&r->done);
		expect(r, HTTP_STOPPED, 200, "stopped");
		assert_int_equal(r->npiece, 1);
		expect_body(get(s, "/records/9/9/3"), "xxx");
	}
	http_server_free(s);
}

/* -- proxies ------------------------------------------------------------------ */

static struct http_server *
proxied(unsigned by, const char *host, const char *tls_name, const char *user)
{
	struct http_server_options o = { .endpoint = by, .host = host,
	    .port = port[TLS], .tls = true, .tls_name = tls_name, .ca = ca,
	    .ca_len = strlen(ca), .proxy_host = by == TLS_PROXY ?
	    "proxy.test" : "127.0.0.1", .proxy_port = port[by],
	    .proxy_tls = by == TLS_PROXY, .proxy_user = user };

	return (http_server_new(&o));
}

static void
by_proxy(unsigned by)
{
	struct http_server *s = proxied(by, "server.test", NULL, NULL);
	char target[64];
	struct result *r;
	int number;

	r = run(s, REQUEST(.path = "/echo", .authorization = "Bearer secret"));
	expect_body(r, "\"authorization\": \"Bearer secret\"");
	expect_body(r, "\"host\": \"server.test:");
	/* Nothing of what the proxy said is taken for the server's. */
	assert_int_equal(r->retry_after, -1);
	number = connection(r);
	assert_int_equal(connection(get(s, "/echo")), number);
	/* The proxy has seen where to, and nothing else. */
	r = get(tls, "/connects");
	snprintf(target, sizeof(target), "\"target\": \"server.test:%u\"",
	    port[TLS]);
	expect_body(r, target);
	expect_body(r, "\"method\": \"CONNECT\"");
	assert_null(strstr(r->body, "secret"));
	assert_null(strstr(r->body, "uthorization"));
	/* A tunnel of its own for each server. */
	http_server_free(s);
	s = proxied(by, "server.test", NULL, NULL);
	assert_int_not_equal(connection(get(s, "/echo")), number);
	http_server_free(s);
	/* The name that is verified is not the one that is connected to. */
	s = proxied(by, "127.0.0.1", "server.test", NULL);
	expect_body(get(s, "/echo"), "\"host\": \"127.0.0.1:");
	expect_body(get(tls, "/connects"), "\"target\": \"127.0.0.1:");
	http_server_free(s);
	s = proxied(by, "other.test", NULL, NULL);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "other.test");
	http_server_free(s);
}

static void
through_a_proxy(void **state)
{
	(void)state;
	by_proxy(PROXY);
}

static void
through_a_tls_proxy(void **state)
{
	(void)state;
	by_proxy(TLS_PROXY);
}

static void
proxy_wants_a_password(void **state)
{
	struct http_server *s = proxied(PROXY, "auth.test", "server.test",
	    "us%20er:p%40ss");

	(void)state;
	expect_body(get(s, "/echo"), "connection");
	http_server_free(s);
	s = proxied(PROXY, "auth.test", "server.test", "u:wrong");
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "HTTP 407");
	http_server_free(s);
	s = proxied(PROXY, "auth.test", "server.test", NULL);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "auth.test:");
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "by the proxy 127.0.0.1:");
	http_server_free(s);
}

/* Nothing has reached the server: also what must not be sent twice may be. */
static void
proxy_says_no(void **state)
{
	static const struct { const char *host, *error; } rows[] = {
		{ "forbidden.test", "the proxy does not connect: HTTP 403" },
		{ "silent.test", "silent.test:" },
	};
	struct http_server *s;
	unsigned i, by;

	(void)state;
	for (i = 0; i < 4; i++) {
		by = i % 2 ? PROXY : TLS_PROXY;
		s = proxied(by, rows[i / 2].host, NULL, NULL);
		expect(run(s, REQUEST(.method = "POST", .path = "/never")),
		    HTTP_NOT_SENT, 0, rows[i / 2].error);
		http_server_free(s);
	}
	s = proxied(PROXY, "stall.test", NULL, NULL);
	expect(run(s, REQUEST(.path = "/never", .timeout = 300)),
	    HTTP_NOT_SENT, 0, "within 300 ms");
	http_server_free(s);
	expect_count("never", "POST", 0);
}

static void
proxy_is_verified(void **state)
{
	struct http_server_options o = { .endpoint = TLS_PROXY,
	    .host = "server.test", .port = port[TLS], .tls = true, .ca = ca,
	    .ca_len = strlen(ca), .proxy_host = "another.test",
	    .proxy_port = port[TLS_PROXY], .proxy_tls = true };
	struct http_server *s = http_server_new(&o);

	(void)state;
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "another.test");
	http_server_free(s);
	o.proxy_host = "proxy.test";
	o.ca_len = 0;
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0, "certificate");
	http_server_free(s);
}

/* The tunnel is closed when it is used again. */
static void
kept_tunnel_ends(void **state)
{
	struct http_server *s = proxied(PROXY, "server.test", NULL, NULL);
	struct result *r;
	int number = connection(get(s, "/close-after"));

	(void)state;
	loop_for(100);
	r = run(s, REQUEST(.method = "POST", .path = "/echo"));
	assert_int_not_equal(connection(r), number);
	connection(get(s, "/die-next"));
	r = run(s, REQUEST(.method = "POST", .path = "/tunnel-order"));
	expect(r, HTTP_LOST, 0, "closed");
	expect_count("tunnel-order", "POST", 1);
	http_server_free(s);
}

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

/* -- the world, made before the cage ------------------------------------------ */

static char *
slurp(const char *dir, const char *name)
{
	char path[256], *text;
	size_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	text = secret_read(fd, &len);
	assert_non_null(text);
	return (text);
}

static void
start_server(const char *dir)
{
	int in[2], out[2];
	FILE *f;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	if (fork() == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("python3", "python3", HTTPD, dir, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	f = fdopen(out[0], "r");
	assert_non_null(f);
	if (fscanf(f, "%u %u %u %u %u %u", &port[PLAIN], &port[TLS],
	    &port[MUTUAL], &port[PROXY], &port[TLS_PROXY],
	    &port[RECORDS]) != 6)
		fail_msg("%s does not run; is this the root of the source?",
		    HTTPD);
	ca = slurp(dir, "ca.pem");
	port[CLOSED] = port[NOBODYS] = port[PLAIN];
	cert[RSA] = slurp(dir, "client-rsa.pem");
	key[RSA] = slurp(dir, "client-rsa.key");
	cert[ECDSA] = slurp(dir, "client-ecdsa.pem");
	key[ECDSA] = slurp(dir, "client-ecdsa.key");
	cert[ED25519] = slurp(dir, "client-ed25519.pem");
	key[ED25519] = slurp(dir, "client-ed25519.key");
	fclose(f);
}

static int
start_dialer(struct child *c)
{
	static char host[] = "127.0.0.1", closed[] = "127.0.0.3";
	struct conf_endpoint list[NOBODYS];
	unsigned i;

	memset(list, 0, sizeof(list));
	for (i = 0; i < NOBODYS; i++) {
		list[i].number = i;
		list[i].role = ROLE_NOTIFIER;
		list[i].host = i == CLOSED ? closed : host;
		list[i].port = port[i];
	}
	child_start(c, ROLE_DIALER, "kanata-dialer", NULL);
	child_configure(c, list, NOBODYS, NULL);
	return (child_link(c, ROLE_NOTIFIER, 0));
}

static int
setup(void **state)
{
	char dir[] = "/tmp/kanata-http-XXXXXX";
	char command[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	start_server(dir);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	first_link = start_dialer(&first);
	second_link = start_dialer(&second);
	channel_pair(false_link);
	base = event_base_new();
	assert_non_null(base);
	http_init(base, ROLE_NOTIFIER);
	cage_close(ROLE_NOTIFIER, NULL);
	plain = server(PLAIN, "127.0.0.1", NULL);
	tls = server(TLS, "server.test", NULL);
	return (0);
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
		cmocka_unit_test(name_is_verified),
		cmocka_unit_test(issuer_is_verified),
		cmocka_unit_test(client_certificate),
		cmocka_unit_test(records_at_once),
		cmocka_unit_test(records_stopped),
		cmocka_unit_test(through_a_proxy),
		cmocka_unit_test(through_a_tls_proxy),
		cmocka_unit_test(proxy_wants_a_password),
		cmocka_unit_test(proxy_says_no),
		cmocka_unit_test(proxy_is_verified),
		cmocka_unit_test(kept_tunnel_ends),
		cmocka_unit_test(kept_connection_ends),
		cmocka_unit_test(kept_connection_dies),
		cmocka_unit_test(never_sent_twice),
		cmocka_unit_test(held_back),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(breaks_no_line),
		cmocka_unit_test(sent_from_a_callback),
		cmocka_unit_test(dialer_dies),
		cmocka_unit_test(dialer_talks_nonsense),
	};

	return (cmocka_run_group_tests(tests, setup, NULL));
}

/* The cage lets nobody write to a file, which the output may be: a process
 * outside of it passes the output on. */
int
main(void)
{
	char buf[4096];
	int out[2], status;
	ssize_t n;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_TO_STDERR, "test");
	if (pipe2(out, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		setlinebuf(stdout);
		exit(run_caged());
	}
	close(out[1]);
	while ((n = read(out[0], buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, n) != n)
			fatal("write");
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fatalx("the test died of signal %d: %s", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	return (WEXITSTATUS(status));
}
