/*
 * Protobuf and streamed lists: what is asked for, what is done with what comes,
 * and how a server is treated that has not got it.  HTTP is played here.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_stage.h"

#define PROTOBUF	"application/vnd.kubernetes.protobuf"

static bool plain_lists;

static int
setup(void **state)
{
	stage_setup(state);
	reply_type = PROTOBUF;
	env.plain_lists = &plain_lists;
	plain_lists = false;
	return (0);
}

/* -- protobuf by hand: a message grows from within ------------------------------- */

struct bytes {
	char	 b[4096];
	size_t	 len;
};

static void
put(struct bytes *to, const void *p, size_t len)
{
	assert_true(to->len + len <= sizeof(to->b));
	memcpy(to->b + to->len, p, len);
	to->len += len;
}

static void
put_varint(struct bytes *to, uint64_t n)
{
	char c;

	for (; n > 127; n >>= 7) {
		c = (char)(n | 0x80);
		put(to, &c, 1);
	}
	c = (char)n;
	put(to, &c, 1);
}

static void
put_field(struct bytes *to, unsigned number, const void *p, size_t len)
{
	put_varint(to, number << 3 | 2);
	put_varint(to, len);
	put(to, p, len);
}

static void
put_text(struct bytes *to, unsigned number, const char *s)
{
	put_field(to, number, s, strlen(s));
}

static void
put_message(struct bytes *to, unsigned number, const struct bytes *m)
{
	put_field(to, number, m->b, m->len);
}

/* k8s NUL, TypeMeta, raw: of apiVersion v1. */
static struct bytes
envelope(const char *kind, const struct bytes *raw)
{
	struct bytes e = { .len = 0 }, type = { .len = 0 };

	put_text(&type, 1, "v1");
	put_text(&type, 2, kind);
	put(&e, "k8s", 4);
	put_message(&e, 1, &type);
	put_message(&e, 2, raw);
	put(&e, "\x1a\0\x22\0", 4);
	return (e);
}

static struct bytes
pod(const char *name, const char *version)
{
	struct bytes meta = { .len = 0 }, p = { .len = 0 };

	put_text(&meta, 1, name);
	put_text(&meta, 3, "a");
	put_text(&meta, 6, version);
	put_message(&p, 1, &meta);
	put_field(&p, 2, "", 0);
	return (p);
}

static struct bytes
bookmark(const char *version, const char *end)
{
	struct bytes entry = { .len = 0 }, meta = { .len = 0 };
	struct bytes p = { .len = 0 };

	put_text(&meta, 6, version);
	if (end != NULL) {
		put_text(&entry, 1, "k8s.io/initial-events-end");
		put_text(&entry, 2, end);
		put_message(&meta, 12, &entry);
	}
	put_message(&p, 1, &meta);
	return (p);
}

/* One frame of a watch. */
static struct bytes
event(const char *type, const char *kind, const struct bytes *object)
{
	struct bytes raw = envelope(kind, object), extension = { .len = 0 };
	struct bytes e = { .len = 0 }, frame = { .len = 0 };
	char length[4] = { 0 };

	put_message(&extension, 1, &raw);
	put_text(&e, 1, type);
	put_message(&e, 2, &extension);
	length[2] = (char)(e.len >> 8);
	length[3] = (char)e.len;
	put(&frame, length, 4);
	put(&frame, e.b, e.len);
	return (frame);
}

static int
data(const struct bytes *b)
{
	return (stage_data(b->b, b->len, 11));
}

static int
pod_event(const char *type, const char *name, const char *version)
{
	struct bytes p = pod(name, version), f = event(type, "Pod", &p);

	return (data(&f));
}

static int
bookmark_event(const char *version, const char *end)
{
	struct bytes p = bookmark(version, end);
	struct bytes f = event("BOOKMARK", "Pod", &p);

	return (data(&f));
}

static struct bytes
list(const char *kind, const char *version, const char *token, const char *one,
    const char *two)
{
	struct bytes meta = { .len = 0 }, l = { .len = 0 }, p;

	put_text(&meta, 2, version);
	put_text(&meta, 3, token);
	put_message(&l, 1, &meta);
	p = pod(one, "1");
	put_message(&l, 2, &p);
	p = pod(two, "2");
	put_message(&l, 2, &p);
	return (envelope(kind, &l));
}

static void
done(enum http_outcome outcome, long status, const char *body, size_t len)
{
	stage_done(outcome, status, -1, body, len);
}

static bool
asks(const char *what)
{
	assert_non_null(request);
	return (strstr(request->path, what) != NULL);
}

static void
is_streamed(void)
{
	assert_true(asks("/api/v1/namespaces/a/pods?watch=true"
	    "&allowWatchBookmarks=true&sendInitialEvents=true"
	    "&resourceVersionMatch=NotOlderThan&timeoutSeconds="));
	assert_string_equal(request->accept, PROTOBUF ";stream=watch,"
	    "application/json;stream=watch");
	assert_int_equal(st->state, STREAM_LISTING);
}

static void
is_page(void)
{
	assert_string_equal(request->path,
	    "/api/v1/namespaces/a/pods?limit=500");
}

static void
has_pods(size_t n)
{
	stage_has_pods(n);
	assert_int_equal(objects_count(env.objects, RESOURCE_PODS, NULL),
	    n);
}

/* -- streamed lists --------------------------------------------------------------- */

/* Items 4, 20, 21. */
static void
test_streamed(void **state)
{
	(void)state;
	stream_start(st);
	is_streamed();
	assert_int_equal(pod_event("ADDED", "x", "9"), 0);
	assert_int_equal(pod_event("ADDED", "y", "3"), 0);
	/* Not in order, so no place to begin from. */
	assert_null(st->version);
	assert_false(st->synced);
	assert_int_equal(started, 0);
	assert_int_equal(pod_event("MODIFIED", "y", "11"), 0);
	assert_int_equal(bookmark_event("12", "true"), 0);
	assert_true(st->synced);
	assert_string_equal(st->version, "12");
	assert_int_equal(st->state, STREAM_WATCHING);
	assert_int_equal(started, 1);
	assert_false(event_pending(st->timer, EV_TIMEOUT, NULL));
	has_pods(2);
	/* It goes on as a watch, and is resumed as one. */
	assert_int_equal(pod_event("DELETED", "x", "13"), 0);
	has_pods(1);
	assert_string_equal(st->version, "13");
	assert_int_equal(bookmark_event("14", NULL), 0);
	ticks += 5000;
	done(HTTP_REPLY, 200, NULL, 0);
	assert_true(asks("?watch=true&allowWatchBookmarks=true"
	    "&resourceVersion=14&"));
	assert_false(plain_lists);
}

/* Item 10: what a list does not mention any more is gone, streamed or not. */
static void
test_streamed_again(void **state)
{
	(void)state;
	stream_start(st);
	pod_event("ADDED", "x", "1");
	pod_event("ADDED", "y", "2");
	bookmark_event("3", "true");
	has_pods(2);
	request->status = 410;
	done(HTTP_REPLY, 410, "", 0);
	stage_fire();
	is_streamed();
	pod_event("ADDED", "z", "8");
	has_pods(3);
	bookmark_event("9", "true");
	has_pods(1);
}

/* A server that refuses it is asked for pages, by all streams, for good. */
static void
test_refused(void **state)
{
	static const long codes[] = { 422, 400 };
	struct bytes l;
	size_t i;

	(void)state;
	stream_start(st);
	for (i = 0; i < 2; i++) {
		is_streamed();
		request->status = codes[i];
		done(HTTP_REPLY, codes[i], "", 0);
		is_page();
		assert_string_equal(request->accept,
		    PROTOBUF ",application/json");
		assert_true(plain_lists);
		/* Nothing waits for a list as a watch any more. */
		assert_false(event_pending(st->timer, EV_TIMEOUT, NULL));
		/* That is no trouble. */
		assert_string_equal(st->error, i == 0 ? "" : "the error");
		l = list("PodList", "10", "", "x", "y");
		assert_int_equal(data(&l), 0);
		done(HTTP_REPLY, 200, NULL, 0);
		has_pods(2);
		assert_string_equal(st->version, "10");
		stream_stop(st);
		stream_resume(st, true);
		is_page();
		/* Until it was away: it may come back as another version. */
		done(HTTP_NOT_SENT, 0, NULL, 0);
		assert_false(plain_lists);
		stage_fire();
	}
}

/* An old server begins a watch and never says that this was all. */
static void
test_ignored(void **state)
{
	(void)state;
	stream_start(st);
	pod_event("ADDED", "x", "1");
	stage_fire();
	is_page();
	assert_true(plain_lists);
	stream_stop(st);
	/* Or it sends a bookmark that is none of a list's end. */
	plain_lists = false;
	stream_resume(st, true);
	is_streamed();
	pod_event("ADDED", "x", "1");
	assert_int_equal(bookmark_event("5", NULL), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	is_page();
	assert_true(plain_lists);
	assert_null(st->version);
	stream_stop(st);
	/* Or there is always something new: not for ever. */
	plain_lists = false;
	stream_resume(st, true);
	pod_event("MODIFIED", "x", "1");
	evtimer_del(st->timer);
	ticks += 299000;
	pod_event("MODIFIED", "x", "2");
	assert_true(event_pending(st->timer, EV_TIMEOUT, NULL));
	evtimer_del(st->timer);
	ticks += 1000;
	pod_event("MODIFIED", "x", "3");
	assert_false(event_pending(st->timer, EV_TIMEOUT, NULL));
}

static void
test_no_answer(void **state)
{
	(void)state;
	stream_start(st);
	stage_fire();
	is_streamed();			/* it may need a while to begin */
	ticks += 31000;
	stage_fire();
	assert_null(request);
	assert_string_equal(st->error, "no answer in time");
	assert_false(plain_lists);
	stage_fire();
	is_page();
}

/* Trouble on the way: this list in pages, the next one streamed again. */
static void
test_streamed_failed(void **state)
{
	struct bytes l;

	(void)state;
	stream_start(st);
	pod_event("ADDED", "x", "1");
	done(HTTP_LOST, 200, NULL, 0);
	stage_fire();
	is_page();
	l = list("PodList", "10", "", "y", "z");
	data(&l);
	done(HTTP_REPLY, 200, NULL, 0);
	has_pods(2);
	stream_stop(st);
	stream_resume(st, true);
	is_streamed();
	bookmark_event("4", "false");
	done(HTTP_STOPPED, 200, NULL, 0);
	is_page();
	stream_stop(st);
	plain_lists = false;
	stream_resume(st, true);
	is_streamed();
	/* The end of the watch is not the end of the list. */
	pod_event("ADDED", "x", "1");
	done(HTTP_REPLY, 200, NULL, 0);
	assert_string_equal(st->error,
	    "the list ended before all of it was there");
	has_pods(3);
}

/* -- protobuf ---------------------------------------------------------------------- */

static void
test_pages(void **state)
{
	struct bytes l;

	(void)state;
	plain_lists = true;
	stream_start(st);
	l = list("PodList", "10", "next one", "x", "y");
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	assert_true(asks("?limit=500&continue=next%20one"));
	/* One that says nothing of itself is not the next one. */
	l.len = 0;
	l = envelope("PodList", &l);
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	assert_string_equal(st->error, "the answer is not the list asked for");
	stage_fire();
	assert_true(asks("?limit=500&continue=next%20one"));
	l = list("PodList", "10", "", "y", "z");
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	has_pods(3);
	assert_true(asks("resourceVersion=10&"));
	assert_true(st->synced);
}

/* In the stream, item 8; with Retry-After, item 18. */
static void
test_error(void **state)
{
	struct bytes s = { .len = 0 }, d = { .len = 0 }, f, l;

	(void)state;
	test_pages(state);
	put_text(&s, 3, "too old resource version: 10 (99)");
	put_text(&s, 4, "Expired");
	put_varint(&s, 6 << 3);
	put_varint(&s, 410);
	f = event("ERROR", "Status", &s);
	assert_int_equal(data(&f), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "error 410 in the watch: too old "
	    "resource version: 10 (99)");
	stage_fire();
	is_page();
	l = list("PodList", "20", "", "x", "y");
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	s.len = 0;
	put_varint(&d, 5 << 3);
	put_varint(&d, 90);
	put_message(&s, 5, &d);
	put_varint(&s, 6 << 3);
	put_varint(&s, 429);
	f = event("ERROR", "Status", &s);
	assert_int_equal(data(&f), -1);
	assert_int_equal(st->retry_after, 90000);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error,
	    "error 429 in the watch: no reason given");
}

/* A Status as the body of a refusal. */
static void
test_status_body(void **state)
{
	struct bytes s = { .len = 0 }, e;

	(void)state;
	stream_start(st);
	put_text(&s, 3, "pods is forbidden\001");
	e = envelope("Status", &s);
	request->status = 403;
	done(HTTP_REPLY, 403, e.b, e.len);
	assert_string_equal(st->error, "HTTP 403: pods is forbidden\\001");
}

/* 406, item 29: JSON from then on; JSON without a word is JSON, too. */
static void
test_not_acceptable(void **state)
{
	static const char json[] = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\","
	    "\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}";
	struct bytes j;

	(void)state;
	plain_lists = true;
	stream_start(st);
	request->status = 406;
	done(HTTP_REPLY, 406, "", 0);
	is_page();
	assert_string_equal(request->accept, "application/json");
	assert_string_equal(st->error, "");
	request->type = "application/json";
	j.len = 0;
	put(&j, json, strlen(json));
	assert_int_equal(data(&j), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	assert_true(asks("resourceVersion=7&"));
	assert_string_equal(request->accept, "application/json;stream=watch");
}

static void
test_nonsense(void **state)
{
	static const struct { const char *kind, *error; } rows[] = {
		{ "Table", "the answer is not the list asked for" },
		{ "PodList\001", "the answer is not the list asked for" },
	};
	struct bytes l, p, f;
	size_t i;

	(void)state;
	plain_lists = true;
	stream_start(st);
	for (i = 0; i < 2; i++) {
		l = list(rows[i].kind, "10", "", "x", "y");
		assert_int_equal(data(&l), -1);
		done(HTTP_STOPPED, 200, NULL, 0);
		assert_string_equal(st->error, rows[i].error);
		has_pods(0);
		/* The other encoding is tried, for what that helps. */
		stage_fire();
		assert_string_equal(request->accept, "application/json");
	}
	l = list("PodList", "", "", "x", "y");
	assert_int_equal(data(&l), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "a list without resourceVersion");
	stage_fire();
	/* Nothing in it at all. */
	p.len = 0;
	l = envelope("PodList", &p);
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	assert_string_equal(st->error, "the answer is not the list asked for");
	stage_fire();
	l = list("PodList", "10", "", "x", "y");
	assert_int_equal(data(&l), 0);
	done(HTTP_REPLY, 200, NULL, 0);
	/* Events: of another kind, of none, cut off. */
	p = pod("x", "11");
	f = event("ADDED", "Node", &p);
	assert_int_equal(data(&f), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error,
	    "an object of another kind than asked for");
	stage_fire();
	assert_int_equal(pod_event("CHANGED", "x", "11"), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "an event of unknown type");
	stage_fire();
	assert_int_equal(pod_event("MODIFIED", "x", ""), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "an event without resourceVersion");
	stage_fire();
	assert_int_equal(bookmark_event("", NULL), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "a bookmark without resourceVersion");
	stage_fire();
	f.len = 0;
	put(&f, "\0\0\0\x02\x0a\x00", 6);
	assert_int_equal(data(&f), -1);
	done(HTTP_STOPPED, 200, NULL, 0);
	assert_string_equal(st->error, "an event without type or object");
	has_pods(2);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, stage_teardown)
	const struct CMUnitTest tests[] = {
		T(test_streamed), T(test_streamed_again), T(test_refused),
		T(test_ignored), T(test_no_answer), T(test_streamed_failed),
		T(test_pages), T(test_error), T(test_status_body),
		T(test_not_acceptable), T(test_nonsense),
	};

	return (cmocka_run_group_tests_name("streaming", tests, NULL, NULL));
}
