/*
 * One endpoint to one connected descriptor: names, both address families in
 * turn (RFC 8305), whichever is connected first wins.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "dialer.h"

struct attempt {
	struct dial	*dial;
	struct event	*event;
	int		 fd;		/* -1: not running */
};

struct dial {
	struct event_base	*base;
	char			*host;
	unsigned		 port;
	bool			 loopback;
	dial_fn			 done;
	void			*arg;
	struct event		*next_timer, *limit_timer;
	struct resolve		*resolve;
	bool			 resolved;
	struct addresses	 addresses;
	unsigned		 started, running;
	int			 error;	/* errno of the last that failed */
	struct attempt		 attempt[RESOLVE_MAX];
};

static void	dial_next(struct dial *);

static void
attempt_close(struct attempt *a)
{
	if (a->event != NULL)
		event_free(a->event);
	a->event = NULL;
	if (a->fd != -1) {
		close(a->fd);
		a->dial->running--;
	}
	a->fd = -1;
}

void
dial_cancel(struct dial *d)
{
	unsigned i;

	for (i = 0; i < RESOLVE_MAX; i++)
		attempt_close(&d->attempt[i]);
	resolve_cancel(d->resolve);
	event_free(d->next_timer);
	event_free(d->limit_timer);
	free(d->host);
	free(d);
}

static void
dial_succeed(struct dial *d, int fd)
{
	d->done(fd, NULL, d->arg);
	dial_cancel(d);
}

static void	dial_fail(struct dial *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
dial_fail(struct dial *d, const char *fmt, ...)
{
	bool brackets = strchr(d->host, ':') != NULL;
	char text[256];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%s%s%s:%u: ", brackets ? "[" : "",
	    log_safe(d->host), brackets ? "]" : "", d->port);
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < sizeof(text))
		vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	d->done(-1, text, d->arg);
	dial_cancel(d);
}

static void
dial_fail_all(struct dial *d)
{
	dial_fail(d, "%s (%u address%s tried)", strerror(d->error), d->started,
	    d->started == 1 ? "" : "es");
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	if (!d->resolved)
		dial_fail(d, "no answer from the name servers within %u s",
		    DIAL_TIMEOUT / 1000);
	else
		dial_fail(d, "not connected within %u s (%u address%s tried)",
		    DIAL_TIMEOUT / 1000, d->started,
		    d->started == 1 ? "" : "es");
}

/* A port that nobody listens on may, on the same machine, be the one that the
 * kernel picks for this end: then TCP connects to itself. */
static bool
connected_to_itself(int fd)
{
	struct sockaddr_storage me = { 0 }, peer = { 0 };
	socklen_t me_len = sizeof(me), peer_len = sizeof(peer);

	return (getsockname(fd, (struct sockaddr *)&me, &me_len) == 0 &&
	    getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 &&
	    me_len == peer_len && memcmp(&me, &peer, me_len) == 0);
}

/* The attempt has ended.  The dial may be freed after. */
static void
attempt_finish(struct attempt *a, int error)
{
	struct dial *d = a->dial;
	int fd = a->fd;

	if (error == 0 && connected_to_itself(fd))
		error = ECONNREFUSED;
	if (error == 0) {
		a->fd = -1;
		d->running--;
		dial_succeed(d, fd);
		return;
	}
	d->error = error;
	attempt_close(a);
	dial_next(d);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	attempt_finish(arg, error);
}

static int
set(int fd, int level, int option, int value)
{
	return (setsockopt(fd, level, option, &value, sizeof(value)));
}

int
dial_set_options(int fd)
{
	if (set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) == -1 ||
	    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30) == -1 ||
	    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10) == -1 ||
	    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3) == -1 ||
	    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000) == -1 ||
	    set(fd, IPPROTO_TCP, TCP_NODELAY, 1) == -1)
		return (-1);
	return (0);
}

/* Starts to connect; 0, or errno. */
static int
attempt_start(struct attempt *a, struct sockaddr_storage *addr, unsigned port)
{
	struct dial *d = a->dial;
	socklen_t len;

	if (addr->ss_family == AF_INET) {
		((struct sockaddr_in *)addr)->sin_port = htons(port);
		len = sizeof(struct sockaddr_in);
	} else {
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
		len = sizeof(struct sockaddr_in6);
	}
	if ((a->fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) == -1)
		return (errno);
	d->running++;
	if (dial_set_options(a->fd) == -1)
		return (errno);
	if (connect(a->fd, (struct sockaddr *)addr, len) == -1 &&
	    errno != EINPROGRESS)
		return (errno);
	if ((a->event = event_new(d->base, a->fd, EV_WRITE, on_writable,
	    a)) == NULL || event_add(a->event, NULL) == -1)
		fatalx("cannot watch a descriptor");
	return (0);
}

/* The next address, at once past those that cannot even be tried.  The dial may
 * be freed after. */
static void
dial_next(struct dial *d)
{
	static const struct timeval stagger = { 0, DIAL_STAGGER * 1000 };
	struct attempt *a;

	evtimer_del(d->next_timer);
	while (d->started < d->addresses.count) {
		a = &d->attempt[d->started];
		d->error = attempt_start(a, &d->addresses.address[d->started++],
		    d->port);
		if (d->error == 0) {
			evtimer_add(d->next_timer, &stagger);
			return;
		}
		attempt_close(a);
	}
	if (d->running == 0)
		dial_fail_all(d);
}

static bool
is_loopback(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET)
		return (ntohl(sin->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET);
	return (IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr));
}

static void
on_resolved(const struct addresses *list, const char *error, void *arg)
{
	struct dial *d = arg;
	unsigned i;

	d->resolve = NULL;
	d->resolved = true;
	if (error != NULL) {
		dial_fail(d, "%s", error);
		return;
	}
	d->addresses = *list;
	/* One that is elsewhere is enough to distrust the name. */
	for (i = 0; d->loopback && i < list->count; i++)
		if (!is_loopback(&list->address[i])) {
			dial_fail(d, "not an address of this machine, "
			    "and nothing else may be spoken to without TLS");
			return;
		}
	dial_next(d);
}

static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct resolve *r;

	(void)fd;
	(void)what;
	if (d->resolved) {
		dial_next(d);
		return;
	}
	/* NULL: it is done, and so may be the dial. */
	if ((r = resolve_start(d->host, on_resolved, d)) != NULL)
		d->resolve = r;
}

struct dial *
dial_start(struct event_base *base, const struct conf_endpoint *endpoint,
    dial_fn done, void *arg)
{
	static const struct timeval now = { 0, 0 };
	static const struct timeval limit = { DIAL_TIMEOUT / 1000,
	    DIAL_TIMEOUT % 1000 * 1000 };
	struct dial *d;
	unsigned i;

	d = xcalloc(1, sizeof(*d));
	d->host = xstrdup(endpoint->host);
	d->base = base;
	d->port = endpoint->port;
	d->loopback = endpoint->loopback;
	d->done = done;
	d->arg = arg;
	for (i = 0; i < RESOLVE_MAX; i++) {
		d->attempt[i].dial = d;
		d->attempt[i].fd = -1;
	}
	d->next_timer = evtimer_new(base, on_next, d);
	d->limit_timer = evtimer_new(base, on_limit, d);
	if (d->next_timer == NULL || d->limit_timer == NULL ||
	    evtimer_add(d->next_timer, &now) == -1 ||
	    evtimer_add(d->limit_timer, &limit) == -1)
		fatalx("cannot set a timer");
	return (d);
}
