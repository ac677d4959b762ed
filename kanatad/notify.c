/* sd_notify(3)'s protocol: datagrams of lines to the socket in NOTIFY_SOCKET; and
 * sd_watchdog_enabled(3)'s. */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "kanatad.h"

#define WATCHDOG_MAX	(24ULL * 60 * 60 * 1000 * 1000)	/* us */

static int notify_fd = -1;

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (supervise_all_answer())
		notify_send("WATCHDOG=1");
}

static uint64_t
environment_number(const char *text)
{
	uint64_t n;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return (0);
	errno = 0;
	n = strtoull(text, &end, 10);
	return (errno != 0 || *end != '\0' ? 0 : n);
}

/* The manager wants to hear of us within WATCHDOG_USEC, if we are who it means. */
static void
watchdog_start(void)
{
	uint64_t usec = environment_number(getenv("WATCHDOG_USEC"));
	const char *pid = getenv("WATCHDOG_PID");
	struct event *timer;
	struct timeval tv;

	if (usec == 0 || usec > WATCHDOG_MAX ||
	    (pid != NULL && environment_number(pid) != (uint64_t)getpid()))
		return;
	usec /= 2;
	tv.tv_sec = usec / 1000000;
	tv.tv_usec = usec % 1000000;
	timer = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	if (timer == NULL || evtimer_add(timer, &tv) == -1)
		fatalx("cannot make a timer");
}

void
notify_open(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;

	if (path == NULL)
		return;
	len = strlen(path);
	if (len < 2 || len >= sizeof(sun.sun_path) ||
	    (path[0] != '/' && path[0] != '@')) {
		log_warnx("NOTIFY_SOCKET is no socket's name: not used");
		return;
	}
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify_fd == -1 || connect(notify_fd, (struct sockaddr *)&sun,
	    offsetof(struct sockaddr_un, sun_path) + len) == -1) {
		log_warn("the service manager's socket %s", log_safe(path));
		if (notify_fd != -1)
			close(notify_fd);
		notify_fd = -1;
	}
	if (notify_fd != -1)
		watchdog_start();
}

void
notify_send(const char *state)
{
	if (notify_fd != -1 &&
	    send(notify_fd, state, strlen(state), MSG_NOSIGNAL) == -1)
		log_warn("the service manager does not listen");
}
