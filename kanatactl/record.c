/* `kanatactl record`: writes what the daemon's notifier hears to a file, with the
 * rights of who asks. */
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/message_io.h"
#include "kanatactl.h"

static volatile sig_atomic_t	stopped;

static void
on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* All of them end the recording, and only while it waits. */
static void
catch_signals(sigset_t *unblocked)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;
	unsigned i;

	sigemptyset(&blocked);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&blocked, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	if (sigprocmask(SIG_BLOCK, &blocked, unblocked) == -1)
		fatal("sigprocmask");
}

static FILE *
open_new(const char *path)
{
	FILE *f;
	int fd;

	if (strcmp(path, "-") == 0)
		return (stdout);
	/* Private details are in it; what is there already stays. */
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600)) == -1 || (f = fdopen(fd, "w")) == NULL)
		fatal("%s", path);
	return (f);
}

static void
limit_time(uint64_t ms)
{
	struct itimerval timer = { .it_value = { (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) } };

	if (ms != 0 && setitimer(ITIMER_REAL, &timer, NULL) == -1)
		fatal("setitimer");
}

/* One line of text, without what a terminal would obey. */
static void
write_line(const struct recording *r, FILE *f, const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			fatalx("what kanatad says is no line of a history");
	if (fprintf(f, "%s\n", text) < 0 || fflush(f) != 0)
		fatal("%s", r->path);
}

/* False: it has ended. */
static bool
wait_for_line(int sock, const sigset_t *unblocked)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };

	while (!stopped)
		if (ppoll(&pfd, 1, NULL, unblocked) == 1)
			return (true);
		else if (errno != EINTR)
			fatal("ppoll");
	return (false);
}

int
record_run(int sock, const struct recording *r)
{
	static uint8_t buf[MESSAGE_MAX];
	FILE *f = open_new(r->path);
	const char *why = NULL;
	uint64_t lines = 0;
	struct message m;
	sigset_t unblocked;

	catch_signals(&unblocked);
	limit_time(r->time);
	while (r->lines == 0 || lines < r->lines) {
		if (!wait_for_line(sock, &unblocked))
			break;
		switch (message_recv(sock, &m, ROLE_PARENT, ROLE_CTL, buf,
		    &why)) {
		case 0:
			fatalx("kanatad ended; %s is complete until then",
			    r->path);
		case -1:
			fatalx("what kanatad says makes no sense: %s",
			    why != NULL ? why : strerror(errno));
		}
		if (m.type != MSG_RECORD_LINE)
			fatalx("%s; %s is complete until then",
			    log_safe(message_get_s(&m)), r->path);
		write_line(r, f, message_get_s(&m));
		lines++;
	}
	if (fclose(f) != 0)
		fatal("%s", r->path);
	fprintf(stderr, "kanatactl: %llu lines in %s\n",
	    (unsigned long long)lines, r->path);
	return (0);
}
