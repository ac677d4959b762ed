/*
 * The frame of a process that lives for one piece of work and has no event loop:
 * requests of the parent come in one by one, what it sends may wait.
 */
#ifndef KANATA_SERVE_H
#define KANATA_SERVE_H

#include "message.h"

/* First thing in main; what has to be done before the cage follows. */
void	 serve_start(enum role);
/* Closes the cage, says READY, hands over requests until one is the last (true) or
 * the parent is gone. */
void	 serve_run(bool (*)(struct message *));
/* To the parent; the descriptor, or -1, stays the caller's.  Ends the process if the
 * parent has given up. */
void	 serve_send(struct message_out *, int fd);

#endif
