/* What the files of the control socket share; no one else's business. */
#ifndef KANATAD_CONTROL_H
#define KANATAD_CONTROL_H

#include "kanatad.h"

struct client {
	TAILQ_ENTRY(client)	 entry;
	struct channel		*channel;
	unsigned		 uid;		/* of whoever connected */
	struct event		*timer;		/* idle, or an answer is late */
	struct event		*more;		/* look whether it has read */
	uint32_t		 show_id;	/* of the client's request */
	bool			 showing;
	bool			 ordering;	/* showing, and OK or FAILED may come */
	bool			 reloading;
	bool			 recording;	/* until it or the notifier goes */
	TAILQ_HEAD(, question)	 questions;
};

/* One worker that has been asked for a client. */
struct question {
	TAILQ_ENTRY(question)	 entry;
	struct child		*child;
	uint32_t		 id;
	uint64_t		 cursor;	/* of the next part */
	bool			 waits;		/* for the client to read */
};

TAILQ_HEAD(clients, client);

/* control.c */
extern struct clients clients;
/* The client has been answered, or is asked to wait. */
void	 control_answer(struct client *, uint32_t id, const char *error,
	    const char *ok);
void	 control_wait(struct client *, int seconds);
#define CLIENT_TIME	120	/* s without a request */
#define SHOW_TIME	10	/* s for the workers to answer */

/* control_show.c */
const char *control_show(struct client *, struct message *);
/* MSG_CTL_RECORD: what the notifier hears, until the client goes. */
const char *control_record(struct client *, uint32_t id);
/* Ends an answer that nothing more is waited for. */
void	 control_showed(struct client *);
/* Asks for the parts that wait, if the client has read enough. */
void	 control_ask_more(evutil_socket_t, short, void *client);
struct question *control_question(struct client *, struct child *);
/* The client goes. */
void	 control_forget(struct client *);

/* control_order.c: what the notifier answers: MSG_CTL_SILENCE, _MAINTENANCE,
 * _EXPLAIN, _HISTORY. */
const char *control_order(struct client *, struct message *);
/* The notifier has done it, or not. */
void	 control_ordered(struct client *, struct message *);

#endif
