/*
 * A credential that an exec plugin gives: asked for by the parent's runner, read
 * from a pipe, asked for again before it expires or when it is refused.  One call
 * at a time.
 */
#ifndef KANATA_WATCHER_RENEW_H
#define KANATA_WATCHER_RENEW_H

#include <event2/event.h>

#include "execcred.h"

#define RENEW_EARLY	10000	/* ms before it expires */
#define RENEW_AGAIN	10000	/* ms between two calls, at least */
#define RENEW_RARELY	120000	/* ms, when it fails again and again */
#define RENEW_TIME	70000	/* ms for a call; the runner gives it 60 s */

struct renew_hooks {
	/* Sends MSG_SECRET_AGAIN for SECRET_KUBE_EXEC. */
	void	(*ask)(void);
	/* A credential came, which the callee takes; or, with a text, none:
	 * what there was stays in use. */
	void	(*fresh)(struct execcred *, const char *problem);
};

void	 renew_init(struct event_base *, const struct renew_hooks *);
/* There is a plugin: asks at once, whatever there was. */
void	 renew_start(void);
/* There is none. */
void	 renew_stop(void);
/* The server has refused what it gave. */
void	 renew_refused(void);
/* MSG_SECRET_FRESH: takes the descriptor, -1 if the plugin is not run. */
void	 renew_answer(int fd);

#endif
