/*
 * What happened, for people: a bounded list of the last changes, and for each
 * component and day how long the page showed what.  Pure: no I/O, no clock.
 *
 * Kept in the store below history/, which all replicas share and the leader
 * writes:
 *
 *	history/log/<slot>	{"v":1,"n":17,"entries":[{"at":..,"kind":"page",
 *				"component":..,"from":..,"to":..},..]}
 *	history/first/<slot>	{"v":1,"day":"2026-11-30","components":[id,..]}:
 *				known since that day
 *	history/days/<id>	{"v":1,"status":..,"at":..,"days":{"2026-11-30":
 *				[maintenance,degraded,partial,major]}}: seconds,
 *				until `at`; not there: operational all along
 */
#ifndef KANATA_NOTIFIER_HISTORY_H
#define KANATA_NOTIFIER_HISTORY_H

#include "incident.h"

#define HISTORY_PREFIX	"history/"
#define HISTORY_DAYS	90

struct annals;
struct annals	*history_new(void);
void		 history_free(struct annals *);

/* What happened now, if it is news. */
void		 history_add(struct annals *, const struct incident_event *,
		    uint64_t now);
/* A record as it stands in the store, len 0: it is not there.  -1: it makes no
 * sense. */
int		 history_restore(struct annals *, const char *key,
		    const char *json, size_t len);
/* Once a day and whenever time is added up: what is too old goes. */
void		 history_day(struct annals *, uint64_t now);

/* The next record that is to be written, the caller frees both; *value NULL: it
 * is to be deleted.  False if there is none. */
bool		 history_next(struct annals *, char **key, char **value);
bool		 history_dirty(const struct annals *);
/* It was not written. */
void		 history_again(struct annals *, const char *key);

struct history_entry {
	uint64_t	 number;	/* counts up, with gaps */
	uint64_t	 at;
	enum history	 kind;
	unsigned	 from, to;
	const char	*component, *incident, *name, *text;
};
/* The oldest first; of one component (NULL: of all) or of its incidents. */
void		 history_each(struct annals *, const char *component,
		    void (*)(const struct history_entry *, void *), void *arg);
/* Those of one incident. */
void		 history_each_of(struct annals *, const char *incident,
		    void (*)(const struct history_entry *, void *), void *arg);

struct history_day {
	unsigned	 day;		/* of 1970, UTC */
	unsigned	 seconds[PAGE_STATUS_MAX];	/* [OPERATIONAL] unused */
};
struct history_days {
	const char	*component;
	unsigned	 first;		/* known since that day */
	const struct history_day *day;
	unsigned	 nday;
};
void		 history_each_days(struct annals *, uint64_t now,
		    void (*)(const struct history_days *, void *), void *arg);

#endif
