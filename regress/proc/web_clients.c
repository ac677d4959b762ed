/*
 * The real web, and its clients: hostile, slow, and many.
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

#include "web_ends.h"

#define HELLO	"GET /v1/ HTTP/1.1\r\n\r\n"
#define LIST	"GET /v1/components HTTP/1.1\r\n"

/* -- tests: those who watch ------------------------------------------------ */

#define WATCH	"GET /v1/pods/watch HTTP/1.1\r\n\r\n"
#define PODS	10000

/* They are kept while somebody asks: what that takes. */
static void
test_many_pods(void **state)
{
	unsigned long before = resident(), told, read;
	char name[64];
	unsigned i;
	int fd;

	(void)state;
	fd = client("GET /v1/pods HTTP/1.1\r\nConnection: close\r\n\r\n");
	expect_follow();
	for (i = 0; i < PODS; i++) {
		snprintf(name, sizeof(name), "storefront-api-5b8fcf4f55-%05u",
		    i);
		tell_pod(name, 1000, "ckf01fvnxywz60a35h0oeqmj5");
	}
	tell_all_pods();
	told = resident();
	read_until(fd, NULL);
	assert_non_null(strstr(reply, "storefront-api-5b8fcf4f55-09999"));
	close(fd);
	read = resident();
	print_message("%u pods: %lu KiB more, read %lu KiB\n", PODS,
	    told - before, read - before);
	assert_true(read - before < PODS * 3 / 2);
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

/*
 * A request that comes byte by byte, one that never comes, and an answer that nobody
 * reads: each is cut off in the end.  Pods, which nobody has asked for since, are
 * forgotten.
 */
static void
test_slow_clients(void **state)
{
	int drip = client("GET /v1/"), silent = client(NULL);
	unsigned long before;
	int unread;
	uint64_t end = ticks() + 150000;

	(void)state;
	tell_many_components();
	unread = client_of_little(LIST "\r\n");
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
	before = resident();
	expect_no_follow();
	assert_int_equal(ask("/v1/"), 200);
	if (before != 0 && resident() + PODS / 4 > before)
		fail_msg("%lu KiB, before that %lu", resident(), before);
	close(drip);
	close(silent);
	close(unread);
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
	/* It is no proxy. */
	expect_start("CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
	    "HTTP/1.1 421");
	assert_non_null(strstr(reply, "Content-Length: "));
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

/* By HTTP/1.0 an answer whose length is not said ends with the connection. */
static void
test_kept_alive(void **state)
{
	static const char *const paths[] = { "/v1/", "/v1/components",
	    "/metrics" };
	char text[128];
	unsigned i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n"
		    "Connection: keep-alive\r\n\r\n", paths[i]);
		fd = client(text);
		read_until(fd, i == 0 ? "\"hello\"" : NULL);
		assert_true((strstr(reply, "Content-Length: ") != NULL) ==
		    (strstr(reply, "Connection: keep-alive") != NULL));
		close(fd);
	}
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

/* -- tests: who makes room ------------------------------------------------- */

#define ROOM	512

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
}

static void
expect_hello(int fd)
{
	say(fd, HELLO);
	read_until(fd, "\"hello\"");
}

static void
close_all(int *fd, unsigned n)
{
	while (n > 0)
		close(fd[--n]);
	wait_answer("/metrics", 200, "kanata_web_connections 1\n");
}

/* The cookie of a session. */
static const char *
login(void)
{
	static char cookie[128];
	const char *at;
	int fd = client("POST /admin/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Length: 40\r\n\r\n"
	    "name=noel&password=correct+horse+battery");

	read_until(fd, "\r\n\r\n");
	at = strstr(reply, "Set-Cookie: ");
	if (at == NULL || sscanf(at, "Set-Cookie: %127[^;]", cookie) != 1)
		fail_msg("not logged in: %.500s", reply);
	close(fd);
	return (cookie);
}

/* All are idle: the one that asked longest ago. */
static void
test_room_of_the_idle(void **state)
{
	int fd[ROOM], more, i;

	(void)state;
	wait_answer("/metrics", 200, "kanata_web_connections 1\n");
	for (i = 0; i < ROOM; i++)
		expect_hello(fd[i] = client(NULL));
	expect_hello(fd[0]);
	expect_hello(more = client(NULL));
	assert_string_equal(read_until(fd[1], NULL), "");
	expect_hello(fd[0]);
	expect_hello(fd[2]);
	close(more);
	close_all(fd, ROOM);
}

/* All are answered: the oldest that is not logged in. */
static void
test_room_of_the_busy(void **state)
{
	char known[256];
	int fd[ROOM], more, i;

	(void)state;
	snprintf(known, sizeof(known), LIST "Cookie: %s\r\n\r\n", login());
	tell_many_components();
	for (i = 0; i < ROOM; i++) {
		fd[i] = client_of_little(i == 0 ? known : LIST "\r\n");
		read_until(fd[i], "many-00000");
	}
	expect_hello(more = client(NULL));
	assert_null(strstr(read_until(fd[1], NULL), "many-04999"));
	read_until(fd[0], "many-04999");
	read_until(fd[2], "many-04999");
	close(more);
	close_all(fd, ROOM);
}

/* -- tests: slow ones ------------------------------------------------------ */

/* A list of 2 MB, which a hundred want and do not read. */
static void
test_slow_readers(void **state)
{
	unsigned long before;
	int fd[100], i;

	(void)state;
	before = resident();
	for (i = 0; i < 100; i++) {
		fd[i] = client_of_little(LIST "\r\n");
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

static int
setup_ready(void **state)
{
	setup(state);
	tell_all();
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_pods),
		cmocka_unit_test(test_too_many_watch),
		cmocka_unit_test(test_talkative_watcher),
		cmocka_unit_test(test_slow_clients),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_kept_alive),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_bent),
		cmocka_unit_test(test_idle_clients),
		cmocka_unit_test(test_room_of_the_idle),
		cmocka_unit_test(test_room_of_the_busy),
		cmocka_unit_test(test_slow_readers),
	};

	return (cmocka_run_group_tests_name("web_clients", tests, setup_ready,
	    teardown));
}
