/*
 * Pods for who follows them: first all, then those that change.  One follower.
 */
#ifndef KANATA_WATCHER_FOLLOW_H
#define KANATA_WATCHER_FOLLOW_H

#include "component.h"

/*
 * Sends MSG_SHOW_POD of all pods, as fast as the channel takes them, then
 * MSG_PODS_PART with the cursor 0, all with that id; from there on what has changed,
 * and MSG_POD_GONE; or MSG_PODS_LOST, and nothing more.  Borrows the channel until follow_stop.  The name of the cluster
 * is copied.
 */
void	 follow_start(struct event_base *, struct channel *, uint32_t id,
	    const char *cluster, struct components *);
void	 follow_stop(void);

/* What they are told; nothing while nobody follows. */
void	 follow_pod(const struct pod *);
void	 follow_gone(const struct pod *);
void	 follow_node(const struct node *);
/* Which components a pod belongs to may have changed for all. */
void	 follow_all(void);

#endif
