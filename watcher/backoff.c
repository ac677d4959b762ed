#include <bsd/stdlib.h>

#include "backoff.h"

unsigned
backoff_next(struct backoff *b, uint64_t now)
{
	unsigned	 wait, i;

	if (b->failures > 0 && now - b->last > BACKOFF_QUIET)
		b->failures = 0;
	wait = BACKOFF_FIRST;
	for (i = 0; i < b->failures && wait < BACKOFF_MAX; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	b->failures++;
	b->last = now;
	return (wait + arc4random_uniform(wait + 1));
}
