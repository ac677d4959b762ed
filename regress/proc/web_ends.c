/* The real web; the test is its parent, its notifier and its watcher. */
#include <sys/mman.h>
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

#include "../../common/message_io.h"
#include "web_ends.h"

struct child		 web;
unsigned		 port;
int			 notifier = -1, watcher = -1;
uint32_t		 follow_id;
char			 reply[1 << 20];

/* -- web ------------------------------------------------------------------- */

static int
listen_somewhere(unsigned *at)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1, unsent = 65536;

	/* As the dialer does. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
	    sizeof(unsent));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 256), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*at = ntohs(sin.sin_port);
	return (fd);
}

void
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

/* The password is "correct horse battery". */
static void
send_users(void)
{
	static const char users[] = "noel:$y$j9T$/TEA0XraLHw0iOS3NrJgl/$"
	    "PGF/9uK1.m.XfJ6nNYy4eb.r6dVm5cPyK4V2oXSMea0\n";
	struct message_out *m = message_new(MSG_CONF_SECRET, 0);
	int fd = memfd_create("users", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, users, sizeof(users) - 1),
	    sizeof(users) - 1);
	message_put_u(m, SECRET_WEB_USERS);
	child_send(&web, m, fd);
	close(fd);
}

static void
configure(void)
{
	static unsigned generation;
	static char host[] = "127.0.0.1", name[] = "kanata.example.org";
	static char *names[] = { name };
	struct conf_web conf = { .host = host, .port = 2934, .users = true,
	    .nname = 1, .name = names };

	send_number(MSG_CONF_BEGIN, ++generation, false);
	child_send(&web, conf_pack_web(&conf), -1);
	send_users();
	send_number(MSG_CONF_END, generation, false);
	child_receive(&web, MSG_CONF_PREPARED);
	send_number(MSG_CONF_COMMIT, generation, false);
	send_listener();
}

int
setup(void **state)
{
	(void)state;
	child_start(&web, ROLE_WEB, "kanata-web", NULL);
	configure();
	notifier = child_link(&web, ROLE_NOTIFIER, 0);
	assert_int_not_equal(receive(notifier, ROLE_WEB, ROLE_NOTIFIER,
	    MSG_FEED_ASK)->id, 0);
	watcher = child_link_of(&web, ROLE_WATCHER, 0, "sim");
	receive(watcher, ROLE_WEB, ROLE_WATCHER, MSG_FEED_ASK);
	return (0);
}

int
teardown(void **state)
{
	(void)state;
	close(notifier);
	close(watcher);
	assert_int_equal(child_stop(&web), 0);
	return (0);
}

unsigned long
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

void
tell(int fd, struct message_out *m)
{
	/* Its queue may be full for a moment. */
	while (message_send(fd, m, -1) == -1) {
		assert_true(errno == EAGAIN || errno == ENOBUFS);
		usleep(1000);
	}
}

void
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

void
tell_end(int fd)
{
	tell(fd, message_new(MSG_SHOW_END, 0));
}

void
tell_metric(unsigned metric, uint64_t value)
{
	struct message_out *m = message_new(MSG_FEED_METRIC, 0);

	message_put_u(m, metric);
	message_put_u(m, value);
	tell(notifier, m);
}

void
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

void
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

void
tell_watch(bool known)
{
	tell_watch_row(watcher, "sim", known);
	tell_end(watcher);
}

void
tell_pod_of(int fd, const char *cluster, const char *name, unsigned since,
    const char *component)
{
	struct message_out *m = message_new(MSG_SHOW_POD, follow_id);

	message_put_s(m, cluster);
	message_put_s(m, "shop");
	message_put_s(m, name);
	message_put_u(m, KIND_DEPLOYMENT);
	message_put_s(m, "api");
	message_put_b(m, true);
	message_put_b(m, false);
	message_put_u(m, CAUSE_NONE);
	message_put_u(m, since);
	if (component != NULL)
		message_put_s(m, component);
	tell(fd, m);
}

void
tell_pod(const char *name, unsigned since, const char *component)
{
	tell_pod_of(watcher, "sim", name, since, component);
}

void
tell_all_pods(void)
{
	struct message_out *m = message_new(MSG_PODS_PART, follow_id);

	message_put_u(m, 0);
	tell(watcher, m);
}

void
expect_follow(void)
{
	struct message *m = receive(watcher, ROLE_WEB, ROLE_WATCHER,
	    MSG_PODS_FOLLOW);

	follow_id = m->id;
	assert_true(message_get_b(m));
}

void
expect_no_follow(void)
{
	wait_readable(watcher, 120000);
	assert_false(message_get_b(receive(watcher, ROLE_WEB, ROLE_WATCHER,
	    MSG_PODS_FOLLOW)));
}

void
tell_all(void)
{
	tell_workers("running");
	tell_watch(true);
	tell_component("cmp", HEALTH_OK, PAGE_OPERATIONAL, "");
	tell_end(notifier);
	tell_metric(METRIC_STORE_REACHABLE, 1);
	tell_metric(METRIC_LEADER, 1);
	tell_metric(METRIC_PAGE_READ, 12345);
	wait_answer("/readyz", 200, "ok\n");
}

#define MANY	5000

void
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

/* -- clients --------------------------------------------------------------- */

int
ask(const char *path)
{
	return (server_ask(port, path, NULL, NULL, reply, sizeof(reply)));
}

void
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

int
client(const char *text)
{
	int fd = server_connect(port);

	assert_int_not_equal(fd, -1);
	if (text != NULL)
		assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
		    strlen(text));
	return (fd);
}

const char *
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

void
expect_start(const char *request, const char *answer)
{
	int fd = client(request);

	read_until(fd, "\r\n\r\n");
	if (strncmp(reply, answer, strlen(answer)) != 0)
		fail_msg("\"%.60s\" is answered \"%.200s\", not %s", request,
		    reply, answer);
	close(fd);
}

int
client_of_little(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int size = 4096;

	/* Before it is connected: else the other side waits for more room. */
	assert_int_not_equal(fd, -1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
	    sizeof(size)), 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	    strlen(text));
	return (fd);
}
