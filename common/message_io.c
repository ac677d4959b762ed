#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "message_io.h"

/* More descriptors than a message may have, to see that there were too many
 * instead of having the kernel drop them. */
#define IO_FDS	4

union io_control {
	struct cmsghdr	 header;
	char		 bytes[CMSG_SPACE(IO_FDS * sizeof(int))];
};

/* The socket may be non-blocking: its other end is made with it. */
static int
io_wait(int sock, short events)
{
	struct pollfd	 pfd = { .fd = sock, .events = events };

	while (poll(&pfd, 1, -1) == -1)
		if (errno != EINTR)
			return (-1);
	return (0);
}

int
message_send(int sock, struct message_out *out, int fd)
{
	struct msghdr	 msg;
	struct iovec	 iov;
	struct cmsghdr	*cmsg;
	union io_control control;
	const uint8_t	*bytes;
	size_t		 len;

	bytes = message_bytes(out, &len);
	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	/* iov_base is not const, but sendmsg only reads. */
	memcpy(&iov.iov_base, &bytes, sizeof(iov.iov_base));
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (fd != -1) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) == -1) {
		if (errno == EAGAIN) {
			if (io_wait(sock, POLLOUT) == -1)
				return (-1);
		} else if (errno != EINTR)
			return (-1);
	}
	return (0);
}

/* Takes the descriptors out of a received datagram; returns how many. */
static size_t
io_take_fds(struct msghdr *msg, int fds[IO_FDS])
{
	struct cmsghdr	*cmsg;
	size_t		 n = 0, i, there;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		there = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < there && n < IO_FDS; i++, n++)
			memcpy(&fds[n], CMSG_DATA(cmsg) + i * sizeof(int),
			    sizeof(int));
	}
	return (n);
}

int
message_recv(int sock, struct message *m, enum role from, enum role to,
    void *buf, const char **why)
{
	struct msghdr	 msg;
	struct iovec	 iov;
	union io_control control;
	ssize_t		 n;
	size_t		 nfds;
	int		 fds[IO_FDS];

	*why = NULL;
	for (;;) {
		memset(&msg, 0, sizeof(msg));
		iov.iov_base = buf;
		iov.iov_len = MESSAGE_MAX;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		if ((n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) != -1)
			break;
		if (errno == EAGAIN) {
			if (io_wait(sock, POLLIN) == -1)
				return (-1);
		} else if (errno != EINTR)
			return (-1);
	}
	nfds = io_take_fds(&msg, fds);
	if (n == 0 && nfds == 0)
		return (0);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		*why = "message too long";
	else if (nfds > 1)
		*why = "more than one descriptor";
	else
		*why = message_parse(m, from, to, buf, (size_t)n,
		    nfds == 1 ? fds[0] : -1);
	if (*why == NULL)
		return (1);
	while (nfds > 0)
		close(fds[--nfds]);
	errno = EPROTO;
	return (-1);
}
