#ifndef KANATACTL_H
#define KANATACTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/json_text.h"
#include "../common/message.h"
#include "../common/show.h"

/* What a row becomes; borrowed strings. */
struct showing {
	bool	 as_json;
	json_t	*document;	/* as_json: an object of arrays */
	enum message_type last;	/* text: kind of the row before, for headings */
	char	 incident[65];	/* of the row before, for its timeline */
	bool	 bad;		/* something that is down, missing or late */
};

/* show.c */
void	 show_row(struct showing *, struct message *);
/* Prints what is left, frees. */
void	 show_end(struct showing *);

/* For rows: a heading before the first of a kind, a row of an array, values. */
void	 show_heading(struct showing *, enum message_type, const char *);
void	 show_append(struct showing *, const char *array, json_t *row);
const char *show_when(uint64_t ms);	/* one of four static buffers */

/* show_order.c: rows of what operators ask and see. */
void	 show_silence(struct showing *, struct message *);
void	 show_reason(struct showing *, struct message *);
void	 show_history(struct showing *, struct message *);
void	 show_days(struct showing *, struct message *);
void	 show_leader(struct showing *, struct message *);

/* record.c */
struct recording {
	const char *path;	/* NULL: none; "-": standard output */
	uint64_t lines;		/* it ends after so many; 0: it does not */
	uint64_t time;		/* ms; 0: without end */
};

/* command.c: the request that the words make; NULL: they make none. */
struct message_out *command_request(int argc, char **argv,
	    struct recording *);

/* The answer to MSG_CTL_RECORD; the exit status. */
int	 record_run(int sock, const struct recording *);

#endif
