/* One process: started, its log read, its end explained. */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "kanatad.h"

static char libexec[1024];

void
child_set_libexec(const char *dir)
{
	strlcpy(libexec, dir, sizeof(libexec));
}

static void
on_line(const char *text, void *arg)
{
	struct child *child = arg;
	int priority;

	text = log_worker_line(child->name, child->pid, text, &priority);
	/* Last words: what it warned of. */
	if (priority <= LOG_WARNING)
		strlcpy(child->last_words, log_safe(text),
		    sizeof(child->last_words));
}

static void
move_fd(int from, int to)
{
	/* dup2 of a descriptor onto itself would leave close-on-exec on it. */
	if (from == to ? fcntl(to, F_SETFD, 0) == -1 : dup2(from, to) == -1)
		_exit(127);
}

/*
 * What a plugin needs to find itself, its files and the way out; all else, such as
 * the keys of a cloud, a kubeconfig gives to it by `env`.
 */
static char **
plugin_environment(void)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "LOGNAME",
	    "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CONFIG_HOME",
	    "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
	    "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY",
	    "NO_PROXY", "http_proxy", "https_proxy", "no_proxy" };
	static char *env[sizeof(names) / sizeof(names[0]) + 1];
	const char *value;
	unsigned i, n = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((value = getenv(names[i])) != NULL &&
		    asprintf(&env[n++], "%s=%s", names[i], value) == -1)
			_exit(127);
	env[n] = NULL;
	return (env);
}

static void
run_program(const struct child *child, int channel, int log)
{
	static char *no_environment[] = { NULL };
	char path[sizeof(libexec) + 32], title[112], argument[1024];
	char *argv[] = { title, argument, NULL };
	int null;

	snprintf(path, sizeof(path), "%s/kanata-%s", libexec,
	    role_name(child->role));
	snprintf(title, sizeof(title), "kanata-%s", child->name);
	strlcpy(argument, child->argument, sizeof(argument));
	if (argument[0] == '\0')
		argv[1] = NULL;
	/* Out of the way of the numbers that they go to. */
	if ((null = open("/dev/null", O_RDWR)) == -1 ||
	    (null = fcntl(null, F_DUPFD, 10)) == -1 ||
	    (channel = fcntl(channel, F_DUPFD, 10)) == -1 ||
	    (log = fcntl(log, F_DUPFD, 10)) == -1)
		_exit(127);
	move_fd(null, STDIN_FILENO);
	move_fd(null, STDOUT_FILENO);
	move_fd(log, STDERR_FILENO);
	move_fd(channel, WORKER_FD);
	if (close_range(WORKER_FD + 1, ~0U, 0) == -1)
		_exit(127);
	execve(path, argv, child->role == ROLE_RUNNER ? plugin_environment() :
	    no_environment);
	dprintf(STDERR_FILENO, "<2 0>%s: %s\n", path, strerror(errno));
	_exit(127);
}

void
child_start(struct child *child, channel_dispatch_fn dispatch,
    channel_gone_fn gone)
{
	int channel[2], log[2];

	channel_pair(channel);
	if (pipe2(log, O_CLOEXEC | O_NONBLOCK) == -1)
		fatal("pipe2");
	switch (child->pid = fork()) {
	case -1:
		fatal("fork");
	case 0:
		run_program(child, channel[1], log[1]);
	}
	close(channel[1]);
	close(log[1]);
	child->state = CHILD_STARTING;
	child->started = clock_now();
	child->started_ticks = clock_ticks();
	child->pings = 0;
	child->killed_for = NULL;
	child->last_words[0] = '\0';
	lines_open(&child->log, base, log[0], on_line, child);
	child->channel = channel_new(base, channel[0], ROLE_PARENT, child->role,
	    dispatch, gone, child);
}

bool
child_is_crime(int status)
{
	if (!WIFSIGNALED(status))
		return (false);
	switch (WTERMSIG(status)) {
	case SIGSYS:
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGABRT:
		return (true);
	}
	return (false);
}

static void
explain(struct child *child, int status)
{
	char how[128];

	if (child->killed_for != NULL)
		snprintf(how, sizeof(how), "killed: %s", child->killed_for);
	else if (!WIFSIGNALED(status))
		snprintf(how, sizeof(how), "exit %d", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGSYS)
		snprintf(how, sizeof(how), "killed by its cage (SIGSYS)");
	else
		snprintf(how, sizeof(how), "SIG%s",
		    sigabbrev_np(WTERMSIG(status)));
	snprintf(child->death, sizeof(child->death), "%s%s%s", how,
	    child->last_words[0] == '\0' ? "" : ": ", child->last_words);
}

void
child_bury(struct child *child, int status)
{
	lines_close(&child->log);
	channel_free(child->channel);
	child->channel = NULL;
	child->pid = 0;
	explain(child, status);
}
