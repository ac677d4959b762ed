/*
 * What is known of the cluster: pods, workloads and who belongs to whom.
 *
 * A node stands for a workload, or for the mention of one in an owner reference;
 * pods and workloads hang below the node of their controller.  Kept small: a
 * cluster may have many pods that no component asks for.
 */
#ifndef KANATA_WATCHER_OBJECTS_H
#define KANATA_WATCHER_OBJECTS_H

#include <sys/queue.h>

#include "object.h"
#include "../common/selector.h"
#include "table.h"

/* A namespace, as far as something in it is known. */
struct space {
	struct link	 link;
	unsigned	 refs;
	unsigned	 npods;
	uint32_t	 mark;
	bool		 paused;
	bool		 listed;	/* it is known for itself */
	char		 name[];
};

/* A text that many objects share. */
struct word {
	struct link	 link;
	unsigned	 refs;
	char		 s[];
};

struct workload {
	struct workload_state state;
	uint64_t	 uid, owner_uid;
	uint64_t	 revision_number;
	struct word	*update_revision;
	uint32_t	 mark;
};

LIST_HEAD(node_list, node);
LIST_HEAD(pod_list, pod);
LIST_HEAD(membership_list, membership);

struct node {
	struct link	 link;
	LIST_ENTRY(node) sibling;	/* if it has a parent */
	struct space	*space;
	struct node	*parent;	/* its controller, NULL: none known */
	struct node_list nodes;
	struct pod_list	 pods;
	struct workload	*workload;	/* NULL: only mentioned */
	enum kind	 kind;		/* KIND_ANY: some other */
	bool		 guessed;	/* the parent is guessed */
	char		 name[];
};

struct pod {
	struct link	 link;
	LIST_ENTRY(pod)	 sibling;	/* if it has an owner */
	struct space	*space;
	struct node	*owner;
	struct word	*revision;
	struct membership *membership;	/* selections that it is in */
	struct word	*detail;	/* NULL: none */
	uint64_t	 owner_uid;
	/* In s, as the API has them, until 2106; the link's mark is the list's
	 * that mentioned it. */
	uint32_t	 created, ready_since;
	uint8_t		 cause;
	bool		 ready:1, was_ready:1, terminating:1, succeeded:1,
			 failed:1, paused:1, has_template_hash:1,
			 stale:1;	/* follow.c */
	char		 name[];
};

/* The pods that a selector matches. */
struct selection {
	LIST_ENTRY(selection) entry;
	struct selector	*selector;
	char		*text, *ns;	/* ns "": every one */
	unsigned	 refs;
	bool		 fresh;		/* the pods were not listed since */
	struct membership_list members;
};

struct membership {
	LIST_ENTRY(membership) entry;	/* of the selection */
	struct membership *next;	/* of the pod */
	struct selection *selection;
	struct pod	*pod;
};

/* Told of every change that matters, before something goes and after it came. */
struct objects_listener {
	void	(*pod)(const struct pod *, void *arg);
	void	(*node)(const struct node *, void *arg);
	void	(*space)(const struct space *, void *arg);
	void	 *arg;
	/* A pod goes, after pod() was told; NULL: not told. */
	void	(*pod_gone)(const struct pod *, void *arg);
};

struct objects;

struct objects	*objects_new(const struct objects_listener *);
void		 objects_free(struct objects *);

/* The object is there, as the list or event with that mark says (never 0). */
void		 objects_put(struct objects *, const struct object *,
		    uint32_t mark);
void		 objects_remove(struct objects *, enum resource, const char *ns,
		    const char *name);
/*
 * Removes what a list did not mention: everything of the resource in ns (NULL:
 * all) that bears another mark.  Returns how many.
 */
size_t		 objects_sweep(struct objects *, enum resource, const char *ns,
		    uint32_t mark);
size_t		 objects_count(struct objects *, enum resource, const char *ns);

/*
 * ReplicaSets or Jobs in ns (NULL: all) cannot be read: guess their owners from
 * their names, or stop guessing.
 */
void		 objects_guess(struct objects *, enum resource, const char *ns,
		    bool);

/* The first node or pod of that name in any namespace, and the next one. */
struct node	*objects_node(const struct objects *, const char *name);
struct node	*objects_node_next(const struct node *);
struct pod	*objects_pod(const struct objects *, const char *name);
struct pod	*objects_pod_next(const struct pod *);

/* The pods of a part of the table: see table_part. */
uint64_t	 objects_pods_part(const struct objects *, uint64_t cursor,
		    void (*)(const struct pod *, void *), void *arg);

/* Takes the selector; ns "": every namespace.  It is empty until the pods are
 * put again. */
struct selection *objects_select(struct objects *, struct selector *,
		    const char *text, const char *ns);
struct selection *objects_selection(const struct objects *, const char *text,
		    const char *ns);
/* The pods were listed: selections are complete.  True if one was not. */
bool		 objects_selected(struct objects *);
void		 objects_unselect(struct objects *, struct selection *);

#endif
