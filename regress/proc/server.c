#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server.h"

pid_t
server_spawn(const char *const *argv)
{
	char *copy[32] = { NULL };
	unsigned i;
	pid_t pid;
	int null;

	assert_int_not_equal(pid = fork(), -1);
	if (pid != 0)
		return (pid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	null = open("/dev/null", O_RDWR);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	for (i = 0; argv[i] != NULL && i < 31; i++)
		copy[i] = strdup(argv[i]);
	execvp(copy[0], copy);
	_exit(127);
}

void
server_kill(struct server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

static struct sockaddr_in
loopback(unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(port) };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (sin);
}

unsigned
server_free_port(void)
{
	struct sockaddr_in sin = loopback(0);
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return (ntohs(sin.sin_port));
}

int
server_connect(unsigned port)
{
	struct sockaddr_in sin = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

int
server_ask(unsigned port, const char *path, const char *token,
    const char *body, char *reply, size_t size)
{
	const struct timeval limit = { .tv_sec = 10 };
	static char answer[1 << 20];
	size_t used = 0;
	ssize_t n;
	char *text;
	int fd, status = 0;

	if (reply != NULL)
		*reply = '\0';
	if ((fd = server_connect(port)) == -1)
		return (0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	/* 1.0, so that the answer ends with the connection and has no chunks. */
	dprintf(fd, "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\n%s%s%s"
	    "Content-Length: %zu\r\n\r\n%s", body == NULL ? "GET" : "POST", path,
	    token == NULL ? "" : "Authorization: ", token == NULL ? "" : token,
	    token == NULL ? "" : "\r\n", body == NULL ? 0 : strlen(body),
	    body == NULL ? "" : body);
	while (used < sizeof(answer) - 1 && (n = read(fd, answer + used,
	    sizeof(answer) - 1 - used)) > 0)
		used += n;
	close(fd);
	answer[used] = '\0';
	if (sscanf(answer, "HTTP/1.%*d %d", &status) != 1)
		return (0);
	text = strstr(answer, "\r\n\r\n");
	if (reply != NULL && text != NULL)
		snprintf(reply, size, "%s", text + 4);
	return (status);
}
