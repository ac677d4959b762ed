/* The control socket: kanatactl asks, the parent and the workers answer.  What a
 * client does wrong costs it its connection and nobody else anything. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#include <bsd/unistd.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "control.h"

#define CLIENTS_MAX	32

struct clients			 clients = TAILQ_HEAD_INITIALIZER(clients);
static unsigned			 nclients;
static int			 listener = -1;
static struct event		*accept_event;
static char			 socket_path[108];

/* -- clients ------------------------------------------------------------------ */

static void
client_free(struct client *client)
{
	control_forget(client);
	TAILQ_REMOVE(&clients, client, entry);
	nclients--;
	event_free(client->timer);
	event_free(client->more);
	channel_free(client->channel);
	free(client);
}

void
control_wait(struct client *client, int seconds)
{
	struct timeval tv = { seconds, 0 };

	evtimer_add(client->timer, &tv);
}

void
control_answer(struct client *client, uint32_t id, const char *error,
    const char *ok)
{
	struct message_out *m;

	m = message_new(error != NULL ? MSG_CTL_FAILED : MSG_CTL_OK, id);
	message_put_s(m, error != NULL ? error : ok);
	channel_send(client->channel, m, -1);
}

/* -- the other commands ---------------------------------------------------------- */

static void
on_reloaded(const char *error, void *arg)
{
	struct client *client;

	(void)arg;
	TAILQ_FOREACH(client, &clients, entry)
		if (client->reloading) {
			client->reloading = false;
			control_answer(client, 0, error, "reloaded");
			control_wait(client, CLIENT_TIME);
		}
}

static void
on_reload(struct client *client, uint32_t id)
{
	client->reloading = true;
	if (configure_reload(on_reloaded, NULL) == -1) {
		client->reloading = false;
		control_answer(client, id, "a reload is under way: try again when it "
		    "is done", NULL);
	}
}

void
control_set_verbose(bool verbose)
{
	struct message_out *m;
	struct child *child;

	log_set_verbose(verbose);
	TAILQ_FOREACH(child, &children, entry) {
		if (child->channel == NULL || child->role == ROLE_PARSER)
			continue;
		m = message_new(MSG_PROC_VERBOSE, 0);
		message_put_u(m, verbose);
		channel_send(child->channel, m, -1);
	}
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	supervise_stop(0);
}

static const char *
dispatch(struct channel *c, struct message *m, void *arg)
{
	static const struct timeval soon = { 0, 50 * 1000 };
	struct client *client = arg;
	uint64_t level;

	(void)c;
	control_wait(client, CLIENT_TIME);
	switch (m->type) {
	case MSG_CTL_SHOW:
		return (control_show(client, m));
	case MSG_CTL_RECORD:
		return (control_record(client, m->id));
	case MSG_CTL_SILENCE:
	case MSG_CTL_MAINTENANCE:
	case MSG_CTL_EXPLAIN:
	case MSG_CTL_HISTORY:
		return (control_order(client, m));
	case MSG_CTL_RELOAD:
		on_reload(client, m->id);
		return (NULL);
	case MSG_CTL_VERBOSE:
		if ((level = message_get_u(m)) > 1)
			return ("a log level that there is not");
		control_set_verbose(level);
		control_answer(client, m->id, NULL, level ? "log is verbose" :
		    "log is brief");
		return (NULL);
	default:
		log_info("stopped by kanatactl");
		control_answer(client, m->id, NULL, "stopping");
		/* After the answer has left. */
		event_base_once(base, -1, EV_TIMEOUT, on_stop, NULL, &soon);
		return (NULL);
	}
}

static void
gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	(void)c;
	if (end != CHANNEL_CLOSED)
		log_warnx("a client of the control socket is cut off: %s", why);
	client_free(arg);
}

static void
on_client_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	struct question *q;
	struct message_out *m;

	(void)fd;
	(void)what;
	if (!client->showing || TAILQ_EMPTY(&client->questions)) {
		client_free(client);
		return;
	}
	TAILQ_FOREACH(q, &client->questions, entry)
		if (q->waits) {
			log_warnx("a client of the control socket is cut off: "
			    "it does not read");
			client_free(client);
			return;
		}
	/* A worker is late: the client gets what there is. */
	while ((q = TAILQ_FIRST(&client->questions)) != NULL &&
	    !client->ordering) {
		m = message_new(MSG_SHOW_STATE, client->show_id);
		message_put_s(m, q->child->name);
		message_put_s(m, "did not answer in time");
		channel_send(client->channel, m, -1);
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
	}
	while ((q = TAILQ_FIRST(&client->questions)) != NULL) {
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
	}
	control_showed(client);
}

static void
on_accept(evutil_socket_t sock, short what, void *arg)
{
	struct client *client;
	uid_t uid = (uid_t)-1;
	gid_t gid;
	int fd;

	(void)what;
	(void)arg;
	if ((fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) == -1)
		return;
	if (nclients == CLIENTS_MAX) {
		log_warnx("control socket: already %d clients, one is refused",
		    CLIENTS_MAX);
		close(fd);
		return;
	}
	client = xcalloc(1, sizeof(*client));
	TAILQ_INIT(&client->questions);
	getpeereid(fd, &uid, &gid);
	client->uid = uid;
	client->timer = evtimer_new(base, on_client_timeout, client);
	client->more = evtimer_new(base, control_ask_more, client);
	if (client->timer == NULL || client->more == NULL)
		fatalx("cannot make a timer");
	client->channel = channel_new(base, fd, ROLE_PARENT, ROLE_CTL, dispatch,
	    gone, client);
	TAILQ_INSERT_TAIL(&clients, client, entry);
	nclients++;
	control_wait(client, CLIENT_TIME);
}

/* -- the socket -------------------------------------------------------------------- */

void
control_open(const char *path, const char *group)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct group *gr;
	mode_t old;

	strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (listener == -1)
		fatal("control socket");
	if (connect(listener, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		fatalx("%s: another kanatad answers there", path);
	if (errno == ECONNREFUSED && unlink(path) == -1)
		fatal("%s: left over, and cannot be removed", path);
	old = umask(0117);
	if (bind(listener, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		fatal("control socket %s", path);
	umask(old);
	strlcpy(socket_path, path, sizeof(socket_path));
	if (group[0] != '\0') {
		if ((gr = getgrnam(group)) == NULL)
			fatalx("control: there is no group %s", group);
		if (chown(path, -1, gr->gr_gid) == -1)
			fatal("control: group %s for %s", group, path);
	}
	if (listen(listener, 16) == -1)
		fatal("listen");
	accept_event = event_new(base, listener, EV_READ | EV_PERSIST,
	    on_accept, NULL);
	if (accept_event == NULL || event_add(accept_event, NULL) == -1)
		fatalx("cannot watch the control socket");
}

void
control_close(void)
{
	struct client *client;

	if (listener == -1)
		return;
	unlink(socket_path);
	while ((client = TAILQ_FIRST(&clients)) != NULL)
		client_free(client);
	event_free(accept_event);
	close(listener);
	listener = -1;
}
