/*
 * The frame of a worker: the first steps of main, the cage, the channel to the
 * parent on descriptor 3, the links to other roles, and the prepare and commit
 * of a configuration.
 */
#ifndef KANATA_WORKER_H
#define KANATA_WORKER_H

#include "channel.h"
#include "clock.h"
#include "conf.h"

#define WORKER_FD	3	/* the channel to the parent */

struct worker {
	enum role	  role;

	/* Before the cage: what needs files, threads or a multi handle.  argv as
	 * the parent gave it; never a secret.  NULL is allowed. */
	void		(*init)(struct event_base *, int argc, char **argv);

	/*
	 * A message from the parent that the frame does not handle itself.  It
	 * handles MSG_PROC_*, MSG_CONF_BEGIN, rows (into worker_conf_next),
	 * MSG_CONF_END, _COMMIT and _ABORT.  Same contract as
	 * channel_dispatch_fn, but what it returns is fatal: the parent is
	 * trusted to be right.
	 */
	const char	*(*dispatch_parent)(struct message *);

	/*
	 * All rows are in conf, secrets came through secret().  Returns NULL if
	 * this configuration can be run, or a text (static or in a static buffer)
	 * that says why not.  Must not change what runs.
	 */
	const char	*(*conf_prepare)(const struct conf *conf);
	/* Run it.  conf belongs to the frame and stays until the next commit. */
	void		(*conf_commit)(const struct conf *conf);
	/* Forget what prepare made.  NULL is allowed. */
	void		(*conf_abort)(void);
	/* A secret of the configuration to come; takes the descriptor.  NULL for
	 * a role that holds none. */
	const char	*(*conf_secret)(enum secret, int fd);

	/* A link to another role; replaces an older one to the same instance.
	 * Takes the descriptor, makes a channel of it.  NULL: role has none. */
	void		(*link)(enum role peer, unsigned instance, int fd);

	/* The parent wants it to end (it has closed the channel): exits, within
	 * a second or two.  NULL: nothing is left to be done. */
	void		(*stop)(void);
};

/* Runs the role until the parent is gone; never returns. */
void	 worker_run(const struct worker *, int argc, char **argv)
	    __attribute__((noreturn));

struct event_base *worker_base(void);
struct channel	*worker_parent(void);
/* The configuration that runs; NULL before the first commit. */
const struct conf *worker_conf(void);
/* --observe: post nothing.  Known from prepare on. */
bool	 worker_observe(void);
/* Within link: the cluster of the watcher, "" of other roles. */
const char *worker_link_cluster(void);
/* Of the configuration that came last. */
uint64_t worker_generation(void);

/* The link to a peer has ended, and why.  If it does not read or breaks the
 * protocol, the parent is told, which kills it and makes a new link when it is
 * back. */
void	 worker_peer_gone(enum role, unsigned instance, enum channel_end,
	    const char *why);


#endif
