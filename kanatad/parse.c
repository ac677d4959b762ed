/* Parser processes: one for the configuration, one for each kubeconfig. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "kanatad.h"

#define PARSE_TIME	20	/* s for one file */
/* The default of the grammar's in_cluster. */
#define SERVICE_ACCOUNT	"/var/run/secrets/kubernetes.io/serviceaccount"

static struct {
	parse_done_fn		 done;
	struct setup		*setup;
	struct setup_cluster	*cluster;	/* of the kubeconfig; NULL: config */
	struct child		*parser;
	struct event		*timer;
	int			 fd;		/* of the file, until it is sent */
	char			 path[1024];
	bool			 complete;	/* MSG_PARSE_DONE came */
	bool			 has_server;
	char			 error[2400];	/* "" if none yet */
} job = { .fd = -1 };

static void	clusters_begin(void);
static void	start_parser(const char *);
static void	start_next_cluster(struct setup_cluster *);

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
	static char *names[CONF_CLUSTERS_MAX * 4];
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] == NULL && (names[i] = strdup(name)) == NULL)
			fatal("strdup");
		if (strcmp(names[i], name) == 0)
			return (i);
	}
	fail(name, "too many clusters have come and gone: restart kanatad");
	return (0);
}

/* -- rows --------------------------------------------------------------------- */

static void
on_position(struct message *m, bool is_error)
{
	const char *path = message_get_s(m);
	unsigned line = message_get_u(m), column = message_get_u(m);
	const char *text = message_get_s(m);

	if (!is_error)
		log_warnx("%s:%u:%u: %s", path, line, column, text);
	else if (job.error[0] == '\0' && line == 0)
		snprintf(job.error, sizeof(job.error), "%s: %s", path, text);
	else if (job.error[0] == '\0')
		snprintf(job.error, sizeof(job.error), "%s:%u:%u: %s", path,
		    line, column, text);
}

static const char *
on_secret(struct message *m, bool is_file)
{
	uint64_t kind = message_get_u(m);
	struct source *sources = job.cluster != NULL ? job.cluster->secrets :
	    job.setup->secrets;
	bool kube;

	if (kind >= SECRET_MAX)
		return ("a secret is of no known kind");
	kube = kind >= SECRET_KUBE_CA;
	if (kube != (job.cluster != NULL))
		return ("a secret does not belong into this file");
	if (is_file)
		source_set(&sources[kind], kind, -1, message_get_s(m));
	else
		source_set(&sources[kind], kind, message_take_fd(m), NULL);
	return (NULL);
}

static const char *
on_server(struct message *m)
{
	struct conf_cluster *conf;
	struct conf_endpoint *e;
	const char *ns;

	if (job.cluster == NULL || job.has_server)
		return ("a server does not belong here");
	job.has_server = true;
	conf = job.cluster->conf;
	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->host = strdup(message_get_s(m))) == NULL)
		fatal("calloc");
	e->number = ENDPOINT_CLUSTER + job.cluster->instance;
	e->role = ROLE_WATCHER;
	e->instance = job.cluster->instance;
	e->port = message_get_u(m);
	free(conf->path);
	conf->path = strdup(message_get_s(m));
	e->tls = message_get_b(m);
	e->loopback = !e->tls;
	free(conf->tls_name);
	conf->tls_name = strdup(message_get_s(m));
	conf->insecure = message_get_b(m);
	ns = message_get_s(m);
	TAILQ_INSERT_TAIL(&job.setup->conf->endpoints, e, entry);
	if (conf->nns == 0) {
		conf->ns = calloc(1, sizeof(*conf->ns));
		if (conf->ns == NULL)
			fatal("calloc");
		conf->ns[conf->nns++] = strdup(ns[0] == '\0' ? "default" : ns);
	}
	if (conf->path == NULL || conf->tls_name == NULL || conf->ns[0] == NULL)
		fatal("strdup");
	if (conf->insecure)
		log_warnx("%s: insecure-skip-tls-verify: whoever is in between "
		    "can read the token of cluster %s", job.path, conf->name);
	return (NULL);
}

static void
send_file(struct child *parser)
{
	struct message_out *m;
	struct stat st;

	if (job.cluster == NULL) {
		m = message_new(MSG_PARSE_CONF, 0);
		message_put_s(m, job.path);
		message_put_b(m, fstat(job.fd, &st) == 0 &&
		    (st.st_mode & (S_IWGRP | S_IRWXO)) == 0);
	} else {
		m = message_new(MSG_PARSE_KUBECONFIG, 0);
		message_put_s(m, job.path);
		message_put_s(m, job.cluster->conf->context);
	}
	channel_send(parser->channel, m, job.fd);
	job.fd = -1;
}

const char *
parse_dispatch(struct child *parser, struct message *m)
{
	switch (m->type) {
	case MSG_PROC_READY:
		send_file(parser);
		return (NULL);
	case MSG_PARSE_ERROR:
		on_position(m, true);
		return (NULL);
	case MSG_PARSE_WARNING:
		on_position(m, false);
		return (NULL);
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
		return (job.cluster != NULL ? "a row that no kubeconfig has" :
		    conf_take(job.setup->conf, m));
	}
}

/* -- ways to a cluster ---------------------------------------------------------- */

/* Small text from a file that is no secret, without the newline. */
static bool
read_word(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (false);
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return (false);
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return (buf[0] != '\0');
}

static void
replace(char **old, const char *new)
{
	free(*old);
	if ((*old = strdup(new)) == NULL)
		fatal("strdup");
}

/* The files and variables that the kubelet gives a pod. */
static void
use_in_cluster(struct setup_cluster *cluster, const char *dir)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
	    *port = getenv("KUBERNETES_SERVICE_PORT"), *why;
	struct conf_cluster *conf = cluster->conf;
	char path[1100], word[64];
	struct conf_endpoint *e;

	if (host == NULL || host[0] == '\0' || port == NULL) {
		fail(dir, "is used, but KUBERNETES_SERVICE_HOST and _PORT are "
		    "not set: kanatad does not run in a cluster");
		return;
	}
	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->host = strdup(host)) == NULL)
		fatal("calloc");
	TAILQ_INSERT_TAIL(&job.setup->conf->endpoints, e, entry);
	e->number = ENDPOINT_CLUSTER + cluster->instance;
	e->role = ROLE_WATCHER;
	e->instance = cluster->instance;
	e->tls = true;
	e->port = strtonum(port, 1, 65535, &why);
	if (why != NULL)
		fail("KUBERNETES_SERVICE_PORT", why);
	snprintf(path, sizeof(path), "%s/ca.crt", dir);
	source_set(&cluster->secrets[SECRET_KUBE_CA], SECRET_KUBE_CA, -1, path);
	snprintf(path, sizeof(path), "%s/token", dir);
	source_set(&cluster->secrets[SECRET_KUBE_TOKEN], SECRET_KUBE_TOKEN, -1,
	    path);
	cluster->secrets[SECRET_KUBE_TOKEN].any_mode = true;
	if (conf->nns > 0)
		return;
	snprintf(path, sizeof(path), "%s/namespace", dir);
	if ((conf->ns = calloc(1, sizeof(*conf->ns))) == NULL)
		fatal("calloc");
	conf->nns = 1;
	replace(&conf->ns[0], read_word(path, word, sizeof(word)) ? word :
	    "default");
}

/* The kubeconfig that the environment names: false if there is none. */
static bool
find_kubeconfig(char *path, size_t size)
{
	const char *env = getenv("KUBECONFIG"), *home = getenv("HOME");
	size_t len;

	for (; env != NULL && *env != '\0'; env += len + (env[len] == ':')) {
		len = strcspn(env, ":");
		snprintf(path, size, "%.*s", (int)len, env);
		if (len > 0 && access(path, F_OK) == 0)
			return (true);
	}
	if (home == NULL)
		return (false);
	snprintf(path, size, "%s/.kube/config", home);
	return (access(path, F_OK) == 0);
}

static void
clusters_begin(void)
{
	struct conf *conf = job.setup->conf;
	struct conf_component *component;
	struct setup_cluster *cluster;
	struct conf_cluster *c;
	unsigned i;

	TAILQ_FOREACH(c, &conf->clusters, entry) {
		if ((cluster = calloc(1, sizeof(*cluster))) == NULL)
			fatal("calloc");
		cluster->conf = c;
		cluster->instance = instance_of(c->name);
		for (i = 0; i < SECRET_MAX; i++)
			cluster->secrets[i].fd = -1;
		TAILQ_INSERT_TAIL(&job.setup->clusters, cluster, entry);
	}
	TAILQ_FOREACH(component, &conf->components, entry)
		if (component->cluster[0] == '\0')
			replace(&component->cluster,
			    TAILQ_FIRST(&conf->clusters)->name);
}

static void
start_next_cluster(struct setup_cluster *cluster)
{
	char path[1024];
	const char *dir;

	for (; cluster != NULL && job.error[0] == '\0';
	    cluster = TAILQ_NEXT(cluster, entry)) {
		job.cluster = cluster;
		if (cluster->conf->kubeconfig[0] != '\0') {
			start_parser(cluster->conf->kubeconfig);
			return;
		}
		dir = cluster->conf->in_cluster;
		snprintf(path, sizeof(path), "%s/token", dir);
		/* A directory of one's own must be right; the usual one is used
		 * when it is there. */
		if (strcmp(dir, SERVICE_ACCOUNT) != 0 ||
		    access(path, F_OK) == 0)
			use_in_cluster(cluster, dir);
		else if (find_kubeconfig(path, sizeof(path))) {
			start_parser(path);
			return;
		} else
			fail(cluster->conf->name, "no way to this cluster: "
			    "not in a cluster, and neither KUBECONFIG nor "
			    "~/.kube/config is there; set clusters: kubeconfig");
	}
	finish();
}

/* -- one process after the other ----------------------------------------------- */

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (job.parser != NULL)
		supervise_kill(job.parser, "it takes too long");
}

/* Opens the file for a parser of its own and starts that. */
static void
start_parser(const char *path)
{
	static const struct timeval limit = { PARSE_TIME, 0 };
	struct stat st;

	strlcpy(job.path, path, sizeof(job.path));
	job.complete = job.has_server = false;
	job.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (job.fd == -1 || fstat(job.fd, &st) == -1)
		fail(path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		fail(path, "is no regular file");
	if (job.error[0] != '\0') {
		if (job.fd != -1)
			close(job.fd);
		job.fd = -1;
		finish();
		return;
	}
	evtimer_add(job.timer, &limit);
	job.parser = supervise_add(ROLE_PARSER, 0, NULL, "");
}

void
parse_child_gone(struct child *parser)
{
	job.parser = NULL;
	if (job.fd != -1)
		close(job.fd);
	job.fd = -1;
	if (job.error[0] == '\0' && parser->killed_for != NULL)
		fail(job.path, parser->killed_for);
	if (job.error[0] == '\0' && !job.complete)
		snprintf(job.error, sizeof(job.error),
		    "%s: its parser ended: %s", job.path, parser->death);
	if (job.error[0] == '\0' && job.cluster != NULL && !job.has_server)
		fail(job.path, "its parser found no server");
	if (job.error[0] != '\0')
		finish();
	else if (job.cluster == NULL) {
		clusters_begin();
		start_next_cluster(TAILQ_FIRST(&job.setup->clusters));
	} else
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
	start_parser(path);
}
