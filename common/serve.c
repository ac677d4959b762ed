#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cage.h"
#include "log.h"
#include "message_io.h"
#include "serve.h"

#define PARENT_FD	3	/* the channel */

static enum role	 me;

void
serve_start(enum role role)
{
	int flags;

	me = role;
	cage_start(role);
	log_init(LOG_TO_PARENT, role_name(role));
	/* The parent's end has flags of its own. */
	if ((flags = fcntl(PARENT_FD, F_GETFL)) == -1 ||
	    fcntl(PARENT_FD, F_SETFL, flags & ~O_NONBLOCK) == -1)
		fatal("the channel to the parent");
}

void
serve_send(struct message_out *out, int fd)
{
	if (message_send(PARENT_FD, out, fd) == 0)
		return;
	if (errno == EPIPE || errno == ECONNRESET)
		exit(1);
	fatal("sending to the parent");
}

void
serve_run(bool (*serve)(struct message *))
{
	static uint8_t buf[MESSAGE_MAX];
	struct message_out *ready;
	struct message m;
	const char *why;
	int landlock;

	landlock = cage_close(me, NULL);
	ready = message_new(MSG_PROC_READY, 0);
	message_put_u(ready, (uint64_t)landlock);
	serve_send(ready, -1);
	do {
		switch (message_recv(PARENT_FD, &m, ROLE_PARENT, me, buf,
		    &why)) {
		case 0:
			return;
		case 1:
			break;
		default:
			if (why != NULL)
				fatalx("the parent sent nonsense: %s", why);
			fatal("receiving from the parent");
		}
	} while (!serve(&m));
}
