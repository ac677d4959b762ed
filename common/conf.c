#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "xmalloc.h"

static const char *const kind_names[KIND_MAX] = {
	[KIND_ANY]		= "any",
	[KIND_POD]		= "pod",
	[KIND_DEPLOYMENT]	= "deployment",
	[KIND_STATEFULSET]	= "statefulset",
	[KIND_DAEMONSET]	= "daemonset",
	[KIND_REPLICASET]	= "replicaset",
	[KIND_JOB]		= "job",
	[KIND_CRONJOB]		= "cronjob",
	[KIND_SELECTOR]		= "selector",
};

static const char *const publish_names[] = {
	"incidents", "statuses", "webhook"
};

const char *
kind_name(enum kind kind)
{
	return ((unsigned)kind < KIND_MAX ? kind_names[kind] : "?");
}

unsigned
publish_default(bool webhook)
{
	return (PUBLISH_STATUSES | (webhook ? PUBLISH_WEBHOOK :
	    PUBLISH_INCIDENTS));
}

const char *
publish_name(unsigned bit)
{
	return (bit < sizeof(publish_names) / sizeof(publish_names[0]) ?
	    publish_names[bit] : NULL);
}

static void
cluster_free(struct conf_cluster *cluster)
{
	unsigned i;

	for (i = 0; i < cluster->nns; i++)
		free(cluster->ns[i]);
	free(cluster->ns);
	free(cluster->name);
	free(cluster->kubeconfig);
	free(cluster->context);
	free(cluster->in_cluster);
	free(cluster->path);
	free(cluster->tls_name);
	free(cluster->host);
	free(cluster);
}

static void
component_free(struct conf_component *component)
{
	unsigned i;

	for (i = 0; i < component->nwatch; i++) {
		free(component->watch[i].ns);
		free(component->watch[i].what);
	}
	for (i = 0; component->text != NULL && i < TEMPLATE_MAX; i++)
		free(component->text[i]);
	free(component->text);
	free(component->watch);
	free(component->id);
	free(component->name);
	free(component->cluster);
	free(component->group);
	free(component);
}

static void
etcd_free(struct conf_etcd *etcd)
{
	unsigned i;

	if (etcd == NULL)
		return;
	for (i = 0; i < etcd->nnode; i++)
		free(etcd->node[i].host);
	free(etcd->node);
	free(etcd->user);
	free(etcd);
}

static void
web_free(struct conf_web *web)
{
	unsigned i;

	if (web == NULL)
		return;
	for (i = 0; i < web->nname; i++)
		free(web->name[i]);
	free(web->name);
	free(web->host);
	free(web);
}

struct conf *
conf_new(void)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	TAILQ_INIT(&conf->clusters);
	TAILQ_INIT(&conf->components);
	TAILQ_INIT(&conf->endpoints);
	conf->global.instatus_url = xstrdup("");
	conf->global.instance = xstrdup("");
	conf->global.store_dir = xstrdup("");
	conf->global.control_socket = xstrdup("");
	conf->global.control_group = xstrdup("");
	return (conf);
}

void
conf_free(struct conf *conf)
{
	struct conf_component *component;
	struct conf_endpoint *endpoint;
	struct conf_cluster *cluster;
	int kind;

	if (conf == NULL)
		return;
	for (kind = 0; kind < TEMPLATE_MAX; kind++)
		free(conf->text[kind]);
	while ((cluster = TAILQ_FIRST(&conf->clusters)) != NULL) {
		TAILQ_REMOVE(&conf->clusters, cluster, entry);
		cluster_free(cluster);
	}
	while ((component = TAILQ_FIRST(&conf->components)) != NULL) {
		TAILQ_REMOVE(&conf->components, component, entry);
		component_free(component);
	}
	while ((endpoint = TAILQ_FIRST(&conf->endpoints)) != NULL) {
		TAILQ_REMOVE(&conf->endpoints, endpoint, entry);
		free(endpoint->host);
		free(endpoint);
	}
	etcd_free(conf->etcd);
	web_free(conf->web);
	free(conf->global.instatus_url);
	free(conf->global.instance);
	free(conf->global.store_dir);
	free(conf->global.control_socket);
	free(conf->global.control_group);
	free(conf);
}

void
conf_set_text(struct conf *conf, struct conf_component *c,
    enum template_kind kind, const char *text)
{
	char **texts = conf->text;

	if (c != NULL) {
		if (c->text == NULL)
			c->text = xcalloc(TEMPLATE_MAX, sizeof(*c->text));
		texts = c->text;
	}
	free(texts[kind]);
	texts[kind] = xstrdup(text);
}
