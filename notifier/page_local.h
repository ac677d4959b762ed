/* What page and the reading of it share. */
#ifndef KANATA_NOTIFIER_PAGE_LOCAL_H
#define KANATA_NOTIFIER_PAGE_LOCAL_H

#include "notifier.h"

/* page_read.c */
/* One reading; whole: of the pages themselves, too.  It ends by one of the two
 * below, unless it is stopped. */
void	 reading_begin(bool whole);
bool	 reading_runs(void);
void	 reading_stop(void);

/* page.c: the end of a reading, which took so many ms. */
void	 page_was_read(uint64_t took, bool whole, size_t npages);
void	 page_not_read(const struct api_reply *);

#endif
