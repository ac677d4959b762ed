/*
 * The driver around the pure core: what the files of the notifier share.
 */
#ifndef KANATA_NOTIFIER_NOTIFIER_H
#define KANATA_NOTIFIER_NOTIFIER_H

#include "../common/metric.h"
#include "../common/worker.h"
#include "incident.h"
#include "instatus.h"

extern struct incidents *core;

/* main.c: looks soon for what there is to do; cheap, may be called often. */
void	 notifier_kick(void);

/* api.c, api_reply.c: requests to Instatus, within its limits. */
void	 api_init(struct event_base *);
const char *api_secret(enum secret, int fd);	/* of a configuration to come */
const char *api_prepare(const struct conf *);
void	 api_commit(const struct conf *);
void	 api_abort(void);
void	 api_secret_fresh(enum secret, int fd);	/* fd -1: as it was */

typedef void (*api_done_fn)(const struct api_reply *, void *arg);
/* body is taken, NULL: none.  page_only: a 401 says that the page is not
 * ours, not that the key is bad.  done is called exactly once, never from
 * within. */
void	 api_send(const char *method, const char *path, char *body,
	    bool page_only, api_done_fn, void *arg);
/* The webhook's address is a secret: it is never in a log. */
void	 api_webhook(bool down, api_done_fn, void *arg);
/* A request would be sent at once. */
bool	 api_ready(void);
/* When api_ready may become true, in ticks. */
uint64_t api_when(void);
/* Whoever asked was not told the end of it: the server may be at work on it. */
bool	 api_late(const struct api_reply *);
/* ms to wait after so many failures and this answer. */
uint64_t api_delay(const struct api_reply *, unsigned failures);
const char *api_state(void);		/* for kanatactl show */

/* page.c, page_read.c: what pages, components and incidents there are. */
void	 page_init(struct event_base *);
void	 page_soon(void);		/* read it before anything is posted */
/* Reads if it is time to; true while it reads or has to first. */
bool	 page_busy(bool idle);
bool	 page_fresh(void);		/* read a moment ago */
bool	 page_read_once(void);
uint64_t page_when(void);		/* the next reading, in ticks */
void	 page_list(uint32_t id);	/* MSG_LIST_ASK */
void	 page_forget(void);		/* another configuration */
const char *page_state(void);
/* When it was last read whole, in ms since 1970; 0: never. */
uint64_t page_read_at(void);

/* post*.c: carries the core's operations out. */
void	 post_start(const struct operation *);
unsigned post_flying(void);
#define POST_FLYING_MAX	4

/* persist.c: the store. */
void	 persist_link(unsigned instance, int fd);
/* What is remembered is known, and it is for us to speak. */
bool	 persist_ready(void);
bool	 persist_speaks(void);		/* the same, only looks */
void	 persist_start(const struct operation *);
const char *persist_state(void);
bool	 persist_reachable(void);
bool	 persist_stands_by(void);	/* another one speaks */
void	 persist_rest(void);		/* ... if so: what is old is forgotten */
unsigned persist_waiting(void);		/* writes that are not acknowledged */

/* For share.c: the id of a question that is sent next, 0: there is no store. */
uint32_t persist_id(void);
void	 persist_send(struct message_out *);

/* share.c: what all replicas share. */
typedef void (*share_done_fn)(const char *why, void *arg);
/* value NULL: delete.  done is called once, why NULL: it will not be lost; at once
 * if there is no store. */
void	 share_put(const char *key, const char *value, share_done_fn,
	    void *arg);
bool	 share_known(void);
/* For persist.c: an answer (false: to another question), the end of the store,
 * MSG_SHARED_*. */
bool	 share_done(uint32_t id, const char *why);
void	 share_lost(void);
const char *share_dispatch(struct message *);

/* journal.c: the history. */
struct history_entry;
struct history_days;
void	 journal_init(struct event_base *);
void	 journal_look(void);	/* this process may have begun to speak */
/* A record of it, len 0: there is none. */
void	 journal_record(const char *key, const char *value, size_t len);
/* Rows and MSG_SHOW_END; component NULL: of all. */
void	 journal_show(struct channel *, uint32_t id, const char *component);
void	 journal_show_incident(struct channel *, uint32_t id,
	    const char *incident);
void	 journal_show_days(struct channel *, uint32_t id);
void	 journal_feed(void);
const char *journal_state(void);	/* for kanatactl show */
struct message_out *show_history(const struct history_entry *, uint32_t id);
struct message_out *show_days(const struct history_days *, uint32_t id);

/* show_explain.c: rows and MSG_SHOW_END. */
void	 show_explain(struct channel *, uint32_t id, const char *component);

/* operator.c: MSG_CTL_* of kanatactl or the dashboard, answered on the channel;
 * web: that is the dashboard's. */
const char *operator_dispatch(struct channel *, struct message *, bool web);
void	 operator_forget(struct channel *);	/* it is gone */
void	 operator_look(void);			/* the orders have changed */

/* show.c */
void	 show_answer(uint32_t id, uint64_t what);
struct message_out *show_component(const struct component_view *, uint32_t id);
struct message_out *show_incident(const struct incident_view *, uint32_t id);
struct message_out *show_order(const struct order_view *, uint32_t id);

/* feed.c: what web is told. */
void	 feed_link(unsigned instance, int fd);
/* Something that there is a row of may have changed; cheap. */
void	 feed_changed(void);
/* While the feed looks: this row is there, what (enum show) and key name it. */
void	 feed_row(unsigned what, const char *key, struct message_out *);
void	 feed_count(enum metric);

#endif
