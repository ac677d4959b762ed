/*
 * `kanatactl record`: what the core is told goes to whoever records it, as the
 * lines of recording.h.  All of these cost nothing while nobody does.
 */
#ifndef KANATA_NOTIFIER_TAP_H
#define KANATA_NOTIFIER_TAP_H

#include "recording.h"

/* MSG_RECORD_ASK: another part is wanted; the first one begins with how things
 * stand.  more false: nothing is wanted any more. */
void	 tap_ask(uint32_t id, bool more);

void	 tap_conf(const struct conf *);
void	 tap_health(const struct health_report *);
void	 tap_mark(enum recording_kind, unsigned watcher);
void	 tap_record(const char *key, const char *json, size_t len);
/* An order of an operator; len 0: it is ended. */
void	 tap_order(const char *key, const char *json, size_t len);
/* The page was read. */
void	 tap_page(void);
/* A human resolved this incident. */
void	 tap_closed(const char *instatus_id);

#endif
