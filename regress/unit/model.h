/*
 * A small world for the tests of the incident core: a page, a store, components
 * with a health, humans, and a network that loses requests and replies.
 */
#ifndef KANATA_REGRESS_MODEL_H
#define KANATA_REGRESS_MODEL_H

#include "../../notifier/incident.h"
#include "shrink.h"

#define MODEL_COMPONENTS	8
#define MODEL_INCIDENTS		4096
#define MODEL_UPDATES		256
#define MODEL_RECORDS		512
#define MODEL_FLYING		4

/* What model_begin sets; ms. */
#define DOWN_AFTER		30000
#define UP_AFTER		60000
#define REOPEN			900000
#define GROUP_WAIT		10000
#define ESCALATE_AFTER		75000

struct model_component {
	char		 id[8];
	enum health	 health;
	uint64_t	 since;
	bool		 paused;
	const char	*detail;	/* NULL: none */
	enum cause	 cause;
	unsigned	 ready, desired;
	bool		 silent;	/* its watch is broken */
	uint64_t	 silent_at;
	enum page_status page;		/* what the page shows */
	bool		 human;		/* a human put it under maintenance */
	uint64_t	 order[ORDER_MAX];	/* until when; 0: none */
};

struct model_update {
	uint64_t	 started;
	enum incident_phase phase;
};

struct model_incident {
	char		 id[16];
	char		 name[256];
	bool		 ours, human_resolved;
	uint64_t	 started;
	enum incident_phase phase;
	/* what was last said of each component, PAGE_STATUS_MAX: nothing */
	enum page_status said[MODEL_COMPONENTS];
	struct model_update update[MODEL_UPDATES];
	unsigned	 nupdate;
};

struct model_record { char key[160]; char *value; };

struct model_flight {
	struct operation op;
	bool		 used;
	bool		 acted;
	enum operation_result result;
	char		 id[16];
};

struct model {
	struct incidents *core;
	struct conf	*conf;
	struct incidents_options options;
	uint64_t	 now;
	struct model_component component[MODEL_COMPONENTS];
	unsigned	 n;
	struct model_incident *incident;
	unsigned	 nincident;
	struct model_record record[MODEL_RECORDS];
	struct model_flight flight[MODEL_FLYING];
	bool		 webhook_down;
	unsigned	 triggers;
	/* percent of the operations that go wrong */
	unsigned	 lose_before, lose_after, refuse_connection;
	bool		 down;		/* the page cannot be reached at all */
	bool		 store_down;
	bool		 store_lies;	/* it writes, and says that it failed */
	bool		 gives_up;	/* a gateway does not wait for the page,
					 * which does it when model_late says,
					 * or, once, within so many ms */
	uint64_t	 late_within, late_at;	/* 0: by hand, not so */
	struct operation late;
	char		 late_id[16], late_name[256], late_rename[256];
	struct operation_component late_component[MODEL_COMPONENTS];
	unsigned	 posts;		/* that the page took */
	unsigned	 puts;
	bool		 trace;
	bool		 tape;		/* prints a history for kanatad replay */
	/* A post is about to be taken; may check it. */
	void		(*check)(struct model *, const struct operation *);
};

/* n components c0 .. with these waits, all healthy; page "page". */
struct model *model_new(unsigned n, uint64_t down_after, uint64_t up_after,
	    uint64_t reopen_within);
/* The same with the waits above, each time alike. */
struct model *model_world(unsigned n);
void	 model_free(struct model *);
struct conf_component *model_conf(struct model *, unsigned component);
void	 model_configure(struct model *);
/* It belongs to that group from now on. */
void	 model_group(struct model *, unsigned component, const char *name);
/* Takes one component out of the configuration. */
void	 model_remove(struct model *, unsigned component);

/* The component changes now, and the watcher says so. */
void	 model_health(struct model *, unsigned, enum health);
/* What the watcher says, of one or of all. */
void	 model_report(struct model *, unsigned);
void	 model_report_all(struct model *);
void	 model_silence(struct model *, unsigned, bool);
/* An operator's silence or maintenance for so many ms; 0: it is ended. */
void	 model_order(struct model *, unsigned, enum order_kind, uint64_t ms);
/* It runs now. */
bool	 model_ordered(const struct model *, unsigned, enum order_kind);
/* The page is read. */
void	 model_read(struct model *);

/* All that can be done now is done, at once. */
void	 model_settle(struct model *);
/* Time passes, with everything done as soon as it is due. */
void	 model_pass(struct model *, uint64_t ms);
/* It is down, or well again, for as long as makes it so. */
void	 model_goes_down(struct model *, unsigned);
void	 model_comes_back(struct model *, unsigned);
/* Operations are started and take a while. */
void	 model_launch(struct model *);
void	 model_land(struct model *, bool all);

/* The page does what it was asked, and given up for, before. */
void	 model_late(struct model *);

/* The process dies and comes back; what flew either arrived or did not. */
void	 model_restart(struct model *);

/* A human opens an incident of her own, and lets it be. */
void	 model_human_create(struct model *);
void	 model_human_resolve(struct model *, unsigned incident);
void	 model_human_set(struct model *, unsigned component, enum page_status);

/* Writes something on the tape that is no input of the core. */
void	 model_note(const struct model *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* For the files of the model alone: a line for the tape, which is taken; an order
 * of an operator as the component has it. */
void	 model_tape(const struct model *, char *line);
void	 model_give_order(struct model *, unsigned component,
	    enum order_kind);

/* model_page.c, for model_flight.c: the number of the component with that id, -1:
 * none; what is asked for is done now, an incident that is made gets the id. */
int	 model_number(const struct model *, const char *id);
enum operation_result model_act(struct model *, const struct operation *,
	    char *id);

/* For histories: n components (0: some) with the waits above; rules; then it is
 * written down from here on, if the history is explained. */
struct model *model_begin(uint64_t seed, unsigned n);
void	 model_random_rules(struct model *, bool anything);
void	 model_tell(struct model *);
enum health model_random_health(void);
/* No component is in two open incidents. */
void	 model_check_open(struct model *);
void	 wrong(const char *what, unsigned component) __attribute__((noreturn));

/* Our incidents that are open; of one component (-1: all). */
unsigned model_open(const struct model *, int component);
struct model_incident *model_last(struct model *);
#define assert_phase(incident, wanted)					       \
	assert_string_equal(incident_phase_name((incident)->phase),	       \
	    incident_phase_name(wanted))
const char *model_record(const struct model *, const char *key);
void	 model_print(const struct model *);

#endif
