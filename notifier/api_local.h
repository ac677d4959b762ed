/* What the files that api share. */
#ifndef KANATA_NOTIFIER_API_LOCAL_H
#define KANATA_NOTIFIER_API_LOCAL_H

#include "gate.h"
#include "notifier.h"

/* api_reply.c: remembers it, counts it, and closes the gate if it says so.
 * page_only: see api_send. */
void	 api_heard(struct gate *, const struct api_reply *, bool webhook,
	    bool page_only);

#endif
