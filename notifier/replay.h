/*
 * A recorded history run through the core, with a clock of its own and a page
 * that takes everything at once: what would have been posted.  No I/O.
 */
#ifndef KANATA_NOTIFIER_REPLAY_H
#define KANATA_NOTIFIER_REPLAY_H

#include "recording.h"

struct replay;

/* Each line for people to read, without a newline. */
typedef void	(*replay_print_fn)(const char *line);

/* conf: rules to use instead of those in the history; NULL: none.  Taken.
 * verbose: what was heard is printed too. */
struct replay *replay_new(struct conf *, bool verbose, replay_print_fn);
void	 replay_free(struct replay *);

/* NULL, or a static text that says what is wrong with it. */
const char *replay_line(struct replay *, struct recording_line *);
/* Time goes on until nothing more would be posted, at most for a day. */
void	 replay_finish(struct replay *);

/* replay_page.c: the page that it has. */
struct stand_in;
struct stand_in *stand_in_new(void);
void	 stand_in_free(struct stand_in *);
/* A component is there; PAGE_STATUS_MAX: no human has set it.  false: too
 * many. */
bool	 stand_in_component(struct stand_in *, const char *page, const char *id,
	    const char *name, enum page_status);
/* What did not come since the last time is not there any more. */
void	 stand_in_complete(struct stand_in *);
/* A record of the store says what we had there. */
void	 stand_in_record(struct stand_in *, const char *key, const char *json);
/* A human resolves an incident that has one of these. */
void	 stand_in_close(struct stand_in *, const json_t *components);
/* The core reads it. */
void	 stand_in_read(struct stand_in *, struct incidents *);
/* Does what the core asks for; an id for what it creates. */
enum operation_result stand_in_act(struct stand_in *, const struct operation *,
	    const char **id);

#endif
