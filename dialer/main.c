/*
 * kanata-dialer: the only process that resolves names, connects and listens.  It
 * hands the connected descriptor to the worker that asked, the listening one to the
 * parent, and forgets it.
 *
 * Holds no secret: the list of endpoints, nothing else.  A worker names an
 * endpoint by its number and gets only those that the configuration gave to it.
 * Talks to the parent and to watchers, notifier and store.
 *
 * Uses: sockets of AF_INET and AF_INET6, stat of the resolver files.
 */
#include <sys/queue.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "dialer.h"

/* Of one link; a worker needs no more at a time. */
#define DIALS_MAX	64

struct link;

/* What a worker waits for. */
struct ask {
	TAILQ_ENTRY(ask)	 entry;
	struct link		*link;
	uint32_t		 id;	/* chosen by the worker */
	uint64_t		 endpoint;
	struct dial		*dial;	/* NULL: until the next commit */
};

struct link {
	TAILQ_ENTRY(link)	 entry;
	enum role		 role;
	unsigned		 instance;
	struct channel		*channel;
	TAILQ_HEAD(, ask)	 asks;
	unsigned		 nask;
	unsigned		 refused;
};

static TAILQ_HEAD(, link)	 links = TAILQ_HEAD_INITIALIZER(links);
static const struct conf	*running;	/* NULL: none yet */
static bool			 prepared;	/* a commit is to come */

static void
ask_free(struct ask *ask)
{
	TAILQ_REMOVE(&ask->link->asks, ask, entry);
	ask->link->nask--;
	free(ask);
}

static void
link_free(struct link *link)
{
	struct ask *ask;

	while ((ask = TAILQ_FIRST(&link->asks)) != NULL) {
		if (ask->dial != NULL)
			dial_cancel(ask->dial);
		ask_free(ask);
	}
	TAILQ_REMOVE(&links, link, entry);
	channel_free(link->channel);
	free(link);
}

static void
send_failed(struct link *link, uint32_t id, uint64_t endpoint,
    const char *text)
{
	struct message_out *m = message_new(MSG_DIAL_FAILED, id);

	message_put_u(m, endpoint);
	message_put_s(m, text);
	channel_send(link->channel, m, -1);
}

static void
on_dialed(int fd, const char *error, void *arg)
{
	struct ask *ask = arg;
	struct message_out *m;

	if (fd == -1) {
		log_debug("%s %u: %s", role_name(ask->link->role),
		    ask->link->instance, error);
		send_failed(ask->link, ask->id, ask->endpoint, error);
	} else {
		m = message_new(MSG_DIAL_CONNECTED, ask->id);
		message_put_u(m, ask->endpoint);
		channel_send(ask->link->channel, m, fd);
	}
	ask_free(ask);
}

static const struct conf_endpoint *
endpoint_find(uint64_t number)
{
	const struct conf_endpoint *endpoint;

	if (running == NULL)
		return (NULL);
	TAILQ_FOREACH(endpoint, &running->endpoints, entry)
		if (endpoint->number == number)
			break;
	return (endpoint);
}

/* An honest worker does not ask for what is not its own; a flood of such asks
 * must not become a flood of log lines.  The ask is freed. */
static void
refuse(struct ask *ask, const char *text)
{
	struct link *link = ask->link;
	unsigned times = ++link->refused;

	/* The first, the second, the fourth, the eighth ... */
	if ((times & (times - 1)) == 0)
		log_warnx("%s %u asks for endpoint %llu: refused, %s "
		    "(%u so far)", role_name(link->role), link->instance,
		    (unsigned long long)ask->endpoint, text, times);
	send_failed(link, ask->id, ask->endpoint, text);
	ask_free(ask);
}

/*
 * Dials, refuses, or waits: after a restart of this process, and in a reload, a
 * worker may ask for what the commit on its way here will bring.
 */
static void
ask_begin(struct ask *ask)
{
	const struct conf_endpoint *endpoint = endpoint_find(ask->endpoint);

	if (endpoint == NULL && (running == NULL || prepared))
		return;
	if (endpoint == NULL)
		refuse(ask, "there is no such endpoint");
	else if (endpoint->role != ask->link->role ||
	    endpoint->instance != ask->link->instance)
		refuse(ask, "the endpoint is another's");
	else
		ask->dial = dial_start(worker_base(), endpoint, on_dialed, ask);
}

/* What had to wait for a configuration. */
static void
begin_waiting(void)
{
	struct link *link;
	struct ask *ask, *next;

	TAILQ_FOREACH(link, &links, entry)
		for (ask = TAILQ_FIRST(&link->asks); ask != NULL; ask = next) {
			next = TAILQ_NEXT(ask, entry);
			if (ask->dial == NULL)
				ask_begin(ask);
		}
}

static void
dialer_on_connect(struct link *link, uint32_t id, uint64_t endpoint)
{
	struct ask *ask;

	if (link->nask == DIALS_MAX) {
		send_failed(link, id, endpoint,
		    "too many connections are being made at once");
		return;
	}
	ask = xcalloc(1, sizeof(*ask));
	ask->link = link;
	ask->id = id;
	ask->endpoint = endpoint;
	TAILQ_INSERT_TAIL(&link->asks, ask, entry);
	link->nask++;
	ask_begin(ask);
}

static const char *
dialer_dispatch_link(struct channel *channel, struct message *m, void *arg)
{
	(void)channel;
	switch (m->type) {
	case MSG_DIAL_CONNECT:
		dialer_on_connect(arg, m->id, message_get_u(m));
		return (NULL);
	default:
		return ("a message that the dialer does not know");
	}
}

static void
on_link_gone(struct channel *channel, enum channel_end end, const char *why,
    void *arg)
{
	struct link *link = arg;

	(void)channel;
	if (end == CHANNEL_CLOSED)
		log_debug("%s %u is gone", role_name(link->role),
		    link->instance);
	worker_peer_gone(link->role, link->instance, end, why);
	link_free(link);
}

static void
dialer_link(enum role role, unsigned instance, int fd)
{
	struct link *link;

	TAILQ_FOREACH(link, &links, entry)
		if (link->role == role && link->instance == instance) {
			link_free(link);
			break;
		}
	link = xcalloc(1, sizeof(*link));
	link->role = role;
	link->instance = instance;
	TAILQ_INIT(&link->asks);
	TAILQ_INSERT_TAIL(&links, link, entry);
	link->channel = channel_new(worker_base(), fd, ROLE_DIALER, role,
	    dialer_dispatch_link, on_link_gone, link);
}

static const char *
check_endpoint(const struct conf *conf, const struct conf_endpoint *endpoint)
{
	const struct conf_endpoint *other;
	const char *why;

	if ((why = resolve_check(endpoint->host)) != NULL)
		return (why);
	TAILQ_FOREACH(other, &conf->endpoints, entry)
		if (other != endpoint && other->number == endpoint->number)
			return ("the number is there twice");
	return (NULL);
}

static const char *
dialer_conf_prepare(const struct conf *conf)
{
	static char text[512];
	const struct conf_endpoint *endpoint;
	struct message_out *m;
	const char *why;
	int fd;

	TAILQ_FOREACH(endpoint, &conf->endpoints, entry)
		if ((why = check_endpoint(conf, endpoint)) != NULL) {
			snprintf(text, sizeof(text), "endpoint %u (%s:%u): %s",
			    endpoint->number, log_safe(endpoint->host),
			    endpoint->port, why);
			return (text);
		}
	if (conf->web != NULL) {
		if ((fd = listen_on(conf->web, running != NULL,
		    &why)) == -1)
			return (why);
		m = message_new(MSG_DIAL_LISTENING, 0);
		message_put_u(m, worker_generation());
		channel_send(worker_parent(), m, fd);
	}
	prepared = true;
	return (NULL);
}

/* What is being dialed goes on. */
static void
dialer_conf_commit(const struct conf *conf)
{
	running = conf;
	prepared = false;
	begin_waiting();
}

static void
dialer_conf_abort(void)
{
	prepared = false;
	begin_waiting();
}

/* kanata-dialer [-h hosts] [-r resolv.conf] */
static void
dialer_init(struct event_base *base, int argc, char **argv)
{
	const char *hosts = "/etc/hosts", *resolv_conf = "/etc/resolv.conf";
	int c;

	while ((c = getopt(argc, argv, "h:r:")) != -1)
		switch (c) {
		case 'h':
			hosts = optarg;
			break;
		case 'r':
			resolv_conf = optarg;
			break;
		default:
			fatalx("wrong option");
		}
	resolve_init(base, resolv_conf, hosts);
}

static const struct worker dialer = {
	.role = ROLE_DIALER,
	.init = dialer_init,
	.conf_prepare = dialer_conf_prepare,
	.conf_commit = dialer_conf_commit,
	.conf_abort = dialer_conf_abort,
	.link = dialer_link,
};

int
main(int argc, char **argv)
{
	worker_run(&dialer, argc, argv);
}
