/*
 * A kubeconfig: one context's server and what authenticates there
 * (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").
 */
#ifndef KANATA_KUBECONFIG_H
#define KANATA_KUBECONFIG_H

#include "parsed.h"

#define KUBECONFIG_DEPTH_MAX	YAML_DEPTH_MAX

/*
 * Fills in parsed->server and the secrets; context "" is the current one.
 * Unknown keys are ignored, as kubectl does; what changes who speaks, and is
 * not supported, is refused.  Returns 0, or -1 with parsed->error.
 */
int	 kubeconfig_read(struct parsed *, const struct yaml_node *root,
	    const char *context);

#endif
