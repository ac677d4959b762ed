/*
 * A channel is one end of a socketpair between two roles, driven by libevent:
 * it checks and dispatches what comes in and queues, bounded, what goes out.
 */
#ifndef KANATA_CHANNEL_H
#define KANATA_CHANNEL_H

#include <event2/event.h>

#include "message.h"

struct channel;

/*
 * A message came in; it is already checked against the table.  Returns NULL, or
 * a static text if its content breaks the protocol: then the channel is given up
 * (channel_gone_fn) and nothing more is dispatched.  Must not free the channel.
 * A descriptor that is not taken with message_take_fd is closed afterwards.
 */
typedef const char *(*channel_dispatch_fn)(struct channel *, struct message *,
		    void *arg);

enum channel_end {
	CHANNEL_CLOSED,		/* the peer closed it or died */
	CHANNEL_BROKEN,		/* the peer broke the protocol */
	CHANNEL_HUNG		/* the peer does not read: the queue is full */
};

/*
 * The channel is of no more use; why is a static text.  Called once, never from
 * within channel_send.  The owner frees the channel, here or later.
 */
typedef void	(*channel_gone_fn)(struct channel *, enum channel_end,
		    const char *why, void *arg);

/* Takes the descriptor.  Never NULL: out of memory is fatal. */
struct channel	*channel_new(struct event_base *, int fd, enum role me,
		    enum role peer, channel_dispatch_fn, channel_gone_fn,
		    void *arg);
/* Closes; what is queued is lost.  NULL is allowed, and so is a call from within
 * the channel's own dispatch(). */
void		 channel_free(struct channel *);

/*
 * Sends the message, or queues it: at most CHANNEL_QUEUE_BYTES.  fd goes along
 * unless it is -1 and is taken in every case.  A message that the table does not
 * allow on this channel is a bug here: fatal.  A channel that is gone swallows
 * what is sent.
 */
#define CHANNEL_QUEUE_BYTES	(8 * 1024 * 1024)
void		 channel_send(struct channel *, struct message_out *, int fd);
/* message_new and channel_send of a message without fields. */
void		 channel_send_empty(struct channel *, enum message_type,
		    uint32_t id);

/* Dispatches what a peer that is dead has left behind. */
void		 channel_drain(struct channel *);

/* Bytes that are queued for the peer. */
size_t		 channel_pending(const struct channel *);

/* A pair of connected descriptors, close-on-exec, non-blocking.  Fatal if there
 * are none to be had. */
void		 channel_pair(int fd[2]);

#endif
