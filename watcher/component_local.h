/*
 * What the files of the components share.
 */
#ifndef KANATA_WATCHER_COMPONENT_LOCAL_H
#define KANATA_WATCHER_COMPONENT_LOCAL_H

#include "component.h"

/* One workload of a target, or one group of a selector's pods. */
struct part {
	struct part	*next;
	struct health_memory memory;
	bool		 seen;		/* in this look */
	bool		 ghost;		/* it was there once, nothing is now */
	char		 key[];
};

/* One entry of a component's `watch`. */
struct target {
	struct link	 link;		/* by name, unless a selection */
	struct component *component;
	enum kind	 kind;
	char		*ns;		/* "": those of the cluster, "*": all */
	char		*name;
	struct selection *selection;
	struct part	*parts;
	struct health_memory absent;	/* before anything was there */
};

struct component {
	struct link	 link;
	TAILQ_ENTRY(component) entry, dirty_entry;
	struct components *all;
	char		*id;
	struct health_rules rules;
	unsigned	 ntarget;
	struct target	*target;
	struct health_memory memory;
	struct health_view view;	/* the last one said */
	struct health_view known;	/* the last one that was known */
	struct event	*timer;
	uint64_t	 not_before;	/* us; the next look at it */
	bool		 dirty, said, kept, wanted;
};

TAILQ_HEAD(component_queue, component);

struct components {
	struct event_base *base;
	struct components_hooks hooks;
	struct objects	*objects;
	struct component_queue queue, dirty;
	struct table	 by_id, by_name;
	struct event	*turn;
	bool		 quiet;		/* say nothing, all is said after */
};

/* gather.c */
bool	 target_covers_node(const struct components *, const struct target *,
	    const struct node *);
bool	 target_covers_pod(const struct components *, const struct target *,
	    const struct pod *);
/* Judges all workloads of the target; returns how many pods they have. */
size_t	 target_judge(struct components *, struct target *, uint64_t now,
	    struct health_view *, uint64_t *latest);

#endif
