/*
 * A kubeconfig: one context's server and what authenticates there
 * (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").
 */
#ifndef KANATA_KUBECONFIG_H
#define KANATA_KUBECONFIG_H

#include "parsed.h"

#define KUBECONFIG_DEPTH_MAX	YAML_DEPTH_MAX
#define KUBECONFIG_FILES_MAX	32

struct kubeconfig_file {
	char			*path;
	struct yaml_node	*root;
};

/*
 * Fills in parsed->server and the secrets; context "" is the current one.  Of
 * several files the first that has a name wins, as kubectl merges them.  Unknown
 * keys are ignored, as kubectl does; what changes who speaks, and is not
 * supported, is refused.  Returns 0, or -1 with parsed->error and error_path.
 */
int	 kubeconfig_read(struct parsed *, const struct kubeconfig_file *,
	    size_t count, const char *context);

/* -- for the files of the kubeconfig only ---------------------------------- */

/*
 * The text of a key.  Nothing, null and "" are the same, as in client-go.
 * Returns -1 and an error if it is a list or map; *value may be NULL.
 */
int	 kube_text(struct parsed *, const struct yaml_node *map,
	    const char *key, const struct yaml_node **value);
/* "true" and "false"; false if it is not there.  -1 and an error else. */
int	 kube_bool(struct parsed *, const struct yaml_node *map,
	    const char *key, bool *value);
/* What another tool would obey and Kanata cannot: -1 and an error. */
int	 kube_refuse(struct parsed *, const struct yaml_node *map,
	    const char *const *keys, const char *instead);
/* A credential as data in the file, or else as a path.  1 if it is there, 0 if
 * not, -1 on error. */
int	 kube_credential(struct parsed *, const struct yaml_node *map,
	    const char *key, enum secret);

/* A cluster as the plugin is told of it: what is needed of its section. */
struct kube_cluster {
	const struct yaml_node	*map;
	const char		*path;	/* of its file */
};

/* kubeuser.c: what authenticates. */
int	 kube_user(struct parsed *, const struct yaml_node *user,
	    const struct kube_cluster *);
/* kubeexec.c: an exec plugin, into a secret of its own. */
int	 kube_exec(struct parsed *, const struct yaml_node *exec,
	    const struct kube_cluster *);

#endif
