/*
 * What should stand on the page (DESIGN.md section 3, Incidents).
 *
 * Pure: no I/O, no clock; the time is an argument.  The core is told of health,
 * of what the store remembers, of what the page shows and of what became of the
 * operations that it asked for; it answers with the next operation and the time
 * to look again.  Everything is level-triggered: what should be on the page is
 * compared with what the page last acknowledged, and the difference is worked
 * on, one operation in flight for each incident or component.
 *
 * Once only: what is about to be posted is written to the store first, with a
 * `started` to the millisecond that nothing else has; what became of it is
 * written after.  A post whose outcome is not known is looked for by that
 * timestamp before anything else is done with its incident.
 */
#ifndef KANATA_NOTIFIER_INCIDENT_H
#define KANATA_NOTIFIER_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/conf.h"
#include "../common/health.h"
#include "../common/show.h"

struct incidents;		/* the whole core */

struct incidents_options {
	unsigned	 publish;	/* enum publish */
	bool		 webhook;	/* its address is there */
	unsigned	 storm;		/* more than this many ... */
	uint64_t	 group_wait;	/* ... within this many ms share one */
};

struct incidents *incidents_new(void);
void	 incidents_free(struct incidents *);

/*
 * The components and rules that hold from now on; also at a reload.  Keeps what
 * is known of components that stay; what Kanata has open for one that is gone
 * is closed.
 */
void	 incidents_configure(struct incidents *, const struct conf *,
	    const struct incidents_options *, uint64_t now);

/*
 * A reading of the page: begin, each component there is, end.  Components that
 * did not come by then are on no page.  Ids that are not ours are ignored.  A
 * reading that breaks off just has no end.
 */
void	 incidents_page_begin(struct incidents *);
void	 incidents_page_component(struct incidents *, const char *page,
	    const char *id, const char *name, enum page_status);
void	 incidents_page_end(struct incidents *);

/*
 * The same for the incidents that the page shows as open: one of ours that is
 * not among them was resolved or deleted by a human.  closed is called for each
 * of these.  Must not overlap with an operation on the page.
 */
void	 incidents_open_begin(struct incidents *);
void	 incidents_open_seen(struct incidents *, const char *instatus_id);
void	 incidents_open_end(struct incidents *,
	    void (*closed)(const char *instatus_id, const char *name, void *),
	    void *arg);

/* What the watcher says. */
struct health_report {
	unsigned	 cluster;	/* number of the watcher that says it */
	const char	*component;
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;		/* ms since 1970, 0: unknown */
	bool		 paused;
	const char	*detail;
};
/*
 * 1: this is news, 0: nothing new, -1: another watcher, which is alive, reports
 * this component.  A component that is not configured (yet) is remembered until
 * the next configure.
 */
int	 incidents_health(struct incidents *, const struct health_report *,
	    uint64_t now);
/* Nothing is known any more of what this watcher has reported, but for what it
 * reports between begin and end. */
void	 incidents_silence_begin(struct incidents *, unsigned cluster);
void	 incidents_silence_end(struct incidents *, unsigned cluster,
	    uint64_t now);

/*
 * What an operator asks of a component (order.c).  until: TIME_NEVER: till it is
 * ended.  The records of them are shared by all replicas.
 */
enum order_kind { ORDER_SILENCE, ORDER_MAINTENANCE, ORDER_MAX };
struct order {
	uint64_t	 since, until;	/* ms since 1970 */
	const char	*reason, *by;
};
#define ORDER_PREFIX		"operator/"
#define ORDER_ID_MAX		128
#define ORDER_REASON_MAX	256
#define ORDER_BY_MAX		64
#define ORDER_KEY_SIZE		192
void	 order_key(enum order_kind, const char *id, char key[ORDER_KEY_SIZE]);
/* -1: no such key.  *id points into it. */
int	 order_key_parse(const char *key, enum order_kind *, const char **id);
/* The record; the caller frees.  NULL if a text is no UTF-8. */
char	*order_render(const struct order *);

/* NULL: it is ended.  -1: there are too many components. */
int	 incidents_order(struct incidents *, enum order_kind, const char *id,
	    const struct order *);
/* The same by its record, none if len is 0.  -1: it makes no sense, and counts as
 * none. */
int	 incidents_order_record(struct incidents *, const char *key,
	    const char *json, size_t len);
/* All are forgotten, to be told anew. */
void	 incidents_orders_forget(struct incidents *);
struct order_view {
	const char	*component, *name;
	enum order_kind	 kind;
	struct order	 order;
	bool		 runs;		/* it has not ended */
	bool		 maintained;	/* a maintenance runs */
};
void	 incidents_each_order(struct incidents *, uint64_t now,
	    void (*)(const struct order_view *, void *), void *arg);

/*
 * Why the page says of a component what it says, one reason after the other; at:
 * when that began or ends, 0: not said.  Then what comes next, if nothing else
 * stands in the way.  False: there is no such component.
 */
typedef void (*explain_fn)(const char *topic, uint64_t at, const char *text,
	    void *arg);
bool	 incidents_explain(struct incidents *, const char *id, uint64_t now,
	    explain_fn, void *arg);
void	 incidents_explain_next(struct incidents *, const char *id,
	    uint64_t now, explain_fn, void *arg);

/* What happens, told as it does; borrowed, and nothing of the core may be called
 * meanwhile. */
struct incident_event {
	enum history	 kind;		/* says what from and to are */
	const char	*component, *name, *incident;	/* "": none */
	unsigned	 from, to;
	const char	*text;
};
void	 incidents_listen(struct incidents *,
	    void (*)(const struct incident_event *, void *), void *arg);

/* A value that the store remembers.  -1: it makes no sense (logged by the
 * caller, ignored). */
int	 incidents_restore(struct incidents *, const char *key,
	    const char *json, size_t len);
/* Forgets all that was restored or done, to be restored anew, and what the page
 * shows: another replica spoke meanwhile.  Nothing may be in flight to the page;
 * what is in flight to the store is forgotten. */
void	 incidents_forget(struct incidents *);

enum operation_type {
	OP_NONE,
	OP_STORE_PUT,		/* key, value */
	OP_STORE_DELETE,	/* key */
	OP_CREATE,		/* an incident: page, name and all below */
	OP_FIND,		/* look whether a post came through: by name and
				 * started, or by started among the updates of
				 * instatus_id if that is set */
	OP_UPDATE,		/* add an incident update to instatus_id */
	OP_STATUS,		/* set one component's status */
	OP_WEBHOOK		/* trigger */
};

/* PAGE_STATUS_MAX: affected, but its status is left to the human who set it. */
struct operation_component { const char *id; enum page_status status; };

/* All pointers belong to the core and stay until the next call of it. */
struct operation {
	enum operation_type type;
	uint32_t	 id;		/* for incidents_done, never 0 */
	unsigned	 attempt;	/* failures of this object in a row */
	const char	*key;		/* of the record */
	const char	*value;		/* JSON */
	size_t		 value_len;
	const char	*page;		/* id of the page */
	const char	*instatus_id;
	const char	*name;
	const char	*rename;	/* what name becomes; NULL: nothing */
	const char	*message;	/* public text */
	const char	*private;	/* lines for the log */
	uint64_t	 started;	/* ms since 1970, unique */
	enum incident_phase phase;
	bool		 reopen;	/* OP_UPDATE, OP_FIND: the incident is
					 * resolved, and that is expected */
	const struct operation_component *component;
	size_t		 ncomponent;
	bool		 statuses;	/* the incident sets them */
	enum page_status expect;	/* OP_STATUS: only if the page shows
					 * this or operational */
	bool		 again;		/* OP_STATUS: it may have been done, it
					 * is ours if the page shows it */
	bool		 down;		/* OP_WEBHOOK: trigger down, else up */
};

/*
 * The most urgent operation that can be started now, or OP_NONE.  post:
 * something may be posted now, else only the store is worked on.
 */
void	 incidents_next(struct incidents *, uint64_t now, bool post,
	    struct operation *);

enum operation_result {
	OP_DONE,		/* OP_CREATE, OP_FIND of an incident: its id
				 * comes along */
	OP_ABSENT,		/* OP_FIND: it is not there; OP_UPDATE: the
				 * incident is gone; OP_STATUS: no such
				 * component */
	OP_FOREIGN,		/* OP_UPDATE, OP_FIND: a human resolved or
				 * deleted the incident; OP_STATUS: the page
				 * shows what a human set */
	OP_RETRY,		/* certainly not done: again, after the delay */
	OP_UNSURE,		/* may have been done */
	OP_LATE,		/* the same, or may be done any moment now */
	OP_REFUSED		/* the page refuses it (4xx): not again until
				 * something changes or the page was read */
};
/* delay: ms to wait before this incident or component is tried again; with 0 it
 * does not count as an attempt.  -1: no such operation is in flight. */
int	 incidents_done(struct incidents *, uint32_t id, enum operation_result,
	    const char *instatus_id, uint64_t delay, uint64_t now);

/* When to call incidents_next again if nothing comes in; UINT64_MAX: never. */
uint64_t incidents_wake(const struct incidents *);
/* Something of ours is on the page or about to be: keep an eye on it. */
bool	 incidents_active(struct incidents *);
/* An incident of ours is open on this page (NULL: on any). */
bool	 incidents_open_on(const struct incidents *, const char *page);

/* For kanatactl show; the callback borrows everything. */
struct component_view {
	const char	*id, *name, *cluster, *detail, *incident;
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since;
	enum page_status page, wanted;
	bool		 paused, configured, on_page, page_known;
	/* For recordings: */
	const char	*page_id, *page_name;
	bool		 human;		/* what the page shows is not ours */
	bool		 reported;	/* by the watcher of this number */
	unsigned	 watcher;
	uint64_t	 heard;		/* when, ms since 1970 */
};
struct incident_part {
	const char	*component;	/* its id */
	enum page_status status, pending;	/* PAGE_STATUS_MAX: nothing */
};
struct incident_view {
	const char	*key, *instatus_id, *name;
	enum incident_phase phase, pending;	/* PHASE_MAX: nothing */
	uint64_t	 started, updated, resolved;
	unsigned	 attempts;	/* that failed, of what is pending */
	uint64_t	 again;		/* not before; 0: at once */
	const struct incident_part *part;
	size_t		 npart;
};
void	 incidents_each_component(struct incidents *,
	    void (*)(const struct component_view *, void *), void *arg);
void	 incidents_each_incident(const struct incidents *,
	    void (*)(const struct incident_view *, void *), void *arg);
/* What the store has. */
void	 incidents_each_record(struct incidents *,
	    void (*)(const char *key, const char *json, void *), void *arg);
/* One component; false if there is none. */
bool	 incidents_component(struct incidents *, const char *id,
	    struct component_view *);

#endif
