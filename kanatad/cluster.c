/*
 * Clusters and their namespaces in kanata.conf.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "grammar.h"
#include "key.h"
#include "value.h"

#define PATH_IN_CLUSTER	"/var/run/secrets/kubernetes.io/serviceaccount"

struct cluster_section {
	char			*name, *kubeconfig, *context, *in_cluster;
	const struct yaml_node	*namespaces;
};

#define CLUSTER(field)	offsetof(struct cluster_section, field)
static const struct key cluster_keys[] = {
	{ "name", KEY_TEXT, .offset = CLUSTER(name), .max = 63,
	    .check = value_is_word,
	    .expected = "letters, digits, `.`, `_` and `-`" },
	{ "kubeconfig", KEY_PATH, .offset = CLUSTER(kubeconfig) },
	{ "context", KEY_TEXT, .offset = CLUSTER(context), .max = 256 },
	{ "in_cluster", KEY_PATH, .offset = CLUSTER(in_cluster) },
	{ "namespaces", KEY_NODE, .offset = CLUSTER(namespaces) },
};

bool
cluster_has_ns(const struct conf_cluster *cluster, const char *ns)
{
	unsigned	 i;

	for (i = 0; i < cluster->nns; i++)
		if (strcmp(cluster->ns[i], ns) == 0 ||
		    strcmp(cluster->ns[i], "*") == 0)
			return (true);
	return (false);
}

int
cluster_add_ns(struct conf_cluster *cluster, const char *ns)
{
	if (cluster->nns == CONF_NAMESPACES_MAX)
		return (-1);
	cluster->ns = reallocarray(cluster->ns, cluster->nns + 1,
	    sizeof(*cluster->ns));
	if (cluster->ns == NULL)
		fatal("parser");
	cluster->ns[cluster->nns++] = xstrdup(ns);
	return (0);
}

static int
cluster_read_one_ns(struct parsed *p, const struct yaml_node *node,
    bool alone, struct conf_cluster *cluster)
{
	const char	*ns;

	if ((ns = key_want_text(p, node, 253, "a namespace")) == NULL)
		return (-1);
	if (strcmp(ns, "*") == 0) {
		if (!alone)
			return (parsed_fail(p, node, "`*` is every namespace: "
			    "it must stand alone"));
	} else if (!value_is_label(ns))
		return (parsed_fail(p, node, "`%s` cannot be the name of a "
		    "namespace", log_safe(ns)));
	else if (cluster_has_ns(cluster, ns))
		return (parsed_fail(p, node, "namespace `%s` is here twice",
		    log_safe(ns)));
	if (cluster_add_ns(cluster, ns) == -1)
		return (parsed_fail(p, node, "more than %d namespaces: use "
		    "\"*\"", CONF_NAMESPACES_MAX));
	return (0);
}

/* A name, "*", or a list of names. */
static int
cluster_read_ns(struct parsed *p, const struct yaml_node *node,
    struct conf_cluster *cluster)
{
	const struct yaml_node	*one;

	if (node->what != YAML_LIST)
		return (cluster_read_one_ns(p, node, true, cluster));
	if (node->count == 0)
		return (parsed_fail(p, node, "the list of namespaces is "
		    "empty"));
	for (one = node->first; one != NULL; one = one->next)
		if (cluster_read_one_ns(p, one, node->count == 1,
		    cluster) == -1)
			return (-1);
	return (0);
}

static void
cluster_set(char **field, char *text, const char *otherwise)
{
	*field = text != NULL ? text : xstrdup(otherwise);
}

static int
cluster_read_one(struct parsed *p, const struct yaml_node *node,
    const struct yaml_node *ns)
{
	struct cluster_section	 s = { .name = NULL };
	struct conf_cluster	*cluster;
	int			 ok = 0;

	if (node != NULL)
		ok = KEY_READ_MAP(p, node, cluster_keys, &s);
	if (ok == 0 && node != NULL && s.name == NULL)
		ok = parsed_fail(p, node, "a cluster without a `name`");
	if (ok == 0 && s.kubeconfig != NULL && s.in_cluster != NULL)
		ok = parsed_fail(p, node, "both `kubeconfig` and `in_cluster`: "
		    "one of them must go");
	if (ok == 0 && s.name != NULL && p->conf->ncluster > 0 &&
	    cluster_find(p, s.name) != NULL)
		ok = parsed_fail(p, node, "cluster `%s` is here twice",
		    log_safe(s.name));
	cluster = xcalloc(1, sizeof(*cluster));
	cluster_set(&cluster->name, s.name, "default");
	cluster_set(&cluster->kubeconfig, s.kubeconfig, "");
	cluster_set(&cluster->context, s.context, "");
	cluster_set(&cluster->in_cluster, s.in_cluster, PATH_IN_CLUSTER);
	cluster->path = xstrdup("");
	cluster->tls_name = xstrdup("");
	cluster->host = xstrdup("");
	TAILQ_INSERT_TAIL(&p->conf->clusters, cluster, entry);
	p->conf->ncluster++;
	if (s.namespaces != NULL)
		ns = s.namespaces;
	if (ok == 0 && ns != NULL)
		ok = cluster_read_ns(p, ns, cluster);
	return (ok);
}

int
cluster_read_all(struct parsed *p, const struct yaml_node *clusters,
    const struct yaml_node *ns)
{
	const struct yaml_node	*node;

	if (clusters == NULL)
		return (cluster_read_one(p, NULL, ns));
	if (key_want_list(p, clusters) == NULL)
		return (-1);
	if (clusters->count == 0)
		return (parsed_fail(p, clusters, "`clusters` is empty"));
	if (clusters->count > CONF_CLUSTERS_MAX)
		return (parsed_fail(p, clusters, "`clusters`: more than %d",
		    CONF_CLUSTERS_MAX));
	for (node = clusters->first; node != NULL; node = node->next)
		if (cluster_read_one(p, node, ns) == -1)
			return (-1);
	return (0);
}

struct conf_cluster *
cluster_find(struct parsed *p, const char *name)
{
	struct conf_cluster	*cluster;

	TAILQ_FOREACH(cluster, &p->conf->clusters, entry)
		if (name[0] == '\0' || strcmp(cluster->name, name) == 0)
			return (cluster);
	return (NULL);
}
