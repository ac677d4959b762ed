/* sd_notify(3)'s protocol: datagrams of lines to the socket in NOTIFY_SOCKET. */
#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "kanatad.h"

static int notify_fd = -1;

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
}

void
notify_send(const char *state)
{
	if (notify_fd != -1 &&
	    send(notify_fd, state, strlen(state), MSG_NOSIGNAL) == -1)
		log_warn("the service manager does not listen");
}
