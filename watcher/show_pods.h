#ifndef KANATA_WATCHER_SHOW_PODS_H
#define KANATA_WATCHER_SHOW_PODS_H

#include "component.h"

/* One MSG_SHOW_POD. */
void		show_pod(struct channel *, uint32_t id, const char *cluster,
		    struct components *, const struct pod *);

/*
 * Sends some hundred MSG_SHOW_POD with that id, from where the cursor is (0: the
 * beginning).  Returns where to go on, 0 at the end.  The cursor is the peer's: any
 * number is one.
 */
uint64_t	 show_pods(struct channel *, uint32_t id, const char *cluster,
		    struct components *, uint64_t cursor);

#endif
