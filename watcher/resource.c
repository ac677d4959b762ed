#include <string.h>

#include "resource.h"

/*
 * The parts that make most of an object's bytes and that nobody reads here.
 * Whatever is not listed is simply not looked at.
 */
#define DROP_ALWAYS(p)							\
	p "metadata.managedFields", p "metadata.finalizers"
#define DROP_POD(p)							\
	DROP_ALWAYS(p), p "spec", p "status.podIPs", p "status.hostIPs"
#define DROP_WORKLOAD(p)						\
	DROP_ALWAYS(p), p "spec.template", p "spec.volumeClaimTemplates", \
	p "spec.jobTemplate", p "metadata.labels"

static const char *const drop_pod_item[] = { DROP_POD(""), NULL };
static const char *const drop_pod_event[] = { DROP_POD("object."), NULL };
static const char *const drop_item[] = { DROP_WORKLOAD(""), NULL };
static const char *const drop_event[] = { DROP_WORKLOAD("object."), NULL };

#define PLAIN	drop_item, drop_event

static const struct resource_info table[RESOURCE_MAX] = {
	[RESOURCE_NAMESPACES] = { "namespaces", "/api/v1", NULL,
	    "Namespace", "NamespaceList", KIND_ANY, PLAIN },
	[RESOURCE_DEPLOYMENTS] = { "deployments", "/apis/apps/v1", NULL,
	    "Deployment", "DeploymentList", KIND_DEPLOYMENT, PLAIN },
	[RESOURCE_STATEFULSETS] = { "statefulsets", "/apis/apps/v1", NULL,
	    "StatefulSet", "StatefulSetList", KIND_STATEFULSET, PLAIN },
	[RESOURCE_DAEMONSETS] = { "daemonsets", "/apis/apps/v1", NULL,
	    "DaemonSet", "DaemonSetList", KIND_DAEMONSET, PLAIN },
	/* batch/v1 has CronJobs since 1.21. */
	[RESOURCE_CRONJOBS] = { "cronjobs", "/apis/batch/v1",
	    "/apis/batch/v1beta1", "CronJob", "CronJobList", KIND_CRONJOB,
	    PLAIN },
	[RESOURCE_REPLICASETS] = { "replicasets", "/apis/apps/v1", NULL,
	    "ReplicaSet", "ReplicaSetList", KIND_REPLICASET, PLAIN },
	[RESOURCE_JOBS] = { "jobs", "/apis/batch/v1", NULL,
	    "Job", "JobList", KIND_JOB, PLAIN },
	[RESOURCE_PODS] = { "pods", "/api/v1", NULL,
	    "Pod", "PodList", KIND_POD, drop_pod_item, drop_pod_event },
};

const struct resource_info *
resource_info(enum resource r)
{
	return (&table[r]);
}

enum resource
resource_of_kind(enum kind kind)
{
	enum resource	 r;

	if (kind == KIND_ANY)
		return (RESOURCE_MAX);
	for (r = 0; r < RESOURCE_MAX; r++)
		if (table[r].kind == kind)
			break;
	return (r);
}

unsigned
resource_needed(enum kind kind)
{
	unsigned	 need = 1U << RESOURCE_PODS;

	switch (kind) {
	case KIND_ANY:
		return (need | 1U << RESOURCE_DEPLOYMENTS |
		    1U << RESOURCE_REPLICASETS | 1U << RESOURCE_STATEFULSETS |
		    1U << RESOURCE_DAEMONSETS | 1U << RESOURCE_JOBS);
	case KIND_DEPLOYMENT:
		return (need | 1U << RESOURCE_DEPLOYMENTS |
		    1U << RESOURCE_REPLICASETS);
	case KIND_STATEFULSET:
		return (need | 1U << RESOURCE_STATEFULSETS);
	case KIND_DAEMONSET:
		return (need | 1U << RESOURCE_DAEMONSETS);
	case KIND_REPLICASET:
		return (need | 1U << RESOURCE_REPLICASETS);
	case KIND_JOB:
		return (need | 1U << RESOURCE_JOBS);
	case KIND_CRONJOB:
		return (need | 1U << RESOURCE_CRONJOBS | 1U << RESOURCE_JOBS);
	default:
		return (need);
	}
}

const char *
resource_api_version(const char *group)
{
	return (group + (strncmp(group, "/apis/", 6) == 0 ? 6 : 5));
}
