/*
 * The cages of all roles, in one place (cage.c): who may call what.
 */
#ifndef KANATA_CAGE_H
#define KANATA_CAGE_H

#include "role.h"

/*
 * First thing in main: not dumpable, dies with the parent (but for the parent and
 * kanatactl), no core, every descriptor from 3 (4 in a worker) on close-on-exec,
 * empty environment (workers).  Fatal if it cannot.
 */
void	 cage_start(enum role);

/* Paths for Landlock rules that only some roles need. */
struct cage_paths {
	const char	*state_dir;	/* parent: store files below it */
	const char	*run_dir;	/* parent: the control socket's directory */
	const char	*libexec_dir;	/* parent: what it may execute */
};

/*
 * Closes the cage: resource limits, no_new_privs, Landlock, seccomp, in this
 * order.  Not being able to set no_new_privs or seccomp is fatal; Landlock that
 * is missing returns 0, else its ABI version.  The runner sets no_new_privs and
 * nothing else, and returns 0.
 */
int	 cage_close(enum role, const struct cage_paths *);

#endif
