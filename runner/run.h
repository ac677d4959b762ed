/* One run of an exec plugin: a process group of its own, for a time. */
#ifndef KANATA_RUNNER_RUN_H
#define KANATA_RUNNER_RUN_H

#include <event2/event.h>
#include <stdbool.h>

#include "../common/plugin.h"

#define RUN_LINES	50	/* of its standard error that are logged */

struct run;

/* It has ended; text says how, "" if it has done what it should. */
typedef void	(*run_done_fn)(void *arg, bool ok, const char *text);

/* A plugin that has not ended after so many seconds is killed. */
void		 run_init(struct event_base *, unsigned seconds);
/*
 * Runs the plugin, for the cluster of that name, with its standard output on the
 * descriptor, which is taken.  Calls back once: before it returns, then NULL, if
 * the plugin cannot be run; else when it has ended.
 */
struct run	*run_begin(const struct plugin *, const char *name, int out,
		    run_done_fn, void *arg);
/* All that run, with what they started. */
void		 run_kill_all(void);

#endif
