/*
 * The watcher: one process for each cluster.
 *
 * It may hold: that cluster's Kubernetes credential.  It may call: nothing but
 * what memory, the event loop and connected descriptors need (common/cage.c).  It
 * talks to: the parent, the notifier, web, the dialer; to the Kubernetes API on
 * descriptors that the dialer connected.
 */
#include <stdlib.h>

#include "../common/http.h"
#include "../common/log.h"
#include "../common/worker.h"
#include "cluster.h"
#include "feed.h"
#include "renew.h"

static struct credentials	 next;		/* of the configuration to come */
static struct channel		*notifier;
static unsigned			 notifier_instance;

static void
watcher_say(const char *id, const struct health_view *v)
{
	struct message_out	*m;

	if (notifier == NULL)
		return;
	m = message_new(MSG_HEALTH_SET, 0);
	message_put_s(m, id);
	message_put_u(m, v->health);
	message_put_u(m, v->cause);
	message_put_u(m, v->ready);
	message_put_u(m, v->desired);
	message_put_u(m, v->since);
	message_put_b(m, v->paused);
	message_put_s(m, v->detail);
	channel_send(notifier, m, -1);
}

/* Everything that there is: for a notifier that knows nothing yet. */
static void
watcher_say_all(void)
{
	if (notifier == NULL)
		return;
	channel_send_empty(notifier, MSG_HEALTH_BEGIN, 0);
	cluster_say_all();
	channel_send_empty(notifier, MSG_HEALTH_END, 0);
}

static void
watcher_ask_secret(enum secret secret)
{
	struct message_out	*m = message_new(MSG_SECRET_AGAIN, 0);

	message_put_u(m, secret);
	channel_send(worker_parent(), m, -1);
}

static void
watcher_want_token(void)
{
	watcher_ask_secret(SECRET_KUBE_TOKEN);
}

static void
watcher_want_plugin(void)
{
	watcher_ask_secret(SECRET_KUBE_EXEC);
}

static void
watcher_init(struct event_base *base, int argc, char **argv)
{
	static const struct cluster_hooks hooks = { watcher_say,
	    watcher_want_token, watcher_want_plugin };

	(void)argc;
	(void)argv;
	http_init(base, ROLE_WATCHER);
	cluster_init(base, &hooks);
}

static const char *
watcher_conf_secret(enum secret kind, int fd)
{
	return (credentials_take(&next, kind, fd));
}

static const char *
watcher_conf_prepare(const struct conf *conf)
{
	return (cluster_check(conf, &next));
}

static void
watcher_conf_commit(const struct conf *conf)
{
	cluster_configure(conf, &next);
	watcher_say_all();
}

static void
watcher_conf_abort(void)
{
	credentials_clear(&next);
}

static const char *
notifier_dispatch(struct channel *ch, struct message *m, void *arg)
{
	(void)ch;
	(void)m;
	(void)arg;
	return ("a message that a notifier does not send");
}

/* A dead one is the parent's to see; it makes a new link. */
static void
notifier_gone(struct channel *ch, enum channel_end end, const char *why,
    void *arg)
{
	(void)ch;
	(void)arg;
	worker_peer_gone(ROLE_NOTIFIER, notifier_instance, end, why);
	channel_free(notifier);
	notifier = NULL;
}

static void
watcher_link(enum role peer, unsigned instance, int fd)
{
	if (peer == ROLE_DIALER) {
		http_link_dialer(fd);
		return;
	}
	if (peer == ROLE_WEB) {
		feed_link(instance, fd);
		return;
	}
	if (peer != ROLE_NOTIFIER)
		fatalx("a link to the %s", role_name(peer));
	channel_free(notifier);
	notifier_instance = instance;
	notifier = channel_new(worker_base(), fd, ROLE_WATCHER, ROLE_NOTIFIER,
	    notifier_dispatch, notifier_gone, NULL);
	if (worker_conf() != NULL)
		watcher_say_all();
}

static void
watcher_on_secret_fresh(struct message *m)
{
	uint64_t	 kind = message_get_u(m);
	int		 fd = message_take_fd(m);

	if (kind == SECRET_KUBE_EXEC)
		renew_answer(fd);
	else if (fd == -1)
		log_debug("the %s cannot be read again; the last one stays in "
		    "use", secret_name(kind));
	else if (kind == SECRET_KUBE_TOKEN)
		cluster_fresh_token(fd);
	else
		fatalx("a secret that nobody asked for");
}

static void
watcher_on_pods_ask(struct message *m)
{
	struct message_out	*out;
	uint64_t		 cursor;

	cursor = cluster_show_pods(worker_parent(), m->id, message_get_u(m));
	out = message_new(MSG_PODS_PART, m->id);
	message_put_u(out, cursor);
	channel_send(worker_parent(), out, -1);
}

static const char *
watcher_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_SECRET_FRESH:
		watcher_on_secret_fresh(m);
		return (NULL);
	case MSG_SHOW_ASK:
		cluster_show(worker_parent(), m->id);
		channel_send_empty(worker_parent(), MSG_SHOW_END, m->id);
		return (NULL);
	case MSG_PODS_ASK:
		watcher_on_pods_ask(m);
		return (NULL);
	default:
		return ("a message that a watcher does not know");
	}
}

int
main(int argc, char **argv)
{
	static const struct worker watcher = {
		.role = ROLE_WATCHER,
		.init = watcher_init,
		.dispatch_parent = watcher_dispatch_parent,
		.conf_prepare = watcher_conf_prepare,
		.conf_commit = watcher_conf_commit,
		.conf_abort = watcher_conf_abort,
		.conf_secret = watcher_conf_secret,
		.link = watcher_link,
	};

	worker_run(&watcher, argc, argv);
}
