#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "datagram.h"
#include "message_io.h"

/* The socket may be non-blocking: its other end is made with it. */
static int
io_wait(int sock, short events)
{
	struct pollfd pfd = { .fd = sock, .events = events };

	while (poll(&pfd, 1, -1) == -1)
		if (errno != EINTR)
			return (-1);
	return (0);
}

int
message_send(int sock, struct message_out *out, int fd)
{
	const uint8_t *data;
	size_t len;
	int rc;

	data = message_bytes(out, &len);
	while ((rc = datagram_send(sock, data, len, fd)) == 0)
		if (io_wait(sock, POLLOUT) == -1)
			return (-1);
	return (rc == 1 ? 0 : -1);
}

int
message_recv(int sock, struct message *m, enum role from, enum role to,
    void *buf, const char **why)
{
	ssize_t n;
	int fd;

	while ((n = datagram_recv(sock, buf, MESSAGE_MAX, &fd, why)) == -1)
		if ((errno != EAGAIN && errno != EINTR) ||
		    io_wait(sock, POLLIN) == -1)
			return (-1);
	if (n == 0 && fd == -1)
		return (0);
	if (*why == NULL)
		*why = message_parse(m, from, to, buf, n, fd);
	if (*why == NULL)
		return (1);
	if (fd != -1)
		close(fd);
	errno = EPROTO;
	return (-1);
}
