#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/log.h"
#include "address.h"
#include "kubeconfig.h"
#include "value.h"

/*
 * The text of a key.  Nothing, null and "" are the same, as in client-go.
 * Returns -1 and an error if it is a list or map; *value may be NULL.
 */
static int
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

/* What another tool would obey and Kanata cannot. */
static int
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

/*
 * The map `what` of the item of that name in the list.  NULL and an error if
 * there is none or more than one; `at` is where the name was used.
 */
static const struct yaml_node *
kube_item(struct parsed *p, const struct yaml_node *root, const char *list,
    const char *what, const char *name, const struct yaml_node *at)
{
	const struct yaml_node	*items = yaml_find(root, list), *item, *text;
	const struct yaml_node	*found = NULL;

	if (items != NULL && !yaml_is_null(items) &&
	    items->what != YAML_LIST) {
		parsed_fail(p, items, "`%s`: expected a list, found %s", list,
		    yaml_what(items));
		return (NULL);
	}
	for (item = items != NULL ? items->first : NULL; item != NULL;
	    item = item->next) {
		text = yaml_find(item, "name");
		if (text == NULL || text->what != YAML_TEXT ||
		    strcmp(text->text, name) != 0)
			continue;
		if (found != NULL) {
			parsed_fail(p, text, "%s `%s` is here twice", what,
			    log_safe(name));
			return (NULL);
		}
		found = item;
	}
	if (found == NULL) {
		parsed_fail(p, at, "there is no %s `%s`", what,
		    log_safe(name));
		return (NULL);
	}
	item = found;
	if ((found = yaml_find(item, what)) == NULL ||
	    found->what != YAML_MAP) {
		parsed_fail(p, found != NULL ? found : item,
		    "`%s`: expected a map, found %s", what,
		    found != NULL ? yaml_what(found) : "nothing");
		return (NULL);
	}
	return (found);
}

/* A credential as data in the file, or else as a path.  1 if it is there, 0 if
 * not, -1 on error. */
static int
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
	const struct yaml_node	*node;

	if (kube_text(p, cluster, "insecure-skip-tls-verify", &node) == -1)
		return (-1);
	if (node == NULL || strcmp(node->text, "false") == 0)
		return (0);
	if (strcmp(node->text, "true") != 0)
		return (parsed_fail(p, node, "`insecure-skip-tls-verify`: "
		    "expected true or false"));
	if (p->server.tls) {
		p->server.insecure = true;
		parsed_warn(p, node, "`insecure-skip-tls-verify`: whoever is "
		    "between here and `%s` can be the cluster",
		    log_safe(p->server.host));
	}
	return (0);
}

static int
kube_cluster(struct parsed *p, const struct yaml_node *cluster)
{
	static const char *const refused[] = { "proxy-url", NULL };
	int			 ca;

	if (kube_refuse(p, cluster, refused, ": Kanata needs a direct way to "
	    "the API server") == -1)
		return (-1);
	if (kube_server_url(p, cluster) == -1 ||
	    kube_tls_name(p, cluster) == -1 ||
	    kube_insecure(p, cluster) == -1)
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

/* The file of a token beats the token, as in client-go. */
static int
kube_token(struct parsed *p, const struct yaml_node *user)
{
	const struct yaml_node	*token, *file;
	const char		*c;

	if (kube_text(p, user, "tokenFile", &file) == -1 ||
	    kube_text(p, user, "token", &token) == -1)
		return (-1);
	if (file != NULL)
		return (parsed_secret_file(p, SECRET_KUBE_TOKEN, file,
		    file->text));
	if (token == NULL)
		return (0);
	/* It becomes a line of an HTTP request. */
	for (c = token->text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return (parsed_fail(p, token, "`token` has blanks or "
			    "characters that no token has"));
	parsed_secret(p, SECRET_KUBE_TOKEN, token, token->text,
	    strlen(token->text));
	return (0);
}

static int
kube_user(struct parsed *p, const struct yaml_node *user)
{
	static const char *const plugins[] = { "exec", "auth-provider", NULL };
	static const char *const passwords[] = { "username", "password",
	    NULL };
	static const char *const others[] = { "as", "as-uid", "as-groups",
	    "as-user-extra", NULL };
	int			 cert, key;

	if (kube_refuse(p, user, plugins, " yet: use a token, a tokenFile or "
	    "a client certificate") == -1 ||
	    kube_refuse(p, user, passwords, ": Kubernetes has no passwords "
	    "since 1.19, use a token or a client certificate") == -1 ||
	    kube_refuse(p, user, others, ": use the credential of the account "
	    "itself") == -1)
		return (-1);
	cert = kube_credential(p, user, "client-certificate",
	    SECRET_KUBE_CERT);
	if (cert == -1)
		return (-1);
	key = kube_credential(p, user, "client-key", SECRET_KUBE_KEY);
	if (key == -1)
		return (-1);
	if (cert != key)
		return (parsed_fail(p, user, "a client %s without its %s",
		    cert ? "certificate" : "key", cert ? "key" :
		    "certificate"));
	return (kube_token(p, user));
}

/* Which context: the one asked for or the current one. */
static const char *
kube_context_name(struct parsed *p, const struct yaml_node *root,
    const char *asked, const struct yaml_node **at)
{
	const struct yaml_node	*node;

	*at = root;
	if (asked[0] != '\0')
		return (asked);
	if (kube_text(p, root, "current-context", &node) == -1)
		return (NULL);
	if (node == NULL) {
		parsed_fail(p, root, "there is no `current-context`, and no "
		    "`context` was asked for");
		return (NULL);
	}
	*at = node;
	return (node->text);
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

int
kubeconfig_read(struct parsed *p, const struct yaml_node *root,
    const char *asked)
{
	const struct yaml_node	*at, *context, *node, *item;
	const char		*name;

	if (root->what != YAML_MAP)
		return (parsed_fail(p, root, "this is no kubeconfig: expected "
		    "a map, found %s", yaml_what(root)));
	if (kube_text(p, root, "kind", &node) == -1)
		return (-1);
	if (node != NULL && strcmp(node->text, "Config") != 0)
		return (parsed_fail(p, node, "this is no kubeconfig: expected "
		    "`kind: Config`"));
	if ((name = kube_context_name(p, root, asked, &at)) == NULL ||
	    (context = kube_item(p, root, "contexts", "context", name, at)) ==
	    NULL || kube_ns(p, context) == -1)
		return (-1);
	if (kube_text(p, context, "cluster", &node) == -1)
		return (-1);
	if (node == NULL)
		return (parsed_fail(p, context, "`cluster` is missing"));
	if ((item = kube_item(p, root, "clusters", "cluster", node->text,
	    node)) == NULL || kube_cluster(p, item) == -1)
		return (-1);
	if (kube_text(p, context, "user", &node) == -1)
		return (-1);
	if (node == NULL)
		return (0);
	if ((item = kube_item(p, root, "users", "user", node->text, node)) ==
	    NULL)
		return (-1);
	return (kube_user(p, item));
}
