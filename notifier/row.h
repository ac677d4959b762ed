/*
 * A row of the message table as a JSON object that a person can read and edit,
 * and back.  The fields have the table's names; what follows a `*` is left out,
 * and read as if it were there once and empty: a component watches something.
 * So what is added to a row is in recorded histories without further work.
 */
#ifndef KANATA_NOTIFIER_ROW_H
#define KANATA_NOTIFIER_ROW_H

#include <jansson.h>

#include "../common/message.h"

/*
 * The row of a message that may go from one role to the other.  Leaves out what
 * has the value that a missing field means, and what is not for others to see.
 * The caller owns the object.
 */
json_t	*row_render(struct message_out *, enum role from, enum role to);

struct row {
	struct message	 m;
	uint8_t		 bytes[MESSAGE_MAX];
};
/* The message that the object says, checked.  -1 and in why, of size bytes,
 * what was expected if it does not fit. */
int	 row_parse(struct row *, const json_t *, enum message_type,
	    enum role from, enum role to, char *why, size_t size);

#endif
