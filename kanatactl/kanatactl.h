#ifndef KANATACTL_H
#define KANATACTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/message.h"

/* What a row becomes; borrowed strings. */
struct showing {
	bool	 as_json;
	json_t	*document;	/* as_json: an object of arrays */
	enum message_type last;	/* text: kind of the row before, for headings */
	bool	 bad;		/* something that is down, missing or late */
};

void	 show_row(struct showing *, struct message *);
/* Prints what is left, frees. */
void	 show_end(struct showing *);

/* record.c */
struct recording {
	const char *path;	/* NULL: none; "-": standard output */
	uint64_t lines;		/* it ends after so many; 0: it does not */
	uint64_t time;		/* ms; 0: without end */
};
/* The answer to MSG_CTL_RECORD; the exit status. */
int	 record_run(int sock, const struct recording *);

#endif
