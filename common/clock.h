/* The three clocks, all in milliseconds. */
#ifndef KANATA_CLOCK_H
#define KANATA_CLOCK_H

#include <stdint.h>

uint64_t clock_now(void);	/* since 1970; may be set back */
uint64_t clock_ticks(void);	/* only goes forward; stands while suspended */
uint64_t clock_boottime(void);	/* only goes forward, suspended or not: leases */

#endif
