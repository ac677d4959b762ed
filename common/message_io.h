/*
 * One message at a time over a socket, waiting for it: for the processes that
 * have no event loop (the parser, kanatactl) and for tests.
 */
#ifndef KANATA_MESSAGE_IO_H
#define KANATA_MESSAGE_IO_H

#include "message.h"

/*
 * Sends the message and, unless it is -1, the descriptor, which stays the
 * caller's.  Waits while the peer's queue is full.  Returns 0, or -1 and errno
 * (EPIPE when the peer is gone).
 */
int	 message_send(int sock, struct message_out *, int fd);

/*
 * Waits for one message from a peer of role `from` and checks it.  buf has
 * MESSAGE_MAX bytes and must live as long as the message.  Returns 1; 0 when the
 * peer closed its end; -1 with errno, which is EPROTO when the peer sent what it
 * may not, and then *why says what (static text, else NULL).  A descriptor that
 * came along is the caller's (message_take_fd); on failure none is left open.
 */
int	 message_recv(int sock, struct message *, enum role from, enum role to,
	    void *buf, const char **why);

#endif
