#include "restart.h"

#define BACKOFF_MAX	60		/* s */
#define BACKOFF_CRIME	30		/* s, at least, after a crime */
#define QUIET_AFTER	(5 * 60 * 1000)	/* ms of life that reset the backoff */

static bool
count_crime(struct restart *r, uint64_t ticks)
{
	bool third = r->crimes[1] != 0 && ticks - r->crimes[1] < CRIMES_WITHIN;

	r->crimes[1] = r->crimes[0];
	r->crimes[0] = ticks;
	return (third);
}

unsigned
restart_delay(struct restart *r, bool clean, bool crime, uint64_t lived,
    uint64_t ticks, bool *third)
{
	unsigned delay = 0;

	if (lived > QUIET_AFTER)
		r->backoff = 0;
	if (clean && r->backoff == 0) {
		/* It asked to be started again, and does not do so often. */
		r->backoff = 1;
	} else {
		delay = r->backoff > 0 ? r->backoff : 1;
		r->backoff = delay * 2 > BACKOFF_MAX ? BACKOFF_MAX : delay * 2;
	}
	*third = crime && count_crime(r, ticks);
	return (crime && delay < BACKOFF_CRIME ? BACKOFF_CRIME : delay);
}
