#ifndef KANATA_NOTIFIER_LOOKUP_H
#define KANATA_NOTIFIER_LOOKUP_H

#include <stddef.h>

#include "incident.h"

/* The id of the configured component, of the core; NULL and a text that says what
 * is near if there is none, or if a name is that of several. */
const char *lookup_component(struct incidents *, const char *word,
	    char *error, size_t);

#endif
