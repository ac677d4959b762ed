#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/lines.h"
#include "../common/log.h"
#include "prepare.h"
#include "run.h"

struct run {
	TAILQ_ENTRY(run) entry;
	char		 name[64];	/* of the cluster */
	pid_t		 pid;		/* and process group */
	struct event	*timer;
	bool		 out_of_time;
	struct lines	 log;		/* its standard error */
	unsigned	 nline;
	run_done_fn	 done;
	void		*arg;
};

static TAILQ_HEAD(, run) runs = TAILQ_HEAD_INITIALIZER(runs);
static struct event_base *base;
static unsigned	 time_limit;		/* s */

/* -- what it says --------------------------------------------------------------- */

static void
on_line(const char *text, void *arg)
{
	struct run *run = arg;

	if (++run->nline == RUN_LINES + 1)
		log_info("%s: exec plugin: and more, which is left out",
		    run->name);
	if (run->nline <= RUN_LINES)
		log_info("%s: exec plugin: %s", run->name, log_safe(text));
}

/* -- its end -------------------------------------------------------------------- */

static void
run_end(struct run *run, int status)
{
	char text[256] = "";

	lines_close(&run->log);
	if (run->out_of_time)
		snprintf(text, sizeof(text), "the exec plugin has not ended "
		    "within %u s: killed", time_limit);
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "the exec plugin was ended by "
		    "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		snprintf(text, sizeof(text), "the exec plugin ended with exit "
		    "status %d", WEXITSTATUS(status));
	TAILQ_REMOVE(&runs, run, entry);
	event_free(run->timer);
	run->done(run->arg, text[0] == '\0', text);
	free(run);
}

static void
on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	struct run *run, *next;
	siginfo_t info;
	int status;

	(void)sig;
	(void)what;
	(void)arg;
	for (run = TAILQ_FIRST(&runs); run != NULL; run = next) {
		next = TAILQ_NEXT(run, entry);
		info.si_pid = 0;
		if (waitid(P_PID, run->pid, &info, WEXITED | WNOHANG |
		    WNOWAIT) == -1 || info.si_pid != run->pid)
			continue;
		/* What it has started is no longer wanted, and may hold the
		 * output.  The number is its own until it is waited for. */
		kill(-run->pid, SIGKILL);
		if (waitpid(run->pid, &status, 0) == run->pid)
			run_end(run, status);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)fd;
	(void)what;
	run->out_of_time = true;
	kill(-run->pid, SIGKILL);
}

/* -- its start ------------------------------------------------------------------- */

static void
become(const char *program, char *const *argv, char *const *env, int out,
    int err)
{
	sigset_t none;
	int sig, null;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What this process ignores would be ignored there, too. */
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((null = open("/dev/null", O_RDONLY)) == -1 ||
	    (null = fcntl(null, F_DUPFD, 10)) == -1 ||
	    (out = fcntl(out, F_DUPFD, 10)) == -1 ||
	    (err = fcntl(err, F_DUPFD, 10)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		_exit(127);
	execve(program, argv, env);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static struct run *
run_fork(const struct plugin *plugin, const char *name, const char *program,
    char **env, int out)
{
	const struct timeval limit = { time_limit, 0 };
	struct run *run;
	int err[2];

	if ((run = calloc(1, sizeof(*run))) == NULL)
		fatal("calloc");
	if (pipe2(err, O_CLOEXEC) == -1)
		fatal("pipe2");
	strlcpy(run->name, log_safe(name), sizeof(run->name));
	switch (run->pid = fork()) {
	case -1:
		fatal("fork");
	case 0:
		become(program, plugin->arg, env, out, err[1]);
	}
	/* Before it is signalled, whoever is first. */
	setpgid(run->pid, run->pid);
	close(err[1]);
	if (fcntl(err[0], F_SETFL, O_NONBLOCK) == -1)
		fatal("fcntl");
	lines_open(&run->log, base, err[0], on_line, run);
	run->timer = evtimer_new(base, on_timer, run);
	if (run->timer == NULL || evtimer_add(run->timer, &limit) == -1)
		fatalx("cannot watch a plugin");
	TAILQ_INSERT_TAIL(&runs, run, entry);
	return (run);
}

static void
log_hint(const char *name, const char *hint)
{
	char line[512];
	size_t len;
	unsigned lines;

	for (lines = 0; *hint != '\0' && lines < RUN_LINES; lines++) {
		len = strcspn(hint, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, hint);
		log_warnx("%s: %s", log_safe(name), log_safe(line));
		hint += len + (hint[len] == '\n');
	}
}

struct run *
run_begin(const struct plugin *plugin, const char *name, int out,
    run_done_fn done, void *arg)
{
	struct run *run = NULL;
	char *program, **env = NULL, why[256];

	if ((program = prepare_program(plugin->arg[0], why,
	    sizeof(why))) == NULL)
		log_hint(name, plugin->hint);
	else
		env = prepare_environment(plugin, why, sizeof(why));
	if (env != NULL) {
		run = run_fork(plugin, name, program, env, out);
		run->done = done;
		run->arg = arg;
	}
	prepare_environment_free(env);
	free(program);
	close(out);
	if (run == NULL)
		done(arg, false, why);
	return (run);
}

void
run_kill_all(void)
{
	struct run *run;

	TAILQ_FOREACH(run, &runs, entry)
		kill(-run->pid, SIGKILL);
}

void
run_init(struct event_base *event_base, unsigned seconds)
{
	struct event *event;

	base = event_base;
	time_limit = seconds;
	if ((event = evsignal_new(base, SIGCHLD, on_sigchld, NULL)) == NULL ||
	    event_add(event, NULL) == -1)
		fatalx("cannot watch for ended plugins");
}
