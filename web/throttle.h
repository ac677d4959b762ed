/*
 * Logins that fail: who fails more often than a person who mistypes waits, longer
 * each time; and all together are no more than the machine can stand.
 */
#ifndef KANATA_WEB_THROTTLE_H
#define KANATA_WEB_THROTTLE_H

#include <stdint.h>

#define THROTTLE_FREE	3		/* failures that cost nothing */
#define THROTTLE_MAX	(300 * 1000)	/* ms */
#define THROTTLE_PACE	200		/* ms between any two */

/* ms until this address may try; 0: now, which then counts as a try. */
uint64_t throttle_wait(const char *peer, uint64_t now);
void	 throttle_failed(const char *peer, uint64_t now);
void	 throttle_passed(const char *peer);

#endif
