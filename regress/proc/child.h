/*
 * For tests: a real worker, started as the parent starts it, with the test as
 * its parent.
 */
#ifndef REGRESS_CHILD_H
#define REGRESS_CHILD_H

#include <sys/types.h>
#include <stdbool.h>

#include "../../common/conf.h"

#define CHILD_PATIENCE	20000	/* ms until a test gives up waiting */

struct child {
	enum role	 role;
	pid_t		 pid;
	int		 fd;		/* the channel to it */
	int		 log;		/* its standard error */
	char		 text[65536];	/* what it has logged so far */
	size_t		 len;
};

/*
 * Executes libexec/kanata/<name> of the build that the test belongs to and waits
 * for MSG_PROC_READY.  args ends with NULL, without argv[0]; NULL: none.
 */
void	 child_start(struct child *, enum role, const char *name,
	    const char *const *args);
/* Closes the channel; the exit status, or 128 + the signal that it died of. */
int	 child_stop(struct child *);
/* The same, when it ends by itself. */
int	 child_wait(struct child *);

/* A new link to it from a worker of that role; the worker's end. */
int	 child_link(struct child *, enum role peer, unsigned instance);
/* The same from a watcher, of that cluster. */
int	 child_link_of(struct child *, enum role peer, unsigned instance,
	    const char *cluster);
/* Waits for a line in its log that contains the text. */
void	 child_expect_log(struct child *, const char *);

/* Seccomp and no_new_privs are on. */
void	 child_is_caged(const struct child *);

/* One message, within CHILD_PATIENCE, of that type.  Valid until the next. */
struct message *receive(int fd, enum role from, enum role me,
	    enum message_type);
/* The same for a channel whose other end the child has. */
struct message *child_receive(struct child *, enum message_type);
void	 child_send(struct child *, struct message_out *, int fd);

/* A configuration of these endpoints; with a reason to be refused, that is what
 * is expected. */
void	 child_prepare(struct child *, const struct conf_endpoint *,
	    unsigned count, const char *refused);
void	 child_commit(struct child *);
void	 child_abort(struct child *);
/* Prepared and committed, or refused and aborted. */
void	 child_configure(struct child *, const struct conf_endpoint *,
	    unsigned count, const char *refused);

/* Milliseconds of a clock that only goes forward. */
uint64_t ticks(void);
/* Waits until the descriptor can be read; fails the test else. */
void	 wait_readable(int fd, unsigned ms);

#endif
