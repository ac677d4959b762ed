/*
 * What should stand on the page (DESIGN.md section 3, Incidents).
 *
 * Pure: no I/O, no clock; the time is an argument.  The core is told of health,
 * of what the store remembers and of what became of the operations that it asked
 * for; it answers with the next operation and the time to look again.  Everything
 * is level-triggered: what should be on the page is compared with what the page
 * last acknowledged, and the difference is worked on, one operation in flight for
 * each incident or component.
 */
#ifndef KANATA_NOTIFIER_INCIDENT_H
#define KANATA_NOTIFIER_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/conf.h"
#include "../common/health.h"

struct incidents;		/* the whole core */

struct incidents_options {
	bool		 webhook;	/* the webhook opens and closes; statuses
					 * only by the API */
	bool		 observe;
	unsigned	 storm;		/* more than this many ... */
	uint64_t	 group_wait;	/* ... within this many ms share one */
};

struct incidents *incidents_new(void);
void	 incidents_free(struct incidents *);

/*
 * The components and rules that hold from now on; also at a reload.  Keeps what
 * is known of components that stay; what Kanata has open for one that is gone is
 * closed.
 */
void	 incidents_configure(struct incidents *, const struct conf *,
	    const struct incidents_options *, uint64_t now);
/* Name and status of a component as the page has them, or NULL for name if the
 * page has no such component. */
void	 incidents_page_component(struct incidents *, const char *id,
	    const char *name, enum page_status, uint64_t now);

/* What the watcher says. */
struct health_report {
	const char	*component;
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;		/* ms since 1970 */
	bool		 paused;
	const char	*detail;
};
/* -1: no such component. */
int	 incidents_health(struct incidents *, const struct health_report *,
	    uint64_t now);

/* A value that the store remembers, at start.  -1: it makes no sense (logged by
 * the caller, ignored). */
int	 incidents_restore(struct incidents *, const char *key, const char *json,
	    size_t len);

enum operation_type {
	OP_NONE,
	OP_STORE_PUT,		/* key, value */
	OP_STORE_DELETE,	/* key */
	OP_CREATE,		/* incident, all fields */
	OP_FIND,		/* look whether a create came through: name, started */
	OP_UPDATE,		/* add an incident update: instatus_id, phase, ... */
	OP_STATUS,		/* set one component's status: component */
	OP_WEBHOOK		/* trigger */
};

enum incident_phase {		/* as Instatus names them */
	PHASE_INVESTIGATING,
	PHASE_IDENTIFIED,
	PHASE_MONITORING,
	PHASE_RESOLVED
};
const char *incident_phase_name(enum incident_phase);

struct operation_component { const char *id; enum page_status status; };

/* All pointers belong to the core and stay until operation_done. */
struct operation {
	enum operation_type type;
	uint32_t	 id;		/* for operation_done, never 0 */
	const char	*key;
	const char	*value;		/* JSON */
	size_t		 value_len;
	const char	*instatus_id;
	const char	*name;
	const char	*message;	/* public text */
	uint64_t	 started;	/* ms since 1970, unique */
	enum incident_phase phase;
	const struct operation_component *component;
	size_t		 ncomponent;
	bool		 down;		/* OP_WEBHOOK: trigger down, else up */
};

/* The most urgent operation that can be started now, or OP_NONE. */
void	 incidents_next(struct incidents *, uint64_t now, struct operation *);

enum operation_result {
	OP_DONE,		/* OP_CREATE, OP_FIND: with the id on the page */
	OP_ABSENT,		/* OP_FIND: it is not there; OP_UPDATE: the incident
				 * is gone; OP_STATUS: no such component */
	OP_FOREIGN,		/* OP_UPDATE: a human resolved it; OP_STATUS: a human
				 * has it under maintenance */
	OP_RETRY,		/* certainly not done: again, after the delay */
	OP_UNSURE,		/* may have been done: OP_CREATE must OP_FIND */
	OP_REFUSED		/* the page refuses it for good (4xx): not again
				 * until something changes */
};
/* delay: ms to wait before this incident or component is tried again. */
void	 incidents_done(struct incidents *, uint32_t id, enum operation_result,
	    const char *instatus_id, uint64_t delay, uint64_t now);

/* When to call incidents_next again if nothing comes in; UINT64_MAX: never. */
uint64_t incidents_wake(const struct incidents *);

/* For kanatactl show; the callback borrows everything. */
struct component_view {
	const char	*id, *name, *cluster, *detail, *incident;
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;
	enum page_status page, wanted;
	bool		 paused;
};
struct incident_view {
	const char	*key, *instatus_id, *name;
	enum incident_phase phase;
	uint64_t	 started, resolved;
	const struct operation_component *component;
	size_t		 ncomponent;
};
void	 incidents_each_component(const struct incidents *,
	    void (*)(const struct component_view *, void *), void *arg);
void	 incidents_each_incident(const struct incidents *,
	    void (*)(const struct incident_view *, void *), void *arg);

#endif
