/*
 * What the files of the store share.
 */
#ifndef KANATA_WATCHER_OBJECTS_LOCAL_H
#define KANATA_WATCHER_OBJECTS_LOCAL_H

#include "objects.h"

LIST_HEAD(selection_list, selection);

/* Resources whose owners are guessed, by namespace. */
struct guess {
	struct guess	*next;
	enum kind	 kind;
	char		 ns[OBJECT_NAMESPACE_MAX + 1];	/* "": every one */
};

struct objects {
	struct table	 spaces, words, nodes, pods;
	struct selection_list selections;
	struct guess	*guesses;
	struct objects_listener listener;
	bool		 quiet;		/* nobody is told any more */
};

/* objects.c.  The get functions take a reference, the put functions drop it. */
struct space	*space_get(struct objects *, const char *);
void		 space_put(struct objects *, struct space *);
struct word	*word_get(struct objects *, const char *);
void		 word_put(struct objects *, struct word *);

/* objects_node.c */
struct node	*node_find(const struct objects *, const struct space *,
		    enum kind, const char *name);
/* Makes one if there is none; node_release frees one that nothing needs. */
struct node	*node_get(struct objects *, struct space *, enum kind,
		    const char *name);
void		 node_release(struct objects *, struct node *);
void		 node_set(struct objects *, const struct object *, uint32_t mark);
void		 node_drop(struct objects *, struct node *);
/* A pod of that template belongs to it: a hint for guessing. */
void		 node_hint(struct objects *, struct node *, const char *hash);

/* objects_pod.c */
struct pod	*pod_find(const struct objects *, const struct space *,
		    const char *name);
void		 pod_set(struct objects *, const struct object *, uint32_t mark);
void		 pod_drop(struct objects *, struct pod *);

/* objects_select.c.  True if the pod is in other selections now. */
bool		 selections_match(struct objects *, struct pod *,
		    const struct object *);
void		 selections_leave(struct pod *);

#endif
