#include <errno.h>
#include <unistd.h>

#include "lines.h"
#include "log.h"

static void
end_line(struct lines *l)
{
	l->text[l->used] = '\0';
	l->used = 0;
	l->fn(l->text, l->arg);
}

static void
read_lines(struct lines *l)
{
	char buf[4096], *p;
	ssize_t n = 1;
	unsigned i;

	/* A full pipe at a time: who writes on and on must not keep us. */
	for (i = 0; i < 16 && (n = read(l->fd, buf, sizeof(buf))) > 0; i++)
		for (p = buf; p < buf + n; p++) {
			if (*p == '\n' || l->used == sizeof(l->text) - 1)
				end_line(l);
			if (*p != '\n' && *p != '\0')
				l->text[l->used++] = *p;
		}
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		event_del(l->readable);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_lines(arg);
}

void
lines_open(struct lines *l, struct event_base *base, int fd, lines_fn fn,
    void *arg)
{
	l->fd = fd;
	l->used = 0;
	l->fn = fn;
	l->arg = arg;
	l->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
	if (l->readable == NULL || event_add(l->readable, NULL) == -1)
		fatalx("cannot watch a log");
}

void
lines_close(struct lines *l)
{
	read_lines(l);
	if (l->used > 0)
		end_line(l);
	event_free(l->readable);
	close(l->fd);
}
