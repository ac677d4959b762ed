#include <bsd/stdlib.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "renew.h"

#define TICK	1	/* s between looks at the clock */

static struct {
	struct renew_hooks hooks;
	struct event_base *base;
	struct event	*tick;
	bool		 on;
	bool		 wanted;	/* as soon as it may be */
	bool		 again;		/* after this one, which may be old */
	uint64_t	 wait;		/* ms from one call to the next */
	bool		 asking;	/* no answer yet, or not all of it */
	uint64_t	 asked;		/* ticks, 0: never */
	uint64_t	 expires;	/* ms since 1970, 0: never */
	int		 fd;		/* the pipe, -1: none */
	struct event	*event;
	char		*buf;
	size_t		 len;
} renew = { .fd = -1 };

static void
stop_reading(void)
{
	if (renew.fd == -1)
		return;
	event_free(renew.event);
	close(renew.fd);
	renew.fd = -1;
	explicit_bzero(renew.buf, renew.len);
	free(renew.buf);
	renew.buf = NULL;
	renew.len = 0;
}

static void
finish(const char *problem)
{
	struct execcred	 c = { .token = NULL };

	if (problem == NULL)
		problem = execcred_read(&c, renew.buf, renew.len);
	stop_reading();
	renew.asking = false;
	if (problem == NULL) {
		renew.wanted = renew.again;
		renew.wait = RENEW_AGAIN;
		renew.expires = c.expires;
	} else
		renew.wait = renew.wait * 2 < RENEW_RARELY ? renew.wait * 2 :
		    RENEW_RARELY;
	renew.again = false;
	renew.hooks.fresh(&c, problem);
	execcred_clear(&c);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	ssize_t	 n;

	(void)what;
	(void)arg;
	/* A byte more than may be, to see that there is more. */
	n = read(fd, renew.buf + renew.len,
	    EXECCRED_BYTES_MAX + 1 - renew.len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		renew.len += (size_t)n;
	if (n == -1)
		finish("what it prints cannot be read");
	else if (n == 0 || renew.len > EXECCRED_BYTES_MAX)
		finish(NULL);
}

void
renew_answer(int fd)
{
	if (!renew.on || !renew.asking || renew.fd != -1) {
		if (fd != -1)
			close(fd);
		return;
	}
	if (fd == -1) {
		/* It is running still, or has just been run: soon. */
		renew.asking = false;
		return;
	}
	renew.fd = fd;
	if ((renew.buf = malloc(EXECCRED_BYTES_MAX + 1)) == NULL)
		fatal("renew");
	renew.event = event_new(renew.base, fd, EV_READ | EV_PERSIST, on_read,
	    NULL);
	if (renew.event == NULL || event_add(renew.event, NULL) == -1)
		fatalx("cannot watch a pipe");
}

static void
ask(void)
{
	renew.asking = true;
	renew.asked = clock_ticks();
	renew.hooks.ask();
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	uint64_t	 ticks = clock_ticks();

	(void)fd;
	(void)what;
	(void)arg;
	if (!renew.on)
		return;
	if (renew.asking) {
		if (ticks - renew.asked > RENEW_TIME)
			finish("it does not end");
		return;
	}
	/* The wall clock may jump: it is looked at each time. */
	if (renew.expires != 0 && clock_now() + RENEW_EARLY >= renew.expires)
		renew.wanted = true;
	if (renew.wanted && ticks - renew.asked >= renew.wait)
		ask();
}

void
renew_start(void)
{
	renew.on = renew.wanted = true;
	renew.again = renew.asking;
	renew.wait = RENEW_AGAIN;
	if (!renew.asking)
		ask();
}

void
renew_stop(void)
{
	stop_reading();
	renew.on = renew.wanted = renew.again = renew.asking = false;
	renew.expires = 0;
}

void
renew_refused(void)
{
	renew.wanted = renew.on;
}

void
renew_init(struct event_base *base, const struct renew_hooks *hooks)
{
	static const struct timeval	 tick = { TICK, 0 };

	renew.base = base;
	renew.hooks = *hooks;
	if ((renew.tick = event_new(base, -1, EV_PERSIST, on_tick, NULL)) ==
	    NULL || event_add(renew.tick, &tick) == -1)
		fatalx("renew: no timer");
}
