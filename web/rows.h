/* Rows of the mirror out of messages, and away. */
#ifndef KANATA_WEB_ROWS_H
#define KANATA_WEB_ROWS_H

#include "mirror.h"

/* NULL: a value is out of its range. */
struct component *component_take(struct message *);
struct incident	*incident_take(struct message *);
struct worker_row *worker_row_take(struct message *);
struct watch_row *watch_row_take(struct message *);

struct silence	*silence_take(struct message *);
struct past	*past_take(struct message *);
/* MSG_SHOW_DAYS behind its component, into that; false: they do not rise. */
bool		 days_take(struct component *, struct message *);

void	 silence_free(struct silence *);
void	 past_free(struct past *);
void	 component_free(struct component *);
void	 incident_free(struct incident *);
void	 worker_row_free(struct worker_row *);
void	 watch_row_free(struct watch_row *);

#endif
