/* When a worker that has ended is started again.  No clock of its own. */
#ifndef KANATA_KANATAD_RESTART_H
#define KANATA_KANATAD_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define CRIMES_WITHIN	(10 * 60 * 1000) /* ms: three of them are too many */

/* Of one worker; zero at first. */
struct restart {
	unsigned	 backoff;	/* s */
	uint64_t	 crimes[2];	/* ticks of the last ones */
};

/*
 * It has ended at ticks, after so many ms of life.  Clean: by itself, with status 0.
 * Crime: by its cage or a memory fault.  Seconds until it is started again; *third
 * if this was one crime too many.
 */
unsigned	 restart_delay(struct restart *, bool clean, bool crime,
		    uint64_t lived, uint64_t ticks, bool *third);

#endif
