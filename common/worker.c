#include <sys/queue.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cage.h"
#include "log.h"
#include "usage.h"
#include "worker.h"

static const struct worker	*self;
static struct event_base	*base;
static struct channel		*parent;
static struct conf		*running, *next;
static bool			 observe;
static uint64_t			 generation;
static const char		*refusal;
static const char		*link_cluster;	/* within link() */

struct event_base *
worker_base(void)
{
	return (base);
}

struct channel *
worker_parent(void)
{
	return (parent);
}

const struct conf *
worker_conf(void)
{
	return (running);
}

bool
worker_observe(void)
{
	return (observe);
}

uint64_t
worker_generation(void)
{
	return (generation);
}

const char *
worker_link_cluster(void)
{
	return (link_cluster);
}

void
worker_peer_gone(enum role role, unsigned instance, enum channel_end end,
    const char *why)
{
	struct message_out *m;

	if (end == CHANNEL_CLOSED)
		return;
	if (role == ROLE_WATCHER)	/* there are several */
		log_warnx("watcher %u: %s; the parent is told", instance, why);
	else
		log_warnx("%s: %s; the parent is told", role_name(role), why);
	m = message_new(MSG_PROC_HUNG, 0);
	message_put_u(m, role);
	message_put_u(m, instance);
	channel_send(parent, m, -1);
}

static void
conf_forget(void)
{
	if (next != NULL && self->conf_abort != NULL)
		self->conf_abort();
	conf_free(next);
	next = NULL;
	refusal = NULL;
}

static void
on_conf_end(struct message *m)
{
	struct message_out *out;

	generation = message_get_u(m);
	if (refusal == NULL)
		refusal = self->conf_prepare(next);
	if (refusal == NULL) {
		out = message_new(MSG_CONF_PREPARED, 0);
		message_put_u(out, generation);
	} else {
		out = message_new(MSG_CONF_REFUSED, 0);
		message_put_u(out, generation);
		message_put_s(out, refusal);
	}
	channel_send(parent, out, -1);
}

static const char *
on_conf_secret(struct message *m)
{
	uint64_t kind = message_get_u(m);

	if (kind >= SECRET_MAX || self->conf_secret == NULL)
		return ("a secret that is not for this role");
	/* A secret that cannot be used is reported, like a bad row. */
	if (refusal == NULL)
		refusal = self->conf_secret(kind, message_take_fd(m));
	return (NULL);
}

static const char *
dispatch_conf(struct message *m)
{
	switch (m->type) {
	case MSG_CONF_BEGIN:
		conf_forget();
		next = conf_new();
		generation = message_get_u(m);
		observe = message_get_b(m);
		return (NULL);
	case MSG_CONF_GLOBAL:
	case MSG_CONF_CLUSTER:
	case MSG_CONF_COMPONENT:
	case MSG_CONF_TEXT:
	case MSG_CONF_ENDPOINT:
	case MSG_CONF_ETCD:
	case MSG_CONF_WEB:
		return (next == NULL ? "a row before MSG_CONF_BEGIN" :
		    conf_take(next, m));
	case MSG_CONF_SECRET:
		return (next == NULL ? "a secret before MSG_CONF_BEGIN" :
		    on_conf_secret(m));
	case MSG_CONF_END:
		if (next == NULL)
			return ("an end before MSG_CONF_BEGIN");
		on_conf_end(m);
		return (NULL);
	case MSG_CONF_COMMIT:
		if (next == NULL || refusal != NULL)
			return ("commit of what was not prepared");
		self->conf_commit(next);
		conf_free(running);
		running = next;
		next = NULL;
		return (NULL);
	case MSG_CONF_ABORT:
		conf_forget();
		return (NULL);
	default:
		return (self->dispatch_parent == NULL ?
		    "a message that this role does not know" :
		    self->dispatch_parent(m));
	}
}

static void
send_pong(struct channel *c, uint32_t id)
{
	struct message_out *m = message_new(MSG_PROC_PONG, id);

	message_put_u(m, usage_memory());
	message_put_u(m, usage_cpu());
	channel_send(c, m, -1);
}

static const char *
dispatch_parent(struct channel *c, struct message *m, void *arg)
{
	uint64_t role, instance;

	(void)arg;
	switch (m->type) {
	case MSG_PROC_PING:
		send_pong(c, m->id);
		return (NULL);
	case MSG_PROC_VERBOSE:
		log_set_verbose(message_get_u(m) != 0);
		return (NULL);
	case MSG_PROC_LINK:
		role = message_get_u(m);
		instance = message_get_u(m);
		link_cluster = message_get_s(m);
		if (role >= ROLE_MAX || self->link == NULL)
			return ("a link that is not for this role");
		self->link(role, instance, message_take_fd(m));
		return (NULL);
	default:
		return (dispatch_conf(m));
	}
}

static void
parent_gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	(void)c;
	(void)arg;
	/* Closing the channel is how the parent says stop. */
	if (end != CHANNEL_CLOSED)
		fatalx("parent: %s", why);
	if (self->stop == NULL)
		exit(0);
	self->stop();
}

void
worker_run(const struct worker *worker, int argc, char **argv)
{
	struct event_config *config;
	struct message_out *m;
	int landlock;

	self = worker;
	cage_start(worker->role);
	log_init(LOG_TO_PARENT, role_name(worker->role));
	/* Waiting for a log that is not read would stop the daemon. */
	fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) |
	    O_NONBLOCK);
	if ((config = event_config_new()) == NULL ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == -1 ||
	    (base = event_base_new_with_config(config)) == NULL)
		fatalx("libevent cannot be set up");
	event_config_free(config);
	usage_init();
	if (worker->init != NULL)
		worker->init(base, argc, argv);
	if (fcntl(WORKER_FD, F_SETFL, O_NONBLOCK) == -1)
		fatal("no channel to the parent: started by hand?");
	landlock = cage_close(worker->role, NULL);
	usage_trim();
	parent = channel_new(base, WORKER_FD, worker->role, ROLE_PARENT,
	    dispatch_parent, parent_gone, NULL);
	m = message_new(MSG_PROC_READY, 0);
	message_put_u(m, landlock);
	channel_send(parent, m, -1);
	event_base_dispatch(base);
	fatalx("nothing left to wait for");
}
