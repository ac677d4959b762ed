/*
 * How fast and how often Instatus is asked: a token bucket, a time when nothing
 * may be sent, and the waits between attempts.  Pure.
 */
#ifndef KANATA_NOTIFIER_GATE_H
#define KANATA_NOTIFIER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#define GATE_BURST	10	/* requests that may go at once */
#define BACKOFF_FIRST	1000	/* ms */
#define BACKOFF_MAX	(5 * 60 * 1000)

/* Times are ms of a clock that only goes forward. */
struct gate {
	unsigned	 per_minute;
	uint64_t	 tokens;	/* in thousandths of a request */
	uint64_t	 filled;	/* when they were counted */
	uint64_t	 closed_until;
};

void	 gate_init(struct gate *, unsigned per_minute, uint64_t now);
/* Another rate; what was saved up stays, within reason. */
void	 gate_rate(struct gate *, unsigned per_minute, uint64_t now);
/* When the next request may go: now or later. */
uint64_t gate_when(struct gate *, uint64_t now);
/* One request goes. */
void	 gate_take(struct gate *, uint64_t now);
/* None before then, and then one at a time: what was saved up is lost. */
void	 gate_close(struct gate *, uint64_t until);
void	 gate_open(struct gate *, uint64_t now);

/* ms to wait after so many failures before this one; random: any number. */
uint64_t backoff_delay(unsigned failures, uint32_t random);

#endif
