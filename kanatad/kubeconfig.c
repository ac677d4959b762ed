#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "address.h"
#include "kubeconfig.h"
#include "proxy.h"
#include "value.h"

struct kube_files {
	const struct kubeconfig_file	*file;
	size_t				 count;
};

int
kube_text(struct parsed *p, const struct yaml_node *map, const char *key,
    const struct yaml_node **value)
{
	const struct yaml_node	*node = yaml_find(map, key);

	*value = NULL;
	if (node == NULL || yaml_is_null(node))
		return (0);
	if (node->what != YAML_TEXT)
		return (parsed_fail(p, node, "`%s`: expected text, found %s",
		    key, yaml_what(node)));
	if (node->text[0] != '\0')
		*value = node;
	return (0);
}

int
kube_bool(struct parsed *p, const struct yaml_node *map, const char *key,
    bool *value)
{
	const struct yaml_node	*node;

	*value = false;
	if (kube_text(p, map, key, &node) == -1)
		return (-1);
	if (node == NULL || strcmp(node->text, "false") == 0)
		return (0);
	if (strcmp(node->text, "true") != 0)
		return (parsed_fail(p, node, "`%s`: expected true or false",
		    key));
	*value = true;
	return (0);
}

int
kube_refuse(struct parsed *p, const struct yaml_node *map,
    const char *const *keys, const char *instead)
{
	const struct yaml_node	*node;

	for (; *keys != NULL; keys++) {
		node = yaml_find(map, *keys);
		if (node == NULL || yaml_is_null(node) ||
		    (node->what == YAML_TEXT && node->text[0] == '\0') ||
		    (node->what != YAML_TEXT && node->count == 0))
			continue;
		return (parsed_fail_key(p, node, "`%s` is not supported%s",
		    *keys, instead));
	}
	return (0);
}

/* The item of that name in the list of one file; -1 and an error if there is more
 * than one. */
static int
kube_item_in(struct parsed *p, const struct yaml_node *root, const char *list,
    const char *what, const char *name, const struct yaml_node **found)
{
	const struct yaml_node	*items = yaml_find(root, list), *item, *text;

	*found = NULL;
	if (items == NULL || yaml_is_null(items))
		return (0);
	if (items->what != YAML_LIST)
		return (parsed_fail(p, items, "`%s`: expected a list, found "
		    "%s", list, yaml_what(items)));
	for (item = items->first; item != NULL; item = item->next) {
		text = yaml_find(item, "name");
		if (text == NULL || text->what != YAML_TEXT ||
		    strcmp(text->text, name) != 0)
			continue;
		if (*found != NULL)
			return (parsed_fail(p, text, "%s `%s` is here twice",
			    what, log_safe(name)));
		*found = item;
	}
	return (0);
}

/*
 * The map `what` of the item of that name in the list of the first file that has
 * one, which is the file that errors and paths belong to from here on.  NULL and
 * an error if there is none; `at`, in the file so far, is where the name was used.
 */
static const struct yaml_node *
kube_item(struct parsed *p, const struct kube_files *files, const char *list,
    const char *what, const char *name, const struct yaml_node *at)
{
	const struct yaml_node	*item = NULL, *found;
	const char		*used_in = p->path;
	size_t			 i;

	for (i = 0; i < files->count && item == NULL; i++) {
		p->path = files->file[i].path;
		if (kube_item_in(p, files->file[i].root, list, what, name,
		    &item) == -1)
			return (NULL);
	}
	if (item == NULL) {
		p->path = used_in;
		parsed_fail(p, at, "there is no %s `%s`%s", what,
		    log_safe(name), files->count > 1 ?
		    " in any of the kubeconfigs" : "");
		return (NULL);
	}
	if ((found = yaml_find(item, what)) == NULL ||
	    found->what != YAML_MAP) {
		parsed_fail(p, found != NULL ? found : item,
		    "`%s`: expected a map, found %s", what,
		    found != NULL ? yaml_what(found) : "nothing");
		return (NULL);
	}
	return (found);
}

int
kube_credential(struct parsed *p, const struct yaml_node *map,
    const char *key, enum secret kind)
{
	const struct yaml_node	*data, *file;
	char			 data_key[64], *bytes;
	size_t			 len;

	snprintf(data_key, sizeof(data_key), "%s-data", key);
	if (kube_text(p, map, data_key, &data) == -1 ||
	    kube_text(p, map, key, &file) == -1)
		return (-1);
	if (data == NULL && file == NULL)
		return (0);
	if (data == NULL)
		return (parsed_secret_file(p, kind, file, file->text) == -1 ?
		    -1 : 1);
	if ((bytes = value_base64(data->text, &len)) == NULL || len == 0) {
		freezero(bytes, bytes != NULL ? len + 1 : 0);
		return (parsed_fail(p, data, "`%s`: this is not base64",
		    data_key));
	}
	parsed_secret(p, kind, data, bytes, len);
	freezero(bytes, len + 1);
	return (1);
}

static int
kube_server_url(struct parsed *p, const struct yaml_node *cluster)
{
	const struct yaml_node	*server;
	struct address		 a;
	const char		*problem, *path;
	size_t			 len;

	if (kube_text(p, cluster, "server", &server) == -1)
		return (-1);
	if (server == NULL)
		return (parsed_fail(p, cluster, "`server` is missing"));
	if ((problem = address_parse_url(server->text, &a, &path)) != NULL)
		return (parsed_fail(p, server, "`server`: %s", problem));
	if (!a.tls && !address_is_loopback(a.host))
		return (parsed_fail(p, server, "`server`: plain http only to "
		    "this machine, use https"));
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len > PARSED_PATH_MAX || strchr(path, '?') != NULL)
		return (parsed_fail(p, server, "`server`: this path cannot be "
		    "the start of all paths"));
	strlcpy(p->server.host, a.host, sizeof(p->server.host));
	p->server.port = a.port;
	p->server.tls = a.tls;
	memcpy(p->server.path, path, len);
	p->server.path[len] = '\0';
	return (0);
}

static int
kube_tls_name(struct parsed *p, const struct yaml_node *cluster)
{
	const struct yaml_node	*name;

	if (kube_text(p, cluster, "tls-server-name", &name) == -1)
		return (-1);
	if (name == NULL)
		return (0);
	if (!value_is_printable(name->text) || strchr(name->text, ' ') != NULL ||
	    strlcpy(p->server.tls_name, name->text,
	    sizeof(p->server.tls_name)) >= sizeof(p->server.tls_name))
		return (parsed_fail(p, name, "`tls-server-name`: this cannot "
		    "be the name of a host"));
	return (0);
}

static int
kube_insecure(struct parsed *p, const struct yaml_node *cluster)
{
	static const char	 key[] = "insecure-skip-tls-verify";
	bool			 insecure;

	if (kube_bool(p, cluster, key, &insecure) == -1)
		return (-1);
	if (!insecure || !p->server.tls)
		return (0);
	p->server.insecure = true;
	parsed_warn(p, yaml_find(cluster, key), "`%s`: whoever is between "
	    "here and `%s` can be the cluster", key, log_safe(p->server.host));
	return (0);
}

/* A password in it is for the watcher alone. */
static int
kube_proxy(struct parsed *p, const struct yaml_node *cluster)
{
	const struct yaml_node	*node;
	struct address		 a;
	const char		*problem, *user;
	size_t			 len;

	if (kube_text(p, cluster, "proxy-url", &node) == -1)
		return (-1);
	if (node == NULL)
		return (0);
	if ((problem = proxy_parse(node->text, &a, &user, &len)) != NULL)
		return (parsed_fail(p, node, "`proxy-url`: %s", problem));
	if (!p->server.tls)
		return (parsed_fail(p, node, "`proxy-url` and a plain http "
		    "`server`: use https"));
	strlcpy(p->server.proxy_host, a.host, sizeof(p->server.proxy_host));
	p->server.proxy_port = a.port;
	p->server.proxy_tls = a.tls;
	if (user != NULL && len > 0)
		parsed_secret(p, SECRET_KUBE_PROXY, node, user, len);
	return (0);
}

static int
kube_read_cluster(struct parsed *p, const struct yaml_node *cluster)
{
	int			 ca;

	if (kube_server_url(p, cluster) == -1 ||
	    kube_tls_name(p, cluster) == -1 ||
	    kube_insecure(p, cluster) == -1 ||
	    kube_proxy(p, cluster) == -1)
		return (-1);
	ca = kube_credential(p, cluster, "certificate-authority",
	    SECRET_KUBE_CA);
	if (ca == -1)
		return (-1);
	/* As client-go: it would look as if the authority was checked. */
	if (ca == 1 && p->server.insecure)
		return (parsed_fail(p, cluster, "a certificate authority and "
		    "`insecure-skip-tls-verify`: one of them must go"));
	if (ca == 0 && p->server.tls && !p->server.insecure)
		return (parsed_secret_file(p, SECRET_KUBE_CA, cluster,
		    PATH_CA));
	return (0);
}

/*
 * Which context: the one asked for, or the current one of the first file that has
 * one.  NULL and an error if there is none.
 */
static const char *
kube_context_name(struct parsed *p, const struct kube_files *files,
    const char *asked, const struct yaml_node **at)
{
	const struct yaml_node	*node;
	size_t			 i;

	*at = files->file[0].root;
	if (asked[0] != '\0')
		return (asked);
	for (i = 0; i < files->count; i++) {
		p->path = files->file[i].path;
		if (kube_text(p, files->file[i].root, "current-context",
		    &node) == -1)
			return (NULL);
		if (node != NULL) {
			*at = node;
			return (node->text);
		}
	}
	p->path = files->file[0].path;
	parsed_fail(p, *at, "there is no `current-context`, and no `context` "
	    "was asked for");
	return (NULL);
}

static int
kube_ns(struct parsed *p, const struct yaml_node *context)
{
	const struct yaml_node	*ns;

	if (kube_text(p, context, "namespace", &ns) == -1)
		return (-1);
	if (ns == NULL)
		return (0);
	if (!value_is_label(ns->text))
		return (parsed_fail(p, ns, "`%s` cannot be the name of a "
		    "namespace", log_safe(ns->text)));
	strlcpy(p->server.ns, ns->text, sizeof(p->server.ns));
	return (0);
}

static int
kube_check_file(struct parsed *p, const struct kubeconfig_file *file)
{
	const struct yaml_node	*node;

	p->path = file->path;
	if (file->root->what != YAML_MAP)
		return (parsed_fail(p, file->root, "this is no kubeconfig: "
		    "expected a map, found %s", yaml_what(file->root)));
	if (kube_text(p, file->root, "kind", &node) == -1)
		return (-1);
	if (node != NULL && strcmp(node->text, "Config") != 0)
		return (parsed_fail(p, node, "this is no kubeconfig: expected "
		    "`kind: Config`"));
	return (0);
}

int
kubeconfig_read(struct parsed *p, const struct kubeconfig_file *file,
    size_t count, const char *asked)
{
	const struct kube_files	 files = { file, count };
	const struct yaml_node	*at, *context, *node, *item;
	struct kube_cluster	 cluster;
	const char		*name, *context_path;
	size_t			 i;

	for (i = 0; i < count; i++)
		if (kube_check_file(p, &file[i]) == -1)
			return (-1);
	p->path = file[0].path;
	if ((name = kube_context_name(p, &files, asked, &at)) == NULL ||
	    (context = kube_item(p, &files, "contexts", "context", name, at)) ==
	    NULL || kube_ns(p, context) == -1)
		return (-1);
	context_path = p->path;
	if (kube_text(p, context, "cluster", &node) == -1)
		return (-1);
	if (node == NULL)
		return (parsed_fail(p, context, "`cluster` is missing"));
	if ((item = kube_item(p, &files, "clusters", "cluster", node->text,
	    node)) == NULL || kube_read_cluster(p, item) == -1)
		return (-1);
	cluster.map = item;
	cluster.path = p->path;
	p->path = context_path;
	if (kube_text(p, context, "user", &node) == -1)
		return (-1);
	if (node == NULL)
		return (0);
	if ((item = kube_item(p, &files, "users", "user", node->text, node)) ==
	    NULL)
		return (-1);
	return (kube_user(p, item, &cluster));
}
