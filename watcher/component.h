/*
 * The components of the configuration: which objects each of them is made of,
 * its health, and when to tell the notifier.
 */
#ifndef KANATA_WATCHER_COMPONENT_H
#define KANATA_WATCHER_COMPONENT_H

#include <event2/event.h>

#include "health.h"
#include "objects.h"

/* How much the objects of a resource in a namespace can be believed. */
enum reading {
	READING_LIVE,
	READING_FIRST,		/* the first list is not complete */
	READING_BROKEN,		/* for longer than the grace */
	READING_FORBIDDEN
};

struct components_hooks {
	/* ns NULL: wherever the cluster's namespaces are.  why: a static buffer
	 * or NULL. */
	enum reading	(*reading)(enum resource, const char *ns,
			    const char **why);
	/* Is it one of the cluster's namespaces, which a watch without one
	 * means? */
	bool		(*listed)(const char *ns);
	/* A component's health, when something of it changed. */
	void		(*say)(const char *id, const struct health_view *);
};

struct components;

struct components *components_new(struct event_base *,
		    const struct components_hooks *);
void		 components_free(struct components *);
struct objects	*components_objects(struct components *);

/*
 * The components of a configuration, which is borrowed for the call.  Those that
 * stay keep their memory, unless elsewhere says that it is about another place.
 * True if there are selectors that were not there before, so that the pods must
 * be listed anew.
 */
bool		 components_configure(struct components *, const struct conf *,
		    bool elsewhere);

/* Something may have changed for everything that reads this resource (or
 * RESOURCE_MAX: any). */
void		 components_touch(struct components *, enum resource);
/* Judges what is touched now, and not at the end of the turn. */
void		 components_settle(struct components *);
/* The pods that selectors wait for have been listed. */
void		 components_selected(struct components *);
/* Says every component once, changed or not. */
void		 components_say_all(struct components *);

#endif
