/*
 * The pods of one workload, and which of them are of its newest revision.
 */
#ifndef KANATA_WATCHER_CROWD_H
#define KANATA_WATCHER_CROWD_H

#include "health.h"
#include "objects.h"

/* Those of one owner are of the newest revision, else those of one revision,
 * else all.  The pods are borrowed. */
struct crowd {
	const struct pod	**pod;
	size_t			  n;
	const struct node	 *fresh_owner;
	const struct word	 *fresh_revision;
};

/* The n-th pod, for health_judge_each. */
void		 crowd_pod(const void *crowd, size_t n, struct pod_state *);
/* Finds out which are of the newest revision of their workload. */
void		 crowd_mark_fresh(struct crowd *, const struct node *);
/* Without a better word: the revision of the pod that came last; NULL: none. */
const struct word *crowd_newest_revision(const struct crowd *);
/* How old a workload is at least that cannot be read itself: ms since 1970. */
uint64_t	 crowd_oldest(const struct crowd *);

#endif
