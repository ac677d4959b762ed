/*
 * Who takes part.  A role is an executable; several instances of one role may
 * run (one watcher for each cluster), each with a number of its own.
 */
#ifndef KANATA_ROLE_H
#define KANATA_ROLE_H

enum role {
	ROLE_PARENT,
	ROLE_PARSER,
	ROLE_DIALER,
	ROLE_WATCHER,
	ROLE_NOTIFIER,
	ROLE_STORE,
	ROLE_CTL,		/* a kanatactl on the control socket */
	ROLE_RUNNER,		/* of the exec plugins of kubeconfigs */
	ROLE_WEB,		/* the dashboard and what machines ask */
	ROLE_REPLAY,		/* `kanatad replay`: lives for one history */
	ROLE_MAX
};

/* "watcher"; "?" for a number that is no role. */
const char	*role_name(enum role);

#endif
