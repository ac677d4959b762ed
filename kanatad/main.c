/*
 * kanatad, the parent.
 *
 * Holds: no secret, not for a moment: it passes descriptors on unread.
 * Calls: fork and exec of its own workers, open of the files that the
 *	configuration names, the control socket.  No shell, no network.
 * Talks to: its workers, kanatactl, the service manager.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/cage.h"
#include "../common/log.h"
#include "../common/usage.h"
#include "kanatad.h"

struct event_base	*base;
struct options		 options;
uint64_t		 main_started;
unsigned		 main_landlock;

static char		 libexec[PATH_MAX];
static int		 waiting_fd = -1;	/* of who started us; see detach */

/* The workers are found from where this program is: .../sbin/kanatad and
 * .../libexec/kanata/, in an installed tree and in the build alike. */
static void
find_libexec(void)
{
	char exe[900], path[1024], *slash;
	ssize_t n;

	if ((n = readlink("/proc/self/exe", exe, sizeof(exe) - 1)) == -1)
		fatal("/proc/self/exe");
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')) == NULL)
		fatalx("%s: no directory", exe);
	*slash = '\0';
	snprintf(path, sizeof(path), "%s/../libexec/kanata", exe);
	if (realpath(path, libexec) == NULL)
		fatal("%s: the workers are not there", path);
	child_set_libexec(libexec);
}

/* A reload reads the same file whatever the working directory is then. */
static void
absolute_conf(void)
{
	static char path[PATH_MAX];
	char *cwd;

	if (options.conf == NULL || options.conf[0] == '/')
		return;
	if ((cwd = getcwd(NULL, 0)) == NULL)
		fatal("getcwd");
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", cwd, options.conf) >=
	    sizeof(path))
		fatalx("%s: its path is too long", options.conf);
	free(cwd);
	options.conf = path;
}

/*
 * Goes to the background.  Who called waits until all workers run, so that it
 * hears of errors.
 */
static void
detach(void)
{
	char ok;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		fatal("pipe2");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		break;
	default:
		close(fd[1]);
		_exit(read(fd[0], &ok, 1) == 1 ? 0 : 1);
	}
	close(fd[0]);
	waiting_fd = fd[1];
	if (setsid() == -1 || chdir("/") == -1)
		fatal("cannot go to the background");
}

static void
detached(void)
{
	int null;

	if (waiting_fd == -1)
		return;
	log_init(LOG_TO_SYSLOG, "kanatad");
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) != -1) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (write(waiting_fd, "", 1) == -1)
		log_warn("who started kanatad is gone");
	close(waiting_fd);
	waiting_fd = -1;
}

void
main_running(void)
{
	if (options.mode == MODE_LIST) {
		list_begin(supervise_find(ROLE_NOTIFIER, 0));
		return;
	}
	detached();
	log_info("running%s", options.observe ?
	    ", and only observing: nothing will be posted" : "");
}

static void
make_directory(const char *path)
{
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		fatal("directory %s", path);
}

/* The directory that the control socket is in. */
static void
run_directory(const char *socket, char *dir, size_t size)
{
	char *slash;

	strlcpy(dir, socket, size);
	if ((slash = strrchr(dir, '/')) != NULL && slash != dir)
		*slash = '\0';
	if (mkdir(dir, 0755) == -1 && errno != EEXIST)
		fatal("directory %s of the control socket", dir);
}

static void
start(struct setup *setup)
{
	const struct conf_global *global = &setup->conf->global;
	struct cage_paths paths = { .libexec_dir = libexec };
	char dir[108];

	if (options.mode == MODE_RUN) {
		run_directory(global->control_socket, dir, sizeof(dir));
		control_open(global->control_socket, global->control_group);
		paths.run_dir = dir;
		if (setup->conf->etcd == NULL) {
			make_directory(global->store_dir);
			paths.state_dir = global->store_dir;
		}
		notify_open();
	}
	/* Nothing that runs other programs can be started from within. */
	if (options.mode == MODE_RUN && setup_has_plugin(setup))
		supervise_add(ROLE_RUNNER, 0, NULL, "");
	main_landlock = cage_close(ROLE_PARENT, &paths);
	usage_trim();
	if (main_landlock == 0 && global->strict)
		fatalx("Landlock is not there, and strict is set");
	if (!options.verbose)
		log_set_verbose(global->log_verbose);
	if (options.mode == MODE_RUN)
		layout_set_json(global->log_json);
	configure_begin(setup);
}

static void
on_parsed(struct setup *setup, const char *error)
{
	if (setup != NULL && options.mode == MODE_REPLAY) {
		replay_begin(setup);
		return;
	}
	if (setup != NULL && options.mode == MODE_CREATE_USER)
		create_user(setup);
	if (setup == NULL || (error = setup_check_secrets(setup)) != NULL) {
		/* Where and what is all that matters to who reads it. */
		fprintf(stderr, "kanatad: %s\n", error);
		exit(1);
	}
	if (options.mode == MODE_CHECK) {
		print_setup(setup, stdout);
		exit(fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1);
	}
	start(setup);
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)what;
	(void)arg;
	if (sig == SIGHUP) {
		configure_reload_again();
		return;
	}
	log_info("stopped by SIG%s", sigabbrev_np(sig));
	supervise_stop(0);
}

static void
watch_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct event *event;
	unsigned i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if ((event = evsignal_new(base, signals[i], on_signal, NULL)) ==
		    NULL || evsignal_add(event, NULL) == -1)
			fatalx("cannot watch for signals");
	signal(SIGPIPE, SIG_IGN);
}

/* A descriptor that is closed would be reused, and then written to. */
static void
open_standard(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR)) != -1)
		if (fd > STDERR_FILENO) {
			close(fd);
			return;
		}
	_exit(1);
}

int
main(int argc, char **argv)
{
	open_standard();
	cage_start(ROLE_PARENT);
	log_init(LOG_TO_STDERR, "kanatad");
	options_parse(&options, argc, argv);
	if (options.foreground)
		layout_init();
	log_set_verbose(options.verbose && options.mode != MODE_REPLAY);
	if (options.mode == MODE_REPLAY)
		replay_open(options.history);
	drop_privileges(options.user);
	/* Changing the user makes a process dumpable again. */
	cage_start(ROLE_PARENT);
	main_started = clock_now();
	usage_init();
	find_libexec();
	absolute_conf();
	access_init();
	if (options.mode == MODE_RUN && !options.foreground)
		detach();
	if ((base = event_base_new()) == NULL)
		fatalx("libevent cannot be set up");
	watch_signals();
	supervise_init();
	if (options.conf == NULL)
		replay_begin(NULL);
	else
		parse_start(options.conf, on_parsed);
	event_base_dispatch(base);
	fatalx("nothing left to wait for");
}
