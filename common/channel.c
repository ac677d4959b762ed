#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "datagram.h"
#include "log.h"
#include "xmalloc.h"

struct queued {
	STAILQ_ENTRY(queued)	 entry;
	int			 fd;
	size_t			 len;
	uint8_t			 data[];
};

struct channel {
	int			 fd;
	enum role		 me, peer;
	channel_dispatch_fn	 dispatch;
	channel_gone_fn		 gone;
	void			*arg;
	struct event		*readable, *writable;
	STAILQ_HEAD(, queued)	 queue;
	size_t			 queued_bytes;
	enum channel_end	 end;
	const char		*end_why;	/* not NULL: gone */
	bool			 busy;		/* within dispatch() */
	bool			 freed;		/* meanwhile */
	uint64_t		 seen[(MESSAGE_TYPES + 63) / 64];
};

static uint8_t input[MESSAGE_MAX];

void
channel_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, fd) == -1)
		fatal("socketpair");
}

/*
 * Gives the channel up.  The owner hears of it from the event loop, never from
 * within channel_send.
 */
static void
give_up(struct channel *c, enum channel_end end, const char *why)
{
	if (c->end_why != NULL)
		return;
	c->end = end;
	c->end_why = why;
	event_del(c->writable);
	event_active(c->readable, EV_READ, 0);
}

static void
queue_drop_first(struct channel *c)
{
	struct queued *q = STAILQ_FIRST(&c->queue);

	STAILQ_REMOVE_HEAD(&c->queue, entry);
	c->queued_bytes -= q->len;
	if (q->fd != -1)
		close(q->fd);
	free(q);
}

static void
on_writable(evutil_socket_t sock, short what, void *arg)
{
	struct channel *c = arg;
	struct queued *q;

	(void)sock;
	(void)what;
	while ((q = STAILQ_FIRST(&c->queue)) != NULL) {
		switch (datagram_send(c->fd, q->data, q->len, q->fd)) {
		case 0:
			event_add(c->writable, NULL);
			return;
		case -1:
			give_up(c, CHANNEL_CLOSED, "it closed the channel");
			return;
		}
		queue_drop_first(c);
	}
}

static void
enqueue(struct channel *c, const uint8_t *data, size_t len, int fd)
{
	struct queued *q;

	if (len > CHANNEL_QUEUE_BYTES - c->queued_bytes) {
		if (fd != -1)
			close(fd);
		give_up(c, CHANNEL_HUNG, "it does not read");
		return;
	}
	if ((q = malloc(sizeof(*q) + len)) == NULL)
		fatal("malloc");
	q->fd = fd;
	q->len = len;
	memcpy(q->data, data, len);
	STAILQ_INSERT_TAIL(&c->queue, q, entry);
	c->queued_bytes += len;
	event_add(c->writable, NULL);
}

void
channel_send(struct channel *c, struct message_out *m, int fd)
{
	enum message_type type = message_out_type(m);
	const uint8_t *data;
	size_t len;

	data = message_bytes(m, &len);
	if (!message_may_send(type, c->me, c->peer))
		fatalx("%s: not for %s", message_name(type), role_name(c->peer));
	if (fd == -1 ? message_fd_must(type) : !message_fd_may(type))
		fatalx("%s: wrong about its descriptor", message_name(type));
	if (c->end_why != NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	if (!STAILQ_EMPTY(&c->queue)) {
		enqueue(c, data, len, fd);
		return;
	}
	switch (datagram_send(c->fd, data, len, fd)) {
	case 0:
		enqueue(c, data, len, fd);
		return;
	case -1:
		give_up(c, CHANNEL_CLOSED, "it closed the channel");
		break;
	}
	if (fd != -1)
		close(fd);
}

void
channel_send_empty(struct channel *c, enum message_type type, uint32_t id)
{
	channel_send(c, message_new(type, id), -1);
}

static const char *
dispatch_datagram(struct channel *c, size_t len, int fd, const char *why)
{
	struct message m;
	uint64_t *word, bit;

	if (why == NULL)
		why = message_parse(&m, c->peer, c->me, input, len, fd);
	else
		m.fd = fd;
	if (why == NULL && message_once(m.type)) {
		word = &c->seen[m.type / 64];
		bit = 1ULL << (m.type % 64);
		if (*word & bit)
			why = "it came twice";
		*word |= bit;
	}
	if (why == NULL) {
		log_debug("%s sent %s", role_name(c->peer),
		    message_name(m.type));
		c->busy = true;
		why = c->dispatch(c, &m, c->arg);
		c->busy = false;
	}
	if (m.fd != -1)
		close(m.fd);
	return (why);
}

static void
on_readable(evutil_socket_t sock, short what, void *arg)
{
	struct channel *c = arg;
	const char *why;
	unsigned n;
	ssize_t len;
	int fd;

	(void)what;
	/* Some at a time, so that one busy peer does not starve the others. */
	for (n = 0; n < 64 && c->end_why == NULL; n++) {
		if ((len = datagram_recv(sock, input,
		    sizeof(input), &fd, &why)) == -1) {
			if (errno == EAGAIN || errno == EWOULDBLOCK ||
			    errno == EINTR)
				return;
			give_up(c, CHANNEL_CLOSED, "it closed the channel");
		} else if (len == 0 && fd == -1)
			give_up(c, CHANNEL_CLOSED, "it closed the channel");
		else if ((why = dispatch_datagram(c, len, fd, why)) != NULL &&
		    !c->freed)
			give_up(c, CHANNEL_BROKEN, why);
		if (c->freed) {
			free(c);
			return;
		}
	}
	if (c->end_why != NULL) {
		event_del(c->readable);
		c->gone(c, c->end, c->end_why, c->arg);
	}
}

void
channel_drain(struct channel *c)
{
	const char *why;
	ssize_t len;
	int fd;

	while (!c->freed && c->end_why == NULL &&
	    (len = datagram_recv(c->fd, input, sizeof(input), &fd, &why)) > 0)
		if ((why = dispatch_datagram(c, len, fd, why)) != NULL &&
		    !c->freed)
			give_up(c, CHANNEL_BROKEN, why);
	if (c->freed)
		free(c);
}

struct channel *
channel_new(struct event_base *base, int fd, enum role me, enum role peer,
    channel_dispatch_fn dispatch, channel_gone_fn gone, void *arg)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->me = me;
	c->peer = peer;
	c->dispatch = dispatch;
	c->gone = gone;
	c->arg = arg;
	STAILQ_INIT(&c->queue);
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) == -1)
		fatalx("cannot watch a channel");
	return (c);
}

void
channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	while (!STAILQ_EMPTY(&c->queue))
		queue_drop_first(c);
	event_free(c->readable);
	event_free(c->writable);
	close(c->fd);
	if (c->busy)
		c->freed = true;	/* who dispatches does the rest */
	else
		free(c);
}

size_t
channel_pending(const struct channel *c)
{
	return (c->queued_bytes);
}
