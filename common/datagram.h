/* One datagram on a SOCK_SEQPACKET socket, and the descriptor that comes along. */
#ifndef KANATA_DATAGRAM_H
#define KANATA_DATAGRAM_H

#include <sys/types.h>
#include <stddef.h>

/* fd goes along unless it is -1 and stays the caller's.  1: sent; 0: would
 * block; -1: errno. */
int	 datagram_send(int sock, const void *data, size_t len, int fd);

/*
 * Never waits.  The length; 0 when the peer closed its end; -1 and errno (EAGAIN:
 * nothing there).  *fd is the caller's, -1 if none came.  *why is NULL, or a
 * static text if more came than a message may be; then *fd may still be set.
 */
ssize_t	 datagram_recv(int sock, void *buf, size_t size, int *fd,
	    const char **why);

#endif
