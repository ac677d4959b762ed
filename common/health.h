/* Health and what the page shows: the words that all roles share. */
#ifndef KANATA_HEALTH_H
#define KANATA_HEALTH_H

/* What the watcher says of a component (DESIGN.md section 3). */
enum health {
	HEALTH_UNKNOWN,		/* watch broken, forbidden, no such workload */
	HEALTH_OK,
	HEALTH_IDLE,		/* scaled to zero on purpose */
	HEALTH_ROLLING,		/* being updated, capacity missing, minimum there */
	HEALTH_DEGRADED,
	HEALTH_PARTIAL,
	HEALTH_MAJOR,
	HEALTH_MAX
};

enum cause {
	CAUSE_NONE,
	CAUSE_NOT_READY,
	CAUSE_CRASH_LOOP,
	CAUSE_IMAGE,		/* image cannot be pulled */
	CAUSE_OOM,
	CAUSE_CONFIG,		/* container cannot be made: missing config, secret */
	CAUSE_UNSCHEDULABLE,
	CAUSE_EVICTED,
	CAUSE_NODE_LOST,
	CAUSE_FAILED,		/* pod or Job failed */
	CAUSE_STUCK,		/* a rollout makes no progress */
	CAUSE_CREATE,		/* pods cannot be created: quota, policy */
	CAUSE_DELETED,
	CAUSE_STARTING,		/* never healthy yet */
	CAUSE_NO_WORKLOAD,	/* nothing of that name */
	CAUSE_FORBIDDEN,
	CAUSE_DISCONNECTED,	/* the watch is broken, or not complete yet */
	CAUSE_MAX
};

/* Component status on the page, in the order of severity. */
enum page_status {
	PAGE_OPERATIONAL,
	PAGE_MAINTENANCE,
	PAGE_DEGRADED,
	PAGE_PARTIAL,
	PAGE_MAJOR,
	PAGE_STATUS_MAX
};

/* Of an incident, as Instatus names them. */
enum incident_phase {
	PHASE_INVESTIGATING,
	PHASE_IDENTIFIED,
	PHASE_MONITORING,
	PHASE_RESOLVED,
	PHASE_MAX
};

const char	*health_name(enum health);	/* "ok", "rolling" */
const char	*cause_name(enum cause);	/* "crash-looping" */
/* _MAX when there is no such word. */
enum health	 health_parse(const char *);
enum cause	 cause_parse(const char *);
/* As Instatus spells it: "UNDERMAINTENANCE". */
const char	*page_status_name(enum page_status);
/* PAGE_STATUS_MAX when there is no such word.  MINOROUTAGE reads as degraded. */
enum page_status page_status_parse(const char *);
const char	*incident_phase_name(enum incident_phase);	/* "RESOLVED" */
/* PHASE_MAX when there is no such word. */
enum incident_phase incident_phase_parse(const char *);

#endif
