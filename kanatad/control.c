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
#include "../common/usage.h"
#include "control.h"

#define CLIENTS_MAX	32
#define UNREAD_MAX	(256 * 1024)	/* bytes; then no more is asked for */

static TAILQ_HEAD(, client)	 clients = TAILQ_HEAD_INITIALIZER(clients);
static unsigned			 nclients;
static int			 listener = -1;
static struct event		*accept_event;
static char			 socket_path[108];
static uint32_t			 last_question;

/* -- clients ------------------------------------------------------------------ */

static void
record_ask(const struct question *q, bool more)
{
	struct message_out *m = message_new(MSG_RECORD_ASK, q->id);

	message_put_b(m, more);
	channel_send(q->child->channel, m, -1);
}

static void
client_free(struct client *client)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&client->questions)) != NULL) {
		if (client->recording)
			record_ask(q, false);
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
	}
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

/* -- show ---------------------------------------------------------------------- */

static const char *
state_name(const struct child *child)
{
	switch (child->state) {
	case CHILD_DEAD:
		return ("waiting to be started again");
	case CHILD_STARTING:
		return ("starting");
	case CHILD_PREPARING:
	case CHILD_PREPARED:
		return ("preparing");
	case CHILD_RUNNING:
		return ("running");
	case CHILD_STOPPING:
		return ("stopping");
	}
	return ("?");
}

/* child NULL: the parent itself. */
static void
send_worker(struct channel *to, uint32_t id, const struct child *child)
{
	struct message_out *m = message_new(MSG_SHOW_WORKER, id);

	message_put_s(m, child == NULL ? "kanatad" : child->name);
	message_put_u(m, child == NULL ? (unsigned)getpid() :
	    (unsigned)child->pid);
	message_put_s(m, child == NULL ? "running" : state_name(child));
	message_put_u(m, child == NULL ? main_started : child->started);
	message_put_u(m, child == NULL ? 0 : child->restarts);
	message_put_u(m, child == NULL ? main_landlock : child->landlock);
	message_put_s(m, child == NULL ? "" : child->death);
	message_put_u(m, child == NULL ? usage_memory() : child->memory);
	message_put_u(m, child == NULL ? usage_cpu() : child->cpu);
	channel_send(to, m, -1);
}

static void
send_workers(struct channel *to, uint32_t id)
{
	const struct child *child;

	send_worker(to, id, NULL);
	TAILQ_FOREACH(child, &children, entry)
		if (child->role != ROLE_PARSER)
			send_worker(to, id, child);
}

void
control_tell_web(void)
{
	struct child *web = supervise_find(ROLE_WEB, 0);

	if (web == NULL || web->state != CHILD_RUNNING)
		return;
	send_workers(web->channel, 0);
	channel_send_empty(web->channel, MSG_SHOW_END, 0);
}

static void
show_done(struct client *client)
{
	if (!client->showing || !TAILQ_EMPTY(&client->questions))
		return;
	client->showing = false;
	if (client->ordering) {
		client->ordering = false;
		control_answer(client, client->show_id, "the notifier ended or "
		    "did not answer in time: look with `kanatactl show "
		    "silences` whether it was done", NULL);
	} else if (client->recording) {
		client->recording = false;
		control_answer(client, client->show_id, "the recording ends here: the "
		    "notifier ended, or it was not read fast enough", NULL);
	} else
		channel_send_empty(client->channel, MSG_SHOW_END,
		    client->show_id);
	control_wait(client, CLIENT_TIME);
}

static void
ask_part(struct question *q)
{
	struct message_out *m = message_new(MSG_PODS_ASK, q->id);

	message_put_u(m, q->cursor);
	channel_send(q->child->channel, m, -1);
}

/* Parts are asked for as fast as the client reads them. */
static void
ask_more(evutil_socket_t fd, short event, void *arg)
{
	static const struct timeval soon = { 0, 10 * 1000 };
	struct client *client = arg;
	struct question *q;

	(void)fd;
	(void)event;
	if (channel_pending(client->channel) > UNREAD_MAX) {
		evtimer_add(client->more, &soon);
		return;
	}
	TAILQ_FOREACH(q, &client->questions, entry)
		if (q->waits && client->recording) {
			q->waits = false;
			record_ask(q, true);
		} else if (q->waits) {
			q->waits = false;
			ask_part(q);
			control_wait(client, SHOW_TIME);
		}
}

struct question *
control_question(struct client *client, struct child *child)
{
	struct question *q;

	if ((q = calloc(1, sizeof(*q))) == NULL)
		fatal("calloc");
	q->child = child;
	q->id = ++last_question;
	TAILQ_INSERT_TAIL(&client->questions, q, entry);
	return (q);
}

static void
ask(struct client *client, struct child *child, uint64_t what)
{
	struct message_out *m;
	struct question *q;

	if (child->state != CHILD_RUNNING) {
		m = message_new(MSG_SHOW_STATE, client->show_id);
		message_put_s(m, child->name);
		message_put_s(m, "does not run: no answer from it");
		channel_send(client->channel, m, -1);
		return;
	}
	q = control_question(client, child);
	if (what == SHOW_PODS) {
		ask_part(q);
		return;
	}
	m = message_new(MSG_SHOW_ASK, q->id);
	message_put_u(m, what);
	channel_send(child->channel, m, -1);
}

static const char *
on_show(struct client *client, struct message *m)
{
	uint64_t what = message_get_u(m);
	struct child *child;

	if (client->showing)
		return ("it asks before the last answer was complete");
	client->showing = true;
	client->show_id = m->id;
	control_wait(client, SHOW_TIME);
	if (what & SHOW_WORKERS)
		send_workers(client->channel, m->id);
	TAILQ_FOREACH(child, &children, entry) {
		if ((child->role == ROLE_NOTIFIER && what & (SHOW_COMPONENTS |
		    SHOW_INCIDENTS | SHOW_STATE | SHOW_SILENCES |
		    SHOW_DAYS)) ||
		    (child->role == ROLE_WATCHER && what & SHOW_WATCHES) ||
		    (child->role == ROLE_STORE && what & (SHOW_STATE |
		    SHOW_LEADER)))
			ask(client, child, what & ~(uint64_t)SHOW_PODS);
		if (child->role == ROLE_WATCHER && what & SHOW_PODS)
			ask(client, child, SHOW_PODS);
	}
	show_done(client);
	return (NULL);
}

/* Until the client goes: it may be silent as long as it likes. */
static const char *
on_record(struct client *client, uint32_t id)
{
	struct child *notifier = supervise_find(ROLE_NOTIFIER, 0);

	if (client->showing)
		return ("it asks before the last answer was complete");
	if (notifier == NULL || notifier->state != CHILD_RUNNING) {
		control_answer(client, id, "the notifier does not run: try again",
		    NULL);
		return (NULL);
	}
	client->showing = client->recording = true;
	client->show_id = id;
	event_del(client->timer);
	record_ask(control_question(client, notifier), true);
	return (NULL);
}

static struct question *
question_find(const struct child *child, uint32_t id, struct client **owner)
{
	struct client *client;
	struct question *q;

	TAILQ_FOREACH(client, &clients, entry)
		TAILQ_FOREACH(q, &client->questions, entry)
			if (q->child == child && q->id == id) {
				*owner = client;
				return (q);
			}
	return (NULL);
}

static void
question_done(struct client *client, struct question *q)
{
	TAILQ_REMOVE(&client->questions, q, entry);
	free(q);
	show_done(client);
}

const char *
control_dispatch(struct child *child, struct message *m)
{
	struct client *client;
	struct question *q;

	/* The client may be gone: then so is the question. */
	if ((q = question_find(child, m->id, &client)) == NULL)
		return (m->id > 0 && m->id <= last_question ? NULL :
		    "an answer that nobody asked for");
	if (m->type == MSG_SHOW_END) {
		client->ordering = false;
		question_done(client, q);
	} else if (m->type == MSG_CTL_OK || m->type == MSG_CTL_FAILED) {
		TAILQ_REMOVE(&client->questions, q, entry);
		free(q);
		control_ordered(client, m);
	} else if (m->type == MSG_PODS_PART) {
		if ((q->cursor = message_get_u(m)) == 0)
			question_done(client, q);
		else {
			q->waits = true;
			ask_more(-1, 0, client);
		}
	} else if (m->type == MSG_RECORD_PART) {
		if (message_get_b(m))
			question_done(client, q);
		else {
			q->waits = true;
			ask_more(-1, 0, client);
		}
	} else
		channel_send(client->channel, message_forward(m,
		    client->show_id), -1);
	return (NULL);
}

void
control_child_gone(struct child *child)
{
	struct client *client;
	struct question *q, *next;

	TAILQ_FOREACH(client, &clients, entry) {
		for (q = TAILQ_FIRST(&client->questions); q != NULL; q = next) {
			next = TAILQ_NEXT(q, entry);
			if (q->child != child)
				continue;
			TAILQ_REMOVE(&client->questions, q, entry);
			free(q);
		}
		show_done(client);
	}
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
		return (on_show(client, m));
	case MSG_CTL_RECORD:
		return (on_record(client, m->id));
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
	show_done(client);
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
	if ((client = calloc(1, sizeof(*client))) == NULL)
		fatal("calloc");
	TAILQ_INIT(&client->questions);
	getpeereid(fd, &uid, &gid);
	client->uid = uid;
	client->timer = evtimer_new(base, on_client_timeout, client);
	client->more = evtimer_new(base, ask_more, client);
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
