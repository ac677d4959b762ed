/* How a cluster is reached: by the files that a pod is given, or by a kubeconfig. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "kanatad.h"

/* The default of the grammar's in_cluster. */
#define SERVICE_ACCOUNT	"/var/run/secrets/kubernetes.io/serviceaccount"

void
access_replace(char **old, const char *new)
{
	free(*old);
	if ((*old = strdup(new)) == NULL)
		fatal("strdup");
}

struct conf_endpoint *
access_endpoint(struct setup *setup, const struct setup_cluster *cluster,
    const char *host)
{
	struct conf_endpoint *e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		fatal("calloc");
	access_replace(&e->host, host);
	e->number = ENDPOINT_CLUSTER + cluster->instance;
	e->role = ROLE_WATCHER;
	e->instance = cluster->instance;
	TAILQ_INSERT_TAIL(&setup->conf->endpoints, e, entry);
	return (e);
}

void
access_default_ns(struct conf_cluster *conf, const char *ns)
{
	if (conf->nns > 0)
		return;
	if ((conf->ns = calloc(1, sizeof(*conf->ns))) == NULL)
		fatal("calloc");
	conf->nns = 1;
	access_replace(&conf->ns[0], ns[0] == '\0' ? "default" : ns);
}

/* Small text from a file that is no secret, without the newline; "" if it cannot
 * be read. */
static void
read_word(const char *path, char *buf, size_t size)
{
	ssize_t n = 0;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) != -1) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
}

static void
set_file(struct setup_cluster *cluster, enum secret secret, const char *dir,
    const char *name)
{
	char path[1100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	source_set(&cluster->secrets[secret], secret, -1, path);
	cluster->secrets[secret].any_mode = true;
}

/* The files and variables that the kubelet gives a pod. */
static const char *
use_in_cluster(struct setup *setup, struct setup_cluster *cluster,
    const char *dir)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
	    *port = getenv("KUBERNETES_SERVICE_PORT"), *why;
	static char text[1200];
	struct conf_endpoint *e;
	char path[1100], ns[64];

	if (host == NULL || host[0] == '\0' || port == NULL) {
		snprintf(text, sizeof(text), "%s is to be used, but "
		    "KUBERNETES_SERVICE_HOST and _PORT are not set: kanatad "
		    "does not run in a cluster", dir);
		return (text);
	}
	e = access_endpoint(setup, cluster, host);
	e->tls = true;
	e->port = strtonum(port, 1, 65535, &why);
	if (why != NULL) {
		snprintf(text, sizeof(text), "KUBERNETES_SERVICE_PORT is %s",
		    why);
		return (text);
	}
	set_file(cluster, SECRET_KUBE_CA, dir, "ca.crt");
	set_file(cluster, SECRET_KUBE_TOKEN, dir, "token");
	snprintf(path, sizeof(path), "%s/namespace", dir);
	read_word(path, ns, sizeof(ns));
	access_default_ns(cluster->conf, ns);
	return (NULL);
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

const char *
access_find(struct setup *setup, struct setup_cluster *cluster, char *path,
    size_t size)
{
	const struct conf_cluster *conf = cluster->conf;

	if (conf->kubeconfig[0] != '\0') {
		snprintf(path, size, "%s", conf->kubeconfig);
		return (NULL);
	}
	snprintf(path, size, "%s/token", conf->in_cluster);
	/* A directory of one's own must be right; the usual one is used when it
	 * is there. */
	if (strcmp(conf->in_cluster, SERVICE_ACCOUNT) != 0 ||
	    access(path, F_OK) == 0) {
		path[0] = '\0';
		return (use_in_cluster(setup, cluster, conf->in_cluster));
	}
	if (find_kubeconfig(path, size))
		return (NULL);
	return ("there is no way to this cluster: not in a cluster, and neither "
	    "KUBECONFIG nor ~/.kube/config is there; set clusters: kubeconfig");
}
