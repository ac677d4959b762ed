/*
 * The real web; the test is its parent, its notifier, its watcher and its clients,
 * the hostile ones too.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/health.h"
#include "../../common/message_io.h"
#include "../../common/metric.h"
#include "../../common/show.h"
#include "child.h"
#include "server.h"

static struct child	 web;
static unsigned		 port;
static int		 notifier = -1, watcher = -1;
static uint32_t		 follow_id;
static char		 reply[1 << 20];

/* -- web ------------------------------------------------------------------- */

static int
listen_somewhere(unsigned *at)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	/* As the dialer does. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 256), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*at = ntohs(sin.sin_port);
	return (fd);
}

static void
send_listener(void)
{
	int fd = listen_somewhere(&port);

	child_send(&web, message_new(MSG_WEB_LISTEN, 0), fd);
	close(fd);
}

static void
send_number(enum message_type type, unsigned n, bool observe)
{
	struct message_out *m = message_new(type, 0);

	message_put_u(m, n);
	if (type == MSG_CONF_BEGIN)
		message_put_b(m, observe);
	child_send(&web, m, -1);
}

static void
configure(void)
{
	static unsigned generation;
	static char host[] = "127.0.0.1", name[] = "kanata.example.org";
	static char *names[] = { name };
	struct conf_web conf = { .host = host, .port = 2934, .nname = 1,
	    .name = names };

	send_number(MSG_CONF_BEGIN, ++generation, false);
	child_send(&web, conf_pack_web(&conf), -1);
	send_number(MSG_CONF_END, generation, false);
	child_receive(&web, MSG_CONF_PREPARED);
	send_number(MSG_CONF_COMMIT, generation, false);
	send_listener();
}

static int
setup(void **state)
{
	(void)state;
	child_start(&web, ROLE_WEB, "kanata-web", NULL);
	configure();
	notifier = child_link(&web, ROLE_NOTIFIER, 0);
	assert_int_not_equal(receive(notifier, ROLE_WEB, ROLE_NOTIFIER,
	    MSG_FEED_ASK)->id, 0);
	watcher = child_link(&web, ROLE_WATCHER, 0);
	receive(watcher, ROLE_WEB, ROLE_WATCHER, MSG_FEED_ASK);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	close(notifier);
	close(watcher);
	assert_int_equal(child_stop(&web), 0);
	return (0);
}

/* Of the process, in KiB.  The sanitizers keep what is freed: then it says
 * nothing. */
static unsigned long
resident(void)
{
#ifdef CAGE_SANITIZER
	return (0);
#else
	unsigned long kib = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)web.pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmRSS: %lu", &kib);
	fclose(f);
	return (kib);
#endif
}

/* -- what the others tell -------------------------------------------------- */

static void
tell(int fd, struct message_out *m)
{
	/* Its queue may be full for a moment. */
	while (message_send(fd, m, -1) == -1) {
		assert_true(errno == EAGAIN || errno == ENOBUFS);
		usleep(1000);
	}
}

static void
tell_component(const char *id, enum health health, unsigned wanted,
    const char *name)
{
	struct message_out *m = message_new(MSG_SHOW_COMPONENT, 0);

	message_put_s(m, id);
	message_put_s(m, name);
	message_put_s(m, "sim");
	message_put_u(m, health);
	message_put_u(m, CAUSE_NONE);
	message_put_u(m, 2);
	message_put_u(m, 3);
	message_put_u(m, 1000);
	message_put_u(m, PAGE_OPERATIONAL);
	message_put_u(m, wanted);
	message_put_b(m, false);
	message_put_s(m, "");
	message_put_s(m, "image hidden.example/api");
	tell(notifier, m);
}

static void
tell_end(int fd)
{
	tell(fd, message_new(MSG_SHOW_END, 0));
}

static void
tell_metric(unsigned metric, uint64_t value)
{
	struct message_out *m = message_new(MSG_FEED_METRIC, 0);

	message_put_u(m, metric);
	message_put_u(m, value);
	tell(notifier, m);
}

static void
tell_workers(const char *state)
{
	struct message_out *m = message_new(MSG_SHOW_WORKER, 0);

	message_put_s(m, "watcher/sim");
	message_put_u(m, 7);
	message_put_s(m, state);
	message_put_u(m, 1000);
	message_put_u(m, 0);
	message_put_u(m, 7);
	message_put_s(m, "it was killed");
	message_put_u(m, 4096);
	message_put_u(m, 10);
	child_send(&web, m, -1);
	child_send(&web, message_new(MSG_SHOW_END, 0), -1);
}

static void
tell_watch_row(int fd, const char *cluster, bool known)
{
	struct message_out *m = message_new(MSG_SHOW_WATCH, 0);

	message_put_s(m, cluster);
	message_put_s(m, "pods");
	message_put_s(m, "shop");
	message_put_s(m, known ? "watching" : "listing");
	message_put_s(m, "12");
	message_put_u(m, 3);
	message_put_u(m, 5);
	message_put_u(m, 100);
	message_put_u(m, 1);
	message_put_u(m, 2000);
	message_put_s(m, known ? "" : "it is refused");
	message_put_b(m, known);
	tell(fd, m);
}

static void
tell_watch(bool known)
{
	tell_watch_row(watcher, "sim", known);
	tell_end(watcher);
}

static void
tell_pod(const char *name, unsigned since, const char *component)
{
	struct message_out *m = message_new(MSG_SHOW_POD, follow_id);

	message_put_s(m, "sim");
	message_put_s(m, "shop");
	message_put_s(m, name);
	message_put_u(m, KIND_DEPLOYMENT);
	message_put_s(m, "api");
	message_put_b(m, true);
	message_put_b(m, false);
	message_put_u(m, CAUSE_NONE);
	message_put_u(m, since);
	message_put_s(m, component);
	tell(watcher, m);
}

static void
tell_all_pods(void)
{
	struct message_out *m = message_new(MSG_PODS_PART, follow_id);

	message_put_u(m, 0);
	tell(watcher, m);
}

static void
expect_follow(void)
{
	struct message *m = receive(watcher, ROLE_WEB, ROLE_WATCHER,
	    MSG_PODS_FOLLOW);

	follow_id = m->id;
	assert_true(message_get_b(m));
}

/* -- clients --------------------------------------------------------------- */

static int
ask(const char *path)
{
	return (server_ask(port, path, NULL, NULL, reply, sizeof(reply)));
}

/* Until it answers so: what it was told is on its way. */
static void
wait_answer(const char *path, int status, const char *text)
{
	uint64_t end = ticks() + CHILD_PATIENCE;

	while (ask(path) != status || strstr(reply, text) == NULL) {
		if (ticks() > end)
			fail_msg("%s does not say %d \"%s\": %.2000s", path,
			    status, text, reply);
		usleep(10000);
	}
}

static int
client(const char *text)
{
	int fd = server_connect(port);

	assert_int_not_equal(fd, -1);
	if (text != NULL)
		assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
		    strlen(text));
	return (fd);
}

/* Reads until it has the text, or the end if that is NULL; what there was. */
static const char *
read_until(int fd, const char *text)
{
	const struct timeval limit = { CHILD_PATIENCE / 1000, 0 };
	size_t used = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	reply[0] = '\0';
	while (text == NULL || strstr(reply, text) == NULL) {
		n = read(fd, reply + used, sizeof(reply) - 1 - used);
		if (n == -1 && errno == EAGAIN)
			fail_msg("it says nothing more: %.2000s", reply);
		if (n <= 0) {
			assert_null(text);
			break;
		}
		used += n;
		reply[used] = '\0';
		/* Of a long answer the end is enough. */
		if (used > sizeof(reply) / 2) {
			memmove(reply, reply + used - 4096, 4097);
			used = 4096;
		}
	}
	return (reply);
}

static void
expect_start(const char *request, const char *answer)
{
	int fd = client(request);

	read_until(fd, "\r\n\r\n");
	if (strncmp(reply, answer, strlen(answer)) != 0)
		fail_msg("\"%.60s\" is answered \"%.200s\", not %s", request,
		    reply, answer);
	close(fd);
}

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
	assert_non_null(strstr(reply, "watcher 0: it has not told yet\n"));
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

/* -- tests: what is no request --------------------------------------------- */

/* With 20,000 letters between. */
static void
expect_long(const char *before, const char *after, const char *answer)
{
	char letters[20001], *text;

	memset(letters, 'a', sizeof(letters) - 1);
	letters[sizeof(letters) - 1] = '\0';
	assert_int_not_equal(asprintf(&text, "%s%s%s", before, letters, after),
	    -1);
	expect_start(text, answer);
	free(text);
}

static void
test_malformed(void **state)
{
	static const char *const bad[] = { "\r\n\r\n", "GET\r\n\r\n",
	    "GET / HTTP/9.9\r\n\r\n", "GET / FTP/1.0\r\n\r\n",
	    "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 / x\r\n\r\n",
	    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
	    "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
	    "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
	    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	    "GET http:///%%%\x01 HTTP/1.1\r\n\r\n",
	    /* A proxy may find another end of these. */
	    "GET /v1/ HTTP/1.1\r\nContent-Length: 0\r\n"
	    "Content-Length: 5\r\n\r\n",
	    "GET /v1/ HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
	    "GET /v1/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n"
	    "Content-Length: 0\r\n\r\n",
	    "GET /v1/ HTTP/1.1\r\nContent-Length: 3\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "GET /v1/ HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: x\r\n\r\n" };
	unsigned i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fd = client(bad[i]);
		shutdown(fd, SHUT_WR);
		read_until(fd, NULL);
		if (strstr(reply, " 200 ") != NULL)
			fail_msg("\"%s\" is answered %s", bad[i], reply);
		close(fd);
	}
	expect_start("BREW /v1/ HTTP/1.1\r\n\r\n", "HTTP/1.1 501");
	expect_start("PATCH /v1/ HTTP/1.1\r\n\r\n", "HTTP/1.1 405");
	expect_start("GET /../../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404");
	expect_start("GET /v1/%00 HTTP/1.1\r\n\r\n", "HTTP/1.1 404");
	expect_start("GET /v1/?x=%zz&=&&a HTTP/1.1\r\n\r\n", "HTTP/1.1 200");
	assert_int_equal(ask("/v1/"), 200);
}

/* A browser can be made to ask here by a name that others own. */
static void
test_host(void **state)
{
	static const char *const ours[] = { "127.0.0.1", "127.0.0.1:2934",
	    "[::1]:2934", "[::1]", "localhost", "LocalHost:80",
	    "kanata.example.org", "kanata.example.org:1" };
	static const char *const others[] = { "evil.example", "127.0.0.1.example",
	    "evil.example:2934", "[::1", "[evil]", "x.kanata.example.org" };
	char text[128];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		snprintf(text, sizeof(text),
		    "GET /v1/ HTTP/1.1\r\nHost: %s\r\n\r\n", ours[i]);
		expect_start(text, "HTTP/1.1 200");
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(text, sizeof(text),
		    "GET /v1/ HTTP/1.1\r\nHost: %s\r\n\r\n", others[i]);
		expect_start(text, "HTTP/1.1 421");
	}
	expect_start("GET http://evil.example/v1/ HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n", "HTTP/1.1 421");
	expect_start("GET /v1/ HTTP/1.0\r\n\r\n", "HTTP/1.0 200");
}

static void
test_oversized(void **state)
{
	(void)state;
	expect_long("GET /", " HTTP/1.1\r\n\r\n", "HTTP/1.1 4");
	expect_long("GET /v1/ HTTP/1.1\r\nX: ", "\r\n\r\n", "HTTP/1.1 4");
	expect_start("POST /v1/ HTTP/1.1\r\nContent-Length: 20000\r\n\r\n",
	    "HTTP/1.1 413");
	expect_long("POST /v1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "4e20\r\n", "\r\n0\r\n\r\n", "HTTP/1.1 413");
	assert_int_equal(ask("/v1/"), 200);
}

/* Requests with some bytes changed, cut off, and gone before the answer. */
static void
test_bent(void **state)
{
	static const char *const good[] = {
	    "GET /v1/components HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    "POST /admin/login HTTP/1.1\r\nContent-Length: 11\r\nCookie: a=b; "
	    "session=xyz\r\n\r\nuser=a&b=%41",
	    "GET /v1/pods/watch HTTP/1.1\r\nAccept: text/event-stream\r\n"
	    "\r\nGET / HTTP/1.1\r\n\r\n",
	    "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
	    "Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n" };
	unsigned i, j, len;
	char text[256];
	int fd;

	(void)state;
	srand(2934);
	for (i = 0; i < 2000; i++) {
		len = strlen(good[i % 4]);
		memcpy(text, good[i % 4], len);
		for (j = 0; j < i / 4 % 5; j++)
			text[(unsigned)rand() % len] = rand() % 256;
		if (i % 3 == 0)
			len -= (unsigned)rand() % len;
		fd = client(NULL);
		if (send(fd, text, len, MSG_NOSIGNAL) == -1)
			assert_true(errno == EPIPE || errno == ECONNRESET);
		if (i % 7 == 0)
			shutdown(fd, SHUT_WR);
		if (i % 5 == 0)
			recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
		close(fd);
	}
	assert_int_equal(ask("/v1/"), 200);
}

/* One after the other on a connection, asked for at once. */
static void
test_pipelined(void **state)
{
	int fd = client("GET /v1/ HTTP/1.1\r\n\r\nHEAD /v1/ HTTP/1.1\r\n\r\n"
	    "GET /none HTTP/1.1\r\n\r\n"
	    "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
	const char *at = read_until(fd, NULL);
	unsigned n;

	(void)state;
	for (n = 0; (at = strstr(at, "HTTP/1.1 ")) != NULL; n++)
		at++;
	assert_int_equal(n, 4);
	close(fd);
}

/* -- tests: many, and slow ------------------------------------------------- */

#define IDLE	1000

static void
test_idle_clients(void **state)
{
	int fd[IDLE], i, closed = 0;
	char c;

	(void)state;
	for (i = 0; i < IDLE; i++) {
		/* Some say nothing, some begin, some have asked once. */
		fd[i] = client(i % 3 == 0 ? NULL : i % 3 == 1 ? "GET /v1/ HT" :
		    "GET /v1/ HTTP/1.1\r\n\r\n");
		if (i % 100 == 0)
			assert_int_equal(ask("/v1/"), 200);
	}
	assert_int_equal(ask("/v1/"), 200);
	for (i = 0; i < IDLE; i++) {
		while (recv(fd[i], reply, sizeof(reply), MSG_DONTWAIT) > 0)
			;
		if (recv(fd[i], &c, 1, MSG_DONTWAIT) == 0 ||
		    (errno != EAGAIN && errno != EWOULDBLOCK))
			closed++;
		close(fd[i]);
	}
	/* Those that had waited longest made room. */
	assert_true(closed >= IDLE - 512);
	wait_answer("/metrics", 200, "kanata_web_connections 1\n");
}

#define MANY	5000

static void
tell_many_components(void)
{
	char id[32], name[256];
	unsigned i;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "many-%05u", i);
		tell_component(id, HEALTH_OK, PAGE_OPERATIONAL, name);
	}
	wait_answer("/metrics", 200, "component=\"many-04999\"");
}

static void
set_small_buffer(int fd)
{
	const int size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* A list of 2 MB, which a hundred want and do not read. */
static void
test_slow_readers(void **state)
{
	unsigned long before;
	int fd[100], i;

	(void)state;
	tell_many_components();
	before = resident();
	for (i = 0; i < 100; i++) {
		fd[i] = client(NULL);
		if (i < 99)
			set_small_buffer(fd[i]);
		assert_int_equal(write(fd[i], "GET /v1/components HTTP/1.1\r\n"
		    "\r\n", 31), 31);
	}
	for (i = 0; i < 20; i++)
		assert_int_equal(ask("/v1/"), 200);
	/* A piece for each, and what the library has around it. */
	if (resident() > before + 100 * 256)
		fail_msg("%lu KiB, before that %lu", resident(), before);
	/* One is served as soon as it reads. */
	read_until(fd[99], "many-04999");
	for (i = 0; i < 100; i++)
		close(fd[i]);
}

/* A request that comes byte by byte, one that never comes, and an answer that
 * nobody reads: each is cut off in the end. */
static void
test_slow_clients(void **state)
{
	int drip = client("GET /v1/"), silent = client(NULL);
	int unread = client(NULL);
	uint64_t end = ticks() + 150000;

	(void)state;
	set_small_buffer(unread);
	assert_int_equal(write(unread, "GET /v1/components HTTP/1.1\r\n\r\n",
	    31), 31);
	do {
		if (ticks() > end)
			fail_msg("they are still there: %.300s", reply);
		send(drip, "a", 1, MSG_NOSIGNAL);
		usleep(300000);
		assert_int_equal(ask("/metrics"), 200);
	} while (strstr(reply, "kanata_web_connections 1\n") == NULL);
	/* All this time nothing was heard of the parent. */
	assert_int_equal(ask("/healthz"), 503);
	assert_non_null(strstr(reply, "kanatad: nothing heard of it for"));
	close(drip);
	close(silent);
	close(unread);
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
	slow = client(NULL);
	set_small_buffer(slow);
	assert_int_equal(write(slow, WATCH, strlen(WATCH)), strlen(WATCH));
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

/* What a client goes on to send while it is answered is not kept. */
static void
test_talkative_watcher(void **state)
{
	unsigned long before = resident();
	static char noise[65536];
	size_t sent = 0;
	ssize_t n = 0;
	int fd = client(WATCH);

	(void)state;
	read_until(fd, "BOOKMARK");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (sent < (64 << 20)) {
		if ((n = send(fd, noise, sizeof(noise), MSG_NOSIGNAL)) <= 0)
			break;
		sent += n;
	}
	assert_int_equal(n, -1);
	assert_int_equal(ask("/v1/"), 200);
	assert_true(resident() < before + 4096);
	close(fd);
}

static void
test_too_many_watch(void **state)
{
	int fd[65], i;

	(void)state;
	for (i = 0; i < 65; i++) {
		fd[i] = client(WATCH);
		read_until(fd[i], "}\n");
		if (strstr(reply, "HTTP/1.1 503") != NULL)
			break;
	}
	assert_int_equal(i, 48);
	assert_non_null(strstr(reply, "too many clients"));
	for (; i >= 0; i--)
		close(fd[i]);
	/* They are seen to be gone. */
	wait_answer("/metrics", 200, "kanata_web_connections 1\n");
}

/* -- tests: others that break the protocol --------------------------------- */

static int
second_watcher(void)
{
	int fd = child_link(&web, ROLE_WATCHER, 1);

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

/* One that speaks of the cluster of another, and one that never ends. */
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
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_bent),
		cmocka_unit_test(test_idle_clients),
		cmocka_unit_test(test_slow_readers),
		cmocka_unit_test(test_slow_clients),
		cmocka_unit_test(test_pods_watch),
		cmocka_unit_test(test_too_many_watch),
		cmocka_unit_test(test_talkative_watcher),
		cmocka_unit_test(test_bad_watcher),
		cmocka_unit_test(test_bad_notifier),
		cmocka_unit_test(test_listens_elsewhere),
	};

	return (cmocka_run_group_tests_name("web", tests, setup, teardown));
}
