/*
 * What the files of object_wire share: fields of a message into facts.  False: it
 * is no protobuf, or a text in it is none.
 */
#ifndef KANATA_WATCHER_OBJECT_WIRE_H
#define KANATA_WATCHER_OBJECT_WIRE_H

#include "wire.h"

/* meta/v1 Time, in ms; 0 if it is none. */
bool		 wire_time(const struct wire_field *, uint64_t *ms);
/* One of the conditions of that resource. */
bool		 wire_condition(struct facts *, const struct wire_field *,
		    enum resource);
/* One field of a PodStatus. */
bool		 wire_pod_status(struct facts *, const struct wire_field *,
		    enum resource);

#endif
