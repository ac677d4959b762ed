/*
 * The kinds of objects that are listed and watched, and how the API names them.
 */
#ifndef KANATA_WATCHER_RESOURCE_H
#define KANATA_WATCHER_RESOURCE_H

#include "../common/conf.h"

/* In the order in which they are listed: what owns before what is owned. */
enum resource {
	RESOURCE_NAMESPACES,
	RESOURCE_DEPLOYMENTS,
	RESOURCE_STATEFULSETS,
	RESOURCE_DAEMONSETS,
	RESOURCE_CRONJOBS,
	RESOURCE_REPLICASETS,
	RESOURCE_JOBS,
	RESOURCE_PODS,
	RESOURCE_MAX
};

struct resource_info {
	const char	*name;		/* "pods", in paths */
	const char	*group;		/* "/api/v1", before the namespace */
	const char	*old_group;	/* of older servers, NULL if none */
	const char	*object;	/* "Pod", an object's kind */
	const char	*list;		/* "PodList" */
	enum kind	 kind;		/* KIND_ANY for namespaces */
	/* What is cut out before decoding, for list items and for events. */
	const char *const *drop_item;
	const char *const *drop_event;
};

const struct resource_info *resource_info(enum resource);
/* The resource of a kind; RESOURCE_MAX if none is listed for it. */
enum resource	 resource_of_kind(enum kind);
/* What must be watched for a component's watch of that kind: a bit for each. */
unsigned	 resource_needed(enum kind);
/* "apps/v1" of group "/apis/apps/v1". */
const char	*resource_api_version(const char *group);

#endif
