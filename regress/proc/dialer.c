/*
 * The real dialer; the test is its parent, its workers, and the network: listening
 * sockets on loopback addresses, and a name server.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/log.h"
#include "../../common/message_io.h"
#include "child.h"

static char	 dir[] = "/tmp/kanata-dialer-XXXXXX";
static char	 resolv_conf[64], hosts[64];
static pid_t	 name_server;
static struct child dialer;
static int	 link_fd = -1;
static int	 live, dead = -1;	/* listening: accepts, never answers */
static unsigned	 port;
static char	 text[256];		/* of the last failure */

/* -- the network ------------------------------------------------------------ */

static struct sockaddr_in
address(const char *ip, unsigned at)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(at) };

	assert_int_equal(inet_pton(AF_INET, ip, &sin.sin_addr), 1);
	return (sin);
}

static int
listen_on(const char *ip, unsigned at, int backlog)
{
	struct sockaddr_in sin = address(ip, at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_int_not_equal(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, backlog) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	return (ntohs(sin.sin_port));
}

/* Connections are dropped while nobody accepts and the queue is full. */
static void
make_dead(void)
{
	struct sockaddr_in sin = address("127.0.0.2", port);
	int i, fd;

	dead = listen_on("127.0.0.2", port, 0);
	assert_int_not_equal(dead, -1);
	for (i = 0; i < 4; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
		assert_true(connect(fd, (struct sockaddr *)&sin,
		    sizeof(sin)) == 0 || errno == EINPROGRESS);
	}
}

/* Answers A for here.test and away.test, nothing for silent.test, and for all
 * else that there is no such name. */
static void
serve_names(int fd)
{
	static const uint8_t here[4] = { 127, 0, 0, 1 };
	static const uint8_t away[4] = { 192, 0, 2, 7 };
	static const uint8_t answer[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60,
	    0, 4 };
	struct sockaddr_in from;
	uint8_t buf[512];
	socklen_t len;
	const uint8_t *ip;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf) - 16, 0,
		    (struct sockaddr *)&from, &len);
		if (n < 20)
			continue;
		buf[n] = '\0';
		if (strcasestr((char *)buf + 13, "silent"))
			continue;
		ip = strcasestr((char *)buf + 13, "here") ||
		    strcasecmp((char *)buf + 12, "\4etcd\6kanata\3svc"
		    "\7cluster\5local") == 0 ? here :
		    strcasestr((char *)buf + 13, "away") ? away : NULL;
		buf[2] = 0x81;
		buf[3] = ip == NULL ? 0x83 : 0x80;
		if (ip != NULL && buf[n - 3] == 1) {	/* the type is A */
			buf[7] = 1;
			memcpy(buf + n, answer, 12);
			memcpy(buf + n + 12, ip, 4);
			n += 16;
		}
		sendto(fd, buf, n, 0, (struct sockaddr *)&from, len);
	}
}

static unsigned
start_name_server(void)
{
	struct sockaddr_in sin = address("127.0.0.1", 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned at;

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	at = port_of(fd);
	if ((name_server = fork()) == 0)
		serve_names(fd);
	close(fd);
	return (at);
}

static void	write_file(const char *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
write_file(const char *path, const char *fmt, ...)
{
	FILE *f = fopen(path, "w");
	va_list ap;

	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	assert_int_equal(fclose(f), 0);
}

/* -- the dialer -------------------------------------------------------------- */

enum {
	LIVE = 64, CLOSED, ANOTHER_INSTANCE, ANOTHER_ROLE, ELSEWHERE, ELSEWHERE_NAME,
	LOCALHOST, HERE_NAME, NO_NAME, SILENT_NAME, EYES_A, EYES_B, DEAD,
	SERVICE
};

static const struct conf_endpoint *
endpoints(unsigned *count)
{
	static struct conf_endpoint list[] = {
		{ .number = LIVE, .host = "127.0.0.1" },
		{ .number = CLOSED, .host = "127.0.0.3" },
		{ .number = ANOTHER_INSTANCE, .host = "127.0.0.1",
		    .instance = 1 },
		{ .number = ANOTHER_ROLE, .host = "127.0.0.1",
		    .role = ROLE_NOTIFIER },
		{ .number = ELSEWHERE, .host = "192.0.2.7", .loopback = true },
		{ .number = ELSEWHERE_NAME, .host = "away.test",
		    .loopback = true },
		{ .number = LOCALHOST, .host = "localhost", .loopback = true },
		{ .number = HERE_NAME, .host = "here.test", .loopback = true },
		{ .number = NO_NAME, .host = "none.test" },
		{ .number = SILENT_NAME, .host = "silent.test" },
		{ .number = EYES_A, .host = "eyes-a.test" },
		{ .number = EYES_B, .host = "eyes-b.test" },
		{ .number = DEAD, .host = "127.0.0.2" },
		{ .number = SERVICE, .host = "etcd.kanata.svc" },
	};
	unsigned i;

	*count = sizeof(list) / sizeof(list[0]);
	for (i = 0; i < *count; i++) {
		list[i].port = port;
		if (list[i].role == ROLE_PARENT)
			list[i].role = ROLE_WATCHER;
	}
	return (list);
}

static void
start(void)
{
	const char *args[] = { "-h", hosts, "-r", resolv_conf, NULL };
	const struct conf_endpoint *list;
	unsigned count;

	child_start(&dialer, ROLE_DIALER, "kanata-dialer", args);
	list = endpoints(&count);
	child_configure(&dialer, list, count, NULL);
	link_fd = child_link(&dialer, ROLE_WATCHER, 0);
}

#define PLAIN	"nameserver 127.0.0.1:%u\noptions timeout:1 attempts:1\n"
static unsigned	 dns;		/* the name server's port */

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", dir);
	snprintf(hosts, sizeof(hosts), "%s/hosts", dir);
	dns = start_name_server();
	write_file(resolv_conf, PLAIN, dns);
	write_file(hosts, "127.0.0.2 eyes-a.test\n127.0.0.1 eyes-a.test\n"
	    "127.0.0.1 eyes-b.test\n127.0.0.2 eyes-b.test\n");
	live = listen_on("127.0.0.1", 0, 64);
	assert_int_not_equal(live, -1);
	port = port_of(live);
	make_dead();
	start();
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	close(link_fd);
	assert_int_equal(child_stop(&dialer), 0);
	kill(name_server, SIGKILL);
	waitpid(name_server, NULL, 0);
	unlink(resolv_conf);
	unlink(hosts);
	rmdir(dir);
	return (0);
}

static void
ask(uint32_t id, uint64_t endpoint)
{
	struct message_out *m = message_new(MSG_DIAL_CONNECT, id);

	message_put_u(m, endpoint);
	assert_int_equal(message_send(link_fd, m, -1), 0);
}

static int
expect_connected(uint32_t id, unsigned endpoint)
{
	struct message *m = receive(link_fd, ROLE_DIALER, ROLE_WATCHER,
	    MSG_DIAL_CONNECTED);

	assert_int_equal(m->id, id);
	assert_int_equal(message_get_u(m), endpoint);
	return (message_take_fd(m));
}

static void
expect_failed(uint32_t id, uint64_t endpoint, const char *why)
{
	struct message *m = receive(link_fd, ROLE_DIALER, ROLE_WATCHER,
	    MSG_DIAL_FAILED);

	assert_int_equal(m->id, id);
	assert_int_equal(message_get_u(m), endpoint);
	snprintf(text, sizeof(text), "%s", message_get_s(m));
	if (strstr(text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, why);
}

/* The descriptor is the other end of what the listening socket accepts. */
static void
check_connected(int fd)
{
	char c = 0;
	int peer;

	wait_readable(live, CHILD_PATIENCE);
	peer = accept(live, NULL, NULL);
	assert_int_not_equal(peer, -1);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(peer, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(peer);
	close(fd);
}

static int
option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return (value);
}

/* -- tests -------------------------------------------------------------------- */

static void
caged(void **state)
{
	(void)state;
	child_is_caged(&dialer);
}

static void
connects(void **state)
{
	int fd;

	(void)state;
	ask(7, LIVE);
	fd = expect_connected(7, LIVE);
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	check_connected(fd);
}

static void
refused_port(void **state)
{
	char want[128];

	(void)state;
	snprintf(want, sizeof(want),
	    "127.0.0.3:%u: Connection refused (1 address tried)", port);
	ask(8, CLOSED);
	expect_failed(8, CLOSED, want);
}

static void
unknown_endpoint(void **state)
{
	(void)state;
	ask(9, 12345);
	expect_failed(9, 12345, "no such endpoint");
	child_expect_log(&dialer, "watcher 0 asks for endpoint 12345: refused");
	ask(10, UINT64_MAX);
	expect_failed(10, UINT64_MAX, "no such endpoint");
}

static void
endpoint_of_another(void **state)
{
	(void)state;
	ask(11, ANOTHER_ROLE);
	expect_failed(11, ANOTHER_ROLE, "another's");
	ask(12, ANOTHER_INSTANCE);
	expect_failed(12, ANOTHER_INSTANCE, "another's");
	child_expect_log(&dialer, "the endpoint is another's");
}

static void
loopback_only(void **state)
{
	(void)state;
	ask(13, ELSEWHERE);
	expect_failed(13, ELSEWHERE, "not an address of this machine");
	ask(14, ELSEWHERE_NAME);
	expect_failed(14, ELSEWHERE_NAME, "not an address of this machine");
	ask(15, LOCALHOST);
	check_connected(expect_connected(15, LOCALHOST));
	ask(16, HERE_NAME);
	check_connected(expect_connected(16, HERE_NAME));
}

static void
name_that_is_not(void **state)
{
	(void)state;
	ask(17, NO_NAME);
	expect_failed(17, NO_NAME, "none.test");
	assert_non_null(strstr(text, ": no such name"));
}

static void
name_server_silent(void **state)
{
	(void)state;
	/* Two at once: one question for both. */
	ask(18, SILENT_NAME);
	ask(19, SILENT_NAME);
	expect_failed(18, SILENT_NAME, "name servers do not answer");
	expect_failed(19, SILENT_NAME, "name servers do not answer");
}

/* Whichever comes first, one of the two names has the dead address first. */
static void
dead_address_first(void **state)
{
	uint64_t began, first, second;

	(void)state;
	began = ticks();
	ask(20, EYES_A);
	check_connected(expect_connected(20, EYES_A));
	first = ticks() - began;
	began = ticks();
	ask(21, EYES_B);
	check_connected(expect_connected(21, EYES_B));
	second = ticks() - began;
	assert_true(first >= 240 || second >= 240);
	assert_true(first < 5000 && second < 5000);
}

static void
too_many_at_once(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 65; i++)
		ask(100 + i, DEAD);
	expect_failed(164, DEAD, "too many");
	/* Another worker is not in the way of this one, and a new link of the
	 * same one starts anew. */
	close(link_fd);
	link_fd = child_link(&dialer, ROLE_WATCHER, 0);
	ask(30, LIVE);
	check_connected(expect_connected(30, LIVE));
}

static void
nothing_answers(void **state)
{
	uint64_t began = ticks();

	(void)state;
	ask(31, DEAD);
	expect_failed(31, DEAD, "not connected within 10 s (1 address tried)");
	assert_true(ticks() - began >= 9900);
}

static void
nonsense_from_a_worker(void **state)
{
	struct message *m;

	(void)state;
	assert_int_equal(write(link_fd, "\xdd\x0f\xff\xff\xff", 5), 5);
	m = child_receive(&dialer, MSG_PROC_HUNG);
	assert_int_equal(message_get_u(m), ROLE_WATCHER);
	assert_int_equal(message_get_u(m), 0);
	close(link_fd);
	link_fd = child_link(&dialer, ROLE_WATCHER, 0);
	ask(32, LIVE);
	check_connected(expect_connected(32, LIVE));
}

static void
bad_configuration(void **state)
{
	struct conf_endpoint bad[2] = {
		{ .number = 64, .role = ROLE_WATCHER, .host = "127.0.0.1",
		    .port = 1 },
		{ .number = 64, .role = ROLE_WATCHER, .host = "127.0.0.1",
		    .port = 1 },
	};

	(void)state;
	child_configure(&dialer, bad, 2, "twice");
	bad[0].host = "fe80::1%eth0";
	child_configure(&dialer, bad, 1, "zone");
	bad[0].host = "";
	child_configure(&dialer, bad, 1, "no host");
	/* The old one runs on. */
	ask(33, LIVE);
	check_connected(expect_connected(33, LIVE));
}

/* As a kubelet writes resolv.conf: a Service is found by a part of its name. */
static void
name_of_a_service(void **state)
{
	(void)state;
	close(link_fd);
	assert_int_equal(child_stop(&dialer), 0);
	write_file(resolv_conf, "search shop.svc.cluster.local "
	    "svc.cluster.local cluster.local\nnameserver 127.0.0.1:%u\n"
	    "options ndots:5 timeout:1 attempts:1\n", dns);
	start();
	ask(1, SERVICE);
	check_connected(expect_connected(1, SERVICE));
	close(link_fd);
	assert_int_equal(child_stop(&dialer), 0);
	write_file(resolv_conf, PLAIN, dns);
	start();
}

/* No file can be opened in the cage: another dialer has to read them. */
static void
resolver_files_change(void **state)
{
	(void)state;
	write_file(hosts, "127.0.0.1 none.test\n");
	ask(34, LIVE);
	check_connected(expect_connected(34, LIVE));
	ask(35, NO_NAME);
	child_expect_log(&dialer, "hosts has changed");
	assert_int_equal(child_wait(&dialer), 0);
	close(link_fd);
	start();
	ask(36, NO_NAME);
	check_connected(expect_connected(36, NO_NAME));
}

/* After a restart the workers are there before the configuration is. */
static void
waits_for_the_configuration(void **state)
{
	const struct conf_endpoint *list;
	unsigned count;

	(void)state;
	close(link_fd);
	assert_int_equal(child_stop(&dialer), 0);
	child_start(&dialer, ROLE_DIALER, "kanata-dialer", NULL);
	link_fd = child_link(&dialer, ROLE_WATCHER, 0);
	ask(40, 12345);
	ask(41, LIVE);
	list = endpoints(&count);
	child_configure(&dialer, list, count, NULL);
	expect_failed(40, 12345, "no such endpoint");
	check_connected(expect_connected(41, LIVE));
}

/* A worker that has its commit asks for what is not known here yet. */
static void
waits_for_the_reload(void **state)
{
	const unsigned added = 200;
	struct conf_endpoint list[2];
	unsigned count;

	(void)state;
	list[0] = *endpoints(&count);
	list[1] = list[0];
	list[1].number = added;
	child_prepare(&dialer, list, 2, NULL);
	ask(50, added);
	ask(51, LIVE);
	check_connected(expect_connected(51, LIVE));
	child_commit(&dialer);
	check_connected(expect_connected(50, added));
	/* It is not to come. */
	child_prepare(&dialer, list, 1, NULL);
	ask(52, 201);
	ask(53, LIVE);
	check_connected(expect_connected(53, LIVE));
	child_abort(&dialer);
	expect_failed(52, 201, "no such endpoint");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caged),
		cmocka_unit_test(connects),
		cmocka_unit_test(refused_port),
		cmocka_unit_test(unknown_endpoint),
		cmocka_unit_test(endpoint_of_another),
		cmocka_unit_test(loopback_only),
		cmocka_unit_test(name_that_is_not),
		cmocka_unit_test(name_server_silent),
		cmocka_unit_test(dead_address_first),
		cmocka_unit_test(too_many_at_once),
		cmocka_unit_test(nothing_answers),
		cmocka_unit_test(nonsense_from_a_worker),
		cmocka_unit_test(bad_configuration),
		cmocka_unit_test(name_of_a_service),
		cmocka_unit_test(resolver_files_change),
		cmocka_unit_test(waits_for_the_configuration),
		cmocka_unit_test(waits_for_the_reload),
	};

	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_TO_STDERR, "test");
	return (cmocka_run_group_tests(tests, setup, teardown));
}
