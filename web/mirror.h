/*
 * What Kanata knows, as the others tell it: kept up to date by their messages, so
 * that a client is answered from here and costs nobody else anything.
 */
#ifndef KANATA_WEB_MIRROR_H
#define KANATA_WEB_MIRROR_H

#include <sys/queue.h>

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/channel.h"
#include "../common/conf.h"
#include "../common/health.h"
#include "../common/metric.h"
#include "../common/show.h"

/* Seconds for which the page showed each status on that day, UTC. */
struct day {
	uint64_t	 day;		/* since 1970 */
	unsigned	 seconds[PAGE_STATUS_MAX];	/* not of OPERATIONAL */
};

/* The fields are those of the messages (message_table.h); enumerations are
 * within their ranges.  Texts may be anything but UTF-8. */
struct component {
	RB_ENTRY(component) node;	/* by id */
	char		*id, *name, *cluster, *incident, *detail;
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;		/* ms since 1970, as all times here */
	enum page_status page;		/* PAGE_STATUS_MAX: not on the page */
	enum page_status wanted;
	bool		 paused;
	uint64_t	 differs;	/* since when wanted is not on the page; 0 */
	uint64_t	 changed;	/* mirror.changes then */
	uint64_t	 first_day;	/* that is known of (day of 1970); 0: none */
	unsigned	 ndays;
	struct day	*days;		/* rising; on others all was well */
	char		*json;		/* json_component, NULL: not made yet */
};
RB_HEAD(component_tree, component);
RB_PROTOTYPE(component_tree, component, node, component_compare)
int		 component_compare(const struct component *,
		    const struct component *);

struct incident_component {
	char		*id;
	enum page_status status, pending;	/* PAGE_STATUS_MAX: nothing */
};

struct incident {
	RB_ENTRY(incident) node;	/* by key */
	char		*key, *id, *name;
	unsigned	 status;	/* enum incident_phase */
	unsigned	 pending;	/* the same, PHASE_MAX: nothing */
	uint64_t	 started, resolved, updated, again;
	unsigned	 attempts;
	unsigned	 ncomponent;
	struct incident_component *component;
	char		*json;
};
RB_HEAD(incident_tree, incident);
RB_PROTOTYPE(incident_tree, incident, node, incident_compare)
int		 incident_compare(const struct incident *,
		    const struct incident *);

struct silence {
	LIST_ENTRY(silence) entry;
	char		*component, *name, *reason, *by;
	bool		 maintenance;
	uint64_t	 since, until;	/* 0: until it is ended */
};
LIST_HEAD(silences, silence);

/* What happened; the newest first. */
struct past {
	TAILQ_ENTRY(past) entry;
	char		*component, *name, *incident, *text;
	uint64_t	 time;
	enum history	 kind;
	unsigned	 from, to;
};
TAILQ_HEAD(pasts, past);
#define PAST_MAX	500

struct worker_row {
	STAILQ_ENTRY(worker_row) entry;
	char		*name, *state, *death;
	uint64_t	 pid, started, restarts, landlock, memory, cpu;
	uint64_t	 away;		/* ms since it was seen running; 0: it is */
};
STAILQ_HEAD(worker_rows, worker_row);

struct watch_row {
	STAILQ_ENTRY(watch_row) entry;
	char		*cluster, *resource, *ns, *state, *version, *error;
	uint64_t	 objects, events, bytes, restarts, last_event;
	bool		 known;		/* its first list is complete, or it may
					 * not be read */
};
STAILQ_HEAD(watch_rows, watch_row);

struct watcher {
	LIST_ENTRY(watcher) entry;
	unsigned	 instance;
	struct channel	*channel;
	bool		 complete;	/* its rows came */
	struct watch_rows rows, next;	/* next: until MSG_SHOW_END */
	unsigned	 nnext;
	char		*cluster;	/* that it watches, as the parent says */
	/* For pods.c. */
	uint32_t	 pods_id;
	bool		 pods_complete;
	unsigned	 npods;
};
LIST_HEAD(watchers, watcher);

struct mirror {
	struct component_tree components;
	struct incident_tree incidents;
	struct silences	 silences;
	struct pasts	 past;
	unsigned	 npast;
	struct worker_rows workers;
	struct watchers	 watchers;
	uint64_t	 metrics[METRIC_MAX];
	bool		 notifier;	/* it is there and has told all */
	uint64_t	 heard;		/* ticks, of the parent */
	uint64_t	 changes;	/* of anything, so far */
	uint64_t	 restructured;	/* changes when a component came or went */
};
extern struct mirror mirror;

/* Told of each change.  What: a bit of enum show, key: of the row, or NULL: all
 * rows of that kind.  The row is gone if it cannot be found. */
typedef void	(*mirror_fn)(enum show what, const char *key, void *arg);
void		 mirror_follow(mirror_fn, void *arg);

struct component *mirror_component(const char *id);	/* NULL: none */
struct incident	*mirror_incident(const char *key);
/* NULL: nothing but OPERATIONAL is known of that day. */
const struct day *component_day(const struct component *, uint64_t day);
/* A message for the notifier; false: it is not there. */
bool		 mirror_tell(struct message_out *);
/* The answer, by its id, to what mirror_tell has asked: NULL is good. */
typedef void	(*mirror_answer_fn)(uint32_t id, const char *problem);
void		 mirror_answers(mirror_answer_fn);

/* -- for main.c ------------------------------------------------------------ */

/* Contracts of struct worker. */
void		 mirror_link(enum role peer, unsigned instance, int fd);
const char	*mirror_dispatch_parent(struct message *);

#endif
