/* How a cluster is reached: by the files that a pod is given, or by a kubeconfig. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/xmalloc.h"
#include "kanatad.h"
#include "proxy.h"

/* The default of the grammar's in_cluster. */
#define SERVICE_ACCOUNT	"/var/run/secrets/kubernetes.io/serviceaccount"

static char cwd[1024];

void
access_init(void)
{
	if (getcwd(cwd, sizeof(cwd)) == NULL || strcmp(cwd, "/") == 0)
		cwd[0] = '\0';
}

const char *
access_server(struct setup *setup, const struct setup_cluster *cluster,
    const struct address *server, const struct address *proxy)
{
	struct conf_cluster *conf = cluster->conf;
	struct address found = { .host = "" };
	struct conf_endpoint *e;
	const char *why;

	if (proxy->host[0] == '\0' && server->tls) {
		if ((why = proxy_from_environment(server->host, server->port,
		    &found)) != NULL)
			return (why);
		proxy = &found;
	}
	e = xcalloc(1, sizeof(*e));
	e->number = ENDPOINT_CLUSTER + cluster->instance;
	e->role = ROLE_WATCHER;
	e->instance = cluster->instance;
	e->loopback = !server->tls;
	TAILQ_INSERT_TAIL(&setup->conf->endpoints, e, entry);
	if (proxy->host[0] != '\0') {
		xreplace(&conf->host, server->host);
		conf->port = server->port;
		conf->tls = server->tls;
		server = proxy;
	}
	xreplace(&e->host, server->host);
	e->port = server->port;
	e->tls = server->tls;
	return (NULL);
}

void
access_default_ns(struct conf_cluster *conf, const char *ns)
{
	if (conf->nns > 0)
		return;
	conf->ns = xcalloc(1, sizeof(*conf->ns));
	conf->nns = 1;
	xreplace(&conf->ns[0], ns[0] == '\0' ? "default" : ns);
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
	static const struct address no_proxy;
	static char text[1200];
	struct address server = { .tls = true };
	char path[1100], ns[64];

	if (host == NULL || host[0] == '\0' || port == NULL) {
		snprintf(text, sizeof(text), "%s is to be used, but "
		    "KUBERNETES_SERVICE_HOST and _PORT are not set: kanatad "
		    "does not run in a cluster", dir);
		return (text);
	}
	if (strlcpy(server.host, host, sizeof(server.host)) >=
	    sizeof(server.host))
		return ("KUBERNETES_SERVICE_HOST is too long");
	server.port = strtonum(port, 1, 65535, &why);
	if (why != NULL) {
		snprintf(text, sizeof(text), "KUBERNETES_SERVICE_PORT is %s",
		    why);
		return (text);
	}
	if ((why = access_server(setup, cluster, &server, &no_proxy)) != NULL)
		return (why);
	set_file(cluster, SECRET_KUBE_CA, dir, "ca.crt");
	set_file(cluster, SECRET_KUBE_TOKEN, dir, "token");
	snprintf(path, sizeof(path), "%s/namespace", dir);
	read_word(path, ns, sizeof(ns));
	access_default_ns(cluster->conf, ns);
	return (NULL);
}

/* Adds a path, from where kanatad was started, once.  -1: too many, or too long. */
static int
add_path(struct paths *paths, const char *path, size_t len)
{
	char *new = paths->path[paths->count];
	unsigned i;
	int n;

	if (paths->count == sizeof(paths->path) / sizeof(paths->path[0]))
		return (-1);
	n = snprintf(new, sizeof(paths->path[0]), "%s%s%.*s",
	    path[0] == '/' ? "" : cwd, path[0] == '/' ? "" : "/", (int)len,
	    path);
	if (n < 0 || (size_t)n >= sizeof(paths->path[0]))
		return (-1);
	for (i = 0; i < paths->count; i++)
		if (strcmp(paths->path[i], new) == 0)
			return (0);
	paths->count++;
	return (0);
}

/*
 * Those of KUBECONFIG that are there, as kubectl does; that none is there is an
 * error here, where nobody would look at a cluster that is not watched.
 */
static const char *
find_kubeconfigs(const char *env, struct paths *paths)
{
	static char text[1400];
	const char *p;
	unsigned i, there = 0;
	size_t len;

	for (p = env; *p != '\0'; p += len + (p[len] == ':')) {
		len = strcspn(p, ":");
		if (len > 0 && add_path(paths, p, len) == -1)
			return ("KUBECONFIG has more than 32 files, or a path "
			    "of more than 1024 bytes");
	}
	for (i = 0; i < paths->count; i++)
		if (access(paths->path[i], F_OK) == 0) {
			if (there != i)
				strlcpy(paths->path[there], paths->path[i],
				    sizeof(paths->path[0]));
			there++;
		}
	if (there == 0) {
		snprintf(text, sizeof(text), "KUBECONFIG is %s, and no such "
		    "file is there", env);
		return (text);
	}
	paths->count = there;
	return (NULL);
}

const char *
access_find(struct setup *setup, struct setup_cluster *cluster,
    struct paths *paths)
{
	const struct conf_cluster *conf = cluster->conf;
	const char *env = getenv("KUBECONFIG"), *home = getenv("HOME");
	char path[1100];

	paths->count = 0;
	if (conf->kubeconfig[0] != '\0') {
		return (add_path(paths, conf->kubeconfig,
		    strlen(conf->kubeconfig)) == -1 ? "its path is too long" :
		    NULL);
	}
	snprintf(path, sizeof(path), "%s/token", conf->in_cluster);
	/* A directory of one's own must be right; the usual one is used when it
	 * is there. */
	if (strcmp(conf->in_cluster, SERVICE_ACCOUNT) != 0 ||
	    access(path, F_OK) == 0)
		return (use_in_cluster(setup, cluster, conf->in_cluster));
	if (env != NULL && env[strspn(env, ":")] != '\0')
		return (find_kubeconfigs(env, paths));
	if (home != NULL) {
		snprintf(path, sizeof(path), "%s/.kube/config", home);
		if (access(path, F_OK) == 0 &&
		    add_path(paths, path, strlen(path)) == 0)
			return (NULL);
	}
	return ("there is no way to this cluster: not in a cluster, and neither "
	    "KUBECONFIG nor ~/.kube/config is there; set clusters: kubeconfig");
}
