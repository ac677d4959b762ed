/* Who is spoken to: TLS, client certificates, proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http_stage.h"

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
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0,
	    "the client certificate and its key cannot be used");
	http_server_free(s);
	o.key = cert[ED25519];
	o.key_len = strlen(cert[ED25519]);
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0,
	    "the client certificate and its key cannot be used");
	http_server_free(s);
	o.cert = o.key = NULL;
	o.cert_len = o.key_len = 0;
	o.ca = "garbage";
	o.ca_len = 7;
	s = http_server_new(&o);
	expect(get(s, "/echo"), HTTP_NOT_SENT, 0,
	    "the certificate authority cannot be used");
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

static int
run_caged(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return (cmocka_run_group_tests(tests, stage_setup_linked, NULL));
}

int
main(void)
{
	return (stage_main(run_caged));
}
