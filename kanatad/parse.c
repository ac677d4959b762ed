/* Parser processes, one for each file: the configuration, the file with the
 * webhook's address, the users of the dashboard, the kubeconfig, which may be
 * several files. */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "kanatad.h"

#define PARSE_TIME	20	/* s for one file */

static struct {
	parse_done_fn		 done;
	struct setup		*setup;
	enum { CONF, WEBHOOK, USERS, KUBECONFIG } step;
	struct setup_cluster	*cluster;	/* of the kubeconfig */
	struct child		*parser;
	struct event		*timer;
	struct paths		 files;		/* at hand, mostly one */
	int			 fd[32];	/* of them, until they are sent */
	bool			 complete;	/* MSG_PARSE_DONE came */
	bool			 has_server;
	char			 error[2400];	/* "" if none yet */
} job;

static void
finish(void)
{
	struct setup *setup = job.setup;
	parse_done_fn done = job.done;

	event_free(job.timer);
	job.timer = NULL;
	job.setup = NULL;
	job.done = NULL;
	if (job.error[0] != '\0') {
		setup_free(setup);
		setup = NULL;
	}
	done(setup, setup == NULL ? job.error : NULL);
}

static void
fail(const char *what, const char *why)
{
	if (job.error[0] == '\0')
		snprintf(job.error, sizeof(job.error), "%s: %s", what, why);
}

/*
 * Watchers keep their number through reloads, by the name of the cluster; a name
 * that was never seen gets the next one.
 */
static unsigned
instance_of(const char *name)
{
	static char *names[INSTANCES_MAX];
	unsigned i;

	for (i = 0; i < INSTANCES_MAX; i++) {
		if (names[i] == NULL)
			names[i] = xstrdup(name);
		if (strcmp(names[i], name) == 0)
			return (i);
	}
	fail(name, "too many clusters have come and gone: restart kanatad");
	return (0);
}

/* -- rows --------------------------------------------------------------------- */

static bool
is_at_hand(const char *path)
{
	unsigned i;

	for (i = 0; i < job.files.count; i++)
		if (strcmp(job.files.path[i], path) == 0)
			return (true);
	return (false);
}

static const char *
on_position(struct message *m, bool is_error)
{
	const char *path = message_get_s(m);
	unsigned line = message_get_u(m), column = message_get_u(m);
	const char *text = log_safe_long(message_get_s(m));

	if (!is_at_hand(path))
		return ("a word about a file that it was not given");
	if (!is_error)
		log_warnx("%s:%u:%u: %s", path, line, column, text);
	else if (job.error[0] == '\0' && line == 0)
		snprintf(job.error, sizeof(job.error), "%s: %s", path, text);
	else if (job.error[0] == '\0')
		snprintf(job.error, sizeof(job.error), "%s:%u:%u: %s", path,
		    line, column, text);
	return (NULL);
}

/* The kinds that a file of this step may have. */
static bool
expects_secret(uint64_t kind)
{
	switch (job.step) {
	case CONF:
		return (kind < SECRET_KUBE_CA);
	case WEBHOOK:
		return (kind == SECRET_WEBHOOK_URL);
	case USERS:
		return (kind == SECRET_WEB_USERS);
	default:
		return (kind >= SECRET_KUBE_CA && kind < SECRET_MAX);
	}
}

static const char *
on_secret(struct message *m, bool is_file)
{
	struct source *sources = job.step == KUBECONFIG ?
	    job.cluster->secrets : job.setup->secrets;
	uint64_t kind = message_get_u(m);

	if (!expects_secret(kind) || (is_file && kind == SECRET_KUBE_EXEC))
		return ("a secret does not belong into this file");
	if (is_file)
		source_set(&sources[kind], kind, -1, message_get_s(m));
	else
		source_set(&sources[kind], kind, message_take_fd(m),
		    job.step == CONF || job.step == KUBECONFIG ? NULL :
		    job.files.path[0]);
	if (kind == SECRET_KUBE_EXEC)
		job.cluster->conf->plugin = true;
	return (NULL);
}

static const char *
on_server(struct message *m)
{
	struct address server = { .host = "" }, proxy = { .host = "" };
	struct conf_cluster *conf;
	const char *why;

	if (job.step != KUBECONFIG || job.has_server)
		return ("a server does not belong here");
	job.has_server = true;
	conf = job.cluster->conf;
	strlcpy(server.host, message_get_s(m), sizeof(server.host));
	server.port = message_get_u(m);
	xreplace(&conf->path, message_get_s(m));
	server.tls = message_get_b(m);
	xreplace(&conf->tls_name, message_get_s(m));
	conf->insecure = message_get_b(m);
	access_default_ns(conf, message_get_s(m));
	strlcpy(proxy.host, message_get_s(m), sizeof(proxy.host));
	proxy.port = message_get_u(m);
	proxy.tls = message_get_b(m);
	why = access_server(job.setup, job.cluster, &server, &proxy);
	if (why != NULL)
		fail(conf->name, why);
	return (NULL);
}

static void
send_file(struct child *parser, unsigned i)
{
	struct message_out *m;
	struct stat st;

	switch (job.step) {
	case CONF:
		m = message_new(MSG_PARSE_CONF, 0);
		message_put_s(m, job.files.path[i]);
		message_put_b(m, fstat(job.fd[i], &st) == 0 &&
		    (st.st_mode & (S_IWGRP | S_IRWXO)) == 0);
		break;
	case WEBHOOK:
		m = message_new(MSG_PARSE_WEBHOOK, 0);
		message_put_s(m, job.files.path[i]);
		break;
	case USERS:
		m = message_new(MSG_PARSE_USERS, 0);
		message_put_s(m, job.files.path[i]);
		break;
	default:
		m = message_new(MSG_PARSE_KUBECONFIG, 0);
		message_put_s(m, job.files.path[i]);
		message_put_s(m, job.cluster->conf->context);
		message_put_b(m, i == job.files.count - 1);
	}
	channel_send(parser->channel, m, job.fd[i]);
	job.fd[i] = -1;
}

static void
send_files(struct child *parser)
{
	unsigned i;

	for (i = 0; i < job.files.count; i++)
		send_file(parser, i);
}

static void
close_files(void)
{
	unsigned i;

	for (i = 0; i < job.files.count; i++)
		if (job.fd[i] != -1)
			close(job.fd[i]);
	job.files.count = 0;
}

const char *
parse_dispatch(struct child *parser, struct message *m)
{
	switch (m->type) {
	case MSG_PROC_READY:
		send_files(parser);
		return (NULL);
	case MSG_PARSE_ERROR:
		return (on_position(m, true));
	case MSG_PARSE_WARNING:
		return (on_position(m, false));
	case MSG_PARSE_DONE:
		job.complete = true;
		return (NULL);
	case MSG_CONF_SECRET:
		return (on_secret(m, false));
	case MSG_CONF_SECRET_FILE:
	case MSG_KUBE_FILE:
		return (on_secret(m, true));
	case MSG_KUBE_SERVER:
		return (on_server(m));
	default:
		if (job.step == KUBECONFIG || job.step == USERS ||
		    (job.step == WEBHOOK &&
		    m->type != MSG_CONF_ENDPOINT))
			return ("a row does not belong into this file");
		return (conf_take(job.setup->conf, m));
	}
}

/* -- one file after the other -------------------------------------------------- */

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (job.parser != NULL)
		supervise_kill(job.parser, "it takes too long");
}

/* Opens the files for a parser of their own and starts that. */
static void
start_parser(int step)
{
	static const struct timeval limit = { PARSE_TIME, 0 };
	/* The configuration's mode matters only if it has a secret: the parser
	 * is told. */
	struct source source = { .fd = -1, .is_public = step == CONF };
	const char *why;
	unsigned i, count = job.files.count;

	job.step = step;
	job.complete = job.has_server = false;
	for (i = 0; i < count; i++) {
		source.path = job.files.path[i];
		if ((job.fd[i] = source_open(&source, &why)) == -1) {
			snprintf(job.error, sizeof(job.error), "%s%s", why,
			    step == USERS && errno == ENOENT ?
			    " (kanatad create-user makes it)" : "");
			job.files.count = i;
			close_files();
			finish();
			return;
		}
	}
	evtimer_add(job.timer, &limit);
	job.parser = supervise_add(ROLE_PARSER, 0, NULL, "");
}

static void
start_parser_of(int step, const char *path)
{
	strlcpy(job.files.path[0], path, sizeof(job.files.path[0]));
	job.files.count = 1;
	start_parser(step);
}

static void
clusters_begin(void)
{
	struct conf *conf = job.setup->conf;
	struct setup_cluster *cluster;
	struct conf_cluster *c;
	unsigned i;

	TAILQ_FOREACH(c, &conf->clusters, entry) {
		cluster = xcalloc(1, sizeof(*cluster));
		cluster->conf = c;
		cluster->instance = instance_of(c->name);
		for (i = 0; i < SECRET_MAX; i++)
			cluster->secrets[i].fd = -1;
		TAILQ_INSERT_TAIL(&job.setup->clusters, cluster, entry);
	}
}

static void
start_next_cluster(struct setup_cluster *cluster)
{
	const char *why;

	for (; cluster != NULL && job.error[0] == '\0';
	    cluster = TAILQ_NEXT(cluster, entry)) {
		job.cluster = cluster;
		why = access_find(job.setup, cluster, &job.files);
		if (why != NULL)
			fail(cluster->conf->name, why);
		else if (job.files.count > 0) {
			start_parser(KUBECONFIG);
			return;
		}
	}
	finish();
}

static void
after_webhook(void)
{
	const struct source *users = &job.setup->secrets[SECRET_WEB_USERS];

	if (users->fd == -1 && users->path != NULL)
		start_parser_of(USERS, users->path);
	else
		start_next_cluster(TAILQ_FIRST(&job.setup->clusters));
}

/* The users are all that is wanted, or none: then their file is to be made. */
static void
to_create_user(void)
{
	const struct source *users = &job.setup->secrets[SECRET_WEB_USERS];

	if (users->path == NULL)
		fail(job.files.path[0], "there is no `users_file` in `web`: "
		    "it says where users are kept");
	if (users->path == NULL || (access(users->path, F_OK) == -1 &&
	    errno == ENOENT))
		finish();
	else
		start_parser_of(USERS, users->path);
}

static void
after_conf(void)
{
	const struct source *webhook = &job.setup->secrets[SECRET_WEBHOOK_URL];

	/* Rules are all that is wanted. */
	if (options.mode == MODE_REPLAY) {
		finish();
		return;
	}
	if (options.mode == MODE_CREATE_USER) {
		to_create_user();
		return;
	}
	clusters_begin();
	/* Its host must become an endpoint, its address must not be seen. */
	if (webhook->fd == -1 && webhook->path != NULL)
		start_parser_of(WEBHOOK, webhook->path);
	else
		after_webhook();
}

void
parse_child_gone(struct child *parser)
{
	const char *path = job.files.path[0];

	job.parser = NULL;
	close_files();
	if (job.error[0] == '\0' && parser->killed_for != NULL)
		fail(path, parser->killed_for);
	if (job.error[0] == '\0' && !job.complete)
		snprintf(job.error, sizeof(job.error),
		    "%s: its parser ended: %s", path, parser->death);
	if (job.error[0] == '\0' && job.step == KUBECONFIG && !job.has_server)
		fail(path, "its parser found no server");
	if (job.error[0] != '\0')
		finish();
	else if (job.step == CONF)
		after_conf();
	else if (job.step == WEBHOOK)
		after_webhook();
	else if (job.step == USERS && options.mode == MODE_CREATE_USER)
		finish();
	else if (job.step == USERS)
		start_next_cluster(TAILQ_FIRST(&job.setup->clusters));
	else
		start_next_cluster(TAILQ_NEXT(job.cluster, entry));
}

void
parse_start(const char *path, parse_done_fn done)
{
	job.done = done;
	job.setup = setup_new();
	job.cluster = NULL;
	job.error[0] = '\0';
	if ((job.timer = evtimer_new(base, on_timeout, NULL)) == NULL)
		fatalx("cannot make a timer");
	start_parser_of(CONF, path);
}
