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

int
listen_on(const struct conf_web *web, const char **why)
{
	static char text[256];
	struct sockaddr_storage ss;
	socklen_t len = make_address(web, &ss);
	bool v6 = ss.ss_family == AF_INET6;
	const int on = 1;
	int fd;

	if (len == 0) {
		*why = "web: what it is to listen on is no address";
		return (-1);
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) == 0 && dial_set_options(fd) == 0 &&
	    bind(fd, (struct sockaddr *)&ss, len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return (fd);
	snprintf(text, sizeof(text), "web: cannot listen on %s%s%s:%u: %s",
	    v6 ? "[" : "", web->host, v6 ? "]" : "", web->port,
	    strerror(errno));
	if (fd != -1)
		close(fd);
	*why = text;
	return (-1);
}
