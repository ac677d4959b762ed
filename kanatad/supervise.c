/* Who runs, who is linked to whom, who is started again and when. */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "kanatad.h"

#define PING_EVERY	5		/* s */
#define PINGS_MAX	3		/* unanswered */
#define START_TIME	30		/* s to become READY and PREPARED */
#define STOP_TIME	5		/* s to end by itself */

struct children children = TAILQ_HEAD_INITIALIZER(children);

/* Who talks to whom. */
static const struct { enum role a, b; } pairs[] = {
	{ ROLE_WATCHER, ROLE_DIALER },
	{ ROLE_NOTIFIER, ROLE_DIALER },
	{ ROLE_STORE, ROLE_DIALER },
	{ ROLE_WATCHER, ROLE_NOTIFIER },
	{ ROLE_NOTIFIER, ROLE_STORE },
	{ ROLE_NOTIFIER, ROLE_WEB },
	{ ROLE_WATCHER, ROLE_WEB },
};

static struct event *sigchld, *ping_timer;
static bool stopping;

struct child *
supervise_find(enum role role, unsigned instance)
{
	struct child *child;

	TAILQ_FOREACH(child, &children, entry)
		if (child->role == role && child->instance == instance &&
		    child->state != CHILD_STOPPING)
			return (child);
	return (NULL);
}

void
supervise_kill(struct child *child, const char *why)
{
	if (child->pid == 0 || child->killed_for != NULL)
		return;
	log_warnx("%s: %s; killed", child->name, why);
	child->killed_for = why;
	if (kill(child->pid, SIGKILL) == 0)
		return;
	/* The runner is no part of the parent's cage, which from Landlock's ABI 6
	 * on means: out of reach.  It dies with the parent. */
	log_warn("%s: kill; kanatad ends", child->name);
	supervise_stop(1);
}

/* -- messages ---------------------------------------------------------------- */

static const char *
on_hung(struct child *child, struct message *m)
{
	uint64_t role = message_get_u(m), instance = message_get_u(m);
	struct child *peer;
	unsigned i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((pairs[i].a == child->role && pairs[i].b == role) ||
		    (pairs[i].b == child->role && pairs[i].a == role))
			break;
	if (i == sizeof(pairs) / sizeof(pairs[0]))
		return ("it complains of a role that it has no link to");
	if ((peer = supervise_find(role, instance)) != NULL)
		supervise_kill(peer, "a peer says that it does not read or "
		    "breaks the protocol");
	return (NULL);
}

static const char *
dispatch(struct channel *c, struct message *m, void *arg)
{
	struct child *child = arg;

	(void)c;
	if (child->role == ROLE_PARSER)
		return (parse_dispatch(child, m));
	if (child->role == ROLE_REPLAY)
		return (replay_dispatch(child, m));
	switch (m->type) {
	case MSG_PROC_PONG:
		child->pings = 0;
		child->memory = message_get_u(m);
		child->cpu = message_get_u(m);
		return (NULL);
	case MSG_PROC_HUNG:
		return (on_hung(child, m));
	case MSG_PROC_READY:
	case MSG_CONF_PREPARED:
	case MSG_CONF_REFUSED:
	case MSG_DIAL_LISTENING:
	case MSG_SECRET_AGAIN:
		return (configure_dispatch(child, m));
	case MSG_RUN_ENDED:
		return (run_on_ended(m));
	case MSG_LIST_COMPONENT:
	case MSG_LIST_FAILED:
	case MSG_LIST_END:
		return (list_dispatch(m));
	default:
		return (control_dispatch(child, m));
	}
}

static void
gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	struct child *child = arg;

	(void)c;
	/* A worker that closes its channel is about to die of itself; what it
	 * breaks or does not read is ours to end. */
	if (end == CHANNEL_CLOSED && child->killed_for == NULL)
		return;
	supervise_kill(child, why);
}

/* -- links ------------------------------------------------------------------- */

static void
send_link(struct child *to, const struct child *peer, int fd)
{
	struct message_out *m = message_new(MSG_PROC_LINK, 0);

	message_put_u(m, peer->role);
	message_put_u(m, peer->instance);
	message_put_s(m, peer->role == ROLE_WATCHER ?
	    strchr(peer->name, '/') + 1 : "");
	channel_send(to->channel, m, fd);
}

static void
link_pair(struct child *a, struct child *b)
{
	int fd[2];

	/* An embedded store has no one to dial. */
	if (a->role == ROLE_STORE && b->role == ROLE_DIALER &&
	    a->argument[0] == '/')
		return;
	channel_pair(fd);
	send_link(a, b, fd[0]);
	send_link(b, a, fd[1]);
}

void
supervise_link(struct child *child)
{
	struct child *peer;
	unsigned i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		TAILQ_FOREACH(peer, &children, entry) {
			if (peer->state != CHILD_RUNNING || !peer->committed)
				continue;
			if (pairs[i].a == child->role &&
			    pairs[i].b == peer->role)
				link_pair(child, peer);
			else if (pairs[i].b == child->role &&
			    pairs[i].a == peer->role)
				link_pair(peer, child);
		}
}

void
supervise_link_health(void)
{
	struct child *child, *notifier;

	notifier = supervise_find(ROLE_NOTIFIER, 0);
	if (notifier == NULL || notifier->state != CHILD_RUNNING)
		return;
	TAILQ_FOREACH(child, &children, entry)
		if (child->role == ROLE_WATCHER &&
		    child->state == CHILD_RUNNING)
			link_pair(child, notifier);
}

/* -- life and death ---------------------------------------------------------- */

static void
on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	child->restarts++;
	child_start(child, dispatch, gone);
}

struct child *
supervise_add(enum role role, unsigned instance, const char *name,
    const char *argument)
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->role = role;
	child->instance = instance;
	if (name == NULL)
		strlcpy(child->name, role_name(role), sizeof(child->name));
	else
		snprintf(child->name, sizeof(child->name), "%s/%s",
		    role_name(role), name);
	strlcpy(child->argument, argument, sizeof(child->argument));
	if ((child->restart_event = evtimer_new(base, on_restart, child)) == NULL)
		fatalx("cannot make a timer");
	TAILQ_INSERT_TAIL(&children, child, entry);
	child_start(child, dispatch, gone);
	return (child);
}

static void
child_free(struct child *child)
{
	TAILQ_REMOVE(&children, child, entry);
	event_free(child->restart_event);
	free(child);
}

void
supervise_remove(struct child *child)
{
	child->state = CHILD_STOPPING;
	if (child->pid == 0) {
		child_free(child);
		return;
	}
	/* It ends when its channel does. */
	channel_free(child->channel);
	child->channel = NULL;
}

/*
 * Three cage deaths or memory faults in ten minutes: the service manager must see it.
 * But anybody may connect to web, so its deaths must not end the others: it is left
 * away for so many s.
 */
static time_t
third_crime(const struct child *child)
{
	if (child->role == ROLE_WEB) {
		log_warnx("%s died of its cage or a memory fault three times in "
		    "ten minutes; the others go on without it", child->name);
		return (CRIMES_WITHIN / 1000);
	}
	log_warnx("%s died of its cage or a memory fault three times in ten "
	    "minutes: %s; kanatad ends", child->name, child->death);
	supervise_stop(1);
}

static void
restart_later(struct child *child, int status)
{
	struct timeval tv = { 0, 0 };
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    child->killed_for == NULL, third;

	tv.tv_sec = restart_delay(&child->restart, clean,
	    child_is_crime(status),
	    clock_ticks() - child->started_ticks, clock_ticks(), &third);
	if (third)
		tv.tv_sec = third_crime(child);
	log_warnx("%s ended: %s; started again in %lld s", child->name,
	    child->death, (long long)tv.tv_sec);
	evtimer_add(child->restart_event, &tv);
}

static void
on_death(struct child *child, int status)
{
	bool was_stopping, removed;

	if (child->channel != NULL)
		channel_drain(child->channel);
	/* Also by what it said last. */
	was_stopping = child->state == CHILD_STOPPING;
	child_bury(child, status);
	child->state = CHILD_DEAD;
	if (child->role == ROLE_PARSER) {
		parse_child_gone(child);
		was_stopping = true;
	}
	if (was_stopping) {
		child_free(child);
		return;
	}
	if (child->role == ROLE_REPLAY)
		replay_child_gone(child);
	if (child->role == ROLE_RUNNER) {
		log_warnx("%s ended: %s; it cannot be started again from within "
		    "the cage, and no exec plugin runs without it: kanatad "
		    "ends", child->name, child->death);
		supervise_stop(1);
	}
	control_child_gone(child);
	removed = configure_child_gone(child);
	control_tell_web();
	if (removed)
		return;
	if (options.mode == MODE_LIST)
		fatalx("%s ended: %s", child->name, child->death);
	restart_later(child, status);
}

static void
on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	struct child *child;
	pid_t pid;
	int status;

	(void)sig;
	(void)what;
	(void)arg;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		TAILQ_FOREACH(child, &children, entry)
			if (child->pid == pid)
				break;
		if (child != NULL)
			on_death(child, status);
	}
}

static void
on_ping(evutil_socket_t fd, short what, void *arg)
{
	struct child *child;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(child, &children, entry) {
		if (child->state == CHILD_STOPPING &&
		    child->pings++ >= PINGS_MAX)
			supervise_kill(child, "it does not end");
		if (child->channel == NULL || child->role == ROLE_PARSER ||
		    child->role == ROLE_REPLAY)
			continue;
		if (child->state != CHILD_RUNNING &&
		    clock_ticks() - child->started_ticks < START_TIME * 1000)
			continue;
		if (child->state == CHILD_STARTING)
			supervise_kill(child, "it does not become ready");
		else if (child->pings >= PINGS_MAX)
			supervise_kill(child, "it does not answer");
		else {
			child->pings++;
			channel_send_empty(child->channel, MSG_PROC_PING, 0);
		}
	}
	control_tell_web();
}

bool
supervise_all_answer(void)
{
	struct child *child;

	TAILQ_FOREACH(child, &children, entry)
		if (child->pid != 0 && (child->killed_for != NULL ||
		    child->pings >= PINGS_MAX))
			return (false);
	return (true);
}

void
supervise_init(void)
{
	static const struct timeval every = { PING_EVERY, 0 };

	sigchld = evsignal_new(base, SIGCHLD, on_sigchld, NULL);
	ping_timer = event_new(base, -1, EV_PERSIST, on_ping, NULL);
	if (sigchld == NULL || ping_timer == NULL ||
	    evsignal_add(sigchld, NULL) == -1 ||
	    evtimer_add(ping_timer, &every) == -1)
		fatalx("cannot watch for ended processes");
}

void
supervise_stop(int status)
{
	struct child *child;
	uint64_t deadline = clock_ticks() + STOP_TIME * 1000;
	static const struct timespec pause = { 0, 10 * 1000 * 1000 };
	bool left;

	if (stopping)
		_exit(status);
	stopping = true;
	notify_send("STOPPING=1");
	control_close();
	TAILQ_FOREACH(child, &children, entry) {
		channel_free(child->channel);
		child->channel = NULL;
	}
	do {
		left = false;
		TAILQ_FOREACH(child, &children, entry) {
			if (child->pid != 0 && waitpid(child->pid, NULL,
			    WNOHANG) == child->pid) {
				child->pid = 0;
				/* Its last words. */
				lines_close(&child->log);
			}
			left = left || child->pid != 0;
		}
		if (left)
			nanosleep(&pause, NULL);
	} while (left && clock_ticks() < deadline);
	TAILQ_FOREACH(child, &children, entry)
		if (child->pid != 0)
			kill(child->pid, SIGKILL);
	exit(status);
}
