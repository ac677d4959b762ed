/*
 * The rows of a configuration, out of messages and into them: what the one
 * reads the other has written, field by field.
 */
#include <string.h>

#include "conf.h"
#include "xmalloc.h"

static const char *
take_global(struct conf *conf, struct message *m)
{
	struct conf_global *g = &conf->global;

	xreplace(&g->instatus_url, message_get_s(m));
	g->webhook = message_get_b(m);
	g->publish = message_get_u(m);
	xreplace(&g->instance, message_get_s(m));
	xreplace(&g->store_dir, message_get_s(m));
	xreplace(&g->control_socket, message_get_s(m));
	xreplace(&g->control_group, message_get_s(m));
	g->log_verbose = message_get_b(m);
	g->log_json = message_get_b(m);
	g->strict = message_get_b(m);
	g->storm = message_get_u(m);
	g->group_wait = message_get_u(m);
	g->replicas = message_get_u(m);
	g->on_loss = message_get_u(m);
	g->rate_per_minute = message_get_u(m);
	if (g->publish == 0)
		g->publish = publish_default(g->webhook);
	if (g->publish > PUBLISH_ALL)
		return ("publish is out of range");
	if (g->on_loss > ON_LOSS_HOLD)
		return ("on_loss is out of range");
	if (g->rate_per_minute == 0)
		return ("rate_per_minute is 0");
	return (NULL);
}

static const char *
take_cluster(struct conf *conf, struct message *m)
{
	struct conf_cluster *c;

	if (conf->ncluster == CONF_CLUSTERS_MAX)
		return ("there are too many clusters");
	c = xcalloc(1, sizeof(*c));
	TAILQ_INSERT_TAIL(&conf->clusters, c, entry);
	conf->ncluster++;
	c->name = message_take_s(m);
	c->kubeconfig = message_take_s(m);
	c->context = message_take_s(m);
	c->in_cluster = message_take_s(m);
	c->path = message_take_s(m);
	c->tls_name = message_take_s(m);
	c->insecure = message_get_b(m);
	c->plugin = message_get_b(m);
	c->host = message_take_s(m);
	c->port = message_get_u(m);
	c->tls = message_get_b(m);
	if (c->port > 65535)
		return ("a port is out of range");
	while (message_more(m)) {
		if (c->nns == CONF_NAMESPACES_MAX)
			return ("a cluster has too many namespaces");
		c->ns = xreallocarray(c->ns, c->nns + 1, sizeof(*c->ns));
		c->ns[c->nns++] = message_take_s(m);
	}
	return (NULL);
}

static const char *
take_component(struct conf *conf, struct message *m)
{
	struct conf_component *c;
	struct conf_watch *watch;

	if (conf->ncomponent == CONF_COMPONENTS_MAX)
		return ("there are too many components");
	c = xcalloc(1, sizeof(*c));
	TAILQ_INSERT_TAIL(&conf->components, c, entry);
	conf->ncomponent++;
	c->id = message_take_s(m);
	c->name = message_take_s(m);
	c->cluster = message_take_s(m);
	c->group = message_take_s(m);
	c->down_after = message_get_u(m);
	c->up_after = message_get_u(m);
	c->reopen_within = message_get_u(m);
	c->first_ready_within = message_get_u(m);
	c->rollout = message_get_u(m);
	c->partial_below = message_get_u(m);
	c->escalate_after = message_get_u(m);
	c->line = message_get_u(m);
	if (c->rollout > ROLLOUT_QUIET)
		return ("rollout is out of range");
	if (c->partial_below > 100)
		return ("partial_below is out of range");
	while (message_more(m)) {
		if (c->nwatch == CONF_WATCHES_MAX)
			return ("a component watches too much");
		c->watch = xreallocarray(c->watch, c->nwatch + 1,
		    sizeof(*c->watch));
		watch = &c->watch[c->nwatch++];
		watch->kind = message_get_u(m);
		watch->ns = message_take_s(m);
		watch->what = message_take_s(m);
		if (watch->kind >= KIND_MAX)
			return ("a kind is out of range");
	}
	return (c->nwatch == 0 ? "a component watches nothing" : NULL);
}

/* That of a component follows its row. */
static const char *
take_text(struct conf *conf, struct message *m)
{
	struct conf_component *last = TAILQ_LAST(&conf->components,
	    conf_components);
	const char *id = message_get_s(m);
	uint64_t kind = message_get_u(m);

	if (kind >= TEMPLATE_MAX)
		return ("a kind of text is out of range");
	if (id[0] != '\0' && (last == NULL || strcmp(last->id, id) != 0))
		return ("a text is of no component");
	conf_set_text(conf, id[0] != '\0' ? last : NULL,
	    (enum template_kind)kind, message_get_s(m));
	return (NULL);
}

static const char *
take_endpoint(struct conf *conf, struct message *m)
{
	struct conf_endpoint *e = xcalloc(1, sizeof(*e));

	TAILQ_INSERT_TAIL(&conf->endpoints, e, entry);
	e->number = message_get_u(m);
	e->role = message_get_u(m);
	e->instance = message_get_u(m);
	e->host = message_take_s(m);
	e->port = message_get_u(m);
	e->tls = message_get_b(m);
	e->loopback = message_get_b(m);
	if (e->role >= ROLE_MAX)
		return ("a role is out of range");
	if (e->port == 0 || e->port > 65535)
		return ("a port is out of range");
	return (NULL);
}

static const char *
take_etcd(struct conf *conf, struct message *m)
{
	struct conf_etcd *e;
	struct conf_node *node;

	if (conf->etcd != NULL)
		return ("there are two etcd sections");
	e = conf->etcd = xcalloc(1, sizeof(*e));
	e->user = message_take_s(m);
	e->tls = message_get_b(m);
	while (message_more(m)) {
		if (e->nnode == CONF_NODES_MAX)
			return ("there are too many etcd nodes");
		e->node = xreallocarray(e->node, e->nnode + 1,
		    sizeof(*e->node));
		node = &e->node[e->nnode++];
		node->host = message_take_s(m);
		node->port = message_get_u(m);
		node->tls = message_get_b(m);
	}
	return (e->nnode == 0 ? "there is no etcd node" : NULL);
}

static const char *
take_web(struct conf *conf, struct message *m)
{
	struct conf_web *web;

	if (conf->web != NULL)
		return ("there are two web sections");
	web = conf->web = xcalloc(1, sizeof(*web));
	web->host = message_take_s(m);
	web->port = message_get_u(m);
	web->tls = message_get_b(m);
	web->users = message_get_b(m);
	while (message_more(m)) {
		if (web->nname == CONF_WEB_NAMES_MAX)
			return ("there are too many names of web");
		web->name = xreallocarray(web->name, web->nname + 1,
		    sizeof(*web->name));
		web->name[web->nname++] = message_take_s(m);
	}
	if (web->port == 0 || web->port > 65535)
		return ("a port is out of range");
	return (NULL);
}

const char *
conf_take(struct conf *conf, struct message *m)
{
	switch (m->type) {
	case MSG_CONF_GLOBAL:
		return (take_global(conf, m));
	case MSG_CONF_CLUSTER:
		return (take_cluster(conf, m));
	case MSG_CONF_COMPONENT:
		return (take_component(conf, m));
	case MSG_CONF_TEXT:
		return (take_text(conf, m));
	case MSG_CONF_ENDPOINT:
		return (take_endpoint(conf, m));
	case MSG_CONF_ETCD:
		return (take_etcd(conf, m));
	case MSG_CONF_WEB:
		return (take_web(conf, m));
	default:
		return ("it is no row of a configuration");
	}
}

struct message_out *
conf_pack_global(const struct conf_global *g)
{
	struct message_out *m = message_new(MSG_CONF_GLOBAL, 0);

	message_put_s(m, g->instatus_url);
	message_put_b(m, g->webhook);
	message_put_u(m, g->publish);
	message_put_s(m, g->instance);
	message_put_s(m, g->store_dir);
	message_put_s(m, g->control_socket);
	message_put_s(m, g->control_group);
	message_put_b(m, g->log_verbose);
	message_put_b(m, g->log_json);
	message_put_b(m, g->strict);
	message_put_u(m, g->storm);
	message_put_u(m, g->group_wait);
	message_put_u(m, g->replicas);
	message_put_u(m, g->on_loss);
	message_put_u(m, g->rate_per_minute);
	return (m);
}

struct message_out *
conf_pack_cluster(const struct conf_cluster *c)
{
	struct message_out *m = message_new(MSG_CONF_CLUSTER, 0);
	unsigned i;

	message_put_s(m, c->name);
	message_put_s(m, c->kubeconfig);
	message_put_s(m, c->context);
	message_put_s(m, c->in_cluster);
	message_put_s(m, c->path);
	message_put_s(m, c->tls_name);
	message_put_b(m, c->insecure);
	message_put_b(m, c->plugin);
	message_put_s(m, c->host);
	message_put_u(m, c->port);
	message_put_b(m, c->tls);
	for (i = 0; i < c->nns; i++)
		message_put_s(m, c->ns[i]);
	return (m);
}

struct message_out *
conf_pack_component(const struct conf_component *c)
{
	struct message_out *m = message_new(MSG_CONF_COMPONENT, 0);
	unsigned i;

	message_put_s(m, c->id);
	message_put_s(m, c->name);
	message_put_s(m, c->cluster);
	message_put_s(m, c->group);
	message_put_u(m, c->down_after);
	message_put_u(m, c->up_after);
	message_put_u(m, c->reopen_within);
	message_put_u(m, c->first_ready_within);
	message_put_u(m, c->rollout);
	message_put_u(m, c->partial_below);
	message_put_u(m, c->escalate_after);
	message_put_u(m, c->line);
	for (i = 0; i < c->nwatch; i++) {
		message_put_u(m, c->watch[i].kind);
		message_put_s(m, c->watch[i].ns);
		message_put_s(m, c->watch[i].what);
	}
	return (m);
}

struct message_out *
conf_pack_text(const char *component, enum template_kind kind,
    const char *text)
{
	struct message_out *m = message_new(MSG_CONF_TEXT, 0);

	message_put_s(m, component);
	message_put_u(m, kind);
	message_put_s(m, text);
	return (m);
}

struct message_out *
conf_pack_endpoint(const struct conf_endpoint *e)
{
	struct message_out *m = message_new(MSG_CONF_ENDPOINT, 0);

	message_put_u(m, e->number);
	message_put_u(m, e->role);
	message_put_u(m, e->instance);
	message_put_s(m, e->host);
	message_put_u(m, e->port);
	message_put_b(m, e->tls);
	message_put_b(m, e->loopback);
	return (m);
}

struct message_out *
conf_pack_etcd(const struct conf_etcd *e)
{
	struct message_out *m = message_new(MSG_CONF_ETCD, 0);
	unsigned i;

	message_put_s(m, e->user);
	message_put_b(m, e->tls);
	for (i = 0; i < e->nnode; i++) {
		message_put_s(m, e->node[i].host);
		message_put_u(m, e->node[i].port);
		message_put_b(m, e->node[i].tls);
	}
	return (m);
}

struct message_out *
conf_pack_web(const struct conf_web *web)
{
	struct message_out *m = message_new(MSG_CONF_WEB, 0);
	unsigned i;

	message_put_s(m, web->host);
	message_put_u(m, web->port);
	message_put_b(m, web->tls);
	message_put_b(m, web->users);
	for (i = 0; i < web->nname; i++)
		message_put_s(m, web->name[i]);
	return (m);
}
