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
	const char	*name;		/* borrowed, never NULL */
	const char	*detail;	/* borrowed: reason, message; "" if none */
	bool		 ready;		/* Ready condition is True */
	bool		 was_ready;	/* it is, or is known to have been */
	bool		 terminating;	/* deletionTimestamp is set */
	bool		 succeeded;	/* phase Succeeded */
	bool		 failed;	/* phase Failed */
	bool		 fresh;		/* of the workload's newest revision */
	enum cause	 cause;		/* why it is not ready */
	uint64_t	 ready_since;	/* lastTransitionTime of Ready */
	uint64_t	 created;
};

/* What matters of a workload; a bare pod is a workload that wants one. */
struct workload_state {
	enum kind	 kind;		/* KIND_ANY: some controller */
	bool		 found;
	bool		 paused;	/* annotation kanata/paused on it or its
					 * namespace */
	bool		 counted;	/* desired is known; else it is judged by the
					 * pods that exist */
	bool		 rolling;	/* a rollout is under way */
	bool		 deadline;	/* ProgressDeadlineExceeded */
	bool		 has_deadline;	/* the cluster itself watches the rollout */
	bool		 completed;	/* a rollout was completed once */
	bool		 replica_failure; /* ReplicaFailure=True */
	unsigned	 desired;	/* spec.replicas, desiredNumberScheduled */
	unsigned	 minimum;	/* that a rollout may leave: desired -
					 * maxUnavailable */
	uint64_t	 min_ready;	/* minReadySeconds, in ms */
	uint64_t	 created;
	uint64_t	 unavailable_since; /* transition of Available=False */
	uint64_t	 progress_since; /* lastTransitionTime of Progressing */
	/* Job; of a CronJob: its last finished Job. */
	bool		 suspended, complete, failed;
	uint64_t	 finished;
};

struct health_rules {
	unsigned	 partial_below;		/* percent */
	uint64_t	 first_ready_within;	/* ms */
};

/* What is remembered of a workload between two looks; all zero at first. */
struct health_memory {
	bool		 was_found;
	bool		 was_healthy;	/* it was ok, rolling or idle once */
	unsigned	 desired;	/* when last all were available */
	uint64_t	 grown;		/* when desired went above that; 0: not */
	uint64_t	 first_seen;	/* ms; 0: not yet */
	enum health	 health;	/* the last one known, else unknown */
	uint64_t	 since;		/* of that */
	uint64_t	 unknown_since;	/* 0: it is known */
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
/* The same of pods that are no array: fills in the n-th of them. */
typedef void (*health_pod_fn)(const void *arg, size_t n, struct pod_state *);
void	 health_judge_each(const struct workload_state *, health_pod_fn,
	    const void *arg, size_t npods, const struct health_rules *,
	    uint64_t now, struct health_memory *, struct health_view *out);
/*
 * Adds b to a: the sum of the counts, the worse health.  What is deleted, was
 * never healthy yet or is paused does not count beside what is not.  Pooled: the
 * pods stand in for each other, so that it is major only when none is left.
 */
void	 health_merge(struct health_view *a, const struct health_view *b,
	    const struct health_rules *, bool pooled);
/*
 * Keeps the since of a merged view while its health stays.  latest is the
 * newest since of the views that were merged: a component is better since the
 * last of them changed.
 */
void	 health_settle(struct health_view *, struct health_memory *,
	    uint64_t latest);

#endif
