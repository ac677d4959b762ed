#include <string.h>

#include "health.h"

static const char *const health_names[HEALTH_MAX] = {
	[HEALTH_UNKNOWN]	= "unknown",
	[HEALTH_OK]		= "ok",
	[HEALTH_IDLE]		= "idle",
	[HEALTH_ROLLING]	= "rolling",
	[HEALTH_DEGRADED]	= "degraded",
	[HEALTH_PARTIAL]	= "partial",
	[HEALTH_MAJOR]		= "major",
};

static const char *const cause_names[CAUSE_MAX] = {
	[CAUSE_NONE]		= "none",
	[CAUSE_NOT_READY]	= "not ready",
	[CAUSE_CRASH_LOOP]	= "crash-looping",
	[CAUSE_IMAGE]		= "image cannot be pulled",
	[CAUSE_OOM]		= "out of memory",
	[CAUSE_CONFIG]		= "container cannot be created",
	[CAUSE_UNSCHEDULABLE]	= "unschedulable",
	[CAUSE_EVICTED]		= "evicted",
	[CAUSE_NODE_LOST]	= "node lost",
	[CAUSE_FAILED]		= "failed",
	[CAUSE_STUCK]		= "rollout makes no progress",
	[CAUSE_CREATE]		= "pods cannot be created",
	[CAUSE_DELETED]		= "deleted",
	[CAUSE_STARTING]	= "never healthy yet",
	[CAUSE_NO_WORKLOAD]	= "no such workload",
	[CAUSE_FORBIDDEN]	= "forbidden",
	[CAUSE_DISCONNECTED]	= "not connected",
};

static const char *const status_names[PAGE_STATUS_MAX] = {
	[PAGE_OPERATIONAL]	= "OPERATIONAL",
	[PAGE_MAINTENANCE]	= "UNDERMAINTENANCE",
	[PAGE_DEGRADED]		= "DEGRADEDPERFORMANCE",
	[PAGE_PARTIAL]		= "PARTIALOUTAGE",
	[PAGE_MAJOR]		= "MAJOROUTAGE",
};

static const char *const phase_names[PHASE_MAX] = {
	[PHASE_INVESTIGATING]	= "INVESTIGATING",
	[PHASE_IDENTIFIED]	= "IDENTIFIED",
	[PHASE_MONITORING]	= "MONITORING",
	[PHASE_RESOLVED]	= "RESOLVED",
};

const char *
health_name(enum health health)
{
	return ((unsigned)health < HEALTH_MAX ? health_names[health] : "?");
}

const char *
cause_name(enum cause cause)
{
	return ((unsigned)cause < CAUSE_MAX ? cause_names[cause] : "?");
}

enum health
health_parse(const char *word)
{
	unsigned i;

	for (i = 0; i < HEALTH_MAX; i++)
		if (strcmp(word, health_names[i]) == 0)
			break;
	return (i);
}

enum cause
cause_parse(const char *word)
{
	unsigned i;

	for (i = 0; i < CAUSE_MAX; i++)
		if (strcmp(word, cause_names[i]) == 0)
			break;
	return (i);
}

const char *
page_status_name(enum page_status status)
{
	return ((unsigned)status < PAGE_STATUS_MAX ? status_names[status] : "?");
}

enum page_status
page_status_parse(const char *word)
{
	unsigned i;

	for (i = 0; i < PAGE_STATUS_MAX; i++)
		if (strcmp(word, status_names[i]) == 0)
			return (i);
	/* Only in older help pages; accepted, never sent. */
	if (strcmp(word, "MINOROUTAGE") == 0)
		return (PAGE_DEGRADED);
	return (PAGE_STATUS_MAX);
}

const char *
incident_phase_name(enum incident_phase phase)
{
	return ((unsigned)phase < PHASE_MAX ? phase_names[phase] : "?");
}

enum incident_phase
incident_phase_parse(const char *word)
{
	unsigned i;

	for (i = 0; i < PHASE_MAX; i++)
		if (strcmp(word, phase_names[i]) == 0)
			break;
	return (i);
}
