#include <sys/queue.h>

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "json.h"

struct request {
	struct evhttp_request	*ev;
	const struct request_owner *owner;
	void			*owner_arg;
	bool			 tls;
	bool			 parsed;	/* the parameters */
	struct evkeyvalq	 parameters;
	const struct source	*source;	/* NULL: none, or it has ended */
	void			*source_arg;
	bool			 sending;	/* a piece is on its way */
	bool			 more;		/* fill again after it */
	void			(*gone)(void *); /* NULL: nobody waits */
	void			*gone_arg;
};

/* -- what was asked -------------------------------------------------------- */

unsigned
request_method(const struct request *req)
{
	switch (evhttp_request_get_command(req->ev)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return (METHOD_GET);
	case EVHTTP_REQ_POST:
		return (METHOD_POST);
	default:
		return (0);
	}
}

static bool
is_head(const struct request *req)
{
	return (evhttp_request_get_command(req->ev) == EVHTTP_REQ_HEAD);
}

const char *
request_path(const struct request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req->ev);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);

	return (path == NULL || path[0] == '\0' ? "/" : path);
}

/* There may be a password in it. */
static void
wipe_buffer(struct evbuffer *buf)
{
	size_t n;

	while ((n = evbuffer_get_contiguous_space(buf)) > 0) {
		explicit_bzero(evbuffer_pullup(buf, n), n);
		if (evbuffer_drain(buf, n) == -1)
			break;
	}
}

static void
wipe_parameters(struct evkeyvalq *parameters)
{
	struct evkeyval *p;

	TAILQ_FOREACH(p, parameters, next)
		explicit_bzero(p->value, strlen(p->value));
	evhttp_clear_headers(parameters);
}

static void
parse_form(struct request *req)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req->ev);
	size_t len = evbuffer_get_length(body);
	char *text;

	if ((text = malloc(len + 1)) == NULL)
		fatal("malloc");
	evbuffer_copyout(body, text, len);
	text[len] = '\0';
	evhttp_parse_query_str(text, &req->parameters);
	freezero(text, len);
	wipe_buffer(body);
}

const char *
request_parameter(const struct request *creq, const char *name)
{
	/* It is parsed when it is first asked for. */
	struct request *req = (struct request *)(uintptr_t)creq;
	const struct evhttp_uri *uri;
	const char *query;

	if (!req->parsed) {
		req->parsed = true;
		uri = evhttp_request_get_evhttp_uri(req->ev);
		if (request_method(req) == METHOD_POST)
			parse_form(req);
		else if ((query = evhttp_uri_get_query(uri)) != NULL)
			evhttp_parse_query_str(query, &req->parameters);
	}
	return (evhttp_find_header(&req->parameters, name));
}

const char *
request_header(const struct request *req, const char *name)
{
	return (evhttp_find_header(evhttp_request_get_input_headers(req->ev),
	    name));
}

unsigned
request_count(const struct request *req, const char *header)
{
	const struct evkeyval *h;
	unsigned n = 0;

	TAILQ_FOREACH(h, evhttp_request_get_input_headers(req->ev), next)
		n += strcasecmp(h->key, header) == 0;
	return (n);
}

const char *
request_host(const struct request *req)
{
	return (evhttp_request_get_host(req->ev));
}

bool
request_cookie(const struct request *req, const char *name, char *value,
    size_t size)
{
	const char *p = request_header(req, "Cookie");
	size_t len = strlen(name), n;

	for (; p != NULL && *p != '\0'; p += strcspn(p, ";")) {
		p += strspn(p, "; ");
		if (strncmp(p, name, len) != 0 || p[len] != '=')
			continue;
		p += len + 1;
		n = strcspn(p, ";");
		if (n >= size)
			return (false);
		memcpy(value, p, n);
		value[n] = '\0';
		return (true);
	}
	return (false);
}

const char *
request_peer(const struct request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req->ev);
	char *address;
	ev_uint16_t port;

	evhttp_connection_get_peer(evcon, &address, &port);
	return (address);
}

bool
request_is_tls(const struct request *req)
{
	return (req->tls);
}

bool
request_is_private(const struct request *req)
{
	const char *peer = request_peer(req);

	if (strncmp(peer, "::ffff:", 7) == 0)
		peer += 7;
	return (req->tls || strncmp(peer, "127.", 4) == 0 ||
	    strcmp(peer, "::1") == 0);
}

/* -- the answer ------------------------------------------------------------ */

void
request_add_header(struct request *req, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req->ev);

	if (evhttp_add_header(headers, name, value) == -1)
		log_debug("a header is left out: %s", name);
}

static void
add_headers(struct request *req, const char *type)
{
	request_add_header(req, "Content-Type", type);
	request_add_header(req, "X-Content-Type-Options", "nosniff");
	if (evhttp_find_header(evhttp_request_get_output_headers(req->ev),
	    "Cache-Control") == NULL)
		request_add_header(req, "Cache-Control", "no-store");
}

void
request_reply_buffer(struct request *req, int code, const char *type,
    struct evbuffer *buf)
{
	char length[24];

	add_headers(req, type);
	/* What a GET would have. */
	snprintf(length, sizeof(length), "%zu", evbuffer_get_length(buf));
	request_add_header(req, "Content-Length", length);
	if (is_head(req))
		evbuffer_drain(buf, evbuffer_get_length(buf));
	evhttp_send_reply(req->ev, code, NULL, buf);
}

void
request_reply(struct request *req, int code, const char *type, const char *text)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf == NULL || evbuffer_add(buf, text, strlen(text)) == -1)
		fatalx("out of memory");
	request_reply_buffer(req, code, type, buf);
	evbuffer_free(buf);
}

void
request_fail(struct request *req, int code, const char *text)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf == NULL)
		fatalx("out of memory");
	json_put(buf, json_pack("{s:s}", "error", text));
	evbuffer_add(buf, "\n", 1);
	request_reply_buffer(req, code, "application/json", buf);
	evbuffer_free(buf);
}

/* -- answers that are made while they leave -------------------------------- */

static void	pump(struct request *);

static void
end_source(struct request *req)
{
	const struct source *source = req->source;

	req->source = NULL;
	if (source != NULL)
		source->end(req->source_arg);
}

static void
on_sent(struct evhttp_connection *evcon, void *arg)
{
	struct request *req = arg;

	(void)evcon;
	req->sending = false;
	if (req->more)
		pump(req);
}

/* The request may be gone after. */
static void
pump(struct request *req)
{
	struct evbuffer *buf = evbuffer_new();
	enum fill fill;

	if (buf == NULL)
		fatalx("out of memory");
	fill = req->source->fill(req->source_arg, buf);
	req->more = fill == FILL_MORE;
	if (evbuffer_get_length(buf) > 0) {
		req->sending = true;
		evhttp_send_reply_chunk_with_cb(req->ev, buf, on_sent, req);
	}
	evbuffer_free(buf);
	if (fill == FILL_END) {
		end_source(req);
		evhttp_send_reply_end(req->ev);
	}
}

void
request_reply_source(struct request *req, const char *type,
    const struct source *source, void *arg)
{
	if (source->endless && !req->owner->endless(req->owner_arg)) {
		source->end(arg);
		request_add_header(req, "Retry-After", "10");
		request_fail(req, 503, "too many clients are watching");
		return;
	}
	add_headers(req, type);
	if (is_head(req)) {
		source->end(arg);
		evhttp_send_reply(req->ev, 200, NULL, NULL);
		return;
	}
	/* There are no chunks in 1.0: the answer ends with the connection. */
	if (req->ev->major == 1 && req->ev->minor == 0)
		evhttp_remove_header(evhttp_request_get_input_headers(req->ev),
		    "Connection");
	req->source = source;
	req->source_arg = arg;
	evhttp_send_reply_start(req->ev, 200, NULL);
	pump(req);
}

void
request_wake(struct request *req)
{
	if (req->sending)
		req->more = true;
	else
		pump(req);
}

void
request_cut(struct request *req)
{
	/* request_abandon will be called. */
	evhttp_connection_free(evhttp_request_get_connection(req->ev));
}

void
request_wait(struct request *req, void (*gone)(void *), void *arg)
{
	req->gone = gone;
	req->gone_arg = arg;
}

void
request_wait_end(struct request *req)
{
	req->gone = NULL;
}

/* -- for server.c ---------------------------------------------------------- */

static void
request_free(struct request *req)
{
	end_source(req);
	if (req->gone != NULL)
		req->gone(req->gone_arg);
	wipe_parameters(&req->parameters);
	free(req);
}

static void
on_complete(struct evhttp_request *ev, void *arg)
{
	struct request *req = arg;

	(void)ev;
	req->owner->done(req->owner_arg);
	request_free(req);
}

struct request *
request_begin(struct evhttp_request *ev, bool tls,
    const struct request_owner *owner, void *arg)
{
	struct request *req = xcalloc(1, sizeof(*req));

	req->ev = ev;
	req->tls = tls;
	req->owner = owner;
	req->owner_arg = arg;
	TAILQ_INIT(&req->parameters);
	evhttp_request_set_on_complete_cb(ev, on_complete, req);
	return (req);
}

void
request_abandon(struct request *req)
{
	/* evhttp has let go of one that was not answered whole. */
	if (evhttp_request_get_connection(req->ev) == NULL)
		evhttp_request_free(req->ev);
	request_free(req);
}
