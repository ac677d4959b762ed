/* What this process uses. */
#ifndef KANATA_USAGE_H
#define KANATA_USAGE_H

#include <stdint.h>

/* Before the cage. */
void		 usage_init(void);
uint64_t	 usage_memory(void);	/* bytes that are resident; 0: not known */
uint64_t	 usage_cpu(void);	/* ms */

/* Gives back the pages of code and constants that the start has read; the few of
 * them that are used again come from the page cache.  To be called when all is set
 * up. */
void		 usage_trim(void);

#endif
