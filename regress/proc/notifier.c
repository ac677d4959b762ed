/*
 * The notifier in its cage, while an Instatus or a store answers whatever it
 * likes: an outage is on the page once all the same, and ends there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "notifier_ends.h"

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))
#define HEAD(rest)	"HTTP/1.1 200 OK\r\n" rest "\r\n"
#define JSON(len, text)	HEAD("Content-Length: " #len "\r\n") text

/* All that a server can send where a list is expected.  The lengths are those of
 * what follows, unless the point is that they are not. */
static const struct hostile lists[] = {
	{ "no list", PAGES, .raw = JSON(2, "{}") },
	{ "null", PAGES, .raw = JSON(4, "null") },
	{ "a number", PAGES, .raw = JSON(4, "1e99") },
	{ "nothing", PAGES, .raw = JSON(0, "") },
	{ "204", PAGES, .raw = "HTTP/1.1 204 No\r\n\r\n" },
	{ "cut JSON", PAGES, .raw = JSON(12, "[{\"id\":\"p\",\"") },
	{ "cut body", PAGES, .raw = JSON(400, "[{\"id\":\"p\"}") },
	{ "cut header", PAGES, .raw = "HTTP/1.1 200 OK\r\nContent-Le" },
	{ "no header", COMPONENTS, .raw = "[]" },
	{ "closed", COMPONENTS, .raw = "" },
	{ "two at once", PAGES, .raw = JSON(4, "null") JSON(2, "[]") },
	{ "UTF-8 that is none", PAGES, .raw = JSON(14, "[{\"id\":\"\xff\xfe\xc0\"}]") },
	{ "a NUL", PAGES, .raw = JSON(17, "[{\"id\":\"\\u0000\"}]") },
	{ "the same key twice", PAGES,
	    .raw = JSON(21, "[{\"id\":\"p\",\"id\":\"q\"}]") },
	{ "a chunk of no size", PAGES,
	    .raw = HEAD("Transfer-Encoding: chunked\r\n") "zz\r\n" },
	{ "a chunk of any size", COMPONENTS,
	    .raw = HEAD("Transfer-Encoding: chunked\r\n")
	    "ffffffffffffffff\r\n" },
	{ "a length that is none", PAGES,
	    .raw = HEAD("Content-Length: -5\r\n") },
	{ "packed nonsense", COMPONENTS,
	    .raw = HEAD("Content-Encoding: gzip\r\nContent-Length: 3\r\n") "abc" },
	{ "elsewhere", PAGES, .raw = "HTTP/1.1 302 Found\r\nLocation: "
	    "http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n" },
	{ "elsewhere for good", COMPONENTS, .raw = "HTTP/1.1 308 No\r\n"
	    "Location: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" },
	{ "500", COMPONENTS, .raw = "HTTP/1.1 500 Oh\r\nContent-Length: 31\r\n"
	    "\r\n{\"error\":{\"message\":\"\\u001b[2J\"}}" },
	{ "too many", PAGES, .raw = "HTTP/1.1 429 No\r\nRetry-After: 1\r\n"
	    "Content-Length: 0\r\n\r\n" },
	{ "HTTP/2 unasked", PAGES, .raw = "HTTP/2 200\r\n\r\n" },
	{ "a status that is none", PAGES, .raw = "HTTP/1.1 99999 X\r\n\r\n" },
	/* 10 MiB of each. */
	{ "a large text", PAGES, .fill = "x", .times = 10 << 20 },
	{ "a large list", COMPONENTS, .fill = "null,", .times = 2 << 20 },
	{ "deep lists", PAGES, .fill = "[", .times = 1 << 20 },
	{ "deep objects", COMPONENTS, .fill = "{\"a\":", .times = 1 << 18 },
	/* As many as are taken for an answer. */
	{ "many pages", PAGES, .ids = 90000 },
	{ "many values", PAGES, .fill = "[],", .times = 2700000 },
	{ "less than it said", COMPONENTS, .fill = "[]", .times = 100,
	    .more = 1L << 40 },
};

/* What it has to say about what it was told to do. */
static const struct hostile writes[] = {
	{ "create: done, cut", CREATE, true, .raw = JSON(400, "{\"id\":") },
	{ "create: done, no JSON", CREATE, true, .raw = JSON(5, "<html") },
	{ "create: done, closed", CREATE, true, .raw = "" },
	{ "create: done, 500", CREATE, true,
	    .raw = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n" },
	{ "create: done, a list", CREATE, true, .raw = JSON(2, "[]") },
	{ "create: done, an id for a path", CREATE, true,
	    .raw = JSON(17, "{\"id\":\"../../v2\"}") },
	{ "create: done, an id that is none", CREATE, true,
	    .raw = JSON(11, "{\"id\":[{}]}") },
	{ "create: not done, closed", CREATE, false, .raw = "" },
	{ "create: not done, 500", CREATE, false,
	    .raw = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" },
	{ "create: not done, 429", CREATE, false, .raw = "HTTP/1.1 429 No\r\n"
	    "Retry-After: 0\r\nContent-Length: 0\r\n\r\n" },
	{ "create: not done, elsewhere", CREATE, false, .raw = "HTTP/1.1 307 "
	    "No\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n" },
	{ "create: done, large", CREATE, true, .fill = "x",
	    .times = 10 << 20 },
	{ "incident: a list", GET_INCIDENT, false, .raw = JSON(2, "[]") },
	{ "incident: deep", GET_INCIDENT, false, .fill = "[",
	    .times = 100000 },
	{ "update: done, closed", UPDATE, true, .raw = "" },
	{ "update: done, no JSON", UPDATE, true, .raw = JSON(1, "}") },
	{ "update: not done, cut", UPDATE, false, .raw = "HTTP/1.1 " },
};

static void
open_beds(const struct hostile *hostile, unsigned count,
    const struct item *items)
{
	unsigned i;

	assert_non_null(beds = calloc(count, sizeof(*beds)));
	for (i = 0; i < count; i++) {
		bed_open(&beds[i], i, false, items);
		beds[i].hostile = hostile == NULL ? NULL : &hostile[i];
		nbed = i + 1;
	}
}

static void
close_beds(void)
{
	unsigned i;

	for (i = 0; i < nbed; i++)
		bed_close(&beds[i]);
	free(beds);
	beds = NULL;
	nbed = 0;
}

/* c0 fails and is well again: one incident, whatever happens on the way. */
static void
outage(void)
{
	struct bed *b;

	for (b = beds; b < beds + nbed; b++)
		watcher_says(b, 0, HEALTH_MAJOR);
	for (b = beds; b < beds + nbed; b++) {
		WAIT(b, b->nincident > 0 && b->incident[0].open);
		/* It knows that the page has it. */
		WAIT(b, strstr(b->put, "incident/") != NULL);
		watcher_says(b, 0, HEALTH_OK);
	}
	for (b = beds; b < beds + nbed; b++) {
		WAIT(b, !b->incident[0].open);
		WAIT(b, strcmp(b->status[0], "OPERATIONAL") == 0);
		if (b->hostile != NULL && !b->struck)
			bed_fail(b, "asked what it was to be asked");
		if (b->nincident != 1)
			bed_fail(b, "content with one incident");
		assert_string_equal(b->status[1], "OPERATIONAL");
		if (b->hostile == NULL || b->hostile->ids == 0)
			assert_string_equal(b->other, "");
		assert_int_equal(b->nkey_again, 0);
	}
}

static void
test_outage(void **state)
{
	(void)state;
	open_beds(NULL, 1, NULL);
	outage();
	assert_int_equal(beds->asked[CREATE], 1);
	assert_int_equal(beds->asked[UPDATE], 1);
	close_beds();
}

static void
test_lists(void **state)
{
	(void)state;
	open_beds(lists, NITEMS(lists), NULL);
	outage();
	close_beds();
}

static void
test_writes(void **state)
{
	(void)state;
	open_beds(writes, NITEMS(writes), NULL);
	outage();
	close_beds();
}

/* -- a store that is none --------------------------------------------------------- */

#define AT	"2026-01-02T03:04:05.678Z"
#define DEEP	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
static const struct item nonsense[] = {
	{ "", "{}" }, { "webhook", "" }, { "webhook", "{\"v\":1" },
	{ "webhook", "{\"v\":2,\"state\":\"down\"}" },
	{ "webhook", "{\"v\":1,\"state\":7}" }, { "webhook", "[1]" },
	{ "webhook", "{\"v\":1,\"v\":1,\"state\":\"down\"}" },
	{ "component/", "{\"v\":1,\"status\":\"MAJOROUTAGE\"}" },
	{ "component/c0", "{\"v\":1,\"status\":\"BAD\"}" },
	{ "component/c1", "{\"v\":1,\"status\":null}" },
	{ "component/\x1b[2J\n", "{\"v\":1,\"status\":\"MAJOROUTAGE\"}" },
	{ "component/../../x", "{\"v\":1,\"status\":\"MAJOROUTAGE\"}" },
	{ "incident/1", "{\"v\":1}" },
	{ "incident/1", DEEP DEEP DEEP },
	{ "incident/1", "{\"v\":1,\"name\":\"n\",\"page\":\"p\",\"started\":\""
	    AT "\",\"id\":\"i\",\"phase\":\"INVESTIGATING\",\"components\":{}}" },
	{ "incident/99999999999999999999999", "{\"v\":1,\"started\":\"" AT "\"}" },
	{ "incident/1767323045678", "{\"v\":1,\"name\":\"n\",\"page\":\"..\","
	    "\"started\":\"" AT "\",\"id\":\"../../v2\",\"phase\":"
	    "\"INVESTIGATING\",\"components\":{\"MAJOROUTAGE\":[\"c9\"]}}" },
	{ "incident/1767323045678", "{\"v\":1,\"name\":[],\"page\":{},"
	    "\"started\":\"" AT "\",\"components\":[[]]}" },
	{ "elsewhere/1", "{\"v\":1}" }, { NULL, NULL },
};

static void
send_bytes(int fd, const void *p, size_t len)
{
	assert_int_equal(write(fd, p, len), len);
}

static void
test_nonsense_stored(void **state)
{
	(void)state;
	open_beds(NULL, 1, nonsense);
	outage();
	child_expect_log(&beds->child, "makes no sense and is ignored");
	/* An id that would lead elsewhere is in no request. */
	assert_string_equal(beds->other, "");
	assert_null(strchr(beds->child.text, '\x1b'));
	close_beds();
}

/* Answers to what was not asked, in no order, as large as may be. */
static void
test_store_unasked(void **state)
{
	static char large[32768];
	struct message_out *m;
	struct bed *b;
	uint32_t id;

	(void)state;
	open_beds(NULL, 1, NULL);
	b = beds;
	memset(large, '[', sizeof(large));
	WAIT(b, b->loaded);
	for (id = 0; id < 50; id++) {
		store_item(b, id, "webhook", large, sizeof(large));
		assert_int_equal(message_send(b->store,
		    message_new(MSG_STORE_LOADED, id), -1), 0);
		assert_int_equal(message_send(b->store,
		    message_new(MSG_STORE_DONE, id + 1000), -1), 0);
		m = message_new(MSG_STORE_FAILED, id + 2000);
		message_put_s(m, "\x1b[2J\n<0>x");
		assert_int_equal(message_send(b->store, m, -1), 0);
		store_says(b, id % 3 == 0, id % 2 == 0);
		pump(0);
	}
	b->loaded = false;
	store_says(b, true, false);
	store_says(b, true, true);
	WAIT(b, b->loaded);
	outage();
	assert_false(b->hung[ROLE_STORE]);
	close_beds();
}

/* Who breaks the protocol is reported, and all goes on with the next one. */
static void
test_protocol_broken(void **state)
{
	static const uint8_t huge[] = { 0xdd, 0x0f, 0xff, 0xff, 0xff };
	struct message_out *m;
	struct bed *b;

	(void)state;
	open_beds(NULL, 1, NULL);
	b = beds;
	WAIT(b, b->loaded);
	send_bytes(b->store, huge, sizeof(huge));
	WAIT(b, b->hung[ROLE_STORE] && b->store == -1);
	m = message_new(MSG_HEALTH_SET, 0);
	message_put_s(m, "c0");
	message_put_u(m, HEALTH_MAX);
	message_put_u(m, 0);
	message_put_u(m, UINT64_MAX);
	message_put_u(m, 0);
	message_put_u(m, UINT64_MAX);
	message_put_b(m, false);
	message_put_s(m, "");
	assert_int_equal(message_send(b->watcher, m, -1), 0);
	WAIT(b, b->hung[ROLE_WATCHER] && b->watcher == -1);

	b->loaded = false;
	b->watcher = child_link(&b->child, ROLE_WATCHER, 0);
	b->store = child_link(&b->child, ROLE_STORE, 0);
	store_says(b, true, true);
	watcher_says(b, 0, HEALTH_OK);
	watcher_says(b, 1, HEALTH_OK);
	outage();
	close_beds();
}

/* One that speaks of components of another cluster, which nobody has spoken of yet. */
static void
test_watcher_of_others(void **state)
{
	struct bed *b;
	int i;

	(void)state;
	open_beds(NULL, 1, NULL);
	b = beds;
	WAIT(b, b->loaded);
	close(b->watcher);
	b->watcher = child_link_of(&b->child, ROLE_WATCHER, 1, "other");
	for (i = 0; i < 50; i++) {
		watcher_says(b, 0, HEALTH_MAJOR);
		watcher_says(b, 1, HEALTH_MAJOR);
		pump(20);
	}
	close(b->watcher);
	b->watcher = child_link(&b->child, ROLE_WATCHER, 0);
	watcher_says(b, 0, HEALTH_OK);
	watcher_says(b, 1, HEALTH_OK);
	outage();
	assert_int_equal(b->asked[CREATE], 1);
	close_beds();
}

/* A web without users has nobody who could order anything; it may ask. */
static void
test_orders_of_nobody(void **state)
{
	struct message_out *m;
	struct bed *b;
	int web;

	(void)state;
	open_beds(NULL, 1, NULL);
	b = beds;
	WAIT(b, b->loaded);
	web = child_link(&b->child, ROLE_WEB, 0);
	assert_int_equal(message_send(web, message_new(MSG_FEED_ASK, 1), -1),
	    0);
	receive(web, ROLE_NOTIFIER, ROLE_WEB, MSG_SHOW_COMPONENT);
	m = message_new(MSG_CTL_SILENCE, 2);
	message_put_s(m, "c0");
	message_put_u(m, 3600000);
	message_put_s(m, "because");
	message_put_s(m, "nobody");
	assert_int_equal(message_send(web, m, -1), 0);
	WAIT(b, b->hung[ROLE_WEB]);
	close(web);
	outage();
	close_beds();
}

static void
wait_refused(struct bed *b, const char *why)
{
	struct message_out *m;

	do {
		b->listed = false;
		b->rows[0] = '\0';
		m = message_new(MSG_CTL_MAINTENANCE, 3);
		message_put_b(m, false);
		message_put_u(m, 0);
		message_put_s(m, "");
		message_put_s(m, "uid 0");
		message_put_s(m, "c0");
		child_send(&b->child, m, -1);
		WAIT(b, b->listed);
	} while (strstr(b->rows, why) == NULL);
}

/* That there is nothing to end is known when the store has said what there is. */
static void
test_end_of_what_is_not_known(void **state)
{
	struct bed *b;

	(void)state;
	open_beds(NULL, 1, NULL);
	b = beds;
	WAIT(b, b->loaded);
	wait_refused(b, "is not under a maintenance");
	assert_int_equal(message_send(b->store, message_new(MSG_SHARED_BEGIN,
	    0), -1), 0);
	wait_refused(b, "what there is to end is not known yet");
	assert_int_equal(message_send(b->store, message_new(MSG_SHARED_END,
	    0), -1), 0);
	wait_refused(b, "is not under a maintenance");
	outage();
	close_beds();
}

/* -- the rest ----------------------------------------------------------------------- */

/* TLS is wanted, and what answers does not speak it: nothing is said to it. */
static void
test_no_tls(void **state)
{
	(void)state;
	assert_non_null(beds = calloc(1, sizeof(*beds)));
	bed_open(beds, 0, true, NULL);
	nbed = 1;
	watcher_says(beds, 0, HEALTH_MAJOR);
	WAIT(beds, beds->nconn > 1);
	assert_false(beds->clear_text);
	child_expect_log(&beds->child, "the page cannot be read");
	close_beds();
}

/* Health as fast as it can be said, of components that nobody knows. */
static void
test_flood_of_health(void **state)
{
	unsigned i;

	(void)state;
	open_beds(NULL, 1, NULL);
	for (i = 0; i < 20000; i++) {
		watcher_says(beds, 2 + i % 3000, i % 2 == 0 ? HEALTH_OK :
		    HEALTH_DEGRADED);
		pump(0);
	}
	watcher_says(beds, 0, HEALTH_OK);
	watcher_says(beds, 1, HEALTH_OK);
	outage();
	close_beds();
}

/* Names and ids of the page, shown to whoever asks `kanatad list`. */
static void
test_list(void **state)
{
	(void)state;
	open_beds(NULL, 1, NULL);
	WAIT(beds, beds->asked[COMPONENTS] > 0);
	child_send(&beds->child, message_new(MSG_LIST_ASK, 7), -1);
	WAIT(beds, beds->listed);
	assert_string_equal(beds->rows, "Page\nComponent 0\nc0\nPage\n"
	    "Component 1\nc1\n");
	outage();
	close_beds();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_nonsense_stored),
		cmocka_unit_test(test_store_unasked),
		cmocka_unit_test(test_protocol_broken),
		cmocka_unit_test(test_watcher_of_others),
		cmocka_unit_test(test_orders_of_nobody),
		cmocka_unit_test(test_end_of_what_is_not_known),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_flood_of_health),
		cmocka_unit_test(test_list),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
