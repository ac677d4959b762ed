/*
 * Inside the pure core: what its files share.
 *
 * Sorts are heapsort(3) of libbsd: qsort(3) asks glibc for the size of the memory,
 * which the cage does not answer.
 */
#ifndef KANATA_NOTIFIER_CORE_H
#define KANATA_NOTIFIER_CORE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "../common/xmalloc.h"
#include "debounce.h"
#include "incident.h"

/* An incident's record must fit into one value of the store (32 KiB): one
 * that is this large gets no more components. */
#define INCIDENT_RECORD_MAX	30000

/* ms: that something was not posted is believed after the time that the page is
 * given for one request (api.c).  What answers in its place that it took too long
 * knows nothing of what it still does, and neither does who was started anew. */
#define BELIEVE_AFTER	15000

enum object_kind { OBJECT_INCIDENT, OBJECT_COMPONENT, OBJECT_WEBHOOK };

/* What has a record in the store and at most one operation in flight. */
struct object {
	enum object_kind kind;
	char		*key;		/* of the record */
	char		*stored;	/* what the store has, NULL: nothing */
	char		*value;		/* what it is being given */
	bool		 doubtful;	/* a write failed: it may have both */
	bool		 dirty;		/* the record may have to be written */
	enum operation_type flying;	/* OP_NONE: nothing in flight */
	uint64_t	 begun;		/* when that was started */
	uint32_t	 op;
	uint64_t	 not_before;
	uint64_t	 late_until;	/* what got no answer may be done until
					 * then; TIME_NEVER: is to be set */
	unsigned	 attempt;
	LIST_ENTRY(object) entry;	/* of those in flight */
};

/* An order of an operator. */
struct component_order {
	bool		 there;
	uint64_t	 since, until;
	char		*reason, *by;
};

/* Lists of components; see agenda.c. */
enum agenda_list { LIST_TOUCHED, LIST_DOWN, LIST_WORK, LIST_MAX };
TAILQ_HEAD(component_list, component);

struct component {
	struct object	 object;
	RB_ENTRY(component) node;
	TAILQ_ENTRY(component) list[LIST_MAX];
	bool		 listed[LIST_MAX];
	RB_ENTRY(component) due_node;
	uint64_t	 due;		/* time alone changes it then, or never */
	struct { bool active, shown, unknown; } counted;
	char		*id;
	char		*name;		/* configured, "" if none */
	char		*group;
	char		*cluster_name;
	char		*ns, *workload;	/* what it watches, for people */
	char		**text;		/* its own templates, or NULL */
	bool		 configured;
	bool		 was_configured;	/* when last looked at */
	struct debounce_rules rules;
	uint64_t	 reopen_within;
	enum rollout	 rollout;
	uint64_t	 escalate_after;	/* ms; 0: never */

	bool		 reported;	/* by the watcher of ... */
	unsigned	 cluster;	/* ... this number, which is alive */
	bool		 said;		/* since incidents_silence_begin */
	enum health	 health;
	enum cause	 cause;
	unsigned	 ready, desired;
	uint64_t	 since, heard;	/* heard: when it was reported last */
	bool		 paused;
	char		*detail;
	struct debounce	 debounce;
	struct component_order order[ORDER_MAX];
	bool		 silenced, maintained;	/* now */
	bool		 hushed;	/* silenced, and not said to be major */
	uint64_t	 maintained_until;	/* when that ended, 0: never */
	/* Only if it may escalate: when the trouble began that is to be shown,
	 * 0 if there is none, and that it has lasted long enough. */
	uint64_t	 outage;
	bool		 escalated;

	bool		 page_known;	/* the page was read */
	bool		 on_page;
	bool		 page_seen;	/* in this reading */
	char		*page_id;
	char		*page_name;
	enum page_status page;		/* what it shows there */

	struct incident	*incident;	/* the one that says it is in trouble */
	bool		 muted;		/* a human resolved it: until ok */
	/* By OP_STATUS, without an incident: */
	enum page_status set;		/* what we set; operational: nothing */
	enum page_status posting;	/* about to; PAGE_STATUS_MAX: nothing */
	bool		 unsure;	/* it may have been done */
	bool		 refused;	/* posting, by the page */
	struct operation_component shown;	/* of the operation in flight */
	TAILQ_HEAD(, entry) entries;	/* of incidents that list it */
};
RB_HEAD(component_tree, component);
RB_PROTOTYPE(component_tree, component, node, component_compare)

RB_HEAD(due_tree, component);

struct entry {
	TAILQ_ENTRY(entry) entry;
	TAILQ_ENTRY(entry) of_component;
	struct incident	*incident;
	struct component *component;
	enum page_status acked;		/* what the page acknowledged */
	enum page_status target;	/* while posting; PAGE_STATUS_MAX: left
					 * to a human */
	bool		 listed;	/* while posting: it is part of it */
	enum page_status next;		/* the same two, as planned now */
	bool		 next_listed;
};

/* A component whose incident member points here is in trouble; one that is back
 * is still listed, for the text and in case that it goes down again. */
struct incident {
	struct object	 object;
	TAILQ_ENTRY(incident) entry;
	TAILQ_HEAD(, entry) entries;
	unsigned	 members;	/* components that are in it */
	bool		 settled;	/* nothing to do until one is planned */
	size_t		 bytes;		/* of the record, about */
	char		*name;
	char		*rename;	/* what it is to be called, or NULL */
	char		*page_id;
	char		*instatus_id;	/* NULL: not known to exist */
	uint64_t	 started;
	uint64_t	 last_update;	/* started of the newest update */
	enum incident_phase phase;	/* acknowledged */
	uint64_t	 resolved;	/* 0: it is not */
	uint64_t	 forget_at;	/* once resolved */

	bool		 posting;	/* a create or update is to be made: */
	enum incident_phase posting_phase;
	uint64_t	 posting_started;
	bool		 unsure;	/* it may have been done */
	uint64_t	 believe_at;	/* that it was not, not before */
	bool		 refused;	/* by the page, as it stands */
	bool		 restored;	/* it was made before we started */
	uint64_t	 look_at;	/* ... and is not looked for before */
	bool		 statuses;	/* it sets those of its components */
	bool		 drop;		/* forget it, with its record */
	bool		 seen;		/* open, in this reading */

	char		*message;	/* of the operation in flight */
	char		*private;
	struct operation_component *component;
	size_t		 ncomponent;
};
TAILQ_HEAD(incident_list, incident);

struct webhook {
	struct object	 object;
	bool		 down;		/* what was last acknowledged */
	bool		 posting, posting_down, unsure, refused;
};

/* Which components are to be looked at. */
struct agenda {
	bool		 all;		/* each of them */
	uint64_t	 gathered;	/* when that was last asked */
	struct component_list touched;	/* to be planned */
	struct component_list down;
	struct component_list work;	/* that may have an operation */
	struct due_tree	 due;
	/* How many are not just well, are to be shown as down, are not known. */
	unsigned	 nactive, nshown, nunknown;
};

struct incidents {
	struct incidents_options options;
	struct agenda	 agenda;
	char		**text;		/* templates, or NULL */
	struct component_tree components;
	unsigned	 ncomponent;
	struct incident_list incidents;
	struct webhook	 webhook;
	LIST_HEAD(, object) flying;
	uint32_t	 last_op;
	bool		 changed;	/* plan before the next operation */
	uint64_t	 plan_wake;
	uint64_t	 step_wake;
	void		(*listener)(const struct incident_event *, void *);
	void		*listener_arg;
};

/* incident.c */
/* There are so many components that no other is remembered. */
bool	 core_is_full(const struct incidents *);
/* Whoever listens is told. */
void	 core_tell(const struct incidents *, struct incident_event *);
/* The page shows it so. */
void	 component_show(struct incidents *, struct component *,
	    enum page_status);
struct component *component_find(struct incidents *, const char *id);
/* Finds it or adds one that is not configured. */
struct component *component_need(struct incidents *, const char *id);
void	 component_free(struct incidents *, struct component *);
/* A human has it under maintenance on the page. */
bool	 component_foreign(const struct component *);
/* What it is called in public. */
const char *component_public(const struct component *);
/* What should be shown of it. */
enum page_status component_wanted(const struct component *);
/* An update of health says that nothing is known now. */
bool	 component_silent(const struct component *);
/* Nothing is known of it, from now on. */
void	 component_unknown(struct component *, uint64_t now);
/* It is down now, said or not. */
bool	 component_down(const struct component *);
/* It belongs to this incident from now on, or to none. */
void	 component_join(struct incidents *, struct component *,
	    struct incident *);

struct incident *incident_new(struct incidents *, uint64_t started);
void	 incident_free(struct incidents *, struct incident *);
struct entry *incident_entry(const struct incident *, const struct component *);
struct entry *incident_add(struct incident *, struct component *);
/* It is open on the page, or about to be. */
bool	 incident_live(const struct incident *);
/* No component is in it any more. */
void	 incident_detach(struct incidents *, struct incident *);
/* A human resolved or deleted it: silent until its components are well. */
void	 incident_closed_by_human(struct incidents *, struct incident *);
/* It is now what it is; text: why, "" if that is plain. */
void	 incident_tell(const struct incidents *, const struct incident *,
	    const char *text);

/* What the page refused may be right by now. */
void	 incidents_ask_again(struct incidents *);

/* agenda.c */
void	 agenda_init(struct agenda *);
/* It is to be planned anew. */
void	 agenda_touch(struct incidents *, struct component *);
void	 agenda_touch_incident(struct incidents *, struct incident *);
void	 agenda_touch_all(struct incidents *);
/* What is due becomes touched; then each that is touched, NULL at the end. */
void	 agenda_gather(struct incidents *, uint64_t now);
struct component *agenda_take(struct incidents *);
/* It was planned; time alone changes it at due. */
void	 agenda_planned(struct incidents *, struct component *, uint64_t due);
/* It has nothing to do. */
void	 agenda_idle(struct incidents *, struct component *);
/* It is about to be freed. */
void	 agenda_remove(struct incidents *, struct component *);
/* When the next is due. */
uint64_t agenda_due(const struct incidents *);
bool	 agenda_active(const struct incidents *);

/* rules.c: replaces templates by copies of others; NULL: there are none. */
void	 rules_texts(char ***, char *const *);

/* order.c */
/* What the page shows of it because of us, or may be about to. */
enum page_status component_published(const struct component *);
/* Frees the texts of its orders. */
void	 order_clear(struct component *);
/* There is one, in force or not. */
bool	 order_any(const struct component *);
/* Looks whether it is silenced or under maintenance now, no more. */
void	 order_refresh(struct component *, uint64_t now);
/* Looks whether it is silenced or under maintenance now, and what that changes
 * of what is wanted. */
void	 order_apply(struct incidents *, struct component *, uint64_t now);

/* plan.c: lets time pass, puts components into incidents. */
void	 plan_run(struct incidents *, uint64_t now);
/* It is to be run again at this time, or before. */
void	 plan_at(struct incidents *, uint64_t when);
/* What the incident should be changed to, as its posting. */
void	 plan_incident(struct incidents *, struct incident *, uint64_t now);
/* What the component should be set to by OP_STATUS; what is set if nothing. */
enum page_status plan_status(const struct incidents *,
	    const struct component *);
bool	 plan_webhook(struct incidents *);

/* assign.c: finds an incident for each outage that is due. */
void	 assign_run(struct incidents *, uint64_t now);

/* record.c: the record that should be in the store, NULL: none.  The caller
 * frees. */
char	*record_render(const struct object *);

/* text.c: of what is about to be posted; the caller frees. */
char	*text_name(const struct incidents *, const struct incident *);
char	*text_message(const struct incidents *, const struct incident *);
/* For the log: a line for each component. */
char	*text_private(const struct incidents *, const struct incident *);

#endif
