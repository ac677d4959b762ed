/*
 * How to talk to Instatus and the webhook, as one configuration says it.
 */
#ifndef KANATA_NOTIFIER_ACCESS_H
#define KANATA_NOTIFIER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "../common/conf.h"

struct access {
	char		*secret[SECRET_MAX];	/* of those that are ours */
	size_t		 secret_len[SECRET_MAX];
	char		*prefix;	/* of each path, "" mostly */
};

bool	 access_is_mine(enum secret);
/* Reads one; takes the descriptor.  NULL, or what is wrong (a static text). */
const char *access_take(struct access *, enum secret, int fd);
/* Wipes one, or all. */
void	 access_forget(struct access *, enum secret);
void	 access_clear(struct access *);

/* NULL if there is none of that number. */
const struct conf_endpoint *access_endpoint(const struct conf *,
	    unsigned number);
/* What follows the host in an address; "" if nothing does. */
const char *access_path(const char *url);

#endif
