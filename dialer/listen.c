/*
 * The listening descriptor of web: made here, accepted from there.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dialer.h"

#define BACKLOG	256
/* Of each connection: web makes an answer as it is read, and the kernel would keep
 * megabytes of it ahead of a client that does not read. */
#define UNSENT_MAX	65536		/* bytes */

static socklen_t
make_address(const struct conf_web *web, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, web->host, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(web->port);
		return (sizeof(*sin));
	}
	if (inet_pton(AF_INET6, web->host, &sin6->sin6_addr) != 1)
		return (0);
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(web->port);
	return (sizeof(*sin6));
}

static int
set(int fd, int option, int value)
{
	return (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
}

static int
set_unsent_max(int fd)
{
	const int value = UNSENT_MAX;

	return (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value,
	    sizeof(value)));
}

/* Share: beside another of that port, which is shared as well. */
static int
try(const struct sockaddr_storage *ss, socklen_t len, bool share)
{
	int fd, error;

	fd = socket(ss->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return (-1);
	if (set(fd, SO_REUSEADDR, 1) == 0 && dial_set_options(fd) == 0 &&
	    set_unsent_max(fd) == 0 && set(fd, SO_REUSEPORT, share) == 0 &&
	    bind(fd, (const struct sockaddr *)ss, len) == 0 &&
	    listen(fd, BACKLOG) == 0 && set(fd, SO_REUSEPORT, 0) == 0)
		return (fd);
	error = errno;
	close(fd);
	errno = error;
	return (-1);
}

int
listen_on(const struct conf_web *web, bool beside, const char **why)
{
	static char text[256];
	struct sockaddr_storage ss;
	socklen_t len = make_address(web, &ss);
	bool v6 = ss.ss_family == AF_INET6;
	int fd;

	if (len == 0) {
		*why = "web: what it is to listen on is no address";
		return (-1);
	}
	if ((fd = try(&ss, len, false)) == -1 && errno == EADDRINUSE && beside)
		fd = try(&ss, len, true);
	if (fd != -1)
		return (fd);
	snprintf(text, sizeof(text), "web: cannot listen on %s%s%s:%u: %s",
	    v6 ? "[" : "", web->host, v6 ? "]" : "", web->port,
	    strerror(errno));
	*why = text;
	return (-1);
}
