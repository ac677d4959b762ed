/*
 * Any bytes from a client, in two pieces, to all that web answers: it stays alive,
 * and the connection is gone when the client is.  The mirror has one component.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/log.h"
#include "../../web/mirror.h"
#include "../../web/web.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	 LLVMFuzzerInitialize(int *, char ***);

static struct event_base	*base;
static struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
static socklen_t		 sun_len = sizeof(sa_family_t);

/* What common/worker.c is for a real one; there is no other process here. */
struct event_base *
worker_base(void)
{
	return (base);
}

struct channel *
worker_parent(void)
{
	abort();
}

const struct conf *
worker_conf(void)
{
	static struct conf_web web;
	static const struct conf conf = { .web = &web };

	return (&conf);
}

void
worker_peer_gone(enum role role, unsigned instance, enum channel_end end,
    const char *why)
{
	(void)role;
	(void)instance;
	(void)end;
	(void)why;
	abort();
}

const char *
worker_link_cluster(void)
{
	abort();
}

static char id[] = "cmp", empty[] = "";
static struct component component = { .id = id, .name = id, .cluster = id,
    .incident = empty, .detail = empty, .health = HEALTH_OK };

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int fd;

	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_TO_STDERR, "fuzz");
	json_object_seed(1);
	if ((base = event_base_new()) == NULL)
		abort();
	server_init(base);
	probe_init();
	live_init();
	operate_init();
	mirror.notifier = true;
	RB_INSERT(component_tree, &mirror.components, &component);
	/* A name of the kernel's choice, in no file system. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sun_len) == -1 ||
	    listen(fd, 16) == -1)
		abort();
	sun_len = sizeof(sun);
	if (getsockname(fd, (struct sockaddr *)&sun, &sun_len) == -1)
		abort();
	server_listen(fd);
	return (0);
}

static void
turn(unsigned n)
{
	while (n-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
say(int fd, const uint8_t *data, size_t size)
{
	static char answer[65536];

	if (size > 0 && send(fd, data, size, MSG_NOSIGNAL) == -1)
		return;
	turn(3);
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		turn(1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half;
	unsigned n;
	int fd;

	if (size < 1 || size > 40000)
		return (0);
	half = (size - 1) * data[0] / 256;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun, sun_len) == -1)
		abort();
	say(fd, data + 1, half);
	say(fd, data + 1 + half, size - 1 - half);
	close(fd);
	for (n = 0; server_connections() > 0 && n < 100; n++)
		turn(1);
	if (server_connections() > 0)
		abort();
	return (0);
}
