/*
 * Pods, kept only while somebody asks for them: the watchers are asked for all and
 * for what changes.
 */
#ifndef KANATA_WEB_PODS_H
#define KANATA_WEB_PODS_H

#include "json.h"

struct pod {
	RB_ENTRY(pod)	 node;
	char		*cluster, *ns, *name;	/* its key */
	char		*owner;			/* "deployment/api", "" */
	enum cause	 cause;
	bool		 ready, terminating;
	uint64_t	 since;
	unsigned	 ncomponent;
	char		**component;
	char		*json;			/* json_pod, NULL: not made yet */
};
RB_HEAD(pod_tree, pod);
RB_PROTOTYPE(pod_tree, pod, node, pod_compare)
int		 pod_compare(const struct pod *, const struct pod *);

extern struct pod_tree pods;
const char	*json_pod(struct pod *);
/* The first behind the key, NULL: the first of all; NULL: no more. */
struct pod	*pods_after(const struct pod *key);
/* A copy of the key alone, in place of the one before. */
void		 pod_key_set(struct pod **, const struct pod *);
void		 pod_free(struct pod *);		/* NULL is allowed */

/* -- who asks -------------------------------------------------------------- */

enum pod_change { POD_ADDED, POD_MODIFIED, POD_DELETED };

/* podwatch.c: one that is followed has changed, and is still (or just) there. */
void		 podwatch_changed(struct pod *, enum pod_change);
/* What was told is of no use any more: who watches must begin anew. */
void		 podwatch_cut(void);
bool		 podwatch_busy(void);

/*
 * Answers when all pods are there: at once, or by calling back when the watchers have
 * told them; or with 503 when they have not been listed yet, or do not come.
 */
void		 pods_want(struct request *, void (*)(struct request *));

/* -- for mirror.c ---------------------------------------------------------- */

/* A watcher came or went. */
void		 pods_watcher(struct watcher *);
void		 pods_watcher_gone(struct watcher *);
/* MSG_SHOW_POD, _POD_GONE, _PODS_PART, _PODS_LOST; contract of
 * channel_dispatch_fn. */
const char	*pods_dispatch(struct watcher *, struct message *);

#endif
