/*
 * Messages between the processes.
 *
 * One datagram on a SOCK_SEQPACKET socketpair is one message and at most one
 * descriptor.  The body is a msgpack array [type, id, field...], fields by
 * position as message_table.h lists them.  A received datagram is checked
 * against its row whole - sender, receiver, descriptor, number, type and size of
 * every field, nothing left over - before a handler sees it, so the message_get
 * functions below cannot fail.
 */
#ifndef KANATA_MESSAGE_H
#define KANATA_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message_table.h"
#include "role.h"

#define MESSAGE_MAX	65536	/* bytes of a datagram */

#define M(name, from, to, fd, times, fields)	name,
enum message_type {
	MESSAGE_TABLE(M)
	MESSAGE_TYPES
};
#undef M

/* A received message.  Valid until its handler returns. */
struct message {
	enum message_type	 type;
	uint32_t		 id;	/* chosen by the asker, 0 if none */
	int			 fd;	/* -1, or owned by the message until
					 * message_take_fd */
	/* for the message_get functions only */
	uint8_t			*cursor;
	uint8_t			*end;
};

/*
 * Checks a datagram of len bytes against the table and fills in the message,
 * ready to be read by the message_get functions.  The buffer is modified while
 * it is read.  Returns NULL, or a static text that says what is wrong.  fd is
 * stored but never closed here.
 */
const char	*message_parse(struct message *, enum role from, enum role to,
		    void *buf, size_t len, int fd);

/* The fields, in the order of the table.  Text is NUL-terminated and, like
 * bytes, stays in the receive buffer. */
uint64_t	 message_get_u(struct message *);
bool		 message_get_b(struct message *);
const char	*message_get_s(struct message *);
const uint8_t	*message_get_x(struct message *, size_t *len);
/* The same text as a copy, which the caller frees. */
char		*message_take_s(struct message *);
/* True while there is another repetition of the fields after the `*`. */
bool		 message_more(const struct message *);
/* The descriptor; the caller owns it from here.  -1 if there is none. */
int		 message_take_fd(struct message *);

/*
 * Writing: message_new, a message_put for each field in order, then channel_send
 * (channel.h).  There is one buffer in a process; message_new starts it anew.
 * Text longer than the table allows is cut at a character boundary.  A field of
 * the wrong type or number is a bug in the sender: fatal.
 */
struct message_out;
struct message_out *message_new(enum message_type, uint32_t id);
void		 message_put_u(struct message_out *, uint64_t);
void		 message_put_b(struct message_out *, bool);
void		 message_put_s(struct message_out *, const char *);
void		 message_put_x(struct message_out *, const void *, size_t);
/* The finished datagram and its length; fatal if fields are missing. */
const uint8_t	*message_bytes(struct message_out *, size_t *len);
enum message_type message_out_type(const struct message_out *);

/* Copies the rest of a received message into a new one with the id given: for
 * the parent, which forwards rows without looking at them. */
struct message_out *message_forward(const struct message *, uint32_t id);

const char	*message_name(enum message_type);
/* Its row's fields, "name:type ...", as the table has them. */
const char	*message_fields(enum message_type);
bool		 message_may_send(enum message_type, enum role from, enum role to);
bool		 message_once(enum message_type);
/* True: a descriptor must come along (MUST), may (MAY). */
bool		 message_fd_must(enum message_type);
bool		 message_fd_may(enum message_type);

#endif
