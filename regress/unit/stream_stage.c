#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "stream_stage.h"

struct http_request *request;
const char *reply_type;
uint64_t ticks;
struct event_base *base;
struct stream_env env;
struct stream *st;
unsigned sent, changes, unauthorized, started, pod_changes;

/* -- what is played ------------------------------------------------------------ */

struct http_request *
http_send(struct http_server *server, const struct http_request_options *o)
{
	struct http_request *r;

	(void)server;
	assert_null(request);
	r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->o = *o;
	r->type = reply_type;
	strlcpy(r->path, o->path, sizeof(r->path));
	strlcpy(r->accept, o->accept, sizeof(r->accept));
	request = r;
	sent++;
	return (r);
}

void
http_cancel(struct http_request *r)
{
	assert_ptr_equal(r, request);
	free(r);
	request = NULL;
}

long
http_status(const struct http_request *r)
{
	return (r->status);
}

const char *
http_content_type(const struct http_request *r)
{
	return (r->type);
}

uint64_t
clock_ticks(void)
{
	return (ticks);
}

uint64_t
clock_now(void)
{
	return (1700000000000ULL + ticks);
}

/* -- what is told --------------------------------------------------------------- */

static void
on_changed(struct stream *s)
{
	(void)s;
	changes++;
}

static void
on_unauthorized(void)
{
	unauthorized++;
}

static void
on_started(void)
{
	started++;
}

static void
on_pod(const struct pod *p, void *arg)
{
	(void)p;
	(void)arg;
	pod_changes++;
}

static void
on_node(const struct node *n, void *arg)
{
	(void)n;
	(void)arg;
}

static void
on_space(const struct space *s, void *arg)
{
	(void)s;
	(void)arg;
}

/* -- the stage ------------------------------------------------------------------ */

int
stage_setup(void **state)
{
	static const struct objects_listener listener = { on_pod, on_node,
	    on_space, NULL };

	(void)state;
	memset(&env, 0, sizeof(env));
	sent = changes = unauthorized = started = pod_changes = 0;
	reply_type = "application/json";
	ticks = 1000000;
	base = event_base_new();
	env.base = base;
	env.path = "";
	env.cluster = "c";
	env.objects = objects_new(&listener);
	env.changed = on_changed;
	env.started = on_started;
	env.unauthorized = on_unauthorized;
	st = stream_new(&env, RESOURCE_PODS, "a");
	return (0);
}

int
stage_teardown(void **state)
{
	(void)state;
	stream_free(st);
	assert_null(request);
	assert_int_equal(objects_count(env.objects, RESOURCE_PODS, NULL), 0);
	objects_free(env.objects);
	event_base_free(base);
	return (0);
}

int
stage_data(const void *body, size_t len, size_t chunk)
{
	struct http_request *r = request;
	const char *p = body;
	size_t n;

	r->status = 200;
	for (; len > 0; p += n, len -= n) {
		n = chunk < len ? chunk : len;
		if (r->o.data(r, p, n, r->o.arg) == -1)
			return (-1);
	}
	return (0);
}

void
stage_done(enum http_outcome outcome, long status, int64_t retry_after,
    const char *body, size_t len)
{
	struct http_reply reply = { outcome, status, retry_after, body, len,
	    outcome == HTTP_REPLY ? NULL : "the error" };
	struct http_request *r = request;

	request = NULL;
	r->o.done(r, &reply, r->o.arg);
	free(r);
}

void
stage_fire(void)
{
	assert_true(event_pending(st->timer, EV_TIMEOUT, NULL));
	evtimer_del(st->timer);
	event_active(st->timer, EV_TIMEOUT, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

void
stage_has_pods(size_t n)
{
	assert_int_equal(objects_count(env.objects, RESOURCE_PODS, "a"),
	    n);
}
