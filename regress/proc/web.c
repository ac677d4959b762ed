/*
 * The real web; the test is its parent, its notifier and its watcher, also when these
 * break the protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/show.h"
#include "web_ends.h"

/* -- tests: what it answers ------------------------------------------------ */

static void
test_caged(void **state)
{
	(void)state;
	child_is_caged(&web);
}

static void
test_readiness(void **state)
{
	(void)state;
	assert_int_equal(ask("/v1/"), 200);
	assert_int_equal(ask("/readyz"), 503);
	assert_non_null(strstr(reply, "notifier: it has not told yet\n"));
	assert_non_null(strstr(reply, "watcher/sim: it has not told yet\n"));
	assert_int_equal(ask("/v1/components"), 503);
	assert_int_equal(ask("/v1/pods"), 503);
	tell_workers("starting");
	wait_answer("/readyz", 503, "watcher/sim: starting\n");
	tell_workers("running");
	tell_watch(false);
	wait_answer("/readyz", 503, "sim: pods in shop: the first list is not "
	    "complete (listing)\n");
	tell_watch(true);
	tell_component("cmp", HEALTH_OK, PAGE_OPERATIONAL, "");
	tell_end(notifier);
	wait_answer("/readyz", 503, "store: it cannot be reached\n");
	tell_metric(METRIC_STORE_REACHABLE, 1);
	wait_answer("/readyz", 503, "store: it is being read\n");
	tell_metric(METRIC_LEADER, 1);
	wait_answer("/readyz", 503, "page: it has not been read\n");
	tell_metric(METRIC_PAGE_READ, 12345);
	wait_answer("/readyz", 200, "ok\n");
	assert_int_equal(ask("/healthz"), 200);
	assert_string_equal(reply, "ok\n");
	/* Another one leads: it has read the page. */
	tell_metric(METRIC_LEADER, 0);
	tell_metric(METRIC_PAGE_READ, 0);
	tell_metric(METRIC_STANDBY, 1);
	wait_answer("/readyz", 200, "ok\n");
}

static void
test_components(void **state)
{
	struct message_out *m;

	(void)state;
	/* No UTF-8, and what JSON must escape. */
	tell_component("cmp", HEALTH_MAJOR, PAGE_MAJOR, "a\"b\\c\n\xff");
	tell_component("other", HEALTH_OK, PAGE_OPERATIONAL, "");
	wait_answer("/v1/components", 200, "\"health\":\"major\"");
	assert_non_null(strstr(reply, "a\\\"b"));
	/* Images, Secrets and the like are for who is logged in. */
	assert_null(strstr(reply, "hidden"));
	wait_answer("/v1/components", 200, "\"id\":\"other\"");
	wait_answer("/metrics", 200,
	    "kanata_component_health{component=\"cmp\",cluster=\"sim\"} 6\n");
	assert_non_null(strstr(reply, "\nkanata_components_differing 1\n"));
	assert_non_null(strstr(reply,
	    "\nkanata_watch_events_total{cluster=\"sim\",resource=\"pods\"} 5\n"));
	m = message_new(MSG_FEED_GONE, 0);
	message_put_u(m, SHOW_COMPONENTS);
	message_put_s(m, "other");
	tell(notifier, m);
	wait_answer("/metrics", 200, "kanata_components{health=\"ok\"} 0\n");
	ask("/v1/components");
	assert_null(strstr(reply, "\"id\":\"other\""));
}

/* -- tests: pods ----------------------------------------------------------- */

#define WATCH	"GET /v1/pods/watch HTTP/1.1\r\n\r\n"

static void
tell_changes(unsigned from, unsigned to)
{
	char component[121];

	memset(component, 'c', sizeof(component) - 1);
	component[sizeof(component) - 1] = '\0';
	for (; from < to; from++)
		tell_pod("one", from * 1000, component);
}

/* The event that says since when, as RFC 3339. */
static void
read_since(int fd, unsigned seconds)
{
	char text[64];
	time_t t = seconds;
	struct tm tm;

	strftime(text, sizeof(text), "\"since\":\"%Y-%m-%dT%H:%M:%SZ\"",
	    gmtime_r(&t, &tm));
	read_until(fd, text);
}

static void
test_pods_watch(void **state)
{
	struct message_out *m;
	int reader, slow, i;

	(void)state;
	reader = client(WATCH);
	expect_follow();
	tell_pod("one", 1000, "cmp");
	tell_pod("two", 1000, "cmp");
	tell_all_pods();
	read_until(reader, "{\"type\":\"BOOKMARK\"}");
	assert_non_null(strstr(reply, "{\"type\":\"ADDED\",\"object\":"
	    "{\"cluster\":\"sim\",\"namespace\":\"shop\",\"name\":\"one\""));
	slow = client_of_little(WATCH);
	/* More than is kept for one that does not read; the other reads on. */
	for (i = 0; i < 40; i++) {
		tell_changes(10 + i * 1000, 10 + (i + 1) * 1000);
		read_since(reader, 10 + (i + 1) * 1000 - 1);
	}
	wait_answer("/metrics", 200, "kanata_web_connections 2\n");
	close(slow);
	m = message_new(MSG_POD_GONE, follow_id);
	message_put_s(m, "shop");
	message_put_s(m, "two");
	tell(watcher, m);
	read_until(reader, "{\"type\":\"DELETED\",\"object\":{\"cluster\":"
	    "\"sim\",\"namespace\":\"shop\",\"name\":\"two\"");
	wait_answer("/v1/pods", 200, "\"name\":\"one\"");
	assert_null(strstr(reply, "\"name\":\"two\""));
	/* It could not tell all: who watches begins anew. */
	tell(watcher, message_new(MSG_PODS_LOST, follow_id));
	expect_follow();
	read_until(reader, NULL);
	close(reader);
	tell_pod("three", 1000, "cmp");
	tell_all_pods();
	wait_answer("/v1/pods", 200, "\"name\":\"three\"");
	assert_null(strstr(reply, "\"name\":\"one\""));
}

/* -- tests: others that break the protocol --------------------------------- */

static int
second_watcher(void)
{
	int fd = child_link_of(&web, ROLE_WATCHER, 1, "other");

	receive(fd, ROLE_WEB, ROLE_WATCHER, MSG_FEED_ASK);
	return (fd);
}

static void
expect_broken(int fd)
{
	struct message *m = child_receive(&web, MSG_PROC_HUNG);

	assert_int_equal(message_get_u(m), ROLE_WATCHER);
	assert_int_equal(message_get_u(m), 1);
	close(fd);
}

/* One that has more pods than there can be. */
static void
test_more_pods_than_there_can_be(void **state)
{
	char name[32];
	unsigned i;
	int fd;

	(void)state;
	wait_answer("/v1/pods", 200, "\"name\":\"three\"");
	fd = second_watcher();
	follow_id = receive(fd, ROLE_WEB, ROLE_WATCHER, MSG_PODS_FOLLOW)->id;
	for (i = 0; i <= 300000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		tell_pod_of(fd, "other", name, 1, NULL);
	}
	expect_broken(fd);
	/* All of them are forgotten. */
	wait_answer("/v1/pods", 200, "]");
	assert_null(strstr(reply, "other"));
}

/* One that speaks of another cluster, also before that has said anything or though
 * nobody watches such a one, and one that never ends. */
static void
test_bad_watcher(void **state)
{
	unsigned i;
	int fd;

	(void)state;
	fd = second_watcher();
	tell_watch_row(fd, "sim", true);
	expect_broken(fd);
	fd = second_watcher();
	tell_watch_row(fd, "nobody's", true);
	expect_broken(fd);
	fd = second_watcher();
	for (i = 0; i <= 256 * 16; i++)
		tell_watch_row(fd, "other", true);
	expect_broken(fd);
	assert_int_equal(ask("/v1/"), 200);
}

static void
test_bad_notifier(void **state)
{
	struct message *m;

	(void)state;
	tell_component("bad", HEALTH_MAX, PAGE_OPERATIONAL, "");
	m = child_receive(&web, MSG_PROC_HUNG);
	assert_int_equal(message_get_u(m), ROLE_NOTIFIER);
	close(notifier);
	/* What it told is forgotten, until there is another. */
	wait_answer("/v1/components", 503, "has not told");
	notifier = child_link(&web, ROLE_NOTIFIER, 0);
	receive(notifier, ROLE_WEB, ROLE_NOTIFIER, MSG_FEED_ASK);
	tell_component("good", HEALTH_OK, PAGE_OPERATIONAL, "");
	tell_end(notifier);
	wait_answer("/v1/components", 200, "\"id\":\"good\"");
	assert_null(strstr(reply, "\"id\":\"cmp\""));
}

/* Another listening descriptor takes the place of the first. */
static void
test_listens_elsewhere(void **state)
{
	unsigned old = port;
	int fd;

	(void)state;
	send_listener();
	assert_int_equal(ask("/v1/"), 200);
	while ((fd = server_connect(old)) != -1)
		close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caged),
		cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_pods_watch),
		cmocka_unit_test(test_bad_watcher),
		cmocka_unit_test(test_more_pods_than_there_can_be),
		cmocka_unit_test(test_bad_notifier),
		cmocka_unit_test(test_listens_elsewhere),
	};

	return (cmocka_run_group_tests_name("web", tests, setup, teardown));
}

