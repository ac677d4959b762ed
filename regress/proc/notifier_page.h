/* For tests: an Instatus with the page p and its components c0 and c1. */
#ifndef REGRESS_NOTIFIER_PAGE_H
#define REGRESS_NOTIFIER_PAGE_H

#include "notifier_ends.h"

/* Takes the descriptor. */
void	 page_connected(struct bed *, int fd);
/* It can be read: a request, answered when it is whole. */
void	 page_read(struct bed *, struct conn *);
void	 page_close(struct bed *);

#endif
