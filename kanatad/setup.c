#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "kanatad.h"

struct setup *
setup_new(void)
{
	struct setup *setup;
	unsigned i;

	setup = xcalloc(1, sizeof(*setup));
	setup->conf = conf_new();
	for (i = 0; i < SECRET_MAX; i++)
		setup->secrets[i].fd = -1;
	setup->listener = -1;
	TAILQ_INIT(&setup->clusters);
	return (setup);
}

static void
sources_clear(struct source *sources)
{
	unsigned i;

	for (i = 0; i < SECRET_MAX; i++) {
		if (sources[i].fd != -1)
			close(sources[i].fd);
		free(sources[i].path);
	}
}

void
setup_free(struct setup *setup)
{
	struct setup_cluster *cluster;

	if (setup == NULL)
		return;
	while ((cluster = TAILQ_FIRST(&setup->clusters)) != NULL) {
		TAILQ_REMOVE(&setup->clusters, cluster, entry);
		sources_clear(cluster->secrets);
		free(cluster);
	}
	sources_clear(setup->secrets);
	if (setup->listener != -1)
		close(setup->listener);
	conf_free(setup->conf);
	free(setup);
}

struct setup_cluster *
setup_cluster_find(struct setup *setup, unsigned instance)
{
	struct setup_cluster *cluster;

	TAILQ_FOREACH(cluster, &setup->clusters, entry)
		if (cluster->instance == instance)
			return (cluster);
	return (NULL);
}

void
source_set(struct source *source, enum secret secret, int fd, const char *path)
{
	if (source->fd != -1)
		close(source->fd);
	free(source->path);
	source->fd = fd;
	source->path = path == NULL ? NULL : xstrdup(path);
	source->is_public = secret == SECRET_INSTATUS_CA ||
	    secret == SECRET_ETCD_CA || secret == SECRET_ETCD_CERT ||
	    secret == SECRET_WEB_CERT ||
	    secret == SECRET_KUBE_CA || secret == SECRET_KUBE_CERT;
}

static const char *
check_mode(const struct source *source, const struct stat *st)
{
	static char why[1200];

	if (!S_ISREG(st->st_mode)) {
		snprintf(why, sizeof(why), "%s is no regular file",
		    source->path);
		return (why);
	}
	if (source->is_public || source->any_mode)
		return (NULL);
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		snprintf(why, sizeof(why), "%s holds a secret and belongs to "
		    "uid %u: it must belong to root or to uid %u",
		    source->path, st->st_uid, geteuid());
		return (why);
	}
	if (st->st_mode & (S_IWGRP | S_IRWXO)) {
		snprintf(why, sizeof(why), "%s holds a secret and has mode "
		    "%04o: chmod it to 0640 or less", source->path,
		    st->st_mode & 07777);
		return (why);
	}
	return (NULL);
}

int
source_open(const struct source *source, const char **why)
{
	static char buf[1200];
	struct stat st;
	int fd;

	if (source->fd != -1) {
		if ((fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0)) == -1)
			fatal("dup");
		return (fd);
	}
	/* Non-blocking: it may turn out to be a pipe. */
	if ((fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY)) == -1 || fstat(fd, &st) == -1) {
		snprintf(buf, sizeof(buf), "%s: %s", source->path,
		    strerror(errno));
		*why = buf;
	} else if ((*why = check_mode(source, &st)) == NULL)
		return (fd);
	if (fd != -1)
		close(fd);
	return (-1);
}

static bool
source_is_set(const struct source *source)
{
	return (source->fd != -1 || source->path != NULL);
}

static const char *
check_sources(const struct source *sources)
{
	const char *why;
	unsigned i;
	int fd;

	for (i = 0; i < SECRET_MAX; i++) {
		if (!source_is_set(&sources[i]))
			continue;
		if ((fd = source_open(&sources[i], &why)) == -1)
			return (why);
		close(fd);
	}
	return (NULL);
}

const char *
setup_check_secrets(const struct setup *setup)
{
	const struct setup_cluster *cluster;
	const char *why;

	if ((why = check_sources(setup->secrets)) != NULL)
		return (why);
	TAILQ_FOREACH(cluster, &setup->clusters, entry)
		if ((why = check_sources(cluster->secrets)) != NULL)
			return (why);
	return (NULL);
}

bool
setup_role_holds(enum role role, enum secret secret)
{
	switch (secret) {
	case SECRET_INSTATUS_KEY:
	case SECRET_WEBHOOK_URL:
	case SECRET_INSTATUS_CA:
		return (role == ROLE_NOTIFIER);
	case SECRET_ETCD_PASSWORD:
	case SECRET_ETCD_CA:
	case SECRET_ETCD_CERT:
	case SECRET_ETCD_KEY:
		return (role == ROLE_STORE);
	case SECRET_WEB_CERT:
	case SECRET_WEB_KEY:
	case SECRET_WEB_USERS:
		return (role == ROLE_WEB);
	default:
		return (role == ROLE_WATCHER);
	}
}

static const char *
send_secrets(struct child *child, const struct source *sources)
{
	struct message_out *m;
	const char *why;
	unsigned i;
	int fd;

	for (i = 0; i < SECRET_MAX; i++) {
		/* What a plugin prints is the secret, and comes when asked
		 * for. */
		if (!setup_role_holds(child->role, i) ||
		    !source_is_set(&sources[i]) || i == SECRET_KUBE_EXEC)
			continue;
		if ((fd = source_open(&sources[i], &why)) == -1)
			return (why);
		m = message_new(MSG_CONF_SECRET, 0);
		message_put_u(m, i);
		channel_send(child->channel, m, fd);
	}
	return (NULL);
}

static void
send_texts(struct child *child, const char *component, char *const *text)
{
	int kind;

	for (kind = 0; text != NULL && kind < TEMPLATE_MAX; kind++)
		if (text[kind] != NULL)
			channel_send(child->channel, conf_pack_text(component,
			    (enum template_kind)kind, text[kind]), -1);
}

void
setup_send_rules(const struct conf *conf, struct child *child)
{
	const struct conf_component *c;

	send_texts(child, "", conf->text);
	TAILQ_FOREACH(c, &conf->components, entry) {
		channel_send(child->channel, conf_pack_component(c), -1);
		send_texts(child, c->id, c->text);
	}
}

static void
send_components(struct setup *setup, struct child *child,
    const struct setup_cluster *cluster)
{
	struct conf_component *component;

	if (child->role == ROLE_NOTIFIER)
		setup_send_rules(setup->conf, child);
	else if (cluster != NULL)
		TAILQ_FOREACH(component, &setup->conf->components, entry)
			if (strcmp(component->cluster,
			    cluster->conf->name) == 0)
				channel_send(child->channel,
				    conf_pack_component(component), -1);
}

void
setup_share_listener(const struct setup *setup, bool share)
{
	const int value = share;

	if (setup->listener != -1 && setsockopt(setup->listener, SOL_SOCKET,
	    SO_REUSEPORT, &value, sizeof(value)) == -1)
		fatal("SO_REUSEPORT");
}

void
setup_keep_listener(struct setup *setup, const struct setup *old)
{
	const struct conf_web *web = setup->conf->web, *was = old->conf->web;

	if (web == NULL || was == NULL || old->listener == -1)
		return;
	if (strcmp(web->host, was->host) != 0 || web->port != was->port) {
		setup_share_listener(old, true);
		return;
	}
	setup->listener = fcntl(old->listener, F_DUPFD_CLOEXEC, 0);
	if (setup->listener == -1)
		fatal("dup");
}

void
setup_send_listener(const struct setup *setup, struct child *web)
{
	int fd;

	if ((fd = fcntl(setup->listener, F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("dup");
	channel_send(web->channel, message_new(MSG_WEB_LISTEN, 0), fd);
}

/* To the dialer only while there is nothing that listens. */
static void
send_web(const struct setup *setup, struct child *child)
{
	if (setup->conf->web != NULL && (child->role == ROLE_WEB ||
	    child->role == ROLE_NOTIFIER ||
	    (child->role == ROLE_DIALER && setup->listener == -1 &&
	    options.mode == MODE_RUN)))
		channel_send(child->channel, conf_pack_web(setup->conf->web),
		    -1);
}

const char *
setup_send(struct setup *setup, struct child *child, bool observe)
{
	struct setup_cluster *cluster = NULL;
	struct conf_endpoint *endpoint;
	struct message_out *m;
	const char *why;

	m = message_new(MSG_CONF_BEGIN, 0);
	message_put_u(m, setup->generation);
	message_put_b(m, observe);
	channel_send(child->channel, m, -1);
	if (child->role == ROLE_WATCHER) {
		cluster = setup_cluster_find(setup, child->instance);
		channel_send(child->channel, conf_pack_cluster(cluster->conf),
		    -1);
	}
	if (child->role == ROLE_NOTIFIER || child->role == ROLE_STORE)
		channel_send(child->channel,
		    conf_pack_global(&setup->conf->global), -1);
	if (child->role == ROLE_STORE && setup->conf->etcd != NULL)
		channel_send(child->channel, conf_pack_etcd(setup->conf->etcd),
		    -1);
	send_web(setup, child);
	TAILQ_FOREACH(endpoint, &setup->conf->endpoints, entry)
		if (child->role == ROLE_DIALER ||
		    (child->role == endpoint->role &&
		    child->instance == endpoint->instance))
			channel_send(child->channel,
			    conf_pack_endpoint(endpoint), -1);
	send_components(setup, child, cluster);
	if ((why = send_secrets(child, cluster != NULL ? cluster->secrets :
	    setup->secrets)) != NULL)
		return (why);
	m = message_new(MSG_CONF_END, 0);
	message_put_u(m, setup->generation);
	channel_send(child->channel, m, -1);
	return (NULL);
}
