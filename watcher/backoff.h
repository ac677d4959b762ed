#ifndef KANATA_WATCHER_BACKOFF_H
#define KANATA_WATCHER_BACKOFF_H

#include <stdint.h>

/* As client-go's reflector waits: 800 ms, doubled up to 30 s, up to as much
 * again by chance; from the beginning after two minutes without a failure. */
#define BACKOFF_FIRST	800
#define BACKOFF_MAX	30000
#define BACKOFF_QUIET	120000

struct backoff {
	unsigned	 failures;
	uint64_t	 last;		/* ticks of the last failure */
};

/* A failure at this time (ms): how many ms to wait before the next try. */
unsigned	 backoff_next(struct backoff *, uint64_t now);

#endif
