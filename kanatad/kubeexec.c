/*
 * The exec section of a kubeconfig ("client-go credential plugins" in the
 * Kubernetes documentation on authenticating): what to run and what to tell it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "../common/plugin.h"
#include "json.h"
#include "kubeconfig.h"
#include "value.h"

#define GROUP		"client.authentication.k8s.io/"
/* The extension of a cluster that is handed to the plugin. */
#define EXTENSION	"client.authentication.k8s.io/exec"
/* The kernel takes no longer string into an environment than 128 KiB. */
#define INFO_MAX	(120 * 1024)

static int
exec_version(struct parsed *p, const struct yaml_node *exec,
    const struct yaml_node **version)
{
	const struct yaml_node	*node;

	if (kube_text(p, exec, "apiVersion", &node) == -1)
		return (-1);
	*version = node;
	if (node == NULL)
		return (parsed_fail(p, exec, "`apiVersion` is missing: "
		    "expected " GROUP "v1"));
	if (strcmp(node->text, GROUP "v1alpha1") == 0)
		return (parsed_fail(p, node, "`apiVersion`: v1alpha1 is no "
		    "more since Kubernetes 1.24: expected " GROUP "v1 or "
		    "v1beta1"));
	if (strcmp(node->text, GROUP "v1") != 0 &&
	    strcmp(node->text, GROUP "v1beta1") != 0)
		return (parsed_fail(p, node, "`apiVersion`: expected " GROUP
		    "v1 or v1beta1"));
	return (0);
}

static int
exec_interactive(struct parsed *p, const struct yaml_node *exec,
    const struct yaml_node *version)
{
	const struct yaml_node	*node;

	if (kube_text(p, exec, "interactiveMode", &node) == -1)
		return (-1);
	if (node == NULL && strcmp(version->text, GROUP "v1beta1") == 0)
		return (0);
	if (node == NULL)
		return (parsed_fail(p, exec, "`interactiveMode` is missing: "
		    "v1 wants Never or IfAvailable"));
	if (strcmp(node->text, "Always") == 0)
		return (parsed_fail(p, node, "`interactiveMode`: this plugin "
		    "always asks someone at a terminal, and a daemon has "
		    "none"));
	if (strcmp(node->text, "Never") != 0 &&
	    strcmp(node->text, "IfAvailable") != 0)
		return (parsed_fail(p, node, "`interactiveMode`: expected "
		    "Never or IfAvailable"));
	return (0);
}

/* With a slash it is a path, from the folder of the file; else a name. */
static int
exec_command(struct parsed *p, const struct yaml_node *exec,
    struct plugin *plugin)
{
	const struct yaml_node	*node;
	char			*path;

	if (kube_text(p, exec, "command", &node) == -1)
		return (-1);
	if (node == NULL)
		return (parsed_fail(p, exec, "`command` is missing"));
	if (strchr(node->text, '/') == NULL)
		return (plugin_add_arg(plugin, node->text));
	if ((path = parsed_path(p, node, node->text)) == NULL)
		return (-1);
	plugin_add_arg(plugin, path);
	free(path);
	return (0);
}

static int
exec_args(struct parsed *p, const struct yaml_node *exec,
    struct plugin *plugin)
{
	const struct yaml_node	*list = yaml_find(exec, "args"), *arg;

	if (list == NULL || yaml_is_null(list))
		return (0);
	if (list->what != YAML_LIST)
		return (parsed_fail(p, list, "`args`: expected a list, found "
		    "%s", yaml_what(list)));
	for (arg = list->first; arg != NULL; arg = arg->next) {
		if (arg->what != YAML_TEXT)
			return (parsed_fail(p, arg, "`args`: expected text, "
			    "found %s", yaml_what(arg)));
		if (plugin_add_arg(plugin, arg->text) == -1)
			return (parsed_fail(p, arg, "`args`: more than %d",
			    PLUGIN_STRINGS_MAX));
	}
	return (0);
}

static int
exec_env(struct parsed *p, const struct yaml_node *exec, struct plugin *plugin)
{
	const struct yaml_node	*list = yaml_find(exec, "env"), *item;
	const struct yaml_node	*name, *value;

	if (list == NULL || yaml_is_null(list))
		return (0);
	if (list->what != YAML_LIST)
		return (parsed_fail(p, list, "`env`: expected a list, found "
		    "%s", yaml_what(list)));
	for (item = list->first; item != NULL; item = item->next) {
		if (item->what != YAML_MAP)
			return (parsed_fail(p, item, "`env`: expected a map "
			    "of `name` and `value`, found %s",
			    yaml_what(item)));
		if (kube_text(p, item, "name", &name) == -1 ||
		    kube_text(p, item, "value", &value) == -1)
			return (-1);
		if (name == NULL || strchr(name->text, '=') != NULL)
			return (parsed_fail(p, name != NULL ? name : item,
			    "`env`: expected the `name` of a variable"));
		if (plugin_add_env(plugin, name->text,
		    value != NULL ? value->text : "") == -1)
			return (parsed_fail(p, item, "`env`: more than %d",
			    PLUGIN_STRINGS_MAX));
	}
	return (0);
}

/* -- what the plugin is told of the cluster ----------------------------------- */

static int
info_text(struct parsed *p, FILE *f, const struct yaml_node *cluster,
    const char *key)
{
	const struct yaml_node	*node;

	if (kube_text(p, cluster, key, &node) == -1)
		return (-1);
	if (node == NULL)
		return (0);
	fprintf(f, ",\"%s\":", key);
	json_text(f, node->text);
	return (0);
}

static int
info_bool(struct parsed *p, FILE *f, const struct yaml_node *cluster,
    const char *key)
{
	bool	 value;

	if (kube_bool(p, cluster, key, &value) == -1)
		return (-1);
	if (value)
		fprintf(f, ",\"%s\":true", key);
	return (0);
}

static void
info_config(FILE *f, const struct yaml_node *cluster)
{
	const struct yaml_node	*list = yaml_find(cluster, "extensions");
	const struct yaml_node	*item, *name, *config;

	if (list == NULL || list->what != YAML_LIST)
		return;
	for (item = list->first; item != NULL; item = item->next) {
		name = yaml_find(item, "name");
		config = yaml_find(item, "extension");
		if (name == NULL || config == NULL ||
		    name->what != YAML_TEXT ||
		    strcmp(name->text, EXTENSION) != 0)
			continue;
		fprintf(f, ",\"config\":");
		json_node(f, config);
		return;
	}
}

/* The base64 without its blanks, or the file that the runner must read. */
static int
info_ca(struct parsed *p, FILE *f, const struct yaml_node *cluster,
    struct plugin *plugin)
{
	const struct yaml_node	*data, *file;
	const char		*c;
	char			*path;

	if (kube_text(p, cluster, "certificate-authority-data", &data) == -1 ||
	    kube_text(p, cluster, "certificate-authority", &file) == -1)
		return (-1);
	if (data == NULL && file == NULL)
		return (0);
	fprintf(f, ",\"certificate-authority-data\":\"");
	if (data != NULL) {
		for (c = data->text; *c != '\0'; c++)
			if (strchr(" \t\r\n", *c) == NULL)
				fputc(*c, f);
		fputc('"', f);
		return (0);
	}
	if ((path = parsed_path(p, file, file->text)) == NULL)
		return (-1);
	plugin_set(&plugin->ca_file, path);
	free(path);
	return (0);
}

/* Its paths are those of another file, perhaps. */
static int
info_cluster(struct parsed *p, FILE *f, const struct kube_cluster *cluster,
    struct plugin *plugin)
{
	const struct yaml_node	*server = yaml_find(cluster->map, "server");
	const char		*path = p->path;
	int			 ok = -1;

	p->path = cluster->path;
	/* It was read before, and is text. */
	fprintf(f, ",\"cluster\":{\"server\":");
	json_text(f, server->text);
	if (info_text(p, f, cluster->map, "tls-server-name") == 0 &&
	    info_bool(p, f, cluster->map, "insecure-skip-tls-verify") == 0 &&
	    info_text(p, f, cluster->map, "proxy-url") == 0 &&
	    info_bool(p, f, cluster->map, "disable-compression") == 0) {
		info_config(f, cluster->map);
		ok = info_ca(p, f, cluster->map, plugin);
	}
	p->path = path;
	return (ok);
}

static int
exec_info(struct parsed *p, const struct yaml_node *exec,
    const struct yaml_node *version, const struct kube_cluster *cluster,
    struct plugin *plugin)
{
	char	*text = NULL;
	size_t	 len = 0;
	bool	 provide;
	FILE	*f;
	int	 ok = 0;

	if (kube_bool(p, exec, "provideClusterInfo", &provide) == -1)
		return (-1);
	if ((f = open_memstream(&text, &len)) == NULL)
		fatal("exec plugin");
	fprintf(f, "{\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\","
	    "\"spec\":{\"interactive\":false", version->text);
	if (provide)
		ok = info_cluster(p, f, cluster, plugin);
	if (fclose(f) != 0)
		fatal("exec plugin");
	plugin_set(&plugin->info_head, text);
	plugin_set(&plugin->info_tail, plugin->ca_file[0] != '\0' ? "\"}}}" :
	    provide ? "}}}" : "}}");
	freezero(text, len);
	if (ok == 0 && len > INFO_MAX)
		return (parsed_fail(p, exec, "`provideClusterInfo`: what the "
		    "plugin is to be told is more than %d KiB", INFO_MAX /
		    1024));
	return (ok);
}

/* -------------------------------------------------------------------------- */

static int
exec_read(struct parsed *p, const struct yaml_node *exec,
    const struct kube_cluster *cluster, struct plugin *plugin)
{
	const struct yaml_node	*version, *hint;

	if (exec->what != YAML_MAP)
		return (parsed_fail(p, exec, "`exec`: expected a map, found "
		    "%s", yaml_what(exec)));
	if (exec_version(p, exec, &version) == -1 ||
	    exec_interactive(p, exec, version) == -1 ||
	    exec_command(p, exec, plugin) == -1 ||
	    exec_args(p, exec, plugin) == -1 ||
	    exec_env(p, exec, plugin) == -1 ||
	    kube_text(p, exec, "installHint", &hint) == -1)
		return (-1);
	if (hint != NULL)
		plugin_set(&plugin->hint, hint->text);
	return (exec_info(p, exec, version, cluster, plugin));
}

int
kube_exec(struct parsed *p, const struct yaml_node *exec,
    const struct kube_cluster *cluster)
{
	struct plugin	*plugin = plugin_new();
	char		*bytes;
	size_t		 len;
	int		 ok;

	ok = exec_read(p, exec, cluster, plugin);
	if (ok == 0 && (bytes = plugin_pack(plugin, &len)) == NULL)
		ok = parsed_fail(p, exec, "`exec`: more than %d KiB of it",
		    PLUGIN_BYTES_MAX / 1024);
	else if (ok == 0) {
		parsed_secret(p, SECRET_KUBE_EXEC, exec, bytes, len);
		freezero(bytes, PLUGIN_BYTES_MAX);
	}
	plugin_free(plugin);
	return (ok);
}
