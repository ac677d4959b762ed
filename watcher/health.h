/*
 * From workloads and pods to the health of a component (DESIGN.md section 3).
 * Pure: no I/O, no clock, no allocation.
 */
#ifndef KANATA_WATCHER_HEALTH_H
#define KANATA_WATCHER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/conf.h"
#include "../common/health.h"

/* What matters of a pod.  Times are ms since 1970, 0 if unknown. */
struct pod_state {
	bool		 ready;		/* Ready condition is True */
	bool		 terminating;	/* deletionTimestamp is set */
	bool		 succeeded;	/* phase Succeeded */
	bool		 failed;	/* phase Failed */
	bool		 fresh;		/* of the workload's newest revision */
	enum cause	 cause;		/* why it is not ready */
	uint64_t	 ready_since;	/* lastTransitionTime of Ready */
	uint64_t	 created;
	const char	*detail;	/* borrowed: reason, message; "" if none */
};

/* What matters of a workload; a bare pod is a workload that wants one. */
struct workload_state {
	enum kind	 kind;
	bool		 found;
	bool		 paused;	/* annotation kanata/paused on it or its
					 * namespace */
	bool		 settled;	/* observedGeneration >= generation */
	bool		 deadline;	/* Progressing=False, ProgressDeadlineExceeded */
	bool		 replica_failure; /* ReplicaFailure=True */
	unsigned	 desired;	/* spec.replicas, desiredNumberScheduled */
	unsigned	 updated;	/* of the newest revision */
	unsigned	 replicas;	/* that exist, status.replicas */
	unsigned	 available;
	unsigned	 minimum;	/* that a rollout may leave: desired -
					 * maxUnavailable */
	uint64_t	 available_since; /* lastTransitionTime of Available */
	bool		 suspended, complete, failed;	/* Job, CronJob */
};

struct health_rules {
	unsigned	 partial_below;	/* percent */
	enum rollout	 rollout;
	uint64_t	 first_ready_within;	/* ms */
};

/* What is remembered of a component between two looks. */
struct health_memory {
	bool		 was_healthy;	/* it was ok, rolling or idle once */
	uint64_t	 first_seen;	/* ms; 0: not yet */
	enum health	 health;	/* the last one said */
	uint64_t	 since;		/* of that */
};

struct health_view {
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;		/* ms, never later than now */
	uint64_t	 look_again;	/* ms; 0: only when something changes */
	bool		 paused;
	char		 detail[512];	/* private: names pods, reasons */
};

/*
 * One workload and its pods.  A component of several workloads is judged by
 * health_merge.
 */
void	 health_judge(const struct workload_state *, const struct pod_state *pods,
	    size_t npods, const struct health_rules *, uint64_t now,
	    struct health_memory *, struct health_view *out);
/* Adds b to a: the sum of the counts, the worse health. */
void	 health_merge(struct health_view *a, const struct health_view *b,
	    const struct health_rules *);

#endif
