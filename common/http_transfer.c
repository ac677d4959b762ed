/*
 * One request as libcurl sees it: its options, what it hands back, what its
 * errors mean.
 *
 * Every byte of an answer is chosen by the peer: headers and body are bounded,
 * and libcurl does the parsing.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <ctype.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_local.h"
#include "log.h"
#include "version.h"

/* Two records of TLS.  Of more, OpenSSL moves what is left to the front for each
 * record, which costs what it saves. */
#define READ_AHEAD	(2 * (16 * 1024 + 24))
#define CONNECT_TIMEOUT	10000L		/* ms for the TLS handshake */
/* Kept connections older than that are not used again: what is in between
 * (a NAT, a load balancer) may have forgotten them. */
#define KEEP_SECONDS	50L
#define RETRY_MAX	(24 * 60 * 60)	/* seconds */

static size_t
stop(struct http_request *req, enum http_outcome outcome, const char *why)
{
	req->stopped = true;
	req->outcome = outcome;
	req->stopped_why = why;
	return (0);
}

/* True if the line is the header asked for; its value is then in value. */
static bool
header_is(const char *line, size_t len, const char *name, char *value,
    size_t size)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return (false);
	line += n + 1;
	len -= n + 1;
	while (len > 0 && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(value, line, len);
	value[len] = '\0';
	return (true);
}

/* RFC 9110 section 10.2.3: seconds, or a date. */
static void
take_retry_after(struct http_request *req, const char *value)
{
	unsigned long long seconds;
	time_t at;

	if (value[0] != '\0' && strspn(value, "0123456789") == strlen(value)) {
		seconds = strtoull(value, NULL, 10);	/* or the largest */
		if (seconds > RETRY_MAX)
			seconds = RETRY_MAX;
		req->retry_after = seconds * 1000;
	} else if ((at = curl_getdate(value, NULL)) > 0)
		req->retry_at = at;
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	struct http_request *req = arg;
	size_t len = size * count;
	char value[64];
	time_t at;

	req->active = clock_ticks();
	req->header_bytes += len;
	if (req->header_bytes > HTTP_HEADERS_MAX)
		return (stop(req, HTTP_TOO_LARGE,
		    "the headers of the answer are too large"));
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* Those of an 1xx answer before are no more. */
		req->retry_after = -1;
		req->retry_at = req->date = 0;
		req->content_type[0] = '\0';
	} else if (header_is(line, len, "Retry-After", value, sizeof(value)))
		take_retry_after(req, value);
	else if (header_is(line, len, "Date", value, sizeof(value)) &&
	    (at = curl_getdate(value, NULL)) > 0)
		req->date = at;
	else if (header_is(line, len, "Content-Type", value, sizeof(value))) {
		value[strcspn(value, "; \t")] = '\0';
		strlcpy(req->content_type, value, sizeof(req->content_type));
	}
	return (len);
}

int64_t
http_transfer_retry_after(const struct http_request *req)
{
	time_t now;

	if (req->retry_at == 0)
		return (req->retry_after);
	/* By the server's clock, if it said what time it is. */
	now = req->date != 0 ? req->date : time(NULL);
	if (req->retry_at <= now)
		return (0);
	if (req->retry_at - now > RETRY_MAX)
		return ((int64_t)RETRY_MAX * 1000);
	return ((int64_t)(req->retry_at - now) * 1000);
}

static void
reply_grow(struct http_request *req, size_t need)
{
	size_t size = req->reply_size == 0 ? 4096 : req->reply_size;
	char *bigger;

	while (size < need)
		size *= 2;
	/* An answer may be a token: no copy is left behind. */
	if ((bigger = malloc(size)) == NULL)
		fatal("malloc");
	if (req->reply_len > 0)
		memcpy(bigger, req->reply, req->reply_len);
	freezero(req->reply, req->reply_size);
	req->reply = bigger;
	req->reply_size = size;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_request *req = arg;
	size_t len = size * count;

	req->active = clock_ticks();
	req->received += len;
	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &req->status);
	if (req->data != NULL && req->status / 100 == 2) {
		if (req->data(req, data, len, req->arg) == -1)
			return (stop(req, HTTP_STOPPED, "stopped"));
		return (len);
	}
	if (len > req->reply_max - req->reply_len)
		return (stop(req, HTTP_TOO_LARGE, "the answer is too large"));
	if (req->reply_len + len + 1 > req->reply_size)
		reply_grow(req, req->reply_len + len + 1);
	memcpy(req->reply + req->reply_len, data, len);
	req->reply_len += len;
	req->reply[req->reply_len] = '\0';
	return (len);
}

/* What asks a proxy for a tunnel is counted as well. */
static long
bytes_out(const struct http_request *req)
{
	long bytes = 0;

	if (req->easy == NULL || curl_easy_getinfo(req->easy,
	    CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK)
		return (0);
	return (bytes);
}

bool
http_transfer_sent(const struct http_request *req)
{
	return (req->ready && bytes_out(req) > req->before);
}

/*
 * A kept connection that turns out to be closed makes libcurl send the request
 * again on another one, by itself, five times.  But the first may have been heard,
 * and the next kept one is likely to be as dead.
 */
static int
on_send(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http_request *req = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (http_transfer_sent(req)) {
		req->resend = true;
		return (CURL_PREREQFUNC_ABORT);
	}
	/* It may have waited long for this connection. */
	if (req->may_send != NULL && !req->may_send(req->arg)) {
		stop(req, HTTP_NOT_SENT, "not sent: who asked for it may not "
		    "any more");
		return (CURL_PREREQFUNC_ABORT);
	}
	if (!req->ready)
		req->before = bytes_out(req);
	req->ready = true;
	return (CURL_PREREQFUNC_OK);
}

/*
 * 7.88 takes it that a descriptor is connected, calls connect() all the same
 * (curl#10626), and then does not watch it but looks again after 200 ms.  Left to
 * itself it hears from the cage that the connection is in progress, and sees at
 * once that it is there.
 */
static int
on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;

	(void)arg;
	(void)fd;
	(void)purpose;
	return (version >= 0x075800 && version < 0x080000 ? CURL_SOCKOPT_OK :
	    CURL_SOCKOPT_ALREADY_CONNECTED);
}

#define SET(option, value)						\
	do {								\
		if (curl_easy_setopt(req->easy, option, value) != CURLE_OK) \
			fatalx("libcurl: %s cannot be set", #option);	\
	} while (0)

/*
 * OpenSSL then takes what has come in one call, instead of two for each record.
 * What it has that libcurl does not ask for, http_multi.c does.
 */
static CURLcode
on_tls(CURL *easy, void *context, void *arg)
{
	(void)easy;
	(void)arg;
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
	return (CURLE_OK);
}

static void
set_tls(struct http_request *req)
{
	struct http_server *server = req->server;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, server->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, server->insecure ? 0L : 2L);
	/* No files: libcurl has default paths. */
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	if (server->ca.len > 0)
		SET(CURLOPT_CAINFO_BLOB, &server->ca);
	if (server->cert.len > 0)
		SET(CURLOPT_SSLCERT_BLOB, &server->cert);
	if (server->key.len > 0) {
		SET(CURLOPT_SSLKEY_BLOB, &server->key);
		/* Else OpenSSL asks whoever is at the terminal. */
		SET(CURLOPT_KEYPASSWD, "");
	}
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* With a proxy there may be TLS within TLS, and both would hold back. */
	if (server->proxy == NULL)
		SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
}

static void
set_proxy(struct http_request *req)
{
	struct http_server *server = req->server;

	/* Whatever the environment says. */
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_PROXY, server->proxy == NULL ? "" : server->proxy);
	if (server->proxy == NULL)
		return;
	SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
	/* The token is not the proxy's, nor are its headers the server's. */
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (server->proxy_user != NULL)
		SET(CURLOPT_PROXYUSERPWD, server->proxy_user);
	SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSL_VERIFYPEER, server->insecure ? 0L : 1L);
	SET(CURLOPT_PROXY_SSL_VERIFYHOST, server->insecure ? 0L : 2L);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	if (server->ca.len > 0)
		SET(CURLOPT_PROXY_CAINFO_BLOB, &server->ca);
}

static void
set_connection(struct http_request *req)
{
	struct http_server *server = req->server;

	SET(CURLOPT_CONNECT_TO, server->connect_to);
	SET(CURLOPT_RESOLVE, server->pin);
	SET(CURLOPT_OPENSOCKETFUNCTION, http_multi_open);
	SET(CURLOPT_OPENSOCKETDATA, req);
	SET(CURLOPT_SOCKOPTFUNCTION, on_sockopt);
	/* Kept connections are closed long after their request is gone. */
	SET(CURLOPT_CLOSESOCKETFUNCTION, http_multi_close);
	SET(CURLOPT_CLOSESOCKETDATA, NULL);
	SET(CURLOPT_FRESH_CONNECT, req->fresh ? 1L : 0L);
	SET(CURLOPT_MAXAGE_CONN, KEEP_SECONDS);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT);
	SET(CURLOPT_PROTOCOLS_STR, server->tls ? "https" : "http");
	set_proxy(req);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static void
set_request(struct http_request *req)
{
	SET(CURLOPT_URL, req->url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_USERAGENT, "kanata/" KANATA_VERSION);
	SET(CURLOPT_HTTPHEADER, req->headers);
	if (req->body != NULL || strcmp(req->method, "POST") == 0) {
		SET(CURLOPT_POSTFIELDS, req->body != NULL ? req->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
	}
	if (req->body != NULL || strcmp(req->method, "GET") != 0)
		SET(CURLOPT_CUSTOMREQUEST, req->method);
	SET(CURLOPT_PREREQFUNCTION, on_send);
	SET(CURLOPT_PREREQDATA, req);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, req);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, req);
	SET(CURLOPT_ERRORBUFFER, req->curl_error);
	SET(CURLOPT_PRIVATE, req);
}

void
http_transfer_make(struct http_request *req)
{
	req->needs_dial = req->resend = req->stopped = req->ready = false;
	req->reply_len = req->header_bytes = 0;
	req->received = 0;
	req->retry_after = -1;
	req->retry_at = req->date = 0;
	req->content_type[0] = '\0';
	req->status = 0;
	req->curl_error[0] = '\0';
	if ((req->easy = curl_easy_init()) == NULL)
		fatalx("libcurl: no handle to be had");
	set_connection(req);
	set_request(req);
	if (req->server->tls)
		set_tls(req);
}

void
http_transfer_free(struct http_request *req)
{
	curl_easy_cleanup(req->easy);
	req->easy = NULL;
}

/*
 * libcurl's own text only where it says what no code says and can hold nothing
 * of the address, which may be a secret.
 */
const char *
http_transfer_error(const struct http_request *req, CURLcode code)
{
	static char refused[64];
	long status = 0;

	if (code != CURLE_OK && !req->ready && req->server->proxy != NULL &&
	    curl_easy_getinfo(req->easy, CURLINFO_HTTP_CONNECTCODE,
	    &status) == CURLE_OK && status != 0 && status / 100 != 2) {
		snprintf(refused, sizeof(refused),
		    "the proxy does not connect: HTTP %ld", status);
		return (refused);
	}
	switch (code) {
	case CURLE_OK:
		return (NULL);
	case CURLE_GOT_NOTHING:
		return ("the connection was closed without an answer");
	case CURLE_PARTIAL_FILE:
		return ("the connection was closed in the middle of the "
		    "answer");
	case CURLE_OPERATION_TIMEDOUT:
		return ("no TLS connection in time");
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return ("the answer is not HTTP");
	case CURLE_SSL_CERTPROBLEM:
		return ("the client certificate and its key cannot be used: "
		    "expected a pair in PEM, without a password");
	case CURLE_SSL_CACERT_BADFILE:
		return ("the certificate authority cannot be used: expected "
		    "certificates in PEM");
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		if (req->curl_error[0] != '\0')
			return (log_safe(req->curl_error));
		/* FALLTHROUGH */
	default:
		return (curl_easy_strerror(code));
	}
}
