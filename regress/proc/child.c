#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "../../common/worker.h"
#include "child.h"

uint64_t
ticks(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

void
wait_readable(int fd, unsigned ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n;

	while ((n = poll(&pfd, 1, ms)) == -1 && errno == EINTR)
		;
	if (n <= 0)
		fail_msg("nothing came within %u ms", ms);
}

struct message *
receive(int fd, enum role from, enum role me, enum message_type type)
{
	static uint8_t buf[MESSAGE_MAX];
	static struct message m;
	const char *why;

	wait_readable(fd, CHILD_PATIENCE);
	switch (message_recv(fd, &m, from, me, buf, &why)) {
	case 1:
		break;
	case 0:
		fail_msg("%s closed the channel, %s expected",
		    role_name(from), message_name(type));
		break;
	default:
		fail_msg("%s: %s", role_name(from),
		    why == NULL ? strerror(errno) : why);
	}
	if (m.type != type)
		fail_msg("%s instead of %s", message_name(m.type),
		    message_name(type));
	return (&m);
}

struct message *
child_receive(struct child *c, enum message_type type)
{
	return (receive(c->fd, c->role, ROLE_PARENT, type));
}

void
child_send(struct child *c, struct message_out *m, int fd)
{
	assert_int_equal(message_send(c->fd, m, fd), 0);
}

/* The test is <build>/proc/<test>, the worker <build>/libexec/kanata/<name>. */
static void
child_path(char *path, size_t size, const char *name)
{
	char self[PATH_MAX];
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0);
	self[n] = '\0';
	n = snprintf(path, size, "%s/../libexec/kanata/%s", dirname(self),
	    name);
	assert_true(n > 0 && (size_t)n < size);
}

static void
child_exec(int channel, int log, const char *name, const char *const *args)
{
	char path[PATH_MAX + 64];
	char *argv[16];
	int null = open("/dev/null", O_RDWR), i = 0;

	child_path(path, sizeof(path), name);
	argv[i++] = path;
	while (args != NULL && *args != NULL && i < 15)
		argv[i++] = strdup(*args++);
	argv[i] = NULL;
	/* Out of the way of what they become. */
	channel = fcntl(channel, F_DUPFD, 10);
	log = fcntl(log, F_DUPFD, 10);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	dup2(channel, WORKER_FD);
	execv(path, argv);
	_exit(127);
}

void
child_start(struct child *c, enum role role, const char *name,
    const char *const *args)
{
	int fd[2], log[2];

	memset(c, 0, sizeof(*c));
	c->role = role;
	channel_pair(fd);
	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	if ((c->pid = fork()) == 0)
		child_exec(fd[1], log[1], name, args);
	assert_true(c->pid > 0);
	close(fd[1]);
	close(log[1]);
	c->fd = fd[0];
	c->log = log[0];
	child_receive(c, MSG_PROC_READY);
}

/* What it says goes into text, as far as there is room; false: no more. */
static bool
read_log(struct child *c)
{
	ssize_t n;

	n = read(c->log, c->text + c->len, sizeof(c->text) - 1 - c->len);
	if (n > 0)
		c->len += n;
	c->text[c->len] = '\0';
	return (n > 0);
}

int
child_wait(struct child *c)
{
	int status;

	/* To its end: a sanitizer has much to say, and must not wait. */
	while (read_log(c))
		;
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	if (strstr(c->text, "Sanitizer") != NULL)
		print_error("%s: %s\n", role_name(c->role), c->text);
	close(c->log);
	if (c->fd != -1)
		close(c->fd);
	return (WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

int
child_stop(struct child *c)
{
	close(c->fd);
	c->fd = -1;
	return (child_wait(c));
}

int
child_link(struct child *c, enum role peer, unsigned instance)
{
	return (child_link_of(c, peer, instance, ""));
}

int
child_link_of(struct child *c, enum role peer, unsigned instance,
    const char *cluster)
{
	struct message_out *m = message_new(MSG_PROC_LINK, 0);
	int fd[2];

	message_put_u(m, peer);
	message_put_u(m, instance);
	message_put_s(m, cluster);
	channel_pair(fd);
	child_send(c, m, fd[1]);
	close(fd[1]);
	return (fd[0]);
}

void
child_expect_log(struct child *c, const char *text)
{
	while (strstr(c->text, text) == NULL) {
		wait_readable(c->log, CHILD_PATIENCE);
		if (!read_log(c))
			fail_msg("\"%s\" is not in the log: %s", text, c->text);
	}
}

void
child_is_caged(const struct child *c)
{
	char path[64], line[256];
	unsigned found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)c->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strcmp(line, "Seccomp:\t2\n") == 0 ||
		    strcmp(line, "NoNewPrivs:\t1\n") == 0)
			found++;
	fclose(f);
	assert_int_equal(found, 2);
}

static unsigned generation;

static void
send_generation(struct child *c, enum message_type type)
{
	struct message_out *m = message_new(type, 0);

	message_put_u(m, generation);
	child_send(c, m, -1);
}

void
child_prepare(struct child *c, const struct conf_endpoint *endpoint,
    unsigned count, const char *refused)
{
	struct message_out *m = message_new(MSG_CONF_BEGIN, 0);
	struct message *in;
	unsigned i;

	message_put_u(m, ++generation);
	message_put_b(m, false);
	child_send(c, m, -1);
	for (i = 0; i < count; i++)
		child_send(c, conf_pack_endpoint(&endpoint[i]), -1);
	send_generation(c, MSG_CONF_END);
	in = child_receive(c, refused == NULL ? MSG_CONF_PREPARED :
	    MSG_CONF_REFUSED);
	assert_int_equal(message_get_u(in), generation);
	if (refused != NULL)
		assert_non_null(strstr(message_get_s(in), refused));
}

void
child_commit(struct child *c)
{
	send_generation(c, MSG_CONF_COMMIT);
}

void
child_abort(struct child *c)
{
	send_generation(c, MSG_CONF_ABORT);
}

void
child_configure(struct child *c, const struct conf_endpoint *endpoint,
    unsigned count, const char *refused)
{
	child_prepare(c, endpoint, count, refused);
	if (refused == NULL)
		child_commit(c);
	else
		child_abort(c);
}
