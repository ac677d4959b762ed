/* What the watcher shows of its streams and pods, to the parent and to web. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "../../common/show.h"
#include "watcher_stage.h"

/* Of whatever type. */
static void
receive_any(struct message *m)
{
	static uint8_t buf[MESSAGE_MAX];
	const char *why = "";

	wait_readable(watcher.fd, CHILD_PATIENCE);
	if (message_recv(watcher.fd, m, ROLE_WATCHER, ROLE_PARENT, buf,
	    &why) != 1)
		fail_msg("no message: %s", why);
}

static int
compare_names(const void *a, const void *b)
{
	return (strcmp(a, b));
}

static void
test_show(void **state)
{
	struct message_out *m;
	struct message *in;
	unsigned i, pods = 0;
	const char *resource, *ns, *text;

	(void)state;
	start_healthy();
	m = message_new(MSG_SHOW_ASK, 42);
	message_put_u(m, SHOW_WATCHES);
	child_send(&watcher, m, -1);
	for (i = 0; i < 7; i++) {
		in = child_receive(&watcher, MSG_SHOW_WATCH);
		assert_int_equal(in->id, 42);
		assert_string_equal(message_get_s(in), "prod");
		resource = message_get_s(in);
		ns = message_get_s(in);
		text = message_get_s(in);
		assert_string_equal(ns, "a");
		assert_string_equal(text, "watching");
		assert_true(message_get_s(in)[0] != '\0');
		if (strcmp(resource, "pods") == 0)
			pods = message_get_u(in);
	}
	assert_int_equal(pods, 3);
	assert_int_equal(child_receive(&watcher, MSG_SHOW_END)->id, 42);
}

/* Pods by parts, each asked for; a cursor of any value does no harm. */
static void
test_show_pods(void **state)
{
	static char names[2000][64];
	struct message_out *m;
	struct message in;
	uint64_t cursor = 0, any = 12345678901234567ULL;
	unsigned n = 0, parts = 0, i;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"p\",\"count\":1500}");
	start_healthy();
	do {
		m = message_new(MSG_PODS_ASK, 43);
		message_put_u(m, any != 0 ? any : cursor);
		child_send(&watcher, m, -1);
		for (receive_any(&in); in.type == MSG_SHOW_POD;
		    receive_any(&in)) {
			assert_int_equal(in.id, 43);
			assert_string_equal(message_get_s(&in), "prod");
			assert_string_equal(message_get_s(&in), "a");
			assert_true(n < 2000);
			snprintf(names[n++], sizeof(names[0]), "%.63s",
			    message_get_s(&in));
		}
		assert_int_equal(in.type, MSG_PODS_PART);
		cursor = message_get_u(&in);
		if (any != 0) {
			any = cursor = n = 0;
			continue;
		}
		parts++;
	} while (cursor != 0 || parts == 0);
	assert_int_equal(n, 1503);
	assert_in_range(parts, 4, 10);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (i = 1; i < n; i++)
		assert_string_not_equal(names[i - 1], names[i]);
}

/* -- what web is told ------------------------------------------------------ */

static int	web = -1;

static struct message *
web_receive(void)
{
	static uint8_t buf[MESSAGE_MAX];
	static struct message m;
	const char *why = "";

	wait_readable(web, CHILD_PATIENCE);
	if (message_recv(web, &m, ROLE_WATCHER, ROLE_WEB, buf, &why) != 1)
		fail_msg("no message to web: %s", why);
	return (&m);
}

/* The watches, until one of pods says whether it is known. */
static void
web_wait_known(bool known)
{
	struct message *m;
	bool pods, found = false;
	unsigned i;

	while (!found) {
		m = web_receive();
		if (m->type != MSG_SHOW_WATCH)
			continue;
		message_get_s(m);
		pods = strcmp(message_get_s(m), "pods") == 0;
		for (i = 0; i < 3; i++)
			message_get_s(m);
		for (i = 0; i < 5; i++)
			message_get_u(m);
		message_get_s(m);
		found = pods && message_get_b(m) == known;
	}
}

static void
web_follow(uint32_t id, bool on)
{
	struct message_out *m = message_new(MSG_PODS_FOLLOW, id);

	message_put_b(m, on);
	assert_int_equal(message_send(web, m, -1), 0);
}

/* All pods with that id; how many. */
static unsigned
web_receive_pods(uint32_t id)
{
	struct message *m;
	unsigned n;

	for (n = 0; (m = web_receive())->type != MSG_PODS_PART;)
		if (m->type == MSG_SHOW_POD) {
			assert_int_equal(m->id, id);
			n++;
		}
	assert_int_equal(m->id, id);
	assert_int_equal(message_get_u(m), 0);
	return (n);
}

/* The next news of pods of that type; other messages pass by. */
static struct message *
web_wait_pod(enum message_type type, const char *name)
{
	struct message *m;

	for (;;) {
		m = web_receive();
		if (m->type != MSG_SHOW_POD && m->type != MSG_POD_GONE)
			continue;
		if (m->type == MSG_SHOW_POD)
			message_get_s(m);
		assert_string_equal(message_get_s(m), "a");
		if (strcmp(message_get_s(m), name) == 0 && m->type == type)
			return (m);
	}
}

static void
test_feed(void **state)
{
	struct message *m;
	unsigned n;

	(void)state;
	tell("bulk_pods", "{\"ns\":\"a\",\"prefix\":\"p\",\"count\":1500}");
	start_healthy();
	web = child_link(&watcher, ROLE_WEB, 0);
	assert_int_equal(message_send(web, message_new(MSG_FEED_ASK, 1), -1),
	    0);
	web_wait_known(true);
	web_follow(7, true);
	assert_int_equal(web_receive_pods(7), 1503);
	tell("pod", "{\"ns\":\"a\",\"name\":\"late\"}");
	assert_int_equal(web_wait_pod(MSG_SHOW_POD, "late")->id, 7);
	tell("delete_pod", "{\"ns\":\"a\",\"name\":\"late\"}");
	m = web_wait_pod(MSG_POD_GONE, "late");
	assert_int_equal(m->id, 7);
	/* Anew, from the beginning; and not at all. */
	web_follow(8, true);
	assert_int_equal(web_receive_pods(8), 1503);
	web_follow(9, false);
	tell("pod", "{\"ns\":\"a\",\"name\":\"unseen\"}");
	/* It may be heard of before the pods are asked for, or after. */
	web_follow(10, true);
	if ((n = web_receive_pods(10)) != 1504) {
		assert_int_equal(n, 1503);
		assert_int_equal(web_wait_pod(MSG_SHOW_POD, "unseen")->id, 10);
	}
	close(web);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_show), T(test_show_pods), T(test_feed),
	};

	return (cmocka_run_group_tests_name("watcher_show", tests, NULL, NULL));
}
