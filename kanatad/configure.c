/* Giving the workers their configuration: at the start, at a worker's restart,
 * and at a reload in two phases. */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "kanatad.h"

#define BARRIER_TIME	60	/* s for all to prepare */

static struct setup	*running, *next;	/* next: a reload's, or the first */
static uint64_t		 generation;
static bool		 parsing, once_more;
static configure_done_fn done_fn;
static void		*done_arg;
static struct event	*barrier_timer;

const struct setup *
configure_running(void)
{
	return (running);
}

/*
 * The store's argument: the directory of the embedded engine, or for etcd a mark of
 * this life of the parent, by which a store that is started again knows the lease
 * of the one before as its own.
 */
static const char *
store_argument(const struct setup *setup)
{
	static char mark[32];

	if (setup->conf->etcd == NULL)
		return (setup->conf->global.store_dir);
	if (mark[0] == '\0')
		snprintf(mark, sizeof(mark), "etcd:%08x%08x", arc4random(),
		    arc4random());
	return (mark);
}

/* Watchers come and go with their clusters, web with its section. */
static bool
is_wanted(const struct child *child, struct setup *setup)
{
	if (child->role == ROLE_WATCHER)
		return (setup_cluster_find(setup, child->instance) != NULL);
	return (child->role != ROLE_WEB || setup->conf->web != NULL);
}

/* The configuration that a child must have now. */
static struct setup *
setup_for(const struct child *child)
{
	return (next != NULL && is_wanted(child, next) ? next : running);
}

static void	prepare(struct child *);

/* -- the end of it --------------------------------------------------------------- */

static void
report(const char *error)
{
	configure_done_fn fn = done_fn;

	done_fn = NULL;
	if (fn != NULL)
		fn(error, done_arg);
	if (once_more) {
		once_more = false;
		configure_reload(NULL, NULL);
	}
}

/* The running configuration has no use for it. */
static bool
remove_if_gone(struct child *child)
{
	if (is_wanted(child, running))
		return (false);
	supervise_remove(child);
	return (true);
}

static void
abort_next(const char *error)
{
	struct child *child, *after;
	struct message_out *m;

	if (running == NULL)
		fatalx("%s", error);
	log_warnx("reload: %s; the old configuration stays", error);
	for (child = TAILQ_FIRST(&children); child != NULL; child = after) {
		after = TAILQ_NEXT(child, entry);
		if (remove_if_gone(child))
			continue;
		if (child->state != CHILD_PREPARING &&
		    child->state != CHILD_PREPARED)
			continue;
		m = message_new(MSG_CONF_ABORT, 0);
		message_put_u(m, next->generation);
		channel_send(child->channel, m, -1);
		child->state = CHILD_RUNNING;
	}
	setup_free(next);
	next = NULL;
	setup_share_listener(running, false);
	event_del(barrier_timer);
	/* Started in the meantime, and never given the old one. */
	TAILQ_FOREACH(child, &children, entry)
		if (child->state == CHILD_RUNNING && !child->committed)
			prepare(child);
	notify_send("READY=1");
	report(error);
}

static void
commit_child(struct child *child, uint64_t gen)
{
	struct message_out *m = message_new(MSG_CONF_COMMIT, 0);

	message_put_u(m, gen);
	channel_send(child->channel, m, -1);
	child->state = CHILD_RUNNING;
	if (child->role == ROLE_WEB)
		setup_send_listener(running, child);
	control_tell_web();
}

/* When all that are to run do: who was started for a reload, or while it was
 * prepared, is linked to those before it and those after. */
static void
link_child(struct child *child)
{
	if (child->state != CHILD_RUNNING || child->committed)
		return;
	supervise_link(child);
	child->committed = true;
}

static void
commit_next(void)
{
	struct setup *old = running;
	struct child *child, *after;
	bool first = old == NULL;

	running = next;
	next = NULL;
	event_del(barrier_timer);
	for (child = TAILQ_FIRST(&children); child != NULL; child = after) {
		after = TAILQ_NEXT(child, entry);
		if (remove_if_gone(child))
			continue;
		if (child->state != CHILD_PREPARED)
			continue;
		commit_child(child, running->generation);
	}
	TAILQ_FOREACH(child, &children, entry)
		link_child(child);
	if (!first)
		supervise_link_health();
	if (!options.verbose)
		control_set_verbose(running->conf->global.log_verbose);
	if (options.mode == MODE_RUN)
		layout_set_json(running->conf->global.log_json);
	setup_free(old);
	notify_send("READY=1");
	if (first)
		main_running();
	else
		log_info("reload: the new configuration runs");
	report(NULL);
}

/* Who is dead gets the new one when it starts; but where to listen must be known
 * to be possible. */
static bool
is_needed(const struct child *child)
{
	return (running == NULL || (child->role == ROLE_DIALER &&
	    next->conf->web != NULL && next->listener == -1));
}

/* All that live have prepared. */
static void
barrier(void)
{
	struct child *child;

	if (next == NULL)
		return;
	TAILQ_FOREACH(child, &children, entry) {
		if (child->role == ROLE_PARSER || setup_for(child) != next)
			continue;
		if (child->state == CHILD_STARTING ||
		    child->state == CHILD_PREPARING ||
		    (child->state == CHILD_DEAD && is_needed(child)))
			return;
	}
	commit_next();
}

static void
on_barrier_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct child *child;

	(void)fd;
	(void)what;
	(void)arg;
	TAILQ_FOREACH(child, &children, entry)
		if (child->state == CHILD_PREPARING)
			supervise_kill(child, "it does not prepare its "
			    "configuration");
	abort_next("a worker does not answer in time");
}

/* -- one worker ------------------------------------------------------------------- */

static void
prepare(struct child *child)
{
	struct setup *setup = setup_for(child);
	static char text[1400];
	const char *why;

	child->state = CHILD_PREPARING;
	if ((why = setup_send(setup, child, options.observe)) == NULL)
		return;
	snprintf(text, sizeof(text), "%s: %s", child->name, why);
	if (setup == next)
		abort_next(text);
	else
		supervise_kill(child, "its secrets cannot be opened");
}

static const char *
on_ready(struct child *child, struct message *m)
{
	struct message_out *out;
	struct setup *setup;

	if (child->state != CHILD_STARTING)
		return ("it is ready twice");
	child->landlock = message_get_u(m);
	child->committed = false;
	if ((setup = setup_for(child)) == NULL)
		return ("it is not wanted");
	if (child->landlock == 0 && child->role != ROLE_RUNNER) {
		if (setup->conf->global.strict)
			fatalx("%s: Landlock is not there, and strict is set",
			    child->name);
		log_warnx("%s: Landlock is not there: seccomp alone holds it",
		    child->name);
	}
	out = message_new(MSG_PROC_VERBOSE, 0);
	message_put_u(out, log_is_verbose());
	channel_send(child->channel, out, -1);
	prepare(child);
	return (NULL);
}

static const char *
on_prepared(struct child *child, uint64_t gen)
{
	struct setup *setup = setup_for(child);

	if (child->state != CHILD_PREPARING)
		return (NULL);	/* of a reload that was given up */
	if (gen != setup->generation)
		return (NULL);
	if (setup == next) {
		child->state = CHILD_PREPARED;
		barrier();
		return (NULL);
	}
	commit_child(child, gen);
	link_child(child);
	log_info("%s runs again, pid %d", child->name, child->pid);
	return (NULL);
}

static const char *
on_refused(struct child *child, struct message *m)
{
	static char text[1400];
	uint64_t gen = message_get_u(m);

	snprintf(text, sizeof(text), "%s: %s", child->name,
	    log_safe(message_get_s(m)));
	if (child->state != CHILD_PREPARING)
		return (NULL);
	if (next != NULL && gen == next->generation)
		abort_next(text);
	else {
		log_warnx("%s", text);
		supervise_kill(child, "it refuses the running configuration");
	}
	return (NULL);
}

static const char *
on_secret_again(struct child *child, uint64_t kind)
{
	struct setup_cluster *cluster = NULL;
	const struct source *sources = running->secrets;
	struct message_out *m;
	const char *why;
	int fd = -1;

	if (kind >= SECRET_MAX || !setup_role_holds(child->role, kind))
		return ("it asks for a secret that it may not hold");
	if (child->role == ROLE_WATCHER) {
		cluster = setup_cluster_find(running, child->instance);
		if (cluster == NULL)
			return (NULL);
		sources = cluster->secrets;
	}
	if (kind == SECRET_KUBE_EXEC) {
		if (sources[kind].fd != -1 &&
		    (fd = run_plugin(cluster, &why)) == -1)
			log_debug("%s: the exec plugin is not run: %s",
			    child->name, why);
	} else if (sources[kind].fd != -1 || sources[kind].path != NULL) {
		fd = source_open(&sources[kind], &why);
		if (fd == -1)
			log_warnx("%s: %s cannot be read again: %s; the old "
			    "one stays in use", child->name, secret_name(kind),
			    why);
	}
	m = message_new(MSG_SECRET_FRESH, 0);
	message_put_u(m, kind);
	channel_send(child->channel, m, fd);
	return (NULL);
}

static const char *
on_listening(struct child *child, struct message *m)
{
	if (next == NULL || message_get_u(m) != next->generation)
		return (NULL);	/* of a reload that was given up */
	if (next->conf->web == NULL || next->listener != -1 ||
	    child->state != CHILD_PREPARING)
		return ("it listens where nobody wanted it to");
	next->listener = message_take_fd(m);
	return (NULL);
}

const char *
configure_dispatch(struct child *child, struct message *m)
{
	switch (m->type) {
	case MSG_PROC_READY:
		return (on_ready(child, m));
	case MSG_CONF_PREPARED:
		return (on_prepared(child, message_get_u(m)));
	case MSG_CONF_REFUSED:
		return (on_refused(child, m));
	case MSG_DIAL_LISTENING:
		return (on_listening(child, m));
	default:
		if (running == NULL)
			return ("it asks for a secret too early");
		return (on_secret_again(child, message_get_u(m)));
	}
}

bool
configure_child_gone(struct child *child)
{
	static char text[512];
	bool removed;

	if (next == NULL || setup_for(child) != next)
		return (false);
	removed = running != NULL && !is_wanted(child, running);
	snprintf(text, sizeof(text), "%s ended: %s", child->name, child->death);
	abort_next(text);
	return (removed);
}

/* -- begin ------------------------------------------------------------------------- */

static void
begin(struct setup *setup)
{
	static const struct timeval limit = { BARRIER_TIME, 0 };
	struct setup_cluster *cluster;
	struct child *child;

	next = setup;
	next->generation = ++generation;
	if (running != NULL)
		setup_keep_listener(next, running);
	if (barrier_timer == NULL && (barrier_timer = evtimer_new(base,
	    on_barrier_timeout, NULL)) == NULL)
		fatalx("cannot make a timer");
	evtimer_add(barrier_timer, &limit);
	TAILQ_FOREACH(child, &children, entry) {
		if (child->state == CHILD_RUNNING && setup_for(child) == next)
			prepare(child);
		if (next == NULL)
			return;		/* it failed */
	}
	if (running == NULL) {
		supervise_add(ROLE_DIALER, 0, NULL, "");
		supervise_add(ROLE_NOTIFIER, 0, NULL, "");
		if (options.mode == MODE_LIST)
			return;
		supervise_add(ROLE_STORE, 0, NULL, store_argument(next));
	}
	if (next->conf->web != NULL && supervise_find(ROLE_WEB, 0) == NULL)
		supervise_add(ROLE_WEB, 0, NULL, "");
	TAILQ_FOREACH(cluster, &next->clusters, entry)
		if (supervise_find(ROLE_WATCHER, cluster->instance) == NULL)
			supervise_add(ROLE_WATCHER, cluster->instance,
			    cluster->conf->name, "");
	barrier();
}

void
configure_begin(struct setup *setup)
{
	begin(setup);
}

/* What cannot change without a restart. */
static const char *
check_unchanged(const struct setup *setup)
{
	const struct conf_global *old = &running->conf->global,
	    *new = &setup->conf->global;

	if (strcmp(store_argument(running), store_argument(setup)) != 0)
		return ("the store cannot be changed by a reload: restart "
		    "kanatad");
	if (strcmp(old->control_socket, new->control_socket) != 0 ||
	    strcmp(old->control_group, new->control_group) != 0)
		return ("the control socket cannot be changed by a reload: "
		    "restart kanatad");
	if (strcmp(old->instance, new->instance) != 0)
		return ("the instance cannot be changed by a reload: restart "
		    "kanatad");
	if (setup_has_plugin(setup) && supervise_find(ROLE_RUNNER, 0) == NULL)
		return ("a kubeconfig has an exec plugin now, and what runs it "
		    "cannot be started from within the cage: restart kanatad");
	return (NULL);
}

static void
on_parsed(struct setup *setup, const char *error)
{
	parsing = false;
	if (setup != NULL && (error = check_unchanged(setup)) == NULL) {
		begin(setup);
		return;
	}
	log_warnx("reload: %s; the old configuration stays", error);
	setup_free(setup);
	notify_send("READY=1");
	report(error);
}

/* The file may have changed since it was read. */
void
configure_reload_again(void)
{
	if (configure_reload(NULL, NULL) == -1)
		once_more = true;
}

int
configure_reload(configure_done_fn fn, void *arg)
{
	char state[64];

	if (parsing || next != NULL || running == NULL)
		return (-1);
	parsing = true;
	done_fn = fn;
	done_arg = arg;
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu000",
	    (unsigned long long)clock_ticks());
	notify_send(state);
	log_info("reload: reading %s", options.conf);
	parse_start(options.conf, on_parsed);
	return (0);
}
